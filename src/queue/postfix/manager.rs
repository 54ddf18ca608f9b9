//! The queue manager: incoming, active and deferred queue.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::units::{SimDuration, SimTime};

use super::super::list::EntryList;
use super::super::round::{conclude, has_pending, next_destination};
use super::super::{
    Action, Context, CopyState, DeliveryHandle, Destination, EntryHandle, EntrySlot, Intake,
    Processes, QueueEntries, QueueEntry, QueueLengths, QueueManager, QueueSettings, Report, Timer,
    Tried, Waiting,
};
use super::ahead;
use super::clock::{Sleep, second, up_to};
use super::deferred::Deferred;
use super::destination::State;
use super::destinations::{Destinations, Place};
use super::jobs::JobId;
use super::policy::Policy;
use super::retry::Retry;
use super::scan::Scans;
use super::schedule::eligible;
use super::shared::Shared;
use super::transport::Transports;

/// Postfix's `qmgr` on one host.
///
/// What every message changes stands at the beginning: in a large network each line of memory is a
/// wait, so the order of the fields is kept by the representation.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Postfix {
    pub(super) settings: Shared,
    pub(super) transports: Transports,
    begun: bool,
    running: bool,
    /// Whether a message is being taken up, so that the next has to wait.
    taking_up: bool,
    starts: u32,
    active: u64,
    pub(super) sleep: Sleep,
    /// Accepted, but the active queue is full.
    incoming: EntryList,
    /// Picked by a scan, but the active queue is full.
    picked: VecDeque<EntrySlot>,
    pub(super) destinations: Destinations,
    scans: Scans,
    /// Dead destinations in the order in which they died: the clock second from which any
    /// activity revives them, and the closing that it is about.
    pub(super) dead: VecDeque<(u64, Destination, u32)>,
    /// Destinations that pause: the clock second from which they go on, and the closing.
    pub(super) pauses: BTreeSet<(u64, Destination, u32)>,
    pub(super) retry: Retry,
    /// How long the transport `retry` pauses between two deliveries that are put off.
    pub(super) retry_pause: SimDuration,
    /// Destinations of which something was put off while an entry was taken up.
    pub(super) put_off_later: Vec<Destination>,
    /// Kept for its room: the deliveries of an entry that is taken up.
    made: Vec<(Destination, DeliveryHandle)>,
    deferred: Deferred,
    /// Entries known on disk while the MTA is down.
    resting: EntryList,
    pub(super) closings: u32,
}

impl Postfix {
    /// Returns the queue manager with `settings`, which are Postfix's, and, if given, another number
    /// of delivery processes for mail that leaves and for local mailboxes.
    #[must_use]
    pub fn new(settings: Arc<QueueSettings>, remote: Option<u32>, local: Option<u32>) -> Self {
        let settings = Shared(settings);
        Self {
            transports: Transports::new(&settings, Processes { remote, local }),
            retry_pause: Policy::of(&settings, &settings.retry).rate_delay,
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
            pauses: BTreeSet::new(),
            retry: Retry::default(),
            put_off_later: Vec::new(),
            made: Vec::new(),
            resting: EntryList::default(),
        }
    }

    pub(super) fn clock(&self, now: SimTime) -> u64 {
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

    /// Any activity ends the death of destinations whose time is over, and their pauses, and then
    /// lets an overdue scan run first.
    pub(super) fn wake(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.sleep.interrupt(now);
        self.revive_due(now, context);
        if self.scans.due(self.clock(now)) {
            self.scan(now, context);
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
                self.enlist_one(now, entry, destination, context);
            }
            Some(_) => {}
            None => self.enlist_several(now, entry, context),
        }
        if context.entries[entry].outstanding == 0 {
            self.round_over(now, entry, context);
        }
        while let Some(destination) = self.put_off_later.pop() {
            self.serve_retry(now, destination, context);
        }
    }

    /// Makes the delivery of an entry with one recipient.
    fn enlist_one(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        let place = self.make_known(destination);
        let Some(state) = self.destinations.at(place) else { return };
        if state.is_dead() {
            let reason = state.reason;
            self.put_off_at_once(entry, destination, reason, context);
            return;
        }
        let delivery = context.entries.assign(entry, destination, 1);
        let begins = state.todo.is_empty() && state.has_room();
        let transport = self.transports.of(destination);
        if begins && transport.is_free() {
            self.begin(now, (destination, place), delivery, context);
            return;
        }
        let queued = second(now, self.settings.clock_lag);
        let job = transport.jobs.add(entry, queued, 1, &transport.policy);
        self.enqueue(place, delivery, job, context);
        self.dispatch(now, (destination, place), context);
    }

    /// Makes the deliveries of an entry with several recipients; none begins before all are made, as
    /// in `qmgr_message_assign`.
    fn enlist_several(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        let mut made = std::mem::take(&mut self.made);
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            before = Some(destination);
            let place = self.make_known(destination);
            let Some(state) = self.destinations.at(place) else { continue };
            if state.is_dead() {
                let reason = state.reason;
                self.put_off_at_once(entry, destination, reason, context);
                continue;
            }
            let recipients = self.transports.of(destination).policy.recipient_limit;
            while has_pending(context.entries, entry, destination) {
                made.push((destination, context.entries.assign(entry, destination, recipients)));
            }
        }
        let queued = self.clock(now);
        let transport_of =
            |destination: Destination| (destination == Destination::Local, destination.transport());
        let mut job = None;
        for index in 0..made.len() {
            let (destination, delivery) = made[index];
            let by = transport_of(destination);
            let known = job.filter(|(of, _)| *of == by);
            let first_of = |at: &(Destination, _)| transport_of(at.0) == by;
            let (_, id) = *job.insert(known.unwrap_or_else(|| {
                // By the same transport as one before: its job is that one's.
                let earlier = made[..index].iter().find(|at| first_of(at));
                let earlier = earlier.and_then(|(_, other)| context.entries.delivery(*other));
                if let Some(other) = earlier {
                    return (by, JobId::of_number(other.job));
                }
                let entries = made.iter().filter(|at| first_of(at)).count() as u32;
                let transport = self.transports.of(destination);
                (by, transport.jobs.add(entry, queued, entries, &transport.policy))
            }));
            let place = self.make_known(destination);
            self.enqueue(place, delivery, id, context);
        }
        let enough = made.iter().all(|(destination, _)| {
            let transport = self.transports.of(*destination);
            transport.is_free() && transport.free_processes() >= made.len()
        });
        let mut latest = None;
        for (destination, _) in &made {
            if latest.replace(*destination) == Some(*destination) {
                continue;
            }
            let place = self.make_known(*destination);
            if enough {
                self.dispatch(now, (*destination, place), context);
            } else {
                self.wait_in_turn((*destination, place), context);
            }
        }
        for (destination, _) in made.drain(..).filter(|_| !enough) {
            self.serve_waiting(now, destination, context);
        }
        self.made = made;
    }

    /// Returns the place of a destination, of which something is known from now on.
    fn make_known(&mut self, destination: Destination) -> Place {
        let transports = &mut self.transports;
        self.destinations.make_known(destination, || {
            let (initial, limit) = transports.of(destination).policy.window;
            State::new(initial, limit)
        })
    }

    /// Every recipient of the entry has been tried: `qmgr_active_done`.
    pub(super) fn round_over(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) {
        self.active -= 1;
        context.entries[entry].set_active(false);
        if !conclude(context, entry) {
            return;
        }
        let clock = self.clock(now);
        let state = &context.entries[entry];
        let age = self.age(clock, state);
        if age >= self.settings.lifetime(state.null_sender()) {
            context.actions.push(Action::Expire { entry, status: None });
            return;
        }
        let warning = self.settings.delay_warning_time.as_secs();
        if warning > 0 && !state.warned() && age + 1 >= warning {
            context.entries[entry].set_warned();
            context.actions.push(Action::NotifyDelay { entry });
        }
        let due = clock + self.settings.delay(age);
        context.entries.drop_finished(entry);
        self.deferred.insert(due, entry.into());
    }

    /// Returns the age of an entry in clock second `clock`.
    fn age(&self, clock: u64, entry: &QueueEntry) -> u64 {
        let arrived = entry.arrived.second(self.settings.clock_lag);
        (clock as i64).saturating_sub(arrived).max(0) as u64
    }

    /// Discards what is known of a destination without mail.
    pub(super) fn forget_if_idle(&mut self, place: Place) {
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
        self.pauses.clear();
        for delivery in self.retry.stop() {
            context.entries.release(delivery);
        }
        for mut state in self.destinations.drain() {
            while let Some(delivery) = state.todo.pop_front(context.entries) {
                context.entries.release(delivery);
            }
        }
        self.transports.stop();
        self.active = 0;
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

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let entry = waiting.entry;
        let state = context.entries[entry];
        let age = self.age(self.clock(now), &state);
        let due = match waiting.next_try {
            Some(at) => self.clock(at),
            None => self.clock(now) + self.scans.due_after(now, age, &self.settings),
        };
        let warning = self.settings.delay_warning_time.as_secs();
        if warning > 0 && age >= warning {
            context.entries[entry].set_warned();
        }
        self.deferred.insert(due, entry.into());
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
                if state.is_dead() || state.paused {
                    let wakes = self.sleep.ends(state.revives, self.settings.clock_lag);
                    if wakes > now {
                        let late = up_to(self.settings.timer_lag, context.random);
                        context.actions.push(Action::Arm { timer, at: wakes + late });
                        return;
                    }
                }
                self.wake(now, context);
            }
            // The clock second in which the transport `retry` goes on.
            Timer::Own { number } if self.running && self.retry.waits_for(number) => {
                let wakes = self.sleep.ends(number, self.settings.clock_lag);
                if wakes > now {
                    context.actions.push(Action::Arm { timer, at: wakes });
                    return;
                }
                self.wake(now, context);
            }
            _ => {}
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let destination = delivery_destination(context.entries, report.delivery);
        self.wake(now, context);
        let place = self.destinations.place(destination);
        let place = place.expect("a destination with a delivery under way is known");
        if !self.retry_pause.is_zero() {
            let alive = self.destinations.at(place).is_some_and(|state| !state.is_dead());
            self.retry.note_end(destination, report, alive);
        }
        self.feedback(now, (destination, place), report.site_failure, context);
        self.after_delivery(now, (destination, place), context);
        self.transports.of(destination).busy -= 1;
        let entry = context.entries.release(report.delivery);
        if context.entries[entry].outstanding == 0 {
            self.round_over(now, entry, context);
        }
        self.feed(now, context);
        self.dispatch(now, (destination, place), context);
        self.serve_waiting(now, destination, context);
        self.forget_if_idle(place);
    }

    fn tried(&mut self, _now: SimTime, tried: &Tried<'_>, _context: &mut Context<'_>) {
        if !self.retry_pause.is_zero() {
            self.retry.note_try(tried.delivery, tried.candidate.address);
        }
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

    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        // As `postfix reload`: windows and timers go on.
        if let QueueSettings::Postfix(changed) = settings {
            let other_delay = self.settings.queue_run_delay != changed.queue_run_delay;
            self.transports.configure(changed, processes);
            self.retry_pause = Policy::of(changed, &changed.retry).rate_delay;
            self.settings = Shared(Arc::new(settings.clone()));
            if other_delay && self.running {
                // The queue manager starts anew, and scans at once.
                self.scans.at_once(now, &self.settings);
                self.arm_scan(self.scans.timer(&self.settings), context);
            }
            self.serve_all_waiting(now, context);
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let state = entries.get(entry)?;
        let clock = self.clock(now);
        let age = self.age(clock, state);
        if age >= self.settings.lifetime(state.null_sender()) {
            return None;
        }
        let due = clock + self.settings.delay(age);
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

pub(super) fn delivery_destination(
    entries: &QueueEntries,
    delivery: DeliveryHandle,
) -> Destination {
    entries.delivery(delivery).expect("a delivery that ended exists").destination
}
