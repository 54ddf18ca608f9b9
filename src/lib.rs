//! mailsim.
pub mod access;
pub mod cli;
pub mod dns;
pub mod engine;
pub mod fault;
pub mod mail;
pub mod measure;
pub mod network;
pub mod queue;
pub mod random;
pub mod report;
pub mod scenario;
pub mod simulation;
pub mod smtp;
pub mod trace;
pub mod units;
pub mod workload;
