//! Mean and variance of values as they come.

/// Number, mean and sum of squares about the mean (Welford's recurrence, which does not lose the
/// variance of large values to rounding). The order of adding matters in the last digits, so values
/// are added in order of their replication.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Returns the moments of `values`.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut moments = Self::default();
        for &value in values {
            moments.add(value);
        }
        moments
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// Returns the number of values.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Returns the mean; none of no values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// Returns the unbiased variance; none of fewer than two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares / (self.n - 1) as f64)
    }

    /// Returns the standard error of the mean; none of fewer than two values.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.variance().map(|variance| (variance / self.n as f64).sqrt())
    }
}

/// Returns the unbiased covariance of pairs; none of fewer than two.
#[must_use]
pub fn covariance(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 2 {
        return None;
    }
    let (mut mean_a, mut mean_b, mut products) = (0.0, 0.0, 0.0);
    for (before, &(a, b)) in pairs.iter().enumerate() {
        let from_mean = a - mean_a;
        let n = (before + 1) as f64;
        mean_a += from_mean / n;
        mean_b += (b - mean_b) / n;
        products += from_mean * (b - mean_b);
    }
    Some(products / (pairs.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_handful_are_those_of_the_definition() {
        let moments = Moments::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(moments.mean(), Some(5.0));
        assert!((moments.variance().unwrap() - 32.0 / 7.0).abs() < 1e-14);
        assert!((moments.standard_error().unwrap() - (4.0_f64 / 7.0).sqrt()).abs() < 1e-14);
        assert_eq!(Moments::of(&[3.0]).variance(), None);
        assert_eq!(Moments::of(&[]).mean(), None);
    }

    #[test]
    fn equal_values_have_no_variance_at_all() {
        assert_eq!(Moments::of(&[0.1; 13]).variance(), Some(0.0));
    }

    #[test]
    fn large_values_keep_their_variance() {
        let moments = Moments::of(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!(moments.variance(), Some(30.0));
    }

    #[test]
    fn covariance_of_a_variable_with_itself_is_its_variance() {
        let values = [1.0, 4.0, 2.0, 8.0];
        let pairs: Vec<_> = values.iter().map(|&v| (v, v)).collect();
        let variance = Moments::of(&values).variance().unwrap();
        assert!((covariance(&pairs).unwrap() - variance).abs() < 1e-14);
        let mirrored: Vec<_> = values.iter().map(|&v| (v, -v)).collect();
        assert!((covariance(&mirrored).unwrap() + variance).abs() < 1e-14);
        assert_eq!(covariance(&[(1.0, 1.0)]), None);
    }
}
