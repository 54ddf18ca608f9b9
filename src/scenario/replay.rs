//! Mail as recorded: a CSV file with a row for each message.

use std::cell::OnceCell;
use std::sync::Arc;

use super::correspondents::domain_of;
use super::domains::Domains;
use super::hosts::canonical;
use super::names::did_you_mean;
use super::problem::{LineStarts, Problem, ProblemKind, Severity, Sort};
use super::reader::{Field, Remark};
use crate::mail::{Mailbox, split_address};
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::{Correspondents, Replayed};

/// Reads a file named in a scenario, from the scenario's folder. The error is for people.
pub(super) type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// The columns that a replay file may have.
const COLUMNS: [&str; 6] = ["at_s", "time", "from", "to", "size_octets", "size"];

/// A replay file that is being read.
struct Replay<'a, 'f> {
    field: &'a Field<'f>,
    file: String,
    text: Arc<str>,
    lines: OnceCell<LineStarts>,
}

/// Reads the file that the field names; messages are returned in order of time.
pub(super) fn read_replay(
    field: &Field<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Vec<Replayed> {
    let Some(name) = field.text() else {
        return Vec::new();
    };
    let text = match read_file(name) {
        Ok(text) => text,
        Err(reason) => {
            let remark = Remark::new(format!("the file \"{name}\" cannot be read: {reason}"))
                .accepted("a CSV file, named from the scenario's folder")
                .help("check the name and whether the file may be read");
            field.error(ProblemKind::File, remark);
            return Vec::new();
        }
    };
    let replay =
        Replay { field, file: name.to_owned(), text: text.as_str().into(), lines: OnceCell::new() };
    let mut messages = replay.read(domains);
    messages.sort_by_key(|message| message.at);
    messages
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
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(self.text.as_bytes());
        let headers = match reader.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => {
                self.report(1, 0, &format!("the header cannot be read: {error}"), "", "");
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
                    let line = error.position().map_or(1, csv::Position::line);
                    let accepted = "as many fields in each row as in the header";
                    self.report(line, 0, &error.to_string(), accepted, "");
                }
            }
        }
        if messages.is_empty() {
            self.field.warn(Remark::new(format!("\"{}\" has no message", self.file)));
        }
        messages
    }

    fn header(&self, headers: &csv::StringRecord) -> Option<Header> {
        let column = |name: &str| headers.iter().position(|header| header == name);
        for header in headers {
            if !COLUMNS.contains(&header) {
                let help = did_you_mean(header, COLUMNS);
                let message = format!("there is no column \"{header}\" in a replay file");
                self.report(1, 0, &message, &COLUMNS.join(", "), &help);
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
            self.report(1, 0, &message, accepted, "begin the file with at_s,from,to,size_octets");
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
        let line = record.position().map_or(1, csv::Position::line);
        let value = |at: usize| record.get(at).unwrap_or_default();
        let wrong = |column: &str, found: &str, accepted: &str, help: &str| {
            let message = format!("found \"{found}\" in the column `{column}`");
            self.report(line, 0, &message, accepted, help);
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
        let octets = octets.filter(|octets| octets.get() <= super::limits::MESSAGE_OCTETS);
        if octets.is_none() {
            let accepted = "octets such as 75000 (size_octets), or a size such as 75kB (size)";
            wrong(if header.size.1 { "size_octets" } else { "size" }, size, accepted, "");
        }
        let mut mailbox = |column: &str, text: &str| {
            let mailbox = replay_address(text, domains);
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

    /// Reports a problem on a line of the file (counted from 1).
    #[track_caller]
    fn report(&self, line: u64, column: usize, message: &str, accepted: &str, help: &str) {
        let line = usize::try_from(line).unwrap_or(1).max(1);
        let lines = self.lines.get_or_init(|| LineStarts::of(&self.text));
        let start = lines.start(&self.text, line);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        self.field.checker.add(Problem {
            severity: Severity::Error,
            kind: ProblemKind::BadValue,
            file: self.file.clone(),
            line,
            column: column + 1,
            key: self.field.path.clone(),
            message: message.to_owned(),
            accepted: accepted.to_owned(),
            help: help.to_owned(),
            span: start..end,
            text: self.text.clone(),
            sort: Sort::here(),
        });
    }
}

fn replay_address(text: &str, domains: &mut Domains<'_>) -> Option<Mailbox> {
    let (local, name) = split_address(text)?;
    let domain = match name.starts_with('[') {
        true => domains.literal(name)?,
        false => domains.find_or_add(&canonical(name)).0,
    };
    let mailbox = domains.mailbox(domain, &local).0;
    debug_assert_eq!(domain_of(&Correspondents::One(mailbox)), domain, "the mailbox's own domain");
    Some(mailbox)
}
