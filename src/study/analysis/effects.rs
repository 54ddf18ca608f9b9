//! Which factors matter: main effects and two-way interactions of a full factorial design.

use serde::{Deserialize, Serialize};

use crate::statistics::Estimate;

use super::Data;

/// A factor, or two of them together, and how much of a figure it explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Place of the figure.
    pub figure: usize,
    /// Places of one factor, or of two that interact.
    pub factors: Vec<usize>,
    /// Share of the squared deviations of the cells' means from the grand mean that the term
    /// accounts for; what chance adds is in it. Absent where no cell differs from another.
    pub share: Option<f64>,
    /// Greatest effect minus least.
    pub range: Option<f64>,
    /// The effect of each level, or pair of levels.
    pub effects: Vec<Effect>,
}

/// The effect of a level: the mean over all cells that have it, minus the grand mean. Of two
/// levels: what their mean has beyond the grand mean and both of their effects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The level, or the two.
    pub levels: Vec<usize>,
    /// The effect; each replication gives one value, as its cells share their random numbers.
    pub effect: Estimate,
}

/// Returns the terms of each figure, the largest share first.
pub(super) fn of(data: &Data<'_>) -> Vec<Term> {
    let factors: Vec<usize> = (0..data.study.factors.len())
        .filter(|&factor| data.study.factors[factor].levels.len() > 1)
        .collect();
    if !data.study.is_full_factorial() || factors.is_empty() {
        return Vec::new();
    }
    let mut terms = Vec::new();
    for figure in 0..data.study.figures.len() {
        let complete = data.complete(figure);
        if complete.is_empty() {
            continue;
        }
        let mut of_figure: Vec<Term> = Vec::new();
        for (place, &factor) in factors.iter().enumerate() {
            of_figure.push(term(data, figure, &complete, &[factor]));
            for &other in &factors[place + 1..] {
                of_figure.push(term(data, figure, &complete, &[factor, other]));
            }
        }
        // A stable sort: equal shares stay in the order of the study.
        of_figure.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
        terms.extend(of_figure);
    }
    terms
}

fn term(data: &Data<'_>, figure: usize, complete: &[Vec<f64>], factors: &[usize]) -> Term {
    let levels = |factor: usize| 0..data.study.factors[factor].levels.len();
    let combinations: Vec<Vec<usize>> = match factors {
        [one] => levels(*one).map(|level| vec![level]).collect(),
        [one, other] => {
            levels(*one).flat_map(|a| levels(*other).map(move |b| vec![a, b])).collect()
        }
        _ => Vec::new(),
    };
    let effects: Vec<Effect> = combinations
        .into_iter()
        .map(|levels| {
            let values: Vec<f64> =
                complete.iter().map(|row| effect(data, row, factors, &levels)).collect();
            Effect { levels, effect: Estimate::of(&values, data.study.confidence) }
        })
        .collect();
    let means = || effects.iter().filter_map(|effect| effect.effect.mean);
    let range =
        means().reduce(f64::max).zip(means().reduce(f64::min)).map(|(high, low)| high - low);
    // In a full factorial design every level, and every pair, has equally many cells.
    let cells_of_each = data.study.cells.len() as f64 / effects.len() as f64;
    let explained = means().map(|mean| mean * mean).sum::<f64>() * cells_of_each;
    let total = total_squares(complete);
    let share = (total > 0.0).then(|| explained / total);
    Term { figure, factors: factors.to_vec(), share, range, effects }
}

/// Returns the effect of levels in one replication; `row` holds the figure by cell.
fn effect(data: &Data<'_>, row: &[f64], factors: &[usize], levels: &[usize]) -> f64 {
    let mean_where = |fixed: &[(usize, usize)]| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (value, cell) in row.iter().zip(&data.study.cells) {
            if fixed.iter().all(|&(factor, level)| cell.levels[factor] == level) {
                sum += value;
                count += 1.0;
            }
        }
        sum / count
    };
    let grand = mean_where(&[]);
    let fixed: Vec<(usize, usize)> = factors.iter().copied().zip(levels.iter().copied()).collect();
    match fixed.as_slice() {
        [one, other] => mean_where(&fixed) - mean_where(&[*one]) - mean_where(&[*other]) + grand,
        _ => mean_where(&fixed) - grand,
    }
}

/// Squared deviations of the cells' means from the grand mean.
fn total_squares(complete: &[Vec<f64>]) -> f64 {
    let cells = complete[0].len();
    let n = complete.len() as f64;
    let means: Vec<f64> =
        (0..cells).map(|cell| complete.iter().map(|row| row[cell]).sum::<f64>() / n).collect();
    let grand = means.iter().sum::<f64>() / cells as f64;
    let total: f64 = means.iter().map(|mean| (mean - grand) * (mean - grand)).sum();
    // Rounding alone explains nothing.
    let noise = 1e-24 * grand * grand * cells as f64;
    if total > noise { total } else { 0.0 }
}
