//! Wild networks, each held against all audits: `draw` makes them, `audits` says what must hold.
//!
//! Every run of the tests takes the same few hundred. For a campaign:
//! `MAILSIM_NETWORKS=0..100000 cargo test --release --test networks -- --nocapture`; a network that fails is
//! told by its number, and drawn again by it (`MAILSIM_NETWORKS=4711..4712`), with its text. `MAILSIM_WORKERS`
//! says how many threads work. For a change that must not change a byte of any result there is
//! `.ci/same-bytes`.

#[path = "../common/mod.rs"]
mod common;

mod audits;
mod draw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mailsim::model::Scenario;
use mailsim::scenario::{Loaded, Source, load};

use audits::Verdict;
use common::Run;
use draw::{Chance, Network, Servers, network};

/// The networks of every run of the tests.
const NUMBERS: std::ops::Range<u64> = 0..500;
/// Those in which campaigns found something. (A server that plans its next try when one begins, and hangs for
/// longer than that.)
const FOUND: [u64; 3] = [967, 2846, 9007];

fn loaded(text: &str) -> Option<Loaded> {
    let nothing = |name: &str| Err(format!("{name}: networks name no files"));
    let source = Source { file: "network.toml", text, read_file: &nothing };
    load(&source, &[]).ok()
}

fn read(text: &str) -> Option<Scenario> {
    loaded(text).map(|loaded| loaded.scenario)
}

/// Tries a network against all audits; none if it is not valid.
fn try_out(number: u64, network: &Network) -> Option<Verdict> {
    let loaded = loaded(&network.text())?;
    let chance = &mut Chance::new(!number);
    let run = Run::of(&loaded.scenario);
    if run.totals.endless.is_some() {
        return Some(Ok(()));
    }
    let named = |name: &str, verdict: Verdict| verdict.map_err(|it| format!("{name}: {it}"));
    let place = tempfile::tempdir().expect("there is room");
    let mut all = || -> Verdict {
        named("ledger", audits::ledger(&run, chance))?;
        named("times", audits::times(&run))?;
        // Each costs a run or two: a network is tried by one of them.
        match number % 7 {
            0 => named("second run", audits::second_run(&run)),
            1 => named("causality", audits::causality(&run, network, read, chance)),
            2 => named("common numbers", audits::common_numbers(&run, network, read, chance)),
            3 => named("harmless outage", audits::harmless_outage(&run, network, read, chance)),
            4 => named("no tables", audits::no_tables(&run, place.path())),
            5 => named("shortcuts", audits::shortcuts(&run)),
            _ => named("report", audits::report(&loaded, place.path())),
        }
    };
    Some(all())
}

/// Returns the valid network of a number: what is not valid is drawn again.
fn valid(number: u64, servers: &Servers) -> Option<Network> {
    let mut draws = (0..10).map(|again| network(number + (again << 40), servers));
    draws.find(|network| read(&network.text()).is_some())
}

fn numbers() -> Vec<u64> {
    let told = std::env::var("MAILSIM_NETWORKS").ok();
    let range = told.as_deref().and_then(|told| {
        let (from, to) = told.split_once("..")?;
        Some(from.parse::<u64>().ok()?..to.parse().ok()?)
    });
    range.map_or_else(|| NUMBERS.chain(FOUND).collect(), Iterator::collect)
}

/// Writes the networks into a folder, for `.ci/same-bytes`.
#[test]
#[ignore = "it checks nothing: it writes the networks down for .ci/same-bytes"]
fn networks_are_written_down() {
    let folder = std::env::var("MAILSIM_NETWORKS_TO").expect("MAILSIM_NETWORKS_TO names a folder");
    let servers = Servers::new(|text| read(text).is_some());
    for number in numbers() {
        if let Some(network) = valid(number, &servers) {
            let file = std::path::Path::new(&folder).join(format!("{number}.toml"));
            std::fs::write(file, network.text()).expect("the folder can be written to");
        }
    }
}

#[test]
fn wild_networks_pass_all_audits() {
    let servers = Servers::new(|text| read(text).is_some());
    let numbers = numbers();
    let (next, tried) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        let mut failures = Vec::new();
        loop {
            let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return failures;
            };
            let Some(network) = valid(number, &servers) else { continue };
            let ended = catch_unwind(AssertUnwindSafe(|| try_out(number, &network)));
            let verdict = ended.unwrap_or_else(|_| Some(Err("it panics".to_owned())));
            let Some(verdict) = verdict else { continue };
            let done = tried.fetch_add(1, Ordering::Relaxed) + 1;
            if done % 1_000 == 0 {
                println!("{done} networks");
            }
            if let Err(problem) = verdict {
                println!("network {number}: {problem}");
                failures.push((number, problem, network.text()));
            }
        }
    };
    let told = std::env::var("MAILSIM_WORKERS").ok().and_then(|told| told.parse().ok());
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers: usize = told.unwrap_or_else(cores);
    let mut failures: Vec<(u64, String, String)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    failures.sort();
    let (tried, drawn) = (tried.into_inner(), numbers.len() as u64);
    println!("{tried} of {drawn} networks are valid; {} fail", failures.len());
    if let Some((number, problem, text)) = failures.first() {
        panic!("{} networks fail, the first is {number}: {problem}\n{text}", failures.len());
    }
    assert!(tried * 10 >= drawn * 9, "only {tried} of {drawn} networks are valid");
}
