//! The content filter: what a score leads to.

use crate::random::Distribution;
use crate::units::{SimDuration, SimTime};

/// Where in the life of a message the filter looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilterStage {
    /// Between the final dot and its reply (a milter, a proxy before the queue): the server may still
    /// refuse, and the client tells its author.
    #[default]
    Dot,
    /// After the queue: the server has taken the message and can only return it, drop it or mark it.
    Queue,
}

/// A content filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Where it looks.
    pub stage: FilterStage,
    /// How long it looks at a message \[s\].
    pub time: Distribution,
    /// From this score on the message is marked for the folder Junk; none: never.
    pub junk_from: Option<f64>,
    /// From this score on a message that was not seen before is put off; none: never.
    pub defer_from: Option<f64>,
    /// How long after its first visit it is put off.
    pub defer_for: SimDuration,
    /// From this score on the message is refused; none: never.
    pub refuse_from: Option<f64>,
    /// After the queue: whether what would be refused is returned to its reverse path, which is
    /// forged more often than not, or dropped.
    pub returns: bool,
}

/// What the filter thinks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// Fine.
    Good,
    /// For the folder Junk.
    Junk,
    /// To be tried again later.
    Defer,
    /// Not to be taken.
    Refuse,
}

impl Default for Filter {
    /// Looks, and lets everything pass.
    fn default() -> Self {
        Self {
            stage: FilterStage::Dot,
            time: Distribution::Constant(0.0),
            junk_from: None,
            defer_from: None,
            defer_for: SimDuration::from_minutes(5),
            refuse_from: None,
            returns: true,
        }
    }
}

impl Filter {
    /// Returns a filter with the thresholds of Rspamd (`conf/actions.conf`: greylist 4, add_header 6,
    /// reject 15; `greylist.lua`: 300 s).
    #[must_use]
    pub fn rspamd() -> Self {
        Self {
            defer_from: Some(4.0),
            junk_from: Some(6.0),
            refuse_from: Some(15.0),
            ..Self::default()
        }
    }

    /// Returns a filter with the threshold of SpamAssassin (`Mail::SpamAssassin::Conf`:
    /// `required_score` 5), which refuses nothing by itself.
    #[must_use]
    pub fn spamassassin() -> Self {
        Self { junk_from: Some(5.0), ..Self::default() }
    }

    /// Returns the opinion about a message with this score at `at`; `first_seen` is when the filter
    /// put it off for the first time, if it did. After the queue nothing can be put off.
    #[must_use]
    pub fn opinion(&self, score: f64, first_seen: Option<SimTime>, at: SimTime) -> Opinion {
        let from = |threshold: Option<f64>| threshold.is_some_and(|least| score >= least);
        if from(self.refuse_from) {
            return Opinion::Refuse;
        }
        let waited = first_seen.is_some_and(|first| at.since(first) >= self.defer_for);
        if from(self.defer_from) && self.stage == FilterStage::Dot && !waited {
            return Opinion::Defer;
        }
        if from(self.junk_from) { Opinion::Junk } else { Opinion::Good }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_belongs_to_the_worse_side() {
        let seen = Some(SimTime::ZERO);
        let later = SimTime::ZERO + SimDuration::from_minutes(5);
        let opinions =
            [3.9, 4.0, 5.9, 6.0, 14.9, 15.0].map(|s| Filter::rspamd().opinion(s, seen, later));
        use Opinion::{Good, Junk, Refuse};
        assert_eq!(opinions, [Good, Good, Good, Junk, Junk, Refuse]);
    }

    #[test]
    fn what_is_suspicious_is_put_off_until_it_has_waited() {
        let first = SimTime::ZERO + SimDuration::from_secs(7);
        let filter = Filter::rspamd();
        let after = |wait: SimDuration| filter.opinion(5.0, Some(first), first + wait);
        assert_eq!(filter.opinion(5.0, None, first), Opinion::Defer);
        assert_eq!(after(SimDuration::from_secs(299)), Opinion::Defer);
        assert_eq!(after(SimDuration::from_secs(300)), Opinion::Good);
        // Waiting does not make spam welcome.
        assert_eq!(filter.opinion(15.0, Some(first), first), Opinion::Refuse);
    }

    #[test]
    fn nothing_can_be_put_off_once_it_was_taken() {
        let filter = Filter { stage: FilterStage::Queue, ..Filter::rspamd() };
        assert_eq!(filter.opinion(5.0, None, SimTime::ZERO), Opinion::Good);
        assert_eq!(filter.opinion(7.0, None, SimTime::ZERO), Opinion::Junk);
    }
}
