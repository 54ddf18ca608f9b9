//! Haraka's `outbound.ini` (docs/Outbound.md of Haraka).

use std::sync::Arc;

use super::finding::{Class, Ledger};
use super::network::{Network, Said, canonical};
use super::settings_file::{Known, host, host_name, lines};
use crate::scenario::text_value;

/// Options that lead no mail.
const WITHOUT_EFFECT: &[&str] =
    &["received_header", "inet_prefer", "local_mx_ok", "disabled_message"];

/// Adds the host that the file describes; returns its name.
pub(super) fn add_host(
    file: &Arc<str>,
    text: &str,
    named: Option<&str>,
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let name = host_name(file, named.map(canonical), "haraka", ledger);
    let mut host = host(file, "haraka", "Haraka");
    let known = Known::of("haraka");
    for (place, line) in lines(file, text, &[";", "#", "["]) {
        let (option, value) = line.split_once('=').unwrap_or((line, "true"));
        let (option, value) = (option.trim(), value.trim());
        match option {
            "temp_fail_intervals" => {
                // Both know `5m*3`; here blanks part the items.
                let list: Vec<&str> =
                    value.split([',', ' ']).filter(|item| !item.is_empty()).collect();
                let said = Said::new(text_value(&list.join(" ")), place.to_string());
                host.settings.insert(option.to_owned(), said);
                let says = "times from a failed try to the next";
                ledger.note(Class::Understood, option, value, &place, says);
            }
            _ if known.has(option) => {
                known.set(option, option, value, &place, &mut host.settings, ledger);
            }
            _ if WITHOUT_EFFECT.contains(&option) => {
                ledger.note(Class::WithoutEffect, option, value, &place, "words of fields");
            }
            _ => {
                let says = "the model has no such option";
                ledger.note(Class::NotModelled, option, value, &place, says);
            }
        }
    }
    network.add_configured(&name, host);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read() {
        let text = "; a remark\nconcurrency_max = 50\ntemp_fail_intervals = 1m, 5m*2, 1h\nalways_split=true\n";
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let name = add_host(&"outbound.ini".into(), text, None, &mut network, &mut ledger);
        let host = &network.hosts[&name];
        assert_eq!(host.settings["temp_fail_intervals"].value, "\"1m 5m*2 1h\"");
        assert_eq!(host.settings["concurrency_max"].value, "50");
        assert_eq!(ledger.not_modelled.len(), 1);
    }
}
