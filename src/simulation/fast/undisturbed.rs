//! Sessions that nothing disturbs, settled from memory.
//!
//! Nearly all sessions of a run are equal but for their beginning: the same settings on both sides,
//! the same line, one recipient who is taken, nothing drawn, no fault near. Such a session is run
//! once by [`crate::smtp::Session`] and remembered as spans from its beginning; the next one in the
//! same [`Circumstances`] is the remembered one, moved. Nothing here knows what a session is made of:
//! how long it takes is said by the session that was run.
//!
//! # What it may rely on
//! A session of a run is a function of its [`Circumstances`], of the size of the message and its
//! Received fields, and of its beginning, if ([`World::undisturbed_question`] asks for all of it)
//! - no packet of it meets a fault: the line is calm from its beginning to its end, and the server
//!   never crashes and never deviates by a rule in the whole run;
//! - the server draws nothing, counts nothing, looks nothing up and screens nothing;
//! - the server has a process and room for it, and takes its only recipient whatever came before.
//!
//! The size changes only how long the message is under way, so whatever comes after it moves by the
//! difference; and where a message was taken, a smaller one with fewer Received fields is taken too.
//! In debug builds each session is run all the same, and the two are compared.
//!
//! # What it saves
//! A message of the retry day has two sessions. If both are run it takes 3,800 instructions more, a
//! sixth of all (counted with and without memory).

mod memory;

use std::collections::BTreeMap;

use crate::mail::{HostId, Mailbox};
use crate::model::{Host, Scenario};
use crate::queue::Destination;
use crate::smtp::{ServerSettings, Transaction, WEB_PORT};
use crate::trace::{FactSink, SessionMarks};

use crate::simulation::attempt::conversation::Step;
use crate::simulation::attempt::draws::constant;
use crate::simulation::attempt::run::{Purpose, Run};
use crate::simulation::attempt::wire::Line;
use crate::simulation::server::policy::{RECIPIENT_TAKEN, standing_reply};
use crate::simulation::world::World;
use crate::simulation::world::faults::Faults;
use memory::{Circumstances, ClientNumber, Known, Memory, Question, ServerNumber, Truths, Went};

/// How a host behaves in undisturbed sessions. Small and apart from the host, since it is asked for
/// in each session.
#[derive(Debug, Clone, Copy)]
struct Manner {
    client: ClientNumber,
    /// None: no session with it is the same every time.
    server: Option<ServerNumber>,
}

/// Remembered sessions, and what they hold for.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    /// By host.
    manners: Vec<Manner>,
    /// Settings that have a number, so that the next gets another.
    numbered: u32,
    memory: Memory,
}

impl Undisturbed {
    /// Remembers nothing yet.
    pub(crate) fn new(scenario: &Scenario, faults: &Faults) -> Self {
        let hosts = &scenario.hosts;
        let (mut clients, mut servers) = (Numbers::default(), Numbers::default());
        let manner = |(index, host): (usize, &Host)| Manner {
            client: ClientNumber(clients.of(&*host.client)),
            server: is_steady(host, HostId::from_index(index), faults)
                .then(|| ServerNumber(servers.of(&*host.server))),
        };
        let manners = hosts.iter().enumerate().map(manner).collect();
        let numbered = clients.count().max(servers.count());
        Self { manners, numbered, memory: Memory::new() }
    }

    /// A host has got other settings.
    pub(crate) fn configure(&mut self, host: HostId, config: &Host, faults: &Faults) {
        let number = self.numbered;
        self.numbered += 1;
        self.manners[host.index()] = Manner {
            client: ClientNumber(number),
            server: is_steady(config, host, faults).then_some(ServerNumber(number)),
        };
    }
}

/// Returns whether sessions with a server are the same every time, as far as it depends on the server.
fn is_steady(config: &Host, host: HostId, faults: &Faults) -> bool {
    let ServerSettings { service, options, acceptance, .. } = &*config.server;
    !config.outside
        && faults.rules[host.index()].is_empty()
        && faults.crashes[host.index()].is_empty()
        && [&service.greeting, &service.command, &service.message]
            .into_iter()
            .all(|time| constant(time).is_some())
        && !acceptance.counts()
        && acceptance.verification.is_none()
        && !options.checks_sender_domain
}

/// Numbers for settings. Like hosts share theirs, so equal ones are found by where they lie.
struct Numbers<T>(BTreeMap<*const T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<T> Numbers<T> {
    fn of(&mut self, settings: &T) -> u32 {
        let next = self.count();
        *self.0.entry(std::ptr::from_ref(settings)).or_insert(next)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("fewer than 2^32 hosts")
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// Returns what memory is to be asked about the session of a run, unless something may disturb
    /// it.
    #[inline(always)]
    pub(crate) fn undisturbed_question(
        &self,
        run: &Run,
        line: &Line,
        step: Step,
    ) -> Option<Question> {
        if !self.fast.on {
            return None;
        }
        let target = run.target?;
        let client = self.fast.undisturbed.manners[run.client.index()].client;
        let server = self.fast.undisturbed.manners[target.host.index()].server?;
        let &[mailbox] = run.mailboxes.as_slice() else {
            return None;
        };
        // A transport may have a client of its own.
        if matches!(run.purpose, Purpose::Delivery { destination: Destination::Via(_), .. }) {
            return None;
        }
        let habits = self.habits_of(run);
        if self.policies.screens.is_some()
            || step == Step::Quit
            || target.proxy.is_some()
            || habits.port == WEB_PORT
            || habits.verifies
        {
            return None;
        }
        let connection = self.attempts.connections.get(run.connection?)?;
        let opens = step == Step::Open;
        let Line { latency, bandwidth, calm, .. } = *line;
        // A server that is ready late greets late.
        let begins = if opens { connection.connected } else { self.now };
        if begins < calm.from || (opens && self.now > begins + latency) {
            return None;
        }
        let state = &self.hosts[target.host.index()];
        let limited = !connection.holds_slot || state.client_exceeds_limit(run.client);
        if limited || state.disk_is_full() {
            return None;
        }
        let ordinary = |mailbox: Mailbox| {
            let domain = self.layout.domains.get(mailbox.domain.index());
            domain.is_some_and(|domain| domain.is_ordinary(mailbox.local))
        };
        let sender = self.messages[run.message].sender();
        if !ordinary(mailbox) || !sender.is_none_or(ordinary) {
            return None;
        }
        let authorised = || self.is_authorised(run, target.host);
        if standing_reply(true, &state.config, mailbox, authorised) != RECIPIENT_TAKEN {
            return None;
        }
        let settings = &self.hosts[run.client.index()].config.client;
        if settings.options.dot_is_held_back(run.size, false) {
            // For how long depends on where in a tick of the clock it begins.
            return None;
        }
        let truths = Truths {
            authenticates: habits.authenticates,
            declares_size: habits.declares_size,
            submission: run.is_submission(),
            opens,
            resets: !opens && settings.resets(connection.refused),
            extended: connection.extended,
        };
        let circumstances = Circumstances {
            client,
            server,
            latency,
            bandwidth,
            port: habits.port,
            truths: truths.bits(),
        };
        let (size, received_fields) = (run.size, run.received_fields);
        Some(Question { circumstances, begins, calm, size, received_fields })
    }

    /// Returns the memory of a session in the same circumstances, if there is one.
    #[inline(always)]
    pub(crate) fn known_session(&self, question: &Question) -> Option<Known> {
        self.fast.undisturbed.memory.known(question)
    }

    /// Settles the session of a run from memory.
    #[inline(always)]
    pub(crate) fn settle_from_memory(&mut self, run: &mut Run, step: Step, known: Known) {
        let connection =
            run.connection.and_then(|connection| self.attempts.connections.get_mut(connection));
        let connection = connection.expect("a session has a connection");
        let Went { marks, transaction, extended } =
            self.fast.undisturbed.memory.recall(known, run.size);
        connection.transactions += 1;
        connection.extended = extended;
        run.ordinal_on_connection = connection.transactions;
        run.sessions += 1;
        run.replies.clear();
        run.replies.push(Some(RECIPIENT_TAKEN));
        run.transaction = Some(transaction);
        run.marks = match step {
            Step::Open => marks,
            // What is known of the opening stays.
            Step::GoOn | Step::Quit => {
                let SessionMarks { mail, rcpt, data, dot, .. } = marks;
                SessionMarks { mail, rcpt, data, dot, ..run.marks }
            }
        };
    }

    /// Returns how the session of a run went that has just been settled.
    pub(crate) fn went(&self, run: &Run) -> Went {
        let connection =
            run.connection.and_then(|connection| self.attempts.connections.get(connection));
        let extended = connection.expect("a session has a connection").extended;
        let transaction = run.transaction.expect("it came to a transaction");
        Went { marks: run.marks, transaction, extended }
    }

    /// Remembers a session that was run, if nothing disturbed it.
    pub(crate) fn remember(&mut self, run: &mut Run, question: &Question) {
        let went = self.went(run);
        let Transaction { failure, accepted_at, ended, .. } = went.transaction;
        let replies = &run.replies;
        if failure.is_none()
            && accepted_at.is_some_and(|at| at <= ended)
            && replies.as_slice() == [Some(RECIPIENT_TAKEN)]
            && ended < question.calm.to
        {
            self.fast.undisturbed.memory.remember(question, &went);
        }
    }

    /// Runs a session that memory knows, to be compared with it, and leaves everything as it was.
    pub(crate) fn rehearse(&mut self, run: &mut Run, line: &Line, step: Step) -> Went {
        let (marks, sessions, replies) = (run.marks, run.sessions, run.replies.clone());
        let connection = run.connection.expect("a session has a connection");
        let state = self.attempts.connections.get(connection).expect("a session has a connection");
        let (transactions, extended) = (state.transactions, state.extended);
        assert!(self.settle_session(run, line, step), "memory knows of a transaction");
        let went = self.went(run);
        assert_eq!(run.replies, [Some(RECIPIENT_TAKEN)]);
        (run.marks, run.sessions, run.replies) = (marks, sessions, replies);
        run.transaction = None;
        let state =
            self.attempts.connections.get_mut(connection).expect("a session has a connection");
        (state.transactions, state.extended) = (transactions, extended);
        went
    }
}
