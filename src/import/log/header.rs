//! The head of a line: when, where, which program.
//!
//! Written here rather than taken from `syslog_loose`: a mail log knows four kinds of stamps, each
//! told by its first letters, and a line that has none of them is broken, which that crate, made to
//! lose no line, takes for a message instead. A million heads are read in a tenth of a second.

/// When something was written \[µs since 1970, UTC\].
pub(in super::super) type Stamp = i64;

/// One second.
pub(in super::super) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'l> {
    pub(super) stamp: Written,
    pub(super) host: &'l str,
    /// The program as written: `postfix/submission/smtpd`.
    pub(super) program: &'l str,
    pub(super) pid: u32,
    pub(super) message: &'l str,
}

/// A stamp as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Written {
    /// With date and zone \[µs\].
    Whole(Stamp),
    /// With a date but no zone: local time \[µs\].
    Local(i64),
    /// Without year: month (1 to 12), day, and time of day \[µs\].
    WithoutYear { month: u8, day: u8, time: i64 },
}

/// Days from 1970-01-01 (the civil calendar, proleptic; after Hinnant's `days_from_civil`).
pub(super) fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns local time of a date \[µs\].
pub(in super::super) fn local(year: i64, month: u8, day: u8, time: i64) -> i64 {
    days_from_civil(year, month, day) * DAY + time
}

/// Returns a stamp as RFC 3339 writes it, in UTC.
pub(in super::super) fn rfc3339(stamp: Stamp) -> String {
    let (days, time) = (stamp.div_euclid(DAY), stamp.rem_euclid(DAY));
    // After Hinnant's `civil_from_days`.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let doe = shifted.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let seconds = time / SECOND;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Reads the head of a line as syslog or journald write it.
pub(super) fn syslog(line: &str) -> Option<Head<'_>> {
    let line = line.trim_start_matches('\u{feff}');
    let line = priority(line);
    if let Some(rest) = line.strip_prefix("1 ") {
        return rfc5424(rest);
    }
    let (stamp, rest) = stamp(line)?;
    let (host, rest) = word(rest)?;
    let (program, pid, message) = tag(rest)?;
    Some(Head { stamp, host, program, pid, message: without_solaris_id(message) })
}

/// `<22>` in front, as it comes over the network.
fn priority(line: &str) -> &str {
    let number = line.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match number {
        Some((digits, rest)) if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            rest
        }
        _ => line,
    }
}

/// RFC 5424 §6, behind the version.
fn rfc5424(rest: &str) -> Option<Head<'_>> {
    let (when, rest) = word(rest)?;
    let (stamp, left) = iso(when)?;
    let (host, rest) = word(rest)?;
    let (program, rest) = word(rest)?;
    let (pid, rest) = word(rest)?;
    let (_, rest) = word(rest)?;
    let message = match rest.strip_prefix('-') {
        Some(message) => message,
        None => rest.rsplit_once("] ").map_or("", |(_, message)| message),
    };
    let message = message.trim_start().trim_start_matches('\u{feff}');
    let pid = pid.parse().unwrap_or(0);
    left.is_empty().then_some(Head { stamp, host, program, pid, message })
}

/// Reads a stamp in front of a line.
pub(in super::super) fn stamp(line: &str) -> Option<(Written, &str)> {
    match line.as_bytes().first()? {
        b'0'..=b'9' => iso(line),
        _ => traditional(line),
    }
}

/// `Nov  3 10:00:00`, with a fraction or without.
fn traditional(line: &str) -> Option<(Written, &str)> {
    let octets = line.as_bytes();
    let name: &[u8; 3] = octets.get(..3)?.try_into().ok()?;
    let month = MONTHS.iter().position(|known| *known == name)? as u8 + 1;
    let rest = line.get(3..)?.trim_start_matches(' ');
    let (day, rest) = rest.split_once(' ')?;
    let day: u8 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    // `Nov  3 2026 10:00:00`, as some devices write.
    let (year, rest) = match rest.split_once(' ') {
        Some((year, after)) if year.len() == 4 && !year.contains(':') => {
            (Some(year.parse::<i64>().ok()?), after)
        }
        _ => (None, rest),
    };
    let (time, rest) = time_of_day(rest.trim_start_matches(' '))?;
    let stamp = match year {
        Some(year) => Written::Local(local(year, month, day, time)),
        None => Written::WithoutYear { month, day, time },
    };
    Some((stamp, rest))
}

/// `10:00:00.123456`.
fn time_of_day(text: &str) -> Option<(i64, &str)> {
    let octets = text.as_bytes();
    let two = |at: usize| -> Option<i64> {
        let (high, low) = (*octets.get(at)?, *octets.get(at + 1)?);
        let digits = high.is_ascii_digit() && low.is_ascii_digit();
        digits.then(|| i64::from(high - b'0') * 10 + i64::from(low - b'0'))
    };
    let (hour, minute, second) = (two(0)?, two(3)?, two(6)?);
    if octets[2] != b':' || octets[5] != b':' || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = 0;
    let mut end = 8;
    if matches!(octets.get(8), Some(b'.' | b',')) {
        let mut scale = SECOND / 10;
        end = 9;
        while let Some(digit) = octets.get(end).filter(|b| b.is_ascii_digit()) {
            micros += i64::from(digit - b'0') * scale;
            scale /= 10;
            end += 1;
        }
    }
    Some((((hour * 60 + minute) * 60 + second) * SECOND + micros, &text[end..]))
}

/// `2026-11-30T12:00:00.123456+01:00`, or with a blank for `T`, or without a zone.
fn iso(line: &str) -> Option<(Written, &str)> {
    let date = line.get(..10)?;
    let mut parts = date.splitn(3, '-');
    let year: i64 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: u8 = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
    let day: u8 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let rest = line.get(10..)?.strip_prefix(['T', ' '])?;
    let (time, rest) = time_of_day(rest)?;
    let at = local(year, month, day, time);
    if let Some(rest) = rest.strip_prefix('Z') {
        return Some((Written::Whole(at), rest));
    }
    let zone = rest.strip_prefix(' ').filter(|rest| rest.starts_with(['+', '-'])).unwrap_or(rest);
    match offset(zone) {
        Some((offset, rest)) => Some((Written::Whole(at - offset), rest)),
        None => Some((Written::Local(at), rest)),
    }
}

/// `+01:00` or `+0100` \[µs\].
pub(super) fn offset(text: &str) -> Option<(i64, &str)> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i64 = text.get(1..3)?.parse().ok()?;
    let rest = text.get(3..)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes: i64 = rest.get(..2)?.parse().ok()?;
    Some((sign * (hours * 60 + minutes) * 60 * SECOND, &rest[2..]))
}

/// Returns the year of a stamp, in UTC.
pub(in super::super) fn year_of(stamp: Stamp) -> i64 {
    rfc3339(stamp).get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970)
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let at = memchr::memchr(b' ', text.as_bytes())?;
    (at > 0).then(|| (&text[..at], &text[at + 1..]))
}

/// `program[pid]: message`.
fn tag(rest: &str) -> Option<(&str, u32, &str)> {
    let at = memchr::memchr(b':', rest.as_bytes())?;
    let (tag, message) = (&rest[..at], rest[at + 1..].trim_start_matches(' '));
    if tag.is_empty() || tag.contains(' ') {
        return None;
    }
    Some(match tag.split_once('[') {
        Some((program, pid)) => (program, pid.trim_end_matches(']').parse().unwrap_or(0), message),
        None => (tag, 0, message),
    })
}

/// `[ID 801593 mail.info]` of Solaris.
fn without_solaris_id(message: &str) -> &str {
    match message.strip_prefix("[ID ").and_then(|rest| rest.split_once("] ")) {
        Some((_, message)) => message,
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_head_is_read() {
        let at = |h: i64, m: i64, s: i64, us: i64| {
            local(2026, 11, 30, ((h * 60 + m) * 60 + s) * SECOND + us)
        };
        let yearless = Written::WithoutYear { month: 11, day: 3, time: 36_000 * SECOND };
        for (line, stamp) in [
            ("Nov  3 10:00:00 mx postfix/smtp[12]: 4F: to", yearless),
            ("<22>Nov  3 10:00:00 mx postfix/smtp[12]: 4F: to", yearless),
            ("Nov  3 10:00:00 mx postfix/smtp[12]: [ID 801593 mail.info] 4F: to", yearless),
            (
                "2026-11-30T12:00:00.25+01:00 mx postfix/smtp[12]: 4F: to",
                Written::Whole(at(11, 0, 0, 250_000)),
            ),
            (
                "2026-11-30T12:00:00+0100 mx postfix/smtp[12]: 4F: to",
                Written::Whole(at(11, 0, 0, 0)),
            ),
            ("2026-11-30T12:00:00Z mx postfix/smtp[12]: 4F: to", Written::Whole(at(12, 0, 0, 0))),
            (
                "<22>1 2026-11-30T12:00:00Z mx postfix/smtp 12 - - 4F: to",
                Written::Whole(at(12, 0, 0, 0)),
            ),
            ("2026-11-30 12:00:00 mx postfix/smtp[12]: 4F: to", Written::Local(at(12, 0, 0, 0))),
        ] {
            let head = syslog(line).unwrap_or_else(|| panic!("{line}"));
            let rest = (head.host, head.program, head.pid, head.message);
            assert_eq!((head.stamp, rest), (stamp, ("mx", "postfix/smtp", 12, "4F: to")), "{line}");
        }
    }

    #[test]
    fn what_has_no_head_is_refused() {
        for line in ["", "Lorem ipsum", "Nov 41 10:00:00 a b: c", "Nov  3 10:61:00 a b: c", "2026"]
        {
            assert_eq!(syslog(line), None, "{line}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(rfc3339(local(2024, 2, 29, 5 * SECOND)), "2024-02-29T00:00:05Z");
    }
}
