//! What stands where a result is to go, and whether it may be replaced: only what mailsim itself has
//! put there.
//!
//! A result folder belongs to mailsim file by file. Its `run.json` lists what a run wrote; the folders
//! named in [`OWN_FOLDERS`] are mailsim's as a whole. Anything else is somebody's, and a folder with
//! such an entry is left as it is.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::description::RunDescription;
use super::error::ReportError;

/// Folders of a result folder in which every file is mailsim's: what `mailsim export` wrote, and the
/// finished runs of a study that is under way.
pub(super) const OWN_FOLDERS: [&str; 2] = ["export", "rows"];

/// Ending of a file that was being written when its writer was killed.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Foreign entries that an error names; the others are counted.
const NAMED: usize = 5;

/// Refuses to touch anything but an absent, an empty or an own folder.
///
/// # Errors
/// If `target` is no folder (a dangling link, a device, a pipe among them), holds entries that no
/// result of mailsim lists, or cannot be looked at.
pub(super) fn check_replaceable(target: &Path) -> Result<(), ReportError> {
    let looking = |cause| ReportError::io("look at", target, cause);
    match fs::symlink_metadata(target) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(looking(cause)),
        Ok(_) => {}
    }
    match fs::metadata(target) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            return Err(ReportError::DanglingLink { path: target.to_owned() });
        }
        Err(cause) => return Err(looking(cause)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(ReportError::NotAFolder { path: target.to_owned() });
        }
        Ok(_) => {}
    }
    let mut entries =
        fs::read_dir(target).map_err(|cause| ReportError::io("look into", target, cause))?;
    if entries.next().is_none() {
        return Ok(());
    }
    let Some(listed) = RunDescription::listed_in(target) else {
        return Err(ReportError::Foreign { path: target.to_owned() });
    };
    let mut foreign = Foreign { listed: &listed, names: BTreeSet::new(), count: 0 };
    foreign.look_into(target, "")?;
    match foreign.count {
        0 => Ok(()),
        count => {
            let mut names: Vec<String> = foreign.names.into_iter().collect();
            if count > names.len() {
                names.push(format!("{} more", count - names.len()));
            }
            let names = names.join(", ");
            Err(ReportError::ForeignEntries { path: target.to_owned(), names })
        }
    }
}

/// Entries of a result folder that mailsim did not put there.
struct Foreign<'l> {
    listed: &'l BTreeSet<String>,
    names: BTreeSet<String>,
    count: usize,
}

impl Foreign<'_> {
    /// Looks into a folder; `prefix` is its name within the result folder, with a slash behind it.
    fn look_into(&mut self, folder: &Path, prefix: &str) -> Result<(), ReportError> {
        let trouble = |cause| ReportError::io("look into", folder, cause);
        for entry in fs::read_dir(folder).map_err(trouble)? {
            let entry = entry.map_err(trouble)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // A link is judged by itself: what it leads to is not in the folder.
            if !entry.file_type().map_err(trouble)?.is_dir() {
                if !self.is_own_file(&name) {
                    self.note(name);
                }
            } else if !OWN_FOLDERS.contains(&name.as_str()) {
                let below = format!("{name}/");
                if self.listed.iter().any(|listed| listed.starts_with(&below)) {
                    self.look_into(&entry.path(), &below)?;
                } else {
                    self.note(below);
                }
            }
        }
        Ok(())
    }

    /// Returns whether mailsim wrote a file of this name: one that `run.json` lists, one that was
    /// being written under a name of its own, or a picture whose other form is listed (`mailsim
    /// report` makes those before it lists them).
    fn is_own_file(&self, name: &str) -> bool {
        let name = name.strip_suffix(UNFINISHED).unwrap_or(name);
        let other_form = || {
            let stem = name.strip_suffix(".png").or_else(|| name.strip_suffix(".svg"))?;
            let forms = [format!("{stem}.svg"), format!("{stem}.png")];
            Some(forms.iter().any(|form| self.listed.contains(form)))
        };
        name == RunDescription::FILE || self.listed.contains(name) || other_form() == Some(true)
    }

    fn note(&mut self, name: String) {
        self.count += 1;
        self.names.insert(name);
        if self.names.len() > NAMED {
            self.names.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a result folder that lists these files and holds these.
    fn folder(listed: &[&str], held: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let files = listed.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let description = RunDescription { files, ..RunDescription::default() };
        fs::write(place.path().join(RunDescription::FILE), description.to_json()).unwrap();
        for name in held {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "contents").unwrap();
        }
        place
    }

    #[track_caller]
    fn foreign(listed: &[&str], held: &[&str]) -> Option<String> {
        let place = folder(listed, held);
        match check_replaceable(place.path()) {
            Ok(()) => None,
            Err(ReportError::ForeignEntries { names, .. }) => Some(names),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_run_json_lists_is_own() {
        let listed = ["summary.json", "charts/hops.svg"];
        assert_eq!(foreign(&listed, &listed), None);
        assert_eq!(foreign(&listed, &["summary.json"]), None);
        assert_eq!(foreign(&[], &["export/maillog/mx.log", "rows/whole-1-0.jsonl"]), None);
        let half_made = ["report.html.unfinished", "run.json.unfinished", "charts/hops.png"];
        assert_eq!(foreign(&["report.html", "charts/hops.svg"], &half_made), None);
    }

    #[test]
    fn what_it_does_not_list_is_named_and_counted() {
        let listed = ["summary.json", "charts/hops.svg"];
        assert_eq!(foreign(&listed, &["notes.md"]).unwrap(), "notes.md");
        assert_eq!(foreign(&listed, &["charts/mine.svg"]).unwrap(), "charts/mine.svg");
        assert_eq!(foreign(&listed, &["exports/x", "mine/deep/x"]).unwrap(), "exports/, mine/");
        let many: Vec<String> = (0..100).map(|number| format!("{number:03}.txt")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            foreign(&listed, &many).unwrap(),
            "000.txt, 001.txt, 002.txt, 003.txt, 004.txt, 95 more"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_no_place_for_a_result() {
        use std::os::unix::fs::symlink;
        let place = tempfile::tempdir().unwrap();
        let dangling = place.path().join("dangling");
        symlink(place.path().join("nowhere"), &dangling).unwrap();
        let error = check_replaceable(&dangling).unwrap_err();
        assert!(matches!(error, ReportError::DanglingLink { .. }), "{error}");
        let device = check_replaceable(Path::new("/dev/null")).unwrap_err();
        assert!(matches!(device, ReportError::NotAFolder { .. }), "{device}");
        // A folder of results that is really a link to somebody's folder is not listed.
        let place = folder(&["charts/hops.svg"], &[]);
        let mine = tempfile::tempdir().unwrap();
        fs::write(mine.path().join("hops.svg"), "mine").unwrap();
        symlink(mine.path(), place.path().join("charts")).unwrap();
        let error = check_replaceable(place.path()).unwrap_err();
        assert!(matches!(error, ReportError::ForeignEntries { .. }), "{error}");
    }
}
