//! A process that delivers: a queue run, or the first attempt of one message.

use std::collections::{BTreeMap, VecDeque};

use crate::units::SimTime;

use super::super::{Destination, EntryHandle};
use super::host_status::HostStatus;
use super::send_queue::SendQueue;
use super::signature::Signature;

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
    pub(super) current: Option<SendQueue>,
    /// What it knows of hosts.
    pub(super) known: HostStatus,
    /// Where it has looked up that mail goes.
    pub(super) signatures: BTreeMap<Destination, Signature>,
    /// When it began the look-up that it waits for.
    pub(super) asked: SimTime,
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

    /// Returns the signature of a destination, if it is known and still counts.
    pub(super) fn fresh(&self, now: SimTime, destination: Destination) -> Option<&Signature> {
        self.signatures.get(&destination).filter(|signature| signature.is_fresh(now))
    }
}
