//! Outages that can show in no run of this scenario, though in others they could.

use crate::dns::DnsFailure;
use crate::fault::Slowness;
use crate::mail::{HostId, Stage};
use crate::model::{Command, Effect, Host, OutageTarget, Scenario};
use crate::random::Distribution;
use crate::scenario::text::reader::{Remark, Section};
use crate::smtp::{BreakingPoint, ClientTls, Deviation, Replies, ServiceTimes};
use crate::units::SimDuration;

/// Warns of each outage that changes nothing, since what it strikes does not occur here.
pub(crate) fn warn(scenario: &Scenario, outages: &[Section<'_>]) {
    for outage in &scenario.outages {
        let Some(section) = outages.get(outage.entry as usize) else { continue };
        let (key, remark) = match &outage.effect {
            Effect::Server(deviation) => {
                let hosts = outage.targets.iter().filter_map(|target| match target {
                    OutageTarget::Host(host) => Some(*host),
                    _ => None,
                });
                let mut missing = hosts.map(|host| missing(scenario, host, deviation));
                match missing.next() {
                    // Of several hosts one is enough.
                    Some(Some(remark)) if missing.all(|other| other.is_some()) => remark,
                    _ => continue,
                }
            }
            Effect::Dns(DnsFailure::Slow(Slowness::Factor(_)), _)
                if scenario.hosts.iter().all(|host| host.resolver.latency.is_zero()) =>
            {
                let remark = Remark::new("look-ups take no time here, so a factor changes nothing")
                    .help("write delay = \"2s\", or give the resolvers a latency");
                ("factor", remark)
            }
            _ => continue,
        };
        section.warn_at(key, remark.named("unseen-outage"));
    }
}

/// Returns what a deviation of this host needs and does not find.
fn missing(
    scenario: &Scenario,
    id: HostId,
    deviation: &Deviation,
) -> Option<(&'static str, Remark)> {
    let host = &scenario.hosts[id.index()];
    if let Some(stage) = stage_of(deviation)
        && !occurs(scenario, id, stage, matches!(deviation, Deviation::Answer { .. }))
    {
        let (what, help) = match stage {
            Stage::Tls => {
                ("uses TLS", "let clients use it: `starttls` and `smtp_tls`, or port 587")
            }
            _ => ("authenticates", "let mail be submitted to it by port 587 or 465"),
        };
        let remark =
            Remark::new(format!("no client of {} {what}, so nothing comes of this", host.name));
        return Some(("stage", remark.help(help)));
    }
    if let Deviation::Slow { replies, by: Slowness::Factor(_) } = deviation
        && settings(scenario, id).all(|host| takes_no_time(&host.server.service, *replies))
    {
        let remark = Remark::new(format!(
            "what {} does takes no time here, so a factor changes nothing",
            host.name
        ))
        .help("write delay = \"2s\", or say in capacity = { service = … } how long the work takes");
        return Some(("factor", remark));
    }
    None
}

fn stage_of(deviation: &Deviation) -> Option<Stage> {
    match deviation {
        Deviation::Break { at: BreakingPoint::At(stage), .. }
        | Deviation::Slow { replies: Replies::Of(stage), .. }
        | Deviation::Answer { stage, .. } => Some(*stage),
        _ => None,
    }
}

/// Returns whether some session with this server may come to a stage. `by_command`: only where a
/// command leads to it, as STARTTLS does to TLS.
fn occurs(scenario: &Scenario, id: HostId, stage: Stage, by_command: bool) -> bool {
    let submissions = || {
        let all = scenario.mail.iter().map(|entry| &entry.submission);
        all.filter(move |submission| submission.servers().any(|server| server == id))
    };
    match stage {
        Stage::Tls => {
            let offered = settings(scenario, id).any(|host| host.server.starttls);
            let clients = (0..scenario.hosts.len()).map(HostId::from_index);
            let wanted = || clients.flat_map(|client| settings(scenario, client)).any(uses_tls);
            (offered && wanted())
                || submissions().any(|s| s.port == 587 || (s.port == 465 && !by_command))
        }
        Stage::Auth => submissions().any(|s| s.authenticates && [587, 465].contains(&s.port)),
        _ => true,
    }
}

/// Returns the settings of a host, as they are at the start and as actions make them.
fn settings(scenario: &Scenario, id: HostId) -> impl Iterator<Item = &Host> {
    let changed = scenario.actions.iter().filter(move |action| action.host == id);
    let changed = changed.filter_map(|action| match &action.what {
        Command::Configure(host) => Some(&**host),
        _ => None,
    });
    std::iter::once(&scenario.hosts[id.index()]).chain(changed)
}

fn uses_tls(client: &Host) -> bool {
    client.client.tls != ClientTls::Never
}

fn takes_no_time(service: &ServiceTimes, replies: Replies) -> bool {
    let ServiceTimes { greeting, command, message, .. } = service;
    match replies {
        Replies::All => [greeting, command, message].into_iter().all(is_nothing),
        Replies::ToCommands => is_nothing(command),
        Replies::Of(Stage::Greeting) => is_nothing(greeting),
        Replies::Of(Stage::Dot) => is_nothing(message),
        Replies::Of(_) => is_nothing(command),
    }
}

fn is_nothing(time: &Distribution) -> bool {
    matches!(time, Distribution::Constant(seconds) if SimDuration::from_secs_f64(*seconds).is_zero())
}
