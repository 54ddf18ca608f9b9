//! When a message is tried again: `nextretry` in `qmail-send.c`.

use crate::units::{SimDuration, SimTime};

/// `chanskip` of mail for mailboxes of the host.
pub const LOCAL_SKIP: u64 = 10;

/// Returns when the next pass is due if one begins at `now`, in seconds of the clock. The root of
/// the age grows by the channel's skip from pass to pass, so the ages are the squares of its
/// multiples, however long the deliveries take.
#[must_use]
pub fn next_retry(birth: i64, now: u64, skip: u64) -> u64 {
    let age = (now as i64).saturating_sub(birth).max(0) as u64;
    birth.saturating_add_unsigned(due_age(age, skip)).max(0) as u64
}

/// Returns the age at which the pass after one at `age` is due.
#[must_use]
pub fn due_age(age: u64, skip: u64) -> u64 {
    let root = age.isqrt() + skip;
    root * root
}

/// Returns when `qmail-send`, which falls asleep at `now` with nothing to do before the second
/// `due`, wakes by itself: `select` sleeps for the whole seconds between the two and one more
/// (`SLEEP_FUZZ`), from the fraction of a second at which it began. Any event wakes it before.
#[must_use]
pub fn wakes_at(now: SimTime, due: u64) -> SimTime {
    now + SimDuration::from_secs(due.saturating_sub(now.as_secs()) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `chanskip` of mail that leaves.
    const REMOTE_SKIP: u64 = 20;

    /// The ages at which passes begin until the first that is later than `lifetime`, which is the
    /// last.
    fn ages(skip: u64, lifetime: u64) -> Vec<u64> {
        let mut ages = vec![0];
        while let Some(&last) = ages.last()
            && last <= lifetime
        {
            ages.push(next_retry(1_000_000, 1_000_000 + last, skip) - 1_000_000);
        }
        ages
    }

    #[test]
    fn ages_are_squares_for_a_week() {
        let remote = ages(REMOTE_SKIP, 604_800);
        assert_eq!(remote[..6], [0, 400, 1600, 3600, 6400, 10_000]);
        assert_eq!((remote.len(), remote.last()), (40, Some(&608_400)));
        let local = ages(LOCAL_SKIP, 604_800);
        assert_eq!(local[..6], [0, 100, 400, 900, 1600, 2500]);
        assert_eq!((local.len(), local.last()), (79, Some(&608_400)));
    }

    #[test]
    fn a_late_pass_gets_back_no_lost_time() {
        // Due at 400 and begun at 500: the root of 500 is 22, so the next is at 42 squared.
        assert_eq!(next_retry(0, 500, REMOTE_SKIP), 1764);
    }

    #[test]
    fn a_sleep_is_a_second_longer_than_the_clock_says() {
        // Falling asleep at 14.131 for what is due at 16: three seconds on.
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        assert_eq!(wakes_at(at(14_131), 16), at(17_131));
        // What is due already waits a second all the same.
        assert_eq!(wakes_at(at(14_131), 10), at(15_131));
    }
}
