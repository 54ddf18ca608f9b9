//! SMTP sessions and replies (RFC 5321 §3, §4.1 to §4.3, §4.5): the rules SESS.

use mailsim::mail::{AttemptOutcome, Reply, Stage, Status};
use mailsim::model::Effect;
use mailsim::profiles;
use mailsim::smtp::{Deviation, Offers, Order, Speaker, Verb, plain_reply};
use mailsim::trace::{AttemptFact, Fact};
use mailsim::units::{Octets, SimTime};

use crate::common::{End, Run, run, scenario, secs};
use crate::network::{
    BOB, PRIMARY_AND_BACKUP, by, first_try, network, one_exchanger, outage, plain, said,
    to_deviating, tries, tries_by, verbs,
};

const EVERYTHING: Offers = Offers { ehlo: true, starttls: true, auth: true, chunking: true };

/// What a willing server says to these commands, in order.
fn replies(order: &mut Order, commands: &[Verb]) -> Vec<u16> {
    commands.iter().map(|&verb| order.hear(verb, || plain_reply(verb)).code).collect()
}

/// RFC 5321 §3.1: the client says QUIT, the server answers all else by 503.
#[test]
fn rfc_sess_02_a_554_greeting_refuses_all_but_quit() {
    let run = to_deviating("\"permfail\"\nstage = \"greeting\"\nreply = \"554 5.3.2\"");
    let fact = first_try(&run);
    assert_eq!((fact.stage, fact.outcome), (Stage::Greeting, AttemptOutcome::Permfail));
    let mx = run.host("mx.b.example");
    assert!(run.only().accepted.iter().all(|(_, host, _)| *host != mx));
    assert_eq!(verbs(&said(&run, &fact)), ["QUIT"]);
    let mut order = Order::refusing(EVERYTHING);
    assert_eq!(replies(&mut order, &[Verb::Ehlo, Verb::Mail, Verb::Noop]), [503, 503, 503]);
    assert_eq!(replies(&mut order, &[Verb::Quit]), [221]);
}

/// RFC 5321 §3.2: after HELO no extension is in force, whatever the server could do.
#[test]
fn rfc_sess_04_helo_offers_no_extensions() {
    let mta = plain("esmtp = false, pipelining = true, message_size_limit = \"2MB\"");
    let rest = format!("size = \"3MB\"\n{}", one_exchanger(&format!("mta = {mta}")));
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let (fact, round_trip) = (first_try(&run), secs(1) / 50);
    let marks = fact.marks;
    // One command a round trip; EHLO and HELO take two.
    assert_eq!(marks.ehlo - marks.greeting, round_trip * 2);
    for (later, earlier) in
        [(marks.mail, marks.ehlo), (marks.rcpt, marks.mail), (marks.data, marks.rcpt)]
    {
        assert_eq!(later - earlier, round_trip);
    }
    // SIZE is not known, so the refusal comes after the whole message.
    assert_eq!((fact.stage, fact.reply.map(|reply| reply.code)), (Stage::Dot, Some(552)));
    assert!(fact.octets >= Octets(3_000_000));
    let lines = said(&run, &fact);
    assert_eq!(verbs(&lines)[..3], ["EHLO", "HELO", "MAIL"]);
    let server = by(Speaker::Server, &lines);
    assert!(server.iter().all(|text| !text.starts_with("250-")), "{server:?}");
    assert!(!by(Speaker::Client, &lines).iter().any(|text| text.contains("SIZE=")));
}

/// RFC 5321 §4.1.4: EHLO, MAIL, RCPT, DATA; what comes too early gets 503 and changes nothing.
#[test]
fn rfc_sess_05_commands_out_of_order_get_503() {
    let mut order = Order::greeted(EVERYTHING, false);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Rcpt, Verb::Data]), [503, 503, 503]);
    assert_eq!(replies(&mut order, &[Verb::Ehlo, Verb::Rcpt, Verb::Data]), [250, 503, 503]);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Mail]), [250, 503]);
    let early = replies(&mut order, &[Verb::Data])[0];
    assert!([503, 554].contains(&early), "DATA before RCPT got {early}");
    assert_eq!(replies(&mut order, &[Verb::Rcpt, Verb::Rcpt, Verb::Data]), [250, 250, 354]);
    // In a session: the group that follows a refused MAIL is answered so.
    let run = to_deviating("\"tempfail\"\nstage = \"mail\"");
    let server = by(Speaker::Server, &said(&run, &first_try(&run)));
    let codes: Vec<&str> =
        server.iter().filter(|text| !text.starts_with("2")).map(|text| &text[..3]).collect();
    assert_eq!(codes, ["451", "503", "503"]);
}

#[test]
fn rfc_sess_06_the_message_is_sent_after_354_only() {
    let run = to_deviating("\"tempfail\"\nstage = \"data\"");
    assert_eq!((first_try(&run).stage, first_try(&run).octets), (Stage::Data, Octets::ZERO));
    let mx = run.host("mx.b.example");
    let received = run.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Host(totals) if totals.host == mx => Some(totals.octets_in),
        _ => None,
    });
    assert_eq!(received, Some(Octets::ZERO));
}

/// One message to a server that answers `stage` by this reply for ten minutes.
fn answered(stage: Stage, answer: Reply) -> Run {
    let mode = "\"tempfail\"\nstage = \"rcpt\"";
    let rest = one_exchanger("") + &outage("mx.b.example", mode, "0s", "10m");
    let mut scenario = scenario(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    scenario.outages[0].effect =
        Effect::Server(Deviation::Answer { stage, reply: answer, close: false });
    Run::of(&scenario)
}

fn outcome(stage: Stage, code: u16) -> AttemptOutcome {
    let class = u8::try_from(code / 100).expect("one digit");
    first_try(&answered(stage, Reply::new(code, Status::new(class, 0, 0)))).outcome
}

/// RFC 5321 §4.2.1: the client goes by the first digit of a code that it does not know.
#[test]
fn rfc_sess_07_the_first_digit_decides() {
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Dot] {
        assert_eq!(outcome(stage, 299), AttemptOutcome::Accepted, "{stage:?}");
        assert_eq!(outcome(stage, 499), AttemptOutcome::Tempfail, "{stage:?}");
        assert_eq!(outcome(stage, 599), AttemptOutcome::Permfail, "{stage:?}");
    }
    assert_eq!(outcome(Stage::Data, 399), AttemptOutcome::Accepted);
    assert_eq!(outcome(Stage::Data, 499), AttemptOutcome::Tempfail);
    assert_eq!(outcome(Stage::Data, 599), AttemptOutcome::Permfail);
    // Not to go on with the message is no failure of the message.
    assert_eq!(outcome(Stage::Data, 250), AttemptOutcome::Tempfail);
}

#[test]
fn rfc_sess_08_a_reply_of_no_class_loses_no_mail() {
    let run = answered(Stage::Mail, Reply::new(999, Status::new(4, 0, 0)));
    assert_eq!(first_try(&run).outcome, AttemptOutcome::Tempfail);
    assert_eq!(
        (run.only().end(), run.only().copies(), run.failure_notices()),
        (End::Delivered, 1, 0)
    );
}

/// RFC 5321 §4.2: what stands behind the code, an enhanced status too, decides nothing.
#[test]
fn rfc_sess_09_the_text_decides_nothing() {
    for (code, statuses) in [
        (450, [Status::new(4, 2, 0), Status::new(5, 1, 1), Status::new(2, 0, 0)]),
        (550, [Status::new(5, 1, 1), Status::new(5, 7, 1), Status::new(4, 2, 2)]),
    ] {
        let tales = statuses.map(|status| {
            let run = answered(Stage::Rcpt, Reply::new(code, status));
            let times: Vec<(SimTime, AttemptOutcome)> =
                tries(&run).iter().map(|fact| (fact.started, fact.outcome)).collect();
            (run.only().end(), times, run.failure_notices())
        });
        assert_eq!(tales[0], tales[1]);
        assert_eq!(tales[0], tales[2]);
    }
}

#[test]
fn rfc_sess_10_a_reply_of_several_lines_is_one_reply() {
    let mta = plain("message_size_limit = \"2MB\", starttls = true, auth = true");
    let rest = one_exchanger(&format!("mta = {mta}"));
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let fact = first_try(&run);
    assert_eq!(fact.marks.ehlo - fact.marks.greeting, secs(1) / 50);
    let server = by(Speaker::Server, &said(&run, &fact));
    let hello: Vec<&String> =
        server[1..].iter().take_while(|text| !text.contains("2.1.0")).collect();
    assert!(hello.len() > 3, "{hello:?}");
    let (last, others) = hello.split_last().expect("several lines");
    assert!(others.iter().all(|text| text.starts_with("250-")) && last.starts_with("250 "));
}

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
    let mode = "\"tempfail\"\nstage = \"mail\"\nreply = \"421 4.3.2\"";
    let rest = one_exchanger("") + &outage("mx.b.example", mode, "0s", "1m");
    let run = run(&network("6h", "\"rfc5321\"", to, "\"0s\"", &rest));
    for story in run.mail() {
        assert_eq!(story.attempts[1].outcome, AttemptOutcome::Tempfail);
        assert_eq!((story.end(), story.copies()), (End::Delivered, 1));
    }
}

/// RFC 5321 §3.3, §4.1.1.2: a transaction begins with nothing of the one before.
#[test]
fn rfc_sess_15_transactions_of_a_session_do_not_mix() {
    let to = "\"bob@b.example\", \"carol@b.example\"";
    let rest = format!("submit = {{ messages_per_session = 2 }}\n{}", one_exchanger(""));
    let run = run(&network("1h", "\"rfc5321\"", to, "\"0s\", \"0s\"", &rest));
    let mail = run.mail();
    assert_eq!(mail.len(), 4);
    let mut transactions: Vec<(u32, u32)> = Vec::new();
    for story in &mail {
        assert_eq!((story.end(), story.copies()), (End::Delivered, 1));
        let submission = story.tries_of(story.created.host)[0];
        transactions.push((submission.transaction, submission.recipients));
    }
    assert_eq!(transactions, [(1, 2), (1, 2), (2, 2), (2, 2)]);
    let mut order = Order::ready(EVERYTHING);
    replies(&mut order, &[Verb::Mail, Verb::Rcpt, Verb::Data]);
    order.end_of_data();
    assert_eq!(replies(&mut order, &[Verb::Mail]), [250]);
    assert_ne!(replies(&mut order, &[Verb::Data]), [354], "no recipient is left over");
}

/// RFC 5321 §4.1.1.5, read there: 250, nothing is left of the transaction, the session stays.
#[test]
fn rfc_sess_16_rset_ends_the_transaction_alone() {
    let mut order = Order::ready(EVERYTHING);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Rcpt, Verb::Rset]), [250, 250, 250]);
    assert_eq!(replies(&mut order, &[Verb::Data, Verb::Rcpt]), [503, 503]);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Rcpt, Verb::Data]), [250, 250, 354]);
    // It may come at any time, before EHLO too, and then changes nothing.
    let mut order = Order::greeted(EVERYTHING, false);
    assert_eq!(replies(&mut order, &[Verb::Rset, Verb::Mail, Verb::Ehlo]), [250, 503, 250]);
}

/// RFC 5321 §4.1.1.10, read there: QUIT comes last, and only what was not completed is undone by a
/// connection that breaks (see the rules DUP for the latter, to the nanosecond).
#[test]
fn rfc_sess_17_a_session_ends_with_quit() {
    for mode in ["", "\"permfail\"\nstage = \"rcpt\"", "\"tempfail\"\nstage = \"dot\""] {
        let run = match mode {
            "" => run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &one_exchanger(""))),
            mode => to_deviating(mode),
        };
        let lines = said(&run, &first_try(&run));
        assert_eq!(verbs(&lines).last().map(String::as_str), Some("QUIT"), "{mode}");
        assert!(by(Speaker::Server, &lines).last().is_some_and(|text| text.starts_with("221")));
    }
    let mut order = Order::ready(EVERYTHING);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Quit]), [250, 221]);
}

/// RFC 5321 §4.2.5: from the 250 after the dot on the receiver answers for the message.
#[test]
fn rfc_sess_18_the_250_after_the_dot_hands_over() {
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &one_exchanger("")));
    let (fact, mx) = (first_try(&run), run.host("mx.b.example"));
    let taken: Vec<SimTime> =
        run.only().accepted.iter().filter(|entry| entry.1 == mx).map(|entry| entry.0).collect();
    // The reply takes 10 ms from the server to the client, which lets go when it comes.
    assert_eq!(taken, [fact.marks.dot - secs(1) / 100]);
    assert_eq!((fact.ended, fact.outcome), (fact.marks.dot, AttemptOutcome::Accepted));
    assert_eq!((tries(&run).len(), run.only().copies()), (1, 1));
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

/// RFC 5321 §4.4: what fails after the 250 is told in a notice, by the server that said 250.
#[test]
fn rfc_sess_21_a_failure_after_acceptance_is_told_in_a_notice() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "0s", "10m");
    let to = "\"bob@b.example\", \"nobody@b.example\"";
    let run = run(&network("6h", "\"rfc5321\"", to, "\"0s\"", &rest));
    for address in ["bob@b.example", "nobody@b.example"] {
        let last = tries_by(&run, run.to(address), "out.a.example").pop().expect("it was sent");
        assert_eq!((last.outcome, last.stage), (AttemptOutcome::Accepted, Stage::Dot));
        assert_eq!(last.to, Some(run.host("mx2.b.example")));
    }
    assert_eq!(run.to("bob@b.example").end(), End::Delivered);
    assert_eq!(run.to("nobody@b.example").end(), End::Failed);
    let notices = run.of_kind(mailsim::mail::MessageKind::FailureNotice);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].created.host, run.host("mx2.b.example"));
}

#[test]
fn rfc_sess_22_recipients_beyond_the_limit_go_in_further_transactions() {
    let people: Vec<String> = (1..=250).map(|n| format!("\"user{n:05}@b.example\"")).collect();
    let rest = one_exchanger("mta = { profile = \"rfc5321\", max_recipients = 100 }")
        .replace("[\"bob\", \"carol\", \"dave\"]", "{ count = 250 }");
    let mta = plain("recipient_limit = 1000");
    let run = run(&network("24h", &mta, &people.join(", "), "\"0s\"", &rest));
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

/// RFC 5321 §4.5.3.1.10: 552 in this place once meant "too many recipients" and is temporary; where
/// nobody was accepted it means what it says. Postfix reads it as permanent in both cases.
#[test]
fn rfc_sess_22_552_after_accepted_recipients_is_temporary() {
    let mode = "\"permfail\"\nrecipients = [\"carol@b.example\"]\nreply = \"552 5.5.3\"";
    let rest = one_exchanger("") + &outage("mx.b.example", mode, "0s", "10m");
    for (mta, to, expected) in [
        ("\"rfc5321\"", "\"bob@b.example\", \"carol@b.example\"", End::Delivered),
        ("\"rfc5321\"", "\"carol@b.example\"", End::Failed),
        ("\"postfix\"", "\"bob@b.example\", \"carol@b.example\"", End::Failed),
    ] {
        let run = run(&network("6h", mta, to, "\"0s\"", &rest));
        assert_eq!(run.to("carol@b.example").end(), expected, "{mta} to {to}");
    }
}

/// RFC 5321 §4.3.2: the codes that MAIL and RCPT may fail with, each by its first digit.
#[test]
fn rfc_sess_24_every_code_of_mail_and_rcpt_is_understood() {
    let mail = [552, 451, 452, 550, 553, 503, 455, 555];
    let rcpt = [550, 551, 552, 553, 450, 451, 452, 503, 455, 555];
    let all = mail.map(|code| ("mail", code)).into_iter();
    for (stage, code) in all.chain(rcpt.map(|code| ("rcpt", code))) {
        let mode = if code < 500 { "tempfail" } else { "permfail" };
        let run = to_deviating(&format!("\"{mode}\"\nstage = \"{stage}\"\nreply = \"{code}\""));
        let fact = first_try(&run);
        assert_eq!(fact.reply.map(|reply| reply.code), Some(code));
        let expected = if code < 500 { (End::Queued, 0) } else { (End::Failed, 1) };
        assert_eq!((run.only().end(), run.failure_notices()), expected, "{code} at {stage}");
    }
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

/// RFC 5321 §4.5.4.2: sessions of two clients overlap.
#[test]
fn rfc_sess_27_several_sessions_are_served_at_once() {
    let mut rest = one_exchanger("");
    for host in ["out.a.example", "out.c.example"] {
        let ends = format!("between = [\"{host}\", \"mx.b.example\"]");
        rest += &format!("[[link]]\n{ends}\nbandwidth = \"80kbit/s\"\n");
    }
    rest += r#"
        [[host]]
        name = "out.c.example"
        roles = ["submission", "relay", "mx", "store"]
        mta = "rfc5321"
        [[domain]]
        name = "c.example"
        mx = ["out.c.example"]
        mailboxes = ["chris"]
        [[mail]]
        from = "chris@c.example"
        to = ["carol@b.example"]
        size = "1MB"
        "#;
    let rest = format!("size = \"1MB\"\n{rest}");
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let tries: Vec<AttemptFact> =
        [("bob@b.example", "out.a.example"), ("carol@b.example", "out.c.example")]
            .map(|(address, host)| tries_by(&run, run.to(address), host)[0])
            .to_vec();
    // A million octets at ten thousand a second each, at the same time.
    assert!(tries.iter().all(|fact| fact.ended - fact.started > secs(100)));
    let begun = tries[0].started.max(tries[1].started);
    let ended = tries[0].ended.min(tries[1].ended);
    assert!(ended > begun + secs(90), "{tries:#?}");
    assert!(tries.iter().all(|fact| fact.outcome == AttemptOutcome::Accepted));
}

/// RFC 5321 §4.5.1: every server knows these nine commands.
#[test]
fn rfc_sess_28_every_server_knows_the_minimum() {
    for profile in profiles::all() {
        let server = profile.server;
        let offers = Offers {
            ehlo: server.ehlo,
            starttls: server.starttls,
            auth: server.auth,
            chunking: server.options.chunking,
        };
        for verb in Verb::MINIMUM {
            let code = Order::ready(offers).hear(verb, || plain_reply(verb)).code;
            assert!(![500, 502].contains(&code), "{} answers {verb:?} by {code}", profile.name);
        }
    }
}
