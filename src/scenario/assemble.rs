//! Puts a scenario together, in the order in which things need each other's names.

use super::checks::warn;
use super::domain::domains::Domains;
use super::domain::names::zone;
use super::domain::screening::{published, zones};
use super::domain::zone::ZoneBuilder;
use super::events::actions::read_actions;
use super::events::effects::greylist;
use super::events::expectations::{LazyNames, read_expectations, read_figures};
use super::events::notes::{Spoken, notes};
use super::events::outages::{Targets, read_outage};
use super::events::windows::read_windows;
use super::host::builder::Builder;
use super::host::greylists::greylist_rules;
use super::host::hosts::Hosts;
use super::host::implied::add_implied_clients;
use super::host::routing::{DerivedRouting, StatedRouting, stated_routing};
use super::links::{Links, Sites};
use super::sharing::share_settings;
use super::text::csv_file::ReadFile;
use super::text::problem::ProblemKind;
use super::text::reader::{Checker, Remark, Section};
use super::top::{read_defaults, sample_every, tables, text};
use super::traffic::automatic::read_automatic;
use super::traffic::callers_text::{read_inputs, read_outside, read_passwords};
use super::traffic::mail::read_mail;
use super::traffic::queued::read_queued;
use super::traffic::reading::read_readings;
use crate::fault::{Interval, Schedule};
use crate::mail::HostId;
use crate::model::callers::{ELSEWHERE, Guests};
use crate::model::{Domain, Effect, NextHop, Outage, OutageTarget, Roles, Scenario};
use crate::network::Topology;
use crate::units::{SimDuration, SimTime};
use crate::workload::MailEntry;

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
    for field in top.field("allow").map(|field| field.list()).unwrap_or_default() {
        // Known words alone; what they silence is left out when all has been found.
        let _ = field.word();
    }
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
    let automatic = read_automatic(top, &mut domains);
    let (mail, mail_sections) = read_all_mail(top, &hosts, &mut domains, duration, read_file);
    let queued = read_all_queued(top, &hosts, &mut domains, read_file);
    let reading = read_readings(&tables(top, "reading"), &hosts, &mut domains);
    let outage_sections: Vec<Section<'_>> =
        tables(top, "outage").iter().filter_map(|field| field.section()).collect();
    let targets = Targets { hosts: &hosts, links: &links, sites: &sites };
    let mut outages = Vec::new();
    for (entry, section) in outage_sections.iter().enumerate() {
        outages.extend(read_outage(section, entry as u32, &targets, &mut domains));
    }
    add_policies(&hosts, outage_sections.len() as u32, &mut outages);
    let spoken = Spoken { hosts: &hosts, outages: &outages, mail: mail.len() };
    let notes = notes(top, SimTime::ZERO + duration, &spoken, &mut domains);
    let drafts = read_actions(&tables(top, "action"), &hosts, &domains);
    let live = top.field("live").and_then(|field| field.section());
    let elsewhere = live.as_ref().map(|_| domains.find_or_add(ELSEWHERE).0);
    // From here on no new domain can be spoken of, except by changed settings below.
    let mut derived = DerivedRouting::of(&domains);
    let roles = roles(&hosts, &domains, &stated, (&mail, &queued), &mut derived);
    let mut zone = zone(top, &hosts, &domains, &defaults);
    let published = published(top, &hosts, &domains, &mut zone);
    let blocklists = zones(top);
    let builder = Builder {
        hosts: &hosts,
        roles: &roles,
        derived: &derived,
        defaults: &defaults,
        blocklists: &blocklists,
    };
    let mut built = builder.all(&stated, &mut zone);
    let actions = builder.actions(&drafts, &mut domains, &mut zone, &mut built);
    let mut scenario = Scenario {
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
        mail: mail.into_iter().chain(queued).collect(),
        published,
        automatic,
        reading,
        outages,
        actions,
        windows: read_windows(top),
        figures: Vec::new(),
        expectations: Vec::new(),
        notes,
        passwords: Vec::new(),
        elsewhere: None,
        guests: Guests::default(),
        inputs: Vec::new(),
    };
    add_implied_clients(&mut scenario, &defaults.resolver);
    share_settings(&mut scenario.hosts);
    if let (Some(live), Some(elsewhere)) = (live, elsewhere) {
        scenario.admit_callers(elsewhere);
        read_outside(&live, &mut scenario);
        scenario.passwords = read_passwords(&live);
        scenario.inputs = read_inputs(&live, &scenario);
    }
    let names = LazyNames::of(&scenario);
    let figures = read_figures(top, &names);
    let expectations = read_expectations(checker, &tables(top, "expect"), &names);
    (scenario.figures, scenario.expectations) = (figures, expectations);
    let entries = Entries {
        top,
        hosts: &hosts,
        domains: &domains,
        mail: &mail_sections,
        outages: &outage_sections,
    };
    warn::check_first(&scenario, &entries);
    if !checker.has_errors() {
        warn::check(&scenario, &entries);
    }
    Some(scenario)
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
        let Some(section) = field.section() else {
            continue;
        };
        if let Some(entry) = read_mail(&section, hosts, domains, duration, read_file) {
            mail.push(entry);
            sections.push(section);
        }
    }
    (mail, sections)
}

fn read_all_queued(
    top: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
    read_file: &ReadFile<'_>,
) -> Vec<MailEntry> {
    let sections = tables(top, "queued").into_iter().filter_map(|field| field.section());
    sections.filter_map(|section| read_queued(&section, hosts, domains, read_file)).collect()
}

/// Greylisting that a host always does is an outage without end.
fn add_policies(hosts: &Hosts<'_>, first: u32, outages: &mut Vec<Outage>) {
    let mut entry = first;
    for host in &hosts.entries {
        let Some(section) = host.section.field("greylist").and_then(|field| field.section()) else {
            continue;
        };
        let Some(deviation) = greylist(&section, greylist_rules(&section)) else {
            continue;
        };
        let members = host.members.clone();
        let name = &hosts.names[members.start as usize];
        outages.push(Outage {
            entry,
            label: format!("{name} (policy)"),
            mode: "greylist".to_owned(),
            targets: members.map(HostId).map(OutageTarget::Host).collect(),
            effect: Effect::Server(deviation),
            schedule: Schedule::Fixed(Interval { from: SimTime::ZERO, to: SimTime::MAX }),
            larger_than: None,
            asked_by: None,
        });
        entry += 1;
    }
}

/// Returns the roles of each host: those stated, and those that the rest of the file gives it.
fn roles(
    hosts: &Hosts<'_>,
    domains: &Domains<'_>,
    stated: &[StatedRouting],
    (mail, queued): (&[MailEntry], &[MailEntry]),
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
        let hops = routing.stated_hops();
        let targets = hops.filter_map(|hop| match hop {
            NextHop::Host(host) | NextHop::Address(host) => Some(host),
            NextHop::Exchangers(_) => None,
        });
        let exchangers = routing.foreign_exchangers().flat_map(|domain| {
            domains.get(domain).exchanger_hosts().map(|(_, host)| host).collect::<Vec<_>>()
        });
        let relays = targets.chain(exchangers).chain(routing.fallback_relay);
        for host in relays.filter(|host| free(*host)) {
            roles[host.index()].relay = true;
        }
    }
    for entry in mail {
        let submission = &entry.submission;
        for server in submission.servers().filter(|server| free(*server)) {
            roles[server.index()].submission = true;
        }
        if let Some(client) = submission.client.filter(|client| free(*client)) {
            roles[client.index()].mua = true;
        }
    }
    for host in queued.iter().map(|entry| entry.submission.server).filter(|host| free(*host)) {
        // Whoever has a queue sends mail on.
        roles[host.index()].relay |= !roles[host.index()].mx;
    }
    // Whom mail makes a submission server takes all from those who submit there, and from nobody
    // else: what it does for others must not depend on which mail there is.
    for (index, roles) in roles.iter().enumerate() {
        let host = HostId::from_index(index);
        if roles.relay || hosts.entry(host).roles.submission {
            derived.takes_all(host);
        }
    }
    roles
}

fn final_domains(domains: &Domains<'_>, zone: &mut ZoneBuilder) -> Vec<Domain> {
    let each = domains.list.iter().map(|draft| Domain {
        name: draft.name.clone(),
        dns: zone.name(&draft.name),
        named: draft.named.clone(),
        mailboxes: draft.mailboxes,
        unknown: draft.unknown.clone(),
        also: draft.also.clone(),
        mistyped: draft.mistyped.clone(),
        stray_dots: draft.stray_dots.clone(),
        store: draft.store,
    });
    each.collect()
}
