//! The program as its users call it: help, exit statuses, error texts, result folders.

mod diagrams;
mod explaining;
mod figures;
mod harm;
mod help;
mod journeys;
mod kills;
mod learning;
#[path = "../common/left_out.rs"]
mod left_out;
mod limits;
mod messages;
mod program;
mod results;
mod slurm;
mod studies;
mod tables;
mod talking;
