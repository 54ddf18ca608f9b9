//! The keys that a recording may hold, and the check that it holds no others.
//!
//! A key that this list does not know may change what the experiment was, so a case with one is
//! not compared at all: it fails, and the key is named.

use serde_json::Value;

/// Objects by their place, and the keys they may hold. In a place, `*` stands for a host, domain
/// or file name and `[]` for the elements of a list. A key followed by `~` is raw: what it holds
/// is restated elsewhere and not looked at.
const OBJECTS: &[(&str, &str)] = &[
    (
        "",
        "case mta version date t0_epoch description notes settings~ settings_neutral topology \
         network resolver dns sinks timeline submissions attempts outcomes observed_until_s \
         queue_left_at_end~ sink_connections~ sink_max_parallel~ dns_queries~ dsns~ dsn_sample~ \
         mta_events setup sessions runs",
    ),
    ("settings_neutral", "*"),
    (
        "settings_neutral.*",
        "from_defaults server queue_run_interval_s queue_run_phase_s queue_run_phase_source \
         queue_run_clock queue_runs_observed_s queue_run_phases_after_start min_backoff_s \
         max_backoff_s min_queue_age_s max_queue_age_s backoff_base_s backoff_exponent \
         retry_rules retry_scope retry_interval_max_s delay_after_cutoff lifetime_s \
         lifetime_counts_from bounce_lifetime_s ignore_bounce_errors_after_s delay_warning_s \
         delay_warnings_s connect_timeout_s first_connect_timeout_s tcp_fast_open \
         greeting_timeout_s helo_timeout_s mail_timeout_s rcpt_timeout_s data_init_timeout_s \
         data_block_timeout_s data_done_timeout_s rset_timeout_s quit_timeout_s \
         initial_concurrency concurrency_limit concurrency_scope failed_cohort_limit \
         positive_feedback negative_feedback dead_destination_s max_parallel_per_message \
         recipient_limit multi_domain_transactions mx_address_limit hosts_max_try \
         hosts_max_try_hardlimit mx_session_limit equal_preference connection_cache \
         connection_limits route_penalty queue_high_water queue_low_water \
         deferred_limit_per_relay host_status hop_limit message_size_limit_octets \
         size_declaration_extra_octets delivery_process_limit active_queue_limit \
         input_flow_delay_s transport_retry_s queue_runner_limit queue_run_order \
         queue_runners_in_parallel deliveries_at_once_per_queue_run deliver_on_arrival accept \
         routing rate_delay_s address_preference retry_gaps_s transports",
    ),
    (
        "settings_neutral.*.transports[]",
        "name domains process_limit rate_delay_s concurrency_limit recipient_limit",
    ),
    ("settings_neutral.*.queue_run_phases_after_start[]", "start_t_s first_run_s"),
    ("settings_neutral.*.retry_rules[]", "kind until_s interval_s factor"),
    ("settings_neutral.*.connection_cache", "mode idle_s max_age_s max_messages connections_kept"),
    (
        "settings_neutral.*.connection_limits",
        "per_host per_route per_own_address per_connector per_relay per_domain \
         delay_between_opens_per_route_s delay_between_opens_per_relay_s \
         delay_after_close_per_route_s messages_per_connection keepalive_idle_s \
         failures_per_connection messages_tried_before_host_is_given_up",
    ),
    (
        "settings_neutral.*.route_penalty",
        "errors_to_disable network_error_disables_at_once base_s exponent max_s",
    ),
    ("settings_neutral.*.host_status", "scope valid_s"),
    (
        "settings_neutral.*.accept",
        "max_connections backlog max_connections_per_client max_recipients_per_message \
         max_messages_per_session immediate_deliveries_per_session \
         queue_only_above_connections session_timeout_s queue_only_load_average_per_cpu \
         refuse_load_average_per_cpu",
    ),
    (
        "settings_neutral.*.routing",
        "local_domains known_recipients relay_domains routes backup_for accepts_from self_mx \
         fallback_relay",
    ),
    ("settings_neutral.*.routing.routes[]", "domain next_hop mx_lookup"),
    ("settings_neutral.*.routing.backup_for[]", "domain own_mx_name"),
    ("topology", "hosts dns~ links"),
    (
        "topology.hosts[]",
        "name address address6 listens6 unrouted6 role kind behaviour~ ext~ files~",
    ),
    ("network", "rtt_s rate loss syn_retransmissions_after_s connect_fails_after_s note"),
    ("resolver", "servers timeout_s attempts ttl_s negative_ttl_s cache by_host"),
    ("resolver.by_host", "*"),
    ("resolver.by_host.*", "wait_s source"),
    ("dns", "records existing_names domains windows"),
    ("dns.records[]", "name type preference exchange address target text ttl_s answered"),
    ("dns.domains", "*"),
    ("dns.domains.*", "kind addresses mx"),
    ("dns.domains.*.mx[]", "preference exchange addresses is_server special"),
    ("dns.windows[]", "from_s to_s mode name_ends_with"),
    ("sinks", "*"),
    ("sinks.*", "address port ehlo size_limit_octets behaviour"),
    ("sinks.*.ehlo", "accepted name extensions"),
    ("sinks.*.ehlo.extensions[]", "keyword octets"),
    (
        "sinks.*.behaviour[]",
        "rule window from_s to_s slot stage action delay_s limit code enhanced text then covers \
         not_covered recipients key message how",
    ),
    ("sinks.*.behaviour[].recipients[]", "pattern code enhanced text then"),
    ("timeline", "outages outages_planned~ outages_done~ dns_windows~ actions"),
    ("timeline.outages[]", "host address port mode from_s to_s"),
    ("timeline.actions[]", "t_s host action do done_s"),
    (
        "submissions[]",
        "id from to size_bytes extra_headers declare_size t_s t_accept_s rejected rcpt_rejects~ \
         session",
    ),
    ("submissions[].session", "no order messages planned_t_s to_server source"),
    (
        "attempts[]",
        "id rcpt rcpts t_s t_start_s from_host to_host stage outcome dsn reply duration_s \
         conn_use failed_tries~ delays delay xdelay pid agent mailer",
    ),
    (
        "outcomes[]",
        "id recipient final t_s latency_s hops at copies bounces delay_notices status note",
    ),
    ("outcomes[].copies[]", "at t_s acked"),
    ("outcomes[].bounces[]", NOTICE),
    ("outcomes[].delay_notices[]", NOTICE),
    ("mta_events", "*"),
    ("mta_events.*[]", "t_s event id n text prog"),
    (
        "setup",
        "hosts link ehlo_extensions starttls settings_neutral~ message tls~ authentication~ order~",
    ),
    ("setup.hosts[]", "name kind role address"),
    ("setup.link", "mtu_octets one_way_delay rate queue_packets queue order"),
    ("setup.ehlo_extensions", "*"),
    (
        "sessions[]",
        "rtt_ms rate_mbit server starttls size_bytes recipients messages dropped_packets \
         postfix_delays_abcd conn_use tcp~ sink_conns",
    ),
    (
        "runs[]",
        "rtt_ms rate_mbit n_messages size_bytes results idle_push_s tcp_imap~ tcp_pop~ dropped",
    ),
    ("runs[].results[]", "protocol steps total"),
    ("sessions[].sink_conns[]", "cmds n_msgs tls end dur"),
];

/// Keys of a notice as it arrived.
const NOTICE: &str = "age_s status action t_s at sent_to diagnostic subject";

/// Returns the places of all unknown keys, as `settings_neutral.relay.lab.test.some_key`.
pub(crate) fn unknown_keys(recording: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    visit(recording, "", "", &mut unknown);
    unknown
}

/// Checks `value`, which stands at `place` in the vocabulary and at `name` in the recording.
fn visit(value: &Value, place: &str, name: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Array(elements) => {
            let place = format!("{place}[]");
            elements.iter().for_each(|element| visit(element, &place, name, unknown));
        }
        Value::Object(members) => {
            for (key, member) in members {
                let key_name = join(name, key);
                match lookup(place, key) {
                    Some(Known::Key) => visit(member, &join(place, key), &key_name, unknown),
                    Some(Known::AnyName) => visit(member, &join(place, "*"), &key_name, unknown),
                    Some(Known::Raw) => {}
                    None => unknown.push(key_name),
                }
            }
        }
        _ => {}
    }
}

/// How a key is known.
enum Known {
    /// By its own word.
    Key,
    /// Any name may stand here.
    AnyName,
    /// Known, contents not looked at.
    Raw,
}

fn lookup(place: &str, key: &str) -> Option<Known> {
    let (_, keys) = OBJECTS.iter().find(|(known, _)| *known == place)?;
    keys.split_whitespace().find_map(|word| match word {
        "*" => Some(Known::AnyName),
        _ if word == key => Some(Known::Key),
        _ if word.strip_suffix('~') == Some(key) => Some(Known::Raw),
        _ => None,
    })
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let recording = serde_json::json!({
            "case": "x",
            "settings": { "anything": { "goes": 1 } },
            "settings_neutral": { "relay.test": { "server": "postfix", "patience_s": 3 } },
            "sinks": { "mx.test": { "behaviour": [{ "slot": "dot_delay" }, { "mood": "bad" }] } },
            "weather": "rain",
        });
        assert_eq!(
            unknown_keys(&recording),
            ["settings_neutral.relay.test.patience_s", "sinks.mx.test.behaviour.mood", "weather"]
        );
    }
}
