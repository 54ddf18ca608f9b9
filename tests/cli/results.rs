//! Result folders: what is in them, how they are repeated, and that nothing is harmed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::left_out::left_out;
use crate::program::{call, contents, folder, mailsim, names, scenario};

fn json(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_run_writes_the_files_of_the_contract() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three]).ends_with(0);
    let result = place.path().join("output/three-recipients");
    assert_eq!(
        names(&result),
        [
            "attempts.csv",
            "charts",
            "hosts.csv",
            "messages.csv",
            "queues.csv",
            "report.html",
            "run.json",
            "summary.json",
            "trace.jsonl",
        ]
    );
    assert_eq!(names(&place.path().join("output")), ["three-recipients"]);
    let run = json(&result.join("run.json"));
    assert_eq!(run["program"], "mailsim");
    assert_eq!(run["scenario"]["name"], "three-recipients");
    let digest = blake3::hash(&fs::read(&three).unwrap()).to_hex().to_string();
    assert_eq!(run["scenario"]["digest"], digest);
    for (name, digest) in run["files"].as_object().unwrap() {
        let bytes = fs::read(result.join(name)).unwrap();
        assert_eq!(*digest, blake3::hash(&bytes).to_hex().to_string(), "{name}");
    }
    // Nothing tells where or when the run was made.
    let text = fs::read_to_string(result.join("run.json")).unwrap();
    assert!(!text.contains(place.path().to_str().unwrap()), "{text}");
}

#[test]
fn tables_and_charts_can_be_left_out() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let run = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["run", &three, "--out", "r"].into_iter().chain(arguments.iter().copied()).collect();
        call(place.path(), &all).ends_with(0);
        names(&place.path().join("r"))
    };
    assert_eq!(run(&["--no-charts", "--no-tables"]), ["run.json", "summary.json"]);
    let without_charts = run(&["--no-charts"]);
    assert!(without_charts.contains(&"messages.csv".to_owned()));
    assert!(!without_charts.contains(&"report.html".to_owned()));
    let without_tables = run(&["--no-tables"]);
    assert!(!without_tables.contains(&"messages.csv".to_owned()));
    assert!(without_tables.contains(&"report.html".to_owned()));
    run(&["--charts", "png"]);
    let charts = names(&place.path().join("r/charts"));
    assert!(charts.iter().any(|name| name.ends_with(".png")), "{charts:?}");
    assert!(charts.iter().any(|name| name.ends_with(".svg")), "{charts:?}");
}

#[test]
fn json_on_standard_output_is_the_summary_file() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let said = call(place.path(), &["run", &three, "--format", "json", "--no-charts"]).ends_with(0);
    let file = place.path().join("output/three-recipients/summary.json");
    assert_eq!(said.out, fs::read_to_string(file).unwrap());
    let summary: Value = serde_json::from_str(&said.out).unwrap();
    // Of three recipients one does not exist (theory: 2 of 3).
    assert_eq!(summary["mail"]["submitted"], 3);
    assert_eq!(summary["mail"]["delivered"], 2);
    assert_eq!(summary["mail"]["failed"], 1);
    assert_eq!(summary["ledger"]["balances"], true);
    assert_eq!(summary["profiles"][0]["profile"], "postfix");
}

#[test]
fn changes_hold_in_the_order_given_and_are_written_down() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let changes = ["--set", "seed=5", "--seed", "7", "--unset", "outage.0", "--set", "seed=9"];
    let mut arguments = vec!["run", &three, "--no-charts", "--until", "90m"];
    arguments.extend(changes);
    call(place.path(), &arguments).ends_with(0);
    let result = place.path().join("output/three-recipients");
    let run = json(&result.join("run.json"));
    assert_eq!(run["seed"], 9);
    let expected =
        ["--set seed=5", "--set seed=7", "--unset outage.0", "--set seed=9", "--until 1h30m"];
    assert_eq!(run["overrides"], Value::from(expected.to_vec()));
    assert_eq!(run["duration_s"], 5400.0);
    let resolved = run["scenario"]["resolved"].as_str().unwrap();
    assert!(!resolved.contains("[[outage]]") && resolved.contains("seed = 9"), "{resolved}");
    let summary = json(&result.join("summary.json"));
    assert_eq!(summary["outages"], Value::from(Vec::<Value>::new()));
    assert_eq!(summary["run"]["duration_s"], 5400.0);
    // The resolved scenario is a scenario, and gives the same figures.
    fs::write(place.path().join("three-recipients.toml"), resolved).unwrap();
    let again = ["run", "three-recipients.toml", "--no-charts", "--until", "90m", "--out", "again"];
    call(place.path(), &again).ends_with(0);
    for name in ["summary.json", "messages.csv", "attempts.csv"] {
        let (a, b) = (fs::read(result.join(name)), fs::read(place.path().join("again").join(name)));
        assert_eq!(a.unwrap(), b.unwrap(), "{name}");
    }
}

#[test]
fn the_same_run_gives_the_same_folder() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    for out in ["a", "b"] {
        call(place.path(), &["run", &three, "--out", out]).ends_with(0);
    }
    assert!(contents(&place.path().join("a")) == contents(&place.path().join("b")));
}

#[test]
fn a_report_is_made_again_from_the_folder_alone() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "r"]).ends_with(0);
    let before = contents(&place.path().join("r"));
    fs::remove_dir_all(place.path().join("r/charts")).unwrap();
    fs::remove_file(place.path().join("r/report.html")).unwrap();
    call(place.path(), &["report", "r"]).ends_with(0);
    assert!(before == contents(&place.path().join("r")));
    call(place.path(), &["report", "gone"])
        .ends_with(3)
        .complains_of(&["gone/run.json is missing"]);
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    fs::create_dir(place.path().join("thesis")).unwrap();
    fs::write(place.path().join("thesis/chapter1.tex"), "years of work").unwrap();
    let said = call(place.path(), &["run", &three, "--out", "thesis"]).ends_with(3);
    said.complains_of(&["thesis", "left as it is", "--out"]);
    assert_eq!(said.out, "", "it is noticed before the run");
    assert_eq!(names(&place.path().join("thesis")), ["chapter1.tex"]);
    fs::write(place.path().join("file"), "x").unwrap();
    call(place.path(), &["run", &three, "--out", "file"]).ends_with(3).complains_of(&["no"]);
    assert_eq!(names(place.path()), ["file", "thesis"]);
}

/// Starts a run that would take minutes and sends it `signal` once it is under way.
fn interrupted_by(signal: &str) {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "r", "--no-charts"]).ends_with(0);
    let before = contents(&place.path().join("r"));
    let mut command = mailsim(place.path());
    command.args(["run", &scenario("long.toml"), "--out", "r"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while names(place.path()).len() == 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill can be run");
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("interrupted at") && error.contains("r is as it was"), "{error}");
    assert_eq!(names(place.path()), ["r"], "nothing half-written is left");
    assert!(before == contents(&place.path().join("r")));
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_the_former_result() {
    interrupted_by("-INT");
}

#[test]
#[cfg(unix)]
fn a_terminated_run_leaves_the_former_result() {
    interrupted_by("-TERM");
}

/// A small file system of its own, unmounted when it is dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(at: &Path, options: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_the_former_result() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let Some(_disk) = Mounted::new(place.path(), "size=256k") else {
        left_out("a_full_disk", "only root can mount a small disk");
        return;
    };
    let small = ["run", &three, "--out", "r", "--no-charts", "--no-tables"];
    call(place.path(), &small).ends_with(0);
    let before = contents(&place.path().join("r"));
    let begun = Instant::now();
    let said = call(place.path(), &["run", &scenario("long.toml"), "--out", "r"]).ends_with(3);
    said.complains_of(&["no space left", "former result is untouched"]);
    assert!(begun.elapsed() < Duration::from_secs(30), "the run ends when nothing can be written");
    assert_eq!(names(place.path()), ["r"]);
    assert!(before == contents(&place.path().join("r")));
}

#[test]
fn a_disk_that_cannot_be_written_is_noticed_before_the_run() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let Some(_disk) = Mounted::new(place.path(), "ro") else {
        left_out("a_disk_that_cannot_be_written", "only root can mount a read-only disk");
        return;
    };
    let said = call(place.path(), &["run", &three]).ends_with(3);
    said.complains_of(&["cannot create", "output"]);
    assert_eq!(said.out, "");
    call(place.path(), &["new", "first"]).ends_with(3).complains_of(&["cannot write first.toml"]);
}
