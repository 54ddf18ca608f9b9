//! The room: it holds the world, lets its time pass, and answers connections in their order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::mail::MessageKey;
use crate::scenario::{CallerId, ErrandId};
use crate::serve::Response;
use crate::simulation::Errand;
use crate::talk::{Protocol, Visitor};
use crate::units::{SimDuration, SimTime};

use super::account::Accounts;
use super::clock::Clock;
use super::order::{Next, Order, Output, Teller};
use super::pending::Pending;
use super::record::Journal;
use super::session::{Held, Reply, Session};
use super::store::StoreSession;

/// Where a door leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrance {
    pub(super) visitor: Visitor,
    /// Whether TLS runs from the first octet.
    pub(super) secure: bool,
}

/// A connection, as the room knows it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) door: usize,
    told: Teller,
    /// What it will be told, until it is due.
    reply: Option<Output>,
    /// Counts what it is told and says, so that what was due before is void.
    turn: u64,
    /// Until when by the machine's clock it is expected to say something to what it was told.
    answers_by: Option<Instant>,
}

/// What becomes due for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Reply,
    Greeting,
    Patience,
}

/// When something becomes due: the time, a number in order of insertion, for whom, its turn, and what.
type Entry = (SimTime, u64, CallerId, u64, Due);

/// A line of the log: when, on which connection, and what.
pub(super) type Logged = (SimTime, u32, String);

/// What outlives a world that is run again.
#[derive(Debug)]
pub(super) struct Visits {
    pub(super) connections: BTreeMap<CallerId, Connection>,
    dues: BinaryHeap<Reverse<Entry>>,
    count: u64,
    /// Those that wait for a free process of their server, in order.
    waiting: Vec<CallerId>,
    pub(super) log: VecDeque<Logged>,
    pub(super) pending: Option<Pending>,
    pub(super) clock: Clock,
    pub(super) accounts: Accounts,
    /// Messages handed out to real servers, until when an answer is waited for by the machine's clock;
    /// and those among them whose turn has not come.
    pub(super) errands: BTreeMap<ErrandId, Instant>,
    pub(super) outbox: VecDeque<Errand>,
    /// Facts of the run when those who wait for news were last looked after.
    told_of: u64,
}

/// So many lines of the log are kept.
const LOG: usize = 10_000;
/// Where time stands still, what takes less than this is answered all the same.
const GRACE: SimDuration = SimDuration::from_secs(1);
/// So long a client may take to react to what it is told in the course of an advance.
const REACTION: Duration = Duration::from_millis(250);
/// How often the record is written.
const SAVES: Duration = Duration::from_secs(5);
/// How often the room looks around.
const LOOK: Duration = Duration::from_millis(20);
/// Orders that are carried out before time is looked at again.
const BATCH: usize = 256;

impl Visits {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            connections: BTreeMap::new(),
            dues: BinaryHeap::new(),
            count: 0,
            waiting: Vec::new(),
            log: VecDeque::new(),
            pending: None,
            clock,
            accounts: Accounts::new(),
            errands: BTreeMap::new(),
            outbox: VecDeque::new(),
            told_of: 0,
        }
    }

    pub(super) fn note(&mut self, at: SimTime, caller: CallerId, text: String) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back((at, caller.0, text));
    }
}

/// Why the room has stopped.
pub(super) enum End {
    /// It is over.
    Over,
    /// The scenario is to be run again up to now, with these tables besides.
    Again { tables: String, answer: Sender<Response> },
}

/// The room at work.
pub(super) struct Room<'r, 's, 'k> {
    pub(super) world: Held<'s, 'k>,
    pub(super) visits: &'r mut Visits,
    pub(super) journal: &'r mut Journal,
    pub(super) entrances: &'r [Entrance],
    pub(super) orders: &'r Receiver<Order>,
    pub(super) context: &'r super::Context,
    pub(super) end: SimTime,
}

impl Room<'_, '_, '_> {
    /// Serves until the end.
    pub(super) fn serve(&mut self) -> End {
        let end = self.serve_until_told();
        self.write_down();
        end
    }

    fn serve_until_told(&mut self) -> End {
        let mut save_at = Instant::now() + SAVES;
        loop {
            if self.context.is_stopped() {
                return End::Over;
            }
            self.go_on();
            self.write_down();
            if Instant::now() >= save_at {
                let begun = Instant::now();
                self.context.save(self.journal);
                // A long record is written less often.
                save_at = Instant::now() + SAVES.max(begun.elapsed() * 20);
            }
            let mut order = match self.orders.recv_timeout(self.nap()) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return End::Over,
            };
            for _ in 0..BATCH {
                let Some(next) = order.take() else { break };
                if !self.visits.clock.stands() {
                    self.go_on();
                }
                if let Some(end) = self.obey(next) {
                    return end;
                }
                order = self.orders.try_recv().ok();
            }
            if let Some(last) = order
                && let Some(end) = self.obey(last)
            {
                return end;
            }
        }
    }

    /// How long nothing is to be done.
    fn nap(&self) -> Duration {
        let now = Instant::now();
        let due = self.visits.dues.peek().map(|Reverse(due)| due.0);
        let until = due.and_then(|due| self.visits.clock.until(now, due));
        if self.visits.pending.is_some() {
            return Duration::from_millis(1);
        }
        until.unwrap_or(LOOK).min(LOOK)
    }

    fn now(&self) -> SimTime {
        self.world.now()
    }

    /// Lets time pass as far as the clock, or whoever told it to go on, says.
    pub(super) fn go_on(&mut self) {
        if self.visits.clock.stands() {
            self.go_on_as_told();
        } else {
            let target = self.visits.clock.time(Instant::now(), self.now()).min(self.end);
            self.pass(target);
            self.look_at_pending();
        }
        self.tell_news();
    }

    /// Time stands still, but for short replies and what was told.
    fn go_on_as_told(&mut self) {
        let grace = self.now().saturating_add(GRACE).min(self.end);
        while let Some(Reverse((at, _, _, _, due))) = self.visits.dues.peek().copied()
            && at <= grace
            && (due != Due::Patience || at <= self.now())
        {
            self.pass(at);
        }
        while self.visits.pending.is_some() && !self.somebody_answers() {
            if self.look_at_pending() {
                return;
            }
            let Some(target) = self.visits.pending.as_ref().map(|pending| pending.target) else {
                return;
            };
            let due = self.visits.dues.peek().map(|Reverse(due)| due.0);
            let steps = self.visits.pending.as_ref().is_some_and(|pending| pending.wait.is_some());
            let event = self.world.next_event().filter(|_| steps || self.somebody_waits());
            let next = [due, event].into_iter().flatten().min().unwrap_or(target);
            self.pass(next.clamp(self.now(), target));
        }
    }

    fn somebody_waits(&self) -> bool {
        !self.visits.waiting.is_empty()
    }

    /// Whether a client is expected to react to what it has just been told.
    fn somebody_answers(&self) -> bool {
        let now = Instant::now();
        let mut answers = self.visits.connections.values().filter_map(|one| one.answers_by);
        self.awaits_answers() || answers.any(|by| by > now)
    }

    /// Lets time pass to `target`, with everything that becomes due on the way.
    fn pass(&mut self, target: SimTime) {
        loop {
            let due = self.visits.dues.peek().map(|Reverse(due)| due.0);
            let steps = self.somebody_waits() || self.stops_for_answers();
            let event = self.world.next_event().filter(|_| steps);
            let next = [due, event].into_iter().flatten().min().filter(|at| *at <= target);
            let Some(next) = next else { break };
            self.world.pass_to(next);
            self.send_errands();
            self.greet_waiting();
            while let Some(Reverse((at, _, caller, turn, due))) = self.visits.dues.peek().copied()
                && at <= self.now()
            {
                self.visits.dues.pop();
                self.become_due(caller, turn, due);
            }
            if self.visits.pending.is_some() && self.somebody_answers() {
                return;
            }
        }
        self.world.pass_to(target);
        self.send_errands();
        self.greet_waiting();
    }

    /// Whether time has to stop wherever something is handed out to a real server.
    fn stops_for_answers(&self) -> bool {
        self.visits.clock.stands() && !self.context.delivers.is_empty()
    }

    fn become_due(&mut self, caller: CallerId, turn: u64, due: Due) {
        let advancing = self.visits.pending.is_some();
        let now = self.now();
        let Some(connection) = self.visits.connections.get_mut(&caller) else { return };
        if connection.turn != turn {
            return;
        }
        match due {
            Due::Greeting => {
                self.visits.waiting.push(caller);
                self.greet_waiting();
            }
            Due::Patience => {
                let octets = connection.session.farewell().as_bytes().to_vec();
                connection.turn += 1;
                connection.told.tell(Output { octets, next: Next::Close });
                self.world.close(caller);
                self.visits.note(now, caller, "-- nothing was said for too long".to_owned());
            }
            Due::Reply => {
                let Some(told) = connection.reply.take() else { return };
                let next = told.next;
                let text = String::from_utf8_lossy(&told.octets).trim_end().to_owned();
                connection.answers_by = match next {
                    Next::Silence => None,
                    _ => advancing.then(|| Instant::now() + REACTION),
                };
                connection.told.tell(told);
                let patience = connection.session.patience();
                for line in text.lines().take(100) {
                    self.visits.note(now, caller, format!("S: {line}"));
                }
                match next {
                    Next::Close | Next::Reset => self.world.close(caller),
                    Next::Silence => {}
                    _ => self.schedule(caller, now.saturating_add(patience), Due::Patience),
                }
            }
        }
    }

    /// Tells those who wait for news of their folders.
    fn tell_news(&mut self) {
        let facts = self.world.sink().facts();
        if facts == self.visits.told_of {
            return;
        }
        self.visits.told_of = facts;
        for connection in self.visits.connections.values_mut() {
            let news = connection.session.news(&mut self.world, &mut self.visits.accounts);
            if let Some(octets) = news {
                connection.told.tell(Output { octets, next: Next::Line });
            }
        }
    }

    /// Has something become due for a connection, unless it says something before.
    fn schedule(&mut self, caller: CallerId, at: SimTime, due: Due) {
        let Some(connection) = self.visits.connections.get(&caller) else { return };
        self.visits.count += 1;
        let entry = (at, self.visits.count, caller, connection.turn, due);
        self.visits.dues.push(Reverse(entry));
    }

    /// Greets those who wait, as far as their servers have free processes.
    fn greet_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.visits.waiting);
        let mut still = Vec::new();
        for caller in waiting {
            let Some(connection) = self.visits.connections.get_mut(&caller) else { continue };
            if connection.session.is_greeted_at_once(&self.world) {
                let reply = connection.session.greet(&mut self.world, &mut self.visits.accounts);
                self.tell(caller, reply);
            } else {
                still.push(caller);
            }
        }
        self.visits.waiting.extend(still);
    }

    fn tell(&mut self, caller: CallerId, reply: Reply) {
        let Some(connection) = self.visits.connections.get_mut(&caller) else { return };
        connection.turn += 1;
        connection.reply = Some(reply.told);
        self.schedule(caller, reply.at, Due::Reply);
    }

    fn obey(&mut self, order: Order) -> Option<End> {
        match order {
            Order::Open { told, .. } if self.is_full() => {
                told.tell(Output { octets: Vec::new(), next: Next::Close });
            }
            Order::Line { caller, .. } | Order::Text { caller, .. } if self.is_full() => {
                self.turn_away(caller);
            }
            Order::Open { caller, door, told } => self.open(caller, door, told),
            Order::Line { caller, line } => {
                let now = self.now();
                let connection = self.visits.connections.get(&caller)?;
                let shown = connection.session.shown(&line);
                self.visits.note(now, caller, format!("C: {shown}"));
                let connection = self.visits.connections.get_mut(&caller)?;
                connection.answers_by = None;
                let reply =
                    connection.session.line(&mut self.world, &mut self.visits.accounts, &line);
                self.keep_posted(caller);
                self.tell(caller, reply);
            }
            Order::Text { caller, octets, end } => {
                let connection = self.visits.connections.get_mut(&caller)?;
                connection.answers_by = None;
                let reply = connection.session.text(&mut self.world, &octets, end);
                self.keep_posted(caller);
                if let Some(reply) = reply {
                    let now = self.now();
                    self.visits.note(now, caller, "C: (a text)".to_owned());
                    self.tell(caller, reply);
                }
            }
            Order::Gone { caller } => {
                self.world.close(caller);
                self.visits.connections.remove(&caller);
                self.visits.waiting.retain(|other| *other != caller);
            }
            Order::Answered { answered, lines } => self.answered(answered, lines),
            Order::Ask { question, answer } => return self.asked(question, answer),
        }
        None
    }

    fn open(&mut self, caller: CallerId, door: usize, told: Teller) {
        let Some(entrance) = self.entrances.get(door) else { return };
        let visitor = Visitor { at: self.now(), ..entrance.visitor };
        let mut session = match visitor.protocol {
            Protocol::Smtp => Session::smtp(caller, visitor),
            _ => Session::Store(Box::new(StoreSession::new(caller, visitor, entrance.secure))),
        };
        let (at, failed) = session.connect(&mut self.world);
        let connection = Connection { session, door, told, reply: None, turn: 0, answers_by: None };
        self.visits.connections.insert(caller, connection);
        let now = self.now();
        match failed {
            Some(reply) => {
                self.visits.note(now, caller, "-- no connection".to_owned());
                self.tell(caller, reply);
            }
            None => self.schedule(caller, at, Due::Greeting),
        }
    }

    /// Keeps the octets of what a server has just taken from a caller.
    fn keep_posted(&mut self, caller: CallerId) {
        let Some(connection) = self.visits.connections.get_mut(&caller) else { return };
        let entry = u32::try_from(self.world.scenario().mail.len()).unwrap_or(u32::MAX);
        for posted in connection.session.take_posted() {
            let ordinal = u64::from(self.world.taken().saturating_sub(1));
            if let Some(content) = posted.content {
                self.world.sink().keep(MessageKey::Mail { entry, ordinal }, content);
            }
        }
    }

    /// Adds to the record what has come in.
    pub(super) fn write_down(&mut self) {
        let inputs = self.world.take_journal();
        self.journal.add(self.world.scenario(), &inputs);
    }

    /// Whether nobody is served any more, since there is no room to write down what he does.
    fn is_full(&self) -> bool {
        self.journal.count() >= self.context.most_inputs
    }

    /// Lets all connections go: the run is over.
    pub(super) fn send_home(&mut self) {
        for connection in self.visits.connections.values() {
            connection.told.tell(Output { octets: Vec::new(), next: Next::Close });
        }
    }

    /// Lets a connection go whose doings could not be written down.
    fn turn_away(&mut self, caller: CallerId) {
        let Some(connection) = self.visits.connections.get(&caller) else { return };
        let octets = connection.session.record_is_full().as_bytes().to_vec();
        connection.told.tell(Output { octets, next: Next::Close });
        self.world.close(caller);
        self.visits.note(self.world.now(), caller, "-- the record is full".to_owned());
    }
}
