//! Collected times and their quantiles.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::units::SimDuration;

/// Up to this many samples quantiles are exact.
pub const EXACT_SAMPLES: usize = 1 << 17;

/// Times of which quantiles are wanted.
///
/// Up to a limit the samples are kept and quantiles are exact; beyond it they are folded into a
/// histogram of integer microseconds with three significant digits (relative error at most 0.1 %).
/// Count, sum, least and greatest are always exact. The order of adding never matters.
#[derive(Debug, Clone)]
pub struct Samples {
    limit: usize,
    exact: Vec<u64>,
    folded: Option<Histogram<u64>>,
    count: u64,
    sum: u128,
    least: u64,
    greatest: u64,
}

impl Default for Samples {
    fn default() -> Self {
        Self::with_limit(EXACT_SAMPLES)
    }
}

impl Samples {
    /// Returns an empty collection that is exact up to `limit` samples.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            exact: Vec::new(),
            folded: None,
            count: 0,
            sum: 0,
            least: u64::MAX,
            greatest: 0,
        }
    }

    /// Adds one sample.
    pub fn add(&mut self, sample: SimDuration) {
        let nanos = sample.as_nanos();
        self.count += 1;
        self.sum += u128::from(nanos);
        self.least = self.least.min(nanos);
        self.greatest = self.greatest.max(nanos);
        if let Some(histogram) = &mut self.folded {
            fold(histogram, nanos);
            return;
        }
        self.exact.push(nanos);
        if self.exact.len() > self.limit {
            let mut histogram = empty_histogram();
            for nanos in std::mem::take(&mut self.exact) {
                fold(&mut histogram, nanos);
            }
            self.folded = Some(histogram);
        }
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the sum of all samples in nanoseconds.
    #[must_use]
    pub fn sum_nanos(&self) -> u128 {
        self.sum
    }

    /// Returns the figures of the collection.
    #[must_use]
    pub fn latency(&mut self) -> Latency {
        self.exact.sort_unstable();
        let some = |nanos: u64| (self.count > 0).then(|| seconds_of_nanos(nanos.into()));
        Latency {
            unit: "s".to_owned(),
            n: self.count,
            mean: mean_seconds(self.sum, self.count),
            min: some(self.least),
            p50: self.quantile(50),
            p90: self.quantile(90),
            p95: self.quantile(95),
            p99: self.quantile(99),
            max: some(self.greatest),
            method: if self.folded.is_some() { "histogram" } else { "exact" }.to_owned(),
        }
    }

    /// Returns the smallest sample that at least `percent` per cent of the samples do not exceed
    /// in seconds; `exact` is sorted.
    fn quantile(&self, percent: u64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        if let Some(histogram) = &self.folded {
            let micros = histogram.value_at_quantile(percent as f64 / 100.0);
            // The histogram answers with the upper end of a bucket, which may lie past the maximum.
            return Some(
                seconds_of_nanos(u128::from(micros) * 1_000)
                    .min(seconds_of_nanos(self.greatest.into())),
            );
        }
        let rank = (self.count * percent).div_ceil(100).max(1);
        Some(seconds_of_nanos(self.exact[rank as usize - 1].into()))
    }
}

fn empty_histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within the histogram's range")
}

fn fold(histogram: &mut Histogram<u64>, nanos: u64) {
    let micros = (nanos + 500) / 1_000;
    histogram.record(micros).expect("the histogram grows by itself up to 2^64 microseconds");
}

/// Returns nanoseconds as seconds, rounded to the microsecond so that at most six decimals are
/// printed.
pub(super) fn seconds_of_nanos(nanos: u128) -> f64 {
    ((nanos + 500) / 1_000) as f64 / 1e6
}

/// Returns `part / whole` rounded to nine decimals, so that it is read back from a file as it was
/// written; none of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole * 1e9).round() / 1e9)
}

/// Returns the mean of `count` samples in seconds; none of no samples.
pub(super) fn mean_seconds(sum_nanos: u128, count: u64) -> Option<f64> {
    (count > 0).then(|| seconds_of_nanos(sum_nanos / u128::from(count)))
}

/// Quantiles of a time in seconds. A quantile p is the smallest sample that at least p per cent of
/// the samples do not exceed. Everything but `n` is absent when there are no samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Unit of all figures but `n`: always `s`.
    pub unit: String,
    /// Number of samples.
    pub n: u64,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Least.
    pub min: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90 % quantile.
    pub p90: Option<f64>,
    /// 95 % quantile.
    pub p95: Option<f64>,
    /// 99 % quantile.
    pub p99: Option<f64>,
    /// Greatest.
    pub max: Option<f64>,
    /// `exact`, or `histogram` (three significant digits) for many samples.
    pub method: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut samples = Samples::default();
        for seconds in (1..=100).rev() {
            samples.add(SimDuration::from_secs(seconds));
        }
        let latency = samples.latency();
        assert_eq!(latency.n, 100);
        assert_eq!(latency.p50, Some(50.0));
        assert_eq!(latency.p90, Some(90.0));
        assert_eq!(latency.p95, Some(95.0));
        assert_eq!(latency.p99, Some(99.0));
        assert_eq!(latency.max, Some(100.0));
        assert_eq!(latency.min, Some(1.0));
        assert_eq!(latency.mean, Some(50.5));
        assert_eq!(latency.method, "exact");
    }

    #[test]
    fn of_three_samples_the_second_is_the_median_and_the_third_every_high_quantile() {
        let mut samples = Samples::default();
        for seconds in [7, 3, 5] {
            samples.add(SimDuration::from_secs(seconds));
        }
        let latency = samples.latency();
        assert_eq!((latency.p50, latency.p90, latency.p99), (Some(5.0), Some(7.0), Some(7.0)));
    }

    #[test]
    fn no_samples_have_no_figures() {
        let latency = Samples::default().latency();
        assert_eq!(latency.n, 0);
        assert_eq!((latency.mean, latency.min, latency.p50, latency.max), (None, None, None, None));
    }

    #[test]
    fn folding_keeps_three_digits_and_everything_exact_that_can_be() {
        let spans = |n: u64| (1..=n).map(|i| SimDuration::from_micros(i * i * 37));
        let (mut folded, mut exact) = (Samples::with_limit(100), Samples::default());
        for span in spans(20_000) {
            folded.add(span);
            exact.add(span);
        }
        let (folded, exact) = (folded.latency(), exact.latency());
        assert_eq!(folded.method, "histogram");
        assert_eq!((folded.mean, folded.min, folded.max), (exact.mean, exact.min, exact.max));
        for (near, true_value) in
            [(folded.p50, exact.p50), (folded.p90, exact.p90), (folded.p99, exact.p99)]
        {
            let (near, true_value) = (near.unwrap(), true_value.unwrap());
            assert!((near - true_value).abs() <= true_value * 1e-3, "{near} {true_value}");
        }
    }
}
