//! One server, one client, and what the records of three domains make of it.

use super::*;
use crate::dns::{Ask, DnsFailure, FailureScope, Failures, Name, NameId, Records, Resolver};
use crate::dns::{ResolverSettings, Zone};
use crate::fault::Interval;
use crate::mail::{DomainId, HostId, Mailbox};
use crate::screening::{Dmarc, Spf};

const AUTHOR: DomainId = DomainId(0);
const LIST: DomainId = DomainId(1);
/// The address from which the author's mail may come, and another.
const OWN: AddressId = AddressId(0);
const OTHER: AddressId = AddressId(1);

struct Names;

impl MailboxNames for Names {
    fn write_mailbox(&self, _: Mailbox, _: &mut Vec<u8>) {}

    fn domain(&self, domain: DomainId) -> &str {
        if domain == AUTHOR { "author.example" } else { "list.example" }
    }

    fn host(&self, _: HostId) -> &str {
        "mx.example"
    }
}

/// Names 0 to 5: SPF, DKIM key and DMARC record of the author's domain, then of the list's; names 6
/// and 7: both addresses in a blocklist that lists the second.
fn zone() -> Zone {
    let texts =
        ["author", "k.author", "d.author", "list", "k.list", "d.list", "own.bl", "other.bl"];
    let name = |(place, text): (usize, &&str)| {
        let records = Records { exists: place != 6, states: place != 6, ..Records::default() };
        Name { text: (*text).to_owned(), revisions: vec![(SimTime::ZERO, records)] }
    };
    Zone { names: texts.iter().enumerate().map(name).collect() }
}

fn policy(first: u32, address: AddressId, dmarc: Option<DmarcPolicy>) -> SenderPolicy {
    SenderPolicy {
        name: NameId(first),
        spf: Some(Spf {
            addresses: vec![address],
            includes: Vec::new(),
            otherwise: AuthenticationResult::Fail,
        }),
        dkim: Some((NameId(first + 1), vec![HostId(0)])),
        dmarc_name: NameId(first + 2),
        dmarc: dmarc.map(|policy| Dmarc { policy, percentage: 100 }),
        above: None,
    }
}

fn published(asked: DmarcPolicy) -> Published {
    Published {
        blocklists: vec![Blocklist { zone: "bl".to_owned(), names: vec![NameId(6), NameId(7)] }],
        policies: [(AUTHOR, policy(0, OWN, Some(asked))), (LIST, policy(3, OTHER, None))].into(),
    }
}

fn signed(domain: DomainId, intact: bool) -> Signature {
    Signature { domain, intact }
}

/// What is checked: DMARC, and nothing besides.
fn policies_only() -> Screening {
    Screening { policies: Some(PolicyCheck::default()), ..Screening::default() }
}

/// Runs both looks at a message from the author's domain; returns both replies and the findings.
fn look(
    screening: &Screening,
    published: &Published,
    client: AddressId,
    dossier: Dossier,
    failures: &Failures,
) -> (Option<Reply>, Option<Reply>, Findings) {
    let (zone, settings) = (zone(), ResolverSettings::default());
    let ask = Ask {
        zone: &zone,
        failures,
        settings: &settings,
        chance: None,
        failure_is_none: false,
        asks_together: false,
        families: 1,
    };
    let mut resolver = Resolver::new();
    let mut screen = Screen {
        screening,
        published,
        names: &Names,
        client: Some(client),
        dossier,
        first_seen: None,
        lot: 0.5,
        filter_time: SimDuration::from_millis(300),
        findings: Findings::default(),
        client_known: false,
    };
    let now = SimTime::from_secs(1);
    let at_rcpt = screen.client(Asking { resolver: &mut resolver, ask: &ask, now }).refusal;
    let at_dot = screen.message(Asking { resolver: &mut resolver, ask: &ask, now }).refusal;
    (at_rcpt, at_dot, screen.findings)
}

fn of_author(signatures: &[Signature]) -> Dossier {
    let signatures = signatures.to_vec();
    Dossier { sender: Some(AUTHOR), author: Some(AUTHOR), signatures, score: 0.0 }
}

/// Returns the reply to the dot and what DMARC said.
fn dmarc(
    asked: DmarcPolicy,
    client: AddressId,
    dossier: Dossier,
) -> (Option<Reply>, AuthenticationResult, Verdict) {
    let none = Failures::default();
    let (_, reply, found) = look(&policies_only(), &published(asked), client, dossier, &none);
    (reply, found.dmarc.expect("it was looked at").0, found.verdict)
}

use AuthenticationResult::{Fail, Pass, TempError};

/// RFC 7489 §3: one of both is enough, if it is for the author's domain.
#[test]
fn either_spf_or_a_signature_is_enough_for_dmarc() {
    let both = of_author(&[signed(AUTHOR, true)]);
    assert_eq!(dmarc(DmarcPolicy::Reject, OWN, both.clone()).1, Pass);
    // Forwarded by an alias: SPF fails, the signature holds.
    assert_eq!(dmarc(DmarcPolicy::Reject, OTHER, both).1, Pass);
    // Changed on the way by the author's own server: SPF holds.
    assert_eq!(dmarc(DmarcPolicy::Reject, OWN, of_author(&[signed(AUTHOR, false)])).1, Pass);
    // A list: SPF passes for the list, and the author's signature is broken.
    let list = Dossier { sender: Some(LIST), ..of_author(&[signed(AUTHOR, false)]) };
    assert_eq!(dmarc(DmarcPolicy::Reject, OTHER, list).1, Fail);
    // The list's own signature says nothing about the author.
    let signatures = [signed(AUTHOR, false), signed(LIST, true)];
    let list = Dossier { sender: Some(LIST), ..of_author(&signatures) };
    assert_eq!(dmarc(DmarcPolicy::Reject, OTHER, list).1, Fail);
}

/// RFC 7489 §6.3.
#[test]
fn the_authors_domain_says_what_follows() {
    let forged = |asked| dmarc(asked, OTHER, of_author(&[]));
    assert_eq!(forged(DmarcPolicy::None), (None, Fail, Verdict::Welcome));
    let junk = Verdict::Junk(Cause::SenderPolicy);
    assert_eq!(forged(DmarcPolicy::Quarantine), (None, Fail, junk));
    let (reply, _, verdict) = forged(DmarcPolicy::Reject);
    // RFC 7372 §3.3.
    assert_eq!(reply.map(|reply| reply.to_string()), Some("550 5.7.26".to_owned()));
    assert_eq!(verdict, Verdict::Refused(Cause::SenderPolicy));
}

#[test]
fn a_result_that_is_only_noted_changes_nothing() {
    let check = PolicyCheck { enforces_dmarc: false, ..PolicyCheck::default() };
    let screening = Screening { policies: Some(check), ..Screening::default() };
    let none = Failures::default();
    let published = published(DmarcPolicy::Reject);
    let (_, reply, found) = look(&screening, &published, OTHER, of_author(&[]), &none);
    assert_eq!((reply, found.verdict), (None, Verdict::Welcome));
    assert_eq!(found.dmarc.map(|found| found.0), Some(Fail));
}

/// RFC 7208 §8.4, RFC 7372 §3.2.
#[test]
fn a_client_that_spf_fails_is_refused_at_rcpt_if_so_set() {
    let none = Failures::default();
    let published = published(DmarcPolicy::None);
    let at_rcpt = |refuses_spf_fail, client| {
        let check = PolicyCheck { refuses_spf_fail, ..PolicyCheck::default() };
        let screening = Screening { policies: Some(check), ..Screening::default() };
        look(&screening, &published, client, of_author(&[]), &none).0.map(|r| r.to_string())
    };
    assert_eq!(at_rcpt(true, OTHER), Some("550 5.7.23".to_owned()));
    assert_eq!(at_rcpt(true, OWN), None);
    assert_eq!(at_rcpt(false, OTHER), None);
}

fn silence() -> Failures {
    let interval = Interval { from: SimTime::ZERO, to: SimTime::MAX };
    Failures(vec![(interval, DnsFailure::NoAnswer, FailureScope::All)])
}

/// RFC 7208 §2.6.6, RFC 7489 §6.6.2: the receiver chooses.
#[test]
fn without_the_dns_nothing_is_known_and_the_server_chooses() {
    let published = published(DmarcPolicy::Reject);
    let dossier = of_author(&[signed(AUTHOR, true)]);
    let screened = |defers_on_error| {
        let check = PolicyCheck { defers_on_error, ..PolicyCheck::default() };
        let screening = Screening { policies: Some(check), ..Screening::default() };
        look(&screening, &published, OWN, dossier.clone(), &silence())
    };
    let (at_rcpt, at_dot, found) = screened(false);
    assert_eq!((at_rcpt, at_dot, found.verdict), (None, None, Verdict::Welcome));
    assert_eq!(found.spf.map(|spf| spf.0), Some(TempError));
    assert_eq!(found.dmarc.map(|dmarc| dmarc.0), Some(TempError));
    let (at_rcpt, _, _) = screened(true);
    // RFC 7208 §8.6.
    assert_eq!(at_rcpt.map(|reply| reply.to_string()), Some("451 4.4.3".to_owned()));
}

/// Postfix `reject_rbl_client`; a list that does not answer lists nobody.
#[test]
fn a_listed_client_is_refused_and_a_silent_list_lists_nobody() {
    let screening = Screening { blocklists: vec![0], ..Screening::default() };
    let published = published(DmarcPolicy::None);
    let none = Failures::default();
    let at_rcpt = |client, failures: &Failures| {
        let found = look(&screening, &published, client, of_author(&[]), failures);
        (found.0.map(|reply| reply.to_string()), found.2.listed_by)
    };
    assert_eq!(at_rcpt(OTHER, &none), (Some("554 5.7.1".to_owned()), Some(0)));
    assert_eq!(at_rcpt(OWN, &none), (None, None));
    assert_eq!(at_rcpt(OTHER, &silence()), (None, None));
}

/// Look-ups and the filter's own time delay the replies: SPF one look-up of 20 ms at RCPT, then one
/// key, the DMARC record and 300 ms of filter at the dot; what is in the cache costs nothing.
#[test]
fn looking_takes_time() {
    let filter = Filter { junk_from: Some(6.0), ..Filter::default() };
    let screening = Screening { filter: Some(filter), ..policies_only() };
    let (zone, failures, settings) = (zone(), Failures::default(), ResolverSettings::default());
    let ask = Ask {
        zone: &zone,
        failures: &failures,
        settings: &settings,
        chance: None,
        failure_is_none: false,
        asks_together: false,
        families: 1,
    };
    let (published, mut resolver) = (published(DmarcPolicy::None), Resolver::new());
    let mut screen = Screen {
        screening: &screening,
        published: &published,
        names: &Names,
        client: Some(OWN),
        dossier: of_author(&[signed(AUTHOR, true)]),
        first_seen: None,
        lot: 0.5,
        filter_time: SimDuration::from_millis(300),
        findings: Findings::default(),
        client_known: false,
    };
    let now = SimTime::from_secs(1);
    let mut at_rcpt = || screen.client(Asking { resolver: &mut resolver, ask: &ask, now }).took;
    assert_eq!(at_rcpt(), SimDuration::from_millis(20));
    assert_eq!(at_rcpt(), SimDuration::ZERO, "the second recipient waits for nothing");
    let at_dot = screen.message(Asking { resolver: &mut resolver, ask: &ask, now }).took;
    assert_eq!(at_dot, SimDuration::from_millis(20 + 20 + 300));
}

/// What a policy has refused needs no filter.
#[test]
fn the_stricter_verdict_stands() {
    let filter = Filter { junk_from: Some(6.0), refuse_from: Some(15.0), ..Filter::default() };
    let screening = Screening { filter: Some(filter), ..policies_only() };
    let none = Failures::default();
    let verdict = |asked, score| {
        let dossier = Dossier { score, ..of_author(&[]) };
        look(&screening, &published(asked), OTHER, dossier, &none).2.verdict
    };
    assert_eq!(verdict(DmarcPolicy::Reject, 7.0), Verdict::Refused(Cause::SenderPolicy));
    assert_eq!(verdict(DmarcPolicy::Quarantine, 0.0), Verdict::Junk(Cause::SenderPolicy));
    assert_eq!(verdict(DmarcPolicy::Quarantine, 20.0), Verdict::Refused(Cause::Filter));
    assert_eq!(verdict(DmarcPolicy::None, 7.0), Verdict::Junk(Cause::Filter));
}
