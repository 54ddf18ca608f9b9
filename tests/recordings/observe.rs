//! The figures of a run, from the facts that it states.

use std::collections::{BTreeMap, BTreeSet};

use mailsim::mail::{
    AttemptOutcome, HostId, Mailbox, MessageKey, MessageKind, RecipientId, Stage, Status,
};
use mailsim::random::{Purpose, Streams};
use mailsim::trace::{AttemptFact, Fact, FactSink, FinalOutcome, Register};
use mailsim::units::SimTime;

use crate::drawn::reading_lateness;
use crate::figures::{Figures, FinalState, RecipientFigures};
use crate::recording::{Recording, server_and_version};
use crate::sink::crashes;
use crate::translate::Blueprint;

/// What identifies a recipient of a submitted message: entry, ordinal and address.
type Identity = (u32, u64, Mailbox);

/// Which recipients a recording has, and where the model shall find them.
#[derive(Debug)]
pub(crate) struct Cast {
    recipients: BTreeMap<Identity, usize>,
    /// The message of each recipient, as the recording calls it.
    ids: Vec<String>,
    servers: Vec<HostId>,
    /// When which of them was killed.
    killed: Vec<(HostId, SimTime)>,
    /// Whether the server under test calls the last of several temporary failures a permanent one, so
    /// that its log does not tell the two apart.
    calls_all_bounced: bool,
    /// Whether the log is Sendmail's, see [`Tries::logged_by_sendmail`].
    is_sendmail: bool,
}

impl Cast {
    pub(crate) fn new(recording: &Recording, blueprint: &Blueprint) -> Result<Self, String> {
        let mut messages = BTreeMap::new();
        for (entry, session) in (0u32..).zip(&blueprint.submissions) {
            for (ordinal, &submission) in (0u64..).zip(session) {
                let id = recording.submissions[submission].id.clone();
                messages.insert(id, (entry, ordinal));
            }
        }
        let mut recipients = BTreeMap::new();
        let mut ids = Vec::new();
        for outcome in &recording.outcomes {
            let &(entry, ordinal) = messages
                .get(&outcome.id)
                .ok_or_else(|| format!("the outcome of {} has no submission", outcome.id))?;
            let mailbox = blueprint.names.mailbox(&outcome.recipient)?;
            recipients.insert((entry, ordinal, mailbox), ids.len());
            ids.push(outcome.id.clone());
        }
        let server = server_and_version(&recording.mta).0;
        let calls_all_bounced = ["haraka", "qmail"].contains(&server);
        let is_sendmail = server == "sendmail";
        let servers = blueprint.servers.clone();
        let killed = crashes(recording)
            .map(|(host, crash)| Ok((blueprint.names.host(host)?, crash.from)))
            .collect::<Result<_, String>>()?;
        Ok(Self { recipients, ids, servers, killed, calls_all_bounced, is_sendmail })
    }

    /// Returns whether a try was cut off when its server was killed. The log does not tell of it.
    fn is_cut_off(&self, attempt: &AttemptFact) -> bool {
        attempt.outcome == AttemptOutcome::Lost
            && self.killed.contains(&(attempt.from, attempt.ended))
    }
}

/// One try of a recipient by a server, or a deferral without one.
#[derive(Debug, Clone, Copy)]
struct Try {
    delivery: u64,
    ended: SimTime,
    /// Whether Sendmail's log tells of it whatever follows in the same delivery.
    told: bool,
}

/// All tries.
#[derive(Debug, Default)]
struct Tries {
    by_recipient: BTreeMap<(usize, HostId), Vec<Try>>,
    deliveries: BTreeSet<(u64, usize)>,
    suspensions: u64,
}

impl Tries {
    fn note(&mut self, index: usize, attempt: &AttemptFact) {
        if attempt.outcome == AttemptOutcome::Suspended {
            self.suspensions += 1;
        } else {
            self.deliveries.insert((attempt.delivery, index));
        }
        self.by_recipient.entry((index, attempt.from)).or_default().push(Try {
            delivery: attempt.delivery,
            ended: attempt.ended,
            told: attempt.stage == Stage::Rcpt || !attempt.outcome.is_temporary(),
        });
    }

    /// A delivery was cut off at a recipient: what it had tried before was to be logged at its end.
    fn forget(&mut self, index: usize, attempt: &AttemptFact) {
        self.deliveries.remove(&(attempt.delivery, index));
        if let Some(tries) = self.by_recipient.get_mut(&(index, attempt.from)) {
            tries.retain(|one| one.delivery != attempt.delivery || one.told);
        }
    }

    /// Returns how many times Sendmail's log says, as [`crate::server::sendmail::deliveries`] counts
    /// it, that a process was at a recipient. It says nothing of those whom a delivery dropped on its
    /// way to the next host (`deliver` logs who is in `tochain`), other than what RCPT was answered.
    fn logged_by_sendmail(&self) -> u64 {
        let mut ends: BTreeMap<u64, SimTime> = BTreeMap::new();
        for one in self.by_recipient.values().flatten() {
            let end = ends.entry(one.delivery).or_default();
            *end = one.ended.max(*end);
        }
        let mut count = 0;
        for list in self.by_recipient.values() {
            let mut said = list.iter().filter(|one| one.told || ends[&one.delivery] == one.ended);
            let mut last = None;
            count += said
                .by_ref()
                .filter(|one| last.replace(one.delivery) != Some(one.delivery))
                .count() as u64;
        }
        count
    }
}

/// What is known so far of a recipient of a submitted message.
#[derive(Debug, Clone, Default)]
struct Story {
    accepted: Option<SimTime>,
    copies: u32,
    first_copy: Option<SimTime>,
    hops: Option<u32>,
    at: BTreeSet<HostId>,
    failed: Option<(SimTime, Status)>,
    last_outcome: Option<AttemptOutcome>,
}

/// A notice about a submitted message.
#[derive(Debug)]
struct Notice {
    about: (u32, u64),
    kind: MessageKind,
    created: SimTime,
    arrived: Option<SimTime>,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Recipient(usize),
    Notice(usize),
}

/// Collects the facts of one run.
#[derive(Debug)]
pub(crate) struct Observer<'a> {
    cast: &'a Cast,
    seed: u64,
    slots: BTreeMap<RecipientId, Slot>,
    stories: Vec<Story>,
    notices: Vec<Notice>,
    tries: Tries,
}

impl<'a> Observer<'a> {
    /// `seed` is that of the run.
    pub(crate) fn new(cast: &'a Cast, seed: u64) -> Self {
        Self {
            cast,
            seed,
            slots: BTreeMap::new(),
            stories: vec![Story::default(); cast.ids.len()],
            notices: Vec::new(),
            tries: Tries::default(),
        }
    }

    /// Returns the run's figures; hosts are spelt by `host_name`.
    pub(crate) fn figures(&self, host_name: impl Fn(HostId) -> String) -> Figures {
        let mut figures = Figures {
            attempts: match self.cast.is_sendmail {
                true => self.tries.logged_by_sendmail(),
                false => self.tries.deliveries.len() as u64,
            },
            suspensions: if self.cast.is_sendmail { 0 } else { self.tries.suspensions },
            ..Figures::default()
        };
        let messages: BTreeMap<usize, (u32, u64)> =
            self.cast.recipients.iter().map(|(&(e, o, _), &index)| (index, (e, o))).collect();
        let lateness = reading_lateness();
        for (index, story) in self.stories.iter().enumerate() {
            let (entry, ordinal) = messages[&index];
            let mut recipient = story.figures(&host_name);
            if self.cast.calls_all_bounced && recipient.state == FinalState::Expired {
                recipient.state = FinalState::Bounced;
            }
            let key = (u64::from(entry) << 32) | ordinal;
            let mut random =
                Streams::new(self.seed, 0).stream(Purpose::Other("recordings/reading"), key);
            let late = lateness.sample(&mut random);
            recipient.latency_s = recipient.latency_s.map(|latency| latency - late);
            if let Some((failed, _)) = story.failed.filter(|_| story.copies == 0) {
                recipient.final_s = self.notice_of_failure(messages[&index], failed);
            }
            figures.recipients.push(recipient);
        }
        for notice in &self.notices {
            let Some(arrived) = notice.arrived else {
                continue;
            };
            let first = messages.iter().find(|(_, message)| **message == notice.about);
            let Some((&index, _)) = first else { continue };
            let ages = match notice.kind {
                MessageKind::FailureNotice => &mut figures.failure_notices,
                MessageKind::DelayNotice => &mut figures.delay_notices,
                _ => continue,
            };
            let accepted = self.stories[index].accepted.unwrap_or(SimTime::ZERO);
            let age = arrived.since(accepted).as_secs_f64();
            ages.entry(self.cast.ids[index].clone()).or_default().push(age);
        }
        figures.sort_notices();
        figures
    }

    /// Returns when the notice arrived that told of a failure at `failed`.
    fn notice_of_failure(&self, message: (u32, u64), failed: SimTime) -> Option<f64> {
        let notice = self.notices.iter().find(|notice| {
            notice.about == message
                && notice.kind == MessageKind::FailureNotice
                && notice.created >= failed
        })?;
        notice.arrived.map(|at| at.as_secs_f64())
    }
}

impl Story {
    fn figures(&self, host_name: impl Fn(HostId) -> String) -> RecipientFigures {
        let gave_up_on_temporary = self.last_outcome.is_some_and(AttemptOutcome::is_temporary);
        let state = match (self.copies, self.failed, self.accepted) {
            (1, ..) => FinalState::Delivered,
            (2.., ..) => FinalState::Duplicate,
            (0, Some(_), None) => FinalState::RejectedAtSubmission,
            (0, Some(_), Some(_)) if gave_up_on_temporary => FinalState::Expired,
            (0, Some(_), Some(_)) => FinalState::Bounced,
            (0, None, _) => FinalState::NoneAtEndOfObservation,
        };
        let mut at: Vec<_> = self.at.iter().map(|&host| host_name(host)).collect();
        at.sort();
        let latency = |stored: SimTime| {
            self.accepted.map(|accepted| stored.as_secs_f64() - accepted.as_secs_f64())
        };
        RecipientFigures {
            state,
            at,
            hops: self.hops,
            copies: self.copies,
            class: self.failed.filter(|_| self.copies == 0).map(|(_, status)| status.class),
            final_s: self.first_copy.map(|at| at.as_secs_f64()),
            latency_s: self.first_copy.and_then(latency),
        }
    }
}

impl FactSink for Observer<'_> {
    fn fact(&mut self, now: SimTime, fact: &Fact, _: &dyn Register) {
        match *fact {
            Fact::Created(ref created) => {
                let slot = match (created.key, created.about) {
                    (MessageKey::Mail { entry, ordinal }, _) => {
                        let identity = (entry, ordinal, created.mailbox);
                        self.cast.recipients.get(&identity).copied().map(Slot::Recipient)
                    }
                    (_, Some(MessageKey::Mail { entry, ordinal })) => {
                        let about = (entry, ordinal);
                        let (kind, created) = (created.kind, now);
                        self.notices.push(Notice { about, kind, created, arrived: None });
                        Some(Slot::Notice(self.notices.len() - 1))
                    }
                    _ => None,
                };
                match slot {
                    Some(slot) => self.slots.insert(created.recipient, slot),
                    None => self.slots.remove(&created.recipient),
                };
            }
            Fact::Accepted { recipient, server: true, .. } => {
                if let Some(Slot::Recipient(index)) = self.slots.get(&recipient) {
                    self.stories[*index].accepted.get_or_insert(now);
                }
            }
            Fact::Attempt(ref attempt) => {
                let Some(&Slot::Recipient(index)) = self.slots.get(&attempt.recipient) else {
                    return;
                };
                let story = &mut self.stories[index];
                // Given up without a try, for what was temporary until then.
                let gives_up = attempt.stage == Stage::Suspended && attempt.status.class == 4;
                story.last_outcome = Some(match attempt.outcome {
                    AttemptOutcome::Permfail if gives_up => AttemptOutcome::Suspended,
                    outcome => outcome,
                });
                if !self.cast.servers.contains(&attempt.from) {
                    return;
                }
                if self.cast.is_cut_off(attempt) {
                    self.tries.forget(index, attempt);
                } else {
                    self.tries.note(index, attempt);
                }
            }
            Fact::Final { recipient, host, outcome, status, received_fields, .. } => {
                self.ended(now, recipient, host, outcome, status, received_fields);
            }
            _ => {}
        }
    }
}

impl Observer<'_> {
    fn ended(
        &mut self,
        now: SimTime,
        recipient: RecipientId,
        host: HostId,
        outcome: FinalOutcome,
        status: Status,
        received_fields: u32,
    ) {
        match self.slots.get(&recipient) {
            Some(&Slot::Recipient(index)) => {
                let story = &mut self.stories[index];
                match outcome {
                    FinalOutcome::Delivered => {
                        story.copies += 1;
                        story.at.insert(host);
                        story.first_copy.get_or_insert(now);
                        story.hops.get_or_insert(received_fields);
                    }
                    FinalOutcome::Failed | FinalOutcome::Discarded => {
                        story.failed.get_or_insert((now, status));
                    }
                }
            }
            Some(&Slot::Notice(index)) if outcome == FinalOutcome::Delivered => {
                self.notices[index].arrived.get_or_insert(now);
            }
            _ => {}
        }
    }
}
