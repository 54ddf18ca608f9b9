//! Hosts and links as a graph, and the least-latency route through it.

use petgraph::graph::{NodeIndex, UnGraph};

use crate::mail::HostId;
use crate::units::{Octets, SimDuration};

use super::Bandwidth;

use super::search::{Core, Search};
use super::twigs::Twigs;

/// A link, by its position in the scenario's link table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// A network address of a host, by its position in the scenario's address table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId(pub u32);

impl AddressId {
    /// Returns the position in the table.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Internet protocol version of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressFamily {
    /// An A record.
    V4,
    /// An AAAA record.
    V6,
}

/// An address and the host that answers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The host.
    pub host: HostId,
    /// The address as written, for example `192.0.2.1`.
    pub literal: String,
    /// Its family.
    pub family: AddressFamily,
}

/// A two-way link between two hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The hosts at its ends.
    pub ends: (HostId, HostId),
    /// Time from one end to the other, one way.
    pub latency: SimDuration,
    /// Upper bound of a delay added to the latency, drawn evenly once for each session.
    pub jitter: SimDuration,
    /// What it carries, in each direction.
    pub bandwidth: Bandwidth,
}

/// What a route from one host to another amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// One-way latency, the sum over the links.
    pub latency: SimDuration,
    /// Upper bound of the jitter, the sum over the links.
    pub jitter: SimDuration,
    /// What all of it carries.
    pub bandwidth: Bandwidth,
    /// The hosts passed between the two ends.
    pub intermediate: Vec<HostId>,
}

/// The links from one host to another, in order, and the hosts between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// The links passed.
    pub links: Vec<LinkId>,
    /// The hosts passed between the two ends: one fewer than links.
    pub hosts: Vec<HostId>,
    /// So many links at the beginning and at the end belong to every way between the two hosts, and so
    /// do the hosts that they lead to.
    pub sole: (usize, usize),
}

impl Way {
    /// Returns whether what lies in this place of [`Self::links`] is passed by every way.
    #[must_use]
    pub fn is_sole_link(&self, place: usize) -> bool {
        place < self.sole.0 || place >= self.links.len() - self.sole.1
    }

    /// Returns whether what lies in this place of [`Self::hosts`] is passed by every way.
    #[must_use]
    pub fn is_sole_host(&self, place: usize) -> bool {
        place < self.sole.0 || place + 1 >= self.links.len() - self.sole.1
    }
}

/// The graph of hosts and links.
///
/// Two hosts that no chain of links joins, whatever the state of the links, reach each other over
/// a default path: the Internet, which does not fail. Two hosts that links do join use links only,
/// and have no path while those are down.
#[derive(Debug, Clone)]
pub struct Topology {
    graph: UnGraph<HostId, LinkId>,
    links: Vec<Link>,
    component: Vec<u32>,
    twigs: Twigs,
    default_path: Path,
}

impl Topology {
    /// Returns the graph of `host_count` hosts joined by `links`, with `default_path` between
    /// hosts that links do not join.
    ///
    /// # Panics
    /// If a link names a host beyond `host_count`.
    #[must_use]
    pub fn new(host_count: usize, links: Vec<Link>, default_path: Path) -> Self {
        let mut graph = UnGraph::with_capacity(host_count, links.len());
        for index in 0..host_count {
            graph.add_node(HostId::from_index(index));
        }
        for (index, link) in links.iter().enumerate() {
            let id = LinkId(HostId::from_index(index).0);
            graph.add_edge(node(link.ends.0), node(link.ends.1), id);
        }
        let component = components(&graph);
        let twigs = Twigs::of(&graph);
        Self { graph, links, component, twigs, default_path }
    }

    /// Returns the link `id`.
    #[must_use]
    pub fn link(&self, id: LinkId) -> &Link {
        &self.links[id.0 as usize]
    }

    /// Returns the links in the scenario's order.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Returns the path taken by hosts that no links join.
    #[must_use]
    pub fn default_path(&self) -> &Path {
        &self.default_path
    }

    /// Returns whether links join the two hosts, if all of them work.
    #[must_use]
    pub fn joined_by_links(&self, from: HostId, to: HostId) -> bool {
        // Without links nothing need be read from memory, where a large network has it anywhere.
        let joined = || self.component[from.index()] == self.component[to.index()];
        from == to || !self.links.is_empty() && joined()
    }

    /// Returns how many hosts there are.
    #[must_use]
    pub fn host_count(&self) -> usize {
        self.component.len()
    }

    /// Returns whether links lead from a host to others in circles: not where it, or all behind it,
    /// hangs on the rest by one link.
    #[must_use]
    pub fn in_core(&self, host: HostId) -> bool {
        self.twigs.in_core(host)
    }

    /// Returns the route of least latency from `from` to `to` over links for which `link_works`
    /// and through hosts for which `host_forwards` holds; none if there is no such route.
    ///
    /// # Determinism
    /// Of several routes of equal latency the one whose last step has the lower host number is
    /// taken, and so on backwards; of parallel links the first in the file.
    pub fn route(
        &self,
        from: HostId,
        to: HostId,
        link_works: impl Fn(LinkId) -> bool,
        host_forwards: impl Fn(HostId) -> bool,
    ) -> Option<Path> {
        if !self.joined_by_links(from, to) {
            return Some(self.default_path.clone());
        }
        let way = self.way((from, to), link_works, host_forwards, &mut Search::default())?;
        Some(self.path(&way))
    }

    /// The same for two hosts that links join, as links and hosts. `search` is room used again.
    pub fn way(
        &self,
        (from, to): (HostId, HostId),
        link_works: impl Fn(LinkId) -> bool,
        host_forwards: impl Fn(HostId) -> bool,
        search: &mut Search,
    ) -> Option<Way> {
        let climb = self.twigs.climb(from, to);
        let passes = |host: HostId| host == from || host == to || host_forwards(host);
        let stands = |&(link, host): &(LinkId, HostId)| link_works(link) && passes(host);
        if !climb.up.iter().chain(&climb.down).all(stands) {
            return None;
        }
        let top = climb.up.last().map_or(from, |step| step.1);
        let other_top = climb.down.last().map_or(to, |step| step.1);
        let middle = if top == other_top {
            Vec::new()
        } else {
            // A nanosecond more for every link, so that each costs something.
            let cost = |link: LinkId, towards: HostId| {
                let usable = link_works(link) && passes(towards);
                usable.then(|| self.link(link).latency.as_nanos() + 1)
            };
            let core = Core { graph: &self.graph, twigs: &self.twigs, cost };
            core.shortest(top, other_top, search)?
        };
        Some(Way::joined(&climb.up, &middle, &climb.down))
    }

    /// Returns what a way amounts to.
    #[must_use]
    pub fn path(&self, way: &Way) -> Path {
        let mut path = Path {
            latency: SimDuration::ZERO,
            jitter: SimDuration::ZERO,
            bandwidth: Bandwidth {
                header: Octets::ZERO,
                slow_start: false,
                ..Bandwidth::UNLIMITED
            },
            intermediate: way.hosts.clone(),
        };
        for link in way.links.iter().map(|&link| self.link(link)) {
            path.latency += link.latency;
            path.jitter += link.jitter;
            path.bandwidth = path.bandwidth.along(link.bandwidth);
        }
        path
    }
}

impl Way {
    /// Returns the way up a twig, through the core and down another twig. Steps are links with the host
    /// that each leads to; the last are given from the end upwards.
    fn joined(
        up: &[(LinkId, HostId)],
        middle: &[(LinkId, HostId)],
        down: &[(LinkId, HostId)],
    ) -> Self {
        let mut way = Self { sole: (up.len(), down.len()), ..Self::default() };
        for &(link, host) in up.iter().chain(middle) {
            way.links.push(link);
            way.hosts.push(host);
        }
        if down.is_empty() {
            // The last step led to the end itself.
            way.hosts.pop();
        } else {
            way.hosts.extend(down[..down.len() - 1].iter().rev().map(|step| step.1));
        }
        way.links.extend(down.iter().rev().map(|step| step.0));
        way
    }
}

fn node(host: HostId) -> NodeIndex {
    NodeIndex::new(host.index())
}

/// Numbers the connected components; each host's entry is the lowest host number joined to it.
fn components(graph: &UnGraph<HostId, LinkId>) -> Vec<u32> {
    let mut component = vec![u32::MAX; graph.node_count()];
    for start in 0..graph.node_count() {
        if component[start] != u32::MAX {
            continue;
        }
        let number = HostId::from_index(start).0;
        let mut stack = vec![start];
        component[start] = number;
        while let Some(index) = stack.pop() {
            for neighbour in graph.neighbors(NodeIndex::new(index)) {
                if component[neighbour.index()] == u32::MAX {
                    component[neighbour.index()] = number;
                    stack.push(neighbour.index());
                }
            }
        }
    }
    component
}

#[cfg(test)]
#[path = "topology_tests.rs"]
mod against_plain_search;

#[cfg(test)]
mod tests {
    use super::*;

    fn link(a: u32, b: u32, millis: u64) -> Link {
        Link {
            ends: (HostId(a), HostId(b)),
            latency: SimDuration::from_millis(millis),
            jitter: SimDuration::ZERO,
            bandwidth: Bandwidth::UNLIMITED,
        }
    }

    fn internet() -> Path {
        Path {
            latency: SimDuration::from_millis(10),
            jitter: SimDuration::ZERO,
            bandwidth: Bandwidth::UNLIMITED,
            intermediate: Vec::new(),
        }
    }

    #[test]
    fn traffic_takes_the_least_latency_and_another_way_when_a_link_fails() {
        let links = vec![link(0, 1, 5), link(1, 2, 5), link(0, 2, 30)];
        let topology = Topology::new(4, links, internet());
        let (a, c) = (HostId(0), HostId(2));
        let best = topology.route(a, c, |_| true, |_| true).unwrap();
        assert_eq!(best.latency, SimDuration::from_millis(10));
        assert_eq!(best.intermediate, vec![HostId(1)]);
        let detour = topology.route(a, c, |l| l != LinkId(1), |_| true).unwrap();
        assert_eq!(detour.latency, SimDuration::from_millis(30));
        let around_dead_host = topology.route(a, c, |_| true, |h| h != HostId(1)).unwrap();
        assert_eq!(around_dead_host.latency, SimDuration::from_millis(30));
        assert_eq!(topology.route(a, c, |_| false, |_| true), None);
    }

    #[test]
    fn hosts_without_links_use_the_default_path() {
        let topology = Topology::new(4, vec![link(0, 1, 5)], internet());
        let path = topology.route(HostId(0), HostId(3), |_| false, |_| false).unwrap();
        assert_eq!(path.latency, SimDuration::from_millis(10));
        assert!(!topology.joined_by_links(HostId(0), HostId(3)));
    }
}
