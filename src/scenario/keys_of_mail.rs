//! The keys of `[[mail]]` and `[[reading]]`.

use super::limits;
use super::shape::{Keys, Shape, Unit, key, required};

static DRAWN: Keys = Keys {
    name: "a population",
    keys: &[
        required("domain", Shape::Text, "one of its mailboxes is drawn for each message"),
        key("count", Shape::Count(1, limits::MAILBOXES), "among the first so many; default: all"),
    ],
};
/// The keys of a draw from a domain's mailboxes.
pub(super) static DRAWN_KEYS: &Keys = &DRAWN;

/// An address, or mailboxes of a domain.
static MEMBER: Shape = Shape::Either(&[Shape::Text, Shape::Table(&DRAWN)]);

/// An address, a draw from several, or a draw from a domain.
static PERSON: Shape =
    Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Table(&DRAWN)]);

static ARRIVALS: Keys = Keys {
    name: "`arrivals`",
    keys: &[
        key("poisson", Shape::EventRate, "at random with this mean rate, as \"30/h\""),
        key(
            "profile",
            Shape::List(&Shape::Number),
            "for poisson: 24 numbers, how busy each hour of the day is",
        ),
        key(
            "every",
            Shape::Duration,
            "one after each such time; with `burst`: time between bursts",
        ),
        key("burst", Shape::Count(1, limits::MESSAGES), "so many at once"),
        key(
            "replay",
            Shape::Text,
            "as recorded in this CSV file, named from the scenario's folder",
        ),
    ],
};

static SUBMIT: Keys = Keys {
    name: "`submit`",
    keys: &[
        key("client", Shape::Text, "the host that submits; default: one beside the default path"),
        key(
            "server",
            Shape::Text,
            "the host that takes it; default: the submission host of the sender's domain",
        ),
        key(
            "port",
            Shape::Count(25, 587),
            "587 (STARTTLS and AUTH), 465 (implicit TLS and AUTH), 25, or 443 (the server's web \
             page, no SMTP); default 587 at a submission host, else 25",
        ),
        key("messages_per_session", Shape::Count(1, limits::PIECES), "default 1"),
        key(
            "parallel_sessions",
            Shape::Count(1, 100_000),
            "sessions over which a burst is dealt out; default 1",
        ),
        key(
            "retry",
            Shape::Either(&[Shape::Word(&["never"]), Shape::Duration]),
            "how long mail waits in the outbox when it cannot be submitted; default 5m",
        ),
        key(
            "verifies",
            Shape::Flag,
            "whether VRFY asks about each recipient before MAIL; RCPT decides; default false",
        ),
        key("declares_size", Shape::Flag, "whether MAIL declares the size; default true"),
        key(
            "authenticates",
            Shape::Flag,
            "whether AUTH is used on port 587 or 465, where MAIL gets 530 without; default true",
        ),
    ],
};

pub(super) static MAIL: Keys = Keys {
    name: "a mail entry",
    keys: &[
        key(
            "from",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Table(&DRAWN)]),
            "the sender; one of a list or of { domain = … } is drawn for each message",
        ),
        key(
            "to",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "the recipients: each item of the list gives one",
        ),
        key(
            "cc",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "further recipients, named in the field Cc",
        ),
        key(
            "bcc",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "blind copies: recipients that the envelope alone names",
        ),
        key(
            "to_as_typed",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "recipients wrong in syntax, as their author types them: refused at submission",
        ),
        key(
            "at",
            Shape::Either(&[Shape::Duration, Shape::List(&Shape::Duration)]),
            "when, once or several times; default 0s",
        ),
        key("arrivals", Shape::Table(&ARRIVALS), "when, by a rule"),
        key("size", Shape::Distribution(Unit::Size), "header and text; default 10kB"),
        key(
            "attachments",
            Shape::Distribution(Unit::Size),
            "before encoding; they grow by 37 % in base64",
        ),
        key(
            "encoding",
            Shape::Word(&["base64", "quoted_printable", "none"]),
            "of attachments; default base64",
        ),
        key(
            "line_length",
            Shape::Count(0, limits::PIECES),
            "characters in a line of an encoded attachment; default 76, 0: no line ends",
        ),
        key(
            "escaped",
            Shape::Number,
            "quoted_printable: the share of octets written as three characters; default 0.1",
        ),
        key("start", Shape::Duration, "no message before this time; default 0s"),
        key("end", Shape::Duration, "no message from this time on; default: the end"),
        key("for", Shape::Duration, "the same, counted from `start`"),
        key("count", Shape::Count(1, limits::MESSAGES), "no more messages than this"),
        key("submit", Shape::Table(&SUBMIT), "how messages are handed over"),
        key(
            "received_fields",
            Shape::Count(0, limits::RECEIVED_FIELDS),
            "Received fields that they carry already; default 0",
        ),
        key(
            "author",
            Shape::Text,
            "the address in the From field, where it is not `from`, the reverse path: mail of a \
             sending service, or forged mail",
        ),
        key(
            "score",
            Shape::Distribution(Unit::Number),
            "what content filters think of its messages: the higher, the more like spam; default 0",
        ),
        key(
            "unwanted",
            Shape::Number,
            "share of its messages that recipients do not want, 0 to 1: it costs the sending \
             address its reputation; default 0",
        ),
        key(
            "notify",
            Shape::Either(&[Shape::Word(&["never"]), Shape::List(&Shape::Word(NOTIFY))]),
            "what the author wants to be told (RFC 3461); default [\"failure\", \"delay\"]",
        ),
        key(
            "returns",
            Shape::Word(&["full", "headers"]),
            "what a notice of failure returns; default \"full\"",
        ),
    ],
};

/// Events of which an author may want to be told.
pub(super) const NOTIFY: &[&str] = &["failure", "delay"];

static POLL: Keys = Keys {
    name: "`every`",
    keys: &[
        required("least", Shape::Duration, "the interval while mail keeps coming"),
        required("most", Shape::Duration, "doubled up to this while none comes"),
    ],
};
/// The keys of an adapting interval.
pub(super) static POLL_KEYS: &Keys = &POLL;

pub(super) static READING: Keys = Keys {
    name: "a reading entry",
    keys: &[
        key("mailbox", Shape::Text, "the mailbox"),
        key("mailboxes", Shape::List(&Shape::Text), "the mailboxes"),
        key("domain", Shape::Text, "all mailboxes of this domain"),
        key("device", Shape::Text, "one of several devices that read the same mailbox, by name"),
        required("protocol", Shape::Word(&["pop3", "imap"]), "how it is read"),
        key(
            "folder",
            Shape::Word(&["inbox", "junk"]),
            "which folder; only IMAP can read \"junk\"; default \"inbox\"",
        ),
        key(
            "every",
            Shape::Either(&[Shape::Duration, Shape::Table(&POLL)]),
            "how often; default 10m for POP3, IDLE for IMAP",
        ),
        key("idle", Shape::Flag, "IMAP only: the store announces new mail at once"),
        key(
            "delete",
            Shape::Flag,
            "POP3 only: whether mail is deleted from the store; default true",
        ),
        key("from_host", Shape::Text, "where the reader sits; default: beside the default path"),
    ],
};

pub(super) static LIST: Keys = Keys {
    name: "a list",
    keys: &[
        required("address", Shape::Text, "the address that stands for others"),
        required(
            "members",
            Shape::List(&MEMBER),
            "for whom it stands: addresses, or { domain = \"b.example\", count = 1000 } for the first \
             thousand mailboxes of a domain, all without `count`",
        ),
        key(
            "owner",
            Shape::Text,
            "who is told of failures; default: an alias, whose authors are told themselves",
        ),
        key(
            "changes_text",
            Shape::Flag,
            "whether copies get a footer or a tag in their subject, which breaks DKIM signatures; \
             default false",
        ),
        key(
            "rewrites_author",
            Shape::Flag,
            "whether copies name the list in their From field, not the author; default false",
        ),
    ],
};

pub(super) static RESPONDER: Keys = Keys {
    name: "a responder",
    keys: &[
        required("mailbox", Shape::Text, "the mailbox whose mail is answered"),
        key("every", Shape::Duration, "a correspondent is answered once in this time; default 7d"),
        key(
            "answers",
            Shape::Word(&["people", "everything"]),
            "\"everything\" that has a reverse path, against RFC 3834; default \"people\", no lists and \
             no mail marked as sent by a program",
        ),
        key(
            "reverse_path",
            Shape::Word(&["null", "mailbox"]),
            "of its replies; default \"null\", so that nothing comes back",
        ),
        key(
            "auto_submitted",
            Shape::Flag,
            "whether its replies are marked as sent by a program; default true",
        ),
    ],
};
