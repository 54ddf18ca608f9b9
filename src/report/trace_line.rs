//! One line of `trace.jsonl`: names spelt out, times in seconds, what did not happen left out.

use serde::Serialize;

use crate::mail::{DomainId, HostId, MailboxNames};
use crate::trace::{LookupOutcome, SessionMarks};
use crate::units::SimTime;

use super::picture::Picture;

#[derive(Serialize)]
pub(super) struct Header<'a> {
    pub(super) format: &'a str,
    pub(super) schema: u32,
    pub(super) facts: u64,
    pub(super) kept: usize,
    pub(super) capped: bool,
    /// Whether some dialogues and Received fields are left out.
    pub(super) talk_capped: bool,
    /// Of each queue one sample stays in so many seconds, its last; none: all that say something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) queues_every: Option<f64>,
    /// Length of the run in seconds, where no other file tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration: Option<f64>,
    pub(super) hosts: Vec<&'a str>,
    pub(super) domains: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picture: Option<Picture>,
}

/// What a line says; it lives only until it is spelt.
#[derive(Serialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Outage {
        entry: u32,
        target: &'a str,
        mode: &'a str,
        from: f64,
        to: Option<f64>,
    },
    Created {
        t: f64,
        id: &'a str,
        to: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
        kind: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        octets: u64,
        host: &'a str,
        /// The field of the header that names the recipient, where that is not To: `Cc` or `none`.
        #[serde(skip_serializing_if = "Option::is_none")]
        named: Option<&'static str>,
    },
    Accepted {
        t: f64,
        id: &'a str,
        to: &'a str,
        host: &'a str,
        received: u32,
    },
    Lookup {
        t: f64,
        delivery: u64,
        host: &'a str,
        domain: &'a str,
        started: f64,
        outcome: &'a str,
    },
    Attempt {
        t: f64,
        id: &'a str,
        to: &'a str,
        delivery: u64,
        from_host: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        to_host: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mx: Option<u16>,
        port: u16,
        started: f64,
        ended: f64,
        stage: &'a str,
        outcome: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply: Option<u16>,
        status: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<f64>,
        transaction: u32,
        recipients: u32,
        octets: u64,
        marks: Marks,
    },
    Final {
        t: f64,
        id: &'a str,
        to: &'a str,
        host: &'a str,
        outcome: &'a str,
        status: String,
        received: u32,
        duplicate: bool,
    },
    /// The copy just delivered lies in the folder Junk.
    Junk {
        t: f64,
        id: &'a str,
        to: &'a str,
    },
    /// What a server found out about a message before it took, put off or refused it.
    Screened {
        t: f64,
        id: &'a str,
        to: &'a str,
        host: &'a str,
        verdict: &'a str,
        text: String,
    },
    Retrieved {
        t: f64,
        id: &'a str,
        to: &'a str,
        by: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        device: Option<&'a str>,
        /// Where the reader sits.
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<&'a str>,
        /// Whether the store announced it (IDLE).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        idle: bool,
        /// When it is deleted from the mailbox.
        #[serde(skip_serializing_if = "Option::is_none")]
        removed: Option<f64>,
    },
    Open {
        t: f64,
        id: &'a str,
        to: &'a str,
        host: &'a str,
        state: &'a str,
    },
    /// What was said in a try; told once for all recipients of its message.
    Dialogue {
        delivery: u64,
        started: f64,
        /// Time, who speaks (`C`, `S`, or `-` for what happens to the connection), and the line.
        lines: Vec<(Option<f64>, &'a str, String)>,
    },
    /// The Received field that a host wrote.
    Field {
        t: f64,
        id: &'a str,
        to: &'a str,
        host: &'a str,
        text: String,
    },
    /// How all mail stands, where not all stories are told: recipients so far, and those mailboxes that
    /// have changed.
    Totals {
        t: f64,
        written: u64,
        delivered: u64,
        given_up: u64,
        stored: Vec<(&'a str, u64)>,
    },
    Queues {
        t: f64,
        host: &'a str,
        incoming: u64,
        active: u64,
        deferred: u64,
        inbound: u64,
        outbound: u64,
    },
}

#[derive(Serialize)]
pub(super) struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    connected: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ehlo: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rcpt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dot: Option<f64>,
}

impl Marks {
    pub(super) fn of(marks: &SessionMarks) -> Self {
        Self {
            connected: when(marks.connected),
            greeting: when(marks.greeting),
            ehlo: when(marks.ehlo),
            tls: when(marks.tls),
            auth: when(marks.auth),
            mail: when(marks.mail),
            rcpt: when(marks.rcpt),
            data: when(marks.data),
            dot: when(marks.dot),
        }
    }
}

/// Seconds to the microsecond.
pub(super) fn seconds(at: SimTime) -> f64 {
    ((at.as_nanos() + 500) / 1_000) as f64 / 1e6
}

pub(super) fn when(at: SimTime) -> Option<f64> {
    (at != SimTime::MAX).then(|| seconds(at))
}

impl Line<'_> {
    /// Returns the line without its line feed.
    pub(super) fn spelt(&self) -> String {
        serde_json::to_string(self).expect("a line is plain data")
    }
}

/// A look-up that may yet belong to a message that is told. Of the others no line is ever spelt.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookUp {
    pub(super) at: SimTime,
    pub(super) delivery: u64,
    pub(super) host: HostId,
    pub(super) domain: DomainId,
    pub(super) started: SimTime,
    pub(super) outcome: LookupOutcome,
}

impl LookUp {
    pub(super) fn spelt(&self, names: &dyn MailboxNames) -> String {
        let line = Line::Lookup {
            t: seconds(self.at),
            delivery: self.delivery,
            host: names.host(self.host),
            domain: names.domain(self.domain),
            started: seconds(self.started),
            outcome: lookup_word(self.outcome),
        };
        line.spelt()
    }
}

fn lookup_word(outcome: LookupOutcome) -> &'static str {
    match outcome {
        LookupOutcome::Found => "found",
        LookupOutcome::NoSuchDomain => "no_such_domain",
        LookupOutcome::NullMx => "null_mx",
        LookupOutcome::NoAddress => "no_address",
        LookupOutcome::TemporaryFailure => "temporary_failure",
        LookupOutcome::LoopsBack => "loops_back",
    }
}
