//! A real server's parameters as the settings of a host: one file for each server.

mod exim;
mod haraka;
mod opensmtpd;
mod postfix;
mod qmail;
pub(crate) mod sendmail;

use mailsim::mail::{DomainId, HostId};
use mailsim::model::{NextHop, Routing};
use mailsim::network::{AddressFamilies, PreferredFamily};
use mailsim::profiles::Profile;
use mailsim::units::{Octets, SimDuration};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::names::Names;
use crate::recording::{Route, ServerParameters};

/// The servers whose recordings are compared.
pub(crate) const MODELLED: &[&str] =
    &["exim", "haraka", "opensmtpd", "postfix", "qmail", "sendmail"];

/// Returns the profile of a server, of the version with these digits (none: the one first
/// recorded), with a recording's parameters in place of its own.
///
/// # Errors
/// What the recording says and the model does not know, in words.
pub(crate) fn profile(server: &ServerParameters, version: &str) -> Result<Profile, String> {
    match server.server.as_str() {
        "exim" => exim::profile(server, version),
        "haraka" => haraka::profile(server),
        "opensmtpd" => opensmtpd::profile(server, version),
        "postfix" => postfix::profile(server),
        "qmail" => qmail::profile(server),
        "sendmail" => sendmail::profile(server),
        other => Err(format!("a server `{other}` is not modelled")),
    }
}

/// Reads the keys that only one server has.
fn own<T: DeserializeOwned>(server: &ServerParameters) -> Result<T, String> {
    let keys = Value::Object(server.others.clone().into_iter().collect());
    serde_json::from_value(keys).map_err(|error| format!("settings of {}: {error}", server.server))
}

/// Fills in what all servers have.
///
/// # Errors
/// A word that means nothing.
fn common(server: &ServerParameters, profile: &mut Profile) -> Result<(), String> {
    let duration = SimDuration::from_secs_f64;
    let timeouts = &mut profile.client.timeouts;
    timeouts.greeting = duration(server.greeting_timeout_s);
    timeouts.ehlo = duration(server.helo_timeout_s);
    timeouts.mail = duration(server.mail_timeout_s);
    timeouts.rcpt = duration(server.rcpt_timeout_s);
    timeouts.data_init = duration(server.data_init_timeout_s);
    timeouts.data_block = duration(server.data_block_timeout_s);
    timeouts.data_done = duration(server.data_done_timeout_s);
    let preference = server.others.get("address_preference").filter(|value| !value.is_null());
    let options = &mut profile.client.options;
    (options.families, options.preferred_family) = match preference.and_then(Value::as_str) {
        None => (AddressFamilies::Ipv4, PreferredFamily::Any),
        // OpenSMTPD has no such setting.
        Some(_) if server.server == "opensmtpd" => (options.families, options.preferred_family),
        Some("any") => (AddressFamilies::All, PreferredFamily::Any),
        Some("ipv4") => (AddressFamilies::All, PreferredFamily::Ipv4),
        Some("ipv6") => (AddressFamilies::All, PreferredFamily::Ipv6),
        Some(other) => return Err(format!("unknown word `{other}` in address_preference")),
    };
    profile.client.size_margin = Octets(server.size_declaration_extra_octets);
    // The laboratory's DNS has no PTR records.
    profile.server.options.clients_unnamed = true;
    profile.server.size_limit = server.message_size_limit_octets.map(Octets);
    profile.server.max_sessions = server.accept.max_connections;
    profile.server.max_sessions_per_client = server.accept.max_connections_per_client;
    profile.server.max_recipients = server.accept.max_recipients_per_message;
    Ok(())
}

/// Returns where a server sends mail.
pub(crate) fn routing(server: &ServerParameters, names: &Names) -> Result<Routing, String> {
    let table = &server.routing;
    let ids = |domains: &[String]| -> Result<Vec<DomainId>, String> {
        domains.iter().map(|domain| names.domain(domain)).collect()
    };
    let relayed: Vec<String> = match &table.relay_domains {
        Value::Array(list) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Value::String(all) if all == "*" => Vec::new(),
        other => {
            return Err(format!("`{other}` in routing.relay_domains is not understood"));
        }
    };
    let mut routing = Routing {
        local: ids(&table.local_domains)?,
        relayed: ids(&relayed)?,
        relays_all: true,
        ..Routing::default()
    };
    if let Some(relay) = &table.fallback_relay {
        routing.fallback_relay = Some(names.host_at(relay).or_else(|_| names.host(relay))?);
    }
    for route in &table.routes {
        let next_hop = next_hop(route, names)?;
        if route.domain == "*" {
            routing.smart_host = Some(next_hop);
        } else {
            routing.routes.insert(names.domain(&route.domain)?, next_hop);
        }
    }
    if server.server == "postfix" {
        postfix::route(server, names, &mut routing)?;
    }
    Ok(routing)
}

fn next_hop(route: &Route, names: &Names) -> Result<NextHop, String> {
    if route.mx_lookup {
        return names.domain(&route.next_hop).map(NextHop::Exchangers);
    }
    let by_address: Result<HostId, String> = names.host_at(&route.next_hop);
    match by_address {
        Ok(host) => Ok(NextHop::Address(host)),
        Err(_) => names.host(&route.next_hop).map(NextHop::Host),
    }
}
