//! The results of a run in the forms that other tools read.
//!
//! # Scope and limitations
//! Everything is made from the tables of a result folder alone, as they are documented: the room
//! opens no file and runs nothing. What tables do not hold is not invented: message ids are those of
//! the run, queue ids are numbered, a session's commands and a message's text are not there.
//!
//! # Design
//! `tables` reads the folder's tables; `queues` follows each message through the queues of its hosts;
//! a file for each format turns them into text: `maillog`, `exim_log`, `qshape`, `mailq`, `mbox`,
//! `openmetrics`, `dot`, `graphml`. What tables do not hold, dialogues, comes from whoever runs the
//! scenario again; `pcapng` makes packets of them.
//!
//! # Crates
//! `csv` reads. The formats are lines of text, most of them a page of code; `mail-builder` was weighed
//! for messages, whose few fields need no encoding; no well-kept crate writes logs of mail servers.
//! `etherparse` makes packets with their checksums, `pcap-file` writes them.

mod dot;
mod exim_log;
mod graphml;
mod mailbox;
mod maillog;
mod mailq;
mod openmetrics;
mod pcapng;
mod qshape;
mod queues;
mod stamp;
mod tables;

pub use pcapng::{Datagram, Dialogue, Opening, Said, capture};
pub use qshape::{AGE_COLUMNS, DividedBy, QueueShape, queue_shapes};
pub use tables::{ExportError, Run};

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Logs as Postfix writes them, Exim's main log for hosts that run Exim; one file a host.
    Maillog,
    /// Tables of age and destination of each queue, as `qshape deferred` prints them.
    Qshape,
    /// Queues as `postqueue -p` prints them.
    Mailq,
    /// Delivered mail, a file for each mailbox (RFC 4155).
    Mbox,
    /// Delivered mail, a file for each message (RFC 5322).
    Eml,
    /// Samples of queues with their times, for `promtool tsdb create-blocks-from openmetrics`.
    OpenMetrics,
    /// Who sent to whom, for Graphviz.
    Dot,
    /// Who sent to whom, for programs that know GraphML.
    GraphMl,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its name, without folders.
    pub name: String,
    /// What it holds.
    pub contents: Vec<u8>,
}

/// What the user asks for beside the form.
#[derive(Debug, Clone, Default)]
pub struct ExportOptions {
    /// The moment of which queues are told \[s\]; none: the end of the run.
    pub at: Option<f64>,
    /// The moment at which the run began \[s since 1970, UTC\].
    pub start: i64,
    /// These hosts alone; empty: all.
    pub hosts: Vec<String>,
}

/// The first second of 2026, at which runs begin unless the user says otherwise.
pub const START: i64 = 1_767_225_600;

/// Returns a run in a form.
#[must_use]
pub fn export(run: &Run, format: Format, options: &ExportOptions) -> Vec<ExportedFile> {
    let wanted = |host: &str| options.hosts.is_empty() || options.hosts.iter().any(|h| h == host);
    match format {
        Format::Maillog => maillog::files(run, options, &wanted),
        Format::Qshape => qshape::files(run, options, &wanted),
        Format::Mailq => mailq::files(run, options, &wanted),
        Format::Mbox => mailbox::mbox(run, options),
        Format::Eml => mailbox::eml(run, options),
        Format::OpenMetrics => openmetrics::files(run, options, &wanted),
        Format::Dot => dot::files(run),
        Format::GraphMl => graphml::files(run),
    }
}
