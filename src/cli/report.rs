//! `mailsim report`: charts and page made again from a result folder's files alone.

use std::path::PathBuf;

use clap::Args;

use crate::report::rebuild;

use super::error::CommandError;
use super::run::ChartFiles;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Make charts and report.html of a result folder again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folder that `mailsim run`, `study` or `compare` has written
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Chart files: svg, or png besides [default: svg]
    #[arg(long, value_name = "KIND", value_enum, default_value_t, hide_default_value = true)]
    charts: ChartFiles,
}

const EXAMPLES: &str = "\
Examples:
  mailsim report output/outage
  mailsim report output/outage --charts png";

/// Runs the command.
pub(super) fn report(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    rebuild(&arguments.folder, arguments.charts == ChartFiles::Png)?;
    let page = arguments.folder.join("report.html");
    terminal.message(&format!("Made charts and {} again", page.display()));
    Ok(ExitStatus::Success)
}
