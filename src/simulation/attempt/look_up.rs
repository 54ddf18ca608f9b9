//! Asking the DNS where a run goes.
//!
//! A look-up is of a name. Where recipients of several domains with the same exchangers share a
//! transaction, each of the domains is looked up, one after the other; a domain whose look-up fails
//! stays behind with its own failure, and the others go on together.

use crate::dns::{Ask, Chance, Lookup, RouteOutcome};
use crate::engine::Class;
use crate::mail::HostId;
use crate::queue::Destination;
use crate::smtp::{Failure, LookupFailure};
use crate::trace::{Fact, FactSink, LookupOutcome};
use crate::units::SimTime;

use super::run::{Phase, Purpose, Run, Target};
use super::targets::direct;
use crate::simulation::fast::sole_targets::SoleTarget;
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

/// Recipients of one domain whose look-up failed, apart from the others of their delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unrouted {
    /// Where they were to go.
    destination: Destination,
    failure: Failure,
}

impl<S: FactSink> World<'_, '_, S> {
    /// Finds the hosts to try.
    pub(crate) fn look_up(&mut self, run: &mut Run) {
        let mut destination = self.destination_of(run);
        (run.phase, run.next_target) = (Phase::Targeting, 0);
        run.targets.clear();
        run.failure = None;
        let (client, submission) = (run.client, run.is_submission());
        let looks_up = matches!(run.purpose, Purpose::LookUp { .. });
        if self.hosts[client.index()].config.client.merges_equal_routes {
            match self.names_of(run, destination)[..] {
                [] => {}
                [only] => destination = only,
                ref several => return self.ask_for_each(run, several),
            }
        }
        let resolver = &self.hosts[client.index()].resolver;
        let known = self.fast.sole_target(client, destination, submission);
        if let Some(known) = known.filter(|known| resolver.is_fresh(known.freshness, self.now)) {
            let &SoleTarget { target, answered, .. } = known;
            if cfg!(debug_assertions) {
                let known = *known;
                self.assert_found_again(run, &known);
            }
            run.targets.push(target);
            self.tell_found(run);
            self.state_look_up(run, destination, LookupOutcome::Found, answered);
            // There is one target; a look-up for a queue manager has no more to do than to tell.
            if looks_up {
                self.proceed(run)
            } else {
                self.try_targets(run)
            }
            return;
        }
        self.ask_afresh(run, destination, submission);
    }

    /// Asks the DNS for the hosts to try.
    #[inline(never)]
    fn ask_afresh(&mut self, run: &mut Run, destination: Destination, submission: bool) {
        let Some(lookup) = self.ask_for(run, destination, self.now) else {
            return;
        };
        let outcome = self.choose_targets(run, lookup);
        let answered = self.attempts.route.answered;
        let client = run.client;
        if let (LookupOutcome::Found, [_], &[target]) =
            (outcome, self.attempts.route.exchangers.as_slice(), run.targets.as_slice())
        {
            let freshness = self.hosts[client.index()].resolver.freshness();
            let found = SoleTarget { destination, submission, target, answered, freshness };
            self.fast.sole_targets.keep(client, found);
        }
        self.tell_found(run);
        self.state_look_up(run, destination, outcome, answered);
        self.proceed_at(run, lookup.ended);
    }

    /// Returns the domains whose exchangers a delivery is to go to, each once; none: its destination
    /// says all.
    fn names_of(&self, run: &Run, destination: Destination) -> Vec<Destination> {
        let mut names = Vec::new();
        if matches!(destination, Destination::Exchangers(_)) {
            let state = &self.hosts[run.client.index()];
            let sender = self.messages[run.message].sender();
            for mailbox in &run.mailboxes {
                let name = state.route(sender, *mailbox);
                if matches!(name, Destination::Exchangers(_)) && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Asks the DNS for the hosts of several domains that share their exchangers.
    #[inline(never)]
    fn ask_for_each(&mut self, run: &mut Run, names: &[Destination]) {
        let (mut at, mut found) = (self.now, Vec::new());
        for &destination in names {
            let Some(lookup) = self.ask_for(run, destination, at) else {
                continue;
            };
            at = lookup.ended;
            let outcome = self.choose_targets(run, lookup);
            let targets = std::mem::take(&mut run.targets);
            if let Some(failure) = run.failure.take() {
                run.unrouted.push(Unrouted { destination, failure });
            } else if found.is_empty() {
                found = targets;
            }
            self.state_look_up(run, destination, outcome, self.attempts.route.answered);
        }
        run.targets = found;
        if run.targets.is_empty() {
            run.failure = run.unrouted.pop().map(|last| last.failure);
        }
        self.tell_found(run);
        self.proceed_at(run, at);
    }

    /// Goes on when a look-up has ended.
    fn proceed_at(&mut self, run: &mut Run, at: SimTime) {
        if at > self.now {
            self.schedule(at, Class::Start, Event::Proceed { run: run.handle });
        } else {
            self.proceed(run);
        }
    }

    /// Asks the resolver of a run's host at `at` where its destination is; none: there is nothing to
    /// ask.
    fn ask_for(&mut self, run: &mut Run, destination: Destination, at: SimTime) -> Option<Lookup> {
        let state = &mut self.hosts[run.client.index()];
        let lookup_failure = state.config.client.options.lookup_failure;
        let own =
            state.config.addresses.iter().map(|at| self.scenario.addresses[at.index()].family);
        let ask = Ask {
            zone: &self.scenario.zone,
            failures: self.ways.name_service.failures(run.client),
            settings: state.config.resolver,
            chance: Some(Chance { streams: &self.draws.resolver, host: state.key }),
            failure_is_none: lookup_failure == LookupFailure::NoExchangers,
            asks_together: state.config.client.options.asks_for_hosts_together,
            families: state.config.client.options.families.asked(own),
        };
        let resolver = &mut state.resolver;
        Some(match destination.next_hop() {
            Destination::Exchangers(domain) => {
                let name = self.layout.domains[domain.index()].dns;
                resolver.mail_route(&ask, name, at, &mut self.attempts.route)
            }
            Destination::Host(host) => {
                let name = self.scenario.hosts[host.index()].dns;
                resolver.addresses(&ask, name, at, &mut self.attempts.route)
            }
            Destination::Address(host) => {
                self.attempts.route.clear();
                run.targets.extend(direct(&self.scenario.hosts[host.index()].addresses, host));
                Lookup { outcome: RouteOutcome::Found, ended: at }
            }
            Destination::Local | Destination::Via(_) => return None,
        })
    }

    /// Asserts that asking would bring what is known.
    fn assert_found_again(&mut self, run: &mut Run, known: &SoleTarget) {
        let lookup = self.ask_for(run, known.destination, self.now);
        let lookup = lookup.expect("it was asked for before");
        let outcome = self.choose_targets(run, lookup);
        assert_eq!((outcome, lookup.ended), (LookupOutcome::Found, self.now));
        assert_eq!(
            (run.targets.as_slice(), self.attempts.route.answered),
            (&[known.target][..], known.answered)
        );
        run.targets.clear();
    }

    /// The targets of a run are chosen: lets the queue manager know.
    #[inline(always)]
    fn tell_found(&mut self, run: &Run) {
        if let Purpose::Delivery { delivery, .. } = run.purpose {
            let queue = &mut self.hosts[run.client.index()].queue;
            let mut candidates = run.targets.iter().map(Target::candidate);
            queue.found(self.now, delivery, &mut candidates, &self.entries);
        }
    }

    /// Lets the reader of the trace know of a look-up.
    #[inline(always)]
    fn state_look_up(
        &mut self,
        run: &Run,
        destination: Destination,
        outcome: LookupOutcome,
        answered: SimTime,
    ) {
        let (host, delivery) = (run.client, run.number);
        if let Destination::Exchangers(domain) = destination.next_hop() {
            let started = self.now;
            self.state(&Fact::Lookup { delivery, host, domain, started, answered, outcome });
        }
    }

    /// Recipients whose domains could not be looked up share the failure of their look-up; the
    /// delivery goes on without them.
    #[inline(never)]
    pub(crate) fn leave_unrouted(&mut self, run: &mut Run) {
        let (unrouted, others_fail) = (std::mem::take(&mut run.unrouted), run.failure);
        for Unrouted { destination, failure } in unrouted {
            let state = &self.hosts[run.client.index()];
            let sender = self.messages[run.message].sender();
            let stays = |index: &usize| state.route(sender, run.mailboxes[*index]) == destination;
            let staying: Vec<usize> = (0..run.mailboxes.len()).filter(stays).collect();
            let rest = run.keep_only(&staying);
            run.started = run.begun;
            run.failure = Some(failure);
            run.replies.clear();
            run.replies.resize(run.recipients.len(), None);
            let next_attempt = self.tell_unrouted(run, failure);
            self.settle_recipients(run, next_attempt, false);
            run.go_on_with(rest);
        }
        run.failure = others_fail;
    }

    /// Lets the queue manager know of recipients that are left behind. Returns when they will be tried
    /// again.
    fn tell_unrouted(&mut self, run: &Run, failure: Failure) -> Option<SimTime> {
        let (client, delivery): (HostId, _) = (run.client, run.delivery()?);
        let copies = run.copies.clone();
        let entry = self.entries.delivery(delivery)?.entry;
        self.tell(client, |queue, now, context| {
            queue.unrouted(now, delivery, &copies, failure, context);
        });
        let queue = &self.hosts[client.index()].queue;
        failure
            .outcome
            .is_temporary()
            .then(|| queue.next_attempt(self.now, entry, &self.entries))?
    }

    /// Returns where a run goes.
    pub(crate) fn destination_of(&self, run: &Run) -> Destination {
        match run.purpose {
            Purpose::Delivery { destination, .. } | Purpose::LookUp { destination, .. } => {
                destination
            }
            Purpose::Transaction { .. } | Purpose::Opening { .. } | Purpose::Closing { .. } => {
                Destination::Local
            }
            Purpose::Submission { entry } => {
                let submission = &self.sources[entry as usize].submission;
                let further = run.server.checked_sub(1);
                let server = further.map_or(submission.server, |at| submission.further_servers[at]);
                Destination::Host(server)
            }
        }
    }
}
