//! Times in which a destination was slow: its sessions succeeded, but took far longer than usual.

use std::collections::BTreeMap;

use super::super::network::Entry;
use super::header::SECOND;
use super::history::{Accepted, History};
use crate::scenario::text_value;

/// A session is slow if it lasts this much longer than usual \[µs\], and three times as long.
const SLOW: i64 = SECOND;

/// Returns slow times as outages.
pub(super) fn find(history: &History) -> Vec<Entry> {
    let mut by_host: BTreeMap<&str, Vec<&Accepted>> = BTreeMap::new();
    let mut all: Vec<i64> = Vec::new();
    for accepted in history.accepted.iter().filter(|accepted| accepted.session >= 0) {
        by_host.entry(&accepted.host).or_default().push(accepted);
        all.push(accepted.session);
    }
    all.sort_unstable();
    let Some(&usual) = all.get(all.len() / 4) else { return Vec::new() };
    let mut found = Vec::new();
    for (host, mut sessions) in by_host {
        sessions.sort_by_key(|accepted| accepted.at);
        let mut own: Vec<i64> = sessions.iter().map(|accepted| accepted.session).collect();
        own.sort_unstable();
        // A host that is slow all the time is told of by its pace.
        let usual = own[own.len() / 4].max(usual);
        of_host(host, usual, &sessions, history, &mut found);
    }
    found
}

fn of_host(
    host: &str,
    usual: i64,
    sessions: &[&Accepted],
    history: &History,
    found: &mut Vec<Entry>,
) {
    let is_slow = |accepted: &Accepted| accepted.session > (usual + SLOW).max(3 * usual);
    let mut index = 0;
    while index < sessions.len() {
        let run = sessions[index..].iter().take_while(|accepted| is_slow(accepted)).count();
        // One slow session alone may be a large message.
        if run >= 2 {
            let (first, last) = (sessions[index], sessions[index + run - 1]);
            let began = first.at - first.session;
            let before = index.checked_sub(1).map_or(0, |before| sessions[before].at);
            let after = sessions.get(index + run).map_or(history.length, |after| after.at);
            let from = (before + (began - before) / 2).clamp(0, began.max(0));
            let until = last.at + ((after - last.at) / 4).max(0);
            let mut more: Vec<i64> =
                sessions[index..index + run].iter().map(|a| a.session - usual).collect();
            more.sort_unstable();
            let millis = |at: i64| text_value(&format!("{}ms", at / 1000));
            let keys = vec![
                ("host", text_value(host)),
                ("from", millis(from)),
                ("until", millis(until.max(from + SECOND))),
                ("mode", text_value("slow")),
                ("stage", text_value("dot")),
                ("delay", millis(more[more.len() / 2])),
            ];
            let from = format!(
                "{run} sessions from {} to {} took {} s and more, which take {} ms at other times",
                history.stamp(began),
                history.stamp(last.at),
                (more[0] + usual) / SECOND,
                usual / 1000
            );
            found.push(Entry { from, keys });
        }
        index += run.max(1);
    }
}
