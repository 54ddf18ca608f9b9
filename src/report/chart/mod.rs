//! The charts of a run, one file each.
//!
//! Drawn with plotters in pixel coordinates of our own, so that titles, legends and labels never
//! overlap, and with a font that is part of the program. Logarithms are `libm`'s: equal runs give
//! equal bytes on every platform.

mod attempts;
mod axis;
mod hops;
mod latency;
mod plot;
mod queues;
pub(super) mod study;
mod timeline;

use std::path::Path;
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::error::ReportError;
use super::html::escaped;
use super::run_data::RunData;

use plot::{Band, Drawn, SIZE};

/// A chart: its file name and what it shows, for those who cannot see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

/// All charts, in the order of the page.
pub(super) const CHARTS: [Chart; 5] = [
    Chart {
        name: "latency",
        description: "Share of submitted recipients reached within a time since submission",
    },
    Chart { name: "queues", description: "Messages waiting at each host over time" },
    Chart { name: "attempts", description: "Tries over time by outcome" },
    Chart { name: "timeline", description: "Single messages from submission to their end" },
    Chart { name: "hops", description: "Delivered recipients by number of hops" },
];

/// PNG files are drawn at this multiple of the size, for slides.
const PNG_SCALE: u32 = 2;

/// At most this many outages are drawn.
const MOST_BANDS: usize = 200;

fn draw<DB: DrawingBackend>(chart: Chart, area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    match chart.name {
        "latency" => latency::draw(area, data),
        "queues" => queues::draw(area, data),
        "attempts" => attempts::draw(area, data),
        "timeline" => timeline::draw(area, data),
        _ => hops::draw(area, data),
    }
}

/// Makes the font known to plotters, once; SVG needs it too, to measure text.
fn prepare_font() {
    static PREPARED: OnceLock<()> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let font = include_bytes!("../fonts/DejaVuSans-subset.ttf");
        let registered = register_font("sans-serif", FontStyle::Normal, font);
        assert!(registered.is_ok(), "the font that is part of the program can be read");
    });
}

/// Returns a chart as SVG, with its description for screen readers.
pub(super) fn svg(chart: Chart, data: &RunData) -> Result<String, ReportError> {
    svg_with(chart.name, chart.description, SIZE, |area| draw(chart, area, data))
}

/// Draws a chart into a PNG file.
pub(super) fn png(chart: Chart, data: &RunData, path: &Path) -> Result<(), ReportError> {
    png_with(chart.name, path, SIZE, |area| draw(chart, area, data))
}

/// Returns what `draw` draws as SVG, with a description for screen readers.
fn svg_with(
    name: &str,
    description: &str,
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Drawn,
) -> Result<String, ReportError> {
    prepare_font();
    let failed = |problem| ReportError::Chart { name: name.to_owned(), problem };
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area).map_err(failed)?;
        area.present().map_err(|error| failed(error.to_string()))?;
    }
    let description = escaped(description);
    let label = format!("<svg role=\"img\" aria-label=\"{description}\" ");
    let text = text.replacen("<svg ", &label, 1);
    // The first tag's end is where the title belongs.
    Ok(text.replacen(">\n", &format!(">\n<title>{description}</title>\n"), 1))
}

/// Draws what `draw` draws into a PNG file.
fn png_with(
    name: &str,
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<BitMapBackend<'_>, Shift>) -> Drawn,
) -> Result<(), ReportError> {
    prepare_font();
    let failed = |problem| ReportError::Chart { name: name.to_owned(), problem };
    let size = (size.0 * PNG_SCALE, size.1 * PNG_SCALE);
    let area = BitMapBackend::new(path, size).into_drawing_area();
    draw(&area).map_err(failed)?;
    area.present().map_err(|error| failed(error.to_string()))
}

/// Returns the outages to be shaded. One that spans the whole run would shade everything and say
/// nothing; it is left out.
fn bands(data: &RunData) -> Vec<Band> {
    let end = data.duration();
    data.summary
        .outages
        .iter()
        .filter(|outage| outage.from_s > 0.0 || outage.to_s.is_some_and(|to| to < end))
        .take(MOST_BANDS)
        .map(|outage| Band {
            from: outage.from_s,
            to: outage.to_s.unwrap_or(end).min(end),
            label: format!("{}: {}", outage.target, outage.mode),
        })
        .collect()
}
