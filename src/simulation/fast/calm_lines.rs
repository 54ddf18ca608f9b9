//! Times in which nothing disturbs the way between a client and a server.

use crate::fault::Interval;
use crate::mail::HostId;
use crate::trace::FactSink;
use crate::units::SimTime;

use crate::simulation::attempt::run::Target;
use crate::simulation::attempt::wire::Line;
use crate::simulation::world::World;
use crate::simulation::world::faults::Faults;

/// Calm as far as it is known. Faults are few and known in advance, so that the time until the next
/// is asked of the time lines once and not for each connection: two short looks take the place of
/// six time lines, and in a large network of two places in memory the place of a dozen. In debug builds
/// the time lines are asked all the same, and what they say is compared.
#[derive(Debug)]
pub(crate) struct Calm {
    /// By address: when nothing disturbs what is sent to it.
    addresses: Vec<Interval>,
    /// By host: when nothing cuts it off.
    hosts: Vec<Interval>,
}

/// Nothing is known of when it is calm.
const UNKNOWN: Interval = Interval { from: SimTime::MAX, to: SimTime::ZERO };

impl Calm {
    /// Returns what is known at first: nothing.
    pub(crate) fn new(addresses: usize, hosts: usize) -> Self {
        Self { addresses: vec![UNKNOWN; addresses], hosts: vec![UNKNOWN; hosts] }
    }

    /// Returns the end of the time, now begun, in which nothing disturbs what `client` sends to a host
    /// that no links join to it, if it is such a time.
    #[inline]
    fn until(
        &mut self,
        faults: &Faults,
        client: HostId,
        target: Target,
        now: SimTime,
    ) -> Option<SimTime> {
        let there = &mut self.addresses[target.address.index()];
        if !there.contains(now) {
            let port = faults.port[target.address.index()].calm_until(now);
            let to = port.min(faults.cut[target.host.index()].calm_until(now));
            *there = Interval { from: now, to };
        }
        let here = &mut self.hosts[client.index()];
        if !here.contains(now) {
            *here = Interval { from: now, to: faults.cut[client.index()].calm_until(now) };
        }
        let to = there.to.min(here.to);
        (to > now).then_some(to)
    }
}

impl<S: FactSink> World<'_, '_, S> {
    /// Returns the line between a client and an address on the default path, unless something disturbs
    /// it now.
    #[inline(always)]
    pub(crate) fn calm_line(&mut self, client: HostId, target: Target) -> Option<Line> {
        if target.proxy.is_some() || !self.fast.on {
            return None;
        }
        let path = self.ways.reach.default_path(client, target.host)?;
        if !path.jitter.is_zero() {
            return None;
        }
        let to = self.fast.calm.until(&self.ways.faults, client, target, self.now)?;
        Some(Line::by_default(path, Interval { from: self.now, to }))
    }
}
