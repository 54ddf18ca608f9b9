//! A run of a delivery or submission agent: the hosts it tries, one after the other.

use crate::engine::{Handle, Slots};
use crate::mail::{HostId, Mailbox, MessageId, RecipientId, Reply};
use crate::network::AddressId;
use crate::queue::{
    Candidate, ConnectionId, CopyIndex, DeliveryHandle, Destination, KeepConnection, Tried,
};
use crate::smtp::{Failure, Transaction};
use crate::trace::{Findings, SessionMarks};
use crate::units::{Octets, SimTime};

use super::look_up::Unrouted;

/// One address to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) preference: Option<u16>,
    /// The address connected to.
    pub(super) address: AddressId,
    /// The server that answers there.
    pub(super) host: HostId,
    /// The proxy whose address it is, if the server is behind one.
    pub(super) proxy: Option<HostId>,
}

impl Target {
    /// Returns the target as a queue manager is asked about it.
    #[inline]
    pub(super) fn candidate(&self) -> Candidate {
        Candidate { address: self.address, host: self.host, preference: self.preference }
    }
}

/// For whom a run works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A delivery of a host's queue manager.
    Delivery {
        delivery: DeliveryHandle,
        destination: Destination,
        reuse: bool,
        keep: Option<KeepConnection>,
        /// The process of the MTA that makes it, with the number of connections it keeps.
        process: Option<(u32, u32)>,
    },
    /// A delivery over a connection that the queue manager has had opened.
    Transaction {
        delivery: DeliveryHandle,
        /// None: it is given up without one.
        connection: Option<ConnectionId>,
    },
    /// A look-up for a queue manager.
    LookUp { destination: Destination, asker: u32 },
    /// A connection opened for a queue manager.
    Opening { connection: ConnectionId },
    /// A connection that a queue manager has closed.
    Closing { connection: ConnectionId },
    /// A submission session of `[[mail]]` entry `entry`.
    Submission { entry: u32 },
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its agent is about to begin.
    Beginning,
    /// The look-up is under way or done; the next target is to be tried.
    Targeting,
    /// A connection request is on its way that only a repetition will get through.
    Connecting,
    /// Waiting for a free slot of the server.
    Waiting,
    /// A try is settled and under way.
    Trying,
    /// Messages wait in the outbox.
    Resting,
    /// The client has crashed; what it had sent may still be accepted.
    Orphaned,
}

/// A message in its author's outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsent {
    pub(super) message: MessageId,
    /// Times it was offered to a server so far.
    pub(super) offers: u32,
}

/// A run with its buffers, which are used again by later runs.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) purpose: Purpose,
    pub(super) phase: Phase,
    pub(super) client: HostId,
    /// Number of the delivery in the trace.
    pub(super) number: u64,
    pub(super) begun: SimTime,
    /// Which round of the queue entry, or which offer of a message from the outbox, this is.
    pub(super) round: u32,
    pub(super) targets: Vec<Target>,
    pub(super) next_target: usize,
    /// Whether it has gone on from its first host.
    pub(super) fell_back: bool,
    /// Recipients to be left behind before anybody is tried.
    pub(super) unrouted: Vec<Unrouted>,
    /// Whether the present connection was taken over from an earlier delivery, so that losing it
    /// costs a new connection and not the try.
    pub(super) reused: bool,
    /// Whether the client has said QUIT at the end of the try at hand.
    pub(super) said_quit: bool,
    /// Whether the connection is to be kept, once that has been decided.
    pub(super) keeps: Option<bool>,
    /// Sessions that got past the greeting.
    pub(super) sessions: u32,
    /// Whether some session ran to its end, whatever the server thought of the message.
    pub(super) session_completed: bool,
    /// Hosts tried.
    pub(super) tried: u32,
    /// Whether the connection of the last try stays open for the next delivery.
    pub(super) connection_kept: bool,
    /// The message at hand.
    pub(super) message: MessageId,
    /// Octets and Received fields as the client holds the message.
    pub(super) size: Octets,
    pub(super) received_fields: u32,
    pub(super) recipients: Vec<RecipientId>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) copies: Vec<CopyIndex>,
    pub(super) replies: Vec<Option<Reply>>,
    /// The try at hand.
    pub(super) target: Option<Target>,
    /// The client's own address from which it connects.
    pub(super) source: Option<AddressId>,
    pub(super) started: SimTime,
    pub(super) connected: SimTime,
    pub(super) connection: Option<Handle>,
    /// Which transaction of its connection the try at hand is, from 1; the connection may be closed
    /// before the try is stated.
    pub(super) ordinal_on_connection: u32,
    pub(super) marks: SessionMarks,
    pub(super) transaction: Option<Transaction>,
    pub(super) failure: Option<Failure>,
    /// What the server's screens found, until that is stated.
    pub(super) findings: Option<Box<Findings>>,
    /// Counts tries: a greeting time-out of an earlier one is void.
    pub(super) tries: u32,
    /// Messages still to be submitted in this session, last first.
    pub(super) outbox: Vec<Unsent>,
    /// Messages to be submitted again later.
    pub(super) postponed: Vec<Unsent>,
    /// Messages handed over in the present session.
    pub(super) handed: u32,
    pub(super) last_failure: Option<Failure>,
}

/// Recipients taken out of a run for a while.
#[derive(Debug, Default)]
pub(super) struct Recipients(Vec<(CopyIndex, RecipientId, Mailbox)>);

/// The runs under way.
///
/// They are boxed, since a run of half a kilobyte would be copied into its slot and out again; and the
/// box is opened here, since otherwise it is opened anew for each field that is written.
#[derive(Debug, Default)]
pub(super) struct Runs(Slots<Box<Run>>);

impl Runs {
    #[inline]
    pub(super) fn get(&self, handle: Handle) -> Option<&Run> {
        self.0.get(handle).map(|run| &**run)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, handle: Handle) -> Option<&mut Run> {
        self.0.get_mut(handle).map(|run| &mut **run)
    }

    #[inline]
    pub(super) fn insert(&mut self, run: Box<Run>) -> Handle {
        self.0.insert(run)
    }

    #[inline]
    pub(super) fn remove(&mut self, handle: Handle) -> Option<Box<Run>> {
        self.0.remove(handle)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Handle, &Run)> {
        self.0.iter().map(|(handle, run)| (handle, &**run))
    }
}

impl Run {
    /// Returns whether its client has sent the final dot by `now`.
    pub(super) fn dot_is_sent(&self, now: SimTime) -> bool {
        self.transaction.is_some_and(|transaction| transaction.dot_sent <= now)
    }

    #[cold]
    pub(super) fn new() -> Self {
        Self {
            purpose: Purpose::Submission { entry: 0 },
            phase: Phase::Beginning,
            client: HostId(0),
            number: 0,
            begun: SimTime::ZERO,
            round: 0,
            targets: Vec::new(),
            next_target: 0,
            fell_back: false,
            unrouted: Vec::new(),
            reused: false,
            said_quit: false,
            keeps: None,
            sessions: 0,
            session_completed: false,
            tried: 0,
            connection_kept: false,
            message: MessageId(0),
            size: Octets(0),
            received_fields: 0,
            recipients: Vec::new(),
            mailboxes: Vec::new(),
            copies: Vec::new(),
            replies: Vec::new(),
            target: None,
            source: None,
            started: SimTime::ZERO,
            connected: SimTime::MAX,
            connection: None,
            ordinal_on_connection: 0,
            marks: SessionMarks::NONE,
            transaction: None,
            failure: None,
            findings: None,
            tries: 0,
            outbox: Vec::new(),
            postponed: Vec::new(),
            handed: 0,
            last_failure: None,
        }
    }

    /// Makes a used run fit for another purpose, keeping its buffers.
    #[inline]
    pub(super) fn renew(&mut self, purpose: Purpose, client: HostId, number: u64, now: SimTime) {
        self.purpose = purpose;
        self.phase = Phase::Beginning;
        self.client = client;
        self.number = number;
        self.begun = now;
        self.round = 0;
        self.targets.clear();
        self.next_target = 0;
        self.fell_back = false;
        self.unrouted.clear();
        self.reused = false;
        (self.said_quit, self.keeps) = (false, None);
        self.sessions = 0;
        self.session_completed = false;
        self.tried = 0;
        self.connection_kept = false;
        self.recipients.clear();
        self.mailboxes.clear();
        self.copies.clear();
        self.replies.clear();
        self.target = None;
        self.source = None;
        self.connection = None;
        self.ordinal_on_connection = 0;
        self.marks = SessionMarks::NONE;
        self.transaction = None;
        self.failure = None;
        self.findings = None;
        self.outbox.clear();
        self.postponed.clear();
        self.handed = 0;
        self.last_failure = None;
    }

    /// Keeps the recipients at these places, in order, and returns the others.
    pub(super) fn keep_only(&mut self, places: &[usize]) -> Recipients {
        let mut rest = Recipients::default();
        let (copies, recipients, mailboxes) = (
            std::mem::take(&mut self.copies),
            std::mem::take(&mut self.recipients),
            std::mem::take(&mut self.mailboxes),
        );
        for (place, ((copy, recipient), mailbox)) in
            copies.into_iter().zip(recipients).zip(mailboxes).enumerate()
        {
            if places.contains(&place) {
                self.copies.push(copy);
                self.recipients.push(recipient);
                self.mailboxes.push(mailbox);
            } else {
                rest.0.push((copy, recipient, mailbox));
            }
        }
        rest
    }

    /// Goes on with these recipients alone.
    pub(super) fn go_on_with(&mut self, Recipients(rest): Recipients) {
        self.copies.clear();
        self.recipients.clear();
        self.mailboxes.clear();
        for (copy, recipient, mailbox) in rest {
            self.copies.push(copy);
            self.recipients.push(recipient);
            self.mailboxes.push(mailbox);
        }
    }

    /// Returns the try at hand, which has ended, as a queue manager is told of it; none for
    /// submissions and where no host was tried.
    #[inline]
    pub(super) fn tried(&self) -> Option<Tried<'_>> {
        Some(Tried {
            delivery: self.delivery()?,
            candidate: self.target?.candidate(),
            started: self.started,
            failure: self.failure,
            copies: &self.copies,
            replies: &self.replies,
        })
    }

    /// Returns whether the try at hand brought the message to all recipients.
    #[inline]
    pub(super) fn all_accepted(&self) -> bool {
        self.failure.is_none() && self.replies.iter().flatten().all(|reply| reply.is_positive())
    }

    /// Returns the process of the MTA that makes this delivery, if it keeps connections to itself.
    #[inline]
    pub(super) fn process(&self) -> Option<u32> {
        match self.purpose {
            Purpose::Delivery { process, .. } => process.map(|(process, _)| process),
            _ => None,
        }
    }

    /// Returns the delivery that the run is about, if it is about one.
    #[inline]
    pub(super) fn delivery(&self) -> Option<DeliveryHandle> {
        match self.purpose {
            Purpose::Delivery { delivery, .. } | Purpose::Transaction { delivery, .. } => {
                Some(delivery)
            }
            _ => None,
        }
    }

    /// Returns whether the run has no message at hand, and never has.
    #[inline]
    pub(super) fn carries_nothing(&self) -> bool {
        matches!(
            self.purpose,
            Purpose::LookUp { .. } | Purpose::Opening { .. } | Purpose::Closing { .. }
        )
    }

    #[inline]
    pub(super) fn is_submission(&self) -> bool {
        matches!(self.purpose, Purpose::Submission { .. })
    }
}
