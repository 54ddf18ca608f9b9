//! The facts that a run states, for whoever measures, shows or counts them.
//!
//! A run tells what happened, once, in order of virtual time; it computes no statistics. A reader
//! implements [`FactSink`]. Facts are plain values: small, printable, without references into the
//! run. What a recipient is that a fact speaks of can be asked of the run's [`Register`].

mod fact;
mod register;
mod screened;
mod sink;

pub use fact::{
    AttemptFact, Created, Fact, FinalOutcome, HostTotals, Ledger, LookupOutcome, OutageFact,
    QueueSample, RetrievalProtocol, SessionMarks, StillOpen, Use,
};
pub use register::{Identity, Register, replay};
pub use screened::{Findings, Screen, ScreenedFact, Verdict};
pub use sink::{FactLog, FactSink, Tee};
