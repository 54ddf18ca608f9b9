//! Postfix's SMTP client: connections used again, the next host, notices.

use mailsim::mail::{MessageKind, Stage};

use crate::{begins, message, network, one, tries};

/// Fifty messages at once (no server takes more sessions of one client), to a server that takes a second
/// for each.
fn backlog() -> String {
    let slow =
        "[[outage]]\nhost = \"mx.one.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"1s\"\n";
    let mail = (1..=50).map(|number| one(0.1, &format!("user{number:05}@one.example")));
    slow.to_owned() + &mail.collect::<String>()
}

/// Returns the ordinals of the transactions on their connections, the highest last.
fn ordinals(settings: &str) -> Vec<u32> {
    let settings = format!("default_destination_concurrency_limit = 5\n{settings}");
    let run = network(&settings, &backlog());
    let mut ordinals: Vec<u32> =
        tries(&run).iter().map(|(_, _, attempt)| attempt.transaction).collect();
    assert_eq!(ordinals.len(), 50);
    ordinals.sort_unstable();
    ordinals
}

#[test]
fn connections_are_used_again_as_often_and_as_long_as_allowed() {
    // The first five are not kept (there was no backlog yet); five others take 9 messages each.
    assert_eq!(ordinals("").last(), Some(&9));
    // Used again twice: three messages, src/smtp/smtp_connect.c.
    let by_count = ordinals("smtp_connection_reuse_count_limit = 2");
    assert_eq!(by_count.last(), Some(&3));
    assert_eq!(by_count.iter().filter(|ordinal| **ordinal == 1).count(), 5 + 45 / 3);
    // Three seconds old they are not used again: begun at s, s + 1, s + 2 and perhaps s + 3.
    let by_age = ordinals("smtp_connection_reuse_time_limit = \"3s\"");
    assert!((3..=4).contains(by_age.last().unwrap()), "{by_age:?}");
}

#[test]
fn connections_are_kept_on_demand_only() {
    assert_eq!(ordinals("smtp_connection_cache_on_demand = false").last(), Some(&1));
    // One message each ten seconds makes no demand.
    let mail = (1..=6).map(|number| one(f64::from(number) * 10.0, "user00001@one.example"));
    let run = network("", &mail.collect::<String>());
    assert!(tries(&run).iter().all(|(_, _, attempt)| attempt.transaction == 1));
}

/// A domain with two exchangers, of which the first fails as `what` says.
fn two_exchangers(what: &str) -> String {
    format!(
        "[[domain]]\nname = \"both.example\"\nstore = \"mx.two.example\"\nmailboxes = {{ count = 10 }}\n\
         mx = [{{ host = \"mx.one.example\", preference = 10 }}, {{ host = \"mx.two.example\", preference = 20 }}]\n\
         [[outage]]\nhost = \"mx.one.example\"\n{what}\n{}",
        one(1.0, "user00001@both.example")
    )
}

#[test]
fn the_limit_of_sessions_ends_a_delivery() {
    let refused = "mode = \"tempfail\"\nstage = \"rcpt\"\nreply = \"451 4.3.0\"";
    let tried = |limit: u32, what: &str| {
        let settings = format!("smtp_mx_session_limit = {limit}\nminimal_backoff_time = \"1h\"");
        tries(&network(&settings, &two_exchangers(what))).len()
    };
    assert_eq!(tried(2, refused), 2);
    assert_eq!(tried(1, refused), 1);
    // A session that does not come past the greeting is none (src/smtp/smtp_connect.c).
    assert_eq!(tried(1, "mode = \"refuse\""), 2);
    assert_eq!(tried(1, "mode = \"tempfail\"\nstage = \"greeting\"\nreply = \"421 4.3.2\""), 2);
}

#[test]
fn after_421_to_ehlo_nothing_more_is_said() {
    let run = network(
        "",
        &two_exchangers("mode = \"tempfail\"\nstage = \"ehlo\"\nreply = \"421 4.3.2\""),
    );
    let tries = tries(&run);
    let hosts: Vec<_> = tries.iter().map(|(_, _, attempt)| attempt.to).collect();
    assert_eq!(hosts, ["mx.one.example", "mx.two.example"].map(|name| Some(run.host(name))));
    assert_eq!(tries[0].2.stage, Stage::Ehlo);
    // Another refusal of EHLO makes the client say HELO, here with the same answer; the difference is
    // that 421 closes the session, so that HELO would be lost.
    assert_eq!(tries[0].2.reply.map(|reply| reply.code), Some(421));
}

#[test]
fn a_delay_notice_comes_with_the_first_failure_a_second_before_its_time_or_later() {
    // src/qmgr/qmgr_active.c: event_time() >= warn_time - 1. A queue run at 59 s, and each 60 s.
    let down = "[[outage]]\nhost = \"mx.one.example\"\nmode = \"refuse\"\n".to_owned();
    let notice = |warning: u32| {
        let settings = format!(
            "scan_phase = \"59s\"\nqueue_run_delay = \"60s\"\nminimal_backoff_time = \"50s\"\n\
             delay_warning_time = \"{warning}s\""
        );
        let run = network(&settings, &(one(0.1, "user00001@one.example") + &down));
        let notices = run.of_kind(MessageKind::DelayNotice);
        assert_eq!(notices.len(), 1);
        notices[0].at.as_secs()
    };
    assert_eq!(notice(60), 59);
    assert_eq!(notice(61), 119);
}

#[test]
fn a_message_is_tried_a_second_before_it_is_due() {
    // src/qmgr/qmgr_active.c, qmgr_active_feed: put off at 0 s for 60 s, taken up at 59 s.
    let down = "[[outage]]\nhost = \"mx.one.example\"\nmode = \"refuse\"\nuntil = \"10s\"\n";
    let mail = message("0.1s", "alice", &["user00001@one.example".to_owned()]) + down;
    let at = |phase: u32| {
        let settings = format!(
            "scan_phase = \"{phase}s\"\nqueue_run_delay = \"100s\"\nminimal_backoff_time = \"60s\""
        );
        begins(&network(&settings, &mail), "one.example")
    };
    assert_eq!(at(59), [0.1, 59.0]);
    assert_eq!(at(58), [0.1, 158.0]);
}

/// `src/smtp/smtp_session.c`, `smtp_session_passivate`: the server's SIZE does not go into the cache with
/// a connection, so over one that was kept the server itself has to refuse what is too large.
#[test]
fn a_kept_connection_says_nothing_of_the_size_limit() {
    let mut more = "[[host]]\nname = \"mx.four.example\"\nroles = [\"mx\", \"store\"]\n\
         mta = { profile = \"sink\", message_size_limit = \"1000B\" }\n\
         [[domain]]\nname = \"four.example\"\nmx = [\"mx.four.example\"]\n\
         mailboxes = { count = 100 }\n\
         [[outage]]\nhost = \"mx.four.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"1s\"\n"
        .to_owned();
    for number in 1..=50 {
        let mail = one(0.1, &format!("user{number:05}@four.example"));
        more += &if number % 5 == 0 { mail.replace("\"1B\"", "\"5kB\"") } else { mail };
    }
    let run = network("default_destination_concurrency_limit = 5", &more);
    let too_large: Vec<(u32, Option<u16>)> = tries(&run)
        .iter()
        .filter(|(_, to, _)| to[4..9].parse::<u32>().is_ok_and(|number| number % 5 == 0))
        .map(|(_, _, attempt)| (attempt.transaction, attempt.reply.map(|reply| reply.code)))
        .collect();
    assert_eq!(too_large.len(), 10);
    assert!(too_large.iter().any(|(transaction, _)| *transaction > 1), "{too_large:?}");
    for (transaction, reply) in too_large {
        assert_eq!(reply, (transaction > 1).then_some(552), "transaction {transaction}");
    }
}
