//! One delivery process: what it is about, and what it learns of hosts and recipients.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mail::{AttemptOutcome, HostId, Mailbox, Stage};
use crate::network::AddressId;
use crate::smtp::Failure;
use crate::units::SimTime;

use super::super::{
    Candidate, Context, CopyIndex, DeliveryHandle, Destination, EntryHandle, Tried,
};
use super::condition::{Cause, Command, Subject};
use super::notes::{Batch, Note, Notes};
use super::retry::{FailedMessage, RetryDatabase, RetryItem, RetryKey};
use super::settings::Settings;
use super::transport::Transport;

/// Why a delivery process was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The message has just come.
    First,
    /// A queue runner came to it; `forced`: retry times are ignored.
    QueueRun { forced: bool },
    /// A connection was handed on to it.
    Continued {
        /// The destination for which it was kept.
        from: Destination,
        /// The destinations of the message to which the host belongs.
        to: BTreeSet<Destination>,
    },
}

/// Whether an address may be tried (`src/retry.c`, `retry_check_address`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Usable,
    /// Given up long ago, and its retry time has come.
    UsableExpired,
    /// Its retry time has not come.
    Unusable,
    /// Given up long ago, and its retry time has not come.
    UnusableExpired,
}

/// What hosts have done before, and the rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory<'a> {
    /// Whole seconds.
    pub(super) clock: u64,
    pub(super) database: &'a RetryDatabase,
    pub(super) settings: &'a Settings,
}

impl Memory<'_> {
    fn has(&self, key: RetryKey) -> bool {
        self.database.get(key, self.clock, self.settings).is_some()
    }
}

/// Recipients whom the hosts of a transport put off, and its fallback hosts.
#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) copies: Vec<CopyIndex>,
    pub(super) hosts: Vec<Candidate>,
    /// Whether any of the hosts before was tried.
    pub(super) tried: bool,
    /// What facts call the delivery to the hosts before.
    pub(super) number: u64,
}

/// A delivery process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) entry: EntryHandle,
    pub(super) kind: Kind,
    /// The queue runner that waits for it.
    pub(super) runner: Option<u32>,
    pub(super) message: FailedMessage,
    /// Whether all recipients fail without a try.
    pub(super) fails_all: bool,
    /// Destinations yet to be looked up before the first delivery begins.
    pub(super) to_look_up: VecDeque<Destination>,
    /// Those of them to which recipients of several domains go, since these have the same exchangers:
    /// each is looked up by its delivery, domain by domain.
    pub(super) shared: BTreeSet<Destination>,
    /// When it began the look-up that it waits for.
    pub(super) asked: SimTime,
    /// Where mail for those goes that were looked up.
    pub(super) routes: BTreeMap<Destination, Vec<Candidate>>,
    /// Destinations whose look-up failed, with when it was begun.
    pub(super) unroutable: BTreeMap<Destination, (SimTime, Failure)>,
    /// Deliveries that wait for their turn.
    pub(super) waiting: VecDeque<DeliveryHandle>,
    pub(super) running: u32,
    /// Transactions that follow a delivery on its connection, for it had more recipients than one
    /// transaction may.
    pub(super) following: BTreeMap<DeliveryHandle, VecDeque<DeliveryHandle>>,
    pub(super) transports: BTreeMap<DeliveryHandle, Transport>,
    /// Recipients to be tried at fallback hosts when all deliveries are over.
    pub(super) fallbacks: Vec<Fallback>,
    /// Addresses found of no use in deliveries that are over, which later ones pass over; true:
    /// given up before. (A delivery under way is a process of its own and does not know.)
    unusable: BTreeMap<AddressId, bool>,
    /// What was learnt.
    pub(super) notes: Notes,
    /// Recipients of whose delay the sender may be told if they are put off.
    pub(super) warns_of: BTreeSet<CopyIndex>,
    /// Recipients of whom, or of whose domain, there was a record when they were routed.
    pub(super) had_records: BTreeSet<CopyIndex>,
    /// Whether the message is to be frozen.
    pub(super) freezes: bool,
    /// The message to which a connection is to be handed on, with the destinations that the host
    /// belongs to.
    pub(super) next: Option<(EntryHandle, BTreeSet<Destination>)>,
}

impl Process {
    /// Returns the process for a message in the queue.
    pub(super) fn new(
        entry: EntryHandle,
        kind: Kind,
        runner: Option<u32>,
        message: FailedMessage,
    ) -> Self {
        Self {
            entry,
            kind,
            runner,
            message,
            fails_all: false,
            to_look_up: VecDeque::new(),
            shared: BTreeSet::new(),
            asked: SimTime::ZERO,
            routes: BTreeMap::new(),
            unroutable: BTreeMap::new(),
            waiting: VecDeque::new(),
            running: 0,
            following: BTreeMap::new(),
            transports: BTreeMap::new(),
            fallbacks: Vec::new(),
            unusable: BTreeMap::new(),
            notes: Notes::default(),
            warns_of: BTreeSet::new(),
            had_records: BTreeSet::new(),
            freezes: false,
            next: None,
        }
    }

    /// A delivery begins, with what is known of hosts by now.
    pub(super) fn starts(&mut self, delivery: DeliveryHandle, settings: &Settings) {
        if settings.has_interface {
            return;
        }
        if let Some(transport) = self.transports.get_mut(&delivery) {
            transport.unusable.clone_from(&self.unusable);
        }
    }

    /// Returns whether a delivery may try an address, as far as the records say.
    fn standing(
        &self,
        transport: &Transport,
        candidate: &Candidate,
        memory: &Memory<'_>,
    ) -> Standing {
        let address = candidate.address;
        match transport.unusable.get(&address) {
            Some(true) => return Standing::UnusableExpired,
            Some(false) => return Standing::Unusable,
            None => {}
        }
        if matches!(self.kind, Kind::QueueRun { forced: true } | Kind::Continued { .. }) {
            return Standing::Usable;
        }
        let &Memory { clock, database, settings } = memory;
        let subject = Subject::Host(candidate.host, transport.domain);
        let old = |cause| {
            database.is_past_ultimate_timeout(subject, cause, self.message, clock, settings)
        };
        let mut standing = Standing::Usable;
        if let Some(host) = database.get(RetryKey::Host(address), clock, settings) {
            if clock < host.next_try {
                return match host.expired {
                    true => Standing::UnusableExpired,
                    false if old(host.cause) => Standing::Usable,
                    false => Standing::Unusable,
                };
            }
            if host.expired {
                standing = Standing::UsableExpired;
            }
        }
        match database.get(RetryKey::Message(address, self.entry), clock, settings) {
            Some(message) if clock < message.next_try && !old(message.cause) => Standing::Unusable,
            _ => standing,
        }
    }

    /// Returns whether a delivery may try an address now.
    pub(super) fn may_try(
        &self,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        memory: &Memory<'_>,
    ) -> bool {
        // Over a connection that was handed on, only its own host is tried.
        if self.fails_all || matches!(self.kind, Kind::Continued { .. }) {
            return false;
        }
        let transport = self.transports.get(&delivery);
        transport.is_some_and(|transport| self.allows(transport, candidate, memory))
    }

    /// Returns whether a call of the transport may try an address now.
    fn allows(&self, transport: &Transport, candidate: &Candidate, memory: &Memory<'_>) -> bool {
        let settings = memory.settings;
        let in_list = transport.hosts.iter().any(|host| host.address == candidate.address);
        if !in_list
            || transport.is_at_limit(settings)
            || transport.passed_over == Some(candidate.preference)
        {
            return false;
        }
        match self.standing(transport, candidate, memory) {
            Standing::Usable | Standing::UsableExpired => true,
            Standing::Unusable => false,
            Standing::UnusableExpired => {
                let record = RetryKey::Host(candidate.address);
                !settings.delay_after_cutoff
                    && self.all_expired(transport, memory)
                    && memory
                        .database
                        .get(record, memory.clock, settings)
                        .is_some_and(|record| record.last_try <= self.message.received)
            }
        }
    }

    /// Recipients go on to their fallback hosts. Where hosts before were tried and it is too early for
    /// all of these, what those said stands (`smtp_transport_entry` sets no message where there is
    /// one): there is nothing to deliver. Returns whether there is.
    pub(super) fn begins_to_fall_back(&mut self, fallback: &Fallback, memory: &Memory<'_>) -> bool {
        let Fallback { copies, hosts, tried, .. } = fallback;
        copies.iter().for_each(|&copy| self.notes.hand_over_again(copy));
        let transport = Transport::at_fallback(copies.clone(), None, hosts.clone());
        if !tried || hosts.iter().any(|host| self.allows(&transport, host, memory)) {
            return true;
        }
        let top = copies.first().copied();
        let early = |host| self.standing(&transport, host, memory) == Standing::Unusable;
        if hosts.iter().any(early) {
            self.notes.skipped.extend(top);
        }
        self.notes.batches.push(Batch { copies: copies.clone(), top });
        false
    }

    fn all_expired(&self, transport: &Transport, memory: &Memory<'_>) -> bool {
        let expired = |host| self.standing(transport, host, memory) == Standing::UnusableExpired;
        transport.hosts.iter().all(expired)
    }

    /// Returns whether recipients that were put off are tried at fallback hosts. (Over a connection
    /// that was handed on, they are where it broke; that is not modelled.)
    fn may_fall_back(&self) -> bool {
        !self.fails_all && !matches!(self.kind, Kind::Continued { .. })
    }

    /// Returns whether recipients of a delivery go on to fallback hosts when those before are done
    /// with.
    pub(super) fn falls_back(&self, delivery: DeliveryHandle) -> bool {
        let transport = self.transports.get(&delivery);
        self.may_fall_back()
            && transport.is_some_and(|transport| !transport.fallback_hosts.is_empty())
    }

    /// Returns whether recipients go on to fallback hosts when all deliveries are over.
    pub(super) fn is_to_fall_back(&self) -> bool {
        !self.fallbacks.is_empty()
            || self.transports.keys().any(|&delivery| self.falls_back(delivery))
    }

    /// Returns whether every host of a delivery none of which may be tried is given up for good. (Not
    /// where they are fallback hosts: then there is a message of the hosts before.)
    pub(super) fn gives_up(&self, delivery: DeliveryHandle, memory: &Memory<'_>) -> bool {
        let Some(transport) = self.transports.get(&delivery) else {
            return false;
        };
        !transport.is_fallback && transport.tried.is_empty() && self.all_expired(transport, memory)
    }

    /// Notes how the try of a host ended (`src/transports/smtp.c`, `smtp_transport_entry`,
    /// `smtp_deliver` and `sync_responses`). Records of the host stand with the first recipient that
    /// it was tried for, records of the message there with the top one of the delivery.
    pub(super) fn tried(&mut self, tried: &Tried<'_>, context: &Context<'_>, memory: &Memory<'_>) {
        let Some(mut transport) = self.transports.remove(&tried.delivery) else {
            return;
        };
        let address = tried.candidate.address;
        let standing = self.standing(&transport, &tried.candidate, memory);
        let expired = standing != Standing::Usable;
        let verdict = Verdict::of(tried.failure);
        let by_mx = tried.candidate.preference.is_some();
        let cause = tried.failure.map_or(Cause::Other, |failure| cause(&failure, by_mx));
        let subject = Subject::Host(tried.candidate.host, transport.domain);
        let item = |key| Note::Failed(RetryItem { key, subject, cause });
        let first = tried.copies.first().copied();
        let host = RetryKey::Host(address);
        if verdict == Verdict::HostDeferred {
            if let Some(first) = first
                && !matches!(self.kind, Kind::Continued { .. })
            {
                self.notes.add(first, item(host));
            }
            transport.unusable.insert(address, expired);
        } else if let Some(first) = first
            && memory.has(host)
        {
            self.notes.add(first, Note::Delete(host));
        }
        let message = RetryKey::Message(address, self.entry);
        if let Some(top) = transport.top {
            if verdict == Verdict::MessageDeferred {
                self.notes.add(top, item(message));
                transport.keeps_from_waiting = true;
            } else if memory.has(message) {
                self.notes.add(top, Note::Delete(message));
                transport.keeps_from_waiting = true;
            }
        }
        let mut deferred = tried.failure.is_some_and(|failure| failure.outcome.is_temporary());
        if deferred {
            self.warns_of.extend(tried.copies);
        }
        for (&copy, reply) in tried.copies.iter().zip(tried.replies) {
            let mailbox = address_of(copy, context);
            let keys =
                [RetryKey::Recipient(mailbox, self.message.sender), RetryKey::Address(mailbox)];
            let item = |key, cause| {
                Note::Failed(RetryItem { key, subject: Subject::Address(mailbox), cause })
            };
            match reply {
                Some(reply) if reply.is_positive() => {}
                Some(reply) if !reply.is_permanent() => {
                    let cause = Cause::Reply(Command::Rcpt, reply.code);
                    self.notes.add(copy, item(keys[0], cause));
                    self.warns_of.insert(copy);
                    transport.keeps_from_waiting = true;
                    deferred = true;
                }
                None if verdict == Verdict::RecipientTimedOut => {
                    self.notes.add(copy, item(keys[1], cause));
                    transport.keeps_from_waiting = true;
                }
                _ => {}
            }
        }
        let by_host = Subject::Host(tried.candidate.host, None);
        let &Memory { clock, database, settings } = memory;
        let old = deferred
            && database.is_past_ultimate_timeout(
                by_host,
                Cause::Other,
                self.message,
                clock,
                settings,
            );
        transport.count(tried.candidate, expired, old, settings);
        self.transports.insert(tried.delivery, transport);
    }

    /// A delivery has ended; `failure` is that of its look-up, if it came to no host. Returns the
    /// hosts for which the message waits now.
    pub(super) fn delivered(
        &mut self,
        delivery: DeliveryHandle,
        failure: Option<Failure>,
        context: &Context<'_>,
        memory: &Memory<'_>,
    ) -> Vec<HostId> {
        let mut transport = self.transports.remove(&delivery).unwrap_or_default();
        let copies: Vec<CopyIndex> = context.entries.delivery_recipients(delivery).collect();
        if let Some(failure) = failure.filter(|failure| failure.stage == Stage::Dns) {
            self.not_routed(&copies, &failure, context);
            return Vec::new();
        }
        self.forget_routing(&transport.copies, context);
        let mut top_skipped = false;
        for host in &transport.hosts {
            if transport.tried.contains(&host.address) {
                continue;
            }
            let standing = self.standing(&transport, host, memory);
            if matches!(standing, Standing::Unusable | Standing::UnusableExpired) {
                let expired = standing == Standing::UnusableExpired;
                top_skipped |= !expired;
                transport.unusable.entry(host.address).or_insert(expired);
                if memory.has(RetryKey::Message(host.address, self.entry)) {
                    transport.keeps_from_waiting = true;
                }
            }
        }
        let all_skipped = transport.leaves_hosts_out(memory.settings);
        for (&address, &expired) in &transport.unusable {
            self.unusable.entry(address).or_insert(expired);
        }
        let waits = !copies.is_empty() && !transport.keeps_from_waiting;
        let hosts = transport.hosts.iter().map(|host| host.host).filter(|_| waits).collect();
        self.notes.skipped.extend(transport.top.filter(|_| top_skipped));
        self.notes.skipped.extend(transport.copies.iter().filter(|_| all_skipped));
        let tried = !transport.tried.is_empty();
        let Transport { copies: all, top, fallback_hosts, .. } = transport;
        if fallback_hosts.is_empty() || !self.may_fall_back() {
            self.notes.batches.push(Batch { copies: all, top });
        } else if !copies.is_empty() {
            let number = context.entries.delivery(delivery).map_or(0, |queued| queued.number);
            self.fallbacks.push(Fallback { copies, hosts: fallback_hosts, tried, number });
        }
        hosts
    }

    /// Recipients whose look-up succeeded need no record of an earlier failure any more, neither of
    /// the domain nor of the address, unless what they met at a host renews it.
    fn forget_routing(&mut self, copies: &[CopyIndex], context: &Context<'_>) {
        for &copy in copies.iter().filter(|copy| self.had_records.contains(copy)) {
            for key in routing_keys(address_of(copy, context), self.message.sender) {
                self.notes.add(copy, Note::Delete(key));
            }
        }
    }

    /// Takes in recipients of a delivery whose domain could not be looked up, and whom the others leave
    /// behind.
    pub(super) fn unrouted(
        &mut self,
        delivery: DeliveryHandle,
        copies: &[CopyIndex],
        failure: &Failure,
        context: &Context<'_>,
    ) {
        if let Some(transport) = self.transports.get_mut(&delivery) {
            transport.copies.retain(|copy| !copies.contains(copy));
            transport.top = transport
                .top
                .filter(|top| !copies.contains(top))
                .or(transport.copies.first().copied());
        }
        if failure.outcome.is_temporary() {
            self.not_routed(copies, failure, context);
        }
    }

    /// A look-up left nobody to try: each recipient has a record of its own of the domain.
    fn not_routed(&mut self, copies: &[CopyIndex], failure: &Failure, context: &Context<'_>) {
        self.freezes |= failure.status.detail == crate::mail::Status::ROUTING_LOOP.detail;
        for &copy in copies {
            let domain = address_of(copy, context).domain;
            let (key, subject) = (RetryKey::Domain(domain), Subject::Domain(domain));
            self.notes.add(copy, Note::Failed(RetryItem { key, subject, cause: Cause::Other }));
            self.warns_of.insert(copy);
            let (copies, top) = (vec![copy], Some(copy));
            self.notes.batches.push(Batch { copies, top });
        }
    }
}

/// What the end of a try says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The host answered, and did with the message what it did.
    Answered,
    /// The host is to be left alone for a while.
    HostDeferred,
    /// The host is well, but this message is to be left alone there for a while.
    MessageDeferred,
    /// RCPT was not answered in time, which says something about the recipient only.
    RecipientTimedOut,
}

impl Verdict {
    /// Sorts errors as `smtp_setup_conn` and `smtp_deliver` do behind their labels `FAILED`: a
    /// session that was refused, for now or for good, belongs to the host; a negative reply to MAIL
    /// or DATA, a time-out after MAIL, and anything after the dot to the message; all else that is
    /// no reply to the host.
    fn of(failure: Option<Failure>) -> Self {
        let Some(failure) = failure else {
            return Self::Answered;
        };
        match (failure.stage, failure.outcome) {
            (Stage::Greeting | Stage::Ehlo | Stage::Tls, AttemptOutcome::Permfail) => {
                Self::HostDeferred
            }
            (_, AttemptOutcome::Permfail | AttemptOutcome::Accepted) => Self::Answered,
            (Stage::Mail | Stage::Dot, AttemptOutcome::Timeout)
            | (Stage::Dot, AttemptOutcome::Lost)
            | (Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Dot, AttemptOutcome::Tempfail) => {
                Self::MessageDeferred
            }
            (Stage::Rcpt, AttemptOutcome::Timeout) => Self::RecipientTimedOut,
            (Stage::Suspended | Stage::Local, _) => Self::Answered,
            _ => Self::HostDeferred,
        }
    }
}

/// Returns what went wrong, as retry lines tell it apart.
fn cause(failure: &Failure, by_mx: bool) -> Cause {
    let code = failure.reply.map(|reply| reply.code);
    match (failure.outcome, failure.stage, code) {
        (AttemptOutcome::Refused, ..) => Cause::Refused { by_mx },
        (AttemptOutcome::Timeout, stage, _) => {
            Cause::Timeout { connecting: stage == Stage::Connect, by_mx }
        }
        (AttemptOutcome::Lost, ..) => Cause::Lost,
        (AttemptOutcome::Tempfail, Stage::Mail, Some(code)) => Cause::Reply(Command::Mail, code),
        (AttemptOutcome::Tempfail, Stage::Data | Stage::Dot, Some(code)) => {
            Cause::Reply(Command::Data, code)
        }
        _ => Cause::Other,
    }
}

/// Returns the records that keep a recipient from being routed: of its domain, of its address, and
/// of this with the sender.
pub(super) fn routing_keys(mailbox: Mailbox, sender: Option<Mailbox>) -> [RetryKey; 3] {
    [
        RetryKey::Domain(mailbox.domain),
        RetryKey::Address(mailbox),
        RetryKey::Recipient(mailbox, sender),
    ]
}

/// Returns the address of a recipient.
pub(super) fn address_of(copy: CopyIndex, context: &Context<'_>) -> Mailbox {
    context.addresses.address_of(context.entries.copy(copy).recipient)
}
