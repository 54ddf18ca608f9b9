//! placeholder
use clap::Args;
use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;
/// Placeholder
#[derive(Debug, Args)]
pub(super) struct Arguments {}
pub(super) fn profiles(_a: &Arguments, _t: Terminal) -> Result<ExitStatus, CommandError> { Ok(ExitStatus::Success) }
