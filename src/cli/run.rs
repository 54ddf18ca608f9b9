//! `mailsim run`: runs a scenario, writes its result folder and prints its summary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::measure::{AskedFigure, Summary};
use crate::model::Scenario;
use crate::report::{ResultFolder, Tables, Wanted, complete, leftovers, summary_json, text};
use crate::scenario::Override;
use crate::simulation::RunTotals;
use crate::units::{SimDuration, SimTime};
use crate::workbench::{Ran, describe, run as run_it};

use super::changes::Changes;
use super::error::CommandError;
use super::export::{Form, write_all};
use super::input::{self, Input};
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Run a scenario, write its results and print a summary
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Scenario file; - for standard input
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    #[command(flatten)]
    changes: Changes,

    /// A further figure, such as to:big.example/delivered_share (repeatable)
    ///
    /// `mailsim figures` lists those that there are.
    #[arg(long = "figure", value_name = "NAME")]
    figures: Vec<String>,

    /// Result folder [default: output/<name of the scenario file>]
    ///
    /// An existing folder is replaced only if it is empty, or holds a result of mailsim and nothing
    /// else.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// End the run at this virtual time, such as 2h, if that is earlier
    #[arg(long, value_name = "T", value_parser = positive)]
    until: Option<SimDuration>,

    /// What standard output gets: a summary to read, or summary.json [default: text]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    format: Format,

    /// Make no charts and no report.html
    #[arg(long, conflicts_with = "charts")]
    no_charts: bool,

    /// Keep no tables; with --no-charts only summary.json and run.json
    #[arg(long)]
    no_tables: bool,

    /// Pack the tables by gzip, as messages.csv.gz: pandas, DuckDB, R and mailsim read them as they are
    #[arg(long, conflicts_with = "no_tables")]
    compress: bool,

    /// Write the results in the forms that other tools read, too, as `mailsim export` does
    #[arg(
        long,
        value_name = "FORM",
        value_enum,
        value_delimiter = ',',
        conflicts_with = "no_tables"
    )]
    export: Vec<Form>,

    /// Chart files: svg, or png besides [default: svg]
    #[arg(long, value_name = "KIND", value_enum, default_value_t, hide_default_value = true)]
    charts: ChartFiles,
}

const EXAMPLES: &str = "\
Examples:
  mailsim run outage.toml
  mailsim run outage.toml --seed 7 --out output/seed-7
  mailsim run outage.toml --set outage.0.for=8h --out output/longer
  mailsim run outage.toml --export maillog,qshape
  mailsim run outage.toml --unset outage.0 --format json | jq .delivered_share";

/// What standard output gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary to read.
    #[default]
    Text,
    /// The text of summary.json.
    Json,
}

/// Kinds of chart files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ChartFiles {
    /// SVG.
    #[default]
    Svg,
    /// SVG, and PNG besides.
    Png,
}

/// Reads a span of time above zero.
fn positive(text: &str) -> Result<SimDuration, String> {
    let span: SimDuration = text.parse().map_err(|error| format!("{error}"))?;
    if span.is_zero() { Err("a run has to last some time".to_owned()) } else { Ok(span) }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let input = input::read_and_warn(&arguments.scenario, &arguments.changes.0, terminal)?;
    let target = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.scenario));
    let wanted = Wanted {
        tables: !arguments.no_tables,
        charts: !arguments.no_charts,
        png: arguments.charts == ChartFiles::Png,
        packed: arguments.compress,
    };
    let duration = length(&input.loaded.scenario, arguments.until, terminal);
    let asked = asked(&input.loaded.scenario, &arguments.figures)?;
    let order =
        Order { target: &target, wanted, duration, changes: &arguments.changes.0, asked: &asked };
    let made = make(&input, &order, terminal)?;
    tell(&made.summary, arguments.format, terminal)?;
    terminal.message(&wall_clock(&made.totals, made.took));
    terminal.message(&where_to_look(&made.target, wanted));
    if !arguments.export.is_empty() {
        terminal.message(write_all(&made.target, &arguments.export, terminal)?.trim_end());
    }
    Ok(verdict(&made.summary, terminal))
}

/// Returns the figures that a scenario and a command line ask for.
pub(super) fn asked(
    scenario: &Scenario,
    names: &[String],
) -> Result<Vec<AskedFigure>, CommandError> {
    let mut asked = scenario.asked_figures();
    for name in names {
        let figure = scenario.figure_of(name).map_err(|error| {
            CommandError::Usage(format!("--figure {name}: {}; {}", error.message, error.help))
        })?;
        asked.push(figure);
    }
    Ok(asked)
}

/// What is to be made of a scenario.
pub(super) struct Order<'a> {
    /// The result folder.
    pub(super) target: &'a Path,
    /// What it holds.
    pub(super) wanted: Wanted,
    /// How long the run lasts.
    pub(super) duration: SimDuration,
    /// What the command line changed.
    pub(super) changes: &'a [Override],
    /// Figures that are computed beside the summary's.
    pub(super) asked: &'a [AskedFigure],
}

/// A run that was made and written.
pub(super) struct Made {
    pub(super) summary: Summary,
    totals: RunTotals,
    took: Duration,
    pub(super) target: PathBuf,
}

/// Runs a scenario and writes its result folder.
pub(super) fn make(
    input: &Input,
    order: &Order<'_>,
    terminal: Terminal,
) -> Result<Made, CommandError> {
    let scenario = &input.loaded.scenario;
    let (wanted, duration) = (order.wanted, order.duration);
    // Before the run, so that a folder in the way is noticed before time is spent.
    let folder = ResultFolder::claim(order.target)?;
    tell_leftovers(folder.target(), terminal);
    let interrupt = Interrupt::listen(Some(folder.work().to_owned()));
    let tables =
        if wanted.rows() { Some(Tables::create(&folder, scenario, Some(scenario))?) } else { None };
    let mut progress = Progress::new(SimTime::ZERO + duration, terminal);
    let Ran { summary, tables, totals } =
        run_it(scenario, order.asked, duration, tables, |at, under_way| {
            progress.reached(at, under_way);
            !interrupt.is_wanted()
        });
    let took = progress.elapsed();
    let failed = tables.as_ref().is_some_and(Tables::failed);
    if totals.endless.is_some() {
        progress.end();
    }
    CommandError::if_endless(&totals, scenario)?;
    if interrupt.is_wanted() && !failed {
        progress.end();
        return Err(interrupted(&totals, &folder));
    }
    progress.says("writing the results");
    let description = describe(&input.loaded, &input.digest, order.changes, duration);
    let target = folder.target().to_owned();
    let written = complete(folder, tables, &summary, &description, wanted);
    progress.end();
    written?;
    Ok(Made { summary, totals, took, target })
}

/// Says what killed runs have left beside a result folder, and how it is removed.
pub(super) fn tell_leftovers(target: &Path, terminal: Terminal) {
    let found = leftovers(target);
    if let Some(first) = found.first() {
        let (count, first) = (found.len(), shown(first));
        let what = if count == 1 { "a folder".to_owned() } else { format!("{count} folders") };
        let others = if count == 1 { "" } else { ", and so on" };
        terminal.message(&format!(
            "{what} of runs that were killed stand beside the results: rm -r '{}'{others} removes \
             what nobody needs",
            first.display()
        ));
    }
}

/// `output/<stem of the scenario file>`.
fn default_folder(scenario: &Path) -> PathBuf {
    let scenario = input::named(scenario);
    Path::new("output").join(scenario.file_stem().unwrap_or(scenario.as_os_str()))
}

/// How long the run lasts.
fn length(scenario: &Scenario, until: Option<SimDuration>, terminal: Terminal) -> SimDuration {
    match until {
        Some(until) if until > scenario.duration => {
            terminal.message(&format!(
                "the scenario ends at {}, before --until {}; for a longer run: --set duration={}",
                scenario.duration.exact(),
                until.exact(),
                until.exact()
            ));
            scenario.duration
        }
        Some(until) => until,
        None => scenario.duration,
    }
}

fn interrupted(totals: &RunTotals, folder: &ResultFolder) -> CommandError {
    let former = folder.target();
    let untouched = if former.exists() {
        format!(", and {} is as it was", shown(former).display())
    } else {
        String::new()
    };
    CommandError::Interrupted { at: totals.ended, untouched }
}

fn tell(summary: &Summary, format: Format, terminal: Terminal) -> Result<(), CommandError> {
    match format {
        Format::Text => terminal.told(&text::summary(summary)),
        Format::Json => terminal.data(&summary_json(summary)),
    }
}

/// The one place where the clock on the wall is spoken of.
fn wall_clock(totals: &RunTotals, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let rate = if seconds > 0.0 { totals.events as f64 / seconds } else { 0.0 };
    format!("\n{} events in {seconds:.2} s ({rate:.0} events/s)", totals.events)
}

fn where_to_look(target: &Path, wanted: Wanted) -> String {
    let target = shown(target);
    if wanted.charts {
        format!("Results in {}; open {}", target.display(), target.join("report.html").display())
    } else {
        format!("Results in {}", target.display())
    }
}

/// A path as people want to see it: from the working folder, where it lies below.
pub(super) fn shown(path: &Path) -> PathBuf {
    let below = std::env::current_dir().ok().and_then(|here| {
        path.strip_prefix(here).ok().map(Path::to_owned).filter(|path| path.iter().count() > 0)
    });
    below.unwrap_or_else(|| path.to_owned())
}

pub(super) fn verdict(summary: &Summary, terminal: Terminal) -> ExitStatus {
    let unmet: Vec<_> = summary.expectations.iter().filter(|verdict| !verdict.is_met()).collect();
    if unmet.is_empty() {
        return ExitStatus::Success;
    }
    let mut text = match summary.expectations.len() {
        1 => "the scenario's expectation is not met:".to_owned(),
        count => format!("{} of {count} expectations are not met:", unmet.len()),
    };
    for verdict in unmet {
        text.push_str(&format!("\n  {verdict}"));
    }
    terminal.error(&text);
    ExitStatus::ExpectationNotMet
}
