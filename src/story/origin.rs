//! The header fields by which a message tells machines that no person sent it to them.

use crate::mail::{Mailbox, MailboxNames as _, MessageKind};
use crate::model::Scenario;
use crate::trace::Created;

/// Returns the fields that say so, as the program writes them that makes the message; none: a letter,
/// or something that looks like one.
///
/// Notices and automatic replies have `Auto-Submitted: auto-replied` (RFC 3834 §5; Postfix writes it
/// into its notices, `src/bounce/bounce_notify_util.c`), unless a responder leaves it out. Copies of a
/// list with an owner have `List-Id` (RFC 2919) and `Precedence: list`, as Mailman writes them; an
/// alias adds nothing (RFC 5321 §3.9.1). Where several lists might have made the copy, the name of
/// the list is left out.
#[must_use]
pub fn origin_fields(scenario: &Scenario, created: &Created) -> Vec<String> {
    let replied = || vec!["Auto-Submitted: auto-replied".to_owned()];
    match created.kind {
        MessageKind::Mail => Vec::new(),
        MessageKind::DelayNotice | MessageKind::FailureNotice => replied(),
        MessageKind::AutomaticReply => {
            let own = |from| scenario.automatic.responders.get(&from);
            let marks = created.sender.and_then(own).is_none_or(|responder| responder.marks);
            if marks { replied() } else { Vec::new() }
        }
        MessageKind::ListCopy => {
            let lists = lists_of(scenario, created);
            if lists.is_empty() {
                return Vec::new();
            }
            let id = match lists[..] {
                [list] => {
                    let address = scenario.mailbox(list);
                    Some(format!("List-Id: <{}>", address.replace('@', ".")))
                }
                _ => None,
            };
            id.into_iter().chain(["Precedence: list".to_owned()]).collect()
        }
    }
}

/// The lists with this owner that have the recipient among their members.
fn lists_of(scenario: &Scenario, created: &Created) -> Vec<Mailbox> {
    let lists = scenario.automatic.redistributions.iter();
    lists
        .filter(|(_, list)| {
            list.owner.is_some()
                && list.owner == created.sender
                && list.members.contains(&created.mailbox)
        })
        .map(|(address, _)| *address)
        .collect()
}
