//! A recording's description as a scenario.
//!
//! What was not under control in the experiment is drawn anew for each seed: where the queue scans
//! fell that left no trace, the pace of the machine, and when within its command a queue was
//! flushed. (Which of several equal hosts comes first, and how far the clock of whole seconds was
//! behind, is drawn by the model itself.)

use std::sync::Arc;

use mailsim::dns::ResolverSettings;
use mailsim::fault::Interval;
use mailsim::mail::HostId;
use mailsim::model::{Host, Roles, Routing, Scenario};
use mailsim::network::{Bandwidth, Path, SynSchedule, Topology};
use mailsim::profiles;
use mailsim::queue::QueueSettings;
use mailsim::random::{Draw, Purpose, Streams};
use mailsim::units::{Octets, SimDuration};

use crate::drawn::{
    Scans, burst, command_time, exim_times, first_handover_time, handover_time, known_scans,
    look_interval, run_lag, run_phase, sendmail_times, service_times, sink_times, take_up_time,
    timer_lag,
};
use crate::mail::{actions, mail};
use crate::names::Names;
use crate::recording::{Recording, server_and_version};
use crate::server;
use crate::sink::outages;

/// A recording made into a scenario, still without what is drawn.
#[derive(Debug)]
pub(crate) struct Blueprint {
    scenario: Scenario,
    /// Queue scans of the hosts that are real servers.
    scans: Vec<(HostId, Scans)>,
    /// For each flush, between which times it happened: number of the action and interval.
    flushes: Vec<(usize, Interval)>,
    /// For each `[[mail]]` entry the submissions it stands for, by their place in the recording.
    pub(crate) submissions: Vec<Vec<usize>>,
    pub(crate) names: Names,
    /// The hosts that are real servers.
    pub(crate) servers: Vec<HostId>,
    sinks: Vec<HostId>,
    /// Messages that came at once at most.
    burst: u32,
    /// Most messages that were submitted at once.
    together: usize,
}

impl Blueprint {
    /// # Errors
    /// What the recording says and the model does not know, in words.
    pub(crate) fn new(recording: &Recording) -> Result<Self, String> {
        let mut names = Names::new(recording)?;
        let mut hosts = hosts(recording, &mut names)?;
        let syn = syn_schedule(recording)?;
        hosts.iter_mut().for_each(|host| Arc::make_mut(&mut host.client).syn = syn);
        let topology = topology(recording, hosts.len())?;
        let outages = outages(recording, &names)?;
        let mut mua = None;
        for (index, host) in recording.topology.hosts.iter().enumerate() {
            if host.kind == "mua" {
                mua = Some(HostId::from_index(index));
            }
        }
        let (mail, submissions) = mail(recording, &names, mua)?;
        let (actions, flushes) = actions(recording, &names)?;
        let mut scans = Vec::new();
        for (name, server) in &recording.settings_neutral {
            scans.push((names.host(name)?, known_scans(server, recording.observed_until_s)));
        }
        let duration = SimDuration::from_secs_f64(recording.observed_until_s);
        let scenario = Scenario {
            name: "recording".to_owned(),
            title: String::new(),
            question: String::new(),
            look_for: String::new(),
            passwords: Vec::new(),
            seed: 0,
            replication: 0,
            duration,
            sample_every: duration,
            hosts,
            addresses: names.addresses.clone(),
            topology,
            zone: names.zone.clone(),
            domains: names.domains.clone(),
            mail,
            published: Default::default(),
            automatic: Default::default(),
            reading: Vec::new(),
            outages,
            actions,
            windows: Vec::new(),
            figures: Vec::new(),
            expectations: Vec::new(),
            notes: Vec::new(),
            elsewhere: None,
            guests: Default::default(),
            inputs: Vec::new(),
        };
        let servers = scans.iter().map(|(host, _)| *host).collect();
        let sinks =
            recording.sinks.keys().map(|name| names.host(name)).collect::<Result<_, _>>()?;
        Ok(Self {
            scenario,
            scans,
            flushes,
            submissions,
            servers,
            sinks,
            together: together(recording),
            burst: burst(recording),
            names,
        })
    }

    /// Returns the scenario with what chance decides drawn for `seed`.
    pub(crate) fn scenario(&self, seed: u64) -> Scenario {
        let mut scenario = self.scenario.clone();
        scenario.seed = seed;
        let mut random = Streams::new(seed, 0).stream(Purpose::Other("recordings"), 0);
        let service = service_times(&mut random);
        let sink_service = sink_times(&mut random);
        // All ran on one kernel, which had been up for longer than its coarsest timer reaches.
        let mut kernel = Streams::new(seed, 0).stream(Purpose::Other("recordings/kernel"), 0);
        let ticking = SimDuration::from_nanos(kernel.below(WHEEL.as_nanos()));
        scenario
            .hosts
            .iter_mut()
            .for_each(|host| Arc::make_mut(&mut host.client).syn.ticking = Some(ticking));
        for sink in &self.sinks {
            let host = &mut scenario.hosts[sink.index()];
            Arc::make_mut(&mut host.server).service = sink_service.clone();
        }
        let busy = Streams::new(seed, 0).stream(Purpose::Other("recordings/machine"), 0).unit_f64();
        for (host, scans) in &self.scans {
            let host = &mut scenario.hosts[host.index()];
            let server = Arc::make_mut(&mut host.server);
            server.service = match *host.queue {
                QueueSettings::Sendmail(_) => sendmail_times(self.together, &mut random),
                _ => service.clone(),
            };
            match Arc::make_mut(&mut host.queue) {
                QueueSettings::Postfix(queue) => {
                    queue.scan_phase = scans.phase(&mut random);
                    queue.take_up_time = Some(take_up_time());
                }
                QueueSettings::Exim(queue) => {
                    let (service, tidying_up) = exim_times(&mut random, self.burst, busy);
                    server.service = service;
                    queue.tidying_up = Some(tidying_up);
                    queue.run_phase = scans.logged();
                }
                QueueSettings::Sendmail(queue) => {
                    queue.run_lag = run_lag(&mut random);
                    queue.run_phase = run_phase(&queue.run_phase, &mut random);
                }
                // Haraka.
                QueueSettings::Plain(queue) => queue.look_every = Some(look_interval(&mut random)),
                QueueSettings::OpenSmtpd(queue) => {
                    queue.handover_time = Some(handover_time(&mut random));
                    queue.timer_lag = timer_lag(&mut random);
                    server.service.command = command_time();
                    server.service.pickup = first_handover_time(&mut random);
                }
                _ => {}
            }
        }
        for (action, within) in &self.flushes {
            let length = within.to.since(within.from).as_secs_f64();
            let after = SimDuration::from_secs_f64(length * random.unit_f64());
            scenario.actions[*action].at = within.from + after;
        }
        scenario
    }
}

/// The coarsest step of the kernel's timers for connection requests.
const WHEEL: SimDuration = SimDuration::from_millis(2_048);

fn hosts(recording: &Recording, names: &mut Names) -> Result<Vec<Host>, String> {
    let mut hosts = Vec::new();
    for described in &recording.topology.hosts {
        let id = HostId::from_index(hosts.len());
        let mut routing = Routing::default();
        let (profile, roles) = match described.kind.as_str() {
            "mua" => (profiles::none(), Roles { mua: true, ..Roles::default() }),
            "dns" => (profiles::none(), Roles { dns: true, ..Roles::default() }),
            "sink" => {
                let sink = recording.sinks.get(&described.name);
                let sink = sink.ok_or_else(|| format!("sink {} is missing", described.name))?;
                let mut profile = profiles::sink();
                let has = |word| sink.ehlo.extensions.iter().any(|ext| ext.keyword == word);
                profile.server.ehlo = sink.ehlo.accepted;
                profile.server.pipelining = has("PIPELINING");
                profile.server.size_limit = sink.size_limit_octets.map(Octets);
                // A sink takes mail for anybody.
                routing.local = (0..names.domains.len()).map(FromIndex::from_index).collect();
                (profile, Roles { mx: true, store: true, ..Roles::default() })
            }
            kind if server::MODELLED.contains(&kind) => {
                let server = recording.settings_neutral.get(&described.name);
                let server = server.ok_or_else(|| format!("no settings of {}", described.name))?;
                routing = server::routing(server, names)?;
                let store = !routing.local.is_empty();
                let mx = store || !routing.relayed.is_empty();
                let roles = Roles { submission: true, relay: true, mx, store, ..Roles::default() };
                (server::profile(server, server_and_version(&recording.mta).1)?, roles)
            }
            other => return Err(format!("a host of kind `{other}` is not modelled")),
        };
        if recording.sinks.get(&described.name).is_some_and(|sink| sink.port != 25) {
            return Err(format!("{} listens on another port than 25", described.name));
        }
        hosts.push(Host {
            name: described.name.clone(),
            outside: false,
            roles,
            addresses: names.addresses_of(id),
            dns: match described.kind.as_str() {
                "sink" | "dns" => names.dns(&described.name),
                // The submitting client knew the servers' addresses and asked nobody.
                _ => names.literal(&described.address)?,
            },
            profile: profile.name.to_owned(),
            queue: profile.queue.into(),
            client: profile.client.into(),
            server: profile.server.into(),
            routing,
            resolver: resolver(recording, &described.name).into(),
            delivery_processes: None,
            local_processes: None,
            queue_disk: None,
            clock_error_ns: 0,
            standing: Default::default(),
            dedicated_addresses: Vec::new(),
            source_choice: Default::default(),
            screening: None,
            behind_proxy: None,
            proxy_protocol: false,
            knows_proxy_address: false,
        });
    }
    Ok(hosts)
}

/// Returns how many messages were to be submitted at the same time, at most.
fn together(recording: &Recording) -> usize {
    let mut planned: Vec<f64> =
        recording.submissions.iter().filter_map(|s| s.session.planned_t_s).collect();
    planned.sort_by(f64::total_cmp);
    planned.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(1)
}

/// Positions made into ids.
trait FromIndex {
    fn from_index(index: usize) -> Self;
}

impl FromIndex for mailsim::mail::DomainId {
    fn from_index(index: usize) -> Self {
        Self::from_index(index)
    }
}

/// The resolvers of the recordings asked a server on the same machine, and kept nothing.
fn resolver(recording: &Recording, host: &str) -> ResolverSettings {
    let mut settings = ResolverSettings {
        latency: SimDuration::from_micros(100),
        caches: false,
        negative_ttl_limit: SimDuration::ZERO,
        ..ResolverSettings::default()
    };
    if let Some(waits) = recording.resolver.by_host.get(host) {
        settings.tries = waits.wait_s.iter().map(|&s| SimDuration::from_secs_f64(s)).collect();
    }
    settings
}

/// Returns the schedule of the recording's kernel for connection requests.
fn syn_schedule(recording: &Recording) -> Result<SynSchedule, String> {
    let after = &recording.network.syn_retransmissions_after_s;
    (0..10)
        .map(|linear| SynSchedule { linear, ..SynSchedule::default() })
        .find(|schedule| {
            let repeated = schedule.offsets().skip(1).map(|offset| offset.as_secs_f64());
            repeated.eq(after.iter().copied())
        })
        .ok_or_else(|| format!("SYN retransmissions after {after:?} s are not modelled"))
}

fn topology(recording: &Recording, hosts: usize) -> Result<Topology, String> {
    let network = &recording.network;
    if network.rate.as_str() != Some("unlimited") || network.loss != 0.0 {
        return Err("a network with a rate or with loss is not modelled".to_owned());
    }
    let default_path = Path {
        latency: SimDuration::from_secs_f64(network.rtt_s / 2.0),
        jitter: SimDuration::ZERO,
        bandwidth: Bandwidth::UNLIMITED,
        intermediate: Vec::new(),
    };
    Ok(Topology::new(hosts, Vec::new(), default_path))
}
