//! What draws are for: every purpose of the simulator, each once.
//!
//! Two purposes that shared a name or a number would draw the same words, and what has nothing to do
//! with each other would go together. So whatever draws names a value of these enumerations, and a
//! new purpose is a new value. Names and numbers are part of the promised format: another one gives
//! other results.

/// What a family of streams is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// When mail of an entry is written.
    MailArrivals,
    /// To whom.
    MailTo,
    /// How large it is.
    MailSize,
    /// How large its attachment is.
    MailAttachment,
    /// By whom it is written.
    MailFrom,
    /// When something fails and when it is mended.
    Outage,
    /// What a host's queue manager leaves to chance.
    Queue,
    /// What happens in one session or try; [`SessionDraw`] says more.
    Session,
    /// How long a server of the DNS takes for its answer.
    Resolver,
    /// When a mailbox is read.
    Reading,
    /// What a filter finds in a message.
    SpamScore,
    /// How long it looks.
    FilterTime,
    /// Whether a DMARC policy is applied to a message (its `pct`).
    PolicySampling,
    /// Resampling of a study's results.
    BestDesign,
    /// No part of a run: tests and benches.
    Other(&'static str),
}

impl Purpose {
    /// All that are part of a run or of its analysis.
    pub const ALL: [Self; 14] = [
        Self::MailArrivals,
        Self::MailTo,
        Self::MailSize,
        Self::MailAttachment,
        Self::MailFrom,
        Self::Outage,
        Self::Queue,
        Self::Session,
        Self::Resolver,
        Self::Reading,
        Self::SpamScore,
        Self::FilterTime,
        Self::PolicySampling,
        Self::BestDesign,
    ];

    /// Returns the name that goes into the key of the streams.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailArrivals => "mail/arrivals",
            Self::MailTo => "mail/to",
            Self::MailSize => "mail/size",
            Self::MailAttachment => "mail/attachment",
            Self::MailFrom => "mail/from",
            Self::Outage => "outage",
            Self::Queue => "queue",
            Self::Session => "session",
            Self::Resolver => "resolver",
            Self::Reading => "reading",
            Self::SpamScore => "spam score",
            Self::FilterTime => "filter",
            Self::PolicySampling => "policy sampling",
            Self::BestDesign => "study/best design",
            Self::Other(name) => name,
        }
    }
}

/// What a draw from the streams of [`Purpose::Session`] is for: a part of its key. (The compiler
/// lets no two values of an enumeration share a number.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u64)]
pub enum SessionDraw {
    /// Jitter of a try's way.
    Jitter = 1,
    /// Service times of a try.
    Service = 2,
    /// When the queue manager takes a message up.
    PickUp = u64::MAX,
    /// When a delivery agent begins.
    Agent = u64::MAX - 1,
    /// The order of exchangers of equal preference.
    Shuffle = u64::MAX - 2,
    /// How long a local delivery takes.
    Local = u64::MAX - 3,
    /// When a host asks a shadow host for signs of life.
    Heartbeat = u64::MAX - 4,
    /// Whether its recipients do not want a message.
    Unwanted = u64::MAX - 5,
    /// From which of its addresses a host connects.
    SourceAddress = u64::MAX - 6,
    /// How long a message for a list waits for its moderator.
    Moderation = u64::MAX - 7,
    /// A session that somebody types.
    Caller = u64::MAX - 20,
}

impl SessionDraw {
    /// Returns its number in keys.
    #[must_use]
    pub const fn number(self) -> u64 {
        self as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Purpose;

    #[test]
    fn no_two_purposes_share_a_name() {
        let names: BTreeSet<&str> = Purpose::ALL.into_iter().map(Purpose::name).collect();
        assert_eq!(names.len(), Purpose::ALL.len());
    }
}
