//! What a `[[note]]` comes to: a remark, and the moment at which it is shown.

use crate::mail::{HostId, Mailbox, MessageKey};
use crate::units::SimTime;

/// One `[[note]]`: a remark for those who watch the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When it is shown.
    pub moment: Moment,
    /// What it says; empty: nothing.
    pub text: String,
    /// A question to those who watch, before they go on; empty: none.
    pub ask: String,
    /// What is said after they have guessed; empty: the run shows it.
    pub answer: String,
    /// What must be so in the run for it to be shown, besides [`Note::stands`].
    pub conditions: Vec<Condition>,
    /// Whether overrides leave what it speaks of as it is: with conditions of its own the keys that
    /// they name, without them the whole scenario.
    pub stands: bool,
    /// Its place among the `[[note]]` entries, counted from 0.
    pub entry: usize,
    /// Line of the entry in the file, for messages; 0: from the command line.
    pub line: u32,
}

/// Something that must happen in a run, or must not, for a note to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What.
    pub occasion: Occasion,
    /// It counts from here on.
    pub from: SimTime,
    /// It counts up to here.
    pub until: SimTime,
    /// Whether it must not happen.
    pub never: bool,
}

/// When a note is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// At this time.
    At(SimTime),
    /// Just after something has happened in the run.
    On(Occasion),
}

/// Something that may happen in a run; what is left open fits everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What happens.
    pub event: NotedEvent,
    /// To which message, by its name in `messages.csv`. Of the making of a notice: about which.
    pub message: Option<MessageKey>,
    /// To a message of this `[[mail]]` entry, counted from 0.
    pub mail: Option<u32>,
    /// For which recipient.
    pub recipient: Option<Mailbox>,
    /// At one of these hosts.
    pub hosts: Option<std::ops::Range<u32>>,
    /// Which outage, by what the trace calls it.
    pub outage: Option<String>,
    /// Which time it is, from 1.
    pub nth: u64,
}

impl Occasion {
    /// Returns whether `host` is one of those meant.
    #[must_use]
    pub fn is_at(&self, host: Option<HostId>) -> bool {
        match (&self.hosts, host) {
            (None, _) => true,
            (Some(hosts), Some(host)) => hosts.contains(&host.0),
            (Some(_), None) => false,
        }
    }
}

/// What a note may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotedEvent {
    /// A message comes into being; the host is the one where it is written.
    Written,
    /// The exchangers of its domain were looked up; the host is the one that asked.
    LookedUp,
    /// A server has taken responsibility; the host is that server.
    Accepted,
    /// A try failed for now; the host is the one tried, or the one that puts the message off.
    Deferred,
    /// A try failed for good; the host is the one tried.
    Refused,
    /// It is in the recipient's mailbox; the host keeps it.
    Delivered,
    /// It is given up; the host is the one that gives it up.
    Failed,
    /// Its reader has it; the host is the one where the reader sits (`from_host`).
    Retrieved,
    /// A notice that it is late is made; the host makes it.
    DelayNotice,
    /// A notice that it is given up is made; the host makes it.
    FailureNotice,
    /// An outage begins.
    OutageBegins,
    /// An outage ends.
    OutageEnds,
}

impl NotedEvent {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Written,
        Self::LookedUp,
        Self::Accepted,
        Self::Deferred,
        Self::Refused,
        Self::Delivered,
        Self::Failed,
        Self::Retrieved,
        Self::DelayNotice,
        Self::FailureNotice,
        Self::OutageBegins,
        Self::OutageEnds,
    ];

    /// Returns the word for it in a scenario.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::LookedUp => "looked_up",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Retrieved => "retrieved",
            Self::DelayNotice => "delay_notice",
            Self::FailureNotice => "failure_notice",
            Self::OutageBegins => "outage_begins",
            Self::OutageEnds => "outage_ends",
        }
    }

    /// Returns whether nothing more happens to its copy, except that it is read.
    #[must_use]
    pub fn ends_a_copy(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Retrieved)
    }

    /// Returns whether it happens to an outage rather than to a message.
    #[must_use]
    pub fn is_of_outage(self) -> bool {
        matches!(self, Self::OutageBegins | Self::OutageEnds)
    }
}
