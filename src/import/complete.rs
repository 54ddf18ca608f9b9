//! What a scenario must have and no file told: each such thing is assumed, and said.

use std::collections::BTreeSet;

use super::finding::{Class, Ledger};
use super::network::{Entry, Network, Said};
use crate::scenario::text_value;

/// A host that stands for all the world that nothing is known of.
const WORLD: &str = "the-world.example";
/// A domain of that world, for a first message.
const ELSEWHERE: &str = "elsewhere.example";

/// Adds what is missing.
pub(super) fn complete(
    network: &mut Network,
    configured: &[String],
    has_log: bool,
    ledger: &mut Ledger,
) {
    domains_of_hosts(network);
    domains_without_exchanger(network, ledger);
    hosts_of_domains(network);
    other_servers(network, configured, ledger);
    if !has_log {
        probes(network, configured, ledger);
    }
    if network.title.is_empty() {
        let name = configured.first().cloned();
        let name = name.or_else(|| network.domains.keys().next().cloned());
        network.title = format!("Imported: {}", name.as_deref().unwrap_or("a network"));
    }
    if network.duration.is_none() {
        network.duration = Some(Said::new("\"1d\"", "assumed"));
        ledger.say(Class::Assumed, "duration", "no log tells it: the run lasts a day");
    }
}

/// Domains that a server's own files name as its own.
fn domains_of_hosts(network: &mut Network) {
    let mut own: Vec<(String, String, String)> = Vec::new();
    for (host, told) in &network.hosts {
        let names = told.local_domains.iter();
        own.extend(names.map(|(name, from)| (name.clone(), host.clone(), from.clone())));
    }
    for (name, host, from) in own {
        let domain = network.domain(&name, || format!("from {from}"));
        if domain.mx.is_empty() && domain.address.is_empty() && domain.null_mx.is_none() {
            let assumed = "assumed: the host that stores it; a zone file would tell";
            domain.mx.push((10, host.clone(), assumed.to_owned()));
        }
        domain.store.get_or_insert_with(|| Said::new(text_value(&host), from));
    }
}

/// Domains that are named without anything that takes their mail.
fn domains_without_exchanger(network: &mut Network, ledger: &mut Ledger) {
    let lacks = |domain: &super::network::Domain| {
        domain.mx.is_empty()
            && domain.address.is_empty()
            && domain.null_mx.is_none()
            && !domain.keys.contains_key("exists")
            && !domain.keys.contains_key("alias")
    };
    let names: Vec<String> =
        network.domains.iter().filter(|(_, d)| lacks(d)).map(|(name, _)| name.clone()).collect();
    for name in names {
        let host = format!("mx.{name}");
        let from = "assumed: a zone file would tell".to_owned();
        if let Some(domain) = network.domains.get_mut(&name) {
            domain.mx.push((10, host.clone(), from.clone()));
        }
        let made = network.host(&host, || "assumed: where the mail of its domain goes".to_owned());
        made.roles.extend(["mx", "store"]);
        let says = format!("no file tells where its mail goes: one exchanger {host} that works");
        ledger.say(Class::Assumed, format!("domain {name}"), says);
    }
}

/// Returns the hosts that take a domain's mail; without any, one is made up.
pub(super) fn exchangers_of(name: &str, network: &mut Network) -> Vec<String> {
    let from = "assumed: a zone file would tell";
    let made = format!("mx.{name}");
    let domain = network.domain(name, || "assumed".to_owned());
    if domain.mx.is_empty() && domain.address.is_empty() && domain.null_mx.is_none() {
        domain.mx.push((10, made.clone(), from.to_owned()));
        let host = network.host(&made, || from.to_owned());
        host.roles.extend(["mx", "store"]);
        return vec![made];
    }
    let exchangers = domain.mx.iter().map(|(_, host, _)| host);
    exchangers.chain(domain.address.keys()).cloned().collect()
}

/// The hosts that domains name.
fn hosts_of_domains(network: &mut Network) {
    let mut named: BTreeSet<(String, bool)> = BTreeSet::new();
    for domain in network.domains.values() {
        let best = domain.mx.iter().map(|(preference, ..)| *preference).min();
        for (preference, host, _) in &domain.mx {
            let stores = domain.store.is_none() && Some(*preference) == best;
            named.insert((host.clone(), stores));
        }
        named.extend(domain.address.keys().map(|host| (host.clone(), domain.store.is_none())));
    }
    for (name, stores) in named {
        let host = network.host(&name, || "named by a domain".to_owned());
        if !host.roles.contains("relay") {
            host.roles.insert("mx");
        }
        if stores {
            host.roles.insert("store");
        }
    }
}

/// Servers of which nothing but the name is known.
fn other_servers(network: &mut Network, configured: &[String], ledger: &mut Ledger) {
    let mut others = Vec::new();
    for (name, host) in &mut network.hosts {
        if host.profile.is_none() && !configured.contains(name) {
            host.profile = Some(Said::new("\"postfix\"", "assumed: nothing tells its server"));
            others.push(name.clone());
        }
    }
    if !others.is_empty() {
        let shown: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
        let more = others.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let says = format!(
            "servers of which only the name is known have Postfix's defaults: {}{more}",
            shown.join(", ")
        );
        ledger.say(Class::Assumed, "mta of other hosts", says);
    }
}

/// A message in each direction, so that there is something to see.
fn probes(network: &mut Network, configured: &[String], ledger: &mut Ledger) {
    let stored = network.domains.iter().find(|(_, domain)| {
        domain.store.as_ref().is_some_and(|s| configured.iter().any(|c| s.value.contains(c)))
    });
    let own = stored
        .map(|(name, _)| name.clone())
        .or_else(|| network.domains.keys().find(|name| *name != ELSEWHERE).cloned());
    let own = own.or_else(|| {
        // A server can always be written from by its own name.
        let name = configured.first()?;
        let host = network.hosts.get_mut(name)?;
        host.roles.extend(["mx", "store"]);
        let domain = network.domain(name, || "assumed: the host's own name".to_owned());
        domain.address.insert(name.clone(), "assumed".to_owned());
        Some(name.clone())
    });
    let Some(own) = own else {
        let says = "no file names a domain, so no mail is sent";
        return ledger.say(Class::Assumed, "mail", says);
    };
    world(network, ELSEWHERE, "somebody");
    let Some(domain) = network.domains.get_mut(&own) else { return };
    if domain.null_mx.is_some() {
        return ledger.say(Class::Assumed, "mail", "no message is sent: the domain takes none");
    }
    domain.mailboxes.insert("alice".to_owned());
    let says = format!(
        "no log tells of mail, so one message is sent from alice@{own} to somebody@{ELSEWHERE} and \
         one back"
    );
    ledger.say(Class::Assumed, "mail", says.clone());
    let people = [format!("alice@{own}"), format!("somebody@{ELSEWHERE}")];
    let server = configured.first();
    for (from, to, server) in [(0, 1, server), (1, 0, None)] {
        let mut keys = vec![
            ("from", text_value(&people[from])),
            ("to", format!("[{}]", text_value(&people[to]))),
            ("at", "\"1m\"".to_owned()),
        ];
        if let Some(server) = server.or(Some(&WORLD.to_owned())) {
            keys.push(("submit", format!("{{ server = {} }}", text_value(server))));
        }
        network.probes.push(Entry { from: "assumed: a first message".to_owned(), keys });
    }
}

/// Adds a mailbox of a domain whose mail the host takes that stands for all the world.
pub(super) fn world(network: &mut Network, domain: &str, local: &str) {
    let host =
        network.host(WORLD, || "assumed: stands for all servers that no file tells of".to_owned());
    host.roles.extend(["submission", "mx", "store"]);
    let domain = network.domain(domain, || "assumed: its mail is not told of".to_owned());
    if domain.mx.is_empty() && domain.address.is_empty() {
        domain.address.insert(WORLD.to_owned(), "assumed".to_owned());
    }
    domain.mailboxes.insert(local.to_owned());
}
