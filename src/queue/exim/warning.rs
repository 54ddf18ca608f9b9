//! When the sender is told of a delay.

use crate::units::SimDuration;

/// Returns how many warnings there should have been at this age (`src/deliver.c`,
/// `deliver_message`): one for each time passed, and after the last one more for each further span
/// as long as the last is from the one before.
pub(super) fn due(age: SimDuration, warnings: &[SimDuration]) -> u32 {
    let passed = warnings.iter().take_while(|&&warning| age >= warning).count();
    let count = u32::try_from(passed).unwrap_or(u32::MAX);
    let Some(&last) = warnings.last().filter(|_| passed == warnings.len()) else {
        return count;
    };
    let before = passed.checked_sub(2).map_or(SimDuration::ZERO, |index| warnings[index]);
    let gap = last.saturating_sub(before).as_secs().max(1);
    let extra = age.saturating_sub(last).as_secs() / gap;
    count.saturating_add(u32::try_from(extra).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_repeats_each_time_as_long() {
        // The Exim specification on delay_warning: with 24h, warnings every 24 hours; with
        // 4h:8h:24h, at these ages and then every 16 hours.
        let hours = SimDuration::from_hours;
        let daily = [hours(24)];
        let count = |age| due(hours(age), &daily);
        assert_eq!([23, 24, 47, 48, 72].map(count), [0, 1, 1, 2, 3]);
        let listed = [hours(4), hours(8), hours(24)];
        let count = |age| due(hours(age), &listed);
        assert_eq!([3, 4, 8, 24, 39, 40, 56].map(count), [0, 1, 2, 3, 3, 4, 5]);
        assert_eq!(due(hours(1000), &[]), 0);
    }
}
