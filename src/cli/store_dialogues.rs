//! How readers fetched messages, told again as what went over the network: POP3 and IMAP.
//!
//! A run states when a message is in its reader's hands, and no single command: each message has a
//! dialogue of its own here, its commands a round trip apart before and behind that moment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::access::Protocol;
use crate::export::{Dialogue, Opening, Said};
use crate::mail::{HostId, MailboxNames as _};
use crate::message_store::stored_copies;
use crate::model::Scenario;
use crate::story::Story;
use crate::trace::{Fact, FinalOutcome, RetrievalProtocol};
use crate::units::{SimDuration, SimTime};

use super::dialogues::{MOST_OCTETS, own_address};

/// A time at which a message came into a reader's hands.
struct Fetched {
    at: SimTime,
    store: HostId,
    protocol: RetrievalProtocol,
    reading: u32,
    removed: bool,
}

/// Returns the dialogues in which the copies of a message were fetched. `number` is how many dialogues
/// there are before.
pub(super) fn fetches(scenario: &Scenario, story: &Story, number: usize) -> Vec<Dialogue> {
    let mut found = Vec::new();
    for (place, copy) in story.copies.iter().enumerate() {
        let mut store = None;
        for (at, fact) in &copy.facts {
            match fact {
                Fact::Final { host, outcome: FinalOutcome::Delivered, .. } => store = Some(*host),
                Fact::Retrieved { protocol, reading, removed, .. } => {
                    let Some(store) = store else { continue };
                    let (protocol, reading) = (*protocol, *reading);
                    let fetched =
                        Fetched { at: *at, store, protocol, reading, removed: removed.is_some() };
                    let number = number + found.len();
                    found.push(dialogue(scenario, story, place, &fetched, number));
                }
                _ => {}
            }
        }
    }
    found
}

fn dialogue(
    scenario: &Scenario,
    story: &Story,
    place: usize,
    fetched: &Fetched,
    number: usize,
) -> Dialogue {
    let &Fetched { at, store, protocol, reading, removed } = fetched;
    let reading = scenario.reading.get(reading as usize);
    let from = reading.and_then(|reading| reading.from);
    let server = own_address(scenario, store, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let client = match from {
        Some(from) => own_address(scenario, from, server),
        // Readers that sit nowhere have addresses of their own.
        None => IpAddr::V4(Ipv4Addr::new(198, 19, 0, 1)),
    };
    let round_trip = round_trip(scenario, from, store);
    let text = text(scenario, story, place);
    let user = scenario.mailbox(story.copies[place].created.mailbox);
    let idles = reading.is_some_and(|reading| matches!(reading.protocol, Protocol::ImapIdle));
    let (before, fetch, behind) = match protocol {
        RetrievalProtocol::Pop3 => pop3(&user, &text, removed),
        RetrievalProtocol::Imap => imap(&user, &text, idles),
    };
    let mut said = Vec::new();
    let mut say = |at: SimTime, by_client: bool, octets: Vec<u8>| {
        said.push(Said { at: at.as_nanos(), by_client, octets, under_tls: false });
    };
    let back = |trips: usize| {
        let span = SimDuration::from_nanos(round_trip.as_nanos() * trips as u64);
        SimTime::from_nanos(at.as_nanos().saturating_sub(span.as_nanos()))
    };
    // The greeting, then each command as soon as the one before is answered.
    let trips = before.len();
    say(back(trips), false, greeting(protocol, scenario.host(store)));
    for (number, (command, answer)) in before.into_iter().enumerate() {
        say(back(trips - number), true, command.into_bytes());
        say(back(trips - number - 1), false, answer.into_bytes());
    }
    // The last command before is sent together with nothing: the message comes a round trip later.
    let end = at + round_trip;
    say(at, true, fetch.0.into_bytes());
    say(end, false, fetch.1);
    let mut last = end;
    for (command, answer) in behind {
        say(last, true, command.into_bytes());
        last += round_trip;
        say(last, false, answer.into_bytes());
    }
    let port = match protocol {
        RetrievalProtocol::Pop3 => 110,
        RetrievalProtocol::Imap => 143,
    };
    // All of it lies a round trip earlier: the message is there at `at`.
    for said in &mut said {
        said.at = said.at.saturating_sub(round_trip.as_nanos());
    }
    let stands = said.first().map_or(0, |said| said.at);
    Dialogue {
        client: SocketAddr::new(client, 20_000 + (number % 40_000) as u16),
        server: SocketAddr::new(server, port),
        started: stands.saturating_sub(2 * round_trip.as_nanos()),
        opening: if idles {
            Opening::Stands
        } else {
            Opening::Connected(stands.saturating_sub(round_trip.as_nanos()))
        },
        closed: (!idles).then(|| last.as_nanos().saturating_sub(round_trip.as_nanos())),
        said,
        about: format!(
            "message {}, fetched; commands stand a round trip apart, as in a visit for it alone",
            story.key
        ),
    }
}

/// The round trip between a reader and the store in a calm network.
fn round_trip(scenario: &Scenario, from: Option<HostId>, store: HostId) -> SimDuration {
    let topology = &scenario.topology;
    let route = from.and_then(|from| topology.route(from, store, |_| true, |_| true));
    let latency = route.map_or(topology.default_path().latency, |path| path.latency);
    latency * 2
}

/// The message as it lies in the mailbox; its body is filling.
fn text(scenario: &Scenario, story: &Story, place: usize) -> Vec<u8> {
    let stored = stored_copies(scenario, story, place).into_iter().next();
    let (header, size) =
        stored.map(|stored| (stored.header, stored.size.get())).unwrap_or_default();
    let mut text = header.join("\r\n").into_bytes();
    text.extend_from_slice(b"\r\n\r\n");
    let line = b"What stands here was never written; it has the size that it had.\r\n";
    while text.len() + line.len() <= size.min(MOST_OCTETS) as usize {
        text.extend_from_slice(line);
    }
    text
}

fn greeting(protocol: RetrievalProtocol, host: &str) -> Vec<u8> {
    match protocol {
        RetrievalProtocol::Pop3 => format!("+OK {host} POP3 ready\r\n").into_bytes(),
        RetrievalProtocol::Imap => {
            format!("* OK [CAPABILITY IMAP4rev1] {host} ready\r\n").into_bytes()
        }
    }
}

type Exchanged = (String, String);
/// What is said before the message is asked for, the message, and what is said behind.
type Visit = (Vec<Exchanged>, (String, Vec<u8>), Vec<Exchanged>);

fn exchanged(command: impl Into<String>, answer: impl Into<String>) -> Exchanged {
    (command.into(), answer.into())
}

fn pop3(user: &str, text: &[u8], deletes: bool) -> Visit {
    let size = text.len();
    let before = vec![
        exchanged(format!("USER {user}\r\n"), "+OK\r\n"),
        exchanged("PASS secret\r\n", "+OK\r\n"),
        exchanged("STAT\r\n", format!("+OK 1 {size}\r\n")),
        exchanged("LIST\r\n", format!("+OK\r\n1 {size}\r\n.\r\n")),
        exchanged("UIDL\r\n", "+OK\r\n1 m1\r\n.\r\n"),
    ];
    let mut answer = format!("+OK {size} octets\r\n").into_bytes();
    answer.extend_from_slice(text);
    answer.extend_from_slice(b".\r\n");
    let mut behind = Vec::new();
    if deletes {
        behind.push(exchanged("DELE 1\r\n", "+OK\r\n"));
    }
    behind.push(exchanged("QUIT\r\n", "+OK bye\r\n"));
    (before, ("RETR 1\r\n".to_owned(), answer), behind)
}

fn imap(user: &str, text: &[u8], idles: bool) -> Visit {
    let ok = |tag: &str, before: &str| format!("{before}{tag} OK completed\r\n");
    let mut before = vec![
        exchanged("a1 CAPABILITY\r\n", ok("a1", "* CAPABILITY IMAP4rev1 IDLE\r\n")),
        exchanged(format!("a2 LOGIN \"{user}\" \"secret\"\r\n"), ok("a2", "")),
        exchanged(
            "a3 SELECT INBOX\r\n",
            ok("a3", "* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n"),
        ),
        exchanged("a4 SEARCH UNSEEN\r\n", ok("a4", "* SEARCH 1\r\n")),
    ];
    if idles {
        before.truncate(3);
        before.push(exchanged("a4 IDLE\r\n", "+ idling\r\n* 1 EXISTS\r\n"));
        before.push(exchanged("DONE\r\n", ok("a4", "")));
    }
    let mut answer = format!("* 1 FETCH (BODY[] {{{}}}\r\n", text.len()).into_bytes();
    answer.extend_from_slice(text);
    answer.extend_from_slice(b")\r\na5 OK completed\r\n");
    let behind = if idles {
        vec![exchanged("a6 IDLE\r\n", "+ idling\r\n")]
    } else {
        let seen = ok("a6", "* 1 FETCH (FLAGS (\\Seen))\r\n");
        vec![
            exchanged("a6 STORE 1 +FLAGS (\\Seen)\r\n", seen),
            exchanged("a7 CLOSE\r\n", ok("a7", "")),
            exchanged("a8 LOGOUT\r\n", ok("a8", "* BYE\r\n")),
        ]
    };
    (before, ("a5 FETCH 1 BODY.PEEK[]\r\n".to_owned(), answer), behind)
}
