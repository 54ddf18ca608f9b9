//! Whether a recording could be one of the runs.

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

/// Returns what disagrees, in words; nothing if the recording agrees with the runs.
pub(crate) fn disagreements(
    recording: &Recording,
    recorded: &Figures,
    runs: &[Figures],
) -> Vec<String> {
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
        central(what, observed as f64, 0.0, predicted, &mut found);
    }
    if let Some(observed) = recorded.latency_quantiles() {
        for (index, (what, observed)) in observed.into_iter().enumerate() {
            let quantiles = runs.iter().filter_map(Figures::latency_quantiles);
            let predicted = quantiles.map(|quantiles| quantiles[index].1).collect();
            central(what, observed, ROUNDING, predicted, &mut found);
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
    found: &mut Vec<String>,
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
        let times = predicted.iter().filter_map(|r| r.final_s).collect();
        range(&format!("final time of {who}"), at, times, found);
    }
}

/// The observed value must be one of the runs'; where these all agree it is then the same.
fn among<T: PartialEq + Debug>(
    what: &str,
    who: &str,
    observed: &RecipientFigures,
    predicted: &[&RecipientFigures],
    figure: impl Fn(&RecipientFigures) -> T,
    found: &mut Vec<String>,
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
    found.push(format!("{what} of {who}: observed {value:?}, predicted {seen:?}"));
}

/// The observed time must lie within the runs' range, widened by the clock's resolution.
fn range(what: &str, observed: f64, mut times: Vec<f64>, found: &mut Vec<String>) {
    times.sort_by(f64::total_cmp);
    let (Some(&least), Some(&greatest)) = (times.first(), times.last()) else {
        found.push(format!("{what}: observed {observed:.3} s, predicted never"));
        return;
    };
    if observed < least - CLOCK_RESOLUTION || observed > greatest + CLOCK_RESOLUTION {
        found.push(format!(
            "{what}: observed {observed:.3} s, predicted {least:.3} to {greatest:.3} s \
             (and {CLOCK_RESOLUTION} s either way)"
        ));
    }
}

/// The observed figure must lie in the runs' central 99 %, widened by `rounding`.
fn central(
    what: &str,
    observed: f64,
    rounding: f64,
    mut predicted: Vec<f64>,
    found: &mut Vec<String>,
) {
    predicted.sort_by(f64::total_cmp);
    if predicted.is_empty() {
        found.push(format!("{what}: observed {observed}, predicted none"));
        return;
    }
    let tail = (predicted.len() as f64 * TAIL) as usize;
    let (least, greatest) = (predicted[tail], predicted[predicted.len() - 1 - tail]);
    if observed < least - rounding || observed > greatest + rounding {
        found.push(format!(
            "{what}: observed {observed}, predicted {least:.3} to {greatest:.3} (central 99 %)"
        ));
    }
}

/// The ages at which notices of one kind arrived, the first with the first and so on.
fn notices(
    what: &str,
    recorded: &Figures,
    runs: &[Figures],
    kind: impl Fn(&Figures) -> &BTreeMap<String, Vec<f64>>,
    found: &mut Vec<String>,
) {
    for (id, ages) in kind(recorded) {
        for (number, &age) in ages.iter().enumerate() {
            let predicted = runs.iter().filter_map(|run| kind(run).get(id)?.get(number).copied());
            let what = format!("age of {what} {} about {id}", number + 1);
            range(&what, age, predicted.collect(), found);
        }
    }
}
