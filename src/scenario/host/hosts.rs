//! The hosts by name: populations counted out, addresses given or invented, names looked up.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use super::addresses::{Wish, wishes};
use super::keys::ROLES;
use crate::mail::HostId;
use crate::model::Roles;
use crate::network::{Address, AddressFamily, AddressId};
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Value;

/// One `[[host]]` entry.
#[derive(Debug)]
pub(crate) struct HostEntry<'a> {
    pub(crate) section: Section<'a>,
    /// The hosts it makes: one, or a population.
    pub(crate) members: Range<u32>,
    /// The roles stated.
    pub(crate) roles: Roles,
    /// Whether roles were stated at all.
    pub(crate) roles_stated: bool,
}

/// All hosts.
#[derive(Debug)]
pub(crate) struct Hosts<'a> {
    pub(crate) entries: Vec<HostEntry<'a>>,
    /// Names by host.
    pub(crate) names: Vec<String>,
    /// The entry that made each host.
    pub(crate) entry_of: Vec<u32>,
    /// Addresses by id.
    pub(crate) addresses: Vec<Address>,
    /// Addresses by host.
    pub(crate) addresses_of: Vec<Vec<AddressId>>,
    by_name: BTreeMap<String, Range<u32>>,
    by_literal: BTreeMap<IpAddr, AddressId>,
}

/// Returns a name as the DNS compares it: lower case, without the final dot.
pub(crate) fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Returns whether a text can be a host or domain name.
pub(crate) fn is_dns_name(text: &str) -> bool {
    let name = canonical(text);
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
    labels_fit && name.len() <= 253 && name.chars().all(letter)
}

/// Reads a host or domain name; reports what cannot be one.
pub(crate) fn dns_name(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if is_dns_name(text) {
        return Some(canonical(text));
    }
    let remark = Remark::new(format!("found \"{text}\", which is no name in the DNS"))
        .accepted("letters, digits, hyphens and dots, as in \"mx1.example.org\"")
        .help(if text.contains('@') {
            "a name has no at sign: write what stands behind it"
        } else {
            "write a name such as \"mx1.example.org\""
        });
    field.error(ProblemKind::BadValue, remark);
    None
}

impl<'a> Hosts<'a> {
    /// Reads the names, populations, roles and addresses of all hosts.
    pub(crate) fn read(list: &[Field<'a>]) -> Self {
        let mut hosts = Self {
            entries: Vec::new(),
            names: Vec::new(),
            entry_of: Vec::new(),
            addresses: Vec::new(),
            addresses_of: Vec::new(),
            by_name: BTreeMap::new(),
            by_literal: BTreeMap::new(),
        };
        for field in list {
            if let Some(section) = field.section() {
                hosts.add(section);
            }
        }
        hosts.give_addresses();
        hosts
    }

    /// Returns who has which address.
    pub(crate) fn by_address(&self) -> BTreeMap<IpAddr, HostId> {
        let host = |id: &AddressId| self.addresses[id.index()].host;
        self.by_literal.iter().map(|(address, id)| (*address, host(id))).collect()
    }

    fn add(&mut self, section: Section<'a>) {
        let name = section.field("name").and_then(|field| dns_name(&field));
        let count = section.field("count").map_or(Some(1), |field| field.count());
        let (roles, roles_stated) = roles(&section);
        let (Some(name), Some(count)) = (name, count) else {
            return;
        };
        let first = self.names.len() as u64;
        if first + count > limits::HOSTS {
            let remark = Remark::new(format!("this makes {} hosts in all", first + count))
                .accepted(format!("at most {} hosts", limits::HOSTS))
                .help("make the population smaller");
            let key = if section.has("count") { "count" } else { "name" };
            section.error_at(key, ProblemKind::BadValue, remark);
            return;
        }
        let population = section.has("count");
        let members = first as u32..(first + count) as u32;
        let entry = self.entries.len() as u32;
        if self.is_taken(&section, &name, &members) {
            return;
        }
        for number in 1..=count {
            let member = if population { numbered(&name, number) } else { name.clone() };
            let id = first as u32 + number as u32 - 1;
            if population && self.is_taken(&section, &member, &(id..id + 1)) {
                return;
            }
            self.names.push(member);
            self.entry_of.push(entry);
        }
        self.entries.push(HostEntry { section, members, roles, roles_stated });
    }

    fn is_taken(&mut self, section: &Section<'_>, name: &str, members: &Range<u32>) -> bool {
        if self.by_name.contains_key(name) {
            let remark = Remark::new(format!("there are two hosts named \"{name}\""))
                .accepted("a name that no other host has")
                .help("rename one of them, or remove it");
            // A member of a population that is being read has no entry yet.
            let known = self.by_name.get(name).map(|members| members.start as usize);
            let entry = known.and_then(|member| self.entry_of.get(member));
            let remark = match entry.and_then(|&entry| self.entries.get(entry as usize)) {
                Some(entry) => remark.after(entry.section.place_of("name")),
                None => remark,
            };
            section.error_at("name", ProblemKind::Duplicate, remark);
            return true;
        }
        self.by_name.insert(name.to_owned(), members.clone());
        false
    }

    /// Gives each host its addresses; invents those that were not written out.
    fn give_addresses(&mut self) {
        self.addresses_of = vec![Vec::new(); self.names.len()];
        let wishes: Vec<Vec<Wish>> = self.entries.iter().map(|entry| wishes(entry)).collect();
        let mut total = 0;
        for (entry, wishes) in self.entries.iter().zip(&wishes) {
            total += entry.members.len() * wishes.len();
            if total as u64 > limits::ALL_ADDRESSES {
                let remark = Remark::new(format!("this makes {total} addresses in all"))
                    .accepted(format!("at most {}", limits::ALL_ADDRESSES))
                    .help("give the population fewer hosts or fewer addresses");
                entry.section.error_at("addresses", ProblemKind::BadValue, remark);
                return;
            }
        }
        // Those written out first, so that no invented one takes their place.
        for (entry, wishes) in self.entries.iter().zip(&wishes) {
            for wish in wishes {
                let Wish::Literal(address, field) = wish else {
                    continue;
                };
                let id = AddressId(self.by_literal.len() as u32);
                if self.by_literal.insert(*address, id).is_some() {
                    let remark = Remark::new(format!("the address {address} is given twice"))
                        .accepted("an address that nobody else has")
                        .help("change one of the two");
                    entry.section.checker.error(
                        ProblemKind::Duplicate,
                        field.place(),
                        &field.path,
                        remark,
                    );
                }
            }
        }
        self.by_literal.retain(|_, id| {
            *id = AddressId(u32::MAX);
            true
        });
        let mut invented = 0;
        for (at, wishes) in wishes.iter().enumerate() {
            for host in self.entries[at].members.clone() {
                for wish in wishes {
                    let address = match wish {
                        Wish::Literal(address, _) => *address,
                        Wish::Invented(family) => self.invent(*family, &mut invented),
                    };
                    let id = AddressId(self.addresses.len() as u32);
                    self.by_literal.insert(address, id);
                    self.addresses_of[host as usize].push(id);
                    self.addresses.push(Address {
                        host: HostId(host),
                        literal: address.to_string(),
                        family: match address {
                            IpAddr::V4(_) => AddressFamily::V4,
                            IpAddr::V6(_) => AddressFamily::V6,
                        },
                    });
                }
            }
        }
    }

    /// Returns the next address of 10.0.0.0/8 or fd00::/8 that nobody has.
    fn invent(&self, family: AddressFamily, invented: &mut u32) -> IpAddr {
        loop {
            *invented += 1;
            let address: IpAddr = match family {
                AddressFamily::V4 => {
                    std::net::Ipv4Addr::from(0x0a00_0000 | (*invented & 0x00ff_ffff)).into()
                }
                AddressFamily::V6 => {
                    std::net::Ipv6Addr::from((0xfd00_u128 << 112) | u128::from(*invented)).into()
                }
            };
            if !self.by_literal.contains_key(&address) {
                return address;
            }
        }
    }

    /// Returns the number of hosts.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns the hosts that `name` stands for: one, or a population.
    pub(crate) fn find(&self, name: &str) -> Option<Range<u32>> {
        self.by_name.get(&canonical(name)).cloned()
    }

    /// Returns the hosts that the field names; reports a name that none has.
    pub(crate) fn all_of(&self, field: &Field<'_>) -> Option<Range<u32>> {
        let name = field.text()?;
        let found = self.find(name);
        if found.is_none() {
            field.error(ProblemKind::UnknownName, self.unknown(field, name));
        }
        found
    }

    /// Says that there is no host `name`.
    pub(crate) fn unknown(&self, field: &Field<'_>, name: &str) -> Remark {
        let remark = Remark::new(format!("there is no host named \"{name}\""));
        if self.entries.is_empty() {
            return remark.accepted("the name of a [[host]]").help("add a [[host]] of this name");
        }
        let entries = self.entries.iter().filter_map(|entry| entry.section.table.get("name"));
        let names = entries.filter_map(|entry| match &entry.node.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let near = field.checker.did_you_mean(name, names.clone());
        let help = if near.is_empty() { "add a [[host]] of this name".to_owned() } else { near };
        remark.accepted(field.checker.listed(names)).help(help)
    }

    /// Returns the one host that the field names; reports a population.
    pub(crate) fn one_of(&self, field: &Field<'_>) -> Option<HostId> {
        let members = self.all_of(field)?;
        if members.len() == 1 {
            return Some(HostId(members.start));
        }
        let name = field.text().unwrap_or_default();
        let remark = Remark::new(format!("\"{name}\" stands for {} hosts", members.len()))
            .accepted("one host")
            .help(format!("name one of them, as \"{}\"", self.names[members.start as usize]));
        field.error(ProblemKind::BadValue, remark);
        None
    }

    /// Returns the address that the text spells, if some host has it.
    pub(crate) fn address(&self, literal: &str) -> Option<AddressId> {
        self.by_literal.get(&literal.parse().ok()?).copied()
    }

    /// Returns the addresses that a list of hosts and literals stands for.
    pub(crate) fn addresses_in(&self, fields: &[Field<'_>]) -> Vec<AddressId> {
        let mut found = Vec::new();
        for field in fields {
            let Some(text) = field.text() else { continue };
            if let Some(address) = self.address(text) {
                found.push(address);
            } else if text.parse::<IpAddr>().is_ok() {
                let remark = Remark::new(format!("no host has the address {text}"))
                    .accepted("the address or the name of a host")
                    .help("add it to the `addresses` of a host, or name the host");
                field.error(ProblemKind::UnknownName, remark);
            } else if let Some(members) = self.all_of(field) {
                for host in members {
                    found.extend_from_slice(&self.addresses_of[host as usize]);
                }
            }
        }
        found
    }

    /// Returns the entry that made `host`.
    pub(crate) fn entry(&self, host: HostId) -> &HostEntry<'a> {
        &self.entries[self.entry_of[host.index()] as usize]
    }
}

fn roles(section: &Section<'_>) -> (Roles, bool) {
    let mut roles = Roles::default();
    let Some(field) = section.field("roles") else {
        return (roles, false);
    };
    for item in field.one_or_many(Shape::Word(ROLES)) {
        match item.word() {
            Some("mua") => roles.mua = true,
            Some("submission") => roles.submission = true,
            Some("relay") => roles.relay = true,
            Some("proxy") => roles.proxy = true,
            Some("mx") => roles.mx = true,
            Some("store") => roles.store = true,
            Some("dns") => roles.dns = true,
            _ => {}
        }
    }
    (roles, true)
}

/// Returns the name of member `number` of a population: `mx-3.example.org`.
pub(crate) fn numbered(name: &str, number: u64) -> String {
    match name.split_once('.') {
        Some((first, rest)) => format!("{first}-{number}.{rest}"),
        None => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_numbered_before_the_first_dot() {
        assert_eq!(numbered("smtp.sender.example", 3), "smtp-3.sender.example");
        assert_eq!(numbered("smtp", 3), "smtp-3");
        assert_eq!(canonical("MX1.Example."), "mx1.example");
    }
}
