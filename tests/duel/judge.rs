//! Whether what a real server did is what the model does.

use crate::laboratory::experiment::Experiment;
use crate::laboratory::observation::{Observation, told};

/// How far a time may be from that of a run [s], or which share of itself.
const TOLERANCE_S: f64 = 0.5;
const TOLERANCE_SHARE: f64 = 0.02;

/// Returns what differs, one line for each message; nothing if all agree.
///
/// For each message some run must have the same deliveries, with the same outcomes, the same hosts and
/// notices, all at the same times within the tolerance. (Which of several equal exchangers a message
/// goes to is drawn for each message, so that no run has all of them right.)
pub(crate) fn differences(
    experiment: &Experiment,
    observed: &Observation,
    runs: &[Observation],
) -> Vec<String> {
    let mut differences = Vec::new();
    for mail in &experiment.mail {
        let there = observed.events(&mail.id);
        let agrees = |run: &Observation| same(&there, &run.events(&mail.id));
        if !runs.iter().any(agrees) {
            let nearest = runs.iter().min_by_key(|run| distance(&there, &run.events(&mail.id)));
            let here = nearest.map(|run| told(&run.events(&mail.id))).unwrap_or_default();
            differences.push(format!("{}: observed {}; the model {here}", mail.id, told(&there)));
        }
    }
    differences
}

fn same(there: &[(String, f64)], here: &[(String, f64)]) -> bool {
    let near = |(a, b): (&(String, f64), &(String, f64))| {
        a.0 == b.0 && libm::fabs(a.1 - b.1) <= TOLERANCE_S.max(TOLERANCE_SHARE * a.1)
    };
    there.len() == here.len() && there.iter().zip(here).all(near)
}

/// Orders runs by how many events are others, then by how far their times are \[ms\].
fn distance(there: &[(String, f64)], here: &[(String, f64)]) -> (usize, u64) {
    let pairs = || there.iter().zip(here);
    let others = pairs().filter(|(a, b)| a.0 != b.0).count() + there.len().abs_diff(here.len());
    let apart = pairs().map(|(a, b)| libm::fabs(a.1 - b.1)).sum::<f64>();
    (others, (apart * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(events: &[(&str, f64)]) -> Vec<(String, f64)> {
        events.iter().map(|(what, at)| ((*what).to_owned(), *at)).collect()
    }

    #[test]
    fn outcomes_must_be_the_same_and_times_near() {
        let there = events(&[("deferred", 2.0), ("sent", 60.0)]);
        assert!(same(&there, &events(&[("deferred", 2.4), ("sent", 61.1)])));
        assert!(!same(&there, &events(&[("deferred", 2.6), ("sent", 60.0)])), "0.6 s apart");
        assert!(!same(&there, &events(&[("deferred", 2.0), ("bounced", 60.0)])));
        assert!(!same(&there, &events(&[("deferred", 2.0)])));
    }
}
