//! What lies in a mailbox, and when.

use std::cell::Cell;
use std::rc::Rc;

use crate::access::Protocol as Reader;
use crate::mail::{HostId, Mailbox, MailboxNames as _, format_date};
use crate::model::Scenario;
use crate::simulation::Simulation;
use crate::story::{Story, Wanted, Watch, exchanges, fields, host_at};
use crate::trace::{Fact, FinalOutcome};
use crate::units::{Octets, SimTime};

use super::written::{Headers, People, people_of};

/// A message in a mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Its name, which no other message of the mailbox has.
    pub(crate) name: String,
    /// Whether it lies in the folder Junk rather than in the inbox.
    pub(crate) junk: bool,
    /// When it was put there.
    pub(crate) from: SimTime,
    /// When its reader's program deleted it; [`SimTime::MAX`]: not at all.
    pub(crate) until: SimTime,
    /// When its reader's program fetched it, leaving it there.
    pub(crate) read: SimTime,
    /// Header lines, unfolded ones and continuations alike, without CR LF.
    pub(crate) header: Vec<String>,
    /// Those lines of it that servers added on the way.
    pub(crate) traces: Vec<String>,
    /// Octets of header and body.
    pub(crate) size: Octets,
    /// When the store took it, as its clock shows.
    pub(crate) stored_on: String,
}

/// Octets of lines, each with its CR LF.
fn octets(lines: &[String]) -> u64 {
    lines.iter().map(|line| line.len() as u64 + 2).sum()
}

/// Returns what comes into a mailbox in a run of the scenario, in order.
pub(crate) fn contents(scenario: &Scenario, mailbox: Mailbox) -> Vec<Stored> {
    let watch = Watch::new(Wanted::To(mailbox), Rc::new(Cell::new(false)));
    let mut headers = Headers::new(watch);
    Simulation::new(scenario).run(&mut headers);
    let mut found = Vec::new();
    for story in &headers.watch.stories {
        for (place, copy) in story.copies.iter().enumerate() {
            let people = headers.people(scenario, &copy.created);
            copies(scenario, story, place, &people, &mut found);
        }
    }
    found.sort_by_key(|stored| stored.from);
    found
}

/// Returns what one recipient of a message finds in his mailbox.
pub(crate) fn stored_copies(scenario: &Scenario, story: &Story, copy: usize) -> Vec<Stored> {
    let mut found = Vec::new();
    copies(scenario, story, copy, &people_of(scenario, story, copy), &mut found);
    found
}

/// Adds what came of one recipient of one message: the message, and a second one where a server took
/// it twice.
fn copies(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    people: &People,
    found: &mut Vec<Stored>,
) {
    let facts = &story.copies[copy].facts;
    let fetched = |deletes: bool| {
        let mut fetched = facts.iter().filter_map(|(at, fact)| match fact {
            Fact::Retrieved { reading, .. } => Some((*at, *reading)),
            _ => None,
        });
        fetched.find(|(_, reading)| !deletes || deletes_what_it_fetches(scenario, *reading))
    };
    let (read, deleted) = (fetched(false), fetched(true));
    let mut count = 0;
    for (place, (at, fact)) in facts.iter().enumerate() {
        let Fact::Final { host, outcome: FinalOutcome::Delivered, .. } = fact else {
            continue;
        };
        count += 1;
        let created = story.copies[copy].created;
        let traces = fields(scenario, story, copy, &exchanges(story, &[copy]));
        let lines = traces.iter().flat_map(|field| field.lines().map(str::to_owned));
        let trace_lines: Vec<String> = lines.collect();
        let mut header = trace_lines.clone();
        header.extend(written_header(scenario, story, copy, people));
        // What a server made itself has its first field from the beginning.
        let added = traces.iter().filter(|field| field.starts_with("Received: from"));
        let added: u64 = added.map(|field| field.len() as u64 + 2).sum();
        let size = (created.size.get() + added).max(octets(&header) + 2);
        let first = |fetched: Option<(SimTime, u32)>| {
            fetched.filter(|_| count == 1).map_or(SimTime::MAX, |(at, _)| at)
        };
        // The next fact says so.
        let junk = matches!(facts.get(place + 1), Some((_, Fact::Junk { .. })));
        found.push(Stored {
            name: if count == 1 { story.key.to_string() } else { format!("{}x{count}", story.key) },
            junk,
            from: *at,
            until: first(deleted),
            read: first(read),
            header,
            traces: trace_lines,
            size: Octets(size),
            stored_on: format_date(*at, host_at(scenario, *host, *at).clock_error_ns),
        });
    }
}

fn date(scenario: &Scenario, story: &Story, copy: usize) -> String {
    let host = story.copies[copy].created.host;
    format_date(story.at, host_at(scenario, host, story.at).clock_error_ns)
}

/// Returns the fields that the author's program writes.
fn written_header(scenario: &Scenario, story: &Story, copy: usize, people: &People) -> Vec<String> {
    let People { from, to, cc } = people;
    let (date, by) = (date(scenario, story, copy), story.copies[copy].created.host);
    let mut header = vec![format!("Date: {date}"), format!("From: {from}"), format!("To: {to}")];
    header.extend(cc.iter().map(|cc| format!("Cc: {cc}")));
    header.push(format!("Subject: {}", subject(story)));
    header.push(format!("Message-ID: <{}@{}>", story.key, scenario.host(by)));
    header
}

/// Returns the lines that servers have put in front of a copy so far, and those that were written
/// before.
pub(crate) fn header_at_hand(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
) -> (Vec<String>, Vec<String>) {
    let traces = fields(scenario, story, copy, &exchanges(story, &[copy]));
    let traces = traces.iter().flat_map(|field| field.lines().map(str::to_owned)).collect();
    let people = people_of(scenario, story, copy);
    (traces, written_header(scenario, story, copy, &people))
}

fn subject(story: &Story) -> String {
    use crate::mail::MessageKind as Kind;
    let created = &story.copies[0].created;
    let about = created.about.map(|key| format!(" {key}")).unwrap_or_default();
    match created.kind {
        Kind::Mail => format!("Message {}", story.key),
        Kind::DelayNotice => format!("Delayed: message{about}"),
        Kind::FailureNotice => format!("Undelivered: message{about}"),
        Kind::ListCopy => format!("List: message{about}"),
        Kind::AutomaticReply => format!("Automatic reply to message{about}"),
    }
}

/// Whether the program of a `[[reading]]` deletes what it has fetched.
fn deletes_what_it_fetches(scenario: &Scenario, reading: u32) -> bool {
    let reading = scenario.reading.get(reading as usize);
    reading.is_some_and(|reading| matches!(reading.protocol, Reader::Pop3 { delete: true, .. }))
}

/// Returns the mailbox that a login name stands for at a store: its address, or its local part alone
/// where the store keeps the mailboxes of one domain.
pub(crate) fn mailbox_at(scenario: &Scenario, store: HostId, name: &str) -> Option<Mailbox> {
    let address = match name.contains('@') {
        true => name.to_owned(),
        false => {
            let mut kept = scenario.domains.iter().filter(|domain| domain.store == Some(store));
            match (kept.next(), kept.next()) {
                (Some(domain), None) => format!("{name}@{}", domain.name),
                _ => return None,
            }
        }
    };
    let mailbox = scenario.mailbox_of(&address)?;
    let domain = scenario.domains.get(mailbox.domain.index())?;
    (domain.store == Some(store) && domain.has_mailbox(mailbox.local)).then_some(mailbox)
}
