//! Sendmail: the schedule of a destination that stays down, and what a reader of its source would
//! look for. Figures are from `sendmail/queue.c`, `mci.c`, `deliver.c` and `envelope.c` of 8.17.1.

mod common;

use mailsim::mail::{AttemptOutcome, MessageKind, Stage, Status};
use mailsim::trace::AttemptFact;

use common::Run;

const DAY: u64 = 86_400;

/// `out.a.example` runs Sendmail with `settings` and sends to `mx1.b.example` (preference 10) and
/// `mx2.b.example` (20), over a network without latency.
fn network(duration: &str, settings: &str, more: &str) -> Run {
    common::run(&format!(
        r#"
        title = "Sendmail and two exchangers"
        seed = 3
        duration = "{duration}"
        [defaults]
        latency = "0ms"
        resolver = {{ latency = "0ms" }}
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        mta = {{ profile = "sendmail", {settings} }}
        [[host]]
        name = "mx1.b.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[host]]
        name = "mx2.b.example"
        roles = ["mx", "store"]
        mta = "sink"
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice"]
        [[domain]]
        name = "b.example"
        mx = [{{ host = "mx1.b.example", preference = 10 }}]
        mailboxes = {{ count = 200 }}
        {more}
        "#
    ))
}

/// A message from Alice a tenth of a second after the start, so that whole seconds count from zero.
const MESSAGE: &str = r#"
[[mail]]
from = "alice@a.example"
to = "user00001@b.example"
size = "1B"
submit = { port = 25 }
at = "100ms"
"#;

/// The exchanger refuses connections for ever.
const DOWN: &str = "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"refuse\"\nfrom = \"0s\"\n";

/// Returns the whole seconds at which the one message was tried.
fn schedule(duration: &str, settings: &str) -> (Run, Vec<u64>) {
    let settings = format!("run_phase = \"0s\", {settings}");
    let run = network(duration, &settings, &format!("{MESSAGE}{DOWN}"));
    let tries = run.only().tries_of(run.host("out.a.example"));
    let times = tries.iter().map(|attempt| attempt.started.as_secs()).collect();
    (run, times)
}

#[test]
fn every_queue_run_tries_everything_for_five_days() {
    for (interval, seconds, attempts) in [("30m", 1800, 241), ("1h", 3600, 121), ("10m", 600, 721)]
    {
        let (run, times) = schedule("6d", &format!("queue_interval = \"{interval}\""));
        let expected: Vec<u64> = (0..attempts).map(|number| number * seconds).collect();
        assert_eq!(times, expected, "queue runs every {interval}");
        let ending = run.only().only_ending();
        assert_eq!(ending.at.as_secs(), 5 * DAY, "{interval}");
        assert_eq!(ending.status, Status::EXPIRED);
        assert_eq!(run.failure_notices(), 1);
    }
}

#[test]
fn the_sender_is_warned_once_by_the_first_run_after_four_hours() {
    let (run, _) = schedule("1d", "queue_interval = \"50m\"");
    let warnings = run.of_kind(MessageKind::DelayNotice);
    let at: Vec<u64> = warnings.iter().map(|notice| notice.at.as_secs()).collect();
    // 4 h lie between the runs at 12,000 and at 15,000 s.
    assert_eq!(at, [15_000]);
}

#[test]
fn a_minimum_age_skips_the_runs_within_it() {
    let settings = "queue_interval = \"10m\", confMIN_QUEUE_AGE = \"25m\"";
    let (_, times) = schedule("3h", settings);
    assert_eq!(times, [0, 1800, 3600, 5400, 7200, 9000]);
}

#[test]
fn a_maximum_age_makes_waits_double_up_to_it() {
    let settings = "queue_interval = \"5m\", confMAX_QUEUE_AGE = \"1h\"";
    let (_, times) = schedule("5h", settings);
    // As old as it was at the last try: 300 + 300, 600 + 600 ... until an hour is the most.
    assert_eq!(times, [0, 300, 600, 1200, 2400, 4800, 8400, 12_000, 15_600]);
}

/// Twenty messages to the one domain.
const BURST: &str = r#"
[[mail]]
from = "alice@a.example"
to = "user00001@b.example"
size = "1B"
submit = { port = 25 }
arrivals = { burst = 20 }
start = "1s"
"#;

fn all_tries(run: &Run) -> Vec<AttemptFact> {
    let mut tries: Vec<_> = run.mail().iter().flat_map(|story| story.attempts.clone()).collect();
    tries.retain(|attempt| attempt.from == run.host("out.a.example"));
    tries
}

#[test]
fn one_failure_spares_the_rest_of_a_run_the_same() {
    let outage = "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"refuse\"\nfor = \"35m\"\n";
    let settings = "queue_interval = \"10m\", run_phase = \"5m\"";
    let run = network("1h", settings, &format!("{BURST}{outage}"));
    let tries = all_tries(&run);
    let count = |outcome, from, to| {
        let within = |attempt: &&AttemptFact| (from..to).contains(&attempt.started.as_secs());
        tries.iter().filter(within).filter(|attempt| attempt.outcome == outcome).count()
    };
    // Each message has a first process, which knows nothing of the others.
    assert_eq!(count(AttemptOutcome::Refused, 0, 300), 20);
    // Then there are runs after 5, 15 and 25 minutes, with one connection each.
    assert_eq!(count(AttemptOutcome::Refused, 300, 2100), 3);
    assert_eq!(count(AttemptOutcome::Suspended, 300, 2100), 3 * 19);
    // The run after 35 minutes sends all over one connection.
    let mut ordinals: Vec<u32> = tries
        .iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::Accepted)
        .map(|attempt| attempt.transaction)
        .collect();
    ordinals.sort_unstable();
    assert_eq!(ordinals, (1..=20).collect::<Vec<u32>>());
}

#[test]
fn a_run_works_through_its_jobs_one_after_the_other_and_is_overtaken() {
    // Twenty domains that do not answer: a run needs 20 connect time-outs of a minute each, while
    // the next run begins every ten minutes and takes what the others have not locked.
    let mut more = String::new();
    for number in 1..=20 {
        more += &format!(
            "[[host]]\nname = \"h{number}.example\"\nroles = [\"mx\", \"store\"]\nmta = \"sink\"\n\
             [[domain]]\nname = \"d{number}.example\"\nmx = [\"h{number}.example\"]\n\
             mailboxes = [\"bob\"]\n\
             [[mail]]\nfrom = \"alice@a.example\"\nto = \"bob@d{number}.example\"\n\
             size = \"1B\"\nsubmit = {{ port = 25 }}\nat = \"1s\"\n\
             [[outage]]\nhost = \"h{number}.example\"\nmode = \"blackhole\"\n"
        );
    }
    let settings = "queue_interval = \"10m\", run_phase = \"10m\", connect_timeout = \"1m\"";
    let run = network("1h", settings, &more);
    let tries = all_tries(&run);
    let under_way = |second: u64| {
        let at = common::at(second);
        tries.iter().filter(|attempt| attempt.started <= at && at < attempt.ended).count()
    };
    assert_eq!(under_way(30), 20, "each message has a process of its own");
    assert_eq!(under_way(15 * 60 + 30), 1, "the first run");
    assert_eq!(under_way(25 * 60 + 30), 2, "the first run and the second");
    let first: Vec<u64> = tries.iter().map(|attempt| attempt.started.as_secs() / 60).collect();
    assert!((10..30).all(|minute| first.contains(&minute)), "{first:?}");
}

/// A second exchanger takes what the first does not.
const BACKUP: &str = r#"
[[domain]]
name = "c.example"
store = "mx1.b.example"
mx = [
    { host = "mx1.b.example", preference = 10 },
    { host = "mx2.b.example", preference = 20 },
]
mailboxes = ["carol"]
[[mail]]
from = "alice@a.example"
to = "carol@c.example"
size = "1B"
submit = { port = 25 }
at = "1s"
"#;

/// Returns the outcomes of the first minute's tries if mx1 answers `code` at `stage`.
fn answered(stage: &str, code: &str, backup_up: bool) -> Vec<AttemptOutcome> {
    let mode = if code.starts_with('4') { "tempfail" } else { "permfail" };
    let mut more = format!(
        "{BACKUP}[[outage]]\nhost = \"mx1.b.example\"\nmode = \"{mode}\"\nstage = \"{stage}\"\n"
    );
    if !backup_up {
        more += "[[outage]]\nhost = \"mx2.b.example\"\nmode = \"refuse\"\n";
    }
    let run = network("1m", "run_phase = \"5m\"", &more);
    run.only().tries_of(run.host("out.a.example")).iter().map(|attempt| attempt.outcome).collect()
}

#[test]
fn a_refusal_leads_to_the_next_exchanger_unless_it_is_final() {
    use AttemptOutcome::{Accepted, Permfail, Refused, Tempfail};
    for stage in ["greeting", "ehlo", "mail", "rcpt", "data", "dot"] {
        assert_eq!(answered(stage, "451", true), [Tempfail, Accepted], "451 at {stage}");
    }
    for stage in ["mail", "rcpt", "dot"] {
        assert_eq!(answered(stage, "550", true), [Permfail], "550 at {stage}");
    }
    // `smtpinit`: no welcome, but the next exchanger is tried, and the last decides.
    for stage in ["greeting", "ehlo"] {
        assert_eq!(answered(stage, "550", true), [Permfail, Accepted], "550 at {stage}");
        assert_eq!(answered(stage, "550", false), [Permfail, Refused], "550 at {stage}");
    }
}

#[test]
fn recipients_go_in_transactions_of_a_hundred_over_one_connection() {
    let to: Vec<String> = (1..=120).map(|n| format!("\"user{n:05}@b.example\"")).collect();
    let mail = format!(
        "[[mail]]\nfrom = \"alice@a.example\"\nto = [{}]\nsize = \"1B\"\n\
         submit = {{ port = 25 }}\nat = \"1s\"\n",
        to.join(", ")
    );
    let run = network("1m", "run_phase = \"5m\"", &mail);
    let tries = all_tries(&run);
    let of =
        |transaction| tries.iter().filter(|attempt| attempt.transaction == transaction).count();
    assert_eq!((of(1), of(2), tries.len()), (100, 20, 120));
}

#[test]
fn what_has_come_too_far_is_returned_by_the_next_run() {
    // Two servers that send mail for far.example to each other.
    let run = common::run(
        r#"
        title = "A loop"
        duration = "10m"
        allow_loops = true
        [defaults]
        latency = "0ms"
        resolver = { latency = "0ms" }
        [[host]]
        name = "out.a.example"
        roles = ["relay", "mx", "store"]
        mta = { profile = "sendmail", run_phase = "4m" }
        routes = { "far.example" = "mx.b.example" }
        [[host]]
        name = "mx.b.example"
        roles = ["relay", "mx"]
        mta = { profile = "sendmail", run_phase = "3m" }
        routes = { "far.example" = "out.a.example" }
        [[host]]
        name = "imap.far.example"
        roles = ["store"]
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = ["alice"]
        [[domain]]
        name = "far.example"
        mx = ["mx.b.example"]
        store = "imap.far.example"
        mailboxes = ["dave"]
        [[mail]]
        from = "alice@a.example"
        to = "dave@far.example"
        size = "1B"
        submit = { port = 25 }
        at = "1s"
        "#,
    );
    // Submitted with one Received field; the 26th is one too many, and mx.b.example writes it.
    let story = run.only();
    assert_eq!(story.attempts.len(), 26, "one submission, and 25 transactions that are accepted");
    let ending = story.only_ending();
    assert_eq!((ending.received_fields, ending.status), (26, Status::ROUTING_LOOP));
    assert_eq!((ending.host, ending.at.as_secs()), (run.host("mx.b.example"), 180));
}

#[test]
fn a_look_up_without_answer_is_not_repeated_within_a_run() {
    let failure = "[[outage]]\ndns = \"b.example\"\nmode = \"no_answer\"\n";
    let settings = "run_phase = \"5m\"";
    let run = network("6m", settings, &format!("{BURST}{failure}"));
    let later: Vec<AttemptFact> =
        all_tries(&run).into_iter().filter(|attempt| attempt.started.as_secs() >= 300).collect();
    let looked_up = later.iter().filter(|attempt| attempt.stage == Stage::Dns).count();
    let spared = later.iter().filter(|a| a.outcome == AttemptOutcome::Suspended).count();
    assert_eq!((looked_up, spared), (1, 19));
}

#[test]
fn the_client_groups_recipients_and_data_but_not_mail() {
    // `deliver` in deliver.c. Round trips of 100 ms: TCP, greeting, EHLO, MAIL, RCPT with DATA, the
    // message until it is acknowledged, 40 ms late, and the dot.
    let link = "[[link]]\nbetween = [\"out.a.example\", \"mx1.b.example\"]\nlatency = \"50ms\"\n\
                bandwidth = \"1Gbit/s\"\n";
    let run = network("1m", "run_phase = \"5m\"", &format!("{MESSAGE}{link}"));
    let tries = run.only().tries_of(run.host("out.a.example"));
    let length = tries[0].ended.since(tries[0].started).as_secs_f64();
    assert!((0.74..0.75).contains(&length), "{length} s");
}

#[test]
fn the_dot_waits_for_the_acknowledgement_unless_the_server_was_slow_to_ask_for_the_message() {
    // Asked of Linux 6.18: a message that follows a reply within 40 ms is acknowledged 40 ms late. The
    // acknowledgement of a command that is answered later than that goes by itself, and the next
    // ones at once. RCPT and DATA come together: it is the first reply that counts.
    let length = |slow: &str| {
        let slow = match slow {
            "" => String::new(),
            stage => format!(
                "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"slow\"\nstage = \"{stage}\"\n\
                 delay = \"100ms\"\n"
            ),
        };
        let run = network("1m", "run_phase = \"5m\"", &format!("{MESSAGE}{slow}"));
        let tries = run.only().tries_of(run.host("out.a.example"));
        tries[0].ended.since(tries[0].started).as_secs_f64()
    };
    let near = |slow: &str, expected: f64| {
        let length = length(slow);
        assert!((expected..expected + 0.006).contains(&length), "{slow}: {length} s");
    };
    near("", 0.040);
    near("mail", 0.140);
    near("rcpt", 0.100);
    near("data", 0.140);
}

#[test]
fn whom_nobody_was_taken_from_is_reset_before_the_next_job() {
    // Every reply takes a second: the greeting, EHLO, MAIL, RCPT, DATA with it (554), RSET.
    let late = "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"slow\"\ndelay = \"1s\"\n\
                [[outage]]\nhost = \"mx1.b.example\"\nmode = \"tempfail\"\nstage = \"rcpt\"\n";
    let run = network("6m", "run_phase = \"5m\"", &format!("{MESSAGE}{MESSAGE}{late}"));
    let mut of_run: Vec<AttemptFact> =
        all_tries(&run).into_iter().filter(|attempt| attempt.started.as_secs() >= 300).collect();
    of_run.sort_by_key(|attempt| attempt.started);
    let waits = of_run[1].started.since(of_run[0].marks.rcpt).as_secs_f64();
    assert!((waits - 2.0).abs() < 0.01, "{waits} s");
}

#[test]
fn a_message_is_as_old_as_its_first_recipient() {
    // `initsys` in `srvrsmtp.c`: the server takes five seconds for the dot, during which it ages.
    let slow = "[[outage]]\nhost = \"out.a.example\"\nmode = \"slow\"\nstage = \"dot\"\n\
                delay = \"5s\"\n";
    let settings = "run_phase = \"0s\", queue_interval = \"1s\", confTO_QUEUEWARN = \"10s\"";
    let run = network("1m", settings, &format!("{MESSAGE}{DOWN}{slow}"));
    let told = run.stories.iter().find(|story| story.created.kind == MessageKind::DelayNotice);
    assert_eq!(told.map(|story| story.at.as_secs()), Some(10));
}

/// Two more domains: c.example has the exchangers of b.example and a worse one, d.example has that
/// one alone.
const DOMAINS: &str = r#"
[[domain]]
name = "c.example"
store = "mx1.b.example"
mx = [
    { host = "mx1.b.example", preference = 10 },
    { host = "mx2.b.example", preference = 20 },
]
mailboxes = ["carol"]
[[domain]]
name = "d.example"
mx = [{ host = "mx2.b.example", preference = 10 }]
mailboxes = ["dave"]
"#;

/// Returns a message to these addresses after a second.
fn mail_to(addresses: &[&str]) -> String {
    let to: Vec<String> = addresses.iter().map(|to| format!("\"{to}\"")).collect();
    format!(
        "[[mail]]\nfrom = \"alice@a.example\"\nto = [{}]\nsize = \"1B\"\n\
         submit = {{ port = 25 }}\nat = \"1s\"\n",
        to.join(", ")
    )
}

#[test]
fn a_queue_run_looks_up_all_domains_before_it_delivers() {
    // b.example is down for four minutes; the names of the two others cannot be looked up. Before
    // the first try recipients stand in order of their domains, and where those of the first end is
    // found out by looking up the second. A queue run sorts by what it has looked up: all.
    let more = format!(
        "{DOMAINS}{}{}{}{}",
        mail_to(&["user00001@b.example", "carol@c.example", "dave@d.example"]),
        "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"refuse\"\nfor = \"4m\"\n",
        "[[outage]]\ndns = \"c.example\"\nmode = \"no_answer\"\n",
        "[[outage]]\ndns = \"d.example\"\nmode = \"no_answer\"\n"
    );
    let run = network("8m", "run_phase = \"5m\"", &more);
    let tries = all_tries(&run);
    let of = |outcome| {
        let mut of = tries.iter().filter(|attempt| attempt.outcome == outcome);
        of.next().expect("there is one").started.as_secs_f64()
    };
    let patience = of(AttemptOutcome::Refused) - 1.0;
    assert!(patience > 1.0, "one look-up takes {patience} s");
    let of_run = of(AttemptOutcome::Accepted) - 300.0;
    assert!((of_run - 2.0 * patience).abs() < 0.01, "{of_run} s for two, {patience} s for one");
}

#[test]
fn who_shares_the_best_exchangers_shares_the_transaction_and_its_failure() {
    let addresses = ["user00001@b.example", "carol@c.example", "dave@d.example"];
    let transactions = |more: &str| {
        let run =
            network("1m", "run_phase = \"5m\"", &format!("{DOMAINS}{}{more}", mail_to(&addresses)));
        let mut tries: Vec<(u64, AttemptOutcome)> =
            all_tries(&run).iter().map(|attempt| (attempt.delivery, attempt.outcome)).collect();
        tries.sort_unstable_by_key(|&(delivery, _)| delivery);
        let mut grouped: Vec<Vec<AttemptOutcome>> = Vec::new();
        for group in tries.chunk_by(|a, b| a.0 == b.0) {
            grouped.push(group.iter().map(|&(_, outcome)| outcome).collect());
        }
        grouped
    };
    use AttemptOutcome::{Accepted, Refused};
    assert_eq!(transactions(""), [vec![Accepted; 2], vec![Accepted]]);
    // `tochain` in `deliver`: the exchangers are those of the first recipient. The other rode on its
    // coat-tails and has to wait, though its second exchanger is up.
    let down = "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"refuse\"\n";
    assert_eq!(transactions(down), [vec![Refused; 2], vec![Accepted]]);
}

#[test]
fn at_the_limit_of_recipients_the_second_exchanger_gets_some_of_them_only() {
    // deliver.c:1770-1783 and 2291-2306: the first transaction is for 1, 2 and 3; at the second
    // exchanger it is for 4 alone, who ended the list. The next begins with 2 and ends with 6, and
    // the last is for 3, 5 and 7, with whom the list ends by itself. 1 and 2 wait for the next run,
    // which sorts the other way round.
    let to: Vec<String> = (1..=7).map(|number| format!("user{number:05}@e.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let more = format!(
        "[[domain]]\nname = \"e.example\"\nstore = \"mx1.b.example\"\n\
         mx = [{{ host = \"mx1.b.example\", preference = 10 }},\n\
         {{ host = \"mx2.b.example\", preference = 20 }}]\nmailboxes = {{ count = 10 }}\n\
         {}[[outage]]\nhost = \"mx1.b.example\"\nmode = \"refuse\"\n",
        mail_to(&to)
    );
    let run = network("9m", "SMTP_MAILER_MAXRCPTS = 3, run_phase = \"5m\"", &more);
    let mut accepted: Vec<(u32, u64)> = all_tries(&run)
        .iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::Accepted)
        .map(|attempt| (attempt.recipients, attempt.started.as_secs()))
        .collect();
    accepted.sort_unstable_by_key(|&(recipients, at)| (at, recipients));
    assert_eq!(accepted, [(1, 1), (1, 1), (3, 1), (3, 1), (3, 1), (2, 300), (2, 300)]);
}

#[test]
fn a_crash_sends_again_what_is_not_written_down() {
    // b.example takes the message at once; d.example's exchanger does not answer for a minute.
    let copies = |crash: &str| {
        let more = format!(
            "{DOMAINS}{}{}[[outage]]\nhost = \"out.a.example\"\nmode = \"crash\"\n\
             from = \"{crash}\"\nfor = \"10s\"\n",
            mail_to(&["user00001@b.example", "dave@d.example"]),
            "[[outage]]\nhost = \"mx2.b.example\"\nmode = \"blackhole\"\n"
        );
        let run = network("8m", "run_phase = \"5m\", connect_timeout = \"1m\"", &more);
        let mx1 = run.host("mx1.b.example");
        all_tries(&run).iter().filter(|attempt| attempt.to == Some(mx1)).count()
    };
    assert_eq!(copies("30s"), 2, "in the middle of the message");
    assert_eq!(copies("90s"), 1, "after it");
}

#[test]
fn what_was_handed_over_in_an_earlier_run_stays_handed_over() {
    // One of five recipients has the message at once; the others wait for three queue runs, after
    // each of which the message is written down again.
    let more = format!(
        "{DOMAINS}[[domain]]\nname = \"f.example\"\nmx = [\"mx2.b.example\"]\n\
         mailboxes = {{ count = 4 }}\n{}[[outage]]\nhost = \"mx2.b.example\"\n\
         mode = \"refuse\"\nfor = \"12m\"\n",
        mail_to(&[
            "user00001@b.example",
            "user00001@f.example",
            "user00002@f.example",
            "user00003@f.example",
            "user00004@f.example",
        ])
    );
    let run = network("30m", "run_phase = \"5m\", queue_interval = \"5m\"", &more);
    let of_mail = run.stories.iter().filter(|story| story.created.kind == MessageKind::Mail);
    let mut delivered: Vec<u64> = of_mail
        .map(|story| {
            assert!(story.closed, "nobody holds it any more");
            story.only_ending().at.as_secs()
        })
        .collect();
    delivered.sort_unstable();
    assert_eq!(delivered, [1, 900, 900, 900, 900]);
}

#[test]
fn a_message_put_off_at_the_dot_tells_of_the_host_only_when_the_connection_is_closed() {
    let outage = "[[outage]]\nhost = \"mx1.b.example\"\nmode = \"tempfail\"\nstage = \"dot\"\n";
    let tried = |cache: u32| {
        let settings = format!("run_phase = \"5m\", confMCI_CACHE_SIZE = {cache}");
        let run = network("6m", &settings, &format!("{BURST}{outage}"));
        let tries = all_tries(&run);
        let later = tries.iter().filter(|attempt| attempt.started.as_secs() >= 300);
        later.filter(|attempt| attempt.stage == Stage::Dot).count()
    };
    assert_eq!((tried(0), tried(1)), (1, 20));
}
