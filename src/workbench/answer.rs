//! How answers say what is wrong.

use serde_json::{Value, json};

use crate::measure::Verdict;
use crate::scenario::{Problem, Problems, Severity};

/// Returns an answer that says why there is no other.
pub(super) fn refusal(why: &str) -> Value {
    json!({ "refused": why })
}

/// Returns problems with the places that they are about, counted in UTF-16 units as scripts count.
pub(super) fn problems(found: &Problems) -> Value {
    found.0.iter().map(problem).collect()
}

fn problem(problem: &Problem) -> Value {
    json!({
        "severity": match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "line": problem.line,
        "column": problem.column,
        "from": problem.units_before(problem.span.start),
        "to": problem.units_before(problem.span.end),
        "key": problem.key,
        "message": problem.message,
        "accepted": problem.accepted,
        "help": problem.help,
    })
}

/// Returns what came of the scenario's expectations.
pub(super) fn expectations(verdicts: &[Verdict]) -> Value {
    verdicts
        .iter()
        .map(|verdict| json!({ "met": verdict.is_met(), "told": verdict.to_string() }))
        .collect()
}
