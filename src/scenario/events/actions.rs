//! `[[action]]`: what is done to a host or a domain at a time.

use super::keys::{CHANGE_KEYS, COMMANDS};
use crate::mail::{DomainId, HostId};
use crate::scenario::domain::domains::Domains;
use crate::scenario::domain::exchangers::{exchangers, mx_records};
use crate::scenario::domain::zone::{Change, ZoneBuilder};
use crate::scenario::host::hosts::Hosts;
use crate::scenario::host::keys::{HOST, HOST_SETTINGS};
use crate::scenario::host::schedules;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Entry, Table, Value};
use crate::units::SimTime;

/// One `[[action]]` as read.
#[derive(Debug)]
pub(crate) struct ActionDraft<'a> {
    pub(crate) at: SimTime,
    pub(crate) what: Deed<'a>,
}

/// What is done.
#[derive(Debug)]
pub(crate) enum Deed<'a> {
    /// One word to hosts: `flush`, `stop` or `start`.
    Command(Vec<HostId>, &'static str),
    /// Settings of hosts.
    Set(Vec<HostId>, Section<'a>),
    /// DNS records of a host.
    HostRecords(Vec<HostId>, Section<'a>),
    /// DNS records of a domain.
    DomainRecords(DomainId, Section<'a>),
}

/// Reads all `[[action]]` tables; they are returned in order of time.
pub(crate) fn read_actions<'a>(
    list: &[Field<'a>],
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
) -> Vec<ActionDraft<'a>> {
    let mut drafts: Vec<ActionDraft<'a>> = list
        .iter()
        .filter_map(|field| {
            let section = field.section()?;
            let at = section.field("at").and_then(|field| field.time());
            let what = deed(&section, hosts, domains);
            Some(ActionDraft { at: at?, what: what? })
        })
        .collect();
    drafts.sort_by_key(|draft| draft.at);
    drafts
}

fn deed<'a>(section: &Section<'a>, hosts: &Hosts<'_>, domains: &Domains<'_>) -> Option<Deed<'a>> {
    let target = section.one_of(&["host", "domain"]);
    if target.is_none() {
        let remark = Remark::new("nothing says what the action is done to")
            .accepted("`host` or `domain`")
            .help("add host = \"mx1.recipient.example\"");
        section.error(ProblemKind::Missing, remark);
    }
    let target = target?;
    let members = || -> Option<Vec<HostId>> {
        let members = section.field("host").and_then(|field| hosts.all_of(&field))?;
        Some(members.map(HostId).collect())
    };
    let field = section.field("do")?;
    if field.is_text() {
        let word = field.shaped(Shape::Word(COMMANDS)).word();
        if target == "domain" {
            let remark = Remark::new("a domain cannot be flushed, stopped or started")
                .accepted("a change of its records, as { mx = [ … ] }")
                .help("write host = … instead of domain = …");
            section.error_at("domain", ProblemKind::Contradiction, remark);
            return None;
        }
        return Some(Deed::Command(members()?, word?));
    }
    let change = field.section_of(CHANGE_KEYS)?;
    if change.table.entries.is_empty() {
        let remark = Remark::new("nothing is changed")
            .accepted("`set`, `mx`, `addresses`, `ttl` or `exists`")
            .help("write do = { set = { … } }");
        change.error(ProblemKind::Missing, remark);
        return None;
    }
    if target == "domain" {
        if change.has("set") {
            let remark = Remark::new("a domain has no settings")
                .accepted("`mx`, `addresses`, `ttl` or `exists`")
                .help("write host = … instead of domain = …");
            change.error_at("set", ProblemKind::Contradiction, remark);
        }
        let domain = section.field("domain").and_then(|field| domains.one_of(&field));
        return Some(Deed::DomainRecords(domain?, change));
    }
    for key in ["mx", "exists"] {
        if change.has(key) {
            let remark = Remark::new(format!("`{key}` is a record of a domain"))
                .accepted("`set`, `addresses` or `ttl`")
                .help("write domain = … instead of host = …");
            change.error_at(key, ProblemKind::Contradiction, remark);
        }
    }
    match change.field("set") {
        Some(set) => {
            change.one_of(&["set", "addresses"]);
            change.one_of(&["set", "ttl"]);
            Some(Deed::Set(members()?, set.section_of(&HOST_SETTINGS)?))
        }
        None => Some(Deed::HostRecords(members()?, change)),
    }
}

/// Reads a change of DNS records.
pub(crate) fn record_change(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    zone: &mut ZoneBuilder,
) -> Change {
    let mx = section.field("mx").map(|field| exchangers(&field, hosts));
    let addresses = section.field("addresses");
    Change {
        mx: mx.map(|list| mx_records(&list, hosts, zone)),
        addresses: addresses.map(|field| hosts.addresses_in(&field.one_or_many(Shape::Text))),
        ttl: section.field("ttl").and_then(|field| field.duration()),
        exists: section.field("exists").and_then(|field| field.flag()),
    }
}

/// Returns a host's table with `set` laid over it. Settings of another mail server do not outlive it,
/// and a schedule that is stated in another way takes the place of the former.
pub(crate) fn overlaid(host: &Table, set: &Section<'_>) -> Table {
    let mut merged = host.clone();
    // `mta = "postfix"` stands for a table, so that single settings can be laid over it.
    let is_table = |entry: &Entry| matches!(entry.node.value, Value::Table(_));
    if set.table.get("mta").is_some_and(is_table)
        && let Some(entry) = merged.entries.iter_mut().find(|entry| entry.key == "mta")
        && !is_table(entry)
    {
        let profile = Entry {
            key: "profile".to_owned(),
            place: entry.place.clone(),
            node: entry.node.clone(),
        };
        entry.node.value = Value::Table(Table { entries: vec![profile] });
    }
    if let Some(Value::Table(changed)) = set.table.get("mta").map(|entry| &entry.node.value)
        && let Some(entry) = merged.entries.iter_mut().find(|entry| entry.key == "mta")
        && let Value::Table(before) = &mut entry.node.value
    {
        make_way(before, changed);
    }
    merged.overlay(set.table);
    merged
}

/// Takes out of the settings of a mail server what others are to replace as a whole.
fn make_way(before: &mut Table, changed: &Table) {
    let named = |table: &Table| match table.get("profile").map(|entry| &entry.node.value) {
        Some(Value::Text(name)) => Some(name.clone()),
        _ => None,
    };
    if let Some(name) = named(changed)
        && named(before).as_ref() != Some(&name)
    {
        before.entries.clear();
        return;
    }
    let profile = named(before).unwrap_or_default();
    let forms = schedules::forms(&profile);
    if forms.iter().any(|form| changed.get(form).is_some()) {
        before.entries.retain(|entry| !forms.contains(&entry.key.as_str()));
    }
}

/// Returns a host's merged table as a section, to be read anew.
pub(crate) fn merged_section<'a>(original: &Section<'a>, merged: &'a Table) -> Section<'a> {
    let (place, path) = (original.place.clone(), original.path.clone());
    Section::new(original.checker, merged, &HOST, place, path)
}
