//! The SMTP client of every server but Postfix, which has names of its own.

use super::{Of, Setting, Slot, setting};
use crate::profiles::Family;

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(not_postfix, "connect_timeout", Duration, client.timeouts.connect, "TCP connection"),
    setting!(not_postfix, "tcp_fast_open", Flag, client.tcp_fast_open, "whether connections are opened by TCP fast open, so that connect_timeout has no effect"),
    setting!(not_postfix, "greeting_timeout", Duration, client.timeouts.greeting, "220 greeting"),
    setting!(not_postfix, "ehlo_timeout", Duration, client.timeouts.ehlo, "reply to EHLO"),
    setting!(not_postfix, "tls_timeout", Duration, client.timeouts.tls, "STARTTLS and handshake"),
    setting!(not_postfix, "mail_timeout", Duration, client.timeouts.mail, "reply to MAIL"),
    setting!(not_postfix, "rcpt_timeout", Duration, client.timeouts.rcpt, "reply to RCPT"),
    setting!(not_postfix, "data_timeout", Duration, client.timeouts.data_init, "354 to DATA"),
    setting!(not_postfix, "block_timeout", Duration, client.timeouts.data_block, "progress while the message is sent"),
    setting!(not_postfix, "dot_timeout", Duration, client.timeouts.data_done, "reply to the final dot"),
    setting!(not_postfix, "rset_timeout", Duration, client.timeouts.rset, "reply to RSET"),
    setting!(not_postfix, "address_families", Choice, client.options.families, "families of addresses that the client uses: \"all\", \"own\" (those of which it has an address), \"ipv4\" or \"ipv6\""),
    setting!(not_postfix, "address_preference", Choice, client.options.preferred_family, "family tried first among the addresses of an exchanger: \"any\", \"ipv4\" or \"ipv6\""),
    setting!(not_postfix, "prefers_family_across_hosts", Flag, client.options.prefers_family_across_hosts, "whether that family also goes before the other of a neighbour of equal preference"),
    setting!(not_postfix, "randomizes_within_host", Flag, client.options.randomizes_within_host, "whether the addresses of one exchanger are tried in random order"),
    setting!(not_postfix, "randomize_addresses", Flag, client.options.randomizes_addresses, "whether all addresses of equal preference are tried in random order, or only the exchangers"),
    setting!(not_postfix, "address_limit", Limit, client.address_limit, "addresses tried in one delivery; 0: all"),
    setting!(not_postfix, "session_limit", Limit, client.session_limit, "sessions past the greeting in one delivery; 0: no limit"),
    setting!(not_postfix, "permanent_greeting_is_temporary", Flag, client.next_host.permanent_greeting_is_temporary, "whether a 5yz greeting counts as temporary"),
    setting!(not_postfix, "tls", Tls, client.tls, "\"none\", \"may\" (STARTTLS where it is offered) or \"implicit\""),
    setting!(not_postfix, "max_recipients", Limit, server.max_recipients, "recipients in one transaction; 0: no limit"),
];
