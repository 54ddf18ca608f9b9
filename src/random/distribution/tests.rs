//! Samples against the theory.

use super::{Distribution, DistributionError};
use crate::random::{Purpose, Streams};
use crate::units::SimDuration;

const DRAWS: usize = 20_000;

fn samples(distribution: &Distribution, key: u64) -> Vec<f64> {
    let mut stream = Streams::new(7, 0).stream(Purpose::Other("test/distribution"), key);
    (0..DRAWS).map(|_| distribution.sample(&mut stream)).collect()
}

/// Asserts that samples follow the distribution function `below` (Kolmogorov-Smirnov). The
/// scaled statistic exceeds 1.95 with probability 0.001.
fn assert_follows(distribution: Distribution, key: u64, below: impl Fn(f64) -> f64) {
    distribution.check().expect("the parameters are in range");
    let mut samples = samples(&distribution, key);
    samples.sort_by(f64::total_cmp);
    let count = DRAWS as f64;
    let distance = samples.iter().enumerate().map(|(at, sample)| {
        let (rank, p) = (at as f64, below(*sample));
        (p - rank / count).abs().max(((rank + 1.0) / count - p).abs())
    });
    let statistic = distance.fold(0.0, f64::max) * count.sqrt();
    assert!(statistic < 1.95, "{distribution:?}: {statistic}");
}

/// Asserts that the sample mean lies within four standard errors of the theoretical mean, the
/// error taken from the theoretical `deviation`.
fn assert_mean(distribution: Distribution, key: u64, deviation: f64) {
    let samples = samples(&distribution, key);
    let mean = samples.iter().sum::<f64>() / DRAWS as f64;
    let theory = distribution.mean().expect("the mean is finite");
    let error = deviation / (DRAWS as f64).sqrt();
    assert!((mean - theory).abs() < 4.0 * error, "{distribution:?}: {mean} against {theory}");
}

fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[test]
fn samples_follow_the_theory() {
    let uniform = Distribution::Uniform { low: 2.0, high: 5.0 };
    assert_follows(uniform, 0, |x| (x - 2.0) / 3.0);
    let exponential = Distribution::Exponential { mean: 4.0 };
    assert_follows(exponential, 1, |x| 1.0 - libm::exp(-x / 4.0));
    let log_normal = Distribution::LogNormal { median: 75_000.0, sigma: 1.2 };
    assert_follows(log_normal, 2, |x| normal_below(libm::log(x / 75_000.0) / 1.2));
    let normal = Distribution::Normal { mean: -3.0, standard_deviation: 2.0 };
    assert_follows(normal, 3, |x| normal_below((x + 3.0) / 2.0));
    let pareto = Distribution::Pareto { minimum: 10.0, shape: 1.5 };
    assert_follows(pareto, 4, |x| 1.0 - libm::pow(10.0 / x, 1.5));
    let weibull = Distribution::Weibull { scale: 100.0, shape: 0.7 };
    assert_follows(weibull, 5, |x| 1.0 - libm::exp(-libm::pow(x / 100.0, 0.7)));
}

#[test]
fn means_are_those_of_the_theory() {
    assert_mean(Distribution::Uniform { low: 2.0, high: 5.0 }, 0, 3.0 / 12f64.sqrt());
    assert_mean(Distribution::Exponential { mean: 4.0 }, 1, 4.0);
    // Variance of the log-normal: (exp(s^2) - 1) exp(s^2) median^2.
    let spread = libm::exp(0.25);
    let deviation = 10.0 * ((spread - 1.0) * spread).sqrt();
    assert_mean(Distribution::LogNormal { median: 10.0, sigma: 0.5 }, 2, deviation);
    // Variance of the Pareto: a m^2 / ((a - 1)^2 (a - 2)).
    let deviation = (5.0f64 / (16.0 * 3.0)).sqrt();
    assert_mean(Distribution::Pareto { minimum: 1.0, shape: 5.0 }, 4, deviation);
    // Variance of the Weibull of shape 2: scale^2 (1 - pi/4).
    let deviation = 3.0 * (1.0 - std::f64::consts::FRAC_PI_4).sqrt();
    assert_mean(Distribution::Weibull { scale: 3.0, shape: 2.0 }, 5, deviation);
    assert_eq!(Distribution::Pareto { minimum: 1.0, shape: 1.0 }.mean(), None);
}

#[test]
fn observed_values_come_in_proportion_to_their_weights() {
    let empirical = Distribution::empirical(vec![30.0, 10.0, 20.0, 99.0], &[1.0, 2.0, 5.0, 0.0]);
    let empirical = empirical.expect("values and weights pair up");
    let samples = samples(&empirical, 6);
    for (value, p) in [(10.0, 0.25), (20.0, 0.625), (30.0, 0.125), (99.0, 0.0)] {
        let share = samples.iter().filter(|sample| **sample == value).count() as f64 / DRAWS as f64;
        let error = (p * (1.0f64 - p) / DRAWS as f64).sqrt();
        assert!((share - p).abs() <= 4.0 * error, "{value}: {share}");
    }
    assert_eq!(empirical.mean(), Some(18.75));
    let alike = Distribution::empirical(vec![1.0, 3.0], &[]).expect("two values");
    assert_eq!((alike.mean(), alike.quantile(0.49), alike.quantile(0.51)), (Some(2.0), 1.0, 3.0));
}

#[test]
fn parameters_out_of_range_are_named() {
    let message = |it: Distribution| it.check().expect_err("out of range").to_string();
    let exponential = Distribution::Exponential { mean: 0.0 };
    assert_eq!(message(exponential), "mean = 0 is out of range; it must be above zero");
    let log_normal = Distribution::LogNormal { median: 1.0, sigma: -1.0 };
    assert!(message(log_normal).contains("sigma"));
    assert!(message(Distribution::Uniform { low: 2.0, high: 1.0 }).contains("swap them"));
    assert!(message(Distribution::Constant(f64::NAN)).contains("a finite number"));
    let nothing = Distribution::empirical(vec![1.0], &[0.0]);
    assert_eq!(nothing, Err(DistributionError::NothingToDraw));
    let unpaired = Distribution::empirical(vec![1.0], &[1.0, 2.0]).expect_err("unpaired");
    assert!(unpaired.to_string().contains("one weight for each value"));
}

#[test]
fn spans_and_constants() {
    let mut stream = Streams::new(7, 0).stream(Purpose::Other("test/span"), 0);
    let constant = Distribution::Constant(1.5);
    assert_eq!(constant.sample_duration(&mut stream), SimDuration::from_millis(1_500));
    let negative = Distribution::Constant(-2.0);
    assert_eq!(negative.sample_duration(&mut stream), SimDuration::ZERO);
    let exact = Distribution::LogNormal { median: 3.0, sigma: 0.0 };
    assert_eq!(exact.sample(&mut stream), 3.0);
}
