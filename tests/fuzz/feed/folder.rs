//! A result folder of which one file is not what it was: the first line names it (`run/messages.csv`,
//! `study/study.json`), the rest is what stands there now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use mailsim::cli::{ExitStatus, execute};
use mailsim::report::rebuild;
use serde_json::{Value, json};

use super::SMALL;

const STUDY: &str = "scenario = \"base.toml\"\nreplications = 2\nfigures = [\"delivered_share\"]\n\
                     [[factor]]\nname = \"size\"\npath = \"mail.0.size\"\nlevels = [\"1kB\", \"5kB\"]\n";

/// Two result folders and what their files hold.
struct Place {
    folder: tempfile::TempDir,
    files: BTreeMap<String, Vec<u8>>,
}

fn run(arguments: &[&str], out: &Path) {
    let out = out.to_str().expect("a temporary folder has a plain name");
    let arguments = ["mailsim"].iter().chain(arguments).copied().chain(["--quiet", "--out", out]);
    let ended = execute(arguments.map(Into::into));
    assert!(ended == ExitStatus::Success, "{ended:?}");
}

static PLACE: LazyLock<Mutex<Place>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is room");
    let [base, study] = ["base.toml", "study.toml"].map(|name| folder.path().join(name));
    fs::write(&base, SMALL).expect("there is room");
    fs::write(&study, STUDY).expect("there is room");
    let name = |path: &PathBuf| path.to_str().expect("a plain name").to_owned();
    run(&["run", &name(&base), "--no-charts"], &folder.path().join("run"));
    run(&["study", &name(&study), "--no-charts"], &folder.path().join("study"));
    let mut files = BTreeMap::new();
    for result in ["run", "study"] {
        for entry in fs::read_dir(folder.path().join(result)).expect("the result is there") {
            let path = entry.expect("a result can be read").path();
            if let (true, Some(file)) = (path.is_file(), path.file_name()) {
                let name = format!("{result}/{}", file.to_string_lossy());
                files.insert(name, fs::read(path).expect("a result can be read"));
            }
        }
        let name = format!("{result}/run.json");
        // So that damage is met where files are read, not where their digests are.
        let mut told: Value = serde_json::from_slice(&files[&name]).expect("it is written as JSON");
        told["files"] = json!({});
        fs::write(folder.path().join(&name), told.to_string()).expect("there is room");
        files.insert(name, told.to_string().into_bytes());
    }
    Mutex::new(Place { folder, files })
});

/// Draws the pages of the folder anew, or is told by name which file is damaged.
pub(crate) fn folder(data: &[u8]) {
    let end = data.iter().position(|&octet| octet == b'\n').unwrap_or(0);
    let Ok(name) = std::str::from_utf8(&data[..end]) else { return };
    let place = PLACE.lock().expect("nobody panicked with it");
    let Some(whole) = place.files.get(name) else { return };
    let path = place.folder.path().join(name);
    fs::write(&path, &data[end + 1..]).expect("there is room");
    let result = path.parent().expect("it lies in a folder");
    let ended = rebuild(result, false);
    fs::write(&path, whole).expect("there is room");
    if let Err(error) = ended {
        let (told, folder) = (error.to_string(), result.to_string_lossy());
        assert!(told.contains(&*folder), "names no file: {told}");
    }
}
