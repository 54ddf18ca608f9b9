//! `mailsim route`: how mail for an address travels, and in which order hosts are tried.

use std::path::PathBuf;

use clap::Args;

use crate::dns::{Ask, Failures, MailRoute, Resolver, RouteOutcome};
use crate::mail::{DomainId, HostId, MailboxNames as _};
use crate::network::{AddressId, LinkId};
use crate::scenario::{Command, Effect, Host, NextHop, OutageTarget, Scenario};
use crate::simulation::Simulation;
use crate::trace::{Fact, FactLog, OutageFact};
use crate::units::{SimDuration, SimTime};

use super::answers;
use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::status::ExitStatus;
use super::table::columns;
use super::terminal::Terminal;

/// Show how mail for an address travels and which hosts are tried
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Show how mail for an address travels, host by host, until it is in a mailbox: \
                  what decides where it goes, the exchangers with their preferences and addresses \
                  in the order in which they are tried, and what is down."
)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    /// Address of the recipient
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// Host that has the message [default: where mail is submitted]
    #[arg(long, value_name = "HOST")]
    from: Option<String>,

    /// Virtual time, such as 2h30m: what is down then is shown [default: 0]
    #[arg(long, value_name = "T", default_value = "0", hide_default_value = true)]
    at: SimDuration,

    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  mailsim route outage.toml bob@recipient.example
  mailsim route outage.toml bob@recipient.example --at 3h
  mailsim route outage.toml bob@recipient.example --from mx2.recipient.example";

/// Runs the command.
pub(super) fn route(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let input = input::read_and_warn(&arguments.scenario, &arguments.changes.0, terminal)?;
    let scenario = &input.loaded.scenario;
    let domain = domain_of(scenario, &arguments.address)?;
    let begins = match &arguments.from {
        Some(name) => vec![host_of(scenario, name)?],
        None => where_mail_begins(scenario),
    };
    let world = World::at(scenario, SimTime::ZERO + arguments.at);
    let mut walk = Walk { world: &world, domain, told: Vec::new(), text: String::new() };
    let when = arguments.at.exact();
    walk.text = format!("Mail for {} at {when}:\n", arguments.address);
    if !exists(scenario, domain, &arguments.address) {
        walk.text.push_str("There is no such mailbox; a server that knows that refuses it.\n");
    }
    if begins.is_empty() {
        walk.text.push_str("No host takes submissions; name one with --from.\n");
    }
    for host in begins {
        walk.from(host, &mut Vec::new());
    }
    terminal.data(&walk.text)?;
    Ok(ExitStatus::Success)
}

fn domain_of(scenario: &Scenario, address: &str) -> Result<DomainId, CommandError> {
    let Some((_, name)) = address.rsplit_once('@') else {
        return Err(CommandError::Usage(format!("`{address}` is no address; write local@domain")));
    };
    let name = name.to_ascii_lowercase();
    let names: Vec<&str> = scenario.domains.iter().map(|domain| domain.name.as_str()).collect();
    match names.iter().position(|known| *known == name) {
        Some(place) => Ok(DomainId::from_index(place)),
        None => Err(CommandError::Usage(nothing_called("domain", &name, &names))),
    }
}

fn host_of(scenario: &Scenario, name: &str) -> Result<HostId, CommandError> {
    let names: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
    match names.iter().position(|known| *known == name) {
        Some(place) => Ok(HostId::from_index(place)),
        None => Err(CommandError::Usage(nothing_called("host", name, &names))),
    }
}

/// Names the nearest of what there is, and some others.
fn nothing_called(kind: &str, wanted: &str, known: &[&str]) -> String {
    const MOST: usize = 8;
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), *name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
    if let Some((_, name)) = nearest {
        return format!("the scenario has no {kind} {wanted}; did you mean {name}?");
    }
    let mut listed = known.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if known.len() > MOST {
        listed.push_str(&format!(" and {} more", known.len() - MOST));
    }
    format!("the scenario has no {kind} {wanted}; it has {listed}")
}

fn exists(scenario: &Scenario, domain: DomainId, address: &str) -> bool {
    let settings = &scenario.domains[domain.index()];
    let wanted = address.to_ascii_lowercase();
    (0..settings.mailboxes).any(|local| {
        scenario.mailbox(crate::mail::Mailbox { domain, local }).to_ascii_lowercase() == wanted
    })
}

/// Servers that mail is submitted to, or else those that would take submissions.
fn where_mail_begins(scenario: &Scenario) -> Vec<HostId> {
    let mut servers: Vec<HostId> =
        scenario.mail.iter().map(|entry| entry.submission.server).collect();
    if servers.is_empty() {
        let hosts = (0..scenario.hosts.len()).map(HostId::from_index);
        servers = hosts.filter(|host| scenario.hosts[host.index()].roles.submission).collect();
    }
    servers.sort_unstable();
    servers.dedup();
    servers
}

/// The scenario as it stands at one moment.
struct World<'s> {
    scenario: &'s Scenario,
    at: SimTime,
    /// Outages in force.
    outages: Vec<OutageFact>,
    failures: Failures,
}

impl<'s> World<'s> {
    fn at(scenario: &'s Scenario, at: SimTime) -> Self {
        // A run that is stopped before its first event has stated its outages, those drawn at
        // random among them.
        let mut log = FactLog::default();
        Simulation::new(scenario).run_while(&mut log, |_| false);
        let mut outages = Vec::new();
        for (_, fact) in log.facts {
            match fact {
                Fact::Outage(outage) if outage.from <= at && at < outage.to => {
                    outages.push(outage);
                }
                _ => {}
            }
        }
        let mut failures = Failures::default();
        for outage in &outages {
            let interval = crate::fault::Interval { from: outage.from, to: outage.to };
            for described in scenario.outages.iter().filter(|other| other.entry == outage.entry) {
                if let Effect::Dns(failure, scope) = &described.effect {
                    failures.0.push((interval, *failure, scope.clone()));
                }
            }
        }
        Self { scenario, at, outages, failures }
    }

    fn host(&self, host: HostId) -> &'s Host {
        let changed = self.scenario.actions.iter().rev().find_map(|action| match &action.what {
            Command::Configure(changed) if action.host == host && action.at <= self.at => {
                Some(changed.as_ref())
            }
            _ => None,
        });
        changed.unwrap_or(&self.scenario.hosts[host.index()])
    }

    /// Returns the outages in force that strike something for which `strikes` holds.
    fn striking(&self, strikes: impl Fn(OutageTarget, &Effect) -> bool) -> Vec<&OutageFact> {
        let hit = |fact: &&OutageFact| {
            let mut entries =
                self.scenario.outages.iter().filter(|outage| outage.entry == fact.entry);
            entries.any(|outage| outage.targets.iter().any(|t| strikes(*t, &outage.effect)))
        };
        self.outages.iter().filter(hit).collect()
    }

    /// Returns what is wrong with one address of a host, in words.
    fn trouble(&self, host: HostId, address: AddressId) -> Vec<String> {
        let here = |target, _: &Effect| {
            target == OutageTarget::Host(host) || target == OutageTarget::Address(address)
        };
        let mut words: Vec<String> = self.striking(here).into_iter().map(in_words).collect();
        if self.is_stopped(host) {
            words.push("stopped".to_owned());
        }
        words
    }

    fn is_stopped(&self, host: HostId) -> bool {
        let last = self.scenario.actions.iter().rev().find(|action| {
            action.host == host
                && action.at <= self.at
                && matches!(action.what, Command::Stop | Command::Start)
        });
        last.is_some_and(|action| action.what == Command::Stop)
    }

    /// Returns the way between two hosts in words.
    fn way(&self, from: HostId, to: HostId) -> String {
        let link_works = |link: LinkId| {
            self.striking(|target, _| target == OutageTarget::Link(link)).is_empty()
        };
        let forwards = |host: HostId| {
            let cut = |target, effect: &Effect| {
                target == OutageTarget::Host(host)
                    && matches!(
                        effect,
                        Effect::Blackhole { inbound_only: false } | Effect::Crash { machine: true }
                    )
            };
            self.striking(cut).is_empty()
        };
        match self.scenario.topology.route(from, to, link_works, forwards) {
            None => "no way: links are down".to_owned(),
            Some(path) if path.intermediate.is_empty() => format!("{} away", path.latency),
            Some(path) => {
                let names: Vec<&str> =
                    path.intermediate.iter().map(|host| self.scenario.host(*host)).collect();
                format!("{} away by {}", path.latency, names.join(", "))
            }
        }
    }
}

fn in_words(outage: &OutageFact) -> String {
    let until = if outage.to == SimTime::MAX {
        "the end".to_owned()
    } else {
        outage.to.since_start().exact().to_string()
    };
    format!("DOWN ({}) until {until}", outage.mode)
}

/// Walks from host to host.
struct Walk<'w, 's> {
    world: &'w World<'s>,
    domain: DomainId,
    /// Hosts already told of.
    told: Vec<HostId>,
    text: String,
}

impl Walk<'_, '_> {
    fn say(&mut self, text: &str) {
        self.text.push_str("  ");
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Tells where the message goes from `host`, and from there on. `way` holds the hosts passed.
    fn from(&mut self, host: HostId, way: &mut Vec<HostId>) {
        if self.told.contains(&host) {
            return;
        }
        self.told.push(host);
        let scenario = self.world.scenario;
        let (settings, domain) =
            (self.world.host(host), &scenario.domains[self.domain.index()]);
        let name = domain.name.as_str();
        self.text.push_str(&format!("\n{}\n", settings.name));
        if settings.routing.local.contains(&self.domain) {
            self.say(&format!("{name} is local here: the message is put into its mailbox"));
            return;
        }
        let routing = &settings.routing;
        let reason = if routing.routes.contains_key(&self.domain) {
            format!("a route for {name}")
        } else if routing.smart_host.is_some() {
            "smart host".to_owned()
        } else {
            "no route, no smart host".to_owned()
        };
        let targets = match routing.next_hop(self.domain) {
            NextHop::Exchangers(asked) => self.exchangers(host, asked, &reason),
            NextHop::Host(next) => self.named(next, &reason),
            NextHop::Address(next) => {
                self.say(&format!("{reason}: {}, without look-up", scenario.host(next)));
                addresses(scenario, next)
            }
        };
        let mut targets = targets;
        if let Some(limit) = settings.client.address_limit
            && targets.len() > limit as usize
        {
            self.say(&format!("only the first {limit} addresses are tried in one delivery"));
            targets.truncate(limit as usize);
        }
        if let Some(relay) = routing.fallback_relay.filter(|relay| *relay != host) {
            self.say(&format!("the fallback relay {} comes last", scenario.host(relay)));
            targets.extend(addresses(scenario, relay));
        }
        self.table(host, &targets);
        self.go_on(host, &targets, way);
    }

    /// Follows the message to every host it may go to.
    fn go_on(&mut self, host: HostId, targets: &[Target], way: &mut Vec<HostId>) {
        way.push(host);
        let mut next: Vec<HostId> = Vec::new();
        for target in targets {
            if !next.contains(&target.host) {
                next.push(target.host);
            }
        }
        for to in next {
            if way.contains(&to) {
                let names: Vec<&str> = way
                    .iter()
                    .skip_while(|passed| **passed != to)
                    .chain([&to])
                    .map(|host| self.world.scenario.host(*host))
                    .collect();
                self.text.push_str(&format!("\nLOOP: {}\n", names.join(" > ")));
            } else {
                self.from(to, way);
            }
        }
        way.pop();
    }

    /// Looks up one host by its name.
    fn named(&mut self, next: HostId, reason: &str) -> Vec<Target> {
        let scenario = self.world.scenario;
        self.say(&format!("{reason}: {}", scenario.host(next)));
        addresses(scenario, next)
    }

    /// Looks up exchangers, in the order in which they are tried.
    fn exchangers(&mut self, host: HostId, asked: DomainId, reason: &str) -> Vec<Target> {
        let scenario = self.world.scenario;
        let domain = &scenario.domains[asked.index()];
        self.say(&format!("{reason}: the exchangers of {} serve", domain.name));
        let settings = self.world.host(host);
        let mut found = MailRoute::default();
        let ask = Ask {
            zone: &scenario.zone,
            failures: &self.world.failures,
            settings: &settings.resolver,
        };
        let lookup = Resolver::new().mail_route(&ask, domain.dns, self.world.at, &mut found);
        let trouble = match lookup.outcome {
            RouteOutcome::Found => None,
            RouteOutcome::NoSuchDomain => Some("there is no such domain: returned at once"),
            RouteOutcome::NullMx => Some("null MX, the domain takes no mail: returned at once"),
            RouteOutcome::NoAddress => Some("no exchanger has an address: returned at once"),
            RouteOutcome::TemporaryFailure => Some("the DNS does not answer: tried again later"),
        };
        if let Some(trouble) = trouble {
            self.say(trouble);
            return Vec::new();
        }
        for answer in answers::exchangers(scenario, domain.dns, self.world.at) {
            if answer.ends_with("(no address)") {
                self.say(&format!("{answer}: passed over"));
            }
        }
        let mut targets: Vec<Target> = found
            .exchangers
            .iter()
            .map(|exchanger| Target {
                preference: Some(exchanger.preference),
                host: scenario.addresses[exchanger.address.index()].host,
                address: exchanger.address,
            })
            .collect();
        self.leave_out_itself(host, &mut targets);
        targets
    }

    /// A host never relays to exchangers that are no better than itself (RFC 5321 §5.1).
    fn leave_out_itself(&mut self, host: HostId, targets: &mut Vec<Target>) {
        let own = targets.iter().find(|target| target.host == host).and_then(|t| t.preference);
        let Some(own) = own else { return };
        targets.retain(|target| target.preference.is_some_and(|other| other < own));
        self.say(&format!("it is itself MX {own}: only better ones are left"));
        if targets.is_empty() {
            self.say("none is better: mail loops back to itself and is returned");
        }
    }

    fn table(&mut self, from: HostId, targets: &[Target]) {
        let scenario = self.world.scenario;
        let mut rows = Vec::new();
        let mut place = 0;
        for (index, target) in targets.iter().enumerate() {
            // Equal preferences are shuffled: they share a place.
            let equal = index > 0
                && target.preference.is_some()
                && targets[index - 1].preference == target.preference;
            if !equal {
                place = index + 1;
            }
            let preference = target.preference.map(|p| format!("MX {p}")).unwrap_or_default();
            let literal = &scenario.addresses[target.address.index()].literal;
            let mut state = self.world.trouble(target.host, target.address);
            if state.is_empty() {
                state.push("up".to_owned());
            }
            rows.push(vec![
                format!("  {place}."),
                preference,
                scenario.host(target.host).to_owned(),
                format!("[{literal}]"),
                self.world.way(from, target.host),
                state.join(", "),
            ]);
        }
        self.text.push_str(&columns(&rows, &[]));
        let shuffled = targets
            .windows(2)
            .any(|pair| pair[0].preference.is_some() && pair[0].preference == pair[1].preference);
        if shuffled {
            self.say("those with the same number are tried in random order");
        }
    }
}

/// One address to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    preference: Option<u16>,
    host: HostId,
    address: AddressId,
}

fn addresses(scenario: &Scenario, host: HostId) -> Vec<Target> {
    let all = scenario.hosts[host.index()].addresses.iter();
    all.map(|&address| Target { preference: None, host, address }).collect()
}
