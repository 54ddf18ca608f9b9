//! A checked scenario: every name resolved, every quantity typed, ready to be built.

pub(crate) mod callers;
pub(crate) mod note;

pub use note::{Moment, Note, NotedEvent, Occasion};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::Reading;
use crate::dns::{DnsFailure, FailureScope, NameId, ResolverSettings, Zone};
use crate::fault::Schedule;
use crate::mail::{DomainId, HostId, Mailbox, MailboxNames};
use crate::measure::{AskedFigure, Window};
use crate::model::callers::{Guests, Input};
use crate::network::{Address, AddressId, LinkId, Topology};
use crate::queue::{QueueSettings, TransportId};
use crate::screening::{Published, Screening};
use crate::smtp::{ClientSettings, Deviation, ServerSettings, Standing};
use crate::units::{Octets, SimDuration, SimTime, write_padded};
use crate::workload::{Automatic, MailEntry};

/// Everything a run needs, and nothing else: two equal scenarios with equal seeds give equal
/// bytes.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name: the file's stem.
    pub name: String,
    /// Title, one line.
    pub title: String,
    /// The question the scenario answers.
    pub question: String,
    /// What to look for in the result.
    pub look_for: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// Replication number: other draws under the same seed.
    pub replication: u64,
    /// End of observed time.
    pub duration: SimDuration,
    /// How often queues are sampled for `queues.csv`.
    pub sample_every: SimDuration,
    /// Hosts by [`HostId`].
    pub hosts: Vec<Host>,
    /// Addresses by [`AddressId`].
    pub addresses: Vec<Address>,
    /// Links and routes.
    pub topology: Topology,
    /// DNS names.
    pub zone: Zone,
    /// Domains by [`DomainId`].
    pub domains: Vec<Domain>,
    /// Mail that is sent.
    pub mail: Vec<MailEntry>,
    /// Blocklists and sender policies, for who looks them up.
    pub published: Published,
    /// What mailboxes do by themselves.
    pub automatic: Automatic,
    /// How mailboxes are read.
    pub reading: Vec<Reading>,
    /// What fails.
    pub outages: Vec<Outage>,
    /// What is done at given times.
    pub actions: Vec<Action>,
    /// Named windows of time, by which figures speak of when mail was submitted.
    pub windows: Vec<(String, Window)>,
    /// Further figures that the summary holds.
    pub figures: Vec<AskedFigure>,
    /// Bounds on figures.
    pub expectations: Vec<Expectation>,
    /// Remarks shown beside the run: those at given times in order of time, then those on events.
    pub notes: Vec<Note>,
    /// Passwords by login name; for any other name any will do.
    pub passwords: Vec<(String, String)>,
    /// The domain of addresses that only callers speak of; none: it takes no callers.
    pub elsewhere: Option<DomainId>,
    /// Addresses that only callers speak of.
    pub guests: Guests,
    /// What callers did, in order of time.
    pub inputs: Vec<Input>,
}

/// A mail domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Its name in the DNS.
    pub dns: NameId,
    /// Spellings of named mailboxes, by position. Positions from `named.len()` up to `mailboxes`
    /// are numbered (`user00042`); those at or beyond `mailboxes` do not exist and are spelt from
    /// `unknown`.
    pub named: Vec<String>,
    /// Number of mailboxes that exist.
    pub mailboxes: u32,
    /// Addresses that mail is sent to although they do not exist.
    pub unknown: Vec<String>,
    /// Positions at or beyond `mailboxes` that exist all the same, though the scenario does not name
    /// them: `postmaster` (RFC 5321 §4.5.1), and mailboxes spoken of by an address literal.
    pub also: BTreeSet<u32>,
    /// Positions that stand for addresses wrong in syntax (RFC 5321 §4.1.2): no server takes them.
    pub mistyped: BTreeSet<u32>,
    /// Those of them that are wrong by stray dots alone (`a..b`), which some servers take.
    pub stray_dots: BTreeSet<u32>,
    /// The host where mailboxes are kept; none: outside the scenario, nobody accepts.
    pub store: Option<HostId>,
}

impl Domain {
    /// Returns whether there is a mailbox at this position.
    #[must_use]
    pub fn has_mailbox(&self, local: u32) -> bool {
        local < self.mailboxes || self.also.contains(&local)
    }

    /// Returns whether the local part at this position is no address at all; `with_dots`: for a server
    /// that takes stray dots.
    #[must_use]
    pub fn is_mistyped(&self, local: u32, with_dots: bool) -> bool {
        self.mistyped.contains(&local) && !(with_dots && self.stray_dots.contains(&local))
    }

    /// Returns the position of a local part, in the form of [`crate::mail::local_part`], if the
    /// scenario speaks of it.
    #[must_use]
    pub fn position(&self, local: &str) -> Option<u32> {
        let find = |list: &[String]| {
            let place = list.iter().position(|known| known == local)?;
            u32::try_from(place).ok()
        };
        let numbered = || {
            let digits = local.strip_prefix("user")?;
            let number: u32 = digits.parse().ok()?;
            let spelt = format!("user{number:05}") == local;
            let there = (self.named.len() as u32 + 1..=self.mailboxes).contains(&number);
            (spelt && there).then(|| number - 1)
        };
        let unknown = || find(&self.unknown).map(|place| self.mailboxes + place);
        find(&self.named).or_else(numbered).or_else(unknown)
    }

    /// Returns whether the local part at this position goes beyond ASCII (RFC 6531).
    #[must_use]
    pub fn is_international(&self, local: u32) -> bool {
        let beyond = |at: u32, list: &[String]| {
            list.get(at as usize).is_some_and(|spelling| !spelling.is_ascii())
        };
        beyond(local, &self.named)
            || local >= self.mailboxes && beyond(local - self.mailboxes, &self.unknown)
    }
}

/// What a host is there for. A host may have several roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// Mail user agent: composes and submits.
    pub mua: bool,
    /// Takes submissions (RFC 6409).
    pub submission: bool,
    /// Relays mail of others.
    pub relay: bool,
    /// Passes sessions on to a server behind it.
    pub proxy: bool,
    /// Named by MX records.
    pub mx: bool,
    /// Keeps mailboxes and serves POP3 and IMAP.
    pub store: bool,
    /// Answers DNS questions.
    pub dns: bool,
}

/// A host.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Roles.
    pub roles: Roles,
    /// Its addresses, in the order of its address records.
    pub addresses: Vec<AddressId>,
    /// Its name in the DNS.
    pub dns: NameId,
    /// Name of the MTA profile it was made from.
    pub profile: String,
    /// Queue manager. These and the other settings are shared by hosts whose settings are equal: a
    /// network of thousands of like servers would otherwise read each of them from memory.
    pub queue: Arc<QueueSettings>,
    /// SMTP client.
    pub client: Arc<ClientSettings>,
    /// SMTP server.
    pub server: Arc<ServerSettings>,
    /// Routing.
    pub routing: Routing,
    /// DNS client.
    pub resolver: Arc<ResolverSettings>,
    /// Delivery processes for mail that leaves; none: as the MTA's own limit says.
    pub delivery_processes: Option<u32>,
    /// Delivery processes for local mailboxes; none: as the MTA's own limit says.
    pub local_processes: Option<u32>,
    /// Room for queued messages; when it is full, MAIL gets 452. None: no limit.
    pub queue_disk: Option<Octets>,
    /// How far its clock is ahead of true time \[ns\]; negative: behind. Seen in Received fields.
    pub clock_error_ns: i64,
    /// What other operators think of it.
    pub standing: Standing,
    /// Addresses from which only mail of these senders' domains leaves; other mail leaves from the
    /// other addresses.
    pub dedicated_addresses: Vec<(DomainId, AddressId)>,
    /// From which of the others it connects.
    pub source_choice: SourceChoice,
    /// What it looks at besides addresses and limits before it takes a message; none: nothing.
    pub screening: Option<Box<Screening>>,
    /// Whether a real server plays its part: what comes to it leaves the network.
    pub outside: bool,
    /// What the address that clients see is replaced by (a proxy in front).
    pub behind_proxy: Option<HostId>,
    /// Whether that proxy says who connects to it (PROXY protocol); if not, all sessions seem to come
    /// from the proxy.
    pub proxy_protocol: bool,
    /// Whether it takes that proxy's address for one of its own. If not, it does not find itself among
    /// exchangers whose address is the proxy's.
    pub knows_proxy_address: bool,
}

impl Host {
    /// Returns whose address this server sees when `client` connects through `proxy` (none: directly):
    /// the address that greylists, limits and Received fields go by. The name in EHLO is still the
    /// client's own.
    #[must_use]
    pub fn peer(&self, client: HostId, proxy: Option<HostId>) -> HostId {
        proxy.filter(|_| !self.proxy_protocol).unwrap_or(client)
    }

    /// Returns whether this host, `own`, recognises itself in the address of `server`, which is reached
    /// through `proxy` (none: directly). Postfix compares addresses with those of its interfaces and
    /// with `proxy_interfaces`, which names nothing by default (`src/smtp/smtp_addr.c`,
    /// `src/global/own_inet_addr.c`).
    #[must_use]
    pub fn is_itself(&self, own: HostId, server: HostId, proxy: Option<HostId>) -> bool {
        own == server && (proxy.is_none() || self.knows_proxy_address)
    }
}

/// Whose mail a next hop by sender is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Senders {
    /// That of this mailbox.
    Mailbox(Mailbox),
    /// That of this domain.
    Domain(DomainId),
}

/// Where a host sends mail, checked in this order: local, routes, smart host, MX.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// Domains whose mailboxes are on this host, in order.
    pub local: Vec<DomainId>,
    /// Domains accepted from anybody besides the local ones, in order.
    pub relayed: Vec<DomainId>,
    /// Whether any domain is accepted from anybody (a relay inside a closed network).
    pub relays_all: bool,
    /// Whether RCPT for a mailbox of a relayed domain that does not exist is refused here (a
    /// backup that knows the users) rather than accepted and bounced later.
    pub knows_relayed_mailboxes: bool,
    /// Next hop by domain.
    pub routes: BTreeMap<DomainId, NextHop>,
    /// Next hop of everything else.
    pub smart_host: Option<NextHop>,
    /// Next hop by sender, of what would go to the smart host or to the exchangers of its domain
    /// (Postfix's `sender_dependent_relayhost_maps`); addresses before domains.
    pub by_sender: Vec<(Senders, NextHop)>,
    /// The transport of each domain that does not go by the default one.
    pub transports: BTreeMap<DomainId, TransportId>,
    /// The transport of all other domains (`"*"` in Postfix's `transport_maps`).
    pub other_transport: TransportId,
    /// Used when all exchangers have failed temporarily.
    pub fallback_relay: Option<HostId>,
    /// Who keeps a shadow copy of what is queued here, and sends it on when this host is lost
    /// (Exchange's shadow redundancy).
    pub shadow_host: Option<HostId>,
}

impl Routing {
    /// Returns where mail for `domain` goes from here, if the domain is not local: by its route,
    /// else by the smart host, else by its exchangers.
    #[must_use]
    pub fn next_hop(&self, domain: DomainId) -> NextHop {
        let stated = self.routes.get(&domain).copied().or(self.smart_host);
        stated.unwrap_or(NextHop::Exchangers(domain))
    }

    /// Returns the same for mail of one sender (`src/trivial-rewrite/resolve.c`: what is stated for
    /// the recipient's domain goes before what is stated for the sender).
    #[must_use]
    pub fn next_hop_from(&self, sender: Option<Mailbox>, domain: DomainId) -> NextHop {
        if self.by_sender.is_empty() || self.routes.contains_key(&domain) {
            return self.next_hop(domain);
        }
        let is_theirs = |(senders, _): &&(Senders, NextHop)| match senders {
            Senders::Mailbox(mailbox) => sender == Some(*mailbox),
            Senders::Domain(theirs) => sender.is_some_and(|sender| sender.domain == *theirs),
        };
        let stated = self.by_sender.iter().find(is_theirs).map(|(_, hop)| *hop);
        stated.unwrap_or_else(|| self.next_hop(domain))
    }

    /// Returns the transport by which mail for `domain` leaves.
    #[must_use]
    pub fn transport(&self, domain: DomainId) -> TransportId {
        self.transports.get(&domain).copied().unwrap_or(self.other_transport)
    }

    /// Returns every next hop that is stated, whatever for.
    pub fn stated_hops(&self) -> impl Iterator<Item = NextHop> {
        let by_sender = self.by_sender.iter().map(|(_, hop)| *hop);
        self.routes.values().copied().chain(self.smart_host).chain(by_sender)
    }

    /// Returns whether it hands mail to `server` by configuration; `server` then relays for it.
    #[must_use]
    pub fn leads_to(&self, server: HostId) -> bool {
        let leads = |hop: &NextHop| match hop {
            NextHop::Host(to) | NextHop::Address(to) => *to == server,
            NextHop::Exchangers(_) => false,
        };
        self.fallback_relay == Some(server) || self.stated_hops().any(|hop| leads(&hop))
    }

    /// Returns whether the mailboxes of `domain` are on this host.
    #[must_use]
    pub fn is_local(&self, domain: DomainId) -> bool {
        self.local.binary_search(&domain).is_ok()
    }

    /// Returns whether mail for `domain` is taken from anybody although it is not local, by name.
    #[must_use]
    pub fn relays_for(&self, domain: DomainId) -> bool {
        self.relayed.binary_search(&domain).is_ok()
    }

    /// Returns whether mail for `domain` is taken from anybody.
    #[must_use]
    pub fn takes(&self, domain: DomainId) -> bool {
        self.relays_all || self.is_local(domain) || self.relays_for(domain)
    }
}

/// Where to connect for a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHop {
    /// The exchangers of this domain.
    Exchangers(DomainId),
    /// This host, without MX look-up; its address is looked up.
    Host(HostId),
    /// This address, without any look-up.
    Address(HostId),
}

/// From which of its addresses a host with several connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceChoice {
    /// From one that is drawn for each message, and kept for all its tries.
    #[default]
    Sticky,
    /// From one after the other, by connection.
    InTurn,
    /// From one that is drawn for each connection.
    Random,
}

impl SourceChoice {
    /// Its words in a scenario, in the order of the values.
    pub(crate) const WORDS: &'static [&'static str] = &["sticky", "in_turn", "random"];

    /// Returns the choice that a word of [`Self::WORDS`] stands for.
    pub(crate) fn named(word: &str) -> Self {
        match word {
            "in_turn" => Self::InTurn,
            "random" => Self::Random,
            _ => Self::Sticky,
        }
    }
}

/// One `[[outage]]`, with everything it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// Position of its entry in the file.
    pub entry: u32,
    /// What a person reads: the target.
    pub label: String,
    /// The mode as written.
    pub mode: String,
    /// What it strikes.
    pub targets: Vec<OutageTarget>,
    /// What it does there.
    pub effect: Effect,
    /// When. All targets of one outage share the intervals.
    pub schedule: Schedule,
    /// It strikes only messages larger than this \[octets\]; none: whatever the size. Of a server's
    /// deviations alone.
    pub larger_than: Option<Octets>,
    /// Whose questions a failure of the DNS strikes; none: everybody's.
    pub asked_by: Option<Askers>,
}

/// Whose questions to the DNS fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Askers {
    /// Those of every host that is more than a mail program: programs still find their servers.
    Servers,
    /// Those of these hosts.
    Hosts(Vec<HostId>),
}

impl Askers {
    /// Returns them among the hosts of a scenario, in order.
    #[must_use]
    pub fn among(&self, hosts: &[Host]) -> Vec<HostId> {
        match self {
            Self::Servers => {
                let program = Roles { mua: true, ..Roles::default() };
                let serves = |index: &usize| hosts[*index].roles != program;
                (0..hosts.len()).filter(serves).map(HostId::from_index).collect()
            }
            Self::Hosts(named) => named.clone(),
        }
    }
}

/// What an outage strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutageTarget {
    /// A host with all its addresses.
    Host(HostId),
    /// One address of a host.
    Address(AddressId),
    /// A link.
    Link(LinkId),
    /// The DNS.
    Dns,
}

/// What an outage does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Packets vanish. A host is cut off in both directions unless `inbound_only`, which strikes
    /// connections to its SMTP server alone (as in the recordings).
    Blackhole {
        /// Whether only connections to the SMTP server are struck.
        inbound_only: bool,
    },
    /// Connections to the SMTP server are reset at once; established ones at their next packet.
    Refuse,
    /// As `Refuse`, with ICMP host unreachable.
    Unreachable,
    /// Sessions die and nothing runs; the queue on disk survives.
    Crash {
        /// True: the machine (peers see silence). False: the process (peers see a reset).
        machine: bool,
    },
    /// The server deviates.
    Server(Deviation),
    /// A link carries nothing.
    LinkDown,
    /// Look-ups fail.
    Dns(DnsFailure, FailureScope),
}

/// One `[[action]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// When.
    pub at: SimTime,
    /// On which host.
    pub host: HostId,
    /// What.
    pub what: Command,
}

/// What can be done to a host at a time. (Changes of DNS records are revisions of the zone.)
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// All deferred messages are to be tried now (`postqueue -f`).
    Flush,
    /// Orderly stop: sessions end, the queue is kept, the port is closed.
    Stop,
    /// Start with the kept queue; a queue run follows at once.
    Start,
    /// The host's settings become these (computed when the scenario was read).
    Configure(Box<Host>),
}

/// A bound on a figure of the summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Name of the figure.
    pub figure: String,
    /// What it is.
    pub asked: AskedFigure,
    /// Least value allowed.
    pub at_least: Option<f64>,
    /// Greatest value allowed.
    pub at_most: Option<f64>,
    /// Value required.
    pub equals: Option<f64>,
    /// Line of the entry in the file, for messages.
    pub line: u32,
}

impl Scenario {
    /// Returns the server behind each proxy; of several the first in the scenario.
    #[must_use]
    pub fn servers_behind(&self) -> BTreeMap<HostId, HostId> {
        let mut behind = BTreeMap::new();
        for (index, host) in self.hosts.iter().enumerate() {
            if let Some(proxy) = host.behind_proxy {
                behind.entry(proxy).or_insert(HostId::from_index(index));
            }
        }
        behind
    }
}

impl Scenario {
    /// Returns the octets of an address as [`MailboxNames::write_mailbox`] spells it.
    #[must_use]
    pub fn mailbox_length(&self, mailbox: Mailbox) -> u64 {
        if let Some(address) = self.guests.address(mailbox) {
            return address.len() as u64;
        }
        let domain = &self.domains[mailbox.domain.index()];
        let local = mailbox.local as usize;
        let number = || u64::from((mailbox.local + 1).ilog10() + 1).max(5);
        let spelt = if let Some(named) = domain.named.get(local) {
            named.len() as u64
        } else if mailbox.local < domain.mailboxes {
            4 + number()
        } else if let Some(unknown) = domain.unknown.get(local - domain.mailboxes as usize) {
            unknown.len() as u64
        } else {
            6 + number()
        };
        spelt + 1 + domain.name.len() as u64
    }
}

impl MailboxNames for Scenario {
    fn write_mailbox(&self, mailbox: Mailbox, out: &mut Vec<u8>) {
        if let Some(address) = self.guests.address(mailbox) {
            out.extend_from_slice(address.as_bytes());
            return;
        }
        let domain = &self.domains[mailbox.domain.index()];
        let local = mailbox.local as usize;
        if let Some(named) = domain.named.get(local) {
            out.extend_from_slice(named.as_bytes());
        } else if mailbox.local < domain.mailboxes {
            out.extend_from_slice(b"user");
            write_padded(local as u64 + 1, 5, out);
        } else if let Some(unknown) = domain.unknown.get(local - domain.mailboxes as usize) {
            out.extend_from_slice(unknown.as_bytes());
        } else {
            out.extend_from_slice(b"nobody");
            write_padded(local as u64 + 1, 5, out);
        }
        out.push(b'@');
        out.extend_from_slice(domain.name.as_bytes());
    }

    fn domain(&self, domain: DomainId) -> &str {
        // Somebody who types may speak of domains that the scenario does not know.
        self.domains.get(domain.index()).map_or("invalid", |domain| &domain.name)
    }

    fn host(&self, host: HostId) -> &str {
        &self.hosts[host.index()].name
    }
}
