//! Paired differences with their intervals, and where zero is.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::study::{Analysis, PairedDifference};

use super::super::axis::Axis;
use super::super::plot::{BLUE, Captions, DASHES, Drawn, GREY, Plot, Sign};
use super::shortened;

/// More differences are left to their table.
const MOST_ROWS: usize = 18;

/// Returns whether a figure has differences, and few enough for a chart.
pub(super) fn fits(analysis: &Analysis, figure: usize) -> bool {
    (1..=MOST_ROWS).contains(&of_figure(analysis, figure).len())
}

fn of_figure(analysis: &Analysis, figure: usize) -> Vec<&PairedDifference> {
    analysis.comparisons.iter().filter(|one| one.figure == figure).collect()
}

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
    figure: usize,
) -> Drawn {
    let about = &analysis.study.figures[figure];
    let differences = of_figure(analysis, figure);
    let ends = differences.iter().flat_map(|one| {
        let interval = one.difference.interval;
        [one.difference.mean, interval.map(|ends| ends.low), interval.map(|ends| ends.high)]
    });
    let ends: Vec<f64> = ends.flatten().collect();
    let low = ends.iter().copied().fold(0.0, f64::min);
    let high = ends.iter().copied().fold(0.0, f64::max);
    let margin = if high > low { (high - low) * 0.05 } else { 1.0 };
    let title = format!("difference of {}", shortened(&about.label, 48));
    let x = Axis::differences(&title, &about.unit, low - margin, high + margin);
    let rows = differences.len() as f64;
    let height = |row: usize| rows - row as f64 - 0.5;
    let y = Axis {
        title: "compared".to_owned(),
        from: 0.0,
        to: rows,
        ticks: differences
            .iter()
            .enumerate()
            .map(|(row, one)| (height(row), shortened(&name(analysis, one), 52)))
            .collect(),
    };
    let captions = Captions {
        title: format!("What changes {}", shortened(&about.label, 80)),
        reading: format!(
            "Mean paired difference with its {:.0} % interval, the same mail and the same outages \
             on both sides; dashed: no difference.",
            analysis.study.confidence * 100.0
        ),
    };
    let plot = Plot::new(area, &captions, &[], (x, y), &[])?;
    plot.line(&[(0.0, 0.0), (0.0, rows)], GREY, DASHES[1])?;
    for (row, one) in differences.iter().enumerate() {
        let at = height(row);
        if let Some(interval) = one.difference.interval {
            plot.interval((interval.low, at), (interval.high, at), BLUE)?;
        }
        if let Some(mean) = one.difference.mean {
            plot.mark((mean, at), Sign::Dot, BLUE)?;
        }
    }
    Ok(())
}

/// `4h - 1h, where backup = none`.
fn name(analysis: &Analysis, one: &PairedDifference) -> String {
    let study = &analysis.study;
    let level = |cell: usize, factor: usize| {
        study.factors[factor].levels[study.cells[cell].levels[factor]].as_str()
    };
    let (to, from) = (level(one.to_cell, one.factor), level(one.from_cell, one.factor));
    let others = (0..study.factors.len()).filter(|&factor| factor != one.factor);
    let others: Vec<&str> = others.map(|factor| level(one.to_cell, factor)).collect();
    let place = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    format!("{to} - {from}{place}")
}
