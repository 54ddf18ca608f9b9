//! The connection under a session: what becomes of a packet sent at a time.

use crate::fault::{Interval, Timeline};
use crate::network::{Bandwidth, SynSchedule, TransferSettings, body_transfer, timer_fires};
use crate::units::{Octets, SimDuration, SimTime};

/// What strikes packets to a server's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortFault {
    /// Packets vanish.
    Blackhole,
    /// A TCP reset answers (also ICMP unreachable, which clients treat alike).
    Refuse,
}

/// The end of a server's sessions by a crash; the interval is the time until it is up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashFault {
    /// Whether the machine went down (peers hear nothing) or only the process (peers see the
    /// connection closed at once).
    pub machine: bool,
}

/// Everything that may happen to a connection between one client and one server port.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'a> {
    port: &'a Timeline<PortFault>,
    cuts: [&'a Timeline<()>; 5],
    crashes: &'a Timeline<CrashFault>,
    /// A time in which no packet is lost or held up. A session asks of some twenty packets; nearly all
    /// are answered by this, which took a tenth off the instructions of a whole run.
    calm: Interval,
}

impl<'a> Conditions<'a> {
    /// Returns what happens to a connection that is used from `now` on.
    ///
    /// `port` strikes packets from the client to the server's port. `cuts` are times without any
    /// passage, in either direction: the server host cut off, the client host cut off, a proxy
    /// between them cut off, no route on the way to the server or to the proxy and from there.
    /// `crashes` are those of the server.
    #[must_use]
    pub fn new(
        now: SimTime,
        port: &'a Timeline<PortFault>,
        cuts: [&'a Timeline<()>; 5],
        crashes: &'a Timeline<CrashFault>,
    ) -> Self {
        let until =
            cuts.iter().fold(port.calm_until(now), |until, cut| until.min(cut.calm_until(now)));
        Self::calm_during(Interval { from: now, to: until }, port, cuts, crashes)
    }

    /// The same as [`Conditions::new`] where [`Conditions::calm`] is known.
    #[must_use]
    #[inline]
    pub fn calm_during(
        calm: Interval,
        port: &'a Timeline<PortFault>,
        cuts: [&'a Timeline<()>; 5],
        crashes: &'a Timeline<CrashFault>,
    ) -> Self {
        Self { port, cuts, crashes, calm }
    }

    /// Returns the time from the beginning of use in which nothing happens to a packet.
    #[must_use]
    pub fn calm(&self) -> Interval {
        self.calm
    }

    fn cut_until(&self, at: SimTime) -> Option<SimTime> {
        self.cuts.iter().filter_map(|cut| cut.at(at)).map(|(interval, ())| interval.to).max()
    }
}

/// What becomes of one packet from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    Vanishes { until: SimTime },
    Reset,
}

/// How an attempt to connect ended, and when the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// The connection stands.
    Connected(SimTime),
    /// It was refused.
    Refused(SimTime),
    /// Nobody answered in time.
    TimedOut(SimTime),
}

/// The answer to something sent over an established connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It reaches the other side at this time.
    Arrives(SimTime),
    /// The client learns at this time that the connection is gone.
    Lost(SimTime),
    /// It never arrives.
    Never,
}

/// One TCP connection: its path and what happens on it.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    /// One-way latency, jitter included.
    pub latency: SimDuration,
    /// What it carries.
    pub bandwidth: Bandwidth,
    /// Faults.
    pub conditions: Conditions<'a>,
    /// The ticks of the timers on which packets are repeated; none: these are exact (see
    /// [`SynSchedule::ticking`]).
    pub ticking: Option<SimDuration>,
}

/// Shortest time-out after which TCP repeats a packet (Linux: 200 ms beyond the round trip).
const RETRANSMISSION: SimDuration = SimDuration::from_millis(200);
/// Longest such time-out (Linux `TCP_RTO_MAX`).
const LONGEST_RETRANSMISSION: SimDuration = SimDuration::from_secs(120);
/// After this time without an acknowledgement the kernel gives a connection up (Linux
/// `tcp_retries2`: 924.6 s).
const GIVEN_UP: SimDuration = SimDuration::from_secs(924);

/// Returns when a connection stands that is asked for at `at`, if nothing happens to the first packet
/// and its answer in time for everybody's patience. Nearly always nothing does.
#[must_use]
#[inline]
pub fn connects_at_once(
    at: SimTime,
    round_trip: SimDuration,
    calm: Interval,
    timeout: SimDuration,
    schedule: SynSchedule,
) -> Option<SimTime> {
    let soon = round_trip <= timeout && round_trip <= schedule.gives_up_after();
    (soon && calm.contains(at)).then(|| at + round_trip)
}

/// Returns how long sending a message of this size takes on a line of such a latency and bandwidth,
/// if nothing interrupts it.
#[must_use]
pub fn sending_time(size: Octets, latency: SimDuration, bandwidth: Bandwidth) -> SimDuration {
    body_transfer(size, latency * 2, bandwidth, TransferSettings::default())
}

impl Wire<'_> {
    /// Returns the round trip.
    #[must_use]
    pub fn round_trip(&self) -> SimDuration {
        self.latency * 2
    }

    /// Returns when a packet sent at `at` is repeated that is not acknowledged within `wait`.
    fn repeats_at(&self, at: SimTime, wait: SimDuration) -> SimTime {
        self.ticking.map_or(at + wait, |ticking| timer_fires(at + wait, wait, ticking))
    }

    fn fate(&self, at: SimTime) -> Fate {
        if self.conditions.calm.contains(at) {
            return Fate::Passes;
        }
        if let Some(until) = self.conditions.cut_until(at) {
            return Fate::Vanishes { until };
        }
        match self.conditions.port.at(at) {
            None => Fate::Passes,
            Some((_, PortFault::Refuse)) => Fate::Reset,
            Some((interval, PortFault::Blackhole)) => Fate::Vanishes { until: interval.to },
        }
    }

    /// Connects, with a first packet at `at` and repetitions by `schedule`, giving up after
    /// `timeout` or when the kernel does.
    #[must_use]
    pub fn connect(&self, at: SimTime, timeout: SimDuration, schedule: SynSchedule) -> Connect {
        let at_once =
            connects_at_once(at, self.round_trip(), self.conditions.calm, timeout, schedule);
        if let Some(at) = at_once {
            return Connect::Connected(at);
        }
        let kernel = schedule.moments(at).last().unwrap_or(at);
        let patience = timeout.min(kernel.since(at));
        for sent in schedule.moments(at) {
            if sent >= at + patience {
                break;
            }
            match self.fate(sent) {
                Fate::Passes if sent + self.round_trip() <= at + patience => {
                    return Connect::Connected(sent + self.round_trip());
                }
                Fate::Reset => return Connect::Refused(sent + self.round_trip()),
                Fate::Passes => break,
                Fate::Vanishes { .. } => {}
            }
        }
        Connect::TimedOut(at + patience)
    }

    /// Sends something from client to server over an established connection.
    #[inline]
    pub(super) fn reach_server(&self, sent: SimTime) -> Passage {
        if self.conditions.calm.contains(sent) {
            return Passage::Arrives(sent + self.latency);
        }
        self.reach_troubled_server(sent)
    }

    fn reach_troubled_server(&self, sent: SimTime) -> Passage {
        let (mut at, mut wait) = (sent, RETRANSMISSION + self.round_trip());
        loop {
            match self.fate(at) {
                Fate::Passes => return Passage::Arrives(at + self.latency),
                Fate::Reset => return Passage::Lost(at + self.round_trip()),
                Fate::Vanishes { until } => {
                    while at < until {
                        at = self.repeats_at(at, wait);
                        wait = (wait * 2).min(LONGEST_RETRANSMISSION);
                        if at.since(sent) > GIVEN_UP {
                            return Passage::Never;
                        }
                    }
                }
            }
        }
    }

    /// Sends something from server to client: only a cut in both directions holds it up.
    #[inline]
    pub(super) fn reach_client(&self, sent: SimTime) -> Passage {
        if self.conditions.calm.contains(sent) {
            return Passage::Arrives(sent + self.latency);
        }
        self.reach_troubled_client(sent)
    }

    /// Returns when what the server sends at `sent` reaches the client, if nothing ever happens to the
    /// server and nothing the network at that time; none: it has to be looked into.
    #[inline]
    pub(super) fn undisturbed(&self, sent: SimTime) -> Option<SimTime> {
        let calm = self.conditions.calm.contains(sent) && self.conditions.crashes.is_empty();
        calm.then(|| sent + self.latency)
    }

    fn reach_troubled_client(&self, sent: SimTime) -> Passage {
        let (mut at, mut wait) = (sent, RETRANSMISSION + self.round_trip());
        while let Some(until) = self.conditions.cut_until(at) {
            while at < until {
                at = self.repeats_at(at, wait);
                wait = (wait * 2).min(LONGEST_RETRANSMISSION);
                if at.since(sent) > GIVEN_UP {
                    return Passage::Never;
                }
            }
        }
        Passage::Arrives(at + self.latency)
    }

    /// Returns the first moment in `after < t <= until` from which packets to the server no longer
    /// pass.
    pub(super) fn interruption(&self, after: SimTime, until: SimTime) -> Option<SimTime> {
        let calm = self.conditions.calm;
        if calm.contains(after) && until < calm.to {
            return None;
        }
        let port = self.conditions.port.next_begin(after, until).map(|entry| entry.0.from);
        let cuts = self.conditions.cuts.iter();
        cuts.filter_map(|cut| cut.next_begin(after, until).map(|entry| entry.0.from))
            .chain(port)
            .min()
    }

    /// Returns the first crash of the server after `after`.
    pub(super) fn next_crash(&self, after: SimTime) -> Option<(SimTime, SimTime, bool)> {
        let crash = self.conditions.crashes.next_begin(after, SimTime::MAX);
        crash.map(|(interval, crash)| (interval.from, interval.to, crash.machine))
    }
}
