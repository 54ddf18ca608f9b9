//! What is no product: the letter of RFC 5321, the sinks of experiments, and hosts without an MTA.

use super::{Evidence, Family, Profile};
use crate::mail::ReceivedStyle;
use crate::network::SynSchedule;
use crate::queue::{QueueSettings, plain};
use crate::smtp::{
    Acceptance, ClientOptions, ClientSettings, ClientTimeouts, ClientTls, NextHost, ServerOptions,
    ServerSettings, ServiceTimes, TemporaryLookups,
};
use crate::units::Octets;

/// Returns a server that does what RFC 5321 says and no more: the least client time-outs of
/// §4.5.3.2, the retry rule of §4.5.4.1 read literally, every exchanger tried (§5.1), and a limit
/// of 100 Received fields (§6.3).
#[must_use]
pub fn rfc5321() -> Profile {
    Profile {
        name: "rfc5321",
        family: Family::Plain,
        version: "RFC 5321 (2008)",
        evidence: Evidence::Standard,
        source: "RFC 5321 sections 4.5.3.2, 4.5.4.1, 5.1 and 6.3",
        summary: "a server that does what RFC 5321 says and no more",
        required: &[],
        not_documented: &[],
        queue: QueueSettings::Plain(plain::Settings::default()),
        client: rfc5321_client(),
        server: plain_server(),
    }
}

/// Returns a scripted acceptor as the recordings use it: it takes everything, limits nothing and
/// adds no Received field. Its queue rules are never used.
#[must_use]
pub fn sink() -> Profile {
    let mut server = rfc5321().server;
    server.hop_limit = None;
    server.adds_received = false;
    Profile {
        name: "sink",
        evidence: Evidence::Invented,
        version: "1",
        source: "the scripted sinks of the recordings",
        summary: "accepts everything for its domains, adds no Received field",
        server,
        ..rfc5321()
    }
}

/// Returns a server that nobody here knows: a scenario states when it tries, and when it gives up.
/// All else is as RFC 5321 has it until the scenario says otherwise.
#[must_use]
pub fn schedule() -> Profile {
    Profile {
        name: "schedule",
        evidence: Evidence::Scenario,
        version: "1",
        source: "the scenario; what it leaves out is RFC 5321 sections 4.5.3.2, 5.1 and 6.3",
        summary: "a server of your own: gaps or ages of attempts, or a formula",
        required: &["gaps|offsets|first_gap", "lifetime|tries"],
        not_documented: &[],
        queue: QueueSettings::Plain(plain::Settings {
            lifetime: None,
            ..plain::Settings::default()
        }),
        ..rfc5321()
    }
}

/// Returns what a host has that is no mail server: a MUA, a proxy or a DNS server. Only its SMTP
/// client is used, which sends one command at a time, as most mail programs do.
#[must_use]
pub fn none() -> Profile {
    let mut client = plain_client();
    client.pipelining = false;
    Profile {
        name: "none",
        evidence: Evidence::Invented,
        version: "1",
        source: "time-outs of RFC 5321 section 4.5.3.2",
        summary: "no mail server: a MUA, a proxy or a DNS server",
        client,
        ..rfc5321()
    }
}

/// Returns the server of RFC 5321: no limit but that of Received fields.
pub(super) fn plain_server() -> ServerSettings {
    ServerSettings {
        ehlo: true,
        pipelining: true,
        starttls: false,
        auth: false,
        size_limit: None,
        max_sessions: None,
        refuses_excess_sessions: false,
        max_sessions_per_client: None,
        max_recipients: None,
        hop_limit: Some(99),
        adds_received: true,
        received: ReceivedStyle::Plain,
        acceptance: Acceptance::default(),
        options: ServerOptions::default(),
        service: ServiceTimes::default(),
    }
}

/// Returns the client of RFC 5321: its least time-outs, and every exchanger tried.
pub(super) fn plain_client() -> ClientSettings {
    ClientSettings {
        timeouts: ClientTimeouts::RFC5321,
        first_connect_timeout: None,
        syn: SynSchedule::default(),
        tcp_fast_open: false,
        pipelining: true,
        pipelines_mail: true,
        tls: ClientTls::Never,
        declares_size: true,
        size_margin: Octets::ZERO,
        checks_advertised_size: true,
        next_host: NextHost::RFC5321,
        address_limit: None,
        host_limit: None,
        addresses_per_host: None,
        session_limit: None,
        randomizes_equal_preference: true,
        finds_itself: true,
        skips_itself: false,
        merges_equal_routes: false,
        temporary_lookups: TemporaryLookups::default(),
        rset_before_reuse: false,
        options: ClientOptions::default(),
    }
}

fn rfc5321_client() -> ClientSettings {
    let options =
        ClientOptions { excess_recipients_are_temporary: true, ..ClientOptions::default() };
    ClientSettings { options, ..plain_client() }
}
