//! Operators on moments and spans; all of them saturate.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Rem, Sub, SubAssign};

use super::{SimDuration, SimTime};

impl Add<SimDuration> for SimTime {
    type Output = Self;

    /// Saturates at [`SimTime::MAX`].
    fn add(self, span: SimDuration) -> Self {
        self.saturating_add(span)
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        *self = *self + span;
    }
}

impl Sub<SimDuration> for SimTime {
    type Output = Self;

    /// Saturates at the start of the run.
    fn sub(self, span: SimDuration) -> Self {
        self.saturating_sub(span)
    }
}

impl Sub for SimTime {
    type Output = SimDuration;

    /// The same as [`SimTime::since`]: zero when the other moment is later.
    fn sub(self, earlier: Self) -> SimDuration {
        self.since(earlier)
    }
}

impl Add for SimDuration {
    type Output = Self;

    /// Saturates at [`SimDuration::MAX`].
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SimDuration {
    type Output = Self;

    /// Saturates at zero.
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl SubAssign for SimDuration {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;

    /// Saturates at [`SimDuration::MAX`].
    fn mul(self, factor: u64) -> Self {
        self.saturating_mul(factor)
    }
}

impl Div<u64> for SimDuration {
    type Output = Self;

    /// Rounds down.
    ///
    /// # Panics
    /// When `divisor` is zero.
    fn div(self, divisor: u64) -> Self {
        Self::from_nanos(self.as_nanos() / divisor)
    }
}

impl Rem for SimDuration {
    type Output = Self;

    /// Returns what is left after taking away `period` as often as possible.
    ///
    /// # Panics
    /// When `period` is zero.
    fn rem(self, period: Self) -> Self {
        Self::from_nanos(self.as_nanos() % period.as_nanos())
    }
}

impl Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a SimDuration> for SimDuration {
    fn sum<I: Iterator<Item = &'a SimDuration>>(spans: I) -> Self {
        spans.copied().sum()
    }
}
