//! Who writes to whom.

use crate::mail::{DomainId, Mailbox};

/// A mailbox, or a draw from many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correspondents {
    /// Always this mailbox.
    One(Mailbox),
    /// One of the first `count` mailboxes of a domain, each as likely.
    Population {
        /// The domain.
        domain: DomainId,
        /// Mailboxes `0..count` take part.
        count: u32,
    },
    /// One of these, each as likely.
    AnyOf(Vec<Mailbox>),
}

/// The recipients of each message: one is drawn from every element; a mailbox drawn twice counts
/// once.
pub type RecipientChoice = Vec<Correspondents>;

impl Correspondents {
    /// Returns whether this mailbox may be drawn.
    #[must_use]
    pub fn may_be(&self, mailbox: Mailbox) -> bool {
        match self {
            Self::One(one) => *one == mailbox,
            Self::Population { domain, count } => {
                mailbox.domain == *domain && mailbox.local < *count
            }
            Self::AnyOf(mailboxes) => mailboxes.contains(&mailbox),
        }
    }
}
