//! Exim's retry memory at work: the vectors computed from the source, and what follows from records
//! that belong to hosts and not to messages.

mod common;

use common::{End, Run, Story, run};
use mailsim::mail::{AttemptOutcome, Stage, Status};

/// A sender with Exim and an exchanger that refuses connections from the start for `outage`.
fn network(duration: &str, mta: &str, outage: &str, more: &str) -> String {
    format!(
        r#"
        title = "Exim against a destination that is down"
        seed = 3
        duration = "{duration}"
        sample_every = "{duration}"
        [[host]]
        name = "a.src.example"
        roles = ["submission", "mx", "store"]
        mta = {{ profile = "exim", {mta} }}
        [[host]]
        name = "mx.dst.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[domain]]
        name = "src.example"
        mx = [{{ host = "a.src.example", preference = 10 }}]
        mailboxes = {{ count = 50 }}
        [[domain]]
        name = "dst.example"
        mx = [{{ host = "mx.dst.example", preference = 10 }}]
        mailboxes = {{ count = 50 }}
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "{outage}"
        mode = "refuse"
        {more}
        "#
    )
}

fn mail(number: u32, at: &str) -> String {
    format!(
        r#"
        [[mail]]
        from = "user{number:05}@src.example"
        to = ["user{number:05}@dst.example"]
        at = "{at}"
        size = "2kB"
        "#
    )
}

/// Returns when a message was tried over the network, to the second it was tried in.
fn tries(run: &Run, story: &Story) -> Vec<u64> {
    let sender = run.host("a.src.example");
    story.tries_of(sender).iter().map(|fact| fact.started.as_secs()).collect()
}

fn suspensions(story: &Story) -> usize {
    story.attempts.iter().filter(|fact| fact.outcome == AttemptOutcome::Suspended).count()
}

/// Both vectors count the message's acceptance and a queue run as falling on time zero. They were
/// computed from `src/retry.c` and `src/configure.default` of Exim 4.99.
#[test]
fn the_default_rule_with_a_queue_run_every_half_hour() {
    let text = network("6d", r#"queue_interval = "30m", run_phase = "0""#, "6d", &mail(1, "0"));
    let run = run(&text);
    let mut expected =
        vec![0, 1800, 3600, 5400, 7200, 9000, 12_600, 18_000, 27_000, 39_600, 59_400, 81_000];
    expected.extend((1..=12).map(|n| 81_000 + n * 21_600));
    expected.push(347_400);
    assert_eq!(tries(&run, run.only()), expected);
    assert_eq!(run.only().only_ending().at.as_secs(), 347_400);
    assert_eq!(run.only().end(), End::Failed);
}

#[test]
fn the_default_rule_with_a_queue_run_every_five_minutes() {
    let text = network("6d", r#"queue_interval = "5m", run_phase = "0""#, "6d", &mail(1, "0"));
    let run = run(&text);
    let mut expected =
        vec![0, 900, 1800, 2700, 3600, 4500, 5400, 6300, 7200, 8100, 11_700, 17_100, 25_200];
    expected.extend([37_500, 55_800, 83_400]);
    expected.extend((1..=12).map(|n| 83_400 + n * 21_600));
    expected.push(345_900);
    assert_eq!(tries(&run, run.only()), expected);
    assert_eq!(run.only().only_ending().at.as_secs(), 345_900);
}

#[test]
fn the_clock_belongs_to_the_host() {
    // Down for ever; the first message starts the host's clock. The second comes on the third day
    // and fails with the first, on the fourth. Later ones fail at once: with a try when the host's
    // retry time has come (six hours after the last), without one when it has not.
    let mail = [mail(1, "0"), mail(2, "3d"), mail(3, "4d12h"), mail(4, "4d13h")].concat();
    let mta = r#"queue_interval = "30m", run_phase = "0", delay_warning = "0s""#;
    let run = run(&network("6d", mta, "6d", &mail));
    let day = 86_400;
    let ended = |number: u32| {
        let story = run.to(&format!("user{number:05}@dst.example"));
        (story.only_ending().at.as_secs(), tries(&run, story).len())
    };
    let ((first, tries_of_first), (second, tries_of_second)) = (ended(1), ended(2));
    assert_eq!(first, 347_400);
    assert!((4 * day..4 * day + 3_700).contains(&second), "{second} s");
    // As many tries as for one message alone: at each of the host's times one of the two.
    assert_eq!(tries_of_first + tries_of_second, 25);
    assert_eq!(ended(3), (4 * day + 12 * 3_600, 1));
    assert_eq!(ended(4), (4 * day + 13 * 3_600, 0));
    for story in run.mail() {
        assert_eq!(story.only_ending().status, Status::new(5, 0, 0), "what Exim always says");
    }
    assert_eq!(run.failure_notices(), 4);
}

#[test]
fn one_message_in_each_interval_is_the_probe() {
    // Twelve messages, one each 60 s, while the host is down for two hours: whoever comes first in
    // a queue run tries, all others see the new retry time. A message that is new tries only if
    // the host may be tried.
    let all: String = (1..=12).map(|n| mail(n, &format!("{n}m"))).collect();
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let run = run(&network("4h", mta, "2h", &all));
    let mut failed = 0;
    for story in run.mail() {
        assert_eq!(story.end(), End::Delivered);
        let sender = run.host("a.src.example");
        let refused = |outcome| outcome == AttemptOutcome::Refused;
        failed += story.tries_of(sender).iter().filter(|fact| refused(fact.outcome)).count();
        assert!(suspensions(story) > 5, "put off at most queue runs");
    }
    // At 1 min, and then at the first chance 10 min later: a new message at 11 min, or a queue
    // run; runs fall on multiples of 5 min, so the gap is 10 to 15 min.
    assert!((120 / 15..=120 / 10).contains(&failed), "{failed} tries in two hours");
}

#[test]
fn what_waits_for_a_host_follows_over_the_first_connection() {
    let all: String = (1..=12).map(|n| mail(n, &format!("{n}m"))).collect();
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let run = run(&network("4h", mta, "2h", &all));
    let sender = run.host("a.src.example");
    let mut places: Vec<u32> = run
        .mail()
        .iter()
        .flat_map(|story| story.tries_of(sender))
        .filter(|fact| fact.outcome == AttemptOutcome::Accepted)
        .map(|fact| fact.transaction)
        .collect();
    places.sort_unstable();
    assert_eq!(places, (1..=12).collect::<Vec<u32>>(), "one connection takes all of them");
}

#[test]
fn a_refused_recipient_is_remembered_for_itself() {
    // 451 at RCPT says nothing about the host: other messages go through, and in queue runs only
    // this recipient waits for its time.
    let refusing = r#"
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "1h"
        mode = "tempfail"
        stage = "rcpt"
        recipients = ["user00001@dst.example"]
    "#;
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let more = [mail(1, "1m"), mail(2, "2m"), refusing.to_owned()].concat();
    let text = network("3h", mta, "1s", &more);
    let run = run(&text);
    let story = run.to("user00001@dst.example");
    assert_eq!(story.end(), End::Delivered);
    assert_eq!(tries(&run, story), [60, 900, 1500, 2100, 2700, 3300, 3900]);
    let other = run.to("user00002@dst.example");
    assert_eq!(tries(&run, other), [120]);
    assert!(story.attempts.iter().any(|fact| fact.stage == Stage::Suspended));
}
