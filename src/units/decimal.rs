//! Exact decimal numbers with a unit behind them, the common part of all quantity parsers.

use super::QuantityError;

/// A kind of quantity as far as its text is concerned.
pub(super) struct Kind {
    /// What is accepted, with an example.
    pub(super) expected: &'static str,
    /// The unit proposed when none was written.
    pub(super) usual_unit: &'static str,
    /// The largest value, for people.
    pub(super) largest: &'static str,
    /// Units and what one of them is worth in the type's smallest step.
    pub(super) units: &'static [(&'static str, u64)],
    /// Spellings that people write instead, and the unit they mean.
    pub(super) misspellings: &'static [(&'static str, &'static str)],
}

/// A non-negative decimal number without rounding: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) mantissa: u128,
    pub(super) scale: u32,
}

/// More digits than this cannot be multiplied by a unit without leaving `u128`.
const MOST_DIGITS: usize = 20;

impl Decimal {
    /// Reads digits with at most one decimal point; `None` when the text is anything else.
    fn read(text: &str) -> Option<Result<Self, TooManyDigits>> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || text.ends_with('.') || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() + fraction.len() > MOST_DIGITS {
            return Some(Err(TooManyDigits));
        }
        let digit = |value: u128, byte: u8| value * 10 + u128::from(byte - b'0');
        let mantissa = whole.bytes().chain(fraction.bytes()).fold(0, digit);
        Some(Ok(Self { mantissa, scale: fraction.len() as u32 }))
    }

    /// Returns the number times `factor`, to the nearest integer, halves up.
    pub(super) fn times(self, factor: u64) -> u128 {
        // At most 20 digits times the largest unit, a week of nanoseconds, stays below 2^117.
        let product = self.mantissa * u128::from(factor);
        let divisor = 10u128.pow(self.scale);
        let (quotient, rest) = (product / divisor, product % divisor);
        quotient + u128::from(rest >= divisor - rest)
    }
}

/// A number of more digits than any quantity needs.
struct TooManyDigits;

impl Kind {
    /// Splits `rest` at the end of its first number. `found` is the whole text, for messages.
    pub(super) fn number<'a>(
        &self,
        found: &str,
        rest: &'a str,
    ) -> Result<(Decimal, &'a str), QuantityError> {
        if rest.is_empty() {
            return Err(QuantityError::Empty { expected: self.expected });
        }
        if rest.starts_with(['-', '\u{2212}']) {
            return Err(QuantityError::Negative {
                found: found.to_owned(),
                expected: self.expected,
            });
        }
        let is_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '_');
        let end = rest.find(|letter| !is_number(letter)).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        match Decimal::read(number) {
            Some(Ok(decimal)) => Ok((decimal, behind)),
            Some(Err(TooManyDigits)) => Err(self.too_large(found)),
            None => Err(QuantityError::NotANumber {
                found: found.to_owned(),
                part: if number.is_empty() { rest.to_owned() } else { number.to_owned() },
                expected: self.expected,
                hint: self.number_hint(number),
            }),
        }
    }

    /// Reads a quantity of one number and one unit, in the type's smallest step.
    pub(super) fn single(&self, text: &str) -> Result<u64, QuantityError> {
        let found = text.trim();
        let (number, rest) = self.number(found, found)?;
        let unit = rest.trim_start();
        if unit.is_empty() && number.mantissa == 0 {
            return Ok(0);
        }
        let step = self.unit(found, unit)?;
        u64::try_from(number.times(step)).map_err(|_| self.too_large(found))
    }

    /// Returns what one of `unit` is worth.
    pub(super) fn unit(&self, found: &str, unit: &str) -> Result<u64, QuantityError> {
        if let Some((_, step)) = self.units.iter().find(|(name, _)| *name == unit) {
            return Ok(*step);
        }
        if unit.is_empty() {
            return Err(QuantityError::MissingUnit {
                found: found.to_owned(),
                expected: self.expected,
                suggestion: format!("{found}{}", self.usual_unit),
            });
        }
        Err(QuantityError::UnknownUnit {
            found: found.to_owned(),
            unit: unit.to_owned(),
            expected: self.expected,
            suggestion: self.near_unit(unit),
        })
    }

    /// Returns the error for a value that does not fit.
    pub(super) fn too_large(&self, found: &str) -> QuantityError {
        QuantityError::TooLarge {
            found: found.to_owned(),
            expected: self.expected,
            largest: self.largest,
        }
    }

    /// Returns the unit that was probably meant: a known misspelling, or another case of letters.
    fn near_unit(&self, unit: &str) -> Option<&'static str> {
        let known = self.misspellings.iter().find(|(wrong, _)| wrong.eq_ignore_ascii_case(unit));
        let other_case = || self.units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        known.map(|(_, right)| *right).or_else(|| other_case().map(|(name, _)| *name))
    }

    fn number_hint(&self, number: &str) -> Option<&'static str> {
        if number.contains(',') {
            Some("the decimal mark is a point, as in 1.5, and thousands are not separated")
        } else if number.contains('_') {
            Some("write the digits without underscores")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn decimals_are_exact_and_halves_round_up() {
        let read = |text| Decimal::read(text).and_then(Result::ok).expect("a decimal");
        assert_eq!(read("1.5").times(3_600), 5_400);
        assert_eq!(read("0.1").times(1_000_000_000), 100_000_000);
        assert_eq!(read("0.5").times(1), 1);
        assert_eq!(read("0.4999").times(1), 0);
        assert_eq!(read("007").times(1), 7);
        assert_eq!(read("1.10"), Decimal { mantissa: 11, scale: 1 });
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", "1.", ".5", "1.2.3", "1,5", "1_000"] {
            assert!(Decimal::read(text).is_none(), "{text}");
        }
        assert!(matches!(Decimal::read("123456789012345678901"), Some(Err(_))));
    }
}
