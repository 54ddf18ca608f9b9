//! Building the world from a scenario.

use std::collections::BTreeMap;

use crate::dns::Resolver;
use crate::engine::EventQueue;
use crate::mail::HostId;
use crate::model::Scenario;
use crate::queue::QueueEntries;
use crate::random::{Purpose, Streams};
use crate::trace::{FactSink, HostTotals, Use};
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::{Ahead, Generator};

use super::chains::Chains;
use super::faults::Faults;
use super::host::{HostState, Span};
use super::introduction::Introduction;
use super::messages::{Messages, NameOrder};
use super::name_service::NameService;
use super::reach::Reach;
use super::sampling::Business;
use super::{Attempts, Given, KeyedStreams, Layout, Mailboxes, Policies, Source, Ways, World};
use crate::simulation::attempt::agents::Agents;
use crate::simulation::attempt::connection::Cache;
use crate::simulation::attempt::draws::name_key;
use crate::simulation::attempt::equal_routes::equal_routes;
use crate::simulation::callers::Callers;
use crate::simulation::fast::Fast;
use crate::simulation::fast::setup::{DomainTraits, Setup};
use crate::simulation::reading::Readers;
use crate::simulation::server::screening::Screens;

impl<'s, 'k, S: FactSink> World<'s, 'k, S> {
    /// Returns the world of `scenario` at its first instant.
    ///
    /// `shortcuts`: whether what is there for speed alone is used.
    pub(crate) fn new(
        scenario: &'s Scenario,
        until: SimTime,
        shortcuts: bool,
        sink: &'k mut S,
    ) -> Self {
        let streams = Streams::new(scenario.seed, scenario.replication);
        let horizon = SimTime::ZERO + scenario.duration;
        let hosts = (0..scenario.hosts.len())
            .map(|index| host_state(scenario, HostId::from_index(index), &streams))
            .collect();
        let sources = (0..)
            .zip(&scenario.mail)
            .map(|(index, entry)| Source {
                messages: Ahead::new(Generator::new(entry, index, &streams, horizon)),
                submission: entry.submission.clone(),
                received_fields: entry.received_fields,
            })
            .collect();
        let faults = Faults::new(scenario, &streams, horizon);
        let mut reach = Reach::new(&scenario.topology);
        let name_service = NameService::new(scenario, &faults, &mut reach);
        Self {
            scenario,
            sink,
            events: EventQueue::new(),
            now: SimTime::ZERO,
            until,
            processed: 0,
            layout: Layout {
                behind: scenario.servers_behind(),
                servers: scenario.addresses.iter().map(|address| address.host).collect(),
                two_families: has_two_families(scenario),
                equal_routes: equal_routes(scenario),
                domains: scenario.domains.iter().map(DomainTraits::of).collect(),
            },
            fast: Fast::new(shortcuts, scenario, &faults),
            ways: Ways { faults, reach, name_service },
            draws: KeyedStreams {
                session: streams.purpose(Purpose::Session),
                resolver: streams.purpose(Purpose::Resolver),
            },
            hosts,
            business: vec![Business::default(); scenario.hosts.len()],
            sources,
            messages: Messages::new(NameOrder::of(scenario)),
            entries: QueueEntries::default(),
            intakes: BTreeMap::new(),
            given: Given::default(),
            attempts: Attempts::default(),
            policies: Policies {
                screens: Screens::of(scenario, &streams),
                greylists: Default::default(),
                verified: BTreeMap::new(),
                shared_limits: Default::default(),
            },
            mailboxes: Mailboxes {
                readers: Readers::new(scenario, &streams),
                answered: BTreeMap::new(),
                offspring: BTreeMap::new(),
                held: BTreeMap::new(),
                parts: 0,
            },
            chains: Chains::default(),
            callers: Callers::default(),
            outside: crate::simulation::outside::Outside::default(),
        }
    }
}

fn has_two_families(scenario: &Scenario) -> bool {
    let mut families = scenario.addresses.iter().map(|address| address.family);
    let first = families.next();
    families.any(|family| Some(family) != first)
}

fn host_state<'s>(scenario: &'s Scenario, id: HostId, streams: &Streams) -> HostState<'s> {
    let config = &scenario.hosts[id.index()];
    let mut queue = config.queue.manager(config.delivery_processes, config.local_processes);
    queue.introduce(&Introduction(scenario));
    HostState {
        config: Setup::of(config),
        counts_entries_once: config.queue.counts_entries_once(),
        key: name_key(&config.name),
        queue,
        queue_random: streams.stream(Purpose::Queue, name_key(&config.name)),
        resolver: Resolver::new(),
        up: true,
        cache: Cache::default(),
        agents: Agents::default(),
        opened: BTreeMap::new(),
        inbound: 0,
        outbound: 0,
        inbound_by_client: Default::default(),
        waiting: Default::default(),
        tallies: Default::default(),
        turns: 0,
        pick_ups: 0,
        queued_octets: Octets(0),
        totals: HostTotals {
            host: id,
            inbound_sessions: 0,
            outbound_sessions: 0,
            octets_in: Octets(0),
            octets_out: Octets(0),
            attempts: 0,
            suspensions: 0,
            messages_accepted: 0,
            peak_inbound_sessions: 0,
            peak_queue: 0,
            queue_time: 0,
            inbound_busy: SimDuration::ZERO,
            inbound_use: Use::default(),
            delivery_busy: SimDuration::ZERO,
            delivery_use: Use::default(),
            downtime: SimDuration::ZERO,
        },
        shadow: Default::default(),
        queue_counted: SimTime::ZERO,
        span: Span::default(),
    }
}
