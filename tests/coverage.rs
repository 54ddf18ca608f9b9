//! Do intervals cover what theory says as often as they claim?
//!
//! A study of ten replications is repeated a thousand times, each time under another seed, and its
//! 95 % interval is held against the value known by theory. If intervals are right, the number that
//! cover it is binomial with standard deviation √(1000 · 0.95 · 0.05) = 6.9, so that between 93 and
//! 97 % is three of them to either side.

use std::thread;

use mailsim::scenario::Source;
use mailsim::statistics::Estimate;
use mailsim::study::{Study, load_study};
use mailsim::study::{Task, run_one};

const REPETITIONS: u64 = 1_000;
const REPLICATIONS: u64 = 10;

fn study(base: &str, text: &str) -> Study {
    let files = |_: &str| Ok(base.to_owned());
    let source = Source { file: "coverage.toml", text, read_file: &files };
    load_study(&source, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false))).study
}

/// Returns the estimate of the first figure in the repetition with this seed.
fn repetition(study: &Study, seed: u64) -> Estimate {
    let study = Study { seed, ..study.clone() };
    let values: Vec<f64> = (0..REPLICATIONS)
        .map(|replication| {
            let task = Task { cell: 0, replication, key: String::new() };
            let row =
                run_one(&study, &task, || true).expect("it ends").expect("nobody interrupts it");
            row.figures[0].expect("it happens in every run")
        })
        .collect();
    Estimate::of(&values, study.confidence)
}

/// Returns the share of repetitions whose interval covers `theory`, and the mean of all.
fn coverage(study: &Study, theory: f64) -> (f64, f64) {
    let workers = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let (covering, sum) = thread::scope(|scope| {
        let work = |worker: u64| {
            scope.spawn(move || {
                let (mut covering, mut sum) = (0, 0.0);
                for seed in (worker..REPETITIONS).step_by(workers as usize) {
                    let estimate = repetition(study, seed);
                    let interval = estimate.interval.expect("ten values");
                    covering += u32::from(interval.covers(theory));
                    sum += estimate.mean.expect("ten values");
                }
                (covering, sum)
            })
        };
        let workers: Vec<_> = (0..workers).map(work).collect();
        let ends = workers.into_iter().map(|worker| worker.join().expect("no run panics"));
        ends.fold((0, 0.0), |(a, b), (c, d)| (a + c, b + d))
    });
    (f64::from(covering) / REPETITIONS as f64, sum / REPETITIONS as f64)
}

#[track_caller]
fn covers(study: &Study, theory: f64, precision: f64) {
    let (share, mean) = coverage(study, theory);
    println!("{:.1} % cover {theory}; the mean of all is {mean}", share * 100.0);
    assert!((0.93..=0.97).contains(&share), "{share} of the intervals cover {theory}");
    // An interval that covers by being far too wide, or about another value, would show here.
    assert!((mean / theory - 1.0).abs() < precision, "{mean} against {theory}");
}

/// One server with exponential times of one second, arrivals of 30 a minute: by the formula of
/// Pollaczek and Khinchine mail waits for ρ/(1-ρ) = 1 service time. The first 60 s are left out:
/// the queue begins empty and forgets that within some 1/(1-√ρ)² = 12 s; and so are the last 30 s,
/// whose mail may still wait at the end.
#[test]
fn waiting_time_of_m_m_1_at_half_load() {
    let base = r#"
        duration = "1290s"
        sample_every = "1290s"
        [defaults]
        latency = "0ms"
        [[host]]
        name = "a.example"
        roles = ["relay", "mx", "store"]
        mta = "rfc5321"
        capacity = { local_processes = 1, service = { local = { exponential = { mean = "1s" } } } }
        [[domain]]
        name = "a.example"
        mx = ["a.example"]
        mailboxes = ["alice"]
        [[mail]]
        from = "alice@a.example"
        to = "alice@a.example"
        size = "1B"
        arrivals = { poisson = "30/min" }
        submit = { port = 25 }
    "#;
    let text = r#"
        scenario = "m-m-1.toml"
        warm_up = "60s"
        cool_down = "30s"
        figures = ["where_time_went.queues.mean_s"]
    "#;
    covers(&study(base, text), 1.0, 0.02);
}

/// A host that works for two hours and is mended for twenty minutes, both at random. The run begins
/// with the host up: the mean share of time down over [0, T] is q (1 - (1 - exp(-sT)) / (sT)) with
/// q = repair/(failure + repair) and s the sum of both rates.
#[test]
fn downtime_of_a_host_that_fails_and_is_mended() {
    let base = r#"
        duration = "5d"
        sample_every = "5d"
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        [[host]]
        name = "mx.b.example"
        roles = ["mx", "store"]
        mta = "sink"
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
        at = "0s"
        [[outage]]
        host = "mx.b.example"
        mode = "refuse"
        random = { failure = { exponential = { mean = "2h" } }, repair = { exponential = { mean = "20m" } } }
    "#;
    let text = "scenario = \"availability.toml\"\nfigures = ['hosts.\"mx.b.example\".downtime_s']";
    let (failure, repair, length) = (7_200.0, 1_200.0, 5.0 * 86_400.0);
    let rates = 1.0 / failure + 1.0 / repair;
    let stationary = repair / (failure + repair);
    let share = stationary * (1.0 - (1.0 - libm::exp(-rates * length)) / (rates * length));
    covers(&study(base, text), share * length, 0.01);
}
