//! Moments as the formats write them.

use std::fmt::Write as _;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    year: i64,
    month: usize,
    day: i64,
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
}

/// Returns the moment `micros` after `start` \[s since 1970\].
pub(super) fn moment(start: i64, micros: i64) -> Moment {
    let total = start * 1_000_000 + micros;
    let (seconds, micros) = (total.div_euclid(1_000_000), total.rem_euclid(1_000_000));
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // After Hinnant's `civil_from_days`.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let doe = shifted.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    Moment {
        year: yoe + era * 400 + i64::from(month <= 2),
        month: month as usize,
        day: doy - (153 * mp + 2) / 5 + 1,
        weekday: days.rem_euclid(7) as usize,
        hour: time / 3600,
        minute: time / 60 % 60,
        second: time % 60,
        micros,
    }
}

impl Moment {
    /// `Jan  1 00:00:00`, as syslog writes it.
    pub(super) fn traditional(self, out: &mut String) {
        let Self { month, day, hour, minute, second, .. } = self;
        let month = MONTHS[month - 1];
        let _ = write!(out, "{month} {day:2} {hour:02}:{minute:02}:{second:02}");
    }

    /// `2026-01-01 00:00:00.123`, as Exim writes it with `+millisec`.
    pub(super) fn exim(self, out: &mut String) {
        let Self { year, month, day, hour, minute, second, micros, .. } = self;
        let millis = micros / 1000;
        let _ = write!(
            out,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millis:03}"
        );
    }

    /// `Thu Jan  1 00:00:00 2026`, as RFC 4155 and `mailq` write it; `mailq` leaves out the year.
    pub(super) fn asctime(self, year: bool, out: &mut String) {
        let _ = write!(out, "{} ", DAYS[self.weekday]);
        self.traditional(out);
        if year {
            let _ = write!(out, " {}", self.year);
        }
    }

    /// `Thu, 1 Jan 2026 00:00:00 +0000` (RFC 5322 §3.3).
    pub(super) fn field(self) -> String {
        let Self { year, month, day, weekday, hour, minute, second, .. } = self;
        let (weekday, month) = (DAYS[weekday], MONTHS[month - 1]);
        format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let leap = moment(1_709_164_800, 1_500_000);
        let mut text = String::new();
        leap.exim(&mut text);
        assert_eq!(text, "2024-02-29 00:00:01.500");
        // RFC 5322 checks itself: 1 January 1970 was a Thursday, 29 February 2024 too.
        assert_eq!(leap.field(), "Thu, 29 Feb 2024 00:00:01 +0000");
        let mut text = String::new();
        moment(super::super::START, 0).traditional(&mut text);
        assert_eq!(text, "Jan  1 00:00:00");
    }
}
