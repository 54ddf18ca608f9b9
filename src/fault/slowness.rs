//! How much longer something takes.

use crate::units::SimDuration;

/// What is slow takes so much longer than it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowness {
    /// This time comes on top, each time.
    Delay(SimDuration),
    /// It takes so many thousandths of its time (2000: twice as long). What takes no time takes
    /// none.
    Factor(u64),
}

impl Slowness {
    /// Returns how long something takes that takes `time` otherwise.
    #[must_use]
    pub fn of(self, time: SimDuration) -> SimDuration {
        match self {
            Self::Delay(delay) => time.saturating_add(delay),
            Self::Factor(thousandths) => {
                let product = u128::from(time.as_nanos()) * u128::from(thousandths) / 1000;
                SimDuration::from_nanos(u64::try_from(product).unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_stretches_and_a_delay_comes_on_top() {
        let second = SimDuration::from_secs(1);
        assert_eq!(Slowness::Factor(2_500).of(second), SimDuration::from_millis(2_500));
        assert_eq!(Slowness::Factor(2_500).of(SimDuration::ZERO), SimDuration::ZERO);
        assert_eq!(Slowness::Delay(second).of(SimDuration::ZERO), second);
        // Long before the end of time nothing overflows.
        assert_eq!(Slowness::Factor(u64::MAX).of(SimDuration::MAX), SimDuration::MAX);
    }
}
