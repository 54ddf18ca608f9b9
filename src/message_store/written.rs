//! What authors wrote into the headers of their messages: every reader gets the same fields, whoever
//! the envelope of his copy names (RFC 5322 §3.6.3).

use std::collections::BTreeMap;

use crate::mail::{Mailbox, MailboxNames as _, MessageKey, MessageKind};
use crate::model::Scenario;
use crate::story::{Story, Watch};
use crate::trace::{Created, Fact, FactSink, Register};
use crate::units::SimTime;

/// A message as it was written: its entry, and its number within the entry.
type Written = (u32, u64);

/// Follows the copies of one mailbox, and keeps the recipients of all mail.
pub(super) struct Headers {
    pub(super) watch: Watch,
    mail: BTreeMap<Written, Envelope>,
}

/// The envelope in which a message was written.
#[derive(Debug)]
struct Envelope {
    sender: Option<Mailbox>,
    /// In the reverse of their order.
    recipients: Vec<Mailbox>,
}

/// The fields of a header that name people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct People {
    pub(super) from: String,
    pub(super) to: String,
    /// None: nobody gets an open copy.
    pub(super) cc: Option<String>,
}

impl Headers {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, mail: BTreeMap::new() }
    }

    /// Returns whom the header of a copy names.
    pub(super) fn people(&self, scenario: &Scenario, created: &Created) -> People {
        let (MessageKey::Mail { entry, ordinal } | MessageKey::Notice { entry, ordinal, .. }) =
            created.key;
        people(scenario, created, self.mail.get(&(entry, ordinal)))
    }
}

/// Returns whom the header of a copy names, as far as its story knows the message's other recipients.
pub(super) fn people_of(scenario: &Scenario, story: &Story, copy: usize) -> People {
    let created = &story.copies[copy].created;
    let recipients = story.copies.iter().map(|copy| copy.created.mailbox).collect();
    let written = Envelope { sender: created.sender, recipients };
    let written = Some(&written).filter(|_| created.kind == MessageKind::Mail);
    people(scenario, created, written)
}

fn people(scenario: &Scenario, created: &Created, written: Option<&Envelope>) -> People {
    let daemon = || format!("MAILER-DAEMON@{}", scenario.host(created.host));
    let sender = created.sender.map_or_else(daemon, |sender| scenario.mailbox(sender));
    let alone = People { from: sender.clone(), to: scenario.mailbox(created.mailbox), cc: None };
    let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) = created.key;
    // A list passes on the header that was written; notices and replies have one of their own.
    let passed_on = matches!(created.kind, MessageKind::Mail | MessageKind::ListCopy);
    let mail = scenario.mail.get(entry as usize).filter(|_| passed_on);
    let (Some(mail), Some(written)) = (mail, written) else {
        return alone;
    };
    let field = |wanted: &str| {
        let all = written.recipients.iter().rev();
        let named = all.filter(|one| mail.field_of(**one) == Some(wanted));
        named.map(|one| scenario.mailbox(*one)).collect::<Vec<_>>().join(", ")
    };
    // Some lists put themselves into the From field, for the sake of DMARC.
    let rewriting = written.recipients.iter().find(|list| {
        let list = scenario.automatic.redistributions.get(*list);
        list.is_some_and(|list| list.rewrites_author && list.members.contains(&created.mailbox))
    });
    let rewriting = rewriting.filter(|_| created.kind == MessageKind::ListCopy).copied();
    let author = rewriting.or(mail.author).or(written.sender);
    let author = author.map(|author| scenario.mailbox(author));
    let from = author.unwrap_or(sender);
    let (to, cc) = (field("To"), field("Cc"));
    // What a blind copy alone is sent to names nobody (RFC 5322 appendix A.1.3).
    let to = if to.is_empty() { "undisclosed-recipients:;".to_owned() } else { to };
    People { from, to, cc: Some(cc).filter(|cc| !cc.is_empty()) }
}

impl FactSink for Headers {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        if let Fact::Created(Created {
            key: MessageKey::Mail { entry, ordinal },
            kind: MessageKind::Mail,
            mailbox,
            sender,
            ..
        }) = fact
        {
            let empty = || Envelope { sender: *sender, recipients: Vec::new() };
            let written = self.mail.entry((*entry, *ordinal)).or_insert_with(empty);
            written.recipients.push(*mailbox);
        }
        self.watch.fact(at, fact, register);
    }
}
