//! Scenario files: TOML in, a checked [`Scenario`](crate::model::Scenario) out, every problem reported at once.
//!
//! # Scope and limitations
//! The room reads the text of a scenario, applies the overrides of the command line, resolves
//! every name and quantity, fills in defaults and checks the whole. It opens no file itself: what
//! lies beside a scenario (mail to replay) is read through a function that the caller provides. It
//! does not know how a scenario is run.
//!
//! # Design
//! The text becomes a tree in which every key and value keeps its place ([`load`]); overrides
//! change the tree; key tables say what each table may hold, and the same tables give the messages
//! about unknown keys and the JSON Schema ([`schema`]). Whatever does not fit is reported and
//! reading goes on, so that one pass finds every problem.

mod assemble;
mod checks;
mod domain;
pub(crate) mod keys;
mod links;
// Studies are read with the same means, and the keys told to people.
pub(crate) mod events;
pub(crate) mod host;
pub(crate) mod load;
mod sharing;
mod starter;
pub(crate) mod text;
pub(crate) mod top;
pub(crate) mod traffic;

pub use crate::model::callers::{
    Act, Address, Answered, Call, CallerId, ELSEWHERE, ErrandId, Guests, Input, MOST_GUESTS,
    POSTMASTER, Said, Text,
};
pub use events::modes::{MODES, Mode, ModeKey, SCENE, Strikes};
pub use events::windows::directory_of;
pub use host::transports::{is_transport_override, is_transport_parameter};
pub use load::{Loaded, Source, load};
pub use starter::starter;
pub use text::edited::{EditError, Entries, edited, key_text, read_value, text_value};
pub use text::overrides::{KeyPath, Override, OverrideError};
pub use text::problem::{Problem, ProblemKind, Problems, Severity};
pub use text::schema::schema;
pub use traffic::callers_text::write_inputs;
