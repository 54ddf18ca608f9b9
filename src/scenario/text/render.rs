//! Problems as a person reads them: the line of the file with a caret, what is accepted, the fix.

use std::collections::BTreeMap;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::problem::{Problem, Problems, Severity};

/// The most problems of one kind that are told one by one.
const MOST_ALIKE: usize = 10;

/// The most of them at one place that are told one by one.
const MOST_AT_ONE_PLACE: usize = 5;

/// How many problems are alike, and how many of them were told.
#[derive(Debug, Default)]
struct Alike {
    all: usize,
    shown: usize,
    /// Shown, or counted in "more like it".
    told: usize,
}

/// What tells problems of one rule at one place from others.
fn place(problem: &Problem) -> ((&'static str, u32, u32), &str, usize, usize) {
    (problem.sort.mark(), &problem.file, problem.line, problem.column)
}

/// Wide enough not to fold the lines of a scenario, whatever the terminal.
const WIDTH: usize = 140;

impl Problems {
    /// Returns all problems with the lines they stand on, in colour for a terminal if `color`. Of many
    /// that are alike the first are told, and how many more there are.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(WIDTH);
        let mut alike: BTreeMap<_, Alike> = BTreeMap::new();
        let mut at_place: BTreeMap<_, Alike> = BTreeMap::new();
        for problem in &self.0 {
            alike.entry(problem.sort.mark()).or_default().all += 1;
            at_place.entry(place(problem)).or_default().all += 1;
        }
        let mut text = String::new();
        for problem in &self.0 {
            let (Some(alike), Some(here)) =
                (alike.get_mut(&problem.sort.mark()), at_place.get_mut(&place(problem)))
            else {
                continue;
            };
            // Each member of a population has the problem of its table.
            let told_as_one = here.all > MOST_AT_ONE_PLACE;
            here.told += 1;
            if told_as_one && here.told > 1 || alike.shown == MOST_ALIKE {
                continue;
            }
            let others_here = if told_as_one { here.all - 1 } else { 0 };
            alike.shown += 1;
            alike.told += 1 + others_here;
            let last = alike.shown == MOST_ALIKE;
            let more = others_here + if last { alike.all - alike.told } else { 0 };
            text.push_str(&renderer.render(&[group(problem, more)]));
            text.push_str("\n\n");
        }
        text
    }
}

/// Returns one problem, with how many more there are like it.
fn group(problem: &Problem, more: usize) -> Group<'_> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(one_paragraph(&problem.message));
    let mut group = if problem.line == 0 || problem.text.is_empty() {
        let origin = Origin::path(problem.file.as_str());
        let known = problem.line > 0;
        title.element(if known {
            origin.line(problem.line).char_column(problem.column)
        } else {
            origin
        })
    } else {
        let label = if problem.key.is_empty() { None } else { Some(problem.key.as_str()) };
        let (excerpt, first_line, span) = excerpt(problem);
        title.element(
            Snippet::source(excerpt)
                .path(problem.file.as_str())
                .line_start(first_line)
                .annotation(AnnotationKind::Primary.span(span).label(label)),
        )
    };
    if let (Some(first), Some(line)) = (&problem.first, problem.first_line()) {
        let (excerpt, span) = line_of(&problem.text, first);
        let label = Some("the first of the two");
        group = group.element(
            Snippet::source(excerpt)
                .path(problem.file.as_str())
                .line_start(line)
                .annotation(AnnotationKind::Context.span(span).label(label)),
        );
    }
    if !problem.accepted.is_empty() {
        group = group.element(Level::NOTE.message(format!("accepted: {}", problem.accepted)));
    }
    if !problem.help.is_empty() {
        group = group.element(Level::HELP.message(problem.help.as_str()));
    }
    if more > 0 {
        let more = format!("and {} more like it", grouped(more));
        group = group.element(Level::NOTE.message(more));
    }
    group
}

/// Returns the lines that the problem's span touches, at most two, with the number of the first
/// and the span within them. What spans more lines (a whole table) is marked at its beginning.
fn excerpt(problem: &Problem) -> (&str, usize, std::ops::Range<usize>) {
    let (line, span) = line_of(&problem.text, &problem.span);
    (line, problem.line, span)
}

/// Returns the line in which a span begins, and the part of the span that is in it.
fn line_of<'t>(text: &'t str, span: &std::ops::Range<usize>) -> (&'t str, std::ops::Range<usize>) {
    let boundary = |at: usize| {
        (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
    };
    let start = boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = boundary(span.end).clamp(start, line_end.max(start));
    (&text[line_start..line_end.max(start)], start - line_start..end - line_start)
}

/// A title is one line.
fn one_paragraph(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Returns a number with its thousands parted: 99,990.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;
    use crate::scenario::load::{Source, load};

    #[test]
    fn many_problems_that_are_alike_are_told_as_one() {
        assert_eq!(
            [0, 999, 1000, 99_990, 1_234_567].map(grouped),
            ["0", "999", "1,000", "99,990", "1,234,567"]
        );
        let text: String = (0..30).map(|number| format!("key{number} = 1\n")).collect();
        let source = Source { file: "many.toml", text: &text, read_file: &|_| Err(String::new()) };
        let problems = load(&source, &[]).unwrap_err();
        assert!(problems.0.len() >= 30, "all are found");
        let told = problems.render(false);
        assert_eq!(told.matches("is not a key of").count(), 10, "{told}");
        assert!(told.contains("and 20 more like it"), "{told}");
    }
}
