//! Times in which nothing befalls the way between a client and a server.

use crate::fault::Interval;
use crate::mail::HostId;
use crate::trace::FactSink;
use crate::units::SimTime;

use super::faults::Faults;
use super::run::Target;
use super::wires::Line;
use super::world::World;

/// Calm as far as it is known. Faults are few and known in advance, so that the time until the next
/// is asked of the time lines once and not for each connection: two short looks take the place of
/// six time lines, and in a large network of two places in memory the place of a dozen. In debug builds
/// the time lines are asked all the same, and what they say is compared.
#[derive(Debug)]
pub(super) struct Calm {
    /// By address: when nothing befalls what is sent to it.
    addresses: Vec<Interval>,
    /// By host: when nothing cuts it off.
    hosts: Vec<Interval>,
}

/// Nothing is known of when it is calm.
const UNKNOWN: Interval = Interval { from: SimTime::MAX, to: SimTime::ZERO };

impl Calm {
    /// Returns what is known at first: nothing.
    pub(super) fn new(addresses: usize, hosts: usize) -> Self {
        Self { addresses: vec![UNKNOWN; addresses], hosts: vec![UNKNOWN; hosts] }
    }

    /// Returns the end of the time, now begun, in which nothing befalls what `client` sends to a host
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
    /// Returns the line between a client and an address on the default path, unless something befalls
    /// it now.
    #[inline(always)]
    pub(super) fn calm_line(&mut self, client: HostId, target: Target) -> Option<Line> {
        if target.proxy.is_some() {
            return None;
        }
        let path = self.reach.default_path(client, target.host)?;
        if !path.jitter.is_zero() {
            return None;
        }
        let to = self.calm.until(&self.faults, client, target, self.now)?;
        Some(Line::by_default(path, Interval { from: self.now, to }))
    }
}
