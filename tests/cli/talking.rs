//! `talk`: transcripts whose replies RFC 5321, RFC 1939 and RFC 9051 give, by the state of the
//! scenario.

use std::fs;

use crate::program::{Said, call_here, call_with_input, folder, scenario};

/// Two sites; the recipient's server is out of order in several ways, hour by hour.
const SITES: &str = r#"
title = "A server with several troubles"
question = "What does it say?"
seed = 1
duration = "12h"

[[host]]
name = "mail.sender.example"
roles = ["submission", "mx", "store"]

[[host]]
name = "mail.recipient.example"
roles = ["mx", "store"]
mta = "postfix"
message_size_limit = "1MB"

[[host]]
name = "proxy.recipient.example"
roles = ["proxy"]
mta = "none"

[[domain]]
name = "sender.example"
mx = [{ host = "mail.sender.example", preference = 10 }]
mailboxes = ["alice"]

[[domain]]
name = "recipient.example"
mx = [{ host = "mail.recipient.example", preference = 10 }]
mailboxes = ["bob", "eve"]

[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example", "eve@recipient.example"]
at = "1min"
size = "20kB"

[[mail]]
from = "alice@sender.example"
to = ["eve@recipient.example"]
at = "9h"

[[outage]]
host = "mail.recipient.example"
from = "1h"
for = "1h"
mode = "refuse"

[[outage]]
host = "mail.recipient.example"
from = "2h"
for = "1h"
mode = "blackhole"

[[outage]]
host = "mail.recipient.example"
from = "3h"
for = "1h"
mode = "tempfail"
stage = "mail"
reply = "451 4.3.0"

[[outage]]
host = "mail.recipient.example"
from = "4h"
for = "1h"
mode = "hang"
stage = "rcpt"

[[outage]]
host = "mail.recipient.example"
from = "5h"
for = "1h"
mode = "slow"
delay = "7s"

[[outage]]
host = "mail.recipient.example"
from = "6h"
for = "1h"
mode = "greylist"
delay = "5min"

[[outage]]
host = "mail.recipient.example"
from = "7h"
for = "1h"
mode = "drop"
stage = "dot"

[[outage]]
host = "mail.recipient.example"
from = "8h"
for = "30min"
mode = "session_limit"
limit = 0
"#;

const HOST: &str = "mail.recipient.example";

fn talk(arguments: &[&str], lines: &[&str]) -> Said {
    talk_in(SITES, arguments, lines)
}

fn talk_in(text: &str, arguments: &[&str], lines: &[&str]) -> Said {
    let folder = folder();
    fs::write(folder.path().join("sites.toml"), text).expect("it can be written");
    let all: Vec<&str> = ["talk", "-q", "sites.toml"].iter().chain(arguments).copied().collect();
    let mut input = lines.join("\n");
    input.push('\n');
    call_with_input(folder.path(), &all, &input)
}

/// The first words of what the server said, before the mail went on.
fn said(said: &Said) -> Vec<String> {
    let live = said.out.split("\nWhat ").next().unwrap_or_default();
    live.lines()
        .filter_map(|line| line.split_once("  S: "))
        .map(|(_, text)| text.split(' ').next().unwrap_or_default().to_owned())
        .collect()
}

/// Codes of the final lines of replies.
fn codes(said_by_server: &Said) -> Vec<u16> {
    said(said_by_server).iter().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn commands_in_order_lead_to_a_delivery() {
    let lines = [
        "EHLO here.example",
        "MAIL FROM:<alice@sender.example> SIZE=40",
        "RCPT TO:<bob@recipient.example>",
        "DATA",
        "Subject: by hand",
        "",
        "..begins with a dot",
        ".",
        "QUIT",
    ];
    let said = talk(&[HOST, "--at", "30min"], &lines).ends_with(0);
    // RFC 5321 appendix D.1.
    assert_eq!(codes(&said), [220, 250, 250, 250, 354, 250, 221]);
    // "Subject: by hand", an empty line and 18 letters, of which the doubled dot is one, each with
    // CR LF: 18 + 2 + 20 octets.
    assert!(said.out.contains("to bob@recipient.example, 40 octets"), "{}", said.out);
    assert!(said.out.contains("into the mailbox of bob@recipient.example"), "{}", said.out);
    assert!(said.out.contains("at = \"30m"), "{}", said.out);
}

#[test]
fn what_travels_on_can_be_kept() {
    let lines = [
        "EHLO here.example",
        "MAIL FROM:<zoe@elsewhere.example>",
        "RCPT TO:<bob@recipient.example>",
        "DATA",
        "Received: from a by b",
        "Received: from c by d",
        "",
        "text",
        ".",
        "QUIT",
    ];
    let said = talk(&[HOST, "--at", "30min"], &lines).ends_with(0);
    let (journey, tables) = said.out.split_once("\nTo have it in every run, add").unwrap();
    let tables = tables.split_once("\n\n").unwrap().1;
    assert!(tables.contains("received_fields = 2"), "{tables}");
    // Two fields of its own and that of the server.
    assert!(journey.contains("with 3 Received fields"), "{journey}");
    let folder = folder();
    fs::write(folder.path().join("kept.toml"), format!("{SITES}\n{tables}")).unwrap();
    let arguments = ["trace", "-q", "kept.toml", "-m", "3-1"];
    let traced = call_with_input(folder.path(), &arguments, "").ends_with(0).out;
    let told = journey.split_once("\nMessage 3-1").unwrap().1;
    // The session that was typed is not told again; what follows is the same.
    assert!(told.contains("has taken it in the session above"), "{told}");
    let taken = "puts it into the mailbox of";
    let behind = |text: &str| text.split_once(taken).unwrap().1.trim_end().to_owned();
    assert_eq!(behind(&traced), behind(told));
}

#[test]
fn commands_out_of_order_and_wrong_ones_are_refused() {
    let long = format!("EHLO {}.example", "a".repeat(600));
    let lines = [
        // RFC 5321 §4.1.4: MAIL needs EHLO or HELO, RCPT needs MAIL, DATA needs RCPT.
        ("MAIL FROM:<alice@sender.example>", 503),
        ("EHLO", 501),
        ("EHLO two words", 501),
        (long.as_str(), 500),
        ("HELO here.example", 250),
        // HELO opens no extensions: no parameters.
        ("MAIL FROM:<alice@sender.example> SIZE=5", 555),
        ("ehlo here.example", 250),
        ("RCPT TO:<bob@recipient.example>", 503),
        ("DATA", 503),
        ("MAIL FROM:alice@sender.example", 501),
        ("MAIL FROM:<alice>", 501),
        ("MAIL FROM:<alice@sender.example> RET=FULL", 555),
        ("MAIL FROM:<alice@sender.example> SIZE=many", 501),
        // RFC 1870 §6.1.
        ("MAIL FROM:<alice@sender.example> SIZE=2000000", 552),
        ("mail from:<alice@sender.example>", 250),
        ("MAIL FROM:<alice@sender.example>", 503),
        ("RCPT TO:<nobody@recipient.example>", 550),
        ("RCPT TO:<carol@elsewhere.example>", 554),
        ("RCPT TO:bob@recipient.example", 501),
        ("DATA", 554),
        ("RCPT TO:<Postmaster>", 250),
        ("RCPT TO:<bob@recipient.example> NOTIFY=NEVER", 555),
        ("DATA now", 501),
        ("NOOP", 250),
        ("HELP", 214),
        // Postfix says no to VRFY where RCPT would, and never yes.
        ("VRFY bob", 252),
        ("VRFY <nobody@recipient.example>", 550),
        ("VRFY", 501),
        ("EXPN staff", 502),
        ("TURN", 502),
        ("HELLO", 500),
        ("", 500),
        ("AUTH PLAIN AGEAYg==", 502),
        ("STARTTLS", 502),
        ("RSET", 250),
        ("RCPT TO:<bob@recipient.example>", 503),
        ("QUIT", 221),
    ];
    let typed: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
    let mut expected: Vec<u16> = vec![220];
    expected.extend(lines.iter().map(|(_, code)| *code));
    // After STARTTLS everything is said anew, so it may not be offered here.
    let server = SITES.replacen("mta = \"postfix\"", "mta = { profile = \"postfix\" }", 1);
    let said = talk_in(&server, &[HOST], &typed).ends_with(0);
    assert_eq!(codes(&said), expected, "{}", said.out);
    assert!(!said.out.contains("travels on"), "nothing was accepted");
}

#[test]
fn submission_wants_tls_and_a_name() {
    let arguments = ["mail.sender.example", "--port", "587"];
    let lines = [
        ("EHLO here.example", 250),
        // RFC 6409 §4.3, RFC 4954 §6.
        ("MAIL FROM:<alice@sender.example>", 530),
        ("AUTH PLAIN AGEAYg==", 538),
        ("STARTTLS", 220),
        // RFC 3207 §4.2: back to the beginning.
        ("MAIL FROM:<alice@sender.example>", 503),
        ("EHLO here.example", 250),
        ("STARTTLS", 503),
        ("AUTH CRAM-MD5", 504),
        ("AUTH LOGIN", 334),
        ("*", 501),
        ("AUTH LOGIN", 334),
        ("YQ==", 334),
        ("Yg==", 235),
        ("AUTH PLAIN AGEAYg==", 503),
        ("MAIL FROM:<alice@sender.example>", 250),
        ("RCPT TO:<bob@recipient.example>", 250),
        ("BDAT 6", 0),
        ("text", 250),
        // RFC 3030 §2: DATA and BDAT are not mixed.
        ("DATA", 503),
        ("BDAT 0 LAST", 250),
        ("QUIT", 221),
    ];
    let typed: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
    let mut expected: Vec<u16> = vec![220];
    expected.extend(lines.iter().map(|(_, code)| *code).filter(|code| *code > 0));
    let said = talk(&arguments, &typed).ends_with(0);
    assert_eq!(codes(&said), expected, "{}", said.out);
    assert!(said.out.contains("with ESMTPSA"), "{}", said.out);
    assert!(said.out.contains("to bob@recipient.example, 6 octets"), "{}", said.out);
    let implicit = talk(&["mail.sender.example", "--port", "465"], &["EHLO here.example", "QUIT"]);
    assert!(implicit.out.contains("AUTH PLAIN LOGIN") && !implicit.out.contains("STARTTLS"));
}

#[test]
fn the_server_is_as_it_is_at_that_moment() {
    let at = |time: &str, lines: &[&str]| talk(&[HOST, "--at", time], lines).ends_with(0).out;
    let envelope =
        ["EHLO a.example", "MAIL FROM:<zoe@else.example>", "RCPT TO:<bob@recipient.example>"];
    assert!(at("90min", &[]).contains("the connection is refused"));
    // Linux gives up after seven packets: 1 + 2 + 4 + 8 + 16 + 32 + 64 s.
    let silent = at("150min", &[]);
    assert!(silent.contains("02:32:07.000") && silent.contains("no answer"), "{silent}");
    assert!(at("210min", &envelope).contains("S: 451 4.3.0"));
    // A client waits five minutes for RCPT (RFC 5321 §4.5.3.2.3).
    let hangs = at("270min", &envelope);
    assert!(hangs.contains("no answer; a client gives up now"), "{hangs}");
    assert!(hangs.contains("5m 00s pass"), "{hangs}");
    assert!(at("330min", &envelope).contains("7.02 s pass"), "{}", at("330min", &envelope));
    assert!(at("490min", &[]).contains("S: 421"));
    // When it is over it is over, while the caller waits.
    let mut later = envelope.to_vec();
    later.insert(1, "+40min");
    assert!(at("210min", &later).contains("S: 250 2.1.0"));
}

#[test]
fn a_greylist_lets_pass_who_comes_back() {
    let transaction = ["MAIL FROM:<zoe@else.example>", "RCPT TO:<bob@recipient.example>"];
    let mut lines = vec!["EHLO a.example"];
    lines.extend(transaction);
    lines.extend(["RSET", "+4min"]);
    lines.extend(transaction);
    lines.extend(["RSET", "+1min"]);
    lines.extend(transaction);
    lines.extend(["DATA", "text", ".", "QUIT"]);
    let said = talk(&[HOST, "--at", "6h10min"], &lines).ends_with(0);
    assert_eq!(
        codes(&said),
        [220, 250, 250, 450, 250, 250, 450, 250, 250, 250, 354, 250, 221],
        "{}",
        said.out
    );
    // The run puts it off as well, and takes it when it comes again.
    let journey = said.out.split_once("travels on").unwrap().1;
    let (refused, taken) = (journey.find("S: 450").unwrap(), journey.find("Ok: queued").unwrap());
    assert!(refused < taken, "{journey}");
}

#[test]
fn a_recipient_that_is_named_again_in_the_same_transaction_travels_on() {
    let recipient = "RCPT TO:<bob@recipient.example>";
    let from = "MAIL FROM:<zoe@else.example>";
    let lines =
        ["EHLO a.example", from, recipient, "+6min", recipient, "DATA", "text", ".", "QUIT"];
    let said = talk(&[HOST, "--at", "6h10min"], &lines).ends_with(0);
    assert_eq!(codes(&said), [220, 250, 250, 450, 250, 354, 250, 221], "{}", said.out);
    let journey = said.out.split_once("travels on").unwrap().1;
    let (refused, taken) = (journey.find("S: 450").unwrap(), journey.find("Ok: queued").unwrap());
    assert!(refused < taken, "{journey}");
}

#[test]
fn a_lost_reply_is_no_lost_message() {
    let lines = [
        "EHLO a.example",
        "MAIL FROM:<zoe@else.example>",
        "RCPT TO:<bob@recipient.example>",
        "DATA",
        "text",
        ".",
    ];
    let said = talk(&[HOST, "--at", "7h10min"], &lines).ends_with(0);
    // RFC 1047: the client cannot know that the server has it.
    assert!(said.out.contains("the connection is lost"), "{}", said.out);
    assert!(said.out.contains("into the mailbox of bob@recipient.example"), "{}", said.out);
}

#[test]
fn a_question_mark_explains() {
    let lines = ["?", "EHLO a.example", "RCPT TO:<bob@recipient.example>", "?", "? rcpt", "? foo"];
    let said = talk(&[HOST], &lines).ends_with(0).out;
    for part in [
        "220: 2yz, done",
        "503: 5yz",
        "5.5.1: a permanent failure",
        "MAIL comes first",
        "Names one",
    ] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    assert!(said.contains("There is no command FOO"), "{said}");
    // In a message it is a line like others.
    let lines = [
        "EHLO a.example",
        "MAIL FROM:<zoe@else.example>",
        "RCPT TO:<bob@recipient.example>",
        "DATA",
        "?",
        "+5m",
        ".",
    ];
    let said = talk(&[HOST], &lines).ends_with(0).out;
    assert!(said.contains("to bob@recipient.example, 8 octets"), "{said}");
}

#[test]
fn who_hangs_up_has_said_enough() {
    // Ctrl-D before anything, in an envelope, and in a message: nothing is accepted.
    for lines in [
        &[][..],
        &["EHLO a.example"],
        &[
            "EHLO a.example",
            "MAIL FROM:<zoe@else.example>",
            "RCPT TO:<bob@recipient.example>",
            "DATA",
            "half a mess",
        ],
    ] {
        let said = talk(&[HOST], lines).ends_with(0);
        assert!(said.out.contains("you hang up"), "{}", said.out);
        assert!(!said.out.contains("travels on"), "{}", said.out);
    }
}

#[test]
fn the_same_lines_get_the_same_answers() {
    let lines =
        ["EHLO a.example", "MAIL FROM:<zoe@else.example>", "RCPT TO:<bob@recipient.example>"];
    let once = talk(&[HOST, "--at", "6h30min"], &lines).out;
    assert_eq!(once, talk(&[HOST, "--at", "6h30min"], &lines).out);
}

#[test]
fn what_cannot_be_talked_to_is_named() {
    let refused = |arguments: &[&str], parts: &[&str]| {
        talk(arguments, &[]).ends_with(2).complains_of(parts);
    };
    refused(&["mail.recipient.exampel"], &["no host", "did you mean mail.recipient.example?"]);
    refused(&[HOST, "--from", "elsewhere"], &["no host elsewhere"]);
    refused(&[HOST, "--port", "587"], &["port 587", "the role submission", "mail.sender.example"]);
    refused(&[HOST, "--port", "80"], &["port 80", "25, 587"]);
    refused(&[HOST, "--protocol", "pop3", "--port", "25"], &["not for POP3", "110"]);
    refused(&["proxy.recipient.example"], &["does not speak SMTP", "role"]);
    refused(&[HOST, "--at", "12h"], &["beyond the end", "12h"]);
    refused(&[HOST, "--at", "soon"], &["soon"]);
    let three = scenario("three-recipients.toml");
    let said = call_here(&["talk", &three, "mx2.abroad.example", "--protocol", "imap"]);
    said.ends_with(2).complains_of(&["does not speak IMAP", "mx1.abroad.example"]);
}

#[test]
fn mail_is_fetched_by_pop3() {
    let lines = [
        "STAT",
        "USER eve",
        "PASS secret",
        "STAT",
        "LIST",
        "LIST 2",
        "UIDL",
        "TOP 1 0",
        "RETR 1",
        "DELE 1",
        "RETR 1",
        "RSET",
        "STAT",
        "FOO",
        "QUIT",
    ];
    let at = |time: &str| talk(&[HOST, "--protocol", "pop3", "--at", time], &lines).ends_with(0);
    let said = at("10h").out;
    // RFC 1939 §5 to §7: two messages by then, 20,000 and 10,000 octets and two fields of 198 each.
    for part in [
        "C: STAT\n00:",
        "S: -ERR",
        "S: +OK 2 30766",
        "S: 1 20355",
        "S: 2 10411",
        "S: +OK 2 10411",
        "S: 1 1-1",
        "S: 2 2-1",
        "Return-Path: <alice@sender.example>",
        "S: +OK 20355 octets",
        "S: -ERR no such message",
        "S: -ERR unknown command",
    ] {
        let part = part.replace("\n00:", "");
        assert!(said.contains(&part), "`{part}` is not in {said}");
    }
    assert!(at("2min").out.contains("S: +OK 1 20355"), "the second has not been sent yet");
    let wrong = ["USER nobody", "PASS x", "?", "PASS x"];
    let said = talk(&[HOST, "--protocol", "pop3"], &wrong).ends_with(0).out;
    assert!(said.contains("-ERR [AUTH]") && said.contains("bob@recipient.example"), "{said}");
}

#[test]
fn mail_is_read_by_imap() {
    let lines = [
        "a SELECT INBOX",
        "a LOGIN eve@recipient.example secret",
        "b FETCH 1 FLAGS",
        "c SELECT INBOX",
        "d FETCH 1:* (UID FLAGS RFC822.SIZE)",
        "e SEARCH UNSEEN",
        "f FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]",
        "g FETCH 1 BODY[]",
        "h SEARCH UNSEEN",
        "i IDLE",
        "+2h",
        "DONE",
        "j STORE 1 +FLAGS (\\Deleted)",
        "k EXPUNGE",
        "l UID FETCH 1:* FLAGS",
        "m STATUS INBOX (MESSAGES UNSEEN)",
        "n FETCH x FLAGS",
        "o SELECT Drafts",
        "p LOGOUT",
    ];
    let said = talk(&[HOST, "--protocol", "imap", "--at", "8h30min"], &lines).ends_with(0).out;
    let mut rest = said.as_str();
    for part in [
        "S: a BAD",
        "S: a OK",
        "S: b BAD",
        "S: * 1 EXISTS",
        "S: c OK [READ-WRITE]",
        "S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 20355)",
        "S: * SEARCH 1",
        "BODY[HEADER.FIELDS (SUBJECT)] {24}",
        "Subject: Message 1-1",
        "BODY[] {20355}",
        "FLAGS (\\Seen)",
        "S: * SEARCH\n",
        "S: + idling",
        // The second message was sent at nine o'clock.
        "\n09:00:00",
        "S: * 2 EXISTS",
        "S: i OK",
        "S: * 1 FETCH (FLAGS (\\Seen \\Deleted))",
        "S: * 1 EXPUNGE",
        // Its number is 1 now, its UID stays 2 (RFC 9051 §2.3.1.1).
        "S: * 1 FETCH (UID 2 FLAGS ())",
        "(MESSAGES 1 UNSEEN 1)",
        "S: n BAD",
        "S: o NO [NONEXISTENT]",
        "S: * BYE",
        "S: p OK",
    ] {
        let place = rest.find(part).unwrap_or_else(|| panic!("`{part}` is not next in\n{rest}"));
        rest = &rest[place + part.len()..];
    }
}

/// What a filter has filed as junk is seen by IMAP and not by POP3.
#[test]
fn junk_is_another_folder() {
    let lesson = "scenarios/lessons/13-spam-and-greylisting.toml";
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let call = |protocol: &str, input: &str| {
        let arguments =
            ["talk", "-q", lesson, "mx.dot.example", "--at", "27min", "--protocol", protocol];
        call_with_input(here, &arguments, input).ends_with(0).out
    };
    // The newsletter came at 00:26:16; the first message has been fetched and deleted.
    let pop3 = call("pop3", "USER bob\nPASS x\nSTAT\nQUIT\n");
    assert!(pop3.contains("S: +OK 0 0"), "{pop3}");
    let imap = call("imap", "a LOGIN bob x\nb LIST \"\" *\nc SELECT Junk\nd FETCH 1 ENVELOPE\n");
    for part in ["(\\HasNoChildren \\Junk) \"/\" \"Junk\"", "* 1 EXISTS", "\"Message 2-1\""] {
        assert!(imap.contains(part), "`{part}` is not in {imap}");
    }
}

/// Filters and sender policies look at what is typed: lesson 14's sender.example publishes
/// `p=reject` (RFC 7489 §6.3), and the GTUBE line has a score that every filter refuses.
#[test]
fn what_is_typed_is_screened() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let call = |lesson: &str, host: &str, from: &str, text: &str| {
        let lesson = format!("scenarios/lessons/{lesson}.toml");
        let recipient =
            if host == "mx.dot.example" { "bob@dot.example" } else { "bob@recipient.example" };
        let input = format!(
            "EHLO a.example\nMAIL FROM:<{from}>\nRCPT TO:<{recipient}>\nDATA\n{text}\n.\nQUIT\n"
        );
        call_with_input(here, &["talk", "-q", &lesson, host], &input).ends_with(0).out
    };
    let policy = |text: &str| {
        let lesson = "14-who-may-send-for-a-domain";
        call(lesson, "mx.recipient.example", "me@nowhere.example", text)
    };
    let forged = policy("From: The Boss <alice@sender.example>\n\nPay at once.");
    assert!(forged.contains("S: 550 5.7.26") && !forged.contains("travels on"), "{forged}");
    let honest = policy("From: me@nowhere.example\n\nHello.");
    assert!(honest.contains("S: 250 2.0.0 Ok: queued"), "{honest}");
    let filter =
        |text: &str| call("13-spam-and-greylisting", "mx.dot.example", "me@victor.example", text);
    let spam = filter("\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X");
    assert!(spam.contains("S: 554 5.7.1") || spam.contains("S: 550 5.7.1"), "{spam}");
    assert!(filter("Subject: lunch").contains("S: 250 2.0.0 Ok: queued"));
}

/// RFC 9051 §9: a number above the last is BAD, and a UID that is not there is none; §6.4.9: UID
/// goes before five commands, and UID EXPUNGE leaves what its set does not name.
#[test]
fn imap_numbers_are_those_of_messages_and_uids_need_not_be() {
    let lines = [
        "a LOGIN eve@recipient.example x",
        "b SELECT INBOX",
        "c FETCH 999 FLAGS",
        "d UID FETCH 999 FLAGS",
        "e UID NOOP",
        "f STORE 1 +FLAGS (\\Deleted)",
        "g UID EXPUNGE 999",
        "h STATUS INBOX (MESSAGES)",
        "i EXPUNGE",
        "j SEARCH ALL",
        "k FETCH 1:* FLAGS",
        "l LOGOUT",
    ];
    let said = talk(&[HOST, "--protocol", "imap", "--at", "8h30min"], &lines).ends_with(0).out;
    let mut rest = said.as_str();
    for part in [
        "S: * 1 EXISTS",
        "S: c BAD",
        "S: d OK",
        "S: e BAD",
        "S: g OK",
        "(MESSAGES 1)",
        "S: * 1 EXPUNGE",
        "S: * SEARCH\n",
        "S: j OK",
        "S: k BAD",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("no {part} in\n{said}")).1;
    }
}

/// What real readers do is typed alike: passwords of the scenario, folders of one's own, literals (RFC
/// 9051 §4.3), APPEND and COPY with their UIDs (RFC 4315). A folder that is made again is another one
/// (RFC 9051 §2.3.1.1).
#[test]
fn a_store_that_is_typed_to_is_the_one_that_programs_meet() {
    let text =
        format!("{SITES}\n[live]\npasswords = {{ \"eve@recipient.example\" = \"right\" }}\n");
    let lines = [
        "a LOGIN eve@recipient.example wrong",
        "b LOGIN eve@recipient.example right",
        "c CREATE Kept",
        "d SELECT INBOX",
        "e COPY 1 Kept",
        "f APPEND Kept (\\Seen) {20}",
        "Subject: x",
        "",
        "?hi",
        "",
        "g STATUS Kept (MESSAGES UNSEEN UIDVALIDITY)",
        "h SELECT Kept",
        "i FETCH 2 (FLAGS BODY.PEEK[TEXT])",
        "j FETCH 1 BODY.PEEK[]",
        "k APPEND Nowhere {1+}",
        "x",
        "l DELETE Kept",
        "m CREATE Kept",
        "n STATUS Kept (MESSAGES UIDVALIDITY)",
        "o LOGOUT",
    ];
    let arguments = [HOST, "--protocol", "imap", "--at", "8h30min"];
    let said = talk_in(&text, &arguments, &lines).ends_with(0).out;
    let mut rest = said.as_str();
    for part in [
        "S: a NO [AUTHENTICATIONFAILED]",
        "S: b OK",
        "S: c OK",
        "S: e OK [COPYUID 2 1 1]",
        "S: + go on",
        "S: f OK [APPENDUID 2 2]",
        "S: * STATUS \"Kept\" (MESSAGES 2 UNSEEN 1 UIDVALIDITY 2)",
        "S: h OK",
        "S: * 2 FETCH (FLAGS (\\Seen) BODY[TEXT] {6}",
        "S: ?hi",
        "BODY[] {20355}",
        "octets of body: sizes are simulated, words are not)",
        "S: )",
        "S: k NO [TRYCREATE]",
        "S: l OK",
        "(MESSAGES 0 UIDVALIDITY 3)",
        "S: o OK",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("no {part} in\n{said}")).1;
    }
    assert!(!said.contains("xxxx"), "filling is not shown: {said}");
    let lines =
        ["USER eve@recipient.example", "PASS wrong", "USER eve@recipient.example", "PASS right"];
    let said = talk_in(&text, &[HOST, "--protocol", "pop3"], &lines).ends_with(0).out;
    let refused = said.find("S: -ERR [AUTH]").expect(&said);
    assert!(said[refused..].contains("S: +OK maildrop has"), "{said}");
}

#[test]
fn what_is_taken_after_the_end_of_the_run_is_said_to_go_no_further() {
    let lines = [
        "EHLO a.example",
        "+5h",
        "MAIL FROM:<zoe@else.example>",
        "RCPT TO:<bob@recipient.example>",
        "DATA",
        "text",
        ".",
        "QUIT",
    ];
    let said = talk(&[HOST, "--at", "11h"], &lines).ends_with(0).out;
    assert!(said.contains("after the end of the run, 12h, is not followed"), "{said}");
    assert!(!said.contains("travels on"), "{said}");
}
