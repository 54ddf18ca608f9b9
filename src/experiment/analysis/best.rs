//! The best design, and how probable it is that it is best.

use serde::{Deserialize, Serialize};

use crate::random::{Draw, Streams};
use crate::scenario::Better;

use super::Data;

/// Resamples behind a probability: its own standard error is then below one per cent.
const RESAMPLES: usize = 4_000;
/// Figures added up for one ranking at most; a large study is resampled less often.
const WORK: usize = 40_000_000;

/// The cell that is best by a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestDesign {
    /// Place of the figure.
    pub figure: usize,
    /// Place of the cell with the best mean; the first of equal ones.
    pub cell: usize,
    /// Its mean.
    pub mean: f64,
    /// Replications behind it.
    pub n: u64,
    /// By cell: the share of bootstrap resamples in which it has the best mean, shared out evenly
    /// among equal ones. Whole replications are drawn with replacement, so that what cells have in
    /// common stays common. Absent for fewer than two replications.
    pub probability: Option<Vec<f64>>,
}

pub(super) fn of(data: &Data<'_>) -> Vec<BestDesign> {
    let figures = data.study.figures.iter().enumerate();
    figures.filter_map(|(figure, asked)| one(data, figure, asked.better?)).collect()
}

fn one(data: &Data<'_>, figure: usize, better: Better) -> Option<BestDesign> {
    let complete = data.complete(figure);
    let cells = data.study.cells.len();
    if complete.is_empty() || cells < 2 {
        return None;
    }
    let sums = |rows: &mut dyn Iterator<Item = &Vec<f64>>| {
        let mut sums = vec![0.0; cells];
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    };
    let all = sums(&mut complete.iter());
    let cell = *best_of(&all, better).first()?;
    let resamples = (WORK / (complete.len() * cells)).clamp(100, RESAMPLES);
    let probability = (complete.len() > 1).then(|| {
        let streams = Streams::new(data.study.seed, 0);
        let mut stream = streams.stream("study/best design", figure as u64);
        let mut wins = vec![0.0; cells];
        for _ in 0..resamples {
            let drawn: Vec<usize> =
                (0..complete.len()).map(|_| stream.below(complete.len() as u64) as usize).collect();
            let best = best_of(&sums(&mut drawn.iter().map(|&row| &complete[row])), better);
            for &winner in &best {
                wins[winner] += 1.0 / best.len() as f64;
            }
        }
        wins.iter().map(|won| won / resamples as f64).collect()
    });
    let n = complete.len() as u64;
    Some(BestDesign { figure, cell, mean: all[cell] / n as f64, n, probability })
}

/// Returns the cells with the best sum: several if they are equal.
fn best_of(sums: &[f64], better: Better) -> Vec<usize> {
    let best = sums.iter().copied().reduce(match better {
        Better::Lower => f64::min,
        Better::Higher => f64::max,
    });
    (0..sums.len()).filter(|&cell| Some(sums[cell]) == best).collect()
}
