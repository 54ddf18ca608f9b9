//! Queues as they stand: what `postqueue`, `mailq`, `exim -bp` and `qshape` print, as mail that waits when
//! a run begins.
//!
//! # Scope and limitations
//! Each format is a file of its own (`postqueue`, `mailq`, `exim_spool`, `qshape`, `due_times`) and gives
//! messages ([`Queued`]); this file makes of them a listing for the scenario, the hosts and domains that
//! their reasons tell of, and outages of what they wait for. A listing tells what a server remembers of
//! its messages and little of what it remembers of hosts: that, and when the hosts are back, is assumed,
//! and said.

mod due_times;
mod exim_spool;
mod mailq;
mod postqueue;
mod qshape;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::complete;
use super::finding::{Class, FileReport, Ledger, Place};
use super::log::failure::{self, Failure, is_address};
use super::log::header::{self, SECOND, Stamp, Written};
use super::log::mode_keys;
use super::network::{Entry, Listing, Network, Said, canonical, is_name};
use crate::scenario::text_value;
use crate::units::SimDuration;

pub(super) use due_times::is_due_times;
pub(super) use exim_spool::is_exim_spool;
pub(super) use mailq::{is_postfix_mailq, is_sendmail_mailq};
pub(super) use postqueue::is_postqueue_json;
pub(super) use qshape::is_qshape;

/// What the user says of queues.
#[derive(Debug, Clone, Default)]
pub struct QueueOptions {
    /// When they were listed \[µs since 1970, UTC\].
    pub listed_at: Option<i64>,
    /// How long after that the hosts that mail waits for are back.
    pub back_in: Option<SimDuration>,
}

impl QueueOptions {
    /// Reads a moment such as `2026-11-30T12:00:00Z`, `2026-11-30 12:00:00` (UTC, unless it says
    /// otherwise), or seconds since 1970.
    ///
    /// # Errors
    /// If it is none.
    pub fn read_moment(text: &str) -> Result<i64, String> {
        if let Ok(seconds) = text.parse::<i64>() {
            return Ok(seconds.saturating_mul(SECOND));
        }
        match header::stamp(text) {
            Some((Written::Whole(at) | Written::Local(at), "")) => Ok(at),
            _ => Err("expected a moment such as 2026-11-30T12:00:00Z".to_owned()),
        }
    }
}

/// Which server a listing is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Postfix,
    Exim,
    Sendmail,
}

impl Family {
    fn profile(self) -> &'static str {
        match self {
            Self::Postfix => "postfix",
            Self::Exim => "exim",
            Self::Sendmail => "sendmail",
        }
    }
}

/// When a message came, as far as a listing tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// At a moment \[µs since 1970\], in the zone of the listing's stamps.
    At(Stamp),
    /// So long ago \[s\].
    Ago(u64),
}

/// A message of a listing.
#[derive(Debug, Clone)]
struct Queued {
    line: u64,
    id: String,
    came: Came,
    size: u64,
    /// The reverse path; empty: null.
    from: String,
    /// Recipients that are left, each with the reason why it waits.
    recipients: Vec<(String, String)>,
    /// Not tried yet, or being tried: it goes on at once.
    is_active: bool,
    /// Nobody tries it until somebody says so.
    is_held: bool,
}

/// What a format's reader returns: the messages, and lines that it cannot read.
#[derive(Debug, Default)]
struct Read {
    messages: Vec<Queued>,
    /// When the listing was made, if it says so \[µs since 1970\].
    listed_at: Option<Stamp>,
}

/// Formats of listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueFormat {
    /// `postqueue -j`.
    PostqueueJson,
    /// `postqueue -p`.
    PostfixMailq,
    /// Sendmail's `mailq`.
    SendmailMailq,
    /// `exim -bp`.
    EximSpool,
    /// The table of `qshape`.
    Qshape,
    /// The times of Postfix's queue files, as `find` prints them.
    DueTimes,
}

/// Listings in the making.
#[derive(Debug, Default)]
pub(super) struct Listings {
    lists: Vec<List>,
    /// When Postfix will try messages again, by queue id \[µs since 1970\].
    due: BTreeMap<String, Stamp>,
}

#[derive(Debug)]
struct List {
    file: Arc<str>,
    of: Option<String>,
    family: Family,
    format: QueueFormat,
    read: Read,
}

impl Listings {
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Reads a listing; `utc_offset` is what stamps without zone are ahead of UTC \[µs\].
    pub(super) fn read(
        &mut self,
        file: &Arc<str>,
        format: QueueFormat,
        of: Option<String>,
        (text, options): (&str, &super::LogOptions),
        report: &mut FileReport,
    ) {
        let (family, read) = match format {
            QueueFormat::DueTimes => {
                self.due.extend(due_times::read(text, report));
                return;
            }
            QueueFormat::PostqueueJson => (Family::Postfix, postqueue::read(text, report)),
            QueueFormat::PostfixMailq => (Family::Postfix, mailq::read(text, options, report)),
            QueueFormat::SendmailMailq => (Family::Sendmail, mailq::read(text, options, report)),
            QueueFormat::EximSpool => (Family::Exim, exim_spool::read(text, report)),
            QueueFormat::Qshape => (Family::Postfix, qshape::read(text, report)),
        };
        self.lists.push(List { file: file.clone(), of, family, format, read });
    }

    /// Adds what the listings tell.
    pub(super) fn finish(
        mut self,
        configured: &[String],
        options: &QueueOptions,
        network: &mut Network,
        ledger: &mut Ledger,
    ) {
        let lists = std::mem::take(&mut self.lists);
        let mut reasons = Reasons::default();
        let mut hosts = BTreeSet::new();
        for (number, list) in lists.iter().enumerate() {
            let host = host_of(list, configured, network, ledger);
            self.add(number, lists.len(), list, &host, options, network, ledger);
            hosts.insert(host);
            reasons.add(list);
        }
        reasons.say_where_mail_goes(network);
        let back_in = back_in(options, ledger);
        reasons.add_outages(back_in, network, ledger);
        let length = back_in.as_secs() + AFTERWARDS;
        let from = format!("until the hosts are back, and {} h more", AFTERWARDS / 3600);
        network.duration = Some(Said::new(text_value(&format!("{length}s")), from));
        let hosts: Vec<String> = hosts.into_iter().collect();
        network.title = format!("The queue of {} as it stands", hosts.join(", "));
    }

    #[expect(clippy::too_many_arguments, reason = "a listing, whose it is, and where it goes")]
    fn add(
        &self,
        number: usize,
        of: usize,
        list: &List,
        host: &str,
        options: &QueueOptions,
        network: &mut Network,
        ledger: &mut Ledger,
    ) {
        let at = listed_at(list, options, ledger);
        let mut left = Left::default();
        let mut csv = String::from("age_s,from,to,size_octets,next_try_s\n");
        let mut count = 0_u64;
        for message in &list.read.messages {
            if message.is_held {
                left.held += 1;
                continue;
            }
            let to: Vec<&str> = message.recipients.iter().map(|(to, _)| to.as_str()).collect();
            let (to, strange): (Vec<&str>, Vec<&str>) =
                to.into_iter().partition(|address| is_address(address));
            left.strange += strange.len() as u64;
            if to.is_empty() || !(message.from.is_empty() || is_address(&message.from)) {
                left.unreadable += 1;
                continue;
            }
            let age = match message.came {
                Came::Ago(seconds) => (seconds as i64).saturating_mul(SECOND),
                Came::At(came) => at - came,
            };
            if age < 0 {
                left.later += 1;
            }
            let age = age.max(0);
            let due = self.due.get(&message.id).filter(|_| list.family == Family::Postfix);
            let next = match due {
                _ if message.is_active => "0".to_owned(),
                Some(due) => {
                    left.told += 1;
                    let wait = (due - at).max(0);
                    format!("{}.{:06}", wait / SECOND, wait % SECOND)
                }
                None => String::new(),
            };
            let size = message.size.max(1);
            let (seconds, micros) = (age / SECOND, age % SECOND);
            let (from, to) = (&message.from, to.join(" "));
            let _ = writeln!(csv, "{seconds}.{micros:06},{from},{to},{size},{next}");
            people(message, host, network);
            count += 1;
        }
        let file =
            if of == 1 { "queue.csv".to_owned() } else { format!("queue-{}.csv", number + 1) };
        let from = format!("the queue of {host}, from {}: {count} messages", list.file);
        let what = format!("queue of {host}");
        ledger.say(Class::Understood, what, format!("{count} messages wait ({})", list.file));
        left.say(list, ledger);
        network.listings.push(Listing { server: host.to_owned(), file, from, csv });
    }
}

/// A run goes on for so long after what failed is back \[s\]: the longest gaps between tries are hours.
const AFTERWARDS: u64 = 12 * 3600;

/// What a listing has that a scenario does not get.
#[derive(Debug, Default)]
struct Left {
    held: u64,
    strange: u64,
    unreadable: u64,
    later: u64,
    told: u64,
}

impl Left {
    fn say(&self, list: &List, ledger: &mut Ledger) {
        let mut say = |count: u64, class, what: &str, says: &str| {
            if count > 0 {
                let says = format!("{count} {says}");
                ledger.say(class, format!("{what} ({})", list.file), says);
            }
        };
        let held = "messages are on hold, or frozen: nobody tries them, and they are left out";
        say(self.held, Class::NotModelled, "mail on hold", held);
        let strange = "recipients are no addresses that a scenario can have, and are left out";
        say(self.strange, Class::NotModelled, "recipients", strange);
        let unreadable = "messages whose sender or recipients cannot be read are left out";
        say(self.unreadable, Class::NotModelled, "messages", unreadable);
        let later = "messages came after the moment at which the queue is said to have been listed: they \
                     count as new; --listed-at or --utc-offset is off";
        say(self.later, Class::Assumed, "moment of the listing", later);
        let told = "messages with the time of their next try from the queue files";
        say(self.told, Class::Understood, "next tries", told);
        let unknown = match list.family {
            Family::Postfix if self.told == 0 => {
                "the listing does not tell when messages are tried next: they are due when the schedule says, \
                 had every try failed at once, by a phase of the queue runs that is drawn. Times of the queue \
                 files tell: find /var/spool/postfix/deferred -type f -printf '%T@ %f\\n'"
            }
            Family::Postfix => return,
            Family::Exim => {
                "the listing does not tell retry records: the hosts of a destination count as failing since \
                 its oldest message came, and as tried whenever their time had come (exinext tells)"
            }
            Family::Sendmail => {
                "every queue run tries all messages; when the next one is, is drawn unless run_phase tells"
            }
        };
        ledger.say(Class::Assumed, format!("next tries ({})", list.file), unknown);
        if list.format == QueueFormat::Qshape {
            let says = "a table of qshape tells neither senders, nor recipients, nor sizes, nor ages within \
                        a column: messages are spread evenly over it, and of the default size";
            ledger.say(Class::Assumed, format!("messages ({})", list.file), says);
        }
    }
}

/// Returns the host that a listing is of.
fn host_of(
    list: &List,
    configured: &[String],
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let named = list.of.as_deref().map(canonical).filter(|name| is_name(name));
    let only = || match configured {
        [only] => Some(only.clone()),
        _ => None,
    };
    let name = named.or_else(only).unwrap_or_else(|| {
        let says = format!(
            "{} does not say whose queue it is: taken as that of mail.example; --queue FILE@HOST says so",
            list.file
        );
        ledger.say(Class::Assumed, "host of the queue", says);
        "mail.example".to_owned()
    });
    let profile = list.family.profile();
    let host = network.host(&name, || format!("from its queue, {}", list.file));
    host.roles.extend(["submission", "relay"]);
    if host.profile.is_none() {
        host.profile = Some(Said::new(text_value(profile), "assumed: its defaults"));
        let says = format!(
            "no configuration of {name} was given, so it has the defaults of {profile}; its retries may be \
             others"
        );
        ledger.say(Class::Assumed, format!("settings of {name}"), says);
    }
    name
}

/// Returns when a listing was made \[µs since 1970\].
fn listed_at(list: &List, options: &QueueOptions, ledger: &mut Ledger) -> Stamp {
    if let Some(at) = options.listed_at {
        return at;
    }
    if let Some(at) = list.read.listed_at {
        return at;
    }
    let newest = list.read.messages.iter().filter_map(|message| match message.came {
        Came::At(at) => Some(at),
        Came::Ago(_) => None,
    });
    let Some(newest) = newest.max() else { return 0 };
    let says = format!(
        "{} is taken to have been listed at {}, when its newest message came: --listed-at tells it",
        list.file,
        header::rfc3339(newest)
    );
    ledger.say(Class::Assumed, "moment of the listing", says);
    newest
}

/// Adds the sender of a message, so that notices find their way.
fn people(message: &Queued, host: &str, network: &mut Network) {
    let Some((local, domain)) = message.from.rsplit_once('@') else { return };
    let name = canonical(domain);
    match network.domains.get_mut(&name) {
        Some(known) if !known.keys.contains_key("exists") => {
            known.mailboxes.insert(local.to_owned());
        }
        Some(_) => {}
        // A sender at the host itself is its own.
        None if name == host => {
            let known = network.domain(&name, || "from the queue: a sender".to_owned());
            known.address.insert(host.to_owned(), "the host itself".to_owned());
            known.mailboxes.insert(local.to_owned());
            network.host(host, String::new).roles.extend(["mx", "store"]);
        }
        None => complete::world(network, domain, local),
    }
}

fn back_in(options: &QueueOptions, ledger: &mut Ledger) -> SimDuration {
    options.back_in.unwrap_or_else(|| {
        let says = "what mail waits for is back an hour after the listing: --back-in tells it, and so does \
                    `until` of each [[outage]]";
        ledger.say(Class::Assumed, "end of the outages", says);
        SimDuration::from_hours(1)
    })
}

/// Why mail waits, by host and by domain.
#[derive(Debug, Default)]
struct Reasons {
    /// Failures by host, with the recipients and where the first was told.
    failures: BTreeMap<Failure, (BTreeSet<String>, Place)>,
    /// Hosts by domain, in the order in which they were told of.
    hosts: BTreeMap<String, Vec<String>>,
    /// Domains with mail of which no reason tells anything.
    silent: BTreeMap<String, Place>,
    /// Recipients, for their mailboxes.
    recipients: BTreeSet<String>,
}

impl Reasons {
    fn add(&mut self, list: &List) {
        for message in list.read.messages.iter().filter(|message| !message.is_held) {
            for (address, reason) in &message.recipients {
                if is_address(address) {
                    let place = Place::new(&list.file, message.line);
                    self.add_one(list.family, address, reason, place, message.is_active);
                }
            }
        }
    }

    fn add_one(&mut self, family: Family, to: &str, reason: &str, place: Place, active: bool) {
        self.recipients.insert(to.to_owned());
        let domain = canonical(to.rsplit_once('@').map_or(to, |(_, domain)| domain));
        let reason = reason.strip_prefix("delivery temporarily suspended: ").unwrap_or(reason);
        let found = match family {
            Family::Postfix => failure::of_postfix(reason),
            Family::Exim => failure::of_exim(reason, "none"),
            Family::Sendmail => failure::of_sendmail(reason, "none"),
        };
        let Some(mut found) = found.filter(|failure| is_name(&failure.host)) else {
            if !active {
                self.silent.entry(domain).or_insert(place);
            }
            return;
        };
        found.host = canonical(&found.host);
        if !matches!(found.kind, failure::Kind::NameServer | failure::Kind::NoSuchName) {
            let hosts = self.hosts.entry(domain).or_default();
            if !hosts.contains(&found.host) {
                hosts.push(found.host.clone());
            }
        }
        let of = self.failures.entry(found).or_insert_with(|| (BTreeSet::new(), place));
        of.0.insert(to.to_owned());
    }

    /// Adds the exchangers that reasons tell of, and mailboxes.
    fn say_where_mail_goes(&self, network: &mut Network) {
        for (domain, hosts) in &self.hosts {
            let told = network.domains.get(domain).is_some_and(|domain| {
                domain.mx.iter().any(|(.., from)| !from.starts_with("assumed"))
                    || !domain.address.is_empty()
                    || domain.null_mx.is_some()
            });
            for host in hosts {
                let made = network.host(host, || "from the queue: a destination".to_owned());
                if made.profile.is_none() {
                    made.roles.insert("mx");
                }
            }
            if told {
                continue;
            }
            let made = network.domain(domain, || "from the queue: mail waits for it".to_owned());
            for host in hosts {
                let from = "from the queue: named by a reason".to_owned();
                made.mx.push((10, host.clone(), from));
            }
        }
        for address in &self.recipients {
            let Some((local, domain)) = address.rsplit_once('@') else { continue };
            let domain = network.domain(domain, || "from the queue: mail waits for it".to_owned());
            if domain.null_mx.is_none() {
                domain.mailboxes.insert(local.to_owned());
                "from the queue".clone_into(&mut domain.mailboxes_from);
            }
        }
        for (failure, (_, place)) in &self.failures {
            let literal = failure.address.parse::<std::net::IpAddr>().is_ok();
            if literal {
                let taken = network.hosts.values().any(|h| h.addresses.contains(&failure.address));
                let host = network.host(&failure.host, || format!("named at {place}"));
                if !taken {
                    host.addresses.insert(failure.address.clone());
                }
            }
        }
    }

    fn add_outages(&self, back_in: SimDuration, network: &mut Network, ledger: &mut Ledger) {
        let until = text_value(&format!("{}s", back_in.as_secs().max(1)));
        let times = [("from", text_value("0s")), ("until", until)];
        let mut struck: BTreeSet<(&str, &failure::Kind)> = BTreeSet::new();
        for (failure, (recipients, place)) in &self.failures {
            let own: BTreeSet<String> = match failure.kind {
                failure::Kind::NoSuchName => continue,
                // What is refused at RCPT may be one mailbox alone.
                failure::Kind::Temporary { stage: "rcpt", .. } => recipients.clone(),
                _ => BTreeSet::new(),
            };
            if own.is_empty() && !struck.insert((&failure.host, &failure.kind)) {
                continue;
            }
            let target = match failure.kind {
                failure::Kind::NameServer => "dns",
                _ => "host",
            };
            let mut keys = vec![(target, text_value(&failure.host))];
            keys.extend(times.clone());
            keys.extend(mode_keys(&failure.kind, target == "host", &own));
            let count = recipients.len();
            let from = format!("{count} recipients wait for it, the first at {place}");
            network.outages.push(Entry { from, keys });
        }
        for (domain, place) in &self.silent {
            if self.hosts.contains_key(domain) {
                continue;
            }
            let hosts = complete::exchangers_of(domain, network);
            for host in hosts {
                if struck.iter().any(|(known, _)| *known == host) {
                    continue;
                }
                let mut keys = vec![("host", text_value(&host))];
                keys.extend(times.clone());
                keys.push(("mode", text_value("refuse")));
                let from = format!("mail for {domain} waits ({place}); why is not told");
                network.outages.push(Entry { from, keys });
            }
            let says = "the listing does not say why its mail waits: its exchangers refuse connections until \
                        they are back";
            ledger.say(Class::Assumed, format!("why mail for {domain} waits"), says);
        }
    }
}
