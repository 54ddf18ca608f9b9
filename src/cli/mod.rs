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

#![allow(rustdoc::invalid_html_tags, reason = "help is written for a terminal: <name> is a name")]

mod answers;
mod arguments;
mod carried;
mod changes;
mod check;
mod compare;
mod completions;
mod dialogues;
mod error;
mod explain;
mod export;
mod figures;
mod grade;
mod harmless;
mod help;
mod import;
mod input;
mod interrupt;
mod learn;
mod live;
mod man;
mod memory;
mod new;
mod paragraph;
mod profiles;
mod progress;
mod queue;
mod report;
mod route;
mod run;
mod schema;
mod serve;
mod site;
mod status;
mod store_dialogues;
mod study;
mod table;
mod talk;
mod terminal;
mod threshold;
mod trace;

pub use arguments::execute;
pub use status::ExitStatus;
