//! Starts of a server in the middle of a log: it was stopped, or had crashed.

use super::super::network::{Entry, Network};
use super::header::SECOND;
use super::history::History;
use crate::scenario::text_value;

/// A start of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) server: usize,
    /// When the server started \[µs since the start of the log\].
    pub(super) at: i64,
    /// Its last sign of life before; none: the log begins with the start.
    pub(super) last: Option<i64>,
    /// When it said that it stops, if it did.
    pub(super) stopped: Option<i64>,
}

/// A server that is stopped longer than this was away; a shorter pause is a reload \[µs\].
const AWAY: i64 = 2 * SECOND;

/// Returns crashes as outages, and adds orderly stops to the network's actions.
pub(super) fn crashes(history: &History, network: &mut Network) -> Vec<Entry> {
    let millis = |at: i64| text_value(&format!("{}ms", at / 1000));
    let mut found = Vec::new();
    for start in &history.starts {
        let Some(last) = start.last else { continue };
        let host = ("host", text_value(&history.servers[start.server]));
        if let Some(stopped) = start.stopped {
            if start.at - stopped < AWAY {
                continue;
            }
            for (at, word) in [(stopped, "stop"), (start.at, "start")] {
                let keys = vec![host.clone(), ("at", millis(at)), ("do", text_value(word))];
                let from = "from the log: the server stopped and started".to_owned();
                network.actions.push(Entry { from, keys });
            }
            continue;
        }
        // It may have had nothing to do before it crashed, so that nobody knows when.
        let from = last + ((start.at - last) / 2).clamp(0, SECOND);
        let until = start.at.max(from + SECOND / 10);
        let keys = vec![
            host,
            ("from", millis(from)),
            ("until", millis(until)),
            ("mode", text_value("crash")),
        ];
        let from = format!(
            "the server started at {} without having stopped; its last sign of life was at {}",
            history.stamp(start.at),
            history.stamp(last)
        );
        found.push(Entry { from, keys });
    }
    found
}
