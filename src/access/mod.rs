//! How people read their mail: POP3 and IMAP.
//!
//! # Scope and limitations
//! Models when a mailbox is visited, how many round trips and octets a visit costs, and hence when
//! a message is in its reader's hands. A mailbox may be read by several devices: what one deletes the
//! others never see. Does not model folders other than the inbox and Junk, searches, TLS,
//! the server's own time or the reader's attention.
//!
//! # Design
//! Visits that find nothing are never simulated: [`PollClock`] computes the visit that finds a
//! message when that message arrives, and `visit` settles it as a whole.
//!
//! # Validation
//! Visits against recording 16 of a real Dovecot over an emulated link, step by step
//! (`tests/recordings/retrieval.rs`); waiting times against the law of a uniform phase (mean T/2).

mod clock;
mod reading;
mod session;
mod visit;

pub use clock::PollClock;
pub use reading::{Interval as PollInterval, Protocol, Reading};
pub use session::{Session, VisitCost};
pub use visit::{Fetched, IDLE_NOTIFICATION_DELAY, idle_push, visit};
