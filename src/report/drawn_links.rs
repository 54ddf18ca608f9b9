//! Between which of the hosts drawn mail can go: links of the network, and ways that mail takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::dns::Records;
use crate::mail::{DomainId, HostId};
use crate::model::{Host, NextHop, Scenario};

/// Returns between which of the hosts drawn mail can go, and the links that join them.
pub(super) fn links(
    scenario: &Scenario,
    stand_in: &[usize],
    drawn: &[usize],
) -> BTreeSet<(usize, usize)> {
    let shown: BTreeSet<usize> = drawn.iter().copied().collect();
    let mut links = BTreeSet::new();
    let mut join = |a: usize, b: usize| {
        let (a, b) = (stand_in[a], stand_in[b]);
        if a != b && shown.contains(&a) && shown.contains(&b) {
            links.insert((a.min(b), a.max(b)));
        }
    };
    let topology = &scenario.topology;
    for link in topology.links() {
        join(link.ends.0.index(), link.ends.1.index());
    }
    let mut link = |a: usize, b: usize| {
        if !topology.joined_by_links(HostId::from_index(a), HostId::from_index(b)) {
            join(a, b);
        }
    };
    for entry in &scenario.mail {
        if let Some(client) = entry.submission.client {
            entry.submission.servers().for_each(|server| link(client.index(), server.index()));
        }
    }
    let exchangers = exchangers(scenario);
    let entries = entries(scenario);
    let named: BTreeSet<usize> = exchangers.iter().flatten().copied().collect();
    for &index in drawn {
        let host = &scenario.hosts[index];
        if let Some(proxy) = host.behind_proxy {
            link(proxy.index(), index);
        }
        // An exchanger that no domain names any more gets no mail that it could pass on.
        let passes_on =
            host.roles.mx && !host.roles.store && named.contains(&front(scenario, index));
        if !sends(host) && !passes_on && !hands_on(scenario, host) {
            continue;
        }
        let only = (!host.roles.relay && !passes_on && !hands_on(scenario, host))
            .then(|| written_to(&entries, host, index))
            .flatten();
        for domain in 0..scenario.domains.len() {
            let id = DomainId::from_index(domain);
            let takes = scenario.domains[domain].mailboxes > 0 || is_of_lists(scenario, id);
            let is_written_to = only.as_ref().is_none_or(|only| only.contains(&id));
            if host.routing.is_local(id) || !takes || !is_written_to {
                continue;
            }
            match host.routing.next_hop(id) {
                NextHop::Exchangers(to) => {
                    for &exchanger in &exchangers[to.index()] {
                        link(index, front(scenario, exchanger));
                    }
                }
                NextHop::Host(to) | NextHop::Address(to) => link(index, to.index()),
            }
        }
        if let Some(relay) = host.routing.fallback_relay {
            link(index, relay.index());
        }
    }
    for reading in &scenario.reading {
        let store = scenario.domains[reading.first.domain.index()].store;
        if let (Some(from), Some(store)) = (reading.from, store) {
            link(from.index(), store.index());
        }
    }
    links
}

/// Between which domains the mail of an entry goes, and where it begins.
struct Entry {
    server: usize,
    from: BTreeSet<DomainId>,
    to: BTreeSet<DomainId>,
}

/// Returns between which domains the mail of each entry goes.
fn entries(scenario: &Scenario) -> Vec<Entry> {
    let entries = scenario.mail.iter().map(|entry| {
        let mut from: BTreeSet<DomainId> = entry.from.domains().into_iter().collect();
        let mut to: BTreeSet<DomainId> = entry.to.iter().flat_map(|one| one.domains()).collect();
        for message in &entry.replay {
            from.insert(message.from.domain);
            to.extend(message.to.iter().map(|mailbox| mailbox.domain));
        }
        for message in &entry.waiting {
            from.extend(message.from.map(|mailbox| mailbox.domain));
            to.extend(message.to.iter().map(|mailbox| mailbox.domain));
        }
        Entry { server: entry.submission.server.index(), from, to }
    });
    entries.collect()
}

/// Returns the domains to which a server that relays for nobody sends: those that its people write to,
/// and of those who write to its own people, for notices. None: whose mail it takes is not known.
fn written_to(entries: &[Entry], host: &Host, index: usize) -> Option<BTreeSet<DomainId>> {
    if entries.iter().all(|entry| entry.server != index) {
        return None;
    }
    let own = entries.iter().filter(|entry| entry.server == index).flat_map(|entry| &entry.to);
    let comes = |entry: &&Entry| host.routing.local.iter().any(|domain| entry.to.contains(domain));
    let answered = entries.iter().filter(comes).flat_map(|entry| &entry.from);
    Some(own.chain(answered).copied().collect())
}

/// Returns where others connect who want this host: its proxy, if it is behind one.
fn front(scenario: &Scenario, host: usize) -> usize {
    scenario.hosts[host].behind_proxy.map_or(host, HostId::index)
}

/// Whether a domain has addresses that stand for others.
fn is_of_lists(scenario: &Scenario, domain: DomainId) -> bool {
    scenario.automatic.redistributions.keys().any(|address| address.domain == domain)
}

/// Whether a host sends copies of what comes to its aliases and lists.
fn hands_on(scenario: &Scenario, host: &Host) -> bool {
    host.routing.local.iter().any(|domain| is_of_lists(scenario, *domain))
}

/// Whether mail is written at a host, or it relays for others.
fn sends(host: &Host) -> bool {
    host.roles.submission || host.roles.relay
}

/// Returns the hosts that take mail for each domain, at one time of the run or another.
fn exchangers(scenario: &Scenario) -> Vec<Vec<usize>> {
    let by_name: BTreeMap<&str, usize> = scenario
        .hosts
        .iter()
        .enumerate()
        .map(|(index, host)| (host.name.as_str(), index))
        .collect();
    let of_records = |records: &Records| -> Vec<usize> {
        if records.mx.is_empty() {
            // Without MX records the domain's own address counts (RFC 5321 §5.1).
            let addresses = records.addresses.iter();
            return addresses.map(|at| scenario.addresses[at.index()].host.index()).collect();
        }
        let names = records.mx.iter().filter_map(|mx| mx.exchange);
        names.filter_map(|name| by_name.get(scenario.zone.text(name)).copied()).collect()
    };
    scenario
        .domains
        .iter()
        .map(|domain| {
            let revisions = &scenario.zone.names[domain.dns.index()].revisions;
            let all: BTreeSet<usize> =
                revisions.iter().flat_map(|(_, records)| of_records(records)).collect();
            all.into_iter().collect()
        })
        .collect()
}
