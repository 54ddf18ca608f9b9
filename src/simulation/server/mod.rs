//! What a server does with a session and with the mail it takes: whom it grants what ([`policy`]), how
//! much it takes from whom ([`acceptance`]), what it looks up and finds ([`screening`], [`inquiry`]),
//! and what follows once it is responsible ([`handover`], [`local`], [`automatic`], [`shadow`]).
//!
//! Greylists and filters themselves are [`crate::screening`]; the replies are put together in
//! [`crate::smtp`].

pub(crate) mod acceptance;
pub(crate) mod automatic;
pub(crate) mod handover;
pub(crate) mod inquiry;
pub(crate) mod local;
pub(crate) mod policy;
pub(crate) mod received;
pub(crate) mod screening;
pub(crate) mod shadow;
