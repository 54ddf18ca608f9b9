//! Postfix's scheduler: jobs, transports, processes, pauses. What real Postfix 3.7.11 did in the same
//! experiments stands beside the expectations; the rules are those of `src/qmgr`.

use mailsim::mail::Stage;
use mailsim::units::SimTime;

use crate::common::secs;
use crate::{begins, message, network, one, tries};

/// Every reply to the dot of this server takes so long.
fn slow(name: &str, delay: &str) -> String {
    format!(
        "[[outage]]\nhost = \"mx.{name}.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"{delay}\"\n"
    )
}

#[test]
fn a_process_that_is_free_again_serves_the_oldest_message() {
    // The fast destination's message comes fourth; Postfix delivered it after three of 10 s.
    let mut mail = slow("one", "10s");
    for at in [0.1, 5.1, 10.1, 15.1, 20.1, 25.1] {
        mail += &one(at, "user00001@one.example");
    }
    mail += &one(12.0, "user00001@two.example");
    let run = network("", &mail);
    assert_eq!(begins(&run, "two.example"), [12.0], "a hundred processes are enough");
    let run = network("default_process_limit = 1", &mail);
    assert_eq!(begins(&run, "two.example"), [30.1]);
}

#[test]
fn smaller_messages_go_before_a_large_one_as_it_earns_slots_for_them() {
    // Postfix 3.7.11: the small messages began in these seconds (a delivery takes 1 s, two at once).
    let big: Vec<String> = (1..=60).map(|number| format!("user{number:05}@one.example")).collect();
    let mut mail = slow("one", "1s") + &message("0s", "alice", &big);
    for at in [2.1, 3.9, 5.9, 7.9, 9.9, 11.9, 13.9] {
        mail += &message(&format!("{at}s"), "arthur", &["user00099@one.example".to_owned()]);
    }
    let settings = "default_destination_recipient_limit = 2
        default_destination_concurrency_limit = 2
        initial_destination_concurrency = 2";
    let small = |settings: &str| begins(&network(settings, &mail), "user00099@one.example");
    assert_eq!(small(settings), [3.0, 4.0, 6.0, 9.0, 12.0, 15.0, 18.0]);
    // Without preemption they wait for all thirty.
    let none = format!("{settings}\ndefault_delivery_slot_cost = 0");
    assert_eq!(small(&none), [15.0, 15.0, 16.0, 16.0, 17.0, 17.0, 18.0]);
}

#[test]
fn recipients_of_one_message_take_turns_by_destination() {
    let to = |name: &str, number: u32| format!("user{number:05}@{name}.example");
    let names = ["one", "two", "three"];
    let everybody: Vec<String> =
        names.iter().flat_map(|name| (1..=4).map(|number| to(name, number))).collect();
    let mail = names.map(|name| slow(name, "1s")).concat() + &message("0s", "alice", &everybody);
    let run = network("default_process_limit = 1\nsmtp_destination_recipient_limit = 2", &mail);
    for name in names {
        let at = begins(&run, &format!("{name}.example"));
        assert_eq!((at[1] - at[0], at[2] - at[0]), (0.0, 3.0), "{name}: {at:?}");
    }
}

/// A transport of its own for `one.example`.
const SLOW: &str = "transport_maps = { \"one.example\" = \"slow:\" }\n";

#[test]
fn a_transport_of_its_own_has_its_own_pace() {
    // Postfix 3.7.11: 1 s for a delivery, then 3 s of pause; the others are not held up.
    let mut mail = slow("one", "1s");
    for number in 1..=4 {
        mail += &one(0.1, &format!("user{number:05}@one.example"));
        mail += &one(0.1, &format!("user{number:05}@two.example"));
    }
    let run = network(&format!("{SLOW}slow_destination_rate_delay = \"3s\""), &mail);
    let at = begins(&run, "one.example");
    let gaps: Vec<f64> = at.windows(2).map(|pair| (pair[1] - pair[0]).round()).collect();
    assert_eq!(gaps, [4.0; 3], "{at:?}");
    assert_eq!(begins(&run, "two.example"), [0.1; 4]);
}

#[test]
fn a_transport_of_its_own_has_its_own_processes() {
    let mut mail = slow("one", "1s") + &slow("two", "1s");
    for number in 1..=3 {
        mail += &one(0.1, &format!("user{number:05}@one.example"));
        mail += &one(0.1, &format!("user{number:05}@two.example"));
    }
    let settings =
        format!("{SLOW}[host.mta.transports.slow]\nmaxproc = 1\nsmtp_helo_timeout = \"7s\"");
    let run = network(&settings, &mail);
    assert_eq!(begins(&run, "one.example"), [0.1, 1.1, 2.1]);
    assert_eq!(begins(&run, "two.example"), [0.1; 3]);
    // What -o sets holds for that transport alone.
    let down = |name: &str| {
        format!("[[outage]]\nhost = \"mx.{name}.example\"\nmode = \"hang\"\nstage = \"greeting\"\n")
    };
    let mail = one(0.1, "user00001@one.example") + &one(0.1, "user00001@two.example");
    let run = network(&settings, &(mail + &down("one") + &down("two")));
    let waited = |domain: &str| {
        let tries = tries(&run);
        let (_, _, attempt) = tries.iter().find(|(_, to, _)| to.ends_with(domain)).unwrap();
        attempt.ended.since(attempt.started)
    };
    assert_eq!((waited("one.example"), waited("two.example")), (secs(7), secs(300)));
}

#[test]
fn what_is_put_off_under_a_rate_delay_leaves_the_active_queue_a_pause_apart() {
    // Postfix 3.7.11: 8 messages to a host that refuses, a pause of 2 s: one is tried, one put off at
    // once, the others at 2, 4, 6 … s. Dead destinations are tried again after the pause.
    let mut mail = String::from("[[outage]]\nhost = \"mx.one.example\"\nmode = \"refuse\"\n");
    for number in 1..=8 {
        mail += &one(0.1, &format!("user{number:05}@one.example"));
    }
    let settings = "default_destination_rate_delay = \"2s\"\nminimal_backoff_time = \"300s\"\n\
                    scan_phase = \"5min\"";
    let run = network(settings, &mail);
    let mut put_off: Vec<u64> = Vec::new();
    for story in run.mail() {
        let first = story.attempts.iter().find(|attempt| attempt.stage == Stage::Suspended);
        put_off.extend(first.filter(|f| f.started.as_secs() < 60).map(|f| f.started.as_secs()));
    }
    put_off.sort_unstable();
    assert_eq!(put_off, [0, 2, 4, 6, 8, 10, 12]);
    // The next message is tried, though the destination failed.
    let run = network(settings, &(mail + &one(20.0, "user00099@one.example")));
    assert_eq!(begins(&run, "user00099@one.example").first(), Some(&20.0));
}

#[test]
fn destinations_that_are_dead_for_one_reason_share_a_queue_of_what_is_put_off() {
    // `qmgr_error_nexthop`: what is put off goes to a queue named by the reason, which tells of the last
    // exchanger and not of the destination (recorded with Postfix 3.7.11).
    let outages = String::from(
        "[[outage]]\nhost = \"mx.one.example\"\nmode = \"refuse\"\n\
         [[outage]]\nhost = \"mx.two.example\"\nmode = \"refuse\"\n\
         [[domain]]\nname = \"four.example\"\nmx = [\"mx.one.example\"]\nstore = \"mx.one.example\"\n\
         mailboxes = { count = 9 }\n",
    );
    let settings = "default_destination_rate_delay = \"2s\"\nminimal_backoff_time = \"300s\"\n\
                    scan_phase = \"5min\"";
    let put_off = |domains: [&str; 2]| {
        let mut mail = outages.clone();
        for number in 1..=4 {
            for domain in domains {
                mail += &one(0.1, &format!("user{number:05}@{domain}"));
            }
        }
        let run = network(settings, &mail);
        let mut times: Vec<u64> = Vec::new();
        for story in run.mail() {
            let first = story.attempts.iter().find(|attempt| attempt.stage == Stage::Suspended);
            times.extend(first.filter(|f| f.started.as_secs() < 60).map(|f| f.started.as_secs()));
        }
        times.sort_unstable();
        times
    };
    assert_eq!(put_off(["one.example", "two.example"]), [0, 0, 2, 2, 4, 4]);
    assert_eq!(put_off(["one.example", "four.example"]), [0, 2, 4, 6, 8, 10]);
}

#[test]
fn mail_of_one_sender_goes_by_his_relay() {
    let maps = "sender_dependent_relayhost_maps = { \"arthur@a.example\" = \"[mx.two.example]\" }";
    let mail = message("1s", "alice", &["user00001@one.example".to_owned()])
        + &message("2s", "arthur", &["user00002@one.example".to_owned()]);
    let run = network(maps, &mail);
    let to: Vec<_> = tries(&run).iter().map(|(_, _, attempt)| attempt.to).collect();
    let hosts = ["mx.one.example", "mx.two.example"].map(|name| Some(run.host(name)));
    assert_eq!(to, hosts);
}

#[test]
fn more_processes_act_from_the_action_on() {
    let mut mail = slow("one", "100s");
    for number in 1..=5 {
        mail += &one(0.1, &format!("user{number:05}@one.example"));
    }
    mail += "[[action]]\nat = \"7s\"\nhost = \"out.a.example\"\n\
             do = { set = { capacity = { delivery_processes = 3 } } }\n";
    let run = network("default_process_limit = 1", &mail);
    assert_eq!(begins(&run, "one.example"), [0.1, 7.0, 7.0, 100.1, 107.0]);
}

#[test]
fn requests_beyond_the_listen_queue_are_dropped_and_repeated() {
    // One session at once, 10 s each; one connection waits, and by Linux one more; the fourth client
    // is not heard, and repeats itself after 1, 3 and 7 s.
    let more = "
        [[host]]\nname = \"busy.example\"\nroles = [\"mx\", \"store\"]\nmta = \"sink\"
        capacity = { sessions = 1, listen_queue = 1 }
        [[domain]]\nname = \"busy.example\"\nmx = [\"busy.example\"]\nmailboxes = { count = 10 }
        [[outage]]\nhost = \"busy.example\"\nmode = \"slow\"\nstage = \"dot\"\ndelay = \"4s\"
    ";
    let mut mail = String::from(more);
    for number in 1..=4 {
        mail += &one(0.1, &format!("user{number:05}@busy.example"));
    }
    let run = network("initial_destination_concurrency = 4", &mail);
    let mut delivered: Vec<u64> =
        run.mail().iter().map(|story| (story.latency().as_secs_f64()).round() as u64).collect();
    delivered.sort_unstable();
    // The place that becomes free at 4.1 s is taken by whoever waits; the fourth is heard at 7.1 s,
    // waits behind the third, and is served at 12.1 s.
    assert_eq!(delivered, [4, 8, 12, 16]);
    let connected: Vec<u64> = tries(&run)
        .iter()
        .map(|(_, _, attempt)| attempt.marks.connected)
        .filter(|at| *at != SimTime::MAX)
        .map(|at| at.as_secs())
        .collect();
    assert_eq!(connected.iter().filter(|at| **at == 7).count(), 1, "{connected:?}");
}
