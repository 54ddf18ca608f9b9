//! Recordings of real mail servers against the model: could each recording be one of its runs?
//!
//! `cargo test --release --test recordings -- --nocapture` prints a line for each case. Recordings
//! are those in `tests/recordings`, or those in the folder named by `MAILSIM_RECORDINGS`, laid out
//! as `<server>/<case>.json`. See the README beside this file.

mod backlog;
mod compare;
mod drawn;
mod figures;
mod mail;
mod names;
mod observe;
mod recording;
mod retrieval;
mod retry;
mod server;
mod sink;
mod timing;
mod timing_scenario;
mod translate;
mod vocabulary;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactSink, Register};
use mailsim::units::SimTime;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::compare::Disagreement;
use crate::figures::Figures;
use crate::observe::{Cast, Observer};
use crate::recording::{Recording, server_and_version};
use crate::retrieval::RetrievalRecording;
use crate::timing::TimingRecording;
use crate::translate::Blueprint;

/// Names a folder of recordings to be compared in place of the repository's own.
const FOLDER_VARIABLE: &str = "MAILSIM_RECORDINGS";

/// Names a case, `01a`, the facts of whose first run are printed, for finding out what happens.
const SHOW_VARIABLE: &str = "MAILSIM_SHOW";

/// Names the cases to be judged, by the beginning of `<server>/<case>`; without it all are.
const CASES_VARIABLE: &str = "MAILSIM_CASES";

/// Runs of each case, with seeds from 1.
const RUNS: u64 = 400;

/// How many recordings the repository carries, so that none is lost unseen.
const CARRIED: usize = 157;

/// Recordings that need not agree, by server and the first word of the file's name, with the reason;
/// every other one must.
const EXCUSED: [(&str, &str, &str); 4] = [
    ("exim", "07b", "one deferral more than the band of the runs has; not explained"),
    (
        "postfix",
        "09b",
        "the recording machine was busy starting three hundred sessions; there is no processor here",
    ),
    (
        "postfix",
        "10g",
        "what starting an idle smtp process cost on that machine is not known apart",
    ),
    (
        "sendmail",
        "10a",
        "the least latency of twenty messages is 10 ms above the band of the runs; not explained",
    ),
];

/// Most reasons printed for one case.
const REASONS: usize = 6;

/// One file. Its folder is named after the server, with the digits of another version than the one
/// first recorded: `exim498`.
#[derive(Debug)]
struct Case {
    folder: String,
    name: String,
    path: PathBuf,
}

impl Case {
    /// The name up to the first `_`.
    fn number(&self) -> &str {
        self.name.split('_').next().unwrap_or(&self.name)
    }

    fn server(&self) -> &str {
        server_and_version(&self.folder).0
    }
}

/// How a recording fared.
#[derive(Debug, Clone)]
enum Verdict {
    /// Why it could not be compared.
    NotCompared(String),
    /// What disagrees.
    Compared(Vec<Disagreement>),
}

impl Verdict {
    fn agrees(&self) -> bool {
        matches!(self, Self::Compared(found) if found.is_empty())
    }

    fn is_near(&self) -> bool {
        matches!(self, Self::Compared(found) if compare::is_near(found))
    }

    /// Returns the reasons in words, and how far it is from agreement.
    fn reasons(&self) -> (Vec<&str>, String) {
        match self {
            Self::NotCompared(reason) => (vec![reason], "not compared".to_owned()),
            Self::Compared(found) => {
                let reasons = found.iter().map(|one| one.what.as_str()).collect();
                (reasons, compare::describe_distance(found))
            }
        }
    }
}

/// How many recordings there are, agree, and are near.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    all: usize,
    agreeing: usize,
    near: usize,
}

/// Returns why a recording need not agree, if so.
fn excuse(case: &Case) -> Option<&'static str> {
    let excused = EXCUSED
        .iter()
        .find(|(server, number, _)| (&*case.folder, case.number()) == (*server, *number));
    excused.map(|(_, _, reason)| *reason)
}

#[test]
fn recordings_agree_with_the_model() {
    let cases = find_cases();
    let verdicts = judge_all(&cases);
    let mut by_folder: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    let mut missing: Vec<String> = Vec::new();
    for (case, verdict) in cases.iter().zip(&verdicts) {
        for tally in [by_folder.entry(&case.folder).or_default(), &mut total] {
            tally.all += 1;
            tally.agreeing += usize::from(verdict.agrees());
            tally.near += usize::from(verdict.is_near());
        }
        if !tell(case, verdict) && excuse(case).is_none() {
            missing.push(format!("{} {}", case.folder, case.number()));
        }
    }
    for (folder, Tally { all, agreeing, near }) in &by_folder {
        println!("{folder}: {agreeing} of {all} agree, {near} are near");
    }
    let Tally { all, agreeing, near } = total;
    println!("{agreeing} of {all} recordings agree");
    println!("{near} of {all} are the same in all states, with every time within 1 s or 2 %");
    let all_carried =
        [FOLDER_VARIABLE, CASES_VARIABLE].iter().all(|name| std::env::var_os(name).is_none());
    if all_carried {
        assert_eq!(cases.len(), CARRIED, "recordings were added or lost");
    }
    assert!(missing.is_empty(), "these recordings must agree and do not: {missing:?}");
}

/// Prints how a recording fared; returns whether it agrees.
fn tell(case: &Case, verdict: &Verdict) -> bool {
    let line = format!("{} {}", case.folder, case.number());
    let (reasons, distance) = verdict.reasons();
    let Some((first, others)) = reasons.split_first() else {
        println!("{line} agrees ({})", case.name);
        return true;
    };
    println!("{line} disagrees: {first} ({})", case.name);
    others.iter().take(REASONS - 1).for_each(|reason| println!("    {reason}"));
    if others.len() >= REASONS {
        println!("    and {} more", others.len() + 1 - REASONS);
    }
    println!("    from agreement: {distance}");
    if let Some(reason) = excuse(case) {
        println!("    excused: {reason}");
    }
    false
}

#[test]
fn postfix_retry_rule_names_the_next_attempt() {
    let mut all = retry::Verdict::default();
    for case in find_cases().iter().filter(|case| case.server() == "postfix") {
        let Ok(recording) = read(&case.path).and_then(parse::<Recording>) else {
            // The other test says what is wrong with it, unless it is the one of session timing.
            continue;
        };
        let verdict = retry::check(&recording, &case.name);
        all.intervals += verdict.intervals;
        all.unexplained.extend(verdict.unexplained);
    }
    let explained = all.intervals - all.unexplained.len();
    println!("retry rule: {explained} of {} intervals", all.intervals);
    if std::env::var_os(FOLDER_VARIABLE).is_none() {
        assert!(all.intervals > 1000, "only {} intervals", all.intervals);
    }
    assert!(all.unexplained.is_empty(), "{:#?}", all.unexplained);
}

/// Returns the recordings of the folder, in order of their names.
fn find_cases() -> Vec<Case> {
    let carried = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let folder = std::env::var_os(FOLDER_VARIABLE).map_or_else(carried, PathBuf::from);
    let entries = |path: &Path| -> Vec<PathBuf> {
        let read = std::fs::read_dir(path).into_iter().flatten();
        let mut paths: Vec<_> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths
    };
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let mut cases = Vec::new();
    for inside in entries(&folder).into_iter().filter(|path| path.is_dir()) {
        for path in entries(&inside) {
            if path.extension().is_some_and(|extension| extension == "json") {
                let (folder, name) = (text(inside.file_name()), text(path.file_stem()));
                cases.push(Case { folder, name, path });
            }
        }
    }
    if let Ok(wanted) = std::env::var(CASES_VARIABLE) {
        cases.retain(|case| format!("{}/{}", case.folder, case.name).starts_with(&wanted));
    }
    assert!(!cases.is_empty(), "no recordings in {}", folder.display());
    cases
}

/// Judges the cases on all processors; verdicts come in the order of the cases.
fn judge_all(cases: &[Case]) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![Verdict::Compared(Vec::new()); cases.len()]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = judge(case).map_or_else(Verdict::NotCompared, Verdict::Compared);
                    let index = cases.iter().position(|other| std::ptr::eq(other, case));
                    let index = index.expect("the case is one of the cases");
                    verdicts.lock().expect("no worker panicked")[index] = verdict;
                }
            });
        }
    });
    verdicts.into_inner().expect("no worker panicked")
}

/// Returns why a case disagrees; nothing if it agrees.
///
/// # Errors
/// Why it could not be compared.
fn judge(case: &Case) -> Result<Vec<Disagreement>, String> {
    let value = read(&case.path)?;
    let unknown = vocabulary::unknown_keys(&value);
    if !unknown.is_empty() {
        return Err(format!("unknown keys: {}", unknown.join(", ")));
    }
    let of_states =
        |reasons: Vec<String>| reasons.into_iter().map(Disagreement::of_state).collect();
    if value.get("runs").is_some() {
        return retrieval::disagreements(&parse::<RetrievalRecording>(value)?).map(of_states);
    }
    if !server::MODELLED.contains(&case.server()) {
        return Err(format!("no model of {}", case.server()));
    }
    if value.get("sessions").is_some() {
        return timing::disagreements(&parse::<TimingRecording>(value)?).map(of_states);
    }
    let mut recording: Recording = parse(value)?;
    let left_out = backlog::leave_out(&mut recording);
    if left_out > 0 {
        println!(
            "{} {}: {left_out} sessions left out (listen backlog)",
            case.folder,
            case.number()
        );
    }
    let blueprint = Blueprint::new(&recording)?;
    let cast = Cast::new(&recording, &blueprint)?;
    let recorded = Figures::recorded(&recording)?;
    if std::env::var(SHOW_VARIABLE).is_ok_and(|shown| case.name.starts_with(&shown)) {
        show(&blueprint);
    }
    let runs: Vec<_> = (1..=RUNS).map(|seed| run(&blueprint, &cast, seed)).collect();
    Ok(compare::disagreements(&recording, &recorded, &runs))
}

/// Prints the facts of the first run.
fn show(blueprint: &Blueprint) {
    let scenario = blueprint.scenario(1);
    let _ = Simulation::new(&scenario).run(&mut Printer);
}

/// Prints each fact when it is stated, so that those before a panic are seen too.
#[derive(Debug)]
struct Printer;

impl FactSink for Printer {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        println!("{:.6} {fact:?}", at.as_secs_f64());
    }
}

fn run(blueprint: &Blueprint, cast: &Cast, seed: u64) -> Figures {
    let scenario = blueprint.scenario(seed);
    let mut observer = Observer::new(cast, seed);
    let _ = Simulation::new(&scenario).run(&mut observer);
    observer.figures(|host| blueprint.names.host_name(host).to_owned())
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
