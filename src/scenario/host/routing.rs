//! Where each host sends mail: what its table says, and what follows from the domains.

use std::collections::{BTreeMap, BTreeSet};

use super::acceptance::dedicated_addresses;
use super::hosts::Hosts;
use super::keys::HOP_TABLE;
use super::transport_maps::{Hop, StatedTransports};
use crate::mail::{DomainId, HostId};
use crate::model::{NextHop, Routing, SourceChoice};
use crate::network::AddressId;
use crate::queue::TransportId;
use crate::scenario::domain::domains::{DomainDraft, Domains};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Value;

/// Routing as far as a host's table states it.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatedRouting {
    local: Vec<DomainId>,
    relayed: Vec<DomainId>,
    /// Domains that follow from the rest of the file, but nobody has told the server.
    unnamed: Vec<DomainId>,
    /// None: not stated.
    relays_all: Option<bool>,
    knows_recipients: bool,
    pub(crate) routes: BTreeMap<DomainId, NextHop>,
    pub(crate) smart_host: Option<NextHop>,
    pub(crate) fallback_relay: Option<HostId>,
    pub(crate) shadow_host: Option<HostId>,
    pub(crate) dedicated_addresses: Vec<(DomainId, AddressId)>,
    transports: StatedTransports,
    pub(crate) source_choice: SourceChoice,
}

impl StatedRouting {
    /// Returns every next hop that is stated, whatever for.
    pub(crate) fn stated_hops(&self) -> impl Iterator<Item = NextHop> {
        let stated = self.routes.values().copied().chain(self.smart_host);
        stated.chain(self.transports.stated_hops())
    }
}

impl StatedRouting {
    /// Returns the domains whose exchangers take mail for others from here: those of a smart host, or
    /// of a route for another domain.
    pub(crate) fn foreign_exchangers(&self) -> impl Iterator<Item = DomainId> {
        let routes = self.routes.iter().map(|(domain, hop)| (Some(*domain), *hop));
        let hops = routes.chain(self.smart_host.map(|hop| (None, hop)));
        hops.filter_map(|(of, hop)| match hop {
            NextHop::Exchangers(domain) if of != Some(domain) => Some(domain),
            _ => None,
        })
    }
}

/// Reads the routing that a host's table, or a change of it, states.
pub(crate) fn stated_routing(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
) -> StatedRouting {
    let mut stated = StatedRouting::default();
    if let Some(field) = section.field("local_domains") {
        stated.local = known_domains(&field, domains);
    }
    if let Some(field) = section.field("relay_domains") {
        if field.is_text() {
            stated.relays_all = field.shaped(Shape::Word(&["all"])).word().map(|_| true);
        } else {
            stated.relays_all = Some(false);
            stated.relayed = known_domains(&field, domains);
        }
    }
    if let Some(field) = section.field("unaware_of") {
        stated.unnamed = known_domains(&field, domains);
        let known: BTreeSet<DomainId> =
            stated.local.iter().chain(&stated.relayed).copied().collect();
        for domain in &stated.unnamed {
            if known.contains(domain) {
                let name = &domains.get(*domain).name;
                let remark =
                    Remark::new(format!("{name} is named as a domain of this host as well"))
                        .accepted("domains that neither `local_domains` nor `relay_domains` names")
                        .help(format!("remove {name} from one of the two"));
                field.error(ProblemKind::Contradiction, remark);
            }
        }
    }
    if let Some(flag) = section.field("knows_recipients").and_then(|field| field.flag()) {
        stated.knows_recipients = flag;
    }
    if let Some(field) = section.field("smart_host") {
        stated.smart_host = next_hop(&field, hosts, domains);
    }
    stated.fallback_relay = section.field("fallback_relay").and_then(|field| hosts.one_of(&field));
    stated.shadow_host = section.field("shadow_host").and_then(|field| hosts.one_of(&field));
    if section.knows("dedicated_addresses") {
        stated.dedicated_addresses = dedicated_addresses(section, hosts, domains);
        let choice = section.field("source_address").and_then(|field| field.word());
        stated.source_choice = choice.map(SourceChoice::named).unwrap_or_default();
    }
    stated.transports = StatedTransports::read(section, hosts, domains);
    let routes = section.field("routes").map(|field| field.map()).unwrap_or_default();
    for (name, _, field) in routes {
        // A route may name a domain that has no table: it is then known by that route alone.
        let (domain, _) = domains.find_or_add(name);
        if let Some(hop) = next_hop(&field, hosts, domains) {
            stated.routes.insert(domain, hop);
        }
    }
    stated
}

/// Returns what Postfix's tables say of each domain of which they say something.
fn transports_of(tables: &StatedTransports, names: &[String]) -> Vec<(DomainId, TransportId, Hop)> {
    if !tables.goes_by_ending() {
        return tables.by_domain.iter().map(|(domain, (by, hop))| (*domain, *by, *hop)).collect();
    }
    let said = |(index, name): (usize, &String)| {
        let id = DomainId::from_index(index);
        tables.of(id, name).map(|(by, hop)| (id, by, hop))
    };
    names.iter().enumerate().filter_map(said).collect()
}

fn known_domains(field: &Field<'_>, domains: &mut Domains<'_>) -> Vec<DomainId> {
    field.one_or_many(Shape::Text).iter().filter_map(|item| domains.one_of(item)).collect()
}

/// Reads a next hop: a host, a domain whose exchangers are meant, or a table that says which.
fn next_hop(field: &Field<'_>, hosts: &Hosts<'_>, domains: &mut Domains<'_>) -> Option<NextHop> {
    if let Value::Text(name) = &field.node.value {
        if hosts.find(name).is_none()
            && let Some(domain) = domains.find(name)
        {
            return Some(NextHop::Exchangers(domain));
        }
        return hosts.one_of(field).map(NextHop::Host);
    }
    let table = field.section_of(HOP_TABLE)?;
    let named = |key: &str| table.field(key).map(|field| field.shaped(Shape::Text));
    match table.one_of(&["host", "exchangers", "address"]) {
        Some("host") => named("host").and_then(|f| hosts.one_of(&f)).map(NextHop::Host),
        Some("address") => named("address").and_then(|f| hosts.one_of(&f)).map(NextHop::Address),
        Some(_) => named("exchangers").and_then(|f| domains.one_of(&f)).map(NextHop::Exchangers),
        None => {
            let remark = Remark::new("this next hop names nobody")
                .accepted("`host`, `exchangers` or `address`")
                .help("write { host = \"relay.example.org\" }");
            table.error(ProblemKind::Missing, remark);
            None
        }
    }
}

/// What follows from the domains, by host.
#[derive(Debug, Default)]
pub(crate) struct DerivedRouting {
    local: BTreeMap<HostId, Vec<DomainId>>,
    relayed: BTreeMap<HostId, Vec<DomainId>>,
    routes: BTreeMap<HostId, Vec<(DomainId, HostId)>>,
    /// Hosts that take mail for anybody: relays, and servers that take submissions.
    relays: BTreeMap<HostId, ()>,
    /// Names of the domains.
    names: Vec<String>,
    /// Address literals and the hosts that have the addresses.
    literals: Vec<(DomainId, HostId)>,
}

impl DerivedRouting {
    /// Works out who keeps, relays and hands on the mail of each domain: the store has it in its
    /// mailboxes; exchangers take it; the best exchangers hand it to the store.
    pub(crate) fn of(domains: &Domains<'_>) -> Self {
        let mut derived = Self {
            names: domains.list.iter().map(|draft| draft.name.clone()).collect(),
            ..Self::default()
        };
        for (index, draft) in domains.list.iter().enumerate() {
            derived.add(DomainId::from_index(index), draft);
        }
        derived
    }

    fn add(&mut self, domain: DomainId, draft: &DomainDraft<'_>) {
        let best = draft.exchanger_hosts().map(|(preference, _)| preference).min();
        if let (true, Some(store)) = (draft.literal, draft.store) {
            self.literals.push((domain, store));
        }
        if let Some(store) = draft.store {
            self.local.entry(store).or_default().push(domain);
        }
        for (preference, host) in draft.exchanger_hosts() {
            if Some(host) == draft.store {
                continue;
            }
            let relayed = self.relayed.entry(host).or_default();
            // Domains come in order.
            if relayed.last() != Some(&domain) {
                relayed.push(domain);
            }
            if let (true, Some(store)) = (Some(preference) == best, draft.store) {
                self.routes.entry(host).or_default().push((domain, store));
            }
        }
    }

    /// Notes that `host` takes mail for anybody unless its table says otherwise.
    pub(crate) fn takes_all(&mut self, host: HostId) {
        self.relays.insert(host, ());
    }

    /// Returns whether `host`, with this `routing`, is an exchanger of a domain that it takes mail
    /// for and does not store.
    pub(crate) fn is_exchanger_for(&self, host: HostId, routing: &Routing) -> bool {
        let relayed = self.relayed.get(&host).into_iter().flatten();
        relayed.into_iter().any(|domain| routing.local.binary_search(domain).is_err())
    }

    /// Returns the routing of a host: what is stated goes before what is derived.
    pub(crate) fn routing(&self, host: HostId, stated: &StatedRouting) -> Routing {
        let unnamed: BTreeSet<DomainId> = stated.unnamed.iter().copied().collect();
        let named = |domain: &DomainId| !unnamed.contains(domain);
        let merged = |one: &[DomainId], other: Option<&Vec<DomainId>>| {
            let mut all: Vec<DomainId> = one.to_vec();
            all.extend(other.into_iter().flatten().copied().filter(named));
            all.sort_unstable();
            all.dedup();
            all
        };
        let local = merged(&stated.local, self.local.get(&host));
        let mut relayed = merged(&stated.relayed, self.relayed.get(&host));
        relayed.retain(|domain| local.binary_search(domain).is_err());
        let mut routes = stated.routes.clone();
        for (domain, store) in self.routes.get(&host).into_iter().flatten() {
            if local.binary_search(domain).is_err() && named(domain) {
                routes.entry(*domain).or_insert(NextHop::Host(*store));
            }
        }
        // An address needs no look-up (RFC 5321 §2.3.5); a smart host takes it like all else.
        for &(domain, store) in self.literals.iter().filter(|(_, store)| *store != host) {
            if stated.smart_host.is_none() {
                routes.entry(domain).or_insert(NextHop::Address(store));
            }
        }
        let mut smart_host = stated.smart_host;
        let tables = &stated.transports;
        let mut transports = BTreeMap::new();
        for (domain, transport, hop) in transports_of(tables, &self.names) {
            if local.binary_search(&domain).is_ok() {
                continue;
            }
            transports.insert(domain, transport);
            match hop {
                Hop::Unchanged => {}
                Hop::Domain => {
                    routes.entry(domain).or_insert(NextHop::Exchangers(domain));
                }
                Hop::Stated(hop) => {
                    routes.insert(domain, hop);
                }
            }
        }
        if let Some(relay) = tables.relay {
            for domain in &relayed {
                transports.entry(*domain).or_insert(relay);
            }
        }
        let mut other_transport = TransportId::DEFAULT;
        if let Some((transport, hop)) = tables.wildcard {
            other_transport = transport;
            match hop {
                Hop::Unchanged => {}
                Hop::Domain => smart_host = None,
                Hop::Stated(hop) => smart_host = Some(hop),
            }
        }
        Routing {
            by_sender: tables.by_sender.clone(),
            transports,
            other_transport,
            local,
            relayed,
            relays_all: stated.relays_all.unwrap_or_else(|| self.relays.contains_key(&host)),
            knows_relayed_mailboxes: stated.knows_recipients,
            routes,
            smart_host,
            fallback_relay: stated.fallback_relay,
            shadow_host: stated.shadow_host,
        }
    }
}
