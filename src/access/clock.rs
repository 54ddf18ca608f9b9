//! When a polled mailbox is visited next.

use crate::units::{SimDuration, SimTime};

use super::PollInterval;

/// Where a reader stands in the rhythm of visits to one mailbox.
///
/// Visits that find nothing are never simulated: the clock is moved on over all of them at once
/// when a message arrives. Intervals count from the beginning of one visit to that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollClock {
    /// The next visit.
    next: SimTime,
    /// Time from that visit to the one after it, if it finds nothing.
    wait: SimDuration,
}

impl PollClock {
    /// Returns the time within which the first visit falls: the interval, or the longest one of a
    /// reader who adapts, since no mail has been seen yet. Draw the phase evenly below it.
    #[must_use]
    pub fn phase_range(every: PollInterval) -> SimDuration {
        bounds(every).1
    }

    /// Returns the clock of a mailbox visited first at `phase` after the start of the run.
    #[must_use]
    pub fn new(every: PollInterval, phase: SimDuration) -> Self {
        Self { next: SimTime::ZERO + phase, wait: bounds(every).1 }
    }

    /// Returns the next visit.
    #[must_use]
    pub fn next(self) -> SimTime {
        self.next
    }

    /// Returns the clock at its first visit at or after `at`, when all visits before find nothing.
    ///
    /// Takes one step for each doubling still to come and a division.
    #[must_use]
    pub fn skip_to(mut self, every: PollInterval, at: SimTime) -> Self {
        let (_, most) = bounds(every);
        while self.next < at && self.wait < most {
            self.next += self.wait;
            self.wait = self.wait.saturating_add(self.wait).min(most);
        }
        let missing = at.since(self.next).as_nanos().div_ceil(most.as_nanos());
        self.next += most * missing;
        self
    }

    /// Returns the clock after its visit has found mail: a fixed rhythm goes on, and a reader who
    /// adapts comes back after the shortest time. A visit that lasts longer than that misses its
    /// turn: move the clock on to the visit's end.
    #[must_use]
    pub fn after_mail(self, every: PollInterval) -> Self {
        let (least, most) = bounds(every);
        let next = self.next + least;
        Self { next, wait: least.saturating_add(least).min(most) }
    }
}

/// Returns the shortest and the longest interval, above zero and in order.
fn bounds(every: PollInterval) -> (SimDuration, SimDuration) {
    let (least, most) = match every {
        PollInterval::Fixed(interval) => (interval, interval),
        PollInterval::Adapting { least, most } => (least, most),
    };
    let least = least.max(SimDuration::from_nanos(1));
    (least, most.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Draw, Purpose, Streams};

    const MINUTE: SimDuration = SimDuration::from_minutes(1);

    fn fixed(minutes: u64) -> PollInterval {
        PollInterval::Fixed(MINUTE * minutes)
    }

    fn adapting(least: u64, most: u64) -> PollInterval {
        PollInterval::Adapting { least: MINUTE * least, most: MINUTE * most }
    }

    fn minutes(count: u64) -> SimTime {
        SimTime::ZERO + MINUTE * count
    }

    #[test]
    fn a_fixed_interval_is_a_grid() {
        let clock = PollClock::new(fixed(10), MINUTE * 3);
        let at = |minute| clock.skip_to(fixed(10), minutes(minute)).next();
        assert_eq!(at(0), minutes(3));
        assert_eq!(at(3), minutes(3), "mail that is there when the visit begins is found");
        assert_eq!(at(4), minutes(13));
        assert_eq!(at(1000), minutes(1003));
        assert_eq!(clock.after_mail(fixed(10)).next(), minutes(13));
    }

    #[test]
    fn an_adapting_reader_doubles_the_interval_while_nothing_comes() {
        let every = adapting(5, 60);
        let quiet = PollClock::new(every, MINUTE * 59);
        assert_eq!(quiet.skip_to(every, minutes(60)).next(), minutes(119));
        let mut clock = quiet.after_mail(every);
        let mut visits = Vec::new();
        for _ in 0..7 {
            visits.push((clock.next().as_secs() / 60).wrapping_sub(59));
            let just_after = clock.next() + SimDuration::from_nanos(1);
            clock = clock.skip_to(every, just_after);
        }
        // After 5, 10, 20, 40 minutes, and then each hour.
        assert_eq!(visits, [5, 15, 35, 75, 135, 195, 255]);
    }

    #[test]
    fn skipping_at_once_is_the_same_as_visit_by_visit() {
        let mut draws = Streams::new(1, 0).stream(Purpose::Other("test/poll"), 0);
        for every in [fixed(7), adapting(1, 60), adapting(5, 5), adapting(3, 50)] {
            for _ in 0..200 {
                let phase =
                    SimDuration::from_nanos(draws.below(PollClock::phase_range(every).as_nanos()));
                let mut slow = PollClock::new(every, phase).after_mail(every);
                let target = SimTime::from_secs(draws.below(40_000));
                let at_once = slow.skip_to(every, target);
                while slow.next() < target {
                    slow = slow.skip_to(every, slow.next() + SimDuration::from_nanos(1));
                }
                assert_eq!(slow, at_once);
            }
        }
    }

    /// Mail that comes at any time waits T/2 on average, evenly between 0 and T.
    #[test]
    fn the_mean_wait_is_half_the_interval() {
        let mut draws = Streams::new(2, 0).stream(Purpose::Other("test/poll"), 0);
        let every = fixed(10);
        let (count, seconds) = (20_000, 600.0);
        let (mut sum, mut late) = (0.0, 0.0);
        for _ in 0..count {
            let phase = SimDuration::from_nanos(draws.below((MINUTE * 10).as_nanos()));
            let arrival = SimTime::ZERO + MINUTE * 600 + (MINUTE * 10).mul_f64(draws.unit_f64());
            let wait = PollClock::new(every, phase).skip_to(every, arrival).next().since(arrival);
            sum += wait.as_secs_f64();
            late += f64::from(u8::from(wait.as_secs_f64() > 0.95 * seconds));
        }
        let n = f64::from(count);
        let error = seconds / (12.0 * n).sqrt();
        assert!((sum / n - seconds / 2.0).abs() < 5.0 * error, "{}", sum / n);
        assert!((late / n - 0.05).abs() < 5.0 * (0.05 * 0.95 / n).sqrt(), "{late}");
    }

    #[test]
    fn senseless_intervals_end_too() {
        let every = PollInterval::Fixed(SimDuration::ZERO);
        let clock = PollClock::new(every, SimDuration::ZERO);
        assert_eq!(clock.skip_to(every, minutes(5)).next(), minutes(5));
        assert_eq!(clock.skip_to(every, SimTime::MAX).next(), SimTime::MAX);
        let turned = adapting(60, 5);
        assert_eq!(PollClock::phase_range(turned), MINUTE * 60);
    }
}
