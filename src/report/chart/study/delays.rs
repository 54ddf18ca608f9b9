//! Distributions of delay, one over the other.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::experiment::{Analysis, STEPS_PER_DECADE};

use super::super::axis::Axis;
use super::super::plot::{Captions, DASHES, Drawn, Entry, Plot, Sign};
use super::{COLOURS, SERIES, shortened, slices};

/// Letters that fit on the line under the title.
const MOST_LETTERS: usize = 110;

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
) -> Drawn {
    let (cells, held) = shown(analysis);
    let legend: Vec<Entry> = cells
        .iter()
        .enumerate()
        .map(|(place, (_, name))| Entry {
            label: shortened(name, 60),
            colour: COLOURS[place],
            sign: Sign::Line(DASHES[place % DASHES.len()]),
        })
        .collect();
    let curves: Vec<_> = cells.iter().map(|&(cell, _)| curve(analysis, cell)).collect();
    let places = || curves.iter().flatten().map(|point| point.0);
    let least = places().fold(f64::INFINITY, f64::min);
    let most = places().fold(f64::NEG_INFINITY, f64::max);
    let empty = curves.iter().all(Vec::is_empty);
    let (least, most) = if empty { (0.0, 1.0) } else { (least - 0.05, most) };
    let where_held = if held.is_empty() { String::new() } else { format!(", where {held}") };
    let all = analysis.study.cells.len();
    let part = if cells.len() < all {
        format!(" ({} of {all} combinations)", cells.len())
    } else {
        String::new()
    };
    let captions = Captions {
        title: format!("How long did delivery take?{part}"),
        reading: shortened(
            &format!("Share of submitted recipients reached within a time{where_held}."),
            MOST_LETTERS,
        ),
    };
    let x = Axis::log_time("time since submission (logarithmic)", least, most);
    let plot = Plot::new(area, &captions, &legend, (x.clone(), Axis::share("share reached")), &[])?;
    if empty {
        return plot.remark("no mail was delivered");
    }
    for (place, points) in curves.iter().enumerate() {
        let mut corners = vec![(x.from, 0.0)];
        let mut share = 0.0;
        for &(at, up_to) in points {
            corners.push((at, share));
            share = up_to;
            corners.push((at, share));
        }
        corners.push((x.to, share));
        plot.line(&corners, COLOURS[place], DASHES[place % DASHES.len()])?;
    }
    Ok(())
}

/// All cells if they are few, else those along one factor with all others at their first level;
/// and what is left at its first level.
fn shown(analysis: &Analysis) -> (Vec<(usize, String)>, String) {
    let cells = &analysis.study.cells;
    if cells.len() <= SERIES {
        let all = cells.iter().enumerate().map(|(place, cell)| (place, cell.name.clone()));
        return (all.collect(), String::new());
    }
    let Some(slices) = slices(analysis) else { return (Vec::new(), String::new()) };
    let factor = &analysis.study.factors[slices.along];
    let Some((name, first)) = slices.slices.into_iter().next() else {
        return (Vec::new(), String::new());
    };
    let along = first.into_iter().enumerate().filter_map(|(level, cell)| Some((level, cell?)));
    let all: Vec<(usize, String)> = along
        .map(|(level, cell)| (cell, format!("{} = {}", factor.name, factor.levels[level])))
        .collect();
    // First, last and evenly between them, if there are too many.
    let picked = |place: usize| place * (all.len() - 1) / (SERIES - 1);
    let few = if all.len() <= SERIES {
        all.clone()
    } else {
        (0..SERIES).map(|place| all[picked(place)].clone()).collect()
    };
    let held = [name, slices.held].into_iter().filter(|part| !part.is_empty());
    (few, held.collect::<Vec<_>>().join(", "))
}

/// Returns (decimal logarithm of a delay, share of recipients reached by then).
fn curve(analysis: &Analysis, cell: usize) -> Vec<(f64, f64)> {
    let all = analysis.study.cells[cell].submitted.max(1) as f64;
    let mut sum = 0;
    let steps = analysis.delays[cell].iter();
    steps
        .map(|&(step, count)| {
            sum += count;
            (f64::from(step) / STEPS_PER_DECADE, sum as f64 / all)
        })
        .collect()
}
