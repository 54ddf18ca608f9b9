//! What happens at a time or is expected: `[[outage]]`, `[[action]]`, `[[note]]`, `[[expect]]`.
//!
//! [`modes`] is the one table of what can go wrong; [`effects`] reads what each mode asks for.

pub(crate) mod actions;
pub(crate) mod effects;
pub(crate) mod expectations;
pub(crate) mod keys;
pub(crate) mod modes;
pub(crate) mod note_conditions;
pub(crate) mod notes;
pub(crate) mod outages;
pub(crate) mod windows;
