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
//! machine is needed and the same run gives the same bytes. Where there is no disk, the files are
//! held in memory ([`HeldFiles`]) and the page has no charts: plotters measures text in a browser by
//! asking it, which would not be the same everywhere.

#[cfg(not(target_family = "wasm"))]
mod chart;
#[cfg(not(target_family = "wasm"))]
mod complete;
mod course;
mod description;
mod drawing;
mod drawn_links;
mod error;
mod exchange;
mod file;
mod folder;
mod html;
mod html_tables;
mod intact;
mod leftovers;
mod live;
mod mail_tables;
mod occupant;
mod page;
mod parts;
mod picture;
mod place;
mod player_data;
mod queue_samples;
mod row_reader;
mod run_data;
#[cfg(not(target_family = "wasm"))]
pub mod study;
mod table;
mod tables;
#[cfg(test)]
mod tests;
pub mod text;
mod trace_details;
mod trace_file;
mod trace_line;
mod verdict;
mod words;

#[cfg(not(target_family = "wasm"))]
pub use complete::{Wanted, complete, live_page, rebuild};
pub use description::{RunDescription, ScenarioDescription};
pub use error::ReportError;
pub use file::ResultFile;
pub use folder::ResultFolder;
pub use html::{escaped, player_script_text};
pub use leftovers::leftovers;
pub use live::Live;
pub use mail_tables::KeptRun;
pub use page::{complete_held, held_page, summary_json};
pub use place::{HeldFiles, Shelf, open_file};
pub use player_data::inside_script;
pub use tables::{ATTEMPT_COLUMNS, HOST_COLUMNS, MESSAGE_COLUMNS, QUEUE_COLUMNS, TABLES, Tables};
pub use verdict::verdict;
