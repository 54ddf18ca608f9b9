//! The model against what theory says of it.
//!
//! Each test runs `n` independent replications and compares their mean with a value computed by
//! hand. The tolerance is 4.5 standard errors of that mean. With n = 30 the quotient follows
//! Student's t with 29 degrees of freedom under the theory, and exceeds 4.5 in absolute value with
//! probability 1.0e-4; that is the chance of a false alarm per comparison when seeds change (with
//! the seeds fixed here nothing is left to chance). So that a test can fail, the standard error
//! must be small against the value: each comparison states how small.

mod common;

use common::{Run, at, scenario, secs};
use mailsim::mail::{AttemptOutcome, HostId, Stage};
use mailsim::model::Scenario;
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactSink, Register};
use mailsim::units::{SimDuration, SimTime};

/// Replications of each experiment.
const REPLICATIONS: u64 = 30;
/// Standard errors by which a mean may miss the theory.
const ERRORS: f64 = 4.5;

/// The mean of independent replications.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    mean: f64,
    standard_error: f64,
}

impl Estimate {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, standard_error: (squares / (n - 1.0) / n).sqrt() }
    }

    /// Holds the estimate against `theory`; its standard error must not exceed `precision`.
    fn agrees_with(self, theory: f64, precision: f64) {
        let Self { mean, standard_error } = self;
        assert!(
            standard_error > 0.0 && standard_error <= precision,
            "the standard error {standard_error} is not within (0, {precision}]: the test is blunt"
        );
        let errors = (mean - theory) / standard_error;
        assert!(errors.abs() <= ERRORS, "{mean} is {errors:.1} standard errors from {theory}");
    }
}

fn replicate(text: &str, mut measure: impl FnMut(&Scenario) -> f64) -> Estimate {
    let mut scenario = scenario(text);
    let values: Vec<f64> = (0..REPLICATIONS)
        .map(|replication| {
            scenario.replication = replication;
            measure(&scenario)
        })
        .collect();
    Estimate::of(&values)
}

/// Largest distance between the distribution of `values` and `theory`, times the root of their
/// number (Kolmogorov-Smirnov).
fn distance(mut values: Vec<f64>, theory: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(index, value): (usize, &f64)| {
        let expected = theory(*value);
        (expected - index as f64 / n).abs().max((expected - (index as f64 + 1.0) / n).abs())
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

/// A distance above this has probability 2 exp(-2 · 2.2²) = 1.25e-4 under the theory.
const FAR: f64 = 2.2;

// ---- Queues: a store that delivers into mailboxes ------------------------------------------

/// Time until the queue counts as settled [s].
const WARM_UP: u64 = 1_000;
/// End of the observation [s].
const END: u64 = 5_000;
/// Mean service time [s].
const SERVICE: f64 = 1.0;

/// One host with `processes` local delivery processes; mail comes at random, `rate` a minute.
fn store(rate: u32, processes: u32, service: &str, mta: &str) -> String {
    format!(
        r#"
        duration = "{END}s"
        sample_every = "1s"
        [defaults]
        latency = "0ms"
        [[host]]
        name = "a.example"
        roles = ["relay", "mx", "store"]
        mta = "{mta}"
        capacity = {{ local_processes = {processes}, service = {{ local = {service} }} }}
        [[domain]]
        name = "a.example"
        mx = ["a.example"]
        mailboxes = ["alice"]
        [[mail]]
        from = "alice@a.example"
        to = "alice@a.example"
        size = "1B"
        arrivals = {{ poisson = "{rate}/min" }}
        submit = {{ port = 25 }}
        "#
    )
}

/// What the queue of the store did after the warm-up.
#[derive(Debug, Default)]
struct Queue {
    accepted: Vec<SimTime>,
    waited: f64,
    stayed: f64,
    served: f64,
    sampled: f64,
}

impl FactSink for Queue {
    fn fact(&mut self, now: SimTime, fact: &Fact, _: &dyn Register) {
        match fact {
            Fact::Accepted { recipient, .. } => {
                let slots = self.accepted.len().max(recipient.index() + 1);
                self.accepted.resize(slots, SimTime::ZERO);
                self.accepted[recipient.index()] = now;
            }
            Fact::Attempt(attempt) if attempt.stage == Stage::Local => {
                let accepted = self.accepted[attempt.recipient.index()];
                if accepted >= at(WARM_UP) {
                    self.waited += attempt.started.since(accepted).as_secs_f64();
                    self.stayed += now.since(accepted).as_secs_f64();
                    self.served += 1.0;
                }
            }
            Fact::Queues(sample) if now >= at(WARM_UP) => {
                self.sampled += (sample.incoming + sample.active + sample.deferred) as f64;
            }
            _ => {}
        }
    }
}

impl Queue {
    fn of(scenario: &Scenario) -> Self {
        let mut queue = Self::default();
        let _ = Simulation::new(scenario).run(&mut queue);
        queue
    }

    fn mean_wait(&self) -> f64 {
        self.waited / self.served
    }

    /// The number in the queue, being delivered included, on average over the samples, one a
    /// second.
    fn mean_number(&self) -> f64 {
        self.sampled / (END - WARM_UP) as f64
    }
}

const EXPONENTIAL: &str = r#"{ exponential = { mean = "1s" } }"#;

/// Mean waiting time of M/M/c by Erlang's C formula.
fn erlang_wait(rate: f64, servers: u32) -> f64 {
    let offered = rate * SERVICE;
    let (mut term, mut sum) = (1.0, 0.0);
    for busy in 0..servers {
        sum += term;
        term *= offered / f64::from(busy + 1);
    }
    let load = offered / f64::from(servers);
    let all_busy = term / (1.0 - load) / (sum + term / (1.0 - load));
    all_busy * SERVICE / (f64::from(servers) * (1.0 - load))
}

#[test]
fn erlangs_formula_is_that_of_the_books() {
    // M/M/1: ρ/(1-ρ) service times; M/M/2: ρ²/(1-ρ²).
    assert!((erlang_wait(0.7, 1) - 0.7 / 0.3).abs() < 1e-12);
    assert!((erlang_wait(1.4, 2) - 0.49 / 0.51).abs() < 1e-12);
}

#[test]
fn waiting_time_of_m_m_1() {
    // 42 a minute, one second each: load 0.7.
    let wait = replicate(&store(42, 1, EXPONENTIAL, "postfix"), |s| Queue::of(s).mean_wait());
    wait.agrees_with(erlang_wait(0.7, 1), 0.15);
}

#[test]
fn waiting_time_of_m_m_3() {
    // 144 a minute over three processes: load 0.8.
    let wait = replicate(&store(144, 3, EXPONENTIAL, "postfix"), |s| Queue::of(s).mean_wait());
    wait.agrees_with(erlang_wait(2.4, 3), 0.08);
}

#[test]
fn waiting_time_of_m_m_3_under_the_plain_schedule() {
    let wait = replicate(&store(144, 3, EXPONENTIAL, "rfc5321"), |s| Queue::of(s).mean_wait());
    wait.agrees_with(erlang_wait(2.4, 3), 0.08);
}

#[test]
fn waiting_time_of_m_d_1() {
    // Pollaczek-Khinchine: half of M/M/1.
    let wait = replicate(&store(42, 1, "\"1s\"", "postfix"), |s| Queue::of(s).mean_wait());
    wait.agrees_with(0.7 / 0.3 / 2.0, 0.06);
}

#[test]
fn littles_law() {
    let text = store(42, 1, EXPONENTIAL, "postfix");
    // The number in the queue: ρ/(1-ρ), from samples that know nothing of single messages.
    let number = replicate(&text, |s| Queue::of(s).mean_number());
    number.agrees_with(0.7 / 0.3, 0.15);
    // And it is arrival rate times sojourn time in each run, but for those who cross its edges.
    let surplus = replicate(&text, |s| {
        let queue = Queue::of(s);
        queue.mean_number() - queue.stayed / (END - WARM_UP) as f64
    });
    surplus.agrees_with(0.0, 0.01);
}

// ---- Arrivals ------------------------------------------------------------------------------

#[test]
fn arrivals_are_a_poisson_process() {
    let mut scenario = scenario(&store(60, 1, "\"0s\"", "sink"));
    scenario.seed = 5;
    let run = Run::of(&scenario);
    let times: Vec<f64> = run.mail().iter().map(|story| story.at.as_secs_f64()).collect();
    // Gaps are exponential with a mean of one second.
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() > 4_000);
    assert!(distance(gaps, |gap| 1.0 - libm::exp(-gap)) < FAR);
    // Given their number, the times are evenly spread.
    let end = END as f64;
    assert!(distance(times.clone(), |time| time / end) < FAR);
    // Counts of disjoint windows vary as much as their mean: Σ(N-m)²/m has mean k and variance
    // k(2 + 1/m) over k windows.
    let (windows, mean) = (500_usize, 10.0);
    let mut counts = vec![0.0; windows];
    for time in &times {
        counts[(time / 10.0) as usize] += 1.0;
    }
    let dispersion: f64 = counts.iter().map(|n| (n - mean) * (n - mean) / mean).sum();
    let deviation = (windows as f64 * (2.0 + 1.0 / mean)).sqrt();
    assert!((dispersion - windows as f64).abs() < ERRORS * deviation, "{dispersion}");
}

// ---- Outages -------------------------------------------------------------------------------

/// `out.a.example` sends to `mx.b.example` over a network without latency; `outage` strikes.
fn two_hosts(duration: &str, mta: &str, mail: &str, outage: &str) -> String {
    format!(
        r#"
        duration = "{duration}"
        [defaults]
        latency = "0ms"
        resolver = {{ latency = "0ms" }}
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        mta = {mta}
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
        size = "1B"
        submit = {{ port = 25 }}
        {mail}
        [[outage]]
        host = "mx.b.example"
        mode = "refuse"
        {outage}
        "#
    )
}

/// Mean time until failure and until repair [s].
const FAILURE: f64 = 7_200.0;
const REPAIR: f64 = 1_200.0;
/// Length of the runs under random outages [s].
const DAYS: f64 = 5.0 * 86_400.0;

/// What a run under random outages says: share of time down, and share of messages refused at
/// first, each against the share of time down as its outages were stated.
fn under_random_outages(scenario: &Scenario) -> (f64, f64) {
    let run = Run::of(scenario);
    let stated: f64 = run
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::Outage(outage) => {
                Some(outage.to.as_secs_f64().min(DAYS) - outage.from.as_secs_f64())
            }
            _ => None,
        })
        .sum();
    let host = run.host("mx.b.example");
    let downtime = run.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Host(totals) if totals.host == host => Some(totals.downtime.as_secs_f64()),
        _ => None,
    });
    let downtime = downtime.expect("a run states the totals of its hosts");
    assert!(
        (downtime - stated).abs() < 1e-3,
        "{downtime} s in the totals, {stated} s in the facts"
    );
    let (out, mail) = (run.host("out.a.example"), run.mail());
    let refused = mail.iter().filter(|story| {
        let tries = story.tries_of(out);
        tries.first().is_some_and(|fact| fact.outcome == AttemptOutcome::Refused)
    });
    (downtime / DAYS, refused.count() as f64 / mail.len() as f64)
}

fn random_outages() -> String {
    let random = format!(
        r#"random = {{ failure = {{ exponential = {{ mean = "{FAILURE}s" }} }}, repair = {{ exponential = {{ mean = "{REPAIR}s" }} }} }}"#
    );
    // Each message is tried on its own: what happens to one says nothing to the others.
    let mta = r#"{ profile = "rfc5321", concurrency = 0 }"#;
    two_hosts("5d", mta, r#"arrivals = { poisson = "12/h" }"#, &random)
}

#[test]
fn availability_under_random_failure_and_repair() {
    // An alternating renewal process that begins up: the mean share of time down over [0, T] is
    // q (1 - (1 - exp(-sT)) / (sT)) with q = repair/(failure + repair) and s the sum of the rates.
    let rates = 1.0 / FAILURE + 1.0 / REPAIR;
    let stationary = REPAIR / (FAILURE + REPAIR);
    let theory = stationary * (1.0 - (1.0 - libm::exp(-rates * DAYS)) / (rates * DAYS));
    let down = replicate(&random_outages(), |s| under_random_outages(s).0);
    down.agrees_with(theory, 0.008);
}

#[test]
fn poisson_arrivals_see_time_averages() {
    // The share refused at first is the share of time down.
    let surplus = replicate(&random_outages(), |s| {
        let (down, refused) = under_random_outages(s);
        refused - down
    });
    surplus.agrees_with(0.0, 0.003);
}

#[test]
fn latency_of_a_known_outage_under_a_known_schedule() {
    // Down from 2 h to 6 h; tried 10 min, 30 min and then every hour after each failure, which is
    // known at once. So a message of time t is delivered at the first of t, t + 10 min,
    // t + 40 min, t + 100 min, … that lies outside [2 h, 6 h).
    let (from, to) = (at(7_200), at(21_600));
    let times: Vec<u64> = (0..120).map(|n| 5_000 + n * 149).collect();
    let list: Vec<String> = times.iter().map(|time| format!("\"{time}s\"")).collect();
    let mail = format!("at = [{}]", list.join(", "));
    let mta = r#"{ profile = "rfc5321", gaps = ["10m", "30m", "1h"], concurrency = 0 }"#;
    let text = two_hosts("12h", mta, &mail, "from = \"2h\"\nuntil = \"6h\"");
    let run = common::run(&text);
    let out = run.host("out.a.example");
    let mut late = 0;
    for story in run.mail() {
        let gaps = [600, 1_800].into_iter().chain(std::iter::repeat(3_600)).map(secs);
        let first = story.tries_of(out)[0].started;
        let mut expected = first;
        for gap in gaps {
            if !(from <= expected && expected < to) {
                break;
            }
            expected += gap;
        }
        late += usize::from(expected > first);
        // The session itself: one octet at 100 Mbit/s from the MUA and from the relay.
        let session = story.latency() - expected.since(story.at);
        assert!(
            session < SimDuration::from_millis(1),
            "{:?} against {expected:?}",
            story.latency()
        );
    }
    assert!((90..=110).contains(&late), "{late} of 120 messages are late");
}

#[test]
fn first_retry_of_postfix_is_evenly_spread() {
    // A message refused in second 0 is due at 300 s and may leave one second early; scans come
    // every 300 s with an unknown phase. So its first retry is spread evenly over 299 s to 599 s.
    let text = two_hosts("20m", "\"postfix\"", "at = \"0s\"", "for = \"19m\"");
    let mut scenario = scenario(&text);
    let retries: Vec<f64> = (0..400)
        .map(|replication| {
            scenario.replication = replication;
            let run = Run::of(&scenario);
            let tries = run.only().tries_of(run.host("out.a.example"));
            assert_eq!(tries[0].outcome, AttemptOutcome::Refused);
            tries[1].started.as_secs_f64()
        })
        .collect();
    let spread = distance(retries, |time| ((time - 299.0) / 300.0).clamp(0.0, 1.0));
    assert!(spread < FAR, "{spread}");
}

#[test]
fn a_message_may_leave_one_second_early() {
    // The bounds of that spread: a scan at 299 s takes the message up, one at 298 s does not, and
    // the next comes 300 s later.
    for (phase, retry) in [(299, 299), (298, 598)] {
        let mta = format!("{{ profile = \"postfix\", scan_phase = \"{phase}s\" }}");
        let run = common::run(&two_hosts("20m", &mta, "at = \"0s\"", "for = \"19m\""));
        let tries = run.only().tries_of(run.host("out.a.example"));
        assert_eq!(tries[1].started, at(retry), "first scan at {phase} s");
    }
}

// ---- Random choice -------------------------------------------------------------------------

#[test]
fn equal_exchangers_share_the_mail() {
    // RFC 5321 §5.1: equal preferences in random order. Of 1000 messages each gets half; the
    // number of one is binomial with standard deviation √250 (P beyond 4.5 of them: 7e-6).
    let text = two_hosts("2h", "\"rfc5321\"", r#"arrivals = { every = "7s" }"#, "from = \"119m\"")
        .replace(
            "mx = [\"mx.b.example\"]",
            "mx = [{ host = \"mx.b.example\", preference = 5 }, { host = \"mx2.b.example\", preference = 5 }]",
        )
        .replacen("[[domain]]", "[[host]]\nname = \"mx2.b.example\"\nmta = \"sink\"\n[[domain]]", 1);
    let (first, again) = (common::run(&text), common::run(&text));
    let chosen = |run: &Run| -> Vec<Option<HostId>> {
        let out = run.host("out.a.example");
        let mut mail = run.mail();
        mail.truncate(1_000);
        mail.iter().map(|story| story.tries_of(out)[0].to).collect()
    };
    assert_eq!(chosen(&first), chosen(&again), "the same seed, the same order");
    let mx = Some(first.host("mx.b.example"));
    let share = chosen(&first).iter().filter(|host| **host == mx).count() as f64;
    assert_eq!(chosen(&first).len(), 1_000);
    assert!((share - 500.0).abs() <= ERRORS * 250.0_f64.sqrt(), "{share} of 1000");
    assert!(first.ledger().delivered >= 1_000);
}
