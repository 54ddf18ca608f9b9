//! Events put together: messages, what became of them, and what failed on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Arena, Event, Try, Verdict, What};
use super::failure::{self, Failure, peer};
use super::header::{SECOND, Stamp};
use super::starts::Start;
use super::{Family, Server, handover, postfix};

/// What became of a recipient's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Accepted by its last server.
    Delivered,
    /// Returned, or given up.
    Failed,
    /// Still waiting at the end of the log.
    Queued,
}

impl Outcome {
    /// Returns the word that `messages.csv` has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Queued => "queued",
        }
    }
}

/// A recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// What became of it.
    pub outcome: Outcome,
    /// When \[µs since the start\]; of what still waits, its last try.
    pub at: i64,
    /// Deliveries, those put off without a try among them.
    pub tries: u32,
    /// The queue id that the next server gave.
    pub(super) handed_as: String,
    /// The next server.
    pub(super) handed_to: String,
}

/// Why a message is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Handed in by somebody.
    Submitted,
    /// A notice that the server made.
    Notice,
    /// Handed over by another server of the log, or by a filter of the same one.
    HandedOver,
}

/// A message at one server.
#[derive(Debug, Clone)]
pub struct Message {
    pub(super) server: usize,
    pub(super) origin: Origin,
    /// \[µs since the start\].
    pub arrived: i64,
    /// The reverse path; empty for notices, none where the log does not tell it.
    pub from: Option<String>,
    /// As the server tells it \[octets\].
    pub size: u64,
    /// Its recipients.
    pub recipients: Vec<Recipient>,
    /// The id that its replay has in a run: `entry-ordinal`.
    pub id: Option<String>,
    pub(super) queue_id: String,
    active: bool,
    probe: bool,
}

/// A failure, when it was seen and for whom.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    /// \[µs since the start\].
    pub(super) at: i64,
    pub(super) failure: Failure,
    /// The recipient; empty where the host failed all.
    pub(super) recipient: String,
    pub(super) sender: String,
    /// Of the message \[octets\]; 0: not told.
    pub(super) size: u64,
}

/// A try that a host accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) at: i64,
    pub(super) host: String,
    pub(super) address: String,
    pub(super) recipient: String,
    pub(super) sender: String,
    /// Of the message \[octets\].
    pub(super) size: u64,
    /// Connection set-up and transmission \[µs\]; negative: not told.
    pub(super) session: i64,
    /// Connection set-up alone \[µs\]; negative: not told.
    pub(super) setup: i64,
}

/// How often a host was tried first, and at all, for a domain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rank {
    pub(super) first: u32,
    pub(super) any: u32,
}

/// A message that was taken up again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) server: usize,
    /// \[µs since the start\].
    pub(super) at: i64,
    /// Messages in the queue at that moment, or [`COUNTED`].
    pub(super) waiting: u32,
}

/// Counting a long queue for each of its messages would take long.
const COUNTED: usize = 200;

/// The mail of the logs, as it was.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The first moment of the logs \[µs since 1970\].
    pub start: i64,
    /// Their length \[µs\].
    pub length: i64,
    /// The servers' names.
    pub servers: Vec<String>,
    /// Messages, in order of arrival.
    pub messages: Vec<Message>,
    pub(super) failed: Vec<Failed>,
    pub(super) accepted: Vec<Accepted>,
    /// By domain and host.
    pub(super) ranks: BTreeMap<String, BTreeMap<String, Rank>>,
    /// Addresses of hosts.
    pub(super) addresses: BTreeMap<String, BTreeSet<String>>,
    /// Messages that were taken up again.
    pub(super) taken_up: Vec<Taken>,
    /// Queue runs that the log tells of as such, by server.
    pub(super) queue_runs: Vec<(usize, i64)>,
    /// Moments at which messages were taken up again, told to a tenth of a second, by server.
    pub(super) scans: Vec<(usize, i64)>,
    /// Starts of servers.
    pub(super) starts: Vec<Start>,
    /// Whether stamps are of whole seconds: what they tell of happened within the second that follows.
    pub(super) whole_seconds: bool,
    /// Domains that are kept at a server.
    pub(super) kept: BTreeMap<String, usize>,
    /// Texts of failures that are none of those known, with how often.
    pub(super) unread: BTreeMap<String, u32>,
    /// Statements about messages whose beginning the logs do not hold.
    pub(super) headless: u64,
    /// Sizes that hosts told to be their limits \[octets\].
    pub(super) size_limits: BTreeMap<String, u64>,
    /// Probes of addresses.
    pub(super) probes: u64,
}

/// Puts events together. They are in order of time.
pub(super) fn gather(
    events: &[Event],
    arena: &Arena,
    servers: &[Server],
    names: Vec<String>,
) -> History {
    let start = events.first().map_or(0, |event| event.at.div_euclid(SECOND) * SECOND);
    let end = events.last().map_or(0, |event| event.at);
    let whole_seconds = events.iter().all(|event| event.at % SECOND == 0);
    let history =
        History { start, whole_seconds, length: end - start, servers: names, ..History::default() };
    let mut gathering = Gathering {
        history,
        arena,
        servers,
        open: BTreeMap::new(),
        notices: BTreeSet::new(),
        pending: BTreeMap::new(),
        signs: vec![(None, None); servers.len()],
    };
    for event in events {
        gathering.event(event);
    }
    let mut history = gathering.history;
    history.messages.retain(|message| !message.probe);
    handover::join(&mut history);
    history.messages.sort_by_key(|message| message.arrived);
    history
}

struct Gathering<'a> {
    history: History,
    arena: &'a Arena,
    servers: &'a [Server],
    /// Messages in the queues, by server and id.
    open: BTreeMap<(u16, &'a str), usize>,
    /// Ids of notices whose own lines come later.
    notices: BTreeSet<(u16, &'a str)>,
    /// Hosts that failed a process, or in Exim's log a message, since its last report: places in
    /// `History::failed`.
    pending: BTreeMap<(u16, u32, &'a str), Vec<usize>>,
    /// By server: its last sign of life, and when it said that it stops.
    signs: Vec<(Option<i64>, Option<i64>)>,
}

impl<'a> Gathering<'a> {
    fn event(&mut self, event: &Event) {
        let at = event.at - self.history.start;
        let key = (event.server, self.arena.get(event.id));
        match event.what {
            What::Client => {
                self.begin(key, at);
            }
            What::Arrived { from, size } => self.arrived(key, at, from, size),
            What::Tried(tried) => self.tried(key, event, at, &tried),
            What::HostFailed { text } => self.host_failed(event, at, self.arena.get(text)),
            What::Expired => {
                if let Some(&index) = self.open.get(&key) {
                    for recipient in &mut self.history.messages[index].recipients {
                        if recipient.outcome == Outcome::Queued {
                            (recipient.outcome, recipient.at) = (Outcome::Failed, at);
                        }
                    }
                }
            }
            What::Removed => {
                self.open.remove(&key);
            }
            What::Notice { id } => {
                let notice = (event.server, self.arena.get(id));
                match self.open.get(&notice) {
                    Some(&index) => self.history.messages[index].origin = Origin::Notice,
                    None => {
                        self.notices.insert(notice);
                    }
                }
            }
            What::IsNotice => {
                let index = self.begin(key, at);
                self.history.messages[index].origin = Origin::Notice;
                self.history.messages[index].from = Some(String::new());
            }
            What::Started => {
                let server = usize::from(event.server);
                let (last, stopped) = self.signs[server];
                self.signs[server].1 = None;
                self.history.starts.push(Start { server, at, last, stopped });
            }
            What::Stopped => self.signs[usize::from(event.server)].1 = Some(at),
            What::QueueRun => self.history.queue_runs.push((usize::from(event.server), at)),
            What::Version { .. } | What::QueueInterval { .. } => {}
        }
        self.signs[usize::from(event.server)].0 = Some(at);
    }

    fn taken_up(&mut self, server: u16, at: i64) {
        let waiting = self.open.range((server, "")..).take_while(|((of, _), _)| *of == server);
        let waiting = waiting.take(COUNTED).count() as u32;
        self.history.taken_up.push(Taken { server: usize::from(server), at, waiting });
    }

    /// Postfix names the process that failed to connect, Exim the message.
    fn pending_key(&self, event: &Event) -> (u16, u32, &'a str) {
        match self.servers[usize::from(event.server)].family {
            Family::Exim => (event.server, 0, self.arena.get(event.id)),
            _ => (event.server, event.pid, ""),
        }
    }

    fn begin(&mut self, key: (u16, &'a str), at: i64) -> usize {
        let notice = self.notices.remove(&key);
        let index = self.history.messages.len();
        let whole = at % SECOND == 0 && self.servers[usize::from(key.0)].family == Family::Postfix;
        let within = if whole { postfix::microsecond(key.1).unwrap_or(0) } else { 0 };
        let at = at + within;
        self.history.messages.push(Message {
            server: usize::from(key.0),
            origin: if notice { Origin::Notice } else { Origin::Submitted },
            arrived: at,
            from: None,
            size: 0,
            recipients: Vec::new(),
            id: None,
            queue_id: key.1.to_owned(),
            active: false,
            probe: false,
        });
        self.open.insert(key, index);
        index
    }

    fn arrived(&mut self, key: (u16, &'a str), at: i64, from: super::event::Span, size: u64) {
        let once = self.servers[usize::from(key.0)].family != Family::Postfix;
        let index = match self.open.get(&key) {
            Some(&index) if !once => index,
            _ => self.begin(key, at),
        };
        let from = self.arena.get(from);
        let message = &mut self.history.messages[index];
        // A server's own probes of addresses are no mail of anybody's.
        message.probe |= from.starts_with("double-bounce@");
        if message.active {
            self.taken_up(key.0, at);
            return;
        }
        message.active = true;
        message.from = Some(from.to_owned());
        message.size = size;
    }

    fn tried(&mut self, key: (u16, &'a str), event: &Event, at: i64, tried: &Try) {
        let process = self.pending_key(event);
        let pending = self.pending.remove(&process).unwrap_or_default();
        let Some(&index) = self.open.get(&key) else {
            self.history.headless += 1;
            return;
        };
        if tried.result == Verdict::Probe {
            self.history.messages[index].probe = true;
            self.history.probes += 1;
            return;
        }
        let (to, text) = (self.arena.get(tried.to), self.arena.get(tried.text));
        let message = &mut self.history.messages[index];
        if message.recipients.is_empty() && message.from.is_some() && tried.delay >= 0 {
            // The log may begin after the message came.
            let arrived = at - tried.delay;
            if arrived < message.arrived - 2 * SECOND {
                message.arrived = arrived.max(0);
            }
        }
        let sender = (message.from.clone().unwrap_or_default(), message.size);
        if tried.waited >= 0 && message.recipients.iter().any(|r| r.tries > 0) {
            self.history.scans.push((message.server, message.arrived + tried.waited));
        }
        let position = message.recipients.iter().rposition(|r| r.address == to);
        let position = position.unwrap_or_else(|| {
            message.recipients.push(Recipient {
                address: to.to_owned(),
                outcome: Outcome::Queued,
                at,
                tries: 0,
                handed_as: String::new(),
                handed_to: String::new(),
            });
            message.recipients.len() - 1
        });
        let recipient = &mut message.recipients[position];
        // Exim's retry time-out and the end of a message's life are no tries of their own.
        let verdict = tried.result == Verdict::Bounced
            && recipient.tries > 0
            && text.contains("retry timeout exceeded");
        // Sendmail does not log its queue runs; each try after the first is made in one.
        let family = self.servers[usize::from(event.server)].family;
        let again = recipient.tries > 0 && family == Family::Sendmail;
        recipient.tries += u32::from(!verdict);
        recipient.at = at;
        recipient.outcome = match tried.result {
            Verdict::Sent => Outcome::Delivered,
            Verdict::Bounced => Outcome::Failed,
            _ => Outcome::Queued,
        };
        if tried.result == Verdict::Sent {
            handover::queued_as(text).clone_into(&mut recipient.handed_as);
            let next = peer(self.arena.get(tried.relay)).map_or("", |(host, _)| host);
            recipient.handed_to = next.to_ascii_lowercase();
        }
        if again {
            self.taken_up(event.server, at);
        }
        if !verdict {
            self.evidence(event, at, tried, pending, to, (&sender.0, sender.1));
        }
    }

    /// What a try tells of hosts.
    fn evidence(
        &mut self,
        event: &Event,
        at: i64,
        tried: &Try,
        pending: Vec<usize>,
        to: &str,
        (sender, size): (&str, u64),
    ) {
        let (relay, text) = (self.arena.get(tried.relay), self.arena.get(tried.text));
        let agent = self.arena.get(tried.agent);
        if tried.result == Verdict::Suspended {
            return;
        }
        let domain = to.rsplit_once('@').map_or(to, |(_, domain)| domain).to_ascii_lowercase();
        let failure = match tried.result {
            Verdict::Sent => None,
            // Exim does not say whose address it looked up.
            _ if text.contains("host lookup did not complete") => Some(Failure {
                host: domain.clone(),
                address: String::new(),
                kind: failure::Kind::NameServer,
            }),
            _ => self.failure(event.server, text, relay),
        };
        let is_local = matches!(agent, "local" | "virtual" | "pipe" | "local_delivery" | "maildir")
            || matches!(relay, "local" | "virtual" | "dovecot")
            || agent == "lmtp";
        let history = &mut self.history;
        if is_local {
            history.kept.insert(domain, usize::from(event.server));
            return;
        }
        let failed_before = || pending.iter().filter_map(|&place| history.failed.get(place));
        let mut hosts: Vec<String> = failed_before().map(|f| f.failure.host.clone()).collect();
        // Whom a host refused on the way, the end of the delivery tells.
        for &place in &pending {
            if let Some(failed) = history.failed.get_mut(place).filter(|f| !is_of_connection(f)) {
                (failed.recipient, failed.sender) = (to.to_owned(), sender.to_owned());
                failed.size = size;
            }
        }
        let last = peer(relay).map(|(host, address)| (host.to_owned(), address.to_owned()));
        let of_dns =
            |f: &Failure| matches!(f.kind, failure::Kind::NameServer | failure::Kind::NoSuchName);
        if let Some(failure) = failure.as_ref().filter(|f| !of_dns(f)) {
            hosts.push(failure.host.clone());
        }
        if let Some((host, address)) = &last {
            hosts.push(host.clone());
            history.addresses.entry(host.clone()).or_default().insert(address.clone());
        }
        hosts.retain(|host| super::super::network::is_name(host) && host != "127.0.0.1");
        let ranks = history.ranks.entry(domain).or_default();
        let mut seen = BTreeSet::new();
        for (place, host) in hosts.iter().enumerate() {
            let host = host.to_ascii_lowercase();
            if seen.insert(host.clone()) {
                let rank = ranks.entry(host).or_default();
                rank.any += 1;
                rank.first += u32::from(place == 0);
            }
        }
        match (tried.result, last) {
            (Verdict::Sent, Some((host, address))) => {
                let (recipient, sender) = (to.to_owned(), sender.to_owned());
                // The time of a delivery holds that of the hosts that failed it before.
                let (session, setup) = match pending.is_empty() {
                    true => (tried.session, tried.setup),
                    false => (-1, -1),
                };
                let host = host.to_ascii_lowercase();
                history.accepted.push(Accepted {
                    at,
                    host,
                    address,
                    recipient,
                    sender,
                    size,
                    session,
                    setup,
                });
            }
            (Verdict::Sent, None) => {}
            _ => match failure {
                Some(failure) => {
                    let (recipient, sender) = (to.to_owned(), sender.to_owned());
                    history.failed.push(Failed { at, failure, recipient, sender, size });
                }
                None => match size_limit(text) {
                    Some((host, limit)) => {
                        let known = history.size_limits.entry(host).or_insert(limit);
                        *known = (*known).min(limit);
                    }
                    // The hosts on the way have told why.
                    None if !pending.is_empty() => {}
                    None => {
                        let short: String = text.chars().take(100).collect();
                        *history.unread.entry(short).or_default() += 1;
                    }
                },
            },
        }
    }

    fn failure(&self, server: u16, text: &str, relay: &str) -> Option<Failure> {
        let mut found = match self.servers[usize::from(server)].family {
            Family::Postfix => failure::of_postfix(text),
            Family::Exim => failure::of_exim(text, relay),
            Family::Sendmail => failure::of_sendmail(text, relay),
        }?;
        found.host.make_ascii_lowercase();
        Some(found)
    }

    fn host_failed(&mut self, event: &Event, at: i64, text: &str) {
        let Some(failure) = self.failure(event.server, text, "none") else {
            let short: String = text.chars().take(100).collect();
            *self.history.unread.entry(short).or_default() += 1;
            return;
        };
        if !failure.address.is_empty() {
            let addresses = self.history.addresses.entry(failure.host.clone()).or_default();
            addresses.insert(failure.address.clone());
        }
        let process = self.pending_key(event);
        self.pending.entry(process).or_default().push(self.history.failed.len());
        let nobody = String::new;
        let (recipient, sender) = (nobody(), nobody());
        self.history.failed.push(Failed { at, failure, recipient, sender, size: 0 });
    }
}

/// Whether a host failed before it heard of anybody.
fn is_of_connection(failed: &Failed) -> bool {
    use failure::Kind::{Permanent, Temporary};
    let stage = match &failed.failure.kind {
        Temporary { stage, .. } | Permanent { stage, .. } => stage,
        _ => return true,
    };
    matches!(*stage, "greeting" | "ehlo" | "tls")
}

/// `message size 6002 exceeds size limit 2000 of server mx.example.org[192.0.2.1]`, as Postfix says.
fn size_limit(text: &str) -> Option<(String, u64)> {
    let (limit, server) = text.split_once(" exceeds size limit ")?.1.split_once(" of server ")?;
    let (host, _) = peer(server)?;
    Some((host.to_ascii_lowercase(), limit.parse().ok()?))
}

impl History {
    /// Gives hosts and people other names.
    pub(in super::super) fn rename(&mut self, name: &dyn Fn(&str) -> String) {
        self.servers.iter_mut().for_each(|server| *server = name(server));
        for recipient in self.messages.iter_mut().flat_map(|message| &mut message.recipients) {
            recipient.address = name(&recipient.address);
        }
    }

    /// Returns a stamp for people.
    #[must_use]
    pub fn stamp(&self, at: i64) -> String {
        let stamp: Stamp = self.start + at;
        super::header::rfc3339(stamp)
    }
}
