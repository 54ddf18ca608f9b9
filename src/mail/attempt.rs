//! One try to hand a message on: how far it came and how it ended.

/// The stage at which a try stood when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Looking up exchangers and addresses.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the 220 greeting.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS, handshake and second EHLO, or the handshake of implicit TLS.
    Tls,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA until its 354.
    Data,
    /// The message, until all of it is on its way: the server has not got it.
    Body,
    /// The final dot until its reply: without one the client does not know whether the server has
    /// the message (RFC 1047).
    Dot,
    /// Put off without any network activity.
    Suspended,
    /// Delivery into a mailbox of the same host.
    Local,
}

impl Stage {
    /// All stages, each at the place of its discriminant.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::Tls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Body,
        Self::Dot,
        Self::Suspended,
        Self::Local,
    ];

    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
            Self::Suspended => "suspended",
            Self::Local => "local",
        }
    }
}

/// How a try ended for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptOutcome {
    /// The server took responsibility (2yz after the final dot).
    Accepted,
    /// A 4yz reply, or a temporary failure of a look-up.
    Tempfail,
    /// A 5yz reply, or a permanent failure of a look-up.
    Permfail,
    /// The connection was refused.
    Refused,
    /// No answer in time.
    Timeout,
    /// The connection was lost.
    Lost,
    /// Put off without network activity.
    Suspended,
}

impl AttemptOutcome {
    /// All outcomes, each at the place of its discriminant.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Tempfail,
        Self::Permfail,
        Self::Refused,
        Self::Timeout,
        Self::Lost,
        Self::Suspended,
    ];

    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Tempfail => "tempfail",
            Self::Permfail => "permfail",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Suspended => "suspended",
        }
    }

    /// Returns whether the recipient may be tried again.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        !matches!(self, Self::Accepted | Self::Permfail)
    }
}
