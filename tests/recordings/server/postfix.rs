//! Postfix.

use std::collections::BTreeMap;

use mailsim::model::Routing;
use mailsim::profiles::{self, Profile};
use mailsim::queue::postfix::{Feedback, ScanPhase, Settings, TransportSettings};
use mailsim::queue::{QueueSettings, TransportId};
use mailsim::units::SimDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::names::Names;
use crate::recording::ServerParameters;

/// How late the machine's clock of whole seconds showed a new second: deferrals up to 4 ms after it
/// counted as before, from 5 ms on as after.
const CLOCK_LAG: SimDuration = SimDuration::from_micros(4500);
/// How late a timer may fire, as seen in the recordings.
const TIMER_LAG: SimDuration = SimDuration::from_millis(10);

/// Returns the Postfix profile with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    refuse_what_is_not_modelled(server, &own)?;
    let mut profile = profiles::postfix();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Postfix(queue) = &mut profile.queue else {
        return Err("the Postfix profile has no Postfix queue".to_owned());
    };
    *queue = Settings {
        queue_run_delay: duration(server.queue_run_interval_s.unwrap_or(0.0)),
        scan_phase: ScanPhase::Random,
        minimal_backoff_time: duration(server.min_backoff_s.unwrap_or(0.0)),
        maximal_backoff_time: duration(server.max_backoff_s.unwrap_or(0.0)),
        maximal_queue_lifetime: duration(own.lifetime_s),
        bounce_queue_lifetime: duration(own.bounce_lifetime_s),
        delay_warning_time: duration(own.delay_warning_s.unwrap_or(0.0)),
        initial_destination_concurrency: own.initial_concurrency,
        destination_concurrency_limit: own.concurrency_limit.unwrap_or(0),
        failed_cohort_limit: own.failed_cohort_limit,
        positive_feedback: feedback(&own.positive_feedback)?,
        negative_feedback: feedback(&own.negative_feedback)?,
        destination_recipient_limit: own.recipient_limit.unwrap_or(u32::MAX),
        destination_rate_delay: duration(own.rate_delay_s),
        process_limit: own.delivery_process_limit,
        active_limit: own.active_queue_limit,
        connection_cache_on_demand: match own.connection_cache.mode.as_str() {
            "on demand" => true,
            "off" => false,
            other => return Err(format!("unknown word `{other}` in connection_cache.mode")),
        },
        connection_cache_time_limit: duration(own.connection_cache.idle_s.unwrap_or(0.0)),
        connection_reuse_time_limit: duration(own.connection_cache.max_age_s.unwrap_or(0.0)),
        connection_reuse_count_limit: own.connection_cache.max_messages.unwrap_or(0),
        transports: transports(server)?.iter().map(OwnTransport::settings).collect(),
        clock_lag: CLOCK_LAG,
        timer_lag: TIMER_LAG,
        ..queue.clone()
    };
    super::common(server, &mut profile)?;
    // Without a limit of its own the client waits as long as the kernel tries.
    let connect = own.connect_timeout_s.filter(|&seconds| seconds > 0.0);
    profile.client.timeouts.connect = connect.map_or(SimDuration::from_days(1), duration);
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    profile.client.address_limit = own.mx_address_limit.filter(|&limit| limit > 0);
    profile.client.session_limit = own.mx_session_limit.filter(|&limit| limit > 0);
    // `src/master/master_listen.c`.
    profile.server.options.listen_queue = Some(own.delivery_process_limit);
    // Postfix counts the field that it adds itself.
    profile.server.hop_limit = Some(own.hop_limit.saturating_sub(1));
    Ok(profile)
}

/// What only a Postfix server has.
#[derive(Debug, Deserialize)]
struct Own {
    lifetime_s: f64,
    bounce_lifetime_s: f64,
    delay_warning_s: Option<f64>,
    connect_timeout_s: Option<f64>,
    rset_timeout_s: f64,
    tcp_fast_open: bool,
    initial_concurrency: u32,
    concurrency_limit: Option<u32>,
    failed_cohort_limit: u32,
    positive_feedback: Value,
    negative_feedback: Value,
    dead_destination_s: f64,
    recipient_limit: Option<u32>,
    #[serde(default)]
    rate_delay_s: f64,
    #[serde(default)]
    multi_domain_transactions: bool,
    mx_address_limit: Option<u32>,
    mx_session_limit: Option<u32>,
    equal_preference: String,
    connection_cache: ConnectionCache,
    hop_limit: u32,
    delivery_process_limit: u32,
    active_queue_limit: u32,
    deliver_on_arrival: bool,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ConnectionCache {
    mode: String,
    idle_s: Option<f64>,
    max_age_s: Option<f64>,
    max_messages: Option<u32>,
}

/// A transport of its own name (`transport_maps`, a line of `master.cf`).
#[derive(Debug, Deserialize)]
struct OwnTransport {
    name: String,
    /// Which domains go by it.
    domains: Vec<String>,
    process_limit: Option<u32>,
    rate_delay_s: Option<f64>,
    concurrency_limit: Option<u32>,
    recipient_limit: Option<u32>,
}

impl OwnTransport {
    fn settings(&self) -> TransportSettings {
        TransportSettings {
            name: self.name.clone(),
            process_limit: self.process_limit,
            destination_rate_delay: self.rate_delay_s.map(SimDuration::from_secs_f64),
            destination_concurrency_limit: self.concurrency_limit,
            destination_recipient_limit: self.recipient_limit,
            ..TransportSettings::NOTHING
        }
    }
}

/// Returns a server's transports, by their numbers: the default one first, if there are others.
fn transports(server: &ServerParameters) -> Result<Vec<OwnTransport>, String> {
    let Some(table) = server.others.get("transports") else { return Ok(Vec::new()) };
    let mut all: Vec<OwnTransport> = serde_json::from_value(table.clone())
        .map_err(|error| format!("transports of {}: {error}", server.server))?;
    let default = OwnTransport {
        name: "smtp".to_owned(),
        domains: Vec::new(),
        process_limit: None,
        rate_delay_s: None,
        concurrency_limit: None,
        recipient_limit: None,
    };
    all.insert(0, default);
    Ok(all)
}

/// Says which domains go by which transport.
pub(crate) fn route(
    server: &ServerParameters,
    names: &Names,
    routing: &mut Routing,
) -> Result<(), String> {
    for (number, transport) in transports(server)?.iter().enumerate() {
        for domain in &transport.domains {
            let number = TransportId(u8::try_from(number).map_err(|error| error.to_string())?);
            routing.transports.insert(names.domain(domain)?, number);
        }
    }
    Ok(())
}

/// Keys that say nothing which the model would have to follow: explanations, what other keys say
/// already, what is read elsewhere, and limits that Postfix never comes to in an experiment.
const INFORMATIVE: [&str; 13] = [
    "address_preference",
    "concurrency_scope",
    "delay_warnings_s",
    "from_defaults",
    "input_flow_delay_s",
    "lifetime_counts_from",
    "queue_run_clock",
    "queue_run_phase_source",
    "quit_timeout_s",
    "transport_retry_s",
    "queue_run_order",
    "queue_runner_limit",
    "transports",
];

fn refuse_what_is_not_modelled(server: &ServerParameters, own: &Own) -> Result<(), String> {
    let foreign = own
        .others
        .iter()
        .find(|(key, value)| !value.is_null() && !INFORMATIVE.contains(&key.as_str()));
    if let Some((key, _)) = foreign {
        return Err(format!("`{key}` means nothing for Postfix"));
    }
    let accept = &server.accept;
    let strange = [
        (server.server != "postfix", "another server"),
        (own.tcp_fast_open, "tcp_fast_open"),
        (Some(own.dead_destination_s) != server.min_backoff_s, "dead_destination_s"),
        (own.multi_domain_transactions, "multi_domain_transactions"),
        (own.equal_preference != "random order", "equal_preference"),
        // Each recipient is a destination of its own then.
        (own.recipient_limit == Some(1), "recipient_limit"),
        (!own.deliver_on_arrival, "deliver_on_arrival"),
        (accept.max_messages_per_session.is_some(), "accept.max_messages_per_session"),
        (
            accept.immediate_deliveries_per_session.is_some(),
            "accept.immediate_deliveries_per_session",
        ),
        (server.routing.accepts_from != "any host", "routing.accepts_from"),
    ];
    match strange.iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(format!("this value of `{what}` is not modelled for Postfix")),
        None => Ok(()),
    }
}

/// Reads `1`, `"1"`, `"1/concurrency"` or `"1/sqrt_concurrency"`.
fn feedback(value: &Value) -> Result<Feedback, String> {
    let refused = || format!("`{value}` is no concurrency feedback");
    if let Some(number) = value.as_f64() {
        return Ok(Feedback::Fixed(number));
    }
    let text = value.as_str().ok_or_else(refused)?;
    let (number, divisor) = text.split_once('/').unwrap_or((text, ""));
    let number: f64 = number.trim().parse().map_err(|_| refused())?;
    match divisor.trim() {
        "" => Ok(Feedback::Fixed(number)),
        "concurrency" => Ok(Feedback::PerWindow(number)),
        "sqrt_concurrency" => Ok(Feedback::PerRoot(number)),
        _ => Err(refused()),
    }
}
