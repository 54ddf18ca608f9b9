//! The addresses that a host's table asks for.

use std::net::IpAddr;

use super::hosts::HostEntry;
use crate::network::AddressFamily;
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark};
use crate::scenario::text::shape::Shape;

/// An address that a host is to have.
pub(crate) enum Wish<'a> {
    Literal(IpAddr, Field<'a>),
    Invented(AddressFamily),
}

/// Returns the addresses that the entry asks for; one invented IPv4 if it says nothing.
pub(crate) fn wishes<'a>(entry: &HostEntry<'a>) -> Vec<Wish<'a>> {
    let Some(field) = entry.section.field("addresses") else {
        return vec![Wish::Invented(AddressFamily::V4)];
    };
    if !field.is_list() {
        let count = field.shaped(Shape::Count(1, limits::ADDRESSES)).count().unwrap_or(1);
        return (0..count).map(|_| Wish::Invented(AddressFamily::V4)).collect();
    }
    let mut wishes = Vec::new();
    for item in field.one_or_many(Shape::Text) {
        let Some(text) = item.text() else { continue };
        match (text, text.parse::<IpAddr>()) {
            ("ipv4", _) => wishes.push(Wish::Invented(AddressFamily::V4)),
            ("ipv6", _) => wishes.push(Wish::Invented(AddressFamily::V6)),
            (_, Ok(address)) if entry.members.len() == 1 => {
                wishes.push(Wish::Literal(address, item));
            }
            (_, Ok(_)) => {
                let remark = Remark::new(format!("{} hosts cannot share it", entry.members.len()))
                    .accepted("\"ipv4\" or \"ipv6\", an invented address for each")
                    .help("write addresses = [\"ipv4\"]");
                item.error(ProblemKind::Contradiction, remark);
            }
            (_, Err(_)) => {
                let remark = Remark::new(format!("found \"{text}\", which is no address"))
                    .accepted(
                        "an address such as \"192.0.2.1\" or \"2001:db8::1\", \"ipv4\", \"ipv6\"",
                    )
                    .help("write [\"ipv4\"] to have one invented");
                item.error(ProblemKind::BadValue, remark);
            }
        }
    }
    wishes
}
