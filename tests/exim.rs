//! Exim's retry memory at work: the vectors computed from the source, and what follows from records
//! that belong to hosts and not to messages.

mod common;

use common::{End, Run, Story, run};
use mailsim::mail::{AttemptOutcome, MessageKind, Stage, Status};
use mailsim::units::SimDuration;

/// A sender with Exim and an exchanger that refuses connections from the start for `outage`.
fn network(duration: &str, mta: &str, outage: &str, more: &str) -> String {
    format!(
        r#"
        title = "Exim against a destination that is down"
        seed = 3
        duration = "{duration}"
        sample_every = "{duration}"
        [[host]]
        name = "a.src.example"
        roles = ["submission", "mx", "store"]
        mta = {{ profile = "exim", {mta} }}
        [[host]]
        name = "mx.dst.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[domain]]
        name = "src.example"
        mx = [{{ host = "a.src.example", preference = 10 }}]
        mailboxes = {{ count = 50 }}
        [[domain]]
        name = "dst.example"
        mx = [{{ host = "mx.dst.example", preference = 10 }}]
        mailboxes = {{ count = 50 }}
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "{outage}"
        mode = "refuse"
        {more}
        "#
    )
}

fn mail(number: u32, at: &str) -> String {
    format!(
        r#"
        [[mail]]
        from = "user{number:05}@src.example"
        to = ["user{number:05}@dst.example"]
        at = "{at}"
        size = "2kB"
        "#
    )
}

/// Returns when a message was tried over the network, to the second it was tried in.
fn tries(run: &Run, story: &Story) -> Vec<u64> {
    let sender = run.host("a.src.example");
    story.tries_of(sender).iter().map(|fact| fact.started.as_secs()).collect()
}

fn suspensions(story: &Story) -> usize {
    story.attempts.iter().filter(|fact| fact.outcome == AttemptOutcome::Suspended).count()
}

/// Both vectors count the message's acceptance and a queue run as falling on time zero. They were
/// computed from `src/retry.c` and `src/configure.default` of Exim 4.99.
#[test]
fn the_default_rule_with_a_queue_run_every_half_hour() {
    let text = network("6d", r#"queue_interval = "30m", run_phase = "0""#, "6d", &mail(1, "0"));
    let run = run(&text);
    let mut expected =
        vec![0, 1800, 3600, 5400, 7200, 9000, 12_600, 18_000, 27_000, 39_600, 59_400, 81_000];
    expected.extend((1..=12).map(|n| 81_000 + n * 21_600));
    expected.push(347_400);
    assert_eq!(tries(&run, run.only()), expected);
    assert_eq!(run.only().only_ending().at.as_secs(), 347_400);
    assert_eq!(run.only().end(), End::Failed);
}

#[test]
fn the_default_rule_with_a_queue_run_every_five_minutes() {
    let text = network("6d", r#"queue_interval = "5m", run_phase = "0""#, "6d", &mail(1, "0"));
    let run = run(&text);
    let mut expected =
        vec![0, 900, 1800, 2700, 3600, 4500, 5400, 6300, 7200, 8100, 11_700, 17_100, 25_200];
    expected.extend([37_500, 55_800, 83_400]);
    expected.extend((1..=12).map(|n| 83_400 + n * 21_600));
    expected.push(345_900);
    assert_eq!(tries(&run, run.only()), expected);
    assert_eq!(run.only().only_ending().at.as_secs(), 345_900);
}

#[test]
fn the_clock_belongs_to_the_host() {
    // Down for ever; the first message starts the host's clock. The second comes on the third day
    // and fails with the first, on the fourth. Later ones fail at once: with a try when the host's
    // retry time has come (six hours after the last), without one when it has not.
    let mail = [mail(1, "0"), mail(2, "3d"), mail(3, "4d12h"), mail(4, "4d13h")].concat();
    let mta = r#"queue_interval = "30m", run_phase = "0", delay_warning = "0s""#;
    let run = run(&network("6d", mta, "6d", &mail));
    let day = 86_400;
    let ended = |number: u32| {
        let story = run.to(&format!("user{number:05}@dst.example"));
        (story.only_ending().at.as_secs(), tries(&run, story).len())
    };
    let ((first, tries_of_first), (second, tries_of_second)) = (ended(1), ended(2));
    assert_eq!(first, 347_400);
    assert!((4 * day..4 * day + 3_700).contains(&second), "{second} s");
    // As many tries as for one message alone: at each of the host's times one of the two.
    assert_eq!(tries_of_first + tries_of_second, 25);
    assert_eq!(ended(3), (4 * day + 12 * 3_600, 1));
    assert_eq!(ended(4), (4 * day + 13 * 3_600, 0));
    for story in run.mail() {
        assert_eq!(story.only_ending().status, Status::new(5, 0, 0), "what Exim always says");
    }
    assert_eq!(run.failure_notices(), 4);
}

#[test]
fn one_message_in_each_interval_is_the_probe() {
    // Twelve messages, one each 60 s, while the host is down for two hours: whoever comes first in
    // a queue run tries, all others see the new retry time. A message that is new tries only if
    // the host may be tried.
    let all: String = (1..=12).map(|n| mail(n, &format!("{n}m"))).collect();
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let run = run(&network("4h", mta, "2h", &all));
    let mut failed = 0;
    for story in run.mail() {
        assert_eq!(story.end(), End::Delivered);
        let sender = run.host("a.src.example");
        let refused = |outcome| outcome == AttemptOutcome::Refused;
        failed += story.tries_of(sender).iter().filter(|fact| refused(fact.outcome)).count();
        assert!(suspensions(story) > 5, "put off at most queue runs");
    }
    // At 1 min, and then at the first chance 10 min later: a new message at 11 min, or a queue
    // run; runs fall on multiples of 5 min, so the gap is 10 to 15 min.
    assert!((120 / 15..=120 / 10).contains(&failed), "{failed} tries in two hours");
}

#[test]
fn what_waits_for_a_host_follows_over_the_first_connection() {
    let all: String = (1..=12).map(|n| mail(n, &format!("{n}m"))).collect();
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let run = run(&network("4h", mta, "2h", &all));
    let sender = run.host("a.src.example");
    let mut places: Vec<u32> = run
        .mail()
        .iter()
        .flat_map(|story| story.tries_of(sender))
        .filter(|fact| fact.outcome == AttemptOutcome::Accepted)
        .map(|fact| fact.transaction)
        .collect();
    places.sort_unstable();
    assert_eq!(places, (1..=12).collect::<Vec<u32>>(), "one connection takes all of them");
}

#[test]
fn a_refused_recipient_is_remembered_for_itself() {
    // 451 at RCPT says nothing about the host: other messages go through, and in queue runs only
    // this recipient waits for its time.
    let refusing = r#"
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "1h"
        mode = "tempfail"
        stage = "rcpt"
        recipients = ["user00001@dst.example"]
    "#;
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let more = [mail(1, "1m"), mail(2, "2m"), refusing.to_owned()].concat();
    let text = network("3h", mta, "1s", &more);
    let run = run(&text);
    let story = run.to("user00001@dst.example");
    assert_eq!(story.end(), End::Delivered);
    assert_eq!(tries(&run, story), [60, 900, 1500, 2100, 2700, 3300, 3900]);
    let other = run.to("user00002@dst.example");
    assert_eq!(tries(&run, other), [120]);
    assert!(story.attempts.iter().any(|fact| fact.stage == Stage::Suspended));
}

/// A sender with Exim and two exchangers of one domain: its store, and a backup.
fn two_exchangers(mta: &str, more: &str) -> String {
    let second = r#"
        [[host]]
        name = "mx2.dst.example"
        roles = ["mx"]
        mta = "postfix"
    "#;
    let text = network("3h", mta, "1s", &format!("{second}{more}"));
    text.replace(
        r#"mx = [{ host = "mx.dst.example", preference = 10 }]"#,
        r#"mx = [{ host = "mx.dst.example", preference = 10 }, { host = "mx2.dst.example", preference = 20 }]"#,
    )
}

/// `retry.c`, `retry_update`: retry items of addresses that succeeded are recorded like others.
/// Without that the second message would try the first exchanger again at 2 min.
#[test]
fn a_host_is_left_alone_although_another_took_the_message() {
    let down = r#"
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "1h"
        mode = "refuse"
    "#;
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let more = [mail(1, "1m"), mail(2, "2m"), mail(3, "12m"), down.to_owned()].concat();
    let run = run(&two_exchangers(mta, &more));
    let to = |number: u32| run.to(&format!("user{number:05}@dst.example"));
    assert_eq!(tries(&run, to(1)), [60, 60], "the first host, then the second");
    assert_eq!(tries(&run, to(2)), [120], "the second alone, for the first is known to be down");
    assert_eq!(tries(&run, to(3)), [720, 720], "its retry time has come");
}

/// `transports/smtp.c`, `smtp_setup_conn`: a 5yz greeting is final at the last host of the list and
/// puts off elsewhere; the host is left alone for a while either way (recordings 03x and 03e).
#[test]
fn a_final_greeting_is_final_at_the_last_host_only() {
    let refusing = |host: &str| {
        format!(
            "[[outage]]\nhost = \"{host}\"\nfrom = \"0\"\nfor = \"1h\"\n\
             mode = \"permfail\"\nstage = \"greeting\"\n"
        )
    };
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let more = [mail(1, "1m"), mail(2, "2m"), refusing("mx.dst.example")].concat();
    let alone = run(&network("3h", mta, "1s", &more));
    let to = |number: u32| alone.to(&format!("user{number:05}@dst.example"));
    assert_eq!((tries(&alone, to(1)), to(1).end()), (vec![60], End::Failed));
    // The second waits for the host's retry time, at 11 min, and fails in the queue run after it.
    assert_eq!((tries(&alone, to(2)), to(2).end()), (vec![900], End::Failed));
    let more = [mail(1, "1m"), refusing("mx.dst.example")].concat();
    let first = run(&two_exchangers(mta, &more));
    assert_eq!(first.only().end(), End::Delivered);
    assert_eq!(tries(&first, first.only()), [60, 60]);
}

/// `retry.c`: where a record is renewed twice in one second, as that of a recipient whom two
/// exchangers put off, a rule G goes back to its first gap, for no time has passed since the try
/// before. With one exchanger the gaps double.
#[test]
fn two_hosts_that_put_a_recipient_off_keep_the_gap_short() {
    let refusing = |host: &str| {
        format!(
            "[[outage]]\nhost = \"{host}\"\nfrom = \"0\"\nfor = \"2h\"\n\
             mode = \"tempfail\"\nstage = \"rcpt\"\n"
        )
    };
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "G,4d,10m,2""#;
    let more = [mail(1, "1m"), refusing("mx.dst.example")].concat();
    let alone = run(&network("3h", mta, "1s", &more));
    assert_eq!(tries(&alone, alone.only()), [60, 900, 2100, 4500, 9300]);
    let both = [more, refusing("mx2.dst.example")].concat();
    let both = run(&two_exchangers(mta, &both));
    let mut rounds = tries(&both, both.only());
    rounds.dedup();
    assert_eq!(rounds[..5], [60, 900, 1500, 2100, 2700]);
}

/// `deliver.c`: the process that tries the fallback hosts inherits a recipient's retry items from the
/// hosts before and hands all of them over (`do_remote_deliveries`), and `par_read_pipe` adds them to
/// those that are there. So the record of the first host is renewed twice in one second, and a rule G
/// goes back to its first gap: the first host is tried every 10 min, while the gaps of the fallback
/// host, whose items come once, double. That holds where it is too early for the fallback host, too.
#[test]
fn what_failed_before_the_fallback_host_is_recorded_twice() {
    let refusing = |host: &str| {
        format!("[[outage]]\nhost = \"{host}\"\nfrom = \"0\"\nfor = \"2h\"\nmode = \"refuse\"\n")
    };
    let relay = r#"
        [[host]]
        name = "fb.src.example"
        roles = ["mx"]
        mta = "postfix"
    "#;
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "G,4d,10m,2""#;
    let outages = [refusing("mx.dst.example"), refusing("fb.src.example")].concat();
    let more = [mail(1, "1m"), relay.to_owned(), outages].concat();
    let text = network("3h", mta, "1s", &more).replace(
        r#"roles = ["submission", "mx", "store"]"#,
        r#"roles = ["submission", "mx", "store"]
        fallback_relay = "fb.src.example""#,
    );
    let run = run(&text);
    let (sender, story) = (run.host("a.src.example"), run.only());
    let at = |host: &str| -> Vec<u64> {
        let host = run.host(host);
        let tries = story.tries_of(sender);
        tries
            .iter()
            .filter(|fact| fact.to == Some(host))
            .map(|fact| fact.started.as_secs())
            .collect()
    };
    assert_eq!(at("mx.dst.example")[..5], [60, 900, 1500, 2100, 2700]);
    assert_eq!(at("fb.src.example"), [60, 900, 2100, 4500]);
}

/// `deliver.c`, `deliver_message`: recipients that were put off are tried at the fallback hosts when
/// all deliveries of the message are over, so one who was refused at once waits for the patience of
/// another's silent host, 90 s.
#[test]
fn fallback_hosts_wait_until_all_deliveries_of_a_message_are_over() {
    let more = r#"
        [[host]]
        name = "fb.src.example"
        roles = ["mx"]
        mta = "postfix"
        [[host]]
        name = "mx.silent.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[domain]]
        name = "silent.example"
        mx = [{ host = "mx.silent.example", preference = 10 }]
        mailboxes = { count = 1 }
        [[outage]]
        host = "mx.silent.example"
        from = "0"
        for = "1h"
        mode = "blackhole"
        [[mail]]
        from = "user00001@src.example"
        to = ["user00001@dst.example", "user00001@silent.example"]
        at = "1m"
        size = "2kB"
    "#;
    let mta = concat!(
        r#"queue_interval = "30m", run_phase = "0", tcp_fast_open = false, "#,
        r#"connect_timeout = "90s", retry_rule = "F,4d,10m""#,
    );
    let text = network("3h", mta, "1h", more).replace(
        r#"roles = ["submission", "mx", "store"]"#,
        r#"roles = ["submission", "mx", "store"]
        fallback_relay = "fb.src.example""#,
    );
    let run = run(&text);
    let (sender, fallback) = (run.host("a.src.example"), run.host("fb.src.example"));
    for recipient in ["user00001@dst.example", "user00001@silent.example"] {
        let tries = run.to(recipient).tries_of(sender);
        assert_eq!(tries[0].started.as_secs(), 60, "{recipient}");
        let at_fallback: Vec<u64> = tries
            .iter()
            .filter(|fact| fact.to == Some(fallback))
            .map(|fact| fact.started.as_secs())
            .collect();
        assert_eq!(at_fallback, [150], "{recipient}");
    }
}

/// The specification of Exim, "Retry rules" (`retry.c`, `retry_find_config`): the first line whose
/// pattern, error and senders fit counts. Wikimedia's `exim4.conf.mx` has a line for one sender.
#[test]
fn a_retry_line_may_be_for_some_failures_only() {
    let mta = |lines: &str| {
        format!(
            r#"queue_interval = "5m", run_phase = "0", delay_warning = "0s", retry_rule = "{lines}""#
        )
    };
    let given_up = |lines: &str, number: u32| {
        // Both come in the same second, so that neither finds the host given up.
        let mail = [mail(1, "0"), mail(2, "0")].concat();
        let run = run(&network("6d", &mta(lines), "6d", &mail));
        let story = run.to(&format!("user{number:05}@dst.example"));
        story.only_ending().at.as_secs()
    };
    let two = |line: &str| format!("{line} F,1h,5m\\n* * F,4h,5m");
    let (soon, late) = (3_600..4_200, 14_400..15_000);
    for (line, both) in [
        ("* *", true),
        ("dst.example *", true),
        ("*.dst.example refused", true),
        ("mx.dst.example refused_MX", true),
        ("src.example *", false),
        ("* refused_A", false),
        ("* timeout", false),
        ("user00001@dst.example *", false),
    ] {
        for number in [1, 2] {
            let at = given_up(&two(line), number);
            let expected = if both { &soon } else { &late };
            assert!(expected.contains(&at), "{line}: message {number} at {at} s");
        }
    }
}

/// Records of a recipient belong to one sender (`address_retry_include_sender`), so a line with
/// `senders=` gives up one sender's mail and leaves that of others alone.
#[test]
fn a_retry_line_may_be_for_some_senders_only() {
    let refusing = "[[outage]]\nhost = \"mx.dst.example\"\nfrom = \"0\"\nfor = \"6d\"\n\
                    mode = \"tempfail\"\nstage = \"rcpt\"\n";
    let lines = "* rcpt_4xx senders=user00001@src.example F,1h,5m\\n* * F,4h,5m";
    let mta = format!(
        r#"queue_interval = "5m", run_phase = "0", delay_warning = "0s", retry_rule = "{lines}""#
    );
    let more = [mail(1, "1m"), mail(2, "1m"), refusing.to_owned()].concat();
    let run = run(&network("1d", &mta, "1s", &more));
    let given_up = |number: u32| {
        let story = run.to(&format!("user{number:05}@dst.example"));
        story.only_ending().at.as_secs()
    };
    assert!((3_600..4_300).contains(&given_up(1)), "{} s", given_up(1));
    assert!((14_400..15_100).contains(&given_up(2)), "{} s", given_up(2));
}

/// `transports/smtp.c`, `smtp_reap_banner`: a client that opens its connection by TCP fast open waits
/// for it a second and then for the greeting. (Recorded: 14.0 s for each silent host, with a
/// `command_timeout` of 13 s and a `connect_timeout` of 6 s.)
#[test]
fn a_silent_host_costs_the_patience_for_a_greeting_and_a_second() {
    let silent = "[[outage]]\nhost = \"mx.dst.example\"\nfrom = \"0\"\nfor = \"1h\"\n\
                  mode = \"blackhole\"\n";
    for (fast_open, expected) in [(true, 14_000), (false, 6_000)] {
        let mta = format!(
            r#"queue_interval = "5m", run_phase = "0", connect_timeout = "6s",
               greeting_timeout = "13s", tcp_fast_open = {fast_open}"#
        );
        let mta = mta.replace('\n', " ");
        let run = run(&network("30m", &mta, "1s", &format!("{}{silent}", mail(1, "1m"))));
        let sender = run.host("a.src.example");
        let tries = run.only().tries_of(sender);
        let cost = tries[0].ended.since(tries[0].started);
        assert_eq!(cost.as_millis(), expected, "tcp_fast_open = {fast_open}");
    }
}

/// `transport.c`, `transport_check_waiting`: messages wait for a host, whatever their domain is, so
/// that a connection to it takes mail of another domain with other exchangers beside it.
#[test]
fn a_connection_goes_on_to_mail_of_another_domain_with_the_host() {
    let more = r#"
        [[domain]]
        name = "other.example"
        mx = [{ host = "mx.dst.example", preference = 10 }, { host = "mx2.dst.example", preference = 20 }]
        mailboxes = { count = 5 }
        [[outage]]
        host = "mx2.dst.example"
        from = "0"
        for = "3h"
        mode = "refuse"
        [[outage]]
        host = "mx.dst.example"
        from = "0"
        for = "1h"
        mode = "refuse"
        [[mail]]
        from = "user00002@src.example"
        to = ["user00002@other.example"]
        at = "2m"
        size = "2kB"
    "#;
    let mta = r#"queue_interval = "5m", run_phase = "0", retry_rule = "F,2h,10m; F,4d,1h""#;
    let run = run(&two_exchangers(mta, &format!("{}{more}", mail(1, "1m"))));
    let sender = run.host("a.src.example");
    let mut places: Vec<u32> = run
        .mail()
        .iter()
        .flat_map(|story| story.tries_of(sender))
        .filter(|fact| fact.outcome == AttemptOutcome::Accepted)
        .map(|fact| fact.transaction)
        .collect();
    places.sort_unstable();
    assert_eq!(places, [1, 2], "one connection takes both");
}

/// `smtp_deliver` in `src/transports/smtp.c`: the reply to QUIT is waited for, but not beyond a second,
/// before the next exchanger is tried.
#[test]
fn the_next_exchanger_waits_a_second_at_most_for_the_reply_to_quit() {
    let backup = r#"[{ host = "mx.dst.example", preference = 10 },
        { host = "backup.dst.example", preference = 20 }]"#;
    let waited = |delay: u64| {
        let more = format!(
            r#"
            [[host]]
            name = "backup.dst.example"
            roles = ["mx", "store"]
            mta = "sink"
            [[outage]]
            host = "mx.dst.example"
            from = "0"
            for = "1h"
            mode = "slow"
            delay = "{delay}ms"
            {}
            "#,
            mail(1, "0")
        );
        let text = network("1h", "", "1h", &more)
            .replace(r#"[{ host = "mx.dst.example", preference = 10 }]"#, backup)
            .replace(r#"mode = "refuse""#, "mode = \"tempfail\"\nstage = \"rcpt\"");
        let run = run(&text);
        let tries = run.only().tries_of(run.host("a.src.example"));
        assert_eq!((tries[0].stage, tries[0].outcome), (Stage::Rcpt, AttemptOutcome::Tempfail));
        assert_eq!(tries[1].outcome, AttemptOutcome::Accepted);
        // RCPT, and DATA in one group with it, are answered late as well.
        let replies = SimDuration::from_millis(2 * delay);
        (tries[1].started.since(tries[0].marks.mail) - replies).as_secs_f64()
    };
    let (patient, impatient) = (waited(500), waited(5_000));
    assert!((0.5..0.9).contains(&patient), "{patient} s");
    assert!((1.0..1.4).contains(&impatient), "{impatient} s");
}

#[test]
fn a_sender_is_told_of_a_delay_only_with_a_cause() {
    // `deliver.c`, before `delay_warning`: no warning if nothing says more than that no host was due
    // (`ERRNO_HRETRY`), as in the run half an hour after the first failure. That holds for what needs
    // several transactions of one transport as well.
    let to: Vec<String> = (1..=11).map(|number| format!("user{number:05}@dst.example")).collect();
    let mail = |count: usize| {
        format!(
            "[[mail]]\nfrom = \"user00001@src.example\"\nto = {:?}\nat = \"1s\"\n",
            &to[..count]
        )
    };
    for recipients in [1, 3, 11] {
        let mta = r#"queue_interval = "30m", run_phase = "10m", delay_warning = "15m",
            retry_rule = "F,4d,1h", max_rcpt = 3, remote_max_parallel = 2"#
            .replace('\n', " ");
        let run = run(&network("3h", &mta, "4d", &mail(recipients)));
        let told = run.stories.iter().find(|story| story.created.kind == MessageKind::DelayNotice);
        let told = told.map(|story| story.at.as_secs());
        assert_eq!(told, Some(70 * 60), "{recipients} recipients");
    }
}

#[test]
fn all_recipients_are_routed_before_the_first_delivery() {
    // `deliver_message` in `src/deliver.c`: one domain cannot be looked up, and the others wait for it.
    let to = |domains: &[&str]| {
        let to: Vec<String> = domains.iter().map(|domain| format!("user00001@{domain}")).collect();
        let more = format!(
            r#"
            [[host]]
            name = "mx.far.example"
            roles = ["mx", "store"]
            mta = "sink"
            [[domain]]
            name = "other.example"
            mx = [{{ host = "mx.far.example", preference = 10 }}]
            mailboxes = {{ count = 5 }}
            [[outage]]
            dns = "other.example"
            mode = "no_answer"
            [[mail]]
            from = "user00002@src.example"
            to = {to:?}
            at = "1m"
            size = "2kB"
            "#
        );
        let text = network("30m", "", "10s", &more);
        let run = run(&text);
        let sender = run.host("a.src.example");
        let accepted = |story: &&Story| {
            story.tries_of(sender).iter().any(|fact| fact.outcome == AttemptOutcome::Accepted)
        };
        let mail = run.mail();
        let story = mail.iter().copied().find(accepted).expect("one is taken");
        story.only_ending().at.as_secs_f64() - 60.0
    };
    let alone = to(&["dst.example"]);
    assert!(alone < 1.0, "{alone} s");
    // The resolver waits 5 s, and 5 s again.
    let together = to(&["dst.example", "other.example"]);
    assert!((10.0..11.0).contains(&together), "{together} s");
}

#[test]
fn a_queue_run_in_the_second_in_which_a_host_is_due_tries_it() {
    // `retry_check_address` compares whole seconds: `now < next_try` waits.
    let mta = r#"queue_interval = "10m", run_phase = "0", retry_rule = "F,4d,10m""#;
    let run = run(&network("59m", mta, "4d", &mail(1, "1m")));
    assert_eq!(tries(&run, run.only()), [60, 1200, 1800, 2400, 3000]);
}
