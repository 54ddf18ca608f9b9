//! A recording as read from its file: what was set up, and what was seen.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One experiment with real servers.
#[derive(Debug, Deserialize)]
pub(crate) struct Recording {
    /// The server under test.
    pub(crate) mta: String,
    /// Parameters of each real server.
    #[serde(default)]
    pub(crate) settings_neutral: BTreeMap<String, ServerParameters>,
    pub(crate) topology: Topology,
    pub(crate) network: Network,
    pub(crate) resolver: Resolver,
    pub(crate) dns: Dns,
    pub(crate) sinks: BTreeMap<String, Sink>,
    pub(crate) timeline: Timeline,
    pub(crate) submissions: Vec<Submission>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) observed_until_s: f64,
    #[serde(default)]
    pub(crate) mta_events: BTreeMap<String, Vec<Event>>,
}

impl Recording {
    /// Returns whether its servers send over IPv6 too; if not, they never ask for IPv6 addresses.
    pub(crate) fn speaks_ipv6(&self) -> bool {
        let mut servers = self.settings_neutral.values();
        servers.any(|server| server.others.contains_key("address_preference"))
    }
}

/// Splits the name of a folder of recordings, or of the server under test, into the server and the
/// digits of its version: `exim498` is Exim 4.98. Without digits it is the version first recorded.
pub(crate) fn server_and_version(name: &str) -> (&str, &str) {
    name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len()))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Topology {
    pub(crate) hosts: Vec<Host>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) kind: String,
    /// Its IPv6 address, if it has one.
    pub(crate) address6: Option<String>,
    /// Whether it takes connections there; if not, they are refused.
    #[serde(default)]
    pub(crate) listens6: bool,
    /// Whether the network has no way to that address.
    #[serde(default)]
    pub(crate) unrouted6: bool,
}

/// Parameters of a real server: what all have, and the rest for whoever knows the server.
#[derive(Debug, Deserialize)]
pub(crate) struct ServerParameters {
    pub(crate) server: String,
    pub(crate) queue_run_interval_s: Option<f64>,
    pub(crate) queue_run_phase_s: Option<f64>,
    pub(crate) queue_runs_observed_s: Option<Vec<f64>>,
    #[serde(default)]
    pub(crate) queue_run_phases_after_start: Vec<PhaseAfterStart>,
    pub(crate) min_backoff_s: Option<f64>,
    pub(crate) max_backoff_s: Option<f64>,
    pub(crate) greeting_timeout_s: f64,
    pub(crate) helo_timeout_s: f64,
    pub(crate) mail_timeout_s: f64,
    pub(crate) rcpt_timeout_s: f64,
    pub(crate) data_init_timeout_s: f64,
    pub(crate) data_block_timeout_s: f64,
    pub(crate) data_done_timeout_s: f64,
    pub(crate) size_declaration_extra_octets: u64,
    pub(crate) message_size_limit_octets: Option<u64>,
    pub(crate) accept: Accept,
    pub(crate) routing: Routing,
    /// All other keys.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<String, Value>,
}

/// A queue run after the server was started again.
#[derive(Debug, Deserialize)]
pub(crate) struct PhaseAfterStart {
    pub(crate) first_run_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Accept {
    pub(crate) max_connections: Option<u32>,
    pub(crate) max_connections_per_client: Option<u32>,
    pub(crate) max_recipients_per_message: Option<u32>,
    pub(crate) max_messages_per_session: Option<u32>,
    pub(crate) immediate_deliveries_per_session: Option<u32>,
    pub(crate) queue_only_above_connections: Option<u32>,
    pub(crate) backlog: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Routing {
    pub(crate) local_domains: Vec<String>,
    pub(crate) known_recipients: Option<Value>,
    pub(crate) relay_domains: Value,
    pub(crate) routes: Vec<Route>,
    #[serde(default)]
    pub(crate) backup_for: Vec<Value>,
    pub(crate) fallback_relay: Option<String>,
    pub(crate) accepts_from: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Route {
    pub(crate) domain: String,
    pub(crate) next_hop: String,
    pub(crate) mx_lookup: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Network {
    pub(crate) rtt_s: f64,
    pub(crate) rate: Value,
    pub(crate) loss: f64,
    pub(crate) syn_retransmissions_after_s: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolver {
    pub(crate) negative_ttl_s: f64,
    pub(crate) by_host: BTreeMap<String, Waits>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Waits {
    pub(crate) wait_s: Vec<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dns {
    pub(crate) records: Vec<Record>,
    pub(crate) existing_names: Vec<String>,
    pub(crate) domains: BTreeMap<String, MailDomain>,
    pub(crate) windows: Vec<DnsWindow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) preference: Option<u16>,
    pub(crate) exchange: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) target: Option<String>,
    /// Missing where nothing is answered.
    #[serde(default)]
    pub(crate) ttl_s: f64,
    #[serde(default = "yes")]
    pub(crate) answered: bool,
}

fn yes() -> bool {
    true
}

/// What the records amount to for a mail domain.
#[derive(Debug, Deserialize)]
pub(crate) struct MailDomain {
    #[serde(default)]
    pub(crate) mx: Vec<Exchanger>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Exchanger {
    pub(crate) exchange: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DnsWindow {
    pub(crate) from_s: Option<f64>,
    pub(crate) to_s: Option<f64>,
    pub(crate) mode: String,
    pub(crate) name_ends_with: Option<String>,
}

/// A scripted SMTP server.
#[derive(Debug, Deserialize)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    pub(crate) ehlo: Ehlo,
    pub(crate) size_limit_octets: Option<u64>,
    pub(crate) behaviour: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ehlo {
    pub(crate) accepted: bool,
    pub(crate) extensions: Vec<Extension>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Extension {
    pub(crate) keyword: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    pub(crate) from_s: Option<f64>,
    pub(crate) to_s: Option<f64>,
    pub(crate) slot: String,
    pub(crate) stage: String,
    pub(crate) action: String,
    pub(crate) delay_s: Option<f64>,
    pub(crate) limit: Option<u32>,
    pub(crate) code: Option<u16>,
    pub(crate) enhanced: Option<String>,
    pub(crate) then: Option<String>,
    #[serde(default)]
    pub(crate) recipients: Vec<RecipientReply>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecipientReply {
    pub(crate) pattern: String,
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    pub(crate) then: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Timeline {
    pub(crate) outages: Vec<Outage>,
    pub(crate) actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Outage {
    pub(crate) host: String,
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) mode: String,
    pub(crate) from_s: Option<f64>,
    pub(crate) to_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Action {
    pub(crate) t_s: f64,
    pub(crate) host: String,
    pub(crate) action: String,
    pub(crate) done_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Submission {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) size_bytes: u64,
    #[serde(default)]
    pub(crate) extra_headers: String,
    #[serde(default)]
    pub(crate) declare_size: bool,
    pub(crate) t_s: f64,
    pub(crate) t_accept_s: Option<f64>,
    pub(crate) rejected: Option<String>,
    pub(crate) session: Session,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Session {
    pub(crate) no: u32,
    pub(crate) order: u32,
    pub(crate) planned_t_s: Option<f64>,
    pub(crate) to_server: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    /// The recipient, where a line stands for one.
    pub(crate) rcpt: Option<String>,
    pub(crate) t_s: f64,
    pub(crate) from_host: String,
    pub(crate) stage: Option<String>,
    pub(crate) outcome: String,
    /// The process that logged it.
    pub(crate) pid: Option<String>,
    /// All recipients, where one line of the log stands for several.
    #[serde(default)]
    pub(crate) rcpts: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) id: String,
    pub(crate) recipient: String,
    #[serde(rename = "final")]
    pub(crate) final_state: String,
    pub(crate) t_s: Option<f64>,
    pub(crate) latency_s: Option<f64>,
    pub(crate) hops: Option<u32>,
    pub(crate) at: Option<String>,
    #[serde(default)]
    pub(crate) copies: Vec<Copy>,
    #[serde(default)]
    pub(crate) bounces: Vec<Notice>,
    #[serde(default)]
    pub(crate) delay_notices: Vec<Notice>,
    pub(crate) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Copy {
    pub(crate) at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Notice {
    pub(crate) age_s: f64,
    pub(crate) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) t_s: f64,
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) n: Option<u32>,
}
