//! What an experiment is: who there is, how the server is set, what is sent, and what goes wrong.

use serde::{Deserialize, Serialize};

/// The server under test, and where it is reached.
pub(crate) const RELAY: (&str, &str) = ("relay.src.test", "10.0.0.1");
/// The mail program.
pub(crate) const MUA: (&str, &str) = ("mua.src.test", "10.0.0.2");
/// The scripted name server's address.
pub(crate) const NAME_SERVER: &str = "10.0.0.53";
/// The domain of the senders; messages are named by their senders' local parts.
pub(crate) const HOME: &str = "src.test";
/// The scripted servers know everybody but this local part, which gets 550 at RCPT.
pub(crate) const UNKNOWN: &str = "nobody";
/// The local part of everybody else.
pub(crate) const KNOWN: &str = "bob";

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Experiment {
    /// The server under test, as its profile is called.
    pub(crate) server: String,
    /// Its settings, by the names of the scenario; all else is as it comes.
    pub(crate) settings: Vec<(String, String)>,
    /// The scripted servers; the first takes what is reported to the senders.
    pub(crate) sinks: Vec<Sink>,
    pub(crate) domains: Vec<Domain>,
    pub(crate) mail: Vec<Mail>,
    /// How long everything is watched [s].
    pub(crate) observed_s: f64,
}

/// A scripted server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sink {
    pub(crate) name: String,
    pub(crate) address: String,
    /// What it does otherwise than usual; no two of one kind at the same time.
    pub(crate) faults: Vec<Fault>,
}

/// Something that goes wrong at a scripted server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// When it begins [s].
    pub(crate) from_s: f64,
    /// When it is over [s].
    pub(crate) until_s: f64,
    pub(crate) what: What,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum What {
    /// Nobody listens.
    Refuse,
    /// A stage is answered by this code; after a greeting the connection is closed.
    Answer { stage: Stage, code: u16 },
    /// The reply to the dot comes this much later [s].
    SlowDot { by_s: f64 },
    /// RCPT gets 450 until this long after the pair of sender and recipient was first seen [s].
    Greylist { delay_s: f64 },
    /// The message is stored, and the connection closed without a reply.
    LoseReply,
}

/// A stage of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Dot,
}

impl Stage {
    /// Returns the word of a scenario.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Dot => "dot",
        }
    }
}

/// A mail domain: preferences and places in `sinks` of its exchangers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) exchangers: Vec<(u16, usize)>,
}

/// One message with one recipient, submitted in a session of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// Local part of its sender, and its name here.
    pub(crate) id: String,
    /// When the mail program submits it [s].
    pub(crate) at_s: f64,
    /// Local part of its recipient: [`KNOWN`] or [`UNKNOWN`].
    pub(crate) to: String,
    /// Domain of its recipient.
    pub(crate) domain: String,
}

impl Sink {
    /// Returns what goes wrong at `at` that `wanted` asks for.
    pub(crate) fn fault<T>(&self, at: f64, wanted: impl Fn(What) -> Option<T>) -> Option<T> {
        let now = self.faults.iter().filter(|fault| (fault.from_s..fault.until_s).contains(&at));
        now.map(|fault| fault.what).find_map(wanted)
    }
}

impl Experiment {
    /// Returns the value of a setting that is a time in whole seconds, such as `3s`.
    pub(crate) fn seconds(&self, setting: &str) -> Option<u64> {
        let (_, value) = self.settings.iter().find(|(name, _)| name == setting)?;
        value.strip_suffix('s')?.parse().ok()
    }
}
