//! Microsoft Exchange.

use super::plain::plain_server;
use super::windows::{CONNECT, one_timeout, windows_client};
use super::{Evidence, Family, Profile};
use crate::queue::QueueSettings;
use crate::queue::exchange::{Intervals, Settings};
use crate::smtp::{ClientSettings, ClientTimeouts, ClientTls, ServerSettings};
use crate::units::{Octets, SimDuration};

const SOURCE: &str = "MicrosoftDocs/OfficeDocs-Exchange, ExchangeServer/mail-flow: \
                      queues/message-intervals.md, queues/queues.md, message-rate-limits.md, \
                      message-size-limits.md";

/// What the documents leave open about both roles.
const OPEN: &[&str] = &[
    "Whether the first attempt is one of the four of the glitch stage: modelled as 1 + 4 + 6.",
    "How many connections a queue opens after a failed one: one, until it succeeds.",
    "Order and choice of exchangers, self-exclusion, and which failures lead to the next one: as \
     RFC 5321 section 5.1 has it; commands are sent one by one.",
    "The largest number of Received fields (MaxHopCount): the hundred of RFC 5321 section 6.3. The \
     page on NDR 5.4.6 says that a loop is ended after 20 iterations, but not how many fields one \
     iteration adds (a loop has two servers or more), so it gives no number of fields.",
    "How long a connection may take: 21 s, when Windows up to Server 2008 R2 gives up (SYN \
     repeated after 3 and 9 s, then 12 s more); the documents of Exchange have no time-out for it.",
];

fn client() -> ClientSettings {
    ClientSettings {
        // ConnectionInactivityTimeOut of a Send connector.
        timeouts: ClientTimeouts { connect: CONNECT, ..one_timeout(SimDuration::from_minutes(10)) },
        pipelining: false,
        tls: ClientTls::Opportunistic,
        ..windows_client()
    }
}

/// Returns Exchange as it stands between mailboxes and the world: the Transport service of the
/// Mailbox role.
#[must_use]
pub fn exchange() -> Profile {
    Profile {
        name: "exchange",
        family: Family::Exchange,
        version: "2013 to 2019, Mailbox role",
        evidence: Evidence::VendorDocument,
        source: SOURCE,
        summary: "Exchange Server, Mailbox role: retry belongs to the queue",
        required: &[],
        not_documented: OPEN,
        queue: QueueSettings::Exchange(Settings::default()),
        client: client(),
        server: ServerSettings {
            starttls: true,
            size_limit: Some(Octets(10 << 20)),
            max_sessions: Some(5000),
            max_sessions_per_client: Some(20),
            max_recipients: Some(200),
            ..plain_server()
        },
    }
}

/// Returns Exchange on the perimeter: the Edge Transport role, with longer waits.
#[must_use]
pub fn exchange_edge() -> Profile {
    Profile {
        name: "exchange-edge",
        version: "2013 to 2019, Edge Transport role",
        summary: "Exchange Server, Edge Transport role",
        queue: QueueSettings::Exchange(Settings {
            intervals: Intervals::Staged {
                glitch_count: 4,
                glitch: SimDuration::from_minutes(1),
                transient_count: 6,
                transient: SimDuration::from_minutes(10),
                connection_failure: SimDuration::from_minutes(30),
            },
            ..Settings::default()
        }),
        ..exchange()
    }
}

/// Returns the SMTP service of Exchange 2000 and 2003 and of IIS: four intervals, delay notice after
/// twelve hours, expiry after two days, ten hops.
#[must_use]
pub fn exchange_2003() -> Profile {
    let minutes = SimDuration::from_minutes;
    Profile {
        name: "exchange-2003",
        version: "2000 and 2003, and the SMTP service of IIS",
        source: "Windows mail help, \"Delivery tab\"; TechNet cc757058; HopCount metabase page",
        summary: "Exchange 2003 and the SMTP service of IIS",
        not_documented: &[
            "What of one message that its next hop refused for now: it waits as long as a queue \
             does after its first failure.",
            "Limits of connections and of messages on one: none, and 20 messages.",
            "How long a connection may take: 21 s, when Windows of that time gives up (SYN \
             repeated after 3 and 9 s, then 12 s more).",
            "How long an idle queue is kept and how long a reply may take: 3 and 10 minutes, the \
             QueueMaxIdleTime and ConnectionInactivityTimeOut of Exchange 2013 and later.",
            "Order and choice of exchangers, and which failures lead to the next one: as RFC 5321 \
             section 5.1 has it; commands are sent one by one.",
        ],
        queue: QueueSettings::Exchange(Settings {
            intervals: Intervals::Rising {
                first: minutes(15),
                second: minutes(30),
                third: minutes(60),
                subsequent: minutes(240),
            },
            message_retry_interval: minutes(15),
            delay_notification_timeout: Some(SimDuration::from_hours(12)),
            max_idle_time_before_resubmit: None,
            max_outbound_connections: None,
            max_per_domain_outbound_connections: None,
            ..Settings::default()
        }),
        client: ClientSettings { tls: ClientTls::Never, ..client() },
        server: ServerSettings {
            starttls: false,
            size_limit: None,
            max_sessions: None,
            max_sessions_per_client: None,
            hop_limit: Some(10),
            ..exchange().server
        },
        ..exchange()
    }
}
