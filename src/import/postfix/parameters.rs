//! What each parameter of `postconf(5)` is to mail flow.
//!
//! The table says what kind of value a parameter has and whether it can change who gets which mail
//! when. Whether the model has it is not said here: the settings of the scenario's profile of that
//! name decide, so that a setting added there is imported from that day on.
//!
//! In doubt a parameter counts as one that changes mail flow: a limit that is told is better than an
//! effect that is overlooked.

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A span of time; a number without unit is in this one.
    Time(&'static str),
    /// A number of octets.
    Size,
    /// A whole number.
    Number,
    /// `yes` or `no`.
    Flag,
    /// One word.
    Word,
    /// Read together with others by the importer itself.
    Structure,
    /// It changes no mail flow, because …
    WithoutEffect(&'static str),
    /// It may change mail flow, and the model has no such thing: …
    NotModelled(&'static str),
}

use Meaning::{Flag, NotModelled, Number, Size, Structure, Time, WithoutEffect, Word};

const FILES: &str = "a place on the server's own disk";
const WORDS: &str = "words of greetings, fields or notices";
const LOG: &str = "how much is logged";
const TOOLS: &str = "for tools of administration";
const MAPS: &str = "addresses are rewritten or expanded by a table";
const CHECKS: &str = "the server refuses mail by rules of its own";
const TLS: &str = "a session may fail, or take longer, for its TLS; the model has no certificates";
const FILTERS: &str = "mail passes through filters";
const SCREEN: &str = "postscreen holds up or refuses clients before the SMTP server sees them";
const REPLY: &str = "the code with which the server refuses";
const CLIENTS: &str = "how the server treats clients that err or are too fast";
const LOCAL: &str = "what happens to mail within the store";
const AUTH: &str = "who may send what";
const ORDER: &str =
    "in which order a transport takes up recipients; the model serves them as they come";
const PROBE: &str = "the server asks other servers about addresses";

/// Parameters by name.
#[rustfmt::skip]
pub(super) static PARAMETERS: &[(&str, Meaning)] = &[
    // The queue manager and deliveries.
    ("queue_run_delay", Time("s")), ("minimal_backoff_time", Time("s")), ("maximal_backoff_time", Time("s")),
    ("maximal_queue_lifetime", Time("d")), ("bounce_queue_lifetime", Time("d")), ("delay_warning_time", Time("h")),
    ("initial_destination_concurrency", Number), ("default_destination_concurrency_limit", Number),
    ("default_destination_concurrency_failed_cohort_limit", Number),
    ("default_destination_concurrency_positive_feedback", Word), ("default_destination_concurrency_negative_feedback", Word),
    ("default_destination_recipient_limit", Number), ("default_destination_rate_delay", Time("s")),
    ("default_transport_rate_delay", Time("s")), ("transport_retry_time", Time("s")),
    ("qmgr_message_active_limit", Number), ("qmgr_message_recipient_limit", Number), ("qmgr_message_recipient_minimum", Number),
    ("default_process_limit", Number), ("in_flow_delay", Time("s")), ("hopcount_limit", Number),
    ("default_recipient_limit", Number), ("default_delivery_slot_cost", Number), ("default_delivery_slot_loan", Number),
    ("default_delivery_slot_discount", Number), ("default_minimum_delivery_slots", Number), ("default_recipient_refill_limit", Number),
    ("default_recipient_refill_delay", Time("s")), ("default_extra_recipient_limit", Number),
    ("destination_concurrency_feedback_debug", WithoutEffect(LOG)),
    ("qmgr_clog_warn_time", WithoutEffect(LOG)), ("qmgr_daemon_timeout", NotModelled("a watchdog of the queue manager")), ("qmgr_ipc_timeout", NotModelled("a watchdog of the queue manager")),
    ("message_size_limit", Size), ("queue_minfree", NotModelled("mail is refused when the disk is nearly full; capacity.queue_disk sets the room")),
    ("smtpd_recipient_limit", Number), ("smtpd_client_connection_count_limit", Number), ("smtpd_recipient_overshoot_limit", Number),
    // The SMTP client.
    ("smtp_connect_timeout", Time("s")), ("smtp_helo_timeout", Time("s")), ("smtp_starttls_timeout", Time("s")), ("smtp_mail_timeout", Time("s")),
    ("smtp_rcpt_timeout", Time("s")), ("smtp_data_init_timeout", Time("s")), ("smtp_data_xfer_timeout", Time("s")), ("smtp_data_done_timeout", Time("s")),
    ("smtp_rset_timeout", Time("s")), ("smtp_quit_timeout", Time("s")), ("smtp_xforward_timeout", Time("s")),
    ("smtp_connection_cache_on_demand", Flag), ("smtp_connection_cache_time_limit", Time("s")), ("smtp_connection_reuse_time_limit", Time("s")),
    ("smtp_connection_reuse_count_limit", Number), ("smtp_connection_cache_destinations", NotModelled("connections to these are kept open without load")),
    ("smtp_tls_connection_reuse", Flag),
    ("smtp_randomize_addresses", Flag), ("smtp_mx_address_limit", Number), ("smtp_mx_session_limit", Number), ("smtp_skip_5xx_greeting", Flag),
    ("smtp_skip_quit_response", Flag), ("smtp_pix_workaround_delay_time", Time("s")), ("smtp_pix_workaround_threshold_time", Time("s")),
    ("smtp_pix_workarounds", NotModelled("waits before the final dot for some firewalls")), ("smtp_pix_workaround_maps", NotModelled("waits before the final dot for some firewalls")),
    ("smtp_tls_security_level", Structure), ("smtp_use_tls", Structure), ("smtp_enforce_tls", Structure), ("smtp_tls_wrappermode", Structure),
    ("smtp_address_preference", Word), ("smtp_balance_inet_protocols", Flag), ("inet_protocols", NotModelled("which of IPv4 and IPv6 is used; hosts of the scenario have the addresses that are written")),
    ("smtp_host_lookup", NotModelled("names may come from the server's own hosts file")), ("smtp_dns_support_level", NotModelled("signatures of the DNS are asked for (DNSSEC)")),
    ("disable_dns_lookups", NotModelled("hosts are found without MX records")), ("ignore_mx_lookup_error", NotModelled("a failed MX look-up falls back to the address")),
    ("smtp_defer_if_no_mx_address_found", Flag), ("smtp_bind_address", NotModelled("the address from which mail leaves")), ("smtp_bind_address6", NotModelled("the address from which mail leaves")),
    ("smtp_bind_address_enforce", NotModelled("the address from which mail leaves")), ("smtp_fallback_relay", Structure), ("fallback_relay", Structure),
    ("smtp_send_xforward_command", NotModelled("one more round trip to servers that take XFORWARD")), ("smtp_discard_ehlo_keywords", NotModelled("the client does not use these extensions")),
    ("smtp_discard_ehlo_keyword_address_maps", NotModelled("the client does not use these extensions")), ("smtp_always_send_ehlo", Flag), ("smtp_never_send_ehlo", Flag),
    ("smtp_helo_name", WithoutEffect(WORDS)), ("smtp_header_checks", NotModelled("mail may be refused, dropped or changed by its text")), ("smtp_body_checks", NotModelled("mail may be refused, dropped or changed by its text")),
    ("smtp_mime_header_checks", NotModelled("mail may be refused, dropped or changed by its text")), ("smtp_nested_header_checks", NotModelled("mail may be refused, dropped or changed by its text")),
    ("smtp_reply_filter", NotModelled("replies of other servers are read as something else")), ("smtp_delivery_status_filter", NotModelled("outcomes are read as something else")), ("default_delivery_status_filter", NotModelled("outcomes are read as something else")),
    ("smtp_sasl_auth_enable", NotModelled("the client authenticates itself: round trips, and it may be refused")), ("smtp_sasl_password_maps", NotModelled("the client authenticates itself")),
    ("smtp_sasl_security_options", NotModelled("the client authenticates itself")), ("smtp_sasl_tls_security_options", NotModelled("the client authenticates itself")), ("smtp_sasl_mechanism_filter", NotModelled("the client authenticates itself")),
    ("smtp_sasl_auth_soft_bounce", NotModelled("whether mail waits or returns when the client is not let in")), ("smtp_sasl_auth_enforce", NotModelled("the client authenticates itself")), ("smtp_sasl_type", NotModelled("the client authenticates itself")), ("smtp_sasl_path", NotModelled("the client authenticates itself")),
    ("smtp_sender_dependent_authentication", NotModelled("connections are not shared between senders")), ("smtp_generic_maps", NotModelled(MAPS)),
    ("smtp_line_length_limit", WithoutEffect("long lines of a text are broken")), ("smtp_quote_rfc821_envelope", WithoutEffect("how addresses are spelt")),
    ("smtputf8_enable", NotModelled("addresses beyond ASCII; the scenario's `smtputf8` says what is offered")), ("smtputf8_autodetect_classes", NotModelled("addresses beyond ASCII")), ("strict_smtputf8", NotModelled("addresses beyond ASCII")),
    ("enable_long_queue_ids", WithoutEffect("how queue ids are spelt")), ("enable_original_recipient", NotModelled("mail that reaches one mailbox by two addresses is delivered once or twice")),
    // Routing.
    ("myhostname", Structure), ("mydomain", Structure), ("myorigin", Structure), ("mydestination", Structure), ("relayhost", Structure), ("transport_maps", Structure),
    ("relay_domains", Structure), ("virtual_mailbox_domains", Structure), ("virtual_alias_domains", Structure), ("sender_dependent_relayhost_maps", Structure),
    ("default_transport", Structure), ("relay_transport", Structure), ("virtual_transport", Structure), ("local_transport", Structure), ("mailbox_transport", Structure),
    ("mailbox_transport_maps", NotModelled(LOCAL)), ("fallback_transport", NotModelled(LOCAL)), ("fallback_transport_maps", NotModelled(LOCAL)),
    ("sender_dependent_default_transport_maps", NotModelled("the transport depends on the sender")), ("empty_address_relayhost_maps_lookup_key", NotModelled("the way of notices")),
    ("empty_address_default_transport_maps_lookup_key", NotModelled("the way of notices")),
    ("smtpd_discard_ehlo_keywords", Structure), ("disable_vrfy_command", Structure), ("smtpd_tls_security_level", Structure), ("smtpd_use_tls", Structure), ("smtpd_enforce_tls", Structure),
    ("smtpd_sasl_auth_enable", Structure), ("mail_version", Structure), ("compatibility_level", Structure), ("syslog_name", Structure),
    ("parent_domain_matches_subdomains", NotModelled("whether a name of a table stands for its subdomains too")),
    ("mynetworks", NotModelled("whose mail is relayed; submission hosts of the scenario relay for everybody")), ("mynetworks_style", NotModelled("whose mail is relayed; submission hosts of the scenario relay for everybody")),
    ("inet_interfaces", NotModelled("at which addresses the server listens; a server that listens at loopback alone takes no mail from others")), ("proxy_interfaces", NotModelled("`knows_proxy_address` of the scenario")),
    ("relay_recipient_maps", Structure), ("local_recipient_maps", Structure), ("virtual_mailbox_maps", Structure), ("unknown_local_recipient_reject_code", NotModelled(REPLY)),
    ("unknown_relay_recipient_reject_code", NotModelled(REPLY)), ("unknown_virtual_mailbox_reject_code", NotModelled(REPLY)), ("unknown_virtual_alias_reject_code", NotModelled(REPLY)),
    ("append_dot_mydomain", NotModelled("addresses without a dot are completed")), ("append_at_myorigin", NotModelled("addresses without a domain are completed")), ("masquerade_domains", NotModelled(MAPS)), ("masquerade_classes", NotModelled(MAPS)), ("masquerade_exceptions", NotModelled(MAPS)),
    ("swap_bangpath", NotModelled(MAPS)), ("allow_percent_hack", NotModelled(MAPS)), ("local_header_rewrite_clients", NotModelled(MAPS)), ("remote_header_rewrite_domain", NotModelled(MAPS)), ("resolve_null_domain", NotModelled(MAPS)), ("resolve_numeric_domain", NotModelled(MAPS)),
    ("recipient_delimiter", NotModelled("alice+tag reaches alice; each mailbox of the scenario has one name")), ("propagate_unmatched_extensions", NotModelled(MAPS)), ("owner_request_special", NotModelled(LOCAL)), ("expand_owner_alias", NotModelled(LOCAL)),
    // Tables that rewrite.
    ("alias_maps", NotModelled("addresses stand for others; `[[list]]` of the scenario says so")), ("virtual_alias_maps", NotModelled("addresses stand for others; `[[list]]` of the scenario says so")), ("canonical_maps", NotModelled(MAPS)), ("sender_canonical_maps", NotModelled(MAPS)),
    ("recipient_canonical_maps", NotModelled(MAPS)), ("recipient_canonical_classes", NotModelled(MAPS)), ("sender_canonical_classes", NotModelled(MAPS)), ("canonical_classes", NotModelled(MAPS)), ("relocated_maps", NotModelled("mail for people who moved is refused")),
    ("sender_bcc_maps", NotModelled("copies of mail are made")), ("recipient_bcc_maps", NotModelled("copies of mail are made")), ("always_bcc", NotModelled("copies of mail are made")), ("virtual_alias_recursion_limit", NotModelled(MAPS)), ("virtual_alias_expansion_limit", NotModelled(MAPS)),
    ("bounce_notice_recipient", NotModelled("notices to the postmaster")), ("2bounce_notice_recipient", NotModelled("notices to the postmaster")), ("delay_notice_recipient", NotModelled("notices to the postmaster")), ("error_notice_recipient", NotModelled("notices to the postmaster")), ("notify_classes", NotModelled("notices to the postmaster")),
    ("soft_bounce", NotModelled("permanent refusals count as temporary")), ("defer_transports", NotModelled("mail waits until somebody flushes the queue")), ("hash_queue_depth", WithoutEffect(FILES)), ("hash_queue_names", WithoutEffect(FILES)),
    ("fast_flush_domains", NotModelled("who may ask for their mail by ETRN")), ("fast_flush_purge_time", Time("d")), ("fast_flush_refresh_time", Time("h")), ("fast_flush_directory", WithoutEffect(FILES)),
    ("content_filter", NotModelled(FILTERS)), ("receive_override_options", NotModelled(FILTERS)), ("header_checks", NotModelled("mail may be refused, dropped or changed by its text")), ("body_checks", NotModelled("mail may be refused, dropped or changed by its text")), ("mime_header_checks", NotModelled("mail may be refused, dropped or changed by its text")), ("nested_header_checks", NotModelled("mail may be refused, dropped or changed by its text")),
    ("smtpd_milters", NotModelled(FILTERS)), ("non_smtpd_milters", NotModelled(FILTERS)), ("milter_default_action", NotModelled("what becomes of mail while a filter is away")), ("milter_protocol", NotModelled(FILTERS)), ("milter_mail_macros", WithoutEffect("what filters are told")), ("milter_connect_timeout", NotModelled(FILTERS)), ("milter_command_timeout", NotModelled(FILTERS)), ("milter_content_timeout", NotModelled(FILTERS)),
    ("smtpd_proxy_filter", NotModelled(FILTERS)), ("smtpd_proxy_timeout", NotModelled(FILTERS)), ("smtpd_proxy_options", NotModelled(FILTERS)), ("smtpd_proxy_ehlo", WithoutEffect(WORDS)),
    // The SMTP server.
    ("smtpd_timeout", NotModelled("how long the server waits for a client")), ("smtpd_starttls_timeout", NotModelled(TLS)), ("smtpd_error_sleep_time", NotModelled(CLIENTS)), ("smtpd_soft_error_limit", NotModelled(CLIENTS)), ("smtpd_hard_error_limit", NotModelled(CLIENTS)), ("smtpd_junk_command_limit", NotModelled(CLIENTS)),
    ("smtpd_client_connection_rate_limit", NotModelled("`limits` of the scenario")), ("smtpd_client_message_rate_limit", NotModelled("`limits` of the scenario")), ("smtpd_client_recipient_rate_limit", NotModelled("`limits` of the scenario")), ("smtpd_client_new_tls_session_rate_limit", NotModelled("`limits` of the scenario")), ("smtpd_client_event_limit_exceptions", NotModelled("`limits` of the scenario")), ("anvil_rate_time_unit", NotModelled("`limits` of the scenario")), ("anvil_status_update_time", WithoutEffect(LOG)),
    ("smtpd_helo_required", NotModelled(CHECKS)), ("strict_rfc821_envelopes", NotModelled(CHECKS)), ("smtpd_delay_reject", NotModelled("the stage at which a client is refused")), ("smtpd_delay_open_until_valid_rcpt", NotModelled(CHECKS)), ("smtpd_reject_unlisted_recipient", NotModelled(CHECKS)), ("smtpd_reject_unlisted_sender", NotModelled(CHECKS)), ("smtpd_etrn_restrictions", NotModelled(CHECKS)),
    ("smtpd_forbid_bare_newline", NotModelled(CHECKS)), ("smtpd_forbid_bare_newline_exclusions", NotModelled(CHECKS)), ("smtpd_forbid_unauth_pipelining", NotModelled(CHECKS)), ("smtpd_noop_commands", WithoutEffect("commands that nobody uses")), ("smtpd_forbidden_commands", NotModelled(CHECKS)), ("smtpd_peername_lookup", NotModelled("the server asks the DNS about each client")), ("smtpd_policy_service_timeout", NotModelled(CHECKS)),
    ("smtpd_sender_login_maps", NotModelled(AUTH)), ("smtpd_sasl_path", NotModelled(AUTH)), ("smtpd_sasl_type", NotModelled(AUTH)), ("smtpd_sasl_local_domain", NotModelled(AUTH)), ("smtpd_sasl_security_options", NotModelled(AUTH)), ("smtpd_sasl_tls_security_options", NotModelled(AUTH)), ("smtpd_sasl_exceptions_networks", NotModelled(AUTH)), ("smtpd_sasl_authenticated_header", WithoutEffect(WORDS)), ("broken_sasl_auth_clients", WithoutEffect("how AUTH is spelt for old clients")), ("cyrus_sasl_config_path", WithoutEffect(FILES)),
    ("plaintext_reject_code", NotModelled(REPLY)), ("access_map_reject_code", NotModelled(REPLY)), ("maps_rbl_reject_code", NotModelled(REPLY)), ("reject_code", NotModelled(REPLY)), ("relay_domains_reject_code", NotModelled(REPLY)), ("invalid_hostname_reject_code", NotModelled(REPLY)), ("non_fqdn_reject_code", NotModelled(REPLY)), ("unknown_address_reject_code", NotModelled(REPLY)), ("unknown_client_reject_code", NotModelled(REPLY)), ("unknown_hostname_reject_code", NotModelled(REPLY)), ("multi_recipient_bounce_reject_code", NotModelled(REPLY)), ("unverified_recipient_reject_code", NotModelled(REPLY)), ("unverified_sender_reject_code", NotModelled(REPLY)),
    ("smtpd_banner", WithoutEffect(WORDS)), ("mail_name", WithoutEffect(WORDS)), ("bounce_template_file", WithoutEffect(WORDS)), ("bounce_size_limit", NotModelled("how much of a message a notice returns")), ("header_size_limit", NotModelled("longer fields are cut")), ("default_rbl_reply", WithoutEffect(WORDS)), ("rbl_reply_maps", WithoutEffect(WORDS)), ("smtpd_reject_footer", WithoutEffect(WORDS)), ("tls_server_sni_maps", NotModelled(TLS)),
    ("address_verify_map", NotModelled(PROBE)), ("address_verify_negative_cache", NotModelled(PROBE)), ("address_verify_positive_expire_time", NotModelled(PROBE)), ("address_verify_transport_maps", NotModelled(PROBE)), ("address_verify_relayhost", NotModelled(PROBE)), ("address_verify_sender", NotModelled(PROBE)), ("address_verify_poll_count", NotModelled(PROBE)),
    // Stores.
    ("mailbox_size_limit", NotModelled("a mailbox may be full")), ("virtual_mailbox_limit", NotModelled("a mailbox may be full")), ("mailbox_command", NotModelled(LOCAL)), ("mailbox_command_maps", NotModelled(LOCAL)), ("home_mailbox", WithoutEffect(FILES)), ("mail_spool_directory", WithoutEffect(FILES)), ("virtual_mailbox_base", WithoutEffect(FILES)), ("virtual_minimum_uid", WithoutEffect("to whom files belong")), ("virtual_uid_maps", WithoutEffect("to whom files belong")), ("virtual_gid_maps", WithoutEffect("to whom files belong")), ("luser_relay", NotModelled("mail for unknown mailboxes goes elsewhere")), ("biff", WithoutEffect("people who are logged in are told of new mail")), ("forward_path", NotModelled(LOCAL)), ("allow_mail_to_commands", NotModelled(LOCAL)), ("allow_mail_to_files", NotModelled(LOCAL)), ("mailbox_delivery_lock", WithoutEffect(FILES)), ("virtual_mailbox_lock", WithoutEffect(FILES)), ("strict_mailbox_ownership", NotModelled(LOCAL)), ("local_command_shell", NotModelled(LOCAL)), ("deliver_lock_attempts", NotModelled(LOCAL)), ("deliver_lock_delay", NotModelled(LOCAL)), ("stale_lock_time", NotModelled(LOCAL)),
    // Files, owners, tools.
    ("queue_directory", WithoutEffect(FILES)), ("command_directory", WithoutEffect(FILES)), ("daemon_directory", WithoutEffect(FILES)), ("data_directory", WithoutEffect(FILES)), ("config_directory", WithoutEffect(FILES)), ("meta_directory", WithoutEffect(FILES)), ("shlib_directory", WithoutEffect(FILES)), ("manpage_directory", WithoutEffect(FILES)), ("sample_directory", WithoutEffect(FILES)), ("readme_directory", WithoutEffect(FILES)), ("html_directory", WithoutEffect(FILES)), ("openssl_path", WithoutEffect(FILES)), ("process_id_directory", WithoutEffect(FILES)),
    ("mail_owner", WithoutEffect("whose account the server runs under")), ("setgid_group", WithoutEffect("whose account the server runs under")), ("default_privs", WithoutEffect("whose account the server runs under")), ("authorized_submit_users", NotModelled(AUTH)), ("authorized_flush_users", WithoutEffect(TOOLS)), ("authorized_mailq_users", WithoutEffect(TOOLS)), ("sendmail_path", WithoutEffect(TOOLS)), ("newaliases_path", WithoutEffect(TOOLS)), ("mailq_path", WithoutEffect(TOOLS)), ("alias_database", WithoutEffect("which files newaliases makes")), ("debug_peer_level", WithoutEffect(LOG)), ("debug_peer_list", WithoutEffect(LOG)), ("debugger_command", WithoutEffect(TOOLS)), ("multi_instance_enable", WithoutEffect(TOOLS)), ("multi_instance_name", WithoutEffect(TOOLS)), ("multi_instance_group", WithoutEffect(TOOLS)), ("multi_instance_wrapper", WithoutEffect(TOOLS)), ("multi_instance_directories", NotModelled("other instances have configurations of their own: import those as well")),
    ("proxy_read_maps", WithoutEffect("which tables are read through a helper process")), ("proxy_write_maps", WithoutEffect("which tables are written through a helper process")), ("default_database_type", WithoutEffect("how tables are stored")), ("import_environment", WithoutEffect(TOOLS)), ("export_environment", WithoutEffect(TOOLS)), ("syslog_facility", WithoutEffect(LOG)), ("maillog_file", WithoutEffect(LOG)), ("maillog_file_prefixes", WithoutEffect(LOG)), ("maillog_file_permissions", WithoutEffect(LOG)), ("max_idle", NotModelled("how long idle processes are kept; `capacity.service.process_start` of the scenario is what a new one costs")), ("max_use", NotModelled("how long processes are kept; `capacity.service.process_start` of the scenario is what a new one costs")), ("daemon_timeout", NotModelled("a watchdog of each process")), ("ipc_timeout", NotModelled("a watchdog between processes")), ("trigger_timeout", NotModelled("a watchdog between processes")), ("service_throttle_time", NotModelled("waits after a daemon has failed")), ("opportunistic_encryption", NotModelled(TLS)), ("delay_logging_resolution_limit", WithoutEffect(LOG)), ("virtual_maps", NotModelled(MAPS)), ("show_user_unknown_table_name", WithoutEffect(WORDS)), ("disable_mime_input_processing", WithoutEffect("how texts are read")), ("disable_mime_output_conversion", WithoutEffect("how texts are written")), ("message_strip_characters", WithoutEffect("how texts are read")), ("message_reject_characters", NotModelled(CHECKS)), ("milter_header_checks", NotModelled(FILTERS)), ("always_add_missing_headers", WithoutEffect(WORDS)),
];

/// Families of parameters, by how their names begin and end; the first that fits counts.
#[rustfmt::skip]
static FAMILIES: &[(&str, &str, Meaning)] = &[
    ("", "_tls_loglevel", WithoutEffect(LOG)), ("", "_tls_received_header", WithoutEffect(WORDS)), ("smtpd_tls_ask_ccert", "", WithoutEffect("clients may show a certificate")), ("smtp_tls_note_starttls_offer", "", WithoutEffect(LOG)),
    ("", "_service_name", WithoutEffect("what a part of the server is called")), ("maillog_file", "", WithoutEffect(LOG)), ("postmulti_", "", WithoutEffect(TOOLS)), ("double_bounce_sender", "", WithoutEffect(WORDS)), ("stress", "", WithoutEffect("put into other values by the server itself")), ("process_", "", WithoutEffect(TOOLS)),
    ("", "_delivery_slot_cost", NotModelled(ORDER)), ("", "_delivery_slot_loan", NotModelled(ORDER)), ("", "_delivery_slot_discount", NotModelled(ORDER)), ("", "_minimum_delivery_slots", NotModelled(ORDER)), ("", "_extra_recipient_limit", NotModelled(ORDER)), ("", "_recipient_refill_limit", NotModelled(ORDER)), ("", "_recipient_refill_delay", NotModelled(ORDER)), ("", "_recipient_limit", NotModelled(ORDER)), ("", "_time_limit", NotModelled("how long another program may take")), ("strict_", "", NotModelled(CHECKS)), ("", "_delivery_status_filter", NotModelled("outcomes are read as something else")), ("connection_cache_", "", NotModelled("how long unused connections are kept")),
    ("tls_random_", "", WithoutEffect("where random numbers for TLS come from")),
    ("smtp_", "_tls_file", NotModelled(TLS)), ("smtpd_tls_", "", NotModelled(TLS)), ("smtp_tls_", "", NotModelled(TLS)), ("lmtp_tls_", "", NotModelled(TLS)), ("tls_", "", NotModelled(TLS)), ("tlsproxy_", "", NotModelled(TLS)), ("tlsmgr_", "", NotModelled(TLS)),
    ("postscreen_", "", NotModelled(SCREEN)), ("dnsblog_", "", NotModelled(SCREEN)),
    ("smtpd_", "_restrictions", NotModelled(CHECKS)), ("smtpd_restriction_classes", "", NotModelled(CHECKS)), ("reject_", "", NotModelled(CHECKS)), ("smtpd_sasl_", "", NotModelled(AUTH)), ("smtpd_", "", NotModelled("how the server treats its clients")),
    ("milter_", "_macros", WithoutEffect("what filters are told")), ("milter_", "", NotModelled(FILTERS)), ("address_verify_", "", NotModelled(PROBE)), ("unverified_", "", NotModelled(PROBE)),
    ("lmtp_", "", NotModelled("mail is handed to its store by LMTP; the scenario delivers at once")), ("local_", "", NotModelled(LOCAL)), ("mailbox_", "", NotModelled(LOCAL)), ("virtual_", "", NotModelled(LOCAL)), ("smtp_", "", NotModelled("how the client speaks to other servers")), ("smtpstone_", "", WithoutEffect(TOOLS)), ("debug_", "", WithoutEffect(LOG)), ("qmqpd_", "", NotModelled("another protocol of submission")), ("berkeley_db_", "", WithoutEffect("how tables are stored")), ("lmdb_", "", WithoutEffect("how tables are stored")), ("line_length_limit", "", WithoutEffect("how texts are read")),
];

/// Returns what a parameter is; none: `postconf(5)` has none of this name.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let named = PARAMETERS.iter().find(|(known, _)| *known == name);
    let family = || {
        FAMILIES.iter().find(|(begins, ends, _)| name.starts_with(begins) && name.ends_with(ends))
    };
    named.map(|(_, meaning)| *meaning).or_else(|| family().map(|(_, _, meaning)| *meaning))
}

/// What ends the name of a parameter of one transport, with the `default_…` that it replaces.
pub(super) static OF_TRANSPORTS: &[(&str, &str, Meaning)] = &[
    ("_destination_concurrency_limit", "default_destination_concurrency_limit", Number),
    (
        "_destination_concurrency_failed_cohort_limit",
        "default_destination_concurrency_failed_cohort_limit",
        Number,
    ),
    (
        "_destination_concurrency_positive_feedback",
        "default_destination_concurrency_positive_feedback",
        Word,
    ),
    (
        "_destination_concurrency_negative_feedback",
        "default_destination_concurrency_negative_feedback",
        Word,
    ),
    ("_destination_recipient_limit", "default_destination_recipient_limit", Number),
    ("_destination_rate_delay", "default_destination_rate_delay", Time("s")),
    ("_initial_destination_concurrency", "initial_destination_concurrency", Number),
    ("_transport_rate_delay", "default_transport_rate_delay", Time("s")),
];

/// Returns a parameter of one transport: the transport, the `default_…` that it replaces, and what
/// it is.
pub(super) fn of_transport(name: &str) -> Option<(&str, &'static str, Meaning)> {
    let found = OF_TRANSPORTS.iter().find_map(|(ends, default, meaning)| {
        let transport = name.strip_suffix(ends)?;
        Some((transport, *default, *meaning))
    });
    found.filter(|(transport, ..)| !transport.is_empty() && *transport != "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_stands_twice() {
        let mut names: Vec<_> = PARAMETERS.iter().map(|(name, _)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn parameters_of_one_transport_are_told_from_those_of_all() {
        let found = of_transport("slow_destination_concurrency_limit").map(|(t, d, _)| (t, d));
        assert_eq!(found, Some(("slow", "default_destination_concurrency_limit")));
        assert_eq!(of_transport("default_destination_concurrency_limit"), None);
        assert_eq!(of_transport("slow_initial_destination_concurrency").map(|f| f.0), Some("slow"));
    }
}
