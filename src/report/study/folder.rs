//! The folder of a study: finished runs while it is under way, the result when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::study::{Analysis, Plan, Rows, RunRow};

use super::super::chart;
use super::super::complete::replace;
use super::super::description::{RunDescription, read_json};
use super::super::error::ReportError;
use super::super::folder::ResultFolder;
use super::super::intact::check_digest;
use super::super::occupant::check_replaceable;
use super::super::place::{Place, Shelf as _};
use super::description::StudyDescription;
use super::kept::{Kept, line_of};
use super::side_by_side::{self, Played};
use super::{page, tables};

/// Where finished runs are kept until the study is whole.
const ROWS: &str = "rows";
/// The analysis, from which charts and page are made.
pub(in crate::report) const STUDY_FILE: &str = "study.json";

/// The folder of a study.
///
/// While the study is under way it holds `run.json`, by which it is known as ours, and finished
/// runs in `rows/`, one line each, in a file for each process that makes some. A former result
/// stays beside them until the new one is whole; then the folder is replaced as that of a run is.
#[derive(Debug)]
pub struct StudyFolder {
    target: PathBuf,
}

impl StudyFolder {
    /// Opens the folder of a study, and makes it if it is not there.
    ///
    /// # Errors
    /// If it holds something else, or cannot be written.
    pub fn open(target: &Path, description: &StudyDescription) -> Result<Self, ReportError> {
        check_replaceable(target)?;
        let name = target.file_name().ok_or_else(|| ReportError::NoName { path: target.into() })?;
        let rows = target.join(ROWS);
        fs::create_dir_all(target).map_err(|cause| ReportError::io("create", target, cause))?;
        if !RunDescription::is_in(target) {
            // Several shards may do this at once, so the mark appears whole or not at all, and
            // before anything else does.
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".mark-{}", std::process::id()));
            let mark = target.with_file_name(hidden);
            let trouble = |cause| ReportError::io("write", &mark, cause);
            fs::write(&mark, description.to_json()).map_err(trouble)?;
            fs::rename(&mark, target.join(RunDescription::FILE)).map_err(trouble)?;
        }
        fs::create_dir_all(&rows).map_err(|cause| ReportError::io("create", &rows, cause))?;
        Ok(Self { target: target.to_owned() })
    }

    /// Returns the folder's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// Returns all finished runs. A line that a killed process left half-written is no run, and one
    /// whose digest does not fit what it says is told of.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn kept(&self) -> Result<Kept, ReportError> {
        let folder = self.target.join(ROWS);
        let trouble = |cause| ReportError::io("look into", &folder, cause);
        let entries = fs::read_dir(&folder).map_err(trouble)?.collect::<io::Result<Vec<_>>>();
        let mut paths: Vec<PathBuf> =
            entries.map_err(trouble)?.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        let mut kept = Kept::default();
        for path in paths {
            let bytes = fs::read(&path).map_err(|cause| ReportError::io("read", &path, cause))?;
            kept.take_in(&path, &bytes);
        }
        Ok(kept)
    }

    /// Returns whether the folder holds a whole study and no runs of another.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let description =
            read_json::<StudyDescription>(Place::Disk(&self.target), RunDescription::FILE);
        let whole = description.is_ok_and(|description| description.replications > 0);
        whole && !self.target.join(ROWS).exists()
    }

    /// Returns the analysis of a whole study.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn result(&self) -> Result<Analysis, ReportError> {
        read_json(Place::Disk(&self.target), STUDY_FILE)
    }

    /// Forgets all finished runs.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn forget(&self) -> Result<(), ReportError> {
        let rows = self.target.join(ROWS);
        fs::remove_dir_all(&rows)
            .and_then(|()| fs::create_dir_all(&rows))
            .map_err(|cause| ReportError::io("empty", &rows, cause))
    }

    /// Returns where a process that calls itself `name` keeps the runs that it makes.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn keeper(&self, name: &str) -> Result<RowKeeper, ReportError> {
        for number in 0_u32.. {
            let file = format!("{name}-{}-{number}.jsonl", std::process::id());
            let path = self.target.join(ROWS).join(file);
            match File::create_new(&path) {
                Ok(file) => return Ok(RowKeeper { path, file: Mutex::new(file) }),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(ReportError::io("create", &path, cause)),
            }
        }
        unreachable!("a process does not open four thousand million files")
    }

    /// Writes the result of a whole study and moves it into place; finished runs are then in
    /// `study.csv` and no longer kept apart.
    ///
    /// # Errors
    /// If something cannot be written; finished runs are then still kept.
    pub fn complete(
        &self,
        plan: &Plan<'_>,
        rows: &Rows,
        analysis: &Analysis,
        description: &StudyDescription,
        played: &[Played],
        charts: Charts,
    ) -> Result<(), ReportError> {
        let mut folder = ResultFolder::claim(&self.target)?;
        for (name, text) in tables::all(plan, rows, analysis) {
            folder.write(name, &text)?;
        }
        for (name, text) in side_by_side::files(analysis, played) {
            folder.write(&name, &text)?;
        }
        folder.write(STUDY_FILE, study_json(analysis).as_bytes())?;
        let digests = make_charts_and_page(folder.work(), analysis, charts)?;
        folder.note(digests);
        let mut description = description.clone();
        description.replications = analysis.study.replications;
        folder.commit_with(|files| {
            description.files = files;
            description.to_json()
        })
    }
}

/// Which charts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charts {
    /// None, and no page.
    None,
    /// SVG.
    Svg,
    /// SVG, and PNG besides.
    Png,
}

/// Makes charts and `report.html` of a study folder again from `study.json` alone, and renews their
/// digests in `run.json`.
///
/// # Errors
/// If the folder is no complete study, or something cannot be written.
pub fn rebuild_study(folder: &Path, png: bool) -> Result<(), ReportError> {
    let mut description: StudyDescription = read_json(Place::Disk(folder), RunDescription::FILE)?;
    check_digest(Place::Disk(folder), STUDY_FILE, &description.files)?;
    let analysis: Analysis = read_json(Place::Disk(folder), STUDY_FILE)?;
    if let Some(problem) = analysis.contradiction() {
        return Err(ReportError::BadFile { path: folder.join(STUDY_FILE), problem });
    }
    let charts = if png { Charts::Png } else { Charts::Svg };
    description.files.extend(make_charts_and_page(folder, &analysis, charts)?);
    replace(folder, RunDescription::FILE, description.to_json().as_bytes())?;
    Ok(())
}

fn make_charts_and_page(
    folder: &Path,
    analysis: &Analysis,
    charts: Charts,
) -> Result<BTreeMap<String, String>, ReportError> {
    let mut digests = BTreeMap::new();
    if charts == Charts::None {
        return Ok(digests);
    }
    let mut drawn = Vec::new();
    for chart in chart::study::charts(analysis) {
        let svg = chart::study::svg(&chart, analysis)?;
        digests.extend([replace(folder, &format!("charts/{}.svg", chart.name), svg.as_bytes())?]);
        if charts == Charts::Png {
            let name = format!("charts/{}.png", chart.name);
            let path = folder.join(&name);
            chart::study::png(&chart, analysis, &path)?;
            let bytes = fs::read(&path).map_err(|cause| ReportError::io("read", &path, cause))?;
            digests.insert(name, blake3::hash(&bytes).to_hex().to_string());
        }
        drawn.push((chart, svg));
    }
    let played = side_by_side::make_pages(folder, analysis)?;
    let sides = if played.is_empty() { Vec::new() } else { side_by_side::pages(analysis) };
    digests.extend(played);
    let page = page::page(analysis, &drawn, &sides);
    digests.extend([replace(folder, "report.html", page.as_bytes())?]);
    Ok(digests)
}

/// Returns the text of `study.json`.
///
/// # Panics
/// Never: an analysis is always representable as JSON.
#[must_use]
pub fn study_json(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(analysis).expect("an analysis is plain data") + "\n"
}

/// Keeps finished runs of one process.
#[derive(Debug)]
pub struct RowKeeper {
    path: PathBuf,
    file: Mutex<File>,
}

impl RowKeeper {
    /// Keeps a run: a line, written at once, so that whoever is killed leaves whole lines and at
    /// most one that is not.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, row: &RunRow) -> Result<(), ReportError> {
        let line = line_of(row);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(|cause| ReportError::io("write", &self.path, cause))
    }
}
