//! One host while the run goes on.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha8Rng;

use crate::dns::Resolver;
use crate::engine::Handle;
use crate::mail::{HostId, Mailbox};
use crate::queue::{ConnectionId, Destination, QueueManager};
use crate::trace::{HostTotals, Use};
use crate::units::{Octets, SimDuration, SimTime};

use crate::simulation::attempt::agents::Agents;
use crate::simulation::attempt::connection::Cache;
use crate::simulation::fast::setup::Setup;
use crate::simulation::server::acceptance::Tallies;
use crate::simulation::server::shadow::Watch;

/// The state of one host.
///
/// What every message changes stands together at the beginning, where a large network finds it in
/// few lines of memory, and what is rare behind it: hence the order of the fields and the
/// representation that keeps it.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct HostState<'s> {
    pub(crate) config: Setup<'s>,
    /// Whether the MTA runs.
    pub(crate) up: bool,
    /// Whether its queues never hold more than they have entries.
    pub(crate) counts_entries_once: bool,
    /// Sessions served now.
    pub(crate) inbound: u32,
    /// Sessions in which it is the client.
    pub(crate) outbound: u32,
    /// Stands for its name in the keys of draws.
    pub(crate) key: u64,
    pub(crate) totals: HostTotals,
    /// Up to when [`HostTotals::queue_time`] counts.
    pub(crate) queue_counted: SimTime,
    pub(crate) queue: Box<dyn QueueManager>,
    /// Entries accepted and not yet seen by the queue manager.
    pub(crate) pick_ups: u64,
    /// Octets in its queue; kept only where the disk is limited.
    pub(crate) queued_octets: Octets,
    /// Runs that wait for a free slot, in order.
    pub(crate) waiting: VecDeque<Handle>,
    /// Delivery processes that wait for work.
    pub(crate) agents: Agents,
    pub(crate) cache: Cache,
    pub(crate) resolver: Resolver,
    /// Sessions served now by client, in no order; kept only where a limit needs it. There are few
    /// clients at once.
    pub(crate) inbound_by_client: Vec<(HostId, u32)>,
    /// Connections that its queue manager has had opened.
    pub(crate) opened: BTreeMap<ConnectionId, Handle>,
    /// What it has taken from whom.
    pub(crate) tallies: Tallies,
    /// Connections that it has made, where its addresses take turns.
    pub(crate) turns: u64,
    /// What its shadow server knows of it.
    pub(crate) shadow: Watch,
    /// Since when its capacity has been what it is.
    pub(crate) span: Span,
    /// What the queue manager draws from; opened when first needed.
    pub(crate) queue_random: ChaCha8Rng,
}

/// A span of time in which the capacity of a host stayed the same: when it began, and how long slots
/// and processes had been held until then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    since: SimTime,
    inbound: SimDuration,
    delivery: SimDuration,
}

impl HostState<'_> {
    /// Counts the time up to `now`, in which its queue had this many `entries`.
    #[inline]
    pub(crate) fn note_queue(&mut self, entries: u32, now: SimTime) {
        let passed = now.since(self.queue_counted);
        self.totals.queue_time += u128::from(entries) * u128::from(passed.as_nanos());
        self.queue_counted = now;
    }

    /// A span of unchanged capacity ends now, for a change or with the run. Server slots have been held
    /// for `inbound` up to now, delivery processes for `delivery`.
    pub(crate) fn end_span(&mut self, now: SimTime, inbound: SimDuration, delivery: SimDuration) {
        let before = std::mem::replace(&mut self.span, Span { since: now, inbound, delivery });
        let length = u128::from(now.since(before.since).as_nanos());
        let add = |used: &mut Use, busy: SimDuration, slots: Option<u32>| {
            if let Some(slots) = slots {
                used.busy += busy;
                used.offered += u128::from(slots) * length;
            }
        };
        let config = self.config;
        let processes = config.delivery_processes.or(config.queue.delivery_processes());
        add(&mut self.totals.inbound_use, inbound - before.inbound, config.server.max_sessions);
        add(&mut self.totals.delivery_use, delivery - before.delivery, processes);
    }

    /// Returns where mail of `sender` for `mailbox` goes from here.
    #[inline]
    pub(crate) fn route(&self, sender: Option<Mailbox>, mailbox: Mailbox) -> Destination {
        if self.config.is_local(mailbox.domain) {
            return Destination::Local;
        }
        self.config.destination(sender, mailbox.domain)
    }

    /// Notes a session taken on for `client`.
    #[inline]
    pub(crate) fn take_slot(&mut self, client: HostId) {
        self.inbound += 1;
        self.totals.inbound_sessions += 1;
        self.totals.peak_inbound_sessions =
            self.totals.peak_inbound_sessions.max(u64::from(self.inbound));
        if self.config.server.max_sessions_per_client.is_some() {
            match self.inbound_by_client.iter_mut().find(|(known, _)| *known == client) {
                Some((_, count)) => *count += 1,
                None => self.inbound_by_client.push((client, 1)),
            }
        }
    }

    /// Notes the end of a session that lasted `length`.
    #[inline]
    pub(crate) fn free_slot(&mut self, client: HostId, length: SimDuration) {
        self.inbound -= 1;
        self.totals.inbound_busy += length;
        let served = self.inbound_by_client.iter_mut();
        if let Some((place, (_, count))) =
            served.enumerate().find(|(_, (known, _))| *known == client)
        {
            *count -= 1;
            if *count == 0 {
                self.inbound_by_client.swap_remove(place);
            }
        }
    }

    /// Returns whether another session can be served at once.
    #[inline]
    pub(crate) fn has_slot(&self) -> bool {
        self.config.server.max_sessions.is_none_or(|limit| self.inbound < limit)
    }

    /// Returns whether no more connections can wait. The kernel lets one more wait than it was asked
    /// for (Linux, `sk_acceptq_is_full`).
    pub(crate) fn listen_queue_is_full(&self) -> bool {
        let limit = self.config.server.options.listen_queue;
        limit.is_some_and(|limit| self.waiting.len() > limit as usize)
    }

    /// Returns whether one more session of `client` exceeds the client's limit.
    #[inline]
    pub(crate) fn client_exceeds_limit(&self, client: HostId) -> bool {
        let limit = self.config.server.max_sessions_per_client;
        limit.is_some_and(|limit| {
            let mut served = self.inbound_by_client.iter();
            served.any(|&(known, count)| known == client && count > limit)
        })
    }

    /// Returns whether the disk is full.
    #[inline]
    pub(crate) fn disk_is_full(&self) -> bool {
        self.config.queue_disk.is_some_and(|disk| self.queued_octets >= disk)
    }
}
