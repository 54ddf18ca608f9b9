//! A checked study.

use serde::{Deserialize, Serialize};

use crate::measure::{AskedFigure, Delay};
use crate::model::Scenario;
use crate::scenario::Problems;
use crate::units::{BitRate, EventRate, Octets, SimDuration};

/// A study that can be run.
#[derive(Debug, Clone)]
pub struct LoadedStudy {
    /// The study.
    pub study: Study,
    /// What is likely a mistake.
    pub warnings: Problems,
    /// The study with its overrides as canonical TOML: keys sorted, no comments.
    pub resolved: String,
    /// Every file that the study and its scenarios name, with its text, in order of name.
    pub files: Vec<(String, String)>,
}

/// A study: the cells of a design, and what is measured in them.
#[derive(Debug, Clone)]
pub struct Study {
    /// Name: the file's stem.
    pub name: String,
    /// Title, one line.
    pub title: String,
    /// The question that the study answers.
    pub question: String,
    /// What to look for in the result.
    pub look_for: String,
    /// What came out when its author ran it.
    pub findings: String,
    /// Seed of all random draws. Replications differ by their number, and all cells share both.
    pub seed: u64,
    /// How often each cell is run.
    pub replications: Replications,
    /// Confidence of intervals, between 0 and 1.
    pub confidence: f64,
    /// Mail submitted before this time does not count.
    pub warm_up: SimDuration,
    /// Mail submitted in this last part of a run does not count.
    pub cool_down: SimDuration,
    /// What is varied.
    pub factors: Vec<Factor>,
    /// The combinations of levels that are run.
    pub cells: Vec<Cell>,
    /// What is measured.
    pub figures: Vec<StudyFigure>,
}

/// How often each cell is run.
#[derive(Debug, Clone, PartialEq)]
pub enum Replications {
    /// So often.
    Fixed(u64),
    /// Until the interval of a figure is narrow enough in every cell.
    Until {
        /// Place of the figure in [`Study::figures`].
        figure: usize,
        /// Half the width of the interval that is narrow enough.
        width: Width,
        /// Fewest replications.
        at_least: u64,
        /// Most replications.
        at_most: u64,
    },
}

impl Replications {
    /// Returns the largest number of replications that there can be.
    #[must_use]
    pub fn most(&self) -> u64 {
        match self {
            Self::Fixed(count) => *count,
            Self::Until { at_most, .. } => *at_most,
        }
    }
}

/// Half the width of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Width {
    /// In the unit of the figure.
    Absolute(f64),
    /// As a share of the mean.
    Relative(f64),
}

/// What is varied, and the names of its levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Name of the factor.
    pub name: String,
    /// Names of its levels, the first of which others are compared with.
    pub levels: Vec<String>,
    /// Whether the world decides it, and not whoever designs the mail system.
    pub given: bool,
}

/// A quantity that a factor's levels are values of: `1h` and `4h`, or 2 and 5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// `s`, `octets`, `1/s`, `bit/s`, or `number`.
    pub unit: String,
    /// The value of each level.
    pub values: Vec<f64>,
}

impl Quantity {
    /// Returns the quantity of levels of these names; none if they are names only.
    #[must_use]
    pub fn of(levels: &[String]) -> Option<Self> {
        let read = |unit: &str, value: &dyn Fn(&str) -> Option<f64>| {
            let values: Option<Vec<f64>> = levels.iter().map(|level| value(level)).collect();
            Some(Self { unit: unit.to_owned(), values: values.filter(|all| !all.is_empty())? })
        };
        let finite = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        read("number", &finite)
            .or_else(|| read("s", &|text| Some(text.parse::<SimDuration>().ok()?.as_secs_f64())))
            .or_else(|| read("octets", &|text| Some(text.parse::<Octets>().ok()?.0 as f64)))
            .or_else(|| read("1/s", &|text| Some(text.parse::<EventRate>().ok()?.per_second_f64())))
            .or_else(|| read("bit/s", &|text| Some(text.parse::<BitRate>().ok()?.0 as f64)))
    }

    /// Returns the end of a column's name that says the unit; none for plain numbers, which a column of
    /// levels holds already.
    #[must_use]
    pub fn suffix(&self) -> Option<&'static str> {
        match self.unit.as_str() {
            "s" => Some("_s"),
            "octets" => Some("_octets"),
            "1/s" => Some("_per_s"),
            "bit/s" => Some("_bit_per_s"),
            _ => None,
        }
    }
}

/// One combination of levels.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The level of each factor, by its place.
    pub levels: Vec<usize>,
    /// The scenario file as the study names it.
    pub file: String,
    /// What is changed in it, as it would stand on a command line.
    pub changes: Vec<String>,
    /// The scenario, to be run with the study's seed and the number of each replication.
    pub scenario: Scenario,
    /// The scenario as canonical TOML, with its changes.
    pub resolved: String,
    /// Files that the scenario names, with their texts.
    pub files: Vec<(String, String)>,
}

/// A figure that is measured in every run.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyFigure {
    /// What it is.
    pub asked: AskedFigure,
    /// Name in tables.
    pub name: String,
    /// What people call it; the name where the study says nothing.
    pub label: String,
    /// Which values are better, if any.
    pub better: Option<Better>,
}

/// Which values of a figure are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Low ones.
    Lower,
    /// High ones.
    Higher,
}

impl Better {
    /// Returns the word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

impl Study {
    /// Returns the delays whose distributions are kept: those that figures speak of, or that until
    /// delivery if none does.
    #[must_use]
    pub fn delays(&self) -> Vec<Delay> {
        let asked = |of: &Delay| self.figures.iter().any(|one| of.is_spoken_of(&one.name));
        let delays: Vec<Delay> = Delay::ALL.into_iter().filter(asked).collect();
        if delays.is_empty() { vec![Delay::Delivery] } else { delays }
    }

    /// Returns the name of a cell: `outage = 4h, backup = none`.
    #[must_use]
    pub fn cell_name(&self, cell: usize) -> String {
        cell_name(&self.factors, &self.cells[cell].levels)
    }

    /// Returns whether every combination of levels is there, once.
    #[must_use]
    pub fn is_full_factorial(&self) -> bool {
        let all: usize = self.factors.iter().map(|factor| factor.levels.len()).product();
        let mut seen: Vec<&[usize]> =
            self.cells.iter().map(|cell| cell.levels.as_slice()).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len() == all && self.cells.len() == all
    }
}

/// Returns the name of a combination of levels.
pub(super) fn cell_name(factors: &[Factor], levels: &[usize]) -> String {
    let parts = factors.iter().zip(levels);
    let parts = parts.map(|(factor, &level)| format!("{} = {}", factor.name, factor.levels[level]));
    let name = parts.collect::<Vec<_>>().join(", ");
    if name.is_empty() { "the scenario as it is".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_values_of_one_quantity_or_names() {
        let of = |levels: &[&str]| {
            let levels: Vec<String> = levels.iter().map(|&level| level.to_owned()).collect();
            Quantity::of(&levels).map(|it| (it.unit, it.values))
        };
        let found = |unit: &str, values: &[f64]| Some((unit.to_owned(), values.to_vec()));
        assert_eq!(of(&["1h", "90min", "2d"]), found("s", &[3_600.0, 5_400.0, 172_800.0]));
        assert_eq!(of(&["2", "0.5"]), found("number", &[2.0, 0.5]));
        assert_eq!(of(&["10kB", "1MB"]), found("octets", &[10_000.0, 1_000_000.0]));
        assert_eq!(of(&["none", "1h"]), None);
        assert_eq!(of(&["2", "1h"]), None);
        assert_eq!(of(&["inf", "1"]), None);
        assert_eq!(of(&[]), None);
    }
}
