//! Words in which a server says what it found out about the sender of a message (RFC 8601 §2.7).

use std::fmt;

/// What came of one method of authentication: SPF, DKIM or DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthenticationResult {
    /// There was nothing to check.
    None,
    /// It held.
    Pass,
    /// It did not hold.
    Fail,
    /// SPF: the domain thinks that the client is not one of its own, and does not insist.
    SoftFail,
    /// SPF: the domain says nothing about the client.
    Neutral,
    /// The DNS did not answer.
    TempError,
    /// The domain's records cannot be made sense of.
    PermError,
}

impl AuthenticationResult {
    /// Returns the registered keyword.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for AuthenticationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a domain asks to be done with mail that bears its name and fails DMARC (RFC 7489 §6.3, tag
/// `p`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DmarcPolicy {
    /// Nothing: the domain only wants to know.
    None,
    /// To be treated with suspicion: it goes into the folder Junk.
    Quarantine,
    /// To be refused.
    Reject,
}

impl DmarcPolicy {
    /// Returns the word as it stands in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for DmarcPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
