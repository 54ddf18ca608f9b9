//! A scenario at hand: checked, run, changed and talked to, without file, thread or clock.
//!
//! # Scope and limitations
//! The room is what a page needs of mailsim, be it served ([`crate::serve`]) or run by the browser
//! itself: [`Engine`] takes questions and gives answers as JSON and is all of mailsim that the
//! WebAssembly module carries (`src/player/module`). A scenario that names other files cannot be read here. A run
//! is held in memory with its tables; how long it may take is up to whoever asks.
//!
//! # Design
//! A question holds the whole text of the scenario, so nothing is remembered between two of them but
//! the files of the latest run. A change that is made in the drawing ([`Change`]) becomes overrides, and
//! they are written into the text: what is shown is always what the text says.

mod answer;
mod change;
mod controls;
mod describe;
mod engine;
mod examples;
mod exercises;
mod hand_in;
mod lessons;
mod run;
mod talking;

pub use change::{Before, Change, Step};
pub use controls::{Controls, Stand};
pub use describe::describe;
pub use engine::Engine;
pub use examples::{EXAMPLES, Example};
pub use exercises::{EXERCISES, Exercise, Graded, Ungraded, title_of};
pub use lessons::{LESSONS, Lesson};
pub use run::{Ran, run};
