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
pub(crate) struct Target {
    pub(crate) preference: Option<u16>,
    /// The address connected to.
    pub(crate) address: AddressId,
    /// The server that answers there.
    pub(crate) host: HostId,
    /// The proxy whose address it is, if the server is behind one.
    pub(crate) proxy: Option<HostId>,
}

impl Target {
    /// Returns the target as a queue manager is asked about it.
    #[inline]
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate { address: self.address, host: self.host, preference: self.preference }
    }
}

/// For whom a run works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
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
pub(crate) enum Phase {
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
    /// It has ended.
    Over,
}

/// A message in its author's outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) message: MessageId,
    /// Times it was offered to a server so far.
    pub(crate) offers: u32,
}

/// A run with its buffers, which are used again by later runs.
#[derive(Debug)]
pub(crate) struct Run {
    /// Names it in events.
    pub(crate) handle: Handle,
    pub(crate) purpose: Purpose,
    pub(crate) phase: Phase,
    pub(crate) client: HostId,
    /// Number of the delivery in the trace.
    pub(crate) number: u64,
    pub(crate) begun: SimTime,
    /// Which round of the queue entry, or which offer of a message from the outbox, this is.
    pub(crate) round: u32,
    pub(crate) targets: Vec<Target>,
    pub(crate) next_target: usize,
    /// Whether it has gone on from its first host.
    pub(crate) fell_back: bool,
    /// Recipients to be left behind before anybody is tried.
    pub(crate) unrouted: Vec<Unrouted>,
    /// Whether the present connection was taken over from an earlier delivery, so that losing it
    /// costs a new connection and not the try.
    pub(crate) reused: bool,
    /// Whether the client has said QUIT at the end of the try at hand.
    pub(crate) said_quit: bool,
    /// Whether the connection is to be kept, once that has been decided.
    pub(crate) keeps: Option<bool>,
    /// Sessions that got past the greeting.
    pub(crate) sessions: u32,
    /// Whether some session ran to its end, whatever the server thought of the message.
    pub(crate) session_completed: bool,
    /// Hosts tried.
    pub(crate) tried: u32,
    /// Whether the connection of the last try stays open for the next delivery.
    pub(crate) connection_kept: bool,
    /// The message at hand.
    pub(crate) message: MessageId,
    /// Octets and Received fields as the client holds the message.
    pub(crate) size: Octets,
    pub(crate) received_fields: u32,
    pub(crate) recipients: Vec<RecipientId>,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) copies: Vec<CopyIndex>,
    pub(crate) replies: Vec<Option<Reply>>,
    /// The try at hand.
    pub(crate) target: Option<Target>,
    /// The client's own address from which it connects.
    pub(crate) source: Option<AddressId>,
    pub(crate) started: SimTime,
    pub(crate) connected: SimTime,
    pub(crate) connection: Option<Handle>,
    /// Which transaction of its connection the try at hand is, from 1; the connection may be closed
    /// before the try is stated.
    pub(crate) ordinal_on_connection: u32,
    pub(crate) marks: SessionMarks,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) failure: Option<Failure>,
    /// What the server's screens found, until that is stated.
    pub(crate) findings: Option<Box<Findings>>,
    /// Counts tries: a greeting time-out of an earlier one is void.
    pub(crate) tries: u32,
    /// Messages still to be submitted in this session, last first.
    pub(crate) outbox: Vec<Unsent>,
    /// Messages to be submitted again later.
    pub(crate) postponed: Vec<Unsent>,
    /// Messages handed over in the present session.
    pub(crate) handed: u32,
    /// Which of its servers a mail program is at, from 0.
    pub(crate) server: usize,
    pub(crate) last_failure: Option<Failure>,
}

/// Recipients taken out of a run for a while.
#[derive(Debug, Default)]
pub(crate) struct Recipients(Vec<(CopyIndex, RecipientId, Mailbox)>);

/// The runs under way.
///
/// Whoever works on a run takes it out of its place and puts it back: so it goes from hand to hand by
/// reference, and nothing else can change it meanwhile. They are boxed, since a run of half a kilobyte
/// would be copied each time, and boxes that are done with serve later runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// Empty where a run is being worked on.
    places: Slots<Option<Box<Run>>>,
    #[expect(clippy::vec_box, reason = "they go back to their places as they are")]
    spare: Vec<Box<Run>>,
}

impl Runs {
    /// Begins a run, which is being worked on from now on.
    #[inline]
    pub(crate) fn add(
        &mut self,
        purpose: Purpose,
        client: HostId,
        number: u64,
        now: SimTime,
    ) -> Box<Run> {
        let handle = self.places.insert(None);
        let begins = Beginning { handle, purpose, client, number, now };
        match self.spare.pop() {
            Some(mut run) => {
                run.renew(&begins);
                run
            }
            None => Box::new(Run::new(&begins)),
        }
    }

    /// Takes out a run to work on it; none if it has ended.
    #[inline]
    pub(crate) fn take(&mut self, handle: Handle) -> Option<Box<Run>> {
        self.places.get_mut(handle)?.take()
    }

    /// Puts a run back into its place, or, if it has ended, among the spare ones.
    #[inline]
    pub(crate) fn put_back(&mut self, run: Box<Run>) {
        if run.phase == Phase::Over {
            self.spare.push(run);
        } else if let Some(place) = self.places.get_mut(run.handle) {
            *place = Some(run);
        }
    }

    /// Ends a run that is being worked on: its handle names nothing any more.
    #[inline]
    pub(crate) fn end(&mut self, run: &mut Run) {
        run.phase = Phase::Over;
        self.places.discard(run.handle);
    }

    /// Returns all runs that nobody works on, in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.places.iter().filter_map(|(_, run)| run.as_deref())
    }
}

/// What makes a run another one.
#[derive(Debug)]
struct Beginning {
    handle: Handle,
    purpose: Purpose,
    client: HostId,
    number: u64,
    now: SimTime,
}

impl Run {
    /// Returns whether its client has sent the final dot by `now`.
    pub(crate) fn dot_is_sent(&self, now: SimTime) -> bool {
        self.transaction.is_some_and(|transaction| transaction.dot_sent <= now)
    }

    #[cold]
    fn new(begins: &Beginning) -> Self {
        let mut run = Self {
            handle: begins.handle,
            purpose: begins.purpose,
            phase: Phase::Beginning,
            client: begins.client,
            number: begins.number,
            begun: begins.now,
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
            server: 0,
            last_failure: None,
        };
        run.renew(begins);
        run
    }

    /// Makes a used run another one, keeping its buffers. Each field is named, so that a new one
    /// cannot be forgotten.
    #[inline]
    fn renew(&mut self, begins: &Beginning) {
        let Self {
            handle,
            purpose,
            phase,
            client,
            number,
            begun,
            round,
            targets,
            next_target,
            fell_back,
            unrouted,
            reused,
            said_quit,
            keeps,
            sessions,
            session_completed,
            tried,
            connection_kept,
            message,
            size,
            received_fields,
            recipients,
            mailboxes,
            copies,
            replies,
            target,
            source,
            started,
            connected,
            connection,
            ordinal_on_connection,
            marks,
            transaction,
            failure,
            findings,
            tries,
            outbox,
            postponed,
            handed,
            server,
            last_failure,
        } = self;
        *handle = begins.handle;
        *server = 0;
        *purpose = begins.purpose;
        *phase = Phase::Beginning;
        *client = begins.client;
        *number = begins.number;
        *begun = begins.now;
        *round = 0;
        targets.clear();
        *next_target = 0;
        *fell_back = false;
        unrouted.clear();
        *reused = false;
        *said_quit = false;
        *keeps = None;
        *sessions = 0;
        *session_completed = false;
        *tried = 0;
        *connection_kept = false;
        *message = MessageId(0);
        *size = Octets(0);
        *received_fields = 0;
        recipients.clear();
        mailboxes.clear();
        copies.clear();
        replies.clear();
        *target = None;
        *source = None;
        *started = SimTime::ZERO;
        *connected = SimTime::MAX;
        *connection = None;
        *ordinal_on_connection = 0;
        *marks = SessionMarks::NONE;
        *transaction = None;
        *failure = None;
        *findings = None;
        *tries = 0;
        outbox.clear();
        postponed.clear();
        *handed = 0;
        *last_failure = None;
    }

    /// Keeps the recipients at these places, in order, and returns the others.
    pub(crate) fn keep_only(&mut self, places: &[usize]) -> Recipients {
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
    pub(crate) fn go_on_with(&mut self, Recipients(rest): Recipients) {
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
    pub(crate) fn tried(&self) -> Option<Tried<'_>> {
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
    pub(crate) fn all_accepted(&self) -> bool {
        self.failure.is_none() && self.replies.iter().flatten().all(|reply| reply.is_positive())
    }

    /// Returns the process of the MTA that makes this delivery, if it keeps connections to itself.
    #[inline]
    pub(crate) fn process(&self) -> Option<u32> {
        match self.purpose {
            Purpose::Delivery { process, .. } => process.map(|(process, _)| process),
            _ => None,
        }
    }

    /// Returns the delivery that the run is about, if it is about one.
    #[inline]
    pub(crate) fn delivery(&self) -> Option<DeliveryHandle> {
        match self.purpose {
            Purpose::Delivery { delivery, .. } | Purpose::Transaction { delivery, .. } => {
                Some(delivery)
            }
            _ => None,
        }
    }

    /// Returns whether the run has no message at hand, and never has.
    #[inline]
    pub(crate) fn carries_nothing(&self) -> bool {
        matches!(
            self.purpose,
            Purpose::LookUp { .. } | Purpose::Opening { .. } | Purpose::Closing { .. }
        )
    }

    #[inline]
    pub(crate) fn is_submission(&self) -> bool {
        matches!(self.purpose, Purpose::Submission { .. })
    }
}
