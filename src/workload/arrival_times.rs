//! The instants at which an entry's messages are submitted, one after the other.

use rand_chacha::ChaCha8Rng;

use crate::fault::Interval;
use crate::random::{Distribution, Draw};
use crate::units::{EventRate, SimDuration, SimTime};

use super::{Arrivals, DailyProfile, MailEntry};

/// Yields the arrival times of one entry in order, within the entry's window.
///
/// # Determinism
/// Times of a Poisson process take one word of the given stream for each gap, and with a daily
/// profile a second one for each arrival of the process at its peak rate, kept or not.
#[derive(Debug, Clone)]
pub(super) struct ArrivalTimes<'a> {
    window: Interval,
    process: Process<'a>,
}

#[derive(Debug, Clone)]
enum Process<'a> {
    Never,
    Listed(std::slice::Iter<'a, SimTime>),
    /// The number of messages that go before the window is kept by the caller.
    Replay(std::slice::Iter<'a, super::Replayed>),
    Poisson(Box<Poisson>),
    /// `count` arrivals together, and again after `interval`.
    Regular {
        count: u64,
        interval: Option<SimDuration>,
        at: SimTime,
        yielded: u64,
    },
}

#[derive(Debug, Clone)]
struct Poisson {
    now: SimTime,
    gap: Distribution,
    /// Share of arrivals kept, by hour of the day.
    kept: Option<DailyProfile>,
    random: ChaCha8Rng,
}

impl<'a> ArrivalTimes<'a> {
    /// Returns the times of `entry` before `horizon`, drawn from `random` where chance decides.
    ///
    /// # Panics
    /// If listed times are out of order, which reading a scenario rules out.
    pub(super) fn new(entry: &'a MailEntry, horizon: SimTime, random: ChaCha8Rng) -> Self {
        let from = entry.window.from;
        let window = Interval { from, to: entry.window.to.min(horizon) };
        let regular = |count, interval| Process::Regular { count, interval, at: from, yielded: 0 };
        let process = match &entry.arrivals {
            Arrivals::At(times) => {
                assert!(times.is_sorted(), "the times of a [[mail]] entry are in order");
                Process::Listed(times.iter())
            }
            Arrivals::Replay => {
                let in_order = entry.replay.is_sorted_by_key(|message| message.at);
                assert!(in_order, "replayed messages are in order of time");
                Process::Replay(entry.replay.iter())
            }
            Arrivals::Poisson { rate, profile } => {
                Poisson::new(*rate, profile.as_ref(), from, random)
                    .map_or(Process::Never, |poisson| Process::Poisson(Box::new(poisson)))
            }
            Arrivals::Every { interval } => regular(1, Some(*interval)),
            Arrivals::Bursts { count, interval } => regular(*count, *interval),
        };
        Self { window, process }
    }
}

impl Iterator for ArrivalTimes<'_> {
    type Item = SimTime;

    fn next(&mut self) -> Option<SimTime> {
        let from = self.window.from;
        let at = match &mut self.process {
            Process::Never => return None,
            Process::Listed(times) => *times.find(|at| **at >= from)?,
            Process::Replay(messages) => messages.find(|message| message.at >= from)?.at,
            Process::Poisson(poisson) => poisson.next_before(self.window.to)?,
            Process::Regular { count, interval, at, yielded } => {
                if *yielded == *count {
                    // Bursts without an interval, or with none that passes, happen once.
                    *at += interval.filter(|interval| !interval.is_zero())?;
                    *yielded = 0;
                }
                if *count == 0 {
                    return None;
                }
                *yielded += 1;
                *at
            }
        };
        (at < self.window.to).then_some(at)
    }
}

impl Poisson {
    /// Returns none if there are no arrivals at all.
    fn new(
        rate: EventRate,
        profile: Option<&DailyProfile>,
        from: SimTime,
        random: ChaCha8Rng,
    ) -> Option<Self> {
        let mean_rate = rate.per_second_f64();
        let mut peak_rate = mean_rate;
        let mut kept = None;
        if let Some(profile) = profile {
            let largest = profile.iter().copied().fold(0.0, f64::max);
            let mean = profile.iter().sum::<f64>() / profile.len() as f64;
            peak_rate = mean_rate * (largest / mean);
            kept = Some(profile.map(|intensity| intensity / largest));
        }
        // Not a number, if the profile is zero all day: no arrivals either.
        let some = peak_rate > 0.0;
        let gap = Distribution::Exponential { mean: 1.0 / peak_rate };
        some.then_some(Self { now: from, gap, kept, random })
    }

    /// Returns the next arrival, by thinning (Lewis and Shedler, 1979): of a process at the peak
    /// rate, an arrival is kept with the probability that its hour has relative to the peak.
    fn next_before(&mut self, end: SimTime) -> Option<SimTime> {
        loop {
            self.now += self.gap.sample_duration(&mut self.random);
            if self.now >= end {
                return None;
            }
            let Some(kept) = &self.kept else {
                return Some(self.now);
            };
            let hour = self.now.as_secs() / 3_600 % 24;
            if self.random.unit_f64() < kept[hour as usize] {
                return Some(self.now);
            }
        }
    }
}
