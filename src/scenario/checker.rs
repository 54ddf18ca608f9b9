//! Collects the problems of one scenario as they are found.

use std::cell::RefCell;
use std::sync::Arc;

use super::problem::{Problem, ProblemKind, Severity, line_and_column};
use super::tree::Place;

/// Collects problems of one scenario.
#[derive(Debug)]
pub(super) struct Checker {
    file: String,
    text: Arc<str>,
    /// Overrides as they stand on the command line, by number.
    overrides: Vec<String>,
    problems: RefCell<Vec<Problem>>,
}

/// What is said about a problem, besides where it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Remark {
    pub(super) message: String,
    pub(super) accepted: String,
    pub(super) help: String,
}

impl Remark {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(super) fn accepted(self, accepted: impl Into<String>) -> Self {
        Self { accepted: accepted.into(), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

impl Checker {
    pub(super) fn new(file: &str, text: &str, overrides: Vec<String>) -> Self {
        Self { file: file.to_owned(), text: text.into(), overrides, problems: RefCell::default() }
    }

    /// Reports an error.
    pub(super) fn error(&self, kind: ProblemKind, place: &Place, key: &str, remark: Remark) {
        self.report(Severity::Error, kind, place, key, remark);
    }

    /// Reports what can be run but is likely a mistake.
    pub(super) fn warn(&self, place: &Place, key: &str, remark: Remark) {
        self.report(Severity::Warning, ProblemKind::Likely, place, key, remark);
    }

    fn report(
        &self,
        severity: Severity,
        kind: ProblemKind,
        place: &Place,
        key: &str,
        remark: Remark,
    ) {
        let (file, (line, column), span, text) = match place {
            Place::File(span) => (
                self.file.clone(),
                line_and_column(&self.text, span.start),
                span.clone(),
                self.text.clone(),
            ),
            Place::CommandLine(number) => {
                let argument = self.overrides.get(*number).map_or("", String::as_str);
                (format!("command line: {argument}"), (0, 0), 0..0, "".into())
            }
        };
        let Remark { message, accepted, help } = remark;
        let key = key.to_owned();
        self.add(Problem {
            severity,
            kind,
            file,
            line,
            column,
            key,
            message,
            accepted,
            help,
            span,
            text,
        });
    }

    /// Adds a problem of another file.
    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Returns the line of an octet of the file, counted from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        u32::try_from(line_and_column(&self.text, offset).0).unwrap_or(u32::MAX)
    }

    /// Returns whether a run is already out of the question.
    pub(super) fn has_errors(&self) -> bool {
        self.problems.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Returns everything reported.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}
