//! The mail servers known: queue rules, SMTP client and SMTP server of each, with their evidence.

use crate::network::SynSchedule;
use crate::queue::{QueueSettings, plain, postfix};
use crate::smtp::{ClientSettings, ClientTimeouts, ClientTls, ServerSettings, ServiceTimes};
use crate::units::{Octets, SimDuration};

/// Whose queue rules a profile follows, which decides what settings it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Postfix's queue manager.
    Postfix,
    /// A plain list of gaps for each message.
    Plain,
}

/// How well a profile is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Compared with recordings of real servers.
    Recorded,
    /// Read in a standard.
    Standard,
    /// Not a real server: a stand-in made for simulations.
    Invented,
}

impl Evidence {
    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Standard => "standard",
            Self::Invented => "invented",
        }
    }
}

/// A mail server as it comes out of the box.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name that a scenario writes in `mta`.
    pub name: &'static str,
    /// Whose queue rules it follows.
    pub family: Family,
    /// The version modelled.
    pub version: &'static str,
    /// How well it is founded.
    pub evidence: Evidence,
    /// Where its rules and figures come from.
    pub source: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Queue manager.
    pub queue: QueueSettings,
    /// SMTP client.
    pub client: ClientSettings,
    /// SMTP server.
    pub server: ServerSettings,
}

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
        source: "recordings of Postfix 3.7.11; src/global/mail_params.h, src/qmgr, src/smtp",
        summary: "Postfix with its default settings",
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
            syn: SynSchedule { linear: 0 },
            pipelining: true,
            tls: ClientTls::Never,
            declares_size: true,
            size_margin: Octets::ZERO,
            checks_advertised_size: true,
            permanent_greeting_is_temporary: true,
            permanent_ehlo_is_temporary: false,
            address_limit: Some(5),
            session_limit: Some(2),
            next_host_after_refusal: true,
            rset_before_reuse: true,
        },
        server: ServerSettings {
            ehlo: true,
            pipelining: true,
            starttls: false,
            auth: false,
            size_limit: Some(Octets(10_240_000)),
            max_sessions: Some(100),
            max_sessions_per_client: Some(50),
            max_recipients: Some(1000),
            hop_limit: Some(49),
            adds_received: true,
            service: ServiceTimes::default(),
        },
    }
}

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
        queue: QueueSettings::Plain(plain::Settings::default()),
        client: plain_client(),
        server: ServerSettings {
            ehlo: true,
            pipelining: true,
            starttls: false,
            auth: false,
            size_limit: None,
            max_sessions: None,
            max_sessions_per_client: None,
            max_recipients: None,
            hop_limit: Some(99),
            adds_received: true,
            service: ServiceTimes::default(),
        },
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

/// Returns every profile, in the order in which people are told of them.
#[must_use]
pub fn all() -> Vec<Profile> {
    vec![postfix(), rfc5321(), sink(), none()]
}

/// Returns the profile that a scenario calls `name`.
#[must_use]
pub fn find(name: &str) -> Option<Profile> {
    all().into_iter().find(|profile| profile.name == name)
}

fn plain_client() -> ClientSettings {
    ClientSettings {
        timeouts: ClientTimeouts::RFC5321,
        syn: SynSchedule { linear: 0 },
        pipelining: true,
        tls: ClientTls::Never,
        declares_size: true,
        size_margin: Octets::ZERO,
        checks_advertised_size: true,
        permanent_greeting_is_temporary: false,
        permanent_ehlo_is_temporary: false,
        address_limit: None,
        session_limit: None,
        next_host_after_refusal: true,
        rset_before_reuse: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in all() {
            assert_eq!(find(profile.name), Some(profile.clone()));
            let family = match profile.queue {
                QueueSettings::Postfix(_) => Family::Postfix,
                QueueSettings::Plain(_) => Family::Plain,
            };
            assert_eq!(profile.family, family);
        }
        assert_eq!(find("sendmial"), None);
    }
}
