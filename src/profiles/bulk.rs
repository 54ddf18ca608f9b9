//! Mail servers of the last decade with an exponential or listed schedule for each message: Haraka,
//! KumoMTA, Stalwart and Maddy.

use super::plain::{plain_client, plain_server};
use super::windows::one_timeout;
use super::{Evidence, Family, Profile};
use crate::mail::{ReceivedStyle, Status};
use crate::queue::QueueSettings;
use crate::queue::plain::{self, Expiry, Gaps, NoticesTo, Unit};
use crate::smtp::{
    ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions, ServerSettings,
    TemporaryLookups,
};
use crate::units::{Octets, SimDuration};

/// Returns Haraka.
///
/// `outbound/config.js`: 2^(n + 5) seconds after the n-th failure, `maxTempFailures` 13, so the list
/// has twelve gaps and the thirteenth failure returns the message (`HMailItem.temp_fail`). One queue
/// file for each destination. The timer queue is looked through once a second, by a timer of Node that
/// is set again when it has fired, a millisecond late or more (1 to 20 in the recordings), so that
/// what became due by the work of one look is seen by another that many whole seconds on
/// (`timer_queue.js`). A message given up is told of as its last failure, 5 for 4 (`temp_fail`,
/// `convert_temp_failed_to_bounce`); 5.1.2 if no exchanger was left (`try_deliver`). Its server adds a
/// Received field, and the outbound queue another. `outbound/hmail.js`:
/// a socket that fails, closes or times out leads to the next exchanger at any stage, a 4yz reply
/// never does; `client_pool.js` sets one time-out of 30 s of silence, which stays set for the whole
/// session. Its own addresses are passed over (`local_mx_ok` false); where no address is left the message
/// is tried again (`try_deliver`).
#[must_use]
pub fn haraka() -> Profile {
    Profile {
        name: "haraka",
        family: Family::Plain,
        version: "3.1.6",
        evidence: Evidence::Recorded,
        source: "recordings of 3.1.6, with outbound/{config,hmail,queue,timer_queue,client_pool}.js of \
                 that version",
        summary: "Haraka with its default settings",
        required: &[],
        not_documented: &[
            "Equal exchangers change places by the toss of a coin with their neighbour; modelled as \
             a random order.",
            "Where only some recipients of a file are put off, they get a file of their own that \
             counts its failures anew; not modelled.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::ending((1..=12).map(|n| SimDuration::from_secs(1 << (n + 5))).collect()),
            lifetime: None,
            unreached_status: Some(Status::new(5, 1, 2)),
            look_every: Some(SimDuration::from_millis(1001)),
            threads: Some(10_000),
            concurrency: None,
            recipient_limit: None,
            unit: Unit::Destination,
            ..plain::Settings::default()
        }),
        client: ClientSettings {
            timeouts: one_timeout(SimDuration::from_secs(30)),
            pipelining: false,
            tls: ClientTls::Opportunistic,
            next_host: NextHost::HARAKA,
            finds_itself: false,
            skips_itself: true,
            temporary_lookups: TemporaryLookups {
                no_address: true,
                loops_back: true,
                ..TemporaryLookups::default()
            },
            ..plain_client()
        },
        server: ServerSettings {
            received: ReceivedStyle::Haraka,
            size_limit: Some(Octets(26_214_400)),
            hop_limit: Some(100),
            options: ServerOptions { more_received: 1, ..ServerOptions::default() },
            ..plain_server()
        },
    }
}

/// Returns KumoMTA.
///
/// `crates/kumod/src/queue/config.rs`: `retry_interval` 20 min doubles without a limit, `max_age` is
/// 7 d; `queue/queue.rs`, `increment_attempts_and_update_delay`: 30 s more or less, and a message
/// whose next attempt would come after `max_age` is given up at once, which the ninth failure does.
/// The timer wheel turns every 3 s (`queue/maintainer.rs`). Every recipient is a message of its own
/// (`BatchHandling::BifurcateAlways`). `ready_queue.rs`: after more than 100 deliveries in succession
/// that reached no host, each further one puts off all that waits for the site with it. Any failure
/// to connect, 5yz greetings included, leads to the next host; later ones do not
/// (`try_next_host_on_transport_error` false). A domain that does not resolve, for whatever reason, is
/// tried again (`Queue::insert_ready_impl`, `FailedResolve`), one with a null MX is not. Nobody is told: failures go to the log.
#[must_use]
pub fn kumomta() -> Profile {
    Profile {
        name: "kumomta",
        family: Family::Plain,
        version: "August 2026 (3ebc1e85)",
        evidence: Evidence::SourceCode,
        source: "crates/kumod/src/{queue/config,queue/queue,queue/maintainer,ready_queue,\
                 smtp_dispatcher}.rs, crates/kumo-api-types/src/egress_path.rs, \
                 crates/rfc5321/src/client_types.rs",
        summary: "KumoMTA with its default settings",
        required: &[],
        not_documented: &[
            "What it does where it is an exchanger of the domain itself: as RFC 5321 section 5.1 has it.",
            "Time-outs: the source has DATA 300 s, dot 300 s, idle 5 s; the documentation says 30, \
             60 and 60 s. The source is followed.",
            "What exceeds 1024 messages in the ready queue is delayed by up to a minute; not \
             modelled.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::growing(SimDuration::from_minutes(20), 2.0),
            spread: SimDuration::from_secs(30),
            lifetime: Some(SimDuration::from_days(7)),
            expiry: Expiry::Ahead,
            failure_notices: NoticesTo::Nobody,
            look_every: Some(SimDuration::from_secs(3)),
            concurrency: Some(32),
            recipient_limit: Some(100),
            connection_messages: 1024,
            connection_idle: SimDuration::from_secs(5),
            dead_site_failures: Some(100),
            unit: Unit::Recipient,
            ..plain::Settings::default()
        }),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                connect: SimDuration::from_secs(60),
                greeting: SimDuration::from_secs(60),
                ehlo: SimDuration::from_secs(300),
                tls: SimDuration::from_secs(5),
                mail: SimDuration::from_secs(300),
                rcpt: SimDuration::from_secs(300),
                data_init: SimDuration::from_secs(300),
                data_block: SimDuration::from_secs(300),
                data_done: SimDuration::from_secs(300),
                rset: SimDuration::from_secs(5),
            },
            tls: ClientTls::Opportunistic,
            next_host: NextHost::KUMOMTA,
            temporary_lookups: TemporaryLookups {
                no_such_domain: true,
                no_address: true,
                ..TemporaryLookups::default()
            },
            rset_before_reuse: true,
            ..plain_client()
        },
        server: ServerSettings { size_limit: Some(Octets(20 << 20)), ..plain_server() },
    }
}

/// Returns Stalwart.
///
/// `crates/common/src/config/smtp/queue.rs` and `crates/registry`: the retry list, notice at a day,
/// expiry after three days, both by the queue's timer (`Message::next_event`): the eighth gap is a
/// day, so there are nine attempts. `crates/smtp/src/outbound/delivery.rs`: two exchangers and two
/// addresses of each; whatever fails up to EHLO and TLS leads to the next, what is final there only
/// at the last; later failures end the attempt (`outbound/session.rs`, one command at a time).
#[must_use]
pub fn stalwart() -> Profile {
    let seconds = [120, 300, 600, 900, 1_800, 3_600, 7_200, 86_400, 259_200];
    Profile {
        name: "stalwart",
        family: Family::Plain,
        version: "0.16.19",
        evidence: Evidence::SourceCode,
        source: "crates/common/src/{config/smtp/queue,manager/defaults}.rs, crates/registry, \
                 crates/smtp/src/{queue,outbound}",
        summary: "Stalwart with its default settings",
        required: &[],
        not_documented: &[
            "What it does where it is an exchanger of the domain itself: as RFC 5321 section 5.1 has it.",
            "Recipients in one transaction: no limit was found.",
            "Notices of its own have another schedule (ten attempts at 15, 30, 60 and 120 min); \
             modelled by that of other mail.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps: Gaps::repeating(seconds.map(SimDuration::from_secs).to_vec()),
            lifetime: Some(SimDuration::from_days(3)),
            expiry: Expiry::Timer,
            delay_notice: Some(SimDuration::from_days(1)),
            notice_by_timer: true,
            threads: Some(50),
            concurrency: None,
            recipient_limit: None,
            ..plain::Settings::default()
        }),
        client: ClientSettings {
            timeouts: ClientTimeouts {
                data_init: SimDuration::from_minutes(10),
                data_block: SimDuration::from_minutes(10),
                data_done: SimDuration::from_minutes(10),
                ..one_timeout(SimDuration::from_minutes(5))
            },
            pipelining: false,
            tls: ClientTls::Opportunistic,
            host_limit: Some(2),
            addresses_per_host: Some(2),
            next_host: NextHost::UP_TO_EHLO,
            ..plain_client()
        },
        server: ServerSettings {
            size_limit: Some(Octets(104_857_600)),
            max_recipients: Some(100),
            hop_limit: Some(49),
            ..plain_server()
        },
    }
}

/// Returns Maddy.
///
/// `internal/target/queue/queue.go`, `tryDelivery`: the scale 1.25^(n - 1) becomes an integer before
/// it multiplies 15 min, so the gaps are 15 min four times, then 30 min, and so on; the twentieth
/// failure returns the message. `readDiskQueue`: what is found at a start waits for 10 s.
/// `internal/target/remote/connect.go`: whatever fails up to TLS leads to the next exchanger, what
/// is final there only at the last; replies to MAIL and RCPT end the attempt. Ten messages on a
/// connection; ten connections to a domain and failure notices for local senders only, as the
/// shipped `maddy.conf` has it.
#[must_use]
pub fn maddy() -> Profile {
    let mut gaps = Gaps::growing(SimDuration::from_minutes(15), 1.25);
    gaps.whole_factor = true;
    Profile {
        name: "maddy",
        family: Family::Plain,
        version: "0.9.4",
        evidence: Evidence::SourceCode,
        source: "internal/target/queue/queue.go, internal/target/remote/{remote,connect}.go, \
                 maddy.conf",
        summary: "Maddy with its shipped configuration",
        required: &[],
        not_documented: &[
            "What it does where it is an exchanger of the domain itself: as RFC 5321 section 5.1 has it.",
            "Its documentation has a retry_time_scale of 1.2 and a submission_timeout of 12 min; \
             the source has 1.25 and 5 min and is followed.",
            "maddy.conf limits each destination to 20 messages a second and demands TLS; not \
             modelled.",
        ],
        queue: QueueSettings::Plain(plain::Settings {
            gaps,
            tries: Some(20),
            lifetime: None,
            failure_notices: NoticesTo::Local,
            threads: Some(16),
            restart_delay: SimDuration::from_secs(10),
            concurrency: Some(10),
            recipient_limit: None,
            connection_messages: 10,
            connection_idle: SimDuration::from_secs(150),
            ..plain::Settings::default()
        }),
        client: ClientSettings {
            timeouts: one_timeout(SimDuration::from_minutes(5)),
            pipelining: false,
            tls: ClientTls::Opportunistic,
            next_host: NextHost::UP_TO_EHLO,
            rset_before_reuse: true,
            ..plain_client()
        },
        server: ServerSettings {
            size_limit: Some(Octets(32 << 20)),
            max_recipients: Some(20_000),
            hop_limit: Some(49),
            ..plain_server()
        },
    }
}
