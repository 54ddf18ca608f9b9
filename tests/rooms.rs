//! The house rules of the source tree: who may import whom, and what a room never touches.
//!
//! The tables below are the rules; a rule is changed here first, with its reason.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room with the rooms it may import, lowest first.
const ROOMS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("engine", &["units"]),
    ("random", &["units"]),
    ("mail", &["units"]),
    // Numbers alone.
    ("statistics", &[]),
    ("network", &["units", "random", "mail"]),
    ("fault", &["units", "random", "mail"]),
    ("dns", &["units", "random", "mail", "network", "fault"]),
    ("trace", &["units", "mail"]),
    ("smtp", &["units", "random", "mail", "network", "fault", "trace"]),
    ("screening", &["units", "random", "mail", "network", "fault", "dns", "smtp", "trace"]),
    ("workload", &["units", "random", "mail", "network", "fault"]),
    ("access", &["units", "random", "mail", "network", "fault"]),
    ("queue", &["units", "engine", "random", "mail", "network", "trace", "smtp"]),
    // Whoever measures reads facts and nothing else.
    ("measure", &["units", "mail", "trace"]),
    // The checked scenario: what all that runs or shows it imports.
    (
        "model",
        &[
            "units",
            "mail",
            "network",
            "fault",
            "dns",
            "smtp",
            "screening",
            "workload",
            "access",
            "queue",
            "measure",
        ],
    ),
    // Servers by their own names, with the evidence for each.
    ("profiles", &["units", "mail", "network", "smtp", "queue"]),
    (
        "scenario",
        &[
            "units",
            "random",
            "mail",
            "network",
            "fault",
            "dns",
            "smtp",
            "screening",
            "workload",
            "access",
            "queue",
            "measure",
            "model",
            "profiles",
        ],
    ),
    // The one room that composes. What it runs states facts and measures nothing; the `Outcome` it
    // can hand out is made by `measure`.
    (
        "simulation",
        &[
            "units",
            "engine",
            "random",
            "mail",
            "network",
            "fault",
            "dns",
            "trace",
            "smtp",
            "screening",
            "workload",
            "access",
            "queue",
            "measure",
            "model",
            "profiles",
            "scenario",
        ],
    ),
    // Whoever tells a story reads facts and settings.
    ("story", &["units", "mail", "trace", "smtp", "screening", "model"]),
    // What lies in a mailbox is told from stories, and shown by protocols that know no connection.
    ("message_store", &["units", "mail", "trace", "access", "model", "simulation", "story"]),
    // Somebody types: answered by the model and its stores.
    (
        "talk",
        &[
            "units",
            "mail",
            "trace",
            "smtp",
            "model",
            "scenario",
            "simulation",
            "story",
            "message_store",
        ],
    ),
    // Plans, runs and analyses studies; it knows no file.
    ("study", &["units", "random", "statistics", "measure", "model", "scenario", "simulation"]),
    // Reads files of other programs and writes a scenario's text; the model is reached by that text.
    ("import", &["units", "mail", "profiles", "scenario"]),
    // Chapters, with the tables of keys that files are read by.
    // The keys of scenario and study files, for people.
    ("reference", &["units", "queue", "smtp", "model", "profiles", "scenario", "study"]),
    ("manual", &["study", "reference", "scenario"]),
    // Knows the tables of a result folder and nothing else.
    ("export", &[]),
    // Reports show what was measured; they run nothing.
    (
        "report",
        &[
            "units",
            "random",
            "statistics",
            "dns",
            "access",
            "mail",
            "trace",
            "smtp",
            "measure",
            "model",
            "profiles",
            "scenario",
            "story",
            "study",
        ],
    ),
    // What a page needs, be it served or run by the browser itself: runs, reports and talks.
    (
        "workbench",
        &[
            "units",
            "mail",
            "fault",
            "smtp",
            "trace",
            "measure",
            "model",
            "profiles",
            "scenario",
            "simulation",
            "story",
            "talk",
            "report",
        ],
    ),
    // Serves the pages of runs.
    ("serve", &["units", "scenario", "report", "workbench"]),
    // Real programs on sockets: the machine's clock and threads stay here, and HTTP is that of `serve`.
    (
        "live",
        &[
            "units",
            "mail",
            "trace",
            "smtp",
            "model",
            "scenario",
            "simulation",
            "story",
            "message_store",
            "talk",
            "serve",
        ],
    ),
    // Writes pages that hold the engine.
    ("site", &["report", "workbench", "manual"]),
    (
        "cli",
        &[
            "live",
            "units",
            "random",
            "mail",
            "network",
            "fault",
            "dns",
            "trace",
            "smtp",
            "workload",
            "access",
            "queue",
            "measure",
            "model",
            "profiles",
            "reference",
            "scenario",
            "simulation",
            "story",
            "message_store",
            "talk",
            "statistics",
            "study",
            "report",
            "workbench",
            "serve",
            "site",
            "import",
            "export",
            "manual",
        ],
    ),
];

/// The rooms of the model: they know no file, thread or clock of the machine.
const MODEL: &[&str] = &[
    "units",
    "engine",
    "random",
    "mail",
    "network",
    "fault",
    "dns",
    "trace",
    "smtp",
    "screening",
    "workload",
    "access",
    "queue",
    "measure",
    "model",
    "profiles",
    "scenario",
    "simulation",
    "statistics",
];

/// Words that must not stand in the code of some rooms.
struct Never {
    words: &'static [&'static str],
    rooms: Where,
    because: &'static str,
}

/// Where a rule holds.
enum Where {
    Everywhere,
    In(&'static [&'static str]),
    NotIn(&'static [&'static str]),
}

/// Rules for code, tests within `src` left out.
const NEVER: &[Never] = &[
    Never {
        words: &["HashMap", "HashSet"],
        rooms: Where::Everywhere,
        because: "their order differs from run to run",
    },
    Never {
        words: &["println!", "print!", "eprintln!", "eprint!", "dbg!"],
        rooms: Where::NotIn(&["cli"]),
        because: "only the command line prints",
    },
    Never {
        words: &["f32", "f64", "rand", "rand_chacha", "mail", "message", "smtp"],
        rooms: Where::In(&["engine"]),
        because: "the engine knows no mail, no chance and no float",
    },
    Never {
        words: &[
            "std::fs",
            "std::thread",
            "std::time",
            "std::env",
            "std::process",
            "Instant",
            "SystemTime",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
        ],
        rooms: Where::In(MODEL),
        because: "engine and model know no file, thread, clock or socket of the machine",
    },
    Never {
        words: &["petgraph"],
        rooms: Where::NotIn(&["network"]),
        because: "the graph is network's",
    },
    Never {
        words: &["toml", "toml_edit"],
        rooms: Where::NotIn(&["scenario", "study", "report", "cli"]),
        because: "the model knows no file format",
    },
    Never {
        words: &["clap", "clap_complete", "clap_mangen", "indicatif", "ctrlc", "anyhow"],
        rooms: Where::NotIn(&["cli"]),
        because: "they serve the command line",
    },
    Never {
        words: &["rayon"],
        rooms: Where::NotIn(&["study"]),
        because: "a run has one thread; only whole runs are made in parallel",
    },
    Never {
        words: &["std::fs", "std::env", "std::process", "std::net", "Instant"],
        rooms: Where::In(&["study"]),
        because: "whoever keeps the rows knows where",
    },
    Never {
        words: &["std::fs", "std::thread", "std::time", "std::env", "std::process", "Instant"],
        rooms: Where::In(&["story", "message_store", "talk", "workbench"]),
        because: "they run in a page too, which has no file, thread or clock",
    },
    Never {
        words: &["TcpStream", "TcpListener", "httparse"],
        rooms: Where::NotIn(&["serve", "live"]),
        because: "only pages of runs and simulated servers are served",
    },
    Never {
        words: &["tempfile"],
        rooms: Where::NotIn(&["serve", "live", "cli"]),
        because: "only who shows a run that nobody keeps needs a folder for it",
    },
    Never {
        words: &["pulldown_cmark"],
        rooms: Where::NotIn(&["manual"]),
        because: "Markdown is the manual's",
    },
    Never {
        words: &["plotters"],
        rooms: Where::NotIn(&["report"]),
        because: "charts are report's",
    },
    Never {
        words: &["flate2"],
        rooms: Where::NotIn(&["import", "report", "workbench"]),
        because: "files of other programs, tables, and codes to hand in, are packed",
    },
    Never {
        words: &["hdrhistogram"],
        rooms: Where::NotIn(&["measure"]),
        because: "quantiles are measure's",
    },
];

/// Longest file, in lines, tests included; files of `tests` are lists of cases and may be longer.
const LONGEST: usize = 600;
const LONGEST_TEST: usize = 800;

/// A source file.
struct Source {
    /// From the top of the repository.
    path: String,
    room: String,
    text: String,
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            // Another package has rules of its own.
            if !path.join("Cargo.toml").exists() {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    rust_files(&repository().join(folder), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let path = path.strip_prefix(repository()).expect("it was found there");
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let room = match parts.as_slice() {
            // `main.rs` only calls the command line; `lib.rs` names all rooms.
            [_, file] if file == "main.rs" => "cli",
            [_, room, _, ..] => room,
            _ => "",
        };
        Source { path: parts.join("/"), room: room.to_owned(), text }
    };
    paths.into_iter().map(read).collect()
}

/// Lines of code with their numbers: without comments, and without what stands in quotes.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    (1..).zip(text.lines()).map(|(number, line)| (number, without_comments_and_texts(line)))
}

fn without_comments_and_texts(line: &str) -> String {
    let mut kept = String::new();
    let (mut quoted, mut before) = (false, ' ');
    for letter in line.chars() {
        if letter == '"' && before != '\\' && before != '\'' {
            quoted = !quoted;
        }
        if !quoted {
            if letter == '/' && before == '/' {
                kept.pop();
                break;
            }
            kept.push(letter);
        }
        before = letter;
    }
    kept
}

/// The part of a file before its tests; nothing of a file that is all tests.
fn without_tests<'a>(path: &str, text: &'a str) -> &'a str {
    let all_tests = path.ends_with("tests.rs") || path.contains("/tests/");
    if all_tests {
        return "";
    }
    // Tests come last in a file; a module of tests in a file of its own is only declared.
    let begin = text.match_indices("#[cfg(test)]").find(|(at, _)| {
        let rest = &text[*at..];
        rest.lines().nth(1).is_some_and(|line| line.trim_end().ends_with('{'))
    });
    begin.map_or(text, |(at, _)| &text[..at])
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether `word` stands in `line` as a whole word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let ends = word.ends_with('!') || !after.is_some_and(is_part_of_name);
        !before.is_some_and(is_part_of_name) && ends
    })
}

/// The rooms that a line names by `crate::` or `mailsim::`.
fn rooms_named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for prefix in ["crate::", "mailsim::"] {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            let list = match rest.strip_prefix('{') {
                // `use crate::{mail::HostId, units}`: the first name of each item.
                Some(group) => group.split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            let names =
                list.into_iter().map(|item| item.chars().take_while(|&c| is_part_of_name(c)));
            named.extend(names.map(String::from_iter).filter(|name: &String| !name.is_empty()));
        }
    }
    named
}

/// Imports of rooms that this room must not import, as "line: what".
fn wrong_imports(source: &Source) -> Vec<String> {
    let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
        return vec![format!("{}: `{}` is no room of the table", source.path, source.room)];
    };
    let mut wrong = Vec::new();
    for (number, line) in code(&source.text) {
        for named in rooms_named(&line) {
            let is_room = ROOMS.iter().any(|(room, _)| *room == named);
            if is_room && named != source.room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{}:{number}: {} imports {named}", source.path, source.room));
            }
        }
        if climbs_out(source, &line) {
            wrong.push(format!("{}:{number}: `super` leads out of the room", source.path));
        }
    }
    wrong
}

/// Whether a chain of `super::` leads beyond the room. Code of a module within the file may climb
/// one step more; such code is indented.
fn climbs_out(source: &Source, line: &str) -> bool {
    let steps = source.path.split('/').count().saturating_sub(2);
    let file = source.path.rsplit('/').next().unwrap_or_default();
    let depth =
        if file == "mod.rs" { steps - 1 } else { steps } + usize::from(line.starts_with("    "));
    line.contains("super::") && line.contains(&"super::".repeat(depth + 1))
}

fn broken_rules(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    for rule in NEVER {
        let holds = match rule.rooms {
            Where::Everywhere => true,
            Where::In(rooms) => rooms.contains(&source.room.as_str()),
            Where::NotIn(rooms) => !rooms.contains(&source.room.as_str()),
        };
        if !holds {
            continue;
        }
        for (number, line) in code(without_tests(&source.path, &source.text)) {
            for word in rule.words.iter().filter(|word| has_word(&line, word)) {
                broken.push(format!("{}:{number}: {word}: {}", source.path, rule.because));
            }
        }
    }
    broken
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "house rules are broken:\n{}", broken.join("\n"));
}

#[test]
fn rooms_import_only_what_lies_below() {
    let files = sources("src");
    assert!(files.len() > 50, "the source tree was found");
    let in_rooms = files.iter().filter(|source| !source.room.is_empty());
    report(&in_rooms.flat_map(wrong_imports).collect::<Vec<_>>());
}

#[test]
fn the_table_of_rooms_has_no_circle() {
    // Each room stands below those that name it, so the table itself is an order.
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for name in *allowed {
            let place = ROOMS.iter().position(|(other, _)| other == name);
            assert!(
                place.is_some_and(|place| place < index),
                "{room} may import {name}, not below"
            );
        }
    }
}

#[test]
fn rooms_never_touch_what_is_not_theirs() {
    report(&sources("src").iter().flat_map(broken_rules).collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    let mut broken = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")) {
        if !source.text.starts_with("//!") {
            broken.push(format!("{}:1: does not open with a `//!` line", source.path));
        }
        let lines = source.text.lines().count();
        let longest = if source.path.starts_with("tests/") { LONGEST_TEST } else { LONGEST };
        if lines > longest {
            broken.push(format!("{}: {lines} lines, more than {longest}", source.path));
        }
    }
    report(&broken);
}

/// The checks above see what they are there for.
#[test]
fn each_kind_of_breach_is_found() {
    let source = |path: &str, text: &str| {
        let room = path.split('/').nth(1).unwrap_or_default().to_owned();
        Source { path: path.to_owned(), room, text: text.to_owned() }
    };
    let imports = |path: &str, text: &str| wrong_imports(&source(path, text)).len();
    assert_eq!(imports("src/mail/a.rs", "use crate::simulation::Simulation;"), 1);
    assert_eq!(imports("src/mail/a.rs", "use crate::{units::SimTime, queue::Report};"), 1);
    assert_eq!(imports("src/mail/a.rs", "use crate::units::SimTime; // crate::queue"), 0);
    assert_eq!(imports("src/mail/a.rs", "use super::super::queue::Report;"), 1);
    assert_eq!(imports("src/mail/b/a.rs", "use super::super::Status;"), 0);
    assert_eq!(imports("src/mail/mod.rs", "use super::queue::Report;"), 1);
    assert_eq!(imports("src/attic/a.rs", ""), 1);
    let broken = |path: &str, text: &str| broken_rules(&source(path, text)).len();
    assert_eq!(broken("src/engine/a.rs", "fn mean(of: f64) {}"), 1);
    assert_eq!(broken("src/engine/a.rs", "fn mailbag() {} // no mail here, \n"), 0);
    assert_eq!(broken("src/queue/a.rs", "println!(\"{x}\");"), 1);
    assert_eq!(broken("src/cli/a.rs", "println!(\"{x}\");"), 0);
    assert_eq!(broken("src/queue/a.rs", "let text = \"HashMap\";"), 0);
    assert_eq!(broken("src/report/a.rs", "use std::collections::HashMap;"), 1);
    assert_eq!(broken("src/smtp/a.rs", "use std::time::Instant;"), 2);
    assert_eq!(broken("src/dns/a.rs", "use petgraph::Graph;"), 1);
    assert_eq!(broken("src/dns/a.rs", "#[cfg(test)]\nmod tests {\n    dbg!(1);\n}\n"), 0);
}
