//! Your own network as a scenario: configuration, zones and logs in, `scenario.toml`, `mail.csv` and
//! `import.json` out.
//!
//! # Scope and limitations
//! The room reads files of other programs and writes text; it opens no file, runs nothing and knows
//! no rule of the model: what the model has is asked of the scenario's own settings. Every statement
//! of a file ends in the ledger ([`Ledger`]) as understood, without effect on mail flow, or not
//! modelled; what no file says, and a scenario needs, as assumed. Nothing is dropped and nothing
//! invented in silence.
//!
//! # Design
//! A file of its own for each format, which knows the format and nothing else (`postfix`, `zone`,
//! `log`); each adds what it has read to one network (`network`), part by part with the line it
//! comes from; `complete` adds what a scenario must have, and says so; `scenario_text` writes it
//! down. `reenact` holds a run of it against the log.
//!
//! # Crates
//! `flate2` unpacks; `domain` reads names and data of zone files (see `zone` for what was weighed);
//! `mail-parser` reads headers; `csv` and `serde_json` write. `syslog_loose` was weighed for logs: it takes any line for a
//! message, so that a broken one cannot be told, and gives the parts of a line only after looking for
//! what mail logs never have; see `log::header`.

mod anonymise;
mod complete;
mod exim_configuration;
mod finding;
mod haraka_ini;
mod headers;
mod kind;
mod lines;
mod log;
mod network;
mod postfix;
mod qmail_control;
mod queue;
mod reenact;
mod scenario_text;
mod sendmail_mc;
mod settings_file;
mod smtpd_conf;
mod zone;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

pub use finding::{BrokenLine, Class, FileReport, Finding, Ledger, Place};
pub use kind::Kind;
pub use log::{History, LogOptions, Outcome, Recipient};
pub use queue::{QueueFormat, QueueOptions};
pub use reenact::{Comparison, Quality, compare};

use lines::{Lines, is_binary, packed_by};
use network::Network;

/// A file to be read.
pub struct Input<'a> {
    /// As the user named it.
    pub name: String,
    /// What it is, if the user said so.
    pub kind: Option<Kind>,
    /// The host or zone that it belongs to, if the user said so.
    pub of: Option<String>,
    /// Its octets.
    pub reader: Box<dyn Read + 'a>,
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("name", &self.name).field("kind", &self.kind).finish()
    }
}

/// What the user says beside the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Version of Postfix.
    pub postfix_version: Option<String>,
    /// How stamps of logs are read.
    pub log: LogOptions,
    /// What is said of queues as they stand.
    pub queue: QueueOptions,
    /// Whether people and hosts are given pseudonyms.
    pub anonymise: bool,
}

/// An import that was made.
#[derive(Debug)]
pub struct Imported {
    /// The text of `scenario.toml`.
    pub scenario: String,
    /// Files of mail by name: `mail.csv`, or one for each server that took mail.
    pub mail: Vec<(String, String)>,
    /// What became of everything that was read.
    pub ledger: Ledger,
    /// The mail as it was, if there was a log.
    pub history: Option<History>,
}

/// Why nothing could be made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("cannot read {name}: {cause}")]
    Io {
        /// The file.
        name: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is no text.
    #[error("{name} is a binary file, no configuration, zone or log")]
    Binary {
        /// The file.
        name: String,
    },
    /// Nothing in a file is known.
    #[error(
        "{name} is neither a configuration of a mail server, nor a zone file, nor a queue, nor a log of \
         Postfix, Exim or Sendmail: none of its lines can be read as one ({example}); if it is one all the same, \
         say which: --postfix, --master, --table, --exim, --sendmail, --opensmtpd, --haraka, --zone, \
         --maillog or --eximlog FILE"
    )]
    Unknown {
        /// The file.
        name: String,
        /// How it begins.
        example: String,
    },
    /// A file is packed in a form that is not read.
    #[error("{name} is packed by {by}: unpack it first; gzip alone is read as it is")]
    Packed {
        /// The file.
        name: String,
        /// The program that packed it.
        by: &'static str,
    },
    /// A file that is read whole is too large.
    #[error("{name} is larger than {} MiB, which no configuration or zone is", limit >> 20)]
    TooLarge {
        /// The file.
        name: String,
        /// The limit \[octets\].
        limit: usize,
    },
    /// Nothing that was read tells of a mail server.
    #[error(
        "nothing in these files tells of a host that takes or sends mail, so there is no network to simulate; \
         name a configuration or a zone too, or a log of more of the mail"
    )]
    NoServer,
    /// A log holds no line of a mail server.
    #[error("{name} is a log, but none of its {lines} lines is of Postfix, Exim or Sendmail")]
    NoMail {
        /// The file.
        name: String,
        /// Its lines.
        lines: u64,
    },
}

/// A file that is read whole may hold this much \[octets\].
const WHOLE_FILE: usize = 64 << 20;

/// Reads the files and returns what can be made of them.
///
/// # Errors
/// If a file cannot be read, or is nothing that is known. A line that cannot be read is counted and
/// shown in the ledger, and ends nothing.
pub fn import(inputs: Vec<Input<'_>>, options: &Options) -> Result<Imported, ImportError> {
    let mut gathered = Gathered::new(options);
    for input in inputs {
        gathered.take(input)?;
    }
    gathered.finish()
}

/// What the files hold, before it is put together.
struct Gathered<'o> {
    options: &'o Options,
    network: Network,
    ledger: Ledger,
    postfix: Vec<postfix::Files>,
    masters: Vec<(Arc<str>, Vec<postfix::Service>)>,
    tables: BTreeMap<String, postfix::Table>,
    /// Hosts whose configuration was read.
    configured: Vec<String>,
    /// Control files of qmail, by the host that they are said to be of.
    qmail: BTreeMap<Option<String>, qmail_control::Files>,
    logs: log::Logs,
    queues: queue::Listings,
    ways: headers::Ways,
}

impl<'o> Gathered<'o> {
    fn new(options: &'o Options) -> Self {
        Self {
            options,
            network: Network::default(),
            ledger: Ledger::new(),
            postfix: Vec::new(),
            masters: Vec::new(),
            tables: BTreeMap::new(),
            configured: Vec::new(),
            qmail: BTreeMap::new(),
            logs: log::Logs::new(&options.log),
            queues: queue::Listings::default(),
            ways: headers::Ways::default(),
        }
    }

    fn take(&mut self, input: Input<'_>) -> Result<(), ImportError> {
        let Input { name, kind, of, reader } = input;
        let trouble = |cause| ImportError::Io { name: name.clone(), cause };
        let mut lines = Lines::new(reader).map_err(trouble)?;
        let beginning = lines.beginning().map_err(trouble)?;
        if let Some(by) = packed_by(beginning) {
            return Err(ImportError::Packed { name, by });
        }
        if is_binary(beginning) {
            return Err(ImportError::Binary { name });
        }
        let begins = String::from_utf8_lossy(beginning).into_owned();
        let Some(kind) = kind.or_else(|| kind::recognise(&name, &begins)) else {
            let example =
                begins.lines().find(|line| !line.trim().is_empty()).unwrap_or("it is empty");
            let example = example.chars().take(60).collect();
            return Err(ImportError::Unknown { name, example });
        };
        let file: Arc<str> = name.as_str().into();
        let mut report = FileReport {
            name: name.clone(),
            kind: kind.as_str().to_owned(),
            ..FileReport::default()
        };
        match kind {
            Kind::Syslog | Kind::EximLog => {
                self.logs
                    .read(&file, kind, of.as_deref(), &mut lines, &mut report)
                    .map_err(trouble)?;
                if report.foreign_lines + report.broken_lines == report.lines {
                    return Err(ImportError::NoMail { name, lines: report.lines });
                }
            }
            _ => {
                let text = whole(&name, &mut lines)?;
                report.lines = text.lines().count() as u64;
                self.whole_file(&file, kind, of, &text, &mut report);
            }
        }
        self.ledger.files.push(report);
        Ok(())
    }

    fn whole_file(
        &mut self,
        file: &Arc<str>,
        kind: Kind,
        of: Option<String>,
        text: &str,
        report: &mut FileReport,
    ) {
        match kind {
            Kind::PostfixMain => {
                let (main, strange) = postfix::parameters(file, text);
                let version = self.options.postfix_version.clone();
                let (host, name) = (of, file.clone());
                let files =
                    postfix::Files { main, strange, host, version, name, ..Default::default() };
                self.postfix.push(files);
            }
            Kind::PostfixMaster => {
                let (services, strange) = postfix::services(file, text);
                for line in strange {
                    report.breaks(line.line, line.text.as_bytes(), line.why);
                }
                self.masters.push((file.clone(), services));
            }
            Kind::PostfixTable => {
                let name = file.rsplit('/').next().unwrap_or(file).to_owned();
                self.tables.insert(name, postfix::table(file, text));
            }
            Kind::EximConfiguration => {
                let (network, ledger) = (&mut self.network, &mut self.ledger);
                let name = exim_configuration::add_host(file, text, of.as_deref(), network, ledger);
                self.configured.push(name);
            }
            Kind::SendmailConfiguration => {
                let (network, ledger) = (&mut self.network, &mut self.ledger);
                let name = sendmail_mc::add_host(file, text, of.as_deref(), network, ledger);
                self.configured.push(name);
            }
            Kind::OpenSmtpdConfiguration => {
                let (network, ledger) = (&mut self.network, &mut self.ledger);
                let name = smtpd_conf::add_host(file, text, of.as_deref(), network, ledger);
                self.configured.push(name);
            }
            Kind::HarakaConfiguration => {
                let (network, ledger) = (&mut self.network, &mut self.ledger);
                let name = haraka_ini::add_host(file, text, of.as_deref(), network, ledger);
                self.configured.push(name);
            }
            Kind::QmailControl => {
                let name = file.rsplit('/').next().unwrap_or(file).to_owned();
                let files = self.qmail.entry(of).or_default();
                files.insert(name, (file.clone(), text.to_owned()));
            }
            Kind::Message => self.ways.read(file, text, report, &mut self.ledger),
            Kind::Queue(format) => {
                let mut log = self.options.log.clone();
                let listed = self.options.queue.listed_at.map(log::header::year_of);
                log.year = log.year.or(listed);
                self.queues.read(file, format, of, (text, &log), report);
            }
            _ => zone::add_zone(
                file,
                text,
                of.as_deref(),
                report,
                &mut self.network,
                &mut self.ledger,
            ),
        }
    }

    fn finish(mut self) -> Result<Imported, ImportError> {
        let mut configured = std::mem::take(&mut self.configured);
        for (host, files) in std::mem::take(&mut self.qmail) {
            let (network, ledger) = (&mut self.network, &mut self.ledger);
            configured.push(qmail_control::add_host(&files, host.as_deref(), network, ledger));
        }
        let masters = std::mem::take(&mut self.masters);
        for (number, files) in self.postfix.iter_mut().enumerate() {
            files.master = master_of(files, number, &masters);
            files.tables.clone_from(&self.tables);
            let name = postfix::add_host(files, &mut self.network, &mut self.ledger);
            configured.push(name);
        }
        let mut history = self.logs.finish(&configured, &mut self.network, &mut self.ledger);
        let has_mail = history.is_some() || !self.queues.is_empty() || !self.ways.is_empty();
        self.ways.finish(&mut self.network, &mut self.ledger);
        if !self.queues.is_empty() {
            forget_the_past(history.take().is_some(), &mut self.network, &mut self.ledger);
            let options = &self.options.queue;
            self.queues.finish(&configured, options, &mut self.network, &mut self.ledger);
        }
        complete::complete(&mut self.network, &configured, has_mail, &mut self.ledger);
        if self.network.hosts.is_empty() {
            return Err(ImportError::NoServer);
        }
        if self.options.anonymise {
            anonymise::anonymise(&mut self.network, &mut self.ledger, history.as_mut());
        }
        let scenario = scenario_text::scenario_text(&self.network);
        let replays = self.network.replays.into_iter().map(|replay| (replay.file, replay.csv));
        let listings = self.network.listings.into_iter();
        let mail = replays.chain(listings.map(|listing| (listing.file, listing.csv))).collect();
        Ok(Imported { scenario, mail, ledger: self.ledger, history })
    }
}

/// A run that begins with a queue as it stands does not send the mail of a log again, which lies before
/// it; what the log tells of servers stays.
fn forget_the_past(had_log: bool, network: &mut Network, ledger: &mut Ledger) {
    if !had_log {
        return;
    }
    network.replays.clear();
    network.outages.clear();
    network.actions.clear();
    for host in network.hosts.values_mut() {
        host.settings.retain(|key, said| !(key.ends_with("_phase") && said.from.contains("log")));
    }
    let says = "the run begins when the queue was listed: the log tells of hosts, routes and pace; its mail, \
                its outages and the phase of its queue runs lie before";
    ledger.say(Class::NotModelled, "mail of the log", says);
}

/// Returns the services that belong to a `main.cf`: those of its own folder, or of its turn.
fn master_of(
    files: &postfix::Files,
    number: usize,
    masters: &[(Arc<str>, Vec<postfix::Service>)],
) -> Vec<postfix::Service> {
    let folder = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let beside = masters.iter().find(|(name, _)| folder(name) == folder(&files.name));
    let in_turn = || masters.get(number);
    match masters {
        [only] => only.1.clone(),
        _ => beside.or_else(in_turn).map(|(_, services)| services.clone()).unwrap_or_default(),
    }
}

fn whole(name: &str, lines: &mut Lines<'_>) -> Result<String, ImportError> {
    let mut text = String::new();
    loop {
        let line =
            lines.next().map_err(|cause| ImportError::Io { name: name.to_owned(), cause })?;
        let Some(line) = line else { return Ok(text) };
        text.push_str(&String::from_utf8_lossy(line.text));
        text.push('\n');
        if text.len() > WHOLE_FILE {
            return Err(ImportError::TooLarge { name: name.to_owned(), limit: WHOLE_FILE });
        }
    }
}
