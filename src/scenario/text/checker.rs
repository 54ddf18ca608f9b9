//! Collects the problems of one scenario as they are found.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use super::problem::{LineStarts, Problem, ProblemKind, Severity, Sort, line_and_column};
use super::reader::Section;
use super::tree::Place;
use crate::scenario::text::names::{self, MOST_LISTED};

/// So many names are compared with those that nothing has: a file with ten thousand of each is no
/// better understood after a hundred million comparisons.
const PATIENCE: usize = 1_000_000;

/// Collects problems of one scenario.
#[derive(Debug)]
pub(crate) struct Checker {
    file: String,
    text: Arc<str>,
    lines: OnceCell<LineStarts>,
    /// Where each override was written, by number.
    overrides: Vec<Origin>,
    problems: RefCell<Vec<Problem>>,
    /// How many more names may be looked at for what was probably meant.
    patience: Cell<usize>,
}

/// Where an override was written.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// On the command line, as it stands there.
    CommandLine(String),
    /// In a study: its path and its value have places there.
    Study { file: String, text: Arc<str>, path: Mark, value: Mark },
}

/// A place in a study's text with the key that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    span: Range<usize>,
    key: String,
}

/// What is said about a problem, besides where it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remark {
    pub(crate) message: String,
    pub(crate) accepted: String,
    pub(crate) help: String,
    /// The name by which a warning is silenced; empty: it is none, or cannot be.
    pub(crate) name: &'static str,
    /// Where the first of two of one name stands.
    pub(crate) first: Option<Place>,
    pub(crate) sort: Sort,
}

impl Remark {
    #[track_caller]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), sort: Sort::here(), ..Self::default() }
    }

    pub(crate) fn accepted(self, accepted: impl Into<String>) -> Self {
        Self { accepted: accepted.into(), ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Says where the first of two of one name stands.
    pub(crate) fn after(self, first: Place) -> Self {
        Self { first: Some(first), ..self }
    }

    /// Gives a warning the name by which a file allows what it warns of.
    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Checker {
    pub(crate) fn new(file: &str, text: &str, overrides: Vec<Origin>) -> Self {
        Self {
            file: file.to_owned(),
            text: text.into(),
            lines: OnceCell::new(),
            overrides,
            problems: RefCell::default(),
            patience: Cell::new(PATIENCE),
        }
    }

    /// Reports an error.
    pub(crate) fn error(&self, kind: ProblemKind, place: &Place, key: &str, remark: Remark) {
        self.report(Severity::Error, kind, place, key, remark);
    }

    /// Reports what can be run but is likely a mistake.
    pub(crate) fn warn(&self, place: &Place, key: &str, remark: Remark) {
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
        let at = |file: &str, text: &Arc<str>, span: &Range<usize>| {
            (file.to_owned(), line_and_column(text, span.start), span.clone(), text.clone())
        };
        let mut key = key.to_owned();
        let (file, (line, column), span, text) = match place {
            Place::File(span) => {
                (self.file.clone(), self.position(span.start), span.clone(), self.text.clone())
            }
            Place::CommandLine(number) => match self.overrides.get(*number) {
                Some(Origin::Study { file, text, path, value }) => {
                    // What is wrong with the path stands at the path, all else at the value.
                    let about_path =
                        matches!(kind, ProblemKind::Override | ProblemKind::UnknownKey);
                    let mark = if about_path { path } else { value };
                    key.clone_from(&mark.key);
                    at(file, text, &mark.span)
                }
                Some(Origin::CommandLine(argument)) => {
                    (format!("command line: {argument}"), (0, 0), 0..0, "".into())
                }
                None => ("command line".to_owned(), (0, 0), 0..0, "".into()),
            },
        };
        let Remark { message, accepted, mut help, name, first, sort } = remark;
        let first = match (first, place) {
            (Some(Place::File(first)), Place::File(_)) => Some(first),
            _ => None,
        };
        if !name.is_empty() {
            let before = if help.is_empty() { "" } else { "; " };
            help.push_str(&format!("{before}if it is meant, allow = [\"{name}\"] silences this"));
        }
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
            name,
            first,
            span,
            text,
            sort,
        });
    }

    /// Returns the origin of an override whose path and value stand at these places of this file.
    pub(crate) fn origin(&self, path: (&Place, &str), value: (&Place, &str)) -> Origin {
        match (path.0, value.0) {
            (Place::File(of_path), Place::File(of_value)) => Origin::Study {
                file: self.file.clone(),
                text: self.text.clone(),
                path: Mark { span: of_path.clone(), key: path.1.to_owned() },
                value: Mark { span: of_value.clone(), key: value.1.to_owned() },
            },
            (Place::CommandLine(number), _) | (_, Place::CommandLine(number)) => {
                self.overrides.get(*number).cloned().unwrap_or(Origin::CommandLine(String::new()))
            }
        }
    }

    /// Returns "did you mean `…`?" for the candidate nearest to a name that nothing has, or nothing; for
    /// the first of them only, if there are very many.
    pub(crate) fn did_you_mean<'a>(
        &self,
        wanted: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> String {
        if self.patience.get() == 0 {
            return String::new();
        }
        let candidates = candidates.into_iter().inspect(|_| self.lose_patience());
        names::did_you_mean(wanted, candidates)
    }

    /// Returns the first names, joined by commas, and how many more there are; of that the first only
    /// are told.
    pub(crate) fn listed<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> String {
        if self.patience.get() > 0 {
            return names::listed(names.into_iter().inspect(|_| self.lose_patience()));
        }
        let mut names = names.into_iter();
        let first: Vec<&str> = names.by_ref().take(MOST_LISTED).collect();
        let others = if names.next().is_some() { " and others" } else { "" };
        first.join(", ") + others
    }

    fn lose_patience(&self) {
        self.patience.set(self.patience.get().saturating_sub(1));
    }

    /// Adds a problem of another file.
    pub(crate) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Returns how much has been reported so far.
    pub(crate) fn reported(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Blames a change for what has been reported since: problems of a table with `change` laid over
    /// it that bear the path of that table. What stands in the change is known by its own path there,
    /// what was wrong without it is left out, and what follows from both is told at the change.
    pub(crate) fn blame(&self, since: usize, path: &str, change: &Section<'_>) {
        let mut problems = self.problems.borrow_mut();
        let later = problems.split_off(since);
        for mut problem in later {
            let rest = problem.key.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
            if let (Some(rest), true) = (rest, problem.file == self.file) {
                let known = |other: &Problem| {
                    (&other.span, &other.message) == (&problem.span, &problem.message)
                };
                if problems.iter().any(known) {
                    continue;
                }
                let (at, place) = change.nearest(rest);
                let key = format!("{}.{rest}", change.path);
                if at != key
                    && let Place::File(span) = place
                {
                    (problem.line, problem.column) = self.position(span.start);
                    problem.span = span;
                }
                problem.key = if at == key { key } else { at };
            }
            problems.push(problem);
        }
    }

    /// Returns the line of an octet of the file, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.position(offset).0).unwrap_or(u32::MAX)
    }

    /// Returns line and column of an octet of the file. A file with ten thousand domains may ask
    /// ten thousand times.
    fn position(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| LineStarts::of(&self.text));
        lines.line_and_column(&self.text, offset)
    }

    /// Returns whether a run is already out of the question.
    pub(crate) fn has_errors(&self) -> bool {
        self.problems.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Returns everything reported.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}
