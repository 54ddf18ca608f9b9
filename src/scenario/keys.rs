//! The keys of a scenario file: the top, hosts, links, sites and what belongs to them.

use super::keys_of_mail::{MAIL, READING};
use super::keys_of_outages::{ACTION, EXPECT, NOTE, OUTAGE};
use super::limits;
use super::shape::{Keys, Shape, Unit, key, required};

/// A text, or a list of texts.
pub(super) const ONE_OR_MORE_TEXTS: Shape = Shape::Either(&[Shape::Text, TEXTS_INLINE]);
const TEXTS_INLINE: Shape = Shape::List(&Shape::Text);
/// A number of sessions, processes, recipients and the like.
pub(super) const PIECES: Shape = Shape::Count(1, limits::PIECES);

pub(super) static TOP: Keys = Keys {
    name: "a scenario",
    keys: &[
        key("title", Shape::Text, "one line that names the scenario"),
        key(
            "question",
            Shape::Text,
            "the question that the scenario answers",
        ),
        key("look_for", Shape::Text, "what to look for in the result"),
        key(
            "seed",
            Shape::Count(0, i64::MAX as u64),
            "seed of all random draws; default 1",
        ),
        key(
            "replication",
            Shape::Count(0, i64::MAX as u64),
            "number of the replication: other draws under the same seed; default 0",
        ),
        required(
            "duration",
            Shape::Duration,
            "how long the run observes, as \"24h\"",
        ),
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
            "defaults",
            Shape::Table(&DEFAULTS),
            "what holds where nothing else is said",
        ),
        required(
            "host",
            Shape::List(&Shape::Table(&HOST)),
            "the hosts of the network",
        ),
        key(
            "site",
            Shape::List(&Shape::Table(&SITE)),
            "groups of hosts that fail together",
        ),
        key(
            "link",
            Shape::List(&Shape::Table(&LINK)),
            "links between hosts",
        ),
        key(
            "domain",
            Shape::List(&Shape::Table(&DOMAIN)),
            "mail domains",
        ),
        key(
            "dns",
            Shape::List(&Shape::Table(&DNS)),
            "further names in the DNS",
        ),
        key(
            "mail",
            Shape::List(&Shape::Table(&MAIL)),
            "mail that is sent",
        ),
        key(
            "reading",
            Shape::List(&Shape::Table(&READING)),
            "how mailboxes are read",
        ),
        key("outage", Shape::List(&Shape::Table(&OUTAGE)), "what fails"),
        key(
            "action",
            Shape::List(&Shape::Table(&ACTION)),
            "what is done at a time",
        ),
        key(
            "expect",
            Shape::List(&Shape::Table(&EXPECT)),
            "bounds on figures of the summary",
        ),
        key(
            "note",
            Shape::List(&Shape::Table(&NOTE)),
            "remarks for those who watch the run",
        ),
    ],
};

pub(super) static DEFAULTS: Keys = Keys {
    name: "[defaults]",
    keys: &[
        key(
            "latency",
            Shape::Duration,
            "one-way latency between hosts that no link joins; default 10ms",
        ),
        key(
            "jitter",
            Shape::Duration,
            "upper bound of a delay added to it; default 0",
        ),
        key(
            "bandwidth",
            Shape::BitRate,
            "bandwidth between hosts that no link joins; default 100Mbit/s",
        ),
        key(
            "ttl",
            Shape::Duration,
            "time to live of DNS records; default 1h",
        ),
        key(
            "negative_ttl",
            Shape::Duration,
            "how long a negative answer is kept; default 5m",
        ),
        key("resolver", Shape::Table(&RESOLVER), "how hosts ask the DNS"),
    ],
};

pub(super) static RESOLVER: Keys = Keys {
    name: "`resolver`",
    keys: &[
        key(
            "latency",
            Shape::Duration,
            "time of a look-up that no cache answers; default 20ms",
        ),
        key(
            "tries",
            Shape::List(&Shape::Duration),
            "how long each try of a question waits; default [\"5s\", \"5s\"]",
        ),
        key(
            "cache",
            Shape::Flag,
            "whether answers are kept; default true",
        ),
        key(
            "negative_ttl_limit",
            Shape::Duration,
            "longest time that a negative answer is kept; default 3h",
        ),
    ],
};

/// The roles a host may have.
pub(super) const ROLES: &[&str] = &["mua", "submission", "relay", "proxy", "mx", "store", "dns"];

static NEXT_HOP: Keys = Keys {
    name: "a next hop",
    keys: &[
        key(
            "host",
            Shape::Text,
            "this host; its address is looked up, its MX records are not",
        ),
        key(
            "exchangers",
            Shape::Text,
            "the exchangers of this domain, by its MX records",
        ),
        key(
            "address",
            Shape::Text,
            "this host's address, without any look-up",
        ),
    ],
};
/// A host by name, or a table that says how to reach it.
pub(super) static HOP: Shape = Shape::Either(&[Shape::Text, Shape::Table(&NEXT_HOP)]);
/// The table alone.
pub(super) static HOP_TABLE: &Keys = &NEXT_HOP;

pub(super) static HOST: Keys = Keys {
    name: "a host",
    keys: &[
        required("name", Shape::Text, "the host's name, as mx1.example.org"),
        key(
            "roles",
            Shape::List(&Shape::Word(ROLES)),
            "what the host is there for; default: what the rest of the file uses it for",
        ),
        key(
            "count",
            Shape::Count(1, limits::HOSTS),
            "a population: hosts named mx-1.example.org, mx-2.example.org and so on; the plain \
             name then stands for all of them",
        ),
        key(
            "addresses",
            Shape::Either(&[
                Shape::Count(1, limits::ADDRESSES),
                Shape::List(&Shape::Text),
            ]),
            "how many, or which: literals, \"ipv4\" or \"ipv6\"; default: one invented IPv4",
        ),
        key(
            "ttl",
            Shape::Duration,
            "time to live of its address records",
        ),
        key(
            "mta",
            Shape::Mta,
            "profile of its mail server, or a table of settings; default \"postfix\", \"none\" \
             for what is only mua, proxy or dns",
        ),
        key(
            "message_size_limit",
            Shape::Size,
            "largest message taken; default: as the mail server says",
        ),
        key(
            "capacity",
            Shape::Table(&CAPACITY),
            "how much it can do at once and how fast",
        ),
        key(
            "local_domains",
            TEXTS_INLINE,
            "domains whose mailboxes are here, besides stores'",
        ),
        key(
            "relay_domains",
            Shape::Either(&[Shape::Word(&["all"]), TEXTS_INLINE]),
            "domains taken from anybody, besides those it is MX of; default \"all\" for a relay \
             or submission host",
        ),
        key(
            "knows_recipients",
            Shape::Flag,
            "whether unknown mailboxes of relayed domains are refused at RCPT; default false",
        ),
        key(
            "smart_host",
            HOP_INLINE,
            "where all mail goes that has no other way",
        ),
        key(
            "fallback_relay",
            Shape::Text,
            "used when all exchangers have failed for now",
        ),
        key(
            "routes",
            Shape::Map(&HOP),
            "next hop by domain, before MX records are asked",
        ),
        key(
            "clock_error",
            Shape::SignedDuration,
            "how far its clock is ahead, \"-2d\": behind",
        ),
        key(
            "behind_proxy",
            Shape::Text,
            "the proxy through which clients reach it",
        ),
        key("resolver", Shape::Table(&RESOLVER), "how it asks the DNS"),
        key(
            "greylist",
            Shape::Table(&GREYLIST),
            "refuses each new sender and recipient at first",
        ),
    ],
};
const HOP_INLINE: Shape = Shape::Either(&[Shape::Text, Shape::Table(&NEXT_HOP)]);

/// Keys of a host that an action may set.
pub(super) static HOST_SETTINGS: Keys = Keys {
    name: "`set`",
    keys: &[
        key(
            "mta",
            Shape::Mta,
            "profile of its mail server, or a table of settings",
        ),
        key("message_size_limit", Shape::Size, "largest message taken"),
        key(
            "capacity",
            Shape::Table(&CAPACITY),
            "how much it can do at once and how fast",
        ),
        key(
            "local_domains",
            TEXTS_INLINE,
            "domains whose mailboxes are here",
        ),
        key(
            "relay_domains",
            Shape::Either(&[Shape::Word(&["all"]), TEXTS_INLINE]),
            "domains taken from anybody",
        ),
        key(
            "knows_recipients",
            Shape::Flag,
            "whether unknown mailboxes are refused at RCPT",
        ),
        key(
            "smart_host",
            HOP_INLINE,
            "where all mail goes that has no other way",
        ),
        key(
            "fallback_relay",
            Shape::Text,
            "used when all exchangers have failed for now",
        ),
        key("routes", Shape::Map(&HOP), "next hop by domain"),
        key(
            "clock_error",
            Shape::SignedDuration,
            "how far its clock is ahead",
        ),
        key("resolver", Shape::Table(&RESOLVER), "how it asks the DNS"),
    ],
};

pub(super) static CAPACITY: Keys = Keys {
    name: "`capacity`",
    keys: &[
        key(
            "sessions",
            PIECES,
            "SMTP sessions served at once; more wait to be greeted",
        ),
        key(
            "sessions_per_client",
            PIECES,
            "sessions served at once for one client; more get 421",
        ),
        key(
            "delivery_processes",
            PIECES,
            "deliveries to other hosts at once",
        ),
        key(
            "local_processes",
            PIECES,
            "deliveries into mailboxes at once",
        ),
        key(
            "queue_disk",
            Shape::Size,
            "room for queued messages; when full, MAIL gets 452",
        ),
        key(
            "service",
            Shape::Table(&SERVICE),
            "how long the server's work takes",
        ),
    ],
};

pub(super) static SERVICE: Keys = Keys {
    name: "`service`",
    keys: &[
        key(
            "greeting",
            TIME,
            "from the connection until the greeting is sent",
        ),
        key("command", TIME, "before each reply to a command"),
        key("message", TIME, "between the final dot and its reply"),
        key(
            "pickup",
            TIME,
            "from acceptance until the queue manager takes the message up",
        ),
        key(
            "agent",
            TIME,
            "from the queue manager's order until delivery begins",
        ),
        key("local", TIME, "delivery of one message into a mailbox"),
    ],
};
const TIME: Shape = Shape::Distribution(Unit::Time);

static GREYLIST: Keys = Keys {
    name: "`greylist`",
    keys: &[
        key(
            "delay",
            Shape::Duration,
            "how long a new triple must wait; default 5m",
        ),
        key(
            "reply",
            Shape::Text,
            "reply meanwhile; default \"450 4.2.0\"",
        ),
    ],
};

static SITE: Keys = Keys {
    name: "a site",
    keys: &[
        required("name", Shape::Text, "the site's name"),
        required("hosts", TEXTS_INLINE, "the hosts there"),
    ],
};

static LINK: Keys = Keys {
    name: "a link",
    keys: &[
        key("name", Shape::Text, "a name by which outages may call it"),
        required("between", TEXTS_INLINE, "the two hosts that it joins"),
        key(
            "latency",
            Shape::Duration,
            "time from one end to the other; default: [defaults]",
        ),
        key(
            "jitter",
            Shape::Duration,
            "upper bound of a delay added to it; default: [defaults]",
        ),
        key(
            "bandwidth",
            Shape::BitRate,
            "in each direction; default: [defaults]",
        ),
    ],
};

static MX: Keys = Keys {
    name: "an MX record",
    keys: &[
        key("host", Shape::Text, "a host of this scenario"),
        key("name", Shape::Text, "any name, whether or not it resolves"),
        key(
            "preference",
            Shape::Count(0, 65_535),
            "the lower, the earlier it is tried; default 10, 20, 30 in the order of the list",
        ),
    ],
};
static MX_RECORD: Shape = Shape::Either(&[Shape::Text, Shape::Table(&MX)]);
/// The keys of an MX record.
pub(super) static MX_KEYS: &Keys = &MX;
/// `"none"`, or a list of records.
pub(super) const MX_LIST: Shape = Shape::Either(&[Shape::Word(&["none"]), Shape::List(&MX_RECORD)]);

static MAILBOXES: Keys = Keys {
    name: "`mailboxes`",
    keys: &[
        key(
            "count",
            Shape::Count(0, limits::MAILBOXES),
            "how many, named ones included",
        ),
        key("names", TEXTS_INLINE, "those with a name of their own"),
    ],
};
/// The keys of a table of mailboxes.
pub(super) static MAILBOX_KEYS: &Keys = &MAILBOXES;

pub(super) static DOMAIN: Keys = Keys {
    name: "a domain",
    keys: &[
        required("name", Shape::Text, "the domain behind the at sign"),
        key(
            "exists",
            Shape::Flag,
            "false: the DNS answers that there is no such name",
        ),
        key(
            "mx",
            MX_LIST,
            "its exchangers; \"none\" is a null MX: the domain takes no mail (RFC 7505)",
        ),
        key(
            "address",
            ONE_OR_MORE_TEXTS,
            "hosts at which the name itself is found",
        ),
        key(
            "alias",
            Shape::Text,
            "another name whose records hold (CNAME)",
        ),
        key(
            "store",
            Shape::Text,
            "the host that keeps its mailboxes; default: the best exchanger",
        ),
        key(
            "mailboxes",
            Shape::Either(&[TEXTS_INLINE, Shape::Table(&MAILBOXES)]),
            "their names, or { count = 500 }",
        ),
        key("ttl", Shape::Duration, "time to live of its records"),
        key(
            "negative_ttl",
            Shape::Duration,
            "how long a negative answer is kept",
        ),
    ],
};

static DNS: Keys = Keys {
    name: "a name in the DNS",
    keys: &[
        required("name", Shape::Text, "the name"),
        key(
            "addresses",
            ONE_OR_MORE_TEXTS,
            "hosts or addresses that it stands for",
        ),
        key(
            "alias",
            Shape::Text,
            "another name whose records hold (CNAME)",
        ),
        key("mx", MX_LIST, "its exchangers"),
        key(
            "exists",
            Shape::Flag,
            "false: the DNS answers that there is no such name",
        ),
        key("ttl", Shape::Duration, "time to live of its records"),
        key(
            "negative_ttl",
            Shape::Duration,
            "how long a negative answer is kept",
        ),
    ],
};
