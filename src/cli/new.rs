//! `mailsim new`: a commented scenario to begin with, or one of those that the program carries.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::scenario::starter;
use crate::scenario::text::names::did_you_mean;

use super::carried::Carried;
use super::error::CommandError;
use super::paragraph::paragraph;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Write a commented scenario to begin with
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Write a commented scenario to begin with; or with --from one of the scenarios and \
                  studies that the program carries, with the files that it names."
)]
pub(super) struct Arguments {
    /// Name of the scenario, or path of its file; .toml is added where it lacks
    #[arg(value_name = "NAME", required_unless_present_any = ["list", "from"])]
    name: Option<PathBuf>,

    /// Write this scenario or study that the program carries [default name: its own]
    #[arg(long, value_name = "CARRIED")]
    from: Option<String>,

    /// List the scenarios and studies that the program carries
    #[arg(long, exclusive = true)]
    list: bool,
}

const EXAMPLES: &str = "\
Examples:
  mailsim new first                      writes first.toml
  mailsim new scenarios/outage           writes scenarios/outage.toml
  mailsim new --list
  mailsim new --from primary-down        writes primary-down.toml
  mailsim new mine --from studies/herd   writes mine.toml, and bases/large-site.toml";

/// Runs the command.
pub(super) fn new(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    if arguments.list {
        terminal.data(&list())?;
        return Ok(ExitStatus::Success);
    }
    if let Some(wanted) = &arguments.from {
        return from(wanted, arguments.name.as_deref(), terminal);
    }
    let path = file(arguments.name.as_deref().unwrap_or(Path::new("")))?;
    let title = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    write(&path, &starter(&title.unwrap_or_default()))?;
    let shown = path.display();
    terminal.message(&format!("Wrote {shown}; run it with: mailsim run {shown}"));
    Ok(ExitStatus::Success)
}

/// Writes a file that the program carries, and beside it those that it names.
fn from(wanted: &str, name: Option<&Path>, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let carried = one_of(wanted)?;
    let own = Path::new(carried.path).file_name().map(Path::new).unwrap_or(Path::new(""));
    let path = file(name.unwrap_or(own))?;
    write(&path, carried.text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let home = Path::new(carried.path).parent().unwrap_or(Path::new(""));
    let mut besides = String::new();
    for other in carried.beside() {
        let beside = folder.join(Path::new(other.path).strip_prefix(home).unwrap_or(own));
        if let Some(parent) = beside.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|cause| CommandError::io("create", parent, cause))?;
        }
        match write(&beside, other.text) {
            // Two studies may vary the same scenario.
            Err(CommandError::Exists { .. }) if is_the_same(&beside, other.text) => {}
            written => written?,
        }
        besides.push_str(&format!(" and {}", beside.display()));
    }
    let command =
        if carried.path.contains("/studies/") && !carried.is_base() { "study" } else { "run" };
    let shown = path.display();
    terminal.message(&format!("Wrote {shown}{besides}; run it with: mailsim {command} {shown}"));
    Ok(ExitStatus::Success)
}

fn is_the_same(path: &Path, text: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|there| there == text)
}

/// Returns the one that is meant; that of a shorter path where two end alike.
fn one_of(wanted: &str) -> Result<Carried, CommandError> {
    let mut found = Carried::named(wanted);
    found.sort_by_key(|one| one.path.matches('/').count());
    found.first().copied().ok_or_else(|| {
        let names = Carried::all().filter(|one| !one.is_base()).map(Carried::name);
        CommandError::Usage(format!(
            "the program carries no `{wanted}`; {} `mailsim new --list` lists those that there are",
            did_you_mean(wanted, names)
        ))
    })
}

/// Returns what there is, each with its question.
fn list() -> String {
    let mut text = String::new();
    for (head, studies) in [("Scenarios:\n", false), ("\nStudies:\n", true)] {
        text.push_str(head);
        let some = Carried::all()
            .filter(|one| !one.is_base() && one.path.contains("/studies/") == studies);
        for one in some {
            let question = one.line("question");
            let told = if question.is_empty() { one.line("title") } else { question };
            text.push_str(&format!("\n  {}\n{}", one.name(), paragraph(told, 6)));
        }
    }
    text.push_str("\nWrite one with: mailsim new --from NAME\n");
    text
}

/// Writes a new file.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => CommandError::Exists { path: path.to_owned() },
        _ => CommandError::io("write", path, cause),
    })?;
    file.write_all(text.as_bytes()).map_err(|cause| {
        // Half a scenario helps nobody; a failure to remove it changes nothing.
        let _ = std::fs::remove_file(path);
        CommandError::io("write", path, cause)
    })
}

/// Returns the file that a name stands for.
fn file(name: &Path) -> Result<PathBuf, CommandError> {
    let Some(last) = name.file_name().filter(|last| !last.is_empty()) else {
        let shown = name.display();
        return Err(CommandError::Usage(format!("`{shown}` is no name of a file; write first")));
    };
    if name.extension().is_some_and(|extension| extension == "toml") {
        return Ok(name.to_owned());
    }
    let mut last = last.to_owned();
    last.push(".toml");
    Ok(name.with_file_name(last))
}
