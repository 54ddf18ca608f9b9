//! The control files of qmail and notqmail (qmail-control(9)): one value, or one name a line, a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Class, Ledger, Place};
use super::network::{Host, Network, Said, canonical, is_name};
use super::settings_file::Known;
use crate::scenario::text_value;

/// Control files with one number.
const NUMBERS: &[(&str, &str, &str)] = &[
    ("queuelifetime", "queuelifetime", "s"),
    ("concurrencyremote", "concurrencyremote", ""),
    ("concurrencylocal", "concurrencylocal", ""),
    ("timeoutconnect", "connect_timeout", "s"),
    ("databytes", "message_size_limit", ""),
];

/// Control files that lead no mail.
const WITHOUT_EFFECT: &[&str] =
    &["helohost", "smtpgreeting", "bouncefrom", "idhost", "doublebouncehost"];

/// Control files of one host, by name.
pub(super) type Files = BTreeMap<String, (Arc<str>, String)>;

/// Adds the host that the files describe; returns its name.
pub(super) fn add_host(
    files: &Files,
    named: Option<&str>,
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let me = files.get("me").map(|(_, text)| text.trim().to_owned()).filter(|name| is_name(name));
    let name = named.map(canonical).or_else(|| me.map(|name| canonical(&name)));
    let name = name.unwrap_or_else(|| {
        let says = "there is no control file `me`: --qmail DIR@HOST tells the host's name";
        ledger.say(Class::Assumed, "me", says);
        "qmail.example".to_owned()
    });
    let mut host = Host {
        from: "from qmail's control files".to_owned(),
        profile: Some(Said::new("\"qmail\"", "its control files are qmail's")),
        ..Host::default()
    };
    host.roles.extend(["submission", "relay"]);
    let known = Known::of("qmail");
    for (control, (file, text)) in files {
        let number = NUMBERS.iter().find(|(own, ..)| own == control);
        let lines = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        for (line, text) in lines {
            let (place, text) = (Place::new(file, line), text.trim());
            match (control.as_str(), number) {
                (_, Some((_, setting, unit))) => {
                    let value = format!("{text}{unit}");
                    known.set(setting, control, &value, &place, &mut host.settings, ledger);
                }
                ("me", _) => {
                    ledger.note(Class::Understood, "me", text, &place, "the host's name");
                }
                ("locals", _) if is_name(text) => {
                    host.local_domains.insert(canonical(text), place.to_string());
                    host.roles.extend(["mx", "store"]);
                    ledger.note(Class::Understood, "locals", text, &place, "a domain of the host");
                }
                ("rcpthosts", _) if is_name(text) => {
                    host.roles.insert("mx");
                    let says = "a domain that is taken from anybody";
                    ledger.note(Class::Understood, "rcpthosts", text, &place, says);
                }
                ("smtproutes", _) => route(text, &place, &mut host, network, ledger),
                _ if WITHOUT_EFFECT.contains(&control.as_str()) => {
                    ledger.note(Class::WithoutEffect, control, text, &place, "words");
                }
                _ => {
                    let says = "the model has no such control";
                    ledger.note(Class::NotModelled, control, text, &place, says);
                }
            }
        }
    }
    network.add_configured(&name, host);
    name
}

/// `domain:relay:port`; an empty domain stands for all.
fn route(text: &str, place: &Place, host: &mut Host, network: &mut Network, ledger: &mut Ledger) {
    let mut parts = text.split(':');
    let (domain, relay) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !is_name(relay) || (!domain.is_empty() && !is_name(domain)) {
        return ledger.note(Class::NotModelled, "smtproutes", text, place, "no route by names");
    }
    network.host(relay, || format!("a next hop, from {place}")).roles.insert("relay");
    let said =
        Said::new(format!("{{ host = {} }}", text_value(&canonical(relay))), place.to_string());
    match domain {
        "" => host.keys.insert("smart_host", said),
        domain => host.routes.insert(canonical(domain), said),
    };
    ledger.note(Class::Understood, "smtproutes", text, place, "a route");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_files_are_read() {
        let file =
            |name: &str, text: &str| (name.to_owned(), (Arc::<str>::from(name), text.to_owned()));
        let files: Files = [
            file("me", "mx.example.org\n"),
            file("queuelifetime", "86400\n"),
            file("locals", "example.org\n"),
            file("smtproutes", ":relay.example.org\npartner.example:mx.partner.example:26\n"),
        ]
        .into();
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let name = add_host(&files, None, &mut network, &mut ledger);
        let host = &network.hosts[&name];
        assert_eq!(name, "mx.example.org");
        assert_eq!(host.settings["queuelifetime"].value, "\"86400s\"");
        assert_eq!(host.keys["smart_host"].value, "{ host = \"relay.example.org\" }");
        assert!(host.routes.contains_key("partner.example"));
        assert!(host.local_domains.contains_key("example.org"));
    }
}
