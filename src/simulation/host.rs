//! One host while the run goes on.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha8Rng;

use crate::dns::Resolver;
use crate::engine::Handle;
use crate::mail::{HostId, Mailbox};
use crate::queue::{ConnectionId, Destination, QueueManager};
use crate::trace::HostTotals;
use crate::units::{Octets, SimDuration};

use super::acceptance::Tallies;
use super::agents::Agents;
use super::connection::Cache;
use super::setup::Setup;
use super::shadow::Watch;

/// The state of one host.
///
/// What every message changes stands together at the beginning, where a large network finds it in
/// few lines of memory, and what is rare behind it: hence the order of the fields and the
/// representation that keeps it.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct HostState<'s> {
    pub(super) config: Setup<'s>,
    /// Whether the MTA runs.
    pub(super) up: bool,
    /// Whether its queues never hold more than they have entries.
    pub(super) counts_entries_once: bool,
    /// Sessions served now.
    pub(super) inbound: u32,
    /// Sessions in which it is the client.
    pub(super) outbound: u32,
    /// Stands for its name in the keys of draws.
    pub(super) key: u64,
    pub(super) totals: HostTotals,
    pub(super) queue: Box<dyn QueueManager>,
    /// Entries accepted and not yet seen by the queue manager.
    pub(super) pick_ups: u64,
    /// Octets in its queue; kept only where the disk is limited.
    pub(super) queued_octets: Octets,
    /// Runs that wait for a free slot, in order.
    pub(super) waiting: VecDeque<Handle>,
    /// Delivery processes that wait for work.
    pub(super) agents: Agents,
    pub(super) cache: Cache,
    pub(super) resolver: Resolver,
    /// Sessions served now by client, in no order; kept only where a limit needs it. There are few
    /// clients at once.
    pub(super) inbound_by_client: Vec<(HostId, u32)>,
    /// Connections that its queue manager has had opened.
    pub(super) opened: BTreeMap<ConnectionId, Handle>,
    /// What it has taken from whom.
    pub(super) tallies: Tallies,
    /// Connections that it has made, where its addresses take turns.
    pub(super) turns: u64,
    /// What its shadow server knows of it.
    pub(super) shadow: Watch,
    /// What the queue manager draws from; opened when first needed.
    pub(super) queue_random: ChaCha8Rng,
}

impl HostState<'_> {
    /// Returns where mail of `sender` for `mailbox` goes from here.
    #[inline]
    pub(super) fn route(&self, sender: Option<Mailbox>, mailbox: Mailbox) -> Destination {
        if self.config.is_local(mailbox.domain) {
            return Destination::Local;
        }
        self.config.destination(sender, mailbox.domain)
    }

    /// Notes a session taken on for `client`.
    #[inline]
    pub(super) fn take_slot(&mut self, client: HostId) {
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
    pub(super) fn free_slot(&mut self, client: HostId, length: SimDuration) {
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
    pub(super) fn has_slot(&self) -> bool {
        self.config.server.max_sessions.is_none_or(|limit| self.inbound < limit)
    }

    /// Returns whether no more connections can wait. The kernel lets one more wait than it was asked
    /// for (Linux, `sk_acceptq_is_full`).
    pub(super) fn listen_queue_is_full(&self) -> bool {
        let limit = self.config.server.options.listen_queue;
        limit.is_some_and(|limit| self.waiting.len() > limit as usize)
    }

    /// Returns whether one more session of `client` exceeds the client's limit.
    #[inline]
    pub(super) fn client_exceeds_limit(&self, client: HostId) -> bool {
        let limit = self.config.server.max_sessions_per_client;
        limit.is_some_and(|limit| {
            let mut served = self.inbound_by_client.iter();
            served.any(|&(known, count)| known == client && count > limit)
        })
    }

    /// Returns whether the disk is full.
    #[inline]
    pub(super) fn disk_is_full(&self) -> bool {
        self.config.queue_disk.is_some_and(|disk| self.queued_octets >= disk)
    }
}
