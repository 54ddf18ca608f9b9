//! The tables of a run: `messages.csv`, `attempts.csv`, `queues.csv`, `hosts.csv`, written row by
//! row while the run goes on, `queues.csv` at its end.
//!
//! RFC 4180 with a header line and LF; decimal point; empty means "did not happen".

use crate::mail::MailboxNames;
use crate::measure::{AttemptRecord, HostRecord, MessageRecord, RecordSink};
use crate::model::Scenario;
use crate::trace::{Fact, QueueSample};
use crate::units::{SimDuration, SimTime};

use super::error::ReportError;
use super::place::Shelf;
use super::queue_samples::QueueSamples;
use super::table::Table;
use super::trace_file::{Room, TraceLines};

/// Columns of `messages.csv`.
pub const MESSAGE_COLUMNS: [&str; 19] = [
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
    "folder",
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

/// The facts that the page plays.
pub(super) const TRACE: &str = "trace.jsonl";
/// Names of the table files.
pub const TABLES: [&str; 4] = ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv"];

/// Writes rows as they become final. After an error nothing more is written;
/// [`Tables::failed`] tells, and [`Tables::finish`] returns it.
pub struct Tables<'n> {
    names: &'n dyn MailboxNames,
    messages: Table,
    attempts: Table,
    queues: Table,
    samples: QueueSamples,
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
        shelf: &dyn Shelf,
        names: &'n dyn MailboxNames,
        scenario: Option<&'n Scenario>,
    ) -> Result<Self, ReportError> {
        let [messages, attempts, queues, hosts] = TABLES;
        let is_lesson = scenario.is_some_and(|scenario| !scenario.notes.is_empty());
        let room = if is_lesson { Room::LESSON } else { Room::WHOLE };
        Ok(Self {
            names,
            messages: Table::create(shelf, messages, &MESSAGE_COLUMNS)?,
            attempts: Table::create(shelf, attempts, &ATTEMPT_COLUMNS)?,
            queues: Table::create(shelf, queues, &QUEUE_COLUMNS)?,
            samples: QueueSamples::new(
                scenario.map_or(SimDuration::ZERO, |scenario| scenario.sample_every),
            ),
            hosts: Table::create(shelf, hosts, &HOST_COLUMNS)?,
            trace: TraceLines::new(names, scenario, room),
        })
    }

    /// Returns whether a table could not be written, so that the run may as well stop.
    #[must_use]
    pub fn failed(&self) -> bool {
        [&self.messages, &self.attempts, &self.queues, &self.hosts]
            .iter()
            .any(|table| table.failed())
    }

    /// Completes the files, and writes `trace.jsonl`.
    ///
    /// # Errors
    /// The first error met while writing.
    pub fn finish(mut self, shelf: &mut dyn Shelf) -> Result<(), ReportError> {
        self.samples.write(&mut self.queues, self.names);
        for table in [self.messages, self.attempts, self.queues, self.hosts] {
            shelf.add(table.finish()?)?;
        }
        shelf.write(TRACE, self.trace.spelt(None).as_bytes())
    }
}

impl RecordSink for Tables<'_> {
    fn message(&mut self, row: &MessageRecord<'_>) {
        let names = self.names;
        let table = &mut self.messages;
        table.key(Some(row.key));
        table.mailbox(Some(row.recipient), names);
        table.mailbox(row.sender, names);
        table.word(row.kind.as_str());
        table.key(row.about);
        table.number(row.size.get());
        table.time(Some(row.submitted));
        table.time(row.accepted);
        table.word(row.state.as_str());
        table.status(row.status);
        table.time(row.ended);
        table.host(row.host, names);
        table.some_number(row.hops);
        table.number(row.attempts);
        table.path(row.path, names);
        table.number(row.copies);
        table.time(row.retrieved.map(|(at, _)| at));
        table.word(row.retrieved.map_or("", |(_, protocol)| protocol.as_str()));
        table.word(row.folder());
        table.end_row();
    }

    fn attempt(&mut self, row: &AttemptRecord<'_>) {
        let names = self.names;
        let (table, fact) = (&mut self.attempts, row.fact);
        table.number(row.number);
        table.number(fact.delivery);
        let identity = row.identity();
        table.key(Some(identity.key));
        table.mailbox(Some(identity.mailbox), names);
        table.host(Some(fact.from), names);
        table.host(fact.to, names);
        table.some_number(fact.preference);
        table.time(Some(fact.started));
        table.time(Some(fact.ended));
        table.word(fact.stage.as_str());
        table.word(fact.outcome.as_str());
        table.some_number(fact.reply.map(|reply| reply.code));
        table.status(Some(fact.status));
        table.time(fact.next_attempt);
        table.end_row();
    }

    fn queues(&mut self, at: SimTime, sample: &QueueSample) {
        self.samples.add(at, sample);
    }

    fn host(&mut self, row: &HostRecord) {
        let (table, totals) = (&mut self.hosts, &row.totals);
        table.host(Some(totals.host), self.names);
        table.number(totals.inbound_sessions);
        table.number(totals.outbound_sessions);
        table.number(totals.octets_in.get());
        table.number(totals.octets_out.get());
        table.number(totals.attempts);
        table.number(totals.suspensions);
        table.number(totals.messages_accepted);
        table.number(totals.peak_inbound_sessions);
        table.number(totals.peak_queue);
        table.some_fraction(row.inbound_utilisation);
        table.some_fraction(row.delivery_utilisation);
        table.some_fraction(row.utilisation());
        table.time(Some(SimTime::ZERO + totals.downtime));
        table.end_row();
    }

    fn fact(&mut self, at: SimTime, fact: &Fact) {
        if let Fact::Host(totals) = fact {
            self.samples.host(at, totals);
        }
        self.trace.take(at, fact);
    }
}
