//! The program as its users call it: help, exit statuses, error texts, result folders.

mod diagrams;
mod harm;
mod help;
mod journeys;
mod learning;
#[path = "../common/left_out.rs"]
mod left_out;
mod messages;
mod program;
mod results;
mod slurm;
mod studies;
mod talking;
