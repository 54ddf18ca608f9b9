//! `mailsim figures`: what figures there are, and their values in a run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::measure::{
    AskedFigure, Directory, FigureDescription, MailFigure, MailRows, Part, PartError, Recorder,
    Selector, Summary, Unit, Window, catalogue, statistics_in_words,
};
use crate::report::KeptRun;
use crate::simulation::{Simulation, conclude, mail_sink, run_frame};
use crate::units::SimDuration;

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::paragraph::paragraph;
use super::status::ExitStatus;
use super::table::columns;
use super::terminal::Terminal;

/// List figures by name, or compute them of a run
///
/// Without a result folder or scenario: every figure whose name or meaning holds PATTERN. With one: the
/// figures named after it, of the whole mail or of a part of it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A pattern; or a result folder or scenario, then names of figures
    #[arg(value_name = "PATTERN | DIR | SCENARIO FIGURE")]
    words: Vec<String>,

    /// A row for each value of from, to, entry, host, via or kind; several joined by commas
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    by: Vec<String>,

    /// What standard output gets [default: text]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    format: Format,

    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  mailsim figures notice
  mailsim figures output/outage delivered_share submission_to_delivery.p99.9
  mailsim figures output/outage 'to:big.example&during:outage.0/failed_share'
  mailsim figures outage.toml submission_to_delivery.p95 --by from,to

A part of the mail stands before a figure: from:DOMAIN, to:DOMAIN, entry:NAME,
host:NAME, via:NAME, kind:KIND, during:OUTAGE or during:2h..6h, joined by &.";

/// What standard output gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table to read.
    #[default]
    Text,
    /// Comma-separated values with full digits.
    Csv,
    /// JSON.
    Json,
}

/// Runs the command.
pub(super) fn figures(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let place = arguments.words.first().map(PathBuf::from);
    match place.filter(|path| path.exists() || names_a_file(path)) {
        Some(place) => values(&place, arguments, terminal),
        None => list(arguments, terminal),
    }
}

fn names_a_file(path: &Path) -> bool {
    path == Path::new("-") || path.extension().is_some_and(|extension| extension == "toml")
}

fn list(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let pattern = arguments.words.join(" ").to_lowercase();
    // A whole name with a part, or with a number in it, finds its family.
    let figure = Part::split(&pattern).ok().map_or(pattern.as_str(), |(_, figure)| figure);
    let exact = MailFigure::of(figure);
    let wanted = |one: &FigureDescription| {
        one.name.to_lowercase().contains(&pattern)
            || one.meaning.to_lowercase().contains(&pattern)
            || (exact.is_some() && is_of_family(one, figure))
    };
    let found: Vec<FigureDescription> = catalogue().into_iter().filter(wanted).collect();
    if found.is_empty() {
        return Err(CommandError::Usage(format!(
            "no figure has {pattern:?} in its name or meaning, and there is no such file; `mailsim \
             figures` lists them all"
        )));
    }
    terminal.data(&match arguments.format {
        Format::Text => described(&found),
        Format::Csv => {
            let mut text = "figure,unit,of_parts,meaning\n".to_owned();
            for one in &found {
                let fields = [one.name, one.unit.as_str(), yes(one.of_parts), one.meaning];
                text.push_str(&csv_line(fields.iter().map(|field| (*field).to_owned())));
            }
            text
        }
        Format::Json => {
            let one = |one: &FigureDescription| {
                serde_json::json!({
                    "figure": one.name, "unit": one.unit.as_str(), "of_parts": one.of_parts,
                    "meaning": one.meaning,
                })
            };
            json(&found.iter().map(one).collect::<Vec<_>>())
        }
    })?;
    Ok(ExitStatus::Success)
}

fn is_of_family(one: &FigureDescription, figure: &str) -> bool {
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    first(one.name) == first(figure)
}

fn yes(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}

fn described(found: &[FigureDescription]) -> String {
    let mut text = String::new();
    for (of_parts, head) in [
        (
            true,
            "Of all mail, or of a part of it (PART/FIGURE, as in to:big.example/delivered_share):",
        ),
        (false, "Of the whole run:"),
    ] {
        let some: Vec<_> = found.iter().filter(|one| one.of_parts == of_parts).collect();
        if some.is_empty() {
            continue;
        }
        text.push_str(&format!("{head}\n"));
        for one in some {
            text.push_str(&format!("\n  {} [{}]\n", one.name, one.unit.as_str()));
            text.push_str(&paragraph(one.meaning, 6));
        }
        text.push('\n');
    }
    if found.iter().any(|one| one.name.contains("STATISTIC")) {
        text.push_str(&paragraph(statistics_in_words(), 0));
    }
    text
}

/// A run of which figures are taken.
struct Source {
    summary: Summary,
    rows: Option<MailRows>,
    directory: Directory,
    duration: SimDuration,
}

fn values(
    place: &Path,
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let names = &arguments.words[1..];
    if names.is_empty() && !arguments.by.is_empty() {
        let message = "--by needs a figure, such as submission_to_delivery.p95";
        return Err(CommandError::Usage(message.to_owned()));
    }
    let source = source(place, arguments, names)?;
    let table = if arguments.by.is_empty() {
        plain(&source, names)?
    } else {
        by(&source, names, &arguments.by)?
    };
    let text = table.told(arguments.format);
    match arguments.format {
        Format::Text => terminal.told(&text)?,
        _ => terminal.data(&text)?,
    }
    Ok(ExitStatus::Success)
}

fn source(place: &Path, arguments: &Arguments, names: &[String]) -> Result<Source, CommandError> {
    // What is asked is known once the names are read; a name that cannot be read is told below.
    let of_mail = |name: &String| {
        let figure = Part::split(name).ok().map(|(_, figure)| figure);
        figure.and_then(MailFigure::of).is_some_and(MailFigure::needs_attempts)
            || name.contains("kind:")
    };
    let attempts = names.iter().any(of_mail);
    if place.is_dir() {
        let KeptRun { summary, rows, directory, duration, .. } = KeptRun::read(place, attempts)?;
        return Ok(Source { summary, rows: Some(rows), directory, duration });
    }
    let input = input::read(place, &arguments.changes.0)?;
    let scenario = &input.loaded.scenario;
    if names.is_empty() {
        let simulation = Simulation::new(scenario);
        let outcome = simulation.outcome();
        CommandError::if_endless(&outcome.totals, scenario)?;
        let directory = scenario.directory();
        let duration = scenario.duration;
        return Ok(Source { summary: outcome.summary, rows: None, directory, duration });
    }
    let everything = AskedFigure::Mail {
        part: Part::default(),
        figure: MailFigure::FirstTryDeferred,
        name: String::new(),
    };
    let sink = mail_sink(scenario, &[everything], Window::default());
    let mut recorder = Recorder::new(sink);
    let totals = Simulation::new(scenario).run(&mut recorder);
    CommandError::if_endless(&totals, scenario)?;
    let frame = run_frame(scenario, scenario.duration);
    let (mut summary, sink) = recorder.finish(scenario, &frame);
    conclude(&mut summary, scenario, &[], None, scenario.duration);
    Ok(Source {
        summary,
        rows: sink.map(crate::measure::MailSink::into_rows),
        directory: scenario.directory(),
        duration: scenario.duration,
    })
}

/// Values in rows and columns.
struct Values {
    /// Names of the first columns, which say what a row is of.
    keys: Vec<String>,
    /// Names and units of the others.
    figures: Vec<(String, Unit)>,
    rows: Vec<(Vec<String>, Vec<Option<f64>>)>,
}

fn wrong(name: &str, error: &PartError) -> CommandError {
    let help = if error.help.is_empty() { String::new() } else { format!("; {}", error.help) };
    CommandError::Usage(format!("{name}: {}{help}", error.message))
}

fn plain(source: &Source, names: &[String]) -> Result<Values, CommandError> {
    let figures = source.summary.figures();
    let known: BTreeSet<String> = figures.iter().map(|(name, _)| name.clone()).collect();
    let mut rows = Vec::new();
    if names.is_empty() {
        for (name, value) in figures.into_iter().chain(source.summary.figures.clone()) {
            let unit = Unit::of_figure(&name);
            rows.push((vec![name, unit.as_str().to_owned()], vec![value]));
        }
    }
    for name in names {
        let asked = AskedFigure::of(name, &known).map_err(|error| unknown(name, &error, &known))?;
        let value = match (&asked, &source.rows) {
            (AskedFigure::Mail { part, figure, .. }, Some(rows)) => {
                source.directory.check(part).map_err(|error| wrong(name, &error))?;
                let part = rows.part(part, &source.directory, source.duration);
                part.map_err(|error| wrong(name, &error))?.value(*figure)
            }
            _ => source.summary.figure(name),
        };
        rows.push((vec![name.clone(), asked.unit().as_str().to_owned()], vec![value]));
    }
    let keys = vec!["figure".to_owned(), "unit".to_owned()];
    Ok(Values { keys, figures: vec![("value".to_owned(), Unit::Number)], rows })
}

fn unknown(name: &str, error: &PartError, known: &BTreeSet<String>) -> CommandError {
    let mut names: Vec<String> = known.iter().cloned().collect();
    names.extend(catalogue().into_iter().map(|one| one.example.to_owned()));
    match crate::measure::figure_meant(name, &names) {
        Some(near) if error.help.is_empty() => {
            CommandError::Usage(format!("{name}: {}; did you mean {near}?", error.message))
        }
        _ => wrong(name, error),
    }
}

fn by(source: &Source, names: &[String], words: &[String]) -> Result<Values, CommandError> {
    let Some(rows) = &source.rows else {
        return Err(CommandError::Usage("--by needs the rows of a run".to_owned()));
    };
    let mut asked = Vec::new();
    for name in names {
        let (part, rest) = Part::split(name).map_err(|error| wrong(name, &error))?;
        source.directory.check(&part).map_err(|error| wrong(name, &error))?;
        let figure = MailFigure::of(rest).ok_or_else(|| {
            CommandError::Usage(format!(
                "{name} is no figure of mail that --by could divide; `mailsim figures` tells which are"
            ))
        })?;
        asked.push((part, figure));
    }
    let mut table = Values {
        keys: words.to_vec(),
        figures: std::iter::once(("recipients".to_owned(), Unit::Number))
            .chain(
                names.iter().zip(&asked).map(|(name, (_, figure))| (name.clone(), figure.unit())),
            )
            .collect(),
        rows: Vec::new(),
    };
    let mut base = asked.first().map(|(part, _)| part.clone()).unwrap_or_default();
    if words.iter().any(|word| word == "kind") && !base.0.iter().any(is_kind) {
        base = base.and(Selector::Kind(crate::measure::KindWord::Any));
    }
    let mut parts = vec![(Vec::new(), Part::default())];
    for word in words {
        Selector::new(word, "any".to_owned()).map_err(|error| wrong("--by", &error))?;
        if word == "during" {
            let message = "--by during is not possible: name the windows, as in during:outage.0/…";
            return Err(CommandError::Usage(message.to_owned()));
        }
        let whole = rows.part(&base, &source.directory, source.duration);
        let found =
            whole.map_err(|error| wrong("--by", &error))?.values_of(word, &source.directory);
        let mut longer = Vec::new();
        for (values, part) in &parts {
            for value in &found {
                let selector = Selector::new(word, value.clone());
                let selector = selector.map_err(|error| wrong("--by", &error))?;
                let mut values: Vec<String> = values.clone();
                values.push(value.clone());
                longer.push((values, part.and(selector)));
            }
        }
        parts = longer;
    }
    for (values, divided) in parts {
        let mut row = Vec::new();
        let mut recipients = 0;
        for (part, figure) in &asked {
            let kinds_given = divided.0.iter().any(is_kind);
            let kept = part.0.iter().filter(|selector| !(kinds_given && is_kind(selector)));
            let both = Part(kept.chain(&divided.0).cloned().collect());
            let part = rows.part(&both, &source.directory, source.duration);
            let part = part.map_err(|error| wrong("--by", &error))?;
            recipients = recipients.max(part.len());
            row.push(part.value(*figure));
        }
        if recipients > 0 {
            row.insert(0, Some(recipients as f64));
            table.rows.push((values, row));
        }
    }
    Ok(table)
}

fn is_kind(selector: &Selector) -> bool {
    matches!(selector, Selector::Kind(_))
}

impl Values {
    fn told(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Csv => {
                let heads = self.figures.iter().map(|(name, _)| name.clone());
                let mut text = csv_line(self.keys.iter().cloned().chain(heads));
                for (keys, values) in &self.rows {
                    let values = values.iter().map(|value| value.map_or_else(String::new, digits));
                    text.push_str(&csv_line(keys.iter().cloned().chain(values)));
                }
                text
            }
            Format::Json => {
                let row = |(keys, values): &(Vec<String>, Vec<Option<f64>>)| {
                    let keys =
                        self.keys.iter().cloned().zip(keys.iter().map(|key| key.clone().into()));
                    let names = self.figures.iter().map(|(name, _)| name.clone());
                    let values = values.iter().map(|value| serde_json::json!(value));
                    keys.chain(names.zip(values)).collect::<serde_json::Map<_, _>>()
                };
                json(&self.rows.iter().map(row).collect::<Vec<_>>())
            }
        }
    }

    fn text(&self) -> String {
        let units = self.keys.iter().position(|key| key == "unit");
        let mut rows = Vec::new();
        if units.is_none() {
            let heads = self.figures.iter().map(|(name, _)| name.clone());
            rows.push(self.keys.iter().cloned().chain(heads).collect());
        }
        for (keys, values) in &self.rows {
            let cells = values.iter().zip(&self.figures).map(|(value, (_, unit))| {
                let unit = match units {
                    Some(_) => Unit::of_figure(&keys[0]),
                    None => *unit,
                };
                value.map_or_else(|| "-".to_owned(), |value| unit.told(value))
            });
            let keys = keys.iter().enumerate().filter(|(place, _)| Some(*place) != units);
            rows.push(keys.map(|(_, key)| key.clone()).chain(cells).collect());
        }
        let first = self.keys.len() - usize::from(units.is_some());
        let right: Vec<usize> = (first..first + self.figures.len()).collect();
        columns(&rows, &right)
    }
}

/// Returns a number with its digits, never in scientific notation.
fn digits(value: f64) -> String {
    value.to_string()
}

fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let quoted = fields.map(|field| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field
        }
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
