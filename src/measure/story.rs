//! What is known of one recipient so far.

use std::hint::black_box;

use crate::mail::{AttemptOutcome, CompactStatus, HostId, Status};
use crate::trace::{AttemptFact, Created, FinalOutcome, Identity, RetrievalProtocol};
use crate::units::{SimDuration, SimTime};

use super::record::{FinalState, MessageRecord};
use super::spans::{Kept, Span, Spans};
use super::story_extras::{Ending, Place, Rare, Rares};

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

/// A recipient's story while it is open: what the run's register does not know. There is one for
/// each recipient that waits somewhere, so it takes less than a cache line, and what few have is kept
/// apart, in [`Rares`].
#[derive(Debug, Clone)]
pub(super) struct Story {
    submitted: SimTime,
    spans: Spans,
    way: Near,
    received_fields: u32,
    attempts: u32,
    rare: Option<Place>,
    latest_status: CompactStatus,
}

const _: () = assert!(size_of::<Option<Story>>() <= 56);

/// Where a delivered message spent its time; the parts add up to submission to delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) outbox: SimDuration,
    pub(super) sessions: SimDuration,
    pub(super) failed_attempts: SimDuration,
    pub(super) queues: SimDuration,
}

impl Story {
    pub(super) fn new(rares: &mut Rares, at: SimTime, created: &Created) -> Self {
        let mut story = Self {
            submitted: at,
            spans: Spans::new(),
            way: Near::starting_at(created.host),
            received_fields: 0,
            attempts: 0,
            rare: None,
            latest_status: CompactStatus::NONE,
        };
        if created.about.is_some() {
            story.rare_mut(rares).about = created.about;
        }
        story
    }

    pub(super) fn submitted(&self) -> SimTime {
        self.submitted
    }

    /// Looks at all of it: it may lie in two cache lines.
    pub(super) fn prefetch(&self) {
        black_box((self.submitted, self.attempts, self.latest_status, self.way.0[0]));
    }

    fn rare<'r>(&self, rares: &'r Rares) -> Option<&'r Rare> {
        self.rare.map(|place| rares.get(place))
    }

    fn rare_mut<'r>(&mut self, rares: &'r mut Rares) -> &'r mut Rare {
        let place = *self.rare.get_or_insert_with(|| rares.take());
        rares.get_mut(place)
    }

    fn ending<'r>(&self, rares: &'r Rares) -> Option<&'r Ending> {
        self.rare(rares)?.ending.as_ref()
    }

    fn ending_mut<'r>(&self, rares: &'r mut Rares) -> Option<&'r mut Ending> {
        rares.get_mut(self.rare?).ending.as_mut()
    }

    /// Returns a span; none: it is not over.
    fn span(&self, span: Span, rares: &Rares) -> Option<SimDuration> {
        match self.spans.get(span) {
            Kept::Nanos(nanos) => Some(SimDuration::from_nanos(nanos)),
            Kept::Elsewhere => self.rare(rares).map(|rare| rare.long[span as usize]),
            Kept::Open => None,
        }
    }

    fn set_span(&mut self, span: Span, length: SimDuration, rares: &mut Rares) {
        if !self.spans.set(span, length.as_nanos()) {
            self.rare_mut(rares).long[span as usize] = length;
        }
    }

    fn spent(&self, span: Span, rares: &Rares) -> SimDuration {
        self.span(span, rares).unwrap_or(SimDuration::ZERO)
    }

    /// Returns when the first server had the message; never, if none has it yet.
    fn accepted_at(&self, rares: &Rares) -> SimTime {
        let span = self.span(Span::UntilAccepted, rares);
        span.map_or(SimTime::MAX, |span| self.submitted.saturating_add(span))
    }

    /// Returns the hosts that have had a copy, in order.
    fn path<'s>(&'s self, rares: &'s Rares) -> &'s [HostId] {
        let further = self.rare(rares).map(|rare| &rare.further[..]);
        further.filter(|hosts| !hosts.is_empty()).unwrap_or_else(|| self.way.hosts())
    }

    fn came_to(&mut self, host: HostId, rares: &mut Rares) {
        let path = self.path(rares);
        let (length, last) = (path.len(), path.last().copied());
        if last == Some(host) {
            return;
        }
        if let Some(place) = self.way.0.get_mut(length) {
            *place = host;
            return;
        }
        let near = self.way;
        let further = &mut self.rare_mut(rares).further;
        if further.is_empty() {
            further.extend_from_slice(&near.0);
        }
        further.push(host);
    }

    /// `by` has a copy. The way of a second copy is not told: the first to arrive fixes the path.
    pub(super) fn accepted(
        &mut self,
        rares: &mut Rares,
        at: SimTime,
        by: HostId,
        fields: u32,
        server: bool,
    ) {
        if server && self.spans.get(Span::UntilAccepted) == Kept::Open {
            self.set_span(Span::UntilAccepted, at.since(self.submitted), rares);
        }
        if self.ending(rares).is_none() {
            self.received_fields = fields;
            self.came_to(by, rares);
        }
    }

    pub(super) fn attempted(&mut self, rares: &mut Rares, fact: &AttemptFact) {
        self.attempts += 1;
        self.latest_status = fact.status.into();
        let until = self.ending(rares).map_or(fact.ended, |ending| fact.ended.min(ending.at));
        let spent = until.since(fact.started);
        // Most tries of mail that waits are none: it is put off.
        if spent.is_zero() {
            return;
        }
        let success = fact.outcome == AttemptOutcome::Accepted;
        let span = match (fact.started < self.accepted_at(rares), success) {
            (true, true) => Span::Submitting,
            (true, false) => {
                self.rare_mut(rares).failing_to_submit += spent;
                return;
            }
            (false, true) => Span::HandingOn,
            (false, false) => Span::Failing,
        };
        self.set_span(span, self.spent(span, rares) + spent, rares);
    }

    /// Gives back what it has of `rares`.
    pub(super) fn forget(self, rares: &mut Rares) {
        if let Some(place) = self.rare {
            rares.give_back(place);
        }
    }

    /// Returns whether this was the first end of the story.
    pub(super) fn ended(
        &mut self,
        rares: &mut Rares,
        at: SimTime,
        host: HostId,
        outcome: FinalOutcome,
        status: Status,
        received_fields: u32,
    ) -> bool {
        let delivered = outcome == FinalOutcome::Delivered;
        let (copies, junk, retrieved) = (u32::from(delivered), false, None);
        let end = Ending { at, outcome, host, status, received_fields, copies, junk, retrieved };
        let rare = self.rare_mut(rares);
        let Some(former) = &mut rare.ending else {
            rare.ending = Some(end);
            self.came_to(host, rares);
            return true;
        };
        former.copies += copies;
        // The first end counts, except that a delivery counts before a failure.
        if delivered && former.outcome != FinalOutcome::Delivered {
            *former = Ending { copies: former.copies, retrieved: former.retrieved, ..end };
            self.came_to(host, rares);
        }
        false
    }

    /// The copy that has just been delivered lies in the folder Junk. Of several copies the first
    /// counts.
    pub(super) fn is_junk(&self, rares: &mut Rares) {
        if let Some(ending) = self.ending_mut(rares).filter(|ending| ending.copies == 1) {
            ending.junk = true;
        }
    }

    /// # Panics
    /// On a message that is in no mailbox yet.
    pub(super) fn retrieved(&self, rares: &mut Rares, at: SimTime, protocol: RetrievalProtocol) {
        let ending = self.ending_mut(rares).expect("what is fetched was delivered");
        ending.retrieved.get_or_insert((at, protocol));
    }

    /// Returns the status of an open story: why it was put off last. The reply by which the present
    /// host took the message says nothing about what becomes of it, so it is left out.
    fn open_status(&self) -> Option<Status> {
        self.latest_status.get().filter(|status| status.class != 2)
    }

    /// Returns the row; `open` says where the message is if its story has not ended.
    pub(super) fn record<'s>(
        &'s self,
        rares: &'s Rares,
        identity: &Identity,
        open: Option<(FinalState, HostId)>,
    ) -> MessageRecord<'s> {
        let ending = self.ending(rares);
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
                (state, self.open_status(), None, Some(host), self.received_fields)
            }
            (None, None) => {
                (FinalState::Queued, self.open_status(), None, None, self.received_fields)
            }
        };
        let accepted = self.accepted_at(rares);
        let accepted = (accepted != SimTime::MAX).then_some(accepted);
        MessageRecord {
            key: identity.key,
            recipient: identity.mailbox,
            sender: identity.sender,
            kind: identity.kind,
            about: self.rare(rares).and_then(|rare| rare.about),
            size: identity.size,
            submitted: self.submitted,
            accepted,
            state,
            status,
            ended,
            host,
            hops: accepted.map(|_| fields),
            attempts: self.attempts,
            path: self.path(rares),
            copies: ending.map_or(0, |ending| ending.copies),
            junk: ending.is_some_and(|ending| ending.junk),
            retrieved: ending.and_then(|ending| ending.retrieved),
        }
    }

    /// Returns where the time until delivery went; none unless delivered.
    pub(super) fn stages(&self, rares: &Rares) -> Option<Stages> {
        let rare = self.rare(rares)?;
        let end = rare.ending.as_ref()?;
        if end.outcome != FinalOutcome::Delivered {
            return None;
        }
        let whole = end.at.since(self.submitted);
        let before_server = self.accepted_at(rares).min(end.at).since(self.submitted);
        // A session outlasts its 250 by the way back to the client, and copies may be under way at
        // once: no part may exceed what is left of the whole.
        let after = whole - before_server;
        let submitting = self.spent(Span::Submitting, rares).min(before_server);
        let failing_to_submit = rare.failing_to_submit.min(before_server - submitting);
        let handing_on = self.spent(Span::HandingOn, rares).min(after);
        let failing = self.spent(Span::Failing, rares).min(after - handing_on);
        Some(Stages {
            outbox: before_server - submitting - failing_to_submit,
            sessions: submitting + handing_on,
            failed_attempts: failing_to_submit + failing,
            queues: after - handing_on - failing,
        })
    }
}
