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

use std::collections::{BTreeMap, BTreeSet};
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
/// A lesson's page comes over the line of a school at once; two lessons tell of hundreds of messages.
const MOST_OCTETS_OF_LESSON: u64 = 500_000;
const MOST_OCTETS_OF_LONG_LESSON: u64 = 1_500_000;
const LONG_LESSONS: [&str; 2] = ["10-smtp-proxy", "12-sending-addresses"];

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

fn is_lesson(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

/// What each host holds at the end, by the tables: copies that wait there, and those in its mailboxes
/// that no reader's program has deleted.
fn holds(lines: &[Value], rows: &[BTreeMap<String, String>]) -> Value {
    let end = lines[0]["duration"].as_f64().unwrap_or(f64::MAX);
    let deleted: BTreeSet<(&str, &str)> = lines
        .iter()
        .filter(|line| line["fact"] == "retrieved")
        .filter(|line| line["removed"].as_f64().is_some_and(|at| at < end))
        .filter_map(|line| Some((line["id"].as_str()?, line["to"].as_str()?)))
        .collect();
    let mut found: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in rows {
        let copy = (row["message_id"].as_str(), row["recipient"].as_str());
        let (held, stored) = found.entry(&row["final_host"]).or_default();
        match row["final"].as_str() {
            "delivered" => *stored += u64::from(!deleted.contains(&copy)),
            "failed" | "discarded" => {}
            _ => *held += 1,
        }
    }
    let told = |(host, (held, stored)): (&str, (u64, u64))| {
        (host.to_owned(), json!({ "held": held, "stored": stored }))
    };
    Value::Object(found.into_iter().map(told).collect())
}

/// So many times of a run are pointed at.
const POINTS: usize = 5;

/// How many wait at each host at some times, half a second after queues were looked at.
fn course(folder: &Path) -> Vec<Value> {
    let mut by_time: BTreeMap<u64, BTreeMap<String, u64>> = BTreeMap::new();
    for row in rows(&folder.join("queues.csv")) {
        let number = |column: &str| row[column].parse::<u64>().unwrap();
        let waiting = number("incoming") + number("active") + number("deferred");
        let time: f64 = row["time_s"].parse().unwrap();
        by_time.entry(time as u64).or_default().insert(row["host"].clone(), waiting);
    }
    let each = (by_time.len() / POINTS).max(1);
    let points = by_time.into_iter().skip(1).step_by(each);
    points.map(|(t, waiting)| json!({ "t": t as f64 + 0.5, "waiting": waiting })).collect()
}

/// So many headers of a kind of message are counted on a page.
const HEADERS: usize = 12;

/// How many Received fields the first copies have of each kind (mail, notices, copies of lists, automatic
/// replies) that arrived once.
fn headers(rows: &[BTreeMap<String, String>]) -> Vec<Value> {
    let arrived = rows.iter().filter(|row| row["final"] == "delivered" && row["copies"] == "1");
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    let first = arrived.filter(|row| {
        let count = of_kind.entry(&row["kind"]).or_default();
        *count += 1;
        *count <= HEADERS
    });
    let told = first.map(|row| {
        let received: u64 = row["hops"].parse().unwrap_or(0);
        json!({ "id": row["message_id"], "to": row["recipient"], "received": received })
    });
    told.collect()
}

/// Exported messages have as many Received fields as the table counts, those that servers made too.
fn exports_agree(folder: &Path, rows: &[BTreeMap<String, String>]) {
    let place = folder.join("eml");
    mailsim(&["export", text(folder), "--as", "eml", "--to", text(&place)]);
    for row in rows.iter().filter(|row| row["final"] == "delivered" && row["copies"] == "1") {
        let name = format!("{}-{}.eml", row["message_id"], row["recipient"]);
        let message = fs::read_to_string(place.join(&name)).unwrap();
        let header = message.split("\r\n\r\n").next().unwrap();
        let fields = header.lines().filter(|line| line.starts_with("Received:")).count();
        assert_eq!(fields.to_string(), row["hops"], "{}: {name}", folder.display());
    }
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
    let most = match () {
        () if LONG_LESSONS.contains(&name) => MOST_OCTETS_OF_LONG_LESSON,
        () if is_lesson(name) => MOST_OCTETS_OF_LESSON,
        () => MOST_OCTETS,
    };
    assert!(octets <= most, "the page of {name} has {octets} octets");
    let lines = lines(&folder.join("trace.jsonl"));
    let rows = rows(&folder.join("messages.csv"));
    if is_lesson(name) {
        exports_agree(&folder, &rows);
    }
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
        "octets": octets,
        "lesson": is_lesson(name),
        "holds": holds(&lines, &rows),
        "headers": headers(&rows),
        "course": course(&folder),
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
        "octets": octets,
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
    // For whoever is at work on some of them: `MAILSIM_PAGES=05-,busy cargo test --test browser`.
    if let Ok(wanted) = std::env::var("MAILSIM_PAGES") {
        let is_wanted = |path: &PathBuf| wanted.split(',').any(|part| text(path).contains(part));
        all.retain(is_wanted);
        assert!(!all.is_empty(), "MAILSIM_PAGES={wanted} names no scenario");
    }
    all
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}

/// Runs scenarios side by side, as many at once as the browser later opens pages.
fn run_pages(scenarios: &[PathBuf], place: &Path) -> Vec<Value> {
    const AT_ONCE: usize = 3;
    let mut pages: Vec<Value> = std::thread::scope(|scope| {
        let run = |first| {
            let own = scenarios.iter().skip(first).step_by(AT_ONCE);
            own.map(|scenario| run_page(scenario, place)).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|first| scope.spawn(move || run(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    pages.sort_by_key(|page| page["name"].to_string());
    pages
}

#[test]
fn pages_play_in_a_browser() {
    opened_in_a_browser("pages_play_in_a_browser", "on a laptop", |place| {
        let mut pages = run_pages(&scenarios(), place);
        pages.push(side_by_side_page(place));
        pages
    });
}

/// The same where a class sits far from the screen, and in the hand:
/// `cargo test --test browser -- --ignored`.
#[test]
#[ignore = "takes minutes: each lesson is played at 1920 and at 390 px too"]
fn lessons_play_on_a_projector_and_on_a_phone() {
    opened_in_a_browser("lessons_play_on_a_projector_and_on_a_phone", "everywhere", |place| {
        let is_one = |path: &PathBuf| is_lesson(path.file_name().unwrap().to_str().unwrap());
        let lessons: Vec<PathBuf> = scenarios().into_iter().filter(is_one).collect();
        run_pages(&lessons, place)
    });
}

/// Makes pages and has `check.mjs` look at them.
fn opened_in_a_browser(test: &str, sizes: &str, pages: impl Fn(&Path) -> Vec<Value>) {
    let here = repository().join("tests/browser");
    let Some(node) = program(&["node", "nodejs"]) else {
        return left_out(test, "there is no node");
    };
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        return left_out(test, "there is no chromium");
    };
    if !here.join("node_modules/playwright-core").is_dir() {
        return left_out(test, "`npm ci` was not run in tests/browser");
    }
    let place = tempfile::tempdir().unwrap();
    let pages = pages(place.path());
    let manifest = place.path().join("pages.json");
    fs::write(&manifest, json!(pages).to_string()).unwrap();
    let out = Command::new(node)
        .arg(here.join("check.mjs"))
        .arg(chromium)
        .arg(&manifest)
        .arg(sizes)
        .output()
        .unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{errors}");
    assert!(said.contains(&format!("{} pages", pages.len())), "all were opened: {said}");
}
