//! Behaviour that the RFCs ask for, one test a rule, named by the rule's id; `rows.rs` lists the
//! rules and says which test shows each, or why none does.

#[path = "../common/mod.rs"]
mod common;

mod access;
mod addresses;
mod dns;
mod exchangers;
mod extensions;
mod invariants;
mod ledger;
mod network;
mod notices;
mod redistribution;
mod responsibility;
mod retries;
mod rows;
mod screening;
mod sessions;
mod timeouts;
mod tracing;
