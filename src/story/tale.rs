//! One message as it is told: its recipients, and what befell each.

use crate::mail::{DomainId, HostId, MessageKey};
use crate::trace::{Created, Fact, LookupOutcome};
use crate::units::SimTime;

/// A look-up made for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    /// Who asked.
    pub host: HostId,
    /// For which domain.
    pub domain: DomainId,
    /// When the first question was sent.
    pub started: SimTime,
    /// When the answer about the exchangers came; before `started`: it was in the cache.
    pub answered: SimTime,
    /// What came of it.
    pub outcome: LookupOutcome,
}

/// What befell one recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// How it came into being.
    pub created: Created,
    /// What happened then, in order of time.
    pub facts: Vec<(SimTime, Fact)>,
}

/// A session's next transaction, by which it is known that its connection stayed open.
pub type Transaction = (HostId, HostId, u32);

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its name.
    pub key: MessageKey,
    /// When it was written.
    pub at: SimTime,
    /// Its recipients.
    pub copies: Vec<Copy>,
    /// Look-ups made for it.
    pub lookups: Vec<LookUp>,
    /// Transactions that would follow on connections of this message.
    pub(super) followers: Vec<Transaction>,
    /// Those that did follow.
    pub continued: Vec<(Transaction, SimTime)>,
}

impl Story {
    /// Returns the story of a message written at `at`, still without recipients.
    #[must_use]
    pub fn new(key: MessageKey, at: SimTime) -> Self {
        Self {
            key,
            at,
            copies: Vec::new(),
            lookups: Vec::new(),
            followers: Vec::new(),
            continued: Vec::new(),
        }
    }
}
