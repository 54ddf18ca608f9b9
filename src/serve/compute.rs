//! A scenario run once, to the page that tells of it.

use std::path::Path;

use crate::report::{Live, ReportError, ResultFolder, RunDescription, Tables, live_page};
use crate::scenario::Loaded;
use crate::units::SimTime;
use crate::workbench::{Ran, run};

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
    let asked = scenario.asked_figures();
    let mut stopped = false;
    let Ran { summary, tables, totals } =
        run(scenario, &asked, scenario.duration, Some(tables), |at, _| {
            stopped = !proceed(at);
            !stopped
        });
    if let Some(chain) = &totals.endless {
        return Ok(Made::Endless(chain.told(scenario)));
    }
    if stopped {
        return Ok(Made::Stopped { at: totals.ended });
    }
    let tables = tables.expect("the run was given tables");
    let page = live_page(folder, tables, &summary, description, live)?;
    Ok(Made::Page { page, events: totals.events })
}
