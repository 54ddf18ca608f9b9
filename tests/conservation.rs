//! Nothing is lost and nothing comes from nowhere, on random small networks under random faults.
//!
//! The networks are drawn from a fixed seed, so that a failure can be repeated; set
//! `MAILSIM_RANDOM_NETWORKS` to a number to try that many others.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use common::{End, Run, Story, scenario};
use mailsim::mail::{AttemptOutcome, HostId, MessageKey, MessageKind, Stage};
use mailsim::scenario::{Mode, Strikes};
use mailsim::trace::{Fact, FinalOutcome, Ledger, StillOpen};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Networks tried by default.
const CASES: u32 = 1_500;

/// A random network, to be written as a scenario.
#[derive(Debug, Clone)]
struct Network {
    seed: u64,
    hours: u64,
    sender_mta: usize,
    smart_host: bool,
    domains: Vec<Domain>,
    outages: Vec<Outage>,
    mail: Vec<Mail>,
}

#[derive(Debug, Clone)]
struct Domain {
    /// Preferences of its exchangers.
    preferences: Vec<u8>,
    mta: usize,
    own_store: bool,
    knows_recipients: bool,
    greylist: bool,
    slow: bool,
    /// What its exchangers look at, among [`SCREENS`].
    screen: usize,
}

#[derive(Debug, Clone)]
struct Outage {
    target: usize,
    mode: usize,
    from: u64,
    minutes: u64,
}

#[derive(Debug, Clone)]
struct Mail {
    at: u64,
    /// Whether its sender's mailbox does not exist, so that notices have nowhere to go.
    ghost: bool,
    copies: u8,
    kilobytes: u32,
    /// Domain and mailbox of each recipient; mailbox 3 does not exist.
    to: Vec<(usize, usize)>,
}

/// Mail servers with short lives, so that a few hours hold everything that can happen.
const MTAS: [&str; 11] = [
    r#"{ profile = "postfix", maximal_queue_lifetime = "100m", bounce_queue_lifetime = "70m", delay_warning_time = "15m" }"#,
    r#"{ profile = "rfc5321", gaps = ["4m", "11m", "25m"], lifetime = "80m", notice_lifetime = "50m", delay_notice = "10m" }"#,
    r#"{ profile = "postfix", smtp_mx_address_limit = 1, queue_run_delay = "2m", minimal_backoff_time = "2m", hopcount_limit = 3 }"#,
    r#"{ profile = "rfc5321", next_host_after_refusal = false, recipient_limit = 2, session_limit = 1 }"#,
    r#"{ profile = "exchange", MessageExpirationTimeout = "80m", DelayNotificationTimeout = "20m", MaxIdleTimeBeforeResubmit = "30m", MessageRetryInterval = "7m", MaxPerDomainOutboundConnections = 2, MaxOutboundConnections = 3, SmtpMaxMessagesPerConnection = 2, ShadowResubmitTimeSpan = "15m" }"#,
    r#"{ profile = "hmailserver", gaps = "10m*", tries = 4, maxdeliverythreads = 2 }"#,
    r#"{ profile = "imail", queue_timer = "9m", tries_before_return = 5, threads = 3, retry_threads = 1, lifetime = "100m" }"#,
    r#"{ profile = "haraka", temp_fail_intervals = "1m 4m*3 20m" }"#,
    r#"{ profile = "kumomta", retry_interval = "5m", max_age = "80m", connection_limit = 2, max_deliveries_per_connection = 2, consecutive_connection_failures_before_delay = 1 }"#,
    r#"{ profile = "stalwart", retry = "2m 5m 10m*", expire = "80m", notify = "20m", threads_per_node = 2, jitter = "1m" }"#,
    r#"{ profile = "maddy", initial_retry_time = "4m", max_tries = 6, max_parallelism = 2, conn_reuse_limit = 2 }"#,
];

/// What an exchanger may look at besides addresses; most look at nothing.
const SCREENS: [&str; 10] = [
    "",
    "",
    "",
    "",
    "filter = { profile = \"rspamd\", time = { exponential = { mean = \"20s\" } } }\n",
    "filter = { time = \"30s\", stage = \"queue\", junk_from = 6, refuse_from = 12 }\n",
    "filter = { time = \"0s\", stage = \"queue\", refuse_from = 12, refused = \"discard\" }\n",
    "sender_policies = true\n",
    "sender_policies = { spf_fail = \"refuse\", dns_failure = \"defer\" }\n",
    "blocklists = [\"bl.example\"]\n",
];

/// What may happen to a host beside what the table of modes has: waits about as long as patience.
const LONG_WAITS: [&str; 6] = [
    "mode = \"slow\"\ndelay = \"45s\"",
    "mode = \"slow\"\ndelay = \"400s\"",
    "mode = \"slow\"\nstage = \"dot\"\ndelay = \"700s\"",
    "mode = \"slow\"\nstage = \"greeting\"\ndelay = \"250s\"",
    "mode = \"tempfail\"\nstage = \"rcpt\"\nclose = true",
    "mode = \"greylist\"\ndelay = \"12m\"",
];

/// What may happen to a host: each mode of the table, with each value of each of its keys.
fn modes() -> &'static [String] {
    static MODES: OnceLock<Vec<String>> = OnceLock::new();
    MODES.get_or_init(|| {
        let mut modes: Vec<String> = LONG_WAITS.map(str::to_owned).to_vec();
        for mode in Mode::of(Strikes::Host) {
            let needed = mode.needs.first().and_then(|key| mode.key(key));
            let needed = needed.map(|key| format!("\n{} = {}", key.name, key.values[0]));
            let text = format!("mode = \"{}\"{}", mode.word, needed.unwrap_or_default());
            // Recipients are those of the table's own scene.
            let keys = mode
                .keys
                .iter()
                // A size is known from MAIL on, at which stages `tests/outages.rs` tries it.
                .filter(|key| !["recipients", "larger_than"].contains(&key.name))
                .filter(|key| !mode.needs.contains(&key.name));
            for key in keys {
                modes.extend(
                    key.values.iter().map(|value| format!("{text}\n{} = {value}", key.name)),
                );
            }
            modes.push(text);
        }
        modes
    })
}

fn networks() -> impl Strategy<Value = Network> {
    let domain = (
        prop::collection::vec(0_u8..4, 1..=3),
        0..MTAS.len(),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
        0..SCREENS.len(),
    );
    let domain = domain.prop_map(
        |(preferences, mta, own_store, knows_recipients, greylist, slow, screen)| Domain {
            preferences,
            mta,
            own_store,
            knows_recipients,
            greylist,
            slow,
            screen,
        },
    );
    let outage = (0_usize..12, 0..modes().len(), 0_u64..240, 1_u64..150);
    let outage =
        outage.prop_map(|(target, mode, from, minutes)| Outage { target, mode, from, minutes });
    let recipient = (0_usize..4, 0_usize..4);
    let mail = (
        0_u64..12_000,
        prop::bool::weighted(0.15),
        1_u8..12,
        1_u32..3_000,
        prop::collection::vec(recipient, 1..4),
    );
    let mail = mail.prop_map(|(at, ghost, copies, kilobytes, to)| Mail {
        at,
        ghost,
        copies,
        kilobytes,
        to,
    });
    let lists = (
        prop::collection::vec(domain, 1..=2),
        prop::collection::vec(outage, 0..7),
        prop::collection::vec(mail, 1..8),
    );
    (any::<u32>(), 1_u64..9, 0..MTAS.len(), prop::bool::weighted(0.3), lists).prop_map(
        |(seed, hours, sender_mta, smart_host, (domains, outages, mail))| Network {
            seed: u64::from(seed),
            hours,
            sender_mta,
            smart_host,
            domains,
            outages,
            mail,
        },
    )
}

impl Network {
    /// Names of all hosts, the sender's first.
    fn hosts(&self) -> Vec<String> {
        let mut hosts = vec!["out.a.example".to_owned()];
        if self.smart_host {
            hosts.push("relay.a.example".to_owned());
        }
        for (number, domain) in self.domains.iter().enumerate() {
            hosts.extend((0..domain.preferences.len()).map(|mx| exchanger(number, mx)));
            if domain.own_store {
                hosts.push(format!("store.d{number}.example"));
            }
        }
        hosts
    }

    fn text(&self) -> String {
        let mut text = format!("seed = {}\nduration = \"{}h\"\n", self.seed, self.hours);
        let smart = if self.smart_host { "smart_host = \"relay.a.example\"\n" } else { "" };
        let _ = write!(
            text,
            "[[host]]\nname = \"out.a.example\"\nroles = [\"submission\", \"relay\", \"mx\", \
             \"store\"]\nmta = {}\n{smart}",
            MTAS[self.sender_mta]
        );
        if self.smart_host && MTAS[self.sender_mta].contains("exchange") {
            text += "shadow_host = \"relay.a.example\"\n";
        }
        if self.smart_host {
            text += "[[host]]\nname = \"relay.a.example\"\nroles = [\"relay\"]\n";
        }
        text +=
            "[[domain]]\nname = \"a.example\"\nmx = [\"out.a.example\"]\nmailboxes = [\"alice\"]\n";
        // With a smart host, mail comes from where it must not.
        text +=
            "spf = { hosts = [\"out.a.example\"], otherwise = \"fail\" }\ndmarc = \"quarantine\"\n";
        text += "[[blocklist]]\nname = \"bl.example\"\n\
                 lists = [{ host = \"out.a.example\", from = \"1h\", for = \"1h\" }]\n";
        for (number, domain) in self.domains.iter().enumerate() {
            domain.write(number, &mut text);
        }
        for outage in &self.outages {
            self.write_outage(outage, &mut text);
        }
        for mail in &self.mail {
            self.write_mail(mail, &mut text);
        }
        text
    }

    fn write_outage(&self, outage: &Outage, text: &mut String) {
        let hosts = self.hosts();
        let Outage { target, mode, from, minutes } = *outage;
        let during = format!("from = \"{from}m\"\nfor = \"{minutes}m\"\n");
        // One target in six is the DNS, one is a host that is told something.
        let _ = match target % 6 {
            0 => {
                let mode = ["no_answer", "servfail", "nxdomain"][mode % 3];
                writeln!(text, "[[outage]]\ndns = true\nmode = \"{mode}\"\n{during}")
            }
            1 => {
                let (host, until) = (&hosts[mode % hosts.len()], from + minutes);
                let action = |at: u64, what: &str| {
                    format!("[[action]]\nhost = \"{host}\"\nat = \"{at}m\"\ndo = \"{what}\"\n")
                };
                if mode % 2 == 0 {
                    writeln!(text, "{}{}", action(from, "stop"), action(until, "start"))
                } else {
                    writeln!(text, "{}", action(from, "flush"))
                }
            }
            _ => {
                let host = &hosts[(target * 7 + mode) % hosts.len()];
                writeln!(text, "[[outage]]\nhost = \"{host}\"\n{}\n{during}", modes()[mode])
            }
        };
    }

    fn write_mail(&self, mail: &Mail, text: &mut String) {
        let recipient = |&(domain, mailbox): &(usize, usize)| {
            let name = ["bob", "carol", "dave", "nobody"][mailbox];
            match domain {
                3 => format!("\"{name}@nowhere.example\""),
                2 => "\"alice@a.example\"".to_owned(),
                _ => format!("\"{name}@d{}.example\"", domain % self.domains.len()),
            }
        };
        let to: Vec<String> = mail.to.iter().map(recipient).collect();
        let times: Vec<String> =
            (0..u64::from(mail.copies)).map(|n| format!("\"{}s\"", mail.at + n * 3)).collect();
        let _ = writeln!(
            text,
            "[[mail]]\nfrom = \"{}@a.example\"\nto = [{}]\nsize = \"{}kB\"\nat = [{}]\n\
             score = {{ uniform = [0, 20] }}\n",
            if mail.ghost { "ghost" } else { "alice" },
            to.join(", "),
            mail.kilobytes,
            times.join(", ")
        );
    }
}

fn exchanger(domain: usize, mx: usize) -> String {
    format!("mx{mx}.d{domain}.example")
}

impl Domain {
    fn write(&self, number: usize, text: &mut String) {
        let slow = "capacity = { sessions = 2, local_processes = 1, service = { message = { exponential = { mean = \"5s\" } }, local = \"3s\", command = \"1s\" } }\n";
        for mx in 0..self.preferences.len() {
            let _ = write!(
                text,
                "[[host]]\nname = \"{}\"\nmta = {}\nknows_recipients = {}\n{}{}{}",
                exchanger(number, mx),
                MTAS[(self.mta + mx) % MTAS.len()],
                self.knows_recipients,
                if self.greylist { "greylist = { delay = \"5m\" }\n" } else { "" },
                if self.slow { slow } else { "" },
                SCREENS[self.screen],
            );
        }
        let records: Vec<String> = (0..)
            .zip(&self.preferences)
            .map(|(mx, p)| format!("{{ host = \"{}\", preference = {p} }}", exchanger(number, mx)))
            .collect();
        let store = if self.own_store {
            let _ =
                write!(text, "[[host]]\nname = \"store.d{number}.example\"\nroles = [\"store\"]\n");
            format!("store = \"store.d{number}.example\"\n")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "[[domain]]\nname = \"d{number}.example\"\nmx = [{}]\n{store}mailboxes = [\"bob\", \
             \"carol\", \"dave\"]\n",
            records.join(", ")
        );
    }
}

/// Counts the ledger anew, from the stories of the recipients.
fn recount(run: &Run) -> Ledger {
    let mut ledger = Ledger::default();
    for story in &run.stories {
        match story.created.kind {
            MessageKind::Mail => ledger.submitted += 1,
            _ => ledger.created += 1,
        }
        *match story.end() {
            End::Delivered => &mut ledger.delivered,
            End::Failed => &mut ledger.failed,
            End::Discarded => &mut ledger.discarded,
            End::Queued => &mut ledger.queued,
            End::InTransit => &mut ledger.in_transit,
        } += 1;
        ledger.duplicates += story.copies().saturating_sub(1) as u64;
    }
    ledger
}

/// Whether a host that held the message stopped with sessions under way, so that what it had sent
/// may have been taken without its knowing; or whether a shadow server may have sent a second copy.
fn may_have_crashed(run: &Run, story: &Story) -> bool {
    let stopped: Vec<HostId> = (0..run.scenario.hosts.len())
        .map(HostId::from_index)
        .filter(|host| {
            let crash = |outage: &mailsim::model::Outage| {
                outage.mode == "crash"
                    && outage.targets.contains(&mailsim::model::OutageTarget::Host(*host))
            };
            let stop = |action: &mailsim::model::Action| {
                action.host == *host && action.what == mailsim::model::Command::Stop
            };
            run.scenario.outages.iter().any(crash) || run.scenario.actions.iter().any(stop)
        })
        .collect();
    run.scenario.hosts.iter().any(|host| host.routing.shadow_host.is_some())
        || stopped.contains(&story.created.host)
        || story.accepted.iter().any(|(_, host, _)| stopped.contains(host))
}

fn check_story(run: &Run, story: &Story) -> Result<(), TestCaseError> {
    let created = &story.created;
    prop_assert!(story.closed != story.open.is_some(), "closed or open, not both: {:#?}", story);
    let copies = story.copies();
    if copies > 1 {
        prop_assert!(
            story.left_in_doubt() || may_have_crashed(run, story),
            "two copies, and nobody was left in doubt: {:#?}",
            story
        );
    }
    let duplicates = story.endings.iter().filter(|ending| ending.duplicate).count();
    prop_assert_eq!(duplicates, copies.saturating_sub(1), "{:#?}", story);
    for ending in &story.endings {
        // A copy ends where somebody had taken it, or in its author's outbox.
        let held = created.host == ending.host
            || story.accepted.iter().any(|(_, host, _)| *host == ending.host);
        prop_assert!(held, "{:#?}", story);
    }
    if let (1, [ending]) = (copies, story.endings.as_slice())
        && story.created.kind == MessageKind::Mail
        && !story.left_in_doubt()
        && !may_have_crashed(run, story)
    {
        // Haraka and qmail add two at each of their hosts.
        let scenario = &run.scenario;
        let added = story.accepted.iter().map(|(_, host, _)| {
            1 + scenario.hosts[host.index()].server.options.more_received as usize
        });
        prop_assert_eq!(ending.received_fields as usize, added.sum::<usize>(), "{:#?}", story);
    }
    for fact in &story.attempts {
        prop_assert!(fact.started <= fact.ended, "{:#?}", fact);
        prop_assert!(fact.next_attempt.is_none_or(|next| next >= fact.ended), "{:#?}", fact);
        if fact.outcome == AttemptOutcome::Accepted && fact.stage == Stage::Dot {
            let to = fact.to.expect("somebody accepted it");
            let taken = |(at, host, _): &(_, HostId, u32)| *host == to && *at <= fact.ended;
            prop_assert!(story.accepted.iter().any(taken), "{:#?}", story);
        }
    }
    Ok(())
}

/// Preferences of exchangers, by domain (numbered as in the file, the sender's first) and host.
type Preferences = BTreeMap<(usize, String), u16>;

fn preferences(network: &Network) -> Preferences {
    let mut known = Preferences::from([((0, "out.a.example".to_owned()), 10)]);
    for (number, domain) in network.domains.iter().enumerate() {
        for (mx, preference) in domain.preferences.iter().enumerate() {
            known.insert((number + 1, exchanger(number, mx)), u16::from(*preference));
        }
    }
    known
}

/// RFC 5321 §5.1: an exchanger hands on only to better ones; hMailServer and Haraka know no such rule.
fn check_order(run: &Run, story: &Story, known: &Preferences) -> Result<(), TestCaseError> {
    let domain = story.created.mailbox.domain.index();
    let preference =
        |host: HostId| known.get(&(domain, run.scenario.hosts[host.index()].name.clone())).copied();
    for fact in &story.attempts {
        let (Some(other), Some(to)) = (fact.preference, fact.to) else {
            continue;
        };
        if !run.scenario.hosts[fact.from.index()].client.finds_itself {
            continue;
        }
        // Next hops that are named, not looked up, come as exchangers of preference 0.
        if preference(to) == Some(other) {
            let own = preference(fact.from);
            prop_assert!(own.is_none_or(|own| other < own), "{:#?}", fact);
        }
    }
    Ok(())
}

fn drops(host: &mailsim::model::Host) -> bool {
    let filter = host.screening.as_ref().and_then(|screening| screening.filter.as_ref());
    filter.is_some_and(|filter| !filter.returns)
}

fn check_notices(run: &Run) -> Result<(), TestCaseError> {
    for story in &run.stories {
        let created = &story.created;
        let notice = created.kind != MessageKind::Mail;
        prop_assert_eq!(notice, created.sender.is_none());
        prop_assert_eq!(notice, created.about.is_some());
        // Never a notice about a notice.
        let answers_notice = matches!(created.about, Some(MessageKey::Notice { .. }));
        prop_assert!(!answers_notice, "{:#?}", story);
        let discarded = story.endings.iter().any(|e| e.outcome == FinalOutcome::Discarded);
        let failed = story.endings.iter().any(|e| e.outcome == FinalOutcome::Failed);
        // People's mail is dropped by a filter that is told to, and by nobody else.
        let may_be_dropped = notice || run.scenario.hosts.iter().any(drops);
        prop_assert!(may_be_dropped || !discarded, "{:#?}", story);
        prop_assert!(!notice || !failed, "{:#?}", story);
    }
    // No more failure notices about a message than failed recipients, unless copies multiplied.
    for story in run.of_kind(MessageKind::FailureNotice) {
        let about = story.created.about;
        let of_message = || run.mail().into_iter().filter(move |s| Some(s.created.key) == about);
        let notices = run.of_kind(MessageKind::FailureNotice);
        let notices = notices.iter().filter(|other| other.created.about == about).count();
        let failed = |s: &&Story| s.endings.iter().any(|e| e.outcome == FinalOutcome::Failed);
        let failures = of_message().filter(failed).count();
        let multiplied =
            of_message().any(|s| s.left_in_doubt() || s.open.is_some() || may_have_crashed(run, s));
        prop_assert!(multiplied || notices <= failures, "{} > {}", notices, failures);
    }
    Ok(())
}

fn check(run: &Run, known: &Preferences) -> Result<(), TestCaseError> {
    let (stated, counted) = (run.ledger(), recount(run));
    prop_assert!(stated.balances());
    prop_assert_eq!(stated, counted);
    prop_assert_eq!(run.totals.ledger, stated);
    prop_assert!(run.facts.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time runs forwards");
    for story in &run.stories {
        check_story(run, story)?;
        check_order(run, story, known)?;
        let unread = matches!(story.open, Some((StillOpen::Unread, _)));
        prop_assert!(!unread, "nobody reads here");
    }
    check_notices(run)
}

/// What all networks together must have shown, or the test proves little.
#[derive(Debug, Default)]
struct Seen {
    delivered: u64,
    failed: u64,
    discarded: u64,
    queued: u64,
    duplicates: u64,
    notices: u64,
    delays: usize,
    outcomes: [usize; 7],
}

impl Seen {
    fn note(&mut self, run: &Run) {
        let ledger = run.ledger();
        self.delivered += ledger.delivered;
        self.failed += ledger.failed;
        self.discarded += ledger.discarded;
        self.queued += ledger.queued;
        self.duplicates += ledger.duplicates;
        self.notices += ledger.created;
        self.delays += run.of_kind(MessageKind::DelayNotice).len();
        for (_, fact) in &run.facts {
            if let Fact::Attempt(attempt) = fact {
                self.outcomes[attempt.outcome as usize] += 1;
            }
        }
    }
}

#[test]
fn mail_is_conserved_on_random_networks() {
    let wanted = std::env::var("MAILSIM_RANDOM_NETWORKS").ok();
    let cases = wanted.as_deref().map_or(CASES, |n| n.parse().expect("a number of networks"));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = match wanted {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let seen = std::cell::RefCell::new(Seen::default());
    let result = runner.run(&networks(), |network| {
        let text = network.text();
        let run = Run::of(&scenario(&text));
        seen.borrow_mut().note(&run);
        check(&run, &preferences(&network)).map_err(|error| match error {
            TestCaseError::Fail(reason) => TestCaseError::fail(format!("{reason}\n{text}")),
            rejected => rejected,
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    let counts = [seen.delivered, seen.failed, seen.discarded, seen.queued, seen.duplicates];
    assert!(counts.iter().all(|count| *count > 0), "{seen:?}");
    assert!(seen.notices > 0 && seen.delays > 0, "{seen:?}");
    assert!(seen.outcomes.iter().all(|count| *count > 0), "{seen:?}");
}
