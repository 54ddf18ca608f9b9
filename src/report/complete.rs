//! The last step of a run's folder, and the making of charts and page from a folder's files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::measure::Summary;

use super::chart::{self, CHARTS, Chart};
use super::description::RunDescription;
use super::error::ReportError;
use super::file::ResultFile;
use super::folder::ResultFolder;
use super::html::Figure;
use super::live::Live;
use super::occupant::UNFINISHED;
use super::page::{page_of, summary_json};
use super::place::{Place, Shelf as _};
use super::run_data::RunData;
use super::study::{STUDY_FILE, rebuild_study};
use super::tables::{TABLES, Tables};

/// What is wanted of a result folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Tables stay in the folder.
    pub tables: bool,
    /// Charts and page are made.
    pub charts: bool,
    /// Charts are made as PNG too.
    pub png: bool,
    /// Tables are packed by gzip: `messages.csv.gz`.
    pub packed: bool,
}

impl Wanted {
    /// Returns whether rows have to be written at all: charts are made from them.
    #[must_use]
    pub fn rows(self) -> bool {
        self.tables || self.charts
    }
}

/// Completes a run's folder and moves it into place. `tables` are there if [`Wanted::rows`].
///
/// # Errors
/// If something cannot be written; the target is then as it was.
pub fn complete(
    mut folder: ResultFolder,
    tables: Option<Tables<'_>>,
    summary: &Summary,
    description: &RunDescription,
    wanted: Wanted,
) -> Result<(), ReportError> {
    if let Some(tables) = tables {
        tables.finish(&mut folder)?;
    }
    folder.write("summary.json", summary_json(summary).as_bytes())?;
    if wanted.charts {
        // The page reads the folder as `mailsim report` would.
        let run_json = folder.work().join(RunDescription::FILE);
        fs::write(&run_json, description.to_json())
            .map_err(|cause| ReportError::io("write", &run_json, cause))?;
        let digests = make_charts_and_page(folder.work(), wanted.png)?;
        folder.note(digests);
    }
    if !wanted.tables && wanted.rows() {
        for table in TABLES {
            folder.remove(table)?;
        }
    } else if wanted.packed {
        // Charts and page were made from the plain ones, which are faster to read.
        for table in TABLES {
            folder.pack(table)?;
        }
    }
    folder.commit(description)
}

/// Makes charts and `report.html` of a run's or a study's folder again from its files alone, and renews their
/// digests in `run.json`. Charts are made as PNG too if `png`.
///
/// # Errors
/// If the folder is no complete result, or something cannot be written.
pub fn rebuild(folder: &Path, png: bool) -> Result<(), ReportError> {
    if folder.join(STUDY_FILE).exists() {
        return rebuild_study(folder, png);
    }
    let mut description = RunDescription::read(folder)?;
    let digests = make_charts_and_page(folder, png)?;
    description.files.extend(digests);
    replace(folder, RunDescription::FILE, description.to_json().as_bytes())?;
    Ok(())
}

fn make_charts_and_page(folder: &Path, png: bool) -> Result<BTreeMap<String, String>, ReportError> {
    let place = Place::Disk(folder);
    let data = RunData::read(place)?;
    let mut digests = BTreeMap::new();
    let mut figures = Vec::new();
    for chart in CHARTS {
        let svg = chart::svg(chart, &data)?;
        digests.extend([replace(folder, &format!("charts/{}.svg", chart.name), svg.as_bytes())?]);
        figures.push(Figure { name: chart.name, description: chart.description, svg });
        if png {
            let name = format!("charts/{}.png", chart.name);
            let path = folder.join(&name);
            chart::png(chart, &data, &path)?;
            let bytes = fs::read(&path).map_err(|cause| ReportError::io("read", &path, cause))?;
            digests.insert(name, blake3::hash(&bytes).to_hex().to_string());
        }
    }
    let page = page_of(place, &data, &figures, None)?;
    digests.extend([replace(folder, "report.html", page.as_bytes())?]);
    Ok(digests)
}

/// Returns the page of a run with the controls of a page that is served. The folder is needed on the
/// way only, and removed.
///
/// # Errors
/// If something cannot be written.
pub fn live_page(
    mut folder: ResultFolder,
    tables: Tables<'_>,
    summary: &Summary,
    description: &RunDescription,
    live: &Live,
) -> Result<String, ReportError> {
    tables.finish(&mut folder)?;
    folder.write("summary.json", summary_json(summary).as_bytes())?;
    folder.write(RunDescription::FILE, description.to_json().as_bytes())?;
    let place = Place::Disk(folder.work());
    let data = RunData::read(place)?;
    let figure = |chart: Chart| {
        let svg = chart::svg(chart, &data)?;
        Ok(Figure { name: chart.name, description: chart.description, svg })
    };
    let figures = CHARTS.into_iter().map(figure).collect::<Result<Vec<_>, ReportError>>()?;
    page_of(place, &data, &figures, Some(live))
}

/// Writes a file under another name first, so that it is never seen half-written. Returns name and
/// digest.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    contents: &[u8],
) -> Result<(String, String), ReportError> {
    use std::io::Write as _;

    let unfinished = format!("{name}{UNFINISHED}");
    let mut file = ResultFile::create(folder, &unfinished)?;
    let written = file.write_all(contents).map_err(|cause| file.trouble(cause));
    let (from, to) = (folder.join(&unfinished), folder.join(name));
    let renamed = written.and_then(|()| file.finish()).and_then(|finished| {
        fs::rename(&from, &to).map_err(|cause| ReportError::io("write", &to, cause))?;
        Ok((name.to_owned(), finished.digest))
    });
    if renamed.is_err() {
        // What is half-written helps nobody; a failure to remove it changes nothing.
        let _ = fs::remove_file(&from);
    }
    renamed
}
