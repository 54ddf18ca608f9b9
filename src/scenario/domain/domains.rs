//! Mail domains: exchangers, stores and mailboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;

use super::exchangers::{Exchanger, ExchangerName, exchangers};
use super::keys::MAILBOX_KEYS;
use crate::mail::{DomainId, HostId, Mailbox, address_literal, local_part};
use crate::network::AddressId;
use crate::scenario::host::hosts::{Hosts, canonical, dns_name, numbered};
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Value;

/// A mail domain.
#[derive(Debug, Clone, Default)]
pub(crate) struct DomainDraft<'a> {
    /// Its table; none: it is only spoken of.
    pub(crate) section: Option<Section<'a>>,
    pub(crate) name: String,
    pub(crate) exists: bool,
    pub(crate) mx: Vec<Exchanger>,
    /// Addresses of the name itself.
    pub(crate) addresses: Vec<AddressId>,
    pub(crate) alias: Option<String>,
    pub(crate) store: Option<HostId>,
    pub(crate) named: Vec<String>,
    pub(crate) mailboxes: u32,
    pub(crate) unknown: Vec<String>,
    /// Positions at or beyond `mailboxes` that exist all the same.
    pub(crate) also: BTreeSet<u32>,
    /// Positions of addresses that are wrong in syntax.
    pub(crate) mistyped: BTreeSet<u32>,
    /// Positions of those of them that are wrong by stray dots alone.
    pub(crate) stray_dots: BTreeSet<u32>,
    /// Whether this is the address of a host in brackets rather than a name.
    pub(crate) literal: bool,
    /// Positions of named and unknown mailboxes by their spelling.
    by_local: BTreeMap<String, u32>,
}

/// All domains.
#[derive(Debug)]
pub(crate) struct Domains<'a> {
    pub(crate) list: Vec<DomainDraft<'a>>,
    by_name: BTreeMap<String, DomainId>,
    /// Populations by their plain name: the domains that it stands for.
    populations: BTreeMap<String, Range<u32>>,
    /// Who has which address, for address literals.
    hosts: BTreeMap<IpAddr, HostId>,
}

impl<'a> Domains<'a> {
    /// Reads all `[[domain]]` tables.
    pub(crate) fn read(list: &[Field<'a>], hosts: &Hosts<'_>) -> Self {
        let mut domains = Self {
            list: Vec::new(),
            by_name: BTreeMap::new(),
            populations: BTreeMap::new(),
            hosts: hosts.by_address(),
        };
        for field in list {
            let Some(section) = field.section() else {
                continue;
            };
            let Some(name) = section.field("name").and_then(|field| dns_name(&field)) else {
                continue;
            };
            if domains.is_taken(&section, &name) {
                continue;
            }
            let count = section.field("count").map(|field| field.count());
            let draft = read_domain(section, name.clone(), hosts);
            match count {
                None => domains.add(draft),
                Some(Some(count)) => domains.add_population(&draft, count, hosts),
                Some(None) => {}
            }
        }
        domains
    }

    /// Reports a name that another domain has.
    fn is_taken(&self, section: &Section<'_>, name: &str) -> bool {
        let taken = self.by_name.contains_key(name) || self.populations.contains_key(name);
        if taken {
            let remark = Remark::new(format!("there are two domains named \"{name}\""))
                .accepted("a name that no other domain has")
                .help("put what both say into one [[domain]]");
            let first = self.by_name.get(name).map(|id| &self.list[id.index()]);
            let first = first.and_then(|draft| draft.section.as_ref());
            let remark = match first {
                Some(first) => remark.after(first.place_of("name")),
                None => remark,
            };
            section.error_at("name", ProblemKind::Duplicate, remark);
        }
        taken
    }

    fn add(&mut self, draft: DomainDraft<'a>) {
        self.by_name.insert(draft.name.clone(), DomainId::from_index(self.list.len()));
        self.list.push(draft);
    }

    /// Adds `count` domains like `draft`, numbered as hosts are. Where an exchanger or the store is a
    /// population of as many hosts, each domain has one of its own; any other host is shared.
    fn add_population(&mut self, draft: &DomainDraft<'a>, count: u64, hosts: &Hosts<'_>) {
        let section = draft.section.clone().expect("it was read from its table");
        let first = self.list.len() as u64;
        if first + count > limits::HOSTS {
            let remark = Remark::new(format!("this makes {} domains in all", first + count))
                .accepted(format!("at most {} domains", limits::HOSTS))
                .help("make the population smaller");
            section.error_at("count", ProblemKind::BadValue, remark);
            return;
        }
        self.populations.insert(draft.name.clone(), first as u32..(first + count) as u32);
        for number in 0..count {
            let name = numbered(&draft.name, number + 1);
            if self.is_taken(&section, &name) {
                return;
            }
            let mut member = draft.clone();
            member.name = name;
            for record in &mut member.mx {
                if let ExchangerName::Hosts(range) = &mut record.target
                    && range.len() as u64 == count
                {
                    let own = range.start + number as u32;
                    *range = own..own + 1;
                }
            }
            member.store = match section.field("store").and_then(|field| hosts.all_of(&field)) {
                Some(range) if range.len() as u64 == count => {
                    Some(HostId(range.start + number as u32))
                }
                Some(_) => draft.store,
                None => default_store(&member, hosts),
            };
            self.add(member);
        }
    }

    /// Returns the domains that the field names: one, or a population by its plain name.
    pub(crate) fn all_of(&self, field: &Field<'_>) -> Option<Range<u32>> {
        let name = field.text()?;
        match self.populations.get(&canonical(name)) {
            Some(members) => Some(members.clone()),
            None => self.one_of(field).map(|domain| domain.0..domain.0 + 1),
        }
    }

    /// Returns the domain of that name.
    pub(crate) fn find(&self, name: &str) -> Option<DomainId> {
        self.by_name.get(&canonical(name)).copied()
    }

    /// Returns the domain that the field names; reports a name that none has.
    pub(crate) fn one_of(&self, field: &Field<'_>) -> Option<DomainId> {
        let name = field.text()?;
        let found = self.find(name);
        if found.is_none() {
            field.error(ProblemKind::UnknownName, self.unknown(field, name));
        }
        found
    }

    fn unknown(&self, field: &Field<'_>, name: &str) -> Remark {
        if let Some(members) = self.populations.get(&canonical(name)) {
            let first = &self.list[members.start as usize].name;
            return Remark::new(format!("\"{name}\" stands for {} domains", members.len()))
                .accepted("the name of one domain")
                .help(format!("write one of them, as \"{first}\""));
        }
        let names = || self.list.iter().map(|domain| domain.name.as_str());
        let near = field.checker.did_you_mean(name, names());
        Remark::new(format!("there is no domain named \"{name}\""))
            .accepted(field.checker.listed(names()))
            .help(if near.is_empty() { "add a [[domain]] of this name".to_owned() } else { near })
    }

    /// Returns the domain of that name; one not in the file is added as a name that does not
    /// exist. The flag tells whether it was added just now.
    pub(crate) fn find_or_add(&mut self, name: &str) -> (DomainId, bool) {
        if let Some(id) = self.find(name) {
            return (id, false);
        }
        let (id, name) = (DomainId::from_index(self.list.len()), canonical(name));
        self.by_name.insert(name.clone(), id);
        self.list.push(DomainDraft { name, ..DomainDraft::default() });
        (id, true)
    }

    /// Returns the domain that an address literal stands for (RFC 5321 §4.1.3), such as
    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]`: the mailboxes of the host that has the address. None:
    /// no host has it.
    pub(crate) fn literal(&mut self, text: &str) -> Option<DomainId> {
        let address = address_literal(text)?;
        let store = Some(*self.hosts.get(&address)?);
        // However it is spelt, it is one address.
        let (id, added) = self.find_or_add(&match address {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        });
        if added {
            let draft = &mut self.list[id.index()];
            (draft.store, draft.literal) = (store, true);
        }
        Some(id)
    }

    /// Returns the mailbox `local` of a domain and whether it exists; one that does not is noted
    /// by its spelling.
    pub(crate) fn mailbox(&mut self, domain: DomainId, local: &str) -> (Mailbox, bool) {
        let special = self.exists_unnamed(domain, local);
        let draft = &mut self.list[domain.index()];
        let number = draft.position(local);
        let (local, exists) = match number {
            Some(position) => {
                (position, position < draft.mailboxes || draft.also.contains(&position))
            }
            None => {
                let position = draft.mailboxes + draft.unknown.len() as u32;
                draft.unknown.push(local.to_owned());
                draft.by_local.insert(local.to_owned(), position);
                if special {
                    draft.also.insert(position);
                }
                (position, special)
            }
        };
        (Mailbox { domain, local }, exists)
    }

    /// Returns the mailbox that stands for an address wrong in syntax: no server takes it, or, if it
    /// is wrong by `stray_dots` alone, some do.
    pub(crate) fn mistyped(&mut self, domain: DomainId, local: &str, stray_dots: bool) -> Mailbox {
        let draft = &mut self.list[domain.index()];
        let position = draft.mailboxes + draft.unknown.len() as u32;
        draft.unknown.push(local.to_owned());
        draft.mistyped.insert(position);
        if stray_dots {
            draft.stray_dots.insert(position);
        }
        Mailbox { domain, local: position }
    }

    /// Makes an address exist that the domain's own table need not name.
    pub(crate) fn found(&mut self, domain: DomainId, local: &str) {
        let (mailbox, exists) = self.mailbox(domain, local);
        if !exists {
            self.list[domain.index()].also.insert(mailbox.local);
        }
    }

    /// Returns how a mailbox is spelt that was named or spoken of.
    pub(crate) fn spelt(&self, mailbox: Mailbox) -> String {
        let draft = &self.list[mailbox.domain.index()];
        let local = draft.by_local.iter().find(|(_, position)| **position == mailbox.local);
        let local = local.map_or_else(|| format!("user{:05}", mailbox.local + 1), |l| l.0.clone());
        format!("{local}@{}", draft.name)
    }

    /// Returns whether a mailbox exists that the domain's own table need not name: `postmaster`
    /// wherever mailboxes are kept (RFC 5321 §4.5.1), and at an address literal those of all domains
    /// that the host keeps.
    fn exists_unnamed(&self, domain: DomainId, local: &str) -> bool {
        let draft = &self.list[domain.index()];
        let kept = draft.store.is_some();
        let elsewhere = |other: &DomainDraft<'_>| {
            other.store == draft.store && other.position(local).is_some_and(|p| p < other.mailboxes)
        };
        kept && (local == "postmaster" || draft.literal && self.list.iter().any(elsewhere))
    }

    /// Returns the draft of a domain.
    pub(crate) fn get(&self, id: DomainId) -> &DomainDraft<'a> {
        &self.list[id.index()]
    }
}

impl DomainDraft<'_> {
    /// Returns the position of a mailbox that was named, numbered or spoken of before.
    fn position(&self, local: &str) -> Option<u32> {
        if let Some(position) = self.by_local.get(local) {
            return Some(*position);
        }
        // Numbered mailboxes are spelt `user00042`, counted from 1.
        let number: u32 = local.strip_prefix("user")?.parse().ok()?;
        let position = number.checked_sub(1)?;
        let spelt = format!("user{number:05}") == local;
        (spelt && (self.named.len() as u32..self.mailboxes).contains(&position)).then_some(position)
    }

    /// Returns the names of mailboxes, for near-name hints.
    pub(crate) fn named(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str)
    }

    /// Returns the exchangers that are hosts of the scenario, with their preferences.
    pub(crate) fn exchanger_hosts(&self) -> impl Iterator<Item = (u16, HostId)> {
        self.mx.iter().flat_map(|record| {
            let hosts = match &record.target {
                ExchangerName::Hosts(hosts) => hosts.clone(),
                _ => 0..0,
            };
            hosts.map(|host| (record.preference, HostId(host)))
        })
    }
}

fn read_domain<'a>(section: Section<'a>, name: String, hosts: &Hosts<'_>) -> DomainDraft<'a> {
    let exists = section.field("exists").and_then(|field| field.flag()).unwrap_or(true);
    let mx = section.field("mx").map(|field| exchangers(&field, hosts));
    let addresses = section.field("address");
    let addresses = addresses.map(|field| hosts.addresses_in(&field.one_or_many(Shape::Text)));
    let alias = section.field("alias").and_then(|field| dns_name(&field));
    let is_population = section.has("count");
    let store = |field: &Field<'_>| match is_population {
        // Who has which is decided when the members are made.
        true => hosts.all_of(field).map(|members| HostId(members.start)),
        false => hosts.one_of(field),
    };
    let stated_store = section.field("store").map(|field| store(&field));
    if exists && mx.is_none() && addresses.is_none() && alias.is_none() {
        let remark = Remark::new(format!("nothing says where mail for {name} goes"))
            .accepted("`mx`, `address` or `alias`")
            .help(
                "add mx = [{ host = \"…\", preference = 10 }]; or mx = [] if the name has no \
                 exchangers at all",
            );
        section.error(ProblemKind::Missing, remark);
    }
    let mut draft = DomainDraft {
        name,
        exists,
        mx: mx.unwrap_or_default(),
        addresses: addresses.unwrap_or_default(),
        alias,
        ..DomainDraft::default()
    };
    draft.store = match stated_store {
        Some(store) => store,
        None => default_store(&draft, hosts),
    };
    read_mailboxes(&section, &mut draft);
    draft.section = Some(section);
    draft
}

/// The best exchanger, or the host found at the name's own address.
fn default_store(draft: &DomainDraft<'_>, hosts: &Hosts<'_>) -> Option<HostId> {
    let best = draft.exchanger_hosts().min().map(|(_, host)| host);
    let own = draft.addresses.first().map(|id| hosts.addresses[id.index()].host);
    if draft.mx.is_empty() { own } else { best }
}

fn read_mailboxes(section: &Section<'_>, draft: &mut DomainDraft<'_>) {
    let Some(field) = section.field("mailboxes") else {
        return;
    };
    let (names, count) = match &field.node.value {
        Value::Table(_) => {
            let Some(table) = field.section_of(MAILBOX_KEYS) else {
                return;
            };
            let names = table.field("names").map(|names| names.list()).unwrap_or_default();
            let count = table.field("count").and_then(|count| count.count());
            if let Some(count) = count.filter(|count| *count < names.len() as u64) {
                let message = format!("{} names for {count} mailboxes", names.len());
                let remark = Remark::new(message)
                    .accepted("a count that has the named ones in it")
                    .help(format!("write count = {} or more", names.len()));
                table.error_at("count", ProblemKind::Contradiction, remark);
            }
            (names, count)
        }
        Value::List(_) => (field.one_or_many(Shape::Text), None),
        _ => return field.wrong_type(),
    };
    for item in &names {
        let Some(local) = item.text() else { continue };
        let Some(spelt) = local_part(local) else {
            let remark = Remark::new(format!("found \"{local}\", which is no local part"))
                .accepted("what stands before the at sign, without blanks")
                .help(local.split_once('@').map_or_else(
                    || "write a name such as \"alice\"".to_owned(),
                    |(before, _)| format!("write \"{before}\""),
                ));
            item.error(ProblemKind::BadValue, remark);
            continue;
        };
        let position = draft.named.len() as u32;
        if draft.by_local.insert(spelt.clone(), position).is_some() {
            let remark = Remark::new(format!("there are two mailboxes named \"{local}\""))
                .accepted("a name that no other mailbox of the domain has")
                .help("remove one of them");
            item.error(ProblemKind::Duplicate, remark);
            continue;
        }
        draft.named.push(spelt);
    }
    let named = draft.named.len() as u32;
    let count = count.unwrap_or(u64::from(named)).min(limits::MAILBOXES);
    draft.mailboxes = u32::try_from(count).unwrap_or(u32::MAX).max(named);
}
