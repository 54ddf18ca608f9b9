//! From where on does something hold: 'from which length of the outage on is more than 1 % lost?'
//!
//! A figure's mean over replications is looked at along a quantity, at the points of a grid. All points
//! share their random numbers, replication by replication, so that the mean climbs (or falls) along the grid
//! as smoothly as the model allows, and the first point from which it is beyond a bound is found by
//! bisection.
//!
//! # The interval
//! The threshold is the place where the expected value is the bound. A place is in its interval if the
//! interval of the mean there covers the bound: the interval of the mean is turned round. Its lower end is
//! the last point at which the mean is surely not beyond, its upper end the first at which it surely is.
//! That covers the threshold as often as the intervals of means cover their means, and a step of the grid
//! more often.
//!
//! # Limits
//! Bisection takes it that the figure grows, or falls, along the quantity. Nine points evenly along the way are
//! looked at first: where they, or others, contradict that, the answer says so.

use std::collections::BTreeMap;

use crate::statistics::{Estimate, Interval};

/// Parts of the way that are looked at first.
const PARTS: u64 = 8;

/// On which side of the bound a figure is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// Above it.
    Above,
    /// At it or above.
    AtLeast,
    /// Below it.
    Below,
    /// At it or below.
    AtMost,
}

impl Beyond {
    /// Returns whether a value is on this side of the bound.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
        }
    }

    /// Returns the end of an interval that is furthest on this side, and the other one.
    fn ends(self, interval: Interval) -> (f64, f64) {
        match self {
            Self::Above | Self::AtLeast => (interval.high, interval.low),
            Self::Below | Self::AtMost => (interval.low, interval.high),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The first point of the grid at which the mean is beyond the bound; none: at no point.
    pub first: Option<u64>,
    /// The last point before the first at which the mean may be beyond it: the lower end of the interval of
    /// the threshold. None: it may be at the first point already.
    pub surely_not: Option<u64>,
    /// The first point at which it surely is: the upper end. None: at no point is it sure.
    pub surely: Option<u64>,
    /// All points that were looked at, with the mean there.
    pub seen: BTreeMap<u64, Estimate>,
    /// Whether the points contradict a figure that grows, or falls, all along.
    pub wavers: bool,
}

/// Finds the threshold among the points 0 to `last` of a grid. `values` returns the figure at a point, a
/// value for each replication, always of the same replications.
///
/// # Errors
/// The first error of `values`.
pub fn find_threshold<E>(
    last: u64,
    (beyond, bound): (Beyond, f64),
    confidence: f64,
    mut values: impl FnMut(u64) -> Result<Vec<f64>, E>,
) -> Result<Threshold, E> {
    let mut seen: BTreeMap<u64, Estimate> = BTreeMap::new();
    // A few points evenly along the way show what the figure does, and whether it goes up and down.
    for part in 0..=PARTS {
        let at = (u128::from(last) * u128::from(part) / u128::from(PARTS)) as u64;
        if let std::collections::btree_map::Entry::Vacant(place) = seen.entry(at) {
            place.insert(Estimate::of(&values(at)?, confidence));
        }
    }
    let mut first_where = |holds: &dyn Fn(&Estimate) -> bool| -> Result<Option<u64>, E> {
        let mut look = |at: u64| -> Result<bool, E> {
            let estimate = match seen.get(&at) {
                Some(known) => *known,
                None => Estimate::of(&values(at)?, confidence),
            };
            seen.insert(at, estimate);
            Ok(holds(&estimate))
        };
        if !look(last)? {
            return Ok(None);
        }
        if look(0)? {
            return Ok(Some(0));
        }
        // It does not hold at the one, and holds at the other.
        let (mut without, mut with) = (0, last);
        while with - without > 1 {
            let middle = without + (with - without) / 2;
            if look(middle)? {
                with = middle;
            } else {
                without = middle;
            }
        }
        Ok(Some(with))
    };
    let mean = |one: &Estimate| one.mean.is_some_and(|mean| beyond.holds(mean, bound));
    let first = first_where(&mean)?;
    let far = |one: &Estimate| one.interval.map_or(one.mean, |it| Some(beyond.ends(it).0));
    let may = first_where(&|one| far(one).is_some_and(|end| beyond.holds(end, bound)))?;
    let near = |one: &Estimate| one.interval.map(|it| beyond.ends(it).1);
    let surely = first_where(&|one| near(one).is_some_and(|end| beyond.holds(end, bound)))?;
    let after = first.unwrap_or(u64::MAX);
    let sure = |one: &Estimate| near(one).is_some_and(|end| beyond.holds(end, bound));
    let sure_not = |one: &Estimate| far(one).is_some_and(|end| !beyond.holds(end, bound));
    let wavers =
        seen.iter().any(|(&at, one)| (at < after && sure(one)) || (at > after && sure_not(one)));
    let surely_not = match may {
        // Nowhere may it be beyond: the last point is surely not.
        None => Some(last),
        Some(may) => may.checked_sub(1),
    };
    Ok(Threshold { first, surely_not, surely, seen, wavers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Draw, Purpose, Streams};

    fn exactly(last: u64, at: u64) -> Threshold {
        let step = |point: u64| Ok::<_, ()>(vec![f64::from(u8::from(point >= at)); 3]);
        find_threshold(last, (Beyond::Above, 0.5), 0.95, step).unwrap()
    }

    #[test]
    fn a_step_without_chance_is_found_where_it_is() {
        for at in [1, 2, 37, 99, 100] {
            let found = exactly(100, at);
            assert_eq!((found.first, found.surely_not), (Some(at), Some(at - 1)), "{at}");
            assert_eq!((found.surely, found.wavers), (Some(at), false), "{at}");
            assert!(found.seen.len() <= 16, "bisection looks at few points: {}", found.seen.len());
        }
        assert_eq!(exactly(100, 0).first, Some(0));
        assert_eq!(exactly(100, 0).surely_not, None);
        let never = exactly(100, 101);
        assert_eq!((never.first, never.surely_not, never.surely), (None, Some(100), None));
    }

    #[test]
    fn a_figure_that_falls_is_looked_at_from_below() {
        let falls = |point: u64| Ok::<_, ()>(vec![10.0 - point as f64; 2]);
        let found = find_threshold(20, (Beyond::Below, 4.5), 0.95, falls).unwrap();
        assert_eq!(found.first, Some(6));
    }

    #[test]
    fn a_bound_may_belong_to_what_is_asked_for() {
        let climbs = |point: u64| Ok::<_, ()>(vec![point as f64; 2]);
        let first = |beyond| find_threshold(20, (beyond, 7.0), 0.95, climbs).unwrap().first;
        assert_eq!((first(Beyond::Above), first(Beyond::AtLeast)), (Some(8), Some(7)));
        let falls = |point: u64| Ok::<_, ()>(vec![20.0 - point as f64; 2]);
        let first = |beyond| find_threshold(20, (beyond, 7.0), 0.95, falls).unwrap().first;
        assert_eq!((first(Beyond::Below), first(Beyond::AtMost)), (Some(14), Some(13)));
    }

    #[test]
    fn a_figure_that_goes_up_and_down_is_told() {
        let hill = |point: u64| Ok::<_, ()>(vec![if point == 50 { 0.0 } else { point as f64 }; 2]);
        let found = find_threshold(100, (Beyond::Above, 20.0), 0.95, hill).unwrap();
        assert!(found.wavers, "{found:?}");
    }

    /// A figure that grows by a hundredth at each point, with noise that the points of a replication share
    /// (as common random numbers do) and some of their own: the threshold is the 60th part of the way, and
    /// the interval covers it as often as it claims. Of 600 repetitions at 90 %, four standard errors are
    /// 4.9 %; the step of the grid may only add.
    #[test]
    fn the_interval_covers_the_threshold_as_often_as_it_claims() {
        const REPETITIONS: u64 = 600;
        const TRUE_POINT: f64 = 60.3;
        let mut covered = 0;
        for repetition in 0..REPETITIONS {
            let normal = |number: u64, purpose: Purpose| {
                let mut stream = Streams::new(repetition, 7).stream(purpose, number);
                (0..12).map(|_| stream.unit_f64()).sum::<f64>() - 6.0
            };
            let value = |point: u64, replication: u64| {
                let shared = normal(replication, Purpose::BestDesign);
                let own = normal(1_000 + replication * 1_000 + point, Purpose::BestDesign);
                point as f64 / 100.0 + 0.05 * shared + 0.01 * own
            };
            let values = |point| Ok::<_, ()>((0..8).map(|it| value(point, it)).collect());
            let bound = TRUE_POINT / 100.0;
            let found = find_threshold(120, (Beyond::Above, bound), 0.90, values).unwrap();
            let low = found.surely_not.map_or(-1.0, |point| point as f64);
            let high = found.surely.map_or(f64::INFINITY, |point| point as f64);
            covered += u64::from(low <= TRUE_POINT && TRUE_POINT <= high);
        }
        let share = covered as f64 / REPETITIONS as f64;
        assert!((0.851..=0.97).contains(&share), "{share}");
    }
}
