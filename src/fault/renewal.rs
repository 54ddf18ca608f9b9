//! Random failure and repair, and the schedule an outage follows.

use rand_chacha::ChaCha8Rng;

use crate::random::Distribution;
use crate::units::{SimDuration, SimTime};

use super::Interval;

/// Alternating up and down times, each drawn independently (an alternating renewal process).
/// The long-run availability is mean up time / (mean up time + mean down time).
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    /// Time until the next failure \[s\].
    pub time_to_failure: Distribution,
    /// Time until repair \[s\].
    pub time_to_repair: Distribution,
}

/// When an outage is in force.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// Once.
    Fixed(Interval),
    /// Again and again, from the start of the run.
    Random(Renewal),
}

impl Schedule {
    /// Returns the intervals that begin before `horizon`, in order.
    ///
    /// # Determinism
    /// Draws alternate from `random`: up time, down time, up time and so on. Times shorter than a
    /// nanosecond count as one.
    #[must_use]
    pub fn intervals(&self, horizon: SimTime, random: &mut ChaCha8Rng) -> Vec<Interval> {
        let renewal = match self {
            Self::Fixed(interval) => return vec![*interval],
            Self::Random(renewal) => renewal,
        };
        let mut draw = |distribution: &Distribution| {
            SimDuration::from_secs_f64(distribution.sample(random)).max(SimDuration::from_nanos(1))
        };
        let mut intervals = Vec::new();
        let mut now = SimTime::ZERO;
        loop {
            let from = now + draw(&renewal.time_to_failure);
            if from >= horizon {
                return intervals;
            }
            now = from + draw(&renewal.time_to_repair);
            intervals.push(Interval { from, to: now });
        }
    }
}
