//! The command line: what `mailsim` does when it is called.
//!
//! # Scope and limitations
//! The room reads arguments and scenario files, starts runs, and prints. It is the only one that
//! prints, and it makes no decision of the model. Data go to standard output, progress and messages
//! to standard error, so that results can be piped. Figures of the wall clock (events a second)
//! appear on standard error only and never reach a result.
//!
//! # Design
//! One file a command: its arguments, its help and what it does. `arguments` joins them; help,
//! manual page and completions are made from the same definitions.

mod answers;
mod arguments;
mod changes;
mod check;
mod compare;
mod completions;
mod error;
mod export;
mod harmless;
mod import;
mod input;
mod interrupt;
mod learn;
mod man;
mod new;
mod paragraph;
mod profiles;
mod progress;
mod report;
mod route;
mod run;
mod schema;
mod serve;
mod status;
mod study;
mod table;
mod talk;
mod terminal;
mod trace;

pub use arguments::execute;
pub use status::ExitStatus;
