//! A run with its figures: what most callers want.

use std::collections::BTreeMap;

use crate::measure::{
    AskedFigure, Bound, MailSink, ProfileEvidence, Recorder, RunFrame, Summary, Window,
};
use crate::model::{Expectation, Scenario};
use crate::profiles;
use crate::units::SimDuration;

use super::{RunTotals, Simulation};

/// A finished run: its figures, and what the engine counted.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The figures, with a verdict on each expectation of the scenario.
    pub summary: Summary,
    /// Events and ledger.
    pub totals: RunTotals,
}

impl Simulation<'_> {
    /// Runs to the end and returns the figures; no rows are kept.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let asked = self.scenario.asked_figures();
        let mut recorder = Recorder::new(mail_sink(self.scenario, &asked, Window::default()));
        let totals = self.run(&mut recorder);
        let frame = run_frame(self.scenario, self.until.since_start());
        let (mut summary, mail) = recorder.finish(self.scenario, &frame);
        conclude(&mut summary, self.scenario, &asked, mail, self.until.since_start());
        Outcome { summary, totals }
    }
}

/// Returns what a summary says of a run of `scenario` beside its facts.
#[must_use]
pub fn run_frame(scenario: &Scenario, duration: SimDuration) -> RunFrame {
    RunFrame {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        seed: scenario.seed,
        duration,
        replications: 1,
        profiles: evidence(scenario),
    }
}

/// Returns what keeps the rows of a run of `scenario`, if one of these figures is computed of them; mail
/// submitted within `window` counts.
#[must_use]
pub fn mail_sink<'n>(
    scenario: &'n Scenario,
    asked: &[AskedFigure],
    window: Window,
) -> Option<MailSink<'n>> {
    let of_mail = |figure: &AskedFigure| matches!(figure, AskedFigure::Mail { .. });
    let attempts = asked.iter().any(AskedFigure::needs_attempts);
    asked.iter().any(of_mail).then(|| MailSink::new(scenario, window, attempts))
}

/// Returns the figures that were computed of a run's rows, by their names.
#[must_use]
pub fn mail_figures(
    scenario: &Scenario,
    asked: &[AskedFigure],
    mail: Option<MailSink<'_>>,
    duration: SimDuration,
) -> BTreeMap<String, Option<f64>> {
    let rows = mail.map(MailSink::into_rows);
    // What a part speaks of was looked up when it was read.
    rows.and_then(|rows| rows.values(asked, &scenario.directory(), duration).ok())
        .unwrap_or_default()
}

/// Completes a summary: with the figures that were asked for, and with a verdict on each expectation.
pub fn conclude(
    summary: &mut Summary,
    scenario: &Scenario,
    asked: &[AskedFigure],
    mail: Option<MailSink<'_>>,
    duration: SimDuration,
) {
    summary.figures = mail_figures(scenario, asked, mail, duration);
    summary.expectations = summary.check(&bounds(&scenario.expectations));
}

/// Returns the expectations of a scenario in the words of those who measure.
#[must_use]
pub fn bounds(expectations: &[Expectation]) -> Vec<Bound> {
    let bound = |expected: &Expectation| Bound {
        figure: expected.figure.clone(),
        at_least: expected.at_least,
        at_most: expected.at_most,
        equals: expected.equals,
    };
    expectations.iter().map(bound).collect()
}

/// Returns the MTA profiles of the scenario's hosts and what they rest on. Hosts without a mail
/// server have none.
fn evidence(scenario: &Scenario) -> Vec<ProfileEvidence> {
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for host in &scenario.hosts {
        *hosts.entry(host.profile.as_str()).or_insert(0) += 1;
    }
    let without = profiles::none();
    let used = hosts.into_iter().filter(|(name, _)| *name != without.name);
    used.map(|(name, hosts)| {
        let profile = profiles::find(name);
        ProfileEvidence {
            profile: name.to_owned(),
            version: profile.as_ref().map_or("", |profile| profile.version).to_owned(),
            evidence: profile.map_or("", |profile| profile.evidence.as_str()).to_owned(),
            hosts,
        }
    })
    .collect()
}
