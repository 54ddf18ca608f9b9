//! How many servers mail went through.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::run_data::RunData;
use super::super::words::grouped;

use super::axis::Axis;
use super::plot::{BLUE, Captions, Drawn, Plot};

/// More bars than this carry no numbers: they would overlap.
const NUMBERED_BARS: u32 = 16;

pub(super) fn draw<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    let counts = &data.summary.hops.counts;
    let (least, most) = match (counts.keys().next(), counts.keys().next_back()) {
        (Some(&least), Some(&most)) => (least.min(1), most),
        _ => (1, 1),
    };
    // A few bars in the middle of a wide chart would look lost or bloated.
    let most_shown = most.max(6);
    let every = (most_shown - least + 1).div_ceil(20);
    let x = Axis {
        title: "hops (Received fields on arrival)".to_owned(),
        from: f64::from(least) - 0.6,
        to: f64::from(most_shown) + 0.6,
        ticks: (least..=most_shown)
            .step_by(every as usize)
            .map(|hops| (f64::from(hops), hops.to_string()))
            .collect(),
    };
    let highest = counts.values().copied().max().unwrap_or(0);
    // Room for the number above the highest bar.
    let y = Axis::count("recipients", highest + highest.div_ceil(10));
    let captions = Captions {
        title: "Through how many servers did mail go?".to_owned(),
        reading: "Delivered recipients by the number of servers that handled their mail, each of \
                  which adds a Received field."
            .to_owned(),
    };
    let plot = Plot::new(area, &captions, &[], (x, y), &[])?;
    if counts.is_empty() {
        return plot.remark("no mail was delivered");
    }
    for (&hops, &count) in counts {
        let (middle, height) = (f64::from(hops), count as f64);
        plot.bar((middle - 0.3, 0.0), (middle + 0.3, height), BLUE)?;
        if most_shown - least < NUMBERED_BARS {
            plot.label((middle, height), &grouped(count))?;
        }
    }
    Ok(())
}
