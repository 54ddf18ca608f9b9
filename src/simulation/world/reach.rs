//! Who reaches whom, how fast, and when not.

use std::collections::BTreeMap;

use crate::fault::{Interval, Timeline};
use crate::mail::HostId;
use crate::network::{Path, Search, Topology, Way};
use crate::units::SimTime;

use super::faults::{Faults, link_works};

/// Routes between hosts that links join, worked out when first asked for and kept.
#[derive(Debug)]
pub(crate) struct Reach<'s> {
    topology: &'s Topology,
    pairs: BTreeMap<(HostId, HostId), usize>,
    routes: Vec<Routes>,
    /// When links or hosts fail or come back, once somebody has asked.
    changes: Option<Vec<Change>>,
    search: Search,
}

/// An instant at which links or hosts fail or come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    at: SimTime,
    /// Whether something comes back: there may be a better way.
    restores: bool,
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
pub(crate) type Pair = Option<usize>;

impl<'s> Reach<'s> {
    pub(crate) fn new(topology: &'s Topology) -> Self {
        Self {
            topology,
            pairs: BTreeMap::new(),
            routes: Vec::new(),
            changes: None,
            search: Search::default(),
        }
    }

    /// Returns the pair of two hosts, working out its routes if need be.
    pub(crate) fn pair(&mut self, from: HostId, to: HostId, faults: &Faults) -> Pair {
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
    pub(crate) fn default_path(&self, from: HostId, to: HostId) -> Option<&Path> {
        let joined = from != to && self.topology.joined_by_links(from, to);
        (!joined).then(|| self.topology.default_path())
    }

    /// Works out the routes of two hosts over time. While all of the best way stands it is taken,
    /// whatever else fails; while something fails that every way passes there is none. Only in between
    /// is a way looked for anew, when one may have gone or come.
    fn work_out(&mut self, from: HostId, to: HostId, faults: &Faults) -> Routes {
        let ends = (from, to);
        let best = self.topology.way(ends, |_| true, |_| true, &mut self.search);
        let best = best.expect("links join the two hosts");
        let (sole, shared) = failures(&best, faults);
        let mut bounds = vec![SimTime::ZERO];
        for interval in sole.iter().chain(&shared) {
            bounds.extend([interval.from, interval.to]);
        }
        bounds.sort_unstable();
        bounds.dedup();
        let best = self.topology.path(&best);
        let mut epochs = Epochs(Vec::new());
        let ends_at = bounds.iter().skip(1).copied().chain([SimTime::MAX]);
        for (&at, until) in bounds.iter().zip(ends_at) {
            let holds = |intervals: &[Interval]| {
                let begun = intervals.partition_point(|interval| interval.from <= at);
                begun > 0 && intervals[begun - 1].contains(at)
            };
            if at == SimTime::MAX {
                break;
            } else if holds(&sole) {
                epochs.push(at, None);
            } else if holds(&shared) {
                self.go_round(ends, Interval { from: at, to: until }, faults, &mut epochs);
            } else {
                epochs.push(at, Some(best.clone()));
            }
        }
        let epochs = epochs.0;
        let ends = epochs.iter().skip(1).map(|epoch| epoch.0).chain([SimTime::MAX]);
        let without = epochs
            .iter()
            .zip(ends)
            .filter(|((_, route), _)| route.is_none())
            .map(|((from, _), to)| (Interval { from: *from, to }, ()));
        let cut = Timeline::new(without.collect());
        Routes { epochs, cut }
    }

    /// Looks for ways round what fails in an interval.
    fn go_round(
        &mut self,
        ends: (HostId, HostId),
        interval: Interval,
        faults: &Faults,
        epochs: &mut Epochs,
    ) {
        let topology = self.topology;
        let changes = self.changes.get_or_insert_with(|| changes(topology, faults));
        let first = changes.partition_point(|change| change.at <= interval.from);
        let later = changes[first..].iter().take_while(|change| change.at < interval.to);
        let begins = Change { at: interval.from, restores: true };
        let mut way: Option<Way> = None;
        for &Change { at, restores } in std::iter::once(&begins).chain(later) {
            if !restores && way.as_ref().is_none_or(|way| stands(way, faults, at)) {
                continue;
            }
            let link_works = |link| link_works(&faults.links, link, at);
            let forwards = |host: HostId| faults.cut[host.index()].at(at).is_none();
            way = self.topology.way(ends, link_works, forwards, &mut self.search);
            epochs.push(at, way.as_ref().map(|way| self.topology.path(way)));
        }
    }

    /// Returns the path of `pair` at `at`; while there is no route, the last or next one, on which
    /// packets vanish.
    pub(crate) fn path(&self, pair: Pair, at: SimTime) -> Option<&Path> {
        let Some(index) = pair else {
            return Some(self.topology.default_path());
        };
        let epochs = &self.routes[index].epochs;
        let now = epochs.partition_point(|(from, _)| *from <= at);
        epochs[..now].iter().rev().chain(&epochs[now..]).find_map(|(_, route)| route.as_ref())
    }

    /// Returns when `pair` has no route.
    pub(crate) fn cut<'a>(&'a self, pair: Pair, never: &'a Timeline<()>) -> &'a Timeline<()> {
        pair.map_or(never, |index| &self.routes[index].cut)
    }
}

/// Routes in the order of time, each until the next.
struct Epochs(Vec<(SimTime, Option<Path>)>);

impl Epochs {
    /// Adds a route from `at` on, unless it is the one before.
    fn push(&mut self, at: SimTime, route: Option<Path>) {
        if self.0.last().is_none_or(|(_, last)| *last != route) {
            self.0.push((at, route));
        }
    }
}

/// Returns whether a way can be passed at `at`.
fn stands(way: &Way, faults: &Faults, at: SimTime) -> bool {
    way.links.iter().all(|&link| link_works(&faults.links, link, at))
        && way.hosts.iter().all(|host| faults.cut[host.index()].at(at).is_none())
}

/// Returns when something fails that every way passes, and when something fails that only this one
/// does: intervals in order that do not overlap.
fn failures(way: &Way, faults: &Faults) -> (Vec<Interval>, Vec<Interval>) {
    let (mut sole, mut shared) = (Vec::new(), Vec::new());
    let mut add = |is_sole: bool, line: &Timeline<()>| {
        let list = if is_sole { &mut sole } else { &mut shared };
        list.extend(line.entries().iter().map(|(interval, ())| *interval));
    };
    for (place, link) in way.links.iter().enumerate() {
        add(way.is_sole_link(place), &faults.links[link.0 as usize]);
    }
    for (place, host) in way.hosts.iter().enumerate() {
        add(way.is_sole_host(place), &faults.cut[host.index()]);
    }
    (united(sole), united(shared))
}

/// Returns the union of intervals as intervals in order that do not overlap.
fn united(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut united: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match united.last_mut() {
            Some(last) if interval.from <= last.to => last.to = last.to.max(interval.to),
            _ => united.push(interval),
        }
    }
    united
}

/// Returns all instants at which links or hosts fail or come back that may lie on another way.
fn changes(topology: &Topology, faults: &Faults) -> Vec<Change> {
    let in_core = |host: HostId| topology.in_core(host);
    let links = topology.links().iter().enumerate();
    let links = links.filter(|(_, link)| in_core(link.ends.0) && in_core(link.ends.1));
    let hosts = (0..topology.host_count()).filter(|host| in_core(HostId::from_index(*host)));
    let lines =
        links.map(|(link, _)| &faults.links[link]).chain(hosts.map(|host| &faults.cut[host]));
    let mut all: Vec<Change> = lines
        .flat_map(Timeline::entries)
        .flat_map(|(interval, ())| [(interval.from, false), (interval.to, true)])
        .map(|(at, restores)| Change { at, restores })
        .collect();
    all.sort_unstable();
    // Of one instant the last says whether something comes back.
    all.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        kept.restores |= same && later.restores;
        same
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Link;
    use crate::random::{Draw as _, Streams};
    use crate::simulation::fast::sparse::Sparse;
    use crate::units::SimDuration;

    /// A few failures of a few hours each.
    fn failures(random: &mut impl rand::Rng, most: u64) -> Timeline<()> {
        let intervals = (0..random.below(most + 1)).map(|_| {
            let from = SimTime::from_secs(random.below(100));
            (Interval { from, to: from + SimDuration::from_secs(1 + random.below(30)) }, ())
        });
        Timeline::new(intervals.collect())
    }

    #[test]
    fn routes_over_time_are_those_of_each_instant() {
        let mut random = Streams::new(3, 0).stream(crate::random::Purpose::Other("test/reach"), 0);
        for _ in 0..60 {
            let hosts = 4 + random.below(6);
            let mut links = Vec::new();
            for number in 0..hosts + 3 {
                let a = if number + 1 < hosts { number + 1 } else { random.below(hosts) };
                let b = if number + 1 < hosts { random.below(a) } else { (a + 1) % hosts };
                links.push(Link {
                    ends: (HostId(a as u32), HostId(b as u32)),
                    latency: SimDuration::from_millis(random.below(4)),
                    jitter: SimDuration::ZERO,
                    bandwidth: crate::network::Bandwidth::UNLIMITED,
                });
            }
            let internet = Path {
                latency: SimDuration::ZERO,
                jitter: SimDuration::ZERO,
                bandwidth: crate::network::Bandwidth::UNLIMITED,
                intermediate: Vec::new(),
            };
            let count = links.len();
            let topology = Topology::new(hosts as usize, links, internet);
            let mut lines = |count: usize, most: u64| {
                let some = (0..count).map(|index| (index, failures(&mut random, most)));
                Sparse::new(count, some.collect(), Timeline::default())
            };
            let mut faults = Faults::none();
            faults.links = lines(count, 2);
            faults.cut = lines(hosts as usize, 1);
            let mut reach = Reach::new(&topology);
            for from in (0..hosts as u32).map(HostId) {
                for to in (0..hosts as u32).map(HostId).filter(|to| *to != from) {
                    let pair = reach.pair(from, to, &faults).expect("links join them");
                    let Routes { epochs, cut } = &reach.routes[pair];
                    for at in (0..140).map(SimTime::from_secs) {
                        let works = |link| link_works(&faults.links, link, at);
                        let forwards = |host: HostId| faults.cut[host.index()].at(at).is_none();
                        let route = topology.route(from, to, works, forwards);
                        let now = epochs.partition_point(|(from, _)| *from <= at);
                        assert_eq!(epochs[now - 1].1, route, "{from:?} to {to:?} at {at:?}");
                        assert_eq!(cut.at(at).is_some(), route.is_none());
                    }
                }
            }
        }
    }
}
