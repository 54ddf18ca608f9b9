//! The keys of `[[mail]]` and `[[reading]]`.

use crate::scenario::keys::ONE_OR_MORE_TEXTS;
use crate::scenario::text::limits;
use crate::scenario::text::shape::{Keys, Shape, Unit, key, required};
use crate::scenario::text::words;

static DRAWN: Keys = Keys {
    name: "a population",
    keys: &[
        key("domain", Shape::Text, "one of its mailboxes is drawn for each message"),
        key(
            "domains",
            Shape::Map(&Shape::Number),
            "one of these domains is drawn by weight, then one of its mailboxes",
        )
        .example(r#"domains = { "big.example" = 60, "small.example" = 5 }"#),
        key(
            "count",
            Shape::Count(1, limits::MAILBOXES),
            "among that many first mailboxes of the domain; default: all",
        ),
    ],
};
/// The keys of a draw from a domain's mailboxes.
pub(crate) static DRAWN_KEYS: &Keys = &DRAWN;

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
        ).example(r#"profile = [1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 13, 13, 12, 10, 7, 5, 4, 4, 3, 2, 1]"#),
        key(
            "every",
            Shape::Duration,
            "one after each such time; with `burst`: time between bursts",
        ),
        key("burst", Shape::Count(1, limits::MESSAGES), "that many at once"),
        key(
            "replay",
            Shape::Text,
            "as recorded in this CSV file, named from the scenario's folder",
        ).example(r#"replay = "mail.csv""#),
    ],
};

static SUBMIT: Keys = Keys {
    name: "`submit`",
    keys: &[
        key("client", Shape::Text, "the host that submits; default: one beside the default path"),
        key(
            "server",
            ONE_OR_MORE_TEXTS,
            "the host that takes it, or several, each tried when no session with the one before came \
             to MAIL; default: the submission host of the sender's domain",
        )
        .example(r#"server = ["smtp1.sender.example", "smtp2.sender.example"]"#)
        .models("PHPMailer: Host = \"smtp1;smtp2\"; each message begins with the first again."),
        key(
            "port",
            Shape::Count(25, 587),
            "587 (STARTTLS and AUTH), 465 (implicit TLS and AUTH), 25, or 443 (the server's web \
             page, no SMTP); default 587 at a submission host, else 25",
        )
        .words(words::PORTS),
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
        )
        .words(words::RETRY),
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

pub(crate) static MAIL: Keys = Keys {
    name: "a mail entry",
    keys: &[
        key("name", Shape::Text, "a name, by which figures speak of its mail: entry:NAME"),
        key(
            "from",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Table(&DRAWN)]),
            "the sender; one of a list or of { domain = … } is drawn for each message",
        )
        .example(r#"from = ["ann@sender.example", "ben@sender.example"]"#),
        key(
            "to",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "the recipients: each item of the list gives one",
        )
        .example(r#"to = { domain = "recipient.example", count = 100 }"#),
        key(
            "cc",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "further recipients, named in the field Cc",
        )
        .example(r#"cc = "eve@recipient.example""#),
        key(
            "bcc",
            Shape::Either(&[Shape::Text, Shape::List(&PERSON), Shape::Table(&DRAWN)]),
            "blind copies: recipients that the envelope alone names",
        )
        .example(r#"bcc = "eve@recipient.example""#),
        key(
            "to_as_typed",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "recipients wrong in syntax, as their author types them: refused at submission",
        )
        .example(r#"to_as_typed = "bob@@recipient.example""#),
        key(
            "at",
            Shape::Either(&[Shape::Duration, Shape::List(&Shape::Duration)]),
            "when, once or several times; default 0s",
        )
        .example(r#"at = ["0s", "1h", "2h"]"#),
        key("arrivals", Shape::Table(&ARRIVALS), "when, by a rule")
            .example(r#"arrivals = { poisson = "30/h" }"#),
        key("size", Shape::Distribution(Unit::Size), "header and text; default 10kB")
            .example(r#"size = { lognormal = { median = "75kB", sigma = 1.2 } }"#),
        key(
            "attachments",
            Shape::Distribution(Unit::Size),
            "before encoding; they grow by 37 % in base64",
        ),
        key(
            "encoding",
            Shape::Word(&["base64", "quoted_printable", "none"]),
            "of attachments; default base64",
        )
        .words(words::ENCODINGS),
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
        )
        .example(r#"author = "shop@brand.example""#),
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
        )
        .words(words::NOTIFY)
        .source("RFC 3461 section 4.1"),
        key(
            "returns",
            Shape::Word(&["full", "headers"]),
            "what a notice of failure returns; default \"full\"",
        )
        .words(words::RETURNS)
        .source("RFC 3461 section 4.3"),
    ],
};

pub(crate) static QUEUED: Keys = Keys {
    name: "a queued entry",
    keys: &[
        required("host", Shape::Text, "the server in whose queue it lies"),
        key("from", Shape::Text, "the sender; \"\" for a notice, whose reverse path is null"),
        key(
            "to",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "the recipients that are left",
        ),
        key("age", Shape::Duration, "how long ago it came to the server; default 0s"),
        key("size", Shape::Size, "header and text, as they lie there; default 10kB"),
        key(
            "next_try",
            Shape::Duration,
            "when it is tried next; default: when the server's schedule says, had every try of its \
             age failed at once",
        ),
        key("count", Shape::Count(1, limits::PIECES), "so many alike; default 1"),
        key(
            "listing",
            Shape::Text,
            "instead of all but `host`: a CSV file with the columns age_s, from, to, size_octets and \
             next_try_s, which may be empty",
        ),
        key(
            "received_fields",
            Shape::Count(0, limits::RECEIVED_FIELDS),
            "Received fields that they carry; default 1",
        ),
    ],
};

/// Events of which an author may want to be told.
pub(crate) const NOTIFY: &[&str] = &["failure", "delay"];

static POLL: Keys = Keys {
    name: "`every`",
    keys: &[
        required("least", Shape::Duration, "the interval while mail keeps coming"),
        required("most", Shape::Duration, "doubled up to this while none comes"),
    ],
};
/// The keys of an adapting interval.
pub(crate) static POLL_KEYS: &Keys = &POLL;

pub(crate) static READING: Keys = Keys {
    name: "a reading entry",
    keys: &[
        key("mailbox", Shape::Text, "the mailbox"),
        key("mailboxes", Shape::List(&Shape::Text), "the mailboxes"),
        key("domain", Shape::Text, "all mailboxes of this domain"),
        key("device", Shape::Text, "one of several devices that read the same mailbox, by name"),
        required("protocol", Shape::Word(&["pop3", "imap"]), "how it is read")
            .words(words::PROTOCOLS),
        key(
            "folder",
            Shape::Word(&["inbox", "junk"]),
            "which folder; only IMAP can read \"junk\"; default \"inbox\"",
        )
        .words(words::FOLDERS),
        key(
            "every",
            Shape::Either(&[Shape::Duration, Shape::Table(&POLL)]),
            "how often; default 10m for POP3, IDLE for IMAP",
        )
        .example(r#"every = { least = "5m", most = "1h" }"#),
        key("idle", Shape::Flag, "IMAP only: the store announces new mail at once"),
        key(
            "delete",
            Shape::Flag,
            "POP3 only: whether mail is deleted from the store; default true",
        ),
        key("from_host", Shape::Text, "where the reader sits; default: beside the default path"),
    ],
};

static PARTS: Keys = Keys {
    name: "`parts`",
    keys: &[
        required("size", Shape::Count(1, limits::PIECES), "members who get their copies together"),
        required("every", Shape::Duration, "time from one part to the next"),
    ],
};

pub(crate) static LIST: Keys = Keys {
    name: "a list",
    keys: &[
        required("address", Shape::Text, "the address that stands for others"),
        required(
            "members",
            Shape::List(&MEMBER),
            "for whom it stands: addresses, or { domain = \"b.example\", count = 1000 } for the first \
             thousand mailboxes of a domain, all without `count`",
        ).example(r#"members = ["ann@a.example", { domain = "b.example", count = 1000 }]"#),
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
        key(
            "moderation",
            Shape::Distribution(Unit::Time),
            "how long each message waits for a moderator before copies of it are made; default: none \
             waits",
        )
        .example(r#"moderation = { exponential = { mean = "2h" } }"#)
        .models("Mailman's hold: the message is in no mail queue meanwhile, and its copies are new mail."),
        key("parts", Shape::Table(&PARTS), "copies for so many members at a time; default: for all at once")
            .example(r#"parts = { size = 500, every = "1m" }"#)
            .models("Mailman's chunks and senders of newsletters that pace themselves."),
    ],
};

pub(crate) static RESPONDER: Keys = Keys {
    name: "a responder",
    keys: &[
        required("mailbox", Shape::Text, "the mailbox whose mail is answered"),
        key("every", Shape::Duration, "a correspondent is answered once in this time; default 7d"),
        key(
            "answers",
            Shape::Word(&["people", "everything"]),
            "\"everything\" that has a reverse path, against RFC 3834; default \"people\", no lists and \
             no mail marked as sent by a program",
        ).words(words::ANSWERS).source("RFC 3834 section 2"),
        key(
            "reverse_path",
            Shape::Word(&["null", "mailbox"]),
            "of its replies; default \"null\", so that nothing comes back",
        ).words(words::REVERSE_PATHS),
        key(
            "auto_submitted",
            Shape::Flag,
            "whether its replies are marked as sent by a program; default true",
        ),
    ],
};
