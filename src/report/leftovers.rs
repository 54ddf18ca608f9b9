//! What runs that were killed have left beside their result folders.
//!
//! A run writes to a hidden folder beside its target. When it is killed, by a signal that nobody can
//! answer or by the loss of power, that folder stays: half of a result, or the former one that had
//! just been replaced. Nothing is removed unasked; whoever runs the scenario again is told.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands between the name of a result folder and the number of the process that makes it.
const MARK: &str = ".tmp-";

/// Returns the name of the folder in which process `process` makes the result folder `name`.
/// `attempt` tells names apart where one is taken.
pub(super) fn work_name(name: &str, process: u32, attempt: u32) -> String {
    match attempt {
        0 => format!(".{name}{MARK}{process}"),
        _ => format!(".{name}{MARK}{process}-{attempt}"),
    }
}

/// Returns the folders that killed runs have left beside `target`, in order of their names; those
/// of processes that are still at work are not among them.
#[must_use]
pub fn leftovers(target: &Path) -> Vec<PathBuf> {
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Some(name) = target.file_name() else { return Vec::new() };
    let prefix = format!(".{}{MARK}", name.to_string_lossy());
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let process = name.to_string_lossy().strip_prefix(&prefix).and_then(process_of);
            process.is_some_and(|process| !is_at_work(process))
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Reads the number of a process from the end of a folder's name.
fn process_of(rest: &str) -> Option<u32> {
    rest.split('-').next()?.parse().ok()
}

/// Returns whether a process of this number runs; where that cannot be told, whether it is this one.
fn is_at_work(process: u32) -> bool {
    let table = Path::new("/proc");
    if table.join("self").exists() {
        table.join(process.to_string()).exists()
    } else {
        process == std::process::id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_killed_runs_of_this_target_left_is_found() {
        let place = tempfile::tempdir().unwrap();
        // No process has a number this large: Linux ends at 4,194,304.
        let dead = u32::MAX;
        let names = [
            work_name("first", dead, 0),
            work_name("first", dead, 2),
            work_name("first", std::process::id(), 0),
            work_name("second", dead, 0),
            ".first.tmp-mine".to_owned(),
        ];
        for name in &names {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        let found = leftovers(&place.path().join("first"));
        let expected: Vec<PathBuf> =
            names[..2].iter().map(|name| place.path().join(name)).collect();
        assert_eq!(found, expected);
    }
}
