//! The keys of `[[outage]]`, `[[action]]`, `[[expect]]` and `[[note]]`.

use super::modes;
use crate::scenario::domain::keys::MX_LIST;
use crate::scenario::host::keys::HOST_SETTINGS;
use crate::scenario::keys::ONE_OR_MORE_TEXTS;
use crate::scenario::text::limits;
use crate::scenario::text::shape::{Key, Keys, Shape, Unit, key, required};
use crate::scenario::text::words;

static RANDOM: Keys = Keys {
    name: "`random`",
    keys: &[
        required("failure", Shape::Distribution(Unit::Time), "time until the next failure"),
        required("repair", Shape::Distribution(Unit::Time), "time until it is mended"),
    ],
};

const TARGETS_AND_TIMES: [Key; 13] = [
    key("name", Shape::Text, "a name for people; default: what it strikes"),
    key("host", Shape::Text, "the host that it strikes"),
    key("hosts", Shape::List(&Shape::Text), "the hosts that it strikes"),
    key("site", Shape::Text, "the site whose hosts it strikes"),
    key("address", Shape::Text, "the one address of a host that it strikes")
        .example(r#"address = "192.0.2.1""#),
    key("link", ONE_OR_MORE_TEXTS, "the link, by its name or by the two hosts it joins")
        .example(r#"link = ["mail.sender.example", "mx1.example.org"]"#),
    key(
        "dns",
        Shape::Either(&[Shape::Flag, Shape::Text]),
        "true: the whole DNS; a text: names that end in it",
    )
    .example(r#"dns = "recipient.example""#),
    key(
        "asked_by",
        ONE_OR_MORE_TEXTS,
        "dns: the hosts whose questions fail, or \"servers\" for all but mail programs; default: \
         everybody's",
    )
    .example(r#"asked_by = "servers""#),
    key("from", Shape::Duration, "when it begins; default 0s"),
    key("for", Shape::Duration, "how long it lasts; default: until the end"),
    key("until", Shape::Duration, "when it is over, instead of `for`"),
    key("random", Shape::Table(&RANDOM), "again and again, instead of from, for and until")
        .example(r#"random = { failure = { exponential = { mean = "30d" } }, repair = "4h" }"#),
    required("mode", Shape::Word(&modes::WORDS), "what goes wrong").example(r#"mode = "refuse""#),
];

/// With the keys that some modes take.
static KEYS_OF_OUTAGES: [Key; TARGETS_AND_TIMES.len() + modes::KEYS.len()] = {
    let mut keys = [TARGETS_AND_TIMES[0]; TARGETS_AND_TIMES.len() + modes::KEYS.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = if at < TARGETS_AND_TIMES.len() {
            TARGETS_AND_TIMES[at]
        } else {
            modes::KEYS[at - TARGETS_AND_TIMES.len()]
        };
        at += 1;
    }
    keys
};

pub(crate) static OUTAGE: Keys = Keys { name: "an outage", keys: &KEYS_OF_OUTAGES };

static CHANGE: Keys = Keys {
    name: "`do`",
    keys: &[
        key("set", Shape::Table(&HOST_SETTINGS), "host: settings that hold from now on"),
        key("mx", MX_LIST, "domain: its exchangers from now on")
            .words(words::NO_MAIL)
            .example(r#"mx = ["mx2.example.org"]"#),
        key("addresses", ONE_OR_MORE_TEXTS, "what the name's address records are from now on"),
        key("ttl", Shape::Duration, "time to live of the records from now on"),
        key("exists", Shape::Flag, "domain: whether the name exists from now on"),
    ],
};
/// The keys of a change.
pub(crate) static CHANGE_KEYS: &Keys = &CHANGE;

/// What can be done to a host in one word.
pub(crate) const COMMANDS: &[&str] = &["flush", "stop", "start"];

pub(crate) static ACTION: Keys = Keys {
    name: "an action",
    keys: &[
        required("at", Shape::Duration, "when"),
        key("host", Shape::Text, "the host that it is done to"),
        key("domain", Shape::Text, "the domain whose DNS records are changed"),
        required(
            "do",
            Shape::Either(&[Shape::Word(COMMANDS), Shape::Table(&CHANGE)]),
            "\"flush\", \"stop\", \"start\", or what is changed",
        )
        .words(words::COMMANDS)
        .example(r#"do = { set = { message_size_limit = "20MB" } }"#),
    ],
};

/// A number, or a text with a unit.
const BOUND: Shape = Shape::Either(&[Shape::Number, Shape::Text]);

pub(crate) static EXPECT: Keys = Keys {
    name: "an expectation",
    keys: &[
        required("figure", Shape::Text, "name of a figure, as `mailsim figures` lists them")
            .example(r#"figure = "submission_to_delivery.p95""#),
        key("at_least", BOUND, "least value allowed: a number, or with its unit, as \"99%\""),
        key("at_most", BOUND, "greatest value allowed: a number, or with its unit, as \"3h\""),
        key("equals", BOUND, "value required: a number, or with its unit"),
    ],
};

pub(crate) static WINDOW: Keys = Keys {
    name: "a window",
    keys: &[
        required("name", Shape::Text, "its name, as figures say it: during:NAME"),
        key("from", Shape::Duration, "when it begins; default 0s"),
        key("for", Shape::Duration, "how long it lasts; default: until the end"),
        key("until", Shape::Duration, "when it is over, instead of `for`"),
    ],
};

pub(crate) static NOTE: Keys = Keys {
    name: "a note",
    keys: &[
        key("at", Shape::Duration, "when it is shown"),
        key("on", Shape::Table(&OCCASION), "instead of `at`: the event after which it is shown"),
        key("text", Shape::Text, "what it says"),
        key(
            "ask",
            Shape::Text,
            "a question: the page stops here until those who watch have guessed",
        ),
        key("answer", Shape::Text, "what is said then; without it the run shows the answer"),
        key(
            "if",
            Shape::Either(&[Shape::Table(&CONDITION), Shape::List(&Shape::Table(&CONDITION))]),
            "what must be so for it to be shown; default: overrides change nothing of the scenario",
        ),
    ],
};

/// Events that a note may wait for, as [`NotedEvent::ALL`](crate::model::note::NotedEvent::ALL).
pub(crate) const NOTED_EVENTS: &[&str] = &[
    "written",
    "looked_up",
    "accepted",
    "deferred",
    "refused",
    "delivered",
    "failed",
    "retrieved",
    "delay_notice",
    "failure_notice",
    "outage_begins",
    "outage_ends",
];

const HAPPENING: [Key; 6] = [
    key(
        "message",
        Shape::Text,
        "to which message, as \"1-1\"; of delay_notice and failure_notice: about which",
    )
    .example(r#"message = "1-1""#),
    key("mail", Shape::Count(1, limits::PIECES), "to a message of which [[mail]], from 1"),
    key("to", Shape::Text, "for which recipient; of looked_up: an address of which domain"),
    key("host", Shape::Text, "at which host: who took, refused, keeps or made it"),
    key("outage", Shape::Text, "for outage_begins and outage_ends: which, by its name")
        .example(r#"outage = "power cut""#),
    key(
        "nth",
        Shape::Count(1, limits::MESSAGES),
        "which time it happens, counted from 1; default 1",
    ),
];

static OCCASION: Keys = Keys {
    name: "`on`",
    keys: &{
        let [message, mail, to, host, outage, nth] = HAPPENING;
        [
            required("event", Shape::Word(NOTED_EVENTS), "what happens").words(words::NOTED_EVENTS),
            message,
            mail,
            to,
            host,
            outage,
            nth,
        ]
    },
};

pub(crate) static CONDITION: Keys = Keys {
    name: "a condition",
    keys: &{
        let [message, mail, to, host, outage, nth] = HAPPENING;
        [
            key("event", Shape::Word(NOTED_EVENTS), "what must happen in the run")
                .words(words::NOTED_EVENTS),
            message,
            mail,
            to,
            host,
            outage,
            nth,
            key("from", Shape::Duration, "it counts from this time on; default 0s"),
            key("until", Shape::Duration, "it counts up to this time; default: the end"),
            key("never", Shape::Flag, "true: it must not happen then"),
            key(
                "unchanged",
                ONE_OR_MORE_TEXTS,
                "instead of `event`: keys, spelt as for --set, that no override may change",
            ),
        ]
    },
};
