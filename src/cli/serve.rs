//! `mailsim serve`: the page of a run on loopback, with controls that change the scenario.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::serve::{LiveRun, SaveTo, Served, Server, StartError};
use crate::units::{SimDuration, SimTime};

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Serve the page of a run, with controls that change the run
///
/// Prints the address of the page, which only this machine can reach, and serves it until
/// interrupted (Ctrl-C), which is the regular end: exit status 0. Click a host or a link to take it
/// down from the time shown on, change a setting, add a message; the run is computed again from the
/// start, and the page says which --set or entry of the file does the same.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    #[command(flatten)]
    changes: Changes,

    /// Port of 127.0.0.1 to listen on [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Let the page save the changed scenario to this file
    ///
    /// Without it the page offers a download. Where the scenario names other files, they are looked
    /// for beside the saved one.
    #[arg(long, value_name = "FILE")]
    save_to: Option<PathBuf>,

    /// Replace the file of --save-to if it is there already
    #[arg(long, requires = "save_to")]
    overwrite: bool,

    /// Longest time that a change may be computed, such as 5min [default: 1min]
    #[arg(long, value_name = "T", default_value = "1min", hide_default_value = true)]
    time_limit: SimDuration,
}

const EXAMPLES: &str = "\
Examples:
  mailsim serve outage.toml
  mailsim serve outage.toml --set outage.0.for=8h --port 8025
  mailsim serve outage.toml --save-to changed.toml";

/// Runs the command.
pub(super) fn serve(arguments: Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let Arguments { scenario: path, changes, port, save_to, overwrite, time_limit } = arguments;
    if let Some(path) = &save_to {
        can_be_saved(path)?;
        if path.exists() && !overwrite {
            return Err(CommandError::Exists { path: path.clone() });
        }
    }
    let input = input::read_and_warn(&path, &changes.0, terminal)?;
    // Before the run, so that a port in the way is noticed before time is spent.
    let server = Server::listen(port).map_err(|cause| CommandError::Listen { port, cause })?;
    let interrupt = Interrupt::listen(None);
    let mut progress = Progress::new(SimTime::ZERO + input.loaded.scenario.duration, terminal);
    let served = Served {
        file: path.display().to_string(),
        text: input.text,
        digest: input.digest,
        overrides: changes.0,
        save_to: save_to.map(|path| SaveTo::new(path, overwrite)),
        time_limit: Duration::from_nanos(time_limit.as_nanos()),
    };
    let live = LiveRun::start(served, input.loaded, |at| {
        progress.reached(at, 0);
        !interrupt.is_wanted()
    });
    progress.end();
    let live = live.map_err(|error| match error {
        StartError::Stopped { at } => CommandError::Interrupted { at, untouched: String::new() },
        StartError::Endless(told) => CommandError::Endless(told),
        StartError::Report(error) => error.into(),
        StartError::Temporary(_) => CommandError::Temporary(error.to_string()),
    })?;
    let took = progress.elapsed().as_secs_f64();
    terminal.data(&format!("{}\n", server.address()))?;
    terminal.message(&format!(
        "The first run took {took:.2} s. Open the page on this machine; Ctrl-C ends."
    ));
    server.serve(&Arc::new(live), interrupt.flag(), &|text| terminal.message(text));
    Ok(ExitStatus::Success)
}

/// Sees that a file can be saved there, before anybody has made changes worth saving.
fn can_be_saved(path: &Path) -> Result<(), CommandError> {
    let refused = |cause: io::Error| Err(CommandError::io("write", path, cause));
    match (fs::symlink_metadata(path), fs::metadata(path)) {
        (Ok(_), Ok(there)) if there.is_dir() => refused(io::ErrorKind::IsADirectory.into()),
        (Ok(_), Ok(there)) if !there.is_file() => {
            refused(io::Error::other("it is a device or a pipe, not a file"))
        }
        (Ok(_), Err(_)) => refused(io::Error::other("it is a link that leads nowhere")),
        _ => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                return refused(io::ErrorKind::NotFound.into());
            }
            Ok(())
        }
    }
}
