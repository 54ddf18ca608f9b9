//! Probabilities and shares.

use std::fmt;
use std::str::FromStr;

use super::QuantityError;

const EXPECTED: &str = "a probability such as \"0.05\" or \"5%\"";

/// A probability or share between 0 and 1, both included.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(f64);

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0.0);
    /// Always.
    pub const ONE: Self = Self(1.0);

    /// Returns the probability `value`.
    ///
    /// # Errors
    /// When `value` is below 0, above 1 or not a number.
    pub fn new(value: f64) -> Result<Self, QuantityError> {
        // Adding zero turns -0 into 0, so that equal probabilities print alike.
        if (0.0..=1.0).contains(&value) {
            return Ok(Self(value + 0.0));
        }
        Err(QuantityError::NotAProbability { found: value.to_string(), expected: EXPECTED })
    }

    /// Returns the value between 0 and 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns the probability that it does not happen.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(1.0 - self.0)
    }
}

impl FromStr for Probability {
    type Err = QuantityError;

    /// Reads a number between 0 and 1, or a percentage between 0% and 100%.
    ///
    /// # Errors
    /// When the text is no number or lies outside of the range.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let found = text.trim();
        let (number, divisor) = match found.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100.0),
            None => (found, 1.0),
        };
        if found.is_empty() {
            return Err(QuantityError::Empty { expected: EXPECTED });
        }
        let value: f64 = number.parse().map_err(|_| QuantityError::NotANumber {
            found: found.to_owned(),
            part: number.to_owned(),
            expected: EXPECTED,
            hint: number.contains(',').then_some("the decimal mark is a point, as in 0.5"),
        })?;
        Self::new(value / divisor).map_err(|_| QuantityError::NotAProbability {
            found: format!("\"{found}\""),
            expected: EXPECTED,
        })
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Probability;

    #[test]
    fn probabilities_are_checked() {
        let read = |text: &str| text.parse::<Probability>().map(Probability::get);
        assert_eq!(read("0.05"), Ok(0.05));
        assert_eq!(read("5%"), Ok(0.05));
        assert_eq!(read("1"), Ok(1.0));
        for text in ["1.01", "-0.1", "101%", "NaN", "inf"] {
            let message = read(text).expect_err(text).to_string();
            assert!(message.contains("between 0 and 1"), "{text}: {message}");
            assert!(message.contains(text), "{text}: {message}");
        }
        assert!(read("half").expect_err("half").to_string().contains("is no number"));
        assert!(Probability::new(f64::NAN).is_err());
        assert_eq!(Probability::new(0.25).map(|it| it.complement().get()), Ok(0.75));
    }
}
