//! Who has the message when something breaks (RFC 5321 §6.1, RFC 1047): the rules DUP and DUR of
//! the checklist, with the moment of the crash swept over a whole session.

use crate::common::{End, Run, run, scenario, secs};
use mailsim::fault::{Interval, Schedule};
use mailsim::mail::{AttemptOutcome, Stage};
use mailsim::units::{SimDuration, SimTime};

/// `out.a.example` sends one message to `mx.b.example`, 50 ms away, which thinks for two seconds
/// before it answers the dot.
fn network(rest: &str) -> String {
    format!(
        r#"
        duration = "6h"
        [[host]]
        name = "out.a.example"
        roles = ["submission", "relay", "mx", "store"]
        mta = {{ profile = "rfc5321", gaps = ["5m"] }}
        [[host]]
        name = "mx.b.example"
        capacity = {{ service = {{ message = "2s" }} }}
        [[link]]
        between = ["out.a.example", "mx.b.example"]
        latency = "50ms"
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
        at = "10s"
        {rest}
        "#
    )
}

/// The undisturbed session: when it began, when the server took the message, when the client knew.
#[derive(Debug, Clone, Copy)]
struct Moments {
    started: SimTime,
    taken: SimTime,
    known: SimTime,
}

fn moments() -> Moments {
    let run = run(&network(""));
    let (out, mx) = (run.host("out.a.example"), run.host("mx.b.example"));
    let story = run.only();
    let tries = story.tries_of(out);
    assert_eq!((tries.len(), story.end()), (1, End::Delivered));
    let taken = story.accepted.iter().find(|(_, host, _)| *host == mx).expect("mx took it").0;
    let moments = Moments { started: tries[0].started, taken, known: tries[0].ended };
    // The reply needs 50 ms; the server thought for two seconds.
    assert_eq!(moments.known - moments.taken, SimDuration::from_millis(50));
    assert!(moments.taken - moments.started > secs(2));
    moments
}

/// Moments from before the session until after it, each an odd distance from the last.
fn sweep(moments: Moments) -> Vec<SimTime> {
    let step = SimDuration::from_micros(16_700);
    let mut times = vec![moments.taken - SimDuration::from_nanos(1), moments.taken];
    times.extend([moments.taken + SimDuration::from_nanos(1), moments.known, moments.started]);
    let mut time = moments.started - SimDuration::from_millis(100);
    while time < moments.known + SimDuration::from_millis(100) {
        times.push(time);
        time += step;
    }
    times
}

/// A crash of `host` at `moment` to the nanosecond, for ten minutes.
fn run_with_crash(host: &str, moment: SimTime, machine: bool) -> Run {
    let mut scenario = scenario(&network(&format!(
        "[[outage]]\nhost = \"{host}\"\nmode = \"crash\"\nmachine = {machine}\nfor = \"10m\"\n"
    )));
    let interval = Interval { from: moment, to: moment + SimDuration::from_minutes(10) };
    scenario.outages[0].schedule = Schedule::Fixed(interval);
    Run::of(&scenario)
}

#[test]
fn rfc_dup_02_a_server_that_crashes_makes_no_duplicate_and_loses_nothing() {
    // Before the dot is answered the server has nothing, afterwards it has the message on disk.
    // Its 250 leaves at the moment it commits, so the client learns of it.
    let moments = moments();
    for machine in [false, true] {
        for moment in sweep(moments) {
            let run = run_with_crash("mx.b.example", moment, machine);
            let story = run.only();
            assert_eq!((story.end(), story.copies()), (End::Delivered, 1), "{moment:?}");
            let tries = story.tries_of(run.host("out.a.example"));
            let first = tries[0].outcome == AttemptOutcome::Accepted;
            // At the very instant of the commit the crash comes first: faults come first.
            assert_eq!(first, moment > moments.taken, "{moment:?}, {machine}: {tries:#?}");
        }
    }
}

#[test]
fn rfc_dup_02_a_client_that_crashes_before_it_knows_sends_twice() {
    let moments = moments();
    let mut twice = 0;
    for moment in sweep(moments) {
        let run = run_with_crash("out.a.example", moment, false);
        let story = run.only();
        assert_eq!(story.end(), End::Delivered, "{moment:?}");
        // Once the client had sent the final dot, two seconds and 50 ms before the commit, the
        // server goes on by itself; until the client has the 250 it will send again.
        let sent = moments.taken - SimDuration::from_millis(2_050);
        let expected = if sent <= moment && moment <= moments.known { 2 } else { 1 };
        // A try that its own client breaks off is one, and the client has not heard of its end.
        let tries = story.tries_of(run.host("out.a.example"));
        let broken_off = tries.iter().filter(|fact| fact.outcome == AttemptOutcome::Lost);
        for fact in broken_off.clone() {
            let heard = [fact.marks.mail, fact.marks.rcpt, fact.marks.data, fact.marks.dot];
            assert!(heard.iter().all(|at| *at <= moment || *at == SimTime::MAX), "{fact:?}");
            assert_eq!((fact.ended, fact.next_attempt), (moment, None));
            assert_eq!(fact.stage == Stage::Dot, moment >= sent, "{moment:?}: {fact:?}");
        }
        assert_eq!(broken_off.count(), usize::from(tries.len() > 1), "{moment:?}: {tries:#?}");
        assert_eq!(story.copies(), expected, "{moment:?} of {moments:?}: {story:#?}");
        twice += usize::from(expected == 2);
    }
    assert!(twice > 100, "{twice}");
}

#[test]
fn rfc_dup_01_a_reply_later_than_the_clients_patience_makes_a_duplicate() {
    // The server needs 700 s after the dot, the client waits for 600 s. The retry comes five
    // minutes later, when the server is quick again.
    let slow = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"700s\"\nfor = \"12m\"\n";
    let run = run(&network(slow));
    let tries = run.only().tries_of(run.host("out.a.example"));
    assert_eq!((tries[0].stage, tries[0].outcome), (Stage::Dot, AttemptOutcome::Timeout));
    assert_eq!(tries[1].outcome, AttemptOutcome::Accepted);
    assert_eq!((run.only().copies(), run.ledger().duplicates), (2, 1));
}

#[test]
fn rfc_dup_01_a_late_copy_counts_although_the_client_had_given_up() {
    // The same, but the client's patience with the message ends first: its author is told that it
    // failed, and it arrives all the same.
    let slow =
        "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"700s\"\n";
    let text = network(slow).replace("gaps = [\"5m\"]", "gaps = [\"5m\"], lifetime = \"5m\"");
    let run = run(&text);
    assert_eq!((run.only().end(), run.only().copies()), (End::Delivered, 1));
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn rfc_dup_01_a_late_copy_stays_where_it_was_sent() {
    // Given up at the primary, the client goes on to the backup at once; the primary still takes
    // its copy, and nobody takes one in its place.
    let backup = "[[host]]\nname = \"mx2.b.example\"\nmta = \"sink\"\n";
    let slow = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"700s\"\nfor = \"5m\"\n";
    let text = network(&format!("{backup}{slow}")).replace(
        "mx = [\"mx.b.example\"]",
        "mx = [{ host = \"mx.b.example\" }, { host = \"mx2.b.example\" }]",
    );
    let run = run(&text);
    let (mx, mx2) = (run.host("mx.b.example"), run.host("mx2.b.example"));
    let mut path: Vec<_> = run.only().accepted.iter().map(|(_, host, _)| *host).collect();
    path.sort_unstable();
    // The backup hands its copy to the primary, which so has two.
    assert_eq!(path, [run.host("out.a.example"), mx, mx, mx2]);
    assert_eq!(run.only().copies(), 2);
}

#[test]
fn rfc_dup_01_a_late_copy_is_lost_with_its_server() {
    // The server crashes between the client's time-out and its own commit: nothing was taken.
    let slow = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"700s\"\nfor = \"5m\"\n\
                [[outage]]\nhost = \"mx.b.example\"\nmode = \"crash\"\nfrom = \"650s\"\nfor = \"10s\"\n";
    let run = run(&network(slow));
    assert_eq!((run.only().end(), run.only().copies()), (End::Delivered, 1));
}

#[test]
fn rfc_dup_03_lost_replies_never_mean_lost_mail() {
    for mode in ["\"drop\"", "\"hang\"\nstage = \"dot\"\nstore = true"] {
        let run = run(&network(&format!(
            "[[outage]]\nhost = \"mx.b.example\"\nfor = \"12m\"\nmode = {mode}\n"
        )));
        let story = run.only();
        let doubts = story
            .attempts
            .iter()
            .filter(|f| matches!(f.outcome, AttemptOutcome::Lost | AttemptOutcome::Timeout));
        assert_eq!(story.copies(), 1 + doubts.count());
        assert!(story.copies() >= 2, "{mode}");
    }
}

#[test]
fn rfc_dur_01_accepted_mail_survives_a_crash() {
    // The submission server crashes as soon as it has the message, and is back ten minutes later.
    let taken = run(&network("")).only().accepted[0].0;
    for machine in [false, true] {
        let moment = taken + SimDuration::from_nanos(1);
        let run = run_with_crash("out.a.example", moment, machine);
        assert_eq!((run.only().end(), run.only().copies()), (End::Delivered, 1));
        assert!(run.only().latency() >= SimDuration::from_minutes(10));
    }
}

#[test]
fn rfc_dur_02_before_the_reply_the_sender_is_responsible() {
    // The submission server crashes just before it has the message: the MUA sends it again.
    let taken = run(&network("")).only().accepted[0].0;
    let run = run_with_crash("out.a.example", taken - SimDuration::from_nanos(1), false);
    let story = run.only();
    assert!(story.attempts[0].outcome.is_temporary(), "{:#?}", story.attempts[0]);
    assert_eq!((story.end(), story.copies()), (End::Delivered, 1));
    assert_eq!(
        story.accepted.iter().filter(|(_, h, _)| *h == run.host("out.a.example")).count(),
        1
    );
}
