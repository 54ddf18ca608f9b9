//! The page of a run on loopback, with controls that change the scenario and run it again.
//!
//! # Scope and limitations
//! The room answers a browser on the same machine: it holds one scenario with the changes made so
//! far ([`LiveRun`]), computes the run again from the start for each further change, and hands out
//! the page of the latest good run. Every change is an [`Override`](crate::scenario::Override), so
//! what is shown is what `mailsim run` gives with the same `--set` and `--unset`, and the scenario
//! that is saved is the file with those written into it. It listens on 127.0.0.1 and nowhere
//! else, but other users of the same machine can reach it while it runs. There is one state, whatever
//! the number of windows: a window that is behind is told so.
//!
//! # Design
//! A request is read ([`Server`]), judged (who asks, what, how much), and answered. What the
//! server answers is fixed: the page, the changed scenario's text, and three things to do. No path
//! of the disk is ever made from a request; files that the scenario names are read once, before
//! anything is served, and a change cannot name another.
//!
//! The head of a request is parsed by httparse; the rest is the standard library: a bounded number of
//! connections, each with a thread and a deadline, each body with a bound, one request a connection.
//! `tiny_http` was weighed and left: its last release is of 2022, and its connections have no
//! time-outs, so that a client that says nothing holds a thread for good. hyper and what it brings
//! would be most of the program's dependencies, for one page on loopback.

mod compute;
mod connection;
mod live_run;
mod request;
mod response;
mod routes;
mod saved;
mod server;

pub use compute::StartError;
pub(crate) use connection::Connection as HttpConnection;
pub use live_run::{LiveRun, Served};
pub(crate) use request::{Request as HttpRequest, Unread};
pub(crate) use response::Response;
pub use saved::SaveTo;
pub use server::Server;
