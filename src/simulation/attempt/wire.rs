//! The wire between a client and the server it connects to, on the path of the moment.

use crate::fault::{Interval, Timeline};
use crate::mail::HostId;
use crate::network::{Bandwidth, Path};
use crate::random::PurposeStreams;
use crate::smtp::{Conditions, Wire};
use crate::units::{SimDuration, SimTime};

use super::draws::{DrawKey, TryDraws};
use super::run::Target;
use crate::simulation::world::faults::Faults;
use crate::simulation::world::reach::{Pair, Reach};

/// A wire before its jitter is drawn.
pub(crate) struct Jittered<'a> {
    wire: Wire<'a>,
    jitter: SimDuration,
}

impl<'a> Jittered<'a> {
    /// Returns the wire with this try's jitter, drawn from the stream of `key` if there is any.
    #[inline]
    pub(crate) fn with_jitter(
        mut self,
        streams: &PurposeStreams,
        key: impl FnOnce() -> DrawKey,
    ) -> Wire<'a> {
        if !self.jitter.is_zero() {
            self.wire.latency += TryDraws::new(streams, key()).up_to(self.jitter);
        }
        self.wire
    }
}

/// What a wire is like, without the time lines that it refers to: what was found out for a connection
/// request serves the session that follows at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) pairs: (Pair, Option<Pair>),
    /// One way.
    pub(crate) latency: SimDuration,
    pub(crate) bandwidth: Bandwidth,
    /// A time in which nothing happens to a packet.
    pub(crate) calm: Interval,
}

impl Line {
    /// Returns the line of a wire between these pairs of hosts.
    pub(crate) fn of(wire: &Wire<'_>, pairs: (Pair, Option<Pair>)) -> Self {
        let &Wire { latency, bandwidth, conditions, .. } = wire;
        Self { pairs, latency, bandwidth, calm: conditions.calm() }
    }

    /// Returns the line of hosts that no links join, by a path without jitter.
    pub(crate) fn by_default(path: &Path, calm: Interval) -> Self {
        Self { pairs: (None, None), latency: path.latency, bandwidth: path.bandwidth, calm }
    }

    /// Returns the wire again.
    #[inline]
    pub(crate) fn wire<'a>(
        &self,
        reach: &'a Reach<'_>,
        faults: &'a Faults,
        client: HostId,
        target: Target,
    ) -> Wire<'a> {
        let &Self { pairs, latency, bandwidth, calm } = self;
        let port = &faults.port[target.address.index()];
        let cuts = cuts(reach, faults, client, target, pairs);
        let crashes = &faults.crashes[target.host.index()];
        let conditions = Conditions::calm_during(calm, port, cuts, crashes);
        Wire { latency, bandwidth, conditions, ticking: None }
    }
}

/// Returns the wire between `client` and `target` as it is at `now`. Behind a proxy the way to the
/// proxy and the way from there to the server add up.
pub(crate) fn wire<'a>(
    reach: &'a Reach<'_>,
    faults: &'a Faults,
    client: HostId,
    target: Target,
    (pair, inner): (Pair, Option<Pair>),
    now: SimTime,
) -> Jittered<'a> {
    let nothing = (SimDuration::ZERO, SimDuration::ZERO, Bandwidth::UNLIMITED);
    let of = |pair| reach.path(pair, now).map_or(nothing, |p| (p.latency, p.jitter, p.bandwidth));
    let outer = of(pair);
    let (latency, jitter, bandwidth) = match inner.map(of) {
        None => outer,
        Some(behind) => (outer.0 + behind.0, outer.1 + behind.1, outer.2.along(behind.2)),
    };
    Jittered {
        jitter,
        wire: Wire {
            latency,
            bandwidth,
            ticking: None,
            conditions: Conditions::new(
                now,
                &faults.port[target.address.index()],
                cuts(reach, faults, client, target, (pair, inner)),
                &faults.crashes[target.host.index()],
            ),
        },
    }
}

/// Returns the times without any passage between `client` and `target` (see [`Conditions::new`]).
#[inline]
pub(crate) fn cuts<'a>(
    reach: &'a Reach<'_>,
    faults: &'a Faults,
    client: HostId,
    target: Target,
    (pair, inner): (Pair, Option<Pair>),
) -> [&'a Timeline<()>; 5] {
    [
        &faults.cut[target.host.index()],
        &faults.cut[client.index()],
        target.proxy.map_or(&faults.never, |proxy| &faults.cut[proxy.index()]),
        reach.cut(pair, &faults.never),
        inner.map_or(&faults.never, |inner| reach.cut(inner, &faults.never)),
    ]
}
