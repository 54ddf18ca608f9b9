//! How often hosts were tried, and what came of it, over time.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::run_data::RunData;
use super::super::words::{grouped, time};

use super::axis::Axis;
use super::plot::{
    BLUE, Captions, Drawn, Entry, GREY, ORANGE, PURPLE, Plot, SKY, Sign, VERMILLION, YELLOW,
};

/// Outcomes from the bottom of a bar upwards.
const OUTCOMES: [(&str, &str, RGBColor); 7] = [
    ("accepted", "accepted", BLUE),
    ("tempfail", "refused for now (4yz)", ORANGE),
    ("permfail", "refused for good (5yz)", PURPLE),
    ("refused", "connection refused", YELLOW),
    ("timeout", "no answer in time", VERMILLION),
    ("lost", "connection lost", SKY),
    ("suspended", "put off without a try", GREY),
];

pub(super) fn draw<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    let bins = &data.attempts;
    let seen: Vec<_> = OUTCOMES
        .into_iter()
        .filter_map(|(word, label, colour)| Some((label, colour, bins.outcomes.get(word)?)))
        .collect();
    let legend: Vec<_> = seen
        .iter()
        .map(|(label, colour, counts)| Entry {
            label: format!("{label} ({})", grouped(counts.iter().sum())),
            colour: *colour,
            sign: Sign::Block,
        })
        .collect();
    let length = seen.first().map_or(0, |(_, _, counts)| counts.len());
    let total = |bin: usize| seen.iter().map(|(_, _, counts)| counts[bin]).sum::<u64>();
    let highest = (0..length).map(total).max().unwrap_or(0);
    let captions = Captions {
        title: "How often were hosts tried, and what came of it?".to_owned(),
        reading: format!(
            "Tries by the time at which they began, {} a bar, stacked by outcome in the order of \
             the legend; shaded: outages.",
            time(bins.width)
        ),
    };
    let axes =
        (Axis::time("time since the start", 0.0, data.duration()), Axis::count("tries", highest));
    let plot = Plot::new(area, &captions, &legend, axes, &super::bands(data))?;
    if seen.is_empty() {
        return plot.remark("no host was tried");
    }
    for bin in 0..length {
        let (from, to) = (bin as f64 * bins.width, (bin as f64 + 1.0) * bins.width);
        let mut below = 0;
        for (_, colour, counts) in &seen {
            if counts[bin] > 0 {
                let above = below + counts[bin];
                let right = to.min(data.duration());
                plot.bar((from, below as f64), (right, above as f64), *colour)?;
                below = above;
            }
        }
    }
    Ok(())
}
