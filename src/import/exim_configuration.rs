//! Exim's configuration file, or what `exim -bP` prints.
//!
//! # Scope and limitations
//! The main section, the options of the transport for other hosts, and the retry section. Macros that
//! are plain text are put in; conditions (`.ifdef`), string expansion (`${…}`), access lists and
//! routers are not followed, and said so. The time between queue runs is `-q` of the command line,
//! which no file holds: a log that begins with the daemon's start tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Class, Ledger, Place};
use super::network::{Host, Network, Said, canonical, is_name};
use super::settings_file::Known;
use crate::scenario::text_value;

/// Options that lead no mail.
const WITHOUT_EFFECT: &[&str] = &[
    "log_",
    "syslog_",
    "spool_directory",
    "pid_file_path",
    "exim_user",
    "exim_group",
    "exim_path",
    "smtp_banner",
    "received_header_text",
    "print_topbitchars",
    "process_log_path",
    "write_rejectlog",
    "timezone",
    "tls_certificate",
    "tls_privatekey",
    "bounce_message_file",
    "warn_message_file",
    "admin_groups",
    "trusted_users",
    "trusted_groups",
    "prod_requires_admin",
    "gecos_",
    "headers_charset",
];

/// A logical line, `\` at its end having joined it with the next.
fn logical(text: &str) -> Vec<(u64, String)> {
    let mut found: Vec<(u64, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        if content.starts_with('#') {
            continue;
        }
        let (content, more) = match content.strip_suffix('\\') {
            Some(content) => (content.trim_end(), true),
            None => (content, false),
        };
        match found.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(content);
            }
            _ if !content.is_empty() => found.push((number, content.to_owned())),
            _ => {}
        }
        goes_on = more;
    }
    found
}

/// Adds the host that the file describes; returns its name.
pub(super) fn add_host(
    file: &Arc<str>,
    text: &str,
    named: Option<&str>,
    network: &mut Network,
    ledger: &mut Ledger,
) -> String {
    let mut reading = Reading {
        file,
        known: Known::of("exim"),
        macros: BTreeMap::new(),
        section: "main".to_owned(),
        transport: String::new(),
        remote: false,
        name: named.map(canonical),
        host: Host::default(),
        ledger,
    };
    for (line, text) in logical(text) {
        reading.line(line, &text);
    }
    let Reading { name, mut host, ledger, .. } = reading;
    let name = name.unwrap_or_else(|| {
        let says = format!("{file} does not say the host's name: --exim FILE@HOST tells it");
        ledger.say(Class::Assumed, "primary_hostname", says);
        "exim.example".to_owned()
    });
    host.from = format!("from {file}");
    host.profile = Some(Said::new("\"exim\"", "its configuration is Exim's"));
    host.roles.extend(["submission", "relay"]);
    let fallback = host.keys.get("fallback_relay").cloned();
    network.add_configured(&name, host);
    if let Some(said) = fallback {
        let made = network.host(said.value.trim_matches('"'), || format!("fallback of {name}"));
        made.roles.insert("relay");
    }
    name
}

struct Reading<'a> {
    file: &'a Arc<str>,
    known: Known,
    macros: BTreeMap<String, String>,
    section: String,
    /// The transport that options belong to.
    transport: String,
    /// Whether it speaks SMTP to other hosts.
    remote: bool,
    name: Option<String>,
    host: Host,
    ledger: &'a mut Ledger,
}

impl Reading<'_> {
    fn line(&mut self, line: u64, text: &str) {
        let place = Place::new(self.file, line);
        if let Some(section) = text.strip_prefix("begin ") {
            section.trim().clone_into(&mut self.section);
            let says = match self.section.as_str() {
                "retry" | "transports" => return,
                _ => "this section is not followed",
            };
            return self.ledger.note(Class::NotModelled, text, "", &place, says);
        }
        if text.starts_with('.') {
            let says = "conditions and further files are not followed: every line counts";
            return self.ledger.note(Class::NotModelled, text, "", &place, says);
        }
        match self.section.as_str() {
            "main" => self.main(text, &place),
            "transports" => self.transports(text, &place),
            "retry" => self.retry(text, &place),
            _ => {}
        }
    }

    /// Macros are put in wherever their names stand.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.macros {
            text = text.replace(name.as_str(), value);
        }
        text
    }

    fn main(&mut self, text: &str, place: &Place) {
        let begins_upper = text.starts_with(|c: char| c.is_ascii_uppercase());
        if let (true, Some((name, value))) = (begins_upper, text.split_once('=')) {
            let value = self.filled(value.trim());
            self.macros.insert(name.trim().trim_end_matches('=').trim().to_owned(), value);
            return self.ledger.note(Class::Understood, name.trim(), "", place, "a macro");
        }
        let lists = ["domainlist ", "hostlist ", "addresslist ", "localpartlist "];
        if let Some(list) = lists.iter().find(|list| text.starts_with(**list)) {
            return self.named_list(list, text, place);
        }
        self.option(text, place);
    }

    fn named_list(&mut self, list: &str, text: &str, place: &Place) {
        let filled = self.filled(&text[list.len()..]);
        let Some((name, value)) = filled.split_once('=') else { return };
        let (name, value) = (name.trim(), value.trim());
        if list != "domainlist " {
            let says = "a list that leads no mail by itself";
            return self.ledger.note(Class::NotModelled, name, value, place, says);
        }
        let domains: Vec<&str> = value.split(':').map(str::trim).filter(|d| is_name(d)).collect();
        let plain = domains.len() == value.split(':').filter(|d| !d.trim().is_empty()).count();
        match name {
            "local_domains" => {
                for domain in domains {
                    self.host.local_domains.insert(canonical(domain), place.to_string());
                }
                self.host.roles.extend(["mx", "store"]);
            }
            "relay_to_domains" => {
                self.host.roles.insert("mx");
            }
            _ => {}
        }
        let says = if plain { "domains" } else { "what is no plain name in it is passed over" };
        let class = if plain { Class::Understood } else { Class::NotModelled };
        self.ledger.note(class, name, value, place, says);
    }

    /// `name = value`, `name`, `no_name` or `not_name`.
    fn option(&mut self, text: &str, place: &Place) {
        let filled = self.filled(text);
        let (name, value) = match filled.split_once('=') {
            Some((name, value)) => (name.trim(), value.trim()),
            None => match filled.strip_prefix("no_").or_else(|| filled.strip_prefix("not_")) {
                Some(name) => (name.trim(), "false"),
                None => (filled.trim(), "true"),
            },
        };
        let value = value.trim_matches('"');
        if name == "primary_hostname" {
            if is_name(value) && self.name.is_none() {
                self.name = Some(canonical(value));
            }
            return self.ledger.note(Class::Understood, name, value, place, "the host's name");
        }
        if self.known.has(name) && !value.contains('$') {
            return self.known.set(name, name, value, place, &mut self.host.settings, self.ledger);
        }
        let without = WITHOUT_EFFECT.iter().any(|begin| name.starts_with(begin));
        let (class, says) = match without {
            true => (Class::WithoutEffect, "words, files or how much is logged"),
            false => (Class::NotModelled, "the model has no such option"),
        };
        self.ledger.note(class, name, value, place, says);
    }

    fn transports(&mut self, text: &str, place: &Place) {
        if let Some(name) = text.strip_suffix(':') {
            name.clone_into(&mut self.transport);
            self.remote = false;
            return;
        }
        if text.split_once('=').is_some_and(|(n, v)| n.trim() == "driver" && v.trim() == "smtp") {
            self.remote = true;
        }
        let name = self.filled(text);
        let name = name.split('=').next().unwrap_or_default().trim().to_owned();
        // Of these it matters only whether they say anything.
        const SAID: [(&str, &str); 2] =
            [("hosts_try_fastopen", "tcp_fast_open"), ("interface", "has_interface")];
        if self.remote
            && let Some((_, setting)) = SAID.iter().find(|(own, _)| *own == name)
        {
            let off = text.split_once('=').is_none_or(|(_, v)| v.trim().is_empty());
            let value = if off { "false" } else { "true" };
            if self.known.has(setting) {
                return self.known.set(
                    setting,
                    &name,
                    value,
                    place,
                    &mut self.host.settings,
                    self.ledger,
                );
            }
        }
        // `final_timeout` and the like are settings of the client under general names.
        const RENAMED: [(&str, &str); 2] =
            [("final_timeout", "dot_timeout"), ("data_timeout", "block_timeout")];
        if self.remote
            && let Some((_, setting)) = RENAMED.iter().find(|(own, _)| *own == name)
            && let Some((_, value)) = text.split_once('=')
            && self.known.has(setting)
        {
            let settings = &mut self.host.settings;
            return self.known.set(setting, &name, value.trim(), place, settings, self.ledger);
        }
        if self.remote
            && name == "command_timeout"
            && let Some((_, value)) = text.split_once('=')
        {
            for setting in
                ["greeting_timeout", "ehlo_timeout", "mail_timeout", "rcpt_timeout", "data_timeout"]
            {
                if self.known.has(setting) {
                    let settings = &mut self.host.settings;
                    self.known.set(setting, &name, value.trim(), place, settings, self.ledger);
                }
            }
            return;
        }
        if self.remote && name == "fallback_hosts" {
            return self.fallback(text, place);
        }
        if self.remote && self.known.has(&name) {
            return self.option(text, place);
        }
        let what = format!("{} {name}", self.transport);
        let says = "an option of a transport that the model does not have";
        self.ledger.note(Class::NotModelled, what, text, place, says);
    }

    /// `fallback_hosts = a : b`: tried when all others have failed; the model has one of them.
    fn fallback(&mut self, text: &str, place: &Place) {
        let filled = self.filled(text);
        let value = filled.split_once('=').map_or("", |(_, value)| value.trim());
        let mut hosts = value.split(':').map(str::trim).filter(|host| !host.is_empty());
        let (first, more) = (hosts.next().unwrap_or_default(), hosts.next().is_some());
        if first.is_empty() {
            let says = "no host is tried when all others have failed";
            return self.ledger.note(Class::Understood, "fallback_hosts", value, place, says);
        }
        if !is_name(first) {
            let says = "no host that can be read";
            return self.ledger.note(Class::NotModelled, "fallback_hosts", value, place, says);
        }
        let said = Said::new(text_value(&canonical(first)), place.to_string());
        self.host.keys.insert("fallback_relay", said);
        let (class, says) = match more {
            false => (Class::Understood, "tried when all others have failed"),
            true => (Class::NotModelled, "the first one alone is used"),
        };
        self.ledger.note(class, "fallback_hosts", value, place, says);
    }

    /// `pattern error rules`: the model has one rule for all hosts and errors.
    fn retry(&mut self, text: &str, place: &Place) {
        let text = self.filled(text);
        let mut words = text.split_whitespace();
        let (pattern, error) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let rule = words.collect::<Vec<_>>().join(" ");
        if (pattern, error) == ("*", "*") && !rule.is_empty() {
            let said = Said::new(text_value(&rule), place.to_string());
            self.host.settings.insert("retry_rule".to_owned(), said);
            let says = "the rule for all hosts and errors";
            return self.ledger.note(Class::Understood, "retry", text, place, says);
        }
        let says = "a rule for single hosts or errors; the model has one for all";
        self.ledger.note(Class::NotModelled, "retry", text, place, says);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_macros_and_retry_rules_are_read() {
        let text = "CUT = 4d\nprimary_hostname = mx.example.org\nqueue_only\nno_delay_after_cutoff\n\
            message_size_limit = 50M\ndomainlist local_domains = example.org : @\n\
            begin transports\nremote_smtp:\n  driver = smtp\n  connect_timeout = 3s\n\
            interface = 192.0.2.1\n  fallback_hosts = Later.example.org : other.example.org\n\
            begin retry\n* quota\n* * F,2h,15m; G,16h,1h,1.5; \\\n    F,CUT,6h\n";
        let (mut network, mut ledger) = (Network::default(), Ledger::new());
        let name = add_host(&"exim4.conf".into(), text, None, &mut network, &mut ledger);
        assert_eq!(name, "mx.example.org");
        let host = &network.hosts[&name];
        let value = |key: &str| host.settings.get(key).map(|said| said.value.as_str());
        assert_eq!(value("retry_rule"), Some("\"F,2h,15m; G,16h,1h,1.5; F,4d,6h\""));
        assert_eq!(value("connect_timeout"), Some("\"3s\""));
        assert_eq!(value("has_interface"), Some("true"));
        assert_eq!(host.keys["fallback_relay"].value, "\"later.example.org\"");
        assert!(network.hosts["later.example.org"].roles.contains("relay"));
        assert_eq!(value("queue_only"), Some("true"));
        assert_eq!(value("delay_after_cutoff"), Some("false"));
        assert_eq!(value("message_size_limit"), Some("\"52428800B\""));
        assert!(host.local_domains.contains_key("example.org"));
        assert!(ledger.not_modelled.iter().any(|f| f.value.contains("quota")));
    }
}
