//! `mailsim site`: writes the site with the engine in its pages.

use std::path::PathBuf;

use clap::Args;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Write a site that simulates in the browser, for a class
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Write a static site: the lessons, exercises that check themselves, a playground and the \
                  manual. The simulator runs in its pages, so no server and no network are needed: open \
                  index.html, or put the folder on any web server or learning platform."
)]
pub(super) struct Arguments {
    /// Folder, new, empty or a former site
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  mailsim site output/site       write it, then open output/site/index.html";

/// Runs the command.
#[cfg(feature = "site")]
pub(super) fn site(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let written = crate::site::write(&arguments.folder)
        .map_err(|(path, cause)| CommandError::io("write", &path, cause))?;
    let index = arguments.folder.join("index.html");
    terminal.message(&format!(
        "Wrote {} files, {} kB; open {}",
        written.files,
        written.octets / 1000,
        index.display()
    ));
    Ok(ExitStatus::Success)
}

/// Says what to do.
#[cfg(not(feature = "site"))]
pub(super) fn site(arguments: &Arguments, _: Terminal) -> Result<ExitStatus, CommandError> {
    Err(CommandError::Usage(format!(
        "{} is not written: this mailsim was built without the engine for pages. In the source tree, \
         `.ci/module` builds it, and then\n  MAILSIM_MODULE=$PWD/target/module/mailsim.wasm.gz cargo build \
         --release --features site\nbuilds a mailsim that can; released programs have it",
        arguments.folder.display()
    )))
}
