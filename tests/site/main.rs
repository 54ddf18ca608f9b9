//! The site in a real browser: `tests/browser/site.mjs` works with it as a class does, and the codes that the
//! exercises give there are graded here.
//!
//! Wants the feature `site`, which wants the module: see `.ci/module`. With `MAILSIM_LOOK` set to a folder,
//! pictures of the pages are left there.

#[path = "../common/left_out.rs"]
mod left_out;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use left_out::left_out;
use mailsim::scenario::{Override, edited};
use mailsim::workbench::{EXERCISES, LESSONS};
use serde_json::{Map, Value, json};

/// The most that the shared script with the engine may have [octets].
const MOST_OF_ENGINE: u64 = 1_500_000;

/// A small scenario without its duration: one message, and an outage that delays it.
const SAMPLE: &str = r#"seed = 1

[[host]]
name = "mail.sender.example"
roles = ["submission", "mx", "store"]

[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]

[[domain]]
name = "sender.example"
mx = [{ host = "mail.sender.example", preference = 10 }]
mailboxes = ["alice"]

[[domain]]
name = "recipient.example"
mx = [{ host = "mx.recipient.example", preference = 10 }]
mailboxes = ["bob"]

[[outage]]
host = "mx.recipient.example"
from = "30min"
for = "1h"
mode = "refuse"

[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1h"
"#;

/// Two responders that answer each other.
const ENDLESS: &str = include_str!("endless.toml");

fn mailsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailsim")).args(arguments).output().unwrap()
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}

/// Writes the site and says how much it is.
fn site(folder: &Path) {
    let out = mailsim(&["site", folder.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let engine = fs::metadata(folder.join("engine.js")).unwrap().len();
    assert!(engine <= MOST_OF_ENGINE, "engine.js has {engine} octets");
    for page in ["playground.html", "manual.html", "lessons/05-backup-mx.html"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        let way = if page.contains('/') { "href=\"../index.html" } else { "href=\"index.html" };
        assert!(text.contains(way), "{page} does not lead to the first page");
    }
    let licences = fs::read_to_string(folder.join("licences.txt")).unwrap();
    for contained in ["preact", "@codemirror/view", "toml_edit v", "rand_chacha v"] {
        let told = licences.split("\n----\n").find(|part| part.trim_start().starts_with(contained));
        let told = told.unwrap_or_else(|| panic!("{contained} is used, and its licence not told"));
        assert!(told.contains("Permission") || told.contains("Apache License"), "{told}");
    }
}

fn solution(exercise: &mailsim::workbench::Exercise) -> String {
    let changes: Vec<Override> =
        exercise.solution.iter().map(|change| Override::set(change).unwrap()).collect();
    edited(exercise.start, &changes).unwrap()
}

#[test]
fn a_class_works_with_the_site() {
    const TEST: &str = "a_class_works_with_the_site";
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let Some(node) = program(&["node", "nodejs"]) else {
        return left_out(TEST, "there is no node");
    };
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        return left_out(TEST, "there is no chromium");
    };
    if !here.join("node_modules/playwright-core").is_dir() {
        return left_out(TEST, "`npm ci` was not run in tests/browser");
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    site(&folder);
    // Again, over itself.
    site(&folder);
    let solutions: Map<String, Value> =
        EXERCISES.iter().map(|one| (one.name.to_owned(), json!(solution(one)))).collect();
    let manifest = place.path().join("manifest.json");
    let told = json!({
        "site": folder,
        "solutions": solutions,
        "lessons": LESSONS.iter().map(|lesson| lesson.name).collect::<Vec<_>>(),
        "sample": SAMPLE,
        "endless": ENDLESS,
        "look": std::env::var("MAILSIM_LOOK").ok(),
    });
    fs::write(&manifest, told.to_string()).unwrap();
    let out = Command::new(node)
        .arg(here.join("site.mjs"))
        .arg(chromium)
        .arg(&manifest)
        .output()
        .unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{errors}");
    let codes: Map<String, Value> = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(codes.len(), EXERCISES.len(), "{said}");
    for (name, code) in &codes {
        let graded = mailsim(&["grade", code.as_str().unwrap(), name]);
        let said = String::from_utf8_lossy(&graded.stdout);
        assert!(graded.status.success() && said.contains("solved"), "{name}: {said}");
    }
}

#[test]
fn a_folder_of_others_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("index.html"), "mine").unwrap();
    let out = mailsim(&["site", place.path().to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(3), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}
