//! Look-ups, connections and transactions that a queue manager orders one by one.
//!
//! Most MTAs start a delivery agent that does all this for one message. OpenSMTPD opens connections
//! by itself and hands its messages to those that stand.

use crate::mail::HostId;
use crate::queue::{
    Abandoned, Candidate, ConnectionId, DeliveryHandle, Destination, FailedConnection, Resolved,
};
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::conversation::Step;
use super::run::{Phase, Purpose, Run, Target};
use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Looks a destination up for a host's queue manager.
    pub(crate) fn look_up_for(&mut self, host: HostId, destination: Destination, asker: u32) {
        let mut run = self.new_run(Purpose::LookUp { destination, asker }, host);
        self.look_up(&mut run);
        self.attempts.runs.put_back(run);
    }

    /// Tells a queue manager how its look-up ended.
    pub(crate) fn tell_resolved(&mut self, run: &mut Run) {
        let Purpose::LookUp { destination, asker } = run.purpose else {
            return;
        };
        let (client, failure) = (run.client, run.failure);
        let candidates: Vec<Candidate> = run.targets.iter().map(|t| t.candidate()).collect();
        self.attempts.runs.end(run);
        let ttl = match destination {
            Destination::Exchangers(domain) => {
                let name = self.layout.domains[domain.index()].dns;
                self.scenario.zone.records(name, self.now).ttl
            }
            _ => SimDuration::MAX,
        };
        self.tell(client, |queue, now, context| {
            let found = match failure {
                Some(failure) if candidates.is_empty() => Err(failure),
                _ => Ok(candidates.as_slice()),
            };
            let answer = Resolved { destination, asker, found, ttl };
            queue.resolved(now, &answer, context);
        });
    }

    /// Opens a connection for a host's queue manager.
    pub(crate) fn open_connection(
        &mut self,
        host: HostId,
        connection: ConnectionId,
        destination: Destination,
        candidate: Candidate,
    ) {
        debug_assert!(destination != Destination::Local, "mailboxes need no connection");
        let target = self.target_of(&candidate);
        let mut run = self.new_run(Purpose::Opening { connection }, host);
        run.targets.push(target);
        self.try_next(&mut run);
        self.attempts.runs.put_back(run);
    }

    /// Tells a queue manager how the opening of its connection ended.
    pub(crate) fn tell_connected(&mut self, run: &mut Run, connection: ConnectionId) {
        self.leave_session(run);
        let (client, failure, target) = (run.client, run.failure, run.target);
        let (started, marks) = (run.started, run.marks);
        if let (None, Some(stands)) = (failure, run.connection) {
            run.connection = None;
            if let Some(stands) = self.attempts.connections.get_mut(stands) {
                stands.opening = Some(Box::new((started, marks)));
            }
            self.hosts[client.index()].opened.insert(connection, stands);
        } else {
            self.close_run_connection(run);
        }
        self.attempts.runs.end(run);
        let candidate = target.expect("an opening is the try of a host").candidate();
        let opened = match failure {
            None => Ok(()),
            Some(failure) => Err(FailedConnection { candidate, started, marks, failure }),
        };
        self.tell(client, |queue, now, context| queue.connected(now, connection, opened, context));
    }

    /// Begins a delivery over a connection that stands.
    pub(crate) fn begin_transaction(
        &mut self,
        host: HostId,
        delivery: DeliveryHandle,
        connection: Option<ConnectionId>,
    ) {
        if self.entries.delivery(delivery).is_some() {
            let purpose = Purpose::Transaction { delivery, connection };
            let mut run = self.run_of(host, delivery, purpose);
            self.start_agent(&mut run);
            self.attempts.runs.put_back(run);
        }
    }

    /// Hands a delivery over on its connection.
    pub(crate) fn use_opened(&mut self, run: &mut Run) {
        let Purpose::Transaction { delivery, connection: Some(connection) } = run.purpose else {
            return;
        };
        let queued = self.entries.delivery(delivery).expect("a delivery that begins is queued");
        let since = self.entries[queued.entry].arrived.in_run();
        let stands = self.hosts[run.client.index()].opened.get(&connection).copied();
        let stands = stands.expect("a queue manager uses connections that stand");
        let state = self.attempts.connections.get_mut(stands).expect("it stands");
        let (target, source, opening) = (state.target, state.source, state.opening.take());
        self.begin_try(run, target);
        (run.connection, run.source) = (Some(stands), source);
        // The first message tells of the opening too, as far as it was there to wait for it.
        if let Some(opening) = opening {
            let (started, marks) = *opening;
            run.started = started.max(since);
            run.marks = marks.not_before(since);
        }
        self.continue_session(run);
    }

    /// Closes a connection for a queue manager.
    pub(crate) fn quit(&mut self, host: HostId, connection: ConnectionId) {
        let Some(stands) = self.hosts[host.index()].opened.remove(&connection) else {
            return;
        };
        let target = self.attempts.connections.get(stands).expect("it stands").target;
        let mut run = self.new_run(Purpose::Closing { connection }, host);
        run.phase = Phase::Trying;
        (run.target, run.connection) = (Some(target), Some(stands));
        self.converse(&mut run, None, Step::Quit);
        self.attempts.runs.put_back(run);
    }

    /// Tells a queue manager that its connection is closed.
    pub(crate) fn tell_closed(&mut self, run: &mut Run, connection: ConnectionId) {
        let client = run.client;
        self.close_run_connection(run);
        self.attempts.runs.end(run);
        self.tell(client, |queue, now, context| queue.closed(now, connection, context));
    }

    /// Gives a delivery up without a connection of its own. What is told of it are the connections
    /// that failed for it, or, if there was none, that nobody was tried.
    pub(crate) fn abandon(&mut self, host: HostId, delivery: DeliveryHandle, because: &Abandoned) {
        let &Abandoned { since, failure, ref tried } = because;
        let Some(queued) = self.entries.delivery(delivery) else {
            return;
        };
        // What it shares with others may have begun before it was there.
        let since = since.max(self.entries[queued.entry].arrived.in_run());
        let purpose = Purpose::Transaction { delivery, connection: None };
        let mut run = self.run_of(host, delivery, purpose);
        run.failure = Some(failure);
        run.started = since;
        self.state_failures(&mut run, tried, since);
        self.attempts.runs.put_back(run);
    }

    /// States the connections that failed for a delivery which is given up, and what becomes of it.
    fn state_failures(&mut self, run: &mut Run, tried: &[FailedConnection], since: SimTime) {
        let Some((last, others)) = tried.split_last() else {
            self.share_failure(run);
            return;
        };
        for connection in others {
            self.take_over_failure(run, connection, since);
            self.settle_recipients(run, None, true);
        }
        self.take_over_failure(run, last, since);
        self.delivery_tried(run);
    }

    /// Makes a connection that failed for a delivery its try at hand. The try begins when the
    /// delivery joined those that waited for the connection, and ends now, when they are told.
    fn take_over_failure(&mut self, run: &mut Run, connection: &FailedConnection, since: SimTime) {
        let &FailedConnection { candidate, started, marks, failure } = connection;
        let Candidate { address, host, preference } = candidate;
        run.target = Some(Target { preference, address, host, proxy: None });
        (run.started, run.marks) = (started.max(since), marks.not_before(since));
        run.failure = Some(failure);
        run.tried += 1;
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
    }
}
