//! `qmail-send`: two channels and their passes.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, Stage, Status};
use crate::random::Draw as _;
use crate::units::SimTime;

use super::super::list::DeliveryList;
use super::super::round::conclude;
use super::super::{
    Action, Candidate, Context, CopyState, DeliveryHandle, Destination, EntryHandle, Intake,
    Orders, Processes, QueueEntries, QueueLengths, QueueManager, QueueSettings, Report, Timer,
    Tried, Untried,
};
use super::schedule::{LOCAL_SKIP, REMOTE_SKIP, next_retry};
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

    fn skip(self) -> u64 {
        match self {
            Self::Local => LOCAL_SKIP,
            Self::Remote => REMOTE_SKIP,
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
    due: BTreeSet<(SimTime, EntryHandle)>,
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
    table: Table,
    /// For each delivery under way the number of its process, as `tcpto` counts it.
    processes: BTreeMap<DeliveryHandle, u64>,
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
            table: Table::default(),
            processes: BTreeMap::new(),
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

    fn is_dying(&self, now: SimTime, birth: SimTime) -> bool {
        now.as_secs() > birth.as_secs() + self.settings.queue_lifetime.as_secs()
    }

    /// Puts a message into a channel for a pass at `due`.
    fn put(&mut self, entry: EntryHandle, channel: Channel, due: SimTime, wake: Wake<'_>) {
        self.state(channel).due.insert((due, entry));
        if let Wake::Later(actions) = wake {
            let timer = Timer::Own { number: channel as u64 };
            actions.push(Action::Arm { timer, at: due });
        }
    }

    /// Begins what the channels' concurrency allows: `pass_dochan`.
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
                let Some(&(due, entry)) = self.state(channel).due.first() else {
                    break;
                };
                if due > now {
                    break;
                }
                self.state(channel).due.remove(&(due, entry));
                self.begin_pass(now, entry, channel, context);
            }
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
        let birth = state.arrived;
        let mut job = Job {
            retry: next_retry(birth.as_secs(), now.as_secs(), channel.skip()),
            last: self.is_dying(now, birth),
            deliveries: 0,
        };
        let mut todo = DeliveryList::default();
        while let Some(destination) = first_pending(context.entries, entry, channel) {
            let delivery = context.entries.assign(entry, destination, 1);
            todo.push_back(context.entries, delivery);
            job.deliveries += 1;
        }
        self.jobs.insert((entry, channel), job);
        self.state(channel).todo = todo;
    }

    fn deliver(&mut self, channel: Channel, delivery: DeliveryHandle, context: &mut Context<'_>) {
        self.state(channel).used += 1;
        self.processes.insert(delivery, context.random.below(32));
        let (reuse_connection, keep_connection) = (false, None);
        context.actions.push(Action::Deliver { delivery, reuse_connection, keep_connection });
    }

    /// Every delivery of a pass is over: `job_close`.
    fn pass_over(&mut self, entry: EntryHandle, channel: Channel, context: &mut Context<'_>) {
        let job = self.jobs.remove(&(entry, channel)).expect("a pass that ends has begun");
        if Channel::ALL.iter().all(|other| !self.jobs.contains_key(&(entry, *other))) {
            context.entries[entry].set_active(false);
        }
        if first_pending(context.entries, entry, channel).is_some() {
            let due = SimTime::from_secs(job.retry);
            self.put(entry, channel, due, Wake::Later(context.actions));
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

/// Whether a timer is wanted.
enum Wake<'a> {
    /// The caller looks at what is due itself.
    Now,
    /// At the time.
    Later(&'a mut Orders),
}

/// Returns where the first pending recipient of the entry in the channel goes.
fn first_pending(
    entries: &QueueEntries,
    entry: EntryHandle,
    channel: Channel,
) -> Option<Destination> {
    entries
        .recipients(entry)
        .map(|index| entries.copy(index))
        .find(|copy| copy.state == CopyState::Pending && Channel::of(copy.destination) == channel)
        .map(|copy| copy.destination)
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
        for entry in messages {
            for channel in Channel::ALL {
                let waits = self.state(channel).due.iter().any(|(_, other)| *other == entry);
                if !waits && first_pending(context.entries, entry, channel).is_some() {
                    self.put(entry, channel, now, Wake::Now);
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
            if first_pending(context.entries, entry, channel).is_some() {
                channels += 1;
                self.put(entry, channel, now, Wake::Now);
            }
        }
        if channels == 0 {
            conclude(context, entry);
            return;
        }
        self.messages.insert(entry, channels);
        self.run(now, context);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>) {
        if matches!(timer, Timer::Own { .. }) {
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
        !self.table.is_left_out(candidate.address, now.as_secs(), process)
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
            let due = std::mem::take(&mut self.state(channel).due);
            for (at, entry) in due {
                self.state(channel).due.insert((at.min(now), entry));
            }
        }
        self.run(now, context);
    }

    fn configure(
        &mut self,
        _now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        _context: &mut Context<'_>,
    ) {
        if let QueueSettings::Qmail(settings) = settings {
            self.settings = limited(settings.clone(), processes);
        }
    }

    fn next_attempt(
        &self,
        _now: SimTime,
        entry: EntryHandle,
        _entries: &QueueEntries,
    ) -> Option<SimTime> {
        let jobs = Channel::ALL.iter().filter_map(|channel| self.jobs.get(&(entry, *channel)));
        jobs.filter(|job| !job.last).map(|job| SimTime::from_secs(job.retry)).min()
    }

    fn lengths(&self) -> QueueLengths {
        let mut active: Vec<EntryHandle> = self.jobs.keys().map(|(entry, _)| *entry).collect();
        active.dedup();
        QueueLengths {
            incoming: 0,
            active: active.len() as u64,
            deferred: (self.messages.len() - active.len()) as u64,
        }
    }
}
