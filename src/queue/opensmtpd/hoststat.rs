//! Envelopes that failed because no route was left, to be tried as soon as the host answers.
//!
//! `mta.c`, `mta_hoststat_*`. Only a destination to which a message was offered within the last four
//! hours has an entry, and only such a one can remember envelopes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Clock, EnvelopeId};
use crate::queue::Destination;

/// How long after the last message an entry is kept (`HOSTSTAT_EXPIRE_DELAY`) \[s\].
const EXPIRY: i64 = 4 * 3600;

#[derive(Debug, Default)]
struct Host {
    expires: i64,
    deferred: BTreeSet<EnvelopeId>,
}

/// What is remembered of destinations.
#[derive(Debug, Default)]
pub(super) struct HostStatus {
    hosts: BTreeMap<Destination, Host>,
}

impl HostStatus {
    /// A message was offered to the destination.
    pub(super) fn update(&mut self, clock: Clock, destination: Destination) {
        self.forget_old(clock, destination);
        self.hosts.entry(destination).or_default().expires = clock.second + EXPIRY;
    }

    /// Remembers an envelope, as far as there is room.
    pub(super) fn defer(
        &mut self,
        clock: Clock,
        destination: Destination,
        id: EnvelopeId,
        room: u32,
    ) {
        self.forget_old(clock, destination);
        if let Some(host) = self.hosts.get_mut(&destination)
            && host.deferred.len() < room as usize
        {
            host.deferred.insert(id);
        }
    }

    /// An envelope was offered.
    pub(super) fn forget(&mut self, destination: Destination, id: EnvelopeId) {
        if let Some(host) = self.hosts.get_mut(&destination) {
            host.deferred.remove(&id);
        }
    }

    /// The destination takes mail: returns what was remembered.
    pub(super) fn answered(
        &mut self,
        clock: Clock,
        destination: Destination,
    ) -> BTreeSet<EnvelopeId> {
        self.forget_old(clock, destination);
        let host = self.hosts.get_mut(&destination);
        host.map(|host| std::mem::take(&mut host.deferred)).unwrap_or_default()
    }

    fn forget_old(&mut self, clock: Clock, destination: Destination) {
        if self.hosts.get(&destination).is_some_and(|host| host.expires <= clock.second) {
            self.hosts.remove(&destination);
        }
    }
}
