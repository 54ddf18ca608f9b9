//! The daemon, its queue directory and its processes.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, DomainId, Stage, Status};
use crate::random::Draw as _;
use crate::smtp::Failure;
use crate::units::{SimDuration, SimTime};

use super::super::list::DeliveryList;
use super::super::round::{conclude, next_destination, suspend_delivery};
use super::super::{
    Action, Candidate, Context, CopyIndex, CopyState, DeliveryHandle, Destination, EntryHandle,
    InProcess, Intake, KeepConnection, QueueEntries, QueueEntry, QueueLengths, QueueManager,
    QueueSettings, Report, ScanPhase, Timer, Tried, Untried,
};
use super::host_status::HostStatus;
use super::process::Worker;
use super::queue_run::{Job, first_run, work_list};
use super::settings::Settings;

/// Sendmail on one host.
#[derive(Debug)]
pub struct Sendmail {
    settings: Settings,
    /// Most processes at once (`MaxDaemonChildren`).
    process_limit: Option<u32>,
    begun: bool,
    running: bool,
    starts: u32,
    next_run: SimTime,
    /// The queue directory.
    jobs: BTreeMap<EntryHandle, Job>,
    /// Jobs that a process works on, with its number.
    locks: BTreeMap<EntryHandle, u32>,
    processes: BTreeMap<u32, Worker>,
    numbers: u32,
    /// The last exchanger of each delivery under way.
    last_candidates: BTreeMap<DeliveryHandle, Candidate>,
    /// What all processes know of hosts, if there is a `HostStatusDirectory`.
    shared: HostStatus,
    /// The process that has just made a notice, which it will send.
    notifier: Option<u32>,
}

impl Sendmail {
    /// Returns the queue manager with `settings` and, if given, a limit of processes at once:
    /// beyond it messages are only queued, and queue runs are skipped (`run_work_group`).
    #[must_use]
    pub fn new(settings: Settings, process_limit: Option<u32>) -> Self {
        Self {
            settings,
            process_limit,
            begun: false,
            running: false,
            starts: 0,
            next_run: SimTime::MAX,
            jobs: BTreeMap::new(),
            locks: BTreeMap::new(),
            processes: BTreeMap::new(),
            numbers: 0,
            last_candidates: BTreeMap::new(),
            shared: HostStatus::default(),
            notifier: None,
        }
    }

    fn arm_run(&self, context: &mut Context<'_>) {
        let timer = Timer::QueueRun { start: self.starts };
        context.actions.push(Action::Arm { timer, at: self.next_run });
    }

    fn may_fork(&self) -> bool {
        self.process_limit.is_none_or(|limit| self.processes.len() < limit as usize)
    }

    /// Forks a process and lets it begin.
    fn fork(&mut self, now: SimTime, worker: Worker, context: &mut Context<'_>) {
        self.numbers += 1;
        let number = self.numbers;
        self.processes.insert(number, worker);
        self.go_on(now, number, context);
    }

    fn run_queue(&mut self, now: SimTime, context: &mut Context<'_>) {
        if !self.may_fork() {
            return;
        }
        let list = work_list(now, self.jobs.iter(), &self.settings, context);
        if !list.is_empty() {
            self.fork(now, Worker::of_run(now, list), context);
        }
    }

    /// A process goes on with the job at hand, or takes the next; without any it ends.
    fn go_on(&mut self, now: SimTime, number: u32, context: &mut Context<'_>) {
        while let Some(worker) = self.processes.get_mut(&number) {
            let Some(entry) = worker.current else {
                match worker.next() {
                    Some(entry) => self.take_up(now, number, entry, context),
                    None => {
                        self.processes.remove(&number);
                        context.actions.push(Action::EndProcess { process: number });
                    }
                }
                continue;
            };
            if let Some(delivery) = worker.todo.pop_front(context.entries) {
                if self.begin(now, number, delivery, context) {
                    return;
                }
                continue;
            }
            worker.current = None;
            if self.job_over(now, number, entry, context) {
                // The notice comes into being first; then it is the next job.
                self.notifier = Some(number);
                let timer = Timer::Own { number: u64::from(number) };
                context.actions.push(Action::Arm { timer, at: now });
                return;
            }
        }
    }

    /// Begins a job, unless somebody else has it or it is gone (`dowork`, `readqf`).
    fn take_up(
        &mut self,
        now: SimTime,
        number: u32,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) {
        let Some(job) = self.jobs.get(&entry) else {
            return;
        };
        let worker = self.processes.get_mut(&number).expect("a process that goes on exists");
        if self.locks.contains_key(&entry) || worker.is_run() && job.is_fresh(now, &self.settings) {
            return;
        }
        self.locks.insert(entry, number);
        worker.current = Some(entry);
        let state = &mut context.entries[entry];
        state.begin_round();
        if state.received_fields > self.settings.max_hop_count {
            mark_pending(context, entry, Status::ROUTING_LOOP);
            return;
        }
        worker.todo = DeliveryList::default();
        let mut before = None;
        while let Some(destination) = next_destination(context, entry, before) {
            let limit = match destination {
                Destination::Local => 1,
                _ => self.settings.recipients_per_transaction.max(1),
            };
            let delivery = context.entries.assign(entry, destination, limit);
            worker.todo.push_back(context.entries, delivery);
            // Stay with this destination until none of its recipients is left.
            if next_destination(context, entry, before) != Some(destination) {
                before = Some(destination);
            }
        }
    }

    /// Begins a delivery, unless the process knows already that its domain cannot be looked up.
    fn begin(
        &mut self,
        now: SimTime,
        number: u32,
        delivery: DeliveryHandle,
        context: &mut Context<'_>,
    ) -> bool {
        let destination = context.entries.delivery(delivery).expect("it waits").destination;
        let worker = &self.processes[&number];
        let lasts = self.settings.host_status;
        // If some of its domains may be found, all are asked for again.
        let known = |domain| worker.known.look_up_failed(now, lasts, domain);
        let domains = domains_of(delivery, context);
        let failed: Option<Vec<Status>> = domains.into_iter().map(known).collect();
        if let Some(&status) = failed.as_ref().and_then(|failed| failed.first()) {
            suspend_delivery(context, delivery, destination, status);
            return false;
        }
        context.actions.push(Action::DeliverInProcess {
            delivery,
            within: Box::new(InProcess {
                process: worker.identity(number),
                keep_connection: KeepConnection {
                    idle: self.settings.connection_cache_timeout,
                    age: SimDuration::MAX,
                    transactions: None,
                },
                connections: self.settings.connection_cache_size,
            }),
        });
        true
    }

    /// Every recipient of a job has been tried: `dropenvelope`. Returns whether a notice is made.
    fn job_over(
        &mut self,
        now: SimTime,
        number: u32,
        entry: EntryHandle,
        context: &mut Context<'_>,
    ) -> bool {
        self.locks.remove(&entry);
        let by_run = self.processes[&number].is_run();
        let job = self.jobs.get_mut(&entry).expect("a job at hand is in the queue");
        job.tried(now, by_run);
        context.entries[entry].set_active(false);
        let state = context.entries[entry];
        if self.is_expired(now, &state) {
            mark_pending(context, entry, Status::EXPIRED);
        }
        let failed = has_failed(context.entries, entry);
        if !conclude(context, entry) {
            self.jobs.remove(&entry);
            return failed && !state.null_sender();
        }
        let warn = self.settings.queue_warn.as_secs();
        let late = warn > 0 && now.as_secs() >= state.arrived.as_secs() + warn;
        let warns = late && !state.warned() && !state.null_sender();
        if warns {
            context.entries[entry].set_warned();
            if !failed {
                // Otherwise the notice of the failure says both.
                context.actions.push(Action::NotifyDelay { entry });
            }
        }
        if !failed {
            context.entries.drop_finished(entry, false);
        }
        (failed || warns) && !state.null_sender()
    }

    fn is_expired(&self, now: SimTime, entry: &QueueEntry) -> bool {
        let lifetime = if entry.null_sender() {
            self.settings.queue_return_notice
        } else {
            self.settings.queue_return
        };
        now.as_secs() >= entry.arrived.as_secs() + lifetime.as_secs()
    }

    /// Returns the first run that will take up a job that was tried last when it says.
    fn next_turn(&self, job: &Job) -> SimTime {
        let from = SimTime::from_secs(job.last_try + job.rest(&self.settings));
        first_run(from, self.next_run, self.settings.queue_interval)
    }

    fn worker_of(&self, delivery: DeliveryHandle, entries: &QueueEntries) -> Option<&Worker> {
        let entry = entries.delivery(delivery)?.entry;
        self.processes.get(self.locks.get(&entry)?)
    }

    /// Returns how a host failed, if the process of the delivery passes it over.
    fn known_failure(
        &self,
        now: SimTime,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        entries: &QueueEntries,
    ) -> Option<Status> {
        let lasts = self.settings.host_status;
        let own = self.worker_of(delivery, entries)?.known.failed(now, lasts, candidate);
        own.or_else(|| self.shared.failed(now, lasts, candidate))
    }
}

/// Marks the pending recipients of an entry as failed.
fn mark_pending(context: &mut Context<'_>, entry: EntryHandle, status: Status) {
    let mut next = context.entries[entry].first;
    while let Some(index) = next {
        let copy = context.entries.copy(index);
        if copy.state == CopyState::Pending {
            context.entries.set_state(index, CopyState::Failed(status));
        }
        next = copy.next;
    }
}

fn has_failed(entries: &QueueEntries, entry: EntryHandle) -> bool {
    let mut recipients = entries.recipients(entry);
    recipients.any(|index| matches!(entries.copy(index).state, CopyState::Failed(_)))
}

/// Returns the domains of the recipients of a delivery, each once.
fn domains_of(delivery: DeliveryHandle, context: &Context<'_>) -> BTreeSet<DomainId> {
    let entries = &context.entries;
    let recipients = entries.delivery_recipients(delivery).map(|copy| entries.recipient(copy));
    recipients.map(|recipient| context.addresses.address_of(recipient).domain).collect()
}

impl QueueManager for Sendmail {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        self.starts += 1;
        let interval = self.settings.queue_interval;
        self.next_run = match &self.settings.run_phase {
            // A daemon that starts runs the queue at once.
            _ if self.begun => now,
            ScanPhase::Random => {
                SimTime::from_nanos(context.random.below(interval.as_nanos().max(1)))
            }
            ScanPhase::At(phase) => SimTime::ZERO + *phase,
            ScanPhase::Observed(runs) => runs.first().copied().unwrap_or(now),
        };
        self.begun = true;
        self.arm_run(context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.notifier = None;
        self.last_candidates.clear();
        for mut worker in std::mem::take(&mut self.processes).into_values() {
            while let Some(delivery) = worker.todo.pop_front(context.entries) {
                context.entries.release(delivery);
            }
        }
        for entry in std::mem::take(&mut self.locks).into_keys() {
            context.entries[entry].set_active(false);
        }
    }

    fn arrived(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        intake: &Intake,
        context: &mut Context<'_>,
    ) {
        let state = context.entries[entry];
        let recipients = context.entries.recipients(entry).count() as u64;
        self.jobs.insert(entry, Job::new(state.arrived, state.size(), recipients));
        if !self.running {
            return;
        }
        if state.null_sender()
            && intake.session_message == 0
            && let Some(worker) = self.notifier.take().and_then(|n| self.processes.get_mut(&n))
        {
            worker.notices.push_back(entry);
            return;
        }
        // What has come too far is found out at once and returned by the next queue run (recorded
        // in case 08a).
        if state.received_fields <= self.settings.max_hop_count && self.may_fork() {
            self.fork(now, Worker::of_arrival(entry), context);
        }
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::QueueRun { start } if start == self.starts && self.running => {
                self.next_run = now + self.settings.queue_interval + self.settings.run_lag;
                self.arm_run(context);
                self.run_queue(now, context);
            }
            Timer::Own { number } => {
                if let Ok(number) = u32::try_from(number) {
                    self.go_on(now, number, context);
                }
            }
            _ => {}
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let delivery = report.delivery;
        self.last_candidates.remove(&delivery);
        let queued = *context.entries.delivery(delivery).expect("it has just ended");
        let domains = domains_of(delivery, context);
        context.entries.release(delivery);
        let number = self.locks[&queued.entry];
        let worker = self.processes.get_mut(&number).expect("a process that delivers exists");
        if let Some(failure) = report.failure
            && failure.stage == Stage::Dns
            && failure.outcome == AttemptOutcome::Tempfail
        {
            let known = &mut worker.known;
            domains.into_iter().for_each(|domain| known.note_look_up(now, domain, failure.status));
        }
        self.go_on(now, number, context);
    }

    fn unrouted(
        &mut self,
        now: SimTime,
        delivery: DeliveryHandle,
        copies: &[CopyIndex],
        failure: Failure,
        context: &mut Context<'_>,
    ) {
        let entry = context.entries.delivery(delivery).map(|queued| queued.entry);
        let number = entry.and_then(|entry| self.locks.get(&entry));
        if let Some(worker) = number.and_then(|number| self.processes.get_mut(number))
            && failure.outcome == AttemptOutcome::Tempfail
        {
            for &copy in copies {
                let recipient = context.entries.recipient(copy);
                let domain = context.addresses.address_of(recipient).domain;
                worker.known.note_look_up(now, domain, failure.status);
            }
        }
    }

    fn found(
        &mut self,
        _now: SimTime,
        delivery: DeliveryHandle,
        candidates: &mut dyn Iterator<Item = Candidate>,
        _entries: &QueueEntries,
    ) {
        if let Some(last) = candidates.last() {
            self.last_candidates.insert(delivery, last);
        }
    }

    fn may_try(
        &self,
        now: SimTime,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        entries: &QueueEntries,
    ) -> bool {
        self.known_failure(now, delivery, candidate, entries).is_none()
    }

    fn untried(
        &mut self,
        now: SimTime,
        delivery: DeliveryHandle,
        context: &mut Context<'_>,
    ) -> Untried {
        let last = self.last_candidates.get(&delivery);
        let status = last.and_then(|last| self.known_failure(now, delivery, last, context.entries));
        match status {
            Some(status) if status.class == 5 => Untried::Failed(status),
            status => Untried::Deferred(status.unwrap_or(Status::NO_ANSWER)),
        }
    }

    fn tried(&mut self, now: SimTime, tried: &Tried<'_>, context: &mut Context<'_>) {
        let Some(queued) = context.entries.delivery(tried.delivery) else {
            return;
        };
        let worker = self.locks.get(&queued.entry).and_then(|n| self.processes.get_mut(n));
        if let Some(worker) = worker {
            worker.known.note(now, &tried.candidate, tried.failure);
        }
        if self.settings.host_status_directory {
            self.shared.note(now, &tried.candidate, tried.failure);
        }
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        // `sendmail -q`: one more run, for which the same ages hold.
        self.run_queue(now, context);
    }

    fn configure(&mut self, settings: &QueueSettings) {
        if let QueueSettings::Sendmail(settings) = settings {
            self.settings = settings.clone();
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let mut job = *self.jobs.get(&entry)?;
        if self.is_expired(now, entries.get(entry)?) {
            return None;
        }
        job.last_try = now.as_secs();
        Some(self.next_turn(&job))
    }

    fn lengths(&self) -> QueueLengths {
        QueueLengths {
            incoming: 0,
            active: self.locks.len() as u64,
            deferred: (self.jobs.len() - self.locks.len()) as u64,
        }
    }
}
