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

/// All that was seen. Messages are named as in the plan.
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
}

impl Observation {
    /// Returns how often a message was put off without a try.
    pub(crate) fn suspensions(&self) -> usize {
        let all = self.deliveries.values().flatten();
        all.filter(|delivery| delivery.outcome == Outcome::Suspended).count()
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
    }
}
