//! Visits against recording 16 (Dovecot 2.3.19 over an emulated link, poplib and imaplib).
//!
//! Recorded times, less those of the session without delay, are within half a round trip of the model
//! once the emulator's own delay is allowed for: it adds up to 1 ms to each round trip (the plain
//! handshake took 50.3 ms to 53.1 ms for a nominal 50 ms). Not compared are the connection and LOGIN of IMAP: server processes are started in them,
//! which took 0.10 s in the session without delay, the first of all, and 0.03 s to 0.06 s later.

use super::*;
use crate::access::PollInterval;

const EVERY: PollInterval = PollInterval::Fixed(SimDuration::from_minutes(10));
const POP3: Protocol = Protocol::Pop3 { every: EVERY, delete: true };
const IMAP: Protocol = Protocol::Imap { every: EVERY };

/// A recorded pair of sessions at 10 Mbit/s \[s\].
struct Run {
    round_trip_ms: u64,
    messages: u64,
    octets: u64,
    /// connect, USER, PASS, STAT, LIST, UIDL, RETR x n, DELE x n, QUIT
    pop3: [f64; 9],
    /// LOGIN (not compared), SELECT, SEARCH, FETCH flags, FETCH headers, FETCH x n, STORE, CLOSE, LOGOUT
    imap: [f64; 9],
    idle_push: f64,
}

/// The session without delay, 20 messages of 3000 octets.
const POP3_WITHOUT_DELAY: [f64; 9] =
    [0.0116, 0.0003, 0.0099, 0.0011, 0.0002, 0.0003, 0.0095, 0.0033, 0.0019];
const IMAP_WITHOUT_DELAY: [f64; 9] =
    [0.0236, 0.0023, 0.0006, 0.0015, 0.0016, 0.0163, 0.0004, 0.0004, 0.0003];

const RUNS: [Run; 4] = [
    Run {
        round_trip_ms: 50,
        messages: 20,
        octets: 3_000,
        pop3: [0.1148, 0.0518, 0.0580, 0.0511, 0.0510, 0.0513, 1.0731, 1.0206, 0.0527],
        imap: [0.0581, 0.0532, 0.0512, 0.0532, 0.0553, 1.0744, 0.0512, 0.0513, 0.0513],
        idle_push: 0.5270,
    },
    Run {
        round_trip_ms: 50,
        messages: 5,
        octets: 200_000,
        pop3: [0.1099, 0.0506, 0.0555, 0.0510, 0.0508, 0.0511, 1.1459, 0.2545, 0.0525],
        imap: [0.0615, 0.0523, 0.0512, 0.0532, 0.0539, 1.1436, 0.0510, 0.0512, 0.0521],
        idle_push: 0.5270,
    },
    Run {
        round_trip_ms: 50,
        messages: 100,
        octets: 2_000,
        pop3: [0.1140, 0.0508, 0.0593, 0.0509, 0.0518, 0.0529, 5.2986, 5.1194, 0.0549],
        imap: [0.0623, 0.0561, 0.0517, 0.0591, 0.0633, 5.2933, 0.0513, 0.0512, 0.0513],
        idle_push: 0.5285,
    },
    Run {
        round_trip_ms: 100,
        messages: 20,
        octets: 3_000,
        pop3: [0.2154, 0.1007, 0.1108, 0.1044, 0.1011, 0.1015, 2.0966, 2.0176, 0.1027],
        imap: [0.1119, 0.1029, 0.1012, 0.1033, 0.1038, 2.1040, 0.1033, 0.1010, 0.1011],
        idle_push: 0.5521,
    },
];

impl Run {
    fn round_trip(&self) -> SimDuration {
        SimDuration::from_millis(self.round_trip_ms)
    }

    fn sizes(&self) -> Vec<Octets> {
        vec![Octets(self.octets); self.messages as usize]
    }

    fn visit(&self, protocol: Protocol) -> (VisitCost, Vec<f64>) {
        let rate = BitRate::from_bits_per_second(10_000_000);
        let mut fetched = Vec::new();
        let cost = visit(protocol, self.round_trip(), Some(rate), &self.sizes(), &mut fetched);
        (cost, fetched.iter().map(|message| message.offset.as_secs_f64()).collect())
    }

    /// Asserts that a recorded time is the predicted one within half a round trip.
    fn agrees(&self, what: &str, recorded: f64, without_delay: f64, predicted: f64) {
        let difference = recorded - without_delay - predicted;
        let round_trip = self.round_trip().as_secs_f64();
        let emulator = 0.001 * (predicted / round_trip);
        assert!(
            (-round_trip / 2.0..=round_trip / 2.0 + emulator).contains(&difference),
            "{what} of {} messages at {} ms: {difference:+.4} s",
            self.messages,
            self.round_trip_ms
        );
    }

    /// Time of a step without delay; some are in proportion to the number of messages.
    fn base(&self, steps: &[f64; 9], step: usize, for_each_message: &[usize]) -> f64 {
        let share =
            if for_each_message.contains(&step) { self.messages as f64 / 20.0 } else { 1.0 };
        steps[step] * share
    }
}

#[test]
fn recording_16_pop3() {
    for run in &RUNS {
        let (cost, fetched) = run.visit(POP3);
        let base = |step| run.base(&POP3_WITHOUT_DELAY, step, &[6, 7]);
        let upto = |last: usize| {
            ((0..=last).map(|s| run.pop3[s]).sum::<f64>(), (0..=last).map(base).sum::<f64>())
        };
        let (recorded, without) = upto(5);
        let empty = visit(POP3, run.round_trip(), None, &[], &mut Vec::new()).duration;
        // Without mail, QUIT follows.
        let before = (empty - run.round_trip()).as_secs_f64();
        run.agrees("POP3 before RETR", recorded, without, before);
        let (recorded, without) = upto(6);
        run.agrees("POP3 fetched", recorded, without, *fetched.last().unwrap());
        let (recorded, without) = upto(8);
        run.agrees("POP3 in all", recorded, without, cost.duration.as_secs_f64());
        assert_eq!(cost.round_trips, 2 + 2 * run.messages + 6);
    }
}

#[test]
fn recording_16_imap() {
    for run in &RUNS {
        let (cost, fetched) = run.visit(IMAP);
        let base = |step| run.base(&IMAP_WITHOUT_DELAY, step, &[5]);
        let upto = |last: usize| {
            ((1..=last).map(|s| run.imap[s]).sum::<f64>(), (1..=last).map(base).sum::<f64>())
        };
        // Connection and greeting, CAPABILITY, LOGIN.
        let logged_in = 4.0 * run.round_trip().as_secs_f64();
        let (recorded, without) = upto(5);
        run.agrees("IMAP fetched", recorded, without, fetched.last().unwrap() - logged_in);
        let (recorded, without) = upto(8);
        run.agrees("IMAP in all", recorded, without, cost.duration.as_secs_f64() - logged_in);
        assert_eq!(cost.round_trips, 2 + run.messages + 9);
    }
}

#[test]
fn recording_16_idle() {
    assert!((idle_push(SimDuration::ZERO).as_secs_f64() - 0.502).abs() < 0.005);
    for run in &RUNS {
        run.agrees("IDLE", run.idle_push, 0.0, idle_push(run.round_trip()).as_secs_f64());
    }
}

#[test]
fn an_idle_client_has_the_mail_a_round_trip_after_the_announcement() {
    let round_trip = SimDuration::from_millis(40);
    let mut fetched = Vec::new();
    let sizes = [Octets(1_000); 2];
    let cost = visit(Protocol::ImapIdle, round_trip, None, &sizes, &mut fetched);
    let offsets: Vec<u64> = fetched.iter().map(|message| message.offset.as_millis()).collect();
    assert_eq!(offsets, [560, 600]);
    assert_eq!((cost.duration.as_millis(), cost.round_trips), (640, 3));
}

#[test]
fn an_empty_or_kept_mailbox_costs_less() {
    let round_trip = SimDuration::from_millis(10);
    let mut fetched = vec![Fetched { offset: SimDuration::ZERO }];
    let mut rounds = |protocol, sizes: &[Octets]| {
        let cost = visit(protocol, round_trip, None, sizes, &mut fetched);
        assert_eq!(cost.duration, round_trip * cost.round_trips);
        assert_eq!(fetched.len(), sizes.len());
        cost.round_trips
    };
    let keep = Protocol::Pop3 { every: EVERY, delete: false };
    assert_eq!(rounds(keep, &[Octets(500); 3]), 2 + 6 + 3);
    assert_eq!(rounds(POP3, &[]), 2 + 6);
    assert_eq!(rounds(IMAP, &[]), 2 + 6);
}
