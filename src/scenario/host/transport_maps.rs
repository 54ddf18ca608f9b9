//! Postfix's `transport_maps` and `sender_dependent_relayhost_maps`: which mail goes by which transport
//! and to which next hop.

use std::collections::BTreeMap;

use super::hosts::Hosts;
use super::transports::{RELAY, SENDER_RELAYS, TRANSPORT_MAPS, names, number_of};
use crate::mail::DomainId;
use crate::model::{NextHop, Senders};
use crate::queue::TransportId;
use crate::scenario::domain::domains::Domains;
use crate::scenario::text::names::listed;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Table, Value};

/// What Postfix's tables say.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatedTransports {
    /// By domain; none: its own exchangers, or whatever else is stated for it.
    pub(crate) by_domain: BTreeMap<DomainId, (TransportId, Hop)>,
    /// By ending of the domain, with its dot.
    by_ending: Vec<(String, TransportId, Hop)>,
    /// Of all that has no other.
    pub(crate) wildcard: Option<(TransportId, Hop)>,
    /// The transport of relayed domains, if it is one of its own.
    pub(crate) relay: Option<TransportId>,
    pub(crate) by_sender: Vec<(Senders, NextHop)>,
}

/// The next hop of an entry of `transport_maps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop {
    /// `slow:`: the recipient's domain.
    Domain,
    /// `:`: as without the entry.
    Unchanged,
    /// `slow:[relay.example]`.
    Stated(NextHop),
}

impl StatedTransports {
    /// Reads the tables of a host.
    pub(crate) fn read(
        section: &Section<'_>,
        hosts: &Hosts<'_>,
        domains: &mut Domains<'_>,
    ) -> Self {
        let mut stated = Self::default();
        let Some(mta) = section.field("mta") else { return stated };
        let Value::Table(table) = &mta.node.value else { return stated };
        let names = names(table);
        stated.relay = number_of(&names, RELAY);
        for (key, field) in entries_of(&mta, table, TRANSPORT_MAPS) {
            let Some((transport, hop)) = transport(&field, &names, hosts, domains) else {
                continue;
            };
            if key == "*" {
                stated.wildcard = Some((transport, hop));
            } else if key.starts_with('.') {
                stated.by_ending.push((key.to_ascii_lowercase(), transport, hop));
            } else if key.contains('@') {
                let remark = Remark::new(format!("found \"{key}\", an address"))
                    .accepted("a domain, .domain for its subdomains, or \"*\"")
                    .help("let the address have a domain of its own");
                field.error(ProblemKind::BadValue, remark);
            } else {
                let (domain, _) = domains.find_or_add(key);
                stated.by_domain.insert(domain, (transport, hop));
            }
        }
        for (key, field) in entries_of(&mta, table, SENDER_RELAYS) {
            let Some(hop) = next_hop(&field, field.text().unwrap_or_default(), hosts, domains)
            else {
                continue;
            };
            match key.split_once('@') {
                Some(("", domain)) => {
                    let (domain, _) = domains.find_or_add(domain);
                    stated.by_sender.push((Senders::Domain(domain), hop));
                }
                Some((local, domain)) => {
                    let (domain, _) = domains.find_or_add(domain);
                    let (mailbox, _) = domains.mailbox(domain, local);
                    stated.by_sender.push((Senders::Mailbox(mailbox), hop));
                }
                None => {
                    let remark = Remark::new(format!("found \"{key}\", which is no sender"))
                        .accepted("\"user@domain\", or \"@domain\" for all of a domain")
                        .help(format!("write \"@{key}\""));
                    field.error(ProblemKind::BadValue, remark);
                }
            }
        }
        // An address goes before its domain.
        stated.by_sender.sort_by_key(|(senders, _)| *senders);
        stated
    }

    /// Returns what the tables say of a domain: the longest ending counts.
    pub(crate) fn of(&self, domain: DomainId, name: &str) -> Option<(TransportId, Hop)> {
        let ending = || {
            let endings = self.by_ending.iter().filter(|(ending, ..)| name.ends_with(&**ending));
            endings.max_by_key(|(ending, ..)| ending.len()).map(|(_, by, hop)| (*by, *hop))
        };
        self.by_domain.get(&domain).copied().or_else(ending)
    }

    /// Returns every next hop that the tables state.
    pub(crate) fn stated_hops(&self) -> impl Iterator<Item = NextHop> {
        let by_ending = self.by_ending.iter().map(|(_, _, hop)| *hop);
        let hops = self.by_domain.values().map(|(_, hop)| *hop).chain(by_ending);
        let hops = hops.chain(self.wildcard.map(|(_, hop)| hop));
        let stated = hops.filter_map(|hop| match hop {
            Hop::Stated(hop) => Some(hop),
            Hop::Domain | Hop::Unchanged => None,
        });
        stated.chain(self.by_sender.iter().map(|(_, hop)| *hop))
    }

    /// Returns whether any domain has to be looked at by its name.
    pub(crate) fn goes_by_ending(&self) -> bool {
        !self.by_ending.is_empty()
    }
}

/// Returns the entries of a table within `mta`.
fn entries_of<'a>(mta: &Field<'a>, table: &'a Table, key: &str) -> Vec<(&'a str, Field<'a>)> {
    let Some(entry) = table.get(key) else { return Vec::new() };
    let field = Field {
        checker: mta.checker,
        node: &entry.node,
        shape: Shape::Map(&Shape::Text),
        path: format!("{}.{key}", mta.path),
    };
    field.map().into_iter().map(|(name, _, field)| (name, field)).collect()
}

/// Reads `transport:nexthop`.
fn transport(
    field: &Field<'_>,
    names: &[String],
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
) -> Option<(TransportId, Hop)> {
    let text = field.text()?;
    let Some((name, hop)) = text.split_once(':') else {
        let remark = Remark::new(format!("found \"{text}\", without a colon"))
            .accepted("transport:nexthop, either of which may be left out")
            .help(format!("write \"{text}:\" for a transport, \":[{text}]\" for a host"));
        field.error(ProblemKind::BadValue, remark);
        return None;
    };
    if ["error", "retry", "discard", "local", "virtual", "lmtp"].contains(&name) {
        let remark = Remark::new(format!("`{name}:` is not modelled here"))
            .accepted(listed(names.iter().map(String::as_str)))
            .help("a domain that nobody stores is returned by whoever is asked for it");
        field.error(ProblemKind::BadValue, remark);
        return None;
    }
    let transport =
        if name.is_empty() { Some(TransportId::DEFAULT) } else { number_of(names, name) };
    let hop = match (name, hop) {
        ("", "") => Hop::Unchanged,
        (_, "") => Hop::Domain,
        (_, hop) => Hop::Stated(next_hop(field, hop, hosts, domains)?),
    };
    Some((transport?, hop))
}

/// Reads a next hop: `[host]` and `[address]` without a look-up of exchangers, `domain` with one. A
/// port is left out.
fn next_hop(
    field: &Field<'_>,
    text: &str,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
) -> Option<NextHop> {
    if let Some(inner) = text.strip_prefix('[') {
        let name = inner.split(']').next().unwrap_or(inner);
        if let Some(address) = hosts.address(name) {
            return Some(NextHop::Address(hosts.addresses[address.index()].host));
        }
        let found = hosts.find(name).filter(|members| members.len() == 1);
        if found.is_none() {
            field.error(ProblemKind::UnknownName, hosts.unknown(field, name));
        }
        return found.map(|members| NextHop::Host(crate::mail::HostId(members.start)));
    }
    let name = text.split(':').next().unwrap_or(text);
    if let Some(domain) = domains.find(name) {
        return Some(NextHop::Exchangers(domain));
    }
    // Without exchangers a name stands for itself (RFC 5321 §5.1).
    let found = hosts.find(name).filter(|members| members.len() == 1);
    if found.is_none() {
        let remark = Remark::new(format!("there is neither domain nor host named \"{name}\""))
            .accepted("a domain, or a host in brackets")
            .help(format!("write \"[{name}]\" and add a [[host]] of this name"));
        field.error(ProblemKind::UnknownName, remark);
    }
    found.map(|members| NextHop::Host(crate::mail::HostId(members.start)))
}
