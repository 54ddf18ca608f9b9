//! A figure by the levels of two factors, as colours with numbers.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::study::told;
use crate::study::Analysis;

use super::super::axis::Axis;
use super::super::plot::{Captions, Drawn, Plot};
use super::{is_logarithmic, shortened, varied};

/// The ends of the colour scale.
const LIGHT: RGBColor = RGBColor(240, 246, 252);
const DARK: RGBColor = RGBColor(0, 74, 130);
const NOTHING: RGBColor = RGBColor(226, 226, 226);

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
    figure: usize,
) -> Drawn {
    let study = &analysis.study;
    let varied = varied(analysis);
    let &[across, down, ref rest @ ..] = varied.as_slice() else {
        return Ok(());
    };
    let (columns, rows) = (study.factors[across].levels.len(), study.factors[down].levels.len());
    let mut tiles: Vec<Option<f64>> = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            tiles.push(mean_of(analysis, figure, [(across, column), (down, row)]));
        }
    }
    let values: Vec<f64> = tiles.iter().copied().flatten().collect();
    let about = &study.figures[figure];
    let logarithmic = is_logarithmic(&about.unit, &values);
    let depth = |value: f64| if logarithmic { libm::log10(value) } else { value };
    let least = values.iter().copied().map(depth).fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().map(depth).fold(f64::NEG_INFINITY, f64::max);
    let axis = |factor: usize, upwards: bool| {
        let levels = &study.factors[factor].levels;
        let count = levels.len();
        let place = |at: usize| if upwards { count - at } else { at + 1 } as f64 - 0.5;
        Axis {
            title: study.factors[factor].name.clone(),
            from: 0.0,
            to: count as f64,
            ticks: levels
                .iter()
                .enumerate()
                .map(|(at, level)| (place(at), shortened(level, if upwards { 28 } else { 14 })))
                .collect(),
        }
    };
    let mean_over = match rest {
        [] => String::new(),
        others => {
            let names: Vec<&str> =
                others.iter().map(|&one| study.factors[one].name.as_str()).collect();
            format!(", on average over all levels of {}", names.join(" and "))
        }
    };
    let captions = Captions {
        title: about.label.clone(),
        reading: shortened(
            &format!(
                "Mean of {} replications{mean_over}; the darker the more.",
                study.replications
            ),
            140,
        ),
    };
    let plot = Plot::new(area, &captions, &[], (axis(across, false), axis(down, true)), &[])?;
    for (place, value) in tiles.into_iter().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let (left, top) = (column as f64, (rows - row) as f64);
        let corners = ((left, top - 1.0), (left + 1.0, top));
        let (colour, text) = match value {
            None => (NOTHING, "no value".to_owned()),
            Some(value) => {
                let share =
                    if most > least { (depth(value) - least) / (most - least) } else { 0.0 };
                (between(share), told(value, &about.unit))
            }
        };
        plot.tile(corners, colour, &text)?;
    }
    Ok(())
}

/// Returns the mean over the cells that have these levels.
fn mean_of(analysis: &Analysis, figure: usize, levels: [(usize, usize); 2]) -> Option<f64> {
    let fits = |cell: usize| {
        let cell = &analysis.study.cells[cell];
        levels.iter().all(|&(factor, level)| cell.levels[factor] == level)
    };
    let means = analysis.estimates.iter().filter(|one| one.figure == figure && fits(one.cell));
    let means: Vec<f64> = means.filter_map(|one| one.estimate.mean).collect();
    (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64)
}

fn between(share: f64) -> RGBColor {
    let mix = |light: u8, dark: u8| {
        (f64::from(light) + (f64::from(dark) - f64::from(light)) * share).round() as u8
    };
    RGBColor(mix(LIGHT.0, DARK.0), mix(LIGHT.1, DARK.1), mix(LIGHT.2, DARK.2))
}
