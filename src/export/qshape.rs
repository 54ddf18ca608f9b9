//! Queues by age and destination, as `qshape` of Postfix prints them (qshape(1)): messages of each
//! domain by age, the first column up to five minutes, each further one twice as wide.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::queues::stays;
use super::tables::Run;
use super::{ExportOptions, ExportedFile};

/// Columns of age; the last has all that is older.
const COLUMNS: usize = 10;
/// The first column ends at this age \[min\].
const FIRST: i64 = 5;

/// Returns a table for each host with mail at that moment.
pub(super) fn files(
    run: &Run,
    options: &ExportOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ExportedFile> {
    let at = options.at.map_or(run.end, |seconds| (seconds * 1e6) as i64);
    let mut queues: BTreeMap<&str, BTreeMap<String, [u64; COLUMNS]>> = BTreeMap::new();
    for stay in stays(run).iter().filter(|stay| stay.arrived <= at && wanted(stay.host)) {
        for leg in stay.recipients.iter().filter(|leg| leg.left.is_none_or(|left| left > at)) {
            let domain = leg.told.recipient.rsplit('@').next().unwrap_or_default();
            let table = queues.entry(stay.host).or_default();
            for row in [domain, "TOTAL"] {
                table.entry(row.to_owned()).or_default()[column(at - stay.arrived)] += 1;
            }
        }
    }
    let file = |(host, table): (&str, BTreeMap<String, [u64; COLUMNS]>)| ExportedFile {
        name: format!("{host}.qshape"),
        contents: text(&table).into_bytes(),
    };
    queues.into_iter().map(file).collect()
}

fn column(age: i64) -> usize {
    let minutes = age / 60_000_000;
    (0..COLUMNS - 1).find(|&column| minutes < FIRST << column).unwrap_or(COLUMNS - 1)
}

fn text(table: &BTreeMap<String, [u64; COLUMNS]>) -> String {
    let mut rows: Vec<(&String, &[u64; COLUMNS])> = table.iter().collect();
    let total = |row: &[u64; COLUMNS]| row.iter().sum::<u64>();
    // The total first, then whoever has most.
    rows.sort_by_key(|(name, row)| {
        (name.as_str() != "TOTAL", std::cmp::Reverse(total(row)), (*name).clone())
    });
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(5).max(5);
    let mut out = format!("{:width$}  {:>5}", "", "T");
    for column in 0..COLUMNS - 1 {
        let _ = write!(out, " {:>5}", FIRST << column);
    }
    let _ = writeln!(out, " {:>5}", format!("{}+", FIRST << (COLUMNS - 2)));
    for (name, row) in rows {
        let _ = write!(out, "{name:>width$}  {:>5}", total(row));
        for count in row {
            let _ = write!(out, " {count:>5}");
        }
        out.push('\n');
    }
    out
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
