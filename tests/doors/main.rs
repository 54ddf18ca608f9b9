//! Files of real programs in, files for real programs out.

#[path = "../common/left_out.rs"]
mod left_out;

mod bad_input;
mod configuration;
mod logs;
mod program;
mod queues;
mod round_trip;
mod tools;
