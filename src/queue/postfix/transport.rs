//! The transports of one host, with their delivery processes.
//!
//! Each transport is a service of `master.cf` with processes of its own, `default_process_limit` of
//! them unless its `maxproc` says otherwise. While all are busy, destinations wait here, and the
//! process that becomes free serves the oldest job of all (`qmgr_job_entry_select`), whatever its
//! destination.

use std::collections::BTreeMap;

use super::super::{Destination, Processes};
use super::jobs::Jobs;
use super::policy::{Policy, TransportSettings};
use super::settings::Settings;

/// When a waiting destination is served: by the order of its first job, then in turn.
pub(super) type Turn = (u64, u32);

/// One transport.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) processes: u32,
    pub(super) busy: u32,
    pub(super) policy: Policy,
    pub(super) jobs: Jobs,
    /// Destinations that lack nothing but a process.
    pub(super) waiting: BTreeMap<Turn, Destination>,
    turns: u32,
}

impl Transport {
    fn new(policy: Policy, processes: u32) -> Self {
        Self {
            processes,
            busy: 0,
            policy,
            jobs: Jobs::default(),
            waiting: BTreeMap::new(),
            turns: 0,
        }
    }

    #[inline]
    pub(super) const fn has_process(&self) -> bool {
        self.busy < self.processes
    }

    /// Returns how many processes are free.
    pub(super) const fn free_processes(&self) -> usize {
        self.processes.saturating_sub(self.busy) as usize
    }

    /// Returns whether a delivery may begin at once: there is a process, and nobody waits for it.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        self.has_process() && self.waiting.is_empty()
    }

    /// Returns a turn behind all others: destinations of one message are served in turn
    /// (`qmgr_peer_select`).
    pub(super) const fn next_turn(&mut self) -> u32 {
        self.turns = self.turns.wrapping_add(1);
        self.turns
    }

    fn stop(&mut self) {
        self.busy = 0;
        self.jobs.clear();
        self.waiting.clear();
    }
}

/// All transports of a host.
#[derive(Debug)]
pub(super) struct Transports {
    smtp: Transport,
    local: Transport,
    /// Those of their own names.
    others: Vec<Transport>,
}

impl Transports {
    pub(super) fn new(settings: &Settings, stated: Processes) -> Self {
        let mut transports = Self {
            smtp: Transport::new(Policy::local(settings), 0),
            local: Transport::new(Policy::local(settings), 0),
            others: Vec::new(),
        };
        transports.configure(settings, stated);
        transports
    }

    /// Lets other settings hold from now on.
    pub(super) fn configure(&mut self, settings: &Settings, stated: Processes) {
        let change = |transport: &mut Transport, own: &TransportSettings, stated: Option<u32>| {
            transport.policy = Policy::of(settings, own);
            let limit = own.process_limit.or(stated).unwrap_or(settings.process_limit);
            transport.processes = if limit == 0 { u32::MAX } else { limit };
        };
        change(&mut self.smtp, settings.smtp(), stated.remote);
        self.local.policy = Policy::local(settings);
        self.local.processes = stated.local.unwrap_or(settings.process_limit);
        let others = settings.transports.get(1..).unwrap_or_default();
        while self.others.len() < others.len() {
            self.others.push(Transport::new(self.smtp.policy, 0));
        }
        for (transport, own) in self.others.iter_mut().zip(others) {
            change(transport, own, stated.remote);
        }
    }

    /// Returns the transport by which mail goes to a destination.
    #[inline]
    pub(super) fn of(&mut self, destination: Destination) -> &mut Transport {
        match destination {
            Destination::Local => &mut self.local,
            Destination::Via(_) => {
                let number = usize::from(destination.transport().0) - 1;
                self.others.get_mut(number).unwrap_or(&mut self.smtp)
            }
            _ => &mut self.smtp,
        }
    }

    /// The server stops: nothing is under way, nothing waits.
    pub(super) fn stop(&mut self) {
        self.smtp.stop();
        self.local.stop();
        self.others.iter_mut().for_each(Transport::stop);
    }

    /// Returns all transports by which something may wait for a process.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Transport> {
        [&mut self.smtp, &mut self.local].into_iter().chain(&mut self.others)
    }
}
