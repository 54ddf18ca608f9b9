//! Questions about a scenario, and their answers as JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::report::{HeldFiles, Live, Tables, complete_held, held_page};
use crate::scenario::{Entries, Loaded, Problems, Source, edited, load, schema};
use crate::units::SimTime;

use super::answer::{expectations, problems, refusal};
use super::change::{Before, Change};
use super::controls::{Controls, Stand};
use super::describe::describe;
use super::exercises::{Exercise, Ungraded};
use super::run::run;
use super::talking::{Call, talked};

/// The name that a scenario has if nobody gives it one.
const FILE: &str = "scenario.toml";

/// A question. Every text is a whole scenario.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    /// What is wrong with it?
    Check { text: String },
    /// How does it run?
    Run { text: String, file: Option<String> },
    /// What does the page of the latest run look like? `live`: with the controls of one that can be
    /// changed, and this word to tell its own script by.
    Page { live: Option<String> },
    /// What is in a file of the latest run?
    File { name: String },
    /// How does it read with this change?
    Change { text: String, change: Change },
    /// Which keys are there?
    Schema,
    /// Does it solve the exercise of this name, and by which code is it handed in?
    Grade { exercise: String, text: String },
    /// What does one hear who calls a host and types?
    Talk { text: String, call: Call },
}

/// What answers questions. It remembers the latest run alone.
#[derive(Debug, Default)]
pub struct Engine {
    latest: Option<Latest>,
}

/// The latest run that was whole.
#[derive(Debug)]
struct Latest {
    loaded: Loaded,
    file: String,
    held: HeldFiles,
}

impl Engine {
    /// Answers a question; `proceed` is asked now and then while a run is made, with the share of its
    /// time that has passed, whether to go on.
    pub fn answer(&mut self, question: &str, proceed: impl FnMut(f64) -> bool) -> String {
        let answer = match serde_json::from_str(question) {
            Ok(question) => self.answered(question, proceed),
            Err(error) => refusal(&format!("the question cannot be read: {error}")),
        };
        answer.to_string()
    }

    fn answered(&mut self, question: Question, proceed: impl FnMut(f64) -> bool) -> Value {
        match question {
            Question::Check { text } => checked(&text),
            Question::Run { text, file } => {
                self.run(&text, file.unwrap_or_else(|| FILE.to_owned()), proceed)
            }
            Question::Page { live } => self.page(live),
            Question::File { name } => match self.file(&name) {
                Some(text) => json!({ "text": text }),
                None => refusal(&format!("the latest run has no file {name}")),
            },
            Question::Change { text, change } => changed(&text, &change),
            Question::Schema => schema(),
            Question::Grade { exercise, text } => graded(&exercise, &text),
            Question::Talk { text, call } => {
                talked(&call, |more| read(FILE, &(text.clone() + more)))
            }
        }
    }

    /// Returns a file of the latest run.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&str> {
        let octets = self.latest.as_ref()?.held.get(name)?;
        std::str::from_utf8(octets).ok()
    }

    fn run(&mut self, text: &str, file: String, mut proceed: impl FnMut(f64) -> bool) -> Value {
        // A run takes as much room as the former: that goes first.
        self.latest = None;
        let loaded = match read(&file, text) {
            Ok(loaded) => loaded,
            Err(found) => return json!({ "problems": problems(&found) }),
        };
        let scenario = &loaded.scenario;
        let length = scenario.duration.as_secs_f64();
        let mut held = HeldFiles::default();
        let tables = match Tables::create(&held, scenario, Some(scenario)) {
            Ok(tables) => tables,
            Err(error) => return refusal(&error.to_string()),
        };
        let mut stopped = false;
        let asked = scenario.asked_figures();
        let ran = run(scenario, &asked, scenario.duration, Some(tables), |at, _| {
            stopped = !proceed((at.since_start().as_secs_f64() / length).min(1.0));
            !stopped
        });
        if let Some(chain) = &ran.totals.endless {
            return refusal(&chain.told(scenario));
        }
        if stopped {
            return refusal(&format!("stopped at {} of virtual time", ran.totals.ended));
        }
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let description = describe(&loaded, &digest, &[], scenario.duration);
        let summary = &ran.summary;
        let answer = json!({
            "problems": problems(&loaded.warnings),
            "title": scenario.title,
            "question": scenario.question,
            "events": ran.totals.events,
            "summary": summary,
            "figures": summary.figures(),
            "expectations": expectations(&summary.expectations),
        });
        let tables = ran.tables.expect("the run was given tables");
        if let Err(error) = complete_held(&mut held, tables, summary, &description) {
            return refusal(&error.to_string());
        }
        self.latest = Some(Latest { loaded, file, held });
        answer
    }

    fn page(&self, live: Option<String>) -> Value {
        let Some(Latest { loaded, file, held }) = &self.latest else {
            return refusal("nothing was run yet");
        };
        let live = live.map(|nonce| {
            let entries = Entries::of(&loaded.resolved);
            let stand =
                Stand { revision: 0, file, save_to: None, base: &[], done: &[], undone: &[] };
            let controls = Controls::of(&stand, &loaded.scenario, &entries);
            let controls = serde_json::to_string(&controls).expect("controls are plain data");
            Live { controls, nonce }
        });
        match held_page(held, live.as_ref()) {
            Ok(page) => json!({ "page": page }),
            Err(error) => refusal(&error.to_string()),
        }
    }
}

/// Reads a scenario that stands alone.
fn read(file: &str, text: &str) -> Result<Loaded, Problems> {
    let alone = |_: &str| Err("a page has no other files; write it into the scenario".to_owned());
    load(&Source { file, text, read_file: &alone }, &[])
}

fn checked(text: &str) -> Value {
    match read(FILE, text) {
        Ok(loaded) => json!({
            "problems": problems(&loaded.warnings),
            "title": loaded.scenario.title,
            "hosts": loaded.scenario.hosts.iter().take(MOST_NAMES).map(|h| &h.name).collect::<Vec<_>>(),
        }),
        Err(found) => json!({ "problems": problems(&found) }),
    }
}

/// Most names that are handed out to choose from.
const MOST_NAMES: usize = 200;

fn graded(name: &str, text: &str) -> Value {
    let Some(exercise) = Exercise::find(name) else {
        return refusal(&format!("there is no exercise {name}"));
    };
    match exercise.grade(text, |_| true) {
        Ok(graded) => json!({
            "passed": graded.passed(),
            "verdicts": graded
                .told()
                .into_iter()
                .map(|(met, told)| json!({ "met": met, "told": told }))
                .collect::<Vec<_>>(),
            "code": exercise.code(text),
        }),
        Err(Ungraded::Problems(found)) => json!({ "problems": problems(&found) }),
        Err(Ungraded::Told(told)) => refusal(&told),
    }
}

/// Returns the text with a change in it.
fn changed(text: &str, change: &Change) -> Value {
    let loaded = match read(FILE, text) {
        Ok(loaded) => loaded,
        Err(found) => return json!({ "problems": problems(&found) }),
    };
    let entries = Entries::of(&loaded.resolved);
    let before = Before { scenario: &loaded.scenario, entries: &entries };
    let step = match change.step(&before) {
        Ok(step) => step,
        Err(told) => return refusal(&told),
    };
    match edited(text, &step.overrides) {
        Ok(text) => match read(FILE, &text) {
            Ok(_) => json!({ "text": text, "title": step.title }),
            Err(found) => json!({ "problems": problems(&found) }),
        },
        Err(error) => refusal(&error.to_string()),
    }
}

/// Returns a time in seconds since the start.
pub(super) fn seconds(at: SimTime) -> f64 {
    at.since_start().as_secs_f64()
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
