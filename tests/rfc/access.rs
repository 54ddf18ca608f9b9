//! Reading mail (RFC 1939, RFC 9051, RFC 2177): the rules POP and IMAP.

use mailsim::access::idle_push;
use mailsim::units::{SimDuration, SimTime};

use crate::common::{Run, run, secs};
use crate::network::{network, one_exchanger};

/// Bob reads his mail in this way, from a host behind a link.
fn read(reading: &str, link: &str, mail: &str) -> Run {
    let rest = format!(
        "{mail}\n{}[[host]]\nname = \"laptop.b.example\"\nroles = [\"mua\"]\n[[link]]\nbetween = \
         [\"laptop.b.example\", \"mx.b.example\"]\n{link}\n[[reading]]\nmailbox = \
         \"bob@b.example\"\nfrom_host = \"laptop.b.example\"\n{reading}\n",
        one_exchanger("")
    );
    run(&network("1d", "\"rfc5321\"", "\"bob@b.example\"", "\"10m\"", &rest))
}

fn delivered(run: &Run) -> Vec<(SimTime, SimTime)> {
    let mut times: Vec<_> = run
        .mail()
        .iter()
        .map(|story| (story.endings[0].at, story.retrieved.expect("it was read")))
        .collect();
    times.sort_unstable();
    times
}

/// RFC 1939 §4 and §5: the session sees the maildrop as it was when it was opened. A large message
/// takes 80 s to fetch; what comes meanwhile is fetched at the next visit.
#[test]
fn rfc_pop_05_mail_that_comes_during_a_session_waits_for_the_next() {
    let slow = "bandwidth = \"1Mbit/s\"";
    let reading = "protocol = \"pop3\"\nevery = \"10m\"";
    let first = delivered(&read(reading, slow, "size = \"10MB\""))[0];
    let length = first.1 - first.0;
    assert!(length >= secs(80), "{length:?}");
    // A second, small message that arrives 40 s before the first has been fetched.
    let second = format!(
        "size = \"10MB\"\n[[mail]]\nfrom = \"alice@a.example\"\nto = [\"bob@b.example\"]\nat = \"{}s\"\n",
        (first.1 - SimTime::ZERO).as_secs() - 40
    );
    let times = delivered(&read(reading, slow, &second));
    assert_eq!(times[0], first);
    assert!(times[1].0 < first.1, "it is there while the first is fetched");
    assert!(times[1].1 - first.1 > secs(300), "{times:?}");
}

/// RFC 9051 §5.4, read there: no server logs a reader out before half an hour; nobody is logged out
/// here at all. What comes after 29 minutes of silence, and after ten hours, is announced at once.
#[test]
fn rfc_imap_02_a_silent_session_stays_alive() {
    let latency = SimDuration::from_millis(50);
    let mail = "size = \"1kB\"\n[[mail]]\nfrom = \"alice@a.example\"\nto = [\"bob@b.example\"]\n\
                size = \"1kB\"\nat = [\"39m\", \"11h\"]\n";
    let run = read("protocol = \"imap\"\nidle = true", "latency = \"50ms\"", mail);
    let times = delivered(&run);
    assert_eq!(times.len(), 3);
    for (came, read) in times {
        // The announcement, and one round trip to fetch.
        let expected = idle_push(latency * 2) + latency * 2;
        assert!(read - came >= expected && read - came < expected + latency, "{:?}", read - came);
    }
}

/// RFC 9051 §7, RFC 2177 §3: the store may say EXISTS while a command runs, and says it while IDLE
/// does, without being asked: the client hears of new mail before it has said anything more.
#[test]
fn rfc_imap_03_new_mail_is_announced_while_a_command_runs() {
    let latency = SimDuration::from_millis(200);
    let run = read("protocol = \"imap\"\nidle = true", "latency = \"200ms\"", "size = \"1kB\"");
    let (came, read) = delivered(&run)[0];
    // The store's own half second, 200 ms to the client, and 400 ms for FETCH and its answer. A
    // client that asked first would need 200 ms more.
    let waited = read - came;
    assert!(waited >= SimDuration::from_millis(500) + latency * 3, "{waited:?}");
    assert!(waited < SimDuration::from_millis(500) + latency * 4, "{waited:?}");
}

/// RFC 1939 §6, read there: messages go at QUIT and not before. The store goes down while the second
/// of two messages is fetched: the first is in its reader's hands, and in the maildrop too, so the
/// next visit takes as long as both of them need.
#[test]
fn rfc_pop_02_messages_are_deleted_at_quit_alone() {
    let two = "size = \"5MB\"\n[[mail]]\nfrom = \"alice@a.example\"\nto = [\"bob@b.example\"]\nsize = \
               \"5MB\"\nat = \"10m1s\"\n";
    let slow = "bandwidth = \"1Mbit/s\"";
    let reading = |delete: bool| format!("protocol = \"pop3\"\nevery = \"1h\"\ndelete = {delete}");
    // Five million octets need 40 s.
    let whole = delivered(&read(&reading(true), slow, two));
    let (first, second) = (whole[0].1, whole[1].1);
    assert!(second - first >= secs(40) && second - first < secs(45));
    for (delete, fetched_again) in [(true, true), (false, false)] {
        let crash = format!(
            "{two}[[outage]]\nhost = \"mx.b.example\"\nmode = \"crash\"\nfrom = \"{}s\"\nfor = \"1m\"\n",
            (first - SimTime::ZERO).as_secs() + 20
        );
        let broken = delivered(&read(&reading(delete), slow, &crash));
        assert_eq!(broken[0].1, first, "it had come before the crash");
        // An hour after the visit that broke: with the first message once more, or without it.
        let wait = broken[1].1 - second;
        let expected = if fetched_again { secs(3_600) } else { secs(3_560) };
        let error = if wait > expected { wait - expected } else { expected - wait };
        assert!(error < secs(5), "{delete}: {wait:?}");
    }
}

/// A client that IDLEs has one connection: what is announced while it fetches comes afterwards.
#[test]
fn mail_that_comes_while_a_client_fetches_waits_for_the_connection() {
    let slow = "bandwidth = \"1Mbit/s\"";
    let second = "size = \"10MB\"\n[[mail]]\nfrom = \"alice@a.example\"\nto = [\"bob@b.example\"]\nat = \
                  \"10m20s\"\nsize = \"1kB\"\n";
    let times = delivered(&read("protocol = \"imap\"\nidle = true", slow, second));
    assert_eq!(times.len(), 2);
    assert!(times[1].0 < times[0].1, "it is there while the first is fetched");
    let behind = times[1].1 - times[0].1;
    assert!(times[1].1 > times[0].1 && behind < secs(2), "{behind:?}");
}
