//! What client and server say to each other in one try: opening, one transaction, or QUIT.

use crate::engine::Class;
use crate::mail::{Mailbox, Reply, Stage, Status};
use crate::random::SessionDraw;
use crate::smtp::{Letter, Session, WEB_PORT, Wire};
use crate::trace::FactSink;

use super::draws::TryDraws;
use super::run::{Purpose, Run};
use super::wire::{Line, wire};
use crate::simulation::server::inquiry::Inquiry;
use crate::simulation::server::policy::{Policy, tls};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

/// What comes next in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Its opening; the server has a process for it now.
    Open,
    /// Another transaction.
    GoOn,
    /// Its end.
    Quit,
}

impl<S: FactSink> World<'_, '_, S> {
    /// Runs another transaction over the connection at hand.
    pub(crate) fn continue_session(&mut self, run: &mut Run) {
        self.converse(run, None, Step::GoOn);
    }

    /// Runs a session's opening, if it is new, and one transaction, if there is a message, or QUIT,
    /// and schedules what follows. `line`: if it is known already.
    pub(crate) fn converse(&mut self, run: &mut Run, line: Option<&Line>, step: Step) {
        let found;
        let line = match line {
            Some(line) => line,
            None => {
                let target = run.target.expect("a try has a target");
                found = self.line_now(run, run.client, target);
                &found
            }
        };
        let question = self.undisturbed_question(run, line, step);
        if let Some(known) = question.as_ref().and_then(|question| self.known_session(question)) {
            let rehearsed = cfg!(debug_assertions).then(|| self.rehearse(run, line, step));
            self.settle_from_memory(run, step, known);
            if let Some(rehearsed) = rehearsed {
                assert_eq!(self.went(run), rehearsed, "{question:?}");
            }
        } else if !self.settle_and_remember(run, line, step) {
            return;
        }
        self.conclude(run);
    }

    /// Settles a session that memory does not know. Returns whether it came to a transaction.
    // It asks itself what memory was asked: so the question of most sessions is never written down.
    #[inline(never)]
    fn settle_and_remember(&mut self, run: &mut Run, line: &Line, step: Step) -> bool {
        let question = self.undisturbed_question(run, line, step);
        let settled = self.settle_session(run, line, step);
        if let (true, Some(question)) = (settled, question) {
            self.remember(run, &question);
        }
        settled
    }

    /// Settles a session, or what comes next in it, against everything that may disturb it. Returns
    /// whether it came to a transaction; if not, its end is scheduled.
    pub(crate) fn settle_session(&mut self, run: &mut Run, line: &Line, step: Step) -> bool {
        let target = run.target.expect("a try has a target");
        if self.hosts[target.host.index()].config.host().outside {
            self.meet_outside(run, step);
            return false;
        }
        let asked = self.asked_by(target.host).map(|(rules, asked)| {
            let pairs = self.pairs(target.host, asked);
            (rules, (asked, pairs), self.hosts[asked.host.index()].config)
        });
        let (service_key, submission) =
            (self.try_key(run, SessionDraw::Service), run.is_submission());
        let habits = self.habits_of(run);
        let port = habits.port;
        let (opens, message) = (matches!(run.purpose, Purpose::Opening { .. }), run.message);
        let visitor = self.visitor_of(run, target.host);
        let authorised = self.is_authorised(run, target.host);
        let looks = self.policies.screens.is_some() && !opens && step != Step::Quit;
        let screen = looks.then(|| self.screen_of(run, target, authorised)).flatten();
        let client_config = self.config_of(run);
        let client = run.client;
        let seen = self.seen_by_server(client, target);
        let sender = if run.carries_nothing() { None } else { self.messages[message].sender() };
        let scenario = self.scenario;
        let beyond_ascii = |mailbox: &Mailbox| {
            scenario.domains[mailbox.domain.index()].is_international(mailbox.local)
        };
        let international = run.mailboxes.iter().chain(&sender).any(beyond_ascii);
        let connection =
            run.connection.and_then(|connection| self.attempts.connections.get_mut(connection));
        let connection = connection.expect("a session has a connection");
        let inquiry = asked.map(|(rules, (asked, pairs), config)| Inquiry {
            rules,
            wire: wire(&self.ways.reach, &self.ways.faults, target.host, asked, pairs, self.now)
                .with_jitter(&self.draws.session, || service_key),
            asked: config,
            deviations: &self.ways.faults.rules[asked.host.index()],
            verified: self.policies.verified.entry(target.host).or_default(),
        });
        let client_address = if seen == run.client {
            run.source
        } else {
            // A proxy connects from its own.
            self.hosts[seen.index()].config.addresses.first().copied()
        };
        let server = &mut self.hosts[target.host.index()];
        let server_config = server.config;
        let limit = server.client_exceeds_limit(seen) || !connection.holds_slot;
        let refusal = limit.then_some(Reply::new(421, Status::new(4, 7, 0)));
        let mut session = Session {
            wire: Wire {
                ticking: client_config.client.syn.ticking,
                ..line.wire(&self.ways.reach, &self.ways.faults, client, target)
            },
            client: client_config.client,
            server: server_config.server,
            rules: self.ways.faults.rules[target.host.index()].before_mail(),
            connected: connection.connected,
            tls: tls(port, &client_config, &server_config),
            authenticates: habits.authenticates,
            requires_authentication: submission && port != 25,
            extended: connection.extended,
            knows_size_limit: step == Step::Open
                || !client_config.client.options.forgets_size_limit,
            refused_in_a_row: connection.refused_in_a_row,
            closed: None,
        };
        let mut draws = TryDraws::new(&self.draws.session, service_key);
        let sessions = server.inbound;
        let web = port == WEB_PORT;
        let opened = match step {
            Step::Open if web => session.sign_in(&mut run.marks, &mut draws),
            Step::GoOn if web => Ok(self.now),
            Step::Open => session.open(self.now, refusal, sessions, &mut run.marks, &mut draws),
            Step::GoOn if client_config.client.resets(connection.refused) => {
                session.reset(self.now, &mut draws)
            }
            Step::GoOn => Ok(self.now),
            Step::Quit => {
                let patience = client_config.client.options.quit_patience;
                let at = session.quit(self.now, &mut draws);
                let at = patience.map_or(at, |patience| at.min(self.now + patience));
                self.schedule_end(run, at);
                return false;
            }
        };
        connection.extended = session.extended;
        if opens {
            run.failure = opened.err();
            let at = opened.unwrap_or_else(|failure| failure.at);
            self.schedule_end(run, at);
            return false;
        }
        connection.transactions += 1;
        run.ordinal_on_connection = connection.transactions;
        let asked = match opened {
            Ok(start) if habits.verifies => session.verify(start, run.mailboxes.len(), &mut draws),
            opened => opened,
        };
        let start = match asked {
            Ok(start) => start,
            Err(failure) => {
                run.failure = Some(failure);
                self.schedule_end(run, failure.at);
                return false;
            }
        };
        run.sessions += 1;
        let letter = Letter {
            recipients: &run.mailboxes,
            size: run.size,
            received_fields: run.received_fields,
            declares_size: habits.declares_size,
            international,
            is_first: run.ordinal_on_connection == 1,
        };
        let mut policy = Policy {
            domains: &self.layout.domains,
            scenario: self.scenario,
            config: server_config,
            client: seen,
            authorised,
            has_room: !server.disk_is_full(),
            visitor,
            tallies: &mut server.tallies,
            shared_limits: &mut self.policies.shared_limits,
            resolver: &mut server.resolver,
            ask: crate::dns::Ask {
                zone: &self.scenario.zone,
                failures: self.ways.name_service.failures(target.host),
                settings: server_config.resolver,
                chance: Some(crate::dns::Chance {
                    streams: &self.draws.resolver,
                    host: server.key,
                }),
                failure_is_none: false,
                asks_together: false,
                families: 1,
            },
            greylists: &mut self.policies.greylists,
            own: target.host,
            client_address,
            inquiry,
            sender,
            mailboxes: &run.mailboxes,
            screen,
        };
        let (replies, marks) = (&mut run.replies, &mut run.marks);
        let transaction = if web {
            session.post(start, &letter, &mut policy, replies, marks, &mut draws)
        } else {
            session.transact(start, &letter, &mut policy, replies, marks, &mut draws)
        };
        let screened = policy.screen.take().map(|screen| (screen.findings, screen.first_seen));
        run.transaction = Some(transaction);
        if let Some(screened) = screened {
            self.keep_findings(run, target.host, screened);
        }
        true
    }

    /// A transaction is settled: schedules what comes of it.
    #[inline]
    pub(crate) fn conclude(&mut self, run: &mut Run) {
        let connection =
            run.connection.and_then(|connection| self.attempts.connections.get_mut(connection));
        let connection = connection.expect("a session has a connection");
        let server = self.hosts[connection.target.host.index()].config;
        let most = server.server.acceptance.messages_per_connection;
        let transaction = run.transaction.as_mut().expect("it is settled");
        transaction.open &= most.is_none_or(|most| connection.transactions < most);
        let (accepted_at, ended) = (transaction.accepted_at, transaction.ended);
        let number = run.tries;
        run.failure = transaction.failure;
        let all_refused = run.replies.iter().flatten().all(|reply| !reply.is_positive());
        let refuses = |failure: crate::smtp::Failure| failure.stage != Stage::Dot;
        let asked = !run.failure.is_some_and(|failure| failure.is_unasked());
        for reply in run.replies.iter().flatten() {
            let row = connection.refused_in_a_row + 1;
            connection.refused_in_a_row = if reply.is_positive() { 0 } else { row };
        }
        connection.refused = asked && (all_refused || run.failure.is_some_and(refuses));
        if let Some(at) = accepted_at
            && !all_refused
        {
            // A client that has given up by then goes on with other things.
            if at > ended {
                self.leave_behind(run, at);
            } else {
                self.schedule(at, Class::End, Event::Handover { run: run.handle, number });
            }
        }
        self.schedule(ended, Class::End, Event::TryEnded { run: run.handle, number });
    }
}
