//! The names by which parts of the mail speak of a run's entries, outages and windows.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::likely_names;
use super::part::{Part, PartError, Selector, span};
use super::window::Window;

/// What a scenario calls its entries, outages and windows, and which domains and hosts it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Names of `[[mail]]` entries, in order; empty: it has none.
    pub entries: Vec<String>,
    /// Names of outages with the number of the entry, in order.
    pub outages: Vec<(String, u32)>,
    /// Named windows.
    pub windows: Vec<(String, Window)>,
    /// Domains.
    pub domains: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
}

impl Directory {
    /// Reports what a part speaks of and the scenario does not have.
    ///
    /// # Errors
    /// The first such name, with what may have been meant.
    pub fn check(&self, part: &Part) -> Result<(), PartError> {
        for selector in &part.0 {
            match selector {
                Selector::From(name) if name == "<>" => {}
                Selector::From(name) | Selector::To(name) => known("domain", name, &self.domains)?,
                Selector::Host(name) | Selector::Via(name) => known("host", name, &self.hosts)?,
                Selector::Entry(name) => {
                    self.entries_of(name)?;
                }
                Selector::During(name) => {
                    self.windows_of(name, &BTreeMap::new())?;
                }
                Selector::Kind(_) => {}
            }
        }
        Ok(())
    }

    /// Returns the entries of this name, or the one of this number.
    pub(super) fn entries_of(&self, name: &str) -> Result<BTreeSet<u32>, PartError> {
        let named = (0_u32..).zip(&self.entries).filter(|(_, known)| *known == name);
        let found: BTreeSet<u32> = named.map(|(entry, _)| entry).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        match name.parse::<u32>() {
            Ok(entry) if (entry as usize) < self.entries.len() => Ok(BTreeSet::from([entry])),
            _ => Err(unknown("[[mail]] entry", name, &self.entry_names())),
        }
    }

    /// Returns the name of an entry, or its number.
    pub(super) fn entry_name(&self, entry: u32) -> String {
        let name = self.entries.get(entry as usize).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| entry.to_string())
    }

    fn entry_names(&self) -> Vec<String> {
        (0..self.entries.len() as u32).map(|entry| self.entry_name(entry)).collect()
    }

    /// Returns the windows that `during:` speaks of; `outages` are the intervals of each entry.
    pub(super) fn windows_of(
        &self,
        name: &str,
        outages: &BTreeMap<u32, Vec<Window>>,
    ) -> Result<Vec<Window>, PartError> {
        if let Some(window) = span(name) {
            return Ok(vec![window]);
        }
        let named: Vec<Window> =
            self.windows.iter().filter(|(known, _)| known == name).map(|(_, w)| *w).collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let number = name.strip_prefix("outage.").unwrap_or(name).parse::<u32>().ok();
        let of_entry = |entry: u32| self.outages.iter().any(|(_, known)| *known == entry);
        let mut entries: BTreeSet<u32> = number.into_iter().filter(|&n| of_entry(n)).collect();
        if entries.is_empty() {
            let called = self.outages.iter().filter(|(known, _)| known == name);
            entries.extend(called.map(|&(_, entry)| entry));
        }
        if entries.is_empty() {
            let numbers = self.outages.iter().map(|(_, entry)| format!("outage.{entry}"));
            let names = self.outages.iter().map(|(name, _)| name.clone());
            let windows = self.windows.iter().map(|(name, _)| name.clone());
            let mut all: Vec<String> = numbers.chain(names).chain(windows).collect();
            all.push("2h..6h".to_owned());
            return Err(unknown("outage or window", name, &all));
        }
        Ok(entries
            .iter()
            .flat_map(|entry| outages.get(entry).into_iter().flatten().copied())
            .collect())
    }
}

fn known(what: &str, name: &str, names: &[String]) -> Result<(), PartError> {
    let is = |known: &String| known.eq_ignore_ascii_case(name);
    if name.starts_with('*') || names.iter().any(is) {
        return Ok(());
    }
    Err(unknown(what, name, names))
}

fn unknown(what: &str, name: &str, names: &[String]) -> PartError {
    /// Names told when none is alike.
    const SOME: usize = 8;
    let help = match likely_names(name, names).first() {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "there is none".to_owned(),
        None => {
            let more = if names.len() > SOME { " …" } else { "" };
            format!("there are {}{more}", names[..names.len().min(SOME)].join(", "))
        }
    };
    PartError::new(format!("there is no {what} `{name}`"), help)
}
