//! What is wrong with a scenario: where it stands, what was found, what is accepted, how to mend it.

use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

/// Whether a scenario with this problem can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it is likely not what was meant.
    Warning,
}

/// The kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text is not TOML.
    Syntax,
    /// An override on the command line does not fit the file.
    Override,
    /// A key that its table does not have.
    UnknownKey,
    /// A value of another type than the key takes.
    WrongType,
    /// A value of the right type that cannot be: a wrong unit, a negative time, out of range.
    BadValue,
    /// A key or table that must be there.
    Missing,
    /// A name that nothing has.
    UnknownName,
    /// A name that two things have.
    Duplicate,
    /// Things that contradict each other.
    Contradiction,
    /// Mail would go round in a circle.
    Loop,
    /// A file that could not be read.
    File,
    /// Something that can be run but is likely a mistake.
    Likely,
}

/// One problem of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the scenario can be run all the same.
    pub severity: Severity,
    /// Its kind.
    pub kind: ProblemKind,
    /// The file as the user knows it, or `command line`.
    pub file: String,
    /// Line, counted from 1; 0 for the command line.
    pub line: usize,
    /// Column in characters, counted from 1; 0 for the command line.
    pub column: usize,
    /// The key, as a path from the top of the file: `host."mx1.example".mta`.
    pub key: String,
    /// What was found.
    pub message: String,
    /// What would be accepted; empty: nothing more to say.
    pub accepted: String,
    /// The likely fix; empty: nothing more to say.
    pub help: String,
    /// The name by which `allow` of a file silences it; empty: it is an error, or cannot be silenced.
    pub name: &'static str,
    /// Octets of the file that are meant.
    pub span: Range<usize>,
    /// Octets of the same file where what clashes with it stands: the first of two of one name.
    pub first: Option<Range<usize>>,
    /// The text in which `span` points.
    pub(crate) text: Arc<str>,
    /// Which others it is like.
    pub(crate) sort: Sort,
}

/// Tells problems that are alike from others: by the rule that finds them, which is to say by where in
/// this program they are put into words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sort(Option<&'static Location<'static>>);

impl Sort {
    /// Returns the sort of what the caller finds.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self(Some(Location::caller()))
    }

    /// Returns what tells it from other sorts.
    pub(crate) fn mark(self) -> (&'static str, u32, u32) {
        self.0.map_or(("", 0, 0), |place| (place.file(), place.line(), place.column()))
    }
}

/// Who says something does not matter where it is said twice.
impl PartialEq for Sort {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Sort {}

impl Problem {
    /// Returns the problem in one line: `file:line:column: key: message; accepted: …; fix`.
    #[must_use]
    pub fn one_line(&self) -> String {
        let first = self.first_line().map_or_else(String::new, |line| format!("line {line})"));
        let mut line = self.place();
        for (before, part) in [
            (": ", self.key.as_str()),
            (": ", self.message.as_str()),
            (" (the first is in ", first.as_str()),
            ("; accepted: ", self.accepted.as_str()),
            ("; ", self.help.as_str()),
        ] {
            if !part.is_empty() {
                line.push_str(before);
                line.push_str(part);
            }
        }
        line
    }

    /// Returns how many UTF-16 units of the file stand before an octet of it: the place as scripts of a
    /// page count it.
    #[must_use]
    pub fn units_before(&self, octet: usize) -> usize {
        self.text.get(..octet).unwrap_or(&self.text).encode_utf16().count()
    }

    /// Returns the line of what clashes with it, counted from 1.
    #[must_use]
    pub fn first_line(&self) -> Option<usize> {
        self.first.as_ref().map(|span| line_and_column(&self.text, span.start).0)
    }

    /// Returns `file:line:column`, or the file alone where there is no line.
    #[must_use]
    pub fn place(&self) -> String {
        if self.line == 0 {
            return self.file.clone();
        }
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Everything that is wrong with a scenario, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Returns whether one of them forbids a run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Sorts by file and place, errors and warnings alike, and drops what is said twice.
    pub(crate) fn sort(&mut self) {
        let key = |p: &Problem| (p.line, p.column, p.severity);
        self.0.sort_by(|one, other| {
            let place = one.file.cmp(&other.file).then(key(one).cmp(&key(other)));
            place.then_with(|| one.message.cmp(&other.message))
        });
        self.0.dedup();
    }
}

impl fmt::Display for Problems {
    /// Writes a line for each problem.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                formatter.write_str("\n")?;
            }
            formatter.write_str(&problem.one_line())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Returns line and column of `offset` in `text`, both counted from 1, the column in characters.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    LineStarts::of(text).line_and_column(text, offset)
}

/// Where the lines of a text begin, for those who ask often.
#[derive(Debug)]
pub(crate) struct LineStarts {
    starts: Vec<usize>,
    /// Characters before every [`STEP`]th octet, so that the end of a long line is found as fast as its
    /// beginning.
    characters: Vec<usize>,
}

/// Octets between two counts of characters.
const STEP: usize = 1024;

impl LineStarts {
    pub(crate) fn of(text: &str) -> Self {
        let after_feeds = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_feeds).collect();
        let mut characters = vec![0];
        for octets in text.as_bytes().chunks(STEP) {
            let before = characters.last().copied().unwrap_or(0);
            characters.push(before + begun(octets));
        }
        Self { starts, characters }
    }

    /// Returns where a line begins, counted from 1; the end of the text if there is no such line.
    pub(crate) fn start(&self, text: &str, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or(text.len())
    }

    /// Returns the line, counted from 1, in which an octet stands.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset)
    }

    /// Returns how many characters begin before an octet.
    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let step = offset / STEP;
        self.characters[step] + begun(&text.as_bytes()[step * STEP..offset])
    }

    /// As [`line_and_column`], of the text that these are the lines of.
    pub(crate) fn line_and_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
        let offset = offset.unwrap_or(0);
        let line = self.starts.partition_point(|&start| start <= offset);
        let before = |offset| self.characters_before(text, offset);
        (line, before(offset) - before(self.starts[line - 1]) + 1)
    }
}

/// Returns how many characters begin in these octets of UTF-8.
fn begun(octets: &[u8]) -> usize {
    octets.iter().filter(|octet| **octet & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nß = ü\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, text.find('ü').unwrap()), (2, 5));
        assert_eq!(line_and_column(text, 999), (3, 1));
        let long = format!("{}\nx = \"{}\"", "ß".repeat(3_000), "aü".repeat(2_000));
        for (character, (octet, _)) in long.char_indices().enumerate().skip(3_001) {
            assert_eq!(line_and_column(&long, octet), (2, character - 3_000));
        }
        // In the middle of a character: the character.
        assert_eq!(line_and_column("ß", 1), (1, 1));
    }
}
