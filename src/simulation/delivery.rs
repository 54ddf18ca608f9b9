//! The delivery agent of an MTA: look up where a destination is, and try its hosts in turn.

use crate::dns::{Ask, Lookup, RouteOutcome};
use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Reply, Stage, Status};
use crate::queue::{Context, CopyState, DeliveryHandle, Destination, Report};
use crate::random::{Distribution, SessionDraw};
use crate::smtp::{ClientSettings, Draws as _, Failure, ServiceTimes};
use crate::trace::{AttemptFact, Fact, FactSink, LookupOutcome, SessionMarks};
use crate::units::{Octets, SimTime};

use super::draws::{TryDraws, constant};
use super::event::Event;
use super::run::{Phase, Purpose, Run, Target};
use super::sole_targets::SoleTarget;
use super::targets::direct;
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Begins a delivery that a queue manager ordered.
    pub(super) fn begin_delivery(&mut self, host: HostId, purpose: Purpose) {
        let Purpose::Delivery { delivery, destination, .. } = purpose else {
            return;
        };
        let handle = self.run_of(host, delivery, purpose);
        if destination == Destination::Local {
            self.begin_local(handle);
        } else {
            self.start_agent(handle);
        }
    }

    /// Makes the run of a delivery.
    pub(super) fn run_of(
        &mut self,
        host: HostId,
        delivery: DeliveryHandle,
        purpose: Purpose,
    ) -> Handle {
        let handle = self.new_run(purpose, host);
        let entry = self.entries.delivery(delivery).expect("it was just ordered").entry;
        let entry = &self.entries[entry];
        let run = self.runs.get_mut(handle).expect("just made");
        run.message = entry.message;
        run.round = entry.rounds;
        run.size = entry.size();
        run.received_fields = entry.received_fields;
        for index in self.entries.delivery_recipients(delivery) {
            let recipient = self.entries.recipient(index);
            run.copies.push(index);
            run.recipients.push(recipient);
            run.mailboxes.push(self.messages[recipient].mailbox);
        }
        if let (Some(&copy), Some(&mailbox)) = (run.recipients.first(), run.mailboxes.first()) {
            self.chains.tried(self.now, copy, || (host, mailbox));
        }
        handle
    }

    /// Goes on with a new run when its agent has begun.
    pub(super) fn start_agent(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("just made");
        let client = run.client;
        let sender = &mut self.hosts[client.index()];
        let idle = sender.agents.take(self.now);
        let ServiceTimes { agent, process_start, .. } = &sender.config.server.service;
        let start = if idle { &NO_TIME } else { process_start };
        let wait = match (constant(agent), constant(start)) {
            (Some(agent), Some(start)) => agent + start,
            _ => {
                let key = self.draw_key(run, SessionDraw::Agent, 0);
                let mut draws = TryDraws::new(&self.session_streams, key);
                let agent = draws.time(agent);
                agent + draws.time(start)
            }
        };
        if wait.is_zero() {
            self.proceed(handle);
        } else {
            self.schedule(self.now + wait, Class::Start, Event::Proceed { run: handle });
        }
    }

    /// Goes on with a run: looks its destination up, or tries the next host.
    pub(super) fn proceed(&mut self, handle: Handle) {
        let Some(run) = self.runs.get(handle) else {
            return;
        };
        match run.phase {
            Phase::Beginning => match run.purpose {
                Purpose::Transaction { .. } => self.use_opened(handle),
                _ => self.look_up(handle),
            },
            Phase::Targeting => {
                if matches!(run.purpose, Purpose::LookUp { .. }) {
                    self.tell_resolved(handle);
                } else if run.targets.is_empty() {
                    self.nobody_to_try(handle);
                } else {
                    self.try_targets(handle);
                }
            }
            Phase::Connecting => self.take_slot(handle, None),
            Phase::Waiting | Phase::Trying | Phase::Resting | Phase::Orphaned => {}
        }
    }

    /// Tries the hosts that were found, if no connection is left to one of them.
    #[inline(always)]
    fn try_targets(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let reuses = matches!(run.purpose, Purpose::Delivery { reuse: true, .. });
        if !reuses || !self.take_up_connection(handle) {
            self.try_next(handle);
        }
    }

    /// Finds the hosts to try.
    pub(super) fn look_up(&mut self, handle: Handle) {
        let destination = self.destination_of(handle);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        (run.phase, run.next_target) = (Phase::Targeting, 0);
        run.targets.clear();
        run.failure = None;
        let (client, submission) = (run.client, run.is_submission());
        let looks_up = matches!(run.purpose, Purpose::LookUp { .. });
        let resolver = &self.hosts[client.index()].resolver;
        let known = self.sole_targets.of(client, destination, submission);
        if let Some(known) = known.filter(|known| resolver.is_fresh(known.freshness, self.now)) {
            let &SoleTarget { target, answered, .. } = known;
            if cfg!(debug_assertions) {
                let known = *known;
                self.assert_found_again(handle, &known);
            }
            let run = self.runs.get_mut(handle).expect("a run that goes on exists");
            run.targets.push(target);
            self.targets_found(handle, destination, LookupOutcome::Found, answered);
            // There is one target; a look-up for a queue manager has no more to do than to tell.
            if looks_up {
                self.proceed(handle)
            } else {
                self.try_targets(handle)
            }
            return;
        }
        self.ask_afresh(handle, destination, submission);
    }

    /// Asks the DNS for the hosts to try.
    #[inline(never)]
    fn ask_afresh(&mut self, handle: Handle, destination: Destination, submission: bool) {
        let Some(lookup) = self.ask_for(handle, destination) else {
            return;
        };
        let outcome = self.choose_targets(handle, lookup);
        let answered = self.route.answered;
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let client = run.client;
        if let (LookupOutcome::Found, [_], &[target]) =
            (outcome, self.route.exchangers.as_slice(), run.targets.as_slice())
        {
            let freshness = self.hosts[client.index()].resolver.freshness();
            let found = SoleTarget { destination, submission, target, answered, freshness };
            self.sole_targets.keep(client, found);
        }
        self.targets_found(handle, destination, outcome, answered);
        if lookup.ended > self.now {
            self.schedule(lookup.ended, Class::Start, Event::Proceed { run: handle });
        } else {
            self.proceed(handle);
        }
    }

    /// Asks the resolver of a run's host where its destination is; none: there is nothing to ask.
    fn ask_for(&mut self, handle: Handle, destination: Destination) -> Option<Lookup> {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let state = &mut self.hosts[run.client.index()];
        let ask = Ask {
            zone: &self.scenario.zone,
            failures: self.name_service.failures(run.client),
            settings: state.config.resolver,
        };
        let resolver = &mut state.resolver;
        Some(match destination {
            Destination::Exchangers(domain) => {
                let name = self.domains[domain.index()].dns;
                resolver.mail_route(&ask, name, self.now, &mut self.route)
            }
            Destination::Host(host) => {
                let name = self.scenario.hosts[host.index()].dns;
                resolver.addresses(&ask, name, self.now, &mut self.route)
            }
            Destination::Address(host) => {
                self.route.clear();
                run.targets.extend(direct(&self.scenario.hosts[host.index()].addresses, host));
                Lookup { outcome: RouteOutcome::Found, ended: self.now }
            }
            Destination::Local => return None,
        })
    }

    /// Asserts that asking would bring what is known.
    fn assert_found_again(&mut self, handle: Handle, known: &SoleTarget) {
        let lookup = self.ask_for(handle, known.destination).expect("it was asked for before");
        let outcome = self.choose_targets(handle, lookup);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        assert_eq!((outcome, lookup.ended), (LookupOutcome::Found, self.now));
        assert_eq!(
            (run.targets.as_slice(), self.route.answered),
            (&[known.target][..], known.answered)
        );
        run.targets.clear();
    }

    /// The targets of a run are chosen: lets the queue manager and the reader of the trace know.
    #[inline(always)]
    fn targets_found(
        &mut self,
        handle: Handle,
        destination: Destination,
        outcome: LookupOutcome,
        answered: SimTime,
    ) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let (host, delivery) = (run.client, run.number);
        if let Purpose::Delivery { delivery, .. } = run.purpose {
            let queue = &mut self.hosts[host.index()].queue;
            let mut candidates = run.targets.iter().map(Target::candidate);
            queue.found(self.now, delivery, &mut candidates, &self.entries);
        }
        if let Destination::Exchangers(domain) = destination {
            let started = self.now;
            self.state(&Fact::Lookup { delivery, host, domain, started, answered, outcome });
        }
    }

    /// Returns where a run goes.
    pub(super) fn destination_of(&self, handle: Handle) -> Destination {
        match self.runs.get(handle).expect("a run that goes on exists").purpose {
            Purpose::Delivery { destination, .. } | Purpose::LookUp { destination } => destination,
            Purpose::Transaction { .. } | Purpose::Opening { .. } | Purpose::Closing { .. } => {
                Destination::Local
            }
            Purpose::Submission { entry } => {
                Destination::Host(self.sources[entry as usize].submission.server)
            }
        }
    }

    /// The look-up left nobody to try: all recipients share its failure.
    pub(super) fn nobody_to_try(&mut self, handle: Handle) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let failure = run.failure.expect("an empty list of targets comes with a reason");
        run.started = run.begun;
        run.last_failure = Some(failure);
        self.share_failure(handle);
    }

    /// All recipients share the failure of their run, which has tried nobody.
    pub(super) fn share_failure(&mut self, handle: Handle) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        run.target = None;
        run.marks = SessionMarks::NONE;
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
        if run.is_submission() {
            self.submission_tried(handle);
        } else {
            self.delivery_tried(handle);
        }
    }

    /// A try of a delivery has ended: settles its recipients, then goes on to the next host or
    /// reports to the queue manager.
    pub(super) fn delivery_tried(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let Some(delivery) = run.delivery() else {
            return;
        };
        self.tell_tried(handle);
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let config = self.hosts[run.client.index()].config;
        let temporary = !run.all_accepted() && has_temporary_failure(run, config.client);
        let permanent_opening = permanent_opening(run.failure.as_ref(), config.client);
        let goes_on = (temporary || permanent_opening)
            && config.client.session_limit.is_none_or(|limit| run.sessions < limit)
            && leads_on(run.failure.as_ref(), config.client)
            && self.next_target(handle).is_some();
        let (client, entry) = (run.client, self.entries.delivery(delivery).map(|d| d.entry));
        let entry = entry.expect("a delivery under way exists");
        let next_attempt = if temporary && !goes_on {
            self.hosts[client.index()].queue.next_attempt(self.now, entry, &self.entries)
        } else {
            None
        };
        self.settle_recipients(handle, next_attempt, goes_on && permanent_opening);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let site = site_failure(run.failure.as_ref()).filter(|_| !run.session_completed);
        if goes_on {
            run.session_completed |= site.is_none();
            run.phase = Phase::Targeting;
            run.failure = None;
            self.keep_assigned(handle);
            self.try_next(handle);
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
        self.drop_run(handle);
        let totals = &mut self.hosts[client.index()].totals;
        totals.delivery_busy += length;
        self.hosts[client.index()].agents.put(self.now);
        self.tell(client, |queue, now, context| queue.finished(now, &report, context));
    }

    /// Lets the queue manager know how the try of a host ended.
    fn tell_tried(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
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
    pub(super) fn settle_recipients(
        &mut self,
        handle: Handle,
        next_attempt: Option<SimTime>,
        still: bool,
    ) {
        let count = self.runs.get(handle).map_or(0, |run| run.recipients.len());
        for index in 0..count {
            let fared = self.state_attempt(handle, index, next_attempt);
            let run = self.runs.get(handle).expect("a run that goes on exists");
            let (copy, recipient, client) = (run.copies[index], run.recipients[index], run.client);
            let totals = &mut self.hosts[client.index()].totals;
            match fared.outcome {
                AttemptOutcome::Suspended => totals.suspensions += 1,
                _ => totals.attempts += 1,
            }
            match fared.outcome {
                AttemptOutcome::Accepted => {
                    self.entries.set_state(copy, CopyState::Done);
                    self.let_go(recipient);
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

    /// States how one recipient fared in the try that has just ended, and returns it.
    pub(super) fn state_attempt(
        &mut self,
        handle: Handle,
        index: usize,
        next_attempt: Option<SimTime>,
    ) -> Fared {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let fared = self.fared(run, index);
        let fact = Fact::Attempt(self.attempt_fact(run, index, &fared, next_attempt));
        self.sink.fact(self.now, &fact, &self.messages);
        fared
    }

    /// Returns how one recipient fared in the try that has just ended.
    fn fared(&self, run: &Run, index: usize) -> Fared {
        let refusal = run.replies.get(index).copied().flatten();
        let refusal = refusal.filter(|reply| !reply.is_positive());
        match (refusal, run.failure) {
            (Some(reply), _) => {
                let client = &self.hosts[run.client.index()].config.client;
                let outcome = if client.refuses_for_good(reply, accepted_at_rcpt(run)) {
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
    pub(super) fn attempt_fact(
        &self,
        run: &Run,
        index: usize,
        &Fared { stage, outcome, reply, status }: &Fared,
        next_attempt: Option<SimTime>,
    ) -> AttemptFact {
        let octets = run.transaction.as_ref().map_or(Octets(0), |transaction| transaction.octets);
        // A connection that failed for a delivery did so before that was given up.
        let shared = matches!(run.purpose, Purpose::Transaction { connection: None, .. });
        let ended = match &run.failure {
            Some(failure) if shared => failure.at,
            _ => self.now,
        };
        let next_attempt = next_attempt.filter(|_| outcome.is_temporary());
        AttemptFact {
            delivery: run.number,
            recipient: run.recipients[index],
            from: run.client,
            to: run.target.map(|target| target.host),
            address: run.target.map(|target| target.address.0),
            preference: run.target.and_then(|target| target.preference),
            started: run.started,
            ended,
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
    fn keep_assigned(&mut self, handle: Handle) {
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
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
pub(super) struct Fared {
    pub(super) stage: Stage,
    pub(super) outcome: AttemptOutcome,
    pub(super) reply: Option<Reply>,
    pub(super) status: Status,
}

/// What an idle process takes to start.
const NO_TIME: Distribution = Distribution::Constant(0.0);

/// Returns how many recipients of the try at hand were accepted at RCPT.
fn accepted_at_rcpt(run: &Run) -> usize {
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

/// Returns whether a host refused the session for good, and the client asks the next one then.
fn permanent_opening(failure: Option<&Failure>, client: &ClientSettings) -> bool {
    client.next_host_after_permanent_opening
        && failure.is_some_and(|failure| {
            failure.outcome == AttemptOutcome::Permfail
                && matches!(failure.stage, Stage::Greeting | Stage::Ehlo | Stage::Tls)
        })
}

/// Returns whether a try that ended like this leads to the next host in the same delivery.
fn leads_on(failure: Option<&Failure>, client: &ClientSettings) -> bool {
    let Some(failure) = failure else {
        // Some recipients were refused.
        return client.next_host_after_refusal;
    };
    match failure.stage {
        Stage::Dns | Stage::Connect | Stage::Suspended => true,
        _ if permanent_opening(Some(failure), client) => true,
        Stage::Greeting | Stage::Ehlo | Stage::Tls
            if failure.outcome == AttemptOutcome::Tempfail =>
        {
            client.next_host_after_connection && client.next_host_after_opening_reply
        }
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body | Stage::Dot
            if site_failure(Some(failure)).is_some() =>
        {
            client.next_host_after_connection && client.next_host_after_lost_transaction
        }
        _ if site_failure(Some(failure)).is_some() => client.next_host_after_connection,
        _ => client.next_host_after_refusal,
    }
}
