//! A real server's parameters as the settings of a host.

use mailsim::mail::{DomainId, HostId};
use mailsim::queue::QueueSettings;
use mailsim::queue::postfix::{Feedback, ScanPhase, Settings};
use mailsim::scenario::profiles::{self, Profile};
use mailsim::scenario::{NextHop, Routing};
use mailsim::units::{Octets, SimDuration};
use serde_json::Value;

use crate::names::Names;
use crate::recording::{Route, ServerParameters};

/// How late the machine's clock of whole seconds showed a new second: deferrals up to 4 ms after it
/// counted as before, from 5 ms on as after.
const CLOCK_LAG: SimDuration = SimDuration::from_micros(4500);
/// How late a timer may fire, as seen in the recordings.
const TIMER_LAG: SimDuration = SimDuration::from_millis(10);

/// Returns the Postfix profile with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters) -> Result<Profile, String> {
    refuse_what_is_not_modelled(server)?;
    let mut profile = profiles::postfix();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Postfix(queue) = &mut profile.queue else {
        return Err("the Postfix profile has no Postfix queue".to_owned());
    };
    *queue = Settings {
        queue_run_delay: duration(server.queue_run_interval_s),
        scan_phase: ScanPhase::Random,
        minimal_backoff_time: duration(server.min_backoff_s),
        maximal_backoff_time: duration(server.max_backoff_s),
        maximal_queue_lifetime: duration(server.lifetime_s),
        bounce_queue_lifetime: duration(server.bounce_lifetime_s),
        delay_warning_time: duration(server.delay_warning_s.unwrap_or(0.0)),
        initial_destination_concurrency: server.initial_concurrency,
        destination_concurrency_limit: server.concurrency_limit.unwrap_or(0),
        failed_cohort_limit: server.failed_cohort_limit,
        positive_feedback: feedback(&server.positive_feedback)?,
        negative_feedback: feedback(&server.negative_feedback)?,
        destination_recipient_limit: server.recipient_limit.unwrap_or(u32::MAX),
        process_limit: server.delivery_process_limit,
        active_limit: server.active_queue_limit,
        connection_cache_on_demand: match server.connection_cache.mode.as_str() {
            "on demand" => true,
            "off" => false,
            other => return Err(format!("unknown word `{other}` in connection_cache.mode")),
        },
        connection_cache_time_limit: duration(server.connection_cache.idle_s.unwrap_or(0.0)),
        connection_reuse_time_limit: duration(server.connection_cache.max_age_s.unwrap_or(0.0)),
        clock_lag: CLOCK_LAG,
        timer_lag: TIMER_LAG,
        ..queue.clone()
    };
    let timeouts = &mut profile.client.timeouts;
    timeouts.connect = duration(server.connect_timeout_s);
    timeouts.greeting = duration(server.greeting_timeout_s);
    timeouts.ehlo = duration(server.helo_timeout_s);
    timeouts.mail = duration(server.mail_timeout_s);
    timeouts.rcpt = duration(server.rcpt_timeout_s);
    timeouts.data_init = duration(server.data_init_timeout_s);
    timeouts.data_block = duration(server.data_block_timeout_s);
    timeouts.data_done = duration(server.data_done_timeout_s);
    timeouts.rset = duration(server.rset_timeout_s);
    profile.client.address_limit = server.mx_address_limit.filter(|&limit| limit > 0);
    profile.client.session_limit = server.mx_session_limit.filter(|&limit| limit > 0);
    profile.client.size_margin = Octets(server.size_declaration_extra_octets);
    profile.server.size_limit = server.message_size_limit_octets.map(Octets);
    profile.server.max_sessions = server.accept.max_connections;
    profile.server.max_sessions_per_client = server.accept.max_connections_per_client;
    profile.server.max_recipients = server.accept.max_recipients_per_message;
    // Postfix counts the field that it adds itself.
    profile.server.hop_limit = Some(server.hop_limit.saturating_sub(1));
    Ok(profile)
}

/// Keys that say nothing which the model would have to follow: explanations, what other keys say
/// already, and limits that Postfix never comes to in an experiment.
const INFORMATIVE: [&str; 11] = [
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
];

fn refuse_what_is_not_modelled(server: &ServerParameters) -> Result<(), String> {
    let foreign = server
        .others
        .iter()
        .find(|(key, value)| !value.is_null() && !INFORMATIVE.contains(&key.as_str()));
    if let Some((key, _)) = foreign {
        return Err(format!("`{key}` means nothing for Postfix"));
    }
    let accept = &server.accept;
    let strange = [
        (server.server != "postfix", "another server"),
        (server.tcp_fast_open, "tcp_fast_open"),
        (server.dead_destination_s != server.min_backoff_s, "dead_destination_s"),
        (server.multi_domain_transactions, "multi_domain_transactions"),
        (server.equal_preference != "random order", "equal_preference"),
        (server.connection_cache.max_messages.is_some(), "connection_cache.max_messages"),
        (!server.deliver_on_arrival, "deliver_on_arrival"),
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

/// Returns where a server sends mail.
pub(crate) fn routing(server: &ServerParameters, names: &Names) -> Result<Routing, String> {
    let table = &server.routing;
    let ids = |domains: &[String]| -> Result<Vec<DomainId>, String> {
        domains.iter().map(|domain| names.domain(domain)).collect()
    };
    let relayed: Vec<String> = match &table.relay_domains {
        Value::Array(list) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Value::String(all) if all == "*" => Vec::new(),
        other => {
            return Err(format!("`{other}` in routing.relay_domains is not understood"));
        }
    };
    let mut routing = Routing {
        local: ids(&table.local_domains)?,
        relayed: ids(&relayed)?,
        relays_all: true,
        ..Routing::default()
    };
    for route in &table.routes {
        let next_hop = next_hop(route, names)?;
        if route.domain == "*" {
            routing.smart_host = Some(next_hop);
        } else {
            routing.routes.insert(names.domain(&route.domain)?, next_hop);
        }
    }
    Ok(routing)
}

fn next_hop(route: &Route, names: &Names) -> Result<NextHop, String> {
    if route.mx_lookup {
        return names.domain(&route.next_hop).map(NextHop::Exchangers);
    }
    let by_address: Result<HostId, String> = names.host_at(&route.next_hop);
    match by_address {
        Ok(host) => Ok(NextHop::Address(host)),
        Err(_) => names.host(&route.next_hop).map(NextHop::Host),
    }
}
