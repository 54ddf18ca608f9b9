//! The parts of a graph that hang on it by one link: on a tree there is one way only, so nobody need
//! search for it.
//!
//! Hosts with one neighbour are taken off until none is left. What was taken off is a forest, each tree
//! of which grows on a host of the *core*, where several ways may lead from one host to another. A tree
//! of links keeps one host as its core. Nine tenths of what a large network asks are answered by this.

use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use crate::mail::HostId;

use super::LinkId;

/// The way of a host towards the core.
#[derive(Debug, Clone, Copy)]
struct Step {
    towards: HostId,
    link: LinkId,
    /// Steps to the core.
    depth: u32,
}

/// By host: its step towards the core; none: it lies in the core.
#[derive(Debug, Clone)]
pub(super) struct Twigs(Vec<Option<Step>>);

/// The ways of two hosts along twigs, up to where they meet or to the core.
#[derive(Debug, Default)]
pub(super) struct Climb {
    /// Links passed from the first host on, and the hosts that they lead to.
    pub(super) up: Vec<(LinkId, HostId)>,
    /// The same from the second host on.
    pub(super) down: Vec<(LinkId, HostId)>,
}

impl Twigs {
    pub(super) fn of(graph: &UnGraph<HostId, LinkId>) -> Self {
        let count = graph.node_count();
        // Two links between the same hosts are two ways.
        let mut degrees: Vec<usize> =
            (0..count).map(|host| graph.edges(NodeIndex::new(host)).count()).collect();
        let mut steps: Vec<Option<Step>> = vec![None; count];
        let mut ends: Vec<usize> = (0..count).rev().filter(|&host| degrees[host] == 1).collect();
        let mut taken = Vec::new();
        while let Some(host) = ends.pop() {
            if degrees[host] != 1 {
                continue;
            }
            let remaining = graph.edges(NodeIndex::new(host)).find_map(|edge| {
                let other = neighbour(&edge, host);
                steps[other].is_none().then(|| (other, *edge.weight()))
            });
            let (other, link) = remaining.expect("a host with one link left has it");
            steps[host] = Some(Step { towards: HostId::from_index(other), link, depth: 0 });
            taken.push(host);
            degrees[host] = 0;
            degrees[other] -= 1;
            if degrees[other] == 1 {
                ends.push(other);
            }
        }
        // Who was taken later lies nearer to the core.
        for host in taken.into_iter().rev() {
            let towards = steps[host].map_or(host, |step| step.towards.index());
            let depth = steps[towards].map_or(0, |step| step.depth) + 1;
            if let Some(step) = &mut steps[host] {
                step.depth = depth;
            }
        }
        Self(steps)
    }

    pub(super) fn in_core(&self, host: HostId) -> bool {
        self.0[host.index()].is_none()
    }

    fn depth(&self, host: HostId) -> u32 {
        self.0[host.index()].map_or(0, |step| step.depth)
    }

    /// Follows both hosts towards the core, until they meet or both have come there.
    pub(super) fn climb(&self, from: HostId, to: HostId) -> Climb {
        let mut climb = Climb::default();
        let (mut one, mut other) = (from, to);
        while one != other {
            let first = self.depth(one) >= self.depth(other);
            let (here, passed) =
                if first { (&mut one, &mut climb.up) } else { (&mut other, &mut climb.down) };
            let Some(step) = self.0[here.index()] else { break };
            passed.push((step.link, step.towards));
            *here = step.towards;
        }
        climb
    }
}

/// Returns the host at the other end of an edge.
fn neighbour(edge: &impl EdgeRef<NodeId = NodeIndex, Weight = LinkId>, host: usize) -> usize {
    let (a, b) = (edge.source().index(), edge.target().index());
    if a == host { b } else { a }
}
