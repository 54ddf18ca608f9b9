//! `master.cf`: how many processes there are, and what single services do otherwise.

use std::collections::BTreeMap;

use super::super::finding::Class;
use super::super::network::Said;
use super::parameters::{Meaning, meaning};
use super::settings::toml_value;
use super::syntax::Service;
use super::{Reading, expand};
use crate::scenario::is_transport_override;

/// Daemons that every Postfix has, whose number limits no mail.
const HELPERS: &[&str] = &[
    "pickup",
    "cleanup",
    "qmgr",
    "oqmgr",
    "tlsmgr",
    "trivial-rewrite",
    "bounce",
    "verify",
    "flush",
    "proxymap",
    "showq",
    "error",
    "discard",
    "anvil",
    "scache",
    "postlogd",
    "tlsproxy",
    "dnsblog",
];

/// "No limit" as a number of processes.
const UNLIMITED: &str = "100000";

/// What a service is to the model.
enum Part {
    /// The SMTP server that other servers connect to.
    Server,
    /// The SMTP server that mail programs connect to.
    Submission,
    /// The SMTP client.
    Client,
    /// The SMTP client by another name.
    Transport,
    /// Delivery into mailboxes of the host.
    Local,
    Helper,
    /// Anything else.
    Other(&'static str),
}

fn part(service: &Service) -> Part {
    let port = service.name.rsplit(':').next().unwrap_or_default();
    match (service.command.as_str(), service.kind.as_str(), port) {
        ("smtpd", "inet", "smtp" | "25") => Part::Server,
        ("smtpd", "pass", _) => Part::Server,
        ("smtpd", "inet", "submission" | "587" | "submissions" | "smtps" | "465") => {
            Part::Submission
        }
        ("smtpd", ..) => Part::Other("a further SMTP server, such as one behind a filter"),
        ("smtp", "unix", "smtp") => Part::Client,
        ("smtp", "unix", _) => Part::Transport,
        ("smtp", ..) => Part::Other("an SMTP client that listens to the network"),
        ("local" | "virtual" | "lmtp", ..) => Part::Local,
        ("postscreen", ..) => Part::Other("clients are screened before the SMTP server sees them"),
        ("pipe" | "spawn", ..) => Part::Other("mail is handed to another program"),
        (command, ..) if HELPERS.contains(&command) => Part::Helper,
        _ => Part::Other("no daemon of Postfix that mailsim knows"),
    }
}

impl Reading<'_> {
    /// Reads the services.
    pub(super) fn services(&mut self) {
        let services = &self.files.master;
        if services.is_empty() {
            self.host.roles.extend(["submission", "relay"]);
            let says = "no master.cf was given: default_process_limit holds for every service, and \
                        the host takes mail from mail programs";
            return self.ledger.say(Class::Assumed, "master.cf", says);
        }
        self.host.roles.insert("relay");
        for service in services {
            self.service(service);
        }
    }

    fn service(&mut self, service: &Service) {
        let label = format!("{} {}", service.name, service.kind);
        let value = format!("{} {}", service.maxproc, service.command);
        let note = |reading: &mut Self, class, says: String| {
            reading.ledger.note(class, label.clone(), value.clone(), &service.place, says);
        };
        match part(service) {
            Part::Server => {
                let says = self.processes(service, "sessions", "sessions served at once");
                note(self, Class::Understood, says);
                self.overrides(service, true);
            }
            Part::Client => {
                let what = "delivery_processes";
                let says = self.processes(service, what, "deliveries to other hosts at once");
                note(self, Class::Understood, says);
                self.overrides(service, true);
            }
            Part::Transport => {
                let says = self.transport(service);
                note(self, Class::Understood, says);
            }
            Part::Local => {
                let limited = service.maxproc != "-" && service.command == "local";
                let says = match limited {
                    true => self.processes(service, "local_processes", "deliveries at once"),
                    false => "mailboxes of the host".to_owned(),
                };
                note(self, Class::Understood, says);
                self.overrides(service, false);
            }
            Part::Submission => {
                self.host.roles.insert("submission");
                note(self, Class::Understood, "the host takes mail from mail programs".to_owned());
                self.overrides(service, false);
            }
            Part::Helper => {
                let says = "a part that every Postfix has".to_owned();
                note(self, Class::WithoutEffect, says);
                let whole = matches!(service.command.as_str(), "qmgr" | "cleanup");
                self.overrides(service, whole);
            }
            Part::Other(why) => {
                note(self, Class::NotModelled, why.to_owned());
                self.overrides(service, false);
            }
        }
    }

    /// A transport of its own: its number of processes, and what `-o` sets of its SMTP client.
    fn transport(&mut self, service: &Service) -> String {
        let lookup = |name: &str| self.raw(name);
        let limit = expand(&service.maxproc, &lookup);
        let mut line = BTreeMap::new();
        if limit.bytes().all(|b| b.is_ascii_digit()) && !limit.is_empty() {
            line.insert("maxproc".to_owned(), Said::new(&limit, service.place.to_string()));
        }
        let mut left = Vec::new();
        for (name, value) in &service.overrides {
            let expanded = expand(value, &lookup);
            let spelt = meaning(name).and_then(|of| toml_value(of, expanded.trim()));
            match spelt.filter(|_| is_transport_override(name)) {
                Some(spelt) => {
                    line.insert(name.clone(), Said::new(spelt, service.place.to_string()));
                }
                None => left.push((name.clone(), value.clone())),
            }
        }
        let set = line.len();
        // `relay` without a word is as Postfix's profile has it.
        if !line.is_empty() {
            self.host.tables.insert(format!("transports.{}", service.name), line);
        }
        let left = Service { overrides: left, ..service.clone() };
        self.overrides(&left, false);
        format!("a transport of its own; {set} of its settings")
    }

    fn processes(&mut self, service: &Service, key: &'static str, what: &str) -> String {
        let lookup = |name: &str| self.raw(name);
        let limit = expand(&service.maxproc, &lookup);
        let limit = match limit.as_str() {
            "-" => return format!("{what}: as default_process_limit"),
            "0" => UNLIMITED,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits,
            _ => {
                return format!("{what}: its limit cannot be read, so default_process_limit holds");
            }
        };
        let from = format!("{}: maxproc of {}", service.place, service.name);
        self.host.capacity.insert(key, Said::new(limit, from));
        format!("{what}: {limit}")
    }

    /// Reads `-o`. `whole`: what the service does, the model's host does.
    fn overrides(&mut self, service: &Service, whole: bool) {
        for (name, value) in &service.overrides {
            let label = format!("{} -o {name}", service.name);
            match meaning(name) {
                Some(Meaning::WithoutEffect(why)) => {
                    self.ledger.note(Class::WithoutEffect, label, value, &service.place, why);
                }
                Some(Meaning::Structure) if name == "syslog_name" => {
                    let says = "the name under which its log is recognised";
                    self.ledger.note(Class::Understood, label, value, &service.place, says);
                }
                Some(Meaning::NotModelled(why)) if !self.known.contains(name.as_str()) => {
                    self.ledger.note(Class::NotModelled, label, value, &service.place, why);
                }
                Some(of) if whole && !matches!(of, Meaning::Structure) => {
                    self.setting(name, of, value, &service.place, name);
                }
                _ => {
                    let says = "holds for this service alone, which the model does not tell apart";
                    self.ledger.note(Class::NotModelled, label, value, &service.place, says);
                }
            }
        }
    }
}
