//! `trace`, `route` and `profiles`: what they tell of runs whose outcome is known beforehand.

use crate::program::{call_here, scenario};

/// Makes sure that the parts stand in `text` in this order.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => panic!("`{part}` is not where it should be in:\n{text}"),
        }
    }
}

fn trace(arguments: &[&str]) -> String {
    let three = scenario("three-recipients.toml");
    let all: Vec<&str> =
        ["trace", &three, "-q"].into_iter().chain(arguments.iter().copied()).collect();
    call_here(&all).ends_with(0).out
}

#[test]
fn a_journey_is_told_from_the_author_to_the_reader() {
    in_order(
        &trace(&[]),
        &[
            "Message 1-1: from ann@home.example to joe@home.example, bob@abroad.example, \
             nobody@abroad.example, 20000 octets",
            "00:00:10.000    ann@home.example writes it",
            "S: 250-STARTTLS",
            "C: STARTTLS",
            "C: AUTH PLAIN",
            "C: MAIL FROM:<ann@home.example> SIZE=20000",
            "C: RCPT TO:<joe@home.example>",
            "S: 250 2.1.5 Ok",
            "C: RCPT TO:<bob@abroad.example>",
            "S: 250 2.0.0 Ok: queued",
            "C: QUIT",
            "mail.home.example is responsible since 00:00:10",
            "looks up abroad.example: MX 10 mx1.abroad.example [10.0.0.2], MX 20 mx2.abroad",
            "tries mx1.abroad.example (MX 10) for bob@abroad.example, nobody@abroad.example",
            // The Received field that the first server has added.
            "C: MAIL FROM:<ann@home.example> SIZE=20176",
            "C: DATA",
            "S: 250 2.1.0 Ok",
            "S: 250 2.1.5 Ok",
            "S: 550 5.1.1 No such mailbox",
            "S: 354 ",
            "nobody@abroad.example: refused for good (5.1.1)",
            "into the mailbox of bob@abroad.example",
            "gives up on nobody@abroad.example (5.1.1)",
            "bob@abroad.example fetches it by POP3",
            "Trace fields for bob@abroad.example",
            "by mx1.abroad.example (Postfix) with ESMTP id ",
            // That host's clock is ninety minutes behind.
            "Wed, 31 Dec 2025 22:30:10 +0000",
            "by mail.home.example (Postfix) with ESMTPSA id ",
            "Thu,  1 Jan 2026 00:00:10 +0000",
            "Failure notice 1-1.n1 about 1-1: from <> to ann@home.example",
            "into the mailbox of ann@home.example",
        ],
    );
}

#[test]
fn one_recipient_can_be_followed_alone() {
    let text = trace(&["--recipient", "joe@home.example"]);
    assert!(text.starts_with("Message 1-1: from ann@home.example to joe@home.example, 20000"));
    assert!(!text.contains("mx1.abroad.example ("), "{text}");
    let three = scenario("three-recipients.toml");
    let said = call_here(&["trace", &three, "-r", "jo@home.example"]).ends_with(2);
    said.complains_of(&["no recipient of message 1-1", "joe@home.example"]);
}

#[test]
fn an_outage_is_heard_in_the_dialogue() {
    let at = ["--set", "mail.0.at=70m"];
    in_order(
        &trace(&at),
        &[
            "tries mx1.abroad.example (MX 10)",
            "-- connects to 10.0.0.2 port 25",
            "-- the connection is refused",
            "connection refused (4.4.1); the next host is tried",
            "tries mx2.abroad.example (MX 20)",
            "mx2.abroad.example is responsible since 01:10:00",
            // The backup may only try the primary, and it is down until 01:30.
            "mx2.abroad.example tries mx1.abroad.example (MX 10)",
            "connection refused (4.4.1); next attempt planned for 01:",
            "mx2.abroad.example tries mx1.abroad.example (MX 10)",
            "after a wait of",
            "mx1.abroad.example is responsible since 01:",
        ],
    );
}

#[test]
fn messages_that_do_not_exist_are_told_apart_from_those_that_do() {
    let three = scenario("three-recipients.toml");
    let said = call_here(&["trace", &three, "-m", "2-1"]).ends_with(2);
    said.complains_of(&["no message 2-1", "there are 1-1", "1-1.n1"]);
    let said = call_here(&["trace", &three, "-m", "first"]).ends_with(2);
    said.complains_of(&["`first` is no id", "2-7.n1"]);
    assert!(trace(&["-m", "1-1.n1"]).starts_with("Failure notice 1-1.n1 about 1-1"));
}

#[test]
fn a_route_names_hosts_in_the_order_in_which_they_are_tried() {
    let three = scenario("three-recipients.toml");
    let route = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["route", &three, "-q"].into_iter().chain(arguments.iter().copied()).collect();
        call_here(&all).ends_with(0).out
    };
    in_order(
        &route(&["bob@abroad.example"]),
        &[
            "\nmail.home.example\n",
            "the exchangers of abroad.example serve",
            "1.  MX 10  mx1.abroad.example  [10.0.0.2]  10 ms away  up",
            "2.  MX 20  mx2.abroad.example  [10.0.0.3]  10 ms away  up",
            "\nmx1.abroad.example\n",
            "abroad.example is local here",
            "\nmx2.abroad.example\n",
            "it is itself MX 20: only better ones are left",
            "1.  MX 10  mx1.abroad.example",
        ],
    );
    // The outage lasts from 1h to 1h30m, and intervals are half-open.
    for (at, state) in [("59m59s", "up"), ("1h", "DOWN (refuse) until 1h30m"), ("90m", "up")] {
        let text = route(&["bob@abroad.example", "--at", at]);
        let line = text.lines().find(|line| line.contains("MX 10")).unwrap();
        assert!(line.ends_with(state), "{at}: {line}");
    }
    let from = route(&["bob@abroad.example", "--from", "mx2.abroad.example"]);
    assert!(!from.contains("\nmail.home.example\n"), "{from}");
    assert!(route(&["nobody@abroad.example"]).contains("There is no such mailbox"));
}

#[test]
fn a_circle_of_routes_is_called_a_loop() {
    let text = call_here(&["route", "scenarios/mail-loop.toml", "bob@customer.example", "-q"]);
    let text = text.ends_with(0).out;
    in_order(&text, &["LOOP: relay1.provider.example > relay2.provider.example > relay1."]);
}

#[test]
fn routes_to_nowhere_are_explained() {
    let three = scenario("three-recipients.toml");
    let route = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["route", &three].into_iter().chain(arguments.iter().copied()).collect();
        call_here(&all).ends_with(2)
    };
    route(&["bob"]).complains_of(&["`bob` is no address"]);
    route(&["bob@abroat.example"]).complains_of(&["no domain", "did you mean abroad.example?"]);
    route(&["bob@abroad.example", "--from", "mx3.abroad.example"])
        .complains_of(&["no host mx3.abroad.example", "did you mean mx1.abroad.example?"]);
    route(&["bob@abroad.example", "--at", "soon"]).complains_of(&["--at"]);
}

#[test]
fn the_plain_profile_tries_as_the_rfc_says() {
    // RFC 5321 §4.5.4.1 read literally: thirty minutes, then every two hours, for five days.
    let text = call_here(&["profiles", "rfc5321"]).ends_with(0).out;
    in_order(
        &text,
        &["gaps", "30m 2h*", "refused at once", "1 ", "0 s", "2 ", "30m 00s", "3 ", "2h 30m 00s"],
    );
    in_order(&text, &["more, every 2h", "5d 00h", "returned to its sender", "never answered"]);
}

#[test]
fn postfix_doubles_its_gaps_up_to_its_longest() {
    let text = call_here(&["profiles", "postfix"]).ends_with(0).out;
    in_order(&text, &["version   3.7", "evidence  recorded", "maximal_backoff_time", "1h6m40s"]);
    // Gaps double from five minutes to 4000 s, each rounded up to the next queue scan (300 s);
    // the first depends on the phase of the scan.
    in_order(&text, &["refused at once", "10m 00s ", "20m 00s ", "40m 00s ", "more, every 1h10m"]);
    let table = call_here(&["profiles"]).ends_with(0).out;
    in_order(&table, &["NAME", "VERSION", "EVIDENCE", "postfix", "recorded", "rfc5321"]);
}

/// The records change at 1 h and live for 2 h: at 1 h 30 min the sender still goes by the old ones.
#[test]
fn a_look_up_is_told_as_the_host_knows_it() {
    let text = r#"
title = "A move"
duration = "4h"
[[host]]
name = "mail.home.example"
roles = ["submission", "mx", "store"]
[[host]]
name = "old.moved.example"
roles = ["mx"]
[[host]]
name = "new.moved.example"
roles = ["mx", "store"]
[[domain]]
name = "home.example"
mx = ["mail.home.example"]
mailboxes = ["ann"]
[[domain]]
name = "moved.example"
mx = ["old.moved.example"]
store = "new.moved.example"
mailboxes = ["bob"]
ttl = "2h"
[[action]]
at = "1h"
domain = "moved.example"
do = { mx = ["new.moved.example"] }
[[mail]]
from = "ann@home.example"
to = ["bob@moved.example"]
at = ["30min", "1h30min", "2h31min"]
"#;
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("move.toml");
    std::fs::write(&file, text).expect("a scenario can be written");
    let file = file.to_string_lossy().into_owned();
    let told = |message: &str| call_here(&["trace", &file, "-q", "-m", message]).ends_with(0).out;
    let asked = |message: &str| {
        let told = told(message);
        let line = told.lines().find(|line| line.contains("mail.home.example looks up"));
        line.unwrap_or_else(|| panic!("nobody asks:\n{told}")).to_owned()
    };
    let (first, second, third) = (asked("1-1"), asked("1-2"), asked("1-3"));
    assert!(first.ends_with("MX 10 old.moved.example [10.0.0.2]"), "{first}");
    assert!(second.contains("MX 10 old.moved.example [10.0.0.2] (in its cache for "), "{second}");
    assert!(third.ends_with("MX 10 new.moved.example [10.0.0.3]"), "{third}");
}

/// Returns what `mailsim trace` tells of a message of a lesson.
fn lesson(name: &str, message: &str) -> String {
    let file = format!("{}/scenarios/lessons/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    call_here(&["trace", &file, "--message", message, "-q", "--all"]).ends_with(0).out
}

/// What comes to the same thing a third time is counted, not told: with `--all` it is told.
#[test]
fn repeats_are_folded() {
    let file = format!("{}/scenarios/lessons/11-local-domains.toml", env!("CARGO_MANIFEST_DIR"));
    let folded = call_here(&["trace", &file, "--message", "3-1", "-q"]).ends_with(0).out;
    let all = lesson("11-local-domains", "3-1");
    let turns = |told: &str| told.matches("mx.hidden.example is responsible since ").count();
    // The first two turns of the circle, and how many there are more.
    assert!(turns(&folded) < 6 && turns(&all) == 48, "{folded}");
    let more = folded.lines().find(|line| line.contains("(and so on: ")).expect(&folded);
    assert!(
        more.contains("more steps like these, the last at") && more.contains("--all"),
        "{more}"
    );
    assert!(!all.contains("and so on"), "{all}");
}

#[test]
fn a_server_that_crashes_before_its_reply_has_not_taken_the_message() {
    let told = lesson("17-the-same-message-twice", "1-3");
    // Its next session takes it; the one that was broken off did not.
    assert!(!told.contains("takes it all the same"), "{told}");
    assert_eq!(told.matches("mx.recipient.example is responsible since").count(), 1, "{told}");
    // Where it is the client that crashes, the server goes on.
    let told = lesson("17-the-same-message-twice", "1-2");
    assert_eq!(told.matches("takes it all the same").count(), 1, "{told}");
}

#[test]
fn each_turn_of_a_circle_is_taken_at_its_own_time() {
    let told = lesson("11-local-domains", "3-1");
    let mut times: Vec<&str> = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("mx.hidden.example is responsible since "))
        .collect();
    // Postfix takes it while its own field is at most the fiftieth: fields 2 to 49.
    assert_eq!(times.len(), 48, "{told}");
    times.dedup();
    assert_eq!(times.len(), 48, "no two at the same instant:\n{told}");
}
