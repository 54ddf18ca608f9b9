//! Enhanced status codes in words (RFC 3463 and the registry that RFC 5248 began).

use crate::mail::Status;

/// Returns what a status means, as "class, subject, detail".
pub(super) fn meaning(status: Status) -> String {
    let class = match status.class {
        2 => "success",
        4 => "a failure that may pass",
        _ => "a permanent failure",
    };
    let detail = detail(status.subject, status.detail).unwrap_or("no detail that is registered");
    format!("{class}; {}; {detail}", subject(status.subject))
}

fn subject(subject: u16) -> &'static str {
    match subject {
        0 => "x.0, of no particular kind",
        1 => "x.1, about an address",
        2 => "x.2, about a mailbox",
        3 => "x.3, about the server itself",
        4 => "x.4, about network and routing",
        5 => "x.5, about the protocol",
        6 => "x.6, about the content",
        7 => "x.7, about security or policy",
        _ => "of an unknown subject",
    }
}

fn detail(subject: u16, detail: u16) -> Option<&'static str> {
    Some(match (subject, detail) {
        (_, 0) => "no more is said",
        (1, 1) => "there is no such mailbox",
        (1, 2) => "there is no such host or domain",
        (1, 3) => "the address has not the form of one",
        (1, 4) => "the address is ambiguous",
        (1, 5) => "the address is valid",
        (1, 6) => "the mailbox has moved",
        (1, 7) => "the sender's address has not the form of one",
        (1, 8) => "the sender's domain cannot be found",
        (1, 10) => "the domain takes no mail (null MX)",
        (2, 1) => "the mailbox is disabled",
        (2, 2) => "the mailbox is full",
        (2, 3) => "the message is longer than the mailbox allows",
        (2, 4) => "the list could not be expanded",
        (3, 1) => "the server's disk is full",
        (3, 2) => "the server takes no messages now",
        (3, 3) => "the server cannot do what was asked",
        (3, 4) => "the message is too big for the server",
        (3, 5) => "the server is configured wrongly",
        (4, 1) => "the host does not answer",
        (4, 2) => "the connection broke",
        (4, 3) => "the directory (the DNS) failed",
        (4, 4) => "no route could be found",
        (4, 5) => "the network is congested",
        (4, 6) => "the message goes in circles",
        (4, 7) => "the message was too long on its way",
        (5, 1) => "the command is not allowed now, or not known",
        (5, 2) => "the syntax is wrong",
        (5, 3) => "too many recipients",
        (5, 4) => "the arguments do not fit",
        (5, 5) => "the version of the protocol does not fit",
        (5, 6) => "the line is too long",
        (6, 1) => "such content is not supported",
        (6, 2) => "the content would have to be converted, which is forbidden",
        (6, 3) => "the content would have to be converted, which cannot be done",
        (6, 7) => "an address needs UTF-8, which the server does not take",
        (7, 1) => "the sender is not allowed to do that",
        (7, 2) => "the sender may not write to this list",
        (7, 8) => "the credentials are not good",
        (7, 9) => "the way to authenticate is too weak",
        (7, 11) => "encryption is required for that",
        (7, 20..=22) => "the message has no signature (DKIM) that passes",
        (7, 23) => "the sender's SPF record does not allow this client",
        (7, 25) => "the client's address has no name in the DNS",
        (7, 26) => "the message fails several checks of its origin",
        (7, 27) => "the sender's domain takes no mail",
        (7, 28) => "too much mail comes from there",
        _ => return None,
    })
}
