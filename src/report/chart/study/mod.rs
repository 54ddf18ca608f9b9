//! The charts of a study, made from its analysis alone.

mod delays;
mod differences;
mod heat;
mod means;

use std::collections::BTreeSet;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::study::{Analysis, CellOutline};

use super::super::error::ReportError;
use super::axis::Axis;
use super::plot::{BLUE, Drawn, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, size_of_panels};

/// Curves and series drawn in one chart.
const SERIES: usize = 7;
const COLOURS: [RGBColor; SERIES] = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, INK];
/// Times further apart than this factor stand on a logarithmic axis.
const FAR_APART: f64 = 50.0;
/// Levels of a quantity further apart than this factor stand on a logarithmic axis.
const SPREAD: f64 = 12.0;
/// Panels drawn in one chart.
const PANELS: usize = 36;

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
    /// Of the delay at this place of the analysis.
    Delays(usize),
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
    for (place, delay) in analysis.delays.iter().enumerate() {
        let name = match analysis.delays.len() {
            1 => "delays".to_owned(),
            _ => format!("delays-{}", delay.of),
        };
        let description = format!("Share of recipients by {}, by combination", delay.of);
        charts.push(StudyChart { name, description, figure: None, kind: Kind::Delays(place) });
    }
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
    super::svg_with(&chart.name, &chart.description, size(chart, analysis), |area| {
        draw(chart, area, analysis)
    })
}

/// Draws a chart into a PNG file.
pub(in crate::report) fn png(
    chart: &StudyChart,
    analysis: &Analysis,
    path: &Path,
) -> Result<(), ReportError> {
    super::png_with(&chart.name, path, size(chart, analysis), |area| draw(chart, area, analysis))
}

/// Charts with many panels are taller.
fn size(chart: &StudyChart, analysis: &Analysis) -> (u32, u32) {
    let panels = match chart.kind {
        Kind::Means => panels(analysis, SERIES).map_or(1, |it| it.panels.len()),
        Kind::Delays(_) => delays::panels_of(analysis),
        Kind::Heat | Kind::Differences => 1,
    };
    size_of_panels(panels)
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
        (Kind::Delays(place), _) => delays::draw(area, analysis, place),
        (_, None) => Ok(()),
    }
}

/// Returns the factors with more than one level: first the one along which cells stand, a given or
/// numeric one if there is any, chosen so that choices of the design stand side by side; then those
/// that the design decides, then those of the world, each with the most levels first.
fn varied(analysis: &Analysis) -> Vec<usize> {
    let factors = &analysis.study.factors;
    let levels = |factor: usize| factors[factor].levels.len();
    let numeric = |factor: usize| factors[factor].quantity.is_some();
    let mut varied: Vec<usize> = (0..factors.len()).filter(|&one| levels(one) > 1).collect();
    varied.sort_by_key(|&one| (factors[one].given, std::cmp::Reverse(levels(one))));
    let score = |along: usize| {
        let others: Vec<usize> = varied.iter().copied().filter(|&one| one != along).collect();
        let crossed = crossed(analysis, &others, SERIES);
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

/// Returns as many of the factors, in their order, as give at most so many series.
fn crossed(analysis: &Analysis, factors: &[usize], most: usize) -> Vec<usize> {
    let mut crossed: Vec<usize> = Vec::new();
    let mut count = 1;
    for &factor in factors {
        let levels = analysis.study.factors[factor].levels.len();
        if count * levels <= most {
            count *= levels;
            crossed.push(factor);
        }
    }
    crossed
}

/// Cells side by side along the first of [`varied`], a series for each combination of some other factors,
/// a panel for each combination of all further ones.
struct Panels {
    /// The factor along which cells stand side by side.
    along: usize,
    /// Names of the series.
    series: Vec<String>,
    panels: Vec<Panel>,
    /// How many panels there would be more.
    left_out: usize,
}

struct Panel {
    /// The levels that it is of: `backup = none`; empty if it is of all.
    name: String,
    /// For each series, its cell at each level of `along`.
    series: Vec<Vec<Option<usize>>>,
}

/// Returns the panels of a study with at most so many series in each.
fn panels(analysis: &Analysis, most_series: usize) -> Option<Panels> {
    let study = &analysis.study;
    let varied = varied(analysis);
    let (&along, others) = varied.split_first()?;
    let mut crossed = crossed(analysis, others, most_series);
    crossed.sort_unstable();
    let mut held: Vec<usize> =
        others.iter().copied().filter(|one| !crossed.contains(one)).collect();
    held.sort_unstable();
    let levels = study.factors[along].levels.len();
    let key = |cell: &CellOutline, factors: &[usize]| -> Vec<usize> {
        factors.iter().map(|&factor| cell.levels[factor]).collect()
    };
    let keys = |factors: &[usize]| -> BTreeSet<Vec<usize>> {
        study.cells.iter().map(|cell| key(cell, factors)).collect()
    };
    let series: Vec<Vec<usize>> = keys(&crossed).into_iter().collect();
    let all: Vec<Vec<usize>> = keys(&held).into_iter().collect();
    let name = |factors: &[usize], key: &[usize]| {
        let names = factors.iter().zip(key);
        let names = names.map(|(&factor, &level)| level_name(analysis, factor, level));
        names.collect::<Vec<_>>().join(", ")
    };
    let mut panels: Vec<Panel> = all
        .iter()
        .take(PANELS)
        .map(|panel| Panel {
            name: name(&held, panel),
            series: vec![vec![None; levels]; series.len()],
        })
        .collect();
    for (number, cell) in study.cells.iter().enumerate() {
        let place = all.binary_search(&key(cell, &held)).ok().and_then(|at| panels.get_mut(at));
        if let (Some(panel), Ok(at)) = (place, series.binary_search(&key(cell, &crossed))) {
            panel.series[at][cell.levels[along]] = Some(number);
        }
    }
    Some(Panels {
        along,
        series: series.iter().map(|key| name(&crossed, key)).collect(),
        left_out: all.len() - panels.len(),
        panels,
    })
}

/// Says that a chart would have more panels: there is no room for all.
fn left_out_words(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!(" {left_out} more are in the tables.") }
}

/// Places of a factor's levels along an axis: those of their values for a quantity, side by side for
/// names. Returns the axis and the place of each level; `room` is how many labels of the axis fit.
fn level_axis(analysis: &Analysis, factor: usize, room: usize) -> (Axis, Vec<f64>) {
    let factor = &analysis.study.factors[factor];
    let count = factor.levels.len();
    let Some(quantity) = &factor.quantity else {
        let every = count.div_ceil(room);
        let width = (9 * room / count.min(room)).max(6);
        let labels = factor.levels.iter().enumerate().step_by(every);
        let axis = Axis {
            title: factor.name.clone(),
            from: -0.5,
            to: count as f64 - 0.5,
            ticks: labels.map(|(at, level)| (at as f64, shortened(level, width))).collect(),
        };
        return (axis, (0..count).map(|at| at as f64).collect());
    };
    let values = &quantity.values;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let logarithmic = least > 0.0 && most / least >= SPREAD;
    let place = |value: f64| if logarithmic { libm::log10(value) } else { value };
    let places: Vec<f64> = values.iter().map(|&value| place(value)).collect();
    let (from, to) = (place(least), place(most));
    let span = if to > from { to - from } else { 1.0 };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut ticks: Vec<(f64, String)> = Vec::new();
    for level in order {
        // A label that would run into the one before is left out.
        let apart = |(at, _): &(f64, String)| (places[level] - at) / span * room as f64 >= 0.9;
        if ticks.last().is_none_or(apart) {
            ticks.push((places[level], shortened(&factor.levels[level], 12)));
        }
    }
    let scale = if logarithmic { " (logarithmic)" } else { "" };
    let axis = Axis {
        title: format!("{}{scale}", factor.name),
        from: from - span * 0.06,
        to: to + span * 0.06,
        ticks,
    };
    (axis, places)
}

fn level_name(analysis: &Analysis, factor: usize, level: usize) -> String {
    let factor = &analysis.study.factors[factor];
    format!("{} = {}", factor.name, factor.levels[level])
}

/// Returns a text of at most `most` letters.
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
