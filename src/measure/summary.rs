//! The figures of a run, as `summary.json` holds them.
//!
//! Absent values (`null`) mean "did not happen", never zero. Every number can be named by a dotted
//! path, for instance `submission_to_delivery.p95` or `hosts."mx1.recipient.example".downtime_s`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::expectation::Verdict;
use super::samples::Latency;

/// Everything the terminal, the page and a study say about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Which run this is.
    pub run: RunFigures,
    /// Share of submitted mail recipients that were delivered; absent if none was submitted.
    pub delivered_share: Option<f64>,
    /// Share of submitted mail recipients that were given up.
    pub failed_share: Option<f64>,
    /// Share of submitted mail recipients that were queued or in transit at the end.
    pub unfinished_share: Option<f64>,
    /// Recipients of mail: where each stood at the end.
    pub mail: StateCounts,
    /// Why mail was given up; absent in results of older versions.
    #[serde(default)]
    pub failures: Option<FailureFigures>,
    /// Recipients of notices, list copies and automatic replies, by kind of message.
    pub created: BTreeMap<String, StateCounts>,
    /// Copies beyond the first that reached a mailbox.
    pub duplicates: u64,
    /// Tries.
    pub attempts: AttemptFigures,
    /// From submission until a server first took responsibility; of mail that was accepted.
    pub submission_to_acceptance: Latency,
    /// From submission until the message was in the mailbox; of mail that was delivered.
    pub submission_to_delivery: Latency,
    /// From submission until it was given up; of mail that failed.
    pub submission_to_failure: Latency,
    /// From the mailbox until its reader had it; of mail that was read.
    pub delivery_to_retrieval: Latency,
    /// From submission until its reader had it; of mail that was read.
    pub submission_to_retrieval: Latency,
    /// Share of submitted mail recipients delivered within a time (`10s`, `1min` ... `1d`).
    pub delivered_within: BTreeMap<String, Option<f64>>,
    /// Share of submitted mail recipients read within a time.
    pub retrieved_within: BTreeMap<String, Option<f64>>,
    /// Received fields of delivered mail.
    pub hops: HopFigures,
    /// Rows of `attempts.csv` for each mail recipient.
    pub attempts_per_recipient: SpreadFigures,
    /// Where delivered mail spent its time.
    pub where_time_went: WhereTimeWent,
    /// Every outage that began within the run, in order.
    pub outages: Vec<OutageFigures>,
    /// Figures by domain of the recipient, mail only.
    pub domains: BTreeMap<String, DomainFigures>,
    /// Figures by host.
    pub hosts: BTreeMap<String, HostFigures>,
    /// Both sides of the ledger, as the run counted them.
    pub ledger: LedgerFigures,
    /// The MTA profiles used and what they rest on.
    pub profiles: Vec<ProfileEvidence>,
    /// Further figures that were asked for, of parts of the mail above all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, Option<f64>>,
    /// What the scenario expected and what came of it.
    pub expectations: Vec<Verdict>,
    /// What may mislead in these figures.
    pub warnings: Vec<String>,
}

/// Which run this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFigures {
    /// Name of the scenario.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Seed of the random draws.
    pub seed: u64,
    /// Length of the run in seconds.
    pub duration_s: f64,
    /// Number of runs behind these figures.
    pub replications: u64,
}

/// Recipients by the state they ended in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCounts {
    /// All.
    pub submitted: u64,
    /// In the mailbox.
    pub delivered: u64,
    /// Given up.
    pub failed: u64,
    /// Dropped without a notice.
    pub discarded: u64,
    /// Waiting at the end of the run.
    pub queued: u64,
    /// In a session at the end of the run.
    pub in_transit: u64,
    /// Fetched by the reader.
    pub retrieved: u64,
    /// Of those delivered, in the folder Junk.
    #[serde(default)]
    pub junk: u64,
}

/// Why mail was given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureFigures {
    /// Refused for good.
    pub refused: u64,
    /// Given up for its age, after tries that failed for now.
    pub expired: u64,
}

/// Tries of hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFigures {
    /// Rows of `attempts.csv`.
    pub rows: u64,
    /// Rows with network activity or a delivery into a mailbox.
    pub tries: u64,
    /// Rows after which the recipient was put off to a later time.
    pub deferrals: u64,
    /// Deferrals without any network activity.
    pub suspensions: u64,
    /// Rows by outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// Failed rows by the stage at which they ended.
    pub failed_by_stage: BTreeMap<String, u64>,
}

/// How many Received fields delivered mail carried.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HopFigures {
    /// Delivered recipients.
    pub n: u64,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Most.
    pub max: Option<u64>,
    /// Recipients by number of hops.
    pub counts: BTreeMap<u32, u64>,
}

/// A count for each recipient.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpreadFigures {
    /// Recipients.
    pub n: u64,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Most.
    pub max: Option<u64>,
}

/// Where delivered mail spent its time. The first four parts add up to submission to delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhereTimeWent {
    /// Waiting in the MUA until it could be submitted.
    pub outbox: StageFigures,
    /// In sessions and deliveries that succeeded.
    pub sessions: StageFigures,
    /// In tries that failed (time-outs above all).
    pub failed_attempts: StageFigures,
    /// Waiting in queues of servers.
    pub queues: StageFigures,
    /// Waiting in the mailbox for the reader; of mail that was read.
    pub reader: StageFigures,
}

/// Time spent in one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageFigures {
    /// Recipients counted.
    pub n: u64,
    /// Sum over them, in seconds.
    pub total_s: f64,
    /// Mean in seconds.
    pub mean_s: Option<f64>,
    /// Share of the time from submission to delivery; absent for the reader.
    pub share: Option<f64>,
}

/// One interval of an outage and the backlog it left. The backlog is the number of recipients, in
/// the whole network, whose mail is under way: created, and neither delivered nor given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutageFigures {
    /// Position of the `[[outage]]` entry, from 0.
    pub entry: u32,
    /// What failed.
    pub target: String,
    /// How, as the scenario says.
    pub mode: String,
    /// Beginning, in seconds.
    pub from_s: f64,
    /// End, in seconds; absent if it has none.
    pub to_s: Option<f64>,
    /// Backlog when it began.
    pub backlog_before: u64,
    /// Backlog when it ended; absent if it outlasted the run.
    pub backlog_at_end: Option<u64>,
    /// Greatest backlog from its beginning until it was drained.
    pub peak_backlog: u64,
    /// The second at which that was first reached.
    pub peak_at_s: f64,
    /// Seconds from the end of the outage until the backlog was back at what it was before it;
    /// absent if that did not happen within the run.
    pub drain_s: Option<f64>,
    /// Seconds from the end of the outage until a client first had a reply of a host that it struck;
    /// absent if that did not happen, or it struck no host.
    #[serde(default)]
    pub first_contact_s: Option<f64>,
    /// Seconds from the end of the outage until the last of the mail that was under way then was
    /// delivered or given up; absent if that did not happen within the run.
    #[serde(default)]
    pub cleared_s: Option<f64>,
}

/// Figures of one recipient domain, mail only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainFigures {
    /// Recipients submitted.
    pub submitted: u64,
    /// Delivered.
    pub delivered: u64,
    /// Of those, in the folder Junk.
    #[serde(default)]
    pub junk: u64,
    /// Given up.
    pub failed: u64,
    /// Queued or in transit at the end.
    pub unfinished: u64,
    /// Share delivered.
    pub delivered_share: Option<f64>,
    /// From submission to delivery.
    pub submission_to_delivery: Latency,
    /// From the mailbox until its reader had it; of mail that was read.
    pub delivery_to_retrieval: Latency,
}

/// Figures of one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostFigures {
    /// Sessions served.
    pub inbound_sessions: u64,
    /// Sessions opened.
    pub outbound_sessions: u64,
    /// Octets of messages received.
    pub received_octets: u64,
    /// Octets of messages sent.
    pub sent_octets: u64,
    /// Tries made.
    pub attempts: u64,
    /// Deferrals without network activity.
    pub suspensions: u64,
    /// Messages accepted.
    pub messages_accepted: u64,
    /// Most sessions served at once.
    pub peak_inbound_sessions: u64,
    /// Most messages in its queues at once.
    pub peak_queue: u64,
    /// Messages in its queues, average over time; absent in results of older versions. (A server that
    /// queues a message in parts has as many.)
    #[serde(default)]
    pub mean_queue: Option<f64>,
    /// Share of its server slots in use; absent without limit.
    pub inbound_utilisation: Option<f64>,
    /// Share of its delivery processes in use; absent without limit.
    pub delivery_utilisation: Option<f64>,
    /// The greater of both.
    pub utilisation: Option<f64>,
    /// Seconds during which it could not be reached.
    pub downtime_s: f64,
}

/// Both sides of the ledger, in recipients of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerFigures {
    /// Recipients of mail submitted.
    pub submitted: u64,
    /// Recipients of notices, list copies and automatic replies created.
    pub created: u64,
    /// The left side: submitted + created.
    pub entered: u64,
    /// Delivered.
    pub delivered: u64,
    /// Failed.
    pub failed: u64,
    /// Discarded.
    pub discarded: u64,
    /// Queued.
    pub queued: u64,
    /// In transit.
    pub in_transit: u64,
    /// The right side: delivered + failed + discarded + queued + in transit.
    pub accounted: u64,
    /// Copies beyond the first that reached a mailbox (on neither side).
    pub duplicates: u64,
    /// Whether both sides agree, with each other and with the rows.
    pub balances: bool,
}

/// An MTA profile that the run used, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEvidence {
    /// Name of the profile.
    pub profile: String,
    /// Version of the product that it models.
    pub version: String,
    /// Evidence: recorded, source code, vendor document.
    pub evidence: String,
    /// How many hosts used it.
    pub hosts: u64,
}
