//! The rows that a run yields, and who takes them.

use std::fmt;

use crate::mail::{HostId, Mailbox, MessageKey, MessageKind, Status};
use crate::trace::{
    AttemptFact, Fact, HostTotals, Identity, QueueSample, Register, RetrievalProtocol, Use,
};
use crate::units::{Octets, SimDuration, SimTime};

use super::samples::ratio;

/// Where a recipient's copy stands when its story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FinalState {
    /// In the recipient's mailbox.
    Delivered,
    /// Given up.
    Failed,
    /// Waiting at an MTA or in the MUA's outbox at the end of the run.
    Queued,
    /// In a session under way at the end of the run.
    InTransit,
    /// Dropped without a notice.
    Discarded,
}

impl FinalState {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Delivered, Self::Failed, Self::Queued, Self::InTransit, Self::Discarded];

    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Queued => "queued",
            Self::InTransit => "in_transit",
            Self::Discarded => "discarded",
        }
    }
}

/// One row of `messages.csv`: one recipient of one message, from submission to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRecord<'a> {
    /// Name of the message.
    pub key: MessageKey,
    /// Address of the recipient.
    pub recipient: Mailbox,
    /// Reverse path; none is the null path.
    pub sender: Option<Mailbox>,
    /// Kind of the message.
    pub kind: MessageKind,
    /// The message that a notice is about.
    pub about: Option<MessageKey>,
    /// Header and body as submitted.
    pub size: Octets,
    /// When it was submitted, or made by a server.
    pub submitted: SimTime,
    /// The first final 250 from a server other than the MUA.
    pub accepted: Option<SimTime>,
    /// Where it ended.
    pub state: FinalState,
    /// Enhanced status of the end; of unfinished mail that of its latest attempt.
    pub status: Option<Status>,
    /// When it was delivered, given up or dropped.
    pub ended: Option<SimTime>,
    /// The host where it ended, or which holds it.
    pub host: Option<HostId>,
    /// Received fields at the end; none if no server ever took it.
    pub hops: Option<u32>,
    /// Rows of `attempts.csv` about it.
    pub attempts: u32,
    /// The hosts that held it, in order.
    pub path: &'a [HostId],
    /// Copies that reached the mailbox.
    pub copies: u32,
    /// Whether it was delivered into the folder Junk.
    pub junk: bool,
    /// When and how its reader fetched it.
    pub retrieved: Option<(SimTime, RetrievalProtocol)>,
}

impl MessageRecord<'_> {
    /// Returns the folder that it was delivered into: `inbox`, `junk`, or nothing if it was not.
    #[must_use]
    pub fn folder(&self) -> &'static str {
        match (self.state, self.junk) {
            (FinalState::Delivered, true) => "junk",
            (FinalState::Delivered, false) => "inbox",
            _ => "",
        }
    }

    /// Returns the time from submission to delivery, if it was delivered.
    #[must_use]
    pub fn submission_to_delivery(&self) -> Option<SimDuration> {
        match self.state {
            FinalState::Delivered => self.ended.map(|ended| ended - self.submitted),
            _ => None,
        }
    }
}

/// One row of `attempts.csv`.
#[derive(Clone, Copy)]
pub struct AttemptRecord<'a> {
    /// Number of the row, from 1.
    pub number: u64,
    /// What happened.
    pub fact: &'a AttemptFact,
    pub(super) register: &'a dyn Register,
}

impl AttemptRecord<'_> {
    /// Returns recipient and message. They are looked up, since most rows of most runs go nowhere.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.register.identity(self.fact.recipient)
    }
}

impl fmt::Debug for AttemptRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = f.debug_struct("AttemptRecord");
        row.field("number", &self.number).field("fact", &self.fact);
        row.field("identity", &self.identity()).finish()
    }
}

/// One row of `hosts.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostRecord {
    /// What the host did.
    pub totals: HostTotals,
    /// Share of its server slots in use, time average; none without limit.
    pub inbound_utilisation: Option<f64>,
    /// Share of its delivery processes in use, time average; none without limit.
    pub delivery_utilisation: Option<f64>,
    /// Messages in its queues, average over time.
    pub mean_queue: Option<f64>,
}

impl HostRecord {
    /// Returns the row of a host in a run of length `duration`.
    #[must_use]
    pub fn new(totals: HostTotals, duration: SimDuration) -> Self {
        let share = |used: Use| ratio(used.busy.as_secs_f64(), used.offered as f64 / 1e9);
        Self {
            totals,
            inbound_utilisation: share(totals.inbound_use),
            delivery_utilisation: share(totals.delivery_use),
            mean_queue: ratio(totals.queue_time as f64 / 1e9, duration.as_secs_f64()),
        }
    }

    /// Returns the greater of both utilisations.
    #[must_use]
    pub fn utilisation(&self) -> Option<f64> {
        match (self.inbound_utilisation, self.delivery_utilisation) {
            (Some(inbound), Some(delivery)) => Some(inbound.max(delivery)),
            (one, other) => one.or(other),
        }
    }
}

/// Takes rows as they become final. A sink that cannot write keeps its error to itself until
/// somebody asks: the model must not depend on who listens.
pub trait RecordSink {
    /// Takes a recipient's whole story. Rows come in the order in which stories close; those still
    /// open come last, at the end of the run.
    fn message(&mut self, record: &MessageRecord<'_>) {
        let _ = record;
    }

    /// Takes one attempt, in the order stated by the run.
    fn attempt(&mut self, record: &AttemptRecord<'_>) {
        let _ = record;
    }

    /// Takes a sample of one host's queues.
    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        let _ = (at, sample);
    }

    /// Takes a host's totals, at the end of the run.
    fn host(&mut self, record: &HostRecord) {
        let _ = record;
    }

    /// Takes every fact as it was stated, for those who replay the run.
    fn fact(&mut self, at: SimTime, fact: &Fact) {
        let _ = (at, fact);
    }
}

/// Keeps no rows: for runs of which only the summary is wanted.
impl RecordSink for () {}

/// Keeps rows only if there is somewhere to put them.
impl<R: RecordSink> RecordSink for Option<R> {
    fn message(&mut self, record: &MessageRecord<'_>) {
        if let Some(sink) = self {
            sink.message(record);
        }
    }

    fn attempt(&mut self, record: &AttemptRecord<'_>) {
        if let Some(sink) = self {
            sink.attempt(record);
        }
    }

    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        if let Some(sink) = self {
            sink.queues(at, sample);
        }
    }

    fn host(&mut self, record: &HostRecord) {
        if let Some(sink) = self {
            sink.host(record);
        }
    }

    fn fact(&mut self, at: SimTime, fact: &Fact) {
        if let Some(sink) = self {
            sink.fact(at, fact);
        }
    }
}

/// Two who take rows.
impl<A: RecordSink, B: RecordSink> RecordSink for (A, B) {
    fn message(&mut self, record: &MessageRecord<'_>) {
        self.0.message(record);
        self.1.message(record);
    }

    fn attempt(&mut self, record: &AttemptRecord<'_>) {
        self.0.attempt(record);
        self.1.attempt(record);
    }

    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        self.0.queues(at, sample);
        self.1.queues(at, sample);
    }

    fn host(&mut self, record: &HostRecord) {
        self.0.host(record);
        self.1.host(record);
    }

    fn fact(&mut self, at: SimTime, fact: &Fact) {
        self.0.fact(at, fact);
        self.1.fact(at, fact);
    }
}
