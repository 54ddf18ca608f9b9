//! The queue manager of the plain schedule.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;

use crate::mail::{Stage, Status};
use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::list::{DeliveryList, EntryList};
use super::super::round::{conclude, next_destination, suspend_delivery};
use super::super::{
    Action, Context, DeliveryHandle, Destination, EntryHandle, History, Intake, KeepConnection,
    Processes, QueueEntries, QueueEntry, QueueLengths, QueueManager, QueueSettings, Report, Timer,
    Waiting,
};
use super::gaps::Past;
use super::lane::Lane;
use super::looks::Looks;
use super::settings::{Expiry, Settings};
use super::threads::{Threads, sort};

/// The queue manager of one host with a plain schedule.
#[derive(Debug)]
pub struct Plain {
    settings: Settings,
    local_processes: Option<u32>,
    begun: bool,
    running: bool,
    active: u64,
    /// Waiting entries by the time they are due.
    deferred: BTreeSet<(SimTime, EntryHandle)>,
    looks: Looks,
    threads: Threads,
    /// What a thread has still to deliver of its message.
    chains: BTreeMap<EntryHandle, DeliveryList>,
    lanes: BTreeMap<Destination, Lane>,
    /// Deliveries in succession that reached no host.
    unreached: BTreeMap<Destination, u32>,
    resting: EntryList,
}

/// Returns the settings with the limit that the host's `capacity` states: of messages tried at once, or
/// of deliveries at once to one destination where there is none.
fn limited(mut settings: Settings, remote: Option<u32>) -> Settings {
    match &mut settings.threads {
        Some(threads) => *threads = remote.unwrap_or(*threads),
        None => settings.concurrency = remote.or(settings.concurrency),
    }
    settings
}

impl Plain {
    /// Returns the queue manager with `settings`; `remote` replaces the limit of messages tried at
    /// once, or of deliveries at once to one destination where there is none; `local` limits those
    /// into local mailboxes.
    #[must_use]
    pub fn new(settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        Self {
            settings: limited(settings, remote),
            local_processes: local,
            begun: false,
            running: false,
            active: 0,
            deferred: BTreeSet::new(),
            looks: Looks::default(),
            threads: Threads::default(),
            chains: BTreeMap::new(),
            lanes: BTreeMap::new(),
            unreached: BTreeMap::new(),
            resting: EntryList::default(),
        }
    }

    fn lifetime(&self, entry: &QueueEntry) -> SimDuration {
        let own = self.settings.notice_lifetime.filter(|_| entry.null_sender());
        own.or(self.settings.lifetime).unwrap_or(SimDuration::MAX)
    }

    fn is_overdue(&self, now: SimTime, entry: &QueueEntry) -> bool {
        entry.arrived.age(now) >= self.lifetime(entry)
    }

    fn limit(&self, destination: Destination) -> u32 {
        let limit = match destination {
            Destination::Local => self.local_processes,
            _ => self.settings.concurrency,
        };
        limit.unwrap_or(u32::MAX)
    }

    /// Takes up entries that are due, in the server's order.
    fn take_up_all(&mut self, now: SimTime, mut due: Vec<EntryHandle>, context: &mut Context<'_>) {
        sort(&mut due, context.entries, self.settings.order);
        for entry in due {
            self.take_up(now, entry, context);
        }
    }

    /// A round begins: at once, or when a thread is free.
    fn take_up(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.active += 1;
        let state = &mut context.entries[entry];
        state.begin_round();
        if self.settings.threads.is_none() {
            self.begin(now, entry, context);
        } else {
            self.threads.join(context.entries, entry, &self.settings);
            self.serve(now, context);
        }
    }

    /// Gives free threads to the entries that wait.
    fn serve(&mut self, now: SimTime, context: &mut Context<'_>) {
        while let Some(entry) = self.threads.next(context.entries, &self.settings) {
            let state = context.entries[entry];
            if self.settings.expiry == Expiry::Timer && self.is_overdue(now, &state) {
                self.threads.leave(context.entries, entry);
                self.active -= 1;
                context.actions.push(Action::Expire { entry, status: Some(Status::EXPIRED) });
                continue;
            }
            self.begin(now, entry, context);
        }
    }

    /// Splits an entry into deliveries: all at once, or one after the other by its thread.
    fn begin(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        context.entries.history_mut(entry).round_began = now;
        let threaded = self.settings.threads.is_some();
        let mut chain = DeliveryList::default();
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            let limit = match destination {
                Destination::Local => 1,
                _ => self.settings.recipient_limit.unwrap_or(u32::MAX),
            };
            let delivery = context.entries.assign(entry, destination, limit);
            // Stay with this destination until none of its recipients is left.
            if next_destination(context, entry, before) != Some(destination) {
                before = Some(destination);
            }
            if threaded {
                chain.push_back(context.entries, delivery);
            } else {
                self.line_up(delivery, destination, context);
            }
        }
        if threaded {
            self.chains.insert(entry, chain);
            self.go_on(now, entry, context);
        }
    }

    /// A delivery of an entry is over: its thread goes on with the next, or the round is over.
    fn go_on(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        let next = self.chains.get_mut(&entry).and_then(|chain| chain.pop_front(context.entries));
        if let Some(delivery) = next {
            let destination = destination_of(context.entries, delivery);
            self.line_up(delivery, destination, context);
        } else if context.entries[entry].outstanding == 0 {
            if self.chains.remove(&entry).is_some() {
                self.threads.leave(context.entries, entry);
            }
            self.round_over(now, entry, context);
        }
    }

    /// Queues a delivery for its destination and begins what may begin.
    fn line_up(
        &mut self,
        delivery: DeliveryHandle,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        let lane = self.lanes.entry(destination).or_default();
        lane.waiting.push_back(context.entries, delivery);
        self.dispatch(destination, context);
    }

    /// Begins what may begin to one destination.
    fn dispatch(&mut self, destination: Destination, context: &mut Context<'_>) {
        let limit = self.limit(destination);
        let keeps = self.settings.connection_messages > 1;
        let keep_connection = keeps.then_some(KeepConnection {
            idle: self.settings.connection_idle,
            age: SimDuration::MAX,
            transactions: Some(self.settings.connection_messages),
        });
        let Some(lane) = self.lanes.get_mut(&destination) else {
            return;
        };
        while let Some(delivery) = lane.next(limit, context.entries) {
            let reuse_connection = keeps;
            context.actions.push(Action::Deliver { delivery, reuse_connection, keep_connection });
        }
        if lane.is_idle() {
            self.lanes.remove(&destination);
        }
    }

    /// Notes whether a delivery reached a host; after too many that did not, all that waits for the
    /// destination is put off.
    fn note_reached(
        &mut self,
        now: SimTime,
        destination: Destination,
        report: &Report,
        context: &mut Context<'_>,
    ) {
        let Some(limit) = self.settings.dead_site_failures else {
            return;
        };
        if !reached_nobody(report) {
            self.unreached.remove(&destination);
            return;
        }
        let count = self.unreached.entry(destination).or_insert(0);
        let before = *count;
        *count += 1;
        let status = report.site_failure.unwrap_or(crate::mail::Status::NO_ANSWER);
        if before <= limit {
            return;
        }
        loop {
            let lane = self.lanes.get_mut(&destination);
            let waiting = lane.and_then(|lane| lane.waiting.pop_front(context.entries));
            let Some(delivery) = waiting else {
                return;
            };
            let entry = suspend_delivery(context, delivery, destination, status);
            self.go_on(now, entry, context);
        }
    }

    fn round_over(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.active -= 1;
        context.entries[entry].set_active(false);
        if !conclude(context, entry) {
            return;
        }
        let history = context.entries.history_mut(entry);
        history.failures += 1;
        let (history, state) = (*history, context.entries[entry]);
        let Some(planned) = self.planned(now, &state, history) else {
            let status = Some(self.final_status(state.last_status()));
            context.actions.push(Action::Expire { entry, status });
            return;
        };
        let due = self.vary(planned, context.random).max(now);
        let due = self.capped(now, &state, due);
        if self.is_too_late(&state, due) {
            context.actions.push(Action::Expire { entry, status: Some(Status::EXPIRED) });
            return;
        }
        let notice = self.settings.delay_notice;
        if notice.is_some_and(|notice| state.arrived.age(now) >= notice) {
            notify(entry, context);
        }
        context.entries.drop_finished(entry);
        self.defer(now, due, entry, context);
    }

    /// Returns what is told of a message whose last attempt failed with `last`.
    fn final_status(&self, last: Status) -> Status {
        match self.settings.unreached_status {
            None => Status::EXPIRED,
            Some(unreached) if last == Status::NO_ANSWER => unreached,
            Some(_) => Status { class: 5, ..last },
        }
    }

    /// Returns when the next attempt would follow the last failure, without what chance adds.
    fn planned(&self, now: SimTime, state: &QueueEntry, history: History) -> Option<SimTime> {
        let failures = history.failures;
        if self.is_overdue(now, state) || self.settings.tries.is_some_and(|most| failures >= most) {
            return None;
        }
        let from = if self.settings.gaps_from_start { history.round_began } else { now };
        let gaps = self.settings.gaps_after(state.last_status());
        let due = gaps.next(&Past { arrived: state.arrived, from, now, failures })?;
        // Without any gap it is the looks that space the attempts; without looks there is no next.
        let spaced = !gaps.are_none() || self.looks.are_kept();
        Some(if spaced { due } else { SimTime::MAX })
    }

    /// Returns when the next attempt is due where the last one falls at the end of the lifetime.
    fn capped(&self, now: SimTime, state: &QueueEntry, due: SimTime) -> SimTime {
        let end = state.arrived.saturating_add(self.lifetime(state));
        if self.settings.last_try_at_lifetime && end > now { due.min(end) } else { due }
    }

    fn is_too_late(&self, state: &QueueEntry, due: SimTime) -> bool {
        self.settings.expiry == Expiry::Ahead && state.arrived.age(due) > self.lifetime(state)
    }

    /// Arms the timers that count from the arrival of an entry.
    fn arm_ends(&self, entry: EntryHandle, state: &QueueEntry, context: &mut Context<'_>) {
        let from_arrival = |span| state.arrived.saturating_add(span);
        if self.settings.expiry == Expiry::Timer {
            let at = from_arrival(self.lifetime(state));
            context.actions.push(Action::Arm { timer: Timer::Lifetime { entry }, at });
        }
        if let Some(notice) = self.settings.delay_notice.filter(|_| self.settings.notice_by_timer) {
            let at = from_arrival(notice);
            context.actions.push(Action::Arm { timer: Timer::Notice { entry }, at });
        }
    }

    /// Returns how often a message of this age has failed, if every try failed at once, and the age at
    /// which it is tried next.
    fn rehearse(&self, age: SimDuration) -> (u32, SimTime) {
        let (now, mut tried) = (SimTime::ZERO + age, SimTime::ZERO);
        let most = self.settings.tries.unwrap_or(MOST_TRIES);
        for failures in 1..most {
            let past = Past { arrived: SimTime::ZERO.into(), from: tried, now: tried, failures };
            match self.settings.gaps.next(&past) {
                Some(due) if due <= now && due > tried => tried = due,
                Some(due) => return (failures, due.max(now)),
                None => return (failures, now),
            }
        }
        (most.max(1), now)
    }

    /// Adds to a due time what chance does.
    fn vary(&self, due: SimTime, random: &mut ChaCha8Rng) -> SimTime {
        let mut due = due;
        if !self.settings.jitter.is_zero() {
            due += random.duration_between(SimDuration::ZERO, self.settings.jitter);
        }
        if !self.settings.spread.is_zero() {
            let both = self.settings.spread.saturating_mul(2);
            due += random.duration_between(SimDuration::ZERO, both);
            due = due.saturating_sub(self.settings.spread);
        }
        due
    }

    /// An entry waits until `due`.
    fn defer(&mut self, now: SimTime, due: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        context.entries.history_mut(entry).due = due;
        self.deferred.insert((due, entry));
        if self.looks.are_kept() {
            self.arm_look(now, context);
        } else {
            let timer = Timer::Message { entry, round: context.entries[entry].rounds };
            context.actions.push(Action::Arm { timer, at: due });
        }
    }

    fn arm_look(&mut self, now: SimTime, context: &mut Context<'_>) {
        let first = self.deferred.first().map(|first| first.0);
        if let Some(at) = first.and_then(|due| self.looks.arm(due, now)) {
            let timer = Timer::QueueRun { start: self.looks.number };
            context.actions.push(Action::Arm { timer, at });
        }
    }

    /// Takes the entries due at `now` out of those that wait.
    fn take_due(&mut self, now: SimTime) -> Vec<EntryHandle> {
        let mut due = Vec::new();
        while let Some(&(at, entry)) = self.deferred.first().filter(|first| first.0 <= now) {
            self.deferred.remove(&(at, entry));
            due.push(entry);
        }
        due
    }

    /// The time of an entry is over.
    fn lifetime_over(&mut self, entry: EntryHandle, context: &mut Context<'_>) {
        // What is being tried, or waits for a thread, is looked at when that is over; what came to
        // its end while the server was down, when it starts.
        let due = context.entries.history(entry).due;
        if self.running && self.deferred.remove(&(due, entry)) {
            context.actions.push(Action::Expire { entry, status: Some(Status::EXPIRED) });
        }
    }

    /// What was due while the server was down.
    fn catch_up(&mut self, now: SimTime, context: &mut Context<'_>) {
        let waiting: Vec<(SimTime, EntryHandle)> = self.deferred.iter().copied().collect();
        for (due, entry) in waiting {
            let state = context.entries[entry];
            if self.settings.expiry == Expiry::Timer && self.is_overdue(now, &state) {
                self.lifetime_over(entry, context);
                continue;
            }
            let notice = self.settings.delay_notice.filter(|_| self.settings.notice_by_timer);
            if notice.is_some_and(|notice| state.arrived.age(now) >= notice) {
                notify(entry, context);
            }
            let earliest = now + self.settings.restart_delay;
            if due < earliest && earliest > now {
                self.deferred.remove(&(due, entry));
                context.entries[entry].rounds += 1;
                self.defer(now, earliest, entry, context);
            }
        }
    }
}

/// Tries before the start of the run beyond this number are not told apart.
const MOST_TRIES: u32 = 100_000;

fn notify(entry: EntryHandle, context: &mut Context<'_>) {
    if !context.entries[entry].warned() {
        context.entries[entry].set_warned();
        context.actions.push(Action::NotifyDelay { entry });
    }
}

fn destination_of(entries: &QueueEntries, delivery: DeliveryHandle) -> Destination {
    entries.delivery(delivery).expect("a delivery that goes on exists").destination
}

/// Returns whether a delivery got no host to talk to, although it knew some.
fn reached_nobody(report: &Report) -> bool {
    let opening = report.failure.is_some_and(|failure| {
        matches!(failure.stage, Stage::Connect | Stage::Greeting | Stage::Ehlo | Stage::Tls)
    });
    opening && report.site_failure.is_some() && report.tried > 0
}

impl QueueManager for Plain {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        self.looks.begin(now, &self.settings, context.random);
        let mut due = Vec::new();
        while let Some(entry) = self.resting.pop_front(context.entries) {
            due.push(entry);
        }
        if !std::mem::replace(&mut self.begun, true) || self.settings.restart_delay.is_zero() {
            self.take_up_all(now, due, context);
        } else {
            for entry in due {
                self.defer(now, now, entry, context);
            }
        }
        self.catch_up(now, context);
        self.arm_look(now, context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        for mut lane in std::mem::take(&mut self.lanes).into_values() {
            lane.release(context.entries);
        }
        for mut chain in std::mem::take(&mut self.chains).into_values() {
            while let Some(delivery) = chain.pop_front(context.entries) {
                context.entries.release(delivery);
            }
        }
        (self.threads, self.active) = (Threads::default(), 0);
        self.unreached.clear();
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
        if !self.running {
            self.resting.push_back(context.entries, entry);
        } else if self.settings.look_on_arrival && self.looks.are_kept() {
            let mut due = self.take_due(now);
            due.push(entry);
            self.looks.restart(now);
            self.take_up_all(now, due, context);
            self.arm_look(now, context);
        } else {
            self.take_up(now, entry, context);
        }
    }

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let entry = waiting.entry;
        let state = context.entries[entry];
        self.arm_ends(entry, &state, context);
        let age = state.arrived.age(now);
        let (failures, due) = self.rehearse(age);
        context.entries.history_mut(entry).failures = failures;
        let notice = self.settings.delay_notice;
        if notice.is_some_and(|notice| age >= notice) {
            context.entries[entry].set_warned();
        }
        let due = waiting.next_try.unwrap_or(now + due.since(SimTime::ZERO + age));
        self.defer(now, due, entry, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::QueueRun { start } if start == self.looks.number && self.running => {
                self.looks.came();
                let due = self.take_due(now);
                self.take_up_all(now, due, context);
                self.arm_look(now, context);
            }
            Timer::Message { entry, round } => {
                if context.entries.get(entry).is_none_or(|state| state.rounds != round) {
                    return;
                }
                self.deferred.remove(&(context.entries.history(entry).due, entry));
                if self.running {
                    self.take_up(now, entry, context);
                } else {
                    // The timer came while the MTA was down: due when it starts.
                    self.resting.push_back(context.entries, entry);
                }
            }
            Timer::Lifetime { entry } if context.entries.get(entry).is_some() => {
                self.lifetime_over(entry, context);
            }
            Timer::Notice { entry } if self.running => {
                let waits = context.entries.get(entry).is_some_and(|state| !state.active());
                if waits {
                    notify(entry, context);
                }
            }
            _ => {}
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let destination = destination_of(context.entries, report.delivery);
        if let Some(lane) = self.lanes.get_mut(&destination) {
            lane.busy -= 1;
        }
        let entry = context.entries.release(report.delivery);
        self.go_on(now, entry, context);
        self.note_reached(now, destination, report, context);
        self.dispatch(destination, context);
        self.serve(now, context);
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        // Every waiting message is due now; its old timer is void because its round moves on.
        let all = std::mem::take(&mut self.deferred).into_iter().map(|(_, entry)| entry).collect();
        self.take_up_all(now, all, context);
    }

    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        self.change(now, settings, processes, context);
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        let mut history = entries.history(entry);
        history.failures += 1;
        let due = self.planned(now, state, history)?;
        let follows = due < SimTime::MAX && !self.is_too_late(state, due);
        follows.then(|| self.looks.first_for(due, now))
    }

    fn lengths(&self) -> QueueLengths {
        QueueLengths {
            incoming: self.resting.len(),
            active: self.active,
            deferred: self.deferred.len() as u64,
        }
    }
}
