//! Every shipped study: it can be read, says what it asks and what was found, and its cells run.

use std::fs;
use std::path::{Path, PathBuf};

use mailsim::scenario::{Override, Source};
use mailsim::study::{LoadedStudy, load_study};
use mailsim::study::{Task, run_one};

/// What makes a study small enough for tests: shorter runs of the same scenario.
const REDUCED: [(&str, &[&str]); 2] = [
    ("availability", &["set={ duration = \"30d\" }"]),
    ("herd", &["set={ \"mail.0.arrivals.poisson\" = \"60/h\" }"]),
];

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/studies");
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn read(path: &Path, changes: &[&str]) -> LoadedStudy {
    let text = fs::read_to_string(path).expect("a study can be read");
    let beside = |name: &str| {
        let file = path.parent().expect("a file lies in a folder").join(name);
        fs::read_to_string(file).map_err(|error| error.to_string())
    };
    let source = Source { file: &path.to_string_lossy(), text: &text, read_file: &beside };
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::set(change).expect("a right change")).collect();
    load_study(&source, &changes).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

#[test]
fn each_study_says_what_it_asks_and_what_was_found() {
    let files = files();
    let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
    for name in [
        "availability",
        "backup-mx",
        "dns-failure",
        "herd",
        "outage-length",
        "polling",
        "retry-schedule",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is missing among {names:?}");
    }
    for path in files {
        let name = stem(&path);
        let LoadedStudy { study, warnings, .. } = read(&path, &[]);
        assert!(warnings.0.is_empty(), "{name}: {warnings}");
        assert!(study.question.contains('?'), "{name}: a question ends in a question mark");
        assert!(study.findings.len() > 200, "{name} says what was found");
        assert!(!study.findings.contains("TODO"), "{name} is not finished");
        let command = format!("mailsim study scenarios/studies/{name}.toml");
        assert!(study.findings.contains(&command), "{name} says how to find it again");
        assert!(study.is_full_factorial(), "{name}");
    }
}

/// The first and the last cell of each study run, and have every figure that must exist.
#[test]
fn cells_of_each_study_run() {
    for path in files() {
        let name = stem(&path);
        let reduced = REDUCED.iter().find(|(reduced, _)| *reduced == name);
        let study = read(&path, reduced.map_or(&[], |(_, changes)| changes)).study;
        for cell in [0, study.cells.len() - 1] {
            let task = Task { cell, replication: 0, key: String::new() };
            let row =
                run_one(&study, &task, || true).expect("it ends").expect("nobody interrupts it");
            assert!(row.balances, "{name}: the ledger of {}", study.cell_name(cell));
            assert!(row.submitted > 0, "{name}: no mail in {}", study.cell_name(cell));
            assert_eq!(row.figures.len(), study.figures.len());
            assert!(row.figures[0].is_some() || name == "outage-length", "{name}: {row:?}");
        }
    }
}
