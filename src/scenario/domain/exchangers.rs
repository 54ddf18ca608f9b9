//! MX records as written, and as they stand in the zone.

use std::ops::Range;

use super::keys::MX_KEYS;
use super::zone::ZoneBuilder;
use crate::dns::MxRecord;
use crate::scenario::host::hosts::{Hosts, dns_name};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;

/// One exchanger as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanger {
    pub(crate) preference: u16,
    pub(crate) target: ExchangerName,
}

/// What an MX record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExchangerName {
    /// A host, or a population.
    Hosts(Range<u32>),
    /// Some other name.
    Name(String),
    /// The root: a null MX.
    Nobody,
}

/// Reads `"none"` or a list of MX records.
pub(crate) fn exchangers(field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<Exchanger> {
    if field.is_text() {
        let word = field.shaped(Shape::Word(&["none"])).word();
        let null = Exchanger { preference: 0, target: ExchangerName::Nobody };
        return word.map(|_| null).into_iter().collect();
    }
    if !field.is_list() {
        field.wrong_type();
        return Vec::new();
    }
    let mut records = Vec::new();
    for (at, item) in field.one_or_many(Shape::Text).iter().enumerate() {
        let default = u16::try_from((at + 1) * 10).unwrap_or(u16::MAX);
        let record = if item.is_text() {
            hosts.all_of(item).map(|members| (default, ExchangerName::Hosts(members)))
        } else {
            item.section_of(MX_KEYS).and_then(|table| exchanger(&table, default, hosts))
        };
        records.extend(record.map(|(preference, target)| Exchanger { preference, target }));
    }
    records
}

fn exchanger(
    section: &Section<'_>,
    default: u16,
    hosts: &Hosts<'_>,
) -> Option<(u16, ExchangerName)> {
    let preference = section.field("preference").map_or(Some(u64::from(default)), |f| f.count());
    let target = match section.one_of(&["host", "name"]) {
        Some("host") => {
            section.field("host").and_then(|field| hosts.all_of(&field)).map(ExchangerName::Hosts)
        }
        Some(_) => section.field("name").and_then(|field| match field.text() {
            // The root, alone a null MX (RFC 7505 §3).
            Some(".") => Some(ExchangerName::Nobody),
            _ => dns_name(&field).map(ExchangerName::Name),
        }),
        None => {
            let remark = Remark::new("this MX record names nobody")
                .accepted("`host`: a host of the scenario, or `name`: any name")
                .help("write { host = \"mx1.example.org\", preference = 10 }");
            section.error(ProblemKind::Missing, remark);
            None
        }
    };
    Some((u16::try_from(preference?).expect("the shape's bounds fit 16 bits"), target?))
}

/// Returns the records of a list of exchangers; names not spoken of before are added.
pub(crate) fn mx_records(
    list: &[Exchanger],
    hosts: &Hosts<'_>,
    zone: &mut ZoneBuilder,
) -> Vec<MxRecord> {
    let mut records = Vec::new();
    for Exchanger { preference, target } in list {
        let preference = *preference;
        match target {
            ExchangerName::Hosts(members) => {
                for host in members.clone() {
                    let exchange = Some(zone.name(&hosts.names[host as usize]));
                    records.push(MxRecord { preference, exchange });
                }
            }
            ExchangerName::Name(name) => {
                records.push(MxRecord { preference, exchange: Some(zone.name(name)) });
            }
            ExchangerName::Nobody => records.push(MxRecord { preference, exchange: None }),
        }
    }
    records
}
