//! The mail that people send: when, from whom, to whom and how large.
//!
//! # Scope and limitations
//! Every message's draws depend on the seed, its entry and its ordinal alone, so two scenarios
//! that differ in a host send the same mail at the same times with the same sizes. People do not
//! react: nobody writes less because mail is late. Mailboxes may: aliases and lists send copies on,
//! and a responder answers ([`Automatic`]). The contents of a
//! message is its size, and a number that content filters read.
//!
//! # Design
//! A [`Generator`] draws an entry's messages in order of time. What it yields depends on itself alone,
//! so a run draws them some at a time ([`Ahead`]).
//!
//! # Validation
//! Numbers, gaps and hours of arrivals against the Poisson law, sizes and choices against their
//! distribution, base64 against RFC 2045 and a textbook, in the unit tests.

mod ahead;
mod arrival_times;
mod arrivals;
mod automatic;
mod correspondents;
mod encoding;
mod entry;
mod generator;

pub use ahead::{Ahead, Written};
pub use arrivals::{Arrivals, DailyProfile};
pub use automatic::{Answers, Automatic, Parts, Redistribution, Responder};
pub use correspondents::{Correspondents, RecipientChoice, Share};
pub use encoding::{Encoding, Rule};
pub use entry::{
    MailEntry, NewMessage, NoticeWishes, Replayed, Sizes, SubmissionSettings, Waiting,
};
pub use generator::Generator;
