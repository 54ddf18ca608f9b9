//! Building the world from a scenario.

use std::collections::BTreeMap;

use crate::dns::{MailRoute, Resolver};
use crate::engine::{EventQueue, Slots};
use crate::mail::HostId;
use crate::queue::QueueEntries;
use crate::random::{Purpose, Streams};
use crate::scenario::Scenario;
use crate::trace::{FactSink, HostTotals};
use crate::units::{Octets, SimDuration, SimTime};
use crate::workload::{Ahead, Generator};

use super::agents::Agents;
use super::calm::Calm;
use super::chains::Chains;
use super::connection::Cache;
use super::draws::name_key;
use super::equal_routes::equal_routes;
use super::faults::Faults;
use super::host::HostState;
use super::introduction::Introduction;
use super::messages::{Messages, NameOrder};
use super::name_service::NameService;
use super::reach::Reach;
use super::reading::Readers;
use super::run::Runs;
use super::sampling::Business;
use super::screening::Screens;
use super::setup::{DomainTraits, Setup};
use super::sole_targets::SoleTargets;
use super::undisturbed::Undisturbed;
use super::world::{Given, Source, World};

impl<'s, 'k, S: FactSink> World<'s, 'k, S> {
    /// Returns the world of `scenario` at its first instant.
    pub(super) fn new(scenario: &'s Scenario, until: SimTime, sink: &'k mut S) -> Self {
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
            equal_routes: equal_routes(scenario),
            sole_targets: SoleTargets::new(scenario.hosts.len()),
            calm: Calm::new(scenario.addresses.len(), scenario.hosts.len()),
            undisturbed: Undisturbed::new(scenario, &faults),
            chains: Chains::default(),
            faults,
            reach,
            name_service,
            hosts,
            behind: scenario.servers_behind(),
            sources,
            messages: Messages::new(NameOrder::of(scenario)),
            entries: QueueEntries::default(),
            intakes: BTreeMap::new(),
            runs: Runs::default(),
            spare_runs: Vec::new(),
            connections: Slots::new(),
            readers: Readers::new(scenario, &streams),
            business: vec![Business::default(); scenario.hosts.len()],
            screens: Screens::of(scenario, &streams),
            greylists: Default::default(),
            verified: BTreeMap::new(),
            shared_limits: Default::default(),
            resolver_streams: streams.purpose(Purpose::Resolver),
            session_streams: streams.purpose(Purpose::Session),
            domains: scenario.domains.iter().map(DomainTraits::of).collect(),
            two_families: has_two_families(scenario),
            servers: scenario.addresses.iter().map(|address| address.host).collect(),
            answered: BTreeMap::new(),
            offspring: BTreeMap::new(),
            deliveries: 0,
            given: Given::default(),
            carrying_out: false,
            accepted: Vec::new(),
            written: Vec::new(),
            route: MailRoute::default(),
            processed: 0,
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
            inbound_busy: SimDuration::ZERO,
            inbound_slots: config.server.max_sessions,
            delivery_busy: SimDuration::ZERO,
            delivery_slots: config.delivery_processes.or(config.queue.delivery_processes()),
            downtime: SimDuration::ZERO,
        },
        shadow: Default::default(),
    }
}
