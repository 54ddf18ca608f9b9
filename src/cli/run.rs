//! `mailsim run`: runs a scenario, writes its result folder and prints its summary.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::mail::RecipientId;
use crate::measure::{Recorder, Summary};
use crate::report::{
    ResultFolder, RunDescription, ScenarioDescription, Tables, Wanted, complete, leftovers,
    summary_json, text,
};
use crate::scenario::{Override, Scenario};
use crate::simulation::{RunTotals, Simulation, bounds, run_frame};
use crate::story::Narration;
use crate::trace::{Fact, FactSink, Register};
use crate::units::{SimDuration, SimTime};

use super::changes::Changes;
use super::error::CommandError;
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

    /// Chart files: svg, or png besides [default: svg]
    #[arg(long, value_name = "KIND", value_enum, default_value_t, hide_default_value = true)]
    charts: ChartFiles,
}

const EXAMPLES: &str = "\
Examples:
  mailsim run outage.toml
  mailsim run outage.toml --seed 7 --out output/seed-7
  mailsim run outage.toml --set outage.0.for=8h --out output/longer
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
    };
    let duration = length(&input.loaded.scenario, arguments.until, terminal);
    let order = Order { target: &target, wanted, duration, changes: &arguments.changes.0 };
    let made = make(&input, &order, terminal)?;
    tell(&made.summary, arguments.format, terminal)?;
    terminal.message(&wall_clock(&made.totals, made.took));
    terminal.message(&where_to_look(&made.target, wanted));
    Ok(verdict(&made.summary, terminal))
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
    let (recorder, narration, totals) =
        simulate(scenario, duration, tables, &interrupt, &mut progress);
    let took = progress.elapsed();
    let (mut summary, tables) = recorder.finish(scenario, &run_frame(scenario, duration));
    let failed = tables.as_ref().is_some_and(Tables::failed);
    if totals.endless.is_some() {
        progress.end();
    }
    CommandError::if_endless(&totals, scenario)?;
    if interrupt.is_wanted() && !failed {
        progress.end();
        return Err(interrupted(&totals, &folder));
    }
    summary.warnings.extend(narration.missed(SimTime::ZERO + duration));
    summary.expectations = summary.check(&bounds(&scenario.expectations));
    progress.says("writing the results");
    let description = describe(input, order);
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

/// Runs the scenario and gathers its figures; rows go to `tables` on the way.
fn simulate<'t>(
    scenario: &'t Scenario,
    duration: SimDuration,
    tables: Option<Tables<'t>>,
    interrupt: &Interrupt,
    progress: &mut Progress,
) -> (Recorder<Option<Tables<'t>>>, Narration<'t>, RunTotals) {
    let (under_way, failed) = (Cell::new(0), Cell::new(false));
    let mut watched = Watched {
        recorder: Recorder::new(tables),
        narration: Narration::new(scenario),
        under_way: &under_way,
        failed: &failed,
        facts: 0,
    };
    let simulation = Simulation::new(scenario).until(SimTime::ZERO + duration);
    let totals = simulation.run_while(&mut watched, |at| {
        progress.reached(at, under_way.get());
        !interrupt.is_wanted() && !failed.get()
    });
    (watched.recorder, watched.narration, totals)
}

/// A recorder that shows the outside now and then how it is.
struct Watched<'t, 'c> {
    recorder: Recorder<Option<Tables<'t>>>,
    narration: Narration<'t>,
    under_way: &'c Cell<u64>,
    failed: &'c Cell<bool>,
    facts: u64,
}

impl FactSink for Watched<'_, '_> {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.recorder.fact(at, fact, register);
        self.narration.fact(at, fact, register);
        self.facts += 1;
        if self.facts.is_multiple_of(4096) {
            self.under_way.set(self.recorder.backlog());
            self.failed.set(self.recorder.sink().as_ref().is_some_and(Tables::failed));
        }
    }

    fn foresee(&mut self, recipients: &[RecipientId]) {
        self.recorder.foresee(recipients);
    }
}

fn describe(input: &Input, order: &Order<'_>) -> RunDescription {
    let duration = order.duration;
    let loaded = &input.loaded;
    let scenario = &loaded.scenario;
    let mut overrides: Vec<String> =
        order.changes.iter().map(|change| change.as_argument()).collect();
    if duration < scenario.duration {
        overrides.push(format!("--until {}", duration.exact()));
    }
    RunDescription {
        scenario: ScenarioDescription {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            look_for: scenario.look_for.clone(),
            digest: input.digest.clone(),
            resolved: loaded.resolved.clone(),
        },
        seed: scenario.seed,
        replication: scenario.replication,
        duration_s: duration.as_secs_f64(),
        overrides,
        ..RunDescription::default()
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
    terminal.data(&match format {
        Format::Text => text::summary(summary),
        Format::Json => summary_json(summary),
    })
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
