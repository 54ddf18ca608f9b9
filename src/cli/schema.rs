//! `mailsim schema`: the JSON Schema of scenario and study files, for editors that complete and check them.

use clap::Args;

use crate::scenario::schema as schema_of_scenarios;
use crate::study::study_schema;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Print the JSON Schema of scenario or study files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The schema of study files instead
    #[arg(long)]
    study: bool,
}

const EXAMPLES: &str = "\
Example:
  mailsim schema > mailsim.schema.json
  An editor that knows it completes and checks scenarios; with Taplo, write
  `#:schema ./mailsim.schema.json` on the first line of the scenario.";

/// Runs the command.
pub(super) fn schema(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let schema = if arguments.study { study_schema() } else { schema_of_scenarios() };
    terminal.data(&format!("{schema:#}\n"))?;
    Ok(ExitStatus::Success)
}
