//! The scenario file: what each key comes to in the checked scenario.

use mailsim::dns::{DnsFailure, FailureScope};
use mailsim::fault::{Schedule, Slowness};
use mailsim::mail::{DomainId, HostId, Mailbox, MailboxNames, Reply, Stage, Status};
use mailsim::model::{Command, Effect, NextHop, OutageTarget, Scenario};
use mailsim::network::AddressFamily;
use mailsim::queue::QueueSettings;
use mailsim::queue::postfix::{Feedback, ScanPhase};
use mailsim::random::Distribution;
use mailsim::scenario::{Loaded, Source, load};
use mailsim::smtp::{BreakingPoint, Deviation, Manner, Replies};
use mailsim::units::{SimDuration, SimTime};
use mailsim::workload::{Arrivals, Correspondents};
use proptest::prelude::*;

/// The example of the design, word for word, with the hosts that it leaves to the reader.
const EXAMPLE: &str = r#"
title = "The primary MX is down for four hours"
question = "How late is the mail, and does the backup MX help?"
seed = 42
duration = "24h"

[[host]]
name = "smtp.sender.example"
roles = ["submission", "relay", "store"]   # mua, submission, relay, proxy, mx, store, dns
mta = "postfix"                             # a profile, or a table of its settings

[[host]]
name = "mx1.recipient.example"
[[host]]
name = "mx2.recipient.example"
[[host]]
name = "imap.recipient.example"

[[link]]
between = ["smtp.sender.example", "mx1.recipient.example"]
latency = "20ms"
bandwidth = "100Mbit/s"

[[domain]]
name = "sender.example"
mx = [{ host = "smtp.sender.example", preference = 10 }]
mailboxes = ["alice"]

[[domain]]
name = "recipient.example"
mx = [{ host = "mx1.recipient.example", preference = 10 }, { host = "mx2.recipient.example", preference = 20 }]
store = "imap.recipient.example"
mailboxes = ["bob"]                         # or { count = 500 }

[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
arrivals = { poisson = "30/h" }
size = { lognormal = { median = "75kB", sigma = 1.2 } }

[[outage]]
host = "mx1.recipient.example"
from = "2h"
for = "4h"
mode = "blackhole"

[[expect]]
figure = "delivered_share"
at_least = 0.99
"#;

fn loaded(text: &str) -> Loaded {
    let read_file = |name: &str| match name {
        "mail.csv" => Ok("time,from,to,size\n\
             2s,a@one.example,b@one.example;c@one.example,2kB\n\
             1s,a@one.example,b@one.example,1kB\n"
            .to_owned()),
        _ => Err("No such file".to_owned()),
    };
    let source = Source { file: "some/folder/example.toml", text, read_file: &read_file };
    load(&source, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// A host, a domain with three mailboxes, and `more`.
fn with(more: &str) -> Scenario {
    loaded(&format!(
        "duration = \"1h\"\n{}\n[[host]]\nname = \"mx.one.example\"\n\
         [[domain]]\nname = \"one.example\"\nmx = [\"mx.one.example\"]\n\
         mailboxes = [\"a\", \"b\", \"c\"]\n{}",
        if more.starts_with('[') { "" } else { more },
        if more.starts_with('[') { more } else { "" },
    ))
    .scenario
}

fn seconds(number: u64) -> SimTime {
    SimTime::from_secs(number)
}

#[test]
fn the_example_of_the_design_works_word_for_word() {
    let Loaded { scenario, warnings, .. } = loaded(EXAMPLE);
    assert!(warnings.0.is_empty(), "{warnings}");
    assert_eq!(scenario.name, "example");
    assert_eq!(scenario.seed, 42);
    assert_eq!(scenario.duration, SimDuration::from_hours(24));
    assert_eq!(scenario.sample_every, SimDuration::from_minutes(10));
    let [smtp, mx1, mx2, imap, mua] = &scenario.hosts[..] else {
        panic!("four hosts, and the mail program of alice")
    };
    let (sender, recipient) = (DomainId(0), DomainId(1));
    assert!(mua.roles.mua && mua.name == "mua.smtp.sender.example");
    assert_eq!(smtp.routing.local, [sender]);
    assert!(smtp.routing.relays_all && smtp.server.auth && smtp.server.starttls);
    assert_eq!(mx1.routing.relayed, [recipient]);
    assert_eq!(mx1.routing.routes[&recipient], NextHop::Host(HostId(3)));
    assert!(!mx1.routing.relays_all);
    // A backup finds the primary by the MX records: no route of its own.
    assert!(mx2.routing.routes.is_empty() && mx2.routing.relayed == [recipient]);
    assert_eq!(imap.routing.local, [recipient]);
    assert!(imap.roles.store && mx1.roles.mx && !imap.roles.mx);
    let mail = &scenario.mail[0];
    assert_eq!((mail.submission.server, mail.submission.port), (HostId(0), 587));
    assert_eq!(mail.size.text, Distribution::LogNormal { median: 75_000.0, sigma: 1.2 });
    let bob = Mailbox { domain: recipient, local: 0 };
    assert_eq!(mail.to, [Correspondents::One(bob)]);
    assert_eq!(scenario.mailbox(bob), "bob@recipient.example");
    let outage = &scenario.outages[0];
    assert_eq!(outage.targets, [OutageTarget::Host(HostId(1))]);
    assert_eq!(outage.effect, Effect::Blackhole { inbound_only: false });
    let Schedule::Fixed(interval) = outage.schedule else { panic!("a fixed outage") };
    assert_eq!((interval.from, interval.to), (seconds(2 * 3600), seconds(6 * 3600)));
    let mx = &scenario.zone.records(scenario.domains[1].dns, SimTime::ZERO).mx;
    assert_eq!(mx.iter().map(|record| record.preference).collect::<Vec<_>>(), [10, 20]);
    assert_eq!(scenario.expectations[0].at_least, Some(0.99));
    let before = &EXAMPLE[..EXAMPLE.find("[[expect]]").unwrap()];
    let line = before.matches('\n').count() + 1;
    assert_eq!(scenario.expectations[0].line as usize, line);
}

#[test]
fn a_first_file_fits_on_a_screen() {
    let scenario = with("[[mail]]\nfrom = \"a@one.example\"\nto = \"b@one.example\"\n");
    let mail = &scenario.mail[0];
    assert_eq!(mail.arrivals, Arrivals::At(vec![SimTime::ZERO]));
    assert_eq!(mail.size.text, Distribution::Constant(10_000.0));
    assert_eq!((mail.submission.server, mail.submission.port), (HostId(0), 25));
    // It takes submissions, but is no relay for others.
    assert!(scenario.hosts[0].roles.submission && !scenario.hosts[0].routing.relays_all);
    assert_eq!(scenario.addresses[0].literal, "10.0.0.1");
    assert_eq!(scenario.topology.default_path().latency, SimDuration::from_millis(10));
}

#[test]
fn populations_are_counted_out() {
    let scenario = loaded(
        "duration = \"1h\"\n[[host]]\nname = \"mx.big.example\"\ncount = 3\naddresses = [\"ipv4\", \"ipv6\"]\n\
         [[host]]\nname = \"imap.big.example\"\n\
         [[domain]]\nname = \"big.example\"\nmx = [\"mx.big.example\"]\nstore = \"imap.big.example\"\n\
         mailboxes = { names = [\"boss\"], count = 500 }\n\
         [[mail]]\nfrom = { domain = \"big.example\" }\nto = [{ domain = \"big.example\", count = 10 }, \"user00500@big.example\"]\n\
         submit = { server = \"mx-2.big.example\" }\n\
         [[outage]]\nhost = \"mx.big.example\"\nmode = \"refuse\"\n",
    )
    .scenario;
    let names: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "mx-1.big.example",
            "mx-2.big.example",
            "mx-3.big.example",
            "imap.big.example",
            "mua.mx-2.big.example"
        ]
    );
    assert_eq!(scenario.outages[0].targets.len(), 3);
    assert_eq!(scenario.addresses.len(), 8);
    assert_eq!(scenario.addresses[1].family, AddressFamily::V6);
    assert_eq!(scenario.zone.records(scenario.domains[0].dns, SimTime::ZERO).mx.len(), 3);
    let group = scenario.zone.names.iter().find(|name| name.text == "mx.big.example").unwrap();
    assert_eq!(group.revisions[0].1.addresses.len(), 6);
    let mail = &scenario.mail[0];
    let domain = DomainId(0);
    assert_eq!(mail.from, Correspondents::Population { domain, count: 500 });
    assert_eq!(mail.to[0], Correspondents::Population { domain, count: 10 });
    assert_eq!(mail.to[1], Correspondents::One(Mailbox { domain, local: 499 }));
    assert_eq!(scenario.mailbox(Mailbox { domain, local: 0 }), "boss@big.example");
    assert_eq!(scenario.mailbox(Mailbox { domain, local: 499 }), "user00500@big.example");
}

/// A member of a list may stand for the mailboxes of a domain; who is named twice gets one copy.
#[test]
fn members_are_counted_out() {
    let list =
        |members: &str| format!("[[list]]\naddress = \"all@one.example\"\nmembers = [{members}]");
    let members = |members: &str| {
        let scenario = with(&list(members));
        let lists = &scenario.automatic.redistributions;
        let locals = lists.values().flat_map(|list| &list.members).map(|one| one.local);
        locals.collect::<Vec<u32>>()
    };
    let of_domain = "{ domain = \"one.example\", count = 2 }";
    assert_eq!(members(of_domain), [0, 1]);
    assert_eq!(members(&format!("\"c@one.example\", {of_domain}")), [2, 0, 1]);
    assert_eq!(members("{ domain = \"one.example\" }"), [0, 1, 2]);
}

#[test]
fn settings_of_hosts() {
    let scenario = loaded(
        r#"
duration = "1h"
[defaults]
ttl = "5m"
resolver = { latency = "1ms", tries = ["2s"] }
[[host]]
name = "mx.one.example"
addresses = ["192.0.2.1", "2001:db8::1"]
clock_error = "-2d"
message_size_limit = "1MB"
knows_recipients = true
relay_domains = "all"
fallback_relay = "relay.one.example"
smart_host = { address = "relay.one.example" }
routes = { "else.example" = "relay.one.example" }
resolver = { cache = false }
greylist = { delay = "3m" }
[host.mta]
profile = "postfix"
queue_run_delay = "60s"
hopcount_limit = 30
default_process_limit = 7
smtp_helo_timeout = "9s"
smtp_mx_address_limit = 0
default_destination_concurrency_positive_feedback = "1/concurrency"
default_destination_concurrency_negative_feedback = 0.5
scan_phase = "20s"
[host.capacity]
sessions_per_client = 3
delivery_processes = 4
queue_disk = "10GB"
service = { message = { exponential = { mean = "20ms" } }, greeting = "5ms" }
[[host]]
name = "relay.one.example"
mta = { profile = "rfc5321", gaps = ["1m", "1h"], lifetime = "1d", max_recipients = 5 }
[[domain]]
name = "one.example"
mx = ["mx.one.example"]
"#,
    )
    .scenario;
    let host = &scenario.hosts[0];
    let QueueSettings::Postfix(queue) = &*host.queue else { panic!("Postfix") };
    assert_eq!(queue.queue_run_delay, SimDuration::from_secs(60));
    assert_eq!(queue.scan_phase, ScanPhase::At(SimDuration::from_secs(20)));
    assert_eq!(queue.positive_feedback, Feedback::PerWindow(1.0));
    assert_eq!(queue.negative_feedback, Feedback::Fixed(0.5));
    assert_eq!((queue.process_limit, host.server.max_sessions), (7, Some(7)));
    assert_eq!(host.server.hop_limit, Some(29), "the server's own field is the thirtieth");
    assert_eq!(host.client.timeouts.greeting, SimDuration::from_secs(9));
    assert_eq!(host.client.timeouts.ehlo, SimDuration::from_secs(9));
    assert_eq!(host.client.address_limit, None);
    assert_eq!(host.server.size_limit.map(|size| size.get()), Some(1_000_000));
    assert_eq!(host.server.max_sessions_per_client, Some(3));
    assert_eq!(host.delivery_processes, Some(4));
    assert_eq!(host.queue_disk.map(|size| size.get()), Some(10_000_000_000));
    assert_eq!(host.server.service.message, Distribution::Exponential { mean: 0.02 });
    assert_eq!(host.server.service.greeting, Distribution::Constant(0.005));
    assert_eq!(host.clock_error_ns, -2 * 86_400 * 1_000_000_000);
    assert!(host.routing.relays_all && host.routing.knows_relayed_mailboxes);
    assert_eq!(host.routing.fallback_relay, Some(HostId(1)));
    assert_eq!(host.routing.smart_host, Some(NextHop::Address(HostId(1))));
    assert_eq!(host.routing.routes.values().collect::<Vec<_>>(), [&NextHop::Host(HostId(1))]);
    assert_eq!(host.resolver.latency, SimDuration::from_millis(1));
    assert!(!host.resolver.caches && scenario.hosts[1].resolver.caches);
    assert_eq!(host.addresses.len(), 2);
    assert_eq!(scenario.addresses[1].literal, "2001:db8::1");
    assert!(scenario.hosts[1].roles.relay, "it is named as a next hop");
    let QueueSettings::Plain(queue) = &*scenario.hosts[1].queue else { panic!("plain") };
    assert_eq!(queue.gaps.list.len(), 2);
    assert_eq!(scenario.hosts[1].server.max_recipients, Some(5));
    assert_eq!(scenario.zone.records(host.dns, SimTime::ZERO).ttl, SimDuration::from_minutes(5));
    let Effect::Server(Deviation::Greylist { delay, .. }) = &scenario.outages[0].effect else {
        panic!("greylisting is a policy")
    };
    assert_eq!(*delay, SimDuration::from_minutes(3));
}

#[test]
fn the_dns_in_all_its_forms() {
    let text = r#"
duration = "1h"
[[host]]
name = "mx.one.example"
[[domain]]
name = "null.example"
mx = "none"
[[domain]]
name = "implicit.example"
address = "mx.one.example"
[[domain]]
name = "broken.example"
mx = [{ name = "gone.example", preference = 10 }, { host = "mx.one.example", preference = 20 }]
ttl = "1w"
[[domain]]
name = "nowhere.example"
exists = false
[[domain]]
name = "other.example"
alias = "broken.example"
[[dns]]
name = "www.example"
addresses = ["mx.one.example"]
"#;
    let Loaded { scenario, warnings, .. } = loaded(text);
    assert!(warnings.to_string().contains("gone.example does not resolve"), "{warnings}");
    let records = |index: usize| scenario.zone.records(scenario.domains[index].dns, SimTime::ZERO);
    assert_eq!(records(0).mx[0].exchange, None);
    assert_eq!((records(1).mx.len(), records(1).addresses.len()), (0, 1));
    assert_eq!(scenario.domains[1].store, Some(HostId(0)));
    let gone = records(2).mx[0].exchange.unwrap();
    assert!(!scenario.zone.records(gone, SimTime::ZERO).exists);
    assert_eq!(records(2).ttl, SimDuration::from_days(7));
    assert_eq!(scenario.domains[2].store, Some(HostId(0)));
    assert!(!records(3).exists);
    assert_eq!(records(4).alias, Some(scenario.domains[2].dns));
    assert!(scenario.zone.names.iter().any(|name| name.text == "www.example"));
}

#[test]
fn arrivals_of_every_kind() {
    let arrivals = |text: &str| {
        let entry = format!("[[mail]]\nfrom = \"a@one.example\"\nto = \"b@one.example\"\n{text}\n");
        with(&entry).mail.remove(0)
    };
    assert_eq!(
        arrivals("at = [\"10s\", \"5s\"]").arrivals,
        Arrivals::At(vec![seconds(5), seconds(10)])
    );
    let every = arrivals("arrivals = { every = \"7s\" }\nstart = \"1m\"\nfor = \"2m\"\ncount = 3");
    assert_eq!(every.arrivals, Arrivals::Every { interval: SimDuration::from_secs(7) });
    assert_eq!(
        (every.window.from, every.window.to, every.limit),
        (seconds(60), seconds(180), Some(3))
    );
    let hour = SimDuration::from_hours(1);
    assert_eq!(
        arrivals("arrivals = { burst = 100, every = \"1h\" }").arrivals,
        Arrivals::Bursts { count: 100, interval: Some(hour) }
    );
    let profile = format!("arrivals = {{ poisson = \"30/h\", profile = {:?} }}", [1; 24]);
    assert!(matches!(arrivals(&profile).arrivals, Arrivals::Poisson { profile: Some(_), .. }));
    let replay = loaded(
        "duration = \"1h\"\n[[host]]\nname = \"mx.one.example\"\n\
         [[domain]]\nname = \"one.example\"\nmx = [\"mx.one.example\"]\nmailboxes = [\"a\", \"b\", \"c\"]\n\
         [[mail]]\narrivals = { replay = \"mail.csv\" }\n",
    );
    let messages = &replay.scenario.mail[0].replay;
    assert_eq!(
        messages.iter().map(|message| message.at).collect::<Vec<_>>(),
        [seconds(1), seconds(2)]
    );
    assert_eq!((messages[1].to.len(), messages[1].size.get()), (2, 2_000));
    assert_eq!(replay.files[0].0, "mail.csv");
}

#[test]
fn outages_of_every_mode() {
    let effect = |text: &str| {
        let entry = format!("[[outage]]\n{text}\n");
        let mut outage = with(&entry).outages.remove(0);
        assert_eq!(outage.targets.len(), 1);
        (outage.targets.remove(0), outage.effect)
    };
    let host = |text: &str| match effect(&format!("host = \"mx.one.example\"\n{text}")) {
        (OutageTarget::Host(HostId(0)), effect) => effect,
        other => panic!("{other:?}"),
    };
    let server = |text: &str| match host(text) {
        Effect::Server(deviation) => deviation,
        other => panic!("{other:?}"),
    };
    assert_eq!(host("mode = \"refuse\""), Effect::Refuse);
    assert_eq!(host("mode = \"crash\"\nmachine = true"), Effect::Crash { machine: true });
    let slow = |replies, by| Deviation::Slow { replies, by };
    let breaks = |at, how| Deviation::Break { at, how };
    let factor = Slowness::Factor(2_500);
    assert_eq!(server("mode = \"slow\"\nfactor = 2.5"), slow(Replies::All, factor));
    let second = SimDuration::from_secs(1);
    let second = Slowness::Delay(second);
    assert_eq!(server("mode = \"slow\"\ndelay = \"1s\""), slow(Replies::ToCommands, second));
    assert_eq!(
        server("mode = \"slow\"\ndelay = \"1s\"\nstage = \"dot\""),
        slow(Replies::Of(Stage::Dot), second)
    );
    assert_eq!(
        server("mode = \"hang\"\nstage = \"rcpt\""),
        breaks(BreakingPoint::At(Stage::Rcpt), Manner::Hang)
    );
    assert_eq!(server("mode = \"drop\""), breaks(BreakingPoint::Stored, Manner::Close));
    for text in ["store = false", "stage = \"dot\"\nstore = false"] {
        let before = breaks(BreakingPoint::At(Stage::Dot), Manner::Close);
        assert_eq!(server(&format!("mode = \"drop\"\n{text}")), before);
    }
    assert_eq!(
        server("mode = \"hang\"\nstore = true"),
        breaks(BreakingPoint::Stored, Manner::Hang)
    );
    assert_eq!(server("mode = \"disk_full\""), Deviation::DiskFull);
    assert_eq!(
        server("mode = \"tempfail\"\nstage = \"rcpt\"\nreply = \"450 4.7.1\"\nclose = true"),
        Deviation::Answer {
            stage: Stage::Rcpt,
            reply: Reply::new(450, Status::new(4, 7, 1)),
            close: true
        }
    );
    let Deviation::AnswerRecipients { mailboxes, .. } =
        server("mode = \"permfail\"\nrecipients = [\"c@one.example\", \"a@one.example\"]")
    else {
        panic!("recipients")
    };
    assert_eq!(mailboxes.iter().map(|mailbox| mailbox.local).collect::<Vec<_>>(), [0, 2]);
    assert!(matches!(
        server("mode = \"session_limit\"\nlimit = 2"),
        Deviation::SessionLimit { limit: 2, .. }
    ));
    assert_eq!(
        effect("dns = \"one.example\"\nmode = \"servfail\""),
        (
            OutageTarget::Dns,
            Effect::Dns(DnsFailure::ServerFailure, FailureScope::Suffix("one.example".into()))
        )
    );
    assert!(matches!(
        effect("address = \"10.0.0.1\"\nmode = \"unreachable\"").0,
        OutageTarget::Address(_)
    ));
    let random = "[[outage]]\nhost = \"mx.one.example\"\nmode = \"refuse\"\n\
                  random = { failure = { exponential = { mean = \"30d\" } }, repair = { lognormal = { median = \"1h\", sigma = 1 } } }\n";
    assert!(matches!(with(random).outages[0].schedule, Schedule::Random(_)));
}

#[test]
fn links_and_sites_fail_by_name() {
    let scenario = with(
        "[[host]]\nname = \"two.example\"\n[[site]]\nname = \"east\"\nhosts = [\"mx.one.example\", \"two.example\"]\n\
         [[link]]\nname = \"cable\"\nbetween = [\"mx.one.example\", \"two.example\"]\n\
         [[outage]]\nlink = \"cable\"\nmode = \"blackhole\"\n\
         [[outage]]\nlink = [\"two.example\", \"mx.one.example\"]\nmode = \"blackhole\"\n\
         [[outage]]\nsite = \"east\"\nmode = \"crash\"\n",
    );
    assert_eq!(scenario.outages[0].effect, Effect::LinkDown);
    assert_eq!(scenario.outages[0].targets, scenario.outages[1].targets);
    assert_eq!(scenario.outages[2].targets.len(), 2);
    assert_eq!(scenario.outages[2].label, "east");
    // What a link does not say is as on the default path.
    assert_eq!(scenario.topology.links()[0].latency, SimDuration::from_millis(10));
}

#[test]
fn actions_change_settings_and_records() {
    let scenario = with(
        "[[host]]\nname = \"two.example\"\n\
         [[action]]\nat = \"20m\"\nhost = \"mx.one.example\"\ndo = { set = { mta = { minimal_backoff_time = \"9s\" } } }\n\
         [[action]]\nat = \"10m\"\nhost = \"mx.one.example\"\ndo = { set = { mta = { queue_run_delay = \"7s\" } } }\n\
         [[action]]\nat = \"15m\"\nhost = \"mx.one.example\"\ndo = \"flush\"\n\
         [[action]]\nat = \"30m\"\ndomain = \"one.example\"\ndo = { mx = [\"two.example\"], ttl = \"5m\" }\n\
         [[action]]\nat = \"40m\"\nhost = \"mx.one.example\"\ndo = { addresses = [\"two.example\"] }\n",
    );
    let at: Vec<u64> = scenario.actions.iter().map(|action| action.at.as_secs() / 60).collect();
    assert_eq!(at, [10, 15, 20]);
    assert_eq!(scenario.actions[1].what, Command::Flush);
    let Command::Configure(host) = &scenario.actions[2].what else { panic!("a change") };
    let QueueSettings::Postfix(queue) = &*host.queue else { panic!("Postfix") };
    // Changes add up.
    assert_eq!(queue.queue_run_delay, SimDuration::from_secs(7));
    assert_eq!(queue.minimal_backoff_time, SimDuration::from_secs(9));
    assert_eq!(host.routing, scenario.hosts[0].routing);
    let before = scenario.zone.records(scenario.domains[0].dns, seconds(1_799));
    let after = scenario.zone.records(scenario.domains[0].dns, seconds(1_800));
    assert_eq!(before.mx[0].exchange, Some(scenario.hosts[0].dns));
    assert_eq!(after.mx[0].exchange, Some(scenario.hosts[1].dns));
    assert_eq!(after.ttl, SimDuration::from_minutes(5));
    let moved = scenario.zone.records(scenario.hosts[0].dns, seconds(2_400));
    assert_eq!(moved.addresses, scenario.hosts[1].addresses);
}

#[test]
fn likely_mistakes_are_warned_of() {
    let warnings = |text: &str| loaded(text).warnings.to_string();
    let base = "duration = \"1h\"\n[[host]]\nname = \"mx.one.example\"\nroles = [\"mx\"]\n\
                [[domain]]\nname = \"one.example\"\nmx = [\"mx.one.example\"]\nmailboxes = [\"a\", \"b\"]\n";
    let mail = "[[mail]]\nfrom = \"a@one.example\"\nto = \"b@one.example\"\n";
    let text = warnings(&format!("{base}{mail}"));
    assert!(text.contains("single point of failure"), "{text}");
    assert!(text.contains("has no `store`: mx.one.example will keep its mailboxes"), "{text}");
    assert!(warnings(base).contains("there is no [[mail]]"));
    let late = format!(
        "{base}{mail}[[outage]]\nhost = \"mx.one.example\"\nfrom = \"2h\"\nmode = \"refuse\"\n"
    );
    assert!(warnings(&late).contains("the outage begins after the end of the run"));
    let idle = format!("{base}{mail}[[host]]\nname = \"idle.example\"\n");
    assert!(warnings(&idle).contains("no mail can ever come to idle.example"));
    let typo = format!(
        "{base}[[mail]]\nfrom = \"a@one.example\"\nto = [\"c@one.example\", \"b@onne.example\"]\n"
    );
    let text = warnings(&typo);
    assert!(text.contains("one.example has no mailbox \"c\""), "{text}");
    assert!(text.contains("there is no domain \"onne.example\""), "{text}");
    assert!(text.contains("did you mean `one.example`?"), "{text}");
    let unread =
        format!("{base}{mail}[[reading]]\nmailbox = \"a@one.example\"\nprotocol = \"pop3\"\n");
    assert!(warnings(&unread).contains("one mailbox of one.example is never read"));
}

#[test]
fn what_is_meant_is_no_mistake() {
    let base = "duration = \"1h\"\n[[host]]\nname = \"mx.one.example\"\nroles = [\"mx\"]\n\
                [[domain]]\nname = \"one.example\"\nmx = [\"mx.one.example\"]\nmailboxes = [\"a\", \"b\"]\n\
                [[mail]]\nfrom = \"a@one.example\"\nto = \"b@one.example\"\n";
    let names = |text: &str| -> Vec<&'static str> {
        loaded(text).warnings.0.iter().map(|warning| warning.name).collect()
    };
    assert_eq!(names(base), ["single-exchanger", "implied-store"]);
    let told = loaded(base).warnings.to_string();
    assert!(told.contains("allow = [\"single-exchanger\"] silences this"), "{told}");
    assert_eq!(names(&format!("allow = [\"single-exchanger\"]\n{base}")), ["implied-store"]);
    let both = format!("allow = [\"implied-store\", \"single-exchanger\"]\n{base}");
    assert!(names(&both).is_empty());
    // An error is never silenced, and a name that no warning has is one.
    let wrong = format!("allow = [\"single-exchangr\"]\n{base}");
    let source = mailsim::scenario::Source {
        file: "s.toml",
        text: &wrong,
        read_file: &|_| Err(String::new()),
    };
    let problems = mailsim::scenario::load(&source, &[]).unwrap_err().to_string();
    assert!(
        problems.contains("single-exchangr") && problems.contains("single-exchanger"),
        "{problems}"
    );
}

#[test]
fn a_count_that_makes_no_messages_is_told() {
    let base = "duration = \"1h\"\n[[host]]\nname = \"mx.one.example\"\n[[domain]]\nname = \"one.example\"\n\
                mx = [\"mx.one.example\"]\nmailboxes = [\"a\"]\n[[mail]]\nfrom = \"a@one.example\"\n\
                to = \"a@one.example\"\nat = [\"1m\", \"2m\"]\n";
    let warned = |count: u32| loaded(&format!("{base}count = {count}\n")).warnings.to_string();
    assert!(warned(500).contains("this entry sends 2 messages"), "{}", warned(500));
    assert!(!warned(2).contains("no more than a limit"));
}

/// What was found in a second pass before: mail after the end, circles; and where the first of two stands.
#[test]
fn one_pass_finds_it_all() {
    let text = "duration = \"2h\"\n[[host]]\nname = \"a.example\"\nroles = [\"submission\"]\nsmart_host = \"b.example\"\n\
                [[host]]\nname = \"b.example\"\nsmart_host = \"a.example\"\n[[host]]\nname = \"b.example\"\n\
                [[domain]]\nname = \"d.example\"\nmx = [\"b.example\"]\nstore = \"c.example\"\nmailboxes = [\"x\"]\n\
                [[mail]]\nfrom = \"x@d.example\"\nto = \"x@d.example\"\nat = \"3h\"\n\
                submit = { server = \"a.example\" }\nsize = { lognormal = { median = \"2kB\", sigma = -1 } }\n";
    let source =
        mailsim::scenario::Source { file: "s.toml", text, read_file: &|_| Err(String::new()) };
    let problems = mailsim::scenario::load(&source, &[]).unwrap_err();
    let told = problems.to_string();
    for part in [
        "there are two hosts named \"b.example\" (the first is in line 7)",
        "no host named \"c.example\"",
        "goes round in a circle",
        "the first message is sent after the end of the run",
        "sigma = -1",
    ] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    let shown = problems.render(false);
    assert!(shown.contains("the first of the two"), "{shown}");
    assert!(shown.contains("7 | name = \"b.example\""), "{shown}");
}

/// Pieces of scenario files, some of them broken, to be strung together at random.
const PIECES: &[&str] = &[
    "duration = \"1h\"\n",
    "duration = 5\n",
    "seed = -1\n",
    "[[host]]\n",
    "[host]\n",
    "name = \"a.example\"\n",
    "name = \"b.example\"\n",
    "count = 3\n",
    "count = 99999999999\n",
    "mta = \"postfix\"\n",
    "mta = {}\n",
    "addresses = [\"::1\", \"x\"]\n",
    "[[domain]]\n",
    "mx = [\"a.example\"]\n",
    "mx = \"none\"\n",
    "mx = [{}]\n",
    "mailboxes = { count = 2147483648 }\n",
    "mailboxes = [\"x\"]\n",
    "[[mail]]\n",
    "from = \"x@a.example\"\n",
    "from = { domain = \"a.example\" }\n",
    "to = []\n",
    "to = [[\"y@b.example\"], { domain = \"b.example\" }]\n",
    "arrivals = { poisson = \"1/s\" }\n",
    "arrivals = { burst = 3, every = \"0s\" }\n",
    "[[outage]]\n",
    "host = \"a.example\"\n",
    "mode = \"slow\"\n",
    "factor = 0\n",
    "random = { failure = \"0s\", repair = { uniform = [\"2s\", \"1s\"] } }\n",
    "[[action]]\n",
    "at = \"1m\"\n",
    "do = { set = { mta = { profile = \"rfc5321\", gaps = [] } } }\n",
    "do = { mx = [\"a.example\"] }\n",
    "domain = \"a.example\"\n",
    "smart_host = \"b.example\"\n",
    "smart_host = \"a.example\"\n",
    "routes = { \"a.example\" = { host = \"b.example\" } }\n",
    "[[link]]\n",
    "between = [\"a.example\", \"b.example\"]\n",
    "between = []\n",
    "[[reading]]\n",
    "protocol = \"pop3\"\n",
    "every = { least = \"2m\", most = \"1m\" }\n",
    "[[dns]]\n",
    "alias = \"a.example\"\n",
    "clock_error = \"-\"\n",
    "clock_error = \"−9w\"\n",
    "[[expect]]\n",
    "figure = \"\"\n",
    "at_least = nan\n",
    "[[note]]\n",
    "text = \"\"\n",
    "= [ { \" ' \\ \n",
    "é\n",
    "a.b.c = 1\n",
];

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in ".{0,200}") {
        let read_file = |_: &str| Err("no".to_owned());
        let source = Source { file: "random.toml", text: &text, read_file: &read_file };
        if let Err(problems) = load(&source, &[]) {
            prop_assert!(problems.has_errors());
            prop_assert!(!problems.render(true).is_empty());
        }
    }

    #[test]
    fn no_mixture_of_pieces_makes_the_loader_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        let text = pieces.concat();
        let read_file = |_: &str| Err("no".to_owned());
        let source = Source { file: "random.toml", text: &text, read_file: &read_file };
        match load(&source, &[]) {
            Err(problems) => {
                prop_assert!(problems.has_errors());
                prop_assert!(!problems.render(false).is_empty());
            }
            Ok(loaded) => {
                // What was accepted is accepted again in its canonical form.
                let source = Source { text: &loaded.resolved, ..source };
                let again = load(&source, &[]);
                prop_assert!(again.is_ok(), "{}", again.unwrap_err());
            }
        }
    }
}

/// Two populations of domains: each with a host of its own, and all at one.
const POPULATIONS: &str = r#"
duration = "1h"
[[host]]
name = "out.provider.example"
roles = ["submission", "store"]
[[host]]
name = "mx.own.example"
count = 3
roles = ["mx", "store"]
[[host]]
name = "mx.shared.example"
roles = ["mx", "store"]
[[domain]]
name = "provider.example"
mx = ["out.provider.example"]
mailboxes = ["ann"]
[[domain]]
name = "own.example"
count = 3
mx = ["mx.own.example"]
mailboxes = { count = 4 }
[[domain]]
name = "shared.example"
count = 2
mx = ["mx.shared.example"]
mailboxes = { count = 5 }
[[mail]]
from = "ann@provider.example"
to = { domains = { "own.example" = 9, "shared.example" = 1 }, count = 2 }
arrivals = { poisson = "10/h" }
[[list]]
address = "all@provider.example"
members = [{ domain = "own.example" }, { domain = "shared.example", count = 1 }]
"#;

#[test]
fn a_population_of_domains_has_hosts_of_its_own_or_shares_one() {
    let scenario = loaded(POPULATIONS).scenario;
    let names: Vec<&str> = scenario.domains.iter().map(|domain| domain.name.as_str()).collect();
    let own = ["own-1.example", "own-2.example", "own-3.example"];
    assert_eq!(names[1..], [&own[..], &["shared-1.example", "shared-2.example"]].concat());
    let stores: Vec<Option<HostId>> =
        scenario.domains[1..].iter().map(|domain| domain.store).collect();
    // The hosts in the order of the file: 0 is the provider's, 1 to 3 are own, 4 is shared.
    assert_eq!(stores, [1, 2, 3, 4, 4].map(|host| Some(HostId(host))));
    let Correspondents::Weighted(shares) = &scenario.mail[0].to[0] else {
        panic!("it is weighted")
    };
    assert_eq!(
        shares[0].correspondents,
        Correspondents::Domains { first: DomainId(1), domains: 3, count: 2 }
    );
    let list = scenario.automatic.redistributions.values().next().expect("there is a list");
    assert_eq!(list.members.len(), 3 * 4 + 2);
}

#[test]
fn a_population_of_domains_can_be_wrong() {
    for (old, new, message) in [
        (
            "\"own.example\" = 9, \"shared.example\" = 1",
            "\"own.example\" = 0",
            "nobody can be drawn",
        ),
        ("\"own.example\" = 9,", "\"owen.example\" = 9,", "did you mean `own-1.example`"),
        (
            "{ domain = \"own.example\" }",
            "{ domains = { \"own.example\" = 1 } }",
            "weights mean nothing",
        ),
        ("{ domain = \"own.example\" }", "{ count = 3 }", "`domain`, or `domains`"),
        ("name = \"shared.example\"\ncount", "name = \"own.example\"\ncount", "two domains named"),
    ] {
        assert!(POPULATIONS.contains(old), "{old}");
        let text = POPULATIONS.replacen(old, new, 1);
        let none = |_: &str| Err(String::new());
        let source = Source { file: "a.toml", text: &text, read_file: &none };
        let problems = load(&source, &[]).expect_err(new).to_string();
        assert!(problems.contains(message), "{new}: {problems}");
    }
}
