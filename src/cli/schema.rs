//! `mailsim schema`: the JSON Schema of scenario files, for editors that complete and check them.

use clap::Args;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Print the JSON Schema of scenario files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {}

const EXAMPLES: &str = "\
Example:
  mailsim schema > mailsim.schema.json
  An editor that knows it completes and checks scenarios; with Taplo, write
  `#:schema ./mailsim.schema.json` on the first line of the scenario.";

/// Runs the command.
pub(super) fn schema(
    _arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    terminal.data(&format!("{:#}\n", crate::scenario::schema()))?;
    Ok(ExitStatus::Success)
}
