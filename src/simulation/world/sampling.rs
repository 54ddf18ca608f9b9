//! Looking at queues now and then, and the totals at the end.

use crate::engine::Class;
use crate::mail::HostId;
use crate::trace::{Fact, FactSink, HostTotals, QueueSample};
use crate::units::{SimDuration, SimTime};

use super::World;
use super::event::Event;
use super::host::HostState;
use crate::simulation::attempt::run::{Phase, Run};

/// How much a host has to do: kept apart from its state, so that a sample of a large network passes
/// over idle hosts without reading that of each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Business {
    /// Entries of its queue.
    pub(crate) entries: u32,
    /// Sessions on both sides.
    sessions: u32,
    /// Whether the last sample found something.
    sampled: bool,
}

impl<S: FactSink> World<'_, '_, S> {
    /// States the queues of all hosts that have something in them, or had at the last sample.
    pub(crate) fn sample(&mut self) {
        for index in 0..self.hosts.len() {
            let business = self.business[index];
            let idle = business.entries == 0 && business.sessions == 0 && !business.sampled;
            if idle && self.fast.on {
                debug_assert!(
                    is_empty(&self.look_at(index)),
                    "a host with business was passed over"
                );
                continue;
            }
            let sample = self.look_at(index);
            let business = &mut self.business[index];
            let something = !is_empty(&sample);
            let says_something = something || business.sampled;
            business.sampled = something;
            if says_something {
                self.state(&Fact::Queues(sample));
            }
        }
        self.schedule(self.now + self.scenario.sample_every, Class::Observe, Event::Sample);
    }

    fn look_at(&self, index: usize) -> QueueSample {
        let state = &self.hosts[index];
        let lengths = state.queue.lengths();
        QueueSample {
            host: HostId::from_index(index),
            incoming: lengths.incoming + state.pick_ups,
            active: lengths.active,
            deferred: lengths.deferred,
            inbound_sessions: u64::from(state.inbound),
            outbound_sessions: u64::from(state.outbound),
        }
    }

    /// A server takes on a session with `client`.
    #[inline]
    pub(crate) fn occupy_slot(&mut self, server: HostId, client: HostId) {
        self.hosts[server.index()].take_slot(client);
        self.business[server.index()].sessions += 1;
    }

    /// A session of a server with `client`, which began at `since`, is over.
    #[inline]
    pub(crate) fn vacate_slot(&mut self, server: HostId, client: HostId, since: SimTime) {
        self.hosts[server.index()].free_slot(client, self.now.since(since));
        self.business[server.index()].sessions -= 1;
    }

    /// A host begins a session as client.
    #[inline]
    pub(crate) fn begin_outbound(&mut self, client: HostId) {
        self.hosts[client.index()].outbound += 1;
        self.business[client.index()].sessions += 1;
    }

    /// A session of a host as client is over.
    #[inline]
    pub(crate) fn end_outbound(&mut self, client: HostId) {
        self.hosts[client.index()].outbound -= 1;
        self.business[client.index()].sessions -= 1;
    }

    /// Notes the greatest number of messages in a host's queues.
    pub(crate) fn note_peak(&mut self, host: HostId) {
        let state = &mut self.hosts[host.index()];
        let total = |state: &HostState<'_>| {
            let lengths = state.queue.lengths();
            lengths.incoming + lengths.active + lengths.deferred + state.pick_ups
        };
        if state.counts_entries_once && self.fast.on {
            let entries = u64::from(self.business[host.index()].entries);
            debug_assert!(total(state) <= entries, "an entry is counted once");
            if entries <= state.totals.peak_queue {
                return;
            }
        }
        let total = total(state);
        state.totals.peak_queue = state.totals.peak_queue.max(total);
    }

    /// The capacity of a host is about to change: what it was used for until now is noted.
    pub(crate) fn end_span(&mut self, host: HostId) {
        let served = self.attempts.connections.iter().map(|(_, connection)| connection);
        let served = served.filter(|connection| connection.target.host == host);
        let served = served.map(|connection| self.now.since(connection.since));
        let at_work = self.attempts.runs.iter();
        let at_work = at_work.filter(|run| run.client == host && delivers(run));
        let at_work = at_work.map(|run| self.now.since(run.begun));
        let sum = |so_far: SimDuration, spans: &mut dyn Iterator<Item = SimDuration>| {
            spans.fold(so_far, |sum, span| sum + span)
        };
        let HostTotals { inbound_busy, delivery_busy, .. } = self.hosts[host.index()].totals;
        let inbound = sum(inbound_busy, &mut { served });
        let delivery = sum(delivery_busy, &mut { at_work });
        self.hosts[host.index()].end_span(self.now, inbound, delivery);
    }

    /// States what each host did.
    pub(crate) fn state_totals(&mut self) {
        // Sessions and deliveries under way count up to now.
        for (_, connection) in self.attempts.connections.iter() {
            let totals = &mut self.hosts[connection.target.host.index()].totals;
            totals.inbound_busy += self.now.since(connection.since);
        }
        for run in self.attempts.runs.iter().filter(|run| delivers(run)) {
            let totals = &mut self.hosts[run.client.index()].totals;
            totals.delivery_busy += self.now.since(run.begun);
        }
        for index in 0..self.hosts.len() {
            let host = HostId::from_index(index);
            let entries = self.business[index].entries;
            self.hosts[index].note_queue(entries, self.now);
            let HostTotals { inbound_busy, delivery_busy, .. } = self.hosts[index].totals;
            self.hosts[index].end_span(self.now, inbound_busy, delivery_busy);
            let mut totals = self.hosts[index].totals;
            totals.downtime = self.ways.faults.downtime(self.scenario, host, self.now);
            self.state(&Fact::Host(totals));
        }
    }
}

/// Returns whether a delivery process of the client is at work.
fn delivers(run: &Run) -> bool {
    run.delivery().is_some() && run.phase != Phase::Orphaned
}

/// Returns whether a sample found nothing.
fn is_empty(sample: &QueueSample) -> bool {
    let &QueueSample { incoming, active, deferred, inbound_sessions, outbound_sessions, .. } =
        sample;
    incoming + active + deferred + inbound_sessions + outbound_sessions == 0
}
