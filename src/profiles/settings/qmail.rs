//! Settings of qmail, by the names of its control files (qmail-control(9)).

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;
use crate::queue::QueueSettings;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(queue Qmail, "queuelifetime", Duration, queue_lifetime, "a pass that begins at a greater age is the last"),
    setting!(queue Qmail, "concurrencyremote", Positive, concurrency_remote, "deliveries at once of mail that leaves"),
    setting!(queue Qmail, "concurrencylocal", Positive, concurrency_local, "deliveries at once into mailboxes of the host"),
];
