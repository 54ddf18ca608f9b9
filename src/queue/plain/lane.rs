//! Deliveries to one destination: those under way and those that wait.

use super::super::list::DeliveryList;
use super::super::{DeliveryHandle, QueueEntries};

/// The deliveries to one destination.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) busy: u32,
    pub(super) waiting: DeliveryList,
}

impl Lane {
    /// Returns the next delivery that may begin; it is under way from now on.
    pub(super) fn next(
        &mut self,
        limit: u32,
        entries: &mut QueueEntries,
    ) -> Option<DeliveryHandle> {
        if self.busy >= limit {
            return None;
        }
        let delivery = self.waiting.pop_front(entries)?;
        self.busy += 1;
        Some(delivery)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.busy == 0 && self.waiting.is_empty()
    }

    /// Gives up what waits: the server stops.
    pub(super) fn release(&mut self, entries: &mut QueueEntries) {
        while let Some(delivery) = self.waiting.pop_front(entries) {
            entries.release(delivery);
        }
    }
}
