//! A process that delivers: a queue run, or the first attempt of one message.

use std::collections::VecDeque;

use crate::units::SimTime;

use super::super::list::DeliveryList;
use super::super::{EntryHandle, Process};
use super::host_status::HostStatus;

/// A process at work.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// When the queue run began; none: the process of one message that has just arrived.
    run_began: Option<SimTime>,
    /// Notices it has made and will send before its next job.
    pub(super) notices: VecDeque<EntryHandle>,
    /// Jobs still to be done.
    jobs: VecDeque<EntryHandle>,
    /// The job at hand.
    pub(super) current: Option<EntryHandle>,
    /// Deliveries of the job at hand that have not begun.
    pub(super) todo: DeliveryList,
    /// What it knows of hosts.
    pub(super) known: HostStatus,
}

impl Worker {
    /// Returns the process of a queue run.
    pub(super) fn of_run(now: SimTime, jobs: Vec<EntryHandle>) -> Self {
        Self { run_began: Some(now), jobs: jobs.into(), ..Self::default() }
    }

    /// Returns the process of a message that has arrived.
    pub(super) fn of_arrival(entry: EntryHandle) -> Self {
        Self { jobs: VecDeque::from([entry]), ..Self::default() }
    }

    pub(super) fn is_run(&self) -> bool {
        self.run_began.is_some()
    }

    /// Takes the next job off the list.
    pub(super) fn next(&mut self) -> Option<EntryHandle> {
        self.notices.pop_front().or_else(|| self.jobs.pop_front())
    }

    /// Returns the process as the delivery agent knows it. A process looks a domain up once and
    /// keeps the order of its exchangers (`hostsignature` in `deliver.c`).
    pub(super) fn identity(&self, number: u32) -> Process {
        Process { number, fixed_order: self.run_began }
    }
}
