//! OpenSMTPD's retry rules: the vector of its source, its traps, and what its agent shares between
//! messages.

mod common;

use mailsim::mail::{AttemptOutcome, MessageKind};
use mailsim::model::Scenario;
use mailsim::simulation::Simulation;
use mailsim::trace::{AttemptFact, Fact, FactLog, FinalOutcome};
use mailsim::units::SimTime;

const NETWORK: &str = r#"
title = "OpenSMTPD and one exchanger"
seed = 3
[[host]]
name = "a.src.example"
roles = ["submission", "relay", "mx", "store"]
mta = "opensmtpd"
[[host]]
name = "mx1.dst.example"
roles = ["mx", "store"]
[[host]]
name = "mx2.dst.example"
roles = ["mx", "store"]
[[domain]]
name = "src.example"
mx = [{ host = "a.src.example", preference = 10 }]
mailboxes = ["alice"]
"#;

const ONE_EXCHANGER: &str = r#"
[[domain]]
name = "dst.example"
mx = [{ host = "mx1.dst.example", preference = 10 }]
store = "mx1.dst.example"
mailboxes = { count = 300 }
"#;

/// Runs the network with what `more` adds.
fn run(duration: &str, more: &str) -> (Scenario, FactLog) {
    let text = format!("duration = \"{duration}\"\n{NETWORK}{more}");
    let scenario = common::scenario(&text);
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    (scenario, log)
}

fn down(host: &str, mode: &str, from: &str, length: &str) -> String {
    format!(
        "[[outage]]\nhost = \"{host}\"\nmode = \"{mode}\"\nfrom = \"{from}\"\nfor = \"{length}\"\n"
    )
}

fn mail(to: &str, at: &str) -> String {
    format!(
        "[[mail]]\nfrom = \"alice@src.example\"\nto = [\"{to}@dst.example\"]\nat = \"{at}\"\n\
         size = \"2kB\"\n"
    )
}

/// The attempts of OpenSMTPD at messages that were written, not at notices.
fn attempts(log: &FactLog) -> Vec<(SimTime, AttemptFact)> {
    let mut written = Vec::new();
    let mut found = Vec::new();
    for (at, fact) in &log.facts {
        match fact {
            Fact::Created(created) if created.kind == MessageKind::Mail => {
                written.push(created.recipient);
            }
            Fact::Attempt(attempt)
                if written.contains(&attempt.recipient)
                    && attempt.port == 25
                    && attempt.from.index() == 0 =>
            {
                found.push((*at, *attempt));
            }
            _ => {}
        }
    }
    found
}

/// The notices of one kind: when each was made.
fn notices(log: &FactLog, kind: MessageKind) -> Vec<f64> {
    let made = |fact: &Fact| matches!(fact, Fact::Created(created) if created.kind == kind);
    log.facts.iter().filter(|(_, fact)| made(fact)).map(|(at, _)| at.as_secs_f64()).collect()
}

#[test]
fn the_schedule_is_quadratic_and_ends_by_the_clock() {
    // `scheduler_ramqueue.c`: creation + 400 k², 30 times within the four days of `smtpd.h`.
    let more = format!(
        "{ONE_EXCHANGER}{}{}",
        mail("user00001", "0"),
        down("mx1.dst.example", "refuse", "0", "30d")
    );
    let (_, log) = run("10d", &more);
    let tried: Vec<f64> =
        attempts(&log).iter().map(|(_, attempt)| attempt.started.as_secs_f64()).collect();
    assert_eq!(tried.len(), 30, "{tried:?}");
    for (k, at) in tried.iter().enumerate() {
        let due = 400.0 * (k * k) as f64;
        // The clock shows whole seconds; the look-up comes before the connection.
        assert!((due..due + 1.1).contains(at), "attempt {k}: {at} s, due {due} s");
    }
    // `bounce.c`: a second after the envelope has expired, which is not when it was tried.
    let expired = notices(&log, MessageKind::FailureNotice);
    assert_eq!(expired.len(), 1);
    assert!((345_600.0..345_602.1).contains(&expired[0]), "{expired:?}");
}

#[test]
fn the_delay_notice_comes_when_the_next_try_is_beyond_four_hours() {
    // `scheduler.c`: nexttry >= creation + 14400 first after the failure at 10000 s. The failure
    // is known when the relay looks at its connector again, some ten seconds later.
    let more = format!(
        "{ONE_EXCHANGER}{}{}",
        mail("user00001", "0"),
        down("mx1.dst.example", "refuse", "0", "30d")
    );
    let (_, log) = run("1d", &more);
    let told = notices(&log, MessageKind::DelayNotice);
    assert_eq!(told.len(), 1);
    assert!((10_000.0..10_015.0).contains(&told[0]), "{told:?}");
}

#[test]
fn long_attempts_do_not_shift_the_schedule() {
    // A black-holed connection costs two minutes, and the next try is still on the grid.
    let more = format!(
        "{ONE_EXCHANGER}{}{}",
        mail("user00001", "0"),
        down("mx1.dst.example", "blackhole", "0", "30d")
    );
    let (_, log) = run("12h", &more);
    let found = attempts(&log);
    for (k, (ended, attempt)) in found.iter().enumerate() {
        let (due, at) = (400.0 * (k * k) as f64, attempt.started.as_secs_f64());
        assert!((due..due + 1.1).contains(&at), "attempt {k}: {at} s, due {due} s");
        assert!(ended.since(attempt.started).as_secs() >= 127, "{attempt:?}");
    }
    assert_eq!(found.len(), 11);
}

#[test]
fn a_suspended_route_fails_new_messages_at_once() {
    // The first message finds the route closed for 15 s: one that comes in that time is not tried.
    let more = format!(
        "{ONE_EXCHANGER}{}{}{}",
        mail("user00001", "0"),
        mail("user00002", "13s"),
        down("mx1.dst.example", "refuse", "0", "14s")
    );
    let (_, log) = run("1h", &more);
    let found = attempts(&log);
    let second: Vec<_> = found.iter().filter(|(_, a)| a.started.as_secs() == 13).collect();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].1.outcome, AttemptOutcome::Tempfail);
    assert_eq!(second[0].1.to, None);
    assert!(second[0].0.since(second[0].1.started).as_millis() < 10);
    let delivered = found.iter().filter(|(_, a)| a.outcome == AttemptOutcome::Accepted);
    let at: Vec<u64> = delivered.map(|(at, _)| at.as_secs()).collect();
    // Both on their own grids.
    assert_eq!(at, [400, 413]);
}

#[test]
fn an_abandoned_delivery_tells_of_the_hosts_that_failed_it() {
    // Both exchangers refuse: the second is tried two seconds after the first (`limit.c`).
    let more = format!(
        r#"
[[domain]]
name = "dst.example"
mx = [{{ host = "mx1.dst.example", preference = 10 }}, {{ host = "mx2.dst.example", preference = 20 }}]
mailboxes = {{ count = 300 }}
{}{}{}"#,
        mail("user00001", "0"),
        down("mx1.dst.example", "refuse", "0", "5m"),
        down("mx2.dst.example", "refuse", "0", "5m")
    );
    let (scenario, log) = run("5m", &more);
    let found: Vec<_> = attempts(&log)
        .iter()
        .map(|(_, attempt)| {
            let to = attempt.to.map(|host| scenario.hosts[host.index()].name.as_str());
            (attempt.started.as_secs(), to, attempt.preference, attempt.outcome)
        })
        .collect();
    let refused = AttemptOutcome::Refused;
    let (first, second) = (Some("mx1.dst.example"), Some("mx2.dst.example"));
    assert_eq!(found, [(0, first, Some(10), refused), (2, second, Some(20), refused)]);
    // It hears of both at one moment: when nobody is left to try.
    let ended: Vec<_> = attempts(&log).iter().map(|(_, attempt)| attempt.ended).collect();
    assert!(ended.iter().all(|at| *at == ended[0] && at.as_secs() >= 2), "{ended:?}");
    let planned: Vec<bool> =
        attempts(&log).iter().map(|(_, attempt)| attempt.next_attempt.is_some()).collect();
    assert_eq!(planned, [false, true]);
}

#[test]
fn the_backup_takes_over_two_seconds_later() {
    // `limit.c`: two seconds between connections of a relay; 5yz at the greeting is a failed
    // connection like any other.
    let more = format!(
        r#"
[[domain]]
name = "dst.example"
mx = [{{ host = "mx1.dst.example", preference = 10 }}, {{ host = "mx2.dst.example", preference = 20 }}]
mailboxes = {{ count = 300 }}
{}{}"#,
        mail("user00001", "0"),
        down("mx1.dst.example", "refuse", "0", "1h")
    );
    let (scenario, log) = run("10m", &more);
    let found = attempts(&log);
    let first = &found[0].1;
    assert_eq!(
        first.to.map(|host| scenario.hosts[host.index()].name.as_str()),
        Some("mx2.dst.example")
    );
    assert_eq!(first.outcome, AttemptOutcome::Accepted);
    assert_eq!(found[0].0.as_secs(), 2);
}

#[test]
fn one_connection_takes_so_many_messages_and_more_are_opened_slowly() {
    // 250 messages at once, each a second at the dot: one connection at first, another each five
    // seconds, five in all (`limit.c`). They share some 50 messages each at first, so only a limit
    // below that is reached: none takes more than thirty, and what is left goes over new ones.
    let mut more = format!(
        "{ONE_EXCHANGER}[[outage]]\nhost = \"mx1.dst.example\"\nmode = \"slow\"\nfrom = \"0\"\n\
         for = \"1h\"\nstage = \"dot\"\ndelay = \"1s\"\n"
    );
    for user in 1..=250 {
        more.push_str(&mail(&format!("user{user:05}"), "1s"));
    }
    let mta = "mta = { profile = \"opensmtpd\", session_mail_max = 30 }";
    let text = format!("duration = \"1h\"\n{NETWORK}{more}");
    let scenario = common::scenario(&text.replacen("mta = \"opensmtpd\"", mta, 1));
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    let mut opened: Vec<u64> = Vec::new();
    let mut most = 0;
    for (_, attempt) in attempts(&log) {
        if attempt.transaction == 1 {
            opened.push(attempt.marks.connected.as_secs());
        }
        most = most.max(attempt.transaction);
    }
    opened.sort_unstable();
    // 250 of 30 each are nine connections at least; the first five are open at once.
    assert!(opened.len() >= 9, "{opened:?}");
    assert!(opened[..5].windows(2).all(|pair| pair[1] - pair[0] == 5), "{opened:?}");
    assert_eq!(most, 30);
    let delivered = log
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Final { outcome: FinalOutcome::Delivered, .. }));
    assert_eq!(delivered.count(), 250);
}

#[test]
fn a_restart_tries_what_is_overdue_and_keeps_the_grid() {
    // `scheduler_ram_insert`: after a start the next try is at creation + 400 k² with the failures
    // so far, in the past or not.
    let more = format!(
        "{ONE_EXCHANGER}{}{}[[action]]\nhost = \"a.src.example\"\nat = \"300s\"\ndo = \"stop\"\n\
         [[action]]\nhost = \"a.src.example\"\nat = \"500s\"\ndo = \"start\"\n",
        mail("user00001", "0"),
        down("mx1.dst.example", "refuse", "0", "600s")
    );
    let (_, log) = run("2h", &more);
    let started: Vec<u64> =
        attempts(&log).iter().map(|(_, attempt)| attempt.started.as_secs()).collect();
    assert_eq!(started, [0, 500, 1600]);
    let delivered: Vec<u64> = log
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Final { outcome: FinalOutcome::Delivered, .. }))
        .map(|(at, _)| at.as_secs())
        .collect();
    assert_eq!(delivered, [1600]);
}

/// A message of so many octets to a host that takes 100 kB at most.
fn sized(octets: u64, at: &str) -> String {
    format!(
        "[[mail]]\nfrom = \"alice@src.example\"\nto = [\"user00001@dst.example\"]\nat = \"{at}\"\n\
         size = \"{octets}B\"\n"
    )
}

/// One exchanger, which takes 100 kB at most.
fn to_the_narrow_one() -> String {
    ONE_EXCHANGER.replace("mx1.dst.example", "mx3.dst.example")
        + "[[host]]\nname = \"mx3.dst.example\"\nroles = [\"mx\", \"store\"]\n\
           message_size_limit = \"100kB\"\n"
}

#[test]
fn it_is_the_file_that_is_held_against_the_limit() {
    // `mta_session.c`: the lines of the file end in LF, an octet less in 72 than what is sent, so that
    // a host is asked that will say no at the dot.
    let more = format!("{}{}{}", to_the_narrow_one(), sized(100_500, "0"), sized(103_000, "1m"));
    let (_, log) = run("1h", &more);
    let asked: Vec<_> = attempts(&log).iter().map(|(_, a)| a.reply.is_some()).collect();
    assert_eq!(asked, [true, false]);
    assert!(attempts(&log).iter().all(|(_, a)| a.outcome == AttemptOutcome::Permfail));
}

#[test]
fn a_message_that_is_too_large_does_not_keep_a_session_up() {
    // `MTA_READY` counts seconds without work, and only MAIL sets them back to none: messages that are
    // too large every 3 s end a session as silence does, and the message at 12 s needs a new one.
    let large = ["0", "3s", "6s", "9s"].map(|at| sized(200_000, at)).concat();
    let more = format!("{}{large}{}", to_the_narrow_one(), sized(1000, "12s"));
    let (_, log) = run("1h", &more);
    let last = attempts(&log).last().map(|(_, attempt)| *attempt).expect("it is delivered");
    assert_eq!(last.outcome, AttemptOutcome::Accepted);
    assert_eq!(last.transaction, 1, "the first on its connection");
}

#[test]
fn refusals_in_a_row_are_counted_over_the_messages_of_a_session() {
    // `mta_session.c`, `mta_response`: `s->failures` belongs to the session, and only a recipient that is
    // taken sets it back, so that the 25th refusal is the fifth of the third message. The rest of that
    // message is put off: "Too many consecutive errors, closing connection".
    let message = |first: u32| {
        let to: Vec<String> =
            (first..first + 10).map(|number| format!("\"user{number:05}@dst.example\"")).collect();
        format!(
            "[[mail]]\nfrom = \"alice@src.example\"\nto = [{}]\nat = \"0\"\nsize = \"2kB\"\n",
            to.join(", ")
        )
    };
    let refused = "[[outage]]\nhost = \"mx1.dst.example\"\nmode = \"permfail\"\nstage = \"rcpt\"\n\
                   from = \"0\"\nfor = \"1m\"\n";
    let messages = [1, 11, 21].map(message).concat();
    let (_, log) = run("5m", &format!("{ONE_EXCHANGER}{messages}{refused}"));
    let ended = |outcome: AttemptOutcome| {
        attempts(&log).iter().filter(|(_, attempt)| attempt.outcome == outcome).count()
    };
    assert_eq!((ended(AttemptOutcome::Permfail), ended(AttemptOutcome::Tempfail)), (25, 5));
}

#[test]
fn the_end_is_told_of_as_final_by_version_7_and_as_a_delay_by_6() {
    let status = |settings: &str| {
        let more = format!(
            "{ONE_EXCHANGER}{}{}",
            mail("user00001", "0"),
            down("mx1.dst.example", "refuse", "0", "30d")
        );
        let network = NETWORK.replace("mta = \"opensmtpd\"", settings);
        let scenario = common::scenario(&format!("duration = \"10d\"\n{network}{more}"));
        let mut log = FactLog::default();
        let _ = Simulation::new(&scenario).run(&mut log);
        log.facts.iter().find_map(|(_, fact)| match fact {
            Fact::Final { outcome: FinalOutcome::Failed, status, .. } => Some(status.to_string()),
            _ => None,
        })
    };
    assert_eq!(status("mta = \"opensmtpd\"").as_deref(), Some("5.4.7"));
    let old = "mta = { profile = \"opensmtpd\", expires_for_good = false }";
    assert_eq!(status(old).as_deref(), Some("4.4.7"));
}

/// Its notice is queued at the same host, whose scheduler finds at once what has expired meanwhile: that is
/// for the next notice, and is not lost between the two.
#[test]
fn what_expires_as_a_notice_leaves_is_told_of_in_the_next() {
    let network =
        NETWORK.replace("mta = \"opensmtpd\"", "mta = { profile = \"opensmtpd\", ttl = \"1s\" }");
    // Nobody is refused for good at RCPT, and Bob a moment later for now, at the dot.
    let text = format!(
        "duration = \"1h\"\n{network}{}{}{}{}",
        ONE_EXCHANGER.replace("{ count = 300 }", "[\"bob\"]"),
        "[[domain]]\nname = \"two.example\"\nmx = [\"mx2.dst.example\"]\n\
         store = \"mx2.dst.example\"\nmailboxes = [\"carol\"]\n",
        "[[mail]]\nfrom = \"alice@src.example\"\n\
         to = [\"nobody@two.example\", \"bob@dst.example\"]\nat = \"5m\"\n",
        "[[outage]]\nhost = \"mx1.dst.example\"\nmode = \"tempfail\"\nstage = \"dot\"\n\
         from = \"1m\"\nfor = \"30m\"\n",
    );
    let scenario = common::scenario(&text);
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    let failed = log
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Final { outcome: FinalOutcome::Failed, .. }));
    assert_eq!(failed.count(), 2);
    assert_eq!(notices(&log, MessageKind::FailureNotice).len(), 2);
}
