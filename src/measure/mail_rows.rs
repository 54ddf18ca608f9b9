//! The rows of a run, kept so that figures of any part of the mail can be taken of them.
//!
//! They are kept only where such a figure is asked for. A run fills them as rows become final
//! ([`MailSink`]), a result folder from its tables: what is computed of them ([`super::mail_part`]) is the
//! same.

use std::collections::BTreeMap;

use crate::mail::{AttemptOutcome, Mailbox, MailboxNames, MessageKey, MessageKind, Stage, Status};
use crate::trace::Fact;
use crate::units::{Octets, SimTime};

use super::record::{AttemptRecord, FinalState, MessageRecord, RecordSink};
use super::window::Window;

/// A text that many rows share, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(u32);

impl Name {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A row of `messages.csv`, as a folder's reader hands it over: names are texts.
#[derive(Debug, Clone)]
pub struct ReadMail<'t> {
    /// Name of the message.
    pub key: MessageKey,
    /// Address of the recipient.
    pub recipient: &'t str,
    /// Reverse path; empty: the null path.
    pub sender: &'t str,
    /// Kind of the message.
    pub kind: MessageKind,
    /// The message that a notice is about.
    pub about: Option<MessageKey>,
    /// Header and body as submitted.
    pub size: Octets,
    /// When it was submitted.
    pub submitted: SimTime,
    /// When a server took responsibility.
    pub accepted: Option<SimTime>,
    /// Where it ended.
    pub state: FinalState,
    /// Enhanced status of the end.
    pub status: Option<Status>,
    /// When it ended.
    pub ended: Option<SimTime>,
    /// The host where it ended.
    pub host: &'t str,
    /// Received fields at the end.
    pub hops: Option<u32>,
    /// Rows of `attempts.csv` about it.
    pub attempts: u32,
    /// The hosts that held it, in order.
    pub path: Vec<&'t str>,
    /// Copies that reached the mailbox.
    pub copies: u32,
    /// Whether it lies in the folder Junk.
    pub junk: bool,
    /// When its reader fetched it.
    pub retrieved: Option<SimTime>,
}

/// A row of `attempts.csv`, as a folder's reader hands it over.
#[derive(Debug, Clone, Copy)]
pub struct ReadAttempt<'t> {
    /// Name of the message.
    pub key: MessageKey,
    /// Address of the recipient.
    pub recipient: &'t str,
    /// Number of the delivery; tries of several hosts in one delivery share it.
    pub delivery: u64,
    /// The host that held it.
    pub from: &'t str,
    /// The host tried; empty: nobody.
    pub to: &'t str,
    /// Whether an MX record named that host.
    pub by_exchanger: bool,
    /// When the try began.
    pub started: SimTime,
    /// The stage at which it ended.
    pub stage: Stage,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Whether the schedule would try again.
    pub again: bool,
}

/// A recipient of a message.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: MessageKey,
    pub(super) from: Option<Name>,
    pub(super) to: Name,
    pub(super) kind: MessageKind,
    pub(super) about: Option<MessageKey>,
    pub(super) size: Octets,
    pub(super) submitted: SimTime,
    pub(super) accepted: Option<SimTime>,
    pub(super) state: FinalState,
    pub(super) status: Option<Status>,
    pub(super) ended: Option<SimTime>,
    pub(super) host: Option<Name>,
    pub(super) hops: Option<u32>,
    pub(super) attempts: u32,
    pub(super) path: Box<[Name]>,
    pub(super) copies: u32,
    pub(super) junk: bool,
    pub(super) retrieved: Option<SimTime>,
    pub(super) tries: Option<Box<Tries>>,
}

/// What was tried for a recipient.
#[derive(Debug, Clone, Default)]
pub(super) struct Tries {
    /// The first delivery of each host that held it.
    first_by_host: Vec<FirstDelivery>,
    /// The exchangers that took it.
    pub(super) exchangers: Vec<Name>,
    pub(super) deferrals: u64,
    pub(super) outcomes: [u64; AttemptOutcome::ALL.len()],
    pub(super) failed_stages: [u64; Stage::ALL.len()],
}

/// The first delivery of a host for a recipient.
#[derive(Debug, Clone, Copy)]
struct FirstDelivery {
    host: Name,
    delivery: u64,
    at: SimTime,
    /// Whether it put the recipient off to a later time.
    put_off: bool,
}

impl Row {
    /// Returns the first try of a server that had it from somebody: when, and whether it was put off.
    pub(super) fn first_try(&self) -> Option<(SimTime, bool)> {
        let tries = &self.tries.as_ref()?.first_by_host;
        let own = self.path.first().filter(|_| self.kind == MessageKind::Mail);
        let by_servers = tries.iter().filter(|first| Some(&first.host) != own);
        by_servers.map(|first| (first.at, first.put_off)).min()
    }
}

/// The rows of a run.
#[derive(Debug, Default)]
pub struct MailRows {
    texts: Vec<String>,
    places: BTreeMap<String, Name>,
    pub(super) rows: Vec<Row>,
    /// What was tried for recipients whose row has not come yet.
    tries: BTreeMap<(MessageKey, Name), Box<Tries>>,
    /// Intervals of outages, by the number of their entry.
    pub(super) outages: BTreeMap<u32, Vec<Window>>,
    /// Mail that counts.
    pub(super) window: Window,
}

impl MailRows {
    /// Returns no rows; of those to come mail submitted within `window` counts.
    #[must_use]
    pub fn counting(window: Window) -> Self {
        Self { window, ..Self::default() }
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.places.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.texts.len()).expect("fewer than 2^32 names"));
        self.texts.push(text.to_owned());
        self.places.insert(text.to_owned(), name);
        name
    }

    /// Returns, for each name, whether something holds of it.
    pub(super) fn names_that(&self, holds: impl Fn(&str) -> bool) -> Vec<bool> {
        self.texts.iter().map(|text| holds(text)).collect()
    }

    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name.index()]
    }

    /// Takes note of an interval of an outage.
    pub fn outage(&mut self, entry: u32, interval: Window) {
        self.outages.entry(entry).or_default().push(interval);
    }

    /// Takes an attempt; those about a recipient come before its row.
    pub fn attempt(&mut self, read: &ReadAttempt<'_>) {
        let recipient = self.name(read.recipient);
        let (from, to) = (self.name(read.from), self.name(read.to));
        let tries = self.tries.entry((read.key, recipient)).or_default();
        tries.outcomes[read.outcome as usize] += 1;
        let put_off = read.outcome.is_temporary();
        tries.deferrals += u64::from(put_off && read.again);
        if read.outcome != AttemptOutcome::Accepted {
            tries.failed_stages[read.stage as usize] += 1;
        } else if read.by_exchanger {
            tries.exchangers.push(to);
        }
        if read.outcome == AttemptOutcome::Suspended {
            return;
        }
        let put_off = put_off && read.again;
        let this = FirstDelivery { host: from, delivery: read.delivery, at: read.started, put_off };
        match tries.first_by_host.iter_mut().find(|first| first.host == from) {
            // Tries of further hosts in the first delivery: the last of them put it off, or none.
            Some(first) if first.delivery == read.delivery => {
                first.at = first.at.min(read.started);
                first.put_off |= put_off;
            }
            Some(first) if read.started < first.at => *first = this,
            Some(_) => {}
            None => tries.first_by_host.push(this),
        }
    }

    /// Takes a recipient's row.
    pub fn mail(&mut self, read: &ReadMail<'_>) {
        let recipient = self.name(read.recipient);
        let domain = |address: &str| address.rsplit('@').next().unwrap_or_default().to_owned();
        let from = (!read.sender.is_empty()).then(|| self.name(&domain(read.sender)));
        let to = self.name(&domain(read.recipient));
        let host = (!read.host.is_empty()).then(|| self.name(read.host));
        let path: Vec<Name> = read.path.iter().map(|host| self.name(host)).collect();
        let &ReadMail { key, kind, about, size, submitted, accepted, state, status, .. } = read;
        let &ReadMail { ended, hops, attempts, copies, junk, retrieved, .. } = read;
        let tries = self.tries.remove(&(key, recipient));
        self.rows.push(Row {
            key,
            from,
            to,
            kind,
            about,
            size,
            submitted,
            accepted,
            state,
            status,
            ended,
            host,
            hops,
            attempts,
            path: path.into(),
            copies,
            junk,
            retrieved,
            tries,
        });
    }
}

/// Fills [`MailRows`] while a run goes on.
pub struct MailSink<'n> {
    names: &'n dyn MailboxNames,
    rows: MailRows,
    addresses: BTreeMap<Mailbox, String>,
    attempts: bool,
}

impl std::fmt::Debug for MailSink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailSink").field("rows", &self.rows.rows.len()).finish_non_exhaustive()
    }
}

impl<'n> MailSink<'n> {
    /// Returns an empty sink; `attempts`: rows of attempts are needed too.
    #[must_use]
    pub fn new(names: &'n dyn MailboxNames, window: Window, attempts: bool) -> Self {
        let rows = MailRows::counting(window);
        Self { names, rows, addresses: BTreeMap::new(), attempts }
    }

    /// Returns the rows.
    #[must_use]
    pub fn into_rows(self) -> MailRows {
        self.rows
    }
}

/// Returns an address, spelt once.
fn spelt<'a>(
    addresses: &'a mut BTreeMap<Mailbox, String>,
    names: &dyn MailboxNames,
    mailbox: Mailbox,
) -> &'a str {
    addresses.entry(mailbox).or_insert_with(|| names.mailbox(mailbox))
}

impl RecordSink for MailSink<'_> {
    fn message(&mut self, row: &MessageRecord<'_>) {
        let names = self.names;
        let sender = row.sender.map(|sender| spelt(&mut self.addresses, names, sender).to_owned());
        let recipient = spelt(&mut self.addresses, names, row.recipient);
        self.rows.mail(&ReadMail {
            key: row.key,
            recipient,
            sender: sender.as_deref().unwrap_or_default(),
            kind: row.kind,
            about: row.about,
            size: row.size,
            submitted: row.submitted,
            accepted: row.accepted,
            state: row.state,
            status: row.status,
            ended: row.ended,
            host: row.host.map_or("", |host| names.host(host)),
            hops: row.hops,
            attempts: row.attempts,
            path: row.path.iter().map(|&host| names.host(host)).collect(),
            copies: row.copies,
            junk: row.junk,
            retrieved: row.retrieved.map(|(at, _)| at),
        });
    }

    fn attempt(&mut self, row: &AttemptRecord<'_>) {
        if !self.attempts {
            return;
        }
        let (names, fact, identity) = (self.names, row.fact, row.identity());
        self.rows.attempt(&ReadAttempt {
            key: identity.key,
            recipient: spelt(&mut self.addresses, names, identity.mailbox),
            delivery: fact.delivery,
            from: names.host(fact.from),
            to: fact.to.map_or("", |host| names.host(host)),
            by_exchanger: fact.preference.is_some(),
            started: fact.started,
            stage: fact.stage,
            outcome: fact.outcome,
            again: fact.next_attempt.is_some(),
        });
    }

    fn fact(&mut self, _: SimTime, fact: &Fact) {
        if let Fact::Outage(outage) = fact {
            self.rows.outage(outage.entry, Window { from: outage.from, to: outage.to });
        }
    }
}
