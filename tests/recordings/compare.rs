//! Whether a recording could be one of the runs, and how far it is from that.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::figures::{Figures, RecipientFigures};
use crate::recording::Recording;

/// Postfix reads a clock of whole seconds, so an event on one side of a second in the recording
/// may lie on the other side in every run [s].
const CLOCK_RESOLUTION: f64 = 1.0;
/// Recorded times are rounded to milliseconds [s]; a latency is the difference of two of them.
const ROUNDING: f64 = 0.001;
/// Share of the runs left out at either end of what "central 99 %" means.
const TAIL: f64 = 0.005;

/// A time may be this far from the runs [s], or this share of itself, and still be called near.
const NEAR_S: f64 = 1.0;
const NEAR_SHARE: f64 = 0.02;

/// A figure of the recording that the runs do not explain.
#[derive(Debug, Clone)]
pub(crate) struct Disagreement {
    /// What it is, what was observed and what was predicted.
    pub(crate) what: String,
    pub(crate) distance: Distance,
}

/// How far a figure is from the runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Distance {
    /// A state or a count: it is another one.
    State,
    /// A time, this far outside the band that would have agreed [s]; near, if it is no farther than
    /// [`NEAR_S`] or [`NEAR_SHARE`] from what the runs predict.
    Time { outside: f64, near: bool },
}

impl Disagreement {
    pub(crate) fn of_state(what: String) -> Self {
        Self { what, distance: Distance::State }
    }

    /// A time observed outside `least` to `greatest` of the runs, widened by `allowed` either way.
    fn of_time(what: String, observed: f64, runs: (f64, f64), allowed: f64) -> Self {
        let beyond = (runs.0 - observed).max(observed - runs.1);
        let near = beyond <= NEAR_S.max(NEAR_SHARE * observed);
        Self { what, distance: Distance::Time { outside: beyond - allowed, near } }
    }
}

/// Returns whether a recording with these disagreements is the same in all states and counts, and
/// every time near what the runs predict.
pub(crate) fn is_near(found: &[Disagreement]) -> bool {
    found.iter().all(|one| matches!(one.distance, Distance::Time { near: true, .. }))
}

/// Says how far a recording with disagreements is from agreement.
pub(crate) fn describe_distance(found: &[Disagreement]) -> String {
    let times = found.iter().filter_map(|one| match one.distance {
        Distance::State => None,
        Distance::Time { outside, .. } => Some(outside),
    });
    let (count, worst) =
        times.fold((0, 0.0_f64), |(count, worst), one| (count + 1, worst.max(one)));
    let states = found.len() - count;
    let near = if is_near(found) { "; near" } else { "" };
    format!("{states} states or counts, {count} times up to {worst:.3} s outside{near}")
}

/// Returns what disagrees; nothing if the recording agrees with the runs.
pub(crate) fn disagreements(
    recording: &Recording,
    recorded: &Figures,
    runs: &[Figures],
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for (index, outcome) in recording.outcomes.iter().enumerate() {
        let who = format!("{} to {}", outcome.id, outcome.recipient);
        let observed = &recorded.recipients[index];
        let predicted: Vec<_> = runs.iter().map(|run| &run.recipients[index]).collect();
        recipient(&who, observed, &predicted, &mut found);
    }
    let counts = recorded.counts();
    for (index, (what, observed)) in counts.into_iter().enumerate() {
        let predicted = runs.iter().map(|run| run.counts()[index].1 as f64).collect();
        let (least, greatest) = central(predicted).unwrap_or_default();
        if !(least..=greatest).contains(&(observed as f64)) {
            found.push(Disagreement::of_state(format!(
                "{what}: observed {observed}, predicted {least} to {greatest} (central 99 %)"
            )));
        }
    }
    if let Some(observed) = recorded.latency_quantiles() {
        for (index, (what, observed)) in observed.into_iter().enumerate() {
            let quantiles = runs.iter().filter_map(Figures::latency_quantiles);
            let predicted = central(quantiles.map(|quantiles| quantiles[index].1).collect());
            time(what, observed, predicted, ROUNDING, " (central 99 %)", &mut found);
        }
    }
    notices("failure notice", recorded, runs, |run| &run.failure_notices, &mut found);
    notices("delay notice", recorded, runs, |run| &run.delay_notices, &mut found);
    found
}

fn recipient(
    who: &str,
    observed: &RecipientFigures,
    predicted: &[&RecipientFigures],
    found: &mut Vec<Disagreement>,
) {
    among("final state", who, observed, predicted, |r| r.state, found);
    among("hosts", who, observed, predicted, |r| r.at.clone(), found);
    among("hops", who, observed, predicted, |r| r.hops, found);
    among("copies", who, observed, predicted, |r| r.copies, found);
    // Where no notice arrived, no status is recorded.
    if observed.class.is_some() {
        among("status class", who, observed, predicted, |r| r.class, found);
    }
    if let Some(at) = observed.final_s {
        let times = range(predicted.iter().filter_map(|r| r.final_s));
        time(&format!("final time of {who}"), at, times, CLOCK_RESOLUTION, "", found);
    }
}

/// The observed value must be one of the runs'; where these all agree it is then the same.
fn among<T: PartialEq + Debug>(
    what: &str,
    who: &str,
    observed: &RecipientFigures,
    predicted: &[&RecipientFigures],
    figure: impl Fn(&RecipientFigures) -> T,
    found: &mut Vec<Disagreement>,
) {
    let value = figure(observed);
    let mut seen: Vec<T> = Vec::new();
    for run in predicted {
        let one = figure(run);
        if one == value {
            return;
        }
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    let what = format!("{what} of {who}: observed {value:?}, predicted {seen:?}");
    found.push(Disagreement::of_state(what));
}

/// The observed time must lie among those of the runs, widened by `allowed` either way.
fn time(
    what: &str,
    observed: f64,
    runs: Option<(f64, f64)>,
    allowed: f64,
    of: &str,
    found: &mut Vec<Disagreement>,
) {
    let Some((least, greatest)) = runs else {
        let what = format!("{what}: observed {observed:.3} s, predicted never");
        found.push(Disagreement::of_state(what));
        return;
    };
    if observed < least - allowed || observed > greatest + allowed {
        let what = format!(
            "{what}: observed {observed:.3} s, predicted {least:.3} to {greatest:.3} s{of} (and \
             {allowed} s either way)"
        );
        found.push(Disagreement::of_time(what, observed, (least, greatest), allowed));
    }
}

/// Returns the least and the greatest.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (least, greatest) = range.unwrap_or((value, value));
        Some((least.min(value), greatest.max(value)))
    })
}

/// Returns the bounds of the central 99 %.
fn central(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let tail = (values.len() as f64 * TAIL) as usize;
    Some((values[tail], values[last - tail]))
}

/// The ages at which notices of one kind arrived, the first with the first and so on.
fn notices(
    what: &str,
    recorded: &Figures,
    runs: &[Figures],
    kind: impl Fn(&Figures) -> &BTreeMap<String, Vec<f64>>,
    found: &mut Vec<Disagreement>,
) {
    for (id, ages) in kind(recorded) {
        for (number, &age) in ages.iter().enumerate() {
            let predicted = runs.iter().filter_map(|run| kind(run).get(id)?.get(number).copied());
            let what = format!("age of {what} {} about {id}", number + 1);
            time(&what, age, range(predicted), CLOCK_RESOLUTION, "", found);
        }
    }
}
