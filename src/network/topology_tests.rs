//! Ways found along twigs and from both ends, held against a plain search from one end.

use std::collections::BTreeSet;

use super::*;
use crate::random::{Draw as _, Streams};

/// The way that a search would find which settles the nearest host again and again.
fn plainly(
    topology: &Topology,
    (from, to): (HostId, HostId),
    broken: &BTreeSet<LinkId>,
    silent: &BTreeSet<HostId>,
) -> Option<(Vec<LinkId>, Vec<HostId>)> {
    let passes = |host: HostId| host == from || host == to || !silent.contains(&host);
    // Of each usable link in both directions: from, to, cost, which.
    let mut steps = Vec::new();
    for (index, link) in topology.links().iter().enumerate() {
        let (id, (a, b)) = (LinkId(index as u32), link.ends);
        if !broken.contains(&id) && passes(a) && passes(b) {
            let cost = link.latency.as_nanos() + 1;
            steps.extend([(a, b, cost, id), (b, a, cost, id)]);
        }
    }
    let mut distances = vec![u64::MAX; topology.host_count()];
    distances[from.index()] = 0;
    for _ in 0..topology.host_count() {
        for &(a, b, cost, _) in &steps {
            let through = distances[a.index()].saturating_add(cost);
            distances[b.index()] = distances[b.index()].min(through);
        }
    }
    if distances[to.index()] == u64::MAX {
        return None;
    }
    let (mut links, mut hosts, mut here) = (Vec::new(), Vec::new(), to);
    while here != from {
        let leads = |&&(a, b, cost, _): &&(HostId, HostId, u64, LinkId)| {
            let before = distances[a.index()];
            b == here && before.checked_add(cost) == Some(distances[here.index()])
        };
        let last = steps.iter().filter(leads).map(|&(a, _, _, id)| (a, id)).min();
        let (previous, link) = last.expect("a host that was reached has a predecessor");
        links.push(link);
        if previous != from {
            hosts.push(previous);
        }
        here = previous;
    }
    links.reverse();
    hosts.reverse();
    Some((links, hosts))
}

#[test]
fn ways_are_those_of_a_plain_search() {
    let mut random = Streams::new(7, 0).stream(crate::random::Purpose::Other("test/ways"), 0);
    let (mut search, mut found, mut none) = (Search::default(), 0, 0);
    for round in 0..400 {
        let hosts = 2 + random.below(12);
        let more = random.below(8);
        let mut links = Vec::new();
        let mut join = |a: u64, b: u64, millis: u64| {
            links.push(Link {
                ends: (HostId(a as u32), HostId(b as u32)),
                latency: SimDuration::from_millis(millis),
                jitter: SimDuration::ZERO,
                bandwidth: crate::network::Bandwidth::UNLIMITED,
            });
        };
        // Few different latencies, so that ways are often equally long.
        for host in 1..hosts {
            join(host, random.below(host), random.below(3));
        }
        for _ in 0..more {
            let a = random.below(hosts);
            join(a, (a + 1 + random.below(hosts - 1)) % hosts, random.below(3));
        }
        let internet = Path {
            latency: SimDuration::from_millis(10),
            jitter: SimDuration::ZERO,
            bandwidth: crate::network::Bandwidth::UNLIMITED,
            intermediate: Vec::new(),
        };
        let count = links.len() as u64;
        let topology = Topology::new(hosts as usize, links, internet);
        let bad = if round % 3 == 0 { 0 } else { random.below(4) };
        let broken = (0..bad).map(|_| LinkId(random.below(count) as u32)).collect();
        let silent = (0..bad).map(|_| HostId(random.below(hosts) as u32)).collect();
        for from in 0..hosts as u32 {
            for to in (0..hosts as u32).filter(|to| *to != from) {
                let ends = (HostId(from), HostId(to));
                let works = |link| !BTreeSet::contains(&broken, &link);
                let forwards = |host| !BTreeSet::contains(&silent, &host);
                let way = topology.way(ends, works, forwards, &mut search);
                let told = way.map(|way| (way.links, way.hosts));
                let plain = plainly(&topology, ends, &broken, &silent);
                assert_eq!(told, plain, "round {round}, {ends:?}");
                if plain.is_some() { found += 1 } else { none += 1 }
            }
        }
    }
    assert!(found > 1_000 && none > 1_000, "{found} ways, {none} times none");
}

#[test]
fn what_every_way_passes_is_told_from_what_one_does() {
    // A circle of 0, 1, 2, 3 with twigs 4 at 0, and 5, 6 at 2.
    let ends = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (2, 5), (5, 6)];
    let links = ends.map(|(a, b)| Link {
        ends: (HostId(a), HostId(b)),
        latency: SimDuration::from_millis(if b == 3 { 9 } else { 1 }),
        jitter: SimDuration::ZERO,
        bandwidth: crate::network::Bandwidth::UNLIMITED,
    });
    let internet = Path {
        latency: SimDuration::ZERO,
        jitter: SimDuration::ZERO,
        bandwidth: crate::network::Bandwidth::UNLIMITED,
        intermediate: Vec::new(),
    };
    let topology = Topology::new(7, links.to_vec(), internet);
    let mut search = Search::default();
    let way = topology.way((HostId(4), HostId(6)), |_| true, |_| true, &mut search).unwrap();
    assert_eq!(way.hosts, [0, 1, 2, 5].map(HostId));
    let sole = |is: &dyn Fn(usize) -> bool, count: usize| (0..count).map(is).collect::<Vec<_>>();
    assert_eq!(sole(&|at| way.is_sole_link(at), 5), [true, false, false, true, true]);
    assert_eq!(sole(&|at| way.is_sole_host(at), 4), [true, false, true, true]);
    assert!(!topology.in_core(HostId(4)) && topology.in_core(HostId(3)));
}
