//! What can be wrong with a quantity written in a scenario.

use thiserror::Error;

/// A quantity that could not be read, with what was found, what is accepted and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// Nothing was written.
    #[error("found an empty text; expected {expected}")]
    Empty {
        /// What would be accepted, with an example.
        expected: &'static str,
    },
    /// A number stands alone and its unit cannot be guessed.
    #[error(
        "found \"{found}\", a number without a unit; expected {expected}; \
         did you mean \"{suggestion}\"?"
    )]
    MissingUnit {
        /// The text as written.
        found: String,
        /// What would be accepted, with an example.
        expected: &'static str,
        /// The same number with the most likely unit.
        suggestion: String,
    },
    /// The number is followed by a unit that this quantity does not have.
    #[error("found \"{found}\" with the unknown unit \"{unit}\"; expected {expected}{}",
        suggestion.as_ref().map(|unit| format!("; did you mean \"{unit}\"?")).unwrap_or_default())]
    UnknownUnit {
        /// The text as written.
        found: String,
        /// The part taken for the unit.
        unit: String,
        /// What would be accepted, with an example.
        expected: &'static str,
        /// The unit that was probably meant, when one is near.
        suggestion: Option<&'static str>,
    },
    /// The quantity is below zero.
    #[error("found \"{found}\", which is negative; expected {expected}; it must not be negative")]
    Negative {
        /// The text as written.
        found: String,
        /// What would be accepted, with an example.
        expected: &'static str,
    },
    /// No number could be read where one should be.
    #[error("found \"{found}\", in which \"{part}\" is no number; expected {expected}{}",
        hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    NotANumber {
        /// The text as written.
        found: String,
        /// The part that should have been a number.
        part: String,
        /// What would be accepted, with an example.
        expected: &'static str,
        /// The likely fix.
        hint: Option<&'static str>,
    },
    /// The parts of a compound duration do not go from large to small.
    #[error(
        "found \"{found}\", in which \"{unit}\" follows a unit that is not larger; \
         expected {expected}; write the larger unit first and each unit once, as in \"2h30m\""
    )]
    UnitOrder {
        /// The text as written.
        found: String,
        /// The unit that came too late.
        unit: String,
        /// What would be accepted, with an example.
        expected: &'static str,
    },
    /// The quantity is larger than its type can hold.
    #[error("found \"{found}\", which is too large; expected {expected}; the largest is {largest}")]
    TooLarge {
        /// The text as written.
        found: String,
        /// What would be accepted, with an example.
        expected: &'static str,
        /// The largest value, for people.
        largest: &'static str,
    },
    /// The quantity is zero where that makes no sense.
    #[error("found \"{found}\", which is zero; expected {expected}; it must be above zero")]
    Zero {
        /// The text as written.
        found: String,
        /// What would be accepted, with an example.
        expected: &'static str,
    },
    /// A probability lies outside of 0 to 1.
    #[error("found {found}; expected {expected}; a probability lies between 0 and 1")]
    NotAProbability {
        /// The value as written.
        found: String,
        /// What would be accepted, with an example.
        expected: &'static str,
    },
}
