//! What a reply means, and what a command is for.

mod commands;
mod status;
mod stores;

use crate::mail::{Reply, ReplyClass, Stage};

pub use commands::explain_command;
pub use stores::{explain_imap, explain_pop3};

/// Returns what a reply means: its digits (RFC 5321 §4.2), its enhanced status (RFC 3463), why a
/// server says it at this stage, and what a client does next.
#[must_use]
pub fn explain_reply(reply: Reply, stage: Stage) -> String {
    let mut text = format!("{}: {}; {}.\n", reply.code, first(reply), second(reply));
    let bare = matches!(stage, Stage::Greeting | Stage::Ehlo) || reply.code / 100 == 3;
    if !bare {
        text.push_str(&format!("{}: {}.\n", reply.status, status::meaning(reply.status)));
    }
    if let Some(here) = here(reply, stage) {
        text.push_str(&format!("Here: {here}.\n"));
    }
    text.push_str(&format!("A client {}.\n", next(reply, stage)));
    text
}

fn first(reply: Reply) -> &'static str {
    match reply.class() {
        ReplyClass::PositiveCompletion => "2yz, done",
        ReplyClass::PositiveIntermediate => "3yz, go on: the server waits for more",
        ReplyClass::TransientNegative => "4yz, not now: the same may succeed later",
        ReplyClass::PermanentNegative => "5yz, no: the same will fail again as things stand",
        ReplyClass::Invalid => "no class of replies that RFC 5321 knows",
    }
}

fn second(reply: Reply) -> &'static str {
    match reply.code / 10 % 10 {
        0 => "x0z is about syntax",
        1 => "x1z is information",
        2 => "x2z is about the connection",
        3 => "x3z is about authentication (RFC 4954)",
        5 => "x5z is about the mail system",
        _ => "its second digit has no meaning",
    }
}

/// Why a server says it.
fn here(reply: Reply, stage: Stage) -> Option<&'static str> {
    let subject = (reply.status.subject, reply.status.detail);
    Some(match (reply.code, stage, subject) {
        (220, Stage::Tls, _) => {
            "from here on everything is encrypted, and both sides forget what was said before"
        }
        (220, ..) => "the server is ready and names itself; the client introduces itself next",
        (221, ..) => "the server says good-bye and closes the connection",
        (235, ..) => "the server knows who you are: you may send to any domain",
        (250, Stage::Ehlo, _) => {
            "each line after the first names an extension that the client may use in this session"
        }
        (250, Stage::Mail, _) => {
            "a transaction is open with this reverse path, where a notice of \
             failure would go"
        }
        (250, Stage::Rcpt, _) => {
            "the server would take a message for this recipient; it answers \
             for nothing yet"
        }
        (250, Stage::Dot, _) => {
            "the server is responsible from now on: it delivers the message, \
             passes it on, or tells the reverse path that it could not (RFC 5321 section 4.2.5)"
        }
        (252, ..) => {
            "the server will not tell who has a mailbox, which address collectors would \
             like to know; RCPT decides (RFC 5321 section 3.5.3)"
        }
        (354, ..) => "header and body come now, line by line; a line with a dot alone ends them",
        (421, _, (7, 0)) => "too many sessions are open already",
        (421, ..) => "the server ends the session; nothing is said about the mail itself",
        (450 | 451, Stage::Mail, (1, 8)) => {
            "the domain of the reverse path cannot be found: a \
             notice could not be returned"
        }
        (450 | 451, Stage::Rcpt, (2 | 7, _)) => {
            "it may be greylisting: an unknown sender is put \
             off, since a real server tries again and much spam is not (RFC 6647)"
        }
        (452, Stage::Rcpt, _) => {
            "that is all it takes in one transaction; the rest may follow in \
             another"
        }
        (452, ..) | (_, _, (3, 1)) => "the disk for queued mail is full",
        (500, _, (5, 4)) => {
            "a command line has no more than 512 octets (RFC 5321 section 4.5.3.1.4)"
        }
        (500, ..) => "the line begins with no command that the server knows",
        (501, _, (1, 7)) => "the reverse path is no address; write MAIL FROM:<local@domain>",
        (501, _, (1, 3)) => "the forward path is no address; write RCPT TO:<local@domain>",
        (501, ..) => "the command is known, and what stands behind it does not fit",
        (502, ..) => "the command is not offered by this server",
        (503, Stage::Rcpt, _) => "recipients belong to a transaction: MAIL comes first",
        (503, Stage::Data, _) => "a message needs an envelope: MAIL and RCPT come first",
        (503, ..) => "the command comes at the wrong time: EHLO, then MAIL, RCPT, DATA",
        (504, ..) => "this way to authenticate is not offered",
        (530, ..) => "submission is for the server's own users: AUTH comes first (RFC 6409)",
        (538, ..) => "a password would be read by anybody on the way: STARTTLS comes first",
        (550 | 554, Stage::Rcpt, (7, 1)) => {
            "the server is neither responsible for that domain nor \
             a relay for you: one that relayed for anybody would soon carry spam for everybody"
        }
        (550, Stage::Rcpt, (1, 1)) => "the domain is here and has no such mailbox",
        (550, Stage::Mail, (7, 27)) => {
            "the domain of the reverse path says that it takes no mail \
             (RFC 7505)"
        }
        (552, _, (3, 4)) => "the message is larger than the SIZE that the server states",
        (554, Stage::Greeting, _) => "there is no mail service here for you; only QUIT is of use",
        (554, Stage::Dot, (4, _)) => {
            "so many Received fields mean that the message goes in circles"
        }
        (554, Stage::Data | Stage::Local | Stage::Dot, (5, 1)) => {
            "nobody is left whom the message \
             would be for"
        }
        (555, ..) => "MAIL or RCPT carried a parameter that the reply to EHLO did not offer",
        _ => return None,
    })
}

/// What a client does next.
fn next(reply: Reply, stage: Stage) -> &'static str {
    use ReplyClass as Class;
    match (reply.class(), stage) {
        (Class::PositiveCompletion, Stage::Greeting) => "says EHLO and its own name",
        (Class::PositiveCompletion, Stage::Ehlo) => {
            "goes on with MAIL, or with STARTTLS and AUTH where it submits"
        }
        (Class::PositiveCompletion, Stage::Tls) => "says EHLO again, over TLS",
        (Class::PositiveCompletion, Stage::Auth) => "goes on with MAIL",
        (Class::PositiveCompletion, Stage::Mail) => "names the recipients, each with RCPT",
        (Class::PositiveCompletion, Stage::Rcpt) if reply.code == 252 => "tries RCPT",
        (Class::PositiveCompletion, Stage::Rcpt) => "names more recipients, or says DATA",
        (Class::PositiveCompletion, Stage::Dot) => {
            "deletes its own copy, and says QUIT or goes on with the next MAIL"
        }
        (Class::PositiveCompletion, _) if reply.code == 221 => "is done",
        (Class::PositiveCompletion, _) => "goes on",
        (Class::PositiveIntermediate, _) => "sends what the server waits for",
        (Class::TransientNegative, Stage::Rcpt) => {
            "keeps the message for this recipient and tries again later; the others go on"
        }
        (Class::TransientNegative, _) => {
            "keeps the message in its queue and tries again later, or another exchanger now"
        }
        (Class::PermanentNegative, _) if reply.code == 530 => "authenticates and says MAIL again",
        (Class::PermanentNegative, _) if reply.code == 538 => "says STARTTLS, EHLO and AUTH again",
        (Class::PermanentNegative, _) if matches!(reply.code, 500..=504) => {
            "says it right, or does without: the fault is its own, and the session goes on"
        }
        (Class::PermanentNegative, Stage::Greeting | Stage::Ehlo) => {
            "tries another exchanger if there is one; some return the mail, some wait"
        }
        (Class::PermanentNegative, Stage::Rcpt) => {
            "gives this recipient up and returns a notice to the sender; the others go on"
        }
        (Class::PermanentNegative, Stage::Mail | Stage::Data | Stage::Dot) => {
            "gives the message up and returns a notice to the sender"
        }
        (Class::PermanentNegative, _) => "does not repeat the command as it was",
        (Class::Invalid, _) => "aborts the transaction and keeps the message",
    }
}
