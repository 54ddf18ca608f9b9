//! What can be said about a run.

use crate::mail::{
    AttemptOutcome, DomainId, HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId,
    Reply, Stage, Status,
};
use crate::units::{Octets, SimDuration, SimTime};

use super::{Identity, ScreenedFact};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// An outage is in force during an interval: stated for every interval at the start of the run
    /// (also for those drawn at random).
    Outage(OutageFact),
    /// A recipient of a new message exists; its story begins. Virtual time is its submission (for
    /// notices: when the server made it).
    Created(Created),
    /// `by` took responsibility for a copy: the 250 after the dot left it, or it made the message
    /// itself. Stated for each recipient of the transaction.
    Accepted {
        /// The recipient.
        recipient: RecipientId,
        /// The host now responsible.
        by: HostId,
        /// Received fields in the header now.
        received_fields: u32,
        /// Whether this host is a server other than the MUA (so that `accepted_s` is fixed by the
        /// first such fact).
        server: bool,
    },
    /// The exchangers of a domain were looked up for a delivery.
    Lookup {
        /// The delivery that asked.
        delivery: u64,
        /// The host that asked.
        host: HostId,
        /// The domain asked for.
        domain: DomainId,
        /// When the first question was sent.
        started: SimTime,
        /// When the answer about the exchangers came to the host; before `started`: it was in its
        /// cache.
        answered: SimTime,
        /// What came of it.
        outcome: LookupOutcome,
    },
    /// One host was tried for one recipient, or the recipient was put off without any try.
    Attempt(AttemptFact),
    /// A server looked at a client and its message for one recipient. Only servers with blocklists,
    /// sender policies or a filter do; stated when it takes the message, or when the client has its
    /// refusal.
    Screened(ScreenedFact),
    /// A copy reached its mailbox, was given up, or was dropped. The first such fact about a
    /// recipient fixes what `messages.csv` calls `final`, except that a delivery counts before a
    /// failure.
    Final {
        /// The recipient.
        recipient: RecipientId,
        /// The host where it ended.
        host: HostId,
        /// How.
        outcome: FinalOutcome,
        /// Enhanced status.
        status: Status,
        /// Received fields in the header at the end.
        received_fields: u32,
        /// Whether the recipient had this outcome already (a second copy).
        duplicate: bool,
    },
    /// The copy that has just been delivered lies in the folder Junk.
    Junk {
        /// The recipient.
        recipient: RecipientId,
    },
    /// The reader has the message.
    Retrieved {
        /// The recipient.
        recipient: RecipientId,
        /// How it was fetched.
        protocol: RetrievalProtocol,
        /// Position of the `[[reading]]` in the scenario: of several devices each has the message
        /// once, unless another one has deleted it.
        reading: u32,
        /// When it is deleted from the mailbox: at QUIT (RFC 1939 §6) if the device deletes what it
        /// fetches and the visit is not cut short; none: it stays.
        removed: Option<SimTime>,
    },
    /// Nothing more can happen to this recipient; its slot may be used again from here on.
    Closed {
        /// The recipient.
        recipient: RecipientId,
    },
    /// At the end of the run this recipient's story is not over.
    Open {
        /// The recipient.
        recipient: RecipientId,
        /// Where the message is.
        state: StillOpen,
        /// The host that holds it.
        host: HostId,
    },
    /// Sizes of the queues of one host at a sampling instant.
    Queues(QueueSample),
    /// What one host did in the whole run, stated at its end.
    Host(HostTotals),
    /// Both sides of the ledger, stated at the end of the run.
    Ledger(Ledger),
}

/// An interval of an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageFact {
    /// Position of the `[[outage]]` entry in the scenario.
    pub entry: u32,
    /// What fails, as a person reads it: a host, a link `a - b`, a site, or `dns`.
    pub target: String,
    /// The mode as written in the scenario.
    pub mode: String,
    /// The hosts that it strikes; none for links and the DNS.
    pub hosts: Vec<HostId>,
    /// First instant of the outage.
    pub from: SimTime,
    /// First instant after it; [`SimTime::MAX`] if it outlasts the run.
    pub to: SimTime,
}

/// A recipient of a new message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Slot of the recipient.
    pub recipient: RecipientId,
    /// Slot of the message; all recipients of one message share it.
    pub message: MessageId,
    /// Address of the recipient.
    pub mailbox: Mailbox,
    /// Name of the message.
    pub key: MessageKey,
    /// Kind of the message.
    pub kind: MessageKind,
    /// The message that a notice is about.
    pub about: Option<MessageKey>,
    /// Reverse path; none is the null path.
    pub sender: Option<Mailbox>,
    /// Header and body as submitted.
    pub size: Octets,
    /// The host that submits or makes the message.
    pub host: HostId,
    /// Whether the recipient is known never to be read (no reading is described for the mailbox),
    /// so that no [`Fact::Retrieved`] will follow.
    pub unread: bool,
}

impl Created {
    /// Returns what of it is true whatever happens.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let &Self { mailbox, key, kind, sender, size, .. } = self;
        Identity { mailbox, key, kind, sender, size }
    }
}

/// What came of looking up a domain's exchangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookupOutcome {
    /// Hosts to try were found.
    Found,
    /// The name does not exist.
    NoSuchDomain,
    /// The domain takes no mail (RFC 7505).
    NullMx,
    /// Exchangers are named but none has an address, or there is neither exchanger nor address.
    NoAddress,
    /// No answer or SERVFAIL.
    TemporaryFailure,
    /// The asking host is itself the best exchanger.
    LoopsBack,
}

/// When each stage's reply reached the client; [`SimTime::MAX`]: not reached or not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionMarks {
    /// The connection stood.
    pub connected: SimTime,
    /// Greeting.
    pub greeting: SimTime,
    /// Reply to EHLO.
    pub ehlo: SimTime,
    /// Reply to the EHLO after TLS.
    pub tls: SimTime,
    /// Reply to AUTH.
    pub auth: SimTime,
    /// Reply to MAIL.
    pub mail: SimTime,
    /// Reply to the last RCPT.
    pub rcpt: SimTime,
    /// Reply to DATA.
    pub data: SimTime,
    /// Reply to the final dot.
    pub dot: SimTime,
}

impl SessionMarks {
    /// No stage reached.
    pub const NONE: Self = Self {
        connected: SimTime::MAX,
        greeting: SimTime::MAX,
        ehlo: SimTime::MAX,
        tls: SimTime::MAX,
        auth: SimTime::MAX,
        mail: SimTime::MAX,
        rcpt: SimTime::MAX,
        data: SimTime::MAX,
        dot: SimTime::MAX,
    };

    /// Returns the marks as somebody saw them who joined at `since`: what had been reached by then was
    /// reached then.
    #[must_use]
    pub fn not_before(self, since: SimTime) -> Self {
        let Self { connected, greeting, ehlo, tls, auth, mail, rcpt, data, dot } = self;
        Self {
            connected: connected.max(since),
            greeting: greeting.max(since),
            ehlo: ehlo.max(since),
            tls: tls.max(since),
            auth: auth.max(since),
            mail: mail.max(since),
            rcpt: rcpt.max(since),
            data: data.max(since),
            dot: dot.max(since),
        }
    }

    /// Cuts the session off at `now`, and returns the stage at which it stood then: the first whose
    /// reply was still to come. None: no reply was.
    pub fn cut_at(&mut self, now: SimTime) -> Option<Stage> {
        let stages = [
            (&mut self.connected, Stage::Connect),
            (&mut self.greeting, Stage::Greeting),
            (&mut self.ehlo, Stage::Ehlo),
            (&mut self.tls, Stage::Tls),
            (&mut self.auth, Stage::Auth),
            (&mut self.mail, Stage::Mail),
            (&mut self.rcpt, Stage::Rcpt),
            (&mut self.data, Stage::Data),
            (&mut self.dot, Stage::Dot),
        ];
        let mut stood = None;
        for (mark, stage) in stages {
            if *mark != SimTime::MAX && *mark > now {
                *mark = SimTime::MAX;
                stood = stood.or(Some(stage));
            }
        }
        stood
    }
}

/// One row of `attempts.csv`: one try of one host for one recipient, with its stage times; the
/// dialogue is derived from it on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptFact {
    /// Numbers the deliveries of the run from 1; tries of several hosts in one delivery share it.
    pub delivery: u64,
    /// The recipient.
    pub recipient: RecipientId,
    /// The host that holds the message.
    pub from: HostId,
    /// The host tried; none when there was nobody to try.
    pub to: Option<HostId>,
    /// Which of that host's addresses, counted in the scenario's address table.
    pub address: Option<u32>,
    /// From which address of its own the client connected, counted in the same table; none: it did
    /// not come to a connection request.
    pub source: Option<u32>,
    /// Preference of the MX record that named it.
    pub preference: Option<u16>,
    /// When the try began.
    pub started: SimTime,
    /// When it was over for this recipient.
    pub ended: SimTime,
    /// The stage at which it ended.
    pub stage: Stage,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The reply that decided.
    pub reply: Option<Reply>,
    /// Enhanced status, also where no reply was had (4.4.1 and the like).
    pub status: Status,
    /// When the sender's schedule would try again; none if it will not, or goes on to the next
    /// host at once.
    pub next_attempt: Option<SimTime>,
    /// Stage times.
    pub marks: SessionMarks,
    /// Which transaction of its connection this was, from 1.
    pub transaction: u32,
    /// How many recipients the transaction had.
    pub recipients: u32,
    /// Port connected to.
    pub port: u16,
    /// Octets of the message sent, header included.
    pub octets: Octets,
}

/// How a copy ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinalOutcome {
    /// In the recipient's mailbox.
    Delivered,
    /// Given up: refused for good or expired. A notice goes to the sender, if there is one.
    Failed,
    /// Dropped without a notice: an undeliverable notice, or what a filter throws away.
    Discarded,
}

impl FinalOutcome {
    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }
}

/// Where an unfinished message is at the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StillOpen {
    /// Waiting at an MTA or in the MUA's outbox.
    Queued,
    /// In a session that is under way.
    InTransit,
    /// Delivered, but not yet fetched by its reader.
    Unread,
}

/// How a reader fetched a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetrievalProtocol {
    /// POP3.
    Pop3,
    /// IMAP.
    Imap,
}

impl RetrievalProtocol {
    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
        }
    }
}

/// Queue sizes of one host, in messages, and its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSample {
    /// The host.
    pub host: HostId,
    /// Accepted and not yet taken up by the queue manager.
    pub incoming: u64,
    /// Being delivered or waiting for a delivery process.
    pub active: u64,
    /// Waiting for their next attempt.
    pub deferred: u64,
    /// Sessions in which the host is the server.
    pub inbound_sessions: u64,
    /// Sessions in which the host is the client.
    pub outbound_sessions: u64,
}

/// How much of a capacity was used, over all the time in which it had a limit. The limit may change
/// on the way; what is above a limit that has just been lowered counts as used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// Sum of the times for which a place was held.
    pub busy: SimDuration,
    /// Nanoseconds that all places together offered: their number times how long there were so many.
    pub offered: u128,
}

/// What a host did in the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostTotals {
    /// The host.
    pub host: HostId,
    /// Sessions served.
    pub inbound_sessions: u64,
    /// Sessions opened.
    pub outbound_sessions: u64,
    /// Octets of messages received.
    pub octets_in: Octets,
    /// Octets of messages sent.
    pub octets_out: Octets,
    /// Tries made by this host (rows of `attempts.csv` with network activity).
    pub attempts: u64,
    /// Deferrals without network activity.
    pub suspensions: u64,
    /// Messages accepted.
    pub messages_accepted: u64,
    /// Most sessions served at once.
    pub peak_inbound_sessions: u64,
    /// Most messages in its queues at once.
    pub peak_queue: u64,
    /// Sum over the messages in its queues of the time that each was there \[message-ns\]; divided by the
    /// run's length it is their number, average over time.
    pub queue_time: u128,
    /// Sum over served sessions of their length.
    pub inbound_busy: SimDuration,
    /// What of the server's slots was used while they were limited.
    pub inbound_use: Use,
    /// Sum over deliveries of the time a delivery process was held.
    pub delivery_busy: SimDuration,
    /// What of the delivery processes was used while they were limited.
    pub delivery_use: Use,
    /// Time during which the host could not be reached.
    pub downtime: SimDuration,
}

/// Both sides of the ledger, in recipients of messages (see the contract's "ledger").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Recipients of mail submitted.
    pub submitted: u64,
    /// Recipients of notices, list copies and automatic replies created.
    pub created: u64,
    /// Delivered.
    pub delivered: u64,
    /// Failed.
    pub failed: u64,
    /// Discarded.
    pub discarded: u64,
    /// Waiting at an MTA or in an outbox.
    pub queued: u64,
    /// In a session under way.
    pub in_transit: u64,
    /// Copies beyond the first that reached a mailbox.
    pub duplicates: u64,
}

impl Ledger {
    /// Returns whether both sides agree.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.submitted + self.created
            == self.delivered + self.failed + self.discarded + self.queued + self.in_transit
    }
}
