//! What servers with a plain schedule call its settings.

/// Profile, our name, its name.
const OWN_NAMES: &[(&str, &str, &str)] = &[
    ("exchange-2003", "MessageExpirationTimeout", "expiration_timeout"),
    ("exchange-2003", "DelayNotificationTimeout", "delay_notification"),
    ("hmailserver", "threads", "maxdeliverythreads"),
    ("hmailserver", "recipient_limit", "maxsmtprecipientsinbatch"),
    ("hmailserver", "address_limit", "maxnumberofmxhosts"),
    ("imail", "look_every", "queue_timer"),
    ("imail", "tries", "tries_before_return"),
    ("icewarp", "lifetime", "undeliverable_after"),
    ("icewarp", "delay_notice", "warning_after"),
    ("haraka", "gaps", "temp_fail_intervals"),
    ("haraka", "threads", "concurrency_max"),
    ("kumomta", "first_gap", "retry_interval"),
    ("kumomta", "longest_gap", "max_retry_interval"),
    ("kumomta", "lifetime", "max_age"),
    ("kumomta", "concurrency", "connection_limit"),
    ("kumomta", "recipient_limit", "max_recipients_per_batch"),
    ("kumomta", "connection_messages", "max_deliveries_per_connection"),
    ("kumomta", "connection_idle", "idle_timeout"),
    ("kumomta", "dead_site_failures", "consecutive_connection_failures_before_delay"),
    ("stalwart", "gaps", "retry"),
    ("stalwart", "delay_notice", "notify"),
    ("stalwart", "lifetime", "expire"),
    ("stalwart", "threads", "threads_per_node"),
    ("maddy", "first_gap", "initial_retry_time"),
    ("maddy", "gap_factor", "retry_time_scale"),
    ("maddy", "tries", "max_tries"),
    ("maddy", "threads", "max_parallelism"),
    ("maddy", "restart_delay", "post_init_delay"),
    ("maddy", "connection_messages", "conn_reuse_limit"),
    ("maddy", "connection_idle", "conn_max_idle_time"),
];

/// Returns what `profile` calls the setting that is `ours` elsewhere.
pub(crate) fn own_name(profile: &str, ours: &'static str) -> &'static str {
    let own = OWN_NAMES.iter().find(|(of, name, _)| *of == profile && *name == ours);
    own.map_or(ours, |(_, _, own)| own)
}

/// What different servers call the same thing.
const COUNTERPARTS: &[&[&str]] = &[
    &["queue_run_delay", "queue_interval", "look_every", "queue_timer"],
    &[
        "maximal_queue_lifetime",
        "confTO_QUEUERETURN",
        "queuelifetime",
        "ttl",
        "MessageExpirationTimeout",
        "lifetime",
        "undeliverable_after",
        "expire",
        "max_age",
    ],
    &[
        "delay_warning_time",
        "delay_warning",
        "confTO_QUEUEWARN",
        "DelayNotificationTimeout",
        "delay_notice",
        "warning_after",
        "notify",
    ],
];

/// Returns which of the `known` settings is what another server calls `key`.
pub(crate) fn counterpart(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let same = COUNTERPARTS.iter().find(|names| names.contains(&key))?;
    known.iter().copied().find(|name| same.contains(name))
}
