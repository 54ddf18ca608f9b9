//! Texts of replies. They carry no meaning (RFC 5321 §4.2) and are for people.

use crate::mail::{Reply, Stage, Status};
use crate::smtp::{ServerSettings, Vrfy, verified};

/// Returns a reply with a text such as servers give. Greetings, replies to EHLO and 354 carry no
/// enhanced status (RFC 2034 §4).
#[must_use]
pub fn spelt(reply: Reply, stage: Stage) -> String {
    let words = words(reply, stage);
    let bare = matches!(stage, Stage::Greeting | Stage::Ehlo) || reply.code / 100 == 3;
    if bare { format!("{} {words}", reply.code) } else { format!("{reply} {words}") }
}

/// Returns a positive greeting.
#[must_use]
pub fn greeting(server_name: &str) -> String {
    format!("220 {server_name} ESMTP")
}

/// What a server offers in its reply to EHLO.
#[derive(Debug, Clone, Copy)]
pub struct Extensions<'a> {
    /// Its name.
    pub server_name: &'a str,
    /// Its settings.
    pub server: &'a ServerSettings,
    /// Whether TLS can be started now.
    pub starttls: bool,
    /// Whether a client may authenticate now.
    pub auth: bool,
}

/// Returns the lines of a positive reply to EHLO (RFC 5321 §4.1.1.1).
#[must_use]
pub fn extensions(offer: &Extensions<'_>) -> Vec<String> {
    let server = offer.server;
    let mut parts = vec![offer.server_name.to_owned()];
    if server.pipelining {
        parts.push("PIPELINING".to_owned());
    }
    if let Some(limit) = server.size_limit {
        parts.push(format!("SIZE {}", limit.get()));
    }
    if server.options.chunking {
        parts.push("CHUNKING".to_owned());
    }
    if server.options.smtputf8 {
        parts.extend(["8BITMIME".to_owned(), "SMTPUTF8".to_owned()]);
    }
    if offer.starttls {
        parts.push("STARTTLS".to_owned());
    }
    if offer.auth {
        parts.push("AUTH PLAIN LOGIN".to_owned());
    }
    parts.push("ENHANCEDSTATUSCODES".to_owned());
    let last = parts.len() - 1;
    let spelt = parts.iter().enumerate().map(|(place, part)| {
        let mark = if place < last { '-' } else { ' ' };
        format!("250{mark}{part}")
    });
    spelt.collect()
}

/// Returns the reply to VRFY about an address that RCPT would refuse so; none: it would not.
#[must_use]
pub fn verified_in_words(vrfy: Vrfy, address: &str, refusal: Option<Reply>) -> String {
    let reply = verified(vrfy, refusal);
    match (reply.code, vrfy) {
        (250, _) => format!("{reply} <{address}>"),
        (252, Vrfy::AsRcpt) => format!("{reply} {address}"),
        (252, _) => format!("{reply} Cannot verify the user; try RCPT"),
        (500, _) => format!("{reply} Command unrecognized"),
        (502, _) => format!("{reply} VRFY command is disabled"),
        _ => spelt(reply, Stage::Rcpt),
    }
}

fn words(reply: Reply, stage: Stage) -> &'static str {
    let Status { subject, detail, .. } = reply.status;
    match (reply.code, subject, detail) {
        (250, ..) if stage == Stage::Dot => "Ok: queued",
        (220, ..) if stage == Stage::Tls => "Ready to start TLS",
        (214, ..) => "Commands: HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT",
        (221, ..) => "Bye",
        (235, ..) => "Authentication successful",
        (354, ..) => "End data with <CR><LF>.<CR><LF>",
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
        (500, 5, 4) => "Line too long",
        (500, ..) => "Command not recognized",
        (501, ..) => "Syntax error in parameters or arguments",
        (502, 5, 1) => "Command not implemented",
        (502, ..) => "Command not recognized",
        (504, ..) => "Mechanism not supported",
        (530, ..) => "Authentication required",
        (538, ..) => "Encryption required: STARTTLS first",
        (555, ..) => "Parameters not recognized or not implemented",
        (503, ..) if stage == Stage::Data => "Need RCPT command",
        (503, ..) if stage == Stage::Rcpt => "Need MAIL command",
        (503, ..) => "Bad sequence of commands",
        (400..=499, ..) => "Try again later",
        (500..=599, ..) => "Refused",
        _ => "",
    }
}
