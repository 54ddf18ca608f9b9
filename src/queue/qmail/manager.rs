//! `qmail-send`: two channels and their passes.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, Stage, Status};
use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

use super::super::list::DeliveryList;
use super::super::round::conclude;
use super::super::{
    Action, Candidate, Context, CopyState, DeliveryHandle, Destination, EntryHandle, Intake,
    Processes, QueueCopy, QueueEntries, QueueLengths, QueueManager, QueueSettings, Report, Timer,
    Tried, Untried, Waiting,
};
use super::prioq::Prioq;
use super::schedule::{LOCAL_SKIP, due_age, next_retry, wakes_at};
use super::settings::Settings;
use super::tcpto::Table;

/// Which of the two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Channel {
    Local,
    Remote,
}

impl Channel {
    const ALL: [Self; 2] = [Self::Local, Self::Remote];

    fn of(destination: Destination) -> Self {
        match destination {
            Destination::Local => Self::Local,
            _ => Self::Remote,
        }
    }
}

/// A message in a channel: a pass over its recipients.
#[derive(Debug, Clone, Copy)]
struct Job {
    /// When the next pass is due, in seconds.
    retry: u64,
    /// Whether this pass is the last (`flagdying`).
    last: bool,
    /// Deliveries not yet over.
    deliveries: u32,
}

/// What is due in a channel, and what is under way.
#[derive(Debug, Default)]
struct State {
    /// Messages by the second in which their next pass is due.
    due: Prioq,
    used: u32,
    /// Deliveries of the pass at hand that have not begun.
    todo: DeliveryList,
}

/// qmail on one host.
#[derive(Debug)]
pub struct Qmail {
    settings: Settings,
    running: bool,
    channels: BTreeMap<Channel, State>,
    jobs: BTreeMap<(EntryHandle, Channel), Job>,
    /// Messages in the queue, each with the channels that it is in.
    messages: BTreeMap<EntryHandle, u32>,
    /// Messages over whose recipients a pass goes.
    active: u64,
    table: Table,
    /// For each delivery under way the number of its process, as `tcpto` counts it.
    processes: BTreeMap<DeliveryHandle, u64>,
    /// Counts the times it fell asleep: only the last sleep ends by itself.
    sleeps: u64,
}

/// Returns the settings with the limits that the host's `capacity` states.
fn limited(mut settings: Settings, processes: Processes) -> Settings {
    settings.concurrency_remote = processes.remote.unwrap_or(settings.concurrency_remote);
    settings.concurrency_local = processes.local.unwrap_or(settings.concurrency_local);
    settings
}

impl Qmail {
    /// Returns the queue manager with `settings` and, if given, other limits of deliveries at once.
    #[must_use]
    pub fn new(settings: Settings, remote: Option<u32>, local: Option<u32>) -> Self {
        Self {
            settings: limited(settings, Processes { remote, local }),
            running: false,
            channels: Channel::ALL.into_iter().map(|c| (c, State::default())).collect(),
            jobs: BTreeMap::new(),
            messages: BTreeMap::new(),
            active: 0,
            table: Table::default(),
            processes: BTreeMap::new(),
            sleeps: 0,
        }
    }

    fn skip(&self, channel: Channel) -> u64 {
        match channel {
            Channel::Local => LOCAL_SKIP,
            Channel::Remote => self.settings.remote_skip,
        }
    }

    fn concurrency(&self, channel: Channel) -> u32 {
        match channel {
            Channel::Local => self.settings.concurrency_local,
            Channel::Remote => self.settings.concurrency_remote,
        }
    }

    fn state(&mut self, channel: Channel) -> &mut State {
        self.channels.entry(channel).or_default()
    }

    fn is_dying(&self, now: SimTime, birth: i64) -> bool {
        now.as_secs() as i64 > birth.saturating_add_unsigned(self.settings.queue_lifetime.as_secs())
    }

    /// Puts a message into a channel for a pass in the second `due`.
    fn put(&mut self, entry: EntryHandle, channel: Channel, due: u64) {
        self.state(channel).due.insert((due, entry));
    }

    /// Begins what the channels' concurrency allows (`pass_dochan`), then sleeps. It looks only when
    /// something wakes it, so a pass that is due begins with the next message that comes or delivery
    /// that ends, at the latest a second late.
    fn run(&mut self, now: SimTime, context: &mut Context<'_>) {
        if !self.running {
            return;
        }
        for channel in Channel::ALL {
            let limit = self.concurrency(channel);
            while self.state(channel).used < limit {
                if let Some(delivery) = self.state(channel).todo.pop_front(context.entries) {
                    self.deliver(channel, delivery, context);
                    continue;
                }
                let Some((due, entry)) = self.state(channel).due.min() else {
                    break;
                };
                if due > now.as_secs() {
                    break;
                }
                self.state(channel).due.delete_min();
                self.begin_pass(now, entry, channel, context);
            }
        }
        self.sleep(now, context);
    }

    /// `pass_selprep`: a channel without room for a delivery waits for one to end.
    fn sleep(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.sleeps += 1;
        let next = Channel::ALL.into_iter().filter_map(|channel| {
            let state = &self.channels[&channel];
            let room = state.used < self.concurrency(channel);
            state.due.min().filter(|_| room).map(|first| first.0)
        });
        if let Some(due) = next.min() {
            let timer = Timer::Own { number: self.sleeps };
            context.actions.push(Action::Arm { timer, at: wakes_at(now, due) });
        }
    }

    fn begin_pass(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        channel: Channel,
        context: &mut Context<'_>,
    ) {
        let state = &mut context.entries[entry];
        state.begin_round();
        let birth = state.arrived.second(SimDuration::ZERO);
        let mut job = Job {
            retry: next_retry(birth, now.as_secs(), self.skip(channel)),
            last: self.is_dying(now, birth),
            deliveries: 0,
        };
        let mut todo = DeliveryList::default();
        // In the order of the entry: the first pending one of a destination is the next that goes there.
        let recipients: Vec<Destination> =
            pending(context.entries, entry, channel).map(|copy| copy.destination).collect();
        for destination in recipients {
            let delivery = context.entries.assign(entry, destination, 1);
            todo.push_back(context.entries, delivery);
            job.deliveries += 1;
        }
        self.active += u64::from(!self.has_pass(entry));
        self.jobs.insert((entry, channel), job);
        self.state(channel).todo = todo;
    }

    fn deliver(&mut self, channel: Channel, delivery: DeliveryHandle, context: &mut Context<'_>) {
        self.state(channel).used += 1;
        self.processes.insert(delivery, context.random.below(32));
        let (reuse_connection, keep_connection) = (false, None);
        context.actions.push(Action::Deliver { delivery, reuse_connection, keep_connection });
    }

    fn has_pass(&self, entry: EntryHandle) -> bool {
        Channel::ALL.iter().any(|channel| self.jobs.contains_key(&(entry, *channel)))
    }

    /// Every delivery of a pass is over: `job_close`.
    fn pass_over(&mut self, entry: EntryHandle, channel: Channel, context: &mut Context<'_>) {
        let job = self.jobs.remove(&(entry, channel)).expect("a pass that ends has begun");
        if !self.has_pass(entry) {
            self.active -= 1;
            context.entries[entry].set_active(false);
        }
        if has_pending(context.entries, entry, channel) {
            self.put(entry, channel, job.retry);
            return;
        }
        let channels = self.messages.get_mut(&entry).expect("a message in a channel is known");
        *channels -= 1;
        if *channels == 0 {
            // `messdone`: only now is the sender told of those that failed.
            self.messages.remove(&entry);
            conclude(context, entry);
        }
    }
}

/// Returns the pending recipients of the entry in the channel, in order.
fn pending(
    entries: &QueueEntries,
    entry: EntryHandle,
    channel: Channel,
) -> impl Iterator<Item = QueueCopy> {
    entries.copies(entry).filter(move |copy| {
        copy.state == CopyState::Pending && Channel::of(copy.destination) == channel
    })
}

/// Returns whether a recipient of the entry in the channel is pending.
fn has_pending(entries: &QueueEntries, entry: EntryHandle, channel: Channel) -> bool {
    pending(entries, entry, channel).next().is_some()
}

/// Marks what is left of a delivery as failed with `status`.
fn give_up(context: &mut Context<'_>, delivery: DeliveryHandle, status: Status) {
    let left: Vec<_> = context.entries.delivery_recipients(delivery).collect();
    for index in left {
        context.entries.set_state(index, CopyState::Failed(status));
    }
}

impl QueueManager for Qmail {
    fn start(&mut self, now: SimTime, context: &mut Context<'_>) {
        self.running = true;
        // `pqstart`: a message that was under way is tried again at the time that its file has, which
        // is that of its last pass, so at once.
        let messages: Vec<EntryHandle> = self.messages.keys().copied().collect();
        let waiting = Channel::ALL
            .map(|channel| self.state(channel).due.entries().collect::<BTreeSet<EntryHandle>>());
        for entry in messages {
            for (channel, waiting) in Channel::ALL.into_iter().zip(&waiting) {
                if !waiting.contains(&entry) && has_pending(context.entries, entry, channel) {
                    self.put(entry, channel, now.as_secs());
                }
            }
        }
        self.run(now, context);
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        self.running = false;
        self.processes.clear();
        for channel in Channel::ALL {
            let mut todo = std::mem::take(&mut self.state(channel).todo);
            while let Some(delivery) = todo.pop_front(context.entries) {
                context.entries.release(delivery);
            }
            self.state(channel).used = 0;
        }
        self.active = 0;
        for (entry, _) in std::mem::take(&mut self.jobs).into_keys() {
            context.entries[entry].set_active(false);
        }
    }

    fn arrived(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        _intake: &Intake,
        context: &mut Context<'_>,
    ) {
        let mut channels = 0;
        for channel in Channel::ALL {
            if has_pending(context.entries, entry, channel) {
                channels += 1;
                self.put(entry, channel, now.as_secs());
            }
        }
        if channels == 0 {
            conclude(context, entry);
            return;
        }
        self.messages.insert(entry, channels);
        self.run(now, context);
    }

    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>) {
        let entry = waiting.entry;
        let age = context.entries[entry].arrived.age(now).as_secs();
        let mut channels = 0;
        for channel in Channel::ALL {
            if !has_pending(context.entries, entry, channel) {
                continue;
            }
            channels += 1;
            let mut due = 0;
            while due <= age {
                due = due_age(due, self.skip(channel));
            }
            let due = waiting.next_try.map_or(now.as_secs() + due - age, SimTime::as_secs);
            self.put(entry, channel, due);
        }
        self.messages.insert(entry, channels);
        self.run(now, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        if timer == (Timer::Own { number: self.sleeps }) {
            self.run(now, context);
        }
    }

    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>) {
        let delivery = report.delivery;
        self.processes.remove(&delivery);
        let queued = *context.entries.delivery(delivery).expect("it has just ended");
        let (entry, channel) = (queued.entry, Channel::of(queued.destination));
        self.state(channel).used -= 1;
        let job = self.jobs.get_mut(&(entry, channel)).expect("a delivery belongs to a pass");
        job.deliveries -= 1;
        let Job { last, deliveries, .. } = *job;
        if last {
            // `del_dochan`: in the last pass every failure is one for good.
            give_up(context, delivery, context.entries[entry].last_status());
        }
        context.entries.release(delivery);
        if deliveries == 0 {
            self.pass_over(entry, channel, context);
        }
        self.run(now, context);
    }

    fn may_try(
        &self,
        now: SimTime,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        _entries: &QueueEntries,
    ) -> bool {
        let process = self.processes.get(&delivery).copied().unwrap_or(0);
        let unit = self.settings.dead_address_unit.as_secs();
        !self.table.is_left_out(candidate.address, now.as_secs(), process, unit)
    }

    fn untried(
        &mut self,
        _now: SimTime,
        delivery: DeliveryHandle,
        context: &mut Context<'_>,
    ) -> Untried {
        let entry = context.entries.delivery(delivery).map(|queued| queued.entry);
        let job = entry.and_then(|entry| self.jobs.get(&(entry, Channel::Remote)));
        match job {
            Some(job) if job.last => Untried::Failed(Status::NO_ANSWER),
            _ => Untried::Deferred(Status::NO_ANSWER),
        }
    }

    fn tried(&mut self, now: SimTime, tried: &Tried<'_>, _context: &mut Context<'_>) {
        let timed_out = tried.failure.is_some_and(|failure| {
            failure.stage == Stage::Connect && failure.outcome == AttemptOutcome::Timeout
        });
        self.table.note(tried.candidate.address, now.as_secs(), timed_out);
    }

    fn flush(&mut self, now: SimTime, context: &mut Context<'_>) {
        // SIGALRM to `qmail-send`: everything is due now (`pqrun`).
        for channel in Channel::ALL {
            self.state(channel).due.make_due(now.as_secs());
        }
        self.run(now, context);
    }

    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    ) {
        if let QueueSettings::Qmail(settings) = settings {
            self.settings = limited(settings.clone(), processes);
            self.run(now, context);
        }
    }

    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        _entries: &QueueEntries,
    ) -> Option<SimTime> {
        let jobs = Channel::ALL.iter().filter_map(|channel| self.jobs.get(&(entry, *channel)));
        // It was reckoned when the pass began; a delivery that hung for longer than that is made again at once.
        jobs.filter(|job| !job.last).map(|job| SimTime::from_secs(job.retry).max(now)).min()
    }

    fn lengths(&self) -> QueueLengths {
        let deferred = self.messages.len() as u64 - self.active;
        QueueLengths { incoming: 0, active: self.active, deferred }
    }
}
