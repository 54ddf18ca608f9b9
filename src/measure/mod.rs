//! What a run comes to: a record for each recipient of a message and the summary's figures.
//!
//! # Scope and limitations
//! The room reads the facts of a run ([`crate::trace`]) and nothing else: no host, session, queue
//! or scenario. It knows no file and no format; rows go to a [`RecordSink`] as soon as they are
//! final, in the order in which recipients' stories close, and the rest of what is kept grows with
//! the mail that is open, not with the mail that was sent.
//!
//! # Design
//! [`Recorder`] holds one story per recipient slot: what became of it so far. What it is (name,
//! addresses, size) the run knows anyway and is asked for when a row is made
//! ([`crate::trace::Register`]). When a story closes it becomes a [`MessageRecord`] for the sink, is
//! counted in the tallies, and its slot is free again. A story takes 56 octets; what few have (a way
//! of more than three hosts, a span of more than 18 minutes) or have at their end only lies apart.
//! [`Recorder::finish`] turns the tallies into a [`Summary`]. Quantiles are exact up to
//! [`EXACT_SAMPLES`] samples and come from an integer histogram beyond ([`Samples`]); sums are
//! integers, so nothing depends on the platform.
//!
//!
//! Figures of a part of the mail ([`Part`]) and those that the summary does not hold ([`MailFigure`]) are
//! computed from the rows themselves ([`MailRows`]), which are kept only where such a figure is asked for.
//!
//! # Validation
//! The tests beside each file feed facts written by hand whose figures can be computed on paper.

mod backlog;
mod catalogue;
mod directory;
#[cfg(test)]
pub(crate) mod example;
mod expectation;
mod figure_meant;
mod figure_query;
mod figures;
mod mail_figure;
mod mail_part;
mod mail_rows;
mod part;
mod record;
mod recorder;
#[cfg(test)]
mod recorder_tests;
mod samples;
mod spans;
mod story;
mod story_extras;
mod summary;
mod tally;
mod warnings;
mod window;

pub use backlog::Backlog;
pub use catalogue::{FigureDescription, catalogue, statistics_in_words};
pub use directory::Directory;
pub use expectation::{Bound, Verdict, VerdictKind};
pub use figure_meant::figure_meant;
pub use figure_query::{AskedFigure, Delay, DelayCounts, Unit};
pub use figures::{figure_names, likely_names};
pub use mail_figure::{Event, Lapse, MailFigure, Rows, State, Statistic};
pub use mail_part::MailPart;
pub use mail_rows::{MailRows, MailSink, ReadAttempt, ReadMail};
pub use part::{KindWord, Part, PartError, SELECTORS, Selector};
pub use record::{AttemptRecord, FinalState, HostRecord, MessageRecord, RecordSink};
pub use recorder::{Recorder, RunFrame};
pub use samples::{EXACT_SAMPLES, Latency, Samples};
pub use summary::{
    AttemptFigures, DomainFigures, FailureFigures, HopFigures, HostFigures, LedgerFigures,
    OutageFigures, ProfileEvidence, RunFigures, SpreadFigures, StageFigures, StateCounts, Summary,
    WhereTimeWent,
};
pub use window::Window;
