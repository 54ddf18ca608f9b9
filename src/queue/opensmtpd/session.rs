//! Sessions: a connection takes one task after the other, idles, and ends.
//!
//! `mta_session.c`: `mta_enter_state` (`MTA_READY`), `mta_response`, `mta_error`, `mta_free`.

use super::agent::{Agent, Moment, Order};
use super::settings::seconds;
use crate::network::AddressId;
use crate::queue::{ConnectionId, Destination, FailedConnection};

/// One session, from the order to connect until it is closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    pub(super) relay: Destination,
    pub(super) address: AddressId,
    /// Whether it has come as far as a reply to EHLO.
    ready: bool,
    /// Messages tried since the last success.
    tried: u32,
    /// Messages accepted.
    accepted: u32,
    /// Seconds idled.
    idled: i64,
    /// Whether its idling timer runs.
    idles: bool,
}

impl Session {
    pub(super) fn new(relay: Destination, address: AddressId) -> Self {
        Self { relay, address, ready: false, tried: 0, accepted: 0, idled: 0, idles: false }
    }
}

impl Agent {
    /// The opening of a connection is over.
    pub(super) fn connected(
        &mut self,
        moment: Moment<'_>,
        id: ConnectionId,
        opened: Result<(), FailedConnection>,
    ) {
        match opened {
            Ok(()) => self.ready(moment, id),
            Err(failed) => {
                if let Some(session) = self.sessions.get(&id) {
                    let destination = session.relay;
                    self.relay_mut(destination).failed.push(failed);
                }
                self.session_over(moment, id);
            }
        }
    }

    /// A session has nothing under way: it takes the next task, idles, or ends.
    pub(super) fn ready(&mut self, moment: Moment<'_>, id: ConnectionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let (destination, address) = (session.relay, session.address);
        if !std::mem::replace(&mut session.ready, true) {
            self.relay_mut(destination).ready += 1;
            self.route_works(moment, destination, address);
        }
        let limits = &moment.settings.limits;
        let session = self.sessions[&id];
        let worn = session.tried >= limits.max_try_before_disable
            || session.accepted >= limits.session_mail_max;
        if worn {
            self.orders.push_back(Order::Quit(id));
            return;
        }
        if let Some(task) = self.next_task(moment, destination) {
            self.orders.push_back(Order::Transact(id, task));
            return;
        }
        let others = self.relay_mut(destination).connections > 1;
        if others || session.idled >= seconds(limits.session_keepalive) {
            self.orders.push_back(Order::Quit(id));
            return;
        }
        let session = self.sessions.get_mut(&id).expect("it exists");
        session.idles = true;
        self.idling.schedule(moment.clock, moment.clock.second + 1, id);
    }

    /// An idling session looks for work each second.
    pub(super) fn idled(&mut self, moment: Moment<'_>, id: ConnectionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.idles = false;
            session.idled += 1;
            self.ready(moment, id);
        }
    }

    /// A transaction is over; none: the message was too large for the host, which was not asked
    /// (`IMSG_MTA_OPEN_MESSAGE`), so that it counts neither as a try nor as work that ends idling.
    pub(super) fn transaction_over(
        &mut self,
        moment: Moment<'_>,
        id: ConnectionId,
        accepted: Option<bool>,
        connection_stands: bool,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(accepted) = accepted {
            session.idled = 0;
            session.tried = if accepted { 0 } else { session.tried + 1 };
            session.accepted += u32::from(accepted);
        }
        if connection_stands {
            self.ready(moment, id);
        } else {
            self.session_over(moment, id);
        }
    }

    /// A connection is gone: `mta_free`.
    pub(super) fn session_over(&mut self, moment: Moment<'_>, id: ConnectionId) {
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        if session.ready {
            self.relay_mut(session.relay).ready -= 1;
        }
        if session.idles {
            self.idling.cancel(moment.clock, id);
        }
        self.collect(moment, session.relay, session.address);
    }
}
