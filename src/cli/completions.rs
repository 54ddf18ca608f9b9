//! `mailsim completions`: what a shell needs to complete the command line.

use clap::Args;
use clap_complete::Shell;

use super::arguments::definition;
use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  mailsim completions bash > ~/.local/share/bash-completion/completions/mailsim
  mailsim completions fish > ~/.config/fish/completions/mailsim.fish";

/// Runs the command.
pub(super) fn completions(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut definition(), "mailsim", &mut script);
    terminal.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Success)
}
