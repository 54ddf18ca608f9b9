//! `mailsim threshold`: from which length, number or size on something holds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::measure::Unit;
use crate::report::study::maybe;
use crate::scenario::{KeyPath, Override};
use crate::statistics::Interval;
use crate::study::{
    Beyond, Comparison, Ended, Endless, Plan, Quantity, Study, Task, Threshold, Variant,
    compare_study, find_threshold, load_variant, run_all,
};
use crate::units::{Octets, SimDuration};

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::interrupt::Interrupt;
use super::status::ExitStatus;
use super::table::columns;
use super::terminal::Terminal;

/// Find from where on something holds, by bisection
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "mailsim threshold [OPTIONS] --vary <PATH> --from <VALUE> --to <VALUE>\n       \
                      --when <CONDITION> <SCENARIO>",
    long_about = "Find from which length, number or size on something holds: 'from which length of the \
                  outage on is more than 1 % of the mail lost?'\n\n\
                  The scenario is run with values between --from and --to, several replications of \
                  each; all values share their random numbers. The first value at which the mean of \
                  the figure is beyond the bound is found by bisection, with an interval: below its \
                  lower end it surely is not, from its upper end on it surely is."
)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    /// What is varied, a path as for --set; several are set alike (repeatable)
    #[arg(long, value_name = "PATH", required = true)]
    vary: Vec<KeyPath>,

    /// Least value: a time, a size, or a number
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    from: String,

    /// Greatest value
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    to: String,

    /// Values looked at lie so far apart [default: about a hundredth of the way]
    #[arg(long, value_name = "VALUE")]
    step: Option<String>,

    /// What is to hold: a figure, >, >=, < or <=, and a bound, as 'failed_share > 1%'
    #[arg(long, value_name = "CONDITION")]
    when: String,

    /// How often each value is run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        value_parser = clap::value_parser!(u64).range(2..=1_000_000)
    )]
    replications: u64,

    /// Mail submitted before this time does not count [default: 0]
    #[arg(long, value_name = "T")]
    warm_up: Option<SimDuration>,

    /// Runs made at the same time [default: as many as processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// What standard output gets [default: text]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    format: Format,

    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  mailsim threshold outage.toml --vary outage.0.for --from 1h --to 8d \\
    --when 'failed_share > 1%'
  mailsim threshold site.toml --vary 'host.\"mx.example\".capacity.sessions' \\
    --from 1 --to 50 --when 'outages.0.drain_s < 1h'";

/// What standard output gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The answer in words, and every value that was looked at.
    #[default]
    Text,
    /// A row for each value that was looked at.
    Csv,
    /// The answer and every value that was looked at.
    Json,
}

/// Confidence of intervals.
const CONFIDENCE: f64 = 0.95;

/// Runs the command.
pub(super) fn threshold(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let grid = Grid::of(arguments)?;
    let condition = Condition::of(&arguments.when)?;
    let interrupt = Interrupt::listen(None);
    let values = |point: u64| -> Result<Vec<f64>, CommandError> {
        let study = study(arguments, &condition, &grid.text(point))?;
        values(&study, arguments, &condition, (&grid.text(point), &interrupt))
    };
    let limits = (condition.beyond, condition.bound);
    let found = find_threshold(grid.last, limits, CONFIDENCE, values)?;
    let answer = Answer { arguments, grid: &grid, condition: &condition, found: &found };
    terminal.data(&match arguments.format {
        Format::Text => answer.text(),
        Format::Csv => answer.csv(),
        Format::Json => format!("{:#}\n", answer.json()),
    })?;
    Ok(ExitStatus::Success)
}

/// Returns the scenario with one value of what is varied, as a study of one combination.
fn study(arguments: &Arguments, condition: &Condition, value: &str) -> Result<Study, CommandError> {
    let mut changes = arguments.changes.0.clone();
    let varied = arguments.vary.iter();
    for path in varied {
        let change = Override::set(&format!("{path}={value}"));
        changes.push(change.map_err(|error| CommandError::Usage(error.to_string()))?);
    }
    let loaded = input::read_with(&arguments.scenario, &changes, load_variant)?.loaded;
    let variant = Variant {
        name: loaded.scenario.name.clone(),
        file: String::new(),
        changes: Vec::new(),
        loaded,
    };
    let how = Comparison {
        name: String::new(),
        replications: arguments.replications,
        confidence: CONFIDENCE,
        warm_up: arguments.warm_up.unwrap_or_default(),
        figures: vec![condition.figure.clone()],
    };
    compare_study(vec![variant], &how).map_err(CommandError::Usage)
}

/// Runs all replications of a value; returns the figure of each, in their order.
fn values(
    study: &Study,
    arguments: &Arguments,
    condition: &Condition,
    (value, interrupt): (&str, &Interrupt),
) -> Result<Vec<f64>, CommandError> {
    let plan = Plan::new(study);
    let tasks: Vec<Task> = plan.tasks(arguments.replications).collect();
    let found: Mutex<BTreeMap<u64, Option<f64>>> = Mutex::default();
    let finished = |task: &Task, row: crate::study::RunRow| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(task.replication, row.figures.first().copied().flatten());
        Ok(())
    };
    let endless = |Endless { told, .. }| CommandError::Endless(told);
    let no_threads = |cause| CommandError::Usage(format!("no threads for the runs: {cause}"));
    let threads = arguments.threads.map(usize::from);
    let ended = run_all(&plan, &tasks, threads, interrupt.flag(), &finished, &endless, no_threads)?;
    if ended == Ended::Stopped {
        return Err(CommandError::SearchInterrupted);
    }
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let known: Vec<f64> = found.values().copied().flatten().collect();
    if known.len() < found.len() {
        return Err(CommandError::Usage(format!(
            "`{}` has no value in {} of {} runs where {} is {value}: it did not happen there; ask for \
             one that every run has, such as failed_share or submission_to_delivery.within.1h",
            condition.figure,
            found.len() - known.len(),
            found.len(),
            arguments.vary[0],
        )));
    }
    Ok(known)
}

/// What is to hold.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    figure: String,
    unit: Unit,
    beyond: Beyond,
    bound: f64,
}

impl Condition {
    fn of(text: &str) -> Result<Self, CommandError> {
        let wrong = |why: String| {
            CommandError::Usage(format!(
                "{why}; write --when 'failed_share > 1%', with >, >=, < or <="
            ))
        };
        let at =
            text.rfind(['>', '<']).ok_or_else(|| wrong(format!("{text:?} compares nothing")))?;
        let (figure, rest) = (text[..at].trim().to_owned(), &text[at + 1..]);
        let (beyond, bound) = match (text[at..].starts_with('>'), rest.strip_prefix('=')) {
            (true, None) => (Beyond::Above, rest),
            (true, Some(bound)) => (Beyond::AtLeast, bound),
            (false, None) => (Beyond::Below, rest),
            (false, Some(bound)) => (Beyond::AtMost, bound),
        };
        let bound = bound.trim();
        if figure.is_empty() || bound.is_empty() {
            return Err(wrong(format!("{text:?} lacks a figure or a bound")));
        }
        let unit = Unit::of_figure(&figure);
        let bound = unit.read(bound).ok_or_else(|| {
            wrong(format!("`{figure}` is counted in {}, and {bound:?} is not", unit.as_str()))
        })?;
        Ok(Self { figure, unit, beyond, bound })
    }

    fn sign(&self) -> &'static str {
        match self.beyond {
            Beyond::Above => ">",
            Beyond::AtLeast => ">=",
            Beyond::Below => "<",
            Beyond::AtMost => "<=",
        }
    }

    fn told_bound(&self) -> String {
        maybe(Some(self.bound), self.unit.as_str())
    }

    fn told(&self) -> String {
        format!("{} {} {}", self.figure, self.sign(), self.told_bound())
    }
}

/// The values that may be looked at.
#[derive(Debug, Clone, PartialEq)]
struct Grid {
    unit: String,
    from: f64,
    to: f64,
    step: f64,
    /// Number of the last point.
    last: u64,
}

impl Grid {
    fn of(arguments: &Arguments) -> Result<Self, CommandError> {
        let texts = [Some(&arguments.from), Some(&arguments.to), arguments.step.as_ref()];
        let texts: Vec<String> = texts.into_iter().flatten().cloned().collect();
        let usage = |why: String| CommandError::Usage(why);
        let quantity = Quantity::of(&texts)
            .filter(|it| matches!(it.unit.as_str(), "s" | "number" | "octets"))
            .ok_or_else(|| {
                usage(format!(
                    "{} are not times, sizes or numbers, all alike; write --from 1h --to 8d, or --from 1 \
                     --to 50",
                    texts.join(", ")
                ))
            })?;
        let (from, to) = (quantity.values[0], quantity.values[1]);
        if from >= to {
            return Err(usage(format!(
                "there is nothing between {} and {}: --from is the smaller of the two",
                arguments.from, arguments.to
            )));
        }
        let whole = quantity.unit != "number" || (from.fract() == 0.0 && to.fract() == 0.0);
        let step = match quantity.values.get(2) {
            Some(&step) if step > 0.0 => step,
            Some(_) => return Err(usage("a step is more than nothing".to_owned())),
            None => pleasant_step((to - from) / 100.0, &quantity.unit, whole),
        };
        let last = ((to - from) / step - 1e-9).ceil();
        if last > 1e9 {
            return Err(usage("a step so small makes more than 10^9 values".to_owned()));
        }
        Ok(Self { unit: quantity.unit, from, to, step, last: last as u64 })
    }

    fn value(&self, point: u64) -> f64 {
        (self.from + self.step * point as f64).min(self.to)
    }

    /// Returns a value as it is set in the scenario.
    fn text(&self, point: u64) -> String {
        let value = self.value(point);
        match self.unit.as_str() {
            "s" => SimDuration::from_secs_f64(value).exact().to_string(),
            "octets" => format!("{}B", value.round()),
            _ => value.to_string(),
        }
    }

    /// Returns a value for people.
    fn told(&self, point: u64) -> String {
        self.span(self.value(point))
    }

    fn span(&self, value: f64) -> String {
        match self.unit.as_str() {
            "s" => maybe(Some(value), "s"),
            "octets" => Octets(value.round() as u64).to_string(),
            _ => value.to_string(),
        }
    }
}

/// Returns a step near `least` that people would choose.
fn pleasant_step(least: f64, unit: &str, whole: bool) -> f64 {
    const TIMES: [f64; 15] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
        7_200.0, 21_600.0,
    ];
    if unit == "s" && least >= 1.0 {
        let below = TIMES.into_iter().rev().find(|&step| step <= least);
        return below.unwrap_or(1.0).max(if least > 86_400.0 { 86_400.0 } else { 0.0 });
    }
    let decade = libm::pow(10.0, libm::floor(libm::log10(least)));
    let leading = [5.0, 2.0, 1.0].into_iter().find(|leading| leading * decade <= least);
    let step = leading.unwrap_or(1.0) * decade;
    if whole && unit != "s" { step.max(1.0).round() } else { step }
}

/// What was found, to be told.
struct Answer<'a> {
    arguments: &'a Arguments,
    grid: &'a Grid,
    condition: &'a Condition,
    found: &'a Threshold,
}

impl Answer<'_> {
    fn text(&self) -> String {
        let Self { arguments, grid, condition, found } = self;
        let path = &arguments.vary[0];
        let mut text = format!("From which {path} on is {}?\n\n", condition.told());
        text.push_str(&match found.first {
            None => format!("  At none up to {}.\n", grid.told(grid.last)),
            Some(0) => format!("  At {} already, the least that was looked at.\n", grid.told(0)),
            Some(first) => format!("  From {} on.\n", grid.told(first)),
        });
        let low = match found.surely_not {
            None => format!("less than {}", grid.told(0)),
            Some(point) => grid.told(point),
        };
        let high = match found.surely {
            None => format!("beyond {}", grid.told(grid.last)),
            Some(point) => grid.told(point),
        };
        text.push_str(&format!(
            "  Interval of {:.0} %: from {low} to {high}, in steps of {}; {} replications.\n",
            CONFIDENCE * 100.0,
            grid.span(grid.step),
            arguments.replications
        ));
        if found.wavers {
            text.push_str(
                "  The figure does not grow, or fall, all along: between the values below it may be beyond \
                 the\n  bound elsewhere too.\n",
            );
        }
        text.push('\n');
        let unit = condition.unit.as_str();
        let holds = format!("{} {}", condition.sign(), condition.told_bound());
        let heads = [path.to_string(), "mean".into(), "from".into(), "to".into(), holds];
        let mut rows = vec![heads.to_vec()];
        for (&point, one) in &found.seen {
            let interval = one.interval;
            let beyond = |value: f64| condition.beyond.holds(value, condition.bound);
            let word = match interval {
                Some(Interval { low, high }) if beyond(low) && beyond(high) => "yes",
                Some(Interval { low, high }) if !beyond(low) && !beyond(high) => "no",
                _ if one.mean.is_some_and(beyond) => "likely",
                _ => "hardly",
            };
            rows.push(vec![
                grid.told(point),
                maybe(one.mean, unit),
                maybe(interval.map(|it| it.low.max(0.0)), unit),
                maybe(interval.map(|it| it.high), unit),
                word.to_owned(),
            ]);
        }
        let table = columns(&rows, &[1, 2, 3]);
        text.extend(table.lines().map(|line| format!("  {line}\n")));
        text
    }

    fn csv(&self) -> String {
        let mut text =
            "value,unit,figure,figure_unit,n,mean,ci_low,ci_high,confidence\n".to_owned();
        let cell =
            |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.9}"));
        for (&point, one) in &self.found.seen {
            text.push_str(&format!(
                "{},{},\"{}\",{},{},{},{},{},{CONFIDENCE}\n",
                self.grid.value(point),
                self.grid.unit,
                self.condition.figure.replace('"', "\"\""),
                self.condition.unit.as_str(),
                one.n,
                cell(one.mean),
                cell(one.interval.map(|it| it.low)),
                cell(one.interval.map(|it| it.high)),
            ));
        }
        text
    }

    fn json(&self) -> Value {
        let value = |point: Option<u64>| point.map(|point| self.grid.value(point));
        let seen = self
            .found
            .seen
            .iter()
            .map(|(&point, one)| json!({ "value": self.grid.value(point), "estimate": one }));
        let paths: Vec<String> = self.arguments.vary.iter().map(ToString::to_string).collect();
        json!({
            "varied": paths,
            "unit": self.grid.unit,
            "figure": self.condition.figure,
            "beyond": self.condition.sign(),
            "bound": self.condition.bound,
            "confidence": CONFIDENCE,
            "replications": self.arguments.replications,
            "step": self.grid.step,
            "threshold": value(self.found.first),
            "surely_not_up_to": value(self.found.surely_not),
            "surely_from": value(self.found.surely),
            "wavers": self.found.wavers,
            "seen": seen.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_in_the_unit_of_their_figure() {
        let of = |text: &str| Condition::of(text).ok().map(|it| (it.figure, it.beyond, it.bound));
        let found = |figure: &str, beyond, bound| Some((figure.to_owned(), beyond, bound));
        assert_eq!(of("failed_share > 1%"), found("failed_share", Beyond::Above, 0.01));
        assert_eq!(of("failed_share>=0.01"), found("failed_share", Beyond::AtLeast, 0.01));
        assert_eq!(of("mail.failed <= 7"), found("mail.failed", Beyond::AtMost, 7.0));
        let delay = "submission_to_delivery.p95";
        assert_eq!(of("submission_to_delivery.p95 < 3h"), found(delay, Beyond::Below, 10_800.0));
        assert_eq!(of("mail.failed > 7"), found("mail.failed", Beyond::Above, 7.0));
        for wrong in
            ["failed_share", "> 1%", "failed_share > ", "failed_share > 3h", "mail.failed > 3h"]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn steps_are_those_that_people_choose() {
        assert_eq!(pleasant_step(6_840.0, "s", true), 3_600.0);
        assert_eq!(pleasant_step(36.0, "s", true), 30.0);
        assert_eq!(pleasant_step(0.036, "s", true), 0.02);
        assert_eq!(pleasant_step(0.49, "number", true), 1.0);
        assert_eq!(pleasant_step(7.0, "number", true), 5.0);
        assert_eq!(pleasant_step(0.049, "number", false), 0.02);
    }
}
