//! A client and a store that take turns: commands, replies and the time between.

use crate::network::{Bandwidth, TransferSettings, body_transfer};
use crate::units::{Octets, SimDuration};

/// What a visit took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VisitCost {
    /// From its beginning until the connection is closed; with IDLE, from the arrival of the mail
    /// until the store waits for news again.
    pub duration: SimDuration,
    /// Round trips.
    pub round_trips: u64,
    /// What the store sent, without packet headers.
    pub octets: Octets,
}

/// How a store fills its packets: whole segments of an Ethernet with time stamps, and ten of them
/// at first (RFC 6928).
const SEGMENTS: TransferSettings = TransferSettings { segment: Octets(1448), initial_window: 10 };

/// A session of a client that waits for each reply before its next command, POP3 or IMAP alike.
///
/// Commands fit one packet and cost no bandwidth; replies take bandwidth and TCP's slow start. The
/// congestion window, once grown, stays for the session.
#[derive(Debug, Clone)]
pub struct Session {
    round_trip: SimDuration,
    bandwidth: Bandwidth,
    /// Segments the store may send before an acknowledgement.
    window: u64,
    cost: VisitCost,
}

impl Session {
    /// Returns a session that has not begun, on a path of this round trip and bandwidth.
    #[must_use]
    pub fn new(round_trip: SimDuration, bandwidth: impl Into<Bandwidth>) -> Self {
        let (bandwidth, window) = (bandwidth.into(), SEGMENTS.initial_window);
        Self { round_trip, bandwidth, window, cost: VisitCost::default() }
    }

    /// Returns what the session has cost so far.
    #[must_use]
    pub fn cost(&self) -> VisitCost {
        self.cost
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: SimDuration) {
        self.cost.duration += time;
    }

    /// Opens the connection and waits for the greeting: two round trips.
    pub fn connect(&mut self, greeting: Octets) {
        self.cost.round_trips += 1;
        self.wait(self.round_trip);
        self.command(greeting);
    }

    /// Sends a command and waits for the whole of its reply: a round trip and the time from the
    /// reply's first octet to its last.
    pub fn command(&mut self, reply: Octets) {
        let sending = self.sending(reply);
        self.cost.round_trips += 1;
        self.cost.octets += reply;
        self.wait(self.round_trip + sending);
    }

    /// Sends `count` commands, one after the other, with replies of the same size.
    pub fn commands(&mut self, count: u64, reply: Octets) {
        for _ in 0..count {
            self.command(reply);
        }
    }

    fn sending(&mut self, reply: Octets) -> SimDuration {
        if reply <= SEGMENTS.segment {
            return self.bandwidth.transmission_time(reply + self.bandwidth.header);
        }
        let settings = TransferSettings { initial_window: self.window, ..SEGMENTS };
        let time = body_transfer(reply, self.round_trip, self.bandwidth, settings);
        self.acknowledge(reply.get().div_ceil(SEGMENTS.segment.get()));
        time
    }

    /// Lets the window grow by what is acknowledged while it limits the sender. To Linux it does in
    /// slow start when it is less than twice what is under way, so small replies leave it alone.
    fn acknowledge(&mut self, mut segments: u64) {
        while segments > self.window {
            segments -= self.window;
            self.window *= 2;
        }
        if self.window < 2 * segments {
            self.window += segments;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: SimDuration = SimDuration::from_millis(100);

    #[test]
    fn the_window_stays_open_for_the_next_reply() {
        let mut session = Session::new(ROUND_TRIP, Bandwidth::UNLIMITED);
        let mut rounds = |octets| {
            let before = session.cost().duration;
            session.command(Octets(octets));
            (session.cost().duration - before).as_nanos() / ROUND_TRIP.as_nanos()
        };
        // 70 segments leave in windows of 10, 20 and 40.
        assert_eq!(rounds(70 * 1448), 3);
        // By then it has grown to 80.
        assert_eq!(rounds(80 * 1448), 1);
        assert_eq!(rounds(161 * 1448), 2);
    }

    #[test]
    fn small_replies_do_not_open_the_window() {
        let mut session = Session::new(ROUND_TRIP, Bandwidth::UNLIMITED);
        session.commands(50, Octets(3 * 1448));
        assert_eq!(session.cost().duration, ROUND_TRIP * 50);
        session.command(Octets(11 * 1448));
        assert_eq!(session.cost().duration, ROUND_TRIP * 52);
    }

    #[test]
    fn a_slow_line_takes_its_time_for_every_octet() {
        let rate = crate::units::BitRate::from_bits_per_second(56_000);
        let mut session = Session::new(SimDuration::ZERO, rate);
        session.command(Octets(18));
        assert_eq!(session.cost().duration, SimDuration::from_millis(10));
    }
}
