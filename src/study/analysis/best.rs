//! The best design, and how probable it is that it is best.

use serde::{Deserialize, Serialize};

use crate::random::{Draw, Purpose, Streams};
use crate::statistics::Estimate;
use crate::study::Better;

use super::Data;
use super::survivors::{Fates, gap};

/// Resamples behind a probability: its own standard error is then below one per cent.
const RESAMPLES: usize = 4_000;
/// Figures added up for one ranking at most; a large study is resampled less often.
const WORK: usize = 40_000_000;
/// A smaller difference, relative to the larger mean, matters to nobody.
const MATTERS: f64 = 1e-3;

/// The design that is best by a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestDesign {
    /// Place of the figure.
    pub figure: usize,
    /// Replications behind it.
    pub n: u64,
    /// Place in `designs` of the one with the best mean; the first of equal ones. Absent where
    /// `unranked` says why none can be named.
    pub best: Option<usize>,
    /// Why no design can be called best: the figure is of delivered mail alone, and designs lose
    /// different mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unranked: Option<String>,
    /// What has to be known beside the verdict: a difference in losses that is too small to forbid
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
    /// The next best design; absent where all are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUp>,
    /// All designs, in the order of the study's cells.
    pub designs: Vec<Design>,
}

/// The design with the second best mean, against the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// Place among the designs.
    pub design: usize,
    /// Its figure minus that of the best, replication by replication.
    pub difference: Estimate,
    /// Whether the interval excludes zero and the difference is at least a thousandth of the
    /// figure. Absent where there is no interval.
    pub matters: Option<bool>,
}

/// A choice of levels for all factors that are not given by the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// The level of each factor by its place; none of those that are given.
    pub levels: Vec<Option<usize>>,
    /// What it is called.
    pub name: String,
    /// The figure's mean, over all levels of what is given too.
    pub mean: f64,
    /// Share of its recipients that were given up.
    pub lost_share: f64,
    /// Share of its recipients under way at the end of their runs.
    pub unfinished_share: f64,
    /// Share of bootstrap resamples in which it has the best mean, shared out evenly among equal
    /// ones. Whole replications are drawn with replacement, so that what designs have in common
    /// stays common. Absent for fewer than two replications, and where designs cannot be ranked.
    pub probability: Option<f64>,
}

pub(super) fn of(data: &Data<'_>) -> Vec<BestDesign> {
    let given = data.study.factors.iter().any(|factor| factor.given);
    if given && !data.study.is_full_factorial() {
        // Averages over different levels cannot be compared.
        return Vec::new();
    }
    let figures = data.study.figures.iter().enumerate();
    figures.filter_map(|(figure, asked)| one(data, figure, asked.better?)).collect()
}

fn one(data: &Data<'_>, figure: usize, better: Better) -> Option<BestDesign> {
    let (mut designs, places) = designs(data);
    let complete = by_design(&data.complete(figure), &places, designs.len());
    if complete.is_empty() || designs.len() < 2 {
        return None;
    }
    let n = complete.len();
    let sums = |rows: &mut dyn Iterator<Item = &Vec<f64>>| {
        let mut sums = vec![0.0; designs.len()];
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    };
    let all = sums(&mut complete.iter());
    let gap = data.study.figures[figure].asked.is_of_delivered_only().then(|| gap(data)).flatten();
    let why = gap.as_ref().map(|gap| gap.words(data));
    let unranked = why.clone().filter(|_| gap.as_ref().is_some_and(super::survivors::Gap::matters));
    let best = *best_of(&all, better).first()?;
    let resamples = (WORK / (n * designs.len())).clamp(100, RESAMPLES);
    let wins = (n > 1 && unranked.is_none()).then(|| {
        let streams = Streams::new(data.study.seed, 0);
        let mut stream = streams.stream(Purpose::BestDesign, figure as u64);
        let mut wins = vec![0.0; designs.len()];
        for _ in 0..resamples {
            let drawn: Vec<usize> = (0..n).map(|_| stream.below(n as u64) as usize).collect();
            let best = best_of(&sums(&mut drawn.iter().map(|&row| &complete[row])), better);
            for &winner in &best {
                wins[winner] += 1.0 / best.len() as f64;
            }
        }
        wins
    });
    for (place, design) in designs.iter_mut().enumerate() {
        design.mean = all[place] / n as f64;
        let cells = (0..places.len()).filter(|&cell| places[cell] == place);
        let fates = Fates::of(data, cells);
        (design.lost_share, design.unfinished_share) = (fates.lost(), fates.unfinished());
        design.probability = wins.as_ref().map(|wins| wins[place] / resamples as f64);
    }
    let caveat = if unranked.is_some() { None } else { why };
    let runner_up = match unranked {
        Some(_) => None,
        None => runner_up(data, &complete, &all, (best, better)),
    };
    let best = unranked.is_none().then_some(best);
    Some(BestDesign { figure, n: n as u64, best, unranked, caveat, runner_up, designs })
}

fn runner_up(
    data: &Data<'_>,
    complete: &[Vec<f64>],
    sums: &[f64],
    (best, better): (usize, Better),
) -> Option<RunnerUp> {
    let worse = |&place: &usize| sums[place] != sums[best];
    let design = (0..sums.len()).filter(worse).reduce(|a, b| match better {
        Better::Lower if sums[b] < sums[a] => b,
        Better::Higher if sums[b] > sums[a] => b,
        _ => a,
    })?;
    let differences: Vec<f64> = complete.iter().map(|row| row[design] - row[best]).collect();
    let difference = Estimate::of(&differences, data.study.confidence);
    let scale = sums[best].abs().max(sums[design].abs()) / complete.len() as f64;
    let large = difference.mean.is_some_and(|mean| mean.abs() >= MATTERS * scale);
    let matters = difference.interval.map(|interval| large && !interval.covers(0.0));
    Some(RunnerUp { design, difference, matters })
}

/// Returns the designs without their figures, and the place of each cell's design among them.
fn designs(data: &Data<'_>) -> (Vec<Design>, Vec<usize>) {
    let factors = &data.study.factors;
    let (mut designs, mut places): (Vec<Design>, Vec<usize>) = Default::default();
    for cell in &data.study.cells {
        let chosen = factors.iter().zip(&cell.levels);
        let levels: Vec<Option<usize>> =
            chosen.map(|(factor, &level)| (!factor.given).then_some(level)).collect();
        let known = designs.iter().position(|design| design.levels == levels);
        places.push(known.unwrap_or(designs.len()));
        if known.is_none() {
            let named = factors.iter().zip(&levels).filter_map(|(factor, level)| {
                Some(format!("{} = {}", factor.name, factor.levels[(*level)?]))
            });
            let name = named.collect::<Vec<_>>().join(", ");
            designs.push(Design {
                levels,
                name,
                mean: 0.0,
                lost_share: 0.0,
                unfinished_share: 0.0,
                probability: None,
            });
        }
    }
    (designs, places)
}

/// Averages the cells of each design, replication by replication.
fn by_design(complete: &[Vec<f64>], places: &[usize], designs: usize) -> Vec<Vec<f64>> {
    let cells_of_each = places.len() as f64 / designs as f64;
    let average = |row: &Vec<f64>| {
        let mut sums = vec![0.0; designs];
        for (value, &place) in row.iter().zip(places) {
            sums[place] += value;
        }
        sums.into_iter().map(|sum| sum / cells_of_each).collect()
    };
    complete.iter().map(average).collect()
}

/// Returns the designs with the best sum: several if they are equal.
fn best_of(sums: &[f64], better: Better) -> Vec<usize> {
    let best = sums.iter().copied().reduce(match better {
        Better::Lower => f64::min,
        Better::Higher => f64::max,
    });
    (0..sums.len()).filter(|&place| Some(sums[place]) == best).collect()
}
