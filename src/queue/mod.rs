//! What an MTA does with a message it has accepted: queues, retry schedules, concurrency, expiry.
//!
//! One folder for each MTA family; what two families share is written once, in the files beside
//! them. A queue manager is a state machine: it is told what happened ([`QueueManager`]) and
//! answers with a list of [`Action`]s in a sink that the caller provides. What waits lies in arenas
//! that all hosts share ([`QueueEntries`]); how a message came is told once, when it arrives
//! ([`Intake`]), and kept by families that go by it. An MTA that remembers
//! hosts is asked before each address whether it may be tried, and told afterwards how that ended
//! ([`Candidate`], [`Tried`]). A manager knows no engine loop, no DNS and no running session, so a
//! retry rule can be tested by calling it.

mod arrival_time;
mod deliveries;
mod destination;
mod entries;
mod entry;
pub mod exchange;
pub mod exim;
mod list;
mod manager;
pub mod opensmtpd;
mod orders;
mod phase;
pub mod plain;
pub mod postfix;
pub mod qmail;
mod round;
pub mod sendmail;
mod settings;
mod several;

pub use arrival_time::ArrivalTime;
pub use destination::{Destination, TransportId, Via};
pub use entries::{DeliveryHandle, EntryHandle, History, Intake, QueueEntries, QueuedDelivery};
pub use entry::{CopyIndex, CopyState, EntrySlot, QueueCopy, QueueEntry};
pub use manager::{
    Abandoned, Action, Addresses, Candidate, ConnectionId, Context, FailedConnection, InProcess,
    KeepConnection, Names, Processes, QueueLengths, QueueManager, Report, Resolved, Routed, Timer,
    Tried, Untried, Waiting,
};
pub use orders::{Orders, PREFETCHED, Suspensions};
pub use phase::ScanPhase;
pub use settings::QueueSettings;
