//! Loops and trace fields (RFC 5321 §4.4, §6.3): the rules LOOP and TRC.

use std::path::Path;
use std::process::Command;

use mailsim::profiles;

use crate::common::{End, Run, run};
use crate::network::{BOB, network, one_exchanger};

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

/// RFC 5321 §6.3: a hundred Received fields at least, if nobody says otherwise. Postfix has 50.
#[test]
fn rfc_loop_02_the_threshold_is_large() {
    let text = "mta = \"rfc5321\"\nroutes";
    let server = |name: &str, other: &str| {
        format!(
            "[[host]]\nname = \"{name}\"\nroles = [\"relay\"]\n{text} = {{ \"b.example\" = \"{other}\" }}\n"
        )
    };
    let rest = server("x.b.example", "y.b.example")
        + &server("y.b.example", "x.b.example")
        + "[[host]]\nname = \"store.b.example\"\n[[domain]]\nname = \"b.example\"\nmx = \
           [\"x.b.example\"]\nstore = \"store.b.example\"\nmailboxes = [\"bob\"]\n";
    let text = network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest);
    let run = run(&format!("allow_loops = true\n{text}"));
    // The hundredth field is never written.
    assert_eq!((run.only().accepted.len(), run.only().end()), (99, End::Failed));
    // The Windows SMTP service is known to stop at ten (its HopCount), all others go further.
    for profile in profiles::all() {
        let least = if profile.name == "exchange-2003" { 10 } else { 20 };
        let limit = profile.server.hop_limit;
        assert!(limit.is_none_or(|limit| limit >= least), "{}: {limit:?}", profile.name);
    }
}

/// Submission server, relay, exchanger and store: four servers.
fn four_servers() -> String {
    let rest = r#"
        [[host]]
        name = "relay.a.example"
        roles = ["relay"]
        [[host]]
        name = "mx.b.example"
        [[host]]
        name = "store.b.example"
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        store = "store.b.example"
        mailboxes = ["bob", "carol"]
        "#;
    network("1h", "\"rfc5321\"", "\"bob@b.example\", \"carol@b.example\"", "\"1s\"", rest).replacen(
        "mta = \"rfc5321\"",
        "mta = \"rfc5321\"\nsmart_host = \"relay.a.example\"",
        1,
    )
}

/// RFC 5321 §4.4: each server adds one field, and nobody takes one away.
#[test]
fn rfc_trc_01_each_server_adds_one_received_field() {
    let run = run(&four_servers());
    let names = ["out.a.example", "relay.a.example", "mx.b.example", "store.b.example"];
    for story in run.mail() {
        let steps: Vec<_> =
            story.accepted.iter().map(|(_, host, fields)| (*host, *fields)).collect();
        let expected: Vec<_> = names.iter().zip(1..).map(|(name, n)| (run.host(name), n)).collect();
        assert_eq!(steps, expected);
        assert_eq!(story.only_ending().received_fields, 4);
    }
}

/// What `mailsim trace` shows of the header of the first message.
pub(crate) fn header(text: &str, recipient: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder for the scenario");
    let file = folder.path().join("traced.toml");
    std::fs::write(&file, text).expect("the scenario is written");
    let output = Command::new(Path::new(env!("CARGO_BIN_EXE_mailsim")))
        .arg("trace")
        .arg(&file)
        .args(recipient)
        .output()
        .expect("the program can be started");
    let said = String::from_utf8(output.stdout).expect("it is UTF-8");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let fields = said.split_once("Trace fields").expect("they are shown").1;
    let fields = fields.split_once('\n').expect("a line each").1;
    // A line that is indented further goes on with its field.
    let mut header: Vec<String> = Vec::new();
    for line in fields.lines().take_while(|line| line.starts_with("  ")) {
        match line.strip_prefix("      ") {
            Some(more) => {
                let field = header.last_mut().expect("a field goes on");
                *field = format!("{field} {more}");
            }
            None => header.push(line.trim().to_owned()),
        }
    }
    header
}

/// RFC 5321 §4.4: from, with name and address; by; a date with an offset in digits. With exact
/// clocks the dates do not go back along the way.
#[test]
fn rfc_trc_02_a_received_field_says_from_by_and_when() {
    let header = header(&four_servers(), &[]);
    let received: Vec<&String> =
        header.iter().filter(|field| field.starts_with("Received:")).collect();
    assert_eq!(received.len(), 4, "{header:#?}");
    let servers = ["store.b.example", "mx.b.example", "relay.a.example", "out.a.example"];
    let mut dates: Vec<&str> = Vec::new();
    for (field, server) in received.iter().zip(servers) {
        let (from, rest) = field.split_once(" by ").expect("a by clause");
        let name = from.strip_prefix("Received: from ").expect("a from clause");
        let (name, address) = name.split_once(" (").expect("the address in a comment");
        assert!(name.ends_with(".example"), "{field}");
        let address = address.rsplit_once('[').expect("in brackets").1;
        let address = address.split_once(']').expect("in brackets").0;
        assert!(address.parse::<std::net::IpAddr>().is_ok(), "{field}");
        assert!(rest.starts_with(server), "{field}");
        let date = rest.rsplit_once("; ").expect("a date").1;
        // The zone's name may stand behind it, in a comment.
        let date = date.split_once(" (").map_or(date, |(date, _)| date);
        assert!(date.ends_with(" +0000"), "{field}");
        dates.push(&date[date.len() - "00:00:00 +0000".len()..]);
    }
    dates.reverse();
    assert!(dates.is_sorted(), "{dates:?}");
}

/// RFC 5321 §4.4: a FOR clause names one path at most.
#[test]
fn rfc_trc_03_for_names_one_recipient_at_most() {
    let two = header(&four_servers(), &[]);
    assert!(two.iter().all(|field| field.matches(" for <").count() == 0), "{two:#?}");
    let one = header(&four_servers().replace(", \"carol@b.example\"]", "]"), &[]);
    let named = one.iter().filter(|field| field.contains(" for <bob@b.example>")).count();
    assert_eq!(named, 4, "{one:#?}");
    assert!(one.iter().all(|field| field.matches(" for <").count() <= 1));
}

/// RFC 5321 §4.4: the store writes the reverse path on top, once; relays write none.
#[test]
fn rfc_trc_04_final_delivery_adds_return_path_once() {
    let delivered = header(&four_servers(), &[]);
    assert_eq!(delivered[0], "Return-Path: <alice@a.example>");
    let paths = |header: &[String]| header.iter().filter(|f| f.starts_with("Return-Path")).count();
    assert_eq!(paths(&delivered), 1);
    // A message that is still on its way has none.
    let down = four_servers() + "[[outage]]\nhost = \"store.b.example\"\nmode = \"refuse\"\n";
    assert_eq!(paths(&header(&down, &[])), 0);
    // Notices have the null path.
    let rest = one_exchanger("");
    let text = network("1h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &rest);
    assert_eq!(header(&text, &["--message", "1-1.n1"])[0], "Return-Path: <>");
}
