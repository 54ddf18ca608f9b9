//! How time and memory grow with the number of messages, and what a large network takes.
//!
//! Each line is one run of the program without tables, in a process of its own; its processor time
//! and its greatest memory are printed. `MAILSIM_SCALE=full cargo bench --bench scale` goes up to
//! ten million messages (some minutes); without it a tenth of that is measured.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::child::{Taken, run};

/// A place for scenarios and results, and the retry day.
struct Bench {
    place: tempfile::TempDir,
    retry_day: PathBuf,
}

impl Bench {
    fn run(&self, what: &str, messages: u64, scenario: &Path, changes: &[&str]) -> Taken {
        let mut arguments = Vec::new();
        for change in changes {
            let (option, change) = change.split_at(usize::from(change.starts_with('-')));
            arguments.push(if option.is_empty() { "--set" } else { "--unset" }.to_owned());
            arguments.push(change.to_owned());
        }
        let taken = run(scenario, &self.place.path().join("run"), &arguments);
        println!(
            "{what:<44} {messages:>9} messages {:>8.2} s {:>7.0} ns a message {:>8.1} MiB",
            taken.seconds,
            taken.seconds * 1e9 / messages as f64,
            taken.mebibytes,
        );
        taken
    }

    fn day(&self, what: &str, messages: u64, changes: &[&str]) -> Taken {
        let rate = format!("mail.0.arrivals.poisson=\"{messages}/d\"");
        let changes: Vec<&str> = changes.iter().copied().chain(["-expect", &rate]).collect();
        self.run(what, messages, &self.retry_day, &changes)
    }
}

fn main() {
    let full = std::env::var("MAILSIM_SCALE").is_ok_and(|scale| scale == "full");
    let most = if full { 10_000_000 } else { 1_000_000 };
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let bench = Bench {
        place: tempfile::tempdir().expect("there is room for temporary files"),
        retry_day: scenarios.join("retry-day.toml"),
    };
    for messages in [10_000, 100_000, 1_000_000, 10_000_000] {
        if messages <= most {
            bench.day("retry day", messages, &[]);
        }
    }
    bench.day("without the outage: nothing is queued", most, &["-outage"]);
    // Nothing is delivered and nothing is tried again before the end.
    let silent = ["outage.0.from=0s", "outage.0.until=48h", "duration=24h"];
    let patient = "host.0.mta={ profile = \"postfix\", queue_run_delay = \"24h\" }";
    let all = bench.day("all mail is queued", 1_000_000, &[&silent[..], &[patient]].concat());
    let none = bench.day("no mail", 1, &silent);
    let each = (all.mebibytes - none.mebibytes) * 1024.0 * 1024.0 / 1e6;
    println!("{:44} {each:.0} octets a queued recipient", "");
    for (sites, messages) in [(1_000, most / 10), (10_000, most)] {
        let network = bench.place.path().join("network.toml");
        fs::write(&network, common::large_network(sites, 100, messages)).expect("there is room");
        bench.run(&format!("{sites} sites: reading and building"), 1, &network, &["duration=1s"]);
        bench.run(&format!("{sites} sites"), messages, &network, &[]);
    }
}
