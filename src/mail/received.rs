//! Received fields (RFC 5321 §4.4) and the date they carry.

use std::fmt::Write as _;

use crate::units::SimTime;

use super::TransmissionType;

/// One trace field, as the receiving server writes it on top of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedField {
    /// Name given in EHLO by the client.
    pub from: String,
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
    /// When the server took the message, by its own clock [virtual time since the start].
    pub at: SimTime,
}

impl ReceivedField {
    /// Returns the field folded over three lines, as servers write it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!(
            "Received: from {} ({} [{}])\r\n\tby {} with {} id {}",
            self.from,
            self.from,
            self.from_address,
            self.by,
            self.with.as_str(),
            self.id
        );
        if let Some(path) = &self.for_path {
            let _ = write!(text, "\r\n\tfor <{path}>");
        }
        let _ = write!(text, "; {}", format_date(self.at));
        text
    }
}

/// Days of the week from the day on which every simulation begins.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns the RFC 5322 date of virtual time `at`. Every run begins at midnight UTC on Thursday,
/// 1 January 2026: a fixed date, so that results never tell when they were computed.
#[must_use]
pub fn format_date(at: SimTime) -> String {
    let seconds = at.as_nanos() / 1_000_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{}, {} {} {} {:02}:{:02}:{:02} +0000",
        WEEKDAYS[(days % 7) as usize],
        day,
        MONTHS[month],
        year,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns year, month (0..12) and day (1..) of the `days`-th day after 1 January 2026.
fn civil_date(mut days: u64) -> (u64, usize, u64) {
    let leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 2026;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
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
        assert_eq!(format_date(at(0, 0)), "Thu, 1 Jan 2026 00:00:00 +0000");
        assert_eq!(format_date(at(58, 3_661)), "Sat, 28 Feb 2026 01:01:01 +0000");
        assert_eq!(format_date(at(59, 0)), "Sun, 1 Mar 2026 00:00:00 +0000");
        // 2028 is a leap year: 790 days after 1 January 2026 is 1 March 2028 less one day.
        assert_eq!(format_date(at(365 + 365 + 59, 0)), "Tue, 29 Feb 2028 00:00:00 +0000");
    }
}
