//! From the text of a scenario file to a checked [`Scenario`], every problem found on the way.

use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::sync::Arc;

use toml::de::DeTable;

use super::assemble::assemble;
use super::events::note_conditions;
use super::keys::TOP;
use super::text::checker::Origin;
use super::text::csv_file::ReadFile;
use super::text::overrides::{Override, apply};
use super::text::problem::{Problem, ProblemKind, Problems, Severity, Sort, line_and_column};
use super::text::reader::{Checker, Remark, Section};
use super::text::tree::{Node, Place, Table, Value, from_parser, to_toml};
use crate::model::Scenario;

/// The text of a scenario and the way to what lies beside it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The file as the user knows it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Reads a file named in the scenario, relative to the scenario's folder. The error is one
    /// line for people, such as "No such file".
    pub read_file: &'a ReadFile<'a>,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

/// A scenario that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// What is likely a mistake.
    pub warnings: Problems,
    /// The scenario with its overrides as canonical TOML: keys sorted, no comments.
    pub resolved: String,
    /// Every file that the scenario names, with its text, in the order in which they were read.
    pub files: Vec<(String, String)>,
}

/// An override and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) change: Override,
    pub(crate) origin: Origin,
}

/// Reads and checks a scenario with the overrides of the command line, applied in order.
///
/// # Errors
/// Every problem of the file, errors and warnings, in the order of the file.
pub fn load(source: &Source<'_>, overrides: &[Override]) -> Result<Loaded, Problems> {
    load_placed(source, &on_command_line(overrides), Expectations::Kept)
}

/// Whether the `[[expect]]` entries of a scenario are kept: bounds of its own question mean nothing
/// in a study of other settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expectations {
    Kept,
    LeftOut,
}

/// Returns overrides of the command line with their origin.
pub(crate) fn on_command_line(overrides: &[Override]) -> Vec<Placed> {
    let placed = |change: &Override| Placed {
        change: change.clone(),
        origin: Origin::CommandLine(change.as_argument()),
    };
    overrides.iter().map(placed).collect()
}

/// Parses a file and applies overrides to its tree. Returns the tree, what collects problems, and
/// the errors of the syntax.
pub(crate) fn parse(
    source: &Source<'_>,
    overrides: &[Placed],
    without: &[&str],
) -> (Checker, Table, Vec<toml::de::Error>) {
    let origins = overrides.iter().map(|placed| placed.origin.clone()).collect();
    let checker = Checker::new(source.file, source.text, origins);
    let (parsed, syntax) = DeTable::parse_recoverable(source.text);
    let mut root = from_parser(parsed.get_ref());
    root.entries.retain(|entry| !without.contains(&entry.key.as_str()));
    for (number, placed) in overrides.iter().enumerate() {
        // What is gone already may be unset.
        if without.iter().any(|key| placed.change.unsets(key)) {
            continue;
        }
        if let Err(misfit) = apply(&mut root, &placed.change, number) {
            let remark = Remark::new(misfit.message).accepted(misfit.accepted).help(misfit.help);
            checker.error(ProblemKind::Override, &Place::CommandLine(number), "", remark);
        }
    }
    (checker, root, syntax)
}

/// Reads and checks a scenario with overrides that may stand in a study.
pub(crate) fn load_placed(
    source: &Source<'_>,
    overrides: &[Placed],
    expectations: Expectations,
) -> Result<Loaded, Problems> {
    let without: &[&str] = match expectations {
        Expectations::Kept => &[],
        Expectations::LeftOut => &["expect"],
    };
    let (checker, root, syntax) = parse(source, overrides, without);
    let files = std::cell::RefCell::new(Vec::new());
    let read_file = |name: &str| {
        let text = (source.read_file)(name)?;
        files.borrow_mut().push((name.to_owned(), text.clone()));
        Ok(text)
    };
    let name = FilePath::new(source.file).file_stem().and_then(|stem| stem.to_str());
    let scenario = typed(&checker, &root, name.unwrap_or("scenario"), &read_file);
    let (mut problems, failed) = all_problems(source, checker, &syntax);
    let allowed = allowed(&root);
    problems.0.retain(|problem| problem.name.is_empty() || !allowed.contains(&problem.name));
    match scenario {
        Some(mut scenario) if !failed => {
            if !overrides.is_empty() && !scenario.notes.is_empty() {
                let (_, written, _) = parse(source, &[], without);
                note_conditions::judge(&mut scenario, &written, &root);
            }
            Ok(Loaded {
                scenario,
                warnings: problems,
                resolved: to_toml(&root),
                files: files.into_inner(),
            })
        }
        _ => Err(problems),
    }
}

/// Returns the names of warnings that the file allows. Those that are no names were reported as wrong words
/// when the top of the file was read.
fn allowed(root: &Table) -> Vec<&str> {
    let Some(Value::List(list)) = root.get("allow").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    fn text(node: &Node) -> Option<&str> {
        match &node.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }
    list.iter().filter_map(text).collect()
}

/// Returns everything that is wrong with a file, in order, and whether it is unusable.
pub(crate) fn all_problems(
    source: &Source<'_>,
    checker: Checker,
    syntax: &[toml::de::Error],
) -> (Problems, bool) {
    let failed = checker.has_errors() || !syntax.is_empty();
    let mut problems = Problems(checker.into_problems());
    if !syntax.is_empty() {
        problems = with_syntax_errors(source, syntax, problems);
    }
    problems.sort();
    (problems, failed)
}

fn typed(
    checker: &Checker,
    root: &Table,
    name: &str,
    read_file: &ReadFile<'_>,
) -> Option<Scenario> {
    let top = Section::new(checker, root, &TOP, Place::File(0..0), String::new());
    assemble(checker, &top, name, read_file)
}

/// Joins the errors of the syntax with those problems of the rest that they cannot have caused:
/// what the parser skipped may well be what seems to be missing.
fn with_syntax_errors(
    source: &Source<'_>,
    syntax: &[toml::de::Error],
    problems: Problems,
) -> Problems {
    let text: Arc<str> = source.text.into();
    let mut all: Vec<Problem> =
        syntax.iter().map(|error| syntax_problem(source.file, &text, error)).collect();
    let lines: BTreeSet<usize> = all.iter().map(|problem| problem.line).collect();
    all.extend(problems.0.into_iter().filter(|problem| {
        use ProblemKind as K;
        matches!(problem.kind, K::UnknownKey | K::WrongType | K::BadValue | K::Override)
            && !lines.contains(&problem.line)
    }));
    Problems(all)
}

fn syntax_problem(file: &str, text: &Arc<str>, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let (line, column) = line_and_column(text, span.start);
    let (message, expected) = match error.message().split_once(", expected ") {
        Some((message, expected)) => (message, expected),
        None => (error.message(), ""),
    };
    let help = if message.contains("duplicate key") {
        "remove one of the two, or merge them"
    } else {
        "texts stand in quotes, lists in [ ], tables in { } or under a [header]"
    };
    Problem {
        severity: Severity::Error,
        kind: ProblemKind::Syntax,
        file: file.to_owned(),
        line,
        column,
        key: String::new(),
        message: format!("this is not TOML: {message}"),
        accepted: expected.to_owned(),
        help: help.to_owned(),
        name: "",
        first: None,
        span,
        text: text.clone(),
        sort: Sort::here(),
    }
}
