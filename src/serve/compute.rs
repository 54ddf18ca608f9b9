//! A scenario run once, to the page that tells of it.

use std::path::Path;

use crate::measure::Recorder;
use crate::report::{
    Live, ReportError, ResultFolder, RunDescription, ScenarioDescription, Tables, live_page,
};
use crate::scenario::{Loaded, Override};
use crate::simulation::{Simulation, bounds, run_frame};
use crate::units::SimTime;

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The first run was stopped.
    #[error("the first run was stopped at {at} of virtual time")]
    Stopped {
        /// Virtual time reached.
        at: SimTime,
    },
    /// The scenario sets off a chain that never ends.
    #[error("{0}")]
    Endless(String),
    /// The page could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// There is no room for what lies on the disk while a page is made.
    #[error("cannot create a temporary folder: {0}")]
    Temporary(#[from] std::io::Error),
}

/// How a run came out.
pub(super) enum Made {
    /// The page, and the number of events.
    Page { page: String, events: u64 },
    /// It was stopped at this virtual time.
    Stopped { at: SimTime },
    /// It came to a chain that never ends: what is wrong, in words.
    Endless(String),
}

/// Runs a scenario and makes its page, by way of a result folder below `work`.
///
/// # Errors
/// If something cannot be written.
pub(super) fn compute(
    loaded: &Loaded,
    description: &RunDescription,
    live: &Live,
    work: &Path,
    mut proceed: impl FnMut(SimTime) -> bool,
) -> Result<Made, ReportError> {
    let scenario = &loaded.scenario;
    let folder = ResultFolder::claim(&work.join("run"))?;
    let tables = Tables::create(&folder, scenario, Some(scenario))?;
    let mut recorder = Recorder::new(Some(tables));
    let mut stopped = false;
    let totals = Simulation::new(scenario).run_while(&mut recorder, |at| {
        stopped = !proceed(at);
        !stopped
    });
    if let Some(chain) = &totals.endless {
        return Ok(Made::Endless(chain.told(scenario)));
    }
    if stopped {
        return Ok(Made::Stopped { at: totals.ended });
    }
    let (mut summary, tables) = recorder.finish(scenario, &run_frame(scenario, scenario.duration));
    summary.expectations = summary.check(&bounds(&scenario.expectations));
    let tables = tables.expect("the recorder was given tables");
    let page = live_page(folder, tables, &summary, description, live)?;
    Ok(Made::Page { page, events: totals.events })
}

/// Says which run a page tells of.
pub(super) fn describe(loaded: &Loaded, digest: &str, overrides: &[Override]) -> RunDescription {
    let scenario = &loaded.scenario;
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
        duration_s: scenario.duration.as_secs_f64(),
        overrides: overrides.iter().map(Override::as_argument).collect(),
        ..RunDescription::default()
    }
}
