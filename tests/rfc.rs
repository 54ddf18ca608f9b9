//! Behaviour that the RFCs ask for, one test a rule, named by the rule's id: SESS sessions, MX
//! finding the host, RTRY retries, TMO time-outs, DUP duplicates, DUR durability, BNC notices,
//! LOOP loops, DNS names (RFC 5321 unless another is named).

mod common;

use common::{End, Run, at, run, secs};
use mailsim::mail::{AttemptOutcome, MessageKind, Stage, Status};
use mailsim::trace::{AttemptFact, FinalOutcome};
use mailsim::units::{SimDuration, SimTime};

/// The sender's side: `alice@a.example` writes to `to` at `times`, through `out.a.example`.
fn network(duration: &str, mta: &str, to: &str, times: &str, rest: &str) -> String {
    format!(
        r#"
        duration = "{duration}"
        [[host]]
        name = "out.a.example"
        roles = ["submission", "relay", "mx", "store"]
        mta = {mta}
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice"]
        [[mail]]
        from = "alice@a.example"
        to = [{to}]
        at = [{times}]
        {rest}
        "#
    )
}

/// One exchanger for `b.example`, which also keeps the mailboxes, with these further keys.
fn one_exchanger(keys: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "mx.b.example"
        {keys}
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        mailboxes = ["bob", "carol", "dave"]
        "#
    )
}

/// A primary that keeps the mailboxes and a backup of preference 20.
const PRIMARY_AND_BACKUP: &str = r#"
    [[host]]
    name = "mx1.b.example"
    [[host]]
    name = "mx2.b.example"
    [[domain]]
    name = "b.example"
    mx = [{ host = "mx1.b.example", preference = 10 }, { host = "mx2.b.example", preference = 20 }]
    mailboxes = ["bob"]
"#;

const BOB: &str = "\"bob@b.example\"";

fn outage(host: &str, mode: &str, from: &str, length: &str) -> String {
    format!("[[outage]]\nhost = \"{host}\"\nfrom = \"{from}\"\nfor = \"{length}\"\nmode = {mode}\n")
}

/// One message from the plain profile to one exchanger that deviates all the time.
fn to_deviating(mode: &str) -> Run {
    let rest = format!("{}\n[[outage]]\nhost = \"mx.b.example\"\nmode = {mode}", one_exchanger(""));
    run(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest))
}

fn tries(run: &Run) -> Vec<AttemptFact> {
    run.only().tries_of(run.host("out.a.example"))
}

fn first_try(run: &Run) -> AttemptFact {
    tries(run)[0]
}

// ---- Sessions ------------------------------------------------------------------------------

#[test]
fn rfc_sess_11_a_4yz_reply_keeps_the_message() {
    let run = to_deviating("\"tempfail\"\nstage = \"rcpt\"");
    assert_eq!(first_try(&run).outcome, AttemptOutcome::Tempfail);
    assert!(first_try(&run).next_attempt.is_some());
    assert_eq!((run.only().end(), run.failure_notices()), (End::Queued, 0));
}

#[test]
fn rfc_sess_12_a_5yz_reply_is_not_repeated() {
    let run = to_deviating("\"permfail\"\nstage = \"rcpt\"");
    assert_eq!(tries(&run).len(), 1);
    assert_eq!(first_try(&run).outcome, AttemptOutcome::Permfail);
    assert_eq!(run.only().end(), End::Failed);
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn rfc_sess_13_421_defers_the_whole_message() {
    let to = "\"bob@b.example\", \"carol@b.example\"";
    let rest = one_exchanger("")
        + &outage(
            "mx.b.example",
            "\"tempfail\"\nstage = \"mail\"\nreply = \"421 4.3.2\"",
            "0s",
            "1m",
        );
    let run = run(&network("6h", "\"rfc5321\"", to, "\"0s\"", &rest));
    for story in run.mail() {
        assert_eq!(story.attempts[1].outcome, AttemptOutcome::Tempfail);
        assert_eq!((story.end(), story.copies()), (End::Delivered, 1));
    }
}

#[test]
fn rfc_sess_19_a_refused_dot_leaves_the_sender_responsible() {
    let run = to_deviating("\"tempfail\"\nstage = \"dot\"");
    assert_eq!(first_try(&run).stage, Stage::Dot);
    let holders: Vec<_> = run.only().accepted.iter().map(|(_, host, _)| *host).collect();
    assert_eq!(holders, [run.host("out.a.example")]);
    assert_eq!(run.only().end(), End::Queued);
}

#[test]
fn rfc_sess_20_each_recipient_goes_its_own_way() {
    let to = "\"bob@b.example\", \"nobody@b.example\", \"dave@b.example\"";
    let greylisted = "\"tempfail\"\nstage = \"rcpt\"\nrecipients = [\"dave@b.example\"]";
    let rest = one_exchanger("") + &outage("mx.b.example", greylisted, "0s", "10m");
    let run = run(&network("6h", "\"rfc5321\"", to, "\"0s\"", &rest));
    assert_eq!(run.to("bob@b.example").end(), End::Delivered);
    assert_eq!(run.to("nobody@b.example").end(), End::Failed);
    let dave = run.to("dave@b.example");
    assert_eq!(dave.end(), End::Delivered);
    assert!(dave.latency() > secs(1_800) && run.to("bob@b.example").latency() < secs(10));
}

#[test]
fn rfc_sess_22_recipients_beyond_the_limit_go_in_further_transactions() {
    let people: Vec<String> = (1..=250).map(|n| format!("\"user{n:05}@b.example\"")).collect();
    let rest = one_exchanger("mta = { profile = \"rfc5321\", max_recipients = 100 }")
        .replace("[\"bob\", \"carol\", \"dave\"]", "{ count = 250 }");
    let mta = "{ profile = \"rfc5321\", recipient_limit = 1000 }";
    let run = run(&network("24h", mta, &people.join(", "), "\"0s\"", &rest));
    let mx = run.host("mx.b.example");
    let mut times: Vec<SimTime> = run
        .mail()
        .iter()
        .flat_map(|story| &story.accepted)
        .filter(|(_, host, _)| *host == mx)
        .map(|(at, ..)| *at)
        .collect();
    times.sort_unstable();
    let sizes: Vec<usize> = times.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn rfc_sess_25_one_copy_serves_all_recipients_of_a_host() {
    let to = "\"bob@b.example\", \"carol@b.example\", \"dave@b.example\"";
    let run = run(&network("1h", "\"rfc5321\"", to, "\"0s\"", &one_exchanger("")));
    let out = run.host("out.a.example");
    let mail = run.mail();
    let deliveries: Vec<u64> = mail.iter().map(|story| story.tries_of(out)[0].delivery).collect();
    assert!(deliveries.windows(2).all(|pair| pair[0] == pair[1]), "{deliveries:?}");
    assert!(mail.iter().all(|story| story.tries_of(out)[0].recipients == 3));
}

// ---- Finding the host ----------------------------------------------------------------------

/// A domain `b.example` with these records; `host.b.example` keeps its mailboxes.
fn records(records: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "host.b.example"
        roles = ["mx", "store"]
        [[domain]]
        name = "b.example"
        {records}
        store = "host.b.example"
        mailboxes = ["bob"]
        "#
    )
}

#[test]
fn rfc_mx_02_the_better_exchanger_first() {
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", PRIMARY_AND_BACKUP));
    let hosts: Vec<_> = tries(&run).iter().map(|fact| fact.to).collect();
    assert_eq!(hosts, [Some(run.host("mx1.b.example"))]);
}

#[test]
fn rfc_mx_06_without_exchangers_the_address_counts() {
    let rest = records("mx = []\naddress = \"host.b.example\"");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Delivered);
    assert_eq!(first_try(&run).preference, Some(0));
}

#[test]
fn rfc_mx_07_with_exchangers_the_address_never_counts() {
    let other = "[[host]]\nname = \"mx.b.example\"\nroles = [\"mx\"]\n";
    let rest = records("mx = [\"mx.b.example\"]\naddress = \"host.b.example\"")
        + other
        + &outage("mx.b.example", "\"refuse\"", "0s", "3h");
    let run = run(&network("3h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Queued);
    let mx = Some(run.host("mx.b.example"));
    assert!(tries(&run).len() > 3 && tries(&run).iter().all(|fact| fact.to == mx));
}

#[test]
fn rfc_mx_08_a_name_that_does_not_exist_is_an_error() {
    let run = run(&network("1h", "\"postfix\"", "\"bob@nowhere.example\"", "\"0s\"", ""));
    assert_eq!(tries(&run).len(), 1);
    assert_eq!(run.only().end(), End::Failed);
    let status = run.only().only_ending().status;
    assert!([Status::new(5, 1, 2), Status::UNABLE_TO_ROUTE].contains(&status), "{status}");
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn rfc_mx_09_a_dns_failure_is_temporary() {
    for mode in ["servfail", "no_answer"] {
        let failure = format!("[[outage]]\ndns = \"b.example\"\nfor = \"1h\"\nmode = \"{mode}\"\n");
        let rest = one_exchanger("") + &failure;
        let run = run(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        assert_eq!(first_try(&run).stage, Stage::Dns);
        assert_eq!((run.only().end(), run.failure_notices()), (End::Delivered, 0));
        assert!(run.only().latency() >= secs(3_600));
    }
}

#[test]
fn rfc_mx_10_exchangers_without_address_are_an_error() {
    let rest = records("mx = [{ name = \"gone.b.example\", preference = 10 }]");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!((run.only().end(), run.failure_notices()), (End::Failed, 1));
}

#[test]
fn rfc_mx_11_a_backup_hands_on_to_better_ones_only() {
    let third = PRIMARY_AND_BACKUP.replace(
        "preference = 20 }]",
        "preference = 20 }, { host = \"mx3.b.example\", preference = 20 }, { host = \"mx4.b.example\", preference = 30 }]",
    );
    let rest = third
        + "[[host]]\nname = \"mx3.b.example\"\n[[host]]\nname = \"mx4.b.example\"\n"
        + &outage("mx1.b.example", "\"refuse\"", "0s", "3h");
    let run = run(&network("6h", "\"postfix\"", BOB, "\"0s\", \"1m\", \"2m\", \"3m\"", &rest));
    let backups = ["mx2.b.example", "mx3.b.example", "mx4.b.example"].map(|name| run.host(name));
    let primary = Some(run.host("mx1.b.example"));
    let mut handed_on = 0;
    for story in run.mail() {
        assert_eq!(story.end(), End::Delivered);
        for fact in story.attempts.iter().filter(|fact| backups.contains(&fact.from)) {
            assert_eq!(fact.to.or(primary), primary, "{fact:#?}");
            handed_on += 1;
        }
    }
    assert!(handed_on >= 8, "the backups tried {handed_on} times");
}

#[test]
fn rfc_mx_12_nothing_left_after_oneself_is_an_error() {
    // The only exchanger is not told that the domain is its own: it would deliver to itself.
    let rest = r#"
        [[host]]
        name = "mx.b.example"
        roles = ["relay", "mx"]
        [[host]]
        name = "store.b.example"
        roles = ["store"]
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        store = "store.b.example"
        mailboxes = ["bob"]
        "#;
    let mut scenario = common::scenario(&network("1h", "\"postfix\"", BOB, "\"0s\"", rest));
    for host in &mut scenario.hosts {
        host.routing.routes.clear();
    }
    let run = Run::of(&scenario);
    let ending = run.only().only_ending();
    assert_eq!((ending.outcome, ending.status), (FinalOutcome::Failed, Status::ROUTING_LOOP));
    assert_eq!((ending.host, run.failure_notices()), (run.host("mx.b.example"), 1));
}

#[test]
fn rfc_mx_13_a_backup_holds_mail_until_the_primary_is_back() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "0s", "6h");
    let run = run(&network("12h", "\"postfix\"", BOB, "\"10m\"", &rest));
    let path: Vec<_> = run.only().accepted.iter().map(|(_, host, _)| *host).collect();
    let names = ["out.a.example", "mx2.b.example", "mx1.b.example"];
    assert_eq!(path, names.map(|name| run.host(name)));
    // Six hours less ten minutes, and at most the longest back-off and a queue scan of the backup.
    let latency = run.only().latency();
    assert!(latency >= secs(21_000) && latency <= secs(21_000 + 4_000 + 300), "{latency:?}");
}

#[test]
fn rfc_mx_14_the_backup_is_used_only_while_the_better_fail() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "10m", "10m");
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\", \"15m\", \"30m\"", &rest));
    let via_backup = |story: &&common::Story| {
        story.accepted.iter().any(|(_, host, _)| *host == run.host("mx2.b.example"))
    };
    let times: Vec<_> = run.mail().into_iter().filter(via_backup).map(|story| story.at).collect();
    assert_eq!(times, [at(900)]);
}

#[test]
fn rfc_mx_16_a_null_mx_takes_no_mail() {
    let rest = records("mx = \"none\"\naddress = \"host.b.example\"");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Failed);
    assert!(tries(&run).iter().all(|fact| fact.to.is_none()), "no connection is made");
    assert_eq!((tries(&run).len(), run.failure_notices()), (1, 1));
    assert_eq!(run.only().only_ending().status.class, 5);
}

#[test]
fn rfc_dns_01_answers_are_kept_for_their_time_to_live() {
    // The exchanger changes at 30 min; the answer of 0 s is good for an hour.
    let rest = r#"
        [[host]]
        name = "old.b.example"
        [[host]]
        name = "new.b.example"
        [[domain]]
        name = "b.example"
        mx = ["old.b.example"]
        store = "new.b.example"
        mailboxes = ["bob"]
        ttl = "1h"
        [[action]]
        domain = "b.example"
        at = "30m"
        do = { mx = ["new.b.example"] }
        "#;
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\", \"59m\", \"61m\"", rest));
    let out = run.host("out.a.example");
    let tried: Vec<_> = run.mail().iter().map(|story| story.tries_of(out)[0].to).collect();
    let (old, new) = (Some(run.host("old.b.example")), Some(run.host("new.b.example")));
    assert_eq!(tried, [old, old, new]);
}

#[test]
fn rfc_dns_06_a_silent_dns_takes_its_time() {
    // Two tries of five seconds for the MX question, then the failure is known.
    let rest =
        one_exchanger("") + "[[outage]]\ndns = \"b.example\"\nfor = \"1h\"\nmode = \"no_answer\"\n";
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let first = first_try(&run);
    assert_eq!(first.ended - first.started, secs(10));
    assert_eq!(
        (first.outcome, first.status),
        (AttemptOutcome::Tempfail, Status::DIRECTORY_FAILURE)
    );
}

// ---- Retries -------------------------------------------------------------------------------

fn blackholed(mta: &str, duration: &str) -> Run {
    let rest = one_exchanger("") + "[[outage]]\nhost = \"mx.b.example\"\nmode = \"refuse\"\n";
    run(&network(duration, mta, BOB, "\"0s\"", &rest))
}

#[test]
fn rfc_rtry_03_no_retry_before_half_an_hour() {
    let tries = tries(&blackholed("\"rfc5321\"", "7d"));
    assert!(tries.len() > 40);
    assert!(tries.windows(2).all(|pair| pair[1].started - pair[0].ended >= secs(1_800)));
}

#[test]
fn rfc_rtry_04_two_tries_in_the_first_hour_then_every_two_to_three() {
    let tries = tries(&blackholed("\"rfc5321\"", "7d"));
    let first = tries[0].started;
    let in_first_hour = tries.iter().filter(|fact| fact.started - first < secs(3_600)).count();
    assert_eq!(in_first_hour, 2);
    let gaps = tries[1..].windows(2).map(|pair| pair[1].started - pair[0].started);
    assert!(gaps.into_iter().all(|gap| (secs(7_200)..=secs(10_800)).contains(&gap)));
}

#[test]
fn rfc_rtry_05_mail_is_kept_for_days() {
    for (mta, gap) in [("\"rfc5321\"", 7_200), ("\"postfix\"", 4_300)] {
        let run = blackholed(mta, "7d");
        let ended = run.only().only_ending().at.since(run.only().at);
        assert!(ended >= SimDuration::from_days(4), "{mta}: {ended:?}");
        assert!(ended <= SimDuration::from_days(5) + secs(gap), "{mta}: {ended:?}");
        assert_eq!(run.failure_notices(), 1);
    }
}

// ---- Time-outs -----------------------------------------------------------------------------

/// Whether the first try succeeds when one stage is late by so many seconds; if not, where and
/// after how long the client gave up.
fn late(stage: &str, delay: u64) -> Result<(), (Stage, AttemptOutcome)> {
    let run = to_deviating(&format!("\"slow\"\n{stage}\ndelay = \"{delay}s\""));
    match first_try(&run) {
        fact if fact.outcome == AttemptOutcome::Accepted => Ok(()),
        fact => Err((fact.stage, fact.outcome)),
    }
}

#[test]
fn rfc_tmo_01_each_command_has_its_own_time() {
    assert_eq!(late("", 110), Ok(()));
    assert_eq!(late("", 360), Err((Stage::Ehlo, AttemptOutcome::Timeout)));
}

#[test]
fn rfc_tmo_02_greeting_five_minutes() {
    assert_eq!(late("stage = \"greeting\"", 299), Ok(()));
    assert_eq!(late("stage = \"greeting\"", 301), Err((Stage::Greeting, AttemptOutcome::Timeout)));
    let run = to_deviating("\"hang\"\nstage = \"greeting\"");
    let fact = first_try(&run);
    assert_eq!(fact.ended - fact.marks.connected, secs(300));
}

#[test]
fn rfc_tmo_04_data_two_minutes() {
    assert_eq!(late("", 119), Ok(()));
    assert_eq!(late("", 121), Err((Stage::Data, AttemptOutcome::Timeout)));
}

#[test]
fn rfc_tmo_06_final_dot_ten_minutes() {
    assert_eq!(late("stage = \"dot\"", 599), Ok(()));
    assert_eq!(late("stage = \"dot\"", 601), Err((Stage::Dot, AttemptOutcome::Timeout)));
}

#[test]
fn rfc_tmo_08_a_large_message_may_take_long() {
    let link =
        "[[link]]\nbetween = [\"out.a.example\", \"mx.b.example\"]\nbandwidth = \"80kbit/s\"\n";
    let rest = format!("size = \"10MB\"\n{}{link}", one_exchanger(""));
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let fact = first_try(&run);
    // Ten million octets at ten thousand a second.
    assert!(fact.ended - fact.started >= secs(1_000), "{fact:?}");
    assert_eq!((tries(&run).len(), run.only().end()), (1, End::Delivered));
}

// ---- Notices and loops ---------------------------------------------------------------------

#[test]
fn rfc_bnc_01_notices_have_the_null_reverse_path_and_reach_the_sender() {
    let rest = one_exchanger("");
    let run = run(&network("1h", "\"postfix\"", "\"nobody@b.example\"", "\"0s\"", &rest));
    let notices = run.of_kind(MessageKind::FailureNotice);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].created.sender, None);
    assert_eq!(Some(notices[0].created.mailbox), run.only().created.sender);
    assert_eq!(notices[0].end(), End::Delivered);
    // BNC-07: refused in the session, so the client's side makes it.
    assert_eq!(notices[0].created.host, run.host("out.a.example"));
}

#[test]
fn rfc_bnc_03_never_a_notice_about_a_notice() {
    // A sender whose mailbox does not exist: the notice cannot be delivered.
    let text = network("1h", "\"postfix\"", "\"nobody@b.example\"", "\"0s\"", &one_exchanger(""))
        .replace("from = \"alice@a.example\"", "from = \"ghost@a.example\"");
    let run = run(&text);
    assert_eq!(run.failure_notices(), 1);
    assert_eq!(run.of_kind(MessageKind::FailureNotice)[0].end(), End::Discarded);
    assert_eq!(run.stories.len(), 2);
}

#[test]
fn rfc_bnc_04_one_notice_for_all_failed_recipients() {
    let to = "\"x@b.example\", \"y@b.example\", \"z@b.example\"";
    let run = run(&network("1h", "\"rfc5321\"", to, "\"0s\"", &one_exchanger("")));
    assert!(run.mail().iter().all(|story| story.end() == End::Failed));
    assert_eq!((run.mail().len(), run.failure_notices()), (3, 1));
}

/// Two hosts that send mail for `b.example` to each other.
fn loop_of_two(limit: u32) -> Run {
    let server = |name: &str, other: &str| {
        format!(
            "[[host]]\nname = \"{name}\"\nroles = [\"relay\"]\nmta = {{ profile = \"rfc5321\", \
             hopcount_limit = {limit} }}\nroutes = {{ \"b.example\" = \"{other}\" }}\n"
        )
    };
    let rest = server("x.b.example", "y.b.example")
        + &server("y.b.example", "x.b.example")
        + "[[host]]\nname = \"store.b.example\"\nroles = [\"store\"]\n[[domain]]\nname = \
           \"b.example\"\nmx = [\"x.b.example\"]\nstore = \"store.b.example\"\nmailboxes = [\"bob\"]\n";
    let text = network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest);
    run(&format!("allow_loops = true\n{text}"))
}

#[test]
fn rfc_loop_01_loops_are_stopped() {
    let run = loop_of_two(100);
    assert_eq!((run.only().end(), run.failure_notices()), (End::Failed, 1));
    assert_eq!(run.only().only_ending().status.class, 5);
}

#[test]
fn rfc_loop_03_a_loop_ends_at_its_limit() {
    // The server that would write field number `limit` refuses, so one fewer have taken it.
    for limit in [5, 30] {
        let run = loop_of_two(limit);
        assert_eq!(run.only().accepted.len(), limit as usize - 1);
    }
}

#[test]
fn rfc_grey_01_a_greylist_delays_by_the_first_retry() {
    // RFC 6647: refused at first, taken after the minimum wait; the second message passes at once.
    let rest = one_exchanger("greylist = { delay = \"5m\" }");
    let run = run(&network("3h", "\"rfc5321\"", BOB, "\"0s\", \"2h\"", &rest));
    let latencies: Vec<_> = run.mail().iter().map(|story| story.latency()).collect();
    assert!(latencies[0] >= secs(1_800) && latencies[0] < secs(1_810), "{latencies:?}");
    assert!(latencies[1] < secs(10), "{latencies:?}");
}

#[test]
fn rfc_size_05_too_big_is_permanent_and_no_room_is_temporary() {
    let big = format!("size = \"3MB\"\n{}", one_exchanger("message_size_limit = \"2MB\""));
    let run_big = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &big));
    assert_eq!((run_big.only().end(), run_big.failure_notices()), (End::Failed, 1));
    let full = one_exchanger("") + &outage("mx.b.example", "\"disk_full\"", "0s", "20m");
    let run_full = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &full));
    let first = first_try(&run_full);
    assert_eq!(first.reply.map(|reply| reply.code), Some(452));
    assert_eq!((run_full.only().end(), run_full.failure_notices()), (End::Delivered, 0));
}
