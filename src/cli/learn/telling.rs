//! A lesson as it is told: its notes, and between them what happens to its messages.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::cli::paragraph::paragraph;
use crate::cli::trace::Followed;
use crate::cli::trace::journey::Journey;
use crate::cli::trace::wording::clock;
use crate::mail::{AttemptOutcome, MessageKey};
use crate::model::Scenario;
use crate::simulation::Simulation;
use crate::story::{Narration, Shown, Story, Wanted, Watch};
use crate::units::SimTime;

/// Something to print at once; after a question what is said when it has been thought about.
pub(super) struct Step {
    pub(super) text: String,
    pub(super) answer: Option<String>,
}

/// The most messages that are told of; a lesson with more has them all in its page.
const MOST_MESSAGES: usize = 12;
/// Tries that come to the same thing are told so often.
const OFTEN_ENOUGH: u32 = 2;
/// Where text begins, behind the clock.
const INDENT: usize = 16;

/// Returns the steps of a lesson.
pub(super) fn steps(scenario: &Scenario) -> Vec<Step> {
    let mut followed = follow(scenario, Wanted::Several(MOST_MESSAGES));
    let sent: u64 = followed.0.watch.sent.values().sum();
    if sent > MOST_MESSAGES as u64 {
        let examples = examples(&followed.0);
        followed = follow(scenario, Wanted::These(examples));
    }
    let (followed, events) = followed;
    let shown = followed.narration.shown(SimTime::ZERO + scenario.duration);
    let mut telling = Telling { scenario, steps: Vec::new(), alike: BTreeMap::new(), passed: 0 };
    let parts = parts(scenario, &followed.watch);
    let mut notes = shown.as_slice();
    for part in &parts {
        let due = notes.partition_point(|n| n.at < part.at || (n.at == part.at && !n.after));
        let (now, later) = notes.split_at(due);
        now.iter().for_each(|note| telling.note(note));
        notes = later;
        telling.part(part);
    }
    notes.iter().for_each(|note| telling.note(note));
    telling.so_far();
    if sent > MOST_MESSAGES as u64 {
        let written = |story: &&Story| matches!(story.key, MessageKey::Mail { .. });
        let told = followed.watch.stories.iter().filter(written).count();
        let text = format!(
            "\n({told} of {sent} messages were told of; {events} events happened in all)\n"
        );
        telling.say(text, None);
    }
    telling.steps
}

/// Runs the lesson; returns what was seen, and how many events happened.
fn follow(scenario: &Scenario, wanted: Wanted) -> (Followed<'_>, u64) {
    let watch = Watch::new(wanted, Rc::new(Cell::new(false)));
    let mut followed = Followed { watch, narration: Narration::new(scenario) };
    let totals = Simulation::new(scenario).run(&mut followed);
    (followed, totals.events)
}

/// Of too many messages those that the notes speak of, and the first of each `[[mail]]` entry.
fn examples(followed: &Followed<'_>) -> BTreeSet<MessageKey> {
    let firsts = followed.watch.sent.keys().map(|&entry| MessageKey::Mail { entry, ordinal: 0 });
    let spoken_of = followed.narration.spoken_of();
    let all = spoken_of.iter().copied().chain(firsts);
    let mut chosen = BTreeSet::new();
    for key in all {
        if chosen.len() < MOST_MESSAGES {
            chosen.insert(key);
        }
    }
    chosen
}

/// What happens to the messages, in order of time. The first one's dialogues are told line by line, and of
/// the others' the first that fails in each way: that is what a lesson is about.
fn parts(scenario: &Scenario, watch: &Watch) -> Vec<Passage> {
    let several = watch.stories.len() > 1;
    let mut all: Vec<Passage> = Vec::new();
    let mut failed = BTreeSet::new();
    for (place, story) in watch.stories.iter().enumerate() {
        let journey = Journey::new(scenario, story, &[]);
        let heading = journey.heading();
        let journey = journey.with_dialogues(|exchange| {
            let mut facts = exchange.facts.iter().map(|(_, fact)| fact);
            let failure = facts.rfind(|fact| fact.outcome != AttemptOutcome::Accepted);
            let kind = failure
                .map(|fact| (fact.from, fact.to, fact.stage.as_str(), fact.outcome.as_str()));
            kind.is_some_and(|kind| failed.insert(kind)) || place == 0
        });
        let mut parts = journey.parts();
        if let Some(first) = parts.first_mut() {
            first.text = format!("\n{}\n{}", heading.trim_end(), first.text);
        }
        if several {
            for part in parts.iter_mut().skip(1) {
                part.text = marked(&part.text, &story.key.to_string());
            }
        }
        let name = format!("{} ", story.key);
        all.extend(parts.into_iter().map(|part| Passage {
            at: part.at,
            text: part.text,
            likeness: part.likeness.map(|like| format!("{name}{like}")),
            story: name.clone(),
        }));
    }
    all.sort_by_key(|part| part.at);
    all
}

/// Puts the name of the message behind the time of its first line.
fn marked(text: &str, key: &str) -> String {
    match text.split_at_checked(INDENT) {
        Some((time, rest)) => format!("{time}[{key}] {rest}"),
        None => text.to_owned(),
    }
}

/// A part of a message's journey.
struct Passage {
    at: SimTime,
    text: String,
    likeness: Option<String>,
    /// The message's name; its likenesses begin with it.
    story: String,
}

struct Telling<'s> {
    scenario: &'s Scenario,
    steps: Vec<Step>,
    /// How often each thing has happened since something else did.
    alike: BTreeMap<String, u32>,
    /// Parts passed over.
    passed: u32,
}

impl Telling<'_> {
    fn say(&mut self, text: String, answer: Option<String>) {
        self.steps.push(Step { text, answer });
    }

    /// Says how much was passed over.
    fn so_far(&mut self) {
        let passed = std::mem::take(&mut self.passed);
        if passed > 0 {
            let text = format!("{:INDENT$}(and so on: {passed} more steps like these)\n", "");
            self.say(text, None);
        }
    }

    fn part(&mut self, part: &Passage) {
        match &part.likeness {
            Some(likeness) => {
                let count = self.alike.entry(likeness.clone()).or_insert(0);
                *count += 1;
                if *count > OFTEN_ENOUGH {
                    self.passed += 1;
                    return;
                }
            }
            // It got on: what follows is news again.
            None => {
                self.so_far();
                self.alike.retain(|like, _| !like.starts_with(&part.story));
            }
        }
        self.say(part.text.clone(), None);
    }

    fn note(&mut self, shown: &Shown) {
        self.so_far();
        let note = &self.scenario.notes[shown.note];
        let mut text = format!("\n{}\n", clock(shown.at));
        if !note.text.is_empty() {
            text.push_str(&paragraph(&note.text, 2));
        }
        if note.ask.is_empty() {
            text.push('\n');
            self.say(text, None);
            return;
        }
        text.push_str(&paragraph(&format!("What do you expect? {}", note.ask), 2));
        let answer = if note.answer.is_empty() {
            "\n".to_owned()
        } else {
            format!("{}\n", paragraph(&format!("Answer: {}", note.answer), 2))
        };
        self.say(text, Some(answer));
    }
}
