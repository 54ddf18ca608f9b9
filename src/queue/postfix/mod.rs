//! Postfix's queue manager.
//!
//! Follows Postfix 3.7 (recorded, as 3.10 is) and the source of 3.7.11 and 3.12 (`src/qmgr`), which
//! agree in these rules. What makes it Postfix, and where it stands:
//!
//! | mechanism | file |
//! |---|---|
//! | delay = age of the message, clipped; taken up one second early | `schedule.rs` |
//! | a clock of whole seconds, and scans that follow it | `clock.rs`, `scan.rs` |
//! | concurrency window, cohorts of failures, dead destinations, connection cache on demand | `destination.rs` |
//! | incoming, active and deferred queue, expiry and warning after a failed attempt only | `manager.rs` |
//! | transports, their settings and their delivery processes | `transport.rs`, `policy.rs` |
//! | jobs in order of age, preempted by delivery slots | `jobs.rs` |
//! | which delivery begins next, as far as windows and processes allow | `processes.rs` |
//! | what a failure does to a destination, pauses between deliveries | `put_off.rs` |
//! | the transport `retry` and its pace | `retry.rs` |
//!
//! What the manager keeps: waiting entries by their due second (`deferred.rs`), what is known of each
//! destination (`destinations.rs`), and the settings, one copy for all hosts that have the same
//! (`shared.rs`).
//!
//! The common path is short: a message with one recipient, whose destination has room and whose
//! transport has a process, begins at once and is no job.
//!
//! Not modelled: `in_flow_delay`, `TRANSPORT_transport_rate_delay`, a recipient limit of one (each
//! recipient is a destination of its own then), recipients of one message that are read in several
//! goes (beyond 20,000), and the order of files in a queue directory, which has nothing to do with
//! their age: a scan takes messages up in shuffled order. The queue manager itself takes no time:
//! deliveries that end at one instant are counted before the next begin, where Postfix begins the next
//! after each, some milliseconds apart. Where a server answers 421 beyond a number of sessions, that
//! decides how many are put off; a `capacity.service.agent` of some milliseconds brings it back.

mod ahead;
mod clock;
mod deferred;
mod destination;
mod destinations;
mod jobs;
mod manager;
mod policy;
mod processes;
mod put_off;
mod retry;
mod scan;
pub mod schedule;
mod settings;
mod shared;
mod transport;

pub use super::ScanPhase;
pub use manager::Postfix;
pub use policy::TransportSettings;
pub use schedule::{backoff, eligible};
pub use settings::{Feedback, Settings};
