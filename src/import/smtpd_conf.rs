//! OpenSMTPD's `smtpd.conf` (smtpd.conf(5)).
//!
//! # Scope and limitations
//! Options of queue, scheduler and bounces, the size limit, domains that are written in a `match` line,
//! and a relay host of an action for everybody. Tables and filters are not followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Class, Ledger, Place};
use super::network::{Host, Network, Said, canonical, is_name};
use super::settings_file::{Known, host, host_name, lines};
use crate::scenario::text_value;

/// Options by their first words, with the setting that each fills.
const OPTIONS: &[(&str, &str)] = &[
    ("queue ttl ", "ttl"),
    ("smtp max-message-size ", "message_size_limit"),
    ("mta max-deferred ", "max_deferred"),
    ("scheduler limit max-inflight ", "max_inflight"),
];

/// Lines that lead no mail, by how they begin.
const WITHOUT_EFFECT: &[&str] = &[
    "pki ",
    "ca ",
    "table aliases",
    "smtp ciphers",
    "admd ",
    "queue compression",
    "queue encryption",
];

/// Adds the host that the file describes; returns its name.
pub(super) fn add_host(
    file: &Arc<str>,
    text: &str,
    named: Option<&str>,
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let name = host_name(file, named.map(canonical), "opensmtpd", ledger);
    let mut host = host(file, "opensmtpd", "OpenSMTPD");
    let known = Known::of("opensmtpd");
    let mut relays: BTreeMap<String, String> = BTreeMap::new();
    for (place, line) in lines(file, text, &["#"]) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let option = OPTIONS.iter().find_map(|(words, setting)| {
            line.strip_prefix(words).map(|value| (*words, *setting, value.trim()))
        });
        if let Some((words, setting, value)) = option {
            known.set(setting, words.trim(), value, &place, &mut host.settings, ledger);
        } else if let Some(ages) = line.strip_prefix("bounce warn-interval ") {
            let ages = ages.split([',', ' ', '{', '}']).filter(|age| !age.is_empty());
            let ages: Vec<String> = ages.map(text_value).collect();
            let value = format!("[{}]", ages.join(", "));
            host.settings
                .insert("bounce_warn".to_owned(), Said::new(value.clone(), place.to_string()));
            ledger.note(Class::Understood, "bounce warn-interval", line, &place, value);
        } else if let Some((action, relay)) = relay_of(line) {
            relays.insert(action, relay.clone());
            ledger.note(
                Class::Understood,
                line,
                relay,
                &place,
                "a next hop, where a match uses it",
            );
        } else if line.starts_with("match ") {
            matched(line, &place, &relays, &mut host, ledger);
        } else if WITHOUT_EFFECT.iter().any(|begin| line.starts_with(begin)) {
            ledger.note(Class::WithoutEffect, line, "", &place, "keys, tables or files");
        } else {
            ledger.note(Class::NotModelled, line, "", &place, "not followed");
        }
    }
    for relay in relays.values() {
        network.host(relay, || format!("next hop of {name}, from {file}")).roles.insert("relay");
    }
    network.add_configured(&name, host);
    name
}

/// `action "out" relay host "smtp://relay.example.org"`: the action's name and the host.
fn relay_of(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("action ")?;
    let (name, rest) = rest.split_once(" relay ")?;
    let (_, host) = rest.split_once("host ")?;
    let host = host.split_whitespace().next()?.trim_matches('"');
    let host = host.rsplit("//").next()?.rsplit('@').next()?;
    let host = host.split(':').next()?;
    is_name(host).then(|| (name.trim().trim_matches('"').to_owned(), canonical(host)))
}

fn matched(
    line: &str,
    place: &Place,
    relays: &BTreeMap<String, String>,
    host: &mut Host,
    ledger: &mut Ledger,
) {
    let action =
        line.split_once(" action ").map_or("", |(_, action)| action.trim().trim_matches('"'));
    let domain =
        line.split_once("for domain ").and_then(|(_, rest)| rest.split_whitespace().next());
    let domain = domain.map(|domain| domain.trim_matches('"')).filter(|domain| is_name(domain));
    match (domain, relays.get(action)) {
        (Some(domain), Some(relay)) => {
            let said = Said::new(text_value(relay), place.to_string());
            host.routes.insert(canonical(domain), said);
            ledger.note(Class::Understood, line, "", place, "a route");
        }
        (Some(domain), None) => {
            host.local_domains.insert(canonical(domain), place.to_string());
            host.roles.extend(["mx", "store"]);
            ledger.note(Class::Understood, line, "", place, "a domain of the host");
        }
        (None, Some(relay)) if line.contains("for any") => {
            let said = Said::new(format!("{{ host = {} }}", text_value(relay)), place.to_string());
            host.keys.insert("smart_host", said);
            ledger.note(Class::Understood, line, "", place, "where all mail goes");
        }
        _ if line.contains("for any") && !line.contains('!') => {
            ledger.note(Class::Understood, line, "", place, "mail goes by MX records");
        }
        _ => ledger.note(Class::NotModelled, line, "", place, "not followed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_matches_are_read() {
        let text = "queue ttl 5d # days\nbounce warn-interval 1h, 1d\nsmtp max-message-size 35M\n\
            action \"out\" relay host \"smtp+tls://user@relay.example.org:587\"\n\
            match for domain \"example.org\" action \"in\"\nmatch from any for any action \"out\"\n\
            filter x phase connect\n";
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let named = Some("mx.example.org");
        add_host(&"smtpd.conf".into(), text, named, &mut network, &mut ledger);
        let host = &network.hosts["mx.example.org"];
        let value = |key: &str| host.settings.get(key).map(|said| said.value.as_str());
        assert_eq!(value("ttl"), Some("\"5d\""));
        assert_eq!(value("bounce_warn"), Some("[\"1h\", \"1d\"]"));
        assert_eq!(value("message_size_limit"), Some("\"36700160B\""));
        assert_eq!(host.keys["smart_host"].value, "{ host = \"relay.example.org\" }");
        assert!(host.local_domains.contains_key("example.org"));
        assert_eq!(ledger.not_modelled.len(), 1, "{:?}", ledger.not_modelled);
    }
}
