//! From which of its addresses a host with several connects.

mod common;

use std::collections::BTreeSet;

use common::{Run, run};
use mailsim::trace::Fact;

/// A host with two addresses, one of them listed, sends 48 messages; those from the listed address
/// are refused at RCPT.
fn network(seed: u64, choice: &str) -> String {
    format!(
        r#"
seed = {seed}
duration = "5h"
[[host]]
name = "smtp.a.example"
roles = ["submission", "relay", "mx", "store"]
mta = "postfix"
addresses = ["192.0.2.1", "192.0.2.2"]
{choice}
[[host]]
name = "mx.b.example"
roles = ["mx", "store"]
mta = "postfix"
blocklists = ["bl.example"]
[[blocklist]]
name = "bl.example"
lists = [{{ address = "192.0.2.1" }}]
[[domain]]
name = "a.example"
mx = ["smtp.a.example"]
mailboxes = ["alice"]
[[domain]]
name = "b.example"
mx = ["mx.b.example"]
mailboxes = ["bob"]
[[mail]]
from = "alice@a.example"
to = ["bob@b.example"]
arrivals = {{ every = "5m" }}
count = 48
"#
    )
}

/// Returns for each message whether it left from the listed address, at its first try.
fn listed(run: &Run) -> Vec<bool> {
    let client = run.host("smtp.a.example");
    let first = |story: &&common::Story| {
        let tries = story.tries_of(client);
        tries[0].reply.is_some_and(|reply| !reply.is_positive())
    };
    run.mail().iter().map(first).collect()
}

#[test]
fn the_draw_follows_seed_and_replication() {
    let patterns: BTreeSet<Vec<bool>> =
        (1..=6).map(|seed| listed(&run(&network(seed, "")))).collect();
    assert!(patterns.len() >= 5, "{patterns:?}");
    let mut scenario = common::scenario(&network(1, ""));
    let first = listed(&Run::of(&scenario));
    scenario.replication = 1;
    assert_ne!(listed(&Run::of(&scenario)), first);
    // 48 fair draws: within four standard errors of the half.
    let count = first.iter().filter(|listed| **listed).count();
    assert!((10..=38).contains(&count), "{count}");
}

#[test]
fn addresses_take_turns_by_connection() {
    let pattern = listed(&run(&network(1, "source_address = \"in_turn\"")));
    let turns: Vec<bool> = (0..48).map(|number| number % 2 == 0).collect();
    assert_eq!(pattern, turns);
}

/// A message that is put off and tried again keeps its address, or draws another one.
#[test]
fn a_message_keeps_its_address_only_where_it_is_sticky() {
    let slow = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"tempfail\"\nstage = \"data\"\n";
    let changed = |choice: &str| {
        let run = run(&format!("{}{slow}", network(1, choice)));
        let found = run.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Attempt(_))).count();
        assert!(found > 100, "tries again and again: {found}");
        let client = run.host("smtp.a.example");
        let replies = |story: &&common::Story| -> BTreeSet<u16> {
            let tries = story.tries_of(client);
            tries.iter().filter_map(|fact| fact.reply).map(|reply| reply.code).collect()
        };
        run.mail().iter().filter(|story| replies(story).len() > 1).count()
    };
    assert_eq!(changed("source_address = \"sticky\""), 0);
    assert!(changed("source_address = \"random\"") > 5);
}
