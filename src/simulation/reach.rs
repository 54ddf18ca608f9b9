//! Who reaches whom, how fast, and when not.

use std::collections::BTreeMap;

use crate::fault::{Interval, Timeline};
use crate::mail::HostId;
use crate::network::{Path, Topology};
use crate::units::SimTime;

use super::faults::{Faults, link_works};

/// Routes between hosts that links join, worked out when first asked for and kept.
#[derive(Debug)]
pub(super) struct Reach<'s> {
    topology: &'s Topology,
    pairs: BTreeMap<(HostId, HostId), usize>,
    routes: Vec<Routes>,
}

/// The routes between two hosts over time.
#[derive(Debug)]
struct Routes {
    /// From each instant on, until the next.
    epochs: Vec<(SimTime, Option<Path>)>,
    /// When there is none.
    cut: Timeline<()>,
}

/// An index of a pair of hosts that links join; none for pairs on the default path.
pub(super) type Pair = Option<usize>;

impl<'s> Reach<'s> {
    pub(super) fn new(topology: &'s Topology) -> Self {
        Self { topology, pairs: BTreeMap::new(), routes: Vec::new() }
    }

    /// Returns the pair of two hosts, working out its routes if need be.
    pub(super) fn pair(&mut self, from: HostId, to: HostId, faults: &Faults) -> Pair {
        if self.default_path(from, to).is_some() {
            return None;
        }
        if let Some(&index) = self.pairs.get(&(from, to)) {
            return Some(index);
        }
        let routes = self.work_out(from, to, faults);
        self.routes.push(routes);
        self.pairs.insert((from, to), self.routes.len() - 1);
        Some(self.routes.len() - 1)
    }

    /// Returns the path of two hosts that no links join, if they are such.
    #[inline]
    pub(super) fn default_path(&self, from: HostId, to: HostId) -> Option<&Path> {
        let joined = from != to && self.topology.joined_by_links(from, to);
        (!joined).then(|| self.topology.default_path())
    }

    fn work_out(&self, from: HostId, to: HostId, faults: &Faults) -> Routes {
        let mut changes = vec![SimTime::ZERO];
        let cuts = faults.links.iter().chain(faults.cut.iter());
        for (interval, ()) in cuts.flat_map(Timeline::entries) {
            changes.extend([interval.from, interval.to]);
        }
        changes.sort_unstable();
        changes.dedup();
        let mut epochs: Vec<(SimTime, Option<Path>)> = Vec::new();
        for at in changes.into_iter().filter(|&at| at != SimTime::MAX) {
            let route = self.topology.route(
                from,
                to,
                |link| link_works(&faults.links, link, at),
                |host| faults.cut[host.index()].at(at).is_none(),
            );
            if epochs.last().is_none_or(|(_, last)| *last != route) {
                epochs.push((at, route));
            }
        }
        let ends = epochs.iter().skip(1).map(|epoch| epoch.0).chain([SimTime::MAX]);
        let without = epochs
            .iter()
            .zip(ends)
            .filter(|((_, route), _)| route.is_none())
            .map(|((from, _), to)| (Interval { from: *from, to }, ()));
        let cut = Timeline::new(without.collect());
        Routes { epochs, cut }
    }

    /// Returns the path of `pair` at `at`; while there is no route, the last or next one, on which
    /// packets vanish.
    pub(super) fn path(&self, pair: Pair, at: SimTime) -> Option<&Path> {
        let Some(index) = pair else {
            return Some(self.topology.default_path());
        };
        let epochs = &self.routes[index].epochs;
        let now = epochs.partition_point(|(from, _)| *from <= at);
        epochs[..now].iter().rev().chain(&epochs[now..]).find_map(|(_, route)| route.as_ref())
    }

    /// Returns when `pair` has no route.
    pub(super) fn cut<'a>(&'a self, pair: Pair, never: &'a Timeline<()>) -> &'a Timeline<()> {
        pair.map_or(never, |index| &self.routes[index].cut)
    }
}
