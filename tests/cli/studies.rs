//! `mailsim study`: what it writes, and that it matters neither how it is run nor what interrupts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{call, contents, folder, mailsim, names, scenario};

fn study() -> String {
    scenario("studies/outage.toml")
}

/// Runs the study into `out` of `place`, without charts, and returns all that is written.
fn made(place: &Path, out: &str, more: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    drawn(place, out, &[&["--no-charts"], more].concat())
}

/// Runs the study into `out` of `place` and returns all that is written.
fn drawn(place: &Path, out: &str, more: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let study = study();
    let all: Vec<&str> =
        ["study", &study, "--out", out].into_iter().chain(more.iter().copied()).collect();
    call(place, &all).ends_with(0);
    contents(&place.join(out))
}

fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
    let head = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
    [head].into_iter().chain(rows).collect()
}

#[test]
fn a_study_writes_its_tables() {
    let place = folder();
    let said = call(place.path(), &["study", &study()]).ends_with(0);
    for part in ["6 combinations × 4 replications", "delay of 95 %", "what matters", "best: "] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let result = place.path().join("output/outage");
    for name in ["study.csv", "estimates.csv", "comparisons.csv", "study.json", "run.json"] {
        assert!(names(&result).contains(&name.to_owned()), "{name}");
    }
    assert_eq!(names(&place.path().join("output")), ["outage"]);
    let runs = table(&result, "study.csv");
    assert_eq!(runs.len(), 1 + 6 * 4);
    assert_eq!(
        runs[0][..10],
        [
            "cell",
            "outage",
            "outage_s",
            "sender",
            "seed",
            "replication",
            "submitted",
            "delivered",
            "failed",
            "unfinished"
        ]
    );
    assert_eq!(runs[24][..6], ["5", "2h", "7200", "eager", "7", "3"]);
    let description: Value =
        serde_json::from_str(&fs::read_to_string(result.join("run.json")).unwrap()).unwrap();
    for (name, digest) in description["files"].as_object().unwrap() {
        let bytes = fs::read(result.join(name)).unwrap();
        assert_eq!(*digest, blake3::hash(&bytes).to_hex().to_string(), "{name}");
    }
    let text = fs::read_to_string(result.join("run.json")).unwrap();
    assert!(!text.contains(place.path().to_str().unwrap()), "{text}");
}

/// Every row of the study can be made again as a single run, with the changes that are told.
#[test]
fn a_row_is_a_run_that_can_be_repeated() {
    let place = folder();
    made(place.path(), "s", &["--set", "replications=2"]);
    let rows = table(&place.path().join("s"), "study.csv");
    let row = rows.iter().find(|row| row[..6] == ["5", "2h", "7200", "eager", "7", "1"]).unwrap();
    let base = scenario("studies/base.toml");
    let arguments = [
        "run",
        &base,
        "--unset",
        "expect",
        "--set",
        "outage.0.for=2h",
        "--set",
        "host.\"out.a.example\".mta={ profile = \"rfc5321\", gaps = [\"1m\"] }",
        "--set",
        "replication=1",
        "--format",
        "json",
        "--no-charts",
    ];
    let said = call(place.path(), &arguments).ends_with(0);
    let summary: Value = serde_json::from_str(&said.out).unwrap();
    let figure = |name: &str| {
        let place = rows[0].iter().position(|column| column == name).unwrap();
        row[place].parse::<f64>().unwrap()
    };
    assert_eq!(summary["mail"]["submitted"].as_f64(), Some(figure("submitted")));
    let p95 = summary["submission_to_delivery"]["p95"].as_f64();
    assert_eq!(p95, Some(figure("submission_to_delivery.p95")));
    assert_eq!(summary["outages"][0]["drain_s"].as_f64(), Some(figure("outages.0.drain_s")));
}

#[test]
fn neither_threads_nor_shards_change_a_byte() {
    let place = folder();
    let whole = made(place.path(), "whole", &[]);
    assert_eq!(made(place.path(), "one", &["--threads", "1"]), whole);
    assert_eq!(made(place.path(), "three", &["--threads", "3"]), whole);
    // Shards in any order, one of them twice; then the parts are joined.
    for shard in ["3/4", "1/4", "4/4", "1/4"] {
        made(place.path(), "parts", &["--shard", shard]);
    }
    let study = study();
    let merge = ["study", &study, "--out", "parts", "--merge"];
    let said = call(place.path(), &merge).ends_with(3);
    said.complains_of(&["6 runs are missing", "18 are there"]);
    made(place.path(), "parts", &["--shard", "2/4"]);
    assert_eq!(made(place.path(), "parts", &["--merge"]), whole);
    // The same command again makes everything again.
    assert_eq!(made(place.path(), "whole", &[]), whole);
}

#[test]
fn shards_may_begin_at_the_same_time() {
    let place = folder();
    let shards: Vec<_> = ["1/3", "2/3", "3/3"]
        .into_iter()
        .map(|shard| {
            let mut command = mailsim(place.path());
            command.args(["study", &study(), "--out", "parts", "--shard", shard, "--quiet"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for shard in shards {
        let output = shard.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(made(place.path(), "parts", &["--merge"]), made(place.path(), "whole", &[]));
    assert_eq!(names(place.path()), ["parts", "whole"]);
}

#[test]
fn charts_and_page_have_the_same_bytes_too() {
    let place = folder();
    let few = ["--set", "replications=2"];
    let whole = drawn(place.path(), "whole", &few);
    made(place.path(), "parts", &[&few[..], &["--shard", "2/2"]].concat());
    made(place.path(), "parts", &[&few[..], &["--shard", "1/2"]].concat());
    assert_eq!(drawn(place.path(), "parts", &[&few[..], &["--merge"]].concat()), whole);
}

#[test]
fn a_precision_is_reached_alike_in_one_piece_and_in_shards() {
    let place = folder();
    let precision = [
        "--unset",
        "replications",
        "--set",
        "precision={ figure = \"outages.0.drain_s\", relative = 0.1, at_least = 3, at_most = 12 }",
    ];
    let whole = made(place.path(), "whole", &precision);
    for shard in ["2/2", "1/2"] {
        made(place.path(), "parts", &[&precision[..], &["--shard", shard]].concat());
    }
    assert_eq!(made(place.path(), "parts", &[&precision[..], &["--merge"]].concat()), whole);
    let study = fs::read_to_string(place.path().join("whole/study.json")).unwrap();
    let study: Value = serde_json::from_str(&study).unwrap();
    let replications = study["study"]["replications"].as_u64().unwrap();
    assert!((3..=12).contains(&replications), "{replications}");
    for estimate in study["estimates"].as_array().unwrap() {
        let interval = &estimate["estimate"]["interval"];
        let half = (interval["high"].as_f64().unwrap() - interval["low"].as_f64().unwrap()) / 2.0;
        let mean = estimate["estimate"]["mean"].as_f64().unwrap();
        if estimate["figure"] == 4 && replications < 12 {
            assert!(half <= 0.1 * mean, "{estimate}");
        }
    }
}

/// Starts the study with many replications and waits until some of its runs are kept.
fn started(place: &Path, out: &str) -> std::process::Child {
    let mut command = mailsim(place);
    command.args(["study", &study(), "--out", out, "--set", "replications=20"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    let kept = || {
        let rows = fs::read_dir(place.join(out).join("rows")).ok()?;
        let lines = |path: PathBuf| fs::read_to_string(path).unwrap_or_default().lines().count();
        Some(rows.map(|entry| lines(entry.unwrap().path())).sum::<usize>())
    };
    while kept().unwrap_or(0) < 5 {
        assert!(begun.elapsed() < Duration::from_secs(120), "no run is kept");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_killed_study_goes_on_where_it_was() {
    let place = folder();
    let mut child = started(place.path(), "killed");
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    // A line that the kill cut off is no run.
    let rows = place.path().join("killed/rows");
    fs::write(rows.join("whole-0-0.jsonl"), "{\"key\":\"abc\",\"figu").unwrap();
    let study = study();
    let more = ["study", &study, "--set", "replications=20", "--no-charts", "--out"];
    let said = call(place.path(), &[&more[..], &["killed"]].concat()).ends_with(0);
    said.complains_of(&["runs were made before and are kept"]);
    call(place.path(), &[&more[..], &["whole"]].concat()).ends_with(0);
    let (killed, whole) = (place.path().join("killed"), place.path().join("whole"));
    assert_eq!(contents(&killed), contents(&whole));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_keeps_what_is_finished() {
    let place = folder();
    let child = started(place.path(), "stopped");
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{errors}");
    assert!(errors.contains("interrupted;") && errors.contains("the same command"), "{errors}");
    let result = place.path().join("stopped");
    assert_eq!(names(&result), ["rows", "run.json"]);
    // Whoever does not want the rest forgets it.
    made(place.path(), "stopped", &["--restart"]);
    assert_eq!(contents(&result), made(place.path(), "whole", &[]));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let place = folder();
    let thesis = place.path().join("thesis");
    fs::create_dir(&thesis).unwrap();
    fs::write(thesis.join("chapter1.tex"), "years of work").unwrap();
    let study = study();
    let said = call(place.path(), &["study", &study, "--out", "thesis"]).ends_with(3);
    said.complains_of(&["thesis is not empty", "--out"]);
    assert_eq!(names(&thesis), ["chapter1.tex"]);
    call(place.path(), &["study", &study, "--merge"]).ends_with(3);
    assert_eq!(names(place.path()), ["thesis"]);
}

#[test]
fn a_study_that_cannot_be_run_is_explained() {
    let place = folder();
    let study = study();
    let wrong = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["study", &study].into_iter().chain(arguments.iter().copied()).collect();
        call(place.path(), &all).ends_with(2)
    };
    wrong(&["--set", "replications=0"]).complains_of(&["command line: --set replications=0"]);
    wrong(&["--set", "factor.outage.path=outage.0.fro"]).complains_of(&["`fro` is not a key"]);
    wrong(&["--set", "warm_up=6h"]).complains_of(&["leaves nothing to count"]);
    wrong(&["--set", "factor.outage.levels=[\"1h\", 3]"])
        .complains_of(&["found \"3\", a number without a unit"]);
    wrong(&["--shard", "5/4"]).complains_of(&["1/4 to 4/4"]);
    wrong(&["--shard", "1/4", "--merge"]).complains_of(&["cannot be used with"]);
    call(place.path(), &["study", "gone.toml"]).ends_with(3);
    // A scenario is no study, and a study no scenario.
    call(place.path(), &["study", &scenario("studies/base.toml")])
        .ends_with(2)
        .complains_of(&["is a scenario and no study: run it with"]);
    assert_eq!(names(place.path()), [""; 0]);
}

#[test]
fn json_is_the_file() {
    let place = folder();
    let arguments = [
        "study",
        &study(),
        "--set",
        "replications=2",
        "--format",
        "json",
        "--quiet",
        "--no-charts",
    ];
    let said = call(place.path(), &arguments).ends_with(0);
    let file = fs::read_to_string(place.path().join("output/outage/study.json")).unwrap();
    assert_eq!((said.out, said.err), (file, String::new()));
}

#[test]
fn charts_and_page_are_made_again_from_the_folder() {
    let place = folder();
    drawn(place.path(), "s", &["--set", "replications=2"]);
    let result = place.path().join("s");
    let before = contents(&result);
    let charts = names(&result.join("charts"));
    for name in ["means-submission_to_delivery.p95.svg", "heat-delivered_share.svg", "delays.svg"] {
        assert!(charts.contains(&name.to_owned()), "{name} is not among {charts:?}");
    }
    let page = fs::read_to_string(result.join("report.html")).unwrap();
    assert!(page.contains("default-src 'none'") && page.contains("<svg"), "the page is closed");
    fs::remove_dir_all(result.join("charts")).unwrap();
    fs::remove_file(result.join("report.html")).unwrap();
    call(place.path(), &["report", "s"]).ends_with(0);
    assert_eq!(contents(&result), before);
    let without = made(place.path(), "t", &["--set", "replications=2"]);
    assert!(!without.iter().any(|(name, _)| name.ends_with("report.html")));
}

#[test]
fn scenarios_are_compared_in_pairs() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let arguments = [
        "compare",
        &base,
        "--set",
        "outage.0.for=2h",
        "--unset",
        "outage.0",
        "--replications",
        "4",
        "--seed",
        "3",
        "--figure",
        "submission_to_delivery.mean",
        "--no-charts",
    ];
    let said = call(place.path(), &arguments).ends_with(0);
    assert!(said.out.contains("outage.0.for=2h − as it is"), "{}", said.out);
    assert!(said.out.contains("without outage.0 − as it is"), "{}", said.out);
    let result = place.path().join("output/compare-base");
    let rows = table(&result, "comparisons.csv");
    assert_eq!(rows.len(), 3);
    let column = |row: &[String], name: &str| {
        let place = rows[0].iter().position(|column| column == name).unwrap();
        row[place].parse::<f64>().unwrap()
    };
    // An hour more is later by far more than chance; without any outage mail is earlier.
    assert!(column(&rows[1], "ci_low") > 600.0, "{:?}", rows[1]);
    assert!(column(&rows[2], "ci_high") < 0.0, "{:?}", rows[2]);
    // The same mail is sent everywhere.
    let runs = table(&result, "study.csv");
    let submitted = |cell: &str| -> Vec<String> {
        let of_cell = runs.iter().filter(|row| row[0] == cell);
        of_cell.map(|row| row[4].clone()).collect()
    };
    assert_eq!(submitted("0"), submitted("1"));
    assert_eq!(submitted("0"), submitted("2"));
    // Two files.
    fs::copy(&base, place.path().join("a.toml")).unwrap();
    let text = fs::read_to_string(&base).unwrap().replace("for = \"1h\"", "for = \"2h\"");
    fs::write(place.path().join("b.toml"), text).unwrap();
    let said = call(
        place.path(),
        &["compare", "a.toml", "b.toml", "--replications", "2", "--no-charts", "--unset", "expect"],
    );
    let said = said.ends_with(0);
    assert!(said.out.contains("b − a"), "{}", said.out);
    let run = fs::read_to_string(place.path().join("output/compare-a-b/run.json")).unwrap();
    assert!(!run.contains(place.path().to_str().unwrap()), "{run}");
}

#[test]
fn a_variant_may_have_a_name_and_several_changes() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let fixed =
        ["compare", &base, "--unset", "expect", "--replications", "2", "--no-charts", "--figure"];
    let variants = [
        "delivered_share",
        "--variant",
        "long and slow",
        "--set",
        "outage.0.for=2h",
        "--set",
        "defaults.latency=90ms",
        "--variant",
        "none",
        "--unset",
        "outage.0",
    ];
    let all = [&fixed[..], &variants].concat();
    let said = call(place.path(), &all).ends_with(0);
    assert!(said.out.contains("long and slow \u{2212} as it is"), "{}", said.out);
    assert!(said.out.contains("none \u{2212} as it is"), "{}", said.out);
    let study = fs::read_to_string(place.path().join("output/compare-base/study.json")).unwrap();
    let study: Value = serde_json::from_str(&study).unwrap();
    let changes = |cell: usize| study["study"]["cells"][cell]["changes"].as_array().unwrap().len();
    // What stands before the first name holds for all.
    assert_eq!([changes(0), changes(1), changes(2)], [1, 3, 2]);
    let empty = [&fixed[..], &["delivered_share", "--variant", "nothing"]].concat();
    call(place.path(), &empty).ends_with(2).complains_of(&["the variant nothing changes nothing"]);
    let two = ["compare", &base, &base, "--variant", "x", "--set", "seed=2"];
    call(place.path(), &two).ends_with(2).complains_of(&["variants are of one scenario"]);
}

/// The first length at which the mean is beyond the bound, and the one a step before, by single runs.
#[test]
fn a_threshold_is_where_the_mean_crosses_the_bound() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let bound = "submission_to_delivery.mean > 10min";
    let arguments = [
        "threshold",
        &base,
        "--vary",
        "outage.0.for",
        "--from",
        "1min",
        "--to",
        "2h",
        "--step",
        "10min",
    ];
    let more = ["--when", bound, "--replications", "3", "--format", "json"];
    let said = call(place.path(), &[&arguments[..], &more].concat()).ends_with(0);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let at = found["threshold"].as_f64().expect("it is crossed");
    let low = found["surely_not_up_to"].as_f64().unwrap_or(0.0);
    let high = found["surely_from"].as_f64().unwrap_or(f64::INFINITY);
    assert!(low < at && at <= high, "{low} {at} {high}");
    let mean = |length: f64| {
        let run = |replication: u64| {
            let (length, number) =
                (format!("outage.0.for={length}s"), format!("replication={replication}"));
            let arguments = [
                "figures",
                &base,
                "submission_to_delivery.mean",
                "--format",
                "csv",
                "--set",
                &length,
                "--set",
                &number,
            ];
            let said = call(place.path(), &arguments).ends_with(0);
            let last = said.out.trim().rsplit(['\n', ',']).map(str::to_owned).collect::<Vec<_>>();
            last.iter().find_map(|cell| cell.parse::<f64>().ok()).expect("a value")
        };
        (0..3).map(run).sum::<f64>() / 3.0
    };
    assert!(mean(at) > 600.0, "{} at {at}", mean(at));
    assert!(mean(at - 600.0) <= 600.0, "{} before {at}", mean(at - 600.0));
    let text =
        call(place.path(), &[&arguments[..], &["--when", bound, "--replications", "3"]].concat());
    let text = text.ends_with(0).out;
    assert!(
        text.starts_with("From which outage.0.for on is submission_to_delivery.mean > 10 min"),
        "{text}"
    );
    for (wrong, part) in
        [("failed_share", "compares nothing"), ("failed_share > 3h", "is counted in share")]
    {
        let arguments = [&arguments[..], &["--when", wrong]].concat();
        call(place.path(), &arguments).ends_with(2).complains_of(&[part]);
    }
}

#[test]
fn two_variants_are_played_side_by_side() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let made = |out: &str, threads: &str| {
        let variant = "outage.0.for=2h";
        let fixed = ["compare", &base, "--set", variant, "--replications", "2"];
        let all = [&fixed[..], &["--out", out, "--threads", threads]].concat();
        let said = call(place.path(), &all).ends_with(0);
        assert!(said.err.contains("side-by-side.html"), "{}", said.err);
        contents(&place.path().join(out))
    };
    let files = made("one", "1");
    assert_eq!(files, made("two", "2"), "threads change nothing");
    let result = place.path().join("one");
    let run: Value = serde_json::from_slice(&fs::read(result.join("run.json")).unwrap()).unwrap();
    for name in ["side-by-side.html", "side-by-side.csv", "trace-1.jsonl", "trace-2.jsonl"] {
        let digest = blake3::hash(&fs::read(result.join(name)).unwrap()).to_hex().to_string();
        assert_eq!(run["files"][name], digest, "{name}");
    }
    let page = fs::read_to_string(result.join("side-by-side.html")).unwrap();
    assert!(page.contains("default-src 'none'"));
    assert_eq!(page.matches("class=\"run\"").count(), 2);
    // What ends before the outages differ, ends at the same instant; all mail is the same.
    let rows = table(&result, "side-by-side.csv");
    let of = |name: &str| -> Vec<Vec<String>> {
        rows.iter().filter(|row| row[0] == name).map(|row| row[1..].to_vec()).collect()
    };
    let (first, second) = (of("as it is"), of("outage.0.for=2h"));
    assert!(first.len() > 200 && first.len() == second.len());
    let mut before = 0;
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one[..3], other[..3], "message, recipient, submission");
        if one[4].parse::<f64>().is_ok_and(|ended| ended < 2.0 * 3_600.0) {
            assert_eq!(one, other);
            before += 1;
        }
    }
    assert!(before > 20, "{before}");
    // The pages come from the folder's files alone.
    fs::remove_file(result.join("side-by-side.html")).unwrap();
    call(place.path(), &["report", "one"]).ends_with(0);
    assert_eq!(contents(&result), files);
}

#[test]
fn of_three_variants_the_first_is_played_beside_each() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let arguments = [
        "compare",
        &base,
        "--set",
        "outage.0.for=2h",
        "--unset",
        "outage.0",
        "--replications",
        "2",
    ];
    call(place.path(), &arguments).ends_with(0);
    let files = names(&place.path().join("output/compare-base"));
    for name in ["side-by-side-2.html", "side-by-side-3.html", "trace-3.jsonl"] {
        assert!(files.contains(&name.to_owned()), "{name}");
    }
    assert!(!files.contains(&"side-by-side.html".to_owned()));
}

#[test]
fn comparisons_that_cannot_be_made_are_explained() {
    let place = folder();
    let base = scenario("studies/base.toml");
    let compare = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["compare", &base].into_iter().chain(arguments.iter().copied()).collect();
        call(place.path(), &all).ends_with(2)
    };
    compare(&[]).complains_of(&["nothing to compare with"]);
    compare(&[&base]).complains_of(&["one of them is enough"]);
    compare(&["--set", "outage.0.for=2h", "--figure", "delivered_shara"])
        .complains_of(&["no figure `delivered_shara`", "did you mean `delivered_share`?"]);
    compare(&["--set", "outage.0.fro=2h"]).complains_of(&["`fro` is not a key"]);
    compare(&["--set", "outage.0.for=2h", "--warm-up", "6h"])
        .complains_of(&["leaves nothing to count"]);
    compare(&["--set", "outage.0.for=2h", "--replications", "1"]).complains_of(&["1"]);
    assert_eq!(names(place.path()), [""; 0]);
}

#[test]
fn studies_are_checked_and_have_a_schema() {
    let said = call(folder().path(), &["check", &study()]).ends_with(0);
    assert!(said.out.contains("ok, 6 combinations of 2 factors"), "{}", said.out);
    let set = ["check", &study(), "--set", "factor.outage.path=outage.0.fro"];
    call(folder().path(), &set).ends_with(2).complains_of(&["did you mean `from`?"]);
    let schema = call(folder().path(), &["schema", "--study"]).ends_with(0).out;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["scenario"]));
    assert!(schema["properties"]["factor"].is_object());
}
