//! What `trace.jsonl` tells at length: the dialogue of each try and the Received field of each hop.

use std::collections::BTreeMap;

use crate::mail::{MailboxNames as _, MessageKey, Stage};
use crate::scenario::Scenario;
use crate::smtp::Speaker;
use crate::story::{
    Copy, Exchange, Story, exchanges, field_of, found_at, lines, origin_fields, result_fields,
};
use crate::trace::{Created, Fact};
use crate::units::SimTime;

use super::trace_line::{Line, seconds};

/// Most dialogues; with more the page would grow too large.
const MOST_DIALOGUES: usize = 3_000;

/// A recipient's story: its number, how it began, and the facts kept of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: SimTime,
    pub(super) created: Created,
    pub(super) facts: Vec<(SimTime, Fact)>,
}

/// Returns the lines with dialogues and fields of these recipients.
pub(super) fn told_at_length(scenario: &Scenario, told: Vec<Told>) -> Vec<String> {
    let mut stories: BTreeMap<MessageKey, Story> = BTreeMap::new();
    for Told { at, created, facts } in told {
        let story = stories.entry(created.key).or_insert_with(|| Story::new(created.key, at));
        story.copies.push(Copy { created, facts });
    }
    let mut spelt = Vec::new();
    let mut dialogues = 0;
    for story in stories.values() {
        origin(scenario, story, &mut spelt);
        let all: Vec<usize> = (0..story.copies.len()).collect();
        for exchange in exchanges(story, &all) {
            fields(scenario, story, &exchange, &mut spelt);
            let first = exchange.first();
            let Some(server) = first.to else { continue };
            let talked = !matches!(first.stage, Stage::Local | Stage::Suspended);
            if !talked || dialogues == MOST_DIALOGUES {
                continue;
            }
            dialogues += 1;
            let said = lines(scenario, story, &exchange, server);
            let line = Line::Dialogue {
                delivery: first.delivery,
                started: seconds(first.started),
                lines: said
                    .into_iter()
                    .map(|line| (line.at.map(seconds), speaker(line.speaker), line.text))
                    .collect(),
            };
            spelt.push(line.spelt());
        }
    }
    spelt
}

fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Client => "C",
        Speaker::Server => "S",
        Speaker::Connection => "-",
    }
}

/// What the message says of itself is in its header from the beginning.
fn origin(scenario: &Scenario, story: &Story, spelt: &mut Vec<String>) {
    for created in story.copies.iter().map(|copy| &copy.created) {
        for text in origin_fields(scenario, created) {
            let line = Line::Field {
                t: seconds(story.at),
                id: &created.key.to_string(),
                to: &scenario.mailbox(created.mailbox),
                host: scenario.host(created.host),
                text,
            };
            spelt.push(line.spelt());
        }
    }
}

fn fields(scenario: &Scenario, story: &Story, exchange: &Exchange, spelt: &mut Vec<String>) {
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
        let line = Line::Field {
            t: seconds(at),
            id: &created.key.to_string(),
            to: &scenario.mailbox(created.mailbox),
            host: scenario.host(host),
            text: above.join("\n"),
        };
        spelt.push(line.spelt());
    }
}
