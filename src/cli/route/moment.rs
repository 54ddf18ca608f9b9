//! The network of a scenario as it stands at one moment: what is down, and which way is open.

use crate::dns::Failures;
use crate::mail::{HostId, MailboxNames as _};
use crate::model::{Command, Effect, Host, OutageTarget, Scenario};
use crate::network::{AddressId, LinkId};
use crate::simulation::Simulation;
use crate::trace::{Fact, FactLog, OutageFact};
use crate::units::SimTime;

/// The scenario as it stands at one moment.
pub(super) struct Moment<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) at: SimTime,
    /// Outages in force.
    outages: Vec<OutageFact>,
}

impl<'s> Moment<'s> {
    pub(super) fn at(scenario: &'s Scenario, at: SimTime) -> Self {
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
        Self { scenario, at, outages }
    }

    /// Returns what becomes of the questions that `host` asks the DNS.
    pub(super) fn dns_failures(&self, host: HostId) -> Failures {
        Simulation::new(self.scenario).dns_failures(host)
    }

    pub(super) fn host(&self, host: HostId) -> &'s Host {
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
    pub(super) fn trouble(&self, host: HostId, address: AddressId) -> Vec<String> {
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
    pub(super) fn way(&self, from: HostId, to: HostId) -> String {
        let link_works =
            |link: LinkId| self.striking(|target, _| target == OutageTarget::Link(link)).is_empty();
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
