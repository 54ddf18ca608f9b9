//! The recipients of the message at hand, in the order in which they are sent to, and who goes in
//! one transaction: `recipient` in `recipient.c`, `sendenvelope` and the beginning of `deliver` in
//! `deliver.c`.
//!
//! Before the first try nothing has been looked up, and recipients stand in order of their domains.
//! A queue run looks up all domains of a message before it begins with the first delivery, and
//! sorts by signature. A delivery takes the first recipient that has not been tried, and of those
//! that follow all with the same exchangers, and those who share the exchangers of the best
//! preference at least (`coattail piggybacking`), until somebody follows who does not, or until the
//! mailer's limit (`r=`) is reached.
//!
//! When the delivery goes on to its second host, those who share the first only are dropped:
//! `tochain` is put back to the last recipient with the same exchangers, `skip_back`. That is noted
//! before the limit is looked at, so where the limit ended the list it is a recipient who is not
//! even in it: then that one alone is sent to, and of the others all but the last ones stay
//! behind until the next run (`deliver.c`:1770-1783, 2291-2306).

use std::collections::{BTreeMap, VecDeque};

use super::super::{CopyIndex, CopyState, Destination, EntryHandle, QueueEntries};
use super::signature::{Likeness, Signature};

/// A recipient of the message at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipient {
    pub(super) copy: CopyIndex,
    pub(super) destination: Destination,
    /// Whether a delivery has come to an end about it.
    pub(super) tried: bool,
}

/// Who goes in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// At the first host, by position in the send queue.
    pub(super) first: Vec<usize>,
    /// At all hosts after it.
    pub(super) later: Vec<usize>,
}

/// The message at hand.
#[derive(Debug)]
pub(super) struct SendQueue {
    pub(super) entry: EntryHandle,
    pub(super) recipients: Vec<Recipient>,
    /// Destinations to be looked up before the first delivery.
    pub(super) to_look_up: VecDeque<Destination>,
    /// Whether the recipients are yet to be sorted by signature.
    pub(super) unsorted: bool,
    /// What each destination was found to be when this message asked.
    pub(super) signatures: BTreeMap<Destination, Signature>,
    /// Where the search for the next delivery goes on; it never turns back.
    pub(super) next: usize,
    /// The delivery under way.
    pub(super) chain: Chain,
    /// Whether it has gone on from its first host.
    pub(super) fell_back: bool,
    /// Recipients to whom the message has been handed over since it was taken up.
    pub(super) handed_over: Vec<CopyIndex>,
    /// How many of them, the first ones, are written down.
    pub(super) written: usize,
}

/// `CheckpointInterval`: deliveries after which the queue file is written anew.
const CHECKPOINT: usize = 10;

impl SendQueue {
    /// Returns the pending recipients of `entry`, in order of their domains (`place`). `looks_up`:
    /// all are to be looked up before the first delivery, and sorted again.
    pub(super) fn new(
        entry: EntryHandle,
        entries: &QueueEntries,
        looks_up: bool,
        place: impl Fn(Destination) -> u32,
    ) -> Self {
        let mut recipients: Vec<Recipient> = entries
            .recipients(entry)
            .map(|copy| (copy, entries.copy(copy)))
            .filter(|(_, state)| state.state == CopyState::Pending)
            .map(|(copy, state)| Recipient { copy, destination: state.destination, tried: false })
            .collect();
        recipients.sort_by_key(|recipient| place(recipient.destination));
        // Recipients are compared when the second is put in: it first, then the one before.
        let looks_up = looks_up && recipients.len() > 1;
        let mut to_look_up = VecDeque::new();
        if looks_up {
            let order = [1, 0].into_iter().chain(2..recipients.len());
            for destination in order.map(|position| recipients[position].destination) {
                if destination != Destination::Local && !to_look_up.contains(&destination) {
                    to_look_up.push_back(destination);
                }
            }
        }
        Self {
            entry,
            recipients,
            to_look_up,
            unsorted: looks_up,
            signatures: BTreeMap::new(),
            next: 0,
            chain: Chain::default(),
            fell_back: false,
            handed_over: Vec::new(),
            written: 0,
        }
    }

    /// Sorts by signature (`sortbysignature`); what is local has none and comes first. Of one
    /// destination the last come first.
    pub(super) fn sort(&mut self) {
        let signatures = &self.signatures;
        self.recipients.reverse();
        self.recipients.sort_by(|a, b| {
            let of = |recipient: &Recipient| signatures.get(&recipient.destination);
            match (of(a), of(b)) {
                (Some(a), Some(b)) => a.order(b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            }
        });
        self.unsorted = false;
    }

    /// Returns who goes in the next transaction.
    ///
    /// # Errors
    /// The destination whose signature is needed to tell.
    pub(super) fn next_chain(&mut self, limit: usize) -> Result<Option<Chain>, Destination> {
        while self.recipients.get(self.next).is_some_and(|recipient| recipient.tried) {
            self.next += 1;
        }
        let Some(first) = self.recipients.get(self.next) else {
            return Ok(None);
        };
        if first.destination == Destination::Local {
            return Ok(Some(Chain { first: vec![self.next], later: vec![self.next] }));
        }
        let signature =
            |destination: Destination| self.signatures.get(&destination).ok_or(destination);
        let of_first = signature(first.destination)?;
        let (mut members, mut skip_back) = (Vec::new(), self.next);
        for (position, recipient) in self.recipients.iter().enumerate().skip(self.next) {
            if recipient.tried || recipient.destination == Destination::Local {
                continue;
            }
            match signature(recipient.destination)?.likeness(of_first) {
                Likeness::Full => skip_back = position,
                Likeness::First => {}
                Likeness::None => break,
            }
            if members.len() == limit {
                break;
            }
            members.push(position);
        }
        let later = match members.iter().position(|&member| member == skip_back) {
            Some(last) => members[..=last].to_vec(),
            None => vec![skip_back],
        };
        Ok(Some(Chain { first: members, later }))
    }

    /// Returns the slots of recipients by their positions.
    pub(super) fn copies<'a>(
        &'a self,
        positions: &'a [usize],
    ) -> impl Iterator<Item = CopyIndex> + 'a {
        positions.iter().map(|&position| self.recipients[position].copy)
    }

    /// Notes that a delivery has come to an end about a recipient.
    pub(super) fn set_tried(&mut self, copy: CopyIndex) {
        if let Some(recipient) = self.recipients.iter_mut().find(|one| one.copy == copy) {
            recipient.tried = true;
        }
    }

    /// The delivery under way is over; the search goes on behind its first recipient.
    pub(super) fn chain_over(&mut self, entries: &QueueEntries) {
        let chain = std::mem::take(&mut self.chain);
        self.next += 1;
        let last = if std::mem::take(&mut self.fell_back) { &chain.later } else { &chain.first };
        for &position in last {
            self.recipients[position].tried = true;
        }
        for &position in chain.first.iter().chain(&chain.later) {
            let recipient = &mut self.recipients[position];
            let state = entries.copy(recipient.copy).state;
            recipient.tried |= matches!(state, CopyState::Done | CopyState::Failed(_));
            let handed_over =
                state == CopyState::Done && recipient.destination != Destination::Local;
            if handed_over && !self.handed_over.contains(&recipient.copy) {
                self.handed_over.push(recipient.copy);
            }
        }
        if self.handed_over.len() - self.written >= CHECKPOINT {
            self.written = self.handed_over.len();
        }
    }
}

/// Returns whether a recipient of an entry has failed for good.
pub(super) fn has_failed(entries: &QueueEntries, entry: EntryHandle) -> bool {
    let mut recipients = entries.recipients(entry);
    recipients.any(|index| matches!(entries.copy(index).state, CopyState::Failed(_)))
}
