//! The keys of a scenario file: the top, its defaults, sites and links.

use super::checks::allow::{NAMES, WARNINGS};
use super::domain::keys::{DNS, DOMAIN};
use super::domain::keys_of_screening::BLOCKLIST;
use super::events::keys::{ACTION, EXPECT, NOTE, OUTAGE, WINDOW};
use super::host::keys::HOST;
use super::text::limits;
use super::text::shape::{Key, Keys, Shape, Unit, key, required};
use super::traffic::keys::{LIST, MAIL, QUEUED, READING, RESPONDER};

/// A text, or a list of texts.
pub(crate) const ONE_OR_MORE_TEXTS: Shape = Shape::Either(&[Shape::Text, TEXTS]);
/// A list of texts.
pub(crate) const TEXTS: Shape = Shape::List(&Shape::Text);
/// A number of sessions, processes, recipients and the like.
pub(crate) const PIECES: Shape = Shape::Count(1, limits::PIECES);

pub(crate) static TOP: Keys = Keys {
    name: "a scenario",
    keys: &[
        key("title", Shape::Text, "one line that names the scenario"),
        key("question", Shape::Text, "the question that the scenario answers"),
        key("look_for", Shape::Text, "what to look for in the result"),
        key("seed", Shape::Count(0, i64::MAX as u64), "seed of all random draws; default 1"),
        key(
            "replication",
            Shape::Count(0, i64::MAX as u64),
            "number of the replication: other draws under the same seed; default 0",
        ),
        required("duration", Shape::Duration, "how long the run observes, as \"24h\"")
            .example(r#"duration = "24h""#),
        key(
            "sample_every",
            Shape::Duration,
            "how often queues are sampled; default: about a 240th of the duration",
        ),
        key(
            "allow_loops",
            Shape::Flag,
            "true if mail is meant to go round in a circle; default false: a circle of routes is \
             refused",
        ),
        key(
            "allow",
            Shape::List(&Shape::Word(&NAMES)),
            "warnings that are silenced for good: what they warn of is meant",
        )
        .words(WARNINGS)
        .example(r#"allow = ["single-exchanger"]"#),
        key("defaults", Shape::Table(&DEFAULTS), "what holds where nothing else is said"),
        required("host", Shape::List(&Shape::Table(&HOST)), "the hosts of the network"),
        key("site", Shape::List(&Shape::Table(&SITE)), "groups of hosts that fail together"),
        key("link", Shape::List(&Shape::Table(&LINK)), "links between hosts"),
        key("domain", Shape::List(&Shape::Table(&DOMAIN)), "mail domains"),
        key("dns", Shape::List(&Shape::Table(&DNS)), "further names in the DNS"),
        key("mail", Shape::List(&Shape::Table(&MAIL)), "mail that is sent"),
        key(
            "queued",
            Shape::List(&Shape::Table(&QUEUED)),
            "mail that waits in queues when the run begins",
        ),
        key(
            "blocklist",
            Shape::List(&Shape::Table(&BLOCKLIST)),
            "lists of addresses from which servers take no mail",
        ),
        key("list", Shape::List(&Shape::Table(&LIST)), "aliases and mailing lists"),
        key("responder", Shape::List(&Shape::Table(&RESPONDER)), "mailboxes that answer"),
        key("reading", Shape::List(&Shape::Table(&READING)), "how mailboxes are read"),
        key("outage", Shape::List(&Shape::Table(&OUTAGE)), "what fails"),
        key("action", Shape::List(&Shape::Table(&ACTION)), "what is done at a time"),
        key(
            "window",
            Shape::List(&Shape::Table(&WINDOW)),
            "stretches of time with a name, for figures of the mail submitted in them",
        ),
        key(
            "figures",
            TEXTS,
            "further figures that the summary shall hold, as `mailsim figures` lists them",
        ),
        key("expect", Shape::List(&Shape::Table(&EXPECT)), "bounds on figures"),
        key("note", Shape::List(&Shape::Table(&NOTE)), "remarks for those who watch the run"),
        key("live", Shape::Table(&LIVE), "real programs that talk to servers of the run"),
    ],
};

/// Real programs that talk to the run.
static LIVE: Keys = Keys {
    name: "[live]",
    keys: &[
        key(
            "inputs",
            Shape::Text,
            "what they did, a line each, as `mailsim live --record` writes it",
        ),
        key(
            "passwords",
            Shape::Map(&Shape::Text),
            "passwords by login name; for any other name any will do",
        )
        .example(r#"passwords = { "alice@sender.example" = "secret" }"#),
        key(
            "outside",
            TEXTS,
            "hosts whose part real servers play, whose answers are among the inputs",
        ),
    ],
};

/// What TCP and IP add to a line's octets.
const HEADER: Key = key(
    "header",
    Shape::Size,
    "headers in each packet; default 52B (IPv4, and TCP with time stamps), \"0B\" for a plain line",
);
const SLOW_START: Key = key(
    "slow_start",
    Shape::Flag,
    "whether senders begin with a small window (TCP); default true, false for a plain line",
);

pub(crate) static DEFAULTS: Keys = Keys {
    name: "[defaults]",
    keys: &[
        key(
            "latency",
            Shape::Duration,
            "one-way latency between hosts that no link joins; default 10ms",
        ),
        key("jitter", Shape::Duration, "upper bound of a delay added to it; default 0"),
        key(
            "bandwidth",
            Shape::BitRate,
            "bandwidth between hosts that no link joins; default 100Mbit/s",
        ),
        HEADER,
        SLOW_START,
        key("ttl", Shape::Duration, "time to live of DNS records; default 1h"),
        key("negative_ttl", Shape::Duration, "how long a negative answer is kept; default 5m"),
        key("resolver", Shape::Table(&RESOLVER), "how hosts ask the DNS"),
    ],
};

pub(crate) static RESOLVER: Keys = Keys {
    name: "`resolver`",
    keys: &[
        key(
            "latency",
            Shape::Distribution(Unit::Time),
            "time of a look-up that no cache answers; default 20ms",
        ),
        key(
            "tries",
            Shape::List(&Shape::Duration),
            "how long each try of a question waits; default [\"5s\", \"5s\"]",
        ),
        key("cache", Shape::Flag, "whether answers are kept; default true"),
        key(
            "negative_ttl_limit",
            Shape::Duration,
            "longest time that a negative answer is kept; default 3h",
        ),
    ],
};

static SITE: Keys = Keys {
    name: "a site",
    keys: &[
        required("name", Shape::Text, "the site's name"),
        required("hosts", TEXTS, "the hosts there"),
    ],
};

static LINK: Keys = Keys {
    name: "a link",
    keys: &[
        key("name", Shape::Text, "a name by which outages may call it"),
        required("between", TEXTS, "the two hosts that it joins")
            .example(r#"between = ["mail.sender.example", "mx1.example.org"]"#),
        key("latency", Shape::Duration, "time from one end to the other; default: [defaults]"),
        key("jitter", Shape::Duration, "upper bound of a delay added to it; default: [defaults]"),
        key("bandwidth", Shape::BitRate, "in each direction; default: [defaults]"),
        HEADER,
        SLOW_START,
    ],
};
