//! Figures of mail: what can be asked of any part of it, by name.

use crate::mail::{AttemptOutcome, Stage};
use crate::units::SimDuration;

use super::figure_query::Unit;
use super::part::KindWord;

/// A figure of a part of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFigure {
    /// `mail.delivered`: recipients that ended so.
    Count(State),
    /// `delivered_share`: their share.
    Share(State),
    /// `first_try_deferred_share`: of recipients with a first try, those that it put off.
    FirstTryDeferred,
    /// `duplicates`: copies beyond the first.
    Duplicates,
    /// `size_octets.mean`: header and text.
    Octets(Statistic),
    /// `submission_to_delivery.p99.9`: a time between two events, over those that had both.
    Lapse(Lapse, Statistic),
    /// `submission_to_delivery.within.7m`: share of all recipients for whom it took no longer.
    Within(Lapse, SimDuration),
    /// `hops.mean`: Received fields of delivered mail.
    Hops(Statistic),
    /// `attempts_per_recipient.max`: rows of `attempts.csv` for each.
    AttemptsPerRecipient(Statistic),
    /// `attempts.tries`: rows of `attempts.csv`.
    Attempts(Rows),
    /// `created.failure_notice.delivered`: messages that the model made about this mail.
    Created(KindWord, State),
    /// `deliveries_per_s.mean`: over the whole run.
    MeanRate(Event),
    /// `deliveries_per_s.max.1min`: in the busiest stretch of this length.
    GreatestRate(Event, SimDuration),
}

/// Where a recipient's copy stood at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Anywhere.
    Submitted,
    /// In the mailbox.
    Delivered,
    /// Given up.
    Failed,
    /// Dropped without a notice.
    Discarded,
    /// Waiting.
    Queued,
    /// In a session.
    InTransit,
    /// Queued or in transit.
    Unfinished,
    /// Fetched by its reader.
    Retrieved,
    /// In the folder Junk.
    Junk,
}

impl State {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Delivered,
        Self::Failed,
        Self::Discarded,
        Self::Queued,
        Self::InTransit,
        Self::Unfinished,
        Self::Retrieved,
        Self::Junk,
    ];

    /// Returns the word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
            Self::Queued => "queued",
            Self::InTransit => "in_transit",
            Self::Unfinished => "unfinished",
            Self::Retrieved => "retrieved",
            Self::Junk => "junk",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A time between two events of a recipient's story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// Until a server took responsibility.
    Acceptance,
    /// Until a server that had it tried to pass it on, or put it into a mailbox, for the first time.
    FirstTry,
    /// Until it was in the mailbox.
    Delivery,
    /// Until it was given up.
    Failure,
    /// Until the first notice about it was made.
    FirstNotice,
    /// Until the first notice about it was in a mailbox.
    FirstNoticeDelivery,
    /// Until its reader had it.
    Retrieval,
    /// From the mailbox until its reader had it.
    Reading,
    /// For a post to a list: until the first copy was in a mailbox.
    FirstCopy,
    /// Until half of the copies were.
    MedianCopy,
    /// Until the last copy was, and none was under way any more.
    LastCopy,
}

impl Lapse {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Acceptance,
        Self::FirstTry,
        Self::Delivery,
        Self::Failure,
        Self::FirstNotice,
        Self::FirstNoticeDelivery,
        Self::Retrieval,
        Self::Reading,
        Self::FirstCopy,
        Self::MedianCopy,
        Self::LastCopy,
    ];

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "submission_to_acceptance",
            Self::FirstTry => "submission_to_first_try",
            Self::Delivery => "submission_to_delivery",
            Self::Failure => "submission_to_failure",
            Self::FirstNotice => "submission_to_first_notice",
            Self::FirstNoticeDelivery => "submission_to_first_notice_delivery",
            Self::Retrieval => "submission_to_retrieval",
            Self::Reading => "delivery_to_retrieval",
            Self::FirstCopy => "submission_to_first_copy",
            Self::MedianCopy => "submission_to_median_copy",
            Self::LastCopy => "submission_to_last_copy",
        }
    }
}

/// What is taken of many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// How many there are.
    N,
    /// Arithmetic mean.
    Mean,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// The smallest that at least this share of them do not exceed, in units of 10⁻⁸.
    Quantile(u64),
}

impl Statistic {
    fn of(word: &str) -> Option<Self> {
        match word {
            "n" => Some(Self::N),
            "mean" => Some(Self::Mean),
            "min" => Some(Self::Min),
            "max" => Some(Self::Max),
            _ => quantile(word.strip_prefix('p')?).map(Self::Quantile),
        }
    }
}

/// Reads per cent with up to six decimals, above 0 and up to 100.
fn quantile(percent: &str) -> Option<u64> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || decimals.len() > 6 || !digits(whole) {
        return None;
    }
    if !digits(decimals) || (decimals.is_empty() && percent.contains('.')) {
        return None;
    }
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    let found = whole.parse::<u64>().ok()? * 1_000_000 + decimals;
    (1..=100_000_000).contains(&found).then_some(found)
}

/// Which rows of `attempts.csv` are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// Those with network activity or a delivery into a mailbox.
    Tries,
    /// Those after which the recipient was put off to a later time.
    Deferrals,
    /// Those without any network activity.
    Suspensions,
    /// Those of an outcome.
    Outcome(AttemptOutcome),
    /// Those that failed at a stage.
    FailedAt(Stage),
}

impl Rows {
    fn of(word: &str) -> Option<Self> {
        match word {
            "rows" => Some(Self::All),
            "tries" => Some(Self::Tries),
            "deferrals" => Some(Self::Deferrals),
            "suspensions" => Some(Self::Suspensions),
            _ => {
                let (list, word) = word.split_once('.')?;
                let outcome =
                    || AttemptOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
                let stage = || Stage::ALL.into_iter().find(|stage| stage.as_str() == word);
                match list {
                    "by_outcome" => outcome().map(Self::Outcome),
                    "failed_by_stage" => stage().map(Self::FailedAt),
                    _ => None,
                }
            }
        }
    }
}

/// What happens so and so often in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Mail is submitted.
    Submission,
    /// Mail comes into a mailbox.
    Delivery,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Submission, Self::Delivery];

    /// Returns the name of the rate.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submission => "submissions_per_s",
            Self::Delivery => "deliveries_per_s",
        }
    }
}

impl MailFigure {
    /// Returns the figure of this name; none: there is no such figure of mail.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "first_try_deferred_share" => return Some(Self::FirstTryDeferred),
            "duplicates" => return Some(Self::Duplicates),
            _ => {}
        }
        if let Some(state) = name.strip_suffix("_share") {
            return State::of(state).map(Self::Share);
        }
        let (first, rest) = name.split_once('.')?;
        if let Some(lapse) = Lapse::ALL.into_iter().find(|lapse| lapse.as_str() == first) {
            return match rest.strip_prefix("within.") {
                Some(bound) => span(bound).map(|bound| Self::Within(lapse, bound)),
                None => Statistic::of(rest).map(|statistic| Self::Lapse(lapse, statistic)),
            };
        }
        if let Some(event) = Event::ALL.into_iter().find(|event| event.as_str() == first) {
            return match rest.strip_prefix("max.") {
                Some(window) => {
                    let window = span(window).filter(|window| !window.is_zero())?;
                    Some(Self::GreatestRate(event, window))
                }
                None => (rest == "mean").then_some(Self::MeanRate(event)),
            };
        }
        match first {
            "mail" => State::of(rest).map(Self::Count),
            "delivered_within" => span(rest).map(|bound| Self::Within(Lapse::Delivery, bound)),
            "retrieved_within" => span(rest).map(|bound| Self::Within(Lapse::Retrieval, bound)),
            "hops" => Statistic::of(rest).map(Self::Hops),
            "size_octets" => Statistic::of(rest).map(Self::Octets),
            "attempts_per_recipient" => Statistic::of(rest).map(Self::AttemptsPerRecipient),
            "attempts" => Rows::of(rest).map(Self::Attempts),
            "created" => {
                let (kind, state) = rest.split_once('.')?;
                let kind = KindWord::of(kind).filter(|kind| *kind != KindWord::Mail)?;
                Some(Self::Created(kind, State::of(state)?))
            }
            _ => None,
        }
    }

    /// Returns the unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Lapse(_, Statistic::N) | Self::Octets(Statistic::N) => Unit::Number,
            Self::Lapse(..) => Unit::Seconds,
            Self::Octets(_) => Unit::Octets,
            Self::Share(_) | Self::FirstTryDeferred | Self::Within(..) => Unit::Share,
            Self::MeanRate(_) | Self::GreatestRate(..) => Unit::PerSecond,
            Self::Count(_)
            | Self::Duplicates
            | Self::Hops(_)
            | Self::AttemptsPerRecipient(_)
            | Self::Attempts(_)
            | Self::Created(..) => Unit::Number,
        }
    }

    /// Returns whether rows of `attempts.csv` are needed, beside those of `messages.csv`.
    #[must_use]
    pub fn needs_attempts(self) -> bool {
        match self {
            Self::Attempts(_) | Self::FirstTryDeferred => true,
            Self::Lapse(lapse, _) | Self::Within(lapse, _) => lapse == Lapse::FirstTry,
            Self::Created(kind, _) => kind == KindWord::BackupNotice,
            _ => false,
        }
    }

    /// Returns whether it is a time of those alone that came so far, so that giving mail up can make it
    /// smaller.
    #[must_use]
    pub fn is_of_some_only(self) -> bool {
        matches!(self, Self::Lapse(_, statistic) if statistic != Statistic::N)
    }
}

fn span(text: &str) -> Option<SimDuration> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_their_names() {
        let hour = SimDuration::from_hours(1);
        for (name, figure) in [
            ("mail.delivered", MailFigure::Count(State::Delivered)),
            ("delivered_share", MailFigure::Share(State::Delivered)),
            ("first_try_deferred_share", MailFigure::FirstTryDeferred),
            (
                "submission_to_delivery.p99.9",
                MailFigure::Lapse(Lapse::Delivery, Statistic::Quantile(99_900_000)),
            ),
            ("submission_to_retrieval.within.1h", MailFigure::Within(Lapse::Retrieval, hour)),
            ("delivered_within.60min", MailFigure::Within(Lapse::Delivery, hour)),
            ("deliveries_per_s.max.1h", MailFigure::GreatestRate(Event::Delivery, hour)),
            ("attempts.tries", MailFigure::Attempts(Rows::Tries)),
            (
                "created.refusal_notice.submitted",
                MailFigure::Created(KindWord::RefusalNotice, State::Submitted),
            ),
            ("hops.max", MailFigure::Hops(Statistic::Max)),
        ] {
            assert_eq!(MailFigure::of(name), Some(figure), "{name}");
        }
        for name in [
            "mail",
            "mail.lost",
            "lost_share",
            "submission_to_delivery",
            "submission_to_delivery.p0",
            "submission_to_delivery.p100.1",
            "submission_to_delivery.p99.",
            "submission_to_delivery.within.soon",
            "deliveries_per_s.max.0s",
            "created.mail.submitted",
        ] {
            assert_eq!(MailFigure::of(name), None, "{name}");
        }
    }
}
