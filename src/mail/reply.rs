//! SMTP replies, RFC 5321 §4.2.

use std::fmt;

use super::Status;

/// What a reply means to the client, by its first digit (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyClass {
    /// 2yz: done.
    PositiveCompletion,
    /// 3yz: go on.
    PositiveIntermediate,
    /// 4yz: try again later.
    TransientNegative,
    /// 5yz: do not repeat.
    PermanentNegative,
    /// Another first digit: the client aborts the transaction and keeps the message.
    Invalid,
}

/// A reply: code and enhanced status. Texts carry no meaning (RFC 5321 §4.2) and are added when
/// a dialogue is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reply {
    /// Three digits, 200 to 599 from a conforming server.
    pub code: u16,
    /// Enhanced status code (RFC 3463); `class` agrees with the code's first digit.
    pub status: Status,
}

impl Reply {
    /// 250 2.0.0: the final reply that transfers responsibility.
    pub const ACCEPTED: Self = Self::new(250, Status::SUCCESS);

    /// Returns the reply `code` with `status`.
    #[must_use]
    pub const fn new(code: u16, status: Status) -> Self {
        Self { code, status }
    }

    /// Returns the class by the first digit.
    #[must_use]
    pub const fn class(self) -> ReplyClass {
        match self.code / 100 {
            2 => ReplyClass::PositiveCompletion,
            3 => ReplyClass::PositiveIntermediate,
            4 => ReplyClass::TransientNegative,
            5 => ReplyClass::PermanentNegative,
            _ => ReplyClass::Invalid,
        }
    }

    /// Returns whether the first digit is 2 or 3.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(self.code, 200..400)
    }

    /// Returns whether the first digit is 5.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        matches!(self.code, 500..600)
    }
}

impl fmt::Display for Reply {
    /// Writes `451 4.3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.status)
    }
}
