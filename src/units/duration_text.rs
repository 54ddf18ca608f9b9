//! Reading spans of time as a scenario writes them: "20ms", "15m", "2h30m", "1.5h".

use std::fmt;
use std::str::FromStr;

use super::decimal::Kind;
use super::{QuantityError, SimDuration};

const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const DURATION: Kind = Kind {
    expected: "a duration such as \"20ms\", \"15m\", \"2h30m\" or \"5d\" \
               (units ns, us, ms, s, m or min, h, d, w)",
    usual_unit: "s",
    largest: "584 years",
    units: &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000), // U+00B5, micro sign
        ("μs", 1_000), // U+03BC, Greek letter mu
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", MINUTE),
        ("min", MINUTE),
        ("h", HOUR),
        ("d", DAY),
        ("w", 7 * DAY),
    ],
    misspellings: &[
        ("msec", "ms"),
        ("millisecond", "ms"),
        ("milliseconds", "ms"),
        ("microsecond", "us"),
        ("microseconds", "us"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("mins", "min"),
        ("minute", "min"),
        ("minutes", "min"),
        ("hr", "h"),
        ("hrs", "h"),
        ("hour", "h"),
        ("hours", "h"),
        ("day", "d"),
        ("days", "d"),
        ("week", "w"),
        ("weeks", "w"),
    ],
};

impl FromStr for SimDuration {
    type Err = QuantityError;

    /// Reads one or several numbers with units, the larger unit first, blanks allowed between.
    ///
    /// # Errors
    /// When a number or a unit is missing or unknown, the span is negative or above 584 years.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let found = text.trim();
        let mut rest = found;
        let mut total: u128 = 0;
        let mut smallest = u64::MAX;
        loop {
            let (number, behind) = DURATION.number(found, rest)?;
            let behind = behind.trim_start();
            if behind.is_empty() && number.mantissa == 0 && smallest == u64::MAX {
                return Ok(Self::ZERO);
            }
            let end = behind.find(|letter: char| !letter.is_alphabetic()).unwrap_or(behind.len());
            let (unit, next) = behind.split_at(end);
            let step = match DURATION.unit(found, unit) {
                Err(QuantityError::MissingUnit { .. }) => return Err(missing_unit(found, behind)),
                step => step?,
            };
            if step >= smallest {
                return Err(QuantityError::UnitOrder {
                    found: found.to_owned(),
                    unit: unit.to_owned(),
                    expected: DURATION.expected,
                });
            }
            smallest = step;
            total = total.saturating_add(number.times(step));
            rest = next.trim_start();
            if rest.is_empty() {
                let nanos = u64::try_from(total).map_err(|_| DURATION.too_large(found))?;
                return Ok(Self::from_nanos(nanos));
            }
        }
    }
}

/// The unit that a number at the end has most likely: the next smaller one, as people say "2h30".
fn likely_unit(found: &str) -> &'static str {
    match found.chars().rfind(char::is_ascii_alphabetic) {
        Some('d') => "h",
        Some('h') => "m",
        _ => DURATION.usual_unit,
    }
}

/// A number at the end lacks its unit; any other sign where a unit should be is named.
fn missing_unit(found: &str, behind: &str) -> QuantityError {
    if behind.is_empty() {
        return QuantityError::MissingUnit {
            found: found.to_owned(),
            expected: DURATION.expected,
            suggestion: format!("{found}{}", likely_unit(found)),
        };
    }
    QuantityError::UnknownUnit {
        found: found.to_owned(),
        unit: behind.to_owned(),
        expected: DURATION.expected,
        suggestion: None,
    }
}

/// Prints a span without rounding, in the notation that [`SimDuration`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactDuration(SimDuration);

impl SimDuration {
    /// Returns a view that prints the span without rounding and can be read back: "2h30m",
    /// "1s500ms", "0s".
    #[must_use]
    pub const fn exact(self) -> ExactDuration {
        ExactDuration(self)
    }
}

impl fmt::Display for ExactDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = ["d", "h", "m", "s", "ms", "us", "ns"];
        let mut rest = self.0.as_nanos();
        if rest == 0 {
            return formatter.write_str("0s");
        }
        for name in parts {
            let step = DURATION.unit(name, name).expect("the unit stands in the table");
            if rest >= step {
                write!(formatter, "{}{name}", rest / step)?;
                rest %= step;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Result<u64, QuantityError> {
        text.parse::<SimDuration>().map(SimDuration::as_nanos)
    }

    #[test]
    fn durations_are_read_as_written() {
        let cases = [
            ("20ms", 20_000_000),
            ("15m", 15 * MINUTE),
            ("15min", 15 * MINUTE),
            ("4h", 4 * HOUR),
            ("1d", DAY),
            ("2w", 14 * DAY),
            ("2h30m", 2 * HOUR + 30 * MINUTE),
            ("2h 30m", 2 * HOUR + 30 * MINUTE),
            ("30 min", 30 * MINUTE),
            ("1.5h", HOUR + 30 * MINUTE),
            ("300s", 5 * MINUTE),
            ("5us", 5_000),
            ("5µs", 5_000),
            ("5μs", 5_000),
            ("0.0000000005s", 1),
            ("0s", 0),
            ("0", 0),
            (" 7ns ", 7),
        ];
        for (text, expected) in cases {
            assert_eq!(nanos(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_say_what_was_found_and_how_to_mend_it() {
        let cases = [
            ("20", "did you mean \"20s\"?"),
            ("2h30", "did you mean \"2h30m\"?"),
            ("-5s", "must not be negative"),
            ("", "expected a duration such as \"20ms\""),
            ("4 hours", "did you mean \"h\"?"),
            ("5MS", "did you mean \"ms\"?"),
            ("5 fortnights", "unknown unit \"fortnights\""),
            ("30m2h", "larger unit first"),
            ("1h1h", "each unit once"),
            ("1,5h", "the decimal mark is a point"),
            ("soon", "is no number"),
            ("600000d", "too large"),
            ("99999999999999999999999999s", "too large"),
            ("5%", "unknown unit \"%\""),
        ];
        for (text, part) in cases {
            let message = nanos(text).expect_err(text).to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn exact_text_is_read_back() {
        for nanos in [0, 1, 1_500_000_000, 9_000_000_000_000, 123_456_789_012_345, u64::MAX] {
            let span = SimDuration::from_nanos(nanos);
            assert_eq!(span.exact().to_string().parse(), Ok(span));
        }
        assert_eq!(SimDuration::from_minutes(150).exact().to_string(), "2h30m");
    }
}
