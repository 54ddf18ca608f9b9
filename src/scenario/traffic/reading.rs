//! `[[reading]]`: which mailboxes are read how.

use std::collections::BTreeMap;

use super::correspondents::address;
use super::keys::POLL_KEYS;
use crate::access::{PollInterval, Protocol, Reading};
use crate::mail::{DomainId, Mailbox};
use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::Hosts;
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::top::text;
use crate::units::SimDuration;

/// How often a mailbox is visited when the entry says nothing.
const DEFAULT_INTERVAL: PollInterval = PollInterval::Fixed(SimDuration::from_minutes(10));

/// Reads all `[[reading]]` entries.
pub(crate) fn read_readings(
    list: &[Field<'_>],
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    // First and one past the last mailbox covered, by domain.
    let mut covered: BTreeMap<DomainId, Vec<(u32, u32, String, bool)>> = BTreeMap::new();
    for field in list {
        let Some(section) = field.section() else {
            continue;
        };
        let protocol = protocol(&section);
        let from = section.field("from_host").map(|field| hosts.one_of(&field));
        let device = text(&section, "device").unwrap_or_default();
        let junk = section.field("folder").and_then(|field| field.word()) == Some("junk");
        if let (true, Some(Protocol::Pop3 { .. })) = (junk, protocol) {
            let remark = Remark::new("POP3 knows one mailbox and no folders (RFC 1939)")
                .accepted("folder = \"junk\" together with protocol = \"imap\"")
                .help("write protocol = \"imap\"");
            section.error_at("folder", ProblemKind::Contradiction, remark);
        }
        let ranges = mailboxes(&section, domains);
        let Some(protocol) = protocol else { continue };
        for (first, count) in ranges {
            let (start, end) = (first.local, first.local + count);
            let others = covered.entry(first.domain).or_default();
            let same = |(from, to, other, folder): &(u32, u32, String, bool)| {
                let named = !device.is_empty() && !other.is_empty() && *other != device;
                let apart = named || *folder != junk;
                start < *to && *from < end && !apart
            };
            if others.iter().any(same) {
                let remark = Remark::new("some of these mailboxes are read by an earlier entry")
                    .accepted("one entry for each mailbox, or one for each `device` that reads it")
                    .help("give both entries a `device` of their own, or remove one of the two");
                let key = section.one_of(&["mailbox", "mailboxes", "domain"]);
                section.error_at(key.unwrap_or("protocol"), ProblemKind::Contradiction, remark);
            }
            let sharing = others.iter().filter(|(from, to, ..)| start < *to && *from < end);
            if sharing.count() >= limits::DEVICES {
                let remark = Remark::new("too many devices read some of these mailboxes")
                    .accepted(format!("at most {} for each mailbox", limits::DEVICES))
                    .help("remove some of these entries");
                section.error_at("device", ProblemKind::BadValue, remark);
            }
            others.push((start, end, device.clone(), junk));
            let (from, device) = (from.flatten(), device.clone());
            readings.push(Reading { first, count, device, junk, protocol, from });
        }
    }
    readings
}

fn mailboxes(section: &Section<'_>, domains: &mut Domains<'_>) -> Vec<(Mailbox, u32)> {
    let one = |mailbox: Mailbox| (mailbox, 1);
    match section.one_of(&["mailbox", "mailboxes", "domain"]) {
        Some("domain") => {
            let domain = section.field("domain").and_then(|field| domains.one_of(&field));
            let all =
                domain.map(|id| (Mailbox { domain: id, local: 0 }, domains.get(id).mailboxes));
            all.into_iter().filter(|(_, count)| *count > 0).collect()
        }
        Some("mailboxes") => {
            let items = section.field("mailboxes").map(|field| field.list()).unwrap_or_default();
            items.iter().filter_map(|item| address(item, domains)).map(one).collect()
        }
        Some(_) => {
            let field = section.field("mailbox");
            field.and_then(|field| address(&field, domains)).map(one).into_iter().collect()
        }
        None => {
            let remark = Remark::new("nothing says which mailboxes are read")
                .accepted("`mailbox`, `mailboxes` or `domain`")
                .help("add domain = \"recipient.example\"");
            section.error(ProblemKind::Missing, remark);
            Vec::new()
        }
    }
}

fn protocol(section: &Section<'_>) -> Option<Protocol> {
    let every = match section.field("every") {
        None => None,
        Some(field) => Some(interval(&field)?),
    };
    let idle = section.field("idle").map(|field| field.flag());
    let delete = section.field("delete").map(|field| field.flag());
    let only = |key: &str, protocol: &str| {
        let remark = Remark::new(format!("`{key}` belongs to {protocol} only"))
            .accepted(format!("`{key}` together with protocol = \"{}\"", protocol.to_lowercase()))
            .help(format!("remove `{key}`"));
        section.error_at(key, ProblemKind::Contradiction, remark);
    };
    match section.field("protocol")?.word()? {
        "pop3" => {
            if idle.is_some() {
                only("idle", "IMAP");
            }
            let delete = delete.flatten().unwrap_or(true);
            Some(Protocol::Pop3 { every: every.unwrap_or(DEFAULT_INTERVAL), delete })
        }
        _ => {
            if delete.is_some() {
                only("delete", "POP3");
            }
            match (idle.flatten(), every) {
                (Some(true), Some(_)) => {
                    section.one_of(&["idle", "every"]);
                    None
                }
                (Some(true) | None, None) => Some(Protocol::ImapIdle),
                (_, every) => Some(Protocol::Imap { every: every.unwrap_or(DEFAULT_INTERVAL) }),
            }
        }
    }
}

fn interval(field: &Field<'_>) -> Option<PollInterval> {
    if !field.is_table() {
        return field.shaped(Shape::Duration).positive_duration().map(PollInterval::Fixed);
    }
    let table = field.section_of(POLL_KEYS)?;
    let span = |key: &str| table.field(key).and_then(|field| field.positive_duration());
    let (least, most) = (span("least"), span("most"));
    let (least, most) = (least?, most?);
    if most < least {
        let remark = Remark::new("`most` is shorter than `least`")
            .accepted("a `most` not below `least`")
            .help("swap the two");
        table.error_at("most", ProblemKind::Contradiction, remark);
        return None;
    }
    Some(PollInterval::Adapting { least, most })
}
