//! Received fields (RFC 5321 §4.4) and the date they carry.

use std::fmt::Write as _;

use crate::units::SimTime;

use super::TransmissionType;

/// How a server words its Received fields. What it adds to a message follows from that and from the
/// names: between 140 and 200 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ReceivedStyle {
    /// What RFC 5321 §4.4 asks for.
    #[default]
    Plain,
    /// Postfix 3.7 and 3.10 (`src/smtpd/smtpd.c`), without its lines about TLS, which are off.
    Postfix,
    /// Exim 4.96 (`received_header_text`), for a client whose name the reverse DNS has.
    Exim,
    /// Sendmail 8.17.1 (`HReceived` of `sendmail.cf`).
    Sendmail,
    /// OpenSMTPD 6.8 and 7.6 (`usr.sbin/smtpd/smtp_session.c`).
    OpenSmtpd,
    /// Haraka 3.1 (`connection.js`, `received_line`).
    Haraka,
    /// qmail (`received.c`), without the field that `qmail-queue` puts above it.
    Qmail,
}

impl ReceivedStyle {
    /// Returns a name for a queue file as the server spells them, of bits that stand for the message.
    #[must_use]
    pub fn queue_id(self, bits: u64) -> String {
        match self {
            Self::Plain | Self::Postfix => format!("{:010X}", bits & 0xff_ffff_ffff),
            Self::Exim => {
                let (time, process) = (in_letters(bits, 6), in_letters(bits >> 24, 6));
                format!("{time}-{process}-{}", in_letters(bits >> 48, 2))
            }
            Self::Sendmail => {
                format!("{}{:06}", in_letters(bits, 8), (bits >> 40) % 1_000_000)
            }
            Self::OpenSmtpd => format!("{:08x}", bits & 0xffff_ffff),
            Self::Haraka => {
                let (low, high) = (bits & 0xffff_ffff_ffff, bits >> 32);
                let (one, two, three) = (bits >> 32, bits >> 16 & 0xffff, bits & 0xfff);
                format!("{one:08X}-{two:04X}-4{three:03X}-{:04X}-{low:012X}.1", high & 0xffff)
            }
            Self::Qmail => String::new(),
        }
    }

    /// Octets of the name of a queue file.
    /// Returns what stands in place of a client's host where its address leads to no name.
    #[must_use]
    pub const fn unnamed(self) -> &'static str {
        match self {
            Self::Plain | Self::Postfix | Self::Haraka | Self::Qmail => "unknown",
            Self::OpenSmtpd => "<unknown>",
            Self::Exim | Self::Sendmail => "",
        }
    }

    const fn queue_id_length(self) -> u64 {
        match self {
            Self::Plain | Self::Postfix => 10,
            Self::Exim => 16,
            Self::Sendmail => 14,
            Self::OpenSmtpd => 8,
            Self::Haraka => 38,
            Self::Qmail => 0,
        }
    }

    /// Returns the octets that a field adds to the header, its line ends included.
    #[must_use]
    pub fn octets(self, lengths: &ReceivedLengths, at: SimTime, clock_error_ns: i64) -> u64 {
        let &ReceivedLengths { from, from_host, from_address, by, with, .. } = lengths;
        let names = from + from_address + by + with + self.queue_id_length();
        let date = self.date_length(at, clock_error_ns);
        let path = lengths.for_path;
        let to = |words: u64, none: u64| path.map_or(none, |length| length + words);
        match self {
            Self::Plain => names + from_host + 37 + to(11, 2) + date + 2,
            Self::Postfix => names + from_host + 47 + to(11, 4) + date + 2,
            Self::Sendmail => {
                let host = if from_host == 0 { 0 } else { from_host + 1 };
                names + host + 56 + to(11, 4) + date + 2
            }
            Self::OpenSmtpd => names + from_host + 49 + to(13, 4) + date + 2,
            Self::Exim => {
                let helo = match (from_host, lengths.same_name) {
                    (0, _) => from + 5,
                    (_, true) => 0,
                    (_, false) => from + 6,
                };
                let named = names - from + from_host + helo + lengths.reverse_path;
                named + 71 + to(11, 4) + date + 2
            }
            Self::Haraka => names + 51 + 23 + lengths.reverse_path + date + 2,
            Self::Qmail => {
                let helo = if lengths.same_name { 0 } else { from + 8 };
                from_host + helo + from_address + by + 37 + date + 2
            }
        }
    }

    fn date_length(self, at: SimTime, clock_error_ns: i64) -> u64 {
        let padded = match self {
            Self::Postfix => return 37,
            Self::Exim => return 31,
            Self::OpenSmtpd => 37,
            Self::Plain | Self::Haraka => 31,
            Self::Sendmail => 29,
            Self::Qmail => 26,
        };
        padded - u64::from(date(at, clock_error_ns).day < 10)
    }

    fn date(self, at: SimTime, clock_error_ns: i64) -> String {
        let Date { weekday, day, month, year, second } = date(at, clock_error_ns);
        let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        match self {
            Self::Plain | Self::Haraka => format!("{weekday}, {day} {month} {year} {clock} +0000"),
            Self::Postfix => format!("{weekday}, {day:2} {month} {year} {clock} +0000 (UTC)"),
            Self::OpenSmtpd => format!("{weekday}, {day} {month} {year} {clock} +0000 (UTC)"),
            Self::Exim => format!("{weekday}, {day:02} {month} {year} {clock} +0000"),
            Self::Sendmail => format!("{weekday}, {day} {month} {year} {clock} GMT"),
            Self::Qmail => format!("{day} {month} {year} {clock} -0000"),
        }
    }
}

/// Returns so many letters and digits for bits.
fn in_letters(mut bits: u64, count: usize) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        text.push(char::from(LETTERS[(bits % 62) as usize]));
        bits /= 62;
    }
    text
}

/// Lengths of what goes into a field, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedLengths {
    /// Name given in EHLO.
    pub from: u64,
    /// Name of the address.
    pub from_host: u64,
    /// Address of the client.
    pub from_address: u64,
    /// Name of the server.
    pub by: u64,
    /// Protocol keyword.
    pub with: u64,
    /// The one recipient, if there is just one.
    pub for_path: Option<u64>,
    /// The reverse path.
    pub reverse_path: u64,
    /// Whether the name given is that of the address.
    pub same_name: bool,
}

/// One trace field, as the receiving server writes it on top of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedField {
    /// How the server words it.
    pub style: ReceivedStyle,
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
    /// The reverse path; empty: the null one.
    pub reverse_path: String,
    /// When the server took the message, in true time.
    pub at: SimTime,
    /// How far the server's clock is ahead of true time \[ns\]; negative: behind. The date shows it.
    pub clock_error_ns: i64,
}

impl ReceivedField {
    /// Returns the field folded over several lines, as the server writes it.
    #[must_use]
    pub fn render(&self) -> String {
        let Self { from, from_host, from_address, by, id, reverse_path, .. } = self;
        let with = self.with.as_str();
        let date = self.style.date(self.at, self.clock_error_ns);
        let client = format!("Received: from {from} ({from_host} [{from_address}])");
        let mut text = match self.style {
            ReceivedStyle::Plain => format!("{client}\r\n\tby {by} with {with} id {id}"),
            ReceivedStyle::Postfix => {
                format!("{client}\r\n\tby {by} (Postfix) with {with} id {id}")
            }
            ReceivedStyle::Sendmail => {
                let client = match from_host.as_str() {
                    "" => format!("Received: from {from} ([{from_address}])"),
                    _ => client,
                };
                format!("{client}\r\n\tby {by} (8.17.1.9/8.17.1.9) with {with} id {id}")
            }
            ReceivedStyle::OpenSmtpd => {
                format!("{client}\r\n\tby {by} (OpenSMTPD) with {with} id {id}")
            }
            ReceivedStyle::Exim => {
                let client = match from_host.as_str() {
                    "" => format!("[{from_address}] (helo={from})"),
                    _ if from == from_host => format!("{from_host} ([{from_address}])"),
                    _ => format!("{from_host} ([{from_address}] helo={from})"),
                };
                format!(
                    "Received: from {client}\r\n\tby {by} with {} \
                     (Exim 4.96)\r\n\t(envelope-from <{reverse_path}>)\r\n\tid {id}",
                    with.to_lowercase()
                )
            }
            ReceivedStyle::Haraka => format!(
                "Received: from {from} ([{from_address}])\r\n\tby {by} (Haraka/3.1.6) with {with} \
                 id {id}\r\n\tenvelope-from <{reverse_path}>"
            ),
            ReceivedStyle::Qmail => {
                let helo =
                    if from == from_host { String::new() } else { format!(" (HELO {from})") };
                format!("Received: from {from_host}{helo} ({from_address})\r\n  by {by} with SMTP")
            }
        };
        let path = self.for_path.as_deref();
        let _ = match (self.style, path) {
            (ReceivedStyle::Plain, Some(path)) => write!(text, "\r\n\tfor <{path}>; {date}"),
            (ReceivedStyle::Plain | ReceivedStyle::Qmail, _) => write!(text, "; {date}"),
            (ReceivedStyle::Postfix | ReceivedStyle::Sendmail, Some(path)) => {
                write!(text, "\r\n\tfor <{path}>; {date}")
            }
            (ReceivedStyle::OpenSmtpd, Some(path)) => {
                write!(text, "\r\n\tfor <{path}>;\r\n\t{date}")
            }
            (ReceivedStyle::Exim, Some(path)) => write!(text, "\r\n\tfor {path};\r\n\t{date}"),
            _ => write!(text, ";\r\n\t{date}"),
        };
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
    ReceivedStyle::Plain.date(at, clock_error_ns)
}

/// The parts of a date.
struct Date {
    weekday: &'static str,
    day: i64,
    month: &'static str,
    year: i64,
    /// Second of the day.
    second: i64,
}

fn date(at: SimTime, clock_error_ns: i64) -> Date {
    let shown = i128::from(at.as_nanos()) + i128::from(clock_error_ns);
    // 584 years of nanoseconds are less than 2^63 seconds.
    let seconds = shown.div_euclid(1_000_000_000) as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    let weekday = WEEKDAYS[days.rem_euclid(7) as usize];
    Date { weekday, day, month: MONTHS[month], year, second }
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

    fn field(style: ReceivedStyle, from_host: &str, for_path: Option<&str>) -> ReceivedField {
        ReceivedField {
            style,
            from: "mua.lab.test".to_owned(),
            from_host: from_host.to_owned(),
            from_address: "10.0.0.2".to_owned(),
            by: "relay.lab.test".to_owned(),
            with: TransmissionType::Esmtp,
            id: style.queue_id(0x1234_5678_9abc_def0),
            for_path: for_path.map(str::to_owned),
            reverse_path: "m001@src.test".to_owned(),
            at: SimTime::from_secs(30 * 86_400),
            clock_error_ns: 0,
        }
    }

    fn octets(field: &ReceivedField) -> u64 {
        let length = |text: &str| text.len() as u64;
        let lengths = ReceivedLengths {
            from: length(&field.from),
            from_host: length(&field.from_host),
            from_address: length(&field.from_address),
            by: length(&field.by),
            with: length(field.with.as_str()),
            for_path: field.for_path.as_deref().map(length),
            reverse_path: length(&field.reverse_path),
            same_name: field.from == field.from_host,
        };
        field.style.octets(&lengths, field.at, field.clock_error_ns)
    }

    const STYLES: [ReceivedStyle; 7] = [
        ReceivedStyle::Plain,
        ReceivedStyle::Postfix,
        ReceivedStyle::Exim,
        ReceivedStyle::Sendmail,
        ReceivedStyle::OpenSmtpd,
        ReceivedStyle::Haraka,
        ReceivedStyle::Qmail,
    ];

    #[test]
    fn the_size_of_a_field_is_that_of_its_text() {
        for style in STYLES {
            for host in ["mua.lab.test", "unknown", style.unnamed()] {
                for path in [None, Some("m001@dest.test")] {
                    // The first and the last day of a month, and a clock two days behind.
                    for (day, behind) in [(0, 0), (30, 0), (10, 2)] {
                        let clock_error_ns = -behind * 86_400_000_000_000;
                        let at = SimTime::from_secs(day * 86_400);
                        let field =
                            ReceivedField { at, clock_error_ns, ..field(style, host, path) };
                        let text = field.render();
                        assert_eq!(octets(&field), text.len() as u64 + 2, "{text}");
                    }
                }
            }
        }
    }

    /// Fields of the laboratory's servers, for m001@dest.test from a client without a name in the
    /// reverse DNS: 166 octets of Postfix (whose queue ids have nine or ten characters), 171 of
    /// OpenSMTPD, 202 of Exim, 165 of Sendmail, 197 of Haraka, 114 of qmail.
    #[test]
    fn sizes_are_those_of_recorded_fields() {
        let of = |style, host| octets(&field(style, host, Some("m001@dest.test")));
        assert_eq!(of(ReceivedStyle::Postfix, "unknown"), 166 + 1);
        assert_eq!(of(ReceivedStyle::OpenSmtpd, "<unknown>"), 171);
        assert_eq!(of(ReceivedStyle::Haraka, "unknown"), 197);
        assert_eq!(of(ReceivedStyle::Qmail, "unknown"), 114);
        // Exim's names such a client by its address alone: "[10.0.0.2] (helo=mua.lab.test)".
        assert_eq!(of(ReceivedStyle::Exim, ""), 202);
        assert_eq!(of(ReceivedStyle::Sendmail, ""), 165);
    }
}
