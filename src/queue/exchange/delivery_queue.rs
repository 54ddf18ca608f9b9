//! A delivery queue: the messages for one next hop, and the retries that belong to it rather than to
//! any of them.

use std::collections::BTreeSet;

use crate::mail::Status;
use crate::units::{SimDuration, SimTime};

use super::super::{ArrivalTime, EntryHandle};
use super::settings::Settings;

/// The queue of one next hop (`queues.md`, "Delivery queues").
#[derive(Debug)]
pub(super) struct DeliveryQueue {
    /// Messages that are ready, the oldest first.
    pub(super) ready: BTreeSet<(ArrivalTime, EntryHandle)>,
    /// Connections, open or being opened.
    pub(super) busy: u32,
    /// While its status is Retry: when the next connection is tried.
    pub(super) retry_at: Option<SimTime>,
    /// Failed connections in succession.
    pub(super) failures: u32,
    /// Tells the timer that counts from older ones.
    pub(super) closing: u32,
    /// Since when it has delivered nothing.
    pub(super) idle_since: SimTime,
    /// Since when it has been empty.
    emptied: Option<SimTime>,
    /// Why the last connection failed.
    pub(super) reason: Status,
}

impl DeliveryQueue {
    pub(super) fn new(now: SimTime) -> Self {
        Self {
            ready: BTreeSet::new(),
            busy: 0,
            retry_at: None,
            failures: 0,
            closing: 0,
            idle_since: now,
            emptied: None,
            reason: Status::NO_ANSWER,
        }
    }

    /// A message joins at `now`. A queue that has been empty for too long has been deleted, and is
    /// another one now.
    pub(super) fn join(
        &mut self,
        now: SimTime,
        key: (ArrivalTime, EntryHandle),
        settings: &Settings,
    ) {
        let deleted = self.emptied.is_some_and(|since| {
            now.since(since) >= settings.queue_max_idle_time && self.busy == 0
        });
        if deleted {
            *self = Self { closing: self.closing, ..Self::new(now) };
        }
        self.emptied = None;
        self.ready.insert(key);
    }

    /// Returns whether another connection may be opened, as far as this queue is concerned. After a
    /// failure a single connection shows whether the next hop is back.
    pub(super) fn may_connect(&self, settings: &Settings) -> bool {
        let limit = match self.failures {
            0 => settings.max_per_domain_outbound_connections.unwrap_or(u32::MAX),
            _ => 1,
        };
        self.retry_at.is_none() && !self.ready.is_empty() && self.busy < limit
    }

    /// A connection failed. Returns when the next one is tried, or none if the queue waits already.
    pub(super) fn fail(
        &mut self,
        now: SimTime,
        reason: Status,
        settings: &Settings,
    ) -> Option<SimTime> {
        if self.retry_at.is_some() {
            return None;
        }
        self.failures += 1;
        self.closing += 1;
        self.reason = reason;
        let at = now.saturating_add(settings.intervals.after(self.failures));
        self.retry_at = Some(at);
        Some(at)
    }

    /// The next hop was reached.
    pub(super) fn succeed(&mut self, now: SimTime) {
        (self.failures, self.idle_since) = (0, now);
        if self.retry_at.take().is_some() {
            self.closing += 1;
        }
    }

    /// Notes since when it has been empty. Returns whether nothing is under way either.
    pub(super) fn rests(&mut self, now: SimTime) -> bool {
        if self.ready.is_empty() && self.busy == 0 {
            self.emptied.get_or_insert(now);
            return true;
        }
        false
    }

    /// Returns whether it has delivered nothing for `span`.
    pub(super) fn idled(&self, now: SimTime, span: SimDuration) -> bool {
        now.since(self.idle_since) >= span
    }
}
