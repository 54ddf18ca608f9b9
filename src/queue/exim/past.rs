//! What Exim remembers when a run begins with mail in the spool.
//!
//! A listing of the spool (`exim -bp`) tells how old messages are and not the retry records of their
//! hosts. They are taken to be what they would be if the hosts of each destination had been failing since
//! its oldest message came, and a queue runner had tried them whenever their time had come.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::HostId;
use crate::network::AddressId;

use super::super::Destination;
use super::condition::{Cause, Subject};
use super::retry::{FailedMessage, RetryDatabase, RetryItem, RetryKey};
use super::settings::Settings;

/// Since when the hosts of a destination have been failing, and when they may be tried again, if that
/// is known \[s\].
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    first: u64,
    next_try: Option<u64>,
}

/// Destinations that had been failing when the run began, and whose hosts nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Failing {
    destinations: BTreeMap<Destination, Since>,
    /// Hosts of which a record has been made: two destinations may share one.
    recalled: BTreeSet<AddressId>,
}

/// A destination whose hosts are being asked for.
#[derive(Debug)]
pub(super) struct Recalled<'a> {
    since: Since,
    recalled: &'a mut BTreeSet<AddressId>,
}

/// The queue runs until now; times in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs<'a> {
    pub(super) clock: u64,
    pub(super) next_run: u64,
    pub(super) settings: &'a Settings,
}

impl Failing {
    /// Notes a message that waits.
    pub(super) fn note(&mut self, to: &[Destination], first: u64, next_try: Option<u64>) {
        for &destination in to.iter().filter(|to| **to != Destination::Local) {
            let since = self.destinations.entry(destination);
            let since = since.or_insert(Since { first, next_try });
            since.first = since.first.min(first);
            since.next_try = since.next_try.max(next_try);
        }
    }

    /// Returns what is known of a destination, once.
    pub(super) fn take(&mut self, destination: Destination) -> Option<Recalled<'_>> {
        let since = self.destinations.remove(&destination)?;
        Some(Recalled { since, recalled: &mut self.recalled })
    }
}

impl Recalled<'_> {
    /// Makes the retry records of hosts. A gap of a rule `H` is taken as its longest.
    pub(super) fn recall(
        self,
        hosts: impl Iterator<Item = (AddressId, HostId)>,
        runs: &Runs<'_>,
        database: &mut RetryDatabase,
    ) {
        for (address, host) in hosts {
            if self.recalled.insert(address) {
                self.recall_one(address, host, runs, database);
            }
        }
    }

    fn recall_one(
        &self,
        address: AddressId,
        host: HostId,
        runs: &Runs<'_>,
        database: &mut RetryDatabase,
    ) {
        let Since { first, next_try } = self.since;
        let step = runs.settings.queue_interval.as_secs().max(1);
        let subject = Subject::Host(host, None);
        let item = RetryItem { key: RetryKey::Host(address), subject, cause: Cause::Other };
        let mut tried = first;
        // Only what has just come is tried beside the runs.
        while tried < runs.clock {
            let message =
                FailedMessage { received: first, sender: None, age: tried.saturating_sub(first) };
            let outcome = database.foresee(&item, tried, message, runs.settings);
            let Some(mut record) = outcome.record else { return };
            if let Some(next_try) = next_try.filter(|next| *next >= runs.clock) {
                record.next_try = record.next_try.max(next_try);
            }
            database.remember(item.key, record);
            let before = runs.next_run.saturating_sub(record.next_try) / step;
            let run = runs.next_run.saturating_sub(before * step).max(record.next_try);
            if run >= runs.clock || run <= tried {
                return;
            }
            tried = run;
        }
    }
}
