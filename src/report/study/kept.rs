//! Finished runs of a study that is under way, as lines of a file, each with a digest of its own.
//!
//! An interrupted study goes on from these lines days later, on another disk or machine, so a line
//! that is not what was written must not pass for a run: its digest is checked when it is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::study::RunRow;

/// Digits of a line's digest: the first 64 bits of BLAKE3 over the rest of the line.
const DIGITS: usize = 16;

/// Finished runs that were found, and lines that are not what was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// The runs by their keys.
    pub rows: BTreeMap<String, RunRow>,
    /// Lines whose digest does not fit: the file and the line's number, from 1. Their runs are
    /// missing and are made again.
    pub damaged: Vec<(PathBuf, usize)>,
}

impl Kept {
    /// Takes in the lines of a file. What follows the last line feed was left half-written by a
    /// process that was killed, and is no line.
    pub(super) fn take_in(&mut self, path: &Path, bytes: &[u8]) {
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
        for (index, line) in bytes[..whole].split(|&byte| byte == b'\n').enumerate() {
            match read_line(line) {
                Some(row) => {
                    self.rows.insert(row.key.clone(), row);
                }
                None if line.is_empty() => {}
                None => self.damaged.push((path.to_owned(), index + 1)),
            }
        }
    }
}

/// Returns a run as it is kept, with the line feed.
///
/// # Panics
/// Never: a row is always representable as JSON.
pub(super) fn line_of(row: &RunRow) -> String {
    let text = serde_json::to_string(row).expect("a row is plain data");
    format!("{} {text}\n", digest(text.as_bytes()))
}

/// Returns the run of a line; none if it is not what was written.
fn read_line(line: &[u8]) -> Option<RunRow> {
    let (told, rest) = line.split_at_checked(DIGITS)?;
    let text = rest.strip_prefix(b" ")?;
    (told == digest(text).as_bytes()).then(|| serde_json::from_slice(text).ok())?
}

fn digest(text: &[u8]) -> String {
    blake3::hash(text).to_hex()[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, value: f64) -> RunRow {
        RunRow { key: key.to_owned(), figures: vec![Some(value)], ..RunRow::default() }
    }

    fn kept(bytes: &[u8]) -> Kept {
        let mut kept = Kept::default();
        kept.take_in(Path::new("rows/whole.jsonl"), bytes);
        kept
    }

    #[test]
    fn what_was_kept_is_found_again() {
        let lines = line_of(&row("a", 1.5)) + &line_of(&row("b", 2.5));
        let found = kept(lines.as_bytes());
        assert_eq!(found.rows.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found.rows["b"], row("b", 2.5));
        assert_eq!(found.damaged, []);
    }

    #[test]
    fn a_line_that_was_cut_off_is_no_run_and_no_damage() {
        let lines = line_of(&row("a", 1.5)) + line_of(&row("b", 2.5)).trim_end();
        let found = kept(lines.as_bytes());
        assert_eq!(found.rows.len(), 1);
        assert_eq!(found.damaged, []);
        assert_eq!(kept(b"").rows.len() + kept(b"half a line").damaged.len(), 0);
    }

    /// Each single changed octet of a line is noticed, and the lines beside it are not.
    #[test]
    fn a_flipped_octet_is_found_and_named() {
        let lines = line_of(&row("a", 1.5)) + &line_of(&row("b", 2.5)) + &line_of(&row("c", 3.5));
        let first = line_of(&row("a", 1.5)).len();
        let second = first + line_of(&row("b", 2.5)).len();
        for at in first..second - 1 {
            let mut bytes = lines.clone().into_bytes();
            bytes[at] ^= 1;
            let found = kept(&bytes);
            assert_eq!(found.rows.keys().collect::<Vec<_>>(), ["a", "c"], "octet {at}");
            assert!(!found.damaged.is_empty(), "octet {at}");
            assert_eq!(found.damaged[0].1, 2, "octet {at}");
        }
    }
}
