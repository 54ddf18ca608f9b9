//! Service extensions and submission (RFC 1870, 2920, 3030, 3207, 4954, 6409, 6531, 2505, 2045): the
//! rules SIZE, PIPE, CHNK, TLS, AUTH, SUB, UTF8, SPAM and MIME.

use mailsim::mail::{AttemptOutcome, Stage};
use mailsim::smtp::{Line, Offers, Order, Speaker, Verb, plain_reply};
use mailsim::trace::AttemptFact;
use mailsim::units::{Octets, SimDuration};

use crate::common::{End, Run, run, scenario, secs};
use crate::network::{
    BOB, by, every_server, first_try, network, one_exchanger, outage, plain, said, tries, verbs,
};

/// Between hosts that no link joins.
const ROUND_TRIP: SimDuration = SimDuration::from_millis(20);
const THREE: &str = "\"bob@b.example\", \"carol@b.example\", \"dave@b.example\"";

/// What a willing server says to these commands, in order.
fn replies(order: &mut Order, commands: &[Verb]) -> Vec<u16> {
    commands.iter().map(|&verb| order.hear(verb, || plain_reply(verb)).code).collect()
}

/// The submission of the only message.
fn submission(run: &Run) -> AttemptFact {
    run.only().tries_of(run.only().created.host)[0]
}

// ---- Sizes ---------------------------------------------------------------------------------

/// RFC 5321 §4.5.3.1.4 and .5: no command and no reply is longer than 512 octets with its end, with
/// everything offered and the longest names there are.
#[test]
fn rfc_size_01_commands_and_replies_fit_512_octets() {
    let label = |letter: &str, length: usize| letter.repeat(length);
    let domain = [label("l", 63), label("m", 63), label("n", 61)].join(".");
    let local = "x".repeat(64);
    let mta = plain("starttls = true, auth = true, message_size_limit = \"1GB\"");
    let client = plain("tls = \"may\"");
    let rest = one_exchanger(&format!("mta = {mta}"))
        .replace("\"b.example\"", &format!("\"{domain}\""))
        .replace("mx.b.example", &format!("mx.{domain}"))
        .replace("\"bob\"", &format!("\"{local}\""));
    for mode in ["", "\"tempfail\"\nstage = \"rcpt\"", "\"permfail\"\nstage = \"dot\""] {
        let host = format!("mx.{domain}");
        let fault = if mode.is_empty() { String::new() } else { outage(&host, mode, "0s", "1h") };
        let to = format!("\"{local}@{domain}\"");
        let run = run(&network("1h", &client, &to, "\"0s\"", &(rest.clone() + &fault)));
        let lines = said(&run, &first_try(&run));
        assert!(lines.len() > 12 && lines.iter().any(|line| line.text.len() > 250), "{lines:#?}");
        let spoken = lines.iter().filter(|line| line.speaker != Speaker::Connection);
        for line in spoken {
            assert!(line.text.len() + 2 <= 512, "{}", line.text);
        }
    }
}

/// RFC 5321 §4.5.3.1.7: 64 KiB are no reason to refuse a message.
#[test]
fn rfc_size_02_every_server_takes_64_kib() {
    for (profile, mta) in every_server() {
        let rest = one_exchanger(&format!("mta = {mta}"));
        let rest = format!("size = \"65536B\"\n{rest}");
        let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        assert_eq!((run.only().end(), run.only().created.size), (End::Delivered, Octets(65_536)));
        assert_eq!(tries(&run).len(), 1, "{}", profile.name);
    }
}

/// RFC 5321 §4.5.3.1.8: a hundred recipients are taken in one transaction.
#[test]
fn rfc_size_03_every_server_takes_100_recipients() {
    let people: Vec<String> = (1..=100).map(|n| format!("\"user{n:05}@b.example\"")).collect();
    let client = plain("recipient_limit = 100");
    for (profile, mta) in every_server() {
        let rest = one_exchanger(&format!("mta = {mta}"))
            .replace("[\"bob\", \"carol\", \"dave\"]", "{ count = 100 }");
        let run = run(&network("1h", &client, &people.join(", "), "\"0s\"", &rest));
        let out = run.host("out.a.example");
        assert_eq!(run.mail().len(), 100);
        for story in run.mail() {
            let tries = story.tries_of(out);
            assert_eq!((tries.len(), tries[0].recipients), (1, 100), "{}", profile.name);
            assert_eq!(story.end(), End::Delivered);
        }
    }
}

#[test]
fn rfc_size_05_too_big_is_permanent_and_no_room_is_temporary() {
    let big = format!("size = \"3MB\"\n{}", one_exchanger("message_size_limit = \"2MB\""));
    let run_big = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &big));
    assert_eq!((run_big.only().end(), run_big.failure_notices()), (End::Failed, 1));
    // RFC 1870 §6.1: 552 to a client that does not look at the limit itself.
    let mta = plain("checks_advertised_size = false");
    let declared = first_try(&run(&network("2h", &mta, BOB, "\"0s\"", &big)));
    assert_eq!(declared.reply.map(|reply| reply.code), Some(552));
    assert_eq!((declared.stage, declared.octets), (Stage::Mail, Octets::ZERO));
    let full = one_exchanger("") + &outage("mx.b.example", "\"disk_full\"", "0s", "20m");
    let run_full = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &full));
    let first = first_try(&run_full);
    assert_eq!(first.reply.map(|reply| reply.code), Some(452));
    assert_eq!((run_full.only().end(), run_full.failure_notices()), (End::Delivered, 0));
}

/// RFC 1870 §6.1: a message as large as the limit is within it, for a client that looks at the limit
/// and for a server that is told the size.
#[test]
fn rfc_size_05_as_large_as_the_limit_is_not_too_big() {
    for client in ["\"rfc5321\"".to_owned(), plain("checks_advertised_size = false")] {
        let sized = |limit: u64| {
            let more = one_exchanger(&format!("message_size_limit = \"{limit}B\""));
            run(&network("2h", &client, BOB, "\"0s\"", &format!("size = \"3kB\"\n{more}")))
        };
        let octets = first_try(&sized(1_000_000)).octets.0;
        assert!(octets > 3_000, "{octets}");
        assert_eq!(sized(octets).only().end(), End::Delivered);
        assert_eq!(sized(octets - 1).only().end(), End::Failed);
    }
}

// ---- Pipelining ----------------------------------------------------------------------------

fn to_three(server: &str, rest: &str) -> Run {
    let rest = one_exchanger(&format!("mta = {}", plain(server))) + rest;
    run(&network("1h", "\"rfc5321\"", THREE, "\"0s\"", &rest))
}

fn first_to_bob(run: &Run) -> AttemptFact {
    run.to("bob@b.example").tries_of(run.host("out.a.example"))[0]
}

/// RFC 2920 §3.1: groups only where the server says PIPELINING.
#[test]
fn rfc_pipe_01_no_groups_unless_the_server_offers_them() {
    let alone = first_to_bob(&to_three("pipelining = false", "")).marks;
    // MAIL, three RCPT, DATA: a round trip each.
    assert_eq!(alone.mail - alone.ehlo, ROUND_TRIP);
    assert_eq!(alone.rcpt - alone.mail, ROUND_TRIP * 3);
    assert_eq!(alone.data - alone.rcpt, ROUND_TRIP);
    let group = first_to_bob(&to_three("pipelining = true", "")).marks;
    assert_eq!(group.data - group.ehlo, ROUND_TRIP);
    assert_eq!((alone.data - alone.ehlo) - (group.data - group.ehlo), ROUND_TRIP * 4);
}

/// The commands that the client sent one after the other, without a reply between.
fn groups(lines: &[Line]) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    for line in lines {
        let group = groups.last_mut().expect("one at least");
        match line.speaker {
            Speaker::Client if !line.text.starts_with('(') => {
                group.push(line.text.split(' ').next().unwrap_or_default().to_owned());
            }
            _ if !group.is_empty() => groups.push(Vec::new()),
            _ => {}
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// RFC 2920 §3.1 (read in RFC 2197 §4.1, the same words): only RSET, MAIL and RCPT may be followed by
/// another command of the same group.
#[test]
fn rfc_pipe_02_who_may_stand_where_in_a_group() {
    let mut seen = 0;
    let refusals = outage("mx.b.example", "\"tempfail\"\nstage = \"rcpt\"", "0s", "1m");
    for rest in ["", &refusals] {
        let run = to_three("message_size_limit = \"1MB\"", rest);
        for group in groups(&said(&run, &first_to_bob(&run))) {
            let (last, before) = group.split_last().expect("not empty");
            let fine = |verb: &String| ["RSET", "MAIL", "RCPT"].contains(&verb.as_str());
            assert!(before.iter().all(fine), "{group:?}");
            seen += usize::from(last == "DATA" && before.len() == 4);
        }
    }
    assert_eq!(seen, 2, "MAIL, three RCPT and DATA went together");
}

/// RFC 2920 §3.1 (RFC 2197 §4.1): every reply counts. With all recipients refused, 354 is answered by
/// the dot alone, and nobody gets anything.
#[test]
fn rfc_pipe_03_nobody_left_means_no_message() {
    let refusals = outage("mx.b.example", "\"permfail\"\nstage = \"rcpt\"", "0s", "1h");
    let mut lengths = Vec::new();
    for server in ["data_without_recipients = false", "data_without_recipients = true"] {
        let run = to_three(server, &refusals);
        for story in run.mail() {
            let fact = story.tries_of(run.host("out.a.example"))[0];
            assert_eq!((fact.stage, fact.octets), (Stage::Rcpt, Octets::ZERO), "{server}");
            assert_eq!(story.end(), End::Failed);
        }
        let fact = first_to_bob(&run);
        lengths.push(fact.ended - fact.marks.ehlo);
        let client = by(Speaker::Client, &said(&run, &fact));
        assert!(!client.iter().any(|text| text.contains("octets")), "{client:?}");
        let dots = client.iter().filter(|text| text.contains("dot alone")).count();
        assert_eq!(dots == 1, server.ends_with("true"));
    }
    // The lone dot takes one more round trip.
    assert_eq!(lengths, [ROUND_TRIP, ROUND_TRIP * 2]);
}

// ---- TLS and AUTH --------------------------------------------------------------------------

fn with_tls(client: &str, server: &str, rest: &str) -> Run {
    let rest = one_exchanger(&format!("mta = {}", plain(server))) + rest;
    run(&network("2h", &plain(client), BOB, "\"0s\"", &rest))
}

/// RFC 3207 §4, read there: 454 leaves the choice to the client. A relay goes on in the clear, a mail
/// program that is about to show its password waits.
#[test]
fn rfc_tls_01_a_refused_starttls_is_the_clients_choice() {
    let mode = "\"tempfail\"\nstage = \"tls\"\nreply = \"454 4.7.0\"";
    let refusal = outage("mx.b.example", mode, "0s", "10m");
    let relay = with_tls("tls = \"may\"", "starttls = true", &refusal);
    let fact = first_try(&relay);
    assert_eq!(fact.outcome, AttemptOutcome::Accepted);
    assert_eq!(fact.marks.tls, mailsim::units::SimTime::MAX);
    assert_eq!(fact.marks.mail - fact.marks.ehlo, ROUND_TRIP * 2);
    assert!(verbs(&said(&relay, &fact)).contains(&"STARTTLS".to_owned()));
    let refusal = outage("out.a.example", mode, "0s", "10m");
    let program =
        run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &(one_exchanger("") + &refusal)));
    let first = submission(&program);
    assert_eq!((first.stage, first.outcome), (Stage::Tls, AttemptOutcome::Tempfail));
    assert_eq!(program.only().end(), End::Delivered);
    assert!(program.only().latency() >= secs(600));
}

/// RFC 3207 §4.2, read there: after the handshake the session begins anew with EHLO.
#[test]
fn rfc_tls_02_after_tls_the_session_begins_anew() {
    let run = with_tls("tls = \"may\"", "starttls = true, auth = true", "");
    let fact = first_try(&run);
    // STARTTLS, two round trips of handshake, and EHLO.
    assert_eq!(fact.marks.tls - fact.marks.ehlo, ROUND_TRIP * 4);
    let lines = said(&run, &fact);
    assert_eq!(verbs(&lines)[..4], ["EHLO", "STARTTLS", "EHLO", "MAIL"]);
    let offers = by(Speaker::Server, &lines);
    assert_eq!(offers.iter().filter(|text| text.ends_with("STARTTLS")).count(), 1);
    let mut order =
        Order::greeted(Offers { ehlo: true, starttls: true, auth: true, chunking: true }, false);
    assert_eq!(replies(&mut order, &[Verb::StartTls, Verb::Ehlo, Verb::StartTls]), [503, 250, 220]);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Ehlo, Verb::Mail]), [503, 250, 250]);
    assert_eq!(replies(&mut order, &[Verb::Rset, Verb::StartTls]), [250, 503]);
}

/// RFC 3207 §4, read there: an exchanger takes mail without TLS.
#[test]
fn rfc_tls_03_an_exchanger_does_not_demand_tls() {
    for client in ["tls = \"none\"", "tls = \"may\""] {
        for server in ["starttls = true", "starttls = false"] {
            let run = with_tls(client, server, "");
            assert_eq!(run.only().end(), End::Delivered, "{client}, {server}");
            let uses = first_try(&run).marks.tls != mailsim::units::SimTime::MAX;
            assert_eq!(uses, client.contains("may") && server.contains("true"));
        }
    }
}

/// RFC 4954 §4: after EHLO, once, and not within a transaction.
#[test]
fn rfc_auth_01_auth_has_its_place() {
    let mut order =
        Order::greeted(Offers { ehlo: true, starttls: true, auth: true, chunking: true }, true);
    assert_eq!(replies(&mut order, &[Verb::Auth, Verb::Ehlo, Verb::Mail]), [503, 250, 250]);
    assert_eq!(replies(&mut order, &[Verb::Auth, Verb::Rset]), [503, 250]);
    assert_eq!(replies(&mut order, &[Verb::Auth, Verb::Auth]), [235, 503]);
    // A mail program authenticates once, before its first message.
    let text = network("1h", "\"rfc5321\"", BOB, "\"0s\", \"0s\"", &one_exchanger(""));
    let run = run(&text.replace("at = [", "submit = { messages_per_session = 2 }\nat = ["));
    let never = mailsim::units::SimTime::MAX;
    let marks: Vec<(bool, bool)> = run
        .mail()
        .iter()
        .map(|story| story.tries_of(story.created.host)[0])
        .map(|fact| (fact.transaction == 1, fact.marks.auth != never))
        .collect();
    assert_eq!(marks, [(true, true), (false, false)]);
}

/// RFC 4954 §4 and §6: what the client makes of 235, 454, 535 and 530.
#[test]
fn rfc_auth_02_what_the_replies_to_auth_mean() {
    let submitted = |mode: &str, submit: &str| {
        let fault = match mode {
            "" => String::new(),
            mode => outage("out.a.example", &format!("{mode}\nstage = \"auth\""), "0s", "10m"),
        };
        let text = network("2h", "\"rfc5321\"", BOB, "\"0s\"", &(one_exchanger("") + &fault));
        run(&text.replace("at = [", &format!("{submit}\nat = [")))
    };
    let fine = submitted("", "");
    assert_eq!(submission(&fine).marks.auth - submission(&fine).marks.tls, ROUND_TRIP);
    let later = submitted("\"tempfail\"\nreply = \"454 4.7.0\"", "");
    assert_eq!(
        (submission(&later).stage, submission(&later).outcome),
        (Stage::Auth, AttemptOutcome::Tempfail)
    );
    assert_eq!(later.only().end(), End::Delivered);
    let wrong = submitted("\"permfail\"\nreply = \"535 5.7.8\"", "");
    assert_eq!(
        (submission(&wrong).stage, submission(&wrong).outcome),
        (Stage::Auth, AttemptOutcome::Permfail)
    );
    assert_eq!(wrong.only().end(), End::Failed);
    // It is told to the author, who looks on, and to nobody else.
    assert_eq!(wrong.failure_notices(), 0);
    let without = submitted("", "submit = { authenticates = false }");
    assert_eq!(submission(&without).reply.map(|reply| reply.code), Some(530));
    assert_eq!((submission(&without).stage, without.only().end()), (Stage::Mail, End::Failed));
}

/// RFC 4954 §4: no password over a channel that anybody can read, where TLS is to be had.
#[test]
fn rfc_auth_04_no_passwords_in_the_clear() {
    let offers = Offers { ehlo: true, starttls: true, auth: true, chunking: true };
    let mut order = Order::greeted(offers, false);
    assert_eq!(replies(&mut order, &[Verb::Ehlo, Verb::Auth]), [250, 538]);
    assert_eq!(replies(&mut order, &[Verb::StartTls, Verb::Ehlo, Verb::Auth]), [220, 250, 235]);
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &one_exchanger("")));
    let lines = said(&run, &submission(&run));
    let place = |start: &str| lines.iter().position(|line| line.text.contains(start));
    let tls = place("TLS handshake").expect("port 587 uses TLS");
    assert!(place("AUTH").is_some_and(|auth| auth > tls), "{lines:#?}");
}

/// RFC 6409 §3.1, §4.3: port 587 is for those who authenticate, port 25 for mail between servers.
#[test]
fn rfc_sub_01_submission_is_authenticated_and_relaying_is_not() {
    let never = mailsim::units::SimTime::MAX;
    let text = network("1h", "\"rfc5321\"", BOB, "\"0s\"", &one_exchanger(""));
    let run_587 = run(&text);
    let (submitted, relayed) = (submission(&run_587), first_try(&run_587));
    assert_eq!((submitted.port, submitted.marks.auth != never), (587, true));
    assert_eq!((relayed.port, relayed.marks.auth != never), (25, false));
    for port in [587, 465] {
        let submit = format!("submit = {{ port = {port}, authenticates = false }}\nat = [");
        let refused = run(&text.replace("at = [", &submit));
        let reply = submission(&refused).reply.expect("a refusal");
        assert_eq!((reply.code, reply.status.class, reply.status.subject), (530, 5, 7));
    }
}

/// RFC 2505 §2.1: mail from strangers to strangers is refused.
#[test]
fn rfc_spam_02_no_open_relay() {
    // The exchanger is named by a domain that it knows nothing of.
    let rest = r#"
        [[host]]
        name = "mx.b.example"
        roles = ["mx"]
        [[host]]
        name = "store.b.example"
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        store = "store.b.example"
        mailboxes = ["bob"]
        "#;
    let mut scenario = scenario(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", rest));
    let mx = scenario.hosts.iter_mut().find(|host| host.name == "mx.b.example").expect("it is");
    assert!(!mx.routing.relays_all, "an exchanger relays for nobody by default");
    mx.routing.relayed.clear();
    let run = Run::of(&scenario);
    let fact = first_try(&run);
    let reply = fact.reply.expect("a refusal");
    assert_eq!((fact.stage, reply.is_permanent(), reply.status.subject), (Stage::Rcpt, true, 7));
    assert_eq!((run.only().end(), fact.octets), (End::Failed, Octets::ZERO));
}

/// RFC 2045 §6.8: four characters for three octets, lines of 76, each with CR LF: 1 368 424 octets for
/// a million.
#[test]
fn rfc_mime_01_attachments_grow_by_base64() {
    let size = |more: &str| {
        let rest = format!("size = \"10kB\"\n{more}\n{}", one_exchanger(""));
        run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest)).only().created.size
    };
    let grown = size("attachments = \"1MB\"").get() - size("").get();
    assert_eq!(grown, 1_368_424);
    let lines = 1_000_000_u64.div_ceil(57);
    assert_eq!(grown, 1_000_000_u64.div_ceil(3) * 4 + lines * 2);
}

// ---- Chunks and addresses beyond ASCII -----------------------------------------------------

fn chunked(client: bool, server: bool, pipelining: bool) -> Run {
    let server = plain(&format!("chunking = {server}, pipelining = {pipelining}"));
    let client = plain(&format!("client_chunking = {client}"));
    let rest = one_exchanger(&format!("mta = {server}"));
    run(&network("1h", &client, BOB, "\"0s\"", &rest))
}

/// RFC 3030 §2, read there: the message follows the replies to RCPT, in a chunk of its own length,
/// without a 354 and without a dot.
#[test]
fn rfc_chnk_01_bdat_needs_no_354() {
    let length = |run: &Run| first_try(run).ended - first_try(run).marks.ehlo;
    let bdat = chunked(true, true, false);
    assert_eq!(bdat.only().end(), End::Delivered);
    for other in [chunked(true, false, false), chunked(false, true, false)] {
        assert_eq!(length(&other) - length(&bdat), ROUND_TRIP);
        assert!(verbs(&said(&other, &first_try(&other))).contains(&"DATA".to_owned()));
    }
    // In a group, DATA goes along for nothing.
    assert_eq!(length(&chunked(true, true, true)), length(&chunked(false, true, true)));
    for pipelining in [false, true] {
        let run = chunked(true, true, pipelining);
        let lines = said(&run, &first_try(&run));
        let client = by(Speaker::Client, &lines);
        let size = run.only().created.size.get();
        assert!(client.contains(&format!("BDAT {size} LAST")), "{client:?}");
        assert!(!client.iter().any(|text| text == "DATA" || text.contains("dot")), "{client:?}");
        assert!(!by(Speaker::Server, &lines).iter().any(|text| text.starts_with("354")));
    }
}

/// RFC 3030 §2, read there: DATA after BDAT gets 503, and so does BDAT after the last chunk.
#[test]
fn rfc_chnk_02_data_and_bdat_are_not_mixed() {
    let offers = Offers { ehlo: true, starttls: true, auth: true, chunking: true };
    let mut order = Order::ready(offers);
    let (more, last) = (Verb::Bdat(false), Verb::Bdat(true));
    assert_eq!(
        replies(&mut order, &[Verb::Mail, Verb::Rcpt, more, Verb::Data]),
        [250, 250, 250, 503]
    );
    assert_eq!(replies(&mut order, &[more, last, last]), [250, 250, 503]);
    assert_eq!(replies(&mut order, &[Verb::Mail, Verb::Rcpt, Verb::Data]), [250, 250, 354]);
}

/// RFC 3030 §2, read there: BDAT without a recipient is refused once its octets are read, and the
/// session goes on.
#[test]
fn rfc_chnk_03_bdat_without_recipients_is_answered() {
    let offers = Offers { ehlo: true, starttls: true, auth: true, chunking: true };
    let mut order = Order::ready(offers);
    let early = replies(&mut order, &[Verb::Mail, Verb::Bdat(true)])[1];
    assert!([503, 554].contains(&early), "{early}");
    assert_eq!(replies(&mut order, &[Verb::Rset, Verb::Mail, Verb::Rcpt]), [250, 250, 250]);
    // A client that waits for the replies to RCPT sends no chunk at all.
    let mta = plain("chunking = true");
    let rest = one_exchanger(&format!("mta = {mta}"))
        + &outage("mx.b.example", "\"permfail\"\nstage = \"rcpt\"", "0s", "1h");
    let run = run(&network("1h", &plain("client_chunking = true"), BOB, "\"0s\"", &rest));
    assert_eq!((first_try(&run).octets, run.only().end()), (Octets::ZERO, End::Failed));
    assert!(!verbs(&said(&run, &first_try(&run))).contains(&"BDAT".to_owned()));
}

/// One message to `zoë`, past a relay that may be of another time.
fn to_zoe(relay: &str) -> Run {
    let rest = one_exchanger("mta = { profile = \"rfc5321\", smtputf8 = true }")
        .replace("\"dave\"", "\"zoë\"")
        + &format!("[[host]]\nname = \"relay.a.example\"\nroles = [\"relay\"]\nmta = {relay}\n");
    let mta = "{ profile = \"rfc5321\", smtputf8 = true }\nsmart_host = \"relay.a.example\"";
    run(&network("1h", mta, "\"zoë@b.example\", \"bob@b.example\"", "\"0s\"", &rest))
}

/// RFC 6531 §3.2: an address beyond ASCII does not go to a server without SMTPUTF8; the hop before it
/// sends the message back.
#[test]
fn rfc_utf8_01_no_such_address_to_a_server_without_the_extension() {
    let modern = to_zoe("{ profile = \"rfc5321\", smtputf8 = true }");
    assert_eq!(modern.to("zoë@b.example").end(), End::Delivered);
    let legacy = to_zoe("{ profile = \"rfc5321\", smtputf8 = false }");
    let story = legacy.to("zoë@b.example");
    let fact = story.tries_of(legacy.host("out.a.example"))[0];
    assert_eq!((fact.outcome, fact.octets), (AttemptOutcome::Permfail, Octets::ZERO));
    let status = story.only_ending().status;
    assert_eq!((status.class, status.subject, status.detail), (5, 6, 7));
    assert_eq!(
        (story.only_ending().host, legacy.failure_notices()),
        (legacy.host("out.a.example"), 1)
    );
    assert!(!verbs(&said(&legacy, &fact)).contains(&"MAIL".to_owned()));
    // Mail with plain addresses does not mind.
    let rest = one_exchanger("mta = { profile = \"rfc5321\", smtputf8 = false }");
    let plain = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    assert_eq!(plain.only().end(), End::Delivered);
}

/// RFC 6531 §3.1: who offers SMTPUTF8 offers 8BITMIME.
#[test]
fn rfc_utf8_03_smtputf8_comes_with_8bitmime() {
    for (flag, expected) in [("true", true), ("false", false)] {
        let rest = one_exchanger(&format!("mta = {}", plain(&format!("smtputf8 = {flag}"))));
        let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        let offered = by(Speaker::Server, &said(&run, &first_try(&run)));
        let has = |word: &str| offered.iter().any(|text| text.get(4..) == Some(word));
        assert_eq!((has("SMTPUTF8"), has("8BITMIME")), (expected, expected), "{offered:?}");
    }
}
