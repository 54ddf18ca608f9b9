//! The names of warnings, by which a file says that what they warn of is meant.

/// Every warning of scenario files, with what it warns of.
pub(crate) const WARNINGS: &[(&str, &str)] = &[
    ("after-the-end", "an outage, mail or an action begins after the end of the run"),
    ("dangling-exchanger", "an MX record names what has no address"),
    ("empty-file", "a file of messages holds none"),
    ("exchanger-is-alias", "an MX record names an alias (RFC 5321 section 5.1)"),
    ("formula", "a spreadsheet would take an address for a formula"),
    ("idle-count", "a `count` is above the messages that its entry sends"),
    ("idle-host", "no mail can ever come to a host"),
    ("impatient-resolver", "look-ups are given up before an answer can come"),
    ("implied-store", "an exchanger keeps mailboxes that nobody gave it"),
    ("kernel-time-out", "the kernel gives up connections before the server does"),
    ("loop", "mail goes round in a circle, and `allow_loops` says so"),
    ("loop-among-exchangers", "mail goes round in a circle while better exchangers are down"),
    ("no-mail", "there is no [[mail]]"),
    ("no-server", "a host without a mail server is to take mail"),
    ("no-store", "no host keeps a domain's mailboxes"),
    ("other-server", "mail is submitted at a server that is not its senders' own"),
    ("single-exchanger", "a domain that gets mail has one exchanger"),
    ("unknown-domain", "an address is of a domain that the file does not have"),
    ("unknown-mailbox", "an address is of a mailbox that its domain does not have"),
    ("unread", "mailboxes are never read, while others are"),
    ("unseen-outage", "an outage strikes what does not occur"),
    ("unused-transport", "settings are of a transport by which no mail goes"),
];

/// The names alone, as words of the key `allow`.
pub(crate) const NAMES: [&str; WARNINGS.len()] = {
    let mut names = [""; WARNINGS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = WARNINGS[place].0;
        place += 1;
    }
    names
};
