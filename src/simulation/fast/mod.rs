//! What is there for speed alone: answers remembered, and what is asked often laid side by side.
//!
//! The room holds no rule. What it remembers is found out anew in debug builds and compared; switched off
//! ([`crate::simulation::Simulation::without_shortcuts`]) a run states the same facts, later, and a test
//! says so (`tests/scenarios.rs`, `tests/networks`). [`setup`] and [`sparse`] are only how things lie in memory: there
//! is nothing to switch.

pub(crate) mod calm_lines;
pub(crate) mod prefetch;
pub(crate) mod setup;
pub(crate) mod sole_targets;
pub(crate) mod sparse;
pub(crate) mod undisturbed;

use crate::mail::HostId;
use crate::model::{Host, Scenario};

use crate::simulation::world::faults::Faults;
use calm_lines::Calm;
use sole_targets::SoleTargets;
use undisturbed::Undisturbed;

/// All that a run remembers for speed.
#[derive(Debug)]
pub(crate) struct Fast {
    /// Whether any of it is used.
    pub(crate) on: bool,
    pub(crate) sole_targets: SoleTargets,
    calm: Calm,
    undisturbed: Undisturbed,
}

impl Fast {
    /// Remembers nothing yet, and never will unless it is `on`.
    pub(crate) fn new(on: bool, scenario: &Scenario, faults: &Faults) -> Self {
        Self {
            on,
            sole_targets: SoleTargets::new(scenario.hosts.len()),
            calm: Calm::new(scenario.addresses.len(), scenario.hosts.len()),
            undisturbed: Undisturbed::new(scenario, faults),
        }
    }

    /// A host has got other settings.
    pub(crate) fn configure(&mut self, host: HostId, config: &Host, faults: &Faults) {
        self.sole_targets.forget(host);
        self.undisturbed.configure(host, config, faults);
    }
}
