//! Limits of size: those that hosts told, and those that refusals show.

use std::collections::BTreeMap;

use super::super::finding::{Class, Ledger};
use super::super::network::{Network, Said};
use super::failure::Kind;
use super::history::{Failed, History};
use crate::scenario::text_value;

/// Limits of size that hosts told.
pub(super) fn add(history: &History, network: &mut Network, ledger: &mut Ledger) {
    for (host, limit) in &history.size_limits {
        let from = "from the log: it told this limit, or refused more".to_owned();
        ledger.say(
            Class::Understood,
            format!("message_size_limit of {host}"),
            format!("{limit} octets"),
        );
        let host = network.host(host, || "a destination of the log".to_owned());
        host.keys.insert("message_size_limit", Said::new(text_value(&format!("{limit}B")), from));
    }
}

/// Whether a failure refuses a message for its size (RFC 1870; 5.3.4 of RFC 3463).
pub(super) fn is_of_size(failed: &Failed) -> bool {
    let Kind::Permanent { reply, stage } = &failed.failure.kind else { return false };
    failed.size > 0 && (reply == "552 5.3.4" || (reply == "552" && *stage == "mail"))
}

/// Limits that refusals show \[octets\]: between the largest message that a host took and the smallest
/// that it refused.
pub(super) fn shown(history: &History) -> BTreeMap<String, u64> {
    let mut refused: BTreeMap<&str, u64> = BTreeMap::new();
    for failed in history.failed.iter().filter(|failed| is_of_size(failed)) {
        let least = refused.entry(&failed.failure.host).or_insert(failed.size);
        *least = (*least).min(failed.size);
    }
    let mut found = BTreeMap::new();
    for (host, least) in refused {
        let taken = history.accepted.iter().filter(|a| a.host == host).map(|a| a.size);
        let taken = taken.max().unwrap_or(0);
        if taken < least {
            found.insert(host.to_owned(), taken + (least - taken) / 2);
        }
    }
    found
}
