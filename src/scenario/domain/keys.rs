//! The keys of `[[domain]]` and `[[dns]]`.

use super::keys_of_screening::{DMARC, SPF};
use crate::scenario::keys::{ONE_OR_MORE_TEXTS, TEXTS};
use crate::scenario::text::limits;
use crate::scenario::text::shape::{Keys, Shape, key, required};
use crate::scenario::text::words;

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
pub(crate) static MX_KEYS: &Keys = &MX;
/// `"none"`, or a list of records.
pub(crate) const MX_LIST: Shape = Shape::Either(&[Shape::Word(&["none"]), Shape::List(&MX_RECORD)]);

static MAILBOXES: Keys = Keys {
    name: "`mailboxes`",
    keys: &[
        key("count", Shape::Count(0, limits::MAILBOXES), "how many, named ones included"),
        key("names", TEXTS, "those with a name of their own"),
    ],
};
/// The keys of a table of mailboxes.
pub(crate) static MAILBOX_KEYS: &Keys = &MAILBOXES;

pub(crate) static DOMAIN: Keys = Keys {
    name: "a domain",
    keys: &[
        required("name", Shape::Text, "the domain behind the at sign"),
        key(
            "count",
            Shape::Count(1, limits::HOSTS),
            "a population of domains that are alike: customer.example makes customer-1.example, \
             customer-2.example and so on; an exchanger or store that is a population of as many hosts \
             gives each domain one of its own, any other host is shared; the plain name stands for all \
             where mail is drawn",
        ),
        key("exists", Shape::Flag, "false: the DNS answers that there is no such name"),
        key(
            "mx",
            MX_LIST,
            "its exchangers; \"none\" is a null MX: the domain takes no mail (RFC 7505)",
        ).words(words::NO_MAIL).example(r#"mx = [{ host = "mx1.example.org", preference = 10 }]"#).source("RFC 5321 section 5.1, RFC 7505"),
        key("address", ONE_OR_MORE_TEXTS, "hosts at which the name itself is found").example(r#"address = "mx1.example.org""#),
        key("alias", Shape::Text, "another name whose records hold (CNAME)"),
        key("store", Shape::Text, "the host that keeps its mailboxes; default: the best exchanger"),
        key(
            "mailboxes",
            Shape::Either(&[TEXTS, Shape::Table(&MAILBOXES)]),
            "their names, or { count = 500 }",
        ).example(r#"mailboxes = { count = 500, names = ["bob"] }"#),
        key("spf", Shape::Table(&SPF), "who may send for it (RFC 7208); default: no record").example(r#"spf = { hosts = ["mail.sender.example"], otherwise = "fail" }"#),
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
        ).words(words::DMARC_POLICIES),
        key("ttl", Shape::Duration, "time to live of its records"),
        key("negative_ttl", Shape::Duration, "how long a negative answer is kept"),
    ],
};

pub(crate) static DNS: Keys = Keys {
    name: "a name in the DNS",
    keys: &[
        required("name", Shape::Text, "the name"),
        key("addresses", ONE_OR_MORE_TEXTS, "hosts or addresses that it stands for")
            .example(r#"addresses = "mx1.example.org""#),
        key("alias", Shape::Text, "another name whose records hold (CNAME)"),
        key("mx", MX_LIST, "its exchangers")
            .words(words::NO_MAIL)
            .example(r#"mx = [{ host = "mx1.example.org", preference = 10 }]"#),
        key("exists", Shape::Flag, "false: the DNS answers that there is no such name"),
        key("ttl", Shape::Duration, "time to live of its records"),
        key("negative_ttl", Shape::Duration, "how long a negative answer is kept"),
    ],
};
