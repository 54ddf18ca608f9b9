//! The names of a recording as the numbers of a scenario: hosts, addresses, domains, mailboxes
//! and DNS names.

use std::collections::{BTreeMap, BTreeSet};

use mailsim::dns::{MxRecord, Name, NameId, Records, Zone};
use mailsim::mail::{DomainId, HostId, Mailbox};
use mailsim::model::Domain;
use mailsim::network::{Address, AddressFamily, AddressId};
use mailsim::units::{SimDuration, SimTime};

use crate::recording::{Record, Recording};

/// All names of one recording.
#[derive(Debug)]
pub(crate) struct Names {
    hosts: Vec<String>,
    /// Addresses of the hosts: one of IPv4 each, in their order, then those of IPv6.
    pub(crate) addresses: Vec<Address>,
    /// Whether servers ask for IPv6 addresses.
    ipv6: bool,
    pub(crate) zone: Zone,
    pub(crate) domains: Vec<Domain>,
}

impl Names {
    pub(crate) fn new(recording: &Recording) -> Result<Self, String> {
        let hosts: Vec<_> = recording.topology.hosts.iter().map(|h| h.name.clone()).collect();
        let mut names = Self {
            hosts,
            addresses: addresses(recording),
            ipv6: recording.speaks_ipv6(),
            zone: Zone::default(),
            domains: Vec::new(),
        };
        names.read_zone(recording)?;
        names.read_domains(recording)?;
        Ok(names)
    }

    pub(crate) fn host(&self, name: &str) -> Result<HostId, String> {
        let found = self.hosts.iter().position(|host| host == name);
        found.map(HostId::from_index).ok_or_else(|| format!("no host is called `{name}`"))
    }

    pub(crate) fn host_name(&self, host: HostId) -> &str {
        &self.hosts[host.index()]
    }

    pub(crate) fn address(&self, literal: &str) -> Result<AddressId, String> {
        let found = self.addresses.iter().position(|address| address.literal == literal);
        found
            .map(|index| AddressId(HostId::from_index(index).0))
            .ok_or_else(|| format!("no host has the address `{literal}`"))
    }

    /// Returns all addresses of a host.
    pub(crate) fn addresses_of(&self, host: HostId) -> Vec<AddressId> {
        let all = self.addresses.iter().enumerate().filter(|(_, address)| address.host == host);
        all.map(|(index, _)| AddressId(HostId::from_index(index).0)).collect()
    }

    pub(crate) fn host_at(&self, literal: &str) -> Result<HostId, String> {
        Ok(self.addresses[self.address(literal)?.index()].host)
    }

    pub(crate) fn domain(&self, name: &str) -> Result<DomainId, String> {
        let found = self.domains.iter().position(|domain| domain.name == name);
        found.map(DomainId::from_index).ok_or_else(|| format!("nothing is said about `{name}`"))
    }

    /// Returns the id of a DNS name, which exists with empty records if it is new.
    pub(crate) fn dns(&mut self, text: &str) -> NameId {
        let text = text.to_lowercase();
        if let Some(index) = self.zone.names.iter().position(|name| name.text == text) {
            return NameId(HostId::from_index(index).0);
        }
        let revisions = vec![(SimTime::ZERO, Records::default())];
        self.zone.names.push(Name { text, revisions });
        NameId(HostId::from_index(self.zone.names.len() - 1).0)
    }

    /// Returns a name that stands for an address, whatever the DNS does.
    pub(crate) fn literal(&mut self, address: &str) -> Result<NameId, String> {
        let (name, id) = (self.dns(&format!("[{address}]")), self.address(address)?);
        let records = self.records(name);
        records.exists = true;
        if !records.addresses.contains(&id) {
            records.addresses.push(id);
        }
        Ok(name)
    }

    /// Returns the last labels of all names in the DNS.
    pub(crate) fn top_labels(&self) -> BTreeSet<&str> {
        let names = self.zone.names.iter().map(|name| name.text.as_str());
        let last = names.map(|name| name.rsplit('.').next().unwrap_or(name));
        last.filter(|label| label.bytes().any(|octet| octet.is_ascii_alphabetic())).collect()
    }

    fn records(&mut self, name: NameId) -> &mut Records {
        &mut self.zone.names[name.index()].revisions[0].1
    }

    fn read_zone(&mut self, recording: &Recording) -> Result<(), String> {
        let negative_ttl = SimDuration::from_secs_f64(recording.resolver.negative_ttl_s);
        for text in &recording.dns.existing_names {
            let name = self.dns(text);
            self.records(name).exists = true;
        }
        for record in recording.dns.records.iter().filter(|record| record.answered) {
            let name = self.dns(&record.name);
            let ttl = SimDuration::from_secs_f64(record.ttl_s);
            (self.records(name).exists, self.records(name).ttl) = (true, ttl);
            self.add_record(name, record)?;
        }
        // Postfix takes an exchanger's name that looks like an address for the address itself; Exim
        // looks it up, and finds nothing.
        let looks_up = recording.settings_neutral.values().any(|server| server.server == "exim");
        for index in (0..self.addresses.len()).filter(|_| !looks_up) {
            let literal = self.addresses[index].literal.clone();
            if recording.dns.records.iter().any(|r| r.exchange.as_ref() == Some(&literal)) {
                let (name, address) = (self.dns(&literal), self.address(&literal)?);
                self.records(name).exists = true;
                self.records(name).addresses.push(address);
            }
        }
        for name in &mut self.zone.names {
            name.revisions[0].1.negative_ttl = negative_ttl;
        }
        Ok(())
    }

    fn add_record(&mut self, name: NameId, record: &Record) -> Result<(), String> {
        let missing = |what| format!("a record of {} has no {what}", record.name);
        match record.kind.as_str() {
            // Nobody asks for it.
            "AAAA" if !self.ipv6 => {}
            "A" | "AAAA" => {
                let literal = record.address.as_deref().ok_or_else(|| missing("address"))?;
                let address = self.address(literal)?;
                self.records(name).addresses.push(address);
            }
            "MX" => {
                let exchange = record.exchange.as_deref().ok_or_else(|| missing("exchange"))?;
                let preference = record.preference.ok_or_else(|| missing("preference"))?;
                let exchange = (exchange != ".").then(|| self.dns(exchange));
                self.records(name).mx.push(MxRecord { preference, exchange });
            }
            "CNAME" => {
                let target = record.target.as_deref().ok_or_else(|| missing("target"))?;
                self.records(name).alias = Some(self.dns(target));
            }
            "TXT" => {}
            other => return Err(format!("unknown word `{other}` in dns.records[].type")),
        }
        Ok(())
    }

    /// Makes the domains: those that the recording speaks of and those that mail is sent to, with
    /// every mailbox that occurs, and whether it exists.
    fn read_domains(&mut self, recording: &Recording) -> Result<(), String> {
        let mut mailboxes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in recording.dns.domains.keys() {
            mailboxes.entry(name.clone()).or_default();
        }
        for server in recording.settings_neutral.values() {
            let routed = server.routing.routes.iter().filter(|route| route.mx_lookup);
            for route in routed {
                mailboxes.entry(route.next_hop.clone()).or_default();
            }
        }
        for submission in &recording.submissions {
            for address in std::iter::once(&submission.from).chain(&submission.to) {
                let (local, domain) = split(address)?;
                let locals = mailboxes.entry(domain.to_owned()).or_default();
                if !locals.iter().any(|known| known == local) {
                    locals.push(local.to_owned());
                }
            }
        }
        for (name, locals) in mailboxes {
            let (known, unknown) = self.known_mailboxes(recording, &name, locals)?;
            let dns = self.dns(&name);
            let count = u32::try_from(known.len()).map_err(|error| error.to_string())?;
            let store = self.store(recording, &name)?;
            let domain = Domain {
                name,
                dns,
                named: known,
                mailboxes: count,
                unknown,
                also: Default::default(),
                mistyped: Default::default(),
                stray_dots: Default::default(),
                store,
            };
            self.domains.push(domain);
        }
        Ok(())
    }

    /// Splits the local parts of a domain into those that its store knows and the others.
    fn known_mailboxes(
        &self,
        recording: &Recording,
        domain: &str,
        locals: Vec<String>,
    ) -> Result<(Vec<String>, Vec<String>), String> {
        let servers = recording.settings_neutral.values();
        let store = servers.clone().find(|server| is_local(&server.routing.local_domains, domain));
        let Some(known) = store.and_then(|server| server.routing.known_recipients.as_ref()) else {
            return Ok((locals, Vec::new()));
        };
        if known.as_str() == Some("*") {
            return Ok((locals, Vec::new()));
        }
        let known: Vec<&str> = known
            .as_array()
            .ok_or("known_recipients is neither `*` nor a list")?
            .iter()
            .filter_map(serde_json::Value::as_str)
            .collect();
        Ok(locals.into_iter().partition(|local| {
            known.iter().any(|one| *one == local || *one == format!("{local}@{domain}"))
        }))
    }

    /// Returns the host that keeps the mailboxes: a real server that says so, else the sink that
    /// the domain's mail is led to first.
    fn store(&self, recording: &Recording, domain: &str) -> Result<Option<HostId>, String> {
        for (name, server) in &recording.settings_neutral {
            if is_local(&server.routing.local_domains, domain) {
                return self.host(name).map(Some);
            }
        }
        let is_sink = |host: &&str| recording.sinks.contains_key(*host);
        let exchangers = recording.dns.domains.get(domain).map_or(&[][..], |said| &said.mx);
        let led_to = exchangers.iter().map(|mx| mx.exchange.as_str()).find(is_sink);
        let any = recording.topology.hosts.iter().map(|host| host.name.as_str()).find(is_sink);
        led_to.or(any).map(|name| self.host(name)).transpose()
    }

    /// Returns the mailbox of an address.
    pub(crate) fn mailbox(&self, address: &str) -> Result<Mailbox, String> {
        let (local, domain) = split(address)?;
        let id = self.domain(domain)?;
        let domain = &self.domains[id.index()];
        let all = domain.named.iter().chain(&domain.unknown);
        let position = all.clone().position(|known| known == local);
        let position = position.ok_or_else(|| format!("nobody has the address {address}"))?;
        Ok(Mailbox { domain: id, local: u32::try_from(position).map_err(|e| e.to_string())? })
    }

    /// Returns every address that occurs, with its mailbox.
    pub(crate) fn all_mailboxes(&self) -> Vec<(String, Mailbox)> {
        let mut all = Vec::new();
        for (index, domain) in self.domains.iter().enumerate() {
            for (local, name) in domain.named.iter().chain(&domain.unknown).enumerate() {
                let local = HostId::from_index(local).0;
                let mailbox = Mailbox { domain: DomainId::from_index(index), local };
                all.push((format!("{name}@{}", domain.name), mailbox));
            }
        }
        all
    }
}

/// Returns the addresses of all hosts. Where IPv6 is spoken, the servers that speak it have an
/// address of that family too, which no record names.
fn addresses(recording: &Recording) -> Vec<Address> {
    let hosts = || recording.topology.hosts.iter().enumerate();
    let address = |index, literal: String, family| {
        let host = HostId::from_index(index);
        Address { host, literal, family }
    };
    let mut all: Vec<Address> = hosts()
        .map(|(index, host)| address(index, host.address.clone(), AddressFamily::V4))
        .collect();
    if recording.speaks_ipv6() {
        all.extend(hosts().filter_map(|(index, host)| {
            let sends = recording.settings_neutral.get(&host.name);
            let sends = sends.is_some_and(|s| s.others.contains_key("address_preference"));
            let own = sends.then(|| format!("fd00::ffff:{index:x}"));
            Some(address(index, host.address6.clone().or(own)?, AddressFamily::V6))
        }));
    }
    all
}

fn is_local(local_domains: &[String], domain: &str) -> bool {
    local_domains.iter().any(|local| local == domain)
}

fn split(address: &str) -> Result<(&str, &str), String> {
    address.rsplit_once('@').ok_or_else(|| format!("`{address}` is no address"))
}
