//! Mail vocabulary: identities, envelopes, replies and status codes.
//!
//! This room names things as RFC 5321, RFC 5598 and RFC 3463 do. Nothing here advances time,
//! draws a random number or decides what happens to a message.

mod address_literal;
mod attempt;
mod authentication;
mod compact_key;
mod compact_status;
mod identity;
mod message;
mod path;
mod received;
mod reply;
mod reverse_path;
pub mod sasl;
mod status;

pub use address_literal::address_literal;
pub use attempt::{AttemptOutcome, Stage};
pub use authentication::{AuthenticationResult, DmarcPolicy};
pub use compact_key::CompactKey;
pub use compact_status::CompactStatus;
pub use identity::{DomainId, EntryId, HostId, Mailbox, MailboxNames, MessageKey, RecipientId};
pub use message::{MessageId, MessageKind, TransmissionType};
pub use path::{is_domain, local_part, split_address, split_stray_dots};
pub use received::{ReceivedField, ReceivedLengths, ReceivedStyle, format_date};
pub use reply::{Reply, ReplyClass};
pub use reverse_path::ReversePath;
pub use status::Status;
