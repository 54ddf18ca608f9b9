//! `queues.csv`: a row for every sample of each host that has had mail by the end of the run.
//!
//! A run states samples of hosts that have something to tell, so that large networks cost little. Which
//! hosts have had mail is known at its end: rows are kept until then, and those of idle hosts are
//! filled in, so that a mean over the rows of a host is one over the run.

use std::collections::BTreeSet;

use crate::mail::{HostId, MailboxNames};
use crate::trace::{HostTotals, QueueSample};
use crate::units::{SimDuration, SimTime};

use super::table::Table;

/// Samples until they are written.
#[derive(Debug)]
pub(super) struct QueueSamples {
    /// Time from one sample to the next; zero: those that were stated are all.
    every: SimDuration,
    /// In order of time, those of one time in order of host.
    stated: Vec<(SimTime, QueueSample)>,
    hosts: BTreeSet<HostId>,
    end: SimTime,
}

impl QueueSamples {
    pub(super) fn new(every: SimDuration) -> Self {
        Self { every, stated: Vec::new(), hosts: BTreeSet::new(), end: SimTime::ZERO }
    }

    pub(super) fn add(&mut self, at: SimTime, sample: &QueueSample) {
        self.hosts.insert(sample.host);
        self.stated.push((at, *sample));
    }

    /// The run has ended at `at`, and this is what a host did in it.
    pub(super) fn host(&mut self, at: SimTime, totals: &HostTotals) {
        self.end = at;
        if totals.messages_accepted > 0 || totals.attempts > 0 || totals.peak_queue > 0 {
            self.hosts.insert(totals.host);
        }
    }

    pub(super) fn write(&self, table: &mut Table, names: &dyn MailboxNames) {
        if self.every.is_zero() {
            return self.stated.iter().for_each(|(at, sample)| row(table, names, *at, sample));
        }
        let mut stated = self.stated.iter().peekable();
        let mut at = SimTime::ZERO;
        while at < self.end {
            for &host in &self.hosts {
                let nothing = QueueSample {
                    host,
                    incoming: 0,
                    active: 0,
                    deferred: 0,
                    inbound_sessions: 0,
                    outbound_sessions: 0,
                };
                let found = stated.next_if(|(when, sample)| *when == at && sample.host == host);
                row(table, names, at, found.map_or(&nothing, |(_, sample)| sample));
            }
            at = at.saturating_add(self.every);
        }
        debug_assert!(stated.peek().is_none(), "samples are taken at their times");
    }
}

fn row(table: &mut Table, names: &dyn MailboxNames, at: SimTime, sample: &QueueSample) {
    table.time(Some(at));
    table.host(Some(sample.host), names);
    table.number(sample.incoming);
    table.number(sample.active);
    table.number(sample.deferred);
    table.number(sample.inbound_sessions);
    table.number(sample.outbound_sessions);
    table.end_row();
}
