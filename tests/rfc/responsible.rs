//! Who a server takes its client for behind a proxy, and what it takes itself to be responsible for
//! (RFC 5321 §2.3.10, §3.6, §4.4, §5.1).

use mailsim::mail::{Stage, Status};
use mailsim::scenario::{Source, load};
use mailsim::units::{SimDuration, SimTime};

use crate::common::{End, Run, run};
use crate::network::{BOB, network, tries};
use crate::tracing::header;

/// An exchanger behind a proxy that the DNS names in its place, with these further keys.
fn behind_a_proxy(keys: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "proxy.b.example"
        roles = ["proxy"]
        [[host]]
        name = "mx.b.example"
        roles = ["mx", "store"]
        behind_proxy = "proxy.b.example"
        {keys}
        [[domain]]
        name = "b.example"
        mx = ["proxy.b.example"]
        store = "mx.b.example"
        mailboxes = ["bob", "carol"]
        "#
    )
}

/// A second sender besides `out.a.example`, whose message to Carol is written at `at`.
fn another_sender(at: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "out.c.example"
        roles = ["submission", "mx", "store"]
        mta = "rfc5321"
        [[domain]]
        name = "c.example"
        mx = ["out.c.example"]
        mailboxes = ["dave"]
        [[mail]]
        from = "dave@c.example"
        to = ["carol@b.example"]
        at = "{at}"
        "#
    )
}

const NAMED: &str = "proxy_protocol = true";

/// A server can write no other address than that of the connection; the name of EHLO is the client's.
#[test]
fn a_proxy_conceals_the_client_from_the_server_and_all_later_hops() {
    let seen = |keys: &str| {
        let fields =
            header(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &behind_a_proxy(keys)), &[]);
        // On top is the Return-Path, then the field of the server behind the proxy.
        fields[1].clone()
    };
    let concealed = seen("");
    assert!(
        concealed.starts_with("Received: from out.a.example (proxy.b.example ["),
        "{concealed}"
    );
    assert!(concealed.contains("by mx.b.example"), "the proxy writes no field: {concealed}");
    let told = seen(NAMED);
    assert!(told.starts_with("Received: from out.a.example (out.a.example ["), "{told}");
    let address = |field: &str| {
        let (_, rest) = field.split_once('[').expect("an address");
        rest.split_once(']').expect("in brackets").0.to_owned()
    };
    assert_ne!(address(&concealed), address(&told));
}

/// What counts by client counts the proxy, unless the proxy tells who connects.
#[test]
fn limits_by_client_hit_all_who_come_through_a_silent_proxy() {
    let outcome = |keys: &str, limit: &str| {
        let rest = behind_a_proxy(&format!("{keys}\n{limit}")) + &another_sender("10s");
        let run = run(&network("20m", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        let first_reply = |from: &str| {
            let host = run.host(from);
            let tries = run.stories.iter().flat_map(|story| &story.attempts);
            let mut from_there = tries.filter(|fact| fact.from == host && fact.port == 25);
            from_there.next().expect("it was tried").status.class
        };
        (first_reply("out.a.example"), first_reply("out.c.example"))
    };
    let limit = "limits = [{ per = \"client\", most = 1, within = \"1h\" }]";
    assert_eq!(outcome("", limit), (2, 4), "Dave pays for Alice");
    assert_eq!(outcome(NAMED, limit), (2, 2));
    // The first session lasts beyond the beginning of the second.
    let sessions = "capacity = { sessions_per_client = 1, service = { message = \"30s\" } }";
    assert_eq!(outcome("", sessions), (2, 4));
    assert_eq!(outcome(NAMED, sessions), (2, 2));
}

/// A greylist remembers who connects. The message of a sender whose other server came first passes at
/// once behind a silent proxy: for the greylist the two are one.
#[test]
fn a_greylist_takes_all_who_come_through_a_silent_proxy_for_one() {
    let delay = |keys: &str| {
        let second = "[[host]]\nname = \"second.a.example\"\nroles = [\"submission\"]\nmta = \"rfc5321\"\n\
                      [[mail]]\nfrom = \"alice@a.example\"\nto = [\"bob@b.example\"]\nat = \"10m\"\n\
                      submit = { server = \"second.a.example\" }\n";
        let rest = behind_a_proxy(&format!("{keys}\ngreylist = {{ delay = \"5m\" }}")) + second;
        let run = run(&network("1d", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        let stories = run.mail();
        let later = stories.iter().max_by_key(|story| story.at).expect("two messages");
        later.only_ending().at - later.at
    };
    assert!(delay("") < SimDuration::from_secs(5), "{:?}", delay(""));
    assert!(delay(NAMED) >= SimDuration::from_minutes(5), "{:?}", delay(NAMED));
}

fn unaware(keys: &str) -> Run {
    let keys = format!("{keys}\nunaware_of = [\"b.example\"]\nmta = \"postfix\"");
    let text = network("1h", "\"rfc5321\"", BOB, "\"0s\"", &behind_a_proxy(&keys));
    run(&format!("allow_loops = true\n{text}"))
}

/// RFC 5321 §3.6.2, §7.8: a server that does not know the domain as its own is asked to relay, which it
/// does not do for strangers.
#[test]
fn a_server_that_is_not_told_of_its_domain_denies_to_relay() {
    let run = unaware("");
    let last = *tries(&run).last().expect("it was tried");
    assert_eq!((last.stage, last.status), (Stage::Rcpt, Status::NOT_AUTHORIZED));
    assert_eq!((run.only().end(), run.failure_notices()), (End::Failed, 1));
}

/// RFC 5321 §5.1: who finds itself the best exchanger of a domain that it does not take for local has a
/// mistake in its configuration, and must not deliver to itself (Postfix: 5.4.6, `smtp_addr.c`).
#[test]
fn a_server_that_is_not_told_of_its_domain_finds_itself_or_goes_round() {
    let open = "relay_domains = \"all\"";
    let found = unaware(&format!("{open}\nknows_proxy_address = true"));
    assert_eq!(found.only().only_ending().status, Status::ROUTING_LOOP);
    assert_eq!(found.only().accepted.len(), 2, "Alice's server and the exchanger, once");
    // It does not know the proxy's address: round and round, until Postfix's limit of 50 fields.
    let lost = unaware(open);
    assert_eq!((lost.only().end(), lost.only().accepted.len()), (End::Failed, 49));
    assert_eq!(lost.failure_notices(), 1, "the notice does not go round");
}

#[test]
fn a_domain_named_later_is_delivered_from_then_on() {
    let action = "[[action]]\nat = \"30m\"\nhost = \"mx.b.example\"\n\
                  do = { set = { unaware_of = [] } }\n";
    let rest = behind_a_proxy("unaware_of = [\"b.example\"]") + action;
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\", \"40m\"", &rest));
    let mut ends: Vec<(SimTime, End)> =
        run.mail().iter().map(|story| (story.at, story.end())).collect();
    ends.sort_by_key(|(at, _)| *at);
    let ends: Vec<End> = ends.into_iter().map(|(_, end)| end).collect();
    assert_eq!(ends, [End::Failed, End::Delivered]);
}

#[test]
fn a_circle_through_a_proxy_is_found_before_the_run() {
    let problems = |keys: &str| {
        let text = network("1h", "\"rfc5321\"", BOB, "\"0s\"", &behind_a_proxy(keys));
        let none = |name: &str| Err(format!("no {name}"));
        let source = Source { file: "circle.toml", text: &text, read_file: &none };
        load(&source, &[]).map_or_else(|problems| problems.render(false), |_| String::new())
    };
    let unnamed = "relay_domains = \"all\"\nunaware_of = [\"b.example\"]";
    let circle = problems(unnamed);
    assert!(circle.contains("mx.b.example > mx.b.example"), "{circle}");
    assert_eq!(problems(&format!("{unnamed}\nknows_proxy_address = true")), "");
    let both = problems("local_domains = [\"b.example\"]\nunaware_of = [\"b.example\"]");
    assert!(both.contains("is named as a domain of this host as well"), "{both}");
}
