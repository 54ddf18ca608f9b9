//! `mailsim help`: the manual that the program carries.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::manual::{CHAPTERS, Chapter, TITLE, page, scripts};

use super::arguments::definition;
use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Show a chapter of the manual, or help on a command
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Chapter or command; without it the chapters are listed
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,

    /// Write the whole manual as one HTML page to this folder or .html file; "-" prints it
    #[arg(
        long,
        value_name = "PATH",
        num_args = 0..=1,
        default_missing_value = "-",
        conflicts_with = "topic"
    )]
    html: Option<PathBuf>,

    /// Write scripts that read tables to this folder: mailsim.py, read.R, tables.sql, types.json
    #[arg(long, value_name = "DIR", conflicts_with_all = ["topic", "html"])]
    scripts: Option<PathBuf>,

    /// Print the chapter's Markdown instead of text
    #[arg(long, requires = "topic")]
    markdown: bool,
}

const EXAMPLES: &str = "\
Examples:
  mailsim help                   list the chapters
  mailsim help tour              read one
  mailsim help run               the options of a command
  mailsim help --html manual     write manual/index.html
  mailsim help --scripts tools   write what reads tables with pandas, R and DuckDB";

/// Runs the command.
pub(super) fn help(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    if let Some(folder) = &arguments.scripts {
        write_scripts(folder, terminal)?;
        return Ok(ExitStatus::Success);
    }
    match (&arguments.html, &arguments.topic) {
        (Some(path), _) => html(path, terminal)?,
        (None, None) => terminal.data(&topics())?,
        (None, Some(topic)) => match Chapter::find(topic) {
            Some(chapter) if arguments.markdown => terminal.data(&chapter.markdown())?,
            Some(chapter) => terminal.data(&chapter.text())?,
            None => terminal.data(&of_command(topic)?)?,
        },
    }
    Ok(ExitStatus::Success)
}

fn topics() -> String {
    let mut text = "Chapters of the manual (mailsim help TOPIC):\n".to_owned();
    for chapter in CHAPTERS {
        text.push_str(&format!("  {:<12} {}\n", chapter.topic, chapter.title()));
    }
    text.push_str(
        "\n`mailsim --help` lists the commands, `mailsim help COMMAND` tells the options of one.\n",
    );
    text
}

/// The help of a command, or what is there instead of it.
fn of_command(topic: &str) -> Result<String, CommandError> {
    let mut all = definition();
    all.build();
    if let Some(command) = all.find_subcommand_mut(topic) {
        return Ok(command.render_long_help().to_string());
    }
    let topics = CHAPTERS.iter().map(|chapter| chapter.topic);
    let commands: Vec<String> =
        all.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let near = topics
        .clone()
        .chain(commands.iter().map(String::as_str))
        .map(|name| (strsim::damerau_levenshtein(name, topic), name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    let topics: Vec<&str> = topics.collect();
    Err(CommandError::Usage(format!(
        "there is no chapter or command `{topic}`{near}\nChapters: {}",
        topics.join(", ")
    )))
}

/// Writes the scripts to a folder. One of ours is replaced, anything else of that name left alone.
fn write_scripts(folder: &Path, terminal: Terminal) -> Result<(), CommandError> {
    let files: Vec<(PathBuf, String)> =
        scripts().into_iter().map(|(name, text)| (folder.join(name), text)).collect();
    for (path, text) in &files {
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        if std::fs::read_to_string(path).is_ok_and(|there| first(&there) != first(text)) {
            return Err(CommandError::Exists { path: path.clone() });
        }
    }
    std::fs::create_dir_all(folder).map_err(|cause| CommandError::io("create", folder, cause))?;
    for (path, text) in &files {
        std::fs::write(path, text).map_err(|cause| CommandError::io("write", path, cause))?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    terminal.message(&format!("Wrote {}", names.join(", ")));
    Ok(())
}

/// Writes the book to `path`: a folder, in which it is `index.html`, or a file.
fn html(path: &Path, terminal: Terminal) -> Result<(), CommandError> {
    if path == Path::new("-") {
        return terminal.data(&page());
    }
    let file = match path.extension() {
        Some(extension) if extension == "html" => path.to_owned(),
        _ => path.join("index.html"),
    };
    // Only a page of ours is replaced.
    if std::fs::read_to_string(&file).is_ok_and(|text| !text.contains(TITLE)) {
        return Err(CommandError::Exists { path: file });
    }
    let write = || -> io::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, page())
    };
    write().map_err(|cause| CommandError::io("write", &file, cause))?;
    terminal.message(&format!("Wrote {}", file.display()));
    Ok(())
}
