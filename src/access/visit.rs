//! What a visit to a mailbox costs.

use crate::network::Bandwidth;
use crate::units::{Octets, SimDuration};

use super::{Protocol, Session, VisitCost};

/// How long Dovecot waits before it looks into a mailbox that has changed, and tells those who
/// IDLE (recording 16: 0.502 s without network delay).
pub const IDLE_NOTIFICATION_DELAY: SimDuration = SimDuration::from_millis(500);

/// A message in its reader's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fetched {
    /// When its last octet came, from the beginning of the visit; with IDLE, from the arrival of
    /// the mail.
    pub offset: SimDuration,
}

/// Octets of replies, as recorded (recording 16): a status line, and lines for each message.
mod reply {
    use crate::units::Octets;

    pub(super) const STATUS: Octets = Octets(50);
    /// After login and when a mailbox is opened, IMAP has more to say.
    pub(super) const IMAP_STATE: Octets = Octets(400);
    pub(super) const POP_LIST_LINE: Octets = Octets(10);
    pub(super) const POP_UIDL_LINE: Octets = Octets(21);
    pub(super) const IMAP_FLAGS_LINE: Octets = Octets(49);
    pub(super) const IMAP_HEADER: Octets = Octets(107);
    /// What surrounds a message: `+OK` and the final dot.
    pub(super) const POP_FRAME: Octets = Octets(20);
    /// What surrounds a message: `* 1 FETCH` and the completion.
    pub(super) const IMAP_FRAME: Octets = Octets(90);
}

/// Returns the time from a new message's appearance in the mailbox until a client that IDLEs has
/// read the announcement (RFC 2177): the store's delay and half a round trip.
#[must_use]
pub fn idle_push(round_trip: SimDuration) -> SimDuration {
    IDLE_NOTIFICATION_DELAY + round_trip / 2
}

/// Returns what it costs to visit a mailbox that has new messages of these `sizes`, and writes into
/// `fetched` when each is in the reader's hands, in the same order.
///
/// The client waits for each reply, as the recorded clients did. On a path of round trip
/// `round_trip` and bandwidth `rate` (none: not limited):
/// - *POP3* takes two round trips to connect and be greeted and one for each of USER, PASS, STAT,
///   LIST, UIDL, RETR for each message, DELE for each message if they are deleted, and QUIT: 2n + 6
///   commands for n messages (recording 16, RFC 1939). LIST and UIDL name everything in the
///   maildrop, so also the `left` messages that earlier visits left there; by their unique ids the
///   client knows that it has them (RFC 1939 §7).
/// - *IMAP* takes two as well, then CAPABILITY, LOGIN, SELECT, SEARCH, two FETCH for flags and for
///   headers, a FETCH for each message, STORE, CLOSE and LOGOUT: n + 9 commands. (The recorded
///   session fetched all bodies a second time, which no reader does.) Without new messages those
///   that concern messages are left out.
/// - *IMAP with IDLE* begins when the mail arrives: the announcement ([`idle_push`]), then DONE and
///   the first FETCH together, a FETCH for each further message, and IDLE again.
///
/// Replies take bandwidth and TCP's slow start; the congestion window, once grown, stays for the
/// visit. The server's own time is not counted, nor TLS. With IMAP what is left there costs nothing:
/// SEARCH asks for what is new.
pub fn visit(
    protocol: Protocol,
    round_trip: SimDuration,
    bandwidth: impl Into<Bandwidth>,
    sizes: &[Octets],
    left: u64,
    fetched: &mut Vec<Fetched>,
) -> VisitCost {
    fetched.clear();
    let mut session = Session::new(round_trip, bandwidth);
    let new = sizes.len() as u64;
    match protocol {
        Protocol::Pop3 { delete, .. } => {
            session.connect(reply::STATUS);
            session.commands(3, reply::STATUS);
            session.command(reply::STATUS + reply::POP_LIST_LINE * (new + left));
            session.command(reply::STATUS + reply::POP_UIDL_LINE * (new + left));
            fetch(&mut session, sizes, reply::POP_FRAME, fetched);
            session.commands(if delete { new } else { 0 }, reply::STATUS);
            session.command(reply::STATUS);
        }
        Protocol::Imap { .. } => {
            session.connect(reply::STATUS);
            session.command(reply::STATUS);
            session.commands(2, reply::IMAP_STATE);
            session.command(reply::STATUS);
            if new > 0 {
                session.command(reply::STATUS + reply::IMAP_FLAGS_LINE * new);
                session.command(reply::STATUS + reply::IMAP_HEADER * new);
                fetch(&mut session, sizes, reply::IMAP_FRAME, fetched);
                session.command(reply::STATUS);
            }
            session.commands(2, reply::STATUS);
        }
        Protocol::ImapIdle => {
            session.wait(idle_push(round_trip));
            fetch(&mut session, sizes, reply::IMAP_FRAME, fetched);
            session.command(reply::STATUS);
        }
    }
    session.cost()
}

fn fetch(session: &mut Session, sizes: &[Octets], frame: Octets, fetched: &mut Vec<Fetched>) {
    for &size in sizes {
        session.command(size + frame);
        fetched.push(Fetched { offset: session.cost().duration });
    }
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
