//! When a message came to a host: perhaps before the run began.

use crate::units::{SimDuration, SimTime};

/// The moment at which a host became responsible for a message. Queues need not be empty when a run
/// begins, so unlike a [`SimTime`] it may lie before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalTime(i64);

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

impl ArrivalTime {
    /// Returns the moment `age` before `now`, at most 292 years before the start.
    #[must_use]
    pub fn before(now: SimTime, age: SimDuration) -> Self {
        let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
        Self(Self::from(now).0.saturating_sub(age))
    }

    /// Returns the age at `now`, zero if it lies after it.
    #[must_use]
    pub fn age(self, now: SimTime) -> SimDuration {
        SimDuration::from_nanos(Self::from(now).0.saturating_sub(self.0).max(0) as u64)
    }

    /// Returns the moment `span` later: the start of the run, if that is before it.
    #[must_use]
    pub fn saturating_add(self, span: SimDuration) -> SimTime {
        if self.0 >= 0 {
            return SimTime::from_nanos(self.0 as u64).saturating_add(span);
        }
        SimTime::from_nanos(span.as_nanos().saturating_sub(self.0.unsigned_abs()))
    }

    /// Returns the moment itself: the start of the run, if it is before it.
    #[must_use]
    pub fn in_run(self) -> SimTime {
        self.saturating_add(SimDuration::ZERO)
    }

    /// Returns the second that a clock shows then which is `lag` late, counted from the start of the
    /// run; it is never late at the very start.
    #[must_use]
    pub fn second(self, lag: SimDuration) -> i64 {
        if self.0 >= 0 {
            return SimTime::from_nanos(self.0 as u64).saturating_sub(lag).as_secs() as i64;
        }
        let lag = i64::try_from(lag.as_nanos()).unwrap_or(i64::MAX);
        self.0.saturating_sub(lag).div_euclid(SECOND)
    }
}

impl From<SimTime> for ArrivalTime {
    fn from(at: SimTime) -> Self {
        Self(i64::try_from(at.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_reach_back_before_the_start() {
        let at = SimTime::from_secs;
        let old = ArrivalTime::before(SimTime::ZERO, SimDuration::from_millis(3_600_500));
        assert_eq!(old.age(at(10)), SimDuration::from_millis(3_610_500));
        assert_eq!(old.saturating_add(SimDuration::from_secs(60)), SimTime::ZERO);
        let after = old.saturating_add(SimDuration::from_hours(2));
        assert_eq!(after, SimTime::ZERO + SimDuration::from_millis(3_599_500));
        assert_eq!((old.second(SimDuration::ZERO), old.in_run()), (-3601, SimTime::ZERO));
        let new = ArrivalTime::from(at(7));
        assert!(old < new);
        assert_eq!((new.second(SimDuration::ZERO), new.in_run()), (7, at(7)));
        assert_eq!(new.second(SimDuration::from_millis(4)), 6);
        assert_eq!(new.age(at(3)), SimDuration::ZERO);
        // "Never" stays never.
        assert_eq!(new.saturating_add(SimDuration::MAX), SimTime::MAX);
    }
}
