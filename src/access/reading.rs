//! The habit of a reader.

use crate::mail::{HostId, Mailbox};
use crate::units::SimDuration;

/// How often a mailbox is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Always after the same time; the first visit falls at random within it.
    Fixed(SimDuration),
    /// After `least` while mail keeps coming; doubled after each empty visit, up to `most`.
    Adapting {
        /// Shortest interval.
        least: SimDuration,
        /// Longest interval.
        most: SimDuration,
    },
}

/// Protocol and manner of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// POP3 (RFC 1939): all new messages are fetched at each visit.
    Pop3 {
        /// How often.
        every: Interval,
        /// Whether messages are deleted from the store afterwards (DELE) or left there.
        delete: bool,
    },
    /// IMAP (RFC 9051), polled.
    Imap {
        /// How often.
        every: Interval,
    },
    /// IMAP with IDLE (RFC 2177): the store announces new mail at once.
    ImapIdle,
}

/// Which mailboxes are read how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// First mailbox covered.
    pub first: Mailbox,
    /// How many mailboxes of that domain, in order of their number.
    pub count: u32,
    /// What reads: a name for one of several devices with the same mailbox; empty: the only one.
    pub device: String,
    /// Whether it reads the folder Junk rather than the inbox.
    pub junk: bool,
    /// Protocol and interval.
    pub protocol: Protocol,
    /// The host on which the reader sits; none: the default path to the store.
    pub from: Option<HostId>,
}
