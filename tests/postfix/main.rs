//! Postfix: its scheduler and its SMTP client, in experiments small enough to be reckoned by hand.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod scheduler;

use mailsim::mail::MailboxNames as _;
use mailsim::trace::AttemptFact;

use common::Run;

/// `out.a.example` runs Postfix with `settings` and sends to `one.example`, `two.example` and
/// `three.example`, each with an exchanger of its own, over a network without latency.
pub(crate) fn network(settings: &str, more: &str) -> Run {
    let mut text = format!(
        r#"
        title = "Postfix and three destinations"
        seed = 3
        duration = "10min"
        [defaults]
        latency = "0ms"
        resolver = {{ latency = "0ms" }}
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        [host.mta]
        profile = "postfix"
        {settings}
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice", "arthur"]
        "#
    );
    for name in ["one", "two", "three"] {
        text += &format!(
            r#"
            [[host]]
            name = "mx.{name}.example"
            roles = ["mx", "store"]
            mta = "sink"
            [[domain]]
            name = "{name}.example"
            mx = ["mx.{name}.example"]
            mailboxes = {{ count = 100 }}
            "#
        );
    }
    common::run(&(text + more))
}

pub(crate) fn message(at: &str, from: &str, to: &[String]) -> String {
    format!(
        "[[mail]]\nfrom = \"{from}@a.example\"\nto = {to:?}\nsize = \"1B\"\n\
         submit = {{ port = 25 }}\nat = \"{at}\"\n"
    )
}

pub(crate) fn one(at: f64, to: &str) -> String {
    message(&format!("{at}s"), "alice", &[to.to_owned()])
}

/// Returns the tries of the sending server that went to somebody, by their beginning.
pub(crate) fn tries(run: &Run) -> Vec<(f64, String, AttemptFact)> {
    let mut tries = Vec::new();
    for story in run.mail() {
        let to = run.scenario.mailbox(story.created.mailbox).to_owned();
        for attempt in story.tries_of(run.host("out.a.example")) {
            tries.push((attempt.started.as_secs_f64(), to.clone(), attempt));
        }
    }
    tries.sort_by(|a, b| a.0.total_cmp(&b.0));
    tries
}

/// Returns when the first tries of messages to a domain began \[s\].
pub(crate) fn begins(run: &Run, domain: &str) -> Vec<f64> {
    let of = |(_, to, _): &&(f64, String, AttemptFact)| to.ends_with(domain);
    tries(run).iter().filter(of).map(|(at, ..)| (at * 10.0).round() / 10.0).collect()
}
