//! The program as its users call it: help, exit statuses, error texts, result folders.

mod help;
mod journeys;
mod messages;
mod program;
mod results;
mod studies;
