//! The delivery side of one host with Exim.

mod changes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mail::{AttemptOutcome, Mailbox, Reply, Stage, Status};
use crate::smtp::Failure;
use crate::units::{SimDuration, SimTime};

use super::super::{
    Abandoned, Action, Candidate, Context, CopyIndex, DeliveryHandle, Destination, EntryHandle,
    Intake, Names, Processes, QueueEntries, QueueLengths, QueueManager, QueueSettings, Report,
    Resolved, Routed, Timer, Tried, Untried, Waiting,
};
use super::past::{Failing, Runs};
use super::process::{Kind, Memory, Process};
use super::retry::{FailedMessage, Finder, RetryDatabase, RetryKey};
use super::rule::RetryLine;
use super::runner::{Runners, Ticks};
use super::settings::Settings;
use super::wait::WaitDatabase;
use super::wall::{moment_of, second_of_arrival, wall_second};
use super::warning;

/// What Exim's notices say, whatever the failure was (recorded: "Exim always 5.0.0").
pub(super) const FAILED: Status = Status::new(5, 0, 0);

/// What is known of a message in the spool beside its entry.
#[derive(Debug, Default)]
pub(super) struct Spooled {
    /// The reverse path; none: null.
    sender: Option<Mailbox>,
    pub(super) frozen: bool,
    pub(super) warnings: u32,
    /// Hosts at which the message itself was refused for now.
    pub(super) refused_at: Vec<RetryKey>,
}

/// Deliveries at once, where the host is given fewer than Exim would start.
#[derive(Debug, Default)]
struct Places {
    limit: Option<u32>,
    busy: u32,
    /// Processes that wait for a place.
    starved: VecDeque<EntryHandle>,
}

/// The delivery side of one host with Exim.
#[derive(Debug)]
pub struct Exim {
    pub(super) settings: Settings,
    running: bool,
    pub(super) spool: BTreeMap<EntryHandle, Spooled>,
    /// Messages not tried yet.
    fresh: BTreeSet<EntryHandle>,
    pub(super) processes: BTreeMap<EntryHandle, Process>,
    /// Look-ups under way, by number, and the messages whose processes wait for them.
    pub(super) asking: BTreeMap<u32, EntryHandle>,
    pub(super) askers: u32,
    pub(super) runners: Runners,
    pub(super) ticks: Ticks,
    pub(super) database: RetryDatabase,
    waits: WaitDatabase,
    /// What had been failing when the run began.
    failing: Failing,
    remote: Places,
    local: Places,
}

impl Exim {
    /// Returns the delivery side with `settings`. Exim limits deliveries of one message only;
    /// `remote` limits those of all messages that leave, `local` those into local mailboxes.
    #[must_use]
    pub fn new(settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        let places = |limit| Places { limit, ..Places::default() };
        Self {
            settings,
            running: false,
            spool: BTreeMap::new(),
            fresh: BTreeSet::new(),
            processes: BTreeMap::new(),
            asking: BTreeMap::new(),
            askers: 0,
            runners: Runners::default(),
            ticks: Ticks::default(),
            database: RetryDatabase::default(),
            waits: WaitDatabase::default(),
            failing: Failing::default(),
            remote: places(remote),
            local: places(local),
        }
    }

    fn memory(&self, now: SimTime) -> Memory<'_> {
        let (database, settings) = (&self.database, &self.settings);
        Memory { clock: wall_second(now), database, settings }
    }

    fn arm(&self, context: &mut Context<'_>) {
        if self.ticks.next != SimTime::MAX {
            let timer = Timer::QueueRun { start: self.ticks.number };
            context.actions.push(Action::Arm { timer, at: self.ticks.next });
        }
    }

    /// Starts a queue runner over the whole spool.
    fn run_queue(&mut self, now: SimTime, forced: bool, context: &mut Context<'_>) {
        let list = self.spool.keys().copied().collect();
        let runner = self.runners.start(list, forced, context.random);
        self.step(now, runner, context);
    }

    /// Lets a runner go on until it waits for a delivery process or has come to its end.
    fn step(&mut self, now: SimTime, runner: u32, context: &mut Context<'_>) {
        while let Some((entry, forced)) = self.runners.next(runner) {
            if let Some(fails) = self.is_deliverable(now, entry, context) {
                self.begin(now, entry, Kind::QueueRun { forced }, Some(runner), fails, context);
            }
        }
    }

    /// Begins a delivery process (`src/deliver.c`, `deliver_message`).
    fn begin(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        kind: Kind,
        runner: Option<u32>,
        fails_all: bool,
        context: &mut Context<'_>,
    ) {
        self.fresh.remove(&entry);
        let state = &mut context.entries[entry];
        state.begin_round();
        let received = second_of_arrival(state.arrived);
        let sender = self.spool.get(&entry).and_then(|spooled| spooled.sender);
        let age = wall_second(now).saturating_sub(received);
        let message = FailedMessage { received, sender, age };
        let loops = state.received_fields > self.settings.received_headers_max;
        let mut process = Process::new(entry, kind, runner, message);
        process.fails_all = fails_all || loops;
        if let Some(runner) = runner {
            self.runners.born(runner);
        }
        let held = self.hold_back(now, &mut process, context);
        self.assign(&mut process, &held, context);
        let idle = process.waiting.is_empty();
        let routes_first = Self::routes_first(&mut process, context);
        self.processes.insert(entry, process);
        if idle {
            // Whoever began it goes on by itself.
            self.close(now, entry, context);
        } else if routes_first {
            self.route_next(now, entry, context);
        } else {
            self.start_deliveries(entry, context);
        }
    }

    /// Starts deliveries of a process as far as it may have them at once.
    pub(super) fn start_deliveries(&mut self, entry: EntryHandle, context: &mut Context<'_>) {
        let Some(process) = self.processes.get_mut(&entry) else {
            return;
        };
        while let Some(&delivery) = process.waiting.front() {
            let queued = context.entries.delivery(delivery).expect("a waiting delivery exists");
            let is_local = queued.destination == Destination::Local;
            let most = if is_local { 1 } else { self.settings.remote_max_parallel.max(1) };
            if process.running >= most {
                return;
            }
            let places = if is_local { &mut self.local } else { &mut self.remote };
            if places.limit.is_some_and(|limit| places.busy >= limit) {
                places.starved.push_back(entry);
                return;
            }
            places.busy += 1;
            process.running += 1;
            process.waiting.pop_front();
            process.starts(delivery, &self.settings);
            let keep = self.settings.keep_connection().filter(|_| !is_local);
            let known = process.transports.get(&delivery).map(|transport| &transport.hosts);
            if let Some(hosts) = known.filter(|hosts| !hosts.is_empty()) {
                let candidates = hosts.clone();
                let routed = Box::new(Routed { candidates, keep_connection: keep });
                context.actions.push(Action::DeliverTo { delivery, routed });
                continue;
            }
            if let Some(&(since, failure)) = process.unroutable.get(&queued.destination) {
                let because = Box::new(Abandoned { since, failure, tried: Vec::new() });
                context.actions.push(Action::Abandon { delivery, because });
                continue;
            }
            if let Some(candidates) = process.routes.get(&queued.destination) {
                let candidates = candidates.clone();
                let routed = Box::new(Routed { candidates, keep_connection: keep });
                context.actions.push(Action::DeliverTo { delivery, routed });
                continue;
            }
            let continued = match process.kind {
                Kind::Continued { from, .. } => {
                    if from != queued.destination {
                        let to = queued.destination;
                        context.actions.push(Action::HandOn { from, to });
                    }
                    true
                }
                _ => false,
            };
            context.actions.push(Action::Deliver {
                delivery,
                reuse_connection: continued,
                keep_connection: keep,
            });
        }
    }

    /// Goes on with the next transaction of the recipients that a delivery, which has just ended,
    /// was a part of: over its connection if that is left, else they share its fate
    /// (`src/transports/smtp.c`, `smtp_deliver`). Returns whether there was one.
    fn follow(
        &mut self,
        now: SimTime,
        (entry, from): (EntryHandle, Destination),
        report: &Report,
        context: &mut Context<'_>,
    ) -> bool {
        let Some(process) = self.processes.get_mut(&entry) else {
            return false;
        };
        let Some(mut following) = process.following.remove(&report.delivery) else {
            return false;
        };
        let Some(delivery) = following.pop_front() else {
            return false;
        };
        process.following.insert(delivery, following);
        process.starts(delivery, &self.settings);
        process.running += 1;
        self.remote.busy += 1;
        if report.connection_kept {
            let destination = |delivery| context.entries.delivery(delivery).map(|d| d.destination);
            if let Some(to) = destination(delivery).filter(|&to| to != from) {
                context.actions.push(Action::HandOn { from, to });
            }
            context.actions.push(Action::Deliver {
                delivery,
                reuse_connection: true,
                keep_connection: self.settings.keep_connection(),
            });
            return true;
        }
        // All recipients before were put off: what is left is put off too, without having been
        // offered and without a record.
        let not_offered = Failure {
            at: now,
            stage: Stage::Rcpt,
            outcome: AttemptOutcome::Tempfail,
            reply: None,
            status: Status::NO_ANSWER,
        };
        // They are of one transport: a failure that all its hosts had in common is theirs, but what was
        // not tried, since no host was due, has no cause that the sender could be told of.
        let tried = |failure: Failure| failure.stage != Stage::Suspended;
        if report.failure.is_some_and(tried)
            && let Some(process) = self.processes.get_mut(&entry)
        {
            process.warns_of.extend(context.entries.delivery_recipients(delivery));
        }
        let failure = report.failure.unwrap_or(not_offered);
        let because = Box::new(Abandoned { since: now, failure, tried: Vec::new() });
        context.actions.push(Action::Abandon { delivery, because });
        true
    }

    /// Hands a connection on to the message that `process.next` names.
    fn hand_on(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        destination: Destination,
        context: &mut Context<'_>,
    ) {
        let Some(process) = self.processes.get_mut(&entry) else {
            return;
        };
        if let Some((next, to)) = process.next.take() {
            let (runner, from) = (process.runner, destination);
            self.begin(now, next, Kind::Continued { from, to }, runner, false, context);
            if !self.processes.contains_key(&next) {
                context.actions.push(Action::Close { destination });
            }
        }
    }

    /// The last delivery of a process is over: it goes, and the runner that waited for it goes on.
    fn end(&mut self, now: SimTime, entry: EntryHandle, context: &mut Context<'_>) {
        if let Some(runner) = self.close(now, entry, context) {
            self.step(now, runner, context);
        }
    }
}

impl QueueManager for Exim {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        if self.ticks.number == 0 {
            self.ticks.begin(&self.settings, context.random);
        } else {
            self.ticks.restart(now, &self.settings);
        }
        self.arm(context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.asking.clear();
        self.ticks.stop();
        self.runners.clear();
        for (_, process) in std::mem::take(&mut self.processes) {
            let following = process.following.into_values().flatten();
            process.waiting.into_iter().chain(following).for_each(|delivery| {
                context.entries.release(delivery);
            });
        }
        for places in [&mut self.remote, &mut self.local] {
            *places = Places { limit: places.limit, ..Places::default() };
        }
        for entry in context.entries.active_at(context.host) {
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
        self.spool.insert(entry, Spooled { sender: intake.sender, ..Spooled::default() });
        self.fresh.insert(entry);
        let settings = &self.settings;
        let queued = settings.queue_only
            || settings
                .smtp_accept_queue_per_connection
                .is_some_and(|most| intake.session_message > most)
            || settings.smtp_accept_queue.is_some_and(|most| intake.sessions_open > most);
        if self.running && !queued {
            self.begin(now, entry, Kind::First, None, false, context);
        }
    }

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let (entry, sender) = (waiting.entry, waiting.sender);
        let state = context.entries[entry];
        let warnings = warning::due(state.arrived.age(now), &self.settings.delay_warning);
        if warnings > 0 {
            context.entries[entry].set_warned();
        }
        self.spool.insert(entry, Spooled { sender, warnings, ..Spooled::default() });
        // What is older than any cut-off would have been given up, had its hosts failed all the time.
        let cutoffs = self.settings.retry_rule.0.iter().filter_map(RetryLine::last_cutoff);
        if cutoffs.max().is_some_and(|cutoff| state.arrived.age(now) > cutoff) {
            return;
        }
        let since = second_of_arrival(state.arrived);
        let next_try = waiting.next_try.map(wall_second);
        let destinations: Vec<Destination> =
            context.entries.copies(entry).map(|copy| copy.destination).collect();
        self.failing.note(&destinations, since, next_try);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        match timer {
            Timer::QueueRun { start } if self.running && start == self.ticks.number => {
                self.ticks.ran(now, &self.settings);
                self.arm(context);
                if self.runners.has_room(&self.settings) {
                    self.run_queue(now, false, context);
                }
            }
            Timer::Message { entry, round } => {
                let is_this = context.entries.get(entry).is_some_and(|state| state.rounds == round);
                if is_this {
                    self.end(now, entry, context);
                }
            }
            _ => {}
        }
    }

    fn found(
        &mut self,
        now: SimTime,
        delivery: DeliveryHandle,
        candidates: &mut dyn Iterator<Item = Candidate>,
        entries: &QueueEntries,
    ) {
        let entry = entries.delivery(delivery).map(|queued| queued.entry);
        let process = entry.and_then(|entry| self.processes.get_mut(&entry));
        if let Some(transport) = process.and_then(|process| process.transports.get_mut(&delivery)) {
            transport.found(candidates);
            let destination = entries.delivery(delivery).map(|queued| queued.destination);
            if let Some(failing) = destination.and_then(|to| self.failing.take(to)) {
                let hosts = transport.hosts.iter().chain(&transport.fallback_hosts);
                let hosts = hosts.map(|candidate| (candidate.address, candidate.host));
                let clock = wall_second(now);
                let next_run = wall_second(self.ticks.next);
                let runs = Runs { clock, next_run, settings: &self.settings };
                failing.recall(hosts, &runs, &mut self.database);
            }
        }
    }

    fn may_try(
        &self,
        now: SimTime,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        entries: &QueueEntries,
    ) -> bool {
        let entry = entries.delivery(delivery).map(|queued| queued.entry);
        let process = entry.and_then(|entry| self.processes.get(&entry));
        process.is_some_and(|process| process.may_try(delivery, candidate, &self.memory(now)))
    }

    fn untried(
        &mut self,
        now: SimTime,
        delivery: DeliveryHandle,
        context: &mut Context<'_>,
    ) -> Untried {
        let entry = context.entries.delivery(delivery).map(|queued| queued.entry);
        let process = entry.and_then(|entry| self.processes.get(&entry));
        match process {
            Some(process) if process.fails_all => Untried::Failed(FAILED),
            // Its recipients are not done with yet, whatever kept them from the hosts so far.
            Some(process) if process.falls_back(delivery) => Untried::Onward,
            // "All hosts have been failing for a long time."
            Some(process) if process.gives_up(delivery, &self.memory(now)) => {
                Untried::Failed(Status::NO_ANSWER)
            }
            _ => Untried::Deferred(Status::NO_ANSWER),
        }
    }

    fn tried(&mut self, now: SimTime, tried: &Tried<'_>, context: &mut Context<'_>) {
        let entry = context.entries.delivery(tried.delivery).map(|queued| queued.entry);
        if let Some(process) = entry.and_then(|entry| self.processes.get_mut(&entry)) {
            let (database, settings) = (&self.database, &self.settings);
            let memory = Memory { clock: wall_second(now), database, settings };
            process.tried(tried, context, &memory);
        }
    }

    fn resolved(&mut self, now: SimTime, answer: &Resolved<'_>, context: &mut Context<'_>) {
        self.routed(now, answer, context);
    }

    fn unrouted(
        &mut self,
        _now: SimTime,
        delivery: DeliveryHandle,
        copies: &[CopyIndex],
        failure: Failure,
        context: &mut Context<'_>,
    ) {
        let entry = context.entries.delivery(delivery).map(|queued| queued.entry);
        if let Some(process) = entry.and_then(|entry| self.processes.get_mut(&entry)) {
            process.unrouted(delivery, copies, &failure, context);
        }
    }

    fn keeps_connection(&mut self, tried: &Tried<'_>, entries: &QueueEntries) -> bool {
        let Some(queued) = entries.delivery(tried.delivery) else {
            return false;
        };
        let entry = queued.entry;
        // Nothing follows where all recipients were put off, lest messages with the same ones take
        // turns for ever.
        let settles = |reply: &Reply| reply.is_positive() || reply.is_permanent();
        if tried.failure.is_some() || !tried.replies.iter().flatten().any(settles) {
            return false;
        }
        let process = self.processes.get(&entry);
        let following = process.and_then(|process| process.following.get(&tried.delivery));
        if following.is_some_and(|following| !following.is_empty()) {
            return true;
        }
        let (host, newest) = (tried.candidate.host, self.settings.newest_waiting_first);
        let next = self.waits.take(host, entry, newest, |other, destinations| {
            let pending = |&to: &Destination| entries.has_pending(other, to);
            entries.get(other).map(|_| destinations.iter().any(pending))
        });
        // A message that another process is at, or that is frozen, ends the chain.
        let next = next.filter(|(next, _)| {
            let frozen = self.spool.get(next).is_none_or(|spooled| spooled.frozen);
            !frozen && !self.processes.contains_key(next)
        });
        let goes_on = next.is_some();
        if let Some(process) = self.processes.get_mut(&entry) {
            process.next = next;
        }
        goes_on
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let delivery = report.delivery;
        let queued = context.entries.delivery(delivery).expect("it has just ended");
        let (entry, destination) = (queued.entry, queued.destination);
        if let Some(process) = self.processes.get_mut(&entry) {
            process.running -= 1;
            let (database, settings) = (&self.database, &self.settings);
            let memory = Memory { clock: wall_second(now), database, settings };
            let waits_for = process.delivered(delivery, report.failure, context, &memory);
            if self.settings.connection_max_messages != Some(1) {
                waits_for.into_iter().for_each(|host| self.waits.add(host, entry, destination));
            }
        }
        context.entries.release(delivery);
        let follows = self.follow(now, (entry, destination), report, context);
        if report.connection_kept && !follows {
            self.hand_on(now, entry, destination, context);
        }
        self.start_deliveries(entry, context);
        self.free_place(destination == Destination::Local, context);
        if context.entries[entry].outstanding > 0 || self.fall_back(now, entry, context) {
            return;
        }
        match &self.settings.tidying_up {
            None => self.end(now, entry, context),
            Some(time) => {
                let at = now + SimDuration::from_secs_f64(time.sample(context.random));
                let timer = Timer::Message { entry, round: context.entries[entry].rounds };
                context.actions.push(Action::Arm { timer, at });
            }
        }
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        if self.running {
            self.run_queue(now, true, context);
        }
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

    fn introduce(&mut self, names: &dyn Names) {
        self.database.finder = Finder::new(&self.settings.retry_rule, names);
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        _entries: &QueueEntries,
    ) -> Option<SimTime> {
        let process = self.processes.get(&entry)?;
        if process.is_to_fall_back() {
            // Another host is tried first.
            return None;
        }
        let (clock, mut next) = (wall_second(now), None::<u64>);
        let mut hopeless = false;
        for item in process.notes.failures() {
            let outcome = self.database.foresee(item, clock, process.message, &self.settings);
            let at = outcome.record.map_or(clock, |record| record.next_try);
            if outcome.timed_out {
                hopeless = true;
            } else {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        if hopeless && next.is_none() {
            return None;
        }
        Some(self.ticks.first_from(moment_of(next.unwrap_or(clock)), &self.settings))
    }

    fn lengths(&self) -> QueueLengths {
        let (spool, active) = (self.spool.len() as u64, self.processes.len() as u64);
        let incoming = self.fresh.len() as u64;
        QueueLengths { incoming, active, deferred: spool - active - incoming }
    }
}
