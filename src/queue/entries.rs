//! Queue entries of all hosts in shared arenas: a message at a host, the recipients it still owes
//! there, and the deliveries under way.

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

/// A [`QueueCopy`]'s slot; slots are used again. (Counted from one within, so that an absent one
/// takes no room.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CopyIndex(NonZeroU32);

impl CopyIndex {
    const fn slot(self) -> usize {
        self.0.get() as usize - 1
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
    /// When this host had heard of its recipients, before the message itself came.
    pub announced: SimTime,
    /// Whether the reverse path is null, so that no notice is made.
    pub null_sender: bool,
    /// The reverse path; none: null.
    pub sender: Option<Mailbox>,
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
    /// Which message of the session that brought it, from 1; 0: no session did.
    pub session_message: u32,
    /// Sessions that the host served when it came, that session included.
    pub sessions_open: u32,
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

/// The arenas.
#[derive(Debug, Default)]
pub struct QueueEntries {
    entries: Slots<QueueEntry>,
    deliveries: Slots<QueuedDelivery>,
    copies: Vec<QueueCopy>,
    free_copies: Vec<CopyIndex>,
}

impl QueueEntries {
    /// Adds an entry without recipients.
    pub fn insert(&mut self, entry: QueueEntry) -> EntryHandle {
        self.entries.insert(entry)
    }

    /// Adds a recipient at the front of the entry's list. Add them in reverse order.
    pub fn add_recipient(
        &mut self,
        entry: EntryHandle,
        recipient: RecipientId,
        mailbox: Mailbox,
        destination: Destination,
    ) {
        let next = self[entry].first;
        let copy = QueueCopy {
            recipient,
            mailbox,
            destination,
            state: CopyState::Pending,
            delivery: 0,
            suspended: false,
            next,
        };
        let index = match self.free_copies.pop() {
            Some(index) => {
                self.copies[index.slot()] = copy;
                index
            }
            None => {
                self.copies.push(copy);
                let number = u32::try_from(self.copies.len()).ok().and_then(NonZeroU32::new);
                CopyIndex(number.expect("fewer than 2^32 copies"))
            }
        };
        self[entry].first = Some(index);
    }

    /// Returns the entry, if it still exists.
    #[must_use]
    pub fn get(&self, entry: EntryHandle) -> Option<&QueueEntry> {
        self.entries.get(entry)
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
        &self.copies[index.slot()]
    }

    /// Returns the recipient copy in `index` for a change.
    pub fn copy_mut(&mut self, index: CopyIndex) -> &mut QueueCopy {
        &mut self.copies[index.slot()]
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

    /// Returns whether the entry has exactly one recipient, as most have.
    #[must_use]
    pub fn has_one_recipient(&self, entry: EntryHandle) -> bool {
        self[entry].first.is_some_and(|only| self.copy(only).next.is_none())
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
        let (mut count, mut next) = (0, self[entry].first);
        while let Some(index) = next {
            let copy = self.copy_mut(index);
            let fits = copy.state == CopyState::Pending && copy.destination == destination;
            if count < limit && fits && which(copy) {
                copy.state = CopyState::Assigned;
                copy.delivery = delivery.index();
                count += 1;
            }
            next = copy.next;
        }
        self.deliveries.get_mut(delivery).expect("just made").recipients = count;
        self[entry].outstanding += 1;
        delivery
    }

    /// Ends a delivery: recipients still assigned to it become pending again. Returns its entry.
    pub fn release(&mut self, delivery: DeliveryHandle) -> EntryHandle {
        let ended = self.deliveries.remove(delivery).expect("a delivery ends once");
        let (mut next, mut left) = (self[ended.entry].first, false);
        while let Some(index) = next {
            let copy = self.copy_mut(index);
            if copy.state == CopyState::Assigned && copy.delivery == delivery.index() {
                copy.state = CopyState::Pending;
                left = true;
            }
            next = copy.next;
        }
        let entry = &mut self[ended.entry];
        entry.outstanding -= 1;
        entry.deferred |= left;
        ended.entry
    }

    /// Marks the recipients that `which` names as put off without an attempt.
    pub fn suspend(&mut self, entry: EntryHandle, which: impl Fn(&QueueCopy) -> bool) {
        let mut next = self[entry].first;
        while let Some(index) = next {
            let copy = self.copy_mut(index);
            copy.suspended |= which(copy);
            next = copy.next;
        }
    }

    /// Removes recipients that are done or, if `failed`, have failed.
    pub fn drop_finished(&mut self, entry: EntryHandle, failed: bool) {
        let mut link: Option<CopyIndex> = None;
        let mut next = self[entry].first;
        while let Some(index) = next {
            let copy = *self.copy(index);
            next = copy.next;
            let gone = match copy.state {
                CopyState::Done => true,
                CopyState::Failed(_) => failed,
                CopyState::Pending | CopyState::Assigned => false,
            };
            if gone {
                match link {
                    None => self[entry].first = next,
                    Some(previous) => self.copy_mut(previous).next = next,
                }
                self.free_copies.push(index);
            } else {
                link = Some(index);
            }
        }
    }

    /// Removes an entry with all its recipients.
    pub fn remove(&mut self, entry: EntryHandle) -> QueueEntry {
        let removed = self.entries.remove(entry).expect("an entry is removed once");
        let mut next = removed.first;
        while let Some(index) = next {
            next = self.copy(index).next;
            self.free_copies.push(index);
        }
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
