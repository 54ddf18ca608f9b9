//! What a server found out about a client and its message.

use crate::mail::{AuthenticationResult, DmarcPolicy, DomainId, HostId, RecipientId};

/// What a server found out before it took, put off or refused a message.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenedFact {
    /// The recipient.
    pub recipient: RecipientId,
    /// The server.
    pub by: HostId,
    /// The address from which the client connected, counted in the scenario's address table; none:
    /// a proxy in front of the server hides it, or no session brought the message.
    pub client: Option<u32>,
    /// What it found.
    pub findings: Findings,
}

/// Findings about one message and the client that brought it. What was not looked at is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The blocklist that lists the client, by its position in the scenario.
    pub listed_by: Option<u32>,
    /// SPF, with the domain of the reverse path.
    pub spf: Option<(AuthenticationResult, DomainId)>,
    /// DKIM, for each signature with its domain.
    pub dkim: Vec<(AuthenticationResult, DomainId)>,
    /// DMARC, with the author's domain and what that asks for.
    pub dmarc: Option<(AuthenticationResult, DomainId, DmarcPolicy)>,
    /// The score of the content filter.
    pub score: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// Who decided about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// A blocklist names the client.
    Blocklist,
    /// The sender's domain says who may send for it.
    SenderPolicy,
    /// The content filter.
    Filter,
}

/// What a server does with a message after it has looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Verdict {
    /// Takes it like any other.
    #[default]
    Welcome,
    /// Takes it, marked for the folder Junk.
    Junk(Screen),
    /// Puts it off.
    Deferred(Screen),
    /// Refuses it; or returns it, if it has taken it already.
    Refused(Screen),
    /// Throws it away without telling anybody.
    Discarded(Screen),
}

impl Verdict {
    /// Returns the word used in result files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Junk(_) => "junk",
            Self::Deferred(_) => "deferred",
            Self::Refused(_) => "refused",
            Self::Discarded(_) => "discarded",
        }
    }
}
