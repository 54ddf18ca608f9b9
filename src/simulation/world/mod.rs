//! Everything that exists during a run.

pub(crate) mod actions;
pub(crate) mod build;
pub(crate) mod chains;
pub(crate) mod dispatch;
pub(crate) mod event;
pub(crate) mod faults;
pub(crate) mod host;
pub(crate) mod introduction;
pub(crate) mod messages;
pub(crate) mod name_service;
pub(crate) mod orders;
pub(crate) mod reach;
pub(crate) mod sampling;

use std::collections::BTreeMap;

use crate::dns::MailRoute;
use crate::engine::{Class, EventQueue, Handle, Slots};
use crate::mail::{DomainId, HostId, Mailbox, MessageKey, RecipientId};
use crate::model::Scenario;
use crate::queue::{Context, EntryHandle, Intake, Orders, QueueEntries, QueueManager};
use crate::random::PurposeStreams;
use crate::screening::Verified;
use crate::trace::{Fact, FactSink};
use crate::units::SimTime;
use crate::workload::{Ahead, SubmissionSettings};

use super::RunTotals;
use super::attempt::connection::Connection;
use super::attempt::run::{Purpose, Run, Runs};
use super::callers::Callers;
use super::fast::Fast;
use super::fast::setup::DomainTraits;
use super::outside::Outside;
use super::reading::Readers;
use super::server::acceptance::SharedWindows;
use super::server::automatic::HeldPart;
use super::server::policy::Greylists;
use super::server::screening::Screens;
use crate::simulation::world::chains::Chains;
use crate::simulation::world::event::Event;
use crate::simulation::world::faults::Faults;
use crate::simulation::world::host::HostState;
use crate::simulation::world::messages::Messages;
use crate::simulation::world::name_service::NameService;
use crate::simulation::world::reach::Reach;
use crate::simulation::world::sampling::Business;

/// The messages of a `[[mail]]` entry, with what is asked of the entry for each of them: thousands of
/// entries in the scenario itself lie far apart.
#[derive(Debug)]
pub(super) struct Source<'s> {
    pub(super) messages: Ahead<'s>,
    pub(super) submission: SubmissionSettings,
    pub(super) received_fields: u32,
}

/// What queue managers have ordered, in the order in which they did.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) orders: Orders,
    /// Who gave how many of them.
    pub(super) givers: Vec<(HostId, usize)>,
    /// Whether orders are being carried out, so that those given meanwhile have to wait.
    pub(super) carrying_out: bool,
}

/// What follows from the scenario and stays as it is.
#[derive(Debug)]
pub(super) struct Layout {
    /// The server behind each proxy.
    pub(super) behind: BTreeMap<HostId, HostId>,
    /// The host of each address: four octets each, where the scenario has a whole record.
    pub(super) servers: Vec<HostId>,
    /// Whether the scenario has addresses of both families.
    pub(super) two_families: bool,
    /// For each domain the first one with the same exchangers.
    pub(super) equal_routes: Vec<DomainId>,
    /// What every message asks about each domain.
    pub(super) domains: Vec<DomainTraits>,
}

/// How hosts reach each other, and what fails on the way.
#[derive(Debug)]
pub(super) struct Ways<'s> {
    pub(super) faults: Faults,
    pub(super) reach: Reach<'s>,
    pub(super) name_service: NameService,
}

/// The streams of draws that are keyed by what they are about.
#[derive(Debug)]
pub(super) struct KeyedStreams {
    pub(super) session: PurposeStreams,
    pub(super) resolver: PurposeStreams,
}

/// Agents at work, and the connections they have open.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub(super) runs: Runs,
    pub(super) connections: Slots<Connection>,
    /// Numbers given to deliveries so far.
    pub(super) deliveries: u64,
    /// Kept for their room: the recipients that a server accepts, the runs of messages written at one
    /// instant, and the answer of a look-up.
    pub(super) accepted: Vec<RecipientId>,
    #[expect(clippy::vec_box, reason = "they go to their places as they are")]
    pub(super) written: Vec<Box<Run>>,
    pub(super) route: MailRoute,
}

/// What servers know of those who send to them.
#[derive(Debug)]
pub(super) struct Policies {
    /// Blocklists, sender policies and filters; none: no host of the scenario has any.
    pub(super) screens: Option<Box<Screens>>,
    /// What greylists remember.
    pub(super) greylists: Greylists,
    /// What servers know of recipients from asking others.
    pub(super) verified: BTreeMap<HostId, Verified>,
    /// What several servers have taken together.
    pub(super) shared_limits: SharedWindows,
}

/// Who reads mailboxes, and what mailboxes do by themselves.
#[derive(Debug)]
pub(super) struct Mailboxes<'s> {
    pub(super) readers: Readers,
    /// When a mailbox last answered an author by itself.
    pub(super) answered: BTreeMap<(Mailbox, Mailbox), SimTime>,
    /// Counts what was made about each message of a scenario in which mailboxes act by themselves.
    pub(super) offspring: BTreeMap<MessageKey, u32>,
    /// Copies of lists that are to be made later, by number.
    pub(super) held: BTreeMap<u64, HeldPart<'s>>,
    /// Numbers given to these so far.
    pub(super) parts: u64,
}

/// The simulated world.
#[derive(Debug)]
pub(super) struct World<'s, 'k, S: FactSink> {
    pub(super) scenario: &'s Scenario,
    pub(super) sink: &'k mut S,
    pub(super) events: EventQueue<Event>,
    pub(super) now: SimTime,
    pub(super) until: SimTime,
    /// Events so far.
    pub(super) processed: u64,
    pub(super) layout: Layout,
    pub(super) ways: Ways<'s>,
    pub(super) draws: KeyedStreams,
    pub(super) hosts: Vec<HostState<'s>>,
    /// What each host is busy with.
    pub(super) business: Vec<Business>,
    /// By number of the `[[mail]]` entry.
    pub(super) sources: Vec<Source<'s>>,
    pub(super) messages: Messages,
    pub(super) entries: QueueEntries,
    /// How the entries came that no queue manager has taken notice of yet.
    pub(super) intakes: BTreeMap<EntryHandle, Intake>,
    /// Orders of queue managers not yet carried out.
    pub(super) given: Given,
    pub(super) attempts: Attempts,
    pub(super) policies: Policies,
    pub(super) mailboxes: Mailboxes<'s>,
    pub(super) chains: Chains,
    /// What is there for speed alone.
    pub(super) fast: Fast,
    /// Programs from outside.
    pub(super) callers: Callers<'s>,
    /// What was handed out to real servers.
    pub(super) outside: Outside,
}

/// How many events pass between two questions whether to go on.
const PATIENCE: u64 = 4096;

impl<'s, 'k, S: FactSink> World<'s, 'k, S> {
    /// Runs to the end.
    pub(super) fn run(mut self, mut proceed: impl FnMut(SimTime) -> bool) -> RunTotals {
        self.begin();
        let mut interrupted = self.pass_inputs(&mut proceed);
        // All events lie before the end of the run (see `schedule`).
        while !interrupted && let Some((at, _, event)) = self.events.pop() {
            if self.processed.is_multiple_of(PATIENCE)
                && (self.chains.endless.is_some() || !proceed(at))
            {
                interrupted = true;
                break;
            }
            self.now = at;
            self.processed += 1;
            self.dispatch(event);
        }
        if !interrupted {
            self.now = self.until;
        }
        self.end();
        RunTotals {
            events: self.processed,
            ended: self.now,
            ledger: self.messages.ledger,
            interrupted,
            endless: self.chains.endless.take(),
        }
    }

    /// Runs until callers have done what the scenario says of them. Returns whether that was cut short.
    fn pass_inputs(&mut self, proceed: &mut impl FnMut(SimTime) -> bool) -> bool {
        let inputs = &self.scenario.inputs;
        while let Some(input) = inputs.get(self.callers.done).filter(|input| input.at < self.until)
        {
            if self.callers.done.is_multiple_of(PATIENCE as usize) && !proceed(input.at)
                || self.is_endless()
            {
                return true;
            }
            self.pass_to(input.at);
        }
        false
    }

    /// Lets everything happen that happens up to `at`, and what callers do by then.
    pub(super) fn pass_to(&mut self, at: SimTime) {
        let scenario = self.scenario;
        while let Some(input) = scenario.inputs.get(self.callers.done).filter(|i| i.at <= at) {
            self.callers.done += 1;
            self.happen_to(input.at);
            self.take_input(input);
        }
        self.happen_to(at);
    }

    fn happen_to(&mut self, at: SimTime) {
        while self.events.peek_time().is_some_and(|next| next <= at) && !self.is_endless() {
            let Some((now, _, event)) = self.events.pop() else { break };
            self.now = now;
            self.processed += 1;
            self.dispatch(event);
        }
        self.now = self.now.max(at);
    }

    /// Returns whether an endless chain keeps virtual time from passing.
    pub(super) fn is_endless(&self) -> bool {
        self.chains.endless.is_some()
    }

    /// Schedules an event; what lies at or beyond the end of the run need not be.
    pub(super) fn schedule(&mut self, at: SimTime, class: Class, event: Event) {
        if at < self.until {
            self.events.push(at.max(self.now), class, event);
        }
    }

    /// States a fact now.
    pub(super) fn state(&mut self, fact: &Fact) {
        self.sink.fact(self.now, fact, &self.messages);
    }

    /// Calls a host's queue manager and carries out what it orders.
    pub(super) fn tell(
        &mut self,
        host: HostId,
        what: impl FnOnce(&mut dyn QueueManager, SimTime, &mut Context<'_>),
    ) {
        let before = self.given.orders.seal();
        let state = &mut self.hosts[host.index()];
        let mut context = Context {
            host,
            entries: &mut self.entries,
            actions: &mut self.given.orders,
            addresses: &self.messages,
            random: &mut state.queue_random,
        };
        what(state.queue.as_mut(), self.now, &mut context);
        let count = self.given.orders.len() - before;
        if count > 0 {
            self.given.givers.push((host, count));
            if !self.given.carrying_out {
                self.carry_out();
            }
        }
    }

    /// Begins a run for `purpose`: whoever asked works on it, then puts it back.
    #[inline]
    pub(super) fn new_run(&mut self, purpose: Purpose, client: HostId) -> Box<Run> {
        self.attempts.deliveries += 1;
        self.attempts.runs.add(purpose, client, self.attempts.deliveries, self.now)
    }

    /// Takes a run out of its place, lets it go on, and puts it back unless that was its end. A run
    /// that has ended does not go on.
    #[inline]
    pub(super) fn with_run(&mut self, run: Handle, step: impl FnOnce(&mut Self, &mut Run)) {
        if let Some(mut run) = self.attempts.runs.take(run) {
            step(self, &mut run);
            self.attempts.runs.put_back(run);
        }
    }
}
