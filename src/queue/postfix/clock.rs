//! The clock of whole seconds that the queue manager reads.

use rand_chacha::ChaCha8Rng;

use crate::random::Draw as _;
use crate::units::{SimDuration, SimTime};

/// Returns the second that the clock shows at `now`.
///
/// Postfix reads `time(2)` once for each turn of its event loop, and the kernel's coarse clock
/// trails the true one, so an event shortly after a whole second may see the second before. The
/// recordings show up to 15 ms of it; `lag` is that bound, and the actual lag is drawn evenly.
pub(super) fn second(now: SimTime, lag: SimDuration, random: &mut ChaCha8Rng) -> u64 {
    now.saturating_sub(up_to(lag, random)).as_secs()
}

/// Draws evenly from zero up to and including `bound`; draws nothing when the bound is zero.
pub(super) fn up_to(bound: SimDuration, random: &mut ChaCha8Rng) -> SimDuration {
    if bound == SimDuration::ZERO {
        return SimDuration::ZERO;
    }
    SimDuration::from_nanos(random.below(bound.as_nanos() + 1))
}
