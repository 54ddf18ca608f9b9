//! Answers and how long they hold (RFC 1035, RFC 2308): the rules DNS.

use mailsim::mail::{AttemptOutcome, Stage, Status};

use crate::common::{End, run, secs};
use crate::network::{BOB, first_try, network, one_exchanger};

#[test]
fn rfc_dns_01_answers_are_kept_for_their_time_to_live() {
    // The exchanger changes at 30 min; the answer of 0 s is good for an hour.
    let rest = r#"
        [[host]]
        name = "old.b.example"
        [[host]]
        name = "new.b.example"
        [[domain]]
        name = "b.example"
        mx = ["old.b.example"]
        store = "new.b.example"
        mailboxes = ["bob"]
        ttl = "1h"
        [[action]]
        domain = "b.example"
        at = "30m"
        do = { mx = ["new.b.example"] }
        "#;
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\", \"59m\", \"61m\"", rest));
    let out = run.host("out.a.example");
    let tried: Vec<_> = run.mail().iter().map(|story| story.tries_of(out)[0].to).collect();
    let (old, new) = (Some(run.host("old.b.example")), Some(run.host("new.b.example")));
    assert_eq!(tried, [old, old, new]);
}

#[test]
fn rfc_dns_06_a_silent_dns_takes_its_time() {
    // Two tries of five seconds for the MX question, then the failure is known.
    let rest =
        one_exchanger("") + "[[outage]]\ndns = \"b.example\"\nfor = \"1h\"\nmode = \"no_answer\"\n";
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let first = first_try(&run);
    assert_eq!(first.ended - first.started, secs(10));
    assert_eq!(
        (first.outcome, first.status),
        (AttemptOutcome::Tempfail, Status::DIRECTORY_FAILURE)
    );
}

/// RFC 2308 §3 and §5, read there: a negative answer holds for the lesser of the SOA's TTL and
/// MINIMUM, which is the scenario's `negative_ttl`.
#[test]
fn rfc_dns_02_a_negative_answer_holds_for_its_own_time() {
    // The name is made at 60 s; the answer of 0 s (20 ms later) says for 300 s that there is none.
    let born = "exists = false\nnegative_ttl = \"5m\"";
    let rest = one_exchanger("").replace("mx = [\"mx.b", &format!("{born}\nmx = [\"mx.b"))
        + "[[action]]\ndomain = \"b.example\"\nat = \"60s\"\ndo = { exists = true, mx = \
           [\"mx.b.example\"] }\n";
    let times = "\"0s\", \"30s\", \"290s\", \"310s\"";
    let run = run(&network("2h", "\"rfc5321\"", BOB, times, &rest));
    let mut ends: Vec<_> = run.mail().iter().map(|story| (story.at, story.end())).collect();
    ends.sort_unstable_by_key(|(at, _)| *at);
    let ends: Vec<End> = ends.into_iter().map(|(_, end)| end).collect();
    assert_eq!(ends, [End::Failed, End::Failed, End::Failed, End::Delivered]);
}

/// RFC 2308 §7.1, read there: a server failure may be kept for five minutes at most; here it is not
/// kept at all.
#[test]
fn rfc_dns_03_a_server_failure_is_soon_forgotten() {
    let failure = "[[outage]]\ndns = \"b.example\"\nfor = \"60s\"\nmode = \"servfail\"\n";
    let rest = one_exchanger("") + failure;
    let times = "\"30s\", \"5m30s\"";
    let run = run(&network("2h", "\"rfc5321\"", BOB, times, &rest));
    let out = run.host("out.a.example");
    for story in run.mail() {
        let first = story.tries_of(out)[0];
        let during = story.at < crate::common::at(60);
        assert_eq!(first.stage == Stage::Dns, during, "{first:#?}");
        assert_eq!(story.end(), End::Delivered);
    }
}

/// RFC 2308 §2: a name without MX records (NODATA) has an implicit exchanger, a name that does not
/// exist (NXDOMAIN) has none.
#[test]
fn rfc_dns_05_no_data_is_not_no_name() {
    for (records, expected) in [
        ("mx = []\naddress = \"mx.b.example\"", End::Delivered),
        ("exists = false\naddress = \"mx.b.example\"", End::Failed),
    ] {
        let rest = one_exchanger("").replace("mx = [\"mx.b.example\"]", records);
        let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        assert_eq!(run.only().end(), expected, "{records}");
        assert_eq!(tries_of_the_network(&run) > 0, expected == End::Delivered);
    }
}

fn tries_of_the_network(run: &crate::common::Run) -> usize {
    crate::network::tries(run).iter().filter(|fact| fact.to.is_some()).count()
}

/// RFC 2182 §3.1: a server of the DNS on the other side of a cut is none. Two senders in two halves
/// write to one domain in each; the only DNS server is in the west.
#[test]
fn a_cut_takes_the_dns_from_the_half_without_a_server_of_it() {
    let half = |name: &str| {
        format!(
            "[[host]]\nname = \"ix.{name}.example\"\nroles = []\nmta = \"none\"\n\
             [[host]]\nname = \"out.{name}.example\"\nroles = [\"submission\"]\nttl = \"1d\"\n\
             [[host]]\nname = \"mx.{name}.example\"\n\
             [[link]]\nbetween = [\"out.{name}.example\", \"ix.{name}.example\"]\n\
             [[link]]\nbetween = [\"mx.{name}.example\", \"ix.{name}.example\"]\n\
             [[domain]]\nname = \"{name}.example\"\nmx = [\"mx.{name}.example\"]\n\
             mailboxes = [\"alice\"]\n\
             [[mail]]\nfrom = \"alice@{name}.example\"\nto = \"alice@west.example\"\nat = \"10m\"\n\
             submit = {{ server = \"out.{name}.example\" }}\n\
             [[mail]]\nfrom = \"alice@{name}.example\"\nto = \"alice@east.example\"\nat = \"10m\"\n\
             submit = {{ server = \"out.{name}.example\" }}\n"
        )
    };
    let cut = "[[link]]\nname = \"cable\"\nbetween = [\"ix.west.example\", \"ix.east.example\"]\n\
               [[outage]]\nlink = \"cable\"\nmode = \"blackhole\"\n";
    let server = |half: &str, more: &str| {
        format!(
            "[[host]]\nname = \"ns.{half}.example\"\nroles = [\"dns\"]\n\
             [[link]]\nbetween = [\"ns.{half}.example\", \"ix.{half}.example\"]\n{more}"
        )
    };
    // For each sender the stages at which mail to the west and to the east ends first; none: it is
    // delivered.
    let ends = |rest: String| {
        let text = format!("duration = \"1h\"\n{}{}{cut}{rest}", half("west"), half("east"));
        let run = run(&text);
        ["out.west.example", "out.east.example"].map(|out| {
            let out = run.host(out);
            let mut mail = run.mail();
            mail.retain(|story| story.accepted.iter().any(|(_, host, _)| *host == out));
            mail.sort_by_key(|story| story.created.key);
            mail.iter().map(|story| story.tries_of(out)[0].stage).collect::<Vec<_>>()
        })
    };
    // A server in the west: the west reaches the west, and looks up the east in vain; the east
    // cannot ask at all.
    let west = ends(server("west", ""));
    assert_eq!(west, [vec![Stage::Dot, Stage::Connect], vec![Stage::Dns, Stage::Dns]]);
    // One in each half: each reaches itself.
    let both = ends(server("west", "") + &server("east", ""));
    assert_eq!(both, [vec![Stage::Dot, Stage::Connect], vec![Stage::Connect, Stage::Dot]]);
    // The one of the west is down as well: nobody in the west can ask.
    let down = "[[outage]]\nhost = \"ns.west.example\"\nmode = \"crash\"\n";
    let east = ends(server("west", down) + &server("east", ""));
    assert_eq!(east, [vec![Stage::Dns, Stage::Dns], vec![Stage::Connect, Stage::Dot]]);
    // No host answers for the DNS: it is everywhere.
    let nowhere = ends(String::new());
    assert_eq!(nowhere, both);
}
