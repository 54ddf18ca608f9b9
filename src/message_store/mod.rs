//! A message store (RFC 5598 §4.3): what lies in a mailbox, and POP3 and IMAP as they are spoken to it.
//!
//! # Scope and limitations
//! Folders are INBOX and Junk, in which the run puts mail, and those that readers make; what a reader
//! appends, flags, moves and expunges stays in the `Account`. A message of the run has its true header
//! fields and its size; a remark and filling stand for the words of its body. IMAP is that of RFC 3501
//! with the extensions that the server names, and RFC 9051 as far as clients ask for it.
//!
//! # Design
//! A `Session` takes lines and octets, and answers with octets; it knows no time, connection or run.
//! Whoever has one gives it a `Store`: the world of a live run ([`crate::live`]), or one that is held while
//! somebody types ([`crate::talk`]). So a program and a person are answered by the same rules.
//!
//! # Validation
//! curl, Python's imaplib and poplib and mutt read and write mail by it (`tests/live`); what people type is
//! held against RFC 1939 and RFC 9051 (`tests/cli/talking.rs`).

mod account;
mod imap;
mod pop3;
mod session;
mod stored;
mod written;

pub(crate) use account::{Account, Content, INBOX, JUNK, for_people};
pub(crate) use session::{Session, Store, Then};
pub(crate) use stored::{Stored, contents, header_at_hand, mailbox_at, stored_copies};
