//! The parts into which a network falls when a link is cut: they are drawn beside each other, so that a
//! split is seen as one.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::HostId;
use crate::model::{OutageTarget, Scenario};

/// Fewest hosts of a part: one that is cut off alone is no part of a network.
const FEWEST: usize = 3;

/// Returns the parts of what is drawn, in order of their first host, each with its hosts at whose links
/// the cut is made; none: no outage of links splits it.
pub(super) fn parts(
    scenario: &Scenario,
    drawn: &[usize],
    links: &BTreeSet<(usize, usize)>,
) -> Vec<Part> {
    let outages: BTreeSet<u32> = scenario.outages.iter().map(|outage| outage.entry).collect();
    let found = outages.into_iter().map(|entry| {
        let cut = cut_by(scenario, entry);
        if cut.is_disjoint(links) {
            return Vec::new();
        }
        components(drawn, &links.difference(&cut).copied().collect())
            .into_iter()
            .map(|hosts| Part {
                ends: hosts
                    .iter()
                    .copied()
                    .filter(|host| cut.iter().any(|(a, b)| a == host || b == host))
                    .collect(),
                hosts,
            })
            .collect()
    });
    let splits = |parts: &Vec<Part>| {
        parts.len() == 2
            && parts.iter().all(|part| part.hosts.len() >= FEWEST && !part.ends.is_empty())
    };
    found.into_iter().find(splits).unwrap_or_default()
}

/// A part of a network that a cut leaves together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) hosts: Vec<usize>,
    /// Those of them at which the cut is made.
    pub(super) ends: Vec<usize>,
}

/// The links that an outage cuts, the smaller position first.
fn cut_by(scenario: &Scenario, entry: u32) -> BTreeSet<(usize, usize)> {
    let outages = scenario.outages.iter().filter(|outage| outage.entry == entry);
    let links = outages.flat_map(|outage| &outage.targets).filter_map(|target| match target {
        OutageTarget::Link(link) => Some(scenario.topology.link(*link).ends),
        _ => None,
    });
    let ordered = |(one, other): (HostId, HostId)| {
        (one.index().min(other.index()), one.index().max(other.index()))
    };
    links.map(ordered).collect()
}

/// Returns what links keep together.
fn components(drawn: &[usize], links: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let mut of: BTreeMap<usize, usize> = drawn.iter().map(|&host| (host, host)).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for (a, b) in links {
            let least = of[a].min(of[b]);
            for host in [a, b] {
                changed |= of.insert(*host, least) != Some(least);
            }
        }
    }
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (host, first) in of {
        found.entry(first).or_default().push(host);
    }
    found.into_values().collect()
}
