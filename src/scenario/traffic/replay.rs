//! Mail as recorded: a CSV file with a row for each message.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::canonical;
use crate::scenario::text::csv_file::{CsvFile, ReadFile};
use crate::scenario::text::names::did_you_mean;
use crate::scenario::text::reader::{Field, Remark};

use crate::mail::{Mailbox, split_address};
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::Replayed;

/// The columns that a replay file may have.
const COLUMNS: [&str; 6] = ["at_s", "time", "from", "to", "size_octets", "size"];

/// The most unknown mailboxes that are named.
const NAMED: usize = 3;

/// Reads the file that the field names; messages are returned in order of time.
pub(crate) fn read_replay(
    field: &Field<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Vec<Replayed> {
    let Some(file) = CsvFile::open(field, read_file) else {
        return Vec::new();
    };
    let replay = Replay { file, unknown: RefCell::default() };
    let mut messages = replay.read(domains);
    replay.warn_of_unknown(domains);
    messages.sort_by_key(|message| message.at);
    messages
}

/// A replay file that is being read.
struct Replay<'a, 'f> {
    file: CsvFile<'a, 'f>,
    /// Mailboxes that nobody has.
    unknown: RefCell<BTreeSet<Mailbox>>,
}

/// Where the columns stand.
struct Header {
    at: (usize, bool),
    from: usize,
    to: usize,
    size: (usize, bool),
}

impl Replay<'_, '_> {
    fn read(&self, domains: &mut Domains<'_>) -> Vec<Replayed> {
        let mut reader = self.file.rows();
        let headers = match reader.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => {
                self.file.report(1, 0, &format!("the header cannot be read: {error}"), "", "");
                return Vec::new();
            }
        };
        let Some(header) = self.header(&headers) else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => messages.extend(self.message(&header, &record, domains)),
                Err(error) => {
                    let line = self.file.line(error.position());
                    let accepted = "as many fields in each row as in the header";
                    self.file.report(line, 0, &error.to_string(), accepted, "");
                }
            }
        }
        if messages.is_empty() {
            let remark = Remark::new(format!("\"{}\" has no message", self.file.name));
            self.file.field.warn(remark.named("empty-file"));
        }
        messages
    }

    /// Warns of mailboxes that do not exist, once for the file.
    fn warn_of_unknown(&self, domains: &Domains<'_>) {
        let unknown = self.unknown.borrow();
        if unknown.is_empty() {
            return;
        }
        let names: Vec<String> =
            unknown.iter().take(NAMED).map(|mailbox| domains.spelt(*mailbox)).collect();
        let more = if unknown.len() > NAMED { " and others" } else { "" };
        let message = format!(
            "{} mailboxes of \"{}\" do not exist: {}{more}",
            unknown.len(),
            self.file.name,
            names.join(", ")
        );
        let help = "add a [[domain]] with these mailboxes, or { count = … }; mail to them will be \
                    refused or bounced, if that is what you want";
        self.file.field.warn(Remark::new(message).help(help).named("unknown-mailbox"));
    }

    fn header(&self, headers: &csv::StringRecord) -> Option<Header> {
        let column = |name: &str| headers.iter().position(|header| header == name);
        for header in headers {
            if !COLUMNS.contains(&header) {
                let help = did_you_mean(header, COLUMNS);
                let message = format!("there is no column \"{header}\" in a replay file");
                self.file.report(1, 0, &message, &COLUMNS.join(", "), &help);
            }
        }
        let at = column("at_s").map(|at| (at, true)).or(column("time").map(|at| (at, false)));
        let size = column("size_octets").map(|at| (at, true));
        let size = size.or(column("size").map(|at| (at, false)));
        let header = (at, column("from"), column("to"), size);
        let (Some(at), Some(from), Some(to), Some(size)) = header else {
            let missing = [
                (header.0.is_none(), "at_s"),
                (header.1.is_none(), "from"),
                (header.2.is_none(), "to"),
                (header.3.is_none(), "size_octets"),
            ];
            let missing: Vec<&str> =
                missing.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
            let message = format!("the header lacks {}", missing.join(", "));
            let accepted = "at_s,from,to,size_octets (or time and size, with units)";
            self.file.report(
                1,
                0,
                &message,
                accepted,
                "begin the file with at_s,from,to,size_octets",
            );
            return None;
        };
        Some(Header { at, from, to, size })
    }

    fn message(
        &self,
        header: &Header,
        record: &csv::StringRecord,
        domains: &mut Domains<'_>,
    ) -> Option<Replayed> {
        let value = |at: usize| record.get(at).unwrap_or_default();
        let wrong = |column: &str, found: &str, accepted: &str, help: &str| {
            let message = format!("found \"{found}\" in the column `{column}`");
            self.file.report(self.file.line(record.position()), 0, &message, accepted, help);
        };
        let at = value(header.at.0);
        let at_time = if header.at.1 {
            // Decimal seconds, read exactly like "12.5s".
            format!("{at}s").parse::<SimDuration>().ok().filter(|_| !at.is_empty())
        } else {
            at.parse().ok()
        };
        if at_time.is_none() {
            let accepted = if header.at.1 {
                "seconds from the start, zero or above, such as 12.5"
            } else {
                "a time from the start such as 1h30m"
            };
            wrong(if header.at.1 { "at_s" } else { "time" }, at, accepted, "");
        }
        let size = value(header.size.0);
        let octets =
            if header.size.1 { size.parse().ok().map(Octets) } else { size.parse::<Octets>().ok() };
        let octets =
            octets.filter(|octets| octets.get() <= crate::scenario::text::limits::MESSAGE_OCTETS);
        if octets.is_none() {
            let accepted = "octets such as 75000 (size_octets), or a size such as 75kB (size)";
            wrong(if header.size.1 { "size_octets" } else { "size" }, size, accepted, "");
        }
        let mut mailbox = |column: &str, text: &str| {
            let mailbox = replay_address(text, domains);
            if let Some((mailbox, false)) = mailbox {
                self.unknown.borrow_mut().insert(mailbox);
            }
            let mailbox = mailbox.map(|(mailbox, _)| mailbox);
            if mailbox.is_none() {
                wrong(column, text, "an address such as alice@sender.example", "");
            }
            mailbox
        };
        let from = mailbox("from", value(header.from));
        let to = value(header.to);
        let parts: Vec<&str> = to.split([' ', ';']).filter(|part| !part.is_empty()).collect();
        let recipients: Vec<Mailbox> =
            parts.iter().filter_map(|part| mailbox("to", part)).collect();
        if parts.is_empty() {
            wrong("to", to, "one or more addresses, parted by blanks or semicolons", "");
        }
        let complete = recipients.len() == parts.len() && !parts.is_empty();
        Some(Replayed {
            at: SimTime::ZERO + at_time?,
            from: from?,
            to: complete.then_some(recipients)?,
            size: octets?,
        })
    }
}

/// Reads an address of a CSV file; returns its mailbox and whether it exists.
pub(crate) fn replay_address(text: &str, domains: &mut Domains<'_>) -> Option<(Mailbox, bool)> {
    let (local, name) = split_address(text)?;
    let domain = match name.starts_with('[') {
        true => domains.literal(name)?,
        false => domains.find_or_add(&canonical(name)).0,
    };
    Some(domains.mailbox(domain, &local))
}
