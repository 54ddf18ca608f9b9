//! Notices and what they say (RFC 5321 §4.4, §4.5.5, §6.1; RFC 3461, 3463, 3464): the rules BNC, DSN
//! and ESC.

use mailsim::mail::{AttemptOutcome, MessageKind, Status};
use mailsim::scenario::{Source, load};
use mailsim::trace::FinalOutcome;
use mailsim::units::Octets;

use crate::common::{End, Run, run};
use crate::network::{BOB, PRIMARY_AND_BACKUP, network, one_exchanger, outage, to_deviating};

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

/// RFC 5321 §6.1: to the reverse path of the envelope, whoever handed the message in.
#[test]
fn rfc_bnc_02_a_notice_goes_to_the_reverse_path() {
    let rest = one_exchanger("")
        + "[[domain]]\nname = \"c.example\"\nmx = [\"mx.b.example\"]\nmailboxes = [\"chris\"]\n";
    let text = network("1h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &rest)
        .replace("from = \"alice@a.example\"", "from = \"chris@c.example\"")
        .replace("at = [", "submit = { server = \"out.a.example\" }\nat = [");
    let run = run(&text);
    let notice = run.of_kind(MessageKind::FailureNotice)[0];
    assert_eq!(notice.created.mailbox.domain, run.domain("c.example"));
    assert_eq!(notice.only_ending().host, run.host("mx.b.example"));
}

/// RFC 5321 §4.5.5: people's mail has a reverse path, and somebody is there.
#[test]
fn rfc_bnc_05_ordinary_mail_has_a_sender() {
    let rest = one_exchanger("")
        + "[[mail]]\nfrom = { domain = \"b.example\" }\nto = { domain = \"b.example\" }\n\
           arrivals = { poisson = \"60/h\" }\n";
    let run = run(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    assert!(run.mail().len() > 100);
    for story in run.mail() {
        let sender = story.created.sender.expect("a reverse path");
        assert!(run.scenario.domains[sender.domain.index()].has_mailbox(sender.local));
    }
}

/// RFC 5321 §3.6.2, §4.2.5: who is refused makes the notice, the client of the session.
#[test]
fn rfc_bnc_07_the_client_reports_a_refusal() {
    let rest =
        PRIMARY_AND_BACKUP.replace("\"mx1.b.example\"\n", "\"mx1.b.example\"\nmta = \"sink\"\n");
    let run = run(&network("1h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &rest));
    let notice = run.of_kind(MessageKind::FailureNotice)[0];
    assert_eq!(notice.created.host, run.host("out.a.example"));
    assert_eq!(run.only().only_ending().host, run.host("out.a.example"));
}

/// A message that is late after an hour and given up after six, with these wishes.
fn asked_for(notify: &str) -> Run {
    let mta =
        "{ profile = \"postfix\", delay_warning_time = \"1h\", maximal_queue_lifetime = \"6h\" }";
    let rest = one_exchanger("") + &outage("mx.b.example", "\"refuse\"", "0s", "1d");
    run(&network("12h", mta, BOB, "\"0s\"", &format!("size = \"30kB\"\n{notify}\n{rest}")))
}

fn notices(run: &Run) -> (usize, usize) {
    (run.of_kind(MessageKind::DelayNotice).len(), run.failure_notices())
}

/// RFC 3461 §4.1, §5.2.5, §5.2.6, read there: NEVER means never.
#[test]
fn rfc_dsn_01_never_means_no_notice_at_all() {
    let run = asked_for("notify = \"never\"");
    assert_eq!((run.only().end(), notices(&run)), (End::Failed, (0, 0)));
    let text = network("1h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &one_exchanger(""));
    for (notify, expected) in [("notify = \"never\"", 0), ("", 1)] {
        let run = crate::common::run(&text.replace("at = [", &format!("{notify}\nat = [")));
        assert_eq!((run.only().end(), run.failure_notices()), (End::Failed, expected));
    }
}

/// RFC 3461 §4.1, read there: FAILURE and DELAY each alone, both, and none. Without the parameter a
/// server may take both as asked for.
#[test]
fn rfc_dsn_02_failure_and_delay_are_told_apart() {
    for (notify, expected) in [
        ("", (1, 1)),
        ("notify = [\"failure\", \"delay\"]", (1, 1)),
        ("notify = [\"failure\"]", (0, 1)),
        ("notify = [\"delay\"]", (1, 0)),
        ("notify = []", (0, 0)),
    ] {
        assert_eq!(notices(&asked_for(notify)), expected, "{notify}");
    }
}

/// RFC 3461 §4.3, read there: RET=HDRS returns the header alone; a notice of delay never more.
#[test]
fn rfc_dsn_06_headers_only_or_the_whole_message() {
    let sizes = |returns: &str| {
        let run = asked_for(returns);
        let size = |kind| run.of_kind(kind)[0].created.size;
        (size(MessageKind::FailureNotice), size(MessageKind::DelayNotice))
    };
    let (full, headers) = (sizes("returns = \"full\""), sizes("returns = \"headers\""));
    assert_eq!(full, sizes(""));
    assert_eq!(full.1, headers.1);
    // The message of 30 kB against a header of one or two.
    assert!(full.0 >= Octets(30_000) && headers.0 < Octets(5_000), "{full:?} {headers:?}");
    assert_eq!(headers.0, headers.1);
}

/// RFC 3464 §2.3.3: what a notice says was done is one of five words.
#[test]
fn rfc_dsn_07_a_notice_says_what_was_done() {
    let run = asked_for("");
    let actions: Vec<_> =
        run.stories.iter().filter_map(|story| story.created.kind.dsn_action()).collect();
    assert_eq!(actions, ["delayed", "failed"]);
    assert_eq!(MessageKind::Mail.dsn_action(), None);
}

/// RFC 3464 §2.3.4 and RFC 3463 §3: a status for each cause; 5 where the message was refused, and
/// 4.4.7 where its time was over.
#[test]
fn rfc_dsn_08_each_cause_has_its_status() {
    let ended = |run: Run| run.to("bob@b.example").only_ending().status;
    for (mode, expected) in [
        ("\"permfail\"\nstage = \"rcpt\"\nreply = \"550 5.2.1\"", Status::new(5, 2, 1)),
        ("\"permfail\"\nstage = \"dot\"\nreply = \"554 5.6.0\"", Status::new(5, 6, 0)),
        ("\"permfail\"\nstage = \"mail\"\nreply = \"550\"", Status::new(5, 0, 0)),
    ] {
        assert_eq!(ended(to_deviating(mode)), expected, "{mode}");
    }
    for mode in ["\"refuse\"", "\"tempfail\"\nstage = \"rcpt\""] {
        let rest = one_exchanger("") + &outage("mx.b.example", mode, "0s", "10d");
        let run = run(&network("6d", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        assert_eq!((run.only().end(), ended(run)), (End::Failed, Status::EXPIRED), "{mode}");
    }
    // Postfix says why the last attempt failed, with its class as it was.
    let status = asked_for("").only().only_ending().status;
    assert_eq!(status, Status::NO_ANSWER);
}

/// RFC 3464 §2.2.2, §2.3.5: the notice comes from the server that gave up, and what it says of the
/// other is what that server answered.
#[test]
fn rfc_dsn_10_who_reports_and_who_refused() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "0s", "10m");
    let run = run(&network("6h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &rest));
    let (story, backup) = (run.only(), run.host("mx2.b.example"));
    let notice = run.of_kind(MessageKind::FailureNotice)[0];
    assert_eq!((notice.created.host, story.only_ending().host), (backup, backup));
    let refusal = story.tries_of(backup).pop().expect("the backup tried");
    assert_eq!(refusal.outcome, AttemptOutcome::Permfail);
    assert_eq!(refusal.to, Some(run.host("mx1.b.example")));
    assert_eq!(story.only_ending().status, refusal.status);
    assert_eq!(notice.created.about, Some(story.created.key));
}

/// RFC 3463 §2: the class of a status is the first digit of the reply that carries it.
#[test]
fn rfc_esc_03_status_and_reply_agree() {
    let modes = [
        "\"disk_full\"",
        "\"tempfail\"\nstage = \"dot\"",
        "\"permfail\"\nstage = \"data\"",
        "\"greylist\"",
        "\"session_limit\"\nlimit = 0",
    ];
    let mut seen = 0;
    for mode in modes {
        let run = to_deviating(mode);
        for fact in run.stories.iter().flat_map(|story| &story.attempts) {
            if let Some(reply) = fact.reply {
                assert_eq!(u16::from(reply.status.class), reply.code / 100, "{fact:#?}");
                assert_eq!(reply.status, fact.status);
                seen += 1;
            }
        }
        for ending in run.stories.iter().flat_map(|story| &story.endings) {
            let expected = if ending.outcome == FinalOutcome::Delivered { [2, 2] } else { [4, 5] };
            assert!(expected.contains(&ending.status.class), "{ending:?}");
        }
    }
    assert!(seen > 10);
    // Nobody can ask for a pair that disagrees.
    let bad = "\"tempfail\"\nstage = \"rcpt\"\nreply = \"450 5.1.1\"";
    let text = network(
        "1h",
        "\"rfc5321\"",
        BOB,
        "\"0s\"",
        &(one_exchanger("") + &outage("mx.b.example", bad, "0s", "1h")),
    );
    let nothing = |name: &str| Err(format!("{name}: no files"));
    assert!(load(&Source { file: "bad.toml", text: &text, read_file: &nothing }, &[]).is_err());
}
