//! Statistics of independent replications: estimates with intervals, computed alike everywhere.
//!
//! # Scope and limitations
//! The room knows numbers alone, no mail and no run. An interval here always rests on values that
//! are independent of each other, as one figure of each of several runs is; the delays of messages
//! of one run are not. Functions are computed with `libm` and the basic operations, so that tables
//! have the same bytes on every platform.
//!
//! # Design
//! The incomplete beta function ([`incomplete_beta`]) gives both Student's distribution
//! ([`student_quantile`]) and the binomial one behind intervals of quantiles ([`quantile_of`]).
//! [`Moments`] is Welford's recurrence; [`Estimate`] is what travels into tables.
//!
//! # Validation
//! `tests/statistics.rs` holds the functions against the library `statrs` and against printed
//! tables; `tests/coverage.rs` counts how often intervals cover what theory says.

mod beta;
mod estimate;
mod moments;
mod order;
mod student;

pub use beta::incomplete_beta;
pub use estimate::{Estimate, Interval};
pub use moments::{Moments, covariance};
pub use order::{QuantileEstimate, quantile_of};
pub use student::{student_below, student_quantile};
