//! Names and addresses in whole runs: what is looked up, by whom, how long that takes and what a
//! server makes of it; which addresses are tried, and from which; whom a greylist knows again.

mod common;

use common::{End, Run, run, secs};
use mailsim::mail::{AttemptOutcome, Stage, Status};
use mailsim::scenario::{Source, load};
use mailsim::units::SimDuration;

/// The head of a network in which alice writes at `smtp.sender.example`, whose table has `keys`.
fn sender(mta: &str, keys: &str) -> String {
    format!(
        "duration = \"2d\"\n[[host]]\nname = \"smtp.sender.example\"\n\
         roles = [\"submission\", \"mx\", \"store\"]\nmta = {mta}\n{keys}\n\
         [[domain]]\nname = \"sender.example\"\nmx = [\"smtp.sender.example\"]\n\
         mailboxes = [\"alice\"]\n"
    )
}

/// A host that answers at once.
fn host(name: &str, keys: &str) -> String {
    format!("[[host]]\nname = \"{name}\"\nroles = [\"mx\", \"store\"]\n{keys}\n")
}

fn domain(name: &str, mx: &str, mailbox: &str) -> String {
    format!("[[domain]]\nname = \"{name}\"\nmx = [{mx}]\nmailboxes = [\"{mailbox}\"]\n")
}

fn mail(to: &str, at: &str) -> String {
    format!("[[mail]]\nfrom = \"alice@sender.example\"\nto = [{to}]\nat = \"{at}\"\n")
}

/// Returns the problems and warnings of a scenario, as text.
fn said(text: &str) -> String {
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    match load(&Source { file: "test.toml", text, read_file: &nothing }, &[]) {
        Ok(loaded) => loaded.warnings.to_string(),
        Err(problems) => problems.to_string(),
    }
}

/// Two domains with one exchanger; the second is written to while nobody answers for its name.
fn two_domains(mta: &str, outage: &str) -> Run {
    let text = sender(mta, "")
        + &host("mx.big.example", "mta = \"rfc5321\"")
        + &domain("one.example", "\"mx.big.example\"", "bob")
        + &domain("two.example", "\"mx.big.example\"", "carol")
        + &mail("\"bob@one.example\"", "1min")
        + &mail("\"carol@two.example\"", "2min")
        + outage;
    run(&text)
}

const DEAD: &str =
    "[[outage]]\ndns = true\nmode = \"no_answer\"\nfrom = \"90s\"\nfor = \"20min\"\n";

#[test]
fn a_look_up_is_of_a_name_and_not_of_its_exchanger() {
    for mta in ["\"postfix\"", "\"exim\"", "\"sendmail\"", "\"opensmtpd\""] {
        let run = two_domains(mta, DEAD);
        assert!(run.to("bob@one.example").latency() < secs(5), "{mta}");
        assert!(run.to("carol@two.example").latency() > secs(19 * 60), "{mta}");
    }
}

/// Exim and Sendmail put recipients of both domains into one transaction (recordings 11c), but only
/// those whose domain could be looked up.
#[test]
fn who_cannot_be_looked_up_stays_behind_while_the_others_go() {
    for mta in ["\"exim\"", "\"sendmail\""] {
        let text = |outage: &str| {
            sender(mta, "")
                + &host("mx.big.example", "mta = \"rfc5321\"")
                + &domain("one.example", "\"mx.big.example\"", "bob")
                + &domain("two.example", "\"mx.big.example\"", "carol")
                + &mail("\"bob@one.example\", \"carol@two.example\"", "1min")
                + outage
        };
        let together = run(&text(""));
        let deliveries = |run: &Run, to: &str| {
            let attempts = &run.to(to).attempts;
            let relayed = attempts.iter().filter(|a| a.port == 25 && a.to.is_some());
            let mut accepted = relayed.filter(|a| a.outcome == AttemptOutcome::Accepted);
            let last = accepted.next_back().expect("it arrived");
            (last.delivery, last.recipients)
        };
        let (bob, carol) = ("bob@one.example", "carol@two.example");
        assert_eq!(deliveries(&together, bob), deliveries(&together, carol), "{mta}");
        assert_eq!(deliveries(&together, bob).1, 2, "{mta}: one transaction");

        for failing in ["one.example", "two.example"] {
            let outage = format!(
                "[[outage]]\ndns = \"{failing}\"\nmode = \"servfail\"\nfrom = \"0s\"\nfor = \"20min\"\n"
            );
            let apart = run(&text(&outage));
            let (late, soon) = if failing == "one.example" { (bob, carol) } else { (carol, bob) };
            assert!(apart.to(soon).latency() < secs(5), "{mta}: {soon}");
            assert!(apart.to(late).latency() > secs(18 * 60), "{mta}: {late}");
            let first = apart.to(late).attempts.iter().find(|a| a.port == 25).expect("a try");
            assert_eq!((first.stage, first.to), (Stage::Dns, None), "{mta}");
            assert_eq!(first.outcome, AttemptOutcome::Tempfail, "{mta}");
            assert_eq!(apart.to(late).copies(), 1, "{mta}");
        }
    }
}

/// What a server makes of a look-up without answer is its own: it tries again, asks for the domain's
/// own address, or returns the mail.
#[test]
fn a_failed_look_up_is_what_the_server_makes_of_it() {
    let run = |word: &str| {
        let mta = format!("{{ profile = \"rfc5321\", lookup_failure = \"{word}\" }}");
        let text = sender(&mta, "")
            + &host("two.example", "mta = \"rfc5321\"")
            + &host("mx.big.example", "mta = \"rfc5321\"")
            + "[[domain]]\nname = \"one.example\"\nmx = [\"mx.big.example\"]\nmailboxes = [\"bob\"]\n"
            + &mail("\"bob@one.example\"", "1min")
            + "[[outage]]\ndns = \"one.example\"\nmode = \"servfail\"\nfrom = \"0s\"\nfor = \"2h\"\n";
        run(&text)
    };
    let defer = run("defer");
    assert!(defer.only().latency() > secs(2 * 3600 - 60));
    let fails = run("fail");
    let ending = fails.only().only_ending();
    assert_eq!((fails.only().end(), ending.status.class), (End::Failed, 5));
    assert!(ending.at.since(fails.only().at) < secs(5));
    // The whole DNS of the name fails here, its address too: nothing is gained.
    assert!(run("no_mx").only().latency() > secs(2 * 3600 - 60));
}

/// Of the two questions about a name the first is struck here, and the second answered.
#[test]
fn a_domain_taken_for_one_without_exchangers_is_found_at_its_own_address() {
    let run = |word: &str| {
        let mta = format!("{{ profile = \"rfc5321\", lookup_failure = \"{word}\" }}");
        let text = sender(&mta, "resolver = { latency = \"20ms\", tries = [\"1s\"] }")
            + &host("one.example", "mta = \"rfc5321\"")
            + &host("mx.big.example", "mta = \"rfc5321\"")
            + "[[domain]]\nname = \"one.example\"\nmx = [\"mx.big.example\"]\n\
               store = \"one.example\"\nmailboxes = [\"bob\"]\n"
            + &mail("\"bob@one.example\"", "1min")
            + "[[outage]]\ndns = \"one.example\"\nmode = \"no_answer\"\nfrom = \"0s\"\nfor = \"60500ms\"\n";
        run(&text)
    };
    let names = |run: &Run| run.only().attempts.last().and_then(|a| a.to);
    let no_mx = run("no_mx");
    assert_eq!(names(&no_mx), Some(no_mx.host("one.example")));
    assert!(no_mx.only().latency() < secs(5));
    assert!(run("defer").only().latency() > secs(60));
}

#[test]
fn a_slow_dns_makes_look_ups_late_and_a_very_slow_one_makes_them_fail() {
    let latency = |delay: &str| {
        let outage = format!(
            "[[outage]]\ndns = \"big.example\"\nmode = \"slow\"\ndelay = \"{delay}\"\nfrom = \"0s\"\nfor = \"1h\"\n"
        );
        two_domains("\"rfc5321\"", &outage).to("bob@one.example").latency()
    };
    let usual = two_domains("\"rfc5321\"", "").to("bob@one.example").latency();
    let late = latency("3s").saturating_sub(usual);
    assert_eq!(late, secs(3), "one question is struck");
    assert!(latency("11s") > secs(50 * 60), "given up after 5 s twice");
}

#[test]
fn a_resolver_is_slow_at_random_by_its_own_stream() {
    let latencies = |seed: u64, resolver: &str| -> Vec<SimDuration> {
        let text = format!("seed = {seed}\n")
            + &sender("\"rfc5321\"", &format!("resolver = {{ {resolver}, cache = false }}"))
            + &host("mx.big.example", "mta = \"rfc5321\"")
            + &domain("one.example", "\"mx.big.example\"", "bob")
            + &mail("\"bob@one.example\"", "1min")
            + &mail("\"bob@one.example\"", "2min")
            + &mail("\"bob@one.example\"", "3min");
        // Before the first one its author's program asks for its server too.
        run(&text).mail().iter().skip(1).map(|story| story.latency()).collect()
    };
    let random = "latency = { exponential = { mean = \"300ms\" } }";
    let drawn = latencies(1, random);
    assert_ne!(drawn[0], drawn[1], "each packet has a draw of its own");
    assert_eq!(drawn, latencies(1, random));
    assert_ne!(drawn, latencies(2, random), "it follows the seed");
    let constant = latencies(1, "latency = \"300ms\"");
    assert_eq!(constant, latencies(2, "latency = \"300ms\""));
    assert_eq!(constant[0], constant[1]);
}

#[test]
fn a_resolver_slower_than_its_patience_is_warned_of() {
    let text = |resolver: &str| {
        sender("\"rfc5321\"", &format!("resolver = {{ {resolver} }}"))
            + &host("mx.big.example", "")
            + &domain("one.example", "\"mx.big.example\"", "bob")
            + &mail("\"bob@one.example\"", "1min")
    };
    let warned = |resolver: &str| said(&text(resolver)).contains("a look-up is given up after");
    assert!(warned("latency = \"3s\", tries = [\"1s\", \"1s\"]"));
    assert!(!warned("latency = \"2s\", tries = [\"1s\", \"1s\"]"), "just in time");
    assert!(warned("latency = { exponential = { mean = \"30s\" } }"));
}

fn peer(own: &str, theirs: &str, mta: &str) -> Run {
    let text = sender(mta, &format!("addresses = [{own}]"))
        + &host("mx.peer.example", &format!("mta = \"rfc5321\"\naddresses = [{theirs}]"))
        + &domain("peer.example", "\"mx.peer.example\"", "bob")
        + &mail("\"bob@peer.example\"", "1min");
    run(&text)
}

#[test]
fn a_family_of_which_a_host_has_no_address_leads_nowhere_at_once() {
    for (own, theirs) in [("\"ipv4\"", "\"ipv6\""), ("\"ipv6\"", "\"ipv4\"")] {
        let run = peer(own, theirs, "\"postfix\"");
        let story = run.only();
        assert_ne!(story.end(), End::Delivered, "{own} to {theirs}");
        let tries: Vec<_> = story.attempts.iter().filter(|a| a.port == 25).collect();
        assert!(!tries.is_empty());
        for attempt in tries {
            assert_eq!((attempt.stage, attempt.outcome), (Stage::Connect, AttemptOutcome::Refused));
            assert_eq!((attempt.started, attempt.status), (attempt.ended, Status::NO_ANSWER));
        }
    }
    for own in ["\"ipv4\", \"ipv6\"", "\"ipv6\""] {
        let run = peer(own, "\"ipv6\"", "\"postfix\"");
        assert!(run.only().latency() < secs(5), "{own}");
    }
}

#[test]
fn addresses_of_a_family_that_is_switched_off_are_not_found() {
    let postfix = "{ profile = \"postfix\", inet_protocols = \"ipv4\" }";
    let run = peer("\"ipv4\", \"ipv6\"", "\"ipv6\"", postfix);
    let ending = run.only().only_ending();
    assert_eq!((run.only().end(), ending.status), (End::Failed, Status::UNABLE_TO_ROUTE));
    let own = "{ profile = \"postfix\", inet_protocols = \"own\" }";
    assert_eq!(peer("\"ipv4\"", "\"ipv6\"", own).only().end(), End::Failed);
    assert_eq!(peer("\"ipv6\"", "\"ipv6\"", own).only().end(), End::Delivered);
}

/// The addresses tried, in order, as their literals, for a peer whose IPv6 addresses are dead.
fn dead_ipv6(mta: &str) -> (Vec<String>, SimDuration) {
    let text = sender(mta, "addresses = [\"192.0.2.1\", \"2001:db8::1\"]")
        + &host(
            "mx.peer.example",
            "mta = \"rfc5321\"\naddresses = [\"192.0.2.9\", \"2001:db8::9\"]",
        )
        + &domain("peer.example", "\"mx.peer.example\"", "bob")
        + &mail("\"bob@peer.example\"", "1min")
        + "[[outage]]\naddress = \"2001:db8::9\"\nmode = \"blackhole\"\n";
    let scenario = common::scenario(&text);
    let run = Run::of(&scenario);
    let story = run.only();
    let tried = story.attempts.iter().filter(|a| a.port == 25).filter_map(|a| a.address);
    let literals = tried.map(|address| scenario.addresses[address as usize].literal.clone());
    (literals.collect(), story.latency())
}

/// Asked of real servers: Postfix 3.7.11 with `smtp_address_preference = ipv6`, Exim 4.96 and Sendmail
/// 8.17.1 try the dead IPv6 address first, and pay their time-out for a connection.
#[test]
fn a_dead_ipv6_path_costs_the_time_out_of_a_connection() {
    let (dead, good) = ("2001:db8::9".to_owned(), "192.0.2.9".to_owned());
    for (mta, seconds) in [
        ("{ profile = \"postfix\", smtp_address_preference = \"ipv6\" }", 30),
        ("{ profile = \"exim\", tcp_fast_open = false, connect_timeout = \"40s\" }", 40),
        ("{ profile = \"sendmail\", connect_timeout = \"50s\" }", 50),
    ] {
        let (tried, latency) = dead_ipv6(mta);
        assert_eq!(tried, [dead.clone(), good.clone()], "{mta}");
        assert!(latency >= secs(seconds) && latency < secs(seconds + 5), "{mta}: {latency:?}");
    }
    let (tried, latency) =
        dead_ipv6("{ profile = \"postfix\", smtp_address_preference = \"ipv4\" }");
    assert_eq!(tried, [good]);
    assert!(latency < secs(5));
}

#[test]
fn a_host_connects_from_an_address_of_the_family_that_leads_there() {
    let text = sender("\"rfc5321\"", "addresses = [\"192.0.2.1\", \"2001:db8::1\"]")
        + &host("mx.peer.example", "mta = \"rfc5321\"\naddresses = [\"2001:db8::9\"]")
        + &domain("peer.example", "\"mx.peer.example\"", "bob")
        + &mail("\"bob@peer.example\"", "1min")
        + &mail("\"bob@peer.example\"", "2min")
        + &mail("\"bob@peer.example\"", "3min");
    let scenario = common::scenario(&text);
    let run = Run::of(&scenario);
    for story in run.mail() {
        let last = story.attempts.last().expect("it was tried");
        let source = last.source.map(|source| scenario.addresses[source as usize].literal.as_str());
        assert_eq!(source, Some("2001:db8::1"));
    }
}

#[test]
fn mail_never_leaves_through_somebody_elses_server() {
    let spam = "[[host]]\nname = \"spam.example\"\nroles = [\"submission\"]\n";
    let text = |first: &str| {
        format!(
            "duration = \"1h\"\n[[host]]\nname = \"smtp.sender.example\"\n{first}{spam}\
             [[host]]\nname = \"mx.site.example\"\n"
        ) + &domain("site.example", "\"mx.site.example\"", "bob")
            + &mail("\"bob@site.example\"", "1min")
    };
    let with_exchanger = text("") + &domain("sender.example", "\"smtp.sender.example\"", "alice");
    let scenario = common::scenario(&with_exchanger);
    let server = scenario.mail[0].submission.server;
    assert_eq!(scenario.hosts[server.index()].name, "smtp.sender.example");
    // A submission host that bears her domain's name is hers, though no record names it.
    let named = text("roles = [\"submission\"]\n")
        + "[[domain]]\nname = \"sender.example\"\nmx = \"none\"\nmailboxes = [\"alice\"]\n";
    let scenario = common::scenario(&named);
    let server = scenario.mail[0].submission.server;
    assert_eq!(scenario.hosts[server.index()].name, "smtp.sender.example");
    let nobody = format!("duration = \"1h\"\n{spam}[[host]]\nname = \"mx.site.example\"\n")
        + "[[domain]]\nname = \"sender.example\"\nmx = \"none\"\nmailboxes = [\"alice\"]\n"
        + &domain("site.example", "\"mx.site.example\"", "bob")
        + &mail("\"bob@site.example\"", "1min");
    let said = said(&nobody);
    assert!(said.contains("no server takes mail from sender.example"), "{said}");
    assert!(said.contains("spam.example"), "{said}");
}

/// A backup exchanger that cannot look the better one up keeps the mail: somebody better exists.
#[test]
fn a_backup_keeps_mail_while_the_better_exchanger_does_not_resolve() {
    let text = sender("\"postfix\"", "")
        + &host("mx1.peer.example", "mta = \"postfix\"")
        + "[[host]]\nname = \"mx2.peer.example\"\nroles = [\"mx\"]\nmta = \"postfix\"\n"
        + "[[domain]]\nname = \"peer.example\"\nmx = [\"mx1.peer.example\", \"mx2.peer.example\"]\n\
           store = \"mx1.peer.example\"\nmailboxes = [\"bob\"]\n"
        + &mail("\"bob@peer.example\"", "10min")
        + "[[outage]]\ndns = \"mx1.peer.example\"\nmode = \"servfail\"\nfrom = \"0s\"\nfor = \"2h\"\n";
    let run = run(&text);
    let (story, backup) = (run.only(), run.host("mx2.peer.example"));
    assert_eq!((story.end(), run.failure_notices()), (End::Delivered, 0));
    assert!(story.accepted.iter().any(|(_, by, _)| *by == backup), "the backup took it");
    let kept: Vec<_> =
        story.attempts.iter().filter(|a| a.from == backup && a.to.is_none()).collect();
    assert!(!kept.is_empty());
    for attempt in kept {
        assert_eq!(attempt.outcome, AttemptOutcome::Tempfail);
        assert_eq!((attempt.stage, attempt.status), (Stage::Dns, Status::new(4, 4, 4)));
    }
}

/// RFC 1870 §6.1: a message of exactly the size that the server takes is taken.
#[test]
fn a_message_as_large_as_the_limit_is_taken_and_one_octet_more_is_not() {
    for mta in ["\"postfix\"", "{ profile = \"rfc5321\", declares_size = false }"] {
        let end = |limit: u64| {
            let text = sender(mta, "")
                + &host(
                    "mx.peer.example",
                    &format!(
                        "mta = {{ profile = \"rfc5321\", message_size_limit = \"{limit}B\" }}"
                    ),
                )
                + &domain("peer.example", "\"mx.peer.example\"", "bob")
                + &mail("\"bob@peer.example\"", "1min")
                + "size = \"20000B\"\n";
            let run = run(&text);
            let story = run.only();
            let relayed = story.attempts.iter().filter(|a| a.port == 25);
            (story.end(), relayed.map(|a| a.octets.0).max())
        };
        let (arrives, octets) = end(1_000_000);
        let sent = octets.expect("it was sent");
        assert_eq!(arrives, End::Delivered);
        assert_eq!(end(sent).0, End::Delivered, "{mta}");
        assert_eq!(end(sent - 1).0, End::Failed, "{mta}");
    }
}

/// Mail from two hosts of one sender, the second message 10 min after the first, to one mailbox behind
/// greylists with these keys.
fn greylisted(keys: &str, second_exchanger: bool) -> SimDuration {
    let records = "\"mx1.peer.example\", \"mx2.peer.example\"";
    let greylist = format!("mta = \"rfc5321\"\ngreylist = {{ delay = \"5m\"{keys} }}");
    // One exchanger a delivery: so the second has not seen who came to the first.
    let mta = "{ profile = \"rfc5321\", next_host_after_refusal = false }";
    let text = sender(mta, "addresses = [\"192.0.2.1\"]")
        + "[[host]]\nname = \"other.sender.example\"\nroles = [\"submission\"]\nmta = \"rfc5321\"\n\
           addresses = [\"192.0.2.77\"]\n"
        + &host("mx1.peer.example", &greylist)
        + &host("mx2.peer.example", &greylist)
        + &format!(
            "[[domain]]\nname = \"peer.example\"\nmx = [{records}]\nstore = \"mx1.peer.example\"\nmailboxes = [\"bob\"]\n"
        )
        + &mail("\"bob@peer.example\"", "1min")
        + &mail("\"bob@peer.example\"", "11min")
        + &if second_exchanger {
            "[[outage]]\nhost = \"mx1.peer.example\"\nmode = \"refuse\"\nfrom = \"10m30s\"\nfor = \"1m\"\n".to_owned()
        } else {
            "submit = { server = \"other.sender.example\" }\n".to_owned()
        };
    let run = run(&text);
    let peers = [run.host("mx1.peer.example"), run.host("mx2.peer.example")];
    let second = run.mail().into_iter().max_by_key(|story| story.at).expect("two messages");
    let taken = second.accepted.iter().find(|(_, by, _)| peers.contains(by));
    taken.map_or(SimDuration::MAX, |(at, ..)| at.since(second.at))
}

#[test]
fn a_greylist_knows_a_client_by_what_it_goes_by() {
    let (waits, passes) = (secs(300), secs(10));
    assert!(greylisted("", false) >= waits, "another address waits");
    assert!(greylisted(", by = \"network\"", false) < passes, "one /24");
    assert!(greylisted(", by = \"domain\"", false) < passes, "one domain");
    assert!(greylisted(", whitelist = [\"192.0.2.64/26\"]", false) < passes);
    assert!(greylisted(", whitelist = [\"192.0.2.128/25\"]", false) >= waits);
    assert!(greylisted(", retry_window = \"6m\", by = \"network\"", false) >= waits, "forgotten");
}

#[test]
fn exchangers_may_share_a_greylist() {
    let (alone, shared) = (greylisted("", true), greylisted(", shared = \"peer\"", true));
    assert!(shared < secs(10), "what one exchanger has seen the other knows: {shared:?}");
    assert!(alone >= secs(300), "{alone:?}");
}

#[test]
fn servers_may_count_together() {
    let tempfails = |shared: &str| {
        let limits = format!(
            "mta = \"rfc5321\"\nlimits = [{{ per = \"recipient\", most = 1, within = \"1h\"{shared} }}]"
        );
        let text = sender("\"rfc5321\"", "")
            + &host("mx1.peer.example", &limits)
            + &host("mx2.peer.example", &limits)
            + "[[domain]]\nname = \"peer.example\"\nmx = [\"mx1.peer.example\", \"mx2.peer.example\"]\n\
               store = \"mx1.peer.example\"\nmailboxes = [\"bob\"]\n"
            + &mail("\"bob@peer.example\"", "1min")
            + &mail("\"bob@peer.example\"", "2min");
        let run = run(&text);
        let second = run.mail().into_iter().max_by_key(|story| story.at).expect("two").clone();
        let at = second.at + secs(60);
        let from = run.host("smtp.sender.example");
        let early = second.attempts.iter().filter(|a| a.ended < at && a.from == from);
        early.filter(|a| a.outcome == AttemptOutcome::Tempfail).count()
    };
    assert_eq!(tempfails(""), 1, "the second exchanger still takes one");
    assert_eq!(tempfails(", shared = \"peer\""), 2);
}

#[test]
fn stray_dots_are_taken_by_those_who_take_them() {
    let end = |mta: &str| {
        let text = sender("\"rfc5321\"", "")
            + &host("mx.peer.example", &format!("mta = {mta}"))
            + &domain("peer.example", "\"mx.peer.example\"", "bob")
            + "[[mail]]\nfrom = \"alice@sender.example\"\nto_as_typed = [\"b..b@peer.example\"]\nat = \"1min\"\n\
               submit = { server = \"mx.peer.example\", port = 25 }\n";
        let run = run(&text);
        run.only().attempts.first().expect("a try").status
    };
    // It is no mailbox in either case: what differs is why.
    assert_eq!(end("\"rfc5321\""), Status::new(5, 1, 3));
    assert_eq!(end("{ profile = \"rfc5321\", takes_stray_dots = true }"), Status::BAD_MAILBOX);
    assert_eq!(end("\"postfix\""), Status::BAD_MAILBOX);
    assert_eq!(end("\"opensmtpd\""), Status::new(5, 1, 3));
}

/// A backup that verifies recipients at the primary; bob is known to it from before the primary's
/// outage, carol is not, and nobody exists at neither.
fn verified(keys: &str) -> Run {
    let text = sender("\"rfc5321\"", "")
        + &host("mx1.peer.example", "mta = \"rfc5321\"")
        + &format!(
            "[[host]]\nname = \"mx2.peer.example\"\nroles = [\"mx\"]\nmta = \"rfc5321\"\n\
             verifies_recipients = {{ ask = \"mx1.peer.example\"{keys} }}\n\
             routes = {{ \"peer.example\" = \"mx1.peer.example\" }}\n"
        )
        + "[[domain]]\nname = \"peer.example\"\n\
           mx = [{ host = \"mx1.peer.example\", preference = 20 }, { host = \"mx2.peer.example\", preference = 10 }]\n\
           store = \"mx1.peer.example\"\nmailboxes = [\"bob\", \"carol\"]\n"
        + &mail("\"bob@peer.example\"", "1min")
        + &mail("\"nobody@peer.example\"", "2min")
        + &mail("\"bob@peer.example\"", "70min")
        + &mail("\"carol@peer.example\"", "71min")
        + "[[outage]]\nhost = \"mx1.peer.example\"\nmode = \"refuse\"\nfrom = \"1h\"\nfor = \"1h\"\n";
    run(&text)
}

#[test]
fn a_backup_asks_the_primary_about_recipients_and_remembers() {
    let first_reply = |run: &Run, at: u64| {
        let backup = run.host("mx2.peer.example");
        let story =
            run.mail().into_iter().find(|s| s.at == common::at(at * 60)).expect("written").clone();
        let first = story.attempts.iter().find(|a| a.to == Some(backup)).expect("it was tried");
        (first.outcome, first.status, first.ended.since(first.started))
    };
    let strict = verified("");
    let (outcome, _, took) = first_reply(&strict, 1);
    assert_eq!(outcome, AttemptOutcome::Accepted);
    let (outcome, status, _) = first_reply(&strict, 2);
    assert_eq!((outcome, status), (AttemptOutcome::Permfail, Status::BAD_MAILBOX));
    // Known from before, and asked for no more: without the connection and four round trips.
    let (outcome, _, later) = first_reply(&strict, 70);
    assert_eq!(outcome, AttemptOutcome::Accepted);
    assert_eq!(took.saturating_sub(later), SimDuration::from_millis(5 * 20));
    let (outcome, status, _) = first_reply(&strict, 71);
    assert_eq!((outcome, status), (AttemptOutcome::Tempfail, Status::new(4, 1, 1)));
    assert_eq!(first_reply(&verified(", unsure = \"accept\""), 71).0, AttemptOutcome::Accepted);
    let forgetful = verified(", positive_lifetime = \"30m\"");
    assert_eq!(first_reply(&forgetful, 70).0, AttemptOutcome::Tempfail);
}
