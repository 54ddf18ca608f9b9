//! Queue entries of all hosts in shared arenas: a message at a host, the recipients it still owes
//! there, and the deliveries under way.

use std::collections::BTreeMap;
use std::hint::black_box;

use crate::engine::{Handle, Slots};
use crate::mail::{HostId, Mailbox, RecipientId};
use crate::units::SimTime;

use super::entry::{PackedCopy, Place, Standing};
use super::several::Several;
use super::{CopyIndex, CopyState, Destination, EntrySlot, QueueCopy, QueueEntry};

/// A queue entry, by slot and generation.
pub type EntryHandle = Handle;
/// One delivery under way, by slot and generation.
pub type DeliveryHandle = Handle;

/// How a message came to a host: what a queue manager may go by when it arrives, and is not told
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intake {
    /// The reverse path; none: null.
    pub sender: Option<Mailbox>,
    /// When the host had heard of the recipients, before the message itself came.
    pub announced: SimTime,
    /// Which message of the session that brought it, from 1; 0: no session did.
    pub session_message: u32,
    /// Sessions that the host served when it came, that session included.
    pub sessions_open: u32,
}

/// A delivery: some recipients of one entry with one destination, handed over in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct QueuedDelivery {
    /// The entry.
    pub entry: EntryHandle,
    /// Where to.
    pub destination: Destination,
    /// How many recipients.
    pub recipients: u32,
    /// Its first and last recipient.
    pub(super) ends: Option<(CopyIndex, CopyIndex)>,
    /// Link for lists that queue managers keep.
    pub next: Option<DeliveryHandle>,
    /// What a queue manager keeps beside it: which job it is a part of, and when that is served.
    pub job: u32,
    /// See `job`.
    pub turn: u32,
    /// What facts call it, from 1; 0: nobody has begun with it. A queue manager that goes on with a
    /// delivery in another one, as Exim does at fallback hosts, gives that the same number.
    pub number: u64,
}

impl QueuedDelivery {
    /// Returns whether its recipients may go to several destinations, so that no chain joins them.
    pub(super) fn is_scattered(&self) -> bool {
        self.ends.is_none() && self.recipients > 0
    }
}

/// What only those schedules ask of an entry that count from its own past. It lies apart, so that it
/// takes no room where nobody asks.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// When the present or last round began.
    pub round_began: SimTime,
    /// When it is due to be tried again, while it waits.
    pub due: SimTime,
    /// Rounds that ended with somebody put off.
    pub failures: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { round_began: SimTime::MAX, due: SimTime::MAX, failures: 0 }
    }
}

/// A recipient of an entry that has several.
#[derive(Debug, Clone, Copy)]
pub(super) struct FurtherCopy {
    pub(super) copy: PackedCopy,
    /// The slot of its entry.
    entry: u32,
    /// The next recipient of the same entry.
    pub(super) next: Option<CopyIndex>,
    /// The next recipient of the same entry with the same destination, once they have been chained.
    pub(super) alike: Option<CopyIndex>,
}

/// The arenas.
#[derive(Debug, Default)]
pub struct QueueEntries {
    /// Each with room for a recipient: nearly all have one only, and then what a round asks of it lies
    /// in two cache lines at most, not in those of two arenas: what waits by the hundred thousand lies
    /// outside the caches.
    entries: Slots<QueueEntry>,
    pub(super) deliveries: Slots<QueuedDelivery>,
    /// The copies of an entry's recipients but the last, which lies in the entry.
    pub(super) copies: Vec<FurtherCopy>,
    /// What is kept of entries with several recipients, by slot, once somebody has asked.
    pub(super) several: BTreeMap<u32, Several>,
    /// By slot of the entry, as far as somebody has noted something.
    histories: Vec<History>,
    free_copies: Vec<CopyIndex>,
}

impl QueueEntries {
    /// Adds an entry without recipients.
    pub fn insert(&mut self, entry: QueueEntry) -> EntryHandle {
        let handle = self.entries.insert(entry);
        if let Some(history) = self.histories.get_mut(handle.index() as usize) {
            *history = History::default();
        }
        handle
    }

    /// Adds a recipient at the front of the entry's list. Add them in reverse order.
    pub fn add_recipient(
        &mut self,
        entry: EntryHandle,
        recipient: RecipientId,
        destination: Destination,
    ) {
        let state = &mut self[entry];
        let next = state.first;
        let copy = PackedCopy::new(recipient, destination);
        if next.is_none() {
            *state.own_copy_mut() = Some(copy);
            state.first = Some(CopyIndex::own(entry));
            return;
        }
        self.several.remove(&entry.index());
        let copy = FurtherCopy { copy, entry: entry.index(), next, alike: None };
        let index = if let Some(index) = self.free_copies.pop() {
            if let Place::Further(position) = index.place() {
                self.copies[position] = copy;
            }
            index
        } else {
            self.copies.push(copy);
            CopyIndex::further(self.copies.len() - 1)
        };
        self[entry].first = Some(index);
    }

    /// Makes the place of a copy free.
    pub(super) fn free_copy(&mut self, index: CopyIndex) {
        match index.place() {
            Place::Own(slot) => *self.in_slot_mut(slot).own_copy_mut() = None,
            Place::Further(_) => self.free_copies.push(index),
        }
    }

    fn in_slot_mut(&mut self, slot: u32) -> &mut QueueEntry {
        self.entries.in_slot_mut(slot).expect("copies lie in entries that exist")
    }

    /// Returns the entry, if it still exists.
    #[must_use]
    pub fn get(&self, entry: EntryHandle) -> Option<&QueueEntry> {
        self.entries.get(entry)
    }

    /// Returns the entry that lies in a slot.
    ///
    /// # Panics
    /// If there is none: somebody else has taken it out of the queue.
    #[must_use]
    #[inline]
    pub fn in_slot(&self, slot: EntrySlot) -> EntryHandle {
        self.entries.handle_in_slot(slot.index()).expect("what is listed by its slot exists")
    }

    /// Returns what is noted about an entry's past.
    #[must_use]
    pub fn history(&self, entry: EntryHandle) -> History {
        self.histories.get(entry.index() as usize).copied().unwrap_or_default()
    }

    /// Returns what is noted about an entry's past, to note more.
    pub fn history_mut(&mut self, entry: EntryHandle) -> &mut History {
        let place = entry.index() as usize;
        if self.histories.len() <= place {
            self.histories.resize(place + 1, History::default());
        }
        &mut self.histories[place]
    }

    /// Returns the delivery, if it still exists.
    #[must_use]
    pub fn delivery(&self, delivery: DeliveryHandle) -> Option<&QueuedDelivery> {
        self.deliveries.get(delivery)
    }

    /// Returns the delivery for changing its link.
    pub fn delivery_mut(&mut self, delivery: DeliveryHandle) -> Option<&mut QueuedDelivery> {
        self.deliveries.get_mut(delivery)
    }

    /// Returns the recipient copy in `index`.
    #[must_use]
    #[inline]
    pub fn copy(&self, index: CopyIndex) -> QueueCopy {
        self.packed(index).unpacked(self.next(index))
    }

    /// Returns whose copy it is that lies in `index`.
    #[must_use]
    #[inline]
    pub fn recipient(&self, index: CopyIndex) -> RecipientId {
        self.packed(index).recipient()
    }

    #[inline]
    pub(super) fn packed(&self, index: CopyIndex) -> PackedCopy {
        match index.place() {
            Place::Own(slot) => {
                let copy = self.entries.in_slot(slot).and_then(QueueEntry::own_copy);
                copy.expect("copies lie in entries that exist")
            }
            Place::Further(position) => self.copies[position].copy,
        }
    }

    /// Returns the next recipient of the same entry; that which lies in the entry is the last.
    #[must_use]
    #[inline]
    pub fn next(&self, index: CopyIndex) -> Option<CopyIndex> {
        match index.place() {
            Place::Own(_) => None,
            Place::Further(position) => self.copies[position].next,
        }
    }

    #[inline]
    pub(super) fn copy_mut(&mut self, index: CopyIndex) -> &mut PackedCopy {
        match index.place() {
            Place::Own(slot) => {
                let copy = self.in_slot_mut(slot).own_copy_mut().as_mut();
                copy.expect("a copy that is asked for exists")
            }
            Place::Further(position) => &mut self.copies[position].copy,
        }
    }

    /// Sets what is still to be done for the recipient copy in `index`.
    pub fn set_state(&mut self, index: CopyIndex, state: CopyState) {
        if !self.several.is_empty() {
            self.note_state(index, state);
        }
        self.copy_mut(index).set_state(state);
    }

    /// Counts a copy among those of its entry as what it becomes now.
    fn note_state(&mut self, index: CopyIndex, state: CopyState) {
        let copy = self.packed(index);
        if let Some(several) = self.several.get_mut(&self.entry_of(index)) {
            several.moved(copy.destination(), copy.standing(), Standing::of(state));
        }
    }

    /// Returns the slot of the entry whose copy this is.
    fn entry_of(&self, index: CopyIndex) -> u32 {
        match index.place() {
            Place::Own(slot) => slot,
            Place::Further(position) => self.copies[position].entry,
        }
    }

    /// Sets where the recipient copy in `index` goes.
    pub fn set_destination(&mut self, index: CopyIndex, destination: Destination) {
        self.several.remove(&self.entry_of(index));
        self.copy_mut(index).set_destination(destination);
    }

    /// Returns the recipient in `index` if it was put off for `destination` without an attempt and
    /// nobody has asked this before.
    #[inline]
    pub fn take_suspended(
        &mut self,
        index: CopyIndex,
        destination: Destination,
    ) -> Option<RecipientId> {
        let copy = self.copy_mut(index);
        let put_off = copy.is_suspended() && copy.goes_to(destination);
        if put_off {
            copy.set_suspended(false);
        }
        put_off.then(|| copy.recipient())
    }

    /// Returns the recipient of an entry that has one only, as nearly all have.
    #[must_use]
    #[inline]
    pub fn only_copy(&self, entry: EntryHandle) -> Option<QueueCopy> {
        self[entry].only_copy().map(|copy| copy.unpacked(None))
    }

    /// Returns the entry's recipients, in order.
    pub fn copies(&self, entry: EntryHandle) -> impl Iterator<Item = QueueCopy> {
        let only = self.only_copy(entry);
        let mut next = if only.is_some() { None } else { self[entry].first };
        only.into_iter().chain(std::iter::from_fn(move || {
            let copy = self.copy(next?);
            next = copy.next;
            Some(copy)
        }))
    }

    /// Looks at entries that are about to be taken up, so that the memory of one is fetched while it
    /// waits for another's: where hundreds of thousands wait, each lies outside the caches.
    pub(super) fn prefetch(&self, entries: impl Iterator<Item = EntrySlot>) {
        for slot in entries {
            if let Some(entry) = self.entries.in_slot(slot.index()) {
                black_box((entry.message, entry.own_copy().is_some()));
            }
        }
    }

    /// Returns the slots of the entry's recipients, in order.
    pub fn recipients(&self, entry: EntryHandle) -> impl Iterator<Item = CopyIndex> + '_ {
        let mut next = self.get(entry).and_then(|entry| entry.first);
        std::iter::from_fn(move || {
            let index = next?;
            next = self.next(index);
            Some(index)
        })
    }

    /// Removes an entry with all its recipients.
    #[inline]
    pub fn remove(&mut self, entry: EntryHandle) -> QueueEntry {
        let removed = self[entry];
        let mut next = removed.first;
        while let Some(index) = next {
            next = self.next(index);
            if let Place::Further(_) = index.place() {
                self.free_copies.push(index);
            }
        }
        if !self.several.is_empty() {
            self.several.remove(&entry.index());
        }
        self.entries.discard(entry);
        removed
    }

    /// Returns the entries of `host` with a round under way, in slot order. Takes time in
    /// proportion to all entries of all hosts: for stops and crashes only.
    #[must_use]
    pub fn active_at(&self, host: HostId) -> Vec<EntryHandle> {
        let of_host = |entry: &QueueEntry| entry.active() && entry.host == host;
        self.iter().filter(|(_, entry)| of_host(entry)).map(|(handle, _)| handle).collect()
    }

    /// Returns all entries, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (EntryHandle, &QueueEntry)> {
        self.entries.iter()
    }
}

impl std::ops::Index<EntryHandle> for QueueEntries {
    type Output = QueueEntry;

    fn index(&self, entry: EntryHandle) -> &QueueEntry {
        self.entries.get(entry).expect("the entry exists")
    }
}

impl std::ops::IndexMut<EntryHandle> for QueueEntries {
    fn index_mut(&mut self, entry: EntryHandle) -> &mut QueueEntry {
        self.entries.get_mut(entry).expect("the entry exists")
    }
}
