//! What is known of one recipient so far.

use crate::mail::{AttemptOutcome, HostId, Mailbox, MessageKey, MessageKind, ReversePath, Status};
use crate::trace::{AttemptFact, Created, FinalOutcome, RetrievalProtocol};
use crate::units::{Octets, SimDuration, SimTime};

use super::record::{FinalState, MessageRecord};

/// The first hosts of a way, in order. Most mail takes no longer way; only loops go much further
/// ([`Rare::further`]).
#[derive(Debug, Clone, Copy)]
struct Near([HostId; Near::MOST]);

impl Near {
    const MOST: usize = 3;
    /// Stands where no host does yet.
    const NOWHERE: HostId = HostId(u32::MAX);

    fn starting_at(host: HostId) -> Self {
        let mut hosts = [Self::NOWHERE; Self::MOST];
        hosts[0] = host;
        Self(hosts)
    }

    fn hosts(&self) -> &[HostId] {
        let length = self.0.iter().take_while(|&&host| host != Self::NOWHERE).count();
        &self.0[..length]
    }
}

/// A recipient's story while it is open. There is one for each recipient that waits somewhere, so
/// it takes two cache lines, and what few have is kept apart. An attempt changes [`Progress`] alone.
#[derive(Debug, Clone)]
pub(super) struct Story {
    progress: Progress,
    identity: Identity,
}

/// What becomes of the message.
#[derive(Debug, Clone)]
struct Progress {
    submitted: SimTime,
    accepted: SimTime,
    /// Time in tries that handed it to the first server.
    submitting: SimDuration,
    /// Time in tries that handed the message on.
    handing_on: SimDuration,
    /// Time in tries that failed.
    failing: SimDuration,
    rare: Option<Box<Rare>>,
    received_fields: u32,
    attempts: u32,
    latest_status: Option<Status>,
}

const _: () = assert!(size_of::<Story>() <= 128 && size_of::<Progress>() <= 64);

/// What it is, and the way that it took.
#[derive(Debug, Clone)]
struct Identity {
    key: MessageKey,
    recipient: Mailbox,
    sender: ReversePath,
    size: Octets,
    way: Near,
    kind: MessageKind,
}

/// What few stories have, or have for a moment only: most close as soon as they have ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Rare {
    /// The message that a notice is about.
    about: Option<MessageKey>,
    /// Time in failed tries before a server had the message.
    failing_to_submit: SimDuration,
    /// With its first retrieval.
    ending: Option<Ending>,
    /// The whole way, if it is longer than [`Near`] holds.
    further: Vec<HostId>,
}

/// How a story ended.
#[derive(Debug, Clone, Copy)]
struct Ending {
    at: SimTime,
    outcome: FinalOutcome,
    host: HostId,
    status: Status,
    received_fields: u32,
    /// Copies in the mailbox.
    copies: u32,
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

impl Rare {
    /// Makes it fit for another story.
    pub(super) fn clear(&mut self) {
        self.further.clear();
        *self = Self { further: std::mem::take(&mut self.further), ..Self::default() };
    }
}

impl Story {
    pub(super) fn new(at: SimTime, created: &Created) -> Self {
        let rare = created.about.map(|about| Rare { about: Some(about), ..Rare::default() });
        Self {
            progress: Progress {
                submitted: at,
                accepted: SimTime::MAX,
                submitting: SimDuration::ZERO,
                handing_on: SimDuration::ZERO,
                failing: SimDuration::ZERO,
                rare: rare.map(Box::new),
                received_fields: 0,
                attempts: 0,
                latest_status: None,
            },
            identity: Identity {
                key: created.key,
                recipient: created.mailbox,
                sender: created.sender.into(),
                size: created.size,
                way: Near::starting_at(created.host),
                kind: created.kind,
            },
        }
    }

    pub(super) fn key(&self) -> MessageKey {
        self.identity.key
    }

    pub(super) fn recipient(&self) -> Mailbox {
        self.identity.recipient
    }

    pub(super) fn submitted(&self) -> SimTime {
        self.progress.submitted
    }

    fn ending(&self) -> Option<&Ending> {
        self.progress.rare.as_ref()?.ending.as_ref()
    }

    /// Returns the hosts that have had a copy, in order.
    fn path(&self) -> &[HostId] {
        let further = self.progress.rare.as_ref().map(|rare| &rare.further[..]);
        further.filter(|hosts| !hosts.is_empty()).unwrap_or_else(|| self.identity.way.hosts())
    }

    fn came_to(&mut self, host: HostId) {
        let (length, last) = (self.path().len(), self.path().last().copied());
        if last == Some(host) {
            return;
        }
        let near = &mut self.identity.way.0;
        if let Some(place) = near.get_mut(length) {
            *place = host;
            return;
        }
        let further = &mut self.progress.rare.get_or_insert_default().further;
        if further.is_empty() {
            further.extend_from_slice(near);
        }
        further.push(host);
    }

    /// `by` has a copy. The way of a second copy is not told: the first to arrive fixes the path.
    pub(super) fn accepted(&mut self, at: SimTime, by: HostId, fields: u32, server: bool) {
        let progress = &mut self.progress;
        if server && progress.accepted == SimTime::MAX {
            progress.accepted = at;
        }
        if self.ending().is_none() {
            self.progress.received_fields = fields;
            self.came_to(by);
        }
    }

    pub(super) fn attempted(&mut self, fact: &AttemptFact) {
        let until = self.ending().map_or(fact.ended, |ending| fact.ended.min(ending.at));
        let progress = &mut self.progress;
        progress.attempts += 1;
        progress.latest_status = Some(fact.status);
        let spent = until.since(fact.started);
        let success = fact.outcome == AttemptOutcome::Accepted;
        *match (fact.started < progress.accepted, success) {
            (true, true) => &mut progress.submitting,
            (true, false) => &mut progress.rare.get_or_insert_default().failing_to_submit,
            (false, true) => &mut progress.handing_on,
            (false, false) => &mut progress.failing,
        } += spent;
    }

    /// Takes out the box of what is rare, for the next story: nearly every story has one for a
    /// moment.
    pub(super) fn rare_box(&mut self) -> Option<Box<Rare>> {
        self.progress.rare.take()
    }

    /// Returns whether this was the first end of the story. `spare`: a box to put it in.
    pub(super) fn ended(
        &mut self,
        spare: &mut Option<Box<Rare>>,
        at: SimTime,
        host: HostId,
        outcome: FinalOutcome,
        status: Status,
        received_fields: u32,
    ) -> bool {
        let delivered = outcome == FinalOutcome::Delivered;
        let (copies, junk, retrieved) = (u32::from(delivered), false, None);
        let end = Ending { at, outcome, host, status, received_fields, copies, junk, retrieved };
        let rare = &mut self.progress.rare;
        let rare = rare.get_or_insert_with(|| spare.take().unwrap_or_default());
        let Some(former) = &mut rare.ending else {
            rare.ending = Some(end);
            self.came_to(host);
            return true;
        };
        former.copies += copies;
        // The first end counts, except that a delivery counts before a failure.
        if delivered && former.outcome != FinalOutcome::Delivered {
            *former = Ending { copies: former.copies, retrieved: former.retrieved, ..end };
            self.came_to(host);
        }
        false
    }

    /// The copy that has just been delivered lies in the folder Junk. Of several copies the first
    /// counts.
    pub(super) fn is_junk(&mut self) {
        let ending = self.progress.rare.as_mut().and_then(|rare| rare.ending.as_mut());
        if let Some(ending) = ending.filter(|ending| ending.copies == 1) {
            ending.junk = true;
        }
    }

    /// # Panics
    /// On a message that is in no mailbox yet.
    pub(super) fn retrieved(&mut self, at: SimTime, protocol: RetrievalProtocol) {
        let ending = self.progress.rare.as_mut().and_then(|rare| rare.ending.as_mut());
        let ending = ending.expect("what is fetched was delivered");
        ending.retrieved.get_or_insert((at, protocol));
    }

    /// Returns the status of an open story: why it was put off last. The reply by which the present
    /// host took the message says nothing about what becomes of it, so it is left out.
    fn open_status(&self) -> Option<Status> {
        self.progress.latest_status.filter(|status| status.class != 2)
    }

    /// Returns the row; `open` says where the message is if its story has not ended.
    pub(super) fn record(&self, open: Option<(FinalState, HostId)>) -> MessageRecord<'_> {
        let (progress, identity, ending) = (&self.progress, &self.identity, self.ending());
        let (state, status, ended, host, fields) = match (ending, open) {
            (Some(end), _) => {
                let state = match end.outcome {
                    FinalOutcome::Delivered => FinalState::Delivered,
                    FinalOutcome::Failed => FinalState::Failed,
                    FinalOutcome::Discarded => FinalState::Discarded,
                };
                (state, Some(end.status), Some(end.at), Some(end.host), end.received_fields)
            }
            (None, Some((state, host))) => {
                (state, self.open_status(), None, Some(host), progress.received_fields)
            }
            (None, None) => {
                (FinalState::Queued, self.open_status(), None, None, progress.received_fields)
            }
        };
        let accepted = (progress.accepted != SimTime::MAX).then_some(progress.accepted);
        MessageRecord {
            key: identity.key,
            recipient: identity.recipient,
            sender: identity.sender.mailbox(),
            kind: identity.kind,
            about: progress.rare.as_ref().and_then(|rare| rare.about),
            size: identity.size,
            submitted: progress.submitted,
            accepted,
            state,
            status,
            ended,
            host,
            hops: accepted.map(|_| fields),
            attempts: progress.attempts,
            path: self.path(),
            copies: ending.map_or(0, |ending| ending.copies),
            junk: ending.is_some_and(|ending| ending.junk),
            retrieved: ending.and_then(|ending| ending.retrieved),
        }
    }

    /// Returns where the time until delivery went; none unless delivered.
    pub(super) fn stages(&self) -> Option<Stages> {
        let (progress, end) = (&self.progress, self.ending()?);
        if end.outcome != FinalOutcome::Delivered {
            return None;
        }
        let whole = end.at.since(progress.submitted);
        let before_server = progress.accepted.min(end.at).since(progress.submitted);
        // A session outlasts its 250 by the way back to the client, and copies may be under way at
        // once: no part may exceed what is left of the whole.
        let after = whole - before_server;
        let submitting = progress.submitting.min(before_server);
        let failing_to_submit = progress.rare.as_ref().map_or(SimDuration::ZERO, |rare| {
            rare.failing_to_submit.min(before_server - submitting)
        });
        let handing_on = progress.handing_on.min(after);
        let failing = progress.failing.min(after - handing_on);
        Some(Stages {
            outbox: before_server - submitting - failing_to_submit,
            sessions: submitting + handing_on,
            failed_attempts: failing_to_submit + failing,
            queues: after - handing_on - failing,
        })
    }
}
