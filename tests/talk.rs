//! Talking by hand against running: a typed session is answered as the same session of a run, and no
//! line, however wild, brings a server out of step.

use std::collections::BTreeSet;

use mailsim::mail::MessageKey;
use mailsim::scenario::{Loaded, Source, load};
use mailsim::simulation::Simulation;
use mailsim::smtp::Speaker;
use mailsim::talk::{Posted, Protocol, Request, SmtpTalk, Talk, as_toml, own_name, prepare};
use mailsim::trace::{AttemptFact, Fact, FactLog};
use mailsim::units::{Octets, SimDuration, SimTime};
use proptest::prelude::*;

const SERVER: &str = "mail.recipient.example";

/// A server that is in another state each hour.
const HOURS: &str = r#"
title = "A server in many states"
question = "What does it say?"
seed = 3
duration = "20h"
[[host]]
name = "mail.sender.example"
roles = ["submission", "mx", "store"]
[[host]]
name = "mail.recipient.example"
roles = ["mx", "store"]
mta = { profile = "postfix", smtpd_recipient_limit = 2 }
message_size_limit = "20kB"
[[domain]]
name = "sender.example"
mx = [{ host = "mail.sender.example", preference = 10 }]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = [{ host = "mail.recipient.example", preference = 10 }]
mailboxes = ["bob", "eve"]
[[outage]]
host = "mail.recipient.example"
from = "1h"
for = "1h"
mode = "refuse"
[[outage]]
host = "mail.recipient.example"
from = "2h"
for = "1h"
mode = "tempfail"
stage = "greeting"
[[outage]]
host = "mail.recipient.example"
from = "3h"
for = "1h"
mode = "permfail"
stage = "mail"
[[outage]]
host = "mail.recipient.example"
from = "4h"
for = "1h"
mode = "tempfail"
stage = "rcpt"
[[outage]]
host = "mail.recipient.example"
from = "5h"
for = "1h"
mode = "tempfail"
stage = "data"
[[outage]]
host = "mail.recipient.example"
from = "6h"
for = "1h"
mode = "tempfail"
stage = "dot"
[[outage]]
host = "mail.recipient.example"
from = "7h"
for = "1h"
mode = "disk_full"
[[outage]]
host = "mail.recipient.example"
from = "8h"
for = "1h"
mode = "greylist"
delay = "5min"
[[outage]]
host = "mail.recipient.example"
from = "9h"
for = "1h"
mode = "crash"
[[outage]]
host = "mail.recipient.example"
from = "10h"
for = "1h"
mode = "tempfail"
recipients = ["eve@recipient.example"]
[[outage]]
host = "mail.recipient.example"
from = "11h"
for = "1h"
mode = "drop"
stage = "rcpt"
[[outage]]
host = "mail.recipient.example"
from = "12h"
for = "1h"
mode = "session_limit"
limit = 0
"#;

fn loaded(more: &str) -> Loaded {
    let own = own_name(SERVER);
    let text = format!(
        "{HOURS}\n[[host]]\nname = \"{own}\"\nroles = [\"mua\"]\nmta = \"none\"\n[live]\n{more}"
    );
    let no_files = |name: &str| Err(name.to_owned());
    let source = Source { file: "hours.toml", text: &text, read_file: &no_files };
    load(&source, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Says the lines at a time; returns the codes heard, and what was taken.
fn typed(at: SimDuration, lines: &[&str]) -> (Vec<u16>, Vec<Posted>) {
    let scenario = loaded("").scenario;
    let request = Request { host: SERVER, at, protocol: Protocol::Smtp, port: None, from: None };
    let visitor = prepare(&scenario, &request).expect("the server can be talked to");
    let simulation = Simulation::new(&scenario);
    let mut nobody = ();
    let moment = simulation.hold(visitor.at, &mut nobody);
    let mut talk = SmtpTalk::new(&scenario, moment, visitor);
    let mut heard = talk.begin();
    for line in lines {
        heard.extend(talk.hear(line));
    }
    let last_lines = heard.iter().filter(|line| line.speaker == Speaker::Server);
    let last_lines = last_lines.filter(|line| line.text.as_bytes().get(3) != Some(&b'-'));
    let codes = last_lines.map(|line| line.text[..3].parse().expect("three digits")).collect();
    (codes, talk.posted().to_vec())
}

/// Runs a message of the same envelope; returns the facts about the first try.
fn run(at: SimDuration, to: &[&str], octets: u64) -> Vec<AttemptFact> {
    let posted = Posted {
        from: Some("alice@sender.example".to_owned()),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        at: SimTime::ZERO + at,
        again_after: None,
        size: Octets(octets),
        received_fields: 0,
        author: None,
        score: 0.0,
        content: None,
        declares_size: false,
        authenticated: false,
    };
    let table = as_toml(&posted, &own_name(SERVER), SERVER, 25).expect("it has a sender");
    let scenario = loaded(&table).scenario;
    let mut log = FactLog::default();
    Simulation::new(&scenario).run(&mut log);
    let mut first: Vec<AttemptFact> = Vec::new();
    let key = MessageKey::Mail { entry: 0, ordinal: 0 };
    let ours = |fact: &Fact| matches!(fact, Fact::Created(created) if created.key == key);
    assert!(log.facts.iter().any(|(_, fact)| ours(fact)));
    for (_, fact) in &log.facts {
        if let Fact::Attempt(attempt) = fact
            && first.iter().all(|other| other.started == attempt.started)
        {
            first.push(*attempt);
        }
    }
    first
}

/// Each hour's state strikes the typed session as it strikes that of the run.
#[test]
fn a_typed_session_is_answered_as_one_of_the_run() {
    let mut met = BTreeSet::new();
    let long = format!("{}\n", "x".repeat(70)).repeat(320);
    for hour in 0..14 {
        let at = SimDuration::from_hours(hour) + SimDuration::from_minutes(10);
        for to in [
            &["bob@recipient.example"][..],
            &["nobody@recipient.example"],
            &["eve@recipient.example", "bob@recipient.example"],
        ] {
            for text in ["short", long.as_str()] {
                met.extend(compare(at, to, text));
            }
        }
    }
    // The hours were as different as they are meant to be.
    assert!([421, 450, 451, 452, 550].iter().all(|code| met.contains(code)), "{met:?}");
}

/// Compares one session and returns the codes of the refusals that the run met.
fn compare(at: SimDuration, to: &[&str], text: &str) -> Vec<u16> {
    let paths: Vec<String> = to.iter().map(|to| format!("RCPT TO:<{to}>")).collect();
    let mut lines = vec!["EHLO here.example", "MAIL FROM:<alice@sender.example>"];
    lines.extend(paths.iter().map(String::as_str));
    lines.push("DATA");
    lines.extend(text.lines());
    lines.push(".");
    let (codes, posted) = typed(at, &lines);
    let octets: u64 = text.lines().map(|line| line.len() as u64 + 2).sum();
    let facts = run(at, to, octets);
    let accepted = facts.iter().filter(|fact| fact.outcome.as_str() == "accepted").count();
    let taken = posted.first().map_or(0, |posted| posted.to.len());
    assert_eq!(taken, accepted, "{at} {to:?}: typed {codes:?}, run {facts:?}");
    // The refusal that decided is heard by both.
    for reply in facts.iter().filter_map(|fact| fact.reply) {
        let message = format!("{at} {to:?}: typed {codes:?}, run {reply}");
        assert!(codes.contains(&reply.code), "{message}");
    }
    // A connection that is refused, or breaks, breaks for both; a program that sees by the SIZE offered
    // that its message is too large does not begin.
    let broken =
        |fact: &AttemptFact| matches!(fact.outcome.as_str(), "refused" | "lost" | "timeout");
    if facts.iter().any(broken) {
        assert!(codes.len() < to.len() + 3, "{at} {to:?}: typed {codes:?}, run {facts:?}");
    }
    facts.iter().filter_map(|fact| fact.reply).map(|reply| reply.code).collect()
}

fn line() -> impl Strategy<Value = String> {
    let command = prop::sample::select(vec![
        "EHLO a.example",
        "HELO a.example",
        "MAIL FROM:<alice@sender.example>",
        "MAIL FROM:<>",
        "MAIL FROM:<x@[10.0.0.1]> SIZE=5",
        "RCPT TO:<bob@recipient.example>",
        "RCPT TO:<Postmaster>",
        "RCPT TO:<\"a b\"@recipient.example>",
        "RCPT TO:<@a.example,@b.example:bob@recipient.example>",
        "DATA",
        ".",
        "BDAT 4",
        "BDAT 0 LAST",
        "BDAT 18446744073709551615 LAST",
        "RSET",
        "NOOP",
        "VRFY bob",
        "VRFY \u{1f4e7}",
        "STARTTLS",
        "AUTH PLAIN x",
        "AUTH LOGIN",
        "*",
        "",
    ]);
    prop_oneof![4 => command.prop_map(str::to_owned), 1 => "\\PC{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every command gets one reply, of a class that RFC 5321 knows, and nothing is taken without an
    /// envelope.
    #[test]
    fn no_line_brings_a_server_out_of_step(lines in prop::collection::vec(line(), 0..25), hour in 0_u64..14) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let at = SimDuration::from_hours(hour);
        let (codes, posted) = typed(at, &lines);
        prop_assert!(codes.len() <= lines.len() + 1, "{codes:?}");
        prop_assert!(codes.iter().all(|code| (200..600).contains(code)), "{codes:?}");
        prop_assert!(posted.iter().all(|posted| !posted.to.is_empty()));
        prop_assert!(posted.is_empty() || codes.contains(&250));
        prop_assert_eq!(typed(at, &lines), (codes, posted));
    }
}
