//! How and when look-ups fail.

use crate::fault::{Interval, Slowness};
use crate::units::SimTime;

/// How the DNS fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsFailure {
    /// No reply: the client waits through all its attempts.
    NoAnswer,
    /// SERVFAIL at once.
    ServerFailure,
    /// NXDOMAIN at once, although the name exists.
    NameError,
    /// The true answer, but late.
    Slow(Slowness),
}

/// Which look-ups a DNS failure strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureScope {
    /// Every name.
    All,
    /// Names that end in this text (`dest.test` covers `mx1.dest.test` and `dest.test`).
    Suffix(String),
}

impl FailureScope {
    /// Returns whether a question about `name` is struck.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Suffix(suffix) => name.ends_with(suffix.as_str()),
        }
    }
}

/// When the DNS fails, how and for which names, in the order of the scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures(pub Vec<(Interval, DnsFailure, FailureScope)>);

impl Failures {
    /// Returns what becomes of a question about `name` that is sent at `at`: of several failures that
    /// match, the last one stated decides, as it did when the recordings of real servers were made.
    ///
    /// The name is the one asked for; where an alias leads makes no difference.
    #[must_use]
    pub fn of(&self, name: &str, at: SimTime) -> Option<DnsFailure> {
        let matching = |(interval, _, scope): &&(Interval, DnsFailure, FailureScope)| {
            interval.contains(at) && scope.covers(name)
        };
        self.0.iter().rev().find(matching).map(|(_, failure, _)| *failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_stated_decides() {
        let window =
            |from, to| Interval { from: SimTime::from_secs(from), to: SimTime::from_secs(to) };
        let failures = Failures(vec![
            (window(0, 60), DnsFailure::NoAnswer, FailureScope::All),
            (window(10, 20), DnsFailure::ServerFailure, FailureScope::Suffix("dest.test".into())),
        ]);
        let of = |name, second| failures.of(name, SimTime::from_secs(second));
        assert_eq!(of("mx1.dest.test", 9), Some(DnsFailure::NoAnswer));
        assert_eq!(of("mx1.dest.test", 10), Some(DnsFailure::ServerFailure));
        assert_eq!(of("src.test", 10), Some(DnsFailure::NoAnswer));
        assert_eq!(of("dest.test", 20), Some(DnsFailure::NoAnswer));
        assert_eq!(of("dest.test", 60), None);
    }
}
