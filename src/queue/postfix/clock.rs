//! The clock of whole seconds that the queue manager reads, and how long it sleeps by it.

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

/// Returns the second that the clock shows at `now`.
///
/// `time(2)` and the time stamps of files come from the kernel's coarse clock, which moves on with
/// each tick of the timer (every 4 ms at 250 Hz) and so shows a new second up to a tick late. The
/// ticks fall alike in every second, so `lag` is the same for all readings.
pub(super) fn second(now: SimTime, lag: SimDuration) -> u64 {
    now.saturating_sub(lag).as_secs()
}

/// Draws evenly from zero up to and including `bound`; draws nothing when the bound is zero.
pub(super) fn up_to(bound: SimDuration, random: &mut ChaCha8Rng) -> SimDuration {
    if bound == SimDuration::ZERO {
        return SimDuration::ZERO;
    }
    SimDuration::from_nanos(random.below(bound.as_nanos() + 1))
}

/// Returns when the clock begins to show `second`.
pub(super) fn begins(second: u64, lag: SimDuration) -> SimTime {
    SimTime::from_secs(second) + lag
}

/// The queue manager's sleep between two things to do.
///
/// `event_loop` of `src/util/events.c` sleeps for the difference of two readings of the clock: that
/// at which the next timer is due and the present one. Each activity makes it begin anew. So the
/// manager wakes as late within the due second as its latest activity was within its own, unless
/// something happens in the due second before. So a scan may come almost a second later than
/// `queue_run_delay` after the last one (recordings 03g at 27.797 s, 10e at 25.769 s).
#[derive(Debug, Default)]
pub(super) struct Sleep {
    latest_activity: SimTime,
}

impl Sleep {
    /// The manager has something to do at `now`.
    pub(super) fn interrupt(&mut self, now: SimTime) {
        self.latest_activity = now;
    }

    /// Returns when the manager wakes for a timer that is due in clock second `due`, if nothing
    /// happens before.
    pub(super) fn ends(&self, due: u64, lag: SimDuration) -> SimTime {
        let seconds = due.saturating_sub(second(self.latest_activity, lag));
        self.latest_activity.saturating_add(SimDuration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_as_late_in_the_second_as_it_began() {
        let at = |milliseconds| SimTime::ZERO + SimDuration::from_millis(milliseconds);
        let mut sleep = Sleep::default();
        // A scan at 8.5 s, the next one due when the clock shows 11.
        sleep.interrupt(at(8_500));
        assert_eq!(sleep.ends(11, SimDuration::ZERO), at(11_500));
        sleep.interrupt(at(8_900));
        assert_eq!(sleep.ends(11, SimDuration::ZERO), at(11_900));
        sleep.interrupt(at(10_200));
        assert_eq!(sleep.ends(11, SimDuration::ZERO), at(11_200));
        // 2 ms into the second the lagging clock still shows the one before.
        sleep.interrupt(at(10_002));
        assert_eq!(sleep.ends(11, SimDuration::from_millis(4)), at(12_002));
    }
}
