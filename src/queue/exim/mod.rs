//! Exim's delivery: no queue manager, but processes that come, try one message and go, and hints
//! databases through which they know of each other.
//!
//! Follows Exim 4.96 (recorded) and, where the recordings do not tell, the source of 4.99
//! (`src/retry.c`, `src/deliver.c`, `src/queue.c`, `src/daemon.c`, `src/transport.c`,
//! `src/transports/smtp.c`). What makes it Exim, and where it stands:
//!
//! | mechanism | file |
//! |---|---|
//! | the notation of retry rules | `rule.rs` |
//! | for which failures a retry line holds | `condition.rs` |
//! | retry records of hosts, of messages at a host, of recipients and of domains | `retry.rs` |
//! | which messages wait for which host, for delivery over a connection that is open anyway | `wait.rs` |
//! | queue runners: when they start, in which order they go through the spool | `runner.rs` |
//! | which recipients a process routes, and in which deliveries | `routing.rs` |
//! | one delivery process: its addresses, the hosts it may try, what it learns of them | `process.rs` |
//! | one call of the transport: its recipients, hosts and limits | `transport.rs` |
//! | which records it will write, and who is given up | `notes.rs` |
//! | when the sender is told of a delay | `warning.rs` |
//! | the clock of whole seconds | `wall.rs` |
//! | what is remembered of hosts when mail waits from the start | `past.rs` |
//! | processes at acceptance, in a queue run and over a kept connection | `manager.rs` |
//! | how a process ends: records, bounces, freezing | `ending.rs` |
//!
//! Not modelled: `serialize_hosts`, load limits, two-stage queue runs, local deliveries that are put
//! off, another transaction at once for recipients refused with 452 behind others that were taken,
//! and fallback hosts for recipients of a connection that was handed on and broke.

mod condition;
mod ending;
mod manager;
mod notes;
mod past;
mod process;
mod retry;
mod routing;
mod rule;
mod runner;
mod settings;
mod transport;
mod wait;
mod wall;
mod warning;

pub use condition::{Command, Pattern, RetryError};
pub use manager::Exim;
pub use rule::{Growth, RetryLine, RetryRule, RetryRules, exim_seconds, exim_time};
pub use settings::Settings;
