//! qmail: the schedule of a destination that stays down, and what a reader of its source would look
//! for. Figures are from `qmail-send.c`, `qmail-remote.c` and `tcpto.c` of notqmail 1.08.

mod common;

use mailsim::mail::AttemptOutcome;
use mailsim::trace::AttemptFact;

use common::Run;

/// `out.a.example` runs qmail and sends to `mx1.b.example` (preference 10) and `mx2.b.example`
/// (20), over a network without latency.
fn network(duration: &str, more: &str) -> Run {
    common::run(&format!(
        r#"
        title = "qmail and two exchangers"
        seed = 3
        duration = "{duration}"
        [defaults]
        latency = "0ms"
        resolver = {{ latency = "0ms" }}
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        mta = "qmail"
        [[host]]
        name = "mx1.b.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[host]]
        name = "mx2.b.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice"]
        [[domain]]
        name = "b.example"
        store = "mx1.b.example"
        mx = [
            {{ host = "mx1.b.example", preference = 10 }},
            {{ host = "mx2.b.example", preference = 20 }},
        ]
        mailboxes = {{ count = 100 }}
        {more}
        "#
    ))
}

fn message(to: &[&str]) -> String {
    format!(
        "[[mail]]\nfrom = \"alice@a.example\"\nto = {to:?}\nsize = \"1B\"\n\
         submit = {{ port = 25 }}\nat = \"100ms\"\n"
    )
}

fn outage(host: &str, what: &str) -> String {
    format!("[[outage]]\nhost = \"{host}.b.example\"\n{what}\n")
}

/// Returns the tries of the sending server, in order.
fn tries(run: &Run) -> Vec<AttemptFact> {
    let mut tries: Vec<_> = run.mail().iter().flat_map(|story| story.attempts.clone()).collect();
    tries.retain(|attempt| attempt.from == run.host("out.a.example"));
    tries.sort_by_key(|attempt| (attempt.started, attempt.delivery));
    tries
}

#[test]
fn ages_are_400_times_the_squares_and_the_first_after_a_week_is_the_last() {
    let down = outage("mx1", "mode = \"refuse\"") + &outage("mx2", "mode = \"refuse\"");
    let run = network("8d", &(message(&["user00001@b.example"]) + &down));
    let at: Vec<u64> = tries(&run)
        .iter()
        .filter(|attempt| attempt.to == Some(run.host("mx1.b.example")))
        .map(|attempt| attempt.started.as_secs())
        .collect();
    // `SLEEP_FUZZ`: each pass but the first begins a second after it is due.
    let squares: Vec<u64> =
        (0..40).map(|number| 400 * number * number + u64::from(number > 0)).collect();
    assert_eq!(at, squares);
    assert_eq!(run.only().only_ending().at.as_secs(), 608_401);
    assert_eq!(run.failure_notices(), 1);
    assert_eq!(run.stories.len(), 2, "the message and its one notice: no notice of the delay");
}

#[test]
fn attempts_that_last_do_not_shift_the_schedule() {
    // Both exchangers are silent: each attempt takes two connect time-outs of a minute, until tcpto
    // leaves the addresses out.
    let down = outage("mx1", "mode = \"blackhole\"") + &outage("mx2", "mode = \"blackhole\"");
    let run = network("3h", &(message(&["user00001@b.example"]) + &down));
    let begun: Vec<u64> = tries(&run)
        .iter()
        .filter(|attempt| attempt.to != Some(run.host("mx2.b.example")))
        .map(|attempt| attempt.started.as_secs())
        .collect();
    assert_eq!(begun, [0, 401, 1601, 3601, 6401, 10_001]);
    // Counted after 60 and 461 s: left out for 3840 to 5824 s, so at 1601 and 3601 s for certain.
    let left_out: Vec<u64> = tries(&run)
        .iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::Suspended)
        .map(|attempt| attempt.started.as_secs())
        .collect();
    assert!(left_out.starts_with(&[1601, 3601]), "{left_out:?}");
}

#[test]
fn another_exchanger_is_tried_only_where_none_answers_the_connection() {
    use AttemptOutcome::{Accepted, Permfail, Refused, Tempfail};
    let outcomes = |what: &str| -> Vec<AttemptOutcome> {
        let more = message(&["user00001@b.example"]) + &outage("mx1", what);
        tries(&network("1m", &more)).iter().map(|attempt| attempt.outcome).collect()
    };
    assert_eq!(outcomes("mode = \"refuse\""), [Refused, Accepted]);
    for stage in ["greeting", "ehlo"] {
        for mode in ["tempfail", "permfail"] {
            let what = format!("mode = \"{mode}\"\nstage = \"{stage}\"");
            assert_eq!(outcomes(&what), [Tempfail], "{mode} at {stage}");
        }
    }
    for stage in ["mail", "rcpt", "data", "dot"] {
        for (mode, outcome) in [("tempfail", Tempfail), ("permfail", Permfail)] {
            let what = format!("mode = \"{mode}\"\nstage = \"{stage}\"");
            assert_eq!(outcomes(&what), [outcome], "{mode} at {stage}");
        }
    }
}

#[test]
fn every_recipient_has_a_session_and_twenty_go_at_once() {
    let to: Vec<String> = (1..=50).map(|number| format!("user{number:05}@b.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let slow = outage("mx1", "mode = \"slow\"\nstage = \"dot\"\ndelay = \"10s\"");
    let run = network("2m", &(message(&to) + &slow));
    let all = tries(&run);
    assert!(all.iter().all(|attempt| attempt.transaction == 1 && attempt.recipients == 1));
    let ends: Vec<u64> = all.iter().map(|attempt| attempt.ended.as_secs()).collect();
    let count = |second| ends.iter().filter(|end| **end == second).count();
    assert_eq!((count(10), count(20), count(30)), (20, 20, 10));
}

#[test]
fn the_sender_hears_of_failures_when_no_recipient_is_left() {
    // One mailbox does not exist; the other is greylisted for half an hour and so accepted at the
    // age of 3601 s. `messdone` sends the notice only then.
    let grey = outage(
        "mx1",
        "mode = \"tempfail\"\nstage = \"rcpt\"\nrecipients = [\"user00001@b.example\"]\n\
         for = \"30m\"",
    );
    let run = network("2h", &(message(&["user00001@b.example", "nobody@b.example"]) + &grey));
    let notice: Vec<u64> = run
        .of_kind(mailsim::mail::MessageKind::FailureNotice)
        .iter()
        .map(|notice| notice.at.as_secs())
        .collect();
    assert_eq!(notice, [3601]);
}
