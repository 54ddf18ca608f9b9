//! `mailsim serve`, started as a program: who is answered, what a change does, what is saved.

#![cfg(unix)]

mod browser;
mod changes;
mod controls;
mod files;
mod kills;
#[path = "../common/left_out.rs"]
mod left_out;
mod requests;
mod runs;
