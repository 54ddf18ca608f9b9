//! What happens around a delivery: waiting deliveries of a destination that dies, kept connections,
//! a mail program that stops, a body that is interrupted.

mod common;

use mailsim::mail::{AttemptOutcome, MailboxNames as _};
use mailsim::model::Scenario;
use mailsim::simulation::Simulation;
use mailsim::trace::{AttemptFact, Fact, FactLog, FinalOutcome};
use mailsim::units::SimTime;

const NETWORK: &str = r#"
title = "a sender, an exchanger and its backup"
seed = 7
duration = "20m"
[[host]]
name = "a.src.example"
roles = ["submission", "mx", "store"]
mta = { profile = "postfix", initial_destination_concurrency = 1 }
[[host]]
name = "pc.src.example"
roles = ["mua"]
[[host]]
name = "mx1.dst.example"
roles = ["mx", "store"]
[[host]]
name = "mx2.dst.example"
roles = ["mx"]
[[domain]]
name = "src.example"
mx = [{ host = "a.src.example", preference = 10 }]
mailboxes = ["alice"]
"#;

const EXCHANGER: &str = r#"
[[domain]]
name = "dst.example"
mx = [{ host = "mx1.dst.example", preference = 10 }]
mailboxes = { count = 120 }
"#;

/// A message of 5 MB over a slow line: 41.5 s with the headers of its packets.
const LARGE_MESSAGE: &str = r#"
[[link]]
between = ["a.src.example", "mx1.dst.example"]
latency = "20ms"
bandwidth = "1Mbit/s"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
at = "10s"
size = "5MB"
"#;

/// Runs the network with what `more` adds; returns the scenario and its facts.
fn run(more: &str) -> (Scenario, FactLog) {
    let text = format!("{NETWORK}{more}");
    let scenario = common::scenario(&text);
    let mut log = FactLog::default();
    Simulation::new(&scenario).run(&mut log);
    (scenario, log)
}

/// Returns the tries made by the host called `from`.
fn tries_from<'l>(
    scenario: &'l Scenario,
    log: &'l FactLog,
    from: &'l str,
) -> impl Iterator<Item = &'l AttemptFact> {
    log.facts.iter().filter_map(move |(_, fact)| match fact {
        Fact::Attempt(attempt) if scenario.host(attempt.from) == from => Some(attempt),
        _ => None,
    })
}

#[test]
fn a_dying_destination_suspends_what_waits_and_not_what_was_tried() {
    // 120 recipients make deliveries of 50, 50 and 20. With a window of one the first is tried and
    // kills the destination; the other 70 recipients are put off without a try, once each.
    let to: Vec<String> = (1..=120).map(|n| format!("\"user{n:05}@dst.example\"")).collect();
    let mail = format!(
        "{EXCHANGER}[[mail]]\nfrom = \"alice@src.example\"\nto = [{}]\nat = \"10s\"\n\
         [[outage]]\nhost = \"mx1.dst.example\"\nfor = \"5m\"\nmode = \"refuse\"\n",
        to.join(", ")
    );
    let (scenario, log) = run(&mail);
    let first_minute = |attempt: &&AttemptFact| attempt.ended < SimTime::from_secs(60);
    let count = |outcome| {
        tries_from(&scenario, &log, "a.src.example")
            .filter(first_minute)
            .filter(|attempt| attempt.outcome == outcome)
            .count()
    };
    assert_eq!(count(AttemptOutcome::Refused), 50);
    assert_eq!(count(AttemptOutcome::Suspended), 70);
}

#[test]
fn a_refusal_over_a_kept_connection_leads_to_the_next_exchanger_too() {
    // Messages come faster than a second each, so connections are kept; from 5 s on mx1 refuses
    // recipients for now. mx2 is up all the time, so nothing is ever deferred at the sender.
    let more = r#"
[[domain]]
name = "dst.example"
store = "mx1.dst.example"
mx = [
    { host = "mx1.dst.example", preference = 10 },
    { host = "mx2.dst.example", preference = 20 },
]
mailboxes = ["bob"]
[[mail]]
from = "alice@src.example"
to = ["bob@dst.example"]
arrivals = { burst = 200 }
start = "2s"
[[outage]]
host = "mx1.dst.example"
mode = "slow"
stage = "dot"
delay = "1s"
[[outage]]
host = "mx1.dst.example"
from = "5s"
for = "2m"
mode = "tempfail"
stage = "rcpt"
"#;
    let (scenario, log) = run(more);
    let tries = || tries_from(&scenario, &log, "a.src.example");
    let kept = tries().filter(|attempt| attempt.transaction > 1).count();
    let refused = tries().filter(|attempt| attempt.outcome == AttemptOutcome::Tempfail).count();
    let deferred = tries().filter(|attempt| attempt.next_attempt.is_some()).count();
    assert!(kept > 0 && refused > 0, "{kept} over kept connections, {refused} refused");
    assert_eq!(deferred, 0);
}

#[test]
fn a_stopped_mail_program_submits_nothing() {
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
arrivals = { every = "1m" }
submit = { client = "pc.src.example", server = "a.src.example" }
[[action]]
host = "pc.src.example"
at = "5m30s"
do = "stop"
[[action]]
host = "pc.src.example"
at = "10m30s"
do = "start"
"#;
    let (scenario, log) = run(&format!("{EXCHANGER}{more}"));
    let begun: Vec<u64> = tries_from(&scenario, &log, "pc.src.example")
        .map(|attempt| attempt.started.as_secs())
        .collect();
    assert!(begun.iter().all(|second| !(330..630).contains(second)), "{begun:?}");
    assert!(begun.iter().filter(|second| (630..1200).contains(*second)).count() >= 10, "{begun:?}");
}

#[test]
fn an_interrupted_body_goes_on_at_the_next_repetition() {
    // 5 MB at 1 Mbit/s take 41.5 s with headers; packets vanish from 20 s to 90 s. TCP repeats
    // 0.24, 0.72, 1.68 ... 61.2, 122.64 s after the last packet got through (0.2 s beyond the round
    // trip, doubling), so it goes on at 142.6 s with some 32 s left to send.
    let more = r#"
[[outage]]
host = "mx1.dst.example"
from = "20s"
for = "70s"
mode = "blackhole"
"#;
    let (_, log) = run(&format!("{EXCHANGER}{LARGE_MESSAGE}{more}"));
    let delivered = log.facts.iter().find_map(|(at, fact)| match fact {
        Fact::Final { outcome: FinalOutcome::Delivered, .. } => Some(at.as_secs_f64()),
        _ => None,
    });
    let at = delivered.expect("the message arrives");
    assert!((173.0..177.0).contains(&at), "delivered at {at} s");
}

#[test]
fn what_a_crashed_client_never_sent_is_never_delivered() {
    // The body takes 41 s; the sender's process dies at 20 s, before the final dot. The server would
    // have answered the dot 700 s late, after the sender's patience of 600 s; but no dot comes. After
    // the restart the message is sent again, and once only.
    let more = r#"
[[outage]]
host = "mx1.dst.example"
for = "60s"
mode = "slow"
stage = "dot"
delay = "700s"
[[outage]]
host = "a.src.example"
from = "20s"
for = "5m"
mode = "crash"
"#;
    let (_, log) = run(&format!("{EXCHANGER}{LARGE_MESSAGE}{more}"));
    let delivered: Vec<f64> = log
        .facts
        .iter()
        .filter_map(|(at, fact)| match fact {
            Fact::Final { outcome: FinalOutcome::Delivered, .. } => Some(at.as_secs_f64()),
            _ => None,
        })
        .collect();
    assert!(matches!(delivered[..], [at] if (320.0..420.0).contains(&at)), "{delivered:?}");
}

#[test]
fn a_delivery_process_is_started_where_none_is_idle() {
    // Two messages at 10 s start two processes, a second each. The one at 20 s finds them idle. At
    // 200 s both have ended, 100 s after their last delivery.
    let more = format!(
        "{EXCHANGER}[[action]]\nat = \"0s\"\nhost = \"a.src.example\"\n\
         do = {{ set = {{ capacity = {{ service = {{ process_start = \"1s\" }} }} }} }}\n\
         [[mail]]\nfrom = \"alice@src.example\"\nto = [\"user00001@dst.example\"]\n\
         at = [\"10s\", \"10s\", \"20s\", \"200s\"]\n"
    );
    let (scenario, log) = run(&more);
    let begun: Vec<u64> = tries_from(&scenario, &log, "a.src.example")
        .filter(|attempt| attempt.to.is_some())
        .map(|attempt| attempt.started.as_secs())
        .collect();
    assert_eq!(begun, [11, 11, 20, 201]);
}
