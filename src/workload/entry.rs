//! One `[[mail]]` entry and the messages it yields.

use crate::fault::Interval;
use crate::mail::{HostId, Mailbox};
use crate::random::Distribution;
use crate::units::{Octets, SimDuration, SimTime};

use super::{Arrivals, Correspondents, Encoding, RecipientChoice};

/// Sizes of messages as submitted: header and body.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    /// Text and header, in octets.
    pub text: Distribution,
    /// Attachments before encoding, in octets.
    pub attachment: Option<Distribution>,
    /// How they are encoded: they grow by 37 % in base64.
    pub encoding: Encoding,
}

/// How messages of an entry are handed to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionSettings {
    /// The host that submits: a MUA or webmail front; none: an implied one on the default path.
    pub client: Option<HostId>,
    /// The server that takes the submission.
    pub server: HostId,
    /// Servers that are tried in this order when no session with the one before came to MAIL. Each
    /// message begins with the first again (PHPMailer's list in `Host`, `smtpConnect`).
    pub further_servers: Vec<HostId>,
    /// 587 (STARTTLS and AUTH), 465 (implicit TLS and AUTH), 25 (neither), or 443: written at the
    /// server's web page, so that no SMTP session brings it.
    pub port: u16,
    /// Messages handed over in one session.
    pub messages_per_session: u32,
    /// Parallel sessions over which a burst is dealt out (message i goes to session i mod k).
    pub parallel_sessions: u32,
    /// How long a message waits in the outbox before it is tried again; none: a failed submission
    /// is not repeated and counts as failed.
    pub outbox_retry: Option<SimDuration>,
    /// Whether MAIL declares the size.
    pub declares_size: bool,
    /// Whether the mail program authenticates on port 587 or 465, as the server demands there (RFC
    /// 6409 §4.3).
    pub authenticates: bool,
    /// Whether the mail program asks VRFY about each recipient before MAIL (RFC 5321 §3.5). It goes
    /// on whatever the answer: RCPT decides.
    pub verifies: bool,
}

impl SubmissionSettings {
    /// Returns the servers in the order in which they are tried.
    pub fn servers(&self) -> impl Iterator<Item = HostId> {
        std::iter::once(self.server).chain(self.further_servers.iter().copied())
    }
}

/// What the author asks to be told (RFC 3461): the parameters NOTIFY and RET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeWishes {
    /// A notice when delivery has failed.
    pub failure: bool,
    /// A notice when delivery is late.
    pub delay: bool,
    /// Whether a notice of failure returns the message's header alone (RET=HDRS) or all of it.
    pub headers_only: bool,
}

impl Default for NoticeWishes {
    /// What a server may take the absence of both parameters to mean (RFC 3461 §4.1, §4.3).
    fn default() -> Self {
        Self { failure: true, delay: true, headers_only: false }
    }
}

/// A message read from a replay file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// When it is submitted.
    pub at: SimTime,
    /// Reverse path.
    pub from: Mailbox,
    /// Forward paths.
    pub to: Vec<Mailbox>,
    /// Header and body.
    pub size: Octets,
}

/// A message that lies in a server's queue when the run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Reverse path; none: null.
    pub from: Option<Mailbox>,
    /// The recipients that are left.
    pub to: Vec<Mailbox>,
    /// Header and body, as they lie there.
    pub size: Octets,
    /// How long ago it came.
    pub age: SimDuration,
    /// When it is tried next, if that is known.
    pub next_try: Option<SimTime>,
}

/// One `[[mail]]` entry, or one `[[queued]]` entry: those follow them.
#[derive(Debug, Clone, PartialEq)]
pub struct MailEntry {
    /// Its name, by which figures speak of its mail; empty: none.
    pub name: String,
    /// Reverse paths.
    pub from: Correspondents,
    /// Forward paths: first those of the field To, then those of Cc, then blind ones.
    pub to: RecipientChoice,
    /// How many of `to` stand in the field Cc.
    pub cc: usize,
    /// How many of `to`, the last ones, stand in no field of the header (RFC 5322 §3.6.3).
    pub bcc: usize,
    /// When.
    pub arrivals: Arrivals,
    /// How large.
    pub size: Sizes,
    /// Messages begin within this interval only.
    pub window: Interval,
    /// Most messages; none: no limit.
    pub limit: Option<u64>,
    /// How they are handed over.
    pub submission: SubmissionSettings,
    /// Received fields that they carry already.
    pub received_fields: u32,
    /// What their author asks to be told.
    pub notices: NoticeWishes,
    /// Messages of [`Arrivals::Replay`], in order of time.
    pub replay: Vec<Replayed>,
    /// Messages that lie in the queue of [`SubmissionSettings::server`] when the run begins, the oldest
    /// first: those of a `[[queued]]` entry, which sends none.
    pub waiting: Vec<Waiting>,
    /// Share of its messages that their recipients do not want, from 0 to 1: it costs the sending
    /// address its reputation.
    pub unwanted_share: f64,
    /// The address in the From field, where it is another than the reverse path: mail sent by somebody
    /// else in the author's name, with or without leave.
    pub author: Option<Mailbox>,
    /// What content filters think of its messages; none: nothing against them, 0.
    pub score: Option<Distribution>,
}

impl MailEntry {
    /// Returns the field of the header in which a recipient stands; none: it is a blind one.
    #[must_use]
    pub fn field_of(&self, recipient: Mailbox) -> Option<&'static str> {
        let blind = self.to.len().saturating_sub(self.bcc);
        let first_cc = blind.saturating_sub(self.cc);
        // Messages of a replay have all their recipients in To.
        let place = self.to.iter().position(|one| one.may_be(recipient)).unwrap_or(0);
        match place {
            _ if place < first_cc || self.to.is_empty() => Some("To"),
            _ if place < blind => Some("Cc"),
            _ => None,
        }
    }
}

/// A message that somebody has just written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// Ordinal within its entry, from 0. Times outside the entry's window have none.
    pub ordinal: u64,
    /// When it is submitted.
    pub at: SimTime,
    /// Reverse path.
    pub from: Mailbox,
    /// Forward paths, without repetition, in the order of the entry.
    pub to: Vec<Mailbox>,
    /// Header and body.
    pub size: Octets,
}
