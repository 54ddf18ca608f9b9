//! How much a server takes from whom: limits over a sliding window, and what it thinks of clients.
//!
//! Mailbox providers limit accounts that send, mailboxes that receive and addresses that connect.
//! Lists of bad addresses kept by third parties, and what a filter thinks of a text, are the business
//! of another room, `screening`.

use crate::mail::{HostId, Reply, Status};
use crate::units::SimDuration;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Transactions accepted.
    Messages,
    /// Recipients accepted.
    Recipients,
}

/// For whom a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The reverse path: an account. Judged at MAIL.
    Sender,
    /// The address from which the client connects. Judged at MAIL.
    Client,
    /// The mailbox that receives. Judged at RCPT.
    Recipient,
}

/// Which sessions a limit holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Submission by mail programs (RFC 6409).
    Submission,
    /// Mail from other servers.
    Relay,
    /// Both.
    Any,
}

/// Most messages or recipients within a sliding window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub counts: Counted,
    /// For whom.
    pub per: Party,
    /// Which sessions.
    pub traffic: Traffic,
    /// So many are taken, at least 1; the next gets the reply.
    pub most: u32,
    /// The window.
    pub within: SimDuration,
    /// Said while the limit is reached.
    pub reply: Reply,
    /// Servers whose limits have the same name here count together; none: each counts by itself.
    pub shared: Option<std::sync::Arc<str>>,
}

/// What the operators of other servers think of a host that connects to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// They have known it for long.
    #[default]
    Known,
    /// They have never seen it: its volume has to grow slowly (warm-up).
    New,
    /// It is known for unwanted mail.
    Bad,
}

/// How a server treats clients by their reputation. Submission is not concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Reputation {
    /// Most messages taken from a new address on its first day, its second and so on, counted from
    /// its first message; afterwards it is known. Empty: new addresses are like known ones.
    pub warm_up: Vec<u32>,
    /// Said to a new address above that.
    pub new_reply: Reply,
    /// Said to every message from a bad address.
    pub bad_reply: Reply,
    /// Share of unwanted messages among those taken from an address, from 0 to 1, above which it is
    /// bad for a while; 1: never.
    pub unwanted_share: f64,
    /// The share is judged from so many messages on.
    pub judged_from: u32,
    /// The messages of this span are looked at.
    pub within: SimDuration,
    /// How long an address stays bad after that.
    pub bad_for: SimDuration,
}

impl Default for Reputation {
    /// Everybody is welcome but for hosts that are [`Standing::Bad`].
    fn default() -> Self {
        Self {
            warm_up: Vec::new(),
            new_reply: Reply::new(421, Status::new(4, 7, 0)),
            bad_reply: Reply::new(421, Status::new(4, 7, 1)),
            unwanted_share: 1.0,
            judged_from: 100,
            within: SimDuration::from_days(1),
            bad_for: SimDuration::from_days(1),
        }
    }
}

/// How a server asks another one about recipients of domains that it relays, before it takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whom it asks: who keeps the mailboxes.
    pub ask: HostId,
    /// How long RCPT waits for the answer at most.
    pub patience: SimDuration,
    /// How long it is kept that a mailbox exists.
    pub positive: SimDuration,
    /// How long it is kept that it does not.
    pub negative: SimDuration,
    /// Said to RCPT for a mailbox that does not exist.
    pub unknown: Reply,
    /// Said where there is no answer; none: the recipient is taken on trust.
    pub unsure: Option<Reply>,
}

impl Verification {
    /// Returns the times of Postfix (`address_verify_positive_expire_time` and its kin; three polls of
    /// 3 s), 550 5.1.1 for who does not exist, and 450 4.1.1 where nobody answers.
    #[must_use]
    pub const fn of(ask: HostId) -> Self {
        Self {
            ask,
            patience: SimDuration::from_secs(9),
            positive: SimDuration::from_days(31),
            negative: SimDuration::from_days(3),
            unknown: Reply::new(550, Status::BAD_MAILBOX),
            unsure: Some(Reply::new(450, Status::new(4, 1, 1))),
        }
    }
}

/// Everything by which a server takes less than it could.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Acceptance {
    /// Limits; all hold.
    pub limits: Vec<Limit>,
    /// Messages taken over one connection, which the server then closes; none: no limit.
    pub messages_per_connection: Option<u32>,
    /// Reputation of clients; none: it does not matter.
    pub reputation: Option<Reputation>,
    /// How recipients of relayed domains are verified; none: they are not.
    pub verification: Option<Verification>,
}

impl Acceptance {
    /// Returns whether anything has to be counted.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.limits.is_empty() || self.reputation.is_some()
    }
}
