//! A scenario with the changes made to it so far, and the page of its latest good run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::report::Live;
use crate::scenario::{Entries, Loaded, Override, Problems, Severity, Source, edited, load};
use crate::units::SimTime;

use super::change::{Before, Change, Step};
use super::compute::{Made, StartError, compute, describe};
use super::controls::{Controls, Stand};
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
    state: Mutex<State>,
    /// Held by whoever computes.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct State {
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
        "the run took longer than {} s and was stopped at {at} of virtual time; the former run \
         stays. --time-limit allows more", .limit.as_secs()
    )]
    TooLong { limit: Duration, at: SimTime },
    #[error("{0}")]
    Failed(String),
}

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
        let description = describe(&loaded, &served.digest, &served.overrides);
        let page = match compute(&loaded, &description, &live, work.path(), proceed)? {
            Made::Page { page, .. } => page,
            Made::Stopped { at } => return Err(StartError::Stopped { at }),
            Made::Endless(told) => return Err(StartError::Endless(told)),
        };
        let shown = Arc::new(Shown { page, nonce, loaded, entries });
        let state = State {
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

    /// Makes a change, if the page that asks for it shows the state of now.
    pub(super) fn change(&self, revision: u64, wish: Wish) -> Result<Done, Refused> {
        let begun = Instant::now();
        let (next, go_on, title) = self.prepare(revision, wish)?;
        let turn = locked(&self.turn);
        let limit = self.served.time_limit;
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
        let description = describe(&next.loaded, &self.served.digest, &overrides);
        let computing = Instant::now();
        let made = compute(&next.loaded, &description, &live, self.work.path(), |_| {
            go_on.load(Ordering::Relaxed) == PROCEED && computing.elapsed() < limit
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
            (None, Made::Stopped { at }) => return Err(Refused::TooLong { limit, at }),
            (None, Made::Endless(told)) => return Err(Refused::Invalid(told)),
            (None, Made::Page { page, events }) => (page, events),
        };
        let Next { done, undone, loaded } = next;
        state.revision += 1;
        (state.done, state.undone) = (done, undone);
        state.shown = Arc::new(Shown { page, nonce, loaded, entries });
        Ok(Done { revision: state.revision, took: begun.elapsed(), events, title })
    }

    /// Reads the scenario as the change would have it; what is under way makes room.
    fn prepare(&self, revision: u64, wish: Wish) -> Result<(Next, Arc<AtomicU8>, String), Refused> {
        let mut state = locked(&self.state);
        if state.closing {
            return Err(Refused::Stopped);
        }
        if state.revision != revision {
            return Err(Refused::Behind);
        }
        let (mut done, mut undone) = (state.done.clone(), state.undone.clone());
        let title = match wish {
            Wish::Change(change) => {
                let shown = &state.shown;
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
        let go_on = Arc::new(AtomicU8::new(PROCEED));
        if let Some(former) = state.under_way.replace(go_on.clone()) {
            former.store(REPLACED, Ordering::Relaxed);
        }
        Ok((Next { done, undone, loaded }, go_on, title))
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
