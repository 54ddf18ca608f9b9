//! A plain schedule: each message has its own list of gaps and its own timer.
//!
//! By default what RFC 5321 §4.5.4.1 advises. There is no memory of hosts: every message is tried
//! on its own. Concurrency to one destination may be limited; what exceeds the limit waits, first
//! in, first out.

mod manager;
mod settings;

pub use manager::Plain;
pub use settings::Settings;
