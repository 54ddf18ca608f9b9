//! Quantiles of independent values, with intervals from order statistics.

use serde::{Deserialize, Serialize};

use super::beta::incomplete_beta;
use super::estimate::Interval;

/// A quantile of a distribution, estimated from independent values without any assumption about
/// its form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileEstimate {
    /// The smallest value that at least the asked share of the values do not exceed.
    pub value: f64,
    /// An interval between two of the values; absent if there are too few for the confidence.
    pub interval: Option<Interval>,
}

/// Returns the `probability` quantile of `values`, which need no order; none of no values.
///
/// The number of values below the true quantile is binomial, so the interval from the l-th to the
/// u-th smallest value covers it with at least the asked confidence, where at most half of the
/// rest lies beyond either end.
#[must_use]
pub fn quantile_of(values: &[f64], probability: f64, confidence: f64) -> Option<QuantileEstimate> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as u64;
    if n == 0 {
        return None;
    }
    let rank = ((n as f64 * probability - 1e-9).ceil() as usize).clamp(1, sorted.len());
    let beyond = (1.0 - confidence) / 2.0;
    // The largest l with P(fewer than l below) ≤ beyond, and the smallest u with P(u or more) ≤ it.
    let low = (1..=n).take_while(|&l| at_most(l - 1, n, probability) <= beyond).last();
    let high = (1..=n).find(|&u| 1.0 - at_most(u - 1, n, probability) <= beyond);
    let interval = low.zip(high).map(|(low, high)| Interval {
        low: sorted[low as usize - 1],
        high: sorted[high as usize - 1],
    });
    Some(QuantileEstimate { value: sorted[rank - 1], interval })
}

/// Returns the probability of at most `k` successes in `n` trials.
fn at_most(k: u64, n: u64, probability: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    incomplete_beta((n - k) as f64, (k + 1) as f64, 1.0 - probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums by hand: of ten fair coins, at most one shows heads with probability 11/1024.
    #[test]
    fn the_binomial_sum_is_that_of_the_definition() {
        assert!((at_most(1, 10, 0.5) - 11.0 / 1024.0).abs() < 1e-14);
        assert!((at_most(0, 3, 0.1) - 0.729).abs() < 1e-14);
        assert_eq!(at_most(3, 3, 0.1), 1.0);
    }

    /// Tables of the sign test give for the median of ten values the second and the ninth
    /// (97.85 %); six values suffice for 95 %, five do not.
    #[test]
    fn intervals_of_the_median_are_those_of_the_tables() {
        let values = |n: u32| (1..=n).rev().map(f64::from).collect::<Vec<_>>();
        let of = |n| quantile_of(&values(n), 0.5, 0.95).unwrap();
        assert_eq!(of(10).interval, Some(Interval { low: 2.0, high: 9.0 }));
        assert_eq!(of(6).interval, Some(Interval { low: 1.0, high: 6.0 }));
        assert_eq!(of(5).interval, None);
        assert_eq!((of(10).value, of(5).value), (5.0, 3.0));
        assert_eq!(quantile_of(&[], 0.5, 0.95), None);
    }
}
