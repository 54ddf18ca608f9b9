//! Queues by age and destination, as `qshape` of Postfix prints them (qshape(1)): messages of each
//! domain by age, the first column up to five minutes, each further one twice as wide.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::queues::stays;
use super::tables::Run;
use super::{ExportOptions, ExportedFile};

/// Columns of age; the last has all that is older.
pub const AGE_COLUMNS: usize = 10;
/// The first column ends at this age \[min\].
const FIRST: i64 = 5;

/// By what a queue is divided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DividedBy {
    /// The recipient's domain.
    #[default]
    Destination,
    /// The sender's domain; the null path is `MAILER-DAEMON`.
    Sender,
}

/// A host's queue by age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueShape {
    /// Recipients by domain and age, whoever has most first.
    pub rows: Vec<(String, [u64; AGE_COLUMNS])>,
}

impl QueueShape {
    /// Returns the age at which a column ends \[min\]; none: the last has no end.
    #[must_use]
    pub fn ends_at(column: usize) -> Option<u64> {
        (column + 1 < AGE_COLUMNS).then(|| (FIRST << column) as u64)
    }

    /// Returns all rows in sum.
    #[must_use]
    pub fn total(&self) -> [u64; AGE_COLUMNS] {
        let mut total = [0; AGE_COLUMNS];
        for (_, row) in &self.rows {
            for (sum, count) in total.iter_mut().zip(row) {
                *sum += count;
            }
        }
        total
    }

    /// Returns the table as `qshape` prints it.
    #[must_use]
    pub fn text(&self) -> String {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(5).max(5);
        let mut out = format!("{:width$}  {:>5}", "", "T");
        for column in 0..AGE_COLUMNS - 1 {
            let _ = write!(out, " {:>5}", FIRST << column);
        }
        let _ = writeln!(out, " {:>5}", format!("{}+", FIRST << (AGE_COLUMNS - 2)));
        let total = ("TOTAL".to_owned(), self.total());
        for (name, row) in std::iter::once(&total).chain(&self.rows) {
            let _ = write!(out, "{name:>width$}  {:>5}", row.iter().sum::<u64>());
            for count in row {
                let _ = write!(out, " {count:>5}");
            }
            out.push('\n');
        }
        out
    }
}

/// Returns the queues of hosts with mail at a moment \[s\]; none: the end of the run.
#[must_use]
pub fn queue_shapes(run: &Run, at: Option<f64>, by: DividedBy) -> BTreeMap<String, QueueShape> {
    let at = at.map_or(run.end, |seconds| (seconds * 1e6) as i64);
    let mut queues: BTreeMap<&str, BTreeMap<String, [u64; AGE_COLUMNS]>> = BTreeMap::new();
    for stay in stays(run).iter().filter(|stay| stay.arrived <= at) {
        for leg in stay.recipients.iter().filter(|leg| leg.left.is_none_or(|left| left > at)) {
            let address = match by {
                DividedBy::Destination => &leg.told.recipient,
                DividedBy::Sender => &leg.told.sender,
            };
            let domain = match address.rsplit('@').next() {
                None | Some("") => "MAILER-DAEMON",
                Some(domain) => domain,
            };
            let table = queues.entry(stay.host).or_default();
            table.entry(domain.to_owned()).or_default()[column(at - stay.arrived)] += 1;
        }
    }
    let shape = |(host, table): (&str, BTreeMap<String, [u64; AGE_COLUMNS]>)| {
        let mut rows: Vec<(String, [u64; AGE_COLUMNS])> = table.into_iter().collect();
        rows.sort_by_key(|(name, row)| (std::cmp::Reverse(row.iter().sum::<u64>()), name.clone()));
        (host.to_owned(), QueueShape { rows })
    };
    queues.into_iter().map(shape).collect()
}

/// Returns a table for each host with mail at that moment.
pub(super) fn files(
    run: &Run,
    options: &ExportOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ExportedFile> {
    let shapes = queue_shapes(run, options.at, DividedBy::Destination);
    let file = |(host, shape): (String, QueueShape)| ExportedFile {
        name: format!("{host}.qshape"),
        contents: shape.text().into_bytes(),
    };
    shapes.into_iter().filter(|(host, _)| wanted(host)).map(file).collect()
}

fn column(age: i64) -> usize {
    let minutes = age / 60_000_000;
    (0..AGE_COLUMNS - 1).find(|&column| minutes < FIRST << column).unwrap_or(AGE_COLUMNS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_twice_as_wide_as_the_one_before() {
        let minutes = |minutes: i64| column(minutes * 60_000_000);
        let found = [0, 4, 5, 9, 10, 19, 20, 1279, 1280, 99_999].map(minutes);
        assert_eq!(found, [0, 0, 1, 1, 2, 2, 3, 8, 9, 9]);
    }
}
