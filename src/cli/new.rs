//! `mailsim new`: a commented scenario to begin with.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::scenario::starter;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Write a commented scenario to begin with
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Name of the scenario, or path of its file; .toml is added where it lacks
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  mailsim new first              writes first.toml
  mailsim new scenarios/outage   writes scenarios/outage.toml";

/// Runs the command.
pub(super) fn new(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let path = file(&arguments.name)?;
    let title = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let text = starter(&title.unwrap_or_default());
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = file.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => CommandError::Exists { path: path.clone() },
        _ => CommandError::io("write", &path, cause),
    })?;
    file.write_all(text.as_bytes()).map_err(|cause| {
        // Half a scenario helps nobody; a failure to remove it changes nothing.
        let _ = std::fs::remove_file(&path);
        CommandError::io("write", &path, cause)
    })?;
    let shown = path.display();
    terminal.message(&format!("Wrote {shown}; run it with: mailsim run {shown}"));
    Ok(ExitStatus::Success)
}

/// Returns the file that a name stands for.
fn file(name: &Path) -> Result<PathBuf, CommandError> {
    let Some(last) = name.file_name().filter(|last| !last.is_empty()) else {
        let shown = name.display();
        return Err(CommandError::Usage(format!("`{shown}` is no name of a file; write first")));
    };
    if name.extension().is_some_and(|extension| extension == "toml") {
        return Ok(name.to_owned());
    }
    let mut last = last.to_owned();
    last.push(".toml");
    Ok(name.with_file_name(last))
}
