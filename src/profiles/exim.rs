//! Exim.

use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::{PreferredFamily, SynSchedule};
use crate::queue::{QueueSettings, exim as queue};
use crate::smtp::{
    Acceptance, ClientOptions, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions,
    ServerSettings, ServiceTimes, TemporaryLookups,
};
use crate::units::{Octets, SimDuration};

/// Returns Exim with the defaults of `src/globals.c` and `src/transports/smtp.c`, and the retry
/// rule, `ignore_bounce_errors_after` and `timeout_frozen_after` of `src/configure.default`.
///
/// A message whose best exchanger is Exim itself is put off and frozen (`self = freeze`), so that
/// look-up counts as temporary here. Exim takes messages with too many Received fields and fails
/// them afterwards, so its server has no limit of its own.
#[must_use]
pub fn exim() -> Profile {
    Profile {
        name: "exim",
        family: Family::Exim,
        version: "4.96",
        evidence: Evidence::Recorded,
        source: "recordings of Exim 4.96 and 4.98.2; src/globals.c, src/retry.c, src/deliver.c, src/queue.c, \
                 src/daemon.c, src/transport.c, src/transports/smtp.c, src/configure.default of 4.99",
        summary: "Exim with its default settings",
        required: &[],
        not_documented: &[
            "The interval of queue runs is an argument of the daemon without a default; half an \
             hour is the example of the Exim specification.",
            "Where 4.96 and later versions differ 4.96 is followed: remote_max_parallel is 2 (4.99: \
             4), and of the messages that wait for a host the newest goes first over a connection \
             to it (from 4.98 on the oldest: newest_waiting_first = false).",
            "STARTTLS is offered to all, as upstream does; Debian's package offers it only where a \
             certificate is configured (starttls = false). Not modelled: that Exim goes on in \
             plain text where TLS fails (tls_tempfail_tryclear).",
        ],
        queue: QueueSettings::Exim(queue::Settings::default()),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                data_init: SimDuration::from_minutes(5),
                data_block: SimDuration::from_minutes(5),
                ..ClientTimeouts::RFC5321
            },
            first_connect_timeout: None,
            syn: SynSchedule::default(),
            tcp_fast_open: true,
            pipelining: true,
            pipelines_mail: true,
            // `hosts_avoid_tls` is unset: TLS wherever it is offered.
            tls: ClientTls::Opportunistic,
            declares_size: true,
            size_margin: Octets(1024),
            checks_advertised_size: false,
            next_host: NextHost::EXIM,
            address_limit: None,
            host_limit: None,
            addresses_per_host: None,
            session_limit: None,
            randomizes_equal_preference: true,
            finds_itself: true,
            skips_itself: false,
            merges_equal_routes: true,
            temporary_lookups: TemporaryLookups { loops_back: true, ..Default::default() },
            rset_before_reuse: false,
            // `hosts_try_chunking` and `chunking_advertise_hosts` are `*`.
            options: ClientOptions {
                chunking: true,
                fallback_needs_hosts: true,
                // `smtp_deliver`: the reply to QUIT is waited for, for a second. A 421 is a reply
                // like others, and the server's to act on.
                quit_patience: Some(SimDuration::from_secs(1)),
                stays_after_421: true,
                randomizes_within_host: true,
                preferred_family: PreferredFamily::Ipv6,
                prefers_family_across_hosts: true,
                ..ClientOptions::default()
            },
        },
        server: ServerSettings {
            ehlo: true,
            pipelining: true,
            // `tls_advertise_hosts` is `*`, with a certificate made on the spot if none is given.
            starttls: true,
            auth: false,
            size_limit: Some(Octets(52_428_800)),
            max_sessions: Some(20),
            refuses_excess_sessions: true,
            max_sessions_per_client: None,
            max_recipients: Some(50_000),
            hop_limit: None,
            adds_received: true,
            received: ReceivedStyle::Exim,
            acceptance: Acceptance::default(),
            // That it takes stray dots was asked of Exim 4.96.
            options: ServerOptions {
                chunking: true,
                takes_stray_dots: true,
                ..ServerOptions::default()
            },
            service: ServiceTimes::default(),
        },
    }
}
