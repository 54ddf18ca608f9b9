//! Mailbox providers and sending services, as far as they say what they take.
//!
//! None of them publishes when its own servers try again, so a scenario in which one sends must
//! give that schedule; as receivers they need nothing.

use super::plain::rfc5321;
use super::{Evidence, Profile};
use crate::mail::{Reply, Status};
use crate::queue::{QueueSettings, plain};
use crate::smtp::{Acceptance, Counted, Limit, Party, Reputation, ServerSettings, Traffic};
use crate::units::{Octets, SimDuration};

const DAY: SimDuration = SimDuration::from_days(1);
/// What is said when an account has sent its share: the provider's own words differ, the class
/// does not.
const SENDER_LIMIT: Reply = Reply::new(550, Status::new(5, 4, 5));

/// Returns Gmail for private accounts.
///
/// Sending: 500 messages a day (widely reported), 100 recipients over SMTP. Receiving: 60 a minute,
/// 3,600 an hour and 86,400 a day for a mailbox; above that mail is deferred with 450 4.2.1
/// (Google Workspace Admin Help, "Gmail receiving limits" and "Gmail SMTP errors and codes").
#[must_use]
pub fn gmail() -> Profile {
    let slow_down = Reply::new(450, Status::new(4, 2, 1));
    let received = |most, within| taken(Party::Recipient, Traffic::Any, most, within, slow_down);
    Profile {
        name: "gmail",
        version: "as documented in 2026",
        source: "Google Workspace Admin Help, answers 1366776 and 166852; Gmail SMTP errors and codes",
        summary: "Gmail for private accounts: what it takes from senders and for mailboxes",
        server: ServerSettings {
            size_limit: Some(Octets(50_000_000)),
            max_recipients: Some(100),
            acceptance: Acceptance {
                verification: None,
                limits: vec![
                    taken(Party::Sender, Traffic::Submission, 500, DAY, SENDER_LIMIT),
                    received(60, SimDuration::from_minutes(1)),
                    received(3_600, SimDuration::from_hours(1)),
                    received(86_400, DAY),
                ],
                messages_per_connection: None,
                // 421 4.7.0 and 4.7.28: "unusual rate of mail from this address".
                reputation: Some(Reputation::default()),
            },
            ..server()
        },
        not_documented: &[
            "when its own servers try again, and for how long: `gaps` and `lifetime` are required \
             where it sends",
            "how much it takes from a new address, and what makes one bad: set `reputation`",
            "the 500 messages a day are reported by many, not stated by the vendor",
        ],
        ..provider()
    }
}

/// Returns Gmail for organisations (Google Workspace): 2,000 messages and 10,000 recipients a day
/// for an account, counted over a rolling 24 hours (answer 166852).
#[must_use]
pub fn google_workspace() -> Profile {
    let mut profile = gmail();
    profile.name = "google-workspace";
    profile.summary = "Gmail for organisations: 2,000 messages and 10,000 recipients a day";
    profile.not_documented = &[
        "when its own servers try again, and for how long: `gaps` and `lifetime` are required \
         where it sends",
        "how much it takes from a new address, and what makes one bad: set `reputation`",
    ];
    let limits = &mut profile.server.acceptance.limits;
    limits[0].most = 2_000;
    let mut recipients = limits[0].clone();
    (recipients.counts, recipients.most) = (Counted::Recipients, 10_000);
    limits.insert(1, recipients);
    profile
}

/// Returns Yahoo: 500 recipients a day for an account, 100 for a message (help SLN17518); 20
/// messages over a connection, which it then closes without a word (SLN3433); deferral of addresses
/// it does not trust with 421 4.7.0, and with 421 4.7.1 where it says that trying again will not
/// help, although the code is a temporary one.
#[must_use]
pub fn yahoo() -> Profile {
    let mut sent = taken(Party::Sender, Traffic::Submission, 500, DAY, SENDER_LIMIT);
    sent.counts = Counted::Recipients;
    Profile {
        name: "yahoo",
        version: "as documented in 2026",
        source: "Yahoo Help SLN17518 and SLN3433; replies as logged by senders",
        summary: "Yahoo: 20 messages a connection, 421 for addresses it does not trust",
        server: ServerSettings {
            max_recipients: Some(100),
            acceptance: Acceptance {
                verification: None,
                limits: vec![sent],
                messages_per_connection: Some(20),
                reputation: Some(Reputation::default()),
            },
            ..server()
        },
        not_documented: &[
            "when its own servers try again, and for how long: `gaps` and `lifetime` are required \
             where it sends",
            "its size limit; none is set",
            "how long 421 4.7.0 lasts (\"hours\"), and what makes an address bad: set `reputation`",
        ],
        ..provider()
    }
}

/// Returns Outlook.com (Hotmail): 5,000 recipients a day for a subscriber and 500 for a message
/// (Microsoft support, "Sending limits in Outlook.com"), 500 simultaneous connections of a sender
/// (postmaster page, quoted), 421 RP-001 and 451 4.7.652 above what an address may send.
#[must_use]
pub fn outlook() -> Profile {
    let mut sent = taken(Party::Sender, Traffic::Submission, 5_000, DAY, SENDER_LIMIT);
    sent.counts = Counted::Recipients;
    Profile {
        name: "outlook",
        version: "as documented in 2026",
        source: "Microsoft support, sending limits in Outlook.com; postmaster page as quoted",
        summary: "Outlook.com (Hotmail): 5,000 recipients a day, 500 a message",
        server: ServerSettings {
            size_limit: Some(Octets(34_000_000)),
            max_recipients: Some(500),
            max_sessions_per_client: Some(500),
            acceptance: Acceptance {
                verification: None,
                limits: vec![sent],
                messages_per_connection: None,
                reputation: Some(Reputation::default()),
            },
            ..server()
        },
        not_documented: &[
            "when its own servers try again, and for how long: `gaps` and `lifetime` are required \
             where it sends",
            "the hourly and daily limits of an address that connects: set `limits` and \
             `reputation`",
            "the size limit is 25 MB in older texts, 34 MB in newer ones; the newer one is set",
        ],
        ..provider()
    }
}

/// Returns Exchange Online: gives up after 24 hours; 10,000 recipients a day and 30 messages a
/// minute for a mailbox.
#[must_use]
pub fn exchange_online() -> Profile {
    let over = Reply::new(550, Status::new(5, 1, 90));
    let mut sent = taken(Party::Sender, Traffic::Submission, 10_000, DAY, over);
    sent.counts = Counted::Recipients;
    let minute = SimDuration::from_minutes(1);
    let queue =
        plain::Settings { lifetime: Some(DAY), notice_lifetime: Some(DAY), ..gaps_missing() };
    Profile {
        name: "exchange-online",
        version: "as documented in 2026",
        source: "Microsoft Learn, Exchange Online limits; \"550 4.4.7\" page",
        summary: "Exchange Online: gives up after 24 hours, 30 messages a minute for a mailbox",
        required: &["gaps"],
        queue: QueueSettings::Plain(queue),
        server: ServerSettings {
            acceptance: Acceptance {
                verification: None,
                limits: vec![
                    sent,
                    taken(
                        Party::Sender,
                        Traffic::Submission,
                        30,
                        minute,
                        Reply::new(432, Status::new(4, 3, 2)),
                    ),
                ],
                messages_per_connection: None,
                reputation: Some(Reputation::default()),
            },
            ..server()
        },
        not_documented: &[
            "when it tries again within the 24 hours: `gaps` is required where it sends",
            "one page of the vendor says two days instead of 24 hours",
        ],
        ..provider()
    }
}

/// Returns a professional sending service: several addresses, pooled or dedicated to a customer,
/// and a schedule that the scenario gives.
#[must_use]
pub fn sending_service() -> Profile {
    Profile {
        name: "sending-service",
        evidence: Evidence::Invented,
        version: "1",
        source: "no product: what such services have in common",
        summary: "a sending service: give it addresses, `dedicated_addresses` and a schedule",
        not_documented: &[
            "no service publishes its schedule: `gaps` and `lifetime` are required",
            "addresses in the pool are drawn evenly, one for each message",
        ],
        ..provider()
    }
}

fn provider() -> Profile {
    Profile {
        evidence: Evidence::VendorDocument,
        required: &["gaps", "lifetime"],
        queue: QueueSettings::Plain(gaps_missing()),
        ..rfc5321()
    }
}

/// The plain schedule, to be replaced by what the scenario gives.
fn gaps_missing() -> plain::Settings {
    plain::Settings::default()
}

fn server() -> ServerSettings {
    rfc5321().server
}

fn taken(per: Party, traffic: Traffic, most: u32, within: SimDuration, reply: Reply) -> Limit {
    Limit { counts: Counted::Messages, per, traffic, most, within, reply, shared: None }
}
