//! Whom mail is handed to: smart hosts named by a domain's exchangers, and mail programs that know
//! several servers.

use crate::common::{Run, run, scenario};
use mailsim::mail::{AttemptOutcome, Stage};
use mailsim::trace::AttemptFact;

const NETWORK: &str = r#"
title = "Whom mail is handed to"
seed = 1
duration = "2d"
[[host]]
name = "pc.sender.example"
roles = ["mua"]
[[host]]
name = "smtp1.sender.example"
roles = ["submission", "relay"]
mta = "postfix"
[[host]]
name = "smtp2.sender.example"
roles = ["submission", "relay"]
mta = "postfix"
[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]
mta = "postfix"
[[domain]]
name = "sender.example"
mx = ["smtp1.sender.example"]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = ["mx.recipient.example"]
mailboxes = ["bob"]
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "10min"
"#;

const SEVERAL: &str = r#"submit = { client = "pc.sender.example", server = ["smtp1.sender.example", "smtp2.sender.example"], retry = "10min" }
"#;

/// The tries of the mail program: which server, at which stage, with what outcome.
fn tries(run: &Run) -> Vec<(String, Stage, AttemptOutcome)> {
    let pc = run.host("pc.sender.example");
    let mut tries: Vec<AttemptFact> = run.mail()[0].attempts.clone();
    tries.retain(|fact| fact.from == pc);
    let name = |fact: &AttemptFact| {
        fact.to.map(|host| run.scenario.hosts[host.index()].name.clone()).unwrap_or_default()
    };
    tries.iter().map(|fact| (name(fact), fact.stage, fact.outcome)).collect()
}

fn several(outage: &str) -> Vec<(String, Stage, AttemptOutcome)> {
    tries(&run(&format!("{NETWORK}{SEVERAL}{outage}")))
}

#[test]
fn a_mail_program_goes_on_to_its_next_server_until_one_comes_to_mail() {
    let accepted = |name: &str| (name.to_owned(), Stage::Dot, AttemptOutcome::Accepted);
    let first = "[[outage]]\nhost = \"smtp1.sender.example\"\n";
    assert_eq!(several(""), [accepted("smtp1.sender.example")]);
    let cases = [
        ("mode = \"refuse\"\n", Stage::Connect, AttemptOutcome::Refused),
        ("mode = \"tempfail\"\nstage = \"greeting\"\n", Stage::Greeting, AttemptOutcome::Tempfail),
        ("mode = \"permfail\"\nstage = \"auth\"\n", Stage::Auth, AttemptOutcome::Permfail),
    ];
    for (mode, stage, outcome) in cases {
        let expected =
            [("smtp1.sender.example".to_owned(), stage, outcome), accepted("smtp2.sender.example")];
        assert_eq!(several(&format!("{first}{mode}")), expected, "{mode}");
    }
    // A server whose name is not found is passed over too.
    let names = "[[outage]]\ndns = \"smtp1.sender.example\"\nmode = \"nxdomain\"\n";
    let found = several(names);
    assert_eq!((found[0].1, &found[1]), (Stage::Dns, &accepted("smtp2.sender.example")));
}

#[test]
fn what_is_refused_at_mail_is_not_taken_to_the_next_server() {
    let refused = several(
        "[[outage]]\nhost = \"smtp1.sender.example\"\nmode = \"tempfail\"\nfor = \"15min\"\n",
    );
    let servers: Vec<&str> = refused.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(servers, ["smtp1.sender.example"; 2], "{refused:?}");
}

#[test]
fn each_message_begins_with_the_first_server_again() {
    let both = "[[outage]]\nhosts = [\"smtp1.sender.example\", \"smtp2.sender.example\"]\n\
                mode = \"refuse\"\nfor = \"15min\"\n";
    let tries = several(both);
    let servers: Vec<&str> = tries.iter().map(|(name, ..)| &name[..5]).collect();
    assert_eq!(servers, ["smtp1", "smtp2", "smtp1"], "{tries:?}");
}

#[test]
fn exchangers_of_a_smart_host_relay() {
    let text = NETWORK.replacen(
        "roles = [\"submission\", \"relay\"]\nmta = \"postfix\"\n",
        "mta = { profile = \"postfix\" }\nroles = [\"submission\", \"relay\"]\n\
         smart_host = { exchangers = \"provider.example\" }\n",
        1,
    ) + "submit = { client = \"pc.sender.example\", server = \"smtp1.sender.example\" }\n\
           [[host]]\nname = \"out.provider.example\"\nmta = \"postfix\"\n\
           [[domain]]\nname = \"provider.example\"\nmx = [\"out.provider.example\"]\n";
    let read = scenario(&text);
    let relay = read.hosts.iter().find(|host| host.name == "out.provider.example").unwrap();
    assert!(relay.roles.relay && relay.routing.relays_all);
    let run = Run::of(&read);
    let story = run.to("bob@recipient.example");
    let relay = run.host("out.provider.example");
    assert!(story.accepted.iter().any(|(_, by, _)| *by == relay), "{story:?}");
    assert_eq!(story.copies(), 1);
    // Exchangers that somebody sends to for their own domain relay for nobody.
    let own = run.scenario.hosts.iter().find(|host| host.name == "mx.recipient.example").unwrap();
    assert!(!own.roles.relay);
}
