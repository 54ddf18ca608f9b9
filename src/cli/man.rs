//! `mailsim man`: manual pages, made from the definition of the command line.

use clap::Args;

use super::arguments::definition;
use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Print the manual page of mailsim or of one command
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Command; without it the page of mailsim itself
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim man | man -l -
  mailsim man run > ~/.local/share/man/man1/mailsim-run.1";

/// Runs the command.
pub(super) fn man(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let mut all = definition();
    all.build();
    let page = match &arguments.command {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).cloned();
            let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
            let unknown =
                || format!("there is no command `{name}`; there are: {}", names.join(", "));
            let page = found.ok_or_else(|| CommandError::Usage(unknown()))?;
            page.display_name(format!("mailsim-{name}")).version(env!("CARGO_PKG_VERSION"))
        }
    };
    let mut text = Vec::new();
    let source = concat!("mailsim ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(page).source(source).render(&mut text).map_err(CommandError::Output)?;
    terminal.data(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Success)
}
