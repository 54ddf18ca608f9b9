//! What can be run but is likely not what was meant: circles, outages that cannot show, and the like.

pub(crate) mod allow;
pub(crate) mod loops;
pub(crate) mod replies;
pub(crate) mod spreadsheets;
pub(crate) mod unseen;
pub(crate) mod warn;
