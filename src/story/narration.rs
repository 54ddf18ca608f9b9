//! When the notes of a scenario are shown: at their times, or on the events that they wait for, if
//! they are true of the run.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, HostId, Mailbox, MessageKey, MessageKind, RecipientId};
use crate::model::{Moment, NotedEvent, Occasion, Scenario};
use crate::trace::{Fact, FactSink, FinalOutcome, Register};
use crate::units::SimTime;

/// A note that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: SimTime,
    /// Its position in [`Scenario::notes`].
    pub note: usize,
    /// Whether it follows what happens at that instant; if not, it comes before.
    pub after: bool,
}

/// Takes the facts of a run and finds the events that notes wait for.
#[derive(Debug)]
pub struct Narration<'s> {
    scenario: &'s Scenario,
    waiting: Vec<Waiting<'s>>,
    conditions: Vec<Conditional<'s>>,
    /// Who is behind each recipient that is still open; kept only if some note waits for mail.
    recipients: BTreeMap<RecipientId, Who>,
    watches_mail: bool,
}

/// A condition of a note.
#[derive(Debug)]
struct Conditional<'s> {
    /// What it asks for.
    waits: Waiting<'s>,
    never: bool,
}

/// A note on an event, or on the condition that it happens.
#[derive(Debug)]
struct Waiting<'s> {
    note: usize,
    occasion: &'s Occasion,
    /// It counts from here on, and up to here.
    from: SimTime,
    until: SimTime,
    /// How often it has happened.
    count: u64,
    /// What counted last: the recipients of one message may share an event.
    latest: Option<(SimTime, MessageKey, Option<HostId>)>,
    /// Beginnings or ends of outages, which are all stated at the start.
    times: Vec<SimTime>,
    shown: Option<SimTime>,
}

#[derive(Debug, Clone, Copy)]
struct Who {
    key: MessageKey,
    mailbox: Mailbox,
}

/// Something that happened to a message.
struct Happening {
    event: NotedEvent,
    who: Who,
    /// The message that is spoken of: a notice's making is told of what it is about.
    key: MessageKey,
    host: Option<HostId>,
}

impl<'s> Narration<'s> {
    /// Returns the narration of a run that is about to begin.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let waits = |(note, occasion)| Waiting::new(note, occasion, SimTime::ZERO, SimTime::MAX);
        let conditions: Vec<Conditional<'s>> = scenario
            .notes
            .iter()
            .enumerate()
            .flat_map(|(note, told)| told.conditions.iter().map(move |one| (note, one)))
            .map(|(note, one)| Conditional {
                waits: Waiting::new(note, &one.occasion, one.from, one.until),
                never: one.never,
            })
            .collect();
        let waiting: Vec<Waiting<'s>> = scenario
            .notes
            .iter()
            .enumerate()
            .filter_map(|(index, note)| match &note.moment {
                Moment::On(occasion) => Some((index, occasion)),
                Moment::At(_) => None,
            })
            .map(waits)
            .collect();
        let all = waiting.iter().chain(conditions.iter().map(|one| &one.waits));
        let watches_mail = all.into_iter().any(|one| !one.occasion.event.is_of_outage());
        Self { scenario, waiting, conditions, recipients: BTreeMap::new(), watches_mail }
    }

    /// Returns whether a note is true of the run up to `end`.
    fn holds(&self, note: usize, end: SimTime) -> bool {
        let happened = |one: &Conditional<'_>| one.waits.moment().is_some_and(|at| at <= end);
        let mut own = self.conditions.iter().filter(|one| one.waits.note == note);
        self.scenario.notes[note].stands && own.all(|one| happened(one) != one.never)
    }

    /// Returns the notes shown up to `end`, in order.
    #[must_use]
    pub fn shown(&self, end: SimTime) -> Vec<Shown> {
        let timed = self.scenario.notes.iter().enumerate().filter_map(|(note, told)| {
            let Moment::At(at) = told.moment else { return None };
            Some(Shown { at, note, after: false })
        });
        let found = self
            .waiting
            .iter()
            .filter_map(|one| one.moment().map(|at| Shown { at, note: one.note, after: true }));
        let holds = |one: &Shown| one.at <= end && self.holds(one.note, end);
        let mut shown: Vec<Shown> = timed.chain(found).filter(holds).collect();
        shown.sort_by_key(|one| (one.at, one.after, one.note));
        shown
    }

    /// Says which notes are not shown up to `end`, and why: their event did not happen, or they are
    /// not true of this run.
    #[must_use]
    pub fn missed(&self, end: SimTime) -> Vec<String> {
        let missed = self.waiting.iter().filter(|one| one.moment().is_none_or(|at| at > end));
        let never: BTreeSet<usize> = missed.clone().map(|one| one.note).collect();
        let untrue = self.scenario.notes.iter().enumerate().filter(|(place, note)| {
            note.stands && !never.contains(place) && !self.holds(*place, end)
        });
        let untrue = untrue.map(|(_, note)| {
            format!("the note on line {} is not true of this run: it is not shown", note.line)
        });
        let fallen = self.scenario.notes.iter().filter(|note| !note.stands).count();
        let fallen = (fallen > 0).then(|| {
            let (notes, speak, are) =
                if fallen == 1 { ("note", "speaks", "is") } else { ("notes", "speak", "are") };
            format!(
                "{fallen} {notes} {speak} of the scenario as its file has it, and {are} not shown"
            )
        });
        missed
            .filter(|one| self.scenario.notes[one.note].stands)
            .map(|one| {
                let line = self.scenario.notes[one.note].line;
                let (event, nth) = (one.occasion.event.as_str(), one.occasion.nth);
                let which = if nth > 1 { format!(" number {nth}") } else { String::new() };
                format!(
                    "the note on line {line} waits for an event \"{event}\"{which} that did not \
                     happen: it is not shown"
                )
            })
            .chain(untrue)
            .chain(fallen)
            .collect()
    }

    /// Returns the messages that the notes shown speak of; for a notice the one that it is about.
    #[must_use]
    pub fn spoken_of(&self) -> BTreeSet<MessageKey> {
        let stands =
            |one: &&Waiting<'_>| one.shown.is_some() && self.scenario.notes[one.note].stands;
        let shown = self.waiting.iter().filter(stands);
        let keys = shown.filter_map(|one| one.latest).map(|(_, key, _)| key);
        let written = |key: MessageKey| match key {
            MessageKey::Mail { .. } => key,
            MessageKey::Notice { entry, ordinal, .. } => MessageKey::Mail { entry, ordinal },
        };
        let known = |key: &MessageKey| (entry_of(*key) as usize) < self.scenario.mail.len();
        keys.map(written).filter(known).collect()
    }

    #[inline(never)]
    fn outage(&mut self, target: &str, from: SimTime, to: SimTime) {
        let conditions = self.conditions.iter_mut().map(|one| &mut one.waits);
        for one in self.waiting.iter_mut().chain(conditions) {
            let at = match one.occasion.event {
                NotedEvent::OutageBegins => from,
                NotedEvent::OutageEnds => to,
                _ => continue,
            };
            let wanted = one.occasion.outage.as_ref();
            if one.counts_at(at) && wanted.is_none_or(|wanted| wanted == target) {
                one.times.push(at);
            }
        }
    }

    fn happened(&mut self, at: SimTime, happening: &Happening) {
        let conditions = self.conditions.iter_mut().map(|one| &mut one.waits);
        for one in self.waiting.iter_mut().chain(conditions) {
            one.happened(at, happening);
        }
    }

    /// Something happened to a recipient that is open.
    fn befell(
        &mut self,
        at: SimTime,
        recipient: RecipientId,
        event: NotedEvent,
        host: Option<HostId>,
    ) {
        if let Some(&who) = self.recipients.get(&recipient) {
            self.happened(at, &Happening { event, who, key: who.key, host });
        }
    }

    #[inline(never)]
    fn mail(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::Created(created) => {
                let who = Who { key: created.key, mailbox: created.mailbox };
                self.recipients.insert(created.recipient, who);
                let event = match created.kind {
                    MessageKind::DelayNotice => NotedEvent::DelayNotice,
                    MessageKind::FailureNotice => NotedEvent::FailureNotice,
                    _ => NotedEvent::Written,
                };
                let key = match event {
                    NotedEvent::Written => created.key,
                    _ => created.about.unwrap_or(created.key),
                };
                self.happened(at, &Happening { event, who, key, host: Some(created.host) });
            }
            Fact::Lookup { host, domain, .. } => {
                // A look-up belongs to a delivery: those who wait for one name host or domain.
                let who = Who {
                    key: MessageKey::Mail { entry: u32::MAX, ordinal: u64::from(domain.0) },
                    mailbox: Mailbox { domain: *domain, local: 0 },
                };
                let (event, host) = (NotedEvent::LookedUp, Some(*host));
                self.happened(at, &Happening { event, who, key: who.key, host });
            }
            Fact::Accepted { recipient, by, server: true, .. } => {
                self.befell(at, *recipient, NotedEvent::Accepted, Some(*by));
            }
            Fact::Attempt(attempt) => {
                let event = match attempt.outcome {
                    AttemptOutcome::Accepted => return,
                    AttemptOutcome::Permfail => NotedEvent::Refused,
                    _ => NotedEvent::Deferred,
                };
                let host = attempt.to.or(Some(attempt.from));
                self.befell(at, attempt.recipient, event, host);
            }
            Fact::Final { recipient, host, outcome, .. } => {
                let event = match outcome {
                    FinalOutcome::Delivered => NotedEvent::Delivered,
                    FinalOutcome::Failed => NotedEvent::Failed,
                    FinalOutcome::Discarded => return,
                };
                self.befell(at, *recipient, event, Some(*host));
            }
            Fact::Retrieved { recipient, reading, .. } => {
                let reading = self.scenario.reading.get(*reading as usize);
                let host = reading.and_then(|reading| reading.from);
                self.befell(at, *recipient, NotedEvent::Retrieved, host);
            }
            Fact::Closed { recipient } => {
                self.recipients.remove(recipient);
            }
            _ => {}
        }
    }
}

impl FactSink for Narration<'_> {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        self.take(at, fact);
    }
}

impl Narration<'_> {
    /// Takes one fact: what notes wait for stands in the facts themselves.
    // Few scenarios have notes that wait for mail; the others pay a glance at each fact.
    #[inline]
    pub fn take(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::Outage(outage) => self.outage(&outage.target, outage.from, outage.to),
            _ if self.watches_mail => self.mail(at, fact),
            _ => {}
        }
    }
}

impl<'s> Waiting<'s> {
    fn new(note: usize, occasion: &'s Occasion, from: SimTime, until: SimTime) -> Self {
        Self { note, occasion, from, until, count: 0, latest: None, times: Vec::new(), shown: None }
    }

    fn counts_at(&self, at: SimTime) -> bool {
        self.from <= at && at <= self.until
    }

    fn happened(&mut self, at: SimTime, happening: &Happening) {
        let wanted = self.occasion;
        if self.shown.is_some() || wanted.event != happening.event || !self.counts_at(at) {
            return;
        }
        let (entry, key) = (entry_of(happening.key), happening.key);
        let domain_fits = wanted.event == NotedEvent::LookedUp
            && wanted.recipient.is_none_or(|one| one.domain == happening.who.mailbox.domain);
        let fits = wanted.is_at(happening.host)
            && wanted.message.is_none_or(|message| message == key)
            && wanted.mail.is_none_or(|mail| mail == entry)
            && (domain_fits || wanted.recipient.is_none_or(|one| one == happening.who.mailbox));
        let identity = Some((at, happening.who.key, happening.host));
        if !fits || self.latest == identity {
            return;
        }
        self.latest = identity;
        self.count += 1;
        if self.count == wanted.nth {
            self.shown = Some(at);
        }
    }

    /// When it is shown, as far as is known by now.
    fn moment(&self) -> Option<SimTime> {
        if !self.occasion.event.is_of_outage() {
            return self.shown;
        }
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = usize::try_from(self.occasion.nth - 1).ok()?;
        times.get(place).copied().filter(|at| *at != SimTime::MAX)
    }
}

fn entry_of(key: MessageKey) -> u32 {
    let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) = key;
    entry
}
