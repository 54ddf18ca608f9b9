//! The charts of a study, made from its analysis alone.

mod delays;
mod differences;
mod heat;
mod means;

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::experiment::Analysis;

use super::super::error::ReportError;
use super::plot::{BLUE, Drawn, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION};

/// Curves and series drawn in one chart.
const SERIES: usize = 7;
const COLOURS: [RGBColor; SERIES] = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, INK];
/// Times further apart than this factor stand on a logarithmic axis.
const FAR_APART: f64 = 50.0;

/// A chart of a study: its file name and what it shows, for those who cannot see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct StudyChart {
    pub(in crate::report) name: String,
    pub(in crate::report) description: String,
    /// Place of the figure that it shows, if it is about one.
    pub(in crate::report) figure: Option<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Means,
    Heat,
    Differences,
    Delays,
}

/// Returns the charts of a study, figure by figure.
pub(in crate::report) fn charts(analysis: &Analysis) -> Vec<StudyChart> {
    let mut charts = Vec::new();
    for (place, figure) in analysis.study.figures.iter().enumerate() {
        let label = &figure.label;
        let mut add = |kind, word: &str, description: String| {
            charts.push(StudyChart {
                name: format!("{word}-{}", file_name(&figure.name)),
                description,
                figure: Some(place),
                kind,
            });
        };
        let varied = varied(analysis);
        if !varied.is_empty() {
            let description = format!("Mean of {label} by level, with intervals");
            add(Kind::Means, "means", description);
        }
        if varied.len() >= 2 {
            add(Kind::Heat, "heat", format!("Mean of {label} by the levels of two factors"));
        }
        if differences::fits(analysis, place) {
            let description = format!("Paired differences of {label}, with intervals");
            add(Kind::Differences, "differences", description);
        }
    }
    charts.push(StudyChart {
        name: "delays".to_owned(),
        description: "Share of recipients reached within a time since submission, by combination"
            .to_owned(),
        figure: None,
        kind: Kind::Delays,
    });
    charts
}

/// Returns a figure's name as part of a file's name.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    name.chars().filter(|c| *c != '"').map(|c| if plain(c) { c } else { '_' }).collect()
}

/// Returns a chart as SVG.
pub(in crate::report) fn svg(
    chart: &StudyChart,
    analysis: &Analysis,
) -> Result<String, ReportError> {
    super::svg_with(&chart.name, &chart.description, |area| draw(chart, area, analysis))
}

/// Draws a chart into a PNG file.
pub(in crate::report) fn png(
    chart: &StudyChart,
    analysis: &Analysis,
    path: &Path,
) -> Result<(), ReportError> {
    super::png_with(&chart.name, path, |area| draw(chart, area, analysis))
}

fn draw<DB: DrawingBackend>(
    chart: &StudyChart,
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
) -> Drawn {
    match (chart.kind, chart.figure) {
        (Kind::Means, Some(figure)) => means::draw(area, analysis, figure),
        (Kind::Heat, Some(figure)) => heat::draw(area, analysis, figure),
        (Kind::Differences, Some(figure)) => differences::draw(area, analysis, figure),
        _ => delays::draw(area, analysis),
    }
}

/// Returns the factors with more than one level: first the one along which cells stand, a given or
/// numeric one if there is any, chosen so that choices of the design stand side by side; then those
/// that the design decides, then those of the world, each with the most levels first.
fn varied(analysis: &Analysis) -> Vec<usize> {
    let factors = &analysis.study.factors;
    let levels = |factor: usize| factors[factor].levels.len();
    let number = |level: &String| level.starts_with(|c: char| c.is_ascii_digit());
    let numeric = |factor: usize| factors[factor].levels.iter().all(number);
    let mut varied: Vec<usize> = (0..factors.len()).filter(|&one| levels(one) > 1).collect();
    varied.sort_by_key(|&one| (factors[one].given, std::cmp::Reverse(levels(one))));
    let score = |along: usize| {
        let others: Vec<usize> = varied.iter().copied().filter(|&one| one != along).collect();
        let crossed = crossed(analysis, &others);
        let held_design = others.iter().any(|one| !crossed.contains(one) && !factors[*one].given);
        let shown: usize = crossed.iter().map(|&one| levels(one)).product();
        let fits = numeric(along) || factors[along].given;
        (fits, !held_design, numeric(along), shown * levels(along))
    };
    let mut along: Option<usize> = None;
    for &one in &varied {
        if along.is_none_or(|best| score(one) > score(best)) {
            along = Some(one);
        }
    }
    let others = varied.iter().copied().filter(|&one| Some(one) != along);
    along.into_iter().chain(others).collect()
}

/// Returns as many of the factors, in their order, as give few enough series.
fn crossed(analysis: &Analysis, factors: &[usize]) -> Vec<usize> {
    let mut crossed: Vec<usize> = Vec::new();
    let mut count = 1;
    for &factor in factors {
        let levels = analysis.study.factors[factor].levels.len();
        if count * levels <= SERIES {
            count *= levels;
            crossed.push(factor);
        }
    }
    crossed
}

/// Cells side by side along the first of [`varied`], one list for each combination of some other
/// factors; all further factors stay at their first level.
struct Slices {
    /// The factor along which cells stand side by side.
    along: usize,
    /// Name of each slice, and its cell at each level of `along`.
    slices: Vec<(String, Vec<Option<usize>>)>,
    /// What stays at its first level: `backup = none`; empty if nothing does.
    held: String,
}

fn slices(analysis: &Analysis) -> Option<Slices> {
    let study = &analysis.study;
    let varied = varied(analysis);
    let (&along, others) = varied.split_first()?;
    let mut crossed = crossed(analysis, others);
    crossed.sort_unstable();
    let held: Vec<usize> = others.iter().copied().filter(|one| !crossed.contains(one)).collect();
    let mut slices: Vec<(String, Vec<usize>, Vec<Option<usize>>)> = Vec::new();
    for (number, cell) in study.cells.iter().enumerate() {
        if held.iter().any(|&factor| cell.levels[factor] != 0) {
            continue;
        }
        let key: Vec<usize> = crossed.iter().map(|&factor| cell.levels[factor]).collect();
        let place = slices.iter().position(|(_, known, _)| *known == key).unwrap_or_else(|| {
            let names = crossed.iter().zip(&key);
            let names = names.map(|(&factor, &level)| level_name(analysis, factor, level));
            let cells = vec![None; study.factors[along].levels.len()];
            slices.push((names.collect::<Vec<_>>().join(", "), key.clone(), cells));
            slices.len() - 1
        });
        slices[place].2[cell.levels[along]] = Some(number);
    }
    let held = held.iter().map(|&factor| level_name(analysis, factor, 0));
    Some(Slices {
        along,
        slices: slices.into_iter().map(|(name, _, cells)| (name, cells)).collect(),
        held: held.collect::<Vec<_>>().join(", "),
    })
}

fn level_name(analysis: &Analysis, factor: usize, level: usize) -> String {
    let factor = &analysis.study.factors[factor];
    format!("{} = {}", factor.name, factor.levels[level])
}

/// Returns a text of at most so many letters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Returns whether values are times that stand better on a logarithmic axis.
fn is_logarithmic(unit: &str, values: &[f64]) -> bool {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    unit == "s" && least > 0.0 && most / least > FAR_APART
}
