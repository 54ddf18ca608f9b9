//! What came in, written as a scenario that runs to the same facts without any network.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::Scenario;
use crate::scenario::{Input, KeyPath, Override, edited, text_value, write_inputs};

/// The text of the scenario that is played, without what callers do.
#[derive(Debug, Clone)]
pub(super) struct Base {
    text: String,
    /// Lines of the `[live]` table in front of the inputs.
    settings: String,
}

impl Base {
    /// Takes the text of a scenario and what the command line changes in it, and adds `more` tables.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub(super) fn new(
        text: &str,
        overrides: &[Override],
        more: &str,
        (outside, passwords): (&[String], &[(String, String)]),
    ) -> Result<Self, String> {
        let written = edited(text, overrides).map_err(|error| error.to_string())?;
        let live = Override::Unset { path: KeyPath(vec!["live".to_owned()]) };
        let without = edited(&written, &[live]).unwrap_or(written);
        let text = format!("{}\n{more}", without.trim_end());
        let mut settings = String::new();
        if !outside.is_empty() {
            let names: Vec<String> = outside.iter().map(|name| text_value(name)).collect();
            settings.push_str(&format!("outside = [{}]\n", names.join(", ")));
        }
        if !passwords.is_empty() {
            let one = |(name, password): &(String, String)| {
                format!("{} = {}", text_value(name), text_value(password))
            };
            let all: Vec<String> = passwords.iter().map(one).collect();
            settings.push_str(&format!("passwords = {{ {} }}\n", all.join(", ")));
        }
        Ok(Self { text, settings })
    }

    /// Adds tables at the end.
    pub(super) fn with(&self, more: &str) -> Self {
        let text = format!("{}\n{more}", self.text.trim_end());
        Self { text, settings: self.settings.clone() }
    }

    /// Returns the text with what callers did.
    pub(super) fn text(&self, journal: &Journal) -> String {
        let (base, settings, lines) = (self.text.trim_end(), &self.settings, &journal.lines);
        format!("{base}\n\n[live]\n{settings}inputs = \"\"\"\n{lines}\"\"\"\n")
    }
}

/// What callers did, as the lines of a record: a fifth of the room that the inputs themselves take.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    /// As they stand between the quotes of TOML.
    lines: String,
    count: usize,
}

impl Journal {
    /// Adds inputs.
    pub(super) fn add(&mut self, scenario: &Scenario, inputs: &[Input]) {
        let lines = write_inputs(scenario, inputs);
        if lines.contains(['\\', '"']) {
            let lines = lines.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
            self.lines.push_str(&lines);
        } else {
            self.lines.push_str(&lines);
        }
        self.count += inputs.len();
    }

    /// Returns the number of inputs.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// Writes a file that is never seen half-written: what was there stays until the new one is whole.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut unfinished = path.to_owned().into_os_string();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // What is half-written helps nobody; a failure to remove it changes nothing.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
