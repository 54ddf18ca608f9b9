//! The transport service: delivery queues and the messages in them.

use std::collections::BTreeSet;

use crate::mail::Status;
use crate::units::{SimDuration, SimTime};

use super::super::list::EntryList;
use super::super::round::{conclude, suspend};
use super::super::{
    Action, Context, CopyState, Destination, EntryHandle, Intake, KeepConnection, Processes,
    QueueEntries, QueueEntry, QueueLengths, QueueManager, QueueSettings, Report, Timer, Tried,
    Waiting,
};
use super::delivery_queue::DeliveryQueue;
use super::queues::{Counts, Queues};
use super::settings::Settings;

/// The transport service on one host.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    local_processes: u32,
    running: bool,
    queues: Queues,
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
            queues: Queues::default(),
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
        while let Some(destination) = context.entries.next_destination(entry, before) {
            before = Some(destination);
            let settings = &self.settings;
            let waits = self.queues.change_or_make(destination, now, settings, |queue| {
                queue.join(now, key, settings);
                queue.retry_at.map(|_| queue.reason)
            });
            if let (true, Some(reason)) = (new, waits) {
                suspend(context, entry, destination, reason);
            }
            self.connect(destination, context);
        }
    }

    /// Opens connections, or uses those at hand, for the messages of one queue.
    fn connect(&mut self, destination: Destination, context: &mut Context<'_>) {
        let local = destination == Destination::Local;
        let most = self.settings.max_outbound_connections.unwrap_or(u32::MAX);
        let settings = &self.settings;
        while self.queues.get(destination).is_some_and(|queue| {
            if local {
                queue.busy < self.local_processes && !queue.ready.is_empty()
            } else {
                self.connections < most && queue.may_connect(settings)
            }
        }) {
            let next = self.queues.change(destination, settings, |queue| {
                queue.busy += 1;
                queue.ready.pop_first()
            });
            let (_, entry) = next.flatten().expect("a queue that may connect has a message");
            let delivery = context.entries.assign(entry, destination, u32::MAX);
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
        let settings = &self.settings;
        let failed = |queue: &mut DeliveryQueue| queue.fail(now, reason, settings);
        let Some(at) = self.queues.change(destination, settings, failed).flatten() else {
            return;
        };
        let queue = self.queues.get(destination).expect("it has just failed");
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
            let all = self.queues.change(destination, settings, |queue| {
                queue.idle_since = now;
                std::mem::take(&mut queue.ready)
            });
            for (_, entry) in all.unwrap_or_default() {
                context.actions.push(Action::Resubmit { entry });
            }
        }
    }

    /// After a delivery or the end of a message: what else can go on, and what can be closed.
    fn settle(&mut self, now: SimTime, destination: Destination, context: &mut Context<'_>) {
        let scarce = self.settings.max_outbound_connections == Some(self.connections + 1);
        if !scarce || destination == Destination::Local {
            self.connect(destination, context);
        }
        // Whoever has just been served must not keep the others waiting for a connection.
        if scarce && let Some(other) = self.queues.longest_waiting() {
            self.connect(other, context);
        }
        let rests = self.queues.change(destination, &self.settings, |queue| queue.rests(now));
        if rests == Some(true) {
            context.actions.push(Action::Close { destination });
        }
    }

    /// Takes a message out of the queues it waits in.
    fn leave(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        let key = (context.entries[entry].arrived, entry);
        let mut before = None;
        while let Some(destination) = context.entries.next_destination(entry, before) {
            before = Some(destination);
            self.queues.change(destination, &self.settings, |queue| {
                queue.ready.remove(&key);
                queue.rests(now);
            });
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

    /// Arms the timers that count from the arrival of an entry.
    fn arm_ends(&self, entry: EntryHandle, state: &QueueEntry, context: &mut Context<'_>) {
        let at = self.expires_at(state);
        context.actions.push(Action::Arm { timer: Timer::Lifetime { entry }, at });
        if let Some(after) = self.settings.delay_notification_timeout {
            let at = state.arrived.saturating_add(after);
            context.actions.push(Action::Arm { timer: Timer::Notice { entry }, at });
        }
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
        self.queues = Queues::default();
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
        self.arm_ends(entry, &state, context);
        if self.running {
            self.join(now, entry, context);
        } else {
            self.resting.push_back(context.entries, entry);
        }
    }

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let entry = waiting.entry;
        let state = context.entries[entry];
        let age = state.arrived.age(now);
        if self.settings.delay_notification_timeout.is_some_and(|after| age >= after) {
            context.entries[entry].set_warned();
        }
        self.arm_ends(entry, &state, context);
        let mut before = None;
        while let Some(destination) = context.entries.next_destination(entry, before) {
            before = Some(destination);
            if self.queues.get(destination).is_some() {
                continue;
            }
            // The oldest message tells since when the next hop has been failing.
            let (failures, wait) = self.settings.intervals.rehearse(age);
            let at = waiting.next_try.unwrap_or(now + wait);
            let closing = self.queues.change_or_make(destination, now, &self.settings, |queue| {
                (queue.failures, queue.retry_at) = (failures, Some(at));
                queue.closing
            });
            let timer = Timer::Destination { destination, closing };
            context.actions.push(Action::Arm { timer, at });
        }
        self.join_as(now, entry, false, context);
    }

    fn resubmitted(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.join_as(now, entry, false, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::Destination { destination, closing } => {
                let counts = self.queues.get(destination).is_some_and(|q| q.closing == closing);
                if counts {
                    self.queues.change(destination, &self.settings, |queue| queue.retry_at = None);
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
        let here = context.entries.has_pending(entry, destination);
        self.queues.change(destination, &self.settings, |queue| {
            queue.busy -= 1;
            if report.site_failure.is_none() {
                queue.succeed(now);
            } else if here {
                queue.ready.insert(key);
            }
        });
        if pending {
            context.entries.drop_finished(entry);
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
        let all: Vec<Destination> = self.queues.destinations().collect();
        for destination in all {
            self.queues.change(destination, &self.settings, |queue| {
                if queue.retry_at.take().is_some() {
                    queue.closing += 1;
                }
            });
        }
        for entry in std::mem::take(&mut self.refused) {
            self.join(now, entry, context);
        }
        let all: Vec<Destination> = self.queues.destinations().collect();
        for destination in all {
            self.connect(destination, context);
        }
    }

    fn configure(
        &mut self,
        _now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        let QueueSettings::Exchange(settings) = settings else { return };
        self.settings = limited(*settings, processes.remote);
        self.local_processes = processes.local.unwrap_or(u32::MAX);
        self.queues.configure(&self.settings);
        if self.running {
            let destinations: Vec<Destination> = self.queues.destinations().collect();
            for destination in destinations {
                self.connect(destination, context);
            }
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        let copies = entries.copies(entry);
        let mut owed = copies.filter(|copy| copy.state != CopyState::Done);
        let destination = owed.next().map(|copy| copy.destination);
        let queue = destination.and_then(|destination| self.queues.get(destination));
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
        let Counts { active, waiting } = self.queues.counts();
        QueueLengths {
            incoming: self.resting.len(),
            active,
            deferred: waiting + self.refused.len() as u64,
        }
    }
}
