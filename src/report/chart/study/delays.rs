//! Distributions of delay, one over the other.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::study::{Analysis, STEPS_PER_DECADE};

use super::super::axis::Axis;
use super::super::plot::{Captions, DASHES, Drawn, Entry, Plot, Sign};
use super::{COLOURS, SERIES, left_out_words, panels, shortened};

/// Letters that fit on the line under the title.
const MOST_LETTERS: usize = 110;

/// Curves that stand in one plot.
struct Curves {
    name: String,
    /// The cell of each entry of the legend.
    cells: Vec<Option<usize>>,
}

/// Returns how many panels the chart has.
pub(super) fn panels_of(analysis: &Analysis) -> usize {
    shown(analysis).1.len()
}

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
    delay: usize,
) -> Drawn {
    let (names, panels, left_out) = shown(analysis);
    let colour = |place: usize| colour(place, names.len());
    let legend: Vec<Entry> = names
        .iter()
        .enumerate()
        .map(|(place, name)| Entry {
            label: shortened(name, 60),
            colour: colour(place),
            sign: Sign::Line(DASHES[place % DASHES.len()]),
        })
        .collect();
    let distributions = &analysis.delays[delay];
    let curves = |panel: &Curves| -> Vec<Vec<(f64, f64)>> {
        let curve = |cell: &Option<usize>| cell.map(|cell| curve(analysis, delay, cell));
        panel.cells.iter().map(|cell| curve(cell).unwrap_or_default()).collect()
    };
    let drawn: Vec<Vec<Vec<(f64, f64)>>> = panels.iter().map(curves).collect();
    let places = || drawn.iter().flatten().flatten().map(|point| point.0);
    let least = places().fold(f64::INFINITY, f64::min);
    let most = places().fold(f64::NEG_INFINITY, f64::max);
    let empty = places().next().is_none();
    let (least, most) = if empty { (0.0, 1.0) } else { (least - 0.05, most) };
    let (question, since) = words(&distributions.of);
    let captions = Captions {
        title: question.to_owned(),
        reading: shortened(
            &format!(
                "Share of submitted recipients for whom it was over within a time ({}).{}",
                distributions.of,
                left_out_words(left_out)
            ),
            MOST_LETTERS,
        ),
    };
    let x = Axis::log_time(&format!("time since {since} (logarithmic)"), least, most);
    let ends = (x.from, x.to);
    let y = Axis::share("share reached");
    let plots = if panels.len() > 1 {
        let names: Vec<String> = panels.iter().map(|panel| shortened(&panel.name, 34)).collect();
        let x = x.with_room_for(5);
        Plot::panels(area, &captions, &legend, &(x, y), &names)?
    } else {
        vec![Plot::new(area, &captions, &legend, (x, y), &[])?]
    };
    for (plot, curves) in plots.iter().zip(&drawn) {
        if empty {
            plot.remark("no mail came so far")?;
            continue;
        }
        for (place, points) in curves.iter().enumerate() {
            if panels.len() == 1 || !points.is_empty() {
                stairs(plot, points, ends, (colour(place), DASHES[place % DASHES.len()]))?;
            }
        }
    }
    Ok(())
}

/// What a distribution answers, and since when it counts.
fn words(delay: &str) -> (&'static str, &'static str) {
    match delay {
        "submission_to_acceptance" => {
            ("How long until a server took responsibility?", "submission")
        }
        "submission_to_retrieval" => ("How long until the reader had it?", "submission"),
        "delivery_to_retrieval" => ("How long did it lie in the mailbox?", "delivery"),
        _ => ("How long did delivery take?", "submission"),
    }
}

/// Draws a distribution function.
fn stairs<DB: DrawingBackend>(
    plot: &Plot<'_, DB>,
    points: &[(f64, f64)],
    (from, to): (f64, f64),
    (colour, dash): (RGBColor, &'static [f64]),
) -> Drawn {
    let mut corners = vec![(from, 0.0)];
    let mut share = 0.0;
    for &(at, up_to) in points {
        corners.push((at, share));
        share = up_to;
        corners.push((at, share));
    }
    corners.push((to, share));
    plot.line(&corners, colour, dash)
}

/// Few curves have colours that are told apart, many a scale from light to dark.
fn colour(place: usize, of: usize) -> RGBColor {
    if of <= SERIES {
        return COLOURS[place];
    }
    let share = place as f64 / (of - 1) as f64;
    let mix = |light: f64, dark: f64| (light + (dark - light) * share).round() as u8;
    RGBColor(mix(150.0, 0.0), mix(200.0, 40.0), mix(240.0, 90.0))
}

/// Returns the entries of the legend, the panels, and how many panels more there would be: one panel of
/// all cells if they are few, else curves along one factor and a panel for each combination of the
/// others.
fn shown(analysis: &Analysis) -> (Vec<String>, Vec<Curves>, usize) {
    let cells = &analysis.study.cells;
    let split = panels(analysis, 1).filter(|_| cells.len() > SERIES);
    let Some(split) = split else {
        let names = cells.iter().map(|cell| cell.name.clone()).collect();
        let all = (0..cells.len()).map(Some).collect();
        return (names, vec![Curves { name: String::new(), cells: all }], 0);
    };
    let factor = &analysis.study.factors[split.along];
    let names = factor.levels.iter().map(|level| format!("{} = {level}", factor.name)).collect();
    let curves = split.panels.into_iter().map(|panel| Curves {
        name: panel.name,
        cells: panel.series.into_iter().next().unwrap_or_default(),
    });
    (names, curves.collect(), split.left_out)
}

/// Returns (decimal logarithm of a delay, share of recipients reached by then).
fn curve(analysis: &Analysis, delay: usize, cell: usize) -> Vec<(f64, f64)> {
    let all = analysis.study.cells[cell].submitted.max(1) as f64;
    let mut sum = 0;
    let steps = analysis.delays[delay].cells[cell].iter();
    steps
        .map(|&(step, count)| {
            sum += count;
            (f64::from(step) / STEPS_PER_DECADE, sum as f64 / all)
        })
        .collect()
}
