//! Figures of a part of the mail, computed from its rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{AttemptOutcome, MessageKey, MessageKind, Status};
use crate::units::{SimDuration, SimTime};

use super::directory::Directory;
use super::mail_figure::{Event, Lapse, MailFigure, Rows, State, Statistic};
use super::mail_rows::{MailRows, Name, Row};
use super::part::{KindWord, Part, PartError, Selector};
use super::record::FinalState;
use super::samples::{mean_seconds, ratio, seconds_of_nanos};
use super::window::Window;

/// A part of the mail, whose figures can be taken.
#[derive(Debug)]
pub struct MailPart<'r> {
    all: &'r MailRows,
    rows: Vec<&'r Row>,
    duration: SimDuration,
}

impl MailRows {
    /// Returns a part of the mail of a run of this length.
    ///
    /// # Errors
    /// If the part speaks of an entry, an outage or a window that the run does not have.
    pub fn part(
        &self,
        part: &Part,
        directory: &Directory,
        duration: SimDuration,
    ) -> Result<MailPart<'_>, PartError> {
        let tests = part
            .0
            .iter()
            .map(|selector| self.test(selector, directory))
            .collect::<Result<Vec<_>, _>>()?;
        let kind = part.kind();
        let causes = if kind.needs_cause() { self.causes() } else { BTreeMap::new() };
        let belongs = |row: &&Row| {
            self.window.holds(row.submitted)
                && is_of_kind(row, kind, &causes)
                && tests.iter().all(|test| test.holds(row))
        };
        Ok(MailPart { all: self, rows: self.rows.iter().filter(belongs).collect(), duration })
    }

    fn test(&self, selector: &Selector, directory: &Directory) -> Result<Test, PartError> {
        let like = |wanted: &str| self.names_that(|name| directory_match(wanted, name));
        Ok(match selector {
            Selector::From(domain) if domain == "<>" => Test::NullSender,
            Selector::From(domain) => Test::From(like(domain)),
            Selector::To(domain) => Test::To(like(domain)),
            Selector::Host(host) => Test::Host(like(host)),
            Selector::Via(host) => Test::Via(like(host)),
            Selector::Entry(name) => Test::Entry(directory.entries_of(name)?),
            Selector::During(name) => Test::During(directory.windows_of(name, &self.outages)?),
            Selector::Kind(_) => Test::Always,
        })
    }

    /// Returns why each failure notice was made.
    fn causes(&self) -> BTreeMap<MessageKey, Cause> {
        let mut given_up: BTreeMap<(MessageKey, Name), bool> = BTreeMap::new();
        let mut by_exchanger: BTreeSet<(MessageKey, Name)> = BTreeSet::new();
        for row in &self.rows {
            if let (FinalState::Failed, Some(host)) = (row.state, row.host) {
                *given_up.entry((row.key, host)).or_default() |= !row.has_expired();
            }
            let exchangers = row.tries.as_ref().map_or(&[][..], |tries| &tries.exchangers);
            by_exchanger.extend(exchangers.iter().map(|&host| (row.key, host)));
        }
        let notices = self.rows.iter().filter(|row| row.kind == MessageKind::FailureNotice);
        let cause = |row: &Row| {
            let about = (row.about?, *row.path.first()?);
            let refused = given_up.get(&about).copied().unwrap_or(false);
            Some((row.key, Cause { refused, backup: by_exchanger.contains(&about) }))
        };
        notices.filter_map(cause).collect()
    }
}

impl Row {
    /// Returns whether it was given up after tries that failed for now: its status is temporary, or says
    /// that the time is over (RFC 3463 x.4.7).
    fn has_expired(&self) -> bool {
        self.status.is_some_and(Status::says_expired)
    }

    fn lies_in(&self, state: State) -> bool {
        match state {
            State::Submitted => true,
            State::Delivered => self.state == FinalState::Delivered,
            State::Failed => self.state == FinalState::Failed,
            State::Discarded => self.state == FinalState::Discarded,
            State::Queued => self.state == FinalState::Queued,
            State::InTransit => self.state == FinalState::InTransit,
            State::Unfinished => self.is_under_way(),
            State::Retrieved => self.retrieved.is_some(),
            State::Junk => self.junk && self.state == FinalState::Delivered,
        }
    }

    fn is_under_way(&self) -> bool {
        matches!(self.state, FinalState::Queued | FinalState::InTransit)
    }

    fn ended_in(&self, state: FinalState) -> Option<SimTime> {
        self.ended.filter(|_| self.state == state)
    }
}

/// Returns whether a name is the one that is wanted; `*.example` is every name that ends so.
fn directory_match(wanted: &str, name: &str) -> bool {
    match wanted.strip_prefix('*') {
        Some(end) => {
            let (name, end) = (name.to_ascii_lowercase(), end.to_ascii_lowercase());
            name.ends_with(&end)
        }
        None => name.eq_ignore_ascii_case(wanted),
    }
}

/// Why a failure notice was made.
#[derive(Debug, Clone, Copy)]
struct Cause {
    refused: bool,
    backup: bool,
}

impl KindWord {
    fn needs_cause(self) -> bool {
        matches!(self, Self::RefusalNotice | Self::ExpiryNotice | Self::BackupNotice)
    }
}

fn is_of_kind(row: &Row, kind: KindWord, causes: &BTreeMap<MessageKey, Cause>) -> bool {
    let cause = || causes.get(&row.key);
    match kind {
        KindWord::Mail => row.kind == MessageKind::Mail,
        KindWord::ListCopy => row.kind == MessageKind::ListCopy,
        KindWord::DelayNotice => row.kind == MessageKind::DelayNotice,
        KindWord::FailureNotice => row.kind == MessageKind::FailureNotice,
        KindWord::Notice => is_notice(row.kind),
        KindWord::AutomaticReply => row.kind == MessageKind::AutomaticReply,
        KindWord::Created => row.kind != MessageKind::Mail,
        KindWord::Any => true,
        KindWord::RefusalNotice => cause().is_some_and(|cause| cause.refused),
        KindWord::ExpiryNotice => cause().is_some_and(|cause| !cause.refused),
        KindWord::BackupNotice => cause().is_some_and(|cause| cause.backup),
    }
}

fn is_notice(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::DelayNotice | MessageKind::FailureNotice)
}

/// A selector, made ready for many rows.
enum Test {
    Always,
    NullSender,
    From(Vec<bool>),
    To(Vec<bool>),
    Host(Vec<bool>),
    Via(Vec<bool>),
    Entry(BTreeSet<u32>),
    During(Vec<Window>),
}

impl Test {
    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Always => true,
            Self::NullSender => row.from.is_none(),
            Self::From(names) => row.from.is_some_and(|domain| names[domain.index()]),
            Self::To(names) => names[row.to.index()],
            Self::Host(names) => {
                // What people write comes from their mail program by way of a server.
                let first = if row.kind == MessageKind::Mail { 2 } else { 1 };
                row.path.iter().take(first).any(|host| names[host.index()])
            }
            Self::Via(names) => row.path.iter().any(|host| names[host.index()]),
            Self::Entry(entries) => {
                let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) = row.key;
                entries.contains(&entry)
            }
            Self::During(windows) => windows.iter().any(|window| window.holds(row.submitted)),
        }
    }
}

impl MailPart<'_> {
    /// Returns the value of a figure; none if what it measures did not happen.
    #[must_use]
    pub fn value(&self, figure: MailFigure) -> Option<f64> {
        let count =
            |holds: &dyn Fn(&Row) -> bool| self.rows.iter().filter(|row| holds(row)).count() as u64;
        let all = self.rows.len() as f64;
        match figure {
            MailFigure::Count(state) => Some(count(&|row| row.lies_in(state)) as f64),
            MailFigure::Share(state) => ratio(count(&|row| row.lies_in(state)) as f64, all),
            MailFigure::FirstTryDeferred => {
                let tries: Vec<_> = self.rows.iter().filter_map(|row| row.first_try()).collect();
                let put_off = tries.iter().filter(|(_, put_off)| *put_off).count();
                ratio(put_off as f64, tries.len() as f64)
            }
            MailFigure::Duplicates => {
                let more = self.rows.iter().map(|row| u64::from(row.copies.saturating_sub(1)));
                Some(more.sum::<u64>() as f64)
            }
            MailFigure::Octets(statistic) => {
                numbers(statistic, self.rows.iter().map(|row| row.size.get()).collect())
            }
            MailFigure::Lapse(lapse, statistic) => times(statistic, self.lapses(lapse)),
            MailFigure::Within(lapse, bound) => {
                let lapses = self.lapses(lapse);
                let within = lapses.iter().filter(|lapse| **lapse <= bound).count();
                ratio(within as f64, all)
            }
            MailFigure::Hops(statistic) => {
                let delivered = self.rows.iter().filter(|row| row.lies_in(State::Delivered));
                numbers(statistic, delivered.map(|row| row.hops.unwrap_or(0).into()).collect())
            }
            MailFigure::AttemptsPerRecipient(statistic) => {
                numbers(statistic, self.rows.iter().map(|row| row.attempts.into()).collect())
            }
            MailFigure::Attempts(rows) => Some(self.attempts(rows) as f64),
            MailFigure::Created(kind, state) => Some(self.created(kind, state) as f64),
            MailFigure::MeanRate(event) => {
                let happened = self.times_of(event).len() as f64;
                ratio(happened, self.duration.as_secs_f64())
            }
            MailFigure::GreatestRate(event, window) => {
                let times = self.times_of(event);
                let most = greatest_count(&times, window);
                (most > 0).then(|| ratio(most as f64, window.as_secs_f64())).flatten()
            }
        }
    }

    /// Returns the number of recipients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the times of these recipients that had it, in order.
    #[must_use]
    pub fn lapses(&self, lapse: Lapse) -> Vec<SimDuration> {
        let found = |end: Option<SimTime>, row: &Row| end.map(|end| end.since(row.submitted));
        let mut lapses: Vec<SimDuration> = match lapse {
            Lapse::Acceptance => self.each(|row| found(row.accepted, row)),
            Lapse::FirstTry => self.each(|row| found(row.first_try().map(|(at, _)| at), row)),
            Lapse::Delivery => self.each(|row| found(row.ended_in(FinalState::Delivered), row)),
            Lapse::Failure => self.each(|row| found(row.ended_in(FinalState::Failed), row)),
            Lapse::Retrieval => self.each(|row| found(row.retrieved, row)),
            Lapse::Reading => self.each(|row| Some(row.retrieved?.since(row.ended?))),
            Lapse::FirstNotice => {
                let first = self.first_notices(|notice| Some(notice.submitted));
                self.each(|row| found(first.get(&row.key).copied(), row))
            }
            Lapse::FirstNoticeDelivery => {
                let first = self.first_notices(|notice| notice.ended_in(FinalState::Delivered));
                self.each(|row| found(first.get(&row.key).copied(), row))
            }
            Lapse::FirstCopy | Lapse::MedianCopy | Lapse::LastCopy => {
                let copies = self.copies();
                self.each(|row| found(copy(copies.get(&row.key)?, lapse), row))
            }
        };
        lapses.sort_unstable();
        lapses
    }

    fn each(&self, lapse: impl Fn(&Row) -> Option<SimDuration>) -> Vec<SimDuration> {
        self.rows.iter().filter_map(|row| lapse(row)).collect()
    }

    fn first_notices(&self, at: impl Fn(&Row) -> Option<SimTime>) -> BTreeMap<MessageKey, SimTime> {
        let mut first: BTreeMap<MessageKey, SimTime> = BTreeMap::new();
        for notice in self.all.rows.iter().filter(|row| is_notice(row.kind)) {
            if let (Some(about), Some(at)) = (notice.about, at(notice)) {
                let known = first.entry(about).or_insert(at);
                *known = at.min(*known);
            }
        }
        first
    }

    /// Returns the copies of each post to a list.
    fn copies(&self) -> BTreeMap<MessageKey, Vec<&Row>> {
        let mut copies: BTreeMap<MessageKey, Vec<&Row>> = BTreeMap::new();
        for copy in self.all.rows.iter().filter(|row| row.kind == MessageKind::ListCopy) {
            if let Some(about) = copy.about {
                copies.entry(about).or_default().push(copy);
            }
        }
        copies
    }

    fn attempts(&self, rows: Rows) -> u64 {
        let suspended = AttemptOutcome::Suspended as usize;
        let of = |row: &&Row| {
            let Some(tries) = &row.tries else { return 0 };
            match rows {
                Rows::All => tries.outcomes.iter().sum(),
                Rows::Tries => tries.outcomes.iter().sum::<u64>() - tries.outcomes[suspended],
                Rows::Deferrals => tries.deferrals,
                Rows::Suspensions => tries.outcomes[suspended],
                Rows::Outcome(outcome) => tries.outcomes[outcome as usize],
                Rows::FailedAt(stage) => tries.failed_stages[stage as usize],
            }
        };
        self.rows.iter().map(of).sum()
    }

    fn created(&self, kind: KindWord, state: State) -> u64 {
        let keys: BTreeSet<MessageKey> = self.rows.iter().map(|row| row.key).collect();
        let causes = if kind.needs_cause() { self.all.causes() } else { BTreeMap::new() };
        let about = |row: &&Row| row.about.is_some_and(|about| keys.contains(&about));
        let made = self.all.rows.iter().filter(about);
        let counted = |row: &&Row| {
            row.kind != MessageKind::Mail && is_of_kind(row, kind, &causes) && row.lies_in(state)
        };
        made.filter(counted).count() as u64
    }

    /// Returns when it happened, in order.
    fn times_of(&self, event: Event) -> Vec<SimTime> {
        let at = |row: &&Row| match event {
            Event::Submission => Some(row.submitted),
            Event::Delivery => row.ended_in(FinalState::Delivered),
        };
        let mut times: Vec<SimTime> = self.rows.iter().filter_map(at).collect();
        times.sort_unstable();
        times
    }

    /// Returns the sender domains, recipient domains, hosts or entries that the rows have, in order of
    /// their names: the values that a selector can take here.
    #[must_use]
    pub fn values_of(&self, word: &str, directory: &Directory) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for row in &self.rows {
            let text = |name: Name| self.all.text(name).to_owned();
            match word {
                "from" => {
                    found.insert(row.from.map_or_else(|| "<>".to_owned(), text));
                }
                "to" => {
                    found.insert(text(row.to));
                }
                "host" => {
                    // The server, not the mail program beside it.
                    let place = usize::from(row.kind == MessageKind::Mail && row.path.len() > 1);
                    found.extend(row.path.get(place).map(|&host| text(host)));
                }
                "via" => found.extend(row.path.iter().map(|&host| text(host))),
                "entry" => {
                    let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) =
                        row.key;
                    found.insert(directory.entry_name(entry));
                }
                "kind" => {
                    found.insert(row.kind.as_str().to_owned());
                }
                _ => {}
            }
        }
        found
    }
}

/// Returns when the first, the middle or the last copy of a post was delivered.
fn copy(copies: &[&Row], which: Lapse) -> Option<SimTime> {
    let mut delivered: Vec<SimTime> =
        copies.iter().filter_map(|row| row.ended_in(FinalState::Delivered)).collect();
    delivered.sort_unstable();
    match which {
        Lapse::FirstCopy => delivered.first().copied(),
        Lapse::MedianCopy => delivered.get(copies.len().div_ceil(2) - 1).copied(),
        _ if copies.iter().any(|row| row.is_under_way()) => None,
        _ => delivered.last().copied(),
    }
}

/// Returns the greatest number of `times`, which are in order, in a stretch of this length.
fn greatest_count(times: &[SimTime], length: SimDuration) -> usize {
    let (mut first, mut most) = (0, 0);
    for (place, at) in times.iter().enumerate() {
        while at.since(times[first]) >= length {
            first += 1;
        }
        most = most.max(place + 1 - first);
    }
    most
}

/// Returns the place of a quantile among `count` values in order.
fn rank(count: usize, quantile: u64) -> usize {
    let rank = (count as u128 * u128::from(quantile)).div_ceil(100_000_000);
    (rank as usize).max(1) - 1
}

fn times(statistic: Statistic, sorted: Vec<SimDuration>) -> Option<f64> {
    let seconds = |span: &SimDuration| seconds_of_nanos(span.as_nanos().into());
    match statistic {
        Statistic::N => Some(sorted.len() as f64),
        Statistic::Mean => {
            let sum = sorted.iter().map(|span| u128::from(span.as_nanos())).sum();
            mean_seconds(sum, sorted.len() as u64)
        }
        Statistic::Min => sorted.first().map(seconds),
        Statistic::Max => sorted.last().map(seconds),
        Statistic::Quantile(q) => sorted.get(rank(sorted.len(), q)).map(seconds),
    }
}

fn numbers(statistic: Statistic, mut values: Vec<u64>) -> Option<f64> {
    values.sort_unstable();
    let number = |value: &u64| *value as f64;
    match statistic {
        Statistic::N => Some(values.len() as f64),
        Statistic::Mean => ratio(values.iter().sum::<u64>() as f64, values.len() as f64),
        Statistic::Min => values.first().map(number),
        Statistic::Max => values.last().map(number),
        Statistic::Quantile(q) => values.get(rank(values.len(), q)).map(number),
    }
}
