//! The zone at the start of the run: the names of hosts, of domains and of `[[dns]]` entries.

use super::domains::Domains;
use super::exchangers::{exchangers, mx_records};
use super::zone::{Ttls, ZoneBuilder};
use crate::dns::Records;
use crate::scenario::host::hosts::{Hosts, dns_name};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::top::{Defaults, tables, text};

pub(crate) fn zone(
    top: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    defaults: &Defaults,
) -> ZoneBuilder {
    let mut zone = ZoneBuilder::new(defaults.ttls);
    for entry in &hosts.entries {
        let ttl = entry.section.field("ttl").and_then(|field| field.duration());
        let ttl = ttl.unwrap_or(defaults.ttls.positive);
        let mut all = Vec::new();
        for host in entry.members.clone() {
            let id = zone.name(&hosts.names[host as usize]);
            let records = zone.records(id);
            (records.exists, records.ttl) = (true, ttl);
            records.addresses.clone_from(&hosts.addresses_of[host as usize]);
            all.extend_from_slice(&records.addresses);
        }
        // The name of a population resolves to all its members.
        if let Some(name) = text(&entry.section, "name").filter(|_| entry.section.has("count")) {
            let id = zone.name(&name);
            let records = zone.records(id);
            (records.exists, records.ttl, records.addresses) = (true, ttl, all);
        }
    }
    fill_zone(domains, hosts, defaults.ttls, &mut zone);
    for field in tables(top, "dns") {
        if let Some(section) = field.section() {
            extra_name(&section, hosts, domains, &mut zone);
        }
    }
    zone
}

/// Adds one `[[dns]]` name.
fn extra_name(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    zone: &mut ZoneBuilder,
) {
    let Some(name) = section.field("name").and_then(|field| dns_name(&field)) else {
        return;
    };
    let taken = domains.find(&name).is_some_and(|id| domains.get(id).section.is_some());
    if taken || zone.exists(&name) {
        let remark = Remark::new(format!("\"{name}\" has records already"))
            .accepted("a name that no [[host]], [[domain]] or [[dns]] has")
            .help("write the records into the table of that name");
        section.error_at("name", ProblemKind::Duplicate, remark);
        return;
    }
    let addresses = section.field("addresses");
    let addresses = addresses.map(|field| hosts.addresses_in(&field.one_or_many(Shape::Text)));
    let mx = section.field("mx").map(|field| exchangers(&field, hosts));
    let mx = mx.map(|list| mx_records(&list, hosts, zone)).unwrap_or_default();
    let alias = section.field("alias").and_then(|field| dns_name(&field));
    let alias = alias.map(|alias| zone.name(&alias));
    let span = |key: &str| section.field(key).and_then(|field| field.duration());
    let exists = section.field("exists").and_then(|field| field.flag()).unwrap_or(true);
    let (ttl, negative) = (span("ttl"), span("negative_ttl"));
    let id = zone.name(&name);
    let records = zone.records(id);
    records.exists = exists;
    records.addresses = addresses.unwrap_or_default();
    records.mx = mx;
    records.alias = alias;
    records.ttl = ttl.unwrap_or(records.ttl);
    records.negative_ttl = negative.unwrap_or(records.negative_ttl);
}

/// Writes the records of all domains into the zone.
fn fill_zone(domains: &Domains<'_>, hosts: &Hosts<'_>, ttls: Ttls, zone: &mut ZoneBuilder) {
    for draft in &domains.list {
        let mx = mx_records(&draft.mx, hosts, zone);
        let alias = draft.alias.as_ref().map(|alias| zone.name(alias));
        let span = |key: &str| {
            let field = draft.section.as_ref().and_then(|section| section.field(key));
            field.and_then(|field| field.duration())
        };
        let (ttl, negative_ttl) = (span("ttl"), span("negative_ttl"));
        let name = zone.name(&draft.name);
        let records = zone.records(name);
        // A host may have the name of the domain: its addresses stay.
        records.exists = draft.exists || records.exists;
        if !draft.exists {
            continue;
        }
        let mut addresses = std::mem::take(&mut records.addresses);
        addresses.extend(
            draft
                .addresses
                .iter()
                .filter(|id| !addresses.contains(id))
                .copied()
                .collect::<Vec<_>>(),
        );
        *records = Records {
            exists: true,
            mx,
            addresses,
            alias,
            states: false,
            ttl: ttl.unwrap_or(ttls.positive),
            negative_ttl: negative_ttl.unwrap_or(ttls.negative),
        };
    }
}
