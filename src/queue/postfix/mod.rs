//! Postfix's queue manager.
//!
//! Follows Postfix 3.7 (recorded) and the source of 3.12 (`src/qmgr`), which agree in these
//! rules. What makes it Postfix, and where it stands:
//!
//! | mechanism | file |
//! |---|---|
//! | delay = age of the message, clipped; taken up one second early | `schedule.rs` |
//! | a clock of whole seconds, and scans that follow it | `clock.rs`, `scan.rs` |
//! | concurrency window, cohorts of failures, dead destinations, connection cache on demand | `destination.rs` |
//! | incoming, active and deferred queue, expiry and warning after a failed attempt only | `manager.rs` |
//!
//! What the manager keeps: waiting entries by their due second (`deferred.rs`), what is known of each
//! destination (`destinations.rs`), and the settings, one copy for all hosts that have the same
//! (`shared.rs`).
//!
//! Not modelled: the preemptive order of jobs within one transport (messages are served first in,
//! first out for each destination), `in_flow_delay`, and the order of files in a queue directory,
//! which has nothing to do with their age: a scan takes messages up in shuffled order.

mod ahead;
mod clock;
mod deferred;
mod destination;
mod destinations;
mod manager;
mod scan;
pub mod schedule;
mod settings;
mod shared;

pub use super::ScanPhase;
pub use manager::Postfix;
pub use schedule::{backoff, eligible};
pub use settings::{Feedback, Settings};
