//! Circles in the routes: mail that would go round until its Received fields are counted out.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Domain, Host, NextHop, Scenario};
use crate::dns::Records;
use crate::mail::{DomainId, HostId};
use crate::units::SimTime;

/// Beyond this many steps the search is given up: it is a service, not a proof.
const MOST_STEPS: usize = 2_000_000;

/// A circle of hosts that mail for a domain goes round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RouteLoop {
    /// The hosts in order; the last hands to the first.
    pub(super) hosts: Vec<HostId>,
    /// The domain whose mail it is; none: any domain that nobody knows.
    pub(super) domain: Option<DomainId>,
}

/// Returns the circles, each set of hosts once.
pub(super) fn find(scenario: &Scenario) -> Vec<RouteLoop> {
    let by_name = exchanger_names(scenario);
    let configured: Vec<HostId> = (0..scenario.hosts.len())
        .map(HostId::from_index)
        .filter(|host| {
            let routing = &scenario.hosts[host.index()].routing;
            routing.smart_host.is_some() || !routing.routes.is_empty()
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut loops = Vec::new();
    let mut steps = 0;
    let domains = (0..scenario.domains.len()).map(|index| Some(DomainId::from_index(index)));
    for domain in domains.chain([None]) {
        let mut search = Search { scenario, by_name: &by_name, domain, done: BTreeSet::new() };
        for start in &configured {
            steps += search.done.len() + 1;
            if steps > MOST_STEPS {
                return loops;
            }
            if let Some(hosts) = search.from(*start) {
                let mut key = hosts.clone();
                key.sort_unstable();
                if seen.insert(key) {
                    loops.push(RouteLoop { hosts, domain });
                }
            }
        }
    }
    loops
}

/// Hosts by their name in the DNS.
fn exchanger_names(scenario: &Scenario) -> BTreeMap<u32, HostId> {
    let hosts = scenario.hosts.iter().enumerate();
    hosts.map(|(index, host)| (host.dns.0, HostId::from_index(index))).collect()
}

struct Search<'a> {
    scenario: &'a Scenario,
    by_name: &'a BTreeMap<u32, HostId>,
    domain: Option<DomainId>,
    /// Hosts from which no circle is reached.
    done: BTreeSet<HostId>,
}

impl Search<'_> {
    /// Follows the mail from `start`, without recursion; returns the first circle met.
    fn from(&mut self, start: HostId) -> Option<Vec<HostId>> {
        let mut way: Vec<(HostId, Vec<HostId>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(host) = next.take()
                && !self.done.contains(&host)
            {
                if let Some(at) = way.iter().position(|(passed, _)| *passed == host) {
                    let circle = way[at..].iter().map(|(host, _)| *host).collect();
                    self.done.extend(way.iter().map(|(host, _)| *host));
                    return Some(circle);
                }
                way.push((host, self.successors(host)));
            }
            let (host, left) = way.last_mut()?;
            match left.pop() {
                Some(successor) => next = Some(successor),
                None => {
                    self.done.insert(*host);
                    way.pop();
                }
            }
        }
    }

    /// Returns the hosts to which `host` hands mail for the domain, the likeliest last.
    fn successors(&self, host: HostId) -> Vec<HostId> {
        let Host { routing, .. } = &self.scenario.hosts[host.index()];
        let route = match self.domain {
            Some(domain) if routing.local.contains(&domain) => return Vec::new(),
            Some(domain) => routing.routes.get(&domain).copied(),
            None => None,
        };
        match route.or(routing.smart_host) {
            Some(NextHop::Host(next) | NextHop::Address(next)) => vec![next],
            Some(NextHop::Exchangers(domain)) => self.exchangers(host, domain),
            None => self.domain.map(|domain| self.exchangers(host, domain)).unwrap_or_default(),
        }
    }

    /// The best exchangers that are better than `host` itself (RFC 5321 §5.1).
    fn exchangers(&self, host: HostId, domain: DomainId) -> Vec<HostId> {
        let Domain { dns, .. } = &self.scenario.domains[domain.index()];
        let records: &Records = self.scenario.zone.records(*dns, SimTime::ZERO);
        let hosts: Vec<(u16, HostId)> = records
            .mx
            .iter()
            .filter_map(|record| {
                let host = self.by_name.get(&record.exchange?.0)?;
                Some((record.preference, *host))
            })
            .collect();
        let own = hosts.iter().filter(|(_, one)| *one == host).map(|(p, _)| *p).min();
        let better = hosts.iter().filter(|(p, _)| own.is_none_or(|own| *p < own));
        let best = better.clone().map(|(p, _)| *p).min();
        better.filter(|(p, _)| Some(*p) == best).map(|(_, host)| *host).collect()
    }
}
