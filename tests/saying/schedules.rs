//! Schedules of the plain queue manager that go by what failed, and by how long a message may wait.

use crate::common::{Run, run};
use mailsim::scenario::{Problems, Source, load};
use mailsim::units::SimTime;

fn text(mta: &str, rest: &str) -> String {
    format!(
        r#"
title = "Schedules"
seed = 1
duration = "1d"
[[host]]
name = "smtp.sender.example"
roles = ["submission", "relay"]
mta = {{ profile = "schedule", {mta} }}
[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]
mta = "postfix"
[[domain]]
name = "sender.example"
mx = ["smtp.sender.example"]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = ["mx.recipient.example"]
mailboxes = ["bob"]
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "10min"
{rest}"#
    )
}

/// Ages of the server's tries in whole minutes.
fn ages(run: &Run) -> Vec<u64> {
    let story = run.to("bob@recipient.example");
    let server = run.host("smtp.sender.example");
    let since = SimTime::from_secs(600);
    let tries = story.tries_of(server);
    tries.iter().map(|fact| fact.started.since(since).as_nanos() / 60_000_000_000).collect()
}

fn failing(mta: &str, mode: &str) -> Vec<u64> {
    let outage = format!("[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"{mode}\"\n");
    ages(&run(&text(mta, &outage)))
}

#[test]
fn the_last_try_is_cut_to_the_end_of_the_lifetime() {
    let mta =
        |last: &str| format!("gaps = \"1h*\", lifetime = \"150min\", {last}expiry = \"ahead\"");
    // The next try would come after the end, so the third failure is the last.
    assert_eq!(failing(&mta(""), "refuse"), [0, 60, 120]);
    assert_eq!(failing(&mta("last_try_at_lifetime = true, "), "refuse"), [0, 60, 120, 150]);
    let late = "gaps = \"1h*\", lifetime = \"150min\", expiry = \"attempt\"";
    assert_eq!(failing(late, "refuse"), [0, 60, 120, 180]);
    let cut = format!("{late}, last_try_at_lifetime = true");
    assert_eq!(failing(&cut, "refuse"), [0, 60, 120, 150]);
}

#[test]
fn hosts_that_are_not_reached_have_a_schedule_of_their_own() {
    let mta =
        "gaps = \"1h*\", unreached_gaps = \"20min*\", lifetime = \"2h\", expiry = \"attempt\"";
    assert_eq!(failing(mta, "tempfail"), [0, 60, 120]);
    assert_eq!(failing(mta, "refuse"), [0, 20, 40, 60, 80, 100, 120]);
    let both = "[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"refuse\"\nfor = \"45min\"\n\
                [[outage]]\nhost = \"mx.recipient.example\"\nmode = \"tempfail\"\nfrom = \"45min\"\n";
    // Reached at an age of 40 minutes, and refused from then on.
    assert_eq!(ages(&run(&text(mta, both))), [0, 20, 40, 100, 160]);
}

fn refused(text: &str) -> Problems {
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "test.toml", text, read_file: &nothing };
    load(&source, &[]).err().unwrap_or_else(|| panic!("it should be refused: {text}"))
}

#[test]
fn a_last_try_needs_a_lifetime_that_ends_with_a_try() {
    for mta in ["lifetime = \"0s\"", "lifetime = \"2h\", expiry = \"timer\""] {
        let mta = format!("gaps = \"1h*\", tries = 5, {mta}, last_try_at_lifetime = true");
        let problems = refused(&text(&mta, ""));
        assert!(problems.0[0].key.ends_with("mta.last_try_at_lifetime"), "{problems}");
    }
}

/// What an action sets is blamed where the action says it.
#[test]
fn an_action_is_blamed_at_its_own_place() {
    let plain = "gaps = \"1h*\", lifetime = \"2h\"";
    let with = |set: &str| {
        let action = format!(
            "[[action]]\nat = \"0s\"\nhost = \"mx.recipient.example\"\ndo = {{ set = {{ {set} }} }}\n"
        );
        text(plain, &action)
    };
    let cases = [
        ("mta = { queue_run_delay = \"0s\" }", "action.0.do.set.mta.queue_run_delay"),
        ("mta = \"postfixx\"", "action.0.do.set.mta"),
        ("mta = { profile = \"exim\", foo = 3 }", "action.0.do.set.mta.foo"),
        ("capacity = { sessions = 0 }", "action.0.do.set.capacity.sessions"),
    ];
    for (set, key) in cases {
        let text = with(set);
        let line = 1 + text.lines().position(|line| line.starts_with("do =")).unwrap();
        let problems = refused(&text);
        for problem in &problems.0 {
            assert_eq!((problem.key.as_str(), problem.line), (key, line), "{set}: {problems}");
        }
    }
}

#[test]
fn what_follows_from_an_action_and_its_host_is_told_at_the_action() {
    let mta = "gaps = \"1h*\", lifetime = \"2h\", last_try_at_lifetime = true";
    let action = "[[action]]\nat = \"1h\"\nhost = \"smtp.sender.example\"\n\
                  do = { set = { mta = { expiry = \"timer\" } } }\n";
    let problems = refused(&text(mta, action));
    assert_eq!(problems.0[0].key, "action.0.do.set.mta", "{problems}");
    assert!(problems.0[0].line > 20, "{problems}");
}

#[test]
fn a_pace_of_whole_transports_is_said_to_be_missing() {
    let text = text("gaps = \"1h*\", lifetime = \"2h\"", "").replace(
        "mta = \"postfix\"",
        "mta = { profile = \"postfix\", smtp_transport_rate_delay = \"1s\" }",
    );
    let problems = refused(&text);
    assert!(problems.0[0].help.contains("default_destination_rate_delay"), "{problems}");
}
