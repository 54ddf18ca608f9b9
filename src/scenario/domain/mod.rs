//! `[[domain]]`, `[[dns]]` and what servers look up: exchangers, addresses, blocklists, policies.

pub(crate) mod domains;
pub(crate) mod exchangers;
pub(crate) mod keys;
pub(crate) mod keys_of_screening;
pub(crate) mod names;
pub(crate) mod screening;
pub(crate) mod zone;
