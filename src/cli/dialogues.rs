//! The dialogues of messages, told again as what went over the network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr as _;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::{MessageBuilder, Name, Ttl};
use domain::rdata::Mx;

use crate::export::{Datagram, Dialogue, Opening, Said};
use crate::mail::{AttemptOutcome, HostId, MailboxNames as _, Stage};
use crate::model::Scenario;
use crate::smtp::{Line, Speaker};
use crate::story::{Exchange, LookUp, Story, exchanges, lines};
use crate::trace::{AttemptFact, LookupOutcome};
use crate::units::SimTime;

use super::store_dialogues::fetches;

/// A body is filled up to this many octets.
pub(super) const MOST_OCTETS: u64 = 256 * 1024;

/// Returns what the tries of these stories sent over the network, and the questions to the DNS before
/// them.
pub(super) fn dialogues(scenario: &Scenario, stories: &[Story]) -> (Vec<Dialogue>, Vec<Datagram>) {
    let (mut found, mut asked) = (Vec::new(), Vec::new());
    for story in stories {
        let copies: Vec<usize> = (0..story.copies.len()).collect();
        for exchange in exchanges(story, &copies) {
            let number = found.len();
            found.extend(dialogue(scenario, story, &exchange, number));
        }
        found.extend(fetches(scenario, story, found.len()));
        for look_up in &story.lookups {
            let number = asked.len();
            asked.extend(look_up_packets(scenario, story, look_up, number));
        }
    }
    (found, asked)
}

fn nanos(at: SimTime) -> u64 {
    at.as_nanos()
}

fn literal(scenario: &Scenario, address: u32) -> Option<IpAddr> {
    scenario.addresses.get(address as usize)?.literal.parse().ok()
}

/// An address of a host in the family of another.
pub(super) fn own_address(scenario: &Scenario, host: HostId, like: IpAddr) -> IpAddr {
    let own = scenario.hosts[host.index()].addresses.iter();
    let own = own.filter_map(|address| literal(scenario, address.0));
    let made_up = match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(198, 18, (host.0 >> 8) as u8, host.0 as u8)),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 1, host.0 as u16)),
    };
    own.into_iter().find(|address| address.is_ipv4() == like.is_ipv4()).unwrap_or(made_up)
}

fn dialogue(
    scenario: &Scenario,
    story: &Story,
    exchange: &Exchange,
    number: usize,
) -> Option<Dialogue> {
    let fact = exchange.first();
    if matches!(fact.stage, Stage::Local | Stage::Suspended | Stage::Dns) {
        return None;
    }
    let (to, address) = (fact.to?, fact.address.and_then(|address| literal(scenario, address))?);
    let source = fact.source.and_then(|source| literal(scenario, source));
    let source = source.filter(|source| source.is_ipv4() == address.is_ipv4());
    let source = source.unwrap_or_else(|| own_address(scenario, fact.from, address));
    let port = 20_000 + (number % 40_000) as u16;
    // Readers look for TLS on 465 and see nothing else.
    let shown = if fact.port == 465 { 587 } else { fact.port };
    let mut about = format!("message {}", story.key);
    if shown != fact.port {
        about.push_str("; the port is 465 in truth, where TLS begins with the first octet");
    }
    let (opening, said) = conversation(scenario, story, exchange, to);
    let ends = fact.outcome != AttemptOutcome::Accepted || quits(&said);
    Some(Dialogue {
        client: SocketAddr::new(source, port),
        server: SocketAddr::new(address, shown),
        started: nanos(fact.started),
        opening,
        closed: (ends && !said.is_empty()).then(|| nanos(fact.ended)),
        said,
        about,
    })
}

fn quits(said: &[Said]) -> bool {
    said.iter().any(|said| said.by_client && said.octets.starts_with(b"QUIT"))
}

/// Returns how the connection began and what was said.
fn conversation(
    scenario: &Scenario,
    story: &Story,
    exchange: &Exchange,
    to: HostId,
) -> (Opening, Vec<Said>) {
    let fact = exchange.first();
    let lines = lines(scenario, story, exchange, to);
    let connected =
        lines.iter().find(|l| l.speaker == Speaker::Connection && l.text == "connected");
    let opening = match connected {
        Some(line) => Opening::Connected(nanos(line.at.unwrap_or(fact.started))),
        None if lines.iter().any(|line| line.speaker != Speaker::Connection) => Opening::Stands,
        None if fact.outcome == AttemptOutcome::Refused => Opening::Refused(nanos(fact.ended)),
        None => Opening::Unanswered,
    };
    let mut said: Vec<Said> = Vec::new();
    let (mut under_tls, mut starts) = (fact.port == 465, false);
    let mut last = fact.started;
    for line in &lines {
        last = line.at.unwrap_or(last).max(last);
        match line.speaker {
            Speaker::Connection => under_tls |= line.text == "TLS handshake",
            Speaker::Client if line.text == "STARTTLS" => starts = true,
            Speaker::Server if starts => starts = false,
            speaker => said.push(Said {
                at: nanos(last),
                by_client: speaker == Speaker::Client,
                octets: octets(scenario, story, fact, line),
                under_tls,
            }),
        }
    }
    (opening, said)
}

/// The octets of a line; the text of a message is made up.
fn octets(scenario: &Scenario, story: &Story, fact: &AttemptFact, line: &Line) -> Vec<u8> {
    if line.speaker == Speaker::Client && line.text.contains("header and body") {
        return message(scenario, story, fact);
    }
    // Words for people stand in parentheses: the credentials of nobody.
    let text = line.text.replace("(credentials)", "AGFsaWNlAHNlY3JldA==");
    format!("{text}\r\n").into_bytes()
}

fn message(scenario: &Scenario, story: &Story, fact: &AttemptFact) -> Vec<u8> {
    let created = &story.copies[0].created;
    let from = created.sender.map(|sender| scenario.mailbox(sender)).unwrap_or_default();
    let to = scenario.mailbox(created.mailbox);
    let mut text = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: {0}\r\nMessage-ID: <{0}@mailsim.example>\r\n\r\n",
        story.key
    );
    let line = "What stands here was never written; it has the size that it had.\r\n";
    let most = fact.octets.get().min(MOST_OCTETS) as usize;
    while text.len() + line.len() <= most {
        text.push_str(line);
    }
    text.push_str(".\r\n");
    text.into_bytes()
}

/// The question about a domain's exchangers and the answer, unless a cache had it.
fn look_up_packets(
    scenario: &Scenario,
    story: &Story,
    look_up: &LookUp,
    number: usize,
) -> Vec<Datagram> {
    if look_up.answered <= look_up.started || look_up.answered == SimTime::MAX {
        return Vec::new();
    }
    let name = &scenario.domains[look_up.domain.index()].name;
    let client = own_address(scenario, look_up.host, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let client = SocketAddr::new(client, 20_000 + (number % 40_000) as u16);
    let resolver = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 18, 255, 53)), 53);
    let Some((question, answer)) = packets(scenario, look_up, name, number as u16) else {
        return Vec::new();
    };
    let about = format!("for message {}", story.key);
    let sent = Datagram {
        at: nanos(look_up.started),
        from: client,
        to: resolver,
        octets: question,
        about: about.clone(),
    };
    let came =
        Datagram { at: nanos(look_up.answered), from: resolver, to: client, octets: answer, about };
    match look_up.outcome {
        LookupOutcome::TemporaryFailure => vec![sent],
        _ => vec![sent, came],
    }
}

fn packets(
    scenario: &Scenario,
    look_up: &LookUp,
    name: &str,
    id: u16,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let owner = Name::<Vec<u8>>::from_str(name).ok()?;
    let begin = |answers: bool| {
        let mut message = MessageBuilder::new_vec();
        let header = message.header_mut();
        header.set_id(id);
        header.set_rd(true);
        header.set_qr(answers);
        header.set_ra(answers);
        let missing = look_up.outcome == LookupOutcome::NoSuchDomain;
        if answers && missing {
            header.set_rcode(Rcode::NXDOMAIN);
        }
        message.question()
    };
    let mut question = begin(false);
    question.push((&owner, Rtype::MX)).ok()?;
    let mut answered = begin(true);
    answered.push((&owner, Rtype::MX)).ok()?;
    let mut answer = answered.answer();
    let dns = scenario.domains[look_up.domain.index()].dns;
    for record in &scenario.zone.records(dns, look_up.answered).mx {
        let (preference, exchange) = (record.preference, record.exchange);
        let exchange = exchange.map_or(".", |exchange| scenario.zone.text(exchange));
        let exchange = Name::<Vec<u8>>::from_str(exchange).ok()?;
        let ttl = Ttl::from_secs(3600);
        answer.push((&owner, Class::IN, ttl, Mx::new(preference, exchange))).ok()?;
    }
    Some((question.finish(), answer.finish()))
}
