//! A message's journey as a sequence diagram in the language of Mermaid.
//!
//! A lane is a host, and one the DNS; an arrow is a step of a session, or each of its lines; what a
//! host does by itself, and how long a message waits there, are notes.

use crate::mail::{AttemptOutcome, HostId, Stage};
use crate::model::Scenario;
use crate::smtp::{Line, Speaker};
use crate::story::{Exchange, LookUp, Story, lines};
use crate::trace::{AttemptFact, Fact};
use crate::units::{SimDuration, SimTime};

use super::journey::Journey;
use super::wording::{clock, result};

/// Returns the diagram of a message and the notices about it; `only` these recipients of the
/// message, if there are any.
pub(super) fn diagram(
    scenario: &Scenario,
    stories: &[Story],
    only: &[String],
    full: bool,
) -> String {
    let mut steps = Vec::new();
    let mut title = String::new();
    for (place, story) in stories.iter().enumerate() {
        let only: &[String] = if place == 0 { only } else { &[] };
        let journey = Journey::new(scenario, story, only);
        if place == 0 {
            title = journey.heading().trim_end().to_owned();
        }
        Drawing { journey: &journey, full, steps: &mut steps }.draw(place > 0);
    }
    steps.sort_by_key(|step| step.at);
    let mut lanes: Vec<Lane> = Vec::new();
    for lane in steps.iter().flat_map(|step| &step.lanes) {
        if !lanes.contains(lane) {
            lanes.push(*lane);
        }
    }
    let mut text = format!("---\ntitle: {}\n---\nsequenceDiagram\n", in_yaml(&title));
    for lane in lanes {
        let name = match lane {
            Lane::Host(host) => scenario.hosts[host.index()].name.as_str(),
            Lane::Dns => "DNS",
        };
        text.push_str(&format!("    participant {} as {}\n", lane.id(), escaped(name)));
    }
    for step in &steps {
        text.push_str(&step.text);
    }
    text
}

/// A column of the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Host(HostId),
    Dns,
}

impl Lane {
    fn id(self) -> String {
        match self {
            Self::Host(host) => format!("h{}", host.index()),
            Self::Dns => "dns".to_owned(),
        }
    }
}

/// What is drawn for one instant.
struct Step {
    at: SimTime,
    lanes: Vec<Lane>,
    text: String,
}

struct Drawing<'a, 's> {
    journey: &'a Journey<'s>,
    full: bool,
    steps: &'a mut Vec<Step>,
}

impl Drawing<'_, '_> {
    /// Draws a message, or, if it `follows` from it, a notice.
    fn draw(&mut self, follows: bool) {
        let journey = self.journey;
        let story = journey.story;
        let begins = if follows { journey.heading() } else { journey.beginning() };
        self.note(story.at, story.copies[0].created.host, begins.trim_end());
        for lookup in journey.lookups() {
            self.look_up(lookup);
        }
        for exchange in &journey.exchanges {
            self.exchange(exchange);
        }
        for &copy in &journey.copies {
            for (at, fact) in &story.copies[copy].facts {
                let host = match fact {
                    Fact::Final { host, .. } | Fact::Open { host, .. } => *host,
                    Fact::Retrieved { .. } => store_of(story, copy),
                    _ => continue,
                };
                if let Some(text) = journey.ending(copy, *at, fact) {
                    self.note(*at, host, &text);
                }
            }
        }
    }

    fn note(&mut self, at: SimTime, host: HostId, text: &str) {
        let lane = Lane::Host(host);
        let text = format!("    Note over {}: {} {}\n", lane.id(), clock(at), escaped(text));
        self.steps.push(Step { at, lanes: vec![lane], text });
    }

    fn look_up(&mut self, lookup: &LookUp) {
        let lane = Lane::Host(lookup.host);
        let name = &self.journey.scenario.domains[lookup.domain.index()].name;
        let text = format!(
            "    {0}->>dns: {1} MX of {2}?\n    dns-->>{0}: {3}\n",
            lane.id(),
            clock(lookup.started),
            escaped(name),
            escaped(&self.journey.answer(lookup))
        );
        self.steps.push(Step { at: lookup.started, lanes: vec![lane, Lane::Dns], text });
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let journey = self.journey;
        let fact = exchange.first();
        let untried = match (fact.to, fact.stage) {
            // What came of it is told as the end of the copy.
            (_, Stage::Local) => return,
            (Some(to), stage) if stage != Stage::Suspended => {
                self.session(exchange, fact, to);
                return;
            }
            _ => journey.without_try(exchange),
        };
        self.note(fact.started, fact.from, &untried);
    }

    fn session(&mut self, exchange: &Exchange, fact: &AttemptFact, to: HostId) {
        let journey = self.journey;
        let (from, server) = (Lane::Host(fact.from), Lane::Host(to));
        let mut text = String::new();
        let wait = journey.waited(fact.from, exchange.facts[0].0, fact.started);
        if let Some(wait) = wait.filter(|wait| *wait >= NOTEWORTHY) {
            // It stands where it began, before the look-up that ends it.
            let at = SimTime::ZERO + fact.started.since_start().saturating_sub(wait);
            let text = format!("    Note over {}: waits {wait}\n", from.id());
            self.steps.push(Step { at, lanes: vec![from], text });
        }
        let said = lines(journey.scenario, journey.story, exchange, to);
        if self.full {
            for line in &said {
                text.push_str(&arrow(line, from, server));
            }
        } else {
            text.push_str(&condensed(exchange, fact, &said, from, server));
        }
        if let Some(plan) = plan(fact) {
            text.push_str(&format!("    Note over {}: {plan}\n", from.id()));
        }
        self.steps.push(Step { at: fact.started, lanes: vec![from, server], text });
    }
}

/// Shorter waits are not worth a note.
const NOTEWORTHY: SimDuration = SimDuration::from_secs(1);

/// Where the copy lies that its reader fetches.
fn store_of(story: &Story, copy: usize) -> HostId {
    let facts = &story.copies[copy].facts;
    let store = facts.iter().find_map(|(_, fact)| match fact {
        Fact::Final { host, .. } => Some(*host),
        _ => None,
    });
    store.unwrap_or(story.copies[copy].created.host)
}

/// A line of a dialogue as an arrow, or as a note about the connection.
fn arrow(line: &Line, client: Lane, server: Lane) -> String {
    let at = line.at.map(|at| format!("{} ", clock(at))).unwrap_or_default();
    let (client, server, text) = (client.id(), server.id(), escaped(&line.text));
    match line.speaker {
        Speaker::Client => format!("    {client}->>{server}: {at}{text}\n"),
        Speaker::Server => format!("    {server}-->>{client}: {at}{text}\n"),
        Speaker::Connection => format!("    Note over {client},{server}: {at}{text}\n"),
    }
}

/// A session in two arrows: what the client wanted, and how it ended.
fn condensed(
    exchange: &Exchange,
    fact: &AttemptFact,
    said: &[Line],
    client: Lane,
    server: Lane,
) -> String {
    let (client, server) = (client.id(), server.id());
    let preference = fact.preference.filter(|_| fact.port == 25);
    let way = match preference {
        Some(preference) => format!("MX {preference}, port {}", fact.port),
        None => format!("port {}", fact.port),
    };
    let count = exchange.facts.len();
    let who = if count == 1 { "1 recipient".to_owned() } else { format!("{count} recipients") };
    let sent = match fact.octets.get() {
        0 => String::new(),
        octets => format!(", {octets} octets"),
    };
    let begun = clock(fact.started);
    let mut text = if fact.stage == Stage::Connect {
        format!("    {client}-x{server}: {begun} connects ({way})\n")
    } else {
        format!("    {client}->>{server}: {begun} session ({way}): {who}{sent}\n")
    };
    let ended = clock(fact.ended);
    // The reply that decided, or the last one that is not about the end of the session.
    let decides = |line: &&Line| match fact.reply {
        Some(reply) => line.text.starts_with(&reply.to_string()),
        None => !line.text.starts_with("221 "),
    };
    let deciding =
        said.iter().rev().filter(|line| line.speaker == Speaker::Server).find(|l| decides(l));
    match (fact.reply.is_some() || fact.outcome == AttemptOutcome::Accepted, deciding) {
        (true, Some(reply)) => {
            let mixed = mixed_replies(exchange);
            let reply = mixed.unwrap_or_else(|| reply.text.clone());
            text.push_str(&format!("    {server}-->>{client}: {ended} {}\n", escaped(&reply)));
        }
        _ => {
            let what = result(fact.outcome);
            text.push_str(&format!("    Note over {client},{server}: {ended} {what}\n"));
        }
    }
    text
}

/// How recipients fared who did not fare alike.
fn mixed_replies(exchange: &Exchange) -> Option<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (_, fact) in &exchange.facts {
        let reply = match fact.reply {
            Some(reply) => reply.to_string(),
            None => result(fact.outcome).to_owned(),
        };
        match counts.iter_mut().find(|(known, _)| *known == reply) {
            Some((_, count)) => *count += 1,
            None => counts.push((reply, 1)),
        }
    }
    let several = counts.len() > 1;
    let spelt = counts.into_iter().map(|(reply, count)| format!("{count} × {reply}"));
    several.then(|| spelt.collect::<Vec<_>>().join(", "))
}

/// When it will be tried again.
fn plan(fact: &AttemptFact) -> Option<String> {
    let next = fact.next_attempt.filter(|_| fact.outcome != AttemptOutcome::Accepted)?;
    Some(format!("tries again at {} (in {})", clock(next), next.since(fact.ended)))
}

/// A text for a message or note of a diagram: signs that Mermaid would take for its own are written
/// as entities.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '\n' | '\r' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// A text in YAML.
fn in_yaml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
