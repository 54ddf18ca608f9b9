//! Settings of the plain schedule.

use super::super::profiles::Family;
use super::{Of, Setting, Slot, setting};
use crate::queue::QueueSettings;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(queue Plain, "gaps", Durations, gaps, "times from a failed attempt to the next; the last repeats"),
    setting!(queue Plain, "jitter", Duration, jitter, "upper bound of a delay added to each gap"),
    setting!(queue Plain, "lifetime", Duration, lifetime, "age at which a message is returned"),
    setting!(queue Plain, "notice_lifetime", Duration, notice_lifetime, "the same for notices"),
    setting!(queue Plain, "delay_notice", OptionalDuration, delay_notice, "age of the delay notice; 0: none"),
    setting!(queue Plain, "concurrency", Limit, concurrency, "deliveries at once to one destination; 0: no limit"),
    setting!(queue Plain, "recipient_limit", Positive, recipient_limit, "recipients in one delivery"),
];
