//! The page of a run made from its files, wherever they lie.

use crate::measure::Summary;

use super::description::RunDescription;
use super::error::ReportError;
use super::html::{self, Figure};
use super::live::Live;
use super::place::{HeldFiles, Place, Shelf as _};
use super::player_data::{About, player_data};
use super::run_data::RunData;
use super::tables::{TRACE, Tables};

/// Completes the files of a run that are held in memory, `run.json` among them.
///
/// # Errors
/// None that a run can cause: memory takes whatever is written.
pub fn complete_held(
    held: &mut HeldFiles,
    tables: Tables<'_>,
    summary: &Summary,
    description: &RunDescription,
) -> Result<(), ReportError> {
    tables.finish(held)?;
    held.write("summary.json", summary_json(summary).as_bytes())?;
    let description = RunDescription { files: held.digests().clone(), ..description.clone() };
    held.write(RunDescription::FILE, description.to_json().as_bytes())
}

/// Returns the page of a run whose files are held in memory: as `report.html`, without charts, or
/// with the controls of a page that is served.
///
/// # Errors
/// If a file is missing.
pub fn held_page(held: &HeldFiles, live: Option<&Live>) -> Result<String, ReportError> {
    let place = Place::Memory(held);
    let data = RunData::read(place)?;
    page_of(place, &data, &[], live)
}

/// Returns the page of a run.
pub(super) fn page_of(
    place: Place<'_>,
    data: &RunData,
    charts: &[Figure],
    live: Option<&Live>,
) -> Result<String, ReportError> {
    let player = player_of(place, data)?;
    Ok(html::page(data, charts, player.as_deref(), live))
}

/// Returns the text of `summary.json`.
///
/// # Panics
/// Never: a summary is always representable as JSON.
#[must_use]
pub fn summary_json(summary: &Summary) -> String {
    serde_json::to_string_pretty(summary).expect("a summary is plain data") + "\n"
}

/// Returns what the player plays; none if the folder has no trace.
fn player_of(place: Place<'_>, data: &RunData) -> Result<Option<String>, ReportError> {
    let run = &data.run;
    let about = About {
        name: "",
        title: &run.scenario.title,
        question: &run.scenario.question,
        look_for: &run.scenario.look_for,
        seed: run.seed,
        duration: Some(data.duration()),
    };
    player_data(place, TRACE, about)
}
