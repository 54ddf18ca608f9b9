//! Figures of parts of the mail, held against a recomputation from the tables by another program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::left_out::left_out;
use super::program::{call, folder, scenario};

/// Runs the scenario of many kinds of mail into a folder.
fn run_parts(place: &Path) {
    call(place, &["run", &scenario("parts.toml"), "--out", "run", "--no-charts"]).ends_with(0);
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Returns what Python computes from the tables of a folder.
fn recomputed(run: &Path) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/recompute.py");
    let Ok(output) = Command::new("python3").arg(script).arg(run).output() else {
        left_out("the recomputation of figures", "python3 cannot be started");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Returns the figures that `mailsim figures` computes of a place.
fn values(folder: &Path, place: &str, names: &[String]) -> BTreeMap<String, Option<f64>> {
    let mut arguments = vec!["figures", place];
    arguments.extend(names.iter().map(String::as_str));
    arguments.extend(["--format", "json"]);
    let said = call(folder, &arguments).ends_with(0);
    let rows: Vec<Value> = serde_json::from_str(&said.out).unwrap();
    rows.iter()
        .map(|row| (row["figure"].as_str().unwrap().to_owned(), row["value"].as_f64()))
        .collect()
}

#[test]
fn figures_of_any_part_are_those_that_the_tables_give() {
    let place = folder();
    run_parts(place.path());
    let Some(recomputed) = recomputed(&place.path().join("run")) else { return };
    let wanted = recomputed["figures"].as_object().unwrap();
    let names: Vec<String> = wanted.keys().cloned().collect();
    assert!(names.len() > 150, "{}", names.len());
    // What is divided here is there: no figure agrees because both sides have nothing.
    for kind in ["refusal_notice", "expiry_notice", "backup_notice", "list_copy"] {
        assert!(wanted[&format!("kind:{kind}/mail.submitted")].as_f64() > Some(0.0), "{kind}");
    }
    for source in ["run", &scenario("parts.toml")] {
        let found = values(place.path(), source, &names);
        for (name, wanted) in wanted {
            match (wanted.as_f64(), found[name]) {
                // Tables keep microseconds.
                (Some(wanted), Some(found)) => {
                    assert!((wanted - found).abs() <= 3e-6, "{source}: {name} {wanted} {found}");
                }
                (wanted, found) => assert_eq!(wanted, found, "{source}: {name}"),
            }
        }
    }
}

#[test]
fn queues_obey_littles_law_and_have_a_row_for_every_sample() {
    let place = folder();
    run_parts(place.path());
    let run = json(&place.path().join("run/run.json"));
    assert_eq!(
        (run["sample_every"].as_str(), run["sample_every_s"].as_f64()),
        (Some("1m"), Some(60.0))
    );
    let Some(recomputed) = recomputed(&place.path().join("run")) else { return };
    let summary = json(&place.path().join("run/summary.json"));
    let little = recomputed["little"].as_object().unwrap();
    for (host, told) in little {
        assert_eq!(told["rows"].as_u64(), Some(8 * 60), "{host}");
    }
    // Nothing is made at these hosts themselves, so all that was in their queues came to them.
    for host in ["mx2.down.example", "smtp.two.example"] {
        let mean = summary["hosts"][host]["mean_queue"].as_f64().unwrap();
        let law = little[host]["law"].as_f64().unwrap();
        let samples = little[host]["samples"].as_f64().unwrap();
        assert!(mean > 0.5, "{host} has a queue: {mean}");
        assert!(
            (mean - law).abs() < 0.001 * mean.max(1.0),
            "{host}: {mean} by count, {law} by the law"
        );
        assert!((mean - samples).abs() < 0.03 * mean.max(1.0), "{host}: {mean}, {samples} sampled");
    }
}

#[test]
fn figures_that_a_scenario_asks_for_stand_in_the_summary_and_on_the_terminal() {
    let place = folder();
    let file = scenario("parts.toml");
    let asked = "during:late/delivered_share";
    let arguments = ["run", &file, "--out", "run", "--no-charts", "--figure", asked];
    let said = call(place.path(), &arguments).ends_with(0);
    let summary = json(&place.path().join("run/summary.json"));
    for name in ["to:down.example/submission_to_delivery.p95", "first_try_deferred_share", asked] {
        assert!(summary["figures"][name].is_number(), "{name} is not in {}", summary["figures"]);
        assert!(said.out.contains(name), "{name} is not in\n{}", said.out);
    }
    let met = "during:outage.0/delivered_share at most 99 %: met (";
    assert!(said.out.contains(met), "{}", said.out);
}

#[test]
fn bounds_are_read_in_the_unit_of_their_figure() {
    let place = folder();
    let file = scenario("parts.toml");
    let with = |expected: &str| {
        let set = format!("expect=[{{ figure = \"submission_to_delivery.max\", {expected} }}]");
        call(
            place.path(),
            &["run", &file, "--out", "run", "--no-charts", "--no-tables", "--set", &set],
        )
    };
    with("at_most = \"3h\"").ends_with(0);
    with("at_most = \"2h30m\"").ends_with(1).complains_of(&["at most 2h30m", "NOT met (2h 3"]);
    with("at_most = \"5%\"").ends_with(2).complains_of(&["counts in s", "3h"]);
    let share = "expect=[{ figure = \"to:down.example/failed_share\", at_most = \"1 %\" }]";
    let said = call(place.path(), &["run", &file, "--out", "run", "--no-charts", "--set", share]);
    said.ends_with(1).complains_of(&["to:down.example/failed_share at most 1 %: NOT met ("]);
}

#[test]
fn what_is_asked_wrongly_is_told_before_the_run() {
    let place = folder();
    let file = scenario("parts.toml");
    for (name, parts) in [
        ("to:dwon.example/delivered_share", ["no domain `dwon.example`", "down.example"]),
        ("entry:bulky/delivered_share", ["no [[mail]] entry `bulky`", "bulk"]),
        ("during:outage.7/delivered_share", ["no outage or window `outage.7`", "outage.0"]),
        ("kind:bounce/mail.submitted", ["no kind of message `bounce`", "failure_notice"]),
        ("to:down.example/peak_queue", ["no figure `peak_queue`", "mailsim figures"]),
        ("submission_to_delivery.p0", ["no figure `submission_to_delivery.p0`", "p50"]),
    ] {
        let said = call(place.path(), &["run", &file, "--figure", name]).ends_with(2);
        said.complains_of(&parts);
        let set = format!("expect=[{{ figure = \"{name}\", at_most = 1 }}]");
        let said = call(place.path(), &["check", &file, "--set", &set]);
        assert_ne!(said.status, 0, "{name}");
    }
}

#[test]
fn a_figure_is_divided_by_whose_mail_it_is() {
    let place = folder();
    run_parts(place.path());
    let by = |words: &str| {
        let arguments = ["figures", "run", "failed_share", "--by", words, "--format", "csv"];
        call(place.path(), &arguments).ends_with(0).out
    };
    let lines = by("from,to");
    assert!(lines.starts_with("from,to,recipients,failed_share\n"), "{lines}");
    assert_eq!(lines.lines().count(), 1 + 3, "{lines}");
    assert!(by("entry").contains("\nbulk,"), "named where it has a name");
    assert!(by("kind").contains("\nfailure_notice,30,0\n"));
    let said = call(place.path(), &["figures", "run", "hops.counts.2", "--by", "to"]).ends_with(2);
    said.complains_of(&["no figure of mail"]);
}

#[test]
fn queues_by_age_are_the_same_from_a_folder_and_from_a_scenario() {
    let place = folder();
    run_parts(place.path());
    let shape = |place_of_run: &str, format: &str| {
        let host = "mx2.down.example";
        let arguments = ["queue", place_of_run, host, "--at", "3h", "--format", format];
        call(place.path(), &arguments).ends_with(0).out
    };
    let text = shape("run", "text");
    assert_eq!(text, shape(&scenario("parts.toml"), "text"));
    let total = text.lines().find(|line| line.contains("TOTAL")).unwrap();
    let counts: Vec<u64> = total.split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect();
    assert!(counts[0] > 20 && counts[1..].iter().sum::<u64>() == counts[0], "{text}");
    let csv = shape("run", "csv");
    let of_row = |line: &str| line.rsplit(',').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(csv.lines().skip(1).map(of_row).sum::<u64>(), counts[0]);
    let said = call(place.path(), &["queue", "run", "mx2.down.exampl"]).ends_with(2);
    said.complains_of(&["did you mean mx2.down.example?"]);
}

#[test]
fn a_run_is_told_in_two_sentences_that_are_true() {
    let place = folder();
    let told = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
        let arguments = ["run", file.to_str().unwrap(), "--out", name, "--no-charts"];
        let said = call(place.path(), &arguments).ends_with(0).out;
        for line in said.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let verdict: Vec<&str> = said.split("\n\n").nth(1).unwrap().lines().collect();
        verdict.join(" ")
    };
    // A sender that gives up after 4 h loses what was sent in the first 9 of 13 hours: 10 each hour.
    let outage = told("provider-outage");
    let messages =
        std::fs::read_to_string(place.path().join("provider-outage/messages.csv")).unwrap();
    let lost = messages.lines().filter(|line| line.contains(",mail,") && line.contains(",failed,"));
    let (lost, all) =
        (lost.count(), messages.lines().filter(|line| line.contains(",mail,")).count());
    assert!((89..=91).contains(&lost));
    assert!(outage.starts_with(&format!("{lost} of {all} recipients (")), "{outage}");
    assert!(outage.contains("given up after 4 h (median)"), "{outage}");
    assert!(outage.contains("the retry schedules decide how late mail is."), "{outage}");
    // Nothing waits in a queue here, and the outage is never over.
    let blackholed = told("blackholed-exchanger");
    assert!(blackholed.starts_with("Nothing was lost; what arrived took 1 min."), "{blackholed}");
    assert!(blackholed.contains("lasted to the end"), "{blackholed}");
    assert!(blackholed.contains("how long clients wait for an answer decides"), "{blackholed}");
    // A refusal is no lack of patience.
    let refused = told("mail-loop");
    assert!(refused.contains("The message was lost. What was lost had been refused"), "{refused}");
}
