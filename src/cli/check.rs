//! `mailsim check`: every problem of scenario and study files, without running them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::model::Scenario;
use crate::scenario::{Override, Problem, Problems, Severity};
use crate::study::LoadedStudy;

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Check scenarios and studies: print every problem and a fix
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Check scenarios and studies: print every problem with file, line, column, key and a fix, and \
                  warn of likely mistakes (single point of failure, mail loop, MX without a store).\
                  \n\nWarnings do not change the exit status."
)]
pub(super) struct Arguments {
    /// Scenario or study files; "-" is standard input
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,

    #[command(flatten)]
    changes: Changes,

    /// What is printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// Forms of what is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Problems to read, with the lines they stand on.
    #[default]
    Text,
    /// All files with their problems, on standard output.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  mailsim check outage.toml
  mailsim check scenarios/*.toml
  mailsim check outage.toml --set outage.0.for=8h
  mailsim check outage.toml --format json | jq '.files[].problems[].message'
  generate | mailsim check -";

/// Runs the command. All files are checked, whatever is found in the first.
pub(super) fn check(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let mut status = ExitStatus::Success;
    let mut files = Vec::new();
    for path in &arguments.scenarios {
        let read = read(path, &arguments.changes.0);
        status = status.max(match &read {
            Ok(_) => ExitStatus::Success,
            Err(error) => error.status(),
        });
        match arguments.format {
            Format::Text => tell(path, read, terminal)?,
            Format::Json => files.push(as_json(path, read)),
        }
    }
    if arguments.format == Format::Json {
        terminal.data(&format!("{:#}\n", json!({ "files": files })))?;
    }
    Ok(status)
}

/// What is likely a mistake, and what is in the file; or why it cannot be run.
type Checked = Result<(Problems, String), CommandError>;

fn tell(path: &Path, checked: Checked, terminal: Terminal) -> Result<(), CommandError> {
    match checked {
        Ok((warnings, found)) => {
            if !warnings.0.is_empty() {
                terminal.problems(&(warnings.render(terminal.color()) + "\n"));
            }
            terminal.told(&ok(path, &found, &warnings))?;
        }
        Err(CommandError::Scenario(problems)) => {
            terminal.problems(&(problems.render(terminal.color()) + "\n"));
            terminal.error(&format!("{}: {}", path.display(), counted(&problems)));
        }
        Err(error) => terminal.error(&error.to_string()),
    }
    Ok(())
}

/// A file with its problems, for programs.
fn as_json(path: &Path, checked: Checked) -> Value {
    let file = path.display().to_string();
    match checked {
        Ok((warnings, found)) => {
            json!({ "file": file, "ok": true, "found": found, "problems": problems(&warnings) })
        }
        Err(CommandError::Scenario(found)) => {
            json!({ "file": file, "ok": false, "problems": problems(&found) })
        }
        // Not a matter of what is written in it.
        Err(error) => {
            json!({ "file": file, "ok": false, "error": error.to_string(), "problems": [] })
        }
    }
}

fn problems(problems: &Problems) -> Vec<Value> {
    let one = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        json!({
            "severity": severity,
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "key": problem.key,
            "message": problem.message,
            "accepted": problem.accepted,
            "help": problem.help,
            "name": problem.name,
            "first_line": problem.first_line(),
        })
    };
    problems.0.iter().map(one).collect()
}

/// Reads a scenario or a study. Returns what is likely a mistake, and what is in the file.
fn read(path: &Path, changes: &[Override]) -> Checked {
    if !input::is_study_file(path)? {
        let loaded = input::read(path, changes)?.loaded;
        return Ok((loaded.warnings, contents(&loaded.scenario)));
    }
    let LoadedStudy { study, warnings, .. } = input::read_study(path, changes)?;
    let found = format!(
        "{} of {}, up to {} of each",
        noun(study.cells.len(), "combination", "combinations"),
        noun(study.factors.len(), "factor", "factors"),
        noun(study.replications.most() as usize, "replication", "replications"),
    );
    Ok((warnings, found))
}

fn contents(scenario: &Scenario) -> String {
    let parts = [
        noun(scenario.hosts.len(), "host", "hosts"),
        noun(scenario.domains.len(), "domain", "domains"),
        noun(scenario.mail.len(), "flow of mail", "flows of mail"),
        noun(outages(scenario), "outage", "outages"),
    ];
    format!("{}, {}", parts.join(", "), scenario.duration.exact())
}

fn ok(path: &Path, found: &str, warnings: &Problems) -> String {
    let mut line = format!("{}: ok, {found}", path.display());
    if !warnings.0.is_empty() {
        line.push_str(&format!("; {}", noun(warnings.0.len(), "warning", "warnings")));
    }
    line + "\n"
}

/// Entries of the file; what a host's own settings bring along is none.
fn outages(scenario: &Scenario) -> usize {
    let mut entries: Vec<u32> = scenario.outages.iter().map(|outage| outage.entry).collect();
    entries.dedup();
    entries.len()
}

fn counted(problems: &Problems) -> String {
    let errors = problems.0.iter().filter(|p| p.severity == Severity::Error).count();
    let warnings = problems.0.len() - errors;
    let mut text = noun(errors, "error", "errors");
    if warnings > 0 {
        text.push_str(&format!(", {}", noun(warnings, "warning", "warnings")));
    }
    text
}

fn noun(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
