//! Each figure in each cell: mean, interval, median.

use serde::{Deserialize, Serialize};

use crate::statistics::{Estimate, QuantileEstimate, quantile_of};

use super::Data;

/// A figure in a cell, estimated from independent replications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellEstimate {
    /// Place of the cell.
    pub cell: usize,
    /// Place of the figure.
    pub figure: usize,
    /// Mean over the replications that have the figure.
    pub estimate: Estimate,
    /// Median of the replications, with an interval from order statistics.
    pub median: Option<QuantileEstimate>,
    /// Least value.
    pub min: Option<f64>,
    /// Greatest value.
    pub max: Option<f64>,
    /// Replications without it: it did not happen, or cannot be known because mail was still under
    /// way at the end.
    pub censored_runs: u64,
    /// Recipients under way at the end of all the cell's runs.
    pub censored_recipients: u64,
}

pub(super) fn of(data: &Data<'_>) -> Vec<CellEstimate> {
    let mut estimates = Vec::new();
    for figure in 0..data.study.figures.len() {
        for cell in 0..data.study.cells.len() {
            estimates.push(one(data, cell, figure));
        }
    }
    estimates
}

fn one(data: &Data<'_>, cell: usize, figure: usize) -> CellEstimate {
    let all = data.values(cell, figure);
    let values: Vec<f64> = all.iter().copied().flatten().collect();
    let confidence = data.study.confidence;
    CellEstimate {
        cell,
        figure,
        estimate: Estimate::of(&values, confidence),
        median: quantile_of(&values, 0.5, confidence),
        min: values.iter().copied().reduce(f64::min),
        max: values.iter().copied().reduce(f64::max),
        censored_runs: (all.len() - values.len()) as u64,
        censored_recipients: data.rows_of(cell).map(|row| row.unfinished).sum(),
    }
}
