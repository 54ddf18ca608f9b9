//! Why a command could not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::Scenario;
use crate::report::ReportError;
use crate::scenario::Problems;
use crate::simulation::RunTotals;

use super::status::ExitStatus;

/// A command that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// A result folder could not be written or read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The scenario has problems, which are shown with the lines they stand on.
    #[error("the scenario cannot be run")]
    Scenario(Problems),
    /// Files could not be imported.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// Something on the command line does not fit.
    #[error("{0}")]
    Usage(String),
    /// The operating system refused.
    #[error("cannot {action} {}: {cause}{}", path.display(), hint(cause, path))]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The file is no text.
    #[error(
        "{} is not a scenario: it is no UTF-8 text (first odd octet at {offset}); save it as UTF-8",
        path.display()
    )]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where the first octet stands that is not UTF-8.
        offset: usize,
    },
    /// The scenario needs more memory than there may be.
    #[error(
        "out of memory: {hosts} hosts and {domains} domains need {need_mib} MiB at the least, more than the \
         {limit_mib} MiB that the program may take; nothing was built. Ask for fewer (`count`), or raise \
         --memory-limit"
    )]
    TooMuchMemory {
        /// What is needed at the least in MiB.
        need_mib: u64,
        /// What there may be in MiB.
        limit_mib: u64,
        /// Hosts of the scenario.
        hosts: u64,
        /// Its domains.
        domains: u64,
    },
    /// The file is larger than any scenario.
    #[error(
        "{} is not a scenario: it is larger than {limit_mib} MiB; mail to replay belongs in a CSV \
         file of its own, named by `replay`",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest file read in MiB.
        limit_mib: u64,
    },
    /// A file stands where a new one was to be written.
    #[error("{} is there already and is left as it is; give another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The page of a run cannot be served.
    #[error(
        "cannot listen on port {port} of 127.0.0.1: {cause}; leave out --port for any free one"
    )]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        cause: io::Error,
    },
    /// Nothing can be kept while pages are made.
    #[error("{0}")]
    Temporary(String),
    /// Standard output cannot be written, for another reason than a closed pipe.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The scenario sets off a chain that never ends.
    #[error("{0}; nothing was written")]
    Endless(String),
    /// The user interrupted the run.
    #[error("interrupted at {at} of virtual time; nothing was written{untouched}")]
    Interrupted {
        /// Virtual time reached.
        at: crate::units::SimTime,
        /// A word on the former result, if there is one.
        untouched: String,
    },
    /// The user interrupted a study.
    #[error(
        "interrupted; {made} of {all} runs were made and are kept in {}: the same command makes \
         the rest",
        path.display()
    )]
    StudyInterrupted {
        /// Runs made.
        made: usize,
        /// Runs that were to be made.
        all: usize,
        /// The study's folder.
        path: PathBuf,
    },
    /// The user interrupted a search, which writes nothing but its answer.
    #[error("interrupted; nothing was written")]
    SearchInterrupted,
    /// The user interrupted the following of jobs.
    #[error(
        "interrupted; the jobs {jobs} of Slurm go on: `scancel {jobs}` ends them, the same command \
         submits what is missing then"
    )]
    SlurmInterrupted {
        /// Their numbers.
        jobs: String,
    },
    /// Slurm did not do what was asked.
    #[error("{0}")]
    Slurm(String),
    /// Not all shards of a study are there.
    #[error(
        "{missing} runs are missing in {}, {kept} are there: make the missing shards, with the \
         same --set and --out, or leave out --merge to make the rest here",
        path.display()
    )]
    RunsMissing {
        /// The study's folder.
        path: PathBuf,
        /// Runs that are missing.
        missing: usize,
        /// Runs that are there.
        kept: usize,
    },
}

impl CommandError {
    /// Returns the error for `cause`, met when trying to `action` at `path`.
    pub(super) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), cause }
    }

    /// Returns an error if a run has come to a chain that never ends.
    pub(super) fn if_endless(totals: &RunTotals, scenario: &Scenario) -> Result<(), Self> {
        match &totals.endless {
            Some(chain) => Err(Self::Endless(chain.told(scenario))),
            None => Ok(()),
        }
    }

    /// Returns how the program ends because of it.
    pub(super) fn status(&self) -> ExitStatus {
        match self {
            Self::Import(crate::import::ImportError::Io { .. }) => {
                ExitStatus::ReadingOrWritingFailed
            }
            Self::Import(_)
            | Self::Scenario(_)
            | Self::Usage(_)
            | Self::NotText { .. }
            | Self::TooLarge { .. }
            | Self::Endless(_) => ExitStatus::Invalid,
            Self::Report(_)
            | Self::Io { .. }
            | Self::TooMuchMemory { .. }
            | Self::Exists { .. }
            | Self::Listen { .. }
            | Self::Temporary(_)
            | Self::Output(_)
            | Self::Slurm(_)
            | Self::RunsMissing { .. } => ExitStatus::ReadingOrWritingFailed,
            Self::Interrupted { .. }
            | Self::StudyInterrupted { .. }
            | Self::SearchInterrupted
            | Self::SlurmInterrupted { .. } => ExitStatus::Interrupted,
        }
    }
}

/// What to do about a cause that is met often.
fn hint(cause: &io::Error, path: &Path) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => match super::learn::carried(path) {
            Some(number) => format!(
                "; the program carries this lesson: `mailsim learn {number} --print` prints it"
            ),
            None if path.extension().is_none() => {
                "; a scenario is a .toml file, `mailsim new NAME` writes one to begin with"
                    .to_owned()
            }
            None => String::new(),
        },
        io::ErrorKind::IsADirectory => "; give the .toml file in it".to_owned(),
        _ => String::new(),
    }
}
