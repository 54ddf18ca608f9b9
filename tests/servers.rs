//! How the servers whose schedule is listed in `tests/vectors` differ in all else: which failure leads
//! to the next exchanger, what counts as one thing to retry, who is next, what a whole queue does.

mod common;

use common::{Run, at, run, secs};
use mailsim::mail::{AttemptOutcome, MailboxNames as _, MessageKind, Stage};
use mailsim::trace::{AttemptFact, Fact};
use mailsim::units::SimTime;

/// A sender with the server `mta`, an exchanger with a backup, and what `more` adds.
fn network(mta: &str, more: &str) -> Run {
    run(&format!(
        r#"
duration = "4d"
sample_every = "4d"
[defaults]
latency = "0"
resolver = {{ latency = "0" }}
[[host]]
name = "a.src.example"
roles = ["submission", "mx", "store"]
mta = {mta}
[[host]]
name = "mx1.dst.example"
roles = ["mx", "store"]
[[host]]
name = "mx2.dst.example"
roles = ["mx"]
[[domain]]
name = "src.example"
mx = [{{ host = "a.src.example", preference = 10 }}]
mailboxes = ["alice"]
[[domain]]
name = "dst.example"
store = "mx1.dst.example"
mx = [
    {{ host = "mx1.dst.example", preference = 10 }},
    {{ host = "mx2.dst.example", preference = 20 }},
]
mailboxes = {{ count = 300 }}
{more}
"#
    ))
}

const ONE_MESSAGE: &str = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
at = "10s"
"#;

/// Tries made by the sender, in order of their beginning.
fn tries(run: &Run) -> Vec<AttemptFact> {
    let sender = run.host("a.src.example");
    let mut tries: Vec<_> = run.mail().iter().flat_map(|story| story.tries_of(sender)).collect();
    tries.sort_by_key(|attempt| attempt.started);
    tries
}

/// Where the tries of the first minute went, and how they ended.
fn first_minute(run: &Run) -> Vec<(String, AttemptOutcome)> {
    tries(run)
        .iter()
        .filter(|attempt| attempt.started < at(60))
        .map(|attempt| {
            let to = attempt.to.map_or("nobody", |host| run.scenario.host(host));
            (to.to_owned(), attempt.outcome)
        })
        .collect()
}

#[test]
fn a_refusal_for_now_leads_to_the_backup_with_some_servers_only() {
    let more = format!(
        "{ONE_MESSAGE}[[outage]]\nhost = \"mx1.dst.example\"\nfor = \"1h\"\nmode = \"tempfail\"\n\
         stage = \"rcpt\"\n"
    );
    for (mta, leads_on) in [
        ("\"hmailserver\"", true),
        ("\"haraka\"", false),
        ("\"kumomta\"", false),
        ("\"stalwart\"", false),
        ("\"maddy\"", false),
        ("\"exchange\"", true),
    ] {
        let run = network(mta, &more);
        let hosts: Vec<String> = first_minute(&run).into_iter().map(|(host, _)| host).collect();
        let expected: &[&str] = match leads_on {
            true => &["mx1.dst.example", "mx2.dst.example"],
            false => &["mx1.dst.example"],
        };
        assert_eq!(hosts, expected, "{mta}");
    }
}

#[test]
fn a_final_greeting_is_final_for_some_servers_only() {
    let more = format!(
        "{ONE_MESSAGE}[[outage]]\nhost = \"mx1.dst.example\"\nfor = \"1h\"\nmode = \"permfail\"\n\
         stage = \"greeting\"\n"
    );
    // hMailServer: 5yz is fatal wherever it comes. Haraka: any reply but 4yz returns the mail.
    for mta in ["\"hmailserver\"", "\"haraka\""] {
        let run = network(mta, &more);
        assert_eq!(first_minute(&run).len(), 1, "{mta}");
        assert_eq!(run.failure_notices(), 1, "{mta}");
    }
    for mta in ["\"kumomta\"", "\"stalwart\"", "\"maddy\""] {
        let run = network(mta, &more);
        let hosts: Vec<String> = first_minute(&run).into_iter().map(|(host, _)| host).collect();
        assert_eq!(hosts, ["mx1.dst.example", "mx2.dst.example"], "{mta}");
        assert_eq!(run.only().copies(), 1, "{mta}");
    }
}

#[test]
fn the_last_final_greeting_decides() {
    let both = ["mx1", "mx2"].map(|host| {
        format!(
            "[[outage]]\nhost = \"{host}.dst.example\"\nfor = \"1h\"\nmode = \"permfail\"\n\
             stage = \"greeting\"\n"
        )
    });
    let more = format!("{ONE_MESSAGE}{}{}", both[0], both[1]);
    // Stalwart and Maddy return the mail; to KumoMTA no greeting is final.
    for (mta, returned) in [("\"stalwart\"", 1), ("\"maddy\"", 1), ("\"kumomta\"", 0)] {
        let run = network(mta, &more);
        assert_eq!(first_minute(&run).len(), 2, "{mta}");
        assert_eq!(run.failure_notices(), returned, "{mta}");
    }
}

#[test]
fn a_session_lost_after_ehlo_leads_haraka_to_the_backup_and_no_other() {
    let more = format!(
        "{ONE_MESSAGE}[[outage]]\nhost = \"mx1.dst.example\"\nfor = \"1h\"\nmode = \"drop\"\n\
         stage = \"data\"\n"
    );
    for (mta, count) in [("\"haraka\"", 2), ("\"stalwart\"", 1), ("\"maddy\"", 1)] {
        assert_eq!(first_minute(&network(mta, &more)).len(), count, "{mta}");
    }
}

#[test]
fn a_domain_that_does_not_exist_is_not_final_for_hmailserver_and_kumomta() {
    let more = r#"
[[domain]]
name = "gone.example"
exists = false
[[mail]]
from = "alice@src.example"
to = ["bob@gone.example"]
at = "10s"
"#;
    for (mta, hours) in [
        ("\"hmailserver\"", 4),
        ("\"kumomta\"", 85),
        ("\"haraka\"", 0),
        ("\"stalwart\"", 0),
        ("\"maddy\"", 0),
        ("\"exchange\"", 0),
    ] {
        let run = network(mta, more);
        let returned = run.to("bob@gone.example").only_ending().at.as_secs();
        let planned: u64 = hours * 3600;
        // KumoMTA's eight gaps deviate by up to 30 s each.
        let possible = planned.saturating_sub(240)..planned + 300;
        assert!(possible.contains(&returned), "{mta}: {returned} s");
    }
}

#[test]
fn haraka_loses_patience_with_a_final_dot_and_sends_twice() {
    // The reply to the dot comes after 45 s; Haraka waits 30 s of silence, and the first exchanger
    // has the message all the same.
    let more = format!(
        "{ONE_MESSAGE}[[outage]]\nhost = \"mx1.dst.example\"\nfor = \"1m\"\nmode = \"slow\"\n\
         stage = \"dot\"\ndelay = \"45s\"\n"
    );
    assert_eq!(network("\"haraka\"", &more).only().copies(), 2);
    assert_eq!(network("\"stalwart\"", &more).only().copies(), 1);
}

/// Two messages, a large one first, that wait for one thread. They fail after 43 s and 85 s and
/// are due 42 s apart an hour later; looks count from the arrival at 30 s, so one finds both.
fn two_sizes(mta: &str) -> Vec<(String, u64)> {
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
at = "1s"
size = "5MB"
[[mail]]
from = "alice@src.example"
to = ["user00002@dst.example"]
at = "30s"
size = "5kB"
[[outage]]
host = "mx1.dst.example"
for = "2h30m"
mode = "blackhole"
[[outage]]
host = "mx2.dst.example"
for = "2h30m"
mode = "blackhole"
"#;
    let run = network(mta, more);
    let retries = tries(&run).into_iter().filter(|attempt| attempt.started > at(1800));
    retries
        .map(|attempt| {
            let story = run.mail().into_iter().find(|story| story.attempts.contains(&attempt));
            let to = run.scenario.mailbox(story.expect("a try has a story").created.mailbox);
            (to, attempt.started.as_secs())
        })
        .collect()
}

#[test]
fn hmailserver_takes_the_smallest_of_what_one_look_finds() {
    let retries = two_sizes(r#"{ profile = "hmailserver", maxdeliverythreads = 1 }"#);
    assert_eq!(retries[0].0, "user00002@dst.example", "{retries:?}");
    let retries = two_sizes(r#"{ profile = "schedule", gaps = "1h*", tries = 5, threads = 1 }"#);
    assert_eq!(retries[0].0, "user00001@dst.example", "{retries:?}");
}

#[test]
fn imail_takes_new_mail_before_what_it_has_tried() {
    // Twenty messages have failed when the timer comes; fifteen threads may retry, each blocked for
    // 42 s, and new mail that comes meanwhile is tried at once all the same.
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
arrivals = { every = "10s" }
count = 40
start = "1s"
[[mail]]
from = "alice@src.example"
to = ["user00002@dst.example"]
at = "30m10s"
[[outage]]
host = "mx1.dst.example"
mode = "blackhole"
[[outage]]
host = "mx2.dst.example"
mode = "blackhole"
"#;
    let run = network(
        r#"{ profile = "imail", queue_timer = "30m", tries_before_return = 3, look_phase = "0" }"#,
        more,
    );
    let begun = |from: u64, until: u64| {
        let first = |attempt: &&AttemptFact| attempt.to == Some(run.host("mx1.dst.example"));
        let within = |attempt: &&AttemptFact| (at(from)..at(until)).contains(&attempt.started);
        tries(&run).iter().filter(first).filter(within).count()
    };
    assert_eq!(begun(1800, 1810), 15, "retries at once");
    let new = run.to("user00002@dst.example").tries_of(run.host("a.src.example"));
    assert_eq!(new[0].started.as_secs(), 1810);
}

#[test]
fn hmailserver_counts_a_message_and_haraka_each_destination() {
    // One domain is down from the start; the other answers, but refuses for now until 03:30.
    let more = r#"
[[host]]
name = "mx.other.example"
roles = ["mx", "store"]
[[domain]]
name = "other.example"
mx = [{ host = "mx.other.example", preference = 10 }]
mailboxes = ["bob"]
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example", "bob@other.example"]
at = "0"
[[outage]]
host = "mx1.dst.example"
mode = "blackhole"
[[outage]]
host = "mx2.dst.example"
mode = "blackhole"
[[outage]]
host = "mx.other.example"
mode = "refuse"
for = "90s"
"#;
    let bob = |mta: &str| {
        let run = network(mta, more);
        let tries = run.to("bob@other.example").tries_of(run.host("a.src.example"));
        tries.iter().map(|attempt| attempt.started.as_secs()).collect::<Vec<_>>()
    };
    // hMailServer: the thread takes one domain after the other, each of two addresses 21 s, and the
    // hour counts from the end of all. Haraka: a queue file of its own, 64 s and 128 s later.
    let both = bob("\"hmailserver\"");
    assert_eq!((both[0], both.len()), (42, 2), "{both:?}");
    assert!((3642..=3720).contains(&both[1]), "{both:?}");
    let alone = bob(r#"{ profile = "haraka", look_every = "0" }"#);
    assert_eq!(alone, [0, 64, 192]);
}

#[test]
fn kumomta_puts_off_a_site_after_too_many_exhausted_lists() {
    // A connection takes 60 s to fail at each of two hosts. 32 of the messages are tried at once;
    // after more than 100 failures in succession the rest of 300 is put off without a try.
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
arrivals = { burst = 300 }
start = "1s"
[[outage]]
host = "mx1.dst.example"
mode = "blackhole"
[[outage]]
host = "mx2.dst.example"
mode = "blackhole"
"#;
    let run = network("\"kumomta\"", more);
    let stories = run.mail();
    let first: Vec<Stage> = stories.iter().map(|story| story.attempts[1].stage).collect();
    let put_off = first.iter().filter(|stage| **stage == Stage::Suspended).count();
    // The 102nd failure finds more than 100 before it: by then 102 failed, or are among the 32.
    assert!((300 - 102 - 32..=300 - 102).contains(&put_off), "{put_off} put off");
}

#[test]
fn exchange_tries_its_queue_and_not_its_messages() {
    // A message a minute to a next hop that is down for an hour; then the whole queue drains.
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
arrivals = { every = "1m" }
start = "1s"
end = "50m"
[[outage]]
host = "mx1.dst.example"
for = "1h"
mode = "refuse"
[[outage]]
host = "mx2.dst.example"
for = "1h"
mode = "refuse"
"#;
    let run = network("\"exchange\"", more);
    let sent = run.mail().len();
    let tries = tries(&run);
    let mut during: Vec<u64> = tries
        .iter()
        .filter(|attempt| attempt.started < at(3600))
        .map(|attempt| attempt.started.as_secs())
        .collect();
    during.dedup();
    // The first message's schedule, whatever comes meanwhile: 4 x 60 s, 6 x 300 s, 600 s.
    assert_eq!(during, [1, 61, 121, 181, 241, 541, 841, 1141, 1441, 1741, 2041, 2641, 3241]);
    // After the last failure at 3241 s, the next connection at 3841 s, and all is delivered then.
    let after: Vec<u64> = run.mail().iter().map(|story| story.only_ending().at.as_secs()).collect();
    assert_eq!(after, vec![3841; sent]);
    // Twenty connections at once at most, twenty messages on each.
    let most = tries.iter().map(|attempt| attempt.transaction).max();
    assert!(most <= Some(20), "{most:?}");
}

#[test]
fn exchange_counts_a_message_in_each_queue_that_it_waits_in() {
    // Three messages for two domains wait for a smart host; routed anew after twelve hours, each waits
    // in two queues. Before that five local messages had waited at once.
    let text = r#"
duration = "20h"
[[host]]
name = "a.src.example"
roles = ["submission", "mx", "store"]
mta = "exchange"
smart_host = "smart.example"
capacity = { local_processes = 1, service = { local = "1m" } }
[[host]]
name = "smart.example"
roles = ["relay"]
relay_domains = "all"
[[host]]
name = "mx.dst.example"
roles = ["mx", "store"]
[[domain]]
name = "src.example"
mx = ["a.src.example"]
mailboxes = ["alice", "anna"]
[[domain]]
name = "dst.example"
mx = ["mx.dst.example"]
mailboxes = ["bob"]
[[domain]]
name = "other.example"
mx = ["mx.dst.example"]
mailboxes = ["carol"]
[[mail]]
from = "alice@src.example"
to = ["anna@src.example"]
arrivals = { every = "1m", burst = 5 }
count = 5
[[mail]]
from = "alice@src.example"
to = ["bob@dst.example", "carol@other.example"]
at = ["1h", "1h1m", "1h2m"]
[[mail]]
from = "alice@src.example"
to = ["anna@src.example"]
at = "18h"
[[outage]]
hosts = ["smart.example", "mx.dst.example"]
mode = "refuse"
[[action]]
at = "2h"
host = "a.src.example"
do = { set = { routes = { "dst.example" = "mx.dst.example" } } }
"#;
    let run = run(text);
    let exchange = run.host("a.src.example");
    let peak = run.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Host(totals) if totals.host == exchange => Some(totals.peak_queue),
        _ => None,
    });
    assert_eq!(peak, Some(2 * 3 + 1));
}

#[test]
fn exchange_sends_twenty_messages_on_a_connection() {
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
arrivals = { burst = 200 }
start = "1s"
[[outage]]
host = "mx1.dst.example"
mode = "slow"
stage = "dot"
delay = "1s"
"#;
    let run = network("\"exchange\"", more);
    let mut per_second = std::collections::BTreeMap::<u64, usize>::new();
    for attempt in tries(&run) {
        *per_second.entry(attempt.ended.as_secs()).or_default() += 1;
    }
    // Twenty connections, a message a second each.
    assert!(per_second.values().all(|&count| count <= 20), "{per_second:?}");
    assert_eq!(per_second.len(), 10);
}

#[test]
fn exchange_holds_back_a_refused_message_alone() {
    let more = r#"
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
at = "1s"
[[mail]]
from = "alice@src.example"
to = ["user00002@dst.example"]
at = "2m"
[[outage]]
host = "mx1.dst.example"
for = "1m"
mode = "tempfail"
stage = "data"
[[outage]]
host = "mx2.dst.example"
for = "1m"
mode = "tempfail"
stage = "data"
"#;
    let run = network("\"exchange\"", more);
    let delivered = |to: &str| run.to(to).only_ending().at.as_secs();
    assert_eq!(delivered("user00001@dst.example"), 901);
    assert_eq!(delivered("user00002@dst.example"), 120);
}

#[test]
fn exchange_routes_anew_after_twelve_hours() {
    // At one o'clock the administrator sends all mail to a relay. New mail goes there; what waits
    // does so when its queue has delivered nothing for twelve hours.
    let more = r#"
[[host]]
name = "relay.src.example"
roles = ["relay"]
[[mail]]
from = "alice@src.example"
to = ["user00001@dst.example"]
at = "0"
[[outage]]
host = "mx1.dst.example"
for = "20h"
mode = "refuse"
[[outage]]
host = "mx2.dst.example"
for = "20h"
mode = "refuse"
[[action]]
host = "a.src.example"
at = "1h"
do = { set = { smart_host = "relay.src.example" } }
"#;
    let run = network("\"exchange\"", more);
    let story = run.only();
    let relay = run.host("relay.src.example");
    let taken = story.accepted.iter().find(|accepted| accepted.1 == relay).expect("by the relay");
    let hours = taken.0.since(SimTime::ZERO);
    assert!((secs(12 * 3600)..secs(12 * 3600 + 600)).contains(&hours), "{hours}");
}

#[test]
fn an_outage_of_29_hours_loses_mail_with_stalwart() {
    // Its ninth attempt comes after 28 hours, the next never: the message is returned after three
    // days although the host came back two days before.
    let more = format!(
        "{ONE_MESSAGE}[[outage]]\nhost = \"mx1.dst.example\"\nfor = \"29h\"\nmode = \"refuse\"\n\
         [[outage]]\nhost = \"mx2.dst.example\"\nfor = \"29h\"\nmode = \"refuse\"\n"
    );
    for (mta, returned) in [("\"stalwart\"", 1), ("\"hmailserver\"", 1), ("\"exchange\"", 0)] {
        assert_eq!(network(mta, &more).failure_notices(), returned, "{mta}");
    }
}

#[test]
fn maddy_tells_its_own_senders_only() {
    let more = r#"
[[host]]
name = "mx.abroad.example"
roles = ["mx", "store", "relay"]
[[domain]]
name = "abroad.example"
mx = [{ host = "mx.abroad.example", preference = 10 }]
mailboxes = ["carol"]
[[mail]]
from = "carol@abroad.example"
to = ["user00001@dst.example"]
submit = { server = "a.src.example" }
at = "0"
[[outage]]
host = "mx1.dst.example"
mode = "permfail"
stage = "rcpt"
[[outage]]
host = "mx2.dst.example"
mode = "permfail"
stage = "rcpt"
"#;
    assert_eq!(network("\"maddy\"", more).of_kind(MessageKind::FailureNotice).len(), 0);
    assert_eq!(network("\"stalwart\"", more).of_kind(MessageKind::FailureNotice).len(), 1);
}

/// One message to an exchanger that refuses connections for ten minutes; its server crashes after
/// five, for `hours`. Returns when copies reach the mailbox.
fn with_a_shadow(shadow: &str, mx: &str, hours: u64) -> Vec<u64> {
    let text = format!(
        r#"
duration = "1d"
sample_every = "1d"
[defaults]
latency = "0"
resolver = {{ latency = "0" }}
[[host]]
name = "ex1.src.example"
roles = ["submission", "mx", "store"]
mta = "exchange"
{shadow}
[[host]]
name = "ex2.src.example"
roles = ["relay", "mx", "store"]
mta = "exchange"
[[host]]
name = "mx.dst.example"
roles = ["mx", "store"]
mta = "{mx}"
[[domain]]
name = "src.example"
mx = [{{ host = "ex1.src.example", preference = 10 }}]
mailboxes = ["alice"]
[[domain]]
name = "dst.example"
mx = [{{ host = "mx.dst.example", preference = 10 }}]
mailboxes = ["bob"]
[[mail]]
from = "alice@src.example"
to = ["bob@dst.example"]
submit = {{ server = "ex1.src.example" }}
at = "0"
[[outage]]
host = "mx.dst.example"
for = "10m"
mode = "refuse"
[[outage]]
host = "ex1.src.example"
from = "5m"
for = "{hours}h"
mode = "crash"
"#
    );
    let run = run(&text);
    let mut copies: Vec<u64> = run.only().endings.iter().map(|end| end.at.as_secs()).collect();
    copies.sort_unstable();
    copies
}

#[test]
fn a_shadow_server_takes_over_after_three_hours_and_the_primary_sends_again() {
    let shadow = "shadow_host = \"ex2.src.example\"";
    // Sessions every two minutes: the first to fail at 6 min; three hours later the copy is sent.
    let taken_over = 6 * 60 + 3 * 3600;
    let back = 5 * 60 + 5 * 3600;
    assert_eq!(with_a_shadow("", "postfix", 5), [back]);
    assert_eq!(with_a_shadow(shadow, "postfix", 5), [taken_over, back]);
    // Exchange's mailboxes drop the second copy.
    assert_eq!(with_a_shadow(shadow, "exchange", 5), [taken_over]);
    // A primary that is back in time delivers its mail itself.
    assert_eq!(with_a_shadow(shadow, "postfix", 2), [5 * 60 + 2 * 3600]);
}

#[test]
fn a_server_whose_queue_timer_nobody_stated_never_tries_again() {
    // A backup with mailboxes of its own passes as a receiver, of which nothing is required.
    let more = r#"
[[host]]
name = "mx.late.example"
roles = ["mx", "store"]
mta = "imail"
[[host]]
name = "mx.far.example"
roles = ["mx", "store"]
[[domain]]
name = "late.example"
mx = ["mx.late.example"]
mailboxes = ["carol"]
[[domain]]
name = "far.example"
mx = [
    { host = "mx.far.example", preference = 10 },
    { host = "mx.late.example", preference = 20 },
]
store = "mx.far.example"
mailboxes = ["dave"]
[[mail]]
from = "alice@src.example"
to = ["dave@far.example"]
at = "10s"
[[outage]]
host = "mx.far.example"
for = "1h"
mode = "refuse"
"#;
    let run = network("\"postfix\"", more);
    let tries = run.to("dave@far.example").tries_of(run.host("mx.late.example"));
    assert_eq!(tries.len(), 1);
}

#[test]
fn exchange_gives_a_free_connection_to_the_queue_with_the_oldest_message() {
    // One connection, a slow domain with steady mail, and one message for a fast one, which is the
    // fourth in line: three deliveries of 10 s come before it.
    let text = r#"
duration = "1h"
[[host]]
name = "a.src.example"
roles = ["submission", "store"]
mta = { profile = "exchange", MaxOutboundConnections = 1 }
[[host]]
name = "slow.example"
roles = ["mx", "store"]
[[host]]
name = "fast.example"
roles = ["mx", "store"]
[[domain]]
name = "src.example"
address = "a.src.example"
mailboxes = ["alice"]
[[domain]]
name = "slow.test"
mx = ["slow.example"]
mailboxes = ["bob"]
[[domain]]
name = "fast.test"
mx = ["fast.example"]
mailboxes = ["carol"]
[[mail]]
from = "alice@src.example"
to = ["bob@slow.test"]
arrivals = { every = "5s" }
count = 120
[[mail]]
from = "alice@src.example"
to = ["carol@fast.test"]
at = "12s"
[[outage]]
host = "slow.example"
mode = "slow"
stage = "dot"
delay = "10s"
"#;
    let run = run(text);
    let delivered = run.to("carol@fast.test").only_ending().at.as_secs();
    assert!((25..45).contains(&delivered), "after {delivered} s");
}
