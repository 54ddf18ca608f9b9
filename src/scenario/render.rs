//! Problems as a person reads them: the line of the file with a caret, what is accepted, the fix.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::problem::{Problem, Problems, Severity};

/// Wide enough not to fold the lines of a scenario, whatever the terminal.
const WIDTH: usize = 140;

impl Problems {
    /// Returns all problems with the lines they stand on, in colour for a terminal if `color`.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(WIDTH);
        let mut text = String::new();
        for problem in &self.0 {
            text.push_str(&renderer.render(&[group(problem)]));
            text.push_str("\n\n");
        }
        text
    }
}

fn group(problem: &Problem) -> Group<'_> {
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
    if !problem.accepted.is_empty() {
        group = group.element(Level::NOTE.message(format!("accepted: {}", problem.accepted)));
    }
    if !problem.help.is_empty() {
        group = group.element(Level::HELP.message(problem.help.as_str()));
    }
    group
}

/// Returns the lines that the problem's span touches, at most two, with the number of the first
/// and the span within them. What spans more lines (a whole table) is marked at its beginning.
fn excerpt(problem: &Problem) -> (&str, usize, std::ops::Range<usize>) {
    let text: &str = &problem.text;
    let boundary = |at: usize| {
        (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
    };
    let start = boundary(problem.span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = boundary(problem.span.end).clamp(start, line_end.max(start));
    (&text[line_start..line_end.max(start)], problem.line, start - line_start..end - line_start)
}

/// A title is one line.
fn one_paragraph(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}
