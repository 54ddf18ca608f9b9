//! Which questions to the DNS go unanswered: as outages say, and while nobody who answers is reached.
//!
//! Where hosts have the role `dns`, one of them has to be up and within reach of whoever asks. A
//! network that falls apart so takes the DNS from the parts without such a host; what they have in
//! their caches goes on to serve them. Where no host has the role, the DNS is everywhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::dns::{DnsFailure, FailureScope, Failures};
use crate::fault::{Interval, Timeline};
use crate::mail::HostId;
use crate::model::Scenario;

use super::faults::{DnsFault, Faults};
use super::reach::Reach;

/// What becomes of the questions of each host.
#[derive(Debug)]
pub(crate) struct NameService {
    everywhere: Failures,
    /// Hosts that some failure of the network cuts off from those who answer, or whose questions
    /// alone an outage strikes.
    elsewhere: BTreeMap<HostId, Failures>,
}

impl NameService {
    pub(crate) fn new(scenario: &Scenario, faults: &Faults, reach: &mut Reach<'_>) -> Self {
        let servers: Vec<(HostId, Vec<Interval>)> = (0..scenario.hosts.len())
            .filter(|&index| scenario.hosts[index].roles.dns)
            .map(|index| (HostId::from_index(index), down(scenario, faults, index)))
            .collect();
        let silent =
            |asking| with_silence(faults, asking, servers.iter().map(|(_, down)| down.clone()));
        let everywhere = silent(None);
        let askers: BTreeSet<HostId> = faults
            .dns
            .iter()
            .filter_map(|fault| fault.asked_by.as_ref())
            .flatten()
            .copied()
            .collect();
        let mut elsewhere: BTreeMap<HostId, Failures> =
            askers.into_iter().map(|asking| (asking, silent(Some(asking)))).collect();
        if servers.is_empty() {
            return Self { everywhere, elsewhere };
        }
        for asking in (0..scenario.hosts.len()).map(HostId::from_index) {
            let mut cut_off = false;
            let unanswered: Vec<Vec<Interval>> = servers
                .iter()
                .map(|(server, down)| {
                    let cut = without_way(asking, *server, faults, reach);
                    cut_off |= !cut.is_empty();
                    down.iter().copied().chain(cut).collect()
                })
                .collect();
            if cut_off {
                elsewhere.insert(asking, with_silence(faults, Some(asking), unanswered));
            }
        }
        Self { everywhere, elsewhere }
    }

    /// Returns what becomes of the questions of `host`.
    pub(crate) fn failures(&self, host: HostId) -> &Failures {
        // Nearly always nobody is cut off.
        if self.elsewhere.is_empty() {
            return &self.everywhere;
        }
        self.elsewhere.get(&host).unwrap_or(&self.everywhere)
    }
}

/// Returns when a host answers nobody.
fn down(scenario: &Scenario, faults: &Faults, index: usize) -> Vec<Interval> {
    let addresses = &scenario.hosts[index].addresses;
    let ports = addresses.iter().flat_map(|address| intervals(&faults.port[address.index()]));
    intervals(&faults.cut[index]).chain(intervals(&faults.crashes[index])).chain(ports).collect()
}

/// Returns when nothing passes between a host and a server, both of them being well otherwise.
fn without_way(
    asking: HostId,
    server: HostId,
    faults: &Faults,
    reach: &mut Reach<'_>,
) -> Vec<Interval> {
    if asking == server {
        return Vec::new();
    }
    let pair = reach.pair(asking, server, faults);
    let links = intervals(reach.cut(pair, &faults.never));
    links.chain(intervals(&faults.cut[asking.index()])).collect()
}

fn intervals<T>(line: &Timeline<T>) -> impl Iterator<Item = Interval> + '_ {
    line.entries().iter().map(|entry| entry.0)
}

/// Returns the failures that outages state for `asking`, or for those whom none of them names, and
/// silence while each of the servers is out.
fn with_silence(
    faults: &Faults,
    asking: Option<HostId>,
    servers: impl IntoIterator<Item = Vec<Interval>>,
) -> Failures {
    let concerned = |fault: &&DnsFault| match &fault.asked_by {
        None => true,
        Some(askers) => asking.is_some_and(|asking| askers.contains(&asking)),
    };
    let stated = faults.dns.iter().filter(concerned).map(|fault| fault.failure.clone());
    let mut failures = Failures(stated.collect());
    let silent = servers.into_iter().reduce(|out, other| {
        out.iter()
            .flat_map(|a| other.iter().map(move |b| overlap(*a, *b)))
            .filter(|interval| interval.from < interval.to)
            .collect()
    });
    for interval in silent.unwrap_or_default() {
        failures.0.push((interval, DnsFailure::NoAnswer, FailureScope::All));
    }
    failures
}

fn overlap(a: Interval, b: Interval) -> Interval {
    Interval { from: a.from.max(b.from), to: a.to.min(b.to) }
}
