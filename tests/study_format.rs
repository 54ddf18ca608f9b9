//! Study files: what they may hold, and what is said of those that cannot be used.

use mailsim::measure::{AskedFigure, Delay, MailFigure};
use mailsim::scenario::{Override, ProblemKind, Problems, Source};
use mailsim::study::{Better, LoadedStudy, Replications, Width, load_study};
use mailsim::units::SimDuration;

const BASE: &str = r#"
title = "base"
seed = 7
duration = "6h"
[[host]]
name = "out.a.example"
roles = ["submission", "relay"]
mta = "postfix"
[[host]]
name = "mx.b.example"
roles = ["mx", "store"]
mta = "postfix"
[[domain]]
name = "a.example"
mx = ["out.a.example"]
mailboxes = ["alice"]
[[domain]]
name = "b.example"
mx = ["mx.b.example"]
mailboxes = ["bob"]
[[mail]]
from = "alice@a.example"
to = "bob@b.example"
arrivals = { every = "10m" }
[[outage]]
host = "mx.b.example"
mode = "refuse"
from = "1h"
for = "1h"
[[expect]]
figure = "delivered_share"
equals = 1
"#;

fn read(text: &str, overrides: &[&str]) -> Result<LoadedStudy, Problems> {
    let files = |name: &str| match name {
        "../base.toml" => Ok(BASE.to_owned()),
        "../longer.toml" => Ok(BASE.replace("duration = \"6h\"", "duration = \"9h\"")),
        _ => Err("No such file".to_owned()),
    };
    let source = Source { file: "studies/s.toml", text, read_file: &files };
    let overrides: Vec<Override> =
        overrides.iter().map(|text| Override::set(text).expect("a right override")).collect();
    load_study(&source, &overrides)
}

#[track_caller]
fn good(text: &str) -> LoadedStudy {
    read(text, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Reads a study whose base is given already, and makes sure of the first problem: where it is
/// marked and what is said.
#[track_caller]
fn refused(rest: &str, kind: ProblemKind, marked: &str, parts: &[&str]) {
    let text = format!("scenario = \"../base.toml\"\n{rest}\n");
    let problems = read(&text, &[]).expect_err("the study is wrong");
    let problem = &problems.0[0];
    let told = problems.render(false);
    assert_eq!(problem.kind, kind, "{told}");
    assert_eq!(&text[problem.span.clone()], marked, "{told}");
    assert!(problem.file == "studies/s.toml" && problem.line > 0, "{told}");
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
}

const FACTORS: &str = r#"
scenario = "../base.toml"
replications = 4
warm_up = "30m"
set = { "mail.0.arrivals.every" = "5m" }
figures = [
  "delivered_share",
  { figure = "submission_to_delivery.p95", label = "delay", better = "lower" },
  { of = "submission_to_delivery", quantile = 0.999 },
  { of = "submission_to_retrieval", within = "7m", better = "higher" },
]
[[factor]]
name = "outage"
path = "outage.0.for"
levels = ["1h", "4h"]
[[factor]]
name = "sender"
alternative = [
  { name = "as it is" },
  { name = "eager", set = { "host.\"out.a.example\".mta" = { profile = "rfc5321", gaps = ["1m"] } } },
  { name = "no outage", unset = ["outage"] , scenario = "../longer.toml"},
]
"#;

#[test]
fn a_design_is_every_combination_of_levels() {
    // Where there is no outage its length cannot be set: the last alternative comes to nothing
    // unless what is left out goes last, so this study uses another one.
    let text = FACTORS.replace("unset = [\"outage\"] , ", "");
    let LoadedStudy { study, warnings, .. } = good(&text);
    assert!(warnings.0.is_empty(), "{warnings}");
    assert_eq!(study.cells.len(), 6);
    assert!(study.is_full_factorial());
    assert_eq!(study.cell_name(4), "outage = 4h, sender = eager");
    assert_eq!(study.seed, 7);
    assert_eq!(study.warm_up, SimDuration::from_minutes(30));
    assert_eq!(study.replications, Replications::Fixed(4));
    assert!(study.cells[4].resolved.contains("for = \"4h\""), "{}", study.cells[4].resolved);
    assert!(study.cells[4].resolved.contains("every = \"5m\""));
    assert!(study.cells[4].resolved.contains("1m"));
    assert!(!study.cells[0].resolved.contains("expect"), "bounds of the base do not bind a study");
    assert_eq!(study.cells[5].scenario.duration, SimDuration::from_hours(9));
    assert_eq!(
        study.cells[4].changes,
        [
            "--set mail.0.arrivals.every=\"5m\"",
            "--set outage.0.for=\"4h\"",
            "--set host.\"out.a.example\".mta={ gaps = [\"1m\"], profile = \"rfc5321\" }",
        ]
    );
    let figures = &study.figures;
    assert_eq!(figures[1].better, Some(Better::Lower));
    assert_eq!(figures[1].label, "delay");
    // A quantile is the figure of its name, whichever way it is asked for.
    let by_name = MailFigure::of("submission_to_delivery.p99.9");
    assert!(
        matches!(&figures[2].asked, AskedFigure::Mail { figure, .. } if Some(*figure) == by_name)
    );
    assert_eq!(study.delays(), [Delay::Delivery, Delay::Retrieval]);
    assert_eq!(figures[3].name, "submission_to_retrieval.within.7m");
}

#[test]
fn one_figure_asked_for_in_two_ways_is_asked_for_twice() {
    let second = r#"{ of = "submission_to_delivery", quantile = 0.95 }"#;
    refused(
        &format!("figures = [\"submission_to_delivery.p95\", {second}]"),
        ProblemKind::Duplicate,
        second,
        &["`submission_to_delivery.p95` is asked for twice"],
    );
}

#[test]
fn combinations_may_be_listed() {
    let text = FACTORS.replace("unset = [\"outage\"] , ", "")
        + "combination = [{ outage = \"1h\", sender = \"eager\" }, { sender = \"as it is\", outage = \"4h\" }]";
    // The list belongs before the tables.
    let (head, list) = text.split_once("combination").expect("it was put there");
    let text = format!("combination{list}\n{head}");
    let study = good(&text).study;
    let levels: Vec<_> = study.cells.iter().map(|cell| cell.levels.clone()).collect();
    assert_eq!(levels, [[0, 1], [1, 0]]);
    assert!(!study.is_full_factorial());
}

#[test]
fn a_precision_replaces_the_number_of_replications() {
    let text = "scenario = \"../base.toml\"\nprecision = { figure = \"delivered_share\", relative = 0.05, at_most = 50 }";
    assert_eq!(
        good(text).study.replications,
        Replications::Until { figure: 0, width: Width::Relative(0.05), at_least: 10, at_most: 50 }
    );
}

#[test]
fn the_command_line_changes_keys_of_the_study() {
    let loaded = read("scenario = \"../base.toml\"", &["replications=6", "seed=9"]);
    let study = loaded.expect("it is right").study;
    assert_eq!((study.replications.clone(), study.seed), (Replications::Fixed(6), 9));
    let wrong = read("scenario = \"../base.toml\"", &["replications=0"]).expect_err("none at all");
    assert!(wrong.to_string().contains("command line: --set replications=0"), "{wrong}");
    let wrong = read("scenario = \"../base.toml\"", &["replicatons=3"]).expect_err("misspelt");
    assert!(wrong.to_string().contains("did you mean `replications`?"), "{wrong}");
}

#[test]
fn paths_of_factors_must_lead_somewhere() {
    let factor =
        |path: &str| format!("[[factor]]\nname = \"f\"\npath = {path}\nlevels = [\"1h\", \"2h\"]");
    refused(
        &factor("\"outage.0.fro\""),
        ProblemKind::UnknownKey,
        "\"outage.0.fro\"",
        &["`fro` is not a key of an outage", "did you mean `from`?"],
    );
    refused(
        &factor("\"outage.3.for\""),
        ProblemKind::Override,
        "\"outage.3.for\"",
        &["`outage` has no entry `3`", "an index from 0 to 0"],
    );
    refused(
        &factor("\"host.\\\"mx.c.example\\\".count\""),
        ProblemKind::Override,
        "\"host.\\\"mx.c.example\\\".count\"",
        &["did you mean `\"mx.b.example\"`?"],
    );
    refused(&factor("\"a..b\""), ProblemKind::BadValue, "\"a..b\"", &["cannot be read"]);
    refused(
        &factor("\"seed\""),
        ProblemKind::Contradiction,
        "\"seed\"",
        &["gives each run its seed", "`replications` of the study"],
    );
}

#[test]
fn levels_must_be_of_the_right_type() {
    let factor = |levels: &str| {
        format!("[[factor]]\nname = \"f\"\npath = \"outage.0.for\"\nlevels = {levels}")
    };
    refused(
        &factor("[\"1h\", true]"),
        ProblemKind::WrongType,
        "true",
        &["found true", "a duration such as"],
    );
    refused(
        &factor("[\"1h\", \"3 hous\"]"),
        ProblemKind::BadValue,
        "\"3 hous\"",
        &["unknown unit"],
    );
    refused(&factor("[\"1h\", \"1h\"]"), ProblemKind::Duplicate, "\"1h\"", &["is there twice"]);
    refused(&factor("[]"), ProblemKind::Missing, "[]", &["no levels"]);
    refused("[[factor]]\nname = \"f\"", ProblemKind::Missing, "[[factor]]", &["no levels"]);
}

#[test]
fn contradictions_are_refused() {
    refused(
        "warm_up = \"6h\"",
        ProblemKind::Contradiction,
        "warm_up",
        &["leaves nothing to count", "a run lasts 6h"],
    );
    refused(
        "warm_up = \"4h\"\ncool_down = \"2h\"",
        ProblemKind::Contradiction,
        "warm_up",
        &["warm-up and cool-down of 6h"],
    );
    refused(
        "replications = 0",
        ProblemKind::BadValue,
        "0",
        &["the least that is allowed here is 1"],
    );
    refused(
        "replications = 3\nprecision = { figure = \"delivered_share\", relative = 0.1, at_most = 9 }",
        ProblemKind::Contradiction,
        "precision",
        &["exclude each other"],
    );
    refused("confidence = 95", ProblemKind::BadValue, "95", &["write 95 % as 0.95"]);
    refused(
        "precision = { figure = \"delivered_share\", relative = 0.1, at_least = 9, at_most = 3 }",
        ProblemKind::Contradiction,
        "at_least",
        &["above `at_most`"],
    );
}

#[test]
fn figures_must_exist() {
    refused(
        "figures = [\"delivered_shara\"]",
        ProblemKind::UnknownName,
        "\"delivered_shara\"",
        &["no figure `delivered_shara`", "did you mean `delivered_share`?"],
    );
    refused(
        "figures = [{ of = \"submission_to_delivery\", quantile = 99 }]",
        ProblemKind::BadValue,
        "99",
        &["99.9 % as 0.999"],
    );
    refused(
        "figures = [{ of = \"submission_to_reading\", within = \"5m\" }]",
        ProblemKind::BadValue,
        "\"submission_to_reading\"",
        &["submission_to_retrieval"],
    );
    refused(
        "precision = { figure = \"hops.mean\", relative = 0.1, at_most = 9 }",
        ProblemKind::UnknownName,
        "\"hops.mean\"",
        &["does not measure `hops.mean`", "add \"hops.mean\" to `figures`"],
    );
}

#[test]
fn what_is_wrong_in_one_cell_names_it() {
    // The base reads on its own; with another host's name the domain has no exchanger.
    let text = "scenario = \"../base.toml\"\n[[factor]]\nname = \"host\"\nalternative = [{ name = \"known\" }, { name = \"other\", set = { \"host.1.name\" = \"mx.c.example\" } }]\n";
    let problems = read(text, &[]).expect_err("the exchanger is gone");
    let told = problems.to_string();
    assert!(told.contains("studies/../base.toml:"), "{told}");
    assert!(told.contains("(where host = other)"), "{told}");
    let missing = read("scenario = \"../bose.toml\"", &[]).expect_err("no such file");
    assert_eq!(missing.0[0].kind, ProblemKind::File);
    assert!(missing.to_string().contains("cannot read ../bose.toml: No such file"), "{missing}");
    let nothing = read("replications = 3", &[]).expect_err("there is no scenario");
    assert!(nothing.to_string().contains("a study lacks the key `scenario`"), "{nothing}");
}

#[test]
fn equal_cells_are_pointed_out() {
    let text = "scenario = \"../base.toml\"\n[[factor]]\nname = \"f\"\nalternative = [{ name = \"a\" }, { name = \"b\", set = { \"outage.0.for\" = \"1h\" } }]\n";
    let warnings = good(text).warnings.to_string();
    assert!(warnings.contains("the same scenario: f = a and f = b"), "{warnings}");
}
