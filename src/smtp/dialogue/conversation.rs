//! What is known of a transaction, and the lines of its dialogue.

use crate::mail::{AttemptOutcome, Reply, Stage};
use crate::smtp::{ClientSettings, ServerSettings};
use crate::trace::SessionMarks;
use crate::units::{Octets, SimTime};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The SMTP client.
    Client,
    /// The SMTP server.
    Server,
    /// Nobody: what happens to the connection.
    Connection,
}

/// One line of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the client sent or received it; none where that is not known.
    pub at: Option<SimTime>,
    /// Who speaks.
    pub speaker: Speaker,
    /// The line, without CR LF.
    pub text: String,
}

/// A forward path and what RCPT got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardPath<'a> {
    /// The address.
    pub address: &'a str,
    /// The negative reply to RCPT, if it got one.
    pub refusal: Option<Reply>,
    /// Its words, where the reply alone does not tell the reason; empty: those of the reply.
    pub reason: &'a str,
}

/// Where and how a transaction ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The stage.
    pub stage: Stage,
    /// How.
    pub outcome: AttemptOutcome,
    /// The reply that decided; none: there was none.
    pub reply: Option<Reply>,
}

/// What is known of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Conversation<'a> {
    /// Name that the client gives in EHLO.
    pub client_name: &'a str,
    /// Name that the server gives in its greeting.
    pub server_name: &'a str,
    /// Address connected to, as written.
    pub address: &'a str,
    /// Port connected to.
    pub port: u16,
    /// The client's settings.
    pub client: &'a ClientSettings,
    /// The server's settings.
    pub server: &'a ServerSettings,
    /// Reverse path without angle brackets; empty: the null path.
    pub reverse_path: &'a str,
    /// Forward paths.
    pub forward_paths: &'a [ForwardPath<'a>],
    /// Octets of header and body.
    pub size: Octets,
    /// Whether the client would declare the size, if the server lets it.
    pub declares_size: bool,
    /// Whether the client asked VRFY about each recipient first.
    pub verifies: bool,
    /// Which transaction of its connection this is, from 1.
    pub transaction: u32,
    /// When the try began.
    pub started: SimTime,
    /// When it was over for the client.
    pub ended: SimTime,
    /// Stage times.
    pub marks: SessionMarks,
    /// How it ended before its end; none: at least one recipient was accepted, or RCPT refused all.
    pub ending: Option<Ending>,
    /// Whether another transaction follows on the same connection.
    pub goes_on: bool,
}
