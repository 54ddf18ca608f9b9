//! Where a Postfix sends mail, and for which domains it takes mail.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::finding::{Class, Place};
use super::super::network::{Network, Said, canonical, is_name};
use super::Reading;
use super::settings::list;
use super::syntax::Table;
use crate::scenario::text_value;

/// Where mail goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NextHop {
    /// `[host]`: its address alone is looked up.
    Host(String),
    /// `domain`: its exchangers are looked up.
    Exchangers(String),
}

/// A next hop with the port, if one is written.
fn next_hop(text: &str) -> Option<(NextHop, Option<&str>)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return Some((NextHop::Host(canonical(host)), rest.strip_prefix(':')));
    }
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    (!name.is_empty()).then(|| (NextHop::Exchangers(canonical(name)), port))
}

impl Reading<'_> {
    /// Reads domains, routes and relay hosts.
    pub(super) fn routing(&mut self, network: &mut Network) {
        self.local_domains(network);
        self.relayed_domains(network);
        self.relay_host(network);
        self.fallback_relay(network);
        self.transports(network);
        self.sender_dependent(network);
        for name in ["mydomain", "myorigin"] {
            self.note(Class::Understood, name, "put into other values");
        }
        let says = "mail for the host's own domains is delivered into its mailboxes at once";
        for name in ["virtual_transport", "local_transport", "mailbox_transport"] {
            self.note(Class::Understood, name, says);
        }
        for name in ["default_transport", "relay_transport"] {
            let plain = self.value(name).is_some_and(|v| matches!(v.as_str(), "smtp" | "relay"));
            match plain {
                true => self.note(Class::Understood, name, "mail leaves by SMTP"),
                false => {
                    let says = "mail leaves by a transport of its own; the model sends it by SMTP";
                    self.note(Class::NotModelled, name, says);
                }
            }
        }
        self.known_recipients(network);
    }

    /// Reads a list of domains: names, files, and tables. Returns each name with its place.
    fn domain_list(&mut self, parameter: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let Some(value) = self.value(parameter) else { return found };
        let place = self.place(parameter).map(|p| p.to_string());
        let place = place.unwrap_or_else(|| format!("assumed: the default of {parameter}"));
        let mut missing = Vec::new();
        for item in list(&value) {
            if item.contains(':') || item.starts_with('/') {
                match self.table_named(item) {
                    Some(table) => {
                        let names = table.iter().map(|(n, (_, at))| (canonical(n), at.to_string()));
                        found.extend(names);
                    }
                    None => missing.push(item.to_owned()),
                }
            } else if is_name(item) && !item.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                found.insert(canonical(item), place.clone());
            } else {
                missing.push(item.to_owned());
            }
        }
        match missing.is_empty() {
            true => self.note(Class::Understood, parameter, format!("{} names", found.len())),
            false => self.note(Class::NotModelled, parameter, absent(&missing)),
        }
        found
    }

    /// Returns the flat table that `hash:/etc/postfix/transport` means, if it was given.
    fn table_named(&self, item: &str) -> Option<&Table> {
        let path = item.rsplit_once(':').map_or(item, |(_, path)| path);
        let name = path.rsplit('/').next()?;
        let kind = item.split_once(':').map_or("", |(kind, _)| kind);
        let patterns = ["pcre", "regexp", "cidr", "socketmap", "tcp"];
        self.files.tables.get(name).filter(|_| !patterns.contains(&kind))
    }

    fn local_domains(&mut self, network: &mut Network) {
        if !self.last.contains_key("mydestination") {
            let says = "not set: its default, the host's own names";
            self.ledger.say(Class::Assumed, "mydestination", says);
        }
        let mut names = self.default_destinations();
        names.extend(self.domain_list("mydestination"));
        for virtual_ in ["virtual_mailbox_domains", "virtual_alias_domains"] {
            names.extend(self.domain_list(virtual_));
        }
        if names.is_empty() {
            return;
        }
        self.host.roles.extend(["mx", "store"]);
        for (name, from) in names {
            let host = self.name.clone();
            let domain = network.domain(&name, || format!("from {from}"));
            if domain.mx.is_empty() && domain.address.is_empty() {
                let assumed = "assumed: the host that stores it; a zone file would tell";
                domain.mx.push((10, host.clone(), assumed.to_owned()));
            }
            domain.store = Some(Said::new(text_value(&host), from.clone()));
            self.host.local_domains.insert(name, from);
        }
    }

    /// The default of `mydestination`, where the file does not set it.
    fn default_destinations(&self) -> BTreeMap<String, String> {
        if self.last.contains_key("mydestination") {
            return BTreeMap::new();
        }
        let from = "assumed: the default of mydestination".to_owned();
        BTreeMap::from([(self.name.clone(), from)])
    }

    fn relayed_domains(&mut self, network: &mut Network) {
        let mut names = self.domain_list("relay_domains");
        names.retain(|name, _| !self.host.local_domains.contains_key(name));
        for (name, from) in &names {
            network.domain(name, || format!("from {from}"));
            self.host.roles.insert("mx");
        }
        // A submission host relays for its own people; strangers reach these domains alone.
        if !self.host.roles.contains("submission") && !names.is_empty() {
            self.host.relay_domains = Some(names);
        }
    }

    fn relay_host(&mut self, network: &mut Network) {
        let Some(value) = self.value("relayhost") else { return };
        if value.is_empty() {
            return self.note(Class::Understood, "relayhost", "none: mail goes by MX records");
        }
        let Some(place) = self.place("relayhost") else { return };
        match self.hop(&value, &place, network) {
            Some(spelt) => {
                self.host.keys.insert("smart_host", Said::new(spelt, place.to_string()));
                self.note(Class::Understood, "relayhost", "where mail goes that has no other way");
            }
            None => self.note(Class::NotModelled, "relayhost", "no next hop that can be read"),
        }
    }

    /// Makes a next hop's host, and returns the hop as TOML.
    fn hop(&mut self, text: &str, place: &Place, network: &mut Network) -> Option<String> {
        let (by, name) = self.made_hop(text, place, network)?;
        Some(format!("{{ {by} = {} }}", text_value(&name)))
    }

    /// Makes a next hop's host, and returns the hop as Postfix writes it.
    fn bare_hop(&mut self, text: &str, place: &Place, network: &mut Network) -> Option<String> {
        Some(match self.made_hop(text, place, network)? {
            ("exchangers", name) => name,
            (_, name) => format!("[{name}]"),
        })
    }

    /// Makes a next hop's host; returns how it is found, and its name.
    fn made_hop(
        &mut self,
        text: &str,
        place: &Place,
        network: &mut Network,
    ) -> Option<(&'static str, String)> {
        let (hop, port) = next_hop(text)?;
        if let Some(port) = port.filter(|port| !matches!(*port, "25" | "smtp" | "587")) {
            let says = format!("the port {port} is taken as 25");
            self.ledger.note(Class::NotModelled, "port", text, place, says);
        }
        Some(match hop {
            NextHop::Host(name) => {
                let from = || format!("next hop of {}, from {place}", self.name);
                let (name, by) = match name.parse::<IpAddr>() {
                    Ok(address) => {
                        let name = host_of_address(&address);
                        let host = network.host(&name, from);
                        host.addresses.insert(address.to_string());
                        (name, "address")
                    }
                    Err(_) if is_name(&name) => (name, "host"),
                    Err(_) => return None,
                };
                network.host(&name, from).roles.insert("relay");
                (by, name)
            }
            NextHop::Exchangers(name) if is_name(&name) => {
                network.domain(&name, || format!("next hop of {}, from {place}", self.name));
                ("exchangers", name)
            }
            NextHop::Exchangers(_) => return None,
        })
    }

    fn fallback_relay(&mut self, network: &mut Network) {
        for name in ["smtp_fallback_relay", "fallback_relay"] {
            let Some(value) = self.value(name) else { continue };
            let mut items = list(&value);
            let Some(first) = items.next() else {
                self.note(Class::Understood, name, "none");
                continue;
            };
            let Some(place) = self.place(name) else { continue };
            let host = match next_hop(first) {
                Some((NextHop::Host(host) | NextHop::Exchangers(host), _)) if is_name(&host) => {
                    host
                }
                _ => {
                    self.note(Class::NotModelled, name, "no host that can be read");
                    continue;
                }
            };
            let made = network.host(&host, || format!("fallback of {}, from {place}", self.name));
            made.roles.insert("relay");
            let said = Said::new(text_value(&host), place.to_string());
            self.host.keys.insert("fallback_relay", said);
            match items.next() {
                None => self.note(Class::Understood, name, format!("fallback_relay = {host}")),
                Some(_) => self.note(Class::NotModelled, name, format!("{host} alone is used")),
            }
        }
    }

    fn transports(&mut self, network: &mut Network) {
        let Some(value) = self.value("transport_maps") else { return };
        let mut missing = Vec::new();
        let mut entries: Vec<(String, String, Place)> = Vec::new();
        for item in list(&value) {
            match self.table_named(item) {
                Some(table) => {
                    let each = |(k, (v, at)): (&String, &(String, Place))| {
                        (k.clone(), v.clone(), at.clone())
                    };
                    entries.extend(table.iter().map(each));
                }
                None => missing.push(item.to_owned()),
            }
        }
        match missing.is_empty() {
            true => {
                let says = format!("{} entries", entries.len());
                self.note(Class::Understood, "transport_maps", says);
            }
            false => self.note(Class::NotModelled, "transport_maps", absent(&missing)),
        }
        for (key, value, place) in entries {
            self.transport_entry(&key, &value, &place, network);
        }
    }

    /// One line of transport(5): `domain transport:nexthop`.
    fn transport_entry(&mut self, key: &str, value: &str, place: &Place, network: &mut Network) {
        let (transport, hop) = value.split_once(':').unwrap_or((value, ""));
        let what = format!("transport_maps {key}");
        let note = |reading: &mut Self, class, says: &str| {
            reading.ledger.note(class, what.clone(), value, place, says);
        };
        let by_smtp = matches!(transport, "" | "smtp" | "relay");
        let pattern = key.starts_with('.');
        if pattern || !by_smtp && self.is_client(transport) {
            let by = if by_smtp { "" } else { transport };
            return self.mapped(key, (by, hop), value, place, network);
        }
        if !by_smtp && matches!(transport, "local" | "virtual" | "lmtp") {
            return note(self, Class::Understood, "delivered into mailboxes of the host");
        }
        if !by_smtp {
            let says = "no SMTP client of this Postfix; the model's mail goes by SMTP";
            note(self, Class::NotModelled, says);
        }
        if hop.is_empty() {
            if by_smtp {
                note(self, Class::Understood, "by MX records");
            }
            return;
        }
        if key.contains('@') {
            let says = "single addresses have no route of their own";
            return note(self, Class::NotModelled, says);
        }
        let Some(spelt) = self.hop(hop, place, network) else {
            return note(self, Class::NotModelled, "no next hop that can be read");
        };
        if by_smtp {
            note(self, Class::Understood, "a route");
        }
        if key == "*" {
            self.host.keys.insert("smart_host", Said::new(spelt, place.to_string()));
            return;
        }
        network.domain(key, || format!("from {place}"));
        self.host.routes.insert(canonical(key), Said::new(spelt, place.to_string()));
    }

    /// Returns whether a transport is an SMTP client by a name of its own.
    pub(super) fn is_client(&self, transport: &str) -> bool {
        let others = [
            "",
            "smtp",
            "local",
            "virtual",
            "lmtp",
            "error",
            "retry",
            "discard",
            "uucp",
            "maildrop",
            "mailman",
            "cyrus",
            "dovecot",
            "procmail",
            "bsmtp",
            "ifmail",
            "scalemail-backend",
        ];
        if others.contains(&transport) {
            return false;
        }
        if !self.files.master.is_empty() {
            let mut services = self.files.master.iter();
            return services
                .any(|s| s.name == transport && s.command == "smtp" && s.kind == "unix");
        }
        // Without master.cf, whatever mail is sent by counts as one.
        let by = format!("{transport}:");
        let maps = self.value("transport_maps").unwrap_or_default();
        let tables: Vec<&Table> = list(&maps).filter_map(|item| self.table_named(item)).collect();
        transport == "relay"
            || tables.iter().any(|table| table.values().any(|(value, _)| value.starts_with(&by)))
    }

    /// An entry that goes by a transport of its own, or is for subdomains.
    fn mapped(
        &mut self,
        key: &str,
        (transport, hop): (&str, &str),
        value: &str,
        place: &Place,
        network: &mut Network,
    ) {
        let what = format!("transport_maps {key}");
        if key.contains('@') {
            let says = "single addresses have no transport of their own";
            return self.ledger.note(Class::NotModelled, what, value, place, says);
        }
        let spelt = match hop {
            "" => Some(String::new()),
            hop => self.bare_hop(hop, place, network),
        };
        let Some(spelt) = spelt else {
            let says = "no next hop that can be read";
            return self.ledger.note(Class::NotModelled, what, value, place, says);
        };
        if key != "*" {
            network.domain(key.trim_start_matches('.'), || format!("from {place}"));
        }
        let said = Said::new(text_value(&format!("{transport}:{spelt}")), place.to_string());
        let table = self.host.tables.entry("transport_maps".to_owned()).or_default();
        table.insert(key.to_ascii_lowercase(), said);
        if self.files.master.is_empty() && !transport.is_empty() {
            let says =
                "no master.cf was given: it is taken as an SMTP client with the default limits";
            self.ledger.say(Class::Assumed, format!("transport {transport}"), says);
        }
        self.ledger.note(Class::Understood, what, value, place, "a transport and its next hop");
    }

    fn sender_dependent(&mut self, network: &mut Network) {
        let name = "sender_dependent_relayhost_maps";
        let Some(value) = self.value(name) else { return };
        if value.is_empty() {
            return self.note(Class::Understood, name, "none");
        }
        let (mut entries, mut missing) = (Vec::new(), Vec::new());
        for item in list(&value) {
            match self.table_named(item).cloned() {
                Some(table) => entries.extend(table),
                None => missing.push(item.to_owned()),
            }
        }
        match missing.is_empty() {
            true => self.note(Class::Understood, name, format!("{} senders", entries.len())),
            false => self.note(Class::NotModelled, name, absent(&missing)),
        }
        for (sender, (hop, place)) in entries {
            let what = format!("{name} {sender}");
            let spelt = self.bare_hop(&hop, &place, network).filter(|_| sender.contains('@'));
            let Some(spelt) = spelt else {
                let says = "no sender and next hop that can be read";
                self.ledger.note(Class::NotModelled, what, hop, &place, says);
                continue;
            };
            let said = Said::new(text_value(&spelt), place.to_string());
            let table = self.host.tables.entry(name.to_owned()).or_default();
            table.insert(sender, said);
            let says = "where mail of this sender goes that leaves for elsewhere";
            self.ledger.note(Class::Understood, what, hop, &place, says);
        }
    }

    /// Mailboxes that flat tables name.
    fn known_recipients(&mut self, network: &mut Network) {
        for name in ["virtual_mailbox_maps", "local_recipient_maps", "relay_recipient_maps"] {
            let Some(value) = self.value(name) else { continue };
            let mut missing = Vec::new();
            let mut found = 0;
            for item in list(&value) {
                let Some(table) = self.table_named(item).cloned() else {
                    missing.push(item.to_owned());
                    continue;
                };
                for (address, (_, place)) in table {
                    let Some((local, domain)) = address.split_once('@') else { continue };
                    if local.is_empty() {
                        continue;
                    }
                    let domain = network.domain(domain, || format!("from {place}"));
                    domain.mailboxes.insert(local.to_owned());
                    domain.mailboxes_from = format!("from {}", place.file);
                    found += 1;
                }
            }
            if name == "relay_recipient_maps" && !value.is_empty() {
                let place = self.place(name).map(|p| p.to_string()).unwrap_or_default();
                self.host.keys.insert("knows_recipients", Said::new("true", place));
            }
            match missing.is_empty() {
                true => self.note(Class::Understood, name, format!("{found} mailboxes")),
                false => self.note(Class::NotModelled, name, absent(&missing)),
            }
        }
    }
}

/// What is said of tables that were not given.
fn absent(items: &[String]) -> String {
    format!(
        "{}: not among the files, or kept elsewhere; give a flat table of this name to have it read",
        items.join(", ")
    )
}

/// A name for a host that is known by its address alone.
pub(in super::super) fn host_of_address(address: &IpAddr) -> String {
    let text = address.to_string().replace(['.', ':'], "-");
    format!("host-{}.example", text.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_hops_are_hosts_or_domains() {
        let host = |name: &str| NextHop::Host(name.to_owned());
        let domain = |name: &str| NextHop::Exchangers(name.to_owned());
        assert_eq!(next_hop("[Relay.example]:587"), Some((host("relay.example"), Some("587"))));
        assert_eq!(next_hop("[2001:db8::1]"), Some((host("2001:db8::1"), None)));
        assert_eq!(next_hop("example.org:26"), Some((domain("example.org"), Some("26"))));
        assert_eq!(next_hop(""), None);
    }
}
