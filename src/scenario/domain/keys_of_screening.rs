//! The keys by which servers look at mail, and of what they look up: `[[blocklist]]`, `filter`,
//! `sender_policies`, `spf`.

use crate::scenario::keys::{ONE_OR_MORE_TEXTS, TEXTS};
use crate::scenario::text::shape::{Keys, Shape, Unit, key, required};
use crate::scenario::text::words;

static LISTING: Keys = Keys {
    name: "a listing",
    keys: &[
        key("host", Shape::Text, "the host whose addresses are listed"),
        key("address", Shape::Text, "the address that is listed")
            .example(r#"address = "192.0.2.1""#),
        key("from", Shape::Duration, "when it is put on the list; default 0s"),
        key("for", Shape::Duration, "how long it stays; default: until the end"),
        key("until", Shape::Duration, "when it is taken off, instead of `for`"),
    ],
};

pub(crate) static BLOCKLIST: Keys = Keys {
    name: "a blocklist",
    keys: &[
        required("name", Shape::Text, "its zone in the DNS, as \"bl.example\""),
        key(
            "lists",
            Shape::List(&Shape::Table(&LISTING)),
            "whom it lists, and when; default: nobody",
        )
        .example(r#"lists = [{ host = "mail.sender.example", from = "2h", for = "1d" }]"#),
        key("ttl", Shape::Duration, "how long an entry is kept by who asked; default 1h"),
        key(
            "negative_ttl",
            Shape::Duration,
            "how long it is kept that an address is not listed; default 5m",
        ),
    ],
};

pub(crate) static FILTER: Keys = Keys {
    name: "`filter`",
    keys: &[
        key(
            "profile",
            Shape::Word(&["rspamd", "spamassassin"]),
            "whose thresholds hold where none is written: rspamd's 4, 6 and 15 or SpamAssassin's 5 \
             for junk; default: none",
        )
        .words(words::FILTERS),
        key(
            "stage",
            Shape::Word(&["dot", "queue"]),
            "when it looks: between the final dot and its reply, or after the message was taken; \
             default \"dot\"",
        )
        .words(words::FILTER_STAGES),
        required("time", Shape::Distribution(Unit::Time), "how long it looks at a message"),
        key(
            "defer_from",
            Shape::Number,
            "at the dot: from this score on, what was not seen before is put off",
        ),
        key("defer_for", Shape::Duration, "how long it is put off; default 5m"),
        key("junk_from", Shape::Number, "from this score on it goes into the folder Junk"),
        key("refuse_from", Shape::Number, "from this score on it is refused"),
        key(
            "refused",
            Shape::Word(&["return", "discard"]),
            "after the queue: what becomes of it then; default \"return\"",
        )
        .words(words::REFUSED),
    ],
};

static POLICY_CHECK: Keys = Keys {
    name: "`sender_policies`",
    keys: &[
        key(
            "spf_fail",
            Shape::Word(&["accept", "refuse"]),
            "whether a client that SPF fails is refused at RCPT; default \"accept\": DMARC decides",
        )
        .words(words::SPF_FAIL),
        key(
            "dmarc",
            Shape::Word(&["enforce", "note"]),
            "whether the author's domain is obeyed, or the result only noted; default \"enforce\"",
        )
        .words(words::DMARC_CHECK),
        key(
            "dns_failure",
            Shape::Word(&["accept", "defer"]),
            "what happens when the DNS gives no answer; default \"accept\"",
        )
        .words(words::DNS_FAILURE),
    ],
};
/// Whether sender policies are checked, and how.
pub(crate) const POLICIES: Shape = Shape::Either(&[Shape::Flag, Shape::Table(&POLICY_CHECK)]);
/// The table alone.
pub(crate) static POLICY_KEYS: &Keys = &POLICY_CHECK;

pub(crate) static SPF: Keys = Keys {
    name: "`spf`",
    keys: &[
        key("hosts", ONE_OR_MORE_TEXTS, "hosts and addresses that may send for the domain"),
        key("include", TEXTS, "domains whose senders may too, as those of a sending service"),
        key(
            "otherwise",
            Shape::Word(&["fail", "softfail", "neutral"]),
            "what all others get, \"fail\" being `-all`; default \"neutral\", as without `all`",
        )
        .words(words::OTHERWISE)
        .source("RFC 7208 section 2.6"),
    ],
};

const DMARC_POLICY: Shape = Shape::Word(&["none", "quarantine", "reject"]);
static DMARC_RECORD: Keys = Keys {
    name: "`dmarc`",
    keys: &[
        required("policy", DMARC_POLICY, "what is asked for")
            .words(words::DMARC_POLICIES)
            .source("RFC 7489 section 6.3"),
        key(
            "pct",
            Shape::Count(0, 100),
            "for how many in a hundred of the messages that fail; the others get the next weaker \
             policy; default 100",
        ),
    ],
};
/// What a domain may ask for.
pub(crate) const DMARC: Shape = Shape::Either(&[DMARC_POLICY, Shape::Table(&DMARC_RECORD)]);
/// The table alone.
pub(crate) static DMARC_KEYS: &Keys = &DMARC_RECORD;
/// The word alone.
pub(crate) const DMARC_WORD: Shape = DMARC_POLICY;
