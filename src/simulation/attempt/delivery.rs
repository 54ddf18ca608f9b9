//! The delivery agent of an MTA: look up where a destination is, and try its hosts in turn.

use crate::engine::Class;
use crate::mail::{AttemptOutcome, HostId, Reply, Stage, Status};
use crate::queue::{Context, CopyState, DeliveryHandle, Destination, Report};
use crate::random::{Distribution, SessionDraw};
use crate::smtp::{ClientSettings, Draws as _, Failure, ServiceTimes};
use crate::trace::{AttemptFact, Fact, FactSink, SessionMarks};
use crate::units::{Octets, SimTime};

use super::draws::{TryDraws, constant};
use super::run::{Phase, Purpose, Run};
use crate::simulation::fast::setup::Setup;
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

impl<'s, S: FactSink> World<'s, '_, S> {
    /// Begins a delivery that a queue manager ordered.
    pub(crate) fn begin_delivery(&mut self, host: HostId, purpose: Purpose) {
        let Purpose::Delivery { delivery, destination, .. } = purpose else {
            return;
        };
        let mut run = self.run_of(host, delivery, purpose);
        if destination == Destination::Local {
            self.begin_local(&mut run);
        } else {
            self.start_agent(&mut run);
        }
        self.attempts.runs.put_back(run);
    }

    /// Makes the run of a delivery.
    pub(crate) fn run_of(
        &mut self,
        host: HostId,
        delivery: DeliveryHandle,
        purpose: Purpose,
    ) -> Box<Run> {
        let mut run = self.new_run(purpose, host);
        let queued = self.entries.delivery_mut(delivery).expect("it was just ordered");
        match queued.number {
            0 => queued.number = run.number,
            number => run.number = number,
        }
        let entry = queued.entry;
        let entry = &self.entries[entry];
        run.message = entry.message;
        run.round = entry.rounds;
        run.size = entry.size();
        run.received_fields = entry.received_fields;
        self.gather_recipients(&mut run, delivery);
        if let (Some(&copy), Some(&mailbox)) = (run.recipients.first(), run.mailboxes.first()) {
            self.chains.tried(self.now, copy, || (host, mailbox));
        }
        run
    }

    /// Lets a run know who belongs to its delivery.
    #[inline(always)]
    pub(crate) fn gather_recipients(&mut self, run: &mut Run, delivery: DeliveryHandle) {
        run.copies.clear();
        run.recipients.clear();
        run.mailboxes.clear();
        for index in self.entries.delivery_recipients(delivery) {
            let recipient = self.entries.recipient(index);
            run.copies.push(index);
            run.recipients.push(recipient);
            run.mailboxes.push(self.messages[recipient].mailbox);
        }
    }

    /// Goes on with a new run when its agent has begun.
    pub(crate) fn start_agent(&mut self, run: &mut Run) {
        let client = run.client;
        let sender = &mut self.hosts[client.index()];
        let idle = sender.agents.take(self.now);
        let ServiceTimes { agent, process_start, .. } = &sender.config.server.service;
        let start = if idle { &NO_TIME } else { process_start };
        let wait = match (constant(agent), constant(start)) {
            (Some(agent), Some(start)) => agent + start,
            _ => {
                let key = self.draw_key(run, SessionDraw::Agent, 0);
                let mut draws = TryDraws::new(&self.draws.session, key);
                let agent = draws.time(agent);
                agent + draws.time(start)
            }
        };
        if wait.is_zero() {
            self.proceed(run);
        } else {
            self.schedule(self.now + wait, Class::Start, Event::Proceed { run: run.handle });
        }
    }

    /// Goes on with a run: looks its destination up, or tries the next host.
    pub(crate) fn proceed(&mut self, run: &mut Run) {
        match run.phase {
            Phase::Beginning => match run.purpose {
                Purpose::Transaction { .. } => self.use_opened(run),
                _ => self.look_up(run),
            },
            Phase::Targeting => {
                if !run.unrouted.is_empty() {
                    self.leave_unrouted(run);
                }
                if matches!(run.purpose, Purpose::LookUp { .. }) {
                    self.tell_resolved(run);
                } else if run.targets.is_empty() {
                    self.nobody_to_try(run);
                } else {
                    self.try_targets(run);
                }
            }
            Phase::Connecting => self.take_slot(run, None),
            Phase::Waiting | Phase::Trying | Phase::Resting | Phase::Orphaned | Phase::Over => {}
        }
    }

    /// Tries the hosts that were found, if no connection is left to one of them.
    #[inline(always)]
    pub(crate) fn try_targets(&mut self, run: &mut Run) {
        let reuses = matches!(run.purpose, Purpose::Delivery { reuse: true, .. });
        if !reuses || !self.take_up_connection(run) {
            self.try_next(run);
        }
    }

    /// Returns the settings by which a run sends: its host's, with those of the SMTP client that its
    /// transport has for itself.
    #[inline]
    pub(crate) fn config_of(&self, run: &Run) -> Setup<'s> {
        let mut config = self.hosts[run.client.index()].config;
        if let Purpose::Delivery { destination, .. } = run.purpose {
            config.client = config.client_to(destination);
        }
        config
    }

    /// The look-up left nobody to try: all recipients share its failure.
    pub(crate) fn nobody_to_try(&mut self, run: &mut Run) {
        let failure = run.failure.expect("an empty list of targets comes with a reason");
        run.started = run.begun;
        run.last_failure = Some(failure);
        self.share_failure(run);
    }

    /// All recipients share the failure of their run, which has tried nobody.
    pub(crate) fn share_failure(&mut self, run: &mut Run) {
        run.target = None;
        run.marks = SessionMarks::NONE;
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
        if run.is_submission() {
            self.submission_tried(run);
        } else {
            self.delivery_tried(run);
        }
    }

    /// A try of a delivery has ended: settles its recipients, then goes on to the next host or
    /// reports to the queue manager.
    pub(crate) fn delivery_tried(&mut self, run: &mut Run) {
        let Some(delivery) = run.delivery() else {
            return;
        };
        let config = self.config_of(run);
        let next_host = &config.client.next_host;
        if is_at_last_host(run) {
            run.failure = run.failure.map(|failure| next_host.at_last_host(failure));
        }
        self.tell_tried(run);
        let temporary = !run.all_accepted() && has_temporary_failure(run, config.client);
        let permanent_opening = next_host.takes_elsewhere(run.failure.as_ref());
        let goes_on = (temporary || permanent_opening)
            && config.client.session_limit.is_none_or(|limit| run.sessions < limit)
            && next_host.leads_on(run.failure.as_ref())
            && self.next_target(run).is_some();
        let (client, entry) = (run.client, self.entries.delivery(delivery).map(|d| d.entry));
        let entry = entry.expect("a delivery under way exists");
        let next_attempt = if temporary && !goes_on {
            self.hosts[client.index()].queue.next_attempt(self.now, entry, &self.entries)
        } else {
            None
        };
        self.settle_recipients(run, next_attempt, goes_on && permanent_opening);
        let site = site_failure(run.failure.as_ref()).filter(|_| !run.session_completed);
        if goes_on {
            run.session_completed |= site.is_none();
            run.phase = Phase::Targeting;
            run.failure = None;
            self.keep_assigned(run);
            self.try_next(run);
            return;
        }
        let length = self.now.since(run.begun);
        let report = Report {
            delivery,
            site_failure: site,
            failure: run.failure,
            tried: run.tried,
            connection_kept: run.connection_kept,
        };
        self.attempts.runs.end(run);
        let totals = &mut self.hosts[client.index()].totals;
        totals.delivery_busy += length;
        self.hosts[client.index()].agents.put(self.now);
        self.tell(client, |queue, now, context| queue.finished(now, &report, context));
    }

    /// Lets the queue manager know how the try of a host ended.
    fn tell_tried(&mut self, run: &Run) {
        let Some(tried) = run.tried() else {
            return;
        };
        let orders = self.given.orders.len();
        let state = &mut self.hosts[run.client.index()];
        let mut context = Context {
            host: run.client,
            entries: &mut self.entries,
            actions: &mut self.given.orders,
            addresses: &self.messages,
            random: &mut state.queue_random,
        };
        state.queue.tried(self.now, &tried, &mut context);
        debug_assert_eq!(self.given.orders.len(), orders, "nothing is ordered when a try ends");
    }

    /// States each recipient's attempt and marks its copy.
    ///
    /// Those that the next host is `still` asked about stay assigned whatever this one said.
    #[inline(always)]
    pub(crate) fn settle_recipients(
        &mut self,
        run: &mut Run,
        next_attempt: Option<SimTime>,
        still: bool,
    ) {
        let (count, accepted) = (run.recipients.len(), accepted_at_rcpt(run));
        for index in 0..count {
            let fared = self.state_attempt(run, (index, accepted), next_attempt);
            let (copy, recipient, client) = (run.copies[index], run.recipients[index], run.client);
            let totals = &mut self.hosts[client.index()].totals;
            match fared.outcome {
                AttemptOutcome::Suspended => totals.suspensions += 1,
                _ => totals.attempts += 1,
            }
            match fared.outcome {
                AttemptOutcome::Accepted => {
                    self.entries.set_state(copy, CopyState::Done);
                    // In a process, what is done is written down when its manager says so.
                    if run.process().is_none() {
                        self.let_go(recipient);
                    }
                }
                AttemptOutcome::Permfail if !still => {
                    self.entries.set_state(copy, CopyState::Failed(fared.status));
                }
                _ => {
                    let queued =
                        run.delivery().and_then(|delivery| self.entries.delivery(delivery));
                    if let Some(entry) = queued.map(|queued| queued.entry) {
                        self.entries[entry].set_last_status(fared.status);
                    }
                }
            }
        }
    }

    /// States how one recipient fared in the try that has just ended, in which so many were accepted at
    /// RCPT, and returns it.
    pub(crate) fn state_attempt(
        &mut self,
        run: &Run,
        (index, accepted): (usize, usize),
        next_attempt: Option<SimTime>,
    ) -> Fared {
        let fared = self.fared(run, index, accepted);
        let fact = Fact::Attempt(self.attempt_fact(run, index, &fared, next_attempt));
        self.sink.fact(self.now, &fact, &self.messages);
        fared
    }

    /// Returns how one recipient fared in the try that has just ended.
    fn fared(&self, run: &Run, index: usize, accepted: usize) -> Fared {
        let refusal = run.replies.get(index).copied().flatten();
        let refusal = refusal.filter(|reply| !reply.is_positive());
        match (refusal, run.failure) {
            (Some(reply), _) => {
                let client = self.config_of(run).client;
                let outcome = if client.refuses_for_good(reply, accepted) {
                    AttemptOutcome::Permfail
                } else {
                    AttemptOutcome::Tempfail
                };
                Fared { stage: Stage::Rcpt, outcome, reply: Some(reply), status: reply.status }
            }
            (None, Some(Failure { stage, outcome, reply, status, .. })) => {
                Fared { stage, outcome, reply, status }
            }
            (None, None) => {
                let reply = Reply::ACCEPTED;
                let outcome = AttemptOutcome::Accepted;
                Fared { stage: Stage::Dot, outcome, reply: Some(reply), status: reply.status }
            }
        }
    }

    /// Returns the fact about one recipient of the try that has just ended.
    // Two hundred and fifty octets: built where it is needed, not copied there.
    #[inline(always)]
    pub(crate) fn attempt_fact(
        &self,
        run: &Run,
        index: usize,
        &Fared { stage, outcome, reply, status }: &Fared,
        next_attempt: Option<SimTime>,
    ) -> AttemptFact {
        let octets = run.transaction.as_ref().map_or(Octets(0), |transaction| transaction.octets);
        let next_attempt = next_attempt.filter(|_| outcome.is_temporary());
        AttemptFact {
            delivery: run.number,
            recipient: run.recipients[index],
            from: run.client,
            to: run.target.map(|target| target.host),
            address: run.target.map(|target| target.address.0),
            source: run.target.and(run.source).map(|address| address.0),
            preference: run.target.and_then(|target| target.preference),
            started: run.started,
            ended: self.now,
            stage,
            outcome,
            reply,
            status,
            next_attempt,
            marks: run.marks,
            transaction: run.ordinal_on_connection,
            recipients: u32::try_from(run.recipients.len()).unwrap_or(u32::MAX),
            port: self.port_of(run),
            octets,
        }
    }

    /// Keeps in the run only the recipients that are still to be tried.
    fn keep_assigned(&mut self, run: &mut Run) {
        let mut kept = 0;
        for index in 0..run.copies.len() {
            if matches!(self.entries.copy(run.copies[index]).state, CopyState::Assigned(_)) {
                run.copies.swap(kept, index);
                run.recipients.swap(kept, index);
                run.mailboxes.swap(kept, index);
                kept += 1;
            }
        }
        run.copies.truncate(kept);
        run.recipients.truncate(kept);
        run.mailboxes.truncate(kept);
    }
}

/// How one recipient fared in a try.
pub(crate) struct Fared {
    pub(crate) stage: Stage,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) reply: Option<Reply>,
    pub(crate) status: Status,
}

/// What an idle process takes to start.
const NO_TIME: Distribution = Distribution::Constant(0.0);

/// Returns whether no host follows the one just tried in its list. A fallback relay, which no MX
/// record named, is in a list of its own.
fn is_at_last_host(run: &Run) -> bool {
    let Some(target) = run.target else {
        return false;
    };
    let next = run.targets.get(run.next_target);
    next.is_none_or(|next| target.preference.is_some() && next.preference.is_none())
}

/// Returns how many recipients of the try at hand were accepted at RCPT.
pub(crate) fn accepted_at_rcpt(run: &Run) -> usize {
    run.replies.iter().flatten().filter(|reply| reply.is_positive()).count()
}

/// Returns whether a recipient of the try at hand may be accepted another time.
fn has_temporary_failure(run: &Run, client: &ClientSettings) -> bool {
    let accepted = accepted_at_rcpt(run);
    let refused = |index: usize| run.replies[index].filter(|reply| !reply.is_positive());
    (0..run.recipients.len()).any(|index| match refused(index) {
        Some(reply) => !client.refuses_for_good(reply, accepted),
        None => run.failure.is_some_and(|failure| failure.outcome.is_temporary()),
    })
}

/// Returns whether the destination as a whole failed, with the reason.
fn site_failure(failure: Option<&Failure>) -> Option<Status> {
    failure.filter(|failure| failure.concerns_site()).map(|failure| failure.status)
}
