//! Everything that exists during a run.

use std::collections::BTreeMap;

use crate::dns::MailRoute;
use crate::engine::{Class, EventQueue, Handle, Slots};
use crate::mail::{DomainId, HostId, Mailbox, MessageKey, RecipientId};
use crate::queue::{Context, EntryHandle, Intake, Orders, QueueEntries, QueueManager};
use crate::random::PurposeStreams;
use crate::scenario::Scenario;
use crate::screening::Verified;
use crate::trace::{Fact, FactSink};
use crate::units::SimTime;
use crate::workload::{Ahead, SubmissionSettings};

use super::RunTotals;
use super::acceptance::SharedWindows;
use super::calm::Calm;
use super::chains::Chains;
use super::connection::Connection;
use super::event::Event;
use super::faults::Faults;
use super::host::HostState;
use super::messages::Messages;
use super::name_service::NameService;
use super::policy::Greylists;
use super::reach::Reach;
use super::reading::Readers;
use super::run::{Purpose, Run, Runs};
use super::sampling::Business;
use super::screening::Screens;
use super::setup::DomainTraits;
use super::sole_targets::SoleTargets;
use super::undisturbed::Undisturbed;

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
}

/// The simulated world.
#[derive(Debug)]
pub(super) struct World<'s, 'k, S: FactSink> {
    pub(super) scenario: &'s Scenario,
    pub(super) sink: &'k mut S,
    pub(super) events: EventQueue<Event>,
    pub(super) now: SimTime,
    pub(super) until: SimTime,
    pub(super) faults: Faults,
    pub(super) reach: Reach<'s>,
    pub(super) hosts: Vec<HostState<'s>>,
    /// What each host is busy with.
    pub(super) business: Vec<Business>,
    /// The server behind each proxy.
    pub(super) behind: BTreeMap<HostId, HostId>,
    /// By number of the `[[mail]]` entry.
    pub(super) sources: Vec<Source<'s>>,
    pub(super) messages: Messages,
    pub(super) entries: QueueEntries,
    /// How the entries came that no queue manager has taken notice of yet.
    pub(super) intakes: BTreeMap<EntryHandle, Intake>,
    pub(super) runs: Runs,
    #[expect(clippy::vec_box, reason = "they go back into their slots as they are")]
    pub(super) spare_runs: Vec<Box<Run>>,
    pub(super) connections: Slots<Connection>,
    pub(super) sole_targets: SoleTargets,
    pub(super) calm: Calm,
    pub(super) undisturbed: Undisturbed,
    pub(super) chains: Chains,
    pub(super) readers: Readers,
    /// When a mailbox last answered an author by itself.
    pub(super) answered: BTreeMap<(Mailbox, Mailbox), SimTime>,
    /// Counts what was made about each message of a scenario in which mailboxes act by themselves.
    pub(super) offspring: BTreeMap<MessageKey, u32>,
    /// Blocklists, sender policies and filters; none: no host of the scenario has any.
    pub(super) screens: Option<Box<Screens>>,
    /// What greylists remember.
    pub(super) greylists: Greylists,
    /// What servers know of recipients from asking others.
    pub(super) verified: BTreeMap<HostId, Verified>,
    /// What several servers have taken together.
    pub(super) shared_limits: SharedWindows,
    pub(super) session_streams: PurposeStreams,
    pub(super) resolver_streams: PurposeStreams,
    pub(super) name_service: NameService,
    /// For each domain the first one with the same exchangers.
    pub(super) equal_routes: Vec<DomainId>,
    /// What every message asks about each domain.
    pub(super) domains: Vec<DomainTraits>,
    /// The host of each address: four octets each, where the scenario has a whole record.
    pub(super) servers: Vec<HostId>,
    /// Whether the scenario has addresses of both families.
    pub(super) two_families: bool,
    pub(super) deliveries: u64,
    /// Orders of queue managers not yet carried out.
    pub(super) given: Given,
    /// Whether orders are being carried out, so that those given meanwhile have to wait.
    pub(super) carrying_out: bool,
    /// Kept for their room: the recipients that a server accepts, and the runs of messages written
    /// at one instant.
    pub(super) accepted: Vec<RecipientId>,
    pub(super) written: Vec<Handle>,
    pub(super) route: MailRoute,
    pub(super) processed: u64,
}

/// How many events pass between two questions whether to go on.
const PATIENCE: u64 = 4096;

impl<'s, 'k, S: FactSink> World<'s, 'k, S> {
    /// Runs to the end.
    pub(super) fn run(mut self, mut proceed: impl FnMut(SimTime) -> bool) -> RunTotals {
        self.begin();
        let mut interrupted = false;
        // All events lie before the end of the run (see `schedule`).
        while let Some((at, _, event)) = self.events.pop() {
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

    /// Lets everything happen that happens up to `at`.
    pub(super) fn pass_to(&mut self, at: SimTime) {
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
            if !self.carrying_out {
                self.carry_out();
            }
        }
    }

    /// Takes a run out of the pool for `purpose`.
    #[inline]
    pub(super) fn new_run(&mut self, purpose: Purpose, client: HostId) -> Handle {
        self.deliveries += 1;
        let mut run = self.spare_run();
        run.renew(purpose, client, self.deliveries, self.now);
        self.runs.insert(run)
    }

    /// Returns a run from the pool, to be renewed.
    #[inline]
    pub(super) fn spare_run(&mut self) -> Box<Run> {
        self.spare_runs.pop().unwrap_or_else(|| Box::new(Run::new()))
    }

    /// Gives a run back to the pool.
    #[inline]
    pub(super) fn drop_run(&mut self, run: Handle) {
        if let Some(run) = self.runs.remove(run) {
            self.spare_runs.push(run);
        }
    }
}
