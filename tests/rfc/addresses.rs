//! Addresses, postmaster and source routes (RFC 5321 §2.4, §4.1.2, §4.5.1, §4.5.3.1, appendix C):
//! the rules ADDR.

use mailsim::mail::MessageKind;
use mailsim::trace::Fact;

use crate::common::{End, Run, run};
use crate::network::{every_server, first_try, network, one_exchanger};

fn sent_to(to: &str, keys: &str) -> Run {
    run(&network("1h", "\"rfc5321\"", to, "\"0s\"", &one_exchanger(keys)))
}

/// RFC 5321 §2.4, read there: the domain in any case, the local part as it is.
#[test]
fn rfc_addr_01_domains_have_no_case_and_local_parts_do() {
    let run = sent_to("\"bob@B.EXAMPLE\", \"carol@b.example.\", \"Bob@b.example\"", "");
    let names: Vec<&str> = run.scenario.domains.iter().map(|domain| &*domain.name).collect();
    assert_eq!(names, ["a.example", "b.example"]);
    assert_eq!(run.to("bob@b.example").end(), End::Delivered);
    assert_eq!(run.to("carol@b.example").end(), End::Delivered);
    // The host does not fold local parts, so this is somebody else.
    assert_eq!(run.to("Bob@b.example").end(), End::Failed);
}

/// RFC 5321 §4.1.2 and §4.1.3: a literal needs no DNS at all; a needless quotation changes nothing.
#[test]
fn rfc_addr_02_literals_and_quoted_local_parts() {
    let silent = "[[outage]]\ndns = \"b.example\"\nmode = \"no_answer\"\n";
    for (address, literal) in [("192.0.2.7", "[192.0.2.7]"), ("2001:db8::7", "[IPv6:2001:db8::7]")]
    {
        let rest = one_exchanger(&format!("addresses = [\"{address}\"]")) + silent;
        let to = format!("\"bob@{literal}\"");
        // A host with IPv4 alone does not reach an address of IPv6.
        let both = "name = \"out.a.example\"\naddresses = [\"ipv4\", \"ipv6\"]";
        let text = network("1h", "\"rfc5321\"", &to, "\"0s\"", &rest);
        let run = run(&text.replacen("name = \"out.a.example\"", both, 1));
        assert_eq!(run.only().end(), End::Delivered, "{literal}");
        let asked = run.facts.iter().any(|(_, fact)| matches!(fact, Fact::Lookup { .. }));
        assert!(!asked, "{literal} needs no look-up");
        assert_eq!(first_try(&run).to, Some(run.host("mx.b.example")));
    }
    let rest = one_exchanger("").replace("\"dave\"", "\"\\\"dave the second\\\"\"");
    let to = r#""\"bob\"@b.example", "\"dave the second\"@b.example", "\"dave\"@b.example""#;
    let run = run(&network("1h", "\"rfc5321\"", to, "\"0s\"", &rest));
    assert_eq!(run.to("bob@b.example").end(), End::Delivered);
    assert_eq!(run.to("\"dave the second\"@b.example").end(), End::Delivered);
    assert_eq!(run.to("dave@b.example").end(), End::Failed);
}

/// RFC 5321 §4.5.3.1.1 to .3: local parts of 64 octets, domains as long as the DNS has them (§4.5.3.1.2
/// says 255, of which its own form needs two), paths of 256 with their brackets.
#[test]
fn rfc_addr_03_the_longest_addresses_are_taken() {
    let label = |letter: &str, length: usize| letter.repeat(length);
    let longest = [label("l", 63), label("m", 63), label("n", 63), label("o", 60)].join(".");
    assert_eq!(longest.len(), 252);
    let local = "x".repeat(64);
    let middle = [label("l", 63), label("m", 63), label("n", 61)].join(".");
    for (local, domain) in [(local.as_str(), "b.example"), ("b", &longest), (&local, &middle)] {
        let rest = one_exchanger("")
            .replace("name = \"b.example\"", &format!("name = \"{domain}\""))
            .replace("\"bob\"", &format!("\"{local}\""));
        let to = format!("{local}@{domain}");
        assert!(to.len() <= 254);
        let run = run(&network("1h", "\"rfc5321\"", &format!("\"{to}\""), "\"0s\"", &rest));
        assert_eq!(run.to(&to).end(), End::Delivered, "{to}");
        // SIZE-01: no line is longer than 512 octets with its end.
        let lines = crate::network::said(&run, &first_try(&run));
        assert!(lines.iter().any(|line| line.text.contains(&to)));
        assert!(lines.iter().all(|line| line.text.len() + 2 <= 512), "{lines:#?}");
    }
}

/// RFC 5321 §3.3 and appendix C: a source route is taken and passed over.
#[test]
fn rfc_addr_04_a_source_route_is_ignored() {
    let path = |run: &Run| -> Vec<_> {
        run.only().accepted.iter().map(|(at, host, _)| (*at, *host)).collect()
    };
    let plain = sent_to("\"bob@b.example\"", "");
    let routed = sent_to("\"@x.example,@out.a.example:bob@b.example\"", "");
    assert_eq!(routed.only().end(), End::Delivered);
    assert_eq!(path(&plain), path(&routed));
}

/// RFC 5321 §6.1: a notice goes to the last mailbox of a routed reverse path.
#[test]
fn rfc_addr_05_a_notice_ignores_the_route_of_the_reverse_path() {
    let text = network("1h", "\"rfc5321\"", "\"nobody@b.example\"", "\"0s\"", &one_exchanger(""))
        .replace("from = \"alice@", "from = \"@x.example,@y.example:alice@");
    let run = run(&text);
    let notices = run.of_kind(MessageKind::FailureNotice);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].end(), End::Delivered);
    assert_eq!(Some(notices[0].created.mailbox), run.only().created.sender);
}

/// RFC 5321 §4.5.1: there is a postmaster wherever there are mailboxes, in any case.
#[test]
fn rfc_addr_06_postmaster_is_known_everywhere() {
    for (_, mta) in every_server() {
        let keys = format!("mta = {mta}");
        for name in ["postmaster", "PostMaster", "POSTMASTER"] {
            let run = sent_to(&format!("\"{name}@b.example\""), &keys);
            assert_eq!(run.to("postmaster@b.example").end(), End::Delivered, "{name}, {keys}");
        }
    }
    // It is not one more mailbox for those who draw from all.
    let run = sent_to("{ domain = \"b.example\" }, \"postmaster@b.example\"", "");
    let domain = &run.scenario.domains[run.domain("b.example").index()];
    assert_eq!(domain.mailboxes, 3);
}
