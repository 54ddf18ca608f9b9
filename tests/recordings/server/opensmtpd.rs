//! OpenSMTPD.

use std::collections::BTreeMap;

use mailsim::profiles::{self, Profile};
use mailsim::queue::QueueSettings;
use mailsim::queue::opensmtpd::{Limits, Settings};
use mailsim::units::SimDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::recording::ServerParameters;

/// How late the machine's clock of whole seconds showed a new second (as with Postfix).
const CLOCK_LAG: SimDuration = SimDuration::from_micros(4500);

/// Returns the OpenSMTPD profile of the version with these digits (none: 6.8), with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters, version: &str) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    refuse_what_is_not_modelled(server, &own)?;
    let mut profile = profiles::opensmtpd();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::OpenSmtpd(queue) = &mut profile.queue else {
        return Err("the OpenSMTPD profile has no OpenSMTPD queue".to_owned());
    };
    let limits = &own.connection_limits;
    *queue = Settings {
        backoff_transfer: duration(own.backoff_base_s),
        ttl: duration(own.lifetime_s),
        expires_for_good: version.starts_with('7'),
        bounce_warn: own.delay_warnings_s.iter().map(|&age| duration(age)).collect(),
        route_delay_base: duration(own.route_penalty.base_s),
        route_delay_max: duration(own.route_penalty.max_s),
        limits: Limits {
            max_conn_per_host: limits.per_host,
            max_conn_per_route: limits.per_route,
            max_conn_per_source: limits.per_own_address,
            max_conn_per_connector: limits.per_connector,
            max_conn_per_relay: limits.per_relay,
            max_conn_per_domain: limits.per_domain,
            conn_delay_route: duration(limits.delay_between_opens_per_route_s),
            conn_delay_relay: duration(limits.delay_between_opens_per_relay_s),
            reconn_delay_route: duration(limits.delay_after_close_per_route_s),
            session_mail_max: limits.messages_per_connection,
            session_keepalive: duration(limits.keepalive_idle_s),
            max_try_before_disable: limits.messages_tried_before_host_is_given_up,
            task_hiwat: own.queue_high_water,
            task_lowat: own.queue_low_water,
            ..queue.limits.clone()
        },
        max_deferred: own.deferred_limit_per_relay,
        clock_lag: CLOCK_LAG,
        ..queue.clone()
    };
    super::common(server, &mut profile)?;
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    // Only as a backup does it know its own name among the exchangers.
    profile.client.finds_itself = !server.routing.backup_for.is_empty();
    profile.client.options.refusals_in_a_row =
        (limits.failures_per_connection > 0).then_some(limits.failures_per_connection);
    profile.server.hop_limit = Some(own.hop_limit);
    Ok(profile)
}

/// What only an OpenSMTPD server has.
#[derive(Debug, Deserialize)]
struct Own {
    backoff_base_s: f64,
    backoff_exponent: f64,
    lifetime_s: f64,
    bounce_lifetime_s: f64,
    delay_warnings_s: Vec<f64>,
    connect_timeout_s: Option<f64>,
    rset_timeout_s: f64,
    quit_timeout_s: f64,
    tcp_fast_open: bool,
    connection_limits: ConnectionLimits,
    connection_cache: ConnectionCache,
    route_penalty: RoutePenalty,
    queue_high_water: u32,
    queue_low_water: u32,
    deferred_limit_per_relay: u32,
    recipient_limit: Option<u32>,
    mx_address_limit: Option<u32>,
    mx_session_limit: Option<u32>,
    equal_preference: String,
    hop_limit: u32,
    deliver_on_arrival: bool,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ConnectionLimits {
    per_host: u32,
    per_route: u32,
    per_own_address: u32,
    per_connector: u32,
    per_relay: u32,
    per_domain: u32,
    delay_between_opens_per_route_s: f64,
    delay_between_opens_per_relay_s: f64,
    delay_after_close_per_route_s: f64,
    messages_per_connection: u32,
    keepalive_idle_s: f64,
    failures_per_connection: u32,
    messages_tried_before_host_is_given_up: u32,
}

#[derive(Debug, Deserialize)]
struct ConnectionCache {
    idle_s: f64,
    max_age_s: Option<f64>,
    max_messages: u32,
}

#[derive(Debug, Deserialize)]
struct RoutePenalty {
    network_error_disables_at_once: bool,
    base_s: f64,
    exponent: f64,
    max_s: f64,
}

/// Keys that say what others say already, or explain them.
const INFORMATIVE: [&str; 9] = [
    "concurrency_limit",
    "concurrency_scope",
    "delay_warning_s",
    "from_defaults",
    "initial_concurrency",
    "lifetime_counts_from",
    "multi_domain_transactions",
    "queue_run_clock",
    "queue_run_phase_source",
];

fn refuse_what_is_not_modelled(server: &ServerParameters, own: &Own) -> Result<(), String> {
    let foreign = own
        .others
        .iter()
        .find(|(key, value)| !value.is_null() && !INFORMATIVE.contains(&key.as_str()));
    if let Some((key, _)) = foreign {
        return Err(format!("`{key}` means nothing for OpenSMTPD"));
    }
    let (accept, limits) = (&server.accept, &own.connection_limits);
    let cache = &own.connection_cache;
    let strange = [
        (server.server != "opensmtpd", "another server"),
        (server.queue_run_interval_s.is_some(), "queue_run_interval_s"),
        (server.min_backoff_s != Some(own.backoff_base_s), "min_backoff_s"),
        (server.max_backoff_s.is_some(), "max_backoff_s"),
        (own.backoff_exponent != 2.0, "backoff_exponent"),
        (own.bounce_lifetime_s != own.lifetime_s, "bounce_lifetime_s"),
        (own.connect_timeout_s.is_some(), "connect_timeout_s"),
        (own.quit_timeout_s != own.rset_timeout_s, "quit_timeout_s"),
        (own.tcp_fast_open, "tcp_fast_open"),
        (cache.idle_s != limits.keepalive_idle_s, "connection_cache.idle_s"),
        (cache.max_age_s.is_some(), "connection_cache.max_age_s"),
        (cache.max_messages != limits.messages_per_connection, "connection_cache.max_messages"),
        (!own.route_penalty.network_error_disables_at_once, "network_error_disables_at_once"),
        (own.route_penalty.exponent != 2.0, "route_penalty.exponent"),
        (own.recipient_limit.is_some(), "recipient_limit"),
        (own.mx_address_limit.is_some(), "mx_address_limit"),
        (own.mx_session_limit.is_some(), "mx_session_limit"),
        (own.equal_preference != "fewest connections first, else list order", "equal_preference"),
        (!own.deliver_on_arrival, "deliver_on_arrival"),
        (
            accept.immediate_deliveries_per_session.is_some(),
            "accept.immediate_deliveries_per_session",
        ),
        (server.routing.accepts_from != "any host", "routing.accepts_from"),
    ];
    match strange.iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(format!("this value of `{what}` is not modelled for OpenSMTPD")),
        None => Ok(()),
    }
}
