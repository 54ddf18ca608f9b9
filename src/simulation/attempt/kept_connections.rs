//! Connections after a delivery: kept for the next one, which takes them up, or closed.

use crate::engine::{Class, Handle};
use crate::mail::HostId;
use crate::queue::Destination;
use crate::trace::FactSink;

use super::connection::{Connection, Keeper, Kept};
use super::conversation::Step;
use super::run::{Purpose, Run, Target};
use crate::simulation::world::World;
use crate::simulation::world::event::Event;

impl<S: FactSink> World<'_, '_, S> {
    /// Uses a kept connection to the run's destination, if there is one that is still good.
    pub(crate) fn take_up_connection(&mut self, run: &mut Run) -> bool {
        let (client, purpose) = (run.client, run.purpose);
        let Purpose::Delivery { destination, reuse: true, .. } = purpose else {
            return false;
        };
        // It looks for one before it opens one, and not again.
        if run.next_target > 0 && self.config_of(run).client.options.reuses_by_address {
            return false;
        }
        loop {
            let cache = &mut self.hosts[client.index()].cache;
            let Some(kept) = cache.take(Keeper::Destination(destination), |_| true) else {
                return self.take_up_by_address(run, destination);
            };
            if let Some(target) = self.taken_up(kept) {
                self.try_over(run, target, kept);
                return true;
            }
        }
    }

    /// Returns the target of a connection that was kept if it is still good, and closes it if not.
    fn taken_up(&mut self, kept: Handle) -> Option<Target> {
        let connection = self.attempts.connections.get_mut(kept)?;
        let good = connection.kept.is_some_and(|kept| self.now < kept.too_old);
        connection.kept = None;
        let target = connection.target;
        if !good {
            self.close_connection(kept);
        }
        good.then_some(target)
    }

    /// Uses a connection to one of the best hosts that is kept for another destination, before any is
    /// opened. If that host is the last of the list, the delivery ends with it, though others have not
    /// been tried: the client takes it for the final server (`src/smtp/smtp_connect.c`,
    /// `smtp_reuse_session`; recording r16 of the first random series, at 71.3 s).
    #[inline(never)]
    fn take_up_by_address(&mut self, run: &mut Run, destination: Destination) -> bool {
        let client = run.client;
        if !self.config_of(run).client.options.reuses_by_address
            || self.hosts[client.index()].cache.is_empty()
        {
            return false;
        }
        let best = run.targets.first().and_then(|target| target.preference);
        let left = run.targets.iter().enumerate().skip(run.next_target);
        let places: Vec<(usize, Target)> = left
            .take_while(|(_, target)| target.preference == best)
            .map(|(place, target)| (place, *target))
            .collect();
        let last = run.targets.len() - 1;
        for (place, target) in places {
            let connections = &self.attempts.connections;
            let leads_there = |keeper: Keeper, kept: Handle| {
                let Keeper::Destination(other) = keeper else { return false };
                other.transport() == destination.transport()
                    && connections
                        .get(kept)
                        .is_some_and(|connection| connection.target.address == target.address)
            };
            let Some(kept) = self.hosts[client.index()].cache.take_any(leads_there) else {
                continue;
            };
            let Some(target) = self.taken_up(kept) else { continue };
            if place == last {
                run.targets.retain(|other| other.address == target.address);
                run.next_target = 0;
            }
            self.try_over(run, target, kept);
            return true;
        }
        false
    }

    /// After a delivery: keeps the connection for the next one if that was ordered, or closes it.
    pub(crate) fn keep_or_close(&mut self, run: &mut Run) {
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
        let (client, decided) = (run.client, run.keeps);
        let Some(too_old) = self.attempts.connections.get(connection).map(|state| state.connected)
        else {
            return;
        };
        let too_old = too_old.saturating_add(keep.age);
        if !decided.unwrap_or_else(|| self.keeps(run)) {
            self.close_connection(connection);
            return;
        }
        let idle = keep.idle;
        let until = self.now + idle;
        let state = self.attempts.connections.get_mut(connection).expect("it is open");
        state.kept = Some(Kept { until, too_old });
        run.connection_kept = true;
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

    /// A client that waits for the reply to QUIT says it before it goes on, unless it keeps the
    /// connection. Returns whether it does; the try then ends once more.
    pub(crate) fn says_quit(&mut self, run: &mut Run) -> bool {
        let waits = self.hosts[run.client.index()].config.client.options.quit_patience.is_some();
        let talks =
            run.transaction.is_some_and(|transaction| transaction.open || transaction.takes_leave);
        let delivers = matches!(run.purpose, Purpose::Delivery { .. });
        if !waits || run.said_quit || !talks || !delivers || run.connection.is_none() {
            return false;
        }
        let keeps = self.keeps(run);
        (run.keeps, run.said_quit) = (Some(keeps), !keeps);
        if !keeps {
            self.converse(run, None, Step::Quit);
        }
        !keeps
    }

    /// Returns whether the connection of a delivery is kept for the next one.
    fn keeps(&mut self, run: &mut Run) -> bool {
        let Purpose::Delivery { keep: Some(keep), process, .. } = run.purpose else {
            return false;
        };
        let open = run.transaction.is_some_and(|transaction| transaction.open);
        let Some(state) =
            run.connection.and_then(|connection| self.attempts.connections.get(connection))
        else {
            return false;
        };
        let worn = keep.transactions.is_some_and(|most| state.transactions >= most)
            || process.is_some_and(|(_, connections)| connections == 0);
        let too_old = self.now >= state.connected.saturating_add(keep.age);
        open && !worn && !too_old && self.is_still_wanted(run)
    }

    /// Asks the queue manager whether it still wants the connection of a delivery that kept it.
    fn is_still_wanted(&mut self, run: &Run) -> bool {
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
    pub(crate) fn close_kept(&mut self, host: HostId, keeper: Keeper) {
        while let Some(kept) = self.hosts[host.index()].cache.take(keeper, |_| true) {
            self.close_connection(kept);
        }
    }

    /// Keeps for another destination what a host keeps open for one.
    pub(crate) fn hand_connection_on(&mut self, host: HostId, from: Destination, to: Destination) {
        let cache = &mut self.hosts[host.index()].cache;
        if let Some(kept) = cache.take(Keeper::Destination(from), |_| true) {
            cache.put(Keeper::Destination(to), kept);
        }
    }

    pub(crate) fn connection_expires(&mut self, handle: Handle) {
        let Some(connection) = self.attempts.connections.get(handle) else {
            return;
        };
        // A connection that was used since has another time, or none.
        if connection.kept.is_some_and(|kept| kept.until <= self.now) {
            let client = connection.client;
            self.hosts[client.index()].cache.forget(handle);
            self.close_connection(handle);
        }
    }

    pub(crate) fn close_run_connection(&mut self, run: &mut Run) {
        if let Some(connection) = run.connection.take() {
            self.close_connection(connection);
        }
    }

    /// Closes a connection: its server slot is free, and the next that waits is served.
    pub(crate) fn close_connection(&mut self, handle: Handle) {
        let Some(&Connection { target, seen, since, holds_slot, .. }) =
            self.attempts.connections.get(handle)
        else {
            return;
        };
        self.attempts.connections.discard(handle);
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
