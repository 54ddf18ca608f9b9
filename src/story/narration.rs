//! When the notes of a scenario are shown: at their times, or on the events that they wait for.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, HostId, Mailbox, MessageKey, MessageKind, RecipientId};
use crate::scenario::{Moment, NotedEvent, Occasion, Scenario};
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
    /// Who is behind each recipient that is still open; kept only if some note waits for mail.
    recipients: BTreeMap<RecipientId, Who>,
    watches_mail: bool,
}

/// A note on an event.
#[derive(Debug)]
struct Waiting<'s> {
    note: usize,
    occasion: &'s Occasion,
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
        let waits = |(note, occasion)| Waiting {
            note,
            occasion,
            count: 0,
            latest: None,
            times: Vec::new(),
            shown: None,
        };
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
        let watches_mail = waiting.iter().any(|one| !one.occasion.event.is_of_outage());
        Self { scenario, waiting, recipients: BTreeMap::new(), watches_mail }
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
        let mut shown: Vec<Shown> = timed.chain(found).filter(|one| one.at <= end).collect();
        shown.sort_by_key(|one| (one.at, one.after, one.note));
        shown
    }

    /// Returns a sentence for each note whose event did not happen up to `end`.
    #[must_use]
    pub fn missed(&self, end: SimTime) -> Vec<String> {
        let missed = self.waiting.iter().filter(|one| one.moment().is_none_or(|at| at > end));
        missed
            .map(|one| {
                let line = self.scenario.notes[one.note].line;
                let (event, nth) = (one.occasion.event.as_str(), one.occasion.nth);
                let which = if nth > 1 { format!(" number {nth}") } else { String::new() };
                format!(
                    "the note on line {line} waits for an event \"{event}\"{which} that did not \
                     happen: it is not shown"
                )
            })
            .collect()
    }

    /// Returns the messages that the notes shown speak of; for a notice the one that it is about.
    #[must_use]
    pub fn spoken_of(&self) -> BTreeSet<MessageKey> {
        let shown = self.waiting.iter().filter(|one| one.shown.is_some());
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
        for one in &mut self.waiting {
            let at = match one.occasion.event {
                NotedEvent::OutageBegins => from,
                NotedEvent::OutageEnds => to,
                _ => continue,
            };
            if one.occasion.outage.as_ref().is_none_or(|wanted| wanted == target) {
                one.times.push(at);
            }
        }
    }

    fn happened(&mut self, at: SimTime, happening: &Happening) {
        for one in &mut self.waiting {
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

impl Waiting<'_> {
    fn happened(&mut self, at: SimTime, happening: &Happening) {
        let wanted = self.occasion;
        if self.shown.is_some() || wanted.event != happening.event {
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
