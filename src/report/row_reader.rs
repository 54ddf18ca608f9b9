//! A table of a result folder, read row by row, its fields by the names of their columns.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::units::SimTime;

use super::error::ReportError;
use super::place::open_file;

/// A table that is read.
pub(super) struct RowReader {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
}

/// The fields of a row.
pub(super) struct Fields<'r> {
    record: &'r csv::StringRecord,
    columns: &'r BTreeMap<String, usize>,
}

impl RowReader {
    pub(super) fn open(folder: &Path, name: &str) -> Result<Self, ReportError> {
        let path = folder.join(name);
        let file = open_file(folder, name).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => ReportError::Missing {
                path: path.clone(),
                hint: "figures of mail are computed from the tables; run the scenario without \
                       --no-tables",
            },
            _ => ReportError::io("read", &path, cause),
        })?;
        let reader = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(file);
        Ok(Self { path, reader })
    }

    /// Hands each row to `take`, which says what is wrong with one that it cannot read.
    pub(super) fn for_each(
        mut self,
        mut take: impl FnMut(&Fields<'_>) -> Result<(), String>,
    ) -> Result<(), ReportError> {
        let path = self.path;
        let bad = |problem: String| ReportError::BadFile { path: path.clone(), problem };
        let header = self.reader.headers().map_err(|error| bad(error.to_string()))?.clone();
        let columns: BTreeMap<String, usize> =
            header.iter().enumerate().map(|(place, name)| (name.to_owned(), place)).collect();
        let mut record = csv::StringRecord::new();
        let mut number = 0_u64;
        while self.reader.read_record(&mut record).map_err(|error| bad(error.to_string()))? {
            number += 1;
            let fields = Fields { record: &record, columns: &columns };
            take(&fields).map_err(|problem| bad(format!("row {number}: {problem}")))?;
        }
        Ok(())
    }
}

impl<'r> Fields<'r> {
    pub(super) fn text(&self, column: &str) -> Result<&'r str, String> {
        let place =
            self.columns.get(column).ok_or_else(|| format!("there is no column {column}"))?;
        Ok(self.record.get(*place).unwrap_or_default())
    }

    /// Returns the number; none of an empty field.
    pub(super) fn number(&self, column: &str) -> Result<Option<u64>, String> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().map(Some);
        number.map_err(|_| format!("{column} holds {text:?}, which is no number"))
    }

    /// Returns the time; none of an empty field.
    pub(super) fn time(&self, column: &str) -> Result<Option<SimTime>, String> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let time =
            micros(text).ok_or_else(|| format!("{column} holds {text:?}, which is no time"))?;
        Ok(Some(SimTime::from_nanos(time.saturating_mul(1_000))))
    }

    pub(super) fn needed_time(&self, column: &str) -> Result<SimTime, String> {
        self.time(column)?.ok_or_else(|| format!("{column} is empty"))
    }

    pub(super) fn word<T: Copy>(
        &self,
        column: &str,
        words: &BTreeMap<&str, T>,
    ) -> Result<T, String> {
        let text = self.text(column)?;
        words.get(text).copied().ok_or_else(|| format!("{column} holds the unknown word {text:?}"))
    }
}

/// Reads decimal seconds \[µs\], digit by digit.
fn micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros = digits.parse::<u64>().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn seconds_are_read_to_the_microsecond() {
        assert_eq!(micros("12.000345"), Some(12_000_345));
        assert_eq!(micros("0.5"), Some(500_000));
        assert_eq!(micros("7"), Some(7_000_000));
        assert_eq!(micros("-1.0"), None);
        assert_eq!(micros("soon"), None);
    }
}
