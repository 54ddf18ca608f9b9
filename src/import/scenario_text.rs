//! The scenario as text, each line with where it comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::network::{Domain, Entry, Host, Network, Said};
use crate::scenario::{key_text, text_value};

/// Returns the text of `scenario.toml`.
pub(super) fn scenario_text(network: &Network) -> String {
    let mut out = Out::default();
    out.line("title", &text_value(&network.title), "");
    out.line("seed", "1", "assumed: any number gives one of the runs that are possible");
    if let Some(duration) = &network.duration {
        out.said("duration", duration);
    }
    if !network.defaults.is_empty() {
        out.header("[defaults]", "");
        network.defaults.iter().for_each(|(key, said)| out.said(key, said));
    }
    network.hosts.iter().for_each(|(name, host)| out.host(name, host));
    network.domains.iter().for_each(|(name, domain)| out.domain(name, domain));
    for (name, entry) in &network.dns {
        out.header("[[dns]]", &entry.from);
        out.line("name", &text_value(name), "");
        out.keys(entry);
    }
    for replay in &network.replays {
        out.header("[[mail]]", &replay.from);
        out.line("arrivals", &format!("{{ replay = {} }}", text_value(&replay.file)), "");
        let port = replay.port.map(|port| format!(", port = {port}")).unwrap_or_default();
        let server = text_value(&replay.server);
        out.line("submit", &format!("{{ server = {server}{port}, retry = \"never\" }}"), "");
    }
    for listing in &network.listings {
        out.header("[[queued]]", &listing.from);
        out.line("host", &text_value(&listing.server), "");
        out.line("listing", &text_value(&listing.file), "");
    }
    for (header, entries) in [
        ("[[mail]]", &network.probes),
        ("[[outage]]", &network.outages),
        ("[[action]]", &network.actions),
    ] {
        for entry in entries {
            out.header(header, &entry.from);
            out.keys(entry);
        }
    }
    out.0
}

/// The text in the making.
#[derive(Default)]
struct Out(String);

impl Out {
    fn header(&mut self, header: &str, from: &str) {
        self.0.push('\n');
        for line in from.lines() {
            let _ = writeln!(self.0, "# {line}");
        }
        let _ = writeln!(self.0, "{header}");
    }

    fn line(&mut self, key: &str, value: &str, from: &str) {
        let comment = if from.is_empty() { String::new() } else { format!("  # {}", plain(from)) };
        let _ = writeln!(self.0, "{key} = {value}{comment}");
    }

    fn said(&mut self, key: &str, said: &Said) {
        self.line(&key_text(key), &said.value, &said.from);
    }

    fn keys(&mut self, entry: &Entry) {
        for (key, value) in &entry.keys {
            self.line(key, value, "");
        }
    }

    fn host(&mut self, name: &str, host: &Host) {
        self.header("[[host]]", &host.from);
        self.line("name", &text_value(name), "");
        let roles: Vec<String> = host.roles.iter().map(|role| text_value(role)).collect();
        if !roles.is_empty() {
            self.line("roles", &format!("[{}]", roles.join(", ")), "");
        }
        if !host.addresses.is_empty() {
            let list: Vec<String> = host.addresses.iter().map(|a| text_value(a)).collect();
            self.line("addresses", &format!("[{}]", list.join(", ")), "");
        }
        host.keys.iter().for_each(|(key, said)| self.said(key, said));
        self.names("local_domains", Some(&host.local_domains).filter(|names| !names.is_empty()));
        self.names("relay_domains", host.relay_domains.as_ref());
        if let (Some(profile), true) =
            (&host.profile, host.settings.is_empty() && host.tables.is_empty())
        {
            self.said("mta", profile);
        }
        if !host.capacity.is_empty() {
            self.table("[host.capacity]");
            host.capacity.iter().for_each(|(key, said)| self.said(key, said));
        }
        if !host.service.is_empty() {
            self.table("[host.capacity.service]");
            host.service.iter().for_each(|(key, said)| self.said(key, said));
        }
        if !(host.settings.is_empty() && host.tables.is_empty()) {
            self.table("[host.mta]");
            host.profile.iter().for_each(|profile| self.said("profile", profile));
            host.settings.iter().for_each(|(key, said)| self.said(key, said));
        }
        for (path, table) in &host.tables {
            self.table(&format!("[host.mta.{path}]"));
            table.iter().for_each(|(key, said)| self.said(key, said));
        }
        if !host.routes.is_empty() {
            self.table("[host.routes]");
            host.routes.iter().for_each(|(key, said)| self.said(key, said));
        }
    }

    fn table(&mut self, header: &str) {
        let _ = writeln!(self.0, "{header}");
    }

    /// A list of names, one a line, each with where it comes from.
    fn names(&mut self, key: &str, names: Option<&BTreeMap<String, String>>) {
        let Some(names) = names else { return };
        let _ = writeln!(self.0, "{key} = [");
        for (name, from) in names {
            let comment =
                if from.is_empty() { String::new() } else { format!("  # {}", plain(from)) };
            let _ = writeln!(self.0, "  {},{comment}", text_value(name));
        }
        self.0.push_str("]\n");
    }

    fn domain(&mut self, name: &str, domain: &Domain) {
        self.header("[[domain]]", &domain.from);
        self.line("name", &text_value(name), "");
        if let Some(from) = &domain.null_mx {
            self.line("mx", "\"none\"", from);
        } else if !domain.mx.is_empty() {
            self.0.push_str("mx = [\n");
            for (preference, host, from) in &domain.mx {
                let host = text_value(host);
                let from = plain(from);
                let _ =
                    writeln!(self.0, "  {{ host = {host}, preference = {preference} }},  # {from}");
            }
            self.0.push_str("]\n");
        }
        if !domain.address.is_empty() {
            let hosts: Vec<String> = domain.address.keys().map(|host| text_value(host)).collect();
            let from = domain.address.values().next().map_or("", String::as_str);
            self.line("address", &format!("[{}]", hosts.join(", ")), from);
        }
        domain.store.iter().for_each(|store| self.said("store", store));
        domain.keys.iter().for_each(|(key, said)| self.said(key, said));
        if !domain.mailboxes.is_empty() {
            let names: Vec<String> = domain.mailboxes.iter().map(|name| text_value(name)).collect();
            let from = &domain.mailboxes_from;
            self.line("mailboxes", &format!("[{}]", names.join(", ")), from);
        }
    }
}

/// A comment is one line, without characters that TOML forbids there.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
