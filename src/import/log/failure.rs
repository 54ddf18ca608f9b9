//! What servers write when a host fails them, read as what failed, how and at which stage.

use crate::mail::split_address;

/// How a host failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Kind {
    /// Connection refused.
    Refused,
    /// Connection timed out.
    Silent,
    /// No route to it.
    Unreachable,
    /// A reply 4yz: code and enhanced status, at a stage of the scenario's words.
    Temporary { reply: String, stage: &'static str },
    /// A reply 5yz.
    Permanent { reply: String, stage: &'static str },
    /// The connection was lost.
    Lost { stage: &'static str },
    /// No answer came.
    Hanging { stage: &'static str },
    /// Its name cannot be looked up for now.
    NameServer,
    /// There is no such name.
    NoSuchName,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Failure {
    /// The host; for failures of the DNS the name that was asked for.
    pub(in super::super) host: String,
    /// Its address, if it was reached for by one.
    pub(in super::super) address: String,
    pub(in super::super) kind: Kind,
}

/// `mx.example.org[192.0.2.1]:25`, parted.
pub(in super::super) fn peer(text: &str) -> Option<(&str, &str)> {
    let (host, rest) = text.split_once('[')?;
    let (address, _) = rest.split_once(']')?;
    let prefix = address.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("IPv6:"));
    let address = if prefix { &address[5..] } else { address };
    // A host that is told by its address alone, as a smart host may be, is called by it.
    let host = host.trim_end_matches('.');
    Some((if host.is_empty() { address } else { host }, address))
}

/// Reads what Postfix writes.
pub(in super::super) fn of_postfix(text: &str) -> Option<Failure> {
    let failure = |who: &str, kind| {
        let (host, address) = peer(who)?;
        Some(Failure { host: host.to_owned(), address: address.to_owned(), kind })
    };
    if let Some(rest) = text.strip_prefix("connect to ") {
        let (who, why) = rest
            .split_once("]:")
            .and_then(|(_, r)| r.split_once(": "))
            .map(|(_, why)| (rest, why))?;
        return failure(who, connection(why)?);
    }
    if let Some(rest) = text.strip_prefix("lost connection with ") {
        let (who, stage) = rest.split_once(" while ")?;
        return failure(who, Kind::Lost { stage: stage_of(stage) });
    }
    if let Some(rest) = text.strip_prefix("conversation with ") {
        let (who, stage) = rest.split_once(" timed out while ")?;
        return failure(who, Kind::Hanging { stage: stage_of(stage) });
    }
    if let Some(rest) = text.strip_prefix("host ") {
        if let Some((who, reply)) = rest.split_once(" refused to talk to me: ") {
            return failure(who, reply_kind(reply, "greeting")?);
        }
        let (who, said) = rest.split_once(" said: ")?;
        let stage = said.rsplit_once("(in reply to ").map_or("", |(_, stage)| stage);
        return failure(who, reply_kind(said, stage_of(stage))?);
    }
    let name = text.split_once("Name service error for name=").map(|(_, rest)| rest)?;
    let name = name.split(' ').next()?;
    let kind = match text.contains("try again") {
        true => Kind::NameServer,
        false => Kind::NoSuchName,
    };
    Some(Failure { host: name.to_owned(), address: String::new(), kind })
}

/// Reads what Exim writes; `relay` is the host of the line, in Postfix's form.
pub(in super::super) fn of_exim(text: &str, relay: &str) -> Option<Failure> {
    let own = text.strip_prefix("H=").map(|rest| {
        let name = rest.split(' ').next().unwrap_or_default();
        let address = rest.split_once('[').and_then(|(_, r)| r.split_once(']'));
        (name, address.map_or("", |(address, _)| address))
    });
    let (host, address) = own.or_else(|| peer(relay))?;
    let kind = if let Some((_, said)) = text.split_once("SMTP error from remote mail server after ")
    {
        let (stage, reply) = said.split_once(": ")?;
        reply_kind(reply, stage_of(stage))?
    } else if text.contains("SMTP timeout after") {
        let (_, stage) = text.split_once("SMTP timeout after ")?;
        Kind::Hanging { stage: stage_of(stage) }
    } else if text.contains("Remote host closed connection") {
        let stage = text.split_once("connection in response to ").map_or("", |(_, stage)| stage);
        Kind::Lost { stage: stage_of(stage) }
    } else {
        connection(text)?
    };
    Some(Failure { host: host.to_owned(), address: address.to_owned(), kind })
}

/// Reads what Sendmail writes; `relay` is the host of the line, in Postfix's form.
pub(in super::super) fn of_sendmail(text: &str, relay: &str) -> Option<Failure> {
    let why = text.strip_prefix("Deferred: ").unwrap_or(text);
    // `Name server: mx.example.org.: host name lookup failure`.
    if let Some((name, _)) = why.strip_prefix("Name server: ").and_then(|r| r.split_once(": ")) {
        let host = name.trim_end_matches('.').to_owned();
        return Some(Failure { host, address: String::new(), kind: Kind::NameServer });
    }
    // `Connection refused by mx.example.org.`; a reply ends with any word.
    let named = why.rsplit_once(" by ").or_else(|| why.rsplit_once(" with "));
    let named = named.map(|(_, host)| host.trim_matches(['.', '[', ']']));
    let alone = relay.trim_end_matches('.');
    let alone = (alone != "none" && super::super::network::is_name(alone)).then_some(alone);
    let host = named.filter(|host| super::super::network::is_name(host)).or(alone);
    let (host, address) = peer(relay).or_else(|| host.map(|host| (host, "")))?;
    let kind = connection(why)
        .or_else(|| why.contains("lost input channel").then_some(Kind::Lost { stage: "rcpt" }))
        .or_else(|| reply_kind(why, "rcpt"))
        .or_else(|| why.contains("Name server").then_some(Kind::NameServer))
        .or_else(|| why.contains("Host unknown").then_some(Kind::NoSuchName))?;
    Some(Failure { host: host.to_owned(), address: address.to_owned(), kind })
}

fn connection(why: &str) -> Option<Kind> {
    if why.contains("refused") {
        return Some(Kind::Refused);
    }
    if why.contains("timed out") {
        return Some(Kind::Silent);
    }
    let unreachable = ["No route to host", "Network is unreachable", "unreachable"];
    unreachable.iter().any(|words| why.contains(words)).then_some(Kind::Unreachable)
}

/// A reply by its code and, if it has one, its enhanced status.
fn reply_kind(text: &str, stage: &'static str) -> Option<Kind> {
    let mut words = text.split([' ', '-']).filter(|word| !word.is_empty());
    let code =
        words.next().filter(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))?;
    let second = code.as_bytes()[1];
    let status = words.next().filter(|word| {
        word.split('.').count() == 3 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let fits = |status: &&str| status.starts_with(&code[..1]);
    let reply = match status.filter(fits) {
        Some(status) => format!("{code} {status}"),
        None => code.to_owned(),
    };
    match (code.as_bytes()[0], second) {
        (b'4', b'0'..=b'5') => Some(Kind::Temporary { reply, stage }),
        (b'5', b'0'..=b'5') => Some(Kind::Permanent { reply, stage }),
        _ => None,
    }
}

/// The scenario's word for what a server calls a stage.
fn stage_of(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    let begins = [
        ("initial server greeting", "greeting"),
        ("initial connection", "greeting"),
        ("starttls", "tls"),
        ("ehlo", "ehlo"),
        ("helo", "ehlo"),
        ("end of data", "dot"),
        ("end-of-data", "dot"),
        ("message body", "dot"),
        ("sending message", "dot"),
        ("rcpt", "rcpt"),
        ("mail from", "mail"),
        ("pipelined", "mail"),
        ("data", "data"),
    ];
    begins.iter().find(|(words, _)| text.contains(words)).map_or("mail", |(_, stage)| stage)
}

/// Returns whether an address can stand in a scenario.
pub(in super::super) fn is_address(text: &str) -> bool {
    split_address(text).is_some_and(|(_, domain)| super::super::network::is_name(domain))
        && !text.contains([' ', ',', ';', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read_as_postfix_writes_them() {
        let temporary = |reply: &str, stage| Kind::Temporary { reply: reply.to_owned(), stage };
        for (text, host, kind) in [
            ("connect to mx.b[192.0.2.1]:25: Connection refused", "mx.b", Kind::Refused),
            ("connect to mx.b[2001:db8::1]:25: Connection timed out", "mx.b", Kind::Silent),
            ("connect to mx.b[192.0.2.1]:25: No route to host", "mx.b", Kind::Unreachable),
            (
                "host mx.b[192.0.2.1] said: 451 4.3.0 later (in reply to RCPT TO command)",
                "mx.b",
                temporary("451 4.3.0", "rcpt"),
            ),
            (
                "host mx.b[192.0.2.1] refused to talk to me: 421 busy",
                "mx.b",
                temporary("421", "greeting"),
            ),
            (
                "lost connection with mx.b[192.0.2.1] while sending end of data -- message may be \
                 sent more than once",
                "mx.b",
                Kind::Lost { stage: "dot" },
            ),
            (
                "conversation with mx.b[192.0.2.1] timed out while receiving the initial server greeting",
                "mx.b",
                Kind::Hanging { stage: "greeting" },
            ),
            (
                "Host or domain name not found. Name service error for name=b.example type=MX: Host \
                 not found, try again",
                "b.example",
                Kind::NameServer,
            ),
        ] {
            let found = of_postfix(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.host.as_str(), &found.kind), (host, &kind), "{text}");
        }
        assert_eq!(of_postfix("mail for b.example loops back to myself"), None);
    }

    #[test]
    fn failures_are_read_as_exim_and_sendmail_write_them() {
        let exim = of_exim("H=mx.b [192.0.2.1]:25 Connection refused", "none").unwrap();
        assert_eq!((exim.host.as_str(), exim.kind), ("mx.b", Kind::Refused));
        let said = "R=r T=t H=mx.b [192.0.2.1]: SMTP error from remote mail server after RCPT \
                    TO:<a@b>: 451 4.3.0 later";
        let exim = of_exim(said, "mx.b[192.0.2.1]").unwrap();
        assert_eq!(exim.kind, Kind::Temporary { reply: "451 4.3.0".to_owned(), stage: "rcpt" });
        let sendmail = of_sendmail("Deferred: Connection refused by mx.b.", "none").unwrap();
        assert_eq!((sendmail.host.as_str(), sendmail.kind), ("mx.b", Kind::Refused));
        let looked = of_sendmail("Deferred: Name server: mx.b.: host name lookup failure", "mx.b.");
        let looked = looked.unwrap();
        assert_eq!((looked.host.as_str(), looked.kind), ("mx.b", Kind::NameServer));
        // The last word of a reply is no host.
        let replied = of_sendmail("Deferred: 451 4.3.0 later", "mx.b.").unwrap();
        assert_eq!(replied.host, "mx.b");
    }
}
