//! The same scenario and seed give the same facts, byte for byte, whatever runs beside it; and two
//! scenarios that differ in one thing draw the same for everything else.
//!
//! `.ci/run` runs this file in the dev profile and in the release profile; both are held against
//! the one digest in `golden/digest.txt`, so they agree with each other too.

mod common;

use std::thread;

use common::{Run, Tale, at, run, scenario, secs, tale};
use mailsim::mail::AttemptOutcome;
use mailsim::model::Scenario;
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactSink, Register};
use mailsim::units::SimTime;

/// A small network in which nearly everything is drawn: times, sizes, people, jitter, service
/// times, scan phases, shuffled exchangers, outages, greylisting, reading.
const BUSY: &str = r#"
seed = 11
duration = "12h"
sample_every = "10m"

[defaults]
jitter = "3ms"

[[host]]
name = "out.a.example"
roles = ["submission", "relay", "mx", "store"]
mta = { profile = "postfix", delay_warning_time = "30m", maximal_queue_lifetime = "3h" }
capacity = { service = { command = { uniform = ["1ms", "4ms"] }, message = { exponential = { mean = "50ms" } } } }

[[host]]
name = "mx1.b.example"
capacity = { service = { local = { lognormal = { median = "20ms", sigma = 0.5 } } } }

[[host]]
name = "mx2.b.example"
mta = { profile = "rfc5321", jitter = "1m", gaps = ["5m", "20m"] }

[[host]]
name = "mx1.c.example"
greylist = { delay = "5m" }

[[link]]
between = ["out.a.example", "mx1.b.example"]
latency = "20ms"
jitter = "2ms"
bandwidth = "10Mbit/s"

[[domain]]
name = "a.example"
mx = ["out.a.example"]
mailboxes = ["alice", "anna"]

[[domain]]
name = "b.example"
mx = [{ host = "mx1.b.example", preference = 10 }, { host = "mx2.b.example", preference = 10 }]
store = "mx1.b.example"
mailboxes = { count = 20 }

[[domain]]
name = "c.example"
mx = ["mx1.c.example"]
mailboxes = ["carol"]

[[mail]]
from = ["alice@a.example", "anna@a.example"]
to = [{ domain = "b.example" }, { domain = "b.example" }]
arrivals = { poisson = "40/h" }
size = { lognormal = { median = "75kB", sigma = 1.2 } }

[[mail]]
from = "alice@a.example"
to = ["carol@c.example", "nobody@c.example"]
arrivals = { every = "25m" }

[[mail]]
from = "anna@a.example"
to = "carol@c.example"
arrivals = { every = "1h", burst = 8 }

[[reading]]
domain = "b.example"
protocol = "pop3"

[[outage]]
host = "mx1.b.example"
mode = "blackhole"
random = { failure = { exponential = { mean = "2h" } }, repair = { weibull = { scale = "30m", shape = 1.5 } } }

[[outage]]
host = "mx1.c.example"
mode = "crash"
from = "2h"
for = "5h"

[[outage]]
host = "mx2.b.example"
mode = "drop"
from = "4h"
for = "1h"
"#;

/// Digests facts as they come.
struct Digest(blake3::Hasher);

impl FactSink for Digest {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        self.0.update(format!("{at:?} {fact:?}\n").as_bytes());
    }
}

fn digest(scenario: &Scenario) -> String {
    let mut digest = Digest(blake3::Hasher::new());
    let _ = Simulation::new(scenario).run(&mut digest);
    digest.0.finalize().to_hex().to_string()
}

fn with(change: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut changed = scenario(BUSY);
    change(&mut changed);
    changed
}

#[test]
fn the_same_scenario_and_seed_give_the_same_facts() {
    let scenario = scenario(BUSY);
    let first = digest(&scenario);
    assert_eq!(first, digest(&scenario));
    // On other threads, at the same time, beside each other.
    thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| digest(&scenario))).collect();
        for run in runs {
            assert_eq!(run.join().expect("the run ends"), first);
        }
    });
}

#[test]
fn another_seed_or_replication_gives_other_facts() {
    let first = digest(&scenario(BUSY));
    assert_ne!(first, digest(&with(|scenario| scenario.seed = 12)));
    assert_ne!(first, digest(&with(|scenario| scenario.replication = 1)));
}

/// A promise about format and portability: see the comment in the file. If a change of the model
/// or of the facts is meant to change it, put the digest printed here into the file and say in the
/// commit why it changed.
#[test]
fn facts_are_those_of_every_platform_and_profile() {
    let golden = include_str!("golden/digest.txt");
    let stated = golden.lines().find(|line| !line.starts_with('#')).unwrap_or_default().trim();
    assert_eq!(digest(&scenario(BUSY)), stated, "tests/golden/digest.txt has another digest");
}

#[test]
fn every_mechanism_of_the_golden_scenario_shows() {
    // A digest says little if nothing happens: each kind of fact and outcome must occur.
    let run = run(BUSY);
    let outcomes = |outcome| {
        run.stories.iter().flat_map(|s| &s.attempts).filter(|f| f.outcome == outcome).count()
    };
    for outcome in [
        AttemptOutcome::Accepted,
        AttemptOutcome::Tempfail,
        AttemptOutcome::Permfail,
        AttemptOutcome::Refused,
        AttemptOutcome::Timeout,
        AttemptOutcome::Lost,
        AttemptOutcome::Suspended,
    ] {
        assert!(outcomes(outcome) > 0, "no attempt is {outcome:?}");
    }
    assert!(run.failure_notices() > 0 && run.ledger().duplicates > 0);
    assert!(run.stories.iter().any(|story| story.retrieved.is_some()));
    assert!(run.facts.iter().any(|(_, fact)| matches!(fact, Fact::Queues(_))));
}

/// What people send: by message, when, how large, from whom, to whom.
fn sent(run: &Run) -> Vec<String> {
    let mut sent: Vec<String> = run
        .mail()
        .iter()
        .map(|s| {
            let c = &s.created;
            format!("{} {:?} {:?} {:?} {:?}", c.key, c.mailbox, s.at, c.size, c.sender)
        })
        .collect();
    sent.sort();
    sent
}

#[test]
fn other_retry_settings_leave_the_mail_as_it_is() {
    let before = run(BUSY);
    let other = BUSY.replace("maximal_queue_lifetime = \"3h\"", "queue_run_delay = \"90s\"");
    let after = run(&other);
    assert_ne!(tale(&before), tale(&after), "the setting matters");
    assert_eq!(sent(&before), sent(&after));
    assert!(sent(&before).len() > 500);
}

#[test]
fn outages_are_drawn_alike_whatever_the_mail_does() {
    let outages = |run: &Run| -> Vec<(SimTime, Fact)> {
        let of_outage = |(_, fact): &&(SimTime, Fact)| matches!(fact, Fact::Outage(_));
        run.facts.iter().filter(of_outage).cloned().collect()
    };
    let before = run(BUSY);
    let after = run(&BUSY.replace("poisson = \"40/h\"", "poisson = \"10/h\""));
    assert_eq!(outages(&before), outages(&after));
    assert!(outages(&before).len() > 3);
}

/// Each story of `before` is told alike in `after`.
fn same_stories(before: &Tale, after: &Tale) {
    for (name, story) in before {
        let other = after.get(name).unwrap_or_else(|| panic!("{name:?} is gone"));
        for (a, b) in story.iter().zip(other) {
            assert_eq!(a, b, "{name:?}");
        }
        assert_eq!(story.len(), other.len(), "{name:?}");
    }
}

/// A stranger with mail of its own, at the end of the file.
const STRANGER: &str = r#"
[[host]]
name = "z.example"
roles = ["submission", "relay", "mx", "store"]

[[domain]]
name = "z.example"
mx = ["z.example"]
mailboxes = ["zoe"]

[[mail]]
from = "zoe@z.example"
to = ["zoe@z.example", "nobody@y.example"]
arrivals = { poisson = "60/h" }
"#;

#[test]
fn a_stranger_changes_nothing_for_the_others() {
    let (before, after) = (tale(&run(BUSY)), tale(&run(&format!("{BUSY}{STRANGER}"))));
    assert!(after.len() > before.len() + 100);
    same_stories(&before, &after);
}

/// Hosts are known to the random streams by name, so their order in the file does not matter.
#[test]
fn a_stranger_in_front_changes_nothing_for_the_others() {
    let host = STRANGER.split("[[domain]]").next().expect("the host comes first");
    let front =
        BUSY.replacen("[[host]]\nname = \"out", &format!("{host}[[host]]\nname = \"out"), 1);
    assert_ne!(front, BUSY);
    let (before, after) = (tale(&run(BUSY)), tale(&run(&front)));
    same_stories(&before, &after);
}

/// One server that takes a second for each local delivery, one at a time.
fn one_at_a_time(mail: &str, outage: &str) -> Run {
    run(&format!(
        r#"
        duration = "3h"
        [defaults]
        latency = "0ms"
        resolver = {{ latency = "0ms" }}
        [[host]]
        name = "a.example"
        roles = ["relay", "mx", "store"]
        mta = "sink"
        capacity = {{ local_processes = 1, service = {{ local = "1s" }} }}
        [[domain]]
        name = "a.example"
        mx = ["a.example"]
        mailboxes = ["alice"]
        [[mail]]
        from = "alice@a.example"
        to = "alice@a.example"
        size = "1B"
        at = [{mail}]
        submit = {{ port = 25, retry = "never" }}
        {outage}
        "#
    ))
}

/// Events at one instant: faults first. An outage holds from its first instant and not at its last.
#[test]
fn faults_come_first_at_their_instant() {
    let outage = "[[outage]]\nhost = \"a.example\"\nmode = \"refuse\"\nfrom = \"1h\"\nfor = \"1h\"";
    let run = one_at_a_time(r#""59m59s999ms", "1h", "1h59m59s999ms", "2h""#, outage);
    let refused = |story: &&common::Story| story.attempts[0].outcome == AttemptOutcome::Refused;
    let times: Vec<_> = run.mail().into_iter().filter(refused).map(|story| story.at).collect();
    assert_eq!(
        times,
        [at(3600), SimTime::ZERO + mailsim::units::SimDuration::from_millis(7_199_999)]
    );
}

/// Events at one instant: what ends before what starts. A process that becomes free at an instant
/// is there for whoever asks at that instant.
#[test]
fn what_ends_comes_before_what_starts() {
    let run = one_at_a_time(r#""10s", "11s", "12s", "12500ms""#, "");
    let waits: Vec<_> = run
        .mail()
        .iter()
        .map(|story| {
            let local = story.attempts.last().expect("it is delivered");
            local.started.since(story.accepted[0].0)
        })
        .collect();
    // Each transfer takes the same few nanoseconds, so those a second apart never wait.
    assert_eq!(waits[..3], [secs(0); 3]);
    assert_eq!(waits[3], mailsim::units::SimDuration::from_millis(500));
}
