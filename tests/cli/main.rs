//! The program as its users call it: help, exit statuses, error texts, result folders.

mod help;
mod journeys;
#[path = "../common/left_out.rs"]
mod left_out;
mod messages;
mod program;
mod results;
mod studies;
