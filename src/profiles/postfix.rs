//! Postfix.

use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::SynSchedule;
use crate::queue::{QueueSettings, postfix};
use crate::smtp::{
    Acceptance, ClientOptions, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions,
    ServerSettings, ServiceTimes, TemporaryLookups, Vrfy,
};
use crate::units::{Octets, SimDuration};

/// Returns Postfix with the defaults of `src/global/mail_params.h`.
///
/// `hop_limit` counts *arriving* Received fields: with `hopcount_limit = 50` a message that arrives
/// with 49 is refused, since Postfix counts its own field too (recorded in case 08c).
#[must_use]
pub fn postfix() -> Profile {
    Profile {
        name: "postfix",
        family: Family::Postfix,
        version: "3.7.11",
        evidence: Evidence::Recorded,
        source: "recordings of Postfix 3.7.11 and 3.10.13; src/global/mail_params.h, src/qmgr, \
                 src/smtp of 3.7.11 and 3.12-20260821",
        summary: "Postfix with its default settings",
        required: &[],
        not_documented: &[
            "3.7.11 and 3.10.13 have the same defaults for what is modelled, and their recordings \
             agree with one model; where newer source differs, 3.7.11 is followed.",
        ],
        queue: QueueSettings::Postfix(postfix::Settings::default()),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: SimDuration::from_secs(30),
                greeting: SimDuration::from_secs(300),
                ehlo: SimDuration::from_secs(300),
                tls: SimDuration::from_secs(300),
                mail: SimDuration::from_secs(300),
                rcpt: SimDuration::from_secs(300),
                data_init: SimDuration::from_secs(120),
                data_block: SimDuration::from_secs(180),
                data_done: SimDuration::from_secs(600),
                rset: SimDuration::from_secs(20),
            },
            first_connect_timeout: None,
            syn: SynSchedule::default(),
            tcp_fast_open: false,
            pipelining: true,
            pipelines_mail: true,
            tls: ClientTls::Never,
            declares_size: true,
            size_margin: Octets::ZERO,
            checks_advertised_size: true,
            next_host: NextHost::POSTFIX,
            address_limit: Some(5),
            host_limit: None,
            addresses_per_host: None,
            session_limit: Some(2),
            randomizes_equal_preference: true,
            finds_itself: true,
            skips_itself: false,
            merges_equal_routes: false,
            temporary_lookups: TemporaryLookups::default(),
            rset_before_reuse: true,
            // That 552 at RCPT is temporary stands in `src/smtp/smtp_proto.c`, in a block that is
            // never compiled.
            options: ClientOptions {
                randomizes_addresses: true,
                reuses_by_address: true,
                forgets_size_limit: true,
                balances_families: true,
                ..ClientOptions::default()
            },
        },
        server: ServerSettings {
            ehlo: true,
            pipelining: true,
            starttls: false,
            auth: false,
            size_limit: Some(Octets(10_240_000)),
            max_sessions: Some(100),
            refuses_excess_sessions: false,
            max_sessions_per_client: Some(50),
            max_recipients: Some(1000),
            hop_limit: Some(49),
            adds_received: true,
            received: ReceivedStyle::Postfix,
            acceptance: Acceptance::default(),
            options: ServerOptions {
                chunking: true,
                smtputf8: true,
                vrfy: Vrfy::AsRcpt,
                // `src/master/master_listen.c` takes the process limit for it.
                listen_queue: Some(100),
                // Asked of Postfix 3.7.11.
                takes_stray_dots: true,
                ..ServerOptions::default()
            },
            service: ServiceTimes::default(),
        },
    }
}
