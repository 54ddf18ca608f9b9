//! What a client and a server bring to a session.

use super::{Acceptance, NextHost};
use crate::mail::{ReceivedStyle, Reply};
use crate::network::{AddressFamilies, PreferredFamily, SynSchedule};
use crate::random::Distribution;
use crate::units::{Octets, SimDuration};

/// How long a client waits at each stage (RFC 5321 §4.5.3.2 gives the least values; every product
/// has its own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// TCP connection.
    pub connect: SimDuration,
    /// 220 greeting.
    pub greeting: SimDuration,
    /// Reply to EHLO or HELO.
    pub ehlo: SimDuration,
    /// STARTTLS and handshake.
    pub tls: SimDuration,
    /// Reply to MAIL.
    pub mail: SimDuration,
    /// Reply to RCPT.
    pub rcpt: SimDuration,
    /// 354 to DATA.
    pub data_init: SimDuration,
    /// Progress while the message is sent.
    pub data_block: SimDuration,
    /// Reply to the final dot.
    pub data_done: SimDuration,
    /// Reply to RSET.
    pub rset: SimDuration,
}

impl ClientTimeouts {
    /// The least values of RFC 5321 §4.5.3.2; connect, TLS and RSET are not in the RFC and get
    /// five minutes.
    pub const RFC5321: Self = Self {
        connect: SimDuration::from_minutes(5),
        greeting: SimDuration::from_minutes(5),
        ehlo: SimDuration::from_minutes(5),
        tls: SimDuration::from_minutes(5),
        mail: SimDuration::from_minutes(5),
        rcpt: SimDuration::from_minutes(5),
        data_init: SimDuration::from_minutes(2),
        data_block: SimDuration::from_minutes(3),
        data_done: SimDuration::from_minutes(10),
        rset: SimDuration::from_minutes(5),
    };
}

/// When a client uses TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientTls {
    /// Never.
    Never,
    /// STARTTLS where it is offered.
    Opportunistic,
    /// From the first octet (port 465, RFC 8314).
    Implicit,
}

/// The SMTP client of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// Time-outs.
    pub timeouts: ClientTimeouts,
    /// The time-out for a TCP connection in a message's first attempt, where it differs.
    pub first_connect_timeout: Option<SimDuration>,
    /// When the kernel repeats an unanswered connection request.
    pub syn: SynSchedule,
    /// Whether connections are opened by TCP fast open (RFC 7413). The client then waits for the
    /// greeting at once, so that its time-out for connecting has no effect: a silent host costs the
    /// time after which the kernel gives up.
    pub tcp_fast_open: bool,
    /// Whether commands are sent in groups where the server allows it (RFC 2920).
    pub pipelining: bool,
    /// Whether MAIL is in such a group; if not, its reply is awaited first.
    pub pipelines_mail: bool,
    /// TLS.
    pub tls: ClientTls,
    /// Whether MAIL declares the size (RFC 1870) where the server advertises SIZE.
    pub declares_size: bool,
    /// What is added to the declared size (Exim declares more than it sends).
    pub size_margin: Octets,
    /// Whether a message larger than the advertised limit is given up before MAIL.
    pub checks_advertised_size: bool,
    /// Most addresses tried in one delivery; none: all.
    pub address_limit: Option<u32>,
    /// Most hosts tried in one delivery; none: all.
    pub host_limit: Option<u32>,
    /// Most addresses of one host tried in one delivery; none: all.
    pub addresses_per_host: Option<u32>,
    /// Most sessions that got past the greeting in one delivery; none: no limit.
    pub session_limit: Option<u32>,
    /// Which failures lead to the next host in the same delivery.
    pub next_host: NextHost,
    /// Whether hosts of equal preference are put in random order (RFC 5321 §5.1 demands it).
    pub randomizes_equal_preference: bool,
    /// Whether the client finds itself among the exchangers, and drops those that are no better
    /// than itself (RFC 5321 §5.1).
    pub finds_itself: bool,
    /// Whether the client passes over its own addresses and goes on with the others, worse ones
    /// included.
    pub skips_itself: bool,
    /// Whether recipients of several domains with the same exchangers share a transaction.
    pub merges_equal_routes: bool,
    /// Look-ups without a host to try that count as temporary.
    pub temporary_lookups: TemporaryLookups,
    /// Whether RSET is sent before each further message on an open connection.
    pub rset_before_reuse: bool,
    /// Rules that are optional or that servers differ in.
    pub options: ClientOptions,
}

/// What an SMTP client does where an RFC leaves it the choice, or where it keeps to no RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientOptions {
    /// Whether the message is sent by BDAT where the server takes it (RFC 3030), in one chunk.
    pub chunking: bool,
    /// Whether all addresses of exchangers of equal preference are tried in random order (Postfix
    /// `smtp_randomize_addresses`); if not, the exchangers are, and the addresses of each in the
    /// order of the answer, as RFC 5321 §5.1 says.
    pub randomizes_addresses: bool,
    /// Whether a fallback relay is used only where the look-up found hosts, none of which took the
    /// message (Exim: `fallback_hosts` belong to the transport, to which an address that could not
    /// be routed never comes).
    pub fallback_needs_hosts: bool,
    /// Whether the addresses of one exchanger are tried in random order, where
    /// `randomizes_addresses` does not mix them with those of others (Exim `src/host.c`,
    /// `set_address_from_dns`).
    pub randomizes_within_host: bool,
    /// Families of addresses that are used.
    pub families: AddressFamilies,
    /// The family tried first: among all addresses of equal preference where
    /// `randomizes_addresses` mixes them, among those of each exchanger where it does not.
    pub preferred_family: PreferredFamily,
    /// Whether, of neighbours of equal preference in the list, one of the preferred family also comes
    /// before one of the other that belongs to another exchanger. The list is passed through once
    /// (Exim `src/host.c`, the end of `host_find_bydns`).
    pub prefers_family_across_hosts: bool,
    /// What a look-up without an answer leads to.
    pub lookup_failure: LookupFailure,
    /// Whether a limit of addresses leaves room for both families (Postfix
    /// `smtp_balance_inet_protocols`).
    pub balances_families: bool,
    /// Whether 552 to RCPT, after other recipients of the transaction were accepted, means "too many
    /// recipients" and is temporary (RFC 5321 §4.5.3.1.10).
    pub excess_recipients_are_temporary: bool,
    /// Whether the addresses of a domain's exchangers are asked for all at once, as soon as the names
    /// are known, and not one after the other (OpenSMTPD, `dns.c`, `dns_dispatch_mx`).
    pub asks_for_hosts_together: bool,
    /// Whether the size that is held against the server's limit is that of the message's file, whose
    /// lines end in LF alone, rather than what would be sent.
    pub compares_file_size: bool,
    /// Whether the final dot is written apart from the message. TCP then holds it back (Nagle)
    /// until the server's machine has acknowledged the message, which it puts off for 40 ms.
    pub writes_dot_apart: bool,
    /// Whether the first message of a connection goes out in pieces of which a second one is
    /// acknowledged at once (OpenSMTPD; why the later ones do not is not known).
    pub first_message_in_pieces: bool,
    /// Whether RSET is sent after a transaction that was refused before the message was sent.
    pub rset_after_refusal: bool,
    /// Whether RSET is said, and its reply awaited, as soon as no recipient was taken or DATA was
    /// refused for good (Sendmail, `deliver.c` and `usersmtp.c`, `smtpdata`; another one follows when
    /// the connection is used again, `smtpprobe`).
    pub resets_at_once: bool,
    /// Whether QUIT is said, and its reply awaited, where a 421 or the like makes the connection
    /// useless and the server has not closed it (Sendmail, `usersmtp.c`, `reply`).
    pub quits_after_closing: bool,
    /// Whether the client keeps its connection after a 421 for as long as the server does, although
    /// RFC 5321 §3.8 has the server close it.
    pub stays_after_421: bool,
    /// Whether a connection that was kept no longer tells how large a message the server takes, so
    /// that what is too large for it is offered all the same (Postfix, `src/smtp/smtp_session.c`,
    /// `smtp_session_passivate`: the limit is not among what goes into the cache with a connection).
    pub forgets_size_limit: bool,
    /// How long the client waits for the reply to QUIT before it goes on with the delivery: to the
    /// next host, or to its end. None: it does not wait.
    pub quit_patience: Option<SimDuration>,
    /// Whether a delivery that may use an open connection also takes one to any of its best hosts that
    /// was kept for another destination, before it opens one to anybody (Postfix,
    /// `src/smtp/smtp_connect.c`, `smtp_reuse_session`).
    pub reuses_by_address: bool,
    /// Refused recipients in a row, over all transactions of a session, at which the client gives it up;
    /// none: it never does.
    pub refusals_in_a_row: Option<u32>,
}

/// Beyond this size a dot written apart is not held back, for of several segments the last is
/// acknowledged at once. A segment of a loopback takes nearly 64 KiB: of some 5,000 transactions of
/// Sendmail and OpenSMTPD those of up to 57 kB were held back, and those of 62 kB and more were not.
const HELD_BACK: Octets = Octets(60_000);

/// The same for the first message of a connection, where it goes out in pieces (OpenSMTPD: 240
/// transactions of up to 9.6 kB were held back, 48 of 10.4 kB and more were not).
const FIRST_PIECE: Octets = Octets(10_000);

/// Octets in a line of a message, with its end, where nothing tells more: a text wrapped at 70
/// characters (RFC 3676 §4.2 advises 66 to 78).
const LINE: u64 = 72;
/// What a client makes of a look-up that is not answered or met with SERVFAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LookupFailure {
    /// It tries again later (RFC 5321 §5.1).
    #[default]
    Defer,
    /// It takes the domain for one without exchangers, and asks for the domain's own address
    /// (Postfix `ignore_mx_lookup_error`).
    NoExchangers,
    /// It returns the mail.
    Fail,
}

/// Which unsuccessful look-ups lead to another attempt later rather than to a failure. A look-up
/// that found no answer always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TemporaryLookups {
    /// The domain does not exist.
    pub no_such_domain: bool,
    /// The domain takes no mail (RFC 7505).
    pub null_mx: bool,
    /// No exchanger has an address.
    pub no_address: bool,
    /// The best exchanger is the client itself.
    pub loops_back: bool,
}

/// Times that a server's work takes, each drawn anew every time \[s\].
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceTimes {
    /// From the connection until the greeting is sent.
    pub greeting: Distribution,
    /// Before each reply to EHLO, AUTH, MAIL, RCPT, DATA, RSET.
    pub command: Distribution,
    /// Between the final dot and its reply (filters, disk).
    pub message: Distribution,
    /// From acceptance until the queue manager takes the message up.
    pub pickup: Distribution,
    /// From the queue manager's order until the delivery agent begins.
    pub agent: Distribution,
    /// What starting a delivery process takes longer, where none is idle.
    pub process_start: Distribution,
    /// Delivery of one message into a local mailbox.
    pub local: Distribution,
}

impl Default for ServiceTimes {
    /// No time at all.
    fn default() -> Self {
        let nothing = Distribution::Constant(0.0);
        Self {
            greeting: nothing.clone(),
            command: nothing.clone(),
            message: nothing.clone(),
            pickup: nothing.clone(),
            agent: nothing.clone(),
            process_start: nothing.clone(),
            local: nothing,
        }
    }
}

/// The SMTP server of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings {
    /// Whether EHLO is understood; if not, it gets 502 and the client falls back to HELO.
    pub ehlo: bool,
    /// Advertises PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// Advertises STARTTLS (RFC 3207).
    pub starttls: bool,
    /// Advertises AUTH (RFC 4954), on submission ports.
    pub auth: bool,
    /// Largest message taken, advertised by SIZE (RFC 1870); none: no limit and no SIZE.
    pub size_limit: Option<Octets>,
    /// Sessions served at once; more wait for a free one before they are greeted. None: no limit.
    pub max_sessions: Option<u32>,
    /// Whether those beyond `max_sessions` get 421 instead of waiting.
    pub refuses_excess_sessions: bool,
    /// Sessions served at once for one client host; more get 421. None: no limit.
    pub max_sessions_per_client: Option<u32>,
    /// Recipients taken in one transaction; more get 452. None: no limit.
    pub max_recipients: Option<u32>,
    /// Arriving Received fields at which a message is refused for good at the dot; none: never.
    pub hop_limit: Option<u32>,
    /// Whether the server writes a Received field.
    pub adds_received: bool,
    /// How it words it.
    pub received: ReceivedStyle,
    /// How much it takes from whom.
    pub acceptance: Acceptance,
    /// Rules that are optional or that servers differ in.
    pub options: ServerOptions,
    /// Service times.
    pub service: ServiceTimes,
}

/// What a server says to VRFY (RFC 5321 §3.5.3, §7.3): to tell who has a mailbox helps those who
/// collect addresses, so most servers tell nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vrfy {
    /// 252 to everything: cannot verify, will try to deliver (Exim `smtp_in.c` without an ACL for it;
    /// qmail `qmail-smtpd.c`, `err_vrfy`).
    #[default]
    Unsure,
    /// The refusal that RCPT would get, else 252 (Postfix `src/smtpd/smtpd.c`, `vrfy_cmd`).
    AsRcpt,
    /// 250 for whom it takes mail, 550 for others (Sendmail `srvrsmtp.c` without `novrfy`).
    Answers,
    /// 502: the command is known and switched off (Postfix `disable_vrfy_command`; hMailServer).
    Disabled,
    /// 500: the command is not known (OpenSMTPD `smtp_session.c`).
    Unknown,
}

/// What an SMTP server does where an RFC leaves it the choice, or where it keeps to no RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServerOptions {
    /// Advertises CHUNKING (RFC 3030).
    pub chunking: bool,
    /// Advertises SMTPUTF8, and 8BITMIME with it (RFC 6531 §3.1).
    pub smtputf8: bool,
    /// Whether DATA gets its 354 although every RCPT was refused, which RFC 2920 §3.2 advises
    /// against; if not, it gets 554.
    pub data_without_recipients: bool,
    /// Whether MAIL from a domain that takes no mail or does not exist is refused: 550 5.7.27 (RFC
    /// 7505 §4.2) and 450 4.1.8 (Postfix `reject_unknown_sender_domain`).
    pub checks_sender_domain: bool,
    /// What VRFY gets.
    pub vrfy: Vrfy,
    /// Whether the addresses of its clients lead to no names in the reverse DNS, which makes its
    /// Received fields a little longer or shorter.
    pub clients_unnamed: bool,
    /// Received fields that its other programs add to the one of its SMTP server.
    pub more_received: u32,
    /// Connections that wait to be served, in the queue of `listen(2)`; none: any number. Requests
    /// for more are dropped, and clients repeat them.
    pub listen_queue: Option<u32>,
    /// Whether addresses whose local part has dots in a row, at its beginning or at its end are
    /// taken, against RFC 5321 §4.1.2.
    pub takes_stray_dots: bool,
}

impl ClientOptions {
    /// Returns whether TCP holds back the dot of a message of this size, which is the first of its
    /// connection or is not.
    #[must_use]
    pub fn dot_is_held_back(&self, size: Octets, is_first: bool) -> bool {
        let in_pieces = is_first && self.first_message_in_pieces;
        self.writes_dot_apart && size <= if in_pieces { FIRST_PIECE } else { HELD_BACK }
    }
}

impl ClientSettings {
    /// Returns what the client holds against the size that a server takes, of a message of `size`.
    #[must_use]
    pub fn compared_size(&self, size: Octets) -> Octets {
        let line_ends = if self.options.compares_file_size { size.0 / LINE } else { 0 };
        Octets(size.0 - line_ends)
    }

    /// Returns whether RSET comes before another message on an open connection, whose last
    /// transaction was `refused` before the message was sent, or was not.
    #[must_use]
    pub fn resets(&self, refused: bool) -> bool {
        self.rset_before_reuse || (self.options.rset_after_refusal && refused)
    }

    /// Returns whether a refusal at RCPT is for good, when `others` recipients of the transaction
    /// were accepted.
    #[must_use]
    pub fn refuses_for_good(&self, reply: Reply, others: usize) -> bool {
        let excess =
            reply.code == 552 && others > 0 && self.options.excess_recipients_are_temporary;
        reply.is_permanent() && !excess
    }
}
