//! The clock of whole seconds by which Exim counts. It shows a large number when the run begins, so that
//! what happened before has a time of its own.

use crate::units::{SimDuration, SimTime};

use super::super::ArrivalTime;

/// What the clock shows at the start of a run: more than any age.
const START: u64 = 1 << 34;

/// Returns the second that the clock shows.
pub(super) fn wall_second(now: SimTime) -> u64 {
    START.saturating_add(now.as_secs())
}

/// Returns the second that the clock showed when a message came.
pub(super) fn second_of_arrival(arrived: ArrivalTime) -> u64 {
    START.saturating_add_signed(arrived.second(SimDuration::ZERO))
}

/// Returns when the clock begins to show `second`: the start of the run, if that was before.
pub(super) fn moment_of(second: u64) -> SimTime {
    SimTime::from_secs(second.saturating_sub(START))
}
