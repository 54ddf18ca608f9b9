//! How many octets a line carries in a time, and what it adds to them.

use crate::units::{BitRate, Octets, SimDuration};

/// What a line carries: its rate, and what TCP and IP make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bits per second in each direction; none: not limited.
    pub rate: Option<BitRate>,
    /// Octets of headers sent with each segment.
    pub header: Octets,
    /// Whether a sender begins with a small window that grows with acknowledgements (RFC 5681);
    /// without, all that there is leaves at once, as textbooks have it.
    pub slow_start: bool,
}

impl Bandwidth {
    /// No limit of rate, headers of IPv4 and TCP with time stamps (52 octets), and slow start.
    pub const UNLIMITED: Self = Self { rate: None, header: Octets(52), slow_start: true };

    /// Returns what is left of two lines behind each other: the smaller rate, the longer headers,
    /// and slow start if either has it.
    #[must_use]
    pub fn along(self, other: Self) -> Self {
        Self {
            rate: match (self.rate, other.rate) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            header: self.header.max(other.header),
            slow_start: self.slow_start || other.slow_start,
        }
    }

    /// Returns how long so many octets need, headers included.
    #[must_use]
    pub fn transmission_time(self, octets: Octets) -> SimDuration {
        self.rate.map_or(SimDuration::ZERO, |rate| rate.transmission_time(octets))
    }
}

impl From<Option<BitRate>> for Bandwidth {
    /// A line of this rate with the usual headers and slow start.
    fn from(rate: Option<BitRate>) -> Self {
        Self { rate, ..Self::UNLIMITED }
    }
}

impl From<BitRate> for Bandwidth {
    fn from(rate: BitRate) -> Self {
        Self::from(Some(rate))
    }
}
