//! Parameters that become settings of the profile, one by one.

use super::super::finding::{Class, Place};
use super::super::network::Said;
use super::expand::expand;
use super::parameters::{Meaning, meaning, of_transport};
use super::syntax::Parameter;
use super::{Reading, is_placeholder};
use crate::scenario::{is_transport_parameter, text_value};

/// The transport by which mail leaves for other hosts.
const REMOTE: &str = "smtp";

impl Reading<'_> {
    /// Classes every parameter that is not read together with others.
    pub(super) fn all_parameters(&mut self) {
        let parameters: Vec<&Parameter> = self.last.values().copied().collect();
        // What holds for all transports comes before what holds for one.
        for parameter in &parameters {
            self.parameter(parameter);
        }
        for parameter in &parameters {
            self.transport_parameter(parameter);
        }
        self.defaults_by_version();
        self.words();
    }

    fn parameter(&mut self, parameter: &Parameter) {
        let Parameter { name, value, place } = parameter;
        let known = meaning(name);
        let special = matches!(known, Some(Meaning::Structure));
        if is_placeholder(value) && !matches!(known, Some(Meaning::WithoutEffect(_))) {
            let says = "a template that was not filled in, so it is taken as not set";
            self.ledger.note(Class::Assumed, name, value, place, says);
            return;
        }
        if of_transport(name).is_some() && !self.known.contains(name.as_str()) {
            return;
        }
        match known {
            None => self.unknown(parameter),
            Some(_) if special => {}
            Some(Meaning::WithoutEffect(why)) => {
                self.ledger.note(Class::WithoutEffect, name, value, place, why);
            }
            Some(Meaning::NotModelled(why)) if !self.known.contains(name.as_str()) => {
                // An empty list of tables or filters is none; of other values it may be a choice.
                let lists = ["_maps", "_checks", "_restrictions", "_milters", "_filter"];
                let unused = value.is_empty() && lists.iter().any(|ends| name.ends_with(ends));
                let (class, why) = match unused {
                    true => (Class::WithoutEffect, format!("not used here: {why}")),
                    false => (Class::NotModelled, why.to_owned()),
                };
                self.ledger.note(class, name, value, place, why);
            }
            Some(of) => self.setting(name, of, value, place, name),
        }
    }

    /// Sets `setting` from the value of the parameter `name`.
    pub(super) fn setting(
        &mut self,
        name: &str,
        of: Meaning,
        value: &str,
        place: &Place,
        setting: &str,
    ) {
        if !self.known.contains(setting) {
            let says = "it changes how mail flows, and the model has no such setting";
            self.ledger.note(Class::NotModelled, name, value, place, says);
            return;
        }
        self.put(name, of, value, place, setting);
    }

    /// The same of a setting that the model is known to have.
    fn put(&mut self, name: &str, of: Meaning, value: &str, place: &Place, setting: &str) {
        let lookup = |name: &str| self.raw(name);
        let mut expanded = expand(value, &lookup);
        if let Some((_, words)) = WORDS.iter().find(|(word, _)| *word == setting) {
            let Some(word) = one_word(&expanded, words) else {
                let says = format!("\"{expanded}\" is none of {}", words.join(", "));
                self.ledger.note(Class::NotModelled, name, value, place, says);
                return;
            };
            expanded = word.to_owned();
        }
        let Some(spelt) = toml_value(of, expanded.trim()) else {
            let says = format!("\"{expanded}\" cannot be read as {}", wanted(of));
            self.ledger.note(Class::NotModelled, name, value, place, says);
            return;
        };
        let from = match value == spelt.trim_matches('"') {
            true => place.to_string(),
            false => format!("{place}: {name} = {value}"),
        };
        self.host.settings.insert(setting.to_owned(), Said::new(spelt.clone(), from));
        let says = format!("{setting} = {spelt}");
        self.ledger.note(Class::Understood, name, value, place, says);
    }

    /// A parameter that no version has: of the file's own, or mistyped.
    fn unknown(&mut self, parameter: &Parameter) {
        let Parameter { name, value, place } = parameter;
        let marks = [format!("${name}"), format!("${{{name}"), format!("$({name})")];
        let uses = |text: &str| marks.iter().any(|mark| text.contains(mark.as_str()));
        let user = self.files.main.iter().find(|other| uses(&other.value));
        let service = self.files.master.iter().find(|s| s.overrides.iter().any(|o| uses(&o.1)));
        let (class, says) = match (user, service) {
            (Some(user), _) => {
                (Class::Understood, format!("a name of this file's own, put into {}", user.name))
            }
            (None, Some(service)) => (
                Class::Understood,
                format!("a name of this file's own, put into the service {}", service.name),
            ),
            (None, None) => (
                Class::NotModelled,
                "no parameter of Postfix that mailsim knows: a name that only master.cf uses, or a \
                 mistake (`postconf -n` would warn of it)"
                    .to_owned(),
            ),
        };
        self.ledger.note(class, name, value, place, says);
    }

    /// A parameter of one transport: the remote one replaces what holds for all.
    fn transport_parameter(&mut self, parameter: &Parameter) {
        let Parameter { name, value, place } = parameter;
        let Some((transport, default, of)) = of_transport(name) else { return };
        if self.known.contains(name.as_str()) || is_placeholder(value) {
            return;
        }
        if transport == REMOTE {
            return self.setting(name, of, value, place, default);
        }
        if self.is_client(transport) && is_transport_parameter(name) {
            return self.put(name, of, value, place, name);
        }
        let says = format!(
            "a limit of the transport {transport}, by which no mail leaves for other hosts in the model"
        );
        self.ledger.note(Class::NotModelled, name, value, place, says);
    }

    fn defaults_by_version(&mut self) {
        let Some(version) = self.version_number().filter(|version| *version < (2, 4)) else {
            return;
        };
        let (major, minor) = version;
        for name in ["queue_run_delay", "minimal_backoff_time"] {
            let from = format!("default of Postfix {major}.{minor}");
            let said = Said::new("\"1000s\"", from);
            self.host.settings.entry(name.to_owned()).or_insert(said);
        }
    }

    /// Parameters whose words the profile spells in another way.
    fn words(&mut self) {
        self.client_tls();
        self.server_tls();
        if let Some(value) = self.value("smtpd_sasl_auth_enable") {
            let on = value == "yes";
            self.own("smtpd_sasl_auth_enable", "auth", if on { "true" } else { "false" });
        }
        if let Some(value) = self.value("disable_vrfy_command") {
            match value.as_str() {
                "yes" => self.own("disable_vrfy_command", "vrfy", "\"disabled\""),
                _ => self.note(Class::Understood, "disable_vrfy_command", "as the profile has it"),
            }
        }
        self.discarded_keywords();
        for name in ["compatibility_level", "syslog_name"] {
            let says = match name {
                "syslog_name" => "the name under which its log is recognised",
                _ => "the defaults that differ (relay_domains) are taken by it",
            };
            self.note(Class::Understood, name, says);
        }
    }

    /// Sets a setting that the profile calls by another name.
    fn own(&mut self, name: &str, setting: &str, spelt: &str) {
        let Some(parameter) = self.last.get(name).copied() else { return };
        if !self.known.contains(setting) {
            return self.note(Class::NotModelled, name, "the model has no such setting");
        }
        let from = format!("{}: {name} = {}", parameter.place, parameter.value);
        self.host.settings.insert(setting.to_owned(), Said::new(spelt, from));
        self.note(Class::Understood, name, format!("{setting} = {spelt}"));
    }

    fn client_tls(&mut self) {
        let name = "smtp_tls_security_level";
        let implicit = self.value("smtp_tls_wrappermode").is_some_and(|value| value == "yes");
        if implicit {
            self.own("smtp_tls_wrappermode", name, "\"implicit\"");
        } else {
            self.note(Class::Understood, "smtp_tls_wrappermode", "no TLS from the first octet");
        }
        match self.value(name).unwrap_or_default().as_str() {
            "" => {
                let old = ["smtp_use_tls", "smtp_enforce_tls"];
                for older in old {
                    match self.value(older).as_deref() {
                        Some("yes") => self.own(older, name, "\"may\""),
                        Some(_) => self.note(Class::Understood, older, "TLS is not asked for"),
                        None => {}
                    }
                }
                self.note(Class::Understood, name, "not set");
                return;
            }
            level @ ("none" | "may") if !implicit => {
                self.own(name, name, &text_value(level));
            }
            _ if implicit => self.note(Class::Understood, name, "TLS from the first octet"),
            level => {
                let from = format!("{name} = {level}, taken as may");
                let place = self.place(name).map(|place| place.to_string()).unwrap_or_default();
                let said = Said::new("\"may\"", format!("{place}: {from}"));
                self.host.settings.insert(name.to_owned(), said);
                let says = "taken as `may`: TLS costs its round trips, but mail is not put off \
                            where a server lacks TLS or its certificate does not fit";
                self.note(Class::NotModelled, name, says);
            }
        }
        for older in ["smtp_use_tls", "smtp_enforce_tls"] {
            self.note(Class::WithoutEffect, older, "smtp_tls_security_level replaces it");
        }
    }

    fn server_tls(&mut self) {
        let name = "smtpd_tls_security_level";
        let level = self.value(name).filter(|level| !level.is_empty());
        match level.as_deref() {
            Some("none") => self.own(name, "starttls", "false"),
            Some("may") => self.own(name, "starttls", "true"),
            Some(_) => {
                self.own(name, "starttls", "true");
                let says = "clients without TLS are refused, which the model does not do";
                self.note(Class::NotModelled, name, says);
            }
            None => self.note(Class::Understood, name, "not set"),
        }
        for older in ["smtpd_use_tls", "smtpd_enforce_tls"] {
            match (level.is_some(), self.value(older).as_deref()) {
                (true, _) => {
                    self.note(Class::WithoutEffect, older, "smtpd_tls_security_level replaces it");
                }
                (false, Some("yes")) => self.own(older, "starttls", "true"),
                (false, _) => self.note(Class::Understood, older, "TLS is not offered"),
            }
        }
    }

    /// `smtpd_discard_ehlo_keywords`: what the server does not offer.
    fn discarded_keywords(&mut self) {
        let name = "smtpd_discard_ehlo_keywords";
        let Some(value) = self.value(name) else { return };
        let mut left = Vec::new();
        for word in list(&value) {
            let word = word.to_ascii_lowercase();
            match word.as_str() {
                "pipelining" | "chunking" | "smtputf8" | "starttls" | "auth" => {
                    self.own(name, &word, "false");
                }
                "silent-discard" => {}
                _ => left.push(word),
            }
        }
        if !left.is_empty() {
            let says = format!("{} is offered all the same", left.join(", "));
            self.note(Class::NotModelled, name, says);
        }
    }
}

/// The items of a list: parted by commas or white space.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ', '\t']).filter(|item| !item.is_empty())
}

/// Returns a value as TOML.
pub(super) fn toml_value(of: Meaning, value: &str) -> Option<String> {
    match of {
        Meaning::Time(unit) => {
            let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let (digits, written) = (digits.trim_end(), &value[digits.len()..]);
            let number: u64 = digits.parse().ok()?;
            let unit = if written.is_empty() { unit } else { written.trim() };
            ["s", "m", "h", "d", "w"]
                .contains(&unit)
                .then(|| text_value(&format!("{number}{unit}")))
        }
        Meaning::Size => value.parse::<u64>().ok().map(|octets| text_value(&format!("{octets}B"))),
        Meaning::Number => value.parse::<u64>().ok().map(|number| number.to_string()),
        Meaning::Flag => match value {
            "yes" => Some("true".to_owned()),
            "no" => Some("false".to_owned()),
            _ => None,
        },
        _ if value.is_empty() => None,
        _ => Some(match value.parse::<f64>() {
            Ok(_) => value.to_owned(),
            Err(_) => text_value(value),
        }),
    }
}

fn wanted(of: Meaning) -> &'static str {
    match of {
        Meaning::Time(_) => "a time such as 300s or 5d",
        Meaning::Size | Meaning::Number => "a whole number",
        Meaning::Flag => "yes or no",
        _ => "a word",
    }
}

/// Parameters that are one of some words, the first of which stands for all the others together.
const WORDS: [(&str, &[&str]); 2] = [
    ("inet_protocols", &["all", "ipv4", "ipv6"]),
    ("smtp_address_preference", &["any", "ipv4", "ipv6"]),
];

/// Returns the word that a value says: one of them, or several that together are the first.
fn one_word<'w>(value: &str, words: &[&'w str]) -> Option<&'w str> {
    let said: Vec<&str> = value.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    let known = |word: &&str| words.contains(word);
    match said.as_slice() {
        [] => None,
        [only] => words.iter().find(|word| *word == only).copied(),
        several => several.iter().all(known).then_some(words[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_unit_have_the_parameters_own() {
        let read = |unit, value| toml_value(Meaning::Time(unit), value);
        assert_eq!(read("d", "5").as_deref(), Some("\"5d\""));
        assert_eq!(read("s", "300").as_deref(), Some("\"300s\""));
        assert_eq!(read("h", "0").as_deref(), Some("\"0h\""));
        assert_eq!(read("d", "4h").as_deref(), Some("\"4h\""));
        assert_eq!(read("d", "4 weeks"), None);
        assert_eq!(read("d", ""), None);
        assert_eq!(toml_value(Meaning::Size, "0").as_deref(), Some("\"0B\""));
        assert_eq!(
            toml_value(Meaning::Word, "1/concurrency").as_deref(),
            Some("\"1/concurrency\"")
        );
    }
}
