//! A scenario with the changes made to it so far, and the page of its latest good run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::report::Live;
use crate::scenario::{Entries, Loaded, Override, Problems, Severity, Source, edited, load};
use crate::units::SimTime;
use crate::workbench::{Before, Change, Controls, Stand, Step, describe};

use super::compute::{Made, StartError, compute};
use super::saved::SaveTo;

/// What is served, as the command line says it.
#[derive(Debug)]
pub struct Served {
    /// The scenario file as the user knows it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The digest of the text.
    pub digest: String,
    /// What the command line changes in it.
    pub overrides: Vec<Override>,
    /// Where a changed scenario may be saved on the disk.
    pub save_to: Option<SaveTo>,
    /// The longest time by the clock on the wall that a change may be computed.
    pub time_limit: Duration,
}

/// A scenario that is served: its changes, and the latest good run.
///
/// Each change computes the run again from the start. One is computed at a time; a newer change
/// takes the place of one that is under way.
#[derive(Debug)]
pub struct LiveRun {
    served: Served,
    /// The files that the scenario names, as they were when serving began.
    files: BTreeMap<String, String>,
    work: TempDir,
    state: Mutex<RunState>,
    /// Held by whoever computes.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct RunState {
    revision: u64,
    done: Vec<Step>,
    undone: Vec<Step>,
    shown: Arc<Shown>,
    /// Tells the computation that is under way to stop, and why.
    under_way: Option<Arc<AtomicU8>>,
    closing: bool,
}

/// A run that is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) page: String,
    pub(super) nonce: String,
    loaded: Loaded,
    entries: Entries,
}

/// What the page asks for, with the number of the state that it shows.
#[derive(Debug)]
pub(super) enum Wish {
    Change(Change),
    Undo,
    Redo,
    Reset,
}

/// A change that was made.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) revision: u64,
    pub(super) took: Duration,
    pub(super) events: u64,
    pub(super) title: String,
}

/// Why a change was not made. The latest good run stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Invalid(String),
    #[error("the scenario was changed in another window since; load the page again")]
    Behind,
    #[error("nothing is left to {0}")]
    Nothing(&'static str),
    #[error("a newer change took the place of this one")]
    Replaced,
    #[error("stopped")]
    Stopped,
    #[error(
        "the {} and was stopped{}; the former run stays. --time-limit allows more",
        too_long(.at.as_ref(), *.limit),
        .at.map(|at| format!(" at {at} of virtual time")).unwrap_or_default()
    )]
    TooLong { limit: Duration, at: Option<SimTime> },
    #[error("{0}")]
    Failed(String),
}

fn too_long(at: Option<&SimTime>, limit: Duration) -> String {
    let what = if at.is_some() { "run" } else { "change" };
    format!("{what} took longer than {} s", limit.as_secs())
}

/// What becomes of a change that is being made: whoever made it and whoever waits for it each try to be the
/// first to say.
#[derive(Debug, Default)]
struct Fate(AtomicU8);

impl Fate {
    const OPEN: u8 = 0;
    const MADE: u8 = 1;
    const ABANDONED: u8 = 2;

    /// Returns whether it is this from now on.
    fn becomes(&self, fate: u8) -> bool {
        self.0.compare_exchange(Self::OPEN, fate, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::OPEN
    }
}

/// A run that is stopped at its limit says so itself within this time.
const GRACE: Duration = Duration::from_millis(500);

const PROCEED: u8 = 0;
const REPLACED: u8 = 1;
const STOPPED: u8 = 2;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a thread that panicked left is whole: state is replaced in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveRun {
    /// Runs the scenario as it was `loaded` with the changes of the command line. `proceed` is asked
    /// now and then, with the virtual time reached, whether to go on.
    ///
    /// # Errors
    /// If the run was stopped, or its page cannot be made.
    pub fn start(
        served: Served,
        loaded: Loaded,
        proceed: impl FnMut(SimTime) -> bool,
    ) -> Result<Self, StartError> {
        let work = tempfile::Builder::new().prefix("mailsim-serve-").tempdir()?;
        let files = loaded.files.iter().cloned().collect();
        let entries = Entries::of(&loaded.resolved);
        let nonce = nonce(0);
        let stand = Stand {
            revision: 0,
            file: &served.file,
            save_to: save_to(&served),
            base: &served.overrides,
            done: &[],
            undone: &[],
        };
        let live = live(&stand, &loaded, &entries, &nonce);
        let description =
            describe(&loaded, &served.digest, &served.overrides, loaded.scenario.duration);
        let page = match compute(&loaded, &description, &live, work.path(), proceed)? {
            Made::Page { page, .. } => page,
            Made::Stopped { at } => return Err(StartError::Stopped { at }),
            Made::Endless(told) => return Err(StartError::Endless(told)),
        };
        let shown = Arc::new(Shown { page, nonce, loaded, entries });
        let state = RunState {
            revision: 0,
            done: Vec::new(),
            undone: Vec::new(),
            shown,
            under_way: None,
            closing: false,
        };
        Ok(Self { served, files, work, state: Mutex::new(state), turn: Mutex::new(()) })
    }

    /// Returns the latest good run.
    pub(super) fn shown(&self) -> Arc<Shown> {
        locked(&self.state).shown.clone()
    }

    /// Returns the name under which a browser keeps the scenario.
    pub(super) fn download_name(&self) -> String {
        let name = self.served.file.rsplit(['/', '\\']).next().unwrap_or_default();
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let name: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
        if name.is_empty() { "scenario.toml".to_owned() } else { name }
    }

    /// Makes a change, if the page that asks for it shows the state of now. Whoever asks is answered within
    /// the time limit, whatever takes so long: to read, to build, to run or to draw.
    pub(super) fn change(self: &Arc<Self>, revision: u64, wish: Wish) -> Result<Done, Refused> {
        let limit = self.served.time_limit;
        let fate = Arc::new(Fate::default());
        let (answer, answered) = sync_channel(1);
        let (live, shared) = (self.clone(), fate.clone());
        let work = move || {
            // Nobody waits any more once the time is over.
            let _ = answer.send(live.make(revision, wish, &shared));
        };
        let broken = |why: &str| Refused::Failed(format!("the change cannot be made: {why}"));
        let worker = thread::Builder::new().name("change".to_owned()).spawn(work);
        worker.map_err(|cause| broken(&cause.to_string()))?;
        match answered.recv_timeout(limit.saturating_add(GRACE)) {
            Ok(made) => made,
            Err(RecvTimeoutError::Disconnected) => Err(broken("whoever made it is gone")),
            Err(RecvTimeoutError::Timeout) if fate.becomes(Fate::ABANDONED) => {
                Err(Refused::TooLong { limit, at: None })
            }
            // It was made at the last instant.
            Err(RecvTimeoutError::Timeout) => {
                answered.recv().unwrap_or_else(|_| Err(broken("whoever made it is gone")))
            }
        }
    }

    fn make(&self, revision: u64, wish: Wish, fate: &Fate) -> Result<Done, Refused> {
        let begun = Instant::now();
        let (next, go_on, title) = self.prepare(revision, wish)?;
        let turn = locked(&self.turn);
        let limit = self.served.time_limit;
        if !fate.is_open() {
            return Err(Refused::TooLong { limit, at: None });
        }
        let stand = Stand {
            revision: revision + 1,
            file: &self.served.file,
            save_to: save_to(&self.served),
            base: &self.served.overrides,
            done: &next.done,
            undone: &next.undone,
        };
        let (entries, nonce) = (Entries::of(&next.loaded.resolved), nonce(revision + 1));
        let live = live(&stand, &next.loaded, &entries, &nonce);
        let overrides = self.overrides(&next.done);
        let length = next.loaded.scenario.duration;
        let description = describe(&next.loaded, &self.served.digest, &overrides, length);
        let made = compute(&next.loaded, &description, &live, self.work.path(), |_| {
            go_on.load(Ordering::Relaxed) == PROCEED && fate.is_open() && begun.elapsed() < limit
        });
        drop(turn);
        let made = made.map_err(|error| Refused::Failed(error.to_string()));
        let mut state = locked(&self.state);
        let stopped = match go_on.load(Ordering::Relaxed) {
            PROCEED => None,
            REPLACED => Some(Refused::Replaced),
            _ => Some(Refused::Stopped),
        };
        if stopped.is_none() {
            state.under_way = None;
        }
        let (page, events) = match (stopped, made?) {
            (Some(refused), _) => return Err(refused),
            (None, Made::Stopped { at }) => return Err(Refused::TooLong { limit, at: Some(at) }),
            (None, Made::Endless(told)) => return Err(Refused::Invalid(told)),
            (None, Made::Page { page, events }) => (page, events),
        };
        if !fate.becomes(Fate::MADE) {
            return Err(Refused::TooLong { limit, at: None });
        }
        let Next { done, undone, loaded } = next;
        state.revision += 1;
        (state.done, state.undone) = (done, undone);
        state.shown = Arc::new(Shown { page, nonce, loaded, entries });
        Ok(Done { revision: state.revision, took: begun.elapsed(), events, title })
    }

    /// Reads the scenario as the change would have it; what is under way makes room.
    fn prepare(&self, revision: u64, wish: Wish) -> Result<(Next, Arc<AtomicU8>, String), Refused> {
        let (mut done, mut undone, shown) = {
            let state = self.current(revision)?;
            (state.done.clone(), state.undone.clone(), state.shown.clone())
        };
        let title = match wish {
            Wish::Change(change) => {
                let before = Before { scenario: &shown.loaded.scenario, entries: &shown.entries };
                let step = change.step(&before).map_err(Refused::Invalid)?;
                let title = step.title.clone();
                done.push(step);
                undone.clear();
                title
            }
            Wish::Undo => {
                let step = done.pop().ok_or(Refused::Nothing("undo"))?;
                let title = format!("undone: {}", step.title);
                undone.push(step);
                title
            }
            Wish::Redo => {
                let step = undone.pop().ok_or(Refused::Nothing("do again"))?;
                let title = format!("done again: {}", step.title);
                done.push(step);
                title
            }
            Wish::Reset => {
                if done.is_empty() {
                    return Err(Refused::Nothing("undo"));
                }
                undone.extend(done.drain(..).rev());
                "all changes undone".to_owned()
            }
        };
        let loaded = self.load(&self.served.text, &self.overrides(&done));
        let loaded = loaded.map_err(|problems| Refused::Invalid(errors(&problems)))?;
        // Pages were handed out while it was read, and another change may have been made.
        let mut state = self.current(revision)?;
        let go_on = Arc::new(AtomicU8::new(PROCEED));
        if let Some(former) = state.under_way.replace(go_on.clone()) {
            former.store(REPLACED, Ordering::Relaxed);
        }
        Ok((Next { done, undone, loaded }, go_on, title))
    }

    /// Returns the state, if it is the one that a page shows.
    fn current(&self, revision: u64) -> Result<MutexGuard<'_, RunState>, Refused> {
        let state = locked(&self.state);
        if state.closing {
            return Err(Refused::Stopped);
        }
        if state.revision != revision {
            return Err(Refused::Behind);
        }
        Ok(state)
    }

    fn overrides(&self, done: &[Step]) -> Vec<Override> {
        let steps = done.iter().flat_map(|step| step.overrides.iter().cloned());
        self.served.overrides.iter().cloned().chain(steps).collect()
    }

    /// Reads a text of the scenario; it may name the files that it named when serving began.
    fn load(&self, text: &str, overrides: &[Override]) -> Result<Loaded, Problems> {
        let read_file = |name: &str| {
            self.files.get(name).cloned().ok_or_else(|| {
                "while it is served, a scenario can name no other files than at the start"
                    .to_owned()
            })
        };
        load(&Source { file: &self.served.file, text, read_file: &read_file }, overrides)
    }

    /// Stops what is being computed.
    pub(super) fn cancel(&self) {
        if let Some(under_way) = locked(&self.state).under_way.take() {
            under_way.store(STOPPED, Ordering::Relaxed);
        }
    }

    /// Stops what is being computed, for good.
    pub(super) fn close(&self) {
        locked(&self.state).closing = true;
        self.cancel();
        // Whoever still draws a page nobody waits for would keep it until the end of the program, and beyond.
        let _ = std::fs::remove_dir_all(self.work.path());
    }

    /// Returns the text of the scenario that is shown: the file with everything changed in it.
    ///
    /// # Errors
    /// If it would not give the run that is shown, which no known scenario does.
    pub(super) fn text(&self) -> Result<String, Refused> {
        let (shown, overrides) = {
            let state = locked(&self.state);
            (state.shown.clone(), self.overrides(&state.done))
        };
        let text = edited(&self.served.text, &overrides);
        let text = text.map_err(|error| Refused::Failed(error.to_string()))?;
        match self.load(&text, &[]) {
            Ok(loaded) if loaded.resolved == shown.loaded.resolved => Ok(text),
            _ => Err(Refused::Failed(
                "the changes cannot be written into the file so that it says the same; use the \
                 command line that is shown"
                    .to_owned(),
            )),
        }
    }

    /// Saves the scenario that is shown to the file named on the command line.
    pub(super) fn save(&self) -> Result<String, Refused> {
        let Some(save_to) = &self.served.save_to else {
            return Err(Refused::Invalid(
                "no file was named to save to; start with --save-to FILE, or download".to_owned(),
            ));
        };
        let text = self.text()?;
        let path = save_to.path().display();
        save_to
            .save(&text)
            .map_err(|cause| Refused::Failed(format!("cannot write {path}: {cause}")))?;
        Ok(path.to_string())
    }
}

/// A scenario as a change would have it.
struct Next {
    done: Vec<Step>,
    undone: Vec<Step>,
    loaded: Loaded,
}

fn save_to(served: &Served) -> Option<String> {
    served.save_to.as_ref().map(|file| file.path().display().to_string())
}

fn live(stand: &Stand<'_>, loaded: &Loaded, entries: &Entries, nonce: &str) -> Live {
    let controls = Controls::of(stand, &loaded.scenario, entries);
    let controls = serde_json::to_string(&controls).expect("controls are plain data");
    Live { controls, nonce: nonce.to_owned() }
}

/// Returns a word that nobody can guess. The keys of the standard library's hashes come from the
/// operating system; no result depends on them.
fn nonce(revision: u64) -> String {
    let word = || RandomState::new().hash_one(revision);
    format!("{:016x}{:016x}", word(), word())
}

/// Returns the errors among problems, one a line.
fn errors(problems: &Problems) -> String {
    let errors = problems.0.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(crate::scenario::Problem::one_line).collect::<Vec<_>>().join("\n")
}
