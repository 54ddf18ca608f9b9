//! The network as the page draws it: hosts with their places, links, domains, notes.
//!
//! The layout is computed once, here, so that the same scenario looks the same everywhere. Mail
//! flows from left to right: who writes, who takes submissions, who relays, exchangers, stores.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::mail::{HostId, MailboxNames as _};
use crate::scenario::{Host, NextHop, Scenario};
use crate::story::Shown;

use super::trace_line::seconds;

/// Most hosts that are drawn; of more, those that come first in the scenario.
const MOST_DRAWN: usize = 48;
/// Most domains told of.
const MOST_DOMAINS: usize = 200;
/// Most hosts told of.
const MOST_HOSTS: usize = 400;

/// What the page needs to know besides what happens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Picture {
    pub(super) hosts: Vec<PicturedHost>,
    /// Pairs of positions in `hosts` between which mail can go.
    pub(super) links: Vec<(usize, usize)>,
    pub(super) domains: Vec<PicturedDomain>,
    pub(super) notes: Vec<PicturedNote>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedHost {
    name: String,
    roles: Vec<String>,
    server: String,
    addresses: Vec<String>,
    /// Column and row; none: not drawn.
    at: Option<(f64, f64)>,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedDomain {
    name: String,
    exchangers: Vec<(String, u16)>,
    store: String,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedNote {
    t: f64,
    text: String,
    ask: String,
    answer: String,
    /// Whether it follows what happens at that instant.
    after: bool,
}

impl Picture {
    /// Returns the picture of a scenario with the notes shown in its run.
    pub(super) fn of(scenario: &Scenario, shown: &[Shown]) -> Self {
        let drawn = scenario.hosts.len().min(MOST_DRAWN);
        let links = links(scenario, drawn);
        let places = places(&scenario.hosts[..drawn], &links, &readers(scenario));
        let hosts = scenario.hosts.iter().take(MOST_HOSTS).enumerate();
        Self {
            hosts: hosts
                .map(|(index, host)| PicturedHost {
                    name: host.name.clone(),
                    roles: roles(host),
                    server: host.profile.clone(),
                    addresses: host
                        .addresses
                        .iter()
                        .map(|address| scenario.addresses[address.index()].literal.clone())
                        .collect(),
                    at: places.get(index).copied(),
                })
                .collect(),
            links: links.into_iter().collect(),
            domains: domains(scenario),
            notes: shown
                .iter()
                .map(|one| (one, &scenario.notes[one.note]))
                .map(|(one, note)| PicturedNote {
                    t: seconds(one.at),
                    text: note.text.clone(),
                    ask: note.ask.clone(),
                    answer: note.answer.clone(),
                    after: one.after,
                })
                .collect(),
        }
    }
}

fn roles(host: &Host) -> Vec<String> {
    let roles = host.roles;
    let words = [
        (roles.mua, "mua"),
        (roles.submission, "submission"),
        (roles.relay, "relay"),
        (roles.proxy, "proxy"),
        (roles.mx, "mx"),
        (roles.store, "store"),
        (roles.dns, "dns"),
    ];
    words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word.to_owned()).collect()
}

fn domains(scenario: &Scenario) -> Vec<PicturedDomain> {
    let told = scenario.domains.iter().take(MOST_DOMAINS);
    told.map(|domain| {
        let records = scenario.zone.records(domain.dns, crate::units::SimTime::ZERO);
        let mut exchangers: Vec<(u16, String)> = records
            .mx
            .iter()
            .map(|mx| {
                let name = mx.exchange.map_or(".", |name| scenario.zone.text(name));
                (mx.preference, name.to_owned())
            })
            .collect();
        exchangers.sort();
        PicturedDomain {
            name: domain.name.clone(),
            exchangers: exchangers.into_iter().map(|(p, name)| (name, p)).collect(),
            store: domain.store.map_or_else(String::new, |host| scenario.host(host).to_owned()),
        }
    })
    .collect()
}

/// Returns between which of the first `drawn` hosts mail can go.
fn links(scenario: &Scenario, drawn: usize) -> BTreeSet<(usize, usize)> {
    let by_name: BTreeMap<&str, usize> = scenario
        .hosts
        .iter()
        .enumerate()
        .map(|(index, host)| (host.name.as_str(), index))
        .collect();
    let mut links = BTreeSet::new();
    let mut link = |a: usize, b: usize| {
        if a != b && a < drawn && b < drawn {
            links.insert((a.min(b), a.max(b)));
        }
    };
    for entry in &scenario.mail {
        if let Some(client) = entry.submission.client {
            link(client.index(), entry.submission.server.index());
        }
    }
    let exchangers: Vec<Vec<usize>> = scenario
        .domains
        .iter()
        .map(|domain| {
            let records = scenario.zone.records(domain.dns, crate::units::SimTime::ZERO);
            if records.mx.is_empty() {
                // Without MX records the domain's own address counts (RFC 5321 §5.1).
                let addresses = records.addresses.iter();
                return addresses.map(|at| scenario.addresses[at.index()].host.index()).collect();
            }
            let names = records.mx.iter().filter_map(|mx| mx.exchange);
            names.filter_map(|name| by_name.get(scenario.zone.text(name)).copied()).collect()
        })
        .collect();
    for (index, host) in scenario.hosts.iter().enumerate().take(drawn) {
        if let Some(proxy) = host.behind_proxy {
            link(proxy.index(), index);
        }
        if !sends(host) {
            continue;
        }
        for domain in 0..scenario.domains.len() {
            let id = crate::mail::DomainId::from_index(domain);
            if host.routing.local.contains(&id) || scenario.domains[domain].mailboxes == 0 {
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

/// Returns the hosts at which mail is read and none is written.
fn readers(scenario: &Scenario) -> BTreeSet<usize> {
    let writes =
        |host: &HostId| scenario.mail.iter().any(|entry| entry.submission.client == Some(*host));
    let from = scenario.reading.iter().filter_map(|reading| reading.from);
    from.filter(|host| !writes(host)).map(HostId::index).collect()
}

/// Returns where others connect who want this host: its proxy, if it is behind one.
fn front(scenario: &Scenario, host: usize) -> usize {
    scenario.hosts[host].behind_proxy.map_or(host, HostId::index)
}

fn sends(host: &Host) -> bool {
    let roles = host.roles;
    roles.submission || roles.relay || (roles.mx && !roles.store)
}

/// Returns column and row of each host: columns by role, rows so that linked hosts stand near each
/// other (two sweeps of the barycentre rule).
fn places(
    hosts: &[Host],
    links: &BTreeSet<(usize, usize)>,
    readers: &BTreeSet<usize>,
) -> Vec<(f64, f64)> {
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); 7];
    for (index, host) in hosts.iter().enumerate() {
        columns[column(host, readers.contains(&index))].push(index);
    }
    columns.retain(|column| !column.is_empty());
    let mut rows = vec![0.0; hosts.len()];
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1);
    for _ in 0..2 {
        for column in &mut columns {
            let pull = |host: &usize| -> f64 {
                let near: Vec<f64> = links
                    .iter()
                    .filter_map(|&(a, b)| {
                        if a == *host {
                            Some(rows[b])
                        } else if b == *host {
                            Some(rows[a])
                        } else {
                            None
                        }
                    })
                    .collect();
                if near.is_empty() {
                    rows[*host]
                } else {
                    near.iter().sum::<f64>() / near.len() as f64
                }
            };
            let mut pulled: Vec<(f64, usize)> =
                column.iter().map(|host| (pull(host), *host)).collect();
            pulled.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *column = pulled.into_iter().map(|(_, host)| host).collect();
            let first = (tallest - column.len()) as f64 / 2.0;
            for (place, host) in column.iter().enumerate() {
                rows[*host] = first + place as f64;
            }
        }
    }
    let mut places = vec![(0.0, 0.0); hosts.len()];
    for (at, column) in columns.iter().enumerate() {
        for &host in column {
            places[host] = (at as f64, rows[host]);
        }
    }
    places
}

/// Returns the column of a host: the later a message comes to it, the further to the right.
fn column(host: &Host, reads: bool) -> usize {
    let roles = host.roles;
    if roles.dns {
        1
    } else if roles.proxy {
        3
    } else if roles.submission {
        1
    } else if roles.store {
        if roles.mx { 4 } else { 5 }
    } else if host.behind_proxy.is_some() {
        4
    } else if roles.mx {
        3
    } else if roles.relay {
        2
    } else if reads {
        6
    } else {
        0
    }
}
