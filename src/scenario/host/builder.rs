//! Hosts built from their tables, at the start of the run and when an action changes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::acceptance::read_verification;
use super::hosts::Hosts;
use super::routing::{DerivedRouting, StatedRouting, stated_routing};
use super::settings::{HostSettings, host_settings};
use crate::mail::HostId;
use crate::model::{Action, Command, Host, Roles};
use crate::profiles::Family;
use crate::queue::QueueSettings;
use crate::scenario::domain::domains::Domains;
use crate::scenario::domain::screening::screening;
use crate::scenario::domain::zone::ZoneBuilder;
use crate::scenario::events::actions::{
    ActionDraft, Deed, merged_section, overlaid, record_change,
};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::scenario::text::tree::Table;
use crate::scenario::top::Defaults;
use crate::units::SimTime;

/// Builds hosts from their tables, at the start and when an action changes them.
pub(crate) struct Builder<'s, 'a> {
    pub(crate) hosts: &'s Hosts<'a>,
    pub(crate) roles: &'s [Roles],
    pub(crate) derived: &'s DerivedRouting,
    pub(crate) defaults: &'s Defaults,
    /// The zones of the blocklists.
    pub(crate) blocklists: &'s [String],
}

impl Builder<'_, '_> {
    pub(crate) fn all(&self, stated: &[StatedRouting], zone: &mut ZoneBuilder) -> Vec<Host> {
        let mut built = Vec::with_capacity(self.hosts.len());
        for (entry, stated) in self.hosts.entries.iter().zip(stated) {
            // Alike hosts are read once; roles may differ where only some are exchangers.
            let mut last: Option<(Roles, HostSettings)> = None;
            for host in entry.members.clone().map(HostId) {
                let roles = self.roles[host.index()];
                let settings = match &last {
                    Some((same, settings)) if *same == roles => settings.clone(),
                    _ => self.settings(host, &entry.section, roles),
                };
                last = Some((roles, settings.clone()));
                built.push(self.host(host, &entry.section, settings, stated, zone));
            }
        }
        built
    }

    fn settings(&self, host: HostId, section: &Section<'_>, roles: Roles) -> HostSettings {
        let submits = self.hosts.entry(host).roles.submission;
        let mut settings = host_settings(section, roles, submits, &self.defaults.resolver);
        let acceptance = &mut settings.profile.server.acceptance;
        read_verification(section, host, self.hosts, acceptance);
        settings
    }

    fn host(
        &self,
        host: HostId,
        section: &Section<'_>,
        settings: HostSettings,
        stated: &StatedRouting,
        zone: &mut ZoneBuilder,
    ) -> Host {
        let routing = self.derived.routing(host, stated);
        let HostSettings { profile, finds_itself_stated, .. } = &settings;
        // Whoever sets such a server up as a backup tells it so.
        let backup = profile.family.is_told_to_be_backup()
            && !finds_itself_stated
            && self.derived.is_exchanger_for(host, &routing);
        let name = self.hosts.names[host.index()].clone();
        check_shadow(host, section, &settings, stated);
        let proxy = section.field("behind_proxy").and_then(|field| self.hosts.one_of(&field));
        let told = section.field("proxy_protocol").and_then(|field| field.flag());
        let proxy_protocol = told.unwrap_or(false);
        if told.is_some() && proxy.is_none() {
            let remark = Remark::new("there is no proxy that could tell this server anything")
                .accepted("`proxy_protocol` together with `behind_proxy`")
                .help("remove `proxy_protocol`, or name the proxy");
            section.error_at("proxy_protocol", ProblemKind::Contradiction, remark);
        }
        let mut client = settings.profile.client;
        client.finds_itself |= backup;
        Host {
            dns: zone.name(&name),
            name,
            roles: self.roles[host.index()],
            addresses: self.hosts.addresses_of[host.index()].clone(),
            profile: settings.profile.name.to_owned(),
            queue: Arc::new(settings.profile.queue),
            client: Arc::new(client),
            server: Arc::new(settings.profile.server),
            routing,
            resolver: Arc::new(settings.resolver),
            delivery_processes: settings.delivery_processes,
            local_processes: settings.local_processes,
            queue_disk: settings.queue_disk,
            clock_error_ns: settings.clock_error_ns,
            standing: settings.standing,
            dedicated_addresses: stated.dedicated_addresses.clone(),
            source_choice: stated.source_choice,
            screening: screening(section, self.blocklists),
            outside: false,
            behind_proxy: proxy,
            proxy_protocol,
            knows_proxy_address: section
                .field("knows_proxy_address")
                .and_then(|field| field.flag())
                .unwrap_or(false),
        }
    }

    /// Turns actions into commands; changes of DNS records go into the zone. What is set at the first
    /// instant is how the host begins: it goes into `built`.
    pub(crate) fn actions(
        &self,
        drafts: &[ActionDraft<'_>],
        domains: &mut Domains<'_>,
        zone: &mut ZoneBuilder,
        built: &mut [Host],
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut families: Vec<Family> = built.iter().map(|host| Family::of(&host.queue)).collect();
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
                    let each =
                        hosts.iter().map(|host| Action { at, host: *host, what: what.clone() });
                    actions.extend(each);
                }
                Deed::Set(hosts, set) => {
                    for host in hosts {
                        let original = &self.hosts.entry(*host).section;
                        let table = changed.get(host).unwrap_or(original.table);
                        let merged = overlaid(table, set);
                        let reported = set.checker.reported();
                        let configured = self.reconfigured(*host, &merged, domains, zone);
                        set.checker.blame(reported, &original.path, set);
                        changed.insert(*host, merged);
                        let family = &mut families[host.index()];
                        if at == SimTime::ZERO {
                            *family = Family::of(&configured.queue);
                            built[host.index()] = configured;
                            continue;
                        }
                        if Family::of(&configured.queue) != *family {
                            other_software(set, &built[host.index()], &configured);
                        }
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
        let settings = self.settings(host, &section, roles);
        self.host(host, &section, settings, &stated, zone)
    }
}

/// Reports an action that puts other software in the place of a server that has a queue already: in
/// what form its messages would be handed over, no document of any server says.
fn other_software(set: &Section<'_>, before: &Host, after: &Host) {
    let (name, old, new) = (&before.name, &before.profile, &after.profile);
    let remark = Remark::new(format!(
        "from \"{old}\" to \"{new}\" the queue of {name} would change hands: another kind of queue \
         manager cannot take over its messages during a run"
    ))
    .accepted("settings of the same kind of server; at = \"0s\", before there is a queue")
    .help("give the new server a host of its own, and change `mx`, `routes` or `smart_host`");
    set.error_at("mta", ProblemKind::Contradiction, remark);
}

/// Reports a shadow server where there can be none.
fn check_shadow(
    host: HostId,
    section: &Section<'_>,
    settings: &HostSettings,
    stated: &StatedRouting,
) {
    let profile = &settings.profile;
    let problem = match stated.shadow_host {
        Some(shadow) if shadow == host => "a host cannot keep the shadow copies of itself",
        Some(_) if !has_shadows(&profile.queue) => "only Exchange since 2013 has shadow servers",
        _ => return,
    };
    let remark = Remark::new(format!("{problem}; this host is \"{}\"", profile.name))
        .accepted("another host, at a host with mta = \"exchange\"")
        .help("remove `shadow_host`, or choose another");
    section.error_at("shadow_host", ProblemKind::Contradiction, remark);
}

fn has_shadows(queue: &QueueSettings) -> bool {
    matches!(queue, QueueSettings::Exchange(exchange) if exchange.has_shadows())
}
