//! The network as the page draws it: hosts with their places, links, domains, notes.

use serde::{Deserialize, Serialize};

use crate::mail::HostId;
use crate::model::{Host, OutageTarget, Scenario};
use crate::profiles;
use crate::profiles::settings_of;
use crate::story::Shown;

use super::drawing::Drawing;
use super::trace_line::seconds;

/// Most domains told of.
const MOST_DOMAINS: usize = 200;
/// Most hosts told of.
const MOST_HOSTS: usize = 400;

/// What the page needs to know besides what happens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Picture {
    pub(super) hosts: Vec<PicturedHost>,
    /// How many hosts there are, told of or not.
    pub(super) host_count: usize,
    /// Hosts that differ in a number alone, each group drawn in the place of its first.
    pub(super) groups: Vec<PicturedGroup>,
    /// Sets of settings, which many hosts may share.
    pub(super) settings: Vec<Vec<PicturedSetting>>,
    /// Pairs of positions in `hosts` between which mail can go.
    pub(super) links: Vec<(usize, usize)>,
    pub(super) domains: Vec<PicturedDomain>,
    pub(super) notes: Vec<PicturedNote>,
    /// What each entry of the scenario's outages strikes, by its number.
    pub(super) struck: Vec<PicturedTargets>,
    /// The hosts of each part into which a cut splits the network; none: nothing splits it.
    #[serde(default)]
    parts: Vec<Vec<usize>>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedHost {
    name: String,
    roles: Vec<String>,
    server: String,
    addresses: Vec<String>,
    /// Position in [`Picture::settings`].
    settings: usize,
    /// Column and row; none: not drawn.
    at: Option<(f64, f64)>,
}

/// Hosts that differ in a number alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PicturedGroup {
    /// Position of the first.
    pub(super) first: usize,
    pub(super) count: usize,
    /// What stands before the number in their names, the number of the first, and what stands
    /// after it.
    pub(super) prefix: String,
    pub(super) number: u64,
    pub(super) suffix: String,
}

/// A setting: its name, its value as a scenario writes it, and whether it is not the default.
type PicturedSetting = (String, String, bool);

/// A domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedDomain {
    name: String,
    records: Vec<PicturedRecords>,
    store: String,
}

/// The records of a domain from a time on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedRecords {
    from: f64,
    exists: bool,
    ttl: f64,
    mx: Vec<(String, u16)>,
    addresses: Vec<String>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PicturedNote {
    t: f64,
    text: String,
    ask: String,
    answer: String,
    /// Whether it follows what happens at that instant.
    after: bool,
}

/// What an outage strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PicturedTargets {
    pub(super) entry: u32,
    pub(super) hosts: Vec<String>,
    pub(super) links: Vec<(String, String)>,
}

impl Picture {
    /// Returns the picture of a scenario with the notes shown in its run.
    pub(super) fn of(scenario: &Scenario, shown: &[Shown]) -> Self {
        let drawing = Drawing::of(scenario);
        let mut settings = Vec::new();
        let hosts = scenario.hosts.iter().take(MOST_HOSTS).enumerate();
        let hosts = hosts.map(|(index, host)| PicturedHost {
            name: host.name.clone(),
            roles: roles(host),
            server: host.profile.clone(),
            addresses: host
                .addresses
                .iter()
                .map(|address| scenario.addresses[address.index()].literal.clone())
                .collect(),
            settings: position_of(&mut settings, settings_in(host)),
            at: drawing.places.get(&index).copied(),
        });
        let hosts: Vec<PicturedHost> = hosts.collect();
        // A place beyond the hosts told of belongs to nobody.
        let count = hosts.len();
        let told = |position: &usize| *position < count;
        Self {
            host_count: scenario.hosts.len(),
            groups: drawing.groups.into_iter().filter(|group| told(&group.first)).collect(),
            links: drawing.links.into_iter().filter(|(a, b)| told(a) && told(b)).collect(),
            settings,
            hosts,
            domains: domains(scenario),
            notes: shown
                .iter()
                .map(|one| (one, &scenario.notes[one.note]))
                .map(|(one, note)| PicturedNote {
                    t: seconds(one.at),
                    text: note.text.clone(),
                    ask: note.ask.clone(),
                    answer: note.answer.clone(),
                    after: one.after,
                })
                .collect(),
            struck: struck(scenario),
            parts: drawing.parts.into_iter().filter(|part| part.iter().all(told)).collect(),
        }
    }
}

/// Returns the position of `wanted`, adding it if it is new.
fn position_of<T: PartialEq>(all: &mut Vec<T>, wanted: T) -> usize {
    all.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        all.push(wanted);
        all.len() - 1
    })
}

fn roles(host: &Host) -> Vec<String> {
    let roles = host.roles;
    let words = [
        (roles.mua, "mua"),
        (roles.submission, "submission"),
        (roles.relay, "relay"),
        (roles.proxy, "proxy"),
        (roles.mx, "mx"),
        (roles.store, "store"),
        (roles.dns, "dns"),
    ];
    words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word.to_owned()).collect()
}

/// Returns the limits of a host, then the settings of its mail server with the values in force.
fn settings_in(host: &Host) -> Vec<PicturedSetting> {
    let mut told = limits(host);
    let Some(plain) = profiles::find(&host.profile) else { return told };
    let mut own = plain.clone();
    // What the profile demands has been given.
    own.required = &[];
    own.queue.clone_from(&host.queue);
    own.client.clone_from(&host.client);
    own.server.clone_from(&host.server);
    let defaults = settings_of(&plain);
    for setting in settings_of(&own) {
        let default = defaults.iter().find(|default| default.name == setting.name);
        let changed = default.is_none_or(|default| default.value != setting.value);
        told.push((setting.name.to_owned(), setting.value, changed));
    }
    told
}

/// Returns how much a host can do at once, as far as it is limited.
fn limits(host: &Host) -> Vec<PicturedSetting> {
    let server = &host.server;
    let counts = [
        ("sessions served at once", server.max_sessions),
        ("of them for one client", server.max_sessions_per_client),
        ("recipients in a transaction", server.max_recipients),
        ("delivery processes", host.delivery_processes),
        ("of them for local mailboxes", host.local_processes),
    ];
    let counts = counts.into_iter().filter_map(|(name, count)| Some((name, count?.to_string())));
    let disk = host.queue_disk.map(|size| ("room for the queue", size.to_string()));
    counts.chain(disk).map(|(name, value)| (name.to_owned(), value, true)).collect()
}

fn domains(scenario: &Scenario) -> Vec<PicturedDomain> {
    let told = scenario.domains.iter().take(MOST_DOMAINS);
    told.map(|domain| {
        let revisions = &scenario.zone.names[domain.dns.index()].revisions;
        let records = revisions.iter().map(|(from, records)| {
            let mut mx: Vec<(u16, String)> = records
                .mx
                .iter()
                .map(|mx| {
                    let name = mx.exchange.map_or(".", |name| scenario.zone.text(name));
                    (mx.preference, name.to_owned())
                })
                .collect();
            mx.sort();
            PicturedRecords {
                from: from.as_secs_f64(),
                exists: records.exists,
                ttl: records.ttl.as_secs_f64(),
                mx: mx.into_iter().map(|(preference, name)| (name, preference)).collect(),
                addresses: records
                    .addresses
                    .iter()
                    .map(|address| scenario.addresses[address.index()].literal.clone())
                    .collect(),
            }
        });
        PicturedDomain {
            name: domain.name.clone(),
            records: records.collect(),
            store: domain.store.map_or_else(String::new, |host| name_of(scenario, host)),
        }
    })
    .collect()
}

fn name_of(scenario: &Scenario, host: HostId) -> String {
    scenario.hosts[host.index()].name.clone()
}

/// Returns what each outage strikes, as far as it can be drawn.
fn struck(scenario: &Scenario) -> Vec<PicturedTargets> {
    let mut struck: Vec<PicturedTargets> = Vec::new();
    for outage in &scenario.outages {
        let (mut hosts, mut links) = (Vec::new(), Vec::new());
        for target in outage.targets.iter().take(MOST_HOSTS) {
            match *target {
                OutageTarget::Host(host) => hosts.push(name_of(scenario, host)),
                OutageTarget::Address(address) => {
                    hosts.push(name_of(scenario, scenario.addresses[address.index()].host));
                }
                OutageTarget::Link(link) => {
                    let (one, other) = scenario.topology.link(link).ends;
                    links.push((name_of(scenario, one), name_of(scenario, other)));
                }
                OutageTarget::Dns => {}
            }
        }
        hosts.dedup();
        struck.push(PicturedTargets { entry: outage.entry, hosts, links });
    }
    struck
}
