//! Routes: an own address with a host, their suspension after a failed connection, and how long
//! that is remembered.
//!
//! `mta.c`: `mta_route`, `mta_route_unref`, `mta_route_disable`, `mta_route_enable`. (Errors within
//! a session no longer disable a route: the code is switched off in `mta_route_error` and
//! `mta_route_down`.)

use std::collections::BTreeMap;

use super::alarm::RunQueue;
use super::settings::{Settings, seconds};
use super::{Clock, NEVER};
use crate::network::AddressId;

/// One route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    /// Connections open or being opened.
    pub(super) connections: u32,
    pub(super) last_connection: i64,
    pub(super) last_disconnection: i64,
    /// Whether no session has been ready since it was made or enabled.
    pub(super) new: bool,
    pub(super) disabled: bool,
    penalty: i64,
    last_penalty: i64,
    /// Connections, and the timer that will enable it.
    references: u32,
    /// Whether nobody uses it, but it is remembered for a while.
    kept: bool,
}

/// The routes of one host.
#[derive(Debug, Default)]
pub(super) struct Routes {
    routes: BTreeMap<AddressId, Route>,
    pub(super) timers: RunQueue<AddressId>,
}

impl Routes {
    /// Returns the route to `address` for use, with one more reference.
    pub(super) fn take(&mut self, clock: Clock, address: AddressId) -> &mut Route {
        let route = self.routes.entry(address).or_insert(Route {
            connections: 0,
            last_connection: NEVER,
            last_disconnection: NEVER,
            new: true,
            disabled: false,
            penalty: 0,
            last_penalty: NEVER,
            references: 0,
            kept: false,
        });
        if std::mem::take(&mut route.kept) {
            self.timers.cancel(clock, address);
            route.references -= 1;
        }
        route.references += 1;
        route
    }

    /// Returns a route that is in use.
    pub(super) fn used(&mut self, address: AddressId) -> &mut Route {
        self.routes.get_mut(&address).expect("a route in use exists")
    }

    /// A user of the route is done with it. A penalty, or the delay before its next connection, is
    /// remembered for as long as it counts.
    pub(super) fn release(&mut self, clock: Clock, address: AddressId, settings: &Settings) {
        let route = self.routes.get_mut(&address).expect("a route in use exists");
        route.references -= 1;
        if route.references > 0 {
            return;
        }
        let limits = &settings.limits;
        let until = if route.penalty > 0 {
            route.last_penalty + suspension(route.penalty, settings)
        } else {
            let opened = route.last_connection + seconds(limits.conn_delay_route);
            let closed = route.last_disconnection + seconds(limits.reconn_delay_route);
            // As in the source: the earlier of the two, and the latter only below the former.
            let after_opening = if opened > clock.second { opened } else { 0 };
            if closed > clock.second && closed < after_opening { closed } else { after_opening }
        };
        if until > clock.second {
            route.kept = true;
            route.references += 1;
            self.timers.schedule(clock, until, address);
        } else {
            self.routes.remove(&address);
        }
    }

    /// Suspends a route in use: `mta_route_disable`.
    pub(super) fn disable(&mut self, clock: Clock, address: AddressId, settings: &Settings) {
        let route = self.routes.get_mut(&address).expect("a route in use exists");
        route.penalty += 1;
        route.last_penalty = clock.second;
        let until = clock.second + suspension(route.penalty, settings);
        if std::mem::replace(&mut route.disabled, true) {
            self.timers.cancel(clock, address);
        } else {
            route.references += 1;
        }
        self.timers.schedule(clock, until, address);
    }

    /// The time of a suspended or remembered route is over; its penalty falls by one.
    pub(super) fn timer(&mut self, clock: Clock, address: AddressId, settings: &Settings) {
        let route = self.routes.get_mut(&address).expect("a route with a timer exists");
        route.kept = false;
        if std::mem::take(&mut route.disabled) {
            route.new = true;
        }
        if route.penalty > 0 {
            route.penalty -= 1;
            route.last_penalty = clock.second;
        }
        self.release(clock, address, settings);
    }
}

/// Returns how long a route with this penalty is suspended \[s\].
fn suspension(penalty: i64, settings: &Settings) -> i64 {
    let delay = seconds(settings.route_delay_base).saturating_mul(penalty.saturating_mul(penalty));
    delay.min(seconds(settings.route_delay_max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{SimDuration, SimTime};

    fn clock(second: u64) -> Clock {
        Clock::at(SimTime::from_secs(second), SimDuration::ZERO)
    }

    /// Lets a connection over the route fail at `second`.
    fn fail(routes: &mut Routes, second: u64, address: AddressId, settings: &Settings) {
        let clock = clock(second);
        routes.take(clock, address);
        routes.disable(clock, address, settings);
        routes.release(clock, address, settings);
    }

    /// Runs the timers up to `second` and returns whether the route is usable then.
    fn usable(routes: &mut Routes, second: u64, address: AddressId, settings: &Settings) -> bool {
        while let Some(job) = routes.timers.next_due(clock(second)) {
            routes.timer(clock(second), job, settings);
        }
        routes.routes.get(&address).is_none_or(|route| !route.disabled)
    }

    #[test]
    fn a_failure_after_the_suspension_costs_no_more_than_the_first() {
        // Each enabling lowers the penalty by one, so failures a suspension apart stay at level 1.
        let (mut routes, settings, address) =
            (Routes::default(), Settings::default(), AddressId(1));
        for start in [0, 15, 30] {
            fail(&mut routes, start, address, &settings);
            assert!(!usable(&mut routes, start + 14, address, &settings));
            assert!(usable(&mut routes, start + 15, address, &settings));
        }
    }

    #[test]
    fn failures_at_once_add_up() {
        // Two connections that fail together: level 2, 15 * 4 s, and the level falls by one then.
        let (mut routes, settings, address) =
            (Routes::default(), Settings::default(), AddressId(1));
        let now = clock(0);
        routes.take(now, address);
        routes.take(now, address);
        for _ in 0..2 {
            routes.disable(now, address, &settings);
            routes.release(now, address, &settings);
        }
        assert!(!usable(&mut routes, 59, address, &settings));
        assert!(usable(&mut routes, 60, address, &settings));
        // The route is remembered at level 1: another failure means level 2 again.
        fail(&mut routes, 61, address, &settings);
        assert!(!usable(&mut routes, 61 + 59, address, &settings));
        assert!(usable(&mut routes, 61 + 60, address, &settings));
    }

    #[test]
    fn a_suspension_has_a_longest() {
        assert_eq!(suspension(16, &Settings::default()), 3600);
        assert_eq!(suspension(15, &Settings::default()), 15 * 15 * 15);
    }
}
