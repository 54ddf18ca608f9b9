//! A laboratory: real servers, scripted servers and a scripted name server in namespaces of their own.
//!
//! `experiment.rs` says what an experiment is. `inside.rs` makes it with a real server, which
//! `postfix.rs`, `exim.rs`, `sendmail.rs` and `opensmtpd.rs` know how to start and whose log they read; `model.rs`
//! makes it with the model. Both lead to an `Observation`.
#![allow(dead_code, reason = "each test program uses another part")]

mod clock;
mod dns;
mod exim;
pub(crate) mod experiment;
pub(crate) mod inside;
pub(crate) mod model;
pub(crate) mod observation;
mod opensmtpd;
mod postfix;
mod records;
mod sendmail;
mod server;
mod sink;
mod submission;
