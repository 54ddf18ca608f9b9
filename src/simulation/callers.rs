//! Programs from outside that call servers of the run, and what becomes of what they do.
//!
//! A caller's session is not settled in one call: each of its inputs is answered by itself, by the
//! rules of [`Session`], over the wire and by the server as they are then. The caller takes up one of
//! the server's slots while it is connected. A message that a server takes from a caller enters the run
//! when the server answers for it, as mail that is the server's from then on.

use std::collections::BTreeMap;

use crate::dns::{Ask, Chance};
use crate::fault::Timeline;
use crate::mail::{AttemptOutcome, DomainId, HostId, Mailbox, MessageKey, Reply, Stage, Status};
use crate::network::{AddressId, Bandwidth, SynSchedule};
use crate::random::SessionDraw;
use crate::scenario::{Act, Call, CallerId, Input, Said, Text};
use crate::screening::Screen;
use crate::smtp::{
    ClientSettings, ClientTimeouts, ClientTls, Conditions, Connect, Failure, Heard, Letter, Order,
    PortFault, Session, Spoken, Verb, Wire,
};
use crate::trace::{FactSink, SessionMarks};
use crate::units::{Octets, SimDuration, SimTime};

use super::attempt::draws::TryDraws;
use super::attempt::run::Target;
use super::attempt::wire::{cuts, wire};
use super::callers_mail::Parcel;
use super::server::acceptance::Visitor;
use super::server::inquiry::Inquiry;
use super::server::policy::Policy;
use super::world::World;

/// Connections of callers.
#[derive(Debug, Default)]
pub(super) struct Callers<'s> {
    pub(super) visits: BTreeMap<CallerId, Visit<'s>>,
    /// Inputs of SMTP so far, for the keys of draws.
    lines: u64,
    /// Messages that were taken, until they enter the run.
    pub(super) parcels: BTreeMap<u32, Parcel>,
    /// What screens look at in messages that callers brought; kept where the scenario has any.
    pub(super) seen: BTreeMap<MessageKey, Seen>,
    /// How many there were.
    pub(super) taken: u32,
    /// Inputs of the scenario that were carried out.
    pub(super) done: usize,
}

/// What screens look at in a message that a caller has brought.
#[derive(Debug)]
pub(super) struct Seen {
    /// The domain of the address in its From field.
    pub(super) author: Option<DomainId>,
    /// What content filters think of it.
    pub(super) score: f64,
    /// The server to which it was submitted, which signs it; none: a stranger brought it.
    pub(super) submitted_to: Option<HostId>,
}

/// A call that was answered.
#[derive(Debug)]
pub(super) struct Visit<'s> {
    pub(super) call: Call,
    pub(super) target: Target,
    client: ClientSettings,
    connected: SimTime,
    /// When the server's slot was taken; none: it has none for the caller.
    slot_since: Option<SimTime>,
    pub(super) order: Option<Order>,
    authenticated: bool,
    transactions: u32,
    envelope: Envelope,
    marks: SessionMarks,
    /// The server's screens at work on the transaction.
    screen: Option<Box<Screen<'s>>>,
}

/// The envelope of the transaction at hand.
#[derive(Debug, Default)]
struct Envelope {
    sender: Option<Mailbox>,
    began: SimTime,
    declares_size: bool,
    accepted: Vec<Mailbox>,
}

/// What came of an input.
#[derive(Debug)]
pub(super) enum Answer {
    /// When the connection stands.
    Connected(Result<SimTime, Failure>),
    /// What is heard; with the message that it ends, when the server takes that, whether or not its
    /// reply arrives.
    Heard(Option<SimTime>, Result<Heard, Failure>),
    /// Nothing is heard: nobody is there, or the connection is closed.
    Nothing,
}

impl<'s, S: FactSink> World<'s, '_, S> {
    /// Carries out what a caller does now.
    pub(super) fn take_input(&mut self, input: &Input) -> Answer {
        let caller = input.caller;
        match &input.act {
            Act::Connect(call) => Answer::Connected(self.answer_call(caller, *call)),
            Act::Close => {
                self.end_visit(caller);
                Answer::Nothing
            }
            Act::Remove(from, message) => {
                self.taken_out(from.mailbox, *message);
                Answer::Nothing
            }
            Act::Answer(answered) => {
                self.outside_answered(answered);
                Answer::Nothing
            }
            Act::Greeting if self.callers.visits.contains_key(&caller) => self.greet(caller),
            Act::Say(said) if self.is_greeted(caller) => self.hear_caller(caller, said),
            Act::Message(text) if self.is_greeted(caller) => self.end_message(caller, text),
            Act::Greeting | Act::Say(_) | Act::Message(_) => Answer::Nothing,
        }
    }

    fn is_greeted(&self, caller: CallerId) -> bool {
        self.callers.visits.get(&caller).is_some_and(|visit| visit.order.is_some())
    }

    fn visit_of(&mut self, caller: CallerId) -> &mut Visit<'s> {
        self.callers.visits.get_mut(&caller).expect("the caller is connected")
    }

    /// Opens a connection, with the patience of the caller's kernel.
    fn answer_call(&mut self, caller: CallerId, call: Call) -> Result<SimTime, Failure> {
        self.end_visit(caller);
        let target = self.target_of_call(call);
        let connected = self.reach_server(call, target, Stage::Connect);
        if let Ok(at) = connected {
            let config = self.hosts[call.client.index()].config;
            let client = ClientSettings {
                timeouts: ClientTimeouts::RFC5321,
                declares_size: true,
                size_margin: Octets::ZERO,
                ..(*config.client).clone()
            };
            let visit = Visit {
                call,
                target,
                client,
                connected: at,
                slot_since: None,
                order: None,
                authenticated: false,
                transactions: 0,
                envelope: Envelope::default(),
                marks: SessionMarks { connected: at, ..SessionMarks::NONE },
                screen: None,
            };
            self.callers.visits.insert(caller, visit);
        }
        connected
    }

    fn target_of_call(&self, call: Call) -> Target {
        let host = self.layout.behind.get(&call.host).copied().unwrap_or(call.host);
        // One that the caller's machine has a way to, if there is one.
        let addresses = &self.scenario.hosts[call.host.index()].addresses;
        let reached = |address: &&AddressId| self.speaks_to(call.client, **address);
        let address = *addresses.iter().find(reached).unwrap_or(&addresses[0]);
        let proxy = (host != call.host).then_some(call.host);
        Target { preference: None, address, host, proxy }
    }

    /// Returns the wire between a caller and a server as it is now.
    fn caller_wire(&mut self, call: Call, target: Target) -> Wire<'_> {
        let pairs = self.pairs(call.client, target);
        let key = || [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0];
        let wire = wire(&self.ways.reach, &self.ways.faults, call.client, target, pairs, self.now)
            .with_jitter(&self.draws.session, key);
        beside(call, wire)
    }

    /// Sends something to a host and waits for the answer: a round trip, as far as the network and the
    /// host let it pass. Returns when the answer is there.
    pub(super) fn reach_server(
        &mut self,
        call: Call,
        target: Target,
        stage: Stage,
    ) -> Result<SimTime, Failure> {
        let syn = SynSchedule::default();
        let now = self.now;
        let status = Status::NO_ANSWER;
        if !call.adjacent && !self.speaks_to(call.client, target.address) {
            let outcome = AttemptOutcome::Refused;
            return Err(Failure { at: now, stage, outcome, reply: None, status });
        }
        let pairs = self.pairs(call.client, target);
        let open = Timeline::<PortFault>::default();
        let key = || [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0];
        let wire = wire(&self.ways.reach, &self.ways.faults, call.client, target, pairs, now)
            .with_jitter(&self.draws.session, key);
        let mut wire = beside(call, wire);
        // What strikes the SMTP port does not strike what a store serves.
        let crash = self.ways.faults.crashes[target.host.index()].at(now);
        let mut connect = Connect::Refused(now + wire.round_trip());
        if is_smtp(call) {
            connect = wire.connect(now, syn.gives_up_after(), syn);
        } else if crash.is_none_or(|(_, crash)| crash.machine) {
            let cuts = cuts(&self.ways.reach, &self.ways.faults, call.client, target, pairs);
            let crashes = &self.ways.faults.crashes[target.host.index()];
            wire.conditions = Conditions::new(now, &open, cuts, crashes);
            connect = wire.connect(now, syn.gives_up_after(), syn);
        }
        let failed = |at, outcome| Err(Failure { at, stage, outcome, reply: None, status });
        match connect {
            Connect::Connected(at) => Ok(at),
            Connect::Refused(at) => failed(at, AttemptOutcome::Refused),
            Connect::TimedOut(at) => failed(at, AttemptOutcome::Timeout),
        }
    }

    /// Returns how long the rest of an answer takes whose first octets have come.
    pub(super) fn rest_of_answer(&mut self, caller: CallerId, octets: Octets) -> SimDuration {
        let Some(visit) = self.callers.visits.get(&caller) else { return SimDuration::ZERO };
        let (call, target) = (visit.call, visit.target);
        let wire = self.caller_wire(call, target);
        let mut transfer = crate::access::Session::new(wire.round_trip(), wire.bandwidth);
        transfer.command(octets);
        transfer.cost().duration.saturating_sub(wire.round_trip())
    }

    /// Returns whether a server greets the caller, or turns it away, without having it wait for a free
    /// process first.
    pub(super) fn greets_at_once(&self, caller: CallerId) -> bool {
        let Some(visit) = self.callers.visits.get(&caller) else { return true };
        let host = &self.hosts[visit.target.host.index()];
        host.config.server.refuses_excess_sessions || host.has_slot()
    }

    fn greet(&mut self, caller: CallerId) -> Answer {
        let visit = self.visit_of(caller);
        let (server, client) = (visit.target.host, visit.call.client);
        let (secure, again) = (visit.call.port == 465, visit.slot_since.is_some());
        let served = !again && self.hosts[server.index()].has_slot();
        if served {
            self.occupy_slot(server, client);
        }
        let host = &self.hosts[server.index()];
        let excess = !served || host.client_exceeds_limit(client);
        let refusal = excess.then_some(Reply::new(421, Status::new(4, 7, 0)));
        let (ready, sessions) = (self.now, host.inbound);
        if served {
            self.visit_of(caller).slot_since = Some(ready);
        }
        let (heard, order) = self.with_session(caller, None, &[], |session, _, draws| {
            let heard = session.await_greeting(ready, refusal, sessions, draws);
            let order = heard.as_ref().ok().map(|heard| session.order(heard.reply, secure));
            (heard, order)
        });
        let visit = self.visit_of(caller);
        visit.order = order;
        visit.marks.greeting = heard.as_ref().map_or(SimTime::MAX, |heard| heard.at);
        Answer::Heard(None, heard)
    }

    /// A server that has greeted hears one command.
    fn hear_caller(&mut self, caller: CallerId, said: &Said) -> Answer {
        let now = self.now;
        let visit = self.visit_of(caller);
        let sender = visit.envelope.sender;
        let mut letter = Letter {
            recipients: &[],
            size: Octets::ZERO,
            received_fields: 0,
            declares_size: visit.envelope.declares_size,
            international: false,
            is_first: true,
        };
        let heard = match said {
            Said::Wrong(reply) => self.say(caller, &Spoken::Wrong(*reply), sender, &[]),
            Said::Other(verb) => self.say(caller, &Spoken::Other(*verb), sender, &[]),
            Said::Vrfy(who) => self.say(caller, &Spoken::Vrfy(0), sender, &[who.mailbox]),
            Said::Mail(from, size) => {
                visit.screen = None;
                letter.size = size.unwrap_or(Octets::ZERO);
                letter.declares_size = size.is_some();
                let sender = from.as_ref().map(|from| from.mailbox);
                let heard = self.say(caller, &Spoken::Mail(letter), sender, &[]);
                if is_positive(&heard) {
                    let declares_size = size.is_some();
                    self.visit_of(caller).envelope =
                        Envelope { sender, began: now, declares_size, accepted: Vec::new() };
                }
                heard
            }
            Said::Rcpt(to) => {
                let mut recipients = visit.envelope.accepted.clone();
                let accepted = u32::try_from(recipients.len()).unwrap_or(u32::MAX);
                recipients.push(to.mailbox);
                let index = recipients.len() - 1;
                letter.recipients = &recipients;
                let spoken = Spoken::Rcpt { letter, index, accepted };
                let heard = self.say(caller, &spoken, sender, &recipients);
                let accepted = &mut self.visit_of(caller).envelope.accepted;
                // RFC 5321 does not say that a recipient named twice is one; servers do.
                if is_positive(&heard) && !accepted.contains(&to.mailbox) {
                    accepted.push(to.mailbox);
                }
                heard
            }
        };
        self.note_heard(caller, said, &heard);
        Answer::Heard(None, heard)
    }

    /// What the session remembers of a command that was heard.
    fn note_heard(&mut self, caller: CallerId, said: &Said, heard: &Result<Heard, Failure>) {
        let Ok(heard) = heard else { return };
        let visit = self.visit_of(caller);
        let marks = &mut visit.marks;
        let positive = heard.reply.is_positive();
        match said {
            Said::Mail(..) => marks.mail = heard.at,
            Said::Rcpt(_) => marks.rcpt = heard.at,
            Said::Other(Verb::Data) => marks.data = heard.at,
            Said::Other(Verb::Auth) if positive => {
                (marks.auth, visit.authenticated) = (heard.at, true);
            }
            Said::Other(Verb::Ehlo | Verb::Helo) if positive => {
                if marks.tls == SimTime::MAX {
                    marks.ehlo = heard.at;
                }
                visit.envelope = Envelope::default();
            }
            // RFC 3207 §4.2: whatever was said before is forgotten.
            Said::Other(Verb::StartTls) if positive => {
                marks.tls = heard.at;
                visit.envelope = Envelope::default();
            }
            Said::Other(Verb::Rset) if positive => visit.envelope = Envelope::default(),
            _ => {}
        }
    }

    fn say(
        &mut self,
        caller: CallerId,
        spoken: &Spoken<'_>,
        sender: Option<Mailbox>,
        recipients: &[Mailbox],
    ) -> Result<Heard, Failure> {
        let now = self.now;
        let order = self.visit_of(caller).order.take();
        let mut order = order.expect("a server that has greeted keeps to an order");
        let heard = self.with_session(caller, sender, recipients, |session, policy, draws| {
            session.say(now, spoken, &mut order, policy, draws)
        });
        self.visit_of(caller).order = Some(order);
        heard
    }

    /// A message ends, for those of its recipients that were accepted.
    fn end_message(&mut self, caller: CallerId, text: &Text) -> Answer {
        let now = self.now;
        let visit = self.visit_of(caller);
        let order = visit.order.take();
        let mut order = order.expect("a server that has greeted keeps to an order");
        let envelope = std::mem::take(&mut visit.envelope);
        let (sender, accepted) = (envelope.sender, &envelope.accepted);
        let letter = Letter {
            recipients: accepted,
            size: text.size,
            received_fields: text.received_fields,
            declares_size: envelope.declares_size,
            international: false,
            is_first: true,
        };
        let (taken, heard, visitor, authorised, findings) =
            self.with_session(caller, sender, accepted, |session, policy, draws| {
                if let Some(screen) = &mut policy.screen {
                    let author = text.author.as_ref().map(|author| author.mailbox.domain);
                    screen.dossier.author = author.or(screen.dossier.author);
                    screen.dossier.score = text.score;
                }
                let count = accepted.len();
                let (taken, heard) =
                    session.end_message(now, &letter, count, &mut order, policy, draws);
                let findings = policy.screen.as_ref().map(|screen| screen.findings.clone());
                (taken, heard, policy.visitor, policy.authorised, findings)
            });
        let visit = self.visit_of(caller);
        (visit.order, visit.screen) = (Some(order), None);
        visit.transactions += 1;
        visit.marks.dot = heard.as_ref().map_or(SimTime::MAX, |heard| heard.at);
        let (target, call, marks) = (visit.target, visit.call, visit.marks);
        let transactions = visit.transactions;
        let host = &mut self.hosts[target.host.index()];
        let rules = &host.config.server.acceptance;
        if let Some(at) = taken.filter(|_| rules.counts()) {
            let shared = &mut self.policies.shared_limits;
            host.tallies.note(rules, shared, &visitor, accepted, false, at);
        }
        let most = rules.messages_per_connection;
        let worn = most.is_some_and(|most| transactions >= most);
        if let Some(at) = taken {
            let parcel = Parcel {
                call,
                target,
                began: envelope.began,
                sender,
                recipients: envelope.accepted,
                text: text.clone(),
                marks,
                transaction: transactions,
                authorised,
                findings,
            };
            self.await_parcel(at, parcel);
        }
        let heard = heard.map(|heard| Heard { closes: heard.closes || worn, ..heard });
        Answer::Heard(taken, heard)
    }

    /// A connection is closed, or lost.
    fn end_visit(&mut self, caller: CallerId) {
        let visit = self.callers.visits.remove(&caller);
        if let Some(Visit { target, call, slot_since: Some(since), .. }) = visit {
            self.vacate_slot(target.host, call.client, since);
            self.serve_waiting(target.host);
        }
    }

    /// Returns whether the caller sits where the server's own mail programs do, who may send to anybody,
    /// by port 25 too, as in a run.
    fn is_own_client(&self, call: Call, server: HostId) -> bool {
        let mut submissions = self.scenario.mail.iter().map(|entry| &entry.submission);
        submissions.any(|submission| {
            submission.client == Some(call.client)
                && submission.servers().any(|other| other == server)
                && submission.port == 25
        })
    }

    /// Gives the caller's session, the server's policy and draws to `what`.
    fn with_session<R>(
        &mut self,
        caller: CallerId,
        sender: Option<Mailbox>,
        recipients: &[Mailbox],
        what: impl FnOnce(&mut Session<'_>, &mut Policy<'_, 's>, &mut TryDraws<'_, 7>) -> R,
    ) -> R {
        self.callers.lines += 1;
        let key = [SessionDraw::Caller.number(), self.callers.lines, 0, 0, 0, 0, 0];
        let visit = self.visit_of(caller);
        let (call, target, authenticated) = (visit.call, visit.target, visit.authenticated);
        let screen = visit.screen.take();
        let client_config = self.hosts[call.client.index()].config;
        let own = self.is_own_client(call, target.host);
        let authorised = authenticated || own || client_config.leads_to(target.host);
        let domain = sender.map(|mailbox| mailbox.domain);
        let screen = match screen {
            None if !authorised => self.screen_of_caller(call.client, target, domain),
            known => known,
        };
        let pairs = self.pairs(call.client, target);
        let seen = self.seen_by_server(call.client, target);
        let asked = self.asked_by(target.host).map(|(rules, asked)| {
            let pairs = self.pairs(target.host, asked);
            (rules, (asked, pairs), self.hosts[asked.host.index()].config)
        });
        let world = self;
        let visit = world.callers.visits.get(&caller).expect("the caller is connected");
        let scenario = world.scenario;
        let line =
            wire(&world.ways.reach, &world.ways.faults, call.client, target, pairs, world.now)
                .with_jitter(&world.draws.session, || {
                    [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0]
                });
        let address = world.hosts[seen.index()].config.addresses.first().copied();
        let inquiry = asked.map(|(rules, (asked, pairs), config)| Inquiry {
            rules,
            wire: wire(&world.ways.reach, &world.ways.faults, target.host, asked, pairs, world.now)
                .with_jitter(&world.draws.session, || key),
            asked: config,
            deviations: &world.ways.faults.rules[asked.host.index()],
            verified: world.policies.verified.entry(target.host).or_default(),
        });
        let server = &mut world.hosts[target.host.index()];
        let config = server.config;
        let tls = match call.port {
            465 => ClientTls::Implicit,
            587 => ClientTls::Opportunistic,
            _ if config.server.starttls => ClientTls::Opportunistic,
            _ => ClientTls::Never,
        };
        let mut session = Session {
            wire: beside(call, line),
            client: &visit.client,
            server: config.server,
            rules: world.ways.faults.rules[target.host.index()].before_mail(),
            connected: visit.connected,
            tls,
            authenticates: authenticated,
            requires_authentication: call.port != 25,
            extended: true,
            knows_size_limit: true,
            refused_in_a_row: 0,
            closed: None,
        };
        let mut policy = Policy {
            scenario,
            domains: &world.layout.domains,
            config,
            client: seen,
            authorised,
            has_room: !server.disk_is_full(),
            visitor: Visitor {
                submission: call.port != 25 || own,
                sender,
                address,
                standing: client_config.standing,
            },
            tallies: &mut server.tallies,
            shared_limits: &mut world.policies.shared_limits,
            resolver: &mut server.resolver,
            ask: Ask {
                zone: &scenario.zone,
                failures: world.ways.name_service.failures(target.host),
                settings: config.resolver,
                chance: Some(Chance { streams: &world.draws.resolver, host: server.key }),
                failure_is_none: false,
                asks_together: false,
                families: 1,
            },
            greylists: &mut world.policies.greylists,
            own: target.host,
            client_address: address,
            inquiry,
            sender,
            mailboxes: recipients,
            screen,
        };
        let mut draws = TryDraws::new(&world.draws.session, key);
        let said = what(&mut session, &mut policy, &mut draws);
        let screen = policy.screen.take();
        if let Some(visit) = world.callers.visits.get_mut(&caller) {
            visit.screen = screen;
        }
        said
    }
}

fn is_smtp(call: Call) -> bool {
    matches!(call.port, 25 | 465 | 587)
}

fn is_positive(heard: &Result<Heard, Failure>) -> bool {
    heard.as_ref().is_ok_and(|heard| heard.reply.is_positive())
}

/// No line of the network lies between a server and a caller beside it.
fn beside(call: Call, wire: Wire<'_>) -> Wire<'_> {
    match call.adjacent {
        true => Wire { latency: SimDuration::ZERO, bandwidth: Bandwidth::UNLIMITED, ..wire },
        false => wire,
    }
}
