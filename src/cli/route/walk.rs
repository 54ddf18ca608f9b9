//! The way of a message from host to host, as text.

use crate::dns::{Ask, MailRoute, Resolver, RouteOutcome};
use crate::mail::{DomainId, HostId, MailboxNames as _};
use crate::model::{NextHop, Scenario};
use crate::network::AddressId;
use crate::smtp::LookupFailure;

use super::super::answers;
use super::super::table::columns;
use super::moment::Moment;

/// Walks from host to host.
pub(super) struct Walk<'w, 's> {
    moment: &'w Moment<'s>,
    domain: DomainId,
    /// Hosts already told of.
    told: Vec<HostId>,
    /// Whether the mailbox does not exist.
    unknown: bool,
    pub(super) text: String,
}

impl<'w, 's> Walk<'w, 's> {
    /// Returns a walk of mail for `domain` that begins with `text`.
    pub(super) fn new(
        moment: &'w Moment<'s>,
        domain: DomainId,
        unknown: bool,
        text: String,
    ) -> Self {
        Self { moment, domain, told: Vec::new(), unknown, text }
    }

    fn say(&mut self, text: &str) {
        self.text.push_str("  ");
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Tells where the message goes from `host`, and from there on. `way` holds the hosts passed.
    pub(super) fn from(&mut self, host: HostId, way: &mut Vec<HostId>) {
        if self.told.contains(&host) {
            return;
        }
        self.told.push(host);
        let scenario = self.moment.scenario;
        let (settings, domain) = (self.moment.host(host), &scenario.domains[self.domain.index()]);
        let name = domain.name.as_str();
        self.text.push_str(&format!("\n{}\n", settings.name));
        let trusted = |before: &HostId| self.moment.host(*before).routing.leads_to(host);
        if way.last().is_some_and(|before| !trusted(before)) && !settings.routing.takes(self.domain)
        {
            self.say(&format!("{name} is not local here, and it relays for nobody else: refused"));
            return;
        }
        if self.unknown && self.knows_better(host, way.last().copied()) {
            return;
        }
        if settings.routing.is_local(self.domain) {
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
        self.by_family(host, &mut targets);
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

    /// Tells what becomes of mail for a mailbox that does not exist at a host that knows it; returns whether
    /// this one does.
    fn knows_better(&mut self, host: HostId, before: Option<HostId>) -> bool {
        let scenario = self.moment.scenario;
        let routing = &self.moment.host(host).routing;
        let local = routing.is_local(self.domain);
        let relayed = routing.relayed.contains(&self.domain);
        let knows = local || relayed && routing.knows_relayed_mailboxes;
        if !knows {
            return false;
        }
        let who = match before {
            Some(before) => format!(
                "{} gives it up, and a failure notice goes to its author",
                scenario.host(before)
            ),
            None => "whoever submits it is told at once".to_owned(),
        };
        let why = if local { "it is local here" } else { "it knows the mailboxes of the domain" };
        self.say(&format!("{why}, and there is no such mailbox: refused at RCPT with 550 5.1.1"));
        self.say(&who);
        true
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
                    .map(|host| self.moment.scenario.host(*host))
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
        let scenario = self.moment.scenario;
        self.say(&format!("{reason}: {}", scenario.host(next)));
        addresses(scenario, next)
    }

    /// Looks up exchangers, in the order in which they are tried.
    fn exchangers(&mut self, host: HostId, asked: DomainId, reason: &str) -> Vec<Target> {
        let scenario = self.moment.scenario;
        let domain = &scenario.domains[asked.index()];
        self.say(&format!("{reason}: the exchangers of {} serve", domain.name));
        let settings = self.moment.host(host);
        let mut found = MailRoute::default();
        let failures = self.moment.dns_failures(host);
        let own = settings.addresses.iter().map(|at| scenario.addresses[at.index()].family);
        let ask = Ask {
            zone: &scenario.zone,
            failures: &failures,
            settings: &settings.resolver,
            chance: None,
            failure_is_none: settings.client.options.lookup_failure == LookupFailure::NoExchangers,
            asks_together: settings.client.options.asks_for_hosts_together,
            families: settings.client.options.families.asked(own),
        };
        let lookup = Resolver::new().mail_route(&ask, domain.dns, self.moment.at, &mut found);
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
        for answer in answers::exchangers(scenario, domain.dns, self.moment.at) {
            if answer.ends_with("(no address)") {
                self.say(&format!("{answer}: passed over"));
            }
        }
        let mut targets: Vec<Target> = found
            .exchangers
            .iter()
            .map(|exchanger| Target {
                preference: Some(exchanger.preference),
                ..target(scenario, exchanger.address)
            })
            .collect();
        self.leave_out_itself(host, &mut targets);
        targets
    }

    /// A host never relays to exchangers that are no better than itself (RFC 5321 §5.1).
    fn leave_out_itself(&mut self, host: HostId, targets: &mut Vec<Target>) {
        let settings = self.moment.host(host);
        let is_itself = |target: &Target| settings.is_itself(host, target.host, target.proxy);
        if settings.client.skips_itself {
            targets.retain(|target| !is_itself(target));
        }
        let own = targets.iter().find(|target| is_itself(target)).and_then(|t| t.preference);
        let Some(own) = own.filter(|_| settings.client.finds_itself) else { return };
        targets.retain(|target| target.preference.is_some_and(|other| other < own));
        self.say(&format!("it is itself MX {own}: only better ones are left"));
        if targets.is_empty() {
            self.say("none is better: mail loops back to itself and is returned");
        }
    }

    /// Leaves out addresses of families that the host does not use, and puts those of the family that
    /// it prefers in front of their equals.
    fn by_family(&mut self, host: HostId, targets: &mut Vec<Target>) {
        let scenario = self.moment.scenario;
        let settings = self.moment.host(host);
        let options = settings.client.options;
        let family = |address: AddressId| scenario.addresses[address.index()].family;
        let own = || settings.addresses.iter().map(|own| family(*own));
        let before = targets.len();
        targets.retain(|target| options.families.includes(family(target.address), own()));
        if targets.len() < before {
            self.say("it uses one family of addresses: those of the other are passed over");
        }
        let Some(first) = options.preferred_family.family() else { return };
        let later = |target: &Target| family(target.address) != first;
        for equals in targets.chunk_by_mut(|a, b| a.preference == b.preference) {
            if options.randomizes_addresses {
                equals.sort_by_key(later);
                continue;
            }
            equals.chunk_by_mut(|a, b| a.host == b.host).for_each(|own| own.sort_by_key(later));
        }
    }

    /// Returns whether two neighbours are tried in random order.
    fn are_equal(&self, from: HostId, a: &Target, b: &Target) -> bool {
        let options = self.moment.host(from).client.options;
        let family =
            |target: &Target| self.moment.scenario.addresses[target.address.index()].family;
        let ordered = options.preferred_family.family().is_some() && family(a) != family(b);
        a.preference.is_some() && a.preference == b.preference && !ordered
    }

    fn table(&mut self, from: HostId, targets: &[Target]) {
        let scenario = self.moment.scenario;
        let mut rows = Vec::new();
        let mut place = 0;
        for (index, target) in targets.iter().enumerate() {
            // Equal preferences are shuffled: they share a place.
            if index == 0 || !self.are_equal(from, &targets[index - 1], target) {
                place = index + 1;
            }
            let preference = target.preference.map(|p| format!("MX {p}")).unwrap_or_default();
            let literal = &scenario.addresses[target.address.index()].literal;
            let mut state = self.moment.trouble(target.host, target.address);
            let family = |address: &AddressId| scenario.addresses[address.index()].family;
            let mut own = self.moment.host(from).addresses.iter().map(family);
            if !own.any(|own| own == family(&target.address)) {
                state.push("no address of this family here: fails at once".to_owned());
            }
            if state.is_empty() {
                state.push("up".to_owned());
            }
            rows.push(vec![
                format!("  {place}."),
                preference,
                match target.proxy {
                    None => scenario.host(target.host).to_owned(),
                    Some(proxy) => {
                        format!("{} through {}", scenario.host(target.host), scenario.host(proxy))
                    }
                },
                format!("[{literal}]"),
                self.moment.way(from, target.proxy.unwrap_or(target.host)),
                state.join(", "),
            ]);
        }
        self.text.push_str(&columns(&rows, &[]));
        let shuffled = targets.windows(2).any(|pair| self.are_equal(from, &pair[0], &pair[1]));
        if shuffled {
            self.say("those with the same number are tried in random order");
        }
    }
}

/// One address to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    preference: Option<u16>,
    /// The server that answers there.
    host: HostId,
    /// The proxy whose address it is, if the server is behind one.
    proxy: Option<HostId>,
    address: AddressId,
}

fn addresses(scenario: &Scenario, host: HostId) -> Vec<Target> {
    let all = scenario.hosts[host.index()].addresses.iter();
    all.map(|&address| target(scenario, address)).collect()
}

/// Returns an address as a target without preference.
fn target(scenario: &Scenario, address: AddressId) -> Target {
    let at = scenario.addresses[address.index()].host;
    let server = scenario.servers_behind().get(&at).copied();
    Target { preference: None, host: server.unwrap_or(at), proxy: server.map(|_| at), address }
}
