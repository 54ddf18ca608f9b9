//! The delivery queues of one host. How many messages are in them, and which of them could use another
//! connection, is known without asking each: a host has one for every next hop.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::SimTime;

use super::super::{ArrivalTime, Destination, EntryHandle};
use super::delivery_queue::DeliveryQueue;
use super::settings::Settings;

/// The delivery queues by next hop.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: BTreeMap<Destination, DeliveryQueue>,
    counts: Counts,
    /// Queues of mail that leaves that could use another connection, by their oldest message.
    able: BTreeSet<((ArrivalTime, EntryHandle), Destination)>,
}

/// Messages in delivery queues.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    /// Ready, or being delivered.
    pub(super) active: u64,
    /// In queues whose status is Retry.
    pub(super) waiting: u64,
}

impl Counts {
    fn of(queue: &DeliveryQueue) -> Self {
        let ready = queue.ready.len() as u64;
        let waits = queue.retry_at.is_some();
        let (active, waiting) = if waits { (0, ready) } else { (ready, 0) };
        Self { active: active + u64::from(queue.busy), waiting }
    }
}

impl Queues {
    pub(super) fn get(&self, destination: Destination) -> Option<&DeliveryQueue> {
        self.queues.get(&destination)
    }

    pub(super) fn destinations(&self) -> impl Iterator<Item = Destination> {
        self.queues.keys().copied()
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the queue that could use another connection whose oldest message is the oldest of all.
    pub(super) fn longest_waiting(&self) -> Option<Destination> {
        self.able.first().map(|&(_, destination)| destination)
    }

    /// Changes a queue, if it is there.
    pub(super) fn change<T>(
        &mut self,
        destination: Destination,
        settings: &Settings,
        change: impl FnOnce(&mut DeliveryQueue) -> T,
    ) -> Option<T> {
        let queue = self.queues.get_mut(&destination)?;
        let before = Counts::of(queue);
        if let Some(&first) = queue.ready.first() {
            self.able.remove(&(first, destination));
        }
        let told = change(queue);
        let after = Counts::of(queue);
        self.counts.active = self.counts.active + after.active - before.active;
        self.counts.waiting = self.counts.waiting + after.waiting - before.waiting;
        if destination != Destination::Local
            && queue.may_connect(settings)
            && let Some(&first) = queue.ready.first()
        {
            self.able.insert((first, destination));
        }
        Some(told)
    }

    /// Changes a queue, which is made if it is not there.
    pub(super) fn change_or_make<T>(
        &mut self,
        destination: Destination,
        now: SimTime,
        settings: &Settings,
        change: impl FnOnce(&mut DeliveryQueue) -> T,
    ) -> T {
        self.queues.entry(destination).or_insert_with(|| DeliveryQueue::new(now));
        self.change(destination, settings, change).expect("just made")
    }

    /// Other settings hold from now on.
    pub(super) fn configure(&mut self, settings: &Settings) {
        let all: Vec<Destination> = self.destinations().collect();
        for destination in all {
            self.change(destination, settings, |_| ());
        }
    }
}
