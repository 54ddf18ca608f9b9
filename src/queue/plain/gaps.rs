//! When the next attempt follows a failed one: a list of gaps, a list of ages, or a formula.

use crate::units::{SimDuration, SimTime};

use super::super::ArrivalTime;

/// Which of the three ways of stating a schedule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `list` holds the gap after the first, second, ... failure.
    Gaps,
    /// `list` holds the ages of the second, third, ... attempt.
    Offsets,
    /// The gap after the n-th failure is `first` times `factor` to the power of n - 1.
    Growing,
}

/// A schedule of attempts for one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaps {
    /// How it is stated.
    pub form: Form,
    /// Gaps or ages, for these two forms.
    pub list: Vec<SimDuration>,
    /// Whether the last gap repeats for ever; if not, the message is returned when the list ends.
    /// Of ages, the distance of the last two repeats.
    pub repeats: bool,
    /// The first gap of the formula.
    pub first: SimDuration,
    /// Growth of the gap from one failure to the next.
    pub factor: f64,
    /// Whether the power of the factor is cut to a whole number before it is multiplied.
    pub whole_factor: bool,
    /// Greatest gap of the formula; none: no limit.
    pub longest: Option<SimDuration>,
}

/// What has happened to a message so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    /// When it came.
    pub(super) arrived: ArrivalTime,
    /// The moment from which a gap counts.
    pub(super) from: SimTime,
    /// Now.
    pub(super) now: SimTime,
    /// Failed attempts, from 1.
    pub(super) failures: u32,
}

impl Gaps {
    fn of(form: Form, list: Vec<SimDuration>, repeats: bool) -> Self {
        Self {
            form,
            list,
            repeats,
            first: SimDuration::from_minutes(30),
            factor: 1.0,
            whole_factor: false,
            longest: None,
        }
    }

    /// Returns a schedule of these gaps whose last one repeats.
    #[must_use]
    pub fn repeating(gaps: Vec<SimDuration>) -> Self {
        Self::of(Form::Gaps, gaps, true)
    }

    /// Returns a schedule of these gaps; a message that fails once more after them is returned.
    #[must_use]
    pub fn ending(gaps: Vec<SimDuration>) -> Self {
        Self::of(Form::Gaps, gaps, false)
    }

    /// Returns a schedule whose gaps grow from `first` by `factor`.
    #[must_use]
    pub fn growing(first: SimDuration, factor: f64) -> Self {
        Self { first, factor, ..Self::of(Form::Growing, Vec::new(), true) }
    }

    /// Returns whether the list ends, and with it the attempts.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.form != Form::Growing && !self.repeats
    }

    /// Returns whether no time at all lies between attempts, so that something else has to space
    /// them.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.form == Form::Gaps && self.list.iter().all(|gap| gap.is_zero())
    }

    /// Returns when the next attempt is due, without what chance adds; none: there is none.
    pub(super) fn next(&self, past: &Past) -> Option<SimTime> {
        let failed = past.failures.max(1) as usize - 1;
        let gap = match self.form {
            Form::Offsets => return self.offset_after(past, failed),
            Form::Growing => self.grown(failed),
            Form::Gaps => match self.list.get(failed) {
                Some(gap) => *gap,
                None if self.repeats => *self.list.last()?,
                None => return None,
            },
        };
        Some(past.from.saturating_add(gap).max(past.now))
    }

    fn grown(&self, failed: usize) -> SimDuration {
        let power = libm::pow(self.factor, failed as f64);
        let power = if self.whole_factor { power.floor() } else { power };
        let gap = if power >= LARGEST_POWER { SimDuration::MAX } else { self.first.mul_f64(power) };
        self.longest.map_or(gap, |longest| gap.min(longest))
    }

    /// Returns the first age of the list that belongs to this failure or a later one and has not
    /// passed.
    fn offset_after(&self, past: &Past, failed: usize) -> Option<SimTime> {
        let listed =
            self.list.iter().skip(failed).map(|offset| past.arrived.saturating_add(*offset));
        if let Some(due) = listed.into_iter().find(|due| *due > past.now) {
            return Some(due);
        }
        let last = *self.list.last().filter(|_| self.repeats)?;
        let before = self.list.len().checked_sub(2).map_or(SimDuration::ZERO, |i| self.list[i]);
        let step = last.saturating_sub(before).max(SimDuration::from_nanos(1));
        let over = past.arrived.age(past.now).saturating_sub(last);
        let steps = over.as_nanos() / step.as_nanos() + 1;
        Some(past.arrived.saturating_add(last.saturating_add(step.saturating_mul(steps))))
    }
}

/// Above this no gap is shorter than any run.
const LARGEST_POWER: f64 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: &[u64]) -> Vec<SimDuration> {
        seconds.iter().map(|&second| SimDuration::from_secs(second)).collect()
    }

    /// The times of attempts that fail at once, after the first one at 0.
    fn attempts(gaps: &Gaps, count: u32) -> Vec<u64> {
        let (mut now, mut times) = (SimTime::ZERO, Vec::new());
        for failures in 1..=count {
            let past = Past { arrived: SimTime::ZERO.into(), from: now, now, failures };
            let Some(due) = gaps.next(&past) else {
                break;
            };
            now = due;
            times.push(now.as_secs());
        }
        times
    }

    #[test]
    fn the_last_gap_repeats_or_the_list_ends() {
        assert_eq!(attempts(&Gaps::repeating(secs(&[5, 10])), 4), [5, 15, 25, 35]);
        assert_eq!(attempts(&Gaps::ending(secs(&[5, 10])), 4), [5, 15]);
    }

    #[test]
    fn ages_count_from_the_arrival_and_those_passed_are_left_out() {
        let mut gaps = Gaps::of(Form::Offsets, secs(&[5, 10, 30]), true);
        assert_eq!(attempts(&gaps, 5), [5, 10, 30, 50, 70]);
        let late = Past {
            arrived: SimTime::ZERO.into(),
            from: SimTime::from_secs(12),
            now: SimTime::from_secs(12),
            failures: 1,
        };
        assert_eq!(gaps.next(&late), Some(SimTime::from_secs(30)));
        gaps.repeats = false;
        assert_eq!(attempts(&gaps, 5), [5, 10, 30]);
    }

    #[test]
    fn gaps_grow_by_a_factor_up_to_a_limit() {
        let mut gaps = Gaps::growing(SimDuration::from_secs(100), 1.5);
        assert_eq!(attempts(&gaps, 3), [100, 250, 475]);
        gaps.whole_factor = true;
        assert_eq!(attempts(&gaps, 4), [100, 200, 400, 700]);
        gaps.longest = Some(SimDuration::from_secs(150));
        assert_eq!(attempts(&gaps, 4), [100, 200, 350, 500]);
        // However many failures: no overflow.
        assert!(gaps.grown(100_000) <= SimDuration::from_secs(150));
    }
}
