//! Finding the host (RFC 5321 §5.1, RFC 7505): the rules MX.

use std::collections::BTreeMap;

use mailsim::mail::{AttemptOutcome, HostId, Stage, Status};
use mailsim::scenario::{Source, load};
use mailsim::trace::FinalOutcome;

use crate::common::{End, Run, Story, at, run, secs};
use crate::network::{
    BOB, PRIMARY_AND_BACKUP, first_try, network, one_exchanger, outage, plain, tries,
};

/// A domain `b.example` with these records; `host.b.example` keeps its mailboxes.
fn records(records: &str) -> String {
    format!(
        r#"
        [[host]]
        name = "host.b.example"
        roles = ["mx", "store"]
        [[domain]]
        name = "b.example"
        {records}
        store = "host.b.example"
        mailboxes = ["bob"]
        "#
    )
}

#[test]
fn rfc_mx_02_the_better_exchanger_first() {
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", PRIMARY_AND_BACKUP));
    let hosts: Vec<_> = tries(&run).iter().map(|fact| fact.to).collect();
    assert_eq!(hosts, [Some(run.host("mx1.b.example"))]);
}

#[test]
fn rfc_mx_06_without_exchangers_the_address_counts() {
    let rest = records("mx = []\naddress = \"host.b.example\"");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Delivered);
    assert_eq!(first_try(&run).preference, Some(0));
}

#[test]
fn rfc_mx_07_with_exchangers_the_address_never_counts() {
    let other = "[[host]]\nname = \"mx.b.example\"\nroles = [\"mx\"]\n";
    let rest = records("mx = [\"mx.b.example\"]\naddress = \"host.b.example\"")
        + other
        + &outage("mx.b.example", "\"refuse\"", "0s", "3h");
    let run = run(&network("3h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Queued);
    let mx = Some(run.host("mx.b.example"));
    assert!(tries(&run).len() > 3 && tries(&run).iter().all(|fact| fact.to == mx));
}

#[test]
fn rfc_mx_08_a_name_that_does_not_exist_is_an_error() {
    let run = run(&network("1h", "\"postfix\"", "\"bob@nowhere.example\"", "\"0s\"", ""));
    assert_eq!(tries(&run).len(), 1);
    assert_eq!(run.only().end(), End::Failed);
    let status = run.only().only_ending().status;
    assert!([Status::new(5, 1, 2), Status::UNABLE_TO_ROUTE].contains(&status), "{status}");
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn rfc_mx_09_a_dns_failure_is_temporary() {
    for mode in ["servfail", "no_answer"] {
        let failure = format!("[[outage]]\ndns = \"b.example\"\nfor = \"1h\"\nmode = \"{mode}\"\n");
        let rest = one_exchanger("") + &failure;
        let run = run(&network("6h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
        assert_eq!(first_try(&run).stage, Stage::Dns);
        assert_eq!((run.only().end(), run.failure_notices()), (End::Delivered, 0));
        assert!(run.only().latency() >= secs(3_600));
    }
}

#[test]
fn rfc_mx_10_exchangers_without_address_are_an_error() {
    let rest = records("mx = [{ name = \"gone.b.example\", preference = 10 }]");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!((run.only().end(), run.failure_notices()), (End::Failed, 1));
}

#[test]
fn rfc_mx_11_a_backup_hands_on_to_better_ones_only() {
    let third = PRIMARY_AND_BACKUP.replace(
        "preference = 20 }]",
        "preference = 20 }, { host = \"mx3.b.example\", preference = 20 }, { host = \"mx4.b.example\", preference = 30 }]",
    );
    let rest = third
        + "[[host]]\nname = \"mx3.b.example\"\n[[host]]\nname = \"mx4.b.example\"\n"
        + &outage("mx1.b.example", "\"refuse\"", "0s", "3h");
    let run = run(&network("6h", "\"postfix\"", BOB, "\"0s\", \"1m\", \"2m\", \"3m\"", &rest));
    let backups = ["mx2.b.example", "mx3.b.example", "mx4.b.example"].map(|name| run.host(name));
    let primary = Some(run.host("mx1.b.example"));
    let mut handed_on = 0;
    for story in run.mail() {
        assert_eq!(story.end(), End::Delivered);
        for fact in story.attempts.iter().filter(|fact| backups.contains(&fact.from)) {
            assert_eq!(fact.to.or(primary), primary, "{fact:#?}");
            handed_on += 1;
        }
    }
    assert!(handed_on >= 8, "the backups tried {handed_on} times");
}

#[test]
fn rfc_mx_12_nothing_left_after_oneself_is_an_error() {
    // The only exchanger is not told that the domain is its own: it would deliver to itself.
    let rest = r#"
        [[host]]
        name = "mx.b.example"
        roles = ["relay", "mx"]
        [[host]]
        name = "store.b.example"
        roles = ["store"]
        [[domain]]
        name = "b.example"
        mx = ["mx.b.example"]
        store = "store.b.example"
        mailboxes = ["bob"]
        "#;
    let mut scenario = crate::common::scenario(&network("1h", "\"postfix\"", BOB, "\"0s\"", rest));
    for host in &mut scenario.hosts {
        host.routing.routes.clear();
    }
    let run = Run::of(&scenario);
    let ending = run.only().only_ending();
    assert_eq!((ending.outcome, ending.status), (FinalOutcome::Failed, Status::ROUTING_LOOP));
    assert_eq!((ending.host, run.failure_notices()), (run.host("mx.b.example"), 1));
}

#[test]
fn rfc_mx_13_a_backup_holds_mail_until_the_primary_is_back() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "0s", "6h");
    let run = run(&network("12h", "\"postfix\"", BOB, "\"10m\"", &rest));
    let path: Vec<_> = run.only().accepted.iter().map(|(_, host, _)| *host).collect();
    let names = ["out.a.example", "mx2.b.example", "mx1.b.example"];
    assert_eq!(path, names.map(|name| run.host(name)));
    // Six hours less ten minutes, and at most the longest back-off and a queue scan of the backup.
    let latency = run.only().latency();
    assert!(latency >= secs(21_000) && latency <= secs(21_000 + 4_000 + 300), "{latency:?}");
}

#[test]
fn rfc_mx_14_the_backup_is_used_only_while_the_better_fail() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "10m", "10m");
    let run = run(&network("2h", "\"rfc5321\"", BOB, "\"0s\", \"15m\", \"30m\"", &rest));
    let via_backup = |story: &&Story| {
        story.accepted.iter().any(|(_, host, _)| *host == run.host("mx2.b.example"))
    };
    let times: Vec<_> = run.mail().into_iter().filter(via_backup).map(|story| story.at).collect();
    assert_eq!(times, [at(900)]);
}

#[test]
fn rfc_mx_16_a_null_mx_takes_no_mail() {
    let rest = records("mx = \"none\"\naddress = \"host.b.example\"");
    let run = run(&network("1h", "\"postfix\"", BOB, "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Failed);
    assert!(tries(&run).iter().all(|fact| fact.to.is_none()), "no connection is made");
    assert_eq!((tries(&run).len(), run.failure_notices()), (1, 1));
    assert_eq!(run.only().only_ending().status.class, 5);
}

/// RFC 5321 §5.1: an alias is followed as if its target had been asked for.
#[test]
fn rfc_mx_01_an_alias_leads_to_the_exchangers_of_its_target() {
    let rest = one_exchanger("")
        + "[[domain]]\nname = \"c.example\"\nalias = \"b.example\"\nstore = \
           \"mx.b.example\"\nmailboxes = [\"chris\"]\n";
    let run = run(&network("1h", "\"rfc5321\"", "\"chris@c.example\"", "\"0s\"", &rest));
    assert_eq!(run.only().end(), End::Delivered);
    let fact = first_try(&run);
    assert_eq!((fact.to, fact.preference), (Some(run.host("mx.b.example")), Some(10)));
}

fn two_equals(seed: u32) -> Run {
    let records = PRIMARY_AND_BACKUP.replace("preference = 20", "preference = 10");
    let mail = "arrivals = { every = \"10s\" }\ncount = 1000";
    let text = network("3h", "\"rfc5321\"", BOB, "\"0s\"", &records);
    run(&format!("seed = {seed}\n{}", text.replace("at = [\"0s\"]", mail)))
}

/// RFC 5321 §5.1: equals in random order. The share of the first has mean 0.5 and standard error
/// sqrt(0.25 / 1000) = 0.016; five of them are 0.08.
#[test]
fn rfc_mx_03_equal_preferences_are_shuffled() {
    let chosen = |run: &Run| -> Vec<Option<HostId>> {
        let out = run.host("out.a.example");
        run.mail().iter().map(|story| story.tries_of(out)[0].to).collect()
    };
    let run = two_equals(1);
    let first = Some(run.host("mx1.b.example"));
    let order = chosen(&run);
    assert_eq!(order.len(), 1_000);
    let share = order.iter().filter(|host| **host == first).count() as f64 / 1_000.0;
    assert!((share - 0.5).abs() < 0.08, "{share}");
    assert_eq!(order, chosen(&two_equals(1)));
    assert_ne!(order, chosen(&two_equals(2)));
}

/// RFC 5321 §5.1: all addresses of an exchanger, in the order of the answer, in one attempt.
#[test]
fn rfc_mx_04_the_next_address_is_tried_in_the_same_attempt() {
    let rest = one_exchanger("addresses = [\"192.0.2.1\", \"192.0.2.2\"]")
        + "[[outage]]\naddress = \"192.0.2.1\"\nmode = \"refuse\"\n";
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
    let tries = tries(&run);
    let outcomes: Vec<_> = tries.iter().map(|fact| fact.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Refused, AttemptOutcome::Accepted]);
    assert_eq!(tries[0].delivery, tries[1].delivery);
    let literal = |place: usize| {
        let address = tries[place].address.expect("an address was tried");
        &*run.scenario.addresses[address as usize].literal
    };
    assert_eq!([literal(0), literal(1)], ["192.0.2.1", "192.0.2.2"]);
}

/// RFC 5321 §5.1: at least two addresses; how many is the sender's to say.
#[test]
fn rfc_mx_05_the_number_of_addresses_tried_can_be_set() {
    let rest = PRIMARY_AND_BACKUP.to_owned() + &outage("mx1.b.example", "\"refuse\"", "0s", "10m");
    for (limit, expected) in [(1, 1), (2, 2)] {
        let mta = plain(&format!("address_limit = {limit}"));
        let run = run(&network("6h", &mta, BOB, "\"0s\"", &rest));
        let first = first_try(&run).delivery;
        let tried = tries(&run).iter().filter(|fact| fact.delivery == first).count();
        assert_eq!(tried, expected, "limit {limit}");
        // With one address the message waits half an hour for its next attempt.
        assert_eq!(run.only().latency() > secs(1_800), limit == 1);
    }
    for profile in mailsim::profiles::all() {
        let limit = profile.client.address_limit;
        assert!(limit.is_none_or(|limit| limit >= 2), "{}: {limit:?}", profile.name);
    }
}

/// RFC 5321 §5.1: an exchanger must not be an alias. The scenario is warned of, and mail follows
/// the alias all the same, as it does from every server that we know.
#[test]
fn rfc_mx_15_an_exchanger_that_is_an_alias_is_warned_of() {
    let rest = records("mx = [{ name = \"mail.b.example\", preference = 10 }]")
        + "[[dns]]\nname = \"mail.b.example\"\nalias = \"host.b.example\"\n";
    let text = network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest);
    let nothing = |name: &str| Err(format!("{name}: no files"));
    let source = Source { file: "test.toml", text: &text, read_file: &nothing };
    let loaded = load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let warnings = format!("{:?}", loaded.warnings);
    assert!(warnings.contains("mail.b.example is an alias"), "{warnings}");
    assert_eq!(Run::of(&loaded.scenario).only().end(), End::Delivered);
}

/// RFC 7505 §4.2: who takes no mail cannot be answered, and may be refused for it.
#[test]
fn rfc_mx_17_mail_from_a_domain_without_mail_may_be_refused() {
    let checks = one_exchanger("mta = { profile = \"rfc5321\", checks_sender_domain = true }");
    for (records, keys, expected) in [
        ("mx = \"none\"", &*checks, Some((550, Status::new(5, 7, 27)))),
        ("exists = false", &checks, Some((450, Status::new(4, 1, 8)))),
        ("mx = [\"out.a.example\"]", &checks, None),
        // The check is off by default.
        ("mx = \"none\"", &one_exchanger(""), None),
    ] {
        let text = network("1h", "\"rfc5321\"", BOB, "\"0s\"", keys)
            .replacen("mx = [\"out.a.example\"]", records, 1)
            .replace("at = [", "submit = { server = \"out.a.example\" }\nat = [");
        let run = run(&text);
        let reply = first_try(&run).reply.map(|reply| (reply.code, reply.status));
        match expected {
            Some(_) => assert_eq!((first_try(&run).stage, reply), (Stage::Mail, expected)),
            None => assert_eq!(run.only().end(), End::Delivered, "{records}"),
        }
    }
}

/// RFC 7505 §3: a null MX stands alone; among others the root is no exchanger and nothing more.
#[test]
fn rfc_mx_18_a_null_mx_among_others_is_none() {
    let mixed = "mx = [{ name = \".\", preference = 0 }, { host = \"host.b.example\" }]";
    let run = run(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &records(mixed)));
    assert_eq!(run.only().end(), End::Delivered);
    let hosts: BTreeMap<_, _> = tries(&run).iter().map(|fact| (fact.to, fact.preference)).collect();
    assert_eq!(hosts, BTreeMap::from([(Some(run.host("host.b.example")), Some(20))]));
}
