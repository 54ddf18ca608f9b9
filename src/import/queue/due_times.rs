//! When Postfix tries messages again: a file of the deferred queue has that moment for its time of
//! modification (`qmgr_active.c`), and `find /var/spool/postfix/deferred -type f -printf '%T@ %f\n'`
//! prints it.

use std::collections::BTreeMap;

use super::super::finding::FileReport;
use super::super::log::header::{SECOND, Stamp};

/// Returns whether a line is one of them.
pub(in super::super) fn is_due_times(line: &str) -> bool {
    parse(line).is_some()
}

/// `1796051219.9445188045 020291EC36`, or with the path of the file.
fn parse(line: &str) -> Option<(String, Stamp)> {
    let mut words = line.split_whitespace();
    let (time, file, rest) = (words.next()?, words.next()?, words.next());
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let id = file.rsplit('/').next()?;
    let is_id = id.len() >= 6 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if rest.is_some() || seconds.len() < 9 || !digits(seconds) || !digits(fraction) || !is_id {
        return None;
    }
    let micros = format!("{fraction:0<6}")[..6].parse::<i64>().ok()?;
    Some((id.to_owned(), seconds.parse::<i64>().ok()?.checked_mul(SECOND)? + micros))
}

pub(super) fn read(text: &str, report: &mut FileReport) -> BTreeMap<String, Stamp> {
    let mut due = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        match parse(text) {
            Some((id, at)) => {
                due.insert(id, at);
            }
            None if text.trim().is_empty() => {}
            None => report.breaks(line, text.as_bytes(), "no time and file of a queue"),
        }
    }
    due
}
