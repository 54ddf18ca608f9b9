//! Automatic replies that answer each other without end: what RFC 3834 §2 is made against.
//!
//! A reply goes to the author of what it answers, so such a circle has two members. It is found where mail
//! of the scenario sets it off, and where nothing bounds it: both answer at once as often as they are
//! written to, to a reverse path that is answered, and what the other's rules take for a letter.

use std::collections::BTreeSet;

use crate::mail::{Mailbox, MailboxNames as _};
use crate::model::Scenario;
use crate::scenario::assemble::Entries;
use crate::scenario::text::reader::{Field, Remark};
use crate::units::SimDuration;
use crate::workload::{Answers, Responder};

/// So many responders without any bound are held against each other: it is a service, not a proof.
const MOST: usize = 500;

/// Warns of pairs of mailboxes that answer each other without end.
pub(crate) fn check(scenario: &Scenario, entries: &Entries<'_, '_>) {
    for (one, other) in circles(scenario) {
        let names = [scenario.mailbox(one), scenario.mailbox(other)];
        let remark = Remark::new(format!(
            "{} and {} answer each other without end, once one has written to the other",
            names[0], names[1]
        ))
        .help(
            "let one answer each correspondent only once in a while (every = \"7d\"), or with \
             reverse_path = \"null\", or people alone (RFC 3834), unless this is what you want to study",
        );
        let responders = entries.top.field("responder").map(|field| field.list());
        let sections = responders.iter().flatten().filter_map(Field::section);
        let section = sections.into_iter().find(|section| {
            let mailbox = section.field("mailbox");
            let written = mailbox.as_ref().and_then(Field::text).unwrap_or_default();
            names.iter().any(|name| name.eq_ignore_ascii_case(written))
        });
        match section {
            Some(section) => section.warn_at("mailbox", remark),
            None => entries.top.warn_at("responder", remark),
        }
    }
}

/// Returns the pairs, each once.
fn circles(scenario: &Scenario) -> Vec<(Mailbox, Mailbox)> {
    let unbounded = |it: &Responder| it.every == SimDuration::ZERO && !it.null_reverse_path;
    let responders = scenario.automatic.responders.iter().filter(|(_, it)| unbounded(it));
    let responders: Vec<(Mailbox, &Responder)> =
        responders.map(|(mailbox, it)| (*mailbox, it)).take(MOST).collect();
    let mut found = Vec::new();
    for (place, &(one, its)) in responders.iter().enumerate() {
        for &(other, theirs) in &responders[place + 1..] {
            let circle = takes(its, theirs) && takes(theirs, its);
            if circle && (writes(scenario, one, other) || writes(scenario, other, one)) {
                found.push((one, other));
            }
        }
    }
    found
}

/// Whether one answers the replies of another.
fn takes(one: &Responder, other: &Responder) -> bool {
    one.answers == Answers::Everything || !other.marks
}

/// Whether mail of the scenario goes from one mailbox to another, be it by way of lists.
fn writes(scenario: &Scenario, from: Mailbox, to: Mailbox) -> bool {
    let addresses = leading_to(scenario, to);
    scenario.mail.iter().any(|entry| {
        let drawn = entry.from.may_be(from)
            && entry
                .to
                .iter()
                .any(|choice| addresses.iter().any(|address| choice.may_be(*address)));
        let replayed = |message: &crate::workload::Replayed| {
            message.from == from && message.to.iter().any(|address| addresses.contains(address))
        };
        drawn || entry.replay.iter().any(replayed)
    })
}

/// Returns the mailbox, and all lists by way of which mail comes to it.
fn leading_to(scenario: &Scenario, mailbox: Mailbox) -> BTreeSet<Mailbox> {
    let mut leading = BTreeSet::from([mailbox]);
    loop {
        let before = leading.len();
        for (address, list) in &scenario.automatic.redistributions {
            if list.members.iter().any(|member| leading.contains(member)) {
                leading.insert(*address);
            }
        }
        if leading.len() == before {
            return leading;
        }
    }
}
