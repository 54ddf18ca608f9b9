//! A CSV file that a scenario names, and what is wrong with its lines.

use std::cell::OnceCell;
use std::sync::Arc;

use super::problem::{LineStarts, Problem, ProblemKind, Severity, Sort};
use super::reader::{Field, Remark};

/// Reads a file named in a scenario, from the scenario's folder. The error is for people.
pub(crate) type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A file that is being read.
pub(crate) struct CsvFile<'a, 'f> {
    /// What names it.
    pub(crate) field: &'a Field<'f>,
    /// Its name.
    pub(crate) name: String,
    text: Arc<str>,
    lines: OnceCell<LineStarts>,
}

impl<'a, 'f> CsvFile<'a, 'f> {
    /// Reads the file that the field names; reports one that cannot be read.
    pub(crate) fn open(field: &'a Field<'f>, read_file: &ReadFile<'_>) -> Option<Self> {
        let name = field.text()?;
        match read_file(name) {
            Ok(text) => {
                let (name, text) = (name.to_owned(), text.as_str().into());
                Some(Self { field, name, text, lines: OnceCell::new() })
            }
            Err(reason) => {
                let remark = Remark::new(format!("the file \"{name}\" cannot be read: {reason}"))
                    .accepted("a CSV file, named from the scenario's folder")
                    .help("check the name and whether the file may be read");
                field.error(ProblemKind::File, remark);
                None
            }
        }
    }

    /// Returns its rows.
    pub(crate) fn rows(&self) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(self.text.as_bytes())
    }

    /// Returns the line, counted from 1, in which a row begins. To the reader a row begins behind the end of
    /// the former one: before comments, blank lines and the LF of a CR LF.
    pub(crate) fn line(&self, position: Option<&csv::Position>) -> u64 {
        let text = self.text.as_bytes();
        let at = position.map_or(0, csv::Position::byte);
        let mut at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
        loop {
            at += text[at..].iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            if text.get(at) != Some(&b'#') {
                break;
            }
            at += text[at..].iter().take_while(|octet| **octet != b'\n').count();
        }
        let lines = self.lines.get_or_init(|| LineStarts::of(&self.text));
        lines.line(at.min(text.len().saturating_sub(1))) as u64
    }

    /// Reports a problem on a line of the file (counted from 1).
    #[track_caller]
    pub(crate) fn report(
        &self,
        line: u64,
        column: usize,
        message: &str,
        accepted: &str,
        help: &str,
    ) {
        let line = usize::try_from(line).unwrap_or(1).max(1);
        let lines = self.lines.get_or_init(|| LineStarts::of(&self.text));
        let start = lines.start(&self.text, line);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        self.field.checker.add(Problem {
            severity: Severity::Error,
            kind: ProblemKind::BadValue,
            file: self.name.clone(),
            line,
            column: column + 1,
            key: self.field.path.clone(),
            message: message.to_owned(),
            accepted: accepted.to_owned(),
            help: help.to_owned(),
            name: "",
            first: None,
            span: start..end,
            text: self.text.clone(),
            sort: Sort::here(),
        });
    }
}
