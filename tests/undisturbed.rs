//! Sessions that nothing disturbs are settled from memory. A run in which nothing can be remembered
//! states the same facts, whatever else happens in its network: faults that begin or end within a
//! session, messages of all sizes, changed settings, connections that serve many messages. Look-ups are
//! remembered too, as long as they would bring the same.

mod common;

use mailsim::fault::{Interval, Schedule};
use mailsim::mail::HostId;
use mailsim::model::{Effect, Outage, OutageTarget, Scenario};
use mailsim::simulation::Simulation;
use mailsim::smtp::Deviation;
use mailsim::trace::{Fact, FactLog};
use mailsim::units::{SimDuration, SimTime};

/// `client` and `server` are MTAs; `lines` says how far apart they are.
fn network(client: &str, server: &str, lines: &str, seed: u32) -> String {
    format!(
        r#"
seed = {seed}
duration = "6h"
{lines}

[[host]]
name = "out.src.example"
roles = ["submission", "mx", "store"]
mta = "{client}"
[[host]]
name = "pc.src.example"
roles = ["mua"]
[[host]]
name = "mx1.dst.example"
roles = ["mx", "store"]
mta = "{server}"
[[host]]
name = "mx2.dst.example"
roles = ["mx"]
mta = "{server}"

[[domain]]
name = "src.example"
mx = ["out.src.example"]
mailboxes = ["alice", "anna"]
[[domain]]
name = "dst.example"
mx = [
    {{ host = "mx1.dst.example", preference = 10 }},
    {{ host = "mx2.dst.example", preference = 20 }},
]
store = "mx1.dst.example"
mailboxes = {{ count = 20 }}

[[mail]]
from = "alice@src.example"
to = [{{ domain = "dst.example" }}]
arrivals = {{ poisson = "90/h" }}
size = {{ lognormal = {{ median = "40kB", sigma = 2.0 }} }}
submit = {{ client = "pc.src.example", server = "out.src.example", port = 465 }}
[[mail]]
from = "anna@src.example"
to = [{{ domain = "dst.example" }}, {{ domain = "dst.example" }}]
arrivals = {{ every = "15m", burst = 12 }}
size = "9kB"
submit = {{ server = "out.src.example", messages_per_session = 5 }}
[[mail]]
from = "anna@src.example"
to = ["user00003@dst.example", "nobody@dst.example"]
arrivals = {{ every = "31m" }}

[[outage]]
host = "mx1.dst.example"
mode = "refuse"
random = {{ failure = {{ exponential = {{ mean = "4m" }} }}, repair = {{ exponential = {{ mean = "20s" }} }} }}
[[outage]]
host = "out.src.example"
mode = "blackhole"
random = {{ failure = {{ exponential = {{ mean = "9m" }} }}, repair = {{ exponential = {{ mean = "5s" }} }} }}
[[outage]]
host = "pc.src.example"
mode = "crash"
from = "2h"
until = "2h10m"

[[action]]
at = "3h"
host = "mx1.dst.example"
do = {{ set = {{ capacity = {{ service = {{ command = "40ms", message = "1s" }} }} }} }}
[[action]]
at = "4h"
host = "mx1.dst.example"
do = {{ set = {{ capacity = {{ service = {{ command = {{ uniform = ["1ms", "4ms"] }} }} }} }} }}
[[action]]
at = "5h"
host = "out.src.example"
do = {{ set = {{ capacity = {{ delivery_processes = 3 }} }} }}
"#
    )
}

/// Gives each server a rule that would come into force after the end: whoever has rules is never
/// remembered.
fn without_memory(mut scenario: Scenario) -> Scenario {
    let end = SimTime::ZERO + scenario.duration;
    let hosts = scenario.hosts.iter().map(|host| &host.addresses);
    let targets = hosts
        .filter_map(|addresses| addresses.first())
        .map(|address| OutageTarget::Host(scenario.addresses[address.index()].host));
    scenario.outages.push(Outage {
        entry: u32::MAX,
        label: "after the end".to_owned(),
        mode: "disk_full".to_owned(),
        targets: targets.collect(),
        schedule: Schedule::Fixed(Interval { from: end, to: SimTime::MAX }),
        effect: Effect::Server(Deviation::DiskFull),
        larger_than: None,
        asked_by: None,
    });
    scenario
}

fn facts(scenario: &Scenario) -> Vec<(SimTime, Fact)> {
    let mut log = FactLog::default();
    Simulation::new(scenario).run(&mut log);
    log.facts
}

#[test]
fn memory_changes_nothing() {
    let mtas = ["postfix", "exim", "sendmail", "qmail", "opensmtpd", "exchange"];
    let slow = "[[link]]\nbetween = [\"out.src.example\", \"mx1.dst.example\"]\nlatency = \"40ms\"\n\
                bandwidth = \"1Mbit/s\"\n[[link]]\nbetween = [\"out.src.example\", \
                \"mx2.dst.example\"]\nlatency = \"70ms\"\n";
    for (seed, client) in (1..).zip(mtas) {
        let server = mtas[(seed as usize + 1) % mtas.len()];
        for lines in ["", slow] {
            let scenario = common::scenario(&network(client, server, lines, seed));
            let remembered = facts(&scenario);
            assert!(remembered.len() > 1_000, "{client} has too little to do");
            let whole = facts(&without_memory(scenario));
            for (number, (known, run)) in remembered.iter().zip(&whole).enumerate() {
                assert_eq!(known, run, "{client} to {server}, fact {number}, {lines}");
            }
            assert_eq!(remembered.len(), whole.len(), "{client} to {server}");
        }
    }
}

/// Mail from `out.src.example` to an exchanger that always refuses; its settings change after half an hour.
fn changed(set: &str) -> Scenario {
    common::scenario(&format!(
        r#"
duration = "3h"

[[host]]
name = "out.src.example"
roles = ["submission", "mx", "store"]
mta = "postfix"
[[host]]
name = "relay.src.example"
roles = ["relay"]
mta = "postfix"
relay_domains = "all"
[[host]]
name = "mx.dst.example"
roles = ["mx", "store"]
mta = "postfix"

[[domain]]
name = "src.example"
mx = ["out.src.example"]
mailboxes = ["alice"]
[[domain]]
name = "dst.example"
mx = ["mx.dst.example"]
mailboxes = ["bob"]

[[mail]]
from = "alice@src.example"
to = ["bob@dst.example"]
arrivals = {{ every = "10m" }}

[[outage]]
host = "mx.dst.example"
mode = "refuse"

[[action]]
at = "30m"
host = "out.src.example"
do = {{ set = {{ {set} }} }}
"#
    ))
}

#[test]
fn look_ups_are_not_remembered_beyond_a_change_of_settings() {
    let change = SimTime::ZERO + SimDuration::from_minutes(30);
    let relay = HostId(1);
    let tries = |set: &str| -> Vec<SimTime> {
        let mut tries = Vec::new();
        for (_, fact) in facts(&changed(set)) {
            if let Fact::Attempt(attempt) = fact
                && (attempt.from, attempt.to) == (HostId(0), Some(relay))
            {
                tries.push(attempt.started);
            }
        }
        tries
    };
    assert_eq!(tries("message_size_limit = \"1MB\""), [], "the exchanger is the only target");
    // The answer of the DNS is good for an hour: nothing but the settings has changed.
    let tries = tries("fallback_relay = \"relay.src.example\"");
    let first = tries.iter().min().expect("the relay is tried as well");
    assert!((change..change + SimDuration::from_minutes(10)).contains(first), "{first:?}");
}
