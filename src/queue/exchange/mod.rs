//! Microsoft Exchange: the transport service of the Mailbox and Edge roles, and its ancestor, the SMTP
//! service of Exchange 2003 and IIS.
//!
//! Retry belongs to the *queue*, which holds the messages for one next hop, not to the message: while
//! a queue's status is Retry nothing in it is tried, one connection after the other is (glitch,
//! transient failure, connection failure), and once one succeeds the whole queue drains. Only a
//! message that a next hop refuses for now waits on its own. Age ends a message by a timer.
//!
//! Source: MicrosoftDocs/OfficeDocs-Exchange, `Exchange/ExchangeServer/mail-flow/queues/
//! {message-intervals,queues}.md` and `mail-flow/message-rate-limits.md`. The documents leave open
//! whether the first attempt counts among the four of the glitch stage (modelled: it does not), how
//! many connections a queue opens after a failure (modelled: one), what ends a connection that has no
//! message left (modelled: the client closes it), and which queue gets a connection when all that are
//! allowed are in use (modelled: the one with the oldest message).
//!
//! Shadow redundancy, which concerns two hosts, is the simulation's (`simulation/server/shadow.rs`).
//!
//! Not modelled: the Unreachable and poison queues, message throttling and back pressure, and Safety
//! Net, which resends delivered mail after a failover of a mailbox database, of which there is none
//! here.

mod delivery_queue;
mod manager;
mod queues;
mod settings;

pub use manager::Exchange;
pub use settings::{Intervals, Settings};
