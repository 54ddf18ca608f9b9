//! Scenario and study files, read from the disk, a pipe or standard input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::scenario::{Loaded, Override, Problems, Source, load};
use crate::study::{LoadedStudy, is_scenario, is_study, load_study};
use crate::workbench::LESSONS;

use super::carried::Carried;
use super::error::CommandError;
use super::memory;
use super::terminal::Terminal;

/// The largest scenario file that is read in MiB.
const SCENARIO_LIMIT_MIB: u64 = 256;
/// The largest file named by a scenario that is read in MiB.
const REPLAY_LIMIT_MIB: u64 = 4096;
/// The longest line of a file named by a scenario in octets: a device or a disk image has no lines.
const REPLAY_LINE_LIMIT: usize = 1 << 20;
/// Stands for standard input on the command line.
const STANDARD_INPUT: &str = "-";
/// What standard input is called in messages, and the stem of names made from it.
const STANDARD_INPUT_NAME: &str = "standard-input";

/// A scenario with the text of the file that it came from, and its digest.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) loaded: Loaded,
    pub(super) text: String,
    pub(super) digest: String,
}

/// Reads and checks the scenario of a result folder: what it names is looked for there, in the folder
/// above, and in the one at hand.
pub(super) fn read_resolved(folder: &Path, name: &str, text: &str) -> Result<Loaded, CommandError> {
    let above = folder.parent().unwrap_or(Path::new("")).to_owned();
    let read_file = |name: &str| {
        let places = [folder, &above, Path::new("")];
        let found = places.into_iter().find(|place| place.join(name).exists());
        read_beside(found.unwrap_or(folder), name)
    };
    let source = Source { file: name, text, read_file: &read_file };
    load(&source, &[]).map_err(CommandError::Scenario)
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
    memory::foresee(&text, changes)?;
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
    let shown = named(path).display().to_string();
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

/// Returns the name by which a file is known: its own, or a word for standard input.
pub(super) fn named(path: &Path) -> &Path {
    if path == Path::new(STANDARD_INPUT) { Path::new(STANDARD_INPUT_NAME) } else { path }
}

/// Returns the scenario of the program's own that is meant where there is no file of this name, so that what
/// a lesson or the manual proposes can be run with the program alone: a lesson by its number or the name of its
/// file, an example or a study by its place in the source tree.
fn carried(path: &Path) -> Option<&'static str> {
    if let Some(carried) = Carried::at(path) {
        return Some(carried.text);
    }
    let alone = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    let stem = path.file_stem()?.to_str()?;
    let lesson = LESSONS.iter().find(|lesson| {
        lesson.name == stem
            || alone && path.extension().is_none() && stem.parse() == Ok(lesson.number())
    });
    lesson.map(|lesson| lesson.text)
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    if let Some(text) = carried(path)
        && !path.exists()
    {
        return Ok(text.to_owned());
    }
    let bytes = read_once(path).map_err(|cause| CommandError::io("read", path, cause))?;
    let too_large =
        || CommandError::TooLarge { path: path.to_owned(), limit_mib: SCENARIO_LIMIT_MIB };
    let bytes = bytes.ok_or_else(too_large)?;
    String::from_utf8(bytes).map_err(|error| CommandError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads a whole scenario file; none if it is larger than the limit. What comes through a pipe or
/// standard input comes once, so it is kept for whoever asks again.
fn read_once(path: &Path) -> io::Result<Option<Vec<u8>>> {
    static CAME: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());

    let is_standard_input = path == Path::new(STANDARD_INPUT);
    if !is_standard_input && std::fs::metadata(path)?.is_file() {
        return read_limited(File::open(path)?, SCENARIO_LIMIT_MIB);
    }
    let mut came = CAME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = came.get(path) {
        return Ok(Some(bytes.clone()));
    }
    let bytes = if is_standard_input {
        read_limited(io::stdin().lock(), SCENARIO_LIMIT_MIB)?
    } else {
        read_limited(File::open(path)?, SCENARIO_LIMIT_MIB)?
    };
    if let Some(bytes) = &bytes {
        came.insert(path.to_owned(), bytes.clone());
    }
    Ok(bytes)
}

/// Reads a file that a scenario names; an absolute name stands for itself. What stands in a checkout and is
/// not there is carried by the program.
fn read_beside(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    if let Some(carried) = Carried::at(&path)
        && !path.exists()
    {
        return Ok(carried.text.to_owned());
    }
    let file = File::open(path).map_err(|cause| cause.to_string())?;
    let bytes = read_lines(file, REPLAY_LIMIT_MIB << 20)?;
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())
}

/// Reads a whole text of lines, and gives up at the first line that is too long to be one.
fn read_lines(mut text: impl Read, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let (mut line, mut begins, mut looked) = (1_u64, 0, 0);
    loop {
        let read = text.by_ref().take(1 << 16).read_to_end(&mut bytes);
        if read.map_err(|cause| cause.to_string())? == 0 {
            return Ok(bytes);
        }
        while let Some(at) = bytes[looked..].iter().position(|&byte| byte == b'\n') {
            looked += at + 1;
            (line, begins) = (line + 1, looked);
        }
        looked = bytes.len();
        if looked - begins > REPLAY_LINE_LIMIT {
            return Err(format!(
                "its line {line} is longer than {REPLAY_LINE_LIMIT} octets, so it is no table of mail"
            ));
        }
        if bytes.len() as u64 > limit {
            return Err(format!("it is larger than {} MiB", limit >> 20));
        }
    }
}

/// Reads to the end; none if there is more than the limit (a device may have no end).
fn read_limited(file: impl Read, limit_mib: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = limit_mib << 20;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::title_of;

    #[test]
    fn a_lesson_is_meant_by_its_number_and_by_its_file_and_an_example_by_its_place() {
        let meant = |path: &str| carried(Path::new(path)).map(title_of);
        for five in ["5", "scenarios/lessons/05-backup-mx.toml", "05-backup-mx"] {
            assert!(meant(five).is_some_and(|title| title.starts_with("Lesson 5:")), "{five}");
        }
        assert_eq!(meant("scenarios/greylisting.toml"), Some(title_of(GREYLISTING)));
        // A file of one's own that is not there is told so, whatever its name.
        for other in
            ["0", "99", "5.toml", "lessons/5", "-", "", "backup-mx.toml", "greylisting.toml"]
        {
            assert_eq!(meant(other), None, "{other}");
        }
    }

    const GREYLISTING: &str = include_str!("../../scenarios/greylisting.toml");

    #[test]
    fn lines_are_read_to_the_end() {
        let text = "to,at\n".repeat(100_000);
        assert_eq!(read_lines(text.as_bytes(), 1 << 30).unwrap(), text.as_bytes());
        assert_eq!(read_lines(&b""[..], 1).unwrap(), b"");
    }

    #[test]
    fn what_has_no_lines_or_no_end_is_given_up_early() {
        let zeros = io::repeat(0);
        let error = read_lines(zeros, 1 << 40).unwrap_err();
        assert!(error.contains("line 1 is longer"), "{error}");
        let endless = io::repeat(b'\n');
        let error = read_lines(endless, 2 << 20).unwrap_err();
        assert!(error.contains("2 MiB"), "{error}");
        let mut late = "to,at\n".to_owned().into_bytes();
        late.resize(3 << 20, b'x');
        assert!(read_lines(late.as_slice(), 1 << 30).unwrap_err().contains("line 2"));
    }
}
