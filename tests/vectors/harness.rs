//! A message to a destination that is down for ever: when its server tries it and how it ends.

use mailsim::mail::{MessageKind, Stage};
use mailsim::trace::FinalOutcome;

use crate::common::run;

/// What makes a server give a message up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivesUp {
    /// A failed attempt.
    AfterAttempt,
    /// A timer, with no attempt then.
    ByTimer,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The server, as a scenario writes it in `mta`.
    pub(crate) mta: &'static str,
    /// How connections fail: `refuse` or `blackhole`.
    pub(crate) mode: &'static str,
    /// Seconds from the arrival to the beginning of each attempt, from the first on; not all of
    /// them need be told.
    pub(crate) attempts: &'static [u64],
    /// How many attempts there are.
    pub(crate) count: Option<usize>,
    /// Seconds from the arrival until the message is given up, and why it is.
    pub(crate) end: Option<(u64, GivesUp)>,
    /// Seconds from the arrival until the sender is told of the delay.
    pub(crate) delay_notice: Option<u64>,
}

impl Row {
    /// A row of which nothing is known yet but the server and its attempts.
    pub(crate) const fn of(mta: &'static str, attempts: &'static [u64]) -> Self {
        Self { mta, mode: "refuse", attempts, count: None, end: None, delay_notice: None }
    }

    /// Runs the server and compares.
    #[track_caller]
    pub(crate) fn holds(&self) {
        let seen = Seen::of(self.mta, self.mode);
        let told = self.attempts.len();
        assert!(seen.attempts.len() >= told, "{}: {:?}", self.mta, seen.attempts);
        assert_eq!(seen.attempts[..told], *self.attempts, "attempts of {}", self.mta);
        if let Some(count) = self.count {
            assert_eq!(seen.attempts.len(), count, "number of attempts of {}", self.mta);
        }
        if self.end.is_some() {
            assert_eq!(seen.end, self.end, "end at {}", self.mta);
        }
        assert_eq!(seen.delay_notice, self.delay_notice, "delay notice of {}", self.mta);
    }
}

/// Nanoseconds by which a time may miss its second.
const ROUNDING: u64 = 1_000_000;

/// What was measured, in seconds from the arrival.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) attempts: Vec<u64>,
    pub(crate) end: Option<(u64, GivesUp)>,
    pub(crate) delay_notice: Option<u64>,
    pub(crate) failure_notices: usize,
}

impl Seen {
    /// Runs a server, written as in `mta`, against a destination whose connections all fail.
    pub(crate) fn of(mta: &str, mode: &str) -> Self {
        let run = run(&scenario(mta, mode));
        let sender = run.host("sender.example");
        let story = run.only();
        let arrival = story.accepted.iter().find(|accepted| accepted.1 == sender).expect("taken").0;
        let seconds = |at: mailsim::units::SimTime| {
            // Connections take some nanoseconds even here.
            let nanos = at.since(arrival).as_nanos() + ROUNDING;
            assert!(nanos % 1_000_000_000 <= 2 * ROUNDING, "{mta}: {nanos} ns is no whole second");
            nanos / 1_000_000_000
        };
        let tries = story.attempts.iter().filter(|attempt| {
            attempt.from == sender && !matches!(attempt.stage, Stage::Suspended | Stage::Local)
        });
        let tries: Vec<_> = tries.filter(|attempt| attempt.started >= arrival).collect();
        let last_ended = tries.last().map(|attempt| attempt.ended);
        let failed = story.endings.iter().find(|ending| ending.outcome == FinalOutcome::Failed);
        let end = failed.map(|ending| {
            let after_attempt = last_ended == Some(ending.at);
            let why = if after_attempt { GivesUp::AfterAttempt } else { GivesUp::ByTimer };
            (seconds(ending.at), why)
        });
        let late = run.of_kind(MessageKind::DelayNotice);
        Self {
            attempts: tries.iter().map(|attempt| seconds(attempt.started)).collect(),
            end,
            delay_notice: late.first().map(|notice| seconds(notice.at)),
            failure_notices: run.failure_notices(),
        }
    }
}

/// Returns one sender, one destination that is down, and nothing that takes time.
fn scenario(mta: &str, mode: &str) -> String {
    format!(
        r#"
duration = "30d"
sample_every = "30d"
[defaults]
latency = "0"
resolver = {{ latency = "0" }}
[[host]]
name = "sender.example"
roles = ["submission", "relay", "store"]
mta = {mta}
[[host]]
name = "mx.destination.example"
roles = ["mx", "store"]
[[domain]]
name = "sender.example"
mx = [{{ host = "sender.example", preference = 10 }}]
mailboxes = ["ann"]
[[domain]]
name = "destination.example"
mx = [{{ host = "mx.destination.example", preference = 10 }}]
mailboxes = ["bob"]
[[mail]]
from = "ann@sender.example"
to = ["bob@destination.example"]
at = "0"
size = "10kB"
[[outage]]
host = "mx.destination.example"
from = "0"
for = "30d"
mode = "{mode}"
"#
    )
}
