//! MTAs that stop, crash, start again or get other settings.

use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::model::Host;
use crate::queue::Processes;
use crate::smtp::Failure;
use crate::trace::{AttemptFact, Fact, FactSink};
use crate::units::Octets;

use super::World;
use super::event::Event;
use super::introduction::Introduction;
use crate::simulation::attempt::delivery::Fared;
use crate::simulation::attempt::run::{Phase, Purpose, Run, Unsent};
use crate::simulation::fast::setup::Setup;

impl<'s, S: FactSink> World<'s, '_, S> {
    /// A host's MTA stops: its sessions as a client die, what is in memory is lost. (Its sessions
    /// as a server were settled against the crash already.)
    pub(crate) fn go_down(&mut self, host: HostId) {
        if !self.hosts[host.index()].up {
            return;
        }
        self.hosts[host.index()].up = false;
        let runs: Vec<Handle> = self
            .attempts
            .runs
            .iter()
            .filter(|run| run.client == host && run.phase != Phase::Orphaned)
            .map(|run| run.handle)
            .collect();
        for run in runs {
            self.with_run(run, Self::abort);
        }
        self.forget_unsent(host);
        for connection in self.hosts[host.index()].cache.drain() {
            self.close_connection(connection);
        }
        for connection in std::mem::take(&mut self.hosts[host.index()].opened).into_values() {
            self.close_connection(connection);
        }
        self.refuse_waiting(host);
        self.free_slots(host);
        self.tell(host, |queue, _, context| queue.stop(context));
        self.hosts[host.index()].resolver.clear();
        self.hosts[host.index()].agents.end();
    }

    /// What the host had not sent to its final dot stays unsent, even where the server's late answer
    /// was foreseen.
    fn forget_unsent(&mut self, host: HostId) {
        let unsent: Vec<Handle> = self
            .attempts
            .runs
            .iter()
            .filter(|run| run.client == host && run.phase == Phase::Orphaned)
            .filter(|run| run.transaction.is_some_and(|sent| sent.dot_sent > self.now))
            .map(|run| run.handle)
            .collect();
        for run in unsent {
            self.with_run(run, Self::forget_orphan);
        }
    }

    /// The server processes of a host that goes down are gone, however long their clients go on
    /// waiting for them.
    fn free_slots(&mut self, host: HostId) {
        let mut freed = Vec::new();
        for (_, connection) in self.attempts.connections.iter_mut() {
            if connection.target.host == host && connection.holds_slot {
                connection.holds_slot = false;
                freed.push((connection.seen, connection.since));
            }
        }
        for (client, since) in freed {
            self.vacate_slot(host, client, since);
        }
    }

    /// Clients that wait for a slot of a host that goes down lose their connection.
    fn refuse_waiting(&mut self, host: HostId) {
        let waiting = std::mem::take(&mut self.hosts[host.index()].waiting);
        let machine = self.ways.faults.crashes[host.index()]
            .at(self.now)
            .is_some_and(|(_, crash)| crash.machine);
        if machine {
            // Nobody tells them; they give up when their patience ends.
            return;
        }
        for run in waiting {
            self.with_run(run, Self::lose_place);
        }
    }

    /// A client loses the connection over which it waited for a slot.
    fn lose_place(&mut self, run: &mut Run) {
        if run.phase != Phase::Waiting {
            return;
        }
        run.phase = Phase::Trying;
        run.marks.connected = run.connected;
        run.failure = Some(Failure {
            at: self.now,
            stage: Stage::Greeting,
            outcome: AttemptOutcome::Lost,
            reply: None,
            status: Status::BAD_CONNECTION,
        });
        self.schedule_end(run, self.now);
    }

    /// A run dies with its client.
    fn abort(&mut self, run: &mut Run) {
        let (purpose, phase) = (run.purpose, run.phase);
        let waits = run.phase == Phase::Waiting;
        let in_session = matches!(phase, Phase::Trying | Phase::Connecting | Phase::Waiting)
            && run.target.is_some()
            && !matches!(purpose, Purpose::Closing { .. });
        // What was sent before may still be accepted: the server has the final dot, or will.
        let sent = run.transaction.is_some_and(|transaction| {
            transaction.dot_sent <= self.now
                && transaction
                    .accepted_at
                    .is_some_and(|at| self.now <= at && at <= transaction.ended)
        });
        if in_session {
            self.state_broken_off(run);
            self.leave_session(run);
        }
        match purpose {
            Purpose::Delivery { delivery, .. } | Purpose::Transaction { delivery, .. } => {
                self.release_delivery(delivery);
            }
            Purpose::LookUp { .. } | Purpose::Opening { .. } | Purpose::Closing { .. } => {}
            Purpose::Submission { .. } => {
                self.abort_submission(run, sent);
                return;
            }
        }
        if sent {
            self.make_orphan(run);
            return;
        }
        if waits {
            self.forget_waiting(run);
        }
        self.close_run_connection(run);
        self.attempts.runs.end(run);
    }

    /// States the try that ends with its client: it never heard what came after. No schedule has a
    /// say in when the next one comes.
    fn state_broken_off(&mut self, run: &Run) {
        let (mut marks, client, count) = (run.marks, run.client, run.recipients.len());
        let stood = marks.cut_at(self.now);
        let stage = match run.phase {
            Phase::Connecting => Stage::Connect,
            Phase::Waiting => {
                marks.connected = run.connected;
                Stage::Greeting
            }
            _ => match stood.or(run.failure.map(|failure| failure.stage)) {
                None | Some(Stage::Dot) if !run.dot_is_sent(self.now) => Stage::Body,
                stage => stage.unwrap_or(Stage::Dot),
            },
        };
        let (outcome, status) = (AttemptOutcome::Lost, Status::BAD_CONNECTION);
        let fared = Fared { stage, outcome, reply: None, status };
        for index in 0..count {
            let fact = AttemptFact { marks, ..self.attempt_fact(run, index, &fared, None) };
            self.state(&Fact::Attempt(fact));
            self.hosts[client.index()].totals.attempts += 1;
        }
    }

    /// A submission dies with its MUA; what was sent stays sent.
    fn abort_submission(&mut self, run: &mut Run, sent: bool) {
        let taken = run.transaction.take();
        if let (true, Some(at)) = (sent, taken.and_then(|transaction| transaction.accepted_at)) {
            self.leave_behind(run, at);
        }
        self.forget_waiting(run);
        // What was still to come of the try at hand is void.
        run.tries += 1;
        self.postpone(run);
    }

    fn forget_waiting(&mut self, run: &Run) {
        if let Some(target) = run.target {
            self.hosts[target.host.index()].waiting.retain(|waiting| *waiting != run.handle);
        }
    }

    /// Makes the recipients of a dead delivery pending again.
    fn release_delivery(&mut self, delivery: crate::queue::DeliveryHandle) {
        let Some(queued) = self.entries.delivery(delivery) else {
            return;
        };
        let entry = queued.entry;
        let assigned: Vec<_> = self.entries.delivery_recipients(delivery).collect();
        for index in assigned {
            debug_assert!(self.entries.copy(index).is_in(delivery));
        }
        let released = self.entries.release(delivery);
        debug_assert_eq!(released, entry);
    }

    /// A MUA that goes down keeps its outbox.
    fn postpone(&mut self, run: &mut Run) {
        self.close_run_connection(run);
        if run.phase == Phase::Resting {
            return;
        }
        if run.recipients.iter().any(|recipient| self.messages[*recipient].in_outbox()) {
            run.outbox.push(Unsent { message: run.message, offers: run.round });
        }
        run.outbox.append(&mut run.postponed);
        self.rest(run);
    }

    /// Leaves the outbox of a MUA that is down as it is until it starts again.
    pub(crate) fn rest(&mut self, run: &mut Run) {
        run.phase = Phase::Resting;
        run.tries += 1;
    }

    /// A MUA that starts again submits what its outbox holds.
    fn submit_all(&mut self, client: HostId) {
        let resting: Vec<(Handle, u32)> = self
            .attempts
            .runs
            .iter()
            .filter(|run| run.client == client && run.phase == Phase::Resting)
            .map(|run| (run.handle, run.tries))
            .collect();
        for (run, number) in resting {
            self.schedule(self.now, Class::Start, Event::Outbox { run, number });
        }
    }

    /// Ends a run whose client has crashed, once nothing of it is under way.
    pub(crate) fn drop_orphan(&mut self, run: &mut Run) {
        self.close_run_connection(run);
        self.attempts.runs.end(run);
    }

    /// A host's MTA starts again with the queue it has kept.
    pub(crate) fn come_up(&mut self, host: HostId) {
        let still_down = self.ways.faults.crashes[host.index()].at(self.now).is_some();
        if self.hosts[host.index()].up || still_down {
            return;
        }
        self.hosts[host.index()].up = true;
        self.tell(host, |queue, now, context| queue.start(now, context));
        self.submit_all(host);
    }

    /// A host gets other settings; its queue is kept.
    pub(crate) fn configure(&mut self, host: HostId, config: &'s Host) {
        self.end_span(host);
        let was_watched = self.is_watched(host);
        self.hosts[host.index()].config = Setup::of(config);
        self.count_for_limits(host);
        let processes =
            Processes { remote: config.delivery_processes, local: config.local_processes };
        self.tell(host, |queue, now, context| {
            queue.configure(now, &config.queue, processes, context);
        });
        self.hosts[host.index()].queue.introduce(&Introduction(self.scenario));
        self.fast.configure(host, config, &self.ways.faults);
        if !was_watched {
            self.heartbeat(host);
        }
        self.serve_waiting(host);
    }

    /// Counts anew what is kept only where a limit needs it.
    fn count_for_limits(&mut self, host: HostId) {
        let held = self.entries.iter().filter(|(_, entry)| entry.host == host);
        let octets = held.map(|(_, entry)| entry.size().get()).sum();
        let served = self.attempts.connections.iter().map(|(_, connection)| connection);
        let served = served.filter(|served| served.target.host == host && served.holds_slot);
        let mut by_client: Vec<(HostId, u32)> = Vec::new();
        for client in served.map(|served| served.seen) {
            match by_client.iter_mut().find(|(known, _)| *known == client) {
                Some((_, count)) => *count += 1,
                None => by_client.push((client, 1)),
            }
        }
        let state = &mut self.hosts[host.index()];
        let counts_clients = state.config.server.max_sessions_per_client.is_some();
        state.inbound_by_client = if counts_clients { by_client } else { Vec::new() };
        state.queued_octets =
            if state.config.queue_disk.is_some() { Octets(octets) } else { Octets::ZERO };
    }
}
