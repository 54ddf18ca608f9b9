//! How long records of the DNS are kept at most: a name that was found, and then could not be looked
//! up, was no longer known.

use std::collections::BTreeMap;

use super::super::finding::{Class, Ledger};
use super::super::network::{Network, Said};
use super::failure::Kind;
use super::header::SECOND;
use super::history::History;
use crate::scenario::text_value;

/// The time to live where nothing tells it \[µs\]: a shorter one is told by a failure.
const USUAL: i64 = 3600 * SECOND;

/// Adds times to live that are shorter than is usual.
pub(super) fn add(history: &History, network: &mut Network, ledger: &mut Ledger) {
    for (name, span) in spans(history) {
        let millis = (span / 2).max(SECOND) / 1000;
        let says = format!(
            "{name} was found, and could not be looked up {} s later: its records are kept for less, {} s \
             are taken",
            span / SECOND,
            millis / 1000
        );
        let said = Said::new(text_value(&format!("{millis}ms")), format!("assumed: {says}"));
        if let Some(host) = network.hosts.get_mut(&name) {
            host.keys.entry("ttl").or_insert(said);
        } else if let Some(domain) = network.domains.get_mut(&name) {
            domain.keys.entry("ttl").or_insert(said);
        } else {
            continue;
        }
        ledger.say(Class::Assumed, format!("ttl of {name}"), says);
    }
}

/// The shortest time from a look-up that succeeded to one that failed, by name \[µs\].
fn spans(history: &History) -> BTreeMap<String, i64> {
    let mut failures: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for failed in history.failed.iter().filter(|f| f.failure.kind == Kind::NameServer) {
        failures.entry(&failed.failure.host).or_default().push(failed.at);
    }
    let mut found = BTreeMap::new();
    if failures.is_empty() {
        return found;
    }
    let mut news: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let domain = |address: &'_ str| address.rsplit('@').next().map(str::to_owned);
    let mut seen = |host: &str, recipient: &str, at: i64| {
        let domain = domain(recipient).unwrap_or_default();
        for name in [host, &domain] {
            if let Some((name, _)) = failures.get_key_value(name) {
                news.entry(name).or_default().push(at);
            }
        }
    };
    for accepted in &history.accepted {
        seen(&accepted.host, &accepted.recipient, accepted.at);
    }
    for failed in &history.failed {
        if !matches!(failed.failure.kind, Kind::NameServer | Kind::NoSuchName) {
            seen(&failed.failure.host, &failed.recipient, failed.at);
        }
    }
    for (name, mut times) in news {
        times.sort_unstable();
        let failed = failures.get(name).into_iter().flatten();
        let spans = failed.filter_map(|at| {
            let before = times.partition_point(|time| time < at).checked_sub(1)?;
            Some(at - times[before])
        });
        if let Some(span) = spans.min().filter(|span| *span < USUAL) {
            found.insert(name.to_owned(), span);
        }
    }
    found
}
