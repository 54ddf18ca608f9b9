//! First-in first-out lists threaded through the arenas, so that no list ever allocates.

use super::{DeliveryHandle, EntryHandle, EntrySlot, QueueEntries};

/// Entries in order of joining; an entry is in one list at most.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct EntryList {
    ends: Option<(EntrySlot, EntrySlot)>,
    len: u64,
}

impl EntryList {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn push_back(&mut self, entries: &mut QueueEntries, entry: EntryHandle) {
        entries[entry].next = None;
        let slot = EntrySlot::from(entry);
        self.ends = Some(match self.ends {
            None => (slot, slot),
            Some((head, tail)) => {
                link(entries, tail, slot);
                (head, slot)
            }
        });
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self, entries: &mut QueueEntries) -> Option<EntryHandle> {
        let (head, tail) = self.ends?;
        let entry = entries.in_slot(head);
        let next = entries[entry].next;
        self.ends = next.map(|next| (next, tail));
        self.len -= 1;
        Some(entry)
    }

    /// Moves all of `other` behind this list.
    pub(super) fn append(&mut self, entries: &mut QueueEntries, other: Self) {
        let Some((other_head, other_tail)) = other.ends else {
            return;
        };
        self.ends = Some(match self.ends {
            None => (other_head, other_tail),
            Some((head, tail)) => {
                link(entries, tail, other_head);
                (head, other_tail)
            }
        });
        self.len += other.len;
    }
}

/// Lets `next` follow the entry in the slot `before`.
fn link(entries: &mut QueueEntries, before: EntrySlot, next: EntrySlot) {
    let before = entries.in_slot(before);
    entries[before].next = Some(next);
}

/// Deliveries waiting for their turn.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct DeliveryList {
    ends: Option<(DeliveryHandle, DeliveryHandle)>,
}

impl DeliveryList {
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    pub(super) fn push_back(&mut self, entries: &mut QueueEntries, delivery: DeliveryHandle) {
        self.ends = Some(match self.ends {
            None => (delivery, delivery),
            Some((head, tail)) => {
                entries.delivery_mut(tail).expect("listed deliveries exist").next = Some(delivery);
                (head, delivery)
            }
        });
    }

    /// Returns the entries of the deliveries in their order.
    pub(super) fn entries(&self, entries: &QueueEntries) -> impl Iterator<Item = EntryHandle> {
        let mut next = self.ends.map(|(head, _)| head);
        std::iter::from_fn(move || {
            let delivery = entries.delivery(next?).expect("listed deliveries exist");
            next = delivery.next;
            Some(delivery.entry)
        })
    }

    /// Returns the first delivery.
    pub(super) fn first(&self) -> Option<DeliveryHandle> {
        self.ends.map(|(head, _)| head)
    }

    pub(super) fn pop_front(&mut self, entries: &mut QueueEntries) -> Option<DeliveryHandle> {
        let (head, tail) = self.ends?;
        let next = entries.delivery_mut(head).expect("listed deliveries exist").next.take();
        self.ends = next.map(|next| (next, tail));
        Some(head)
    }
}
