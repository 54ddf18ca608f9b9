//! The hints database `wait-remote_smtp`: which messages wait for which host.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::HostId;

use super::super::EntryHandle;

/// Messages in one record; a full one becomes a continuation, and a new one is begun
/// (`WAIT_NAME_MAX`).
const RECORD: usize = 50;

/// Messages by the hosts that they could not be handed to (`src/transport.c`).
#[derive(Debug, Default)]
pub(super) struct WaitDatabase {
    /// The records of each host, the one in use last.
    hosts: BTreeMap<HostId, Vec<Vec<EntryHandle>>>,
    listed: BTreeSet<(HostId, EntryHandle)>,
}

impl WaitDatabase {
    /// Notes that a message waits for a host (`transport_update_waiting`).
    pub(super) fn add(&mut self, host: HostId, entry: EntryHandle) {
        if !self.listed.insert((host, entry)) {
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
    /// continuations. `fits` says whether a message can go there, none that there is no such message
    /// any more.
    pub(super) fn take(
        &mut self,
        host: HostId,
        current: EntryHandle,
        newest: bool,
        fits: impl Fn(EntryHandle) -> Option<bool>,
    ) -> Option<EntryHandle> {
        let records = self.hosts.get_mut(&host)?;
        let mut found = None;
        for record in records.iter_mut().rev() {
            let mut passed = 0;
            while passed < record.len() && found.is_none() {
                let index = if newest { record.len() - 1 - passed } else { passed };
                let entry = record[index];
                let verdict = if entry == current { None } else { fits(entry) };
                if verdict == Some(false) {
                    passed += 1;
                    continue;
                }
                record.remove(index);
                self.listed.remove(&(host, entry));
                found = verdict.map(|_| entry);
            }
        }
        records.retain(|record| !record.is_empty());
        if records.is_empty() {
            self.hosts.remove(&host);
        }
        found
    }
}
