//! What a delivery tells about its destination: windows, death, pauses, and what is put off without a
//! try.

use crate::mail::Status;
use crate::units::{SimDuration, SimTime};

use super::super::round::{has_pending, suspend, suspend_delivery};
use super::super::{Action, Context, Destination, EntryHandle, Timer};
use super::ahead;
use super::clock::begins;
use super::destinations::Place;
use super::jobs::JobId;
use super::manager::{Postfix, delivery_destination};
use super::retry::Reason;

/// Returns a pause in whole seconds, as Postfix counts it.
fn whole_seconds(pause: SimDuration) -> u64 {
    pause.as_nanos().div_ceil(SimDuration::from_secs(1).as_nanos())
}

impl Postfix {
    /// Applies what a delivery told about its destination (`qmgr_deliver_update`).
    pub(super) fn feedback(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        site_failure: Option<Status>,
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let policy = &self.transports.of(destination).policy;
        let Some(state) = self.destinations.at(place) else {
            return;
        };
        match site_failure {
            None => state.succeed(policy),
            Some(reason) if !state.is_dead() => {
                state.fail(policy, reason);
                if state.is_dead() {
                    self.closings += 1;
                    state.closing = self.closings;
                    let over = clock + self.settings.minimal_backoff_time.as_secs();
                    state.revives = over;
                    self.dead.push_back((over, destination, self.closings));
                    let timer = Timer::Destination { destination, closing: self.closings };
                    let at = begins(over, self.settings.clock_lag).max(now);
                    context.actions.push(Action::Arm { timer, at });
                    self.put_off_waiting(now, (destination, place), context);
                }
            }
            Some(_) => {}
        }
    }

    /// A destination is done with one delivery (`qmgr_entry_done`): with a pause between deliveries
    /// it pauses now. It is then not dead either: whoever waits has been put off, and the next
    /// message is tried after the pause.
    pub(super) fn after_delivery(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let transport = self.transports.of(destination);
        let Some(state) = self.destinations.at(place) else {
            return;
        };
        if transport.jobs.may_preempt() && !state.todo.is_empty() && state.busy >= state.window {
            transport.jobs.look_from_the_first();
        }
        let pause = transport.policy.rate_delay;
        state.end(clock);
        if pause.is_zero() {
            return;
        }
        if state.is_dead() {
            state.revive();
        }
        self.closings += 1;
        state.closing = self.closings;
        state.paused = true;
        state.revives = clock + whole_seconds(pause);
        self.pauses.insert((state.revives, destination, self.closings));
        let timer = Timer::Destination { destination, closing: self.closings };
        let at = begins(state.revives, self.settings.clock_lag).max(now);
        context.actions.push(Action::Arm { timer, at });
    }

    /// Revives the destinations that have been dead for long enough by the clock of whole seconds,
    /// which may be almost a second less than the time really passed: a timer set in second S for
    /// d seconds is over as soon as the clock shows S + d (`src/util/events.c`). Pauses end likewise.
    #[inline]
    pub(super) fn revive_due(&mut self, now: SimTime, context: &mut Context<'_>) {
        while let Some(&(due, destination, closing)) = self.dead.front() {
            if due > self.clock(now) {
                break;
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
        if !self.pauses.is_empty() || self.retry.is_pausing() {
            self.end_pauses(now, context);
        }
    }

    #[inline(never)]
    fn end_pauses(&mut self, now: SimTime, context: &mut Context<'_>) {
        let clock = self.clock(now);
        while let Some(&(due, destination, closing)) = self.pauses.first() {
            if due > clock {
                break;
            }
            self.pauses.pop_first();
            let Some(place) = self.destinations.place(destination) else {
                continue;
            };
            let state = self.destinations.at(place);
            if let Some(state) = state.filter(|s| s.paused && s.closing == closing) {
                state.paused = false;
                self.dispatch(now, (destination, place), context);
                self.forget_if_idle(place);
            }
        }
        while let Some(reason) = self.retry.resume(clock) {
            self.serve_reason(now, reason, context);
        }
    }

    /// Puts off what waits for a destination that has just died (`qmgr_defer_todo`).
    fn put_off_waiting(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        while let Some(state) = self.destinations.at(place) {
            let Some(delivery) = state.todo.pop_front(context.entries) else {
                break;
            };
            ahead::at_suspended(state, context.entries);
            let reason = state.reason;
            let waiting = context.entries.delivery(delivery);
            let job = waiting.map(|waiting| JobId::of_number(waiting.job));
            if let Some(job) = job {
                let transport = self.transports.of(destination);
                transport.jobs.gone(job, &transport.policy);
            }
            if !self.retry_pause.is_zero() {
                self.retry.push(self.retry.reason_of(destination), delivery, reason);
                continue;
            }
            let entry = suspend_delivery(context, delivery, destination, reason);
            if context.entries[entry].outstanding == 0 {
                self.round_over(now, entry, context);
            }
        }
        if !self.retry_pause.is_zero() {
            self.serve_retry(now, destination, context);
        }
    }

    /// Puts off the pending recipients of an entry that go to a dead destination.
    pub(super) fn put_off_at_once(
        &mut self,
        entry: EntryHandle,
        destination: Destination,
        reason: Status,
        context: &mut Context<'_>,
    ) {
        if self.retry_pause.is_zero() {
            suspend(context, entry, destination, reason);
            return;
        }
        let recipients = self.settings.destination_recipient_limit.max(1);
        while has_pending(context.entries, entry, destination) {
            let delivery = context.entries.assign(entry, destination, recipients);
            self.retry.push(self.retry.reason_of(destination), delivery, reason);
        }
        self.put_off_later.push(destination);
    }

    /// Lets the transport `retry` put off the next delivery of a dead destination, if the queue of
    /// its reason does not pause.
    pub(super) fn serve_retry(
        &mut self,
        now: SimTime,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        self.serve_reason(now, self.retry.reason_of(destination), context);
    }

    fn serve_reason(&mut self, now: SimTime, reason: Reason, context: &mut Context<'_>) {
        let until = self.clock(now) + whole_seconds(self.retry_pause);
        while let Some((delivery, status)) = self.retry.next(reason, until) {
            let at = begins(until, self.settings.clock_lag).max(now);
            context.actions.push(Action::Arm { timer: Timer::Own { number: until }, at });
            let destination = delivery_destination(context.entries, delivery);
            let entry = suspend_delivery(context, delivery, destination, status);
            if context.entries[entry].outstanding == 0 {
                self.round_over(now, entry, context);
            }
        }
    }
}
