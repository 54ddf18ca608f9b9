//! `mailsim queue`: what waits at a host, by age and destination.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::export::{AGE_COLUMNS, DividedBy, QueueShape, Run, queue_shapes};
use crate::report::Wanted;
use crate::units::SimDuration;

use super::changes::Changes;
use super::error::CommandError;
use super::export::read_run;
use super::input;
use super::run::{Order, make};
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Show the queue of a host by age and destination, as qshape does
///
/// Rows are domains, columns ages in minutes: the first counts recipients whose message has been at
/// the host for less than five minutes, the next for less than ten, and so on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Scenario file, or result folder of a run with its tables
    #[arg(value_name = "SCENARIO | DIR")]
    place: PathBuf,

    /// The host
    #[arg(value_name = "HOST")]
    host: String,

    /// The moment [default: the end of the run]
    #[arg(long, value_name = "T")]
    at: Option<SimDuration>,

    /// What the rows are [default: destination]
    #[arg(long, value_name = "WORD", value_enum, default_value_t, hide_default_value = true)]
    by: By,

    /// What standard output gets [default: text]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    format: Format,

    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  mailsim queue outage.toml smtp.sender.example --at 3h
  mailsim queue output/outage smtp.sender.example --at 3h --by sender
  mailsim queue output/outage smtp.sender.example --format csv";

/// What the rows are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum By {
    /// Domains of recipients.
    #[default]
    Destination,
    /// Domains of senders.
    Sender,
}

/// What standard output gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table to read.
    #[default]
    Text,
    /// A row for each domain and age.
    Csv,
    /// The same as JSON.
    Json,
}

/// Runs the command.
pub(super) fn queue(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let run = if arguments.place.is_dir() {
        read_run(&arguments.place)?
    } else {
        run_until(&arguments.place, arguments, terminal)?
    };
    let host = arguments.host.as_str();
    if !run.hosts().any(|known| known == host) {
        let known: Vec<String> = run.hosts().map(str::to_owned).collect();
        let near = crate::measure::likely_names(host, &known);
        let help = near.first().map_or_else(
            || format!("hosts are {}", known.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        return Err(CommandError::Usage(format!("no mail came to a host {host}; {help}")));
    }
    if !run.has_queue(host) {
        let message =
            format!("{host} is a mail program and keeps no queue: its outbox is no server's");
        return Err(CommandError::Usage(message));
    }
    let by = match arguments.by {
        By::Destination => DividedBy::Destination,
        By::Sender => DividedBy::Sender,
    };
    let mut shapes = queue_shapes(&run, arguments.at.map(SimDuration::as_secs_f64), by);
    let shape = shapes.remove(host).unwrap_or_default();
    match arguments.format {
        Format::Text => terminal.told(&shape.text())?,
        Format::Csv => terminal.data(&csv(&shape, arguments.by))?,
        Format::Json => terminal.data(&json(&shape))?,
    }
    Ok(ExitStatus::Success)
}

/// Runs a scenario, up to the moment that is asked for, and reads its tables.
fn run_until(place: &Path, arguments: &Arguments, terminal: Terminal) -> Result<Run, CommandError> {
    let input = input::read(place, &arguments.changes.0)?;
    let scenario = &input.loaded.scenario;
    if let Some(at) = arguments.at.filter(|at| *at > scenario.duration) {
        return Err(CommandError::Usage(format!(
            "--at {} is after the end of the run, {}",
            at.exact(),
            scenario.duration.exact()
        )));
    }
    let folder = tempfile::tempdir()
        .map_err(|cause| CommandError::io("create", &std::env::temp_dir(), cause))?;
    let target = folder.path().join("run");
    let order = Order {
        target: &target,
        wanted: Wanted { tables: true, charts: false, png: false, packed: false },
        // What is under way at the moment itself shows: the run goes on a little.
        duration: scenario.duration,
        changes: &arguments.changes.0,
        asked: &[],
    };
    make(&input, &order, terminal)?;
    read_run(&target)
}

fn csv(shape: &QueueShape, by: By) -> String {
    let head = match by {
        By::Destination => "destination",
        By::Sender => "sender",
    };
    let mut text = format!("{head},age_from_s,age_to_s,recipients\n");
    for (name, row) in &shape.rows {
        for (column, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (from, to) = ages(column);
            let to = to.map_or_else(String::new, |to| to.to_string());
            text.push_str(&format!("{name},{from},{to},{count}\n"));
        }
    }
    text
}

/// Returns the ages of a column \[s\].
fn ages(column: usize) -> (u64, Option<u64>) {
    let from = column.checked_sub(1).and_then(QueueShape::ends_at).unwrap_or(0) * 60;
    (from, QueueShape::ends_at(column).map(|end| end * 60))
}

fn json(shape: &QueueShape) -> String {
    let row = |(name, row): &(String, [u64; AGE_COLUMNS])| {
        let counts: Vec<_> = row
            .iter()
            .enumerate()
            .map(|(column, count)| {
                let (from, to) = ages(column);
                serde_json::json!({ "age_from_s": from, "age_to_s": to, "recipients": count })
            })
            .collect();
        serde_json::json!({ "name": name, "recipients": row.iter().sum::<u64>(), "ages": counts })
    };
    let rows: Vec<_> = shape.rows.iter().map(row).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
}
