//! The way of messages, told by the Received and X-Greylist fields of a message or a mailbox (mbox).
//!
//! # Scope and limitations
//! Each server's name (`by`) is a host, and it sends on to the next one. What a stamp shows is the clock of
//! its server: the last server's clock is taken for right, and one that shows a later time than the server
//! after it, in any message, is ahead. A clock that is behind looks like a message that waited, and is told
//! as that. Of a server's software, limits and retries a header says nothing.
//!
//! # Crates
//! `mail-parser` reads fields and dates, of all the odd forms that servers write; mailparse was weighed and
//! does not know the parts of Received.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use mail_parser::{HeaderName, HeaderValue, Host as Named, Message, MessageParser};

use super::complete::world;
use super::finding::{Class, FileReport, Ledger, Place};
use super::network::{Network, Replay, Said, canonical, is_name};
use crate::scenario::text_value;

/// A server that took a message, as its field tells.
#[derive(Debug, Clone)]
struct Hop {
    by: String,
    /// Whom it took it from, as that called itself.
    from: Option<String>,
    /// What its clock showed \[s\].
    stamp: i64,
}

/// A message with its way, the first server first.
#[derive(Debug, Clone)]
struct Way {
    line: u64,
    from: String,
    to: String,
    size: usize,
    hops: Vec<Hop>,
    /// Times for which a greylist put it off \[s\], by the host that says so; none: by the last.
    greylists: Vec<(Option<String>, i64)>,
}

/// Returns whether a text begins as a message or a mailbox does, and tells of a way.
pub(super) fn is_message(beginning: &str) -> bool {
    let mut lines = beginning.trim_start_matches('\u{feff}').lines();
    let Some(first) = lines.by_ref().find(|line| !line.trim().is_empty()) else { return false };
    let field = |line: &str| {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())
    };
    let received = |line: &str| line.get(..9).is_some_and(|l| l.eq_ignore_ascii_case("received:"));
    let mut header = std::iter::once(first).chain(lines).take_while(|line| !line.is_empty());
    (first.starts_with("From ") || field(first)) && header.any(received)
}

/// Messages of all files, until they are put together.
#[derive(Debug, Default)]
pub(super) struct Ways {
    ways: Vec<Way>,
}

impl Ways {
    pub(super) fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// Reads a message, or a mailbox of them.
    pub(super) fn read(
        &mut self,
        file: &Arc<str>,
        text: &str,
        report: &mut FileReport,
        ledger: &mut Ledger,
    ) {
        for (line, text) in messages(text) {
            let read = MessageParser::default().parse_headers(text.as_bytes());
            match read.and_then(|message| way(&message, line, text.len(), file, ledger)) {
                Some(way) => self.ways.push(way),
                None => {
                    report.breaks(line, text.as_bytes(), "no sender, recipient or Received field")
                }
            }
        }
    }

    /// Adds what the ways tell.
    pub(super) fn finish(self, network: &mut Network, ledger: &mut Ledger) {
        let clocks = clocks(&self.ways);
        for (host, ahead) in clocks.iter().filter(|(_, ahead)| **ahead > 0) {
            let says = format!(
                "its clock is {ahead} s ahead at least: it shows a later time than the server after it"
            );
            ledger.say(Class::Understood, format!("clock of {host}"), says.clone());
            let host = network.host(host, || "named by a Received field".to_owned());
            host.keys.insert("clock_error", Said::new(text_value(&format!("{ahead}s")), says));
        }
        let real = |hop: &Hop| hop.stamp - clocks.get(&hop.by).copied().unwrap_or(0);
        let firsts = self.ways.iter().filter_map(|way| way.hops.first().map(real));
        let (Some(start), Some(end)) = (firsts.clone().min(), firsts.max()) else { return };
        let mut tables: BTreeMap<String, Vec<(i64, &Way)>> = BTreeMap::new();
        for way in &self.ways {
            self::hosts(way, network);
            told(way, &real, ledger);
            greylists(way, network, ledger);
            let first = &way.hops[0];
            tables.entry(first.by.clone()).or_default().push((real(first) - start, way));
        }
        let single = tables.len() == 1;
        for (server, mut mail) in tables {
            mail.sort_by_key(|(at, way)| (*at, way.line));
            let mut csv = String::from("at_s,from,to,size_octets\n");
            for (at, way) in &mail {
                let _ = writeln!(csv, "{at},{},{},{}", way.from, way.to, way.size);
            }
            let file = if single { "mail.csv".to_owned() } else { format!("mail-{server}.csv") };
            let from = format!("what {server} took first, by its Received fields");
            network.replays.push(Replay { server, port: Some(25), file, from, csv });
        }
        let hours = (end - start) / 3600 + 48;
        network.duration.get_or_insert_with(|| {
            Said::new(text_value(&format!("{hours}h")), "two days longer than the messages tell of")
        });
        let count = self.ways.len();
        ledger.say(
            Class::Understood,
            "ways of messages",
            format!("{count} messages with their hops"),
        );
        let says = "headers tell no retry schedules and no limits: profiles of servers and failures are to be \
                    added, from configurations and logs";
        ledger.say(Class::NotModelled, "why messages waited", says);
    }
}

/// Parts a mailbox into its messages, each with the line on which it begins.
fn messages(text: &str) -> Vec<(u64, &str)> {
    let mut found: Vec<(u64, &str)> = Vec::new();
    let (mut number, mut at, mut begins, mut empty) = (0, 0, None, true);
    for line in text.split_inclusive('\n') {
        number += 1;
        if empty && is_separator(line) {
            found.extend(begins.map(|(number, begin)| (number, &text[begin..at])));
            begins = Some((number + 1, at + line.len()));
        } else if begins.is_none() && !line.trim().is_empty() {
            begins = Some((number, at));
        }
        empty = line.trim().is_empty();
        at += line.len();
    }
    found.extend(begins.map(|(number, begin)| (number, &text[begin..])));
    found
}

/// `From ann@a.example Tue Nov 24 10:00:00 2026` (RFC 4155), and no line of a text that begins so.
fn is_separator(line: &str) -> bool {
    let clock = |word: &str| {
        word.split(':').count() >= 2 && word.bytes().all(|b| b.is_ascii_digit() || b == b':')
    };
    line.strip_prefix("From ").is_some_and(|rest| rest.split_whitespace().skip(1).any(clock))
}

fn way(
    message: &Message<'_>,
    line: u64,
    size: usize,
    file: &Arc<str>,
    ledger: &mut Ledger,
) -> Option<Way> {
    let mut hops = Vec::new();
    let mut recipient = None;
    for value in message.header_values(HeaderName::Received) {
        let HeaderValue::Received(received) = value else { continue };
        let name = |host: &Named<'_>| match host {
            Named::Name(name) if is_name(name) => Some(canonical(name)),
            _ => None,
        };
        recipient = recipient.or(received.for_.as_deref().map(address));
        let by = received.by.as_ref().and_then(name);
        let stamp = received.date.as_ref().filter(|date| date.is_valid());
        let (Some(by), Some(stamp)) = (by, stamp) else {
            let (place, shown) = (Place::new(file, line), format!("{:?}", received.by));
            let says = "a Received field without the server's name or a time tells no hop";
            ledger.note(Class::NotModelled, "Received", shown, &place, says);
            continue;
        };
        let from = received.from.as_ref().or(received.helo.as_ref()).and_then(name);
        hops.push(Hop { by, from, stamp: stamp.to_timestamp() });
    }
    // The newest stands on top. A server that passes a message to itself is one hop.
    hops.reverse();
    hops.dedup_by(|later, earlier| later.by == earlier.by);
    let text_of = |name: &'static str| {
        message.header_values(name).find_map(|value| value.as_text().map(str::to_owned))
    };
    let to = text_of("Delivered-To").or(text_of("X-Original-To")).map(|text| address(&text));
    let first_to = || message.to()?.first()?.address.as_deref().map(address);
    let to = recipient.or(to).or_else(first_to).filter(|to| is_address(to))?;
    let from = message.return_address().map(address).filter(|from| is_address(from));
    let greylists = message
        .header_values("X-Greylist")
        .filter_map(|value| greylist(value.as_text()?))
        .collect();
    let from = from.unwrap_or_else(|| format!("nobody@{}", to.rsplit('@').next().unwrap_or("x")));
    (!hops.is_empty()).then_some(Way { line, from, to, size, hops, greylists })
}

fn address(text: &str) -> String {
    text.trim().trim_matches(['<', '>', ';', ' ']).to_owned()
}

fn is_address(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    text.rsplit_once('@').is_some_and(|(local, domain)| plain(local) && is_name(domain))
}

/// Returns for how long an X-Greylist field says that a message was put off \[s\], and by which host:
/// `delayed 1800 seconds by postgrey-1.36 at mx.example; …`, `Delayed for 00:30:12 by milter-greylist-4.2 …`.
fn greylist(text: &str) -> Option<(Option<String>, i64)> {
    let words: Vec<&str> =
        text.split([' ', '\t', '\r', '\n', ';']).filter(|w| !w.is_empty()).collect();
    let begins = words.first()?.eq_ignore_ascii_case("delayed");
    let span = match words.get(1..3).filter(|_| begins)? {
        ["for", clock] => {
            let parts: Vec<i64> = clock.split(':').map_while(|part| part.parse().ok()).collect();
            let [hours, minutes, seconds] = parts.as_slice() else { return None };
            hours * 3600 + minutes * 60 + seconds
        }
        [number, _] => number.parse().ok()?,
        _ => return None,
    };
    let at = words.iter().position(|word| *word == "at");
    let host = at.and_then(|at| words.get(at + 1)).filter(|name| is_name(name));
    Some((host.map(|name| canonical(name)), span))
}

/// Returns by how much each server's clock is ahead at least \[s\]: no message arrives before it leaves.
fn clocks(ways: &[Way]) -> BTreeMap<String, i64> {
    let mut ahead: BTreeMap<String, i64> = BTreeMap::new();
    // From the last servers backwards; a chain of as many hops settles in as many rounds.
    let longest = ways.iter().map(|way| way.hops.len()).max().unwrap_or(0);
    for _ in 0..longest {
        for way in ways {
            for pair in way.hops.windows(2).rev() {
                let next = pair[1].stamp - ahead.get(&pair[1].by).copied().unwrap_or(0);
                let needed = pair[0].stamp - next;
                let own = ahead.entry(pair[0].by.clone()).or_insert(0);
                *own = (*own).max(needed);
            }
        }
    }
    ahead
}

/// The servers of a way, each of which sends on to the next.
fn hosts(way: &Way, network: &mut Network) {
    let Some((_, domain)) = way.to.rsplit_once('@') else { return };
    let named = || "named by a Received field".to_owned();
    for (place, hop) in way.hops.iter().enumerate() {
        let next = way.hops.get(place + 1);
        let host = network.host(&hop.by, named);
        host.roles.insert(if next.is_some() { "relay" } else { "mx" });
        if let Some(next) = next {
            let said = Said::new(text_value(&next.by), "a Received field");
            host.routes.entry(canonical(domain)).or_insert(said);
        } else {
            host.roles.insert("store");
        }
    }
    let (first, last) = (&way.hops[0], &way.hops[way.hops.len() - 1]);
    let stores = network.domain(domain, || "a recipient of a message".to_owned());
    if stores.mx.is_empty() && stores.address.is_empty() {
        stores.mx.push((10, last.by.clone(), "the last Received field".to_owned()));
    }
    stores.store.get_or_insert_with(|| Said::new(text_value(&last.by), "the last Received field"));
    if let Some((local, _)) = way.to.rsplit_once('@') {
        stores.mailboxes.insert(local.to_owned());
    }
    // Whoever writes has a domain that somebody takes mail for.
    if let Some((local, domain)) = way.from.rsplit_once('@') {
        if network.domains.contains_key(&canonical(domain)) {
            network.domain(domain, named).mailboxes.insert(local.to_owned());
        } else {
            world(network, domain, local);
        }
    }
    network.host(&first.by, named).roles.insert("submission");
}

/// Says how long a message was on each stretch of its way.
fn told(way: &Way, real: &dyn Fn(&Hop) -> i64, ledger: &mut Ledger) {
    let mut text = match &way.hops[0].from {
        Some(from) => format!("{from} > {}", way.hops[0].by),
        None => way.hops[0].by.clone(),
    };
    let mut waits = BTreeSet::new();
    for pair in way.hops.windows(2) {
        let took = real(&pair[1]) - real(&pair[0]);
        let _ = write!(text, " > {took} s > {}", pair[1].by);
        if took >= 60 {
            waits.insert(pair[0].by.clone());
        }
    }
    ledger.say(Class::Understood, format!("way of a message to {}", way.to), text);
    for host in waits {
        let says = format!(
            "messages wait there for a minute and more: a queue, a retry, a greylist at the next server, or a \
             clock of {host} that is behind"
        );
        ledger.say(Class::NotModelled, format!("wait at {host}"), says);
    }
}

/// What postgrey puts off for, if nothing else is said.
const POSTGREY: i64 = 300;

fn greylists(way: &Way, network: &mut Network, ledger: &mut Ledger) {
    for (host, span) in &way.greylists {
        let last = || way.hops[way.hops.len() - 1].by.clone();
        let host = host.clone().unwrap_or_else(last);
        let delay = (*span).clamp(1, POSTGREY);
        let says =
            format!("it put a message off for {span} s; the delay is no longer, {delay} s assumed");
        ledger.say(Class::Assumed, format!("greylisting at {host}"), says.clone());
        let value = format!("{{ delay = {} }}", text_value(&format!("{delay}s")));
        let keys = &mut network.host(&host, || "named by an X-Greylist field".to_owned()).keys;
        keys.entry("greylist").or_insert_with(|| Said::new(value, format!("X-Greylist: {says}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Return-Path: <ann@a.example>\n\
        X-Greylist: delayed 420 seconds by postgrey-1.37 at mx.b.example; Tue, 24 Nov 2026 10:07:10 +0000 (UTC)\n\
        Received: from mx.b.example (mx.b.example [192.0.2.3])\n\tby store.b.example (Postfix) with LMTP id 4F3\n\
        \tfor <bob@b.example>; Tue, 24 Nov 2026 11:07:12 +0100 (CET)\n\
        Received: from out.a.example (out.a.example [192.0.2.2])\n\tby mx.b.example (Postfix) with ESMTPS id 4F2\n\
        \tfor <bob@b.example>; Tue, 24 Nov 2026 10:07:10 +0000 (UTC)\n\
        Received: from laptop (unknown [10.0.0.1])\n\tby out.a.example (Exim 4.96) with esmtpsa id 1a\n\
        \tfor <bob@b.example>; Tue, 24 Nov 2026 10:30:00 +0000\n\
        From: Ann <ann@a.example>\nTo: Bob <bob@b.example>\nSubject: x\n\nFrom here on: text\n";

    fn read(text: &str) -> (Network, Ledger, FileReport) {
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let (mut ways, mut report) = (Ways::default(), FileReport::default());
        ways.read(&"mail".into(), text, &mut report, &mut ledger);
        ways.finish(&mut network, &mut ledger);
        (network, ledger, report)
    }

    #[test]
    fn a_way_has_hops_clocks_and_a_greylist() {
        assert!(is_message(MESSAGE) && !is_message("myhostname = a.example\n"));
        let (network, _, report) = read(MESSAGE);
        assert_eq!(report.broken_lines, 0);
        let out = &network.hosts["out.a.example"];
        assert_eq!(out.routes["b.example"].value, "\"mx.b.example\"");
        // It shows 10:30:00, and the next server 10:07:10.
        assert_eq!(out.keys["clock_error"].value, "\"1370s\"");
        assert!(!network.hosts["mx.b.example"].keys.contains_key("clock_error"));
        assert_eq!(network.hosts["mx.b.example"].keys["greylist"].value, "{ delay = \"300s\" }");
        assert_eq!(
            network.domains["b.example"].store.as_ref().unwrap().value,
            "\"store.b.example\""
        );
        assert_eq!(network.replays[0].server, "out.a.example");
        assert!(network.replays[0].csv.contains("0,ann@a.example,bob@b.example,"));
    }

    #[test]
    fn a_mailbox_is_parted_at_its_from_lines() {
        let mailbox = format!(
            "From ann@a.example Tue Nov 24 10:00:00 2026\n{MESSAGE}\nFrom x Tue Nov 24 10:01 2026\n{MESSAGE}"
        );
        assert!(is_message(&mailbox));
        assert_eq!(messages(&mailbox).len(), 2);
        let (network, _, report) = read(&mailbox);
        assert_eq!(network.replays[0].csv.lines().count(), 3);
        let (_, _, broken) = read("Subject: x\nReceived: nonsense\n\ntext\n");
        assert_eq!((report.broken_lines, broken.broken_lines), (0, 1));
    }

    #[test]
    fn greylists_say_how_long_in_two_ways() {
        let at = |host: &str| Some(host.to_owned());
        for (text, expected) in [
            (
                "delayed 1800 seconds by postgrey-1.36 at mx.example; Tue",
                Some((at("mx.example"), 1800)),
            ),
            ("Delayed for 00:30:12 by milter-greylist-4.2 (mx [1.2.3.4]); Tue", Some((None, 1812))),
            ("Sender IP whitelisted, not delayed by milter-greylist-4.3.9", None),
            ("delayed", None),
        ] {
            assert_eq!(greylist(text), expected, "{text}");
        }
    }
}
