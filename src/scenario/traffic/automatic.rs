//! `[[list]]` and `[[responder]]`: what mailboxes do by themselves.

use super::correspondents::{address, founded, population};
use crate::mail::{DomainId, Mailbox};
use crate::scenario::domain::domains::Domains;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::tree::Value;
use crate::scenario::top::tables;
use crate::workload::{Answers, Automatic, Correspondents, Parts, Redistribution, Responder};

/// Reads all lists and responders. The addresses of lists exist from here on.
pub(crate) fn read_automatic(top: &Section<'_>, domains: &mut Domains<'_>) -> Automatic {
    let mut automatic = Automatic::default();
    let sections: Vec<Section<'_>> =
        tables(top, "list").iter().filter_map(|field| field.section()).collect();
    // Lists may name each other.
    let addresses: Vec<Option<Mailbox>> = sections
        .iter()
        .map(|section| section.field("address").and_then(|field| founded(&field, domains)))
        .collect();
    for (section, mailbox) in sections.iter().zip(addresses) {
        let members = section.field("members").map(|field| field.list()).unwrap_or_default();
        let mut members: Vec<Mailbox> =
            members.iter().flat_map(|item| members_of(item, domains)).collect();
        let owner = section.field("owner").and_then(|field| address(&field, domains));
        let Some(mailbox) = mailbox else { continue };
        // Each member gets one copy.
        let mut known = std::collections::BTreeSet::new();
        members.retain(|member| known.insert(*member));
        let flag = |key: &str| section.field(key).and_then(|field| field.flag()) == Some(true);
        let (changes_text, rewrites_author) = (flag("changes_text"), flag("rewrites_author"));
        let moderation = section.field("moderation").and_then(|field| field.distribution());
        let parts = section.field("parts").and_then(|field| field.section());
        let parts = parts.and_then(|section| parts_of(&section));
        let list =
            Redistribution { members, owner, changes_text, rewrites_author, moderation, parts };
        if automatic.redistributions.insert(mailbox, list).is_some() {
            let remark = Remark::new("there are two lists with this address")
                .accepted("an address that no other list has")
                .help("put all members into one [[list]]");
            section.error_at("address", ProblemKind::Duplicate, remark);
        }
    }
    for section in tables(top, "responder").iter().filter_map(Field::section) {
        let mailbox = section.field("mailbox").and_then(|field| address(&field, domains));
        if let (Some(mailbox), Some(responder)) = (mailbox, responder(&section)) {
            automatic.responders.insert(mailbox, responder);
        }
    }
    refuse_circles(top, &automatic, domains);
    automatic
}

/// Reads in which parts a list's copies go out.
fn parts_of(section: &Section<'_>) -> Option<Parts> {
    let size = section.field("size").and_then(|field| field.count32());
    let every = section.field("every").and_then(|field| field.positive_duration());
    Some(Parts { size: size?, every: every? })
}

/// Reads one member of a list, or the mailboxes of a domain that are.
fn members_of(field: &Field<'_>, domains: &mut Domains<'_>) -> Vec<Mailbox> {
    if !matches!(field.node.value, Value::Table(_)) {
        return address(field, domains).into_iter().collect();
    }
    match population(field, domains) {
        Some(Correspondents::Population { domain, count }) => {
            (0..count).map(|local| Mailbox { domain, local }).collect()
        }
        Some(Correspondents::Domains { first, domains, count }) => (first.0..first.0 + domains)
            .flat_map(|domain| {
                (0..count).map(move |local| Mailbox { domain: DomainId(domain), local })
            })
            .collect(),
        Some(Correspondents::Weighted(_)) => {
            let remark = Remark::new("members are not drawn, so weights mean nothing here")
                .accepted("addresses, or { domain = \"b.example\", count = 1000 }")
                .help("write an item for each domain");
            field.error(ProblemKind::BadValue, remark);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Reads how a mailbox answers.
fn responder(section: &Section<'_>) -> Option<Responder> {
    let mut responder = Responder::default();
    if let Some(field) = section.field("every") {
        responder.every = field.duration()?;
    }
    if let Some(field) = section.field("answers") {
        responder.answers = match field.word()? {
            "everything" => Answers::Everything,
            _ => Answers::People,
        };
    }
    if let Some(field) = section.field("reverse_path") {
        responder.null_reverse_path = field.word()? == "null";
    }
    if let Some(field) = section.field("auto_submitted") {
        responder.marks = field.flag()?;
    }
    Some(responder)
}

/// Lists that name each other make ever more copies.
fn refuse_circles(top: &Section<'_>, automatic: &Automatic, domains: &Domains<'_>) {
    let allowed = top.field("allow_loops").and_then(|field| field.flag()) == Some(true);
    let Some(circle) = automatic.circle().filter(|_| !allowed) else {
        return;
    };
    let names: Vec<String> = circle.iter().map(|mailbox| domains.spelt(*mailbox)).collect();
    let first = names.first().cloned().unwrap_or_default();
    let remark = Remark::new(format!(
        "lists go round in a circle: {} > {first}",
        names.join(" > ")
    ))
    .accepted("lists that end at mailboxes, and owners that are persons")
    .help("remove one from the other; if the circle is what you want, write allow_loops = true");
    top.error_at("list", ProblemKind::Loop, remark);
}
