//! Hosts that a scenario does not mention: the mail programs of its senders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dns::{Name, NameId, Records, ResolverSettings};
use crate::mail::HostId;
use crate::model::{Host, Roles, Routing, Scenario};
use crate::network::{Address, AddressFamily, AddressId, Topology};
use crate::profiles;
use crate::units::{SimDuration, SimTime};

/// Gives every `[[mail]]` entry without a client of its own a mail program: one implied host
/// `mua.<server>` for each submission server, on the default path to it.
pub(crate) fn add_implied_clients(scenario: &mut Scenario, resolver: &ResolverSettings) {
    let mut made: BTreeMap<HostId, HostId> = BTreeMap::new();
    let mut names: BTreeSet<String> =
        scenario.zone.names.iter().map(|name| name.text.clone()).collect();
    for index in 0..scenario.mail.len() {
        let submission = &scenario.mail[index].submission;
        if submission.client.is_some() {
            continue;
        }
        let server = submission.server;
        let client = match made.get(&server) {
            Some(client) => *client,
            None => {
                let name = free_name(&names, &scenario.hosts[server.index()].name);
                names.insert(name.clone());
                let client = add_client(scenario, name, server, resolver);
                made.insert(server, client);
                client
            }
        };
        scenario.mail[index].submission.client = Some(client);
    }
    if !made.is_empty() {
        let links = scenario.topology.links().to_vec();
        let default_path = scenario.topology.default_path().clone();
        scenario.topology = Topology::new(scenario.hosts.len(), links, default_path);
    }
}

fn add_client(
    scenario: &mut Scenario,
    name: String,
    server: HostId,
    resolver: &ResolverSettings,
) -> HostId {
    let client = HostId::from_index(scenario.hosts.len());
    let address = AddressId(HostId::from_index(scenario.addresses.len()).0);
    let [_, high, middle, low] = client.0.to_be_bytes();
    let family = |address: &AddressId| scenario.addresses[address.index()].family;
    let mut families = scenario.hosts[server.index()].addresses.iter().map(family);
    // Of a family that leads to the server; apart from the addresses invented for hosts of the file.
    let (literal, family) = if families.any(|family| family == AddressFamily::V4) {
        (format!("172.{}.{middle}.{low}", 16 + (high & 15)), AddressFamily::V4)
    } else {
        (format!("fc00::{:x}:{:x}", client.0 >> 16, client.0 & 0xffff), AddressFamily::V6)
    };
    scenario.addresses.push(Address { host: client, literal, family });
    let dns = NameId(HostId::from_index(scenario.zone.names.len()).0);
    let records = Records {
        exists: true,
        addresses: vec![address],
        ttl: SimDuration::from_hours(1),
        ..Records::default()
    };
    scenario
        .zone
        .names
        .push(Name { text: name.clone(), revisions: vec![(SimTime::ZERO, records)] });
    let profile = profiles::none();
    scenario.hosts.push(Host {
        name,
        roles: Roles { mua: true, ..Roles::default() },
        addresses: vec![address],
        dns,
        profile: profile.name.to_owned(),
        queue: Arc::new(profile.queue),
        client: Arc::new(profile.client),
        server: Arc::new(profile.server),
        routing: Routing::default(),
        resolver: Arc::new(resolver.clone()),
        outside: false,
        delivery_processes: None,
        local_processes: None,
        queue_disk: None,
        clock_error_ns: 0,
        standing: Default::default(),
        dedicated_addresses: Vec::new(),
        source_choice: Default::default(),
        screening: None,
        behind_proxy: None,
        proxy_protocol: false,
        knows_proxy_address: false,
    });
    client
}

/// Returns `mua.<server>`, or `mua2.<server>` and so on where the file has such a name itself.
fn free_name(taken: &BTreeSet<String>, server: &str) -> String {
    let first = format!("mua.{server}");
    let mut more = (2..).map(|number: u32| format!("mua{number}.{server}"));
    if taken.contains(&first) {
        more.find(|name| !taken.contains(name)).unwrap_or(first)
    } else {
        first
    }
}
