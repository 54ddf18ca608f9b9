//! The queue manager: incoming, active and deferred queue.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::mail::Status;
use crate::units::SimTime;

use super::super::list::EntryList;
use super::super::round::{conclude, has_pending, next_destination, suspend, suspend_delivery};
use super::super::{
    Action, Context, CopyState, DeliveryHandle, Destination, EntryHandle, EntrySlot, Intake,
    KeepConnection, QueueEntries, QueueLengths, QueueManager, QueueSettings, Report, Timer,
};
use super::ahead;
use super::clock::{Sleep, begins, second, up_to};
use super::deferred::Deferred;
use super::destination::State;
use super::destinations::{Destinations, Place};
use super::scan::Scans;
use super::schedule::eligible;
use super::shared::Shared;

/// Postfix's `qmgr` on one host.
///
/// What every message changes stands at the beginning: in a large network each line of memory is a
/// wait, so the order of the fields is kept by the representation.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Postfix {
    settings: Shared,
    /// Delivery processes for mail that leaves.
    remote_processes: u32,
    /// Delivery processes for local mailboxes.
    local_processes: u32,
    busy_remote: u32,
    busy_local: u32,
    begun: bool,
    running: bool,
    /// Whether a message is being taken up, so that the next has to wait.
    taking_up: bool,
    starts: u32,
    active: u64,
    sleep: Sleep,
    /// Accepted, but the active queue is full.
    incoming: EntryList,
    /// Picked by a scan, but the active queue is full.
    picked: VecDeque<EntrySlot>,
    destinations: Destinations,
    scans: Scans,
    /// Dead destinations in the order in which they died: the clock second from which any
    /// activity revives them, and the closing that it is about.
    dead: VecDeque<(u64, Destination, u32)>,
    /// Destinations with waiting deliveries for which there is no process.
    ring: VecDeque<Destination>,
    deferred: Deferred,
    /// Entries known on disk while the MTA is down.
    resting: EntryList,
    closings: u32,
}

impl Postfix {
    /// Returns the queue manager with `settings`, which are Postfix's, and, if given, another number
    /// of delivery processes for mail that leaves and for local mailboxes.
    #[must_use]
    pub fn new(settings: Arc<QueueSettings>, remote: Option<u32>, local: Option<u32>) -> Self {
        let settings = Shared(settings);
        Self {
            remote_processes: remote.unwrap_or(settings.process_limit),
            local_processes: local.unwrap_or(settings.process_limit),
            settings,
            begun: false,
            running: false,
            sleep: Sleep::default(),
            scans: Scans::default(),
            deferred: Deferred::default(),
            incoming: EntryList::default(),
            picked: VecDeque::new(),
            taking_up: false,
            starts: 0,
            active: 0,
            destinations: Destinations::default(),
            closings: 0,
            dead: VecDeque::new(),
            busy_remote: 0,
            busy_local: 0,
            ring: VecDeque::new(),
            resting: EntryList::default(),
        }
    }

    fn clock(&self, now: SimTime) -> u64 {
        second(now, self.settings.clock_lag)
    }

    /// Arms the timer of the next scan.
    fn arm_scan(&self, at: SimTime, context: &mut Context<'_>) {
        if at != SimTime::MAX {
            let timer = Timer::QueueRun { start: self.scans.number };
            context.actions.push(Action::Arm { timer, at });
        }
    }

    /// Scans the deferred queue: due messages move towards the active queue.
    fn scan(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.revive_due(now, context);
        let clock = self.clock(now);
        self.scans.ran(now, clock, &self.settings, context.random);
        self.arm_scan(self.scans.timer(&self.settings), context);
        self.deferred.take(&mut self.picked, clock, false, context.random);
        self.feed(now, context);
    }

    /// Any activity ends the death of destinations whose time is over, and then lets an overdue
    /// scan run first.
    fn wake(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.sleep.interrupt(now);
        self.revive_due(now, context);
        if self.scans.due(self.clock(now)) {
            self.scan(now, context);
        }
    }

    /// Revives the destinations that have been dead for long enough by the clock of whole seconds,
    /// which may be almost a second less than the time really passed: a timer set in second S for
    /// d seconds is over as soon as the clock shows S + d (`src/util/events.c`).
    fn revive_due(&mut self, now: SimTime, context: &mut Context<'_>) {
        while let Some(&(due, destination, closing)) = self.dead.front() {
            if due > self.clock(now) {
                return;
            }
            self.dead.pop_front();
            let Some(place) = self.destinations.place(destination) else {
                continue;
            };
            let state = self.destinations.at(place);
            if let Some(state) = state.filter(|s| s.is_dead() && s.closing == closing) {
                state.revive();
                self.dispatch(now, (destination, place), context);
                self.forget_if_idle(place);
            }
        }
    }

    /// Fills the active queue: new mail first, then what the scan picked.
    fn feed(&mut self, now: SimTime, context: &mut Context<'_>) {
        while self.active < u64::from(self.settings.active_limit) && !self.taking_up {
            let new = self.incoming.pop_front(context.entries);
            if new.is_none() {
                ahead::at_picked(&self.picked, context.entries);
            }
            let picked = || Some(context.entries.in_slot(self.picked.pop_front()?));
            let Some(entry) = new.or_else(picked) else { return };
            self.take_up(now, entry, context);
            if let Some(time) = &self.settings.take_up_time {
                self.taking_up = true;
                let at = now + time.sample_duration(context.random);
                let timer = Timer::TakeUp { start: self.starts };
                context.actions.push(Action::Arm { timer, at });
            }
        }
    }

    /// Makes an entry active: its pending recipients are split by destination into deliveries;
    /// those of dead destinations are put off at once.
    fn take_up(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.active += 1;
        let state = &mut context.entries[entry];
        // The lists name slots alone: nobody else may have ended what waits in them.
        debug_assert!({ state.host } == context.host && !state.active());
        state.begin_round();
        match context.entries.only_copy(entry).map(|only| (only.state, only.destination)) {
            Some((CopyState::Pending, destination)) => {
                self.enlist(now, entry, destination, context);
            }
            Some(_) => {}
            None => {
                let mut before = None;
                while let Some(destination) = next_destination(context, entry, before) {
                    before = Some(destination);
                    self.enlist(now, entry, destination, context);
                }
            }
        }
        if context.entries[entry].outstanding == 0 {
            self.round_over(now, entry, context);
        }
    }

    /// Makes deliveries for the pending recipients of an active entry at one destination.
    fn enlist(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        let place = self.destinations.make_known(destination, || {
            let (initial, limit) = settings.window(destination);
            State::new(initial, limit)
        });
        let Some(state) = self.destinations.at(place) else { return };
        if state.is_dead() {
            suspend(context, entry, destination, state.reason);
            return;
        }
        let recipients = match destination {
            Destination::Local => 1,
            _ => settings.destination_recipient_limit.max(1),
        };
        loop {
            let delivery = context.entries.assign(entry, destination, recipients);
            state.todo.push_back(context.entries, delivery);
            let all = context.entries.only_copy(entry).is_some();
            if all || !has_pending(context.entries, entry, destination) {
                break;
            }
        }
        self.dispatch(now, (destination, place), context);
    }

    /// Begins waiting deliveries of `destination` as far as window and processes allow.
    fn dispatch(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        loop {
            let has_process = self.has_process(destination);
            let Some(state) = self.destinations.at(place) else {
                return;
            };
            if state.in_ring || !state.may_begin() {
                return;
            }
            if !has_process {
                state.in_ring = true;
                self.ring.push_back(destination);
                return;
            }
            self.begin(now, (destination, place), context);
        }
    }

    fn has_process(&self, destination: Destination) -> bool {
        match destination {
            Destination::Local => self.busy_local < self.local_processes,
            _ => self.busy_remote < self.remote_processes,
        }
    }

    /// Begins one delivery.
    fn begin(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let settings = &self.settings;
        let Some(state) = self.destinations.at(place) else {
            return;
        };
        let Some(delivery) = state.todo.pop_front(context.entries) else {
            return;
        };
        ahead::at_beginning(state, context);
        let (reuse, keep) = state.begin(clock, settings.connection_cache_on_demand);
        *self.busy(destination) += 1;
        let keep_connection = keep.then_some(KeepConnection {
            idle: self.settings.connection_cache_time_limit,
            age: self.settings.connection_reuse_time_limit,
            transactions: self.settings.messages_per_connection(),
        });
        let deliver = Action::Deliver { delivery, reuse_connection: reuse, keep_connection };
        context.actions.push(deliver);
    }

    fn busy(&mut self, destination: Destination) -> &mut u32 {
        match destination {
            Destination::Local => &mut self.busy_local,
            _ => &mut self.busy_remote,
        }
    }

    /// Gives free processes to the destinations that wait for one, in turn.
    fn serve_ring(&mut self, now: SimTime, context: &mut Context<'_>) {
        for _ in 0..self.ring.len() {
            let Some(destination) = self.ring.pop_front() else {
                return;
            };
            let Some(place) = self.destinations.place(destination) else {
                continue;
            };
            let may_begin = self.destinations.at(place).is_some_and(|state| state.may_begin());
            if may_begin && self.has_process(destination) {
                self.begin(now, (destination, place), context);
            }
            let Some(state) = self.destinations.at(place) else {
                continue;
            };
            state.in_ring = state.may_begin();
            if state.in_ring {
                self.ring.push_back(destination);
            }
        }
    }

    /// Defers at once what waits for a destination that has just died.
    fn suspend_waiting(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        while let Some(state) = self.destinations.at(place) {
            let Some(delivery) = state.todo.pop_front(context.entries) else {
                return;
            };
            ahead::at_suspended(state, context.entries);
            let reason = state.reason;
            let entry = suspend_delivery(context, delivery, destination, reason);
            if context.entries[entry].outstanding == 0 {
                self.round_over(now, entry, context);
            }
        }
    }

    /// Every recipient of the entry has been tried: `qmgr_active_done`.
    fn round_over(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        self.active -= 1;
        context.entries[entry].set_active(false);
        if !conclude(context, entry) {
            return;
        }
        let clock = self.clock(now);
        let state = &context.entries[entry];
        let arrived = self.arrival_second(state);
        let lifetime = self.settings.lifetime(state.null_sender());
        if clock >= arrived + lifetime {
            context.actions.push(Action::Expire { entry, status: None });
            return;
        }
        let warning = self.settings.delay_warning_time.as_secs();
        if warning > 0 && !state.warned() && clock + 1 >= arrived + warning {
            context.entries[entry].set_warned();
            context.actions.push(Action::NotifyDelay { entry });
        }
        let due = clock + self.settings.delay(clock.saturating_sub(arrived));
        context.entries.drop_finished(entry, false);
        self.deferred.insert(due, entry.into());
    }

    fn arrival_second(&self, entry: &super::super::QueueEntry) -> u64 {
        self.clock(entry.arrived)
    }

    /// Applies what a delivery told about its destination.
    fn feedback(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        site_failure: Option<Status>,
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let settings = &self.settings;
        let Some(state) = self.destinations.at(place) else {
            return;
        };
        match site_failure {
            None => state.succeed(settings),
            Some(reason) if !state.is_dead() => {
                state.fail(settings, reason);
                if state.is_dead() {
                    self.closings += 1;
                    state.closing = self.closings;
                    let over = clock + self.settings.minimal_backoff_time.as_secs();
                    state.revives = over;
                    self.dead.push_back((over, destination, self.closings));
                    let timer = Timer::Destination { destination, closing: self.closings };
                    let at = begins(over, self.settings.clock_lag).max(now);
                    context.actions.push(Action::Arm { timer, at });
                    self.suspend_waiting(now, (destination, place), context);
                }
            }
            Some(_) => {}
        }
    }

    /// A destination is done with one delivery: pause, go on, or forget it.
    fn after_delivery(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let pause = self.settings.destination_rate_delay;
        let Some(state) = self.destinations.at(place) else {
            return;
        };
        state.end(clock);
        if pause.as_nanos() > 0 && !state.is_dead() && destination != Destination::Local {
            self.closings += 1;
            state.closing = self.closings;
            state.paused = true;
            let timer = Timer::Destination { destination, closing: self.closings };
            context.actions.push(Action::Arm { timer, at: now + pause });
        }
    }

    /// The pause of a destination between two deliveries is over.
    fn end_pause(&mut self, now: SimTime, destination: Destination, context: &mut Context<'_>) {
        if let Some(place) = self.destinations.place(destination)
            && let Some(state) = self.destinations.at(place)
            && state.paused
        {
            state.paused = false;
            self.dispatch(now, (destination, place), context);
            self.forget_if_idle(place);
        }
    }

    /// Discards what is known of a destination without mail.
    fn forget_if_idle(&mut self, place: Place) {
        if self.destinations.at(place).is_some_and(|state| state.is_idle()) {
            self.destinations.forget(place);
        }
    }
}

impl QueueManager for Postfix {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        self.taking_up = false;
        self.starts += 1;
        if self.begun {
            // A restart: what was active is incoming again, and a scan follows at once.
            self.scans.at_once(now, &self.settings);
            let resting = std::mem::take(&mut self.resting);
            self.incoming.append(context.entries, resting);
        } else {
            self.begun = true;
            self.scans.begin(&self.settings, context.random);
        }
        self.arm_scan(self.scans.timer(&self.settings), context);
        self.feed(now, context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.scans.stop();
        self.dead.clear();
        for mut state in self.destinations.drain() {
            while let Some(delivery) = state.todo.pop_front(context.entries) {
                context.entries.release(delivery);
            }
        }
        self.ring.clear();
        (self.busy_remote, self.busy_local, self.active) = (0, 0, 0);
        // `active` files go back to `incoming` when the MTA starts again.
        for entry in context.entries.active_at(context.host) {
            context.entries[entry].set_active(false);
            self.resting.push_back(context.entries, entry);
        }
        let incoming = std::mem::take(&mut self.incoming);
        self.resting.append(context.entries, incoming);
        for slot in self.picked.drain(..) {
            let entry = context.entries.in_slot(slot);
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
        if !self.running {
            self.resting.push_back(context.entries, entry);
            return;
        }
        self.wake(now, context);
        self.incoming.push_back(context.entries, entry);
        self.feed(now, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::QueueRun { start } if start == self.scans.number && self.running => {
                let wakes = self.scans.wakes(&self.sleep, &self.settings);
                if wakes > now {
                    self.arm_scan(wakes, context);
                    return;
                }
                self.sleep.interrupt(now);
                self.scan(now, context);
            }
            Timer::TakeUp { start } if start == self.starts && self.running => {
                self.sleep.interrupt(now);
                self.taking_up = false;
                self.feed(now, context);
            }
            Timer::Destination { destination, closing } => {
                let Some(state) = self.destinations.get_mut(destination) else {
                    return;
                };
                if state.closing != closing {
                    return;
                }
                if state.is_dead() {
                    let wakes = self.sleep.ends(state.revives, self.settings.clock_lag);
                    if wakes > now {
                        let late = up_to(self.settings.timer_lag, context.random);
                        context.actions.push(Action::Arm { timer, at: wakes + late });
                        return;
                    }
                }
                self.wake(now, context);
                self.end_pause(now, destination, context);
            }
            _ => {}
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let destination = delivery_destination(context.entries, report.delivery);
        self.wake(now, context);
        let place = self.destinations.place(destination);
        let place = place.expect("a destination with a delivery under way is known");
        self.feedback(now, (destination, place), report.site_failure, context);
        self.after_delivery(now, (destination, place), context);
        *self.busy(destination) -= 1;
        let entry = context.entries.release(report.delivery);
        if context.entries[entry].outstanding == 0 {
            self.round_over(now, entry, context);
        }
        self.feed(now, context);
        self.dispatch(now, (destination, place), context);
        self.serve_ring(now, context);
        self.forget_if_idle(place);
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        for state in self.destinations.iter_mut() {
            if state.is_dead() {
                state.revive();
            }
        }
        self.sleep.interrupt(now);
        let clock = self.clock(now);
        self.deferred.take(&mut self.picked, clock, true, context.random);
        self.feed(now, context);
    }

    fn configure(&mut self, settings: &QueueSettings) {
        // As `postfix reload`: windows and timers go on.
        if let QueueSettings::Postfix(changed) = settings {
            self.remote_processes = changed.process_limit;
            self.settings = Shared(Arc::new(settings.clone()));
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        let (clock, arrived) = (self.clock(now), self.arrival_second(state));
        if clock >= arrived + self.settings.lifetime(state.null_sender()) {
            return None;
        }
        let due = clock + self.settings.delay(clock.saturating_sub(arrived));
        debug_assert!(eligible(due, due), "a message is eligible when it is due");
        Some(self.scans.first_for(due, &self.settings).max(now))
    }

    fn lengths(&self) -> QueueLengths {
        QueueLengths {
            incoming: self.incoming.len() + self.picked.len() as u64 + self.resting.len(),
            active: self.active,
            deferred: self.deferred.len(),
        }
    }
}

fn delivery_destination(entries: &QueueEntries, delivery: DeliveryHandle) -> Destination {
    entries.delivery(delivery).expect("a delivery that ended exists").destination
}
