//! The `retry` transport: where deliveries go that are put off without a try.
//!
//! When a destination is dead, Postfix hands its deliveries to the `retry` service, which writes down
//! that they are deferred (`src/qmgr/qmgr_defer.c`, `src/error/error.c`). That takes a few
//! milliseconds, for which there is no time here. But it is a transport like any other: under
//! `default_destination_rate_delay` (or `retry_destination_rate_delay`) its deliveries are a pause
//! apart too (`src/qmgr/qmgr_entry.c`), so what was put off leaves the active queue one at a time,
//! and the age from which the next attempt counts grows meanwhile.
//!
//! Postfix keeps a queue for each reason, by its text; here each destination has one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mail::Status;

use super::super::{DeliveryHandle, Destination};

/// What waits for its turn at the `retry` transport.
#[derive(Debug, Default)]
pub(super) struct Retry {
    queues: BTreeMap<Destination, RetryQueue>,
    /// Clock seconds from which queues go on.
    pauses: BTreeSet<(u64, Destination)>,
}

#[derive(Debug, Default)]
struct RetryQueue {
    waiting: VecDeque<(DeliveryHandle, Status)>,
    paused: bool,
}

impl Retry {
    /// A delivery is to be put off in its turn.
    pub(super) fn push(
        &mut self,
        destination: Destination,
        delivery: DeliveryHandle,
        reason: Status,
    ) {
        self.queues.entry(destination).or_default().waiting.push_back((delivery, reason));
    }

    /// Returns the next delivery of a destination, if it is its turn. The queue then pauses until
    /// clock second `until`.
    pub(super) fn next(
        &mut self,
        destination: Destination,
        until: u64,
    ) -> Option<(DeliveryHandle, Status)> {
        let queue = self.queues.get_mut(&destination).filter(|queue| !queue.paused)?;
        let Some(next) = queue.waiting.pop_front() else {
            self.queues.remove(&destination);
            return None;
        };
        queue.paused = true;
        self.pauses.insert((until, destination));
        Some(next)
    }

    /// Returns whether any queue pauses.
    #[inline]
    pub(super) fn is_pausing(&self) -> bool {
        !self.pauses.is_empty()
    }

    /// Returns whether a queue goes on in clock second `clock` or before.
    pub(super) fn waits_for(&self, clock: u64) -> bool {
        self.pauses.first().is_some_and(|(due, _)| *due <= clock)
    }

    /// Returns a destination whose pause is over in clock second `clock`, if there is one; it goes on.
    #[inline]
    pub(super) fn resume(&mut self, clock: u64) -> Option<Destination> {
        let &(due, destination) = self.pauses.first()?;
        if due > clock {
            return None;
        }
        self.pauses.pop_first();
        if let Some(queue) = self.queues.get_mut(&destination) {
            queue.paused = false;
        }
        Some(destination)
    }

    /// The server stops: returns the deliveries that waited.
    pub(super) fn stop(&mut self) -> impl Iterator<Item = DeliveryHandle> + use<> {
        let stopped = std::mem::take(self);
        let waiting = stopped.queues.into_values().flat_map(|queue| queue.waiting);
        waiting.map(|(delivery, _)| delivery)
    }
}
