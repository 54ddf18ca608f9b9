//! The same experiment, made by the model.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use mailsim::mail::{AttemptOutcome, MessageKey, MessageKind, RecipientId};
use mailsim::queue::QueueSettings;
use mailsim::random::Distribution;
use mailsim::scenario::{Scenario, Source, load};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, FinalOutcome};

use crate::observation::{Arrival, Delivery, Observation, Outcome};
use crate::plan::{
    DOMAINS, Host, KNOWN, MAIL, MUA, OBSERVED, OUTAGE, PRIMARY, RELAY, SETTINGS, SINKS,
};

/// Returns the plan as a scenario, with `changes` to the relay's settings.
pub(crate) fn scenario(changes: &[(&str, &str)]) -> Scenario {
    let text = text(changes);
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
fn set_pace(relay: &mut mailsim::scenario::Host, seed: u64) {
    let high = LONGEST_BEGINNING[seed as usize % LONGEST_BEGINNING.len()];
    Arc::make_mut(&mut relay.server).service.agent = Distribution::Uniform { low: 0.0, high };
    if let QueueSettings::Postfix(queue) = Arc::make_mut(&mut relay.queue) {
        let time = Distribution::Uniform { low: 0.0, high: LONGEST_TAKE_UP };
        queue.take_up_time = Some(time);
    }
}

fn text(changes: &[(&str, &str)]) -> String {
    let mut settings: BTreeMap<&str, &str> = SETTINGS.into();
    settings.extend(changes.iter().copied());
    let line = |(name, value): (&&str, &&str)| match value.parse::<u32>() {
        Ok(number) => format!("{name} = {number}\n"),
        Err(_) => format!("{name} = \"{value}\"\n"),
    };
    let settings: String = settings.iter().map(line).collect();
    let mut text = format!(
        "title = \"an experiment made by a real server and by the model\"\n\
         duration = \"{OBSERVED}s\"\n\
         [defaults]\n\
         latency = \"25us\"\n\
         ttl = \"1s\"\n\
         resolver = {{ latency = \"1ms\", cache = false, tries = [\"2s\", \"2s\"] }}\n\
         [[host]]\nname = \"{}\"\nroles = [\"mua\"]\n\
         [[host]]\nname = \"{}\"\nroles = [\"submission\", \"relay\"]\n\
         [host.mta]\nprofile = \"postfix\"\n{settings}",
        MUA.name, RELAY.name,
    );
    for sink in SINKS {
        let host = sink.name;
        // Each keeps what it gets, whichever of a domain's exchangers it is.
        let led_here = |(_, exchangers): &&(&str, &[(u16, Host)])| {
            exchangers.iter().any(|(_, exchanger)| exchanger.name == host)
        };
        let domains = DOMAINS.iter().filter(led_here).map(|(domain, _)| format!("\"{domain}\""));
        let domains = domains.collect::<Vec<_>>().join(", ");
        let _ = write!(
            text,
            "[[host]]\nname = \"{host}\"\nroles = [\"mx\", \"store\"]\nmta = \"sink\"\n\
             local_domains = [{domains}]\n"
        );
    }
    for (domain, exchangers) in DOMAINS {
        let row = |(preference, host): &(u16, _)| mx(*preference, host);
        let exchangers: Vec<_> = exchangers.iter().map(row).collect();
        let mailboxes: Vec<_> = match domain {
            "src.test" => MAIL.iter().map(|mail| format!("\"{}\"", mail.id)).collect(),
            _ => vec![format!("\"{KNOWN}\"")],
        };
        let (exchangers, mailboxes) = (exchangers.join(", "), mailboxes.join(", "));
        let _ = write!(
            text,
            "[[domain]]\nname = \"{domain}\"\nmx = [{exchangers}]\nmailboxes = [{mailboxes}]\n"
        );
    }
    for mail in MAIL {
        let (id, at, (local, domain)) = (mail.id, mail.at, mail.to);
        let _ = write!(
            text,
            "[[mail]]\nfrom = \"{id}@src.test\"\nto = [\"{local}@{domain}\"]\nat = \"{at}s\"\n\
             size = \"200B\"\nsubmit = {{ client = \"{}\", server = \"{}\", port = 25 }}\n",
            MUA.name, RELAY.name,
        );
    }
    let _ = write!(
        text,
        "[[outage]]\nhost = \"{}\"\nmode = \"refuse\"\nfrom = \"{}s\"\nuntil = \"{}s\"\n",
        PRIMARY.name, OUTAGE.0, OUTAGE.1
    );
    text
}

fn mx(preference: u16, host: &Host) -> String {
    format!("{{ host = \"{}\", preference = {preference} }}", host.name)
}

/// Runs the scenario with a seed, which decides when the queue scans fall and how fast the relay is.
pub(crate) fn observe(scenario: &Scenario, seed: u64) -> Observation {
    let mut scenario = scenario.clone();
    scenario.seed = seed;
    let relay = scenario.hosts.iter().position(|host| host.name == RELAY.name);
    let relay = relay.expect("the relay is there");
    set_pace(&mut scenario.hosts[relay], seed);
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
                recipients.insert(created.recipient, (created.kind, MAIL[entry as usize].id));
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
