//! What the HTTP interface may ask of the room.

use serde::Deserialize;

/// A question, or something to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    /// Time, connections, hosts and counts.
    State,
    /// Messages, as far as they fit.
    Messages(Filter),
    /// The octets of a message.
    Content(String),
    /// What was said on connections, lately.
    Log,
    /// What came in, as a scenario.
    Record,
    /// The certificate.
    Certificate,
    /// Time goes on.
    Advance(Advance),
    /// Time goes on until something has happened.
    Wait(Wait),
    /// How fast time passes.
    Speed(Speed),
    /// Something fails.
    Outage(serde_json::Map<String, serde_json::Value>),
    /// The live run ends.
    End,
}

/// Which messages are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// The name of one.
    pub(super) id: Option<String>,
    /// A recipient.
    pub(super) to: Option<String>,
    /// The reverse path.
    pub(super) from: Option<String>,
    /// How a recipient fares.
    pub(super) state: Option<String>,
    /// Those that real programs brought, and no others.
    pub(super) brought: bool,
}

/// How far time goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    /// So long.
    pub(super) by: Option<String>,
    /// To this time of the run.
    pub(super) to: Option<String>,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// What.
    pub(super) until: Until,
    /// The message; none: all that real programs have brought.
    pub(super) message: Option<String>,
    /// The longest virtual time.
    pub(super) at_most: Option<String>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Until {
    /// All recipients have it in their mailboxes.
    Delivered,
    /// Nobody holds it any more, whatever became of it.
    Over,
    /// A server has taken one from a real program.
    Accepted,
}

/// How fast time passes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speed {
    /// Seconds in one second; 0: time stands still.
    pub(super) speed: f64,
}
