//! `trace.jsonl`: the facts that the page plays, one JSON object a line.
//!
//! The first line says what the file is and whether it is capped. Where the run states more facts
//! than a page can hold ([`Room`]), whole stories are kept, chosen over all of the run: each time the room
//! is full about half of the messages go, and as many of those still to come are not admitted (see [`chance`]).
//! Four times as many stay that are written while something has failed, and all that a note names. How all
//! mail stands by time is told beside them ([`super::course`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Protocol;
use crate::mail::{DomainId, HostId, MailboxNames, MessageKey, MessageKind, RecipientId};
use crate::model::{Moment, Scenario};
use crate::story::Narration;
use crate::trace::{AttemptFact, Created, Fact, StillOpen};
use crate::units::{SimDuration, SimTime};

use super::course::{QueueCourse, Totals};
use super::picture::Picture;
use super::trace_details::{RecipientStory, told_at_length};
use super::trace_line::{Header, Line, LookUp, Marks, seconds, when};

/// How much a trace may hold, so that the page that plays it stays below 5 MB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Most octets of lines about mail.
    story: usize,
    /// Most octets of dialogues and Received fields.
    pub(super) talk: usize,
    /// Most samples of queues, and most numbers of recipients.
    course: usize,
}

impl Room {
    /// For a page that plays one run.
    pub(super) const WHOLE: Self = Self { story: 2_400_000, talk: 2_200_000, course: 5_000 };
    /// For a page that plays a run with notes, as a lesson is: it comes over a school's line, and stays
    /// below 1.5 MB.
    pub(super) const LESSON: Self = Self { story: 520_000, talk: 640_000, course: 1_000 };
    /// For a page that plays two.
    pub(super) const HALF: Self = Self { story: 1_200_000, talk: 1_400_000, course: 2_500 };
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

/// Thinnings that a message outlasts more if it is written while something has failed.
const FOR_OUTAGES: u32 = 2;
/// The number of thinnings after which nothing is left but what notes name.
const MOST_THINNINGS: u32 = 64;

/// Returns how many thinnings a message outlasts by the luck of its name: one in half of all cases, two
/// in a quarter, and so on. Notices and copies share the luck of what they are about.
fn chance(entry: u32, ordinal: u64) -> u32 {
    let mut mixed = (u64::from(entry) << 48) ^ ordinal;
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).trailing_zeros()
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
    told: BTreeMap<u32, RecipientStory>,
    /// Each line, with the number of the story that it belongs to, if any.
    lines: Vec<(Option<u32>, String)>,
    room: Room,
    stated: u64,
    /// How often the stories have been thinned out.
    thinnings: u32,
    /// How many thinnings each story outlasts.
    lasting: Vec<u32>,
    /// When something has failed.
    failing: Vec<(SimTime, SimTime)>,
    /// Look-ups of deliveries whose message is not known yet, once not all stories are told.
    pending: BTreeMap<u64, LookUp>,
    story_octets: usize,
    /// Number of stories begun; look-ups belong to the latest.
    stories: u32,
    queues: QueueCourse,
    totals: Totals,
    outage_lines: usize,
    /// Messages that notes name, and the numbers of their stories.
    named: BTreeSet<MessageKey>,
    named_stories: BTreeSet<u32>,
    /// The message and address in each slot whose mail is told.
    admitted: Vec<Option<Identity>>,
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
            thinnings: 0,
            lasting: vec![0],
            failing: Vec::new(),
            pending: BTreeMap::new(),
            story_octets: 0,
            stories: 0,
            queues: QueueCourse::new(room.course),
            totals: Totals::new(room.course),
            outage_lines: 0,
            named: scenario.map(named_by_notes).unwrap_or_default(),
            named_stories: BTreeSet::new(),
            admitted: Vec::new(),
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
        self.totals.take(at, fact);
        if let Some(narration) = &mut self.narration {
            narration.take(at, fact);
        }
        match fact {
            Fact::Outage(outage) => {
                self.outage_lines += 1;
                if self.outage_lines <= MOST_OUTAGE_LINES {
                    self.failing.push((outage.from, outage.to));
                }
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
            Fact::Queues(sample) => {
                self.hosts.insert(sample.host.index());
                self.queues.add(at, *sample);
            }
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
                self.hosts.insert(host.index());
                self.domains.insert(domain.index());
                let (delivery, host, domain) = (*delivery, *host, *domain);
                let (started, outcome) = (*started, *outcome);
                let asked = LookUp { at, delivery, host, domain, started, outcome };
                if self.thinnings > 0 {
                    self.pending.insert(delivery, asked);
                } else {
                    self.keep_of_story(self.stories, asked.spelt(self.names));
                }
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
                let from = reading.and_then(|reading| reading.from);
                let idle = reading.is_some_and(|reading| reading.protocol == Protocol::ImapIdle);
                self.story(*recipient, |names, id, to| {
                    let removed = removed.map(seconds);
                    let host = from.map(|host| names.host(host));
                    Line::Retrieved { t: seconds(at), id, to, by, device, host, idle, removed }
                        .spelt()
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
        let failing = self.failing.iter().any(|(from, to)| *from <= at && at <= *to);
        let lasting = chance(entry, ordinal) + if failing { FOR_OUTAGES } else { 0 };
        if lasting < self.thinnings && !is_named {
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
        self.lasting.push(lasting);
        if is_named {
            self.named_stories.insert(self.stories);
        }
        self.admitted[index] =
            Some(Identity { story: self.stories, id: created.key.to_string(), to });
        self.told.insert(self.stories, RecipientStory { at, created: *created, facts: Vec::new() });
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
        if let Some(lookup) = self.pending.remove(&fact.delivery) {
            self.story(fact.recipient, |names, _, _| lookup.spelt(names));
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
        while self.story_octets + line.len() > self.room.story {
            if self.thinnings == MOST_THINNINGS {
                return;
            }
            self.thin_out();
            if !self.stays(story) {
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

    /// Whether a story outlasts the thinnings so far.
    fn stays(&self, story: u32) -> bool {
        let lasting = self.lasting.get(story as usize).copied().unwrap_or(0);
        lasting >= self.thinnings || self.named_stories.contains(&story)
    }

    /// Takes stories out until half of the room is free, for the rest of those that stay.
    fn thin_out(&mut self) {
        loop {
            self.thinnings += 1;
            let lengths = self.lines.iter().filter(|(of, _)| of.is_some_and(|of| self.stays(of)));
            self.story_octets = lengths.map(|(_, line)| line.len()).sum();
            if self.story_octets <= self.room.story / 2 || self.thinnings == MOST_THINNINGS {
                break;
            }
        }
        let mut lines = std::mem::take(&mut self.lines);
        lines.retain(|(story, _)| story.is_none_or(|story| self.stays(story)));
        self.lines = lines;
        let mut told = std::mem::take(&mut self.told);
        told.retain(|story, _| self.stays(*story));
        self.told = told;
        let mut admitted = std::mem::take(&mut self.admitted);
        for slot in &mut admitted {
            if slot.as_ref().is_some_and(|who| !self.stays(who.story)) {
                *slot = None;
            }
        }
        self.admitted = admitted;
    }

    /// Returns the text of the file. It says how long the run lasted if no other file does.
    pub(super) fn spelt(self, duration: Option<SimDuration>) -> String {
        let told = self.told.into_values().collect();
        // Where not all stories find room, what is said in them has less of it, too.
        let room = if self.thinnings > 0 { self.room.talk / 2 } else { self.room.talk };
        let named = &self.named;
        let talk = self.scenario.map(|scenario| told_at_length(scenario, told, named, room));
        let (at_length, talk_capped) =
            talk.map_or((Vec::new(), false), |talk| (talk.lines, talk.capped));
        let capped = self.thinnings > 0 || self.queues.hosts_left_out;
        let mut course = self.queues.lines(self.names);
        if capped {
            course.extend(self.totals.lines(self.names, self.end));
        }
        let outages_capped = self.outage_lines > MOST_OUTAGE_LINES;
        let shown = self.narration.map(|narration| narration.shown(self.end)).unwrap_or_default();
        let header = Header {
            format: "mailsim trace",
            schema: 1,
            facts: self.stated,
            kept: self.lines.len() + course.len() + at_length.len(),
            capped: capped || outages_capped,
            talk_capped,
            queues_every: self.queues.every(),
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
        for line in self.lines.iter().map(|(_, line)| line).chain(&course).chain(&at_length) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}
