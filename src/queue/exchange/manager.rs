//! The transport service: delivery queues and the messages in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::Status;
use crate::units::{SimDuration, SimTime};

use super::super::list::EntryList;
use super::super::round::{conclude, has_pending, next_destination, suspend};
use super::super::{
    Action, Context, Destination, EntryHandle, Intake, KeepConnection, Processes, QueueEntries,
    QueueEntry, QueueLengths, QueueManager, QueueSettings, Report, Timer, Tried,
};
use super::delivery_queue::DeliveryQueue;
use super::settings::Settings;

/// The transport service on one host.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    local_processes: u32,
    running: bool,
    queues: BTreeMap<Destination, DeliveryQueue>,
    /// Outbound connections of all queues.
    connections: u32,
    /// Messages that their next hops refused for now.
    refused: BTreeSet<EntryHandle>,
    /// The entry whose last try was refused rather than failed, until the delivery is over.
    just_refused: Option<EntryHandle>,
    resting: EntryList,
}

/// Returns the settings with the limit of connections that the host's `capacity` states.
fn limited(mut settings: Settings, remote: Option<u32>) -> Settings {
    settings.max_outbound_connections = remote.or(settings.max_outbound_connections);
    settings
}

impl Exchange {
    /// Returns the transport service with `settings`; `remote` replaces the limit of outbound
    /// connections, `local` limits deliveries into local mailboxes.
    #[must_use]
    pub fn new(settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        Self {
            settings: limited(settings, remote),
            local_processes: local.unwrap_or(u32::MAX),
            running: false,
            queues: BTreeMap::new(),
            connections: 0,
            refused: BTreeSet::new(),
            just_refused: None,
            resting: EntryList::default(),
        }
    }

    fn expires_at(&self, entry: &QueueEntry) -> SimTime {
        entry.arrived.saturating_add(self.settings.message_expiration_timeout)
    }

    /// A message joins the queues of its next hops.
    fn join(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.join_as(now, entry, true, context);
    }

    /// The same; `new` to the queues, it is told of those that wait.
    fn join_as(&mut self, now: SimTime, entry: EntryHandle, new: bool, context: &mut Context<'_>) {
        let state = &mut context.entries[entry];
        state.begin_round();
        let key = (state.arrived, entry);
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            before = Some(destination);
            let queue = self.queues.entry(destination).or_insert_with(|| DeliveryQueue::new(now));
            queue.join(now, key, &self.settings);
            if new && queue.retry_at.is_some() {
                suspend(context, entry, destination, queue.reason);
            }
            self.connect(destination, context);
        }
    }

    /// Opens connections, or uses those at hand, for the messages of one queue.
    fn connect(&mut self, destination: Destination, context: &mut Context<'_>) {
        while self.connect_once(destination, context) {}
    }

    /// Begins one delivery of a queue, if it may. Returns whether it does.
    fn connect_once(&mut self, destination: Destination, context: &mut Context<'_>) -> bool {
        let local = destination == Destination::Local;
        let most = self.settings.max_outbound_connections.unwrap_or(u32::MAX);
        let Some(queue) = self.queues.get_mut(&destination) else {
            return false;
        };
        let free = if local {
            queue.busy < self.local_processes && !queue.ready.is_empty()
        } else {
            self.connections < most && queue.may_connect(&self.settings)
        };
        let next = if free { queue.ready.pop_first() } else { None };
        let Some((_, entry)) = next else {
            return false;
        };
        let delivery = context.entries.assign(entry, destination, u32::MAX);
        queue.busy += 1;
        self.connections += u32::from(!local);
        let keep = KeepConnection {
            idle: self.settings.connection_inactivity_timeout,
            age: SimDuration::MAX,
            transactions: Some(self.settings.smtp_max_messages_per_connection),
        };
        context.actions.push(Action::Deliver {
            delivery,
            reuse_connection: !local,
            keep_connection: (!local).then_some(keep),
        });
        true
    }

    /// A connection has become free while all were in use: the oldest message of all queues that may
    /// connect has it. (In which order Exchange serves its queues then is not documented; to serve
    /// the same queue again would starve the others, which nobody reports.)
    fn connect_oldest(&mut self, context: &mut Context<'_>) {
        loop {
            let waiting = self.queues.iter().filter(|(destination, queue)| {
                **destination != Destination::Local && queue.may_connect(&self.settings)
            });
            let first = waiting.filter_map(|(destination, queue)| {
                queue.ready.first().map(|(arrived, _)| (*arrived, *destination))
            });
            let Some((_, oldest)) = first.min() else { return };
            if !self.connect_once(oldest, context) {
                return;
            }
        }
    }

    /// A queue's next hop could not be reached for the entry `tried`: its status is Retry from now
    /// on.
    fn queue_failed(
        &mut self,
        now: SimTime,
        destination: Destination,
        (tried, reason): (EntryHandle, Status),
        context: &mut Context<'_>,
    ) {
        let Some(queue) = self.queues.get_mut(&destination) else {
            return;
        };
        let Some(at) = queue.fail(now, reason, &self.settings) else {
            return;
        };
        context.actions.push(Action::Close { destination });
        if queue.failures == 1 {
            // Each message is told of once, not at every attempt of its queue.
            for &(_, entry) in queue.ready.iter().filter(|(_, entry)| *entry != tried) {
                suspend(context, entry, destination, reason);
            }
        }
        let timer = Timer::Destination { destination, closing: queue.closing };
        context.actions.push(Action::Arm { timer, at });
        let resubmits =
            self.settings.max_idle_time_before_resubmit.is_some_and(|span| queue.idled(now, span));
        if resubmits {
            queue.idle_since = now;
            for (_, entry) in std::mem::take(&mut queue.ready) {
                context.actions.push(Action::Resubmit { entry });
            }
        }
    }

    /// After a delivery or the end of a message: what else can go on, and what can be closed.
    fn settle(&mut self, now: SimTime, destination: Destination, context: &mut Context<'_>) {
        if self.settings.max_outbound_connections == Some(self.connections + 1) {
            self.connect_oldest(context);
        }
        self.connect(destination, context);
        let rests = self.queues.get_mut(&destination).is_some_and(|queue| queue.rests(now));
        if rests {
            context.actions.push(Action::Close { destination });
        }
    }

    /// Takes a message out of the queues it waits in.
    fn leave(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        let key = (context.entries[entry].arrived, entry);
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            before = Some(destination);
            if let Some(queue) = self.queues.get_mut(&destination) {
                queue.ready.remove(&key);
                queue.rests(now);
            }
        }
        self.refused.remove(&entry);
    }

    /// Returns a message that is too old, unless it is just being tried.
    fn expire_if_due(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) -> bool {
        let state = context.entries[entry];
        if !self.running || state.outstanding > 0 || now < self.expires_at(&state) {
            return false;
        }
        self.leave(now, entry, context);
        context.actions.push(Action::Expire { entry, status: Some(EXPIRED) });
        true
    }

    fn notify_if_due(&self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        let Some(after) = self.settings.delay_notification_timeout else {
            return;
        };
        let state = &mut context.entries[entry];
        if self.running && !state.warned() && now >= state.arrived.saturating_add(after) {
            state.set_warned();
            context.actions.push(Action::NotifyDelay { entry });
        }
    }
}

/// Delivery time expired (RFC 3463 §3.5), as its reports have it.
const EXPIRED: Status = Status::new(4, 4, 7);

impl QueueManager for Exchange {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        let mut waiting: Vec<(EntryHandle, bool)> =
            self.refused.iter().map(|&entry| (entry, false)).collect();
        while let Some(entry) = self.resting.pop_front(context.entries) {
            waiting.push((entry, true));
        }
        for (entry, joins) in waiting {
            self.notify_if_due(now, entry, context);
            if !self.expire_if_due(now, entry, context) && joins {
                self.join(now, entry, context);
            }
        }
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.queues.clear();
        self.connections = 0;
        for entry in context.entries.active_at(context.host) {
            context.entries[entry].set_active(false);
            self.resting.push_back(context.entries, entry);
        }
    }

    fn arrived(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        _intake: &Intake,
        context: &mut Context<'_>,
    ) {
        let state = context.entries[entry];
        let at = self.expires_at(&state);
        context.actions.push(Action::Arm { timer: Timer::Lifetime { entry }, at });
        if let Some(after) = self.settings.delay_notification_timeout {
            let at = state.arrived.saturating_add(after);
            context.actions.push(Action::Arm { timer: Timer::Notice { entry }, at });
        }
        if self.running {
            self.join(now, entry, context);
        } else {
            self.resting.push_back(context.entries, entry);
        }
    }

    fn resubmitted(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.join_as(now, entry, false, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::Destination { destination, closing } => {
                let queue = self.queues.get_mut(&destination);
                if let Some(queue) = queue.filter(|queue| queue.closing == closing) {
                    queue.retry_at = None;
                    self.connect(destination, context);
                }
            }
            Timer::Message { entry, round } => {
                let current = context.entries.get(entry).is_some_and(|e| e.rounds == round);
                if !current {
                    return;
                }
                self.refused.remove(&entry);
                if self.running {
                    self.join(now, entry, context);
                } else {
                    self.resting.push_back(context.entries, entry);
                }
            }
            Timer::Lifetime { entry } if context.entries.get(entry).is_some() => {
                self.expire_if_due(now, entry, context);
            }
            Timer::Notice { entry } if context.entries.get(entry).is_some() => {
                self.notify_if_due(now, entry, context);
            }
            _ => {}
        }
    }

    fn tried(&mut self, _now: SimTime, tried: &Tried<'_>, context: &mut Context<'_>) {
        let reached = !tried.failure.is_some_and(|failure| failure.concerns_site());
        let entry = context.entries.delivery(tried.delivery).map(|delivery| delivery.entry);
        self.just_refused = entry.filter(|_| reached);
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let delivery = context.entries.delivery(report.delivery).expect("it has just ended");
        let destination = delivery.destination;
        self.just_refused = None;
        self.connections -= u32::from(destination != Destination::Local);
        let entry = context.entries.release(report.delivery);
        let key = (context.entries[entry].arrived, entry);
        let pending = conclude(context, entry);
        let here = has_pending(context.entries, entry, destination);
        if let Some(queue) = self.queues.get_mut(&destination) {
            queue.busy -= 1;
            if report.site_failure.is_none() {
                queue.succeed(now);
            } else if here {
                queue.ready.insert(key);
            }
        }
        if pending {
            context.entries.drop_finished(entry, false);
            let over = self.expire_if_due(now, entry, context);
            if !over && here && report.site_failure.is_none() {
                self.refused.insert(entry);
                let state = &mut context.entries[entry];
                state.set_active(state.outstanding > 0);
                state.rounds += 1;
                let timer = Timer::Message { entry, round: state.rounds };
                let at = now.saturating_add(self.settings.message_retry_interval);
                context.actions.push(Action::Arm { timer, at });
            }
        }
        if let Some(reason) = report.site_failure {
            self.queue_failed(now, destination, (entry, reason), context);
        }
        self.settle(now, destination, context);
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        for queue in self.queues.values_mut().filter(|queue| queue.retry_at.is_some()) {
            queue.retry_at = None;
            queue.closing += 1;
        }
        for entry in std::mem::take(&mut self.refused) {
            self.join(now, entry, context);
        }
        let all: Vec<Destination> = self.queues.keys().copied().collect();
        for destination in all {
            self.connect(destination, context);
        }
    }

    fn configure(
        &mut self,
        _now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        _context: &mut Context<'_>,
    ) {
        if let QueueSettings::Exchange(settings) = settings {
            self.settings = limited(*settings, processes.remote);
            self.local_processes = processes.local.unwrap_or(u32::MAX);
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        let destination = entries.recipients(entry).map(|i| entries.copy(i).destination).next();
        let queue = destination.and_then(|destination| self.queues.get(&destination));
        let at = match queue {
            _ if self.just_refused == Some(entry) => now + self.settings.message_retry_interval,
            Some(queue) => queue
                .retry_at
                .unwrap_or_else(|| now + self.settings.intervals.after(queue.failures + 1)),
            None => now + self.settings.intervals.after(1),
        };
        (at < self.expires_at(state)).then_some(at)
    }

    fn lengths(&self) -> QueueLengths {
        let waiting = |retry: bool| -> u64 {
            let of_kind = |queue: &&DeliveryQueue| queue.retry_at.is_some() == retry;
            let queues = self.queues.values().filter(of_kind);
            queues.map(|queue| queue.ready.len() as u64).sum()
        };
        let busy: u64 = self.queues.values().map(|queue| u64::from(queue.busy)).sum();
        QueueLengths {
            incoming: self.resting.len(),
            active: waiting(false) + busy,
            deferred: waiting(true) + self.refused.len() as u64,
        }
    }
}
