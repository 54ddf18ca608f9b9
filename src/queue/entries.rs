//! Queue entries of all hosts in shared arenas: a message at a host, the recipients it still owes
//! there, and the deliveries under way.

use std::hint::black_box;
use std::num::NonZeroU32;

use crate::engine::{Handle, Slots};
use crate::mail::{DomainId, HostId, Mailbox, MessageId, RecipientId, Status};
use crate::units::{Octets, SimTime};

/// Where a recipient's copy goes from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Into mailboxes of this host.
    Local,
    /// To the exchangers of this domain.
    Exchangers(DomainId),
    /// To this host; its address is looked up.
    Host(HostId),
    /// To this host without any look-up.
    Address(HostId),
}

/// A queue entry, by slot and generation.
pub type EntryHandle = Handle;
/// One delivery under way, by slot and generation.
pub type DeliveryHandle = Handle;

/// What a host still has to do for one recipient of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyState {
    /// To be tried (again).
    Pending,
    /// In a delivery that waits or is under way.
    Assigned,
    /// Failed for good; a notice is due when the entry has been tried for all recipients.
    Failed(Status),
    /// This host is no longer responsible.
    Done,
}

/// One recipient of an entry.
#[derive(Debug, Clone, Copy)]
pub struct QueueCopy {
    /// The recipient.
    pub recipient: RecipientId,
    /// Its address, by which some MTAs remember failures beyond one message.
    pub mailbox: Mailbox,
    /// Where its copy goes.
    pub destination: Destination,
    /// What is still to be done.
    pub state: CopyState,
    /// The delivery that it is assigned to (its slot), while assigned.
    pub delivery: u32,
    /// Whether it has been put off without an attempt, and the trace does not say so yet.
    pub suspended: bool,
    /// The next recipient of the same entry.
    pub next: Option<CopyIndex>,
}

/// Where a [`QueueCopy`] lies; the places are used again. (Counted from one within, so that an
/// absent one takes no room.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CopyIndex(NonZeroU32);

/// What a [`CopyIndex`] says.
enum Place {
    /// In the record of the entry in this slot.
    Own(u32),
    /// Among the further copies.
    Further(usize),
}

impl CopyIndex {
    /// Tells copies in the records of entries from further ones.
    const OWN: u32 = 1 << 31;

    fn own(entry: EntryHandle) -> Self {
        assert!(entry.index() < Self::OWN - 1, "fewer than 2^31 entries");
        Self(NonZeroU32::MIN.saturating_add(entry.index() | Self::OWN))
    }

    fn further(position: usize) -> Self {
        let number = u32::try_from(position + 1).ok().filter(|number| *number < Self::OWN);
        Self(number.and_then(NonZeroU32::new).expect("fewer than 2^31 copies"))
    }

    const fn is_own(self) -> bool {
        self.0.get() > Self::OWN
    }

    #[inline]
    const fn place(self) -> Place {
        let number = self.0.get() - 1;
        if number & Self::OWN == 0 {
            Place::Further(number as usize)
        } else {
            Place::Own(number & !Self::OWN)
        }
    }
}

/// A message at a host.
#[derive(Debug, Clone, Copy)]
pub struct QueueEntry {
    /// The message.
    pub message: MessageId,
    /// The host.
    pub host: HostId,
    /// When this host became responsible.
    pub arrived: SimTime,
    /// Whether the reverse path is null, so that no notice is made.
    pub null_sender: bool,
    /// Whether a delay notice has been sent.
    pub warned: bool,
    /// Whether some recipient was put off in the present round.
    pub deferred: bool,
    /// Whether a round is under way: the entry is in the active queue.
    pub active: bool,
    /// Received fields in the header as it stands here.
    pub received_fields: u32,
    /// Octets of header and body as they stand here.
    pub size: Octets,
    /// Deliveries of the present round not yet over.
    pub outstanding: u32,
    /// Rounds begun.
    pub rounds: u32,
    /// Rounds that ended with somebody put off.
    pub failures: u32,
    /// When the present or last round began.
    pub round_began: SimTime,
    /// When it is due to be tried again, while it waits; where queues are looked through now and
    /// then, that happens later.
    pub due: SimTime,
    /// Last status of a temporary failure, for notices.
    pub last_status: Status,
    /// First recipient.
    pub first: Option<CopyIndex>,
    /// Link for lists that queue managers keep.
    pub next: Option<EntryHandle>,
}

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
    /// Link for lists that queue managers keep.
    pub next: Option<DeliveryHandle>,
}

/// An entry with room for a recipient: nearly all have one only, and then what a round asks of it
/// lies in two cache lines, not in those of two arenas: what waits by the hundred thousand lies
/// outside the caches.
#[derive(Debug, Clone, Copy)]
struct Record {
    entry: QueueEntry,
    /// None: free.
    copy: Option<QueueCopy>,
}

const _: () = assert!(size_of::<Record>() <= 128, "two cache lines");

impl Record {
    /// Returns the copy of an entry that has one recipient, as nearly all have. (A record's own
    /// copy is that of the last recipient, so it is the only one if it is the first as well.)
    #[inline]
    fn only_copy(&self) -> Option<&QueueCopy> {
        self.copy.as_ref().filter(|_| self.entry.first.is_some_and(CopyIndex::is_own))
    }

    #[inline]
    fn only_copy_mut(&mut self) -> Option<&mut QueueCopy> {
        self.copy.as_mut().filter(|_| self.entry.first.is_some_and(CopyIndex::is_own))
    }
}

/// The arenas.
#[derive(Debug, Default)]
pub struct QueueEntries {
    records: Slots<Record>,
    deliveries: Slots<QueuedDelivery>,
    /// The copies of an entry's recipients but the last, which lies in its record.
    copies: Vec<QueueCopy>,
    free_copies: Vec<CopyIndex>,
}

impl QueueEntries {
    /// Adds an entry without recipients.
    pub fn insert(&mut self, entry: QueueEntry) -> EntryHandle {
        self.records.insert(Record { entry, copy: None })
    }

    /// Adds a recipient at the front of the entry's list. Add them in reverse order.
    pub fn add_recipient(
        &mut self,
        entry: EntryHandle,
        recipient: RecipientId,
        mailbox: Mailbox,
        destination: Destination,
    ) {
        let record = self.records.get_mut(entry).expect("the entry exists");
        let next = record.entry.first;
        let copy = QueueCopy {
            recipient,
            mailbox,
            destination,
            state: CopyState::Pending,
            delivery: 0,
            suspended: false,
            next,
        };
        if next.is_none() {
            record.copy = Some(copy);
            record.entry.first = Some(CopyIndex::own(entry));
            return;
        }
        let index = if let Some(index) = self.free_copies.pop() {
            *self.copy_mut(index) = copy;
            index
        } else {
            self.copies.push(copy);
            CopyIndex::further(self.copies.len() - 1)
        };
        self[entry].first = Some(index);
    }

    /// Makes the place of a copy free.
    fn free_copy(&mut self, index: CopyIndex) {
        match index.place() {
            Place::Own(slot) => self.record_mut(slot).copy = None,
            Place::Further(_) => self.free_copies.push(index),
        }
    }

    fn record_mut(&mut self, slot: u32) -> &mut Record {
        self.records.in_slot_mut(slot).expect("copies lie in entries that exist")
    }

    /// Returns the entry, if it still exists.
    #[must_use]
    pub fn get(&self, entry: EntryHandle) -> Option<&QueueEntry> {
        self.records.get(entry).map(|record| &record.entry)
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
    pub fn copy(&self, index: CopyIndex) -> &QueueCopy {
        match index.place() {
            Place::Own(slot) => {
                let record = self.records.in_slot(slot).and_then(|record| record.copy.as_ref());
                record.expect("copies lie in entries that exist")
            }
            Place::Further(position) => &self.copies[position],
        }
    }

    /// Returns the recipient copy in `index` for a change.
    pub fn copy_mut(&mut self, index: CopyIndex) -> &mut QueueCopy {
        match index.place() {
            Place::Own(slot) => {
                self.record_mut(slot).copy.as_mut().expect("a copy that is asked for exists")
            }
            Place::Further(position) => &mut self.copies[position],
        }
    }

    /// Returns the recipient of an entry that has one only, as nearly all have.
    #[must_use]
    #[inline]
    pub fn only_copy(&self, entry: EntryHandle) -> Option<&QueueCopy> {
        self.records.get(entry).expect("the entry exists").only_copy()
    }

    /// Returns the entry's recipients, in order.
    pub fn copies(&self, entry: EntryHandle) -> impl Iterator<Item = &QueueCopy> {
        let record = self.records.get(entry).expect("the entry exists");
        let only = record.only_copy();
        let mut next = if only.is_some() { None } else { record.entry.first };
        only.into_iter().chain(std::iter::from_fn(move || {
            let copy = self.copy(next?);
            next = copy.next;
            Some(copy)
        }))
    }

    /// Lets `change` change each of the entry's recipients, in order.
    #[inline]
    fn change_copies(&mut self, entry: EntryHandle, mut change: impl FnMut(&mut QueueCopy)) {
        let record = self.records.get_mut(entry).expect("the entry exists");
        if let Some(only) = record.only_copy_mut() {
            return change(only);
        }
        let mut next = record.entry.first;
        while let Some(index) = next {
            let copy = self.copy_mut(index);
            change(copy);
            next = copy.next;
        }
    }

    /// Looks at entries that are about to be taken up, so that the memory of one is fetched while it
    /// waits for another's: where hundreds of thousands wait, each lies outside the caches.
    pub(super) fn foresee<'e>(&self, entries: impl Iterator<Item = &'e EntryHandle>) {
        for &entry in entries {
            if let Some(record) = self.records.get(entry) {
                black_box((record.entry.message, record.copy.is_some()));
            }
        }
    }

    /// Returns the slots of the entry's recipients, in order.
    pub fn recipients(&self, entry: EntryHandle) -> impl Iterator<Item = CopyIndex> + '_ {
        let mut next = self.get(entry).and_then(|entry| entry.first);
        std::iter::from_fn(move || {
            let index = next?;
            next = self.copy(index).next;
            Some(index)
        })
    }

    /// Returns the slots of the recipients of one delivery, in the order of the entry.
    pub fn delivery_recipients(
        &self,
        delivery: DeliveryHandle,
    ) -> impl Iterator<Item = CopyIndex> + '_ {
        let entry = self.deliveries.get(delivery).expect("the delivery exists").entry;
        self.recipients(entry).filter(move |&index| {
            let copy = self.copy(index);
            copy.state == CopyState::Assigned && copy.delivery == delivery.index()
        })
    }

    /// Makes a delivery of the first up to `limit` pending recipients of `entry` that go to
    /// `destination`, and counts it as outstanding.
    pub fn assign(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        limit: u32,
    ) -> DeliveryHandle {
        self.assign_those(entry, destination, limit, |_| true)
    }

    /// The same, of those recipients that `which` names, asked about each in turn.
    pub fn assign_those(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        limit: u32,
        mut which: impl FnMut(&QueueCopy) -> bool,
    ) -> DeliveryHandle {
        let delivery = self.deliveries.insert(QueuedDelivery {
            entry,
            destination,
            recipients: 0,
            next: None,
        });
        let mut count = 0;
        self.change_copies(entry, |copy| {
            let fits = copy.state == CopyState::Pending && copy.destination == destination;
            if count < limit && fits && which(copy) {
                copy.state = CopyState::Assigned;
                copy.delivery = delivery.index();
                count += 1;
            }
        });
        self.deliveries.get_mut(delivery).expect("just made").recipients = count;
        self[entry].outstanding += 1;
        delivery
    }

    /// Ends a delivery: recipients still assigned to it become pending again. Returns its entry.
    pub fn release(&mut self, delivery: DeliveryHandle) -> EntryHandle {
        let ended = self.deliveries.remove(delivery).expect("a delivery ends once");
        let mut left = false;
        self.change_copies(ended.entry, |copy| {
            if copy.state == CopyState::Assigned && copy.delivery == delivery.index() {
                copy.state = CopyState::Pending;
                left = true;
            }
        });
        let entry = &mut self[ended.entry];
        entry.outstanding -= 1;
        entry.deferred |= left;
        ended.entry
    }

    /// Marks the recipients that `which` names as put off without an attempt.
    pub fn suspend(&mut self, entry: EntryHandle, which: impl Fn(&QueueCopy) -> bool) {
        self.change_copies(entry, |copy| copy.suspended |= which(copy));
    }

    /// Removes recipients that are done or, if `failed`, have failed.
    pub fn drop_finished(&mut self, entry: EntryHandle, failed: bool) {
        let gone = |copy: &QueueCopy| match copy.state {
            CopyState::Done => true,
            CopyState::Failed(_) => failed,
            CopyState::Pending | CopyState::Assigned => false,
        };
        let any = match self.only_copy(entry) {
            Some(only) => gone(only),
            None => self.copies(entry).any(gone),
        };
        if !any {
            return;
        }
        let mut link: Option<CopyIndex> = None;
        let mut next = self[entry].first;
        while let Some(index) = next {
            let copy = *self.copy(index);
            next = copy.next;
            if gone(&copy) {
                match link {
                    None => self[entry].first = next,
                    Some(previous) => self.copy_mut(previous).next = next,
                }
                self.free_copy(index);
            } else {
                link = Some(index);
            }
        }
    }

    /// Removes an entry with all its recipients.
    #[inline]
    pub fn remove(&mut self, entry: EntryHandle) -> QueueEntry {
        let removed = self[entry];
        let mut next = removed.first;
        while let Some(index) = next {
            next = self.copy(index).next;
            if let Place::Further(_) = index.place() {
                self.free_copies.push(index);
            }
        }
        self.records.discard(entry);
        removed
    }

    /// Returns the entries of `host` with a round under way, in slot order. Takes time in
    /// proportion to all entries of all hosts: for stops and crashes only.
    #[must_use]
    pub fn active_at(&self, host: HostId) -> Vec<EntryHandle> {
        let of_host = |entry: &QueueEntry| entry.active && entry.host == host;
        self.iter().filter(|(_, entry)| of_host(entry)).map(|(handle, _)| handle).collect()
    }

    /// Returns all entries, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (EntryHandle, &QueueEntry)> {
        self.records.iter().map(|(handle, record)| (handle, &record.entry))
    }
}

impl std::ops::Index<EntryHandle> for QueueEntries {
    type Output = QueueEntry;

    fn index(&self, entry: EntryHandle) -> &QueueEntry {
        &self.records.get(entry).expect("the entry exists").entry
    }
}

impl std::ops::IndexMut<EntryHandle> for QueueEntries {
    fn index_mut(&mut self, entry: EntryHandle) -> &mut QueueEntry {
        &mut self.records.get_mut(entry).expect("the entry exists").entry
    }
}
