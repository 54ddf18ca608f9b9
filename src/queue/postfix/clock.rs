//! The clock of whole seconds that the queue manager reads.

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
