//! One message at a host, and its recipients, as the arenas keep them.
//!
//! What waits by the million decides how much memory a run takes, and a scan waits for each line of
//! it. So an entry with one recipient, as nearly all have, lies in 64 octets with the count of its
//! slot's lives. How it is packed is known to this file only.

use std::num::NonZeroU32;

use crate::mail::{CompactStatus, HostId, MessageId, RecipientId, Status};
use crate::units::Octets;

use super::destination::{Kind, TransportId};
use super::{ArrivalTime, DeliveryHandle, Destination, EntryHandle};

/// What a host still has to do for one recipient of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyState {
    /// To be tried (again).
    Pending,
    /// In the delivery that lies in this slot, which waits or is under way.
    Assigned(u32),
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
    /// Where its copy goes.
    pub destination: Destination,
    /// What is still to be done.
    pub state: CopyState,
    /// Whether it has been put off without an attempt, and the trace does not say so yet.
    pub suspended: bool,
    /// The next recipient of the same entry.
    pub next: Option<CopyIndex>,
}

impl QueueCopy {
    /// Returns whether it is assigned to `delivery`.
    #[must_use]
    pub fn is_in(&self, delivery: DeliveryHandle) -> bool {
        self.state == CopyState::Assigned(delivery.index())
    }
}

/// Where a [`QueueCopy`] lies; the places are used again. (Counted from one within, so that an
/// absent one takes no room.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CopyIndex(NonZeroU32);

/// What a [`CopyIndex`] says.
pub(super) enum Place {
    /// In the record of the entry in this slot.
    Own(u32),
    /// Among the further copies.
    Further(usize),
}

impl CopyIndex {
    /// Tells copies in the records of entries from further ones.
    const OWN: u32 = 1 << 31;

    pub(super) fn own(entry: EntryHandle) -> Self {
        assert!(entry.index() < Self::OWN - 1, "fewer than 2^31 entries");
        Self(NonZeroU32::MIN.saturating_add(entry.index() | Self::OWN))
    }

    pub(super) fn further(position: usize) -> Self {
        let number = u32::try_from(position + 1).ok().filter(|number| *number < Self::OWN);
        Self(number.and_then(NonZeroU32::new).expect("fewer than 2^31 copies"))
    }

    const fn is_own(self) -> bool {
        self.0.get() > Self::OWN
    }

    #[inline]
    pub(super) const fn place(self) -> Place {
        let number = self.0.get() - 1;
        if number & Self::OWN == 0 {
            Place::Further(number as usize)
        } else {
            Place::Own(number & !Self::OWN)
        }
    }
}

/// An entry by its slot alone, for lists out of which nobody but their owner takes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntrySlot(NonZeroU32);

impl EntrySlot {
    /// Returns the number of the slot.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0.get() - 1
    }
}

impl From<EntryHandle> for EntrySlot {
    #[inline]
    fn from(entry: EntryHandle) -> Self {
        Self(NonZeroU32::MIN.saturating_add(entry.index()))
    }
}

/// A message at a host.
///
/// Packed, so that what takes eight octets need not lie at a multiple of eight.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
pub struct QueueEntry {
    /// The message.
    pub message: MessageId,
    /// The host.
    pub host: HostId,
    /// When this host became responsible.
    pub arrived: ArrivalTime,
    /// Deliveries of the present round not yet over.
    pub outstanding: u32,
    /// Rounds begun.
    pub rounds: u32,
    /// First recipient.
    pub first: Option<CopyIndex>,
    /// Link for lists that queue managers keep.
    pub(super) next: Option<EntrySlot>,
    last_status: CompactStatus,
    size_low: u32,
    /// Received fields in the header as it stands here. A loop that nobody ends goes round millions of
    /// times.
    pub received_fields: u32,
    size_middle: u8,
    /// Three flags, and above them the highest bits of the size.
    flags: u8,
    /// Its last recipient, which is the only one of nearly all entries.
    copy: Option<PackedCopy>,
}

// With the count of the slot's lives 64.
const _: () = assert!(size_of::<Option<QueueEntry>>() <= 60);

impl QueueEntry {
    const NULL_SENDER: u8 = 1;
    const WARNED: u8 = 2;
    const ACTIVE: u8 = 4;
    /// Bits of the flags.
    const FLAGS: u32 = 3;
    /// The largest size that is told from larger ones, 32 TiB: a scenario's messages typically have
    /// at most one.
    const LARGEST: u64 = (1 << (40 + 8 - Self::FLAGS)) - 1;

    /// Returns the entry of a message that has just come to a host, without recipients. `size` and
    /// `received_fields` count what stands here.
    #[must_use]
    pub fn new(
        message: MessageId,
        host: HostId,
        arrived: ArrivalTime,
        null_sender: bool,
        size: Octets,
        received_fields: u32,
    ) -> Self {
        let size = size.0.min(Self::LARGEST);
        let null_sender = if null_sender { Self::NULL_SENDER } else { 0 };
        Self {
            message,
            host,
            arrived,
            outstanding: 0,
            rounds: 0,
            first: None,
            next: None,
            last_status: Status::NO_ANSWER.into(),
            size_low: size as u32,
            received_fields,
            size_middle: (size >> 32) as u8,
            flags: ((size >> 40) << Self::FLAGS) as u8 | null_sender,
            copy: None,
        }
    }

    /// Returns the octets of header and body as they stand here.
    #[must_use]
    pub fn size(&self) -> Octets {
        let high = u64::from(self.flags >> Self::FLAGS) << 40;
        Octets(high | u64::from(self.size_middle) << 32 | u64::from(self.size_low))
    }

    /// Returns whether the reverse path is null, so that no notice is made.
    #[must_use]
    pub const fn null_sender(&self) -> bool {
        self.flags & Self::NULL_SENDER != 0
    }

    /// Returns whether a delay notice has been sent.
    #[must_use]
    pub const fn warned(&self) -> bool {
        self.flags & Self::WARNED != 0
    }

    /// A delay notice is sent.
    pub const fn set_warned(&mut self) {
        self.flags |= Self::WARNED;
    }

    /// Returns whether a round is under way: the entry is in the active queue.
    #[must_use]
    pub const fn active(&self) -> bool {
        self.flags & Self::ACTIVE != 0
    }

    /// Moves the entry into the active queue or out of it.
    pub const fn set_active(&mut self, active: bool) {
        self.flags = self.flags & !Self::ACTIVE | if active { Self::ACTIVE } else { 0 };
    }

    /// A round begins.
    pub const fn begin_round(&mut self) {
        self.rounds += 1;
        self.set_active(true);
    }

    /// Returns the last status of a temporary failure, for notices.
    #[must_use]
    pub fn last_status(&self) -> Status {
        self.last_status.get().unwrap_or(Status::NO_ANSWER)
    }

    /// Notes the status of a temporary failure.
    pub fn set_last_status(&mut self, status: Status) {
        self.last_status = status.into();
    }

    /// Returns whether the recipient that lies here is the only one. (It is that of the last
    /// recipient, so it is the only one if it is the first as well.)
    #[inline]
    fn has_one(&self) -> bool {
        self.first.is_some_and(CopyIndex::is_own)
    }

    /// Returns the recipient of an entry that has one, as nearly all have.
    #[inline]
    pub(super) fn only_copy(&self) -> Option<PackedCopy> {
        self.copy.filter(|_| self.has_one())
    }

    #[inline]
    pub(super) fn only_copy_mut(&mut self) -> Option<&mut PackedCopy> {
        if self.has_one() { self.copy.as_mut() } else { None }
    }

    /// Returns the recipient that lies here.
    #[inline]
    pub(super) fn own_copy(&self) -> Option<PackedCopy> {
        self.copy
    }

    #[inline]
    pub(super) fn own_copy_mut(&mut self) -> &mut Option<PackedCopy> {
        &mut self.copy
    }
}

/// A recipient of an entry as the arenas keep it.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed)]
pub(super) struct PackedCopy {
    recipient: RecipientId,
    /// The domain or host of the destination.
    which: u32,
    /// The slot of the delivery, or the number of the status.
    about: u32,
    destination: Kind,
    /// A [`Standing`], whether it has been put off without an attempt, and the destination's transport.
    state: u8,
}

/// A [`CopyState`] without delivery or status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Assigned,
    Failed,
    Done,
}

impl Standing {
    pub(super) const ALL: [Self; 4] = [Self::Pending, Self::Assigned, Self::Failed, Self::Done];

    pub(super) const fn of(state: CopyState) -> Self {
        match state {
            CopyState::Pending => Self::Pending,
            CopyState::Assigned(_) => Self::Assigned,
            CopyState::Failed(_) => Self::Failed,
            CopyState::Done => Self::Done,
        }
    }
}

impl PackedCopy {
    /// Above the two bits of the [`Standing`].
    const SUSPENDED: u8 = 4;
    /// The transport stands above these bits.
    const BELOW_TRANSPORT: u32 = 3;
    const TRANSPORT: u8 = !0 << Self::BELOW_TRANSPORT;

    pub(super) fn new(recipient: RecipientId, destination: Destination) -> Self {
        let (destination, which, transport) = destination.parts();
        let state = Standing::Pending as u8 | transport.0 << Self::BELOW_TRANSPORT;
        Self { recipient, which, about: 0, destination, state }
    }

    pub(super) const fn recipient(self) -> RecipientId {
        self.recipient
    }

    pub(super) fn set_destination(&mut self, destination: Destination) {
        let transport;
        (self.destination, self.which, transport) = destination.parts();
        self.state = self.state & !Self::TRANSPORT | transport.0 << Self::BELOW_TRANSPORT;
    }

    #[inline]
    pub(super) fn goes_to(self, destination: Destination) -> bool {
        (self.destination, self.which, self.transport()) == destination.parts()
    }

    #[inline]
    const fn transport(self) -> TransportId {
        TransportId(self.state >> Self::BELOW_TRANSPORT)
    }

    /// Returns whether it is to be tried.
    #[inline]
    pub(super) fn is_pending(self) -> bool {
        self.standing() == Standing::Pending
    }

    /// Returns whether it is to be tried, and goes to `destination`.
    #[inline]
    pub(super) fn is_pending_for(self, destination: Destination) -> bool {
        self.is_pending() && self.goes_to(destination)
    }

    #[inline]
    pub(super) fn standing(self) -> Standing {
        Standing::ALL[usize::from(self.state) % Standing::ALL.len()]
    }

    /// Returns whether it has been put off without an attempt, and the trace does not say so yet.
    #[inline]
    pub(super) const fn is_suspended(self) -> bool {
        self.state & Self::SUSPENDED != 0
    }

    #[inline]
    pub(super) const fn set_suspended(&mut self, suspended: bool) {
        self.state = self.state & !Self::SUSPENDED | if suspended { Self::SUSPENDED } else { 0 };
    }

    pub(super) fn set_state(&mut self, state: CopyState) {
        self.state = self.state & (Self::SUSPENDED | Self::TRANSPORT) | Standing::of(state) as u8;
        self.about = match state {
            CopyState::Assigned(delivery) => delivery,
            CopyState::Failed(status) => CompactStatus::from(status).number(),
            CopyState::Pending | CopyState::Done => 0,
        };
    }

    #[inline]
    fn state(self) -> CopyState {
        match self.standing() {
            Standing::Pending => CopyState::Pending,
            Standing::Assigned => CopyState::Assigned(self.about),
            Standing::Failed => {
                // A failure always has one. Not to panic leaves it out where nobody asks.
                let status = CompactStatus::of_number(self.about).get();
                CopyState::Failed(status.unwrap_or(Status::NO_ANSWER))
            }
            Standing::Done => CopyState::Done,
        }
    }

    /// Returns whether it is assigned to the delivery in this slot.
    #[inline]
    pub(super) fn is_in(self, delivery: u32) -> bool {
        self.standing() == Standing::Assigned && self.about == delivery
    }

    #[inline]
    pub(super) fn destination(self) -> Destination {
        Destination::of_parts(self.destination, self.which, self.transport())
    }

    /// Returns what it says; `next` is the next recipient of its entry.
    #[inline]
    pub(super) fn unpacked(self, next: Option<CopyIndex>) -> QueueCopy {
        QueueCopy {
            recipient: self.recipient,
            destination: self.destination(),
            state: self.state(),
            suspended: self.is_suspended(),
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DomainId;
    use crate::units::SimTime;

    #[test]
    fn a_recipient_is_what_it_was_made_of() {
        let places = [
            Destination::Local,
            Destination::Exchangers(DomainId(u32::MAX)),
            Destination::Host(HostId(7)),
            Destination::Address(HostId(0)).by(TransportId(TransportId::MOST)),
        ];
        let states = [
            CopyState::Pending,
            CopyState::Assigned(u32::MAX),
            CopyState::Failed(Status::new(5, 999, 999)),
            CopyState::Done,
        ];
        for (destination, state) in places.into_iter().zip(states) {
            let mut copy = PackedCopy::new(RecipientId(9), Destination::Local);
            copy.set_destination(Destination::Host(HostId(1)).by(TransportId(3)));
            copy.set_destination(destination);
            copy.set_state(state);
            copy.set_suspended(true);
            assert!(copy.is_suspended() && copy.unpacked(None).state == state);
            copy.set_state(state);
            assert!(copy.is_suspended() && copy.goes_to(destination));
            copy.set_suspended(false);
            let said = copy.unpacked(None);
            assert_eq!((said.recipient, said.destination), (RecipientId(9), destination));
            assert_eq!((said.state, said.suspended), (state, false));
        }
    }

    #[test]
    fn an_entry_is_what_it_was_made_of() {
        let size = Octets(QueueEntry::LARGEST - 2);
        let mut entry =
            QueueEntry::new(MessageId(3), HostId(4), SimTime::MAX.into(), true, size, u32::MAX);
        assert_eq!((entry.size(), { entry.received_fields }), (size, u32::MAX));
        assert!(entry.null_sender() && !entry.warned() && !entry.active());
        entry.begin_round();
        entry.set_warned();
        assert!(entry.null_sender() && entry.warned() && entry.active());
        entry.set_active(false);
        entry.set_last_status(Status::ROUTING_LOOP);
        assert!(entry.null_sender() && entry.warned() && !entry.active());
        assert_eq!(entry.last_status(), Status::ROUTING_LOOP);
        assert_eq!(entry.size(), size);
        let absurd = Octets(1 << 50);
        let endless =
            QueueEntry::new(MessageId(3), HostId(4), SimTime::ZERO.into(), false, absurd, 7);
        assert!(endless.size().0 == QueueEntry::LARGEST && !endless.null_sender());
    }
}
