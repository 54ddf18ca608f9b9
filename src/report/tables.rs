//! The tables of a run: `messages.csv`, `attempts.csv`, `queues.csv`, `hosts.csv`, written row by
//! row while the run goes on.
//!
//! RFC 4180 with a header line and LF; decimal point; empty means "did not happen".

use std::fmt::Display;
use std::io::Write as _;

use crate::mail::{HostId, MailboxNames};
use crate::measure::{AttemptRecord, HostRecord, MessageRecord, RecordSink};
use crate::scenario::Scenario;
use crate::trace::{Fact, QueueSample};
use crate::units::SimTime;

use super::error::ReportError;
use super::folder::{ResultFile, ResultFolder};
use super::trace_file::TraceLines;

/// Columns of `messages.csv`.
pub const MESSAGE_COLUMNS: [&str; 18] = [
    "message_id",
    "recipient",
    "sender",
    "kind",
    "about_message_id",
    "size_octets",
    "submitted_s",
    "accepted_s",
    "final",
    "status",
    "final_s",
    "final_host",
    "hops",
    "attempts",
    "path",
    "copies",
    "retrieved_s",
    "retrieved_by",
];

/// Columns of `attempts.csv`.
pub const ATTEMPT_COLUMNS: [&str; 14] = [
    "attempt",
    "delivery",
    "message_id",
    "recipient",
    "from_host",
    "to_host",
    "mx_preference",
    "started_s",
    "ended_s",
    "stage",
    "outcome",
    "reply",
    "status",
    "next_attempt_s",
];

/// Columns of `queues.csv`.
pub const QUEUE_COLUMNS: [&str; 7] =
    ["time_s", "host", "incoming", "active", "deferred", "inbound_sessions", "outbound_sessions"];

/// Columns of `hosts.csv`.
pub const HOST_COLUMNS: [&str; 14] = [
    "host",
    "inbound_sessions",
    "outbound_sessions",
    "received_octets",
    "sent_octets",
    "attempts",
    "suspensions",
    "messages_accepted",
    "peak_inbound_sessions",
    "peak_queue",
    "inbound_utilisation",
    "delivery_utilisation",
    "utilisation",
    "downtime_s",
];

/// Names of the table files.
pub const TABLES: [&str; 4] = ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv"];

/// Writes rows as they become final. After an error nothing more is written;
/// [`Tables::failed`] tells, and [`Tables::finish`] returns it.
pub struct Tables<'n> {
    names: &'n dyn MailboxNames,
    messages: Table,
    attempts: Table,
    queues: Table,
    hosts: Table,
    trace: TraceLines<'n>,
}

impl std::fmt::Debug for Tables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("failed", &self.failed()).finish_non_exhaustive()
    }
}

impl<'n> Tables<'n> {
    /// Creates the files and writes their header lines. With a `scenario` the page can draw the
    /// network and tell what was said.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub fn create(
        folder: &ResultFolder,
        names: &'n dyn MailboxNames,
        scenario: Option<&'n Scenario>,
    ) -> Result<Self, ReportError> {
        let [messages, attempts, queues, hosts] = TABLES;
        Ok(Self {
            names,
            messages: Table::create(folder, messages, &MESSAGE_COLUMNS)?,
            attempts: Table::create(folder, attempts, &ATTEMPT_COLUMNS)?,
            queues: Table::create(folder, queues, &QUEUE_COLUMNS)?,
            hosts: Table::create(folder, hosts, &HOST_COLUMNS)?,
            trace: TraceLines::new(names, scenario),
        })
    }

    /// Returns whether a table could not be written, so that the run may as well stop.
    #[must_use]
    pub fn failed(&self) -> bool {
        [&self.messages, &self.attempts, &self.queues, &self.hosts]
            .iter()
            .any(|table| table.failure.is_some())
    }

    /// Completes the files, and writes `trace.jsonl`.
    ///
    /// # Errors
    /// The first error met while writing.
    pub fn finish(self, folder: &mut ResultFolder) -> Result<(), ReportError> {
        for table in [self.messages, self.attempts, self.queues, self.hosts] {
            folder.add(table.finish()?)?;
        }
        self.trace.write(folder)
    }
}

impl RecordSink for Tables<'_> {
    fn message(&mut self, row: &MessageRecord<'_>) {
        let names = self.names;
        let table = &mut self.messages;
        table.show(row.key);
        table.text(&names.mailbox(row.recipient));
        table.text(&row.sender.map(|sender| names.mailbox(sender)).unwrap_or_default());
        table.text(row.kind.as_str());
        table.show_some(row.about);
        table.show(row.size.get());
        table.time(Some(row.submitted));
        table.time(row.accepted);
        table.text(row.state.as_str());
        table.show_some(row.status);
        table.time(row.ended);
        table.text(row.host.map_or("", |host| names.host(host)));
        table.show_some(row.hops);
        table.show(row.attempts);
        table.path(row.path, names);
        table.show(row.copies);
        table.time(row.retrieved.map(|(at, _)| at));
        table.text(row.retrieved.map_or("", |(_, protocol)| protocol.as_str()));
        table.end_row();
    }

    fn attempt(&mut self, row: &AttemptRecord<'_>) {
        let names = self.names;
        let (table, fact) = (&mut self.attempts, row.fact);
        table.show(row.number);
        table.show(fact.delivery);
        table.show(row.key);
        table.text(&names.mailbox(row.recipient));
        table.text(names.host(fact.from));
        table.text(fact.to.map_or("", |host| names.host(host)));
        table.show_some(fact.preference);
        table.time(Some(fact.started));
        table.time(Some(fact.ended));
        table.text(fact.stage.as_str());
        table.text(fact.outcome.as_str());
        table.show_some(fact.reply.map(|reply| reply.code));
        table.show(fact.status);
        table.time(fact.next_attempt);
        table.end_row();
    }

    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        let table = &mut self.queues;
        table.time(Some(at));
        table.text(self.names.host(sample.host));
        table.show(sample.incoming);
        table.show(sample.active);
        table.show(sample.deferred);
        table.show(sample.inbound_sessions);
        table.show(sample.outbound_sessions);
        table.end_row();
    }

    fn host(&mut self, row: &HostRecord) {
        let (table, totals) = (&mut self.hosts, &row.totals);
        table.text(self.names.host(totals.host));
        table.show(totals.inbound_sessions);
        table.show(totals.outbound_sessions);
        table.show(totals.octets_in.get());
        table.show(totals.octets_out.get());
        table.show(totals.attempts);
        table.show(totals.suspensions);
        table.show(totals.messages_accepted);
        table.show(totals.peak_inbound_sessions);
        table.show(totals.peak_queue);
        table.show_some(row.inbound_utilisation);
        table.show_some(row.delivery_utilisation);
        table.show_some(row.utilisation());
        table.time(Some(SimTime::ZERO + totals.downtime));
        table.end_row();
    }

    fn fact(&mut self, at: SimTime, fact: &Fact) {
        self.trace.take(at, fact);
    }
}

/// One table in the making.
struct Table {
    writer: csv::Writer<ResultFile>,
    failure: Option<csv::Error>,
    /// The field being spelt, reused from field to field.
    field: Vec<u8>,
}

impl Table {
    fn create(folder: &ResultFolder, name: &str, columns: &[&str]) -> Result<Self, ReportError> {
        let file = folder.create(name)?;
        let writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(file);
        let mut table = Self { writer, failure: None, field: Vec::new() };
        for column in columns {
            table.text(column);
        }
        table.end_row();
        Ok(table)
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn show(&mut self, value: impl Display) {
        self.field.clear();
        write!(self.field, "{value}").expect("writing to memory succeeds");
        self.spelt();
    }

    fn show_some(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.show(value),
            None => self.bytes(b""),
        }
    }

    fn time(&mut self, time: Option<SimTime>) {
        self.field.clear();
        if let Some(time) = time.filter(|&time| time != SimTime::MAX) {
            time.write_fixed_seconds(&mut self.field);
        }
        self.spelt();
    }

    fn path(&mut self, path: &[HostId], names: &dyn MailboxNames) {
        self.field.clear();
        for (step, &host) in path.iter().enumerate() {
            if step > 0 {
                self.field.push(b'>');
            }
            self.field.extend_from_slice(names.host(host).as_bytes());
        }
        self.spelt();
    }

    fn spelt(&mut self) {
        if self.failure.is_none() {
            self.failure = self.writer.write_field(&self.field).err();
        }
    }

    fn bytes(&mut self, field: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.writer.write_field(field).err();
        }
    }

    fn end_row(&mut self) {
        if self.failure.is_none() {
            self.failure = self.writer.write_record(None::<&[u8]>).err();
        }
    }

    fn finish(self) -> Result<ResultFile, ReportError> {
        let path = self.writer.get_ref().path().to_owned();
        if let Some(failure) = self.failure {
            return Err(match failure.into_kind() {
                csv::ErrorKind::Io(cause) => ReportError::io("write", &path, cause),
                other => ReportError::BadFile { path, problem: format!("{other:?}") },
            });
        }
        self.writer.into_inner().map_err(|failure| {
            let cause = failure.error();
            let cause = std::io::Error::new(cause.kind(), cause.to_string());
            ReportError::io("write", &path, cause)
        })
    }
}
