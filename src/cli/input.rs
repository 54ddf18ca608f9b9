//! Scenario and study files, read from the disk.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::scenario::{
    Loaded, LoadedStudy, Override, Problems, Source, is_scenario, is_study, load, load_study,
};

use super::error::CommandError;
use super::terminal::Terminal;

/// The largest scenario file that is read in MiB.
const SCENARIO_LIMIT_MIB: u64 = 64;
/// The largest file named by a scenario that is read in MiB.
const REPLAY_LIMIT_MIB: u64 = 4096;

/// A scenario with the text of the file that it came from, and its digest.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) loaded: Loaded,
    pub(super) text: String,
    pub(super) digest: String,
}

/// Reads and checks a scenario with the changes of the command line.
pub(super) fn read(path: &Path, changes: &[Override]) -> Result<Input, CommandError> {
    read_with(path, changes, load)
}

/// Does what [`read`] does, with another way to read the text.
pub(super) fn read_with(
    path: &Path,
    changes: &[Override],
    load: impl Fn(&Source<'_>, &[Override]) -> Result<Loaded, Problems>,
) -> Result<Input, CommandError> {
    let text = read_text(path)?;
    let loaded = with_source(path, &text, |source| load(source, changes))?;
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    Ok(Input { loaded, text, digest })
}

/// Returns whether a file is a study rather than a scenario.
pub(super) fn is_study_file(path: &Path) -> Result<bool, CommandError> {
    Ok(is_study(&read_text(path)?))
}

/// Reads and checks a study with the changes of the command line.
pub(super) fn read_study(path: &Path, changes: &[Override]) -> Result<LoadedStudy, CommandError> {
    let text = read_text(path)?;
    let sets_scenario = changes.iter().any(|change| change.as_argument().contains("scenario"));
    if !sets_scenario && is_scenario(&text) {
        let path = path.display();
        return Err(CommandError::Usage(format!(
            "{path} is a scenario and no study: run it with `mailsim run {path}`, or name it as \
             `scenario` in a study"
        )));
    }
    with_source(path, &text, |source| load_study(source, changes))
}

/// Hands over a file's text with the way to the files that it names.
fn with_source<T>(
    path: &Path,
    text: &str,
    load: impl FnOnce(&Source<'_>) -> Result<T, Problems>,
) -> Result<T, CommandError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let read_file = |name: &str| read_beside(folder, name);
    let shown = path.display().to_string();
    let source = Source { file: &shown, text, read_file: &read_file };
    load(&source).map_err(CommandError::Scenario)
}

/// Reads a scenario and says how many warnings there are; `mailsim check` shows them.
pub(super) fn read_and_warn(
    path: &Path,
    changes: &[Override],
    terminal: Terminal,
) -> Result<Input, CommandError> {
    let input = read(path, changes)?;
    let (count, file) = (input.loaded.warnings.0.len(), path.display());
    if count > 0 {
        let noun = if count == 1 { "warning" } else { "warnings" };
        terminal.message(&format!("{file}: {count} {noun}, shown by: mailsim check {file}\n"));
    }
    Ok(input)
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    let bytes = read_limited(path, SCENARIO_LIMIT_MIB)
        .map_err(|cause| CommandError::io("read", path, cause))?;
    let too_large =
        || CommandError::TooLarge { path: path.to_owned(), limit_mib: SCENARIO_LIMIT_MIB };
    let bytes = bytes.ok_or_else(too_large)?;
    String::from_utf8(bytes).map_err(|error| CommandError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads a file that a scenario names; an absolute name stands for itself.
fn read_beside(folder: &Path, name: &str) -> Result<String, String> {
    let bytes = read_limited(&folder.join(name), REPLAY_LIMIT_MIB)
        .map_err(|cause| cause.to_string())?
        .ok_or_else(|| format!("it is larger than {REPLAY_LIMIT_MIB} MiB"))?;
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())
}

/// Reads a whole file; none if it is larger than the limit (a device may have no end).
fn read_limited(path: &Path, limit_mib: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = limit_mib << 20;
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
