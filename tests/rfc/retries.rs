//! Queueing and trying again (RFC 5321 §4.5.4.1): the rules RTRY, and greylisting (RFC 6647).

use std::collections::BTreeMap;

use mailsim::mail::{AttemptOutcome, MessageKind, Stage};
use mailsim::profiles;
use mailsim::profiles::settings_of;
use mailsim::units::{SimDuration, SimTime};

use crate::common::{End, Run, at, run, scenario, secs};
use crate::network::{BOB, network, one_exchanger, outage, plain, tries, with_settings};

fn blackholed(mta: &str, duration: &str) -> Run {
    let rest = one_exchanger("") + "[[outage]]\nhost = \"mx.b.example\"\nmode = \"refuse\"\n";
    run(&network(duration, mta, BOB, "\"0s\"", &rest))
}

#[test]
fn rfc_rtry_03_no_retry_before_half_an_hour() {
    let tries = tries(&blackholed("\"rfc5321\"", "7d"));
    assert!(tries.len() > 40);
    assert!(tries.windows(2).all(|pair| pair[1].started - pair[0].ended >= secs(1_800)));
}

#[test]
fn rfc_rtry_04_two_tries_in_the_first_hour_then_every_two_to_three() {
    let tries = tries(&blackholed("\"rfc5321\"", "7d"));
    let first = tries[0].started;
    let in_first_hour = tries.iter().filter(|fact| fact.started - first < secs(3_600)).count();
    assert_eq!(in_first_hour, 2);
    let gaps = tries[1..].windows(2).map(|pair| pair[1].started - pair[0].started);
    assert!(gaps.into_iter().all(|gap| (secs(7_200)..=secs(10_800)).contains(&gap)));
}

#[test]
fn rfc_rtry_05_mail_is_kept_for_days() {
    for (mta, gap) in [("\"rfc5321\"", 7_200), ("\"postfix\"", 4_300)] {
        let run = blackholed(mta, "7d");
        let ended = run.only().only_ending().at.since(run.only().at);
        assert!(ended >= SimDuration::from_days(4), "{mta}: {ended:?}");
        assert!(ended <= SimDuration::from_days(5) + secs(gap), "{mta}: {ended:?}");
        assert_eq!(run.failure_notices(), 1);
    }
}

/// RFC 5321 §4.5.4.1: what cannot be sent now is kept and tried again, and arrives once.
#[test]
fn rfc_rtry_01_queued_mail_arrives_once() {
    for mta in ["\"rfc5321\"", "\"postfix\""] {
        let rest = one_exchanger("") + &outage("mx.b.example", "\"refuse\"", "0s", "9h");
        let run = run(&network("2d", mta, BOB, "\"0s\"", &rest));
        assert_eq!((run.only().end(), run.only().copies()), (End::Delivered, 1), "{mta}");
        assert!(tries(&run).len() > 2 && run.only().latency() >= SimDuration::from_hours(9));
        // The envelope is kept with it.
        assert_eq!(run.to("bob@b.example").created.sender, Some(mailbox(&run, "a.example")));
    }
}

/// The first mailbox of a domain.
fn mailbox(run: &Run, domain: &str) -> mailsim::mail::Mailbox {
    mailsim::mail::Mailbox { domain: run.domain(domain), local: 0 }
}

/// RFC 5321 §4.5.4.1: never at once again. Postfix may be early by one second, since its clock has
/// whole seconds.
#[test]
fn rfc_rtry_02_a_retry_is_delayed() {
    let quick = plain("gaps = [\"7m\"]");
    for (mta, least) in [("\"rfc5321\"", 1_800), ("\"postfix\"", 299), (&quick, 420)] {
        let tries = tries(&blackholed(mta, "2d"));
        assert!(tries.len() > 10, "{mta}");
        let gaps = tries.windows(2).map(|pair| pair[1].started - pair[0].ended);
        assert_eq!(gaps.filter(|gap| *gap < secs(least)).count(), 0, "{mta}");
    }
}

/// RFC 5321 §4.5.4.1: a notice may be given up earlier than mail.
#[test]
fn rfc_rtry_06_notices_have_a_life_of_their_own() {
    for (mta, life) in [
        ("{ profile = \"postfix\", bounce_queue_lifetime = \"2h\" }", 2),
        ("{ profile = \"rfc5321\", gaps = [\"30m\"], notice_lifetime = \"3h\" }", 3),
    ] {
        // Notices for Alice go to a host that is down.
        let rest = one_exchanger("")
            + "[[host]]\nname = \"in.a.example\"\n"
            + &outage("in.a.example", "\"refuse\"", "0s", "10d");
        let text = network("6d", mta, "\"nobody@b.example\"", "\"0s\"", &rest)
            .replacen("mx = [\"out.a.example\"]", "mx = [\"in.a.example\"]", 1)
            .replace("at = [", "submit = { server = \"out.a.example\" }\nat = [");
        let run = run(&text);
        let notices = run.of_kind(MessageKind::FailureNotice);
        assert_eq!((notices.len(), notices[0].end()), (1, End::Discarded));
        let age = notices[0].only_ending().at.since(notices[0].at);
        // It is given up at the first failure after its life: at most one gap later.
        let life = SimDuration::from_hours(life);
        assert!(age >= life - secs(1) && age <= life + secs(4_000 + 300), "{mta}: {age:?}");
    }
}

/// RFC 5321 §4.5.4.1: every number of a profile can be written in a scenario, as it is shown.
#[test]
fn rfc_rtry_07_every_parameter_can_be_set() {
    for profile in profiles::all() {
        let plain = one_exchanger(&format!("mta = {}", with_settings(&profile, "")));
        let before = scenario(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &plain));
        let mx = before.hosts.iter().position(|host| host.name == "mx.b.example").expect("it is");
        let settings = settings_of(&profile);
        assert!(settings.len() > 15, "{}", profile.name);
        // What is not in use, or has no default, has no value to be written; nor has a gap of zero,
        // which leaves the schedule to the server's timer.
        let used = |value: &str| {
            !["", "not used", "0s*"].contains(&value) && !value.starts_with("required")
        };
        let stated = |name: &str| {
            profile.required.iter().any(|names| names.split('|').any(|one| one == name))
        };
        let shown = settings.into_iter().filter(|setting| used(&setting.value));
        for setting in shown.filter(|setting| !stated(setting.name)) {
            let value = toml(&setting.value);
            let mta = with_settings(&profile, &format!("{} = {value}", setting.name));
            let rest = one_exchanger(&format!("mta = {mta}"));
            let after = scenario(&network("1h", "\"rfc5321\"", BOB, "\"0s\"", &rest));
            assert_eq!(after.hosts[mx], before.hosts[mx], "{mta}");
        }
    }
    // And what is written holds.
    let mta = plain("gaps = [\"10m\", \"20m\"], lifetime = \"80m\"");
    let run = blackholed(&mta, "1d");
    let times: Vec<u64> =
        tries(&run).iter().map(|fact| (fact.started - tries(&run)[0].started).as_secs()).collect();
    assert_eq!(times, [0, 600, 1_800, 3_000, 4_200, 5_400]);
    assert_eq!(run.only().end(), End::Failed);
}

/// A value as TOML: numbers and flags bare, several as a list, all else as a text.
fn toml(value: &str) -> String {
    if value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok() {
        return value.to_owned();
    }
    match value.contains(", ") {
        true => format!(
            "[{}]",
            value.split(", ").map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", ")
        ),
        false => format!("\"{value}\""),
    }
}

/// RFC 5321 §4.5.4.1: a host that does not answer is not tried for each message. A hundred messages
/// wait; Postfix tries at most its concurrency limit of 20 until it takes the destination for dead,
/// and once it is dead no more than that in each scan, every five minutes.
#[test]
fn rfc_rtry_08_a_dead_host_is_not_tried_for_each_message() {
    let rest = one_exchanger("") + &outage("mx.b.example", "\"refuse\"", "0s", "2h");
    let text = network("2h", "\"postfix\"", BOB, "\"0s\"", &rest).replace(
        "at = [\"0s\"]",
        "arrivals = { burst = 100 }\ncount = 100\nsubmit = { parallel_sessions = 100 }",
    );
    let run = run(&text);
    let out = run.host("out.a.example");
    let mut connects: BTreeMap<u64, u32> = BTreeMap::new();
    let mut put_off = 0;
    for story in run.mail() {
        for fact in story.tries_of(out) {
            *connects.entry(fact.started.since_start().as_secs() / 300).or_default() += 1;
        }
        put_off += story.attempts.iter().filter(|fact| fact.stage == Stage::Suspended).count();
    }
    assert!(connects.values().all(|count| *count <= 20), "{connects:?}");
    assert!(connects.len() > 5, "it is tried again and again: {connects:?}");
    // Most attempts cost no connection.
    assert!(put_off > 2 * connects.values().sum::<u32>() as usize, "{put_off}, {connects:?}");
}

/// RFC 5321 §4.5.4.1: that a sender was refused says nothing about the next message.
#[test]
fn rfc_rtry_09_a_refused_sender_is_not_remembered() {
    for mta in ["\"rfc5321\"", "\"postfix\""] {
        let mode = "\"permfail\"\nstage = \"mail\"";
        let rest = one_exchanger("") + &outage("mx.b.example", mode, "0s", "60s");
        let run = run(&network("1h", mta, BOB, "\"30s\", \"61s\"", &rest));
        let out = run.host("out.a.example");
        for story in run.mail() {
            let tries = story.tries_of(out);
            assert_eq!(tries.len(), 1);
            let refused = story.at < at(60);
            let expected =
                if refused { AttemptOutcome::Permfail } else { AttemptOutcome::Accepted };
            assert_eq!(tries[0].outcome, expected);
            assert!(tries[0].started - story.at < secs(2), "{mta}: at once");
        }
    }
}

/// RFC 5321 §4.5.4.1: never more sessions to one destination than the limit, and as many as that.
#[test]
fn rfc_rtry_11_sessions_to_one_destination_are_limited() {
    let postfix = "{ profile = \"postfix\", default_destination_concurrency_limit = 3 }";
    let plain = plain("concurrency = 3");
    for mta in [postfix, &plain] {
        let rest = one_exchanger("capacity = { service = { message = \"10s\" } }");
        let text = network("1h", mta, BOB, "\"0s\"", &rest)
            .replace("at = [\"0s\"]", "arrivals = { burst = 50 }\ncount = 50");
        let run = run(&text);
        let out = run.host("out.a.example");
        let mut edges: Vec<(SimTime, i32)> = Vec::new();
        for story in run.mail() {
            let fact = story.tries_of(out)[0];
            edges.extend([(fact.started, 1), (fact.ended, -1)]);
        }
        // At one instant what ends goes before what begins.
        edges.sort_unstable();
        let mut open = 0;
        let most = edges
            .iter()
            .map(|(_, step)| {
                open += step;
                open
            })
            .max();
        assert_eq!(most, Some(3), "{mta}");
    }
}

#[test]
fn rfc_grey_01_a_greylist_delays_by_the_first_retry() {
    // RFC 6647: refused at first, taken after the minimum wait; the second message passes at once.
    let rest = one_exchanger("greylist = { delay = \"5m\" }");
    let run = run(&network("3h", "\"rfc5321\"", BOB, "\"0s\", \"2h\"", &rest));
    let latencies: Vec<_> = run.mail().iter().map(|story| story.latency()).collect();
    assert!(latencies[0] >= secs(1_800) && latencies[0] < secs(1_810), "{latencies:?}");
    assert!(latencies[1] < secs(10), "{latencies:?}");
}
