//! Texts of replies. They carry no meaning (RFC 5321 §4.2) and are for people.

use crate::mail::{Reply, Stage, Status};

/// Returns a reply with a text such as servers give. Greetings and replies to EHLO carry no
/// enhanced status (RFC 2034 §4).
pub(super) fn spelt(reply: Reply, stage: Stage) -> String {
    let words = words(reply, stage);
    match stage {
        Stage::Greeting | Stage::Ehlo => format!("{} {words}", reply.code),
        _ => format!("{reply} {words}"),
    }
}

fn words(reply: Reply, stage: Stage) -> &'static str {
    let Status { subject, detail, .. } = reply.status;
    match (reply.code, subject, detail) {
        (250, ..) if stage == Stage::Dot => "Ok: queued",
        (220..=299, ..) => "Ok",
        (421, 7, 0) => "Too many connections from this host, closing",
        (421, ..) => "Service not available, closing",
        (_, 3, 1) => "Insufficient system storage",
        (_, 5, 3) => "Too many recipients",
        (_, 1, 3) => "Bad recipient address syntax",
        (_, 1, 1) => "No such mailbox",
        (_, 7, 1) if stage == Stage::Rcpt => "Relay access denied",
        (554, 7, 1) if stage == Stage::Dot => "Spam message rejected",
        (451, 7, 1) if stage == Stage::Dot => "Try again later",
        (451, 4, 3) => "The DNS does not answer, try again later",
        (_, 7, 23) => "The sender's domain does not let this address send for it (SPF)",
        (_, 7, 26) => {
            "Unauthenticated mail is not accepted, by the policy of the author's domain (DMARC)"
        }
        (_, 3, 4) => "Message too big",
        (554, 4, 0 | 6) => "Too many hops",
        (554, 5, 1) => "No valid recipients",
        (502, ..) => "Command not recognized",
        (530, ..) => "Authentication required",
        (503, ..) if stage == Stage::Data => "Need RCPT command",
        (503, ..) => "Need MAIL command",
        (400..=499, ..) => "Try again later",
        (500..=599, ..) => "Refused",
        _ => "",
    }
}
