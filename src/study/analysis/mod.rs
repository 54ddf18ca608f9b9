//! What can be concluded from the rows of a study.

mod best;
mod check;
mod comparisons;
mod effects;
mod estimates;
mod outline;
mod survivors;
mod warnings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::Delay;

use super::Study;

use super::plan::{Plan, Rows};

pub use best::{BestDesign, Design, RunnerUp};
pub use comparisons::PairedDifference;
pub use effects::{Effect, Term};
pub use estimates::CellEstimate;
pub use outline::{CellOutline, FactorOutline, FigureOutline, Outline};

/// Everything that tables, charts and page say of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The study itself.
    pub study: Outline,
    /// What may mislead, the gravest first.
    pub warnings: Vec<String>,
    /// Each figure in each cell.
    pub estimates: Vec<CellEstimate>,
    /// Pairs of cells that differ in one factor, compared with its first level.
    pub comparisons: Vec<PairedDifference>,
    /// Main effects and two-way interactions, the largest first within each figure. Empty unless
    /// all combinations were run.
    pub terms: Vec<Term>,
    /// The best design by each figure of which the study says what is better.
    pub best: Vec<BestDesign>,
    /// The distributions of each delay that figures speak of.
    pub delays: Vec<DelayDistributions>,
}

/// How long recipients had to wait for one thing, cell by cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelayDistributions {
    /// The delay, by its name in the summary.
    pub of: String,
    /// In each cell, recipients by delay: logarithmic steps with counts.
    pub cells: Vec<Vec<(i32, u64)>>,
}

/// A study with its rows.
pub(super) struct Data<'a> {
    pub(super) study: &'a Study,
    rows: &'a Rows,
    pub(super) replications: u64,
}

impl Data<'_> {
    /// Returns a figure in a cell by replication.
    fn values(&self, cell: usize, figure: usize) -> Vec<Option<f64>> {
        let value = |number| self.rows.get(&(cell, number)).and_then(|row| row.figures[figure]);
        (0..self.replications).map(value).collect()
    }

    /// Returns a figure in all cells, for those replications in which all have it.
    fn complete(&self, figure: usize) -> Vec<Vec<f64>> {
        let columns: Vec<_> =
            (0..self.study.cells.len()).map(|cell| self.values(cell, figure)).collect();
        let row = |number: u64| columns.iter().map(|column| column[number as usize]).collect();
        (0..self.replications).filter_map(row).collect()
    }

    fn rows_of(&self, cell: usize) -> impl Iterator<Item = &super::row::RunRow> {
        self.rows.range((cell, 0)..(cell, self.replications)).map(|(_, row)| row)
    }
}

/// Analyses a study whose rows are all there.
///
/// # Panics
/// If a row is missing: the caller asks [`Plan::missing`] first.
#[must_use]
pub fn analyse(plan: &Plan<'_>, rows: &Rows) -> Analysis {
    assert!(plan.missing(rows).is_empty(), "every run is made before they are analysed");
    let data = Data { study: plan.study(), rows, replications: plan.replications(rows) };
    let outline = Outline::of(&data);
    let estimates = estimates::of(&data);
    let warnings = warnings::of(plan, &data, &estimates);
    Analysis {
        study: outline,
        warnings,
        comparisons: comparisons::of(&data),
        terms: effects::of(&data),
        best: best::of(&data),
        delays: delays(&data),
        estimates,
    }
}

fn delays(data: &Data<'_>) -> Vec<DelayDistributions> {
    let of_cell = |place: usize, cell: usize| {
        let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
        for &(step, count) in data.rows_of(cell).filter_map(|row| row.delays.get(place)).flatten() {
            *counts.entry(step).or_default() += count;
        }
        counts.into_iter().collect()
    };
    let cells = data.study.cells.len();
    let delays = data.study.delays().into_iter().enumerate();
    let one = |(place, of): (usize, Delay)| DelayDistributions {
        of: of.as_str().to_owned(),
        cells: (0..cells).map(|cell| of_cell(place, cell)).collect(),
    };
    delays.map(one).collect()
}
