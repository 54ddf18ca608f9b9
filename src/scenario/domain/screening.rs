//! What servers look at besides addresses: what their tables say, and what is published in the DNS.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::domains::Domains;
use super::keys_of_screening::{DMARC_KEYS, DMARC_WORD, POLICY_KEYS};
use super::zone::{Change, ZoneBuilder};
use crate::dns::NameId;
use crate::mail::{AuthenticationResult, DmarcPolicy, DomainId, HostId};
use crate::network::AddressId;
use crate::scenario::host::hosts::{Hosts, dns_name};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Value;
use crate::scenario::top::tables;
use crate::screening::{
    Blocklist, Dmarc, Filter, FilterStage, PolicyCheck, Published, Screening, SenderPolicy, Spf,
    reversed,
};
use crate::units::SimTime;

/// Reads what a host's table says; `blocklists` are the zones of the scenario.
pub(crate) fn screening(section: &Section<'_>, blocklists: &[String]) -> Option<Box<Screening>> {
    let mut screening = Screening::default();
    let places: BTreeMap<&str, u32> = match section.has("blocklists") {
        // Of two of the same name the first is meant.
        true => {
            let all = blocklists.iter().enumerate().rev();
            all.map(|(place, zone)| (zone.as_str(), place as u32)).collect()
        }
        false => BTreeMap::new(),
    };
    for item in section.field("blocklists").map(|field| field.list()).unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        match places.get(text) {
            Some(&place) => screening.blocklists.push(place),
            None => {
                let names = || blocklists.iter().map(String::as_str);
                let near = item.checker.did_you_mean(text, names());
                let add = "add a [[blocklist]] of this name".to_owned();
                let remark = Remark::new(format!("there is no blocklist named \"{text}\""))
                    .accepted(item.checker.listed(names()))
                    .help(if near.is_empty() { add } else { near });
                item.error(ProblemKind::UnknownName, remark);
            }
        }
    }
    screening.policies = section.field("sender_policies").and_then(|field| policy_check(&field));
    let table = section.field("filter").and_then(|field| field.section());
    screening.filter = table.map(|table| filter(&table));
    (!screening.is_empty()).then(|| Box::new(screening))
}

fn policy_check(field: &Field<'_>) -> Option<PolicyCheck> {
    if !field.is_table() {
        return field.flag()?.then(PolicyCheck::default);
    }
    let section = field.section_of(POLICY_KEYS)?;
    let word = |key: &str| section.field(key).and_then(|field| field.word());
    Some(PolicyCheck {
        refuses_spf_fail: word("spf_fail") == Some("refuse"),
        enforces_dmarc: word("dmarc") != Some("note"),
        defers_on_error: word("dns_failure") == Some("defer"),
    })
}

fn filter(section: &Section<'_>) -> Filter {
    let word = |key: &str| section.field(key).and_then(|field| field.word());
    let mut filter = match word("profile") {
        Some("rspamd") => Filter::rspamd(),
        Some("spamassassin") => Filter::spamassassin(),
        _ => Filter::default(),
    };
    if word("stage") == Some("queue") {
        (filter.stage, filter.defer_from) = (FilterStage::Queue, None);
        for key in ["defer_from", "defer_for"].into_iter().filter(|key| section.has(key)) {
            let remark = Remark::new("what was taken already cannot be put off")
                .accepted(format!("`{key}` with stage = \"dot\""))
                .help(format!("remove `{key}`"));
            section.error_at(key, ProblemKind::Contradiction, remark);
        }
    } else if section.has("refused") {
        let remark =
            Remark::new("at the dot a message is refused, and its client tells the author")
                .accepted("`refused` with stage = \"queue\"")
                .help("remove `refused`");
        section.error_at("refused", ProblemKind::Contradiction, remark);
    }
    filter.returns = word("refused") != Some("discard");
    if let Some(time) = section.field("time").and_then(|field| field.distribution()) {
        filter.time = time;
    }
    if let Some(wait) = section.field("defer_for").and_then(|field| field.duration()) {
        filter.defer_for = wait;
    }
    let number = |key: &str| section.field(key).and_then(|field| field.number());
    filter.defer_from = number("defer_from").or(filter.defer_from);
    filter.junk_from = number("junk_from").or(filter.junk_from);
    filter.refuse_from = number("refuse_from").or(filter.refuse_from);
    if let (Some(junk), Some(refuse)) = (filter.junk_from, filter.refuse_from)
        && junk >= refuse
    {
        let remark = Remark::new(format!(
            "junk begins at {junk}, and from {refuse} on mail is refused: nothing is ever junk"
        ))
        .accepted("`junk_from` below `refuse_from`")
        .help("raise `refuse_from`, or lower `junk_from`");
        let key = if section.has("junk_from") { "junk_from" } else { "refuse_from" };
        section.error_at(key, ProblemKind::Contradiction, remark);
    }
    filter
}

/// Returns the zones of all `[[blocklist]]` tables, in order.
pub(crate) fn zones(top: &Section<'_>) -> Vec<String> {
    let (mut zones, mut known) = (Vec::new(), BTreeSet::new());
    for section in tables(top, "blocklist").iter().filter_map(Field::section) {
        let Some(zone) = section.field("name").and_then(|field| dns_name(&field)) else {
            continue;
        };
        if !known.insert(zone.clone()) {
            let remark = Remark::new(format!("there are two blocklists named \"{zone}\""))
                .accepted("a name that no other blocklist has")
                .help("put all `lists` into one [[blocklist]]");
            section.error_at("name", ProblemKind::Duplicate, remark);
        }
        zones.push(zone);
    }
    zones
}

/// Reads what is published, and puts its names into the zone.
pub(crate) fn published(
    top: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    zone: &mut ZoneBuilder,
) -> Published {
    let blocklists = tables(top, "blocklist");
    let blocklists =
        blocklists.iter().filter_map(|field| blocklist(&field.section()?, hosts, zone));
    Published { blocklists: blocklists.collect(), policies: policies(top, hosts, domains, zone) }
}

/// Returns whether some host checks the policies of senders, or is told to by an action.
fn are_checked(top: &Section<'_>, hosts: &Hosts<'_>) -> bool {
    let inside = |field: &Field<'_>, key: &str| match &field.node.value {
        Value::Table(table) => table.get(key).cloned(),
        _ => None,
    };
    let sets = |field: &Field<'_>| {
        let deed = field.section()?;
        let set = inside(&deed.field("do")?, "set")?;
        matches!(&set.node.value, Value::Table(table) if table.get("sender_policies").is_some())
            .then_some(())
    };
    hosts.entries.iter().any(|entry| entry.section.has("sender_policies"))
        || tables(top, "action").iter().any(|field| sets(field).is_some())
}

fn blocklist(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    zone: &mut ZoneBuilder,
) -> Option<Blocklist> {
    let name = dns_name(&section.field("name")?)?;
    let span = |key: &str| section.field(key).and_then(|field| field.duration());
    let (ttl, negative_ttl) = (span("ttl"), span("negative_ttl"));
    let mut names: Vec<NameId> = Vec::with_capacity(hosts.addresses.len());
    for address in &hosts.addresses {
        let literal: IpAddr = address.literal.parse().ok()?;
        let id = zone.name(&reversed(literal, &name));
        let records = zone.records(id);
        records.states = true;
        records.ttl = ttl.unwrap_or(records.ttl);
        records.negative_ttl = negative_ttl.unwrap_or(records.negative_ttl);
        names.push(id);
    }
    let mut changes: BTreeMap<(AddressId, SimTime), bool> = BTreeMap::new();
    for item in section.field("lists").map(|field| field.list()).unwrap_or_default() {
        let Some(listing) = item.section() else { continue };
        listing.one_of(&["for", "until"]);
        let time = |key: &str| listing.field(key).and_then(|field| field.time());
        let from = time("from").unwrap_or(SimTime::ZERO);
        let length = listing.field("for").and_then(|field| field.duration());
        let until = time("until").or(length.map(|length| from + length));
        if until.is_some_and(|until| until <= from) {
            let remark = Remark::new("the listing ends before it begins")
                .accepted("an end after `from`")
                .help("make `from` earlier, or the end later");
            listing.error(ProblemKind::Contradiction, remark);
        }
        for address in listed_addresses(&listing, hosts) {
            changes.insert((address, from), true);
            if let Some(until) = until {
                changes.entry((address, until)).or_insert(false);
            }
        }
    }
    for ((address, at), exists) in changes {
        let change = Change { exists: Some(exists), ..Change::default() };
        zone.change(names[address.index()], at, change);
    }
    Some(Blocklist { zone: name, names })
}

/// Returns the addresses that one item of `lists` names.
fn listed_addresses(listing: &Section<'_>, hosts: &Hosts<'_>) -> Vec<AddressId> {
    match listing.one_of(&["host", "address"]) {
        Some("host") => {
            let members = listing.field("host").and_then(|field| hosts.all_of(&field));
            let members = members.into_iter().flatten();
            members.flat_map(|host| hosts.addresses_of[host as usize].clone()).collect()
        }
        Some(_) => {
            let field = listing.field("address");
            field.map(|field| hosts.addresses_in(&[field])).unwrap_or_default()
        }
        None => {
            let remark = Remark::new("this listing names nobody")
                .accepted("`host` or `address`")
                .help("add host = \"smtp.sender.example\"");
            listing.error(ProblemKind::Missing, remark);
            Vec::new()
        }
    }
}

/// Returns what all domains publish; nothing, and no names in the zone, where nobody ever looks.
fn policies(
    top: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    zone: &mut ZoneBuilder,
) -> BTreeMap<DomainId, SenderPolicy> {
    let stated =
        |section: &Section<'_>| ["spf", "dkim", "dmarc"].iter().any(|key| section.has(key));
    let looked_at = are_checked(top, hosts)
        || domains.list.iter().any(|draft| draft.section.as_ref().is_some_and(stated));
    let mut policies = BTreeMap::new();
    if !looked_at {
        return policies;
    }
    for (index, draft) in domains.list.iter().enumerate() {
        let name = zone.name(&draft.name);
        let dmarc_name = zone.name(&format!("_dmarc.{}", draft.name));
        let mut policy = SenderPolicy {
            name,
            spf: None,
            dkim: None,
            dmarc_name,
            dmarc: None,
            above: above(domains, &draft.name),
        };
        if let Some(section) = &draft.section {
            policy.spf =
                section.field("spf").and_then(|field| spf(&field.section()?, hosts, domains));
            policy.dkim = section.field("dkim").map(|field| {
                let key = zone.name(&format!("{SELECTOR}._domainkey.{}", draft.name));
                publish(zone, key);
                (key, signers(&field, hosts))
            });
            policy.dmarc = section.field("dmarc").and_then(|field| dmarc(&field));
        }
        if policy.spf.is_some() {
            zone.records(name).states = true;
        }
        if policy.dmarc.is_some() {
            publish(zone, dmarc_name);
        }
        policies.insert(DomainId::from_index(index), policy);
    }
    policies
}

/// The name of every domain's key: a scenario has no need of several.
const SELECTOR: &str = "mail";

fn publish(zone: &mut ZoneBuilder, name: NameId) {
    let records = zone.records(name);
    (records.exists, records.states) = (true, true);
}

/// Returns the nearest domain of the file above `name`.
fn above(domains: &Domains<'_>, name: &str) -> Option<DomainId> {
    let mut rest = name;
    while let Some((_, parent)) = rest.split_once('.') {
        if let Some(domain) = domains.find(parent) {
            return Some(domain);
        }
        rest = parent;
    }
    None
}

fn spf(section: &Section<'_>, hosts: &Hosts<'_>, domains: &Domains<'_>) -> Option<Spf> {
    let senders = section.field("hosts").map(|field| field.one_or_many(Shape::Text));
    let mut addresses = hosts.addresses_in(&senders.unwrap_or_default());
    addresses.sort_unstable();
    addresses.dedup();
    let includes = section.field("include").map(|field| field.list()).unwrap_or_default();
    let otherwise = section.field("otherwise").map(|field| field.word());
    Some(Spf {
        addresses,
        includes: includes.iter().filter_map(|item| domains.one_of(item)).collect(),
        otherwise: match otherwise.unwrap_or(Some("neutral"))? {
            "fail" => AuthenticationResult::Fail,
            "softfail" => AuthenticationResult::SoftFail,
            _ => AuthenticationResult::Neutral,
        },
    })
}

fn signers(field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<HostId> {
    let items = field.one_or_many(Shape::Text);
    let members = items.iter().filter_map(|item| hosts.all_of(item)).flatten();
    members.map(HostId).collect()
}

fn dmarc(field: &Field<'_>) -> Option<Dmarc> {
    let (word, percentage) = if field.is_table() {
        let section = field.section_of(DMARC_KEYS)?;
        let percentage = section.field("pct").map_or(Some(100), |field| field.count32());
        (section.field("policy").and_then(|field| field.word()), percentage)
    } else {
        (field.shaped(DMARC_WORD).word(), Some(100))
    };
    let policy = match word? {
        "reject" => DmarcPolicy::Reject,
        "quarantine" => DmarcPolicy::Quarantine,
        _ => DmarcPolicy::None,
    };
    Some(Dmarc { policy, percentage: u8::try_from(percentage?).unwrap_or(100) })
}
