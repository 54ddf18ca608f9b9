//! Rates: bits a second of a link, events a time of a workload.

use std::fmt;
use std::str::FromStr;

use super::decimal::Kind;
use super::text::trimmed;
use super::{Octets, QuantityError, SimDuration};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The bandwidth of a link in bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(pub u64);

const BIT_RATE: Kind = Kind {
    expected: "a bit rate such as \"10Mbit/s\" (units bit/s, kbit/s, Mbit/s, Gbit/s)",
    usual_unit: "Mbit/s",
    largest: "18 billion Gbit/s",
    units: &[("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)],
    misspellings: &[
        ("k", "kbit/s"),
        ("M", "Mbit/s"),
        ("G", "Gbit/s"),
        ("bps", "bit/s"),
        ("kbps", "kbit/s"),
        ("Mbps", "Mbit/s"),
        ("Gbps", "Gbit/s"),
        ("bit", "bit/s"),
        ("kbit", "kbit/s"),
        ("Mbit", "Mbit/s"),
        ("Gbit", "Gbit/s"),
        ("kb/s", "kbit/s"),
        ("Mb/s", "Mbit/s"),
        ("Gb/s", "Gbit/s"),
    ],
};

impl BitRate {
    /// Returns a rate of `bits` a second.
    #[must_use]
    pub const fn from_bits_per_second(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bits a second.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Returns the time in which `size` is put on the wire, rounded up to the nanosecond.
    ///
    /// It is [`SimDuration::MAX`] when the rate is zero and there is something to send.
    #[must_use]
    pub fn transmission_time(self, size: Octets) -> SimDuration {
        if size == Octets::ZERO {
            return SimDuration::ZERO;
        }
        if self.0 == 0 {
            return SimDuration::MAX;
        }
        let bits = u128::from(size.get()) * 8;
        let nanos = (bits * u128::from(NANOS_PER_SECOND)).div_ceil(u128::from(self.0));
        SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl FromStr for BitRate {
    type Err = QuantityError;

    /// Reads a number and one of bit/s, kbit/s, Mbit/s, Gbit/s.
    ///
    /// # Errors
    /// When the number or the unit is missing or unknown, or the rate is not above zero.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match BIT_RATE.single(text)? {
            0 => Err(QuantityError::Zero {
                found: text.trim().to_owned(),
                expected: BIT_RATE.expected,
            }),
            bits => Ok(Self(bits)),
        }
    }
}

impl fmt::Display for BitRate {
    /// Prints the rate for people, rounded to two decimals: "10 Mbit/s".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.0 {
            0..1_000 => format!("{} bit/s", self.0),
            1_000..999_995 => format!("{} kbit/s", trimmed(self.0, 1_000, 2)),
            999_995..999_995_000 => format!("{} Mbit/s", trimmed(self.0, 1_000_000, 2)),
            _ => format!("{} Gbit/s", trimmed(self.0, 1_000_000_000, 2)),
        };
        formatter.pad(&shown)
    }
}

/// A mean number of events in a time, kept as the exact fraction `events / period`.
///
/// Equal rates are equal values: "60/min" is "1/s".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventRate {
    events: u64,
    period: SimDuration,
}

const EVENT_RATE: Kind = Kind {
    expected: "a rate such as \"30/h\" (units /s, /min, /h, /d)",
    usual_unit: "/h",
    largest: "some 10^19 events in a time",
    units: &[
        ("/s", NANOS_PER_SECOND),
        ("/min", 60 * NANOS_PER_SECOND),
        ("/h", 3_600 * NANOS_PER_SECOND),
        ("/d", 86_400 * NANOS_PER_SECOND),
        ("/w", 7 * 86_400 * NANOS_PER_SECOND),
    ],
    misspellings: &[
        ("/m", "/min"),
        ("/minute", "/min"),
        ("/sec", "/s"),
        ("/second", "/s"),
        ("/hour", "/h"),
        ("/day", "/d"),
        ("/week", "/w"),
        ("per second", "/s"),
        ("per minute", "/min"),
        ("per hour", "/h"),
        ("per day", "/d"),
        ("s", "/s"),
        ("min", "/min"),
        ("h", "/h"),
        ("d", "/d"),
    ],
};

impl EventRate {
    /// Returns the rate of `events` in each `period`.
    ///
    /// # Panics
    /// When `period` is zero: no rate is infinite.
    #[must_use]
    pub fn new(events: u64, period: SimDuration) -> Self {
        assert!(!period.is_zero(), "the period of a rate is above zero");
        let divisor = greatest_common_divisor(events, period.as_nanos());
        Self { events: events / divisor, period: period / divisor }
    }

    /// Returns the mean time from one event to the next, rounded to the nearest nanosecond;
    /// [`SimDuration::MAX`] when there are none.
    #[must_use]
    pub fn mean_interval(self) -> SimDuration {
        if self.events == 0 {
            return SimDuration::MAX;
        }
        let (period, events) = (u128::from(self.period.as_nanos()), u128::from(self.events));
        let nanos = (period + events / 2) / events;
        SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns the mean number of events a second.
    #[must_use]
    pub fn per_second_f64(self) -> f64 {
        self.events as f64 / self.period.as_nanos() as f64 * NANOS_PER_SECOND as f64
    }

    /// Returns whether there are no events at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.events == 0
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl FromStr for EventRate {
    type Err = QuantityError;

    /// Reads a number and one of /s, /min, /h, /d, /w. Zero means "no events".
    ///
    /// # Errors
    /// When the number or the unit is missing or unknown, negative or too large.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let found = text.trim();
        let (number, rest) = EVENT_RATE.number(found, found)?;
        let unit = rest.trim_start();
        if unit.is_empty() && number.mantissa == 0 {
            return Ok(Self::new(0, SimDuration::from_secs(1)));
        }
        let step = EVENT_RATE.unit(found, unit)?;
        // "2.5/h" is 25 events in ten hours: the fraction goes into the period, without rounding.
        let too_large = || EVENT_RATE.too_large(found);
        let events = u64::try_from(number.mantissa).map_err(|_| too_large())?;
        let tens = 10u64.checked_pow(number.scale).ok_or_else(too_large)?;
        let period = step.checked_mul(tens).ok_or_else(too_large)?;
        Ok(Self::new(events, SimDuration::from_nanos(period)))
    }
}

impl fmt::Display for EventRate {
    /// Prints the rate for people in the largest unit that keeps it at one event or more: "30/h".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = u128::from(self.period.as_nanos());
        let (events, units) = (u128::from(self.events), &EVENT_RATE.units[..4]);
        let fitting = units.iter().find(|(_, step)| events * u128::from(*step) >= period);
        let (name, step) = fitting.copied().unwrap_or(units[3]);
        let hundredths = (events * u128::from(step) * 100 + period / 2) / period;
        let number = trimmed(u64::try_from(hundredths).unwrap_or(u64::MAX), 100, 2);
        formatter.pad(&format!("{number}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_rates_are_read() {
        assert_eq!("10Mbit/s".parse(), Ok(BitRate(10_000_000)));
        assert_eq!("1.5 Gbit/s".parse(), Ok(BitRate(1_500_000_000)));
        assert_eq!("64kbit/s".parse(), Ok(BitRate(64_000)));
        let message = |text: &str| text.parse::<BitRate>().expect_err(text).to_string();
        assert!(message("10").contains("did you mean \"10Mbit/s\"?"));
        assert!(message("10Mbps").contains("did you mean \"Mbit/s\"?"));
        assert!(message("0bit/s").contains("above zero"));
        assert!(message("-1bit/s").contains("must not be negative"));
    }

    #[test]
    fn transmission_rounds_up() {
        let rate = BitRate(3);
        // 8 bits at 3 bit/s take 2.666... s.
        assert_eq!(rate.transmission_time(Octets(1)).as_nanos(), 2_666_666_667);
        let fast = BitRate(10_000_000);
        assert_eq!(fast.transmission_time(Octets(75_000)), SimDuration::from_millis(60));
        assert_eq!(BitRate(0).transmission_time(Octets(1)), SimDuration::MAX);
        assert_eq!(fast.transmission_time(Octets::ZERO), SimDuration::ZERO);
    }

    #[test]
    fn event_rates_are_exact_fractions() {
        let read = |text: &str| text.parse::<EventRate>().expect("a rate");
        assert_eq!(read("30/h").mean_interval(), SimDuration::from_minutes(2));
        assert_eq!(read("60/min"), read("1/s"));
        assert_eq!(read("2.5/h").mean_interval(), SimDuration::from_minutes(24));
        assert_eq!(read("0/h").mean_interval(), SimDuration::MAX);
        assert!((read("7200/h").per_second_f64() - 2.0).abs() < 1e-12);
        assert_eq!(read("30/h").to_string(), "30/h");
        assert_eq!(read("90 /min").to_string(), "1.5/s");
        assert_eq!(read("0.5/d").to_string(), "0.5/d");
    }

    #[test]
    fn event_rate_errors_name_the_likely_unit() {
        let message = |text: &str| text.parse::<EventRate>().expect_err(text).to_string();
        assert!(message("30").contains("did you mean \"30/h\"?"));
        assert!(message("30/hour").contains("did you mean \"/h\"?"));
        assert!(message("30h").contains("did you mean \"/h\"?"));
        assert!(message("-3/h").contains("must not be negative"));
        assert!(message("0.0000000000000001/d").contains("too large"));
    }
}
