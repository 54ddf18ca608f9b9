//! Lists whose messages wait for a moderator, and lists that send their copies in parts.

use crate::common::{Run, Story, run};
use mailsim::mail::MessageKind;
use mailsim::units::{SimDuration, SimTime};

/// Seven members of a list get copies of one message, which is sent at ten minutes.
fn list(keys: &str, rest: &str) -> Run {
    run(&format!(
        r#"
title = "A list"
seed = 1
duration = "1d"
[[host]]
name = "lists.example"
roles = ["submission", "relay", "mx", "store"]
mta = "postfix"
[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]
mta = "postfix"
[[domain]]
name = "lists.example"
mx = ["lists.example"]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = ["mx.recipient.example"]
mailboxes = {{ count = 7 }}
[[list]]
address = "news@lists.example"
members = [{{ domain = "recipient.example" }}]
owner = "alice@lists.example"
{keys}
[[mail]]
from = "alice@lists.example"
to = ["news@lists.example"]
at = "10min"
submit = {{ server = "lists.example" }}
{rest}"#
    ))
}

fn copies(run: &Run) -> Vec<&Story> {
    let copy = |story: &&Story| story.created.kind == MessageKind::ListCopy;
    run.stories.iter().filter(copy).collect()
}

/// Minutes from the writing of the message to the making of each copy.
fn made(run: &Run) -> Vec<u64> {
    let since = SimTime::from_secs(600);
    let minutes = |at: SimTime| at.since(since).as_nanos() / 60_000_000_000;
    copies(run).iter().map(|story| minutes(story.at)).collect()
}

#[test]
fn a_message_waits_for_its_moderator() {
    assert_eq!(made(&list("", "")), [0; 7]);
    let held = list("moderation = \"2h\"", "");
    assert_eq!(made(&held), [120; 7]);
    assert!(copies(&held).iter().all(|story| story.copies() == 1));
    // Another draw for another message, and the same for the same seed.
    let drawn = "moderation = { exponential = { mean = \"2h\" } }";
    assert_eq!(made(&list(drawn, "")), made(&list(drawn, "")));
    assert_ne!(made(&list(drawn, "")), [120; 7]);
}

#[test]
fn copies_go_out_in_parts() {
    let parts = list("parts = { size = 3, every = \"10min\" }", "");
    assert_eq!(made(&parts), [0, 0, 0, 10, 10, 10, 20]);
    assert!(copies(&parts).iter().all(|story| story.copies() == 1));
    let both = list("moderation = \"1h\"\nparts = { size = 4, every = \"1h\" }", "");
    assert_eq!(made(&both), [60, 60, 60, 60, 120, 120, 120]);
}

#[test]
fn a_part_that_is_due_while_the_server_is_down_waits_for_it() {
    let outage = "[[outage]]\nhost = \"lists.example\"\nmode = \"crash\"\nfrom = \"60min\"\n\
                  for = \"150min\"\n";
    let run = list("moderation = \"2h\"", outage);
    let up = SimTime::from_secs(210 * 60);
    for story in copies(&run) {
        assert!(story.at >= up && story.at < up + SimDuration::from_minutes(2), "{story:?}");
        assert_eq!(story.copies(), 1);
    }
}

#[test]
fn what_still_waits_at_the_end_has_no_copies() {
    assert_eq!(copies(&list("moderation = \"2d\"", "")).len(), 0);
}
