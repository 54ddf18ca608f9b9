//! What the program says of scenarios and arguments that it cannot use, and how it ends.

use std::fs;

use crate::program::{call, call_here, folder, mailsim, scenario};

#[test]
fn a_missing_file_is_a_failure_to_read() {
    let place = folder();
    for command in [&["run", "gone.toml"][..], &["check", "gone.toml"], &["trace", "gone.toml"]] {
        call(place.path(), command).ends_with(3).complains_of(&["error: cannot read gone.toml"]);
    }
    call(place.path(), &["route", "gone.toml", "a@b"]).ends_with(3);
    call(place.path(), &["run", "gone"]).ends_with(3).complains_of(&["mailsim new NAME"]);
    call(place.path(), &["run", "."]).ends_with(3);
    assert_eq!(crate::program::names(place.path()), [""; 0]);
}

#[test]
fn what_is_no_text_is_no_scenario() {
    let place = folder();
    fs::write(place.path().join("picture.toml"), b"title = \"\xff\xfe\"").unwrap();
    let said = call(place.path(), &["check", "picture.toml"]).ends_with(2);
    said.complains_of(&["picture.toml is not a scenario", "first odd octet at 9"]);
}

#[test]
fn a_file_without_end_is_no_scenario() {
    if !std::path::Path::new("/dev/zero").exists() {
        crate::left_out::left_out("a_file_without_end", "this machine has no /dev/zero");
        return;
    }
    call_here(&["check", "/dev/zero"]).ends_with(2).complains_of(&["larger than 256 MiB"]);
}

#[test]
fn all_problems_of_all_files_are_shown() {
    let place = folder();
    let text = "duration = \"24\"\n[[host]]\nname = \"a.example\"\nmtaa = \"postfix\"\n";
    fs::write(place.path().join("bad.toml"), text).unwrap();
    fs::write(place.path().join("worse.toml"), "duration = \n").unwrap();
    let three = scenario("three-recipients.toml");
    let said = call(place.path(), &["check", "bad.toml", "worse.toml", &three]).ends_with(2);
    said.complains_of(&[
        "bad.toml:1:",
        "bad.toml:4:1",
        "mtaa",
        "did you mean `mta`?",
        "error: bad.toml: 2 errors",
        "worse.toml:1:",
    ]);
    assert!(said.out.contains("three-recipients.toml: ok, 4 hosts, 2 domains"), "{}", said.out);
    // A scenario that cannot be checked cannot be run either, and nothing is left behind.
    call(place.path(), &["run", "bad.toml"]).ends_with(2).complains_of(&["bad.toml:4:1"]);
    assert_eq!(crate::program::names(place.path()), ["bad.toml", "worse.toml"]);
}

#[test]
fn a_figure_that_does_not_exist_is_refused_before_the_run() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let set = "expect.0.figure=delivered_shara";
    for command in ["run", "check"] {
        let said = call(place.path(), &[command, &three, "--set", set]).ends_with(2);
        said.complains_of(&["no figure `delivered_shara`", "did you mean `delivered_share`?"]);
    }
    assert_eq!(crate::program::names(place.path()), [""; 0]);
    // Figures of an outage, of a host and of hops are known, though their numbers are not.
    for figure in [
        "outages.0.peak_backlog",
        "hosts.\"mx1.abroad.example\".peak_queue",
        "hops.counts.2",
        "submission_to_delivery.p95",
        "created.failure_notice.delivered",
    ] {
        let set = format!("expect.0.figure={figure}");
        call(place.path(), &["check", &three, "--set", &set]).ends_with(0);
    }
}

#[test]
fn an_expectation_that_is_not_met_ends_with_1() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let run = |set: &str| {
        call(place.path(), &["run", &three, "--no-charts", "--no-tables", "--set", set])
    };
    run("expect.0.at_least=0.66").ends_with(0);
    let said = run("expect.0.at_least=0.67").ends_with(1);
    said.complains_of(&[
        "expectation is not met",
        "delivered_share at least 67 %: NOT met (66.67 %)",
    ]);
    assert!(said.out.contains("NOT met"), "{}", said.out);
    // The results are there all the same.
    assert!(place.path().join("output/three-recipients/summary.json").exists());
}

#[test]
fn overrides_that_do_not_fit_are_explained() {
    let three = scenario("three-recipients.toml");
    let check = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["check", &three].into_iter().chain(arguments.iter().copied()).collect();
        call_here(&all).ends_with(2)
    };
    check(&["--set", "seed"]).complains_of(&["there is no `=`"]);
    check(&["--set", "a..b=1"]).complains_of(&["the path cannot be read"]);
    check(&["--set", "sead=1"]).complains_of(&["sead", "did you mean `seed`?"]);
    check(&["--set", "outage.7.for=1h"]).complains_of(&["`outage` has no entry `7`", "0"]);
    check(&["--unset", "outage.0.mood"]).complains_of(&["no `mood`", "did you mean `mode`?"]);
    check(&["--set", "outage.0.for=-1h"]).complains_of(&["command line", "outage"]);
    check(&["--seed", "-1"]).complains_of(&["--seed"]);
    check(&["--seed", "9223372036854775808"]).complains_of(&["whole number from 0"]);
}

#[test]
fn arguments_that_do_not_fit_are_explained() {
    let three = scenario("three-recipients.toml");
    call_here(&["walk"]).ends_with(2).complains_of(&["walk"]);
    call_here(&["run"]).ends_with(2).complains_of(&["<SCENARIO>"]);
    call_here(&["run", &three, "--until", "3"]).ends_with(2).complains_of(&["3", "unit"]);
    call_here(&["run", &three, "--until", "0"]).ends_with(2).complains_of(&["--until"]);
    call_here(&["run", &three, "--no-charts", "--charts", "png"]).ends_with(2);
    call_here(&["profiles", "sendmial"])
        .ends_with(2)
        .complains_of(&["sendmial", "did you mean sendmail?"]);
    call_here(&["profiles", "xyzzy-9000"]).ends_with(2).complains_of(&["xyzzy-9000", "postfix"]);
    call_here(&["profiles", "postfx"]).ends_with(2).complains_of(&["did you mean postfix?"]);
}

#[test]
fn colours_and_silence_are_as_wanted() {
    let place = folder();
    fs::write(place.path().join("bad.toml"), "duration = 1\n").unwrap();
    let escape = "\u{1b}[";
    assert!(!call(place.path(), &["check", "bad.toml"]).err.contains(escape));
    let coloured = call(place.path(), &["check", "bad.toml", "--color", "always"]).ends_with(2);
    assert!(coloured.err.contains(escape));
    let three = scenario("three-recipients.toml");
    let quiet = call(place.path(), &["run", &three, "--quiet", "--no-charts"]).ends_with(0);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.contains("recipients"), "{}", quiet.out);
    let loud = call(place.path(), &["run", &three, "--no-charts"]).ends_with(0);
    loud.complains_of(&["events/s", "Results in output/three-recipients"]);
    assert!(!loud.out.contains("events/s"), "wall-clock figures are no results: {}", loud.out);
    assert_eq!(quiet.out, loud.out);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::Stdio;
    let place = folder();
    for arguments in [&["schema"][..], &["man", "run"], &["profiles", "postfix"]] {
        let mut command = mailsim(place.path());
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn standard_output_that_cannot_be_written_is_an_error() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        crate::left_out::left_out("standard_output_that_cannot_be_written", "no /dev/full here");
        return;
    };
    let place = folder();
    let output = mailsim(place.path()).arg("schema").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}
