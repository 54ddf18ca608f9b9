//! Sender policies, blocklists and filters: RFC 7208, RFC 6376, RFC 7489.

use mailsim::mail::{AttemptOutcome, AuthenticationResult, MessageKind, Stage};
use mailsim::trace::{Fact, Findings};

use crate::common::{End, Run, Story, run};
use crate::network::{BOB, network, one_exchanger};

/// Alice's domain publishes `policies`; the exchanger has `keys`.
fn screened(policies: &str, keys: &str, rest: &str) -> Run {
    let text = network("6h", "\"postfix\"", BOB, "\"10m\"", &(one_exchanger(keys) + rest));
    run(&text.replacen(
        "mailboxes = [\"alice\"]",
        &format!("mailboxes = [\"alice\"]\n{policies}"),
        1,
    ))
}

fn findings(run: &Run) -> Vec<&Findings> {
    let found = |(_, fact): &'_ (_, Fact)| matches!(fact, Fact::Screened(_));
    let facts = run.facts.iter().filter(|fact| found(fact));
    facts
        .filter_map(|(_, fact)| match fact {
            Fact::Screened(found) => Some(&found.findings),
            _ => None,
        })
        .collect()
}

fn refusals(story: &Story) -> Vec<(String, Stage)> {
    let refused = story.attempts.iter().filter(|fact| fact.outcome != AttemptOutcome::Accepted);
    refused.filter_map(|fact| Some((fact.reply?.to_string(), fact.stage))).collect()
}

const ELSEWHERE: &str = "spf = { hosts = [\"mx.b.example\"], otherwise = \"fail\" }";
const SILENT: &str =
    "[[outage]]\ndns = \"_domainkey.a.example\"\nmode = \"no_answer\"\nuntil = \"1h\"\n";

#[test]
fn rfc_spf_01_fail_may_be_refused_and_an_error_puts_off() {
    let strict = "sender_policies = { spf_fail = \"refuse\", dns_failure = \"defer\" }";
    let refused = screened(ELSEWHERE, strict, "");
    assert_eq!(refusals(refused.only()), [("550 5.7.23".to_owned(), Stage::Rcpt)]);
    // The record lives for a second, the address of Alice's own server for an hour.
    let own = "ttl = \"1s\"\nspf = { hosts = [\"out.a.example\"], otherwise = \"fail\" }";
    let silent = "[[outage]]\ndns = \"a.example\"\nmode = \"no_answer\"\nfrom = \"15m\"\n\
                  until = \"1h\"\n[[mail]]\nfrom = \"alice@a.example\"\n\
                  to = [\"carol@b.example\"]\nat = \"20m\"\n";
    let put_off = screened(own, strict, silent);
    let late = put_off.to("carol@b.example");
    assert_eq!(refusals(late)[0], ("451 4.4.3".to_owned(), Stage::Rcpt));
    assert_eq!(late.end(), End::Delivered, "when the DNS answers again");
}

/// Ten includes, none of which names the client, are ten look-ups after the first; an eleventh is an
/// error.
#[test]
fn rfc_spf_02_ten_look_ups_and_no_more() {
    let services = |count: usize| -> (String, String) {
        let names: Vec<String> = (0..count).map(|n| format!("\"s{n}.example\"")).collect();
        let domain = |n: usize| {
            format!("[[domain]]\nname = \"s{n}.example\"\nmx = []\nspf = {{ hosts = [] }}\n")
        };
        let spf = format!("spf = {{ include = [{}], otherwise = \"fail\" }}", names.join(", "));
        (spf, (0..count).map(domain).collect())
    };
    let of = |count| {
        let (spf, domains) = services(count);
        let run = screened(&spf, "sender_policies = true", &domains);
        let result = findings(&run)[0].spf.expect("it was looked at").0;
        (result, run.only().latency().as_secs_f64())
    };
    let (ten, eleven) = (of(10), of(11));
    assert_eq!(ten.0, AuthenticationResult::Fail);
    assert_eq!(eleven.0, AuthenticationResult::PermError);
    // Eleven look-ups of 20 ms each, and one for the DMARC record, which is not there.
    let plain = screened("", "", "").only().latency().as_secs_f64();
    assert!((ten.1 - plain - 12.0 * 0.020).abs() < 1e-6, "{} {plain}", ten.1);
}

#[test]
fn rfc_spf_03_forwarding_breaks_it_and_a_rewritten_sender_mends_it() {
    let result = |owner: &str| {
        let forwarder = format!(
            "[[host]]\nname = \"mx.f.example\"\n[[domain]]\nname = \"f.example\"\n\
             mx = [\"mx.f.example\"]\nmailboxes = [\"keeper\"]\nspf = {{ hosts = \
             [\"mx.f.example\"], otherwise = \"fail\" }}\n[[list]]\naddress = \"bob@f.example\"\n\
             members = [\"bob@b.example\"]\n{owner}\n[[mail]]\nfrom = \"alice@a.example\"\n\
             to = [\"bob@f.example\"]\n"
        );
        let own = "spf = { hosts = [\"out.a.example\"], otherwise = \"fail\" }";
        let run = screened(own, "sender_policies = true", &forwarder);
        let copy = run.of_kind(MessageKind::ListCopy)[0].created.recipient;
        let found = run.facts.iter().find_map(|(_, fact)| match fact {
            Fact::Screened(found) if found.recipient == copy => found.findings.spf,
            _ => None,
        });
        found.expect("the copy was looked at").0
    };
    assert_eq!(result(""), AuthenticationResult::Fail);
    assert_eq!(result("owner = \"keeper@f.example\""), AuthenticationResult::Pass);
}

const SIGNED: &str = "dkim = [\"out.a.example\"]\ndmarc = \"reject\"";

#[test]
fn rfc_dkim_01_without_its_key_a_signature_is_put_off_or_left_out() {
    let of = |keys: &str| screened(SIGNED, keys, SILENT);
    let accepting = of("sender_policies = true");
    assert_eq!(accepting.only().end(), End::Delivered);
    assert_eq!(findings(&accepting)[0].dkim[0].0, AuthenticationResult::TempError);
    let deferring = of("sender_policies = { dns_failure = \"defer\" }");
    let first = &refusals(deferring.only())[0];
    assert!(first.0.starts_with("451 "), "{first:?}");
    assert_eq!(deferring.only().end(), End::Delivered);
}

#[test]
fn rfc_dkim_02_a_broken_signature_alone_is_no_reason_to_refuse() {
    let list = "[[list]]\naddress = \"list@b.example\"\nmembers = [\"carol@a.example\"]\n\
                changes_text = true\n[[mail]]\nfrom = \"alice@a.example\"\nto = [\"list@b.example\"]\n";
    let text = network("6h", "\"postfix\"", BOB, "\"10m\"", &(one_exchanger("") + list))
        .replacen(
            "mailboxes = [\"alice\"]",
            "mailboxes = [\"alice\", \"carol\"]\ndkim = [\"out.a.example\"]",
            1,
        )
        .replacen(
            "name = \"out.a.example\"",
            "name = \"out.a.example\"\nsender_policies = true",
            1,
        );
    let run = run(&text);
    assert_eq!(findings(&run)[0].dkim[0].0, AuthenticationResult::Fail);
    assert_eq!(run.of_kind(MessageKind::ListCopy)[0].end(), End::Delivered);
}

#[test]
fn rfc_dmarc_01_reject_is_said_in_the_session() {
    let forged =
        screened(&format!("{ELSEWHERE}\ndmarc = \"reject\""), "sender_policies = true", "");
    assert_eq!(refusals(forged.only()), [("550 5.7.26".to_owned(), Stage::Dot)]);
    // The sending side tells its author.
    assert_eq!(forged.failure_notices(), 1);
}

/// A quarter of 2000 forged messages is refused, and the rest is quarantined, within four standard
/// errors.
#[test]
fn rfc_dmarc_02_the_rest_of_a_sample_goes_one_step_weaker() {
    let many = "[[mail]]\nfrom = \"alice@a.example\"\nto = [\"carol@b.example\"]\n\
                arrivals = { every = \"5s\" }\ncount = 2000\n";
    let policies = format!("{ELSEWHERE}\ndmarc = {{ policy = \"reject\", pct = 25 }}");
    let run = screened(&policies, "sender_policies = true", many);
    let mail = run.mail();
    let refused = mail.iter().filter(|story| story.end() == End::Failed).count() as f64;
    let junk = run.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Junk { .. })).count();
    assert_eq!(refused as usize + junk, mail.len(), "nothing is taken like any other mail");
    let error = 4.0 * (2000.0 * 0.25 * 0.75_f64).sqrt();
    assert!((refused - 500.0).abs() < error, "{refused} of 2000");
}

/// Spam that was taken and then found to be spam is dropped; the address it names gets nothing.
#[test]
fn rfc_bnc_08_hostile_content_is_not_returned() {
    let filter = |refused: &str| {
        format!(
            "filter = {{ time = \"1s\", stage = \"queue\", refuse_from = 15, refused = \"{refused}\" }}"
        )
    };
    let of = |refused: &str| {
        let text = network("6h", "\"postfix\"", BOB, "\"10m\"", &one_exchanger(&filter(refused)));
        run(&text.replacen("at = [", "score = 20\nat = [", 1))
    };
    let dropped = of("discard");
    assert_eq!((dropped.only().end(), dropped.failure_notices()), (End::Discarded, 0));
    // Who wants backscatter can have it.
    assert_eq!(of("return").failure_notices(), 1);
}
