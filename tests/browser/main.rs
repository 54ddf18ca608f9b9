//! Pages in a real browser: every lesson's, a few others', and one of a comparison.
//!
//! `check.mjs` drives chromium with playwright-core: one request and no error, every step to the
//! end and back, each lesson played to its end by the Play button alone (every note waits, whatever
//! is on its way arrives before its effect), picture, sentence and conversation on one screen, the
//! final state as the tables tell it, nothing serious found by axe, nothing sticking out on a laptop,
//! a phone and at 200 % zoom, no motion where it is unwelcome. What the tables say is read here; what
//! the page shows is read there.

#[path = "../common/left_out.rs"]
mod left_out;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use left_out::left_out;
use serde_json::{Value, json};

/// Scenarios that are opened besides the lessons: a small one, one with an outage, a mail given up,
/// a population of hosts, a run that is too large for its page.
const OTHERS: [&str; 6] = [
    "first-message",
    "primary-down-with-backup",
    "both-down",
    "provider-outage",
    "dns-outage",
    "busy-day",
];

/// A page is a file that is sent by mail, so it stays small.
const MOST_OCTETS: u64 = 5_000_000;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs mailsim, which must succeed.
fn mailsim(arguments: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_mailsim")).args(arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this test is text")
}

/// The rows of a table, by column.
fn rows(table: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(table).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// What a page must show of a run at its end.
fn counts<'a>(finals: impl Iterator<Item = &'a str>) -> Value {
    let (mut delivered, mut given_up, mut open) = (0, 0, 0);
    for state in finals {
        match state {
            "delivered" => delivered += 1,
            "failed" | "discarded" => given_up += 1,
            _ => open += 1,
        }
    }
    json!({ "delivered": delivered, "given_up": given_up, "open": open })
}

/// What the page says of a recipient's end.
fn said(state: &str, host: &str) -> String {
    match state {
        "delivered" => format!("is in the mailbox at {host}"),
        "failed" => format!("is given up at {host}"),
        "discarded" => format!("is dropped at {host}"),
        open => format!("is still {} at {host}", open.replace('_', " ")),
    }
}

/// Lines of a trace.
fn lines(trace: &Path) -> Vec<Value> {
    let text = fs::read_to_string(trace).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether one of the first tries goes from host to host.
fn moves(lines: &[Value]) -> bool {
    let tries = lines.iter().take(25).filter(|line| line["fact"] == "attempt");
    tries
        .into_iter()
        .any(|line| line["to_host"].is_string() && line["to_host"] != line["from_host"])
}

/// Runs a scenario and returns what `check.mjs` is to hold its page against.
fn run_page(scenario: &Path, place: &Path) -> Value {
    let name = scenario.file_stem().unwrap().to_str().unwrap();
    let folder = place.join(name);
    let mut arguments = vec!["run", text(scenario), "--out", text(&folder)];
    if name == "busy-day" {
        // Two hours of it are more than a page can hold; what the whole day comes to is no matter.
        arguments.extend(["--until", "2h", "--unset", "expect"]);
    }
    mailsim(&arguments);
    let file = folder.join("report.html");
    let octets = fs::metadata(&file).unwrap().len();
    assert!(octets < MOST_OCTETS, "the page of {name} has {octets} octets");
    let lines = lines(&folder.join("trace.jsonl"));
    let rows = rows(&folder.join("messages.csv"));
    let first = lines.iter().find(|line| line["fact"] == "created" && line["kind"] == "mail");
    let message = first.map(|first| {
        let row = rows.iter().find(|row| {
            first["id"] == row["message_id"].as_str() && first["to"] == row["recipient"].as_str()
        });
        let row = row.expect("the table has every message");
        json!({ "id": first["id"], "said": [said(&row["final"], &row["final_host"])] })
    });
    let notes = lines[0]["picture"]["notes"].as_array().unwrap();
    json!({
        "name": name,
        "file": file,
        "capped": lines[0]["capped"],
        "runs": [counts(rows.iter().map(|row| row["final"].as_str()))],
        "message": message,
        "lesson": name.starts_with(|first: char| first.is_ascii_digit()),
        "notes": notes.len(),
        "asks": notes.iter().filter(|note| note["ask"] != "").count(),
        "moves": moves(&lines),
    })
}

/// Compares two scenarios and returns what `check.mjs` is to hold the page against.
fn side_by_side_page(place: &Path) -> Value {
    let scenarios = repository().join("scenarios");
    let folder = place.join("side-by-side");
    let names = ["primary-down", "primary-down-with-backup"];
    let [first, second] = names.map(|name| scenarios.join(name).with_extension("toml"));
    let out = text(&folder);
    mailsim(&["compare", text(&first), text(&second), "--replications", "2", "--out", out]);
    let file = folder.join("side-by-side.html");
    let octets = fs::metadata(&file).unwrap().len();
    assert!(octets < MOST_OCTETS, "side-by-side.html has {octets} octets");
    let rows = rows(&folder.join("side-by-side.csv"));
    let of = |name: &'static str| rows.iter().filter(move |row| row["scenario"] == name);
    let lines = lines(&folder.join("trace-1.jsonl"));
    json!({
        "name": "side by side",
        "file": file,
        "capped": lines[0]["capped"],
        "runs": names.map(|name| counts(of(name).map(|row| row["final"].as_str()))),
        "message": { "id": "1-1", "said": ["is in the mailbox at", "is in the mailbox at"] },
        "lesson": false,
        "notes": 0,
        "asks": 0,
        "moves": true,
    })
}

/// The lessons, and some others.
fn scenarios() -> Vec<PathBuf> {
    let folder = repository().join("scenarios");
    let mut all: Vec<PathBuf> =
        OTHERS.iter().map(|name| folder.join(name).with_extension("toml")).collect();
    if let Ok(lessons) = fs::read_dir(folder.join("lessons")) {
        let files = lessons.map(|entry| entry.unwrap().path());
        all.extend(files.filter(|path| path.extension().is_some_and(|is| is == "toml")));
    }
    all.sort();
    all
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}

#[test]
fn pages_play_in_a_browser() {
    let here = repository().join("tests/browser");
    let Some(node) = program(&["node", "nodejs"]) else {
        return left_out("pages_play_in_a_browser", "there is no node");
    };
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        return left_out("pages_play_in_a_browser", "there is no chromium");
    };
    if !here.join("node_modules/playwright-core").is_dir() {
        return left_out("pages_play_in_a_browser", "`npm ci` was not run in tests/browser");
    }
    let place = tempfile::tempdir().unwrap();
    let mut pages: Vec<Value> =
        scenarios().iter().map(|scenario| run_page(scenario, place.path())).collect();
    pages.push(side_by_side_page(place.path()));
    let manifest = place.path().join("pages.json");
    fs::write(&manifest, json!(pages).to_string()).unwrap();
    let out = Command::new(node)
        .arg(here.join("check.mjs"))
        .arg(chromium)
        .arg(&manifest)
        .output()
        .unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{errors}");
    assert!(said.contains(&format!("{} pages", pages.len())), "all were opened: {said}");
}
