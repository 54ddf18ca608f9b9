//! The `retry` transport: where deliveries go that are put off without a try.
//!
//! When a destination is dead, Postfix hands its deliveries to the `retry` service, which writes down
//! that they are deferred (`src/qmgr/qmgr_defer.c`, `src/error/error.c`). That takes a few
//! milliseconds, for which there is no time here. But it is a transport like any other: under
//! `default_destination_rate_delay` (or `retry_destination_rate_delay`) its deliveries are a pause
//! apart too (`src/qmgr/qmgr_entry.c`), so what was put off leaves the active queue one at a time,
//! and the age from which the next attempt counts grows meanwhile.
//!
//! There is a queue for each reason, by its text (`src/qmgr/qmgr_error.c`, `qmgr_error_nexthop`): two
//! destinations whose last exchanger is the same and failed in the same way share one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mail::{AttemptOutcome, Stage, Status};
use crate::network::AddressId;
use crate::smtp::Failure;

use super::super::{DeliveryHandle, Destination, Report};

/// Why a destination is dead, as far as the text that says so can tell two of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It says the name of the destination.
    Of(Destination),
    /// It says the address that was tried last, the stage and the outcome, and the reply's code.
    At(AddressId, Stage, AttemptOutcome, u16),
}

impl Reason {
    /// Returns why a destination is dead after a delivery that tried `last` at its end.
    fn new(destination: Destination, last: Option<AddressId>, failure: Option<Failure>) -> Self {
        let (Some(last), Some(failure)) = (last, failure) else {
            return Self::Of(destination);
        };
        let code = failure.reply.map_or(0, |reply| reply.code);
        Self::At(last, failure.stage, failure.outcome, code)
    }
}

/// What waits for its turn at the `retry` transport.
#[derive(Debug, Default)]
pub(super) struct Retry {
    queues: BTreeMap<Reason, RetryQueue>,
    /// Clock seconds from which queues go on.
    pauses: BTreeSet<(u64, Reason)>,
    /// The address that each delivery under way has tried last.
    last: BTreeMap<DeliveryHandle, AddressId>,
    /// What destinations died of.
    reasons: BTreeMap<Destination, Reason>,
}

#[derive(Debug, Default)]
struct RetryQueue {
    waiting: VecDeque<(DeliveryHandle, Status)>,
    paused: bool,
}

impl Retry {
    /// A delivery has tried an address.
    pub(super) fn note_try(&mut self, delivery: DeliveryHandle, address: AddressId) {
        self.last.insert(delivery, address);
    }

    /// A delivery to a destination that was alive or was not has ended.
    pub(super) fn note_end(&mut self, destination: Destination, report: &Report, alive: bool) {
        let last = self.last.remove(&report.delivery);
        if alive && report.site_failure.is_some() {
            self.reasons.insert(destination, Reason::new(destination, last, report.failure));
        }
    }

    /// Returns why a destination is dead.
    pub(super) fn reason_of(&self, destination: Destination) -> Reason {
        self.reasons.get(&destination).copied().unwrap_or(Reason::Of(destination))
    }

    /// A delivery is to be put off in its turn.
    pub(super) fn push(&mut self, reason: Reason, delivery: DeliveryHandle, status: Status) {
        self.queues.entry(reason).or_default().waiting.push_back((delivery, status));
    }

    /// Returns the next delivery of a queue, if it is its turn. The queue then pauses until
    /// clock second `until`.
    pub(super) fn next(&mut self, reason: Reason, until: u64) -> Option<(DeliveryHandle, Status)> {
        let queue = self.queues.get_mut(&reason).filter(|queue| !queue.paused)?;
        let Some(next) = queue.waiting.pop_front() else {
            self.queues.remove(&reason);
            return None;
        };
        queue.paused = true;
        self.pauses.insert((until, reason));
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

    /// Returns a queue whose pause is over in clock second `clock`, if there is one; it goes on.
    #[inline]
    pub(super) fn resume(&mut self, clock: u64) -> Option<Reason> {
        let &(due, reason) = self.pauses.first()?;
        if due > clock {
            return None;
        }
        self.pauses.pop_first();
        if let Some(queue) = self.queues.get_mut(&reason) {
            queue.paused = false;
        }
        Some(reason)
    }

    /// The server stops: returns the deliveries that waited.
    pub(super) fn stop(&mut self) -> impl Iterator<Item = DeliveryHandle> + use<> {
        let stopped = std::mem::take(self);
        let waiting = stopped.queues.into_values().flat_map(|queue| queue.waiting);
        waiting.map(|(delivery, _)| delivery)
    }
}
