//! A delivery or submission agent at work: which hosts it tries for an entry, in which order, and
//! what client and server do in each of these tries.
//!
//! [`run`] is what an agent knows of its work; [`delivery`] and [`submission`] begin and end it,
//! [`look_up`], [`targets`] and [`address_order`] find the hosts, [`one_host`] tries one of them on the
//! [`wire`] of the moment, and [`kept_connections`] decides what becomes of the connection. When mail
//! is tried again is no matter of this room: queue managers say so ([`crate::queue`]).

pub(crate) mod address_order;
pub(crate) mod agents;
pub(crate) mod connection;
pub(crate) mod conversation;
pub(crate) mod delivery;
pub(crate) mod draws;
pub(crate) mod equal_routes;
pub(crate) mod kept_connections;
pub(crate) mod look_up;
pub(crate) mod one_host;
pub(crate) mod own_connections;
pub(crate) mod run;
pub(crate) mod source_address;
pub(crate) mod submission;
pub(crate) mod targets;
pub(crate) mod wire;
