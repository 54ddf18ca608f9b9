//! `mailsim serve`, started as a program: who is answered, what a change does, what is saved.

#![cfg(unix)]

mod browser;
mod changes;
mod requests;
mod runs;
