//! Hostile input that is kept: seeds of the fuzzers (`corpus`), and everything that was ever found (`found`), fed
//! to what the fuzzers feed; and some offspring of the seeds, always the same.
//!
//! The fuzzers themselves are run by `.ci/fuzz SECONDS`. Without them, `MAILSIM_OFFSPRING=100000 cargo test
//! --release --test fuzz` tries that many of each kind.

mod feed;
mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Offspring of each kind in every run of the tests.
const OFFSPRING: u64 = 30;

/// Returns what is kept of a kind, by name.
fn kept(kind: &str) -> Vec<(String, Vec<u8>)> {
    let mut kept = Vec::new();
    for folder in ["corpus", "found"] {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder).join(kind);
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            kept.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    kept.sort();
    assert!(!kept.is_empty(), "nothing is kept of the kind {kind}");
    kept
}

/// Feeds what is kept of a kind, and offspring of it.
fn feed_kind(kind: &str, feed: fn(&[u8])) {
    let kept = kept(kind);
    let fed = |name: &str, data: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| feed(data))).is_err() {
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{kind}"));
            fs::write(&place, data).unwrap();
            panic!("{name} is not survived; it lies in {}", place.display());
        }
    };
    for (name, data) in &kept {
        fed(name, data);
    }
    let count = std::env::var("MAILSIM_OFFSPRING").ok().and_then(|count| count.parse().ok());
    let seeds: Vec<&[u8]> = kept.iter().map(|(_, data)| data.as_slice()).collect();
    for number in 0..count.unwrap_or(OFFSPRING) {
        fed(&format!("offspring {number}"), &mutate::offspring(&seeds, number));
    }
}

#[test]
fn hostile_input_of_the_kind_scenario_is_survived() {
    feed_kind("scenario", feed::scenario);
}

#[test]
fn hostile_input_of_the_kind_replay_is_survived() {
    feed_kind("replay", feed::replay);
}

#[test]
fn hostile_input_of_the_kind_study_is_survived() {
    feed_kind("study", feed::study);
}

#[test]
fn hostile_input_of_the_kind_folder_is_survived() {
    feed_kind("folder", feed::folder);
}

#[test]
fn hostile_input_of_the_kind_talk_is_survived() {
    feed_kind("talk", feed::talk);
}

#[test]
fn hostile_input_of_the_kind_http_is_survived() {
    feed_kind("http", feed::http);
}

#[test]
fn hostile_input_of_the_kind_import_is_survived() {
    feed_kind("import", feed::import);
}
