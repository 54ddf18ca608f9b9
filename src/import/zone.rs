//! Zone files (RFC 1035 §5): which hosts take a domain's mail, and how long answers are kept.
//!
//! # Crates
//! `hickory-proto` and `domain` read this format. Both end at the first line they do not know, and
//! `hickory-proto` says no line numbers; real files hold the marks of a template, a name server's own
//! `DYNA` lines and times such as `1H`, which `domain` does not know. So entries are told apart here,
//! each with its line, times are made seconds, and `domain` reads the names and the data of one entry
//! at a time: it brings a tenth of the dependencies of the other.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use bytes::Bytes;
use domain::base::Name;
use domain::rdata::ZoneRecordData;
use domain::zonefile::inplace::{Entry, Zonefile};

use super::finding::{Class, FileReport, Ledger, Place};
use super::network::{Network, Said, canonical, is_name};
use crate::scenario::text_value;

/// A record of mail's interest.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    Mx(u16, String),
    Address(String),
    Alias(String),
    Text(String),
    /// How long it may be kept that a name does not exist \[s\] (RFC 2308 §4).
    NegativeTtl(u32),
    /// A type that leads no mail.
    Other(String),
}

struct Record {
    owner: String,
    ttl: Option<u32>,
    data: Data,
    place: Place,
}

/// Reads a zone file. `origin` is the zone's name, if the user gave one.
pub(super) fn add_zone(
    file: &Arc<str>,
    text: &str,
    origin: Option<&str>,
    report: &mut FileReport,
    network: &mut Network,
    ledger: &mut Ledger,
) {
    let mut reading = Reading {
        file,
        origin: origin.map(canonical).or_else(|| zone_name(file)),
        default_ttl: None,
        owner: None,
        records: Vec::new(),
        report,
        ledger,
    };
    for entry in entries(text) {
        reading.entry(&entry);
    }
    let Reading { records, ledger, .. } = reading;
    Building { records: &records, ledger, network }.build();
}

/// `example.org.zone`, `db.example.org` and the like are named after their zone.
fn zone_name(file: &str) -> Option<String> {
    let name = file.rsplit('/').next()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = name.strip_prefix("db.").unwrap_or(name);
    let name = [".zone", ".db", ".hosts"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
    (name.contains('.') && is_name(name)).then(|| canonical(name))
}

/// Lines that belong together: a record, or a directive.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    line: u64,
    /// Whether the owner is left out, and so inherited.
    inherits: bool,
    words: Vec<String>,
}

/// Tells entries apart: comments end at the line's end, parentheses join lines, quotes hold.
fn entries(text: &str) -> Vec<Lines> {
    let mut found: Vec<Lines> = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in (1..).zip(text.lines()) {
        if depth == 0 {
            let inherits = line.starts_with([' ', '\t']);
            found.push(Lines { line: number, inherits, words: Vec::new() });
        }
        let Some(entry) = found.last_mut() else { continue };
        let mut word = String::new();
        let (mut quoted, mut escaped) = (false, false);
        for c in line.chars() {
            let plain = !quoted && !escaped;
            match c {
                ';' if plain => break,
                '(' | ')' if plain => {
                    depth = if c == '(' { depth + 1 } else { depth.saturating_sub(1) };
                    push(&mut entry.words, &mut word);
                }
                c if plain && c.is_whitespace() => push(&mut entry.words, &mut word),
                c => word.push(c),
            }
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
        }
        push(&mut entry.words, &mut word);
    }
    found.retain(|entry| !entry.words.is_empty());
    found
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Reads a time: seconds, or numbers with units as `1H30M` (BIND and others).
fn seconds(word: &str) -> Option<u32> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mut total, mut number) = (0_u32, String::new());
    for c in word.chars() {
        let factor = match c.to_ascii_lowercase() {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let count: u32 = std::mem::take(&mut number).parse().ok()?;
        total = total.checked_add(count.checked_mul(factor)?)?;
    }
    match number.is_empty() {
        true => Some(total),
        false => total.checked_add(number.parse().ok()?),
    }
}

struct Reading<'a> {
    file: &'a Arc<str>,
    origin: Option<String>,
    default_ttl: Option<u32>,
    owner: Option<String>,
    records: Vec<Record>,
    report: &'a mut FileReport,
    ledger: &'a mut Ledger,
}

impl Reading<'_> {
    fn entry(&mut self, entry: &Lines) {
        if let Err(why) = self.read(entry) {
            self.report.breaks(entry.line, entry.words.join(" ").as_bytes(), &why);
        }
    }

    fn read(&mut self, entry: &Lines) -> Result<(), String> {
        let place = Place::new(self.file, entry.line);
        let mut words: Vec<&str> = entry.words.iter().map(String::as_str).collect();
        let whole = words.join(" ");
        match words[0].to_ascii_uppercase().as_str() {
            "$ORIGIN" => {
                let name = words.get(1).ok_or("no name")?;
                self.origin = Some(self.absolute(name)?);
                self.ledger.note(Class::Understood, "$ORIGIN", *name, &place, "names end in it");
                return Ok(());
            }
            "$TTL" => {
                let ttl = words.get(1).and_then(|word| seconds(word)).ok_or("no time")?;
                self.default_ttl = Some(ttl);
                let says = format!("answers are kept for {ttl} s where nothing else is said");
                self.ledger.note(Class::Understood, "$TTL", words[1], &place, says);
                return Ok(());
            }
            directive if directive.starts_with('$') => {
                let says = "not followed: give the files that it leads to";
                self.ledger.note(Class::NotModelled, directive, whole, &place, says);
                return Ok(());
            }
            _ => {}
        }
        // The serial number of a template leads no mail, wherever it was to stand.
        let filled: Vec<String>;
        if whole.contains("{{") || whole.contains("{%") {
            let says = "the mark of a template that was not filled in is taken as 1";
            self.ledger.note(Class::Assumed, "template", &whole, &place, says);
            filled = without_marks(&whole);
            words = filled.iter().map(String::as_str).collect();
            if words.is_empty() {
                return Ok(());
            }
        }
        if !entry.inherits {
            self.owner = Some(self.absolute(words.remove(0))?);
        }
        let owner = self.owner.clone().ok_or("no name, and none above it")?;
        let mut ttl = None;
        while let Some(word) = words.first() {
            if ["IN", "CH", "HS"].contains(&word.to_ascii_uppercase().as_str()) {
                words.remove(0);
            } else if let Some(time) = seconds(word).filter(|_| ttl.is_none()) {
                ttl = Some(time);
                words.remove(0);
            } else {
                break;
            }
        }
        if words.is_empty() {
            return Err("no type of a record".to_owned());
        }
        let kind = words.remove(0).to_ascii_uppercase();
        let data = self.data(&kind, &words)?;
        if let Data::Other(kind) = &data {
            let says = "a record that leads no mail";
            self.ledger.note(Class::WithoutEffect, format!("{owner} {kind}"), "", &place, says);
        }
        let ttl = ttl.or(self.default_ttl);
        self.records.push(Record { owner, ttl, data, place });
        Ok(())
    }

    fn absolute(&self, name: &str) -> Result<String, String> {
        match (name, &self.origin) {
            ("@", Some(origin)) => Ok(origin.clone()),
            (name, _) if name.ends_with('.') => Ok(canonical(name)),
            (name, Some(origin)) => Ok(format!("{}.{origin}", canonical(name))),
            (_, None) => Err("a relative name, and nothing says of which zone: give --zone \
                              FILE@ZONE"
                .to_owned()),
        }
    }

    /// Reads the data of a record with the help of `domain`.
    fn data(&self, kind: &str, words: &[&str]) -> Result<Data, String> {
        const LEADS_NO_MAIL: [&str; 14] = [
            "NS", "SRV", "CAA", "TLSA", "SSHFP", "DS", "DNSKEY", "RRSIG", "NSEC", "PTR", "NAPTR",
            "HTTPS", "SVCB", "LOC",
        ];
        match kind {
            "MX" | "A" | "AAAA" | "CNAME" | "TXT" | "SPF" | "SOA" => {}
            _ if LEADS_NO_MAIL.contains(&kind) => return Ok(Data::Other(kind.to_owned())),
            _ => return Err(format!("no record type that is known: {kind}")),
        }
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if kind == "SOA" {
            for word in words.iter_mut().skip(3) {
                *word = seconds(word).ok_or("no time in the SOA record")?.to_string();
            }
        }
        let kind = if kind == "SPF" { "TXT" } else { kind };
        let line = format!("@ 0 IN {kind} {}\n", words.join(" "));
        let mut scanner = Zonefile::from(line.as_str());
        let origin = self.origin.as_deref().unwrap_or(".");
        let origin = Name::<Bytes>::from_str(&format!("{}.", origin.trim_end_matches('.')))
            .map_err(|error| error.to_string())?;
        scanner.set_origin(origin);
        let entry = scanner.next_entry().map_err(|error| error.to_string())?;
        let Some(Entry::Record(record)) = entry else {
            return Err("no record".to_owned());
        };
        Ok(match record.data() {
            ZoneRecordData::Mx(mx) => {
                Data::Mx(mx.preference(), mx.exchange().to_string().to_ascii_lowercase())
            }
            ZoneRecordData::A(a) => Data::Address(a.addr().to_string()),
            ZoneRecordData::Aaaa(a) => Data::Address(a.addr().to_string()),
            ZoneRecordData::Cname(cname) => Data::Alias(canonical(&cname.cname().to_string())),
            ZoneRecordData::Txt(txt) => {
                let text: Vec<u8> = txt.text::<Vec<u8>>();
                Data::Text(String::from_utf8_lossy(&text).into_owned())
            }
            ZoneRecordData::Soa(soa) => Data::NegativeTtl(soa.minimum().as_secs()),
            _ => Data::Other(kind.to_owned()),
        })
    }
}

/// The words of a line whose marks `{{ … }}` are each one number; control marks are left out.
fn without_marks(line: &str) -> Vec<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        let (before, mark) = rest.split_at(at);
        out.push_str(before);
        let (put, close) = if mark.starts_with("{{") { ("1", "}}") } else { ("", "%}") };
        out.push_str(put);
        rest = mark.split_once(close).map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.split_whitespace().map(str::to_owned).collect()
}

struct Building<'a> {
    records: &'a [Record],
    ledger: &'a mut Ledger,
    network: &'a mut Network,
}

impl Building<'_> {
    fn build(&mut self) {
        let negative = self.records.iter().find_map(|record| match record.data {
            Data::NegativeTtl(seconds) => {
                Some(Said::new(time(record.ttl.map_or(seconds, |t| t.min(seconds))), at(record)))
            }
            _ => None,
        });
        for record in self.records {
            match &record.data {
                Data::Mx(preference, host) => self.exchanger(record, *preference, host),
                Data::Text(text) => self.text(record, text),
                Data::Alias(target) => self.alias(record, target),
                Data::NegativeTtl(_) => {
                    let says = "how long it is kept that a name does not exist";
                    let what = format!("{} SOA", record.owner);
                    self.ledger.note(Class::Understood, what, "", &record.place, says);
                }
                Data::Address(_) | Data::Other(_) => {}
            }
        }
        // After the exchangers: an address is of interest if mail goes there.
        for record in self.records {
            if let Data::Address(address) = &record.data {
                self.address(record, address);
            }
        }
        let Some(negative) = negative else { return };
        let owners: Vec<&str> = self.records.iter().map(|r| r.owner.as_str()).collect();
        for (name, domain) in &mut self.network.domains {
            if owners.contains(&name.as_str()) {
                domain.keys.entry("negative_ttl").or_insert(negative.clone());
            }
        }
    }

    fn note(&mut self, class: Class, record: &Record, kind: &str, value: &str, says: &str) {
        let what = format!("{} {kind}", record.owner);
        self.ledger.note(class, what, value, &record.place, says);
    }

    fn exchanger(&mut self, record: &Record, preference: u16, host: &str) {
        let from = at(record);
        let is_alias =
            self.records.iter().any(|r| r.owner == host && matches!(r.data, Data::Alias(_)));
        let domain = self.network.domain(&record.owner, || format!("from {from}"));
        if let Some(ttl) = record.ttl {
            domain.keys.insert("ttl", Said::new(time(ttl), from.clone()));
        }
        // What was assumed before gives way to what a zone says.
        domain.mx.retain(|(.., from)| !from.starts_with("assumed"));
        if matches!(host, "." | "") {
            domain.null_mx = Some(from);
            return self.note(Class::Understood, record, "MX", ".", "the domain takes no mail");
        }
        if is_alias {
            let value = format!("{preference} {host}");
            let says = "an alias as an exchanger, against RFC 2181 §10.3; the host behind it is \
                        taken";
            self.note(Class::Assumed, record, "MX", &value, says);
        }
        let host = self.behind(host);
        let domain = self.network.domain(&record.owner, String::new);
        domain.mx.push((preference, host.clone(), from.clone()));
        domain.mx.sort();
        self.network.host(&host, || format!("exchanger, from {from}")).roles.insert("mx");
        let value = format!("{preference} {host}");
        self.note(Class::Understood, record, "MX", &value, "an exchanger");
    }

    /// The name that a chain of aliases within the zone ends at.
    fn behind(&self, name: &str) -> String {
        let mut name = canonical(name);
        for _ in 0..8 {
            let next = self.records.iter().find_map(|record| match &record.data {
                Data::Alias(target) if record.owner == name => Some(target.clone()),
                _ => None,
            });
            match next {
                Some(next) => name = next,
                None => break,
            }
        }
        name
    }

    fn address(&mut self, record: &Record, address: &str) {
        let from = at(record);
        if let Some(host) = self.network.hosts.get_mut(&record.owner) {
            host.addresses.insert(address.to_owned());
            if let Some(ttl) = record.ttl {
                host.keys.insert("ttl", Said::new(time(ttl), from));
            }
            return self.note(Class::Understood, record, "A", address, "an address of this host");
        }
        let class = Class::WithoutEffect;
        let says = "no exchanger is found there; mail to addresses at this very name is not in \
                    the scenario";
        self.note(class, record, "A", address, says);
    }

    fn alias(&mut self, record: &Record, target: &str) {
        let used =
            self.records.iter().any(|r| matches!(&r.data, Data::Mx(_, h) if *h == record.owner));
        let says = if used { "followed" } else { "no exchanger is found there" };
        let class = if used { Class::Understood } else { Class::WithoutEffect };
        self.note(class, record, "CNAME", target, says);
    }

    fn text(&mut self, record: &Record, text: &str) {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("v=spf1") {
            return self.sender_policy(record, &lower);
        }
        if let (Some(domain), true) =
            (record.owner.strip_prefix("_dmarc."), lower.starts_with("v=dmarc1"))
        {
            let policy =
                lower.split(';').find_map(|tag| tag.trim().strip_prefix("p=").map(str::trim));
            if let Some(policy @ ("none" | "quarantine" | "reject")) = policy {
                let said = Said::new(text_value(policy), at(record));
                let domain = domain.to_owned();
                self.network
                    .domain(&domain, || format!("from {}", at(record)))
                    .keys
                    .insert("dmarc", said);
                return self.note(Class::Understood, record, "TXT", text, "a DMARC policy");
            }
        }
        let says = "no policy of mail that the scenario has";
        let class = match lower.contains("v=dkim1") || lower.contains("v=dmarc") {
            true => Class::NotModelled,
            false => Class::WithoutEffect,
        };
        self.note(class, record, "TXT", text, says);
    }

    /// SPF (RFC 7208): hosts by `mx` and `include`; addresses stand for hosts that the zone names.
    fn sender_policy(&mut self, record: &Record, text: &str) {
        let by_address: BTreeMap<&str, &str> = self
            .records
            .iter()
            .filter_map(|r| match &r.data {
                Data::Address(address) => Some((address.as_str(), r.owner.as_str())),
                _ => None,
            })
            .collect();
        let mut hosts: Vec<String> = Vec::new();
        let (mut left, mut otherwise) = (Vec::new(), None);
        for word in text.split_whitespace().skip(1) {
            match word.trim_start_matches('+') {
                "mx" => hosts.extend(self.records.iter().filter_map(|r| match &r.data {
                    Data::Mx(_, host) if r.owner == record.owner => Some(self.behind(host)),
                    _ => None,
                })),
                "-all" => otherwise = Some("fail"),
                "~all" => otherwise = Some("softfail"),
                "?all" => otherwise = Some("neutral"),
                word => match word.strip_prefix("ip4:").or_else(|| word.strip_prefix("ip6:")) {
                    Some(address) if by_address.contains_key(address) => {
                        hosts.push(by_address[address].to_owned());
                    }
                    _ => left.push(word.to_owned()),
                },
            }
        }
        hosts.retain(|host| self.network.hosts.contains_key(host));
        hosts.sort();
        hosts.dedup();
        if !left.is_empty() || hosts.is_empty() {
            let says = format!(
                "the policy names what the scenario does not have ({}), so the domain has none",
                left.join(" ")
            );
            return self.note(Class::NotModelled, record, "TXT", text, &says);
        }
        let list: Vec<String> = hosts.iter().map(|host| text_value(host)).collect();
        let otherwise =
            otherwise.map(|word| format!(", otherwise = \"{word}\"")).unwrap_or_default();
        let said = Said::new(format!("{{ hosts = [{}]{otherwise} }}", list.join(", ")), at(record));
        let from = at(record);
        self.network.domain(&record.owner, || format!("from {from}")).keys.insert("spf", said);
        self.note(Class::Understood, record, "TXT", text, "who may send for it");
    }
}

fn at(record: &Record) -> String {
    record.place.to_string()
}

fn time(seconds: u32) -> String {
    text_value(&format!("{seconds}s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "$TTL 1H\n\
        @ IN SOA ns1 hostmaster ( {{ serial }} ; of a template\n  2H 15M 2W 10M )\n\
        \tIN NS ns1\n\
        \tMX 10 mx1\n\
        \t600 IN MX 20 backup.example.net.\n\
        \tTXT \"v=spf1 mx -all\" ; who sends\n\
        mx1 A 192.0.2.1\n    AAAA 2001:db8::1\n\
        www 300 A 192.0.2.9\n\
        _dmarc TXT ( \"v=DMARC1; p=quar\" \"antine\" )\n\
        dyn DYNA whatever\n\
        none MX 0 .\n";

    fn read() -> (Network, Ledger, FileReport) {
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let mut report = FileReport::default();
        let file: Arc<str> = "db.example.org".into();
        add_zone(&file, ZONE, None, &mut report, &mut network, &mut ledger);
        (network, ledger, report)
    }

    #[test]
    fn a_zone_with_all_that_real_ones_hold_is_read() {
        let (network, ledger, report) = read();
        let domain = &network.domains["example.org"];
        let mx: Vec<_> = domain.mx.iter().map(|(p, h, _)| (*p, h.as_str())).collect();
        assert_eq!(mx, [(10, "mx1.example.org"), (20, "backup.example.net")]);
        // The least of the SOA record's own time to live and its last field (RFC 2308 §4).
        assert_eq!(domain.keys["negative_ttl"].value, "\"600s\"");
        assert_eq!(domain.keys["dmarc"].value, "\"quarantine\"");
        assert!(domain.keys["spf"].value.contains("mx1.example.org"), "{:?}", domain.keys["spf"]);
        let addresses = &network.hosts["mx1.example.org"].addresses;
        assert_eq!(addresses.len(), 2, "{addresses:?}");
        assert!(network.domains["none.example.org"].null_mx.is_some());
        assert!(!network.hosts.contains_key("www.example.org"));
        // The name server's own line is counted and shown, and ends nothing.
        assert_eq!((report.broken_lines, report.broken[0].line), (1, 12));
        assert!(ledger.assumed.iter().any(|f| f.what == "template"));
    }

    #[test]
    fn times_have_units() {
        assert_eq!(seconds("1H30M"), Some(5400));
        assert_eq!(seconds("600"), Some(600));
        assert_eq!(seconds("1w2D"), Some(777_600));
        assert_eq!(seconds("mx1"), None);
        assert_eq!(seconds("1x"), None);
    }
}
