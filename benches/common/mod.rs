//! What the benches share: scenarios from text and from the shipped files.
#![allow(dead_code, reason = "each bench uses another part")]

use std::path::Path;

use mailsim::scenario::{Override, Scenario, Source, load};

/// Reads a scenario; a bench's own text must be right.
pub(crate) fn scenario(text: &str) -> Scenario {
    read(text, &[])
}

/// Reads a shipped scenario with changes as `--set` takes them.
pub(crate) fn shipped(name: &str, changes: &[String]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(&path).expect("the scenario is shipped");
    let changes: Vec<Override> = changes
        .iter()
        .map(|change| Override::set(change).expect("a bench sets what exists"))
        .collect();
    read(&text, &changes)
}

/// The shipped day of retries with so many messages.
pub(crate) fn retry_day(messages: u64) -> Scenario {
    shipped("retry-day.toml", &[format!("mail.0.arrivals.poisson=\"{messages}/d\"")])
}

fn read(text: &str, changes: &[Override]) -> Scenario {
    let nothing = |name: &str| Err(format!("{name}: benches name no files"));
    let source = Source { file: "bench.toml", text, read_file: &nothing };
    match load(&source, changes) {
        Ok(loaded) => loaded.scenario,
        Err(problems) => panic!("{problems}"),
    }
}
