//! The tables of a study: a row is an observation, and every row says of which combination.

use crate::statistics::Estimate;
use crate::study::{Analysis, Effect, FactorOutline, Outline, Plan, Rows, STEPS_PER_DECADE, Term};

use super::numbers::{cell, decimals, surest};

/// Decimals of what has no unit: correlations, probabilities, shares of variance.
const PURE: usize = 6;

/// Returns all tables with their names.
pub(super) fn all(
    plan: &Plan<'_>,
    rows: &Rows,
    analysis: &Analysis,
) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("study.csv", runs(plan, rows, analysis)),
        ("estimates.csv", estimates(analysis)),
        ("comparisons.csv", comparisons(analysis)),
        ("effects.csv", effects(analysis)),
        ("best.csv", best(analysis)),
        ("delays.csv", delays(analysis)),
    ]
}

/// A table in the making.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new<S: AsRef<str>>(columns: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self(csv::Writer::from_writer(Vec::new()));
        table.row(columns);
        table
    }

    fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells: Vec<S> = cells.into_iter().collect();
        let written = self.0.write_record(cells.iter().map(|cell| cell.as_ref().as_bytes()));
        written.expect("rows of a table are equally long, and memory can be written");
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().expect("memory can be written")
    }
}

/// Names of the factors' columns. A factor that is a quantity has a second one, of numbers, whose name
/// ends with the unit.
fn factors(analysis: &Analysis) -> impl Iterator<Item = String> + '_ {
    let factors = &analysis.study.factors;
    factors.iter().flat_map(|factor| {
        [Some(factor.name.clone()), number_column(&analysis.study, factor)].into_iter().flatten()
    })
}

/// Returns the name of a factor's column of numbers: none for names, for plain numbers, and where another
/// factor has that name.
fn number_column(study: &Outline, factor: &FactorOutline) -> Option<String> {
    let name = format!("{}{}", factor.name, factor.quantity.as_ref()?.suffix()?);
    study.factors.iter().all(|other| other.name != name).then_some(name)
}

/// The levels of a combination.
fn levels(analysis: &Analysis, number: usize) -> impl Iterator<Item = String> + '_ {
    let levels = analysis.study.cells[number].levels.iter().map(|&level| Some(level));
    level_cells(analysis, levels)
}

/// The cells of the factors' columns; empty where no level is meant.
fn level_cells<'a>(
    analysis: &'a Analysis,
    levels: impl Iterator<Item = Option<usize>> + 'a,
) -> impl Iterator<Item = String> + 'a {
    let study = &analysis.study;
    study.factors.iter().zip(levels).flat_map(|(factor, level)| {
        let name = level.map_or_else(String::new, |level| factor.levels[level].clone());
        let number = number_column(study, factor).map(|_| {
            let values = factor.quantity.as_ref().map(|quantity| &quantity.values);
            let value = values.zip(level).map(|(values, level)| values[level].to_string());
            value.unwrap_or_default()
        });
        [Some(name), number].into_iter().flatten()
    })
}

fn owned<const N: usize>(names: [&str; N]) -> impl Iterator<Item = String> + use<'_, N> {
    names.into_iter().map(str::to_owned)
}

fn runs(plan: &Plan<'_>, rows: &Rows, analysis: &Analysis) -> Vec<u8> {
    let figures = &analysis.study.figures;
    let mut table = Table::new(
        owned(["cell"])
            .chain(factors(analysis))
            .chain(owned(["seed", "replication"]))
            .chain(owned(["submitted", "delivered", "failed", "unfinished"]))
            .chain(figures.iter().map(|figure| figure.name.clone())),
    );
    let seed = plan.study().seed;
    for ((number, replication), row) in rows {
        if *replication >= analysis.study.replications {
            continue;
        }
        let counts = [row.submitted, row.delivered, row.failed, row.unfinished];
        let values = row.figures.iter().zip(figures);
        table.row(
            [number.to_string()]
                .into_iter()
                .chain(levels(analysis, *number))
                .chain([seed.to_string(), replication.to_string()])
                .chain(counts.map(|count| count.to_string()))
                .chain(values.map(|(value, figure)| cell(*value, decimals(&figure.unit)))),
        );
    }
    table.finish()
}

/// Mean, standard error and the ends of the interval.
fn interval_cells(estimate: &Estimate, decimals: usize) -> [String; 4] {
    let interval = estimate.interval;
    [
        cell(estimate.mean, decimals),
        cell(estimate.standard_error, decimals),
        cell(interval.map(|interval| interval.low), decimals),
        cell(interval.map(|interval| interval.high), decimals),
    ]
}

fn estimates(analysis: &Analysis) -> Vec<u8> {
    let mut table = Table::new(
        owned(["cell"])
            .chain(factors(analysis))
            .chain(owned(["figure", "unit", "n", "mean", "standard_error", "ci_low", "ci_high"]))
            .chain(owned(["confidence", "median", "median_low", "median_high", "min", "max"]))
            .chain(owned(["censored_runs", "censored_recipients"])),
    );
    for one in &analysis.estimates {
        let figure = &analysis.study.figures[one.figure];
        let places = decimals(&figure.unit);
        let between = one.median.and_then(|median| median.interval);
        table.row(
            [one.cell.to_string()]
                .into_iter()
                .chain(levels(analysis, one.cell))
                .chain([figure.name.clone(), figure.unit.clone(), one.estimate.n.to_string()])
                .chain(interval_cells(&one.estimate, places))
                .chain([
                    analysis.study.confidence.to_string(),
                    cell(one.median.map(|median| median.value), places),
                    cell(between.map(|interval| interval.low), places),
                    cell(between.map(|interval| interval.high), places),
                    cell(one.min, places),
                    cell(one.max, places),
                    one.censored_runs.to_string(),
                    one.censored_recipients.to_string(),
                ]),
        );
    }
    table.finish()
}

fn comparisons(analysis: &Analysis) -> Vec<u8> {
    let mut table = Table::new(
        owned(["figure", "unit", "factor", "from_level", "to_level", "from_cell", "to_cell"])
            .chain(factors(analysis))
            .chain(owned(["n", "difference", "standard_error", "ci_low", "ci_high"]))
            .chain(owned(["confidence", "correlation", "variance_reduction", "censored_pairs"])),
    );
    for one in &analysis.comparisons {
        let figure = &analysis.study.figures[one.figure];
        let factor = &analysis.study.factors[one.factor];
        let level =
            |number: usize| factor.levels[analysis.study.cells[number].levels[one.factor]].clone();
        table.row(
            [figure.name.clone(), figure.unit.clone(), factor.name.clone()]
                .into_iter()
                .chain([level(one.from_cell), level(one.to_cell)])
                .chain([one.from_cell.to_string(), one.to_cell.to_string()])
                .chain(levels(analysis, one.to_cell))
                .chain([one.difference.n.to_string()])
                .chain(interval_cells(&one.difference, decimals(&figure.unit)))
                .chain([
                    analysis.study.confidence.to_string(),
                    cell(one.correlation, PURE),
                    cell(one.variance_reduction, PURE),
                    one.censored_pairs.to_string(),
                ]),
        );
    }
    table.finish()
}

/// Returns what a term is called: `outage`, or `outage × backup`.
pub(in crate::report) fn term_name(analysis: &Analysis, term: &Term) -> String {
    let names = term.factors.iter().map(|&factor| analysis.study.factors[factor].name.as_str());
    names.collect::<Vec<_>>().join(" \u{d7} ")
}

/// Returns what the levels of an effect are called.
pub(in crate::report) fn effect_name(analysis: &Analysis, term: &Term, effect: &Effect) -> String {
    let levels = term.factors.iter().zip(&effect.levels);
    let names =
        levels.map(|(&factor, &level)| analysis.study.factors[factor].levels[level].as_str());
    names.collect::<Vec<_>>().join(" \u{d7} ")
}

fn effects(analysis: &Analysis) -> Vec<u8> {
    let mut table = Table::new(
        owned(["figure", "unit", "rank", "term", "share_of_squares", "range", "level", "n"])
            .chain(owned(["effect", "standard_error", "ci_low", "ci_high", "confidence"])),
    );
    let (mut rank, mut before) = (0, None);
    for term in &analysis.terms {
        rank = if before == Some(term.figure) { rank + 1 } else { 1 };
        before = Some(term.figure);
        let figure = &analysis.study.figures[term.figure];
        let places = decimals(&figure.unit);
        for effect in &term.effects {
            table.row(
                [figure.name.clone(), figure.unit.clone(), rank.to_string()]
                    .into_iter()
                    .chain([term_name(analysis, term), cell(term.share, PURE)])
                    .chain([cell(term.range, places), effect_name(analysis, term, effect)])
                    .chain([effect.effect.n.to_string()])
                    .chain(interval_cells(&effect.effect, places))
                    .chain([analysis.study.confidence.to_string()]),
            );
        }
    }
    table.finish()
}

fn best(analysis: &Analysis) -> Vec<u8> {
    let mut table =
        Table::new(owned(["figure", "unit", "better"]).chain(factors(analysis)).chain(owned([
            "n",
            "mean",
            "probability_best",
            "probability_at_most",
            "best_mean",
            "lost_share",
            "unfinished_share",
        ])));
    for one in &analysis.best {
        let figure = &analysis.study.figures[one.figure];
        for (place, design) in one.designs.iter().enumerate() {
            // Empty: given by the world, so the mean is over all of its levels.
            let levels = level_cells(analysis, design.levels.iter().copied());
            table.row(
                [figure.name.clone(), figure.unit.clone()]
                    .into_iter()
                    .chain([figure.better.clone().unwrap_or_default()])
                    .chain(levels)
                    .chain([one.n.to_string(), cell(Some(design.mean), decimals(&figure.unit))])
                    .chain([cell(design.probability, PURE)])
                    .chain([cell(design.probability.map(|_| surest(one.n)), PURE)])
                    .chain([if Some(place) == one.best { "true" } else { "false" }.to_owned()])
                    .chain(
                        [design.lost_share, design.unfinished_share]
                            .map(|share| cell(Some(share), decimals("share"))),
                    ),
            );
        }
    }
    table.finish()
}

fn delays(analysis: &Analysis) -> Vec<u8> {
    let mut table = Table::new(owned(["cell"]).chain(factors(analysis)).chain(owned([
        "delay",
        "up_to_s",
        "recipients",
    ])));
    for delay in &analysis.delays {
        for (number, steps) in delay.cells.iter().enumerate() {
            for &(step, count) in steps {
                let bound = libm::pow(10.0, f64::from(step) / STEPS_PER_DECADE);
                table.row(
                    [number.to_string()].into_iter().chain(levels(analysis, number)).chain([
                        delay.of.clone(),
                        cell(Some(bound), 6),
                        count.to_string(),
                    ]),
                );
            }
        }
    }
    table.finish()
}
