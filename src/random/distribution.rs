//! Distributions of sizes, times and counts, sampled by their quantile.

use rand::Rng;
use thiserror::Error;

use super::{Draw, Empirical, normal_quantile};
use crate::units::{Octets, SimDuration};

/// A distribution over real numbers. The unit (seconds, octets) is the caller's.
///
/// Build it from checked parameters, or check it with [`Distribution::check`]: samples of parameters
/// out of range are meaningless.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// Equally likely between `low` and `high`.
    Uniform {
        /// The smallest value.
        low: f64,
        /// The largest value, not below `low`.
        high: f64,
    },
    /// Times without memory.
    Exponential {
        /// The mean, above zero.
        mean: f64,
    },
    /// The logarithm is normal: many small values, a few very large ones.
    LogNormal {
        /// The median, above zero.
        median: f64,
        /// The standard deviation of the natural logarithm, not negative.
        sigma: f64,
    },
    /// The normal distribution; it has negative values too.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, not negative.
        standard_deviation: f64,
    },
    /// A power law: P(X > x) = (minimum / x)^shape.
    Pareto {
        /// The smallest value, above zero.
        minimum: f64,
        /// The tail exponent, above zero; the mean is finite only above 1.
        shape: f64,
    },
    /// P(X > x) = exp(-(x / scale)^shape); life times that age (shape above 1) or settle (below 1).
    Weibull {
        /// The value exceeded with probability 1/e, above zero.
        scale: f64,
        /// The shape, above zero.
        shape: f64,
    },
    /// Values as observed, with weights.
    Empirical(Empirical),
}

/// A distribution whose parameters make no sense.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// A parameter is out of its range.
    #[error("{parameter} = {found} is out of range; it must be {accepted}")]
    OutOfRange {
        /// The name of the parameter.
        parameter: &'static str,
        /// Its value.
        found: f64,
        /// The range in words.
        accepted: &'static str,
    },
    /// The bounds of a uniform distribution are the wrong way round.
    #[error("low = {low} is above high = {high}; swap them")]
    BoundsSwapped {
        /// The lower bound given.
        low: f64,
        /// The upper bound given.
        high: f64,
    },
    /// An empirical distribution has no value, or none with a weight above zero.
    #[error("no value has a weight above zero; give at least one value")]
    NothingToDraw,
    /// Values and weights do not pair up.
    #[error("{values} values have {weights} weights; give one weight for each value")]
    WeightsDoNotMatch {
        /// The number of values.
        values: usize,
        /// The number of weights.
        weights: usize,
    },
}

impl Distribution {
    /// Returns observed `values`, drawn in proportion to `weights`; without weights all alike.
    ///
    /// # Errors
    /// As [`Empirical::new`].
    pub fn empirical(values: Vec<f64>, weights: &[f64]) -> Result<Self, DistributionError> {
        Empirical::new(values, weights).map(Self::Empirical)
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// When a parameter is out of its range or no number; the message names it.
    pub fn check(&self) -> Result<(), DistributionError> {
        match *self {
            Self::Constant(value) => finite("value", value),
            Self::Uniform { low, high } => {
                finite("low", low)?;
                finite("high", high)?;
                if low > high {
                    return Err(DistributionError::BoundsSwapped { low, high });
                }
                Ok(())
            }
            Self::Exponential { mean } => positive("mean", mean),
            Self::LogNormal { median, sigma } => {
                positive("median", median)?;
                not_negative("sigma", sigma)
            }
            Self::Normal { mean, standard_deviation } => {
                finite("mean", mean)?;
                not_negative("standard_deviation", standard_deviation)
            }
            Self::Pareto { minimum, shape } => {
                positive("minimum", minimum)?;
                positive("shape", shape)
            }
            Self::Weibull { scale, shape } => {
                positive("scale", scale)?;
                positive("shape", shape)
            }
            Self::Empirical(_) => Ok(()),
        }
    }

    /// Returns the value that is not exceeded with probability `p`, for `p` between 0 and 1.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low + (high - low) * p,
            Self::Exponential { mean } => -mean * libm::log1p(-p),
            Self::LogNormal { median, sigma } if *sigma == 0.0 => *median,
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * normal_quantile(p)),
            Self::Normal { mean, standard_deviation } if *standard_deviation == 0.0 => *mean,
            Self::Normal { mean, standard_deviation } => {
                mean + standard_deviation * normal_quantile(p)
            }
            Self::Pareto { minimum, shape } => minimum * libm::exp(-libm::log1p(-p) / shape),
            Self::Weibull { scale, shape } => scale * libm::pow(-libm::log1p(-p), 1.0 / shape),
            Self::Empirical(empirical) => empirical.quantile(p),
        }
    }

    /// Draws a value. It takes exactly one word of the generator, a constant takes one too, so that
    /// the draws behind it stay the same whatever the distribution.
    pub fn sample<R: Rng + ?Sized>(&self, generator: &mut R) -> f64 {
        self.quantile(generator.interior_unit_f64())
    }

    /// Draws a span of time, with values taken as seconds; negative values become zero.
    pub fn sample_duration<R: Rng + ?Sized>(&self, generator: &mut R) -> SimDuration {
        SimDuration::from_secs_f64(self.sample(generator))
    }

    /// Draws a size, with values taken as octets, rounded; negative values become zero.
    pub fn sample_octets<R: Rng + ?Sized>(&self, generator: &mut R) -> Octets {
        Octets::from_f64(self.sample(generator))
    }

    /// Returns the mean, or `None` when it is infinite.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let mean = match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Exponential { mean } | Self::Normal { mean, .. } => *mean,
            Self::LogNormal { median, sigma } => median * libm::exp(0.5 * sigma * sigma),
            Self::Pareto { minimum, shape } if *shape > 1.0 => minimum * shape / (shape - 1.0),
            Self::Pareto { .. } => return None,
            Self::Weibull { scale, shape } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::Empirical(empirical) => empirical.mean(),
        };
        mean.is_finite().then_some(mean)
    }
}

pub(super) fn finite(parameter: &'static str, found: f64) -> Result<(), DistributionError> {
    accept(found.is_finite(), parameter, found, "a finite number")
}

fn positive(parameter: &'static str, found: f64) -> Result<(), DistributionError> {
    accept(found.is_finite() && found > 0.0, parameter, found, "above zero")
}

pub(super) fn not_negative(parameter: &'static str, found: f64) -> Result<(), DistributionError> {
    accept(found.is_finite() && found >= 0.0, parameter, found, "zero or above")
}

fn accept(
    accepted: bool,
    parameter: &'static str,
    found: f64,
    range: &'static str,
) -> Result<(), DistributionError> {
    if accepted {
        return Ok(());
    }
    Err(DistributionError::OutOfRange { parameter, found, accepted: range })
}

#[cfg(test)]
mod tests;
