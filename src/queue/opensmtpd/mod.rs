//! OpenSMTPD's scheduler and mail transfer agent, version 6.8.0p2 (the recorded one).
//!
//! Two machines, as in the server. The *scheduler* owns one timer for each envelope, that is for
//! each recipient of each message: next try at `creation + 400 s × k²`, expiry by the clock and
//! without a last attempt, delay notices as soon as the *next* try lies beyond the age that warns.
//! The *transfer agent* owns connections. A relay (destination) asks its connector for a connection
//! over a route (own address and host); tasks then go to whichever session is ready. A failed first
//! connection suspends the route for `15 s × penalty²`, and once no route is left the relay fails
//! everything that waits for it, with the next tick of a clock that runs each ten seconds.
//!
//! | file | what it is in OpenSMTPD |
//! |---|---|
//! | `scheduler.rs` | `scheduler.c`, `scheduler_ramqueue.c`: back-off, expiry, hold queues |
//! | `agent.rs` | `mta.c`: relays, their tasks, when they look up, connect and fail |
//! | `connector.rs` | `mta.c` (`mta_connect`, `mta_find_route`): limits and delays of connections |
//! | `route.rs` | `mta.c` (`mta_route_*`): penalties and suspensions |
//! | `session.rs` | `mta_session.c`: a session's tasks, idling, and end |
//! | `hoststat.rs` | `mta.c` (`mta_hoststat_*`): what is tried again once a host answers |
//! | `bounces.rs` | `bounce.c`: notices leave a second later |
//! | `alarm.rs` | `runq.c`: a clock of whole seconds, timers of a whole number of them |
//!
//! Not modelled: several own addresses (source tables), TLS downgrades, LMTP, `smtpctl` but for
//! scheduling everything, the smart-host table's look-up, the delays of connections that are zero
//! unless somebody sets them (`conn-delay-host`, `-source`, `-connector`, `-domain`,
//! `session-transaction-delay`). A host that
//! answers is noticed at the end of its transaction and not at RCPT, and hosts are remembered by
//! destination, so behind a smart host all domains are one.

mod agent;
mod alarm;
mod bounces;
mod connector;
mod hoststat;
mod manager;
mod route;
mod scheduler;
mod session;
mod settings;

pub use manager::OpenSmtpd;
pub use settings::{Limits, Settings};

use crate::mail::RecipientId;
use crate::units::{SimDuration, SimTime};

use super::EntryHandle;

/// One recipient of one message at this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct EnvelopeId {
    entry: EntryHandle,
    recipient: RecipientId,
}

/// Now, and what the server's clock of whole seconds shows.
#[derive(Debug, Clone, Copy)]
struct Clock {
    now: SimTime,
    second: i64,
}

impl Clock {
    /// Returns the clock at `now` if it shows a new second `lag` late.
    fn at(now: SimTime, lag: SimDuration) -> Self {
        let nanos = |span: u64| i64::try_from(span).unwrap_or(i64::MAX);
        let shown = nanos(now.as_nanos()).saturating_sub(nanos(lag.as_nanos()));
        Self { now, second: shown.div_euclid(1_000_000_000) }
    }
}

/// Before everything, for times of what has never happened.
const NEVER: i64 = i64::MIN / 2;
