//! Moments and spans of virtual time in integer nanoseconds.

use std::fmt;

use super::text::{FixedDecimals, human_duration};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A moment of virtual time: nanoseconds since the start of the run.
///
/// [`SimTime::MAX`] means "never": arithmetic saturates there. It reaches 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A span of virtual time in nanoseconds, never negative.
///
/// [`SimDuration::MAX`] means "for ever": arithmetic saturates there. It reaches 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Never.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the moment `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the moment `seconds` seconds after the start, saturating.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Returns the nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the whole seconds since the start, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// Returns the seconds since the start. Only for output: a float holds 53 bits of it.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.since_start().as_secs_f64()
    }

    /// Returns the span from the start of the run to this moment.
    #[must_use]
    pub const fn since_start(self) -> SimDuration {
        SimDuration(self.0)
    }

    /// Returns the span from `earlier` to this moment, zero when `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// Returns the moment `span` later, or [`SimTime::MAX`] when that is out of range.
    #[must_use]
    pub const fn saturating_add(self, span: SimDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Returns the moment `span` earlier, or the start of the run when that is before it.
    #[must_use]
    pub const fn saturating_sub(self, span: SimDuration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// Returns a view that prints decimal seconds with exactly six digits, halves rounded up.
    #[must_use]
    pub const fn fixed_seconds(&self) -> FixedSeconds {
        FixedSeconds(self.0)
    }

    /// Appends what [`SimTime::fixed_seconds`] prints to `out`, without going through `fmt`.
    pub fn write_fixed_seconds(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(FixedDecimals::of_nanos(self.0).as_bytes());
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// For ever.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns a span of nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns a span of microseconds, saturating.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// Returns a span of milliseconds, saturating.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns a span of seconds, saturating.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Returns a span of minutes, saturating.
    #[must_use]
    pub const fn from_minutes(minutes: u64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    /// Returns a span of hours, saturating.
    #[must_use]
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_secs(hours.saturating_mul(3_600))
    }

    /// Returns a span of days of 24 hours, saturating.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days.saturating_mul(86_400))
    }

    /// Returns the span nearest to `seconds`.
    ///
    /// Saturates above; what is negative or not a number becomes zero. The product with 10^9 is
    /// rounded once to a double, then to the nearest integer (halves away from zero), both the same
    /// on every platform.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self::from_nanos_f64(seconds * NANOS_PER_SECOND as f64)
    }

    /// A cast from float to integer saturates and turns NaN into zero.
    fn from_nanos_f64(nanos: f64) -> Self {
        Self(nanos.round() as u64)
    }

    /// Returns the nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the whole microseconds, rounded down.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Returns the whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Returns the whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// Returns the seconds. A float holds 53 bits of it.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Returns whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the span times `factor`, rounded and saturating as in [`SimDuration::from_secs_f64`].
    #[must_use]
    pub fn mul_f64(self, factor: f64) -> Self {
        Self::from_nanos_f64(self.0 as f64 * factor)
    }

    /// Returns the sum, or [`SimDuration::MAX`] when that is out of range.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, or zero when `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the product, or [`SimDuration::MAX`] when that is out of range.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// Returns a view that prints decimal seconds with exactly six digits, halves rounded up.
    #[must_use]
    pub const fn fixed_seconds(&self) -> FixedSeconds {
        FixedSeconds(self.0)
    }

    /// Appends what [`SimDuration::fixed_seconds`] prints to `out`, without going through `fmt`.
    pub fn write_fixed_seconds(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(FixedDecimals::of_nanos(self.0).as_bytes());
    }
}

impl fmt::Display for SimTime {
    /// Prints the time since the start for people, as [`SimDuration`] does, or "never".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX {
            return formatter.pad("never");
        }
        formatter.pad(&human_duration(self.0))
    }
}

impl fmt::Display for SimDuration {
    /// Prints the span for people, rounded: "850 ns", "12.5 ms", "7.25 s", "3m 07s", "2h 03m 07s",
    /// "1d 02h 03m 07s", or "for ever".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX {
            return formatter.pad("for ever");
        }
        formatter.pad(&human_duration(self.0))
    }
}

/// Prints decimal seconds with exactly six digits, from integer arithmetic alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedSeconds(u64);

impl fmt::Display for FixedSeconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(FixedDecimals::of_nanos(self.0).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{SimDuration, SimTime};

    #[test]
    fn never_stays_never() {
        let hour = SimDuration::from_hours(1);
        assert_eq!(SimTime::MAX + hour, SimTime::MAX);
        assert_eq!(SimTime::ZERO - hour, SimTime::ZERO);
        assert_eq!(SimDuration::MAX + hour, SimDuration::MAX);
        assert_eq!(SimDuration::from_days(u64::MAX), SimDuration::MAX);
        assert_eq!(SimTime::from_secs(3) - SimTime::from_secs(5), SimDuration::ZERO);
        assert_eq!(SimTime::from_secs(5).since(SimTime::from_secs(3)), SimDuration::from_secs(2));
    }

    #[test]
    fn floats_round_to_the_nearest_nanosecond_and_saturate() {
        let nanos = |seconds| SimDuration::from_secs_f64(seconds).as_nanos();
        assert_eq!(nanos(1.5), 1_500_000_000);
        assert_eq!(nanos(0.4e-9), 0);
        assert_eq!(nanos(0.6e-9), 1);
        assert_eq!(nanos(-1.0), 0);
        assert_eq!(nanos(f64::NAN), 0);
        assert_eq!(nanos(f64::INFINITY), u64::MAX);
        assert_eq!(SimDuration::from_millis(10).mul_f64(2.5), SimDuration::from_millis(25));
    }

    #[test]
    fn fixed_seconds_round_halves_up_and_keep_six_digits() {
        let printed = |nanos| {
            let time = SimTime::from_nanos(nanos);
            let mut bytes = b"x".to_vec();
            time.write_fixed_seconds(&mut bytes);
            assert_eq!(bytes, format!("x{}", time.fixed_seconds()).into_bytes());
            time.fixed_seconds().to_string()
        };
        assert_eq!(printed(0), "0.000000");
        assert_eq!(printed(499), "0.000000");
        assert_eq!(printed(500), "0.000001");
        assert_eq!(printed(999_999_499), "0.999999");
        assert_eq!(printed(999_999_500), "1.000000");
        assert_eq!(printed(7_384_000_123_456), "7384.000123");
        // 2^64 - 1 ns is 18446744073.709551615 s.
        assert_eq!(printed(u64::MAX), "18446744073.709552");
    }

    #[test]
    fn people_read_fitting_units() {
        let shown = |nanos| SimDuration::from_nanos(nanos).to_string();
        assert_eq!(shown(0), "0 s");
        assert_eq!(shown(850), "850 ns");
        assert_eq!(shown(12_500_000), "12.5 ms");
        assert_eq!(shown(999_999_999), "1 s");
        assert_eq!(shown(7_250_000_000), "7.25 s");
        assert_eq!(shown(59_999_600_000), "1m 00s");
        assert_eq!(shown(187_000_000_000), "3m 07s");
        assert_eq!(shown(7_387_000_000_000), "2h 03m 07s");
        assert_eq!(shown(86_400_000_000_000), "1d 00h 00m 00s");
        assert_eq!(SimTime::MAX.to_string(), "never");
        assert_eq!(format!("[{:>8}]", SimDuration::from_millis(20)), "[   20 ms]");
    }

    #[test]
    fn arithmetic_is_that_of_integers() {
        let spans = [SimDuration::from_secs(2), SimDuration::from_millis(500)];
        assert_eq!(spans.iter().sum::<SimDuration>(), SimDuration::from_millis(2_500));
        assert_eq!(SimDuration::from_secs(10) % SimDuration::from_secs(4), spans[0]);
        assert_eq!(SimDuration::from_nanos(7) / 2 * 3, SimDuration::from_nanos(9));
        assert_eq!(SimTime::from_nanos(1_999_999_999).as_secs(), 1);
    }
}
