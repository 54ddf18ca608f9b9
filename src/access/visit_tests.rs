//! What visits cost, counted in round trips. Recording 16 of a real Dovecot is compared with them,
//! step by step, in `tests/recordings`.

use super::*;
use crate::access::PollInterval;

const EVERY: PollInterval = PollInterval::Fixed(SimDuration::from_minutes(10));
const POP3: Protocol = Protocol::Pop3 { every: EVERY, delete: true };
const IMAP: Protocol = Protocol::Imap { every: EVERY };

#[test]
fn each_message_costs_two_commands_by_pop_and_one_by_imap() {
    let cost = |protocol| {
        let sizes = [Octets(1_000); 20];
        visit(protocol, SimDuration::from_millis(10), None, &sizes, 0, &mut Vec::new()).round_trips
    };
    // Two to connect and be greeted; 2n + 6 commands, and n + 9.
    assert_eq!(cost(POP3), 2 + 2 * 20 + 6);
    assert_eq!(cost(IMAP), 2 + 20 + 9);
}

#[test]
fn an_idle_client_has_the_mail_a_round_trip_after_the_announcement() {
    let round_trip = SimDuration::from_millis(40);
    let mut fetched = Vec::new();
    let sizes = [Octets(1_000); 2];
    let cost = visit(Protocol::ImapIdle, round_trip, None, &sizes, 0, &mut fetched);
    let offsets: Vec<u64> = fetched.iter().map(|message| message.offset.as_millis()).collect();
    assert_eq!(offsets, [560, 600]);
    assert_eq!((cost.duration.as_millis(), cost.round_trips), (640, 3));
}

#[test]
fn an_empty_or_kept_mailbox_costs_less() {
    let round_trip = SimDuration::from_millis(10);
    let mut fetched = vec![Fetched { offset: SimDuration::ZERO }];
    let mut rounds = |protocol, sizes: &[Octets]| {
        let cost = visit(protocol, round_trip, None, sizes, 0, &mut fetched);
        assert_eq!(cost.duration, round_trip * cost.round_trips);
        assert_eq!(fetched.len(), sizes.len());
        cost.round_trips
    };
    let keep = Protocol::Pop3 { every: EVERY, delete: false };
    assert_eq!(rounds(keep, &[Octets(500); 3]), 2 + 6 + 3);
    assert_eq!(rounds(POP3, &[]), 2 + 6);
    assert_eq!(rounds(IMAP, &[]), 2 + 6);
}

#[test]
fn what_is_left_in_the_maildrop_is_listed_at_each_visit() {
    let cost = |protocol, left| {
        let sizes = [Octets(1_000); 2];
        visit(protocol, SimDuration::from_millis(10), None, &sizes, left, &mut Vec::new())
    };
    let keep = Protocol::Pop3 { every: EVERY, delete: false };
    // As many commands; in LIST a number and a size, in UIDL a number and an id, for each.
    let (few, many) = (cost(keep, 0), cost(keep, 100));
    assert_eq!(few.round_trips, many.round_trips);
    assert_eq!(many.octets - few.octets, Octets(100 * (10 + 21)));
    assert_eq!(cost(IMAP, 100), cost(IMAP, 0));
}
