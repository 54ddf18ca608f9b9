//! A host from Postfix's configuration: `main.cf` or what `postconf` prints, `master.cf`, and flat
//! tables.
//!
//! # Scope and limitations
//! Values are read as Postfix reads them: continued lines, the last of two, `$name`, numbers without
//! unit in each parameter's own. What a parameter is to mail flow stands in `parameters`; whether
//! the model has it is asked of the scenario's own settings. Tables that live elsewhere (SQL, LDAP,
//! sockets) or are patterns (`pcre`, `regexp`) are not asked, and said to be missing.
//!
//! # Crates
//! None reads these files; their syntax is a page (`syntax`, `expand`).

mod expand;
mod master;
mod parameters;
mod routing;
mod settings;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::finding::{Class, Ledger, Place};
use super::network::{Host, Network, Said, canonical, is_name};
use crate::profiles;
use crate::profiles::settings_of;
use expand::expand;
use syntax::{Parameter, Strange};

pub(super) use syntax::{Service, Table, parameters, services, table};

/// Files of one Postfix.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Parameters, in the order of the file.
    pub(super) main: Vec<Parameter>,
    pub(super) strange: Vec<Strange>,
    pub(super) master: Vec<Service>,
    /// Flat tables by the last part of their name.
    pub(super) tables: BTreeMap<String, Table>,
    /// The host's name, if the user gave one.
    pub(super) host: Option<String>,
    /// The version, if the user gave one.
    pub(super) version: Option<String>,
    /// What the file is called.
    pub(super) name: Arc<str>,
}

/// A configuration that is being read.
struct Reading<'a> {
    files: &'a Files,
    /// The parameters that count, by name.
    last: BTreeMap<&'a str, &'a Parameter>,
    known: BTreeSet<&'static str>,
    ledger: &'a mut Ledger,
    name: String,
    host: Host,
}

/// Adds the host that the files describe, and the domains and hosts that they name; returns the
/// host's name.
pub(super) fn add_host(files: &Files, network: &mut Network, ledger: &mut Ledger) -> String {
    let known = settings_of(&profiles::postfix()).into_iter().map(|setting| setting.name).collect();
    let mut last: BTreeMap<&str, &Parameter> = BTreeMap::new();
    for parameter in &files.main {
        if let Some(former) = last.insert(&parameter.name, parameter) {
            let says = format!("the line {} replaces it: Postfix takes the last", parameter.place);
            ledger.note(Class::WithoutEffect, &former.name, &former.value, &former.place, says);
        }
    }
    for Strange { line, text, why } in &files.strange {
        let place = Place::new(&files.name, *line);
        ledger.note(Class::NotModelled, text.clone(), "", &place, format!("{why}: passed over"));
    }
    let mut reading =
        Reading { files, last, known, ledger, name: String::new(), host: Host::default() };
    reading.name = reading.host_name();
    reading.host.from = format!("from {}", files.name);
    reading.host.profile = Some(Said::new("\"postfix\"", reading.version()));
    reading.all_parameters();
    reading.services();
    reading.routing(network);
    let log_name = reading.value("syslog_name").filter(|value| value != "postfix");
    let Reading { name, host, .. } = reading;
    network.log_names.extend(log_name.map(|log_name| (log_name, name.clone())));
    network.add_configured(&name, host);
    name
}

impl<'a> Reading<'a> {
    /// Returns a parameter's value, `$name` replaced; none: not set.
    fn value(&self, name: &str) -> Option<String> {
        let lookup = |name: &str| self.raw(name);
        self.last.get(name).map(|parameter| expand(&parameter.value, &lookup).trim().to_owned())
    }

    /// A parameter's value as written, or a default that other values lean on.
    fn raw(&self, name: &str) -> Option<String> {
        if let Some(parameter) = self.last.get(name) {
            return Some(parameter.value.clone());
        }
        let parent = || {
            let host = self.files.host.clone().or_else(|| self.raw("myhostname"))?;
            host.split_once('.').map(|(_, rest)| rest.to_owned())
        };
        match name {
            "myhostname" => self.files.host.clone(),
            "mydomain" => parent(),
            "myorigin" => Some("$myhostname".to_owned()),
            "mydestination" => Some("$myhostname, localhost.$mydomain, localhost".to_owned()),
            _ => None,
        }
    }

    /// Returns the place of a parameter's line.
    fn place(&self, name: &str) -> Option<Place> {
        self.last.get(name).map(|parameter| parameter.place.clone())
    }

    /// Takes note of what was made of a parameter.
    fn note(&mut self, class: Class, name: &str, says: impl Into<String>) {
        if let Some(parameter) = self.last.get(name) {
            self.ledger.note(class, name, &parameter.value, &parameter.place, says);
        }
    }

    fn host_name(&mut self) -> String {
        if let Some(name) = &self.files.host {
            let says = "the host has the name that was given for this file";
            self.note(Class::Understood, "myhostname", says);
            return canonical(name);
        }
        match self.value("myhostname").map(|name| canonical(&name)) {
            Some(name) if is_name(&name) && !is_placeholder(&name) => {
                self.note(Class::Understood, "myhostname", "the host's name");
                name
            }
            Some(_) => {
                let says = "no name of a host, so the host is called mail.example";
                self.note(Class::Assumed, "myhostname", says);
                "mail.example".to_owned()
            }
            None => {
                let says = format!(
                    "{} does not say the host's name, so it is called mail.example; \
                     --postfix FILE@HOST names it",
                    self.files.name
                );
                self.ledger.say(Class::Assumed, "myhostname", says);
                "mail.example".to_owned()
            }
        }
    }

    /// Returns what is said of the version.
    fn version(&mut self) -> String {
        let stated = self.files.version.clone().or_else(|| self.value("mail_version"));
        let recorded = profiles::postfix().version;
        if let Some(version) = &stated {
            let says = format!("defaults of this version where they differ from {recorded}");
            self.note(Class::Understood, "mail_version", says);
            return format!("Postfix {version}, modelled after {recorded}");
        }
        let says = format!(
            "{} does not say the version, so what it leaves out has the defaults of Postfix \
             {recorded}; before 2.4 queue_run_delay and minimal_backoff_time were 1000s. \
             --postfix-version tells it (`postconf mail_version`)",
            self.files.name
        );
        self.ledger.say(Class::Assumed, "mail_version", says);
        format!("assumed: version {recorded}")
    }

    /// Returns major and minor version, if the files or the user tell them.
    fn version_number(&self) -> Option<(u32, u32)> {
        let stated = self.files.version.clone().or_else(|| self.value("mail_version"))?;
        let mut parts = stated.split('.').map(|part| part.parse().ok());
        Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
    }
}

/// Returns whether a value still holds the mark of a template that was not filled in.
fn is_placeholder(value: &str) -> bool {
    let framed = |mark: &str| value.matches(mark).count() >= 2;
    value.contains("{{")
        || value.contains("{%")
        || value.starts_with("PH_")
        || value.contains(" PH_")
        || framed("@@")
        || framed("%%")
        || (value.starts_with("__") && value.ends_with("__") && value.len() > 4)
}
