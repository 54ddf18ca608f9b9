//! Which messages count: those submitted within a window.

use crate::units::SimTime;

/// The times of submission at which a message counts in the figures of a run: `from` included,
/// `to` not. The default is the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// End of the warm-up.
    pub from: SimTime,
    /// Beginning of the cool-down.
    pub to: SimTime,
}

impl Default for Window {
    fn default() -> Self {
        Self { from: SimTime::ZERO, to: SimTime::MAX }
    }
}

impl Window {
    /// Returns whether a message submitted at `submitted` counts.
    #[must_use]
    pub fn holds(&self, submitted: SimTime) -> bool {
        self.from <= submitted && submitted < self.to
    }
}
