//! The daemon, its queue directory and its processes.

mod changes;

use std::collections::BTreeMap;

use crate::mail::{AttemptOutcome, Stage, Status};
use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::round::{conclude, suspend_delivery};
use super::super::{
    Abandoned, Action, Candidate, Context, CopyIndex, CopyState, DeliveryHandle, Destination,
    EntryHandle, InProcess, Intake, KeepConnection, Processes, QueueEntries, QueueEntry,
    QueueLengths, QueueManager, QueueSettings, Report, Resolved, ScanPhase, Timer, Tried, Untried,
    Waiting,
};
use super::host_status::HostStatus;
use super::process::Worker;
use super::queue_run::{Job, Runs, first_run, work_list};
use super::send_queue::{Chain, SendQueue, has_failed};
use super::settings::Settings;
use super::signature::{Signature, place};

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
            if worker.current.is_none() {
                match worker.next() {
                    Some(entry) => self.take_up(now, number, entry, context),
                    None => {
                        if self.settings.host_status_directory {
                            worker.known.store(&mut self.shared, true);
                        }
                        self.processes.remove(&number);
                        context.actions.push(Action::EndProcess { process: number });
                    }
                }
                continue;
            }
            match self.next_step(now, number) {
                Step::LookUp(destination) => {
                    let worker = self.processes.get_mut(&number).expect("it goes on");
                    worker.asked = now;
                    context.actions.push(Action::LookUp { destination, asker: number });
                    return;
                }
                Step::Deliver(chain) => {
                    if self.begin(number, chain, context) {
                        return;
                    }
                }
                Step::Over => {
                    let worker = self.processes.get_mut(&number).expect("it goes on");
                    let current = worker.current.take().expect("it has a job at hand");
                    if self.job_over(now, number, current, context) {
                        // The notice comes into being first; then it is the next job.
                        self.notifier = Some(number);
                        let timer = Timer::Own { number: u64::from(number) };
                        context.actions.push(Action::Arm { timer, at: now });
                        return;
                    }
                }
            }
        }
    }

    /// Returns what a process does next about the job at hand.
    fn next_step(&mut self, now: SimTime, number: u32) -> Step {
        let limit = self.settings.recipients_per_transaction.max(1) as usize;
        let worker = self.processes.get_mut(&number).expect("a process that goes on exists");
        let mut current = worker.current.take().expect("it has a job at hand");
        let step = loop {
            if let Some(&destination) = current.to_look_up.front() {
                let Some(signature) = worker.fresh(now, destination) else {
                    break Step::LookUp(destination);
                };
                current.signatures.insert(destination, signature.clone());
                current.to_look_up.pop_front();
                continue;
            }
            if current.unsorted {
                current.sort();
            }
            match current.next_chain(limit) {
                Err(destination) => current.to_look_up.push_back(destination),
                Ok(None) => break Step::Over,
                // The exchangers are asked for again, unless they are still known.
                Ok(Some(chain)) => {
                    let destination = current.recipients[chain.first[0]].destination;
                    let known = destination == Destination::Local
                        || worker.fresh(now, destination).is_some();
                    break if known { Step::Deliver(chain) } else { Step::LookUp(destination) };
                }
            }
        };
        worker.current = Some(current);
        step
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
        let state = &mut context.entries[entry];
        state.begin_round();
        if state.received_fields > self.settings.max_hop_count {
            mark_pending(context, entry, Status::ROUTING_LOOP);
        }
        let names = context.addresses;
        worker.current =
            Some(SendQueue::new(entry, context.entries, job.tries > 0, |destination| {
                place(destination, names)
            }));
    }

    /// Begins a delivery. Returns whether it ends later: not if the process knows already that the
    /// domain cannot be looked up.
    fn begin(&mut self, number: u32, chain: Chain, context: &mut Context<'_>) -> bool {
        let worker = self.processes.get_mut(&number).expect("a process that goes on exists");
        let current = worker.current.as_mut().expect("it has a job at hand");
        let destination = current.recipients[chain.first[0]].destination;
        let copies: Vec<CopyIndex> = current.copies(&chain.first).collect();
        let delivery =
            context.entries.assign_copies(current.entry, destination, copies.into_iter());
        current.chain = chain;
        let signature = worker.signatures.get_mut(&destination);
        let failure = signature.as_ref().and_then(|signature| signature.failure);
        let candidates = signature.as_ref().map_or_else(Vec::new, |s| s.candidates.clone());
        if let Some(failure) = failure {
            if signature.is_some_and(|s| std::mem::replace(&mut s.told, true))
                && failure.outcome == AttemptOutcome::Tempfail
            {
                suspend_delivery(context, delivery, destination, failure.status);
                current.chain_over(context.entries);
                return false;
            }
            let because = Abandoned { since: worker.asked, failure, tried: Vec::new() };
            context.actions.push(Action::Abandon { delivery, because: Box::new(because) });
            return true;
        }
        context.actions.push(Action::DeliverInProcess {
            delivery,
            within: Box::new(InProcess {
                process: number,
                candidates,
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
        current: SendQueue,
        context: &mut Context<'_>,
    ) -> bool {
        let SendQueue { entry, handed_over, .. } = current;
        self.locks.remove(&entry);
        let by_run = self.processes[&number].is_run();
        let job = self.jobs.get_mut(&entry).expect("a job at hand is in the queue");
        job.tried(now, by_run);
        context.entries[entry].set_active(false);
        let state = context.entries[entry];
        let created = job.created;
        if self.is_expired(now, created, &state) {
            mark_pending(context, entry, Status::EXPIRED);
        }
        let failed = has_failed(context.entries, entry);
        context.actions.push(Action::WriteDown { entry, copies: handed_over });
        if !conclude(context, entry) {
            self.jobs.remove(&entry);
            return failed && !state.null_sender();
        }
        let warn = self.settings.queue_warn.as_secs();
        let late = warn > 0 && now.as_secs() as i64 >= created.saturating_add_unsigned(warn);
        let warns = late && !state.warned() && !state.null_sender();
        if warns {
            context.entries[entry].set_warned();
            if !failed {
                // Otherwise the notice of the failure says both.
                context.actions.push(Action::NotifyDelay { entry });
            }
        }
        (failed || warns) && !state.null_sender()
    }

    fn is_expired(&self, now: SimTime, created: i64, entry: &QueueEntry) -> bool {
        let lifetime = if entry.null_sender() {
            self.settings.queue_return_notice
        } else {
            self.settings.queue_return
        };
        now.as_secs() as i64 >= created.saturating_add_unsigned(lifetime.as_secs())
    }

    /// Returns the first run that will take up a job that was tried last when it says.
    fn next_turn(&self, job: &Job) -> SimTime {
        let from = SimTime::from_secs(
            (job.last_try.max(0) as u64 + job.rest(&self.settings)).max(job.not_before),
        );
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
        self.worker_of(delivery, entries)?.known.failed(now, lasts, candidate)
    }
}

/// What a process does next about the job at hand.
#[derive(Debug)]
enum Step {
    LookUp(Destination),
    Deliver(Chain),
    /// Everybody has been tried.
    Over,
}

/// Notes whom a host put off at RCPT (`QS_RETRY`): if the delivery goes on without them, they are
/// not tried again before the next run.
fn put_off(current: &mut SendQueue, tried: &Tried<'_>) {
    let lost = tried.failure.is_some_and(|failure| failure.stage == Stage::Rcpt);
    for (&copy, reply) in tried.copies.iter().zip(tried.replies) {
        if reply.map_or(lost, |reply| !reply.is_positive()) {
            current.set_tried(copy);
        }
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
        for worker in std::mem::take(&mut self.processes).into_values() {
            // What is not written down will be done again.
            let Some(mut current) = worker.current else { continue };
            let unwritten = current.handed_over.split_off(current.written);
            let failed = |copy: &CopyIndex| {
                matches!(context.entries.copy(*copy).state, CopyState::Failed(_))
            };
            let failed: Vec<CopyIndex> =
                context.entries.recipients(current.entry).filter(failed).collect();
            for copy in failed.into_iter().chain(unwritten) {
                context.entries.set_state(copy, CopyState::Pending);
            }
            let copies = current.handed_over;
            context.actions.push(Action::WriteDown { entry: current.entry, copies });
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
        // What a session brings is as old as its first recipient (`initsys`, called at RCPT).
        let came = match intake.session_message {
            0 => state.arrived,
            _ => intake.announced.into(),
        };
        self.jobs.insert(entry, Job::new(came, state.size(), recipients));
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

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let (entry, state) = (waiting.entry, context.entries[waiting.entry]);
        let recipients = context.entries.recipients(entry).count() as u64;
        let mut job = Job::new(state.arrived, state.size(), recipients);
        let age = state.arrived.age(now);
        let runs = Runs { next: self.next_run, interval: self.settings.queue_interval };
        job.set_past(now, age, runs, waiting.next_try);
        if !self.settings.queue_warn.is_zero() && age >= self.settings.queue_warn {
            context.entries[entry].set_warned();
        }
        self.jobs.insert(entry, job);
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
        let entry = context.entries.release(delivery);
        let number = self.locks[&entry];
        let worker = self.processes.get_mut(&number).expect("a process that delivers exists");
        if let Some(current) = &mut worker.current {
            current.chain_over(context.entries);
        }
        self.go_on(now, number, context);
    }

    fn resolved(&mut self, now: SimTime, answer: &Resolved<'_>, context: &mut Context<'_>) {
        let Some(worker) = self.processes.get_mut(&answer.asker) else {
            return;
        };
        let signature = Signature::new(worker.asked, now, answer, context.addresses);
        worker.signatures.insert(answer.destination, signature);
        self.go_on(now, answer.asker, context);
    }

    fn falls_back(&mut self, delivery: DeliveryHandle, entries: &mut QueueEntries) -> bool {
        let Some(entry) = entries.delivery(delivery).map(|delivery| delivery.entry) else {
            return false;
        };
        let worker = self.locks.get(&entry).and_then(|number| self.processes.get_mut(number));
        let Some(current) = worker.and_then(|worker| worker.current.as_mut()) else {
            return false;
        };
        current.fell_back = true;
        if current.chain.first == current.chain.later {
            return false;
        }
        let first: Vec<CopyIndex> = current.copies(&current.chain.first).collect();
        for copy in first {
            if entries.copy(copy).is_in(delivery) {
                entries.set_state(copy, CopyState::Pending);
            }
        }
        let later: Vec<CopyIndex> = current.copies(&current.chain.later).collect();
        for copy in later {
            if entries.copy(copy).state == CopyState::Pending {
                entries.set_state(copy, CopyState::Assigned(delivery.index()));
            }
        }
        true
    }

    fn found(
        &mut self,
        _now: SimTime,
        delivery: DeliveryHandle,
        candidates: &mut dyn Iterator<Item = Candidate>,
        entries: &QueueEntries,
    ) {
        let entry = entries.delivery(delivery).map(|delivery| delivery.entry);
        let number = entry.and_then(|entry| self.locks.get(&entry));
        let mut worker = number.and_then(|number| self.processes.get_mut(number));
        for candidate in candidates {
            if let Some(worker) = &mut worker
                && self.settings.host_status_directory
            {
                worker.known.load(&self.shared, candidate.host);
            }
            self.last_candidates.insert(delivery, candidate);
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
            let kept = self.settings.connection_cache_size as usize;
            worker.known.note(now, &tried.candidate, tried.failure, kept);
            if self.settings.host_status_directory {
                worker.known.store(&mut self.shared, false);
            } else {
                worker.known.keep_to_itself();
            }
            if let Some(current) = &mut worker.current {
                put_off(current, tried);
            }
        }
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        // `sendmail -q`: one more run, for which the same ages hold.
        self.run_queue(now, context);
    }

    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        self.change(now, settings, processes, context);
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let mut job = *self.jobs.get(&entry)?;
        if self.is_expired(now, job.created, entries.get(entry)?) {
            return None;
        }
        job.last_try = now.as_secs() as i64;
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
