//! The examples and studies that the program carries with it, so that what the manual says can be tried with
//! the program alone. A study is added by a line; examples are the workbench's.

use std::path::Path;

use crate::workbench::EXAMPLES;

/// A file that the program carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Carried {
    /// Where it stands in a checkout: `scenarios/studies/polling.toml`.
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

macro_rules! carried {
    ($path:literal) => {
        Carried {
            path: concat!("scenarios/", $path),
            text: include_str!(concat!("../../scenarios/", $path)),
        }
    };
}

/// Studies; `bases` are what they vary.
const STUDIES: &[Carried] = &[
    carried!("studies/availability.toml"),
    carried!("studies/backup-mx.toml"),
    carried!("studies/dns-failure.toml"),
    carried!("studies/herd.toml"),
    carried!("studies/outage-length.toml"),
    carried!("studies/polling.toml"),
    carried!("studies/retry-schedule.toml"),
    carried!("studies/bases/dns-failure.toml"),
    carried!("studies/bases/exchangers.toml"),
    carried!("studies/bases/large-site.toml"),
    carried!("studies/bases/one-sender.toml"),
    carried!("studies/bases/polled-mailbox.toml"),
    carried!("studies/bases/shaky-destination.toml"),
];

impl Carried {
    /// Returns all of them: examples, then studies.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let examples = EXAMPLES.iter().map(|one| Self { path: one.file, text: one.text });
        examples.chain(STUDIES.iter().copied())
    }

    /// Returns the file of this path, as it stands in a checkout.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let path = path.strip_prefix(".").unwrap_or(path);
        Self::all().find(|one| Path::new(one.path) == path)
    }

    /// Returns the files of this name: the end of a path, with or without `.toml`.
    pub(super) fn named(name: &str) -> Vec<Self> {
        let wanted = Path::new(name.trim_end_matches(".toml"));
        let fits = |one: &Self| Path::new(one.path.trim_end_matches(".toml")).ends_with(wanted);
        Self::all().filter(fits).collect()
    }

    /// Returns the name by which it is asked for: its path without `scenarios/` and `.toml`.
    pub(super) fn name(self) -> &'static str {
        self.path.trim_start_matches("scenarios/").trim_end_matches(".toml")
    }

    /// Returns whether it is what a study varies.
    pub(super) fn is_base(self) -> bool {
        self.path.contains("/bases/")
    }

    /// Returns the line that the file gives to this key at its top; empty: none.
    pub(super) fn line(self, key: &str) -> &'static str {
        let value = |line: &'static str| {
            let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
            rest.trim().strip_prefix('"')?.strip_suffix('"')
        };
        self.text.lines().find_map(value).unwrap_or_default()
    }

    /// Returns the files beside it that it names: the scenarios of a study.
    pub(super) fn beside(self) -> Vec<Self> {
        let folder = Path::new(self.path).parent().unwrap_or(Path::new(""));
        let named = |other: &Self| {
            let name = Path::new(other.path).strip_prefix(folder);
            name.is_ok_and(|name| self.text.contains(&format!("\"{}\"", name.display())))
        };
        Self::all().filter(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scenario that nobody carries could not be run as the manual says.
    #[test]
    fn every_scenario_and_study_of_the_checkout_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["scenarios", "scenarios/studies", "scenarios/studies/bases"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "toml") {
                    let path = path.strip_prefix(root).unwrap();
                    assert!(Carried::at(path).is_some(), "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn files_are_found_by_the_end_of_their_path() {
        let names = |wanted: &str| -> Vec<&str> {
            Carried::named(wanted).into_iter().map(Carried::name).collect()
        };
        assert_eq!(names("primary-down"), ["primary-down"]);
        assert_eq!(names("polling"), ["polling", "studies/polling"]);
        assert_eq!(names("studies/polling.toml"), ["studies/polling"]);
        assert!(names("down").is_empty());
        let study = Carried::named("studies/backup-mx")[0];
        let beside: Vec<_> = study.beside().into_iter().map(|one| one.path).collect();
        assert_eq!(beside, ["scenarios/studies/bases/one-sender.toml"]);
        assert!(!study.line("title").is_empty());
    }
}
