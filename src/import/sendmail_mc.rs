//! Sendmail's m4 configuration (`.mc`), and `O Name=value` of `sendmail.cf`.
//!
//! # Scope and limitations
//! `define`d options, `SMART_HOST` and the host's name. Rules, mailers and tables are not followed.

use std::sync::Arc;

use super::finding::{Class, Ledger};
use super::network::{Network, Said, canonical, is_name};
use super::settings_file::{Known, host, host_name, lines};
use crate::scenario::text_value;

/// Options of `sendmail.cf` with their names in m4 (cf/README).
const IN_CF: &[(&str, &str)] = &[
    ("MinQueueAge", "confMIN_QUEUE_AGE"),
    ("MaxQueueAge", "confMAX_QUEUE_AGE"),
    ("Timeout.queuereturn", "confTO_QUEUERETURN"),
    ("Timeout.queuereturn.dsn", "confTO_QUEUERETURN_DSN"),
    ("Timeout.queuewarn", "confTO_QUEUEWARN"),
    ("Timeout.hoststatus", "confTO_HOSTSTATUS"),
    ("Timeout.connect", "confTO_CONNECT"),
    ("Timeout.iconnect", "confTO_ICONNECT"),
    ("ConnectionCacheSize", "confMCI_CACHE_SIZE"),
    ("ConnectionCacheTimeout", "confMCI_CACHE_TIMEOUT"),
    ("MaxHopCount", "confMAX_HOP"),
    ("MaxMessageSize", "confMAX_MESSAGE_SIZE"),
    ("FallbackMXhost", "confFALLBACK_MX"),
    ("FallbackSmartHost", "confFALLBACK_SMARTHOST"),
    ("HostStatusDirectory", "confHOST_STATUS_DIRECTORY"),
];

/// Options that the profile calls by general names.
const RENAMED: &[(&str, &str)] = &[
    ("confTO_CONNECT", "connect_timeout"),
    ("confMAX_MESSAGE_SIZE", "message_size_limit"),
    ("confTO_HELO", "ehlo_timeout"),
    ("confTO_INITIAL", "greeting_timeout"),
    ("confTO_MAIL", "mail_timeout"),
    ("confTO_RCPT", "rcpt_timeout"),
    ("confTO_DATAINIT", "data_timeout"),
    ("confTO_DATABLOCK", "block_timeout"),
    ("confTO_DATAFINAL", "dot_timeout"),
    ("confTO_RSET", "rset_timeout"),
];

/// Times without unit are in these (cf/README).
const DAYS: &[&str] = &["confTO_QUEUERETURN", "confTO_QUEUERETURN_DSN"];
const HOURS: &[&str] = &["confTO_QUEUEWARN"];

/// Options that lead no mail.
const WITHOUT_EFFECT: &[&str] = &[
    "confPID_FILE",
    "confLOG_LEVEL",
    "confSMTP_LOGIN_MSG",
    "confPRIVACY_FLAGS",
    "confCF_VERSION",
    "QUEUE_DIR",
    "ALIAS_FILE",
    "STATUS_FILE",
    "MAIL_HUB",
    "confCACERT",
    "confSERVER_CERT",
    "confSERVER_KEY",
    "confMAILER_NAME",
    "HELP_FILE",
    "PROCMAIL_MAILER_PATH",
    "confDEF_USER_ID",
];

/// Adds the host that the file describes; returns its name.
pub(super) fn add_host(
    file: &Arc<str>,
    text: &str,
    named: Option<&str>,
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let mut name = named.map(canonical);
    let known = Known::of("sendmail");
    let mut settings = std::collections::BTreeMap::new();
    let (mut smart_host, mut fallback) = (None, None);
    for (place, line) in lines(file, text, &["dnl", "#"]) {
        let Some((option, value)) = option(line) else {
            let leads = [
                "FEATURE",
                "MAILER",
                "LOCAL_",
                "MASQUERADE",
                "R",
                "S",
                "K",
                "H",
                "M",
                "C",
                "F",
                "D",
            ];
            if leads.iter().any(|begin| line.starts_with(begin)) {
                let says = "rules, mailers, features and tables are not followed";
                ledger.note(Class::NotModelled, line, "", &place, says);
            } else {
                ledger.note(Class::WithoutEffect, line, "", &place, "for m4 alone");
            }
            continue;
        };
        match option.as_str() {
            "confDOMAIN_NAME" if is_name(&value) => {
                name = name.or_else(|| Some(canonical(&value)));
                ledger.note(Class::Understood, option, value, &place, "the host's name");
                continue;
            }
            "SMART_HOST" => {
                let host = value.rsplit(':').next().unwrap_or_default().trim_matches(['[', ']']);
                if is_name(host) {
                    smart_host = Some((canonical(host), place.clone()));
                    ledger.note(Class::Understood, option, value, &place, "where all mail goes");
                    continue;
                }
            }
            "confFALLBACK_MX" | "confFALLBACK_SMARTHOST" => {
                let host = value.rsplit(':').next().unwrap_or_default().trim_matches(['[', ']']);
                if is_name(host) {
                    fallback = Some((canonical(host), place.clone()));
                    let says = "where mail goes when all exchangers have failed";
                    ledger.note(Class::Understood, option, value, &place, says);
                    continue;
                }
            }
            _ => {}
        }
        let setting =
            RENAMED.iter().find(|(own, _)| *own == option).map_or(option.as_str(), |(_, own)| *own);
        if setting == "confHOST_STATUS_DIRECTORY" {
            let on = !value.is_empty();
            let word = if on { "true" } else { "false" };
            known.set("host_status_directory", &option, word, &place, &mut settings, ledger);
        } else if known.has(setting) {
            let value = with_unit(&option, &value);
            known.set(setting, &option, &value, &place, &mut settings, ledger);
        } else if WITHOUT_EFFECT.contains(&option.as_str()) {
            ledger.note(Class::WithoutEffect, option, value, &place, "words, files or logging");
        } else {
            let says = "the model has no such option";
            ledger.note(Class::NotModelled, option, value, &place, says);
        }
    }
    let name = host_name(file, name, "sendmail", ledger);
    let mut host = host(file, "sendmail", "Sendmail");
    host.settings = settings;
    if let Some((next, place)) = smart_host {
        let said = Said::new(format!("{{ host = {} }}", text_value(&next)), place.to_string());
        host.keys.insert("smart_host", said);
        network.host(&next, || format!("next hop of {name}, from {place}")).roles.insert("relay");
    }
    if let Some((next, place)) = fallback {
        host.keys.insert("fallback_relay", Said::new(text_value(&next), place.to_string()));
        network.host(&next, || format!("fallback of {name}, from {place}")).roles.insert("relay");
    }
    network.add_configured(&name, host);
    name
}

/// ``define(`name', `value')`` or `O Name=value`.
fn option(line: &str) -> Option<(String, String)> {
    if let Some(rest) = line.strip_prefix("define(") {
        let (name, rest) = rest.split_once(',')?;
        let value = rest.rsplit_once(')').map_or(rest, |(value, _)| value);
        let plain = |text: &str| text.trim().trim_matches(['`', '\'']).to_owned();
        return Some((plain(name), plain(value)));
    }
    let (name, value) = line.strip_prefix("O ")?.split_once('=')?;
    let name = IN_CF.iter().find(|(own, _)| *own == name.trim()).map_or(name.trim(), |(_, m4)| *m4);
    Some((name.to_owned(), value.trim().to_owned()))
}

fn with_unit(option: &str, value: &str) -> String {
    let bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let unit = if DAYS.contains(&option) {
        "d"
    } else if HOURS.contains(&option) {
        "h"
    } else if option.starts_with("confTO_") {
        "m"
    } else {
        ""
    };
    if bare { format!("{value}{unit}") } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_both_forms_are_read() {
        let text = "dnl a remark\ndefine(`confDOMAIN_NAME', `mx.example.org')dnl\n\
            define(`confMIN_QUEUE_AGE', `27m')dnl\ndefine(`confTO_QUEUERETURN', `5')dnl\n\
            O Timeout.queuewarn=4h\ndefine(`SMART_HOST', `esmtp:[relay.example.org]')dnl\n\
            O FallbackMXhost=later.example.org\nFEATURE(`nouucp')dnl\n";
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let name = add_host(&"a.mc".into(), text, None, &mut network, &mut ledger);
        let host = &network.hosts[&name];
        let value = |key: &str| host.settings.get(key).map(|said| said.value.as_str());
        assert_eq!(name, "mx.example.org");
        assert_eq!(value("confMIN_QUEUE_AGE"), Some("\"27m\""));
        assert_eq!(value("confTO_QUEUERETURN"), Some("\"5d\""));
        assert_eq!(value("confTO_QUEUEWARN"), Some("\"4h\""));
        assert_eq!(host.keys["fallback_relay"].value, "\"later.example.org\"");
        assert!(host.keys["smart_host"].value.contains("relay.example.org"));
    }
}
