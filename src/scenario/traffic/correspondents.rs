//! Reading addresses: one mailbox, one of several, or one drawn from a domain.

use super::keys::DRAWN_KEYS;
use crate::mail::{DomainId, Mailbox, split_address, split_stray_dots};
use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::dns_name;
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Node, Value};
use crate::workload::{Correspondents, Share};

/// Reads one sender or recipient: an address, a list to draw from, or `{ domain = … }`.
pub(crate) fn correspondents(
    field: &Field<'_>,
    domains: &mut Domains<'_>,
) -> Option<Correspondents> {
    match &field.node.value {
        Value::Text(_) => address(field, domains).map(Correspondents::One),
        Value::List(items) => {
            let fields = field.one_or_many(Shape::Text);
            let found: Vec<Mailbox> =
                fields.iter().filter_map(|item| address(item, domains)).collect();
            if items.is_empty() {
                let remark = Remark::new("found an empty list, so nobody can be drawn")
                    .accepted("one or more addresses")
                    .help("write [\"alice@sender.example\"]");
                field.error(ProblemKind::BadValue, remark);
            }
            match found.as_slice() {
                [] => None,
                [one] => Some(Correspondents::One(*one)),
                _ => Some(Correspondents::AnyOf(found)),
            }
        }
        Value::Table(_) => population(field, domains),
        _ => {
            field.wrong_type();
            None
        }
    }
}

/// Reads mailboxes of a domain, of a population of domains, or of several by weight: the first so many of
/// each, or all.
pub(crate) fn population(field: &Field<'_>, domains: &mut Domains<'_>) -> Option<Correspondents> {
    let table = field.section_of(DRAWN_KEYS)?;
    match table.one_of(&["domain", "domains"]) {
        Some("domain") => of_domain(&table, &table.field("domain")?, domains),
        Some(_) => weighted(&table, &table.field("domains")?, domains),
        None => {
            let remark = Remark::new("nothing says whose mailboxes these are")
                .accepted("`domain`, or `domains` with a weight for each")
                .help("write { domain = \"recipient.example\" }");
            field.error(ProblemKind::Missing, remark);
            None
        }
    }
}

/// Reads `domains = { "a.example" = 3, "b.example" = 1 }`.
fn weighted(
    table: &Section<'_>,
    field: &Field<'_>,
    domains: &mut Domains<'_>,
) -> Option<Correspondents> {
    let mut shares = Vec::new();
    for (name, place, weight) in field.map() {
        let node = Node { place: place.clone(), value: Value::Text(name.to_owned()) };
        let named = Field { node: &node, shape: Shape::Text, ..weight.clone() };
        let drawn = of_domain(table, &named, domains);
        let number = weight.number()?;
        if number < 0.0 {
            let remark = Remark::new(format!("found {number}"))
                .accepted("a weight, zero or above: twice the weight is drawn twice as often")
                .help("remove the minus sign");
            weight.error(ProblemKind::BadValue, remark);
        }
        shares.push((number.max(0.0), drawn?));
    }
    if !shares.iter().any(|(weight, _)| *weight > 0.0) {
        let remark = Remark::new("no domain has a weight above zero, so nobody can be drawn")
            .accepted("domains with their weights")
            .help("write domains = { \"a.example\" = 3, \"b.example\" = 1 }");
        field.error(ProblemKind::BadValue, remark);
        return None;
    }
    Some(Correspondents::Weighted(Share::all(shares)))
}

/// Reads the mailboxes of one domain, or of each of a population.
fn of_domain(
    table: &Section<'_>,
    name: &Field<'_>,
    domains: &mut Domains<'_>,
) -> Option<Correspondents> {
    let members = domains.all_of(name)?;
    let (first, size) = (DomainId(members.start), members.len() as u32);
    let all = domains.get(first).mailboxes;
    if all == 0 {
        let remark = Remark::new(format!("{} has no mailboxes", domains.get(first).name))
            .accepted("a domain with mailboxes")
            .help("add mailboxes = { count = 500 } to its [[domain]]");
        name.error(ProblemKind::Contradiction, remark);
        return None;
    }
    let count = match table.field("count") {
        None => u64::from(all),
        Some(stated) => {
            let count = stated.count()?;
            if count > u64::from(all) {
                let message = format!("the domain has no more than {all} mailboxes");
                let remark = Remark::new(message)
                    .accepted(format!("a whole number from 1 to {all}"))
                    .help("leave `count` out for all of them");
                stated.error(ProblemKind::BadValue, remark);
                return None;
            }
            count
        }
    };
    let count = u32::try_from(count).ok()?;
    Some(if size == 1 {
        Correspondents::Population { domain: first, count }
    } else {
        Correspondents::Domains { first, domains: size, count }
    })
}

/// Reads an address; warns of a mailbox or domain that does not exist.
pub(crate) fn address(field: &Field<'_>, domains: &mut Domains<'_>) -> Option<Mailbox> {
    let text = field.text()?;
    let Some((local, name)) = split_address(text) else {
        let remark = Remark::new(format!("found \"{text}\", which is no address"))
            .accepted("an address such as \"alice@sender.example\"")
            .help(if text.contains('@') {
                "remove blanks and angle brackets; a mistake that is meant stands in `to_as_typed`"
                    .to_owned()
            } else {
                format!("write \"{text}@…\" with the domain behind the at sign")
            });
        field.error(ProblemKind::BadValue, remark);
        return None;
    };
    if name.starts_with('[') {
        return literal(field, &local, name, domains);
    }
    let node = Node { place: field.place().clone(), value: Value::Text(name.to_owned()) };
    let name = dns_name(&Field {
        checker: field.checker,
        node: &node,
        shape: Shape::Text,
        path: field.path.clone(),
    })?;
    let (domain, added) = domains.find_or_add(&name);
    if added {
        field.warn(unknown_domain(field, &name, domain, domains).named("unknown-domain"));
    }
    let (mailbox, exists) = domains.mailbox(domain, &local);
    let draft = domains.get(domain);
    if !exists && draft.section.is_some() && draft.exists {
        let near = field.checker.did_you_mean(&local, draft.named());
        let meant = "mail to it will be refused or bounced, if that is what you want";
        let help = if near.is_empty() { meant.to_owned() } else { format!("{near}; {meant}") };
        let remark = Remark::new(format!("{name} has no mailbox \"{local}\"")).help(help);
        field.warn(remark.named("unknown-mailbox"));
    }
    Some(mailbox)
}

/// Reads an address that is wrong in syntax; reports one that is not.
pub(crate) fn mistyped_address(
    field: &Field<'_>,
    domains: &mut Domains<'_>,
) -> Option<Correspondents> {
    let text = field.text()?;
    let right = split_address(text).is_some();
    let problem = if right {
        Some(("is right in syntax".to_owned(), format!("write it in `to`: to = [\"{text}\"]")))
    } else if !text.contains('@') {
        let why = "has no at sign: servers take that for a mailbox of their own".to_owned();
        Some((why, format!("write \"{text}@…\" with a mistake in it")))
    } else if text.chars().any(char::is_control) {
        Some(("has a control character".to_owned(), "remove it".to_owned()))
    } else {
        None
    };
    if let Some((problem, help)) = problem {
        let remark = Remark::new(format!("found \"{text}\", which {problem}"))
            .accepted("what an author may type by mistake, such as \"bob@recipient,example\"")
            .help(help);
        field.error(ProblemKind::BadValue, remark);
        return None;
    }
    let (local, name) = text.rsplit_once('@')?;
    let (domain, _) = domains.find_or_add(name);
    let stray_dots = split_stray_dots(text).is_some();
    Some(Correspondents::One(domains.mistyped(domain, local, stray_dots)))
}

/// Reads an address that exists because an alias or a list has it.
pub(crate) fn founded(field: &Field<'_>, domains: &mut Domains<'_>) -> Option<Mailbox> {
    if let Some((local, name)) = field.text().and_then(split_address)
        && let Some(domain) = domains.find(name)
    {
        domains.found(domain, &local);
    }
    address(field, domains)
}

/// Reads an address at a host's own address.
fn literal(
    field: &Field<'_>,
    local: &str,
    name: &str,
    domains: &mut Domains<'_>,
) -> Option<Mailbox> {
    let Some(domain) = domains.literal(name) else {
        let remark = Remark::new(format!("no host has the address {name}"))
            .accepted("the address of a host, as [192.0.2.1] or [IPv6:2001:db8::1]")
            .help("give a host addresses = [\"192.0.2.1\"]");
        field.error(ProblemKind::UnknownName, remark);
        return None;
    };
    Some(domains.mailbox(domain, local).0)
}

fn unknown_domain(field: &Field<'_>, name: &str, new: DomainId, domains: &Domains<'_>) -> Remark {
    let others = domains.list.iter().enumerate().filter(|(index, _)| *index != new.index());
    let near = field.checker.did_you_mean(name, others.map(|(_, domain)| domain.name.as_str()));
    let help = if near.is_empty() { "add a [[domain]] of this name".to_owned() } else { near };
    Remark::new(format!("there is no domain \"{name}\": the DNS will say that it does not exist"))
        .help(format!("{help}; mail to it will bounce, if that is what you want"))
}

/// Most recipients that one entry may name.
pub(crate) const MOST_RECIPIENTS: usize = limits::ADDRESSES as usize * 100;
