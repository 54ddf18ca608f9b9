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
//! A session of the retry day takes 2,500 instructions if it is run, and 500 from memory.

use crate::engine::Handle;
use crate::fault::Interval;
use crate::mail::HostId;
use crate::network::AddressId;
use crate::random::Distribution;
use crate::scenario::{Host, Scenario};
use crate::smtp::{ServerSettings, Transaction, WEB_PORT, sending_time};
use crate::trace::{FactSink, SessionMarks};
use crate::units::{BitRate, Octets, SimDuration, SimTime};

use super::converse::Step;
use super::faults::Faults;
use super::policy::{RECIPIENT_TAKEN, standing_reply};
use super::run::Target;
use super::submission::Habits;
use super::wires::Line;
use super::world::World;

/// What decides about an undisturbed session, besides the message's size and Received fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Circumstances {
    client: ClientNumber,
    server: ServerNumber,
    latency: SimDuration,
    rate: Option<BitRate>,
    habits: Habits,
    submission: bool,
    international: bool,
    /// Whether the dot waits for an acknowledgement.
    dot_is_held_back: bool,
    /// Whether it begins with an opening.
    opens: bool,
    /// Whether it begins with RSET.
    resets: bool,
    /// Whether EHLO was understood before.
    extended: bool,
}

/// Names client settings: equal numbers, equal settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClientNumber(u32);

/// Names server settings: equal numbers, equal settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ServerNumber(u32);

/// How a host behaves in undisturbed sessions. Small and apart from the host, since it is asked for
/// in each session.
#[derive(Debug, Clone, Copy)]
struct Manner {
    client: ClientNumber,
    /// None: no session with it is the same every time.
    server: Option<ServerNumber>,
}

/// A session that is about to begin and that nothing will disturb, if it ends while it is calm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    circumstances: Circumstances,
    begins: SimTime,
    calm: Interval,
    size: Octets,
    received_fields: u32,
}

/// How a session went, as it would have gone from time zero on with a message that takes no time to
/// send.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    circumstances: Circumstances,
    /// The largest size and the most Received fields that were taken.
    largest: Octets,
    most_fields: u32,
    went: Went,
    /// The size of one message, and how long sending it takes.
    size: Octets,
    sending: SimDuration,
}

/// How a session went that came to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Went {
    pub(super) marks: SessionMarks,
    pub(super) transaction: Transaction,
    /// Whether EHLO was understood.
    pub(super) extended: bool,
}

/// A memory of the session that is about to begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    place: usize,
    /// From time zero to its beginning, and so much more to the message's way.
    begins: SimDuration,
    sent: SimDuration,
}

/// Remembered sessions, and who has equal settings.
#[derive(Debug)]
pub(super) struct Undisturbed {
    /// By host.
    manners: Vec<Manner>,
    /// By address: a time in which nothing befalls what is sent to it.
    calm_addresses: Vec<Interval>,
    /// By host: a time in which nothing cuts it off.
    calm_hosts: Vec<Interval>,
    /// Settings that have a number, so that the next gets another.
    numbered: u32,
    /// Two neighbours for each value of [`Circumstances::place`], the later memory first.
    remembered: Vec<Option<Remembered>>,
}

/// Nothing is known of when it is calm.
const UNKNOWN: Interval = Interval { from: SimTime::MAX, to: SimTime::ZERO };

/// Places for memories, 25 kB of them. A run needs a few: settings are shared by like hosts.
const PLACES: usize = 128;

impl Circumstances {
    /// Returns the first of the two places where a session in these circumstances is looked for.
    fn place(&self) -> usize {
        let Self { client, server, latency, habits, opens, .. } = *self;
        let mixed = u64::from(client.0) << 32
            ^ u64::from(server.0) << 16
            ^ u64::from(habits.port)
            ^ u64::from(opens) << 63
            ^ latency.as_nanos();
        // Fibonacci hashing: the upper bits of the product depend on all bits.
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.ilog2())) as usize & !1
    }
}

impl Undisturbed {
    /// Remembers nothing yet.
    pub(super) fn new(scenario: &Scenario, faults: &Faults) -> Self {
        let hosts = &scenario.hosts;
        let (mut clients, mut servers) = (Numbers::default(), Numbers::default());
        let manner = |(index, host): (usize, &Host)| Manner {
            client: ClientNumber(clients.of(&*host.client)),
            server: is_steady(host, HostId::from_index(index), faults)
                .then(|| ServerNumber(servers.of(&*host.server))),
        };
        let manners = hosts.iter().enumerate().map(manner).collect();
        let numbered = clients.count().max(servers.count());
        Self {
            manners,
            calm_addresses: vec![UNKNOWN; scenario.addresses.len()],
            calm_hosts: vec![UNKNOWN; hosts.len()],
            numbered,
            remembered: vec![None; PLACES],
        }
    }

    /// A host has got other settings.
    pub(super) fn configure(&mut self, host: HostId, config: &Host, faults: &Faults) {
        let number = self.numbered;
        self.numbered += 1;
        self.manners[host.index()] = Manner {
            client: ClientNumber(number),
            server: is_steady(config, host, faults).then_some(ServerNumber(number)),
        };
    }

    /// Returns the end of the time, now begun, in which nothing befalls what `client` sends to an
    /// address of `server`, if it is such a time. Two short looks take the place of six time lines.
    #[inline]
    fn calm_until(
        &mut self,
        faults: &Faults,
        (client, server): (HostId, HostId),
        address: AddressId,
        now: SimTime,
    ) -> Option<SimTime> {
        let there = &mut self.calm_addresses[address.index()];
        if !there.contains(now) {
            let port = faults.port[address.index()].calm_until(now);
            let to = port.min(faults.cut[server.index()].calm_until(now));
            *there = Interval { from: now, to };
        }
        let here = &mut self.calm_hosts[client.index()];
        if !here.contains(now) {
            *here = Interval { from: now, to: faults.cut[client.index()].calm_until(now) };
        }
        let to = there.to.min(here.to);
        (to > now).then_some(to)
    }

    /// Returns the memory of a session in the same circumstances, if there is one.
    #[inline]
    pub(super) fn known(&self, question: &Question) -> Option<Known> {
        let first = question.circumstances.place();
        let alike = |place: &usize| {
            let known = self.remembered[*place].as_ref();
            known.is_some_and(|known| known.circumstances == question.circumstances)
        };
        let place = [first, first + 1].into_iter().find(alike)?;
        let known = self.remembered[place].as_ref()?;
        if question.size > known.largest || question.received_fields > known.most_fields {
            return None;
        }
        let sending = if question.size == known.size {
            known.sending
        } else {
            question.circumstances.sending_time(question.size)
        };
        let begins = question.begins.since_start();
        let sent = begins.saturating_add(sending);
        let ended = known.went.transaction.ended.saturating_add(sent);
        (ended < question.calm.to).then_some(Known { place, begins, sent })
    }

    /// Returns how the session goes that a memory is of, with a message of this size.
    #[inline]
    fn recall(&self, known: Known, octets: Octets) -> Went {
        let Known { place, begins, sent } = known;
        let Some(Remembered { went, .. }) = &self.remembered[place] else {
            unreachable!("it was just found");
        };
        went.moved(|at| at.saturating_add(begins), |at| at.saturating_add(sent), octets)
    }

    fn remember(&mut self, question: &Question, went: &Went) {
        let &Question { circumstances, begins, size, received_fields, .. } = question;
        let first = circumstances.place();
        let places = &mut self.remembered[first..=first + 1];
        let known = places.iter_mut().flatten().find(|one| one.circumstances == circumstances);
        if let Some(known) = known {
            known.largest = known.largest.max(size);
            known.most_fields = known.most_fields.max(received_fields);
            return;
        }
        let sending = circumstances.sending_time(size);
        let back = |at: SimTime, span: SimDuration| match at {
            SimTime::MAX => SimTime::MAX,
            at => at.saturating_sub(span),
        };
        let (begins, sent) = (begins.since_start(), begins.since_start() + sending);
        places.swap(0, 1);
        places[0] = Some(Remembered {
            circumstances,
            largest: size,
            most_fields: received_fields,
            went: went.moved(|at| back(at, begins), |at| back(at, sent), size),
            size,
            sending,
        });
    }
}

impl Circumstances {
    fn sending_time(&self, size: Octets) -> SimDuration {
        sending_time(size, self.latency, self.rate)
    }
}

impl Went {
    /// Returns the session moved in time: by `before` up to the reply to DATA, by `after` from then
    /// on.
    #[inline]
    fn moved(
        &self,
        before: impl Fn(SimTime) -> SimTime,
        after: impl Fn(SimTime) -> SimTime,
        octets: Octets,
    ) -> Self {
        let Self { marks, transaction, extended } = self;
        Self {
            marks: SessionMarks {
                connected: before(marks.connected),
                greeting: before(marks.greeting),
                ehlo: before(marks.ehlo),
                tls: before(marks.tls),
                auth: before(marks.auth),
                mail: before(marks.mail),
                rcpt: before(marks.rcpt),
                data: before(marks.data),
                dot: after(marks.dot),
            },
            transaction: Transaction {
                ended: after(transaction.ended),
                failure: None,
                accepted_at: transaction.accepted_at.map(&after),
                dot_sent: after(transaction.dot_sent),
                octets,
                open: transaction.open,
            },
            extended: *extended,
        }
    }
}

/// Returns whether sessions with a server are the same every time, as far as it depends on the server.
fn is_steady(config: &Host, host: HostId, faults: &Faults) -> bool {
    let ServerSettings { service, options, acceptance, .. } = &*config.server;
    let constant = |times: &Distribution| matches!(times, Distribution::Constant(_));
    faults.rules[host.index()].is_empty()
        && faults.crashes[host.index()].is_empty()
        && [&service.greeting, &service.command, &service.message].into_iter().all(constant)
        && !acceptance.counts()
        && !options.checks_sender_domain
}

/// Numbers for settings. Like hosts share theirs, so equal ones are found by where they lie.
struct Numbers<T>(std::collections::BTreeMap<*const T, u32>);

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
    /// Returns the line between a client and an address on the default path, unless something befalls
    /// it now.
    #[inline]
    pub(super) fn calm_line(&mut self, client: HostId, target: Target) -> Option<Line> {
        if target.proxy.is_some() {
            return None;
        }
        let path = self.reach.default_path(client, target.host)?;
        if !path.jitter.is_zero() {
            return None;
        }
        let ends = (client, target.host);
        let to = self.undisturbed.calm_until(&self.faults, ends, target.address, self.now)?;
        Some(Line::by_default(path, Interval { from: self.now, to }))
    }

    /// Returns what memory is to be asked about the session of a run, unless something may disturb
    /// it.
    pub(super) fn undisturbed_question(
        &self,
        handle: Handle,
        line: &Line,
        step: Step,
    ) -> Option<Question> {
        let run = self.runs.get(handle)?;
        let target = run.target?;
        let client = self.undisturbed.manners[run.client.index()].client;
        let server = self.undisturbed.manners[target.host.index()].server?;
        let &[mailbox] = run.mailboxes.as_slice() else {
            return None;
        };
        let habits = self.habits_of(run);
        if self.screens.is_some()
            || step == Step::Quit
            || target.proxy.is_some()
            || habits.port == WEB_PORT
            || habits.verifies
        {
            return None;
        }
        let connection = self.connections.get(run.connection?)?;
        let opens = step == Step::Open;
        let Line { latency, rate, calm, .. } = *line;
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
        let ordinary = self.domains[mailbox.domain.index()].is_ordinary(mailbox.local);
        let domain = &self.scenario.domains[mailbox.domain.index()];
        let exists = ordinary || domain.has_mailbox(mailbox.local);
        let authorised = || self.is_authorised(run, target.host);
        let reply = standing_reply(exists, &state.config, mailbox, authorised);
        if (!ordinary && domain.is_mistyped(mailbox.local)) || reply != RECIPIENT_TAKEN {
            return None;
        }
        let settings = &self.hosts[run.client.index()].config.client;
        let circumstances = Circumstances {
            client,
            server,
            latency,
            rate,
            habits,
            submission: run.is_submission(),
            international: self.is_international(run),
            dot_is_held_back: settings.options.dot_is_held_back(run.size),
            opens,
            resets: !opens && settings.resets(connection.refused),
            extended: connection.extended,
        };
        let (size, received_fields) = (run.size, run.received_fields);
        Some(Question { circumstances, begins, calm, size, received_fields })
    }

    /// Settles the session of a run from memory.
    pub(super) fn settle_from_memory(
        &mut self,
        handle: Handle,
        step: Step,
        known: Known,
    ) -> Transaction {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let connection = run.connection.and_then(|connection| self.connections.get_mut(connection));
        let connection = connection.expect("a session has a connection");
        let Went { marks, transaction, extended } = self.undisturbed.recall(known, run.size);
        connection.transactions += 1;
        connection.extended = extended;
        run.ordinal_on_connection = connection.transactions;
        run.sessions += 1;
        run.replies.clear();
        run.replies.push(Some(RECIPIENT_TAKEN));
        run.marks = match step {
            Step::Open => marks,
            // What is known of the opening stays.
            Step::GoOn | Step::Quit => {
                let SessionMarks { mail, rcpt, data, dot, .. } = marks;
                SessionMarks { mail, rcpt, data, dot, ..run.marks }
            }
        };
        transaction
    }

    /// Remembers a session that was run, if nothing disturbed it.
    pub(super) fn remember(
        &mut self,
        handle: Handle,
        question: &Question,
        transaction: &Transaction,
    ) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let connection = run.connection.and_then(|connection| self.connections.get(connection));
        let connection = connection.expect("a session has a connection");
        let taken = transaction.accepted_at.is_some_and(|at| at <= transaction.ended);
        if transaction.failure.is_none()
            && taken
            && run.replies.as_slice() == [Some(RECIPIENT_TAKEN)]
            && transaction.ended < question.calm.to
        {
            let (marks, extended) = (run.marks, connection.extended);
            self.undisturbed
                .remember(question, &Went { marks, transaction: *transaction, extended });
        }
    }

    /// Runs a session that memory knows, to be compared with it, and leaves everything as it was.
    pub(super) fn rehearse(&mut self, handle: Handle, line: &Line, step: Step) -> Went {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let (marks, sessions, replies) = (run.marks, run.sessions, run.replies.clone());
        let connection = run.connection.expect("a session has a connection");
        let state = self.connections.get(connection).expect("a session has a connection");
        let (transactions, extended) = (state.transactions, state.extended);
        let settled = self.settle_session(handle, line, step);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let state = self.connections.get_mut(connection).expect("a session has a connection");
        let transaction = settled.expect("what memory knows comes to a transaction");
        let went = Went { marks: run.marks, transaction, extended: state.extended };
        assert_eq!(run.replies, [Some(RECIPIENT_TAKEN)]);
        (run.marks, run.sessions, run.replies) = (marks, sessions, replies);
        (state.transactions, state.extended) = (transactions, extended);
        went
    }

    /// Asserts that a session settled from memory is the one rehearsed.
    pub(super) fn assert_as_rehearsed(
        &self,
        handle: Handle,
        transaction: &Transaction,
        rehearsed: &Went,
    ) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let connection = run.connection.and_then(|connection| self.connections.get(connection));
        let connection = connection.expect("a session has a connection");
        let (marks, extended) = (run.marks, connection.extended);
        assert_eq!(Went { marks, transaction: *transaction, extended }, *rehearsed);
    }
}
