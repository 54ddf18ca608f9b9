//! Sizes of messages, bodies and disks in octets.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};
use std::str::FromStr;

use super::QuantityError;
use super::decimal::Kind;
use super::text::trimmed;

/// A number of octets (bytes of eight bits).
///
/// Arithmetic saturates: a sum never wraps, a difference never goes below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Octets(pub u64);

const SIZE: Kind = Kind {
    expected: "a size such as \"75kB\" or \"10MiB\" (units B or octets, kB, MB, GB, TB of 1000, \
               KiB, MiB, GiB, TiB of 1024)",
    usual_unit: "kB",
    largest: "18 million TB",
    units: &[
        ("B", 1),
        ("octet", 1),
        ("octets", 1),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ],
    misspellings: &[
        ("k", "kB"),
        ("M", "MB"),
        ("G", "GB"),
        ("byte", "B"),
        ("bytes", "B"),
        ("kbyte", "kB"),
        ("Mbyte", "MB"),
        ("kbit", "kB"),
        ("Mbit", "MB"),
    ],
};

impl Octets {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than any disk: "no limit".
    pub const MAX: Self = Self(u64::MAX);

    /// Returns a number of octets.
    #[must_use]
    pub const fn new(octets: u64) -> Self {
        Self(octets)
    }

    /// Returns the number of octets.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the size nearest to `octets`; negative or not a number becomes zero, saturates above.
    #[must_use]
    pub fn from_f64(octets: f64) -> Self {
        Self(octets.round() as u64)
    }

    /// Returns the sum, or [`Octets::MAX`] when that is out of range.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, or zero when `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl FromStr for Octets {
    type Err = QuantityError;

    /// Reads a number and a unit of 1000 (kB, MB, GB, TB) or 1024 (KiB, MiB, GiB, TiB).
    ///
    /// # Errors
    /// When the number or the unit is missing or unknown, negative or too large.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        SIZE.single(text).map(Self)
    }
}

impl fmt::Display for Octets {
    /// Prints the size for people in units of 1000, rounded to two decimals: "950 B", "1.25 MB".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.0 {
            0..1_000 => format!("{} B", self.0),
            1_000..999_995 => format!("{} kB", trimmed(self.0, 1_000, 2)),
            999_995..999_995_000 => format!("{} MB", trimmed(self.0, 1_000_000, 2)),
            _ => format!("{} GB", trimmed(self.0, 1_000_000_000, 2)),
        };
        formatter.pad(&shown)
    }
}

impl Add for Octets {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Octets {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Octets {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl SubAssign for Octets {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Mul<u64> for Octets {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Sum for Octets {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::{Octets, QuantityError};

    #[test]
    fn sizes_are_read_in_units_of_1000_and_1024() {
        let read = |text: &str| text.parse::<Octets>().map(Octets::get);
        assert_eq!(read("75kB"), Ok(75_000));
        assert_eq!(read("1.5 MB"), Ok(1_500_000));
        assert_eq!(read("10MiB"), Ok(10_485_760));
        assert_eq!(read("2KiB"), Ok(2_048));
        assert_eq!(read("12 octets"), Ok(12));
        assert_eq!(read("3GB"), Ok(3_000_000_000));
        assert_eq!(read("0"), Ok(0));
    }

    #[test]
    fn errors_name_the_likely_unit() {
        let message = |text: &str| text.parse::<Octets>().expect_err(text).to_string();
        assert!(message("75").contains("did you mean \"75kB\"?"));
        assert!(message("75KB").contains("did you mean \"kB\"?"));
        assert!(message("10M").contains("did you mean \"MB\"?"));
        assert!(message("-1kB").contains("must not be negative"));
        assert!(message("99999999999999999999kB").contains("too large"));
        assert!(matches!("".parse::<Octets>(), Err(QuantityError::Empty { .. })));
    }

    #[test]
    fn people_read_fitting_units() {
        assert_eq!(Octets(950).to_string(), "950 B");
        assert_eq!(Octets(75_000).to_string(), "75 kB");
        assert_eq!(Octets(999_999).to_string(), "1 MB");
        assert_eq!(Octets(1_254_000).to_string(), "1.25 MB");
        assert_eq!(Octets(20_000_000_000).to_string(), "20 GB");
    }
}
