//! The hints database `wait-remote_smtp`: which messages wait for which host.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::HostId;

use super::super::{Destination, EntryHandle};

/// Messages in one record; a full one becomes a continuation, and a new one is begun
/// (`WAIT_NAME_MAX`).
const RECORD: usize = 50;

/// Messages by the hosts that they could not be handed to (`src/transport.c`).
#[derive(Debug, Default)]
pub(super) struct WaitDatabase {
    /// The records of each host, the one in use last.
    hosts: BTreeMap<HostId, Vec<Vec<EntryHandle>>>,
    /// What is listed, and by which destinations the message may go to the host.
    listed: BTreeMap<(HostId, EntryHandle), BTreeSet<Destination>>,
}

impl WaitDatabase {
    /// Notes that a message with recipients of a destination waits for a host of it
    /// (`transport_update_waiting`).
    pub(super) fn add(&mut self, host: HostId, entry: EntryHandle, destination: Destination) {
        let known = self.listed.contains_key(&(host, entry));
        self.listed.entry((host, entry)).or_default().insert(destination);
        if known {
            return;
        }
        let records = self.hosts.entry(host).or_default();
        match records.last_mut() {
            Some(record) if record.len() < RECORD => record.push(entry),
            _ => records.push(vec![entry]),
        }
    }

    /// Takes out the next message that waits for a host which has just taken `current`
    /// (`transport_check_waiting`): the `newest` or the oldest of the record in use, then of the
    /// continuations; and the destinations by which it may go there, whatever that of `current` was.
    /// `fits` says whether a message can go there, none that there is no such message any more.
    pub(super) fn take(
        &mut self,
        host: HostId,
        current: EntryHandle,
        newest: bool,
        fits: impl Fn(EntryHandle, &BTreeSet<Destination>) -> Option<bool>,
    ) -> Option<(EntryHandle, BTreeSet<Destination>)> {
        let records = self.hosts.get_mut(&host)?;
        let mut found = None;
        for record in records.iter_mut().rev() {
            let mut passed = 0;
            while passed < record.len() && found.is_none() {
                let index = if newest { record.len() - 1 - passed } else { passed };
                let entry = record[index];
                let place = (host, entry);
                let destinations = self.listed.entry(place).or_default();
                let verdict = if entry == current { None } else { fits(entry, destinations) };
                if verdict == Some(false) {
                    passed += 1;
                    continue;
                }
                record.remove(index);
                let destinations = self.listed.remove(&place).unwrap_or_default();
                found = verdict.map(|_| (entry, destinations));
            }
        }
        records.retain(|record| !record.is_empty());
        if records.is_empty() {
            self.hosts.remove(&host);
        }
        found
    }
}
