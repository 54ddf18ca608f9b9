//! What is compared: the figures of one experiment, whether recorded or run.

use std::collections::{BTreeMap, BTreeSet};

use crate::recording::{Recording, server_and_version};
use crate::server::sendmail;

/// How a recipient's story ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FinalState {
    Delivered,
    /// More than one copy reached the store.
    Duplicate,
    /// Given up after a permanent failure.
    Bounced,
    /// Given up after a temporary failure.
    Expired,
    RejectedAtSubmission,
    NoneAtEndOfObservation,
}

/// The figures of one recipient of one message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RecipientFigures {
    pub(crate) state: FinalState,
    /// Names of the hosts where copies ended, sorted.
    pub(crate) at: Vec<String>,
    pub(crate) hops: Option<u32>,
    pub(crate) copies: u32,
    /// First digit of the status, for those that failed.
    pub(crate) class: Option<u8>,
    /// When the first copy was stored, or when the failure notice arrived [s].
    pub(crate) final_s: Option<f64>,
    /// From acceptance to the first copy [s].
    pub(crate) latency_s: Option<f64>,
}

/// The figures of one experiment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// In the order of the recording's outcomes.
    pub(crate) recipients: Vec<RecipientFigures>,
    /// Tries with network activity, one for each recipient and delivery.
    pub(crate) attempts: u64,
    /// Deferrals without network activity.
    pub(crate) suspensions: u64,
    /// Ages at which failure notices arrived at the sender, by message and in order of age [s].
    pub(crate) failure_notices: BTreeMap<String, Vec<f64>>,
    /// Ages at which delay notices arrived.
    pub(crate) delay_notices: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    /// Returns the figures of a recording.
    ///
    /// # Errors
    /// If an outcome holds a word that is not known.
    pub(crate) fn recorded(recording: &Recording) -> Result<Self, String> {
        let mut figures = Self::default();
        for outcome in &recording.outcomes {
            let state = match outcome.final_state.as_str() {
                "delivered" => FinalState::Delivered,
                "duplicate" => FinalState::Duplicate,
                "bounced" => FinalState::Bounced,
                "expired" => FinalState::Expired,
                "rejected_at_submission" => FinalState::RejectedAtSubmission,
                "none_at_end_of_observation" => FinalState::NoneAtEndOfObservation,
                other => return Err(format!("unknown word `{other}` in outcomes[].final")),
            };
            let stored = matches!(state, FinalState::Delivered | FinalState::Duplicate);
            let mut at: Vec<_> = outcome.copies.iter().map(|copy| copy.at.clone()).collect();
            at.extend(outcome.at.clone());
            at.sort();
            at.dedup();
            let copies = u32::try_from(outcome.copies.len()).map_err(|e| e.to_string())?;
            let digit = outcome.status.as_ref().and_then(|status| status.bytes().next());
            figures.recipients.push(RecipientFigures {
                state,
                at,
                hops: outcome.hops,
                copies: copies.max(u32::from(stored)),
                class: digit.filter(|d| !stored && d.is_ascii_digit()).map(|digit| digit - b'0'),
                final_s: outcome.t_s,
                latency_s: outcome.latency_s,
            });
            // What tells that the delivery time has expired is the end, also where its action is
            // `delayed` (OpenSMTPD).
            let (last, delay): (Vec<_>, Vec<_>) =
                outcome.delay_notices.iter().partition(|notice| {
                    notice.status.as_deref() == Some("4.4.7") && state == FinalState::Expired
                });
            let failure = outcome.bounces.iter().chain(last).collect();
            let kinds =
                [(&mut figures.failure_notices, failure), (&mut figures.delay_notices, delay)];
            for (ages, notices) in kinds {
                // One notice about several recipients stands with each of them.
                for notice in notices {
                    let ages = ages.entry(outcome.id.clone()).or_default();
                    if !ages.contains(&notice.age_s) {
                        ages.push(notice.age_s);
                    }
                }
            }
        }
        figures.sort_notices();
        let ours = |id: &str| recording.submissions.iter().any(|submission| submission.id == id);
        let mut given_up: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
        let server = server_and_version(&recording.mta).0;
        if server == "sendmail" {
            let attempts = recording.attempts.iter().filter(|attempt| ours(&attempt.id));
            figures.attempts = sendmail::deliveries(attempts);
            return Ok(figures);
        }
        for attempt in recording.attempts.iter().filter(|attempt| ours(&attempt.id)) {
            let recipients = attempt.rcpts.len().max(1) as u64;
            match attempt.outcome.as_str() {
                // Says how the try ended that the row before is about.
                "bounced" if attempt.stage.as_deref() == Some("none(expired)") => {}
                // Haraka's log says it twice, when it gives up and when it writes the notice.
                "bounced"
                    if server == "haraka"
                        && !given_up.insert((&attempt.id, attempt.rcpt.as_deref())) => {}
                "suspended" => figures.suspensions += recipients,
                "sent" | "deferred" | "bounced" => figures.attempts += recipients,
                other => return Err(format!("unknown word `{other}` in attempts[].outcome")),
            }
        }
        Ok(figures)
    }

    /// Returns the numbers of notices and tries, with what they are called.
    pub(crate) fn counts(&self) -> [(&'static str, u64); 4] {
        let total = |ages: &BTreeMap<String, Vec<f64>>| ages.values().map(Vec::len).sum::<usize>();
        [
            ("attempts", self.attempts),
            ("deferrals without attempt", self.suspensions),
            ("failure notices", total(&self.failure_notices) as u64),
            ("delay notices", total(&self.delay_notices) as u64),
        ]
    }

    /// Returns the latencies' quantiles [s], with what they are called; none without deliveries.
    pub(crate) fn latency_quantiles(&self) -> Option<[(&'static str, f64); 4]> {
        let mut sorted: Vec<f64> = self.recipients.iter().filter_map(|r| r.latency_s).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |percent: usize| sorted[last * percent / 100];
        Some([
            ("least latency", at(0)),
            ("median latency", at(50)),
            ("90 % latency", at(90)),
            ("greatest latency", at(100)),
        ])
    }

    pub(crate) fn sort_notices(&mut self) {
        let all = self.failure_notices.values_mut().chain(self.delay_notices.values_mut());
        all.for_each(|ages| ages.sort_by(f64::total_cmp));
    }
}
