//! What an MTA does with a message it has accepted: queues, retry schedules, concurrency, expiry.
//!
//! One folder for each MTA family; what two families share is written once, in the files beside
//! them. A queue manager is a state machine: it is told what happened ([`QueueManager`]) and
//! answers with a list of [`Action`]s in a sink that the caller provides. It knows no engine loop,
//! no DNS and no sessions, so a retry rule can be tested by calling it.

mod entries;
mod list;
mod manager;
pub mod plain;
pub mod postfix;
mod round;
mod settings;

pub use entries::{
    CopyIndex, CopyState, DeliveryHandle, Destination, EntryHandle, QueueCopy, QueueEntries,
    QueueEntry, QueuedDelivery,
};
pub use manager::{Action, Context, KeepConnection, QueueLengths, QueueManager, Report, Timer};
pub use settings::QueueSettings;
