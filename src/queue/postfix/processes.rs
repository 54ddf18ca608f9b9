//! Which delivery begins next, as far as windows and delivery processes allow.

use crate::units::SimTime;

use super::super::{Action, Context, DeliveryHandle, Destination, KeepConnection};
use super::ahead;
use super::destinations::Place;
use super::jobs::JobId;
use super::manager::Postfix;

impl Postfix {
    /// Lets a delivery wait at its destination, as a part of `job`.
    pub(super) fn enqueue(
        &mut self,
        place: Place,
        delivery: DeliveryHandle,
        job: JobId,
        context: &mut Context<'_>,
    ) {
        let Some(state) = self.destinations.at(place) else { return };
        if let Some(waiting) = context.entries.delivery_mut(delivery) {
            waiting.job = job.number();
            waiting.turn = self.transports.of(waiting.destination).next_turn();
        }
        state.todo.push_back(context.entries, delivery);
    }

    /// Begins waiting deliveries of `destination` as far as window and processes allow.
    pub(super) fn dispatch(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        loop {
            let Some(state) = self.destinations.at(place) else { return };
            if state.turn.is_some() || !state.may_begin() {
                return;
            }
            let transport = self.transports.of(destination);
            if !transport.is_free() {
                self.wait_for_process((destination, place), context);
                return;
            }
            if transport.jobs.may_preempt() {
                self.preempt(now, destination, context);
            }
            self.begin_next(now, (destination, place), context);
        }
    }

    /// Begins the first waiting delivery of a destination.
    fn begin_next(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let Some(state) = self.destinations.at(place) else { return };
        let Some(delivery) = state.todo.pop_front(context.entries) else { return };
        ahead::at_beginning(state, context);
        let transport = self.transports.of(destination);
        if let Some(job) = context.entries.delivery(delivery).map(|begun| begun.job) {
            // What is left of the same message for this destination is served after its others.
            if let Some(next) =
                state.todo.first().and_then(|next| context.entries.delivery_mut(next))
                && next.job == job
            {
                next.turn = transport.next_turn();
            }
            transport.jobs.selected(JobId::of_number(job), &transport.policy);
        }
        self.begin(now, (destination, place), delivery, context);
    }

    /// Begins a delivery.
    pub(super) fn begin(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        delivery: DeliveryHandle,
        context: &mut Context<'_>,
    ) {
        let clock = self.clock(now);
        let settings = &self.settings;
        let Some(state) = self.destinations.at(place) else { return };
        let (reuse, keep) = state.begin(clock, settings.connection_cache_on_demand);
        self.transports.of(destination).busy += 1;
        let keep_connection = keep.then_some(KeepConnection {
            idle: self.settings.connection_cache_time_limit,
            age: self.settings.connection_reuse_time_limit,
            transactions: self.settings.messages_per_connection(),
        });
        let deliver = Action::Deliver { delivery, reuse_connection: reuse, keep_connection };
        context.actions.push(deliver);
    }

    /// Lets a destination wait for a process.
    fn wait_for_process(
        &mut self,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let Some(state) = self.destinations.at(place) else { return };
        let first = state.todo.first().and_then(|first| context.entries.delivery(first));
        let Some(first) = first else { return };
        let transport = self.transports.of(destination);
        let turn = (transport.jobs.order(JobId::of_number(first.job)), first.turn);
        transport.waiting.insert(turn, destination);
        state.turn = Some(turn);
    }

    /// Lets a destination that may begin a delivery wait for its turn among others of the same message
    /// (`qmgr_peer_select`).
    pub(super) fn wait_in_turn(
        &mut self,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        let state = self.destinations.at(place);
        if state.is_some_and(|state| state.turn.is_none() && state.may_begin()) {
            self.wait_for_process((destination, place), context);
        }
    }

    /// Gives the free processes of a destination's transport to the oldest jobs that wait for one.
    #[inline]
    pub(super) fn serve_waiting(
        &mut self,
        now: SimTime,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        if !self.transports.of(destination).waiting.is_empty() {
            self.serve_oldest(now, destination, context);
        }
    }

    #[inline(never)]
    fn serve_oldest(&mut self, now: SimTime, of: Destination, context: &mut Context<'_>) {
        while self.transports.of(of).has_process() {
            if self.transports.of(of).jobs.may_preempt() {
                self.preempt(now, of, context);
            }
            let first = self.transports.of(of).waiting.pop_first();
            let Some((_, destination)) = first else { return };
            let Some(place) = self.destinations.place(destination) else { continue };
            let Some(state) = self.destinations.at(place) else { continue };
            state.turn = None;
            if state.may_begin() {
                self.begin_next(now, (destination, place), context);
                self.dispatch_or_wait(now, (destination, place), context);
            }
        }
    }

    /// A destination has begun one delivery in its turn: it waits for its next.
    fn dispatch_or_wait(
        &mut self,
        now: SimTime,
        (destination, place): (Destination, Place),
        context: &mut Context<'_>,
    ) {
        if self.transports.of(destination).waiting.is_empty() {
            self.dispatch(now, (destination, place), context);
        } else {
            self.wait_in_turn((destination, place), context);
        }
    }

    /// Lets a smaller job of a destination's transport go before the one that is served, if it may.
    #[inline(never)]
    fn preempt(&mut self, now: SimTime, of: Destination, context: &mut Context<'_>) {
        let clock = self.clock(now);
        let transport = self.transports.of(of);
        let Some(job) = transport.jobs.preempt(clock, &transport.policy) else { return };
        let entry = transport.jobs.entry(job);
        let mut places: Vec<Destination> = Vec::new();
        for copy in context.entries.copies(entry) {
            let same = (copy.destination == Destination::Local) == (of == Destination::Local)
                && copy.destination.transport() == of.transport();
            if same && !places.contains(&copy.destination) {
                places.push(copy.destination);
            }
        }
        for destination in places {
            let Some(place) = self.destinations.place(destination) else { continue };
            let Some(state) = self.destinations.at(place) else { continue };
            let jobs = &self.transports.of(of).jobs;
            let mut waiting = Vec::new();
            while let Some(delivery) = state.todo.pop_front(context.entries) {
                let job = context.entries.delivery(delivery).map_or(0, |waiting| waiting.job);
                waiting.push((jobs.order(JobId::of_number(job)), delivery));
            }
            waiting.sort_by_key(|(order, _)| *order);
            for (_, delivery) in waiting {
                state.todo.push_back(context.entries, delivery);
            }
        }
        self.wait_anew(of, context);
    }

    /// The order of jobs has changed: destinations that wait for a process get other turns.
    fn wait_anew(&mut self, of: Destination, context: &mut Context<'_>) {
        let waiting = std::mem::take(&mut self.transports.of(of).waiting);
        for destination in waiting.into_values() {
            if let Some(place) = self.destinations.place(destination) {
                self.wait_for_process((destination, place), context);
            }
        }
    }

    /// More processes may be there than before.
    pub(super) fn serve_all_waiting(&mut self, now: SimTime, context: &mut Context<'_>) {
        let first = |transport: &mut super::transport::Transport| {
            transport.waiting.values().next().copied()
        };
        let waiting: Vec<Destination> = self.transports.all().filter_map(first).collect();
        for destination in waiting {
            self.serve_waiting(now, destination, context);
        }
    }
}
