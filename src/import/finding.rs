//! What became of each thing that an import has read: the ledger behind `import.json`.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u64,
}

impl Place {
    /// Returns the place.
    #[must_use]
    pub fn new(file: &Arc<str>, line: u64) -> Self {
        Self { file: file.clone(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It stands in the scenario.
    Understood,
    /// It does not change who gets which mail when.
    WithoutEffect,
    /// It may change mail flow, and the scenario does not have it.
    NotModelled,
    /// No file says so; the scenario needed something.
    Assumed,
}

/// One thing that was read, or assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is called in its file: a parameter, a record, a service.
    pub what: String,
    /// Its value there; empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// `file:line`; empty for what no file says.
    #[serde(rename = "from", skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What was made of it, or why nothing.
    pub says: String,
}

/// How one file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file, as it was named.
    pub name: String,
    /// What it was taken for.
    pub kind: String,
    /// Its lines.
    pub lines: u64,
    /// Lines of it that say nothing of mail, such as those of other programs.
    #[serde(skip_serializing_if = "is_zero")]
    pub foreign_lines: u64,
    /// Lines that could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub broken_lines: u64,
    /// The first of them: number, and how it begins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenLine>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub line: u64,
    /// How it begins, and what is wrong.
    pub text: String,
}

/// The most broken lines that are shown of each file.
const SHOWN: usize = 10;
/// So much of a broken line is shown \[characters\].
const SHOWN_OF_LINE: usize = 120;

impl FileReport {
    /// Takes note of a line that could not be read.
    pub fn breaks(&mut self, line: u64, text: &[u8], why: &str) {
        self.broken_lines += 1;
        if self.broken.len() < SHOWN {
            let begins: String =
                String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN_OF_LINE)])
                    .chars()
                    .take(SHOWN_OF_LINE)
                    .map(|c| if c.is_control() { '\u{b7}' } else { c })
                    .collect();
            self.broken.push(BrokenLine { line, text: format!("{begins} ({why})") });
        }
    }
}

/// Everything that an import has to say: nothing is dropped, and nothing invented, in silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Always `mailsim`.
    pub program: &'static str,
    /// The files, in the order in which they were read.
    pub files: Vec<FileReport>,
    /// What stands in the scenario.
    pub understood: Vec<Finding>,
    /// What does not change mail flow.
    pub without_effect: Vec<Finding>,
    /// What may change mail flow and is not in the scenario.
    pub not_modelled: Vec<Finding>,
    /// What no file says.
    pub assumed: Vec<Finding>,
}

impl Ledger {
    /// Returns an empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self { program: "mailsim", ..Self::default() }
    }

    /// Takes note of something that stands at a place of a file.
    pub fn note(
        &mut self,
        class: Class,
        what: impl Into<String>,
        value: impl Into<String>,
        place: &Place,
        says: impl Into<String>,
    ) {
        let (what, value, says) = (what.into(), value.into(), says.into());
        self.list(class).push(Finding { what, value, place: place.to_string(), says });
    }

    /// Takes note of something that no single line says.
    pub fn say(&mut self, class: Class, what: impl Into<String>, says: impl Into<String>) {
        let finding = Finding {
            what: what.into(),
            value: String::new(),
            place: String::new(),
            says: says.into(),
        };
        let list = self.list(class);
        if !list.contains(&finding) {
            list.push(finding);
        }
    }

    fn list(&mut self, class: Class) -> &mut Vec<Finding> {
        match class {
            Class::Understood => &mut self.understood,
            Class::WithoutEffect => &mut self.without_effect,
            Class::NotModelled => &mut self.not_modelled,
            Class::Assumed => &mut self.assumed,
        }
    }

    /// Returns the text of `import.json`.
    ///
    /// # Panics
    /// Never: strings and numbers can always be written as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("strings and numbers become JSON");
        text + "\n"
    }
}
