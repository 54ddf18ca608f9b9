//! What a history says of hosts, domains and mail, added to the network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::complete;
use super::super::finding::{Class, Ledger};
use super::super::network::{Entry, Network, Replay, Said, canonical, is_name};
use super::failure::{Kind, is_address};
use super::header::SECOND;
use super::history::{History, Message, Origin, Outcome};
use super::{Server, names, outages, pace, scans, sessions, sizes, slowness, starts};
use crate::scenario::text_value;

/// Returns the name of each server of the logs. One server and one configuration belong together.
pub(super) fn server_names(
    servers: &[Server],
    configured: &[String],
    network: &Network,
    ledger: &mut Ledger,
) -> Vec<String> {
    let alone = servers.len() == 1 && configured.len() == 1;
    servers
        .iter()
        .map(|server| {
            if let Some(name) = &server.named {
                return name.clone();
            }
            if let Some(name) = network.log_names.get(&server.instance) {
                return name.clone();
            }
            let host = canonical(&server.host);
            let instances = servers.iter().filter(|other| other.host == server.host).count();
            let own = match (host.is_empty(), instances) {
                (true, _) => "exim.example".to_owned(),
                (false, 1) => host.clone(),
                (false, _) => format!("{}.{host}", server.instance.replace('_', "-")),
            };
            let own = if is_name(&own) { own } else { "server.example".to_owned() };
            let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
            let known = configured.iter().find(|name| **name == own || short(name) == host);
            if let Some(known) = known {
                return known.clone();
            }
            // Instances on one machine are called by what they are for: `postfix-out` of out.example.
            let part = server.instance.rsplit(['-', '_']).next().unwrap_or_default();
            let named = configured.iter().filter(|name| short(name) == part);
            if let ([named], true) = (named.collect::<Vec<_>>().as_slice(), instances > 1) {
                let says = format!(
                    "the instance {} of the log is taken for it; syslog_name in its configuration says so",
                    server.instance
                );
                ledger.say(Class::Assumed, format!("log of {named}"), says);
                return (*named).clone();
            }
            if alone {
                let says = format!(
                    "the one configuration is taken as that of the one server of the logs ({own} in \
                     {}); --postfix FILE@{own} says so",
                    server.file
                );
                ledger.say(Class::Assumed, "server of the log", says);
                return configured[0].clone();
            }
            own
        })
        .collect()
}

/// Adds what the history tells.
pub(super) fn add(
    history: &mut History,
    servers: &[Server],
    network: &mut Network,
    ledger: &mut Ledger,
) {
    one_name_for_each_host(history, network);
    for (host, limit) in sizes::shown(history) {
        history.size_limits.entry(host).or_insert(limit);
    }
    length(history, network);
    add_servers(history, servers, network, ledger);
    destinations(history, network, ledger);
    pace::add(history, network, ledger);
    sizes::add(history, network, ledger);
    sessions::add(history, network, ledger);
    names::add(history, network, ledger);
    let (mut found, greylists) = outages::find(history);
    found.extend(slowness::find(history));
    found.extend(starts::crashes(history, network));
    ledger_of_outages(&found, ledger);
    network.outages.extend(found);
    for (host, (delay, says)) in greylists {
        let value = format!("{{ delay = {} }}", text_value(&format!("{}ms", delay / 1000)));
        let from = format!("assumed, from the log: {says}");
        ledger.say(Class::Assumed, format!("greylisting at {host}"), says);
        let host = network.host(&host, || "a destination of the log".to_owned());
        host.keys.insert("greylist", Said::new(value, from));
    }
    scans::add(history, servers, network, ledger);
    mail(history, network, ledger);
    unread(history, ledger);
}

/// A server of the logs that other servers call by another name is one host.
fn one_name_for_each_host(history: &mut History, network: &Network) {
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    let by_id: BTreeMap<&str, usize> = history
        .messages
        .iter()
        .filter(|message| message.origin == Origin::HandedOver)
        .map(|message| (message.queue_id.as_str(), message.server))
        .collect();
    let mut aliases: BTreeMap<usize, String> = BTreeMap::new();
    for message in &history.messages {
        for recipient in &message.recipients {
            let Some(&next) = by_id.get(recipient.handed_as.as_str()) else { continue };
            if next == message.server {
                continue;
            }
            if is_name(&recipient.handed_to) {
                aliases.entry(next).or_insert(recipient.handed_to.clone());
            }
        }
    }
    for (server, host) in aliases {
        let own = history.servers[server].clone();
        if network.hosts.get(&own).is_some_and(|host| host.profile.is_some()) {
            renamed.insert(host, own);
        } else if !history.servers.contains(&host) {
            history.servers[server] = host;
        }
    }
    if renamed.is_empty() {
        return;
    }
    let rename = |host: &mut String| {
        if let Some(own) = renamed.get(host) {
            host.clone_from(own);
        }
    };
    history.failed.iter_mut().for_each(|failed| rename(&mut failed.failure.host));
    history.accepted.iter_mut().for_each(|accepted| rename(&mut accepted.host));
    for ranks in history.ranks.values_mut() {
        for (host, own) in &renamed {
            if let Some(rank) = ranks.remove(host) {
                ranks.insert(own.clone(), rank);
            }
        }
    }
    for (host, own) in &renamed {
        if let Some(addresses) = history.addresses.remove(host) {
            history.addresses.entry(own.clone()).or_default().extend(addresses);
        }
    }
}

fn length(history: &History, network: &mut Network) {
    let seconds = history.length / SECOND + 2;
    // What is late in the run is to be seen all the same.
    let more = (seconds / 2).clamp(60, 6 * 3600);
    let from = format!("the log's {seconds} s from {}, and {more} s more", history.stamp(0));
    let seconds = seconds + more;
    network.duration = Some(Said::new(text_value(&format!("{seconds}s")), from));
    network.title = format!("Imported from the log of {}", history.servers.join(", "));
}

fn add_servers(history: &History, servers: &[Server], network: &mut Network, ledger: &mut Ledger) {
    for (server, name) in servers.iter().zip(&history.servers) {
        let from = format!("from its log, {}", server.file);
        let host = network.host(name, || from);
        host.roles.extend(["submission", "relay"]);
        if host.profile.is_none() {
            let profile = server.family.profile();
            let version = match server.version.as_str() {
                "" => "assumed: its defaults".to_owned(),
                version => format!("assumed: the defaults of version {version}"),
            };
            host.profile = Some(Said::new(text_value(profile), version));
            let says = format!(
                "no configuration of {name} was given, so it has the defaults of {profile}; its \
                 retries may be others"
            );
            ledger.say(Class::Assumed, format!("settings of {name}"), says);
        }
        // What it takes comes from people and from strangers alike.
        host.relay_domains = None;
        if let Some(addresses) = history.addresses.get(name) {
            host.addresses.extend(addresses.iter().filter(|a| is_literal(a)).cloned());
        }
        let own = host.addresses.clone();
        called_by_address(name, &own, network);
    }
}

/// A next hop that a configuration tells by its address alone is the server that has this address.
fn called_by_address(name: &str, own: &BTreeSet<String>, network: &mut Network) {
    let is_same = |(other, host): (&String, &super::super::network::Host)| {
        let same = other != name && host.profile.is_none() && !host.addresses.is_disjoint(own);
        same.then(|| other.clone())
    };
    let made_up: Vec<String> = network
        .hosts
        .iter()
        .filter_map(is_same)
        .filter(|other| other.starts_with("host-") && other.ends_with(".example"))
        .collect();
    for other in made_up {
        network.hosts.remove(&other);
        let (before, after) = (text_value(&other), text_value(name));
        for host in network.hosts.values_mut() {
            let keys = host.keys.values_mut().chain(host.routes.values_mut());
            for said in keys {
                said.value = said.value.replace(&before, &after);
            }
        }
    }
}

fn is_literal(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// Domains to which mail went, their exchangers and mailboxes.
fn destinations(history: &History, network: &mut Network, ledger: &mut Ledger) {
    let mut taken: BTreeSet<String> =
        network.hosts.values().flat_map(|h| h.addresses.clone()).collect();
    for (domain, server) in &history.kept {
        if !is_name(domain) {
            continue;
        }
        let name = history.servers[*server].clone();
        let host = network.host(&name, String::new);
        host.roles.extend(["mx", "store"]);
        host.local_domains.insert(domain.clone(), "from the log: delivered there".to_owned());
        let entry = network.domain(domain, || "from the log: kept at this server".to_owned());
        entry.store = Some(Said::new(text_value(&name), "from the log"));
        if entry.mx.is_empty() && !history.ranks.contains_key(domain) {
            entry.mx.push((10, name, "from the log".to_owned()));
        }
    }
    let fallbacks: BTreeSet<String> = history
        .servers
        .iter()
        .filter_map(|server| network.hosts.get(server)?.keys.get("fallback_relay"))
        .map(|said| said.value.trim_matches('"').to_owned())
        .collect();
    let known: Vec<(&String, _)> =
        history.ranks.iter().filter(|(name, ranks)| is_name(name) && !ranks.is_empty()).collect();
    for (name, ranks) in known {
        let told = network.domains.get(name).is_some_and(|d| {
            d.mx.iter().any(|(.., from)| !from.starts_with("assumed")) || d.null_mx.is_some()
        });
        for host in ranks.keys() {
            let made = network.host(host, || "from the log: a destination".to_owned());
            if made.profile.is_none() {
                made.roles.insert("mx");
            }
            let own = history.addresses.get(host).into_iter().flatten();
            let own: Vec<String> = own.filter(|a| is_literal(a)).cloned().collect();
            if made.addresses.is_empty() {
                made.addresses.extend(own.into_iter().filter(|a| taken.insert(a.clone())));
            }
        }
        if told {
            continue;
        }
        // Where mail goes when all exchangers fail is no exchanger.
        let mut ranks = ranks.clone();
        if ranks.len() > 1 {
            ranks.retain(|host, _| !fallbacks.contains(host));
        }
        exchangers(name, &ranks, network, ledger);
    }
    names_that_fail(history, network, ledger);
    mailboxes(history, network);
}

/// Orders a domain's exchangers by how often each was tried first.
fn exchangers(
    name: &str,
    ranks: &BTreeMap<String, super::history::Rank>,
    network: &mut Network,
    ledger: &mut Ledger,
) {
    let mut hosts: Vec<(&String, &super::history::Rank)> = ranks.iter().collect();
    hosts.sort_by_key(|(host, rank)| {
        (std::cmp::Reverse(rank.first), std::cmp::Reverse(rank.any), (*host).clone())
    });
    let domain = network.domain(name, || "from the log: mail went there".to_owned());
    domain.mx.retain(|(.., from)| !from.starts_with("assumed"));
    let mut preference = 10;
    let mut before: Option<u32> = None;
    for (host, rank) in hosts {
        // Equal ones are tried first by turns.
        if before.is_some_and(|before| rank.first * 4 < before) {
            preference += 10;
        }
        before = Some(rank.first.max(1));
        let from = format!("from the log: {} times first of {}", rank.first, rank.any);
        domain.mx.push((preference, host.clone(), from));
    }
    if domain.mx.len() > 1 {
        let says = "preferences are not in a log: hosts are ordered by how often each was tried \
                    first; a zone file (--zone) would tell";
        ledger.say(Class::Assumed, format!("MX of {name}"), says);
    }
}

/// Domains that do not exist, or whose name servers are away.
fn names_that_fail(history: &History, network: &mut Network, ledger: &mut Ledger) {
    let hosts: BTreeSet<&String> = history.ranks.values().flat_map(BTreeMap::keys).collect();
    let is_host = |name: &String| hosts.contains(name);
    for failed in &history.failed {
        let name = &failed.failure.host;
        if !is_name(name) {
            continue;
        }
        match failed.failure.kind {
            Kind::NoSuchName if !network.domains.contains_key(name) => {
                let domain = network.domain(name, || "from the log".to_owned());
                domain.keys.insert("exists", Said::new("false", "from the log: no such name"));
            }
            Kind::NameServer if !history.ranks.contains_key(name) && !is_host(name) => {
                let new = !network.domains.contains_key(name);
                network.domain(name, || "from the log".to_owned());
                if new {
                    let says =
                        "only failures of its names are in the log: its exchanger is invented";
                    ledger.say(Class::Assumed, format!("domain {name}"), says);
                }
            }
            _ => {}
        }
    }
}

/// Mailboxes are those to which mail came, or may still come.
fn mailboxes(history: &History, network: &mut Network) {
    let refused: BTreeSet<&str> = history
        .failed
        .iter()
        .filter(|f| matches!(&f.failure.kind, Kind::Permanent { stage, .. } if *stage == "rcpt"))
        .map(|f| f.recipient.as_str())
        .collect();
    for message in &history.messages {
        for recipient in message.recipients.iter().filter(|r| is_address(&r.address)) {
            let never = recipient.outcome == Outcome::Failed;
            let accepted = !never || !refused.contains(recipient.address.as_str());
            let Some((local, domain)) = recipient.address.rsplit_once('@') else { continue };
            let domain = network.domain(domain, || "from the log: mail went there".to_owned());
            if accepted {
                domain.mailboxes.insert(local.to_owned());
                "from the log".clone_into(&mut domain.mailboxes_from);
            }
        }
    }
}

/// The mail, a file for each server.
fn mail(history: &mut History, network: &mut Network, ledger: &mut Ledger) {
    let (mut nobody, mut unreadable, mut notices) = (0_u64, 0_u64, 0_u64);
    let mut entry = 0;
    let senders: Vec<usize> = (0..history.servers.len()).collect();
    let with_mail: Vec<usize> = senders
        .into_iter()
        .filter(|server| history.messages.iter().any(|m| m.server == *server && replayed(m)))
        .collect();
    let single = with_mail.len() == 1;
    for server in with_mail {
        entry += 1;
        let mut csv = String::from("at_s,from,to,size_octets\n");
        let mut ordinal = 0;
        for message in history.messages.iter_mut().filter(|m| m.server == server) {
            match message.origin {
                Origin::Submitted => {}
                Origin::Notice => {
                    notices += 1;
                    continue;
                }
                Origin::HandedOver => continue,
            }
            let from = message.from.clone().unwrap_or_default();
            if from.is_empty() {
                nobody += 1;
                continue;
            }
            let to: Vec<&str> = message
                .recipients
                .iter()
                .map(|r| r.address.as_str())
                .filter(|address| is_address(address))
                .collect();
            if to.is_empty() || !is_address(&from) {
                unreadable += 1;
                continue;
            }
            ordinal += 1;
            message.id = Some(format!("{entry}-{ordinal}"));
            let at = message.arrived;
            let (seconds, micros) = (at / SECOND, at % SECOND);
            let size = message.size.max(1);
            let _ = writeln!(csv, "{seconds}.{micros:06},{from},{},{size}", to.join(" "));
            let Some((local, domain)) = from.rsplit_once('@') else { continue };
            if !network.domains.contains_key(&canonical(domain)) {
                complete::world(network, domain, local);
            } else if let Some(domain) = network.domains.get_mut(&canonical(domain))
                && !domain.keys.contains_key("exists")
            {
                domain.mailboxes.insert(local.to_owned());
            }
        }
        let name = history.servers[server].clone();
        let file = if single { "mail.csv".to_owned() } else { format!("mail-{name}.csv") };
        let from = format!("the mail that {name} took, from its log: {ordinal} messages");
        ledger.say(Class::Understood, format!("mail of {name}"), format!("{ordinal} messages"));
        network.replays.push(Replay { server: name, port: Some(25), file, from, csv });
    }
    let mut left = |count: u64, class, what: &str, says: &str| {
        if count > 0 {
            ledger.say(class, what, format!("{count} {says}"));
        }
    };
    left(
        notices,
        Class::Understood,
        "notices",
        "made by the servers themselves; a run makes its own",
    );
    left(
        nobody,
        Class::NotModelled,
        "notices from outside",
        "messages without a sender are left out",
    );
    left(
        unreadable,
        Class::NotModelled,
        "messages without try",
        "messages whose recipients or sender the log does not tell are left out",
    );
    left(
        history.headless,
        Class::NotModelled,
        "messages begun before the log",
        "tries of messages whose arrival is not in the log are left out",
    );
    left(history.probes, Class::NotModelled, "probes of addresses", "tries were no mail");
}

fn replayed(message: &Message) -> bool {
    message.origin == Origin::Submitted && message.from.as_deref().is_some_and(|f| !f.is_empty())
}

fn ledger_of_outages(found: &[Entry], ledger: &mut Ledger) {
    if !found.is_empty() {
        let says = format!(
            "{} outages from failed tries; each begins and ends between the tries that its comment \
             tells",
            found.len()
        );
        ledger.say(Class::Assumed, "outages", says);
    }
}

fn unread(history: &History, ledger: &mut Ledger) {
    let mut texts: Vec<(&String, &u32)> = history.unread.iter().collect();
    texts.sort_by_key(|(text, count)| (std::cmp::Reverse(**count), (*text).clone()));
    for (text, count) in texts.into_iter().take(50) {
        let says = format!("{count} times: a failure that is none the importer knows");
        ledger.say(Class::NotModelled, text.clone(), says);
    }
}
