//! The study as its results tell it.

use serde::{Deserialize, Serialize};

use crate::study::Quantity;

use super::Data;

/// The study behind an analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// Name of the study.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// What to look for.
    pub look_for: String,
    /// What came out when its author ran it.
    pub findings: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// Replications of each cell.
    pub replications: u64,
    /// Confidence of intervals.
    pub confidence: f64,
    /// Mail submitted before this second does not count.
    pub warm_up_s: f64,
    /// Mail submitted in the last seconds, this many, does not count.
    pub cool_down_s: f64,
    /// What is varied.
    pub factors: Vec<FactorOutline>,
    /// What is measured.
    pub figures: Vec<FigureOutline>,
    /// The combinations.
    pub cells: Vec<CellOutline>,
}

/// A factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorOutline {
    /// Its name.
    pub name: String,
    /// Names of its levels.
    pub levels: Vec<String>,
    /// What the levels are values of, if they are a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Whether the world decides it, and not whoever designs the mail system.
    pub given: bool,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureOutline {
    /// Its name in tables.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// `s`, `share` or `number`.
    pub unit: String,
    /// `lower` or `higher`, if either is better.
    pub better: Option<String>,
}

/// A combination of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellOutline {
    /// What it is called.
    pub name: String,
    /// The level of each factor, by its place.
    pub levels: Vec<usize>,
    /// The scenario file as the study names it.
    pub scenario: String,
    /// What is changed in it, as it would stand on a command line.
    pub changes: Vec<String>,
    /// Recipients of mail that counts, over all runs.
    pub submitted: u64,
    /// Of these, delivered.
    pub delivered: u64,
    /// Of these, given up.
    pub failed: u64,
    /// Of these, under way at the end of their run.
    pub unfinished: u64,
}

impl Outline {
    pub(super) fn of(data: &Data<'_>) -> Self {
        let study = data.study;
        let factors = study.factors.iter().map(|factor| FactorOutline {
            name: factor.name.clone(),
            levels: factor.levels.clone(),
            quantity: Quantity::of(&factor.levels),
            given: factor.given,
        });
        let figures = study.figures.iter().map(|figure| FigureOutline {
            name: figure.name.clone(),
            label: figure.label.clone(),
            unit: figure.asked.unit().as_str().to_owned(),
            better: figure.better.map(|better| better.as_str().to_owned()),
        });
        Self {
            name: study.name.clone(),
            title: study.title.clone(),
            question: study.question.clone(),
            look_for: study.look_for.clone(),
            findings: study.findings.clone(),
            seed: study.seed,
            replications: data.replications,
            confidence: study.confidence,
            warm_up_s: study.warm_up.as_secs_f64(),
            cool_down_s: study.cool_down.as_secs_f64(),
            factors: factors.collect(),
            figures: figures.collect(),
            cells: (0..study.cells.len()).map(|cell| cell_outline(data, cell)).collect(),
        }
    }
}

fn cell_outline(data: &Data<'_>, number: usize) -> CellOutline {
    let cell = &data.study.cells[number];
    let mut outline = CellOutline {
        name: data.study.cell_name(number),
        levels: cell.levels.clone(),
        scenario: cell.file.clone(),
        changes: cell.changes.clone(),
        submitted: 0,
        delivered: 0,
        failed: 0,
        unfinished: 0,
    };
    for row in data.rows_of(number) {
        outline.submitted += row.submitted;
        outline.delivered += row.delivered;
        outline.failed += row.failed;
        outline.unfinished += row.unfinished;
    }
    outline
}
