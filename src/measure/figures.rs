//! Figures by name: `submission_to_delivery.p95`, `hosts."mx1.example".utilisation`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::mail::{
    DomainId, HostId, Mailbox, MailboxNames, MessageId, MessageKey, MessageKind, RecipientId,
};
use crate::trace::{Created, Fact, HostTotals, OutageFact, Use, replay};
use crate::units::{Octets, SimDuration, SimTime};

use super::recorder::{Recorder, RunFrame};
use super::summary::Summary;

/// Parts of the summary that are not figures of the run.
/// (Those under `figures` go by the names by which they were asked for.)
const NOT_FIGURES: [&str; 5] = ["run", "profiles", "figures", "expectations", "warnings"];

impl Summary {
    /// Returns every figure with its dotted name, in the order of the file. A key that holds
    /// anything but letters, digits, `_` and `-` stands in quotes; tables of a list are numbered
    /// from 0; true is 1 and false 0. None: the figure exists, but what it measures did not happen.
    ///
    /// # Panics
    /// Never: a summary is always representable as JSON.
    #[must_use]
    pub fn figures(&self) -> Vec<(String, Option<f64>)> {
        let tree = serde_json::to_value(self).expect("a summary is plain data");
        let mut figures = Vec::new();
        for (key, value) in tree.as_object().into_iter().flatten() {
            if !NOT_FIGURES.contains(&key.as_str()) {
                collect(key, value, &mut figures);
            }
        }
        figures
    }

    /// Returns those figures with whose first key one of these names begins: a study asks for a few of
    /// many runs, and to write down the whole summary took half of the time of a run of ten messages.
    #[must_use]
    pub fn figures_beside<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(String, Option<f64>)> {
        let first = |name: &'a str| name.split_once('.').map_or(name, |(first, _)| first);
        let keys: BTreeSet<&str> = names.into_iter().map(first).collect();
        let mut figures = Vec::new();
        for key in keys {
            if let Some(value) = self.part(key) {
                collect(key, &value, &mut figures);
            }
        }
        figures
    }

    /// Returns what stands at a key of the summary, if it is made of figures.
    fn part(&self, key: &str) -> Option<Value> {
        let value = match key {
            "delivered_share" => serde_json::to_value(self.delivered_share),
            "failed_share" => serde_json::to_value(self.failed_share),
            "unfinished_share" => serde_json::to_value(self.unfinished_share),
            "mail" => serde_json::to_value(self.mail),
            "failures" => serde_json::to_value(self.failures),
            "created" => serde_json::to_value(&self.created),
            "duplicates" => serde_json::to_value(self.duplicates),
            "attempts" => serde_json::to_value(&self.attempts),
            "submission_to_acceptance" => serde_json::to_value(&self.submission_to_acceptance),
            "submission_to_delivery" => serde_json::to_value(&self.submission_to_delivery),
            "submission_to_failure" => serde_json::to_value(&self.submission_to_failure),
            "delivery_to_retrieval" => serde_json::to_value(&self.delivery_to_retrieval),
            "submission_to_retrieval" => serde_json::to_value(&self.submission_to_retrieval),
            "delivered_within" => serde_json::to_value(&self.delivered_within),
            "retrieved_within" => serde_json::to_value(&self.retrieved_within),
            "hops" => serde_json::to_value(&self.hops),
            "attempts_per_recipient" => serde_json::to_value(&self.attempts_per_recipient),
            "where_time_went" => serde_json::to_value(&self.where_time_went),
            "outages" => serde_json::to_value(&self.outages),
            "domains" => serde_json::to_value(&self.domains),
            "hosts" => serde_json::to_value(&self.hosts),
            "ledger" => serde_json::to_value(&self.ledger),
            _ => return None,
        };
        Some(value.expect("a summary is plain data"))
    }

    /// Returns the value of the figure `name`; none if there is no such figure or what it measures
    /// did not happen.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<f64> {
        if let Some(value) = self.figures.get(name) {
            return *value;
        }
        self.figures_beside([name])
            .into_iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value)
    }
}

fn collect(path: &str, value: &Value, figures: &mut Vec<(String, Option<f64>)>) {
    match value {
        Value::Null => figures.push((path.to_owned(), None)),
        Value::Number(number) => figures.push((path.to_owned(), number.as_f64())),
        Value::Bool(truth) => figures.push((path.to_owned(), Some(f64::from(u8::from(*truth))))),
        Value::String(_) => {}
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}.{index}"), item, figures);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let step = if key.chars().all(plain) {
                    format!("{path}.{key}")
                } else {
                    format!("{path}.\"{key}\"")
                };
                collect(&step, member, figures);
            }
        }
    }
}

/// Returns the names of all figures that a run with these domains, hosts and number of outages can
/// have. (A domain without mail and an outage that never begins have none in the end; how many
/// messages took `n` hops, `hops.counts.n`, is there for each `n` that happened.)
#[must_use]
pub fn figure_names(domains: &[&str], hosts: &[&str], outages: usize) -> Vec<String> {
    let frame = RunFrame {
        scenario: String::new(),
        title: String::new(),
        seed: 0,
        duration: SimDuration::ZERO,
        replications: 1,
        profiles: Vec::new(),
    };
    let nobody = Names { domains: &[], hosts: &[] };
    let (mut summary, ()) = Recorder::new(()).finish(&nobody, &frame);
    let mut recorder = Recorder::new(());
    let mut facts: Vec<Fact> = (0..outages).map(|entry| Fact::Outage(some_outage(entry))).collect();
    for place in 0..domains.len() {
        let closed = Fact::Closed { recipient: RecipientId(0) };
        facts.extend([Fact::Created(some_mail(place)), closed]);
    }
    facts.extend((0..hosts.len()).map(|place| Fact::Host(some_totals(place))));
    let facts: Vec<_> = facts.into_iter().map(|fact| (SimTime::ZERO, fact)).collect();
    replay(&facts, &mut recorder);
    let (example, ()) = recorder.finish(&Names { domains, hosts }, &frame);
    summary.domains = example.domains;
    summary.hosts = example.hosts;
    summary.outages = example.outages;
    summary.figures().into_iter().map(|(name, _)| name).collect()
}

struct Names<'a> {
    domains: &'a [&'a str],
    hosts: &'a [&'a str],
}

impl MailboxNames for Names<'_> {
    fn write_mailbox(&self, mailbox: Mailbox, out: &mut Vec<u8>) {
        out.extend(format!("{}@{}", mailbox.local, self.domain(mailbox.domain)).bytes());
    }

    fn domain(&self, domain: DomainId) -> &str {
        self.domains[domain.index()]
    }

    fn host(&self, host: HostId) -> &str {
        self.hosts[host.index()]
    }
}

fn some_outage(entry: usize) -> OutageFact {
    OutageFact {
        entry: u32::try_from(entry).unwrap_or(u32::MAX),
        target: String::new(),
        mode: String::new(),
        hosts: Vec::new(),
        from: SimTime::ZERO,
        to: SimTime::MAX,
    }
}

fn some_mail(domain: usize) -> Created {
    Created {
        recipient: RecipientId(0),
        message: MessageId(0),
        mailbox: Mailbox { domain: DomainId::from_index(domain), local: 0 },
        key: MessageKey::Mail { entry: 0, ordinal: 0 },
        kind: MessageKind::Mail,
        about: None,
        sender: None,
        size: Octets::ZERO,
        host: HostId(0),
        unread: true,
    }
}

fn some_totals(host: usize) -> HostTotals {
    HostTotals {
        host: HostId::from_index(host),
        inbound_sessions: 0,
        outbound_sessions: 0,
        octets_in: Octets::ZERO,
        octets_out: Octets::ZERO,
        attempts: 0,
        suspensions: 0,
        messages_accepted: 0,
        peak_inbound_sessions: 0,
        peak_queue: 0,
        queue_time: 0,
        inbound_busy: SimDuration::ZERO,
        inbound_use: Use::default(),
        delivery_busy: SimDuration::ZERO,
        delivery_use: Use::default(),
        downtime: SimDuration::ZERO,
    }
}

/// Returns up to three of `known` that look like `name`, the likeliest first.
#[must_use]
pub fn likely_names<'a>(name: &str, known: &'a [String]) -> Vec<&'a str> {
    let mut scored: Vec<_> = known
        .iter()
        .map(|known| (strsim::jaro_winkler(name, known), known.as_str()))
        .filter(|&(score, _)| score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, known)| known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_found_by_its_first_key() {
        let frame = RunFrame {
            scenario: String::new(),
            title: String::new(),
            seed: 0,
            duration: SimDuration::ZERO,
            replications: 1,
            profiles: Vec::new(),
        };
        let nobody = Names { domains: &[], hosts: &[] };
        let (summary, ()) = Recorder::new(()).finish(&nobody, &frame);
        let all = summary.figures();
        assert!(all.len() > 50, "{all:?}");
        for (name, value) in &all {
            let beside = summary.figures_beside([name.as_str()]);
            assert!(beside.len() < all.len() && beside.contains(&(name.clone(), *value)), "{name}");
        }
        let mut of_all = summary.figures_beside(all.iter().map(|(name, _)| name.as_str()));
        let mut all = all;
        all.sort_by(|one, other| one.0.cmp(&other.0));
        of_all.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(of_all, all);
        assert!(summary.figures_beside(["run.seed", "nothing"]).is_empty());
    }
}
