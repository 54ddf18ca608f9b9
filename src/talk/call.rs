//! Who is called, from where, when and by which protocol.

use crate::mail::HostId;
use crate::model::{Host, Scenario};
use crate::units::{SimDuration, SimTime};

/// The protocol that is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP, RFC 5321.
    Smtp,
    /// POP3, RFC 1939.
    Pop3,
    /// IMAP, RFC 9051.
    Imap,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Pop3 => "POP3",
            Self::Imap => "IMAP",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Name of the host to call.
    pub host: &'a str,
    /// When.
    pub at: SimDuration,
    /// The protocol; none: SMTP.
    pub protocol: Protocol,
    /// The port; none: the protocol's usual one.
    pub port: Option<u16>,
    /// Name of the host at which the caller sits; none: somewhere else in the network.
    pub from: Option<&'a str>,
}

/// A call that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// The host called.
    pub host: HostId,
    /// The host at which the caller sits.
    pub client: HostId,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// When.
    pub at: SimTime,
    /// Whether no line of the network lies between the caller and the host.
    pub adjacent: bool,
}

/// Why a host cannot be talked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TalkError {
    /// There is no such host.
    #[error("the scenario has no host {name}; {hint}")]
    NoSuchHost {
        /// As written.
        name: String,
        /// What was probably meant, or what there is.
        hint: String,
    },
    /// The host serves nothing of the kind.
    #[error("{host} does not speak {protocol}{port}: {why}; {hint}")]
    NoSuchService {
        /// The host.
        host: String,
        /// The protocol.
        protocol: &'static str,
        /// The port in words, where it matters.
        port: String,
        /// Why not.
        why: String,
        /// Who does.
        hint: String,
    },
    /// The port belongs to another protocol.
    #[error("port {port} is not for {protocol}; its ports are {accepted}")]
    WrongPort {
        /// As written.
        port: u16,
        /// The protocol.
        protocol: &'static str,
        /// Its ports.
        accepted: &'static str,
    },
    /// The run is over by then.
    #[error("--at {at} lies beyond the end of the run; a time from 0s to {end} will do")]
    AfterTheEnd {
        /// As written.
        at: String,
        /// The end.
        end: String,
    },
}

/// Name of the host at which the caller sits if no other is named: `you.` and the host called.
#[must_use]
pub fn own_name(host: &str) -> String {
    format!("you.{host}")
}

/// Returns the call that is asked for. A caller who sits at no host of the scenario sits at the one
/// of [`own_name`], which the scenario then has to have.
///
/// # Errors
/// What does not fit.
pub fn prepare(scenario: &Scenario, request: &Request<'_>) -> Result<Visitor, TalkError> {
    let host = host_of(scenario, request.host)?;
    let own = own_name(&scenario.hosts[host.index()].name);
    let client = host_of(scenario, request.from.unwrap_or(&own))?;
    if request.at >= scenario.duration {
        let (at, end) = (request.at.exact().to_string(), scenario.duration.exact().to_string());
        return Err(TalkError::AfterTheEnd { at, end });
    }
    let port = port(scenario, host, request)?;
    let at = SimTime::ZERO + request.at;
    Ok(Visitor { host, client, port, protocol: request.protocol, at, adjacent: false })
}

/// Returns the host of this name, in any case of letters.
///
/// # Errors
/// [`TalkError::NoSuchHost`].
pub fn host_of(scenario: &Scenario, name: &str) -> Result<HostId, TalkError> {
    let names: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
    let place = names.iter().position(|known| known.eq_ignore_ascii_case(name));
    place.map(HostId::from_index).ok_or_else(|| {
        let known: Vec<&str> = names.into_iter().filter(|name| !name.starts_with("you.")).collect();
        TalkError::NoSuchHost { name: name.to_owned(), hint: meant(name, &known) }
    })
}

fn meant(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), *other))
        .filter(|(likeness, _)| *likeness >= 0.8);
    match nearest.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))) {
        Some((_, nearest)) => format!("did you mean {nearest}?"),
        None => format!("it has {}", listed(known)),
    }
}

/// Some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 8;
    let mut text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    text
}

/// Returns the host whose server answers at `host`: itself, or the one behind a proxy.
fn answering(scenario: &Scenario, host: HostId) -> &Host {
    let behind = scenario.hosts.iter().find(|other| other.behind_proxy == Some(host));
    behind.unwrap_or(&scenario.hosts[host.index()])
}

fn serves(host: &Host, protocol: Protocol, port: u16) -> bool {
    let roles = host.roles;
    match protocol {
        Protocol::Smtp if port == 25 => roles.mx || roles.relay || roles.store || roles.submission,
        Protocol::Smtp => roles.submission,
        Protocol::Pop3 | Protocol::Imap => roles.store,
    }
}

fn port(scenario: &Scenario, host: HostId, request: &Request<'_>) -> Result<u16, TalkError> {
    let protocol = request.protocol;
    let (usual, accepted, ports): (u16, _, &[u16]) = match protocol {
        Protocol::Smtp => {
            (25, "25, 587 (STARTTLS and AUTH) and 465 (TLS and AUTH)", &[25, 465, 587])
        }
        Protocol::Pop3 => (110, "110", &[110]),
        Protocol::Imap => (143, "143", &[143]),
    };
    let port = request.port.unwrap_or(usual);
    if !ports.contains(&port) {
        return Err(TalkError::WrongPort { port, protocol: protocol.name(), accepted });
    }
    if serves(answering(scenario, host), protocol, port) {
        return Ok(port);
    }
    let name = &scenario.hosts[host.index()].name;
    let submission = protocol == Protocol::Smtp && port != 25;
    let role = match protocol {
        Protocol::Smtp if submission => "submission",
        Protocol::Smtp => "mx, relay, store or submission",
        _ => "store",
    };
    let able = (0..scenario.hosts.len()).map(HostId::from_index);
    let able = able.filter(|&id| serves(answering(scenario, id), protocol, port));
    let able: Vec<&str> = able.map(|id| scenario.hosts[id.index()].name.as_str()).collect();
    let hint = if able.is_empty() {
        "no host of the scenario does".to_owned()
    } else {
        format!("try {}", listed(&able))
    };
    Err(TalkError::NoSuchService {
        host: name.clone(),
        protocol: protocol.name(),
        port: if submission { format!(" on port {port}") } else { String::new() },
        why: format!("it has not the role {role}"),
        hint,
    })
}
