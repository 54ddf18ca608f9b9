//! Study files: a base scenario, what is varied in it, and what is measured how often.
//!
//! # Scope and limitations
//! A study is read with the means of scenario files, and every cell of its design is read and
//! checked as a scenario before anything runs; what does not fit is shown where it stands in the
//! study. How runs are made and what is computed from them is not known here.
//!
//! # Design
//! `read` takes the file apart, `factors` turns factors into changes of the scenario,
//! `cells` combines them, `figures` reads what is to be measured, `compare` makes the same of
//! scenarios on a command line.

mod cells;
mod compare;
mod factors;
mod figures;
mod keys;
mod model;
mod read;

pub(crate) use keys::STUDY;

pub use compare::{Comparison, Variant, compare_study, load_variant};
pub use keys::study_schema;
pub use model::{
    Better, Cell, Factor, LoadedStudy, Quantity, Replications, Study, StudyFigure, Width,
};
pub use read::{is_scenario, is_study, load_study};
