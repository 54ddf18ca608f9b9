//! The lessons: each is read without complaint, meets its own bounds, asks for a prediction, and
//! proposes commands that work; the table of ideas names them all, with rules and tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mailsim::measure::{Bound, Recorder, RunFrame};
use mailsim::model::Moment;
use mailsim::scenario::{Loaded, Source, load};
use mailsim::simulation::Simulation;
use mailsim::story::Narration;
use mailsim::trace::{Fact, FactSink, Register};
use mailsim::units::SimTime;

/// Warnings that every lesson may have: a class looks at one exchanger at a time.
const ALWAYS_EXPECTED: &str = "a single point of failure";

/// Other warnings that are meant, by the lesson's number: they are what the lesson is about.
const EXPECTED: &[(&str, &str)] = &[
    ("04", "has no mailbox"),
    ("07", "has no mailbox"),
    ("11", "goes round in a circle"),
    ("15", "has no mailbox \"erna\""),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/lessons")
}

/// Returns the lessons in order.
fn lessons() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder can be listed");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn number(name: &str) -> &str {
    name.split('-').next().unwrap_or_default()
}

fn read(path: &Path) -> Loaded {
    let text = fs::read_to_string(path).expect("a lesson can be read");
    let beside = |name: &str| {
        let file = path.parent().expect("a file lies in a folder").join(name);
        fs::read_to_string(file).map_err(|error| error.to_string())
    };
    let name = path.to_string_lossy();
    let source = Source { file: &name, text: &text, read_file: &beside };
    load(&source, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

struct Watched<'s> {
    recorder: Recorder<()>,
    narration: Narration<'s>,
}

impl FactSink for Watched<'_> {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.recorder.fact(at, fact, register);
        self.narration.fact(at, fact, register);
    }
}

#[test]
fn lessons_are_counted_from_one() {
    let names: Vec<String> = lessons().iter().map(|path| stem(path)).collect();
    assert!(!names.is_empty());
    for (place, name) in names.iter().enumerate() {
        assert_eq!(number(name), format!("{:02}", place + 1), "{names:?}");
        let words = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.len() > 3 && name.chars().all(words), "{name}: NN-name in small letters");
    }
}

#[test]
fn lessons_are_read_without_complaint() {
    for path in lessons() {
        let name = stem(&path);
        let Loaded { scenario, warnings, .. } = read(&path);
        let meant = |message: &str| {
            let own =
                |(lesson, part): &(&str, &str)| *lesson == number(&name) && message.contains(part);
            message.contains(ALWAYS_EXPECTED) || EXPECTED.iter().any(own)
        };
        let unexpected: Vec<String> = warnings
            .0
            .iter()
            .filter(|warning| !meant(&warning.message))
            .map(|warning| format!("{}: {}", warning.line, warning.message))
            .collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:#?}");
        assert!(scenario.question.contains('?'), "{name}: a question ends in a question mark");
        for (what, text) in [("title", &scenario.title), ("look_for", &scenario.look_for)] {
            assert!(!text.trim().is_empty(), "{name} has no {what}");
        }
    }
}

#[test]
fn lessons_come_out_as_they_expect_and_all_notes_are_shown() {
    for path in lessons() {
        let name = stem(&path);
        let Loaded { scenario, .. } = read(&path);
        assert!(!scenario.expectations.is_empty(), "{name} has no [[expect]]");
        let mut watched =
            Watched { recorder: Recorder::new(()), narration: Narration::new(&scenario) };
        let totals = Simulation::new(&scenario).run(&mut watched);
        assert!(totals.ledger.balances(), "{name}: {:?}", totals.ledger);
        let missed = watched.narration.missed(SimTime::ZERO + scenario.duration);
        assert!(missed.is_empty(), "{name}: {missed:#?}");
        let frame = RunFrame {
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            seed: scenario.seed,
            duration: scenario.duration,
            replications: 1,
            profiles: Vec::new(),
        };
        let (summary, ()) = watched.recorder.finish(&scenario, &frame);
        let bounds: Vec<Bound> = scenario
            .expectations
            .iter()
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

#[test]
fn lessons_narrate_and_ask_before_they_answer() {
    for path in lessons() {
        let name = stem(&path);
        let Loaded { scenario, .. } = read(&path);
        let notes = &scenario.notes;
        assert!(notes.len() >= 3, "{name} is narrated by {} notes", notes.len());
        let predicts = notes.iter().any(|note| !note.ask.is_empty() && !note.answer.is_empty());
        assert!(predicts, "{name} asks for no prediction, or leaves it without an answer");
        let on_event = notes.iter().any(|note| matches!(note.moment, Moment::On(_)));
        assert!(on_event, "{name} has no note on what happens in its run");
        for note in notes.iter().filter(|note| !note.ask.is_empty()) {
            assert!(note.ask.trim_end().ends_with('?'), "{name}: {}", note.ask);
        }
    }
}

/// Returns the commands that a text proposes, written between backticks.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|words| words.starts_with("mailsim ")).map(str::to_owned).collect()
}

#[test]
fn commands_of_the_lessons_work_as_written() {
    // The folder is empty: the program alone is enough.
    let place = tempfile::tempdir().expect("a folder for the results");
    for path in lessons() {
        let name = stem(&path);
        let own = format!("scenarios/lessons/{name}.toml");
        let notes = read(&path).scenario.notes;
        let proposed: Vec<String> = notes
            .iter()
            .flat_map(|note| [&note.text, &note.ask, &note.answer])
            .flat_map(|text| commands(text))
            .collect();
        assert!(
            proposed.iter().any(|command| command.contains(&own)),
            "{name} proposes nothing to do with it: {proposed:?}"
        );
        for command in proposed {
            let line = command.replacen("mailsim", env!("CARGO_BIN_EXE_mailsim"), 1);
            let output = Command::new("sh")
                .args(["-c", &line])
                .current_dir(place.path())
                .stdin(Stdio::null())
                .output()
                .expect("the shell runs");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {command}\n{errors}");
        }
    }
}

#[test]
fn the_hop_count_ends_at_the_number_that_lesson_three_proposes() {
    let file = folder().join("03-relays-and-hops.toml");
    let trace = |fields: &str| {
        let set = format!("mail.0.received_fields={fields}");
        let output = Command::new(env!("CARGO_BIN_EXE_mailsim"))
            .args(["trace", &file.to_string_lossy(), "-q", "--set", &set])
            .output()
            .expect("the program runs");
        String::from_utf8(output.stdout).expect("it tells in UTF-8")
    };
    // Postfix counts its own field and refuses at 50. Four servers add one each.
    assert!(trace("45").contains("into the mailbox of bob@recipient.example"));
    let refused = trace("46");
    let by_the_last = "gateway.university.example gives up on bob@recipient.example";
    assert!(refused.contains(by_the_last), "{refused}");
}

/// A row of the table of ideas.
struct Row {
    lesson: String,
    rule: String,
    tests: Vec<String>,
}

/// Returns the rows of the table in the folder's README.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(folder().join("README.md")).expect("the table is there");
    let table = text.lines().skip_while(|line| !line.starts_with("| idea |")).skip(2);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 4, "idea, lesson, rule, test: {line}");
            assert!(!cells[0].is_empty(), "{line}");
            Row {
                lesson: cells[1].trim_matches('`').to_owned(),
                rule: cells[2].to_owned(),
                tests: cells[3].split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            }
        })
        .collect()
}

#[test]
fn the_table_names_each_lesson_with_its_rules_and_tests() {
    let rows = rows();
    let names: Vec<String> = lessons().iter().map(|path| stem(path)).collect();
    for name in &names {
        assert!(rows.iter().any(|row| row.lesson == *name), "{name} is not in the table");
    }
    for Row { lesson, rule, tests } in rows {
        assert!(names.contains(&lesson), "the table names a lesson {lesson:?}");
        assert!(!rule.is_empty(), "{lesson}: no rule");
        assert!(!tests.is_empty(), "{lesson}: no test");
        for test in tests {
            let (file, function) = test.split_once("::").expect("a test is FILE::FUNCTION");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let source = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{lesson}: {file}"));
            assert!(source.contains(&format!("fn {function}(")), "{lesson}: no {test}");
        }
    }
}
