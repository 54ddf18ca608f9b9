//! The seam between an MTA family and the rest: what a queue manager is told and what it orders.

use std::fmt::Debug;

use rand_chacha::ChaCha8Rng;

use crate::mail::{DomainId, HostId, Mailbox, RecipientId, Reply, Status};
use crate::network::AddressId;
use crate::smtp::Failure;
use crate::trace::SessionMarks;
use crate::units::{SimDuration, SimTime};

use super::{
    CopyIndex, DeliveryHandle, Destination, EntryHandle, Intake, Orders, QueueEntries,
    QueueSettings, Suspensions,
};

/// A timer of a queue manager. It comes back as it was armed; the manager tells by the number
/// whether it still matters (cancelled by generation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// A run through the deferred queue.
    QueueRun {
        /// Counts the manager's starts; a timer from before a restart is void.
        start: u32,
    },
    /// The next message may be taken up.
    TakeUp {
        /// Counts the manager's starts; a timer from before a restart is void.
        start: u32,
    },
    /// A destination may be tried again.
    Destination {
        /// Which.
        destination: Destination,
        /// Counts the times it was closed; a timer of an earlier time is void.
        closing: u32,
    },
    /// A timer that only the manager knows the meaning of; void when it knows the number no more.
    Own {
        /// Which.
        number: u64,
    },
    /// One message is due.
    Message {
        /// Which; void when the entry is gone.
        entry: EntryHandle,
        /// The round it waits for; void when another round has begun.
        round: u32,
    },
    /// The time that one message may spend in the queue is over.
    Lifetime {
        /// Which; void when the entry is gone.
        entry: EntryHandle,
    },
    /// The sender of one message is to be told that it is late.
    Notice {
        /// Which; void when the entry is gone.
        entry: EntryHandle,
    },
}

/// What a queue manager wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Begin this delivery.
    Deliver {
        /// The delivery.
        delivery: DeliveryHandle,
        /// Whether an open connection to the destination may be used.
        reuse_connection: bool,
        /// Whether the connection is to be kept afterwards, and until when at most it may idle.
        keep_connection: Option<KeepConnection>,
    },
    /// Begin this delivery, whose hosts have been looked up ([`Action::LookUp`]).
    DeliverTo {
        /// The delivery.
        delivery: DeliveryHandle,
        /// Where to.
        routed: Box<Routed>,
    },
    /// Begin this delivery in a process of the MTA that keeps its connections to itself.
    DeliverInProcess {
        /// The delivery.
        delivery: DeliveryHandle,
        /// Which process, and how it keeps connections.
        within: Box<InProcess>,
    },
    /// A process ends, and its connections with it.
    EndProcess {
        /// Its number.
        process: u32,
    },
    /// Recipients of these entries were put off without network activity: those marked as suspended
    /// (say so in the trace). Their copies are pending again. Ordered with [`Orders::suspend`].
    Suspended(Suspensions),
    /// Send one failure notice about all failed recipients of the entry, then forget them.
    ReturnFailed {
        /// The entry.
        entry: EntryHandle,
    },
    /// The entry has been in the queue for too long: all its recipients fail.
    Expire {
        /// The entry.
        entry: EntryHandle,
        /// The status that the notice tells; none: that of the last failure.
        status: Option<Status>,
    },
    /// Send a delay notice about the pending recipients.
    NotifyDelay {
        /// The entry.
        entry: EntryHandle,
    },
    /// Route the pending recipients of the entry anew, then call [`QueueManager::resubmitted`].
    Resubmit {
        /// The entry.
        entry: EntryHandle,
    },
    /// Nothing is left to do: the entry leaves the queue.
    Remove {
        /// The entry.
        entry: EntryHandle,
    },
    /// Close the connections that are kept for this destination.
    Close {
        /// Which.
        destination: Destination,
    },
    /// A connection that is kept for one destination is to serve another, to which the same host
    /// belongs.
    HandOn {
        /// For which it was kept.
        from: Destination,
        /// For which it is kept now.
        to: Destination,
    },
    /// Ask where mail for this destination goes; the answer comes as
    /// [`QueueManager::resolved`].
    LookUp {
        /// Which.
        destination: Destination,
        /// On whose behalf: only the manager knows what the number means.
        asker: u32,
    },
    /// What has been handed over for this entry is written down: these copies leave the queue (each is
    /// named once: what is done may stand in its entry for a while longer). Until then the host has them still, and if it crashes sends them again. For deliveries
    /// in a process ([`Action::DeliverInProcess`]) only; others are written down one by one.
    WriteDown {
        /// The entry.
        entry: EntryHandle,
        /// The copies.
        copies: Vec<CopyIndex>,
    },
    /// Open a connection, up to the reply to EHLO, without any message yet; the answer comes as
    /// [`QueueManager::connected`].
    Connect {
        /// The number by which the manager knows it.
        connection: ConnectionId,
        /// Whose host it is.
        destination: Destination,
        /// Where to.
        candidate: Candidate,
    },
    /// Hand this delivery over on a connection that stands. It stays open afterwards, as far as
    /// the server and the network allow ([`Report::connection_kept`]).
    Transact {
        /// The delivery.
        delivery: DeliveryHandle,
        /// The connection.
        connection: ConnectionId,
    },
    /// Say QUIT; that it is over comes as [`QueueManager::closed`].
    Quit {
        /// The connection.
        connection: ConnectionId,
    },
    /// Give a delivery up without a connection of its own; its recipients share the failure.
    Abandon {
        /// The delivery.
        delivery: DeliveryHandle,
        /// Why.
        because: Box<Abandoned>,
    },
    /// Wake the manager.
    Arm {
        /// What for.
        timer: Timer,
        /// When.
        at: SimTime,
    },
}

// Few orders are larger, and those have the rest in a box.
const _: () = assert!(size_of::<Action>() <= 40);

/// A process in which a delivery is to take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProcess {
    /// The number of the process, never used twice by one host.
    pub process: u32,
    /// The addresses to be tried, which the process knows; those of equal preference are put into
    /// the client's order for each delivery.
    pub candidates: Vec<Candidate>,
    /// How long the process keeps a connection; it is used again when its host's turn comes.
    pub keep_connection: KeepConnection,
    /// Most connections that the process keeps: beyond it, that used longest ago is closed.
    pub connections: u32,
}

/// Where a delivery goes whose hosts have been looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The hosts, in order of preference.
    pub candidates: Vec<Candidate>,
    /// Whether the connection is to be kept afterwards, and until when at most it may idle.
    pub keep_connection: Option<KeepConnection>,
}

/// Why a delivery was given up without a connection of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Abandoned {
    /// Since when it waited for a connection.
    pub since: SimTime,
    /// Why.
    pub failure: Failure,
    /// The connections that failed for it meanwhile, in the order in which they ended.
    pub tried: Vec<FailedConnection>,
}

/// A connection that a queue manager asked for, by the number it gave it; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// How long a connection is kept for the next delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepConnection {
    /// Closed after idling this long.
    pub idle: SimDuration,
    /// Not used any more at this age.
    pub age: SimDuration,
    /// Closed after this many transactions; none: no limit.
    pub transactions: Option<u32>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The delivery. The states of its recipients have been set already: done, failed, or still
    /// assigned if they are to be tried again.
    pub delivery: DeliveryHandle,
    /// Set if the destination as a whole failed (no connection, no greeting, lost or timed-out
    /// session at the last host tried, failed look-up), with the reason. A host that refused the
    /// message in a session that ran to its end shows that the destination is alive, even if a later
    /// host then fails (Postfix: `SMTP_MISC_FLAG_COMPLETE_SESSION` in `src/smtp/smtp_proto.c`).
    pub site_failure: Option<Status>,
    /// How the last try, or the look-up, ended early; none: it came to a positive reply to the dot,
    /// or nothing was tried.
    pub failure: Option<Failure>,
    /// Hosts tried.
    pub tried: u32,
    /// Whether a connection stays open for the next delivery.
    pub connection_kept: bool,
}

impl Report {
    /// Returns the report of a delivery that needed no network.
    #[must_use]
    pub fn local(delivery: DeliveryHandle) -> Self {
        Self { delivery, site_failure: None, failure: None, tried: 0, connection_kept: false }
    }
}

/// An address that the delivery agent could try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The address.
    pub address: AddressId,
    /// The server that answers there.
    pub host: HostId,
    /// Preference of its MX record, if one named it.
    pub preference: Option<u16>,
}

/// A connection ordered by itself that did not come as far as a reply to EHLO.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailedConnection {
    /// Where to.
    pub candidate: Candidate,
    /// When it was begun.
    pub started: SimTime,
    /// How far it came.
    pub marks: SessionMarks,
    /// How it ended.
    pub failure: Failure,
}

/// How the try of one address ended.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    /// The delivery.
    pub delivery: DeliveryHandle,
    /// The address.
    pub candidate: Candidate,
    /// When the try began.
    pub started: SimTime,
    /// How it ended early; none: it came to a positive reply to the dot.
    pub failure: Option<Failure>,
    /// The recipients of the transaction.
    pub copies: &'a [CopyIndex],
    /// The replies to their RCPT, where there were any.
    pub replies: &'a [Option<Reply>],
}

/// What becomes of a delivery none of whose hosts may be tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untried {
    /// Its recipients are put off.
    Deferred(Status),
    /// Its recipients fail.
    Failed(Status),
    /// Nothing is said of its recipients: the manager has them tried elsewhere.
    Onward,
}

/// The answer to a look-up that a queue manager ordered.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// What was looked up.
    pub destination: Destination,
    /// On whose behalf.
    pub asker: u32,
    /// The addresses in order of preference, or why there are none.
    pub found: Result<&'a [Candidate], Failure>,
    /// How long the records may be kept.
    pub ttl: SimDuration,
}

/// Messages in a host's queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLengths {
    /// Accepted and not yet taken up.
    pub incoming: u64,
    /// Taken up.
    pub active: u64,
    /// Waiting for their next attempt.
    pub deferred: u64,
}

/// A message in a host's queue when the run begins. When it came stands in its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its entry.
    pub entry: EntryHandle,
    /// The reverse path; none: null.
    pub sender: Option<Mailbox>,
    /// When it is tried next, if that is known.
    pub next_try: Option<SimTime>,
}

/// Tells who the recipients are, to those MTAs that remember failures by address, and how names are
/// ordered, to those that sort by them.
pub trait Addresses: Debug {
    /// Returns the address of a recipient whose copy a host has.
    fn address_of(&self, recipient: RecipientId) -> Mailbox;

    /// Returns the place of a domain's name among all names of domains and hosts in alphabetical
    /// order.
    fn place_of_domain(&self, domain: DomainId) -> u32;

    /// Returns the place of a host's name among the same names.
    fn place_of_host(&self, host: HostId) -> u32;
}

/// The names in a scenario, for rules of an MTA that speak of them.
pub trait Names {
    /// Returns the domains with their names.
    fn domains(&self) -> Vec<(DomainId, &str)>;
    /// Returns the hosts with their names.
    fn hosts(&self) -> Vec<(HostId, &str)>;
    /// Returns the local parts of a domain's addresses, with their positions.
    fn mailboxes(&self, domain: DomainId) -> Vec<(u32, String)>;
}

/// How many deliveries a host may have under way at once by its `capacity`; none: as the MTA's own
/// limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Processes {
    /// Of mail that leaves.
    pub remote: Option<u32>,
    /// Into mailboxes of the host.
    pub local: Option<u32>,
}

/// What a queue manager is handed with every call.
#[derive(Debug)]
pub struct Context<'a> {
    /// The host.
    pub host: HostId,
    /// The entries of all hosts.
    pub entries: &'a mut QueueEntries,
    /// The sink for orders; they are carried out in this order.
    pub actions: &'a mut Orders,
    /// Who the recipients are.
    pub addresses: &'a dyn Addresses,
    /// The host's own stream for what its manager draws.
    pub random: &'a mut ChaCha8Rng,
}

/// The queue manager of one host.
///
/// Calls come in order of virtual time. A manager never blocks and never looks at other hosts.
pub trait QueueManager: Debug {
    /// The MTA starts, with whatever entries it knew when it was stopped.
    fn start(&mut self, now: SimTime, context: &mut Context<'_>);

    /// The MTA stops or crashes: what is in memory is lost, what is on disk stays. The caller has
    /// released the deliveries under way; entries of the active queue rest until the next start.
    fn stop(&mut self, context: &mut Context<'_>);

    /// The host has become responsible for `entry`, which came as `intake` says.
    fn arrived(
        &mut self,
        now: SimTime,
        entry: EntryHandle,
        intake: &Intake,
        context: &mut Context<'_>,
    );

    /// The host has had a message since before the run, and tried it in vain ever since. Called once
    /// for each, the oldest first, right after the first [`Self::start`]. What is not known of its past
    /// is what the schedule says, as if every try so far had failed at once.
    fn waits(&mut self, now: SimTime, waiting: &Waiting, context: &mut Context<'_>);

    /// The pending recipients of `entry` have been routed anew, as was ordered.
    fn resubmitted(&mut self, _now: SimTime, _entry: EntryHandle, _context: &mut Context<'_>) {}

    /// A timer that it armed has come.
    fn timer(&mut self, now: SimTime, timer: Timer, context: &mut Context<'_>);

    /// A delivery has ended. The manager releases it.
    fn finished(&mut self, now: SimTime, report: &Report, context: &mut Context<'_>);

    /// The addresses of a delivery have been found; they will be tried in this order. Told before
    /// the first of them is tried; the manager orders nothing here.
    fn found(
        &mut self,
        _now: SimTime,
        _delivery: DeliveryHandle,
        _candidates: &mut dyn Iterator<Item = Candidate>,
        _entries: &QueueEntries,
    ) {
    }

    /// Some recipients of a delivery have a domain whose look-up failed; the delivery goes on without
    /// them, and leaves them assigned if the failure is temporary. The manager orders nothing here.
    fn unrouted(
        &mut self,
        _now: SimTime,
        _delivery: DeliveryHandle,
        _copies: &[CopyIndex],
        _failure: Failure,
        _context: &mut Context<'_>,
    ) {
    }

    /// Returns whether a delivery may try this address now. Asked of each address in turn, once
    /// or several times at one instant; those it may not are passed over as if they were not there.
    /// MTAs that remember hosts which were down answer from that memory.
    fn may_try(
        &self,
        _now: SimTime,
        _delivery: DeliveryHandle,
        _candidate: &Candidate,
        _entries: &QueueEntries,
    ) -> bool {
        true
    }

    /// Returns what becomes of a delivery whose addresses were all passed over.
    fn untried(
        &mut self,
        _now: SimTime,
        _delivery: DeliveryHandle,
        _context: &mut Context<'_>,
    ) -> Untried {
        Untried::Deferred(Status::NO_ANSWER)
    }

    /// A delivery in a process is about to go on from its first host to the second, or would if it
    /// might try it. The manager may change who belongs to the delivery; it orders nothing here.
    /// Returns whether it did.
    fn falls_back(&mut self, _delivery: DeliveryHandle, _entries: &mut QueueEntries) -> bool {
        false
    }

    /// The try of one address has ended. Called before the states of the recipients are set and
    /// before the next address is chosen; the manager orders nothing here.
    fn tried(&mut self, _now: SimTime, _tried: &Tried<'_>, _context: &mut Context<'_>) {}

    /// A look-up that it ordered is over.
    fn resolved(&mut self, _now: SimTime, _answer: &Resolved<'_>, _context: &mut Context<'_>) {}

    /// A connection that it ordered stands, the greeting and EHLO behind it, or has failed.
    fn connected(
        &mut self,
        _now: SimTime,
        _connection: ConnectionId,
        _opened: Result<(), FailedConnection>,
        _context: &mut Context<'_>,
    ) {
    }

    /// A connection is closed, as ordered.
    fn closed(&mut self, _now: SimTime, _connection: ConnectionId, _context: &mut Context<'_>) {}

    /// Returns whether the connection that a delivery was told to keep is still wanted after its
    /// last try, which came to a reply to the dot or to RCPT. Asked before [`Self::tried`] is told
    /// of the same try.
    fn keeps_connection(&mut self, _tried: &Tried<'_>, _entries: &QueueEntries) -> bool {
        true
    }

    /// All deferred messages are to be tried now.
    fn flush(&mut self, now: SimTime, context: &mut Context<'_>);

    /// The settings are replaced (`[[action]]` with `set`), and so is how many deliveries may be under
    /// way at once; the queue is kept. Settings of another family are ignored: a host does not change
    /// its software while it runs.
    fn configure(
        &mut self,
        now: SimTime,
        settings: &QueueSettings,
        processes: Processes,
        context: &mut Context<'_>,
    );

    /// Tells what things are called. Called before [`Self::start`] and after [`Self::configure`].
    fn introduce(&mut self, _names: &dyn Names) {}

    /// Returns when the schedule would try the entry again if an attempt failed at `now`; none if
    /// it would give up.
    fn next_attempt(
        &self,
        now: SimTime,
        entry: EntryHandle,
        entries: &QueueEntries,
    ) -> Option<SimTime>;

    /// Returns how many messages are in the queues.
    fn lengths(&self) -> QueueLengths;
}
