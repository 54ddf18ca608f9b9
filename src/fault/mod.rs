//! What fails and when: intervals on a time line, fixed or drawn as failure and repair.
//!
//! Faults come from outside: nothing that happens in the run changes them, so their whole time
//! line is known when the run begins and a session can be settled against it. The room knows no
//! mail rules; what a fault does to a session is said by the payload that its user attaches.

mod renewal;
mod slowness;
mod timeline;

pub use renewal::{Renewal, Schedule};
pub use slowness::Slowness;
pub use timeline::{Interval, Timeline};
