//! One delivery process: what it is about, and what it learns of hosts and recipients.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mail::{AttemptOutcome, HostId, Mailbox, Stage};
use crate::network::AddressId;
use crate::smtp::Failure;

use super::super::{
    Candidate, Context, CopyIndex, DeliveryHandle, Destination, EntryHandle, Tried,
};
use super::retry::{FailedMessage, RetryDatabase, RetryKey};
use super::settings::Settings;

/// Why a delivery process was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The message has just come.
    First,
    /// A queue runner came to it; `forced`: retry times are ignored.
    QueueRun { forced: bool },
    /// A connection to this destination was handed on to it.
    Continued(Destination),
}

/// Whether an address may be tried (`src/retry.c`, `retry_check_address`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Usable,
    /// Given up long ago, and its retry time has come.
    UsableExpired,
    /// Its retry time has not come.
    Unusable,
    /// Given up long ago, and its retry time has not come.
    UnusableExpired,
}

/// One call of the transport: a delivery, and the hosts for it.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) hosts: Vec<Candidate>,
    tried: Vec<AddressId>,
    /// Hosts that count for `hosts_max_try`; can be below zero for old messages.
    counted: i64,
    /// Hosts of this preference are passed over, because the limit is reached and others are left.
    passed_over: Option<Option<u16>>,
    /// Records to be written for the delivery as a whole.
    host_items: Vec<RetryKey>,
    /// Records to be written for single recipients.
    own_items: Vec<(CopyIndex, RetryKey)>,
    /// Whether the message is to be noted as waiting for the hosts.
    update_waiting: bool,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            tried: Vec::new(),
            counted: 0,
            passed_over: None,
            host_items: Vec::new(),
            own_items: Vec::new(),
            update_waiting: true,
        }
    }
}

/// Recipients that were put off together.
#[derive(Debug)]
pub(super) struct Deferral {
    pub(super) copies: Vec<CopyIndex>,
    pub(super) host_items: Vec<RetryKey>,
    pub(super) own_items: Vec<(CopyIndex, RetryKey)>,
    /// Whether hosts were left out that might have worked, so that nothing times out
    /// (`af_retry_skipped`).
    pub(super) skipped: bool,
}

/// A delivery process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) entry: EntryHandle,
    /// The reverse path of its message; none: null.
    pub(super) sender: Option<Mailbox>,
    pub(super) kind: Kind,
    /// The queue runner that waits for it.
    pub(super) runner: Option<u32>,
    pub(super) message: FailedMessage,
    /// Whether all recipients fail without a try.
    pub(super) fails_all: bool,
    /// Deliveries that wait for their turn.
    pub(super) waiting: VecDeque<DeliveryHandle>,
    pub(super) running: u32,
    pub(super) transports: BTreeMap<DeliveryHandle, Transport>,
    /// Addresses that failed in this process, which other deliveries of it pass over; true:
    /// given up before.
    unusable: BTreeMap<AddressId, bool>,
    pub(super) deferrals: Vec<Deferral>,
    /// Records that a success makes void.
    pub(super) deletions: BTreeSet<RetryKey>,
    /// Whether something was put off for which the sender may be warned.
    pub(super) warns: bool,
    /// Whether the message is to be frozen.
    pub(super) freezes: bool,
    /// The message to which a connection is to be handed on.
    pub(super) next: Option<EntryHandle>,
}

impl Process {
    /// Returns the process for a message in the queue, with its reverse path.
    pub(super) fn new(
        (entry, sender): (EntryHandle, Option<Mailbox>),
        kind: Kind,
        runner: Option<u32>,
        message: FailedMessage,
    ) -> Self {
        Self {
            entry,
            sender,
            kind,
            runner,
            message,
            fails_all: false,
            waiting: VecDeque::new(),
            running: 0,
            transports: BTreeMap::new(),
            unusable: BTreeMap::new(),
            deferrals: Vec::new(),
            deletions: BTreeSet::new(),
            warns: false,
            freezes: false,
            next: None,
        }
    }

    /// Returns whether an address may be tried, as far as the records say.
    pub(super) fn standing(
        &self,
        address: AddressId,
        clock: u64,
        database: &RetryDatabase,
        settings: &Settings,
    ) -> Standing {
        match self.unusable.get(&address) {
            Some(true) => return Standing::UnusableExpired,
            Some(false) => return Standing::Unusable,
            None => {}
        }
        if matches!(self.kind, Kind::QueueRun { forced: true } | Kind::Continued(_)) {
            return Standing::Usable;
        }
        let received = self.message.received;
        let old = RetryDatabase::is_past_ultimate_timeout(clock, received, settings);
        let mut standing = Standing::Usable;
        if let Some(host) = database.get(RetryKey::Host(address), clock, settings) {
            if clock < host.next_try {
                return match (host.expired, old) {
                    (true, _) => Standing::UnusableExpired,
                    (false, true) => Standing::Usable,
                    (false, false) => Standing::Unusable,
                };
            }
            if host.expired {
                standing = Standing::UsableExpired;
            }
        }
        match database.get(RetryKey::Message(address, self.entry), clock, settings) {
            Some(message) if clock < message.next_try && !old => Standing::Unusable,
            _ => standing,
        }
    }

    /// Returns whether a delivery may try an address now.
    pub(super) fn may_try(
        &self,
        delivery: DeliveryHandle,
        candidate: &Candidate,
        clock: u64,
        database: &RetryDatabase,
        settings: &Settings,
    ) -> bool {
        // Over a connection that was handed on, only its own host is tried.
        let Some(transport) = self.transports.get(&delivery) else {
            return false;
        };
        let barred = self.fails_all || matches!(self.kind, Kind::Continued(_));
        if barred
            || transport.is_at_limit(settings)
            || transport.passed_over == Some(candidate.preference)
        {
            return false;
        }
        match self.standing(candidate.address, clock, database, settings) {
            Standing::Usable | Standing::UsableExpired => true,
            Standing::Unusable => false,
            Standing::UnusableExpired => {
                !settings.delay_after_cutoff
                    && self.all_expired(transport, clock, database, settings)
                    && database
                        .get(RetryKey::Host(candidate.address), clock, settings)
                        .is_some_and(|record| record.last_try <= self.message.received)
            }
        }
    }

    fn all_expired(
        &self,
        transport: &Transport,
        clock: u64,
        database: &RetryDatabase,
        settings: &Settings,
    ) -> bool {
        transport.hosts.iter().all(|host| {
            let standing = self.standing(host.address, clock, database, settings);
            standing == Standing::UnusableExpired
        })
    }

    /// Returns whether every host of a delivery none of which may be tried is given up for good.
    pub(super) fn gives_up(
        &self,
        delivery: DeliveryHandle,
        clock: u64,
        database: &RetryDatabase,
        settings: &Settings,
    ) -> bool {
        let Some(transport) = self.transports.get(&delivery) else {
            return false;
        };
        transport.tried.is_empty() && self.all_expired(transport, clock, database, settings)
    }

    /// Notes how the try of a host ended (`src/transports/smtp.c`, `smtp_transport_entry` and
    /// `smtp_deliver`).
    pub(super) fn tried(
        &mut self,
        tried: &Tried<'_>,
        clock: u64,
        context: &Context<'_>,
        database: &RetryDatabase,
        settings: &Settings,
    ) {
        let address = tried.candidate.address;
        let standing = self.standing(address, clock, database, settings);
        let expired = standing != Standing::Usable;
        let continued = matches!(self.kind, Kind::Continued(_));
        let message_key = RetryKey::Message(address, self.entry);
        let exists = |key| database.get(key, clock, settings).is_some();
        let verdict = Verdict::of(tried.failure);
        let Some(transport) = self.transports.get_mut(&tried.delivery) else {
            return;
        };
        if verdict == Verdict::HostDeferred {
            if !continued {
                transport.host_items.push(RetryKey::Host(address));
            }
            self.unusable.insert(address, expired);
        } else if exists(RetryKey::Host(address)) {
            self.deletions.insert(RetryKey::Host(address));
        }
        if verdict == Verdict::MessageDeferred {
            transport.host_items.push(message_key);
            transport.update_waiting = false;
        } else if exists(message_key) {
            self.deletions.insert(message_key);
        }
        let mut deferred = verdict != Verdict::Answered;
        let sender = self.sender;
        for (&copy, reply) in tried.copies.iter().zip(tried.replies) {
            let mailbox = address_of(copy, context);
            let keys = [RetryKey::Recipient(mailbox, sender), RetryKey::Address(mailbox)];
            match reply {
                Some(reply) if reply.is_positive() => {
                    self.deletions.extend(keys.into_iter().filter(|&key| exists(key)));
                }
                Some(reply) if !reply.is_permanent() => {
                    transport.own_items.push((copy, keys[0]));
                    transport.update_waiting = false;
                    deferred = true;
                }
                None if verdict == Verdict::RecipientTimedOut => {
                    transport.own_items.push((copy, keys[1]));
                    transport.update_waiting = false;
                }
                _ => {}
            }
        }
        self.warns |= deferred;
        let old = RetryDatabase::is_past_ultimate_timeout(clock, self.message.received, settings);
        transport.count(tried.candidate, expired, deferred && old, settings);
    }

    /// Takes in recipients whose domain could not be looked up, and which the others of their delivery
    /// leave behind.
    pub(super) fn unrouted(
        &mut self,
        copies: &[CopyIndex],
        failure: Failure,
        context: &Context<'_>,
    ) {
        if !failure.outcome.is_temporary() {
            return;
        }
        let own_items = self.note_look_up(copies, failure, context);
        self.deferrals.push(Deferral {
            copies: copies.to_vec(),
            host_items: Vec::new(),
            own_items,
            skipped: false,
        });
    }

    /// Returns the records that a failed look-up of these recipients' domains writes.
    fn note_look_up(
        &mut self,
        copies: &[CopyIndex],
        failure: Failure,
        context: &Context<'_>,
    ) -> Vec<(CopyIndex, RetryKey)> {
        self.warns = true;
        self.freezes |= failure.status.detail == crate::mail::Status::ROUTING_LOOP.detail;
        let key = |copy| RetryKey::Domain(address_of(copy, context).domain);
        copies.iter().map(|&copy| (copy, key(copy))).collect()
    }

    /// A delivery has ended; `failure` is that of its look-up, if it came to no host. Takes in what
    /// it leaves to be tried again. Returns the hosts for which the message waits now.
    pub(super) fn delivered(
        &mut self,
        delivery: DeliveryHandle,
        failure: Option<Failure>,
        clock: u64,
        context: &Context<'_>,
        database: &RetryDatabase,
        settings: &Settings,
    ) -> Vec<HostId> {
        let mut transport = self.transports.remove(&delivery).unwrap_or_default();
        let left_behind =
            |copy: &CopyIndex| self.deferrals.iter().any(|deferral| deferral.copies.contains(copy));
        let copies = context.entries.delivery_recipients(delivery);
        let copies: Vec<CopyIndex> = copies.filter(|copy| !left_behind(copy)).collect();
        if copies.is_empty() {
            return Vec::new();
        }
        let looked_up = failure.filter(|failure| failure.stage == Stage::Dns);
        if let Some(failure) = looked_up {
            transport.update_waiting = false;
            transport.own_items = self.note_look_up(&copies, failure, context);
        }
        let mut skipped = false;
        let at_limit = transport.is_at_limit(settings);
        for host in &transport.hosts {
            if transport.tried.contains(&host.address) {
                continue;
            }
            let standing = self.standing(host.address, clock, database, settings);
            skipped |= standing == Standing::Unusable;
            // Left out for the number of hosts; at the hard limit that does not count.
            skipped |= (at_limit && !transport.is_at_hard_limit(settings))
                || transport.passed_over == Some(host.preference);
            let message = RetryKey::Message(host.address, self.entry);
            if database.get(message, clock, settings).is_some() {
                transport.update_waiting = false;
            }
        }
        let waits_for = transport.hosts.iter().map(|host| host.host);
        let waits_for = waits_for.filter(|_| transport.update_waiting).collect();
        self.deferrals.push(Deferral {
            copies,
            host_items: transport.host_items,
            own_items: transport.own_items,
            skipped,
        });
        waits_for
    }

    /// Returns the records that deliveries under way or over will write.
    pub(super) fn items(&self) -> impl Iterator<Item = RetryKey> {
        let under_way = self.transports.values().flat_map(|transport| {
            let own = transport.own_items.iter().map(|(_, key)| *key);
            transport.host_items.iter().copied().chain(own)
        });
        let over = self.deferrals.iter().flat_map(|deferral| {
            let own = deferral.own_items.iter().map(|(_, key)| *key);
            deferral.host_items.iter().copied().chain(own)
        });
        under_way.chain(over)
    }
}

impl Transport {
    fn is_at_hard_limit(&self, settings: &Settings) -> bool {
        self.tried.len() >= settings.hosts_max_try_hardlimit as usize
    }

    fn is_at_limit(&self, settings: &Settings) -> bool {
        self.counted >= i64::from(settings.hosts_max_try) || self.is_at_hard_limit(settings)
    }

    /// Counts a host that was tried. At the limit the next one is the first of another preference,
    /// if there is one, and this host does not count; nor do hosts at which an `old` message fails.
    fn count(&mut self, candidate: Candidate, expired: bool, old: bool, settings: &Settings) {
        self.tried.push(candidate.address);
        let mut later = self.hosts.iter().skip_while(|host| host.address != candidate.address);
        let is_last = later.clone().nth(1).is_none();
        if !expired {
            self.counted += 1;
            if self.counted >= i64::from(settings.hosts_max_try)
                && later.any(|host| host.preference != candidate.preference)
            {
                self.passed_over = Some(candidate.preference);
                self.counted -= 1;
            }
        }
        if old && !is_last {
            self.counted -= 1;
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
    /// Sorts errors as `smtp_deliver` does behind its label `FAILED`: a negative reply to MAIL or
    /// DATA, a time-out after MAIL, and anything after the dot belong to the message, all else that
    /// is no reply belongs to the host.
    fn of(failure: Option<Failure>) -> Self {
        let Some(failure) = failure else {
            return Self::Answered;
        };
        match (failure.stage, failure.outcome) {
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

/// Returns the address of a recipient.
fn address_of(copy: CopyIndex, context: &Context<'_>) -> Mailbox {
    context.addresses.address_of(context.entries.copy(copy).recipient)
}
