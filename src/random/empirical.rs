//! Values as observed, drawn by weight.

use super::DistributionError;
use super::distribution::{finite, not_negative};

/// Observed values with weights, prepared for drawing. Made by [`Empirical::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical {
    values: Vec<f64>,
    /// The weight of the values up to each one.
    cumulative: Vec<f64>,
}

impl Empirical {
    /// Returns observed `values`, drawn in proportion to `weights`; without weights all alike.
    ///
    /// # Errors
    /// When a value or weight is no number, a weight is negative, their numbers differ, or no value
    /// has a weight above zero.
    pub fn new(values: Vec<f64>, weights: &[f64]) -> Result<Self, DistributionError> {
        if !weights.is_empty() && weights.len() != values.len() {
            let (values, weights) = (values.len(), weights.len());
            return Err(DistributionError::WeightsDoNotMatch { values, weights });
        }
        values.iter().try_for_each(|value| finite("value", *value))?;
        weights.iter().try_for_each(|weight| not_negative("weight", *weight))?;
        let mut pairs: Vec<(f64, f64)> = values
            .into_iter()
            .enumerate()
            .map(|(at, value)| (value, weights.get(at).copied().unwrap_or(1.0)))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        // Sorted, so that the quantile is one and the order of the observations does not matter.
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut total = 0.0;
        let cumulative = pairs.iter().map(|(_, weight)| {
            total += weight;
            total
        });
        let cumulative: Vec<f64> = cumulative.collect();
        if pairs.is_empty() {
            return Err(DistributionError::NothingToDraw);
        }
        finite("sum of the weights", total)?;
        Ok(Self { values: pairs.into_iter().map(|(value, _)| value).collect(), cumulative })
    }

    fn total(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or(0.0)
    }

    pub(super) fn quantile(&self, p: f64) -> f64 {
        let target = p * self.total();
        let at = self.cumulative.partition_point(|weight| *weight <= target);
        self.values[at.min(self.values.len() - 1)]
    }

    pub(super) fn mean(&self) -> f64 {
        let before = std::iter::once(0.0).chain(self.cumulative.iter().copied());
        let weights = self.cumulative.iter().zip(before).map(|(upto, before)| upto - before);
        self.values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>()
            / self.total()
    }
}
