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
    /// `chanskip` of mail that leaves, compiled in: ages of passes are the squares of its multiples
    /// \[s\].
    pub remote_skip: u64,
    /// Unit of the time for which `tcpto` leaves out an address that does not answer, compiled in.
    pub dead_address_unit: SimDuration,
}

impl Default for Settings {
    /// The initial values in `qmail-send.c`.
    fn default() -> Self {
        Self {
            queue_lifetime: SimDuration::from_secs(604_800),
            concurrency_remote: 20,
            concurrency_local: 10,
            remote_skip: 20,
            dead_address_unit: SimDuration::from_secs(64),
        }
    }
}
