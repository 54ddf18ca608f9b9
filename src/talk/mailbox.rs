//! What lies in a mailbox, and when.

use std::cell::Cell;
use std::rc::Rc;

use crate::access::Protocol as Reader;
use crate::mail::{Mailbox, MailboxNames as _, format_date};
use crate::scenario::Scenario;
use crate::simulation::Simulation;
use crate::story::{Story, Wanted, Watch, exchanges, fields, host_at};
use crate::trace::{Fact, FinalOutcome};
use crate::units::{Octets, SimTime};

/// A message in a mailbox.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// Its name, which no other message of the mailbox has.
    pub(super) name: String,
    /// Whether it lies in the folder Junk rather than in the inbox.
    pub(super) junk: bool,
    /// When it was put there.
    pub(super) from: SimTime,
    /// When its reader's program deleted it; [`SimTime::MAX`]: not at all.
    pub(super) until: SimTime,
    /// When its reader's program fetched it, leaving it there.
    pub(super) read: SimTime,
    /// Header lines, unfolded ones and continuations alike, without CR LF.
    pub(super) header: Vec<String>,
    /// Octets of header and body.
    pub(super) size: Octets,
    /// What its header says.
    pub(super) sender: String,
    /// What its header says.
    pub(super) recipient: String,
    /// What its header says.
    pub(super) subject: String,
    /// What its header says.
    pub(super) date: String,
    /// When the store took it, as its clock shows.
    pub(super) stored_on: String,
}

impl Stored {
    /// Octets of the header with the empty line that ends it.
    pub(super) fn header_octets(&self) -> u64 {
        octets(&self.header) + 2
    }

    /// Octets of the body, whose text is not simulated.
    pub(super) fn body_octets(&self) -> u64 {
        self.size.get() - self.header_octets()
    }

    /// What stands for the body.
    pub(super) fn body_in_words(&self) -> String {
        format!("({} octets of body: sizes are simulated, words are not)", self.body_octets())
    }
}

/// Octets of lines, each with its CR LF.
pub(super) fn octets(lines: &[String]) -> u64 {
    lines.iter().map(|line| line.len() as u64 + 2).sum()
}

/// Returns what comes into a mailbox in a run of the scenario, in order.
pub(super) fn contents(scenario: &Scenario, mailbox: Mailbox) -> Vec<Stored> {
    let mut watch = Watch::new(Wanted::To(mailbox), Rc::new(Cell::new(false)));
    Simulation::new(scenario).run(&mut watch);
    let mut found = Vec::new();
    for story in &watch.stories {
        for copy in 0..story.copies.len() {
            copies(scenario, story, copy, mailbox, &mut found);
        }
    }
    found.sort_by_key(|stored| stored.from);
    found
}

/// Adds what came of one recipient of one message: the message, and a second one where a server took
/// it twice.
fn copies(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    mailbox: Mailbox,
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
        let sender = created.sender.map(|sender| scenario.mailbox(sender));
        let from =
            sender.unwrap_or_else(|| format!("MAILER-DAEMON@{}", scenario.host(created.host)));
        let recipient = scenario.mailbox(mailbox);
        let subject = subject(story);
        let clock = host_at(scenario, created.host, story.at).clock_error_ns;
        let date = format_date(story.at, clock);
        let traces = fields(scenario, story, copy, &exchanges(story, &[copy]));
        let lines = traces.iter().flat_map(|field| field.lines().map(str::to_owned));
        let mut header: Vec<String> = lines.collect();
        header.extend([
            format!("Date: {date}"),
            format!("From: {from}"),
            format!("To: {recipient}"),
            format!("Subject: {subject}"),
            format!("Message-ID: <{}@{}>", story.key, scenario.host(created.host)),
        ]);
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
            size: Octets(size),
            sender: from,
            recipient,
            subject,
            date,
            stored_on: format_date(*at, host_at(scenario, *host, *at).clock_error_ns),
        });
    }
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
