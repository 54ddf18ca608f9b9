//! Who writes to whom and who reads: `[[mail]]`, `[[list]]`, `[[responder]]`, `[[reading]]`, and
//! recorded mail.

pub(crate) mod automatic;
pub(crate) mod callers_text;
pub(crate) mod correspondents;
pub(crate) mod distributions;
pub(crate) mod keys;
pub(crate) mod mail;
pub(crate) mod queued;
pub(crate) mod reading;
pub(crate) mod replay;
