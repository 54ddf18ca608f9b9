//! The trace fields of a message, as they stand in its header at the end.

use std::collections::BTreeSet;

use crate::mail::{
    AttemptOutcome, HostId, MailboxNames as _, MessageKey, MessageKind, ReceivedField,
    ReceivedStyle,
};
use crate::model::Scenario;
use crate::smtp::transmission;
use crate::trace::{Created, Fact, FinalOutcome};
use crate::units::SimTime;

use super::exchange::{Exchange, address_of, exchanges, host_at, proxy_of};
use super::screening::{found_at, result_fields};
use super::tale::Story;

/// Returns the trace fields of one copy, the newest first, as they stand at the host that held it
/// last. Final delivery puts the reverse path on top, and nobody else does (RFC 5321 §4.4).
pub fn fields(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    exchanges: &[Exchange],
) -> Vec<String> {
    let mut fields = received(scenario, story, copy, exchanges);
    let copy = &story.copies[copy];
    let delivered = |(_, fact): &(SimTime, Fact)| {
        matches!(fact, Fact::Final { outcome: FinalOutcome::Delivered, .. })
    };
    if copy.facts.iter().any(delivered) {
        let path = copy.created.sender.map(|sender| scenario.mailbox(sender)).unwrap_or_default();
        fields.insert(0, format!("Return-Path: <{path}>"));
    }
    fields
}

/// Returns the trace fields that a copy had when a server made it, the newest first: the server's own,
/// and of a list's copy those of the post (if `stories` has it) as they stood when the list got it.
/// None: a person wrote it.
pub fn fields_as_made<'s>(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    stories: &impl Fn(MessageKey) -> Option<&'s Story>,
) -> Vec<String> {
    let mut fields: Vec<String> = own_field_of(scenario, story, copy).into_iter().collect();
    let created = &story.copies[copy].created;
    let about = created.about.filter(|_| created.kind == MessageKind::ListCopy).and_then(stories);
    if let Some(post) = about
        && let Some((source, at)) = source_of(scenario, story, copy, post)
    {
        fields.extend(walk(
            scenario,
            post,
            source,
            &exchanges(post, &[source]),
            (created.host, at),
        ));
        // What a list on another list had is below the field that the walk ends with.
        fields.extend(fields_as_made(scenario, post, source, stories).into_iter().skip(1));
    }
    fields
}

fn received(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    exchanges: &[Exchange],
) -> Vec<String> {
    let holder = last_holder(story, copy);
    holder.map(|from| walk(scenario, story, copy, exchanges, from)).unwrap_or_default()
}

/// Follows a copy back from the host that took it at an instant.
fn walk(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    exchanges: &[Exchange],
    (mut host, mut at): (HostId, SimTime),
) -> Vec<String> {
    let mut fields = Vec::new();
    // Each try brought the message one step at most, so the walk back ends.
    let mut unused: Vec<&Exchange> = exchanges.iter().collect();
    loop {
        let came = unused.iter().position(|exchange| {
            exchange.accepted == Some(at)
                && exchange.first().to == Some(host)
                && exchange.facts.iter().any(|(place, _)| *place == copy)
        });
        let came = came.map(|place| unused.swap_remove(place));
        let Some(came) = came else {
            fields.extend(own_field_of(scenario, story, copy));
            return fields;
        };
        let fact = came.first();
        // A server puts what it found above its own Received field.
        if let Some(found) = found_at(story, copy, host, at) {
            fields.extend(result_fields(scenario, found));
        }
        fields.extend(field_of(scenario, story, came));
        let Some(before) = accepted_before(story, copy, fact.from, fact.started) else {
            return fields;
        };
        (host, at) = (fact.from, before);
    }
}

/// Returns the fields that the server of a try wrote when it took the message, the newest first, as
/// one text; none: it writes none, or did not take it.
#[must_use]
pub fn field_of(scenario: &Scenario, story: &Story, came: &Exchange) -> Option<String> {
    let (at, host) = (came.accepted?, came.first().to?);
    let settings = host_at(scenario, host, at);
    if !settings.server.adds_received {
        return None;
    }
    let id = queue_id(settings.server.received, story.key, host, at, number_of(story, came));
    let own = own_field(scenario, host, at, &id);
    // What its other programs add on the way through the host.
    let mut text = format!("{own}\n").repeat(settings.server.options.more_received as usize);
    text.push_str(&field(scenario, story, came, host, at, id).render());
    Some(text)
}

/// Returns the field with which a copy begins that a server made.
fn own_field_of(scenario: &Scenario, story: &Story, copy: usize) -> Option<String> {
    let Created { kind, host, .. } = story.copies[copy].created;
    let style = host_at(scenario, host, story.at).server.received;
    let id = queue_id(style, story.key, host, story.at, 0);
    (kind != MessageKind::Mail).then(|| own_field(scenario, host, story.at, &id))
}

/// Returns which copy of a post a list made this copy of, and when the list's host took it.
fn source_of(
    scenario: &Scenario,
    story: &Story,
    copy: usize,
    post: &Story,
) -> Option<(usize, SimTime)> {
    let Created { host, mailbox, .. } = story.copies[copy].created;
    let sent_on = |list| scenario.automatic.redistributions.get(&list);
    let lists = post.copies.iter().enumerate().filter(|(_, post)| {
        sent_on(post.created.mailbox).is_some_and(|list| list.members.contains(&mailbox))
    });
    let taken = lists.filter_map(|(place, _)| {
        accepted_before(post, place, host, story.at).map(|at| (place, at))
    });
    taken.max_by_key(|(_, at)| *at)
}

/// Returns the field of a program that got the message from another one of the same host.
fn own_field(scenario: &Scenario, host: HostId, at: SimTime, id: &str) -> String {
    let settings = host_at(scenario, host, at);
    let date = crate::mail::format_date(at, settings.clock_error_ns);
    format!("Received: by {} id {id}; {date}", settings.name)
}

/// Who held the copy at the end, and since when: the store, or else who took it last.
fn last_holder(story: &Story, copy: usize) -> Option<(HostId, SimTime)> {
    let facts = &story.copies[copy].facts;
    let delivered = facts.iter().find_map(|(at, fact)| match fact {
        Fact::Final { host, .. } => Some((*host, *at)),
        _ => None,
    });
    match delivered {
        Some((host, at)) => Some((host, accepted_before(story, copy, host, at)?)),
        None => facts.iter().rev().find_map(|(at, fact)| match fact {
            Fact::Accepted { by, server: true, .. } => Some((*by, *at)),
            _ => None,
        }),
    }
}

/// Returns when `host` last took the copy, at or before `at`.
fn accepted_before(story: &Story, copy: usize, host: HostId, at: SimTime) -> Option<SimTime> {
    let mut taken = story.copies[copy].facts.iter().filter_map(|(when, fact)| match fact {
        Fact::Accepted { by, server: true, .. } if *by == host && *when <= at => Some(*when),
        _ => None,
    });
    taken.next_back()
}

fn field(
    scenario: &Scenario,
    story: &Story,
    came: &Exchange,
    host: HostId,
    at: SimTime,
    id: String,
) -> ReceivedField {
    let fact = came.first();
    let (client, server) =
        (host_at(scenario, fact.from, fact.started), host_at(scenario, host, at));
    // A proxy that does not say for whom it connects hides the client's address, not its EHLO.
    let seen = server.peer(fact.from, proxy_of(scenario, fact));
    let used = fact.source.filter(|_| seen == fact.from);
    let seen = host_at(scenario, seen, fact.started);
    let source = used.or(seen.addresses.first().map(|address| address.0));
    let source = source.map(|address| &scenario.addresses[address as usize]);
    // RFC 5321 §4.4: a FOR clause names one path at most.
    let for_path = match came.facts.as_slice() {
        [(place, fact)] if fact.recipients == 1 => {
            Some(scenario.mailbox(story.copies[*place].created.mailbox))
        }
        _ => None,
    };
    let reverse_path = story.copies[0].created.sender.map(|sender| scenario.mailbox(sender));
    ReceivedField {
        style: server.server.received,
        reverse_path: reverse_path.unwrap_or_default(),
        from: client.name.clone(),
        from_host: match server.server.options.clients_unnamed {
            true => server.server.received.unnamed().to_owned(),
            false => seen.name.clone(),
        },
        from_address: source
            .map_or_else(|| address_of(scenario, fact).to_owned(), |a| a.literal.clone()),
        by: server.name.clone(),
        with: transmission(
            fact.port,
            fact.transaction,
            &fact.marks,
            &client.client,
            &server.server,
        ),
        id,
        for_path,
        at,
        clock_error_ns: server.clock_error_ns,
    }
}

/// Counts the transactions of the message that its server took at the same instant from deliveries
/// before this one's: each of them makes a queue file of its own.
fn number_of(story: &Story, came: &Exchange) -> u64 {
    let own = came.first();
    let facts = story.copies.iter().flat_map(|copy| &copy.facts);
    let others = facts.filter_map(|(_, fact)| match fact {
        Fact::Attempt(other) if other.to == own.to && other.ended == own.ended => Some(other),
        _ => None,
    });
    let accepted = others.filter(|other| other.outcome == AttemptOutcome::Accepted);
    let deliveries: BTreeSet<u64> = accepted.map(|other| other.delivery).collect();
    deliveries.range(..own.delivery).count() as u64
}

/// A name for the queue file, the same for all recipients of a transaction; `number` tells those of one
/// instant apart.
fn queue_id(
    style: ReceivedStyle,
    key: MessageKey,
    host: HostId,
    at: SimTime,
    number: u64,
) -> String {
    let mut mixed = key.stream_key() ^ (u64::from(host.0) << 32) ^ at.as_nanos() ^ (number << 48);
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    style.queue_id(mixed ^ (mixed >> 31))
}
