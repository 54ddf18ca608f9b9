//! Does an action do what it says?
//!
//! Whatever `set` can change, set at the first instant, is the host's from the start: each key of the
//! schema and each setting of each profile, with values other than the default. Set before any mail
//! comes, it is the same from the first message on, but for what a server does only when it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use mailsim::model::Scenario;
use mailsim::profiles::settings_of;
use mailsim::profiles::{self, Profile};
use mailsim::scenario::{Source, load, schema};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, Use};
use mailsim::units::SimTime;

/// A server in the middle: mail comes to it from a client and from another server, goes out to two
/// domains of which one is down for a while, and into mailboxes of its own.
const NETWORK: &str = r#"
duration = "25min"
sample_every = "10min"
[[host]]
name = "other.example"
roles = ["relay"]
mta = { profile = "postfix", smtp_tls_security_level = "may" }
[[host]]
name = "mx.b.example"
roles = ["mx", "store"]
capacity = { sessions = 2 }
[[host]]
name = "backup.b.example"
roles = ["mx"]
mta = { profile = "rfc5321", gaps = "3m*" }
[[host]]
name = "shadow.example"
mta = "exchange"
[[domain]]
name = "a.example"
address = "mid.example"
store = "mid.example"
mailboxes = ["alice", "adam"]
[[domain]]
name = "b.example"
mx = [{ host = "mx.b.example", preference = 10 }, { host = "backup.b.example", preference = 20 }]
store = "mx.b.example"
mailboxes = ["bob", "ben", "bill"]
[[domain]]
name = "unhosted.example"
address = "backup.b.example"
mailboxes = ["zoe"]
[[blocklist]]
name = "bl.example"
lists = [{ host = "other.example" }]
[[mail]]
from = "alice@a.example"
to = ["bob@b.example", "ben@b.example", "bill@b.example", "adam@a.example"]
arrivals = { every = "40s" }
start = "3min"
count = 5
size = "30kB"
submit = { server = "mid.example", port = 25, parallel_sessions = 3 }
[[mail]]
from = "bob@b.example"
to = ["alice@a.example", "nobody@a.example"]
arrivals = { every = "50s" }
start = "3min"
count = 4
size = "9MB"
submit = { server = "other.example", port = 25 }
[[mail]]
from = "alice@a.example"
to = "ben@b.example"
at = "2min10s"
submit = { server = "mid.example", port = 25 }
[[outage]]
host = "mx.b.example"
mode = "refuse"
from = "4min"
for = "6min"
[[outage]]
hosts = ["backup.b.example"]
mode = "tempfail"
stage = "rcpt"
from = "4min"
for = "3min"
"#;

/// The network with the middle server as `table` describes it, and these further tables.
fn network(table: &str, more: &str) -> String {
    format!(
        "{NETWORK}\n[[host]]\nname = \"mid.example\"\nroles = [\"submission\", \"mx\", \"store\"]\n{table}\n{more}"
    )
}

fn loaded(text: &str) -> Result<Scenario, String> {
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "test.toml", text, read_file: &nothing };
    load(&source, &[]).map(|loaded| loaded.scenario).map_err(|problems| problems.render(false))
}

/// Everything that a run states.
fn facts(scenario: &Scenario) -> Vec<(SimTime, Fact)> {
    let mut log = FactLog::default();
    Simulation::new(scenario).run(&mut log);
    for (_, fact) in &mut log.facts {
        // How much of a capacity was used depends on since when there has been so much.
        if let Fact::Host(totals) = fact {
            (totals.inbound_use, totals.delivery_use) = (Use::default(), Use::default());
        }
    }
    log.facts
}

fn required(profile: &Profile) -> Vec<(&'static str, &'static str)> {
    let first = |names: &&'static str| names.split('|').next().unwrap_or(names);
    let example = |key: &str| match key {
        key if key.contains("tries") => "20",
        key if key.contains("gaps") => "\"5m 10m 30m 1h*\"",
        key if key.contains("timer") || key.contains("every") => "\"30m\"",
        _ => "\"4d\"",
    };
    profile.required.iter().map(first).map(|key| (key, example(key))).collect()
}

/// Returns the table of a server of this profile.
fn server(profile: &Profile, setting: Option<(&str, &str)>) -> String {
    let mut keys: Vec<(&str, &str)> = required(profile);
    if let Some((key, value)) = setting {
        let schedule = ["gaps", "offsets", "first_gap"];
        let forms = schedule.contains(&key);
        keys.retain(|(known, _)| *known != key && !(forms && schedule.contains(known)));
        keys.push((key, value));
    }
    let mut table = format!("{{ profile = \"{}\"", profile.name);
    for (key, value) in keys {
        write!(table, ", {key} = {value}").expect("text takes text");
    }
    table + " }"
}

/// What a setting may be changed to; each takes those of them that are of its kind.
const VALUES: &[&str] = &[
    "true",
    "false",
    "0",
    "1",
    "2",
    "7",
    "\"300ms\"",
    "\"2s\"",
    "\"90s\"",
    "\"7m\"",
    "\"1h\"",
    "\"20kB\"",
    "\"1m 2m*\"",
    "\"2m\"",
    "\"may\"",
    "\"none\"",
    "\"0.5\"",
    "1.5",
    "\"F,1h,1m; G,1d,2m,1.5\"",
    "\"5m:10m\"",
    "\"random\"",
    "\"ipv4\"",
    "\"ipv6\"",
    "\"size\"",
    "\"arrival\"",
];

/// Settings of which a server takes notice only when it starts, or that say when its first queue run
/// comes: set later, they have nothing left to say.
fn is_of_the_start(name: &str) -> bool {
    ["phase", "queue_run_delay", "queue_interval", "look_every", "queue_timer"]
        .iter()
        .any(|word| name.contains(word))
}

/// Returns the words that a setting takes, as the problem with another one tells them.
fn words(profile: &Profile, setting: &str) -> Vec<String> {
    let table = server(profile, Some((setting, "\"zzz\"")));
    let problem = loaded(&network(&format!("mta = {table}"), "")).err().unwrap_or_default();
    let accepted = problem.lines().find_map(|line| line.split_once("accepted: "));
    let listed = accepted.map(|(_, listed)| listed.split(", ").map(str::to_owned).collect());
    listed.unwrap_or_default()
}

/// Returns whether a profile refuses a flag unless something else is set with it.
fn asks_for_more(profile: &Profile, setting: &str) -> bool {
    let table = server(profile, Some((setting, "true")));
    let problem = loaded(&network(&format!("mta = {table}"), "")).err().unwrap_or_default();
    problem.contains(&format!("`{setting}` with a lifetime"))
}

/// What a scenario says of its hosts and of what happens to them.
fn told(scenario: &Scenario) -> String {
    format!("{:?} {:?} {:?}", scenario.hosts, scenario.actions, scenario.zone)
}

/// Every setting of every profile, with a value that is not its default, is the server's from the
/// start if it is set at the first instant. One profile of each family runs: there, it is the same
/// for all mail if it is set before the first message.
#[test]
fn every_setting_of_every_profile_is_set_at_once() {
    let (mut settings, mut runs, mut wrong) = (0, 0, Vec::new());
    let (mut families, mut taken) = (BTreeSet::new(), BTreeMap::new());
    for profile in profiles::all() {
        let runs_too = families.insert(profile.family);
        let plain = network(&format!("mta = {}", server(&profile, None)), "");
        let base = loaded(&plain).unwrap_or_else(|problems| panic!("{problems}"));
        let (base, told_of_base) = (runs_too.then(|| facts(&base)), told(&base));
        for setting in settings_of(&profile).iter().map(|setting| setting.name) {
            settings += 1;
            // These ask for a schedule in one form, which excludes the others.
            if ["offsets", "first_gap"].contains(&setting) && profile.required.contains(&"gaps") {
                continue;
            }
            // This one asks for a lifetime, which those that count tries or ages do not have.
            if setting == "last_try_at_lifetime" && asks_for_more(&profile, setting) {
                continue;
            }
            let changes = |value: &str| {
                let table = server(&profile, Some((setting, value)));
                let with = loaded(&network(&format!("mta = {table}"), "")).ok()?;
                (told(&with) != told_of_base).then(|| (value.to_owned(), with))
            };
            // What one server takes, another probably does.
            let known = taken.get(setting).and_then(|value: &String| changes(value));
            let found = known.or_else(|| VALUES.iter().find_map(|value| changes(value)));
            let found =
                found.or_else(|| words(&profile, setting).iter().find_map(|it| changes(it)));
            let Some((value, from_start)) = found else {
                wrong.push(format!("{} {setting}: no value changes anything", profile.name));
                continue;
            };
            taken.insert(setting, value.clone());
            let set = |at: &str| {
                let action = format!(
                    "[[action]]\nat = \"{at}\"\nhost = \"mid.example\"\n\
                     do = {{ set = {{ mta = {{ {setting} = {value} }} }} }}",
                );
                loaded(&(plain.clone() + &action)).unwrap_or_else(|problems| panic!("{problems}"))
            };
            if told(&set("0s")) != told(&from_start) {
                wrong.push(format!("{} {setting} = {value} at 0 s", profile.name));
            }
            let Some(base) = base.as_ref().filter(|_| !is_of_the_start(setting)) else { continue };
            let expected = facts(&from_start);
            if expected != *base {
                runs += 1;
                if facts(&set("1min")) != expected {
                    wrong.push(format!("{} {setting} = {value} at 1 min", profile.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    // The network must be one in which settings matter.
    assert!(runs > 100 && settings > 2_000, "{runs} of {settings} settings change a run");
}

/// Values for the keys of `set` other than `mta`: by the path of the key.
const KEYS: &[(&str, &str)] = &[
    ("message_size_limit", "\"20kB\""),
    ("capacity.sessions", "1"),
    ("capacity.sessions_per_client", "1"),
    ("capacity.listen_queue", "0"),
    ("capacity.delivery_processes", "1"),
    ("capacity.local_processes", "1"),
    ("capacity.queue_disk", "\"40kB\""),
    ("capacity.service.greeting", "\"3s\""),
    ("capacity.service.command", "\"2s\""),
    ("capacity.service.message", "\"5s\""),
    ("capacity.service.pickup", "\"9s\""),
    ("capacity.service.agent", "\"8s\""),
    ("capacity.service.process_start", "\"7s\""),
    ("capacity.service.local", "\"6s\""),
    ("local_domains", "[\"unhosted.example\"]"),
    ("relay_domains", "[\"a.example\"]"),
    ("unaware_of", "[\"a.example\"]"),
    ("knows_proxy_address", "true"),
    ("knows_recipients", "true"),
    ("smart_host", "\"backup.b.example\""),
    ("fallback_relay", "\"backup.b.example\""),
    ("routes", "{ \"b.example\" = \"backup.b.example\" }"),
    ("clock_error", "\"2h\""),
    ("resolver", "{ latency = \"3s\" }"),
    ("limits", "[{ counts = \"messages\", per = \"client\", most = 1, within = \"1min\" }]"),
    ("reputation", "{ new_reply = \"421 4.7.0\", warm_up = [1, 5] }"),
    ("standing", "\"new\""),
    ("blocklists", "[\"bl.example\"]"),
    ("sender_policies", "true"),
    ("filter", "{ profile = \"spamassassin\", time = \"3s\" }"),
];

/// Keys that only a server in special company has: each with a test of its own below.
const IN_COMPANY: &[&str] =
    &["mta", "proxy_protocol", "shadow_host", "capacity", "capacity.service"];

fn keys_of_set(schema: &serde_json::Value) -> BTreeSet<String> {
    fn collect(prefix: &str, table: &serde_json::Value, keys: &mut BTreeSet<String>) {
        let properties = table.get("properties").and_then(|it| it.as_object());
        for (key, shape) in properties.into_iter().flatten() {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            if matches!(path.as_str(), "capacity" | "capacity.service") {
                collect(&path, shape, keys);
            }
            keys.insert(path);
        }
    }
    let branches = schema["properties"]["action"]["items"]["properties"]["do"]["anyOf"].as_array();
    let set = branches.into_iter().flatten().find_map(|it| it["properties"].get("set"));
    let mut keys = BTreeSet::new();
    collect("", set.expect("an action may set something"), &mut keys);
    keys
}

#[test]
fn every_key_of_set_is_set_at_once() {
    let known: BTreeSet<String> = KEYS
        .iter()
        .map(|(key, _)| *key)
        .chain(IN_COMPANY.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(keys_of_set(&schema()), known, "a key without a value here, or the other way round");
    let base = facts(&loaded(&network("", "")).expect("it is right"));
    let (mut silent, mut wrong) = (Vec::new(), Vec::new());
    for (key, value) in KEYS {
        let text = network(&format!("{key} = {value}"), "");
        let expected = loaded(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let expected = facts(&expected);
        if expected == base {
            silent.push(*key);
        }
        for at in ["0s", "1min"] {
            let action = format!(
                "[[action]]\nat = \"{at}\"\nhost = \"mid.example\"\ndo = {{ set = {{ {key} = {value} }} }}"
            );
            let set = loaded(&network("", &action)).unwrap_or_else(|problems| panic!("{problems}"));
            if facts(&set) != expected {
                wrong.push(format!("{key} at {at}"));
            }
        }
    }
    assert!(wrong.is_empty(), "differ: {}", wrong.join(", "));
    assert!(silent.len() <= KEYS.len() / 2, "say nothing here: {}", silent.join(", "));
}

/// A replaced limit is what utilisation is measured by from then on.
#[test]
fn utilisation_is_measured_by_the_capacity_that_there_was() {
    let used = |capacity: &str, action: &str| {
        let scenario = loaded(&network(capacity, action)).unwrap_or_else(|it| panic!("{it}"));
        let mut log = FactLog::default();
        Simulation::new(&scenario).run(&mut log);
        let host = scenario.hosts.iter().position(|host| host.name == "mid.example");
        let totals = log.facts.iter().find_map(|(_, fact)| match fact {
            Fact::Host(totals) if Some(totals.host.index()) == host => Some(*totals),
            _ => None,
        });
        totals.expect("each host states its totals")
    };
    let action = "[[action]]\nat = \"24min\"\nhost = \"mid.example\"\n\
                  do = { set = { capacity = { sessions = 1 } } }";
    let minutes = |count: u128| count * 60_000_000_000;
    // 40 slots for 24 minutes, then one for the last.
    let both = used("capacity = { sessions = 40 }", action);
    assert_eq!(both.inbound_use.offered, 40 * minutes(24) + minutes(1));
    assert_eq!(both.inbound_use.busy, both.inbound_busy);
    assert!(both.inbound_use.offered > both.inbound_busy.as_nanos().into());
    // Without any limit, then one slot for the last minute.
    let late = used("mta = \"rfc5321\"", action);
    assert_eq!(late.inbound_use.offered, minutes(1));
    assert!(late.inbound_use.busy < late.inbound_busy);
}

/// Another kind of server cannot take over a queue; a schedule in another notation replaces the former.
#[test]
fn what_cannot_be_set_is_refused_where_it_is_written() {
    let set = |table: &str, at: &str, what: &str| {
        let action = format!(
            "[[action]]\nat = \"{at}\"\nhost = \"mid.example\"\ndo = {{ set = {{ mta = {what} }} }}"
        );
        loaded(&network(&format!("mta = {table}"), &action))
    };
    let refused = set("\"postfix\"", "1min", "\"exim\"").expect_err("it would change hands");
    assert!(refused.contains("the queue of mid.example would change hands"), "{refused}");
    let at_once = set("\"postfix\"", "0s", "\"exim\"").expect("there is no queue yet");
    assert!(at_once.hosts.iter().any(|host| host.profile == "exim"));
    let schedule = "{ profile = \"schedule\", gaps = \"5m*\", lifetime = \"1d\" }";
    let other = set(schedule, "1min", "{ offsets = \"5m 20m 1h\" }");
    assert!(other.is_ok(), "{}", other.expect_err("just looked"));
    let first = "{ profile = \"icewarp\", undeliverable_after = \"4d\", warning_after = \"4h\" }";
    let another = set(first, "1min", "{ profile = \"rfc5321\" }");
    assert!(another.is_ok(), "{}", another.expect_err("just looked"));
}
