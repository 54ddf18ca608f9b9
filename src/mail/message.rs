//! What kind of message it is, and by which protocol it arrived.

use std::fmt;

/// A message in the run's arena; the slot is used again when nobody holds a copy any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageId(pub u32);

impl MessageId {
    /// Returns the slot in the arena.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Why a message exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A person's mail, made by a `[[mail]]` entry.
    Mail,
    /// A notice that delivery is late (RFC 3464 action `delayed`).
    DelayNotice,
    /// A notice that delivery has failed (RFC 3464 action `failed`).
    FailureNotice,
    /// A copy that a mailing list made.
    ListCopy,
    /// An automatic reply (RFC 3834).
    AutomaticReply,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Mail, Self::DelayNotice, Self::FailureNotice, Self::ListCopy, Self::AutomaticReply];

    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::DelayNotice => "delay_notice",
            Self::FailureNotice => "failure_notice",
            Self::ListCopy => "list_copy",
            Self::AutomaticReply => "automatic_reply",
        }
    }

    /// Returns what a notice says was done with the message that it is about (RFC 3464 §2.3.3); none:
    /// it is no notice.
    #[must_use]
    pub fn dsn_action(self) -> Option<&'static str> {
        match self {
            Self::DelayNotice => Some("delayed"),
            Self::FailureNotice => Some("failed"),
            Self::Mail | Self::ListCopy | Self::AutomaticReply => None,
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `with` clause of a Received field (RFC 3848).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransmissionType {
    /// Plain SMTP, after HELO.
    Smtp,
    /// After EHLO.
    Esmtp,
    /// EHLO, STARTTLS or implicit TLS.
    Esmtps,
    /// EHLO and AUTH.
    Esmtpa,
    /// EHLO, TLS and AUTH.
    Esmtpsa,
    /// Written at the server's web page.
    Http,
}

impl TransmissionType {
    /// Returns the registered keyword.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::Esmtps => "ESMTPS",
            Self::Esmtpa => "ESMTPA",
            Self::Esmtpsa => "ESMTPSA",
            // Not among the registered ones, but what web mail servers write.
            Self::Http => "HTTP",
        }
    }
}
