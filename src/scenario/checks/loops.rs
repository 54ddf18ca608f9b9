//! Circles in the routes: mail that would go round until its Received fields are counted out.
//!
//! Each host picks among exchangers as its own server does: most drop those that are no better than
//! themselves (RFC 5321 §5.1), some pass over themselves alone, some do neither. So there are circles
//! that mail enters whatever happens, and those that it enters only while better exchangers cannot
//! be reached.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::dns::{MxRecord, Records};
use crate::mail::{DomainId, HostId};
use crate::model::{Domain, Host, NextHop, Scenario};
use crate::units::SimTime;

/// Beyond this many steps the search is given up: it is a service, not a proof.
const MOST_STEPS: usize = 2_000_000;

/// A circle of hosts that mail for a domain goes round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteLoop {
    /// The hosts in order; the last hands to the first.
    pub(crate) hosts: Vec<HostId>,
    /// The domain whose mail it is; none: any domain that nobody knows.
    pub(crate) domain: Option<DomainId>,
    /// Which exchangers lead into it.
    pub(crate) over: Over,
}

/// Which exchangers a search follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The best that a host would try: mail goes this way when all is well.
    Best,
    /// Every one that a host would try when better ones fail.
    Any,
}

/// Returns the circles, each set of hosts once.
pub(crate) fn find(scenario: &Scenario) -> Vec<RouteLoop> {
    let (by_name, relays) = (exchanger_names(scenario), relays(scenario));
    // A circle leads over a route that a host is told, or over exchangers of the domain alone.
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
    let domains: Vec<Option<DomainId>> = domains.chain([None]).collect();
    for over in [Over::Best, Over::Any] {
        for &domain in &domains {
            let mut search = Search {
                scenario,
                by_name: &by_name,
                relays: &relays,
                domain,
                over,
                done: BTreeSet::new(),
            };
            let exchangers = domain.map(|domain| search.records(domain)).unwrap_or_default();
            let exchangers = exchangers.into_iter().map(|(_, reached)| reached.server);
            for start in configured.iter().copied().chain(exchangers) {
                steps += 1;
                if steps + search.done.len() > MOST_STEPS {
                    return loops;
                }
                if let Some(hosts) = search.from(start) {
                    let mut key = hosts.clone();
                    key.sort_unstable();
                    if seen.insert(key) {
                        loops.push(RouteLoop { hosts, domain, over });
                    }
                }
            }
            steps += search.done.len();
        }
    }
    loops
}

/// A server that is reached under a name, and the proxy whose name it is, if it is behind one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reached {
    server: HostId,
    proxy: Option<HostId>,
}

/// Servers by the names under which the DNS has them.
fn exchanger_names(scenario: &Scenario) -> BTreeMap<u32, Reached> {
    let behind = scenario.servers_behind();
    let hosts = scenario.hosts.iter().enumerate();
    let reached = |(index, host): (usize, &Host)| {
        let at = HostId::from_index(index);
        let server = behind.get(&at).copied();
        (host.dns.0, Reached { server: server.unwrap_or(at), proxy: server.map(|_| at) })
    };
    hosts.map(reached).collect()
}

/// Hosts to which the configuration of another one leads.
fn relays(scenario: &Scenario) -> BTreeSet<HostId> {
    // A proxy routes no mail, whatever follows from the MX records that name it.
    let proxies = scenario.servers_behind();
    let hosts = scenario.hosts.iter().enumerate();
    let route = hosts.filter(|(index, _)| !proxies.contains_key(&HostId::from_index(*index)));
    let hops = route.map(|(_, host)| &host.routing).flat_map(|routing| {
        let relay = routing.fallback_relay.map(NextHop::Host);
        routing.routes.values().copied().chain(routing.smart_host).chain(relay)
    });
    let host = |hop| match hop {
        NextHop::Host(host) | NextHop::Address(host) => Some(host),
        NextHop::Exchangers(_) => None,
    };
    hops.filter_map(host).collect()
}

struct Search<'a> {
    scenario: &'a Scenario,
    by_name: &'a BTreeMap<u32, Reached>,
    /// Hosts that relay for somebody who is configured to use them.
    relays: &'a BTreeSet<HostId>,
    domain: Option<DomainId>,
    over: Over,
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
            Some(domain) if routing.is_local(domain) => return Vec::new(),
            // It refuses the mail and hands nothing on.
            Some(domain) if !routing.takes(domain) && !self.relays.contains(&host) => {
                return Vec::new();
            }
            Some(domain) => routing.routes.get(&domain).copied(),
            None => None,
        };
        match route.or(routing.smart_host) {
            Some(NextHop::Host(next) | NextHop::Address(next)) => vec![next],
            Some(NextHop::Exchangers(domain)) => self.exchangers(host, domain),
            None => self.domain.map(|domain| self.exchangers(host, domain)).unwrap_or_default(),
        }
    }

    /// Returns the exchangers of `domain` that are hosts, with their preferences.
    fn records(&self, domain: DomainId) -> Vec<(u16, Reached)> {
        let Domain { dns, .. } = &self.scenario.domains[domain.index()];
        let records: &Records = self.scenario.zone.records(*dns, SimTime::ZERO);
        let host = |record: &MxRecord| self.by_name.get(&record.exchange?.0).copied();
        let found = records.mx.iter().filter_map(|record| Some((record.preference, host(record)?)));
        found.collect()
    }

    /// Returns the exchangers that `host` would try, by the rule of its own server, the best last.
    fn exchangers(&self, host: HostId, domain: DomainId) -> Vec<HostId> {
        let config = &self.scenario.hosts[host.index()];
        let client = &config.client;
        let mut tried = self.records(domain);
        let is_itself = |one: &Reached| config.is_itself(host, one.server, one.proxy);
        let own = tried.iter().filter(|(_, one)| is_itself(one)).map(|(p, _)| *p).min();
        if let Some(own) = own.filter(|_| client.finds_itself) {
            tried.retain(|(preference, _)| *preference < own);
        }
        if client.skips_itself {
            tried.retain(|(_, one)| !is_itself(one));
        }
        if self.over == Over::Best {
            let best = tried.iter().map(|(preference, _)| *preference).min();
            tried.retain(|(preference, _)| Some(*preference) == best);
        }
        tried.sort_by_key(|(preference, _)| Reverse(*preference));
        tried.into_iter().map(|(_, one)| one.server).collect()
    }
}
