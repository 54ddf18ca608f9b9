//! Sendmail.

use std::collections::{BTreeMap, BTreeSet};

use mailsim::profiles::{self, Profile};
use mailsim::queue::{QueueSettings, ScanPhase, sendmail::Settings};
use mailsim::units::SimDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::recording::{Attempt, ServerParameters};

/// Returns the Sendmail profile with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    refuse_what_is_not_modelled(server, &own)?;
    let mut profile = profiles::sendmail();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Sendmail(queue) = &mut profile.queue else {
        return Err("the Sendmail profile has no Sendmail queue".to_owned());
    };
    *queue = Settings {
        queue_interval: duration(server.queue_run_interval_s.unwrap_or(0.0)),
        run_phase: server
            .queue_run_phase_s
            .map_or(ScanPhase::Random, |phase| ScanPhase::At(duration(phase))),
        min_queue_age: duration(own.min_queue_age_s.unwrap_or(0.0)),
        max_queue_age: duration(own.max_queue_age_s.unwrap_or(0.0)),
        queue_return: duration(own.lifetime_s),
        queue_return_notice: duration(own.bounce_lifetime_s),
        queue_warn: duration(own.delay_warning_s.unwrap_or(0.0)),
        host_status: duration(own.host_status.valid_s),
        host_status_directory: !own.host_status.scope.starts_with("within one process"),
        connection_cache_timeout: duration(own.connection_cache.idle_s),
        connection_cache_size: if own.from_defaults.iter().any(|key| key == "MCI_CACHE_SIZE") {
            queue.connection_cache_size
        } else {
            own.connection_cache.connections_kept
        },
        recipients_per_transaction: own.recipient_limit.unwrap_or(u32::MAX),
        max_hop_count: own.hop_limit,
        ..queue.clone()
    };
    super::common(server, &mut profile)?;
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    if let Some(connect) = own.connect_timeout_s {
        profile.client.timeouts.connect = duration(connect);
    }
    profile.client.first_connect_timeout = own.first_connect_timeout_s.map(duration);
    Ok(profile)
}

/// What only a Sendmail server has.
#[derive(Debug, Deserialize)]
struct Own {
    min_queue_age_s: Option<f64>,
    max_queue_age_s: Option<f64>,
    lifetime_s: f64,
    bounce_lifetime_s: f64,
    delay_warning_s: Option<f64>,
    connect_timeout_s: Option<f64>,
    first_connect_timeout_s: Option<f64>,
    rset_timeout_s: f64,
    tcp_fast_open: bool,
    concurrency_limit: Option<u32>,
    queue_runners_in_parallel: Option<u32>,
    deliveries_at_once_per_queue_run: Option<u32>,
    recipient_limit: Option<u32>,
    multi_domain_transactions: bool,
    mx_address_limit: Option<u32>,
    mx_session_limit: Option<u32>,
    equal_preference: String,
    connection_cache: ConnectionCache,
    host_status: HostStatus,
    hop_limit: u32,
    deliver_on_arrival: bool,
    /// Options that were not set.
    #[serde(default)]
    from_defaults: Vec<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// `connections_kept` is followed only where it was set: otherwise it says 1, but in case 12a a
/// connection to the destination stayed open while the notice was sent to another host, as with the
/// documented default of 2 (`confMCI_CACHE_SIZE` in `cf/m4/cfhead.m4`).
#[derive(Debug, Deserialize)]
struct ConnectionCache {
    connections_kept: u32,
    mode: String,
    idle_s: f64,
    max_age_s: Option<f64>,
    max_messages: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct HostStatus {
    scope: String,
    valid_s: f64,
}

/// Keys that say nothing which the model would have to follow: explanations, what other keys say
/// already, and limits that Sendmail never comes to in an experiment.
const INFORMATIVE: [&str; 8] = [
    "concurrency_scope",
    "delay_warnings_s",
    "initial_concurrency",
    "lifetime_counts_from",
    "queue_run_clock",
    "queue_run_phase_source",
    "quit_timeout_s",
    "queue_run_order",
];

fn refuse_what_is_not_modelled(server: &ServerParameters, own: &Own) -> Result<(), String> {
    let foreign = own
        .others
        .iter()
        .find(|(key, value)| !value.is_null() && !INFORMATIVE.contains(&key.as_str()));
    if let Some((key, _)) = foreign {
        return Err(format!("`{key}` means nothing for Sendmail"));
    }
    let accept = &server.accept;
    let strange = [
        (own.tcp_fast_open, "tcp_fast_open"),
        (own.concurrency_limit.is_some(), "concurrency_limit"),
        (own.queue_runners_in_parallel.is_some(), "queue_runners_in_parallel"),
        (
            own.deliveries_at_once_per_queue_run.is_some_and(|most| most != 1),
            "deliveries_at_once_per_queue_run",
        ),
        (!own.multi_domain_transactions, "multi_domain_transactions"),
        (own.mx_address_limit.is_some_and(|limit| limit > 0), "mx_address_limit"),
        (own.mx_session_limit.is_some_and(|limit| limit > 0), "mx_session_limit"),
        (own.equal_preference != "random order", "equal_preference"),
        (!own.connection_cache.mode.starts_with("within one process"), "connection_cache.mode"),
        (own.connection_cache.max_age_s.is_some(), "connection_cache.max_age_s"),
        (own.connection_cache.max_messages.is_some(), "connection_cache.max_messages"),
        (!own.deliver_on_arrival, "deliver_on_arrival"),
        (accept.max_messages_per_session.is_some(), "accept.max_messages_per_session"),
        (
            accept.immediate_deliveries_per_session.is_some(),
            "accept.immediate_deliveries_per_session",
        ),
        (server.routing.accepts_from != "any host", "routing.accepts_from"),
    ];
    match strange.iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(format!("this value of `{what}` is not modelled for Sendmail")),
        None => Ok(()),
    }
}

/// Returns how many deliveries a log tells of, one for each recipient.
///
/// Sendmail logs a line for each exchanger at which a recipient is put off (`logfailover` in
/// `deliver.c`), so several lines of one process about one recipient are one delivery: a process
/// takes up a message once. Nor can be read from a line whether it took the network: a host that is
/// passed over for what an earlier delivery of the process has seen is named as one that was
/// tried. (In `random/sendmail/r05` a recipient has up to four lines a run; the sum is right.)
pub(crate) fn deliveries<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> u64 {
    let mut seen = BTreeSet::new();
    for (number, attempt) in attempts.enumerate() {
        // Says how the delivery ended that the line before is about.
        if attempt.stage.as_deref() == Some("none(expired)") {
            continue;
        }
        let process = match &attempt.pid {
            Some(process) => process.clone(),
            None => format!("line {number}"),
        };
        let only = [attempt.rcpt.clone().unwrap_or_default()];
        let recipients = if attempt.rcpts.is_empty() { &only[..] } else { &attempt.rcpts[..] };
        for recipient in recipients {
            let message = (attempt.from_host.clone(), attempt.id.clone());
            seen.insert((message, process.clone(), recipient.clone()));
        }
    }
    seen.len() as u64
}
