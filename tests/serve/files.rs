//! Every scenario shipped can be changed and saved: the text with a change written into it says what
//! the file with the change on the command line says, and what was not changed is there as it was.

use std::fs;
use std::path::{Path, PathBuf};

use mailsim::scenario::{Loaded, Override, Problems, Source, edited, load};
use mailsim::study::is_scenario;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

fn read(path: &Path, text: &str, changes: &[Override]) -> Result<Loaded, Problems> {
    let folder = path.parent().unwrap();
    let read_file =
        |name: &str| fs::read_to_string(folder.join(name)).map_err(|cause| cause.to_string());
    let file = path.display().to_string();
    load(&Source { file: &file, text, read_file: &read_file }, changes)
}

/// Returns changes of the kinds that the page makes.
fn changes(loaded: &Loaded) -> Vec<Override> {
    let scenario = &loaded.scenario;
    let set = |argument: String| Override::set(&argument).unwrap();
    let count = |list: &str| loaded.resolved.matches(&format!("\n[[{list}]]\n")).count();
    let (outages, actions) = (count("outage"), count("action"));
    let host = &scenario.hosts[0].name;
    let mut changes = vec![
        set("seed=77".to_owned()),
        set(format!("outage.{outages}={{ host = \"{host}\", mode = \"refuse\", from = \"1s\" }}")),
        set(format!("outage.{outages}.for=1m")),
        set(format!("action.{actions}={{ host = \"{host}\", at = \"2s\", do = \"flush\" }}")),
        set("host.0.clock_error=1s".to_owned()),
    ];
    if loaded.resolved.contains("\n[[note]]\n") {
        changes.push(Override::unset("note.0").unwrap());
    }
    changes
}

#[test]
fn every_scenario_shipped_can_be_saved_with_changes() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &mut all);
    let mut tried = 0;
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        if !is_scenario(&text) {
            continue;
        }
        assert_eq!(edited(&text, &[]).unwrap(), text, "{}", path.display());
        let loaded = read(&path, &text, &[]).unwrap();
        let changes = changes(&loaded);
        let changed = read(&path, &text, &changes).unwrap_or_else(|problems| panic!("{problems}"));
        let saved = edited(&text, &changes).unwrap();
        let again = read(&path, &saved, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(again.resolved, changed.resolved, "{}", path.display());
        // The first note is left out, if there is one; else all lines stay but the seed's.
        if !text.contains("[[note]]") {
            let is_kept = |line: &&str| line.starts_with("seed") || saved.contains(*line);
            let gone = text.lines().find(|line| !is_kept(line));
            assert_eq!(gone, None, "{}", path.display());
        }
        tried += 1;
    }
    assert!(tried >= 15, "{tried} scenarios");
}
