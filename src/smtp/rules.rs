//! What a server does differently for a while: the words in which temporary failures, slowness
//! and policies are described.

use super::GreylistRules;
use crate::fault::Interval;
use crate::mail::{Mailbox, Reply, Stage};
use crate::units::SimDuration;

/// One deviation of a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Deviation {
    /// The greeting comes this much later.
    GreetingDelay(SimDuration),
    /// If more sessions than this are open (the new one included), the connection gets the reply
    /// instead of a greeting and is closed.
    SessionLimit {
        /// Sessions allowed.
        limit: u32,
        /// Reply to those beyond.
        reply: Reply,
    },
    /// A stage is answered by this reply. `Stage` is greeting, ehlo, mail, rcpt, data or dot.
    Answer {
        /// Where.
        stage: Stage,
        /// With what.
        reply: Reply,
        /// Whether the server closes the connection afterwards.
        close: bool,
    },
    /// RCPT for these mailboxes gets this reply; the last rule that names a mailbox counts.
    AnswerRecipients {
        /// The mailboxes, sorted.
        mailboxes: Vec<Mailbox>,
        /// The reply to them.
        reply: Reply,
    },
    /// Every command (not the greeting, not the final dot) is acted on this much later; pipelined
    /// commands are delayed one after the other.
    CommandDelay(SimDuration),
    /// The final dot is answered this much later.
    DotDelay(SimDuration),
    /// All service times are multiplied by this many thousandths (2000: twice as slow).
    SlowFactor(u64),
    /// The connection is closed without a reply when this stage comes.
    CloseAt(Stage),
    /// This stage is never answered; the client waits for its time-out.
    HangAt(Stage),
    /// The message is stored, and the connection closed before the reply to the dot.
    LoseFinalReply,
    /// The message is stored, and the dot is never answered.
    HangAfterDot,
    /// An unknown triple of client, reverse path and recipient gets `reply` at RCPT until `delay`
    /// has passed since it was first seen (RFC 6647).
    Greylist {
        /// Minimum wait.
        delay: SimDuration,
        /// Reply meanwhile.
        reply: Reply,
        /// By what it knows its visitors, and for how long.
        rules: Box<GreylistRules>,
    },
    /// No room for messages: MAIL gets 452 4.3.1.
    DiskFull,
}

/// Deviations of one kind exclude each other; those of different kinds combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// [`Deviation::GreetingDelay`].
    GreetingDelay,
    /// [`Deviation::SessionLimit`].
    SessionLimit,
    /// [`Deviation::Answer`] at one stage.
    Answer(Stage),
    /// [`Deviation::AnswerRecipients`].
    AnswerRecipients,
    /// [`Deviation::CommandDelay`].
    CommandDelay,
    /// [`Deviation::DotDelay`].
    DotDelay,
    /// [`Deviation::SlowFactor`].
    SlowFactor,
    /// [`Deviation::CloseAt`], one slot over all stages.
    CloseAt,
    /// [`Deviation::HangAt`] at one stage.
    HangAt(Stage),
    /// [`Deviation::LoseFinalReply`] and [`Deviation::HangAfterDot`].
    AfterDot,
    /// [`Deviation::Greylist`].
    Greylist,
    /// [`Deviation::DiskFull`].
    DiskFull,
}

impl Deviation {
    /// Returns the slot this deviation takes.
    #[must_use]
    pub fn slot(&self) -> Slot {
        match self {
            Self::GreetingDelay(_) => Slot::GreetingDelay,
            Self::SessionLimit { .. } => Slot::SessionLimit,
            Self::Answer { stage, .. } => Slot::Answer(*stage),
            Self::AnswerRecipients { .. } => Slot::AnswerRecipients,
            Self::CommandDelay(_) => Slot::CommandDelay,
            Self::DotDelay(_) => Slot::DotDelay,
            Self::SlowFactor(_) => Slot::SlowFactor,
            Self::CloseAt(_) => Slot::CloseAt,
            Self::HangAt(stage) => Slot::HangAt(*stage),
            Self::LoseFinalReply | Self::HangAfterDot => Slot::AfterDot,
            Self::Greylist { .. } => Slot::Greylist,
            Self::DiskFull => Slot::DiskFull,
        }
    }
}

/// The deviations of one server over time.
///
/// Within one slot the first rule in force wins, in the order of the scenario; rules of different
/// slots combine. The time at which the server comes to the point in question counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    rules: Vec<(Interval, Deviation)>,
}

impl Rules {
    /// Returns the rules in the order given.
    #[must_use]
    pub fn new(rules: Vec<(Interval, Deviation)>) -> Self {
        Self { rules }
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules in order.
    #[must_use]
    pub fn entries(&self) -> &[(Interval, Deviation)] {
        &self.rules
    }

    /// Returns the first rule of `slot` in force at `at`.
    #[must_use]
    #[inline]
    pub fn find(&self, slot: Slot, at: crate::units::SimTime) -> Option<&Deviation> {
        // Nearly all servers never deviate.
        if self.rules.is_empty() {
            return None;
        }
        self.find_among(slot, at)
    }

    fn find_among(&self, slot: Slot, at: crate::units::SimTime) -> Option<&Deviation> {
        self.rules
            .iter()
            .find(|(interval, deviation)| interval.contains(at) && deviation.slot() == slot)
            .map(|(_, deviation)| deviation)
    }
}
