//! qmail's control files and constants.

use crate::units::SimDuration;

/// What rules qmail's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `control/queuelifetime`: a pass that begins later than this is the last.
    pub queue_lifetime: SimDuration,
    /// `control/concurrencyremote`: deliveries at once of mail that leaves.
    pub concurrency_remote: u32,
    /// `control/concurrencylocal`: deliveries at once into mailboxes of the host.
    pub concurrency_local: u32,
}

impl Default for Settings {
    /// The initial values in `qmail-send.c`.
    fn default() -> Self {
        Self {
            queue_lifetime: SimDuration::from_secs(604_800),
            concurrency_remote: 20,
            concurrency_local: 10,
        }
    }
}
