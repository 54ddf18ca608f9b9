//! Paired comparison: the same mail and the same outages, one thing changed.

use serde::{Deserialize, Serialize};

use crate::statistics::{Estimate, Moments, covariance};

use super::Data;

/// The difference of a figure between two cells that differ in one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Place of the figure.
    pub figure: usize,
    /// Place of the factor that differs.
    pub factor: usize,
    /// Place of the cell with the factor's first level.
    pub from_cell: usize,
    /// Place of the cell compared with it.
    pub to_cell: usize,
    /// The figure there minus the figure here, replication by replication.
    pub difference: Estimate,
    /// Replications in which one of both has no such figure: they are left out.
    pub censored_pairs: u64,
    /// Correlation of the two cells over replications; absent where one does not vary.
    pub correlation: Option<f64>,
    /// Share by which pairing reduced the variance of the difference, against independent runs;
    /// negative where it made it larger, absent where nothing varies.
    pub variance_reduction: Option<f64>,
}

/// Compares, for each factor, each level with the first in the list that was run, where all other
/// factors are equal.
pub(super) fn of(data: &Data<'_>) -> Vec<PairedDifference> {
    let study = data.study;
    let mut differences = Vec::new();
    for figure in 0..study.figures.len() {
        for factor in 0..study.factors.len() {
            for to_cell in 0..study.cells.len() {
                if let Some(from_cell) = counterpart(data, factor, to_cell) {
                    differences.push(one(data, figure, factor, (from_cell, to_cell)));
                }
            }
        }
    }
    differences
}

/// Returns the cell that differs from `cell` in `factor` alone and has its lowest level.
fn counterpart(data: &Data<'_>, factor: usize, cell: usize) -> Option<usize> {
    let cells = &data.study.cells;
    let here = &cells[cell].levels;
    let alike = |levels: &[usize]| {
        levels.iter().zip(here).enumerate().all(|(place, (a, b))| place == factor || a == b)
    };
    let others = (0..cells.len()).filter(|&other| alike(&cells[other].levels));
    let lowest = others.min_by_key(|&other| cells[other].levels[factor])?;
    (lowest != cell).then_some(lowest)
}

fn one(
    data: &Data<'_>,
    figure: usize,
    factor: usize,
    (from_cell, to_cell): (usize, usize),
) -> PairedDifference {
    let (from, to) = (data.values(from_cell, figure), data.values(to_cell, figure));
    let pairs: Vec<(f64, f64)> = from.iter().zip(&to).filter_map(|(a, b)| a.zip(*b)).collect();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    let variance = |values: Vec<f64>| Moments::of(&values).variance();
    let of_from = variance(pairs.iter().map(|pair| pair.0).collect());
    let of_to = variance(pairs.iter().map(|pair| pair.1).collect());
    let of_difference = Moments::of(&differences).variance();
    let correlation = match (covariance(&pairs), of_from, of_to) {
        (Some(both), Some(a), Some(b)) if a > 0.0 && b > 0.0 => Some(both / (a * b).sqrt()),
        _ => None,
    };
    let variance_reduction = match (of_difference, of_from, of_to) {
        (Some(paired), Some(a), Some(b)) if a + b > 0.0 => Some(1.0 - paired / (a + b)),
        _ => None,
    };
    PairedDifference {
        figure,
        factor,
        from_cell,
        to_cell,
        difference: Estimate::of(&differences, data.study.confidence),
        censored_pairs: data.replications - pairs.len() as u64,
        correlation,
        variance_reduction,
    }
}
