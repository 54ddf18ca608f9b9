//! Result folders: tables, charts, the page and the terminal's summary.
//!
//! # Scope and limitations
//! The room turns records and figures ([`crate::measure`]) into files and text. It computes no
//! figure of its own: charts and page are made from the folder's files alone ([`rebuild`]), so
//! whatever they show can be checked against the tables. It knows no engine and no host.
//!
//! # Design
//! [`ResultFolder`] is the only one that touches the target: files are written beside it and moved
//! into place when whole. [`Tables`] takes rows while the run goes on. [`complete`] adds the
//! rest. Charts are drawn with plotters on a font that is part of the program, so no font of the
//! machine is needed and the same run gives the same bytes.

mod chart;
mod complete;
mod description;
mod drawing;
mod error;
mod exchange;
mod folder;
mod html;
mod html_tables;
mod leftovers;
mod live;
mod occupant;
mod picture;
mod player_data;
mod run_data;
pub mod study;
mod table;
mod tables;
#[cfg(test)]
mod tests;
pub mod text;
mod told;
mod trace_file;
mod trace_line;
mod words;

pub use complete::{Wanted, complete, live_page, rebuild, summary_json};
pub use description::{RunDescription, ScenarioDescription};
pub use error::ReportError;
pub use folder::{ResultFile, ResultFolder};
pub use leftovers::leftovers;
pub use live::Live;
pub use tables::{ATTEMPT_COLUMNS, HOST_COLUMNS, MESSAGE_COLUMNS, QUEUE_COLUMNS, TABLES, Tables};
