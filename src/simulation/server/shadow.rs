//! Shadow redundancy of Exchange: a second server keeps copies of what a first one has queued, and
//! sends them on when it has not reached the first for too long.
//!
//! `mail-flow/transport-high-availability/shadow-redundancy.md`: the shadow server opens a session to
//! the primary every `ShadowHeartbeatFrequency` (2 min); when it could not for
//! `ShadowResubmitTimeSpan` (3 h), it delivers its copies itself. A primary that comes back later
//! delivers its queue all the same, so that recipients outside Exchange get two; Exchange's mailboxes
//! drop the second. The copy is not moved before it is needed: until then what the shadow server
//! holds is the primary's queue of messages that came while the shadow server was there.
//!
//! Not modelled: the time the copy takes before the primary's 250, messages that the primary
//! delivered in the last two minutes before it was lost (whose discard notice the shadow server
//! never saw), a primary that comes back with an empty queue database, and the shadow server's count
//! of a message's age, which begins anew when it takes over.

use std::collections::BTreeSet;

use crate::engine::Class;
use crate::mail::{HostId, RecipientId};
use crate::queue::{CopyState, EntryHandle, QueueEntry, QueueSettings};
use crate::random::SessionDraw;
use crate::smtp::Connect;
use crate::trace::FactSink;
use crate::units::SimTime;

use super::handover::Arrival;
use crate::simulation::attempt::run::Target;
use crate::simulation::attempt::wire::wire;
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

/// What the shadow server of a primary knows.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// When the first of the sessions failed that have failed since.
    unreachable_since: Option<SimTime>,
    /// Entries of the primary whose copies it has sent on.
    taken_over: BTreeSet<EntryHandle>,
}

impl<S: FactSink> World<'_, '_, S> {
    /// Begins to watch the hosts that have a shadow server.
    pub(crate) fn begin_shadows(&mut self) {
        for index in 0..self.hosts.len() {
            let primary = HostId::from_index(index);
            if self.shadow_of(primary).is_some() {
                self.heartbeat(primary);
            }
        }
    }

    /// Returns who keeps the shadow copies of a host, and by which settings.
    fn shadow_of(&self, primary: HostId) -> Option<(HostId, crate::queue::exchange::Settings)> {
        let config = self.hosts[primary.index()].config;
        match (config.queue, config.routing.shadow_host) {
            (QueueSettings::Exchange(settings), Some(server)) => Some((server, *settings)),
            _ => None,
        }
    }

    /// Returns whether a shadow server watches `primary`.
    pub(crate) fn is_watched(&self, primary: HostId) -> bool {
        self.shadow_of(primary).is_some()
    }

    /// The shadow server of `primary` tries to open a session to it.
    pub(crate) fn heartbeat(&mut self, primary: HostId) {
        let Some((server, settings)) = self.shadow_of(primary) else {
            return;
        };
        let next = self.now + settings.shadow_heartbeat_frequency;
        self.schedule(next, Class::Start, Event::Heartbeat { primary });
        if !self.hosts[server.index()].up || self.answers(server, primary) {
            self.hosts[primary.index()].shadow.unreachable_since = None;
            return;
        }
        let since = *self.hosts[primary.index()].shadow.unreachable_since.get_or_insert(self.now);
        if self.now.since(since) >= settings.shadow_resubmit_time_span {
            self.take_over(primary, server, since);
        }
    }

    /// Returns whether a session from `client` to `server` could be opened now.
    fn answers(&mut self, client: HostId, server: HostId) -> bool {
        let settings = &self.hosts[client.index()].config.client;
        let addresses = &self.scenario.hosts[server.index()].addresses;
        addresses.iter().any(|&address| {
            let target = Target { preference: None, address, host: server, proxy: None };
            let pair = self.ways.reach.pair(client, server, &self.ways.faults);
            let wire =
                wire(&self.ways.reach, &self.ways.faults, client, target, (pair, None), self.now)
                    .with_jitter(&self.draws.session, || {
                        [
                            SessionDraw::Heartbeat.number(),
                            u64::from(client.0),
                            u64::from(server.0),
                            0,
                            0,
                            0,
                            0,
                        ]
                    });
            let connect = wire.connect(self.now, settings.timeouts.connect, settings.syn);
            matches!(connect, Connect::Connected(_))
        })
    }

    /// The shadow server sends on its copies of what came to the primary before it was lost.
    fn take_over(&mut self, primary: HostId, server: HostId, since: SimTime) {
        let watch = &self.hosts[primary.index()].shadow;
        let mut lost: Vec<(EntryHandle, QueueEntry)> = self
            .entries
            .iter()
            .filter(|(handle, entry)| {
                let arrived = entry.arrived.in_run();
                entry.host == primary
                    && arrived < since
                    && !watch.taken_over.contains(handle)
                    && self.ways.faults.crashes[server.index()].at(arrived).is_none()
            })
            .map(|(handle, entry)| (handle, *entry))
            .collect();
        lost.sort_by_key(|(handle, entry)| (entry.arrived, *handle));
        self.hosts[primary.index()]
            .shadow
            .taken_over
            .extend(lost.iter().map(|(handle, _)| *handle));
        for (handle, entry) in lost {
            let left: Vec<RecipientId> = self
                .entries
                .recipients(handle)
                .map(|index| self.entries.copy(index))
                .filter(|copy| matches!(copy.state, CopyState::Pending | CopyState::Assigned(_)))
                .map(|copy| copy.recipient)
                .collect();
            for &recipient in &left {
                self.messages[recipient].holders += 1;
            }
            if !left.is_empty() {
                let arrival = Arrival::made_here(entry.received_fields, entry.size(), self.now);
                self.enqueue(server, entry.message, &left, arrival);
            }
        }
    }
}
