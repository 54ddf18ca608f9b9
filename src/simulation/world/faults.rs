//! The fault time lines of a run: which host, address, link and name fails when.

use std::collections::BTreeMap;

use crate::dns::{DnsFailure, FailureScope};
use crate::fault::{Interval, Timeline};
use crate::mail::HostId;
use crate::model::{Command, Effect, Outage, OutageTarget, Scenario};
use crate::network::LinkId;
use crate::random::{Purpose, Streams};
use crate::smtp::{CrashFault, PortFault, Rule, Rules};
use crate::trace::OutageFact;
use crate::units::{SimDuration, SimTime};

use crate::simulation::attempt::draws::{key, name_key};
use crate::simulation::fast::sparse::Sparse;

/// All faults of a run.
#[derive(Debug)]
pub(crate) struct Faults {
    /// By address: what happens to packets to its SMTP port.
    pub(crate) port: Sparse<Timeline<PortFault>>,
    /// By host: times in which nothing passes to or from it.
    pub(crate) cut: Sparse<Timeline<()>>,
    /// By host: crashes and stops of its MTA.
    pub(crate) crashes: Sparse<Timeline<CrashFault>>,
    /// By host: how its server deviates.
    pub(crate) rules: Sparse<Rules>,
    /// By link.
    pub(crate) links: Sparse<Timeline<()>>,
    /// Of the DNS, as outages say; `name_service` knows who else is without answers.
    pub(crate) dns: Vec<DnsFault>,
    /// What to tell the reader of the trace.
    pub(crate) facts: Vec<OutageFact>,
    /// Nothing ever fails here.
    pub(crate) never: Timeline<()>,
}

/// A failure of the DNS that an outage states.
#[derive(Debug)]
pub(crate) struct DnsFault {
    /// When, how, and of which names.
    pub(crate) failure: (Interval, DnsFailure, FailureScope),
    /// Whose questions it strikes; none: everybody's.
    pub(crate) asked_by: Option<Vec<HostId>>,
}

/// Gathers intervals before they become time lines.
#[derive(Default)]
struct Gathered {
    port: BTreeMap<usize, Vec<(Interval, PortFault)>>,
    cut: BTreeMap<usize, Vec<(Interval, ())>>,
    crashes: BTreeMap<usize, Vec<(Interval, CrashFault)>>,
    rules: BTreeMap<usize, Vec<Rule>>,
    links: BTreeMap<usize, Vec<(Interval, ())>>,
    dns: Vec<DnsFault>,
    facts: Vec<OutageFact>,
}

impl Faults {
    /// Returns no faults at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        fn none<T>(nothing: T) -> Sparse<T> {
            Sparse::new(0, BTreeMap::new(), nothing)
        }
        Self {
            port: none(Timeline::default()),
            cut: none(Timeline::default()),
            crashes: none(Timeline::default()),
            rules: none(Rules::new(Vec::new())),
            links: none(Timeline::default()),
            dns: Vec::new(),
            facts: Vec::new(),
            never: Timeline::default(),
        }
    }

    /// Draws and collects all outages of `scenario` until `horizon`.
    pub(crate) fn new(scenario: &Scenario, streams: &Streams, horizon: SimTime) -> Self {
        let mut gathered = Gathered::default();
        let mut named: BTreeMap<&str, u64> = BTreeMap::new();
        for outage in &scenario.outages {
            // Named by what it strikes, so that one outage more leaves the others as they are.
            let number = named.entry(&outage.label).or_insert(0);
            let key = key(&[name_key(&outage.label), *number]);
            *number += 1;
            let mut random = streams.stream(Purpose::Outage, key);
            for interval in outage.schedule.intervals(horizon, &mut random) {
                if interval.from < horizon && !is_policy(&outage.effect, interval) {
                    gathered.facts.push(OutageFact {
                        entry: outage.entry,
                        target: outage.label.clone(),
                        mode: outage.mode.clone(),
                        hosts: struck_hosts(scenario, outage),
                        from: interval.from,
                        to: interval.to,
                    });
                }
                for target in &outage.targets {
                    gathered.add(scenario, *target, interval, outage);
                }
            }
        }
        gathered.add_stops(scenario);
        gathered.finish(scenario)
    }

    /// Returns how long `host` could not be reached before `end`.
    pub(crate) fn downtime(&self, scenario: &Scenario, host: HostId, end: SimTime) -> SimDuration {
        let mut intervals: Vec<Interval> = Vec::new();
        intervals.extend(self.cut[host.index()].entries().iter().map(|entry| entry.0));
        intervals.extend(self.crashes[host.index()].entries().iter().map(|entry| entry.0));
        for address in &scenario.hosts[host.index()].addresses {
            intervals.extend(self.port[address.index()].entries().iter().map(|entry| entry.0));
        }
        union_length(intervals, end)
    }
}

/// Returns the hosts that an outage strikes, in order.
fn struck_hosts(scenario: &Scenario, outage: &Outage) -> Vec<HostId> {
    let host = |target: &OutageTarget| match *target {
        OutageTarget::Host(host) => Some(host),
        OutageTarget::Address(address) => Some(scenario.addresses[address.index()].host),
        OutageTarget::Link(_) | OutageTarget::Dns => None,
    };
    let mut hosts: Vec<HostId> = outage.targets.iter().filter_map(host).collect();
    hosts.extend(askers(scenario, outage).into_iter().flatten());
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// Returns whose questions an outage of the DNS strikes; none: everybody's.
fn askers(scenario: &Scenario, outage: &Outage) -> Option<Vec<HostId>> {
    outage.asked_by.as_ref().map(|askers| askers.among(&scenario.hosts))
}

/// Returns whether it is no outage but a server's standing policy: a deviation that always holds.
fn is_policy(effect: &Effect, interval: Interval) -> bool {
    let always = interval == Interval { from: SimTime::ZERO, to: SimTime::MAX };
    always && matches!(effect, Effect::Server(_))
}

/// Returns the length of the union of `intervals`, up to `end`.
fn union_length(mut intervals: Vec<Interval>, end: SimTime) -> SimDuration {
    intervals.sort();
    let (mut total, mut reached) = (SimDuration::ZERO, SimTime::ZERO);
    for interval in intervals {
        let (from, to) = (interval.from.max(reached), interval.to.min(end));
        if from < to {
            total += to.since(from);
            reached = to;
        }
    }
    total
}

impl Gathered {
    fn add(
        &mut self,
        scenario: &Scenario,
        target: OutageTarget,
        interval: Interval,
        outage: &Outage,
    ) {
        match (target, &outage.effect) {
            (OutageTarget::Host(host), _) => {
                self.add_host(scenario, host, interval, outage);
            }
            (OutageTarget::Address(address), Effect::Refuse | Effect::Unreachable) => {
                self.port(address.index(), interval, PortFault::Refuse);
            }
            (OutageTarget::Address(address), _) => {
                self.port(address.index(), interval, PortFault::Blackhole);
            }
            (OutageTarget::Link(link), _) => {
                self.links.entry(link.0 as usize).or_default().push((interval, ()));
            }
            (OutageTarget::Dns, Effect::Dns(failure, scope)) => {
                let failure = (interval, *failure, scope.clone());
                self.dns.push(DnsFault { failure, asked_by: askers(scenario, outage) });
            }
            (OutageTarget::Dns, _) => {}
        }
    }

    fn add_host(&mut self, scenario: &Scenario, host: HostId, interval: Interval, outage: &Outage) {
        match &outage.effect {
            Effect::Blackhole { inbound_only: true } => {
                self.ports(scenario, host, interval, PortFault::Blackhole);
            }
            Effect::Blackhole { inbound_only: false } | Effect::LinkDown => {
                self.cut.entry(host.index()).or_default().push((interval, ()));
            }
            Effect::Refuse | Effect::Unreachable => {
                self.ports(scenario, host, interval, PortFault::Refuse);
            }
            Effect::Crash { machine } => self.crash(scenario, host, interval, *machine),
            Effect::Server(deviation) => {
                let (deviation, larger_than) = (deviation.clone(), outage.larger_than);
                let rule = Rule { interval, deviation, larger_than };
                self.rules.entry(host.index()).or_default().push(rule);
            }
            Effect::Dns(..) => {}
        }
    }

    fn crash(&mut self, scenario: &Scenario, host: HostId, interval: Interval, machine: bool) {
        let crash = CrashFault { machine };
        self.crashes.entry(host.index()).or_default().push((interval, crash));
        if machine {
            self.cut.entry(host.index()).or_default().push((interval, ()));
        } else {
            self.ports(scenario, host, interval, PortFault::Refuse);
        }
    }

    fn ports(&mut self, scenario: &Scenario, host: HostId, interval: Interval, fault: PortFault) {
        for address in &scenario.hosts[host.index()].addresses {
            self.port(address.index(), interval, fault);
        }
    }

    fn port(&mut self, address: usize, interval: Interval, fault: PortFault) {
        self.port.entry(address).or_default().push((interval, fault));
    }

    /// An ordered stop is a crash of the process that somebody has announced.
    fn add_stops(&mut self, scenario: &Scenario) {
        // Actions are in the order of time, so the next start of a host ends its stop.
        let mut starts: BTreeMap<HostId, SimTime> = BTreeMap::new();
        for action in scenario.actions.iter().rev() {
            if action.what == Command::Start {
                starts.insert(action.host, action.at);
            }
            if action.what != Command::Stop {
                continue;
            }
            let to = starts.get(&action.host).copied().unwrap_or(SimTime::MAX);
            self.crash(scenario, action.host, Interval { from: action.at, to }, false);
        }
    }

    fn finish(self, scenario: &Scenario) -> Faults {
        fn lines<T>(map: BTreeMap<usize, Vec<(Interval, T)>>, count: usize) -> Sparse<Timeline<T>> {
            let lines = map.into_iter().map(|(index, entries)| (index, Timeline::new(entries)));
            Sparse::new(count, lines.collect(), Timeline::default())
        }
        let hosts = scenario.hosts.len();
        let rules = self.rules.into_iter().map(|(index, rules)| (index, Rules::new(rules)));
        Faults {
            port: lines(self.port, scenario.addresses.len()),
            cut: lines(self.cut, hosts),
            crashes: lines(self.crashes, hosts),
            rules: Sparse::new(hosts, rules.collect(), Rules::new(Vec::new())),
            links: lines(self.links, scenario.topology.links().len()),
            dns: self.dns,
            facts: self.facts,
            never: Timeline::default(),
        }
    }
}

/// Returns the time line of one link.
pub(crate) fn link_works(links: &Sparse<Timeline<()>>, link: LinkId, at: SimTime) -> bool {
    links[link.0 as usize].at(at).is_none()
}
