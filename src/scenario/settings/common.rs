//! What every SMTP client and server has.

use super::super::profiles::Family;
use super::{Of, Setting, Slot, setting};

/// In the order in which people are told of them.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    setting!(any, "client_pipelining", Flag, client.pipelining, "whether the client sends commands in groups where it may"),
    setting!(any, "pipelines_mail", Flag, client.pipelines_mail, "whether MAIL is in such a group; if not, its reply is awaited first"),
    setting!(any, "client_chunking", Flag, client.options.chunking, "whether the client sends messages by BDAT where it may"),
    setting!(any, "permanent_ehlo_is_temporary", Flag, client.permanent_ehlo_is_temporary, "whether a 5yz reply to EHLO counts as temporary"),
    setting!(any, "next_host_after_connection", Flag, client.next_host_after_connection, "whether a host that was reached but failed leads to the next host at once"),
    setting!(any, "next_host_after_opening_reply", Flag, client.next_host_after_opening_reply, "whether this holds for a 4yz greeting or reply to EHLO too"),
    setting!(any, "next_host_after_lost_transaction", Flag, client.next_host_after_lost_transaction, "whether this holds for a session lost after EHLO too"),
    setting!(any, "next_host_after_permanent_opening", Flag, client.next_host_after_permanent_opening, "whether a 5yz greeting or reply to EHLO leads to the next host too"),
    setting!(any, "next_host_after_refusal", Flag, client.next_host_after_refusal, "whether a 4yz after EHLO leads to the next host at once"),
    setting!(any, "randomizes_equal_preference", Flag, client.randomizes_equal_preference, "whether exchangers of equal preference are tried in random order"),
    setting!(not_opensmtpd, "finds_itself", Flag, client.finds_itself, "whether exchangers no better than the host itself are dropped"),
    setting!(any, "skips_itself", Flag, client.skips_itself, "whether the host's own addresses are passed over, and worse exchangers tried"),
    setting!(any, "host_limit", Limit, client.host_limit, "hosts tried in one delivery; 0: all"),
    setting!(any, "addresses_per_host", Limit, client.addresses_per_host, "addresses of one host tried in one delivery; 0: all"),
    setting!(any, "merges_equal_routes", Flag, client.merges_equal_routes, "whether domains with the same exchangers share a transaction"),
    setting!(any, "no_such_domain_is_temporary", Flag, client.temporary_lookups.no_such_domain, "whether mail to a domain that does not exist is tried again"),
    setting!(any, "null_mx_is_temporary", Flag, client.temporary_lookups.null_mx, "whether mail to a domain that takes none is tried again"),
    setting!(any, "no_address_is_temporary", Flag, client.temporary_lookups.no_address, "whether mail to a domain without a reachable exchanger is tried again"),
    setting!(any, "loop_is_temporary", Flag, client.temporary_lookups.loops_back, "whether mail whose best exchanger is the host itself is tried again"),
    setting!(any, "declares_size", Flag, client.declares_size, "whether MAIL declares the size"),
    setting!(any, "size_margin", Size, client.size_margin, "octets added to the declared size"),
    setting!(any, "checks_advertised_size", Flag, client.checks_advertised_size, "whether a message above the server's SIZE is given up before MAIL"),
    setting!(any, "excess_recipients_are_temporary", Flag, client.options.excess_recipients_are_temporary, "whether 552 at RCPT after other recipients were accepted is temporary"),
    setting!(any, "rset_before_reuse", Flag, client.rset_before_reuse, "whether RSET is sent before a connection is used again"),
    setting!(any, "rset_after_refusal", Flag, client.options.rset_after_refusal, "whether RSET is sent after a refused transaction"),
    setting!(any, "stays_after_421", Flag, client.options.stays_after_421, "whether the client keeps the connection after a 421, as long as the server does"),
    setting!(any, "refusals_in_a_row", Limit, client.options.refusals_in_a_row, "refused recipients in a row that end a session; 0: never"),
    setting!(any, "writes_dot_apart", Flag, client.options.writes_dot_apart, "whether the final dot is written apart, and so held back until the message is acknowledged"),
    setting!(any, "messages_per_connection", Limit, server.acceptance.messages_per_connection, "messages taken over one connection, which the server then closes; 0: no limit"),
    setting!(any, "message_size_limit", SizeLimit, server.size_limit, "largest message taken; 0: no limit"),
    setting!(any, "hopcount_limit", HopLimit, server.hop_limit, "a message with this many Received fields, the server's own included, is refused; 0: never"),
    setting!(any, "esmtp", Flag, server.ehlo, "whether the server understands EHLO"),
    setting!(any, "pipelining", Flag, server.pipelining, "whether the server offers PIPELINING"),
    setting!(any, "chunking", Flag, server.options.chunking, "whether the server offers CHUNKING (BDAT)"),
    setting!(any, "smtputf8", Flag, server.options.smtputf8, "whether the server offers SMTPUTF8 and takes addresses beyond ASCII"),
    setting!(any, "starttls", Flag, server.starttls, "whether the server offers STARTTLS"),
    setting!(any, "auth", Flag, server.auth, "whether the server offers AUTH"),
    setting!(any, "data_without_recipients", Flag, server.options.data_without_recipients, "whether DATA gets 354 although every RCPT was refused"),
    setting!(any, "checks_sender_domain", Flag, server.options.checks_sender_domain, "whether MAIL from a domain that takes no mail (550) or does not exist (450) is refused"),
    setting!(any, "adds_received", Flag, server.adds_received, "whether the server adds a Received field"),
];
