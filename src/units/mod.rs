//! Quantities with a unit: moments and spans of virtual time, octets, rates and probabilities.
//!
//! # Scope and limitations
//! The room holds numbers that carry their unit in their type, and reads them from the text of a
//! scenario ("20ms", "75kB", "10Mbit/s", "30/h"). Arithmetic on time and octets is on integers and
//! saturates, so that "never" stays "never". No calendar, no time zone and no clock of the machine
//! is known here: time is counted from the start of the run.
//!
//! # Reading quantities
//! Every parser is `FromStr` with [`QuantityError`]. Decimal fractions are exact ("1.5h" is 5400 s
//! to the nanosecond); what is finer than the type can hold is rounded to the nearest value, halves
//! up. A bare number is refused, since nobody can tell seconds from milliseconds; only a lone `0`
//! needs no unit.

mod decimal;
mod duration_text;
mod probability;
mod quantity_error;
mod rate;
mod size;
mod text;
mod time;
mod time_arithmetic;

pub use duration_text::ExactDuration;
pub use probability::Probability;
pub use quantity_error::QuantityError;
pub use rate::{BitRate, EventRate};
pub use size::Octets;
pub use text::{write_integer, write_padded};
pub use time::{FixedSeconds, SimDuration, SimTime};
