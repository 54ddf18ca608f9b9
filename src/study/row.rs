//! What is kept of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::{SimDuration, SimTime};

/// Resolution of the distribution of delays: steps in a factor of ten.
pub const STEPS_PER_DECADE: f64 = 50.0;
/// Shorter delays count as one tenth of a millisecond.
const LEAST_SECONDS: f64 = 1e-4;

/// One run of one cell, as it is kept until the study is complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Digest of all that decides the run's result.
    pub key: String,
    /// The study's figures, in its order; absent: it did not happen or cannot be known.
    pub figures: Vec<Option<f64>>,
    /// Recipients of mail that counts.
    pub submitted: u64,
    /// Of these, delivered.
    pub delivered: u64,
    /// Of these, given up.
    pub failed: u64,
    /// Of these, under way at the end of the run.
    pub unfinished: u64,
    /// Whether the run's ledger balances.
    pub balances: bool,
    /// Delays until delivery of mail submitted in the first tenth of the time that counts.
    pub early: DelaySum,
    /// Delays of the mail after that.
    pub late: DelaySum,
    /// For each delay that is kept, recipients by it: logarithmic steps with counts, in order.
    pub delays: Vec<Vec<(i32, u64)>>,
}

/// A number of delays and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelaySum {
    /// How many.
    pub n: u64,
    /// Their sum in microseconds.
    pub micros: u64,
}

impl DelaySum {
    fn add(&mut self, delay: SimDuration) {
        self.n += 1;
        self.micros = self.micros.saturating_add(delay.as_nanos() / 1_000);
    }

    /// Returns the mean in seconds; none of nothing.
    #[must_use]
    pub fn mean_s(&self) -> Option<f64> {
        (self.n > 0).then(|| self.micros as f64 / self.n as f64 / 1e6)
    }
}

/// Sorts delays into logarithmic steps.
pub(super) fn steps(delays: &[SimDuration]) -> Vec<(i32, u64)> {
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    for delay in delays {
        let decades = libm::log10(delay.as_secs_f64().max(LEAST_SECONDS));
        *counts.entry((decades * STEPS_PER_DECADE).ceil() as i32).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Sums delays of mail submitted before and from `border` on.
pub(super) fn early_and_late(
    deliveries: &[(SimTime, SimDuration)],
    border: SimTime,
) -> (DelaySum, DelaySum) {
    let (mut early, mut late) = (DelaySum::default(), DelaySum::default());
    for &(submitted, delay) in deliveries {
        if submitted < border { &mut early } else { &mut late }.add(delay);
    }
    (early, late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_sorted_into_steps_that_end_at_them() {
        let secs = SimDuration::from_secs;
        let at = SimTime::from_secs;
        let deliveries = [(at(1), secs(10)), (at(2), secs(10)), (at(3), secs(100))];
        assert_eq!(steps(&deliveries.map(|(_, delay)| delay)), [(50, 2), (100, 1)]);
        let (early, late) = early_and_late(&deliveries, at(2));
        assert_eq!((early.n, late.n), (1, 2));
        assert_eq!((early.mean_s(), late.mean_s()), (Some(10.0), Some(55.0)));
        assert_eq!(DelaySum::default().mean_s(), None);
    }

    #[test]
    fn a_row_survives_its_text() {
        let row = RunRow {
            key: "k".to_owned(),
            figures: vec![Some(0.1), None, Some(12_345.678_901), Some(1.0 / 3.0)],
            submitted: 3,
            delivered: 2,
            failed: 1,
            unfinished: 0,
            balances: true,
            early: DelaySum { n: 1, micros: 5 },
            late: DelaySum::default(),
            delays: vec![vec![(-3, 2)]],
        };
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<RunRow>(&text).unwrap(), row);
    }
}
