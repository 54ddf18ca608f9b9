//! Connections after a delivery: kept for the next one, or closed.

use crate::engine::{Class, Handle};
use crate::mail::HostId;
use crate::queue::KeepConnection;
use crate::trace::FactSink;

use super::connection::{Connection, Keeper, Kept};
use super::event::Event;
use super::run::Purpose;
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// After a delivery: keeps the connection for the next one if that was ordered, or closes it.
    pub(super) fn keep_or_close(&mut self, handle: Handle) {
        let Some(run) = self.runs.get_mut(handle) else {
            return;
        };
        run.connection_kept = false;
        let Some(connection) = run.connection else {
            return;
        };
        let open = run.transaction.is_some_and(|transaction| transaction.open);
        if let Purpose::Transaction { connection: Some(id), .. } = run.purpose {
            run.connection_kept = open;
            let client = run.client;
            if !open {
                self.hosts[client.index()].opened.remove(&id);
                self.close_connection(connection);
            }
            return;
        }
        let Purpose::Delivery { destination, keep: Some(keep), process, .. } = run.purpose else {
            self.close_connection(connection);
            return;
        };
        let client = run.client;
        let KeepConnection { idle, age, transactions } = keep;
        let Some(state) = self.connections.get(connection) else {
            return;
        };
        let too_old = state.connected.saturating_add(age);
        let worn = transactions.is_some_and(|most| state.transactions >= most)
            || process.is_some_and(|(_, connections)| connections == 0);
        if !open || worn || self.now >= too_old || !self.is_still_wanted(handle) {
            self.close_connection(connection);
            return;
        }
        let until = self.now + idle;
        let state = self.connections.get_mut(connection).expect("it is open");
        state.kept = Some(Kept { until, too_old });
        if let Some(run) = self.runs.get_mut(handle) {
            run.connection_kept = true;
        }
        let keeper = match process {
            None => Keeper::Destination(destination),
            Some((process, connections)) => {
                let keeper = Keeper::Process(process);
                self.make_room(client, keeper, connections);
                keeper
            }
        };
        self.hosts[client.index()].cache.put(keeper, connection);
        self.schedule(until, Class::End, Event::ConnectionExpires { connection });
    }

    /// Asks the queue manager whether it still wants the connection of a delivery that kept it.
    fn is_still_wanted(&mut self, handle: Handle) -> bool {
        let run = self.runs.get(handle).expect("a run that goes on exists");
        let queue = &mut self.hosts[run.client.index()].queue;
        run.tried().is_some_and(|tried| queue.keeps_connection(&tried, &self.entries))
    }

    /// Closes connections that `keeper` used longest ago, so that it may keep one more.
    fn make_room(&mut self, host: HostId, keeper: Keeper, most: u32) {
        while self.hosts[host.index()].cache.count(keeper) >= most as usize {
            let oldest = self.hosts[host.index()].cache.take(keeper, |_| true);
            self.close_connection(oldest.expect("a count above zero"));
        }
    }

    /// Closes what a host keeps open for a destination or a process.
    pub(super) fn close_kept(&mut self, host: HostId, keeper: Keeper) {
        while let Some(kept) = self.hosts[host.index()].cache.take(keeper, |_| true) {
            self.close_connection(kept);
        }
    }

    pub(super) fn connection_expires(&mut self, handle: Handle) {
        let Some(connection) = self.connections.get(handle) else {
            return;
        };
        // A connection that was used since has another time, or none.
        if connection.kept.is_some_and(|kept| kept.until <= self.now) {
            let client = connection.client;
            self.hosts[client.index()].cache.forget(handle);
            self.close_connection(handle);
        }
    }

    pub(super) fn close_run_connection(&mut self, handle: Handle) {
        let connection = self.runs.get_mut(handle).and_then(|run| run.connection.take());
        if let Some(connection) = connection {
            self.close_connection(connection);
        }
    }

    /// Closes a connection: its server slot is free, and the next that waits is served.
    pub(super) fn close_connection(&mut self, handle: Handle) {
        let Some(&Connection { target, seen, since, holds_slot, .. }) =
            self.connections.get(handle)
        else {
            return;
        };
        self.connections.discard(handle);
        if !holds_slot {
            return;
        }
        let server = target.host;
        self.vacate_slot(server, seen, since);
        if !self.hosts[server.index()].waiting.is_empty() {
            self.serve_waiting(server);
        }
    }
}
