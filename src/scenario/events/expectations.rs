//! Bounds on figures: what a scenario expects of its own result; and the figures that it asks for.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::measure::{AskedFigure, Directory, PartError, Unit, figure_meant, figure_names};
use crate::model::{Expectation, Scenario};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Checker, Field, Remark, Section};
use crate::scenario::text::tree::Place;
use crate::units::{EventRate, Octets, SimDuration};

/// Reads the entries of `[[expect]]`; `names` are the figures that the scenario can have.
pub(crate) fn read_expectations(
    checker: &Checker,
    entries: &[Field<'_>],
    names: &LazyNames<'_>,
) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for field in entries {
        let Some(section) = field.section() else {
            continue;
        };
        let bounds = ["at_least", "at_most", "equals"];
        if !bounds.iter().any(|bound| section.has(bound)) {
            let remark = Remark::new("nothing is expected of the figure")
                .accepted("`at_least`, `at_most` or `equals`")
                .help("add at_least = 0.99");
            section.error(ProblemKind::Missing, remark);
        }
        let figure = section.field("figure").and_then(|field| field.text().map(str::to_owned));
        let Some(figure) = figure else { continue };
        let unit = Unit::of_figure(&figure);
        let bound = |key: &str| section.field(key).and_then(|field| bound(&field, unit));
        let (at_least, at_most, equals) = (bound("at_least"), bound("at_most"), bound("equals"));
        if let (Some(least), Some(most)) = (at_least, at_most)
            && least > most
        {
            let remark = Remark::new("no figure can be that: `at_least` is above `at_most`")
                .accepted("an `at_least` not above `at_most`")
                .help("swap the two");
            section.error_at("at_least", ProblemKind::Contradiction, remark);
        }
        let line = match &section.place {
            Place::File(span) => checker.line(span.start),
            Place::CommandLine(_) => 0,
        };
        match names.asked(&figure) {
            Ok(asked) => {
                expectations.push(Expectation { figure, asked, at_least, at_most, equals, line });
            }
            // A bound on a figure that no run has is refused before the run, not after it.
            Err(remark) => section.error_at("figure", ProblemKind::UnknownName, remark),
        }
    }
    expectations
}

/// Reads a bound: a number in the figure's own unit, or a text with a unit.
fn bound(field: &Field<'_>, unit: Unit) -> Option<f64> {
    if !field.is_text() {
        return field.number();
    }
    let text = field.text()?.trim();
    let per_cent =
        || text.strip_suffix('%')?.trim().parse::<f64>().ok().map(|number| number / 100.0);
    let (found, accepted, help) = match unit {
        Unit::Seconds => (
            text.parse::<SimDuration>().ok().map(SimDuration::as_secs_f64),
            "seconds, or a time such as \"3h\" or \"2m30s\"",
            "write \"3h\"",
        ),
        Unit::Share => (per_cent(), "a share such as 0.05, or \"5%\"", "write \"5%\" or 0.05"),
        Unit::Octets => (
            text.parse::<Octets>().ok().map(|size| size.get() as f64),
            "octets, or a size such as \"20kB\"",
            "write \"20kB\"",
        ),
        Unit::PerSecond => (
            text.parse::<EventRate>().ok().map(EventRate::per_second_f64),
            "a number for each second, or a rate such as \"30/min\"",
            "write \"30/min\"",
        ),
        Unit::Number => (None, "a number", "write it without quotes and unit"),
    };
    let found = found.filter(|number| number.is_finite());
    if found.is_none() {
        let remark =
            Remark::new(format!("found {text:?}, and the figure counts in {}", unit.as_str()));
        field.error(ProblemKind::BadValue, remark.accepted(accepted).help(help));
    }
    found
}

/// Reads `figures`: further figures that the summary shall hold.
pub(crate) fn read_figures(top: &Section<'_>, names: &LazyNames<'_>) -> Vec<AskedFigure> {
    let mut figures: Vec<AskedFigure> = Vec::new();
    for field in top.field("figures").map(|field| field.list()).unwrap_or_default() {
        let Some(text) = field.text() else { continue };
        match names.asked(text) {
            Ok(asked) if figures.contains(&asked) => {
                let remark = Remark::new(format!("`{text}` is asked for twice"))
                    .accepted("each figure once")
                    .help("remove one of the two");
                field.error(ProblemKind::Duplicate, remark);
            }
            Ok(asked) => figures.push(asked),
            Err(remark) => field.error(ProblemKind::UnknownName, remark),
        }
    }
    figures
}

/// The figures of a scenario, gathered when somebody asks.
pub(crate) struct LazyNames<'s> {
    scenario: &'s Scenario,
    all: OnceCell<FigureNames>,
    /// Those of no host and no domain: enough for most that are asked for, and few.
    of_the_run: OnceCell<FigureNames>,
}

impl<'s> LazyNames<'s> {
    pub(crate) fn of(scenario: &'s Scenario) -> Self {
        Self { scenario, all: OnceCell::new(), of_the_run: OnceCell::new() }
    }

    /// Returns the figure of a name, or what to say if there cannot be one.
    fn asked(&self, figure: &str) -> Result<AskedFigure, Remark> {
        let of_the_run =
            self.of_the_run.get_or_init(|| FigureNames::among(self.scenario, &[], &[]));
        of_the_run
            .asked(figure)
            .or_else(|_| self.all.get_or_init(|| FigureNames::of(self.scenario)).asked(figure))
    }
}

impl Scenario {
    /// Returns the names by which parts of its mail are spoken of.
    #[must_use]
    pub fn directory(&self) -> Directory {
        let mut outages: Vec<(String, u32)> = Vec::new();
        for outage in &self.outages {
            outages.push((outage.label.clone(), outage.entry));
        }
        Directory {
            entries: self.mail.iter().map(|entry| entry.name.clone()).collect(),
            outages,
            windows: self.windows.clone(),
            domains: self.domains.iter().map(|one| one.name.clone()).collect(),
            hosts: self.hosts.iter().map(|host| host.name.clone()).collect(),
        }
    }

    /// Returns the figures that the scenario itself asks for or expects something of.
    #[must_use]
    pub fn asked_figures(&self) -> Vec<AskedFigure> {
        let expected = self.expectations.iter().map(|expected| &expected.asked);
        self.figures.iter().chain(expected).cloned().collect()
    }

    /// Returns the figure of this name.
    ///
    /// # Errors
    /// In words, if a run of the scenario cannot have it, with what may have been meant.
    pub fn figure_of(&self, name: &str) -> Result<AskedFigure, PartError> {
        let known = FigureNames::of(self);
        known.asked(name).map_err(|remark| PartError { message: remark.message, help: remark.help })
    }
}

/// The figures that a run of a scenario can have.
#[derive(Debug)]
pub(crate) struct FigureNames {
    /// In the order of the summary.
    list: Vec<String>,
    known: BTreeSet<String>,
    directory: Directory,
}

impl FigureNames {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let domains: Vec<&str> = scenario.domains.iter().map(|one| one.name.as_str()).collect();
        let hosts: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
        Self::among(scenario, &domains, &hosts)
    }

    /// Returns those of the run, and of these domains and hosts.
    fn among(scenario: &Scenario, domains: &[&str], hosts: &[&str]) -> Self {
        // How many outages there are may be left to chance, and how many hops too.
        let outages = usize::from(!scenario.outages.is_empty());
        let list = figure_names(domains, hosts, outages);
        Self { known: list.iter().cloned().collect(), list, directory: scenario.directory() }
    }

    /// Returns the figure of a name, or what to say if there cannot be one.
    pub(crate) fn asked(&self, figure: &str) -> Result<AskedFigure, Remark> {
        if self.known.contains(&of_first_outage(figure)) || is_hop_count(figure) {
            return Ok(AskedFigure::Summary(figure.to_owned()));
        }
        let told =
            |error: PartError| Remark::new(error.message).accepted(ACCEPTED).help(error.help);
        match AskedFigure::of(figure, &self.known) {
            Ok(asked) => {
                if let AskedFigure::Mail { part, .. } = &asked {
                    self.directory.check(part).map_err(told)?;
                }
                Ok(asked)
            }
            Err(error) if error.help.is_empty() => Err(self.unknown(figure)),
            Err(error) => Err(told(error)),
        }
    }

    /// Returns what to say of a figure that there cannot be.
    fn unknown(&self, figure: &str) -> Remark {
        let wanted = of_first_outage(figure);
        let help = match figure_meant(&wanted, &self.list) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`mailsim figures` lists those that there are".to_owned(),
        };
        Remark::new(format!("there is no figure `{figure}`")).accepted(ACCEPTED).help(help)
    }
}

const ACCEPTED: &str = "a figure of summary.json, such as delivered_share, submission_to_delivery.p95 \
                        or hosts.\"mx1.example.org\".peak_queue, or one of a part of the mail, such as \
                        to:big.example/delivered_share";

/// Returns the figure of the first outage that is like `figure`, if it is one of an outage.
fn of_first_outage(figure: &str) -> String {
    let parts = figure.strip_prefix("outages.").and_then(|rest| rest.split_once('.'));
    match parts {
        Some((number, key)) if number.parse::<u32>().is_ok() => format!("outages.0.{key}"),
        _ => figure.to_owned(),
    }
}

/// `hops.counts.3` is there for each number of hops that happened.
fn is_hop_count(figure: &str) -> bool {
    figure.strip_prefix("hops.counts.").is_some_and(|number| number.parse::<u32>().is_ok())
}
