//! `mailsim grade`: checks what was handed in for an exercise by running it.

use std::path::Path;

use clap::Args;

use crate::workbench::{EXERCISES, Exercise, Ungraded, title_of};

use super::error::CommandError;
use super::interrupt::Interrupt;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Check the solution of an exercise by running it
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Check the solution of an exercise by running it. The code that a page of the site gives \
                  holds the solution itself, so nothing has to be believed: it is run again here, with the \
                  exercise's own expectations, and what the exercise wants to stay is compared.\n\nExit \
                  status: 0 solved, 1 not solved, 2 no code or no scenario."
)]
pub(super) struct Arguments {
    /// Code to hand in, or a file that holds a code or a scenario; - for standard input
    #[arg(value_name = "CODE", required_unless_present = "list")]
    code: Option<String>,

    /// Number or name of the exercise [default: the one that the code names]
    #[arg(value_name = "EXERCISE")]
    exercise: Option<String>,

    /// Print the solution that the code holds too
    #[arg(long)]
    print: bool,

    /// List the exercises
    #[arg(long, exclusive = true)]
    list: bool,
}

const EXAMPLES: &str = "\
Examples:
  mailsim grade --list
  mailsim grade 5-3f2a9c0d1e-i1ZSyVeKjQUA 5
  mailsim grade handed-in.toml 5";

/// Runs the command.
pub(super) fn grade(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let Some(code) = arguments.code.as_deref().filter(|_| !arguments.list) else {
        terminal.data(&list())?;
        return Ok(ExitStatus::Success);
    };
    let (handed_in, is_file) = read(code)?;
    let exercise = match &arguments.exercise {
        Some(wanted) => Exercise::find(wanted),
        None => handed_in.trim().split('-').next().and_then(Exercise::find),
    };
    let Some(exercise) = exercise else {
        let wanted = arguments.exercise.as_deref().unwrap_or("that the code is of");
        return Err(CommandError::Usage(format!(
            "there is no exercise {wanted}; `mailsim grade --list` lists them"
        )));
    };
    let is_scenario = is_file && handed_in.contains('=');
    let text = if is_scenario {
        handed_in
    } else {
        exercise.solution_of(&handed_in).map_err(CommandError::Usage)?
    };
    if arguments.print {
        terminal.data(&format!("{}\n", text.trim_end()))?;
    }
    judge(exercise, &text, terminal)
}

fn judge(exercise: &Exercise, text: &str, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let interrupt = Interrupt::listen(None);
    let graded = exercise.grade(text, |_| !interrupt.is_wanted()).map_err(|why| match why {
        Ungraded::Problems(problems) => CommandError::Scenario(problems),
        Ungraded::Told(told) => CommandError::Usage(told),
    })?;
    let mut said = format!("{}\n", title_of(exercise.start));
    for (met, told) in graded.told() {
        said.push_str(&format!("  {} {told}\n", if met { "ok " } else { "NO " }));
    }
    said.push_str(if graded.passed() { "solved\n" } else { "not solved\n" });
    terminal.data(&said)?;
    Ok(if graded.passed() { ExitStatus::Success } else { ExitStatus::ExpectationNotMet })
}

/// Returns what was handed in, and whether it came from a file.
fn read(code: &str) -> Result<(String, bool), CommandError> {
    let path = Path::new(code);
    if code == "-" {
        let text = std::io::read_to_string(std::io::stdin().lock());
        let text =
            text.map_err(|cause| CommandError::io("read", "standard input".as_ref(), cause))?;
        return Ok((text, true));
    }
    if !path.is_file() {
        return Ok((code.to_owned(), false));
    }
    let text = std::fs::read_to_string(path);
    Ok((text.map_err(|cause| CommandError::io("read", path, cause))?, true))
}

fn list() -> String {
    EXERCISES
        .iter()
        .map(|exercise| {
            let title = title_of(exercise.start);
            let title = title.split_once(": ").map_or(title, |(_, rest)| rest);
            format!("{:>3}  {title}\n     {}\n", exercise.number(), exercise.task)
        })
        .collect()
}
