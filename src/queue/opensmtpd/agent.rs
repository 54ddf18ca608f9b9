//! Relays: the tasks of one destination, and what becomes of them.
//!
//! `mta.c`: `mta_handle_envelope`, `mta_drain`, `mta_on_mx`, `mta_on_source`, `mta_flush`,
//! `mta_route_next_task`, `mta_relay_unref`.

use std::collections::{BTreeMap, VecDeque};

use super::alarm::{Alarm, RunQueue};
use super::connector::Connector;
use super::hoststat::HostStatus;
use super::route::Routes;
use super::session::Session;
use super::settings::Settings;
use super::{Clock, EnvelopeId, NEVER};
use crate::mail::{AttemptOutcome, RecipientId, Stage, Status};
use crate::queue::{Candidate, ConnectionId, Destination, EntryHandle, FailedConnection};
use crate::smtp::Failure;
use crate::units::SimTime;

/// Now, and the rules in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) clock: Clock,
    pub(super) settings: &'a Settings,
}

/// Recipients of one message that go to one relay.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) entry: EntryHandle,
    pub(super) recipients: Vec<RecipientId>,
    pub(super) destination: Destination,
    /// When the agent got it.
    pub(super) since: SimTime,
    rank: u64,
}

impl Task {
    /// Returns the task of one recipient whose mailbox is here.
    pub(super) fn local(id: EnvelopeId) -> Self {
        let EnvelopeId { entry, recipient } = id;
        let (destination, since) = (Destination::Local, SimTime::ZERO);
        Self { entry, recipients: vec![recipient], destination, since, rank: 0 }
    }

    pub(super) fn envelopes(&self) -> impl Iterator<Item = EnvelopeId> + '_ {
        let entry = self.entry;
        self.recipients.iter().map(move |&recipient| EnvelopeId { entry, recipient })
    }
}

/// What the agent wants of the network and of the scheduler.
#[derive(Debug)]
pub(super) enum Order {
    LookUp(Destination),
    Connect(ConnectionId, Destination, Candidate),
    Transact(ConnectionId, Task),
    Quit(ConnectionId),
    /// The task has failed without a connection of its own, after these had failed.
    Abandon(Task, Failure, Vec<FailedConnection>),
    Hold(EnvelopeId, Destination),
    /// Release held envelopes; a limit of none: all. `failed`: because the relay fails.
    Release {
        relay: Destination,
        limit: Option<u32>,
        failed: bool,
    },
    /// Try an envelope now.
    Schedule(EnvelopeId),
}

/// A destination with work or connections.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) tasks: Tasks,
    /// Hosts, once looked up: for as long as the relay lives.
    pub(super) exchangers: Option<Vec<Candidate>>,
    looks_up: bool,
    /// Whether it waits for its next look at the connector.
    waits: bool,
    /// Set when everything that comes fails.
    fails: Option<Failure>,
    /// Connections that failed while the tasks at hand waited.
    pub(super) failed: Vec<FailedConnection>,
    pub(super) connections: u32,
    /// Sessions that have been ready.
    pub(super) ready: u32,
    pub(super) last_connection: i64,
    connector: Option<Connector>,
    /// Looks at a failing connector in a row.
    source_loop: u32,
    next_source: i64,
    /// Whether it takes no more tasks for now.
    on_hold: bool,
    has_held: bool,
}

impl Relay {
    fn new() -> Self {
        Self {
            tasks: Tasks::default(),
            exchangers: None,
            looks_up: false,
            waits: false,
            fails: None,
            failed: Vec::new(),
            connections: 0,
            ready: 0,
            last_connection: NEVER,
            connector: None,
            source_loop: 0,
            next_source: NEVER,
            on_hold: false,
            has_held: false,
        }
    }
}

/// The tasks of a relay, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    list: VecDeque<Task>,
    /// By message, counted from the first that ever came.
    places: BTreeMap<EntryHandle, usize>,
    /// So many have been taken.
    taken: usize,
}

impl Tasks {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn push_back(&mut self, task: Task) {
        self.places.insert(task.entry, self.taken + self.list.len());
        self.list.push_back(task);
    }

    fn pop_front(&mut self) -> Option<Task> {
        let task = self.list.pop_front()?;
        self.taken += 1;
        self.places.remove(&task.entry);
        Some(task)
    }

    /// Returns the task of a message, if one waits.
    fn of(&mut self, entry: EntryHandle) -> Option<&mut Task> {
        let place = *self.places.get(&entry)?;
        self.list.get_mut(place - self.taken)
    }

    /// Takes all.
    fn take(&mut self) -> Vec<Task> {
        std::mem::take(self).list.into()
    }
}

/// Time until a relay looks at its connector again (`DELAY_CHECK_SOURCE` after the first look,
/// `DELAY_CHECK_SOURCE_SLOW` after later ones) \[s\].
const DELAY_CHECK_SOURCE: i64 = 1;
const DELAY_CHECK_SOURCE_SLOW: i64 = 10;

/// The transfer agent of one host.
#[derive(Debug, Default)]
pub(super) struct Agent {
    relays: BTreeMap<Destination, Relay>,
    pub(super) routes: Routes,
    pub(super) sessions: BTreeMap<ConnectionId, Session>,
    hosts: HostStatus,
    /// Connections of the own address.
    pub(super) connections: u32,
    pub(super) next_connection: u64,
    relay_timers: RunQueue<Destination>,
    pub(super) connectors: RunQueue<Destination>,
    pub(super) idling: RunQueue<ConnectionId>,
    pub(super) orders: VecDeque<Order>,
}

impl Agent {
    /// The server has stopped: the agent forgets everything but how many connections it has named.
    pub(super) fn stop(&mut self) {
        *self = Self { next_connection: self.next_connection, ..Self::default() };
    }

    pub(super) fn relay_mut(&mut self, destination: Destination) -> &mut Relay {
        self.relays.entry(destination).or_insert_with(Relay::new)
    }

    pub(super) fn connector_mut(&mut self, destination: Destination) -> &mut Connector {
        self.relay_mut(destination).connector.get_or_insert_with(Connector::new)
    }

    /// The scheduler hands over an envelope: it joins its message's task, or is held.
    pub(super) fn take(
        &mut self,
        moment: Moment<'_>,
        id: EnvelopeId,
        destination: Destination,
        rank: u64,
    ) {
        let relay = self.relay_mut(destination);
        // The limits are known once the relay has begun to look its hosts up.
        let limits_known = relay.looks_up || relay.exchangers.is_some();
        if limits_known && relay.tasks.len() >= moment.settings.limits.task_hiwat as usize {
            relay.on_hold = true;
        }
        if relay.on_hold {
            relay.has_held = true;
            self.orders.push_back(Order::Hold(id, destination));
            self.let_go(moment, destination);
            return;
        }
        match relay.tasks.of(id.entry) {
            Some(task) => task.recipients.push(id.recipient),
            None => relay.tasks.push_back(Task {
                entry: id.entry,
                recipients: vec![id.recipient],
                destination,
                since: moment.clock.now,
                rank,
            }),
        }
        self.drain(moment, destination);
        self.let_go(moment, destination);
    }

    /// Does what the relay's tasks need next: fail, look up, or look at the connector.
    fn drain(&mut self, moment: Moment<'_>, destination: Destination) {
        let second = moment.clock.second;
        loop {
            let relay = self.relay_mut(destination);
            if relay.tasks.is_empty() {
                return;
            }
            if let Some(failure) = relay.fails {
                self.flush(moment, destination, failure);
                return;
            }
            if relay.exchangers.is_none() && !relay.looks_up {
                relay.looks_up = true;
                self.orders.push_back(Order::LookUp(destination));
                return;
            }
            if relay.looks_up || relay.waits {
                return;
            }
            if relay.next_source > second {
                let next = relay.next_source;
                relay.waits = true;
                self.relay_timers.schedule(moment.clock, next, destination);
                return;
            }
            self.look_at_connector(moment, destination);
        }
    }

    /// `mta_query_source` and `mta_on_source`. A connector that has found no route is looked at
    /// twice without delay, then the relay fails.
    fn look_at_connector(&mut self, moment: Moment<'_>, destination: Destination) {
        let new = std::mem::take(&mut self.connector_mut(destination).new);
        self.connect(moment, destination);
        let no_route = self.connector_mut(destination).no_route;
        let relay = self.relay_mut(destination);
        let delay = match (no_route, new) {
            (true, _) => 0,
            (false, true) => DELAY_CHECK_SOURCE,
            (false, false) => DELAY_CHECK_SOURCE_SLOW,
        };
        relay.source_loop = if no_route { relay.source_loop + 1 } else { 0 };
        relay.next_source = moment.clock.second + delay;
        if relay.source_loop > 1 {
            relay.fails = Some(Failure {
                at: moment.clock.now,
                stage: Stage::Connect,
                outcome: AttemptOutcome::Tempfail,
                reply: None,
                status: Status::NO_ANSWER,
            });
        }
    }

    /// The look-up of a relay's hosts is over.
    pub(super) fn resolved(
        &mut self,
        moment: Moment<'_>,
        destination: Destination,
        found: Result<&[Candidate], Failure>,
    ) {
        let Some(relay) = self.relays.get_mut(&destination) else {
            return;
        };
        relay.looks_up = false;
        relay.exchangers = Some(found.unwrap_or_default().to_vec());
        relay.fails = found.err();
        self.drain(moment, destination);
        self.let_go(moment, destination);
    }

    /// Everything that waits for a failing relay fails; what is held for it gets a new time. If it
    /// failed for want of a route, the envelopes are remembered for when the host answers.
    fn flush(&mut self, moment: Moment<'_>, destination: Destination, failure: Failure) {
        let relay = self.relay_mut(destination);
        let mut tasks = relay.tasks.take();
        let failed = std::mem::take(&mut relay.failed);
        // Results are reported in the order of the envelopes' numbers, which are drawn.
        tasks.sort_by_key(|task| task.rank);
        let remembered = failure.outcome.is_temporary()
            && relay.connector.is_none_or(|connector| connector.no_route);
        if std::mem::take(&mut relay.has_held) {
            let release = Order::Release { relay: destination, limit: None, failed: true };
            self.orders.push_back(release);
        }
        for task in tasks {
            if remembered {
                let room = moment.settings.max_deferred;
                for id in task.envelopes() {
                    self.hosts.defer(moment.clock, destination, id, room);
                }
            }
            let its_own = failed.iter().filter(|one| one.failure.at >= task.since);
            let tried = its_own.copied().collect();
            self.orders.push_back(Order::Abandon(task, failure, tried));
        }
    }

    /// Hands the next task to a session; when few are left, held envelopes are released.
    pub(super) fn next_task(
        &mut self,
        moment: Moment<'_>,
        destination: Destination,
    ) -> Option<Task> {
        let limits = &moment.settings.limits;
        let relay = self.relay_mut(destination);
        let task = relay.tasks.pop_front()?;
        let left = relay.tasks.len();
        if left == 0 {
            relay.failed.clear();
        }
        if left == limits.task_lowat as usize {
            relay.on_hold = false;
            if relay.has_held {
                let limit = Some(limits.task_release);
                self.orders.push_back(Order::Release { relay: destination, limit, failed: false });
            }
        } else if left == 0 && relay.has_held {
            self.orders.push_back(Order::Release {
                relay: destination,
                limit: None,
                failed: false,
            });
        }
        Some(task)
    }

    /// Forgets a relay without look-up, timer and connection, with its connector and its hosts.
    pub(super) fn let_go(&mut self, moment: Moment<'_>, destination: Destination) {
        let Some(relay) = self.relays.get(&destination) else {
            return;
        };
        if relay.looks_up || relay.waits || relay.connections > 0 {
            return;
        }
        debug_assert!(relay.tasks.is_empty(), "tasks keep their relay waiting for something");
        if relay.has_held {
            let release = Order::Release { relay: destination, limit: None, failed: false };
            self.orders.push_back(release);
        }
        if relay.connector.is_some_and(|connector| connector.waits) {
            self.connectors.cancel(moment.clock, destination);
        }
        self.relays.remove(&destination);
    }

    /// A message was offered; `answered` if the host took a recipient.
    pub(super) fn offered(
        &mut self,
        moment: Moment<'_>,
        destination: Destination,
        envelopes: impl Iterator<Item = EnvelopeId>,
        answered: bool,
    ) {
        envelopes.for_each(|id| self.hosts.forget(destination, id));
        if answered {
            let again = self.hosts.answered(moment.clock, destination);
            self.orders.extend(again.into_iter().map(Order::Schedule));
        }
        self.hosts.update(moment.clock, destination);
    }

    /// Returns the timers, for being armed.
    pub(super) fn alarms(&mut self) -> [&mut Alarm; 4] {
        [
            &mut self.relay_timers.alarm,
            &mut self.connectors.alarm,
            &mut self.routes.timers.alarm,
            &mut self.idling.alarm,
        ]
    }

    /// Runs the jobs of the timer `number`, if it is one of the agent's.
    pub(super) fn timer(&mut self, moment: Moment<'_>, number: u64) {
        if self.relay_timers.alarm.goes_off(number) {
            while let Some(relay) = self.relay_timers.next_due(moment.clock) {
                self.relay_mut(relay).waits = false;
                self.drain(moment, relay);
                self.let_go(moment, relay);
            }
        } else if self.connectors.alarm.goes_off(number) {
            while let Some(relay) = self.connectors.next_due(moment.clock) {
                self.connector_mut(relay).waits = false;
                self.connect(moment, relay);
            }
        } else if self.routes.timers.alarm.goes_off(number) {
            while let Some(address) = self.routes.timers.next_due(moment.clock) {
                self.routes.timer(moment.clock, address, moment.settings);
            }
        } else if self.idling.alarm.goes_off(number) {
            while let Some(id) = self.idling.next_due(moment.clock) {
                self.idled(moment, id);
            }
        }
    }
}
