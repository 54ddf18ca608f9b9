//! What is known of one recipient so far.

use crate::mail::{AttemptOutcome, HostId, Mailbox, MessageKey, MessageKind, Status};
use crate::trace::{AttemptFact, Created, FinalOutcome, RetrievalProtocol};
use crate::units::{Octets, SimDuration, SimTime};

use super::record::{FinalState, MessageRecord};

/// Hosts in order. Three fit in place: most mail takes no longer way, and only loops go much
/// further.
#[derive(Debug, Clone)]
pub(super) struct Path {
    near: [HostId; Self::NEAR],
    #[expect(clippy::box_collection, reason = "8 octets in every story instead of 24")]
    far: Option<Box<Vec<HostId>>>,
}

impl Path {
    const NEAR: usize = 3;
    /// Stands where no host does yet.
    const NOWHERE: HostId = HostId(u32::MAX);

    fn starting_at(host: HostId) -> Self {
        let mut near = [Self::NOWHERE; Self::NEAR];
        near[0] = host;
        Self { near, far: None }
    }

    fn push(&mut self, host: HostId) {
        let length = self.hosts().len();
        if self.hosts()[length - 1] == host {
            return;
        }
        if let Some(far) = &mut self.far {
            far.push(host);
        } else if let Some(place) = self.near.get_mut(length) {
            *place = host;
        } else {
            let mut far = self.near.to_vec();
            far.push(host);
            self.far = Some(Box::new(far));
        }
    }

    fn hosts(&self) -> &[HostId] {
        match &self.far {
            Some(far) => far,
            None => {
                let length = self.near.iter().take_while(|&&host| host != Self::NOWHERE).count();
                &self.near[..length]
            }
        }
    }
}

/// A recipient's story while it is open. There is one for each recipient that waits somewhere, so
/// what few have is kept apart: all else takes 144 octets, not 248.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) key: MessageKey,
    pub(super) recipient: Mailbox,
    pub(super) kind: MessageKind,
    sender: Option<Mailbox>,
    size: Octets,
    pub(super) submitted: SimTime,
    accepted: SimTime,
    unusual: Option<Box<Unusual>>,
    /// With its first retrieval; most stories close as soon as they have ended.
    ending: Option<Box<Ending>>,
    path: Path,
    received_fields: u32,
    attempts: u32,
    copies: u32,
    latest_status: Option<Status>,
    /// Time in tries that handed it to the first server.
    submitting: SimDuration,
    /// Time in tries that handed the message on.
    handing_on: SimDuration,
    /// Time in tries that failed.
    failing: SimDuration,
}

/// What few stories have.
#[derive(Debug, Clone, Copy, Default)]
struct Unusual {
    /// The message that a notice is about.
    about: Option<MessageKey>,
    /// Time in failed tries before a server had the message.
    failing_to_submit: SimDuration,
}

/// How a story ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    at: SimTime,
    outcome: FinalOutcome,
    host: HostId,
    status: Status,
    received_fields: u32,
    junk: bool,
    retrieved: Option<(SimTime, RetrievalProtocol)>,
}

/// Where a delivered message spent its time; the parts add up to submission to delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) outbox: SimDuration,
    pub(super) sessions: SimDuration,
    pub(super) failed_attempts: SimDuration,
    pub(super) queues: SimDuration,
}

impl Story {
    pub(super) fn new(at: SimTime, created: &Created) -> Self {
        Self {
            key: created.key,
            recipient: created.mailbox,
            kind: created.kind,
            unusual: created
                .about
                .map(|about| Box::new(Unusual { about: Some(about), ..Unusual::default() })),
            sender: created.sender,
            size: created.size,
            submitted: at,
            accepted: SimTime::MAX,
            ending: None,
            path: Path::starting_at(created.host),
            received_fields: 0,
            attempts: 0,
            copies: 0,
            latest_status: None,
            submitting: SimDuration::ZERO,
            handing_on: SimDuration::ZERO,
            failing: SimDuration::ZERO,
        }
    }

    /// `by` has a copy. The way of a second copy is not told: the first to arrive fixes the path.
    pub(super) fn accepted(&mut self, at: SimTime, by: HostId, fields: u32, server: bool) {
        if server && self.accepted == SimTime::MAX {
            self.accepted = at;
        }
        if self.ending.is_none() {
            self.path.push(by);
            self.received_fields = fields;
        }
    }

    pub(super) fn attempted(&mut self, fact: &AttemptFact) {
        self.attempts += 1;
        self.latest_status = Some(fact.status);
        let ending = self.ending.as_ref();
        let until = ending.map_or(fact.ended, |ending| fact.ended.min(ending.at));
        let spent = until.since(fact.started);
        let success = fact.outcome == AttemptOutcome::Accepted;
        *match (fact.started < self.accepted, success) {
            (true, true) => &mut self.submitting,
            (true, false) => &mut self.unusual.get_or_insert_default().failing_to_submit,
            (false, true) => &mut self.handing_on,
            (false, false) => &mut self.failing,
        } += spent;
    }

    /// Takes out the box of the ending, for the next story: nearly every story has one for a moment.
    pub(super) fn ending_box(&mut self) -> Option<Box<Ending>> {
        self.ending.take()
    }

    /// Returns whether this was the first end of the story. `spare`: a box to put it in.
    pub(super) fn ended(
        &mut self,
        spare: &mut Option<Box<Ending>>,
        at: SimTime,
        host: HostId,
        outcome: FinalOutcome,
        status: Status,
        received_fields: u32,
    ) -> bool {
        let delivered = outcome == FinalOutcome::Delivered;
        self.copies += u32::from(delivered);
        let (junk, retrieved) = (false, None);
        let end = Ending { at, outcome, host, status, received_fields, junk, retrieved };
        match &mut self.ending {
            None => {
                self.path.push(host);
                self.ending = Some(match spare.take() {
                    Some(mut spare) => {
                        *spare = end;
                        spare
                    }
                    None => Box::new(end),
                });
                true
            }
            // The first end counts, except that a delivery counts before a failure.
            Some(former) => {
                if delivered && former.outcome != FinalOutcome::Delivered {
                    **former = Ending { retrieved: former.retrieved, ..end };
                    self.path.push(host);
                }
                false
            }
        }
    }

    /// The copy that has just been delivered lies in the folder Junk. Of several copies the first
    /// counts.
    pub(super) fn is_junk(&mut self) {
        if let Some(ending) = self.ending.as_mut().filter(|_| self.copies == 1) {
            ending.junk = true;
        }
    }

    /// # Panics
    /// On a message that is in no mailbox yet.
    pub(super) fn retrieved(&mut self, at: SimTime, protocol: RetrievalProtocol) {
        let ending = self.ending.as_mut().expect("what is fetched was delivered");
        ending.retrieved.get_or_insert((at, protocol));
    }

    /// Returns the status of an open story: why it was put off last. The reply by which the present
    /// host took the message says nothing about what becomes of it, so it is left out.
    fn open_status(&self) -> Option<Status> {
        self.latest_status.filter(|status| status.class != 2)
    }

    /// Returns the row; `open` says where the message is if its story has not ended.
    pub(super) fn record(&self, open: Option<(FinalState, HostId)>) -> MessageRecord<'_> {
        let (state, status, ended, host, fields) = match (&self.ending, open) {
            (Some(end), _) => {
                let state = match end.outcome {
                    FinalOutcome::Delivered => FinalState::Delivered,
                    FinalOutcome::Failed => FinalState::Failed,
                    FinalOutcome::Discarded => FinalState::Discarded,
                };
                (state, Some(end.status), Some(end.at), Some(end.host), end.received_fields)
            }
            (None, Some((state, host))) => {
                (state, self.open_status(), None, Some(host), self.received_fields)
            }
            (None, None) => {
                (FinalState::Queued, self.open_status(), None, None, self.received_fields)
            }
        };
        MessageRecord {
            key: self.key,
            recipient: self.recipient,
            sender: self.sender,
            kind: self.kind,
            about: self.unusual.as_ref().and_then(|unusual| unusual.about),
            size: self.size,
            submitted: self.submitted,
            accepted: (self.accepted != SimTime::MAX).then_some(self.accepted),
            state,
            status,
            ended,
            host,
            hops: (self.accepted != SimTime::MAX).then_some(fields),
            attempts: self.attempts,
            path: self.path.hosts(),
            copies: self.copies,
            junk: self.ending.as_ref().is_some_and(|ending| ending.junk),
            retrieved: self.ending.as_ref().and_then(|ending| ending.retrieved),
        }
    }

    /// Returns where the time until delivery went; none unless delivered.
    pub(super) fn stages(&self) -> Option<Stages> {
        let end = self.ending.as_ref()?;
        if end.outcome != FinalOutcome::Delivered {
            return None;
        }
        let whole = end.at.since(self.submitted);
        let before_server = self.accepted.min(end.at).since(self.submitted);
        // A session outlasts its 250 by the way back to the client, and copies may be under way at
        // once: no part may exceed what is left of the whole.
        let after = whole - before_server;
        let submitting = self.submitting.min(before_server);
        let failing_to_submit = self.unusual.as_ref().map_or(SimDuration::ZERO, |unusual| {
            unusual.failing_to_submit.min(before_server - submitting)
        });
        let handing_on = self.handing_on.min(after);
        let failing = self.failing.min(after - handing_on);
        Some(Stages {
            outbox: before_server - submitting - failing_to_submit,
            sessions: submitting + handing_on,
            failed_attempts: failing_to_submit + failing,
            queues: after - handing_on - failing,
        })
    }
}
