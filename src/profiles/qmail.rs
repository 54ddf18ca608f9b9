//! qmail.

use super::plain::{plain_client, plain_server};
use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::AddressFamilies;
use crate::queue::{QueueSettings, qmail as queue};
use crate::smtp::{
    ClientOptions, ClientSettings, ClientTimeouts, NextHost, ServerOptions, ServerSettings,
};
use crate::units::SimDuration;

/// Returns notqmail with what its programs have built in. `qmail-remote` sends one command at a
/// time and takes no other exchanger once one has answered the connection; whatever is wrong with
/// the welcome is temporary.
#[must_use]
pub fn qmail() -> Profile {
    let every = SimDuration::from_secs(1200);
    Profile {
        name: "qmail",
        family: Family::Qmail,
        version: "notqmail 1.08",
        evidence: Evidence::Recorded,
        source: "recordings of notqmail 1.08, with qmail-send.c, qmail-remote.c, tcpto.c, dns.c and \
                 qmail-smtpd.c of that version",
        summary: "qmail or notqmail: ages of 400 s times the squares, one recipient a session",
        required: &[],
        not_documented: &[
            "Sessions served at once are the business of whoever starts qmail-smtpd (40 with \
             tcpserver): no limit here",
            "qmail-remote greets with HELO; here it is EHLO, which takes as long",
        ],
        queue: QueueSettings::Qmail(queue::Settings::default()),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: SimDuration::from_secs(60),
                greeting: every,
                ehlo: every,
                tls: every,
                mail: every,
                rcpt: every,
                data_init: every,
                data_block: every,
                data_done: every,
                rset: every,
            },
            pipelining: false,
            declares_size: false,
            checks_advertised_size: false,
            next_host: NextHost::QMAIL,
            // `dns.c` asks for A records alone.
            options: ClientOptions { families: AddressFamilies::Ipv4, ..ClientOptions::default() },
            ..plain_client()
        },
        server: ServerSettings {
            received: ReceivedStyle::Qmail,
            hop_limit: Some(100),
            // `qmail-smtpd` adds one, `qmail-queue` another.
            options: ServerOptions { more_received: 1, ..ServerOptions::default() },
            ..plain_server()
        },
    }
}
