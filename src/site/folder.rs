//! The files of the site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::manual;
use crate::workbench::{EXAMPLES, EXERCISES, LESSONS, title_of};

use super::letters::letters;
use super::{MODULE, MODULE_LICENCES, pages};

/// The workbench: built from `src/player` and checked in.
const SCRIPT: &str = include_str!("../player/bundle/site.js");
const STYLE: &str = include_str!("../player/bundle/site.css");
/// Licences of what it contains.
const LICENCES: &str = include_str!("../player/bundle/SITE-LICENSES.txt");

/// The first line of the site's index, by which a folder is known to be one.
const MARK: &str = "<!-- a site of mailsim -->";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of files.
    pub files: usize,
    /// Octets of all of them.
    pub octets: usize,
}

/// Writes the site into `folder`, which is made if it is not there.
///
/// # Errors
/// If the folder holds something else than a site, or something cannot be written: then with the file.
pub fn write(folder: &Path) -> Result<Written, (PathBuf, io::Error)> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| (path, cause)
    };
    refuse_foreign(folder).map_err(failed(folder))?;
    let mut written = Written { files: 0, octets: 0 };
    for (name, contents) in files() {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        fs::write(&path, &contents).map_err(failed(&path))?;
        written.files += 1;
        written.octets += contents.len();
    }
    Ok(written)
}

/// Only an empty folder or a site is written to.
fn refuse_foreign(folder: &Path) -> io::Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(cause),
    };
    let index = fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    if entries.next().is_none() || index.starts_with(MARK) {
        return Ok(());
    }
    let text =
        "it is not empty and no site of mailsim, so it is left as it is; choose another folder";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
}

/// Returns all files with their names.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("index.html".to_owned(), format!("{MARK}\n{}", pages::index()).into_bytes()),
        ("playground.html".to_owned(), pages::playground().into_bytes()),
        ("manual.html".to_owned(), manual::page().into_bytes()),
        ("engine.js".to_owned(), engine().into_bytes()),
        ("scenarios.js".to_owned(), scenarios().into_bytes()),
        ("site.js".to_owned(), format!("/*\n{LICENCES}*/\n{SCRIPT}").into_bytes()),
        ("site.css".to_owned(), STYLE.as_bytes().to_vec()),
        ("licences.txt".to_owned(), licences().into_bytes()),
    ];
    for lesson in LESSONS {
        let name = format!("lessons/{}.html", lesson.name);
        files.push((name, pages::lesson(lesson).into_bytes()));
    }
    for exercise in EXERCISES {
        let name = format!("exercises/{}.html", exercise.name);
        files.push((name, pages::exercise(exercise).into_bytes()));
    }
    files
}

/// Licences of all that the pages use.
fn licences() -> String {
    format!(
        "The pages use these libraries.\n\n{LICENCES}\n----\n\nThe engine, mailsim itself (MIT OR Apache-2.0), \
         contains these, and Rust's standard library (MIT OR Apache-2.0).\n\n{MODULE_LICENCES}"
    )
}

/// The module as a script.
fn engine() -> String {
    let (octets, letters) = (MODULE.len(), letters(MODULE));
    format!("globalThis.mailsimModule={{octets:{octets},letters:\"{letters}\"}};\n")
}

/// What the playground can open, as a script: lessons and examples, all but the one that takes minutes.
fn scenarios() -> String {
    let lessons = LESSONS.iter().map(|lesson| ("Lessons", lesson.name, lesson.text));
    let examples = EXAMPLES.iter().filter(|example| example.name() != "busy-day");
    let examples = examples.map(|example| ("Examples", example.name(), example.text));
    let all: Vec<_> = lessons
        .chain(examples)
        .map(|(group, name, text)| {
            json!({ "group": group, "name": name, "title": title_of(text), "text": text })
        })
        .collect();
    format!("globalThis.mailsimScenarios={};\n", json!(all))
}
