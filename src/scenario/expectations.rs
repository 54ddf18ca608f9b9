//! Bounds on figures: what a scenario expects of its own result.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::model::{Expectation, Scenario};
use super::problem::ProblemKind;
use super::reader::{Checker, Field, Remark};
use super::tree::Place;
use crate::measure::{figure_names, likely_names};

/// Reads the entries of `[[expect]]`; `scenario` is the rest of the scenario, which decides what
/// figures there are.
pub(super) fn read_expectations(
    checker: &Checker,
    entries: &[Field<'_>],
    scenario: &Scenario,
) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    let names = OnceCell::new();
    for field in entries {
        let Some(section) = field.section() else {
            continue;
        };
        let number = |key: &str| section.field(key).and_then(|field| field.number());
        let bounds = ["at_least", "at_most", "equals"];
        if !bounds.iter().any(|bound| section.has(bound)) {
            let remark = Remark::new("nothing is expected of the figure")
                .accepted("`at_least`, `at_most` or `equals`")
                .help("add at_least = 0.99");
            section.error(ProblemKind::Missing, remark);
        }
        let (at_least, at_most) = (number("at_least"), number("at_most"));
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
        let figure = section.field("figure").and_then(|field| field.text().map(str::to_owned));
        let Some(figure) = figure else { continue };
        let names = names.get_or_init(|| FigureNames::of(scenario));
        if let Some(remark) = names.unknown(&figure) {
            // A bound on a figure that no summary has is refused before the run, not after it.
            section.error_at("figure", ProblemKind::UnknownName, remark);
        }
        let equals = number("equals");
        expectations.push(Expectation { figure, at_least, at_most, equals, line });
    }
    expectations
}

/// The figures that a run of a scenario can have.
#[derive(Debug)]
pub(super) struct FigureNames {
    /// In the order of the summary.
    list: Vec<String>,
    known: BTreeSet<String>,
}

impl FigureNames {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let domains: Vec<&str> = scenario.domains.iter().map(|one| one.name.as_str()).collect();
        let hosts: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
        // How many outages there are may be left to chance, and how many hops too.
        let outages = usize::from(!scenario.outages.is_empty());
        let list = figure_names(&domains, &hosts, outages);
        Self { known: list.iter().cloned().collect(), list }
    }

    /// Returns what to say of a figure that there cannot be.
    pub(super) fn unknown(&self, figure: &str) -> Option<Remark> {
        let wanted = of_first_outage(figure);
        if self.known.contains(&wanted) || is_hop_count(figure) {
            return None;
        }
        let likely = likely_names(&wanted, &self.list);
        let help = match likely.first() {
            Some(name) => format!("did you mean `{name}`?"),
            None => "run without it and look into summary.json: a figure is named by its keys, \
                     joined by dots"
                .to_owned(),
        };
        let remark = Remark::new(format!("there is no figure `{figure}`")).accepted(
            "a figure of summary.json, such as delivered_share, submission_to_delivery.p95 or \
             hosts.\"mx1.example.org\".peak_queue",
        );
        Some(remark.help(help))
    }
}

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
