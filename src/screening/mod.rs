//! What a server asks about a client and its message before it takes the message: blocklists,
//! sender policies, a content filter, and whether it has seen them before (greylists).
//!
//! # Scope and limitations
//! Models when each question is asked in the session (blocklists and SPF before the first reply to
//! RCPT, DKIM, DMARC and the filter between the final dot and its reply, or the filter after the
//! queue), what it costs in look-ups and time, what its failure does, and the replies. A filter's
//! score is a number that the message brings along: no text is read. A DKIM signature is intact or
//! broken; no cryptography is done, keys never expire and the `l=` tag is not known. Relaxed alignment
//! takes a name and the names below it for one organization, without a list of public suffixes. ARC,
//! reports of DMARC, MTA-STS and DANE are not modelled.
//!
//! # Design
//! Everything here is a function of settings, published records and a resolver: nothing is
//! scheduled, and nothing is drawn. A server without screening never comes here.
//!
//! # Validation
//! RFC 5782, RFC 6647, RFC 7208, RFC 6376 and RFC 7489 rule by rule in the tests of this folder, and in whole
//! runs in `tests/screening.rs`.

mod blocklist;
mod filter;
mod greylist;
mod screen;
mod sender_policy;
mod verification;

pub use blocklist::{Blocklist, reversed};
pub use filter::{Filter, FilterStage, Opinion};
pub use greylist::{Client, Greylist};
pub use screen::{Dossier, Judgement, Published, Screen, Screening, Signature};
pub use sender_policy::{Asking, Dmarc, PolicyCheck, SenderPolicy, Spf, aligned, check_host};
pub use verification::{Answered, Verified};
