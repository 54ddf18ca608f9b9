//! Puts a scenario together, in the order in which things need each other's names.

use std::collections::BTreeMap;

use super::actions::{ActionDraft, Deed, merged_section, overlaid, read_actions, record_change};
use super::domains::{Domains, fill_zone, mx_records};
use super::effects::greylist;
use super::host_settings::{HostSettings, host_settings, resolver_settings};
use super::hosts::{Hosts, dns_name};
use super::limits;
use super::links::{Links, Sites};
use super::mail::read_mail;
use super::model::{
    Action, Command, Domain, Effect, Expectation, Host, NextHop, Note, Outage, OutageTarget,
    Roles, Scenario,
};
use super::outages::{Targets, read_outage};
use super::problem::ProblemKind;
use super::reader::{Checker, Field, Remark, Section};
use super::reading::read_readings;
use super::replay::ReadFile;
use super::routing::{DerivedRouting, StatedRouting, stated_routing};
use super::shape::Shape;
use super::tree::{Place, Table};
use super::warn;
use super::zone::{Ttls, ZoneBuilder};
use crate::dns::ResolverSettings;
use crate::fault::{Interval, Schedule};
use crate::mail::HostId;
use crate::network::{Path, Topology};
use crate::units::{BitRate, SimDuration, SimTime};
use crate::workload::MailEntry;

/// What holds where nothing else is said.
#[derive(Debug)]
struct Defaults {
    path: Path,
    ttls: Ttls,
    resolver: ResolverSettings,
}

/// What the file says, with the place of every entry, for those who look at the whole.
#[derive(Debug)]
pub(super) struct Entries<'s, 'a> {
    pub(super) top: &'s Section<'a>,
    pub(super) hosts: &'s Hosts<'a>,
    pub(super) domains: &'s Domains<'a>,
    /// The tables of `[[mail]]` by entry of the scenario.
    pub(super) mail: &'s [Section<'a>],
    /// The tables of `[[outage]]` by entry of the file.
    pub(super) outages: &'s [Section<'a>],
}

/// Returns the items of a list of tables.
fn tables<'a>(section: &Section<'a>, key: &str) -> Vec<Field<'a>> {
    section.field(key).map(|field| field.list()).unwrap_or_default()
}

/// Builds the scenario; `None` when so much is missing that there is nothing to build.
pub(super) fn assemble(
    checker: &Checker,
    top: &Section<'_>,
    name: &str,
    read_file: &ReadFile<'_>,
) -> Option<Scenario> {
    let duration = top.field("duration").map(|field| field.positive_duration());
    // Reading goes on with a day, so that the rest is checked too.
    let duration = duration.flatten().unwrap_or(SimDuration::from_days(1));
    let defaults = read_defaults(top);
    let hosts = Hosts::read(&tables(top, "host"));
    if hosts.entries.is_empty() && tables(top, "host").is_empty() && top.has("host") {
        let remark = Remark::new("the network is empty: there is no host")
            .accepted("one [[host]] or more")
            .help("add a [[host]] with its name");
        top.error_at("host", ProblemKind::Missing, remark);
    }
    let mut domains = Domains::read(&tables(top, "domain"), &hosts);
    let links = Links::read(&tables(top, "link"), &hosts, &defaults.path);
    let sites = Sites::read(&tables(top, "site"), &hosts);
    let stated: Vec<StatedRouting> = hosts
        .entries
        .iter()
        .map(|entry| stated_routing(&entry.section, &hosts, &mut domains))
        .collect();
    let (mail, mail_sections) = read_all_mail(top, &hosts, &mut domains, duration, read_file);
    let reading = read_readings(&tables(top, "reading"), &hosts, &mut domains);
    let outage_sections: Vec<Section<'_>> =
        tables(top, "outage").iter().filter_map(|field| field.section()).collect();
    let targets = Targets { hosts: &hosts, links: &links, sites: &sites };
    let mut outages = Vec::new();
    for (entry, section) in outage_sections.iter().enumerate() {
        outages.extend(read_outage(section, entry as u32, &targets, &mut domains));
    }
    add_policies(&hosts, outage_sections.len() as u32, &mut outages);
    let drafts = read_actions(&tables(top, "action"), &hosts, &domains);
    // From here on no new domain can be spoken of, except by changed settings below.
    let mut derived = DerivedRouting::of(&domains);
    let roles = roles(&hosts, &domains, &stated, &mail, &mut derived);
    let mut zone = zone(top, &hosts, &domains, &defaults);
    let mut builder = Builder { hosts: &hosts, roles: &roles, derived: &derived, defaults: &defaults };
    let built = builder.all(&stated, &mut domains, &mut zone);
    let actions = builder.actions(&drafts, &mut domains, &mut zone);
    let (expectations, notes) = (expectations(checker, top), notes(top));
    let scenario = Scenario {
        name: name.to_owned(),
        title: text(top, "title").unwrap_or_else(|| name.to_owned()),
        question: text(top, "question").unwrap_or_default(),
        look_for: text(top, "look_for").unwrap_or_default(),
        seed: top.field("seed").and_then(|field| field.count()).unwrap_or(1),
        replication: top.field("replication").and_then(|field| field.count()).unwrap_or(0),
        duration,
        sample_every: sample_every(top, duration),
        topology: Topology::new(hosts.len(), links.list, defaults.path.clone()),
        hosts: built,
        addresses: hosts.addresses.clone(),
        domains: final_domains(&domains, &mut zone),
        zone: zone.into_zone(),
        mail,
        reading,
        outages,
        actions,
        expectations,
        notes,
    };
    if !checker.has_errors() {
        let entries = Entries {
            top,
            hosts: &hosts,
            domains: &domains,
            mail: &mail_sections,
            outages: &outage_sections,
        };
        warn::check(&scenario, &entries);
    }
    Some(scenario)
}

fn text(section: &Section<'_>, key: &str) -> Option<String> {
    section.field(key).and_then(|field| field.text().map(|text| text.trim().to_owned()))
}

fn read_defaults(top: &Section<'_>) -> Defaults {
    let mut defaults = Defaults {
        path: Path {
            latency: SimDuration::from_millis(10),
            jitter: SimDuration::ZERO,
            rate: Some(BitRate(100_000_000)),
            intermediate: Vec::new(),
        },
        ttls: Ttls::default(),
        resolver: ResolverSettings::default(),
    };
    let Some(section) = top.field("defaults").and_then(|field| field.section()) else {
        return defaults;
    };
    let span = |key: &str| section.field(key).and_then(|field| field.duration());
    if let Some(latency) = span("latency") {
        defaults.path.latency = latency;
    }
    if let Some(jitter) = span("jitter") {
        defaults.path.jitter = jitter;
    }
    if let Some(rate) = section.field("bandwidth").and_then(|field| field.bit_rate()) {
        defaults.path.rate = Some(rate);
    }
    defaults.ttls.positive = span("ttl").unwrap_or(defaults.ttls.positive);
    defaults.ttls.negative = span("negative_ttl").unwrap_or(defaults.ttls.negative);
    if let Some(resolver) = section.field("resolver").and_then(|field| field.section()) {
        defaults.resolver = resolver_settings(&resolver, &defaults.resolver);
    }
    defaults
}

/// Reads `sample_every`; without it the smallest pleasant step that gives at most 240 samples.
fn sample_every(top: &Section<'_>, duration: SimDuration) -> SimDuration {
    if let Some(field) = top.field("sample_every") {
        let Some(step) = field.positive_duration() else { return duration };
        let samples = duration.as_nanos() / step.as_nanos();
        if samples > limits::SAMPLES {
            let remark = Remark::new(format!("this takes {samples} samples"))
                .accepted(format!("at most {} samples", limits::SAMPLES))
                .help("sample less often, or leave `sample_every` out");
            field.error(ProblemKind::BadValue, remark);
        }
        return step;
    }
    pleasant_step(duration)
}

fn pleasant_step(duration: SimDuration) -> SimDuration {
    const MILLIS: [u64; 27] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000,
        120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
        43_200_000, 86_400_000, 604_800_000,
    ];
    let steps = MILLIS.into_iter().map(SimDuration::from_millis);
    steps.into_iter().find(|step| *step >= duration / 240).unwrap_or(duration / 240)
}

fn read_all_mail<'a>(
    top: &Section<'a>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
    duration: SimDuration,
    read_file: &ReadFile<'_>,
) -> (Vec<MailEntry>, Vec<Section<'a>>) {
    let (mut mail, mut sections) = (Vec::new(), Vec::new());
    for field in tables(top, "mail") {
        let Some(section) = field.section() else { continue };
        if let Some(entry) = read_mail(&section, hosts, domains, duration, read_file) {
            mail.push(entry);
            sections.push(section);
        }
    }
    (mail, sections)
}

/// Greylisting that a host always does is an outage without end.
fn add_policies(hosts: &Hosts<'_>, first: u32, outages: &mut Vec<Outage>) {
    let mut entry = first;
    for host in &hosts.entries {
        let Some(section) = host.section.field("greylist").and_then(|field| field.section())
        else {
            continue;
        };
        let Some(deviation) = greylist(&section) else { continue };
        let members = host.members.clone();
        let name = &hosts.names[members.start as usize];
        outages.push(Outage {
            entry,
            label: format!("{name} (policy)"),
            mode: "greylist".to_owned(),
            targets: members.map(HostId).map(OutageTarget::Host).collect(),
            effect: Effect::Server(deviation),
            schedule: Schedule::Fixed(Interval { from: SimTime::ZERO, to: SimTime::MAX }),
        });
        entry += 1;
    }
}

/// Returns the roles of each host: those stated, and those that the rest of the file gives it.
fn roles(
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    stated: &[StatedRouting],
    mail: &[MailEntry],
    derived: &mut DerivedRouting,
) -> Vec<Roles> {
    let mut roles: Vec<Roles> = Vec::with_capacity(hosts.len());
    for entry in &hosts.entries {
        roles.extend(entry.members.clone().map(|_| entry.roles));
    }
    for draft in &domains.list {
        for (_, host) in draft.exchanger_hosts() {
            roles[host.index()].mx = true;
        }
        if let Some(store) = draft.store {
            roles[store.index()].store = true;
        }
    }
    let free = |host: HostId| !hosts.entry(host).roles_stated;
    for routing in stated {
        let hops = routing.routes.values().copied().chain(routing.smart_host);
        let targets = hops.filter_map(|hop| match hop {
            NextHop::Host(host) | NextHop::Address(host) => Some(host),
            NextHop::Exchangers(_) => None,
        });
        for host in targets.chain(routing.fallback_relay).filter(|host| free(*host)) {
            roles[host.index()].relay = true;
        }
    }
    for entry in mail {
        let submission = &entry.submission;
        if free(submission.server) {
            roles[submission.server.index()].submission = true;
        }
        derived.takes_all(submission.server);
        if let Some(client) = submission.client.filter(|client| free(*client)) {
            roles[client.index()].mua = true;
        }
    }
    for (index, roles) in roles.iter().enumerate() {
        if roles.relay || roles.submission {
            derived.takes_all(HostId::from_index(index));
        }
    }
    roles
}

fn zone(
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
    let Some(name) = section.field("name").and_then(|field| dns_name(&field)) else { return };
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
    let mx = section.field("mx").map(|field| super::domains::exchangers(&field, hosts));
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

/// Builds hosts from their tables, at the start and when an action changes them.
struct Builder<'s, 'a> {
    hosts: &'s Hosts<'a>,
    roles: &'s [Roles],
    derived: &'s DerivedRouting,
    defaults: &'s Defaults,
}

impl Builder<'_, '_> {
    fn all(
        &mut self,
        stated: &[StatedRouting],
        domains: &mut Domains<'_>,
        zone: &mut ZoneBuilder,
    ) -> Vec<Host> {
        let _ = domains;
        let mut built = Vec::with_capacity(self.hosts.len());
        for (entry, stated) in self.hosts.entries.iter().zip(stated) {
            // Alike hosts are read once; roles may differ where only some are exchangers.
            let mut last: Option<(Roles, HostSettings)> = None;
            for host in entry.members.clone().map(HostId) {
                let roles = self.roles[host.index()];
                let settings = match &last {
                    Some((same, settings)) if *same == roles => settings.clone(),
                    _ => host_settings(&entry.section, roles, &self.defaults.resolver),
                };
                last = Some((roles, settings.clone()));
                built.push(self.host(host, &entry.section, settings, stated, zone));
            }
        }
        built
    }

    fn host(
        &self,
        host: HostId,
        section: &Section<'_>,
        settings: HostSettings,
        stated: &StatedRouting,
        zone: &mut ZoneBuilder,
    ) -> Host {
        let name = self.hosts.names[host.index()].clone();
        let proxy = section.field("behind_proxy").and_then(|field| self.hosts.one_of(&field));
        Host {
            dns: zone.name(&name),
            name,
            roles: self.roles[host.index()],
            addresses: self.hosts.addresses_of[host.index()].clone(),
            profile: settings.profile.name.to_owned(),
            queue: settings.profile.queue,
            client: settings.profile.client,
            server: settings.profile.server,
            routing: self.derived.routing(host, stated),
            resolver: settings.resolver,
            delivery_processes: settings.delivery_processes,
            local_processes: settings.local_processes,
            queue_disk: settings.queue_disk,
            clock_error_ns: settings.clock_error_ns,
            behind_proxy: proxy,
        }
    }

    /// Turns actions into commands; changes of DNS records go into the zone.
    fn actions(
        &mut self,
        drafts: &[ActionDraft<'_>],
        domains: &mut Domains<'_>,
        zone: &mut ZoneBuilder,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        // Tables of hosts as changed so far: changes add up.
        let mut changed: BTreeMap<HostId, Table> = BTreeMap::new();
        for ActionDraft { at, what } in drafts {
            let at = *at;
            match what {
                Deed::Command(hosts, word) => {
                    let what = match *word {
                        "flush" => Command::Flush,
                        "stop" => Command::Stop,
                        _ => Command::Start,
                    };
                    let each = hosts.iter().map(|host| Action { at, host: *host, what: what.clone() });
                    actions.extend(each);
                }
                Deed::Set(hosts, set) => {
                    for host in hosts {
                        let original = &self.hosts.entry(*host).section;
                        let table = changed.get(host).unwrap_or(original.table);
                        let merged = overlaid(table, set);
                        let configured = self.reconfigured(*host, &merged, domains, zone);
                        changed.insert(*host, merged);
                        let what = Command::Configure(Box::new(configured));
                        actions.push(Action { at, host: *host, what });
                    }
                }
                Deed::HostRecords(hosts, section) => {
                    for host in hosts {
                        let change = record_change(section, self.hosts, zone);
                        let name = zone.name(&self.hosts.names[host.index()]);
                        zone.change(name, at, change);
                    }
                }
                Deed::DomainRecords(domain, section) => {
                    let change = record_change(section, self.hosts, zone);
                    let name = zone.name(&domains.get(*domain).name);
                    zone.change(name, at, change);
                }
            }
        }
        actions
    }

    fn reconfigured(
        &self,
        host: HostId,
        merged: &Table,
        domains: &mut Domains<'_>,
        zone: &mut ZoneBuilder,
    ) -> Host {
        let section = merged_section(&self.hosts.entry(host).section, merged);
        let stated = stated_routing(&section, self.hosts, domains);
        let roles = self.roles[host.index()];
        let settings = host_settings(&section, roles, &self.defaults.resolver);
        self.host(host, &section, settings, &stated, zone)
    }
}

fn final_domains(domains: &Domains<'_>, zone: &mut ZoneBuilder) -> Vec<Domain> {
    let each = domains.list.iter().map(|draft| Domain {
        name: draft.name.clone(),
        dns: zone.name(&draft.name),
        named: draft.named.clone(),
        mailboxes: draft.mailboxes,
        unknown: draft.unknown.clone(),
        store: draft.store,
    });
    each.collect()
}

fn expectations(checker: &Checker, top: &Section<'_>) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for field in tables(top, "expect") {
        let Some(section) = field.section() else { continue };
        let number = |key: &str| section.field(key).and_then(|field| field.number());
        let bounds = ["at_least", "at_most", "equals"];
        if !bounds.iter().any(|bound| section.has(bound)) {
            let remark = Remark::new("nothing is expected of the figure")
                .accepted("`at_least`, `at_most` or `equals`")
                .help("add at_least = 0.99");
            section.error(ProblemKind::Missing, remark);
        }
        let (at_least, at_most) = (number("at_least"), number("at_most"));
        if let (Some(least), Some(most)) = (at_least, at_most)
            && least > most
        {
            let remark = Remark::new("no figure can be that: `at_least` is above `at_most`")
                .accepted("an `at_least` not above `at_most`")
                .help("swap the two");
            section.error_at("at_least", ProblemKind::Contradiction, remark);
        }
        let line = match &section.place {
            Place::File(span) => checker.line(span.start),
            Place::CommandLine(_) => 0,
        };
        let figure = section.field("figure").and_then(|field| field.text().map(str::to_owned));
        let Some(figure) = figure else { continue };
        let equals = number("equals");
        expectations.push(Expectation { figure, at_least, at_most, equals, line });
    }
    expectations
}

fn notes(top: &Section<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for field in tables(top, "note") {
        let Some(section) = field.section() else { continue };
        let at = section.field("at").and_then(|field| field.time());
        if let (Some(at), Some(text)) = (at, text(&section, "text")) {
            notes.push(Note { at, text });
        }
    }
    notes.sort_by_key(|note| note.at);
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fall_on_pleasant_steps() {
        let step = |text: &str| pleasant_step(text.parse().unwrap()).exact().to_string();
        assert_eq!(step("24h"), "10m");
        assert_eq!(step("5d"), "30m");
        assert_eq!(step("60s"), "500ms");
        assert_eq!(step("1h"), "15s");
    }
}
