//! `mailq` of Postfix (`postqueue -p`) and of Sendmail: a head, then for each message a line with its id,
//! size, time and sender, reasons in parentheses, and recipients.

use super::super::LogOptions;
use super::super::finding::FileReport;
use super::super::log::header::{self, SECOND, Stamp};
use super::{Came, Queued, Read};

/// Returns whether a line is the head of Postfix's.
pub(in super::super) fn is_postfix_mailq(line: &str) -> bool {
    line.starts_with("-Queue ID-") && line.contains("-Arrival Time-")
}

/// Returns whether a line is the head of Sendmail's.
pub(in super::super) fn is_sendmail_mailq(line: &str) -> bool {
    line.starts_with("-----Q-ID-----") && line.contains("-Q-Time-")
}

/// What stands in the line of a message.
struct Head {
    id: String,
    mark: char,
    size: u64,
    /// Month, day, and time of day \[µs\].
    time: (u8, u8, i64),
    from: String,
}

/// `020291EC36     2169 Mon Nov 30 15:06:59  m107@src.test`, in Sendmail without seconds and with a
/// number for the priority (`-v`).
fn head(line: &str) -> Option<Head> {
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let (&first, rest) = words.split_first()?;
    let id = first.trim_end_matches(['*', '!', '#', '-', 'X', '+']);
    // In Sendmail's, X may be the last letter of the id.
    let id = if first.ends_with('X') { first } else { id };
    let mark = first[id.len()..].chars().next().unwrap_or(' ');
    if id.len() < 5 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let at = rest.iter().position(|word| day.contains(word))?;
    let size = rest[..at].iter().find_map(|word| word.parse().ok());
    let [_, month, day, time, sender @ ..] = rest.get(at..)? else { return None };
    // A stamp of syslog has seconds, Sendmail's listing has none.
    let time = if time.len() == 5 { format!("{time}:00") } else { (*time).to_owned() };
    let (written, _) = header::stamp(&format!("{month} {day:>2} {time} "))
        .filter(|(_, rest)| rest.trim().is_empty())?;
    let header::Written::WithoutYear { month, day, time } = written else { return None };
    let from = sender.first().map_or("", |sender| bare(sender)).to_owned();
    Some(Head { id: id.to_owned(), mark, size: size.unwrap_or(0), time: (month, day, time), from })
}

/// An address without brackets; empty for the null sender.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
    if text == "MAILER-DAEMON" { "" } else { text }
}

pub(super) fn read(text: &str, options: &LogOptions, report: &mut FileReport) -> Read {
    let mut read = Read::default();
    let mut reader = Reader::default();
    for (line, text) in (1..).zip(text.lines()) {
        let trimmed = text.trim();
        if trimmed.is_empty() || is_frame(text) {
            continue;
        }
        if let Some(head) = head(text) {
            reader.begin(line, &head, options, &mut read);
        } else if !reader.goes_on(trimmed) {
            report.breaks(line, text.as_bytes(), "no message of a queue");
        }
    }
    reader.end(&mut read);
    read
}

/// Returns whether a line says nothing of a message.
fn is_frame(line: &str) -> bool {
    let trimmed = line.trim();
    is_postfix_mailq(line)
        || is_sendmail_mailq(line)
        || trimmed.starts_with("-- ")
        || trimmed.starts_with("Total requests:")
        || trimmed == "Mail queue is empty"
        || trimmed.ends_with(" is empty")
        || trimmed.starts_with('/')
            && (trimmed.ends_with("request)") || trimmed.ends_with("requests)"))
        || trimmed.starts_with("MSP Queue status")
        || trimmed.starts_with("MTA Queue status")
}

/// Puts lines together.
#[derive(Default)]
struct Reader {
    current: Option<Queued>,
    reason: String,
    /// Whether a reason in parentheses goes on in the next line.
    is_open: bool,
    latest: Option<Stamp>,
    year: Option<i64>,
}

impl Reader {
    fn begin(&mut self, line: u64, head: &Head, options: &LogOptions, read: &mut Read) {
        self.end(read);
        let (month, day, time) = head.time;
        // A listing has no order of time, so a year that turns is not to be seen: its messages lie
        // within days, and the month that is far ahead is that of the year before.
        let year = *self.year.get_or_insert(options.year.unwrap_or(SOME_YEAR));
        let at = |year| header::local(year, month, day, time);
        let mut came = at(year);
        if let Some(latest) = self.latest {
            let near = |stamp: Stamp| (stamp - latest).abs();
            came = [at(year - 1), came, at(year + 1)]
                .into_iter()
                .min_by_key(|s| near(*s))
                .unwrap_or(came);
        }
        self.latest = self.latest.max(Some(came));
        let offset = options.utc_offset.unwrap_or(0) * 60 * SECOND;
        self.current = Some(Queued {
            line,
            id: head.id.clone(),
            came: Came::At(came - offset),
            size: head.size,
            from: head.from.clone(),
            recipients: Vec::new(),
            is_active: head.mark == '*',
            is_held: head.mark == '!',
        });
    }

    /// A line that belongs to the message at hand. Returns whether there is one.
    fn goes_on(&mut self, text: &str) -> bool {
        let Some(message) = &mut self.current else { return false };
        if self.is_open || text.starts_with('(') {
            if !self.is_open {
                self.reason.clear();
            }
            let piece = text.strip_prefix('(').filter(|_| !self.is_open).unwrap_or(text);
            self.is_open = !text.ends_with(')');
            let piece = if self.is_open { piece } else { &piece[..piece.len() - 1] };
            self.reason.push_str(piece);
            self.reason.push(' ');
            // Sendmail tells the reason behind the recipients' head, for all of them.
            return true;
        }
        let reason = self.reason.trim_end().to_owned();
        message
            .recipients
            .push((bare(text.split_whitespace().next().unwrap_or_default()).to_owned(), reason));
        true
    }

    fn end(&mut self, read: &mut Read) {
        read.messages.extend(self.current.take());
        (self.is_open, self.reason) = (false, String::new());
    }
}

/// A year for listings that tell none, as for logs.
const SOME_YEAR: i64 = 2024;
