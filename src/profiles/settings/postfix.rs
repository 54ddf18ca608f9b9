//! Settings of Postfix, by the names of `postconf(5)`.

use super::{Of, Setting, Slot, setting};
use crate::profiles::{Family, Profile};
use crate::queue::QueueSettings;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    // Postfix's queue manager.
    setting!(queue Postfix, "queue_run_delay", Period, queue_run_delay, "time between scans of the deferred queue"),
    setting!(queue Postfix, "minimal_backoff_time", Duration, minimal_backoff_time, "least delay after a deferral; how long a destination stays dead"),
    setting!(queue Postfix, "maximal_backoff_time", Duration, maximal_backoff_time, "greatest delay after a deferral"),
    setting!(queue Postfix, "maximal_queue_lifetime", Duration, maximal_queue_lifetime, "a message that fails at this age is returned"),
    setting!(queue Postfix, "bounce_queue_lifetime", Duration, bounce_queue_lifetime, "the same for notices"),
    setting!(queue Postfix, "delay_warning_time", Duration, delay_warning_time, "age of the delay notice; 0: none"),
    setting!(queue Postfix, "initial_destination_concurrency", Positive, initial_destination_concurrency, "deliveries at once to a new destination"),
    setting!(queue Postfix, "default_destination_concurrency_limit", Count, destination_concurrency_limit, "most deliveries at once to one destination; 0: no limit"),
    setting!(queue Postfix, "default_destination_concurrency_failed_cohort_limit", Count, failed_cohort_limit, "failed cohorts after which a destination is dead; 0: never"),
    setting!(queue Postfix, "default_destination_concurrency_positive_feedback", Feedback, positive_feedback, "window growth for a success"),
    setting!(queue Postfix, "default_destination_concurrency_negative_feedback", Feedback, negative_feedback, "window loss for a failure"),
    setting!(queue Postfix, "default_destination_recipient_limit", Positive, destination_recipient_limit, "recipients in one delivery"),
    setting!(queue Postfix, "default_destination_rate_delay", Duration, destination_rate_delay, "pause between deliveries to one destination; 0: none"),
    setting!(queue Postfix, "default_delivery_slot_cost", Count, delivery_slot_cost, "deliveries of a large message that let a smaller one make one before it; below 2: none"),
    setting!(queue Postfix, "default_delivery_slot_loan", Count, delivery_slot_loan, "slots lent to the smaller message"),
    setting!(queue Postfix, "default_delivery_slot_discount", Count, delivery_slot_discount, "percentage of its slots that need not be earned before"),
    setting!(queue Postfix, "default_minimum_delivery_slots", Count, minimum_delivery_slots, "a message that cannot earn so many slots is not preempted"),
    setting!(queue Postfix, "qmgr_message_active_limit", Positive, active_limit, "messages in the active queue"),
    setting!(queue Postfix, "smtp_connection_cache_on_demand", Flag, connection_cache_on_demand, "whether connections are used again under load"),
    setting!(queue Postfix, "smtp_connection_cache_time_limit", Duration, connection_cache_time_limit, "how long an unused connection is kept"),
    setting!(queue Postfix, "smtp_connection_reuse_time_limit", Duration, connection_reuse_time_limit, "greatest age of a connection used again"),
    setting!(queue Postfix, "smtp_connection_reuse_count_limit", Count, connection_reuse_count_limit, "how often a connection may be used again; 0: no limit"),
    setting!(queue Postfix, "scan_phase", ScanPhase, scan_phase, "not Postfix's own: \"random\", or the time of the first queue scan"),
    setting!(queue Postfix, "clock_lag", Lag, clock_lag, "not Postfix's own: how late its clock of whole seconds shows a new second"),
    setting!(queue Postfix, "timer_lag", Lag, timer_lag, "not Postfix's own: how late a timer may fire"),
    Setting { name: "default_process_limit", of: Of::Only(Family::Postfix),
        about: "delivery processes of each transport, sessions served at once, and connections that wait for one",
        slot: |profile| {
            let Profile { queue: QueueSettings::Postfix(queue), server, .. } = profile else { return None };
            let limits = [&mut server.max_sessions, &mut server.options.listen_queue];
            Some(Slot::CountAndLimits(&mut queue.process_limit, limits))
        } },
    // Postfix's SMTP client.
    setting!(only Postfix, "smtp_connect_timeout", Duration, client.timeouts.connect, "TCP connection"),
    Setting { name: "smtp_helo_timeout", of: Of::Only(Family::Postfix),
        about: "greeting, and reply to EHLO",
        slot: |profile| {
            let timeouts = &mut profile.client.timeouts;
            Some(Slot::TwoDurations(&mut timeouts.greeting, &mut timeouts.ehlo))
        } },
    setting!(only Postfix, "smtp_starttls_timeout", Duration, client.timeouts.tls, "STARTTLS and handshake"),
    setting!(only Postfix, "smtp_mail_timeout", Duration, client.timeouts.mail, "reply to MAIL"),
    setting!(only Postfix, "smtp_rcpt_timeout", Duration, client.timeouts.rcpt, "reply to RCPT"),
    setting!(only Postfix, "smtp_data_init_timeout", Duration, client.timeouts.data_init, "354 to DATA"),
    setting!(only Postfix, "smtp_data_xfer_timeout", Duration, client.timeouts.data_block, "progress while the message is sent"),
    setting!(only Postfix, "smtp_data_done_timeout", Duration, client.timeouts.data_done, "reply to the final dot"),
    setting!(only Postfix, "smtp_rset_timeout", Duration, client.timeouts.rset, "reply to RSET"),
    setting!(only Postfix, "inet_protocols", Choice, client.options.families, "families of addresses that the client uses: \"all\", \"own\" (those of which it has an address; not a word of Postfix), \"ipv4\" or \"ipv6\""),
    setting!(only Postfix, "smtp_address_preference", Choice, client.options.preferred_family, "family tried first among addresses of equal preference: \"any\", \"ipv4\" or \"ipv6\""),
    setting!(only Postfix, "smtp_balance_inet_protocols", Flag, client.options.balances_families, "whether smtp_mx_address_limit leaves room for both families"),
    setting!(only Postfix, "smtp_randomize_addresses", Flag, client.options.randomizes_addresses, "whether addresses of equal preference are tried in random order"),
    setting!(only Postfix, "smtp_mx_address_limit", Limit, client.address_limit, "addresses tried in one delivery; 0: all"),
    setting!(only Postfix, "smtp_mx_session_limit", Limit, client.session_limit, "sessions past the greeting in one delivery; 0: no limit"),
    setting!(only Postfix, "smtp_skip_5xx_greeting", Flag, client.next_host.permanent_greeting_is_temporary, "whether a 5yz greeting counts as temporary"),
    setting!(only Postfix, "smtp_tls_security_level", Tls, client.tls, "\"none\", or \"may\": STARTTLS where it is offered"),
    // Postfix's SMTP server.
    setting!(only Postfix, "smtpd_client_connection_count_limit", Limit, server.max_sessions_per_client, "sessions of one client at once; 0: no limit"),
    setting!(only Postfix, "smtpd_recipient_limit", Limit, server.max_recipients, "recipients in one transaction; 0: no limit"),
];
