//! Stable pseudonyms for people and hosts, so that a scenario can be shared.
//!
//! # What it hides, and what it does not
//! Names of hosts and domains, local parts, addresses, names of files, values of parameters and texts
//! of lines that could not be read are replaced or left out. What remains is what a run needs: how many
//! hosts, domains and people there are and who writes to whom, when and how much; settings of servers;
//! kinds, times and reply codes of failures. Whoever knows the traffic can know it again.
//!
//! Pseudonyms are given in the order of the names, so that everything that is ordered by name stays in
//! its order, and the run of the scenario is the same.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Ledger};
use super::log::History;
use super::network::{Domain, Entry, Host, Network, Said, canonical, is_name};

/// Who is called what.
#[derive(Debug, Default)]
struct Pseudonyms {
    names: BTreeMap<String, String>,
    people: BTreeMap<String, String>,
    addresses: BTreeMap<String, String>,
    files: Vec<String>,
}

/// Replaces all names.
pub(super) fn anonymise(network: &mut Network, ledger: &mut Ledger, history: Option<&mut History>) {
    let pseudonyms = Pseudonyms::of(network, ledger);
    pseudonyms.network(network);
    pseudonyms.ledger(ledger);
    if let Some(history) = history {
        history.rename(&|text| pseudonyms.name_or_address(text));
    }
}

impl Pseudonyms {
    fn of(network: &Network, ledger: &Ledger) -> Self {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut people: BTreeSet<String> = BTreeSet::new();
        let mut addresses: BTreeSet<&str> = BTreeSet::new();
        for (name, host) in &network.hosts {
            names.insert(name);
            addresses.extend(host.addresses.iter().map(String::as_str));
            names.extend(host.routes.keys().map(String::as_str));
            names.extend(host.local_domains.keys().map(String::as_str));
            names.extend(spoken_of_in_tables(host));
            names
                .extend(host.relay_domains.iter().flat_map(|list| list.keys()).map(String::as_str));
        }
        for (name, domain) in &network.domains {
            names.insert(name);
            people.extend(domain.mailboxes.iter().cloned());
        }
        names.extend(network.dns.keys().map(String::as_str));
        // Senders and recipients without a mailbox of their own.
        let mut spoken_of: BTreeSet<String> = BTreeSet::new();
        let replayed = network.replays.iter().map(|replay| &replay.csv);
        for csv in replayed.chain(network.listings.iter().map(|listing| &listing.csv)) {
            for row in csv.lines().skip(1) {
                for address in row.split(',').skip(1).take(2).flat_map(|list| list.split(' ')) {
                    if let Some((local, domain)) = address.rsplit_once('@') {
                        people.insert(local.to_owned());
                        spoken_of.insert(canonical(domain));
                    }
                }
            }
        }
        let all: BTreeSet<String> = names.into_iter().map(str::to_owned).chain(spoken_of).collect();
        let number = |(index, name): (usize, String)| (name, format!("n{index:05}.example"));
        let person = |(index, name): (usize, String)| {
            // What has a meaning of its own in the standards keeps it (RFC 5321 §4.5.1).
            let known = name == "postmaster";
            let pseudonym = if known { name.clone() } else { format!("p{index:06}") };
            (name, pseudonym)
        };
        Self {
            names: all.into_iter().enumerate().map(number).collect(),
            people: people.into_iter().enumerate().map(person).collect(),
            addresses: addresses.into_iter().enumerate().map(address).collect(),
            files: ledger.files.iter().map(|file| file.name.clone()).collect(),
        }
    }

    /// A name, an address of the network or of a mailbox; anything else as it is.
    fn name_or_address(&self, text: &str) -> String {
        if let Some(known) = self.names.get(&canonical(text)).or_else(|| self.addresses.get(text)) {
            return known.clone();
        }
        match text.rsplit_once('@') {
            Some((local, domain)) => {
                let local = self.people.get(local).map_or("hidden", String::as_str);
                let domain =
                    self.names.get(&canonical(domain)).map_or("hidden.example", String::as_str);
                format!("{local}@{domain}")
            }
            None => text.to_owned(),
        }
    }

    /// A value as TOML writes it: what stands in quotes may be a name.
    fn value(&self, text: &str) -> String {
        let parts = text.split('"').enumerate();
        let replaced = parts.map(|(index, part)| match index % 2 {
            1 => self.name_or_address(part),
            _ => part.to_owned(),
        });
        replaced.collect::<Vec<_>>().join("\"")
    }

    /// A remark for people, word by word: what looks like a name and is none that is known is hidden.
    fn remark(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (index, file) in self.files.iter().enumerate() {
            text = text.replace(file.as_str(), &format!("file-{}", index + 1));
        }
        let word = |word: &str| {
            let core = word.trim_matches(|c: char| ",;:()\"'".contains(c));
            let replaced = self.name_or_address(core);
            if replaced != core {
                return word.replacen(core, &replaced, 1);
            }
            let name = core.split(['[', ':']).next().unwrap_or_default();
            let letters = name.bytes().any(|b| b.is_ascii_alphabetic());
            match name.contains('.') && letters && is_name(name) && !core.ends_with('.') {
                true => "hidden".to_owned(),
                false => word.to_owned(),
            }
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    fn said(&self, said: &mut Said) {
        said.value = self.value(&said.value);
        said.from = self.remark(&said.from);
    }

    fn key(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| "hidden.example".to_owned())
    }

    fn keys<T>(&self, map: &mut BTreeMap<String, T>) {
        *map = std::mem::take(map).into_iter().map(|(name, of)| (self.key(&name), of)).collect();
    }

    fn network(&self, network: &mut Network) {
        network.title = self.remark(&network.title);
        network.duration.iter_mut().for_each(|said| self.said(said));
        network.defaults.values_mut().for_each(|said| self.said(said));
        self.keys(&mut network.hosts);
        self.keys(&mut network.domains);
        self.keys(&mut network.dns);
        network.hosts.values_mut().for_each(|host| self.host(host));
        network.domains.values_mut().for_each(|domain| self.domain(domain));
        for entry in network
            .outages
            .iter_mut()
            .chain(&mut network.actions)
            .chain(&mut network.probes)
            .chain(network.dns.values_mut())
        {
            self.entry(entry);
        }
        self.listings(network);
        let many = network.replays.len() > 1;
        for (index, replay) in network.replays.iter_mut().enumerate() {
            replay.server = self.key(&replay.server);
            replay.from = self.remark(&replay.from);
            replay.csv = self.csv(&replay.csv);
            if many {
                replay.file = format!("mail-{}.csv", index + 1);
            }
        }
    }

    fn listings(&self, network: &mut Network) {
        for listing in &mut network.listings {
            listing.server = self.key(&listing.server);
            listing.from = self.remark(&listing.from);
            listing.csv = self.csv(&listing.csv);
        }
    }

    fn entry(&self, entry: &mut Entry) {
        entry.from = self.remark(&entry.from);
        entry.keys.iter_mut().for_each(|(_, value)| *value = self.value(value));
    }

    fn host(&self, host: &mut Host) {
        host.from = self.remark(&host.from);
        host.addresses = host.addresses.iter().map(|a| self.name_or_address(a)).collect();
        host.profile.iter_mut().for_each(|said| self.said(said));
        host.settings.values_mut().for_each(|said| self.said(said));
        for (path, table) in &mut host.tables {
            if !path.starts_with("transports.") {
                self.table(table);
            }
            table.values_mut().for_each(|said| said.from = self.remark(&said.from));
        }
        host.capacity.values_mut().for_each(|said| self.said(said));
        host.service.values_mut().for_each(|said| self.said(said));
        host.keys.values_mut().for_each(|said| self.said(said));
        host.routes.values_mut().for_each(|said| self.said(said));
        self.keys(&mut host.routes);
        self.keys(&mut host.local_domains);
        host.local_domains.values_mut().for_each(|from| *from = self.remark(from));
        if let Some(domains) = &mut host.relay_domains {
            self.keys(domains);
            domains.values_mut().for_each(|from| *from = self.remark(from));
        }
    }

    /// A table of Postfix whose keys are domains or senders and whose values are next hops.
    fn table(&self, table: &mut BTreeMap<String, Said>) {
        let plain = |name: &str| match self.names.get(&canonical(name)) {
            Some(known) => known.clone(),
            None if is_name(name) && name.contains('.') => "hidden.example".to_owned(),
            None => name.to_owned(),
        };
        let key = |key: &str| match key.split_at_checked(1) {
            Some((mark @ ("." | "@"), name)) => format!("{mark}{}", plain(name)),
            _ if key.contains('@') => self.name_or_address(key),
            _ => plain(key),
        };
        let value = |text: &str| {
            let parts = text.split_inclusive(['"', ':', '[', ']']);
            let part = |part: &str| {
                let name = part.trim_end_matches(['"', ':', '[', ']']);
                part.replacen(name, &plain(name), usize::from(!name.is_empty()))
            };
            parts.map(part).collect::<String>()
        };
        let told = std::mem::take(table).into_iter();
        *table = told
            .map(|(name, said)| (key(&name), Said { value: value(&said.value), ..said }))
            .collect();
    }

    fn domain(&self, domain: &mut Domain) {
        domain.from = self.remark(&domain.from);
        for (_, host, from) in &mut domain.mx {
            *host = self.key(host);
            *from = self.remark(from);
        }
        domain.null_mx.iter_mut().for_each(|from| *from = self.remark(from));
        self.keys(&mut domain.address);
        domain.address.values_mut().for_each(|from| *from = self.remark(from));
        domain.store.iter_mut().for_each(|said| self.said(said));
        domain.keys.values_mut().for_each(|said| self.said(said));
        let person = |name: &String| self.people.get(name).cloned().unwrap_or_default();
        domain.mailboxes = domain.mailboxes.iter().map(person).collect();
        domain.mailboxes_from = self.remark(&domain.mailboxes_from);
    }

    fn csv(&self, text: &str) -> String {
        let row = |(number, line): (usize, &str)| {
            if number == 0 {
                return line.to_owned();
            }
            let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            for field in fields.iter_mut().skip(1).take(2) {
                let people: Vec<String> =
                    field.split(' ').map(|a| self.name_or_address(a)).collect();
                *field = people.join(" ");
            }
            fields.join(",")
        };
        text.lines().enumerate().map(row).map(|line| line + "\n").collect()
    }

    fn ledger(&self, ledger: &mut Ledger) {
        for (index, file) in ledger.files.iter_mut().enumerate() {
            file.name = format!("file-{}", index + 1);
            file.broken.iter_mut().for_each(|line| "hidden".clone_into(&mut line.text));
        }
        let finding = |finding: &mut Finding| {
            finding.value.clear();
            finding.what = self.remark(&finding.what);
            finding.place = self.remark(&finding.place);
            finding.says = self.remark(&finding.says);
        };
        ledger.understood.iter_mut().for_each(finding);
        ledger.without_effect.iter_mut().for_each(finding);
        ledger.not_modelled.iter_mut().for_each(finding);
        ledger.assumed.iter_mut().for_each(finding);
    }
}

/// Names that stand in the keys of a host's tables of Postfix.
fn spoken_of_in_tables(host: &Host) -> impl Iterator<Item = &str> {
    let tables = host.tables.iter().filter(|(path, _)| !path.starts_with("transports."));
    let keys = tables.flat_map(|(_, table)| table.keys().map(String::as_str));
    keys.map(|key| key.rsplit('@').next().unwrap_or(key).trim_start_matches('.'))
        .filter(|name| is_name(name) && name.contains('.'))
}

/// Addresses are compared as text; these stand in the order of their numbers.
fn address((index, literal): (usize, &str)) -> (String, String) {
    let pseudonym = match literal.contains(':') {
        true => format!("2001:db8::{:x}:{:x}", 0x1000 + index / 0x1000, 0x1000 + index % 0x1000),
        false => {
            let part = |divisor: usize| 100 + index / divisor % 150;
            format!("10.{}.{}.{}", part(22_500), part(150), part(1))
        }
    };
    (literal.to_owned(), pseudonym)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_stand_in_the_order_of_names_and_hide_the_rest() {
        let mut network = Network::default();
        for name in ["b.example.org", "a.example.org", "c.example.org"] {
            network.host(name, || "from /home/me/log:3, a.example.org".to_owned());
        }
        let domain = network.domain("example.org", String::new);
        domain.mailboxes.extend(["zoe".to_owned(), "alice".to_owned(), "postmaster".to_owned()]);
        domain.mx.push((10, "b.example.org".to_owned(), "seen at unknown.example.net".to_owned()));
        let mut ledger = Ledger::new();
        anonymise(&mut network, &mut ledger, None);
        let hosts: Vec<&String> = network.hosts.keys().collect();
        assert_eq!(hosts, ["n00000.example", "n00001.example", "n00002.example"]);
        let domain = network.domains.values().next().unwrap();
        let people: Vec<&String> = domain.mailboxes.iter().collect();
        assert_eq!(people, ["p000000", "p000002", "postmaster"]);
        assert_eq!(domain.mx[0].1, "n00001.example");
        assert_eq!(domain.mx[0].2, "seen at hidden");
        let text = format!("{network:?}");
        for secret in ["alice", "zoe", "example.org", "example.net"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
