//! `mailsim learn`: lists the lessons, or runs one and tells it step by step.

mod lessons;
mod telling;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::report::Wanted;

use super::changes::Changes;
use super::error::CommandError;
use super::paragraph::paragraph;
use super::run::{self, Order};
use super::status::ExitStatus;
use super::terminal::Terminal;
use crate::workbench::{LESSONS, Lesson};
use lessons::{numbered, read};

/// Learn how mail travels, lesson by lesson
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Learn how mail travels, lesson by lesson: without a number the lessons are \
                  listed; with one that lesson is run and told step by step, with its questions. \
                  On a terminal each question waits for Enter.\n\nLessons are scenarios, and their \
                  results are written as `mailsim run` does."
)]
pub(super) struct Arguments {
    /// Number of the lesson
    #[arg(value_name = "NUMBER")]
    lesson: Option<String>,

    #[command(flatten)]
    changes: Changes,

    /// Do not wait after questions
    #[arg(long)]
    no_pause: bool,

    /// Print the lesson's scenario, and do not run it
    #[arg(long)]
    print: bool,

    /// Result folder [default: output/<name of the lesson>]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim learn
  mailsim learn 5
  mailsim learn 5 --set outage.0.for=30min
  mailsim learn 5 --print > mine.toml";

/// Runs the command.
pub(super) fn learn(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let Some(wanted) = &arguments.lesson else {
        terminal.data(&list()?)?;
        return Ok(ExitStatus::Success);
    };
    let lesson = numbered(wanted)?;
    if arguments.print {
        terminal.data(lesson.text)?;
        return Ok(ExitStatus::Success);
    }
    hold(lesson, arguments, terminal)
}

/// Returns the number of the lesson that a file of this name is in the source tree.
pub(super) fn carried(path: &Path) -> Option<u32> {
    let stem = path.file_stem()?.to_str()?;
    LESSONS.iter().find(|lesson| lesson.name == stem).map(|lesson| lesson.number())
}

fn list() -> Result<String, CommandError> {
    let mut text = String::new();
    for lesson in LESSONS {
        let scenario = read(*lesson, &[])?.loaded.scenario;
        let title = title(&scenario.title);
        text.push_str(&format!("{:>3}  {title}\n", lesson.number()));
        text.push_str(&paragraph(&scenario.question, 5));
    }
    text.push_str("\n`mailsim learn NUMBER` runs a lesson and tells it.\n");
    Ok(text)
}

/// A title without the number of the lesson, and with a capital.
fn title(title: &str) -> String {
    let bare = title.strip_prefix("Lesson ").and_then(|rest| rest.split_once(": "));
    let bare = bare.map_or(title, |(_, bare)| bare);
    let mut letters = bare.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn hold(
    lesson: Lesson,
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let input = read(lesson, &arguments.changes.0)?;
    let scenario = &input.loaded.scenario;
    let default = Path::new("output").join(lesson.name);
    let asked = scenario.asked_figures();
    let order = Order {
        target: arguments.out.as_deref().unwrap_or(&default),
        wanted: Wanted { tables: true, charts: true, png: false, packed: false },
        duration: scenario.duration,
        changes: &arguments.changes.0,
        asked: &asked,
    };
    let made = run::make(&input, &order, terminal)?;
    let title = format!("Lesson {}: {}", lesson.number(), title(&scenario.title));
    terminal.told(&format!("{title}\n\n{}\n", paragraph(&scenario.question, 0)))?;
    let waits = !arguments.no_pause && io::stdin().is_terminal() && io::stdout().is_terminal();
    for step in telling::steps(scenario) {
        terminal.data(&step.text)?;
        if let Some(answer) = step.answer {
            if waits {
                terminal.data("                  [Enter]")?;
                let read = io::stdin().read_line(&mut String::new());
                read.map_err(|cause| CommandError::io("read", "standard input".as_ref(), cause))?;
            }
            terminal.data(&answer)?;
        }
    }
    let page = run::shown(&made.target).join("report.html");
    let file = lesson.file();
    terminal.data(&format!(
        "\nThe page that plays it: {}\nThe scenario: {file}, or `mailsim learn {} --print`\n",
        page.display(),
        lesson.number()
    ))?;
    Ok(run::verdict(&made.summary, terminal))
}
