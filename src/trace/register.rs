//! What the run can be asked about a recipient.

use std::collections::BTreeMap;

use crate::mail::{Mailbox, MessageKey, MessageKind, RecipientId};
use crate::units::{Octets, SimTime};

use super::{Fact, FactSink};

/// What a recipient and its message are, whatever happens to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Address of the recipient.
    pub mailbox: Mailbox,
    /// Name of the message.
    pub key: MessageKey,
    /// Kind of the message.
    pub kind: MessageKind,
    /// Reverse path; none is the null path.
    pub sender: Option<Mailbox>,
    /// Header and body as submitted.
    pub size: Octets,
}

/// Answers for what the run keeps of recipients in any case, so that those who listen need not keep
/// it a second time: there may be millions at once.
pub trait Register {
    /// Returns what a recipient is whose story is not closed; that which is being closed is still
    /// known.
    ///
    /// # Panics
    /// On a recipient that was never created.
    fn identity(&self, recipient: RecipientId) -> Identity;
}

/// A register of what a log of facts has told so far.
#[derive(Debug, Default)]
struct StatedIdentities(BTreeMap<RecipientId, Identity>);

impl Register for StatedIdentities {
    fn identity(&self, recipient: RecipientId) -> Identity {
        self.0[&recipient]
    }
}

/// States the facts of a log into `sink` once more, as the run did that they are of.
pub fn replay<'f>(facts: impl IntoIterator<Item = &'f (SimTime, Fact)>, sink: &mut impl FactSink) {
    let mut told = StatedIdentities::default();
    for (at, fact) in facts {
        if let &Fact::Created(created) = fact {
            told.0.insert(created.recipient, created.identity());
        }
        sink.fact(*at, fact, &told);
    }
}
