//! The world held at a moment: somebody from outside calls one of its servers and is answered as a
//! client of the run would be.
//!
//! The caller's session is not settled in one call: each line is answered by itself, by the rules of
//! [`Session`], over the wire and by the server as they are then. While time passes between two lines
//! the run goes on around the caller, who takes up one of the server's slots. What the caller hands
//! over is kept by nobody here: it belongs to another run, in which it is mail of the scenario.

use crate::dns::{Ask, Chance};
use crate::fault::Timeline;
use crate::mail::{AttemptOutcome, HostId, Mailbox, Reply, Stage, Status};
use crate::network::{AddressId, SynSchedule};
use crate::random::SessionDraw;
use crate::screening::Screen;
use crate::smtp::{
    ClientSettings, ClientTimeouts, ClientTls, Conditions, Connect, Extensions, Failure, Heard,
    Letter, Order, PortFault, Session, Spoken, Verb, extensions,
};
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::acceptance::Visitor;
use super::draws::TryDraws;
use super::inquiry::Inquiry;
use super::policy::Policy;
use super::run::Target;
use super::wires::{cuts, wire};
use super::world::World;

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The host at which the caller sits.
    pub client: HostId,
    /// The host called: a server, or a proxy in front of one.
    pub host: HostId,
    /// The port: 25, 465 or 587 for SMTP, any other for what a store serves.
    pub port: u16,
}

impl Call {
    fn is_smtp(self) -> bool {
        matches!(self.port, 25 | 465 | 587)
    }
}

/// What a caller has written that a server's screens look at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Written {
    /// The address in the From field; none: that of the reverse path.
    pub author: Option<Mailbox>,
    /// What content filters think of the text.
    pub score: f64,
}

/// The world, held, and the session of a caller.
#[derive(Debug)]
pub struct Moment<'s, 'k, S: FactSink> {
    world: World<'s, 'k, S>,
    visit: Option<Visit<'s>>,
    /// Lines said, for the keys of draws.
    lines: u64,
}

/// A call that was answered.
#[derive(Debug)]
struct Visit<'s> {
    call: Call,
    target: Target,
    client: ClientSettings,
    connected: SimTime,
    /// When the server's slot was taken; none: it has none for the caller.
    slot_since: Option<SimTime>,
    order: Option<Order>,
    authenticated: bool,
    transactions: u32,
    /// The server's screens at work on the transaction.
    screen: Option<Box<Screen<'s>>>,
}

/// How long a client waits for a greeting (RFC 5321 §4.5.3.2.1).
const PATIENCE: SimDuration = SimDuration::from_minutes(5);

impl<'s, 'k, S: FactSink> Moment<'s, 'k, S> {
    pub(super) fn new(mut world: World<'s, 'k, S>, at: SimTime) -> Self {
        world.begin();
        world.pass_to(at);
        Self { world, visit: None, lines: 0 }
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.world.now
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: SimDuration) {
        let at = self.world.now.saturating_add(time);
        self.world.pass_to(at);
    }

    /// Returns the server that answers at a host: the host itself, or the one behind a proxy.
    #[must_use]
    pub fn server_at(&self, host: HostId) -> HostId {
        self.world.behind.get(&host).copied().unwrap_or(host)
    }

    /// Opens a connection, with the patience of the caller's kernel. Returns when it stands.
    ///
    /// # Errors
    /// How and when it failed.
    pub fn connect(&mut self, call: Call) -> Result<SimTime, Failure> {
        let target = self.target(call);
        let connected = self.reach(call, target, Stage::Connect);
        if let Ok(at) = connected {
            self.begin(call, target, at);
        }
        connected
    }

    /// Sends something to a store over the connection at hand, and waits for the answer: a round
    /// trip, as far as the network and the host let it pass.
    ///
    /// # Errors
    /// How and when it failed.
    ///
    /// # Panics
    /// If there is no connection.
    pub fn round_trip(&mut self) -> Result<SimTime, Failure> {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let (call, target) = (visit.call, visit.target);
        self.reach(call, target, Stage::Dot)
    }

    /// Waits for the rest of an answer of a store whose first octets have come: the time that so many
    /// octets take on the way, as for the readers of a run.
    ///
    /// # Panics
    /// If there is no connection.
    pub fn receive(&mut self, octets: Octets) {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let (call, target) = (visit.call, visit.target);
        let pairs = self.world.pairs(call.client, target);
        let world = &self.world;
        let wire = wire(&world.reach, &world.faults, call.client, target, pairs, world.now)
            .with_jitter(&world.session_streams, || {
                [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0]
            });
        let mut transfer = crate::access::Session::new(wire.round_trip(), wire.bandwidth);
        transfer.command(octets);
        let rest = transfer.cost().duration.saturating_sub(wire.round_trip());
        self.pass(rest);
    }

    fn reach(&mut self, call: Call, target: Target, stage: Stage) -> Result<SimTime, Failure> {
        let syn = SynSchedule::default();
        let now = self.world.now;
        if !self.world.speaks_to(call.client, target.address) {
            let (outcome, status) = (AttemptOutcome::Refused, Status::NO_ANSWER);
            return Err(Failure { at: now, stage, outcome, reply: None, status });
        }
        let pairs = self.world.pairs(call.client, target);
        let world = &self.world;
        let mut wire = wire(&world.reach, &world.faults, call.client, target, pairs, now)
            .with_jitter(&world.session_streams, || {
                [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0]
            });
        // What strikes the SMTP port does not strike what a store serves.
        let open = Timeline::<PortFault>::default();
        let crash = world.faults.crashes[target.host.index()].at(now);
        let mut connect = Connect::Refused(now + wire.round_trip());
        if call.is_smtp() {
            connect = wire.connect(now, syn.gives_up_after(), syn);
        } else if crash.is_none_or(|(_, crash)| crash.machine) {
            let cuts = cuts(&world.reach, &world.faults, call.client, target, pairs);
            let crashes = &world.faults.crashes[target.host.index()];
            wire.conditions = Conditions::new(now, &open, cuts, crashes);
            connect = wire.connect(now, syn.gives_up_after(), syn);
        }
        let (at, outcome) = match connect {
            Connect::Connected(at) => (at, None),
            Connect::Refused(at) => (at, Some(AttemptOutcome::Refused)),
            Connect::TimedOut(at) => (at, Some(AttemptOutcome::Timeout)),
        };
        self.world.pass_to(at);
        let status = Status::NO_ANSWER;
        outcome.map_or(Ok(at), |outcome| Err(Failure { at, stage, outcome, reply: None, status }))
    }

    fn begin(&mut self, call: Call, target: Target, at: SimTime) {
        let config = self.world.hosts[call.client.index()].config;
        let client = ClientSettings {
            timeouts: ClientTimeouts::RFC5321,
            declares_size: true,
            size_margin: Octets::ZERO,
            ..(*config.client).clone()
        };
        self.visit = Some(Visit {
            call,
            target,
            client,
            connected: at,
            slot_since: None,
            order: None,
            authenticated: false,
            transactions: 0,
            screen: None,
        });
    }

    /// Waits for the greeting of an SMTP server, and before that for a free slot of it.
    ///
    /// # Errors
    /// How it failed, if no greeting came.
    ///
    /// # Panics
    /// If there is no connection.
    pub fn greeting(&mut self) -> Result<Heard, Failure> {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let (server, client) = (visit.target.host, visit.call.client);
        let secure = visit.call.port == 465;
        let since = self.world.now;
        let refuses = self.world.hosts[server.index()].config.server.refuses_excess_sessions;
        while !refuses && !self.world.hosts[server.index()].has_slot() {
            match self.world.events.peek_time() {
                Some(at) if at <= since + PATIENCE && !self.world.is_endless() => {
                    self.world.pass_to(at);
                }
                _ => return Err(self.nobody_greets(since + PATIENCE)),
            }
        }
        let served = self.world.hosts[server.index()].has_slot();
        if served {
            self.world.occupy_slot(server, client);
        }
        let host = &self.world.hosts[server.index()];
        let excess = !served || host.client_exceeds_limit(client);
        let refusal = excess.then_some(Reply::new(421, Status::new(4, 7, 0)));
        let (ready, sessions) = (self.world.now, host.inbound);
        let visit = self.visit.as_mut().expect("the caller is connected");
        visit.slot_since = served.then_some(ready);
        let (heard, order) = self.with_session(None, &[], |session, _, draws| {
            let heard = session.await_greeting(ready, refusal, sessions, draws);
            let order = heard.as_ref().ok().map(|heard| session.order(heard.reply, secure));
            (heard, order)
        });
        if let Some(visit) = &mut self.visit {
            visit.order = order;
        }
        self.reached(heard)
    }

    fn nobody_greets(&mut self, at: SimTime) -> Failure {
        self.world.pass_to(at);
        Failure {
            at,
            stage: Stage::Greeting,
            outcome: AttemptOutcome::Timeout,
            reply: None,
            status: Status::BAD_CONNECTION,
        }
    }

    /// Says one line to an SMTP server that has greeted; `sender` is the reverse path of the
    /// transaction, and `recipients` are its forward paths.
    ///
    /// # Errors
    /// How it failed, if no reply came.
    ///
    /// # Panics
    /// If there is no session.
    pub fn say(
        &mut self,
        spoken: &Spoken<'_>,
        sender: Option<Mailbox>,
        recipients: &[Mailbox],
    ) -> Result<Heard, Failure> {
        let mut order = self.take_order();
        let now = self.world.now;
        if let (Spoken::Mail(_), Some(visit)) = (spoken, &mut self.visit) {
            visit.screen = None;
        }
        let heard = self.with_session(sender, recipients, |session, policy, draws| {
            session.say(now, spoken, &mut order, policy, draws)
        });
        self.give_order(order);
        if let (Ok(heard), Spoken::Other(Verb::Auth), Some(visit)) =
            (&heard, spoken, &mut self.visit)
        {
            visit.authenticated |= heard.reply.is_positive();
        }
        self.reached(heard)
    }

    /// Ends a message that was typed, for those of its recipients that were `accepted`. Returns
    /// besides when the server takes it, whether or not its reply arrives.
    ///
    /// # Panics
    /// If there is no session.
    pub fn end_message(
        &mut self,
        letter: &Letter<'_>,
        sender: Option<Mailbox>,
        accepted: &[Mailbox],
        written: Written,
    ) -> (Option<SimTime>, Result<Heard, Failure>) {
        let mut order = self.take_order();
        let now = self.world.now;
        let (taken, heard, visitor) =
            self.with_session(sender, accepted, |session, policy, draws| {
                if let Some(screen) = &mut policy.screen {
                    let author = written.author.map(|mailbox| mailbox.domain);
                    screen.dossier.author = author.or(screen.dossier.author);
                    screen.dossier.score = written.score;
                }
                let (taken, heard) =
                    session.end_message(now, letter, accepted.len(), &mut order, policy, draws);
                (taken, heard, policy.visitor)
            });
        self.give_order(order);
        let visit = self.visit.as_mut().expect("the caller is connected");
        visit.transactions += 1;
        let host = &mut self.world.hosts[visit.target.host.index()];
        let rules = &host.config.server.acceptance;
        if let Some(at) = taken.filter(|_| rules.counts()) {
            host.tallies.note(rules, &mut self.world.shared_limits, &visitor, accepted, false, at);
        }
        let most = rules.messages_per_connection;
        let worn = most.is_some_and(|most| visit.transactions >= most);
        let heard = heard.map(|heard| Heard { closes: heard.closes || worn, ..heard });
        (taken, self.reached(heard))
    }

    /// Returns whether the server would refuse a command for coming now, or does not offer it.
    ///
    /// # Panics
    /// If there is no session.
    #[must_use]
    pub fn refuses(&self, verb: Verb) -> bool {
        let order = self.visit.as_ref().and_then(|visit| visit.order.as_ref());
        order.expect("a session has an order").refuses(verb)
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        let Some(Visit { target, call, slot_since: Some(since), .. }) = self.visit.take() else {
            return;
        };
        self.world.vacate_slot(target.host, call.client, since);
        self.world.serve_waiting(target.host);
    }

    /// Returns the lines of a positive reply to EHLO as things stand.
    ///
    /// # Panics
    /// If there is no session.
    #[must_use]
    pub fn extensions(&self) -> Vec<String> {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let host = self.world.hosts[visit.target.host.index()].config;
        let order = visit.order.as_ref().expect("a session has an order");
        extensions(&Extensions {
            server_name: &host.name,
            server: host.server,
            starttls: order.offers_starttls(),
            auth: order.offers_auth(),
        })
    }

    /// Returns whether the caller sits where the server's own mail programs do, who may send to anybody,
    /// by port 25 too, as in a run.
    fn is_own_client(&self) -> bool {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let mut submissions = self.world.scenario.mail.iter().map(|entry| &entry.submission);
        submissions.any(|submission| {
            submission.client == Some(visit.call.client)
                && submission.server == visit.target.host
                && submission.port == 25
        })
    }

    /// Returns whether the caller may send to anybody.
    fn is_authorised(&self) -> bool {
        let visit = self.visit.as_ref().expect("the caller is connected");
        let client = self.world.hosts[visit.call.client.index()].config;
        visit.authenticated || self.is_own_client() || client.leads_to(visit.target.host)
    }

    /// The server's screens, as far as they have come with the transaction.
    fn take_screen(
        &mut self,
        sender: Option<Mailbox>,
        authorised: bool,
    ) -> Option<Box<Screen<'s>>> {
        let visit = self.visit.as_mut().expect("the caller is connected");
        if let Some(screen) = visit.screen.take() {
            return Some(screen);
        }
        let (call, target) = (visit.call, visit.target);
        if authorised {
            return None;
        }
        self.world.screen_of_caller(call.client, target, sender.map(|mailbox| mailbox.domain))
    }

    fn take_order(&mut self) -> Order {
        let order = self.visit.as_mut().and_then(|visit| visit.order.take());
        order.expect("a session has an order")
    }

    fn give_order(&mut self, order: Order) {
        if let Some(visit) = &mut self.visit {
            visit.order = Some(order);
        }
    }

    /// Time has passed until something was heard, or until it was known that nothing is.
    fn reached(&mut self, heard: Result<Heard, Failure>) -> Result<Heard, Failure> {
        let at = heard.as_ref().map_or_else(|failure| failure.at, |heard| heard.at);
        self.world.pass_to(at);
        heard
    }

    fn target(&self, call: Call) -> Target {
        let host = self.server_at(call.host);
        // One that the caller's machine has a way to, if there is one.
        let addresses = &self.world.scenario.hosts[call.host.index()].addresses;
        let reached = |address: &&AddressId| self.world.speaks_to(call.client, **address);
        let address = *addresses.iter().find(reached).unwrap_or(&addresses[0]);
        let proxy = (host != call.host).then_some(call.host);
        Target { preference: None, address, host, proxy }
    }

    /// Gives the caller's session, the server's policy and draws to `what`.
    fn with_session<R>(
        &mut self,
        sender: Option<Mailbox>,
        recipients: &[Mailbox],
        what: impl FnOnce(&mut Session<'_>, &mut Policy<'_, 's>, &mut TryDraws<'_, 7>) -> R,
    ) -> R {
        self.lines += 1;
        let own = self.is_own_client();
        let authorised = self.is_authorised();
        let screen = self.take_screen(sender, authorised);
        let key = [SessionDraw::Caller.number(), self.lines, 0, 0, 0, 0, 0];
        let visit = self.visit.as_ref().expect("the caller is connected");
        let (call, target) = (visit.call, visit.target);
        let pairs = self.world.pairs(call.client, target);
        let seen = self.world.seen_by_server(call.client, target);
        let asked = self.world.asked_by(target.host).map(|(rules, asked)| {
            let pairs = self.world.pairs(target.host, asked);
            (rules, (asked, pairs), self.world.hosts[asked.host.index()].config)
        });
        let world = &mut self.world;
        let visit = self.visit.as_ref().expect("the caller is connected");
        let scenario = world.scenario;
        let line = wire(&world.reach, &world.faults, call.client, target, pairs, world.now)
            .with_jitter(&world.session_streams, || {
                [SessionDraw::Caller.number(), 0, 0, 0, 0, 0, 0]
            });
        let client_config = world.hosts[call.client.index()].config;
        let address = world.hosts[seen.index()].config.addresses.first().copied();
        let inquiry = asked.map(|(rules, (asked, pairs), config)| Inquiry {
            rules,
            wire: wire(&world.reach, &world.faults, target.host, asked, pairs, world.now)
                .with_jitter(&world.session_streams, || key),
            asked: config,
            deviations: &world.faults.rules[asked.host.index()],
            verified: world.verified.entry(target.host).or_default(),
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
            wire: line,
            client: &visit.client,
            server: config.server,
            rules: &world.faults.rules[target.host.index()],
            connected: visit.connected,
            tls,
            authenticates: visit.authenticated,
            requires_authentication: call.port != 25,
            extended: true,
            closed: None,
        };
        let mut policy = Policy {
            scenario,
            domains: &world.domains,
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
            shared_limits: &mut world.shared_limits,
            resolver: &mut server.resolver,
            ask: Ask {
                zone: &scenario.zone,
                failures: world.name_service.failures(target.host),
                settings: config.resolver,
                chance: Some(Chance { streams: &world.resolver_streams, host: server.key }),
                failure_is_none: false,
            },
            greylists: &mut world.greylists,
            own: target.host,
            client_address: address,
            inquiry,
            sender,
            mailboxes: recipients,
            screen,
        };
        let mut draws = TryDraws::new(&world.session_streams, key);
        let said = what(&mut session, &mut policy, &mut draws);
        let screen = policy.screen.take();
        if let Some(visit) = &mut self.visit {
            visit.screen = screen;
        }
        said
    }
}
