//! The patience of clients and servers (RFC 5321 §4.5.3.2): the rules TMO.

use mailsim::mail::{AttemptOutcome, Stage};
use mailsim::trace::AttemptFact;

use crate::common::{End, Run, run, secs};
use crate::network::{BOB, first_try, network, one_exchanger, outage, plain, to_deviating, tries};

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

/// RFC 5321 §4.5.3.2.2 and .3: five minutes for MAIL, and five for each RCPT.
#[test]
fn rfc_tmo_03_mail_and_rcpt_five_minutes_each() {
    for (stage, before) in [("mail", Stage::Mail), ("rcpt", Stage::Rcpt)] {
        let run = to_deviating(&format!("\"hang\"\nstage = \"{stage}\""));
        let fact: AttemptFact = first_try(&run);
        assert_eq!((fact.stage, fact.outcome), (before, AttemptOutcome::Timeout));
        // In a group, each reply has its time from the one before.
        let since = if stage == "mail" { fact.marks.ehlo } else { fact.marks.mail };
        assert_eq!(fact.ended - since, secs(300));
    }
    // A server that takes 299 s over each of them is not given up.
    let late = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\ndelay = \"299s\"\n";
    let (to, rest) = ("\"bob@b.example\", \"carol@b.example\"", one_exchanger("") + late);
    let patient = plain("client_pipelining = false, data_timeout = \"10m\"");
    let run = run(&network("6h", &patient, to, "\"0s\"", &rest));
    for story in run.mail() {
        let fact = story.tries_of(run.host("out.a.example"))[0];
        assert_eq!(fact.outcome, AttemptOutcome::Accepted);
        assert!(fact.marks.rcpt - fact.marks.mail > secs(2 * 299));
    }
}

/// A message that takes 100 s, whose link is cut after 50 s for `cut`.
fn stalled(cut: u64) -> Run {
    let link = "[[link]]\nname = \"line\"\nbetween = [\"out.a.example\", \"mx.b.example\"]\n\
                bandwidth = \"80kbit/s\"\n";
    let cut = format!(
        "[[outage]]\nlink = \"line\"\nfrom = \"50s\"\nfor = \"{cut}s\"\nmode = \"blackhole\"\n"
    );
    let rest = format!("size = \"1MB\"\n{}{link}{cut}", one_exchanger(""));
    run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest))
}

/// RFC 5321 §4.5.3.2.5: three minutes without progress, from where it stopped.
#[test]
fn rfc_tmo_05_a_stalled_message_three_minutes() {
    let given_up = first_try(&stalled(1_000));
    assert_eq!((given_up.stage, given_up.outcome), (Stage::Body, AttemptOutcome::Timeout));
    let stopped = crate::common::at(50);
    assert_eq!(given_up.ended - stopped, secs(180));
    let waited_for = first_try(&stalled(90));
    assert_eq!(waited_for.outcome, AttemptOutcome::Accepted, "{waited_for:#?}");
}

/// RFC 5321 §4.5.3.2.7: the server waits for five minutes and more. From 5 s to 255 s nothing reaches
/// it; it greets at 10 s, and the EHLO that gets through is sent 345 s after the first (TCP repeats
/// it after 0.22 s, then after twice as long each time, and at most after 120 s).
#[test]
fn rfc_tmo_07_a_server_waits_for_its_client() {
    let patient = plain("ehlo_timeout = \"20m\"");
    let keys = "capacity = { service = { greeting = \"10s\" } }";
    let mode = "\"blackhole\"\ninbound_only = true";
    let rest = one_exchanger(keys) + &outage("mx.b.example", mode, "5s", "250s");
    let run = run(&network("2h", &patient, BOB, "\"0s\"", &rest));
    let fact = first_try(&run);
    let silence = fact.marks.ehlo - fact.marks.greeting;
    assert!(silence > secs(300), "{fact:#?}");
    assert_eq!((fact.outcome, tries(&run).len()), (AttemptOutcome::Accepted, 1));
}
