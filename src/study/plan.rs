//! Which runs a study needs, which of them a shard makes, and when there are enough.

use std::collections::BTreeMap;

use super::{Cell, Replications, Study, Width};
use crate::statistics::Estimate;

use super::row::RunRow;

/// Separates these digests from any other use of the same hash.
const CONTEXT: &str = "mailsim study run 2";

/// A run that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Place of the cell in the study.
    pub cell: usize,
    /// Number of the replication, from 0.
    pub replication: u64,
    /// Digest of all that decides the result.
    pub key: String,
}

/// A part of a study that one process makes: the `index`-th of `count`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u64,
    /// How many parts there are.
    pub count: u64,
}

/// Finished runs by cell and replication.
pub type Rows = BTreeMap<(usize, u64), RunRow>;

/// The runs of a study.
#[derive(Debug)]
pub struct Plan<'s> {
    study: &'s Study,
    /// Digest of each cell, to which seed and replication are added.
    cells: Vec<blake3::Hasher>,
}

impl<'s> Plan<'s> {
    /// Returns the plan of a study.
    #[must_use]
    pub fn new(study: &'s Study) -> Self {
        Self { study, cells: study.cells.iter().map(|cell| digest(study, cell)).collect() }
    }

    /// Returns the study.
    #[must_use]
    pub fn study(&self) -> &'s Study {
        self.study
    }

    /// Returns the run of a cell and a replication.
    #[must_use]
    pub fn task(&self, cell: usize, replication: u64) -> Task {
        let mut hasher = self.cells[cell].clone();
        hasher.update(&replication.to_le_bytes());
        let key = hasher.finalize().to_hex()[..32].to_owned();
        Task { cell, replication, key }
    }

    /// Returns the runs of all cells up to `replications` of each, one replication after the other.
    pub fn tasks(&self, replications: u64) -> impl Iterator<Item = Task> + '_ {
        (0..replications).flat_map(move |replication| {
            (0..self.cells.len()).map(move |cell| self.task(cell, replication))
        })
    }

    /// Returns the runs of a shard: every `count`-th. As no part knows the others' results, a study
    /// that runs until a precision is reached is run up to its ceiling.
    #[must_use]
    pub fn tasks_of_shard(&self, shard: Shard) -> Vec<Task> {
        let tasks = (0_u64..).zip(self.tasks(self.study.replications.most()));
        let mine = tasks.filter(|(number, _)| number % shard.count + 1 == shard.index);
        mine.map(|(_, task)| task).collect()
    }

    /// Returns the rows that belong to this study, of all that are `kept` by their keys.
    #[must_use]
    pub fn rows(&self, kept: &BTreeMap<String, RunRow>) -> Rows {
        let fits = |row: &&RunRow| row.figures.len() == self.study.figures.len();
        self.tasks(self.study.replications.most())
            .filter_map(|task| {
                let row = kept.get(&task.key).filter(fits)?;
                Some(((task.cell, task.replication), row.clone()))
            })
            .collect()
    }

    /// Returns how many replications of each cell the study takes, as far as `rows` tell: the first
    /// number that is enough, or one for which rows are missing.
    ///
    /// A study that runs until a precision is reached looks at the intervals after its least
    /// number, and then after every quarter more, so that the number depends on the rows alone.
    #[must_use]
    pub fn replications(&self, rows: &Rows) -> u64 {
        let Replications::Until { figure, width, at_least, at_most } = &self.study.replications
        else {
            return self.study.replications.most();
        };
        let mut count = *at_least;
        while count < *at_most && self.is_there(rows, count) {
            let narrow = |cell| self.is_narrow(rows, cell, *figure, *width, count);
            if (0..self.cells.len()).all(narrow) {
                break;
            }
            count = (count + count.div_ceil(4)).min(*at_most);
        }
        count
    }

    fn is_there(&self, rows: &Rows, replications: u64) -> bool {
        let all = |cell| (0..replications).all(|number| rows.contains_key(&(cell, number)));
        (0..self.cells.len()).all(all)
    }

    /// Returns whether a cell's interval is as narrow as the study asks. One without any width, of
    /// values that are all the same, is not.
    pub(super) fn is_narrow(
        &self,
        rows: &Rows,
        cell: usize,
        figure: usize,
        width: Width,
        replications: u64,
    ) -> bool {
        let values: Vec<f64> = (0..replications)
            .filter_map(|number| rows.get(&(cell, number))?.figures[figure])
            .collect();
        let estimate = Estimate::of(&values, self.study.confidence);
        let (Some(mean), Some(interval)) = (estimate.mean, estimate.interval) else {
            return false;
        };
        let enough = match width {
            Width::Absolute(width) => width,
            Width::Relative(share) => share * mean.abs(),
        };
        // Values that are all the same, as shares of nothing lost, say nothing about how rare the
        // others are: they are no precision.
        interval.half_width() > 0.0 && interval.half_width() <= enough
    }

    /// Returns the runs that are missing for the replications that the study takes.
    #[must_use]
    pub fn missing(&self, rows: &Rows) -> Vec<Task> {
        let tasks = self.tasks(self.replications(rows));
        tasks.filter(|task| !rows.contains_key(&(task.cell, task.replication))).collect()
    }
}

/// Digests what decides the results of a cell, but for the replication.
fn digest(study: &Study, cell: &Cell) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    let mut part = |text: &str| {
        // With its length in front no part can be taken for two.
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(env!("CARGO_PKG_VERSION"));
    part(&cell.resolved);
    for (name, text) in &cell.files {
        part(name);
        part(text);
    }
    for figure in &study.figures {
        part(&figure.name);
    }
    part(&format!("{} {}", study.warm_up.as_nanos(), study.cool_down.as_nanos()));
    hasher.update(&study.seed.to_le_bytes());
    hasher
}
