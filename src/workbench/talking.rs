//! A conversation with a host, from its beginning: what was typed comes as a list of lines, and the
//! whole of it is heard again with each further line.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::mail::MailboxNames as _;
use crate::scenario::{Loaded, Problems};
use crate::simulation::Simulation;
use crate::smtp::{Line, Speaker};
use crate::talk::{
    Protocol, Request, SmtpTalk, StoreTalk, Talk, as_toml, host_of, own_name, prepare,
};
use crate::units::SimDuration;

use super::answer::{problems, refusal};
use super::engine::seconds;

/// A call: whom, when, in which protocol, and what was typed so far.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    host: String,
    at: String,
    protocol: String,
    port: Option<u16>,
    from: Option<String>,
    lines: Vec<String>,
}

/// Returns what is heard. `read` gives the scenario with a text behind its own.
pub(super) fn talked(call: &Call, read: impl Fn(&str) -> Result<Loaded, Problems>) -> Value {
    match heard(call, read) {
        Ok(answer) => answer,
        Err(Why::Problems(found)) => json!({ "problems": problems(&found) }),
        Err(Why::Told(told)) => refusal(&told),
    }
}

/// Why nobody can be talked to.
enum Why {
    Problems(Problems),
    Told(String),
}

impl<E: std::error::Error> From<E> for Why {
    fn from(error: E) -> Self {
        Self::Told(error.to_string())
    }
}

fn heard(call: &Call, read: impl Fn(&str) -> Result<Loaded, Problems>) -> Result<Value, Why> {
    let protocol = match call.protocol.as_str() {
        "smtp" => Protocol::Smtp,
        "pop3" => Protocol::Pop3,
        "imap" => Protocol::Imap,
        other => return Err(Why::Told(format!("{other} is not spoken; smtp, pop3 and imap are"))),
    };
    let plain = read("").map_err(Why::Problems)?;
    let own = own_host(&own_name(plain.scenario.host(host_of(&plain.scenario, &call.host)?)));
    let more = if call.from.is_none() { own.as_str() } else { "" };
    let loaded = read(more).map_err(Why::Problems)?;
    let at: SimDuration = call.at.parse()?;
    let request =
        Request { host: &call.host, at, protocol, port: call.port, from: call.from.as_deref() };
    let visitor = prepare(&loaded.scenario, &request)?;
    let scenario = &loaded.scenario;
    let mut nobody = ();
    let moment = Simulation::new(scenario).hold(visitor.at, &mut nobody);
    let server = moment.server_at(visitor.host);
    let mut talk: Box<dyn Talk + '_> = match protocol {
        Protocol::Smtp => Box::new(SmtpTalk::new(scenario, moment, visitor)),
        Protocol::Pop3 | Protocol::Imap => Box::new(StoreTalk::new(scenario, moment, visitor)),
    };
    let mut lines: Vec<Value> = talk.begin().iter().map(line).collect();
    for said in &call.lines {
        if talk.is_over() {
            break;
        }
        lines.push(json!({ "at": seconds(talk.now()), "who": "C", "text": said }));
        lines.extend(reply(talk.as_mut(), said));
    }
    let names = [scenario.host(visitor.client), scenario.host(server)];
    let tables = talk.posted().iter();
    let posted: Vec<String> =
        tables.filter_map(|posted| as_toml(posted, names[0], names[1], visitor.port)).collect();
    let entries =
        if posted.is_empty() { String::new() } else { format!("{more}\n{}", posted.join("\n")) };
    Ok(json!({
        "lines": lines,
        "over": talk.is_over(),
        "text_wanted": talk.takes_text(),
        "now": seconds(talk.now()),
        "entries": entries,
    }))
}

/// Says a line, lets time pass or explains.
fn reply(talk: &mut dyn Talk, said: &str) -> Vec<Value> {
    let aside = |text: String| vec![json!({ "at": null, "who": "?", "text": text })];
    if !talk.takes_text() {
        if let Some(about) = said.strip_prefix('?') {
            return aside(talk.explain(about.trim()));
        }
        if let Some(wait) = said.strip_prefix('+') {
            return match wait.trim().parse::<SimDuration>() {
                Ok(time) => talk.wait(time).iter().map(line).collect(),
                Err(error) => aside(format!("{error}; write +5m to let time pass")),
            };
        }
    }
    talk.hear(said).iter().map(line).collect()
}

fn line(line: &Line) -> Value {
    let who = match line.speaker {
        Speaker::Client => "C",
        Speaker::Server => "S",
        Speaker::Connection => "-",
    };
    json!({ "at": line.at.map(seconds), "who": who, "text": line.text })
}

fn own_host(name: &str) -> String {
    format!("\n\n[[host]]\nname = \"{name}\"\nroles = [\"mua\"]\nmta = \"none\"\n")
}
