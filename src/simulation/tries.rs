//! One try of one host: connection, server slot, session, end.

use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::random::SessionDraw;
use crate::smtp::{Connect, Failure, WEB_PORT, connects_at_once};
use crate::trace::{FactSink, SessionMarks};
use crate::units::SimTime;

use super::connection::{Connection, Keeper};
use super::converse::Step;
use super::draws::DrawKey;
use super::event::Event;
use super::messages::Column;
use super::reach::Pair;
use super::run::{Phase, Purpose, Run, Target};
use super::wires::{Line, wire};
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Connects to the next target that may be tried.
    pub(super) fn try_next(&mut self, handle: Handle) {
        let Some(next) = self.next_target(handle) else {
            self.leave_untried(handle);
            return;
        };
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let target = run.targets[next];
        run.next_target = next + 1;
        let (client, round) = (run.client, run.round);
        if run.process().is_some() && self.take_up_process_connection(handle, target) {
            return;
        }
        self.begin_try(handle, target);
        let line = self.line_of(handle, client, target);
        let settings = &self.hosts[client.index()].config.client;
        let first = settings.first_connect_timeout.filter(|_| round <= 1);
        let patience = if settings.tcp_fast_open {
            settings.timeouts.greeting
        } else {
            first.unwrap_or(settings.timeouts.connect)
        };
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
        run.failure = Some(Failure {
            at,
            stage: Stage::Connect,
            outcome,
            reply: None,
            status: Status::NO_ANSWER,
        });
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
            self.runs.get_mut(handle).expect("a run that goes on exists").phase = Phase::Waiting;
            self.hosts[target.host.index()].waiting.push_back(handle);
            let greeting = self.hosts[client.index()].config.client.timeouts.greeting;
            let event = Event::GreetingTimeout { run: handle, number };
            self.schedule(at + greeting, Class::End, event);
            return;
        }
        self.settle(handle, seen, line, served);
    }

    /// Returns whom a server takes for its client: the host that connects, or the proxy in front of
    /// it that does not say for whom it does.
    pub(super) fn seen_by_server(&self, client: HostId, target: Target) -> HostId {
        self.hosts[target.host.index()].config.peer(client, target.proxy)
    }

    /// Notes that a try begins now.
    #[inline(always)]
    pub(super) fn begin_try(&mut self, handle: Handle, target: Target) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let purpose = run.purpose;
        run.phase = Phase::Trying;
        run.target = Some(target);
        run.started = self.now;
        run.connected = SimTime::MAX;
        run.connection = None;
        run.ordinal_on_connection = 0;
        run.marks = SessionMarks::NONE;
        run.transaction = None;
        run.failure = None;
        run.tries += 1;
        run.tried += 1;
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

    /// Uses a kept connection to the run's destination, if there is one that is still good.
    pub(super) fn take_up_connection(&mut self, handle: Handle) -> bool {
        let Some(run) = self.runs.get(handle) else {
            return false;
        };
        let (client, purpose) = (run.client, run.purpose);
        let Purpose::Delivery { destination, reuse: true, .. } = purpose else {
            return false;
        };
        loop {
            let cache = &mut self.hosts[client.index()].cache;
            let Some(kept) = cache.take(Keeper::Destination(destination), |_| true) else {
                return false;
            };
            let Some(connection) = self.connections.get_mut(kept) else {
                continue;
            };
            let good = connection.kept.is_some_and(|kept| self.now < kept.too_old);
            connection.kept = None;
            let target = connection.target;
            if !good {
                self.close_connection(kept);
                continue;
            }
            self.try_over(handle, target, kept);
            return true;
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
        let Some(kept) = cache.take(Keeper::Process(process.number), leads_there) else {
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
    fn try_over(&mut self, handle: Handle, target: Target, connection: Handle) {
        self.begin_try(handle, target);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        (run.connection, run.reused) = (Some(connection), true);
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
        let source = self.draw_source(handle);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        run.phase = Phase::Trying;
        run.source = source;
        run.connection = Some(self.connections.insert(Connection {
            client: run.client,
            source,
            seen,
            target: run.target.expect("a try has a target"),
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
