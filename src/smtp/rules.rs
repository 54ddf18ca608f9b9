//! What a server does differently for a while: the words in which temporary failures, slowness
//! and policies are described.

use super::GreylistRules;
use crate::fault::{Interval, Slowness};
use crate::mail::{Mailbox, Reply, Stage};
use crate::units::{Octets, SimDuration, SimTime};

/// A point of a session at which it may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakingPoint {
    /// Instead of the reply of this stage. [`Stage::Body`]: while the message is on its way.
    /// [`Stage::Dot`]: the final dot has come, and the message is not stored.
    At(Stage),
    /// The message is stored, and the reply to the dot is still to come.
    Stored,
}

/// How a server breaks a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// It closes the connection without a word.
    Close,
    /// It says nothing any more; the client waits for its time-out.
    Hang,
}

/// Which replies of a server are slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replies {
    /// All: the greeting, those to commands, and that to the final dot.
    All,
    /// Those to commands, and neither the greeting nor the reply to the final dot.
    ToCommands,
    /// That of one stage.
    Of(Stage),
}

/// One deviation of a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Deviation {
    /// The session breaks.
    Break {
        /// Where.
        at: BreakingPoint,
        /// How.
        how: Manner,
    },
    /// Replies come later; those to pipelined commands are late one after the other.
    Slow {
        /// Which.
        replies: Replies,
        /// By how much: a delay comes on top, a factor stretches the service time of the stage.
        by: Slowness,
    },
    /// If more sessions than this are open (the new one included), the connection gets the reply
    /// instead of a greeting and is closed.
    SessionLimit {
        /// Sessions allowed.
        limit: u32,
        /// Reply to those beyond.
        reply: Reply,
    },
    /// A stage is answered by this reply. `Stage` is greeting, ehlo, tls, auth, mail, rcpt, data or
    /// dot.
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
        /// Whether the server closes the connection afterwards.
        close: bool,
    },
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
    /// [`Deviation::Break`] at one point.
    Break(BreakingPoint),
    /// [`Deviation::Slow`] by a delay.
    Delay(Replies),
    /// [`Deviation::Slow`] by a factor.
    Factor(Replies),
    /// [`Deviation::SessionLimit`].
    SessionLimit,
    /// [`Deviation::Answer`] at one stage.
    Answer(Stage),
    /// [`Deviation::AnswerRecipients`].
    AnswerRecipients,
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
            Self::Break { at, .. } => Slot::Break(*at),
            Self::Slow { replies, by: Slowness::Delay(_) } => Slot::Delay(*replies),
            Self::Slow { replies, by: Slowness::Factor(_) } => Slot::Factor(*replies),
            Self::SessionLimit { .. } => Slot::SessionLimit,
            Self::Answer { stage, .. } => Slot::Answer(*stage),
            Self::AnswerRecipients { .. } => Slot::AnswerRecipients,
            Self::Greylist { .. } => Slot::Greylist,
            Self::DiskFull => Slot::DiskFull,
        }
    }
}

/// One deviation of a server: when, and for which messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// While it is in force.
    pub interval: Interval,
    /// What it does.
    pub deviation: Deviation,
    /// It strikes only messages larger than this, from MAIL on; none: whatever is said.
    pub larger_than: Option<Octets>,
}

impl Rule {
    /// Returns whether it is in force at `at` for a message of so many octets.
    #[inline]
    fn strikes(&self, at: SimTime, carried: Octets) -> bool {
        self.interval.contains(at) && self.larger_than.is_none_or(|size| carried > size)
    }
}

/// The deviations of one server over time.
///
/// Within one slot the first rule in force wins, in the order of the scenario; rules of different
/// slots combine. The time at which the server comes to the point in question counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    rules: Vec<Rule>,
}

impl Rules {
    /// Returns the rules in the order given.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules as a session meets them that has not come to a message yet.
    #[must_use]
    pub fn before_mail(&self) -> RulesMet<'_> {
        RulesMet { rules: &self.rules, carried: Octets(0) }
    }
}

/// The deviations of a server as one session meets them.
#[derive(Debug, Clone, Copy)]
pub struct RulesMet<'a> {
    rules: &'a [Rule],
    /// Octets of the message at hand: some rules strike large ones only.
    pub carried: Octets,
}

impl<'a> RulesMet<'a> {
    /// Returns whether there are none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns what strikes at `at`, in the order of the scenario.
    pub fn in_force(
        &self,
        at: SimTime,
    ) -> impl DoubleEndedIterator<Item = &'a Deviation> + use<'a> {
        let carried = self.carried;
        let struck = self.rules.iter().filter(move |rule| rule.strikes(at, carried));
        struck.map(|rule| &rule.deviation)
    }

    /// Returns the first rule of `slot` in force at `at`.
    #[must_use]
    #[inline]
    pub fn find(&self, slot: Slot, at: SimTime) -> Option<&'a Deviation> {
        // Nearly all servers never deviate.
        if self.rules.is_empty() {
            return None;
        }
        self.find_among(slot, at)
    }

    fn find_among(&self, slot: Slot, at: SimTime) -> Option<&'a Deviation> {
        self.in_force(at).find(|deviation| deviation.slot() == slot)
    }

    /// Returns how a session breaks that comes to `point` at `at`; none: it does not.
    #[must_use]
    #[inline]
    pub fn breaks(&self, point: BreakingPoint, at: SimTime) -> Option<Manner> {
        match self.find(Slot::Break(point), at)? {
            Deviation::Break { how, .. } => Some(*how),
            _ => None,
        }
    }

    /// Returns how long the server needs at `at` for a reply that takes `work` otherwise. `stage`:
    /// the stage that it belongs to; none: to none that a rule can name (RSET, QUIT, VRFY).
    #[must_use]
    #[inline]
    pub fn reply_time(&self, stage: Option<Stage>, work: SimDuration, at: SimTime) -> SimDuration {
        // Nearly all servers never deviate.
        if self.rules.is_empty() {
            return work;
        }
        self.reply_time_among(stage, work, at)
    }

    fn reply_time_among(
        &self,
        stage: Option<Stage>,
        work: SimDuration,
        at: SimTime,
    ) -> SimDuration {
        let to_command = !matches!(stage, Some(Stage::Greeting | Stage::Dot));
        let concerned =
            [Some(Replies::All), to_command.then_some(Replies::ToCommands), stage.map(Replies::Of)];
        let concerned = || concerned.iter().flatten();
        let slots = concerned().map(|replies| Slot::Factor(*replies));
        let slots = slots.chain(concerned().map(|replies| Slot::Delay(*replies)));
        slots.fold(work, |time, slot| match self.find_among(slot, at) {
            Some(Deviation::Slow { by, .. }) => by.of(time),
            _ => time,
        })
    }
}
