//! What the run states, kept for those who ask: messages with their stories, and what lies in mailboxes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::mail::{HostId, Mailbox, MessageKey, MessageKind, RecipientId, Stage};
use crate::story::{Copy, Story};
use crate::trace::{Fact, FactSink, FinalOutcome, Register};
use crate::units::{SimDuration, SimTime};

/// Stories that are kept; of further ones the oldest that are over are forgotten.
const STORIES: usize = 100_000;
/// Copies in mailboxes that are kept; beyond, the oldest are forgotten, as if they had been deleted.
const DELIVERIES: usize = 100_000;
/// Octets of messages that are kept; beyond, the oldest are forgotten and shown as sizes.
const CONTENTS: usize = 256 << 20;

/// A copy in a mailbox.
#[derive(Debug, Clone)]
pub(super) struct Delivered {
    pub(super) key: MessageKey,
    /// Which recipient of the message.
    pub(super) copy: usize,
    pub(super) at: SimTime,
    pub(super) junk: bool,
    /// Names it in its mailbox: grows, and is never used again.
    pub(super) uid: u32,
}

/// Takes the facts of a live run.
#[derive(Debug, Default)]
pub struct Chronicle {
    stories: BTreeMap<MessageKey, Story>,
    /// In the order in which they began.
    order: VecDeque<MessageKey>,
    slots: BTreeMap<RecipientId, (MessageKey, usize)>,
    mailboxes: BTreeMap<Mailbox, VecDeque<Delivered>>,
    /// When readers of the run take which copies out.
    removals: BTreeMap<Mailbox, Vec<(SimTime, u32)>>,
    /// Whose copies they are, in the order in which they came.
    deliveries: VecDeque<Mailbox>,
    uids: BTreeMap<Mailbox, u32>,
    contents: BTreeMap<MessageKey, Arc<[u8]>>,
    held: usize,
    hasher: blake3::Hasher,
    facts: u64,
}

impl Chronicle {
    /// Returns a chronicle of a run from its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of facts, and a digest of all of them: two runs that state the same have the
    /// same.
    #[must_use]
    pub fn digest(&self) -> (u64, String) {
        (self.facts, self.hasher.finalize().to_hex()[..16].to_owned())
    }

    pub(super) fn stories(&self) -> impl Iterator<Item = &Story> {
        self.order.iter().filter_map(|key| self.stories.get(key))
    }

    pub(super) fn story(&self, key: MessageKey) -> Option<&Story> {
        self.stories.get(&key)
    }

    pub(super) fn mailbox(&self, mailbox: Mailbox) -> impl Iterator<Item = &Delivered> {
        self.mailboxes.get(&mailbox).into_iter().flatten()
    }

    /// Returns the copies in a mailbox behind the one of this UID.
    pub(super) fn behind(&self, mailbox: Mailbox, uid: u32) -> impl Iterator<Item = &Delivered> {
        let list = self.mailboxes.get(&mailbox);
        list.into_iter().flat_map(move |list| {
            let known = list.partition_point(|delivered| delivered.uid <= uid);
            list.range(known..)
        })
    }

    /// Returns the message of the copy with this UID in a mailbox, as far as it is remembered.
    pub(super) fn delivered(&self, mailbox: Mailbox, uid: u32) -> Option<MessageKey> {
        self.behind(mailbox, uid.checked_sub(1)?).next().map(|delivered| delivered.key)
    }

    /// Returns when readers of the run take which copies out of a mailbox, as far as they have said so.
    pub(super) fn removals(&self, mailbox: Mailbox) -> &[(SimTime, u32)] {
        self.removals.get(&mailbox).map_or(&[], Vec::as_slice)
    }

    /// Keeps a copy in a mailbox.
    fn deliver(&mut self, mailbox: Mailbox, delivered: Delivered) {
        self.mailboxes.entry(mailbox).or_default().push_back(delivered);
        self.deliveries.push_back(mailbox);
        if self.deliveries.len() > DELIVERIES
            && let Some(oldest) = self.deliveries.pop_front()
            && let Some(list) = self.mailboxes.get_mut(&oldest)
        {
            list.pop_front();
        }
    }

    /// Returns the UID that the next message of a mailbox will have.
    pub(super) fn next_uid(&self, mailbox: Mailbox) -> u32 {
        self.uids.get(&mailbox).copied().unwrap_or(0) + 1
    }

    /// Returns whether the whole way of a copy is known: the client of the session that brought it
    /// states its try when it knows how that ended, a round trip after the server has the message. Where
    /// it never does, nobody waits for longer than a second.
    pub(super) fn is_told(&self, delivered: &Delivered, now: SimTime) -> bool {
        let Some(story) = self.stories.get(&delivered.key) else { return true };
        let copy = &story.copies[delivered.copy];
        let taken = copy.facts.iter().rev().find_map(|(at, fact)| match fact {
            Fact::Accepted { by, server: true, .. } if *at <= delivered.at => Some((*at, *by)),
            _ => None,
        });
        let Some((at, by)) = taken else { return true };
        let brings = |fact: &Fact| {
            matches!(fact, Fact::Attempt(attempt) if attempt.to == Some(by)
                && attempt.started <= at && attempt.ended >= at && attempt.stage != Stage::Local)
        };
        created_there(copy, by, at)
            || copy.facts.iter().any(|(_, fact)| brings(fact))
            || now > delivered.at.saturating_add(SimDuration::from_secs(1))
    }

    /// Returns whether a message lies in all mailboxes that it was meant for, its whole way known.
    pub(super) fn is_delivered(&self, story: &Story, now: SimTime) -> bool {
        (0..story.copies.len()).all(|copy| {
            let delivered = self.mailbox(story.copies[copy].created.mailbox);
            let mut own = delivered.filter(|one| (one.key, one.copy) == (story.key, copy));
            own.any(|one| self.is_told(one, now))
        })
    }

    /// Returns the number of facts.
    pub(super) fn facts(&self) -> u64 {
        self.facts
    }

    pub(super) fn content(&self, key: MessageKey) -> Option<&Arc<[u8]>> {
        self.contents.get(&key)
    }

    /// Keeps the octets of a message that a caller has brought.
    pub(super) fn keep(&mut self, key: MessageKey, content: Arc<[u8]>) {
        self.held += content.len();
        self.contents.insert(key, content);
        while self.held > CONTENTS
            && let Some((_, oldest)) = self.contents.pop_first()
        {
            self.held -= oldest.len();
        }
    }

    /// Takes over the octets of messages from the chronicle of a run that is run again.
    pub(super) fn inherit(&mut self, former: &mut Self) {
        self.contents = std::mem::take(&mut former.contents);
        self.held = former.held;
    }

    fn keep_fact(&mut self, at: SimTime, recipient: RecipientId, fact: &Fact) {
        let Some(&(key, copy)) = self.slots.get(&recipient) else { return };
        let Some(story) = self.stories.get_mut(&key) else { return };
        let facts = &mut story.copies[copy].facts;
        facts.push((at, fact.clone()));
        let mailbox = story.copies[copy].created.mailbox;
        match fact {
            Fact::Final { outcome: FinalOutcome::Delivered, .. } => {
                let uid = self.next_uid(mailbox);
                self.uids.insert(mailbox, uid);
                let delivered = Delivered { key, copy, at, junk: false, uid };
                self.deliver(mailbox, delivered);
            }
            Fact::Junk { .. } => {
                let last = self.mailboxes.get_mut(&mailbox).and_then(|list| list.back_mut());
                if let Some(last) = last {
                    last.junk = true;
                }
            }
            Fact::Retrieved { removed: Some(at), .. } => {
                let all = self.mailboxes.get(&mailbox).into_iter().flatten();
                let own = all.filter(|one| (one.key, one.copy) == (key, copy));
                let removed = own.map(|one| (*at, one.uid));
                self.removals.entry(mailbox).or_default().extend(removed);
            }
            _ => {}
        }
    }

    fn begin(&mut self, at: SimTime, created: &crate::trace::Created) {
        let order = &mut self.order;
        let story = self.stories.entry(created.key).or_insert_with(|| {
            order.push_back(created.key);
            Story::new(created.key, at)
        });
        story.copies.push(Copy { created: *created, facts: Vec::new() });
        self.slots.insert(created.recipient, (created.key, story.copies.len() - 1));
        while self.order.len() > STORIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.stories.remove(&oldest);
        }
    }
}

/// Whether a server made the copy itself.
fn created_there(copy: &Copy, by: HostId, at: SimTime) -> bool {
    let created = &copy.created;
    created.kind != MessageKind::Mail
        && created.host == by
        && copy.facts.first().is_some_and(|(first, _)| *first == at)
}

impl FactSink for Chronicle {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        self.facts += 1;
        self.hasher.update(format!("{at:?} {fact:?}\n").as_bytes());
        match fact {
            Fact::Created(created) => self.begin(at, created),
            Fact::Attempt(attempt) => self.keep_fact(at, attempt.recipient, fact),
            Fact::Screened(found) => self.keep_fact(at, found.recipient, fact),
            Fact::Accepted { recipient, .. }
            | Fact::Final { recipient, .. }
            | Fact::Junk { recipient }
            | Fact::Retrieved { recipient, .. }
            | Fact::Open { recipient, .. } => self.keep_fact(at, *recipient, fact),
            Fact::Closed { recipient } => {
                self.slots.remove(recipient);
            }
            Fact::Lookup { .. }
            | Fact::Outage(_)
            | Fact::Queues(_)
            | Fact::Host(_)
            | Fact::Ledger(_) => {}
        }
    }
}
