//! Bounds on figures, so that a scenario can be a test of a mail design.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::figure_query::Unit;
use super::figures::likely_names;
use super::summary::Summary;
use crate::units::SimDuration;

/// A bound on one figure. All bounds given must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Dotted name of the figure.
    pub figure: String,
    /// Least value allowed.
    pub at_least: Option<f64>,
    /// Greatest value allowed.
    pub at_most: Option<f64>,
    /// Value required.
    pub equals: Option<f64>,
}

/// What came of a bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Dotted name of the figure.
    pub figure: String,
    /// What was expected, in words: `at least 0.99`.
    pub expected: String,
    /// The figure; absent if it does not exist or did not happen.
    pub observed: Option<f64>,
    /// Whether the bound held.
    pub kind: VerdictKind,
    /// Names that may have been meant, if there is no such figure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<String>,
}

/// Whether a bound held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// It held.
    Met,
    /// It did not.
    NotMet,
    /// What the figure measures did not happen, so nothing can be said: counts as not met.
    DidNotHappen,
    /// There is no such figure: counts as not met.
    NoSuchFigure,
}

impl Verdict {
    /// Returns whether the expectation was met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.kind == VerdictKind::Met
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.figure, self.expected)?;
        let unit = Unit::of_figure(&self.figure);
        match (self.kind, self.observed) {
            (VerdictKind::Met, Some(value)) => write!(f, "met ({})", unit.told(value)),
            // A value that misses its bound by little must not read like it.
            (VerdictKind::NotMet, Some(value)) if self.expected.contains(&unit.told(value)) => {
                write!(f, "NOT met ({})", unit.told_exactly(value))
            }
            (VerdictKind::NotMet, Some(value)) => write!(f, "NOT met ({})", unit.told(value)),
            (VerdictKind::NoSuchFigure, _) => {
                f.write_str("NOT met, there is no such figure")?;
                if let Some(first) = self.likely.first() {
                    write!(f, "; did you mean {first}?")?;
                }
                Ok(())
            }
            _ => f.write_str("NOT met, it did not happen in this run"),
        }
    }
}

impl Bound {
    fn expected(&self) -> String {
        let unit = Unit::of_figure(&self.figure);
        let part = |word: &str, value: Option<f64>| {
            value.map(|value| format!("{word} {}", bound(unit, value)))
        };
        let parts = [
            part("at least", self.at_least),
            part("at most", self.at_most),
            part("equal to", self.equals),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// Equality allows for the rounding of figures to nine decimals.
    fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least)
            && self.at_most.is_none_or(|most| value <= most)
            && self.equals.is_none_or(|equal| (value - equal).abs() <= 1e-9 * equal.abs().max(1.0))
    }
}

/// Returns a bound in its unit, with all its digits: it is what somebody wrote.
fn bound(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds if value >= 0.0 => SimDuration::from_secs_f64(value).exact().to_string(),
        _ => unit.told_exactly(value),
    }
}

impl Summary {
    /// Returns what came of each bound, in order.
    #[must_use]
    pub fn check(&self, bounds: &[Bound]) -> Vec<Verdict> {
        let figures = if bounds.is_empty() { Vec::new() } else { self.figures() };
        let mut values: BTreeMap<&str, Option<f64>> =
            figures.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        values.extend(self.figures.iter().map(|(name, value)| (name.as_str(), *value)));
        let names: Vec<String> = figures.iter().map(|(name, _)| name.clone()).collect();
        bounds
            .iter()
            .map(|bound| {
                let found = values.get(bound.figure.as_str()).copied();
                let kind = match found {
                    None => VerdictKind::NoSuchFigure,
                    Some(None) => VerdictKind::DidNotHappen,
                    Some(Some(value)) if bound.holds(value) => VerdictKind::Met,
                    Some(_) => VerdictKind::NotMet,
                };
                let likely = match kind {
                    VerdictKind::NoSuchFigure => likely_names(&bound.figure, &names),
                    _ => Vec::new(),
                };
                Verdict {
                    figure: bound.figure.clone(),
                    expected: bound.expected(),
                    observed: found.flatten(),
                    kind,
                    likely: likely.into_iter().map(str::to_owned).collect(),
                }
            })
            .collect()
    }
}
