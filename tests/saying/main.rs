//! What a scenario can say about who hands mail to whom, when it is tried again, and how lists send.

#[path = "../common/mod.rs"]
mod common;

mod lists;
mod relays;
mod schedules;
