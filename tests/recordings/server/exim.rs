//! Exim.

use std::collections::BTreeMap;

use mailsim::profiles::{self, Profile};
use mailsim::queue::exim::{Growth, RetryLine, RetryRule, RetryRules, Settings};
use mailsim::queue::{QueueSettings, ScanPhase};
use mailsim::smtp::ClientTls;
use mailsim::units::SimDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::recording::ServerParameters;

/// Returns the Exim profile with a recording's parameters in place of its own; `version`: `498`, or
/// nothing for 4.96.
pub(crate) fn profile(server: &ServerParameters, version: &str) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    refuse_what_is_not_modelled(server, &own)?;
    let mut profile = profiles::exim();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Exim(queue) = &mut profile.queue else {
        return Err("the Exim profile has no Exim queue".to_owned());
    };
    *queue = Settings {
        queue_interval: duration(server.queue_run_interval_s.unwrap_or(0.0)),
        run_phase: ScanPhase::Random,
        queue_run_max: own.queue_runner_limit.unwrap_or(0),
        retry_rule: RetryRules(vec![RetryLine::of_all(
            own.retry_rules.iter().map(rule).collect::<Result<_, _>>()?,
        )]),
        retry_interval_max: duration(own.retry_interval_max_s),
        delay_after_cutoff: own.delay_after_cutoff,
        delay_warning: own.delay_warnings_s.iter().map(|&s| duration(s)).collect(),
        ignore_bounce_errors_after: duration(own.ignore_bounce_errors_after_s),
        // Set in configure.default only, which the recorded servers did not use.
        timeout_frozen_after: None,
        remote_max_parallel: own.max_parallel_per_message,
        max_rcpt: own.recipient_limit.unwrap_or(u32::MAX),
        hosts_max_try: own.hosts_max_try,
        hosts_max_try_hardlimit: own.hosts_max_try_hardlimit,
        // The laboratory's hosts share a machine, so that each transport names its address.
        has_interface: true,
        connection_max_messages: own.connection_cache.max_messages,
        newest_waiting_first: version.is_empty(),
        queue_only: !own.deliver_on_arrival,
        smtp_accept_queue_per_connection: server.accept.immediate_deliveries_per_session,
        smtp_accept_queue: server.accept.queue_only_above_connections,
        received_headers_max: own.hop_limit,
        ..queue.clone()
    };
    super::common(server, &mut profile)?;
    // The recorded configuration has `hosts_avoid_tls = *` and an empty `tls_advertise_hosts`.
    profile.client.tls = ClientTls::Never;
    profile.server.starttls = false;
    profile.client.timeouts.connect = duration(own.connect_timeout_s);
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    profile.client.tcp_fast_open = own.tcp_fast_open;
    profile.client.merges_equal_routes = own.multi_domain_transactions;
    profile.server.hop_limit = None;
    Ok(profile)
}

fn rule(rule: &Rule) -> Result<RetryRule, String> {
    let factor = rule.factor.map(|factor| (factor * 1000.0).round() as u32);
    let growth = match (rule.kind.as_str(), factor) {
        ("F", None) => Growth::Fixed,
        ("G", Some(factor)) => Growth::Geometric(factor),
        ("H", Some(factor)) => Growth::Randomized(factor),
        (kind, _) => return Err(format!("a retry rule `{kind}` is not modelled")),
    };
    let duration = SimDuration::from_secs_f64;
    Ok(RetryRule { growth, until: duration(rule.until_s), interval: duration(rule.interval_s) })
}

/// What only an Exim server has.
#[derive(Debug, Deserialize)]
struct Own {
    retry_rules: Vec<Rule>,
    retry_interval_max_s: f64,
    ignore_bounce_errors_after_s: f64,
    delay_after_cutoff: bool,
    #[serde(default)]
    delay_warnings_s: Vec<f64>,
    connect_timeout_s: f64,
    rset_timeout_s: f64,
    tcp_fast_open: bool,
    max_parallel_per_message: u32,
    recipient_limit: Option<u32>,
    #[serde(default)]
    multi_domain_transactions: bool,
    mx_address_limit: Option<u32>,
    mx_session_limit: Option<u32>,
    hosts_max_try: u32,
    hosts_max_try_hardlimit: u32,
    equal_preference: String,
    connection_cache: ConnectionCache,
    hop_limit: u32,
    queue_runner_limit: Option<u32>,
    #[serde(default)]
    queue_run_order: Option<String>,
    deliver_on_arrival: bool,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    kind: String,
    until_s: f64,
    interval_s: f64,
    factor: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct ConnectionCache {
    idle_s: Option<f64>,
    max_age_s: Option<f64>,
    max_messages: Option<u32>,
}

/// Keys that say nothing which the model would have to follow: explanations, and what other keys
/// say already.
const INFORMATIVE: [&str; 11] = [
    "address_preference",
    "bounce_lifetime_s",
    "concurrency_scope",
    "delay_warning_s",
    "from_defaults",
    "lifetime_counts_from",
    "lifetime_s",
    "queue_run_clock",
    "queue_run_phase_source",
    "quit_timeout_s",
    "retry_scope",
];

fn refuse_what_is_not_modelled(server: &ServerParameters, own: &Own) -> Result<(), String> {
    let foreign = own
        .others
        .iter()
        .find(|(key, value)| !value.is_null() && !INFORMATIVE.contains(&key.as_str()));
    if let Some((key, _)) = foreign {
        return Err(format!("`{key}` means nothing for Exim"));
    }
    let order = own.queue_run_order.as_deref();
    let strange = [
        (server.server != "exim", "another server"),
        (own.mx_session_limit.is_some(), "mx_session_limit"),
        (own.mx_address_limit.is_some_and(|most| most != own.hosts_max_try), "mx_address_limit"),
        (own.equal_preference != "random order", "equal_preference"),
        (own.connection_cache.idle_s.is_some(), "connection_cache.idle_s"),
        (own.connection_cache.max_age_s.is_some(), "connection_cache.max_age_s"),
        (order.is_some_and(|order| order != "random"), "queue_run_order"),
        (server.routing.accepts_from != "any host", "routing.accepts_from"),
    ];
    match strange.iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(format!("this value of `{what}` is not modelled for Exim")),
        None => Ok(()),
    }
}
