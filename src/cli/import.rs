//! `mailsim import`: makes a scenario of configuration, zones and logs, and may run it against the log.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::import::{
    Comparison, Finding, History, Imported, Input, Kind, LogOptions, Options, Quality,
    QueueOptions, compare, import,
};
use crate::report::{ReportError, Wanted, open_file};
use crate::units::SimDuration;

use super::error::CommandError;
use super::input;
use super::run::{self, Order};
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Make a scenario of your own configuration, zone files and logs
///
/// Reads any mixture of Postfix's main.cf or `postconf`, master.cf and flat tables, configurations of
/// Exim and Sendmail, zone files, queues as they stand, and
/// logs of Postfix, Exim and Sendmail, packed or not. Writes DIR/scenario.toml, whose lines say where
/// they come from, the mail that a log tells of, and DIR/import.json: what was understood, what has no
/// effect on mail flow, what is not modelled, and what was assumed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Files whose kind is told by what they hold
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Folder for what is made; files of an earlier import are replaced
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Postfix's main.cf or `postconf`, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    postfix: Vec<String>,

    /// Postfix's master.cf
    #[arg(long, value_name = "FILE")]
    master: Vec<String>,

    /// A flat lookup table, found by its name in main.cf
    #[arg(long, value_name = "FILE")]
    table: Vec<String>,

    /// Exim's configuration or `exim -bP`, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    exim: Vec<String>,

    /// Sendmail's .mc or .cf, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    sendmail: Vec<String>,

    /// OpenSMTPD's smtpd.conf, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    opensmtpd: Vec<String>,

    /// Haraka's outbound.ini, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    haraka: Vec<String>,

    /// The folder of qmail's control files, of this host
    #[arg(long, value_name = "DIR[@HOST]")]
    qmail: Vec<String>,

    /// A zone file, of this zone
    #[arg(long, value_name = "FILE[@ZONE]")]
    zone: Vec<String>,

    /// A log by syslog or journald, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    maillog: Vec<String>,

    /// Exim's main log, of this host
    #[arg(long, value_name = "FILE[@HOST]")]
    eximlog: Vec<String>,

    /// A queue as it stands, of this host: postqueue -j, mailq, exim -bp, qshape
    #[arg(long, value_name = "FILE[@HOST]")]
    queue: Vec<String>,

    /// A message with its header, or a mailbox: the way that Received fields tell
    #[arg(long, value_name = "FILE")]
    message: Vec<String>,

    /// When queues were listed, such as 2026-11-30T12:00:00Z [default: when the newest message came]
    #[arg(long, value_name = "MOMENT", value_parser = QueueOptions::read_moment)]
    listed_at: Option<i64>,

    /// How long after that the hosts are back that queued mail waits for [default: 1h, assumed]
    #[arg(long, value_name = "DURATION")]
    back_in: Option<SimDuration>,

    /// Version of Postfix, for the defaults of what is not written
    #[arg(long, value_name = "VERSION")]
    postfix_version: Option<String>,

    /// Year of the first line of a log whose stamps have none
    #[arg(long, value_name = "YEAR")]
    year: Option<i64>,

    /// What stamps without zone are ahead of UTC, such as +01:00
    #[arg(long, value_name = "OFFSET", value_parser = LogOptions::read_offset, allow_hyphen_values = true)]
    utc_offset: Option<i64>,

    /// Give people and hosts pseudonyms, so that the scenario can be shared
    ///
    /// Names of hosts, domains and people, addresses, names of files and values of parameters are
    /// replaced or left out. Who writes to whom, when and how much, and what failed, stays.
    #[arg(long)]
    anonymise: bool,

    /// Run what was made into DIR/run and hold it against the log
    #[arg(long)]
    reenact: bool,
}

const EXAMPLES: &str = "\
Examples:
  postconf > postconf.txt
  mailsim import postconf.txt /etc/postfix/master.cf --out output/mine
  mailsim import main.cf example.org.zone /var/log/mail.log.1.gz --out output/mine
  mailsim import --maillog mail.log@mx1.example.org --out output/mine --reenact
  postqueue -j > queue.json
  mailsim import main.cf --queue queue.json --back-in 2h --out output/now";

/// A file with its kind and what it belongs to.
type Named = (PathBuf, Option<Kind>, Option<String>);

/// Runs the command.
pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let named = named(arguments);
    if named.is_empty() {
        return Err(CommandError::Usage(
            "no file to import; `mailsim import --help` shows examples".to_owned(),
        ));
    }
    let mut inputs = Vec::new();
    for (path, kind, of) in &named {
        let file = File::open(path).map_err(|cause| CommandError::io("read", path, cause))?;
        let name = path.display().to_string();
        inputs.push(Input { name, kind: *kind, of: of.clone(), reader: Box::new(file) });
    }
    let log = LogOptions { year: arguments.year, utc_offset: arguments.utc_offset };
    let options = Options {
        postfix_version: arguments.postfix_version.clone(),
        log,
        queue: QueueOptions { listed_at: arguments.listed_at, back_in: arguments.back_in },
        anonymise: arguments.anonymise,
    };
    let imported = import(inputs, &options)?;
    write(&arguments.out, &imported)?;
    terminal.told(&summary(&imported, &arguments.out))?;
    let scenario = arguments.out.join("scenario.toml");
    // What was made must run; should it not, the reader's own words say why.
    let input = input::read_and_warn(&scenario, &[], terminal)?;
    if !arguments.reenact {
        return Ok(ExitStatus::Success);
    }
    let Some(history) = &imported.history else {
        return Err(CommandError::Usage("--reenact needs a log among the files".to_owned()));
    };
    let target = arguments.out.join("run");
    let wanted = Wanted { tables: true, charts: false, png: false, packed: false };
    let duration = input.loaded.scenario.duration;
    let asked = input.loaded.scenario.asked_figures();
    let order = Order { target: &target, wanted, duration, changes: &[], asked: &asked };
    run::make(&input, &order, terminal)?;
    let text = held_against(history, &target)?;
    write_file(&arguments.out.join("reenact.txt"), text.as_bytes())?;
    terminal.told(&text)?;
    Ok(ExitStatus::Success)
}

fn bad_table(run: &Path, problem: String) -> CommandError {
    CommandError::Report(ReportError::BadFile { path: run.to_owned(), problem })
}

fn named(arguments: &Arguments) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let groups = [
        (&arguments.postfix, Kind::PostfixMain),
        (&arguments.master, Kind::PostfixMaster),
        (&arguments.table, Kind::PostfixTable),
        (&arguments.exim, Kind::EximConfiguration),
        (&arguments.sendmail, Kind::SendmailConfiguration),
        (&arguments.opensmtpd, Kind::OpenSmtpdConfiguration),
        (&arguments.haraka, Kind::HarakaConfiguration),
        (&arguments.qmail, Kind::QmailControl),
        (&arguments.zone, Kind::Zone),
        (&arguments.maillog, Kind::Syslog),
        (&arguments.eximlog, Kind::EximLog),
        (&arguments.message, Kind::Message),
    ];
    for (texts, kind) in groups {
        for text in texts {
            let (path, of) = parted(text);
            found.extend(files(path).into_iter().map(|path| (path, Some(kind), of.clone())));
        }
    }
    // Which of the formats a listing has is told by what it holds.
    for text in &arguments.queue {
        let (path, of) = parted(text);
        found.push((PathBuf::from(path), None, of));
    }
    found.extend(arguments.files.iter().map(|path| (path.clone(), None, None)));
    found
}

/// Parts `FILE@HOST`; an at sign may stand in the file's own name.
fn parted(text: &str) -> (&str, Option<String>) {
    match text.rsplit_once('@') {
        Some((path, of)) if !Path::new(text).exists() && !of.contains('/') => {
            (path, Some(of.to_owned()))
        }
        _ => (text, None),
    }
}

/// A file, or the files of a folder in order of their names.
fn files(path: &str) -> Vec<PathBuf> {
    let path = PathBuf::from(path);
    let Ok(entries) = fs::read_dir(&path) else { return vec![path] };
    let entries = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    found.sort();
    found
}

/// Writes the files, each whole or not at all.
fn write(out: &Path, imported: &Imported) -> Result<(), CommandError> {
    fs::create_dir_all(out).map_err(|cause| CommandError::io("create", out, cause))?;
    let mut there = fs::read_dir(out).map_err(|cause| CommandError::io("look into", out, cause))?;
    if there.next().is_some() && !out.join("import.json").exists() {
        let (path, names) = (out.to_owned(), "an import.json is missing".to_owned());
        return Err(ReportError::ForeignEntries { path, names }.into());
    }
    for (name, csv) in &imported.mail {
        write_file(&out.join(name), csv.as_bytes())?;
    }
    write_file(&out.join("import.json"), imported.ledger.to_json().as_bytes())?;
    write_file(&out.join("scenario.toml"), imported.scenario.as_bytes())
}

fn write_file(path: &Path, contents: &[u8]) -> Result<(), CommandError> {
    let trouble = |cause| CommandError::io("write", path, cause);
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, contents).map_err(trouble)?;
    fs::rename(&partial, path).map_err(trouble)
}

/// The most findings of each class that are shown.
const SHOWN: usize = 12;

fn summary(imported: &Imported, out: &Path) -> String {
    let ledger = &imported.ledger;
    let mut text = String::new();
    for file in &ledger.files {
        let _ = write!(text, "{}: {}, {} lines", file.name, file.kind, file.lines);
        if file.foreign_lines > 0 {
            let _ = write!(text, ", {} of other programs or of no message", file.foreign_lines);
        }
        if file.broken_lines > 0 {
            let _ = write!(text, ", {} that cannot be read", file.broken_lines);
        }
        text.push('\n');
        for broken in &file.broken {
            let _ = writeln!(text, "  line {}: {}", broken.line, broken.text);
        }
    }
    if let Some(history) = &imported.history {
        let count = history.messages.len();
        let hours = history.length as f64 / 3.6e9;
        let _ = writeln!(text, "{count} messages in {hours:.1} hours from {}", history.stamp(0));
    }
    let classes = [
        ("Not modelled", &ledger.not_modelled),
        ("Assumed", &ledger.assumed),
        ("Without effect on mail flow", &ledger.without_effect),
        ("Understood", &ledger.understood),
    ];
    for (title, findings) in classes {
        listed(&mut text, title, findings);
    }
    let _ =
        writeln!(text, "\nWritten to {}: scenario.toml, import.json (all findings)", out.display());
    text
}

fn listed(text: &mut String, title: &str, findings: &[Finding]) {
    let _ = writeln!(text, "\n{title}: {}", findings.len());
    for finding in findings.iter().take(SHOWN) {
        let place =
            if finding.place.is_empty() { String::new() } else { format!(" ({})", finding.place) };
        let _ = writeln!(text, "  {}{place}: {}", finding.what, finding.says);
    }
    if findings.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", findings.len() - SHOWN);
    }
}

/// The most recipients that are shown, those that agree least.
const WORST: usize = 10;

fn held_against(history: &History, run: &Path) -> Result<String, CommandError> {
    let read = |name: &str| {
        let path = run.join(name);
        let mut octets = Vec::new();
        let read = open_file(run, name).and_then(|mut file| file.read_to_end(&mut octets));
        read.map(|_| octets).map_err(|cause| CommandError::io("read", &path, cause))
    };
    let (messages, attempts) = (read("messages.csv")?, read("attempts.csv")?);
    let (quality, rows) =
        compare(history, &messages, &attempts).map_err(|problem| bad_table(run, problem))?;
    Ok(agreement(&quality, &rows))
}

fn agreement(quality: &Quality, rows: &[Comparison]) -> String {
    let share = |part: u64| match quality.compared {
        0 => "none compared".to_owned(),
        all => format!("{:.1} % ({part} of {all})", 100.0 * part as f64 / all as f64),
    };
    let mut text = String::from("\nThe run beside the log, recipient by recipient:\n");
    let _ = writeln!(text, "  same final state: {}", share(quality.same_state));
    let _ = writeln!(text, "  same number of tries: {}", share(quality.same_tries));
    let _ = writeln!(text, "  time within 2 % of the wait or 5 s: {}", share(quality.same_time));
    if quality.missing > 0 {
        let _ = writeln!(text, "  not in the run: {}", quality.missing);
    }
    let off = rows.iter().filter(|row| {
        row.state[0] != row.state[1]
            || row.tries[0] != row.tries[1]
            || (row.at[0] - row.at[1]).abs() > 5.0
    });
    let off: Vec<&Comparison> = off.take(WORST).collect();
    if !off.is_empty() {
        text.push_str("Those that agree least (log > run):\n");
    }
    for row in off {
        let [log, run] = &row.state;
        let _ = writeln!(
            text,
            "  {} {}: {log} > {run}, {} > {} tries, at {:.1} s > {:.1} s",
            row.message_id, row.recipient, row.tries[0], row.tries[1], row.at[0], row.at[1]
        );
    }
    text
}
