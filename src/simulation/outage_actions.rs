//! MTAs that stop, crash, start again or get other settings.

use crate::engine::{Class, Handle};
use crate::mail::{AttemptOutcome, HostId, Stage, Status};
use crate::queue::Processes;
use crate::scenario::Host;
use crate::smtp::Failure;
use crate::trace::{AttemptFact, Fact, FactSink};

use super::delivery::Fared;
use super::event::Event;
use super::introduction::Introduction;
use super::run::{Phase, Purpose, Unsent};
use super::setup::Setup;
use super::world::World;

impl<'s, S: FactSink> World<'s, '_, S> {
    /// A host's MTA stops: its sessions as a client die, what is in memory is lost. (Its sessions
    /// as a server were settled against the crash already.)
    pub(super) fn go_down(&mut self, host: HostId) {
        if !self.hosts[host.index()].up {
            return;
        }
        self.hosts[host.index()].up = false;
        let runs: Vec<Handle> = self
            .runs
            .iter()
            .filter(|(_, run)| run.client == host && run.phase != Phase::Orphaned)
            .map(|(handle, _)| handle)
            .collect();
        for run in runs {
            self.abort(run);
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
            .runs
            .iter()
            .filter(|(_, run)| run.client == host && run.phase == Phase::Orphaned)
            .filter(|(_, run)| run.transaction.is_some_and(|sent| sent.dot_sent > self.now))
            .map(|(handle, _)| handle)
            .collect();
        for run in unsent {
            self.forget_orphan(run);
        }
    }

    /// The server processes of a host that goes down are gone, however long their clients go on
    /// waiting for them.
    fn free_slots(&mut self, host: HostId) {
        let mut freed = Vec::new();
        for (_, connection) in self.connections.iter_mut() {
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
        let machine =
            self.faults.crashes[host.index()].at(self.now).is_some_and(|(_, crash)| crash.machine);
        if machine {
            // Nobody tells them; they give up when their patience ends.
            return;
        }
        for handle in waiting {
            let Some(run) = self.runs.get_mut(handle) else {
                continue;
            };
            if run.phase != Phase::Waiting {
                continue;
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
            self.schedule_end(handle, self.now);
        }
    }

    /// A run dies with its client.
    fn abort(&mut self, handle: Handle) {
        let Some(run) = self.runs.get(handle) else {
            return;
        };
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
            self.state_broken_off(handle);
            self.leave_session(handle);
        }
        match purpose {
            Purpose::Delivery { delivery, .. } | Purpose::Transaction { delivery, .. } => {
                self.release_delivery(delivery);
            }
            Purpose::LookUp { .. } | Purpose::Opening { .. } | Purpose::Closing { .. } => {}
            Purpose::Submission { .. } => {
                self.abort_submission(handle, sent);
                return;
            }
        }
        if sent {
            self.make_orphan(handle);
            return;
        }
        if waits {
            self.forget_waiting(handle);
        }
        self.close_run_connection(handle);
        self.drop_run(handle);
    }

    /// States the try that ends with its client: it never heard what came after. No schedule has a
    /// say in when the next one comes.
    fn state_broken_off(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that is aborted exists");
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
            let run = self.runs.get(handle).expect("a run that is aborted exists");
            let fact = AttemptFact { marks, ..self.attempt_fact(run, index, &fared, None) };
            self.state(&Fact::Attempt(fact));
            self.hosts[client.index()].totals.attempts += 1;
        }
    }

    /// A submission dies with its MUA; what was sent stays sent.
    fn abort_submission(&mut self, handle: Handle, sent: bool) {
        let taken = self.runs.get_mut(handle).and_then(|run| run.transaction.take());
        if let (true, Some(at)) = (sent, taken.and_then(|transaction| transaction.accepted_at)) {
            let orphan = self.leave_behind(handle);
            self.schedule_handover(orphan, at);
        }
        self.forget_waiting(handle);
        if let Some(run) = self.runs.get_mut(handle) {
            // What was still to come of the try at hand is void.
            run.tries += 1;
        }
        self.postpone(handle);
    }

    fn forget_waiting(&mut self, handle: Handle) {
        if let Some(target) = self.runs.get(handle).and_then(|run| run.target) {
            self.hosts[target.host.index()].waiting.retain(|waiting| *waiting != handle);
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
    fn postpone(&mut self, handle: Handle) {
        self.close_run_connection(handle);
        let Some(run) = self.runs.get_mut(handle) else {
            return;
        };
        if run.phase == Phase::Resting {
            return;
        }
        if run.recipients.iter().any(|recipient| self.messages[*recipient].in_outbox()) {
            run.outbox.push(Unsent { message: run.message, offers: run.round });
        }
        run.outbox.append(&mut run.postponed);
        self.rest(handle);
    }

    /// Leaves the outbox of a MUA that is down as it is until it starts again.
    pub(super) fn rest(&mut self, handle: Handle) {
        let Some(run) = self.runs.get_mut(handle) else {
            return;
        };
        run.phase = Phase::Resting;
        run.tries += 1;
    }

    /// A MUA that starts again submits what its outbox holds.
    fn submit_all(&mut self, client: HostId) {
        let resting: Vec<(Handle, u32)> = self
            .runs
            .iter()
            .filter(|(_, run)| run.client == client && run.phase == Phase::Resting)
            .map(|(handle, run)| (handle, run.tries))
            .collect();
        for (run, number) in resting {
            self.schedule(self.now, Class::Start, Event::Outbox { run, number });
        }
    }

    /// Ends a run whose client has crashed, once nothing of it is under way.
    pub(super) fn drop_orphan(&mut self, handle: Handle) {
        self.close_run_connection(handle);
        self.drop_run(handle);
    }

    /// A host's MTA starts again with the queue it has kept.
    pub(super) fn come_up(&mut self, host: HostId) {
        let still_down = self.faults.crashes[host.index()].at(self.now).is_some();
        if self.hosts[host.index()].up || still_down {
            return;
        }
        self.hosts[host.index()].up = true;
        self.tell(host, |queue, now, context| queue.start(now, context));
        self.submit_all(host);
    }

    /// A host gets other settings; its queue is kept.
    pub(super) fn configure(&mut self, host: HostId, config: &'s Host) {
        self.hosts[host.index()].config = Setup::of(config);
        self.hosts[host.index()].totals.inbound_slots = config.server.max_sessions;
        let processes =
            Processes { remote: config.delivery_processes, local: config.local_processes };
        self.tell(host, |queue, now, context| {
            queue.configure(now, &config.queue, processes, context);
        });
        self.hosts[host.index()].queue.introduce(&Introduction(self.scenario));
        self.sole_targets.forget(host);
        self.undisturbed.configure(host, config, &self.faults);
        self.serve_waiting(host);
    }
}
