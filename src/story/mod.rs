//! Messages told one by one: what befell each recipient, what client and server said, and the
//! Received fields of the header.
//!
//! # Scope and limitations
//! Stories are made from facts and from the scenario's settings; nothing is measured and nothing is
//! written here. A dialogue is derived from stage times ([`crate::smtp::dialogue`]), so it says what
//! must have been said. Whether a connection was used again afterwards is inferred from later facts;
//! with several sessions between the same hosts it may be another one's.

mod exchange;
mod narration;
mod origin;
mod received;
mod screening;
mod tale;
mod watch;

pub use exchange::{Exchange, address_of, exchanges, host_at, lines, proxy_of};
pub use narration::{Narration, Shown};
pub use origin::origin_fields;
pub use received::{field_of, fields, fields_as_made};
pub use screening::{found_at, result_fields, told};
pub use tale::{Copy, LookUp, Story, Transaction};
pub use watch::{Wanted, Watch};
