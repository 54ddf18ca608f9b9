//! The network between hosts: links, routes and the time that octets need on them.
//!
//! Models latency, jitter, bandwidth and TCP's slow start on the least-latency route. Does not
//! model packets, loss, or congestion between connections. It knows no messages, no protocols and
//! no names of domains: it moves octets between hosts.

mod bandwidth;
mod families;
mod search;
mod topology;
mod transfer;
mod twigs;

pub use bandwidth::Bandwidth;
pub use families::{AddressFamilies, PreferredFamily};
pub use search::Search;
pub use topology::{Address, AddressFamily, AddressId, Link, LinkId, Path, Topology, Way};
pub use transfer::{SynSchedule, TransferSettings, body_transfer, timer_fires};
