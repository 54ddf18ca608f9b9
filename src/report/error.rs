//! What can go wrong with result folders and their files.

use std::io;
use std::path::{Path, PathBuf};

/// A result folder could not be written or read. The former result is untouched in every case.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder holds something that is not a result of mailsim.
    #[error(
        "{} is not empty and holds no run.json of mailsim, so it is left as it is; choose another \
         folder with --out, or move its contents away",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a result of mailsim, and something besides.
    #[error(
        "{} holds files that are not part of mailsim's result: {names}; it is left as it is. Move \
         them away, or choose another folder with --out",
        path.display()
    )]
    ForeignEntries {
        /// The folder.
        path: PathBuf,
        /// Some of them by name, the others counted.
        names: String,
    },
    /// A link that leads nowhere stands in the way.
    #[error(
        "{} is a link that leads nowhere, so no results can be put there; remove it, or choose \
         another name with --out",
        path.display()
    )]
    DanglingLink {
        /// The link.
        path: PathBuf,
    },
    /// Something that is not a folder stands in the way.
    #[error(
        "{} is not a folder, so no results can be put there; choose another name with --out",
        path.display()
    )]
    NotAFolder {
        /// What stands there.
        path: PathBuf,
    },
    /// The path has no last part that could be a folder's name.
    #[error(
        "{} cannot be a result folder; give a name such as output/first with --out",
        path.display()
    )]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The disk is full.
    #[error(
        "no space left on the disk while writing {}; the former result is untouched. Free some \
         space, choose another disk with --out, or leave out the tables with --no-tables",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The folder is no result folder, or a file that is wanted was not written.
    #[error("{} is missing: {hint}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// A file of the folder is not as mailsim writes it.
    #[error("{} is not as mailsim writes it: {problem}; run the scenario again", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A chart could not be drawn.
    #[error("chart {name} could not be drawn: {problem}")]
    Chart {
        /// Name of the chart.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl ReportError {
    /// Returns the same refusal of the folder, by the name `path` that people know it by.
    pub(super) fn at(mut self, path: &Path) -> Self {
        if let Self::Foreign { path: told } | Self::ForeignEntries { path: told, .. } = &mut self {
            path.clone_into(told);
        }
        self
    }

    /// Returns the error for `cause`, met when trying to `action` at `path`.
    #[must_use]
    pub fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { action, path, cause },
        }
    }
}
