//! Messages that one server handed to another of the logs, or a filter gave back: one with two ids.

use std::collections::BTreeMap;

use super::header::SECOND;
use super::history::{History, Origin};

/// The queue id that a server's last reply tells.
pub(super) fn queued_as(text: &str) -> &str {
    let id = |rest: &str| rest.split([' ', ')', '"']).next().unwrap_or_default().len();
    for mark in ["queued as ", "OK id="] {
        if let Some(at) = text.rfind(mark) {
            let rest = &text[at + mark.len()..];
            return &rest[..id(rest)];
        }
    }
    match text.strip_prefix("Sent (").filter(|rest| rest.contains("Message accepted for delivery"))
    {
        Some(rest) => &rest[..id(rest)],
        None => "",
    }
}

/// A message that another server took over, or a filter gave back, is one with two ids.
pub(super) fn join(history: &mut History) {
    let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, message) in history.messages.iter().enumerate() {
        by_id.entry(message.queue_id.clone()).or_default().push(index);
    }
    let near = |from: i64, to: i64| (from - to).abs() < 60 * SECOND;
    let mut links: Vec<(usize, usize, usize)> = Vec::new();
    for (index, message) in history.messages.iter().enumerate() {
        for (position, recipient) in message.recipients.iter().enumerate() {
            if recipient.handed_as.is_empty() {
                continue;
            }
            let next = by_id.get(&recipient.handed_as).into_iter().flatten().copied();
            let next = next
                .filter(|&next| next != index && near(history.messages[next].arrived, recipient.at))
                .find(|&next| history.messages[next].origin == Origin::Submitted);
            links.extend(next.map(|next| (index, position, next)));
        }
    }
    for &(_, _, next) in &links {
        history.messages[next].origin = Origin::HandedOver;
    }
    // From the last server backwards, so that each takes over what became of it in the end.
    let mut order = links;
    order.sort_by_key(|(_, _, next)| std::cmp::Reverse(history.messages[*next].arrived));
    for (index, position, next) in order {
        let address = history.messages[index].recipients[position].address.clone();
        let later = &history.messages[next].recipients;
        let found = later.iter().find(|r| r.address == address).or_else(|| later.first());
        let Some(found) = found.cloned() else { continue };
        let same_server = history.messages[next].server == history.messages[index].server;
        let recipient = &mut history.messages[index].recipients[position];
        (recipient.outcome, recipient.at) = (found.outcome, found.at);
        // Through a filter and back: the tries behind it are those that count.
        recipient.tries = if same_server { found.tries } else { recipient.tries + found.tries };
    }
}
