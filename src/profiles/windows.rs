//! Mail servers for Windows with a schedule for each message: hMailServer, MailEnable, IceWarp and
//! Ipswitch IMail.

use super::plain::{plain_client, plain_server};
use super::{Evidence, Family, Profile};
use crate::queue::QueueSettings;
use crate::queue::plain::{self, Expiry, Gaps, Order};
use crate::smtp::{
    ClientSettings, ClientTimeouts, ServerOptions, ServerSettings, TemporaryLookups, Vrfy,
};
use crate::units::{Octets, SimDuration};

/// One time-out for everything, as servers with a single timer of inactivity have.
pub(super) const fn one_timeout(span: SimDuration) -> ClientTimeouts {
    ClientTimeouts {
        connect: span,
        greeting: span,
        ehlo: span,
        tls: span,
        mail: span,
        rcpt: span,
        data_init: span,
        data_block: span,
        data_done: span,
        rset: span,
    }
}

/// Windows gives up connecting after this: the first SYN is repeated twice, after 3 and 6 seconds,
/// and 12 more pass (`TcpInitialRTT` 3, `TcpMaxConnectRetransmissions` 2; Windows 2000 registry
/// reference, and so up to Windows Server 2008 R2).
pub(super) const CONNECT: SimDuration = SimDuration::from_secs(21);

/// Returns the client of RFC 5321 on Windows.
pub(super) fn windows_client() -> ClientSettings {
    let timeouts = ClientTimeouts { connect: CONNECT, ..ClientTimeouts::RFC5321 };
    ClientSettings { timeouts, ..plain_client() }
}

fn minutes(list: &[u64]) -> Vec<SimDuration> {
    list.iter().map(|&minutes| SimDuration::from_minutes(minutes)).collect()
}

/// Returns hMailServer.
///
/// `smtpnoofretries` is 4 and `smtpminutesbetweenretries` 60 (`DBScripts/CreateTables*.sql`), so
/// there are five attempts; `ExternalDelivery::RescheduleDelivery_` counts them for the message.
/// `SMTPDeliveryManager::DoWork` looks for due messages at every arrival and a minute after the last
/// look; `LoadPendingMessageList_` sorts what one look finds by size, tries and id, and the work
/// queue behind is first in, first out: the smallest goes first only among those found together.
/// Answers without a server are never final (`HandleNoRecipientServers_`), a 5yz greeting is
/// (`SMTPClientConnection::UpdateRecipientWithError_`), every 4yz leads to the next server
/// (`DeliverToSingleDomain_`). Exchangers are sorted by preference alone and cut to 15 addresses.
#[must_use]
pub fn hmailserver() -> Profile {
    Profile {
        name: "hmailserver",
        family: Family::Plain,
        version: "master of April 2025",
        evidence: Evidence::SourceCode,
        source: "hmailserver/source/Server/SMTP/{ExternalDelivery,SMTPDeliveryManager,\
                 SMTPClientConnection}.cpp, source/DBScripts/CreateTables*.sql",
        summary: "hMailServer with its default settings",
        required: &[],
        not_documented: &[
            "Received fields: no limit was found in the source, so none is modelled.",
            "Attempts lie up to a minute further apart than smtpminutesbetweenretries says: the \
             server looks for due messages once a minute, and a message becomes due just after a \
             look, so that a gap of 1h becomes 1h01m.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::repeating(minutes(&[60])),
            tries: Some(5),
            lifetime: None,
            look_every: Some(SimDuration::from_minutes(1)),
            look_on_arrival: true,
            order: Order::SmallestFirst,
            threads: Some(10),
            concurrency: None,
            recipient_limit: Some(100),
            ..plain::Settings::default()
        }),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: CONNECT,
                ..one_timeout(SimDuration::from_minutes(10))
            },
            pipelining: false,
            address_limit: Some(15),
            randomizes_equal_preference: false,
            finds_itself: false,
            skips_itself: true,
            temporary_lookups: TemporaryLookups {
                no_such_domain: true,
                null_mx: true,
                no_address: true,
                loops_back: true,
            },
            ..plain_client()
        },
        server: ServerSettings {
            size_limit: Some(Octets(20_480 * 1024)),
            max_recipients: Some(50_000),
            hop_limit: None,
            options: ServerOptions { vrfy: Vrfy::Disabled, ..ServerOptions::default() },
            ..plain_server()
        },
    }
}

/// Returns MailEnable: the gaps of its help page "SMTP delivery options". Lifetime and number of
/// retries both exist, and the first reached ends a message; the page tells no defaults.
#[must_use]
pub fn mailenable() -> Profile {
    Profile {
        name: "mailenable",
        family: Family::Plain,
        version: "not stated by its help pages",
        evidence: Evidence::VendorDocument,
        source: "mailenable.com help, \"SMTP delivery options\"",
        summary: "MailEnable; lifetime, tries and delay notice have to be given",
        required: &["lifetime", "tries", "delay_notice"],
        not_documented: &[
            "Send threads, time-outs and poll interval exist, but no default is told: no limit, \
             the time-outs of RFC 5321 and a timer for each message stand in for them.",
            "Which failures lead to the next exchanger: as RFC 5321 section 5.1 has it.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::repeating(minutes(&[15, 30, 60, 240])),
            lifetime: None,
            concurrency: None,
            ..plain::Settings::default()
        }),
        client: windows_client(),
        server: plain_server(),
    }
}

/// Returns IceWarp, once Merak: the retry list of its FAQ 2997, read as gaps.
#[must_use]
pub fn icewarp() -> Profile {
    Profile {
        name: "icewarp",
        family: Family::Plain,
        version: "not stated by its documents",
        evidence: Evidence::VendorDocument,
        source: "IceWarp FAQ 2997 and online help, General and Advanced tabs",
        summary: "IceWarp; undeliverable_after and warning_after have to be given",
        required: &["undeliverable_after", "warning_after"],
        not_documented: &[
            "Whether the list holds gaps or ages: the vendor's example adds them up, so gaps. The \
             other reading is offsets = \"2m 10m 38m 70m 120m*\".",
            "Five priorities of messages exist, each about twice as fast as the next; not modelled.",
            "Limits of hops, recipients and messages a minute exist without a default: none.",
            "Time-outs and the way to the next exchanger: as RFC 5321 has them.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::repeating(minutes(&[2, 10, 38, 70, 120])),
            lifetime: None,
            concurrency: None,
            ..plain::Settings::default()
        }),
        client: windows_client(),
        server: plain_server(),
    }
}

/// Returns Ipswitch IMail: every time its queue timer reaches zero all that waits is tried, until
/// the tries before return to sender are used up. Thirty delivery threads, half of which may retry;
/// messages never tried come first, then by age (v12 guide, Queue Manager page).
#[must_use]
pub fn imail() -> Profile {
    Profile {
        name: "imail",
        family: Family::Plain,
        version: "7.1 to 12",
        evidence: Evidence::VendorDocument,
        source: "IMail guides 7.1, 8.2, v10 and v12: View Queue, Files in the Queue, Queue Manager",
        summary: "Ipswitch IMail; queue_timer and tries_before_return have to be given",
        required: &["queue_timer", "tries_before_return"],
        not_documented: &[
            "When the queue timer reaches zero first: drawn within one period.",
            "After a crash stale locks hold messages for up to an hour; not modelled.",
            "Time-outs and the way to the next exchanger: as RFC 5321 has them.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::repeating(vec![SimDuration::ZERO]),
            lifetime: None,
            expiry: Expiry::AfterAttempt,
            order: Order::NeverTriedFirst,
            threads: Some(30),
            retry_threads: Some(15),
            concurrency: None,
            ..plain::Settings::default()
        }),
        client: windows_client(),
        server: plain_server(),
    }
}
