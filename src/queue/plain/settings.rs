//! Settings of the plain schedule.

use crate::units::SimDuration;

/// A list of gaps for each message, with expiry and an optional delay notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Time from the end of the n-th failed attempt until the next; the last gap repeats.
    pub gaps: Vec<SimDuration>,
    /// Upper bound of a delay added to each gap, evenly drawn.
    pub jitter: SimDuration,
    /// Age at which a message is returned, at its first failed attempt from then on.
    pub lifetime: SimDuration,
    /// The same for notices.
    pub notice_lifetime: SimDuration,
    /// Age of the delay notice, sent at the first failed attempt from then on; none: no notice.
    pub delay_notice: Option<SimDuration>,
    /// Deliveries at once to one destination; none: no limit.
    pub concurrency: Option<u32>,
    /// Recipients in one delivery.
    pub recipient_limit: u32,
}

impl Default for Settings {
    /// RFC 5321 §4.5.4.1 read literally: two attempts in the first hour, then one every two to
    /// three hours, for five days; no delay notice.
    fn default() -> Self {
        Self {
            gaps: vec![SimDuration::from_minutes(30), SimDuration::from_hours(2)],
            jitter: SimDuration::ZERO,
            lifetime: SimDuration::from_days(5),
            notice_lifetime: SimDuration::from_days(5),
            delay_notice: None,
            concurrency: Some(20),
            recipient_limit: 100,
        }
    }
}
