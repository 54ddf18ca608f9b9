//! What the words mean that some keys take, a sentence each.

/// A word with its meaning.
type Word = (&'static str, &'static str);

pub(crate) const ROLES: &[Word] = &[
    ("mua", "a mail program: it submits and reads mail"),
    ("submission", "takes mail from mail programs, on ports 587 and 465"),
    ("relay", "passes on mail for any domain"),
    ("proxy", "stands in front of servers and hands connections on"),
    ("mx", "an exchanger: takes mail for the domains whose MX records name it"),
    ("store", "keeps mailboxes, and serves them by POP3 and IMAP"),
    ("dns", "answers look-ups; the DNS is modelled as one, so it has no work"),
];
pub(crate) const RELAY_DOMAINS: &[Word] = &[("all", "any domain, as an open relay would")];
pub(crate) const STANDINGS: &[Word] = &[
    ("known", "its mail is taken as that of anybody"),
    ("new", "who has `reputation.warm_up` takes only so much a day from it at first"),
    ("bad", "who has `reputation` refuses it"),
];
pub(crate) const SOURCE_ADDRESSES: &[Word] = &[
    ("sticky", "drawn for each message, and kept for all its tries"),
    ("in_turn", "the next one for each connection"),
    ("random", "drawn for each connection"),
];
pub(crate) const CLIENTS: &[Word] = &[
    ("address", "each address is a client of its own"),
    ("network", "all addresses of one /24 (IPv4) or /64 (IPv6) are one client"),
    ("domain", "all hosts whose names end in one domain are one client"),
];
pub(crate) const COUNTED: &[Word] = &[
    ("messages", "each message counts once"),
    ("recipients", "each recipient of a message counts"),
];
pub(crate) const PARTIES: &[Word] = &[
    ("sender", "the address of MAIL FROM"),
    ("client", "the address that connects"),
    ("recipient", "the mailbox that receives"),
];
pub(crate) const TRAFFIC: &[Word] = &[
    ("submission", "mail that mail programs hand over"),
    ("relay", "mail that other servers pass on"),
    ("any", "both"),
];
pub(crate) const UNSURE: &[Word] = &[
    ("defer", "450 4.1.1: the sender tries again"),
    ("accept", "the recipient is taken on trust"),
];
pub(crate) const PORTS: &[Word] = &[
    ("587", "submission: STARTTLS and AUTH"),
    ("465", "submission with implicit TLS, and AUTH"),
    ("25", "as between servers: no AUTH"),
    ("443", "the server's web page, no SMTP"),
];
pub(crate) const RETRY: &[Word] = &[("never", "mail that cannot be submitted is given up at once")];
pub(crate) const ENCODINGS: &[Word] = &[
    ("base64", "four characters for three octets, and line ends"),
    ("quoted_printable", "a share of the octets (`escaped`) takes three characters"),
    ("none", "as it is, with 8BITMIME or BINARYMIME"),
];
pub(crate) const NOTIFY: &[Word] = &[
    ("never", "no notices at all"),
    ("failure", "a notice when a recipient cannot be reached for good"),
    ("delay", "a notice when mail is late"),
];
pub(crate) const RETURNS: &[Word] = &[
    ("full", "the notice carries the whole message"),
    ("headers", "the notice carries the header alone"),
];
pub(crate) const PROTOCOLS: &[Word] = &[
    ("pop3", "the program asks now and then, and fetches what is new"),
    ("imap", "the store can announce new mail (IDLE); mail stays there"),
];
pub(crate) const FOLDERS: &[Word] =
    &[("inbox", "where mail is delivered"), ("junk", "where a filter puts what looks like spam")];
pub(crate) const ANSWERS: &[Word] = &[
    ("people", "no lists, and no mail that is marked as sent by a program"),
    ("everything", "all mail that has a reverse path, against RFC 3834"),
];
pub(crate) const REVERSE_PATHS: &[Word] = &[
    ("null", "replies have no reverse path: nothing comes back"),
    ("mailbox", "failures of a reply come back to the mailbox, and may be answered again"),
];
pub(crate) const COMMANDS: &[Word] = &[
    ("flush", "all deferred mail is tried now"),
    ("stop", "the server is taken down in good order; its queue stays"),
    ("start", "the server is started again"),
];
pub(crate) const NOTED_EVENTS: &[Word] = &[
    ("written", "the message is submitted"),
    ("looked_up", "a look-up for it has ended"),
    ("accepted", "a server has taken it"),
    ("deferred", "a try has failed for now"),
    ("refused", "a server has refused it for good"),
    ("delivered", "it is in the mailbox"),
    ("failed", "it has failed for good"),
    ("retrieved", "its reader has it"),
    ("delay_notice", "its sender is told that it is late"),
    ("failure_notice", "its sender is told that it has failed"),
    ("outage_begins", "an outage begins"),
    ("outage_ends", "an outage is over"),
];
pub(crate) const STAGES: &[Word] = &[
    ("greeting", "the server's first line, 220"),
    ("ehlo", "the reply to EHLO or HELO"),
    ("tls", "STARTTLS and the handshake"),
    ("auth", "the reply to AUTH"),
    ("mail", "the reply to MAIL FROM"),
    ("rcpt", "the reply to each RCPT TO"),
    ("data", "the reply to DATA, 354"),
    ("dot", "the reply to the final dot: who has it is responsible for the message"),
    ("body", "while the message is on its way; only where a session breaks"),
];
pub(crate) const FILTERS: &[Word] = &[
    ("rspamd", "put off from a score of 4, junk from 6, refused from 15"),
    ("spamassassin", "junk from a score of 5"),
];
pub(crate) const FILTER_STAGES: &[Word] = &[
    ("dot", "before the reply to the final dot: what is refused stays with the client"),
    ("queue", "after the server has taken the message: what is refused has to be returned"),
];
pub(crate) const REFUSED: &[Word] = &[
    ("return", "a failure notice goes to the reverse path"),
    ("discard", "it is dropped, and nobody is told"),
];
pub(crate) const SPF_FAIL: &[Word] =
    &[("accept", "the mail goes on; DMARC decides"), ("refuse", "550 5.7.23 at RCPT")];
pub(crate) const DMARC_CHECK: &[Word] = &[
    ("enforce", "mail that fails goes to Junk, or gets 550 5.7.26, as the domain asks"),
    ("note", "the result is only noted"),
];
pub(crate) const DNS_FAILURE: &[Word] = &[
    ("accept", "as if the domain had no records"),
    ("defer", "451 4.4.3: the client tries again"),
];
pub(crate) const OTHERWISE: &[Word] = &[
    ("fail", "`-all`: they may not send for the domain"),
    ("softfail", "`~all`: they probably may not"),
    ("neutral", "`?all`: nothing is said of them"),
];
pub(crate) const DMARC_POLICIES: &[Word] = &[
    ("none", "nothing is done; the domain only wants reports"),
    ("quarantine", "mail that fails goes to Junk"),
    ("reject", "mail that fails is refused"),
];
pub(crate) const NO_MAIL: &[Word] = &[("none", "a null MX: the domain takes no mail (RFC 7505)")];
