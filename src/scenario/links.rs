//! `[[link]]` and `[[site]]`: what joins hosts, and what fails together.

use std::collections::{BTreeMap, BTreeSet};

use super::host::hosts::Hosts;
use super::text::limits;
use super::text::problem::ProblemKind;
use super::text::reader::{Field, Remark, Section};
use super::text::shape::Shape;
use crate::mail::HostId;
use crate::network::{Bandwidth, Link, LinkId, Path};

/// All links, and the names by which outages call them.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) list: Vec<Link>,
    by_name: BTreeMap<String, Vec<LinkId>>,
    /// By the hosts at the ends, the lower one first.
    by_ends: BTreeMap<(u32, u32), Vec<LinkId>>,
}

impl Links {
    /// Reads all `[[link]]` tables; what they leave out is as on the default path.
    pub(crate) fn read(list: &[Field<'_>], hosts: &Hosts<'_>, default: &Path) -> Self {
        let mut links = Self::default();
        for field in list {
            if let Some(section) = field.section() {
                links.add(&section, hosts, default);
            }
        }
        links
    }

    fn add(&mut self, section: &Section<'_>, hosts: &Hosts<'_>, default: &Path) {
        let ends = section.field("between").and_then(|field| ends(&field, hosts));
        let span = |key: &str| section.field(key).map(|field| field.duration());
        let latency = span("latency").unwrap_or(Some(default.latency));
        let jitter = span("jitter").unwrap_or(Some(default.jitter));
        let bandwidth = bandwidth(section, default.bandwidth);
        let (Some((one, other)), Some(latency), Some(jitter)) = (ends, latency, jitter) else {
            return;
        };
        let number = one.len() as u64 * other.len() as u64 + self.list.len() as u64;
        if number > limits::LINKS {
            let remark = Remark::new(format!("this makes {number} links in all"))
                .accepted(format!("at most {}", limits::LINKS))
                .help("join populations through one host instead");
            section.error_at("between", ProblemKind::BadValue, remark);
            return;
        }
        let mut ids = Vec::new();
        for a in one {
            for b in other.clone() {
                let id = LinkId(self.list.len() as u32);
                ids.push(id);
                self.by_ends.entry((a.min(b), a.max(b))).or_default().push(id);
                self.list.push(Link { ends: (HostId(a), HostId(b)), latency, jitter, bandwidth });
            }
        }
        let Some(name) = section.field("name").and_then(|field| field.text().map(str::to_owned))
        else {
            return;
        };
        if self.by_name.insert(name.clone(), ids).is_some() {
            let remark = Remark::new(format!("there are two links named \"{name}\""))
                .accepted("a name that no other link has")
                .help("rename one of them");
            section.error_at("name", ProblemKind::Duplicate, remark);
        }
    }

    /// Returns the links that a field calls by name, or by the two hosts that they join.
    pub(crate) fn named(&self, field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<LinkId> {
        if field.is_list() {
            return self.between(field, hosts);
        }
        let Some(name) = field.text() else {
            return Vec::new();
        };
        if let Some(ids) = self.by_name.get(name) {
            return ids.clone();
        }
        let names = || self.by_name.keys().map(String::as_str);
        let remark = Remark::new(format!("there is no link named \"{name}\""))
            .accepted(if self.by_name.is_empty() {
                "the two hosts that the link joins".to_owned()
            } else {
                format!("{}; or the two hosts that the link joins", field.checker.listed(names()))
            })
            .help(match field.checker.did_you_mean(name, names()) {
                near if near.is_empty() => {
                    "write link = [\"one.example\", \"other.example\"]".into()
                }
                near => near,
            });
        field.error(ProblemKind::UnknownName, remark);
        Vec::new()
    }

    fn between(&self, field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<LinkId> {
        let Some((one, other)) = ends(field, hosts) else {
            return Vec::new();
        };
        let mut found: Vec<LinkId> = if one.len() * other.len() <= self.list.len() {
            let pairs = one.flat_map(|a| other.clone().map(move |b| (a.min(b), a.max(b))));
            pairs.filter_map(|ends| self.by_ends.get(&ends)).flatten().copied().collect()
        } else {
            let joins = |link: &Link| {
                let (a, b) = (link.ends.0.0, link.ends.1.0);
                one.contains(&a) && other.contains(&b) || one.contains(&b) && other.contains(&a)
            };
            let found = self.list.iter().enumerate().filter(|(_, link)| joins(link));
            found.map(|(index, _)| LinkId(index as u32)).collect()
        };
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            let remark = Remark::new("no link joins these two hosts")
                .accepted("two hosts that stand in `between` of one [[link]]")
                .help("add a [[link]] between them");
            field.error(ProblemKind::UnknownName, remark);
        }
        found
    }
}

/// Reads `bandwidth`, `header` and `slow_start`; what is left out is as in `default`.
pub(crate) fn bandwidth(section: &Section<'_>, default: Bandwidth) -> Bandwidth {
    let rate = section.field("bandwidth").and_then(|field| field.bit_rate());
    let header = section.field("header").and_then(|field| field.size());
    let slow_start = section.field("slow_start").and_then(|field| field.flag());
    Bandwidth {
        rate: rate.or(default.rate),
        header: header.unwrap_or(default.header),
        slow_start: slow_start.unwrap_or(default.slow_start),
    }
}

type Members = std::ops::Range<u32>;

fn ends(field: &Field<'_>, hosts: &Hosts<'_>) -> Option<(Members, Members)> {
    let items = field.one_or_many(Shape::Text);
    let [one, other] = items.as_slice() else {
        let remark = Remark::new(format!("found {} hosts", items.len()))
            .accepted("the two hosts that the link joins")
            .help("write [\"one.example\", \"other.example\"]");
        field.error(ProblemKind::BadValue, remark);
        return None;
    };
    let (one, second) = (hosts.all_of(one), hosts.all_of(other));
    let (one, second) = (one?, second?);
    if one == second {
        let remark = Remark::new("the link joins a host to itself")
            .accepted("two different hosts")
            .help("name the other end");
        other.error(ProblemKind::Contradiction, remark);
        return None;
    }
    Some((one, second))
}

/// Groups of hosts by name.
#[derive(Debug, Default)]
pub(crate) struct Sites(BTreeMap<String, Vec<HostId>>);

impl Sites {
    /// Reads all `[[site]]` tables.
    pub(crate) fn read(list: &[Field<'_>], hosts: &Hosts<'_>) -> Self {
        let mut sites = Self::default();
        for field in list {
            let Some(section) = field.section() else {
                continue;
            };
            let members = section.field("hosts").map(|field| host_list(&field, hosts));
            let Some(name) = section.field("name").and_then(|field| field.text()) else {
                continue;
            };
            let members = members.unwrap_or_default();
            if sites.0.insert(name.to_owned(), members).is_some() {
                let remark = Remark::new(format!("there are two sites named \"{name}\""))
                    .accepted("a name that no other site has")
                    .help("put the hosts of both into one [[site]]");
                section.error_at("name", ProblemKind::Duplicate, remark);
            }
        }
        sites
    }

    /// Returns the hosts of the site that the field names.
    pub(crate) fn named(&self, field: &Field<'_>) -> Vec<HostId> {
        let Some(name) = field.text() else {
            return Vec::new();
        };
        if let Some(members) = self.0.get(name) {
            return members.clone();
        }
        let names = || self.0.keys().map(String::as_str);
        let near = field.checker.did_you_mean(name, names());
        let remark = Remark::new(format!("there is no site named \"{name}\""))
            .accepted(field.checker.listed(names()))
            .help(if near.is_empty() { "add a [[site]] of this name".to_owned() } else { near });
        field.error(ProblemKind::UnknownName, remark);
        Vec::new()
    }
}

/// Returns the hosts that a list names, each once, in the order of the list.
pub(crate) fn host_list(field: &Field<'_>, hosts: &Hosts<'_>) -> Vec<HostId> {
    let items = field.one_or_many(Shape::Text);
    if items.is_empty() {
        let remark =
            Remark::new("found an empty list").accepted("one or more hosts").help("name the hosts");
        field.error(ProblemKind::BadValue, remark);
    }
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for item in items {
        let hosts = hosts.all_of(&item).unwrap_or(0..0).map(HostId);
        found.extend(hosts.filter(|host| known.insert(*host)));
    }
    found
}
