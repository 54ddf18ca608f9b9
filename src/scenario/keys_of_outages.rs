//! The keys of `[[outage]]`, `[[action]]`, `[[expect]]` and `[[note]]`.

use super::keys::ONE_OR_MORE_TEXTS;
use super::keys_of_domains::MX_LIST;
use super::keys_of_hosts::HOST_SETTINGS;
use super::limits;
use super::modes;
use super::shape::{Key, Keys, Shape, Unit, key, required};

static RANDOM: Keys = Keys {
    name: "`random`",
    keys: &[
        required("failure", Shape::Distribution(Unit::Time), "time until the next failure"),
        required("repair", Shape::Distribution(Unit::Time), "time until it is mended"),
    ],
};

const TARGETS_AND_TIMES: [Key; 12] = [
    key("name", Shape::Text, "a name for people; default: what it strikes"),
    key("host", Shape::Text, "the host that it strikes"),
    key("hosts", Shape::List(&Shape::Text), "the hosts that it strikes"),
    key("site", Shape::Text, "the site whose hosts it strikes"),
    key("address", Shape::Text, "the one address of a host that it strikes"),
    key("link", ONE_OR_MORE_TEXTS, "the link, by its name or by the two hosts it joins"),
    key(
        "dns",
        Shape::Either(&[Shape::Flag, Shape::Text]),
        "true: the whole DNS; a text: names that end in it",
    ),
    key("from", Shape::Duration, "when it begins; default 0s"),
    key("for", Shape::Duration, "how long it lasts; default: until the end"),
    key("until", Shape::Duration, "when it is over, instead of `for`"),
    key("random", Shape::Table(&RANDOM), "again and again, instead of from, for and until"),
    required("mode", Shape::Word(&modes::WORDS), "what goes wrong"),
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

pub(super) static OUTAGE: Keys = Keys { name: "an outage", keys: &KEYS_OF_OUTAGES };

static CHANGE: Keys = Keys {
    name: "`do`",
    keys: &[
        key("set", Shape::Table(&HOST_SETTINGS), "host: settings that hold from now on"),
        key("mx", MX_LIST, "domain: its exchangers from now on"),
        key("addresses", ONE_OR_MORE_TEXTS, "what the name's address records are from now on"),
        key("ttl", Shape::Duration, "time to live of the records from now on"),
        key("exists", Shape::Flag, "domain: whether the name exists from now on"),
    ],
};
/// The keys of a change.
pub(super) static CHANGE_KEYS: &Keys = &CHANGE;

/// What can be done to a host in one word.
pub(super) const COMMANDS: &[&str] = &["flush", "stop", "start"];

pub(super) static ACTION: Keys = Keys {
    name: "an action",
    keys: &[
        required("at", Shape::Duration, "when"),
        key("host", Shape::Text, "the host that it is done to"),
        key("domain", Shape::Text, "the domain whose DNS records are changed"),
        required(
            "do",
            Shape::Either(&[Shape::Word(COMMANDS), Shape::Table(&CHANGE)]),
            "\"flush\", \"stop\", \"start\", or what is changed",
        ),
    ],
};

pub(super) static EXPECT: Keys = Keys {
    name: "an expectation",
    keys: &[
        required("figure", Shape::Text, "name of a figure in summary.json"),
        key("at_least", Shape::Number, "least value allowed"),
        key("at_most", Shape::Number, "greatest value allowed"),
        key("equals", Shape::Number, "value required"),
    ],
};

pub(super) static NOTE: Keys = Keys {
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
    ],
};

/// Events that a note may wait for, as [`NotedEvent::ALL`](super::note::NotedEvent::ALL).
pub(super) const NOTED_EVENTS: &[&str] = &[
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

static OCCASION: Keys = Keys {
    name: "`on`",
    keys: &[
        required("event", Shape::Word(NOTED_EVENTS), "what happens"),
        key(
            "message",
            Shape::Text,
            "to which message, as \"1-1\"; of delay_notice and failure_notice: about which",
        ),
        key("mail", Shape::Count(1, limits::PIECES), "to a message of which [[mail]], from 1"),
        key("to", Shape::Text, "for which recipient; of looked_up: an address of which domain"),
        key("host", Shape::Text, "at which host: who took, refused, keeps or made it"),
        key("outage", Shape::Text, "for outage_begins and outage_ends: which, by its name"),
        key("nth", Shape::Count(1, limits::MESSAGES), "the how many-th time; default 1"),
    ],
};
