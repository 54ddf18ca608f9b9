//! What callers did as text: a line for each input, as `[live]` keeps it.
//!
//! ```text
//! 1h 1 connect mx.recipient.example 25 you.mx.recipient.example
//! 1h 1 greeting
//! 1h0.002s 1 EHLO
//! 1h0.004s 1 MAIL 2000 <alice@sender.example>
//! 1h0.006s 1 RCPT <bob@recipient.example>
//! 1h0.008s 1 DATA
//! 1h0.009s 1 message 2000 0 0 -
//! 1h0.02s 1 reply 500 5.5.2
//! 1h0.03s 1 close
//! 1h0.03s 2 remove <bob@recipient.example> 1-1
//! 1h0.04s 0 answer 17 1 dot accepted 250/2.0.0 250/2.1.5
//! ```
//! A line begins with the virtual time and the number of the connection. Behind `MAIL` stands the size
//! that was declared, or `-`; behind `message` the octets, the Received fields, the score that content
//! filters give, and the author, or `-`. `answer` tells how a real server took a message that was handed out
//! to it: the number of the delivery and of its try, how far it came, the reply that decided, and the
//! replies to RCPT. `remove` is a message that a reader has taken out of a mailbox. `connect-afar` is a caller at the end of a line of the network.

use crate::mail::{AttemptOutcome, HostId, Reply, Stage, Status};
use crate::model::callers::{Act, Address, Answered, Call, CallerId, ErrandId, Input, Said, Text};
use crate::model::{Command, Scenario};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::smtp::Verb;
use crate::units::{Octets, SimDuration, SimTime};

/// Commands without arguments that count, by their words.
const VERBS: [(&str, Verb); 13] = [
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("DATA", Verb::Data),
    ("RSET", Verb::Rset),
    ("EXPN", Verb::Expn),
    ("HELP", Verb::Help),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("STARTTLS", Verb::StartTls),
    ("BDAT", Verb::Bdat(false)),
    ("BDAT-LAST", Verb::Bdat(true)),
    ("AUTH", Verb::Auth),
    ("VRFY-", Verb::Vrfy),
];

/// Returns inputs as text; `scenario` knows the hosts that they name.
#[must_use]
pub fn write_inputs(scenario: &Scenario, inputs: &[Input]) -> String {
    let mut text = String::new();
    for input in inputs {
        let at = input.at.since_start().exact();
        text.push_str(&format!("{at} {} {}\n", input.caller.0, act(scenario, &input.act)));
    }
    text
}

fn act(scenario: &Scenario, act: &Act) -> String {
    match act {
        Act::Connect(call) => {
            let name = |host: HostId| &scenario.hosts[host.index()].name;
            let word = if call.adjacent { "connect" } else { "connect-afar" };
            format!("{word} {} {} {}", name(call.host), call.port, name(call.client))
        }
        Act::Greeting => "greeting".to_owned(),
        Act::Close => "close".to_owned(),
        Act::Say(Said::Wrong(reply)) => format!("reply {} {}", reply.code, reply.status),
        Act::Say(Said::Mail(from, size)) => {
            let size = size.map_or("-".to_owned(), |size| size.get().to_string());
            let from = from.as_ref().map_or("", |from| &*from.spelt);
            format!("MAIL {size} <{from}>")
        }
        Act::Say(Said::Rcpt(to)) => format!("RCPT <{}>", to.spelt),
        Act::Say(Said::Vrfy(who)) => format!("VRFY <{}>", who.spelt),
        Act::Say(Said::Other(verb)) => {
            let word = VERBS.iter().find(|(_, known)| known == verb).map(|(word, _)| *word);
            word.unwrap_or("NOOP").to_owned()
        }
        Act::Answer(answered) => answer(answered),
        Act::Remove(from, message) => format!("remove <{}> {message}", from.spelt),
        Act::Message(text) => {
            let author = text.author.as_ref().map_or("-".to_owned(), |a| format!("<{}>", a.spelt));
            let (size, fields) = (text.size.get(), text.received_fields);
            format!("message {size} {fields} {} {author}", text.score)
        }
    }
}

fn answer(answered: &Answered) -> String {
    let reply = |reply: &Option<Reply>| {
        reply.map_or("-".to_owned(), |reply| format!("{}/{}", reply.code, reply.status))
    };
    let Answered { id, stage, outcome, .. } = answered;
    let (stage, outcome) = (stage.as_str(), outcome.as_str());
    let decided = reply(&answered.reply);
    let mut text = format!("answer {} {} {stage} {outcome} {decided}", id.delivery, id.number);
    for one in &answered.recipients {
        text.push(' ');
        text.push_str(&reply(one));
    }
    text
}

fn read_answer(words: &[&str]) -> Result<Act, String> {
    let wrong =
        || "delivery, try, stage, outcome, and replies as 250/2.0.0 are to follow".to_owned();
    let [delivery, number, stage, outcome, decided, recipients @ ..] = words else {
        return Err(wrong());
    };
    let one = |text: &str| match text {
        "-" => Ok(None),
        text => {
            let (code, status) = text.split_once('/').ok_or_else(wrong)?;
            reply(code, status).map(Some)
        }
    };
    let stage = Stage::ALL.into_iter().find(|known| known.as_str() == *stage);
    let outcome = AttemptOutcome::ALL.into_iter().find(|known| known.as_str() == *outcome);
    Ok(Act::Answer(Answered {
        id: ErrandId {
            delivery: delivery.parse().map_err(|_| wrong())?,
            number: number.parse().map_err(|_| wrong())?,
        },
        stage: stage.ok_or_else(wrong)?,
        outcome: outcome.ok_or_else(wrong)?,
        reply: one(decided)?,
        recipients: recipients.iter().map(|text| one(text)).collect::<Result<_, _>>()?,
    }))
}

/// Reads `passwords` of the `[live]` table.
pub(crate) fn read_passwords(live: &Section<'_>) -> Vec<(String, String)> {
    let field = live.field("passwords");
    let entries = field.iter().flat_map(|field| field.map());
    let one = |(name, _, field): (&str, _, crate::scenario::text::reader::Field<'_>)| {
        field.text().map(|password| (name.to_owned(), password.to_owned()))
    };
    entries.filter_map(one).collect()
}

/// Reads `outside` of the `[live]` table.
pub(crate) fn read_outside(live: &Section<'_>, scenario: &mut Scenario) {
    let Some(field) = live.field("outside") else { return };
    for name in field.list() {
        let Some(text) = name.text() else { continue };
        let place = scenario.hosts.iter().position(|host| host.name.eq_ignore_ascii_case(text));
        let Some(place) = place else {
            let remark = Remark::new(format!("there is no host {text}"))
                .accepted("names of hosts whose part real servers play")
                .help("mailsim live --deliver HOST=ADDRESS:PORT writes this key");
            name.error(ProblemKind::BadValue, remark);
            continue;
        };
        scenario.hosts[place].outside = true;
        for action in &mut scenario.actions {
            if action.host.index() == place
                && let Command::Configure(config) = &mut action.what
            {
                config.outside = true;
            }
        }
    }
}

/// Reads `inputs` of the `[live]` table.
pub(crate) fn read_inputs(live: &Section<'_>, scenario: &Scenario) -> Vec<Input> {
    let Some(field) = live.field("inputs") else {
        return Vec::new();
    };
    let mut inputs: Vec<Input> = Vec::new();
    for (number, line) in (1..).zip(field.text().unwrap_or_default().lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let input = read_line(line, scenario);
        let early = |input: &Input| inputs.last().is_some_and(|last| input.at < last.at);
        match input {
            Ok(input) if early(&input) => {
                let remark = Remark::new(format!("line {number} comes before the line above it"))
                    .accepted("lines in order of time")
                    .help("sort the lines by their times");
                field.error(ProblemKind::BadValue, remark);
                return inputs;
            }
            Ok(input) => inputs.push(input),
            Err(wrong) => {
                let remark = Remark::new(format!("line {number}, \"{line}\": {wrong}"))
                    .accepted(
                        "lines as mailsim live writes them: 1h 1 RCPT <bob@recipient.example>",
                    )
                    .help("leave the lines as they were recorded, or remove whole connections");
                field.error(ProblemKind::BadValue, remark);
                return inputs;
            }
        }
    }
    inputs
}

fn read_line(line: &str, scenario: &Scenario) -> Result<Input, String> {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let at: SimDuration = word().parse().map_err(|error| format!("{error}"))?;
    let caller = word().parse().map_err(|_| "a connection is a number".to_owned())?;
    let (word, rest) = (word(), word());
    let act = read_act(word, rest, scenario)?;
    Ok(Input { at: SimTime::ZERO + at, caller: CallerId(caller), act })
}

fn read_act(word: &str, rest: &str, scenario: &Scenario) -> Result<Act, String> {
    let address = |text: &str| -> Result<Address, String> {
        let spelt = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let spelt = spelt.ok_or_else(|| format!("{text} stands in no angle brackets"))?;
        scenario.address_of(spelt).ok_or_else(|| format!("{spelt} is no address"))
    };
    let words: Vec<&str> = rest.split(' ').collect();
    Ok(match (word, words.as_slice()) {
        ("connect" | "connect-afar", [host, port, client]) => {
            let id = |name: &str| {
                let place = scenario.hosts.iter().position(|known| known.name == name);
                place.map(HostId::from_index).ok_or_else(|| format!("there is no host {name}"))
            };
            let port = port.parse().map_err(|_| format!("{port} is no port"))?;
            let adjacent = word == "connect";
            Act::Connect(Call { client: id(client)?, host: id(host)?, port, adjacent })
        }
        ("greeting", _) => Act::Greeting,
        ("close", _) => Act::Close,
        ("reply", [code, status]) => Act::Say(Said::Wrong(reply(code, status)?)),
        ("MAIL", [size, ..]) => {
            let declared = match *size {
                "-" => None,
                size => Some(Octets(size.parse().map_err(|_| format!("{size} is no size"))?)),
            };
            let from = rest[size.len()..].trim_start();
            let from = if from == "<>" { None } else { Some(address(from)?) };
            Act::Say(Said::Mail(from, declared))
        }
        ("RCPT", _) => Act::Say(Said::Rcpt(address(rest)?)),
        ("VRFY", _) => Act::Say(Said::Vrfy(address(rest)?)),
        ("message", _) => message(rest, address)?,
        ("remove", [from, message]) => {
            let message = message.parse().map_err(|()| format!("{message} names no message"))?;
            Act::Remove(address(from)?, message)
        }
        ("answer", words) => read_answer(words)?,
        _ => {
            let verb = VERBS.iter().find(|(known, _)| *known == word);
            Act::Say(Said::Other(verb.ok_or_else(|| format!("{word} is no input"))?.1))
        }
    })
}

fn message(rest: &str, address: impl Fn(&str) -> Result<Address, String>) -> Result<Act, String> {
    let wrong = || "size, Received fields, score and author are to follow".to_owned();
    let words: Vec<&str> = rest.splitn(4, ' ').collect();
    let [size, fields, score, author] = words.as_slice() else { return Err(wrong()) };
    let score: f64 = score.parse().map_err(|_| wrong())?;
    Ok(Act::Message(Text {
        size: Octets(size.parse().map_err(|_| wrong())?),
        received_fields: fields.parse().map_err(|_| wrong())?,
        score: if score.is_finite() { score } else { return Err(wrong()) },
        author: if *author == "-" { None } else { Some(address(author)?) },
    }))
}

fn reply(code: &str, status: &str) -> Result<Reply, String> {
    let wrong = || format!("{code} {status} is no reply");
    let parts: Vec<u16> = status.split('.').map_while(|part| part.parse().ok()).collect();
    let [class, subject, detail] = parts.as_slice() else { return Err(wrong()) };
    let class = u8::try_from(*class).map_err(|_| wrong())?;
    let code = code.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(wrong)?;
    Ok(Reply::new(code, Status::new(class, *subject, *detail)))
}
