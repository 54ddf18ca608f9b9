//! The keys of `[[domain]]` and `[[dns]]`.

use super::keys::{ONE_OR_MORE_TEXTS, TEXTS};
use super::keys_of_screening::{DMARC, SPF};
use super::limits;
use super::shape::{Keys, Shape, key, required};

static MX: Keys = Keys {
    name: "an MX record",
    keys: &[
        key("host", Shape::Text, "a host of this scenario"),
        key("name", Shape::Text, "any name, whether or not it resolves; \".\" for the root"),
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
        key("count", Shape::Count(0, limits::MAILBOXES), "how many, named ones included"),
        key("names", TEXTS, "those with a name of their own"),
    ],
};
/// The keys of a table of mailboxes.
pub(super) static MAILBOX_KEYS: &Keys = &MAILBOXES;

pub(super) static DOMAIN: Keys = Keys {
    name: "a domain",
    keys: &[
        required("name", Shape::Text, "the domain behind the at sign"),
        key("exists", Shape::Flag, "false: the DNS answers that there is no such name"),
        key(
            "mx",
            MX_LIST,
            "its exchangers; \"none\" is a null MX: the domain takes no mail (RFC 7505)",
        ),
        key("address", ONE_OR_MORE_TEXTS, "hosts at which the name itself is found"),
        key("alias", Shape::Text, "another name whose records hold (CNAME)"),
        key("store", Shape::Text, "the host that keeps its mailboxes; default: the best exchanger"),
        key(
            "mailboxes",
            Shape::Either(&[TEXTS, Shape::Table(&MAILBOXES)]),
            "their names, or { count = 500 }",
        ),
        key("spf", Shape::Table(&SPF), "who may send for it (RFC 7208); default: no record"),
        key(
            "dkim",
            ONE_OR_MORE_TEXTS,
            "hosts that sign its mail when it is submitted to them (RFC 6376); default: nobody does",
        ),
        key(
            "dmarc",
            DMARC,
            "what it asks to be done with mail that only pretends to be from it (RFC 7489); default: \
             no record",
        ),
        key("ttl", Shape::Duration, "time to live of its records"),
        key("negative_ttl", Shape::Duration, "how long a negative answer is kept"),
    ],
};

pub(super) static DNS: Keys = Keys {
    name: "a name in the DNS",
    keys: &[
        required("name", Shape::Text, "the name"),
        key("addresses", ONE_OR_MORE_TEXTS, "hosts or addresses that it stands for"),
        key("alias", Shape::Text, "another name whose records hold (CNAME)"),
        key("mx", MX_LIST, "its exchangers"),
        key("exists", Shape::Flag, "false: the DNS answers that there is no such name"),
        key("ttl", Shape::Duration, "time to live of its records"),
        key("negative_ttl", Shape::Duration, "how long a negative answer is kept"),
    ],
};
