//! `mailsim live`, started as a program: real clients against each protocol, failures of the world that a
//! small mailer meets, hostile octets, and records that are played again.

#![cfg(unix)]

mod clients;
mod harm;
#[path = "../common/left_out.rs"]
mod left_out;
mod mailer;
mod outside;
mod program;
mod records;
