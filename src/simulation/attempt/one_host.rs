//! One try of one host: connection, server slot, session, end.

use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::random::SessionDraw;
use crate::smtp::{Connect, Failure, WEB_PORT, connects_at_once};
use crate::trace::{FactSink, SessionMarks};
use crate::units::{SimDuration, SimTime};

use super::connection::{Connection, Keeper};
use super::conversation::Step;
use super::draws::DrawKey;
use super::run::{Phase, Purpose, Run, Target};
use super::wire::{Line, wire};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;
use crate::simulation::world::messages::Column;
use crate::simulation::world::reach::Pair;

/// How long a client that opens its connections by TCP fast open waits for one to stand before it
/// begins to wait for the greeting, which it then does all the same (Exim `src/transports/smtp.c`,
/// `smtp_reap_banner`; recorded: a silent host costs 14.0 s with a `command_timeout` of 13 s).
const FAST_OPEN_WAIT: SimDuration = SimDuration::from_secs(1);

impl<S: FactSink> World<'_, '_, S> {
    /// Connects to the next target that may be tried.
    pub(crate) fn try_next(&mut self, run: &mut Run) {
        let Some(next) = self.next_target(run) else {
            self.leave_untried(run);
            return;
        };
        if run.process().is_some() && run.targets[next].host != run.targets[0].host {
            self.fall_back(run);
            if run.recipients.is_empty() {
                // Nobody is left to be sent to.
                run.failure = None;
                self.share_failure(run);
                return;
            }
        }
        let target = run.targets[next];
        run.next_target = next + 1;
        let client = run.client;
        if run.process().is_some() && self.take_up_process_connection(run, target) {
            return;
        }
        self.begin_try(run, target);
        if !self.speaks_to(client, target.address) {
            // The client's own kernel says so.
            self.fail_to_connect(run, self.now, AttemptOutcome::Refused);
            return;
        }
        let line = self.line_of(run, client, target);
        let settings = self.config_of(run).client;
        let patience = self.connect_patience(run);
        let round_trip = line.latency * 2;
        let at_once = connects_at_once(self.now, round_trip, line.calm, patience, settings.syn);
        let connect = match at_once {
            Some(at) => Connect::Connected(at),
            None => {
                let wire = line.wire(&self.ways.reach, &self.ways.faults, client, target);
                wire.connect(self.now, patience, settings.syn)
            }
        };
        let (at, outcome) = match connect {
            Connect::Connected(at) => {
                run.connected = at;
                let arrives = SimTime::from_nanos(at.as_nanos() - round_trip.as_nanos());
                if arrives > self.now {
                    // Only a repeated packet gets through: the server knows nothing before.
                    run.phase = Phase::Connecting;
                    self.schedule(arrives, Class::Start, Event::Proceed { run: run.handle });
                } else {
                    self.take_slot(run, Some(&line));
                }
                return;
            }
            Connect::Refused(at) => (at, AttemptOutcome::Refused),
            Connect::TimedOut(at) => (at, AttemptOutcome::Timeout),
        };
        self.fail_to_connect(run, at, outcome);
    }

    /// The try at hand ends at `at` without a connection.
    fn fail_to_connect(&mut self, run: &mut Run, at: SimTime, outcome: AttemptOutcome) {
        let (stage, status) = (Stage::Connect, Status::NO_ANSWER);
        run.failure = Some(Failure { at, stage, outcome, reply: None, status });
        self.schedule_end(run, at);
    }

    /// The connection reaches the server: it is served, or waits for a free slot. `line`: if it is
    /// known already.
    // Once for each try, as what follows: inlined into each other they save a hundred instructions.
    #[inline(always)]
    pub(crate) fn take_slot(&mut self, run: &mut Run, line: Option<&Line>) {
        let target = run.target.expect("a try has a target");
        let (client, at, number) = (run.client, run.connected, run.tries);
        let web = self.port_of(run) == WEB_PORT;
        let seen = self.seen_by_server(client, target);
        let server = &self.hosts[target.host.index()];
        // The web page takes no session of the SMTP server.
        let served = !web && server.has_slot();
        if served {
            self.occupy_slot(target.host, seen);
        } else if !web && !server.config.server.refuses_excess_sessions {
            if server.listen_queue_is_full() {
                self.request_dropped(run, line);
                return;
            }
            let greeting = self.config_of(run).client.timeouts.greeting;
            run.phase = Phase::Waiting;
            self.hosts[target.host.index()].waiting.push_back(run.handle);
            let event = Event::GreetingTimeout { run: run.handle, number };
            self.schedule(at + greeting, Class::End, event);
            return;
        }
        self.settle(run, seen, line, served);
    }

    /// The kernel of a busy server drops a connection request, since too many connections wait: the
    /// client repeats it, or has waited for long enough.
    #[inline(never)]
    fn request_dropped(&mut self, run: &mut Run, line: Option<&Line>) {
        let (client, target, started) = (run.client, run.target, run.started);
        let target = target.expect("a try has a target");
        let settings = self.config_of(run).client;
        let gives_up = started + self.connect_patience(run);
        // The last moment is that at which the kernel gives up.
        let moments: Vec<SimTime> = settings.syn.moments(started).collect();
        let last = moments.last().copied().unwrap_or(started).min(gives_up);
        let repeats = moments.iter().copied().find(|at| *at > self.now);
        let round_trip = match line {
            Some(line) => line.latency * 2,
            None => self.line_now(run, client, target).latency * 2,
        };
        if let Some(at) = repeats.filter(|at| *at + round_trip <= last) {
            run.phase = Phase::Connecting;
            run.connected = at + round_trip;
            self.schedule(at, Class::Start, Event::Proceed { run: run.handle });
            return;
        }
        run.phase = Phase::Trying;
        run.connected = SimTime::MAX;
        run.failure = Some(Failure {
            at: last,
            stage: Stage::Connect,
            outcome: AttemptOutcome::Timeout,
            reply: None,
            status: Status::NO_ANSWER,
        });
        self.schedule_end(run, last);
    }

    /// Returns how long a run waits for a connection.
    fn connect_patience(&self, run: &Run) -> SimDuration {
        let settings = self.config_of(run).client;
        if settings.tcp_fast_open {
            return settings.timeouts.greeting + FAST_OPEN_WAIT;
        }
        let first = settings.first_connect_timeout.filter(|_| run.round <= 1);
        first.unwrap_or(settings.timeouts.connect)
    }

    /// Returns whom a server takes for its client: the host that connects, or the proxy in front of
    /// it that does not say for whom it does.
    pub(crate) fn seen_by_server(&self, client: HostId, target: Target) -> HostId {
        self.hosts[target.host.index()].config.peer(client, target.proxy)
    }

    /// Notes that a try begins now.
    #[inline(always)]
    pub(crate) fn begin_try(&mut self, run: &mut Run, target: Target) {
        let source = self.source_of_run(run, target.address);
        let purpose = run.purpose;
        run.phase = Phase::Trying;
        run.target = Some(target);
        run.source = source;
        run.started = self.now;
        run.connected = SimTime::MAX;
        run.connection = None;
        run.ordinal_on_connection = 0;
        run.marks = SessionMarks::NONE;
        run.transaction = None;
        run.failure = None;
        run.tries += 1;
        run.tried += 1;
        (run.said_quit, run.keeps) = (false, None);
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
        for &recipient in &run.recipients {
            self.messages[recipient].sessions += 1;
            self.messages.settle(recipient, Column::Failed);
        }
        let client = run.client;
        self.begin_outbound(client);
        // A connection opened for a queue manager counts with what is sent over it.
        if !matches!(purpose, Purpose::Opening { .. }) {
            self.hosts[client.index()].totals.outbound_sessions += 1;
        }
    }

    /// Uses a connection to the host whose turn it is, if the run's process has one open.
    #[inline(never)]
    fn take_up_process_connection(&mut self, run: &mut Run, target: Target) -> bool {
        let Some(process) = run.process() else {
            return false;
        };
        let connections = &self.attempts.connections;
        let leads_there = |kept: Handle| {
            connections.get(kept).is_some_and(|connection| connection.target.host == target.host)
        };
        let cache = &mut self.hosts[run.client.index()].cache;
        let Some(kept) = cache.take(Keeper::Process(process), leads_there) else {
            return false;
        };
        let Some(connection) = self.attempts.connections.get_mut(kept) else {
            return false;
        };
        connection.kept = None;
        let target = connection.target;
        self.try_over(run, target, kept);
        true
    }

    /// Tries a host over a connection that was kept.
    pub(crate) fn try_over(&mut self, run: &mut Run, target: Target, connection: Handle) {
        self.begin_try(run, target);
        let source =
            self.attempts.connections.get(connection).and_then(|connection| connection.source);
        (run.connection, run.reused) = (Some(connection), true);
        run.source = source;
        self.continue_session(run);
    }

    /// Returns the line of a run's try of a host as it is now.
    #[inline(always)]
    pub(crate) fn line_of(&mut self, run: &mut Run, client: HostId, target: Target) -> Line {
        if let Some(line) = self.calm_line(client, target) {
            debug_assert_eq!(line, self.find_line(run, client, target));
            return line;
        }
        self.find_line(run, client, target)
    }

    /// The same, where it is asked for seldom.
    #[inline(never)]
    pub(crate) fn line_now(&mut self, run: &mut Run, client: HostId, target: Target) -> Line {
        self.line_of(run, client, target)
    }

    /// Asks the time lines of all on the way for the line of a run's try of a host.
    #[inline(never)]
    fn find_line(&mut self, run: &Run, client: HostId, target: Target) -> Line {
        let pairs = self.pairs(client, target);
        let wire = wire(&self.ways.reach, &self.ways.faults, client, target, pairs, self.now)
            .with_jitter(&self.draws.session, || self.try_key(run, SessionDraw::Jitter));
        Line::of(&wire, pairs)
    }

    /// Returns the pairs of hosts that a connection joins: client and server, or client and proxy,
    /// and proxy and server.
    pub(crate) fn pairs(&mut self, client: HostId, target: Target) -> (Pair, Option<Pair>) {
        match target.proxy {
            None => (self.ways.reach.pair(client, target.host, &self.ways.faults), None),
            Some(proxy) => (
                self.ways.reach.pair(client, proxy, &self.ways.faults),
                Some(self.ways.reach.pair(proxy, target.host, &self.ways.faults)),
            ),
        }
    }

    /// Returns the parts of the key of draws for a run: what they are for (message, host, round, first
    /// recipient) and not what else was going on, so that scenarios that differ in one thing draw
    /// alike for the rest.
    pub(crate) fn draw_key(&self, run: &Run, what: SessionDraw, which: u64) -> DrawKey {
        let what = what.number();
        let client = self.hosts[run.client.index()].key;
        match run.purpose {
            Purpose::Opening { connection } => return [client, what, which, connection.0, 1, 0, 0],
            Purpose::Closing { connection } => return [client, what, which, connection.0, 2, 0, 0],
            Purpose::LookUp { .. } => return [client, what, self.now.as_nanos(), 0, 3, 0, 0],
            _ => {}
        }
        let message = self.messages[run.message].stream_key();
        let (client, round) = (self.hosts[run.client.index()].key, u64::from(run.round));
        let first = run.mailboxes.first().copied().unwrap_or_default();
        let domain = self.layout.domains[first.domain.index()].key;
        [message, client, what, which, round, domain, u64::from(first.local)]
    }

    /// Returns the parts of the key of the draws of a try; `what` tells several kinds apart.
    pub(crate) fn try_key(&self, run: &Run, what: SessionDraw) -> DrawKey {
        self.draw_key(run, what, run.next_target as u64)
    }

    /// Runs a new session, with whom the server takes for its client, from its greeting on; the
    /// server has a process for it now, or, if it is not `served`, turns it away.
    #[inline(always)]
    fn settle(&mut self, run: &mut Run, seen: HostId, line: Option<&Line>, served: bool) {
        run.phase = Phase::Trying;
        run.connection = Some(self.attempts.connections.insert(Connection {
            client: run.client,
            seen,
            target: run.target.expect("a try has a target"),
            source: run.source,
            connected: run.connected,
            since: self.now,
            holds_slot: served,
            extended: true,
            transactions: 0,
            refused: false,
            refused_in_a_row: 0,
            opening: None,
            kept: None,
        }));
        self.converse(run, line, Step::Open);
    }

    /// Schedules the moment at which the server of the try at hand takes responsibility.
    pub(crate) fn schedule_handover(&mut self, run: &Run, at: SimTime) {
        let number = run.tries;
        self.schedule(at, Class::End, Event::Handover { run: run.handle, number });
    }

    /// Schedules the end of the try at hand.
    pub(crate) fn schedule_end(&mut self, run: &Run, at: SimTime) {
        let number = run.tries;
        self.schedule(at, Class::End, Event::TryEnded { run: run.handle, number });
    }

    /// The client knows how its try ended.
    pub(crate) fn try_ended(&mut self, run: &mut Run) {
        if run.phase == Phase::Orphaned {
            self.drop_orphan(run);
            return;
        }
        match run.purpose {
            Purpose::Opening { connection } => return self.tell_connected(run, connection),
            Purpose::Closing { connection } => return self.tell_closed(run, connection),
            _ => {}
        }
        if self.says_quit(run) {
            return;
        }
        self.leave_session(run);
        if run.failure.is_some() {
            run.last_failure = run.failure;
        }
        let opened_before = run.reused && run.transaction.is_none();
        if opened_before {
            // The kept connection was no good any more: take another one.
            run.reused = false;
            run.phase = Phase::Targeting;
            if run.process().is_some() {
                // The same host again, over a new connection (Sendmail's `mci_get`).
                run.next_target -= 1;
            }
            self.close_run_connection(run);
            self.proceed(run);
            return;
        }
        if run.reused && run.process().is_none() {
            // Its host has had its turn (`src/smtp/smtp_connect.c`, `smtp_update_addr_list`).
            let address = run.target.map(|target| target.address);
            run.targets.retain(|target| Some(target.address) != address);
        }
        run.reused = false;
        if self.policies.screens.is_some() {
            self.state_findings_of_refused(run);
        }
        if run.is_submission() {
            self.submission_tried(run);
        } else {
            self.keep_or_close(run);
            self.delivery_tried(run);
        }
    }

    /// The run's recipients are no longer in a session.
    #[inline(always)]
    pub(crate) fn leave_session(&mut self, run: &Run) {
        for &recipient in &run.recipients {
            self.messages[recipient].sessions -= 1;
            self.messages.settle(recipient, Column::Failed);
        }
        let octets = run.transaction.map_or(0, |transaction| transaction.octets.0);
        let client = run.client;
        self.end_outbound(client);
        self.hosts[client.index()].totals.octets_out.0 += octets;
    }

    /// Takes on clients that wait, as far as there are slots.
    pub(crate) fn serve_waiting(&mut self, server: HostId) {
        while self.hosts[server.index()].has_slot() {
            let Some(next) = self.hosts[server.index()].waiting.pop_front() else {
                return;
            };
            self.with_run(next, |world, run| {
                let here = run.target.is_some_and(|target| target.host == server);
                if let (Phase::Waiting, true, Some(target)) = (run.phase, here, run.target) {
                    let seen = world.seen_by_server(run.client, target);
                    world.occupy_slot(server, seen);
                    world.settle(run, seen, None, true);
                }
            });
        }
    }

    /// A client that waited for a free slot gives up.
    pub(crate) fn greeting_timed_out(&mut self, run: &mut Run, number: u32) {
        if run.phase != Phase::Waiting || run.tries != number {
            return;
        }
        run.phase = Phase::Trying;
        run.marks.connected = run.connected;
        run.failure = Some(Failure {
            at: self.now,
            stage: Stage::Greeting,
            outcome: AttemptOutcome::Timeout,
            reply: None,
            status: Status::BAD_CONNECTION,
        });
        if let Some(target) = run.target {
            self.hosts[target.host.index()].waiting.retain(|waiting| *waiting != run.handle);
        }
        self.try_ended(run);
    }
}
