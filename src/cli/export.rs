//! `mailsim export`: writes the results of a run in the forms that other tools read.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::export::{ExportOptions, ExportedFile, Format, Run, START, capture, export};
use crate::report::{ReportError, RunDescription, open_file};
use crate::story::{Story, Wanted};
use crate::trace::Fact;
use crate::units::SimDuration;

use super::dialogues;
use super::error::CommandError;
use super::input;
use super::status::ExitStatus;
use super::terminal::Terminal;
use super::trace;

/// Write the results of a run in the forms that other tools read
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Result folder of a run with its tables
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Forms, separated by commas
    #[arg(long = "as", value_name = "FORM", value_enum, value_delimiter = ',', required = true)]
    forms: Vec<Form>,

    /// Folder for the files [default: DIR/export/FORM]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,

    /// The moment of which qshape and mailq tell [default: the end of the run]
    #[arg(long, value_name = "T")]
    at: Option<SimDuration>,

    /// The message whose dialogues pcapng shows, as in messages.csv (repeatable) [default: the first
    /// hundred]
    #[arg(short, long, value_name = "ID")]
    message: Vec<String>,

    /// These hosts alone (repeatable)
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim export output/outage --as maillog && pflogsumm output/outage/export/maillog/*.log
  mailsim export output/outage --as qshape,mailq --at 2h
  mailsim export output/outage --as pcapng --message 1-40
  mailsim export output/outage --as dot --to . && dot -Tsvg network.dot";

/// Forms by the names of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Logs as Postfix writes them, or Exim's main log, a file a host
    Maillog,
    /// Queues by age and destination
    Qshape,
    /// Queues as postqueue -p prints them
    Mailq,
    /// Delivered mail, a file a mailbox
    Mbox,
    /// Delivered mail, a file a message
    Eml,
    /// Samples of queues for Prometheus
    Openmetrics,
    /// The network for Graphviz
    Dot,
    /// The network for yEd, Gephi, networkx
    Graphml,
    /// Dialogues of messages as packets, for Wireshark and tshark
    Pcapng,
}

impl Form {
    /// None: not from tables.
    fn format(self) -> Option<Format> {
        Some(match self {
            Self::Maillog => Format::Maillog,
            Self::Qshape => Format::Qshape,
            Self::Mailq => Format::Mailq,
            Self::Mbox => Format::Mbox,
            Self::Eml => Format::Eml,
            Self::Openmetrics => Format::OpenMetrics,
            Self::Dot => Format::Dot,
            Self::Graphml => Format::GraphMl,
            Self::Pcapng => return None,
        })
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    terminal.data(&write_forms(arguments, terminal)?)?;
    Ok(ExitStatus::Success)
}

/// Writes all forms of a run that has just been made, each into its own folder; says which.
pub(super) fn write_all(
    folder: &Path,
    forms: &[Form],
    terminal: Terminal,
) -> Result<String, CommandError> {
    let arguments = Arguments {
        folder: folder.to_owned(),
        forms: forms.to_vec(),
        to: None,
        at: None,
        message: Vec::new(),
        host: Vec::new(),
    };
    write_forms(&arguments, terminal)
}

fn write_forms(arguments: &Arguments, terminal: Terminal) -> Result<String, CommandError> {
    let folder = &arguments.folder;
    let run = read_run(folder)?;
    let at = arguments.at.map(SimDuration::as_secs_f64);
    let options = ExportOptions { at, start: START, hosts: arguments.host.clone() };
    let mut said = String::new();
    for form in &arguments.forms {
        let name = form.to_possible_value().map(|value| value.get_name().to_owned());
        let name = name.unwrap_or_default();
        let target = arguments.to.clone().unwrap_or_else(|| folder.join("export").join(&name));
        let made = match form.format() {
            Some(format) => export(&run, format, &options),
            None => vec![packets(folder, &arguments.message, terminal)?],
        };
        write(&target, &made)?;
        let count = made.len();
        let noun = if count == 1 { "file" } else { "files" };
        said.push_str(&format!("{name}: {count} {noun} in {}\n", target.display()));
    }
    Ok(said)
}

/// Reads the tables of a result folder.
pub(super) fn read_run(folder: &Path) -> Result<Run, CommandError> {
    let run_json = read(folder, RunDescription::FILE)?;
    let mut files = Vec::new();
    for name in Run::FILES {
        files.push(read(folder, name)?);
    }
    let tables = [&files[0][..], &files[1][..], &files[2][..], &files[3][..]];
    let bad = |error: crate::export::ExportError| ReportError::BadFile {
        path: folder.join(error.file),
        problem: error.problem,
    };
    Ok(Run::read(tables, &run_json).map_err(bad)?)
}

/// Reads a file of a result folder.
fn read(folder: &Path, name: &str) -> Result<Vec<u8>, CommandError> {
    let path = folder.join(name);
    let mut octets = Vec::new();
    let read = open_file(folder, name).and_then(|mut file| file.read_to_end(&mut octets));
    read.map(|_| octets).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => CommandError::Report(ReportError::Missing {
            path,
            hint: "this needs the tables of `mailsim run` (without --no-tables)",
        }),
        _ => CommandError::io("read", &path, cause),
    })
}

/// How many messages are shown if none is named.
const SHOWN: usize = 100;

/// Runs the scenario of `run.json` again, for what its messages said.
fn packets(
    folder: &Path,
    messages: &[String],
    terminal: Terminal,
) -> Result<ExportedFile, CommandError> {
    let bad =
        |problem: String| ReportError::BadFile { path: folder.join(RunDescription::FILE), problem };
    let run: RunDescription = serde_json::from_slice(&read(folder, RunDescription::FILE)?)
        .map_err(|error| bad(error.to_string()))?;
    let own = env!("CARGO_PKG_VERSION");
    if run.version != own {
        let made = &run.version;
        let problem = format!("mailsim {made} made it, and {own} may run otherwise: run it again");
        return Err(bad(problem).into());
    }
    let wanted = match messages {
        [] => Wanted::Several(SHOWN),
        ids => {
            let keys = ids.iter().map(|id| id.parse().map_err(|()| trace::bad_id(id)));
            Wanted::These(keys.collect::<Result<_, _>>()?)
        }
    };
    let name = &run.scenario.name;
    let loaded = input::read_resolved(folder, name, &run.scenario.resolved)?;
    let (watch, _) = trace::follow(&loaded.scenario, wanted, terminal)?;
    if watch.stories.is_empty() {
        return Err(trace::unknown(messages.first().map(String::as_str), &watch));
    }
    // The same run again, or something is amiss: as many tries of these messages as the table has.
    let is_told = |id: &str| watch.stories.iter().any(|story| story.key.to_string() == id);
    let tries = |story: &Story| {
        let facts = story.copies.iter().flat_map(|copy| &copy.facts);
        let until = run.duration_s;
        facts
            .filter(|(at, fact)| matches!(fact, Fact::Attempt(_)) && at.as_secs_f64() < until)
            .count()
    };
    let found: usize = watch.stories.iter().map(tries).sum();
    let expected = rows_of(&read(folder, Run::FILES[1])?, &is_told).map_err(bad)?;
    if found != expected {
        let problem = format!(
            "run again, its messages are tried {found} times, and attempts.csv has {expected} rows of \
             them: a file that the scenario names has changed"
        );
        return Err(bad(problem).into());
    }
    let (dialogues, datagrams) = dialogues::dialogues(&loaded.scenario, &watch.stories);
    let contents = capture(&dialogues, &datagrams, START).map_err(CommandError::Usage)?;
    Ok(ExportedFile { name: "dialogues.pcapng".to_owned(), contents })
}

/// Counts the rows of a table that are about certain messages.
fn rows_of(csv: &[u8], is_told: &dyn Fn(&str) -> bool) -> Result<usize, String> {
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = header.iter().position(|column| column == "message_id");
    let column = column.ok_or("attempts.csv has no column message_id")?;
    let mut count = 0;
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        count += usize::from(is_told(&row[column]));
    }
    Ok(count)
}

/// Writes each file whole or not at all.
fn write(target: &Path, files: &[crate::export::ExportedFile]) -> Result<(), CommandError> {
    fs::create_dir_all(target).map_err(|cause| CommandError::io("create", target, cause))?;
    for file in files {
        let path = target.join(&file.name);
        let partial = target.join(format!(".{}.partial", file.name));
        let trouble = |cause| CommandError::io("write", &path, cause);
        fs::write(&partial, &file.contents).map_err(trouble)?;
        fs::rename(&partial, &path).map_err(trouble)?;
    }
    Ok(())
}
