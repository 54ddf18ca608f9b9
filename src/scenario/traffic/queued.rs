//! `[[queued]]`: mail that lies in a server's queue when the run begins.

use super::correspondents::address;
use super::mail::submission_of_queue;
use super::replay::replay_address;
use crate::fault::Interval;
use crate::mail::{HostId, Mailbox};
use crate::random::Distribution;
use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::Hosts;
use crate::scenario::text::csv_file::{CsvFile, ReadFile};
use crate::scenario::text::limits;
use crate::scenario::text::names::did_you_mean;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::{
    Arrivals, Correspondents, Encoding, MailEntry, NoticeWishes, Rule, Sizes, Waiting,
};

/// Size of a message when the entry says nothing \[octets\].
const DEFAULT_SIZE: u64 = 10_000;

/// Reads one `[[queued]]` entry.
pub(crate) fn read_queued(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Option<MailEntry> {
    let host = section.field("host").and_then(|field| hosts.one_of(&field));
    let mut waiting = match section.field("listing") {
        Some(field) => {
            excluded(section);
            read_listing(&field, domains, read_file)
        }
        None => stated(section, domains),
    };
    waiting.sort_by_key(|message| std::cmp::Reverse(message.age));
    let fields = section.field("received_fields").and_then(|field| field.count32()).unwrap_or(1);
    let of_first = |message: &Waiting| message.from.or(message.to.first().copied());
    let someone = waiting.first().and_then(of_first);
    Some(entry(host?, fields, someone?, waiting))
}

/// Beside a listing an entry says nothing of messages.
fn excluded(section: &Section<'_>) {
    for key in ["from", "to", "age", "size", "next_try", "count"] {
        section.one_of(&["listing", key]);
    }
}

fn stated(section: &Section<'_>, domains: &mut Domains<'_>) -> Vec<Waiting> {
    for (key, example) in
        [("from", "from = \"alice@sender.example\""), ("to", "to = [\"bob@recipient.example\"]")]
    {
        if !section.has(key) {
            let remark = Remark::new(format!("a queued entry lacks the key `{key}`"))
                .accepted("`from` and `to`, or `listing`")
                .help(format!("add {example}"));
            section.error(ProblemKind::Missing, remark);
        }
    }
    let from = section.field("from").map(|field| match field.text() {
        Some("") => Some(None),
        _ => address(&field, domains).map(Some),
    });
    let to = section.field("to").map(|field| field.one_or_many(Shape::Text)).unwrap_or_default();
    let to: Vec<Mailbox> = to.iter().filter_map(|field| address(field, domains)).collect();
    let span = |key: &str| section.field(key).and_then(|field| field.duration());
    let size = section.field("size").map_or(Some(Octets(DEFAULT_SIZE)), |field| field.size());
    let count = section.field("count").map_or(Some(1), |field| field.count());
    let (Some(Some(from)), Some(size), Some(count), false) = (from, size, count, to.is_empty())
    else {
        return Vec::new();
    };
    let age = span("age").unwrap_or(SimDuration::ZERO);
    let next_try = span("next_try").map(|wait| SimTime::ZERO + wait);
    let message = Waiting { from, to, size, age, next_try };
    vec![message; usize::try_from(count).unwrap_or(usize::MAX)]
}

fn entry(host: HostId, fields: u32, someone: Mailbox, waiting: Vec<Waiting>) -> MailEntry {
    MailEntry {
        name: String::new(),
        from: Correspondents::One(someone),
        to: Vec::new(),
        cc: 0,
        bcc: 0,
        arrivals: Arrivals::Replay,
        size: Sizes {
            text: Distribution::Constant(DEFAULT_SIZE as f64),
            attachment: None,
            encoding: Encoding { rule: Rule::Identity, line: None },
        },
        window: Interval { from: SimTime::ZERO, to: SimTime::MAX },
        limit: None,
        submission: submission_of_queue(host),
        received_fields: fields,
        notices: NoticeWishes::default(),
        replay: Vec::new(),
        waiting,
        unwanted_share: 0.0,
        author: None,
        score: None,
    }
}

/// The columns that a listing may have.
const COLUMNS: [&str; 5] = ["age_s", "from", "to", "size_octets", "next_try_s"];

/// Where the columns stand.
struct Header {
    age: usize,
    from: usize,
    to: usize,
    size: usize,
    next_try: Option<usize>,
}

fn read_listing(
    field: &Field<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Vec<Waiting> {
    let Some(file) = CsvFile::open(field, read_file) else { return Vec::new() };
    let mut rows = file.rows();
    let headers = match rows.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => {
            file.report(1, 0, &format!("the header cannot be read: {error}"), "", "");
            return Vec::new();
        }
    };
    let Some(header) = header(&file, &headers) else { return Vec::new() };
    let mut messages = Vec::new();
    for record in rows.records() {
        match record {
            Ok(record) => messages.extend(message(&file, &header, &record, domains)),
            Err(error) => {
                let line = file.line(error.position());
                let accepted = "as many fields in each row as in the header";
                file.report(line, 0, &error.to_string(), accepted, "");
            }
        }
    }
    if messages.is_empty() {
        let remark = Remark::new(format!("\"{}\" has no message", file.name));
        field.warn(remark.named("empty-file"));
    }
    messages
}

fn header(file: &CsvFile<'_, '_>, headers: &csv::StringRecord) -> Option<Header> {
    for header in headers {
        if !COLUMNS.contains(&header) {
            let help = did_you_mean(header, COLUMNS);
            let message = format!("there is no column \"{header}\" in a listing of a queue");
            file.report(1, 0, &message, &COLUMNS.join(", "), &help);
        }
    }
    let column = |name: &str| headers.iter().position(|header| header == name);
    let missing: Vec<&str> = COLUMNS[..4].iter().copied().filter(|c| column(c).is_none()).collect();
    if !missing.is_empty() {
        let message = format!("the header lacks {}", missing.join(", "));
        let first = "begin the file with age_s,from,to,size_octets,next_try_s";
        file.report(1, 0, &message, &COLUMNS.join(","), first);
        return None;
    }
    Some(Header {
        age: column("age_s")?,
        from: column("from")?,
        to: column("to")?,
        size: column("size_octets")?,
        next_try: column("next_try_s"),
    })
}

fn message(
    file: &CsvFile<'_, '_>,
    header: &Header,
    record: &csv::StringRecord,
    domains: &mut Domains<'_>,
) -> Option<Waiting> {
    let value = |at: usize| record.get(at).unwrap_or_default();
    let wrong = |column: &str, found: &str, accepted: &str| {
        let message = format!("found \"{found}\" in the column `{column}`");
        file.report(file.line(record.position()), 0, &message, accepted, "");
    };
    let seconds = |column: &str, at: usize| {
        let span = format!("{}s", value(at)).parse::<SimDuration>().ok();
        let span = span.filter(|span| !value(at).is_empty() && span.as_secs() <= limits::SECONDS);
        if span.is_none() {
            wrong(column, value(at), "seconds, zero or above, such as 12.5");
        }
        span
    };
    let age = seconds("age_s", header.age);
    let told = header.next_try.filter(|&at| !value(at).is_empty());
    let next_try = told.map(|at| seconds("next_try_s", at));
    let octets = value(header.size).parse().ok().map(Octets);
    let octets = octets.filter(|octets| octets.get() <= limits::MESSAGE_OCTETS);
    if octets.is_none() {
        wrong("size_octets", value(header.size), "octets such as 75000");
    }
    let mut mailbox = |column: &str, text: &str| {
        let mailbox = replay_address(text, domains).map(|(mailbox, _)| mailbox);
        if mailbox.is_none() {
            wrong(column, text, "an address such as alice@sender.example");
        }
        mailbox
    };
    let from = match value(header.from) {
        "" | "<>" => None,
        text => Some(mailbox("from", text)?),
    };
    let parts: Vec<&str> =
        value(header.to).split([' ', ';']).filter(|part| !part.is_empty()).collect();
    let to: Vec<Mailbox> = parts.iter().filter_map(|part| mailbox("to", part)).collect();
    if parts.is_empty() {
        wrong("to", "", "one or more addresses, parted by blanks or semicolons");
    }
    let complete = to.len() == parts.len() && !parts.is_empty();
    let next_try = match next_try {
        None => None,
        Some(wait) => Some(SimTime::ZERO + wait?),
    };
    Some(Waiting { from, to: complete.then_some(to)?, size: octets?, age: age?, next_try })
}
