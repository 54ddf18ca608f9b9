//! The example scenarios that the program carries with it: all of `scenarios/`. One is added by a line.

/// An example.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Its file in the source tree, by which it is asked for: `scenarios/mail-loop.toml`.
    pub file: &'static str,
    /// The text of its scenario.
    pub text: &'static str,
}

macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        &[$(Example {
            file: concat!("scenarios/", $name, ".toml"),
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }),*]
    };
}

/// All examples, by name.
pub const EXAMPLES: &[Example] = examples![
    "blackholed-exchanger",
    "both-down",
    "busy-day",
    "dns-outage",
    "first-message",
    "greylisting",
    "mail-loop",
    "old-mx-record",
    "paced-list",
    "polling",
    "pop-or-imap",
    "primary-down",
    "primary-down-with-backup",
    "provider-outage",
    "relay-chain",
    "retry-day",
    "same-domain",
    "slow-answer",
];

impl Example {
    /// Returns its name: that of its file without the ending.
    #[must_use]
    pub fn name(self) -> &'static str {
        let name = self.file.strip_prefix("scenarios/").unwrap_or(self.file);
        name.strip_suffix(".toml").unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_folder_is_carried() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("it can be read").file_name());
        let mut files: Vec<String> =
            names.map(|name| format!("scenarios/{}", name.to_string_lossy())).collect();
        files.retain(|file| file.ends_with(".toml"));
        files.sort();
        let mut carried: Vec<&str> = EXAMPLES.iter().map(|example| example.file).collect();
        carried.sort_unstable();
        assert_eq!(files, carried);
    }
}
