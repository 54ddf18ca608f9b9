//! Keeps the facts about the messages that are wanted and the notices about them, and no others.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::mail::{Mailbox, MessageKey, MessageKind, RecipientId};
use crate::trace::{AttemptFact, Created, Fact, FactSink, Register};

use crate::units::SimTime;

use super::tale::{Copy, LookUp, Story, Transaction};

/// Which message is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The first of the run.
    First,
    /// This one.
    Key(MessageKey),
    /// The first ones of the run, up to this number.
    Several(usize),
    /// These of the run.
    These(BTreeSet<MessageKey>),
    /// All that have this recipient; of their copies only the recipient's own.
    To(Mailbox),
}

/// Takes the facts of a run.
#[derive(Debug)]
pub struct Watch {
    wanted: Wanted,
    /// The message, then the notices about it.
    pub stories: Vec<Story>,
    /// How many messages each `[[mail]]` entry has sent.
    pub sent: BTreeMap<u32, u64>,
    /// Some notices of the run, for those who look for one.
    pub notices: Vec<MessageKey>,
    /// Open recipients of the stories: story and copy by slot.
    slots: BTreeMap<RecipientId, (usize, usize)>,
    /// Look-ups of deliveries whose message is not known yet.
    pending: BTreeMap<u64, Vec<LookUp>>,
    over: Rc<Cell<bool>>,
}

/// Enough notices to give examples.
const MOST_NOTICES: usize = 1000;

impl Watch {
    /// Returns a watch that sets `over` once nothing more can happen to the message.
    pub fn new(wanted: Wanted, over: Rc<Cell<bool>>) -> Self {
        Self {
            wanted,
            stories: Vec::new(),
            sent: BTreeMap::new(),
            notices: Vec::new(),
            slots: BTreeMap::new(),
            pending: BTreeMap::new(),
            over,
        }
    }

    fn created(&mut self, at: SimTime, created: &Created) {
        match created.key {
            MessageKey::Mail { entry, ordinal } => {
                let last = self.sent.entry(entry).or_insert(0);
                *last = (*last).max(ordinal + 1);
            }
            MessageKey::Notice { .. } if self.notices.len() < MOST_NOTICES => {
                self.notices.push(created.key);
            }
            MessageKey::Notice { .. } => {}
        }
        if self.wanted == Wanted::First && created.kind == MessageKind::Mail {
            self.wanted = Wanted::Key(created.key);
        }
        if !self.wants(created) {
            return;
        }
        let place = self.stories.iter().position(|story| story.key == created.key);
        let place = place.unwrap_or_else(|| {
            self.stories.push(Story::new(created.key, at));
            self.stories.len() - 1
        });
        let copies = &mut self.stories[place].copies;
        copies.push(Copy { created: *created, facts: Vec::new() });
        self.slots.insert(created.recipient, (place, copies.len() - 1));
    }

    fn wants(&self, created: &Created) -> bool {
        let told = |key: MessageKey| self.stories.iter().any(|story| story.key == key);
        let about = created.about.is_some_and(told);
        match &self.wanted {
            Wanted::First => false,
            Wanted::Key(wanted) => created.key == *wanted || about,
            Wanted::Several(most) => {
                let new = created.kind == MessageKind::Mail && self.stories.len() < *most;
                new || about || told(created.key)
            }
            Wanted::These(wanted) => wanted.contains(&created.key) || about,
            Wanted::To(mailbox) => created.mailbox == *mailbox,
        }
    }

    fn keep(&mut self, at: SimTime, recipient: RecipientId, fact: &Fact) {
        if let Some(&(story, copy)) = self.slots.get(&recipient) {
            self.stories[story].copies[copy].facts.push((at, fact.clone()));
        }
    }

    fn attempt(&mut self, at: SimTime, attempt: &AttemptFact) {
        let lookups = self.pending.remove(&attempt.delivery).unwrap_or_default();
        if let Some(&(story, _)) = self.slots.get(&attempt.recipient) {
            self.stories[story].lookups.extend(lookups);
        }
        if let (Some(to), 1..) = (attempt.to, attempt.transaction) {
            self.connection((attempt.from, to, attempt.transaction), attempt);
        }
        self.keep(at, attempt.recipient, &Fact::Attempt(*attempt));
    }

    /// Notes whether a connection of the message goes on to be used. Of several connections between
    /// the same two hosts with equally many transactions any may be the one.
    fn connection(&mut self, transaction: Transaction, attempt: &AttemptFact) {
        for story in &mut self.stories {
            if let Some(place) = story.followers.iter().position(|next| *next == transaction) {
                story.followers.swap_remove(place);
                story.continued.push((transaction, attempt.started));
            }
        }
        if let Some(&(story, _)) = self.slots.get(&attempt.recipient) {
            let (from, to, number) = transaction;
            self.stories[story].followers.push((from, to, number + 1));
        }
    }
}

impl FactSink for Watch {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        match fact {
            Fact::Created(created) => self.created(at, created),
            Fact::Lookup { delivery, host, domain, started, answered, outcome } => {
                let lookup = LookUp {
                    host: *host,
                    domain: *domain,
                    started: *started,
                    answered: *answered,
                    outcome: *outcome,
                };
                self.pending.entry(*delivery).or_default().push(lookup);
            }
            Fact::Attempt(attempt) => self.attempt(at, attempt),
            Fact::Accepted { recipient, .. }
            | Fact::Final { recipient, .. }
            | Fact::Junk { recipient }
            | Fact::Retrieved { recipient, .. }
            | Fact::Open { recipient, .. } => self.keep(at, *recipient, fact),
            Fact::Closed { recipient } => {
                self.slots.remove(recipient);
                let one = matches!(self.wanted, Wanted::Key(_));
                self.over.set(one && !self.stories.is_empty() && self.slots.is_empty());
            }
            Fact::Screened(found) => self.keep(at, found.recipient, fact),
            Fact::Outage(_) | Fact::Queues(_) | Fact::Host(_) | Fact::Ledger(_) => {}
        }
    }
}
