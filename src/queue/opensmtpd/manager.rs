//! The queue manager: scheduler, transfer agent, local delivery and notices together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha8Rng;

use crate::mail::{RecipientId, Status};
use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::agent::{Agent, Moment, Order, Task};
use super::bounces::{Bounces, Notice};
use super::scheduler::{Due, Scheduler};
use super::settings::Settings;
use super::{Clock, EnvelopeId};
use crate::queue::{
    Abandoned, Action, ConnectionId, Context, CopyState, DeliveryHandle, Destination, EntryHandle,
    FailedConnection, Intake, Processes, QueueCopy, QueueEntries, QueueLengths, QueueManager,
    QueueSettings, Report, Resolved, Timer, Tried, Waiting,
};

/// A delivery under way.
#[derive(Debug)]
struct UnderWay {
    task: Task,
    /// None: it has failed, or is local.
    connection: Option<ConnectionId>,
    /// Whether the host answered RCPT, and whether it took somebody.
    answered: Option<bool>,
    /// Whether the message was too large for the host, which was not asked.
    too_large: bool,
}

/// What is on its way between the scheduler and the transfer agent.
#[derive(Debug)]
enum OnItsWay {
    /// Envelopes to be transferred.
    Envelopes(Vec<(EnvelopeId, Destination)>),
    /// Results.
    News,
}

/// OpenSMTPD on one host.
#[derive(Debug)]
pub struct OpenSmtpd {
    settings: Settings,
    /// Deliveries into mailboxes at once (`sc_mda_max_session`).
    local_processes: u32,
    running: bool,
    scheduler: Scheduler,
    agent: Agent,
    bounces: Bounces,
    under_way: BTreeMap<DeliveryHandle, UnderWay>,
    local_waiting: VecDeque<EnvelopeId>,
    local_busy: u32,
    on_its_way: BTreeMap<u64, OnItsWay>,
    /// Counts timers.
    number: u64,
}

/// Deliveries at once into local mailboxes.
const LOCAL_PROCESSES: u32 = 50;

/// Returns the settings with the limit of connections that the host's `capacity` states.
fn limited(mut settings: Settings, remote: Option<u32>) -> Settings {
    settings.limits.max_conn_per_source = remote.unwrap_or(settings.limits.max_conn_per_source);
    settings
}

impl OpenSmtpd {
    /// Returns the queue manager with `settings`; `remote` replaces the limit of connections at
    /// once, `local` that of deliveries into local mailboxes.
    #[must_use]
    pub fn new(settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        Self {
            settings: limited(settings, remote),
            local_processes: local.unwrap_or(LOCAL_PROCESSES),
            running: false,
            scheduler: Scheduler::default(),
            agent: Agent::default(),
            bounces: Bounces::default(),
            under_way: BTreeMap::new(),
            local_waiting: VecDeque::new(),
            local_busy: 0,
            on_its_way: BTreeMap::new(),
            number: 0,
        }
    }

    fn clock(&self, now: SimTime) -> Clock {
        Clock::at(now, self.settings.clock_lag)
    }

    /// Calls the transfer agent.
    fn agent<T>(&mut self, now: SimTime, call: impl FnOnce(&mut Agent, Moment<'_>) -> T) -> T {
        let moment = Moment { clock: self.clock(now), settings: &self.settings };
        call(&mut self.agent, moment)
    }

    /// Does everything that follows from what has happened, then arms the timers.
    fn settle(&mut self, now: SimTime, context: &mut Context<'_>) {
        loop {
            if let Some(order) = self.agent.orders.pop_front() {
                self.obey(now, order, context);
            } else if self.scheduler.touched && self.running {
                let due = self.take_due(now, context);
                self.send(now, due, context);
            } else {
                break;
            }
        }
        let scheduler = &mut self.scheduler.alarm;
        for alarm in self.agent.alarms().into_iter().chain([scheduler, &mut self.bounces.alarm]) {
            if let Some((number, due)) = alarm.arm(&mut self.number) {
                let at = due + lag(self.settings.timer_lag, context.random);
                context.actions.push(Action::Arm { timer: Timer::Own { number }, at });
            }
        }
    }

    /// Takes what the scheduler wants done now; what has expired, expires.
    fn take_due(&mut self, now: SimTime, context: &mut Context<'_>) -> OnItsWay {
        let clock = self.clock(now);
        let mut envelopes = Vec::new();
        while let Some(due) = self.scheduler.next_due(clock, &self.settings) {
            match due {
                Due::Deliver(id, destination) => envelopes.push((id, destination)),
                Due::Expire(id) => self.expire(now, id, context),
            }
        }
        OnItsWay::Envelopes(envelopes)
    }

    /// Sends something through the queue process.
    fn send(&mut self, now: SimTime, what: OnItsWay, context: &mut Context<'_>) {
        if matches!(&what, OnItsWay::Envelopes(envelopes) if envelopes.is_empty()) {
            return;
        }
        let Some(time) = &self.settings.handover_time else {
            self.receive(now, what, context);
            return;
        };
        let at = now + time.sample_duration(context.random);
        self.number += 1;
        self.on_its_way.insert(self.number, what);
        context.actions.push(Action::Arm { timer: Timer::Own { number: self.number }, at });
    }

    /// Something has come through the queue process.
    fn receive(&mut self, now: SimTime, what: OnItsWay, context: &mut Context<'_>) {
        let OnItsWay::Envelopes(envelopes) = what else {
            self.scheduler.touched = true;
            return;
        };
        for (id, destination) in envelopes {
            if destination == Destination::Local {
                self.local_waiting.push_back(id);
                self.deliver_locally(context);
            } else {
                let rank = self.scheduler.rank(id);
                self.agent(now, |agent, moment| agent.take(moment, id, destination, rank));
            }
        }
    }

    /// An envelope's time is over.
    fn expire(&mut self, now: SimTime, id: EnvelopeId, context: &mut Context<'_>) {
        let copy = self.scheduler.copy_of(id);
        self.scheduler.remove(id);
        if let Some(index) = copy {
            // A notice that says 4.4.7 calls itself, for the sake of that 4, "delayed".
            let class = if self.settings.expires_for_good { 5 } else { 4 };
            let status = Status { class, ..Status::EXPIRED };
            context.entries.set_state(index, CopyState::Failed(status));
        }
        let clock = self.clock(now);
        self.bounces.add(clock, id.entry, Notice::Failed);
    }

    /// Begins local deliveries, one for each recipient.
    fn deliver_locally(&mut self, context: &mut Context<'_>) {
        while self.local_busy < self.local_processes {
            let Some(id) = self.local_waiting.pop_front() else {
                return;
            };
            self.local_busy += 1;
            let task = Task::local(id);
            let delivery = self.begin(task, None, context);
            context.actions.push(Action::Deliver {
                delivery,
                reuse_connection: false,
                keep_connection: None,
            });
        }
    }

    /// Carries out what the agent wants.
    fn obey(&mut self, now: SimTime, order: Order, context: &mut Context<'_>) {
        let clock = self.clock(now);
        match order {
            Order::LookUp(destination) => {
                context.actions.push(Action::LookUp { destination, asker: 0 })
            }
            Order::Connect(connection, destination, candidate) => {
                context.actions.push(Action::Connect { connection, destination, candidate });
            }
            Order::Quit(connection) => context.actions.push(Action::Quit { connection }),
            Order::Transact(connection, task) => {
                let delivery = self.begin(task, Some(connection), context);
                context.actions.push(Action::Transact { delivery, connection });
            }
            Order::Abandon(task, failure, tried) => {
                let since = task.since;
                let delivery = self.begin(task, None, context);
                let because = Box::new(Abandoned { since, failure, tried });
                context.actions.push(Action::Abandon { delivery, because });
            }
            Order::Hold(id, relay) => self.scheduler.hold(id, relay, &self.settings),
            Order::Release { relay, limit, failed } => {
                self.scheduler.release(relay, limit, failed, &self.settings);
            }
            Order::Schedule(id) => self.scheduler.schedule(clock, id, &self.settings),
        }
    }

    /// Makes a delivery of a task.
    fn begin(
        &mut self,
        task: Task,
        connection: Option<ConnectionId>,
        context: &mut Context<'_>,
    ) -> DeliveryHandle {
        let (entry, destination) = (task.entry, task.destination);
        context.entries[entry].begin_round();
        if context.entries.only_copy(entry).is_none() {
            self.scheduler.note_under_way(task.envelopes(), true);
        }
        let sole = match task.recipients[..] {
            [recipient] => self.scheduler.copy_of(EnvelopeId { entry, recipient }),
            _ => None,
        };
        let delivery = match sole {
            Some(copy) => context.entries.assign_one(entry, destination, copy),
            None => {
                let all: BTreeSet<RecipientId> = task.recipients.iter().copied().collect();
                let limit = u32::try_from(all.len()).unwrap_or(u32::MAX);
                let fits = |copy: &QueueCopy| all.contains(&copy.recipient);
                context.entries.assign_those(entry, destination, limit, fits)
            }
        };
        self.under_way
            .insert(delivery, UnderWay { task, connection, answered: None, too_large: false });
        delivery
    }

    /// Takes notice of how each recipient of a task fared.
    fn note_results(&mut self, now: SimTime, task: &Task, context: &mut Context<'_>) -> bool {
        let (clock, entry) = (self.clock(now), task.entry);
        let mut accepted = false;
        for id in task.envelopes() {
            let Some(index) = self.scheduler.copy_of(id) else {
                continue;
            };
            match context.entries.copy(index).state {
                CopyState::Done => {
                    accepted = true;
                    self.scheduler.remove(id);
                }
                CopyState::Failed(status) => {
                    // Its notices say 5.0.0 whatever the host said (`ESC_OTHER_STATUS`).
                    let status = Status::new(status.class, 0, 0);
                    context.entries.set_state(index, CopyState::Failed(status));
                    self.scheduler.remove(id);
                    self.bounces.add(clock, entry, Notice::Failed);
                }
                CopyState::Pending | CopyState::Assigned(_) => {
                    let postponed = self.scheduler.postpone(clock, id, &self.settings);
                    if postponed.warns {
                        context.entries[entry].set_warned();
                        self.bounces.add(clock, entry, Notice::Delayed);
                    }
                }
            }
        }
        accepted
    }

    /// Sends the notices that are due.
    fn send_notices(&mut self, now: SimTime, context: &mut Context<'_>) {
        let clock = self.clock(now);
        while let Some((entry, notice)) = self.bounces.next_due(clock) {
            context.actions.push(match notice {
                Notice::Failed => Action::ReturnFailed { entry },
                Notice::Delayed => Action::NotifyDelay { entry },
            });
            self.remove_if_over(entry, context);
        }
    }

    /// Lets a message go when no recipient and no notice is left.
    fn remove_if_over(&mut self, entry: EntryHandle, context: &mut Context<'_>) {
        if !self.scheduler.is_open(entry) && !self.bounces.concern(entry) {
            self.scheduler.forget_message(entry);
            context.actions.push(Action::Remove { entry });
        }
    }
}

fn lag(bound: SimDuration, random: &mut ChaCha8Rng) -> SimDuration {
    if bound == SimDuration::ZERO {
        return bound;
    }
    random.duration_between(SimDuration::ZERO, bound)
}

impl QueueManager for OpenSmtpd {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        self.scheduler.restart(&self.settings);
        let clock = self.clock(now);
        self.bounces.restart(clock);
        self.settle(now, context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.agent.stop();
        self.under_way.clear();
        self.local_waiting.clear();
        self.on_its_way.clear();
        self.local_busy = 0;
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
        let creation = self.clock(intake.announced).second;
        let message = context.random.below(1 << 32);
        let copies: Vec<_> = context.entries.recipients(entry).collect();
        for index in copies {
            let copy = context.entries.copy(index);
            let id = EnvelopeId { entry, recipient: copy.recipient };
            let rank = (message, context.random.below(1 << 32));
            let place = (index, copy.destination);
            self.scheduler.insert(id, place, creation, rank, &self.settings);
        }
        if self.running {
            // The time until the queue manager took notice covers the way of a new message.
            let due = self.take_due(now, context);
            self.receive(now, due, context);
        }
        self.settle(now, context);
    }

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let entry = waiting.entry;
        let creation = context.entries[entry].arrived.second(self.settings.clock_lag);
        let message = context.random.below(1 << 32);
        let copies: Vec<_> = context.entries.recipients(entry).collect();
        let clock = self.clock(now);
        for index in copies {
            let copy = context.entries.copy(index);
            let id = EnvelopeId { entry, recipient: copy.recipient };
            let rank = (message, context.random.below(1 << 32));
            let place = (index, copy.destination);
            let next_try = waiting.next_try.map(|at| self.clock(at).second);
            self.scheduler.insert(id, place, creation, rank, &self.settings);
            self.scheduler.set_past(clock, id, next_try, &self.settings);
        }
        self.settle(now, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        let Timer::Own { number } = timer else {
            return;
        };
        if !self.running {
            return;
        }
        if let Some(what) = self.on_its_way.remove(&number) {
            self.receive(now, what, context);
        } else if self.scheduler.alarm.goes_off(number) {
            self.scheduler.touched = true;
        } else if self.bounces.alarm.goes_off(number) {
            self.send_notices(now, context);
        } else {
            self.agent(now, |agent, moment| agent.timer(moment, number));
        }
        self.settle(now, context);
    }

    fn tried(&mut self, _now: SimTime, tried: &Tried<'_>, _context: &mut Context<'_>) {
        let Some(under_way) = self.under_way.get_mut(&tried.delivery) else {
            return;
        };
        under_way.too_large = tried.failure.is_some_and(|failure| failure.is_unasked());
        if tried.replies.iter().any(Option::is_some) {
            let positive = tried.replies.iter().flatten().any(|reply| reply.is_positive());
            under_way.answered = Some(positive);
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let entry = context.entries.release(report.delivery);
        let Some(under_way) = self.under_way.remove(&report.delivery) else {
            return;
        };
        let UnderWay { task, connection, answered, too_large } = under_way;
        self.scheduler.note_under_way(task.envelopes(), false);
        let state = &mut context.entries[entry];
        state.set_active(state.outstanding > 0);
        let accepted = self.note_results(now, &task, context);
        // The scheduler acts on the news when they reach it.
        if std::mem::take(&mut self.scheduler.touched) {
            self.send(now, OnItsWay::News, context);
        }
        context.entries.drop_finished(entry);
        if task.destination == Destination::Local {
            self.local_busy -= 1;
            self.deliver_locally(context);
        }
        if let Some(connection) = connection {
            let stands = report.connection_kept;
            self.agent(now, |agent, moment| {
                let positive = answered.unwrap_or(false);
                agent.offered(moment, task.destination, task.envelopes(), positive);
                let accepted = (!too_large).then_some(accepted);
                agent.transaction_over(moment, connection, accepted, stands);
            });
        }
        self.remove_if_over(entry, context);
        self.settle(now, context);
    }

    fn resolved(&mut self, now: SimTime, answer: &Resolved<'_>, context: &mut Context<'_>) {
        let &Resolved { destination, found, .. } = answer;
        self.agent(now, |agent, moment| agent.resolved(moment, destination, found));
        self.settle(now, context);
    }

    fn connected(
        &mut self,
        now: SimTime,
        connection: ConnectionId,
        opened: Result<(), FailedConnection>,
        context: &mut Context<'_>,
    ) {
        self.agent(now, |agent, moment| agent.connected(moment, connection, opened));
        self.settle(now, context);
    }

    fn closed(&mut self, now: SimTime, connection: ConnectionId, context: &mut Context<'_>) {
        self.agent(now, |agent, moment| agent.session_over(moment, connection));
        self.settle(now, context);
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        let clock = self.clock(now);
        self.scheduler.schedule_all(clock, &self.settings);
        self.settle(now, context);
    }

    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        let QueueSettings::OpenSmtpd(settings) = settings else { return };
        self.settings = limited(settings.clone(), processes.remote);
        self.local_processes = processes.local.unwrap_or(LOCAL_PROCESSES);
        if self.running {
            self.deliver_locally(context);
            self.settle(now, context);
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime> {
        let clock = self.clock(now);
        let id = |recipient| EnvelopeId { entry, recipient };
        if let Some(only) = entries.only_copy(entry) {
            let assigned = matches!(only.state, CopyState::Assigned(_));
            let at = self.scheduler.would_retry(clock, id(only.recipient), &self.settings);
            return at.filter(|_| assigned);
        }
        self.scheduler.would_retry_first(clock, entry, &self.settings)
    }

    fn lengths(&self) -> QueueLengths {
        let (active, deferred) = self.scheduler.counts();
        QueueLengths { incoming: 0, active, deferred }
    }
}
