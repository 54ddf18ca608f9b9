//! A mean with its interval.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::student::student_quantile;

/// Two ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Returns whether `value` lies within, ends included.
    #[must_use]
    pub fn covers(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns half the width.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The mean of independent values, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Number of values.
    pub n: u64,
    /// Their mean; absent if there are none.
    pub mean: Option<f64>,
    /// Standard error of the mean; absent for fewer than two values.
    pub standard_error: Option<f64>,
    /// Student-t interval of the mean; absent for fewer than two values.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// Returns the estimate from independent values with an interval of the given confidence,
    /// between 0 and 1.
    #[must_use]
    pub fn of(values: &[f64], confidence: f64) -> Self {
        let moments = Moments::of(values);
        let standard_error = moments.standard_error();
        let interval = match (moments.mean(), standard_error) {
            (Some(mean), Some(error)) => {
                let freedom = (moments.n() - 1) as f64;
                // Equal values need no quantile, and there may be many of them.
                let half = match error {
                    0.0 => 0.0,
                    _ => student_quantile((1.0 + confidence) / 2.0, freedom) * error,
                };
                Some(Interval { low: mean - half, high: mean + half })
            }
            _ => None,
        };
        Self { n: moments.n(), mean: moments.mean(), standard_error, interval }
    }
}
