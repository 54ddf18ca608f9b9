//! `mailsim export`: writes the results of a run in the forms that other tools read.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::export::{ExportOptions, Format, Run, START, export};
use crate::report::{ReportError, RunDescription};
use crate::units::SimDuration;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

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

    /// These hosts alone (repeatable)
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim export output/outage --as maillog && pflogsumm output/outage/export/maillog/*.log
  mailsim export output/outage --as qshape,mailq --at 2h
  mailsim export output/outage --as dot --to . && dot -Tsvg network.dot";

/// Forms by the names of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
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
}

impl Form {
    fn format(self) -> Format {
        match self {
            Self::Maillog => Format::Maillog,
            Self::Qshape => Format::Qshape,
            Self::Mailq => Format::Mailq,
            Self::Mbox => Format::Mbox,
            Self::Eml => Format::Eml,
            Self::Openmetrics => Format::OpenMetrics,
            Self::Dot => Format::Dot,
            Self::Graphml => Format::GraphMl,
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let folder = &arguments.folder;
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => CommandError::Report(ReportError::Missing {
                path,
                hint: "an export needs the tables of `mailsim run` (without --no-tables)",
            }),
            _ => CommandError::io("read", &path, cause),
        })
    };
    let run_json = read(RunDescription::FILE)?;
    let mut files = Vec::new();
    for name in Run::FILES {
        files.push(read(name)?);
    }
    let files = [&files[0][..], &files[1][..], &files[2][..], &files[3][..]];
    let bad = |error: crate::export::ExportError| ReportError::BadFile {
        path: folder.join(error.file),
        problem: error.problem,
    };
    let run = Run::read(files, &run_json).map_err(bad)?;
    let at = arguments.at.map(SimDuration::as_secs_f64);
    let options = ExportOptions { at, start: START, hosts: arguments.host.clone() };
    for form in &arguments.forms {
        let name = form.to_possible_value().map(|value| value.get_name().to_owned());
        let name = name.unwrap_or_default();
        let target = arguments.to.clone().unwrap_or_else(|| folder.join("export").join(&name));
        let made = export(&run, form.format(), &options);
        write(&target, &made)?;
        let count = made.len();
        let noun = if count == 1 { "file" } else { "files" };
        terminal.data(&format!("{name}: {count} {noun} in {}\n", target.display()))?;
    }
    Ok(ExitStatus::Success)
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
