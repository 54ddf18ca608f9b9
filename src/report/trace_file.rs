//! `trace.jsonl`: the facts that the page plays, one JSON object a line.
//!
//! The first line says what the file is and whether it is capped. Where the run states more facts
//! than a page can hold ([`Room`]), whole stories are kept: when the cap is reached, the mail submitted last is
//! taken out and no more is admitted, and the mail that stays is told to its end. Messages that a note
//! names stay, whenever they are written.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{DomainId, HostId, MailboxNames, MessageKey, MessageKind, RecipientId};
use crate::scenario::{Moment, Scenario};
use crate::story::Narration;
use crate::trace::{AttemptFact, Created, Fact, QueueSample, StillOpen};
use crate::units::{SimDuration, SimTime};

use super::picture::Picture;
use super::told::{Told, told_at_length};
use super::trace_line::{Header, Line, Marks, lookup_word, seconds, when};

/// How much a trace may hold, so that the page that plays it stays below 5 MB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Most octets of lines about mail.
    story: usize,
    /// Most octets of dialogues and Received fields.
    pub(super) talk: usize,
    /// Most lines about queues.
    queue_lines: usize,
}

impl Room {
    /// For a page that plays one run.
    pub(super) const WHOLE: Self = Self { story: 2_400_000, talk: 2_200_000, queue_lines: 5_000 };
    /// For a page that plays two.
    pub(super) const HALF: Self = Self { story: 1_200_000, talk: 1_400_000, queue_lines: 2_500 };
}

/// Most lines about outages.
const MOST_OUTAGE_LINES: usize = 1_000;

/// Returns the field of the header in which a recipient stands, where that is not To.
fn named(scenario: &Scenario, created: &Created) -> Option<&'static str> {
    let MessageKey::Mail { entry, .. } = created.key else { return None };
    let mail = scenario.mail.get(entry as usize)?;
    if created.kind != MessageKind::Mail || mail.cc + mail.bcc == 0 {
        return None;
    }
    Some(mail.field_of(created.mailbox).unwrap_or("none")).filter(|field| *field != "To")
}

/// Returns the messages that notes on events name.
fn named_by_notes(scenario: &Scenario) -> BTreeSet<MessageKey> {
    let occasions = scenario.notes.iter().filter_map(|note| match &note.moment {
        Moment::On(occasion) => occasion.message,
        Moment::At(_) => None,
    });
    occasions.collect()
}

/// Gathers the lines.
pub(super) struct TraceLines<'n> {
    names: &'n dyn MailboxNames,
    /// For what the lines alone do not tell: the network, dialogues, Received fields.
    scenario: Option<&'n Scenario>,
    /// The stories told, by their numbers.
    told: BTreeMap<u32, Told>,
    /// Each line, with the number of the story that it belongs to, if any.
    lines: Vec<(Option<u32>, String)>,
    room: Room,
    stated: u64,
    capped: bool,
    story_octets: usize,
    /// Number of stories begun; look-ups belong to the latest.
    stories: u32,
    queue_lines: usize,
    queues_capped: bool,
    outage_lines: usize,
    /// Messages that notes name, and the numbers of their stories.
    named: BTreeSet<MessageKey>,
    named_stories: BTreeSet<u32>,
    /// The message and address in each slot whose mail is told.
    admitted: Vec<Option<Identity>>,
    latest_samples: BTreeMap<HostId, QueueSample>,
    hosts: Named,
    domains: Named,
    narration: Option<Narration<'n>>,
    /// The latest instant of which anything was stated.
    end: SimTime,
}

/// Which positions of a table of names are spoken of.
#[derive(Default)]
struct Named(Vec<bool>);

impl Named {
    fn insert(&mut self, index: usize) {
        if index >= self.0.len() {
            self.0.resize(index + 1, false);
        }
        self.0[index] = true;
    }

    fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().filter(|(_, named)| **named).map(|(index, _)| index)
    }
}

struct Identity {
    story: u32,
    id: String,
    to: String,
}

impl<'n> TraceLines<'n> {
    pub(super) fn new(
        names: &'n dyn MailboxNames,
        scenario: Option<&'n Scenario>,
        room: Room,
    ) -> Self {
        Self {
            names,
            room,
            scenario,
            told: BTreeMap::new(),
            lines: Vec::new(),
            stated: 0,
            capped: false,
            story_octets: 0,
            stories: 0,
            queue_lines: 0,
            queues_capped: false,
            outage_lines: 0,
            named: scenario.map(named_by_notes).unwrap_or_default(),
            named_stories: BTreeSet::new(),
            admitted: Vec::new(),
            latest_samples: BTreeMap::new(),
            hosts: Named::default(),
            domains: Named::default(),
            narration: scenario.map(Narration::new),
            end: SimTime::ZERO,
        }
    }

    /// Takes one fact.
    pub(super) fn take(&mut self, at: SimTime, fact: &Fact) {
        self.stated += 1;
        self.end = self.end.max(at);
        self.keep_fact(at, fact);
        if let Some(narration) = &mut self.narration {
            narration.take(at, fact);
        }
        match fact {
            Fact::Outage(outage) => {
                self.outage_lines += 1;
                let line = Line::Outage {
                    entry: outage.entry,
                    target: &outage.target,
                    mode: &outage.mode,
                    from: seconds(outage.from),
                    to: when(outage.to),
                };
                if self.outage_lines <= MOST_OUTAGE_LINES {
                    self.lines.push((None, line.spelt()));
                }
            }
            Fact::Created(created) => self.created(at, created),
            Fact::Queues(sample) => self.queues(at, sample),
            Fact::Host(totals) => {
                self.hosts.insert(totals.host.index());
            }
            Fact::Closed { recipient } => {
                if let Some(slot) = self.admitted.get_mut(recipient.index()) {
                    *slot = None;
                }
            }
            Fact::Ledger(_) => {}
            Fact::Lookup { delivery, host, domain, started, outcome, .. } => {
                if self.capped {
                    return;
                }
                self.hosts.insert(host.index());
                self.domains.insert(domain.index());
                let line = Line::Lookup {
                    t: seconds(at),
                    delivery: *delivery,
                    host: self.names.host(*host),
                    domain: self.names.domain(*domain),
                    started: seconds(*started),
                    outcome: lookup_word(*outcome),
                };
                let line = line.spelt();
                self.keep_of_story(self.stories, line);
            }
            Fact::Attempt(attempt) => self.attempt(at, attempt),
            Fact::Accepted { recipient, by, received_fields, .. } => {
                let (host, received) = (*by, *received_fields);
                self.hosts.insert(host.index());
                self.story(*recipient, |names, id, to| {
                    Line::Accepted { t: seconds(at), id, to, host: names.host(host), received }
                        .spelt()
                });
            }
            Fact::Final { recipient, host, outcome, status, received_fields, duplicate } => {
                self.hosts.insert(host.index());
                self.story(*recipient, |names, id, to| {
                    Line::Final {
                        t: seconds(at),
                        id,
                        to,
                        host: names.host(*host),
                        outcome: outcome.as_str(),
                        status: status.to_string(),
                        received: *received_fields,
                        duplicate: *duplicate,
                    }
                    .spelt()
                });
            }
            Fact::Screened(found) => {
                let Some(scenario) = self.scenario else { return };
                self.hosts.insert(found.by.index());
                self.story(found.recipient, |names, id, to| {
                    let (host, verdict) = (names.host(found.by), found.findings.verdict.as_str());
                    let text = crate::story::told(scenario, found);
                    Line::Screened { t: seconds(at), id, to, host, verdict, text }.spelt()
                });
            }
            Fact::Junk { recipient } => {
                self.story(*recipient, |_, id, to| Line::Junk { t: seconds(at), id, to }.spelt());
            }
            Fact::Retrieved { recipient, protocol, reading, removed } => {
                let by = protocol.as_str();
                let reading = self.scenario.and_then(|all| all.reading.get(*reading as usize));
                let device = reading.map(|reading| reading.device.as_str());
                let device = device.filter(|device| !device.is_empty());
                self.story(*recipient, |_, id, to| {
                    let removed = removed.map(seconds);
                    Line::Retrieved { t: seconds(at), id, to, by, device, removed }.spelt()
                });
            }
            Fact::Open { recipient, state, host } => {
                let state = match state {
                    StillOpen::Queued => "queued",
                    StillOpen::InTransit => "in_transit",
                    StillOpen::Unread => "unread",
                };
                self.story(*recipient, |names, id, to| {
                    Line::Open { t: seconds(at), id, to, host: names.host(*host), state }.spelt()
                });
            }
        }
    }

    fn created(&mut self, at: SimTime, created: &Created) {
        let index = created.recipient.index();
        let (MessageKey::Mail { entry, ordinal } | MessageKey::Notice { entry, ordinal, .. }) =
            created.key;
        let is_named = self.named.contains(&MessageKey::Mail { entry, ordinal });
        if self.capped && !is_named {
            if let Some(slot) = self.admitted.get_mut(index) {
                *slot = None;
            }
            return;
        }
        if index >= self.admitted.len() {
            self.admitted.resize_with(index + 1, || None);
        }
        let names = self.names;
        let named = self.scenario.and_then(|scenario| named(scenario, created));
        let to = names.mailbox(created.mailbox);
        self.stories += 1;
        if is_named {
            self.named_stories.insert(self.stories);
        }
        self.admitted[index] =
            Some(Identity { story: self.stories, id: created.key.to_string(), to });
        self.told.insert(self.stories, Told { at, created: *created, facts: Vec::new() });
        self.hosts.insert(created.host.index());
        self.domains.insert(created.mailbox.domain.index());
        self.story(created.recipient, |names, id, to| {
            Line::Created {
                t: seconds(at),
                id,
                to,
                sender: created.sender.map(|sender| names.mailbox(sender)),
                kind: created.kind.as_str(),
                about: created.about.map(|about| about.to_string()),
                octets: created.size.get(),
                host: names.host(created.host),
                named,
            }
            .spelt()
        });
    }

    fn attempt(&mut self, at: SimTime, fact: &AttemptFact) {
        self.hosts.insert(fact.from.index());
        if let Some(to) = fact.to {
            self.hosts.insert(to.index());
        }
        self.story(fact.recipient, |names, id, to| {
            Line::Attempt {
                t: seconds(at),
                id,
                to,
                delivery: fact.delivery,
                from_host: names.host(fact.from),
                to_host: fact.to.map(|host| names.host(host)),
                mx: fact.preference,
                port: fact.port,
                started: seconds(fact.started),
                ended: seconds(fact.ended),
                stage: fact.stage.as_str(),
                outcome: fact.outcome.as_str(),
                reply: fact.reply.map(|reply| reply.code),
                status: fact.status.to_string(),
                next: fact.next_attempt.and_then(when),
                transaction: fact.transaction,
                recipients: fact.recipients,
                octets: fact.octets.get(),
                marks: Marks::of(&fact.marks),
            }
            .spelt()
        });
    }

    /// Samples are kept where something has changed.
    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        if self.latest_samples.get(&sample.host) == Some(sample) {
            return;
        }
        self.latest_samples.insert(sample.host, *sample);
        self.hosts.insert(sample.host.index());
        if self.queue_lines == self.room.queue_lines {
            self.queues_capped = true;
            return;
        }
        self.queue_lines += 1;
        let line = Line::Queues {
            t: seconds(at),
            host: self.names.host(sample.host),
            incoming: sample.incoming,
            active: sample.active,
            deferred: sample.deferred,
            inbound: sample.inbound_sessions,
            outbound: sample.outbound_sessions,
        };
        self.lines.push((None, line.spelt()));
    }

    /// Keeps a line about an admitted recipient.
    fn story(
        &mut self,
        recipient: RecipientId,
        line: impl FnOnce(&'n dyn MailboxNames, &str, &str) -> String,
    ) {
        let Some(Some(who)) = self.admitted.get(recipient.index()) else {
            return;
        };
        let (story, line) = (who.story, line(self.names, &who.id, &who.to));
        self.keep_of_story(story, line);
    }

    fn keep_of_story(&mut self, story: u32, line: String) {
        if self.story_octets + line.len() > self.room.story {
            if self.capped {
                return;
            }
            self.take_out_the_latest();
            // The story itself may be among them.
            if self.lines.iter().rev().all(|(of, _)| of.is_none_or(|of| of != story)) {
                return;
            }
        }
        self.story_octets += line.len();
        self.lines.push((Some(story), line));
    }

    /// Keeps a fact about an admitted recipient, for its dialogue and fields.
    fn keep_fact(&mut self, at: SimTime, fact: &Fact) {
        let recipient = match fact {
            Fact::Attempt(attempt) => attempt.recipient,
            Fact::Accepted { recipient, .. } => *recipient,
            Fact::Screened(found) => found.recipient,
            _ => return,
        };
        if self.scenario.is_some()
            && let Some(Some(who)) = self.admitted.get(recipient.index())
            && let Some(told) = self.told.get_mut(&who.story)
        {
            told.facts.push((at, fact.clone()));
        }
    }

    /// Makes room for the rest of the stories begun first, which get half of it, and of those that
    /// notes name.
    fn take_out_the_latest(&mut self) {
        self.capped = true;
        let mut lengths = vec![0; self.stories as usize + 1];
        for (story, line) in &self.lines {
            if let Some(story) = story {
                lengths[*story as usize] += line.len();
            }
        }
        let mut sum = 0;
        let mut stay = 0;
        for (story, length) in lengths.iter().enumerate() {
            if sum + length > self.room.story / 2 {
                break;
            }
            (stay, sum) = (story as u32, sum + length);
        }
        let later = self.named_stories.iter().filter(|story| **story > stay);
        self.story_octets = sum + later.map(|story| lengths[*story as usize]).sum::<usize>();
        let named = &self.named_stories;
        let stays = |story: u32| story <= stay || named.contains(&story);
        self.told.retain(|story, _| stays(*story));
        self.lines.retain(|(story, _)| story.is_none_or(stays));
        for slot in &mut self.admitted {
            if slot.as_ref().is_some_and(|who| !stays(who.story)) {
                *slot = None;
            }
        }
    }

    /// Returns the text of the file. It says how long the run lasted if no other file does.
    pub(super) fn spelt(self, duration: Option<SimDuration>) -> String {
        let told = self.told.into_values().collect();
        let talk = self.scenario.map(|scenario| told_at_length(scenario, told, self.room.talk));
        let (at_length, talk_capped) =
            talk.map_or((Vec::new(), false), |talk| (talk.lines, talk.capped));
        let outages_capped = self.outage_lines > MOST_OUTAGE_LINES;
        let shown = self.narration.map(|narration| narration.shown(self.end)).unwrap_or_default();
        let header = Header {
            format: "mailsim trace",
            schema: 1,
            facts: self.stated,
            kept: self.lines.len() + at_length.len(),
            capped: self.capped || self.queues_capped || outages_capped,
            talk_capped,
            duration: duration.map(SimDuration::as_secs_f64),
            hosts: self.hosts.indices().map(|at| self.names.host(HostId::from_index(at))).collect(),
            domains: self
                .domains
                .indices()
                .map(|at| self.names.domain(DomainId::from_index(at)))
                .collect(),
            picture: self.scenario.map(|scenario| Picture::of(scenario, &shown)),
        };
        let mut text = serde_json::to_string(&header).expect("a header is plain data");
        text.push('\n');
        for (_, line) in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        for line in at_length {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}
