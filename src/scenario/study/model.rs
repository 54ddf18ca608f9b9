//! A checked study.

use crate::measure::AskedFigure;
use crate::scenario::{Problems, Scenario};
use crate::units::SimDuration;

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
