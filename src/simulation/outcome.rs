//! A run with its figures: what most callers want.

use std::collections::BTreeMap;

use crate::measure::{Bound, ProfileEvidence, Recorder, RunFrame, Summary};
use crate::scenario::{Expectation, Scenario, profiles};
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
        let mut recorder = Recorder::new(());
        let totals = self.run(&mut recorder);
        let frame = run_frame(self.scenario, self.until.since_start());
        let (mut summary, ()) = recorder.finish(self.scenario, &frame);
        summary.expectations = summary.check(&bounds(&self.scenario.expectations));
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
