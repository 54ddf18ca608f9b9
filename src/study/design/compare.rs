//! A study made of scenarios on a command line: one factor, one level each.

use super::figures::{DEFAULT_FIGURES, plain};
use super::model::{Cell, Factor, Replications, Study};
use crate::scenario::events::expectations::FigureNames;
use crate::scenario::load::{Expectations, Loaded, Source, load_placed, on_command_line};
use crate::scenario::text::overrides::Override;
use crate::scenario::text::problem::Problems;
use crate::scenario::text::reader::Remark;
use crate::units::SimDuration;

/// One of the scenarios to be compared.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The file as the user knows it.
    pub file: String,
    /// What is changed in it, as it stands on the command line.
    pub changes: Vec<String>,
    /// The scenario.
    pub loaded: Loaded,
}

/// How variants are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Name of the study.
    pub name: String,
    /// How often each is run.
    pub replications: u64,
    /// Confidence of intervals.
    pub confidence: f64,
    /// Mail submitted before this time does not count.
    pub warm_up: SimDuration,
    /// Figures of the summary; none: the usual ones.
    pub figures: Vec<String>,
}

/// Reads a scenario as [`load`](crate::scenario::load) does, but for its `[[expect]]` entries:
/// bounds of its own question mean nothing here.
///
/// # Errors
/// Every problem of the file.
pub fn load_variant(source: &Source<'_>, overrides: &[Override]) -> Result<Loaded, Problems> {
    load_placed(source, &on_command_line(overrides), Expectations::LeftOut)
}

/// Returns the study that compares `variants` with the first of them.
///
/// # Errors
/// In words, if a figure does not exist, two variants have one name, or the warm-up leaves nothing
/// to count.
pub fn compare_study(variants: Vec<Variant>, how: &Comparison) -> Result<Study, String> {
    let figures: Vec<&str> = match how.figures.as_slice() {
        [] => DEFAULT_FIGURES.to_vec(),
        asked => asked.iter().map(String::as_str).collect(),
    };
    let mut figures: Vec<_> = figures.into_iter().map(plain).collect();
    for variant in &variants {
        let names = FigureNames::of(&variant.loaded.scenario);
        for figure in &mut figures {
            let told =
                |remark: Remark| format!("{} in {}; {}", remark.message, variant.name, remark.help);
            figure.asked = names.asked(&figure.name).map_err(told)?;
        }
        let duration = variant.loaded.scenario.duration;
        if how.warm_up >= duration {
            return Err(format!(
                "the warm-up of {} leaves nothing to count: {} lasts {}",
                how.warm_up.exact(),
                variant.name,
                duration.exact()
            ));
        }
    }
    let levels: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
    for (place, name) in levels.iter().enumerate() {
        if levels[..place].contains(name) {
            return Err(format!("two of the scenarios are called {name}: one of them is enough"));
        }
    }
    let seed = variants.first().map_or(1, |variant| variant.loaded.scenario.seed);
    let cells = variants.into_iter().enumerate().map(|(level, variant)| Cell {
        levels: vec![level],
        file: variant.file,
        changes: variant.changes,
        scenario: variant.loaded.scenario,
        resolved: variant.loaded.resolved,
        files: variant.loaded.files,
    });
    Ok(Study {
        name: how.name.clone(),
        title: format!("Comparison of {}", levels.join(", ")),
        question: String::new(),
        look_for: String::new(),
        findings: String::new(),
        seed,
        replications: Replications::Fixed(how.replications),
        confidence: how.confidence,
        warm_up: how.warm_up,
        cool_down: SimDuration::ZERO,
        cells: cells.collect(),
        factors: vec![Factor { name: "scenario".to_owned(), levels, given: false }],
        figures,
    })
}
