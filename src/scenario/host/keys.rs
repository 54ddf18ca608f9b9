//! The keys of `[[host]]` and of the tables within it.

use super::acceptance::{LIMITS, REPUTATION, STANDINGS, VERIFICATION};
use crate::model::SourceChoice;
use crate::scenario::domain::keys_of_screening::{FILTER, POLICIES};
use crate::scenario::keys::{PIECES, RESOLVER, TEXTS};
use crate::scenario::text::limits;
use crate::scenario::text::shape::{Keys, Shape, Unit, key, required};
use crate::scenario::text::words;

/// The roles a host may have.
pub(crate) const ROLES: &[&str] = &["mua", "submission", "relay", "proxy", "mx", "store", "dns"];

static NEXT_HOP: Keys = Keys {
    name: "a next hop",
    keys: &[
        key("host", Shape::Text, "this host; its address is looked up, its MX records are not"),
        key("exchangers", Shape::Text, "the exchangers of this domain, by its MX records"),
        key("address", Shape::Text, "this host's address, without any look-up"),
    ],
};
/// A host by name, or a table that says how to reach it.
pub(crate) static HOP: Shape = Shape::Either(&[Shape::Text, Shape::Table(&NEXT_HOP)]);
/// The table alone.
pub(crate) static HOP_TABLE: &Keys = &NEXT_HOP;

pub(crate) static HOST: Keys = Keys {
    name: "a host",
    keys: &[
        required("name", Shape::Text, "the host's name, as mx1.example.org"),
        key(
            "roles",
            Shape::List(&Shape::Word(ROLES)),
            "what the host is there for; default: what the rest of the file uses it for",
        ).words(words::ROLES).example(r#"roles = ["mx", "store"]"#),
        key(
            "count",
            Shape::Count(1, limits::HOSTS),
            "a population: hosts named mx-1.example.org, mx-2.example.org and so on; the plain \
             name then stands for all of them",
        ),
        key(
            "addresses",
            Shape::Either(&[Shape::Count(1, limits::ADDRESSES), Shape::List(&Shape::Text)]),
            "how many, or which: literals, \"ipv4\" or \"ipv6\"; default: one invented IPv4",
        ).example(r#"addresses = ["192.0.2.1", "ipv6"]"#),
        key("ttl", Shape::Duration, "time to live of its address records"),
        key(
            "mta",
            Shape::Mta,
            "profile of its mail server, or a table of settings; default \"postfix\", \"none\" \
             for what is only mua, proxy or dns",
        ).example(r#"mta = { profile = "postfix", maximal_queue_lifetime = "1d" }"#),
        key(
            "message_size_limit",
            Shape::SizeOrOctets,
            "largest message taken; default: as the mail server says",
        ),
        key("capacity", Shape::Table(&CAPACITY), "how much it can do at once and how fast").example(r#"capacity = { sessions = 100, delivery_processes = 50 }"#),
        key("local_domains", TEXTS, "domains whose mailboxes are here, besides stores'"),
        key(
            "relay_domains",
            Shape::Either(&[Shape::Word(&["all"]), TEXTS]),
            "domains taken from anybody, besides those it is MX of; default \"all\" for a relay \
             or submission host",
        ).words(words::RELAY_DOMAINS).example(r#"relay_domains = ["recipient.example"]"#),
        key(
            "unaware_of",
            TEXTS,
            "domains that it stores or is MX of, but that nobody has named to it",
        ),
        key(
            "knows_recipients",
            Shape::Flag,
            "whether unknown mailboxes of relayed domains are refused at RCPT; default false",
        ).models("Postfix: relay_recipient_maps. Without it a backup takes mail for unknown mailboxes and has to return it."),
        key("smart_host", HOP_INLINE, "where all mail goes that has no other way").models("Postfix: relayhost; Exim: a route of manualroute for all domains."),
        key("fallback_relay", Shape::Text, "used when all exchangers have failed for now").models("Postfix: smtp_fallback_relay; the mail goes there when all exchangers have failed for now."),
        key(
            "shadow_host",
            Shape::Text,
            "Exchange only: who keeps a shadow copy of what is queued here",
        ),
        key("routes", Shape::Map(&HOP), "next hop by domain, before MX records are asked").example(r#"routes = { "partner.example" = { exchangers = "gateway.example" } }"#),
        key("clock_error", Shape::SignedDuration, "how far its clock is ahead, \"-2d\": behind"),
        key("behind_proxy", Shape::Text, "the proxy through which clients reach it").example(r#"behind_proxy = "proxy.example.org""#),
        key(
            "proxy_protocol",
            Shape::Flag,
            "whether the proxy tells it who connects; default false: all seems to come from the proxy",
        ),
        key(
            "knows_proxy_address",
            Shape::Flag,
            "whether it takes the proxy's address for its own (Postfix: proxy_interfaces); default false",
        ),
        key("resolver", Shape::Table(&RESOLVER), "how it asks the DNS"),
        key("greylist", Shape::Table(&GREYLIST), "refuses each new sender and recipient at first").source("RFC 6647; defaults of Postgrey"),
        key(
            "limits",
            LIMITS,
            "how much it takes from whom over time; default: as the profile says",
        ),
        key(
            "verifies_recipients",
            Shape::Table(&VERIFICATION),
            "asks another host about recipients of domains that it relays, before it takes them",
        ),
        key("reputation", Shape::Table(&REPUTATION), "how it treats addresses that connect to it"),
        key(
            "blocklists",
            TEXTS,
            "zones of [[blocklist]] asked for each client before RCPT is answered: 554 to those listed",
        ),
        key("sender_policies", POLICIES, "whether SPF, DKIM and DMARC are checked; default false"),
        key(
            "filter",
            Shape::Table(&FILTER),
            "the content filter that looks at mail from strangers",
        ),
        key(
            "standing",
            Shape::Word(STANDINGS),
            "what other operators think of it: \"new\" addresses have to warm up, \"bad\" ones \
             are refused by who looks at reputation; default \"known\"",
        ).words(words::STANDINGS),
        key(
            "dedicated_addresses",
            Shape::Map(&Shape::Text),
            "by sender's domain, the one of its `addresses` that only this domain's mail leaves from",
        ).example(r#"dedicated_addresses = { "shop.example" = "192.0.2.2" }"#),
        key(
            "source_address",
            Shape::Word(SourceChoice::WORDS),
            "from which of several addresses it connects: \"sticky\" (default; drawn for each message \
             and kept for its tries), \"in_turn\" by connection, or \"random\" for each",
        ).words(words::SOURCE_ADDRESSES),
    ],
};
const HOP_INLINE: Shape = Shape::Either(&[Shape::Text, Shape::Table(&NEXT_HOP)]);

/// Keys of a host that an action may set.
pub(crate) static HOST_SETTINGS: Keys = Keys {
    name: "`set`",
    keys: &[
        key("mta", Shape::Mta, "profile of its mail server, or a table of settings")
            .example(r#"mta = { profile = "postfix", maximal_queue_lifetime = "1d" }"#),
        key("message_size_limit", Shape::SizeOrOctets, "largest message taken"),
        key("capacity", Shape::Table(&CAPACITY), "how much it can do at once and how fast"),
        key("local_domains", TEXTS, "domains whose mailboxes are here"),
        key(
            "relay_domains",
            Shape::Either(&[Shape::Word(&["all"]), TEXTS]),
            "domains taken from anybody",
        )
        .words(words::RELAY_DOMAINS)
        .example(r#"relay_domains = ["recipient.example"]"#),
        key("unaware_of", TEXTS, "domains that nobody has named to it"),
        key("proxy_protocol", Shape::Flag, "whether the proxy tells it who connects"),
        key("knows_proxy_address", Shape::Flag, "whether it takes the proxy's address for its own"),
        key("knows_recipients", Shape::Flag, "whether unknown mailboxes are refused at RCPT"),
        key("smart_host", HOP_INLINE, "where all mail goes that has no other way"),
        key("fallback_relay", Shape::Text, "used when all exchangers have failed for now"),
        key(
            "shadow_host",
            Shape::Text,
            "Exchange only: who keeps a shadow copy of what is queued here",
        ),
        key("routes", Shape::Map(&HOP), "next hop by domain")
            .example(r#"routes = { "partner.example" = { exchangers = "gateway.example" } }"#),
        key("clock_error", Shape::SignedDuration, "how far its clock is ahead"),
        key("resolver", Shape::Table(&RESOLVER), "how it asks the DNS"),
        key("limits", LIMITS, "how much it takes from whom over time"),
        key("reputation", Shape::Table(&REPUTATION), "how it treats addresses that connect to it"),
        key("standing", Shape::Word(STANDINGS), "what other operators think of it")
            .words(words::STANDINGS),
        key("blocklists", TEXTS, "zones of [[blocklist]] asked for each client"),
        key("sender_policies", POLICIES, "whether SPF, DKIM and DMARC are checked"),
        key("filter", Shape::Table(&FILTER), "the content filter"),
    ],
};

pub(crate) static CAPACITY: Keys = Keys {
    name: "`capacity`",
    keys: &[
        key("sessions", PIECES, "SMTP sessions served at once; more wait to be greeted"),
        key("sessions_per_client", PIECES, "sessions served at once for one client; more get 421"),
        key(
            "listen_queue",
            Shape::Count(0, limits::PIECES),
            "connections that wait to be greeted; requests for more are dropped, and clients repeat \
             them after 1, 3, 7 s and so on",
        ),
        key("delivery_processes", PIECES, "deliveries to other hosts at once"),
        key("local_processes", PIECES, "deliveries into mailboxes at once"),
        key("queue_disk", Shape::Size, "room for queued messages; when full, MAIL gets 452"),
        key("service", Shape::Table(&SERVICE), "how long the server's work takes"),
    ],
};

pub(crate) static SERVICE: Keys = Keys {
    name: "`service`",
    keys: &[
        key("greeting", TIME, "from the connection until the greeting is sent"),
        key("command", TIME, "before each reply to a command"),
        key("message", TIME, "between the final dot and its reply"),
        key("pickup", TIME, "from acceptance until the queue manager takes the message up"),
        key("agent", TIME, "from the queue manager's order until delivery begins"),
        key("process_start", TIME, "added to it where no delivery process is idle; default 0"),
        key("local", TIME, "delivery of one message into a mailbox"),
    ],
};
const TIME: Shape = Shape::Distribution(Unit::Time);

static GREYLIST: Keys = Keys {
    name: "`greylist`",
    keys: &[
        key("delay", Shape::Duration, "how long a new triple must wait; default 5m"),
        key("reply", Shape::Text, "reply meanwhile; default \"450 4.2.0\""),
        key(
            "by",
            Shape::Word(&["address", "network", "domain"]),
            "how it tells clients apart: by address (default), by /24 or /64, by the domain of the name",
        ).words(words::CLIENTS),
        key(
            "retry_window",
            Shape::Duration,
            "how long a first visit is remembered if nobody comes back; default 2d",
        ),
        key(
            "lifetime",
            Shape::Duration,
            "how long who has passed is remembered after the last visit; default 35d",
        ),
        key(
            "whitelist",
            Shape::List(&Shape::Text),
            "clients that need not wait: \"192.0.2.1\", \"192.0.2.0/24\" or \"big.example\"",
        ).example(r#"whitelist = ["192.0.2.0/24", "big.example"]"#),
        key(
            "exempt_after",
            Shape::Count(0, limits::PIECES),
            "visits let pass after which a client is exempt (automatic whitelist); default 0: never",
        ),
        key("shared", Shape::Text, "a name: hosts whose greylists have the same share one memory").example(r#"shared = "site""#),
    ],
};
