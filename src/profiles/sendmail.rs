//! Sendmail.

use super::plain::{plain_client, plain_server};
use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::PreferredFamily;
use crate::queue::{QueueSettings, sendmail as queue};
use crate::smtp::{
    ClientOptions, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions,
    ServerSettings, Vrfy,
};
use crate::units::SimDuration;

/// Returns Sendmail with the defaults of `sendmail/conf.c`, `readcf.c` (`inittimeouts`) and
/// `cf/m4/cfhead.m4`, and the queue interval of Debian's package.
///
/// The hop limit is the queue's: a message that has come too far is accepted and returned.
#[must_use]
pub fn sendmail() -> Profile {
    Profile {
        name: "sendmail",
        family: Family::Sendmail,
        version: "8.17.1",
        evidence: Evidence::Recorded,
        source: "recordings of Sendmail 8.17.1.9 (Debian bookworm), chosen and drawn at random; \
                 sendmail/queue.c, deliver.c, recipient.c, domain.c, mci.c, envelope.c, conf.c \
                 and readcf.c of sendmail 8.17.1",
        summary: "Sendmail as Debian packages it: a queue run every ten minutes",
        required: &[],
        not_documented: &[
            "Sendmail itself has no queue interval (option -q of the daemon): 10m is that of \
             Debian's package (QUEUE_INTERVAL in debian/local/Parse_conf.pm); the documents of \
             Sendmail show 30m and 1h",
            "confTO_CONNECT has no default, so the kernel's limit holds: 127 s with the 6 \
             repetitions of Linux",
            "The server offers STARTTLS only where a certificate is configured \
             (confSERVER_CERT), which has no default: not offered. Not modelled: what the client \
             does where TLS fails.",
        ],
        queue: QueueSettings::Sendmail(queue::Settings::default()),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: SimDuration::from_secs(127),
                greeting: SimDuration::from_minutes(5),
                ehlo: SimDuration::from_minutes(5),
                tls: SimDuration::from_hours(1),
                mail: SimDuration::from_minutes(10),
                rcpt: SimDuration::from_hours(1),
                data_init: SimDuration::from_minutes(5),
                data_block: SimDuration::from_hours(1),
                data_done: SimDuration::from_hours(1),
                // A connection is probed with RSET before it is used again (`smtpprobe`), for
                // which Timeout.misc holds.
                rset: SimDuration::from_minutes(2),
            },
            // Built with STARTTLS, it uses it wherever it is offered; no certificate is needed.
            tls: ClientTls::Opportunistic,
            pipelines_mail: false,
            checks_advertised_size: false,
            next_host: NextHost::SENDMAIL,
            rset_before_reuse: true,
            options: ClientOptions {
                preferred_family: PreferredFamily::Ipv6,
                resets_at_once: true,
                // `putbody` flushes what it has written (deliver.c); the dot follows from `smtpdata`.
                writes_dot_apart: true,
                quits_after_closing: true,
                // Timeout.quit
                quit_patience: Some(SimDuration::from_minutes(2)),
                ..plain_client().options
            },
            ..plain_client()
        },
        server: ServerSettings {
            received: ReceivedStyle::Sendmail,
            hop_limit: None,
            // That it takes stray dots was asked of Sendmail 8.17.1.
            options: ServerOptions {
                vrfy: Vrfy::Answers,
                takes_stray_dots: true,
                ..ServerOptions::default()
            },
            ..plain_server()
        },
    }
}
