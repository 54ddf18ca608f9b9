//! When each mail server tries a message whose destination stays down, and how it gives up: the rows
//! of the table of test vectors, one file for each group of servers.
//!
//! Each figure was computed by hand from the server's source or its vendor's documents, for a
//! message that arrives at zero and attempts that take no time; the test measures the model. The
//! network is without latency, so figures agree to the second.

#[path = "../common/mod.rs"]
mod common;
mod harness;

mod bulk;
mod exchange;
mod postfix;
mod windows;
