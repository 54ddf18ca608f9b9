//! What the commands of SMTP, POP3 and IMAP are for.

/// A command with the protocol it belongs to.
struct Entry {
    name: &'static str,
    form: &'static str,
    text: &'static str,
}

const fn entry(name: &'static str, form: &'static str, text: &'static str) -> Entry {
    Entry { name, form, text }
}

const COMMANDS: &[Entry] = &[
    entry(
        "EHLO",
        "EHLO your.name (RFC 5321 section 4.1.1.1)",
        "Introduces the client and asks which extensions the server offers. It begins every session, \
         comes again after STARTTLS, and ends a transaction that was open.",
    ),
    entry(
        "HELO",
        "HELO your.name (RFC 5321 section 4.1.1.1)",
        "EHLO as it was before there were extensions.",
    ),
    entry(
        "MAIL",
        "MAIL FROM:<alice@sender.example> [SIZE=octets] (RFC 5321 section 4.1.1.2)",
        "Begins a transaction and names the reverse path, to which a notice of failure goes. It is \
         part of the envelope; the From field of the header may say something else. <> is the null \
         reverse path of notices, about which nobody is told in turn.",
    ),
    entry(
        "RCPT",
        "RCPT TO:<bob@recipient.example> (RFC 5321 section 4.1.1.3)",
        "Names one recipient, and is said again for each further one. Only these count: what the \
         header says in To and Cc is not read by servers, and a recipient of a blind copy is in the \
         envelope alone.",
    ),
    entry(
        "DATA",
        "DATA (RFC 5321 section 4.1.1.4)",
        "Announces the message. After 354 come header, an empty line and body; a line with a dot \
         alone ends them. Another line that begins with a dot is sent with one dot more.",
    ),
    entry(
        "BDAT",
        "BDAT octets [LAST] (RFC 3030)",
        "Sends the message, or a part of it, as so many octets that follow at once: no 354, no dot.",
    ),
    entry("RSET", "RSET (RFC 5321 section 4.1.1.5)", "Forgets the transaction that is open."),
    entry(
        "VRFY",
        "VRFY bob (RFC 5321 section 4.1.1.6)",
        "Asks whether there is such a mailbox. Servers say 252, neither yes nor no, since collectors \
         of addresses ask too (section 7.3).",
    ),
    entry(
        "EXPN",
        "EXPN list (RFC 5321 section 4.1.1.7)",
        "Asks who is on a mailing list. Servers do not tell.",
    ),
    entry("HELP", "HELP (RFC 5321 section 4.1.1.8)", "Asks the server which commands it knows."),
    entry(
        "NOOP",
        "NOOP (RFC 5321 section 4.1.1.9; RFC 1939; RFC 9051)",
        "Does nothing but get an answer: a sign of life.",
    ),
    entry(
        "QUIT",
        "QUIT (RFC 5321 section 4.1.1.10; RFC 1939)",
        "Ends the session in order. In POP3 it is also what deletes the messages marked by DELE.",
    ),
    entry(
        "STARTTLS",
        "STARTTLS (RFC 3207)",
        "Begins encryption on this connection; EHLO is said again afterwards.",
    ),
    entry(
        "AUTH",
        "AUTH PLAIN credentials, or AUTH LOGIN (RFC 4954)",
        "Says who you are. A server for submission takes mail for other domains from nobody else. Any \
         credentials will do here.",
    ),
    entry("USER", "USER name (RFC 1939)", "POP3: names the mailbox; PASS follows."),
    entry(
        "PASS",
        "PASS password (RFC 1939)",
        "POP3: opens the mailbox. Any password will do, unless the scenario has one.",
    ),
    entry("STAT", "STAT (RFC 1939)", "POP3: how many messages there are, and how many octets."),
    entry(
        "LIST",
        "LIST [number] in POP3 (RFC 1939), LIST \"\" \"*\" in IMAP (RFC 9051)",
        "POP3: the size of each message. IMAP: the names of the folders.",
    ),
    entry(
        "UIDL",
        "UIDL [number] (RFC 1939)",
        "POP3: a name of each message that stays the same in later sessions, by which a program that \
         leaves mail on the server knows what it has fetched.",
    ),
    entry("RETR", "RETR number (RFC 1939)", "POP3: fetches a message."),
    entry("TOP", "TOP number lines (RFC 1939)", "POP3: fetches the header and some lines."),
    entry(
        "DELE",
        "DELE number (RFC 1939)",
        "POP3: marks a message; it is deleted at QUIT, and not if the connection breaks before.",
    ),
    entry("CAPA", "CAPA (RFC 2449)", "POP3: what the server offers."),
    entry("CAPABILITY", "a CAPABILITY (RFC 9051)", "IMAP: what the server offers."),
    entry("LOGIN", "a LOGIN name password (RFC 9051)", "IMAP: opens the account."),
    entry(
        "SELECT",
        "a SELECT INBOX (RFC 9051)",
        "IMAP: opens a folder and tells how many messages it has.",
    ),
    entry("EXAMINE", "a EXAMINE INBOX (RFC 9051)", "IMAP: SELECT for reading only."),
    entry(
        "STATUS",
        "a STATUS INBOX (MESSAGES UNSEEN) (RFC 9051)",
        "IMAP: counts of a folder without opening it.",
    ),
    entry(
        "FETCH",
        "a FETCH 1:* (UID FLAGS RFC822.SIZE) or a FETCH 1 BODY[] (RFC 9051)",
        "IMAP: asks for parts of messages: flags, sizes, ENVELOPE, BODY[HEADER], BODY[]. BODY.PEEK \
         leaves \\Seen as it is.",
    ),
    entry(
        "STORE",
        "a STORE 1 +FLAGS (\\Deleted) (RFC 9051)",
        "IMAP: sets or clears flags; all devices see them, for they are kept on the server.",
    ),
    entry(
        "SEARCH",
        "a SEARCH UNSEEN (RFC 9051)",
        "IMAP: the server looks for messages and gives their numbers.",
    ),
    entry(
        "EXPUNGE",
        "a EXPUNGE (RFC 9051)",
        "IMAP: removes messages marked \\Deleted; the later ones move up in number, not in UID.",
    ),
    entry(
        "IDLE",
        "a IDLE, ended by DONE (RFC 2177)",
        "IMAP: the server tells about new mail as it comes. Let time pass with a line such as +10m.",
    ),
    entry("LOGOUT", "a LOGOUT (RFC 9051)", "IMAP: ends the session."),
];

/// Returns what a command is for.
#[must_use]
pub fn explain_command(name: &str) -> String {
    let wanted = name.trim().to_ascii_uppercase();
    // `? MAIL FROM` is as good as `? MAIL`.
    let wanted = wanted.split_whitespace().next().unwrap_or_default();
    match COMMANDS.iter().find(|command| command.name == wanted) {
        Some(command) => format!("{}\n{}\n", command.form, command.text),
        None => {
            let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
            format!("There is no command {wanted}. Commands: {}\n", names.join(" "))
        }
    }
}
