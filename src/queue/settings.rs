//! The queue rules of one host, by family.

use super::{plain, postfix};

/// Settings of a host's queue manager.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueSettings {
    /// Postfix's queue manager.
    Postfix(postfix::Settings),
    /// A plain list of gaps for each message (RFC 5321 §4.5.4.1 by default).
    Plain(plain::Settings),
}
