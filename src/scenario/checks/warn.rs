//! What can be run but is likely not what was meant, and circles that are not allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::{replies, spreadsheets, unseen};
use crate::dns::Name;
use crate::fault::Schedule;
use crate::mail::{DomainId, HostId};
use crate::model::{NextHop, Scenario};
use crate::scenario::assemble::Entries;
use crate::scenario::checks::loops::{self, Over};
use crate::scenario::domain::domains::DomainDraft;
use crate::scenario::domain::exchangers::ExchangerName;
use crate::scenario::text::names::listed;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::units::{SimDuration, SimTime};
use crate::workload::{Arrivals, MailEntry};

/// Looks at what can be judged even where other things are wrong, so that one pass finds it all: circles, and
/// what begins after the end.
pub(crate) fn check_first(scenario: &Scenario, entries: &Entries<'_, '_>) {
    routes_in_circles(scenario, entries);
    too_late(scenario, entries);
}

/// Looks at the scenario as a whole, which has no error.
pub(crate) fn check(scenario: &Scenario, entries: &Entries<'_, '_>) {
    replies::check(scenario, entries);
    impatient_resolvers(scenario, entries);
    let receiving = receiving(scenario);
    let names = scenario.zone.names.iter().map(|known| (known.text.as_str(), known)).collect();
    let mut reading: BTreeMap<DomainId, Vec<(u32, u32)>> = BTreeMap::new();
    for one in scenario.reading.iter().filter(|reading| !reading.junk) {
        let first = one.first;
        reading.entry(first.domain).or_default().push((first.local, first.local + one.count));
    }
    for (index, draft) in entries.domains.list.iter().enumerate() {
        let Some(section) = &draft.section else {
            continue;
        };
        let receives = receiving.contains(&DomainId::from_index(index));
        exchangers((scenario, &names), draft, section, entries, receives);
        if receives && !scenario.reading.is_empty() {
            let covered = reading.remove(&DomainId::from_index(index)).unwrap_or_default();
            unread(covered, draft, section);
        }
    }
    unseen::warn(scenario, entries.outages);
    idle_hosts(scenario, entries);
    spreadsheets::check(entries);
    if scenario.mail.is_empty() {
        let remark = Remark::new("there is no [[mail]], so nothing will happen")
            .help("add a [[mail]] entry: from, to and at or arrivals")
            .named("no-mail");
        entries.top.checker.warn(&entries.top.place, "mail", remark);
    }
}

/// The domains to which some entry sends.
fn receiving(scenario: &Scenario) -> BTreeSet<DomainId> {
    let mut domains = BTreeSet::new();
    for entry in &scenario.mail {
        for choice in &entry.to {
            domains.extend(choice.domains());
        }
        let replayed = entry.replay.iter().flat_map(|message| &message.to);
        domains.extend(replayed.map(|mailbox| mailbox.domain));
    }
    domains
}

/// Warns of resolvers that give up before an answer can come.
fn impatient_resolvers(scenario: &Scenario, entries: &Entries<'_, '_>) {
    let mut defaults_told = false;
    for entry in &entries.hosts.entries {
        let resolver = &scenario.hosts[entry.members.start as usize].resolver;
        let patience: SimDuration = resolver.tries.iter().sum();
        if resolver.latency <= patience {
            continue;
        }
        let often = if resolver.drawn_latency.is_some() { "half of the time" } else { "always" };
        let remark = Remark::new(format!(
            "the answer of the DNS comes after {}, and a look-up is given up after {}: it fails {often}",
            resolver.latency.exact(),
            patience.exact()
        ))
        .help("make `latency` shorter or `tries` longer, unless this is what you want to study")
        .named("impatient-resolver");
        if entry.section.has("resolver") {
            entry.section.warn_at("resolver", remark);
        } else if !std::mem::replace(&mut defaults_told, true)
            && let Some(defaults) = entries.top.field("defaults").and_then(|field| field.section())
        {
            defaults.warn_at("resolver", remark);
        }
    }
}

fn routes_in_circles(scenario: &Scenario, entries: &Entries<'_, '_>) {
    let allowed = entries.top.field("allow_loops").and_then(|field| field.flag());
    for circle in loops::find(scenario) {
        let names: Vec<&str> = circle
            .hosts
            .iter()
            .chain(circle.hosts.first())
            .map(|host| scenario.hosts[host.index()].name.as_str())
            .collect();
        let mail = match circle.domain {
            Some(domain) => format!("mail for {}", scenario.domains[domain.index()].name),
            None => "mail that has no other way".to_owned(),
        };
        let message = format!("{mail} goes round in a circle: {}", names.join(" > "));
        let section = &entries.hosts.entry(circle.hosts[0]).section;
        let key = if section.has("routes") { "routes" } else { "smart_host" };
        let key = [key, "mta", "name"].into_iter().find(|key| section.has(key)).unwrap_or("name");
        let mut servers = circle.hosts.iter().map(|host| &scenario.hosts[host.index()].server);
        let counted = servers.any(|server| server.adds_received);
        let end = if counted {
            "it ends when a host counts too many Received fields (hopcount_limit)"
        } else {
            "no server in it adds a Received field (adds_received), so nobody can count how often it \
             went round, and it does not end by itself"
        };
        if circle.over == Over::Any {
            let remark = Remark::new(format!("{message}, while better exchangers are down"))
                .named("loop-among-exchangers");
            section.warn_at(
                key,
                remark.help(format!(
                    "their servers try exchangers that are no better than themselves, so this \
                     happens with real ones too; {end}; with finds_itself = true in `mta`, or a \
                     route, a host waits for the better ones"
                )),
            );
        } else if allowed == Some(true) {
            section.warn_at(key, Remark::new(message).help(end).named("loop"));
        } else {
            let remark =
                Remark::new(message).accepted("routes that end at a store or an exchanger").help(
                    "change `routes` or `smart_host` of one of these hosts; if the circle is what \
                     you want to study, write allow_loops = true at the top of the file",
                );
            section.error_at(key, ProblemKind::Loop, remark);
        }
    }
}

/// The names of the DNS.
type Names<'a> = BTreeMap<&'a str, &'a Name>;

fn exchangers(
    (scenario, names): (&Scenario, &Names<'_>),
    draft: &DomainDraft<'_>,
    section: &Section<'_>,
    entries: &Entries<'_, '_>,
    receives: bool,
) {
    let hosts: BTreeSet<HostId> = draft.exchanger_hosts().map(|(_, host)| host).collect();
    if let (true, Some(only), 1) = (receives, hosts.first(), hosts.len()) {
        let name = &scenario.hosts[only.index()].name;
        let message = format!("{name} is the only exchanger of {}", draft.name);
        let remark = Remark::new(format!("{message}: a single point of failure"))
            .help("add a second MX record, unless this is what you want to study")
            .named("single-exchanger");
        section.warn_at("mx", remark);
    }
    for record in &draft.mx {
        if let ExchangerName::Name(name) = &record.target
            && !resolves(names, name)
        {
            let remark = Remark::new(format!("the exchanger {name} does not resolve"))
                .help("name a [[host]] or add a [[dns]] entry, unless this is what you want")
                .named("dangling-exchanger");
            section.warn_at("mx", remark);
        }
    }
    for record in &draft.mx {
        if let ExchangerName::Name(name) = &record.target
            && is_alias(names, name)
        {
            let remark = Remark::new(format!("the exchanger {name} is an alias"))
                .accepted("a name with addresses of its own (RFC 5321 section 5.1)")
                .help("name the host itself, unless this is what you want to study")
                .named("exchanger-is-alias");
            section.warn_at("mx", remark);
        }
    }
    let keeps = draft.store.map(|store| (store, entries.hosts.entry(store)));
    match keeps {
        Some((store, entry))
            if entry.roles_stated && !entry.roles.store && !section.has("store") =>
        {
            let name = &scenario.hosts[store.index()].name;
            let message = format!("{} has no `store`: {name} will keep its mailboxes", draft.name);
            let remark =
                Remark::new(message).help("add store = \"…\", or give the host the role \"store\"");
            let remark = remark.named("implied-store");
            section.warn_at("mx", remark);
        }
        None if receives && draft.exists && !draft.mx.is_empty() => {
            let null = draft.mx.iter().all(|record| record.target == ExchangerName::Nobody);
            if !null {
                let remark = Remark::new(format!("no host keeps the mailboxes of {}", draft.name))
                    .help("add store = \"…\" with a host of this scenario")
                    .named("no-store");
                section.warn_at("mx", remark);
            }
        }
        _ => {}
    }
    for host in hosts.iter().chain(&draft.store) {
        let host = &scenario.hosts[host.index()];
        if host.profile == "none" {
            let message =
                format!("{} takes mail of {} without a mail server", host.name, draft.name);
            let remark = Remark::new(message).help("give it an `mta` other than \"none\"");
            section.warn_at("mx", remark.named("no-server"));
        }
    }
}

fn is_alias(names: &Names<'_>, name: &str) -> bool {
    let known = names.get(name);
    known.is_some_and(|known| known.revisions.iter().any(|(_, records)| records.alias.is_some()))
}

fn resolves(names: &Names<'_>, name: &str) -> bool {
    let known = names.get(name);
    known.is_some_and(|known| {
        known.revisions.iter().any(|(_, records)| {
            records.exists && (!records.addresses.is_empty() || records.alias.is_some())
        })
    })
}

/// Warns of mailboxes that no reader covers.
fn unread(mut covered: Vec<(u32, u32)>, draft: &DomainDraft<'_>, section: &Section<'_>) {
    // Several devices may read one mailbox.
    covered.sort_unstable();
    let (mut read, mut up_to) = (0, 0);
    for (start, end) in covered {
        read += u64::from(end.saturating_sub(start.max(up_to)));
        up_to = up_to.max(end);
    }
    if draft.store.is_some() && read < u64::from(draft.mailboxes) {
        let unread = u64::from(draft.mailboxes) - read;
        let what = match unread {
            1 => "one mailbox of".to_owned(),
            _ => format!("{unread} mailboxes of"),
        };
        let verb = if unread == 1 { "is" } else { "are" };
        let remark = Remark::new(format!("{what} {} {verb} never read", draft.name))
            .help("add a [[reading]] entry with domain = \"…\" to see when mail is read")
            .named("unread");
        let key = if section.has("mailboxes") { "mailboxes" } else { "name" };
        section.warn_at(key, remark);
    }
}

/// What begins only when the run is over.
fn too_late(scenario: &Scenario, entries: &Entries<'_, '_>) {
    let end = SimTime::ZERO + scenario.duration;
    let late = |section: &Section<'_>, key: &str, what: &str| {
        let remark = Remark::new(format!("{what} after the end of the run"))
            .accepted(format!("a time before {}", scenario.duration.exact()))
            .help("make `duration` longer, or let it begin earlier")
            .named("after-the-end");
        section.warn_at(key, remark);
    };
    for outage in &scenario.outages {
        if let (Schedule::Fixed(interval), Some(section)) =
            (&outage.schedule, entries.outages.get(outage.entry as usize))
            && interval.from >= end
        {
            late(section, "from", "the outage begins");
        }
    }
    for (entry, section) in scenario.mail.iter().zip(entries.mail) {
        if first_message(entry).is_some_and(|first| first >= end) {
            let key = ["at", "start", "arrivals"].into_iter().find(|key| section.has(key));
            late(section, key.unwrap_or("from"), "the first message is sent");
        }
    }
    for field in entries.top.field("action").map(|field| field.list()).unwrap_or_default() {
        if let Some(section) = field.section()
            && section.field("at").and_then(|at| at.time()).is_some_and(|at| at >= end)
        {
            late(&section, "at", "this is done");
        }
    }
}

fn first_message(entry: &MailEntry) -> Option<SimTime> {
    match &entry.arrivals {
        Arrivals::At(times) => times.first().copied(),
        Arrivals::Replay => entry.replay.first().map(|message| message.at),
        _ => Some(entry.window.from),
    }
}

/// Hosts that no mail can ever come to.
fn idle_hosts(scenario: &Scenario, entries: &Entries<'_, '_>) {
    let mut used: BTreeSet<HostId> = BTreeSet::new();
    for draft in &entries.domains.list {
        used.extend(draft.exchanger_hosts().map(|(_, host)| host));
        used.extend(draft.store);
        used.extend(draft.addresses.iter().map(|id| scenario.addresses[id.index()].host));
    }
    for entry in &scenario.mail {
        used.extend(entry.submission.servers());
        used.extend(entry.submission.client);
    }
    used.extend(scenario.reading.iter().filter_map(|reading| reading.from));
    used.extend(scenario.actions.iter().map(|action| action.host));
    for (_, records) in scenario.zone.names.iter().flat_map(|name| &name.revisions) {
        for record in &records.mx {
            let exchange = record.exchange.map(|name| scenario.zone.records(name, SimTime::ZERO));
            let addresses = exchange.map(|records| records.addresses.clone()).unwrap_or_default();
            used.extend(addresses.iter().map(|id| scenario.addresses[id.index()].host));
        }
    }
    for link in scenario.topology.links() {
        used.extend([link.ends.0, link.ends.1]);
    }
    for (index, host) in scenario.hosts.iter().enumerate() {
        let hops = host.routing.stated_hops();
        used.extend(hops.filter_map(|hop| match hop {
            NextHop::Host(host) | NextHop::Address(host) => Some(host),
            NextHop::Exchangers(_) => None,
        }));
        used.extend(host.routing.fallback_relay);
        // Mail comes to a server behind a proxy by way of the proxy.
        used.extend(
            host.behind_proxy
                .into_iter()
                .chain(host.behind_proxy.map(|_| HostId::from_index(index))),
        );
    }
    let entries = entries.hosts.entries.iter().filter(|entry| {
        let roles = entry.roles;
        let elsewhere = roles.mua || roles.dns;
        !elsewhere && !entry.members.clone().any(|host| used.contains(&HostId(host)))
    });
    let others = listed(used.iter().map(|host| scenario.hosts[host.index()].name.as_str()));
    for entry in entries {
        let name = &scenario.hosts[entry.members.start as usize].name;
        let remark = Remark::new(format!("no mail can ever come to {name}")).help(format!(
            "name it in an `mx`, a `store`, a route or a `submit`, or remove it (hosts that \
                 mail comes to: {others})"
        ));
        let remark = remark.named("idle-host");
        entry.section.warn_at("name", remark);
    }
}
