//! The model against a real Postfix, at the moment of the test.
//!
//! `cargo test --test live_postfix -- --nocapture`, as root, on a machine with the Debian packages
//! `postfix` and `iproute2`, starts a Postfix of its own in its own network namespace, with
//! scripted SMTP servers and a scripted name server. It submits mail, lets the destination refuse
//! connections for 13 s (Postfix's times are scaled down by 100), and notes each delivery, arrival
//! and notice. Then the model makes the same experiment with many seeds: when Postfix's queue scans
//! fall is not known. What was observed must be one of the model's runs: for all messages at once
//! the same deliveries, hosts and notices, each within half a second. A model with another back-off
//! must have no such run.
//!
//! Nothing outside the namespace is touched: no service is started and no Postfix of the machine
//! disturbed. Where the packages or the rights are missing the test says `LEFT OUT`; with
//! `MAILSIM_REQUIRE_ALL` set, as in `.ci/run`, it fails instead.

mod agreement;
#[path = "../laboratory/mod.rs"]
mod laboratory;
#[path = "../common/left_out.rs"]
mod left_out;
mod plan;

use crate::agreement::Verdict;
use crate::laboratory::experiment::Experiment;
use crate::laboratory::observation::Observation;
use crate::laboratory::{inside, model};
use crate::left_out::left_out;

/// Runs of the model, with seeds from 1: enough that one of them has its scans within some
/// hundredths of a second of where the real ones fell.
const RUNS: u64 = 200;

/// Settings that the real server does not have; the model must not agree under any of them.
const WRONG: [(&str, &str); 5] = [
    ("maximal_backoff_time", "3s"),
    ("minimal_backoff_time", "8s"),
    ("queue_run_delay", "6s"),
    ("delay_warning_time", "12s"),
    ("default_destination_concurrency_failed_cohort_limit", "0"),
];

#[test]
fn a_real_postfix_does_what_one_of_the_runs_does() {
    const THIS: &str = "a_real_postfix_does_what_one_of_the_runs_does";
    if let Some(folder) = inside::entered() {
        return inside::experiment(&folder).expect("the experiment can be made");
    }
    if let Some(why) = inside::what_is_missing("postfix") {
        return left_out("the comparison with a real Postfix", &why);
    }
    let experiment = plan::experiment();
    let observed = inside::observe(&experiment, THIS).expect("the experiment can be made");
    let verdict = verdict(&experiment, &observed, &[]);
    println!("model of Postfix: {verdict}");
    assert!(verdict.agrees(), "no run is like the real server: {verdict}");
    for wrong in WRONG {
        let verdict = self::verdict(&experiment, &observed, &[wrong]);
        println!("with {} = {}: {verdict}", wrong.0, wrong.1);
        assert!(!verdict.agrees(), "a wrong {} goes unnoticed", wrong.0);
    }
}

/// Compares what was observed with runs of the model under changed settings.
fn verdict(experiment: &Experiment, observed: &Observation, changes: &[(&str, &str)]) -> Verdict {
    let scenario = model::scenario(experiment, changes);
    let run = |seed| model::observe(experiment, &scenario, None, seed);
    let runs: Vec<_> = (1..=RUNS).map(run).collect();
    Verdict::new(experiment, observed, &runs)
}
