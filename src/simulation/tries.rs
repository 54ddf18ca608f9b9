//! One try of one host: connection, server slot, session, end.

use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::random::SessionDraw;
use crate::smtp::{Connect, Failure, WEB_PORT, connects_at_once};
use crate::trace::{FactSink, SessionMarks};
use crate::units::{SimDuration, SimTime};

use super::connection::{Connection, Keeper};
use super::converse::Step;
use super::draws::DrawKey;
use super::event::Event;
use super::messages::Column;
use super::reach::Pair;
use super::run::{Phase, Purpose, Run, Target};
use super::wires::{Line, wire};
use super::world::World;

/// How long a client that opens its connections by TCP fast open waits for one to stand before it
/// begins to wait for the greeting, which it then does all the same (Exim `src/transports/smtp.c`,
/// `smtp_reap_banner`; recorded: a silent host costs 14.0 s with a `command_timeout` of 13 s).
const FAST_OPEN_WAIT: SimDuration = SimDuration::from_secs(1);

impl<S: FactSink> World<'_, '_, S> {
    /// Connects to the next target that may be tried.
    pub(super) fn try_next(&mut self, handle: Handle) {
        let Some(next) = self.next_target(handle) else {
            self.leave_untried(handle);
            return;
        };
        let run = self.runs.get(handle).expect("a run that goes on exists");
        if run.process().is_some() && run.targets[next].host != run.targets[0].host {
            self.fall_back(handle);
            let run = self.runs.get_mut(handle).expect("a run that goes on exists");
            if run.recipients.is_empty() {
                // Nobody is left to be sent to.
                run.failure = None;
                self.share_failure(handle);
                return;
            }
        }
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let target = run.targets[next];
        run.next_target = next + 1;
        let client = run.client;
        if run.process().is_some() && self.take_up_process_connection(handle, target) {
            return;
        }
        self.begin_try(handle, target);
        if !self.speaks_to(client, target.address) {
            // The client's own kernel says so.
            self.fail_to_connect(handle, self.now, AttemptOutcome::Refused);
            return;
        }
        let line = self.line_of(handle, client, target);
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let settings = self.config_of(run).client;
        let patience = self.connect_patience(run);
        let round_trip = line.latency * 2;
        let at_once = connects_at_once(self.now, round_trip, line.calm, patience, settings.syn);
        let connect = match at_once {
            Some(at) => Connect::Connected(at),
            None => {
                let wire = line.wire(&self.reach, &self.faults, client, target);
                wire.connect(self.now, patience, settings.syn)
            }
        };
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let (at, outcome) = match connect {
            Connect::Connected(at) => {
                run.connected = at;
                let arrives = SimTime::from_nanos(at.as_nanos() - round_trip.as_nanos());
                if arrives > self.now {
                    // Only a repeated packet gets through: the server knows nothing before.
                    run.phase = Phase::Connecting;
                    self.schedule(arrives, Class::Start, Event::Proceed { run: handle });
                } else {
                    self.take_slot(handle, Some(&line));
                }
                return;
            }
            Connect::Refused(at) => (at, AttemptOutcome::Refused),
            Connect::TimedOut(at) => (at, AttemptOutcome::Timeout),
        };
        self.fail_to_connect(handle, at, outcome);
    }

    /// The try at hand ends at `at` without a connection.
    fn fail_to_connect(&mut self, handle: Handle, at: SimTime, outcome: AttemptOutcome) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let (stage, status) = (Stage::Connect, Status::NO_ANSWER);
        run.failure = Some(Failure { at, stage, outcome, reply: None, status });
        self.schedule_end(handle, at);
    }

    /// The connection reaches the server: it is served, or waits for a free slot. `line`: if it is
    /// known already.
    // Once for each try, as what follows: inlined into each other they save a hundred instructions.
    #[inline(always)]
    pub(super) fn take_slot(&mut self, handle: Handle, line: Option<&Line>) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
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
                self.request_dropped(handle, line);
                return;
            }
            let greeting = self.config_of(run).client.timeouts.greeting;
            self.runs.get_mut(handle).expect("a run that goes on exists").phase = Phase::Waiting;
            self.hosts[target.host.index()].waiting.push_back(handle);
            let event = Event::GreetingTimeout { run: handle, number };
            self.schedule(at + greeting, Class::End, event);
            return;
        }
        self.settle(handle, seen, line, served);
    }

    /// The kernel of a busy server drops a connection request, since too many connections wait: the
    /// client repeats it, or has waited for long enough.
    #[inline(never)]
    fn request_dropped(&mut self, handle: Handle, line: Option<&Line>) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
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
            None => self.line_now(handle, client, target).latency * 2,
        };
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        if let Some(at) = repeats.filter(|at| *at + round_trip <= last) {
            run.phase = Phase::Connecting;
            run.connected = at + round_trip;
            self.schedule(at, Class::Start, Event::Proceed { run: handle });
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
        self.schedule_end(handle, last);
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
    pub(super) fn seen_by_server(&self, client: HostId, target: Target) -> HostId {
        self.hosts[target.host.index()].config.peer(client, target.proxy)
    }

    /// Notes that a try begins now.
    #[inline(always)]
    pub(super) fn begin_try(&mut self, handle: Handle, target: Target) {
        let source = self.source_of_run(handle, target.address);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
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
    fn take_up_process_connection(&mut self, handle: Handle, target: Target) -> bool {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let Some(process) = run.process() else {
            return false;
        };
        let connections = &self.connections;
        let leads_there = |kept: Handle| {
            connections.get(kept).is_some_and(|connection| connection.target.host == target.host)
        };
        let cache = &mut self.hosts[run.client.index()].cache;
        let Some(kept) = cache.take(Keeper::Process(process), leads_there) else {
            return false;
        };
        let Some(connection) = self.connections.get_mut(kept) else {
            return false;
        };
        connection.kept = None;
        let target = connection.target;
        self.try_over(handle, target, kept);
        true
    }

    /// Tries a host over a connection that was kept.
    pub(super) fn try_over(&mut self, handle: Handle, target: Target, connection: Handle) {
        self.begin_try(handle, target);
        let source = self.connections.get(connection).and_then(|connection| connection.source);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        (run.connection, run.reused) = (Some(connection), true);
        run.source = source;
        self.continue_session(handle);
    }

    /// Returns the line of a run's try of a host as it is now.
    #[inline(always)]
    pub(super) fn line_of(&mut self, handle: Handle, client: HostId, target: Target) -> Line {
        if let Some(line) = self.calm_line(client, target) {
            debug_assert_eq!(line, self.find_line(handle, client, target));
            return line;
        }
        self.find_line(handle, client, target)
    }

    /// The same, where it is asked for seldom.
    #[inline(never)]
    pub(super) fn line_now(&mut self, handle: Handle, client: HostId, target: Target) -> Line {
        self.line_of(handle, client, target)
    }

    /// Asks the time lines of all on the way for the line of a run's try of a host.
    #[inline(never)]
    fn find_line(&mut self, handle: Handle, client: HostId, target: Target) -> Line {
        let pairs = self.pairs(client, target);
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let wire = wire(&self.reach, &self.faults, client, target, pairs, self.now)
            .with_jitter(&self.session_streams, || self.try_key(run, SessionDraw::Jitter));
        Line::of(&wire, pairs)
    }

    /// Returns the pairs of hosts that a connection joins: client and server, or client and proxy,
    /// and proxy and server.
    pub(super) fn pairs(&mut self, client: HostId, target: Target) -> (Pair, Option<Pair>) {
        match target.proxy {
            None => (self.reach.pair(client, target.host, &self.faults), None),
            Some(proxy) => (
                self.reach.pair(client, proxy, &self.faults),
                Some(self.reach.pair(proxy, target.host, &self.faults)),
            ),
        }
    }

    /// Returns the parts of the key of draws for a run: what they are for (message, host, round, first
    /// recipient) and not what else was going on, so that scenarios that differ in one thing draw
    /// alike for the rest.
    pub(super) fn draw_key(&self, run: &Run, what: SessionDraw, which: u64) -> DrawKey {
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
        let domain = self.domains[first.domain.index()].key;
        [message, client, what, which, round, domain, u64::from(first.local)]
    }

    /// Returns the parts of the key of the draws of a try; `what` tells several kinds apart.
    pub(super) fn try_key(&self, run: &Run, what: SessionDraw) -> DrawKey {
        self.draw_key(run, what, run.next_target as u64)
    }

    /// Runs a new session, with whom the server takes for its client, from its greeting on; the
    /// server has a process for it now, or, if it is not `served`, turns it away.
    #[inline(always)]
    fn settle(&mut self, handle: Handle, seen: HostId, line: Option<&Line>, served: bool) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        run.phase = Phase::Trying;
        run.connection = Some(self.connections.insert(Connection {
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
            opening: None,
            kept: None,
        }));
        self.converse(handle, line, Step::Open);
    }

    /// Schedules the moment at which the server of the try at hand takes responsibility.
    pub(super) fn schedule_handover(&mut self, handle: Handle, at: SimTime) {
        let number = self.runs.get(handle).map_or(0, |run| run.tries);
        self.schedule(at, Class::End, Event::Handover { run: handle, number });
    }

    /// Schedules the end of the try at hand.
    pub(super) fn schedule_end(&mut self, handle: Handle, at: SimTime) {
        let number = self.runs.get(handle).map_or(0, |run| run.tries);
        self.schedule(at, Class::End, Event::TryEnded { run: handle, number });
    }

    /// The client knows how its try ended.
    pub(super) fn try_ended(&mut self, handle: Handle) {
        let Some(run) = self.runs.get(handle) else {
            return;
        };
        if run.phase == Phase::Orphaned {
            self.drop_orphan(handle);
            return;
        }
        match run.purpose {
            Purpose::Opening { connection } => return self.tell_connected(handle, connection),
            Purpose::Closing { connection } => return self.tell_closed(handle, connection),
            _ => {}
        }
        if self.says_quit(handle) {
            return;
        }
        self.leave_session(handle);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
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
            self.close_run_connection(handle);
            self.proceed(handle);
            return;
        }
        if run.reused && run.process().is_none() {
            // Its host has had its turn (`src/smtp/smtp_connect.c`, `smtp_update_addr_list`).
            let address = run.target.map(|target| target.address);
            run.targets.retain(|target| Some(target.address) != address);
        }
        run.reused = false;
        if self.screens.is_some() {
            self.state_findings_of_refused(handle);
        }
        let run = self.runs.get(handle).expect("a run that goes on exists");
        if run.is_submission() {
            self.submission_tried(handle);
        } else {
            self.keep_or_close(handle);
            self.delivery_tried(handle);
        }
    }

    /// The run's recipients are no longer in a session.
    #[inline(always)]
    pub(super) fn leave_session(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
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
    pub(super) fn serve_waiting(&mut self, server: HostId) {
        while self.hosts[server.index()].has_slot() {
            let Some(next) = self.hosts[server.index()].waiting.pop_front() else {
                return;
            };
            let Some(run) = self.runs.get(next) else {
                continue;
            };
            let here = run.target.is_some_and(|target| target.host == server);
            if let (Phase::Waiting, true, Some(target)) = (run.phase, here, run.target) {
                let seen = self.seen_by_server(run.client, target);
                self.occupy_slot(server, seen);
                self.settle(next, seen, None, true);
            }
        }
    }

    /// A client that waited for a free slot gives up.
    pub(super) fn greeting_timed_out(&mut self, handle: Handle, number: u32) {
        let Some(run) = self.runs.get_mut(handle) else {
            return;
        };
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
            self.hosts[target.host.index()].waiting.retain(|waiting| *waiting != handle);
        }
        self.try_ended(handle);
    }
}
