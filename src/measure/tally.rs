//! Counts and times of closed stories.

use std::collections::BTreeMap;

use crate::mail::{AttemptOutcome, DomainId, MailboxNames, MessageKind, Stage, Status};
use crate::trace::AttemptFact;
use crate::units::SimDuration;

use super::record::{FinalState, MessageRecord};
use super::samples::{Latency, Samples, mean_seconds, ratio, seconds_of_nanos};
use super::story::Stages;
use super::summary::{
    AttemptFigures, DomainFigures, FailureFigures, HopFigures, SpreadFigures, StageFigures,
    StateCounts, WhereTimeWent,
};

/// Quantiles of one domain are exact up to this many samples: there may be many domains.
const EXACT_SAMPLES_OF_A_DOMAIN: usize = 1 << 12;

/// The times for which the summary says what share was delivered within them.
const BOUNDS: [(&str, SimDuration); 7] = [
    ("10s", SimDuration::from_secs(10)),
    ("1min", SimDuration::from_minutes(1)),
    ("5min", SimDuration::from_minutes(5)),
    ("15min", SimDuration::from_minutes(15)),
    ("1h", SimDuration::from_hours(1)),
    ("4h", SimDuration::from_hours(4)),
    ("1d", SimDuration::from_days(1)),
];

const KINDS: usize = 5;

/// Everything that is counted over stories.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: [StateCounts; KINDS],
    pub(super) duplicates: u64,
    pub(super) failures: FailureFigures,
    pub(super) attempts: AttemptTally,
    acceptance: Samples,
    delivery: Samples,
    failure: Samples,
    retrieval: Samples,
    reading: Samples,
    delivered_within: [u64; BOUNDS.len()],
    retrieved_within: [u64; BOUNDS.len()],
    hops: BTreeMap<u32, u64>,
    attempts_of_mail: u64,
    most_attempts: u64,
    stages: StageSums,
    domains: Vec<Option<Box<DomainTally>>>,
}

#[derive(Debug, Default)]
struct StageSums {
    outbox: u128,
    sessions: u128,
    failed_attempts: u128,
    queues: u128,
}

#[derive(Debug)]
struct DomainTally {
    counts: StateCounts,
    delivery: Samples,
    reading: Samples,
}

/// Counts of attempt rows.
#[derive(Debug, Default)]
pub(super) struct AttemptTally {
    pub(super) rows: u64,
    deferrals: u64,
    outcomes: [u64; AttemptOutcome::ALL.len()],
    failed_stages: [u64; Stage::ALL.len()],
}

impl AttemptTally {
    pub(super) fn count(&mut self, fact: &AttemptFact) {
        self.rows += 1;
        self.outcomes[fact.outcome as usize] += 1;
        if fact.outcome != AttemptOutcome::Accepted {
            self.failed_stages[fact.stage as usize] += 1;
        }
        self.deferrals += u64::from(fact.outcome.is_temporary() && fact.next_attempt.is_some());
    }

    fn figures(&self) -> AttemptFigures {
        let suspensions = self.outcomes[AttemptOutcome::Suspended as usize];
        AttemptFigures {
            rows: self.rows,
            tries: self.rows - suspensions,
            deferrals: self.deferrals,
            suspensions,
            by_outcome: named(AttemptOutcome::ALL.map(AttemptOutcome::as_str), self.outcomes),
            failed_by_stage: named(Stage::ALL.map(Stage::as_str), self.failed_stages),
        }
    }
}

/// Counts are named even where they are zero, so that every run has the same figures.
fn named<const N: usize>(names: [&str; N], counts: [u64; N]) -> BTreeMap<String, u64> {
    names.into_iter().map(str::to_owned).zip(counts).collect()
}

fn kind_index(kind: MessageKind) -> usize {
    match kind {
        MessageKind::Mail => 0,
        MessageKind::DelayNotice => 1,
        MessageKind::FailureNotice => 2,
        MessageKind::ListCopy => 3,
        MessageKind::AutomaticReply => 4,
    }
}

/// Kinds that the model itself makes, in the order of [`kind_index`].
const CREATED_KINDS: [MessageKind; KINDS - 1] = [
    MessageKind::DelayNotice,
    MessageKind::FailureNotice,
    MessageKind::ListCopy,
    MessageKind::AutomaticReply,
];

fn count(counts: &mut StateCounts, row: &MessageRecord<'_>) {
    counts.submitted += 1;
    *match row.state {
        FinalState::Delivered => &mut counts.delivered,
        FinalState::Failed => &mut counts.failed,
        FinalState::Queued => &mut counts.queued,
        FinalState::InTransit => &mut counts.in_transit,
        FinalState::Discarded => &mut counts.discarded,
    } += 1;
    counts.junk += u64::from(row.junk);
    counts.retrieved += u64::from(row.retrieved.is_some());
}

fn count_within(within: &mut [u64; BOUNDS.len()], time: SimDuration) {
    for (count, (_, bound)) in within.iter_mut().zip(BOUNDS) {
        *count += u64::from(time <= bound);
    }
}

impl Tally {
    /// Counts a closed story.
    pub(super) fn close(&mut self, row: &MessageRecord<'_>, stages: Option<Stages>) {
        count(&mut self.kinds[kind_index(row.kind)], row);
        self.duplicates += u64::from(row.copies.saturating_sub(1));
        if row.kind == MessageKind::Mail {
            self.close_mail(row, stages);
        }
    }

    fn close_mail(&mut self, row: &MessageRecord<'_>, stages: Option<Stages>) {
        let domain = self.domain(row.recipient.domain);
        count(&mut domain.counts, row);
        if let Some(time) = row.submission_to_delivery() {
            domain.delivery.add(time);
            self.delivery.add(time);
            count_within(&mut self.delivered_within, time);
            *self.hops.entry(row.hops.unwrap_or(0)).or_default() += 1;
        }
        if let (FinalState::Failed, Some(ended)) = (row.state, row.ended) {
            self.failure.add(ended - row.submitted);
            let expired = row.status.is_some_and(Status::says_expired);
            *(if expired { &mut self.failures.expired } else { &mut self.failures.refused }) += 1;
        }
        if let Some(accepted) = row.accepted {
            self.acceptance.add(accepted - row.submitted);
        }
        if let (Some((at, _)), Some(delivered)) = (row.retrieved, row.ended) {
            self.domain(row.recipient.domain).reading.add(at - delivered);
            self.reading.add(at - delivered);
            self.retrieval.add(at - row.submitted);
            count_within(&mut self.retrieved_within, at - row.submitted);
        }
        self.attempts_of_mail += u64::from(row.attempts);
        self.most_attempts = self.most_attempts.max(row.attempts.into());
        if let Some(stages) = stages {
            self.stages.outbox += u128::from(stages.outbox.as_nanos());
            self.stages.sessions += u128::from(stages.sessions.as_nanos());
            self.stages.failed_attempts += u128::from(stages.failed_attempts.as_nanos());
            self.stages.queues += u128::from(stages.queues.as_nanos());
        }
    }

    fn domain(&mut self, domain: DomainId) -> &mut DomainTally {
        let index = domain.index();
        if index >= self.domains.len() {
            self.domains.resize_with(index + 1, || None);
        }
        self.domains[index].get_or_insert_with(|| {
            Box::new(DomainTally {
                counts: StateCounts::default(),
                delivery: Samples::with_limit(EXACT_SAMPLES_OF_A_DOMAIN),
                reading: Samples::with_limit(EXACT_SAMPLES_OF_A_DOMAIN),
            })
        })
    }

    /// Returns the counts of mail.
    pub(super) fn mail(&self) -> StateCounts {
        self.kinds[kind_index(MessageKind::Mail)]
    }

    /// Returns the counts of all kinds together.
    pub(super) fn everything(&self) -> StateCounts {
        self.kinds.iter().fold(StateCounts::default(), |sum, kind| StateCounts {
            submitted: sum.submitted + kind.submitted,
            delivered: sum.delivered + kind.delivered,
            failed: sum.failed + kind.failed,
            discarded: sum.discarded + kind.discarded,
            queued: sum.queued + kind.queued,
            in_transit: sum.in_transit + kind.in_transit,
            retrieved: sum.retrieved + kind.retrieved,
            junk: sum.junk + kind.junk,
        })
    }

    pub(super) fn created(&self) -> BTreeMap<String, StateCounts> {
        let counts = |kind: MessageKind| (kind.as_str().to_owned(), self.kinds[kind_index(kind)]);
        CREATED_KINDS.into_iter().map(counts).collect()
    }

    pub(super) fn attempt_figures(&self) -> AttemptFigures {
        self.attempts.figures()
    }

    pub(super) fn acceptance(&mut self) -> Latency {
        self.acceptance.latency()
    }

    pub(super) fn delivery(&mut self) -> Latency {
        self.delivery.latency()
    }

    pub(super) fn failure(&mut self) -> Latency {
        self.failure.latency()
    }

    pub(super) fn reading(&mut self) -> Latency {
        self.reading.latency()
    }

    pub(super) fn retrieval(&mut self) -> Latency {
        self.retrieval.latency()
    }

    pub(super) fn delivered_within(&self) -> BTreeMap<String, Option<f64>> {
        self.shares_within(&self.delivered_within)
    }

    pub(super) fn retrieved_within(&self) -> BTreeMap<String, Option<f64>> {
        self.shares_within(&self.retrieved_within)
    }

    fn shares_within(&self, within: &[u64; BOUNDS.len()]) -> BTreeMap<String, Option<f64>> {
        let submitted = self.mail().submitted;
        let name =
            |(&count, (name, _)): (&u64, (&str, _))| (name.to_owned(), share(count, submitted));
        within.iter().zip(BOUNDS).map(name).collect()
    }

    pub(super) fn hops(&self) -> HopFigures {
        let n = self.hops.values().sum();
        let sum: u64 = self.hops.iter().map(|(&hops, &count)| u64::from(hops) * count).sum();
        HopFigures {
            n,
            mean: share(sum, n),
            max: self.hops.keys().next_back().map(|&hops| hops.into()),
            counts: self.hops.clone(),
        }
    }

    pub(super) fn attempts_per_recipient(&self) -> SpreadFigures {
        let n = self.mail().submitted;
        SpreadFigures {
            n,
            mean: share(self.attempts_of_mail, n),
            max: (n > 0).then_some(self.most_attempts),
        }
    }

    pub(super) fn where_time_went(&self) -> WhereTimeWent {
        let n = self.delivery.count();
        let whole = self.delivery.sum_nanos();
        let stage = |nanos: u128| StageFigures {
            n,
            total_s: seconds_of_nanos(nanos),
            mean_s: mean_seconds(nanos, n),
            share: ratio(nanos as f64, whole as f64),
        };
        let read = self.reading.count();
        WhereTimeWent {
            outbox: stage(self.stages.outbox),
            sessions: stage(self.stages.sessions),
            failed_attempts: stage(self.stages.failed_attempts),
            queues: stage(self.stages.queues),
            reader: StageFigures {
                n: read,
                total_s: seconds_of_nanos(self.reading.sum_nanos()),
                mean_s: mean_seconds(self.reading.sum_nanos(), read),
                share: None,
            },
        }
    }

    pub(super) fn domains(&mut self, names: &dyn MailboxNames) -> BTreeMap<String, DomainFigures> {
        let tallies = self.domains.iter_mut().enumerate();
        tallies
            .filter_map(|(index, tally)| {
                let tally = tally.as_mut()?;
                let name = names.domain(DomainId::from_index(index)).to_owned();
                Some((name, tally.figures()))
            })
            .collect()
    }
}

impl DomainTally {
    fn figures(&mut self) -> DomainFigures {
        DomainFigures {
            submitted: self.counts.submitted,
            delivered: self.counts.delivered,
            junk: self.counts.junk,
            failed: self.counts.failed,
            unfinished: self.counts.queued + self.counts.in_transit,
            delivered_share: share(self.counts.delivered, self.counts.submitted),
            submission_to_delivery: self.delivery.latency(),
            delivery_to_retrieval: self.reading.latency(),
        }
    }
}

/// Returns `part / whole`; none of nothing.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    ratio(part as f64, whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_stages_stand_at_their_places() {
        for (place, outcome) in AttemptOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
        for (place, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, place);
        }
        for (place, kind) in CREATED_KINDS.into_iter().enumerate() {
            assert_eq!(kind_index(kind), place + 1);
        }
    }
}
