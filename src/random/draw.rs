//! What is made of random words: numbers, choices and shuffles.

use rand::Rng;

use crate::units::{Probability, SimDuration};

/// Draws on any generator, computed here so that no release of a library changes them.
///
/// Each draw but [`Draw::below`] and what rests on it takes exactly one word of 64 bits.
pub trait Draw: Rng {
    /// Returns one of the 2^53 equally spaced numbers in [0, 1).
    fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * UNIT_STEP
    }

    /// Returns one of the 2^53 equally spaced numbers in (0, 1].
    fn open_unit_f64(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * UNIT_STEP
    }

    /// Returns one of the 2^52 equally spaced numbers in (0, 1), symmetric about one half. This is
    /// the probability at which a distribution's quantile is taken.
    fn interior_unit_f64(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (2.0 * UNIT_STEP)
    }

    /// Returns an integer below `bound`, each equally likely, by Lemire's method ("Fast Random
    /// Integer Generation in an Interval", 2019): the high word of a product, with a rejection that
    /// happens with probability below `bound` / 2^64.
    ///
    /// # Panics
    /// When `bound` is zero.
    fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no integer below zero to draw");
        let rejected_below = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= rejected_below {
                return (product >> 64) as u64;
            }
        }
    }

    /// Returns whether something of probability `probability` happens. It takes a word even if that
    /// is certain, so that the draws behind it stay the same.
    fn chance(&mut self, probability: Probability) -> bool {
        self.unit_f64() < probability.get()
    }

    /// Returns a span from `low` to `high`, both included, each nanosecond equally likely.
    ///
    /// # Panics
    /// When `high` is shorter than `low`.
    fn duration_between(&mut self, low: SimDuration, high: SimDuration) -> SimDuration {
        assert!(low <= high, "the shortest span is not longer than the longest");
        match high.saturating_sub(low).as_nanos().checked_add(1) {
            Some(choices) => low + SimDuration::from_nanos(self.below(choices)),
            None => SimDuration::from_nanos(self.next_u64()),
        }
    }

    /// Returns one of `items`, each equally likely, or `None` when there are none.
    fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            return None;
        }
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts `items` into random order, each order equally likely (Fisher and Yates, from the end).
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

impl<R: Rng + ?Sized> Draw for R {}

/// 2^-53.
const UNIT_STEP: f64 = 1.0 / (1u64 << 53) as f64;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rand::TryRng;

    use super::Draw;
    use crate::random::{Purpose, Streams};
    use crate::units::{Probability, SimDuration};

    /// Gives out the same word always.
    struct Fixed(u64);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(self.0 as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.fill(self.0 as u8);
            Ok(())
        }
    }

    #[test]
    fn units_keep_to_their_ends() {
        assert_eq!(Fixed(0).unit_f64(), 0.0);
        assert!(Fixed(u64::MAX).unit_f64() < 1.0);
        assert!(Fixed(0).open_unit_f64() > 0.0);
        assert_eq!(Fixed(u64::MAX).open_unit_f64(), 1.0);
        let (low, high) = (Fixed(0).interior_unit_f64(), Fixed(u64::MAX).interior_unit_f64());
        assert!(low > 0.0 && high < 1.0);
        assert_eq!(low, 1.0 - high);
        assert!(Fixed(u64::MAX).chance(Probability::ONE) && !Fixed(0).chance(Probability::ZERO));
    }

    /// Asserts that `counts` come from equally likely choices. With k choices the statistic has mean
    /// k - 1 and variance 2(k - 1); five standard errors leave one false alarm in far above 10^4.
    fn assert_uniform(counts: &[u64]) {
        let (total, choices) = (counts.iter().sum::<u64>() as f64, counts.len() as f64);
        let expected = total / choices;
        let squares =
            counts.iter().map(|count| (*count as f64 - expected) * (*count as f64 - expected));
        let statistic = squares.sum::<f64>() / expected;
        let (mean, deviation) = (choices - 1.0, (2.0 * (choices - 1.0)).sqrt());
        assert!((statistic - mean).abs() < 5.0 * deviation, "{statistic} for {counts:?}");
    }

    #[test]
    fn integers_below_a_bound_are_equally_likely() {
        let mut stream = Streams::new(1, 0).stream(Purpose::Other("test/below"), 0);
        for bound in [2usize, 7, 100] {
            let mut counts = vec![0u64; bound];
            for _ in 0..20_000 {
                counts[stream.below(bound as u64) as usize] += 1;
            }
            assert_uniform(&counts);
        }
        assert_eq!(stream.below(1), 0);
    }

    #[test]
    fn a_large_bound_is_unbiased() {
        let mut stream = Streams::new(2, 0).stream(Purpose::Other("test/below"), 0);
        // Below 3·2^62 the high word of the product alone would give 0 twice as often as 1 or 2
        // modulo 3; only the rejection mends that.
        let mut counts = [0u64; 3];
        for _ in 0..30_000 {
            counts[(stream.below(3 << 62) % 3) as usize] += 1;
        }
        assert_uniform(&counts);
    }

    #[test]
    fn all_orders_are_equally_likely() {
        let mut stream = Streams::new(3, 0).stream(Purpose::Other("test/shuffle"), 0);
        let mut counts = [0u64; 24];
        for _ in 0..24_000 {
            let mut items = [0usize, 1, 2, 3];
            stream.shuffle(&mut items);
            // The number of the order in factorial base.
            let smaller =
                |at: usize| items[at + 1..].iter().filter(|item| **item < items[at]).count();
            counts[smaller(0) * 6 + smaller(1) * 2 + smaller(2)] += 1;
        }
        assert_uniform(&counts);
    }

    #[test]
    fn spans_and_choices_stay_within_their_bounds() {
        let mut stream = Streams::new(4, 0).stream(Purpose::Other("test/span"), 0);
        let (low, high) = (SimDuration::from_nanos(3), SimDuration::from_nanos(6));
        let mut counts = [0u64; 4];
        for _ in 0..8_000 {
            counts[(stream.duration_between(low, high).as_nanos() - 3) as usize] += 1;
        }
        assert_uniform(&counts);
        assert_eq!(stream.duration_between(high, high), high);
        stream.duration_between(SimDuration::ZERO, SimDuration::MAX);
        assert_eq!(stream.choose::<u8>(&[]), None);
        assert_eq!(stream.choose(&[5]), Some(&5));
    }
}
