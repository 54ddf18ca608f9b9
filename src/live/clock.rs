//! The machine's clock, turned into virtual time: the one place where the two meet.

use std::time::{Duration, Instant};

use crate::units::{SimDuration, SimTime};

/// How virtual time passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Seconds of virtual time in one second; none: time stands still until it is told to go on.
    speed: Option<f64>,
    /// A moment of either.
    since: (Instant, SimTime),
}

impl Clock {
    /// Returns a clock that shows `at` now.
    pub(super) fn new(at: SimTime, speed: f64) -> Self {
        Self { speed: (speed > 0.0).then_some(speed), since: (Instant::now(), at) }
    }

    /// Returns whether time stands still.
    pub(super) fn stands(&self) -> bool {
        self.speed.is_none()
    }

    /// Returns how many seconds pass in one; 0: time stands still.
    pub(super) fn speed(&self) -> f64 {
        self.speed.unwrap_or(0.0)
    }

    /// Returns the virtual time of `now`, which is `at` where time stands still.
    pub(super) fn time(&self, now: Instant, at: SimTime) -> SimTime {
        let Some(speed) = self.speed else { return at };
        let passed = now.saturating_duration_since(self.since.0).as_secs_f64() * speed;
        self.since.1.saturating_add(span(passed)).max(at)
    }

    /// Returns how long it is from `now` until the clock shows `at`; none: it never does by itself.
    pub(super) fn until(&self, now: Instant, at: SimTime) -> Option<Duration> {
        let speed = self.speed?;
        let wait = at.since_start().saturating_sub(self.time(now, self.since.1).since_start());
        Some(Duration::from_secs_f64((wait.as_nanos() as f64 / 1e9 / speed).min(3600.0)))
    }
}

/// Seconds as a span, no longer than the run can be.
fn span(seconds: f64) -> SimDuration {
    SimDuration::from_nanos((seconds * 1e9).clamp(0.0, 4.0e18) as u64)
}
