//! Single messages on their way: a line each, from submission to the end.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::run_data::{Journey, RunData};
use super::super::words::grouped;

use super::axis::Axis;
use super::plot::{BLUE, Captions, Drawn, Entry, GREEN, GREY, INK, ORANGE, Plot, Sign, VERMILLION};

pub(super) fn draw<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    let journeys = &data.timeline;
    let shown = journeys.len() as u64;
    let all = data.summary.mail.submitted;
    let title = if shown < all {
        format!("The {shown} slowest of {} messages", grouped(all))
    } else {
        "Every message on its way".to_owned()
    };
    let captions = Captions {
        title,
        reading: "A line for each recipient, from submission until delivery; named by message, in \
                  order of submission; shaded: outages."
            .to_owned(),
    };
    let begins = journeys.iter().map(|journey| journey.submitted);
    let begin = begins.fold(f64::INFINITY, f64::min);
    let ends = journeys.iter().map(|journey| last_instant(journey, data.duration()));
    let end = ends.fold(f64::NEG_INFINITY, f64::max);
    let (begin, end) = if journeys.is_empty() { (0.0, data.duration()) } else { (begin, end) };
    let margin = (end - begin).max(1e-3) * 0.02;
    let x = Axis::time("time since the start", (begin - margin).max(0.0), end + margin);
    let rows = journeys.len().max(1) as f64;
    // Names of neighbouring lines must not overlap.
    let every = journeys.len().div_ceil(22).max(1);
    let y = Axis {
        title: "message".to_owned(),
        from: 0.0,
        to: rows,
        ticks: journeys
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(row, journey)| (height(rows, row), journey.id.clone()))
            .collect(),
    };
    let plot = Plot::new(area, &captions, &legend(journeys), (x, y), &super::bands(data))?;
    if journeys.is_empty() {
        return plot.remark("no mail was submitted");
    }
    for (row, journey) in journeys.iter().enumerate() {
        draw_journey(&plot, journey, height(rows, row), data.duration())?;
    }
    Ok(())
}

/// The first message stands on top.
fn height(rows: f64, row: usize) -> f64 {
    rows - row as f64 - 0.5
}

fn last_instant(journey: &Journey, end: f64) -> f64 {
    journey.retrieved.or(journey.ended).unwrap_or(end)
}

fn draw_journey<DB: DrawingBackend>(
    plot: &Plot<'_, DB>,
    journey: &Journey,
    y: f64,
    end: f64,
) -> Drawn {
    let ended = journey.ended.unwrap_or(end);
    plot.line(&[(journey.submitted, y), (ended, y)], BLUE, &[])?;
    if let Some(retrieved) = journey.retrieved {
        plot.thin_line(&[(ended, y), (retrieved, y)], GREEN)?;
    }
    for &failure in &journey.failures {
        plot.mark((failure, y), Sign::Cross, VERMILLION)?;
    }
    let (sign, colour) = ending(&journey.state);
    plot.mark((ended, y), sign, colour)?;
    match journey.retrieved {
        Some(retrieved) => plot.mark((retrieved, y), Sign::Ring, GREEN),
        None => Ok(()),
    }
}

fn ending(state: &str) -> (Sign, RGBColor) {
    match state {
        "delivered" => (Sign::Dot, BLUE),
        "failed" => (Sign::Square, INK),
        "discarded" => (Sign::Square, GREY),
        _ => (Sign::Arrow, ORANGE),
    }
}

/// Returns entries for what is to be seen, and for nothing else.
fn legend(journeys: &[Journey]) -> Vec<Entry> {
    let has = |states: &[&str]| journeys.iter().any(|one| states.contains(&one.state.as_str()));
    let entry = |label: &str, sign, colour| Entry { label: label.to_owned(), colour, sign };
    let mut entries = vec![entry("under way", Sign::Line(&[]), BLUE)];
    if journeys.iter().any(|journey| !journey.failures.is_empty()) {
        entries.push(entry("a try failed", Sign::Cross, VERMILLION));
    }
    let endings: [(&str, &[&str]); 4] = [
        ("delivered", &["delivered"]),
        ("given up", &["failed"]),
        ("dropped", &["discarded"]),
        ("still under way at the end", &["queued", "in_transit"]),
    ];
    for (label, states) in endings {
        if has(states) {
            let (sign, colour) = ending(states[0]);
            entries.push(entry(label, sign, colour));
        }
    }
    if journeys.iter().any(|journey| journey.retrieved.is_some()) {
        entries.push(entry("fetched by the reader", Sign::Ring, GREEN));
    }
    entries
}
