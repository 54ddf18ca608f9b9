//! The table of `qshape` (qshape(1)): messages by destination and age.

use super::super::finding::FileReport;
use super::{Came, Queued, Read};

/// Size of a message of which nothing is known \[octets\].
const SIZE: u64 = 10_000;
/// More messages than this are no queue but a mistake.
const MOST: u64 = 10_000_000;

/// Returns whether a line is the head of such a table: `T  5 10 20 … 1280+`.
pub(in super::super) fn is_qshape(line: &str) -> bool {
    columns(line).is_some()
}

/// The upper ends of the columns \[min\]; the last has none.
fn columns(line: &str) -> Option<Vec<u64>> {
    let mut words = line.split_whitespace();
    if words.next() != Some("T") {
        return None;
    }
    let words: Vec<&str> = words.collect();
    let (last, ends) = words.split_last()?;
    let ends: Option<Vec<u64>> = ends.iter().map(|word| word.parse().ok()).collect();
    let ends = ends?;
    (last.strip_suffix('+')?.parse::<u64>().ok()? == *ends.last()?).then_some(ends)
}

pub(super) fn read(text: &str, report: &mut FileReport) -> Read {
    let mut read = Read::default();
    let mut ends: Vec<u64> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if let Some(found) = columns(text) {
            ends = found;
            continue;
        }
        if text.trim().is_empty() {
            continue;
        }
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let counts: Option<Vec<u64>> = words.map(|word| word.parse().ok()).collect();
        // The sum and the columns.
        let counts = counts.filter(|counts| counts.len() == ends.len() + 2 && !ends.is_empty());
        let Some(counts) = counts.filter(|counts| counts.iter().sum::<u64>() <= MOST) else {
            report.breaks(line, text.as_bytes(), "no row of a table of qshape");
            continue;
        };
        // Rows such as `.example.org` are sums of those of subdomains.
        if name == "TOTAL" || name.starts_with('.') {
            continue;
        }
        let mut number = 0;
        for (column, &count) in counts[1..].iter().enumerate() {
            let from = column.checked_sub(1).map_or(0, |before| ends[before]) * 60;
            // What is older than the last column is up to twice as old.
            let to = ends.get(column).map_or(from * 2, |end| end * 60).max(from + 1);
            for place in 0..count {
                number += 1;
                let age = from + (to - from) * (2 * place + 1) / (2 * count);
                read.messages.push(message(line, name, number, age));
            }
        }
    }
    read
}

fn message(line: u64, domain: &str, number: u64, age: u64) -> Queued {
    Queued {
        line,
        id: String::new(),
        came: Came::Ago(age),
        size: SIZE,
        from: "somebody@elsewhere.example".to_owned(),
        recipients: vec![(format!("r{number}@{domain}"), String::new())],
        is_active: false,
        is_held: false,
    }
}
