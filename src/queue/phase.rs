//! When the periodic passes over a queue fall.

use crate::units::{SimDuration, SimTime};

/// When the first periodic pass over a queue falls: a scan of Postfix's deferred queue, a queue
/// run of Exim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanPhase {
    /// Drawn evenly within one interval: nobody knows when the server was started.
    Random,
    /// The first at this time after the start of the run.
    At(SimDuration),
    /// They fell at exactly these times (taken from a recording).
    Observed(Vec<SimTime>),
}
