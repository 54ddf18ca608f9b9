//! What the DNS of a scenario answers, for people.

use crate::dns::{NameId, Records};
use crate::model::Scenario;
use crate::units::SimTime;

/// More steps than this from alias to alias are a loop.
const MOST_ALIASES: usize = 8;

/// Returns the records of a name at `at`, after following aliases.
fn records(scenario: &Scenario, mut name: NameId, at: SimTime) -> Option<&Records> {
    for _ in 0..=MOST_ALIASES {
        let records = scenario.zone.records(name, at);
        match records.alias {
            Some(target) => name = target,
            None => return records.exists.then_some(records),
        }
    }
    None
}

/// Returns the exchangers of a domain as the DNS has them at `at`, best first, each as
/// `MX 10 mx1.example [192.0.2.1]`.
pub(super) fn exchangers(scenario: &Scenario, domain: NameId, at: SimTime) -> Vec<String> {
    let Some(found) = records(scenario, domain, at) else {
        return vec!["no such name".to_owned()];
    };
    if found.mx.is_empty() {
        let text = scenario.zone.text(domain);
        return vec![format!("no MX, so {text} itself {}", addresses(scenario, domain, at))];
    }
    let mut order: Vec<_> = found.mx.iter().collect();
    order.sort_by_key(|record| record.preference);
    let spelt = order.into_iter().map(|record| match record.exchange {
        None => "null MX: the domain takes no mail".to_owned(),
        Some(name) => {
            let (text, preference) = (scenario.zone.text(name), record.preference);
            format!("MX {preference} {text} {}", addresses(scenario, name, at))
        }
    });
    spelt.collect()
}

/// Returns the addresses of a name at `at` as `[192.0.2.1] [2001:db8::1]`.
fn addresses(scenario: &Scenario, name: NameId, at: SimTime) -> String {
    let found = records(scenario, name, at).map(|records| records.addresses.as_slice());
    let found = found.unwrap_or_default();
    if found.is_empty() {
        return "(no address)".to_owned();
    }
    let literals = found.iter().map(|a| format!("[{}]", scenario.addresses[a.index()].literal));
    literals.collect::<Vec<_>>().join(" ")
}
