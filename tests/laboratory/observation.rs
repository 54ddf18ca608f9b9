//! What was seen of an experiment, whether a real server made it or the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The destination has the message.
    Sent,
    /// Put off after a try.
    Deferred,
    /// Put off without a try, since the destination has just failed.
    Suspended,
    /// Given up.
    Bounced,
}

/// One delivery of a message, over all the hosts that it tried.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// When it was over [s].
    pub(crate) at: f64,
    pub(crate) outcome: Outcome,
}

/// A message as it arrived at a scripted server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Arrival {
    /// The server's name.
    pub(crate) host: String,
    /// When it replied to the dot [s].
    pub(crate) at: f64,
}

/// All that was seen. Messages are named as in the experiment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Observation {
    /// When the mail program read the reply to its dot [s].
    pub(crate) accepted: BTreeMap<String, f64>,
    /// Deliveries of each message, in order of time.
    pub(crate) deliveries: BTreeMap<String, Vec<Delivery>>,
    /// Where each message arrived.
    pub(crate) arrivals: BTreeMap<String, Vec<Arrival>>,
    /// When the sender got a notice that a message is late [s].
    pub(crate) delay_notices: BTreeMap<String, Vec<f64>>,
    /// When the sender got a notice that a message failed [s].
    pub(crate) failure_notices: BTreeMap<String, Vec<f64>>,
    /// When the server looked through its queue, as far as that left a trace [s].
    pub(crate) queue_runs: Vec<f64>,
}

impl Observation {
    /// Returns how often a message was put off without a try.
    pub(crate) fn suspensions(&self) -> usize {
        let all = self.deliveries.values().flatten();
        all.filter(|delivery| delivery.outcome == Outcome::Suspended).count()
    }

    /// Returns what happened to a message, in a fixed order of kinds, with times [s]. Which messages
    /// of a burst are tried and which are put off without a try is a matter of milliseconds, so both
    /// count as deferred.
    pub(crate) fn events(&self, id: &str) -> Vec<(String, f64)> {
        let mut events = Vec::new();
        events.extend(self.accepted.get(id).map(|&at| ("accepted".to_owned(), at)));
        for delivery in self.deliveries.get(id).into_iter().flatten() {
            let word = match delivery.outcome {
                Outcome::Sent => "sent",
                Outcome::Deferred | Outcome::Suspended => "deferred",
                Outcome::Bounced => "bounced",
            };
            events.push((word.to_owned(), delivery.at));
        }
        for arrival in self.arrivals.get(id).into_iter().flatten() {
            events.push((format!("at {}", arrival.host), arrival.at));
        }
        let kinds =
            [("delay notice", &self.delay_notices), ("failure notice", &self.failure_notices)];
        for (kind, notices) in kinds {
            let of_this = notices.get(id).into_iter().flatten();
            events.extend(of_this.map(|&at| (kind.to_owned(), at)));
        }
        events
    }

    /// Puts each list into order of time.
    pub(crate) fn sort(&mut self) {
        for list in self.deliveries.values_mut() {
            list.sort_by(|a, b| a.at.total_cmp(&b.at));
        }
        for list in self.arrivals.values_mut() {
            list.sort_by(|a, b| a.at.total_cmp(&b.at));
        }
        for list in self.delay_notices.values_mut().chain(self.failure_notices.values_mut()) {
            list.sort_by(f64::total_cmp);
        }
        self.queue_runs.sort_by(f64::total_cmp);
    }
}

/// Returns what happened to a message in words.
pub(crate) fn told(events: &[(String, f64)]) -> String {
    events.iter().map(|(what, at)| format!("{what} {at:.2}")).collect::<Vec<_>>().join(", ")
}
