//! From facts to rows and figures.

use std::collections::BTreeMap;

use crate::mail::{MailboxNames, RecipientId};
use crate::trace::{Fact, FactSink, HostTotals, Identity, Ledger, Register, StillOpen};
use crate::units::{SimDuration, SimTime};

use super::backlog::Backlog;
use super::record::{AttemptRecord, FinalState, HostRecord, RecordSink};
use super::samples::seconds_of_nanos;
use super::story::Story;
use super::story_extras::Rares;
use super::summary::{HostFigures, LedgerFigures, ProfileEvidence, RunFigures, Summary};
use super::tally::{Tally, share};
use super::warnings;
use super::window::Window;

/// What the caller knows of a run and the facts do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFrame {
    /// Name of the scenario.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Seed of the random draws.
    pub seed: u64,
    /// Length of the run.
    pub duration: SimDuration,
    /// Number of runs that the reader will see together; 1 for a single run.
    pub replications: u64,
    /// The MTA profiles used.
    pub profiles: Vec<ProfileEvidence>,
}

/// Reads the facts of a run, hands finished rows to `R` and gathers the summary.
///
/// A fact costs O(1); nothing is allocated per attempt. Memory grows with the number of stories
/// that are open at once: mail under way, and mail in mailboxes that are still to be read.
///
/// # Panics
/// On a fact about a recipient whose story is not open: the run that states it is broken.
#[derive(Debug)]
pub struct Recorder<R> {
    sink: R,
    stories: Vec<Option<Story>>,
    rares: Rares,
    window: Window,
    tally: Tally,
    /// Mail submitted outside of the window: only the ledger speaks of it.
    outside: Tally,
    attempts: u64,
    backlog: Backlog,
    hosts: Vec<HostTotals>,
    ledger: Option<Ledger>,
    latest: SimTime,
}

impl<R: RecordSink> Recorder<R> {
    /// Returns a recorder that hands its rows to `sink`.
    #[must_use]
    pub fn new(sink: R) -> Self {
        Self {
            sink,
            stories: Vec::new(),
            rares: Rares::default(),
            window: Window::default(),
            tally: Tally::default(),
            outside: Tally::default(),
            attempts: 0,
            backlog: Backlog::default(),
            hosts: Vec::new(),
            ledger: None,
            latest: SimTime::ZERO,
        }
    }

    /// Makes only messages submitted within `window` count in the figures of mail, attempts, times
    /// and domains. Rows are handed out for all; figures of hosts, of outages and of the ledger
    /// remain those of the whole run.
    #[must_use]
    pub fn counting(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// Returns where the rows go, for instance to ask whether it is still in order.
    pub fn sink(&self) -> &R {
        &self.sink
    }

    /// Returns the number of recipients whose mail is under way: for progress displays.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.backlog.level()
    }

    /// Returns the number of attempts so far: for progress displays.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Returns the open story of a recipient, and what is rare of all.
    fn story(&mut self, recipient: RecipientId) -> (&mut Story, &mut Rares) {
        match self.stories.get_mut(recipient.index()) {
            Some(Some(story)) => (story, &mut self.rares),
            _ => panic!("{recipient:?} has no open story"),
        }
    }

    fn close(
        &mut self,
        recipient: RecipientId,
        identity: &Identity,
        open: Option<(FinalState, crate::mail::HostId)>,
    ) {
        let slot = self.stories.get_mut(recipient.index());
        let story = slot.and_then(Option::take);
        let story = story.unwrap_or_else(|| panic!("{recipient:?} has no open story to close"));
        let row = story.record(&self.rares, identity, open);
        let held = self.window.holds(row.submitted);
        let tally = if held { &mut self.tally } else { &mut self.outside };
        tally.close(&row, story.stages(&self.rares));
        self.sink.message(&row);
        story.forget(&mut self.rares);
    }

    /// Returns where a message submitted at `submitted` is counted.
    fn tally_of(&mut self, submitted: SimTime) -> &mut Tally {
        if self.window.holds(submitted) { &mut self.tally } else { &mut self.outside }
    }

    /// Ends the recording: rows of hosts are handed out, and the summary is computed. Returns the
    /// summary and the sink.
    ///
    /// # Panics
    /// If a story is still open: a run states of each how it ended ([`Fact::Closed`]) or where it
    /// stands ([`Fact::Open`]), interrupted or not.
    #[must_use]
    pub fn finish(mut self, names: &dyn MailboxNames, frame: &RunFrame) -> (Summary, R) {
        assert!(self.stories.iter().all(Option::is_none), "a run tells how all stories end");
        let end = SimTime::ZERO + frame.duration;
        let rows: Vec<_> =
            self.hosts.iter().map(|&totals| HostRecord::new(totals, frame.duration)).collect();
        for row in &rows {
            self.sink.host(row);
        }
        let hosts =
            rows.iter().map(|row| (names.host(row.totals.host).to_owned(), host_figures(row)));
        let mail = self.tally.mail();
        let mut summary = Summary {
            run: RunFigures {
                scenario: frame.scenario.clone(),
                title: frame.title.clone(),
                seed: frame.seed,
                duration_s: seconds_of_nanos(frame.duration.as_nanos().into()),
                replications: frame.replications,
            },
            delivered_share: share(mail.delivered, mail.submitted),
            failed_share: share(mail.failed, mail.submitted),
            unfinished_share: share(mail.queued + mail.in_transit, mail.submitted),
            mail,
            failures: Some(self.tally.failures),
            created: self.tally.created(),
            duplicates: self.tally.duplicates,
            attempts: self.tally.attempt_figures(),
            submission_to_acceptance: self.tally.acceptance(),
            submission_to_delivery: self.tally.delivery(),
            submission_to_failure: self.tally.failure(),
            delivery_to_retrieval: self.tally.reading(),
            submission_to_retrieval: self.tally.retrieval(),
            delivered_within: self.tally.delivered_within(),
            retrieved_within: self.tally.retrieved_within(),
            hops: self.tally.hops(),
            attempts_per_recipient: self.tally.attempts_per_recipient(),
            where_time_went: self.tally.where_time_went(),
            outages: self.backlog.figures(end.max(self.latest)),
            domains: self.tally.domains(names),
            hosts: hosts.collect(),
            ledger: self.ledger_figures(),
            profiles: frame.profiles.clone(),
            figures: BTreeMap::new(),
            expectations: Vec::new(),
            warnings: Vec::new(),
        };
        summary.warnings = warnings::of(&summary);
        (summary, self.sink)
    }

    /// The run's own ledger, held against the rows; without one, the rows' alone.
    fn ledger_figures(&self) -> LedgerFigures {
        let (mail, all) = (self.tally.mail().submitted, self.tally.everything());
        let (mail_outside, outside) = (self.outside.mail().submitted, self.outside.everything());
        let counted = Ledger {
            submitted: mail + mail_outside,
            created: all.submitted - mail + outside.submitted - mail_outside,
            delivered: all.delivered + outside.delivered,
            failed: all.failed + outside.failed,
            discarded: all.discarded + outside.discarded,
            queued: all.queued + outside.queued,
            in_transit: all.in_transit + outside.in_transit,
            duplicates: self.tally.duplicates + self.outside.duplicates,
        };
        let stated = self.ledger.unwrap_or(counted);
        LedgerFigures {
            submitted: stated.submitted,
            created: stated.created,
            entered: stated.submitted + stated.created,
            delivered: stated.delivered,
            failed: stated.failed,
            discarded: stated.discarded,
            queued: stated.queued,
            in_transit: stated.in_transit,
            accounted: stated.delivered
                + stated.failed
                + stated.discarded
                + stated.queued
                + stated.in_transit,
            duplicates: stated.duplicates,
            balances: stated.balances() && stated == counted,
        }
    }
}

fn host_figures(row: &HostRecord) -> HostFigures {
    let totals = &row.totals;
    HostFigures {
        inbound_sessions: totals.inbound_sessions,
        outbound_sessions: totals.outbound_sessions,
        received_octets: totals.octets_in.get(),
        sent_octets: totals.octets_out.get(),
        attempts: totals.attempts,
        suspensions: totals.suspensions,
        messages_accepted: totals.messages_accepted,
        peak_inbound_sessions: totals.peak_inbound_sessions,
        peak_queue: totals.peak_queue,
        mean_queue: row.mean_queue,
        inbound_utilisation: row.inbound_utilisation,
        delivery_utilisation: row.delivery_utilisation,
        utilisation: row.utilisation(),
        downtime_s: seconds_of_nanos(totals.downtime.as_nanos().into()),
    }
}

impl<R: RecordSink> FactSink for Recorder<R> {
    #[inline]
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.latest = at;
        self.sink.fact(at, fact);
        match fact {
            Fact::Outage(outage) => self.backlog.outage(outage),
            Fact::Created(created) => {
                let index = created.recipient.index();
                if index >= self.stories.len() {
                    self.stories.resize_with(index + 1, || None);
                }
                let story = Story::new(&mut self.rares, at, created);
                let former = self.stories[index].replace(story);
                assert!(former.is_none(), "the slot of {} is not free", created.key);
                self.backlog.opened(at);
            }
            Fact::Accepted { recipient, by, received_fields, server } => {
                let (story, rares) = self.story(*recipient);
                story.accepted(rares, at, *by, *received_fields, *server);
            }
            Fact::Attempt(attempt) => {
                self.attempts += 1;
                let number = self.attempts;
                let (story, rares) = self.story(attempt.recipient);
                story.attempted(rares, attempt);
                let submitted = story.submitted();
                self.tally_of(submitted).attempts.count(attempt);
                self.backlog.tried(at, attempt);
                self.sink.attempt(&AttemptRecord { number, fact: attempt, register });
            }
            Fact::Final { recipient, host, outcome, status, received_fields, .. } => {
                let (story, rares) = self.story(*recipient);
                let submitted = story.submitted();
                if story.ended(rares, at, *host, *outcome, *status, *received_fields) {
                    self.backlog.closed(at, submitted);
                }
            }
            Fact::Junk { recipient } => {
                let (story, rares) = self.story(*recipient);
                story.is_junk(rares);
            }
            Fact::Retrieved { recipient, protocol, .. } => {
                let (story, rares) = self.story(*recipient);
                story.retrieved(rares, at, *protocol);
            }
            Fact::Closed { recipient } => {
                self.close(*recipient, &register.identity(*recipient), None);
            }
            Fact::Open { recipient, state, host } => {
                let state = match state {
                    StillOpen::Queued => FinalState::Queued,
                    StillOpen::InTransit => FinalState::InTransit,
                    StillOpen::Unread => FinalState::Delivered,
                };
                let identity = register.identity(*recipient);
                self.close(*recipient, &identity, Some((state, *host)));
            }
            Fact::Queues(sample) => self.sink.queues(at, sample),
            Fact::Host(totals) => self.hosts.push(*totals),
            Fact::Ledger(ledger) => self.ledger = Some(*ledger),
            Fact::Lookup { .. } | Fact::Screened(_) => {}
        }
    }

    fn prefetch(&mut self, recipients: &[RecipientId]) {
        for recipient in recipients {
            if let Some(Some(story)) = self.stories.get(recipient.index()) {
                story.prefetch();
            }
        }
    }
}
