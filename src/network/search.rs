//! The shortest way through the core of a graph, looked for from both ends at once: in a network of a
//! thousand hosts that reads some sixty of them where a search from one end reads half of all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use crate::mail::HostId;

use super::LinkId;
use super::twigs::Twigs;

/// Room for searches, kept from one to the next.
#[derive(Debug, Default)]
pub struct Search {
    from: Side,
    to: Side,
}

/// What a search from one end has found.
#[derive(Debug, Default)]
struct Side {
    /// By host; of an earlier search unless marked with the number of this one.
    found: Vec<Found>,
    number: u32,
    settled: Vec<HostId>,
    next: BinaryHeap<Reverse<(u64, HostId)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Found {
    number: u32,
    distance: u64,
    is_settled: bool,
    /// Whether a shortest way from one end to the other is known to pass here.
    on_way: bool,
}

impl Side {
    fn begin(&mut self, hosts: usize, at: HostId) {
        self.found.resize(hosts, Found::default());
        self.number += 1;
        self.settled.clear();
        self.next.clear();
        self.reach(at, 0);
    }

    fn at(&self, host: HostId) -> Option<&Found> {
        Some(&self.found[host.index()]).filter(|found| found.number == self.number)
    }

    /// Returns the distance of a host, if it is known to be the least.
    fn settled(&self, host: HostId) -> Option<u64> {
        self.at(host).filter(|found| found.is_settled).map(|found| found.distance)
    }

    /// Notes a way to a host, unless a shorter one is known.
    fn reach(&mut self, host: HostId, distance: u64) {
        if self.at(host).is_none_or(|found| distance < found.distance) {
            self.found[host.index()] = Found { number: self.number, distance, ..Found::default() };
            self.next.push(Reverse((distance, host)));
        }
    }

    /// Returns the distance of the next host to be settled.
    fn nearest(&mut self) -> Option<u64> {
        while let Some(&Reverse((distance, host))) = self.next.peek() {
            let found = self.found[host.index()];
            if !found.is_settled && found.distance == distance {
                return Some(distance);
            }
            self.next.pop();
        }
        None
    }

    fn settle(&mut self) -> (u64, HostId) {
        let Reverse((distance, host)) = self.next.pop().expect("the nearest host was asked for");
        self.found[host.index()].is_settled = true;
        self.settled.push(host);
        (distance, host)
    }

    /// Marks a host as passed by a shortest way; returns whether it was not yet.
    fn mark(&mut self, host: HostId) -> bool {
        !std::mem::replace(&mut self.found[host.index()].on_way, true)
    }
}

/// The core of a graph, with what may be used of it now.
pub(super) struct Core<'a, C> {
    pub(super) graph: &'a UnGraph<HostId, LinkId>,
    pub(super) twigs: &'a Twigs,
    /// What it costs to pass a link towards a host; none: it cannot be passed now. Never nothing.
    pub(super) cost: C,
}

impl<C: Fn(LinkId, HostId) -> Option<u64>> Core<'_, C> {
    /// Calls `visit` with each usable neighbour of a host, the link and its cost.
    fn neighbours(&self, host: HostId, mut visit: impl FnMut(HostId, LinkId, u64)) {
        for edge in self.graph.edges(NodeIndex::new(host.index())) {
            let (a, b) = (self.graph[edge.source()], self.graph[edge.target()]);
            let other = if a == host { b } else { a };
            if self.twigs.in_core(other)
                && let Some(cost) = (self.cost)(*edge.weight(), other)
            {
                visit(other, *edge.weight(), cost);
            }
        }
    }

    /// Returns the links of the shortest way between two hosts of the core, each with the host that it
    /// leads to. Of several that are equally short the one whose last step has the lower host number,
    /// and so on backwards; of parallel links the first.
    pub(super) fn shortest(
        &self,
        from: HostId,
        to: HostId,
        search: &mut Search,
    ) -> Option<Vec<(LinkId, HostId)>> {
        let length = self.meet(from, to, search)?;
        self.mark_ways(length, search);
        Some(self.walk_back(from, to, length, search))
    }

    /// Searches from both ends until no shorter way is left. Returns the length of the shortest.
    fn meet(&self, from: HostId, to: HostId, search: &mut Search) -> Option<u64> {
        let hosts = self.graph.node_count();
        search.from.begin(hosts, from);
        search.to.begin(hosts, to);
        let mut length: Option<u64> = None;
        while let (Some(one), Some(other)) = (search.from.nearest(), search.to.nearest()) {
            // Ways of the same length are looked for as well.
            if length.is_some_and(|length| one + other > length) {
                break;
            }
            let (side, opposite) = if one <= other {
                (&mut search.from, &search.to)
            } else {
                (&mut search.to, &search.from)
            };
            let (distance, host) = side.settle();
            self.neighbours(host, |neighbour, _, cost| {
                side.reach(neighbour, distance + cost);
                if let Some(rest) = opposite.at(neighbour) {
                    let whole = distance + cost + rest.distance;
                    length = Some(length.map_or(whole, |length| length.min(whole)));
                }
            });
        }
        length
    }

    /// Marks the hosts behind the meeting of both searches that a shortest way passes.
    fn mark_ways(&self, length: u64, search: &mut Search) {
        let Search { from, to } = search;
        let mut open = Vec::new();
        for &host in &from.settled {
            let gone = from.found[host.index()].distance;
            self.neighbours(host, |neighbour, _, cost| {
                let rest = to.settled(neighbour);
                if rest.is_some_and(|rest| gone + cost + rest == length) && to.mark(neighbour) {
                    open.push(neighbour);
                }
            });
        }
        while let Some(host) = open.pop() {
            let left = to.found[host.index()].distance;
            self.neighbours(host, |neighbour, _, cost| {
                let rest = to.settled(neighbour);
                if rest.is_some_and(|rest| rest + cost == left) && to.mark(neighbour) {
                    open.push(neighbour);
                }
            });
        }
    }

    /// Collects the way from its end to its start.
    fn walk_back(
        &self,
        from: HostId,
        to: HostId,
        length: u64,
        search: &Search,
    ) -> Vec<(LinkId, HostId)> {
        let distance = |host: HostId| {
            let behind = || search.to.at(host).filter(|found| found.on_way);
            let from_behind = || behind().map(|found| length - found.distance);
            search.from.settled(host).or_else(from_behind)
        };
        let (mut way, mut here, mut gone) = (Vec::new(), to, length);
        while here != from {
            let mut best: Option<(HostId, LinkId, u64)> = None;
            self.neighbours(here, |neighbour, link, _| {
                // A host is entered at the same cost from either side.
                let Some(cost) = (self.cost)(link, here) else { return };
                let before = distance(neighbour);
                if before.is_some_and(|before| before + cost == gone) {
                    let this = (neighbour, link, gone - cost);
                    best = Some(best.map_or(this, |best| best.min(this)));
                }
            });
            let (previous, link, before) = best.expect("a host that was reached has a predecessor");
            way.push((link, here));
            (here, gone) = (previous, before);
        }
        way.reverse();
        way
    }
}
