//! Study folders: rows on the way, tables, charts and the page in the end.
//!
//! # Scope and limitations
//! The room keeps finished runs so that an interrupted study loses nothing ([`StudyFolder`]) and
//! writes what the analysis says. Charts and page are made from `study.json` alone, the pages that
//! play two variants side by side from their traces and a table. It computes no figure of its own.

mod description;
mod folder;
mod kept;
pub(in crate::report) mod numbers;
mod page;
mod side_by_side;
mod tables;
pub mod text;

pub use description::{SourceDescription, StudyDescription};
pub(super) use folder::STUDY_FILE;
pub use folder::{Charts, RowKeeper, StudyFolder, rebuild_study, study_json};
pub use kept::Kept;
pub use numbers::maybe;
pub(super) use numbers::told;
pub use side_by_side::{MOST_PLAYED, Played, PlayedRun};
