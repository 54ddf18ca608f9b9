//! OpenSMTPD.

use super::plain::plain_client;
use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::{AddressFamilies, PreferredFamily};
use crate::queue::{QueueSettings, opensmtpd};
use crate::smtp::{
    Acceptance, ClientOptions, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions,
    ServerSettings, ServiceTimes, TemporaryLookups, Vrfy,
};
use crate::units::{Octets, SimDuration};

/// One timer for everything a session waits for (`mta_session.c`, `mta_connect`). It covers the
/// connection too, but the kernel gives that up first.
const TIMEOUT: SimDuration = SimDuration::from_minutes(5);

/// Returns OpenSMTPD with its defaults, as recorded at 6.8.0p2 and 7.6.0p1 and as read at the former.
/// In the recordings the two differ in one thing, the notice of the end (`expires_for_good`); here it
/// is the newer one's.
///
/// Its relay action alone would send a backup's mail to the backup itself, so administrators write
/// `relay backup` there. A scenario does the same of its own accord for a host that it makes an
/// exchanger of a domain whose mailboxes are elsewhere ([`Family::is_told_to_be_backup`]); with
/// `finds_itself = false` stated, the mail goes round as without that word.
#[must_use]
pub fn opensmtpd() -> Profile {
    Profile {
        name: "opensmtpd",
        family: Family::OpenSmtpd,
        version: "7.6.0p1",
        evidence: Evidence::Recorded,
        source: "recordings of 6.8.0p2 and 7.6.0p1, with mta.c, mta_session.c, limit.c, scheduler.c, \
                 scheduler_ramqueue.c, queue.c, bounce.c and dns.c of the former",
        summary: "quadratic back-off for each recipient, few connections, opened slowly and kept",
        required: &[],
        not_documented: &[
            "Versions after 7.6.0p1 are not recorded; for 6.8 set expires_for_good = false.",
        ],
        queue: QueueSettings::OpenSmtpd(opensmtpd::Settings::default()),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: TIMEOUT,
                greeting: TIMEOUT,
                ehlo: TIMEOUT,
                tls: TIMEOUT,
                mail: TIMEOUT,
                rcpt: TIMEOUT,
                data_init: TIMEOUT,
                data_block: TIMEOUT,
                data_done: TIMEOUT,
                rset: TIMEOUT,
            },
            tls: ClientTls::Opportunistic,
            // `mta_session.c` reads that the server offers PIPELINING and makes no use of it.
            pipelining: false,
            declares_size: false,
            // A greeting or EHLO that is refused, for now or for good, is a failed connection.
            next_host: NextHost::OPENSMTPD,
            // The look-ups of the exchangers' addresses run side by side; the list has them in the
            // order of the answers (`dns.c`, `mta.c`).
            randomizes_equal_preference: true,
            // Only where it is told to be a backup does it know its own name among the exchangers.
            finds_itself: false,
            merges_equal_routes: false,
            // `dns.c`, `mta_on_mx`: only a domain that does not exist fails at once.
            temporary_lookups: TemporaryLookups {
                no_such_domain: false,
                null_mx: true,
                no_address: true,
                loops_back: true,
            },
            options: ClientOptions {
                // `mta_session.c`, `IMSG_MTA_OPEN_MESSAGE`: `fstat` of the message's file.
                compares_file_size: true,
                // `dns.c`, `dns_dispatch_mx`: a look-up of its own for each exchanger, all under way at
                // the same time.
                asks_for_hosts_together: true,
                // `dns.c`, `dns_lookup_host`: `AI_ADDRCONFIG`; the answers have IPv6 in front
                // (asked of OpenSMTPD 6.8.0p2).
                families: AddressFamilies::Own,
                preferred_family: PreferredFamily::Ipv6,
                // `mta_session.c`, states `MTA_BODY` and `MTA_EOM`; 42 to 44 ms in all recordings.
                writes_dot_apart: true,
                first_message_in_pieces: true,
                // `mta_response`: RSET after a refusal, whatever its code (`MTA_RSET`), and an end
                // after `max-failures-per-session` refusals (`limit.c`).
                rset_after_refusal: true,
                stays_after_421: true,
                refusals_in_a_row: Some(25),
                ..ClientOptions::default()
            },
            ..plain_client()
        },
        server: ServerSettings {
            ehlo: true,
            pipelining: false,
            starttls: false,
            auth: true,
            size_limit: Some(Octets(36_700_160)),
            max_sessions: None,
            max_sessions_per_client: None,
            refuses_excess_sessions: false,
            max_recipients: Some(1000),
            hop_limit: Some(100),
            adds_received: true,
            received: ReceivedStyle::OpenSmtpd,
            acceptance: Acceptance::default(),
            options: ServerOptions { vrfy: Vrfy::Unknown, ..ServerOptions::default() },
            service: ServiceTimes::default(),
        },
    }
}
