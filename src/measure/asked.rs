//! Figures that a study may ask for beyond those of the summary: any quantile, any bound.

use crate::mail::MessageKind;
use crate::units::{SimDuration, SimTime};

use super::record::{FinalState, MessageRecord, RecordSink};
use super::samples::{ratio, seconds_of_nanos};
use super::window::Window;

/// A figure of a run, by name or by what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum AskedFigure {
    /// A figure of the summary, by its dotted name.
    Summary(String),
    /// A quantile of a delay.
    Quantile {
        /// The delay.
        of: Delay,
        /// Its probability, between 0 and 1.
        probability: f64,
    },
    /// The share of submitted mail recipients whose delay is at most a bound.
    Within {
        /// The delay.
        of: Delay,
        /// The bound.
        bound: SimDuration,
    },
}

/// A delay of mail, from its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delay {
    /// Until a server took responsibility.
    Acceptance,
    /// Until it was in the mailbox.
    Delivery,
    /// Until its reader had it.
    Retrieval,
}

impl Delay {
    /// All delays.
    pub const ALL: [Self; 3] = [Self::Acceptance, Self::Delivery, Self::Retrieval];

    /// Returns the delay's name in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "submission_to_acceptance",
            Self::Delivery => "submission_to_delivery",
            Self::Retrieval => "submission_to_retrieval",
        }
    }
}

/// What a figure counts in: it decides how many decimals are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds of virtual time.
    Seconds,
    /// A part of a whole, from 0 to 1.
    Share,
    /// A number of things, or a mean of such numbers.
    Number,
}

impl Unit {
    /// Returns the word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Share => "share",
            Self::Number => "number",
        }
    }

    /// Returns the decimals with which values are written: as many as figures have.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Seconds => 6,
            Self::Share | Self::Number => 9,
        }
    }

    /// Returns the unit of a figure of the summary.
    #[must_use]
    pub fn of_summary(name: &str) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        let of_time = name.contains("submission_to_") || name.contains("delivery_to_");
        if last.ends_with("_s") || (of_time && last != "n") {
            Self::Seconds
        } else if last.ends_with("share")
            || last.ends_with("utilisation")
            || name.starts_with("delivered_within.")
            || name.starts_with("retrieved_within.")
        {
            Self::Share
        } else {
            Self::Number
        }
    }
}

impl AskedFigure {
    /// Returns the name by which tables know the figure.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Summary(name) => name.clone(),
            Self::Quantile { of, probability } => {
                // In per cent with at most six decimals, as in p99.9.
                let percent = format!("{:.6}", probability * 100.0);
                let percent = percent.trim_end_matches('0').trim_end_matches('.');
                format!("{}.p{percent}", of.as_str())
            }
            Self::Within { of, bound } => {
                let bound = bound.exact().to_string().replace(' ', "");
                format!("{}.within.{bound}", of.as_str())
            }
        }
    }

    /// Returns the unit of the figure.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Self::Summary(name) => Unit::of_summary(name),
            Self::Quantile { .. } => Unit::Seconds,
            Self::Within { .. } => Unit::Share,
        }
    }

    /// Returns whether it is a delay of those recipients alone that were reached, so that giving mail
    /// up can make it smaller.
    #[must_use]
    pub fn is_of_delivered_only(&self) -> bool {
        match self {
            Self::Summary(name) => self.unit() == Unit::Seconds && name.contains("_to_"),
            Self::Quantile { .. } => true,
            Self::Within { .. } => false,
        }
    }

    /// Returns the value in a finished run; none if what it measures did not happen, or is hidden
    /// behind mail that was still under way.
    #[must_use]
    pub fn value(&self, summary: &[(String, Option<f64>)], counts: &DelayCounts) -> Option<f64> {
        match self {
            Self::Summary(name) => {
                summary.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value)
            }
            Self::Quantile { of, probability } => counts.quantile(*of, *probability),
            Self::Within { of, bound } => counts.within(*of, *bound),
        }
    }
}

/// Delays of all mail of a run that counts, kept one by one.
///
/// A quantile is taken over the recipients that were reached and those still under way at the end,
/// who count as later than everybody else: if it falls among them, it is not known. Recipients
/// whose mail was given up have no delay.
#[derive(Debug, Default)]
pub struct DelayCounts {
    window: Window,
    delays: [Vec<SimDuration>; Delay::ALL.len()],
    unknown: [u64; Delay::ALL.len()],
    submitted: u64,
    /// When each delivered message was submitted, with its delay.
    deliveries: Vec<(SimTime, SimDuration)>,
}

impl DelayCounts {
    /// Returns an empty collection for mail submitted within `window`.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, ..Self::default() }
    }

    /// Returns the time of submission and the delay until delivery of all delivered mail, in the
    /// order in which stories ended.
    #[must_use]
    pub fn deliveries(&self) -> &[(SimTime, SimDuration)] {
        &self.deliveries
    }

    /// Puts delays in order; to be called once, when all are there.
    pub fn sort(&mut self) {
        for delays in &mut self.delays {
            delays.sort_unstable();
        }
    }

    fn quantile(&self, of: Delay, probability: f64) -> Option<f64> {
        let delays = &self.delays[of as usize];
        let all = delays.len() as u64 + self.unknown[of as usize];
        let rank = ((all as f64 * probability - 1e-9).ceil() as u64).max(1);
        let delay = delays.get(usize::try_from(rank - 1).ok()?)?;
        Some(seconds_of_nanos(delay.as_nanos().into()))
    }

    fn within(&self, of: Delay, bound: SimDuration) -> Option<f64> {
        let reached = self.delays[of as usize].partition_point(|delay| *delay <= bound);
        ratio(reached as f64, self.submitted as f64)
    }

    fn add(&mut self, of: Delay, delay: Option<SimDuration>) {
        match delay {
            Some(delay) => self.delays[of as usize].push(delay),
            None => self.unknown[of as usize] += 1,
        }
    }
}

impl RecordSink for DelayCounts {
    fn message(&mut self, row: &MessageRecord<'_>) {
        if row.kind != MessageKind::Mail || !self.window.holds(row.submitted) {
            return;
        }
        self.submitted += 1;
        let delivered = row.submission_to_delivery();
        self.deliveries.extend(delivered.map(|delay| (row.submitted, delay)));
        let retrieved = row.retrieved.map(|(at, _)| at - row.submitted);
        let accepted = row.accepted.map(|at| at - row.submitted);
        // Mail that was given up will never have what it lacks.
        let ended = matches!(row.state, FinalState::Failed | FinalState::Discarded);
        for (of, delay) in [
            (Delay::Acceptance, accepted),
            (Delay::Delivery, delivered),
            (Delay::Retrieval, retrieved),
        ] {
            if delay.is_some() || !ended {
                self.add(of, delay);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_tell_what_is_asked() {
        let quantile = AskedFigure::Quantile { of: Delay::Delivery, probability: 0.999 };
        assert_eq!(quantile.name(), "submission_to_delivery.p99.9");
        let bound = SimDuration::from_minutes(7);
        let within = AskedFigure::Within { of: Delay::Retrieval, bound };
        assert_eq!(within.name(), "submission_to_retrieval.within.7m");
        assert_eq!((quantile.unit(), within.unit()), (Unit::Seconds, Unit::Share));
        for (name, unit) in [
            ("delivered_share", Unit::Share),
            ("submission_to_delivery.p95", Unit::Seconds),
            ("submission_to_delivery.n", Unit::Number),
            ("domains.\"b.example\".submission_to_delivery.mean", Unit::Seconds),
            ("outages.0.drain_s", Unit::Seconds),
            ("outages.0.peak_backlog", Unit::Number),
            ("hosts.\"mx.example\".utilisation", Unit::Share),
            ("delivered_within.5min", Unit::Share),
            ("hops.mean", Unit::Number),
        ] {
            assert_eq!(Unit::of_summary(name), unit, "{name}");
        }
    }
}
