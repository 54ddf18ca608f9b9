//! How the program ends.

use std::process::ExitCode;

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// 0: all went well.
    Success,
    /// 1: an expectation written in the scenario was not met.
    ExpectationNotMet,
    /// 2: the command line or the scenario is invalid.
    Invalid,
    /// 3: something could not be read or written.
    ReadingOrWritingFailed,
    /// 130: interrupted.
    Interrupted,
}

impl ExitStatus {
    /// Returns the number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ExpectationNotMet => 1,
            Self::Invalid => 2,
            Self::ReadingOrWritingFailed => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
