//! The laboratory's clock: seconds since a whole second of the wall clock, as in the recordings.

use std::thread;
use std::time::{Duration, Instant};

/// Seconds since the start of the experiment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    /// The whole second of the wall clock at the start, since 1970.
    pub(crate) epoch_s: u64,
}

impl Clock {
    /// Waits for the next whole second of the wall clock and begins to count there. A server's own
    /// clock counts whole seconds, and so does the model's, from 0.
    #[expect(clippy::disallowed_types, reason = "a real server goes by the wall clock")]
    pub(crate) fn at_whole_second() -> Self {
        let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let rest = 1_000_000_000 - since_epoch.subsec_nanos();
        thread::sleep(Duration::from_nanos(u64::from(rest)));
        Self { start: Instant::now(), epoch_s: since_epoch.as_secs() + 1 }
    }

    /// Returns the time [s].
    pub(crate) fn now(self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Sleeps until `at` [s].
    pub(crate) fn sleep_until(self, at: f64) {
        let wait = Duration::from_secs_f64(at.max(0.0)).saturating_sub(self.start.elapsed());
        thread::sleep(wait);
    }
}
