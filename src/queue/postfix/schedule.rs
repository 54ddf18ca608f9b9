//! When Postfix tries a message again: the two rules, as pure functions of whole seconds.

/// Returns the delay after a deferral \[s\]: the message's age when its attempt ended, clipped to
/// `minimal_backoff_time` and `maximal_backoff_time`.
///
/// `src/qmgr/qmgr_active.c`, `qmgr_active_done_3_generic`: the delay is the age, not a counter
/// that doubles, so a message that waited long for its first attempt waits long again.
#[must_use]
pub fn backoff(age: u64, minimal: u64, maximal: u64) -> u64 {
    // The order of the two tests is the source's: with contradictory settings the least wins.
    let delay = age.min(maximal);
    delay.max(minimal)
}

/// Returns whether a scan in clock second `clock` takes up a message that is due in second `due`.
///
/// `src/qmgr/qmgr_active.c`, `qmgr_active_feed`: a file is skipped if its time stamp lies *more*
/// than one second ahead, so messages may leave a second early.
#[must_use]
pub fn eligible(due: u64, clock: u64) -> bool {
    due <= clock + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempt times for a destination that stays down: each attempt lasts `duration`, scans fall
    /// at `phase` and then every `interval`.
    fn attempts(phase: u64, duration: u64, count: usize) -> Vec<u64> {
        let (interval, minimal, maximal) = (300, 300, 4000);
        let mut times = vec![0];
        while times.len() < count {
            let ended = times[times.len() - 1] + duration;
            let due = ended + backoff(ended, minimal, maximal);
            let mut scan = phase;
            while scan < ended || !eligible(due, scan) {
                scan += interval;
            }
            times.push(scan);
        }
        times
    }

    #[test]
    fn retry_vectors_of_a_destination_that_stays_down() {
        // Computed from the rule by hand for the defaults (300 s scans, 300 to 4000 s back-off).
        let refused = [0, 300, 600, 1200, 2400, 4800, 9000, 13_200, 17_400, 21_600];
        assert_eq!(attempts(0, 0, 10), refused);
        let phase_60 = [0, 360, 960, 2160, 4560, 8760, 12_960, 17_160];
        assert_eq!(attempts(60, 0, 8), phase_60);
        let phase_150 = [0, 450, 1050, 2250, 4650, 8850, 13_050];
        assert_eq!(attempts(150, 0, 7), phase_150);
        let blackholed = [0, 600, 1500, 3300, 6900, 11_100, 15_300];
        assert_eq!(attempts(0, 30, 7), blackholed);
    }
}
