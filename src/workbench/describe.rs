//! Which run it was.

use crate::report::{RunDescription, ScenarioDescription};
use crate::scenario::{Loaded, Override};
use crate::units::SimDuration;

/// Describes a run of `loaded`, whose file has this digest, for `duration`.
#[must_use]
pub fn describe(
    loaded: &Loaded,
    digest: &str,
    overrides: &[Override],
    duration: SimDuration,
) -> RunDescription {
    let scenario = &loaded.scenario;
    let mut overrides: Vec<String> = overrides.iter().map(Override::as_argument).collect();
    if duration < scenario.duration {
        overrides.push(format!("--until {}", duration.exact()));
    }
    RunDescription {
        scenario: ScenarioDescription {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            look_for: scenario.look_for.clone(),
            digest: digest.to_owned(),
            resolved: loaded.resolved.clone(),
        },
        seed: scenario.seed,
        replication: scenario.replication,
        duration_s: duration.as_secs_f64(),
        sample_every: scenario.sample_every.exact().to_string(),
        sample_every_s: scenario.sample_every.as_secs_f64(),
        overrides,
        ..RunDescription::default()
    }
}
