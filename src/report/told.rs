//! What `trace.jsonl` tells at length: the dialogue of each try and the Received field of each hop.

use std::collections::BTreeMap;

use crate::mail::{MailboxNames as _, MessageKey, Stage};
use crate::scenario::Scenario;
use crate::smtp::Speaker;
use crate::story::{Copy, Exchange, Story, exchanges, field_of, found_at, lines, result_fields};
use crate::trace::{Created, Fact};
use crate::units::SimTime;

use super::trace_line::{Line, seconds};

/// A recipient's story: its number, how it began, and the facts kept of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: SimTime,
    pub(super) created: Created,
    pub(super) facts: Vec<(SimTime, Fact)>,
}

/// Lines as long as there is room.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) lines: Vec<String>,
    /// Whether something found no room.
    pub(super) capped: bool,
    octets_left: usize,
}

impl Talk {
    fn say(&mut self, line: &Line<'_>) {
        let spelt = line.spelt();
        match self.octets_left.checked_sub(spelt.len()) {
            Some(left) if !self.capped => {
                self.octets_left = left;
                self.lines.push(spelt);
            }
            _ => self.capped = true,
        }
    }
}

/// Returns the lines with dialogues and fields of these recipients, as far as they find room in
/// `octets`: the stories begun first.
pub(super) fn told_at_length(scenario: &Scenario, told: Vec<Told>, octets: usize) -> Talk {
    let mut stories: BTreeMap<MessageKey, Story> = BTreeMap::new();
    for Told { at, created, facts } in told {
        let story = stories.entry(created.key).or_insert_with(|| Story::new(created.key, at));
        story.copies.push(Copy { created, facts });
    }
    let mut talk = Talk { lines: Vec::new(), capped: false, octets_left: octets };
    for story in stories.values() {
        let all: Vec<usize> = (0..story.copies.len()).collect();
        for exchange in exchanges(story, &all) {
            if talk.capped {
                return talk;
            }
            fields(scenario, story, &exchange, &mut talk);
            let first = exchange.first();
            let Some(server) = first.to else { continue };
            if matches!(first.stage, Stage::Local | Stage::Suspended) {
                continue;
            }
            let said = lines(scenario, story, &exchange, server);
            talk.say(&Line::Dialogue {
                delivery: first.delivery,
                started: seconds(first.started),
                lines: said
                    .into_iter()
                    .map(|line| (line.at.map(seconds), speaker(line.speaker), line.text))
                    .collect(),
            });
        }
    }
    talk
}

fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Client => "C",
        Speaker::Server => "S",
        Speaker::Connection => "-",
    }
}

fn fields(scenario: &Scenario, story: &Story, exchange: &Exchange, talk: &mut Talk) {
    let (Some(text), Some(at), Some(host)) =
        (field_of(scenario, story, exchange), exchange.accepted, exchange.first().to)
    else {
        return;
    };
    for (place, _) in &exchange.facts {
        let created = &story.copies[*place].created;
        let found = found_at(story, *place, host, at);
        let mut above = found.map(|found| result_fields(scenario, found)).unwrap_or_default();
        above.push(text.clone());
        talk.say(&Line::Field {
            t: seconds(at),
            id: &created.key.to_string(),
            to: &scenario.mailbox(created.mailbox),
            host: scenario.host(host),
            text: above.join("\n"),
        });
    }
}
