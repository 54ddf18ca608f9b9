//! `exim -bp`, in any order (`-bpr`, `-bpu`; `src/queue.c`, `queue_list`).

use super::super::finding::FileReport;
use super::super::log::header::{SECOND, Stamp};
use super::{Came, Queued, Read};

/// A message's line: age, size, id, sender, and whether it is frozen.
struct Head {
    age: u64,
    /// The age is known to so many seconds.
    step: u64,
    size: u64,
    id: String,
    from: String,
    is_frozen: bool,
}

/// Returns whether a line is one of them.
pub(in super::super) fn is_exim_spool(line: &str) -> bool {
    head(line).is_some()
}

/// ` 4m  2.1K 1xY2wi-0006zf-01 <m001@src.test> *** frozen ***`.
fn head(line: &str) -> Option<Head> {
    let mut words = line.split_whitespace();
    let (age, size, id) = (words.next()?, words.next()?, words.next()?);
    let (age, step) = duration(age)?;
    let (size, id) = (octets(size)?, id.to_owned());
    let parts: Vec<&str> = id.split('-').collect();
    let is_id = parts.len() == 3 && parts[0].len() == 6 && base62(parts[0]).is_some();
    let from = words.next()?;
    let from = from.strip_prefix('<')?.strip_suffix('>')?.to_owned();
    let is_frozen = line.contains("*** frozen ***");
    is_id.then_some(Head { age, step, size, id, from, is_frozen })
}

/// `25m`, `49h`, `3d`: seconds, and those of the unit.
fn duration(text: &str) -> Option<(u64, u64)> {
    let unit = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    Some((number.checked_mul(unit)?, unit))
}

/// `785`, `2.1K`, `12M` (`string_format_size`).
fn octets(text: &str) -> Option<u64> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1024.0),
        b'M' => (&text[..text.len() - 1], 1_048_576.0),
        b'G' => (&text[..text.len() - 1], 1_073_741_824.0),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (number >= 0.0 && number.is_finite()).then_some((number * unit) as u64)
}

/// The seconds since 1970 with which an id begins, in base 62 (`src/receive.c`).
fn base62(text: &str) -> Option<i64> {
    text.bytes().try_fold(0_i64, |sum, octet| {
        let digit = match octet {
            b'0'..=b'9' => octet - b'0',
            b'A'..=b'Z' => octet - b'A' + 10,
            b'a'..=b'z' => octet - b'a' + 36,
            _ => return None,
        };
        Some(sum * 62 + i64::from(digit))
    })
}

pub(super) fn read(text: &str, report: &mut FileReport) -> Read {
    let mut read = Read::default();
    let mut earliest: Option<Stamp> = None;
    let mut current: Option<Queued> = None;
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            read.messages.extend(current.take());
        } else if let Some(head) = head(text) {
            read.messages.extend(current.take());
            let came = base62(&head.id[..6]).unwrap_or(0) * SECOND;
            // Beyond an hour and a half an age is rounded to the nearest of its unit.
            let half = if head.step > 60 { head.step / 2 } else { 0 };
            let least = came + (head.age.saturating_sub(half) as i64) * SECOND;
            earliest = earliest.max(Some(least));
            current = Some(Queued {
                line,
                id: head.id,
                came: Came::At(came),
                size: head.size,
                from: head.from,
                recipients: Vec::new(),
                is_active: false,
                is_held: head.is_frozen,
            });
        } else if let Some(message) = &mut current {
            let address = text.trim();
            // `D` stands before those that were delivered, `+D` before what an alias made.
            if !address.starts_with("D ") && !address.starts_with("+D ") {
                message.recipients.push((address.to_owned(), String::new()));
            }
        } else {
            report.breaks(line, text.as_bytes(), "no message of a spool");
        }
    }
    read.messages.extend(current);
    read.listed_at = earliest;
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_sizes_and_ids_are_read() {
        let line = " 4m  2.1K 1xY2wi-0006zf-01 <m001@src.test> *** frozen ***";
        let head = head(line).expect("a message");
        assert_eq!((head.age, head.size, head.is_frozen), (240, 2150, true));
        assert_eq!(head.from, "m001@src.test");
        // The clock of the server at that id.
        assert_eq!(base62("1xY2wi"), Some(1_796_051_136));
        assert!(is_exim_spool("49h   785 1xY2wi-00000006zf0-0001 <>"));
        assert!(!is_exim_spool("Nov 30 10:00:00 host exim[1]: x"));
    }
}
