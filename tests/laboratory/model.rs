//! The same experiment, made by the model.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use mailsim::mail::{AttemptOutcome, MessageKey, MessageKind, RecipientId};
use mailsim::model::Scenario;
use mailsim::queue::QueueSettings;
use mailsim::queue::postfix::ScanPhase;
use mailsim::random::Distribution;
use mailsim::scenario::{Source, load};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, FinalOutcome};
use mailsim::units::{SimDuration, SimTime};

use super::experiment::{Experiment, Fault, HOME, KNOWN, MUA, RELAY, Stage, What};
use super::observation::{Arrival, Delivery, Observation, Outcome};

/// Returns the experiment as a scenario, with `changes` to the server's settings.
pub(crate) fn scenario(experiment: &Experiment, changes: &[(&str, &str)]) -> Scenario {
    let text = text(experiment, changes);
    let no_files = |name: &str| Err(format!("{name}: no other files here"));
    let source = Source { file: "live.toml", text: &text, read_file: &no_files };
    match load(&source, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(problems) => panic!("{problems}\n{text}"),
    }
}

/// Longest times [s] that a delivery agent may take before it begins; each run has one of them.
/// Together with the time to take up a message they decide how many messages are still tried
/// before a destination is dead.
const LONGEST_BEGINNING: [f64; 4] = [0.002, 0.006, 0.02, 0.06];
/// Longest time to take up a message [s].
const LONGEST_TAKE_UP: f64 = 0.005;

/// Makes the relay's machine as fast or slow as a seed says.
fn set_pace(relay: &mut mailsim::model::Host, seed: u64) {
    let high = LONGEST_BEGINNING[seed as usize % LONGEST_BEGINNING.len()];
    let uniform = |high| Distribution::Uniform { low: 0.0, high };
    let service = &mut Arc::make_mut(&mut relay.server).service;
    service.agent = uniform(high);
    match Arc::make_mut(&mut relay.queue) {
        QueueSettings::Postfix(queue) => queue.take_up_time = Some(uniform(LONGEST_TAKE_UP)),
        QueueSettings::Exim(queue) => {
            service.pickup = uniform(high);
            queue.tidying_up = Some(uniform(high));
        }
        QueueSettings::OpenSmtpd(queue) => {
            queue.handover_time = Some(uniform(LONGEST_TAKE_UP));
            queue.timer_lag = SimDuration::from_millis(3);
        }
        QueueSettings::Sendmail(queue) => {
            service.pickup = uniform(high);
            queue.run_lag = SimDuration::from_millis(2);
        }
        _ => {}
    }
}

/// Has the relay look through its queue when the real server did, as far as that left a trace; in
/// between, an interval after the look before, and before the first at multiples of it.
fn set_queue_runs(relay: &mut mailsim::model::Host, observed: &Observation, until_s: f64) {
    let (interval, phase) = match Arc::make_mut(&mut relay.queue) {
        QueueSettings::Postfix(queue) => (queue.queue_run_delay, &mut queue.scan_phase),
        QueueSettings::Exim(queue) => (queue.queue_interval, &mut queue.run_phase),
        QueueSettings::Sendmail(queue) => {
            let first = observed.queue_runs.first().copied().unwrap_or_default();
            queue.run_phase = ScanPhase::At(SimDuration::from_secs_f64(first));
            return;
        }
        _ => return,
    };
    let Some(&first) = observed.queue_runs.first() else {
        return;
    };
    let interval = interval.as_secs_f64();
    let mut times: Vec<f64> = std::iter::successors(Some(first), |at| Some(at - interval))
        .skip(1)
        .take_while(|at| *at > 0.0)
        .collect();
    times.reverse();
    let mut last = first;
    times.push(first);
    for &at in observed.queue_runs[1..].iter().chain([&until_s]) {
        while at - last > 1.5 * interval {
            last += interval;
            times.push(last);
        }
        if at < until_s {
            times.push(at);
            last = at;
        }
    }
    let time = |at: f64| SimTime::ZERO + SimDuration::from_secs_f64(at.max(0.0));
    *phase = ScanPhase::Observed(times.into_iter().map(time).collect());
}

fn text(experiment: &Experiment, changes: &[(&str, &str)]) -> String {
    let mut settings: BTreeMap<&str, &str> =
        experiment.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    settings.extend(changes.iter().copied());
    let line = |(name, value): (&&str, &&str)| match value.parse::<u32>() {
        Ok(number) => format!("{name} = {number}\n"),
        Err(_) => format!("{name} = \"{value}\"\n"),
    };
    let mut settings: String = settings.iter().map(line).collect();
    if experiment.server == "exim" {
        // Its hosts share a machine, so that the transport names its address.
        settings.push_str("has_interface = true\n");
    }
    let (mua, relay) = (MUA.0, RELAY.0);
    let mut text = format!(
        "title = \"an experiment made by a real server and by the model\"\n\
         duration = \"{}s\"\n\
         [defaults]\n\
         latency = \"25us\"\n\
         ttl = \"1s\"\n\
         resolver = {{ latency = \"1ms\", cache = false, tries = [\"2s\", \"2s\"] }}\n\
         [[host]]\nname = \"{mua}\"\nroles = [\"mua\"]\n\
         [[host]]\nname = \"{relay}\"\nroles = [\"submission\", \"relay\"]\n\
         [host.mta]\nprofile = \"{}\"\n{settings}",
        experiment.observed_s, experiment.server,
    );
    for (place, sink) in experiment.sinks.iter().enumerate() {
        // Each keeps what it gets, whichever of a domain's exchangers it is.
        let led_here = experiment
            .domains
            .iter()
            .filter(|domain| domain.exchangers.iter().any(|(_, exchanger)| *exchanger == place));
        let domains: Vec<_> = led_here.map(|domain| format!("\"{}\"", domain.name)).collect();
        let (host, domains) = (&sink.name, domains.join(", "));
        let _ = write!(
            text,
            "[[host]]\nname = \"{host}\"\nroles = [\"mx\", \"store\"]\nmta = \"sink\"\n\
             local_domains = [{domains}]\n"
        );
        sink.faults.iter().for_each(|fault| text.push_str(&outage(host, fault)));
    }
    for domain in &experiment.domains {
        let row = |(preference, place): &(u16, usize)| {
            let host = &experiment.sinks[*place].name;
            format!("{{ host = \"{host}\", preference = {preference} }}")
        };
        let exchangers: Vec<_> = domain.exchangers.iter().map(row).collect();
        let mailboxes: Vec<_> = match domain.name.as_str() {
            HOME => experiment.mail.iter().map(|mail| format!("\"{}\"", mail.id)).collect(),
            _ => vec![format!("\"{KNOWN}\"")],
        };
        let (exchangers, mailboxes) = (exchangers.join(", "), mailboxes.join(", "));
        let _ = write!(
            text,
            "[[domain]]\nname = \"{}\"\nmx = [{exchangers}]\nmailboxes = [{mailboxes}]\n",
            domain.name
        );
    }
    for mail in &experiment.mail {
        let (id, at) = (&mail.id, mail.at_s);
        let _ = write!(
            text,
            "[[mail]]\nfrom = \"{id}@{HOME}\"\nto = [\"{}@{}\"]\nat = \"{at}s\"\n\
             size = \"200B\"\nsubmit = {{ client = \"{mua}\", server = \"{relay}\", port = 25 }}\n",
            mail.to, mail.domain,
        );
    }
    text
}

fn outage(host: &str, fault: &Fault) -> String {
    let how = match fault.what {
        What::Refuse => "mode = \"refuse\"".to_owned(),
        What::Answer { stage, code } => {
            let mode = if code < 500 { "tempfail" } else { "permfail" };
            let close = if stage == Stage::Greeting { "\nclose = true" } else { "" };
            let (stage, class) = (stage.word(), code / 100);
            format!("mode = \"{mode}\"\nstage = \"{stage}\"\nreply = \"{code} {class}.3.0\"{close}")
        }
        What::SlowDot { by_s } => {
            format!("mode = \"slow\"\nstage = \"dot\"\ndelay = \"{by_s}s\"")
        }
        What::Greylist { delay_s } => {
            format!("mode = \"greylist\"\ndelay = \"{delay_s}s\"\nreply = \"450 4.2.0\"")
        }
        What::LoseReply => "mode = \"drop\"\nstage = \"dot\"".to_owned(),
    };
    format!(
        "[[outage]]\nhost = \"{host}\"\nfrom = \"{}s\"\nuntil = \"{}s\"\n{how}\n",
        fault.from_s, fault.until_s
    )
}

/// Runs the scenario with a seed, which decides how fast the relay is and, unless those `observed` are
/// given, when it looks through its queue.
pub(crate) fn observe(
    experiment: &Experiment,
    scenario: &Scenario,
    observed: Option<&Observation>,
    seed: u64,
) -> Observation {
    let mut scenario = scenario.clone();
    scenario.seed = seed;
    let relay = scenario.hosts.iter().position(|host| host.name == RELAY.0);
    let relay = relay.expect("the relay is there");
    set_pace(&mut scenario.hosts[relay], seed);
    if let Some(observed) = observed {
        set_queue_runs(&mut scenario.hosts[relay], observed, experiment.observed_s);
    }
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    let mut observation = Observation::default();
    let mut recipients: BTreeMap<RecipientId, (MessageKind, &str)> = BTreeMap::new();
    // A delivery may try several hosts; the last one decides.
    let mut deliveries: BTreeMap<(&str, u64), Delivery> = BTreeMap::new();
    for (at, fact) in &log.facts {
        let now = at.as_secs_f64();
        match fact {
            Fact::Created(created) => {
                let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) =
                    created.key;
                let id = experiment.mail[entry as usize].id.as_str();
                recipients.insert(created.recipient, (created.kind, id));
            }
            Fact::Accepted { recipient, server: true, .. } => {
                if let (MessageKind::Mail, id) = recipients[recipient] {
                    observation.accepted.entry(id.to_owned()).or_insert(now);
                }
            }
            Fact::Attempt(attempt) if attempt.from.index() == relay => {
                let (MessageKind::Mail, id) = recipients[&attempt.recipient] else {
                    continue;
                };
                let outcome = match attempt.outcome {
                    AttemptOutcome::Accepted => Outcome::Sent,
                    AttemptOutcome::Permfail => Outcome::Bounced,
                    AttemptOutcome::Suspended => Outcome::Suspended,
                    _ => Outcome::Deferred,
                };
                deliveries.insert((id, attempt.delivery), Delivery { at: now, outcome });
            }
            Fact::Final { recipient, host, outcome: FinalOutcome::Delivered, .. } => {
                let (kind, id) = recipients[recipient];
                let id = id.to_owned();
                let host = scenario.hosts[host.index()].name.clone();
                match kind {
                    MessageKind::Mail => {
                        let arrival = Arrival { host, at: now };
                        observation.arrivals.entry(id).or_default().push(arrival);
                    }
                    MessageKind::DelayNotice => {
                        observation.delay_notices.entry(id).or_default().push(now);
                    }
                    MessageKind::FailureNotice => {
                        observation.failure_notices.entry(id).or_default().push(now);
                    }
                    MessageKind::ListCopy | MessageKind::AutomaticReply => {}
                }
            }
            _ => {}
        }
    }
    for ((id, _), delivery) in deliveries {
        observation.deliveries.entry(id.to_owned()).or_default().push(delivery);
    }
    observation.sort();
    observation
}
