//! The random duel: a new experiment each time, made by a real server and by the model.
//!
//! `cargo test --release --test duel -- --ignored --nocapture`, as root, on a machine with the Debian
//! packages `postfix` and `iproute2`, draws experiments (settings, exchangers, what goes wrong, mail),
//! starts a real server for each in a network namespace of its own, and holds the model against what
//! it does. Four seeds are fixed and must agree; a fifth is drawn each time and its outcome told with
//! the command that makes the same experiment again: a difference there is a finding to follow.
//!
//! | variable | meaning |
//! |---|---|
//! | `MAILSIM_DUEL_SEED` | makes the experiment of this seed, in place of all others |
//! | `MAILSIM_DUEL_NEW` | how many new seeds are drawn; 1 without it |
//! | `MAILSIM_DUEL_SERVER` | `exim`, `sendmail` or `opensmtpd` in place of `postfix` |
//! | `MAILSIM_SERVERS` | the folder in which those are unpacked beside each other, see below |
//!
//! Other servers than Postfix need not be installed, which they could not be beside it: Debian's
//! packages unpacked in a folder each do, as
//! `apt-get download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb servers/exim`, for Sendmail
//! `sendmail-bin` and `sendmail-cf`, for OpenSMTPD `opensmtpd` and the libraries that it names; then
//! `MAILSIM_DUEL_SERVER=exim MAILSIM_SERVERS=$PWD/servers cargo test --release --test duel --
//! --ignored --nocapture`.
//!
//! Nothing outside the namespaces is touched. Where packages or rights are missing the tests say `LEFT
//! OUT`; with `MAILSIM_REQUIRE_ALL` set they fail instead. `.ci/run` leaves the duel to whoever changes
//! a server's rules: a real server on a busy machine may be later than any run of the model.

mod drawn;
mod judge;
#[path = "../laboratory/mod.rs"]
mod laboratory;
#[path = "../common/left_out.rs"]
mod left_out;

use std::thread;

use crate::laboratory::{inside, model};
use crate::left_out::left_out;

/// Runs of the model for each experiment, with seeds from 1: chance decides which of several equal
/// exchangers a message goes to, and how fast the machine is.
const RUNS: u64 = 150;

/// Experiments that must agree.
const SEEDS: [u64; 4] = [1, 2, 3, 4];
/// How often one of them is made before a difference counts: a busy machine may be late.
const TRIES: usize = 3;

/// Returns the server that is asked.
fn server() -> String {
    std::env::var("MAILSIM_DUEL_SERVER").unwrap_or_else(|_| "postfix".to_owned())
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Makes the experiment of a seed; returns what differs.
fn duel(server: &str, seed: u64) -> Vec<String> {
    let experiment = drawn::experiment(server, seed);
    let observed = match inside::observe(&experiment, "the_inside_of_the_laboratory") {
        Ok(observed) => observed,
        Err(error) => return vec![error.to_string()],
    };
    let scenario = model::scenario(&experiment, &[]);
    let run = |seed| model::observe(&experiment, &scenario, Some(&observed), seed);
    let runs: Vec<_> = (1..=RUNS).map(run).collect();
    judge::differences(&experiment, &observed, &runs)
}

/// Makes several experiments side by side; returns what differs in each.
fn duels(server: &str, seeds: &[u64]) -> Vec<Vec<String>> {
    thread::scope(|scope| {
        let duels: Vec<_> =
            seeds.iter().map(|&seed| scope.spawn(move || duel(server, seed))).collect();
        duels.into_iter().map(|duel| duel.join().expect("a duel does not panic")).collect()
    })
}

fn tell(server: &str, seed: u64, differences: &[String]) {
    if differences.is_empty() {
        println!("{server}, seed {seed}: agrees");
        return;
    }
    println!("{server}, seed {seed}: {} messages differ", differences.len());
    differences.iter().for_each(|line| println!("    {line}"));
    println!(
        "    again: MAILSIM_DUEL_SERVER={server} MAILSIM_DUEL_SEED={seed} cargo test --release \
         --test duel a_new -- --ignored --nocapture"
    );
}

/// What the laboratory runs inside; nothing outside of one.
#[test]
fn the_inside_of_the_laboratory() {
    if let Some(folder) = inside::entered() {
        inside::experiment(&folder).expect("the experiment can be made");
    }
}

#[test]
#[ignore = "takes minutes: the head of this file says how to run it"]
fn fixed_experiments_agree() {
    let server = server();
    if let Some(why) = inside::what_is_missing(&server) {
        return left_out("the duel with a real server", &why);
    }
    let mut left = SEEDS.to_vec();
    for _ in 0..TRIES {
        let found = duels(&server, &left);
        left.iter().zip(&found).for_each(|(seed, differences)| tell(&server, *seed, differences));
        let differs = left.iter().zip(&found).filter(|(_, differences)| !differences.is_empty());
        left = differs.map(|(seed, _)| *seed).collect();
        if left.is_empty() {
            return;
        }
    }
    panic!("{server}: these seeds differ {TRIES} times in succession: {left:?}");
}

#[test]
#[ignore = "takes minutes: the head of this file says how to run it"]
fn a_new_experiment_is_told_of() {
    let server = server();
    if let Some(why) = inside::what_is_missing(&server) {
        return left_out("the duel with a real server", &why);
    }
    let seeds = match number("MAILSIM_DUEL_SEED") {
        Some(seed) => vec![seed],
        None => new_seeds(number("MAILSIM_DUEL_NEW").unwrap_or(1)),
    };
    let mut agreeing = 0;
    // A few at a time: each has a server of its own.
    for seeds in seeds.chunks(4) {
        for (seed, differences) in seeds.iter().zip(duels(&server, seeds)) {
            tell(&server, *seed, &differences);
            agreeing += usize::from(differences.is_empty());
        }
    }
    println!("{server}: {agreeing} of {} new experiments agree", seeds.len());
}

/// Returns seeds that nobody has seen.
#[expect(clippy::disallowed_types, reason = "what is new each time comes from the wall clock")]
fn new_seeds(count: u64) -> Vec<u64> {
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let first = since_epoch.as_micros() as u64 % 1_000_000_000;
    (0..count).map(|number| first + number).collect()
}
