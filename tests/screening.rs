//! Blocklists, sender policies and content filters in whole runs: what they refuse, what they cost,
//! and what becomes of the mail.

mod common;

use common::{End, Run, Story, run};
use mailsim::mail::{AttemptOutcome, HostId, MessageKind, Stage, Status};
use mailsim::scenario::{Problem, Severity, Source, load};
use mailsim::trace::{Fact, Verdict};

/// A sender that tries again every ten minutes, a list's host, and a recipient with what `recipient`
/// says.
fn network(domain: &str, recipient: &str, rest: &str) -> Run {
    run(&text(domain, recipient, rest))
}

fn text(domain: &str, recipient: &str, rest: &str) -> String {
    format!(
        r#"
title = "strangers"
duration = "12h"
[[host]]
name = "out.src.example"
roles = ["submission", "store"]
addresses = ["192.0.2.1"]
mta = {{ profile = "rfc5321", gaps = ["10m"], lifetime = "4h" }}
[[host]]
name = "lists.club.example"
roles = ["mx", "relay", "store"]
[[host]]
name = "mx.dest.example"
roles = ["mx", "store"]
{recipient}
[[domain]]
name = "src.example"
mx = [{{ host = "out.src.example", preference = 10 }}]
mailboxes = {{ count = 1000 }}
{domain}
[[domain]]
name = "other.example"
mx = [{{ host = "out.src.example", preference = 10 }}]
mailboxes = ["carol"]
[[domain]]
name = "club.example"
mx = [{{ host = "lists.club.example", preference = 10 }}]
mailboxes = ["keeper"]
[[domain]]
name = "dest.example"
mx = [{{ host = "mx.dest.example", preference = 10 }}]
mailboxes = {{ count = 1000 }}
{rest}
"#
    )
}

const ONE: &str = "[[mail]]\nfrom = \"user00001@src.example\"\nto = [\"user00001@dest.example\"]\n";

/// Returns the replies that refused a story's tries, with their stages.
fn refusals(story: &Story) -> Vec<(String, Stage)> {
    let refused = story.attempts.iter().filter(|fact| fact.outcome != AttemptOutcome::Accepted);
    refused.filter_map(|fact| Some((fact.reply?.to_string(), fact.stage))).collect()
}

/// Returns how many recipients were delivered into the folder Junk.
fn junk(run: &Run) -> usize {
    let junk = |(_, fact): &&(_, Fact)| matches!(fact, Fact::Junk { .. });
    run.facts.iter().filter(junk).count()
}

fn verdicts(run: &Run) -> Vec<Verdict> {
    let verdict = |(_, fact): &(_, Fact)| match fact {
        Fact::Screened(found) => Some(found.findings.verdict),
        _ => None,
    };
    run.facts.iter().filter_map(verdict).collect()
}

const LISTED: &str =
    "[[blocklist]]\nname = \"bl.example\"\nttl = \"10m\"\nnegative_ttl = \"10m\"\n";

#[test]
fn a_listed_client_is_refused_at_rcpt_and_told_why() {
    let lists = "lists = [{ host = \"out.src.example\" }]\n";
    let run = network("", "blocklists = [\"bl.example\"]", &format!("{ONE}{LISTED}{lists}"));
    let story = run.only();
    // Postfix: maps_rbl_reject_code 554, and 5.7.1.
    assert_eq!(refusals(story), [("554 5.7.1".to_owned(), Stage::Rcpt)]);
    assert_eq!(story.end(), End::Failed);
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn a_listing_bites_from_its_beginning_to_its_end_as_far_as_caches_know() {
    // Listed from 2 h to 4 h. Mail each five minutes; answers are kept for ten.
    let lists = "lists = [{ host = \"out.src.example\", from = \"2h\", until = \"4h\" }]\n";
    let mail = format!("{ONE}arrivals = {{ every = \"5m\" }}\n");
    let run = network("", "blocklists = [\"bl.example\"]", &format!("{mail}{LISTED}{lists}"));
    let (mut refused, mut taken) = (Vec::new(), Vec::new());
    for story in run.mail() {
        let seconds = story.at.as_secs_f64();
        if story.end() == End::Failed { &mut refused } else { &mut taken }.push(seconds);
    }
    let (first, last) = (refused[0], refused[refused.len() - 1]);
    // A kept answer is at most ten minutes old, so the change is seen that much later at most.
    assert!((7_200.0..=7_800.0).contains(&first), "{first}");
    assert!((14_100.0..=15_000.0).contains(&last), "{last}");
    assert!(taken.iter().all(|at| *at < first || *at > last));
}

#[test]
fn a_silent_blocklist_lists_nobody_and_costs_its_time_outs() {
    let outage = "[[outage]]\ndns = \"bl.example\"\nmode = \"no_answer\"\n";
    let lists = "lists = [{ host = \"out.src.example\" }]\n";
    let run =
        network("", "blocklists = [\"bl.example\"]", &format!("{ONE}{LISTED}{lists}{outage}"));
    let plain = network("", "", ONE);
    assert_eq!(run.only().end(), End::Delivered);
    // The resolver waits 5 s twice.
    let later = run.only().latency().as_secs_f64() - plain.only().latency().as_secs_f64();
    assert!((later - 10.0).abs() < 1e-6, "{later}");
}

const PROTECTED: &str = "spf = { hosts = [\"out.src.example\"], otherwise = \"fail\" }\n\
                         dkim = [\"out.src.example\"]\ndmarc = \"reject\"\n";
const CHECKED: &str = "sender_policies = true";

#[test]
fn mail_from_the_domains_own_host_passes_and_costs_three_look_ups() {
    let run = network(PROTECTED, CHECKED, ONE);
    let plain = network("", "", ONE);
    assert_eq!(verdicts(&run), [Verdict::Welcome]);
    // The SPF record at RCPT; the key and the DMARC record at the dot; 20 ms each.
    let later = run.only().latency().as_secs_f64() - plain.only().latency().as_secs_f64();
    assert!((later - 0.060).abs() < 1e-6, "{later}");
}

#[test]
fn forged_mail_is_refused_quarantined_or_taken_as_the_domain_asks() {
    let forged = "[[mail]]\nfrom = \"carol@other.example\"\nauthor = \"user00001@src.example\"\n\
                  to = [\"user00001@dest.example\"]\n";
    let of = |dmarc: &str| {
        let domain = format!("spf = {{ hosts = [\"192.0.2.1\"] }}\ndmarc = \"{dmarc}\"\n");
        network(&domain, CHECKED, forged)
    };
    let rejected = of("reject");
    assert_eq!(refusals(rejected.only()), [("550 5.7.26".to_owned(), Stage::Dot)]);
    let quarantined = of("quarantine");
    assert_eq!((quarantined.only().end(), junk(&quarantined)), (End::Delivered, 1));
    let watched = of("none");
    assert_eq!((watched.only().end(), junk(&watched)), (End::Delivered, 0));
}

/// An alias keeps the reverse path: SPF fails, and a signature carries the mail through. Without a
/// signature it is lost (RFC 7960 §3.2.2).
#[test]
fn forwarding_breaks_spf_and_a_signature_survives_it() {
    let alias = "[[list]]\naddress = \"bob@club.example\"\nmembers = [\"user00001@dest.example\"]\n\
                 [[mail]]\nfrom = \"user00001@src.example\"\nto = [\"bob@club.example\"]\n";
    let signed = network(PROTECTED, CHECKED, alias);
    assert_eq!(signed.of_kind(MessageKind::ListCopy)[0].end(), End::Delivered);
    let unsigned = PROTECTED.replace("dkim = [\"out.src.example\"]\n", "");
    let lost = network(&unsigned, CHECKED, alias);
    let copy = lost.of_kind(MessageKind::ListCopy)[0];
    assert_eq!(refusals(copy), [("550 5.7.26".to_owned(), Stage::Dot)]);
    // The alias left the reverse path alone, so the author is told.
    assert_eq!(lost.failure_notices(), 1);
}

/// RFC 7960 §3.2.3, §4.1.3.
#[test]
fn a_list_that_changes_the_text_needs_to_write_in_its_own_name() {
    let list = |keys: &str| {
        let rest = format!(
            "[[list]]\naddress = \"chess@club.example\"\nmembers = [\"user00001@dest.example\"]\n\
             owner = \"keeper@club.example\"\n{keys}\n[[mail]]\nfrom = \"user00001@src.example\"\n\
             to = [\"chess@club.example\"]\n"
        );
        network(PROTECTED, CHECKED, &rest)
    };
    let end = |run: &Run| run.of_kind(MessageKind::ListCopy)[0].end();
    assert_eq!(end(&list("")), End::Delivered, "the signature is intact");
    let changed = list("changes_text = true");
    assert_eq!(end(&changed), End::Failed, "the signature is broken, and SPF is the list's");
    assert_eq!(end(&list("changes_text = true\nrewrites_author = true")), End::Delivered);
}

#[test]
fn a_backup_exchanger_is_not_taken_for_a_forger() {
    let mail = "[[outage]]\nhost = \"mx.dest.example\"\nmode = \"refuse\"\nuntil = \"1h\"\n\
                [[mail]]\nfrom = \"user00001@src.example\"\nto = [\"user00001@dest.example\"]\n\
                at = \"30m\"\n";
    let text = text(PROTECTED, CHECKED, mail).replace(
        "mx = [{ host = \"mx.dest.example\", preference = 10 }]",
        "mx = [{ host = \"mx.dest.example\", preference = 10 }, \
         { host = \"lists.club.example\", preference = 20 }]",
    );
    let run = run(&text.replace("dkim = [\"out.src.example\"]\n", ""));
    assert_eq!(run.only().accepted.len(), 3, "sender, backup, store: {:?}", run.only().accepted);
    assert_eq!(run.only().end(), End::Delivered);
}

fn filter(rest: &str) -> String {
    format!("filter = {{ time = \"2s\", junk_from = 6, refuse_from = 15, {rest} }}")
}

fn scored(score: &str) -> String {
    format!("{ONE}score = {score}\n")
}

#[test]
fn a_filter_at_the_dot_takes_time_and_refuses_while_the_client_waits() {
    let plain = network("", "", ONE);
    let good = network("", &filter("stage = \"dot\""), &scored("1"));
    let later = good.only().latency().as_secs_f64() - plain.only().latency().as_secs_f64();
    assert!((later - 2.0).abs() < 1e-6, "{later}");
    let spam = network("", &filter("stage = \"dot\""), &scored("15"));
    assert_eq!(refusals(spam.only()), [("554 5.7.1".to_owned(), Stage::Dot)]);
    let suspect = network("", &filter("stage = \"dot\""), &scored("6"));
    assert_eq!((suspect.only().end(), junk(&suspect)), (End::Delivered, 1));
}

#[test]
fn a_filter_puts_off_what_it_suspects_once() {
    let filter = filter("defer_from = 4, defer_for = \"5m\"");
    let run = network("", &filter, &scored("5"));
    // The first try is put off; the next comes ten minutes later, when five are over.
    assert_eq!(refusals(run.only()), [("451 4.7.1".to_owned(), Stage::Dot)]);
    assert_eq!((run.only().end(), junk(&run)), (End::Delivered, 0));
    assert!((600.0..610.0).contains(&run.only().latency().as_secs_f64()));
}

/// After the queue the session is over: the client has its 250, and the message is returned to
/// whoever the reverse path names, or dropped.
#[test]
fn a_filter_after_the_queue_can_only_return_or_drop() {
    let returned = network("", &filter("stage = \"queue\""), &scored("20"));
    let story = returned.only();
    assert!(refusals(story).is_empty(), "the client was told that all is well");
    let ending = story.only_ending();
    assert_eq!((ending.host, ending.status), (returned.host("mx.dest.example"), SPAM));
    assert_eq!((story.end(), returned.failure_notices()), (End::Failed, 1));
    let dropped = network("", &filter("stage = \"queue\", refused = \"discard\""), &scored("20"));
    assert_eq!((dropped.only().end(), dropped.failure_notices()), (End::Discarded, 0));
    let held = network("", &filter("stage = \"queue\""), &scored("7"));
    assert_eq!((held.only().end(), junk(&held)), (End::Delivered, 1));
}

const SPAM: Status = Status::new(5, 7, 1);

/// A reply is lost, and so there are two copies: each is judged by the host that has taken it, and by
/// no other.
#[test]
fn each_copy_has_a_verdict_of_its_own() {
    let lost = "[[outage]]\nhost = \"mx.dest.example\"\nmode = \"drop\"\nuntil = \"5m\"\n";
    let slow =
        "filter = { time = \"30m\", stage = \"queue\", refuse_from = 15, refused = \"discard\" }";
    let text = text("", slow, &format!("{}{lost}", scored("20")));
    let takers = |text: &str| {
        let run = run(text);
        let story = run.only();
        assert_eq!((story.end(), story.copies()), (End::Discarded, 0));
        assert_eq!(story.only_ending().host, run.host("mx.dest.example"));
        let names = |(_, host, _): &(_, HostId, _)| run.scenario.hosts[host.index()].name.clone();
        story.accepted.iter().map(names).collect::<Vec<_>>()
    };
    // The next try comes while the filter still holds the first copy.
    assert_eq!(takers(&text), ["out.src.example", "mx.dest.example", "mx.dest.example"]);
    // The other exchanger has no filter: it hands the second copy on, and loses a reply as well.
    let mx = "mx = [{ host = \"mx.dest.example\", preference = 10 }";
    let backup = format!("{mx}, {{ host = \"lists.club.example\", preference = 20 }}");
    let (first, other) = ("mx.dest.example", "lists.club.example");
    let hosts = ["out.src.example", first, other, first, first];
    assert_eq!(takers(&text.replace(mx, &backup)), hosts);
}

/// The shares of 4000 scores evenly between 0 and 20 below 6, below 15 and above, within four
/// standard errors; and the same scores whatever else the network has.
#[test]
fn scores_are_drawn_from_their_distribution() {
    let mail = "[[mail]]\nfrom = { domain = \"src.example\" }\nto = { domain = \"dest.example\" }\n\
                arrivals = { every = \"10s\" }\ncount = 4000\nscore = { uniform = [0, 20] }\n";
    let run = network("", &filter("stage = \"dot\""), mail);
    let failed = run.mail().iter().filter(|story| story.end() == End::Failed).count();
    for (count, share) in [(junk(&run), 9.0_f64 / 20.0), (failed, 5.0 / 20.0)] {
        let error = 4.0 * (4000.0 * share * (1.0 - share)).sqrt();
        assert!((count as f64 - 4000.0 * share).abs() < error, "{count} of 4000, expected {share}");
    }
}

#[test]
fn who_authenticates_is_not_filtered_by_his_own_server() {
    let text = text("", "", &scored("20")).replace(
        "addresses = [\"192.0.2.1\"]",
        "addresses = [\"192.0.2.1\"]\nfilter = { time = \"1s\", refuse_from = 15 }",
    );
    assert_eq!(run(&text).only().end(), End::Delivered);
}

/// Whoever looks into Junk each day finds it within a day, and the inbox is read as before.
#[test]
fn junk_is_found_by_who_looks_there() {
    let rest = format!(
        "{}at = [\"10m\", \"20m\"]\n[[reading]]\ndomain = \"dest.example\"\nprotocol = \"imap\"\n\
         [[reading]]\ndomain = \"dest.example\"\nprotocol = \"imap\"\nfolder = \"junk\"\n\
         every = \"4h\"\n[[mail]]\nfrom = \"carol@other.example\"\n\
         to = [\"user00001@dest.example\"]\n",
        scored("7")
    );
    let run = network("", &filter("stage = \"dot\""), &rest);
    let read = |story: &Story| story.retrieved.expect("it is read").since(story.at).as_secs_f64();
    let (late, soon): (Vec<&Story>, Vec<&Story>) =
        run.mail().into_iter().partition(|story| read(story) > 10.0);
    assert_eq!((late.len(), soon.len(), junk(&run)), (2, 1, 2));
    // Both lie there when the reader looks, within four hours of the first.
    let visits: Vec<f64> = late.iter().map(|story| read(story) + story.at.as_secs_f64()).collect();
    assert!(visits[0] - late[0].at.as_secs_f64() <= 4.0 * 3600.0 + 10.0, "{visits:?}");
    assert!((visits[1] - visits[0]).abs() < 1.0, "{visits:?}");
}

#[test]
fn junk_is_not_read_by_pop3_and_not_answered() {
    let rest = format!(
        "{}[[reading]]\ndomain = \"dest.example\"\nprotocol = \"pop3\"\nevery = \"10m\"\n\
         [[responder]]\nmailbox = \"user00001@dest.example\"\n",
        scored("7")
    );
    let run = network("", &filter("stage = \"dot\""), &rest);
    assert_eq!((run.only().retrieved, junk(&run)), (None, 1));
    assert!(run.of_kind(MessageKind::AutomaticReply).is_empty());
}

/// Returns the message and the help of the one error of a scenario.
fn error(domain: &str, recipient: &str, rest: &str) -> (String, String) {
    let text = text(domain, recipient, rest);
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "bad.toml", text: &text, read_file: &nothing };
    let problems = load(&source, &[]).expect_err("the scenario is bad");
    let errors: Vec<&Problem> =
        problems.0.iter().filter(|problem| problem.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{problems}");
    (errors[0].message.clone(), errors[0].help.clone())
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    for (domain, recipient, rest, message, help) in [
        (
            "",
            "blocklists = [\"bl.exmaple\"]",
            LISTED,
            "no blocklist named \"bl.exmaple\"",
            "bl.example",
        ),
        ("", "filter = { junk_from = 6 }", "", "lacks the key `time`", "add `time"),
        (
            "",
            "filter = { time = \"1s\", junk_from = 15, refuse_from = 6 }",
            "",
            "nothing is ever junk",
            "raise `refuse_from`",
        ),
        (
            "",
            "filter = { time = \"1s\", stage = \"queue\", defer_from = 4 }",
            "",
            "taken already",
            "remove `defer_from`",
        ),
        (
            "",
            "filter = { time = \"1s\", refused = \"discard\" }",
            "",
            "at the dot",
            "remove `refused`",
        ),
        ("dmarc = \"refuse\"", "", "", "found \"refuse\"", ""),
        ("spf = { include = [\"servise.example\"] }", "", "", "no domain named", "[[domain]]"),
        ("dkim = \"out.src.exmaple\"", "", "", "no host named", "out.src.example"),
        (
            "",
            "",
            "[[blocklist]]\nname = \"bl.example\"\nlists = [{ from = \"1h\" }]\n",
            "names nobody",
            "add host",
        ),
        (
            "",
            "",
            "[[blocklist]]\nname = \"bl.example\"\n\
             lists = [{ host = \"out.src.example\", from = \"2h\", until = \"1h\" }]\n",
            "ends before it begins",
            "make `from` earlier",
        ),
        (
            "",
            "",
            "[[reading]]\ndomain = \"dest.example\"\nprotocol = \"pop3\"\nfolder = \"junk\"\n",
            "POP3 knows one mailbox",
            "protocol = \"imap\"",
        ),
    ] {
        let (found, advice) = error(domain, recipient, &format!("{ONE}{rest}"));
        assert!(found.contains(message), "{found}");
        assert!(advice.contains(help), "{found}: {advice}");
    }
}
