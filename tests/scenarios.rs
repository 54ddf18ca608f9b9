//! Every shipped scenario: it is read without complaint, says what it asks and what to look for, and
//! running it gives what its `[[expect]]` entries reason that it must.

use std::fs;
use std::path::{Path, PathBuf};

use mailsim::measure::{Bound, Recorder, RunFrame, Summary};
use mailsim::model::Scenario;
use mailsim::scenario::{Loaded, Override, Source, load};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, Register};
use mailsim::units::SimTime;

/// Scenarios that are run with less mail here, and what is changed. The expectations that speak of
/// rates and totals are then left out; all others must still come true.
const REDUCED: [(&str, &[&str], &[&str]); 2] = [
    (
        "busy-day",
        &[
            "mail.0.arrivals.poisson=\"8000/d\"",
            "mail.1.arrivals.poisson=\"2400/d\"",
            "mail.2.arrivals.poisson=\"1600/d\"",
        ],
        &["hosts.\"mx-1.provider.example\".inbound_utilisation"],
    ),
    ("retry-day", &["mail.0.arrivals.poisson=\"5000/d\""], &[]),
];

/// More messages than this make a test slow.
const MANY: f64 = 50_000.0;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Returns all scenario files, in order; studies are not scenarios; lessons have their own tests, and
/// exercises theirs where they are checked.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let others = path
            .file_name()
            .is_some_and(|name| ["studies", "lessons", "exercises"].iter().any(|one| name == *one));
        if path.is_dir() && !others {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).expect("a scenario can be read");
            if !text.contains("[study]") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn read(path: &Path, changes: &[&str]) -> Loaded {
    let text = fs::read_to_string(path).expect("a scenario can be read");
    let beside = |name: &str| {
        let file = path.parent().expect("a file lies in a folder").join(name);
        fs::read_to_string(file).map_err(|error| error.to_string())
    };
    let name = path.to_string_lossy();
    let source = Source { file: &name, text: &text, read_file: &beside };
    let changes: Vec<Override> = changes
        .iter()
        .map(|change| Override::set(change).expect("the tests' own changes are right"))
        .collect();
    load(&source, &changes).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(scenario: &Scenario) -> (Summary, u64) {
    let mut attempts = 0;
    let mut recorder = Recorder::new(());
    let mut sink = Counting { recorder: &mut recorder, attempts: &mut attempts };
    let totals = Simulation::new(scenario).run(&mut sink);
    assert!(totals.ledger.balances(), "{}: {:?}", scenario.name, totals.ledger);
    let frame = RunFrame {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        seed: scenario.seed,
        duration: scenario.duration,
        replications: 1,
        profiles: Vec::new(),
    };
    (recorder.finish(scenario, &frame).0, attempts)
}

/// Counts attempts beside the recorder, as a check on it.
struct Counting<'a> {
    recorder: &'a mut Recorder<()>,
    attempts: &'a mut u64,
}

impl mailsim::trace::FactSink for Counting<'_> {
    fn fact(&mut self, at: mailsim::units::SimTime, fact: &Fact, register: &dyn Register) {
        *self.attempts += u64::from(matches!(fact, Fact::Attempt(_)));
        self.recorder.fact(at, fact, register);
    }
}

#[test]
fn there_are_scenarios_for_every_beginning() {
    let names: Vec<String> = files(&folder()).iter().map(|path| stem(path)).collect();
    for name in [
        "first-message",
        "same-domain",
        "relay-chain",
        "primary-down",
        "primary-down-with-backup",
        "both-down",
        "dns-outage",
        "mail-loop",
        "pop-or-imap",
        "busy-day",
        "retry-day",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is missing among {names:?}");
    }
}

#[test]
fn each_scenario_says_what_it_asks_and_what_it_expects() {
    for path in files(&folder()) {
        let name = stem(&path);
        let Loaded { scenario, warnings, .. } = read(&path, &[]);
        for (what, text) in [
            ("title", &scenario.title),
            ("question", &scenario.question),
            ("look_for", &scenario.look_for),
        ] {
            assert!(!text.trim().is_empty(), "{name} has no {what}");
        }
        assert!(scenario.question.contains('?'), "{name}: a question ends in a question mark");
        assert!(!scenario.expectations.is_empty(), "{name} has no [[expect]]");
        let unexpected: Vec<String> = warnings
            .0
            .iter()
            .map(|warning| format!("{}: {}", warning.line, warning.message))
            .collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:#?}");
        let text = fs::read_to_string(&path).expect("a scenario can be read");
        let begins = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty());
        assert!(
            begins.is_some_and(|line| line.starts_with("title = ")),
            "{name} opens with its title"
        );
    }
}

#[test]
fn each_scenario_comes_out_as_it_expects() {
    for path in files(&folder()) {
        let name = stem(&path);
        let reduced = REDUCED.iter().find(|(reduced, ..)| *reduced == name);
        let (changes, left_out) = reduced.map_or((&[][..], &[][..]), |(_, set, out)| (*set, *out));
        let Loaded { scenario, .. } = read(&path, changes);
        let (summary, attempts) = run(&scenario);
        assert!(summary.ledger.balances, "{name}: {:?}", summary.ledger);
        assert_eq!(summary.attempts.rows, attempts, "{name}");
        assert!(
            (summary.mail.submitted as f64) < MANY,
            "{name} sends {} messages: reduce it here",
            summary.mail.submitted
        );
        let bounds: Vec<Bound> = scenario
            .expectations
            .iter()
            .filter(|bound| !left_out.contains(&bound.figure.as_str()))
            .map(|bound| Bound {
                figure: bound.figure.clone(),
                at_least: bound.at_least,
                at_most: bound.at_most,
                equals: bound.equals,
            })
            .collect();
        for verdict in summary.check(&bounds) {
            assert!(verdict.is_met(), "{name}: {verdict}");
        }
    }
}

/// The two scenarios of the primary's outage differ in the backup alone: who sends what, when and how
/// large is the same, message by message.
#[test]
fn the_backup_changes_nothing_about_the_mail() {
    let mail_of = |name: &str| {
        let Loaded { scenario, .. } = read(&folder().join(name), &[]);
        let mut log = mailsim::trace::FactLog::default();
        Simulation::new(&scenario).run(&mut log);
        let created = log.facts.iter().filter_map(|(at, fact)| match fact {
            Fact::Created(created) => Some((*at, created.key, created.mailbox.local, created.size)),
            _ => None,
        });
        created.collect::<Vec<_>>()
    };
    let (without, with) = (mail_of("primary-down.toml"), mail_of("primary-down-with-backup.toml"));
    assert!(without.len() > 100, "{}", without.len());
    assert_eq!(without, with);
}

/// The first hours of each scenario, with and without what is there for speed alone.
#[test]
fn without_shortcuts_the_same_facts_are_stated() {
    for path in files(&folder()) {
        let reduced = REDUCED.iter().find(|(name, ..)| *name == stem(&path));
        let scenario = read(&path, reduced.map_or(&[], |(_, changes, _)| changes)).scenario;
        let run = |simulation: Simulation<'_>| {
            let mut log = FactLog::default();
            let totals = simulation.until(SimTime::from_secs(3 * 3600)).run(&mut log);
            (log.facts, totals)
        };
        let (facts, totals) = run(Simulation::new(&scenario));
        let (plain, plainly) = run(Simulation::new(&scenario).without_shortcuts());
        assert!(facts == plain && totals == plainly, "{}: the facts differ", path.display());
    }
}
