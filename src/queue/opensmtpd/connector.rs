//! When a relay opens another connection, and where to.
//!
//! `mta.c`: `mta_connect` and `mta_find_route`.

use super::agent::{Agent, Moment, Order};
use super::session::Session;
use super::settings::seconds;
use crate::network::AddressId;
use crate::queue::{Candidate, ConnectionId, Destination};

/// The connector of a relay: with one own address there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connector {
    /// Whether its relay has not asked it for a connection yet.
    pub(super) new: bool,
    /// Set when it found no usable route; it then connects no more, and its relay fails.
    pub(super) no_route: bool,
    pub(super) waits: bool,
    pub(super) connections: u32,
}

impl Connector {
    pub(super) fn new() -> Self {
        Self { new: true, no_route: false, waits: false, connections: 0 }
    }
}

/// Time until a connector that hit a limit looks again (`DELAY_CHECK_LIMIT`) \[s\].
const DELAY_CHECK_LIMIT: i64 = 5;

/// What the search for a route found.
enum Found {
    Route(Candidate),
    /// Not before this second.
    NotBefore(i64),
    /// Some limit is reached.
    Limited,
    /// All are suspended.
    Nowhere,
}

impl Agent {
    /// Opens as many connections as the relay may and needs, and waits for the next.
    pub(super) fn connect(&mut self, moment: Moment<'_>, destination: Destination) {
        let clock = moment.clock;
        while self.wants_connection(moment, destination) {
            match self.may_connect(moment, destination) {
                Found::Route(candidate) => self.open(moment, destination, candidate),
                Found::NotBefore(second) => return self.wait(moment, destination, second),
                Found::Limited => {
                    return self.wait(moment, destination, clock.second + DELAY_CHECK_LIMIT);
                }
                Found::Nowhere => {
                    self.connector_mut(destination).no_route = true;
                    return;
                }
            }
        }
    }

    fn wants_connection(&mut self, moment: Moment<'_>, destination: Destination) -> bool {
        if self.connector_mut(destination).no_route {
            return false;
        }
        if std::mem::take(&mut self.connector_mut(destination).waits) {
            self.connectors.cancel(moment.clock, destination);
        }
        let relay = self.relay_mut(destination);
        let tasks = u32::try_from(relay.tasks.len()).unwrap_or(u32::MAX);
        let enough =
            relay.ready >= tasks || (relay.connections > 2 && relay.connections >= tasks / 2);
        tasks > 0 && !enough
    }

    fn wait(&mut self, moment: Moment<'_>, destination: Destination, second: i64) {
        self.connector_mut(destination).waits = true;
        self.connectors.schedule(moment.clock, second, destination);
    }

    /// Looks at the limits of relay, connector and own address, then for a route.
    fn may_connect(&mut self, moment: Moment<'_>, destination: Destination) -> Found {
        let limits = &moment.settings.limits;
        let now = moment.clock.second;
        let by_source = self.connections >= limits.max_conn_per_source;
        let by_connector =
            self.connector_mut(destination).connections >= limits.max_conn_per_connector;
        let relay = self.relay_mut(destination);
        let by_relay = relay.connections >= limits.max_conn_per_relay
            || relay.connections >= limits.max_conn_per_domain;
        if by_source || by_connector || by_relay {
            return Found::Limited;
        }
        let next = relay.last_connection + seconds(limits.conn_delay_relay);
        if next > now {
            return Found::NotBefore(next);
        }
        self.find_route(moment, destination)
    }

    /// Finds the usable host of the best preference with the fewest connections, the first in the
    /// list among equals.
    fn find_route(&mut self, moment: Moment<'_>, destination: Destination) -> Found {
        let exchangers = self.relay_mut(destination).exchangers.clone().unwrap_or_default();
        let (mut level, mut best): (i32, Option<(Candidate, u32)>) = (-1, None);
        let (mut limited, mut not_before): (bool, Option<i64>) = (false, None);
        for candidate in exchangers {
            let preference = candidate.preference.map_or(0, i32::from);
            if preference > level {
                // A host of a lower level is used only if none of this one ever can be for now.
                if best.is_some() || limited || not_before.is_some() {
                    break;
                }
                level = preference;
            }
            match self.usable(moment, candidate.address) {
                Usable::Now(connections) => {
                    if best.is_none_or(|(_, fewest)| connections < fewest) {
                        best = Some((candidate, connections));
                    }
                }
                Usable::NotBefore(second) => {
                    not_before = Some(not_before.map_or(second, |other| other.min(second)));
                }
                Usable::Limited => limited = true,
                Usable::Suspended => {}
            }
        }
        match (best, limited, not_before) {
            (Some((candidate, _)), ..) => Found::Route(candidate),
            (None, true, _) => Found::Limited,
            (None, false, Some(second)) => Found::NotBefore(second),
            (None, false, None) => Found::Nowhere,
        }
    }

    /// Looks at one host.
    fn usable(&mut self, moment: Moment<'_>, address: AddressId) -> Usable {
        let (clock, limits) = (moment.clock, &moment.settings.limits);
        let route = *self.routes.take(clock, address);
        self.routes.release(clock, address, moment.settings);
        let reopens = route.last_connection + seconds(limits.conn_delay_route);
        let recovers = route.last_disconnection + seconds(limits.reconn_delay_route);
        if route.connections >= limits.max_conn_per_host {
            Usable::Limited
        } else if route.disabled {
            Usable::Suspended
        } else if route.connections >= limits.max_conn_per_route
            || (route.connections > 0 && route.new)
        {
            // A route that has not proved itself gets one connection.
            Usable::Limited
        } else if reopens > clock.second {
            Usable::NotBefore(reopens)
        } else if recovers > clock.second {
            Usable::NotBefore(recovers)
        } else {
            Usable::Now(route.connections)
        }
    }

    /// Opens a connection.
    fn open(&mut self, moment: Moment<'_>, destination: Destination, candidate: Candidate) {
        let second = moment.clock.second;
        let route = self.routes.take(moment.clock, candidate.address);
        route.connections += 1;
        route.last_connection = second;
        self.connections += 1;
        self.connector_mut(destination).connections += 1;
        let relay = self.relay_mut(destination);
        relay.connections += 1;
        relay.last_connection = second;
        self.next_connection += 1;
        let id = ConnectionId(self.next_connection);
        self.sessions.insert(id, Session::new(destination, candidate.address));
        self.orders.push_back(Order::Connect(id, destination, candidate));
    }

    /// A session over the route is ready: it is no longer new, and more may be opened
    /// (`mta_route_ok`).
    pub(super) fn route_works(
        &mut self,
        moment: Moment<'_>,
        destination: Destination,
        address: AddressId,
    ) {
        let route = self.routes.used(address);
        if std::mem::take(&mut route.new) {
            self.connect(moment, destination);
        }
    }

    /// A connection of a relay is gone; if the route never worked, it is suspended
    /// (`mta_route_collect`).
    pub(super) fn collect(
        &mut self,
        moment: Moment<'_>,
        destination: Destination,
        address: AddressId,
    ) {
        self.connections -= 1;
        self.relay_mut(destination).connections -= 1;
        let route = self.routes.used(address);
        route.connections -= 1;
        route.last_disconnection = moment.clock.second;
        if route.new {
            self.routes.disable(moment.clock, address, moment.settings);
        }
        self.connector_mut(destination).connections -= 1;
        self.connect(moment, destination);
        self.routes.release(moment.clock, address, moment.settings);
        self.let_go(moment, destination);
    }
}

/// What one host is good for.
enum Usable {
    /// The connections that it has now.
    Now(u32),
    NotBefore(i64),
    Limited,
    Suspended,
}
