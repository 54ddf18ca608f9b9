//! Figures that may be asked for beyond those of the summary: of any part of the mail, any quantile, any
//! bound.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::MessageKind;
use crate::units::{EventRate, Octets, SimDuration, SimTime};

use super::directory::Directory;
use super::mail_figure::MailFigure;
use super::mail_part::MailPart;
use super::mail_rows::MailRows;
use super::part::{KindWord, Part, PartError};
use super::record::{MessageRecord, RecordSink};
use super::samples::ratio;
use super::window::Window;

/// A figure of a run, by name or by what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum AskedFigure {
    /// A figure of the summary, by its dotted name.
    Summary(String),
    /// A figure of a part of the mail, or one of all mail that the summary does not hold.
    Mail {
        /// The part; empty: mail that people write.
        part: Part,
        /// The figure.
        figure: MailFigure,
        /// The name by which it was asked for.
        name: String,
    },
    /// The share of submitted mail recipients whose delay is at most a bound.
    Within {
        /// The delay.
        of: Delay,
        /// The bound.
        bound: SimDuration,
    },
}

/// A delay of mail, from its submission or from its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delay {
    /// Until a server took responsibility.
    Acceptance,
    /// Until it was in the mailbox.
    Delivery,
    /// Until its reader had it.
    Retrieval,
    /// From the mailbox until its reader had it.
    Reading,
}

impl Delay {
    /// All delays.
    pub const ALL: [Self; 4] = [Self::Acceptance, Self::Delivery, Self::Retrieval, Self::Reading];

    /// Returns the delay's name in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "submission_to_acceptance",
            Self::Delivery => "submission_to_delivery",
            Self::Retrieval => "submission_to_retrieval",
            Self::Reading => "delivery_to_retrieval",
        }
    }

    /// Returns whether a figure of this name is one of this delay, in full or of a part of the mail.
    #[must_use]
    pub fn is_spoken_of(self, figure: &str) -> bool {
        let other_word = match self {
            Self::Acceptance | Self::Reading => "",
            Self::Delivery => "delivered_within.",
            Self::Retrieval => "retrieved_within.",
        };
        let named = |word: &str| {
            let last = figure.rsplit('/').next().unwrap_or(figure);
            let mut parts = last.match_indices(word);
            parts.any(|(at, _)| at == 0 || last[..at].ends_with('.'))
        };
        named(&format!("{}.", self.as_str())) || (!other_word.is_empty() && named(other_word))
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
    /// Octets.
    Octets,
    /// How often in a second.
    PerSecond,
}

impl Unit {
    /// Returns the word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Share => "share",
            Self::Number => "number",
            Self::Octets => "octets",
            Self::PerSecond => "1/s",
        }
    }

    /// Returns the decimals with which values are written: as many as figures have.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Seconds => 6,
            Self::Share | Self::Number | Self::Octets | Self::PerSecond => 9,
        }
    }

    /// Reads a value: a number in the unit, or a text with a unit that means it, such as `5%` of a share or
    /// `3h` of seconds; none if it is neither.
    #[must_use]
    pub fn read(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let per_cent =
            || text.strip_suffix('%')?.trim().parse::<f64>().ok().map(|number| number / 100.0);
        let meant = match self {
            Self::Seconds => text.parse::<SimDuration>().ok().map(SimDuration::as_secs_f64),
            Self::Share => per_cent(),
            Self::Octets => text.parse::<Octets>().ok().map(|size| size.get() as f64),
            Self::PerSecond => text.parse::<EventRate>().ok().map(EventRate::per_second_f64),
            Self::Number => None,
        };
        meant.or_else(|| text.parse().ok()).filter(|number| number.is_finite())
    }

    /// Returns a value as people say it: `3 h 10 min`, `99.2 %`, `17`.
    #[must_use]
    pub fn told(self, value: f64) -> String {
        match self {
            Self::Seconds if value >= 0.0 => SimDuration::from_secs_f64(value).to_string(),
            Self::Share => format!("{} %", decimal(value * 100.0)),
            Self::Octets => format!("{} octets", decimal(value)),
            Self::PerSecond => format!("{}/s", decimal(value)),
            Self::Seconds | Self::Number => decimal(value),
        }
    }

    /// Returns a value in its unit with all its digits.
    #[must_use]
    pub fn told_exactly(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{value} s"),
            // Nine decimals of a share are seven of its per cent.
            Self::Share => format!("{} %", (value * 1e9).round() / 1e7),
            Self::Octets => format!("{value} octets"),
            Self::PerSecond => format!("{value}/s"),
            Self::Number => value.to_string(),
        }
    }

    /// Returns the unit of a figure by its name, with or without a part.
    #[must_use]
    pub fn of_figure(name: &str) -> Self {
        let figure = Part::split(name).ok().and_then(|(_, figure)| MailFigure::of(figure));
        figure.map_or_else(|| Self::of_summary(name), MailFigure::unit)
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
        } else if last.ends_with("_octets") {
            Self::Octets
        } else {
            Self::Number
        }
    }
}

/// Returns a number with four significant digits, or all those before the point, and no more than it
/// needs.
fn decimal(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let before = libm::floor(libm::log10(value.abs())) as i32 + 1;
    // A double has no digits beyond those.
    let places = usize::try_from(4 - before).unwrap_or(0).min(320);
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl AskedFigure {
    /// Returns the figure of a name: one of the summary, whose names are `known`, or one of mail.
    ///
    /// # Errors
    /// If there is no such figure, or what stands before it is no part of the mail.
    pub fn of(name: &str, known: &BTreeSet<String>) -> Result<Self, PartError> {
        if known.contains(name) {
            return Ok(Self::Summary(name.to_owned()));
        }
        let (part, rest) = Part::split(name)?;
        match MailFigure::of(rest) {
            Some(figure) => Ok(Self::Mail { part, figure, name: name.to_owned() }),
            None if part == Part::default() => {
                Err(PartError::new(format!("there is no figure `{name}`"), ""))
            }
            None => Err(PartError::new(
                format!("there is no figure `{rest}` of a part of the mail"),
                "`mailsim figures` lists those that there are",
            )),
        }
    }

    /// Returns the name by which tables know the figure.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Summary(name) | Self::Mail { name, .. } => name.clone(),
            Self::Within { of, bound } => {
                let bound = bound.exact().to_string().replace(' ', "");
                format!("{}.within.{bound}", of.as_str())
            }
        }
    }

    /// Returns whether rows of `attempts.csv` are needed for it.
    #[must_use]
    pub fn needs_attempts(&self) -> bool {
        match self {
            Self::Mail { part, figure, .. } => {
                figure.needs_attempts() || part.kind() == KindWord::BackupNotice
            }
            _ => false,
        }
    }

    /// Returns the unit of the figure.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Self::Summary(name) => Unit::of_summary(name),
            Self::Mail { figure, .. } => figure.unit(),
            Self::Within { .. } => Unit::Share,
        }
    }

    /// Returns whether it is a delay of those recipients alone that were reached, so that giving mail
    /// up can make it smaller.
    #[must_use]
    pub fn is_of_delivered_only(&self) -> bool {
        match self {
            Self::Summary(name) => self.unit() == Unit::Seconds && name.contains("_to_"),
            Self::Mail { figure, .. } => figure.is_of_some_only(),
            Self::Within { .. } => false,
        }
    }

    /// Returns the value in a finished run; none if what it measures did not happen, or is hidden
    /// behind mail that was still under way.
    #[must_use]
    pub fn value(
        &self,
        summary: &[(String, Option<f64>)],
        counts: &DelayCounts,
        mail: &BTreeMap<String, Option<f64>>,
    ) -> Option<f64> {
        match self {
            Self::Summary(name) => {
                summary.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value)
            }
            Self::Mail { name, .. } => mail.get(name).copied().flatten(),
            Self::Within { of, bound } => counts.within(*of, *bound),
        }
    }
}

impl MailRows {
    /// Returns the values of those figures that are figures of mail, by their names.
    ///
    /// # Errors
    /// If a part speaks of what the run does not have.
    pub fn values<'a>(
        &self,
        asked: impl IntoIterator<Item = &'a AskedFigure>,
        directory: &Directory,
        duration: SimDuration,
    ) -> Result<BTreeMap<String, Option<f64>>, PartError> {
        let mut parts: Vec<(&Part, MailPart<'_>)> = Vec::new();
        let mut values = BTreeMap::new();
        for figure in asked {
            let AskedFigure::Mail { part, figure, name } = figure else { continue };
            let known = parts.iter().position(|(other, _)| *other == part);
            let place = match known {
                Some(place) => place,
                None => {
                    parts.push((part, self.part(part, directory, duration)?));
                    parts.len() - 1
                }
            };
            values.insert(name.clone(), parts[place].1.value(*figure));
        }
        Ok(values)
    }
}

/// Delays of all mail of a run that counts, kept one by one. Recipients that were not reached, given up
/// or under way at the end, have none: shares are of all that were submitted.
#[derive(Debug, Default)]
pub struct DelayCounts {
    window: Window,
    delays: [Vec<SimDuration>; Delay::ALL.len()],
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

    /// Returns a delay of each recipient that was reached; in order once they are sorted.
    #[must_use]
    pub fn of(&self, of: Delay) -> &[SimDuration] {
        &self.delays[of as usize]
    }

    fn within(&self, of: Delay, bound: SimDuration) -> Option<f64> {
        let reached = self.delays[of as usize].partition_point(|delay| *delay <= bound);
        ratio(reached as f64, self.submitted as f64)
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
        let read = row.retrieved.zip(row.ended).map(|((at, _), ended)| at - ended);
        for (of, delay) in [
            (Delay::Acceptance, accepted),
            (Delay::Delivery, delivered),
            (Delay::Retrieval, retrieved),
            (Delay::Reading, read),
        ] {
            self.delays[of as usize].extend(delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_tell_what_is_asked() {
        let bound = SimDuration::from_minutes(7);
        let within = AskedFigure::Within { of: Delay::Retrieval, bound };
        assert_eq!(within.name(), "submission_to_retrieval.within.7m");
        assert_eq!(within.unit(), Unit::Share);
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

    #[test]
    fn people_read_four_significant_digits() {
        for (value, told) in [
            (66.666_666_7, "66.67"),
            (99.999, "100"),
            (12_345.678, "12346"),
            (0.000_123_44, "0.0001234"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (1000.0, "1000"),
        ] {
            assert_eq!(decimal(value), told, "{value}");
        }
    }

    #[test]
    fn a_figure_tells_which_delay_it_is_of() {
        for (name, of) in [
            ("submission_to_delivery.p95", Some(Delay::Delivery)),
            ("to:b.example/submission_to_retrieval.mean", Some(Delay::Retrieval)),
            ("domains.\"b.example\".submission_to_delivery.mean", Some(Delay::Delivery)),
            ("delivery_to_retrieval.mean", Some(Delay::Reading)),
            ("retrieved_within.5min", Some(Delay::Retrieval)),
            ("delivered_within.5min", Some(Delay::Delivery)),
            ("delivered_share", None),
            ("outages.0.drain_s", None),
        ] {
            let found: Vec<_> =
                Delay::ALL.into_iter().filter(|one| one.is_spoken_of(name)).collect();
            assert_eq!(found, of.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }
}
