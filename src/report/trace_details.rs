//! What `trace.jsonl` tells at length: the dialogue of each try and the Received field of each hop.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{MailboxNames as _, MessageKey, Stage};
use crate::model::Scenario;
use crate::smtp::Speaker;
use crate::story::{
    Copy, Exchange, Story, exchanges, field_of, fields_as_made, found_at, lines, origin_fields,
    result_fields,
};
use crate::trace::{Created, Fact};
use crate::units::SimTime;

use super::trace_line::{Line, seconds};

/// A recipient's story: its number, how it began, and the facts kept of it.
#[derive(Debug)]
pub(super) struct RecipientStory {
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
/// `octets`: those that notes name, then the stories begun first.
pub(super) fn told_at_length(
    scenario: &Scenario,
    told: Vec<RecipientStory>,
    named: &BTreeSet<MessageKey>,
    octets: usize,
) -> Talk {
    let mut stories: BTreeMap<MessageKey, Story> = BTreeMap::new();
    for RecipientStory { at, created, facts } in told {
        let story = stories.entry(created.key).or_insert_with(|| Story::new(created.key, at));
        story.copies.push(Copy { created, facts });
    }
    let mut talk = Talk { lines: Vec::new(), capped: false, octets_left: octets };
    let (first, rest): (Vec<&Story>, Vec<&Story>) =
        stories.values().partition(|story| named.contains(&story.key));
    for story in first.into_iter().chain(rest) {
        origin(scenario, story, &stories, &mut talk);
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

/// What is in the header of a message that a server makes from the beginning: trace fields, and by what
/// it says that no person sent it.
fn origin(
    scenario: &Scenario,
    story: &Story,
    stories: &BTreeMap<MessageKey, Story>,
    talk: &mut Talk,
) {
    for (place, copy) in story.copies.iter().enumerate() {
        let created = &copy.created;
        let mut text = fields_as_made(scenario, story, place, &|key| stories.get(&key));
        text.extend(origin_fields(scenario, created));
        if text.is_empty() {
            continue;
        }
        talk.say(&Line::Field {
            t: seconds(story.at),
            id: &created.key.to_string(),
            to: &scenario.mailbox(created.mailbox),
            host: scenario.host(created.host),
            text: text.join("\n"),
        });
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
