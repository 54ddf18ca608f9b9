//! Means with their intervals, level by level.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::study::{Analysis, CellEstimate};

use super::super::super::study::numbers::possible;
use super::super::axis::Axis;
use super::super::plot::{Captions, DASHES, Drawn, Entry, Plot, Sign};
use super::{
    COLOURS, Panels, SERIES, is_logarithmic, left_out_words, level_axis, panels, shortened,
};

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    analysis: &Analysis,
    figure: usize,
) -> Drawn {
    let about = &analysis.study.figures[figure];
    let Some(Panels { along, series, panels, left_out }) = panels(analysis, SERIES) else {
        return Ok(());
    };
    let factor = &analysis.study.factors[along];
    let estimate = |cell: usize| {
        analysis.estimates.iter().find(|one| one.figure == figure && one.cell == cell)
    };
    let cells = || panels.iter().flat_map(|panel| panel.series.iter().flatten().flatten());
    let shown: Vec<&CellEstimate> = cells().filter_map(|&cell| estimate(cell)).collect();
    let means: Vec<f64> = shown.iter().filter_map(|one| one.estimate.mean).collect();
    let logarithmic = is_logarithmic(&about.unit, &means);
    let height = |value: f64| if logarithmic { libm::log10(value.max(1e-4)) } else { value };
    let y = axis(&about.label, &about.unit, &shown, logarithmic);
    let numeric = factor.quantity.is_some();
    let (x, places) = level_axis(analysis, along, if panels.len() > 1 { 7 } else { 12 });
    let legend: Vec<Entry> = series
        .iter()
        .enumerate()
        .filter(|_| series.len() > 1)
        .map(|(place, name)| Entry {
            label: shortened(name, 60),
            colour: COLOURS[place],
            sign: if numeric { Sign::Line(DASHES[place % DASHES.len()]) } else { Sign::Dot },
        })
        .collect();
    let captions = Captions {
        title: about.label.clone(),
        reading: shortened(
            &format!(
                "Mean of {} replications with its {:.0} % interval.{}",
                analysis.study.replications,
                analysis.study.confidence * 100.0,
                left_out_words(left_out)
            ),
            140,
        ),
    };
    let bounds = (y.from, y.to);
    // Neighbouring series stand side by side.
    let step = (x.to - x.from) / if numeric { 150.0 } else { 12.5 * factor.levels.len() as f64 };
    let plots = if panels.len() > 1 {
        let names: Vec<String> = panels.iter().map(|panel| shortened(&panel.name, 34)).collect();
        // The title of the chart says of what.
        let scale = if logarithmic { "mean (logarithmic)" } else { "mean" };
        let y = Axis { title: scale.to_owned(), ..y };
        Plot::panels(area, &captions, &legend, &(x, y), &names)?
    } else {
        vec![Plot::new(area, &captions, &legend, (x, y), &[])?]
    };
    for (plot, panel) in plots.iter().zip(&panels) {
        if means.is_empty() {
            plot.remark("no run has this figure")?;
        }
        for (place, cells) in panel.series.iter().enumerate() {
            let aside = (place as f64 - (panel.series.len() as f64 - 1.0) / 2.0) * step;
            let colour = COLOURS[place];
            let mut points = Vec::new();
            for (level, cell) in cells.iter().enumerate() {
                let one = cell.and_then(&estimate).map(|one| one.estimate);
                let Some((one, mean)) = one.and_then(|one| Some((one, one.mean?))) else {
                    continue;
                };
                let at = places[level] + aside;
                points.push((at, height(mean)));
                if let Some(interval) = one.interval.map(|ends| possible(ends, &about.unit)) {
                    let end = |value| height(value).clamp(bounds.0, bounds.1);
                    plot.interval((at, end(interval.low)), (at, end(interval.high)), colour)?;
                }
            }
            if numeric && points.len() > 1 {
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                plot.line(&points, colour, DASHES[place % DASHES.len()])?;
            }
            for point in points {
                plot.mark(point, Sign::Dot, colour)?;
            }
        }
    }
    Ok(())
}

/// The axis of values, wide enough for all intervals.
fn axis(label: &str, unit: &str, shown: &[&CellEstimate], logarithmic: bool) -> Axis {
    let ends = shown.iter().flat_map(|one| {
        let interval = one.estimate.interval.map(|ends| possible(ends, unit));
        [one.estimate.mean, interval.map(|ends| ends.low), interval.map(|ends| ends.high)]
    });
    let ends: Vec<f64> = ends.flatten().collect();
    let mut low = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if ends.is_empty() {
        (low, high) = (0.0, 1.0);
    }
    if logarithmic {
        // An interval may reach below zero, a logarithm may not.
        let means = shown.iter().filter_map(|one| one.estimate.mean);
        let least = means.fold(f64::INFINITY, f64::min);
        let low = libm::log10(low.max(least / 10.0).max(1e-4));
        return Axis::log_time(&format!("{label} (logarithmic)"), low, libm::log10(high));
    }
    // Zero is shown where it is near, and shares end at their bounds.
    if low > 0.0 && low < 0.6 * high {
        low = 0.0;
    }
    let margin = (high - low).max(high.abs() * 1e-6) * 0.06;
    let (mut from, mut to) = (low - if low == 0.0 { 0.0 } else { margin }, high + margin);
    if unit == "share" {
        (from, to) = (from.max(0.0), to.min(1.0));
        if to - from < 1e-3 {
            from = (to - 0.01).max(0.0);
            to = (from + 0.01).min(1.0);
        }
    }
    Axis::values(&shortened(label, 48), unit, from, to)
}
