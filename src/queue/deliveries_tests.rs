//! Recipients dealt out to deliveries, held against a plain list of them.

use super::*;
use crate::mail::{DomainId, HostId, MessageId, RecipientId, Status};
use crate::queue::QueueEntry;
use crate::random::{Draw as _, Streams};
use crate::units::{Octets, SimTime};

/// What is to be known of one recipient.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plain {
    recipient: RecipientId,
    destination: Destination,
    state: CopyState,
    suspended: bool,
}

/// Returns an entry with so many recipients of a few domains, and the plain list.
fn entry(
    entries: &mut QueueEntries,
    count: u64,
    domains: u64,
    random: &mut impl rand::Rng,
) -> (EntryHandle, Vec<Plain>) {
    let state = QueueEntry::new(MessageId(0), HostId(0), SimTime::ZERO.into(), false, Octets(1), 0);
    let entry = entries.insert(state);
    let plain: Vec<Plain> = (0..count)
        .map(|number| Plain {
            recipient: RecipientId(number as u32),
            destination: match random.below(domains + 1) {
                0 => Destination::Local,
                domain => Destination::Exchangers(DomainId(domain as u32)),
            },
            state: CopyState::Pending,
            suspended: false,
        })
        .collect();
    for one in plain.iter().rev() {
        entries.add_recipient(entry, one.recipient, one.destination);
    }
    (entry, plain)
}

/// Asserts that an entry knows of its recipients what the list says; of those that are done it may
/// have forgotten some.
fn assert_known(entries: &mut QueueEntries, entry: EntryHandle, plain: &[Plain]) {
    let known: Vec<Plain> = entries
        .copies(entry)
        .filter(|copy| copy.state != CopyState::Done)
        .map(|QueueCopy { recipient, destination, state, suspended, .. }| Plain {
            recipient,
            destination,
            state,
            suspended,
        })
        .collect();
    let left = plain.iter().filter(|one| one.state != CopyState::Done);
    assert_eq!(known, left.copied().collect::<Vec<_>>());
    let pending = |one: &&Plain| one.state == CopyState::Pending;
    let mut destinations: Vec<Destination> =
        plain.iter().filter(pending).map(|one| one.destination).collect();
    destinations.sort_unstable();
    destinations.dedup();
    let mut told = Vec::new();
    let mut before = None;
    while let Some(destination) = entries.next_destination(entry, before) {
        assert!(entries.has_pending(entry, destination));
        told.push(destination);
        before = Some(destination);
    }
    assert_eq!(told, destinations);
    let open = |one: &Plain| matches!(one.state, CopyState::Pending | CopyState::Assigned(_));
    let failed = |one: &Plain| matches!(one.state, CopyState::Failed(_));
    assert_eq!(entries.standing(entry), (plain.iter().any(failed), plain.iter().any(open)));
}

#[test]
fn recipients_fare_as_in_a_plain_list() {
    let mut random = Streams::new(5, 0).stream(crate::random::Purpose::Other("test/deliveries"), 0);
    for _ in 0..200 {
        let mut entries = QueueEntries::default();
        let count = 1 + random.below(12);
        let (entry, mut plain) = entry(&mut entries, count, 3, &mut random);
        let mut under_way: Vec<DeliveryHandle> = Vec::new();
        for _ in 0..60 {
            let domain = random.below(4) as u32;
            let destination = match domain {
                0 => Destination::Local,
                domain => Destination::Exchangers(DomainId(domain)),
            };
            match random.below(6) {
                0 | 1 if entries.has_pending(entry, destination) => {
                    let limit = 1 + random.below(4) as u32;
                    let delivery = entries.assign(entry, destination, limit);
                    let fits = |one: &&mut Plain| {
                        one.state == CopyState::Pending && one.destination == destination
                    };
                    let taken = plain.iter_mut().filter(fits).take(limit as usize);
                    taken.for_each(|one| one.state = CopyState::Assigned(delivery.index()));
                    under_way.push(delivery);
                }
                2 | 3 if !under_way.is_empty() => {
                    let place = random.below(under_way.len() as u64) as usize;
                    let delivery = under_way.swap_remove(place);
                    let assigned = CopyState::Assigned(delivery.index());
                    let all: Vec<CopyIndex> = entries.delivery_recipients(delivery).collect();
                    let expected: Vec<RecipientId> = plain
                        .iter()
                        .filter(|one| one.state == assigned)
                        .map(|one| one.recipient)
                        .collect();
                    let told: Vec<RecipientId> =
                        all.iter().map(|&index| entries.recipient(index)).collect();
                    assert_eq!(told, expected, "in the order of the entry");
                    for index in all {
                        let recipient = entries.recipient(index);
                        let one = plain.iter_mut().find(|one| one.recipient == recipient).unwrap();
                        one.state = match random.below(3) {
                            0 => CopyState::Done,
                            1 => CopyState::Failed(Status::NO_ANSWER),
                            _ => CopyState::Pending,
                        };
                        if one.state != CopyState::Pending {
                            entries.set_state(index, one.state);
                        }
                    }
                    assert_eq!(entries.release(delivery), entry);
                }
                4 => {
                    let odd = |recipient: RecipientId| recipient.0 % 2 == 1;
                    entries.suspend(entry, destination, |copy| odd(copy.recipient));
                    for one in &mut plain {
                        let pending = one.state == CopyState::Pending;
                        one.suspended |=
                            pending && one.destination == destination && odd(one.recipient);
                    }
                    let mut told = Vec::new();
                    let mut next = entries.first_suspended(entry, destination);
                    while let Some(index) = next {
                        next = entries.next_alike(index);
                        told.extend(entries.take_suspended(index, destination));
                    }
                    let mut expected = Vec::new();
                    for one in plain.iter_mut().filter(|one| one.destination == destination) {
                        if std::mem::take(&mut one.suspended) {
                            expected.push(one.recipient);
                        }
                    }
                    assert_eq!(told, expected);
                }
                5 => entries.drop_finished(entry),
                _ => {}
            }
            assert_known(&mut entries, entry, &plain);
        }
    }
}
