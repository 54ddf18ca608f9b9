//! Standard output and standard error, with or without colours.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;

use super::error::CommandError;
use super::harmless::harmless;

/// When messages are coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the environment variable NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn applies(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                io::stderr().is_terminal() && unset("NO_COLOR") && !dumb
            }
        }
    }
}

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    quiet: bool,
    color: bool,
}

impl Terminal {
    pub(super) fn new(quiet: bool, color: Color) -> Self {
        Self { quiet, color: color.applies() }
    }

    /// Returns whether messages are in colour.
    pub(super) fn color(self) -> bool {
        self.color
    }

    /// Returns whether a progress bar may be shown.
    pub(super) fn shows_progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints what people read, which no terminal obeys, however it comes there (a pager, a log).
    pub(super) fn told(self, text: &str) -> Result<(), CommandError> {
        self.data(&harmless(text))
    }

    /// Prints data. A reader that has seen enough (a closed pipe) is no error.
    pub(super) fn data(self, text: &str) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        // What goes to a file or another program is exact.
        let text = if out.is_terminal() { harmless(text) } else { text.into() };
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                Err(CommandError::Output(cause))
            }
            _ => Ok(()),
        }
    }

    /// Says something that can be missed: nothing with `--quiet`.
    pub(super) fn message(self, text: &str) {
        if !self.quiet {
            self.to_stderr(&harmless(text));
        }
    }

    /// Shows problems of a scenario as they were rendered.
    pub(super) fn problems(self, rendered: &str) {
        self.to_stderr(rendered.trim_end());
    }

    /// Says what is not as it should be, though the command goes on; `--quiet` does not hide it.
    pub(super) fn warning(self, text: &str) {
        let label = if self.color { "\u{1b}[1;33mwarning\u{1b}[0m" } else { "warning" };
        self.to_stderr(&format!("{label}: {}", harmless(text)));
    }

    /// Says what went wrong.
    pub(super) fn error(self, text: &str) {
        let label = if self.color { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        self.to_stderr(&format!("{label}: {}", harmless(text)));
    }

    /// Standard error that cannot be written leaves nobody to tell.
    fn to_stderr(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
