//! The domain name system as mail needs it: MX and address answers, caches, failures.
//!
//! # Scope and limitations
//! Models zones whose records may change at given times, a caching resolver for each host,
//! negative answers and the time look-ups take. Does not model recursion, zone transfers or
//! DNSSEC: one resolver latency stands for the whole look-up. The order of records in an answer is
//! always the zone's (no rotation), and A and AAAA are asked for together.
//!
//! # Design
//! A cache holds references into the zone, never copies, so a look-up that is answered from it
//! allocates nothing. The caller says when the look-up begins and learns when it ended; nothing here
//! waits. A caller that keeps what a look-up brought may ask whether it would still bring the same
//! ([`Resolver::is_fresh`]).
//!
//! # Validation
//! RFC 5321 §5.1, RFC 7505 and RFC 2308 rule by rule, and the questions counted in the recordings
//! 07a to 07c of a real Postfix, in the unit tests of `resolver.rs`.

mod cache;
mod failures;
mod resolver;
mod route;
mod zone;

pub use failures::{DnsFailure, FailureScope, Failures};
pub use resolver::{Ask, Chance, Freshness, Resolver, ResolverSettings};
pub use route::{Exchanger, Lookup, MailRoute, RouteOutcome};
pub use zone::{MxRecord, Name, NameId, Records, Zone};
