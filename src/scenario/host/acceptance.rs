//! What a host's table says about how much it takes from whom, and what others think of it.

use super::hosts::Hosts;
use crate::mail::{DomainId, HostId, Reply, Status};
use crate::network::AddressId;
use crate::scenario::domain::domains::Domains;
use crate::scenario::events::effects::parse_reply;
use crate::scenario::text::limits::PIECES as MOST_PIECES;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::{Keys, Shape, key, required};
use crate::scenario::text::words;
use crate::scenario::traffic::mail::share;
use crate::smtp::{Acceptance, Counted, Limit, Party, Reputation, Standing, Traffic, Verification};

static LIMIT: Keys = Keys {
    name: "a limit",
    keys: &[
        key(
            "counts",
            Shape::Word(&["messages", "recipients"]),
            "what is counted; default \"messages\"",
        )
        .words(words::COUNTED),
        required(
            "per",
            Shape::Word(&["sender", "client", "recipient"]),
            "whose: the reverse path, the address that connects, or the mailbox that receives",
        )
        .words(words::PARTIES),
        required("most", Shape::Count(1, MOST_PIECES), "so many are taken; the next is refused"),
        required("within", Shape::Duration, "the sliding window, as \"24h\""),
        key("reply", Shape::Text, "said then; default \"450 4.7.1\""),
        key(
            "on",
            Shape::Word(&["submission", "relay", "any"]),
            "mail of mail programs, of other servers, or both; default \"any\"",
        )
        .words(words::TRAFFIC),
        key("shared", Shape::Text, "a name: hosts whose limits have the same count together"),
    ],
};
/// The shape of `limits`.
pub(crate) const LIMITS: Shape = Shape::List(&Shape::Table(&LIMIT));

/// The keys of `reputation`.
pub(crate) static REPUTATION: Keys = Keys {
    name: "`reputation`",
    keys: &[
        key(
            "warm_up",
            Shape::List(&Shape::Count(0, MOST_PIECES)),
            "messages taken from a new address on its first day, its second and so on",
        ),
        key("new_reply", Shape::Text, "said to new addresses above that; default \"421 4.7.0\""),
        key("bad_reply", Shape::Text, "said to bad addresses; default \"421 4.7.1\""),
        key(
            "unwanted_share",
            Shape::Number,
            "share of unwanted mail above which an address becomes bad; default 1: never",
        ),
        key(
            "judged_from",
            Shape::Count(1, MOST_PIECES),
            "so many messages are needed for that; default 100",
        ),
        key("within", Shape::Duration, "mail of this span counts; default 1d"),
        key("bad_for", Shape::Duration, "how long an address stays bad; default 1d"),
    ],
};

/// The keys of `verifies_recipients`.
pub(crate) static VERIFICATION: Keys = Keys {
    name: "`verifies_recipients`",
    keys: &[
        required("ask", Shape::Text, "the host that it asks: who keeps the mailboxes"),
        key("patience", Shape::Duration, "how long RCPT waits for the answer; default 9s"),
        key(
            "positive_lifetime",
            Shape::Duration,
            "how long it is kept that a mailbox exists; default 31d",
        ),
        key(
            "negative_lifetime",
            Shape::Duration,
            "how long it is kept that it does not; default 3d",
        ),
        key("reply", Shape::Text, "said to who does not exist; default \"550 5.1.1\""),
        key(
            "unsure",
            Shape::Word(&["defer", "accept"]),
            "what happens without an answer: 450 4.1.1 (default), or trust",
        )
        .words(words::UNSURE),
    ],
};

/// Reads `verifies_recipients`.
pub(crate) fn read_verification(
    section: &Section<'_>,
    own: HostId,
    hosts: &Hosts<'_>,
    acceptance: &mut Acceptance,
) {
    let Some(table) = section.field("verifies_recipients").and_then(|field| field.section()) else {
        return;
    };
    let Some(field) = table.field("ask") else { return };
    let Some(ask) = hosts.one_of(&field) else { return };
    if ask == own {
        let remark = Remark::new("a server that asks itself learns nothing")
            .accepted("another host: the one that keeps the mailboxes")
            .help("name the primary exchanger");
        field.error(ProblemKind::Contradiction, remark);
        return;
    }
    let mut verification = Verification::of(ask);
    let span = |key: &str| table.field(key).and_then(|field| field.positive_duration());
    verification.patience = span("patience").unwrap_or(verification.patience);
    verification.positive = span("positive_lifetime").unwrap_or(verification.positive);
    verification.negative = span("negative_lifetime").unwrap_or(verification.negative);
    if let Some(reply) = table.field("reply").and_then(|field| refusal(&field)) {
        verification.unknown = reply;
    }
    if table.field("unsure").and_then(|field| field.word()) == Some("accept") {
        verification.unsure = None;
    }
    acceptance.verification = Some(verification);
}

/// The words of `standing`.
pub(crate) const STANDINGS: &[&str] = &["known", "new", "bad"];

/// Reads `limits` and `reputation` over what the profile says.
pub(crate) fn read_acceptance(section: &Section<'_>, acceptance: &mut Acceptance) {
    if let Some(field) = section.field("limits") {
        let tables = field.list();
        acceptance.limits = tables.iter().filter_map(|table| limit(&table.section()?)).collect();
    }
    if let Some(table) = section.field("reputation").and_then(|field| field.section()) {
        let mut reputation = acceptance.reputation.take().unwrap_or_default();
        read_reputation(&table, &mut reputation);
        acceptance.reputation = Some(reputation);
    }
}

fn limit(section: &Section<'_>) -> Option<Limit> {
    let word = |key: &str| section.field(key).and_then(|field| field.word());
    let default = Reply::new(450, Status::new(4, 7, 1));
    Some(Limit {
        counts: match word("counts") {
            Some("recipients") => Counted::Recipients,
            _ => Counted::Messages,
        },
        per: match word("per")? {
            "sender" => Party::Sender,
            "client" => Party::Client,
            _ => Party::Recipient,
        },
        traffic: match word("on") {
            Some("submission") => Traffic::Submission,
            Some("relay") => Traffic::Relay,
            _ => Traffic::Any,
        },
        most: section.field("most")?.count32()?,
        within: section.field("within")?.positive_duration()?,
        reply: section.field("reply").map_or(Some(default), |field| refusal(&field))?,
        shared: section.field("shared").and_then(|field| field.text()).map(Into::into),
    })
}

fn read_reputation(section: &Section<'_>, reputation: &mut Reputation) {
    let field = |key: &str| section.field(key);
    if let Some(field) = field("warm_up") {
        reputation.warm_up = field.list().iter().filter_map(Field::count32).collect();
    }
    if let Some(reply) = field("new_reply").and_then(|field| refusal(&field)) {
        reputation.new_reply = reply;
    }
    if let Some(reply) = field("bad_reply").and_then(|field| refusal(&field)) {
        reputation.bad_reply = reply;
    }
    if let Some(share) = field("unwanted_share").and_then(|field| share(&field)) {
        reputation.unwanted_share = share;
    }
    if let Some(count) = field("judged_from").and_then(|field| field.count32()) {
        reputation.judged_from = count;
    }
    if let Some(span) = field("within").and_then(|field| field.positive_duration()) {
        reputation.within = span;
    }
    if let Some(span) = field("bad_for").and_then(|field| field.positive_duration()) {
        reputation.bad_for = span;
    }
}

/// Reads a reply that refuses.
fn refusal(field: &Field<'_>) -> Option<Reply> {
    let text = field.text()?;
    let reply = parse_reply(text);
    if reply.is_none() {
        let remark = Remark::new(format!("found the reply \"{text}\""))
            .accepted("a code from 400 to 559, and an enhanced status if you like")
            .help("write \"450 4.7.1\" or \"550 5.4.5\"");
        field.error(ProblemKind::BadValue, remark);
    }
    reply
}

/// Reads `standing`.
pub(crate) fn standing(section: &Section<'_>) -> Standing {
    match section.field("standing").and_then(|field| field.word()) {
        Some("new") => Standing::New,
        Some("bad") => Standing::Bad,
        _ => Standing::Known,
    }
}

/// Reads `dedicated_addresses`: which of the host's addresses belong to one domain's mail alone.
pub(crate) fn dedicated_addresses(
    section: &Section<'_>,
    hosts: &Hosts<'_>,
    domains: &mut Domains<'_>,
) -> Vec<(DomainId, AddressId)> {
    let entries = section.field("dedicated_addresses").map(|field| field.map());
    let is_own = |address: &AddressId| {
        let host = hosts.addresses[address.0 as usize].host;
        hosts.entry(host).section.path == section.path
    };
    let mut dedicated = Vec::new();
    for (name, _, value) in entries.unwrap_or_default() {
        let (domain, _) = domains.find_or_add(name);
        let Some(text) = value.text() else { continue };
        match hosts.address(text).filter(is_own) {
            Some(address) => dedicated.push((domain, address)),
            None => {
                let remark = Remark::new(format!("\"{text}\" is no address of this host"))
                    .accepted("one of the literals in its `addresses`")
                    .help("write the addresses out, as addresses = [\"192.0.2.7\"]");
                value.error(ProblemKind::UnknownName, remark);
            }
        }
    }
    dedicated
}
