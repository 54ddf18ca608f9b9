//! Received fields (RFC 5321 §4.4) and the date they carry.

use std::fmt::Write as _;

use crate::units::SimTime;

use super::TransmissionType;

/// One trace field, as the receiving server writes it on top of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedField {
    /// Name given in EHLO by the client.
    pub from: String,
    /// Name of the address, as the reverse DNS has it.
    pub from_host: String,
    /// Address of the client as the server sees it.
    pub from_address: String,
    /// Name of the server that writes the field.
    pub by: String,
    /// Protocol keyword.
    pub with: TransmissionType,
    /// The server's name for the message (its queue id).
    pub id: String,
    /// The one recipient, if the message has just one (RFC 5321 §4.4: at most one path).
    pub for_path: Option<String>,
    /// When the server took the message, in true time.
    pub at: SimTime,
    /// How far the server's clock is ahead of true time \[ns\]; negative: behind. The date shows it.
    pub clock_error_ns: i64,
}

impl ReceivedField {
    /// Octets that a field adds to the header (recording 14: Postfix declares 198 more than was
    /// submitted).
    pub const OCTETS: u64 = 198;

    /// Returns the field folded over three lines, as servers write it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!(
            "Received: from {} ({} [{}])\r\n\tby {} with {} id {}",
            self.from,
            self.from_host,
            self.from_address,
            self.by,
            self.with.as_str(),
            self.id
        );
        if let Some(path) = &self.for_path {
            let _ = write!(text, "\r\n\tfor <{path}>");
        }
        let _ = write!(text, "; {}", format_date(self.at, self.clock_error_ns));
        text
    }
}

/// Days of the week from the day on which every simulation begins.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns the RFC 5322 date that a clock shows at virtual time `at` if it is `clock_error_ns`
/// ahead \[ns\] (negative: behind). Every run begins at midnight UTC on Thursday, 1 January 2026: a
/// fixed date, so that results never tell when they were computed.
#[must_use]
pub fn format_date(at: SimTime, clock_error_ns: i64) -> String {
    let shown = i128::from(at.as_nanos()) + i128::from(clock_error_ns);
    // 584 years of nanoseconds are less than 2^63 seconds.
    let seconds = shown.div_euclid(1_000_000_000) as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    format!(
        "{}, {} {} {} {:02}:{:02}:{:02} +0000",
        WEEKDAYS[days.rem_euclid(7) as usize],
        day,
        MONTHS[month],
        year,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns year, month (0..12) and day (1..) of the `days`-th day after 1 January 2026.
fn civil_date(mut days: i64) -> (i64, usize, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year: i64| 365 + i64::from(leap(year));
    let mut year = 2026;
    while days < 0 {
        year -= 1;
        days += length(year);
    }
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        let at = |days: u64, seconds: u64| SimTime::from_secs(days * 86_400 + seconds);
        assert_eq!(format_date(at(0, 0), 0), "Thu, 1 Jan 2026 00:00:00 +0000");
        assert_eq!(format_date(at(58, 3_661), 0), "Sat, 28 Feb 2026 01:01:01 +0000");
        assert_eq!(format_date(at(59, 0), 0), "Sun, 1 Mar 2026 00:00:00 +0000");
        // 2028 is a leap year: 790 days after 1 January 2026 is 1 March 2028 less one day.
        assert_eq!(format_date(at(365 + 365 + 59, 0), 0), "Tue, 29 Feb 2028 00:00:00 +0000");
        // A clock may be wrong enough to show another year.
        let hour = 3_600_000_000_000;
        assert_eq!(format_date(at(0, 0), -hour), "Wed, 31 Dec 2025 23:00:00 +0000");
        assert_eq!(format_date(at(0, 0), 25 * hour), "Fri, 2 Jan 2026 01:00:00 +0000");
    }
}
