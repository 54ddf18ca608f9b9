//! Studies: many runs, and what can be concluded from them.
//!
//! # How a study becomes an answer
//! ```text
//! study file ──► cells (combinations of levels, each a scenario)
//!                  │  × replications 0, 1, 2 …
//!                  ▼
//!               tasks ──► shards ──► runs, in parallel ──► a row each, kept as soon as it is done
//!                                                             │ by key, not by order
//!                  ┌──────────────────────────────────────────┘
//!                  ▼
//!               estimates · paired comparisons · effects · best design · warnings
//! ```
//!
//! # Scope and limitations
//! The room plans, runs and analyses. It knows no file: rows go out through a function and come
//! back from whoever kept them. Analysis assumes what the design provides: replications of one cell
//! are independent, and cells of one replication share their random numbers. Neither is true of the
//! messages of one run, so no interval is ever made of those.
//!
//! A study without a warm-up is taken to ask about a beginning, such as an outage: nothing then
//! tests whether its runs have settled. Where a warm-up is asked for, mail of the first tenth of
//! the time that counts is held against the mail after it.
//!
//! # Determinism
//! A run's random numbers depend on the study's seed and the number of the replication alone
//! ([`crate::random::Streams`]); what is computed depends on the rows in order of cell and
//! replication, never on threads or on which run ended first. Runs carry a key, a digest of all
//! that decides their result, so that rows of another study or version are never taken for it.
//!
//! # Validation
//! `tests/coverage.rs`: over a thousand repetitions intervals cover the value known by theory as
//! often as they claim. `tests/studies.rs`: one thread, many, shards and an interrupted study give
//! the same bytes.

mod analysis;
pub(crate) mod design;
mod plan;
mod row;
// A page has no threads.
#[cfg(not(target_family = "wasm"))]
mod run;
mod threshold;

pub use analysis::{
    Analysis, BestDesign, CellEstimate, CellOutline, DelayDistributions, Design, Effect,
    FactorOutline, FigureOutline, Outline, PairedDifference, RunnerUp, Term, analyse,
};
pub use design::{
    Better, Cell, Comparison, Factor, LoadedStudy, Quantity, Replications, Study, StudyFigure,
    Variant, Width, compare_study, is_scenario, is_study, load_study, load_variant, study_schema,
};
pub use plan::{Plan, Rows, Shard, Task};
pub use row::{DelaySum, RunRow, STEPS_PER_DECADE};
#[cfg(not(target_family = "wasm"))]
pub use run::{Ended, Endless, run_all, run_one, scenario_of};
pub use threshold::{Beyond, Threshold, find_threshold};
