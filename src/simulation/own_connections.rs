//! Look-ups, connections and transactions that a queue manager orders one by one.
//!
//! Most MTAs start a delivery agent that does all this for one message. OpenSMTPD opens connections
//! by itself and hands its messages to those that stand.

use crate::engine::Handle;
use crate::mail::HostId;
use crate::queue::{
    Abandoned, Candidate, ConnectionId, DeliveryHandle, Destination, FailedConnection, Resolved,
};
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::converse::Step;
use super::run::{Phase, Purpose, Target};
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Looks a destination up for a host's queue manager.
    pub(super) fn look_up_for(&mut self, host: HostId, destination: Destination, asker: u32) {
        let handle = self.new_run(Purpose::LookUp { destination, asker }, host);
        self.look_up(handle);
    }

    /// Tells a queue manager how its look-up ended.
    pub(super) fn tell_resolved(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let Purpose::LookUp { destination, asker } = run.purpose else {
            return;
        };
        let (client, failure) = (run.client, run.failure);
        let candidates: Vec<Candidate> = run.targets.iter().map(|t| t.candidate()).collect();
        self.drop_run(handle);
        let ttl = match destination {
            Destination::Exchangers(domain) => {
                let name = self.domains[domain.index()].dns;
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
    pub(super) fn open_connection(
        &mut self,
        host: HostId,
        connection: ConnectionId,
        destination: Destination,
        candidate: Candidate,
    ) {
        debug_assert!(destination != Destination::Local, "mailboxes need no connection");
        let target = self.target_of(&candidate);
        let handle = self.new_run(Purpose::Opening { connection }, host);
        let run = self.runs.get_mut(handle).expect("just made");
        run.targets.push(target);
        self.try_next(handle);
    }

    /// Tells a queue manager how the opening of its connection ended.
    pub(super) fn tell_connected(&mut self, handle: Handle, connection: ConnectionId) {
        self.leave_session(handle);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        let (client, failure, target) = (run.client, run.failure, run.target);
        let (started, marks) = (run.started, run.marks);
        if let (None, Some(stands)) = (failure, run.connection) {
            run.connection = None;
            if let Some(stands) = self.connections.get_mut(stands) {
                stands.opening = Some(Box::new((started, marks)));
            }
            self.hosts[client.index()].opened.insert(connection, stands);
        } else {
            self.close_run_connection(handle);
        }
        self.drop_run(handle);
        let candidate = target.expect("an opening is the try of a host").candidate();
        let opened = match failure {
            None => Ok(()),
            Some(failure) => Err(FailedConnection { candidate, started, marks, failure }),
        };
        self.tell(client, |queue, now, context| queue.connected(now, connection, opened, context));
    }

    /// Begins a delivery over a connection that stands.
    pub(super) fn begin_transaction(
        &mut self,
        host: HostId,
        delivery: DeliveryHandle,
        connection: Option<ConnectionId>,
    ) {
        if self.entries.delivery(delivery).is_some() {
            let handle = self.run_of(host, delivery, Purpose::Transaction { delivery, connection });
            self.start_agent(handle);
        }
    }

    /// Hands a delivery over on its connection.
    pub(super) fn use_opened(&mut self, handle: Handle) {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let Purpose::Transaction { delivery, connection: Some(connection) } = run.purpose else {
            return;
        };
        let queued = self.entries.delivery(delivery).expect("a delivery that begins is queued");
        let since = self.entries[queued.entry].arrived;
        let stands = self.hosts[run.client.index()].opened.get(&connection).copied();
        let stands = stands.expect("a queue manager uses connections that stand");
        let state = self.connections.get_mut(stands).expect("it stands");
        let (target, source, opening) = (state.target, state.source, state.opening.take());
        self.begin_try(handle, target);
        let run = self.runs.get_mut(handle).expect("a run that goes on exists");
        (run.connection, run.source) = (Some(stands), source);
        // The first message tells of the opening too, as far as it was there to wait for it.
        if let Some(opening) = opening {
            let (started, marks) = *opening;
            run.started = started.max(since);
            run.marks = marks.not_before(since);
        }
        self.continue_session(handle);
    }

    /// Closes a connection for a queue manager.
    pub(super) fn quit(&mut self, host: HostId, connection: ConnectionId) {
        let Some(stands) = self.hosts[host.index()].opened.remove(&connection) else {
            return;
        };
        let target = self.connections.get(stands).expect("it stands").target;
        let handle = self.new_run(Purpose::Closing { connection }, host);
        let run = self.runs.get_mut(handle).expect("just made");
        run.phase = Phase::Trying;
        (run.target, run.connection) = (Some(target), Some(stands));
        self.converse(handle, None, Step::Quit);
    }

    /// Tells a queue manager that its connection is closed.
    pub(super) fn tell_closed(&mut self, handle: Handle, connection: ConnectionId) {
        let client = self.runs.get(handle).expect("a run that goes on exists").client;
        self.close_run_connection(handle);
        self.drop_run(handle);
        self.tell(client, |queue, now, context| queue.closed(now, connection, context));
    }

    /// Gives a delivery up without a connection of its own. What is told of it are the connections
    /// that failed for it, or, if there was none, that nobody was tried.
    pub(super) fn abandon(&mut self, host: HostId, delivery: DeliveryHandle, because: &Abandoned) {
        let &Abandoned { since, failure, ref tried } = because;
        if self.entries.delivery(delivery).is_none() {
            return;
        }
        let handle =
            self.run_of(host, delivery, Purpose::Transaction { delivery, connection: None });
        let run = self.runs.get_mut(handle).expect("just made");
        run.failure = Some(failure);
        run.started = since;
        let Some((last, others)) = tried.split_last() else {
            self.share_failure(handle);
            return;
        };
        for connection in others {
            self.take_over_failure(handle, connection, since);
            self.settle_recipients(handle, None, true);
        }
        self.take_over_failure(handle, last, since);
        self.delivery_tried(handle);
    }

    /// Makes a connection that failed for a delivery its try at hand. The try begins when the
    /// delivery joined those that waited for the connection, and ends now, when they are told.
    fn take_over_failure(&mut self, handle: Handle, connection: &FailedConnection, since: SimTime) {
        let &FailedConnection { candidate, started, marks, failure } = connection;
        let Candidate { address, host, preference } = candidate;
        let run = self.runs.get_mut(handle).expect("just made");
        run.target = Some(Target { preference, address, host, proxy: None });
        (run.started, run.marks) = (started.max(since), marks.not_before(since));
        run.failure = Some(failure);
        run.tried += 1;
        run.replies.clear();
        run.replies.resize(run.recipients.len(), None);
    }
}
