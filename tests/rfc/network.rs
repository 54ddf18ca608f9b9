//! The small networks in which the rules are tried, and the dialogue of a try.

use mailsim::mail::{AttemptOutcome, MailboxNames as _, Stage};
use mailsim::profiles::settings_of;
use mailsim::profiles::{self, Profile};
use mailsim::smtp::{Conversation, Ending, ForwardPath, Line, Speaker, dialogue};
use mailsim::trace::AttemptFact;

use crate::common::{Run, Story, run};

/// The sender's side: `alice@a.example` writes to `to` at `times`, through `out.a.example`.
pub(crate) fn network(duration: &str, mta: &str, to: &str, times: &str, rest: &str) -> String {
    format!(
        r#"
        duration = "{duration}"
        [[host]]
        name = "out.a.example"
        roles = ["submission", "relay", "mx", "store"]
        mta = {mta}
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice"]
        [[mail]]
        from = "alice@a.example"
        to = [{to}]
        at = [{times}]
        {rest}
        "#
    )
}

/// One exchanger for `b.example`, which also keeps the mailboxes, with these further keys.
pub(crate) fn one_exchanger(keys: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "mx.b.example"
        {keys}
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        mailboxes = ["bob", "carol", "dave"]
        "#
    )
}

/// A primary that keeps the mailboxes and a backup of preference 20.
pub(crate) const PRIMARY_AND_BACKUP: &str = r#"
    [[host]]
    name = "mx1.b.example"
    [[host]]
    name = "mx2.b.example"
    [[domain]]
    name = "b.example"
    mx = [{ host = "mx1.b.example", preference = 10 }, { host = "mx2.b.example", preference = 20 }]
    mailboxes = ["bob"]
"#;

pub(crate) const BOB: &str = "\"bob@b.example\"";

/// Every mail server, and how a scenario asks for it: with values of our own for what no document
/// tells.
pub(crate) fn every_server() -> Vec<(Profile, String)> {
    let servers = profiles::all().into_iter().filter(|profile| profile.name != "none");
    servers
        .map(|profile| {
            let mta = with_settings(&profile, "");
            (profile, mta)
        })
        .collect()
}

/// A profile with these further settings, and what it cannot do without.
pub(crate) fn with_settings(profile: &Profile, settings: &str) -> String {
    let mut mta = format!("{{ profile = \"{}\"", profile.name);
    let known = settings_of(profile);
    for names in profile.required {
        // One of several will do.
        if names.split('|').any(|name| settings.split(" =").next() == Some(name)) {
            continue;
        }
        let name = names.split('|').next().unwrap_or(names);
        let shown = known.iter().find(|setting| setting.name == name).map(|s| s.value.as_str());
        let value = match shown {
            _ if name == "gaps" => "[\"30m\"]",
            _ if name.contains("tries") => "20",
            Some(number) if number.parse::<u32>().is_ok() => "20",
            _ => "\"4h\"",
        };
        mta += &format!(", {name} = {value}");
    }
    if !settings.is_empty() {
        mta += &format!(", {settings}");
    }
    mta + " }"
}

/// The plain profile with these further settings.
pub(crate) fn plain(settings: &str) -> String {
    format!("{{ profile = \"rfc5321\", {settings} }}")
}

pub(crate) fn outage(host: &str, mode: &str, from: &str, length: &str) -> String {
    format!("[[outage]]\nhost = \"{host}\"\nfrom = \"{from}\"\nfor = \"{length}\"\nmode = {mode}\n")
}

/// One message from the plain profile to one exchanger that deviates all the time.
pub(crate) fn to_deviating(mode: &str) -> Run {
    let rest = format!("{}\n[[outage]]\nhost = \"mx.b.example\"\nmode = {mode}", one_exchanger(""));
    run(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest))
}

/// The tries that `out.a.example` made for the one recipient.
pub(crate) fn tries(run: &Run) -> Vec<AttemptFact> {
    run.only().tries_of(run.host("out.a.example"))
}

pub(crate) fn first_try(run: &Run) -> AttemptFact {
    tries(run)[0]
}

/// Returns the tries that `host` made for a story, one story for each recipient.
pub(crate) fn tries_by(run: &Run, story: &Story, host: &str) -> Vec<AttemptFact> {
    story.tries_of(run.host(host))
}

/// Returns what was said in the try that `fact` is about, by client and server.
pub(crate) fn said(run: &Run, fact: &AttemptFact) -> Vec<Line> {
    let same = |other: &AttemptFact| {
        (other.delivery, other.started, other.to) == (fact.delivery, fact.started, fact.to)
    };
    let of_try: Vec<(&Story, AttemptFact)> = run
        .stories
        .iter()
        .filter_map(|story| Some((story, *story.attempts.iter().find(|other| same(other))?)))
        .collect();
    let names: Vec<String> =
        of_try.iter().map(|(story, _)| run.scenario.mailbox(story.created.mailbox)).collect();
    let refused = |fact: &AttemptFact| fact.stage == Stage::Rcpt && fact.reply.is_some();
    let paths: Vec<ForwardPath<'_>> = of_try
        .iter()
        .zip(&names)
        .map(|((_, fact), address)| ForwardPath {
            reason: "",
            address,
            refusal: fact.reply.filter(|_| refused(fact)),
        })
        .collect();
    let ending = of_try.iter().map(|(_, fact)| fact).find_map(|fact| {
        let fine = fact.outcome == AttemptOutcome::Accepted;
        (!refused(fact) && !fine).then_some(Ending {
            stage: fact.stage,
            outcome: fact.outcome,
            reply: fact.reply,
        })
    });
    let (client, server) = (fact.from, fact.to.expect("a try of a host"));
    let (client, server) =
        (&run.scenario.hosts[client.index()], &run.scenario.hosts[server.index()]);
    let created = &of_try[0].0.created;
    let reverse_path = created.sender.map(|sender| run.scenario.mailbox(sender));
    dialogue(&Conversation {
        client_name: &client.name,
        server_name: &server.name,
        address: "192.0.2.1",
        port: fact.port,
        client: &client.client,
        server: &server.server,
        reverse_path: &reverse_path.unwrap_or_default(),
        forward_paths: &paths,
        size: created.size,
        declares_size: true,
        verifies: false,
        transaction: fact.transaction,
        started: fact.started,
        ended: fact.ended,
        marks: fact.marks,
        ending,
        goes_on: false,
    })
}

/// Returns the lines of one side.
pub(crate) fn by(speaker: Speaker, lines: &[Line]) -> Vec<String> {
    lines.iter().filter(|line| line.speaker == speaker).map(|line| line.text.clone()).collect()
}

/// Returns the verbs that the client said, in order.
pub(crate) fn verbs(lines: &[Line]) -> Vec<String> {
    let commands = by(Speaker::Client, lines);
    let verb = |text: &String| text.split([' ', ':']).next().unwrap_or_default().to_owned();
    commands.iter().filter(|text| !text.starts_with('(')).map(verb).collect()
}
