//! The queue rules of one host, by family.

use super::exim::Exim;
use super::plain::Plain;
use super::postfix::Postfix;
use super::{QueueManager, exim, plain, postfix};

/// Settings of a host's queue manager.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueSettings {
    /// Postfix's queue manager.
    Postfix(postfix::Settings),
    /// Exim's delivery processes and queue runners.
    Exim(exim::Settings),
    /// A plain list of gaps for each message (RFC 5321 §4.5.4.1 by default).
    Plain(plain::Settings),
}

impl QueueSettings {
    /// Returns a queue manager with these settings. `remote` replaces its limit of deliveries at
    /// once of mail that leaves, `local` that of deliveries into mailboxes of the host.
    #[must_use]
    pub fn manager(&self, remote: Option<u32>, local: Option<u32>) -> Box<dyn QueueManager> {
        match self {
            Self::Postfix(settings) => Box::new(Postfix::new(settings.clone(), remote, local)),
            Self::Exim(settings) => Box::new(Exim::new(settings.clone(), remote, local)),
            Self::Plain(settings) => Box::new(Plain::new(settings.clone(), remote, local)),
        }
    }

    /// Returns the limit of delivery processes that the MTA itself has, for mail that leaves.
    #[must_use]
    pub fn delivery_processes(&self) -> Option<u32> {
        match self {
            Self::Postfix(settings) => Some(settings.process_limit),
            Self::Exim(_) | Self::Plain(_) => None,
        }
    }
}
