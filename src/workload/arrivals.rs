//! When messages are submitted.

use crate::units::{EventRate, SimDuration, SimTime};

/// Relative intensity by hour of the day, beginning at midnight (24 numbers, not all zero).
pub type DailyProfile = [f64; 24];

/// The arrival process of one `[[mail]]` entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// At these times, in order.
    At(Vec<SimTime>),
    /// A Poisson process of this mean rate, optionally following the hours of the day (by
    /// thinning; the mean over a whole day stays `rate`).
    Poisson {
        /// Mean rate.
        rate: EventRate,
        /// Shape of the day.
        profile: Option<DailyProfile>,
    },
    /// One every `interval`, the first at the beginning of the entry's window.
    Every {
        /// Time between messages.
        interval: SimDuration,
    },
    /// `count` messages together every `interval` (once if none), the first at the beginning of
    /// the entry's window.
    Bursts {
        /// Messages in a burst.
        count: u64,
        /// Time between bursts.
        interval: Option<SimDuration>,
    },
    /// As recorded in a file.
    Replay,
}
