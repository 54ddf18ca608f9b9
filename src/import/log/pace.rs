//! The pace of sessions: round trips of the network, and the time that a host takes for a message.

use std::collections::BTreeMap;

use super::super::finding::{Class, Ledger};
use super::super::network::{Network, Said};
use super::header::SECOND;
use super::history::History;
use crate::scenario::text_value;

/// A latency beyond this is believed only of set-up and transmission alike \[µs\].
const USUAL: i64 = 20_000;

/// A session's parts \[µs\]: connection set-up, which is not told of connections that were used again, and
/// transmission; by servers that tell one sum it is all transmission.
#[derive(Debug, Default)]
struct Parts {
    setup: Vec<i64>,
    sent: Vec<i64>,
}

/// Three round trips set a connection up, and two transmit a message: these are ways.
const SETUP: i64 = 6;
const SENT: i64 = 4;

/// Adds the pace. The network is as slow as both set-up and transmission are; what a host takes beyond
/// that is the host's.
pub(super) fn add(history: &History, network: &mut Network, ledger: &mut Ledger) {
    let mut by_host: BTreeMap<&str, Parts> = BTreeMap::new();
    let mut all = Parts::default();
    for accepted in history.accepted.iter().filter(|a| a.session >= 0) {
        let own = by_host.entry(&accepted.host).or_default();
        for parts in [own, &mut all] {
            if accepted.setup > 0 {
                parts.setup.push(accepted.setup);
            }
            parts.sent.push(accepted.session - accepted.setup.max(0));
        }
    }
    let Some(sent) = low(&mut all.sent) else { return };
    let (ways, latency) = match low(&mut all.setup) {
        Some(setup) => (SENT, (setup / SETUP).min(sent / SENT)),
        None => (SETUP + SENT, (sent / (SETUP + SENT)).min(USUAL)),
    };
    let latency = latency.clamp(100, SECOND / 2);
    let from = format!(
        "from the log: {} ms of its sessions (the lower quarter) are ten ways there and back",
        latency * (SETUP + SENT) / 1000
    );
    ledger.say(Class::Assumed, "latency", from.clone());
    let value = text_value(&format!("{latency}us"));
    network.defaults.insert("latency", Said::new(value, from));
    for (host, Parts { setup, sent }) in by_host {
        for (key, mut own, ways) in [("greeting", setup, SETUP), ("message", sent, ways)] {
            let few = own.len() < 3;
            let Some(own) = low(&mut own).filter(|_| !few) else { continue };
            let more = own - ways * latency;
            if more < SECOND / 4 {
                continue;
            }
            let from =
                format!("from the log: {} ms (the lower quarter) of its sessions", own / 1000);
            let said = Said::new(text_value(&format!("{}ms", more / 1000)), from);
            let host = network.host(host, String::new);
            host.service.entry(key).or_insert(said);
        }
    }
}

/// Returns the value that a quarter of all is below: a time in which a host was slow hardly moves it.
pub(super) fn low(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 4).copied()
}

/// Returns the middle one, the later of two.
pub(super) fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
