//! Settings of a server that a scenario calls by the server's own names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Class, Ledger, Place};
use super::network::{Host, Said};
use crate::profiles;
use crate::profiles::settings_of;
use crate::scenario::text_value;
use crate::units::SimDuration;

/// Returns the lines of a configuration that say something, trimmed, each with its place. A line that
/// begins with one of `remarks` says nothing.
pub(super) fn lines<'t>(
    file: &'t Arc<str>,
    text: &'t str,
    remarks: &'static [&'static str],
) -> impl Iterator<Item = (Place, &'t str)> {
    let says = |line: &str| !line.is_empty() && !remarks.iter().any(|mark| line.starts_with(mark));
    let trimmed = (1..).zip(text.lines().map(str::trim));
    trimmed
        .filter(move |(_, line)| says(line))
        .map(|(number, line)| (Place::new(file, number), line))
}

/// Returns the name of the host that a configuration is of, as the user or the file gives it; if neither
/// does, one is assumed. `profile` is the server's, and the option that names its files.
pub(super) fn host_name(
    file: &str,
    told: Option<String>,
    profile: &str,
    ledger: &mut Ledger,
) -> String {
    told.unwrap_or_else(|| {
        let says = format!("{file} does not say the host's name: --{profile} FILE@HOST tells it");
        ledger.say(Class::Assumed, "host name", says);
        format!("{profile}.example")
    })
}

/// Returns the host of a configuration of the server `title`, as yet without settings.
pub(super) fn host(file: &str, profile: &str, title: &str) -> Host {
    let mut host = Host {
        from: format!("from {file}"),
        profile: Some(Said::new(text_value(profile), format!("its configuration is {title}'s"))),
        ..Host::default()
    };
    host.roles.extend(["submission", "relay"]);
    host
}

/// The settings of a profile by name, each with its default as a scenario writes it.
pub(super) struct Known(BTreeMap<&'static str, String>);

impl Known {
    /// Returns the settings of a profile.
    pub(super) fn of(profile: &str) -> Self {
        let profile = profiles::find(profile);
        let settings = profile.as_ref().map(settings_of).unwrap_or_default();
        Self(settings.into_iter().map(|setting| (setting.name, setting.value)).collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns a value as TOML, of the kind that the default has.
    fn spelt(&self, name: &str, value: &str) -> Option<String> {
        let default = self.0.get(name)?;
        if matches!(default.as_str(), "true" | "false") {
            return match value.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some("true".to_owned()),
                "false" | "no" => Some("false".to_owned()),
                _ => None,
            };
        }
        if !default.is_empty() && default.bytes().all(|b| b.is_ascii_digit()) {
            return value.parse::<u64>().ok().map(|number| number.to_string());
        }
        let size = default.strip_suffix('B').is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()));
        if size {
            let (digits, factor) = match value.to_ascii_uppercase().strip_suffix(['K', 'M', 'G']) {
                Some(digits) => match value.to_ascii_uppercase().chars().last()? {
                    'K' => (digits.to_owned(), 1 << 10),
                    'M' => (digits.to_owned(), 1 << 20),
                    _ => (digits.to_owned(), 1 << 30),
                },
                None => (value.to_owned(), 1_u64),
            };
            let octets = digits.parse::<u64>().ok()?.checked_mul(factor)?;
            return Some(text_value(&format!("{octets}B")));
        }
        if default.parse::<SimDuration>().is_ok() && !default.contains(':') {
            let spelt = if value == "0" { "0s" } else { value };
            return spelt.parse::<SimDuration>().is_ok().then(|| text_value(spelt));
        }
        Some(text_value(value))
    }

    /// Puts a value among the settings of a host, and takes note of it.
    pub(super) fn set(
        &self,
        name: &str,
        written: &str,
        value: &str,
        place: &Place,
        settings: &mut BTreeMap<String, Said>,
        ledger: &mut Ledger,
    ) {
        match self.spelt(name, value) {
            Some(spelt) => {
                let says = format!("{name} = {spelt}");
                settings.insert(name.to_owned(), Said::new(spelt, format!("{place}: {written}")));
                ledger.note(Class::Understood, written, value, place, says);
            }
            None => {
                let says = "its value cannot be read";
                ledger.note(Class::NotModelled, written, value, place, says);
            }
        }
    }
}
