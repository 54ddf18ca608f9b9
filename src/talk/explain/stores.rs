//! What POP3 and IMAP servers mean by their replies.

/// Returns what a reply of a POP3 server means. `mailboxes` are some that the server has.
#[must_use]
pub fn explain_pop3(reply: &str, mailboxes: &str) -> String {
    let (status, rest) = reply.split_once(' ').unwrap_or((reply, ""));
    let mut text = match status {
        "+OK" => {
            "+OK: done (RFC 1939 section 3). POP3 has two replies only, and words behind them \
                  are for people.\n"
                .to_owned()
        }
        _ => "-ERR: not done; the session goes on (RFC 1939 section 3).\n".to_owned(),
    };
    if rest.starts_with("[AUTH]") {
        text.push_str(&format!(
            "Here: there is no such mailbox on this store, or the scenario gives it another \
             password. It has {mailboxes}.\n"
        ));
    } else if rest.contains("marked") {
        text.push_str(
            "Here: marks are carried out at QUIT; if the connection breaks before, everything stays.\n",
        );
    } else if rest.contains("maildrop has") {
        text.push_str(
            "Here: numbers hold for this session; mail that comes now is seen in the next one.\n",
        );
    } else if rest.contains("come first") || rest.contains("comes first") {
        text.push_str(
            "Here: the session is in its first state, in which the client says who it is.\n",
        );
    }
    text
}

/// Returns what a reply of an IMAP server means. `mailboxes` are some that the server has.
#[must_use]
pub fn explain_imap(reply: &str, mailboxes: &str) -> String {
    let mut words = reply.split_whitespace();
    let tag = words.next().unwrap_or_default();
    let status = words.next().unwrap_or_default();
    let from = if tag == "*" {
        "The star says that the line answers no command by itself"
    } else {
        "The first word is the tag of the command that it answers"
    };
    let meaning = match status {
        "OK" => "OK: done",
        "NO" => "NO: understood and not done",
        "BAD" => "BAD: not understood, or not allowed now",
        "BYE" => "BYE: the server is about to close the connection",
        _ => "a continuation: the client may go on",
    };
    let mut text = format!("{from} (RFC 9051 section 7). {meaning}.\n");
    let code = |name: &str| reply.contains(&format!("[{name}"));
    if code("AUTHENTICATIONFAILED") {
        text.push_str(&format!(
            "Here: there is no such mailbox on this store, or the scenario gives it another \
             password. It has {mailboxes}.\n"
        ));
    } else if code("READ-WRITE") || code("READ-ONLY") {
        text.push_str(
            "Here: EXISTS counted the messages; UIDVALIDITY and UIDs together name a message for \
             good, numbers only until the next EXPUNGE.\n",
        );
    } else if status == "BAD" {
        text.push_str(
            "Here: before LOGIN only CAPABILITY, NOOP and LOGOUT are allowed; FETCH, STORE, SEARCH \
             and EXPUNGE need a folder opened by SELECT.\n",
        );
    }
    text
}
