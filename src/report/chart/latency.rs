//! How long delivery took: the share of submitted mail delivered within a time.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::run_data::{Distribution, RunData};
use super::super::words::grouped;

use super::axis::Axis;
use super::plot::{BLUE, Captions, DASHES, Drawn, Entry, GREEN, Plot, Sign};

pub(super) fn draw<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    let submitted = data.summary.mail.submitted;
    let curves = [
        ("delivered to the mailbox", &data.delivery, BLUE, DASHES[0]),
        ("fetched by the reader", &data.retrieval, GREEN, DASHES[1]),
    ];
    let seen: Vec<_> = curves.into_iter().filter(|(_, times, _, _)| times.count > 0).collect();
    let legend: Vec<_> = seen
        .iter()
        .map(|(label, times, colour, dash)| Entry {
            label: format!("{label} ({})", grouped(times.count)),
            colour: *colour,
            sign: Sign::Line(dash),
        })
        .collect();
    let steps: Vec<_> = seen.iter().map(|(_, times, ..)| times.cumulative()).collect();
    let ends = steps.iter().flat_map(|steps| [steps.first(), steps.last()]).flatten();
    let (least, most) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), (at, _)| {
        (least.min(*at), most.max(*at))
    });
    let (least, most) = if seen.is_empty() { (0.0, 1.0) } else { (least - 0.05, most) };
    let captions = Captions {
        title: "How long did delivery take?".to_owned(),
        reading: format!(
            "Share of all {} submitted recipients reached within a time since submission; a curve \
             that ends below 100 % leaves the rest unreached.",
            grouped(submitted)
        ),
    };
    let x = Axis::log_time("time since submission (logarithmic)", least, most);
    let plot = Plot::new(area, &captions, &legend, (x.clone(), Axis::share("share reached")), &[])?;
    if seen.is_empty() {
        return plot.remark("no mail was delivered");
    }
    for (_, times, colour, dash) in seen {
        plot.line(&staircase(times, submitted, x.from, x.to), colour, dash)?;
    }
    Ok(())
}

/// Returns the corners of the distribution's steps.
fn staircase(times: &Distribution, submitted: u64, from: f64, to: f64) -> Vec<(f64, f64)> {
    let mut corners = vec![(from, 0.0)];
    let mut share = 0.0;
    for (at, count) in times.cumulative() {
        corners.push((at, share));
        share = count as f64 / submitted.max(1) as f64;
        corners.push((at, share));
    }
    corners.push((to, share));
    corners
}
